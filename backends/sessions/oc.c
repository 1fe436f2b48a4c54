/* oc.c: the life of one OpenCode server: probe, follow, snapshot, and again after every loss.
 *
 * Source: OpenCode server docs (opencode.ai/docs/server); seen on 1.2.6, 1.2.11 and 1.18.33. Events
 * use the format of "Server-sent events" in the WHATWG HTML standard. Logins are HTTP Basic (RFC
 * 7617).
 *
 * The event stream opens first; the snapshot is fetched once the stream is up. Events that arrive
 * during the snapshot are held and applied after it, so nothing is missed and no stale answer
 * overwrites newer state. Each server process keeps status, permissions and questions in memory,
 * per directory. So every directory in use is asked with its own string, byte for byte. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/servers/server.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/link/ask.h"
#include "backends/link/origin.h"
#include "backends/link/token.h"
#include "backends/sessions/oc_dialect.h"
#include "backends/store/settings.h"

#define PROBE_MS 5000
#define LIST_MS 15000
#define PASSWORD_PAUSE_MS (15 * 60000) /* before password_command runs again after a failure */
#define LIST_MAX (16u << 20)
/* of one message; for a longer message only its events say how it ended */
#define LAST_MAX (8u << 20)
#define RETRY_MIN_MS 500
#define RETRY_MAX_MS 30000
#define UNHEARD_MIN_MS \
	2000 /* wait before the first retry of a directory that failed; the pause doubles */
#define UNHEARD_MOST_MS 16000
#define UNHEARD_TRIES 4 /* then wait for the next snapshot */
#define UNHEARD_ANSWER_MS \
	3000 /* timeout of such a retry: short, because events are held meanwhile */
#define UNHEARD_MAX (64u << 10)
#define CURSOR_MAX 4096
#define PAGES_MAX 64 /* of a list; an endless one has a hole */
#define RECENT_MS (7 * 86400000LL)
#define LASTS_FIRST 30 /* number of newest sessions with an early fetch of their last message */

static const char *const endpoints_exec =
	"; if command -v socat >/dev/null 2>&1; then exec socat - \"TCP:$h:$p\"; elif command -v "
	"nc >/dev/null 2>&1; "
	"then exec nc \"$h\" $p; else exec bash -c 'exec 3<>/dev/tcp/$0/$1; cat <&3 & exec cat "
	">&3' \"$h\" $p; fi";

/* A call of the snapshot. what names its answer for source_feed. */
struct oc_call {
	struct oc *oc;
	struct api_call *call;
	char *what;
	struct oc_call *next;
};

int64_t oc_silence_ms = OC_SILENCE_MS;

static void oc_stream_open(struct oc *);
static void oc_snapshot_step(struct oc *);
static void oc_on_unheard(struct loop_timer *, void *);
static void oc_ask_place(struct oc *, const char *place, int64_t timeout_ms);

/* --- create and remove ---------------------------------------------------- */

struct oc *oc_find(struct sessions *ss, const char *name)
{
	struct oc *oc = ss->ocs;
	while (oc && strcmp(oc->name, name) != 0)
		oc = oc->next;
	return oc;
}

static int64_t oc_silence(const struct oc *oc)
{
	int64_t ms = oc->dialect->silence_ms;
	return ms < oc_silence_ms ? ms : oc_silence_ms;
}

static void oc_heard_something(struct oc *oc)
{
	loop_timer_set(oc->silence, oc_silence(oc));
}

static void oc_on_silence(struct loop_timer *t, void *arg)
{
	struct oc *oc = arg;
	struct err err;
	err_set(&err, ERR_TIMEOUT,
	        "OpenCode on %s port %d: nothing was heard for %d s; it is asked again",
	        oc->owner->source.server->name, oc->port, (int)(oc_silence(oc) / 1000));
	oc_stop(oc);
	oc_forget_file(oc);
	oc_set_state(oc, OC_LOST, &err);
	loop_timer_set(oc->retry, RETRY_MIN_MS);
}

static void oc_on_retry(struct loop_timer *t, void *arg)
{
	oc_begin(arg);
}

struct oc *oc_add(struct sessions *ss, const char *name, const char *host, int port)
{
	struct loop *loop = store_loop(ss->source.store);
	struct oc *oc = xcalloc(1, sizeof(*oc)), **slot = &ss->ocs;
	size_t n = 0;
	for (; *slot; slot = &(*slot)->next)
		n++;
	if (n >= OC_SERVERS_MAX) {
		free(oc);
		return NULL;
	}
	*slot = oc;
	oc->owner = ss;
	wash(oc->name, sizeof(oc->name), name, strlen(name));
	oc->host = xstrdup(host);
	oc->port = port;
	oc->dialect = &oc_v1;
	oc->rss_kb = -1;
	oc->cpu = -1;
	oc->user = xstrdup("opencode");
	oc->line.max = OC_EVENT_MAX;
	oc->sync.held.max = OC_HELD_MAX;
	oc->unheard.max = UNHEARD_MAX;
	oc->unheard_again = loop_timer_add(loop, -1, oc_on_unheard, oc);
	oc->silence = loop_timer_add(loop, -1, oc_on_silence, oc);
	oc->retry = loop_timer_add(loop, -1, oc_on_retry, oc);
	return oc;
}

/* The section's login, for link/api. */
static struct api_config oc_api_config(const struct oc *oc)
{
	struct api_config config = {
		.product = "OpenCode",
		.user = oc->user,
		.token_word = "password",
		.command_word = "password_command",
		.asks_late = true,
		.only_json = true,
		/* A look comes every minute: the command may open a window that asks the user. */
		.token_pause_ms = PASSWORD_PAUSE_MS,
		.waits_alone = true,
	};
	if (oc->config) {
		config.section = "opencode";
		config.name = oc->config->name;
		config.token_command = oc->config->password_command;
	}
	return config;
}

void oc_login_again(struct oc *oc)
{
	struct api_config config = oc_api_config(oc);
	if (oc->api)
		api_set_login(oc->api, &config);
}

void oc_configure(struct oc *oc, const struct opencode_config *config)
{
	const struct settings *before = oc->settings;
	if (config && config->user)
		xreplace(&oc->user, config->user);
	oc->config = config;
	oc->settings = config ? settings_keep(store_settings(oc->owner->source.store)) : NULL;
	oc_login_again(oc);
	settings_destroy(before);
}

void oc_remove(struct oc *oc)
{
	struct sessions *ss = oc->owner;
	struct ses *s, *next;
	oc_stop(oc);
	oc_close(oc);
	HASH_ITER (hh, ss->table, s, next)
		if (s->home == oc && !ss->stored_round) {
			ses_free(s);
			/* its sessions are still in the database: keep the rows */
		} else if (s->home == oc) {
			s->home = NULL;
			s->run = (struct oc_status){ 0 };
			s->row->port = 0;
			ses_judge(s);
		}
	if (oc->row)
		store_row_remove(&oc->row->row);
	for (struct oc **slot = &ss->ocs; *slot; slot = &(*slot)->next)
		if (*slot == oc) {
			*slot = oc->next;
			break;
		}
	sessions_sum_left_out(ss);
	while (oc->requests) {
		struct request *r = oc->requests;
		oc->requests = r->next;
		request_free(r);
	}
	loop_timer_remove(oc->silence);
	loop_timer_remove(oc->retry);
	loop_timer_remove(oc->unheard_again);
	buf_finish(&oc->line);
	sync_finish(&oc->sync);
	buf_finish(&oc->pages);
	buf_finish(&oc->unheard);
	secret_destroy(oc->password);
	run_cancel(oc->file_run);
	settings_destroy(oc->settings);
	char *owned[] = { oc->host, oc->unit,   oc->cwd,    oc->program,
		          oc->user, oc->models, oc->agents, oc->commands };
	for (size_t i = 0; i < ARRAY_LEN(owned); i++)
		free(owned[i]);
	free(oc);
}

/* --- calls --------------------------------------------------------------- */

struct api_call *oc_call(struct oc *oc, const char *method, const char *path, const char *body,
                         int64_t timeout_ms, size_t max,
                         void (*done)(const struct api_answer *, void *), void *arg)
{
	if (!oc->api)
		return NULL;
	return api_call(oc->api, &(struct api_request){ .method = method,
	                                                .path = path,
	                                                .body = body,
	                                                .timeout_ms = timeout_ms,
	                                                .max = max,
	                                                .once = true,
	                                                .done = done,
	                                                .arg = arg });
}

char *oc_path(const struct ses *s, const char *rest)
{
	return s->home->dialect->path(s, rest);
}

void oc_sent_free(struct oc_sent *sent)
{
	free(sent->path);
	free(sent->body);
	*sent = (struct oc_sent){ 0 };
}

bool oc_is_heard(const struct oc *oc)
{
	return oc->api && oc->sync.stream == SYNC_HEARS;
}

int64_t oc_now(const struct oc *oc)
{
	return loop_now(store_loop(oc->owner->source.store));
}

/* --- state --------------------------------------------------------------- */

void oc_set_state(struct oc *oc, enum oc_state state, const struct err *err)
{
	oc->state = state;
	if (err)
		oc->err = *err;
	else
		err_clear(&oc->err);
	oc_judge(oc);
	sessions_judge_source(oc->owner);
}

static void oc_call_unlink(struct oc *oc, struct oc_call *c)
{
	for (struct oc_call **slot = &oc->calls; *slot; slot = &(*slot)->next)
		if (*slot == c) {
			*slot = c->next;
			break;
		}
	free(c->what);
	free(c);
}

void oc_stop(struct oc *oc)
{
	struct ses *s, *next;
	api_cancel(oc->probe);
	api_cancel(oc->stream);
	run_cancel(oc->file_run);
	oc->file_run = NULL;
	oc->probe = oc->stream = NULL;
	while (oc->calls) {
		api_cancel(oc->calls->call);
		oc_call_unlink(oc, oc->calls);
	}
	HASH_ITER (hh, oc->owner->table, s, next)
		if (s->home == oc) {
			/* Its event stream is gone. If a turn was open, re-fetch the last message
			 * once the session is served again. If the session was busy, the fetch
			 * waits for a status that says idle. For all other sessions, the next list
			 * shows whether they changed. */
			bool open = s->last_known && s->last.role != OC_ROLE_NONE &&
			            !oc_message_over(&s->last);
			bool unknown = s->last_call || s->run.run != OC_RUN_IDLE || open;
			ses_ask_nothing(s);
			fetch_want(&s->messages_fetch);
			if (unknown) {
				s->last_known = false;
				fetch_forget(&s->last_fetch);
			}
			if (unknown && s->run.run == OC_RUN_IDLE)
				fetch_want(&s->last_fetch);
			follow_lost(s);
		}
	sync_close(&oc->sync);
	oc->skip = false;
	buf_clear(&oc->line);
	buf_clear(&oc->pages);
	buf_clear(&oc->unheard); /* the next snapshot asks them anyway */
	backoff_reset(&oc->unheard_pause);
	fetch_forget(&oc->unheard_fetch);
	loop_timer_set(oc->unheard_again, -1);
	loop_timer_set(oc->silence, -1);
	loop_timer_set(oc->retry, -1);
	if (oc->state == OC_LIVE)
		oc->state = OC_FOUND;
	if (oc->ask)
		server_ask_drop(oc->owner->source.server, oc->ask);
	oc->ask = NULL;
}

const struct secret *oc_password(const struct oc *oc)
{
	return oc->api ? api_token(oc->api) : oc->password;
}

/* Without an api the password is kept for the next one. */
static void oc_set_password(struct oc *oc, struct secret *password, enum oc_login login)
{
	oc->login = password ? login : OC_BY_COMMAND;
	if (oc->api) {
		api_give_token(oc->api, password, false);
		return;
	}
	secret_destroy(oc->password);
	oc->password = password;
}

void oc_forget_file(struct oc *oc)
{
	if (oc->login == OC_BY_FILE)
		oc_set_password(oc, NULL, OC_BY_COMMAND);
}

void oc_close(struct oc *oc)
{
	assert(!oc->probe && !oc->stream && !oc->calls);
	acts_lost(oc);
	if (oc->api)
		oc->password = api_take_token(oc->api);
	api_destroy(oc->api);
	oc->api = NULL;
}

void oc_readdress(struct oc *oc, const char *host)
{
	oc_close(oc);
	xreplace(&oc->host, host);
}

static void oc_lose(struct oc *oc, const struct err *err)
{
	oc_stop(oc);
	oc_forget_file(oc);
	oc_set_state(oc, OC_LOST, err);
	loop_timer_set(oc->retry, backoff_ms(&oc->pause, RETRY_MIN_MS, RETRY_MAX_MS));
}

/* --- the password -------------------------------------------------------- */

static void oc_password_came(struct ask *ask, struct secret *answer, bool keep, void *arg)
{
	struct oc *oc = arg;
	oc->ask = NULL;
	if (!answer) {
		struct err err;
		err_set(&err, ERR_DENIED,
		        "OpenCode on %s port %d wants a password, and none was given; "
		        "[Ctrl-R] asks again",
		        oc->owner->source.server->name, oc->port);
		oc->refused = true;
		oc_set_state(oc, OC_DENIED, &err);
		return;
	}
	oc_set_password(oc, answer, OC_BY_USER);
	oc_begin(oc);
}

static void oc_ask_user(struct oc *oc, bool wrong)
{
	const char *where = oc->owner->source.server->name;
	struct err err;
	err_set(&err, ERR_ASKS, "OpenCode on %s port %d %s; [a] on %s's row answers", where,
	        oc->port, wrong ? "did not accept that password" : "asks for its password", where);
	if (oc->refused) {
		oc_set_state(oc, OC_DENIED, &err);
		return;
	}
	struct ask *ask = xcalloc(1, sizeof(*ask));
	*ask = (struct ask){ .kind = ASK_PASSWORD, .answered = oc_password_came, .arg = oc };
	snprintf(ask->title, sizeof(ask->title), "%.40s: OpenCode's password", where);
	snprintf(ask->text, sizeof(ask->text),
	         "%s%sThe OpenCode server on port %d of %.60s is protected "
	         "(OPENCODE_SERVER_PASSWORD; OPENCODE_PASSWORD in version 2).\n"
	         "It is kept in memory until mocr ends.",
	         wrong ? "That password was not accepted.\n" : "", oc->file_said, oc->port, where);
	snprintf(ask->prompt, sizeof(ask->prompt), "Password of %.60s", oc->user);
	oc->ask = ask;
	oc_set_state(oc, OC_ASKING, &err);
	server_ask(oc->owner->source.server, ask);
}

/* The password of the service file is new, or the user is asked. A file whose password was refused
 * a moment ago is not tried again. */
void oc_file_came(struct oc *oc, struct secret *password)
{
	const struct secret *old = oc_password(oc);
	bool same = password && old && password->len == old->len &&
	            !memcmp(password->text, old->text, password->len);
	bool had = old != NULL;
	if (password && !same) {
		oc_set_password(oc, password, OC_BY_FILE);
		oc_begin(oc);
		return;
	}
	secret_destroy(password);
	oc_set_password(oc, NULL, OC_BY_COMMAND);
	oc_ask_user(oc, had);
}

/* The api has run password_command, if there is one and its pause is over. The other sources of a
 * password are the service file of OpenCode 2 and then the user. */
static void oc_want_password(struct oc *oc)
{
	bool wrong = oc_password(oc) != NULL;
	oc_stop(oc);
	if (oc_file_ask(oc))
		return;
	oc_set_password(oc, NULL, OC_BY_COMMAND);
	oc_ask_user(oc, wrong);
}

/* The server wants a password, and none is known that it accepts. */
static void oc_denied(struct oc *oc, const struct api_answer *r)
{
	if (!r->no_token) {
		oc_want_password(oc);
		return;
	}
	oc_stop(oc);
	oc_set_state(oc, OC_DENIED, &r->err);
}

/* --- the snapshot -------------------------------------------------------- */

static void oc_unheard_add(struct oc *oc, const char *place)
{
	for (size_t at = 0; at < oc->unheard.len; at += strlen(oc->unheard.data + at) + 1)
		if (!strcmp(oc->unheard.data + at, place))
			return;
	buf_add(&oc->unheard, place, strlen(place) + 1);
}

/* Retries failed places: otherwise a session with a request would show as busy until the next
 * reconnect. The pauses grow, because events are held during each retry. */
static void oc_unheard_wait(struct oc *oc)
{
	if (fetch_is_wanted(&oc->unheard_fetch))
		return;
	if (!oc->unheard.len || oc->unheard_pause.fails == UNHEARD_TRIES) {
		backoff_reset(&oc->unheard_pause);
		buf_clear(&oc->unheard);
		return;
	}
	fetch_want(&oc->unheard_fetch);
	loop_timer_set(oc->unheard_again,
	               backoff_ms(&oc->unheard_pause, UNHEARD_MIN_MS, UNHEARD_MOST_MS));
}

static void oc_on_unheard(struct loop_timer *t, void *arg)
{
	struct oc *oc = arg;
	struct buf again = oc->unheard;
	/* Exec-only origins run few calls at a time, and time in the queue counts toward the
	 * timeout. */
	int64_t answer_ms = oc->api && origin_is_exec_only(api_origin(oc->api)) ? LIST_MS
	                                                                        : UNHEARD_ANSWER_MS;
	oc->unheard = (struct buf){ .max = UNHEARD_MAX };
	fetch_forget(&oc->unheard_fetch);
	for (size_t at = 0; at < again.len; at += strlen(again.data + at) + 1)
		oc_ask_place(oc, again.data + at, answer_ms);
	buf_finish(&again);
}

static void oc_snapshot_over(struct oc *oc)
{
	struct sessions *ss = oc->owner;
	const char *event;
	size_t len;
	backoff_reset(&oc->pause);
	char what[96];
	snprintf(what, sizeof(what), "%s event", oc->name);
	sync_take(&oc->sync);
	while (sync_next(&oc->sync, &event, &len))
		source_feed(&ss->source, what, event, len);
	oc->file_reads = 0;
	if (oc->state != OC_LIVE)
		oc_set_state(oc, OC_LIVE, NULL);
	sessions_judge(ss);
	stored_apply(ss);
	oc_unheard_wait(oc);
	oc_snapshot_step(oc);
}

static void oc_ask_more(struct oc *oc, const char *what, const char *path, const char *header);
static void oc_ask_within(struct oc *oc, const char *what, const char *path, const char *header,
                          int64_t timeout_ms);

/* Asks the directories in use, newest first. Each may start an instance in the server, so their
 * number is limited. */
static void oc_ask_directories(struct oc *oc)
{
	const char *dirs[OC_DIRS_MAX];
	int64_t used[OC_DIRS_MAX], now = now_wall_ms();
	size_t n = 0;
	struct ses *s, *next;
	HASH_ITER (hh, oc->owner->table, s, next) {
		if (s->home != oc || !s->directory || !s->row)
			continue;
		/* a busy session counts as updated now, in any directory */
		int64_t at = s->run.run != OC_RUN_IDLE ? now : s->row->updated_ms;
		if (at < now - RECENT_MS)
			continue;
		size_t i = 0;
		while (i < n && strcmp(dirs[i], s->directory) != 0)
			i++;
		if (i < n) {
			used[i] = used[i] > at ? used[i] : at;
			continue;
		}
		if (n == OC_DIRS_MAX) { /* replace the directory used longest ago */
			i = 0;
			for (size_t k = 1; k < n; k++)
				i = used[k] < used[i] ? k : i;
			if (used[i] >= at)
				continue;
		} else {
			n++;
		}
		dirs[i] = s->directory;
		used[i] = at;
	}
	bool wanted = oc->config && oc->config->directory;
	for (size_t i = 0; i < n; i++) {
		oc_ask_place(oc, dirs[i], LIST_MS);
		wanted = wanted && strcmp(oc->config->directory, dirs[i]) != 0;
	}
	if (wanted)
		oc_ask_place(oc, oc->config->directory, LIST_MS);
}

/* Asks all that is pending in one place. A place is a directory in 1.x, a session in 2.x. The place
 * "" stands for all running sessions of 2.x. */
static void oc_ask_place(struct oc *oc, const char *place, int64_t timeout_ms)
{
	const struct oc_dialect *d = oc->dialect;
	if (d->running && !*place) {
		char *what = xasprintf("%s status ", oc->name);
		oc_ask_within(oc, what, d->running, NULL, timeout_ms);
		free(what);
		return;
	}
	char *code = d->place(place);
	for (const struct oc_asked *a = d->asks; a->word; a++) {
		char *what = xasprintf("%s %s %s", oc->name, a->word, place);
		char *path = xasprintf("%s%s%s", a->before, code, a->after);
		oc_ask_within(oc, what, path, NULL, timeout_ms);
		free(what);
		free(path);
	}
	free(code);
}

void oc_ask_about(struct oc *oc, const struct ses *s)
{
	if (oc->dialect->running)
		oc_ask_place(oc, "", LIST_MS);
	else if (s->directory)
		oc_ask_place(oc, s->directory, LIST_MS);
}

static int oc_newest_first(const void *a, const void *b)
{
	const struct ses *x = *(struct ses *const *)a, *y = *(struct ses *const *)b;
	if (x->row->updated_ms < y->row->updated_ms)
		return 1;
	if (x->row->updated_ms > y->row->updated_ms)
		return -1;
	return 0;
}

static void oc_lasts_fetch(struct sessions *);

/* Fetches missing last messages, for the newest sessions and those on the screen. */
static void oc_want_newest(struct oc *oc)
{
	size_t n = HASH_COUNT(oc->owner->table), used = 0;
	struct ses **all = xcalloc(n + 1, sizeof(*all)), *s, *next;
	HASH_ITER (hh, oc->owner->table, s, next)
		if (s->home == oc && s->row && !s->row->archived_ms)
			all[used++] = s;
	qsort(all, used, sizeof(*all), oc_newest_first);
	for (size_t i = 0; i < used; i++)
		if (!all[i]->last_known && !all[i]->last_call && all[i]->run.run == OC_RUN_IDLE &&
		    (i < LASTS_FIRST || all[i]->row->row.shown))
			fetch_want(&all[i]->last_fetch);
	free(all);
	oc_lasts_fetch(oc->owner);
}

/* The list is complete. */
static void oc_list_over(struct oc *oc)
{
	struct ses *s, *next;
	char what[96];
	snprintf(what, sizeof(what), "%s sessions.", oc->name);
	if (!oc->list_has_hole)
		source_feed(&oc->owner->source, what, "", 0);
	HASH_ITER (hh, oc->owner->table, s, next)
		if (s->home == oc)
			follow_resume(s);
	if (oc->dialect->running)
		oc_ask_place(oc, "", LIST_MS);
	else
		oc_ask_directories(oc);
	oc_want_newest(oc);
}

/* Lists the next project. Older servers list by project only. */
static void oc_next_project(struct oc *oc)
{
	size_t n = oc->pages.len ? strcspn(oc->pages.data, "\n") : 0;
	if (!oc->pages.len) {
		oc_list_over(oc);
		return;
	}
	char *tree = xstrndup(oc->pages.data, n),
	     *header = xasprintf("x-opencode-directory: %s", tree);
	buf_consume(&oc->pages, n + (n < oc->pages.len));
	char what[96];
	snprintf(what, sizeof(what), "%s sessions+", oc->name);
	oc_ask_more(oc, what, "/session?limit=1000", header);
	free(tree);
	free(header);
}

static void oc_list_came(struct oc *oc, const char *what, const struct api_answer *r)
{
	char cursor[CURSOR_MAX], more[96];
	const char *next = oc->dialect->next_page(r, cursor, sizeof(cursor));
	bool first = what[strlen(what) - 1] == 's';
	snprintf(more, sizeof(more), "%s sessions+", oc->name);
	oc->listing = first ? OC_LISTS_ALL : oc->listing;
	oc->list_has_hole &= !first;
	oc->list_pages = first ? 1 : oc->list_pages + 1;
	source_feed(&oc->owner->source, what, r->body, r->len);
	if (oc->listing == OC_LISTS_ALL && *next && oc->list_pages < PAGES_MAX) {
		char *path = xasprintf("%s%s", oc->dialect->more, next);
		oc_ask_more(oc, more, path, NULL);
		free(path);
	} else if (oc->listing == OC_LISTS_ALL) {
		oc->list_has_hole |= *next != '\0';
		oc_list_over(oc);
	} else {
		oc_next_project(oc);
	}
}

static void oc_keep_reduced(struct oc *oc, const char *what, const struct api_answer *r)
{
	struct buf out;
	bool good = false;
	buf_init(&out, 1u << 20);
	if (strstr(what, " models"))
		good = oc->dialect->read_models(r->body, r->len, &out);
	else
		good = oc->dialect->read_names(r->body, r->len, &out);
	if (good)
		source_feed(&oc->owner->source, what, out.data ? out.data : "", out.len);
	buf_finish(&out);
}

/* The place of a status, permission or question call; NULL: another call. */
static const char *oc_place_asked(const struct oc *oc, const char *word)
{
	size_t n = strcspn(word, " ");
	if (oc->dialect->running && !strcmp(word, "status "))
		return word + n + 1;
	for (const struct oc_asked *a = oc->dialect->asks; a->word; a++)
		if (strlen(a->word) == n && !strncmp(word, a->word, n) && word[n])
			return word + n + 1;
	return NULL;
}

/* There is no list of all sessions. 1.2.6 lists by project. */
static void oc_list_refused(struct oc *oc, const struct api_answer *r)
{
	struct err err = r->err;
	if (r->status && r->status != 401 && oc->dialect->lists_projects) {
		/* A server without the list of all sessions: fetch its projects first. */
		char what[96];
		oc->listing = OC_LISTS_PROJECTS;
		oc->list_has_hole = false;
		snprintf(what, sizeof(what), "%s projects", oc->name);
		oc_ask_more(oc, what, "/project", NULL);
		return;
	}
	if (!err.code)
		err_set(&err, ERR_GARBLED,
		        "OpenCode on %s port %d sent something other than its list of sessions",
		        oc->owner->source.server->name, oc->port);
	oc_lose(oc, &err);
}

static void oc_answer_came(struct oc *oc, const char *what, const struct api_answer *r)
{
	const char *word = what + strlen(oc->name) + 1;
	struct ses *s, *next;
	bool good = !r->err.code;
	/* An old server that lacks a call fails for good. */
	bool passes = !r->status || r->status >= 500 || r->status == 429;
	if (!strcmp(word, "sessions") && (!good || !oc->dialect->is_list(r))) {
		oc_list_refused(oc, r);
	} else if (!strncmp(word, "sessions", 8) && good && oc->dialect->is_list(r)) {
		oc_list_came(oc, what, r);
	} else if (!strcmp(word, "sessions+")) {
		oc->list_has_hole = true;
		oc_next_project(oc);
	} else if (!strcmp(word, "projects")) {
		char begin[96];
		snprintf(begin, sizeof(begin), "%s sessions", oc->name);
		if (!good || !oc_parse_projects(r->body, r->len, &oc->pages)) {
			oc_lose(oc, &r->err);
			return;
		}
		source_feed(&oc->owner->source, begin, "[]", 2); /* a new list begins */
		oc_next_project(oc);
	} else if (good && (!strcmp(word, "models") || !strcmp(word, "agents") ||
	                    !strcmp(word, "commands"))) {
		oc_keep_reduced(oc, what, r);
	} else if (good) {
		source_feed(&oc->owner->source, what, r->body, r->len);
		if (!oc->dialect->running || strcmp(word, "status ") != 0)
			return;
		/* the running sessions are known now: what does each of them wait for? */
		HASH_ITER (hh, oc->owner->table, s, next)
			if (s->home == oc && s->run.run != OC_RUN_IDLE)
				oc_ask_place(oc, s->id, LIST_MS);
	} else if (oc_place_asked(oc, word) && passes) {
		oc_unheard_add(oc, oc_place_asked(oc, word));
	}
}

static void oc_more_done(const struct api_answer *r, void *arg)
{
	struct oc_call *c = arg;
	struct oc *oc = c->oc;
	char *what = c->what;
	c->what = NULL;
	oc_call_unlink(oc, c);
	oc_answer_came(oc, what, r);
	free(what);
	if (sync_is_asked(&oc->sync) && sync_part_done(&oc->sync))
		oc_snapshot_over(oc);
}

/* The first call begins a snapshot; later calls are parts of it. Without a stream nothing is asked:
 * the next stream fetches all. */
static void oc_ask_within(struct oc *oc, const char *what, const char *path, const char *header,
                          int64_t timeout_ms)
{
	const char *headers[] = { header, NULL };
	if (oc->sync.stream == SYNC_DEAF || !oc->api)
		return;
	if (sync_is_asked(&oc->sync))
		sync_part(&oc->sync);
	else
		sync_ask(&oc->sync, oc_now(oc));
	struct oc_call *c = xcalloc(1, sizeof(*c));
	*c = (struct oc_call){ .oc = oc, .what = xstrdup(what), .next = oc->calls };
	oc->calls = c;
	c->call = api_call(oc->api, &(struct api_request){ .path = path,
	                                                   .headers = headers,
	                                                   .timeout_ms = timeout_ms,
	                                                   .max = LIST_MAX,
	                                                   .once = true,
	                                                   .done = oc_more_done,
	                                                   .arg = c });
}

static void oc_ask_more(struct oc *oc, const char *what, const char *path, const char *header)
{
	oc_ask_within(oc, what, path, header, LIST_MS);
}

/* Starts a snapshot, if one is wanted and none is running. */
static void oc_snapshot_step(struct oc *oc)
{
	const struct oc_dialect *d = oc->dialect;
	const struct {
		const char *word, *path, *kept;
	} once[] = { { "models", d->models, oc->models },
		     { "agents", d->agents, oc->agents },
		     { "commands", d->commands, oc->commands } };
	char what[96];
	if (sync_wait(&oc->sync, oc_now(oc)) < 0)
		return;
	snprintf(what, sizeof(what), "%s sessions", oc->name);
	oc_ask_more(oc, what, d->list, NULL);
	for (size_t i = 0; i < ARRAY_LEN(once); i++)
		if (!once[i].kept) {
			snprintf(what, sizeof(what), "%s %s", oc->name, once[i].word);
			oc_ask_more(oc, what, once[i].path, NULL);
		}
}

void oc_snapshot(struct oc *oc)
{
	sync_want(&oc->sync, oc_now(oc));
	oc_snapshot_step(oc);
}

/* --- the event stream ----------------------------------------------------- */

static void oc_event_line(struct oc *oc, const char *line, size_t len)
{
	char what[96];
	if (len < 6 || strncmp(line, "data:", 5) != 0)
		return;
	size_t skip = line[5] == ' ' ? 6 : 5;
	if (sync_hold(&oc->sync, line + skip, len - skip))
		return;
	snprintf(what, sizeof(what), "%s event", oc->name);
	source_feed(&oc->owner->source, what, line + skip, len - skip);
}

static bool oc_stream_data(struct api_call *call, const char *bytes, size_t len, void *arg)
{
	struct oc *oc = arg;
	oc_heard_something(oc);
	while (len) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl ? (size_t)(nl - bytes) : len;
		if (!oc->skip && n && !buf_add(&oc->line, bytes, n)) {
			/* Skip the rest of this line. A snapshot fetches the state that the lost
			 * event changed. */
			oc->skip = true;
			buf_clear(&oc->line);
		}
		if (nl) {
			size_t whole = oc->line.len;
			if (whole && oc->line.data[whole - 1] == '\r')
				whole--;
			if (oc->skip)
				oc_snapshot(oc);
			else if (whole)
				oc_event_line(oc, oc->line.data, whole);
			if (oc->stream != call)
				return true;
			oc->skip = false;
			buf_clear(&oc->line);
		}
		bytes += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
	return true;
}

static void oc_stream_answered(struct api_call *call, void *arg)
{
	struct oc *oc = arg;
	oc_heard_something(oc);
	sync_hears(&oc->sync, oc_now(oc));
	oc_snapshot_step(oc);
}

static void oc_stream_done(const struct api_answer *r, void *arg)
{
	struct oc *oc = arg;
	struct err err = r->err;
	oc->stream = NULL;
	if (r->status == 401 || r->no_token) {
		oc_denied(oc, r);
		return;
	}
	if (!err.code)
		err_set(&err, ERR_LOST, "OpenCode on %s port %d ended its stream of events",
		        oc->owner->source.server->name, oc->port);
	oc_lose(oc, &err);
}

static void oc_stream_open(struct oc *oc)
{
	api_cancel(oc->stream);
	buf_clear(&oc->line);
	oc->skip = false;
	sync_close(&oc->sync);
	sync_open(&oc->sync);
	oc->stream = api_call(oc->api, &(struct api_request){ .path = oc->dialect->stream,
	                                                      .once = true,
	                                                      .data = oc_stream_data,
	                                                      .answered = oc_stream_answered,
	                                                      .done = oc_stream_done,
	                                                      .arg = oc,
	                                                      .timeout_ms = LIST_MS });
}

/* --- the probe ----------------------------------------------------------- */

static void oc_probe_next(struct oc *);

/* Asked in this order, until one answer says what speaks. OpenCode 2 answers every other path with
 * a web page, or with 404. */
static const char *const probes[] = { "/global/health", "/api/info", "/api/health" };

static void oc_probed_in_vain(struct oc *oc, const struct api_answer *r)
{
	char what[200], version[32];
	if (oc_parse_health(r->body, r->len, version, sizeof(version)))
		snprintf(what, sizeof(what), "version %s is not one that mocr knows", version);
	else if (!strncmp(r->content_type, "text/html", 9))
		snprintf(what, sizeof(what),
		         "it sent a web page instead of JSON: mocr knows no such OpenCode server");
	else
		snprintf(what, sizeof(what),
		         "it answered %d when asked for its version: mocr knows no such OpenCode "
		         "server",
		         r->status);
	struct err err;
	err_set(&err, ERR_REFUSED, "%s on %s port %d: %s",
	        oc->version[0] ? "OpenCode" : "what answers", oc->owner->source.server->name,
	        oc->port, what);
	oc_stop(oc);
	oc_set_state(oc, OC_STRANGE, &err);
	stored_apply(oc->owner);
}

static void oc_probe_done(const struct api_answer *r, void *arg)
{
	struct oc *oc = arg;
	char what[96], version[32] = "";
	oc->probe = NULL;
	if (r->status == 401 || r->no_token) {
		oc_denied(oc, r);
		return;
	}
	if (!r->status) {
		oc_lose(oc, &r->err);
		return;
	}
	bool answers = !r->err.code;
	if (answers && oc_dialect_of(r->body, r->len, version, sizeof(version))) {
		snprintf(what, sizeof(what), "%s health", oc->name);
		source_feed(&oc->owner->source, what, r->body, r->len);
		oc_stream_open(oc);
	} else if (!version[0] && oc->probing + 1 < ARRAY_LEN(probes)) {
		oc->probing++;
		oc_probe_next(oc);
	} else {
		snprintf(oc->version, sizeof(oc->version), "%s", version);
		oc_probed_in_vain(oc, r);
	}
}

static void oc_probe_next(struct oc *oc)
{
	oc->probe = oc_call(oc, "GET", probes[oc->probing], NULL, PROBE_MS, 65536, oc_probe_done,
	                    oc);
}

void oc_begin(struct oc *oc)
{
	struct link *link = source_link(&oc->owner->source);
	if (link->state != LINK_UP || oc->state == OC_LIVE || oc->probe || oc->stream || oc->ask ||
	    oc->file_run)
		return;
	if (!oc->api) {
		struct buf command = { 0 };
		buf_addf(&command, "p=%d h=", oc->port);
		quote_word(&command, oc->host);
		buf_puts(&command, endpoints_exec);
		struct endpoint endpoints[] = { { .kind = ENDPOINT_TCP,
			                          .host = oc->host,
			                          .port = oc->port,
			                          .tls = oc->tls },
			                        { .kind = ENDPOINT_EXEC,
			                          .command = command.data } };
		char *who = xasprintf("OpenCode on %s port %d", oc->owner->source.server->name,
		                      oc->port);
		struct api_config config = oc_api_config(oc);
		struct err err;
		config.who = who;
		config.endpoints = endpoints;
		config.n_endpoints = link_is_local(link) || oc->tls ? 1 : 2;
		oc->api = api_create(store_http(oc->owner->source.store), link, &config, &err);
		if (oc->password)
			api_give_token(oc->api, oc->password, oc->login == OC_BY_COMMAND);
		oc->password = NULL;
		buf_finish(&command);
		free(who);
	}
	oc->probing = 0;
	oc_probe_next(oc);
}

/* --- messages ------------------------------------------------------------- */

void oc_feed_messages(struct oc *oc, const char *what, const struct api_answer *r)
{
	struct buf out;
	if (!oc->dialect->conversation) {
		source_feed(&oc->owner->source, what, r->body, r->len);
		return;
	}
	buf_init(&out, LAST_MAX * 2);
	if (oc->dialect->conversation(r->body, r->len, &out))
		source_feed(&oc->owner->source, what, out.data, out.len);
	buf_finish(&out);
}

/* --- the last message of a session --------------------------------------- */

static void oc_last_done(const struct api_answer *r, void *arg)
{
	struct ses *s = arg;
	struct oc *oc = s->home;
	struct sessions *ss = oc->owner;
	struct err err = r->err;
	s->last_call = NULL;
	ss->lasts--;
	char *what = xasprintf("%s last %s", oc->name, s->id);
	if (!err.code) {
		/* Message ids have an order, so an overtaken answer cannot replace a newer last
		 * message. */
		fetch_answer(&s->last_fetch, &oc->sync, SYNC_NEVER);
		oc_feed_messages(oc, what, r);
	} else {
		fetch_failed(&s->last_fetch, oc_now(oc));
	}
	free(what);
	if (s->quiet_ms && ss->quiet) /* how its turn ended is known now, so announce it */
		loop_timer_set(ss->quiet, 0);
	oc_lasts_fetch(ss);
}

static void oc_lasts_fetch(struct sessions *ss)
{
	struct ses *s, *next;
	HASH_ITER (hh, ss->table, s, next) {
		if (ss->lasts >= OC_LASTS_AT_ONCE)
			return;
		if (!fetch_is_wanted(&s->last_fetch) || !s->home || !oc_is_heard(s->home))
			continue;
		char *path = oc_path(s, s->home->dialect->last);
		fetch_ask(&s->last_fetch, sync_now(&s->home->sync, oc_now(s->home)));
		s->last_call = oc_call(s->home, "GET", path, NULL, LIST_MS, LAST_MAX, oc_last_done,
		                       s);
		ss->lasts += s->last_call != NULL;
		if (!s->last_call)
			fetch_failed(&s->last_fetch, oc_now(s->home));
		free(path);
	}
}

void ses_want_last(struct ses *s)
{
	fetch_want(&s->last_fetch);
	if (s->home)
		oc_lasts_fetch(s->home->owner);
}
