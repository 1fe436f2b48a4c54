/* stream.h: bytes in both directions over a link: a forwarded socket, a command, a terminal.
 *
 * A stream is opened with link_open (link.h) and tells its owner everything through stream_events.
 * Its owner ends it with stream_close, from anywhere, also from inside an event; no event comes
 * after that. When the far side ends it, closed comes exactly once and the stream is gone when that
 * returns. */
#ifndef LINK_STREAM_H
#define LINK_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct stream;

/* How a stream ended. */
struct stream_end {
	bool began; /* the command itself ran: the login's shell did not end before */
	/* of a command, or of a login's shell that began none; -1: none was told */
	int exit_code;
	char signal[16]; /* "KILL" when a signal ended it, else "" */
	struct err err;  /* err.code ERR_NONE for an ordinary end (EOF, exit) */
};

struct stream_events {
	/* It is open: the socket answered, the command was started. */
	void (*opened)(struct stream *, void *arg);
	/* Bytes came (stdout of a command). Returns how many were taken; when fewer than len, the
	 * rest waits on the far side's own window, without memory here, until stream_resume. */
	size_t (*data)(struct stream *, const char *, size_t len, void *arg);
	/* Bytes of a command's stderr; NULL drops them. Not on a terminal, where both are one. */
	void (*error_data)(struct stream *, const char *, size_t len, void *arg);
	/* What was written has left; more may be written. */
	void (*drained)(struct stream *, void *arg);
	void (*closed)(struct stream *, const struct stream_end *, void *arg);
};

/* Queues up to STREAM_QUEUE_MAX bytes; returns how many were taken. Before opened the bytes wait.
 */
size_t stream_write(struct stream *, const void *, size_t);
#define STREAM_QUEUE_MAX (1u << 20)

void stream_write_eof(struct stream *); /* after what is queued */
/* data was refused before and is wanted again */
void stream_resume(struct stream *);
void stream_resize(struct stream *, int cols, int rows); /* a terminal only */
/* NULL is fine; a running command gets HUP */
void stream_close(struct stream *);

/* --- for the links, which make streams ----------------------------------- */

struct stream_ops {
	size_t (*write)(struct stream *, const void *, size_t);
	void (*write_eof)(struct stream *);
	void (*resume)(struct stream *);
	void (*resize)(struct stream *, int cols, int rows);
	void (*close)(struct stream *); /* frees it; tells nothing */
};
struct stream {
	const struct stream_ops *ops;
	const struct stream_events *events;
	void *arg;
};

#endif
