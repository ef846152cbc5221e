/* The GeoPackage as a file: what stands in its way, who else uses it, what map programs and a stranger's SQL see in it.
 */
#include "proto/json.h"
#include "tests/contract/sink/story.h"
#include "tests/contract/sink/unit.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define T0 INT64_C(1757453400000)

struct bench {
    char folder[64];
    char url[128];
    struct arena arena;
    uint64_t number;
    char reason[256];
};

static int setup(void **state)
{
    struct bench *bench = test_calloc(1, sizeof *bench);
    strcpy(bench->folder, "/tmp/vedette-gpkg-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->url, sizeof bench->url, "%s/store.gpkg", bench->folder);
    arena_init(&bench->arena, 64u << 20);
    *state = bench;
    return 0;
}

/* Every @ stands for the folder. */
static int run_command(const char *pattern, const char *folder)
{
    char command[2048];
    size_t size = 0;
    for (; *pattern != '\0'; pattern++) {
        int wrote = *pattern == '@' ? snprintf(command + size, sizeof command - size, "%s", folder)
                                    : snprintf(command + size, sizeof command - size, "%c", *pattern);
        size += (size_t)wrote;
        assert_true(size < sizeof command);
    }
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    (void)run_command("chmod -R u+w @; rm -r @", bench->folder);
    arena_fini(&bench->arena);
    test_free(bench);
    return 0;
}

static struct stream_position next_position(struct bench *bench)
{
    return (struct stream_position){1000, ++bench->number};
}

/* The link's positions are counted like what goes over it. */
static enum delivery apply(struct bench *bench, struct store *store, struct publication publication)
{
    enum store_effect effect;
    uint32_t revision;
    return store_apply(store,
                       &(struct store_piece){.publications = &publication, .count = 1, .link = {1000, bench->number}},
                       &effect, &revision, bench->reason);
}

static void tell(struct bench *bench, struct store *store, const char *id, int64_t start_ms, double lat, double lon,
                 const char *country)
{
    struct incident incident = story_incident(&bench->arena, next_position(bench), id, 0, start_ms, lat, lon, country);
    assert_int_equal(apply(bench, store, story_told(incident)), DELIVERED);
}

static void fill(struct bench *bench, struct store *store)
{
    tell(bench, store, "pl", T0, 51.5, 23.25, "PL");
    tell(bench, store, "ro", T0 + 1000, 45.0, 29.0, "RO");
    tell(bench, store, "ee", T0 + 2000, 59.5, 25.5, "EE");
    tell(bench, store, "fiji", T0 + 3000, -17.5, 179.5, "FJ");
    tell(bench, store, "tonga", T0 + 4000, -21.25, -175.25, "TO");
    assert_int_equal(apply(bench, store,
                           story_episode(&bench->arena, next_position(bench), "europe", 1, EPISODE_FLAGGED, T0,
                                         T0 + 2000, "EE,PL,RO", "pl ro ee")),
                     DELIVERED);
    assert_int_equal(apply(bench, store,
                           story_episode(&bench->arena, next_position(bench), "pacific", 1, EPISODE_FLAGGED, T0,
                                         T0 + 4000, "FJ,TO", "fiji tonga")),
                     DELIVERED);
}

static struct store *open_store(struct bench *bench, enum store_mode mode)
{
    struct store *store;
    if (store_open(bench->url, mode, &store, bench->reason) != STATUS_OK)
        fail_msg("%s", bench->reason);
    return store;
}

static void assert_refused(struct bench *bench, enum store_mode mode, enum status expected, const char *said)
{
    struct store *store;
    enum status status = store_open(bench->url, mode, &store, bench->reason);
    if (status == STATUS_OK)
        store_close(store);
    assert_int_equal(status, expected);
    if (strstr(bench->reason, said) == NULL || strstr(bench->reason, bench->url) == NULL)
        fail_msg("said \"%s\", expected \"%s\"", bench->reason, said);
}

static void write_file(struct bench *bench, const char *bytes, size_t size)
{
    FILE *file = fopen(bench->url, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static size_t files_in(struct bench *bench)
{
    char command[256];
    snprintf(command, sizeof command, "ls -A %s | wc -l", bench->folder);
    FILE *pipe = popen(command, "r");
    unsigned count = 99;
    assert_int_equal(fscanf(pipe, "%u", &count), 1);
    (void)pclose(pipe);
    return count;
}

static enum status count_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)episode;
    (void)incidents;
    ++*(size_t *)self;
    return STATUS_OK;
}

static size_t episodes_in(struct store *store)
{
    size_t count = 0;
    assert_int_equal(store_episodes(store, &(struct store_filter){.with_candidates = true}, count_episode, &count),
                     STATUS_OK);
    return count;
}

static void what_is_no_store_is_refused_in_a_clear_sentence(void **state)
{
    struct bench *bench = *state;
    static const char text[] = "This is no database. It is a text that somebody called so, long enough to be read as a "
                               "header of one hundred bytes.";
    assert_refused(bench, STORE_READ, STATUS_NOT_FOUND, "is not there");
    write_file(bench, "", 0);
    assert_refused(bench, STORE_READ, STATUS_UNSUPPORTED, "it is empty");
    write_file(bench, text, sizeof text);
    for (enum store_mode mode = STORE_READ; mode <= STORE_WRITE; mode++)
        assert_refused(bench, mode, STATUS_UNSUPPORTED, "is not a GeoPackage");
    assert_refused(bench, STORE_REPLACE, STATUS_UNSUPPORTED, "is not a Vedette store, not replaced");
    assert_int_equal(unlink(bench->url), 0);
    assert_int_equal(mkdir(bench->url, 0700), 0);
    for (enum store_mode mode = STORE_READ; mode <= STORE_REPLACE; mode++)
        assert_refused(bench, mode, STATUS_INVALID, "is a directory");
    assert_int_equal(rmdir(bench->url), 0);
    assert_int_equal(run_command("sqlite3 @/store.gpkg 'CREATE TABLE t(x)' || /usr/bin/python3 -c \"import sqlite3; "
                                 "sqlite3.connect('@/store.gpkg').execute('CREATE TABLE t(x)')\"",
                                 bench->folder),
                     0);
    assert_refused(bench, STORE_WRITE, STATUS_UNSUPPORTED, "an SQLite file of another kind");
    assert_refused(bench, STORE_REPLACE, STATUS_UNSUPPORTED, "is not a Vedette store, not replaced");
    assert_int_equal(unlink(bench->url), 0);
    assert_int_equal(
        run_command("/usr/bin/python3 -c \"import sqlite3; c = sqlite3.connect('@/store.gpkg'); "
                    "c.execute('PRAGMA application_id = 0x47504B47'); c.execute('CREATE TABLE gpkg_contents(x)')\"",
                    bench->folder),
        0);
    assert_refused(bench, STORE_READ, STATUS_UNSUPPORTED, "a GeoPackage of another program");
    assert_refused(bench, STORE_WRITE, STATUS_UNSUPPORTED, "a GeoPackage of another program");
    assert_int_equal(files_in(bench), 1); /* nothing left beside it */
}

static void a_store_cut_off_is_refused(void **state)
{
    struct bench *bench = *state;
    struct store *store = open_store(bench, STORE_WRITE);
    fill(bench, store);
    store_close(store);
    struct stat stat_of;
    assert_int_equal(stat(bench->url, &stat_of), 0);
    assert_int_equal(truncate(bench->url, stat_of.st_size / 2), 0);
    for (enum store_mode mode = STORE_READ; mode <= STORE_WRITE; mode++)
        assert_refused(bench, mode, STATUS_CORRUPT, "damaged or cut off");
    assert_refused(bench, STORE_REPLACE, STATUS_UNSUPPORTED, "not replaced");
}

static void a_later_schema_is_refused(void **state)
{
    struct bench *bench = *state;
    store_close(open_store(bench, STORE_WRITE));
    assert_int_equal(
        run_command("/usr/bin/python3 -c \"import sqlite3; c = sqlite3.connect('@/store.gpkg'); "
                    "c.execute('UPDATE vedette_meta SET value = 99 WHERE key = \\\"schema\\\"'); c.commit()\"",
                    bench->folder),
        0);
    assert_refused(bench, STORE_READ, STATUS_UNSUPPORTED, "written by a later Vedette");
    assert_refused(bench, STORE_WRITE, STATUS_UNSUPPORTED, "written by a later Vedette");
}

static enum status keep_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)incidents;
    struct episode *kept = self;
    kept->members = NULL;
    kept->member_count = episode->member_count;
    kept->revision = episode->revision;
    kept->recurrence_at_least = episode->recurrence_at_least;
    kept->baseline_hash.size = episode->baseline_hash.size;
    kept->observed = episode->members[0].history;
    kept->members_omitted = episode->members[0].threshold;
    return STATUS_OK;
}

/* As issue by issue it was written: without the columns of the baseline. */
static void a_store_of_schema_1_is_read_as_it_is_and_upgraded_by_who_writes(void **state)
{
    struct bench *bench = *state;
    struct store *store = open_store(bench, STORE_WRITE);
    fill(bench, store);
    store_close(store);
    assert_int_equal(
        run_command("/usr/bin/python3 -c \"import sqlite3; c = sqlite3.connect('@/store.gpkg'); "
                    "c.execute('ALTER TABLE episodes DROP COLUMN recurrence_at_least'); "
                    "c.execute('ALTER TABLE episodes DROP COLUMN baseline_hash'); "
                    "c.execute('ALTER TABLE episodes DROP COLUMN epoch'); "
                    "c.execute('ALTER TABLE episodes DROP COLUMN number'); "
                    "[c.execute('DROP TABLE vedette_' + name) for name in "
                    "('notices', 'endpoints', 'alerts', 'drafts')]; "
                    "c.execute('UPDATE vedette_meta SET value = 1 WHERE key = \\\"schema\\\"'); c.commit()\"",
                    bench->folder),
        0);
    store = open_store(bench, STORE_READ);
    assert_int_equal(episodes_in(store), 2);
    store_close(store);
    store = open_store(bench, STORE_WRITE);
    assert_int_equal(episodes_in(store), 2);
    struct publication judged = story_episode(&bench->arena, next_position(bench), "europe", 2, EPISODE_FLAGGED, T0,
                                              T0 + 2000, "EE,PL,RO", "pl ro ee");
    struct episode_member members[3];
    memcpy(members, judged.episode.members, sizeof members);
    members[0].history = 7;
    members[0].threshold = 4;
    judged.episode.members = members;
    judged.episode.calibrated = judged.episode.recurrence_at_least = true;
    judged.episode.recurrence_days = 3652.5;
    judged.episode.baseline_hash = SPAN("ff00ff00ff00ff00");
    episode_digest(&judged.episode, judged.episode.digest);
    assert_int_equal(apply(bench, store, judged), DELIVERED);
    struct episode kept = {0};
    assert_int_equal(store_episodes(store, &(struct store_filter){.id = SPAN("europe")}, keep_episode, &kept),
                     STATUS_OK);
    assert_int_equal(kept.revision, 2);
    assert_true(kept.recurrence_at_least && kept.baseline_hash.size == 16);
    assert_true(kept.observed == 7 && kept.members_omitted == 4);
    store_close(store);
    assert_int_equal(
        run_command("/usr/bin/python3 tests/contract/sink/geopackage_check.py @/store.gpkg && "
                    "/usr/bin/python3 -c \"import sqlite3; c = sqlite3.connect('@/store.gpkg'); "
                    "assert c.execute('SELECT baseline_hash, recurrence_at_least, recurrence_days FROM episodes WHERE "
                    "id = \\\"europe\\\"').fetchone() == ('ff00ff00ff00ff00', 1, 3652.5); "
                    "assert c.execute('SELECT baseline_hash FROM episodes WHERE id = \\\"pacific\\\"').fetchone()[0] "
                    "is None\"",
                    bench->folder),
        0);
}

static void one_writes_others_read(void **state)
{
    struct bench *bench = *state;
    struct store *writer = open_store(bench, STORE_WRITE);
    fill(bench, writer);
    assert_refused(bench, STORE_WRITE, STATUS_BUSY, "is being written by another program");
    assert_refused(bench, STORE_REPLACE, STATUS_BUSY, "is being written by another program");
    struct store *reader = open_store(bench, STORE_READ);
    assert_int_equal(episodes_in(reader), 2);
    assert_int_equal(
        apply(bench, writer,
              story_episode(&bench->arena, next_position(bench), "third", 1, EPISODE_FLAGGED, T0, T0, "EE", "ee")),
        DELIVERED);
    assert_int_equal(episodes_in(reader), 3);
    assert_int_equal(apply(bench, reader, story_rule("a", "b", "c")), REJECTED);
    store_close(reader);
    /* Another process sees the lock too. */
    pid_t pid = fork();
    if (pid == 0) {
        struct store *other;
        char reason[256];
        _exit(store_open(bench->url, STORE_WRITE, &other, reason) == STATUS_BUSY ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    store_close(writer);
    store_close(open_store(bench, STORE_WRITE));
    assert_int_equal(files_in(bench), 1);
}

static void a_killed_writer_leaves_what_it_had_delivered(void **state)
{
    struct bench *bench = *state;
    pid_t pid = fork();
    if (pid == 0) {
        struct store *store;
        if (store_open(bench->url, STORE_WRITE, &store, bench->reason) != STATUS_OK)
            _exit(1);
        fill(bench, store);
        (void)raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    struct store *reader = open_store(bench, STORE_READ);
    assert_int_equal(episodes_in(reader), 2);
    assert_int_equal(store_link(reader).number, 7);
    store_close(reader);
    /* And may be replaced: its -wal is not played into the new file. */
    struct store *store = open_store(bench, STORE_REPLACE);
    assert_int_equal(store_commit(store, bench->reason), STATUS_OK);
    store_close(store);
    reader = open_store(bench, STORE_READ);
    assert_int_equal(episodes_in(reader), 0);
    store_close(reader);
    assert_int_equal(files_in(bench), 1);
}

static void a_replacement_is_there_at_once_or_not_at_all(void **state)
{
    struct bench *bench = *state;
    struct store *store = open_store(bench, STORE_WRITE);
    fill(bench, store);
    store_close(store);
    store = open_store(bench, STORE_REPLACE);
    tell(bench, store, "new", T0, 1, 1, "EE");
    struct store *reader = open_store(bench, STORE_READ);
    assert_int_equal(episodes_in(reader), 2);
    store_close(reader);
    store_close(store); /* without a commit */
    reader = open_store(bench, STORE_READ);
    assert_int_equal(episodes_in(reader), 2);
    store_close(reader);
    assert_int_equal(files_in(bench), 1);

    bench->number = 0;
    store = open_store(bench, STORE_REPLACE);
    assert_int_equal(store_link(store).number, 0);
    tell(bench, store, "new", T0, 1, 1, "EE");
    assert_int_equal(store_commit(store, bench->reason), STATUS_OK);
    assert_int_equal(episodes_in(store), 0); /* may be asked on */
    assert_int_equal(apply(bench, store, story_rule("a", "b", "c")), REJECTED);
    reader = open_store(bench, STORE_READ);
    assert_int_equal(episodes_in(reader), 0);
    store_close(reader);
    store_close(store);
    assert_int_equal(files_in(bench), 1);
}

static void a_store_another_program_has_open_is_not_replaced(void **state)
{
    struct bench *bench = *state;
    store_close(open_store(bench, STORE_WRITE));
    sqlite3 *other;
    assert_int_equal(sqlite3_open(bench->url, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "PRAGMA journal_mode = WAL; BEGIN; SELECT count(*) FROM episodes", NULL, NULL, NULL),
        SQLITE_OK);
    assert_refused(bench, STORE_REPLACE, STATUS_BUSY, "is in use by another program, not replaced");
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void a_read_only_folder_is_read_and_not_written(void **state)
{
    struct bench *bench = *state;
    struct store *store = open_store(bench, STORE_WRITE);
    fill(bench, store);
    store_close(store);
    /* A file in WAL mode with nothing beside it, as a copy onto a read-only medium may be. */
    assert_int_equal(run_command("/usr/bin/python3 -c \"import sqlite3; c = sqlite3.connect('@/store.gpkg'); "
                                 "c.execute('PRAGMA journal_mode = WAL'); c.close()\"",
                                 bench->folder),
                     0);
    assert_int_equal(chmod(bench->url, 0444), 0);
    assert_int_equal(chmod(bench->folder, 0555), 0);
    if (geteuid() == 0) { /* permissions do not hold root: try as nobody */
        pid_t pid = fork();
        if (pid == 0) {
            if (setgid(65534) != 0 || setuid(65534) != 0)
                _exit(2);
            struct store *other;
            bool reads = store_open(bench->url, STORE_READ, &other, bench->reason) == STATUS_OK;
            reads = reads && episodes_in(other) == 2;
            if (reads)
                store_close(other);
            bool writes = store_open(bench->url, STORE_WRITE, &other, bench->reason) != STATUS_PERMISSION;
            bool replaces = store_open(bench->url, STORE_REPLACE, &other, bench->reason) != STATUS_PERMISSION;
            _exit(reads && !writes && !replaces ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), 0);
        return;
    }
    store = open_store(bench, STORE_READ);
    assert_int_equal(episodes_in(store), 2);
    store_close(store);
    assert_refused(bench, STORE_WRITE, STATUS_PERMISSION, "permission denied");
    assert_refused(bench, STORE_REPLACE, STATUS_PERMISSION, "cannot be written");
}

/* --- a full disk: SQLite's own seam to the system calls --- */

static sqlite3_syscall_ptr real_pwrite;
static bool disk_is_full;

static ssize_t full_pwrite(int fd, const void *bytes, size_t count, off64_t at)
{
    if (disk_is_full) {
        errno = ENOSPC;
        return -1;
    }
    return pwrite64(fd, bytes, count, at);
}

static void a_full_disk_is_waited_for_and_nothing_is_half_written(void **state)
{
    struct bench *bench = *state;
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    real_pwrite = vfs->xGetSystemCall(vfs, "pwrite64");
    const char *name = real_pwrite != NULL ? "pwrite64" : "pwrite";
    assert_int_equal(vfs->xSetSystemCall(vfs, name, (sqlite3_syscall_ptr)full_pwrite), SQLITE_OK);
    struct store *store = open_store(bench, STORE_WRITE);
    tell(bench, store, "pl", T0, 51.5, 23.25, "PL");
    disk_is_full = true;
    const struct publication more[] = {
        story_told(story_incident(&bench->arena, next_position(bench), "ro", 0, T0, 45, 29, "RO")),
        story_episode(&bench->arena, next_position(bench), "e1", 1, EPISODE_FLAGGED, T0, T0, "PL,RO", "pl ro")};
    const struct store_piece piece = {.publications = more, .count = 2, .link = {1000, 3}};
    enum store_effect effects[2];
    uint32_t revisions[2];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_apply(store, &piece, effects, revisions, bench->reason), RETRY_LATER);
        assert_non_null(strstr(bench->reason, "no space left on the device"));
        assert_int_equal(store_link(store).number, 1);
        assert_int_equal(episodes_in(store), 0);
    }
    disk_is_full = false;
    assert_int_equal(store_apply(store, &piece, effects, revisions, bench->reason), DELIVERED);
    assert_int_equal(episodes_in(store), 1);
    store_close(store);
    disk_is_full = true;
    char other[160];
    snprintf(other, sizeof other, "%s/other.gpkg", bench->folder);
    struct store *refused;
    assert_int_equal(store_open(other, STORE_WRITE, &refused, bench->reason), STATUS_NO_SPACE);
    assert_int_not_equal(access(other, F_OK), 0);
    disk_is_full = false;
    assert_int_equal(vfs->xSetSystemCall(vfs, name, real_pwrite), SQLITE_OK);
}

static void map_programs_open_it(void **state)
{
    struct bench *bench = *state;
    struct store *store = open_store(bench, STORE_WRITE);
    fill(bench, store);
    store_close(store);
    if (run_command("command -v ogrinfo > /dev/null", bench->folder) != 0)
        fail_msg("ogrinfo is missing: gdal-bin has it");
    assert_int_equal(run_command("ogrinfo -so @/store.gpkg episodes > @/out 2>&1 && ! grep -qiE 'warning|error' @/out",
                                 bench->folder),
                     0);
    assert_int_equal(run_command("grep -q 'Feature Count: 2' @/out && grep -q 'countries: String' @/out && grep -q "
                                 "'first: DateTime' @/out",
                                 bench->folder),
                     0);
    assert_int_equal(run_command("ogrinfo -so @/store.gpkg incidents > @/out 2>&1 && ! grep -qiE 'warning|error' @/out",
                                 bench->folder),
                     0);
    assert_int_equal(run_command("grep -q 'Feature Count: 5' @/out && grep -q 'Geometry: Point' @/out && grep -q "
                                 "'Extent: (-175.25' @/out",
                                 bench->folder),
                     0);
    assert_int_equal(
        run_command("ogrinfo @/store.gpkg incidents -spat 20 50 30 60 > @/out 2>&1; grep -q 'Feature Count: 2' @/out",
                    bench->folder),
        0);
    assert_int_equal(
        run_command(
            "ogrinfo -al @/store.gpkg -spat -176 -22 -175 -21 > @/out 2>&1 && grep -q 'id (String) = pacific' @/out",
            bench->folder),
        0);
    assert_int_equal(
        run_command("ogrinfo -al @/store.gpkg > @/out 2>&1 && ! grep -qiE 'warning|error' @/out", bench->folder), 0);
    assert_int_equal(run_command("grep -q 'countries (String) = EE,PL,RO' @/out && grep -q 'first (DateTime) = "
                                 "2025/09/09 21:30:00+00' @/out",
                                 bench->folder),
                     0);
    /* What an editor changes stays in the index: the standard's triggers. */
    assert_int_equal(
        run_command("ogrinfo -q @/store.gpkg -sql \"DELETE FROM incidents WHERE id = 's:ro'\" > @/out 2>&1; "
                    "ogrinfo @/store.gpkg incidents -spat 28 44 30 46 | grep -q 'Feature Count: 0'",
                    bench->folder),
        0);
}

static void its_tables_are_what_the_standard_asks_for(void **state)
{
    struct bench *bench = *state;
    struct store *store = open_store(bench, STORE_WRITE);
    fill(bench, store);
    tell(bench, store, "far", T0, 80, 10, "NO");
    struct publication back =
        story_told(story_incident(&bench->arena, next_position(bench), "far", 1, T0, 50, 10, "DE"));
    assert_int_equal(apply(bench, store, back), DELIVERED); /* the bounds must shrink again */
    store_close(store);
    assert_int_equal(
        run_command("/usr/bin/python3 tests/contract/sink/geopackage_check.py @/store.gpkg", bench->folder), 0);
    store = open_store(bench, STORE_REPLACE);
    bench->number = 0;
    fill(bench, store);
    assert_int_equal(store_commit(store, bench->reason), STATUS_OK);
    store_close(store);
    assert_int_equal(
        run_command("/usr/bin/python3 tests/contract/sink/geopackage_check.py @/store.gpkg", bench->folder), 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_no_store_is_refused_in_a_clear_sentence),
        T(a_store_cut_off_is_refused),
        T(a_later_schema_is_refused),
        T(a_store_of_schema_1_is_read_as_it_is_and_upgraded_by_who_writes),
        T(one_writes_others_read),
        T(a_killed_writer_leaves_what_it_had_delivered),
        T(a_replacement_is_there_at_once_or_not_at_all),
        T(a_store_another_program_has_open_is_not_replaced),
        T(a_read_only_folder_is_read_and_not_written),
        T(a_full_disk_is_waited_for_and_nothing_is_half_written),
        T(map_programs_open_it),
        T(its_tables_are_what_the_standard_asks_for),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
