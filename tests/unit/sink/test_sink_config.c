#include "sink/secret.h"
#include "sink/sink.h"
#include "tests/contract/sink/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static char *complaints;
static struct sink_config read_config;
static struct config *config;

static bool reads(const char *text)
{
    static const char *const blocks[] = {"sink", NULL};
    size_t size;
    free(complaints);
    FILE *out = open_memstream(&complaints, &size);
    bool right = config_parse(span_of(text), "t.yaml", blocks, out, &config) == STATUS_OK;
    right = right && sink_config_read(config, &read_config) && config_complaints(config) == 0;
    (void)fclose(out);
    return right;
}

static void assert_complains(const char *text, const char *said)
{
    if (reads(text) || strstr(complaints, said) == NULL)
        fail_msg("of %s\nsaid \"%s\", expected \"%s\"", text, complaints, said);
    assert_null(strstr(complaints, "MfKQ9r8G")); /* secrets are never shown */
    config_close(config);
}

static void without_a_block_there_are_defaults(void **state)
{
    (void)state;
    assert_true(reads("{}\n"));
    assert_int_equal(read_config.store[0], '/');
    assert_string_equal(read_config.name, "sink");
    assert_int_equal(read_config.alert_count, 0);
    config_close(config);
}

static void an_alert_has_the_usual_trio(void **state)
{
    (void)state;
    assert_true(reads("sink:\n  store: ./x.gpkg\n  alerts:\n    - {name: ops, url: 'http://h/', secret: " SECRET "}\n"
                      "    - {name: two, type: webhook, url: 'https://h/x', secret: " SECRET
                      ", group_wait: 1s, group_interval: 2m, repeat_interval: 12h, max_age: 2d}\n"));
    assert_int_equal(read_config.alert_count, 2);
    const struct alert_config *usual = &read_config.alerts[0], *other = &read_config.alerts[1];
    assert_int_equal(usual->group_wait_ms, 30000);
    assert_int_equal(usual->group_interval_ms, 300000);
    assert_int_equal(usual->repeat_interval_ms, 0);
    assert_int_equal(usual->max_age_ms, INT64_C(604800000));
    assert_string_equal(usual->secret, SECRET);
    assert_int_equal(other->repeat_interval_ms, 43200000);
    assert_int_equal(other->max_age_ms, 172800000);
    config_close(config);
}

static void a_store_may_be_a_url(void **state)
{
    (void)state;
    assert_true(reads("sink: {store: 'memory:'}\n"));
    assert_string_equal(read_config.store, "memory:");
    config_close(config);
    assert_false(reads("sink: {store: 'postgresql://h/db'}\n")); /* no driver yet */
    assert_non_null(strstr(complaints, "expected a name ending in .gpkg"));
    config_close(config);
}

static void secrets_come_from_files_and_the_environment(void **state)
{
    (void)state;
    char path[] = "/tmp/vedette-secret-XXXXXX", text[256];
    int fd = mkstemp(path);
    assert_int_equal(write(fd, " " SECRET "\n", sizeof SECRET + 1), sizeof SECRET + 1);
    (void)close(fd);
    snprintf(text, sizeof text, "sink: {alerts: [{name: ops, url: 'http://h/', secret_file: %s}]}\n", path);
    assert_true(reads(text));
    assert_string_equal(read_config.alerts[0].secret, SECRET);
    config_close(config);
    (void)unlink(path);
    assert_complains(text, "No such file");
    (void)setenv("VEDETTE_TEST_SECRET", SECRET, 1);
    assert_true(reads("sink: {alerts: [{name: ops, url: 'http://h/', secret: '${VEDETTE_TEST_SECRET}'}]}\n"));
    assert_string_equal(read_config.alerts[0].secret, SECRET);
    config_close(config);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
    (void)state;
    assert_complains("sink: {alerts: [{name: ops, url: 'http://h/'}]}\n", "no secret");
    assert_complains("sink: {alerts: [{name: ops, url: 'http://h/', secret: " SECRET ", secret_file: x}]}\n",
                     "two secrets");
    assert_complains("sink: {alerts: [{name: ops, url: 'http://h/', secret: MfKQ9r8GKYqrTwjU}]}\n",
                     "not whsec_ and base64");
    assert_complains("sink: {alerts: [{name: ops, url: 'ftp://h/', secret: " SECRET "}]}\n", "http://");
    assert_complains("sink: {alerts: [{name: ops, url: 'file:///etc/passwd', secret: " SECRET "}]}\n", "http://");
    assert_complains("sink:\n  alerts:\n    - {name: ops, type: pigeon, url: 'http://h/', secret: " SECRET "}\n",
                     "t.yaml:3:");
    assert_complains("sink: {alerts: [{name: a, url: 'http://h/', secret: " SECRET
                     "}, {name: a, url: 'http://h/', secret: " SECRET "}]}\n",
                     "there twice");
    assert_complains("sink: {alerts: [{name: a, url: 'http://h/', secret: " SECRET ", repeat_interval: often}]}\n",
                     "expected off or a duration");
    assert_complains("sink: {stor: x}\n", "stor");
    assert_complains("sink: {alerts: 3}\n", "expected a list");
}

static void a_signature_is_that_of_the_standard(void **state)
{
    (void)state;
    /* The example of the Standard Webhooks specification's libraries. */
    struct secret secret;
    char signature[SIGNATURE_BYTES];
    assert_int_equal(secret_parse(SECRET, &secret), STATUS_OK);
    secret_sign(&secret, SPAN("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330, SPAN("{\"test\": 2432232314}"), signature);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(secret_parse("MfKQ9r8GKYqrTwjU", &secret), STATUS_INVALID);
    assert_int_equal(secret_parse("whsec_", &secret), STATUS_INVALID);
    assert_int_equal(secret_parse("whsec_!!", &secret), STATUS_INVALID);
}

static int fini(void **state)
{
    (void)state;
    free(complaints);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_block_there_are_defaults),
        cmocka_unit_test(an_alert_has_the_usual_trio),
        cmocka_unit_test(a_store_may_be_a_url),
        cmocka_unit_test(secrets_come_from_files_and_the_environment),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
        cmocka_unit_test(a_signature_is_that_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, fini);
}
