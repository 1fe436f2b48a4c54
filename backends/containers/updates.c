/* updates.c: asks the registry, through the server's engine, whether an image in use has a newer
 * one, and remembers the answers.
 *
 * One container is asked about at a time: the engine's inspect names the image, the engine's image
 * names its digests, and the registry names the digest of the tag. The registry is asked at most
 * once in image_updates hours for a name, and by the key at most once a minute. The answers are
 * kept in the state folder, so a console that starts knows them and asks nothing. */
#include "backends/containers/updates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/state_file.h"
#include "backends/base/wash.h"
#include "backends/containers/acts.h"
#include "backends/containers/engine.h"
#include "backends/store/record.h"
#include "backends/store/settings.h"

#define UPDATES_LOOK_MS (10 * 60 * 1000) /* until the next look at what is due */
#define UPDATES_SOON_MS 20
#define UPDATES_AGAIN_MS (60 * 1000)   /* by the key */
#define UPDATES_REGISTRY_MS (45 * 1000)
#define UPDATES_NEWS_MAX 500           /* images of one engine */
#define UPDATES_FILE_MAX (512u << 10)

int64_t updates_first_ms = 60 * 1000;
int64_t updates_gap_ms = 2 * 1000;

struct updates_entry {
	struct image_news news;
	struct updates_entry *next;
};

struct updates {
	struct engine *engine;
	struct loop_timer *timer;
	struct call *call;        /* NULL: no question is running */
	char id[CTR_ID_SIZE];     /* of the container that is asked about */
	struct image_news asking; /* what is known of it so far */
	struct image_digests digests;
	struct updates_entry *all; /* newest first */
	int64_t first_ms;          /* loop clock: before this only orders are followed */
	int64_t gap_ends_ms;       /* loop clock: before this no question starts; 0 none */
	bool read;                 /* the file was read */
};

static void updates_next(void *arg);

static struct updates *updates_of(struct engine *e)
{
	if (!e->updates) {
		e->updates = xcalloc(1, sizeof(*e->updates));
		e->updates->engine = e;
	}
	return e->updates;
}

/* Between two questions of the console's own about one image; 0: it asks none. */
static int64_t updates_every_ms(const struct updates *u)
{
	const struct settings *s = store_settings(u->engine->source.store);
	if (!s || s->started.once || s->started.batch)
		return 0;
	return s->image_updates * (int64_t)3600 * 1000;
}

/* --- what is known -------------------------------------------------------- */

/* The image of a container that is in use, and by which name the registry would be asked. After a
 * pull, the list names the old image by its id only. */
static bool updates_is_of(const struct image_news *n, const struct container *c)
{
	if (!c->image_id || strcmp(n->id, c->image_id) != 0)
		return false;
	return !image_has_tag(c->image) || strcmp(n->image, c->image) == 0;
}

static struct image_news *updates_find(const struct updates *u, const struct container *c)
{
	for (struct updates_entry *e = u->all; e; e = e->next)
		if (updates_is_of(&e->news, c))
			return &e->news;
	return NULL;
}

/* The newest answer of the registry about this name, whichever image is in use. */
static const struct image_news *updates_of_name(const struct updates *u, const char *image)
{
	const struct image_news *newest = NULL;
	for (struct updates_entry *e = u->all; e; e = e->next)
		if (!strcmp(e->news.image, image) &&
		    (!newest || e->news.asked_ms > newest->asked_ms))
			newest = &e->news;
	return newest;
}

void updates_apply(struct ctr *c)
{
	struct container *row = c->row;
	const struct updates *u = c->engine->updates;
	const struct image_news *n = u ? updates_find(u, row) : NULL;
	bool newer = n && *n->registry && !n->current;
	xreplace(&row->digest, n && *n->digest ? n->digest : NULL);
	xreplace(&row->newer, newer ? n->registry : NULL);
	xreplace(&row->update_why, n && *n->why ? n->why : NULL);
	row->update_ms = n ? n->asked_ms : 0;
}

/* Keeps the answer in place of an older one about the same image. */
static void updates_keep(struct updates *u, const struct image_news *news)
{
	struct updates_entry *e = u->all, *next;
	size_t n = 1;
	for (; e; e = next, n++) {
		next = e->next;
		bool same = !strcmp(e->news.image, news->image) && !strcmp(e->news.id, news->id);
		if (!same && n < UPDATES_NEWS_MAX)
			continue;
		LIST_DROP(u->all, e);
		free(e);
	}
	e = xcalloc(1, sizeof(*e));
	e->news = *news;
	LL_PREPEND(u->all, e);
	for (struct ctr *c = u->engine->ctrs; c; c = c->hh.next) {
		if (!updates_is_of(news, c->row))
			continue;
		updates_apply(c);
		store_touch(&c->row->row);
	}
}

/* --- the file ------------------------------------------------------------- */

static char *updates_file(const struct updates *u)
{
	const struct store *store = u->engine->source.store;
	const struct settings *s = store_settings(store);
	bool none = !s || !s->state_dir || replay_is_on(store);
	return none ? NULL : xasprintf("%s/images", s->state_dir);
}

static char *updates_place(const struct updates *u)
{
	const struct source *s = &u->engine->source;
	return xasprintf("%s %s", s->server->name, s->backend->name);
}

struct updates_change {
	const struct image_news *news;
	const char *place;
};

static bool updates_write(const char *old, size_t len, struct buf *out, void *arg)
{
	const struct updates_change *c = arg;
	const char *line = old;
	/* drops the oldest news */
	if (len > UPDATES_FILE_MAX / 2 && strchr(old, '\n'))
		line = strchr(old, '\n') + 1;
	while (*line) {
		size_t n = strcspn(line, "\n");
		struct image_news one;
		char place[IMAGE_NAME_SIZE];
		bool replaced = image_news_read(&one, place, sizeof(place), line, n) &&
		                !strcmp(place, c->place) && !strcmp(one.image, c->news->image) &&
		                !strcmp(one.id, c->news->id);
		if (!replaced)
			buf_addf(out, "%.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
	image_news_write(c->news, c->place, out);
	return buf_addf(out, "\n");
}

/* --- one question --------------------------------------------------------- */

/* The orders on this container end; the others stay. */
static void updates_answer_orders(struct updates *u, const struct err *err)
{
	struct act_run *a = u->engine->acts, *next;
	char now[24], newer[24], said[200];
	const struct image_news *n = &u->asking;
	if (*n->why)
		snprintf(said, sizeof(said), "not known: %.180s", n->why);
	else if (n->current)
		snprintf(said, sizeof(said), "%s is what the registry has",
		         digest_short(now, n->registry));
	else
		snprintf(said, sizeof(said), "newer: %s -> %s", digest_short(now, n->digest),
		         digest_short(newer, n->registry));
	for (; a; a = next) {
		next = a->next;
		if (!strcmp(a->checks, u->id))
			act_end(a, err, said);
	}
}

static void updates_rest(struct updates *u, int64_t ms)
{
	*u->id = '\0';
	loop_timer_set(u->timer, ms);
}

/* A registry was asked, or the engine failed. */
static void updates_rest_gap(struct updates *u)
{
	u->gap_ends_ms = engine_mono(u->engine) + updates_gap_ms;
	updates_rest(u, updates_gap_ms);
}

/* The question ended with an answer that counts for hours. */
static void updates_end(struct updates *u, bool asked_registry)
{
	char *place = updates_place(u), *what = xasprintf("newer:%s", u->id);
	char *file = updates_file(u);
	struct updates_change change = { &u->asking, place };
	struct buf line = { 0 };
	image_news_write(&u->asking, place, &line);
	/* The file spares questions. Without it the next console asks again. */
	if (file)
		state_update(file, UPDATES_FILE_MAX, updates_write, &change, NULL);
	source_feed(&u->engine->source, what, line.data, line.len);
	buf_finish(&line);
	free(file);
	free(what);
	free(place);
	updates_answer_orders(u, NULL);
	if (asked_registry)
		updates_rest_gap(u);
	else
		updates_rest(u, UPDATES_SOON_MS);
}

/* The engine itself gave no answer: nothing is known, and nothing is kept. */
static void updates_fail(struct updates *u, const struct err *err)
{
	struct err said = *err;
	struct ctr *c = ctr_find(u->engine, u->id);
	if (c)
		c->checked_ms = engine_mono(u->engine);
	updates_answer_orders(u, &said);
	updates_rest_gap(u);
}

static bool updates_good(struct updates *u, const struct reply *r, struct err *err)
{
	char said[200];
	*err = r->err;
	u->call = NULL;
	if (!err->code && r->status != 200)
		err_set(err, ERR_REFUSED, "%s", ctr_message(said, sizeof(said), r->body, r->len));
	return !err->code;
}

static void updates_compare(struct updates *u, const char *registry)
{
	snprintf(u->asking.registry, sizeof(u->asking.registry), "%s", registry);
	u->asking.current = image_digests_have(&u->digests, registry);
}

static void updates_on_registry(struct call *call, const struct reply *r, void *arg)
{
	struct updates *u = arg;
	struct err err;
	char digest[DIGEST_SIZE];
	/* an answer may come without its connection: a refusal is an answer too */
	bool good = updates_good(u, r, &err) &&
	            registry_digest_parse(digest, r->body, r->len, &err);
	u->asking.asked_ms = engine_now(u->engine);
	if (good)
		updates_compare(u, digest);
	else
		wash(u->asking.why, sizeof(u->asking.why), err.text, strlen(err.text));
	updates_end(u, true);
}

static void updates_ask(struct updates *u, const char *path, int64_t timeout_ms,
                        void (*done)(struct call *, const struct reply *, void *))
{
	u->call = engine_get(u->engine, path,
	                     (struct call_spec){ .done = done,
	                                         .arg = u,
	                                         .max = 1u << 20,
	                                         .timeout_ms = timeout_ms });
}

static bool updates_is_ordered(const struct updates *u, const char *id)
{
	for (const struct act_run *a = u->engine->acts; a; a = a->next)
		if (!strcmp(a->checks, id))
			return true;
	return false;
}

static void updates_on_image(struct call *call, const struct reply *r, void *arg)
{
	struct updates *u = arg;
	struct err err;
	if (!updates_good(u, r, &err) ||
	    !image_digests_parse(&u->digests, r->body, r->len, &err)) {
		updates_fail(u, &err);
		return;
	}
	const char *image = u->asking.image;
	const struct image_news *last = updates_of_name(u, image);
	snprintf(u->asking.digest, sizeof(u->asking.digest), "%s",
	         image_digest_of(&u->digests, image));
	bool ordered = updates_is_ordered(u, u->id);
	int64_t every = updates_every_ms(u), least = ordered ? UPDATES_AGAIN_MS : every;
	/* Does an answer about the name hold for this image? One that was pulled meanwhile may be
	 * newer than the answer, unless the answer names it. */
	bool serves = last && (!strcmp(last->id, u->asking.id) ||
	                       image_digests_have(&u->digests, last->registry));
	/* An answer of late serves again. */
	bool is_old = !last || (least && engine_now(u->engine) - last->asked_ms >= least);
	if (!u->digests.n) {
		snprintf(u->asking.why, sizeof(u->asking.why),
		         "the image was built on this server");
		u->asking.asked_ms = engine_now(u->engine);
		updates_end(u, false);
	} else if (!serves && !ordered && !every) {
		err_set(&err, ERR_ABSENT, "its image changed since the registry was asked");
		updates_fail(u, &err);
	} else if (!serves || is_old) {
		char *path = xasprintf("/distribution/%s/json", image);
		updates_ask(u, path, UPDATES_REGISTRY_MS, updates_on_registry);
		free(path);
	} else {
		snprintf(u->asking.why, sizeof(u->asking.why), "%s", last->why);
		u->asking.asked_ms = last->asked_ms;
		if (*last->registry)
			updates_compare(u, last->registry);
		updates_end(u, false);
	}
}

static void updates_on_container(struct call *call, const struct reply *r, void *arg)
{
	struct updates *u = arg;
	struct err err;
	if (!updates_good(u, r, &err) ||
	    !container_image_parse(u->asking.image, u->asking.id, r->body, r->len, &err)) {
		updates_fail(u, &err);
		return;
	}
	if (!image_has_tag(u->asking.image)) {
		err_set(&err, ERR_USAGE, "its image is fixed by a digest: %s", u->asking.image);
		updates_fail(u, &err);
		return;
	}
	char *path = xasprintf("/images/%s/json", u->asking.id);
	updates_ask(u, path, 0, updates_on_image);
	free(path);
}

/* --- what is due ---------------------------------------------------------- */

/* An image without a digest of a registry is looked at once; a failed question waits as long. */
static bool updates_is_due(const struct updates *u, const struct ctr *c)
{
	const struct container *row = c->row;
	const struct image_news *known = updates_find(u, row);
	int64_t every = updates_every_ms(u), now = engine_now(u->engine);
	if (updates_is_ordered(u, c->id))
		return true;
	if (!image_has_tag(row->image) && (!row->image || strncmp(row->image, "sha256:", 7) != 0))
		return false;
	if (c->checked_ms && engine_mono(u->engine) - c->checked_ms < UPDATES_LOOK_MS)
		return false;
	/* its image was replaced lately: the registry's answer is known, only the engine is asked
	 */
	if (!known && !store_settings(u->engine->source.store)->started.once && row->image &&
	    updates_of_name(u, row->image))
		return true;
	if (!every || engine_mono(u->engine) < u->first_ms)
		return false;
	return !known || now - known->asked_ms >= every;
}

static struct ctr *updates_choose(const struct updates *u)
{
	struct ctr *due = NULL;
	for (struct ctr *c = u->engine->ctrs; c; c = c->hh.next) {
		if (updates_is_ordered(u, c->id))
			return c;
		if (!due && updates_is_due(u, c))
			due = c;
	}
	return due;
}

/* An order whose container was removed, or made again under another id. NULL: none. */
static struct act_run *updates_orphan(const struct updates *u)
{
	struct act_run *a = u->engine->acts;
	while (a && (!*a->checks || ctr_find(u->engine, a->checks)))
		a = a->next;
	return a;
}

static void updates_next(void *arg)
{
	struct updates *u = arg;
	struct engine *e = u->engine;
	char path[64 + CTR_ID_SIZE];
	if (!e->origin || u->call || e->source.state != SOURCE_LIVE)
		return;
	struct act_run *a;
	struct err err;
	while ((a = updates_orphan(u))) {
		err_set(&err, ERR_ABSENT,
		        "%s: its container was removed before the registry was asked",
		        a->order->id);
		act_end(a, &err, NULL);
	}
	struct ctr *c = updates_choose(u);
	if (!c) {
		updates_rest(u, updates_every_ms(u) ? UPDATES_LOOK_MS : -1);
		return;
	}
	u->asking = (struct image_news){ 0 };
	snprintf(u->id, sizeof(u->id), "%s", c->id);
	snprintf(path, sizeof(path), "/containers/%s/json", c->id);
	updates_ask(u, path, 0, updates_on_container);
}

void updates_poll(struct engine *e)
{
	struct updates *u = e->updates;
	if (!u || !u->timer || u->call || !e->origin)
		return;
	if (!updates_choose(u) && !updates_orphan(u))
		return;
	int64_t gap = u->gap_ends_ms - engine_mono(e);
	loop_timer_set(u->timer, gap > UPDATES_SOON_MS ? gap : UPDATES_SOON_MS);
}

/* --- the life of an engine ------------------------------------------------ */

void updates_up(struct engine *e)
{
	struct updates *u = updates_of(e);
	if (!u->timer)
		u->timer = loop_timer_call(store_loop(e->source.store), -1, updates_next, u);
	if (!u->read) {
		char *file = updates_file(u), *mine = updates_place(u), place[IMAGE_NAME_SIZE];
		char *text = file ? state_read(file, UPDATES_FILE_MAX, NULL, NULL) : NULL;
		struct image_news news;
		u->read = true;
		for (const char *line = text; line && *line;) {
			size_t n = strcspn(line, "\n");
			if (image_news_read(&news, place, sizeof(place), line, n) &&
			    !strcmp(place, mine))
				updates_keep(u, &news);
			line += n + (line[n] == '\n');
		}
		free(text);
		free(mine);
		free(file);
	}
	u->first_ms = engine_mono(e) + updates_first_ms;
	loop_timer_set(u->timer, updates_every_ms(u) ? updates_first_ms : -1);
}

void updates_down(struct engine *e)
{
	struct updates *u = e->updates;
	if (!u)
		return;
	call_cancel(u->call);
	u->call = NULL;
	updates_rest(u, -1);
}

void updates_free(struct engine *e)
{
	struct updates *u = e->updates;
	struct updates_entry *one, *next;
	if (!u)
		return;
	updates_down(e);
	loop_timer_remove(u->timer);
	for (one = u->all; one; one = next) {
		next = one->next;
		free(one);
	}
	free(u);
	e->updates = NULL;
}

void updates_feed(struct engine *e, const char *line, size_t len)
{
	struct image_news news;
	char place[IMAGE_NAME_SIZE];
	if (image_news_read(&news, place, sizeof(place), line, len))
		updates_keep(updates_of(e), &news);
}

/* --- the action ----------------------------------------------------------- */

bool updates_can(const struct row *row)
{
	const struct container *c = ROW_AS(container, row);
	return c->image && !strchr(c->image, '@') && ctr_of(row);
}

/* No command of docker asks the registry for a digest without its experimental parts. */
void updates_command(const struct row *row, char *buf, size_t size)
{
	const struct container *c = ROW_AS(container, row);
	char raw[IMAGE_NAME_SIZE + 40];
	snprintf(raw, sizeof(raw), "GET /distribution/%s/json", c->image ? c->image : "?");
	wash(buf, size, raw, strlen(raw));
}

void updates_run(struct order *order)
{
	struct row *row = order_row(order);
	struct ctr *c = row ? ctr_of(row) : NULL;
	struct err err;
	if (!c || !c->engine->origin) {
		err_set(&err, ERR_LOST, "%s: its engine cannot be reached now", order->id);
		order_end(order, &err, NULL);
		return;
	}
	struct act_run *a = act_create(order, c->engine);
	snprintf(a->checks, sizeof(a->checks), "%s", c->id);
	order_progress(order, "asking the registry of %s", c->row->image);
	updates_poll(c->engine);
}
