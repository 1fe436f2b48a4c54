/* cause.c: see cause.h. */
#include "backends/store/cause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/sshconf.h"
#include "backends/store/internal.h"
#include "backends/store/settings.h"

#define WAY_MAX 8 /* servers on the way to another; more is a circle */

bool server_is_down(const struct server *v)
{
	return v->link && v->link->state != LINK_UP && v->row.health == HEALTH_BAD;
}

/* --- the way to a server ------------------------------------------------- */

/* What a word of ProxyJump or of the configuration may mean: the first two down servers that are
 * called so, because a server is not behind itself. */
struct cause_word {
	char *word; /* owned */
	struct server *first, *second;
	UT_hash_handle hh;
};

static void cause_add_word(struct cause_word **words, const char *word, struct server *v)
{
	struct cause_word *w = NULL;
	if (!word || !*word)
		return;
	HASH_FIND_STR(*words, word, w);
	if (!w) {
		w = xcalloc(1, sizeof(*w));
		w->word = xstrdup(word);
		w->first = v;
		HASH_ADD_KEYPTR(hh, *words, w->word, strlen(w->word), w);
	} else if (!w->second && w->first != v) {
		w->second = v;
	}
}

/* The server that host names, if that server is down; else NULL. */
static const struct server *cause_down(const struct cause_word *words, const struct server *of,
                                       const char *word)
{
	struct cause_word *w = NULL;
	HASH_FIND_STR(words, word, w);
	if (!w)
		return NULL;
	return w->first == of ? w->second : w->first;
}

/* The down server that v is directly behind: its parent, a jump or its hub. NULL: none. */
static const struct server *cause_find_next(const struct cause_word *all, const struct server *v)
{
	const char *parent = v->config ? v->config->parent : NULL;
	const struct server *found = parent ? cause_down(all, v, parent) : NULL;
	/* The first hop is the farthest from the server, and the nearest to this machine. */
	char *words = xstrdup(v->link->jumps), *rest = words, *word;
	while (!found && (word = strsep(&rest, ","))) {
		struct ssh_dest hop = { 0 };
		if (!ssh_dest_parse(&hop, word, NULL))
			continue;
		found = cause_down(all, v, hop.host);
		ssh_dest_finish(&hop);
	}
	free(words);
	return found || !*v->hub ? found : cause_down(all, v, v->hub);
}

/* All ways in one pass, because each of many servers may be behind each other one. */
static void cause_find_all(struct store *s)
{
	struct cause_word *words = NULL;
	for (struct server *v = s->servers; v; v = v->next)
		if (server_is_down(v)) {
			/* A server is called by its name, by the host of its section, and by the
			 * address that ssh_config gives it. */
			struct ssh_dest dest = { 0 };
			const char *at = v->config ? v->config->host : NULL;
			cause_add_word(&words, v->name, v);
			cause_add_word(&words, v->link->hostname, v);
			if (at && ssh_dest_parse(&dest, at, NULL)) {
				cause_add_word(&words, dest.host, v);
				ssh_dest_finish(&dest);
			}
		}
	for (struct server *v = s->servers; v; v = v->next)
		v->cause_next = server_is_down(v) ? cause_find_next(words, v) : NULL;
	for (struct server *v = s->servers; v; v = v->next) {
		const struct server *root = NULL, *next = v;
		for (int i = 0; next && i < WAY_MAX; i++) {
			next = next->cause_next;
			if (next == v) /* a circle explains nothing */
				break;
			root = next ? next : root;
		}
		v->cause_root = next ? NULL : root;
	}
	struct cause_word *w, *next;
	HASH_ITER (hh, words, w, next) {
		HASH_DEL(words, w);
		free(w->word);
		free(w);
	}
}

const struct server *cause_of(const struct server *v)
{
	struct store *s = v->store;
	if (s->causes_at != s->servers_news || s->causes_wide != s->wide_generation) {
		s->causes_at = s->servers_news;
		s->causes_wide = s->wide_generation;
		cause_find_all(s);
	}
	return server_is_down(v) ? v->cause_root : NULL;
}

void cause_set_hub(struct server *v, const char *hub, const char *route)
{
	if (!strcmp(v->hub, hub) && !strcmp(v->hub_route, route))
		return;
	snprintf(v->hub, sizeof(v->hub), "%s", hub);
	snprintf(v->hub_route, sizeof(v->hub_route), "%s", route);
	store_changed_widely(v->store);
}

bool cause_is_hub(const struct server *v)
{
	const char *parent = v->config ? v->config->parent : NULL;
	return v->cause_next && *v->hub && !parent && !*v->link->jumps;
}

/* --- folding ------------------------------------------------------------- */

/* A link that was never up has no old facts. */
static bool cause_is_cut_off(const struct server *v)
{
	const struct link *link = v->link;
	bool never = link && link->state == LINK_DOWN && !link->up_ms;
	return link && link->state != LINK_UP && !never;
}

/* A source that failed may still have fresh rows, as one broken section among good ones. */
static bool cause_is_silent(const struct source *s)
{
	bool silent = s->state == SOURCE_STALE && *s->err.text;
	return silent || s->state == SOURCE_DENIED;
}

const struct source *cause_source_of(const struct row *row)
{
	const struct source *s = row->source;
	/* a session may be served by another program than the one that is silent */
	if (!s || row->kind->by_work || row->kind->apart || cause_is_cut_off(row->server) || s->old)
		return NULL;
	return s->need_told && cause_is_silent(s) ? s : NULL;
}

bool cause_folds(const struct row *row)
{
	const struct server *v = row->server;
	if (row == &v->row) {
		if (!server_is_down(v))
			return false;
		/* what was refused has a cause of its own */
		enum err_code code = v->link->err.code;
		return code != ERR_DENIED && code != ERR_USAGE && cause_of(v) != NULL;
	}
	/* a row without a source is about this console, as one of a channel that cannot send is */
	if (!row->source)
		return false;
	return cause_is_cut_off(v) || row->source->old || cause_source_of(row);
}

char *cause_id(const struct row *row)
{
	const struct server *v = row->server;
	const struct server *root = row == &v->row ? cause_of(v) : NULL;
	const struct source *s = cause_source_of(row);
	if (s)
		return xasprintf("%s/%s/%s", v->name, kind_source.name, s->backend->name);
	return xstrdup(root ? root->row.id : v->row.id);
}

size_t cause_behind(const struct server *v)
{
	size_t n = 0;
	for (const struct server *one = store_servers(v->store); one; one = one->next)
		n += one->row.need == NEED_FOLDED && cause_of(one) == v;
	return n;
}

/* --- words --------------------------------------------------------------- */

static void cause_clock(int64_t wall_ms, char *buf, size_t size)
{
	time_t at = (time_t)(wall_ms / 1000), now = (time_t)(now_wall_ms() / 1000);
	struct tm then, today;
	localtime_r(&at, &then);
	localtime_r(&now, &today);
	bool same = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
	strftime(buf, size, same ? "%H:%M" : "%e %b %H:%M", &then);
}

bool cause_says(const struct server *v, char *buf, size_t size)
{
	char clock[32];
	if (!server_is_down(v))
		return false;
	size_t things = v->facts, behind = 0, n;
	for (const struct server *one = store_servers(v->store); one; one = one->next)
		if (one->row.need == NEED_FOLDED && cause_of(one) == v) {
			behind++;
			things += one != v ? one->facts : 0;
		}
	if (!things && !behind)
		return false;
	cause_clock(v->row.health_ms, clock, sizeof(clock));
	n = (size_t)snprintf(buf, size, "down since %s", clock + strspn(clock, " "));
	if (things && n < size)
		n += (size_t)snprintf(buf + n, size - n, ", %zu thing%s on it unknown", things,
		                      things == 1 ? "" : "s");
	if (behind && n < size)
		snprintf(buf + n, size - n, ", %zu server%s behind it", behind,
		         behind == 1 ? "" : "s");
	return true;
}

bool cause_source_says(const struct source *s, char *buf, size_t size)
{
	char clock[32];
	size_t n = 0;
	/* what refuses from the beginning left nothing unknown */
	if (!cause_is_silent(s) || (s->state == SOURCE_DENIED && !s->fresh_ms))
		return false;
	/* the kind of which it has the most rows, and how many */
	const struct kind *kind = NULL;
	for (size_t i = 0; i < s->server->n_kin; i++) {
		size_t count = 0;
		for (const struct row *r = s->server->kin[i].rows; r; r = r->kin_next)
			count += r->source == s;
		if (count <= n)
			continue;
		n = count;
		kind = s->server->kin[i].kind;
	}
	if (!kind || kind->apart)
		return false;
	const char *how = s->err.code == ERR_ABSENT ? "stopped" : "silent";
	if (s->state == SOURCE_DENIED)
		how = "refuses";
	cause_clock(s->since_ms, clock, sizeof(clock));
	snprintf(buf, size, "%s since %s, %zu %s unknown", how, clock + strspn(clock, " "), n,
	         n == 1 ? kind->name : kind->plural);
	return true;
}
