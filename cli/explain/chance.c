#include "cli/explain/chance.h"

#include "cli/explain/page.h"

#include <math.h>

#define DAYS_A_YEAR 365.25

void recurrence_words(double days, bool at_least, char ret_text[96])
{
    double years = days / DAYS_A_YEAR;
    char every[64];
    if (years >= 9.5)
        (void)snprintf(every, sizeof every, "%.0f years", years);
    else if (years >= 1.5)
        (void)snprintf(every, sizeof every, "%.1f years", years);
    else
        (void)snprintf(every, sizeof every, "%.*f days", days < 9.5 ? 1 : 0, days);
    (void)snprintf(ret_text, 96, at_least ? "at least every %s (95 %%)" : "about every %s", every);
}

void chance_print(const struct account *account, FILE *stream, size_t indent)
{
    const struct episode *episode = &account->episode->episode;
    if (!episode->calibrated) {
        page_write(stream, "chance", indent, "not calibrated: no baseline says how many incidents are normal here");
        return;
    }
    page_print(stream, "chance", indent, "%llu observed, %.4g expected: score %.6g",
               (unsigned long long)episode->observed, episode->expected, episode->score);
    char recurrence[96];
    recurrence_words(episode->recurrence_days, false, recurrence);
    if (isfinite(episode->recurrence_days))
        page_print(stream, "", indent, "chance alone makes one like it %s", recurrence);
}
