/* agents.c: coding agents that are known by their process only, such as Codex and Gemini. What they
 * do is unknown: they tell nobody. Their pane shows it, and attaching goes there.
 *
 * Source: proc(5). All processes of a tmux pane are in the session of its first process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/number.h"
#include "backends/sessions/program.h"

/* "agent NAME SESSION PID START CWD"; START: seconds since 1970. */
void agents_line(struct sessions *ss, char *line)
{
	char *f[6], id[96];
	if (program_fields(line, f, 6) < 6 || number_int(f[2]) <= 0)
		return;
	snprintf(id, sizeof(id), "%.40s-%d", f[1], number_int(f[2]));
	struct session *r = program_make(ss, SESSION_AGENT, id, f[1]);
	struct program *o = r->priv;
	o->pid = number_int(f[3]);
	o->parent_pid = number_int(f[2]);
	program_set_washed(&r->agent, f[1]);
	program_set_washed(&r->directory, f[5]);
	snprintf(r->sid, sizeof(r->sid), "%d", o->parent_pid);
	r->created_ms = r->updated_ms = 1000 * number_long(f[4]);
	program_show(r, SESSION_UNKNOWN, HEALTH_IDLE, r->created_ms, NULL);
}

const struct program_kind program_agent = {
	.type = SESSION_AGENT,
	.words_label = "title",
};
