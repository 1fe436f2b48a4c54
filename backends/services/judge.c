/* judge.c: assesses a unit's health and writes the reason. Pure.
 *
 * Source: org.freedesktop.systemd1(5), and for exit codes and results systemd.exec(5). */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/services/systemd.h"

#define MANY_RESTARTS 2

/* Exit codes that systemd uses when it could not even start the program. Without these words an
 * operator has to look them up each time. */
static void unit_exit_phrase(const struct unit *u, char *out, size_t size)
{
	static const struct {
		int status;
		const char *words;
	} known[] = {
		{ 200, "its working directory is missing" },
		{ 203, "its program cannot be executed" },
		{ 209, "its standard output cannot be set up" },
		{ 216, "its group does not exist" },
		{ 217, "its user does not exist" },
		{ 219, "its control group cannot be set up" },
		{ 226, "its namespace cannot be set up" },
		{ 238, "its state directory cannot be made" },
	};
	const char *meaning = NULL;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].status == u->exit_status)
			meaning = known[i].words;
	if (u->exit_status < 0)
		snprintf(out, size, "its command failed");
	else if (meaning)
		snprintf(out, size, "exit code %d, %s", u->exit_status, meaning);
	else
		snprintf(out, size, "exit code %d", u->exit_status);
}

static void unit_signal_phrase(const struct unit *u, char *out, size_t size, const char *verb)
{
	const char *name = u->exit_status > 0 ? sigabbrev_np(u->exit_status) : NULL;
	if (name)
		snprintf(out, size, "%s by SIG%s", verb, name);
	else
		snprintf(out, size, "%s by a signal", verb);
}

/* systemd's Result as a phrase. "" for success and for an unknown result. */
static void unit_result_phrase(const struct unit *u, char *out, size_t size)
{
	static const struct {
		const char *result, *words;
	} known[] = {
		{ "oom-kill", "killed for memory" },
		{ "timeout", "it took too long" },
		{ "watchdog", "its watchdog heard nothing" },
		{ "start-limit-hit", "started too often in a short time" },
		{ "resources", "something it needs is not available" },
		{ "protocol", "it did not report as its type wants" },
		{ "exec-condition", "its condition command said no" },
		{ "service-start-limit-hit", "its service was started too often in a short time" },
		{ "trigger-limit-hit", "triggered too often in a short time" },
	};
	*out = '\0';
	if (strcmp(u->result, "exit-code") == 0)
		unit_exit_phrase(u, out, size);
	else if (strcmp(u->result, "signal") == 0)
		unit_signal_phrase(u, out, size, "killed");
	else if (strcmp(u->result, "core-dump") == 0)
		unit_signal_phrase(u, out, size, "dumped core");
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(u->result, known[i].result) == 0)
			snprintf(out, size, "%s", known[i].words);
	if (!*out && strcmp(u->result, "success") != 0)
		snprintf(out, size, "%s", u->result);
}

static void unit_add(char *out, size_t size, const char *part, const char *text)
{
	size_t n = strlen(out);
	if (n < size)
		snprintf(out + n, size - n, "%s%s", part, text);
}

static void unit_reason(const struct unit *u, const char *start, char *why, size_t size)
{
	char text[160];
	const struct unit_priv *p = priv_of(u);
	snprintf(why, size, "%s", start);
	unit_result_phrase(u, text, sizeof text);
	if (*text)
		unit_add(why, size, ": ", text);
	if (u->restarts > 0) {
		snprintf(text, sizeof text, "%d restart%s", u->restarts,
		         u->restarts == 1 ? "" : "s");
		unit_add(why, size, ", ", text);
	}
	if (p && p->last_line && *p->last_line) {
		snprintf(text, sizeof text, "\"%.150s\"", p->last_line);
		unit_add(why, size, "; last: ", text);
	}
}

static bool unit_is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

enum health unit_judge(const struct unit *u, int64_t now, char *why, size_t size)
{
	static const struct {
		const char *active;
		enum health health;
	} known[] = {
		{ "active", HEALTH_GOOD },           { "inactive", HEALTH_IDLE },
		{ "activating", HEALTH_BUSY },       { "deactivating", HEALTH_BUSY },
		{ "reloading", HEALTH_BUSY },        { "refreshing", HEALTH_BUSY },
		{ "maintenance", HEALTH_ATTENTION },
	};
	*why = '\0';
	if (unit_is(u->active, "failed")) {
		unit_reason(u, "failed", why, size);
		return HEALTH_BAD;
	}
	if (unit_is(u->load, "not-found")) {
		if (u->nearest)
			snprintf(why, size, "not found; near: %s", u->nearest);
		else
			snprintf(why, size, "not found on this server");
		return u->wanted ? HEALTH_BAD : HEALTH_IDLE;
	}
	if (unit_is(u->load, "error") || unit_is(u->load, "bad-setting")) {
		snprintf(why, size, "its unit file cannot be read (%s)", u->load);
		return HEALTH_ATTENTION;
	}
	/* A unit in a restart loop looks healthy for a moment after each start. */
	const struct unit_priv *p = priv_of(u);
	if (u->restarts > MANY_RESTARTS &&
	    (unit_is(u->sub, "auto-restart") || (p && p->flap_ms && now - p->flap_ms < FLAP_MS))) {
		unit_reason(u, "restarts again and again", why, size);
		return HEALTH_BAD;
	}
	if (unit_is(u->sub, "auto-restart"))
		unit_reason(u, "restarts by itself", why, size);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (unit_is(u->active, known[i].active))
			return known[i].health;
	return HEALTH_UNKNOWN;
}

int64_t unit_since_ms(const struct unit *u)
{
	const struct unit_priv *p = priv_of(u);
	if (unit_is(u->active, "active"))
		return u->active_ms;
	if (unit_is(u->active, "inactive") || unit_is(u->active, "failed"))
		return u->inactive_ms;
	return p ? p->change_ms : 0;
}
