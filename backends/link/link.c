/* link.c: common code of all links: states, retries and streams.
 *
 * The back-off doubles from 1 s to 60 s and varies by a fifth. So a fleet behind one dead router
 * does not reconnect all at once. A connection cut within LINK_PROVEN_MS counts as one more failed
 * try. Some errors only the user can fix: a wrong key, a changed host key, a cancelled question.
 * They are not retried, because retries would lock accounts and repeat the question. */
#include "backends/link/link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "backends/base/backoff.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ask.h"
#include "backends/link/loop.h"

#define LINK_BACKOFF_MIN_MS 1000
#define LINK_BACKOFF_MAX_MS 60000
#define LINK_BACKOFF_SPREAD 0.2
#define LINK_PROVEN_MS 10000

const char *link_state_name(enum link_state state)
{
	static const char *const names[] = {
		[LINK_DOWN] = "down",     [LINK_CONNECTING] = "connecting",
		[LINK_ASKING] = "asking", [LINK_UP] = "up",
		[LINK_LOST] = "lost",
	};
	return (size_t)state < ARRAY_LEN(names) ? names[state] : "unknown";
}

void link_init(struct link *link, const struct link_ops *ops, struct loop *loop, const char *name,
               const struct link_events *events, void *arg)
{
	link->ops = ops;
	link->loop = loop;
	link->events = events;
	link->arg = arg;
	link->name = xstrdup(name);
	link->state = LINK_DOWN;
	link->since_ms = now_wall_ms();
	link->latency_ms = -1;
}

void link_changed(struct link *link)
{
	if (link->events && link->events->changed)
		link->events->changed(link, link->arg);
}

/* --- retries ------------------------------------------------------------- */

static void link_on_retry(struct loop_timer *t, void *arg)
{
	link_retry(arg);
}

/* The random part keeps several consoles from reconnecting to one server at the same time. */
static int64_t link_wait_ms(unsigned tries)
{
	struct backoff tried = { .fails = tries ? tries - 1 : 0 };
	int64_t ms = backoff_ms(&tried, LINK_BACKOFF_MIN_MS, LINK_BACKOFF_MAX_MS);
	uint32_t r = UINT32_MAX / 2;
	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) < 0)
		r = (uint32_t)now_mono_ms() * 2654435761u;
	double spread = ((double)r / UINT32_MAX * 2 - 1) * LINK_BACKOFF_SPREAD;
	return ms + (int64_t)((double)ms * spread);
}

/* --- states -------------------------------------------------------------- */

static void link_drop_ask(struct link *link)
{
	struct ask *ask = link->ask;
	link->ask = NULL;
	ask_answer(ask, NULL, false);
}

void link_destroy(struct link *link)
{
	if (!link)
		return;
	link->wanted = false;
	loop_timer_remove(link->retry);
	link->retry = NULL;
	link->events = NULL;
	link_drop_ask(link);
	link->ops->destroy(link);
}

void link_set_state(struct link *link, enum link_state state, const struct err *err)
{
	enum link_state before = link->state;
	bool from_up = link->up_ms && link->up_ms == link->since_ms;
	if (state != LINK_ASKING)
		link_drop_ask(link);
	/* While reconnecting, the reason of the last loss stays readable. */
	if (err)
		link->err = *err;
	else if (state == LINK_UP || state == LINK_DOWN)
		err_clear(&link->err);
	int64_t retry_ms = -1;
	if (state == LINK_LOST) {
		if (from_up)
			link->tries = now_wall_ms() - link->since_ms < LINK_PROVEN_MS ? link->flaps
			                                                              : 0;
		link->tries++;
		enum err_code code = link->err.code;
		bool helps_itself = code != ERR_DENIED && code != ERR_CANCELLED &&
		                    code != ERR_USAGE && code != ERR_ASKS && code != ERR_TOO_BIG;
		if (link->wanted && helps_itself)
			retry_ms = link_wait_ms(link->tries);
	}
	link->retry_at_ms = retry_ms < 0 ? 0 : loop_now(link->loop) + retry_ms;
	if (!link->retry && retry_ms >= 0)
		link->retry = loop_timer_add(link->loop, retry_ms, link_on_retry, link);
	else if (link->retry)
		loop_timer_set(link->retry, retry_ms);
	link->state = state;
	if (before != state || state == LINK_LOST)
		link->since_ms = now_wall_ms();
	if (state == LINK_UP) {
		link->up_ms = link->since_ms;
		link->flaps = link->tries;
		link->tries = 0;
	}
	if (state == LINK_DOWN)
		link->tries = 0;
	link_changed(link);
}

void link_set_ask(struct link *link, struct ask *ask)
{
	assert(link->state == LINK_CONNECTING || link->state == LINK_ASKING);
	link_drop_ask(link);
	link->ask = ask;
	link_set_state(link, ask ? LINK_ASKING : LINK_CONNECTING, NULL);
}

void link_connect(struct link *link)
{
	link->wanted = true;
	if (link->state == LINK_DOWN || link->state == LINK_LOST)
		link->ops->connect(link);
}

void link_disconnect(struct link *link)
{
	link->wanted = false;
	if (link->state != LINK_DOWN)
		link->ops->disconnect(link);
}

void link_retry(struct link *link)
{
	link_connect(link);
}

/* --- streams ------------------------------------------------------------- */

struct stream *link_open(struct link *link, const struct endpoint *endpoint,
                         const struct stream_events *events, void *arg, struct err *err)
{
	assert(events->closed);
	struct err none = { 0 };
	err = err ? err : &none;
	err_clear(err);
	if (link->state != LINK_UP) {
		err_set(err, ERR_LOST, "%s is not connected (%s)", link->name,
		        link_state_name(link->state));
		return NULL;
	}
	return link->ops->open(link, endpoint, events, arg, err);
}

size_t stream_write(struct stream *s, const void *data, size_t len)
{
	return s->ops->write(s, data, len);
}

void stream_write_eof(struct stream *s)
{
	s->ops->write_eof(s);
}

void stream_resume(struct stream *s)
{
	s->ops->resume(s);
}

void stream_resize(struct stream *s, int cols, int rows)
{
	s->ops->resize(s, cols, rows);
}

void stream_close(struct stream *s)
{
	if (s)
		s->ops->close(s);
}

int64_t link_last_heard(const struct link *link)
{
	int64_t now = now_wall_ms();
	return link->heard_ms && !link_is_local(link)
	               ? now - (loop_now(link->loop) - link->heard_ms)
	               : now;
}

bool link_is_destination(const char *dest, struct err *err)
{
	if (!*dest || *dest == '-')
		return err_set(err, ERR_USAGE,
		               "\"%s\" is not the name of a server; expected a Host of ssh_config "
		               "or [user@]host[:port]",
		               dest);
	for (const char *c = dest; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("'\"`$;&|<>(){}\\", *c))
			return err_set(err, ERR_USAGE,
			               "\"%s\" is not the name of a server: it holds a blank or a "
			               "sign that no host name has",
			               dest);
	return true;
}
