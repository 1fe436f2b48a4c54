/* settings.c: one table of keys; inih reads the lines.
 *
 * A wrong line is a complaint with its place and the nearest valid name, and nothing else happens
 * to it: the rest of the file counts. */
#include "backends/store/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini.h>

#include "backends/base/mem.h"
#include "backends/base/private.h"
#include "backends/base/wash.h"
#include "backends/link/api.h"
#include "backends/link/link.h"
#include "backends/store/doc.h"
#include "backends/servers/server.h"
#include "backends/store/settings_lines.h"

#define S(field) offsetof(struct settings, field)
#define V(field) offsetof(struct server_config, field)
#define H(field) offsetof(struct headscale_config, field)
#define O(field) offsetof(struct opencode_config, field)
#define D(field) offsetof(struct deploy_config, field)
#define P(field) offsetof(struct dokploy_config, field)
#define W(field) offsetof(struct platform_config, field)

const struct setting_row setting_rows[] = {
	{ "settings", "theme", SETTING_TEXT, S(theme), 0, 0, "default", NULL,
	  "colours: a file of this name in the themes folders" },
	{ "settings", "local", SETTING_YES_NO, S(local), 0, 0, "yes", NULL,
	  "watch this machine too, when no server is named" },
	{ "settings", "ssh_config", SETTING_PATH, S(ssh_config), 0, 0, NULL, NULL,
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
	{ "headscale", "token_command", SETTING_TEXT, H(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints the API key: pass show headscale" },
	{ "headscale", "command", SETTING_TEXT, H(command), 0, 0, NULL, NULL,
	  "how its program is called on the server: docker exec headscale headscale" },
	{ "opencode", "url", SETTING_TEXT, O(url), 0, 0, NULL, NULL,
	  "where it listens, as seen from the server: http://127.0.0.1:4096, https://code.example; "
	  "those that run are found without it" },
	{ "opencode", "server", SETTING_TEXT, O(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ "opencode", "user", SETTING_TEXT, O(user), 0, 0, "opencode", NULL,
	  "its user, when OPENCODE_SERVER_USERNAME says another" },
	{ "opencode", "password_command", SETTING_TEXT, O(password_command), 0, 0, NULL, NULL,
	  "run on this machine, prints the password: pass show opencode" },
	{ "opencode", "directory", SETTING_TEXT, O(directory), 0, 0, NULL, NULL,
	  "a directory on the server whose sessions are asked for even when none was used lately" },
	{ "deploy", "server", SETTING_TEXT, D(server), 0, 0, NULL, NULL,
	  "where it runs, as a [server NAME] or argument calls it; \"local\" is this machine" },
	{ "deploy", "directory", SETTING_PATH, D(directory), 0, 0, NULL, NULL,
	  "the folder there to run in; the home folder when absent" },
	{ "deploy", "run", SETTING_TEXT, D(run), 0, 0, NULL, NULL,
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
	{ "deploy", "rollback", SETTING_TEXT, D(rollback), 0, 0, NULL, NULL,
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
	{ "dokploy", "token_command", SETTING_TEXT, P(token_command), 0, 0, NULL, NULL,
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
	{ "coolify", "token_command", SETTING_TEXT, W(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints an API token of it, with its number and |: pass show "
	  "coolify" },
	{ "portal", "url", SETTING_TEXT, W(url), 0, 0, NULL, NULL,
	  "where the portal of AI stacks is, as seen from the server or this machine: "
	  "http://127.0.0.1:3000" },
	{ "portal", "server", SETTING_TEXT, W(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ .key = NULL }
};

const char *setting_type_name(enum setting_type type)
{
	static const char *const names[] = { "text", "path", "number", "yes or no", "lines" };
	return names[type];
}

struct reading {
	struct settings *settings;
	struct doc *complaints;
	const char *file;
	FILE *f;
	int line; /* of the file, counted by settings_next_line */
	struct settings_lines *lines;
	char section[128];
};

#define COMPLAIN(r, ...) settings_complain(r, xasprintf(__VA_ARGS__))
static int settings_complain(struct reading *r, char *text)
{
	if (r->complaints && r->line)
		doc_add(r->complaints, DOC_BAD, "%s:%d: %s", r->file, r->line, text);
	else if (r->complaints) /* it is about the whole file */
		doc_add(r->complaints, DOC_BAD, "%s: %s", r->file, text);
	free(text);
	return 1; /* inih: go on */
}

char *path_expand(const char *path)
{
	const char *home = getenv("HOME");
	if (path[0] == '~' && (path[1] == '/' || !path[1]) && home)
		return xasprintf("%s%s", home, path + 1);
	return xstrdup(path);
}

static bool settings_word_in(const char *word, const char *words)
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

static int settings_set_number(struct reading *r, const struct setting_row *row, void *field,
                               const char *value)
{
	char *end;
	errno = 0;
	long n = strtol(value, &end, 10);
	if (*end || end == value || errno || n < row->min || n > row->max)
		return COMPLAIN(r, "%s: expected a number from %d to %d, got \"%s\"", row->key,
		                row->min, row->max, value);
	*(int *)field = (int)n;
	return 1;
}

static int settings_set_yes_no(struct reading *r, const struct setting_row *row, void *field,
                               const char *value)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true", "0", "1" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(value, words[i]) == 0) {
			*(bool *)field = i % 2;
			return 1;
		}
	return COMPLAIN(r, "%s: expected yes or no, got \"%s\"", row->key, value);
}

static int settings_set(struct reading *r, const struct setting_row *row, void *base,
                        const char *value)
{
	void *field = (char *)base + row->offset;
	if (row->type == SETTING_NUMBER)
		return settings_set_number(r, row, field, value);
	if (row->type == SETTING_YES_NO)
		return settings_set_yes_no(r, row, field, value);
	if (row->choices && !settings_word_in(value, row->choices))
		return COMPLAIN(r, "%s: expected one of: %s; got \"%s\"", row->key, row->choices,
		                value);
	char *old = *(char **)field;
	char *text;
	if (row->type == SETTING_PATH)
		text = path_expand(value);
	else if (row->type == SETTING_LINES && old)
		text = xasprintf("%s\n%s", old, value);
	else
		text = xstrdup(value);
	free(old);
	*(char **)field = text;
	if (row->offset == S(ssh_config) && strcmp(row->key, "ssh_config") == 0 &&
	    access(text, R_OK) != 0)
		return COMPLAIN(r, "ssh_config: %s cannot be read: %s", text, strerror(errno));
	return 1;
}

static int settings_unknown_key(struct reading *r, const char *section, const char *key)
{
	const char *names[ARRAY_LEN(setting_rows)];
	size_t n = 0;
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strcmp(row->section, section) == 0)
			names[n++] = row->key;
	const char *near = nearest(key, names, n);
	return COMPLAIN(r, "[%s] has no key \"%s\"%s%s%s", section, key,
	                near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int settings_set_in(struct reading *r, const char *section, void *base, const char *key,
                           const char *value)
{
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strcmp(row->section, section) == 0 && strcmp(row->key, key) == 0)
			return settings_set(r, row, base, value);
	return settings_unknown_key(r, section, key);
}

static void settings_fallbacks(const char *section, void *base)
{
	struct reading r = { 0 };
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strcmp(row->section, section) == 0 && row->fallback)
			settings_set(&r, row, base, row->fallback);
}

#define DEPLOY_NAME_MAX 48
static const char deploy_name_signs[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

static bool settings_deploy_name_is_one(const char *name)
{
	return isalnum((unsigned char)name[0]) && !name[strspn(name, deploy_name_signs)] &&
	       strlen(name) <= DEPLOY_NAME_MAX;
}

static struct server_config *settings_server_section(struct reading *r, const char *name)
{
	struct server_config **slot = &r->settings->servers;
	for (; *slot; slot = &(*slot)->next)
		if (strcmp((*slot)->name, name) == 0)
			return *slot;
	struct server_config *c = xcalloc(1, sizeof(*c));
	settings_fallbacks("server", c);
	c->line = r->line;
	c->name = wash_dup(name, 0);
	for (char *s = c->name; *s; s++)
		if (*s == '/')
			*s = '-';
	return *slot = c;
}

static struct headscale_config *settings_headscale_section(struct reading *r, const char *name)
{
	struct headscale_config **slot = &r->settings->headscales;
	for (; *slot; slot = &(*slot)->next)
		if (strcmp((*slot)->name, name) == 0)
			return *slot;
	struct headscale_config *c = xcalloc(1, sizeof(*c));
	c->name = wash_dup(name, 0);
	return *slot = c;
}

static struct opencode_config *settings_opencode_section(struct reading *r, const char *name)
{
	struct opencode_config **slot = &r->settings->opencodes;
	for (; *slot; slot = &(*slot)->next)
		if (strcmp((*slot)->name, name) == 0)
			return *slot;
	struct opencode_config *c = xcalloc(1, sizeof(*c));
	c->name = wash_dup(name, 0);
	return *slot = c;
}

static struct dokploy_config *settings_dokploy_section(struct reading *r, const char *name)
{
	struct dokploy_config **slot = &r->settings->dokploys;
	for (; *slot; slot = &(*slot)->next)
		if (strcmp((*slot)->name, name) == 0)
			return *slot;
	struct dokploy_config *c = xcalloc(1, sizeof(*c));
	settings_fallbacks("dokploy", c);
	c->name = wash_dup(name, 60);
	c->line = r->line;
	return *slot = c;
}

static struct platform_config *settings_platform_section(struct reading *r,
                                                         struct platform_config **slot,
                                                         const char *name)
{
	for (; *slot; slot = &(*slot)->next)
		if (strcmp((*slot)->name, name) == 0)
			return *slot;
	struct platform_config *c = xcalloc(1, sizeof(*c));
	c->name = wash_dup(name, 60);
	c->line = r->line;
	return *slot = c;
}

/* [coolify NAME] and [portal NAME]; NULL: it is another section. */
static struct platform_config *settings_platform_of(struct reading *r, const char *section)
{
	const char *name = section + strcspn(section, " ");
	name += strspn(name, " ");
	if (strncmp(section, "coolify ", 8) == 0 && *name)
		return settings_platform_section(r, &r->settings->coolifys, name);
	if (strncmp(section, "portal ", 7) == 0 && *name)
		return settings_platform_section(r, &r->settings->portals, name);
	return NULL;
}

/* Its name is part of file names and units on the server. */
static struct deploy_config *settings_deploy_section(struct reading *r, const char *name)
{
	struct deploy_config **slot = &r->settings->deploys;
	for (; *slot; slot = &(*slot)->next)
		if (strcmp((*slot)->name, name) == 0)
			return *slot;
	if (!settings_deploy_name_is_one(name))
		COMPLAIN(r,
		         "[deploy %s]: a name has letters, digits and . _ - only, at most %d; "
		         "other signs became -",
		         name, DEPLOY_NAME_MAX);
	struct deploy_config *c = xcalloc(1, sizeof(*c));
	settings_fallbacks("deploy", c);
	c->line = r->line;
	c->name = xstrndup(name, DEPLOY_NAME_MAX);
	for (char *s = c->name; *s; s++)
		if (!strchr(deploy_name_signs, *s) || (s == c->name && !isalnum((unsigned char)*s)))
			*s = '-';
	return *slot = c;
}

static int settings_add_key(struct reading *r, const char *key, const char *action)
{
	struct key_config **slot = &r->settings->keys, *c = xcalloc(1, sizeof(*c));
	while (*slot)
		slot = &(*slot)->next;
	*c = (struct key_config){ .key = xstrdup(key), .action = xstrdup(action), .line = r->line };
	*slot = c;
	return 1;
}

static const char *const sections[] = { "settings", "server",  "headscale", "opencode", "deploy",
	                                "dokploy",  "coolify", "portal",    "keys" };

static int settings_unknown_section(struct reading *r, const char *section)
{
	size_t word = strcspn(section, " ");
	char *kind = xstrndup(section, word);
	const char *near = nearest(kind, sections, ARRAY_LEN(sections));
	free(kind);
	return COMPLAIN(r, "there is no section [%s]%s%s%s", section,
	                near ? "; did you mean [" : "", near ? near : "", near ? "]?" : "");
}

static int settings_complain_section(struct reading *r, const char *section)
{
	if (strcmp(section, r->section) == 0)
		return 1; /* complained of before */
	snprintf(r->section, sizeof(r->section), "%s", section);
	return settings_unknown_section(r, section);
}

static int settings_on_line(void *arg, const char *section, const char *key, const char *value)
{
	struct reading *r = arg;
	if (!*section)
		return COMPLAIN(r, "\"%s\" stands before any section; [settings] is likely meant",
		                key);
	if (strcmp(section, "settings") == 0)
		return settings_set_in(r, section, r->settings, key, value);
	if (strcmp(section, "keys") == 0)
		return settings_add_key(r, key, value);
	if (strncmp(section, "server ", 7) == 0)
		return settings_set_in(r, "server",
		                       settings_server_section(r, section + 7 +
		                                                          strspn(section + 7, " ")),
		                       key, value);
	if (strncmp(section, "headscale ", 10) == 0)
		return settings_set_in(r, "headscale",
		                       settings_headscale_section(r, section + 10 +
		                                                             strspn(section + 10,
		                                                                    " ")),
		                       key, value);
	if (strncmp(section, "opencode ", 9) == 0)
		return settings_set_in(r, "opencode",
		                       settings_opencode_section(r,
		                                                 section + 9 +
		                                                         strspn(section + 9, " ")),
		                       key, value);
	if (strcmp(section, "opencode") == 0)
		return COMPLAIN(r, "an OpenCode server needs a name: [opencode NAME]");
	if (strncmp(section, "deploy ", 7) == 0)
		return settings_set_in(r, "deploy",
		                       settings_deploy_section(r, section + 7 +
		                                                          strspn(section + 7, " ")),
		                       key, value);
	if (strcmp(section, "deploy") == 0)
		return COMPLAIN(r, "a deploy needs a name: [deploy NAME]");
	struct platform_config *platform = settings_platform_of(r, section);
	if (platform)
		return settings_set_in(r, *section == 'c' ? "coolify" : "portal", platform, key,
		                       value);
	if (strncmp(section, "dokploy ", 8) == 0)
		return settings_set_in(r, "dokploy",
		                       settings_dokploy_section(r,
		                                                section + 8 +
		                                                        strspn(section + 8, " ")),
		                       key, value);
	if (strcmp(section, "dokploy") == 0)
		return COMPLAIN(r, "a Dokploy needs a name: [dokploy NAME]");
	if (strcmp(section, "headscale") == 0)
		return COMPLAIN(r, "a Headscale needs a name: [headscale NAME]");
	if (strcmp(section, "server") == 0)
		return COMPLAIN(r, "a server needs a name: [server NAME]");
	return settings_complain_section(r, section);
}

/* A [server NAME] with nothing in it is a server all the same, and an unknown section a mistake;
 * inih would tell neither. */
static void settings_notice_section(struct reading *r, const char *line)
{
	line += strspn(line, " \t");
	size_t n = *line == '[' ? strcspn(++line, "]\r\n") : 0;
	if (!n || line[n] != ']')
		return;
	char *section = xstrndup(line, n);
	if (strncmp(section, "server ", 7) == 0 && section[7 + strspn(section + 7, " ")])
		settings_server_section(r, section + 7 + strspn(section + 7, " "));
	else if (strncmp(section, "dokploy ", 8) == 0 && section[8 + strspn(section + 8, " ")])
		settings_dokploy_section(r, section + 8 + strspn(section + 8, " "));
	else if (strncmp(section, "deploy ", 7) == 0 && section[7 + strspn(section + 7, " ")])
		settings_deploy_section(r, section + 7 + strspn(section + 7, " "));
	else if (!settings_platform_of(r, section) && strncmp(section, "headscale", 9) != 0 &&
	         strncmp(section, "opencode", 8) != 0 && strncmp(section, "deploy", 6) != 0 &&
	         strncmp(section, "dokploy", 7) != 0 && strcmp(section, "settings") != 0 &&
	         strcmp(section, "keys") != 0 && strcmp(section, "server") != 0)
		settings_complain_section(r, section);
	free(section);
}

static char *settings_next_line(char *buf, int size, void *arg)
{
	struct reading *r = arg;
	char *line = fgets(buf, size, r->f);
	if (!line)
		return NULL;
	r->line++;
	size_t n = strlen(line);
	if (n && line[n - 1] != '\n' && !feof(r->f)) {
		int c;
		while ((c = fgetc(r->f)) != EOF && c != '\n')
			;
		COMPLAIN(r, "the line is longer than %d bytes and was left out", size - 2);
		strcpy(line, "\n");
	}
	char why[256];
	if (!settings_lines_see(r->lines, line, r->line, why, sizeof(why)))
		COMPLAIN(r, "%s", why);
	/* inih takes a line that begins with blanks for more of the value before it. */
	memmove(line, line + strspn(line, " \t"), strlen(line + strspn(line, " \t")) + 1);
	settings_notice_section(r, line);
	return line;
}

static char *settings_home_path(const char *variable, const char *below_home, const char *rest)
{
	const char *xdg = getenv(variable), *home = getenv("HOME");
	if (xdg && *xdg == '/')
		return xasprintf("%s/%s", xdg, rest);
	return xasprintf("%s/%s/%s", home ? home : "/", below_home, rest);
}

/* Nothing is kept in a folder that another user could change: below /dev/null nothing can be made.
 */
static void settings_use_state(struct reading *r)
{
	char why[128];
	r->settings->state_dir = settings_home_path("XDG_STATE_HOME", ".local/state", "mocr");
	if (private_folder(r->settings->state_dir, why, sizeof(why)))
		return;
	if (r->complaints)
		doc_add(r->complaints, DOC_BAD,
		        "%s cannot keep what mocr remembers: %s; nothing is kept",
		        r->settings->state_dir, why);
	xreplace(&r->settings->state_dir, "/dev/null");
}

/* It has commands that are run. What is no plain file, /dev/stdin, was chosen by whoever started
 * this. */
static bool settings_others_write(struct reading *r)
{
	struct stat st;
	if (fstat(fileno(r->f), &st) != 0 || !S_ISREG(st.st_mode) ||
	    !private_is_open_to_others(st.st_uid, st.st_gid, st.st_mode))
		return false;
	r->settings->refused = true;
	r->settings->read_only = true; /* it may have said so */
	r->settings->file = xstrdup(r->file);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		COMPLAIN(r, "not read: it belongs to another user, and it has commands that are "
		            "run here; read-only until then; chown it");
	else
		COMPLAIN(r,
		         "not read: others can write it, and it has commands that are run here; "
		         "read-only until then; chmod go-w %s",
		         r->file);
	return true;
}

/* What cannot be opened is no row that could say so. */
static void settings_check_servers(struct reading *r)
{
	struct err err = { 0 };
	for (const struct server_config *c = r->settings->servers; c; c = c->next) {
		r->line = c->line;
		if (!server_is_destination(c->host ? c->host : c->name, &err))
			COMPLAIN(r, "[server %s]: host: %s", c->name, err.text);
	}
}

/* Without a place to ask it is nothing. */
static void settings_check_url(struct reading *r, const char *section, const char *name,
                               const char *url, int line)
{
	struct endpoint endpoint;
	char host[256];
	const char *prefix;
	size_t n;
	r->line = line;
	if (!url)
		COMPLAIN(r, "[%s %s] has no url; http://HOST:PORT or https://HOST says where it is",
		         section, name);
	else if (!api_url_endpoint(url, &endpoint, host, sizeof(host), &prefix, &n))
		COMPLAIN(r, "[%s %s]: url: expected http://HOST:PORT or https://HOST, got \"%s\"",
		         section, name, url);
}

static void settings_check_urls(struct reading *r)
{
	for (const struct dokploy_config *c = r->settings->dokploys; c; c = c->next)
		settings_check_url(r, "dokploy", c->name, c->url, c->line);
	for (const struct platform_config *c = r->settings->coolifys; c; c = c->next)
		settings_check_url(r, "coolify", c->name, c->url, c->line);
	for (const struct platform_config *c = r->settings->portals; c; c = c->next)
		settings_check_url(r, "portal", c->name, c->url, c->line);
}

static void settings_complain_of_empty(struct reading *r)
{
	char why[256];
	size_t at = 0;
	while ((r->line = settings_lines_empty(r->lines, &at, why, sizeof(why))))
		COMPLAIN(r, "%s", why);
}

static void settings_read_file(struct reading *r)
{
	r->lines = settings_lines_create();
	int bad = ini_parse_stream(settings_next_line, r, settings_on_line, r);
	settings_complain_of_empty(r);
	bool said = bad == settings_lines_wrong(r->lines);
	settings_lines_destroy(r->lines);
	if (bad > 0 && !said) {
		r->line = bad;
		COMPLAIN(r, "this line is not understood; expected [section] or key = value");
	}
}

struct settings *settings_load(const char *file, struct doc *complaints)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	s->refs = 1;
	settings_fallbacks("settings", s);
	char *path = file ? xstrdup(file)
	                  : settings_home_path("XDG_CONFIG_HOME", ".config", "mocr/config");
	struct reading r = {
		.settings = s, .complaints = complaints, .file = path, .f = fopen(path, "re")
	};
	int unreadable = errno;
	settings_use_state(&r);
	if (r.f && settings_others_write(&r)) {
		fclose(r.f);
	} else if (r.f) {
		s->file = xstrdup(path);
		settings_read_file(&r);
		fclose(r.f);
		settings_check_servers(&r);
		settings_check_urls(&r);
	} else if (file || unreadable != ENOENT) {
		COMPLAIN(&r, "cannot be read: %s", strerror(unreadable));
	}
	free(path);
	return s;
}

static void settings_platforms_free(struct platform_config *c)
{
	for (struct platform_config *next; c; c = next) {
		next = c->next;
		char *owned[] = { c->name, c->url, c->server, c->token_command };
		for (size_t i = 0; i < ARRAY_LEN(owned); i++)
			free(owned[i]);
		free(c);
	}
}

const struct settings *settings_keep(const struct settings *s)
{
	if (s && s->refs)
		((struct settings *)s)->refs++; /* all else in it is left alone */
	return s;
}

static void settings_free(struct settings *s);

void settings_destroy(const struct settings *s)
{
	struct settings *own = (struct settings *)s;
	if (own && own->refs && --own->refs == 0)
		settings_free(own);
}

static void settings_free(struct settings *s)
{
	for (struct server_config *c = s->servers, *next; c; c = next) {
		next = c->next;
		free(c->name);
		free(c->host);
		free(c->identity);
		free(c->units);
		free(c->sudo);
		free(c->tailscale_socket);
		free(c);
	}
	for (struct headscale_config *c = s->headscales, *next; c; c = next) {
		next = c->next;
		free(c->name);
		free(c->url);
		free(c->server);
		free(c->token_command);
		free(c->command);
		free(c);
	}
	for (struct opencode_config *c = s->opencodes, *next; c; c = next) {
		next = c->next;
		free(c->name);
		free(c->url);
		free(c->server);
		free(c->user);
		free(c->password_command);
		free(c->directory);
		free(c);
	}
	for (struct deploy_config *c = s->deploys, *next; c; c = next) {
		next = c->next;
		char *owned[] = { c->name,     c->server, c->directory, c->run,
			          c->rollback, c->ask,    c->check };
		for (size_t i = 0; i < ARRAY_LEN(owned); i++)
			free(owned[i]);
		free(c);
	}
	for (struct dokploy_config *c = s->dokploys, *next; c; c = next) {
		next = c->next;
		char *owned[] = { c->name,         c->url,
			          c->server,       c->token_command,
			          c->stack_prefix, c->stack_image,
			          c->stack_domain, c->stack_certificate };
		for (size_t i = 0; i < ARRAY_LEN(owned); i++)
			free(owned[i]);
		free(c);
	}
	settings_platforms_free(s->coolifys);
	settings_platforms_free(s->portals);
	for (struct key_config *c = s->keys, *next; c; c = next) {
		next = c->next;
		free(c->key);
		free(c->action);
		free(c);
	}
	free(s->file);
	free(s->theme);
	free(s->ssh_config);
	free(s->state_dir);
	free(s);
}
