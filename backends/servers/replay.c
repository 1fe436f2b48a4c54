/* replay.c: play a recording instead of live servers.
 *
 * Every record takes its original path: through the backend's feed, or into the state of a link or
 * a source. Only the link is different. Nothing can be opened on it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/sudo.h"
#include "backends/store/internal.h"
#include "backends/store/record.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"

#define RECORD_MAX (64u << 20)
#define WALL_MS_MAX 253402300799999 /* the year 9999; sums of such times do not overflow */

struct replay {
	struct store *store;
	FILE *f;
	struct loop_timer *timer;
	bool at_once;
	int64_t clock_ms; /* time of the last record */
	/* the next record */
	int64_t wall_ms;
	char *server, *source, *what; /* owned */
	char *bytes;                  /* owned */
	size_t len;
};

/* --- a link without a connection ----------------------------------------- */

static void replay_nothing(struct link *link)
{
	(void)link;
}

static struct stream *replay_no_endpoint(struct link *link, const struct endpoint *endpoint,
                                         const struct stream_events *events, void *arg,
                                         struct err *err)
{
	(void)endpoint;
	(void)events;
	(void)arg;
	err_set(err, ERR_DENIED, "%s is played from a recording: nothing can be opened on it",
	        link->name);
	return NULL;
}

static void replay_free_link(struct link *link)
{
	free(link->name);
	free(link);
}

static const struct link_ops replay_link = {
	.name = "replay",
	.connect = replay_nothing,
	.disconnect = replay_nothing,
	.open = replay_no_endpoint,
	.destroy = replay_free_link,
};

struct server *server_open_replay(struct store *s, const char *name)
{
	struct server *v = server_add(s, name);
	v->link = xcalloc(1, sizeof(*v->link));
	v->link->ops = &replay_link;
	v->link->loop = s->loop;
	v->link->name = xstrdup(v->name);
	v->link->latency_ms = -1;
	v->link->since_ms = now_wall_ms();
	v->sudo = sudo_create(v);
	v->config = server_section(s->settings, name);
	return v;
}

/* --- states -------------------------------------------------------------- */

/* Whether the first field of text is word. */
static bool replay_begins(const char *text, const char *word)
{
	size_t n = strlen(word);
	return strncmp(text, word, n) == 0 && (!text[n] || text[n] == '\t');
}

/* The field after the n-th tab, up to the end of the text. */
static const char *replay_field(const char *text, int n)
{
	while (n-- && text) {
		text = strchr(text, '\t');
		text = text ? text + 1 : NULL;
	}
	return text ? text : "";
}

void server_replay_state(struct server *v, const char *bytes, size_t len)
{
	struct link *l = v->link;
	int state = 0;
	while (state <= LINK_LOST && !replay_begins(bytes, link_state_name(state)))
		state++;
	if (state > LINK_LOST)
		return;
	if (l->state != (enum link_state)state)
		l->since_ms = now_wall_ms();
	l->state = (enum link_state)state;
	l->latency_ms = number_int(replay_field(bytes, 1));
	l->tries = (unsigned)number_int(replay_field(bytes, 2));
	const char *detail = replay_field(bytes, 3), *text = replay_field(bytes, 4);
	wash(l->detail, sizeof(l->detail), detail, strcspn(detail, "\t"));
	wash(l->err.text, sizeof(l->err.text), text, strlen(text));
	server_judge(v);
	store_needs_unclear(v);
	store_changed_widely(v->store);
}

/* --- records ------------------------------------------------------------- */

static char *replay_cut_field(char **line)
{
	char *s = *line, *tab = s ? strchr(s, '\t') : NULL;
	if (tab)
		*tab++ = '\0';
	*line = tab;
	return s;
}

/* Reads the next record into r. False at the end, or if the file is cut short. */
static bool replay_read_record(struct replay *r)
{
	char *line = NULL;
	size_t cap = 0;
	if (getline(&line, &cap, r->f) <= 0) {
		free(line);
		return false;
	}
	line[strcspn(line, "\n")] = '\0';
	char *rest = line, *ms = replay_cut_field(&rest), *server = replay_cut_field(&rest);
	char *source = replay_cut_field(&rest), *len = replay_cut_field(&rest);
	bool ok = rest && sscanf(ms, "%" SCNd64, &r->wall_ms) == 1 &&
	          sscanf(len, "%zu", &r->len) == 1 && r->len <= RECORD_MAX && r->wall_ms >= 0 &&
	          r->wall_ms <= WALL_MS_MAX;
	if (ok) {
		xreplace(&r->server, server);
		xreplace(&r->source, source);
		xreplace(&r->what, rest);
	}
	free(line);
	if (!ok)
		return false;
	r->bytes = xrealloc(r->bytes, r->len + 1);
	if (fread(r->bytes, 1, r->len, r->f) != r->len || fgetc(r->f) != '\n')
		return false;
	r->bytes[r->len] = '\0';
	return true;
}

static void replay_play(struct replay *r)
{
	struct server *v = store_server_find(r->store, r->server);
	if (!v)
		v = server_open_replay(r->store, r->server);
	now_wall_set(r->wall_ms);
	r->clock_ms = r->wall_ms;
	struct source *s = server_source(v, r->source);
	if (strcmp(r->source, "link") == 0)
		server_replay_state(v, r->bytes, r->len);
	else if (s && strcmp(r->what, "@state") == 0) {
		struct err err = { .code = ERR_REFUSED };
		const char *text = replay_field(r->bytes, 1);
		wash(err.text, sizeof(err.text), text, strlen(text));
		for (int state = 0; state <= SOURCE_FAILED; state++)
			if (replay_begins(r->bytes, source_state_name(state)))
				source_set_state(s, state, *err.text ? &err : NULL);
	} else if (s)
		source_feed(s, r->what, r->bytes, r->len);
}

/* A source without any record is marked absent. The recording is older than that source. */
static void replay_settle(struct replay *r)
{
	for (struct server *v = r->store->servers; v; v = v->next)
		for (struct source *s = v->sources; s; s = s->next)
			if (s->state == SOURCE_WAITING)
				source_set_state(s, SOURCE_ABSENT, NULL);
}

static void replay_on_time(struct loop_timer *timer, void *arg)
{
	struct replay *r = arg;
	do {
		replay_play(r);
		if (!replay_read_record(r)) {
			replay_settle(r);
			return;
		}
	} while (r->wall_ms <= r->clock_ms);
	int64_t pause = r->wall_ms - r->clock_ms;
	loop_timer_set(timer, pause < REPLAY_PAUSE_MS ? pause : REPLAY_PAUSE_MS);
}

static void replay_destroy(struct replay *r)
{
	if (!r)
		return;
	loop_timer_remove(r->timer);
	fclose(r->f);
	free(r->server);
	free(r->source);
	free(r->what);
	free(r->bytes);
	free(r);
	now_wall_set(0);
}

bool replay_start(struct store *s, const char *dir, bool at_once, struct err *err)
{
	char *path = xasprintf("%s/answers", dir);
	FILE *f = fopen(path, "re");
	if (!f) {
		err_set(err, ERR_ABSENT, "%s is not a recording: %s: %s", dir, path,
		        strerror(errno));
		free(path);
		return false;
	}
	free(path);
	struct replay *r = s->replay = xcalloc(1, sizeof(*r));
	s->replay_destroy = replay_destroy;
	r->store = s;
	r->f = f;
	if (!replay_read_record(r))
		return err_set(err, ERR_GARBLED, "%s holds no record that can be read", dir);
	if (!at_once) {
		r->timer = loop_timer_add(s->loop, 0, replay_on_time, r);
		return true;
	}
	do
		replay_play(r);
	while (replay_read_record(r));
	replay_settle(r);
	return true;
}
