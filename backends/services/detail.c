/* detail.c: the details of a unit: state, process, relations, unit file with drop-ins, last log
 * lines. Missing data is requested when the details open, and again when the unit's state
 * changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/base/mask.h"
#include "backends/link/loop.h"
#include "backends/services/systemd.h"
#include "backends/store/doc.h"

#define CAT_MAX (256u << 10)
#define LOG_BYTES_MAX (1u << 20)
#define LAST_BYTES_MAX (256u << 10)
#define RUN_TIMEOUT_MS 15000
/* minimum between two requests, for a unit that restarts all the time */
#define DETAIL_AGAIN_MS 5000
#define WORDS_MAX 24

/* --- texts from the server ----------------------------------------------- */

/* Feeds the output of a run, or its error. unit_detail_finish cancels the runs of a removed row. */
static void unit_take_run(struct unit *u, const char *what, const struct run_result *r)
{
	char name[UNIT_NAME_SIZE + 8];
	snprintf(name, sizeof name, "%s:%s", what, unit_name(u));
	const char *text;
	if (r->out_len)
		text = r->out;
	else if (r->end.err.code)
		text = r->end.err.text;
	else
		text = r->err_out;
	struct buf all = { 0 };
	buf_addf(&all, "%s%s", text, r->out_len && r->end.err.code ? "\n… cut: " : "");
	if (r->out_len && r->end.err.code)
		buf_puts(&all, r->end.err.text);
	source_feed(u->row.source, name, all.data, all.len);
	buf_finish(&all);
}

static void unit_on_cat(const struct run_result *r, void *arg)
{
	struct unit *u = arg;
	priv_of(u)->cat_run = NULL;
	unit_take_run(u, "cat", r);
}

static void unit_on_log(const struct run_result *r, void *arg)
{
	struct unit *u = arg;
	priv_of(u)->log_run = NULL;
	unit_take_run(u, "log", r);
}

static struct run *unit_run_words(struct systemd_source *sd, const char *const *words, size_t max,
                                  run_fn *done, void *arg)
{
	char *command = quote_command(words);
	struct run *run = link_run(source_link(&sd->source), command, NULL, 0, max, RUN_TIMEOUT_MS,
	                           done, arg);
	free(command);
	return run;
}

/* Requests the details once per opening, and after a state change. Redrawing requests nothing.
 * change_ms is by the server's clock, so it is compared only with itself. */
static void unit_ask_once(struct unit *u)
{
	struct systemd_source *sd = systemd_of(u->row.source);
	struct unit_priv *p = priv_of(u);
	struct link *link = source_link(&sd->source);
	struct sync_mark now = sync_now(&sd->sync, loop_now(store_loop(sd->source.store)));
	if (fetch_open(&p->detail, u->row.details_opened, DETAIL_AGAIN_MS, now.ms))
		fetch_hurry(&p->detail);
	else if (p->detail_change_ms != p->change_ms && !fetch_is_wanted(&p->detail))
		fetch_want(&p->detail);
	if (fetch_wait(&p->detail, DETAIL_AGAIN_MS, now.ms) != 0 || !sd->bus || !link ||
	    link->state != LINK_UP || strcmp(u->load, "not-found") == 0)
		return;
	fetch_ask(&p->detail, now);
	p->detail_change_ms = p->change_ms;
	ask_row(sd, u);
	ask_detail(sd, u);
	const char *words[WORDS_MAX];
	bool user = manager_of(&sd->source)->user;
	const char *cat[] = { "systemctl",  user ? "--user" : "--system",
		              "--no-pager", "cat",
		              "--",         unit_name(u),
		              NULL };
	if (!p->cat_run)
		p->cat_run = unit_run_words(sd, cat, CAT_MAX, unit_on_cat, u);
	size_t n = journal_words(&sd->source, unit_name(u), words);
	const char *const tail[] = { "-q", "-a", "-n", "20", "-o", "short", NULL };
	memcpy(words + n, tail, sizeof tail);
	if (!p->log_run)
		p->log_run = unit_run_words(sd, words, LOG_BYTES_MAX, unit_on_log, u);
	/* The bus keeps answers and signals in order, so no event overtakes the answers. */
	fetch_answer(&p->detail, NULL, SYNC_NEVER);
}

void unit_detail_finish(struct unit_priv *p)
{
	if (!p)
		return;
	run_cancel(p->cat_run);
	run_cancel(p->log_run);
	cJSON_Delete(p->more);
	free(p->cat);
	free(p->log);
}

/* --- the last line of a failed unit -------------------------------------- */

/* One run at a time, so that a server with forty failed units does not get forty requests at
 * once. */
static void unit_on_last(const struct run_result *r, void *arg)
{
	struct systemd_source *sd = arg;
	char what[UNIT_NAME_SIZE + 8];
	sd->last_run = NULL;
	snprintf(what, sizeof what, "last:%s", sd->last_unit);
	if (r->out_len && (!r->end.err.code || r->end.err.code == ERR_TOO_BIG))
		source_feed(&sd->source, what, r->out, r->out_len);
	last_lines_next(sd);
}

void last_lines_drop(struct systemd_source *sd)
{
	run_cancel(sd->last_run);
	sd->last_run = NULL;
}

void last_lines_next(struct systemd_source *sd)
{
	struct link *link = sd->bus ? source_link(&sd->source) : NULL;
	struct row *row = store_first(sd->source.store, &kind_unit, sd->source.server);
	if (sd->last_run || !link || link->state != LINK_UP)
		return;
	for (; row && !sd->last_run; row = store_next(row, &kind_unit, sd->source.server)) {
		struct unit *u = unit_of(row);
		if (row->source != &sd->source || !priv_of(u)->want_last_line)
			continue;
		priv_of(u)->want_last_line = false;
		/* Matches only the unit's own output. systemd's messages about the unit ("Failed
		 * with result ...") are already in the row. Source: systemd.journal-fields(7). */
		const char *words[WORDS_MAX];
		char match[UNIT_NAME_SIZE + 32];
		bool user = manager_of(&sd->source)->user;
		snprintf(match, sizeof match, "%s=%s",
		         user ? "_SYSTEMD_USER_UNIT" : "_SYSTEMD_UNIT", unit_name(u));
		size_t n = 0;
		words[n++] = "journalctl";
		if (user)
			words[n++] = "--user";
		const char *const tail[] = { "--no-pager", "-q",  "-a",  "-n", "1",
			                     "-o",         "cat", match, NULL };
		memcpy(words + n, tail, sizeof tail);
		snprintf(sd->last_unit, sizeof sd->last_unit, "%s", unit_name(u));
		sd->last_run = unit_run_words(sd, words, LAST_BYTES_MAX, unit_on_last, sd);
	}
}

/* --- the document -------------------------------------------------------- */

static const cJSON *unit_more(const struct unit *u, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(priv_of(u)->more, name);
}

static void unit_pair_text(struct doc *doc, const char *label, const char *text)
{
	if (text && *text)
		doc_pair(doc, DOC_PLAIN, label, "%s", text);
}

static void unit_pair_bytes(struct doc *doc, const char *label, int64_t bytes)
{
	char text[HUMAN_SIZE];
	if (bytes >= 0)
		doc_pair(doc, DOC_PLAIN, label, "%s", human_bytes(text, (uint64_t)bytes));
}

static void unit_pair_words(struct doc *doc, const char *label, const cJSON *list)
{
	const cJSON *word;
	cJSON_ArrayForEach (word, list) {
		if (*json_text(word))
			doc_pair(doc, DOC_PLAIN, label, "%s", json_text(word));
		label = "";
	}
}

static void unit_add_process(struct doc *doc, const struct unit *u, bool reveal)
{
	char span[HUMAN_SIZE];
	/* Each command is (path, [argv], ignore failure, times...). */
	const cJSON *command, *word;
	const char *label = "runs";
	cJSON_ArrayForEach (command, unit_more(u, "ExecStart")) {
		struct buf line, clean;
		buf_init(&line, 8192);
		buf_init(&clean, 16384);
		cJSON_ArrayForEach (word, cJSON_GetArrayItem(command, 1)) {
			if (line.len)
				buf_puts(&line, " ");
			quote_word(&line, json_text(word));
		}
		if (line.len && !reveal)
			mask_text(&clean, line.data, line.len);
		const char *text;
		if (clean.len)
			text = clean.data;
		else if (line.len)
			text = line.data;
		else
			text = "";
		if (*text)
			doc_pair(doc, DOC_CODE, label, "%s", text);
		label = "";
		buf_finish(&line);
		buf_finish(&clean);
	}
	unit_pair_text(doc, "type", json_text(unit_more(u, "Type")));
	unit_pair_text(doc, "as user", json_text(unit_more(u, "User")));
	const char *folder = json_text(unit_more(u, "WorkingDirectory"));
	unit_pair_text(doc, "in", folder + (*folder == '!')); /* "!": the folder need not exist */
	if (u->main_pid > 0)
		doc_pair(doc, DOC_PLAIN, "main PID", "%d", u->main_pid);
	unit_pair_bytes(doc, "memory", u->memory);
	unit_pair_bytes(doc, "memory peak", json_int(unit_more(u, "MemoryPeak"), -1));
	unit_pair_bytes(doc, "memory limit", json_int(unit_more(u, "MemoryMax"), -1));
	if (u->cpu_ns >= 0)
		doc_pair(doc, DOC_PLAIN, "CPU time", "%s", human_span(span, u->cpu_ns / 1000000));
	int64_t tasks = json_int(unit_more(u, "TasksCurrent"), -1);
	if (tasks >= 0)
		doc_pair(doc, DOC_PLAIN, "tasks", "%lld", (long long)tasks);
	if (u->restarts >= 0)
		doc_pair(doc, u->restarts ? DOC_WARN : DOC_PLAIN, "restarts", "%d", u->restarts);
	unit_pair_text(doc, "restart when", json_text(unit_more(u, "Restart")));
	unit_pair_text(doc, "result", u->result);
	if (u->exit_status > 0)
		doc_pair(doc, DOC_PLAIN, "last exit", "%d", u->exit_status);
}

static void unit_add_text(struct doc *doc, const char *head, const char *text, enum doc_tone tone,
                          bool reveal)
{
	struct buf clean;
	buf_init(&clean, 4 * CAT_MAX);
	doc_head(doc, head);
	if (!reveal)
		mask_text(&clean, text, strlen(text));
	if (reveal)
		doc_text(doc, tone, text, strlen(text));
	else
		doc_text(doc, tone, clean.len ? clean.data : "", clean.len);
	buf_finish(&clean);
}

void unit_detail(struct row *row, struct doc *doc, bool reveal)
{
	struct unit *u = unit_of(row);
	struct unit_priv *p = priv_of(u);
	unit_ask_once(u);
	doc_head(doc, row->name);
	char age[HUMAN_SIZE] = "", clock[HUMAN_SIZE];
	int64_t since = unit_since_ms(u);
	if (since > 0)
		human_span(age, now_wall_ms() - since);
	static const enum doc_tone tones[] = {
		[HEALTH_UNKNOWN] = DOC_DIM,    [HEALTH_GOOD] = DOC_GOOD,
		[HEALTH_IDLE] = DOC_PLAIN,     [HEALTH_BUSY] = DOC_WARN,
		[HEALTH_ATTENTION] = DOC_WARN, [HEALTH_BAD] = DOC_BAD,
		[HEALTH_ASKS] = DOC_WARN,
	};
	enum doc_tone tone = tones[u->row.health];
	const char *active = *u->active ? u->active : "unknown";
	doc_pair(doc, tone, "state", "%s (%s)%s%s", active, u->sub, *age ? " for " : "", age);
	if (u->row.why)
		doc_pair(doc, tone, "why", "%s", u->row.why);
	unit_pair_text(doc, "says", json_text(unit_more(u, "StatusText")));
	unit_pair_text(doc, "what", u->description);
	doc_pair(doc, DOC_PLAIN, "at boot", "%s", *u->file_state ? u->file_state : "unknown");
	unit_pair_text(doc, "load", u->load);
	unit_pair_text(doc, "nearest", u->nearest);
	if (cJSON_IsTrue(unit_more(u, "NeedDaemonReload")))
		doc_pair(doc, DOC_WARN, "unit file", "%s",
		         "changed on disk since it was read; daemon-reload reads it again");
	if (u->next_ms > 0)
		doc_pair(doc, DOC_PLAIN, "next", "%s, in %s", human_clock(clock, u->next_ms),
		         human_span(age, u->next_ms - now_wall_ms()));
	int64_t last = json_int(unit_more(u, "LastTriggerUSec"), 0) / 1000;
	if (last > 0)
		doc_pair(doc, DOC_PLAIN, "last", "%s ago", human_span(age, now_wall_ms() - last));
	unit_add_process(doc, u, reveal);
	const cJSON *address;
	const char *label = "listens";
	unit_pair_text(doc, "starts", u->triggers);
	unit_pair_words(doc, "started by", unit_more(u, "TriggeredBy"));
	unit_pair_words(doc, "wanted by", unit_more(u, "WantedBy"));
	cJSON_ArrayForEach (address, unit_more(u, "Listen")) {
		doc_pair(doc, DOC_PLAIN, label, "%s %s", json_text(cJSON_GetArrayItem(address, 0)),
		         json_text(cJSON_GetArrayItem(address, 1)));
		label = "";
	}
	unit_pair_words(doc, "read about it", unit_more(u, "Documentation"));
	unit_pair_text(doc, "file", u->fragment);
	unit_pair_words(doc, "drop-in", unit_more(u, "DropInPaths"));
	if (p->log)
		unit_add_text(doc, "Last log lines", *p->log ? p->log : "none", DOC_PLAIN, reveal);
	if (p->cat)
		unit_add_text(doc, "Unit file and drop-ins", p->cat, DOC_CODE, reveal);
	if (!p->cat && p->cat_run)
		doc_add(doc, DOC_DIM, "asking for the unit file ...");
}
