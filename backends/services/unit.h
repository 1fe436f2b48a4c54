/* unit.h: a systemd unit as a row: services, timers, sockets, of the system or of the login user.
 */
#ifndef SERVICES_UNIT_H
#define SERVICES_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/store/store.h"

struct unit {
	struct row row;                     /* id "pi/unit/caddy.service", of the user's manager
	                                       "pi/unit/user:notes.service" */
	bool user;                          /* of the login user's manager */
	char *description;                  /* owned, washed */
	char load[16], active[16], sub[24]; /* systemd's own words: "loaded" "active" "running" */
	char file_state[24];                /* "enabled", "static", "masked"; "" unknown */
	char result[32];                    /* "success", "exit-code", "oom-kill"; "" unknown */
	char *fragment;                     /* path of the unit file; NULL */
	int64_t active_ms, inactive_ms;     /* wall clock of the last change into it; 0 unknown */
	int main_pid;                       /* 0 none */
	int exit_status;                    /* of the main process; -1 unknown */
	int64_t memory;                     /* bytes; -1 unknown */
	int64_t cpu_ns;                     /* -1 unknown */
	int restarts;                       /* -1 unknown */
	int64_t next_ms;                    /* a timer: wall clock of the next elapse; 0 none */
	char *triggers;                     /* a timer or socket: the unit it starts; NULL */
	char *nearest; /* not found: the names that do exist and are near; NULL */
	bool wanted;   /* named in the configuration */
	bool can_start, can_stop, can_reload;
	void *priv;
};

#endif
