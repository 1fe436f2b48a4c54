/* unit.h: a systemd unit as a row: services, timers, sockets. A unit belongs to the system's or the
 * login user's manager. A failed unit of another type gets a row too. */
#ifndef SERVICES_UNIT_H
#define SERVICES_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/store/store.h"

struct unit {
	/* Id "pi/unit/caddy.service". With the user's manager "pi/unit/user:notes.service". */
	struct row row;
	bool user;                          /* belongs to the login user's manager */
	char *description;                  /* owned, washed */
	char load[16], active[16], sub[24]; /* systemd's values: "loaded" "active" "running" */
	char file_state[24];                /* "enabled", "static", "masked"; "" unknown */
	char result[32];                    /* "success", "exit-code", "oom-kill"; "" unknown */
	char *fragment;                     /* path of the unit file; NULL */
	/* wall clock ms of the last change into that state; 0 unknown */
	int64_t active_ms, inactive_ms;
	int main_pid;    /* 0 none */
	int exit_status; /* of the main process; -1 unknown */
	int64_t memory;  /* bytes; -1 unknown */
	int64_t cpu_ns;  /* -1 unknown */
	int restarts;    /* -1 unknown */
	int64_t next_ms; /* timer: wall clock ms of the next run; 0 none */
	char *triggers;  /* timer or socket: the unit that it starts; NULL */
	char *nearest;   /* not found: existing units with similar names; NULL */
	bool wanted;     /* named in the configuration */
	bool can_start, can_stop, can_reload;
	void *priv;
};

/* How many units of a server have failed, or are missing though the configuration names them. */
int units_failed(const struct server *);

#endif
