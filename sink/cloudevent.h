/* An alert as a CloudEvent 1.0 in structured mode, application/cloudevents+json. */
#pragma once

#include "proto/json.h"
#include "sink/alert_driver.h"

#define CLOUDEVENT_CONTENT_TYPE "application/cloudevents+json"

/* Appends one object. */
void cloudevent_write(const struct alert_message *message, struct text *body);
