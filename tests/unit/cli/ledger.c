#include "cli/replay/ledger.h"

#include "tests/unit/cli/unit.h"

static struct ledger balanced(void)
{
    struct ledger ledger = {.read = 12, .refused = 2, .store = "x.gpkg"};
    ledger.result.agent.submitted = 10;
    ledger.result.correlator.received = 10;
    ledger.result.correlator.applied = 5;
    ledger.result.correlator.duplicate = 2;
    ledger.result.correlator.stale = 1;
    ledger.result.correlator.rejected = 1;
    ledger.result.correlator.too_late = 1;
    return ledger;
}

static void a_balanced_ledger_is_right(void **state)
{
    (void)state;
    struct ledger ledger = balanced();
    char reason[256] = "";
    assert_int_equal(ledger_check(&ledger, reason), STATUS_OK);
}

static void a_report_unaccounted_for_is_an_error(void **state)
{
    (void)state;
    struct ledger ledger = balanced();
    char reason[256] = "";
    ledger.result.correlator.applied--;
    assert_int_equal(ledger_check(&ledger, reason), STATUS_CORRUPT);
    assert_says(reason, "10 reports received, but 9 accounted for");
}

static void a_report_lost_on_the_way_is_an_error(void **state)
{
    (void)state;
    struct ledger ledger = balanced();
    char reason[256] = "";
    ledger.result.agent.submitted = 11;
    assert_int_equal(ledger_check(&ledger, reason), STATUS_CORRUPT);
    assert_says(reason, "11 reports sent, but 10 received");
}

static void late_is_a_label_and_no_term_of_the_sum(void **state)
{
    (void)state;
    struct ledger ledger = balanced();
    char reason[256] = "";
    ledger.result.correlator.late = 3;
    assert_int_equal(ledger_check(&ledger, reason), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_balanced_ledger_is_right), TEST(a_report_unaccounted_for_is_an_error),
                                       TEST(a_report_lost_on_the_way_is_an_error),
                                       TEST(late_is_a_label_and_no_term_of_the_sum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
