/* litellm_parse.h: reads answers of a LiteLLM proxy. Pure.
 *
 * Source: BerriAI/litellm, proxy of 1.81, docs.litellm.ai: health endpoints, /key/info, /key/list,
 * /provider/budgets, /user/daily/activity. All members but the first of each may be missing,
 * depending on version. */
#ifndef SYSTEMS_LITELLM_PARSE_H
#define SYSTEMS_LITELLM_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct buf;

struct litellm_ready {
	char status[40], db[40], version[40]; /* washed; "" unknown */
};
bool litellm_ready_parse(const char *json, size_t len, struct litellm_ready *, struct err *);
/* Number of models. */
bool litellm_models_parse(const char *json, size_t len, size_t *n, struct err *);

/* Money is in dollars; -1 unknown or without limit. */
struct litellm_key {
	char alias[80], id[100]; /* id: hash of the key, which /key/block takes; "" not whole */
	char duration[16];       /* "1d": how often spend begins again at 0; "" never */
	double spend, budget;
	int64_t reset_ms; /* wall clock, ms; 0 unknown */
	bool blocked;
};
/* The own key, of /key/info. */
bool litellm_key_parse(const char *json, size_t len, struct litellm_key *, struct err *);
struct litellm_keys {
	struct litellm_key *at; /* owned */
	size_t n, left_out;
};
#define LITELLM_KEYS_MAX 200
bool litellm_keys_parse(const char *json, size_t len, struct litellm_keys *, struct err *);
/* "1d", "24h" */
bool litellm_is_day(const char *duration);
/* Has it an alias, and no other key the same? */
bool litellm_key_is_unique(const struct litellm_keys *, size_t index);
void litellm_keys_finish(struct litellm_keys *);

/* The sums of /provider/budgets. False: not every provider has a budget for one day. */
bool litellm_providers_parse(const char *json, size_t len, double *spend, double *budget);

struct litellm_model {
	char name[100];
	double spend;
	int64_t requests, failed; /* -1 unknown */
};
struct litellm_day {
	double spend;
	struct litellm_model *models; /* owned; the dearest first */
	size_t n;
};
#define LITELLM_MODELS_MAX 50
/* The use of one day, of /user/daily/activity. */
bool litellm_day_parse(const char *json, size_t len, struct litellm_day *, struct err *);
void litellm_day_finish(struct litellm_day *);

/* "$1.93 of $5.00", "$0.004". */
void litellm_money(char *buf, size_t size, double spend, double budget);

/* 0: well within the budget, 1: from 70 % on, 2: from 90 % on. */
int litellm_level(double spend, double budget);
/* "its budget: $4.80 of $5.00 spent, 96 %"; what: "its budget". */
void litellm_why(char *buf, size_t size, const char *what, double spend, double budget);

/* Drops what a recording must not keep: keys, addresses of callbacks, users. */
void litellm_reduce(const char *json, size_t len, struct buf *out);

#endif
