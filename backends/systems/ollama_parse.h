/* ollama_parse.h: reads Ollama's answers. Pure.
 *
 * Source: docs/api.md of ollama/ollama, main of August 2026 (GET /api/version, /api/tags, /api/ps,
 * POST /api/pull). /api/ps exists from 0.1.38. Newer versions list cloud models, which have no size
 * here. An error of a pull comes as a line of a stream that began with 200. */
#ifndef SYSTEMS_OLLAMA_PARSE_H
#define SYSTEMS_OLLAMA_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct ollama_model {
	char name[100];             /* washed */
	bool exact;                 /* name is the whole name: an order may use it */
	char params[24], quant[24]; /* "7.6B", "Q4_K_M"; "" unknown */
	char remote[80];            /* where a cloud model runs; "" here */
	int64_t size, vram;         /* bytes; -1 unknown */
	int64_t until_ms;           /* wall clock, ms: when it is unloaded; 0 unknown */
};
struct ollama_models {
	struct ollama_model *at; /* owned */
	size_t n, left_out;
};
#define OLLAMA_MODELS_MAX 200

bool ollama_version_parse(const char *json, size_t len, char *buf, size_t size, struct err *);
/* Of /api/tags and /api/ps. */
bool ollama_models_parse(const char *json, size_t len, struct ollama_models *, struct err *);
void ollama_models_finish(struct ollama_models *);

/* One line of a pull. says: what to show, "pulling 3a1f 45% of 4.7G". False: it is an error, and
 * says is its text. *over: the pull has ended well. */
bool ollama_pull_line(const char *line, size_t len, char *says, size_t size, bool *over);

#endif
