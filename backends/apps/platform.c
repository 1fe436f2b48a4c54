/* platform.c: the sites of a platform: polling rounds with back-off, answers into rows, the state
 * of the source.
 *
 * A round runs the steps in order, then asks about each row that is due, one call at a time. It
 * ends early if a STEP_MUST fails or if nobody answers at all. */
#include "backends/apps/platform.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/wire.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

#define RETRY_MOST 6 /* the longest pause after failures, in retry_ms */
#define NAME_MOST 60

static void platform_next(struct site *);

static struct sites *platform_sites(struct source *source)
{
	return (struct sites *)source;
}

static int64_t platform_now(const struct site *s)
{
	return loop_now(store_loop(s->source->store));
}

/* --- the settings -------------------------------------------------------- */

#define BEGINS_AS_SITE_CONFIG(type)                                                               \
	_Static_assert(offsetof(struct type, name) == offsetof(struct site_config, name) &&       \
	                       offsetof(struct type, url) == offsetof(struct site_config, url) && \
	                       offsetof(struct type, server) ==                                   \
	                               offsetof(struct site_config, server) &&                    \
	                       offsetof(struct type, token_command) ==                            \
	                               offsetof(struct site_config, token_command),               \
	               "a section of a platform begins as struct site_config")
BEGINS_AS_SITE_CONFIG(platform_config);
BEGINS_AS_SITE_CONFIG(dokploy_config);
BEGINS_AS_SITE_CONFIG(litellm_config);
BEGINS_AS_SITE_CONFIG(metric_config);
BEGINS_AS_SITE_CONFIG(headscale_config);
BEGINS_AS_SITE_CONFIG(ci_config);
BEGINS_AS_SITE_CONFIG(zlh_config);
BEGINS_AS_SITE_CONFIG(logs_config);

/* The section after this one. NULL: the first section. */
static const void *platform_section(const struct platform *p, const struct settings *s,
                                    const void *after)
{
	const void *next;
	if (after)
		memcpy(&next, (const char *)after + p->next_at, sizeof(next));
	else
		memcpy(&next, (const char *)s + p->list_at, sizeof(next));
	return next;
}

static struct site_config platform_config_of(const void *section)
{
	struct site_config c;
	memcpy(&c, section, sizeof(c));
	return c;
}

static bool platform_is_on(const struct site_config *c, const struct server *v)
{
	return c->server ? server_is_called(v, c->server) : v->is_local;
}

const void *site_section(const struct site *s)
{
	const struct settings *settings = store_settings(s->source->store);
	const void *section = platform_section(s->platform, settings, NULL);
	while (section && strcmp(platform_config_of(section).name, s->name) != 0)
		section = platform_section(s->platform, settings, section);
	return section;
}

bool site_config(const struct site *s, struct site_config *out)
{
	const void *section = site_section(s);
	if (section)
		*out = platform_config_of(section);
	return section != NULL;
}

const char *site_url(const struct site *s)
{
	struct site_config c;
	return site_config(s, &c) && c.url ? c.url : "";
}

/* --- rows ---------------------------------------------------------------- */

static bool platform_has(const struct platform *p, const struct site *s)
{
	const struct settings *settings = store_settings(s->source->store);
	const void *section = NULL;
	while ((section = platform_section(p, settings, section))) {
		struct site_config c = platform_config_of(section);
		if (!strcmp(c.name, s->name) && platform_is_on(&c, s->source->server))
			return true;
	}
	return false;
}

struct app *site_app(struct site *s, const char *project, const char *environment, const char *name,
                     const char *ref)
{
	char place[sizeof(s->name) + 32];
	/* [dokploy x] and [coolify x] of one server: the platform that comes first in backends[]
	 * has the plain ids, the other one those of "coolify:x". So no id depends on which one
	 * answers first. */
	const struct backend *const *b = backends;
	bool taken = false;
	for (; *b && *b != s->source->backend && !taken; b++) {
		const struct platform *p = (*b)->up == sites_up ? (*b)->param : NULL;
		taken = p && strcmp(p->section, s->platform->section) != 0 && platform_has(p, s);
	}
	if (taken)
		snprintf(place, sizeof(place), "%s:%s", s->platform->section, s->name);
	else
		snprintf(place, sizeof(place), "%s", s->name);
	return app_row(s->source, &s->platform->app, s, place, s->name, project, environment, name,
	               ref, s->round);
}

struct app *site_next_app(const struct site *s, const struct app *after)
{
	const struct server *v = s->source->server;
	struct row *r = after ? store_next(&after->row, &kind_app, v)
	                      : store_first(s->source->store, &kind_app, v);
	while (r && (app_of(r)->instance != s || app_of(r)->is_platform))
		r = store_next(r, &kind_app, v);
	return r ? app_of(r) : NULL;
}

struct app *site_app_by_ref(const struct site *s, const char *ref)
{
	struct app *a = site_next_app(s, NULL);
	while (a && strcmp(a->ref, ref) != 0)
		a = site_next_app(s, a);
	return a;
}

static void platform_set_state(struct source *source)
{
	struct sites *all = platform_sites(source);
	const struct err *bad = NULL;
	bool complete = true, answered = false;
	for (struct site *s = all->first; s; s = s->next) {
		answered = answered || s->round;
		complete = complete && (s->complete || s->err.code);
		if (!bad && s->err.code)
			bad = &s->err;
	}
	if (!all->first)
		source_set_state(source, SOURCE_ABSENT, NULL);
	else if (!complete && source->state == SOURCE_WAITING)
		return;
	else if (bad && bad->code == ERR_DENIED)
		source_set_state(source, SOURCE_DENIED, bad);
	else if (bad)
		source_set_state(source, answered ? SOURCE_STALE : SOURCE_FAILED, bad);
	else if (complete)
		source_set_state(source, SOURCE_LIVE, NULL);
}

const struct kind *site_kind(const struct site *s)
{
	return s->platform->kind ? s->platform->kind : &kind_app;
}

static void platform_judge_app(struct site *s)
{
	struct app *a = site_app(s, NULL, NULL, NULL, "");
	const char *url = site_url(s);
	char why[240] = "";
	enum health health = HEALTH_GOOD;
	snprintf(a->type, sizeof(a->type), "platform");
	/* the text may be longer than the field */
	wash(a->state, sizeof(a->state), s->version, strlen(s->version));
	wash(a->domain, sizeof(a->domain), url, strlen(url));
	a->asked = true;
	if (s->err.code) {
		app_settle(a, HEALTH_BAD, s->err.text);
		return;
	}
	if (s->platform->opinion)
		health = s->platform->opinion(s, why, sizeof(why));
	if (health == HEALTH_GOOD && *s->unfit) {
		health = HEALTH_ATTENTION;
		memcpy(why, s->unfit, sizeof(s->unfit));
	}
	app_settle(a, health, why);
}

void site_judge(struct site *s)
{
	if (s->platform->own_row)
		s->platform->own_row(s);
	else
		platform_judge_app(s);
}

void site_fail(struct site *s, const struct err *err)
{
	s->err = *err;
	if (fetch_is_asked(&s->poll))
		fetch_failed(&s->poll, platform_now(s));
	if (s->platform->judge) {
		s->platform->judge(s);
		return;
	}
	site_judge(s);
	platform_set_state(s->source);
}

void site_answered(struct site *s)
{
	const char *version = *s->version ? s->version : "of an unknown version";
	char detail[sizeof(s->source->detail)];
	err_clear(&s->err);
	backoff_reset(&s->pause);
	s->left_out = 0;
	s->unfit[0] = '\0';
	s->round++;
	if (s->platform->judge)
		return;
	site_judge(s);
	snprintf(detail, sizeof(detail), "%s %.40s %.60s", s->platform->app.name, version, s->name);
	wash(s->source->detail, sizeof(s->source->detail), detail, strlen(detail));
}

static void platform_count_left_out(struct source *source, const struct kind *kind)
{
	size_t left_out = 0;
	for (const struct site *s = platform_sites(source)->first; s; s = s->next)
		left_out += s->left_out;
	source_left_out(source, kind, left_out);
}

void site_left_out(struct site *s, size_t n)
{
	s->left_out = n;
	platform_count_left_out(s->source, site_kind(s));
}

void site_unfit(struct site *s, const char *name)
{
	snprintf(s->unfit, sizeof(s->unfit),
	         "%.80s is not shown: its id there is longer than %d bytes, or has signs that "
	         "cannot be shown, so an order could reach something else",
	         name, APP_ID_SIZE - 1);
}

void site_listed(struct site *s)
{
	if (*s->unfit)
		site_judge(s);
	if (site_kind(s) == &kind_app)
		app_sweep(s->source, s, s->round);
	platform_count_left_out(s->source, site_kind(s));
}

/* --- answers ------------------------------------------------------------- */

void site_init(struct site *s, const struct platform *p, struct source *source, const char *name)
{
	s->platform = p;
	s->source = source;
	snprintf(s->name, sizeof(s->name), "%s", name);
}

static struct site *platform_find(struct source *source, const char *name)
{
	const struct platform *p = source->backend->param;
	struct site **slot = &platform_sites(source)->first;
	for (; *slot; slot = &(*slot)->next)
		if (!strcmp((*slot)->name, name))
			return *slot;
	*slot = xcalloc(1, p->site_size ? p->site_size : sizeof(struct site));
	site_init(*slot, p, source, name);
	return *slot;
}

/* what is "NAME TAB what [TAB ref]". */
void sites_feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	const struct platform *p = source->backend->param;
	const char *tab = strchr(what, '\t');
	char name[NAME_MOST + 1];
	if (!tab || tab == what || tab - what > NAME_MOST)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(tab - what), what);
	struct site *s = platform_find(source, name);
	size_t n = strcspn(tab + 1, "\t");
	const char *ref = tab[1 + n] ? tab + 2 + n : "";
	for (const struct platform_step *step = p->steps; step->what; step++) {
		struct err why, said;
		bool is_it = strlen(step->what) == n && !strncmp(step->what, tab + 1, n);
		if (!is_it || step->take(s, ref, bytes, len, &why))
			continue;
		err_set(&said, why.code, "%s %s: %s", p->product, s->name, why.text);
		site_fail(s, &said);
	}
}

/* Feeds the reduced answer, so a recording contains no more. Text that is not JSON goes in whole,
 * for the error. */
static void platform_feed(struct site *s, const struct platform_step *step, const char *ref,
                          const struct api_answer *r)
{
	struct buf clean = { 0 };
	char *what = xasprintf("%s\t%s%s%s", s->name, step->what, *ref ? "\t" : "", ref);
	if (s->platform->reduce && !(step->flags & STEP_RAW))
		s->platform->reduce(r->body, r->len, &clean);
	if (clean.len)
		source_feed(s->source, what, clean.data, clean.len);
	else
		source_feed(s->source, what, r->body, r->len);
	buf_finish(&clean);
	free(what);
}

/* --- schedule ------------------------------------------------------------- */

/* ms from the end of a round to the next. */
static int64_t platform_wait(struct site *s)
{
	const struct platform *p = s->platform;
	bool busy = s->jobs != NULL;
	int soon_ms = s->soon_ms;
	s->soon_ms = 0;
	if (fetch_is_wanted(&s->poll))
		return fetch_wait(&s->poll, 0, platform_now(s));
	if (soon_ms)
		return soon_ms;
	if (s->err.code)
		return backoff_ms(&s->pause, p->retry_ms, p->retry_ms * RETRY_MOST);
	for (struct app *a = site_next_app(s, NULL); a && p->busy_ms; a = site_next_app(s, a))
		busy = busy || a->row.health == HEALTH_BUSY;
	if (p->busy_ms && busy)
		return p->busy_ms;
	return s->shown ? p->shown_ms : p->hidden_ms;
}

void site_soon(struct site *s, int ms)
{
	s->soon_ms = ms;
}

void site_poke(struct site *s)
{
	fetch_want(&s->poll);
	if (s->up && !fetch_is_asked(&s->poll))
		loop_timer_set(s->timer, 0);
}

bool site_round_failed(const struct site *s)
{
	return !fetch_is_asked(&s->poll);
}

void site_ask_about(struct app *a)
{
	struct site *s = a->instance;
	a->asked_round = 0;
	/* a round that failed waits as long as any other */
	if (!fetch_is_asked(&s->poll) && !s->err.code)
		site_poke(s);
}

/* --- a round ------------------------------------------------------------- */

char *platform_path(const char *before, const char *word, const char *after)
{
	char *encoded = http_encode(word), *path = xasprintf("%s%s%s", before, encoded, after);
	free(encoded);
	return path;
}

struct api_call *site_call(struct site *s, const struct api_request *request)
{
	struct api_request r = *request;
	char *full = xasprintf("%s%s", s->platform->prefix && !r.open ? s->platform->prefix : "",
	                       r.path);
	r.path = full;
	struct api_call *call = api_call(s->api, &r);
	free(full);
	return call;
}

static void platform_ask(struct site *s, const char *path, bool open,
                         void (*done)(const struct api_answer *, void *))
{
	assert(!s->call);
	s->call = site_call(s, &(struct api_request){ .path = path,
	                                              .open = open,
	                                              .late = open,
	                                              .done = done,
	                                              .arg = s,
	                                              .timeout_ms = s->platform->timeout_ms });
}

static void platform_over(struct site *s)
{
	if (s->poll.state == FETCH_ASKED)
		s->complete = true;
	if (s->platform->over)
		s->platform->over(s);
	if (fetch_is_asked(&s->poll))
		fetch_answer(&s->poll, NULL, SYNC_NEVER);
	if (!s->platform->judge)
		platform_set_state(s->source);
	if (s->up)
		loop_timer_set(s->timer, platform_wait(s));
}

static void platform_about_came(const struct api_answer *r, void *arg)
{
	struct site *s = arg;
	struct row *row = s->about ? store_find(s->source->store, s->about) : NULL;
	const char *what = NULL;
	s->call = NULL;
	if (row) {
		free(s->platform->about(app_of(row), &what));
		const struct platform_step *step = s->platform->steps;
		while (step->what && strcmp(step->what, what) != 0)
			step++;
		/* set even without an answer: the deployments stay unknown */
		app_of(row)->asked = true;
		if (!r->err.code)
			platform_feed(s, step, app_of(row)->ref, r);
		else if ((step->flags & STEP_MUST) && r->err.code != ERR_ABSENT)
			/* ABSENT: the row has just gone, and the next list shows that */
			site_fail(s, &r->err);
	}
	platform_next(s);
}

/* The next row to ask about. Visible rows come first. */
static struct app *platform_due(const struct site *s)
{
	struct app *best = NULL;
	/* a round that failed asks no more, and one that is wanted again ends soon */
	if (!s->platform->is_due || s->poll.state != FETCH_ASKED)
		return NULL;
	for (struct app *a = site_next_app(s, NULL); a; a = site_next_app(s, a))
		if (s->platform->is_due(s, a) && (!best || (a->row.shown && !best->row.shown)))
			best = a;
	return best;
}

static void platform_step_came(const struct api_answer *r, void *arg)
{
	struct site *s = arg;
	const struct platform_step *step = &s->platform->steps[s->step];
	enum err_code code = r->err.code;
	bool must = step->flags & STEP_MUST;
	bool answered = !code || code == ERR_ABSENT || code == ERR_DENIED;
	/* Nobody answers, or there is no token: all other steps would fail the same way. */
	bool away = code && !r->status && code != ERR_TIMEOUT && code != ERR_TOO_BIG &&
	            code != ERR_GARBLED;
	s->call = NULL;
	if ((step->flags & STEP_ONCE) && answered)
		s->once |= 1u << s->step;
	s->step++;
	if (r->date_ms)
		s->skew_ms = r->date_ms - now_wall_ms();
	if (away || (code && must))
		site_fail(s, &r->err);
	else if (s->platform->came)
		s->platform->came(s, step, r);
	else if (!code)
		platform_feed(s, step, "", r);
	else if (s->platform->lacks)
		s->platform->lacks(s, step, &r->err);
	if (site_round_failed(s))
		platform_over(s);
	else
		platform_next(s);
}

static bool platform_skips(const struct site *s, const struct platform_step *step)
{
	if (!step->path || (s->once & 1u << s->step))
		return true;
	if ((step->flags & STEP_SHOWN) && s->complete && !s->shown)
		return true;
	return s->platform->wants && !s->platform->wants(s, step);
}

static void platform_next(struct site *s)
{
	const struct platform_step *steps = s->platform->steps;
	while (steps[s->step].what && platform_skips(s, &steps[s->step]))
		s->step++;
	const struct platform_step *step = &steps[s->step];
	struct app *due = step->what ? NULL : platform_due(s);
	char *path = NULL;
	const char *what = NULL;
	if (step->what && s->wire) {
		wire_ask(s->wire, s->platform->timeout_ms, platform_step_came, s);
	} else if (step->what) {
		if (s->platform->path)
			path = s->platform->path(s, step);
		platform_ask(s, path ? path : step->path, step->flags & STEP_OPEN,
		             platform_step_came);
	} else if (due) {
		path = s->platform->about(due, &what);
		due->asked_round = s->round;
		due->asked_ms = platform_now(s);
		xreplace(&s->about, due->row.id);
		platform_ask(s, path, false, platform_about_came);
	} else {
		platform_over(s);
	}
	free(path);
}

static void platform_on_timer(struct loop_timer *t, void *arg)
{
	struct site *s = arg;
	if (fetch_is_asked(&s->poll) || !s->up || (s->platform->begin && !s->platform->begin(s)))
		return;
	s->step = 0;
	fetch_ask(&s->poll, sync_at(platform_now(s)));
	platform_next(s);
}

/* --- link and server up or down ------------------------------------------- */

/* What an API client is made with. A client with another text is another client. */
static char *site_words(const struct site *s, const struct site_config *c)
{
	const char *url = c->url ? c->url : "";
	const char *command = c->token_command ? c->token_command : "";
	const char *user = s->platform->user ? s->platform->user(s) : NULL;
	return xasprintf("%s\n%s\n%s", url, command, user ? user : "");
}

void site_open(struct site *s, const struct site_config *c)
{
	const struct platform *p = s->platform;
	struct err err;
	if (!s->timer)
		s->timer = loop_timer_add(store_loop(s->source->store), -1, platform_on_timer, s);
	/* the address is tried only when a round begins */
	struct store *store = s->source->store;
	if (p->talk && !s->wire)
		s->wire = wire_create(source_link(s->source),
		                      &(struct wire_config){ .section = p->section,
		                                             .name = s->name,
		                                             .product = p->product,
		                                             .url = c->url,
		                                             .password_command = c->token_command,
		                                             .talk = p->talk },
		                      &err);
	else if (!p->talk && !s->api)
		s->api = api_create(store_http(store), source_link(s->source),
		                    &(struct api_config){ .section = p->section,
		                                          .name = s->name,
		                                          .product = p->product,
		                                          .url = c->url,
		                                          .token_command = c->token_command,
		                                          .user = p->user ? p->user(s) : NULL,
		                                          .token_header = p->token_header,
		                                          .token_help = p->token_help,
		                                          .token_word = p->token_word,
		                                          .denies = p->denies },
		                    &err);
	free(s->opened);
	s->opened = site_words(s, c);
	s->up = s->api || s->wire;
	if (p->open)
		p->open(s);
	if (s->up)
		site_poke(s);
	else
		site_fail(s, &err);
}

void site_rest(struct site *s)
{
	api_cancel(s->call);
	wire_stop(s->wire);
	s->call = NULL;
	fetch_cancel(&s->poll);
	s->up = false;
	if (s->timer)
		loop_timer_set(s->timer, -1);
}

void site_close(struct site *s, const char *why)
{
	struct err err;
	site_rest(s);
	err_set(&err, ERR_LOST, "%s %s: %s", s->platform->product, s->name, why);
	site_jobs_end(s, &err);
	if (s->platform->close)
		s->platform->close(s, &err);
	site_logs_lose(s, &err);
	api_destroy(s->api);
	wire_destroy(s->wire);
	s->api = NULL;
	s->wire = NULL;
	s->once = 0;
}

void sites_up(struct source *source)
{
	const struct platform *p = source->backend->param;
	const struct settings *settings = store_settings(source->store);
	const struct server *v = source->server;
	const void *section = NULL;
	while ((section = platform_section(p, settings, section))) {
		struct site_config c = platform_config_of(section);
		if (platform_is_on(&c, v))
			site_open(platform_find(source, c.name), &c);
	}
	platform_set_state(source);
}

void sites_down(struct source *source)
{
	for (struct site *s = platform_sites(source)->first; s; s = s->next) {
		site_rest(s);
		if (source_link(source)->state != LINK_UP)
			site_close(s,
			           "the link was lost; what was started continues there, and the "
			           "list shows it when the "
			           "link is back");
	}
	if (source->state == SOURCE_LIVE)
		source_set_state(source, SOURCE_STALE, NULL);
}

void sites_shown(struct source *source)
{
	const struct platform *p = source->backend->param;
	const struct kind *kind = p->kind ? p->kind : &kind_app;
	bool now = false;
	for (struct row *r = store_first(source->store, kind, source->server); r && !now;
	     r = store_next(r, kind, source->server))
		now = r->source == source && r->shown;
	for (struct site *s = platform_sites(source)->first; s; s = s->next) {
		bool poll_now = now && !s->shown;
		s->shown = now;
		if (poll_now)
			site_poke(s);
	}
}

static void site_free(struct site *s)
{
	site_logs_forget(s);
	loop_timer_remove(s->timer);
	if (s->platform->free)
		s->platform->free(s);
	free(s->opened);
	free(s->about);
	free(s);
}

void sites_finish(struct source *source)
{
	for (struct site *s = platform_sites(source)->first, *next; s; s = next) {
		next = s->next;
		site_close(s,
		           "the server was closed while it ran; what was started continues there");
		site_free(s);
	}
}

/* --- :reload ------------------------------------------------------------- */

/* An API client keeps its address and token. If either changed, a new client is made. */
static void site_take_section(struct site *s, const struct site_config *c)
{
	char *now = site_words(s, c);
	bool same = strcmp(now, s->opened) == 0;
	free(now);
	if (same)
		return;
	site_close(s, "its section of the configuration changed; what was started continues there");
	err_clear(&s->err);
	backoff_reset(&s->pause);
}

void sites_configured(struct source *source)
{
	for (struct site *s = platform_sites(source)->first, *next; s; s = next) {
		struct site_config c;
		next = s->next;
		if (!s->opened) /* of a recording */
			continue;
		if (site_config(s, &c) && platform_is_on(&c, s->source->server))
			site_take_section(s, &c);
		else {
			/* Its section is gone. Its rows and its orders go with it. */
			struct site **slot = &platform_sites(s->source)->first;
			while (*slot != s)
				slot = &(*slot)->next;
			site_close(s, "its section is no longer in the configuration; what was "
			              "started continues "
			              "there");
			*slot = s->next;
			platform_count_left_out(s->source, site_kind(s));
			if (s->platform->forget)
				s->platform->forget(s);
			else
				app_sweep(s->source, s, s->round + 1);
			site_free(s);
		}
	}
	if (source_link(source)->state == LINK_UP)
		sites_up(source);
}
