#include "correlator/journal/journal_reader.h"

#include "correlator/journal/journal.h"

enum status journal_reader_open(const char *folder, uint64_t number, struct wal_reader **ret_reader,
                                char ret_reason[WAL_REASON_BYTES])
{
    const struct journal_options options = {.folder = folder};
    struct wal_options wal;
    journal_wal_options(&options, &wal);
    return wal_reader_open(&wal, number, ret_reader, ret_reason);
}
