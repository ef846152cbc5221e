/* Inside proto: the numbers of report.proto, for who writes reports and who reads them. */
#pragma once

#include "proto/report.h"
#include "vedette/v1/report.pb-c.h"

/* Rows of an X-list to their numbers on the wire: a row without a number does not compile. */
#define X(name, text) [REPORT_##name] = VEDETTE__V1__REPORT_STATUS__REPORT_STATUS_##name,
static const int wire_status[] = {REPORT_STATUS_LIST(X)};
#undef X
#define X(name, text) [ROLE_##name] = VEDETTE__V1__ROLE__ROLE_##name,
static const int wire_role[] = {ROLE_LIST(X)};
#undef X
#define X(name, text) [PRECISION_##name] = VEDETTE__V1__PRECISION__PRECISION_##name,
static const int wire_precision[] = {PRECISION_LIST(X)};
#undef X
#define X(name, text) [BASIS_##name] = VEDETTE__V1__BASIS__BASIS_##name,
static const int wire_basis[] = {BASIS_LIST(X)};
#undef X
#define X(name, text) [COUNTRY_##name] = VEDETTE__V1__COUNTRY_ROLE__COUNTRY_ROLE_##name,
static const int wire_country_role[] = {COUNTRY_ROLE_LIST(X)};
#undef X
#define X(name, text) [LICENCE_##name] = VEDETTE__V1__LICENCE__LICENCE_##name,
static const int wire_licence[] = {LICENCE_LIST(X)};
#undef X

/* Field numbers, see report.proto. */
enum {
    REPORT_SOURCE = 1,
    REPORT_SOURCE_ID = 2,
    REPORT_REVISION = 3,
    REPORT_STATUS = 4,
    REPORT_CATEGORY = 5,
    REPORT_ROLE = 6,
    REPORT_OCCURRED = 7,
    REPORT_REPORTED_AT_MS = 8,
    REPORT_PLACE = 9,
    REPORT_COUNTRIES = 10,
    REPORT_COUNTRIES_KNOWN = 11,
    REPORT_PUBLISHER = 12,
    REPORT_HEADLINE = 13,
    REPORT_URL = 14,
    REPORT_LANGUAGE = 15,
    REPORT_SEVERITY = 16,
    REPORT_CONFIDENCE = 17,
    REPORT_LICENCE = 18,
    REPORT_ATTRIBUTES = 19,
};
enum { OCCURRED_START_MS = 1, OCCURRED_END_MS = 2, OCCURRED_PRECISION = 3, OCCURRED_BASIS = 4 };
enum { PLACE_LAT = 1, PLACE_LON = 2, PLACE_RADIUS_KM = 3, PLACE_NAME = 4 };
enum { COUNTRY_CODE_TEXT = 1, COUNTRY_ROLE = 2 };
enum { ATTRIBUTE_KEY = 1, ATTRIBUTE_VALUE = 2 };
