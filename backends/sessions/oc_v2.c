/* oc_v2.c: the dialects of OpenCode 2.x: the preview, 2.0.0 to 2.0.3, and 2.0.4 on. Session calls
 * need no directory: one server serves all.
 *
 * Source: the protocol package of anomalyco/opencode and the types of @opencode/client 2.0.21; seen
 * on the preview of 2.0 (1.18.18). The differences of 2.0.0 to 2.0.3 are from a pull request only,
 * so that dialect sends both names of a member; 2.x ignores unknown ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/sessions/oc_dialect.h"
#include "backends/sessions/oc_v2_parse.h"

#define SILENCE_MS 45000 /* it sends a comment every 15 s */

/* --- which dialect --------------------------------------------------------- */

/* 1.x and early 2.x state their version beside "healthy", the preview states none. 2.0.4 and later
 * answer /api/info, with their process. */
const struct oc_dialect *oc_dialect_of(const char *json, size_t len, char *version, size_t size)
{
	cJSON *root = json_parse(json, len);
	bool healthy = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "healthy")),
	     process = cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(root, "pid"));
	cJSON_Delete(root);
	bool states = oc_parse_health(json, len, version, size);
	if (states && !process && (!strncmp(version, "1.", 2) || !strncmp(version, "0.", 2)))
		return &oc_v1;
	if (states && healthy && !strncmp(version, "2.", 2))
		return &oc_early;
	if (states && process && !healthy && !strncmp(version, "2.", 2))
		return &oc_v2;
	if (states || !healthy)
		return NULL;
	snprintf(version, size, "%s", oc_preview.version);
	return &oc_preview;
}

/* --- paths and bodies ------------------------------------------------------ */

static char *oc_v2_path(const struct ses *s, const char *rest)
{
	return xasprintf("/api/session/%s%s", s->id, rest);
}

static char *oc_v2_list_in(const char *path, const char *directory)
{
	char *code = http_encode(directory), *whole;
	whole = xasprintf("%s?location%%5Bdirectory%%5D=%s", path, code);
	free(code);
	return whole;
}

static char *oc_v2_text(const char *name, const char *words)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, name, words);
	return oc_body(o);
}

static char *oc_v2_prompt_body(const struct ses *s, const char *words)
{
	(void)s;
	return oc_v2_text("text", words);
}

static char *oc_preview_prompt_body(const struct ses *s, const char *words)
{
	cJSON *o = cJSON_CreateObject();
	(void)s;
	cJSON_AddStringToObject(cJSON_AddObjectToObject(o, "prompt"), "text", words);
	return oc_body(o);
}

static char *oc_v2_command_body(const struct ses *s, const char *words)
{
	cJSON *o = cJSON_CreateObject();
	words += *words == '/';
	size_t n = strcspn(words, " ");
	char *command = xstrndup(words, n);
	cJSON_AddStringToObject(o, s->home->dialect->command_name, command);
	cJSON_AddStringToObject(o, "text", words[n] ? words + n + 1 : "");
	free(command);
	return oc_body(o);
}

static char *oc_v2_agent_body(const struct ses *s, const char *words)
{
	(void)s;
	return oc_v2_text("agent", words);
}

static void oc_v2_add_model(cJSON *o, const char *model, const char *variant)
{
	cJSON *m = cJSON_AddObjectToObject(o, "model");
	oc_add_model(m, model, "id");
	if (variant && *variant)
		cJSON_AddStringToObject(m, "variant", variant);
}

/* "PROVIDER/MODEL [VARIANT]" */
static char *oc_v2_model_body(const struct ses *s, const char *words)
{
	size_t n = strcspn(words, " ");
	cJSON *o = cJSON_CreateObject();
	char *model = xstrndup(words, n);
	(void)s;
	oc_v2_add_model(o, model, words + n + strspn(words + n, " "));
	free(model);
	return oc_body(o);
}

static char *oc_v2_revert_body(const struct ses *s, const char *words)
{
	char id[SESSION_ID_SIZE];
	cJSON *o = cJSON_CreateObject();
	(void)words;
	cJSON_AddStringToObject(o, "messageID", oc_newest_prompt(s, id, sizeof(id)));
	cJSON_AddBoolToObject(o, "files", true);
	return oc_body(o);
}

static void oc_v2_make(const struct oc_wish *wish, struct oc_sent *sent)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(cJSON_AddObjectToObject(o, "location"), "directory",
	                        wish->directory);
	if (wish->agent)
		cJSON_AddStringToObject(o, "agent", wish->agent);
	if (wish->model)
		oc_v2_add_model(o, wish->model, wish->variant);
	*sent = (struct oc_sent){ .method = "POST",
		                  .path = xstrdup("/api/session"),
		                  .body = oc_body(o) };
}

/* --- answers to requests --------------------------------------------------- */

/* The answer to a permission; names are the dialect's, ended by NULL. */
static char *oc_v2_decision(const char *answer, const char *const *names)
{
	cJSON *given = json_parse(answer, strlen(answer)), *o = cJSON_CreateObject();
	const cJSON *reply = cJSON_GetObjectItemCaseSensitive(given, "reply"),
		    *message = cJSON_GetObjectItemCaseSensitive(given, "message");
	for (; *names; names++)
		cJSON_AddStringToObject(o, *names,
		                        cJSON_IsString(reply) ? reply->valuestring : "reject");
	if (cJSON_IsString(message))
		cJSON_AddStringToObject(o, "message", message->valuestring);
	cJSON_Delete(given);
	return oc_body(o);
}

static void oc_v2_reply(const struct ses *s, const struct request *r, const char *answer,
                        const char *why, struct oc_sent *sent)
{
	const char *list = "question", *rest = "/reply";
	*sent = (struct oc_sent){ .method = "POST" };
	if (!r->is_question)
		list = "permission";
	else if (r->is_form)
		list = "form";
	if (!r->is_question)
		sent->body = oc_v2_decision(answer ? answer : "{}", s->home->dialect->decisions);
	else if (answer)
		sent->body = xstrdup(answer);
	else if (r->is_form)
		sent->method = "DELETE";
	if (r->is_question && !answer)
		rest = r->is_form ? "" : "/reject";
	char *end = xasprintf("/%s/%s%s", list, r->id, rest);
	if (r->is_form && !answer && why) {
		char *reason = http_encode(why), *longer = xasprintf("%s?message=%s", end, reason);
		free(reason);
		free(end);
		end = longer;
	}
	sent->path = oc_v2_path(s, end);
	free(end);
}

/* --- answers --------------------------------------------------------------- */

static const char *oc_v2_next_page(const struct api_answer *r, char *buf, size_t size)
{
	oc_v2_cursor(r->body, r->len, buf, size);
	return buf;
}

static bool oc_v2_is_list(const struct api_answer *r)
{
	const char *data;
	size_t len;
	return json_member(r->body, r->len, "data", &data, &len) && len && *data == '[';
}

#define COMMON                                                                                 \
	.stream = "/api/event", .silence_ms = SILENCE_MS,                                      \
	.list = "/api/session?limit=500&order=desc",                                           \
	.more = "/api/session?limit=500&cursor=", .running = "/api/session/active",            \
	.models = "/api/model", .agents = "/api/agent", .commands = "/api/command",            \
	.last = "/message?limit=20&order=desc",                                                \
	.messages = "/message?order=desc&limit=", .messages_max = 200, .stores_prompts = true, \
	.drops_requests = true, .place = http_encode, .list_in = oc_v2_list_in,                \
	.path = oc_v2_path, .make = oc_v2_make, .reply = oc_v2_reply,                          \
	.next_page = oc_v2_next_page, .is_list = oc_v2_is_list, .statuses = oc_v2_statuses,    \
	.requests = oc_v2_requests, .conversation = oc_v2_conversation,                        \
	.read_models = oc_v2_models, .read_names = oc_v2_names

#define COMMON_ACTS                                                 \
	[OC_ABORT] = { "POST", "/interrupt", NULL, false },         \
	[OC_AGENT] = { "POST", "/agent", oc_v2_agent_body, false }, \
	[OC_MODEL] = { "POST", "/model", oc_v2_model_body, false }, \
	[OC_REVERT] = { "POST", "/revert/stage", oc_v2_revert_body, false }

#define RELEASED_ACTS                                                     \
	[OC_PROMPT] = { "POST", "/prompt", oc_v2_prompt_body, false },    \
	[OC_RENAME] = { "PATCH", "", oc_v1_title_body, false },           \
	[OC_FORK] = { "POST", "/fork", oc_v1_empty_body, false },         \
	[OC_SUMMARIZE] = { "POST", "/compact", oc_v1_empty_body, false }, \
	[OC_UNREVERT] = { "DELETE", "/revert", NULL, false },             \
	[OC_DELETE] = { "DELETE", "", NULL, false }

#define EXPORTS                                                                   \
	.export_before = "/api/experimental/session/", .export_after = "/export", \
	.import = "/api/experimental/session/import"

const struct oc_dialect oc_preview = {
	COMMON,
	.name = "2 preview",
	.version = "2 preview",
	.asks = { { "permissions", "/api/session/", "/permission" },
	          { "questions", "/api/session/", "/question" } },
	.acts = { COMMON_ACTS, [OC_PROMPT] = { "POST", "/prompt", oc_preview_prompt_body, false },
	          [OC_UNREVERT] = { "POST", "/revert/clear", NULL, false } },
	.decisions = { "reply" },
	.sessions = oc_preview_sessions,
	.event = oc_preview_event,
};

const struct oc_dialect oc_early = {
	COMMON,
	EXPORTS,
	.name = "2.0.0",
	.attaches = true,
	.diff = "/diff?context=3",
	.asks = { { "permissions", "/api/session/", "/permission" },
	          { "questions", "/api/session/", "/form" } },
	.acts = { COMMON_ACTS,
	          RELEASED_ACTS, [OC_COMMAND] = { "POST", "/command", oc_v2_command_body, true } },
	.command_name = "command",
	.decisions = { "reply", "decision" },
	.sessions = oc_v2_sessions,
	.event = oc_v2_event,
};

const struct oc_dialect oc_v2 = {
	COMMON,
	EXPORTS,
	.name = "2.0.4",
	.attaches = true,
	.diff = "/diff?context=3",
	.asks = { { "permissions", "/api/session/", "/permission" },
	          { "questions", "/api/session/", "/form" } },
	.acts = { COMMON_ACTS,
	          RELEASED_ACTS, [OC_COMMAND] = { "POST", "/command", oc_v2_command_body, true } },
	.command_name = "name",
	.decisions = { "decision" },
	.sessions = oc_v2_sessions,
	.event = oc_v2_event,
};
