#include "base/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define REDRAW_NS  100000000u
#define BAR_WIDTH  30
#define ERASE_LINE "\r\033[K"

void progress_start(struct progress *progress, const char *label, uint64_t total)
{
    *progress = (struct progress){.label = label, .total = total, .enabled = isatty(STDERR_FILENO)};
}

static void bar_draw(const struct progress *progress, uint64_t done)
{
    double part = done < progress->total ? (double)done / (double)progress->total : 1.0;
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (int)(part * BAR_WIDTH) ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    (void)dprintf(STDERR_FILENO, ERASE_LINE "%s [%s] %3d %%", progress->label, bar, (int)(part * 100));
}

void progress_update(struct progress *progress, uint64_t done)
{
    if (!progress->enabled)
        return;
    uint64_t now_ns = clock_monotonic_ns();
    if (progress->drawn_ns != 0 && now_ns - progress->drawn_ns < REDRAW_NS)
        return;
    progress->drawn_ns = now_ns;
    if (progress->total > 0)
        bar_draw(progress, done);
    else
        (void)dprintf(STDERR_FILENO, ERASE_LINE "%s %" PRIu64, progress->label, done);
}

void progress_stop(struct progress *progress)
{
    if (progress->enabled && progress->drawn_ns != 0)
        (void)dprintf(STDERR_FILENO, ERASE_LINE);
    progress->enabled = 0;
}
