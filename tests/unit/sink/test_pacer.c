#include "sink/pacer.h"
#include "tests/contract/sink/unit.h"

#include <stdio.h>
#include <string.h>

#define MINUTE 60000
#define NOW    INT64_C(1760000000000)

static const struct pacer_options usual = {
    .group_wait_ms = 30000, .group_interval_ms = 5 * MINUTE, .max_age_ms = 7 * 24 * 60 * MINUTE, .parallel_max = 4};

static struct fingerprint flagged(unsigned char content)
{
    return (struct fingerprint){.is_flagged = true, .bytes = {content}};
}

static struct fingerprint unflagged(unsigned char content)
{
    return (struct fingerprint){.bytes = {content, 1}};
}

static struct pacer *pacer_of(const struct pacer_options *options)
{
    struct pacer *pacer = NULL;
    assert_int_equal(pacer_new(options, &pacer), STATUS_OK);
    return pacer;
}

static enum pacer_noted note(struct pacer *pacer, const char *id, struct fingerprint fingerprint, int64_t now_ms)
{
    enum pacer_noted noted;
    assert_int_equal(pacer_note(pacer, span_of(id), fingerprint, now_ms, now_ms, &noted), STATUS_OK);
    return noted;
}

/* Takes what is due, which must be that id, and chooses. */
static enum alert_kind take(struct pacer *pacer, const char *id, struct fingerprint fingerprint, uint32_t revision,
                            int64_t now_ms)
{
    struct span taken;
    struct alert_draft draft;
    assert_int_equal(pacer_take(pacer, now_ms, &taken), STATUS_OK);
    assert_true(span_equal(taken, span_of(id)));
    enum status chosen = pacer_choose(pacer, taken, fingerprint, revision, now_ms, &draft);
    assert_true(chosen == STATUS_OK || chosen == STATUS_EXISTS);
    return draft.kind;
}

static void deliver(struct pacer *pacer, const char *id, struct fingerprint fingerprint, uint32_t revision,
                    int64_t now_ms)
{
    (void)take(pacer, id, fingerprint, revision, now_ms);
    pacer_done(pacer, span_of(id), ALERT_SENT, 0, now_ms);
}

static void the_first_alert_waits_for_its_group(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    struct span id;
    assert_int_equal(note(pacer, "a", flagged(1), NOW), PACER_WAITS);
    assert_int_equal(note(pacer, "a", flagged(2), NOW + 10000), PACER_WAITS); /* does not put it off */
    assert_int_equal(pacer_due(pacer), NOW + 30000);
    assert_int_equal(pacer_take(pacer, NOW + 29999, &id), STATUS_END);
    assert_int_equal(take(pacer, "a", flagged(2), 2, NOW + 30000), ALERT_FLAGGED);
    pacer_done(pacer, SPAN("a"), ALERT_SENT, 0, NOW + 30000);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    pacer_free(pacer);
}

static void changes_come_no_oftener_than_the_interval_and_the_last_is_sent(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    deliver(pacer, "a", flagged(1), 1, NOW + 30000);
    for (unsigned char i = 2; i < 50; i++)
        note(pacer, "a", flagged(i), NOW + 31000 + i);
    assert_int_equal(pacer_due(pacer), NOW + 30000 + 5 * MINUTE);
    assert_int_equal(take(pacer, "a", flagged(49), 49, NOW + 30000 + 5 * MINUTE), ALERT_UPDATED);
    note(pacer, "a", flagged(50), NOW + 30001 + 5 * MINUTE); /* while it is under way */
    pacer_done(pacer, SPAN("a"), ALERT_SENT, 0, NOW + 30002 + 5 * MINUTE);
    assert_int_equal(pacer_due(pacer), NOW + 30002 + 10 * MINUTE);
    pacer_free(pacer);
}

static void after_a_quiet_time_a_change_gathers_a_little(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    deliver(pacer, "a", flagged(1), 1, NOW + 30000);
    note(pacer, "a", flagged(2), NOW + 60 * MINUTE);
    assert_int_equal(pacer_due(pacer), NOW + 60 * MINUTE + 30000);
    pacer_free(pacer);
}

static void what_was_never_flagged_is_not_told(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    assert_int_equal(note(pacer, "a", unflagged(1), NOW), PACER_NOTHING);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    /* Flagged and withdrawn within its group's wait: neither. */
    note(pacer, "b", flagged(1), NOW);
    assert_int_equal(note(pacer, "b", unflagged(2), NOW + 1), PACER_NOTHING);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    pacer_free(pacer);
}

static void what_was_flagged_is_withdrawn_and_may_come_again(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    deliver(pacer, "a", flagged(1), 1, NOW + 30000);
    note(pacer, "a", unflagged(1), NOW + 30001);
    int64_t at = pacer_due(pacer);
    assert_int_equal(take(pacer, "a", unflagged(1), 2, at), ALERT_WITHDRAWN);
    pacer_done(pacer, SPAN("a"), ALERT_SENT, 0, at);
    assert_int_equal(note(pacer, "a", unflagged(2), at + 1), PACER_NOTHING);
    note(pacer, "a", flagged(1), at + 2);
    assert_int_equal(take(pacer, "a", flagged(1), 3, pacer_due(pacer)), ALERT_FLAGGED);
    pacer_free(pacer);
}

static void a_change_undone_in_time_is_not_told(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    deliver(pacer, "a", flagged(1), 1, NOW + 30000);
    note(pacer, "a", flagged(2), NOW + 40000);
    assert_int_equal(note(pacer, "a", flagged(1), NOW + 50000), PACER_NOTHING);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    /* Or undone in the store between being due and being read. */
    note(pacer, "a", flagged(2), NOW + 60000);
    struct span id;
    struct alert_draft draft;
    int64_t at = pacer_due(pacer);
    assert_int_equal(pacer_take(pacer, at, &id), STATUS_OK);
    assert_int_equal(pacer_choose(pacer, id, flagged(1), 3, at, &draft), STATUS_END);
    assert_true(pacer_is_quiet(pacer));
    pacer_free(pacer);
}

static void the_old_is_not_told_and_counted_once_a_change(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    enum pacer_noted noted;
    int64_t old = NOW - usual.max_age_ms - 1;
    assert_int_equal(pacer_note(pacer, SPAN("a"), flagged(1), old, NOW, &noted), STATUS_OK);
    assert_int_equal(noted, PACER_AGED);
    assert_int_equal(pacer_note(pacer, SPAN("a"), flagged(1), old, NOW, &noted), STATUS_OK);
    assert_int_equal(noted, PACER_NOTHING);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    assert_int_equal(pacer_note(pacer, SPAN("b"), flagged(1), old + 1, NOW, &noted), STATUS_OK);
    assert_int_equal(noted, PACER_WAITS);
    pacer_free(pacer);
}

static void who_was_sent_an_alert_hears_of_its_end_however_old(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    enum pacer_noted noted;
    int64_t late = NOW + 2 * usual.max_age_ms;
    note(pacer, "sent", flagged(1), NOW);
    deliver(pacer, "sent", flagged(1), 1, pacer_due(pacer));
    assert_int_equal(pacer_note(pacer, SPAN("sent"), flagged(2), NOW, late, &noted), STATUS_OK);
    assert_int_equal(noted, PACER_AGED); /* news of an old one is not told … */
    assert_int_equal(pacer_note(pacer, SPAN("sent"), unflagged(2), NOW, late, &noted), STATUS_OK);
    assert_int_equal(noted, PACER_WAITS); /* … that it was a mistake is */
    assert_int_equal(take(pacer, "sent", unflagged(2), 3, pacer_due(pacer)), ALERT_WITHDRAWN);
    pacer_done(pacer, SPAN("sent"), ALERT_SENT, 0, late);
    /* An archive's: the endpoint never heard of it. */
    assert_int_equal(pacer_told(pacer, SPAN("stored"), flagged(1), NOW), STATUS_OK);
    assert_int_equal(pacer_note(pacer, SPAN("stored"), unflagged(1), NOW, late, &noted), STATUS_OK);
    assert_int_equal(noted, PACER_AGED);
    pacer_free(pacer);
}

static void what_was_tried_once_is_tried_to_the_end_however_old(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    enum pacer_noted noted;
    note(pacer, "a", flagged(1), NOW);
    int64_t at = pacer_due(pacer);
    assert_int_equal(take(pacer, "a", flagged(1), 1, at), ALERT_FLAGGED);
    pacer_done(pacer, SPAN("a"), ALERT_RETRY, 0, at);
    int64_t late = NOW + 2 * usual.max_age_ms;
    assert_int_equal(pacer_note(pacer, SPAN("a"), flagged(2), NOW, late, &noted), STATUS_OK);
    assert_int_equal(noted, PACER_WAITS);
    assert_int_equal(take(pacer, "a", flagged(2), 2, late), ALERT_FLAGGED);
    pacer_free(pacer);
}

static void what_the_store_held_flagged_counts_as_told(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    assert_int_equal(pacer_told(pacer, SPAN("a"), flagged(1), NOW), STATUS_OK);
    assert_int_equal(note(pacer, "a", flagged(1), NOW), PACER_NOTHING);
    assert_int_equal(note(pacer, "a", flagged(2), NOW), PACER_WAITS);
    assert_int_equal(take(pacer, "a", flagged(2), 2, pacer_due(pacer)), ALERT_UPDATED);
    pacer_free(pacer);
}

static void failures_are_tried_again_at_doubling_pauses_up_to_five_minutes(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    int64_t at = pacer_due(pacer);
    static const int64_t pauses_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    for (size_t i = 0; i < sizeof pauses_s / sizeof *pauses_s; i++) {
        assert_int_equal(take(pacer, "a", flagged(1), 1, at), ALERT_FLAGGED);
        pacer_done(pacer, SPAN("a"), ALERT_RETRY, 0, at);
        assert_int_equal(pacer_due(pacer), at + 1000 * pauses_s[i]);
        at = pacer_due(pacer);
    }
    take(pacer, "a", flagged(1), 1, at);
    pacer_done(pacer, SPAN("a"), ALERT_RETRY, 420000, at); /* Retry-After, where it is longer */
    assert_int_equal(pacer_due(pacer), at + 420000);
    pacer_free(pacer);
}

static void a_retry_of_the_same_revision_keeps_its_time(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    struct span id;
    struct alert_draft first, second, third;
    note(pacer, "a", flagged(1), NOW);
    assert_int_equal(pacer_take(pacer, NOW + 30000, &id), STATUS_OK);
    assert_int_equal(pacer_choose(pacer, id, flagged(1), 1, NOW + 30000, &first), STATUS_OK);
    pacer_done(pacer, id, ALERT_RETRY, 0, NOW + 30000);
    assert_int_equal(pacer_take(pacer, NOW + 31000, &id), STATUS_OK);
    assert_int_equal(pacer_choose(pacer, id, flagged(1), 1, NOW + 31000, &second), STATUS_EXISTS);
    assert_int_equal(first.time_ms, second.time_ms);
    pacer_done(pacer, id, ALERT_RETRY, 0, NOW + 31000);
    assert_int_equal(pacer_take(pacer, NOW + 33000, &id), STATUS_OK); /* a later revision has its own */
    assert_int_equal(pacer_choose(pacer, id, flagged(2), 2, NOW + 33000, &third), STATUS_OK);
    assert_int_equal(third.time_ms, NOW + 33000);
    assert_int_equal(third.kind, ALERT_FLAGGED);
    pacer_free(pacer);
}

static void a_refusal_is_not_tried_again_but_the_next_change_is(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    take(pacer, "a", flagged(1), 1, NOW + 30000);
    pacer_done(pacer, SPAN("a"), ALERT_REFUSED, 0, NOW + 30000);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    assert_int_equal(note(pacer, "a", flagged(2), NOW + 40000), PACER_WAITS);
    pacer_free(pacer);
}

static void a_failing_endpoint_is_asked_one_at_a_time_and_all_again_once_it_is_back(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    static const char *const ids[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        note(pacer, ids[i], flagged(1), NOW);
    for (size_t i = 0; i < 3; i++)
        take(pacer, ids[i], flagged(1), 1, NOW + 30000);
    for (size_t i = 0; i < 3; i++)
        pacer_done(pacer, span_of(ids[i]), ALERT_RETRY, 600000, NOW + 30000);
    int64_t at = NOW + 630000;
    take(pacer, "a", flagged(1), 1, at);
    assert_int_equal(pacer_due(pacer), INT64_MAX); /* b and c are due, but one is enough to ask a dead endpoint */
    pacer_done(pacer, SPAN("a"), ALERT_RETRY, 0, at);
    take(pacer, "b", flagged(1), 1, at);
    pacer_done(pacer, SPAN("b"), ALERT_SENT, 0, at);
    take(pacer, "a", flagged(1), 1, at); /* would have waited for its pause */
    take(pacer, "c", flagged(1), 1, at);
    pacer_free(pacer);
}

static void one_message_that_always_fails_does_not_come_back_with_every_success(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    note(pacer, "b", flagged(1), NOW);
    take(pacer, "a", flagged(1), 1, NOW + 30000);
    pacer_done(pacer, SPAN("a"), ALERT_RETRY, 0, NOW + 30000);
    deliver(pacer, "b", flagged(1), 1, NOW + 30000);
    assert_int_equal(pacer_due(pacer), NOW + 31000);
    pacer_free(pacer);
}

static void repeats_come_where_they_are_wanted_and_end_with_max_age(void **state)
{
    (void)state;
    struct pacer_options options = usual;
    options.repeat_interval_ms = 60 * MINUTE;
    struct pacer *pacer = pacer_of(&options);
    note(pacer, "a", flagged(1), NOW);
    deliver(pacer, "a", flagged(1), 1, NOW + 30000);
    struct span id;
    struct alert_draft draft;
    int64_t at = NOW + 30000;
    for (uint32_t i = 1; i <= 3; i++) {
        at += 60 * MINUTE;
        assert_int_equal(pacer_due(pacer), at);
        assert_int_equal(pacer_take(pacer, at, &id), STATUS_OK);
        assert_int_equal(pacer_choose(pacer, id, flagged(1), 1, at, &draft), STATUS_OK);
        assert_int_equal(draft.repeat, i);
        pacer_done(pacer, id, ALERT_SENT, 0, at);
    }
    assert_true(pacer_is_quiet(pacer)); /* a repeat to come is nothing to wait for at the end */
    at = NOW + usual.max_age_ms + 60 * MINUTE;
    assert_int_equal(pacer_take(pacer, at, &id), STATUS_OK);
    assert_int_equal(pacer_choose(pacer, id, flagged(1), 1, at, &draft), STATUS_END);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    pacer_free(pacer);
}

/* Whether it came is not known: so what follows is told, whatever it is. */
static void who_was_sent_to_in_vain_hears_that_it_holds_no_more(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    take(pacer, "a", flagged(1), 1, NOW + 30000);
    pacer_done(pacer, SPAN("a"), ALERT_RETRY, 0, NOW + 30000);
    assert_int_equal(note(pacer, "a", unflagged(1), NOW + 30100), PACER_WAITS);
    assert_int_equal(take(pacer, "a", unflagged(1), 2, NOW + 31000), ALERT_WITHDRAWN);
    pacer_done(pacer, SPAN("a"), ALERT_SENT, 0, NOW + 31000);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    /* And of a change undone that the old holds again. */
    note(pacer, "b", flagged(1), NOW);
    deliver(pacer, "b", flagged(1), 1, NOW + 31000);
    note(pacer, "b", flagged(2), NOW + 32000);
    int64_t at = pacer_due(pacer);
    take(pacer, "b", flagged(2), 2, at);
    pacer_done(pacer, SPAN("b"), ALERT_RETRY, 0, at);
    assert_int_equal(note(pacer, "b", flagged(1), at + 1), PACER_WAITS);
    assert_int_equal(take(pacer, "b", flagged(1), 3, at + 1000), ALERT_UPDATED);
    pacer_free(pacer);
}

/* --- over a restart: one pacer's row loaded into another --- */

static struct alert_row row_of(struct pacer *pacer, const char *id, int64_t noted_ms)
{
    struct alert_row row;
    pacer_row(pacer, span_of(id), &row);
    row.noted_ms = noted_ms;
    return row;
}

static struct pacer *restarted(struct pacer *before, const char *id, int64_t noted_ms, int64_t now_ms)
{
    struct pacer *pacer = pacer_of(&usual);
    struct alert_row row = row_of(before, id, noted_ms);
    assert_int_equal(pacer_load(pacer, &row, now_ms), STATUS_OK);
    pacer_free(before);
    return pacer;
}

static void what_was_noted_before_a_restart_waits_from_when_it_was_noted(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    pacer = restarted(pacer, "a", NOW, NOW + 10000);
    assert_int_equal(pacer_due(pacer), NOW + 30000);
    pacer = restarted(pacer, "a", NOW, NOW + 40000); /* down meanwhile */
    assert_int_equal(take(pacer, "a", flagged(1), 1, NOW + 40000), ALERT_FLAGGED);
    pacer_free(pacer);
    /* Its age is judged as of then, too. */
    pacer = pacer_of(&usual);
    note(pacer, "b", flagged(1), NOW);
    pacer = restarted(pacer, "b", NOW, NOW + 2 * usual.max_age_ms);
    assert_int_equal(pacer_due(pacer), NOW + 30000);
    struct alert_row row = row_of(pacer, "b", NOW + usual.max_age_ms + 1);
    assert_int_equal(pacer_load(pacer, &row, NOW + 2 * usual.max_age_ms), STATUS_OK);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    pacer_free(pacer);
}

static void what_was_begun_before_a_restart_is_the_same_message_after_it(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    struct alert_draft before, after;
    struct span id;
    note(pacer, "a", flagged(1), NOW);
    assert_int_equal(pacer_take(pacer, NOW + 30000, &id), STATUS_OK);
    assert_int_equal(pacer_choose(pacer, id, flagged(1), 7, NOW + 30000, &before), STATUS_OK);
    struct alert_row row = row_of(pacer, "a", NOW); /* killed before it was known what became of it */
    row.due_ms = 0;
    struct pacer *next = pacer_of(&usual);
    assert_int_equal(pacer_load(next, &row, NOW + 60000), STATUS_OK);
    pacer_free(pacer);
    assert_int_equal(pacer_take(next, NOW + 60000, &id), STATUS_OK);
    assert_int_equal(pacer_choose(next, id, flagged(1), 9, NOW + 60000, &after), STATUS_EXISTS);
    assert_memory_equal(&before, &after, sizeof before);
    pacer_done(next, id, ALERT_RETRY, 0, NOW + 60000);
    /* Its pauses go on where they were, whatever the clock said. */
    row = row_of(next, "a", NOW);
    row.due_ms = INT64_MAX;
    assert_int_equal(pacer_load(next, &row, NOW + 61000), STATUS_OK);
    assert_int_equal(pacer_due(next), NOW + 61000 + 5 * MINUTE);
    take(next, "a", flagged(1), 9, NOW + 61000 + 5 * MINUTE);
    pacer_done(next, SPAN("a"), ALERT_RETRY, 0, NOW);
    assert_int_equal(pacer_due(next), NOW + 2000);
    pacer_free(next);
}

static void what_was_told_before_a_restart_is_not_told_again(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    deliver(pacer, "a", flagged(1), 1, NOW + 30000);
    pacer = restarted(pacer, "a", NOW, NOW + 60000);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    assert_int_equal(note(pacer, "a", flagged(1), NOW + 61000), PACER_NOTHING);
    assert_int_equal(note(pacer, "a", flagged(2), NOW + 62000), PACER_WAITS);
    assert_int_equal(pacer_due(pacer), NOW + 30000 + 5 * MINUTE); /* an interval after the last */
    /* The clock was put back a day meanwhile: an interval from now is enough. */
    pacer = restarted(pacer, "a", NOW, NOW - 86400000);
    note(pacer, "a", flagged(3), NOW - 86400000);
    assert_int_equal(pacer_due(pacer), NOW - 86400000 + 5 * MINUTE);
    assert_int_equal(take(pacer, "a", flagged(3), 2, pacer_due(pacer)), ALERT_UPDATED);
    /* Refused counts as told, until an operator has it tried again. */
    pacer_done(pacer, SPAN("a"), ALERT_REFUSED, 0, NOW + 600000);
    struct alert_row row = row_of(pacer, "a", NOW);
    row.has_draft = row.is_refused = true;
    assert_int_equal(pacer_load(pacer, &row, NOW + 700000), STATUS_OK);
    assert_int_equal(pacer_due(pacer), INT64_MAX);
    row.is_refused = false;
    row.due_ms = NOW + 700000;
    assert_int_equal(pacer_load(pacer, &row, NOW + 700000), STATUS_OK);
    assert_int_equal(pacer_due(pacer), NOW + 700000);
    pacer_free(pacer);
}

static void what_cannot_be_read_is_read_again(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    struct span id;
    assert_int_equal(pacer_take(pacer, NOW + 30000, &id), STATUS_OK);
    pacer_put_back(pacer, id, NOW + 30000);
    assert_int_equal(take(pacer, "a", flagged(1), 1, NOW + 31000), ALERT_FLAGGED);
    pacer_free(pacer);
}

static void a_clean_end_sends_what_waits(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    note(pacer, "a", flagged(1), NOW);
    assert_false(pacer_is_quiet(pacer));
    pacer_hurry(pacer, NOW + 1);
    deliver(pacer, "a", flagged(1), 1, NOW + 1);
    assert_true(pacer_is_quiet(pacer));
    pacer_free(pacer);
}

static void thousands_come_in_order_of_their_time(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_of(&usual);
    char name[16];
    unsigned random = 12345;
    for (int i = 0; i < 5000; i++) {
        random = random * 1103515245u + 12345u;
        snprintf(name, sizeof name, "%d", i);
        note(pacer, name, flagged(1), NOW + (random >> 8) % 100000);
    }
    int64_t last = 0;
    for (int i = 0; i < 5000; i++) {
        struct span id;
        struct alert_draft draft;
        int64_t due = pacer_due(pacer);
        assert_true(due >= last);
        last = due;
        assert_int_equal(pacer_take(pacer, due, &id), STATUS_OK);
        assert_int_equal(pacer_choose(pacer, id, flagged(1), 1, due, &draft), STATUS_OK);
        pacer_done(pacer, id, ALERT_SENT, 0, due);
    }
    assert_int_equal(pacer_waiting(pacer), 0);
    pacer_free(pacer);
}

static void a_fingerprint_knows_state_countries_and_members_alone(void **state)
{
    (void)state;
    const struct episode_member members[] = {{.incident_id = SPAN("s:a"), .membership = MEMBERSHIP_CORE},
                                             {.incident_id = SPAN("s:b"), .membership = MEMBERSHIP_ATTACHED},
                                             {.incident_id = SPAN("s:c"), .membership = MEMBERSHIP_RESPONSE}};
    const struct episode_member turned[] = {{.incident_id = SPAN("s:b"), .membership = MEMBERSHIP_CORE},
                                            {.incident_id = SPAN("s:a"), .membership = MEMBERSHIP_CORE}};
    const country_code countries[] = {COUNTRY_CODE('E', 'E'), COUNTRY_CODE('P', 'L')};
    struct episode episode = {
        .state = EPISODE_FLAGGED, .countries = countries, .country_count = 2, .members = members, .member_count = 3};
    const struct fingerprint first = fingerprint_of(&episode);
    episode.members = turned;
    episode.member_count = 2;
    episode.revision = 9;
    episode.final = true;
    episode.extent_km = 12;
    struct fingerprint second = fingerprint_of(&episode);
    assert_memory_equal(first.bytes, second.bytes, sizeof first.bytes);
    episode.country_count = 1;
    second = fingerprint_of(&episode);
    assert_memory_not_equal(first.bytes, second.bytes, sizeof first.bytes);
    episode.country_count = 2;
    episode.member_count = 1;
    second = fingerprint_of(&episode);
    assert_memory_not_equal(first.bytes, second.bytes, sizeof first.bytes);
    episode.member_count = 2;
    episode.state = EPISODE_WITHDRAWN;
    second = fingerprint_of(&episode);
    assert_memory_not_equal(first.bytes, second.bytes, sizeof first.bytes);
    assert_false(second.is_flagged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_alert_waits_for_its_group),
        cmocka_unit_test(changes_come_no_oftener_than_the_interval_and_the_last_is_sent),
        cmocka_unit_test(after_a_quiet_time_a_change_gathers_a_little),
        cmocka_unit_test(what_was_never_flagged_is_not_told),
        cmocka_unit_test(what_was_flagged_is_withdrawn_and_may_come_again),
        cmocka_unit_test(a_change_undone_in_time_is_not_told),
        cmocka_unit_test(the_old_is_not_told_and_counted_once_a_change),
        cmocka_unit_test(who_was_sent_an_alert_hears_of_its_end_however_old),
        cmocka_unit_test(what_was_tried_once_is_tried_to_the_end_however_old),
        cmocka_unit_test(what_the_store_held_flagged_counts_as_told),
        cmocka_unit_test(failures_are_tried_again_at_doubling_pauses_up_to_five_minutes),
        cmocka_unit_test(a_retry_of_the_same_revision_keeps_its_time),
        cmocka_unit_test(a_refusal_is_not_tried_again_but_the_next_change_is),
        cmocka_unit_test(a_failing_endpoint_is_asked_one_at_a_time_and_all_again_once_it_is_back),
        cmocka_unit_test(one_message_that_always_fails_does_not_come_back_with_every_success),
        cmocka_unit_test(repeats_come_where_they_are_wanted_and_end_with_max_age),
        cmocka_unit_test(who_was_sent_to_in_vain_hears_that_it_holds_no_more),
        cmocka_unit_test(what_was_noted_before_a_restart_waits_from_when_it_was_noted),
        cmocka_unit_test(what_was_begun_before_a_restart_is_the_same_message_after_it),
        cmocka_unit_test(what_was_told_before_a_restart_is_not_told_again),
        cmocka_unit_test(what_cannot_be_read_is_read_again),
        cmocka_unit_test(a_clean_end_sends_what_waits),
        cmocka_unit_test(thousands_come_in_order_of_their_time),
        cmocka_unit_test(a_fingerprint_knows_state_countries_and_members_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
