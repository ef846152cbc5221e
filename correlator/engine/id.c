#include "correlator/engine/id.h"

#include <sodium.h>

struct date {
    int64_t year;
    int64_t month;
    int64_t day;
};

/* The proleptic Gregorian date of a day since 1970, by eras of 400 years that begin on 1 March. */
static struct date date_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    struct date date = {.day = of_year - (153 * from_march + 2) / 5 + 1};
    date.month = from_march < 10 ? from_march + 3 : from_march - 9;
    date.year = year + era * 400 + (date.month <= 2);
    return date;
}

static char *digits(char *to, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + count;
}

int64_t id_seconds(int64_t start_ms)
{
    return start_ms / 1000 - (start_ms % 1000 < 0);
}

struct episode_id episode_id_of(int64_t start_ms, struct span rule_name, struct span key_id)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)rule_name.data, rule_name.size);
    crypto_hash_sha256_update(&state, (const unsigned char *)"", 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)key_id.data, key_id.size);
    crypto_hash_sha256_final(&state, digest);
    struct episode_id id = {.seconds = id_seconds(start_ms)};
    for (int i = 0; i < 8; i++)
        id.hash = id.hash << 8 | digest[i];
    return id;
}

void episode_id_text(char ret_text[EPISODE_ID_BYTES], struct episode_id id)
{
    memset(ret_text, 0, EPISODE_ID_BYTES);
    if (id.hash == 0)
        return;
    int64_t days = id.seconds / 86400 - (id.seconds % 86400 < 0);
    int64_t of_day = id.seconds - days * 86400;
    struct date date = date_of(days);
    char *to = digits(ret_text, date.year, 4);
    to = digits(to, date.month, 2);
    to = digits(to, date.day, 2);
    *to++ = 'T';
    to = digits(to, of_day / 3600, 2);
    to = digits(to, of_day / 60 % 60, 2);
    to = digits(to, of_day % 60, 2);
    *to++ = 'Z';
    *to++ = '-';
    for (int i = 60; i >= 0; i -= 4)
        *to++ = "0123456789abcdef"[id.hash >> i & 15];
}

void episode_id_write(char ret_text[EPISODE_ID_BYTES], int64_t start_ms, struct span rule_name, struct span key_id)
{
    episode_id_text(ret_text, episode_id_of(start_ms, rule_name, key_id));
}

int episode_id_compare(struct episode_id a, struct episode_id b)
{
    if (a.seconds != b.seconds)
        return a.seconds < b.seconds ? -1 : 1;
    return a.hash != b.hash ? (a.hash < b.hash ? -1 : 1) : 0;
}
