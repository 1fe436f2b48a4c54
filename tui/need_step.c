/* need_step.c: see need_step.h. */
#include "tui/need_step.h"

#include "backends/link/link.h"
#include "backends/servers/server.h"

/* --- what fits ----------------------------------------------------------- */

static bool step_server_asks(const struct row *r)
{
	return r->kind == &kind_server && r->server->asks;
}

static bool step_server_is_away(const struct row *r)
{
	const struct link *link = r->server->link;
	return r->kind == &kind_server && link && link->state != LINK_UP;
}

static bool step_asks(const struct row *r)
{
	return r->health == HEALTH_ASKS;
}

/* The log says why it is not well. A server's own condition is in its details. */
static bool step_has_log(const struct row *r)
{
	return r->kind->follow && r->kind != &kind_server && r->server->link &&
	       r->server->link->state == LINK_UP;
}

static bool step_any(const struct row *r)
{
	(void)r;
	return true;
}

/* --- the steps ----------------------------------------------------------- */

static void step_answer_server(struct console *c, struct row *r)
{
	console_answer(c, r->server);
}

static void step_retry(struct console *c, struct row *r)
{
	server_refresh(r->server);
	console_flash(c, TONE_PLAIN, "%s: trying to connect", r->server->name);
}

static void step_open(struct console *c, struct row *r)
{
	if (!panel_open(c, r))
		view_open_detail(c, r);
}

static void step_log(struct console *c, struct row *r)
{
	view_open_log_of(c, r);
}

static void step_details(struct console *c, struct row *r)
{
	view_open_detail(c, r);
}

/* The first that fits is the best. */
static const struct step {
	const char *word;
	bool (*fits)(const struct row *);
	void (*take)(struct console *, struct row *);
} steps[] = {
	{ "answer", step_server_asks, step_answer_server },
	{ "retry", step_server_is_away, step_retry },
	{ "answer", step_asks, step_open },
	{ "log", step_has_log, step_log },
	{ "details", step_any, step_details },
};

static const struct step *step_of(const struct row *r)
{
	const struct step *s = steps;
	while (!s->fits(r))
		s++;
	return s;
}

const char *need_step_word(const struct row *r)
{
	return step_of(r)->word;
}

void need_step_do(struct console *c, struct row *r)
{
	console_goto(c, r->id);
	step_of(r)->take(c, r);
}
