/* Every golden message here is read as the .json beside it says and packed to the same bytes; every hostile one is
 * refused, with the reason beside it. make.py says what they are. */
#include "tests/golden/proto/frame_json.h"

/* cmocka's own order of includes. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "proto/limits.h"

#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#define FOLDER "tests/golden/proto/"

static struct arena arena;

/* Reads the bytes, writes what they say; answers the status. packed: gets the bytes again. */
typedef enum status reader(struct span bytes, struct text *json, struct text *packed, char reason[REASON_BYTES]);

static enum status read_report(struct span bytes, struct text *json, struct text *packed, char reason[REASON_BYTES])
{
    struct report report;
    enum status status = report_unpack(bytes, &arena, &report, reason);
    if (status != STATUS_OK)
        return status;
    report_to_json(&report, json);
    return report_pack(&report, packed);
}

static enum status read_frame(struct span bytes, struct text *json, struct text *packed, char reason[REASON_BYTES])
{
    struct frame frame;
    enum status status = frame_unpack(bytes, LIMIT_BATCH_BYTES, &arena, &frame, reason);
    if (status != STATUS_OK)
        return status;
    frame_to_json(&frame, json);
    return frame_pack(&frame, packed);
}

static void publication_to_json(const struct publication *publication, struct text *json)
{
    static const struct incident *const unknown[16];
    switch (publication->kind) {
    case PUBLICATION_INCIDENT:
    case PUBLICATION_RETRACTED:
        incident_to_json(&publication->incident, NULL, 0, json);
        break;
    case PUBLICATION_EPISODE:
        episode_to_json(&publication->episode, unknown, json);
        break;
    case PUBLICATION_NOTICE:
        notice_to_json(&publication->notice, json);
        break;
    case PUBLICATION_RULE:
        text_append(json, publication->rule.json);
        break;
    }
}

static enum status read_publication(struct span bytes, struct text *json, struct text *packed,
                                    char reason[REASON_BYTES])
{
    struct publication publication;
    enum status status = publication_unpack(bytes, &arena, &publication, reason);
    if (status != STATUS_OK)
        return status;
    publication_to_json(&publication, json);
    return publication_pack(&publication, packed);
}

static const struct {
    const char *name;
    reader *read;
} readers[] = {{"report", read_report}, {"frame", read_frame}, {"publication", read_publication}};

/* One file and what is to be made of it. */
struct golden {
    const char *path;
    struct text bytes;
    struct text json;
    struct text packed;
    char reason[REASON_BYTES];
};

static void load(const char *path, struct text *text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be read", path);
    char few[4096];
    for (size_t size; (size = fread(few, 1, sizeof few, file)) > 0;)
        text_append(text, (struct span){few, size});
    assert_int_equal(fclose(file), 0);
}

/* What stands in the file beside, without its line end. */
static void assert_beside(const struct golden *golden, const char *ending, struct span found)
{
    char path[512];
    struct text expected = {0};
    (void)snprintf(path, sizeof path, "%.*s.%s", (int)(strlen(golden->path) - strlen(".bin")), golden->path, ending);
    if (access(path, R_OK) != 0)
        fail_msg("%s is missing; found: %.*s", path, SPAN_ARG(found));
    load(path, &expected);
    while (expected.size > 0 && expected.data[expected.size - 1] == '\n')
        expected.size--;
    if (!span_equal(found, (struct span){expected.data, expected.size}))
        fail_msg("%s\nexpected: %.*s\nfound:    %.*s", golden->path, (int)expected.size, expected.data,
                 SPAN_ARG(found));
    text_fini(&expected);
}

static enum status run(reader *read, const char *path, struct golden *golden)
{
    *golden = (struct golden){.path = path};
    load(path, &golden->bytes);
    arena_reset(&arena);
    return read((struct span){golden->bytes.data, golden->bytes.size}, &golden->json, &golden->packed, golden->reason);
}

static void release(struct golden *golden)
{
    text_fini(&golden->bytes);
    text_fini(&golden->json);
    text_fini(&golden->packed);
}

enum packing { PACKS_THE_SAME, PACKS_OTHERWISE };

static void folder_is_read(const char *pattern, reader *read, enum packing packing)
{
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct golden golden;
        if (run(read, found.gl_pathv[i], &golden) != STATUS_OK)
            fail_msg("%s is refused: %s", found.gl_pathv[i], golden.reason);
        assert_beside(&golden, "json", (struct span){golden.json.data, golden.json.size});
        if (packing == PACKS_THE_SAME && !span_equal((struct span){golden.bytes.data, golden.bytes.size},
                                                     (struct span){golden.packed.data, golden.packed.size}))
            fail_msg("%s is packed to other bytes", found.gl_pathv[i]);
        release(&golden);
    }
    globfree(&found);
}

static void golden_messages_are_read_and_packed_the_same(void **state)
{
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        char pattern[128];
        (void)snprintf(pattern, sizeof pattern, FOLDER "%s/*.bin", readers[i].name);
        folder_is_read(pattern, readers[i].read, PACKS_THE_SAME);
    }
}

static void what_is_left_out_gets_its_default(void **state)
{
    folder_is_read(FOLDER "terse/*.bin", read_report, PACKS_OTHERWISE);
}

static void hostile_messages_are_refused_with_their_reason(void **state)
{
    for (size_t r = 0; r < sizeof readers / sizeof readers[0]; r++) {
        char pattern[128];
        glob_t found;
        (void)snprintf(pattern, sizeof pattern, FOLDER "hostile/%s.*.bin", readers[r].name);
        assert_int_equal(glob(pattern, 0, NULL, &found), 0);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            struct golden golden;
            if (run(readers[r].read, found.gl_pathv[i], &golden) != STATUS_INVALID)
                fail_msg("%s is not refused", found.gl_pathv[i]);
            assert_beside(&golden, "reason", span_of(golden.reason));
            release(&golden);
        }
        globfree(&found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_messages_are_read_and_packed_the_same),
        cmocka_unit_test(what_is_left_out_gets_its_default),
        cmocka_unit_test(hostile_messages_are_refused_with_their_reason),
    };
    arena_init(&arena, 1 << 22);
    int failed = cmocka_run_group_tests_name("golden", tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
