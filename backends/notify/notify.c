/* notify.c: the channels: what the store shows becomes messages, and messages leave. */
#include "backends/notify/notify.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/notify/hours.h"
#include "backends/notify/senders.h"
#include "backends/store/need.h"
#include "backends/store/activity.h"
#include "backends/store/doc.h"
#include "backends/store/record.h"
#include "backends/vitals/limits.h"

#define HOUR_MS INT64_C(3600000) /* of the button "Snooze" */
#define QUEUE_MOST 100
#define OLD_MS (24 * INT64_C(3600000)) /* what could not be sent for so long is no news */
#define LATE_MS (15 * 60000) /* a message that waited so long says from when it is */
#define AGAIN_LEAST_MS 5000
#define AGAIN_MOST_MS (10 * 60000)
/* So many messages refused in a row are the fault of the channel and not of the messages. */
#define REFUSED_MOST 5
/* While something waits for the end of quiet hours: the wall clock may be set meanwhile. */
#define CLOCK_MS (5 * 60000)
/* After a connect: until the mean of the CPU is known. */
#define LIMITS_MS 30000

static void notify_advance(void *arg);

void notify_advance_soon(void *arg)
{
	struct notify *n = arg;
	loop_defer_cancel(n->loop, notify_advance, n);
	loop_defer(n->loop, notify_advance, n);
}

/* --- what the store shows ------------------------------------------------ */

bool notify_need_is_quiet(const struct row *row)
{
	return row->need != NEED_STANDS;
}

static bool notify_is_up(const struct server *v)
{
	return v->link && v->link->state == LINK_UP;
}

static bool notify_is_kind(const char *id, const struct kind *kind)
{
	const char *slash = strchr(id, '/');
	size_t len = strlen(kind->name);
	return slash && strncmp(slash + 1, kind->name, len) == 0 && slash[len + 1] == '/';
}

static bool notify_is_well(const char *id, enum health announced, void *arg)
{
	const struct notify *n = arg;
	char *name = xstrndup(id, strcspn(id, "/"));
	const struct server *v = store_server_find(n->store, name);
	free(name);
	if (notify_is_kind(id, &kind_notify))
		return true;
	if (!v || !notify_is_up(v))
		return false;
	const struct row *row = store_find(n->store, id);
	/* A program that began just now does not know yet that a figure is over its limit. */
	if (notify_is_kind(id, &kind_server) && announced == HEALTH_ATTENTION &&
	    now_wall_ms() - v->link->since_ms < limits_of(v).hold_ms + LIMITS_MS)
		return false;
	if (row)
		return row->health == HEALTH_GOOD || row->health == HEALTH_IDLE ||
		       (announced == HEALTH_ASKS && row->health == HEALTH_BUSY);
	if (notify_is_kind(id, &kind_source)) {
		/* The row of a source is gone. The condition is over when the source is well. */
		const struct source *s = server_source(v, strrchr(id, '/') + 1);
		return s && (s->state == SOURCE_LIVE || s->state == SOURCE_ABSENT);
	}
	/* it is well when all that is known of the server is fresh */
	for (const struct source *s = v->sources; s; s = s->next)
		if (!source_settled(s) || s->state == SOURCE_STALE || s->state == SOURCE_FAILED)
			return false;
	return true;
}

/* Whether a word of the list names the row's kind, or its server. True: or there is no list. */
static bool notify_is_named(const char *words, const struct row *row, bool by_kind)
{
	if (!words || !*words)
		return true;
	char *copy = xstrdup(words), *save = NULL;
	bool any = false;
	for (char *word = strtok_r(copy, " ", &save); word && !any;
	     word = strtok_r(NULL, " ", &save)) {
		if (by_kind)
			any = kind_find(word) == row->kind || strcmp(word, row->kind->name) == 0;
		else
			any = server_is_called(row->server, word);
	}
	free(copy);
	return any;
}

static void channel_look(struct channel *c)
{
	struct notify *n = c->notify;
	teller_begin(c->teller, loop_now(n->loop));
	for (struct row *row = store_need_first(n->store, NULL); row;
	     row = store_need_next(row, NULL)) {
		/* a channel does not tell about itself */
		bool own = row->kind == &kind_notify && strcmp(row->name, c->config->name) == 0;
		if (own || !notify_is_named(c->config->kinds, row, true) ||
		    !notify_is_named(c->config->servers, row, false))
			continue;
		/* a server that is down is one condition: its own row */
		bool folded = row->need == NEED_FOLDED ||
		              (row != &row->server->row && !notify_is_up(row->server));
		bool frozen = folded && row->kind != &kind_notify;
		/* the row may be well in this moment of a condition that comes and goes */
		const char *last = NULL;
		char times[64];
		need_flaps(row, &last, times, sizeof(times));
		struct notify_need need = { .id = row->id,
			                    .server = row->server->name,
			                    .kind = row->kind->name,
			                    .name = row->name,
			                    .why = last ? last : row->why,
			                    .health = need_health(row),
			                    .since_ms = row->health_ms };
		enum teller_place place = TELLER_STANDS;
		if (row->need == NEED_HELD)
			place = TELLER_HELD;
		else if (notify_need_is_quiet(row))
			place = TELLER_QUIET;
		teller_see(c->teller, &need, frozen, place);
	}
	teller_end(c->teller, notify_is_well, n);
}

/* --- the row of a channel that fails ------------------------------------- */

static void notify_detail(struct row *row, struct doc *doc, bool reveal)
{
	const struct notify_config *c = store_settings(row->server->store)->notifys;
	(void)reveal;
	while (c && strcmp(c->name, row->name) != 0)
		c = c->next;
	doc_head(doc, "Messages cannot be sent");
	if (c)
		doc_pair(doc, DOC_PLAIN, "what", "[notify %s], type %s", row->name, c->type);
	else
		doc_pair(doc, DOC_PLAIN, "what", "[notify %s]", row->name);
	doc_pair(doc, DOC_WARN, "why", "%s", row->why ? row->why : "no reason was given");
	doc_pair(doc, DOC_PLAIN, "then",
	         "they are kept and tried again; `mocr notify --test %s` tries now", row->name);
}

const struct kind kind_notify = {
	.name = "notify",
	.plural = "notifiers",
	.row_size = sizeof(struct row),
	.detail = notify_detail,
};

static struct row *channel_row(const struct channel *c)
{
	const struct store *s = c->notify->store;
	for (struct row *row = store_first(s, &kind_notify, NULL); row;
	     row = store_next(row, &kind_notify, NULL))
		if (strcmp(row->name, c->config->name) == 0)
			return row;
	return NULL;
}

static void channel_show_state(struct channel *c)
{
	/* Every row belongs to a server: this machine, or else the first there is. */
	struct server *v = store_servers(c->notify->store);
	while (v && !v->is_local)
		v = v->next;
	struct server *home = v ? v : store_servers(c->notify->store);
	struct row *row = channel_row(c);
	if (!c->err.code) {
		if (row)
			store_row_remove(row);
		return;
	}
	if (!home || !home->sources)
		return;
	int64_t since = row ? row->health_ms : now_wall_ms();
	if (!row)
		row = store_row_alone(home, &kind_notify, c->config->name, c->config->name);
	const char *then = "";
	if (c->stopped)
		then = "; nothing more is sent until :reload or a restart";
	else if (c->seldom)
		then = "; it is tried again every 10 minutes";
	char *why = xasprintf("notify %s: %s%s", c->config->name, c->err.text, then);
	store_row_health(row, HEALTH_ATTENTION, since, why);
	free(why);
}

/* --- the queue ----------------------------------------------------------- */

static void channel_drop(struct channel *c, struct message *m)
{
	LIST_DROP(c->queue, m);
	c->n_queue--;
	message_free(m);
	notify_state_changed(c->notify);
}

/* Drops what no one wants to know any more: the oldest of too many, and what is old. */
static void channel_bound(struct channel *c)
{
	int64_t now = loop_now(c->notify->loop);
	struct message *m = c->queue, *next;
	for (; m; m = next) {
		next = m->next;
		bool old = now - m->queued_ms > OLD_MS, many = c->n_queue > QUEUE_MOST;
		if (m == c->sending || (!old && !many))
			continue;
		activity_add(c->notify->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL,
		             "notify %s: never sent: %s", c->config->name, m->word[WORD_TITLE]);
		if (old) { /* what is still so is announced again */
			teller_withdraw(c->teller, m->number, m->number, now);
		} else if (m->number) {
			/* There is no room for it. What it said is announced again as soon as
			 * messages leave, and not before: it would push out the next one. */
			if (!c->dropped_from || m->number < c->dropped_from)
				c->dropped_from = m->number;
			if (m->number > c->dropped_to)
				c->dropped_to = m->number;
		}
		channel_drop(c, m);
	}
}

static bool channel_is_quiet(const struct channel *c)
{
	return hours_are_quiet(c->config->quiet, now_wall_ms());
}

/* Another program of this user tells it. */
static bool channel_is_elsewhere(const struct channel *c)
{
	return !c->sender->own && !notify_is_sender(c->notify);
}

/* The oldest that was not refused, or else the oldest, and from when it may leave on the loop's
 * clock. NULL: none. */
static struct message *channel_next(const struct channel *c, int64_t *from_ms)
{
	struct message *m = c->queue;
	*from_ms = c->not_before_ms;
	while (m && m->refused)
		m = m->next;
	if (m || !c->queue)
		return m;
	if (c->refused_until_ms > c->not_before_ms)
		*from_ms = c->refused_until_ms;
	return c->queue;
}

static void channel_forget_refusals(struct channel *c)
{
	for (struct message *m = c->queue; m; m = m->next)
		m->refused = false;
}

/* A message leaves in two steps: first the disk knows that it may have left, then it leaves. */
static void channel_pump(struct channel *c)
{
	struct notify *n = c->notify;
	if (c->test && !c->sending && n->link->state == LINK_UP) {
		c->sending = c->test;
		c->sender->send(c, c->test);
		return;
	}
	int64_t from_ms;
	struct message *m = channel_next(c, &from_ms);
	if (!m || c->sending || c->stopped || channel_is_elsewhere(c) || channel_is_quiet(c) ||
	    n->link->state != LINK_UP || loop_now(n->loop) < from_ms)
		return;
	if (m->refused) /* all were: each is tried once more */
		channel_forget_refusals(c);
	/* a terminal goes with its program: nothing of it is kept */
	if (!m->leaving && !c->sender->own) {
		m->leaving = true;
		notify_state_changed(n);
		m->saved_at = n->state_no;
	}
	if (n->saved_no < m->saved_at)
		return;
	m->late = loop_now(n->loop) - m->queued_ms > LATE_MS;
	c->sending = m;
	c->sender->send(c, m);
}

static void channel_test_is_over(struct channel *c, const struct sent *sent)
{
	notify_test_fn *tested = c->tested;
	void *arg = c->tested_arg;
	message_free(c->test);
	c->test = NULL;
	c->tested = NULL;
	tested(&sent->err, arg);
}

static void channel_is_well(struct channel *c)
{
	c->stopped = c->seldom = false;
	backoff_reset(&c->backoff);
	err_clear(&c->err);
}

static void channel_failed(struct channel *c, struct message *m, const struct sent *sent)
{
	int64_t now = loop_now(c->notify->loop);
	size_t refused = 0;
	if (m->leaving)
		notify_state_changed(c->notify);
	m->leaving = false;
	m->unsure |= sent->unsure;
	m->refused = sent->how == SENT_NEVER;
	for (const struct message *one = c->queue; one; one = one->next)
		refused += one->refused;
	/* One message is refused for what it says: it holds up no other one. When so many are
	 * refused, the fault lies elsewhere. */
	bool passed_over = m->refused && refused < REFUSED_MOST;
	if (passed_over && refused < c->n_queue) {
		c->not_before_ms = now + sent->wait_ms;
		return;
	}
	int64_t pause = backoff_ms(&c->backoff, AGAIN_LEAST_MS, AGAIN_MOST_MS), least = pause / 32;
	c->seldom = sent->how == SENT_SELDOM || m->refused;
	if (c->seldom)
		pause = least = AGAIN_MOST_MS;
	/* A wait that the other side names counts, but no service is asked all the time. */
	if (sent->wait_ms > 0)
		pause = sent->wait_ms > least ? sent->wait_ms : least;
	if (passed_over) {
		c->refused_until_ms = now + pause;
		c->not_before_ms = now + sent->wait_ms;
	} else {
		if (m->refused)
			channel_forget_refusals(c);
		c->not_before_ms = now + pause;
	}
	c->stopped = sent->how == SENT_STOP;
	/* a pause without a sentence is no failure */
	if (sent->err.code)
		c->err = sent->err;
}

/* The message was accepted, and is dropped. */
static void channel_accepted(struct channel *c, struct message *m)
{
	int64_t now = loop_now(c->notify->loop);
	uint64_t from = c->dropped_from, to = c->dropped_to, sent = m->number;
	struct message *next;
	channel_is_well(c);
	/* there is room again: what was dropped is announced again, but for what this one said */
	c->dropped_from = c->dropped_to = 0;
	if (from && (sent < from || sent > to)) {
		teller_withdraw(c->teller, from, to, now);
	} else if (from) {
		teller_withdraw(c->teller, from, sent - 1, now);
		teller_withdraw(c->teller, sent + 1, to, now);
	}
	channel_drop(c, m);
	/* those before it were refused for what they say */
	for (m = c->queue; m; m = next) {
		next = m->next;
		if (!m->refused)
			continue;
		activity_add(c->notify->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL,
		             "notify %s: never sent, because the other side refuses it: %s",
		             c->config->name, m->word[WORD_TITLE]);
		channel_drop(c, m);
	}
}

void channel_sent(struct channel *c, const struct sent *sent)
{
	assert(c->sending); /* once for each message */
	struct message *m = c->sending;
	bool is_test = m == c->test;
	c->sending = NULL;
	if (is_test && sent->how == SENT_WELL) {
		channel_is_well(c);
	} else if (!is_test && sent->how == SENT_WELL) {
		channel_accepted(c, m);
		c->not_before_ms = loop_now(c->notify->loop) + sent->wait_ms;
	} else if (!is_test) {
		channel_failed(c, m, sent);
	}
	channel_show_state(c);
	notify_advance_soon(c->notify);
	if (is_test)
		channel_test_is_over(c, sent);
}

/* --- the buttons --------------------------------------------------------- */

void notify_pressed(struct notify *n, enum desktop_choice choice, char *const *ids, size_t n_ids)
{
	struct err err = { 0 };
	int64_t until_ms = now_wall_ms() + HOUR_MS;
	bool kept = true, any = false;
	if (choice == DESKTOP_SHOW && n->hooks.show && n_ids)
		n->hooks.show(ids, n_ids, n->hooks.arg);
	/* what the user set aside meanwhile stays as he said */
	for (size_t i = 0; i < n_ids && choice == DESKTOP_SNOOZE; i++) {
		struct row *row = store_find(n->store, ids[i]);
		bool counts = row && (row->need == NEED_STANDS || row->need == NEED_HELD);
		any |= counts && need_quiet(row, QUIET_UNTIL, until_ms, &err);
	}
	if (any)
		kept = need_keep(n->store, &err);
	if (!kept)
		activity_add(n->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL, "%s", err.text);
}

/* --- time ---------------------------------------------------------------- */

static int64_t notify_sooner(int64_t a, int64_t b)
{
	if (a < 0 || (b >= 0 && b < a))
		return b;
	return a;
}

static int64_t channel_wait_ms(const struct channel *c)
{
	int64_t now = loop_now(c->notify->loop);
	if (channel_is_elsewhere(c))
		return -1;
	int64_t wait = teller_wait_ms(c->teller, now, false);
	int64_t quiet = hours_left_ms(c->config->quiet, now_wall_ms());
	int64_t from_ms;
	bool waits = channel_next(c, &from_ms) && !c->sending && !c->stopped;
	/* nothing leaves before the quiet hours are over */
	if (quiet > 0 && (waits || (wait >= 0 && wait < quiet)))
		return quiet < CLOCK_MS ? quiet : CLOCK_MS;
	if (waits)
		wait = notify_sooner(wait, from_ms > now ? from_ms - now : -1);
	return wait;
}

static void channel_advance(struct channel *c, bool look)
{
	struct notify *n = c->notify;
	struct message *m;
	if (n->replays) {
		channel_pump(c);
		return;
	}
	if (channel_is_elsewhere(c))
		return;
	if (look)
		channel_look(c);
	while ((m = teller_take(c->teller, loop_now(n->loop), now_wall_ms(),
	                        channel_is_quiet(c)))) {
		m->queued_ms = loop_now(c->notify->loop);
		LIST_APPEND(c->queue, m);
		c->n_queue++;
		/* The messages of a terminal are not in the file: what waits or fails there changes
		 * nothing. */
		if (!c->sender->own)
			notify_state_changed(c->notify);
	}
	channel_bound(c);
	channel_pump(c);
}

static void notify_advance(void *arg)
{
	struct notify *n = arg;
	bool look = !n->replays && n->looked_at != store_generation(n->store);
	n->looked_at = store_generation(n->store);
	for (struct channel *c = n->channels; c; c = c->next)
		channel_advance(c, look);
	int64_t wait = -1;
	for (const struct channel *c = n->channels; c; c = c->next)
		wait = notify_sooner(wait, channel_wait_ms(c));
	loop_timer_set(n->timer, wait);
}

static void notify_on_timer(struct loop_timer *timer, void *arg)
{
	notify_advance(arg);
}

void notify_look(struct notify *n)
{
	if (n->channels && !n->replays)
		notify_advance_soon(n);
}

static struct teller *channel_teller(const struct channel *c)
{
	const struct notify_config *s = c->config;
	return teller_create(&(struct teller_rules){
		.hold_ms = 1000 * (int64_t)s->hold,
		.stands_ms = 1000 * (int64_t)c->notify->settings->need_for,
		.repeat_ms = 60000 * (int64_t)s->repeat,
		.resolved = s->resolved,
	});
}

/* What this program knew when it last sent is old: the other one has sent since. */
void notify_became_sender(struct notify *n)
{
	for (struct channel *c = n->channels; c; c = c->next) {
		if (c->sender->own)
			continue;
		teller_destroy(c->teller);
		c->teller = channel_teller(c);
	}
	notify_state_read(n, false);
	n->looked_at = 0;
	notify_advance_soon(n);
}

/* --- life ---------------------------------------------------------------- */

static void channel_free(struct channel *c)
{
	struct sent sent = { .how = SENT_STOP };
	if (c->sending)
		c->sender->cancel(c);
	if (c->test) {
		err_set(&sent.err, ERR_CANCELLED, "mocr ended before");
		channel_test_is_over(c, &sent);
	}
	while (c->queue) {
		struct message *m = c->queue;
		c->queue = m->next;
		message_free(m);
	}
	teller_destroy(c->teller);
	secret_destroy(c->token);
	free(c);
}

static void notify_add_channels(struct notify *n)
{
	for (const struct notify_config *s = n->settings->notifys; s; s = s->next) {
		const struct sender *sender = sender_find(s->type);
		/* without its own terminal a program has nothing to ring */
		if (!sender || (sender->own && !n->hooks.terminal))
			continue;
		struct channel *c = xcalloc(1, sizeof(*c));
		*c = (struct channel){ .notify = n, .config = s, .sender = sender };
		c->teller = channel_teller(c);
		LIST_APPEND(n->channels, c);
	}
}

static void notify_on_link(struct link *link, void *arg)
{
	struct notify *n = arg;
	if (n->link == link && link->state == LINK_UP)
		notify_advance_soon(n);
}

static void notify_state_begin(struct notify *n)
{
	notify_state_start(n);
	notify_state_read(n, true);
	if (notify_is_sender(n))
		notify_state_read(n, false);
}

static struct notify *notify_create(struct store *store, const struct notify_hooks *hooks,
                                    bool replays)
{
	static const struct link_events events = { .changed = notify_on_link };
	struct notify *n = xcalloc(1, sizeof(*n));
	*n = (struct notify){ .store = store,
		              .loop = store_loop(store),
		              .settings = settings_keep(store_settings(store)),
		              .hooks = *hooks,
		              .replays = replays };
	n->timer = loop_timer_add(n->loop, -1, notify_on_timer, n);
	n->link = link_create_local(n->loop, "this machine", &events, n);
	link_connect(n->link);
	notify_add_channels(n);
	notify_state_begin(n);
	notify_look(n);
	return n;
}

struct notify *notify_start(struct store *store, const struct notify_hooks *hooks)
{
	return notify_create(store, hooks, replay_is_on(store));
}

struct notify *notify_start_tests(struct store *store, const struct notify_hooks *hooks)
{
	return notify_create(store, hooks, true);
}

static void notify_drop_channels(struct notify *n)
{
	while (n->channels) {
		struct channel *c = n->channels;
		n->channels = c->next;
		struct row *row = channel_row(c);
		if (row)
			store_row_remove(row);
		channel_free(c);
	}
}

static void notify_settings(struct notify *n, const struct settings *settings)
{
	const struct settings *before = n->settings;
	notify_drop_channels(n);
	n->settings = settings_keep(settings);
	settings_destroy(before);
	notify_add_channels(n);
}

bool notify_has_to_send(const struct settings *settings)
{
	return settings->notifys != NULL;
}

/* The screen does not wait for the disk: what is known goes over in memory. */
void notify_reload(struct notify *n, const struct settings *settings)
{
	const char *a = n->settings->state_dir, *b = settings->state_dir;
	bool folder = a && b ? strcmp(a, b) == 0 : a == b;
	if (folder && notify_has_to_send(n->settings) == notify_has_to_send(settings)) {
		char *text = notify_state_text(n);
		notify_settings(n, settings);
		notify_state_take(n, text);
		free(text);
	} else {
		notify_state_stop(n);
		notify_settings(n, settings);
		notify_state_begin(n);
	}
	n->looked_at = 0;
	notify_look(n);
}

void notify_stop(struct notify *n)
{
	if (!n)
		return;
	notify_state_stop(n);
	notify_drop_channels(n);
	run_end_waiting(n);
	loop_defer_cancel(n->loop, notify_advance, n);
	loop_timer_remove(n->timer);
	link_destroy(n->link);
	settings_destroy(n->settings);
	notify_state_forget(n);
	free(n);
}

bool notify_wants_title(const struct notify *n)
{
	for (const struct channel *c = n->channels; c; c = c->next)
		if (c->sender->own)
			return true;
	return false;
}

bool notify_is_sending(const struct notify *n)
{
	return notify_is_sender(n);
}

bool notify_is_idle(const struct notify *n)
{
	for (const struct channel *c = n->channels; c; c = c->next)
		if (c->sending || c->test)
			return false;
	return n->state_no == n->saved_no;
}

bool notify_test(struct notify *n, const char *name, notify_test_fn *done, void *arg,
                 struct err *err)
{
	struct channel *c = n->channels;
	while (c && strcmp(c->config->name, name) != 0)
		c = c->next;
	if (!c || c->test)
		return err_set(err, ERR_USAGE, "there is no [notify %s] that can be tested", name);
	c->test = message_create(MESSAGE_TEST, NULL, 0, now_wall_ms());
	c->tested = done;
	c->tested_arg = arg;
	notify_advance_soon(n);
	return true;
}
