/* oc_v1.c: the dialect of OpenCode 1.x: its paths, bodies and lists. Every call passes the
 * session's own directory, byte for byte.
 *
 * Source: OpenCode server docs (opencode.ai/docs/server); seen on 1.2.6, 1.2.11 and 1.18.33. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/sessions/oc_dialect.h"

/* --- paths ---------------------------------------------------------------- */

/* The server percent-decodes directories twice, so encode "%" twice. */
static char *oc_v1_encode(const char *directory)
{
	char *once = http_encode(directory), *out = xcalloc(strlen(once) * 5 + 1, 1), *o = out;
	for (const char *p = once; *p; p++) {
		*o++ = *p;
		if (!strncmp(p, "%25", 3)) {
			memcpy(o, "25", 2);
			o += 2;
		}
	}
	free(once);
	return out;
}

char *oc_v1_path_in(const char *directory, const char *path)
{
	char *dir = oc_v1_encode(directory ? directory : "");
	char *whole = xasprintf("%s%sdirectory=%s", path, strchr(path, '?') ? "&" : "?", dir);
	free(dir);
	return whole;
}

static char *oc_v1_path(const struct ses *s, const char *rest)
{
	char *path = xasprintf("/session/%s%s", s->id, rest),
	     *whole = oc_v1_path_in(s->directory, path);
	free(path);
	return whole;
}

/* --- bodies --------------------------------------------------------------- */

char *oc_body(cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return text;
}

char *oc_v1_empty_body(const struct ses *s, const char *words)
{
	(void)s;
	(void)words;
	return oc_body(cJSON_CreateObject());
}

char *oc_v1_title_body(const struct ses *s, const char *words)
{
	cJSON *o = cJSON_CreateObject();
	(void)s;
	cJSON_AddStringToObject(o, "title", words);
	return oc_body(o);
}

static char *oc_v1_archive_body(const struct ses *s, const char *words)
{
	cJSON *o = cJSON_CreateObject(), *time = cJSON_AddObjectToObject(o, "time");
	(void)s;
	(void)words;
	cJSON_AddNumberToObject(time, "archived", (double)now_wall_ms());
	return oc_body(o);
}

void oc_add_model(cJSON *o, const char *model, const char *name)
{
	const char *slash = strchr(model, '/');
	char *provider = xstrndup(model, slash ? (size_t)(slash - model) : 0);
	cJSON_AddStringToObject(o, "providerID", provider);
	cJSON_AddStringToObject(o, name, slash ? slash + 1 : model);
	free(provider);
}

static char *oc_v1_first_prompt(const struct oc_wish *wish, const char *text)
{
	cJSON *o = cJSON_CreateObject(), *parts = cJSON_AddArrayToObject(o, "parts"),
	      *part = cJSON_CreateObject();
	cJSON_AddStringToObject(part, "type", "text");
	cJSON_AddStringToObject(part, "text", text);
	cJSON_AddItemToArray(parts, part);
	if (wish->model && strchr(wish->model, '/'))
		oc_add_model(cJSON_AddObjectToObject(o, "model"), wish->model, "modelID");
	if (wish->agent)
		cJSON_AddStringToObject(o, "agent", wish->agent);
	if (wish->variant)
		cJSON_AddStringToObject(o, "variant", wish->variant);
	return oc_body(o);
}

static char *oc_v1_prompt_body(const struct ses *s, const char *words)
{
	static const struct oc_wish none = { 0 };
	(void)s;
	return oc_v1_first_prompt(&none, words);
}

static char *oc_v1_command_body(const struct ses *s, const char *words)
{
	size_t n;
	cJSON *o = cJSON_CreateObject();
	(void)s;
	words += *words == '/';
	n = strcspn(words, " ");
	char *name = xstrndup(words, n);
	cJSON_AddStringToObject(o, "command", name);
	cJSON_AddStringToObject(o, "arguments", words[n] ? words + n + 1 : "");
	free(name);
	return oc_body(o);
}

static char *oc_v1_summarize_body(const struct ses *s, const char *words)
{
	cJSON *o = cJSON_CreateObject();
	(void)words;
	oc_add_model(o, s->row->model ? s->row->model : "", "modelID");
	return oc_body(o);
}

const char *oc_newest_prompt(const struct ses *s, char *buf, size_t size)
{
	const cJSON *m;
	cJSON *root = s->messages ? json_parse(s->messages, s->messages_len) : NULL;
	snprintf(buf, size, "%s", "");
	cJSON_ArrayForEach (m, root) {
		const cJSON *info = cJSON_GetObjectItemCaseSensitive(m, "info");
		const cJSON *role = cJSON_GetObjectItemCaseSensitive(info, "role"),
			    *id = cJSON_GetObjectItemCaseSensitive(info, "id");
		if (cJSON_IsString(role) && cJSON_IsString(id) &&
		    !strcmp(role->valuestring, "user"))
			snprintf(buf, size, "%s", id->valuestring);
	}
	cJSON_Delete(root);
	return buf;
}

/* Reverts to the newest user message of the fetched conversation. */
static char *oc_v1_revert_body(const struct ses *s, const char *words)
{
	char id[SESSION_ID_SIZE];
	cJSON *o = cJSON_CreateObject();
	(void)words;
	cJSON_AddStringToObject(o, "messageID", oc_newest_prompt(s, id, sizeof(id)));
	return oc_body(o);
}

static void oc_v1_make(const struct oc_wish *wish, struct oc_sent *sent)
{
	*sent = (struct oc_sent){ .method = "POST",
		                  .path = oc_v1_path_in(wish->directory, "/session"),
		                  .body = xstrdup("{}") };
}

static void oc_v1_reply(const struct ses *s, const struct request *r, const char *answer,
                        const char *why, struct oc_sent *sent)
{
	const char *refusal = r->is_question ? "{}" : "{\"reply\":\"reject\"}";
	const char *list = r->is_question ? "question" : "permission";
	char *path = xasprintf("/%s/%s/%s", list, r->id,
	                       r->is_question && !answer ? "reject" : "reply");
	(void)why;
	*sent = (struct oc_sent){ .method = "POST",
		                  .path = oc_v1_path_in(s->directory, path),
		                  .body = xstrdup(answer ? answer : refusal) };
	free(path);
}

/* --- answers -------------------------------------------------------------- */

static const char *oc_v1_next_page(const struct api_answer *r, char *buf, size_t size)
{
	const char *cursor = call_header(r->call, "x-next-cursor");
	(void)buf;
	(void)size;
	return cursor && strspn(cursor, "0123456789") == strlen(cursor) ? cursor : "";
}

static bool oc_v1_is_list(const struct api_answer *r)
{
	return r->body[strspn(r->body, " \t\r\n")] == '[';
}

const struct oc_dialect oc_v1 = {
	.name = "1",
	.stream = "/global/event",
	.silence_ms = OC_SILENCE_MS,
	.list = "/experimental/session?limit=500&archived=true",
	.more = "/experimental/session?limit=500&archived=true&cursor=",
	.models = "/config/providers",
	.agents = "/agent",
	.commands = "/command",
	.last = "/message?limit=1",
	.messages = "/message?limit=",
	.lists_projects = true,
	.has_program = true,
	.attaches = true,
	.asks = { { "status", "/session/status?directory=", "" },
	          { "permissions", "/permission?directory=", "" },
	          { "questions", "/question?directory=", "" } },
	.acts = { [OC_PROMPT] = { "POST", "/prompt_async", oc_v1_prompt_body, false },
	          [OC_COMMAND] = { "POST", "/command", oc_v1_command_body, true },
	          [OC_RENAME] = { "PATCH", "", oc_v1_title_body, false },
	          [OC_ARCHIVE] = { "PATCH", "", oc_v1_archive_body, false },
	          [OC_FORK] = { "POST", "/fork", oc_v1_empty_body, false },
	          [OC_SUMMARIZE] = { "POST", "/summarize", oc_v1_summarize_body, true },
	          [OC_REVERT] = { "POST", "/revert", oc_v1_revert_body, false },
	          [OC_UNREVERT] = { "POST", "/unrevert", NULL, false },
	          [OC_SHARE] = { "POST", "/share", oc_v1_empty_body, true },
	          [OC_UNSHARE] = { "DELETE", "/share", NULL, false },
	          [OC_ABORT] = { "POST", "/abort", oc_v1_empty_body, false },
	          [OC_DELETE] = { "DELETE", "", NULL, false } },
	.place = oc_v1_encode,
	.path = oc_v1_path,
	.make = oc_v1_make,
	.first_prompt = oc_v1_first_prompt,
	.reply = oc_v1_reply,
	.next_page = oc_v1_next_page,
	.is_list = oc_v1_is_list,
	.sessions = oc_parse_sessions,
	.statuses = oc_parse_statuses,
	.requests = oc_parse_requests,
	.event = oc_parse_event,
	.read_models = oc_reduce_models,
	.read_names = oc_reduce_names,
};
