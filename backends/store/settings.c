/* settings.c: read the configuration file by a table of keys and a table of sections.
 *
 * A section consists of its struct in settings.h, its rows in settings_rows.c and one line in
 * sections[] below. Finding, making, checking and freeing a section all follow from these. inih
 * parses the lines. settings_lines.c catches the mistakes that inih accepts silently.
 *
 * A wrong line is a complaint with its position and the nearest valid name. The rest of the file
 * still counts. */
#include "backends/store/settings.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini.h>

#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/private.h"
#include "backends/base/wash.h"
#include "backends/link/api.h"
#include "backends/link/link.h"
#include "backends/link/wire.h"
#include "backends/store/doc.h"
#include "backends/store/probe_spec.h"
#include "backends/store/settings_lines.h"
#include "backends/store/settings_rows.h"

#define KEYS_MAX 64 /* per section */

struct reading {
	struct settings *settings;
	struct doc *complaints;
	const char *file;
	FILE *f;
	int line; /* in the file, counted by settings_next_line */
	struct settings_lines *lines;
	char heading[256]; /* text between the last brackets; inih cuts it after 49 bytes */
	int heading_line;
	bool keyed; /* a key followed the heading */
	int failed; /* errno of a line that could not be read; 0: none */
};

#define COMPLAIN(r, ...) settings_complain(r, xasprintf(__VA_ARGS__))
static int settings_complain(struct reading *r, char *text)
{
	/* without a line the complaint is about the whole file */
	char *whole = r->line ? xasprintf("%s:%d: %s", r->file, r->line, text)
	                      : xasprintf("%s: %s", r->file, text);
	if (r->complaints)
		doc_add(r->complaints, DOC_BAD, "%s", whole);
	if (!r->settings->wrong)
		r->settings->wrong = xstrdup(whole);
	free(whole);
	free(text);
	return 1; /* tells inih to continue */
}

/* Returns "; did you mean WORD?", or "" if no name is similar. The caller frees. */
static char *settings_hint(const char *before, const char *near, const char *after)
{
	return near ? xasprintf("; did you mean %s%s%s?", before, near, after) : xstrdup("");
}

/* --- sections ------------------------------------------------------------ */

struct section {
	const char *name; /* first word of its heading; section name of its rows */
	/* "a server": a section that can occur many times with names; NULL: occurs once */
	const char *what;
	size_t list; /* offset in struct settings of the pointer to the first struct; for many */
	size_t size; /* of one struct; for many; its members are: */
	/* offsets of char *name, int line, and the pointer to the next struct */
	size_t called, line, next;
	size_t name_max; /* max bytes of the name; 0: WASH_MAX */
	bool plain_name; /* only letters, digits, . _ - because files and units contain the name */
	bool may_be_empty;    /* a heading without keys is valid; otherwise it is a mistake */
	const char *required; /* required text keys: "url server"; NULL: none */
	/* Handles every key itself. NULL: the rows say which keys are valid. */
	int (*add)(struct reading *, const char *key, const char *value);
	/* Checks one struct after the whole file was read. NULL: none. */
	void (*check)(struct reading *, const struct section *, const void *one);
};

static int settings_add_key(struct reading *r, const char *key, const char *value);
static void settings_check_host(struct reading *r, const struct section *, const void *one);
static void settings_check_url(struct reading *r, const struct section *, const void *one);
static void settings_check_wire(struct reading *r, const struct section *, const void *one);
static void settings_check_metric(struct reading *r, const struct section *, const void *one);
static void settings_check_probe(struct reading *r, const struct section *, const void *one);
static void settings_check_pointers(struct reading *r, const struct section *, const void *one);

#define MANY(type, field)                                                           \
	.list = offsetof(struct settings, field), .size = sizeof(struct type),      \
	.called = offsetof(struct type, name), .line = offsetof(struct type, line), \
	.next = offsetof(struct type, next)
#define PLATFORM(type, field)                                                       \
	MANY(type, field), .name_max = 60, .may_be_empty = true, .required = "url", \
			   .check = settings_check_url

/* with a protocol of its own instead of HTTP */
#define WIRED(type, field)                                                          \
	MANY(type, field), .name_max = 60, .may_be_empty = true, .required = "url", \
			   .check = settings_check_wire

#define SYSTEM(word, title, type, list) { .name = word, .what = title, PLATFORM(type, list) }

static const struct section sections[] = {
	{ .name = "settings" },
	{ .name = "server",
	  .what = "a server",
	  MANY(server_config, servers),
	  .may_be_empty = true,
	  .check = settings_check_host },
	{ .name = "tag", .what = "a tag", MANY(tag_config, tags) },
	{ .name = "panel", .what = "a panel", MANY(look_config, looks) },
	{ .name = "headscale", .what = "a Headscale", MANY(headscale_config, headscales) },
	{ .name = "opencode", .what = "an OpenCode server", MANY(opencode_config, opencodes) },
	{ .name = "deploy",
	  .what = "a deploy",
	  MANY(deploy_config, deploys),
	  .may_be_empty = true,
	  .name_max = 48,
	  .plain_name = true },
	{ .name = "check",
	  .what = "a check",
	  MANY(check_config, checks),
	  .may_be_empty = true,
	  .name_max = 60,
	  .check = settings_check_probe },
	{ .name = "dokploy", .what = "a Dokploy", PLATFORM(dokploy_config, dokploys) },
	{ .name = "coolify", .what = "a Coolify", PLATFORM(platform_config, coolifys) },
	{ .name = "portal", .what = "a portal", PLATFORM(platform_config, portals) },
	{ .name = "notify",
	  .what = "a way to tell you",
	  MANY(notify_config, notifys),
	  .name_max = 48,
	  .plain_name = true,
	  .may_be_empty = true,
	  .required = "type" },
	SYSTEM("prometheus", "a Prometheus", platform_config, prometheuses),
	SYSTEM("alertmanager", "an Alertmanager", platform_config, alertmanagers),
	SYSTEM("grafana", "a Grafana", platform_config, grafanas),
	SYSTEM("litellm", "a LiteLLM", litellm_config, litellms),
	SYSTEM("ollama", "an Ollama", platform_config, ollamas),
	{ .name = "metric",
	  .what = "a metric",
	  MANY(metric_config, metrics),
	  .name_max = 60,
	  .may_be_empty = true,
	  .required = "query",
	  .check = settings_check_metric },
	{ .name = "postgres", .what = "a PostgreSQL", WIRED(platform_config, postgreses) },
	{ .name = "redis", .what = "a Redis", WIRED(platform_config, redises) },
	SYSTEM("loki", "a Loki", logs_config, lokis),
	SYSTEM("victorialogs", "a VictoriaLogs", logs_config, victorialogses),
	SYSTEM("ntfy", "an ntfy", platform_config, ntfys),
	SYSTEM("n8n", "an n8n", platform_config, n8ns),
	SYSTEM("qdrant", "a Qdrant", platform_config, qdrants),
	SYSTEM("caddy", "a Caddy", platform_config, caddies),
	SYSTEM("cadvisor", "a cAdvisor", platform_config, cadvisors),
	{ .name = "openclaw", .what = "an OpenClaw", WIRED(platform_config, openclaws) },
	SYSTEM("ci", "a CI", ci_config, cis),
	SYSTEM("dns", "a DNS", platform_config, dnses),
	SYSTEM("mission", "a Mission Control", platform_config, missions),
	SYSTEM("relay", "an AI relay", platform_config, relays),
	{ .name = "zlh",
	  .what = "a zlh-agent",
	  MANY(zlh_config, zlhs),
	  .name_max = 60,
	  .may_be_empty = true,
	  .required = "url",
	  .check = settings_check_pointers },
	{ .name = "keys", .add = settings_add_key },
};

/* Reads a pointer member by its offset, because only the table knows the type of the struct. */
static void *settings_pointer(const void *base, size_t offset)
{
	void *p;
	memcpy(&p, (const char *)base + offset, sizeof(p));
	return p;
}

static const char *settings_section_name(const struct section *s, const void *one)
{
	return settings_pointer(one, s->called);
}

/* The value of a text key; NULL: not set. */
static const char *settings_section_text(const struct section *s, const void *one, const char *key)
{
	return settings_pointer(one, setting_find(s->name, strlen(s->name), key)->offset);
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
/* Returns the section with this name. Makes it on first use. A "/" in the stored name would split
 * the ids of rows. */
static void *settings_section(struct reading *r, const struct section *s, const char *heading)
{
	static const char plain[] = LETTERS "0123456789._-";
	char *name = wash_dup(heading, s->name_max);
	for (char *c = name; *c; c++)
		if (*c == '/' || (s->plain_name && !strchr(plain, *c)))
			*c = '-';
	if (!*name)
		xreplace(&name, "-");
	if (s->plain_name && !isalnum((unsigned char)*name))
		*name = '-';
	void *before = r->settings, *one;
	size_t next = s->list;
	while ((one = settings_pointer(before, next))) {
		if (strcmp(settings_section_name(s, one), name) == 0) {
			free(name);
			return one;
		}
		before = one;
		next = s->next;
	}
	if (s->plain_name && (*name == '-' || strcmp(heading, name) != 0))
		COMPLAIN(r,
		         "[%s %s]: a name has letters, digits and . _ - only, at most %zu; "
		         "other characters became -",
		         s->name, heading, s->name_max);
	one = xcalloc(1, s->size);
	settings_set_fallbacks(s->name, one);
	memcpy((char *)one + s->called, &name, sizeof(name));
	memcpy((char *)one + s->line, &r->line, sizeof(r->line));
	memcpy((char *)before + next, &one, sizeof(one));
	return one;
}

/* "log:f = ACTION" is a key in a context. inih takes the colon for the end of the key, so the rest
 * of the key is in the value. */
static int settings_add_key(struct reading *r, const char *key, const char *value)
{
	struct key_config *c = xcalloc(1, sizeof(*c));
	const char *equals = *value ? strchr(value + 1, '=') : NULL;
	c->line = r->line;
	if (equals) {
		size_t n = (size_t)(equals - value);
		while (n && isspace((unsigned char)value[n - 1]))
			n--;
		c->key = xasprintf("%s:%.*s", key, (int)n, value);
		c->action = xstrdup(equals + 1 + strspn(equals + 1, " \t"));
	} else {
		c->key = xstrdup(key);
		c->action = xstrdup(value);
	}
	LIST_APPEND(r->settings->keys, c);
	return 1;
}

/* --- checks at the end of the file --------------------------------------- */

/* Checks the host of a server here, since a server that cannot be opened has no row for a
 * complaint. */
static void settings_check_host(struct reading *r, const struct section *s, const void *one)
{
	const char *host = settings_section_text(s, one, "host");
	const char *name = settings_section_name(s, one);
	struct err err = { 0 };
	if (!link_is_destination(host ? host : name, &err))
		COMPLAIN(r, "[%s %s]: host: %s", s->name, name, err.text);
}

static void settings_check_url(struct reading *r, const struct section *s, const void *one)
{
	const char *url = settings_section_text(s, one, "url"), *prefix;
	struct endpoint endpoint;
	char host[256];
	size_t n;
	if (url && !api_url_endpoint(url, &endpoint, host, sizeof(host), &prefix, &n))
		COMPLAIN(r, "[%s %s]: url: expected http://HOST:PORT or https://HOST, got \"%s\"",
		         s->name, settings_section_name(s, one), url);
}

static void settings_check_wire(struct reading *r, const struct section *s, const void *one)
{
	const char *url = settings_section_text(s, one, "url");
	struct wire_url read;
	struct err err;
	if (url && !wire_url_read(url, s->name, &read, &err))
		COMPLAIN(r, "[%s %s]: %s", s->name, settings_section_name(s, one), err.text);
}

/* A limit is a number, also a negative one. */
static void settings_check_limit(struct reading *r, const struct section *s, const void *one,
                                 const char *key)
{
	const char *text = settings_section_text(s, one, key);
	char *end;
	if (!text)
		return;
	double n = strtod(text, &end);
	if (end == text || *end || !isfinite(n))
		COMPLAIN(r, "[%s %s]: %s: expected a number such as 80 or 0.5, got \"%s\"", s->name,
		         settings_section_name(s, one), key, text);
}

static void settings_check_metric(struct reading *r, const struct section *s, const void *one)
{
	const char *wanted = settings_section_text(s, one, "prometheus");
	const char *url = settings_section_text(s, one, "url");
	const struct platform_config *p = r->settings->prometheuses;
	while (p && wanted && strcmp(p->name, wanted) != 0)
		p = p->next;
	if (wanted && !p)
		COMPLAIN(r, "[%s %s]: there is no [prometheus %s]", s->name,
		         settings_section_name(s, one), wanted);
	if (!wanted && !url)
		COMPLAIN(r, "[%s %s] has no prometheus = NAME of a [prometheus NAME], and no url",
		         s->name, settings_section_name(s, one));
	settings_check_url(r, s, one);
	settings_check_limit(r, s, one, "warn");
	settings_check_limit(r, s, one, "bad");
}

static void settings_check_probe(struct reading *r, const struct section *s, const void *one)
{
	struct probe_spec spec;
	struct err err;
	if (!probe_spec_read(one, &spec, &err))
		COMPLAIN(r, "[%s %s]: %s", s->name, settings_section_name(s, one), err.text);
}

/* A key whose fallback is a JSON pointer takes one, or nothing. */
static void settings_check_pointers(struct reading *r, const struct section *s, const void *one)
{
	settings_check_url(r, s, one);
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		bool is_one = !strcmp(row->section, s->name) && row->fallback &&
		              row->fallback[0] == '/';
		const char *text = is_one ? settings_section_text(s, one, row->key) : NULL;
		if (text && *text && *text != '/')
			COMPLAIN(r,
			         "[%s %s]: %s: expected a JSON pointer such as %s, or nothing; "
			         "got \"%s\"",
			         s->name, settings_section_name(s, one), row->key, row->fallback,
			         text);
	}
}

static void settings_check_section(struct reading *r, const struct section *s)
{
	if (!s->what)
		return;
	const void *one = settings_pointer(r->settings, s->list);
	for (; one; one = settings_pointer(one, s->next)) {
		memcpy(&r->line, (const char *)one + s->line, sizeof(r->line));
		if (s->required) {
			for (const struct setting_row *row = setting_rows; row->key; row++) {
				if (strcmp(row->section, s->name) != 0 ||
				    !setting_word_in(row->key, s->required))
					continue;
				if (!settings_section_text(s, one, row->key))
					COMPLAIN(r, "[%s %s] has no %s: %s", s->name,
					         settings_section_name(s, one), row->key,
					         row->help);
			}
		}
		if (s->check)
			s->check(r, s, one);
	}
}

/* --- lines --------------------------------------------------------------- */

/* Returns the section that "server pi" means, and where its name begins. NULL: none. */
static const struct section *settings_heading(const char *heading, const char **name)
{
	size_t n = strcspn(heading, " ");
	*name = heading + n + strspn(heading + n, " ");
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		const struct section *s = &sections[i];
		if (strlen(s->name) == n && strncmp(s->name, heading, n) == 0)
			return s->what || !**name ? s : NULL;
	}
	return NULL;
}

/* Complains at the end of a section without keys, if the section does nothing without keys. */
static void settings_leave_heading(struct reading *r)
{
	const char *name;
	const struct section *s = settings_heading(r->heading, &name);
	if (r->keyed || !s || !s->what || !*name || s->may_be_empty)
		return;
	int line = r->line;
	r->line = r->heading_line;
	COMPLAIN(r, "[%s] has no key and does nothing", r->heading);
	r->line = line;
}

/* Complains about a heading once, not for each of its keys. */
static void settings_on_heading(struct reading *r, const char *heading)
{
	const char *name;
	settings_leave_heading(r);
	snprintf(r->heading, sizeof(r->heading), "%s", heading);
	r->heading_line = r->line;
	r->keyed = false;
	const struct section *s = settings_heading(r->heading, &name);
	if (!s) {
		const char *names[ARRAY_LEN(sections)];
		for (size_t i = 0; i < ARRAY_LEN(sections); i++)
			names[i] = sections[i].name;
		char *word = xstrndup(r->heading, strcspn(r->heading, " "));
		char *hint = settings_hint("[", nearest(word, names, ARRAY_LEN(names)), "]");
		COMPLAIN(r, "there is no section [%s]%s", r->heading, hint);
		free(hint);
		free(word);
	} else if (s->what && !*name)
		COMPLAIN(r, "%s needs a name: [%s NAME]", s->what, s->name);
	else if (s->may_be_empty)
		settings_section(r, s, name);
}

static int settings_on_line(void *arg, const char *heading, const char *key, const char *value)
{
	struct reading *r = arg;
	const char *name;
	if (!*heading)
		return COMPLAIN(r, "\"%s\" stands before any section; [settings] is likely meant",
		                key);
	if (strncmp(heading, r->heading, strlen(heading)) != 0)
		settings_on_heading(r, heading);
	r->keyed = true;
	const struct section *s = settings_heading(r->heading, &name);
	if (!s || (s->what && !*name))
		return 1; /* settings_on_heading has complained already */
	if (s->add)
		return s->add(r, key, value);
	const struct setting_row *row = setting_find(s->name, strlen(s->name), key);
	char why[512];
	if (!row) {
		const char *names[KEYS_MAX];
		size_t n = 0;
		for (row = setting_rows; row->key && n < KEYS_MAX; row++)
			if (strcmp(row->section, s->name) == 0)
				names[n++] = row->key;
		char *hint = settings_hint("\"", nearest(key, names, n), "\"");
		COMPLAIN(r, "[%s] has no key \"%s\"%s", s->name, key, hint);
		free(hint);
		return 1;
	}
	void *base = s->what ? settings_section(r, s, name) : r->settings;
	if (setting_set(row, base, value, why, sizeof(why)))
		return 1;
	return COMPLAIN(r, "%s", why);
}

static char *settings_next_line(char *buf, int size, void *arg)
{
	struct reading *r = arg;
	errno = 0;
	char *line = fgets(buf, size, r->f);
	if (!line) {
		if (ferror(r->f))
			r->failed = errno ? errno : EIO;
		return NULL;
	}
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
	/* inih takes a line that begins with blanks as a continuation of the value before. */
	memmove(line, line + strspn(line, " \t"), strlen(line + strspn(line, " \t")) + 1);
	/* inih does not report headings without keys. But a [server NAME] without a key is a valid
	 * server, and an unknown section is a mistake. */
	static const char bom[] = "\xef\xbb\xbf";
	const char *text = line + (r->line == 1 && strncmp(line, bom, 3) == 0 ? 3 : 0);
	size_t end = *text == '[' ? strcspn(text, "]\r\n") : 0;
	if (end > 1 && text[end] == ']') {
		char *heading = xstrndup(text + 1, end - 1);
		settings_on_heading(r, heading);
		free(heading);
	}
	return line;
}

static char *settings_home_path(const char *variable, const char *below_home, const char *rest)
{
	const char *xdg = getenv(variable), *home = getenv("HOME");
	if (xdg && *xdg == '/')
		return xasprintf("%s/%s", xdg, rest);
	return xasprintf("%s/%s/%s", home ? home : "/", below_home, rest);
}

/* Refuses a file that others can write, because mocr runs commands from it. Whatever is not a
 * regular file, such as /dev/stdin, was chosen by the user who started mocr. */
static bool settings_others_write(struct reading *r)
{
	struct stat st;
	if (fstat(fileno(r->f), &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	if (!private_is_open_to_others(st.st_uid, st.st_gid, st.st_mode))
		return false;
	r->settings->file_state = SETTINGS_REFUSED;
	r->settings->read_only = true; /* the refused file may have said read_only */
	if (st.st_uid != geteuid() && st.st_uid != 0)
		COMPLAIN(r, "not read: it belongs to another user, and mocr runs commands from it; "
		            "read-only until you chown it");
	else
		COMPLAIN(r,
		         "not read: others can write it, and mocr runs commands from it; read-only "
		         "until you chmod go-w %s",
		         r->file);
	return true;
}

static void settings_read_file(struct reading *r)
{
	r->lines = settings_lines_create();
	int bad = ini_parse_stream(settings_next_line, r, settings_on_line, r);
	settings_leave_heading(r);
	bool said = bad == settings_lines_wrong(r->lines);
	settings_lines_destroy(r->lines);
	if (bad > 0 && !said) {
		r->line = bad;
		COMPLAIN(r, "this line is not understood; expected [section] or key = value");
	}
	if (r->failed) {
		r->line = 0;
		COMPLAIN(r, "cannot be read: %s", strerror(r->failed));
	}
	/* A metric is asked where its [prometheus NAME] is. */
	for (struct metric_config *m = r->settings->metrics; m; m = m->next)
		for (const struct platform_config *p = r->settings->prometheuses; p; p = p->next) {
			if (!m->prometheus || strcmp(p->name, m->prometheus) != 0)
				continue;
			xreplace(&m->url, p->url);
			xreplace(&m->server, p->server);
			xreplace(&m->token_command, p->token_command);
		}
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		settings_check_section(r, &sections[i]);
}

struct settings *settings_load(const char *file, struct doc *complaints)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	s->refs = 1;
	settings_set_fallbacks("settings", s);
	char *path = file ? xstrdup(file)
	                  : settings_home_path("XDG_CONFIG_HOME", ".config", "mocr/config");
	struct reading r = { .settings = s, .complaints = complaints, .file = path };
	r.f = fopen(path, "re");
	int unreadable = errno;
	/* Uses no state folder that another user could change. /dev/null means to keep no state. */
	char why[128];
	r.settings->state_dir = settings_home_path("XDG_STATE_HOME", ".local/state", "mocr");
	if (!private_folder(r.settings->state_dir, why, sizeof(why))) {
		if (r.complaints)
			doc_add(r.complaints, DOC_BAD,
			        "%s cannot keep what mocr remembers: %s; nothing is kept",
			        r.settings->state_dir, why);
		xreplace(&r.settings->state_dir, "/dev/null");
	}
	/* only the usual file need not be there */
	if (r.f || file || unreadable != ENOENT)
		s->file = xstrdup(path);
	if (r.f && !settings_others_write(&r))
		settings_read_file(&r);
	else if (!r.f && s->file)
		COMPLAIN(&r, "cannot be read: %s", strerror(unreadable));
	if (r.f)
		fclose(r.f);
	s->path = path;
	return s;
}

struct settings *settings_reload(const struct settings *before, struct doc *complaints,
                                 struct err *err)
{
	struct settings *fresh = settings_load(before->file, complaints);
	if (!fresh->wrong)
		return fresh;
	err_set(err, ERR_USAGE, "the previous configuration stays: %s", fresh->wrong);
	settings_destroy(fresh);
	return NULL;
}

const struct settings *settings_keep(const struct settings *s)
{
	if (s && s->refs)
		/* the reference count is the only member that changes */
		((struct settings *)s)->refs++;
	return s;
}

void settings_destroy(const struct settings *borrowed)
{
	struct settings *s = (struct settings *)borrowed;
	if (!s || !s->refs || --s->refs > 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (sections[i].what) {
			for (void *one = settings_pointer(s, sections[i].list), *next; one;
			     one = next) {
				next = settings_pointer(one, sections[i].next);
				settings_free_texts(sections[i].name, one);
				free(settings_pointer(one, sections[i].called));
				free(one);
			}
		}
	for (struct key_config *c = s->keys, *next; c; c = next) {
		next = c->next;
		free(c->key);
		free(c->action);
		free(c);
	}
	settings_free_texts("settings", s);
	free(s->file);
	free(s->path);
	free(s->state_dir);
	free(s->wrong);
	free(s);
}
