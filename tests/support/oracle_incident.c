#include "tests/support/oracle_incident.h"

void oracle_incident_of(const struct report *report, struct oracle_incident *ret_incident)
{
    ret_incident->incident = (struct engine_incident){
        .id = {ret_incident->id, report_incident_id(report, ret_incident->id, sizeof ret_incident->id)},
        .point = point_from_degrees(report->place.lat, report->place.lon),
        .radius_km = report->place.radius_km,
        .start_ms = report->occurred.start_ms,
        .end_ms = report->occurred.end_ms,
        .reported_at_ms = report->reported_at_ms,
        .category = report->category,
        .role = report->role,
        .countries = ret_incident->counted,
        .country_count = report_counted_countries(report, ret_incident->counted, LIMIT_COUNTRIES),
        .touched_countries = ret_incident->touched,
        .touched_country_count = report_touched_countries(report, ret_incident->touched, LIMIT_COUNTRIES),
    };
}
