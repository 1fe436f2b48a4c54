/* watch.c: polls live Claude Code sessions every two seconds.
 *
 * Claude Code has no event stream, only a small file per process. So one shell on the server waits
 * for a line and answers with those files, using built-ins only: it starts no process. It runs only
 * if the last look printed lines of Claude Code.
 *
 * Source: the files of Claude Code as seen on 2.1.332 (see claude.c); proc(5) for stat. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/sessions/sessions.h"

#define TICK_MS 2000
#define ANSWER_MAX (1u << 20)

/* A file counts only if the running process wrote it: it must carry the process's start time, field
 * 22 of stat in proc(5). The file of a background session's job says what it asks. */
static const char script[] = CLAUDE_HOMES
	"H=$(homes); n=$(printf \"\\nx\"); n=${n%x}; while read -r x; do "
	"IFS=$n; set -f; for h in $H; do unset IFS; set +f; "
	"case $h in \"$HOME/.claude\") ;; *) printf \"home\\t%s\\n\" \"$h\";; esac; "
	"for f in \"$h\"/sessions/*.json; do "
	"[ -r \"$f\" ] || continue; p=${f##*/}; p=${p%.json}; b=0; q=0; t=; "
	"if { read -r s </proc/$p/stat; } 2>/dev/null; then set -- ${s##*) }; b=${20}; q=$2; fi; "
	"while read -r l || [ -n \"$l\" ]; do t=$t$l; l=; done <\"$f\"; "
	"printf \"live\\t%s\\t%s\\t%.8000s\\n\" \"$b\" \"$q\" \"$t\"; "
	"case $t in *\\\"jobId\\\":\\\"[0-9a-f]*) ;; *) continue;; esac; "
	"j=${t#*\\\"jobId\\\":\\\"}; j=${j%%\\\"*}; case $j in *[!0-9a-f]*) continue;; esac; "
	"[ -r \"$h/jobs/$j/state.json\" ] || continue; t=; "
	"while read -r l || [ -n \"$l\" ]; do t=$t$l; l=; done <\"$h/jobs/$j/state.json\"; "
	"printf \"job\\t%s\\t%.8000s\\n\" \"$j\" \"$t\"; "
	"done; done; unset IFS; set +f; printf \"=end\\n\"; done";

void watch_again(struct sessions *ss)
{
	free(ss->watch.last);
	ss->watch.last = NULL;
}

static size_t watch_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct sessions *ss = arg;
	static const char mark[] = "=end\n";
	/* the bytes before were searched already */
	size_t had = ss->watch.in.len, from = had < strlen(mark) ? 0 : had - strlen(mark);
	char *end;
	if (!buf_add(&ss->watch.in, bytes, len)) {
		buf_clear(&ss->watch.in); /* no real answer is that long */
		return len;
	}
	while (ss->watch.in.len && (end = memmem(ss->watch.in.data + from, ss->watch.in.len - from,
	                                         mark, strlen(mark)))) {
		size_t n = (size_t)(end - ss->watch.in.data);
		char *text = xstrndup(ss->watch.in.data, n);
		buf_consume(&ss->watch.in, n + strlen(mark));
		from = 0;
		ss->watch.waits = false;
		if (ss->watch.last && !strcmp(ss->watch.last, text)) {
			free(text);
			continue; /* nothing changed */
		}
		free(ss->watch.last);
		ss->watch.last = text;
		char *copy = xstrndup(text, n);
		source_feed(&ss->source, "claude", copy, n);
		free(copy);
	}
	return len;
}

static void watch_on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct sessions *ss = arg;
	ss->watch.stream = NULL; /* the next look reopens it */
	loop_timer_set(ss->watch.tick, -1);
}

static void watch_on_tick(struct loop_timer *timer, void *arg)
{
	struct sessions *ss = arg;
	if (ss->watch.stream && !ss->watch.waits) {
		ss->watch.waits = true;
		stream_write(ss->watch.stream, "\n", 1);
	}
	loop_timer_set(timer, TICK_MS);
}

void watch_begin(struct sessions *ss)
{
	static const struct stream_events events = { .data = watch_on_data,
		                                     .closed = watch_on_closed };
	struct err err;
	if (ss->watch.stream || !ss->watch.wanted || source_link(&ss->source)->state != LINK_UP)
		return;
	struct endpoint endpoint = { .kind = ENDPOINT_EXEC, .command = script };
	buf_init(&ss->watch.in, ANSWER_MAX);
	ss->watch.waits = false;
	ss->watch.stream = link_open(source_link(&ss->source), &endpoint, &events, ss, &err);
	if (!ss->watch.tick)
		ss->watch.tick = loop_timer_add(store_loop(ss->source.store), -1, watch_on_tick,
		                                ss);
	loop_timer_set(ss->watch.tick, ss->watch.stream ? TICK_MS : -1);
}

void watch_end(struct sessions *ss)
{
	stream_close(ss->watch.stream);
	ss->watch.stream = NULL;
	if (ss->watch.tick)
		loop_timer_set(ss->watch.tick, -1);
	buf_finish(&ss->watch.in);
	watch_again(ss);
}
