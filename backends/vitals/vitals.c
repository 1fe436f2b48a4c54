/* vitals.c: the vitals of a server. One shell runs there as long as the link lives. It answers each
 * line with a block of text (script.c). A new sample is requested only after the last one was
 * answered, so a slow server is never overloaded. A lost shell is restarted, after growing
 * pauses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/backoff.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/settings.h"
#include "backends/vitals/sockets.h"
#include "backends/store/store.h"
#include "backends/vitals/limits.h"
#include "backends/vitals/packages.h"
#include "backends/vitals/sample.h"
#include "backends/vitals/vitals.h"

#define VITALS_NO_LIMIT 101 /* % */
#define DISKS_EVERY_MS 60000
#define PORTS_EVERY_MS 600000
#define FIRST_DELAY_MS \
	500 /* from the first sample to the second, the first one that has a CPU figure */
#define ANSWER_LATE_MS 10000 /* after this the row says that the shell does not answer */
#define ANSWER_LOST_MS \
	40000 /* restart the shell after this; df has 5 s, and a loaded machine needs more */
#define RETRY_FIRST_MS 5000
#define RETRY_MOST_MS 300000
#define STDERR_MAX 512
#define CLOCK_TRIP_MOST_MS 400 /* a slower answer says too little about the clock */

struct vitals_source {
	struct source source;
	struct stream *shell;
	struct loop_timer *timer;
	struct buf in;
	char complaint[STDERR_MAX]; /* the shell's last output on stderr */
	size_t complaint_len;
	struct cpu_times before;
	int64_t asked_ms;     /* loop clock; 0: no request is open */
	int64_t ports_ms;     /* the same of the last request for ports */
	int64_t disks_ms;     /* loop clock of the last request for disks; 0: never */
	struct backoff pause; /* between two starts of the shell */
	unsigned samples;     /* of this shell; the second is the first with a CPU figure */
	bool disks_listed;    /* by this shell, even if df listed none */
	struct packages *packages; /* owned; NULL: never connected */
	bool first;           /* the next answer is this shell's first sample */
};

static struct vitals_source *vitals_do_of(struct source *source)
{
	return (struct vitals_source *)source;
}

static int64_t vitals_clock_of(const struct vitals_source *vs)
{
	return loop_now(store_loop(vs->source.store));
}

bool vitals_attention(const struct vitals *v, int disk_warn, char *why, size_t size)
{
	char text[sizeof v->disks[0].mount + sizeof v->hung[0] + 80] = "";
	if (!v) {
		wash(why, size, NULL, 0);
		return false;
	}
	int n = 0, n_full = 0;
	for (size_t i = 0; i < v->n_disks; i++)
		n_full += v->disks[i].percent >= disk_warn;
	if (v->worst_disk >= 0 && v->disks[v->worst_disk].percent >= disk_warn) {
		const struct vitals_disk *disk = &v->disks[v->worst_disk];
		n = snprintf(text, sizeof text, "disk %s %d%% full", disk->mount, disk->percent);
		if (n_full > 1)
			n += snprintf(text + n, sizeof text - (size_t)n, ", and %d more",
			              n_full - 1);
	}
	char *end = text + n;
	size_t room = sizeof text - (size_t)n;
	const char *after = n ? "; " : "";
	if (v->n_hung == 1)
		snprintf(end, room, "%s%s does not answer", after, v->hung[0]);
	else if (v->n_hung)
		snprintf(end, room, "%s%s and %zu more do not answer", after, v->hung[0],
		         v->n_hung - 1);
	wash(why, size, text, strlen(text));
	return *text;
}

static void vitals_add(char *why, size_t size, const char *words, const char *more)
{
	size_t n = strlen(why);
	const char *colon = *more ? ": " : "";
	snprintf(why + n, size - n, "%s%s%s%s", n ? "; " : "", words, colon, more);
}

bool vitals_opinion(const struct server *v, char *why, size_t size)
{
	const struct vitals *vitals = v->vitals;
	struct limits limits = limits_of(v);
	char words[LIMITS_WORDS] = "";
	if (!vitals)
		return false;
	/* a single look cannot wait; the CPU needs more samples than that has */
	if (store_settings(v->store)->started.once)
		limits.hold_ms = 0;
	bool full = limits_disk_counts(vitals, &limits, loop_now(store_loop(v->store)));
	vitals_attention(vitals, full ? limits.disk : VITALS_NO_LIMIT, why, size);
	if (limits_say(vitals, &limits, loop_now(store_loop(v->store)), now_wall_ms(), words,
	               sizeof(words)))
		vitals_add(why, size, words, "");
	if (vitals->reboot_pending)
		vitals_add(why, size, "reboot pending", vitals->reboot_why);
	return *why;
}

/* --- answers ------------------------------------------------------------- */

static struct vitals *vitals_vitals_of(struct source *source)
{
	struct server *server = source->server;
	if (!server->vitals) {
		server->vitals = xcalloc(1, sizeof *server->vitals);
		vitals_init(server->vitals);
	}
	return server->vitals;
}

static bool vitals_feed_facts(struct source *source, const char *bytes, size_t len)
{
	struct server *server = source->server;
	struct facts f;
	if (!facts_parse(bytes, len, &f))
		return false;
	server->uid = f.uid;
	memcpy(server->user, f.user, sizeof f.user);
	memcpy(server->hostname, f.hostname, sizeof f.hostname);
	memcpy(server->os, f.os, sizeof f.os);
	memcpy(server->kernel, f.kernel, sizeof f.kernel);
	memcpy(server->runtime_dir, f.runtime_dir, sizeof f.runtime_dir);
	memcpy(server->docker, f.docker, sizeof f.docker);
	vitals_vitals_of(source)->cpus = f.cpus;
	server_facts_known(server);
	return true;
}

static bool vitals_feed_sample(struct source *source, const char *bytes, size_t len)
{
	struct vitals *v = vitals_vitals_of(source);
	vitals_do_of(source)->samples++;
	if (!sample_parse(bytes, len, &vitals_do_of(source)->before, v))
		return false;
	v->wall_ms = now_wall_ms();
	/* The answer shows the clock as of half a round trip ago. Answers of slow requests (disks)
	 * are ignored. */
	const struct vitals_source *vs = vitals_do_of(source);
	int64_t trip = vs->asked_ms ? vitals_clock_of(vs) - vs->asked_ms : CLOCK_TRIP_MOST_MS;
	if (v->boot_wall_ms && v->uptime_ms > 0 && trip < CLOCK_TRIP_MOST_MS) {
		v->clock_ms = v->boot_wall_ms + v->uptime_ms - (now_wall_ms() - trip / 2);
		v->clock_known = true;
	}
	struct limits limits = limits_of(source->server);
	limits_see(v, &limits, vitals_clock_of(vitals_do_of(source)));
	/* What came anyway goes into the graphs of the last hour. Nothing is asked for them. */
	const struct server *server = source->server;
	bool linked = server->link && server->link->state == LINK_UP;
	double memory = v->mem_total ? 100.0 * (double)v->mem_used / (double)v->mem_total : -1;
	const double values[VITALS_TRENDS] = {
		[VITALS_LOAD] = v->load1,
		[VITALS_CPU] = v->cpu,
		[VITALS_MEMORY] = memory,
		[VITALS_NET_IN] = v->net_in_rate,
		[VITALS_NET_OUT] = v->net_out_rate,
		[VITALS_LATENCY] = linked && !server->is_local ? server->link->latency_ms : -1,
	};
	for (size_t i = 0; i < VITALS_TRENDS; i++)
		trend_add(&v->trends[i], vitals_clock_of(vs), values[i]);
	return true;
}

static bool vitals_feed_disks(struct source *source, const char *bytes, size_t len)
{
	struct vitals *v = vitals_vitals_of(source);
	bool first = !v->disks_known;
	struct limits limits = limits_of(source->server);
	vitals_do_of(source)->disks_listed = true;
	if (!disks_parse(bytes, len, v))
		return false;
	limits_see_disks(v, &limits, first, vitals_clock_of(vitals_do_of(source)));
	return true;
}

static bool vitals_feed_sockets(struct source *source, const char *bytes, size_t len)
{
	server_sockets_feed(source->server, bytes, len);
	return false; /* no figure of the server changed */
}

static bool vitals_feed_ports(struct source *source, const char *bytes, size_t len)
{
	if (!ports_parse(bytes, len, vitals_vitals_of(source)))
		return false;
	for (struct source *s = source->server->sources; s; s = s->next)
		if (s->backend->ports)
			s->backend->ports(s);
	return true;
}

bool vitals_has_port(const struct server *v, int port)
{
	for (size_t i = 0; v->vitals && i < v->vitals->n_ports; i++)
		if (v->vitals->ports[i] == port)
			return true;
	return false;
}

static bool vitals_feed_packages(struct source *source, const char *bytes, size_t len)
{
	return packages_parse(vitals_vitals_of(source), bytes, len, NULL);
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/: only a change counts. */
static bool vitals_feed_programs(struct source *source, const char *bytes, size_t len)
{
	uint64_t digest = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
	vitals_vitals_of(source)->programs = digest;
	return false; /* no figure of the server changed */
}

static void vitals_feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	static const struct {
		const char *what;
		bool (*feed)(struct source *, const char *, size_t);
	} answers[] = { { "facts", vitals_feed_facts },
		        { "sample", vitals_feed_sample },
		        { "disks", vitals_feed_disks },
		        { "sockets", vitals_feed_sockets },
		        { "ports", vitals_feed_ports },
		        { "packages", vitals_feed_packages },
		        { "programs", vitals_feed_programs } };
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		if (strcmp(what, answers[i].what) != 0)
			continue;
		if (answers[i].feed(source, bytes, len)) {
			bool figures = strcmp(what, "sample") == 0 &&
			               source->state == SOURCE_LIVE &&
			               source->server->vitals->n_history > 1;
			source_set_state(source, SOURCE_LIVE, NULL);
			/* a disk fills up while the state stays the same */
			server_judge(source->server);
			(figures ? store_touch_figures : store_touch)(&source->server->row);
		}
		return;
	}
}

/* --- the shell ----------------------------------------------------------- */

static void vitals_start_shell(struct vitals_source *);

static void vitals_let_go(struct vitals_source *vs)
{
	stream_close(vs->shell);
	vs->shell = NULL;
	vs->asked_ms = 0;
	buf_clear(&vs->in);
}

static void vitals_fail(struct vitals_source *vs, const struct err *err)
{
	vitals_let_go(vs);
	source_set_state(&vs->source, err->code == ERR_DENIED ? SOURCE_DENIED : SOURCE_FAILED, err);
	loop_timer_set(vs->timer, backoff_ms(&vs->pause, RETRY_FIRST_MS, RETRY_MOST_MS));
	server_sockets_unknown(vs->source.server);
}

bool vitals_ask_sockets(struct server *server)
{
	struct source *source = server_source(server, "vitals");
	struct vitals_source *vs = source ? vitals_do_of(source) : NULL;
	bool answers = vs && vs->shell &&
	               (!vs->asked_ms || vitals_clock_of(vs) - vs->asked_ms < ANSWER_LATE_MS);
	return answers && stream_write(vs->shell, "k\n", 2) == 2;
}

struct packages *vitals_packages(const struct server *server)
{
	struct source *source = server_source(server, "vitals");
	return source ? vitals_do_of(source)->packages : NULL;
}

static void vitals_on_timer(struct loop_timer *timer, void *arg)
{
	struct vitals_source *vs = arg;
	int64_t now = vitals_clock_of(vs);
	if (!vs->shell)
		vitals_start_shell(vs);
	else if (vs->asked_ms) {
		struct err err;
		int64_t waited = now - vs->asked_ms;
		err_set(&err, ERR_TIMEOUT,
		        "%s: the shell that tells the vitals has not answered for %d s; figures "
		        "are old",
		        vs->source.server->name, (int)(waited / 1000));
		if (waited >= ANSWER_LOST_MS) {
			vitals_fail(vs, &err);
			return;
		}
		source_set_state(&vs->source, SOURCE_STALE, &err);
		loop_timer_set(vs->timer, ANSWER_LATE_MS);
	} else {
		/* The disks are requested together with a sample, when they are due. */
		bool disks = !vs->disks_ms || now - vs->disks_ms >= DISKS_EVERY_MS;
		bool ports = !vs->ports_ms || now - vs->ports_ms >= PORTS_EVERY_MS;
		char line[8];
		const char *and_ports = ports ? "p\n" : "";
		snprintf(line, sizeof(line), "%s%ss\n", disks ? "d\n" : "", and_ports);
		if (disks)
			vs->disks_ms = now;
		if (ports)
			vs->ports_ms = now;
		vs->asked_ms = now;
		stream_write(vs->shell, line, strlen(line));
		loop_timer_set(vs->timer, ANSWER_LATE_MS);
	}
}

static size_t vitals_on_data(struct stream *shell, const char *bytes, size_t len, void *arg)
{
	struct vitals_source *vs = arg;
	struct block block;
	size_t used;
	if (!buf_add(&vs->in, bytes, len)) {
		struct err err;
		err_set(&err, ERR_TOO_BIG,
		        "%s: the shell that tells the vitals sent over %u KB without an end; its "
		        "login may "
		        "print something endless",
		        vs->source.server->name, SAMPLE_BLOCK_MAX >> 10);
		vitals_fail(vs, &err);
		return len;
	}
	/* A feed may make the store take the link down. Then the shell is gone too. */
	while (vs->shell == shell && (used = block_next(&vs->in, &block))) {
		source_feed(&vs->source, block.name, block.lines, block.len);
		if (strcmp(block.name, "sample") == 0) {
			vs->asked_ms = 0;
			backoff_reset(&vs->pause);
			/* All servers are sampled at the same clock times, so that their samples
			 * show one moment. */
			const struct settings *settings = store_settings(vs->source.store);
			int64_t each = settings ? settings->vitals_interval * 1000 : 0;
			each = each > 0 ? each : 3000;
			int64_t left = each - loop_now(store_loop(vs->source.store)) % each;
			loop_timer_set(vs->timer, vs->first ? FIRST_DELAY_MS : left);
			vs->first = false;
		}
		buf_consume(&vs->in, vs->in.len < used ? vs->in.len : used);
	}
	return len;
}

static void vitals_on_error_data(struct stream *shell, const char *bytes, size_t len, void *arg)
{
	struct vitals_source *vs = arg;
	size_t room = sizeof vs->complaint - 1 - vs->complaint_len;
	len = len < room ? len : room;
	memcpy(vs->complaint + vs->complaint_len, bytes, len);
	vs->complaint_len += len;
	vs->complaint[vs->complaint_len] = '\0';
}

static void vitals_on_closed(struct stream *shell, const struct stream_end *end, void *arg)
{
	struct vitals_source *vs = arg;
	const char *said;
	if (vs->complaint_len)
		said = vs->complaint;
	else if (vs->in.len)
		said = vs->in.data;
	else
		said = "";
	const char *name = vs->source.server->name;
	struct err err;
	vs->shell = NULL;
	if (end->err.code == ERR_LOST) {
		source_set_state(&vs->source, SOURCE_STALE, &end->err);
		vitals_let_go(vs);
		loop_timer_set(vs->timer, RETRY_FIRST_MS);
		return;
	}
	if (end->err.code)
		err_set(&err, end->err.code, "%s: no command can be run there for the vitals: %s",
		        name, end->err.text);
	else if (*end->signal)
		err_set(&err, ERR_REFUSED,
		        "%s: the shell that tells the vitals was ended by signal %s", name,
		        end->signal);
	else
		err_set(&err, ERR_REFUSED,
		        "%s: the login runs no shell commands (ended with code %d%s%.160s); vitals "
		        "need sh",
		        name, end->exit_code, *said ? ": " : "", said);
	vitals_fail(vs, &err);
}

static void vitals_start_shell(struct vitals_source *vs)
{
	static const struct stream_events events = {
		.data = vitals_on_data,
		.error_data = vitals_on_error_data,
		.closed = vitals_on_closed,
	};
	struct link *link = source_link(&vs->source);
	struct err err;
	if (!link || link->state != LINK_UP)
		return;
	char *command = sample_command();
	vs->first = true;
	vs->disks_listed = false;
	vs->samples = 0;
	vs->complaint_len = 0;
	vs->complaint[0] = '\0';
	memset(&vs->before, 0, sizeof vs->before);
	vs->shell = link_open(link, &(struct endpoint){ .kind = ENDPOINT_EXEC, .command = command },
	                      &events, vs, &err);
	free(command);
	if (!vs->shell) {
		vitals_fail(vs, &err);
		return;
	}
	/* Facts and the first sample come without a request. Only the disks are requested. */
	vs->asked_ms = vs->disks_ms = vitals_clock_of(vs);
	vs->ports_ms = 0;
	stream_write(vs->shell, "d\n", 2);
	loop_timer_set(vs->timer, ANSWER_LATE_MS);
}

/* --- the backend --------------------------------------------------------- */

static void vitals_up(struct source *source)
{
	struct vitals_source *vs = vitals_do_of(source);
	if (!vs->timer) {
		vs->timer = loop_timer_add(store_loop(source->store), -1, vitals_on_timer, vs);
		buf_init(&vs->in, SAMPLE_BLOCK_MAX);
	}
	if (!vs->packages)
		vs->packages = packages_create(source);
	packages_up(vs->packages);
	backoff_reset(&vs->pause);
	vitals_let_go(vs);
	vitals_start_shell(vs);
}

/* Disks and the CPU figure arrive some time after the first sample. */
static bool vitals_expects(const struct source *source)
{
	const struct vitals_source *vs = (const struct vitals_source *)source;
	return !vs->disks_listed || vs->samples < 2;
}

static void vitals_down(struct source *source)
{
	struct vitals_source *vs = vitals_do_of(source);
	vitals_let_go(vs);
	packages_down(vs->packages);
	if (vs->timer)
		loop_timer_set(vs->timer, -1);
	source_set_state(source, source->fresh_ms ? SOURCE_STALE : SOURCE_WAITING, NULL);
}

static void vitals_finish(struct source *source)
{
	struct vitals_source *vs = vitals_do_of(source);
	vitals_let_go(vs);
	packages_destroy(vs->packages);
	loop_timer_remove(vs->timer);
	buf_finish(&vs->in);
	free(source->server->vitals);
	source->server->vitals = NULL;
}

const struct backend backend_vitals = {
	.name = "vitals",
	.source_size = sizeof(struct vitals_source),
	.up = vitals_up,
	.down = vitals_down,
	.feed = vitals_feed,
	.expects = vitals_expects,
	.finish = vitals_finish,
};
