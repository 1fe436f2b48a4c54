/* frames.h: splits the engine's log stream into lines and their timestamps. The stream is
 * multiplexed frames, or raw bytes for a container with a terminal. Pure.
 *
 * Source: Docker Engine API v1.41, "Attach to a container", section "Stream format". */
#ifndef CONTAINERS_FRAMES_H
#define CONTAINERS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"

#define FRAMES_LINE_MAX \
	((64u << 10) + 256) /* a bit above a log's limit, so that the log itself marks the cut */

/* time is the engine's timestamp without the blank behind it; "" when the line has none. */
typedef void frames_line(const char *time, const char *line, size_t len, bool error, void *arg);

struct frames {
	bool raw; /* log of a terminal: no frames */
	/* Docker: a frame with another time than the line so far may start a new line */
	bool apart;
	bool bad; /* an impossible frame header came: the stream is raw after all */
	unsigned char head[8];
	size_t head_len;
	uint32_t left; /* bytes left in this frame */
	bool fresh;    /* at the start of a frame */
	/* start of a frame that continues a line, held until its timestamp is complete */
	char hold[48];
	size_t hold_len;
	int stream;         /* 0 stdin, 1 stdout, 2 stderr */
	struct buf line[2]; /* unfinished line, of stdout and of stderr */
	bool cut[2];        /* the rest of that line is dropped */
	frames_line *fn;
	void *arg;
};

void frames_init(struct frames *f, bool raw, frames_line *fn, void *arg);
void frames_finish(struct frames *);
void frames_feed(struct frames *, const char *, size_t);
/* Ends the answer. whole: the answer is complete. A complete answer delivers a last line without a
 * line end. An answer that was cut off drops its unfinished line: "count 12" might have become
 * "count 123". */
void frames_end(struct frames *, bool whole);

#endif
