/* How many files and sockets this program may have open. */
#pragma once

/* Raises the soft limit to the hard one; where that fails the old one stays, for fewer files and fewer peers. */
void open_files_raise(void);
