/* stream.h: bytes in both directions over a link: a forwarded socket, a command, a terminal.
 *
 * link_open (link.h) opens a stream and stream_events reports every event to its owner. The owner
 * ends a stream with stream_close at any time, also inside an event. No event follows stream_close.
 * When the far side ends the stream, closed comes exactly once. The stream is freed when closed
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
	bool began; /* the command itself ran; false: the login shell ended before it */
	/* of the command, or of a login shell that started no command; -1 unknown */
	int exit_code;
	char signal[16]; /* "KILL" when a signal ended the command, otherwise "" */
	struct err err;  /* err.code ERR_NONE for a normal end (EOF, exit) */
};

struct stream_events {
	/* The stream is open: the socket answered, or the command started. */
	void (*opened)(struct stream *, void *arg);
	/* Bytes arrived (stdout of a command). Returns how many the owner took. The rest stays in
	 * the far side's window, without memory here, until stream_resume. */
	size_t (*data)(struct stream *, const char *, size_t len, void *arg);
	/* Bytes of a command's stderr; NULL drops them. Not on a terminal, where stdout and stderr
	 * are one stream. */
	void (*error_data)(struct stream *, const char *, size_t len, void *arg);
	/* The queue is empty again; more may be written. */
	void (*drained)(struct stream *, void *arg);
	void (*closed)(struct stream *, const struct stream_end *, void *arg);
};

/* Queues up to STREAM_QUEUE_MAX bytes and returns how many it took. The bytes wait until the stream
 * is open. */
size_t stream_write(struct stream *, const void *, size_t);
#define STREAM_QUEUE_MAX (1u << 20)

void stream_write_eof(struct stream *); /* after the queued bytes */
/* The owner wants data again after it took less than len. */
void stream_resume(struct stream *);
void stream_resize(struct stream *, int cols, int rows); /* terminals only */
/* NULL is fine; a running command gets HUP */
void stream_close(struct stream *);

/* --- for the links, which make streams ----------------------------------- */

struct stream_ops {
	size_t (*write)(struct stream *, const void *, size_t);
	void (*write_eof)(struct stream *);
	void (*resume)(struct stream *);
	void (*resize)(struct stream *, int cols, int rows);
	void (*close)(struct stream *); /* frees the stream; closed is not called */
};
struct stream {
	const struct stream_ops *ops;
	const struct stream_events *events;
	void *arg;
};

#endif
