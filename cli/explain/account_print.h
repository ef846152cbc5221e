/* An account, written: for people, or as one JSON object (fields: README.md). */
#pragma once

#include "base/zone.h"
#include "cli/explain/account.h"

#include <stdio.h>

enum status account_print_text(const struct account *account, struct zone *zone, FILE *stream) MUST_CHECK;
enum status account_print_json(const struct account *account, FILE *stream) MUST_CHECK;

/* Why a response, consequence or context is there: the countries it shares with the episode, a context with all its
 * members touch. Answers how many. The member's item must be known. */
size_t account_shared_countries(const struct account *account, const struct account_member *member,
                                country_code *ret_codes, size_t room);
/* "1 country is left, 2 are needed"; "no core is left". Of a removal that unflags. */
void account_removal_words(const struct account *account, const struct account_member *member, char ret_text[128]);
/* The members' numbers begin with 1; 0: none. O(members). */
size_t account_member_number(const struct account *account, const struct scene_item *item);
/* The lists of near misses. */
void misses_print(const struct account *account, struct zone *zone, FILE *stream);
/* "far", "elsewhere" … */
const char *miss_kind_name(enum miss_kind kind);
