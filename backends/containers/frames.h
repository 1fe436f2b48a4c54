/* frames.h: the engine's log stream taken apart: multiplexed frames or raw bytes, into lines with
 * their times. Pure. */
#ifndef CONTAINERS_FRAMES_H
#define CONTAINERS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"

#define FRAMES_LINE_MAX                                                                         \
	((64u << 10) + 256) /* of a line, times included: a little more than a log keeps, which \
	                       then says that it cut; the rest is dropped */

/* time is the text of the engine's timestamp ("" when the line has none), without the blank behind
 * it. */
typedef void frames_line(const char *time, const char *line, size_t len, bool error, void *arg);

struct frames {
	bool raw; /* a terminal's log: no frames */
	/* Docker's: what has another time than the line begun may be another line */
	bool apart;
	bool bad; /* a head that cannot be: the stream is not framed as was said */
	unsigned char head[8];
	size_t head_len;
	uint32_t left; /* bytes of the frame still to come */
	bool fresh;    /* a frame begins */
	char hold[48]; /* the start of a frame inside a line, until its time is whole */
	size_t hold_len;
	int stream;         /* 0 stdin, 1 stdout, 2 stderr */
	struct buf line[2]; /* begun, of stdout and stderr */
	bool cut[2];        /* the rest of that line is dropped */
	frames_line *fn;
	void *arg;
};

void frames_init(struct frames *f, bool raw, frames_line *fn, void *arg);
void frames_finish(struct frames *);
void frames_feed(struct frames *, const char *, size_t);
/* The answer ended. Whole, and not inside a frame: a last line without an end is told. Cut off:
 * what there is of a line is no line, and forgotten; "count 12" may have been about to be "count
 * 123". */
void frames_end(struct frames *, bool whole);

#endif
