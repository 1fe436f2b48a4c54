/* sample.h: the script that tells a server's vitals, and the parser of what it says.
 *
 * The script runs once per server, for as long as the link lives. It answers in blocks: a line
 * "=NAME", lines, and a line "=end". At once it sends =sockets, =facts and =sample; then for each
 * line "s" on its standard input a =sample, for each "d" a =disks, for each "k" the =sockets, which
 * also come before a sample when they changed. A sample is made of shell builtins alone: no process
 * is started for it. */
#ifndef VITALS_SAMPLE_H
#define VITALS_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"
#include "backends/vitals/vitals.h"

#define SAMPLE_BLOCK_MAX                                                                          \
	(512u << 10) /* bytes of one block; mounts and df of a server with a thousand of them fit \
	              */

/* The command line that runs the script, whatever the login shell is. The caller frees it. */
char *sample_command(void);

/* What the login is. Strings are washed; "" and -1 unknown. */
struct facts {
	int uid, cpus;
	char user[64], hostname[96], os[96], kernel[96], runtime_dir[128], docker[160];
};
bool facts_parse(const char *bytes, size_t len, struct facts *);

/* The CPU counters of the sample before; zeroed: there was none. */
struct cpu_times {
	uint64_t busy, total;
};

/* Takes a sample or the disks into v. What is not in it becomes unknown. False: it was none of the
 * sort. */
bool sample_parse(const char *bytes, size_t len, struct cpu_times *before, struct vitals *);
bool disks_parse(const char *bytes, size_t len, struct vitals *);

/* Cuts one whole block off in: its name into name, its lines into block (NUL-ended, until in
 * changes). Returns the bytes to consume, 0 when no block is whole yet. Lines outside of blocks (a
 * login's banner) are skipped. */
struct block {
	char name[16];
	const char *lines;
	size_t len;
};
size_t block_next(const struct buf *in, struct block *);

#endif
