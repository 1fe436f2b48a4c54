/* site_stream.h: the server-sent events of a site, followed while its link is up and resumed with
 * growing pauses.
 *
 * The stream counts as live from its first byte that is no web page. What happened while it was
 * away is in no event, so the site is asked again as soon as it is live. */
#ifndef APPS_SITE_STREAM_H
#define APPS_SITE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/base/backoff.h"
#include "backends/base/err.h"
#include "backends/base/sse.h"

struct api_call;
struct loop_timer;
struct site;

/* Zeroed, then the first five members set. */
struct site_stream {
	struct site *site; /* borrowed */
	const char *path;  /* static, after the prefix */
	/* ms without a byte, keep-alives too, until it counts as broken */
	int64_t silent_ms;
	sse_fn *event;                  /* its arg is the site */
	void (*changed)(struct site *); /* it became live, or broke */

	bool live, page; /* page: it answered with a web page */
	struct err err;  /* why it is not live; ERR_NONE: live, or not tried yet */
	struct sse sse;
	struct api_call *call; /* NULL: it waits, or is stopped */
	struct loop_timer *timer;
	struct backoff pause;
	int64_t live_ms; /* loop clock: live since */
};

/* Opens it, unless it is open or waits for its next try. */
void site_stream_open(struct site_stream *);
/* The link or the site goes. It may be opened again. */
void site_stream_stop(struct site_stream *);

#endif
