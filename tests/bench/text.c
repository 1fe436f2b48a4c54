/* text.c: how many MB of log lines a second are washed, judged, kept, taken apart, searched; memcpy
 * beside them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/containers/frames.h"
#include "backends/store/level.h"
#include "backends/store/log.h"
#include "tui/fuzzy.h"

#include <time.h>

#define LINES 2000
#define RUN_NS 300000000LL
#define TRIES 3

struct line {
	char *text;
	size_t len;
};
static struct line lines[LINES];
static size_t total;
static char out[1 << 16];

static int64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void make_lines(void)
{
	static const char *const forms[] = {
		"2026-11-21T08:12:%02d.%03dZ level=info msg=\"request served\" "
		"path=/api/v1/items/%d status=200 took=12ms",
		"{\"level\":\"warn\",\"ts\":%d.%03d,\"caller\":\"pool/conn.go:88\",\"msg\":\"slow "
		"query\",\"id\":%d,\"rows\":1204}",
		"\033[32mINFO\033[0m  %d:%d worker %d gr\303\266\303\237e fertig, n\303\244chster "
		"Auftrag",
		"[%d.%03d] ERROR: connection to 10.0.0.%d refused, trying again in 5 seconds "
		"(attempt 3 of 10)",
	};
	for (size_t i = 0; i < LINES; i++) {
		lines[i].text = xasprintf(forms[i % ARRAY_LEN(forms)], (int)(i % 60),
		                          (int)(i % 1000), (int)i);
		lines[i].len = strlen(lines[i].text);
		total += lines[i].len;
	}
}

static void do_memcpy(void *arg)
{
	for (size_t i = 0; i < LINES; i++) {
		memcpy(out, lines[i].text, lines[i].len);
		__asm__ volatile("" : : "r"(out) : "memory");
	}
}

static void do_wash(void *arg)
{
	for (size_t i = 0; i < LINES; i++)
		wash(out, sizeof(out), lines[i].text, lines[i].len);
}

static void do_level(void *arg)
{
	unsigned sum = 0;
	for (size_t i = 0; i < LINES; i++)
		sum += level_guess(lines[i].text, lines[i].len);
	__asm__ volatile("" : : "r"(sum));
}

static void do_log(void *log)
{
	static int64_t time_us;
	for (size_t i = 0; i < LINES; i++)
		log_add(log, 0, ++time_us, LOG_LEVEL_UNKNOWN, LOG_LINE, lines[i].text,
		        lines[i].len);
}

static void nothing(const char *time, const char *line, size_t len, bool error, void *arg)
{
	++*(size_t *)arg;
}

static void do_frames(void *bytes)
{
	struct frames f;
	struct buf *b = bytes;
	size_t n = 0;
	frames_init(&f, false, nothing, &n);
	for (size_t i = 0; i < b->len; i += 32768)
		frames_feed(&f, b->data + i, b->len - i < 32768 ? b->len - i : 32768);
	frames_finish(&f);
}

static void do_fuzzy(void *arg)
{
	struct fuzzy f;
	int sum = 0;
	fuzzy_compile(&f, "conn refsd !debug");
	for (size_t i = 0; i < LINES; i++)
		sum += fuzzy_match(&f, lines[i].text, NULL);
	__asm__ volatile("" : : "r"(sum));
}

static double mb_per_s(void (*fn)(void *), void *arg)
{
	double best = 0;
	fn(arg);
	for (int t = 0; t < TRIES; t++) {
		int64_t start = now_ns(), n = 0, took;
		do {
			fn(arg);
			n++;
		} while ((took = now_ns() - start) < RUN_NS / TRIES);
		double rate = (double)total * (double)n / 1e6 / ((double)took / 1e9);
		best = rate > best ? rate : best;
	}
	return best;
}

int main(void)
{
	struct buf framed;
	make_lines();
	buf_init(&framed, 64u << 20);
	for (size_t i = 0; i < LINES; i++) {
		size_t n = lines[i].len + 1;
		char head[8] = { 1,      0, 0, 0, (char)(n >> 24), (char)(n >> 16), (char)(n >> 8),
			         (char)n };
		buf_add(&framed, head, sizeof(head));
		buf_add(&framed, lines[i].text, n - 1);
		buf_add(&framed, "\n", 1);
	}
	struct log *log = log_create(0);
	log_source_add(log, "sese/container/a");
	const struct {
		const char *name;
		void (*fn)(void *);
		void *arg;
	} all[] = {
		{ "memcpy", do_memcpy, NULL },
		{ "wash", do_wash, NULL },
		{ "level_guess", do_level, NULL },
		{ "log_add (wash, level, pack)", do_log, log },
		{ "frames (engine's log stream)", do_frames, &framed },
		{ "fuzzy filter", do_fuzzy, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		printf("%s\t%.1f\n", all[i].name, mb_per_s(all[i].fn, all[i].arg));
	log_destroy(log);
	return 0;
}
