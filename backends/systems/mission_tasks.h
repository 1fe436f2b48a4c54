/* mission_tasks.h: the tasks of a Mission Control as rows, and what can be done with them. */
#ifndef SYSTEMS_MISSION_TASKS_H
#define SYSTEMS_MISSION_TASKS_H

#include <stdbool.h>
#include <stddef.h>

struct doc;
struct err;
struct site;
struct system;
struct system_ops;

extern const struct system_ops mission_ops;

/* The site answered as a Mission Control does. Once in a round it begins a new list. */
void mission_answered(struct site *);
/* For struct platform_step: the list of tasks, and one event of the stream. */
bool mission_take_tasks(struct site *, const char *ref, const char *json, size_t len, struct err *);
bool mission_take_event(struct site *, const char *ref, const char *json, size_t len, struct err *);
/* why no events come */
void mission_detail(const struct system *, struct doc *);

#endif
