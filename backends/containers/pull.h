/* pull.h: pulls images through an engine and reports the progress of each layer.
 *
 * Source: Docker Engine API v1.41, "Images > Create an image". */
#ifndef CONTAINERS_PULL_H
#define CONTAINERS_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/store.h"

/* --- progress messages: pure --------------------------------------------- */

#define PULL_LAYERS 256
enum pull_layer_state { PULL_WAITS, PULL_LOADS, PULL_LOADED, PULL_UNPACKS, PULL_THERE };
struct pull_layer {
	char id[24];
	enum pull_layer_state state;
	int64_t have, size; /* bytes; 0 unknown */
};
struct pull_progress {
	struct pull_layer layers[PULL_LAYERS];
	size_t n;
	bool newer;      /* the engine downloaded a newer image */
	char error[300]; /* washed; "" none */
};
/* Applies one line of POST /images/create. False: the line is not a JSON object. */
bool pull_line(struct pull_progress *, const char *line, size_t len);
/* Writes "3/7 layers, 12M of 40M". */
void pull_words(const struct pull_progress *, char *buf, size_t size);

/* --- pulling ------------------------------------------------------------- */

struct pull;
struct pull_events {
	void (*progress)(const char *words, void *arg);
	/* Called once, unless the pull is cancelled. pulled: number of images that changed.
	 * refused: an image needs a login of the server's own program, or is in no registry. */
	void (*done)(const struct err *, size_t pulled, bool refused, void *arg);
};
/* Pulls n images, one after another. Names are as in the list of containers; they are copied.
 * engine: a source of Docker or Podman. NULL and err: the engine is not connected. */
struct pull *pull_start(struct source *engine, const char *const *images, size_t n,
                        const struct pull_events *, void *arg, struct err *);
void pull_cancel(struct pull *); /* NULL is fine */

#endif
