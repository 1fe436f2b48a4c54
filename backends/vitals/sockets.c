/* sockets.c: what the shell reported about a server's sockets, and whether a source may open
 * one. */
#include "backends/vitals/sockets.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/internal.h"
#include "backends/store/record.h"
#include "backends/vitals/vitals.h"

#define WORKED_AGAIN_MS (5 * 60 * 1000)
#define SOCKETS_FILE_MAX (64u << 10)
#define TOLD_LATE_MS                                                                \
	4000 /* if the shell has not reported by then, sockets are tried without it \
	      */
#define LOST_MOST_MS (60 * 60 * 1000)

int64_t sockets_lost_ms = 5 * 60 * 1000;

/* The shell's words. It says "listens" after reading the kernel's list, so that word overrides a
 * failed try. */
enum word { WORD_NONE, WORD_ABSENT, WORD_STOPPED, WORD_SHUT, WORD_READY, WORD_LISTENS };
static const char *const word_names[] = { "",     "absent", "stopped",
	                                  "shut", "ready",  "listens" };

static const char dead_name[] = "dead"; /* only in the file: the socket exists, but a try failed */

static const struct {
	const char *name, *path;
	/* relative to the login's runtime folder; used if path is NULL */
	const char *users;
	bool of_engine;
} sockets[SOCKET_IDS] = {
	[SOCKET_DOCKER] = { "docker", "/var/run/docker.sock", NULL, true },
	[SOCKET_DOCKER_USER] = { "docker-user", NULL, "docker.sock", true },
	[SOCKET_PODMAN] = { "podman", "/run/podman/podman.sock", NULL, true },
	[SOCKET_PODMAN_USER] = { "podman-user", NULL, "podman/podman.sock", true },
	[SOCKET_BUS] = { "bus", "/run/dbus/system_bus_socket", NULL, false },
	[SOCKET_BUS_USER] = { "bus-user", NULL, "bus", false },
	[SOCKET_TAILSCALE] = { "tailscale", "/var/run/tailscale/tailscaled.sock", NULL, false },
};

enum telling {
	TELL_WAITED, /* the shell has not reported on this link */
	TELL_LISTED,
	TELL_UNKNOWN /* the shell cannot report */
};

struct server_sockets {
	enum telling telling;
	enum word word[SOCKET_IDS]; /* the last report, of this link or an earlier one */
	/* loop clock; counts as absent until then; 0: no failed try */
	int64_t failed[SOCKET_IDS];
	struct loop_timer *late;
	/* a working shell was lost: absent sockets are tried again */
	struct loop_timer *lost;
	int64_t lost_ms; /* the timer's current pause */
	char *saved;     /* owned: this server's line in the file; NULL: none */
};

static void sockets_load(struct server *);

static struct server_sockets *sockets_of(struct server *v)
{
	if (v->sockets)
		return v->sockets;
	v->sockets = xcalloc(1, sizeof(*v->sockets));
	sockets_load(v);
	return v->sockets;
}

bool server_socket_is_told(const struct server *v, enum socket_id id, const char *path)
{
	char users[256];
	if (sockets[id].path)
		return strcmp(path, sockets[id].path) == 0;
	if (*v->runtime_dir)
		snprintf(users, sizeof(users), "%s/%s", v->runtime_dir, sockets[id].users);
	else
		snprintf(users, sizeof(users), "/run/user/%d/%s", v->uid, sockets[id].users);
	return strcmp(path, users) == 0;
}

enum socket_say server_socket(const struct server *v, enum socket_id id)
{
	const struct server_sockets *s = v->sockets;
	if (!v->link || link_is_local(v->link))
		return SOCKET_OPEN;
	if (!s)
		return SOCKET_WAIT;
	bool failed = s->failed[id] > loop_now(v->store->loop);
	bool seen = s->word[id] >= WORD_READY && !failed;
	if (s->telling == TELL_WAITED)
		return seen ? SOCKET_OPEN : SOCKET_WAIT;
	if (failed)
		return server_socket_is_set_up(v, id) ? SOCKET_STOPPED : SOCKET_ABSENT;
	if (s->telling == TELL_UNKNOWN && s->word[id] == WORD_NONE)
		return SOCKET_OPEN;
	static const enum socket_say by_word[] = {
		[WORD_NONE] = SOCKET_ABSENT,     [WORD_ABSENT] = SOCKET_ABSENT,
		[WORD_STOPPED] = SOCKET_STOPPED, [WORD_SHUT] = SOCKET_DENIED,
		[WORD_READY] = SOCKET_OPEN,      [WORD_LISTENS] = SOCKET_OPEN,
	};
	return by_word[s->word[id]];
}

bool server_socket_is_set_up(const struct server *v, enum socket_id id)
{
	const struct server_sockets *s = v->sockets;
	if (!s || s->telling != TELL_LISTED || !sockets[id].of_engine)
		return false;
	return s->word[id] == WORD_STOPPED || s->word[id] >= WORD_READY;
}

bool server_sockets_untellable(const struct server *v)
{
	return v->sockets && v->sockets->telling == TELL_UNKNOWN;
}

static void sockets_tell(struct server *v)
{
	for (struct source *s = v->sources; s && v->link && v->link->state == LINK_UP; s = s->next)
		if (s->backend->sockets)
			s->backend->sockets(s);
}

/* --- the shell's reports ------------------------------------------------- */

static enum word sockets_word(const char *text, size_t len)
{
	for (enum word w = WORD_ABSENT; w < (enum word)ARRAY_LEN(word_names); w++)
		if (strlen(word_names[w]) == len && memcmp(word_names[w], text, len) == 0)
			return w;
	return WORD_NONE;
}

static void sockets_take(struct server_sockets *s, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);
	size_t n = blank ? (size_t)(blank - line) : 0;
	for (size_t i = 0; n && i < SOCKET_IDS; i++) {
		if (strlen(sockets[i].name) != n || memcmp(sockets[i].name, line, n) != 0)
			continue;
		enum word word = sockets_word(blank + 1, len - n - 1);
		if (strlen(dead_name) == len - n - 1 &&
		    memcmp(blank + 1, dead_name, len - n - 1) == 0) {
			s->word[i] = WORD_READY;
			s->failed[i] = INT64_MAX;
			continue;
		}
		bool appeared = s->word[i] < WORD_READY && word >= WORD_READY &&
		                s->word[i] != WORD_NONE;
		if (word == WORD_LISTENS || appeared)
			s->failed[i] = 0;
		s->word[i] = word;
	}
}

/* --- state for the next console ------------------------------------------ */

static char *sockets_file(const struct server *v)
{
	const struct settings *set = v->store->settings;
	bool none = !set || !set->state_dir || replay_is_on(v->store) || !v->link ||
	            link_is_local(v->link);
	return none ? NULL : xasprintf("%s/sockets", set->state_dir);
}

static bool sockets_is_line_of(const struct server *v, const char *line)
{
	size_t n = strlen(v->name);
	return strncmp(line, v->name, n) == 0 && line[n] == '\t';
}

static bool sockets_change(const char *old, size_t len, struct buf *out, void *arg)
{
	const struct server *v = arg;
	const char *line = old;
	/* drops the server with the oldest news */
	if (len > SOCKETS_FILE_MAX / 2 && strchr(old, '\n'))
		line = strchr(old, '\n') + 1;
	for (; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!sockets_is_line_of(v, line))
			buf_addf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
	return buf_addf(out, "%s\n", v->sockets->saved);
}

/* The file is only a hint. If it cannot be written, the next start waits for the shell. */
static void sockets_save(struct server *v)
{
	/* The file has a line for each server: "NAME TAB docker ready TAB podman absent ...".
	 * "listens" is saved as "ready", or as "dead" after a failed try. */
	const struct server_sockets *s = v->sockets;
	struct buf b = { 0 };
	buf_puts(&b, v->name);
	for (size_t i = 0; i < SOCKET_IDS; i++) {
		enum word word = s->word[i] == WORD_LISTENS ? WORD_READY : s->word[i];
		bool dead = s->failed[i] == INT64_MAX && word == WORD_READY;
		buf_addf(&b, "\t%s %s", sockets[i].name, dead ? dead_name : word_names[word]);
	}
	char *line = buf_take(&b), *file = sockets_file(v);
	bool news = file && (!v->sockets->saved || strcmp(v->sockets->saved, line) != 0);
	if (news) {
		xreplace(&v->sockets->saved, line);
		state_update(file, SOCKETS_FILE_MAX, sockets_change, v, NULL);
	}
	free(line);
	free(file);
}

static void sockets_load(struct server *v)
{
	char *file = sockets_file(v),
	     *text = file ? state_read(file, SOCKETS_FILE_MAX, NULL, NULL) : NULL;
	free(file);
	for (char *line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (!sockets_is_line_of(v, line))
			continue;
		size_t len = strcspn(line, "\n");
		free(v->sockets->saved);
		v->sockets->saved = xstrndup(line, len);
		for (const char *at = line + strlen(v->name); *at == '\t';
		     at += strcspn(at, "\t\n")) {
			at++;
			sockets_take(v->sockets, at, strcspn(at, "\t\n"));
		}
	}
	free(text);
}

static void sockets_wait_for(struct loop_timer *t, int64_t ms)
{
	if (t)
		loop_timer_set(t, ms);
}

void server_sockets_feed(struct server *v, const char *lines, size_t len)
{
	struct server_sockets *s = sockets_of(v);
	const char *end = lines + len;
	while (lines < end) {
		const char *nl = memchr(lines, '\n', (size_t)(end - lines));
		size_t n = (size_t)((nl ? nl : end) - lines);
		sockets_take(s, lines, n);
		lines += n + 1;
	}
	bool first = s->telling != TELL_LISTED, dead = false;
	s->telling = TELL_LISTED;
	sockets_wait_for(s->late, -1);
	sockets_wait_for(s->lost, -1);
	for (size_t i = 0; i < SOCKET_IDS; i++)
		dead |= s->failed[i] && s->word[i] >= WORD_READY;
	/* a dead socket may have a listener by now */
	if (first && dead && v->link && v->link->state == LINK_UP)
		vitals_ask_sockets(v);
	sockets_save(v);
	sockets_tell(v);
}

/* Absent sockets may exist by now, and the lost shell cannot report them. So they are tried again.
 * Each failed try adds a line to a journal. */
static void sockets_on_lost(struct loop_timer *t, void *arg)
{
	struct server *v = arg;
	struct server_sockets *s = v->sockets;
	for (size_t i = 0; i < SOCKET_IDS; i++) {
		s->word[i] = s->word[i] >= WORD_READY ? s->word[i] : WORD_NONE;
		s->failed[i] = 0;
	}
	s->lost_ms = 2 * s->lost_ms < LOST_MOST_MS ? 2 * s->lost_ms : LOST_MOST_MS;
	loop_timer_set(t, s->lost_ms);
	sockets_tell(v);
}

void server_sockets_unknown(struct server *v)
{
	struct server_sockets *s = sockets_of(v);
	if (s->telling == TELL_UNKNOWN)
		return;
	s->telling = TELL_UNKNOWN;
	sockets_wait_for(s->late, -1);
	/* Sockets of a login that never ran a shell are left alone. */
	bool any = false;
	for (size_t i = 0; i < SOCKET_IDS; i++)
		any = any || s->word[i] != WORD_NONE;
	if (any) {
		s->lost_ms = sockets_lost_ms;
		sockets_wait_for(s->lost, s->lost_ms);
	}
	sockets_tell(v);
}

bool server_sockets_ask(struct server *v, enum socket_id id)
{
	const struct server_sockets *s = v->sockets;
	return s && s->telling == TELL_LISTED && s->word[id] >= WORD_READY && v->link &&
	       !link_is_local(v->link) && vitals_ask_sockets(v);
}

void server_socket_failed(struct server *v, enum socket_id id, bool worked)
{
	if (v->link && !link_is_local(v->link))
		sockets_of(v)->failed[id] = worked ? loop_now(v->store->loop) + WORKED_AGAIN_MS
		                                   : INT64_MAX;
	if (!worked && v->sockets && v->sockets->telling == TELL_LISTED)
		sockets_save(v);
}

/* --- the link ------------------------------------------------------------ */

static void sockets_late(struct loop_timer *t, void *arg)
{
	server_sockets_unknown(arg);
}

void server_sockets_up(struct server *v)
{
	struct server_sockets *s = sockets_of(v);
	s->telling = TELL_WAITED;
	if (!s->late)
		s->late = loop_timer_add(v->store->loop, -1, sockets_late, v);
	if (!s->lost)
		s->lost = loop_timer_add(v->store->loop, -1, sockets_on_lost, v);
	loop_timer_set(s->late, TOLD_LATE_MS);
	loop_timer_set(s->lost, -1);
}

void server_sockets_down(struct server *v)
{
	if (!v->sockets)
		return;
	sockets_wait_for(v->sockets->late, -1);
	sockets_wait_for(v->sockets->lost, -1);
}

void server_sockets_forgive(struct server *v)
{
	if (v->sockets)
		memset(v->sockets->failed, 0, sizeof(v->sockets->failed));
}

void server_sockets_free(struct server *v)
{
	if (v->sockets) {
		loop_timer_remove(v->sockets->late);
		loop_timer_remove(v->sockets->lost);
		free(v->sockets->saved);
	}
	free(v->sockets);
	v->sockets = NULL;
}
