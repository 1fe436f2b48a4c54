/* mission_parse.h: reads the answers of a Mission Control (Autensa), versions 1 and 2. Pure.
 *
 * Source: crshdn/mission-control: src/app/api/tasks, openclaw/status, events/stream and, from 2.2.1
 * on, health; src/lib/health.ts and validation.ts. A task has status_reason from database migration
 * 008 on; its reviews are then done by an agent. Before, a task in review waits for a person. */
#ifndef SYSTEMS_MISSION_PARSE_H
#define SYSTEMS_MISSION_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct buf;

#define MISSION_TASKS_MAX 200
#define MISSION_ID_SIZE 80

/* MISSION_OTHER: a state that this file does not know */
enum mission_group { MISSION_OPEN, MISSION_WORK, MISSION_REVIEW, MISSION_DONE, MISSION_OTHER };

/* All texts are washed; "" unknown. */
struct mission_task {
	char id[MISSION_ID_SIZE]; /* whole: one that cannot be shown whole is left out */
	char title[160], state[24], priority[16], agent[60];
	char why[200]; /* what went wrong with it, as told there; "" nothing */
	enum mission_group group;
	bool agent_by_id;   /* agent is the start of its id, because its name is unknown */
	bool by_person;     /* its review waits for a person */
	int64_t updated_ms; /* wall clock there; 0 unknown */
};
struct mission_tasks {
	struct mission_task *at; /* owned */
	size_t n, left_out;
};
bool mission_tasks_parse(const char *json, size_t len, struct mission_tasks *, struct err *);
void mission_tasks_finish(struct mission_tasks *);

/* One event of the stream. MISSION_NEWS: something happened that no task tells. */
enum mission_event { MISSION_NEWS, MISSION_CHANGED, MISSION_DELETED };
/* *task is filled for MISSION_CHANGED, its id alone for MISSION_DELETED. */
enum mission_event mission_event_parse(const char *json, size_t len, struct mission_task *task);

/* GET /api/health. Without a token it says status only. */
struct mission_health {
	char status[24], version[24];
	char error[120];            /* of its database; "" none */
	int64_t active, total, ill; /* agents; ill: stuck, stalled, zombie; -1 unknown */
	bool gateway;               /* the gateway is connected; false: not, or not told */
	double cap;                 /* the fullest budget cap, per cent; below 0 unknown */
};
bool mission_health_parse(const char *json, size_t len, struct mission_health *, struct err *);

/* GET /api/openclaw/status */
struct mission_gateway {
	bool connected;
	int64_t sessions; /* -1 unknown */
	char error[160];  /* "" none */
};
bool mission_gateway_parse(const char *json, size_t len, struct mission_gateway *, struct err *);

/* The answer of a dispatch. False and err: it was not sent, in its own words. */
bool mission_sent(const char *json, size_t len, struct err *);

/* May a task be moved to this state? */
bool mission_is_state(const char *word);
/* Reads what is typed for a new task: its title, and at the end "priority=high". False and err: no
 * title, a title over 500 bytes, or another priority. priority: "" not said. */
bool mission_new_parse(const char *typed, char *title, size_t size, char priority[16],
                       struct err *);

/* Keeps what the rows need: no descriptions, plans, messages or sessions. */
void mission_reduce(const char *json, size_t len, struct buf *out);

#endif
