#include "proto/taxonomy.h"

#include "base/nearest.h"
#include "proto/names.h"

#include <assert.h>

#define X(name, text, role, one, many) [CATEGORY_##name] = {text, sizeof(text) - 1},
static const struct span category_names[] = {CATEGORY_LIST(X)};
#undef X

static const struct {
    enum role role;
    const char *one;
    const char *many;
} categories[CATEGORY_COUNT] = {
#define X(name, text, role, one, many) [CATEGORY_##name] = {ROLE_##role, one, many},
    CATEGORY_LIST(X)
#undef X
};

#define X(name, text) [ROLE_##name] = {text, sizeof(text) - 1},
static const struct span roles[] = {ROLE_LIST(X)};
#undef X

NAMES_DEFINE(role, roles, ROLE_COUNT)
NAMES_DEFINE(category, category_names, CATEGORY_COUNT)

const char *category_one(enum category category)
{
    assert((unsigned)category < CATEGORY_COUNT);
    return categories[category].one;
}

const char *category_many(enum category category)
{
    assert((unsigned)category < CATEGORY_COUNT);
    return categories[category].many;
}

enum role category_role(enum category category)
{
    assert((unsigned)category < CATEGORY_COUNT);
    return categories[category].role;
}

/* "air.drone" of "air.drone.incursion", "sea.cable" of "sea.cable". */
static struct span two_labels(struct span name)
{
    size_t labels = 0, size = 0;
    while (size < name.size && (labels += name.data[size] == '.') < 2)
        size++;
    return (struct span){name.data, size};
}

enum category category_family(enum category category)
{
    assert((unsigned)category < CATEGORY_COUNT);
    struct span labels = two_labels(category_names[category]);
    enum category family = 0;
    while (!span_equal(two_labels(category_names[family]), labels))
        family++;
    return family;
}

/* "air.drone.*": what the star stands for is at least one byte below the dot. */
static bool is_below(struct span name, struct span prefix)
{
    return name.size > prefix.size && memcmp(name.data, prefix.data, prefix.size) == 0;
}

enum status category_match(struct span pattern, category_set *ret_set)
{
    category_set set = 0;
    if (pattern.size > 2 && memcmp(pattern.data + pattern.size - 2, ".*", 2) == 0) {
        struct span prefix = {pattern.data, pattern.size - 1};
        for (size_t i = 0; i < CATEGORY_COUNT; i++) {
            if (is_below(category_names[i], prefix))
                set |= (category_set)1 << i;
        }
    } else {
        enum category category;
        if (category_find(pattern, &category) == STATUS_OK)
            set = (category_set)1 << category;
    }
    if (set == 0)
        return STATUS_NOT_FOUND;
    *ret_set = set;
    return STATUS_OK;
}

const char *category_nearest(struct span name)
{
    size_t nearest = 0;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < CATEGORY_COUNT; i++) {
        size_t distance = edit_distance(name, category_names[i]);
        if (distance < least) {
            least = distance;
            nearest = i;
        }
    }
    return category_names[nearest].data;
}
