#include "correlator/calibration/calibration.h"

#include "correlator/calibration/null_year.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define WORK_INCIDENTS 60000000.0
#define YEARS_MIN      100u
#define YEARS_MAX      1000u
#define PROGRESS_NS    100000000

struct work {
    const struct calibration_options *options;
    struct null_scores *scores; /* one a replicate */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    atomic_bool stop;
    /* Under the mutex: */
    uint32_t next;
    uint32_t done;
    unsigned running; /* threads */
    enum status status;
};

uint32_t calibration_years(const struct pool *pool)
{
    double a_year = (double)pool->count * DAYS_IN_YEAR * 86400000.0 / (double)pool->length_ms;
    double years = WORK_INCIDENTS / ((double)pool->count + a_year + 1.0);
    return years > YEARS_MAX ? YEARS_MAX : years < YEARS_MIN ? YEARS_MIN : (uint32_t)years;
}

/* --- a thread --- */

static bool work_next(struct work *work, uint32_t *ret_replicate)
{
    pthread_mutex_lock(&work->mutex);
    bool is_left = work->status == STATUS_OK && work->next < work->options->years;
    if (is_left)
        *ret_replicate = work->next++;
    pthread_mutex_unlock(&work->mutex);
    return is_left;
}

static void work_done(struct work *work, enum status status)
{
    pthread_mutex_lock(&work->mutex);
    if (status == STATUS_OK) {
        work->done++;
    } else {
        if (work->status == STATUS_OK)
            work->status = status;
        atomic_store(&work->stop, true);
    }
    pthread_mutex_unlock(&work->mutex);
}

static void *thread_main(void *argument)
{
    struct work *work = argument;
    const struct calibration_options *options = work->options;
    struct null_year *null_year;
    uint32_t replicate;
    enum status status = null_year_new(options->rule, options->pool, options->thresholds, options->key, &null_year);
    if (status == STATUS_OK) {
        while (work_next(work, &replicate))
            work_done(work, null_year_run(null_year, replicate, &work->stop, &work->scores[replicate]));
        null_year_free(null_year);
    } else {
        work_done(work, status);
    }
    pthread_mutex_lock(&work->mutex);
    work->running--;
    pthread_cond_signal(&work->changed);
    pthread_mutex_unlock(&work->mutex);
    return NULL;
}

/* --- all of them --- */

static void wait_a_little(struct work *work)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PROGRESS_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&work->changed, &work->mutex, &until);
}

static void work_wait(struct work *work)
{
    const struct calibration_options *options = work->options;
    bool first = true;
    pthread_mutex_lock(&work->mutex);
    while (work->running > 0) {
        if (!first)
            wait_a_little(work);
        first = false;
        uint32_t done = work->done;
        pthread_mutex_unlock(&work->mutex);
        bool goes_on = options->progress == NULL || options->progress(options->self, done);
        pthread_mutex_lock(&work->mutex);
        if (goes_on)
            continue;
        if (work->status == STATUS_OK && work->done < options->years)
            work->status = STATUS_CLOSED;
        atomic_store(&work->stop, true);
    }
    pthread_mutex_unlock(&work->mutex);
}

static enum status work_run(struct work *work)
{
    unsigned wanted = work->options->threads < work->options->years ? work->options->threads : work->options->years;
    pthread_t *threads = calloc(wanted, sizeof *threads);
    if (threads == NULL)
        return STATUS_NO_MEMORY;
    unsigned started = 0;
    work->running = wanted; /* nobody changes it before all are started or given up */
    pthread_mutex_lock(&work->mutex);
    while (started < wanted && pthread_create(&threads[started], NULL, thread_main, work) == 0)
        started++;
    work->running -= wanted - started;
    if (started == 0)
        work->status = STATUS_NO_MEMORY;
    pthread_mutex_unlock(&work->mutex);
    work_wait(work);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return work->status;
}

/* --- curves --- */

static enum status make_curve(const struct work *work, enum baseline_curve_kind kind, size_t count,
                              struct calibration *calibration)
{
    double *scores = malloc((count + 1) * sizeof *scores);
    struct curve_step *steps = malloc((count + 1) * sizeof *steps);
    if (scores == NULL || steps == NULL) {
        free(scores);
        free(steps);
        return STATUS_NO_MEMORY;
    }
    size_t taken = 0;
    for (uint32_t i = 0; i < work->options->years; i++) {
        for (size_t j = 0; j < work->scores[i].count; j++) {
            const struct null_score *score = &work->scores[i].scores[j];
            if (kind == BASELINE_CURVE_ANY || score->flagged)
                scores[taken++] = score->score;
        }
    }
    calibration->curves[kind] =
        (struct curve){.steps = steps, .count = curve_make(scores, taken, steps), .years = work->options->years};
    calibration->steps[kind] = steps;
    free(scores);
    return STATUS_OK;
}

static enum status make_curves(const struct work *work, struct calibration *ret_calibration)
{
    struct calibration calibration = {0};
    size_t count = 0;
    for (uint32_t i = 0; i < work->options->years; i++)
        count += work->scores[i].count;
    enum status status = STATUS_OK;
    for (int kind = 0; kind < BASELINE_CURVE_COUNT && status == STATUS_OK; kind++)
        status = make_curve(work, (enum baseline_curve_kind)kind, count, &calibration);
    if (status == STATUS_OK)
        *ret_calibration = calibration;
    else
        calibration_free(&calibration);
    return status;
}

enum status calibration_run(const struct calibration_options *options, struct calibration *ret_calibration)
{
    struct work work = {.options = options, .status = STATUS_OK};
    work.scores = calloc(options->years, sizeof *work.scores);
    if (work.scores == NULL)
        return STATUS_NO_MEMORY;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&work.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&work.mutex, NULL);
    atomic_init(&work.stop, false);
    enum status status = work_run(&work);
    if (status == STATUS_OK)
        status = make_curves(&work, ret_calibration);
    pthread_mutex_destroy(&work.mutex);
    pthread_cond_destroy(&work.changed);
    for (uint32_t i = 0; i < options->years; i++)
        free(work.scores[i].scores);
    free(work.scores);
    return status;
}

void calibration_free(struct calibration *calibration)
{
    for (int kind = 0; kind < BASELINE_CURVE_COUNT; kind++)
        free(calibration->steps[kind]);
    *calibration = (struct calibration){0};
}

double calibration_rate(const struct calibration *calibration, enum baseline_curve_kind kind)
{
    const struct curve *curve = &calibration->curves[kind];
    return curve->count > 0 ? (double)curve->steps[0].exceedances / (double)curve->years : 0.0;
}
