/* backend.c: the sessions of one server as a source. Looks when the link comes up, on demand, and
 * at intervals while rows are on the screen. Looks, too, when the vitals show a change.
 *
 * Between looks nothing is started on the server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/link/api.h"
#include "backends/sessions/sessions.h"
#include "backends/store/activity.h"
#include "backends/servers/server.h"
#include "backends/vitals/vitals.h"

#define SCAN_MS 20000
#define SCAN_MAX (4u << 20)
#define LOOK_AGAIN_MS 60000
#define HERDR_AGAIN_MS 180000
#define HURRY_MS 4000 /* a server that ended is often restarted */
#define HURRIES 6
#define UNSEEN_AGAIN_MS 5000 /* between two looks at what other consoles saw */

static void sessions_scan(struct sessions *);

/* --- state of the source -------------------------------------------------- */

static bool sessions_has_programs(const struct sessions *ss)
{
	const struct row *r = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; r; r = store_next(r, &kind_session, ss->source.server)) {
		const struct session *s = ROW_AS(session, r);
		if (session_is_program(r) || s->shown == SESSION_NOT_SERVED)
			return true;
	}
	return false;
}

/* The source stays waiting until every OpenCode server found has answered. */
void sessions_judge_source(struct sessions *ss)
{
	struct source *s = &ss->source;
	const struct oc *worst = NULL;
	bool live = false;
	if (!ss->scanned)
		return;
	s->detail[0] = '\0';
	for (const struct oc *oc = ss->ocs; oc; oc = oc->next) {
		size_t n = strlen(s->detail);
		if (oc->state == OC_FOUND)
			return;
		live |= oc->state == OC_LIVE;
		if (oc->state != OC_LIVE && (!worst || oc->state > worst->state))
			worst = oc;
		if (oc->state == OC_LIVE)
			snprintf(s->detail + n, sizeof(s->detail) - n, "%sOpenCode %s port %d",
			         n ? ", " : "", oc->version, oc->port);
	}
	if (ss->stored_run && !live && s->state == SOURCE_WAITING)
		return; /* the database may be the only source of rows */
	spend_judge(s->store);
	if (s->state == SOURCE_WAITING && program_is_asked(ss))
		return; /* whoever waits for the list wants to know what is asked */
	bool rows = store_first(s->store, &kind_session, s->server) != NULL;
	/* the look failed, so the absence of sessions is not known */
	if (ss->scan_err.code && !live)
		source_set_state(s, rows ? SOURCE_STALE : SOURCE_FAILED, &ss->scan_err);
	else if (live || sessions_has_programs(ss))
		source_set_state(s, SOURCE_LIVE, NULL);
	else if (!worst)
		source_set_state(s, SOURCE_ABSENT, NULL);
	else
		source_set_state(s, worst->state == OC_LOST ? SOURCE_FAILED : SOURCE_DENIED,
		                 &worst->err);
}

/* --- end of a turn -------------------------------------------------------- */

/* Announces the end of a turn half a second after idle, because an error may follow. Only for root
 * sessions, and not if the user stopped the turn. */
static void sessions_on_quiet(struct loop_timer *t, void *arg)
{
	struct sessions *ss = arg;
	struct ses *s, *next;
	int64_t now = now_wall_ms(), soonest = -1;
	HASH_ITER (hh, ss->table, s, next) {
		/* still fetching how the turn ended */
		bool asking = s->last_call ||
		              (fetch_is_wanted(&s->last_fetch) && s->home && s->home->api);
		if (!s->quiet_ms || asking)
			continue;
		if (s->quiet_ms > now) {
			soonest = soonest < 0 || s->quiet_ms - now < soonest ? s->quiet_ms - now
			                                                     : soonest;
			continue;
		}
		s->quiet_ms = 0;
		ses_judge(s);
		bool over = s->was_busy && s->run.run == OC_RUN_IDLE && !s->row->parent[0];
		s->was_busy = false;
		if (over && s->row->shown == SESSION_IDLE) {
			unseen_mark(s->row, now);
			ses_judge(s);
		}
		if (over && s->row->shown == SESSION_IDLE)
			activity_add(ss->source.store, ACTIVITY_CHANGE, HEALTH_GOOD, s->row->row.id,
			             "complete: %s", s->row->row.name);
		else if (over && s->row->shown == SESSION_ERROR)
			activity_add(ss->source.store, ACTIVITY_CHANGE, HEALTH_BAD, s->row->row.id,
			             "error: %s: %s", s->row->row.name,
			             s->row->row.why ? s->row->row.why : "");
	}
	if (soonest >= 0)
		loop_timer_set(ss->quiet, soonest + 5);
}

/* --- the look ------------------------------------------------------------ */

/* The section [opencode NAME] names servers that a scan cannot find. Is it for server v? */
static bool sessions_is_here(const struct opencode_config *c, const struct server *v)
{
	return c->server ? server_is_called(v, c->server) : v->is_local;
}

static const struct opencode_config *sessions_section_of(const struct sessions *ss,
                                                         const char *name)
{
	const struct opencode_config *c = store_settings(ss->source.store)->opencodes;
	while (c && (strcmp(c->name, name) != 0 || !sessions_is_here(c, ss->source.server)))
		c = c->next;
	return c;
}

static bool sessions_same_address(const struct opencode_config *a, const struct opencode_config *b)
{
	return a->url && b->url ? strcmp(a->url, b->url) == 0 : a->url == b->url;
}

/* After :reload: gives each server its new section of the same name. A section with another address
 * is for another server. */
static void sessions_configure_again(struct sessions *ss)
{
	for (struct oc *oc = ss->ocs; oc; oc = oc->next) {
		if (!oc->config || oc->settings == store_settings(ss->source.store))
			continue;
		const struct opencode_config *c = sessions_section_of(ss, oc->config->name);
		oc_configure(oc, c && sessions_same_address(c, oc->config) ? c : NULL);
	}
}

/* A section without an address applies its login to every server found there. */
static void sessions_add_configured(struct sessions *ss)
{
	const struct opencode_config *c = store_settings(ss->source.store)->opencodes;
	sessions_configure_again(ss);
	for (; c; c = c->next) {
		char host[128], name[16];
		struct endpoint endpoint;
		const char *behind;
		size_t behind_len;
		if (!sessions_is_here(c, ss->source.server))
			continue;
		if (!c->url) {
			for (struct oc *oc = ss->ocs; oc; oc = oc->next)
				if (!oc->config)
					oc_configure(oc, c);
			continue;
		}
		if (!api_url_endpoint(c->url, &endpoint, host, sizeof(host), &behind,
		                      &behind_len) ||
		    behind_len) {
			activity_add(ss->source.store, ACTIVITY_NOTE, HEALTH_BAD, NULL,
			             "[opencode %s]: \"%s\" is not an address; expected "
			             "http://127.0.0.1:4096 "
			             "or https://HOST is",
			             c->name, c->url);
			continue;
		}
		snprintf(name, sizeof(name), "%d", endpoint.port);
		struct oc *oc = oc_find(ss, name);
		if (!oc && (oc = oc_add(ss, name, strcmp(host, "localhost") ? host : "127.0.0.1",
		                        endpoint.port)))
			oc->tls = endpoint.tls;
		if (oc && !oc->config)
			oc_configure(oc, c);
	}
}

static void sessions_scan_done(const struct run_result *r, void *arg)
{
	struct sessions *ss = arg;
	ss->scan = NULL;
	ss->scanned_ms = loop_now(store_loop(ss->source.store));
	if (r->end.err.code == ERR_LOST) {
		fetch_failed(&ss->look, ss->scanned_ms);
		return;
	}
	fetch_answer(&ss->look, NULL, SYNC_NEVER);
	ss->scanned = true;
	err_clear(&ss->scan_err);
	if (r->out_len && strstr(r->out, "=end"))
		source_feed(&ss->source, "scan", r->out, r->out_len);
	else if (r->end.err.code)
		ss->scan_err = r->end.err;
	else
		err_set(&ss->scan_err, ERR_REFUSED,
		        "%s: the login runs no shell commands (ended with code %d), so sessions "
		        "cannot be looked for",
		        ss->source.server->name, r->end.exit_code);
	sessions_add_configured(ss);
	for (struct oc *oc = ss->ocs; oc; oc = oc->next)
		oc_begin(oc);
	stored_look(ss);
	watch_begin(ss);
	sessions_judge_source(ss);
	if (fetch_is_wanted(&ss->look))
		sessions_scan(ss);
}

static void sessions_scan(struct sessions *ss)
{
	fetch_want(&ss->look);
	if (fetch_is_asked(&ss->look) || source_link(&ss->source)->state != LINK_UP)
		return;
	fetch_ask(&ss->look, sync_at(loop_now(store_loop(ss->source.store))));
	ss->programs = ss->source.server->vitals ? ss->source.server->vitals->programs : 0;
	ss->scan = link_run(source_link(&ss->source), scan_script, NULL, 0, SCAN_MAX, SCAN_MS,
	                    sessions_scan_done, ss);
	run_name(ss->scan, "the search for sessions");
}

static void sessions_on_unseen(struct loop_timer *t, void *arg)
{
	if (unseen_follow(arg))
		loop_timer_set(t, UNSEEN_AGAIN_MS);
}

void sessions_look(struct sessions *ss, int64_t gap_ms)
{
	int64_t last = fetch_is_asked(&ss->look) ? ss->look.asked.ms : ss->scanned_ms;
	if (ss->scanned && loop_now(store_loop(ss->source.store)) - last >= gap_ms)
		sessions_scan(ss);
}

static bool sessions_on_screen(const struct sessions *ss)
{
	const struct row *r = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; r; r = store_next(r, &kind_session, ss->source.server))
		if (r->shown)
			return true;
	return false;
}

bool sessions_look_is_due(struct sessions *ss, int64_t now_ms)
{
	const struct vitals *v = ss->source.server->vitals;
	uint64_t programs = v ? v->programs : 0;
	if (!ss->programs) /* the first answer describes what the first look saw, too */
		ss->programs = programs;
	return programs != ss->programs || (ss->herdr && now_ms - ss->scanned_ms >= HERDR_AGAIN_MS);
}

static void sessions_on_again(struct loop_timer *t, void *arg)
{
	struct sessions *ss = arg;
	spend_judge(ss->source.store);
	bool due = sessions_look_is_due(ss, loop_now(store_loop(ss->source.store)));
	if (due || sessions_on_screen(ss) || ss->missing || ss->hurry)
		sessions_scan(ss);
	loop_timer_set(ss->again, ss->hurry ? HURRY_MS : LOOK_AGAIN_MS);
	ss->hurry -= ss->hurry > 0;
}

static void sessions_backend_hurry(struct sessions *ss, unsigned times)
{
	ss->hurry = times;
	if (ss->again)
		loop_timer_set(ss->again, HURRY_MS);
}

void sessions_hurry(struct sessions *ss)
{
	ss->missing = true;
	sessions_backend_hurry(ss, HURRIES);
}

void sessions_look_soon(struct sessions *ss)
{
	if (!ss->hurry)
		sessions_backend_hurry(ss, 1);
}

/* --- the backend --------------------------------------------------------- */

static void sessions_prepare(struct sessions *ss)
{
	struct loop *loop = store_loop(ss->source.store);
	if (ss->again)
		return;
	ss->again = loop_timer_add(loop, -1, sessions_on_again, ss);
	ss->quiet = loop_timer_add(loop, -1, sessions_on_quiet, ss);
	ss->unseen = loop_timer_add(loop, -1, sessions_on_unseen, ss);
}

static void sessions_up(struct source *s)
{
	struct sessions *ss = sessions_of(s);
	sessions_prepare(ss);
	ss->stored_started = false;
	for (struct oc *oc = ss->ocs; oc; oc = oc->next) {
		oc->refused = false;
		oc_login_again(oc);
		oc->file_reads = 0;
	}
	ss->hurry = 0;
	sessions_scan(ss);
	loop_timer_set(ss->again, LOOK_AGAIN_MS);
}

static void sessions_exports_end(struct sessions *ss)
{
	struct ses *s, *next;
	HASH_ITER (hh, ss->table, s, next) {
		run_cancel(s->export_run);
		s->export_run = NULL;
	}
}

static void sessions_down(struct source *s)
{
	struct sessions *ss = sessions_of(s);
	bool lost = source_link(s)->state != LINK_UP;
	run_cancel(ss->scan);
	run_cancel(ss->stored_run);
	ss->scan = ss->stored_run = NULL;
	fetch_cancel(&ss->look);
	fetch_forget(&ss->look);
	sessions_exports_end(ss);
	folders_end(ss);
	git_end(ss);
	watch_end(ss);
	if (ss->again)
		loop_timer_set(ss->again, -1);
	for (struct oc *oc = ss->ocs; oc; oc = oc->next) {
		oc_stop(oc);
		oc_forget_file(oc);
		if (lost)
			oc_close(oc);
	}
	if (lost)
		acts_programs_end(ss);
	if (s->state == SOURCE_LIVE)
		source_set_state(s, SOURCE_STALE, NULL);
}

/* what is a word of this room ("scan", "claude", "git", "stored", "stored-messages ID"), or a
 * server name and a word: "4096 sessions". */
static void sessions_feed(struct source *s, const char *what, const char *bytes, size_t len)
{
	struct sessions *ss = sessions_of(s);
	size_t n = strcspn(what, " ");
	char name[64];
	if (!strcmp(what, "scan")) {
		scan_apply(ss, bytes, len);
		return;
	}
	if (!strcmp(what, "claude")) {
		programs_live(ss, bytes);
		return;
	}
	if (!strcmp(what, "git")) {
		char *text = xstrndup(bytes, len);
		git_feed(ss, text, now_wall_ms());
		free(text);
		return;
	}
	if (!strcmp(what, "stored")) {
		stored_feed(ss, bytes, len);
		return;
	}
	if (!strncmp(what, "stored-messages ", 16)) {
		struct ses *one = ses_find(ss, what + 16);
		if (one)
			ses_take_messages(one, bytes, len);
		return;
	}
	if (!what[n] || n >= sizeof(name))
		return;
	memcpy(name, what, n);
	name[n] = '\0';
	if (!ss->again)
		sessions_prepare(ss);
	struct oc *oc = oc_find(ss, name);
	if (!oc)
		oc = oc_add(ss, name, "127.0.0.1", number_int(name));
	if (oc)
		oc_feed(oc, what + n + 1, bytes, len);
}

static void sessions_shown(struct source *s)
{
	struct sessions *ss = sessions_of(s);
	struct ses *one, *next;
	HASH_ITER (hh, ss->table, one, next)
		if (one->row->row.shown && !one->last_known && !fetch_is_wanted(&one->last_fetch) &&
		    !one->last_call && one->home)
			ses_want_last(one);
	if (sessions_on_screen(ss))
		sessions_look(ss, LOOK_AGAIN_MS);
}

static void sessions_finish(struct source *s)
{
	struct sessions *ss = sessions_of(s);
	run_cancel(ss->scan);
	run_cancel(ss->stored_run);
	sessions_exports_end(ss);
	folders_end(ss);
	git_end(ss);
	watch_end(ss);
	free(ss->stored);
	free(ss->unseen_text);
	ss->stored = ss->unseen_text = NULL;
	ss->stored_round = 0;
	acts_programs_end(ss);
	while (ss->ocs)
		oc_remove(ss->ocs);
	loop_timer_remove(ss->again);
	loop_timer_remove(ss->quiet);
	loop_timer_remove(ss->unseen);
	loop_timer_remove(ss->watch.tick);
}

const struct backend backend_sessions = {
	.name = "sessions",
	.source_size = sizeof(struct sessions),
	.up = sessions_up,
	.down = sessions_down,
	.feed = sessions_feed,
	.redact = sessions_redact,
	.shown = sessions_shown,
	.finish = sessions_finish,
};
