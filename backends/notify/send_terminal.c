/* send_terminal.c: the terminal of this program. What stands between (tmux) is asked before each
 * message, because another terminal may be attached by now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/notify/senders.h"
#include "backends/notify/terminal.h"

#define ASK_TMUX                              \
	"exec tmux display-message -p -t \"$TMUX_PANE\" " \
	"'#{version}|#{allow-passthrough}|#{client_termname}|'"
#define ASK_MS 2000
#define ANSWER_MAX 1024
#define LENT_MS 5000

struct terminal_job {
	struct channel *channel;
	const struct message *message;
	struct run *asking;
	char term[64];
	struct terminal_facts facts;
	struct sent sent;
};

static const char *terminal_env(const char *name)
{
	const char *value = getenv(name);
	return value ? value : "";
}

static void terminal_end(void *arg)
{
	struct terminal_job *j = arg;
	struct channel *c = j->channel;
	struct sent sent = j->sent;
	c->job = NULL;
	free(j);
	channel_sent(c, &sent);
}

/* Cuts the next part, up to "|", off the answer. */
static const char *terminal_part(char **answer)
{
	char *part = *answer, *end = part + strcspn(part, "|");
	*answer = *end ? end + 1 : end;
	*end = '\0';
	return part;
}

/* Another program has the terminal. */
static void terminal_is_lent(struct terminal_job *j)
{
	j->sent.how = SENT_AGAIN;
	j->sent.wait_ms = LENT_MS;
	loop_defer(j->channel->notify->loop, terminal_end, j);
}

static void terminal_write(struct terminal_job *j)
{
	const struct notify_hooks *hooks = &j->channel->notify->hooks;
	struct buf out = { 0 };
	char *text = message_text(j->message);
	enum terminal_way way = terminal_way(j->channel->config->how, &j->facts);
	terminal_bytes(way, &j->facts, j->message->word[WORD_TITLE], text, &out);
	if (hooks->terminal(out.data, out.len, hooks->arg))
		loop_defer(j->channel->notify->loop, terminal_end, j);
	else
		terminal_is_lent(j);
	buf_finish(&out);
	free(text);
}

static void terminal_on_tmux(const struct run_result *r, void *arg)
{
	struct terminal_job *j = arg;
	char said[ANSWER_MAX], *at = said;
	j->asking = NULL;
	wash(said, sizeof(said), r->out, r->out_len);
	const char *version = terminal_part(&at), *option = terminal_part(&at);
	snprintf(j->term, sizeof(j->term), "%s", terminal_part(&at));
	j->facts = (struct terminal_facts){
		.term = j->term,
		.program = "",
		.tmux = true,
		.passes = terminal_tmux_passes(version, option),
	};
	terminal_write(j);
}

static void terminal_send(struct channel *c, const struct message *m)
{
	struct terminal_job *j = xcalloc(1, sizeof(*j));
	*j = (struct terminal_job){ .channel = c, .message = m };
	c->job = j;
	const struct notify_hooks *hooks = &c->notify->hooks;
	if (!hooks->terminal("", 0, hooks->arg)) {
		terminal_is_lent(j);
		return;
	}
	if (*terminal_env("TMUX")) {
		j->asking = link_run(c->notify->link, ASK_TMUX, NULL, 0, ANSWER_MAX, ASK_MS,
		                     terminal_on_tmux, j);
		return;
	}
	j->facts = (struct terminal_facts){ .term = terminal_env("TERM"),
		                            .program = terminal_env("TERM_PROGRAM") };
	terminal_write(j);
}

static void terminal_cancel(struct channel *c)
{
	struct terminal_job *j = c->job;
	c->job = NULL;
	if (!j)
		return;
	run_cancel(j->asking);
	loop_defer_cancel(c->notify->loop, terminal_end, j);
	free(j);
}

const struct sender sender_terminal = {
	.type = "terminal",
	.own = true,
	.send = terminal_send,
	.cancel = terminal_cancel,
};
