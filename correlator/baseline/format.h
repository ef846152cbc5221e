/* What the writer and the reader of the file agree on (README.md has the table). */
#pragma once

#define FORMAT_MAGIC       "vedette baseline" /* 16 bytes, no NUL */
#define FORMAT_MAGIC_BYTES 16u
#define FORMAT_HEAD_BYTES  28u /* magic, version, size of the file */
#define FORMAT_SUM_BYTES   32u /* SHA-256 of all before it */
#define FORMAT_POINT_BYTES 12u
#define FORMAT_STEP_BYTES  16u
