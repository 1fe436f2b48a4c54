/* journal_line.h: one line of `journalctl -o json`, understood. Pure. */
#ifndef LOGS_JOURNAL_LINE_H
#define LOGS_JOURNAL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/log.h"

#define JOURNAL_CURSOR_SIZE 256

struct journal_line {
	int64_t time_us;                  /* wall clock of the server; 0 unknown */
	enum log_level level;             /* UNKNOWN: it had no priority */
	char cursor[JOURNAL_CURSOR_SIZE]; /* where to go on after it; "" when it had none or an odd
	                                     one */
	char identifier[48];              /* who wrote it, "sshd[812]", washed; "" unknown */
	char units[5][128];               /* whom it is about, then who wrote it; "" none */
	/* owned; raw bytes, may hold newlines; NULL: the message was left out */
	char *text;
	size_t len;
	bool cut; /* the message was longer than is read */
};

/* False: it is none (a word of journalctl itself, half a line). Then nothing is owned. */
bool journal_line_parse(const char *line, size_t len, struct journal_line *);
void journal_line_finish(struct journal_line *);

#endif
