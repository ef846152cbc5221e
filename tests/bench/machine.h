/* What the machine itself can do, measured in the same run: the floor under the other figures. */
#pragma once

/* One JSON object on a line of stdout:
 *   dram_ns    a load that waits for the one before, anywhere in 256 MiB
 *   l2_ns      the same in 256 KiB
 *   copy_gb_s  memcpy between blocks of 64 MiB
 *   probe_ns   a look-up in a table of 2^20 slots of 16 bytes, addresses known ahead: loads overlap
 *   clock_ns   reading the clock, of which each timed insert has one in its figure */
void machine_print(void);
