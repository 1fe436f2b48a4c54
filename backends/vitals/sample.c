/* sample.c: parse the output of the script (script.c). The values come from proc(5). Pure: bytes
 * in, struct out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/ssh_blob.h"
#include "backends/vitals/disks.h"
#include "backends/vitals/sample.h"
#include "backends/vitals/text.h"

#define SECONDS_MAX 1e12 /* larger than any valid clock or uptime */
#define RATE_MOST 1e15   /* bytes/s; more than any network carries */

static void sample_copy_rest(char *dst, size_t size, struct text line)
{
	while (line.p < line.end && *line.p == ' ')
		line.p++;
	wash(dst, size, line.p, (size_t)(line.end - line.p));
}

/* --- blocks -------------------------------------------------------------- */

size_t block_next(const struct buf *in, struct block *block)
{
	struct text text = { in->data, in->data + in->len }, line;
	const char *start = NULL;
	if (!in->len)
		return 0;
	while (text_line(&text, &line)) {
		if (text_is(line, "=end")) {
			if (!start)
				continue;
			block->lines = start;
			block->len = (size_t)(line.p - start);
			return (size_t)(text.p - in->data);
		}
		if (line.p < line.end && *line.p == '=') {
			start = text.p;
			wash(block->name, sizeof block->name, line.p + 1,
			     (size_t)(line.end - line.p - 1));
		}
	}
	return 0;
}

/* --- facts --------------------------------------------------------------- */

static void sample_fact_int(struct text line, int *out)
{
	uint64_t v;
	if (text_next_u64(&line, &v) && v < INT32_MAX)
		*out = (int)v;
}

bool facts_parse(const char *bytes, size_t len, struct facts *f)
{
	struct text in = { bytes, bytes + len }, line, key;
	*f = (struct facts){ .uid = -1, .cpus = -1 };
	const struct {
		const char *name;
		char *dst;
		size_t size;
	} texts[] = {
		{ "user", f->user, sizeof f->user },
		{ "hostname", f->hostname, sizeof f->hostname },
		{ "kernel", f->kernel, sizeof f->kernel },
		{ "os", f->os, sizeof f->os },
		{ "runtime", f->runtime_dir, sizeof f->runtime_dir },
		{ "docker", f->docker, sizeof f->docker },
	};
	bool any = false;
	while (text_line(&in, &line)) {
		if (!text_word(&line, &key))
			continue;
		if (text_is(key, "uid"))
			sample_fact_int(line, &f->uid);
		else if (text_is(key, "cpus"))
			sample_fact_int(line, &f->cpus);
		for (size_t i = 0; i < ARRAY_LEN(texts); i++)
			if (text_is(key, texts[i].name))
				sample_copy_rest(texts[i].dst, texts[i].size, line);
		any = true;
	}
	/* os-release(5) values may be quoted as in a shell. */
	size_t n = strlen(f->os);
	if (n >= 2 && (*f->os == '"' || *f->os == '\'') && f->os[n - 1] == *f->os) {
		memmove(f->os, f->os + 1, n - 2);
		f->os[n - 2] = '\0';
	}
	if (f->cpus == 0)
		f->cpus = -1;
	return any;
}

/* --- a sample ------------------------------------------------------------ */

void vitals_init(struct vitals *v)
{
	*v = (struct vitals){ .cpus = -1,
		              .load1 = -1,
		              .load5 = -1,
		              .load15 = -1,
		              .cpu = -1,
		              .temperature = -1,
		              .net_in = -1,
		              .net_out = -1,
		              .net_in_rate = -1,
		              .net_out_rate = -1,
		              .uptime_s = -1,
		              .packages = -1,
		              .packages_security = -1,
		              .worst_disk = -1 };
}

/* Parses "user nice system idle iowait irq softirq steal [guest guest_nice]" of /proc/stat, in
 * ticks. user already includes the guests. */
static void sample_take_cpu(struct text line, struct cpu_times *before, struct vitals *v)
{
	enum { IDLE = 3, IOWAIT = 4, FIELDS = 8 };
	struct cpu_times now = { 0 };
	uint64_t n;
	for (int i = 0; i < FIELDS && text_next_u64(&line, &n); i++) {
		now.total += n;
		if (i != IDLE && i != IOWAIT)
			now.busy += n;
	}
	if (before->total && now.total > before->total) {
		/* iowait may run backwards. Then busy would exceed the total. */
		double total = (double)(now.total - before->total);
		double busy = now.busy > before->busy ? (double)(now.busy - before->busy) : 0;
		v->cpu = busy > total ? 100 : 100 * busy / total;
	}
	*before = now;
}

static void sample_take_load(struct text line, struct vitals *v)
{
	double *out[] = { &v->load1, &v->load5, &v->load15 };
	struct text word;
	for (size_t i = 0; i < ARRAY_LEN(out) && text_word(&line, &word); i++)
		if (!text_decimal(word, out[i]) || *out[i] < 0)
			*out[i] = -1;
}

static void sample_take_uptime(struct text line, struct vitals *v)
{
	struct text word;
	double s;
	if (text_word(&line, &word) && text_decimal(word, &s) && s >= 0 && s < SECONDS_MAX) {
		v->uptime_s = (int64_t)s;
		v->uptime_ms = (int64_t)(s * 1000);
	}
}

/* Millidegrees. Missing sensors report 0 or absurd values. */
static void sample_take_temperature(struct text line, struct vitals *v)
{
	struct text word;
	double t;
	if (text_word(&line, &word) && text_decimal(word, &t) && t > 0 && t < 150000 &&
	    t / 1000 > v->temperature)
		v->temperature = t / 1000;
}

struct memory {
	uint64_t total, free, available, buffers, cached, swap_total, swap_free;
	bool has_available;
};

static void sample_take_memory(struct text key, struct text line, struct memory *m)
{
	const struct {
		const char *name;
		uint64_t *out;
	} fields[] = {
		{ "MemTotal:", &m->total },         { "MemFree:", &m->free },
		{ "MemAvailable:", &m->available }, { "Buffers:", &m->buffers },
		{ "Cached:", &m->cached },          { "SwapTotal:", &m->swap_total },
		{ "SwapFree:", &m->swap_free },
	};
	uint64_t kb;
	if (!text_next_u64(&line, &kb) || kb > UINT64_MAX / 1024)
		return;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (text_is(key, fields[i].name))
			*fields[i].out = kb * 1024;
	if (text_is(key, "MemAvailable:"))
		m->has_available = true;
}

static uint64_t sample_minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* sum: below 0: nothing yet. Never above INT64_MAX, whatever the server sends. */
static int64_t sample_plus(int64_t sum, uint64_t more)
{
	uint64_t before = sum < 0 ? 0 : (uint64_t)sum;
	return more > (uint64_t)INT64_MAX - before ? INT64_MAX : (int64_t)(before + more);
}

/* Adds up "IFACE: RECEIVED SENT" of /proc/net/dev, bytes. */
static void sample_take_net(struct text line, int64_t *in, int64_t *out)
{
	struct text name;
	uint64_t received, sent;
	if (!text_word(&line, &name) || !text_next_u64(&line, &received) ||
	    !text_next_u64(&line, &sent))
		return;
	*in = sample_plus(*in, received);
	*out = sample_plus(*out, sent);
}

/* Counters that went back have no rate: an interface left, or the machine was restarted. */
static double sample_rate(int64_t before, int64_t now, int64_t ms)
{
	if (before < 0 || now < before || ms <= 0)
		return -1;
	double rate = 1000.0 * (double)(now - before) / (double)ms;
	return rate < RATE_MOST ? rate : RATE_MOST;
}

bool sample_parse(const char *bytes, size_t len, struct cpu_times *before, struct vitals *v)
{
	struct text in = { bytes, bytes + len }, line, key;
	struct memory memory = { 0 };
	bool any = false;
	int64_t net_in = -1, net_out = -1;
	v->cpu = v->load1 = v->load5 = v->load15 = v->temperature = -1;
	v->uptime_s = -1;
	v->uptime_ms = 0;
	while (text_line(&in, &line)) {
		if (!text_word(&line, &key))
			continue;
		any = true;
		if (text_is(key, "cpu"))
			sample_take_cpu(line, before, v);
		else if (text_is(key, "load"))
			sample_take_load(line, v);
		else if (text_is(key, "uptime"))
			sample_take_uptime(line, v);
		else if (text_is(key, "temp"))
			sample_take_temperature(line, v);
		else if (text_is(key, "net"))
			sample_take_net(line, &net_in, &net_out);
		else
			sample_take_memory(key, line, &memory);
	}
	uint64_t available = memory.has_available ? memory.available
	                                          : memory.free + memory.buffers + memory.cached;
	v->mem_total = memory.total;
	v->mem_used = sample_minus(memory.total, available);
	v->swap_total = memory.swap_total;
	v->swap_used = sample_minus(memory.swap_total, memory.swap_free);
	int64_t ms = v->net_at_ms > 0 ? v->uptime_ms - v->net_at_ms : 0;
	v->net_in_rate = v->net_out_rate = -1;
	if (net_in >= 0) {
		v->net_in_rate = sample_rate(v->net_in, net_in, ms);
		v->net_out_rate = sample_rate(v->net_out, net_out, ms);
		v->net_in = net_in;
		v->net_out = net_out;
		v->net_at_ms = v->uptime_ms;
	}
	if (any) {
		v->cpu_history[v->next_history] = (float)v->cpu;
		v->next_history = (v->next_history + 1) % VITALS_HISTORY;
		if (v->n_history < VITALS_HISTORY)
			v->n_history++;
	}
	return any;
}

/* --- disks, clock, reboot ------------------------------------------------ */

/* Keeps the certificate of the host that ends first: "hostcert BASE64 PATH". */
static void sample_keep_host_cert(struct vitals *v, struct text base64, struct text path)
{
	struct link_cert *kept = &v->host_cert;
	int64_t from, until;
	char *text = xstrndup(base64.p, text_len(base64));
	bool sooner = blob_cert_is_of_host(text) && blob_cert_times(text, &from, &until) &&
	              (!*kept->path || !kept->until_ms || (until && until * 1000 < kept->until_ms));
	free(text);
	if (!sooner)
		return;
	*kept = (struct link_cert){ .from_ms = from * 1000, .until_ms = until * 1000 };
	sample_copy_rest(kept->path, sizeof kept->path, path);
}

bool disks_parse(const char *bytes, size_t len, struct vitals *v)
{
	struct text in = { bytes, bytes + len }, line;
	bool any = false;
	v->host_cert = (struct link_cert){ 0 };
	while (text_line(&in, &line)) {
		struct text rest = line, key, word, up;
		double wall, uptime;
		any = true;
		if (!text_word(&rest, &key))
			continue;
		if (text_is(key, "reboot")) {
			v->reboot_pending = text_word(&rest, &word) && text_is(word, "yes");
			v->reboot_why[0] = '\0';
			if (v->reboot_pending)
				sample_copy_rest(v->reboot_why, sizeof v->reboot_why, rest);
		}
		if (text_is(key, "hostcert") && text_word(&rest, &word))
			sample_keep_host_cert(v, word, rest);
		/* The time and the uptime were read one right after the other. A date without %N
		 * (busybox) has only whole seconds and is ignored as too coarse. */
		if (text_is(key, "clock") && text_word(&rest, &word) && text_word(&rest, &up) &&
		    memchr(word.p, '.', (size_t)(word.end - word.p)) && text_decimal(word, &wall) &&
		    text_decimal(up, &uptime) && fabs(wall) < SECONDS_MAX &&
		    fabs(uptime) < SECONDS_MAX)
			v->boot_wall_ms = (int64_t)((wall - uptime) * 1000);
	}
	disks_take(bytes, len, v);
	return any;
}
