/* zlh_parse.h: reads the status of a zlh-agent. Pure.
 *
 * Source: its users' notes only. They say what GET /status tells and the classes of a crash, but
 * not the names of the members. So each member has a JSON pointer (RFC 6901) in the settings.
 * zlh_pick copies what the pointers name into an object with names of ours, which zlh_parse reads:
 * a recording then needs no settings, and holds nothing else. */
#ifndef SYSTEMS_ZLH_PARSE_H
#define SYSTEMS_ZLH_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct buf;

enum zlh_member {
	ZLH_STATE,
	ZLH_PROVISIONED,
	ZLH_CODE_SERVER,
	ZLH_VERSION,
	ZLH_BACKOFF,
	ZLH_CRASH_TIME,
	ZLH_CRASH_CLASS,
	ZLH_CRASH_EXIT,
	ZLH_CRASH_SIGNAL,
	ZLH_CRASH_UPTIME,
	ZLH_CRASH_LOG,
	ZLH_MEMBERS
};

/* pointers: one for each member; NULL or "": not told there. False and err: not JSON, or nothing
 * but perhaps a version is where the pointers say. */
bool zlh_pick(const char *json, size_t len, const char *const pointers[ZLH_MEMBERS],
              struct buf *out, struct err *);

enum zlh_state { ZLH_UNTOLD, ZLH_WELL, ZLH_BUSY, ZLH_STOPPED, ZLH_FAILED, ZLH_OTHER };
enum zlh_answer { ZLH_UNKNOWN, ZLH_NO, ZLH_YES };

/* All texts are washed; "" unknown. */
struct zlh_status {
	enum zlh_state state;
	char word[40]; /* the state as told there */
	enum zlh_answer provisioned, code_server;
	char version[40];
	int64_t backoff_ms; /* until it is started again; -1 unknown */
	bool crashed;       /* there is a record of a crash */
	int64_t crash_ms;   /* wall clock there; 0 unknown */
	char crash_class[40], crash_exit[16], crash_signal[24];
	char crash_uptime[24]; /* how long it had run */
	char log[2000];        /* its last lines, separated by '\n', each washed */
};
#define ZLH_LOG_LINES 20
bool zlh_parse(const char *json, size_t len, struct zlh_status *, struct err *);

/* "out of memory, exit code 137, signal SIGKILL, after 3m": what is known of the crash */
void zlh_crash_words(const struct zlh_status *, char *buf, size_t size);

#endif
