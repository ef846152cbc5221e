#include "agents/time_scan.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000LL

struct scanner {
    struct span text;
    size_t at;
    struct scan_time time;
    bool after_night; /* the word before was "night" */
    bool after_t;     /* a "T" joins the date to what comes: the form that has offsets */
    char *reason;
};

int64_t civil_day(struct civil date)
{
    int64_t ms = 0;
    struct civil midnight = {.year = date.year, .month = date.month, .day = date.day};
    return time_from_civil(&midnight, &ms) == STATUS_OK ? ms / DAY_MS - (ms % DAY_MS < 0) : 0;
}

struct civil civil_shift(struct civil date, int32_t days)
{
    struct civil shifted = {0};
    time_to_civil((civil_day(date) + days) * DAY_MS, &shifted);
    return shifted;
}

static bool date_is_valid(struct civil date)
{
    int64_t ms;
    struct civil midnight = {.year = date.year, .month = date.month, .day = date.day};
    return time_from_civil(&midnight, &ms) == STATUS_OK;
}

static enum status wrong(struct scanner *scanner, const char *what)
{
    char shown[120];
    utf8_printable(scanner->text, shown, sizeof(shown));
    snprintf(scanner->reason, REASON_BYTES, "%s in \"%s\"", what, shown);
    return STATUS_INVALID;
}

/* --- small steps; each moves on only where it answers true --- */

static char peek(const struct scanner *scanner, size_t ahead)
{
    return scanner->at + ahead < scanner->text.size ? scanner->text.data[scanner->at + ahead] : '\0';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (unsigned char)byte >= 0x80;
}

/* A whole number of least … most digits, not followed by another digit. */
static bool take_number(struct scanner *scanner, size_t least, size_t most, int32_t *ret_number)
{
    size_t digits = 0;
    int32_t number = 0;
    while (digits <= most && is_digit(peek(scanner, digits)))
        number = number * 10 + (peek(scanner, digits++) - '0');
    if (digits < least || digits > most)
        return false;
    scanner->at += digits;
    *ret_number = number;
    return true;
}

static bool take_bytes(struct scanner *scanner, const char *bytes)
{
    size_t size = strlen(bytes);
    if (scanner->text.size - scanner->at < size || memcmp(scanner->text.data + scanner->at, bytes, size) != 0)
        return false;
    scanner->at += size;
    return true;
}

static void skip_blanks(struct scanner *scanner)
{
    while (peek(scanner, 0) == ' ')
        scanner->at++;
}

/* What joins two days: "-", "–", "/", "..". */
static bool take_joint(struct scanner *scanner)
{
    return take_bytes(scanner, "..") || take_bytes(scanner, "\xE2\x80\x93") || take_bytes(scanner, "-") ||
           take_bytes(scanner, "/");
}

static struct span take_word(struct scanner *scanner)
{
    size_t start = scanner->at;
    while (is_letter(peek(scanner, 0)))
        scanner->at++;
    return (struct span){scanner->text.data + start, scanner->at - start};
}

static bool word_is(struct span word, const char *wanted)
{
    return word.size == strlen(wanted) && strncasecmp(word.data, wanted, word.size) == 0;
}

/* "Sep", "Sept", "September": at least three letters of the name. */
static bool take_month(struct scanner *scanner, int32_t *ret_month)
{
    static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
                                         "july",    "august",   "september", "october", "november", "december"};
    size_t before = scanner->at;
    struct span word = take_word(scanner);
    for (int32_t i = 0; i < 12; i++)
        if (word.size >= 3 && word.size <= strlen(months[i]) && strncasecmp(word.data, months[i], word.size) == 0) {
            *ret_month = i + 1;
            return true;
        }
    scanner->at = before;
    return false;
}

/* --- dates --- */

static enum status add_date(struct scanner *scanner, struct civil date)
{
    struct scan_time *time = &scanner->time;
    if (!date_is_valid(date))
        return wrong(scanner, "a date that does not exist");
    if (time->date_count == 2)
        return wrong(scanner, "more than two dates");
    if (time->date_count == 1 && civil_day(date) < civil_day(time->dates[0]))
        return wrong(scanner, "a second date before the first");
    time->dates[time->date_count++] = date;
    return STATUS_OK;
}

/* The day "08" behind "2024-09-07/": the next day of that number. */
static enum status add_later_day(struct scanner *scanner, struct civil first, int32_t day)
{
    struct civil date = {.year = first.year, .month = first.month, .day = day};
    if (day < first.day) {
        date.month = first.month % 12 + 1;
        date.year += first.month == 12;
    }
    return add_date(scanner, date);
}

/* From behind "2024-09-07": "/08", "..10", "/2024-09-09" — but not "-03:15" or a lone "/". */
static enum status take_second_day(struct scanner *scanner, struct civil first)
{
    size_t before = scanner->at;
    int32_t number;
    if (take_joint(scanner) && take_number(scanner, 1, 2, &number) && peek(scanner, 0) != ':' && number >= 1 &&
        number <= 31)
        return add_later_day(scanner, first, number);
    scanner->at = before;
    return STATUS_OK;
}

/* "2024-09-07"; ret_taken says whether there was one. */
static enum status take_year_first(struct scanner *scanner, bool *ret_taken)
{
    size_t before = scanner->at;
    struct civil date = {0};
    if (!take_number(scanner, 4, 4, &date.year))
        return STATUS_OK;
    char joint = peek(scanner, 0);
    if ((joint != '-' && joint != '/') || !is_digit(peek(scanner, 1))) {
        scanner->at = before;
        return STATUS_OK;
    }
    scanner->at++;
    if (!take_number(scanner, 1, 2, &date.month) || peek(scanner, 0) != joint) {
        scanner->at = before;
        return STATUS_OK;
    }
    scanner->at++;
    if (!take_number(scanner, 1, 2, &date.day)) {
        scanner->at = before;
        return STATUS_OK;
    }
    *ret_taken = true;
    scanner->after_t = peek(scanner, 0) == 'T' && is_digit(peek(scanner, 1));
    if (scanner->after_t)
        scanner->at++;
    enum status status = add_date(scanner, date);
    return status == STATUS_OK ? take_second_day(scanner, date) : status;
}

/* "7 Sep 2024", "09–10 Sep 2025", "07.09.2024", and behind "night": "3-4 Sep". */
static enum status take_day_first(struct scanner *scanner, bool *ret_taken)
{
    size_t before = scanner->at;
    struct civil first = {0};
    int32_t last = 0;
    if (!take_number(scanner, 1, 2, &first.day))
        return STATUS_OK;
    if (peek(scanner, 0) == '.' && take_bytes(scanner, ".") && take_number(scanner, 1, 2, &first.month) &&
        take_bytes(scanner, ".") && take_number(scanner, 4, 4, &first.year)) {
        *ret_taken = true;
        return add_date(scanner, first);
    }
    scanner->at = before;
    (void)take_number(scanner, 1, 2, &first.day);
    if (take_joint(scanner) && !take_number(scanner, 1, 2, &last)) {
        scanner->at = before;
        return STATUS_OK;
    }
    skip_blanks(scanner);
    bool month = take_month(scanner, &first.month);
    skip_blanks(scanner);
    if (month && take_number(scanner, 4, 4, &first.year)) {
        *ret_taken = true;
        enum status status = add_date(scanner, first);
        return status == STATUS_OK && last > 0 ? add_later_day(scanner, first, last) : status;
    }
    if (month && last > 0 && scanner->after_night && scanner->time.date_count > 0) {
        first.year = scanner->time.dates[0].year;
        *ret_taken = true;
        if (!date_is_valid(first) || last > 31)
            return wrong(scanner, "a date that does not exist");
        scanner->time.night[0] = first;
        scanner->time.night[1] = civil_shift(first, 1);
        scanner->time.has_night = true;
        return last == scanner->time.night[1].day ? STATUS_OK : wrong(scanner, "a night over more than two days");
    }
    scanner->at = before;
    return STATUS_OK;
}

/* --- clocks --- */

static enum status take_clock(struct scanner *scanner, bool *ret_taken)
{
    size_t before = scanner->at;
    struct civil clock = {0};
    if (!take_number(scanner, 1, 2, &clock.hour) || !take_bytes(scanner, ":") ||
        !take_number(scanner, 2, 2, &clock.minute)) {
        scanner->at = before;
        return STATUS_OK;
    }
    if (peek(scanner, 0) == ':' && take_bytes(scanner, ":") && !take_number(scanner, 2, 2, &clock.second))
        return wrong(scanner, "a clock time that does not exist");
    if (peek(scanner, 0) == '.' && is_digit(peek(scanner, 1))) {
        int32_t scale = 100;
        for (scanner->at++; is_digit(peek(scanner, 0)); scanner->at++, scale /= 10)
            clock.millisecond += (peek(scanner, 0) - '0') * scale;
    }
    bool offset_west = scanner->after_t && peek(scanner, 0) == '-'; /* else it joins two clock times */
    scanner->after_t = false;
    if (peek(scanner, 0) == 'Z' || peek(scanner, 0) == '+' || offset_west)
        return wrong(scanner, "an offset, where a local time is expected (occurred.start reads offsets),");
    *ret_taken = true;
    if (clock.hour > 23 || clock.minute > 59 || clock.second > 59)
        return wrong(scanner, "a clock time that does not exist");
    if (scanner->time.clock_count == 2)
        return wrong(scanner, "more than two clock times");
    scanner->time.clocks[scanner->time.clock_count++] = clock;
    return STATUS_OK;
}

/* --- the whole --- */

static void take_part(struct scanner *scanner)
{
    static const struct {
        const char *word;
        enum scan_part part;
    } parts[] = {{"morning", SCAN_MORNING},
                 {"afternoon", SCAN_AFTERNOON},
                 {"evening", SCAN_EVENING},
                 {"night", SCAN_NIGHT},
                 {"overnight", SCAN_NIGHT}};
    struct span word = take_word(scanner);
    scanner->after_night = false;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (word_is(word, parts[i].word)) {
            scanner->time.part = parts[i].part;
            scanner->after_night = parts[i].part == SCAN_NIGHT;
        }
}

static void skip_remark(struct scanner *scanner)
{
    int depth = 0;
    do {
        depth += (peek(scanner, 0) == '(') - (peek(scanner, 0) == ')');
        scanner->at++;
    } while (depth > 0 && scanner->at < scanner->text.size);
}

static enum status take_figures(struct scanner *scanner)
{
    bool taken = false;
    enum status status = take_clock(scanner, &taken);
    if (status == STATUS_OK && !taken)
        status = take_year_first(scanner, &taken);
    if (status == STATUS_OK && !taken)
        status = take_day_first(scanner, &taken);
    while (!taken && is_digit(peek(scanner, 0))) /* a number of something else */
        scanner->at++;
    return status;
}

enum status time_scan(struct span text, struct scan_time *ret_time, char ret_reason[REASON_BYTES])
{
    struct scanner scanner = {.text = text, .reason = ret_reason};
    enum status status = STATUS_OK;
    while (status == STATUS_OK && scanner.at < text.size) {
        char byte = peek(&scanner, 0);
        if (is_digit(byte))
            status = take_figures(&scanner);
        else if (is_letter(byte))
            take_part(&scanner);
        else if (byte == '(')
            skip_remark(&scanner);
        else
            scanner.at++;
    }
    if (status == STATUS_OK && scanner.time.date_count == 0)
        status = wrong(&scanner, "no date (expected one such as 2024-09-07 or 7 Sep 2024)");
    if (status == STATUS_OK)
        *ret_time = scanner.time;
    return status;
}
