/* A set of files as lines: what is appended, added, cut, replaced, removed and put back; packed files; bad lines. */
#include "agents/input.h"

#include "proto/limits.h"
#include "tests/unit/agents/unit.h"

#define NOBODY 65534

struct reading {
    struct input *input;
    struct text said;   /* "FILE:LINE text", "FILE:LINE! reason", "FILE end" */
    enum status status; /* of the last call that gave no item */
};

static void reading_open(struct reading *reading, const char *folder, const char *name, bool follow)
{
    char *path = path_in(folder, name), reason[256];
    *reading = (struct reading){0};
    const struct input_options options = {.path = path, .follow = follow};
    enum status status = input_open(&options, &reading->input, reason);
    if (status != STATUS_OK)
        fail_msg("%s: %s", path, reason);
    free(path);
}

static const char *reading_take(struct reading *reading)
{
    struct input_item item;
    text_clear(&reading->said);
    while ((reading->status = input_next(reading->input, &item)) == STATUS_OK)
        switch (item.kind) {
        case INPUT_LINE:
            text_print(&reading->said, "%s:%llu %.*s\n", base_name(item.file), (unsigned long long)item.line,
                       SPAN_ARG(item.text));
            break;
        case INPUT_REFUSAL:
            text_print(&reading->said, "%s:%llu! %s\n", base_name(item.file), (unsigned long long)item.line,
                       item.reason);
            break;
        case INPUT_FILE_END:
            text_print(&reading->said, "%s end\n", base_name(item.file));
            break;
        case INPUT_PAUSE:
            break;
        }
    return reading->said.data != NULL ? reading->said.data : "";
}

/* Takes until something was said, or three seconds have passed: the set is looked at once a second. */
static const char *reading_wait(struct reading *reading)
{
    for (int i = 0; i < 60; i++) {
        const char *said = reading_take(reading);
        if (said[0] != '\0')
            return said;
        pause_ms(50);
    }
    return "";
}

static void reading_close(struct reading *reading)
{
    input_close(reading->input);
    text_fini(&reading->said);
}

static void a_file_is_read_to_its_end_with_the_numbers_of_its_lines(void **state)
{
    char *folder = folder_make();
    struct reading reading;
    file_say(folder, "a", WRITE_NEW, "\xEF\xBB\xBFone\r\n\ntwo\r\nlast");
    reading_open(&reading, folder, "a", false);
    assert_string_equal(reading_take(&reading), "a:1 one\na:2 \na:3 two\na:4 last\na end\n");
    assert_int_equal(reading.status, STATUS_END);
    assert_string_equal(reading_take(&reading), "");
    assert_int_equal(reading.status, STATUS_END);
    uint64_t done, total;
    input_progress(reading.input, &done, &total);
    assert_int_equal(done, total);
    assert_int_equal(total, 18);
    reading_close(&reading);
    folder_remove(folder);
}

static void a_glob_is_read_in_order_of_name(void **state)
{
    char *folder = folder_make();
    struct reading reading;
    file_say(folder, "b.x", WRITE_NEW, "2\n");
    file_say(folder, "a.x", WRITE_NEW, "1\n");
    file_say(folder, "c.y", WRITE_NEW, "3\n");
    file_say(folder, "empty.x", WRITE_NEW, "");
    reading_open(&reading, folder, "*.x", false);
    assert_string_equal(reading_take(&reading), "a.x:1 1\na.x end\nb.x:1 2\nb.x end\nempty.x end\n");
    reading_close(&reading);
    file_say(folder, "[a].x", WRITE_NEW, "literal\n");
    reading_open(&reading, folder, "[a].x", false); /* a file of that very name is no pattern */
    assert_string_equal(reading_take(&reading), "[a].x:1 literal\n[a].x end\n");
    reading_close(&reading);
    folder_remove(folder);
}

static void what_is_not_there_is_said_at_once(void **state)
{
    static const struct {
        const char *name;
        enum status status;
        const char *because;
    } cases[] = {{"none", STATUS_NOT_FOUND, "No such file"},
                 {"*.none", STATUS_NOT_FOUND, "no file matches"},
                 {"gone/*.x", STATUS_NOT_FOUND, "folder is not there"},
                 {".", STATUS_INVALID, "is a directory"}};
    char *folder = folder_make();
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *path = path_in(folder, cases[i].name), reason[256] = "";
        struct input *input = NULL;
        assert_int_equal(input_open(&(struct input_options){.path = path}, &input, reason), cases[i].status);
        assert_non_null(strstr(reason, cases[i].because));
        assert_null(input);
        free(path);
    }
    folder_remove(folder);
}

static void a_followed_line_counts_when_it_has_its_end(void **state)
{
    char *folder = folder_make();
    struct reading reading;
    file_say(folder, "a", WRITE_NEW, "one\ntw");
    reading_open(&reading, folder, "a", true);
    assert_string_equal(reading_take(&reading), "a:1 one\n");
    assert_int_equal(reading.status, STATUS_AGAIN);
    file_say(folder, "a", WRITE_MORE, "o");
    assert_string_equal(reading_take(&reading), "");
    file_say(folder, "a", WRITE_MORE, "\nthree\n");
    assert_string_equal(reading_take(&reading), "a:2 two\na:3 three\n");
    reading_close(&reading);
    folder_remove(folder);
}

static void a_file_that_is_cut_or_written_anew_is_read_from_its_start(void **state)
{
    char *folder = folder_make(), *path = path_in(folder, "a");
    struct reading reading;
    file_say(folder, "a", WRITE_NEW, "one\ntwo\n");
    reading_open(&reading, folder, "a", true);
    assert_string_equal(reading_take(&reading), "a:1 one\na:2 two\n");
    assert_int_equal(truncate(path, 0), 0);
    file_say(folder, "a", WRITE_MORE, "neu\n");
    assert_string_equal(reading_wait(&reading), "a:1 neu\n");
    file_say(folder, "a", WRITE_NEW, "longer than what was there before\n"); /* never shorter when looked at */
    assert_string_equal(reading_wait(&reading), "a:1 longer than what was there before\n");
    reading_close(&reading);
    free(path);
    folder_remove(folder);
}

static void a_rotated_file_is_read_to_its_end_before_the_new_one(void **state)
{
    char *folder = folder_make(), *path = path_in(folder, "a"), *old = path_in(folder, "a.1");
    struct reading reading;
    file_say(folder, "a", WRITE_NEW, "one\n");
    reading_open(&reading, folder, "a", true);
    assert_string_equal(reading_take(&reading), "a:1 one\n");
    assert_int_equal(rename(path, old), 0);
    file_say(folder, "a.1", WRITE_MORE, "two\nlast without end");
    file_say(folder, "a", WRITE_NEW, "new\n");
    assert_string_equal(reading_wait(&reading), "a:2 two\n");
    pause_ms(1000); /* its writer has not yet heard that it was renamed */
    assert_string_equal(reading_take(&reading), "");
    file_say(folder, "a.1", WRITE_MORE, " yet\nthe last, without end");
    assert_string_equal(reading_wait(&reading), "a:3 last without end yet\n");
    assert_string_equal(reading_wait(&reading), "a:4 the last, without end\na end\na:1 new\n");
    reading_close(&reading);
    free(path);
    free(old);
    folder_remove(folder);
}

static void a_vanished_file_is_said_once_and_read_again_when_it_is_back(void **state)
{
    char *folder = folder_make(), *path = path_in(folder, "a");
    struct reading reading;
    file_say(folder, "a", WRITE_NEW, "one\n");
    reading_open(&reading, folder, "a", true);
    assert_string_equal(reading_take(&reading), "a:1 one\n");
    assert_int_equal(unlink(path), 0);
    assert_string_equal(reading_take(&reading), "");
    assert_string_equal(reading_wait(&reading), "a:0! the file is not there; it is waited for\n");
    assert_string_equal(reading_wait(&reading), "a end\n"); /* whoever had it open writes no more */
    assert_int_equal(reading.status, STATUS_NOT_FOUND);
    assert_string_equal(reading_wait(&reading), "");
    file_say(folder, "a", WRITE_NEW, "back\n");
    assert_string_equal(reading_wait(&reading), "a:1 back\n");
    assert_int_equal(reading.status, STATUS_AGAIN);
    reading_close(&reading);
    free(path);
    folder_remove(folder);
}

static void a_followed_folder_gives_what_is_added_and_survives_its_own_absence(void **state)
{
    char *folder = folder_make(), *in = path_in(folder, "in"), *away = path_in(folder, "away"),
         *first = path_in(folder, "in/1.x");
    struct reading reading;
    assert_int_equal(mkdir(in, 0700), 0);
    reading_open(&reading, folder, "in/*.x", true);
    assert_string_equal(reading_take(&reading), "");
    assert_int_equal(reading.status, STATUS_AGAIN);
    file_say(folder, "in/1.x", WRITE_NEW, "one\n");
    assert_string_equal(reading_wait(&reading), "1.x:1 one\n");
    assert_int_equal(unlink(first), 0); /* whoever tidies up is no trouble */
    assert_string_equal(reading_wait(&reading), "1.x end\n");
    assert_int_equal(reading.status, STATUS_AGAIN);
    assert_int_equal(rename(in, away), 0);
    assert_string_equal(reading_wait(&reading), "*.x:0! its folder is not there; it is waited for\n");
    assert_int_equal(reading.status, STATUS_NOT_FOUND);
    assert_string_equal(reading_wait(&reading), "");
    assert_int_equal(rename(away, in), 0);
    file_say(folder, "in/2.x", WRITE_NEW, "two\n");
    assert_string_equal(reading_wait(&reading), "2.x:1 two\n");
    assert_int_equal(reading.status, STATUS_AGAIN);
    reading_close(&reading);
    free(in);
    free(away);
    free(first);
    folder_remove(folder);
}

static void a_folder_among_the_files_is_refused_once_and_the_rest_is_read(void **state)
{
    char *folder = folder_make(), *inner = path_in(folder, "b.x");
    struct reading reading;
    assert_int_equal(mkdir(inner, 0700), 0);
    file_say(folder, "a.x", WRITE_NEW, "one\n");
    file_say(folder, "c.x", WRITE_NEW, "two\n");
    reading_open(&reading, folder, "*.x", false);
    assert_string_equal(reading_take(&reading),
                        "a.x:1 one\na.x end\n"
                        "b.x:0! is a directory, expected a file (or a pattern such as DIRECTORY/*.jsonl)\n"
                        "c.x:1 two\nc.x end\n");
    assert_int_equal(reading.status, STATUS_END);
    reading_close(&reading);
    free(inner);
    folder_remove(folder);
}

static void a_file_without_the_right_to_read_it_is_said_once_and_tried_again(void **state)
{
    char *folder = folder_make(), *path = path_in(folder, "a.x");
    struct reading reading;
    uid_t user = geteuid();
    if (user == 0) { /* root may read every file: be nobody for a while */
        assert_int_equal(chown(folder, NOBODY, NOBODY), 0);
        assert_int_equal(seteuid(NOBODY), 0);
    }
    file_say(folder, "a.x", WRITE_NEW, "one\n");
    assert_int_equal(chmod(path, 0), 0);
    reading_open(&reading, folder, "*.x", true);
    assert_string_equal(reading_take(&reading), "a.x:0! cannot be read: Permission denied\n");
    assert_int_equal(reading.status, STATUS_PERMISSION);
    assert_string_equal(reading_wait(&reading), "");
    assert_int_equal(chmod(path, 0600), 0);
    assert_string_equal(reading_wait(&reading), "a.x:1 one\n");
    assert_int_equal(seteuid(user), 0);
    reading_close(&reading);
    free(path);
    folder_remove(folder);
}

static void packed_files_are_unpacked_by_what_they_are(void **state)
{
    char *folder = folder_make();
    struct reading reading;
    file_say(folder, "a.x", WRITE_NEW, "one\ntwo\n");
    file_pack(folder, "a.x", "a.x.gz", "gzip");
    file_pack(folder, "a.x", "a.x.zst", "zstd");
    file_pack(folder, "a.x", "plainly-named.x", "gzip");
    reading_open(&reading, folder, "*.gz", false);
    assert_string_equal(reading_take(&reading), "a.x.gz:1 one\na.x.gz:2 two\na.x.gz end\n");
    reading_close(&reading);
    reading_open(&reading, folder, "*.zst", false);
    assert_string_equal(reading_take(&reading), "a.x.zst:1 one\na.x.zst:2 two\na.x.zst end\n");
    uint64_t done, total;
    input_progress(reading.input, &done, &total);
    assert_int_equal(done, total);
    reading_close(&reading);
    reading_open(&reading, folder, "plainly*", false);
    assert_string_equal(reading_take(&reading), "plainly-named.x:1 one\nplainly-named.x:2 two\nplainly-named.x end\n");
    reading_close(&reading);
    folder_remove(folder);
}

/* Numbers that gzip cannot make small, so that cutting the file cuts lines. */
static void write_numbers(const char *folder, const char *name)
{
    char *path = path_in(folder, name);
    FILE *file = fopen(path, "w");
    uint64_t number = 1;
    for (int i = 0; i < 50000; i++) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        fprintf(file, "%llu\n", (unsigned long long)number);
    }
    fclose(file);
    free(path);
}

static void cut_in_half(const char *folder, const char *name)
{
    char *path = path_in(folder, name);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(truncate(path, about.st_size / 2), 0);
    free(path);
}

static void a_truncated_packed_file_keeps_what_was_read_and_is_refused(void **state)
{
    static const char *const packed[] = {"n.gz", "n.zst"};
    char *folder = folder_make();
    write_numbers(folder, "n");
    file_pack(folder, "n", "n.gz", "gzip");
    file_pack(folder, "n", "n.zst", "zstd");
    for (size_t i = 0; i < COUNT(packed); i++) {
        struct reading reading;
        char refusal[128];
        cut_in_half(folder, packed[i]);
        reading_open(&reading, folder, packed[i], false);
        const char *said = reading_take(&reading);
        size_t lines = 0;
        for (const char *at = said; (at = strchr(at, '\n')) != NULL; at++)
            lines++;
        assert_true(lines > 10000 && lines < 40000);
        snprintf(refusal, sizeof(refusal),
                 "%s:0! the packed file is truncated: it ends too early; what was read before stays\n", packed[i]);
        assert_string_equal(said + strlen(said) - strlen(refusal), refusal);
        assert_int_equal(reading.status, STATUS_END);
        reading_close(&reading);
    }
    folder_remove(folder);
}

static void flip_bit(const char *folder, const char *name, long from_end)
{
    char *path = path_in(folder, name);
    FILE *file = fopen(path, "r+");
    assert_int_equal(fseek(file, -from_end, SEEK_END), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    fputc(byte ^ 1, file);
    fclose(file);
    free(path);
}

/* The last bytes of a .gz are checksum and length; those of a .zst are the checksum. */
static void a_damaged_packed_file_is_said_to_be(void **state)
{
    static const struct {
        const char *packed, *by;
        long from_end;
        const char *because;
    } cases[] = {{"n.gz", "gzip", 100000, "("},
                 {"n.gz", "gzip", 8, "(incorrect data check)"},
                 {"n.gz", "gzip", 1, "(incorrect length check)"},
                 {"n.zst", "zstd", 100000, "("},
                 {"n.zst", "zstd", 1, "("}};
    char *folder = folder_make();
    write_numbers(folder, "n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading reading;
        char begins[128], ends[] = "; what was read before stays, and may be wrong\n";
        file_pack(folder, "n", cases[i].packed, cases[i].by);
        flip_bit(folder, cases[i].packed, cases[i].from_end);
        reading_open(&reading, folder, cases[i].packed, false);
        const char *said = reading_take(&reading);
        snprintf(begins, sizeof(begins), "%s:0! the packed file is damaged %s", cases[i].packed, cases[i].because);
        if (strstr(said, begins) == NULL || strcmp(said + strlen(said) - strlen(ends), ends) != 0)
            fail_msg("\"%s\", expected \"%s\"", strrchr(said, ':') != NULL ? strrchr(said, ':') : said, begins);
        assert_null(strstr(said, " end\n"));
        reading_close(&reading);
    }
    folder_remove(folder);
}

static void gzip_members_behind_one_another_are_one_file_and_anything_else_behind_them_is_damage(void **state)
{
    static const char zeros[600] = {0};
    char *folder = folder_make(), bytes[128];
    struct reading reading;
    file_say(folder, "a", WRITE_NEW, "one\n");
    file_pack(folder, "a", "a.gz", "gzip");
    char *path = path_in(folder, "a.gz");
    FILE *file = fopen(path, "r");
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    file_write(folder, "a.gz", WRITE_MORE, bytes, size);
    file_write(folder, "a.gz", WRITE_MORE, zeros, sizeof(zeros));
    reading_open(&reading, folder, "a.gz", false);
    assert_string_equal(reading_take(&reading), "a.gz:1 one\na.gz:2 one\na.gz end\n");
    reading_close(&reading);
    file_say(folder, "a.gz", WRITE_MORE, "more");
    reading_open(&reading, folder, "a.gz", false);
    assert_string_equal(reading_take(&reading), "a.gz:1 one\na.gz:2 one\n"
                                                "a.gz:0! the packed file is damaged (incorrect header check); what was "
                                                "read before stays, and may be wrong\n");
    reading_close(&reading);
    free(path);
    folder_remove(folder);
}

static void a_packed_name_without_packed_content_is_refused(void **state)
{
    char *folder = folder_make();
    struct reading reading;
    file_say(folder, "a.gz", WRITE_NEW, "not packed\n");
    file_say(folder, "b.zst", WRITE_NEW, "");
    reading_open(&reading, folder, "*", false);
    assert_string_equal(reading_take(&reading), "a.gz:0! is named as a packed file, but is neither gzip nor zstd\n"
                                                "b.zst:0! is named as a packed file, but is empty\n");
    reading_close(&reading);
    folder_remove(folder);
}

static void a_followed_packed_file_is_read_when_it_is_whole_and_again_when_it_changes(void **state)
{
    char *folder = folder_make();
    struct reading reading;
    file_say(folder, "a", WRITE_NEW, "one\n");
    file_pack(folder, "a", "a.gz", "gzip");
    reading_open(&reading, folder, "*.gz", true);
    assert_string_equal(reading_take(&reading), ""); /* just written: perhaps not to its end */
    assert_int_equal(reading.status, STATUS_BUSY);
    assert_string_equal(reading_wait(&reading), "a.gz:1 one\na.gz end\n");
    assert_int_equal(reading.status, STATUS_AGAIN);
    assert_string_equal(reading_wait(&reading), "");
    file_say(folder, "a", WRITE_NEW, "one\ntwo\n");
    file_pack(folder, "a", "a.gz", "gzip");
    assert_string_equal(reading_wait(&reading), "a.gz:1 one\na.gz:2 two\na.gz end\n");
    file_say(folder, "b.gz", WRITE_NEW, ""); /* as gzip begins one */
    pause_ms(1500);
    assert_string_equal(reading_take(&reading), "");
    file_pack(folder, "a", "b.gz", "gzip");
    assert_string_equal(reading_wait(&reading), "b.gz:1 one\nb.gz:2 two\nb.gz end\n");
    reading_close(&reading);
    folder_remove(folder);
}

static void a_line_over_the_limit_is_refused_and_skipped(void **state)
{
    char *folder = folder_make();
    struct reading reading;
    size_t size = 3 * LIMIT_LINE_BYTES;
    char *long_line = malloc(size);
    memset(long_line, 'x', size);
    file_say(folder, "a", WRITE_NEW, "one\n");
    file_write(folder, "a", WRITE_MORE, long_line, size);
    file_say(folder, "a", WRITE_MORE, "\nthree\n");
    file_write(folder, "a", WRITE_MORE, long_line, LIMIT_LINE_BYTES + 1);
    file_say(folder, "a", WRITE_MORE, "\nfive\n");
    file_write(folder, "a", WRITE_MORE, long_line, size); /* the last, without an end */
    reading_open(&reading, folder, "a", false);
    assert_string_equal(reading_take(&reading),
                        "a:1 one\na:2! the line is longer than 1 MiB, the greatest that is read\na:3 three\n"
                        "a:4! the line is longer than 1 MiB, the greatest that is read\na:5 five\n"
                        "a:6! the line is longer than 1 MiB, the greatest that is read\na end\n");
    reading_close(&reading);
    file_write(folder, "exact", WRITE_NEW, long_line, LIMIT_LINE_BYTES);
    file_say(folder, "exact", WRITE_MORE, "\r\n");
    reading_open(&reading, folder, "exact", false);
    assert_int_equal(strlen(reading_take(&reading)), strlen("exact:1 \nexact end\n") + LIMIT_LINE_BYTES);
    reading_close(&reading);
    free(long_line);
    folder_remove(folder);
}

static void standard_input_never_waits(void **state)
{
    int ends[2], saved = dup(STDIN_FILENO);
    struct reading reading = {0};
    char reason[256];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    assert_int_equal(input_open(&(struct input_options){.path = "-"}, &reading.input, reason), STATUS_OK);
    assert_string_equal(reading_take(&reading), "");
    assert_int_equal(reading.status, STATUS_AGAIN);
    assert_int_equal(write(ends[1], "one\ntw", 6), 6);
    assert_string_equal(reading_take(&reading), "-:1 one\n");
    assert_int_equal(reading.status, STATUS_AGAIN);
    assert_int_equal(write(ends[1], "o", 1), 1);
    close(ends[1]);
    assert_string_equal(reading_take(&reading), "-:2 two\n- end\n");
    assert_int_equal(reading.status, STATUS_END);
    reading_close(&reading);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

/* "one", "two", by gzip */
static const unsigned char packed_bytes[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                             0xcb, 0xcf, 0x4b, 0xe5, 0x2a, 0x29, 0xcf, 0xe7, 0x02, 0x00,
                                             0xe6, 0x0b, 0xba, 0x12, 0x08, 0x00, 0x00, 0x00};

static void packed_stream(size_t size, const char *expected)
{
    int ends[2], saved = dup(STDIN_FILENO);
    struct reading reading = {0};
    char reason[256];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    assert_int_equal(write(ends[1], packed_bytes, 12), 12);
    assert_int_equal(input_open(&(struct input_options){.path = "-"}, &reading.input, reason), STATUS_OK);
    assert_string_equal(reading_take(&reading), "");
    assert_int_equal(reading.status, STATUS_AGAIN); /* the rest is still to come, nobody waits for it */
    assert_int_equal(write(ends[1], packed_bytes + 12, size - 12), (int)size - 12);
    close(ends[1]);
    assert_string_equal(reading_take(&reading), expected);
    assert_int_equal(reading.status, STATUS_END);
    reading_close(&reading);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

static void a_packed_stream_is_unpacked_once_it_is_whole(void **state)
{
    packed_stream(sizeof packed_bytes, "-:1 one\n-:2 two\n- end\n");
}

static void a_packed_stream_that_is_cut_is_said(void **state)
{
    packed_stream(
        sizeof packed_bytes - 4,
        "-:1 one\n-:2 two\n-:0! the packed file is truncated: it ends too early; what was read before stays\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_to_its_end_with_the_numbers_of_its_lines),
        cmocka_unit_test(a_glob_is_read_in_order_of_name),
        cmocka_unit_test(what_is_not_there_is_said_at_once),
        cmocka_unit_test(a_followed_line_counts_when_it_has_its_end),
        cmocka_unit_test(a_file_that_is_cut_or_written_anew_is_read_from_its_start),
        cmocka_unit_test(a_rotated_file_is_read_to_its_end_before_the_new_one),
        cmocka_unit_test(a_vanished_file_is_said_once_and_read_again_when_it_is_back),
        cmocka_unit_test(a_followed_folder_gives_what_is_added_and_survives_its_own_absence),
        cmocka_unit_test(a_folder_among_the_files_is_refused_once_and_the_rest_is_read),
        cmocka_unit_test(a_file_without_the_right_to_read_it_is_said_once_and_tried_again),
        cmocka_unit_test(packed_files_are_unpacked_by_what_they_are),
        cmocka_unit_test(a_truncated_packed_file_keeps_what_was_read_and_is_refused),
        cmocka_unit_test(a_damaged_packed_file_is_said_to_be),
        cmocka_unit_test(gzip_members_behind_one_another_are_one_file_and_anything_else_behind_them_is_damage),
        cmocka_unit_test(a_packed_name_without_packed_content_is_refused),
        cmocka_unit_test(a_followed_packed_file_is_read_when_it_is_whole_and_again_when_it_changes),
        cmocka_unit_test(a_line_over_the_limit_is_refused_and_skipped),
        cmocka_unit_test(standard_input_never_waits),
        cmocka_unit_test(a_packed_stream_is_unpacked_once_it_is_whole),
        cmocka_unit_test(a_packed_stream_that_is_cut_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
