/* redact.c: what a recording keeps of coding sessions: who, where, when and their state, but no
 * conversation text.
 *
 * A conversation holds what agents read: files, environments, keys. No pattern finds all of these.
 * So every word becomes x of the same length. Only members known to be structure keep their
 * text. */
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/json.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/sessions/sessions.h"

/* Members with ids, kinds and places as values. mask_text still masks secrets in them. */
static const char *const kept[] = {
	"id",
	"sessionID",
	"messageID",
	"parentID",
	"partID",
	"callID",
	"requestID",
	"permissionID",
	"projectID",
	"workspaceID",
	"providerID",
	"modelID",
	"parent",
	"type",
	"role",
	"status",
	"tool",
	"permission",
	"agent",
	"mode",
	"version",
	"directory",
	"cwd",
	"worktree",
	"root",
	"variant",
	"finish",
	"vcs",
	"sessionId",
	"uuid",
	"parentUuid",
	"procStart",
	"state",
	"agent_status",
	"pane_id",
	"workspace_id",
	"nameSource",
	"model",
	"userType",
	"kind",
	"entrypoint",
	/* of OpenCode 2 */
	"assistantMessageID",
	"inboxID",
	"action",
	"outcome",
	"reason",
	"delivery",
	"key",
};
/* Everything inside these members is conversation, whatever the inner members are called. */
static const char *const said[] = { "input",   "output", "metadata",      "args",     "arguments",
	                            "content", "raw",    "toolUseResult", "snapshot", "summary" };
/* Names of models, agents and commands. They come from configuration files. */
static const char *const tables[] = { " models", " agents", " commands" };

static bool redact_in(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; name && i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Position in a document. */
struct place {
	/* name of the member or of its array; name of the enclosing object; NULL none */
	const char *name, *parent;
	bool inside; /* inside conversation content */
};

/* A member name may itself be conversation: a question with its answer as the value. */
static void redact_name(cJSON *v)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	if (v->string && v->string[strspn(v->string, plain)])
		for (char *c = v->string; *c; c++)
			*c = 'x';
}

static void redact_value(cJSON *v, const struct place *at)
{
	if (cJSON_IsString(v)) {
		struct buf b = { 0 };
		size_t len = strlen(v->valuestring);
		/* the kind of the error */
		bool of_error = at->name && at->parent && !strcmp(at->name, "name") &&
		                !strcmp(at->parent, "error");
		if (!at->inside && (of_error || redact_in(at->name, kept, ARRAY_LEN(kept))))
			mask_text(&b, v->valuestring, len);
		else
			mask_words(&b, v->valuestring, len);
		cJSON_SetValuestring(v, b.data ? b.data : "");
		buf_finish(&b);
		return;
	}
	/* herdr's list is a snapshot too, and no conversation */
	bool list = at->name && at->parent && !strcmp(at->name, "snapshot") &&
	            !strcmp(at->parent, "result");
	bool inside = at->inside || (!list && redact_in(at->name, said, ARRAY_LEN(said)));
	for (cJSON *child = v->child; child; child = child->next) {
		if (inside)
			redact_name(child);
		struct place below = { at->name, at->parent, inside };
		if (child->string)
			below = (struct place){ child->string, at->name, inside };
		redact_value(child, &below);
	}
}

/* Text that is not JSON has no structure to keep. */
static void redact_json(const char *json, size_t len, struct buf *out)
{
	cJSON *root = json_parse(json, len);
	char *printed = NULL;
	if (root) {
		redact_value(root, &(struct place){ 0 });
		printed = cJSON_PrintUnformatted(root);
	}
	if (printed)
		buf_puts(out, printed);
	else
		mask_words(out, json, len);
	cJSON_free(printed);
	cJSON_Delete(root);
}

/* Offset after the n-th tab; len: fewer tabs. */
static size_t redact_behind_tabs(const char *line, size_t len, int n)
{
	size_t i = 0;
	for (; n && i < len; i++)
		n -= line[i] == '\t';
	return n ? len : i;
}

/* A heading such as "=tmux". */
static bool redact_is_heading(const char *line, size_t len)
{
	size_t n = 1;
	while (n < len && n < 8 && line[n] >= 'a' && line[n] <= 'z')
		n++;
	return len > 1 && line[0] == '=' && n == len;
}

/* A whole line such as "cwd":"/srv/app". */
static bool redact_is_directory(const char *line, size_t len)
{
	static const char word[] = "\"cwd\":\"";
	size_t n = sizeof(word) - 1;
	return len > n && !memcmp(line, word, n) &&
	       memchr(line + n, '"', len - n) == line + len - 1;
}

/* Redacts a line of a look (scan.c, watch.c). Its first word says how many fields are structure. */
static void redact_line(const char *line, size_t len, struct buf *out)
{
	static const struct {
		const char *word;
		int tabs;
	} shapes[] = {
		{ "live\t", 3 },  /* the rest is a file of Claude Code */
		{ "herdr\t", 2 }, /* the rest is the answer of herdr */
		{ "agent\t", 99 },
		{ "job\t", 2 }, /* so is this rest */
		{ "plan\t", 2 }, /* and this, of Codex */
		/* the rest is the pane's title, which the program in the pane sets */
		{ "pane\t", 7 },
		{ "oc\t", 99 },
		{ "svc\t", 99 },
		{ "cpu\t", 99 },
		{ "now\t", 99 },
		{ "starting\t", 99 },
		{ "session\t", 99 },
		{ "file\t", 99 },
	};
	size_t keep = redact_is_heading(line, len) || redact_is_directory(line, len) ? len : 0;
	for (size_t i = 0; i < ARRAY_LEN(shapes) && !keep; i++) {
		size_t n = strlen(shapes[i].word);
		if (len >= n && memcmp(line, shapes[i].word, n) == 0)
			keep = redact_behind_tabs(line, len, shapes[i].tabs);
	}
	mask_text(out, line, keep);
	if (keep < len && line[keep] == '{')
		redact_json(line + keep, len - keep, out);
	else
		mask_words(out, line + keep, len - keep);
}

static void redact_lines(const char *text, size_t len, struct buf *out)
{
	for (const char *line = text, *end = text + len; line < end;) {
		const char *nl = memchr(line, '\n', (size_t)(end - line));
		size_t n = nl ? (size_t)(nl - line) : (size_t)(end - line);
		redact_line(line, n, out);
		if (nl)
			buf_puts(out, "\n");
		line += n + (nl != NULL);
	}
}

void sessions_redact(const char *what, const char *bytes, size_t len, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (strstr(what, tables[i])) {
			mask_json(out, bytes, len);
			return;
		}
	if (!strcmp(what, "git"))
		mask_text(out, bytes, len); /* names of branches and files */
	else if (!strcmp(what, "scan") || !strcmp(what, "claude"))
		redact_lines(bytes, len, out);
	else
		redact_json(bytes, len, out);
}
