/* What the ends of links count, as tables for the window into a program (base/monitor). */
#pragma once

#include "base/monitor/metric.h"
#include "bus/receiver.h"
#include "bus/sender.h"

/* Borrow the end for the table's life. name: "link", say; a literal. */
struct metric_table sender_table(const char *name, const struct sender *sender);
struct metric_table receiver_table(const char *name, const struct receiver *receiver);
