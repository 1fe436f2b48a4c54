/* herdr.c: agents in the panes of herdr servers, as `herdr api snapshot` lists them.
 *
 * Source: the answer of herdr 0.7.5 to 0.9.0: {"result":{"snapshot":{"agents":[...],"panes":[...],
 * "workspaces":[...]}}}. An agent has agent, agent_status (idle, working, blocked, done, unknown),
 * pane_id, and may have name, cwd, agent_session. A named server takes --session. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/sessions/program.h"

#define HERDR_AGENTS_MAX 200

static const char *herdr_text(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsString(v) && *v->valuestring ? v->valuestring : NULL;
}

/* The member of an array whose key has that value; NULL: none. */
static const cJSON *herdr_find(const cJSON *array, const char *key, const char *value)
{
	const cJSON *o;
	cJSON_ArrayForEach (o, array) {
		const char *text = herdr_text(o, key);
		if (value && text && !strcmp(text, value))
			return o;
	}
	return NULL;
}

/* Ids of panes go into commands and row ids: letters, digits and ":" as in "w1:p2". */
static bool herdr_is_id(const char *id)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    ":_-";
	return id && strlen(id) < 32 && *id != '-' && !id[strspn(id, plain)];
}

static void herdr_place(struct program *o, const char *server, const char *pane)
{
	o->pid = 1; /* its server says that it lives; the number is not known */
	xreplace(&o->herdr, server);
	snprintf(o->herdr_pane, sizeof(o->herdr_pane), "%s", pane);
}

/* A session that is known by its own files keeps its row, which then knows where it runs. */
static bool herdr_is_known(struct sessions *ss, const cJSON *agent, const char *server,
                           const char *pane)
{
	const cJSON *session = cJSON_GetObjectItemCaseSensitive(agent, "agent_session");
	const char *value = herdr_text(session, "value");
	char id[256];
	if (!value)
		return false;
	snprintf(id, sizeof(id), "%s/%s/%.100s", ss->source.server->name, kind_session.name, value);
	struct row *row = store_find(ss->source.store, id);
	bool is = row && row->kind == &kind_session &&
	          ROW_AS(session, row)->type == SESSION_CLAUDE && program_of(row)->pid;
	if (!is)
		return false;
	int pid = program_of(row)->pid;
	herdr_place(program_of(row), server, pane);
	program_of(row)->pid = pid;
	return true;
}

static void herdr_state(struct session *r, const char *agent, const char *told)
{
	static const struct {
		const char *name;
		enum session_status status;
		enum health health;
	} states[] = {
		{ "idle", SESSION_IDLE, HEALTH_IDLE },
		{ "done", SESSION_IDLE, HEALTH_IDLE },
		{ "working", SESSION_BUSY, HEALTH_BUSY },
		{ "blocked", SESSION_PERMISSION, HEALTH_ASKS },
	};
	char why[200];
	snprintf(why, sizeof(why), "%.40s waits for you in its herdr pane: [a] attaches", agent);
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (told && !strcmp(states[i].name, told)) {
			bool asks = states[i].health == HEALTH_ASKS;
			program_show(r, states[i].status, states[i].health, now_wall_ms(),
			             asks ? why : NULL);
			return;
		}
	program_show(r, SESSION_UNKNOWN, HEALTH_IDLE, now_wall_ms(), NULL);
}

static void herdr_agent(struct sessions *ss, const char *server, const cJSON *snapshot,
                        const cJSON *agent)
{
	static const char *const names[] = { "name", "title", "terminal_title_stripped", "label",
		                             "agent" };
	const char *pane = herdr_text(agent, "pane_id"), *kind = herdr_text(agent, "agent");
	const char *name = NULL;
	char id[128];
	if (!herdr_is_id(pane) || herdr_is_known(ss, agent, server, pane))
		return;
	for (size_t i = 0; i < ARRAY_LEN(names) && !name; i++)
		name = herdr_text(agent, names[i]);
	if (server)
		snprintf(id, sizeof(id), "herdr-%s.%s", server, pane);
	else
		snprintf(id, sizeof(id), "herdr-%s", pane);
	struct session *r = program_make(ss, SESSION_HERDR, id, "agent");
	const cJSON *panes = cJSON_GetObjectItemCaseSensitive(snapshot, "panes");
	const cJSON *spaces = cJSON_GetObjectItemCaseSensitive(snapshot, "workspaces");
	const cJSON *at = herdr_find(panes, "pane_id", pane);
	const cJSON *space = herdr_find(spaces, "workspace_id", herdr_text(agent, "workspace_id"));
	const char *cwd = herdr_text(agent, "cwd");
	program_set_washed(&r->row.name, name ? name : "agent");
	program_set_washed(&r->agent, kind);
	program_set_washed(&r->words, herdr_text(space, "label"));
	program_set_washed(&r->directory, cwd ? cwd : herdr_text(at, "cwd"));
	snprintf(r->sid, sizeof(r->sid), "%s", pane);
	enum session_status was = r->status;
	herdr_place(r->priv, server, pane);
	herdr_state(r, kind ? kind : "the agent", herdr_text(agent, "agent_status"));
	if (!r->updated_ms || r->status != was)
		r->updated_ms = now_wall_ms();
}

/* "herdr SERVER JSON"; SERVER is empty for the usual one. */
static void herdr_line(struct sessions *ss, char *line)
{
	char *f[3];
	if (program_fields(line, f, 3) < 3 || (*f[1] && !herdr_is_id(f[1])))
		return;
	cJSON *o = json_parse(f[2], strlen(f[2]));
	const cJSON *snapshot = json_pointer(o, "/result/snapshot"), *agent;
	size_t n = 0;
	cJSON_ArrayForEach (agent, cJSON_GetObjectItemCaseSensitive(snapshot, "agents"))
		if (n++ < HERDR_AGENTS_MAX)
			herdr_agent(ss, *f[1] ? f[1] : NULL, snapshot, agent);
	cJSON_Delete(o);
}

void herdr_apply(struct sessions *ss, char *lines)
{
	for (char *line = lines; line && *line;) {
		char *nl = strchr(line, '\n');
		if (nl)
			*nl = '\0';
		if (!strncmp(line, "herdr\t", 6))
			herdr_line(ss, line);
		line = nl ? nl + 1 : NULL;
	}
}

static void herdr_words(struct buf *b, const struct program *o)
{
	buf_puts(b, "herdr");
	if (o->herdr) {
		buf_puts(b, " --session ");
		quote_word(b, o->herdr);
	}
}

void herdr_attach(const struct row *row, struct buf *b)
{
	const struct program *o = program_of(row);
	buf_puts(b, HERDR_PATH);
	herdr_words(b, o);
	buf_puts(b, " pane focus ");
	quote_word(b, o->herdr_pane);
	buf_puts(b, " >/dev/null 2>&1; exec ");
	herdr_words(b, o);
}

const struct program_kind program_herdr = {
	.type = SESSION_HERDR,
	.command = herdr_attach,
	.words_label = "workspace",
};
