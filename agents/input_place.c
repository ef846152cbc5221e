#include "agents/input_place.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define VERSION 1u

enum { FLAG_ENDED = 1, FLAG_PACKED = 2, FLAGS = 3 };

void input_place_advance(struct input_place *place, uint64_t offset, uint64_t line)
{
    if (!place->known || offset <= place->offset)
        return;
    place->offset = offset;
    place->line = line;
    place->moved = true;
}

void input_place_identify(struct input_place *place, const struct input_file *file)
{
    struct stat about;
    if (file->kind == INPUT_STREAM || file->fd < 0 || fstat(file->fd, &about) != 0)
        return;
    place->known = true;
    place->packed = file->kind == INPUT_PACKED;
    place->inode = about.st_ino;
    place->size = (uint64_t)about.st_size;
    place->changed_s = about.st_mtim.tv_sec;
    place->changed_ns = (uint32_t)about.st_mtim.tv_nsec;
    memcpy(place->head, file->head, file->head_size);
    place->head_size = (uint32_t)file->head_size;
}

bool input_place_fits(const struct input_place *place, const struct input_file *file, enum input_ending ending)
{
    struct stat about;
    if (!place->known || file->kind == INPUT_STREAM || fstat(file->fd, &about) != 0)
        return false;
    if (place->packed != (file->kind == INPUT_PACKED) || place->inode != about.st_ino ||
        place->head_size > file->head_size || memcmp(place->head, file->head, place->head_size) != 0)
        return false;
    if (ending == INPUT_GROWS && !place->packed)
        return (uint64_t)about.st_size >= place->offset;
    return place->size == (uint64_t)about.st_size && place->changed_s == about.st_mtim.tv_sec &&
           place->changed_ns == (uint32_t)about.st_mtim.tv_nsec;
}

static bool is_left(const struct input_place *place, const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_ino == place->inode &&
           (uint64_t)about.st_size >= place->offset;
}

bool input_place_left(const struct input_place *place, const char *path, char ret_path[4096])
{
    struct stat about;
    if (!place->known || place->packed || (stat(path, &about) == 0 && about.st_ino == place->inode))
        return false;
    const char *slash = strrchr(path, '/');
    int length = slash != NULL ? (int)(slash - path) + 1 : 0;
    (void)snprintf(ret_path, 4096, "%.*s.", length, path);
    DIR *folder = opendir(ret_path);
    bool found = false;
    for (struct dirent *entry; folder != NULL && !found && (entry = readdir(folder)) != NULL;) {
        if (entry->d_ino != place->inode)
            continue;
        int size = snprintf(ret_path, 4096, "%.*s%s", length, path, entry->d_name);
        found = size < 4096 && is_left(place, ret_path);
    }
    if (folder != NULL)
        (void)closedir(folder);
    return found;
}

/* --- written down: version, flags, numbers of 8 bytes, the head --- */

enum { NUMBERS = 8, FIXED_BYTES = 2 + NUMBERS * 8 };

static void put(struct text *bytes, uint64_t number)
{
    char little[8];
    for (unsigned i = 0; i < 8; i++)
        little[i] = (char)(number >> (8 * i));
    text_append(bytes, (struct span){little, 8});
}

static uint64_t get(const char *little)
{
    uint64_t number = 0;
    for (unsigned i = 8; i-- > 0;)
        number = number << 8 | (unsigned char)little[i];
    return number;
}

void input_place_write(const struct input_place *place, struct text *bytes)
{
    const char head[2] = {VERSION, (char)((place->ended ? FLAG_ENDED : 0) | (place->packed ? FLAG_PACKED : 0))};
    const uint64_t numbers[NUMBERS] = {place->inode,      place->size,      (uint64_t)place->changed_s,
                                       place->changed_ns, place->offset,    place->line,
                                       place->passed,     place->head_lines};
    text_append(bytes, (struct span){head, 2});
    for (size_t i = 0; i < NUMBERS; i++)
        put(bytes, numbers[i]);
    text_append(bytes, (struct span){(const char *)place->head, place->head_size});
}

enum status input_place_read(struct span bytes, struct input_place *ret_place)
{
    uint64_t numbers[NUMBERS];
    if (bytes.size < FIXED_BYTES || bytes.size > FIXED_BYTES + INPUT_HEAD_BYTES || bytes.data[0] != VERSION ||
        (bytes.data[1] & ~FLAGS) != 0)
        return STATUS_INVALID;
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = get(bytes.data + 2 + i * 8);
    /* lseek takes no more; nor are there more lines than bytes, or more head than lines */
    if (numbers[4] > INT64_MAX || numbers[3] > 999999999u || numbers[5] > numbers[4] || numbers[7] > numbers[5])
        return STATUS_INVALID;
    struct input_place place = {
        .known = true,
        .ended = (bytes.data[1] & FLAG_ENDED) != 0,
        .packed = (bytes.data[1] & FLAG_PACKED) != 0,
        .inode = numbers[0],
        .size = numbers[1],
        .changed_s = (int64_t)numbers[2],
        .changed_ns = (uint32_t)numbers[3],
        .offset = numbers[4],
        .line = numbers[5],
        .passed = numbers[6],
        .head_lines = (uint32_t)numbers[7],
        .head_size = (uint32_t)(bytes.size - FIXED_BYTES),
    };
    if (numbers[7] > UINT32_MAX)
        return STATUS_INVALID;
    memcpy(place.head, bytes.data + FIXED_BYTES, place.head_size);
    *ret_place = place;
    return STATUS_OK;
}
