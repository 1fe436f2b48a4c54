/* journal_line.h: parse one line of `journalctl -o json`. Pure.
 *
 * Sources: journalctl(1), "-o json", and systemd.journal-fields(7); systemd 252 of Debian 12 and 257
 * of Debian 13. A field that is not UTF-8 is an array of byte values. A field over 4096 bytes is null without
 * --all. A field that is there several times is an array of its values. */
#ifndef LOGS_JOURNAL_LINE_H
#define LOGS_JOURNAL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/log.h"

#define JOURNAL_CURSOR_SIZE 256

struct journal_line {
	int64_t time_us;      /* wall clock of the server; 0 unknown */
	enum log_level level; /* UNKNOWN: no priority, or the default one */
	/* position to continue after; "" if missing or malformed */
	char cursor[JOURNAL_CURSOR_SIZE];
	char identifier[48]; /* the writer, "sshd[812]", washed; "" unknown */
	char units[5][128];  /* the units that the line is about, then the writer's unit; "" none */
	/* owned; raw bytes, may hold newlines; NULL: journalctl left the message out */
	char *text;
	size_t len;
	bool cut; /* the message was longer than the limit */
};

/* False: not a journal line (journalctl's own message, half a line). Then nothing is owned. */
bool journal_line_parse(const char *line, size_t len, struct journal_line *);
void journal_line_finish(struct journal_line *);

#endif
