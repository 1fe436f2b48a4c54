/* need_step.c: see need_step.h. */
#include "tui/need_step.h"

#include "backends/link/link.h"
#include "backends/servers/server.h"

enum step { STEP_ANSWER_SERVER, STEP_RETRY, STEP_OPEN, STEP_LOG, STEP_DETAILS };

/* The first that fits is the best. */
static enum step step_of(const struct row *r)
{
	const struct link *link = r->server->link;
	bool is_server = r->kind == &kind_server, up = link && link->state == LINK_UP;
	if (is_server && r->server->asks)
		return STEP_ANSWER_SERVER;
	if (is_server && link && !up)
		return STEP_RETRY;
	if (r->health == HEALTH_ASKS)
		return STEP_OPEN;
	/* The log says why it is not well. A server's own condition is in its details, and so is a
	 * session's: only OpenCode has a log, and to read the details is to have looked. */
	if (row_has_log(r) && !r->kind->attaches && !is_server && up)
		return STEP_LOG;
	return STEP_DETAILS;
}

const char *need_step_word(const struct row *r)
{
	static const char *const words[] = {
		[STEP_ANSWER_SERVER] = "answer", [STEP_RETRY] = "retry",
		[STEP_OPEN] = "answer",          [STEP_LOG] = "log",
		[STEP_DETAILS] = "details",
	};
	return words[step_of(r)];
}

void need_step_do(struct console *c, struct row *r)
{
	console_goto(c, r->id);
	switch (step_of(r)) {
	case STEP_ANSWER_SERVER: console_answer(c, r->server); break;
	case STEP_RETRY:
		server_refresh(r->server);
		console_flash(c, TONE_PLAIN, "%s: trying to connect", r->server->name);
		break;
	case STEP_OPEN:
		if (!panel_open(c, r))
			view_open_detail(c, r);
		break;
	case STEP_LOG: view_open_log_of(c, r); break;
	case STEP_DETAILS: view_open_detail(c, r); break;
	}
}
