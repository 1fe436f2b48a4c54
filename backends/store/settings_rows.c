/* settings_rows.c: a row for every key of the configuration file, and the setters of values. The
 * rows also make mocr-config(5). */
#include "backends/store/settings_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backends/base/mem.h"

#define S(field) offsetof(struct settings, field)
#define V(field) offsetof(struct server_config, field)
#define H(field) offsetof(struct headscale_config, field)
#define O(field) offsetof(struct opencode_config, field)
#define D(field) offsetof(struct deploy_config, field)
#define P(field) offsetof(struct dokploy_config, field)
#define W(field) offsetof(struct platform_config, field)
#define L(field) offsetof(struct litellm_config, field)
_Static_assert(L(url) == W(url) && L(server) == W(server) && L(token_command) == W(token_command),
               "the sections of all systems begin alike");

/* The keys that every system has. where: its address; token: what token_command prints. */
#define SYSTEM_ROWS(section, where, token)                                                     \
	{ section, "url", SETTING_TEXT, W(url), 0, 0, NULL, NULL,                              \
	  "where it is, as seen from the server or this machine: " where },                    \
		{ section, "server", SETTING_TEXT, W(server), 0, 0, NULL, NULL,                \
		  "the server to go through, as a [server NAME] or argument calls it; this "   \
		  "machine when absent" },                                                     \
		{ section, "token_command", SETTING_COMMAND, W(token_command), 0, 0, NULL,     \
		  NULL, "run on this machine, prints " token }

const struct setting_row setting_rows[] = {
	{ "settings", "theme", SETTING_TEXT, S(theme), 0, 0, "default", NULL,
	  "colours: a file of this name in the themes folders" },
	{ "settings", "local", SETTING_YES_NO, S(local), 0, 0, "yes", NULL,
	  "watch this machine too, when no server is named" },
	{ "settings", "ssh_config", SETTING_FILE, S(ssh_config), 0, 0, NULL, NULL,
	  "the ssh_config to read instead of OpenSSH's own, as with ssh -F" },
	{ "settings", "connect_timeout", SETTING_NUMBER, S(connect_timeout), 1, 120, "5", NULL,
	  "seconds until a server that does not answer counts as lost" },
	{ "settings", "vitals_interval", SETTING_NUMBER, S(vitals_interval), 1, 3600, "3", NULL,
	  "seconds between two looks at load, CPU and memory" },
	{ "settings", "opencode_memory", SETTING_NUMBER, S(opencode_memory), 64, 1 << 20, "4096",
	  NULL, "memory in MB from which an OpenCode server is marked" },
	{ "settings", "disk_warn", SETTING_NUMBER, S(disk_warn), 1, 100, "80", NULL,
	  "a disk this full, in per cent, needs attention" },
	{ "settings", "log_memory", SETTING_NUMBER, S(log_memory), 1, 4096, "64", NULL,
	  "memory for the lines of followed logs, in MB; the oldest go first" },
	{ "settings", "hints", SETTING_YES_NO, S(hints), 0, 0, "yes", NULL,
	  "the line of keys at the bottom" },
	{ "settings", "ascii", SETTING_YES_NO, S(ascii), 0, 0, "no", NULL,
	  "draw without UTF-8 even where the locale has it" },
	{ "settings", "read_only", SETTING_YES_NO, S(read_only), 0, 0, "no", NULL,
	  "refuse whatever changes a server or types into it: actions, shells, attaching" },
	{ "server", "host", SETTING_TEXT, V(host), 0, 0, NULL, NULL,
	  "where it is: a Host of ssh_config or [user@]host[:port]; the section's name when "
	  "absent" },
	{ "server", "identity", SETTING_PATH, V(identity), 0, 0, NULL, NULL,
	  "the key file to log in with" },
	{ "server", "units", SETTING_TEXT, V(units), 0, 0, NULL, NULL,
	  "units that must exist, parted by blanks; a missing one is a problem, shown with the "
	  "nearest names that exist" },
	{ "server", "sudo", SETTING_TEXT, V(sudo), 0, 0, "auto", "auto never",
	  "auto: where the login lacks a right, sudo is tried, or doas where there is no sudo; "
	  "never: neither is" },
	{ "server", "tailscale_socket", SETTING_TEXT, V(tailscale_socket), 0, 0, NULL, NULL,
	  "where its tailscaled listens, when neither in the usual place nor known to its "
	  "program" },
	{ "server", "protect", SETTING_YES_NO, V(protect), 0, 0, "no", NULL,
	  "acting on it asks for its name to be typed" },
	{ "server", "connect_timeout", SETTING_NUMBER, V(connect_timeout), 1, 120, NULL, NULL,
	  "as in [settings], for this one" },
	{ "headscale", "url", SETTING_TEXT, H(url), 0, 0, NULL, NULL,
	  "of its REST API, as in https://hs.example; without it its program on the server is "
	  "asked" },
	{ "headscale", "server", SETTING_TEXT, H(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ "headscale", "token_command", SETTING_COMMAND, H(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints the API key: pass show headscale" },
	{ "headscale", "command", SETTING_COMMAND, H(command), 0, 0, NULL, NULL,
	  "how its program is called on the server: docker exec headscale headscale" },
	{ "opencode", "url", SETTING_TEXT, O(url), 0, 0, NULL, NULL,
	  "where it listens, as seen from the server: http://127.0.0.1:4096, "
	  "https://code.example; those that run are found without it" },
	{ "opencode", "server", SETTING_TEXT, O(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ "opencode", "user", SETTING_TEXT, O(user), 0, 0, "opencode", NULL,
	  "its user, when OPENCODE_SERVER_USERNAME says another" },
	{ "opencode", "password_command", SETTING_COMMAND, O(password_command), 0, 0, NULL, NULL,
	  "run on this machine, prints the password: pass show opencode" },
	{ "opencode", "directory", SETTING_TEXT, O(directory), 0, 0, NULL, NULL,
	  "a directory on the server whose sessions are asked for even when none was used lately" },
	{ "deploy", "server", SETTING_TEXT, D(server), 0, 0, NULL, NULL,
	  "where it runs, as a [server NAME] or argument calls it; \"local\" is this machine" },
	{ "deploy", "directory", SETTING_PATH, D(directory), 0, 0, NULL, NULL,
	  "the folder there to run in; the home folder when absent" },
	{ "deploy", "run", SETTING_COMMAND, D(run), 0, 0, NULL, NULL,
	  "the command for sh; {NAME} becomes the value of an asked variable as one argument, "
	  "which $NAME holds too" },
	{ "deploy", "ask", SETTING_LINES, D(ask), 0, 0, NULL, NULL,
	  "a variable to ask for: NAME, NAME one of WORD..., or NAME like PATTERN; NAME secret is "
	  "asked for by itself; may be given many times" },
	{ "deploy", "check", SETTING_LINES, D(check), 0, 0, NULL, NULL,
	  "what must be true afterwards: unit NAME, container NAME, or url ADDRESS as seen from "
	  "the server; may be given many times" },
	{ "deploy", "within", SETTING_NUMBER, D(within), 1, 3600, "60", NULL,
	  "seconds that the checks have to become true" },
	{ "deploy", "rollback", SETTING_COMMAND, D(rollback), 0, 0, NULL, NULL,
	  "the command that is offered when it failed" },
	{ "deploy", "confirm", SETTING_YES_NO, D(confirm), 0, 0, "yes", NULL,
	  "ask before it is started" },
	{ "deploy", "lock", SETTING_YES_NO, D(lock), 0, 0, "yes", NULL,
	  "not twice at once, whoever starts it" },
	{ "dokploy", "url", SETTING_TEXT, P(url), 0, 0, NULL, NULL,
	  "where it is, as seen from the server or this machine: http://127.0.0.1:3000, "
	  "https://dokploy.example" },
	{ "dokploy", "server", SETTING_TEXT, P(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ "dokploy", "token_command", SETTING_COMMAND, P(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints an API key of it: pass show dokploy" },
	{ "dokploy", "stack_image", SETTING_TEXT, P(stack_image), 0, 0, NULL, NULL,
	  "the image of a new stack, unless image= is typed with its name" },
	{ "dokploy", "stack_domain", SETTING_TEXT, P(stack_domain), 0, 0, NULL, NULL,
	  "a new stack answers at NAME below it, unless host= is typed" },
	{ "dokploy", "stack_port", SETTING_NUMBER, P(stack_port), 1, 65535, "8080", NULL,
	  "where the image listens, unless port= is typed" },
	{ "dokploy", "stack_certificate", SETTING_TEXT, P(stack_certificate), 0, 0, "none",
	  "none letsencrypt custom",
	  "of a new stack's domain; none: there is one for all of them already" },
	{ "dokploy", "stack_prefix", SETTING_TEXT, P(stack_prefix), 0, 0, "ai-stack-", NULL,
	  "before the name of a new stack, as its project and application are called" },
	{ "coolify", "url", SETTING_TEXT, W(url), 0, 0, NULL, NULL,
	  "where it is, as seen from the server or this machine: http://127.0.0.1:8000, "
	  "https://coolify.example" },
	{ "coolify", "server", SETTING_TEXT, W(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ "coolify", "token_command", SETTING_COMMAND, W(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints an API token of it, with its number and |: pass show "
	  "coolify" },
	{ "portal", "url", SETTING_TEXT, W(url), 0, 0, NULL, NULL,
	  "where the portal of AI stacks is, as seen from the server or this machine: "
	  "http://127.0.0.1:3000" },
	{ "portal", "server", SETTING_TEXT, W(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	SYSTEM_ROWS("prometheus", "http://127.0.0.1:9090; a VictoriaMetrics too",
	            "a bearer token, where a proxy asks for one"),
	SYSTEM_ROWS("alertmanager", "http://127.0.0.1:9093",
	            "a bearer token, where a proxy asks for one"),
	SYSTEM_ROWS("grafana", "http://127.0.0.1:3000", "a service account token, for the alerts"),
	SYSTEM_ROWS("litellm", "http://127.0.0.1:4000",
	            "a key of it; the master key sees all keys and may block them"),
	{ "litellm", "budget", SETTING_NUMBER, L(budget), 1, 100000000, NULL, NULL,
	  "what may be spent in a day, in cents, where LiteLLM itself has no budget for a day" },
	SYSTEM_ROWS("ollama", "http://127.0.0.1:11434",
	            "a bearer token, where a proxy asks for one"),
	SYSTEM_ROWS("ntfy", "http://127.0.0.1:2586", "a token, where a proxy asks for one"),
	SYSTEM_ROWS("n8n", "http://127.0.0.1:5678", "a token, where a proxy asks for one"),
	SYSTEM_ROWS("qdrant", "http://127.0.0.1:6333", "an API key, for the collections"),
	SYSTEM_ROWS("caddy", "http://127.0.0.1:2019, its admin API",
	            "a token, where a proxy asks for one"),
	{ .key = NULL }
};

const char *setting_type_name(enum setting_type type)
{
	static const char *const names[] = {
		[SETTING_TEXT] = "text",     [SETTING_PATH] = "path",
		[SETTING_NUMBER] = "number", [SETTING_YES_NO] = "yes or no",
		[SETTING_LINES] = "lines",   [SETTING_FILE] = "path",
		[SETTING_COMMAND] = "text",
	};
	return names[type];
}

/* --- values -------------------------------------------------------------- */

char *path_expand(const char *path)
{
	const char *home = getenv("HOME");
	if (path[0] == '~' && (path[1] == '/' || !path[1]) && home)
		return xasprintf("%s%s", home, path + 1);
	return xstrdup(path);
}

bool setting_word_in(const char *word, const char *words)
{
	size_t n = strlen(word);
	for (const char *s = words; *s; s += strspn(s, " ")) {
		size_t len = strcspn(s, " ");
		if (len == n && strncmp(s, word, n) == 0)
			return true;
		s += len;
	}
	return false;
}

static bool rows_is_text(enum setting_type type)
{
	return type != SETTING_NUMBER && type != SETTING_YES_NO;
}

static bool rows_number(const struct setting_row *row, int *field, const char *value)
{
	char *end;
	errno = 0;
	long n = strtol(value, &end, 10);
	if (*end || end == value || errno || n < row->min || n > row->max)
		return false;
	*field = (int)n;
	return true;
}

static bool rows_yes_no(bool *field, const char *value)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true", "0", "1" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(value, words[i]) == 0) {
			*field = i % 2;
			return true;
		}
	return false;
}

static char *rows_text(enum setting_type type, const char *old, const char *value)
{
	if (type == SETTING_PATH || type == SETTING_FILE)
		return path_expand(value);
	if (type == SETTING_LINES && old)
		return xasprintf("%s\n%s", old, value);
	return xstrdup(value);
}

/* An unreadable file is stored too. --check-config complains, and so does the code that opens
 * it. */
static bool rows_set_text(const struct setting_row *row, char **text, const char *value, char *why,
                          size_t size)
{
	char *old = *text;
	if (row->choices && !setting_word_in(value, row->choices)) {
		snprintf(why, size, "%s: expected one of: %s; got \"%s\"", row->key, row->choices,
		         value);
		return false;
	}
	*text = rows_text(row->type, old, value);
	free(old);
	if (row->type != SETTING_FILE || access(*text, R_OK) == 0)
		return true;
	snprintf(why, size, "%s: %s cannot be read: %s", row->key, *text, strerror(errno));
	return false;
}

bool setting_set(const struct setting_row *row, void *base, const char *value, char *why,
                 size_t size)
{
	void *field = (char *)base + row->offset;
	if (row->type == SETTING_NUMBER && !rows_number(row, field, value)) {
		snprintf(why, size, "%s: expected a number from %d to %d, got \"%s\"", row->key,
		         row->min, row->max, value);
		return false;
	}
	if (row->type == SETTING_YES_NO && !rows_yes_no(field, value)) {
		snprintf(why, size, "%s: expected yes or no, got \"%s\"", row->key, value);
		return false;
	}
	return !rows_is_text(row->type) || rows_set_text(row, field, value, why, size);
}

const struct setting_row *setting_find(const char *section, size_t len, const char *key)
{
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strlen(row->section) == len && strncmp(row->section, section, len) == 0 &&
		    strcmp(row->key, key) == 0)
			return row;
	return NULL;
}

void settings_set_fallbacks(const char *section, void *base)
{
	char why[256];
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strcmp(row->section, section) == 0 && row->fallback)
			setting_set(row, base, row->fallback, why, sizeof(why));
}

void settings_free_texts(const char *section, void *base)
{
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strcmp(row->section, section) == 0 && rows_is_text(row->type))
			free(*(char **)((char *)base + row->offset));
}
