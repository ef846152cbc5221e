/* The sink between a sender on the inproc bus and endpoints in Python. */
#include "tests/unit/sink/sink_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void what_is_sent_is_stored_and_acknowledged(void **state)
{
    struct bench *bench = *state;
    open_sink(bench);
    for (int i = 0; i < 3000; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        tell(bench, id);
    }
    publish(bench, "e1", 1, EPISODE_FLAGGED, "i0 i1");
    RUN_UNTIL(bench, sender_acked(bench->sender) == bench->position);
    assert_int_equal(bench->stored, 3001);
    assert_int_equal(sink_stats(bench->sink)->applied, 3001);
    close_sink(bench, 0);
    assert_int_equal(store_link(bench->store).epoch, 1000);
    assert_int_equal(store_link(bench->store).number, 3001);
}

static void what_cannot_be_decoded_is_counted_and_acknowledged(void **state)
{
    struct bench *bench = *state;
    open_sink(bench);
    tell(bench, "a");
    uint64_t position;
    assert_int_equal(sender_submit(bench->sender, SPAN("\xff\xff no publication"), &position), STATUS_OK);
    tell(bench, "b");
    assert_int_equal(sender_submit(bench->sender, SPAN("\xff"), &position), STATUS_OK);
    RUN_UNTIL(bench, sender_acked(bench->sender) == position);
    assert_int_equal(sink_stats(bench->sink)->rejected, 2);
    assert_int_equal(sink_stats(bench->sink)->applied, 2);
    assert_int_equal(sink_stats(bench->sink)->received, 4);
}

/* Linked in the place of publication_unpack (--wrap): finds no memory for one publication. */
static uint64_t unpacked, starves_at; /* its number, from 1; 0: none */

enum status __real_publication_unpack(struct span bytes, struct arena *arena, struct publication *ret_publication,
                                      char ret_reason[REASON_BYTES]);
enum status __wrap_publication_unpack(struct span bytes, struct arena *arena, struct publication *ret_publication,
                                      char ret_reason[REASON_BYTES]);
enum status __wrap_publication_unpack(struct span bytes, struct arena *arena, struct publication *ret_publication,
                                      char ret_reason[REASON_BYTES])
{
    if (++unpacked != starves_at)
        return __real_publication_unpack(bytes, arena, ret_publication, ret_reason);
    arena->starved = true;
    return STATUS_NO_MEMORY;
}

static void what_finds_no_memory_ends_the_sink_and_neither_it_nor_what_follows_is_acknowledged(void **state)
{
    struct bench *bench = *state;
    open_sink(bench);
    tell(bench, "a");
    RUN_UNTIL(bench, sender_acked(bench->sender) == 1);
    unpacked = 0;
    starves_at = 2;
    for (int i = 0; i < 3000; i++) { /* several batches: the later ones have all the memory they want */
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        tell(bench, id);
    }
    RUN_UNTIL(bench, bench->failed);
    run_for(bench, 300);
    assert_int_equal(sender_acked(bench->sender), 1);
    assert_int_equal(sink_stats(bench->sink)->rejected, 0);
    close_sink(bench, 0);
    assert_int_equal(store_link(bench->store).number, 1);
    bench->failed = false;
    open_sink(bench); /* it is told again */
    RUN_UNTIL(bench, sender_acked(bench->sender) == 3001);
    assert_int_equal(sink_stats(bench->sink)->applied, 3000);
}

static void an_episode_is_flagged_updated_and_withdrawn_in_order_and_signed(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    open_sink(bench);
    tell(bench, "a");
    publish(bench, "e1", 1, EPISODE_CANDIDATE, "a");
    publish(bench, "e1", 2, EPISODE_FLAGGED, "a b");
    publish(bench, "e1", 3, EPISODE_FLAGGED, "a b c"); /* within the wait: the latest is sent */
    RUN_UNTIL(bench, lines_with(&bench->hook, "\n") == 1);
    publish(bench, "e1", 4, EPISODE_FLAGGED, "a b c d");
    RUN_UNTIL(bench, lines_with(&bench->hook, "\n") == 2);
    publish(bench, "e1", 5, EPISODE_WITHDRAWN, "");
    RUN_UNTIL(bench, lines_with(&bench->hook, "\n") == 3);
    assert_string_equal(bench->hook.said, "204 /ok e1/3 vedette.episode.flagged flagged 3 valid\n"
                                          "204 /ok e1/4 vedette.episode.updated flagged 4 valid\n"
                                          "204 /ok e1/5 vedette.episode.withdrawn withdrawn 5 valid\n");
    assert_int_equal(sink_stats(bench->sink)->alerts_sent, 3);
}

static void a_retry_has_the_same_id(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/fail/1");
    add_alert(bench, "/wait/1");
    open_sink(bench);
    publish(bench, "e1", 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 ") == 2);
    assert_int_equal(lines_with(&bench->hook, "503 /fail/1 e1/1 vedette.episode.flagged flagged 1 valid\n"), 1);
    assert_int_equal(lines_with(&bench->hook, "204 /fail/1 e1/1 vedette.episode.flagged flagged 1 valid\n"), 1);
    assert_int_equal(lines_with(&bench->hook, "429 /wait/1 e1/1 "), 1);
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_sent == 2);
    assert_int_equal(sink_stats(bench->sink)->alerts_retried, 2);
}

static void a_refusal_and_a_redirect_are_given_up(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/refuse");
    add_alert(bench, "/redirect");
    open_sink(bench);
    publish(bench, "e1", 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_refused == 2);
    run_for(bench, 1500);
    assert_int_equal(lines_with(&bench->hook, "\n"), 2); /* neither again, nor at /ok */
    publish(bench, "e1", 2, EPISODE_FLAGGED, "a b c");   /* what comes next is tried */
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_refused == 4);
}

static void a_slow_endpoint_delays_no_other(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/slow");
    add_alert(bench, "/ok");
    open_sink(bench);
    for (char i = 'a'; i <= 'h'; i++)
        publish(bench, (const char[]){'e', i, '\0'}, 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 /ok ") == 8);
    assert_true(lines_with(&bench->hook, "204 /slow ") < 8);
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 /slow ") == 8);
}

static void an_endpoint_killed_and_back_misses_nothing_but_what_was_overtaken(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    open_sink(bench);
    publish(bench, "e1", 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_sent == 1); /* the answer has come, too */
    hook_stop(&bench->hook);
    publish(bench, "e1", 2, EPISODE_FLAGGED, "a b c");
    publish(bench, "e2", 1, EPISODE_FLAGGED, "x y");
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_retried >= 2);
    publish(bench, "e1", 3, EPISODE_FLAGGED, "a b c d");
    RUN_UNTIL(bench, sender_acked(bench->sender) == bench->position); /* storing goes on */
    hook_start(&bench->hook, bench->hook.port);
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 /ok e1/3 vedette.episode.updated flagged 3 valid") == 1);
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 /ok e2/1 vedette.episode.flagged flagged 1 valid") == 1);
}

static void the_old_is_stored_and_not_alerted(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    open_sink(bench);
    bench->now_ms -= INT64_C(8) * 86400000;
    publish(bench, "old", 1, EPISODE_FLAGGED, "a b");
    bench->now_ms += INT64_C(8) * 86400000;
    publish(bench, "new", 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 /ok new/1 ") == 1);
    run_for(bench, 300);
    assert_int_equal(lines_with(&bench->hook, "old"), 0);
    assert_int_equal(sink_stats(bench->sink)->alerts_aged, 1);
}

static void a_restart_alerts_nothing_anew_but_what_changed(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    open_sink(bench);
    publish(bench, "e1", 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 /ok e1/1 ") == 1);
    RUN_UNTIL(bench, sender_acked(bench->sender) == bench->position);
    close_sink(bench, 1000);
    /* The correlator starts anew too and says everything again. */
    sender_close(bench->sender, set_flag, &bench->sender_closed);
    RUN_UNTIL(bench, bench->sender_closed);
    bench->sender_closed = false;
    open_sender(bench, 2000);
    open_sink(bench);
    publish(bench, "e1", 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, sender_acked(bench->sender) == bench->position);
    run_for(bench, 500);
    assert_int_equal(lines_with(&bench->hook, "\n"), 1);
    assert_int_equal(sink_stats(bench->sink)->known, 1);
    publish(bench, "e1", 2, EPISODE_FLAGGED, "a b c");
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 /ok e1/2 vedette.episode.updated flagged 2 valid") == 1);
}

static void a_clean_stop_sends_what_waits_for_its_group(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    bench->alerts[0].group_wait_ms = 3600000;
    open_sink(bench);
    publish(bench, "e1", 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, sender_acked(bench->sender) == bench->position);
    assert_int_equal(bench->hook.size, 0);
    close_sink(bench, 10000);
    hook_read(&bench->hook);
    assert_string_equal(bench->hook.said, "204 /ok e1/1 vedette.episode.flagged flagged 1 valid\n");
}

static void a_dead_endpoint_does_not_hold_up_a_stop_beyond_its_grace(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/slow");
    hook_stop(&bench->hook);
    open_sink(bench);
    publish(bench, "e1", 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_retried > 0);
    uint64_t start_ns = clock_monotonic_ns();
    close_sink(bench, 300);
    assert_true(clock_monotonic_ns() - start_ns < UINT64_C(2000000000));
}

/* --- a full disk, by SQLite's own seam to the system calls --- */

static atomic_bool disk_is_full;

static ssize_t full_pwrite(int fd, const void *bytes, size_t count, off64_t at)
{
    if (!atomic_load(&disk_is_full))
        return pwrite64(fd, bytes, count, at);
    errno = ENOSPC;
    return -1;
}

static void a_full_disk_is_waited_for_and_nothing_is_acknowledged_before(void **state)
{
    struct bench *bench = *state;
    char url[] = "/tmp/vedette-sink-XXXXXX.gpkg", reason[256];
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    sqlite3_syscall_ptr real = vfs->xGetSystemCall(vfs, "pwrite64");
    const char *name = real != NULL ? "pwrite64" : "pwrite";
    real = vfs->xGetSystemCall(vfs, name);
    assert_int_equal(vfs->xSetSystemCall(vfs, name, (sqlite3_syscall_ptr)full_pwrite), SQLITE_OK);
    (void)close(mkstemps(url, 5));
    store_close(bench->store);
    if (store_open(url, STORE_WRITE, &bench->store, reason) != STATUS_OK)
        fail_msg("%s", reason);
    open_sink(bench);
    tell(bench, "a");
    RUN_UNTIL(bench, sender_acked(bench->sender) == 1);
    atomic_store(&disk_is_full, true);
    for (int i = 0; i < 2000; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        tell(bench, id);
    }
    run_for(bench, 1000);
    assert_int_equal(sender_acked(bench->sender), 1);
    assert_false(bench->failed);
    atomic_store(&disk_is_full, false);
    RUN_UNTIL(bench, sender_acked(bench->sender) == 2001);
    assert_int_equal(sink_stats(bench->sink)->applied, 2001);
    /* And a stop with the disk full again ends in time, without what is not stored. */
    atomic_store(&disk_is_full, true);
    tell(bench, "last");
    run_for(bench, 300);
    close_sink(bench, 100);
    assert_int_equal(store_link(bench->store).number, 2001);
    atomic_store(&disk_is_full, false);
    store_close(bench->store);
    bench->store = NULL;
    assert_int_equal(vfs->xSetSystemCall(vfs, name, real), SQLITE_OK);
    (void)unlink(url);
}

static void a_test_alert_says_what_came_back(void **state)
{
    struct bench *bench = *state;
    char *said = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&said, &size);
    add_alert(bench, "/ok");
    add_alert(bench, "/refuse");
    assert_int_equal(alerts_test(&bench->alerts[0], out), STATUS_OK);
    assert_int_equal(alerts_test(&bench->alerts[1], out), STATUS_REFUSED);
    (void)fclose(out);
    assert_non_null(strstr(said, "alert ok: taken (HTTP 204"));
    assert_non_null(strstr(said, "alert refuse: refused for good (HTTP 400"));
    free(said);
    RUN_UNTIL(bench, lines_with(&bench->hook, "valid\n") == 2);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setenv("no_proxy", "127.0.0.1", 1);
#define T(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_sent_is_stored_and_acknowledged),
        T(what_cannot_be_decoded_is_counted_and_acknowledged),
        T(what_finds_no_memory_ends_the_sink_and_neither_it_nor_what_follows_is_acknowledged),
        T(an_episode_is_flagged_updated_and_withdrawn_in_order_and_signed),
        T(a_retry_has_the_same_id),
        T(a_refusal_and_a_redirect_are_given_up),
        T(a_slow_endpoint_delays_no_other),
        T(an_endpoint_killed_and_back_misses_nothing_but_what_was_overtaken),
        T(the_old_is_stored_and_not_alerted),
        T(a_restart_alerts_nothing_anew_but_what_changed),
        T(a_clean_stop_sends_what_waits_for_its_group),
        T(a_dead_endpoint_does_not_hold_up_a_stop_beyond_its_grace),
        T(a_full_disk_is_waited_for_and_nothing_is_acknowledged_before),
        T(a_test_alert_says_what_came_back),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
