/* What the journal knows of late reports: up to the last flush, and nothing of what version 1 wrote. */
#include "correlator/verdicts.h"

#include "correlator/journal/record.h"
#include "tests/unit/base/unit.h"

static const uint64_t late[] = {12, 15}, ends[] = {15}, refused[] = {12};

static void read_one(struct verdicts *verdicts, uint64_t until, bool has_verdicts)
{
    const struct journal_record record = {.kind = JOURNAL_FLUSHES,
                                          .until = until,
                                          .has_verdicts = has_verdicts,
                                          .late = late,
                                          .late_count = has_verdicts ? 2 : 0,
                                          .ends = ends,
                                          .end_count = has_verdicts ? 1 : 0,
                                          .refused = refused,
                                          .refused_count = has_verdicts ? 1 : 0};
    assert_true(verdicts_read(verdicts, &record));
}

static void it_is_known_after_what_version_1_wrote_and_up_to_the_last_flush(void **state)
{
    struct verdicts verdicts = {0};
    (void)state;
    assert_int_equal(verdicts_known(&verdicts, 1), REOPEN_UNDECIDED);
    read_one(&verdicts, 10, false);
    read_one(&verdicts, 16, true);
    assert_int_equal(verdicts_known(&verdicts, 10), REOPEN_UNDECIDED);
    assert_int_equal(verdicts_known(&verdicts, 11), REOPEN_WAS_NOT);
    assert_int_equal(verdicts_known(&verdicts, 12), REOPEN_WAS_TAKEN);
    assert_int_equal(verdicts_known(&verdicts, 13), REOPEN_WAS_NOT);
    assert_int_equal(verdicts_known(&verdicts, 15), REOPEN_WAS_TAKEN);
    assert_int_equal(verdicts_known(&verdicts, 16), REOPEN_WAS_NOT);
    assert_int_equal(verdicts_known(&verdicts, 17), REOPEN_UNDECIDED);
    verdicts_fini(&verdicts);
}

static void what_was_applied_together_is_and_what_was_refused_is(void **state)
{
    struct verdicts verdicts = {0};
    bool is_refused = false;
    (void)state;
    read_one(&verdicts, 16, true);
    assert_int_equal(verdicts_end(&verdicts, 12, &is_refused), 12);
    assert_true(is_refused);
    assert_int_equal(verdicts_end(&verdicts, 13, &is_refused), 15);
    assert_false(is_refused);
    assert_int_equal(verdicts_end(&verdicts, 16, &is_refused), 0);
    assert_false(is_refused);
    verdicts_fini(&verdicts);
}

static void what_is_written_is_written_once(void **state)
{
    struct verdicts verdicts = {0};
    struct journal_record record = {.kind = JOURNAL_FLUSHES};
    (void)state;
    assert_true(numbers_add(&verdicts.late, 7) && numbers_add(&verdicts.ends, 7));
    verdicts_write(&verdicts, &record);
    assert_true(record.has_verdicts && record.late_count == 1 && record.late[0] == 7);
    assert_int_equal(record.end_count, 1);
    assert_int_equal(record.refused_count, 0);
    verdicts_written(&verdicts);
    verdicts_write(&verdicts, &record);
    assert_true(record.has_verdicts && record.late_count == 0 && record.end_count == 0);
    verdicts_fini(&verdicts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_known_after_what_version_1_wrote_and_up_to_the_last_flush),
        cmocka_unit_test(what_was_applied_together_is_and_what_was_refused_is),
        cmocka_unit_test(what_is_written_is_written_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
