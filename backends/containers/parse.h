/* parse.h: parses an engine's answers into structs. Pure: no I/O, no clock, no globals, so that
 * recorded answers and a fuzzer can feed it. Every text in a result is washed and bounded.
 *
 * Source: Docker Engine API v1.41, from "Containers > List containers" to "System > Monitor
 * events". Engines that no longer speak 1.41 get requests in version 1.44. Podman's compatible API
 * differs as seen on Podman 4.3.1. */
#ifndef CONTAINERS_PARSE_H
#define CONTAINERS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/containers/container.h"

#define CTR_ID_SIZE 72 /* 64 hex digits and the NUL, with room for malformed ids */
#define CTR_NAME_SIZE 256

/* One container of GET /containers/json. Strings are owned. */
struct ctr_item {
	char id[CTR_ID_SIZE], name[CTR_NAME_SIZE];
	char *image, *image_id, *command, *ports, *networks;
	char *project, *service, *project_dir, *project_files, *project_env;
	/* CLAIMED: only the image's own labels can tell, see ctr_image_parse */
	enum compose_origin by_compose;
	enum container_state state;
	enum container_health health;
	int64_t created_ms;
	/* how long the container is in this state, roughly, from words like "Up 2 days"; -1
	 * unknown */
	int64_t status_age_ms;
	int exit_code; /* from "Exited (3) ..."; -1 unknown */
};
struct ctr_list {
	struct ctr_item *items;
	size_t n, left_out; /* items parsed; items beyond the limit */
};
bool ctr_list_parse(struct ctr_list *, const char *json, size_t len, struct err *);
void ctr_list_finish(struct ctr_list *);

/* The fields of GET /containers/ID/json that rows need. */
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
	char error[256];         /* the engine's reason why it did not start */
	char health_output[256]; /* output of the last check */
	int failing_streak;
};
bool ctr_inspect_parse(struct ctr_inspect *, const char *json, size_t len, struct err *);

/* Of GET /images/ID/json: COMPOSE_NOT if the image carries labels that only compose should set on a
 * container, else COMPOSE_MADE. False and err: not such an answer. */
bool ctr_image_parse(enum compose_origin *, const char *json, size_t len, struct err *);

/* One line of GET /events. */
struct ctr_event {
	char id[CTR_ID_SIZE], name[CTR_NAME_SIZE], old_name[CTR_NAME_SIZE];
	char action[32]; /* without the part after a colon: "health_status" */
	char detail[64]; /* the part after the colon: "unhealthy" */
	char image[256], signal[16];
	char project[128], service[128];
	int exit_code; /* -1 unknown */
	int64_t time_ms;
	char time[40]; /* "SECONDS.NANOS" for since= */
};
bool ctr_event_parse(struct ctr_event *, const char *json, size_t len);

/* One line of GET /containers/ID/stats. */
struct ctr_sample {
	bool valid; /* false: the engine has no figures */
	int64_t read_ms;
	double cpu_ns, system_ns; /* since start; -1 unknown */
	double before_cpu_ns, before_system_ns;
	int cpus;
	double mem, mem_limit; /* bytes; -1 unknown */
	double rx, tx;         /* bytes since start; -1 unknown */
};
bool ctr_sample_parse(struct ctr_sample *, const char *json, size_t len);
/* CPU use between two samples in % of one core; -1 unknown. before may be NULL: then the previous
 * sample inside now is used. */
double ctr_sample_cpu(const struct ctr_sample *now, const struct ctr_sample *before);

/* The engine's message in an error answer, washed into buf. Looks for {"message":...}, then other
 * members, then takes the plain text. Returns buf. */
const char *ctr_message(char *buf, size_t size, const char *body, size_t len);

/* Finds a header in the text of a "ping" feed. The text has one "Name: value" per line. False: no
 * such line, or an empty value. */
bool ctr_head_value(const char *text, size_t len, const char *name, char *buf, size_t size);

/* "1.41" -> 1041; -1 when the text is not a version. */
int ctr_version(const char *);

#endif
