/* hosts.c: every plain Host of ssh_config(5), for --all-hosts and to complete names. Only names are
 * read here. `ssh -G` later reports what a name means. */
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/store/config_add.h"
#include "backends/store/internal.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

#define INCLUDE_DEPTH 16 /* same as OpenSSH's limit (readconf.c READCONF_MAX_DEPTH) */
#define HOSTS_MAX 1000

struct hosts {
	bool (*each)(const char *name, void *arg); /* returns false: do not count the name */
	void *arg;
	char *folder; /* relative Includes start here */
	size_t n;
	int depth;
	/* The lines belong to a Host or Match that is for some hosts only. OpenSSH then reads an
	 * Include for those alone (readconf.c SSHCONF_NEVERMATCH), so its names lead nowhere. */
	bool for_some;
};

static void host_read_config(struct hosts *, const char *path);

static void host_on_host(struct hosts *h, const char *word)
{
	if (strcmp(word, "*") == 0)
		h->for_some = false;
	if ((*word && *word != '!' && !strpbrk(word, "*?")) && h->n < HOSTS_MAX &&
	    h->each(word, h->arg))
		h->n++;
}

static void host_on_include(struct hosts *h, const char *word)
{
	const char *home = getenv("HOME");
	char *pattern;
	if (h->for_some)
		return;
	if (*word == '/')
		pattern = xstrdup(word);
	else if (*word == '~')
		pattern = xasprintf("%s%s", home ? home : "", word + 1);
	else
		pattern = xasprintf("%s/%s", h->folder, word);
	glob_t found;
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			host_read_config(h, found.gl_pathv[i]);
		globfree(&found);
	}
	free(pattern);
}

/* Returns the next word of a line without its quotes. '=' separates words like a blank. NULL: end
 * of the line, or a comment. */
static char *host_next_word(char **line)
{
	char *s = *line + strspn(*line, " \t=\r\n");
	if (!*s || *s == '#')
		return NULL;
	bool quoted = *s == '"';
	s += quoted;
	char *end = s + strcspn(s, quoted ? "\"" : " \t=\r\n");
	*line = *end ? end + 1 : end;
	*end = '\0';
	return s;
}

/* `Match all` is for every host, and no other Match is. */
static void host_on_match(struct hosts *h, const char *word)
{
	if (strcasecmp(word, "all") == 0)
		h->for_some = false;
}

static const struct {
	const char *word;
	bool begins; /* a block of lines for some hosts */
	void (*each)(struct hosts *, const char *);
} host_keys[] = {
	{ "Host", true, host_on_host },
	{ "Match", true, host_on_match },
	{ "Include", false, host_on_include },
};

static void host_read_config(struct hosts *h, const char *path)
{
	FILE *f = h->depth < INCLUDE_DEPTH ? fopen(path, "re") : NULL;
	if (!f)
		return;
	char *line = NULL;
	size_t cap = 0;
	h->depth++;
	while (getline(&line, &cap, f) > 0) {
		char *rest = line, *key = host_next_word(&rest), *word;
		for (size_t i = 0; key && i < ARRAY_LEN(host_keys); i++) {
			if (strcasecmp(key, host_keys[i].word) != 0)
				continue;
			h->for_some |= host_keys[i].begins;
			while ((word = host_next_word(&rest)))
				host_keys[i].each(h, word);
		}
	}
	h->depth--;
	h->for_some = false; /* Includes are read only where this was so */
	free(line);
	fclose(f);
}

size_t hosts_each(const struct settings *settings, bool (*each)(const char *name, void *arg),
                  void *arg, struct err *err)
{
	struct passwd *pw = getpwuid(getuid()); /* as ssh does, not from $HOME */
	char *folder = xasprintf("%s/.ssh", pw ? pw->pw_dir : "");
	char *path = settings->ssh_config ? xstrdup(settings->ssh_config)
	                                  : xasprintf("%s/config", folder);
	struct hosts h = { .each = each, .arg = arg, .folder = folder };
	if (access(path, R_OK) != 0)
		err_set(err, ERR_ABSENT, "%s cannot be read (%s), so there is no Host to open",
		        path, strerror(errno));
	else
		host_read_config(&h, path);
	if (!h.n && !err->text[0])
		err_set(err, ERR_ABSENT, "%s has no plain Host", path);
	free(path);
	free(folder);
	return h.n;
}

static bool host_open_new(const char *name, void *store)
{
	struct err err;
	return !store_server_find(store, name) && server_open(store, name, &err);
}

size_t servers_open_all_hosts(struct store *s, struct err *err)
{
	return hosts_each(s->settings, host_open_new, s, err);
}

/* --- hosts to offer ------------------------------------------------------- */

struct host_offer {
	const struct store *store;
	char **names; /* owned until they are handed over */
	size_t n;
};

static bool host_offer(const char *name, void *arg)
{
	struct host_offer *o = arg;
	for (size_t i = 0; i < o->n; i++)
		if (!strcmp(o->names[i], name))
			return false;
	/* A name that reads as user@host or host:port would be another destination in the
	 * configuration. */
	struct err ignored;
	if (!config_takes_name(name) || strpbrk(name, "@:/") ||
	    !link_is_destination(name, &ignored))
		return false;
	const struct settings *set = o->store->settings;
	for (const struct server_config *c = set->servers; c; c = c->next)
		if (!strcmp(c->name, name) || (c->host && !strcmp(c->host, name)))
			return false;
	if (store_server_find(o->store, name) || here_is(set, name))
		return false;
	o->names = xrealloc(o->names, (o->n + 1) * sizeof(*o->names));
	o->names[o->n++] = xstrdup(name);
	return true;
}

char **hosts_unwatched(const struct store *s, size_t *n)
{
	struct host_offer o = { .store = s };
	struct err ignored = { 0 };
	hosts_each(s->settings, host_offer, &o, &ignored);
	*n = o.n;
	return o.names;
}

/* --- mistyped names ------------------------------------------------------- */

struct host_names {
	const char *wrong;
	char *at[HOSTS_MAX];
	size_t n;
};

static bool host_gather(const char *name, void *arg)
{
	struct host_names *all = arg;
	if (all->n < HOSTS_MAX && strcmp(name, all->wrong) != 0)
		all->at[all->n++] = xstrdup(name);
	return true;
}

char *hosts_nearest(const struct store *s, const char *name)
{
	struct host_names *all = xcalloc(1, sizeof(*all));
	struct err ignored = { 0 };
	all->wrong = name;
	for (const struct server_config *c = s->settings->servers; c; c = c->next)
		host_gather(c->name, all);
	for (const struct server *v = s->servers; v; v = v->next)
		host_gather(v->name, all);
	hosts_each(s->settings, host_gather, all, &ignored);
	const char *near = nearest(name, (const char *const *)all->at, all->n);
	char *found = near ? xstrdup(near) : NULL;
	while (all->n)
		free(all->at[--all->n]);
	free(all);
	return found;
}
