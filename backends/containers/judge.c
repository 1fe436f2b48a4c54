/* judge.c: what a container's state means for an operator.
 *
 * An engine does not say who stopped a container. Events show it while mocr is connected. For
 * earlier deaths the restart policy is the evidence. If the policy would have restarted the
 * container but did not, somebody stopped it on purpose. */
#include "backends/containers/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"

const char *container_state_name(enum container_state state)
{
	static const char *const names[] = {
		[CONTAINER_UNKNOWN] = "unknown",       [CONTAINER_CREATED] = "created",
		[CONTAINER_RUNNING] = "running",       [CONTAINER_PAUSED] = "paused",
		[CONTAINER_RESTARTING] = "restarting", [CONTAINER_EXITED] = "exited",
		[CONTAINER_REMOVING] = "removing",     [CONTAINER_DEAD] = "dead",
	};
	return names[state];
}

const char *container_health_name(enum container_health health)
{
	static const char *const names[] = {
		[CTR_HEALTH_NONE] = "none",
		[CTR_HEALTH_STARTING] = "starting",
		[CTR_HEALTH_HEALTHY] = "healthy",
		[CTR_HEALTH_UNHEALTHY] = "unhealthy",
	};
	return names[health];
}

const char *death_class_name(enum death_class death)
{
	static const char *const names[] = {
		[DEATH_NONE] = "none",
		[DEATH_OOM] = "oom",
		[DEATH_MISSING_DEPENDENCY] = "missing_dependency",
		[DEATH_NONZERO_EXIT] = "nonzero_exit",
		[DEATH_SIGNAL] = "signal",
		[DEATH_UNEXPECTED_EXIT] = "unexpected_exit",
	};
	return names[death];
}

const char *ctr_exit_signal(int code)
{
	static const struct {
		int number;
		const char *name;
	} signals[] = {
		{ 1, "HUP" },   { 2, "INT" },   { 3, "QUIT" },  { 4, "ILL" },   { 5, "TRAP" },
		{ 6, "ABRT" },  { 7, "BUS" },   { 8, "FPE" },   { 9, "KILL" },  { 10, "USR1" },
		{ 11, "SEGV" }, { 12, "USR2" }, { 13, "PIPE" }, { 14, "ALRM" }, { 15, "TERM" },
		{ 24, "XCPU" }, { 25, "XFSZ" }, { 31, "SYS" },
	};
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (code == 128 + signals[i].number)
			return signals[i].name;
	return "";
}

const char *ctr_missing_line(const char *lines, size_t *len)
{
	static const char *const signs[] = {
		"command not found",
		": not found",
		"cannot open shared object",
		"no such file or directory",
		"connection refused",
		"no such host",
		"could not resolve",
		"name or service not known",
		"temporary failure in name resolution",
		"modulenotfounderror",
		"no module named",
		"cannot find module",
		"module not found",
		"econnrefused",
		"enotfound",
		"could not connect to",
		"host not found",
		"executable file not found",
		"exec format error",
	};
	const char *found = NULL;
	/* the last match counts, because it is nearest to the death */
	for (const char *p = lines; p && *p;) {
		size_t n = strcspn(p, "\n");
		char line[512];
		snprintf(line, sizeof(line), "%.*s", (int)(n < sizeof(line) ? n : sizeof(line) - 1),
		         p);
		for (size_t i = 0; i < ARRAY_LEN(signs); i++)
			if (strcasestr(line, signs[i])) {
				found = p;
				*len = n;
				break;
			}
		p += n + (p[n] == '\n');
	}
	return found;
}

void ctr_classify(struct container *c, const struct ctr_facts *f)
{
	size_t len;
	bool over = c->state == CONTAINER_EXITED || c->state == CONTAINER_DEAD ||
	            c->state == CONTAINER_RESTARTING;
	const char *sig = over ? ctr_exit_signal(c->exit_code) : "";
	snprintf(c->exit_signal, sizeof(c->exit_signal), "%s", sig);
	c->death = DEATH_NONE;
	/* it never started: the command is missing in the image, or a mount or port failed */
	if (c->state == CONTAINER_CREATED && *f->error)
		c->death = DEATH_MISSING_DEPENDENCY;
	if (!over)
		return;
	/* A deliberate stop: seen in events, or implied by a policy that did not restart it. */
	bool keeps_running = strcmp(f->policy, "always") == 0 ||
	                     strcmp(f->policy, "unless-stopped") == 0;
	bool stop_signal = c->exit_code == 143 ||
	                   (keeps_running && (c->exit_code == 137 || c->exit_code == 130));
	bool on_purpose = f->stopped ||
	                  (!f->witnessed && c->state == CONTAINER_EXITED && stop_signal);
	if (c->oom)
		c->death = DEATH_OOM;
	else if (on_purpose && (c->exit_code == 0 || *sig))
		c->death = DEATH_NONE;
	else if (c->exit_code == 126 || c->exit_code == 127)
		c->death = DEATH_MISSING_DEPENDENCY;
	else if (*sig)
		c->death = DEATH_SIGNAL;
	else if (c->exit_code > 0)
		c->death = ctr_missing_line(c->last_lines, &len) ? DEATH_MISSING_DEPENDENCY
		                                                 : DEATH_NONZERO_EXIT;
	else if (c->exit_code == 0 && keeps_running && !f->stopped)
		c->death = DEATH_UNEXPECTED_EXIT;
}

/* --- the sentence -------------------------------------------------------- */

static void ctr_add(char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void ctr_add(char *why, const char *fmt, ...)
{
	size_t n = strlen(why), size = sizeof(((struct ctr_verdict *)0)->why);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why + n, size - n, fmt, ap);
	va_end(ap);
}

static void ctr_say_death(const struct container *c, const struct ctr_facts *f, char *why)
{
	char a[HUMAN_SIZE];
	size_t len = 0;
	const char *line = ctr_missing_line(c->last_lines, &len);
	if (c->death == DEATH_OOM && f->mem_limit > 0)
		ctr_add(why, "oom-killed (limit %s)", human_bytes(a, (uint64_t)f->mem_limit));
	else if (c->death == DEATH_OOM)
		ctr_add(why, "oom-killed");
	else if (c->death == DEATH_SIGNAL)
		ctr_add(why, "ended by SIG%s (%d)", c->exit_signal, c->exit_code);
	else if (c->exit_code >= 0)
		ctr_add(why, "exit code %d", c->exit_code);
	else
		ctr_add(why, "ended");
	if (c->death == DEATH_UNEXPECTED_EXIT)
		ctr_add(why, " though it should keep running (%s)", f->policy);
	if (c->death == DEATH_MISSING_DEPENDENCY && *f->error)
		ctr_add(why, ", something is missing: %.120s", f->error);
	else if (c->death == DEATH_MISSING_DEPENDENCY && line)
		ctr_add(why, ", something is missing: %.*s", (int)(len < 90 ? len : 90), line);
	if (c->started_ms > 0 && c->finished_ms > c->started_ms)
		ctr_add(why, ", ran %s", human_span(a, c->finished_ms - c->started_ms));
	if (c->restarts > 0)
		ctr_add(why, ", restarts %d", c->restarts);
}

/* --- the verdict, by state ----------------------------------------------- */

static void ctr_judge_running(const struct container *c, const struct ctr_facts *f,
                              struct ctr_verdict *v)
{
	v->since_ms = c->started_ms ? c->started_ms : c->created_ms;
	v->health = c->health == CTR_HEALTH_STARTING ? HEALTH_BUSY : HEALTH_GOOD;
	if (c->health == CTR_HEALTH_UNHEALTHY) {
		v->health = HEALTH_ATTENTION;
		ctr_add(v->why, "unhealthy");
		if (f->failing_streak > 1)
			ctr_add(v->why, ", failed %d checks", f->failing_streak);
		if (*f->health_output)
			ctr_add(v->why, ": %.120s", f->health_output);
	} else if ((f->deaths >= 2 || c->restarts >= 3) &&
	           f->now_ms - c->started_ms < CTR_SETTLED_MS) {
		/* the same verdict as while it waits for a restart, so that the row does not
		 * flicker */
		v->health = HEALTH_BAD;
		ctr_add(v->why, "restart loop: runs just now");
		if (c->exit_code > 0)
			ctr_add(v->why, ", last exit code %d", c->exit_code);
		if (c->restarts > 0)
			ctr_add(v->why, ", restarts %d", c->restarts);
	} else if (v->health == HEALTH_BUSY) {
		ctr_add(v->why, "starting: not yet healthy");
	}
}

static void ctr_judge_restarting(const struct container *c, const struct ctr_facts *f,
                                 struct ctr_verdict *v)
{
	bool loop = c->restarts > 1 || f->deaths > 1; /* the first restart is no loop yet */
	v->since_ms = c->finished_ms ? c->finished_ms : c->created_ms;
	v->health = loop ? HEALTH_BAD : HEALTH_BUSY;
	if (loop)
		ctr_add(v->why, "restart loop: ");
	ctr_say_death(c, f, v->why);
}

static void ctr_judge_over(const struct container *c, const struct ctr_facts *f,
                           struct ctr_verdict *v)
{
	v->since_ms = c->finished_ms ? c->finished_ms : c->created_ms;
	v->health = c->death == DEATH_NONE && c->state != CONTAINER_DEAD ? HEALTH_IDLE : HEALTH_BAD;
	/* Without an inspect the policy is unknown. So exit code 0 counts as a normal end. */
	if (v->health == HEALTH_IDLE && c->exit_code <= 0)
		return;
	if (v->health == HEALTH_IDLE) {
		ctr_add(v->why, "stopped (%d)", c->exit_code);
		return;
	}
	if (c->state == CONTAINER_DEAD)
		ctr_add(v->why, "dead, the engine could not remove it: ");
	ctr_say_death(c, f, v->why);
}

static void ctr_judge_created(const struct container *c, const struct ctr_facts *f,
                              struct ctr_verdict *v)
{
	v->since_ms = c->created_ms;
	v->health = *f->error ? HEALTH_BAD : HEALTH_IDLE;
	if (*f->error)
		ctr_add(v->why, "did not start: %.200s", f->error);
	else
		ctr_add(v->why, "never started");
}

static void ctr_judge_paused(const struct container *c, const struct ctr_facts *f,
                             struct ctr_verdict *v)
{
	v->since_ms = c->started_ms ? c->started_ms : c->created_ms;
	v->health = HEALTH_ATTENTION;
	ctr_add(v->why, "paused");
}

static void ctr_judge_removing(const struct container *c, const struct ctr_facts *f,
                               struct ctr_verdict *v)
{
	v->health = HEALTH_BUSY;
	ctr_add(v->why, "is being removed");
}

void ctr_judge(const struct container *c, const struct ctr_facts *f, struct ctr_verdict *v)
{
	static void (*const by_state[])(const struct container *, const struct ctr_facts *,
	                                struct ctr_verdict *) = {
		[CONTAINER_CREATED] = ctr_judge_created,
		[CONTAINER_RUNNING] = ctr_judge_running,
		[CONTAINER_PAUSED] = ctr_judge_paused,
		[CONTAINER_RESTARTING] = ctr_judge_restarting,
		[CONTAINER_EXITED] = ctr_judge_over,
		[CONTAINER_REMOVING] = ctr_judge_removing,
		[CONTAINER_DEAD] = ctr_judge_over,
	};
	*v = (struct ctr_verdict){ .health = HEALTH_UNKNOWN };
	if (by_state[c->state])
		by_state[c->state](c, f, v);
}
