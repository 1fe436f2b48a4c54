/* judge.c: assesses what a session shows. The first that applies wins: question, permission, retry,
 * busy, error, aborted, interrupted, unanswered, idle. A parent shows the request of any
 * descendant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/sessions/sessions.h"
#include "backends/store/activity.h"

#define DEPTH_MAX 16
#define NEWS_MS \
	(24 *   \
	 3600000LL) /* a failure older than this is history, not something that needs the user */

static struct ses *session_parent_of(const struct ses *s)
{
	struct sessions *ss = sessions_of(s->row->row.source);
	return s->row->parent[0] ? ses_find(ss, s->row->parent) : NULL;
}

static bool session_is_under(const struct ses *s, const struct ses *top)
{
	for (int i = 0; s && i < DEPTH_MAX; i++) {
		if (s == top)
			return true;
		s = session_parent_of(s);
	}
	return false;
}

/* Questions come before permissions. An abort leaves requests behind, so only requests of busy
 * sessions count. */
const struct request *ses_request(const struct ses *top)
{
	struct sessions *ss = sessions_of(top->row->row.source);
	const struct request *found = NULL;
	for (const struct oc *oc = ss->ocs; oc; oc = oc->next)
		for (const struct request *r = oc->requests; r; r = r->next) {
			const struct ses *s = ses_find(ss, r->session);
			if (!s || s->home != oc || s->run.run == OC_RUN_IDLE ||
			    !session_is_under(s, top))
				continue;
			if (!found || (r->is_question && !found->is_question))
				found = r;
		}
	return found;
}

/* 2.x states how the last turn ended. A prompt after that turn, unanswered, says more. */
static bool session_told_outcome(const struct ses *s, enum session_status *status)
{
	bool prompted = s->last_known && s->last.role == OC_ROLE_USER;
	bool open = s->last_known && s->last.role == OC_ROLE_ASSISTANT && !s->last.completed;
	if (s->outcome == OC_OUTCOME_FAILED)
		*status = SESSION_ERROR;
	else if (s->outcome == OC_OUTCOME_INTERRUPTED)
		*status = SESSION_INTERRUPTED;
	else if (s->outcome == OC_OUTCOME_ABORTED)
		*status = SESSION_ABORTED;
	else if (s->outcome == OC_OUTCOME_STOPPED)
		*status = open ? SESSION_INTERRUPTED : SESSION_ABORTED;
	else
		return false;
	return !prompted;
}

static enum session_status session_own_status(const struct ses *s)
{
	const struct oc_message *m = &s->last;
	enum session_status was = s->row->status;
	if (s->run.run == OC_RUN_RETRY)
		return SESSION_RETRY;
	if (s->run.run == OC_RUN_BUSY)
		return SESSION_BUSY;
	if (!s->home)
		return SESSION_NOT_SERVED;
	if (session_told_outcome(s, &was))
		return was;
	if (m->role == OC_ROLE_NONE)
		return SESSION_IDLE;
	/* until the last message is fetched again, keep showing how the previous turn ended */
	if (!s->last_known)
		return was == SESSION_BUSY || was == SESSION_RETRY || was < SESSION_IDLE
		               ? SESSION_IDLE
		               : was;
	if (m->role == OC_ROLE_USER)
		return s->turn == TURN_FAILED ? SESSION_ERROR : SESSION_UNANSWERED;
	if (m->error[0])
		return strcmp(m->error, "MessageAbortedError") ? SESSION_ERROR : SESSION_ABORTED;
	if (!m->completed)
		return SESSION_INTERRUPTED;
	return SESSION_IDLE;
}

static const enum health healths[] = {
	[SESSION_UNKNOWN] = HEALTH_UNKNOWN,
	[SESSION_NOT_SERVED] = HEALTH_IDLE,
	[SESSION_IDLE] = HEALTH_IDLE,
	[SESSION_ABORTED] = HEALTH_IDLE,
	[SESSION_UNANSWERED] = HEALTH_ATTENTION,
	[SESSION_INTERRUPTED] = HEALTH_ATTENTION,
	[SESSION_BUSY] = HEALTH_BUSY,
	[SESSION_RETRY] = HEALTH_ATTENTION,
	[SESSION_ERROR] = HEALTH_BAD,
	[SESSION_PERMISSION] = HEALTH_ASKS,
	[SESSION_QUESTION] = HEALTH_ASKS,
};

/* Writes why the session needs the user, as a phrase. */
static void session_why_of(const struct ses *s, const struct request *r, char *buf, size_t size)
{
	char phrase[300];
	buf[0] = '\0';
	if (r) {
		request_phrase(r, phrase, sizeof(phrase));
		snprintf(buf, size, "%s: %s", r->is_question ? "question" : "permission", phrase);
	} else if (s->row->shown == SESSION_RETRY) {
		snprintf(buf, size, "try %d failed: %s", s->row->attempt, s->run.message);
	} else if (s->row->shown == SESSION_ERROR) {
		const char *what;
		if (s->row->words)
			what = s->row->words;
		else if (s->last.error[0])
			what = s->last.error;
		else
			what = "its last turn failed";
		snprintf(buf, size, "%s", what);
	} else if (s->row->shown == SESSION_INTERRUPTED) {
		snprintf(buf, size,
		         "interrupted: its server was killed, or another process runs it");
	} else if (s->row->shown == SESSION_UNANSWERED) {
		snprintf(buf, size, "unanswered: the turn ended before there was an answer");
	} else if (unseen_counts(s->row)) {
		snprintf(buf, size, UNSEEN_WHY);
	}
}

/* Lowers the health of failures that need nobody: old ones, archived ones, and those of children.
 * Requests of a child count at its parent. */
static enum health session_health_of(const struct ses *s)
{
	enum health h = healths[s->row->shown];
	bool live = s->row->shown >= SESSION_BUSY && s->row->shown != SESSION_ERROR;
	bool old = now_wall_ms() - s->row->updated_ms > NEWS_MS;
	if (!live && (old || s->row->archived_ms || session_parent_of(s)) && h >= HEALTH_ATTENTION)
		return HEALTH_IDLE;
	if (live && h >= HEALTH_ATTENTION && session_parent_of(s))
		return HEALTH_BUSY;
	return h == HEALTH_IDLE && unseen_counts(s->row) ? HEALTH_ATTENTION : h;
}

static bool session_is_hidden(const struct ses *s)
{
	const struct ses *p = session_parent_of(s);
	bool awake = s->row->shown >= SESSION_BUSY && s->row->shown != SESSION_ERROR;
	if (p && (!p->row->unfolded || p->row->hidden))
		return true;
	if (p || awake || sessions_of(s->row->row.source)->show_old)
		return false;
	return s->row->archived_ms || now_wall_ms() - s->row->updated_ms > SESSION_OLD_MS;
}

static void session_judge_one(struct ses *s)
{
	struct session *r = s->row;
	const struct request *asks = ses_request(s);
	enum session_status before = r->shown;
	char why[420];
	r->status = session_own_status(s);
	if (!asks)
		r->shown = r->status;
	else if (asks->is_question)
		r->shown = SESSION_QUESTION;
	else
		r->shown = SESSION_PERMISSION;
	if (r->shown >= SESSION_BUSY && r->shown != SESSION_ERROR)
		unseen_drop(r, false);
	else if (before == SESSION_UNKNOWN && r->shown == SESSION_IDLE)
		unseen_recall(r);
	if (r->shown != before || !r->status_ms) {
		if (asks)
			r->status_ms = asks->asked_ms;
		else if (r->shown >= SESSION_BUSY && r->shown != SESSION_ERROR)
			r->status_ms = now_wall_ms();
		else
			r->status_ms = r->updated_ms;
	}
	if (before == SESSION_UNKNOWN && r->shown == SESSION_BUSY && s->last.created_ms)
		r->status_ms = s->last.created_ms; /* it was busy before mocr connected */
	r->hidden = session_is_hidden(s);
	session_why_of(s, asks, why, sizeof(why));
	store_row_health(&r->row, session_health_of(s), r->status_ms, why[0] ? why : NULL);
	store_touch(&r->row);
}

void ses_judge(struct ses *s)
{
	struct oc *home = s->home;
	for (int i = 0; s && i < DEPTH_MAX; i++) {
		session_judge_one(s);
		s = session_parent_of(s);
	}
	if (home)
		oc_judge(home);
}

static void session_count_children(struct sessions *ss)
{
	struct ses *s, *next;
	HASH_ITER (hh, ss->table, s, next) {
		s->row->children = 0;
		s->row->depth = 0;
	}
	HASH_ITER (hh, ss->table, s, next) {
		struct ses *p = session_parent_of(s);
		if (p)
			p->row->children++;
		for (int i = 0; p && i < DEPTH_MAX; i++) {
			s->row->depth++;
			p = session_parent_of(p);
		}
	}
}

static int session_by_depth(struct ses *a, struct ses *b)
{
	return a->row->depth - b->row->depth;
}

void sessions_judge(struct sessions *ss)
{
	struct ses *s, *next;
	session_count_children(ss);
	/* parents first: a hidden parent hides its children */
	HASH_SORT(ss->table, session_by_depth);
	HASH_ITER (hh, ss->table, s, next)
		session_judge_one(s);
	for (struct oc *oc = ss->ocs; oc; oc = oc->next)
		oc_judge(oc);
}

bool session_show_old(struct store *store)
{
	bool on = false, first = true;
	for (struct server *v = store_servers(store); v; v = v->next) {
		struct source *s = server_source(v, backend_sessions.name);
		struct sessions *ss = s ? sessions_of(s) : NULL;
		if (!ss)
			continue;
		if (first)
			on = !ss->show_old;
		first = false;
		ss->show_old = on;
		sessions_judge(ss);
	}
	return on;
}

void session_fold(struct row *row)
{
	struct session *r = ROW_AS(session, row);
	r->unfolded = !r->unfolded;
	sessions_judge(sessions_of(row->source));
}

const struct request *session_request(const struct row *row)
{
	struct ses *s = ses_of(row);
	return s ? ses_request(s) : program_request(row);
}

void session_looked_at(struct row *row)
{
	struct session *r = ROW_AS(session, row);
	if (!r->finished_ms)
		return;
	unseen_drop(r, true);
	if (ses_of(row))
		ses_judge(ses_of(row));
	else if (row->health == HEALTH_ATTENTION)
		store_row_health(row, HEALTH_IDLE, r->status_ms, NULL);
	store_touch(row);
}

void session_sends_soon(struct row *row)
{
	struct ses *s = ses_of(row);
	if (s && s->home && s->home->api)
		origin_ready(api_origin(s->home->api));
}

/* --- the row of the OpenCode server itself -------------------------------- */

/* While OpenCode asks for its password, the server's own row shows the question. So this row raises
 * no second need. */
void oc_judge(struct oc *oc)
{
	static const enum health states[] = {
		[OC_FOUND] = HEALTH_UNKNOWN,    [OC_ASKING] = HEALTH_UNKNOWN,
		[OC_LIVE] = HEALTH_GOOD,        [OC_LOST] = HEALTH_BAD,
		[OC_DENIED] = HEALTH_ATTENTION, [OC_STRANGE] = HEALTH_ATTENTION
	};
	static const char *const words[] = {
		[OC_FOUND] = "asked",    [OC_ASKING] = "asks you", [OC_LIVE] = "serves",
		[OC_LOST] = "no answer", [OC_DENIED] = "denied",   [OC_STRANGE] = "not usable"
	};
	char id[96], name[128], why[420] = "";
	snprintf(id, sizeof(id), "opencode-%s", oc->name);
	snprintf(name, sizeof(name), "OpenCode %s%s:%s", oc->version, oc->version[0] ? " " : "",
	         oc->name);
	struct session *r = session_row_of(oc->owner, SESSION_SERVICE, id, name);
	int64_t limit = (int64_t)store_settings(oc->owner->source.store)->opencode_memory << 10;
	bool fat = limit && oc->rss_kb > limit;
	oc->row = r;
	r->priv = oc;
	r->cost = r->tokens = r->context_used = r->context_limit = -1;
	r->cpu = oc->cpu;
	r->uptime_s = oc->pid && oc->owner->uptime > 0
	                      ? (int64_t)oc->owner->uptime - oc->started_ticks / 100
	                      : -1;
	r->memory = oc->rss_kb > 0 ? oc->rss_kb * 1024 : -1;
	r->port = oc->port;
	xreplace(&r->unit, oc->unit);
	xreplace(&r->words, words[oc->state]);
	char *cwd = r->directory;
	r->directory = oc->cwd ? xstrdup(oc->cwd) : NULL;
	free(cwd);
	struct ses *s, *next;
	r->sessions = r->waiting = 0;
	HASH_ITER (hh, oc->owner->table, s, next)
		r->sessions += s->home == oc;
	for (const struct request *q = oc->requests; q; q = q->next) {
		s = ses_find(oc->owner, q->session);
		r->waiting += s && s->run.run != OC_RUN_IDLE;
	}
	if (oc->err.text[0] && oc->state != OC_LIVE)
		snprintf(why, sizeof(why), "%s", oc->err.text);
	else if (fat) {
		char size[HUMAN_SIZE];
		snprintf(why, sizeof(why), "uses %s of memory; a restart of its unit frees it",
		         human_bytes(size, (uint64_t)oc->rss_kb << 10));
	}
	enum health h = states[oc->state];
	if (h == HEALTH_GOOD && fat)
		h = HEALTH_ATTENTION;
	if (r->row.health != h)
		r->status_ms = now_wall_ms();
	store_row_health(&r->row, h, r->status_ms, why[0] ? why : NULL);
	store_touch(&r->row);
}
