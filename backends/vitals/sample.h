/* sample.h: the script that reports a server's vitals, and the parser for its output.
 *
 * The script runs once per server, for as long as the link lives. It writes blocks: a line "=NAME",
 * lines, and a line "=end". At the start it writes =sockets, =facts and =sample. Then each line "s"
 * on its standard input requests a =sample, "d" the =disks and the =programs, "k" the =sockets, and
 * "p" the =ports. =sockets also comes before a sample if the sockets changed. A sample, the
 * programs and the ports use only shell builtins and start no process. */
#ifndef VITALS_SAMPLE_H
#define VITALS_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"
#include "backends/vitals/vitals.h"

#define SAMPLE_BLOCK_MAX \
	(512u << 10) /* bytes of one block; fits mounts and df of a server with 1000 mounts */

/* The command line that runs the script under any login shell. The caller frees it. */
char *sample_command(void);

/* Facts about the login and its server. Strings are washed. "" and -1 mean unknown. */
struct facts {
	int uid, cpus;
	char user[64], hostname[96], os[96], kernel[96], runtime_dir[128], docker[160];
};
bool facts_parse(const char *bytes, size_t len, struct facts *);

/* CPU counters of the previous sample. Zeroed: no previous sample. */
struct cpu_times {
	uint64_t busy, total;
};

/* Parses a sample or the disks into v. Missing values become unknown. False: the text is not such a
 * block. */
bool sample_parse(const char *bytes, size_t len, struct cpu_times *before, struct vitals *);
bool disks_parse(const char *bytes, size_t len, struct vitals *);

/* Parses the addresses that listen: "0100007F:1F90", one a line, as in /proc/net/tcp. Keeps the TCP
 * ports that 127.0.0.1 of the server reaches, lowest first. False: the same as before. */
bool ports_parse(const char *bytes, size_t len, struct vitals *);

/* Finds the first whole block in the buffer. Its name goes into name, its lines into block
 * (NUL-ended, valid until in changes). Returns the bytes to consume, 0 if no block is complete.
 * Lines outside blocks (a login's banner) are skipped. */
struct block {
	char name[16];
	const char *lines;
	size_t len;
};
size_t block_next(const struct buf *in, struct block *);

#endif
