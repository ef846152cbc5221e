#include "correlator/reconcile/best.h"

/* What stands undisputed says more than what is doubted, however late. */
static int weight(enum report_status status)
{
    switch (status) {
    case REPORT_CONFIRMED:
        return 0;
    case REPORT_REPORTED:
        return 1;
    case REPORT_DISPUTED:
        return 2;
    case REPORT_EXPLAINED: /* these take no part */
    case REPORT_RETRACTED:
    case REPORT_STATUS_COUNT:
        break;
    }
    return 3;
}

int best_order(const struct standing *a, const struct standing *b)
{
    if (weight(a->status) != weight(b->status))
        return weight(a->status) - weight(b->status);
    if (a->precision != b->precision)
        return a->precision < b->precision ? -1 : 1;
    if (a->radius_km < b->radius_km || a->radius_km > b->radius_km)
        return a->radius_km < b->radius_km ? -1 : 1;
    if (a->reported_at_ms != b->reported_at_ms) {
        if (a->reported_at_ms == TIME_NONE || b->reported_at_ms == TIME_NONE)
            return a->reported_at_ms == TIME_NONE ? 1 : -1;
        return a->reported_at_ms < b->reported_at_ms ? -1 : 1;
    }
    return span_compare(a->id, b->id);
}
