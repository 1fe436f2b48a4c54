/* parse.h: from an engine's answers to structs. Pure: no I/O, no clock, no globals, so that
 * recorded answers and a fuzzer can feed it. Every text in a result is washed and bounded. */
#ifndef CONTAINERS_PARSE_H
#define CONTAINERS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/containers/container.h"

#define CTR_ID_SIZE 72 /* 64 hex digits and the NUL, with room for what is none */
#define CTR_NAME_SIZE 256

/* One container of GET /containers/json. Strings are owned. */
struct ctr_item {
	char id[CTR_ID_SIZE], name[CTR_NAME_SIZE];
	char *image, *image_id, *command, *ports, *networks;
	char *project, *service, *project_dir, *project_files, *project_env;
	bool by_compose;
	enum container_state state;
	enum container_health health;
	int64_t created_ms;
	int64_t status_age_ms; /* about how long it is in this state, from words like "Up 2 days";
	                          -1 not told */
	int exit_code;         /* of "Exited (3) ..."; -1 not told */
};
struct ctr_list {
	struct ctr_item *items;
	size_t n, left_out; /* read, and beyond the bound */
};
bool ctr_list_parse(struct ctr_list *, const char *json, size_t len, struct err *);
void ctr_list_finish(struct ctr_list *);

/* GET /containers/ID/json, the part that rows need. */
struct ctr_inspect {
	char id[CTR_ID_SIZE], name[CTR_NAME_SIZE];
	enum container_state state;
	enum container_health health;
	int exit_code;
	bool oom, tty;
	int restarts;                                /* -1 unknown */
	int64_t created_ms, started_ms, finished_ms; /* 0 never */
	int64_t mem_limit;                           /* bytes; 0 none */
	char policy[24];         /* "no", "always", "unless-stopped", "on-failure"; "" unknown */
	char error[256];         /* the engine's own words why it did not start */
	char health_output[256]; /* of the last check */
	int failing_streak;
};
bool ctr_inspect_parse(struct ctr_inspect *, const char *json, size_t len, struct err *);

/* One line of GET /events. */
struct ctr_event {
	char id[CTR_ID_SIZE], name[CTR_NAME_SIZE], old_name[CTR_NAME_SIZE];
	char action[32]; /* without what follows a colon: "health_status" */
	char detail[64]; /* what followed it: "unhealthy" */
	char image[256], signal[16];
	char project[128], service[128];
	int exit_code; /* -1 none */
	int64_t time_ms;
	char time[40]; /* "SECONDS.NANOS" for since= */
};
bool ctr_event_parse(struct ctr_event *, const char *json, size_t len);

/* One line of GET /containers/ID/stats. */
struct ctr_sample {
	bool valid; /* false: the engine has no figures */
	int64_t read_ms;
	double cpu_ns, system_ns; /* so far; -1 unknown */
	double before_cpu_ns, before_system_ns;
	int cpus;
	double mem, mem_limit; /* bytes; -1 unknown */
	double rx, tx;         /* bytes so far; -1 unknown */
};
bool ctr_sample_parse(struct ctr_sample *, const char *json, size_t len);
/* % of one core between two samples; -1 when that is not known. before may be NULL: what the answer
 * itself holds. */
double ctr_sample_cpu(const struct ctr_sample *now, const struct ctr_sample *before);

/* The engine's words in an error answer: {"message":...}; else the first text in it; into buf,
 * washed. */
const char *ctr_message(char *buf, size_t size, const char *body, size_t len);

/* Of the text that "ping" hands on: one "Name: value" a line. False when it has no such line. */
bool ctr_head_value(const char *text, size_t len, const char *name, char *buf, size_t size);

/* "1.41" -> 1041; -1 when it is no version. */
int ctr_version(const char *);

#endif
