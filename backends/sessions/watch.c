/* watch.c: polls live Claude Code sessions every two seconds.
 *
 * Claude Code has no event stream, only a small file per process. So one shell on the server waits
 * for a line and answers with those files, using built-ins only: it starts no process. While they
 * stay the same it sends a mark instead. It runs only if the last look printed lines of Claude
 * Code.
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
 * 22 of stat in proc(5). The file of a background session's job says what it asks. A file that is
 * too long for a state is sent without its text. $a collects the answer, $o keeps the last one. */
const char watch_script[] = CLAUDE_HOMES
	"H=$(homes); n=$(printf \"\\nx\"); n=${n%x}; T=$(printf \"\\t\"); o=-; "
	"while read -r x; do a=; "
	"IFS=$n; set -f; for h in $H; do unset IFS; set +f; "
	"case $h in \"$HOME/.claude\") ;; *) a=\"${a}home$T$h$n\";; esac; "
	"for f in \"$h\"/sessions/*.json; do "
	"[ -r \"$f\" ] || continue; p=${f##*/}; p=${p%.json}; b=0; q=0; t=; "
	"if { read -r s </proc/$p/stat; } 2>/dev/null; then set -- ${s##*) }; b=${20}; q=$2; fi; "
	"while read -r l || [ -n \"$l\" ]; do t=$t$l; l=; done <\"$f\"; "
	"[ ${#t} -le 8000 ] || t=; a=\"${a}live$T$b$T$q$T$t$n\"; "
	"case $t in *\\\"jobId\\\":\\\"[0-9a-f]*) ;; *) continue;; esac; "
	"j=${t#*\\\"jobId\\\":\\\"}; j=${j%%\\\"*}; case $j in *[!0-9a-f]*) continue;; esac; "
	"[ -r \"$h/jobs/$j/state.json\" ] || continue; t=; "
	"while read -r l || [ -n \"$l\" ]; do t=$t$l; l=; done <\"$h/jobs/$j/state.json\"; "
	"[ ${#t} -le 8000 ] || t=; a=\"${a}job$T$j$T$t$n\"; "
	"done; done; unset IFS; set +f; "
	"if [ \"$a\" = \"$o\" ]; then a=\"=$n\"; else o=$a; fi; printf \"%s=end\\n\" \"$a\"; done";
#define UNCHANGED "=\n"

void watch_again(struct sessions *ss)
{
	ss->watch.again = true;
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
		bool same = !strcmp(text, UNCHANGED) ||
		            (ss->watch.last && !strcmp(text, ss->watch.last));
		if (same) {
			free(text);
		} else {
			free(ss->watch.last);
			ss->watch.last = text;
		}
		if ((same && !ss->watch.again) || !ss->watch.last)
			continue;
		ss->watch.again = false;
		char *copy = xstrdup(ss->watch.last);
		source_feed(&ss->source, "claude", copy, strlen(copy));
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
	struct endpoint endpoint = { .kind = ENDPOINT_EXEC, .command = watch_script };
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
	free(ss->watch.last);
	ss->watch.last = NULL;
}
