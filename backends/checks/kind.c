/* kind.c: the check as a kind of row: details, JSON, actions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json_write.h"
#include "backends/base/mem.h"
#include "backends/checks/internal.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"

static void check_finish(struct row *row)
{
	struct check *c = check_of(row);
	free(c->offer);
	if (!c->runner)
		return;
	kept_write(c->runner);
	c->runner->row = NULL;
}

static unsigned check_share(const struct check *c, unsigned *good)
{
	return lately_count(&c->lately, loop_now(store_loop(c->row.server->store)), good);
}

static void check_json(const struct row *row, void *out)
{
	const struct check *c = ROW_AS(check, row);
	unsigned good, all = check_share(c, &good);
	cJSON *o = out;
	json_add_filled(o, "what", probe_what_name(c->what));
	json_add_filled(o, "target", c->target);
	json_add_filled(o, "state", check_state(c));
	cJSON_AddBoolToObject(o, "offered", c->offer != NULL);
	json_add_number(o, "latency_ms", c->latency_ms, c->ran && c->latency_ms >= 0);
	json_add_number(o, "http_status", c->status, c->status > 0);
	json_add_filled(o, "said", c->said);
	json_add_time(o, "ran_ms", c->ran_ms);
	json_add_number(o, "every_ms", (double)c->every_ms, c->every_ms > 0);
	json_add_number(o, "bad_runs", c->fails, c->ran);
	json_add_filled(o, "last_failure", c->failure);
	json_add_time(o, "last_failure_ms", c->failed_ms);
	json_add_number(o, "runs_24h", all, true);
	json_add_number(o, "good_24h", good, true);
	json_add_time(o, "certificate_end_ms", c->certificate_end_ms);
	cJSON_AddBoolToObject(o, "insecure", c->insecure);
	cJSON_AddBoolToObject(o, "paused", c->paused);
}

static void check_detail_certificate(const struct check *c, struct doc *doc)
{
	int days;
	if (c->insecure)
		doc_pair(doc, DOC_BAD, "insecure", "any certificate is accepted (insecure = yes)");
	if (!check_certificate_days(c, now_wall_ms(), &days))
		return;
	enum doc_tone tone = DOC_PLAIN;
	if (days < c->certificate_bad)
		tone = DOC_BAD;
	else if (days < c->certificate_warn)
		tone = DOC_WARN;
	if (days < 0)
		doc_pair(doc, tone, "certificate", "has ended");
	else
		doc_pair(doc, tone, "certificate", "ends in %d day%s", days, days == 1 ? "" : "s");
}

static void check_detail(struct row *row, struct doc *doc, bool reveal)
{
	const struct check *c = check_of(row);
	char text[HUMAN_SIZE];
	unsigned good, all = check_share(c, &good);
	if (c->offer) {
		offer_detail(row, doc);
		return;
	}
	const struct check_config *config = store_settings(c->row.server->store)->checks;
	while (config && (!c->runner || strcmp(config->name, c->runner->name) != 0))
		config = config->next;
	/* With its query when secrets are to be shown. */
	bool query = config && config->url && strchr(config->url, '?');
	const char *shown = query && reveal ? config->url : c->target;
	doc_pair(doc, DOC_PLAIN, probe_what_name(c->what), "%s%s", shown,
	         query && !reveal ? "?... ([e] shows it)" : "");
	doc_pair(doc, DOC_PLAIN, "from", "%s",
	         row->server->is_local ? "this machine" : row->server->name);
	doc_pair(doc, DOC_PLAIN, "state", "%s", check_state(c));
	if (row->why)
		doc_pair(doc, row->health >= HEALTH_ATTENTION ? DOC_BAD : DOC_WARN, "why", "%s",
		         row->why);
	if (c->ran && c->latency_ms >= 0)
		doc_pair(doc, DOC_PLAIN, "said", "%s in %.1f ms", c->said, c->latency_ms);
	if (c->ran_ms)
		doc_pair(doc, DOC_DIM, "last run", "%s ago, every %lld s",
		         human_age(text, now_wall_ms() - c->ran_ms),
		         (long long)(c->every_ms / 1000));
	check_detail_certificate(c, doc);
	if (all)
		doc_pair(doc, good == all ? DOC_GOOD : DOC_WARN, "24 hours",
		         "%u of %u runs that mocr made were good (%.2f %%)", good, all,
		         100.0 * good / all);
	if (c->failed_ms)
		doc_pair(doc, DOC_WARN, "last failure", "%s ago: %s",
		         human_age(text, now_wall_ms() - c->failed_ms), c->failure);
	float line[LATELY_LINE];
	size_t n = lately_line(&c->lately, line, LATELY_LINE);
	char points[LATELY_LINE * 12] = "";
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(points);
		const char *gap = i ? " " : "";
		if (line[i] < 0)
			snprintf(points + len, sizeof(points) - len, "%sbad", gap);
		else
			snprintf(points + len, sizeof(points) - len, "%s%.0f", gap,
			         (double)line[i]);
	}
	doc_head(doc, "Last runs, in ms, oldest first");
	if (n)
		doc_add(doc, DOC_PLAIN, "%s", points);
	else
		doc_add(doc, DOC_DIM, "None yet.");
}

/* --- actions --------------------------------------------------------------- */

static bool check_can_run(const struct row *row)
{
	const struct check *c = ROW_AS(check, row);
	return c->runner && c->runner->runs;
}

static bool check_can_pause(const struct row *row)
{
	return check_can_run(row) && !check_of(row)->paused;
}

static bool check_can_resume(const struct row *row)
{
	return check_can_run(row) && check_of(row)->paused;
}

static bool check_is_offer(const struct row *row)
{
	const struct check *c = ROW_AS(check, row);
	return c->offer && c->offer->port;
}

static bool check_not_now(const struct row *row, const struct action *a, char *buf, size_t size)
{
	bool paused = ROW_AS(check, row)->paused;
	snprintf(buf, size, "%s", paused ? "is paused already" : "is not paused");
	return check_can_run(row) &&
	       (a->applies == check_can_pause || a->applies == check_can_resume);
}

static void check_command(const struct row *row, char *buf, size_t size)
{
	const struct check *c = ROW_AS(check, row);
	snprintf(buf, size, "%s %s", probe_what_name(c->what), c->target);
}

static void check_run(struct order *order)
{
	runner_run_now(check_of(order_row(order))->runner, order);
}

static void check_pause(struct order *order)
{
	bool pauses = !check_of(order_row(order))->paused;
	runner_pause(check_of(order_row(order))->runner, pauses);
	order_end(order, NULL, pauses ? "until it is resumed or this mocr ends" : "");
}

static const struct action check_actions[] = {
	{ .name = "check-run",
	  .verb = "check now",
	  .key = "r",
	  .flags = ACTION_MARKED,
	  .applies = check_can_run,
	  .command = check_command,
	  .run = check_run,
	  .doing = "checking",
	  .help = "run the check now, and show what it found" },
	{ .name = "check-pause",
	  .verb = "pause",
	  .key = "p",
	  .flags = ACTION_MARKED,
	  .applies = check_can_pause,
	  .command = check_command,
	  .run = check_pause,
	  .doing = "pausing",
	  .help = "pause it until it is resumed or this mocr ends" },
	{ .name = "check-resume",
	  .verb = "resume",
	  .key = "p",
	  .flags = ACTION_MARKED,
	  .applies = check_can_resume,
	  .command = check_command,
	  .run = check_pause,
	  .doing = "resuming",
	  .help = "make it again" },
	{ .name = "check-write",
	  .verb = "write section",
	  .key = "w",
	  .applies = check_is_offer,
	  .command = offer_command,
	  .fits = offer_fits,
	  .run = offer_write,
	  .doing = "writing its section",
	  .help = "write the section of a check that is offered into the configuration, and run "
	          "the check" },
	{ .name = "check-dismiss",
	  .verb = "dismiss",
	  .key = "X",
	  .flags = ACTION_MARKED,
	  .applies = check_is_offer,
	  .command = offer_say_dismiss,
	  .run = offer_dismiss,
	  .doing = "dismissing",
	  .help = "never offer this check again" },
	{ .name = NULL }
};

const struct kind kind_check = {
	.apart = true,
	.name = "check",
	.plural = "checks",
	.row_size = sizeof(struct check),
	.actions = check_actions,
	.not_now = check_not_now,
	.finish = check_finish,
	.detail = check_detail,
	.json = check_json,
};
