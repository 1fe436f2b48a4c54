/* outcome.c: the result of a run as JSON, and from there into the row. A recording has these lines,
 * so a replay needs no configuration. The answers themselves are never recorded. */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/json_write.h"
#include "backends/base/mask.h"
#include "backends/base/wash.h"
#include "backends/checks/internal.h"
#include "backends/link/loop.h"

static void outcome_add_clean(cJSON *o, const char *name, const char *raw)
{
	char text[CHECK_WHY_SIZE];
	wash(text, sizeof(text), raw, strlen(raw));
	mask_sentence(text, sizeof(text));
	if (*text)
		cJSON_AddStringToObject(o, name, text);
}

void outcome_write(const struct check_runner *n, const struct probe_result *r, struct buf *out)
{
	const struct probe_spec *spec = &n->spec;
	char target[sizeof(n->row->target)];
	cJSON *o = cJSON_CreateObject();
	probe_spec_target(spec, target, sizeof(target));
	cJSON_AddStringToObject(o, "name", n->name);
	cJSON_AddStringToObject(o, "what", probe_what_name(spec->what));
	cJSON_AddStringToObject(o, "target", target);
	cJSON_AddNumberToObject(o, "every_ms", spec->every_ms);
	cJSON_AddNumberToObject(o, "fails_most", spec->fails);
	cJSON_AddNumberToObject(o, "slow_ms", spec->slow_ms);
	cJSON_AddNumberToObject(o, "certificate_warn", spec->certificate_warn);
	cJSON_AddNumberToObject(o, "certificate_bad", spec->certificate_bad);
	cJSON_AddBoolToObject(o, "insecure", spec->insecure);
	cJSON_AddBoolToObject(o, "good", r->good);
	cJSON_AddBoolToObject(o, "unable", r->unable);
	outcome_add_clean(o, "why", r->why);
	outcome_add_clean(o, "said", r->said);
	cJSON_AddNumberToObject(o, "us", r->ms * 1000);
	cJSON_AddNumberToObject(o, "status", r->status);
	json_add_time(o, "certificate_end_ms", r->certificate_end_ms);
	char *text = cJSON_PrintUnformatted(o);
	buf_puts(out, text);
	cJSON_free(text);
	cJSON_Delete(o);
}

static int outcome_int(const cJSON *o, const char *name, int most)
{
	int64_t n = vj_int(o, name, NULL, 0);
	return n > 0 && n <= most ? (int)n : 0;
}

static void outcome_take_run(struct check *c, const cJSON *o)
{
	bool good = vj_true(o, "good", NULL);
	double ms = (double)vj_int(o, "us", NULL, 0) / 1000;
	c->ran_ms = now_wall_ms();
	c->unable[0] = '\0';
	if (vj_true(o, "unable", NULL)) {
		vj_text(o, "why", NULL, c->unable, sizeof(c->unable));
		return;
	}
	c->ran = true;
	c->status = outcome_int(o, "status", 999);
	if (good || vj_int(o, "certificateEndMs", "certificate_end_ms", 0) > 0)
		c->certificate_end_ms = vj_int(o, "certificateEndMs", "certificate_end_ms", 0);
	if (good) {
		bool slow = c->slow_ms && ms > c->slow_ms;
		c->fails = 0;
		c->slows = slow ? c->slows + 1 : 0;
		c->latency_ms = ms;
		c->decided = true;
		vj_text(o, "said", NULL, c->said, sizeof(c->said));
	} else {
		if (c->fails < c->fails_most)
			c->fails++;
		c->slows = 0;
		c->latency_ms = -1;
		c->decided = c->decided || c->fails >= c->fails_most;
		vj_text(o, "why", NULL, c->failure, sizeof(c->failure));
		c->failed_ms = now_wall_ms();
	}
	lately_add(&c->lately, loop_now(store_loop(c->row.server->store)), good, ms);
}

void outcome_judge(struct check *c)
{
	char why[CHECK_WHY_SIZE];
	enum health health = judge_check(c, now_wall_ms(), why, sizeof(why));
	int64_t since = c->row.health == health && c->row.health_ms ? c->row.health_ms
	                                                            : now_wall_ms();
	store_row_health(&c->row, health, since, *why ? why : NULL);
	store_touch_figures(&c->row);
}

struct check *outcome_take(struct source *source, const char *bytes, size_t len)
{
	char name[CHECK_NAME_SIZE];
	cJSON *o = json_parse(bytes, len);
	struct check *c = NULL;
	if (vj_text(o, "name", NULL, name, sizeof(name))) {
		c = ROW_AS(check, store_row(source, &kind_check, name, name));
		/* The facts of the section. */
		char what[16];
		vj_text(o, "what", NULL, what, sizeof(what));
		for (int i = 0; i < PROBES; i++)
			if (!strcmp(what, probe_what_name((enum probe_what)i)))
				c->what = (enum probe_what)i;
		vj_text(o, "target", NULL, c->target, sizeof(c->target));
		c->every_ms = outcome_int(o, "every_ms", 86400 * 1000);
		c->fails_most = outcome_int(o, "fails_most", 100);
		c->slow_ms = outcome_int(o, "slow_ms", 120000);
		c->certificate_warn = outcome_int(o, "certificate_warn", 365);
		c->certificate_bad = outcome_int(o, "certificate_bad", 365);
		c->insecure = vj_true(o, "insecure", NULL);
		if (!c->fails_most)
			c->fails_most = 1;
		outcome_take_run(c, o);
		outcome_judge(c);
	}
	cJSON_Delete(o);
	return c;
}
