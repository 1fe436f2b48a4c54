/* apply.c: applies OpenCode's answers and events to rows. It needs no connection, so a recording
 * produces the same rows. Their format is in oc_parse.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/sessions/oc_dialect.h"

#define NEW_MS 60000
#define QUIET_MS 500 /* wait after idle: an error may still follow */

/* --- sessions ------------------------------------------------------------ */

struct ses *ses_find(const struct sessions *ss, const char *id)
{
	struct ses *s;
	HASH_FIND_STR(ss->table, id, s);
	return s;
}

void ses_ask_nothing(struct ses *s)
{
	struct sessions *ss = sessions_of(s->row->row.source);
	ss->lasts -= s->last_call != NULL;
	api_cancel(s->last_call);
	api_cancel(s->messages_call);
	api_cancel(s->diff_call);
	s->last_call = s->messages_call = s->diff_call = NULL;
	fetch_cancel(&s->last_fetch);
	fetch_cancel(&s->messages_fetch);
}

/* Questions that are on their way to the old home end with it: they are asked at the new one. */
static void session_move_home(struct ses *s, struct oc *oc)
{
	ses_ask_nothing(s);
	s->home = oc;
}

/* The row is being removed: cancel calls and free everything that refers to it. */
void ses_unlink(struct ses *s)
{
	struct sessions *ss = sessions_of(s->row->row.source);
	follow_gone(s);
	ses_ask_nothing(s);
	run_cancel(s->export_run);
	HASH_DEL(ss->table, s);
	free(s->directory);
	free(s->share);
	free(s->messages);
	free(s->messages_err);
	free(s->todo);
	free(s->diff);
	free(s);
}

void ses_free(struct ses *s)
{
	store_row_remove(&s->row->row);
}

struct session *session_row_of(struct sessions *ss, enum session_type type, const char *local_id,
                               const char *name)
{
	char *id = xstrdup(local_id);
	struct session *r;
	for (;;) {
		r = ROW_AS(session, store_row(&ss->source, &kind_session, id, name));
		if (r->type == SESSION_NEW || r->type == type)
			break;
		char *other = xasprintf("%s~%s", id, session_type_name(type));
		free(id);
		id = other;
	}
	r->type = type;
	free(id);
	return r;
}

struct ses *ses_make(struct sessions *ss, struct oc *oc, const struct oc_session *o)
{
	struct ses *s = ses_find(ss, o->id);
	if (s)
		return s;
	struct session *r = session_row_of(ss, SESSION_OPENCODE, o->id,
	                                   o->title ? o->title : o->id);
	s = xcalloc(1, sizeof(*s));
	memcpy(s->id, o->id, sizeof(s->id));
	s->row = r;
	s->home = oc;
	s->last = (struct oc_message){ .cost = -1, .context = -1, .tokens = -1 };
	s->row->priv = s;
	s->row->cost = s->row->tokens = s->row->context_used = s->row->context_limit = -1;
	s->row->memory = s->row->cpu = -1;
	memcpy(s->row->sid, o->id, sizeof(s->row->sid));
	HASH_ADD_STR(ss->table, id, s);
	return s;
}

static void session_replace_washed(char **slot, const char *text)
{
	char *w = wash_dup(text, 0);
	free(*slot);
	*slot = w;
}

static void session_replace_model(struct session *r, const char *provider, const char *model)
{
	char *both;
	bool has_provider = provider && *provider;
	if (model && *model)
		both = has_provider ? xasprintf("%s/%s", provider, model) : xstrdup(model);
	else
		both = NULL;
	if (both)
		session_replace_washed(&r->model, both);
	free(both);
}

/* Context size of a model in tokens, from the server's model list; -1 unknown. */
static int64_t session_context_of(const struct oc *oc, const char *model)
{
	size_t n = model ? strlen(model) : 0;
	for (const char *at = oc && oc->models && n ? oc->models : ""; *at;
	     at += strcspn(at, "\n") + 1) {
		if (!strncmp(at, model, n) && at[n] == '\t') {
			int64_t limit = number_long(at + n + 1);
			return limit > 0 ? limit : -1;
		}
		if (!strchr(at, '\n'))
			break;
	}
	return -1;
}

void ses_describe(struct ses *s, const struct oc_session *o)
{
	struct session *r = s->row;
	xreplace(&s->directory, o->directory);
	session_replace_washed(&r->directory, o->directory);
	memcpy(r->parent, o->parent, sizeof(r->parent));
	char *title = wash_dup(o->title && *o->title ? o->title : o->id, 300);
	free(r->row.name);
	r->row.name = title;
	r->created_ms = o->created_ms;
	r->updated_ms = o->updated_ms;
	r->archived_ms = o->archived_ms;
}

static struct ses *session_apply(struct oc *oc, const struct oc_session *o)
{
	struct ses *s = ses_make(oc->owner, oc, o);
	struct session *r = s->row;
	if (!s->home)
		session_move_home(s, oc);
	ses_describe(s, o);
	xreplace(&s->share, o->share);
	if (o->agent)
		session_replace_washed(&r->agent, o->agent);
	session_replace_model(r, o->provider, o->model);
	/* A list does not state who stopped a turn. What an event told stays. */
	enum oc_outcome outcome = o->outcome;
	bool knows = s->outcome == OC_OUTCOME_ABORTED || s->outcome == OC_OUTCOME_INTERRUPTED;
	if (outcome != OC_OUTCOME_STOPPED || !knows)
		s->outcome = outcome;
	s->tells_cost |= o->cost >= 0;
	if (o->cost >= 0)
		r->cost = o->cost;
	if (o->tokens >= 0)
		r->tokens = o->tokens;
	r->port = s->home->port;
	r->context_limit = session_context_of(s->home, r->model);
	s->seen = oc->round;
	return s;
}

void ses_listed(struct ses *s, const struct oc_session *o)
{
	if (s && o->updated_ms > s->row->updated_ms)
		s->last_known = false;
}

void sessions_sum_left_out(struct sessions *ss)
{
	size_t all = ss->stored_left_out;
	for (const struct oc *each = ss->ocs; each; each = each->next)
		all += each->left_out;
	source_left_out(&ss->source, &kind_session, all);
}

static void session_apply_sessions(struct oc *oc, const char *json, size_t len)
{
	struct oc_sessions list;
	if (!oc->dialect->sessions(json, len, &list, NULL))
		return;
	for (size_t i = 0; i < list.n; i++) {
		ses_listed(ses_find(oc->owner, list.v[i].id), &list.v[i]);
		session_apply(oc, &list.v[i]);
	}
	/* A round may contain several lists, one per project: sum what each left out. */
	if (oc->left_out_round != oc->round)
		oc->left_out = 0;
	oc->left_out_round = oc->round;
	oc->left_out += list.left_out;
	sessions_sum_left_out(oc->owner);
	oc_sessions_free(&list);
}

static void session_request_drop(struct oc *oc, struct request *r)
{
	LIST_DROP(oc->requests, r);
	request_free(r);
}

/* --- status -------------------------------------------------------------- */

/* Another process may list the session too. Its home is the server where it runs. */
static void session_run_set(struct oc *oc, struct ses *s, const struct oc_status *status)
{
	if (s->home != oc && status->run == OC_RUN_IDLE)
		return;
	if (s->home != oc) {
		session_move_home(s, oc);
		s->row->port = oc->port;
	}
	bool was = s->run.run != OC_RUN_IDLE, is = status->run != OC_RUN_IDLE;
	if (is && !was) {
		s->was_busy = true;
		s->turn = TURN_FINE;
		s->outcome = OC_OUTCOME_NONE;
		s->quiet_ms = 0;
	}
	if (was && !is) {
		s->quiet_ms = now_wall_ms() + QUIET_MS;
		fetch_want(&s->messages_fetch);
		if (oc->owner->quiet)
			loop_timer_set(oc->owner->quiet, QUIET_MS + 10);
	}
	if (!is && oc->dialect->drops_requests) {
		/* An idle session of 2.x waits for nothing. */
		bool any = false;
		for (struct request *r = oc->requests, *next; r; r = next) {
			next = r->next;
			if (strcmp(r->session, s->id) != 0)
				continue;
			session_request_drop(oc, r);
			any = true;
		}
		if (any)
			acts_requests_changed(oc);
	}
	s->run = *status;
	s->row->attempt = status->attempt;
	s->row->next_ms = status->run == OC_RUN_RETRY ? status->next_ms : 0;
}

struct statuses {
	struct oc *oc;
	uint32_t mark;
};

static void session_one_status(const char *id, const struct oc_status *status, void *arg)
{
	struct statuses *in = arg;
	struct ses *s = ses_find(in->oc->owner, id);
	if (!s)
		/* the server keeps ids of deleted sessions */
		return;
	/* the list of 2.x only says that it runs */
	if (!in->oc->dialect->running || s->run.run != OC_RUN_RETRY || s->home != in->oc)
		session_run_set(in->oc, s, status);
	s->seen = in->mark;
}

/* The answers of a snapshot are assessed together, when the snapshot is complete. */
static void session_judge_answers(struct oc *oc)
{
	if (!sync_is_asked(&oc->sync))
		sessions_judge(oc->owner);
}

/* Does a session belong to a place that was asked? See oc_ask_place. */
static bool session_is_at(const struct ses *s, const char *place)
{
	if (s->home && s->home->dialect->running)
		return !*place || !strcmp(s->id, place);
	return s->directory && !strcmp(s->directory, place);
}

static void session_apply_statuses(struct oc *oc, const char *place, const char *json, size_t len)
{
	struct ses *s, *next;
	struct statuses in = { oc, oc->round + 0x80000000u };
	if (!oc->dialect->statuses(json, len, session_one_status, &in, NULL))
		return;
	HASH_ITER (hh, oc->owner->table, s, next) {
		bool named = s->seen == in.mark;
		if (named)
			s->seen = oc->round;
		else if (s->home == oc && session_is_at(s, place) && s->run.run != OC_RUN_IDLE) {
			/* No event announced the end of the turn, so re-fetch the last message to
			 * learn how it ended. */
			session_run_set(oc, s, &(struct oc_status){ 0 });
			s->last_known = false;
			ses_want_last(s);
		}
	}
	session_judge_answers(oc);
}

/* --- requests ------------------------------------------------------------ */

struct request *oc_request_find(struct oc *oc, const char *id)
{
	struct request *r = oc->requests;
	while (r && strcmp(r->id, id) != 0)
		r = r->next;
	return r;
}

/* Appends, so that the oldest is answered first. A known request keeps its age. */
static void session_request_keep(struct oc *oc, struct request *r)
{
	struct request *same = oc_request_find(oc, r->id);
	r->asked_ms = same ? same->asked_ms : now_wall_ms();
	/* the command was found before */
	if (same && r->by_patterns && !same->by_patterns && same->what) {
		xreplace(&r->what, same->what);
		r->by_patterns = false;
	}
	if (same)
		session_request_drop(oc, same);
	size_t n = 0;
	for (const struct request *one = oc->requests; one; one = one->next)
		n++;
	if (n >= OC_REQUESTS_MAX) {
		request_free(r);
		return;
	}
	LIST_APPEND(oc->requests, r);
	struct ses *s = ses_find(oc->owner, r->session);
	if (r->by_patterns && r->call[0] && s)
		ses_want_last(s); /* that message has the command as it will run */
}

/* The list is complete for one place: requests missing from it were answered elsewhere. */
static void session_apply_requests(struct oc *oc, const char *place, bool questions,
                                   const char *json, size_t len)
{
	struct request *list, *r;
	if (!oc->dialect->requests(json, len, questions, &list, NULL))
		return;
	for (struct request *old = oc->requests, *next; old; old = next) {
		next = old->next;
		bool named = false;
		for (r = list; r && !named; r = r->next)
			named = !strcmp(r->id, old->id);
		struct ses *s = ses_find(oc->owner, old->session);
		bool here = !s || session_is_at(s, place);
		if (!named && old->is_question == questions && here)
			session_request_drop(oc, old);
	}
	while ((r = list)) {
		list = r->next;
		session_request_keep(oc, r);
	}
	acts_requests_changed(oc);
	session_judge_answers(oc);
}

/* --- messages ------------------------------------------------------------ */

static void session_message_heard(struct ses *s, const struct oc_message *m)
{
	struct session *r = s->row;
	/* Message ids sort by time. Ignore an update of an older message. Also ignore an unfinished
	 * copy of the last message once it has ended: that answer was overtaken. */
	int order = s->last_known && s->last.id[0] ? oc_id_order(m->id, s->last.id) : 1;
	if (order < 0 || (order == 0 && oc_message_over(&s->last) && !oc_message_over(m)))
		return;
	s->last = *m;
	s->last_known = true;
	if (m->agent[0])
		session_replace_washed(&r->agent, m->agent);
	session_replace_model(r, m->provider, m->model);
	r->context_limit = session_context_of(s->home, r->model);
	if (m->context > 0)
		r->context_used = m->context;
	xreplace(&r->words, m->words[0] ? m->words : NULL);
}

static void session_apply_last(struct oc *oc, const char *id, const char *json, size_t len)
{
	struct ses *s = ses_find(oc->owner, id);
	struct oc_message m;
	if (!s || !oc_parse_last(json, len, &m, NULL))
		return;
	for (struct request *r = oc->requests; r; r = r->next) {
		char *command = r->by_patterns && !strcmp(r->session, id)
		                        ? oc_parse_command(json, len, r->call)
		                        : NULL;
		if (!command)
			continue;
		free(r->what);
		r->what = command;
		r->by_patterns = false;
	}
	if (m.role != OC_ROLE_NONE)
		session_message_heard(s, &m);
	else if (!s->last_known)
		/* the session is empty, or everything was reverted */
		s->last = m;
	s->last_known = true;
	ses_judge(s);
}

/* Servers that count reasoning tokens inside output tokens. */
static bool session_counts_reasoning_twice(const struct oc *oc)
{
	return oc && (!strncmp(oc->version, "1.2.", 4) || !strncmp(oc->version, "1.1.", 4) ||
	              !strncmp(oc->version, "1.0.", 4));
}

void ses_take_messages(struct ses *s, const char *json, size_t len)
{
	struct oc_sums sums;
	free(s->messages);
	s->messages = xstrndup(json, len);
	s->messages_len = len;
	sums = oc_parse_sums(json, len);
	s->messages_n = sums.messages;
	/* the whole conversation is here */
	if (!s->tells_cost && sums.messages < s->messages_asked && sums.cost >= 0) {
		s->row->cost = sums.cost;
		s->row->tokens = sums.tokens -
		                 (session_counts_reasoning_twice(s->home) ? sums.reasoning : 0);
		snprintf(s->counted, sizeof(s->counted), "%s", sums.last);
	}
	follow_messages(s);
	store_touch(&s->row->row);
}

/* Older servers state no totals: add each assistant message when it completes. */
static void session_count_message(struct ses *s, const struct oc_message *m)
{
	struct session *r = s->row;
	if (s->tells_cost || m->role != OC_ROLE_ASSISTANT || !m->completed || m->cost < 0 ||
	    (s->counted[0] && oc_id_order(m->id, s->counted) <= 0))
		return;
	snprintf(s->counted, sizeof(s->counted), "%s", m->id);
	if (r->cost >= 0)
		r->cost += m->cost;
	if (r->tokens >= 0 && m->tokens > 0)
		r->tokens += m->tokens -
		             (session_counts_reasoning_twice(s->home) ? m->reasoning : 0);
}

/* --- events -------------------------------------------------------------- */

static void session_event_status(struct oc *oc, struct ses *s, const struct oc_event *e)
{
	session_run_set(oc, s, &e->status);
	ses_judge(s);
}

/* 2.x: its turn ended. */
static void session_event_ended(struct oc *oc, struct ses *s, const struct oc_event *e)
{
	s->outcome = e->outcome;
	if (e->outcome == OC_OUTCOME_FAILED)
		s->turn = TURN_FAILED;
	else
		s->turn = e->outcome == OC_OUTCOME_ABORTED ? TURN_STOPPED : TURN_FINE;
	if (s->turn == TURN_FAILED)
		xreplace(&s->row->words, e->message.words[0] ? e->message.words : NULL);
	if (e->at_ms > s->row->updated_ms)
		s->row->updated_ms = e->at_ms;
	ses_want_last(s);
	ses_judge(s);
}

/* 2.x: only what the event states. */
static void session_event_facts(struct oc *oc, struct ses *s, const struct oc_event *e)
{
	const struct oc_session *o = &e->info;
	struct session *r = s->row;
	if (o->title && *o->title) {
		free(r->row.name);
		r->row.name = wash_dup(o->title, 300);
	}
	if (o->directory) {
		xreplace(&s->directory, o->directory);
		session_replace_washed(&r->directory, o->directory);
	}
	if (o->agent)
		session_replace_washed(&r->agent, o->agent);
	session_replace_model(r, o->provider, o->model);
	r->context_limit = session_context_of(s->home, r->model);
	if (o->cost >= 0)
		r->cost = o->cost;
	if (o->tokens >= 0)
		r->tokens = o->tokens;
	store_touch(&r->row);
}

static void session_event_idle(struct oc *oc, struct ses *s, const struct oc_event *e)
{
	static const struct oc_status idle = { 0 };
	(void)e;
	if (s->run.run != OC_RUN_IDLE)
		session_run_set(oc, s, &idle);
	ses_judge(s);
}

static void session_event_error(struct oc *oc, struct ses *s, const struct oc_event *e)
{
	if (!strcmp(e->message.error, "MessageAbortedError"))
		s->turn = TURN_STOPPED;
	else if (s->turn != TURN_STOPPED)
		s->turn = TURN_FAILED;
	if (s->last_known && s->last.role == OC_ROLE_ASSISTANT) {
		snprintf(s->last.error, sizeof(s->last.error), "%s", e->message.error);
		snprintf(s->last.words, sizeof(s->last.words), "%s", e->message.words);
	}
	xreplace(&s->row->words, e->message.words[0] ? e->message.words : NULL);
	ses_judge(s);
}

static void session_event_message(struct oc *oc, struct ses *s, const struct oc_event *e)
{
	session_message_heard(s, &e->message);
	session_count_message(s, &e->message);
	if (e->message.created_ms > s->row->updated_ms)
		s->row->updated_ms = e->message.created_ms;
	fetch_want(&s->messages_fetch);
	acts_message_heard(oc, s, &e->message);
	ses_judge(s);
}

static void session_event_stale(struct oc *oc, struct ses *s, const struct oc_event *e)
{
	fetch_want(&s->messages_fetch);
	if (e->type == OC_MESSAGE_REMOVED)
		s->last_known = false; /* an earlier message may be the last one now */
	if (e->type == OC_MESSAGE_REMOVED || e->type == OC_COMPACTED)
		ses_want_last(s);
	if (s->messages)
		store_touch(&s->row->row);
}

static void session_event_deleted(struct oc *oc, struct ses *s, const struct oc_event *e)
{
	struct ses *child, *next;
	char id[SESSION_ID_SIZE];
	memcpy(id, s->id, sizeof(id));
	ses_free(s);
	HASH_ITER (hh, oc->owner->table, child, next)
		if (!strcmp(child->row->parent, id)) {
			ses_free(child);
			/* a server that announces each deletion announces the other children too */
			break;
		}
	sessions_judge(oc->owner);
}

static void (*const session_events[])(struct oc *, struct ses *, const struct oc_event *) = {
	[OC_STATUS] = session_event_status,
	[OC_IDLE] = session_event_idle,
	[OC_ERROR] = session_event_error,
	[OC_MESSAGE] = session_event_message,
	[OC_MESSAGE_REMOVED] = session_event_stale,
	[OC_COMPACTED] = session_event_stale,
	[OC_PART] = session_event_stale,
	[OC_DELTA] = session_event_stale,
	[OC_TODO] = session_event_stale,
	[OC_DIFF] = session_event_stale,
	[OC_SESSION_DELETED] = session_event_deleted,
	[OC_FACTS] = session_event_facts,
	[OC_ENDED] = session_event_ended,
};

/* A server instance was disposed: its statuses and requests, held in memory, are gone. */
static void session_disposed(struct oc *oc, const struct oc_event *e)
{
	static const struct oc_status idle = { 0 };
	struct ses *s, *next;
	if (!e->directory)
		return;
	HASH_ITER (hh, oc->owner->table, s, next) {
		if (s->home != oc || !s->directory || strcmp(s->directory, e->directory) != 0)
			continue;
		for (struct request *r = oc->requests, *after; r; r = after) {
			after = r->next;
			if (!strcmp(r->session, s->id))
				session_request_drop(oc, r);
		}
		if (s->run.run != OC_RUN_IDLE) {
			session_run_set(oc, s, &idle);
			ses_want_last(s);
		}
	}
	acts_requests_changed(oc);
	sessions_judge(oc->owner);
}

/* A session with a request is busy, but its busy event may predate our stream. */
static void session_asked(struct oc *oc, struct oc_event *e)
{
	struct ses *s = ses_find(oc->owner, e->asked->session);
	session_request_keep(oc, e->asked);
	e->asked = NULL;
	if (!s) {
		oc_snapshot(oc);
		return;
	}
	if (s->run.run == OC_RUN_IDLE)
		session_run_set(oc, s, &(struct oc_status){ .run = OC_RUN_BUSY });
	ses_judge(s);
}

static void session_replied(struct oc *oc, const struct oc_event *e)
{
	struct ses *s = ses_find(oc->owner, e->session);
	struct request *r = oc_request_find(oc, e->request);
	if (r)
		session_request_drop(oc, r);
	acts_requests_changed(oc);
	if (s)
		ses_judge(s);
}

/* 2.x may tell again of a session's beginning. What is known of it is newer: only gaps are filled.
 */
static void session_began(struct oc *oc, struct ses *s, const struct oc_event *e)
{
	const struct oc_session *o = &e->info;
	struct session *r = s->row;
	if (!s->home) {
		session_move_home(s, oc);
		r->port = oc->port;
	}
	if (o->title && *o->title && !strcmp(r->row.name, s->id)) {
		free(r->row.name);
		r->row.name = wash_dup(o->title, 300);
	}
	if (o->directory && !s->directory) {
		xreplace(&s->directory, o->directory);
		session_replace_washed(&r->directory, o->directory);
	}
	if (o->parent[0] && !r->parent[0])
		memcpy(r->parent, o->parent, sizeof(r->parent));
	if (o->agent && !r->agent)
		session_replace_washed(&r->agent, o->agent);
	if (!r->model)
		session_replace_model(r, o->provider, o->model);
	ses_judge(s);
}

/* Assesses all sessions for a new one, because it may be the child of another, which counts it. */
static void session_heard(struct oc *oc, struct ses *known, const struct oc_event *e)
{
	if (known && e->is_new) {
		session_began(oc, known, e);
		return;
	}
	struct ses *s = session_apply(oc, &e->info);
	if (!known && !s->tells_cost && now_wall_ms() - e->info.created_ms < NEW_MS)
		s->row->cost = s->row->tokens = 0; /* the session is still empty */
	if (known)
		ses_judge(s);
	else
		sessions_judge(oc->owner);
}

static void session_apply_event(struct oc *oc, const char *json, size_t len)
{
	struct oc_event e;
	if (!oc->dialect->event(json, len, &e))
		return;
	struct ses *s = e.session[0] ? ses_find(oc->owner, e.session) : NULL;
	bool again = e.id[0] && !strcmp(e.id, oc->last_event); /* a duplicate */
	if (e.id[0])
		memcpy(oc->last_event, e.id, sizeof(e.id));
	if (again) {
		oc_event_free(&e);
		return;
	}
	if (s)
		follow_event(s, &e, json, len);
	if (s && e.tells_run)
		session_run_set(oc, s, &e.status);
	if (e.type == OC_SESSION_UPDATED) {
		session_heard(oc, s, &e);
	} else if (e.type == OC_ASKED) {
		session_asked(oc, &e);
	} else if (e.type == OC_REPLIED) {
		session_replied(oc, &e);
	} else if (e.type == OC_DISPOSED) {
		session_disposed(oc, &e);
	} else if (s && (size_t)e.type < ARRAY_LEN(session_events) && session_events[e.type]) {
		session_events[e.type](oc, s, &e);
	} else if (!s && e.type == OC_SESSION_DELETED && oc->left_out) {
		oc->left_out--; /* one of those that have no row */
		sessions_sum_left_out(oc->owner);
	} else if (!s && e.session[0] &&
	           (e.type == OC_STATUS || e.type == OC_MESSAGE || e.type == OC_FACTS)) {
		oc_snapshot(oc); /* an unknown session */
	}
	oc_event_free(&e);
}

/* --- entry point ---------------------------------------------------------- */

static void session_replace_text(char **slot, const char *bytes, size_t len)
{
	free(*slot);
	*slot = xstrndup(bytes, len);
}

void oc_feed(struct oc *oc, const char *what, const char *bytes, size_t len)
{
	size_t n = strcspn(what, " ");
	const char *rest = what[n] ? what + n + 1 : "";
	struct ses *s, *next;
	if (!strcmp(what, "event")) {
		session_apply_event(oc, bytes, len);
	} else if (!strcmp(what, "health")) {
		const struct oc_dialect *d = oc_dialect_of(bytes, len, oc->version,
		                                           sizeof(oc->version));
		oc->dialect = d ? d : &oc_v1;
		oc_judge(oc);
	} else if (!strcmp(what, "sessions") || !strcmp(what, "sessions+")) {
		oc->round += what[n - 1] != '+';
		session_apply_sessions(oc, bytes, len);
	} else if (!strcmp(what, "sessions.")) {
		/* the list is complete: the sessions that it did not name are gone */
		HASH_ITER (hh, oc->owner->table, s, next)
			if (s->home == oc && s->seen != oc->round)
				ses_free(s);
		sessions_judge(oc->owner);
	} else if (!strncmp(what, "status ", 7)) {
		session_apply_statuses(oc, rest, bytes, len);
	} else if (!strncmp(what, "permissions ", 12) || !strncmp(what, "questions ", 10)) {
		session_apply_requests(oc, rest, *what == 'q', bytes, len);
	} else if (!strncmp(what, "last ", 5)) {
		session_apply_last(oc, rest, bytes, len);
	} else if (!strncmp(what, "messages ", 9)) {
		if ((s = ses_find(oc->owner, rest))) {
			ses_take_messages(s, bytes, len);
			session_apply_last(oc, rest, bytes, len);
		}
	} else if (!strncmp(what, "diff ", 5) || !strncmp(what, "todo ", 5)) {
		if ((s = ses_find(oc->owner, rest))) {
			session_replace_text(*what == 'd' ? &s->diff : &s->todo, bytes, len);
			store_touch(&s->row->row);
		}
	} else if (!strcmp(what, "models")) {
		session_replace_text(&oc->models, bytes, len);
		HASH_ITER (hh, oc->owner->table, s, next)
			s->row->context_limit = session_context_of(s->home, s->row->model);
	} else if (!strcmp(what, "agents")) {
		session_replace_text(&oc->agents, bytes, len);
	} else if (!strcmp(what, "commands")) {
		session_replace_text(&oc->commands, bytes, len);
	}
}
