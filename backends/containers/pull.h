/* pull.h: images brought by an engine, with how far each layer is, told by the engine itself. */
#ifndef CONTAINERS_PULL_H
#define CONTAINERS_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/store.h"

/* --- what the engine says: pure ------------------------------------------ */

#define PULL_LAYERS 256
enum pull_layer_state { PULL_WAITS, PULL_LOADS, PULL_LOADED, PULL_UNPACKS, PULL_THERE };
struct pull_layer {
	char id[24];
	enum pull_layer_state state;
	int64_t have, size; /* bytes; 0 not told */
};
struct pull_progress {
	struct pull_layer layers[PULL_LAYERS];
	size_t n;
	bool newer;      /* an image came that was not there before */
	char error[300]; /* washed; "" none */
};
/* One line of POST /images/create; false: it is no JSON object. */
bool pull_line(struct pull_progress *, const char *line, size_t len);
/* "3/7 layers, 12M of 40M" */
void pull_words(const struct pull_progress *, char *buf, size_t size);

/* --- doing it ------------------------------------------------------------ */

struct pull;
struct pull_events {
	void (*progress)(const char *words, void *arg);
	/* Once, unless it is cancelled. refused: some may not be pulled without a login, which only
	 * the server's own program has. */
	void (*done)(const struct err *, size_t pulled, bool refused, void *arg);
};
/* images: names as in the containers' list, one after another, copied. engine: a source of docker
 * or podman. NULL and err: the engine is not reached. */
struct pull *pull_start(struct source *engine, const char *const *images, size_t n,
                        const struct pull_events *, void *arg, struct err *);
void pull_cancel(struct pull *); /* NULL is fine */

#endif
