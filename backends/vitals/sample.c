/* What the script says, understood. Pure: bytes in, struct out. Numbers are read by hand because strtod follows the
 * locale, where a decimal point may be a comma. */
#include <math.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/vitals/sample.h"

#define DISK_FIELDS 6
#define SECONDS_MAX 1e12        /* no clock and no uptime is over it */

struct text {
	const char *p, *end;
};

/* --- small readers ---------------------------------------------------------------------------------- */

/* The next line without its newline; false at the end. A last line without a newline was cut off and does not count. */
static bool next_line(struct text *in, struct text *line)
{
	const char *nl = in->p < in->end ? memchr(in->p, '\n', (size_t)(in->end - in->p)) : NULL;
	if (!nl)
		return false;
	*line = (struct text){ in->p, nl };
	in->p = nl + 1;
	return true;
}

static bool next_word(struct text *line, struct text *word)
{
	while (line->p < line->end && (*line->p == ' ' || *line->p == '\t'))
		line->p++;
	word->p = line->p;
	while (line->p < line->end && *line->p != ' ' && *line->p != '\t')
		line->p++;
	word->end = line->p;
	return word->p < word->end;
}

static bool word_is(struct text word, const char *s)
{
	size_t n = strlen(s);
	return (size_t)(word.end - word.p) == n && memcmp(word.p, s, n) == 0;
}

static bool starts_with(struct text word, const char *s)
{
	size_t n = strlen(s);
	return (size_t)(word.end - word.p) >= n && memcmp(word.p, s, n) == 0;
}

static bool read_u64(struct text word, uint64_t *out)
{
	uint64_t v = 0;
	if (word.p == word.end)
		return false;
	for (; word.p < word.end; word.p++) {
		if (*word.p < '0' || *word.p > '9' || v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (uint64_t)(*word.p - '0');
	}
	*out = v;
	return true;
}

static bool read_decimal(struct text word, double *out)
{
	bool negative = word.p < word.end && *word.p == '-';
	double v = 0, unit = 1;
	bool point = false, any = false;
	for (word.p += negative; word.p < word.end; word.p++) {
		if (*word.p == '.' && !point) {
			point = true;
		} else if (*word.p >= '0' && *word.p <= '9') {
			any = true;
			v = v * 10 + (*word.p - '0');
			unit *= point ? 10 : 1;
		} else {
			return false;
		}
	}
	*out = (negative ? -v : v) / unit;
	return any;
}

static bool next_u64(struct text *line, uint64_t *out)
{
	struct text word;
	return next_word(line, &word) && read_u64(word, out);
}

static void copy_rest(char *dst, size_t size, struct text line)
{
	while (line.p < line.end && *line.p == ' ')
		line.p++;
	wash(dst, size, line.p, (size_t)(line.end - line.p));
}

/* --- blocks ------------------------------------------------------------------------------------------- */

size_t block_next(const struct buf *in, struct block *block)
{
	struct text text = { in->data, in->data + in->len }, line;
	const char *start = NULL;
	if (!in->len)
		return 0;
	while (next_line(&text, &line)) {
		if (word_is(line, "=end")) {
			if (!start)
				continue;
			block->lines = start;
			block->len = (size_t)(line.p - start);
			return (size_t)(text.p - in->data);
		}
		if (line.p < line.end && *line.p == '=') {
			start = text.p;
			wash(block->name, sizeof block->name, line.p + 1, (size_t)(line.end - line.p - 1));
		}
	}
	return 0;
}

/* --- facts ---------------------------------------------------------------------------------------------- */

/* os-release values may be quoted as a shell would. */
static void unquote(char *s)
{
	size_t n = strlen(s);
	if (n >= 2 && (*s == '"' || *s == '\'') && s[n - 1] == *s) {
		memmove(s, s + 1, n - 2);
		s[n - 2] = '\0';
	}
}

static void fact_int(struct text line, int *out)
{
	uint64_t v;
	if (next_u64(&line, &v) && v < INT32_MAX)
		*out = (int)v;
}

bool facts_parse(const char *bytes, size_t len, struct facts *f)
{
	struct text in = { bytes, bytes + len }, line, key;
	*f = (struct facts){ .uid = -1, .cpus = -1 };
	const struct { const char *name; char *dst; size_t size; } texts[] = {
		{ "user", f->user, sizeof f->user },          { "hostname", f->hostname, sizeof f->hostname },
		{ "kernel", f->kernel, sizeof f->kernel },    { "os", f->os, sizeof f->os },
		{ "runtime", f->runtime_dir, sizeof f->runtime_dir },
	};
	bool any = false;
	while (next_line(&in, &line)) {
		if (!next_word(&line, &key))
			continue;
		if (word_is(key, "uid"))
			fact_int(line, &f->uid);
		else if (word_is(key, "cpus"))
			fact_int(line, &f->cpus);
		for (size_t i = 0; i < ARRAY_LEN(texts); i++)
			if (word_is(key, texts[i].name))
				copy_rest(texts[i].dst, texts[i].size, line);
		any = true;
	}
	unquote(f->os);
	if (f->cpus == 0)
		f->cpus = -1;
	return any;
}

/* --- a sample ---------------------------------------------------------------------------------------- */

void vitals_init(struct vitals *v)
{
	*v = (struct vitals){ .cpus = -1, .load1 = -1, .load5 = -1, .load15 = -1, .cpu = -1, .temperature = -1,
		.uptime_s = -1, .worst_disk = -1 };
}

/* "user nice system idle iowait irq softirq steal [guest guest_nice]" in ticks; guests are in user already. */
static void take_cpu(struct text line, struct cpu_times *before, struct vitals *v)
{
	enum { IDLE = 3, IOWAIT = 4, FIELDS = 8 };
	struct cpu_times now = { 0 };
	uint64_t n;
	for (int i = 0; i < FIELDS && next_u64(&line, &n); i++) {
		now.total += n;
		if (i != IDLE && i != IOWAIT)
			now.busy += n;
	}
	if (before->total && now.total > before->total) {
		/* iowait may run backwards, and then busy would be more than everything. */
		double total = (double)(now.total - before->total);
		double busy = now.busy > before->busy ? (double)(now.busy - before->busy) : 0;
		v->cpu = busy > total ? 100 : 100 * busy / total;
	}
	*before = now;
}

static void take_load(struct text line, struct vitals *v)
{
	double *out[] = { &v->load1, &v->load5, &v->load15 };
	struct text word;
	for (size_t i = 0; i < ARRAY_LEN(out) && next_word(&line, &word); i++)
		if (!read_decimal(word, out[i]) || *out[i] < 0)
			*out[i] = -1;
}

static void take_uptime(struct text line, struct vitals *v)
{
	struct text word;
	double s;
	if (next_word(&line, &word) && read_decimal(word, &s) && s >= 0 && s < SECONDS_MAX) {
		v->uptime_s = (int64_t)s;
		v->uptime_ms = (int64_t)(s * 1000);
	}
}

/* Thousandths of a degree. Sensors that are not there say 0 or nonsense far from any machine's heat. */
static void take_temperature(struct text line, struct vitals *v)
{
	struct text word;
	double t;
	if (next_word(&line, &word) && read_decimal(word, &t) && t > 0 && t < 150000 && t / 1000 > v->temperature)
		v->temperature = t / 1000;
}

struct memory {
	uint64_t total, free, available, buffers, cached, swap_total, swap_free;
	bool has_available;
};

static void take_memory(struct text key, struct text line, struct memory *m)
{
	const struct { const char *name; uint64_t *out; } fields[] = {
		{ "MemTotal:", &m->total },   { "MemFree:", &m->free },         { "MemAvailable:", &m->available },
		{ "Buffers:", &m->buffers },  { "Cached:", &m->cached },        { "SwapTotal:", &m->swap_total },
		{ "SwapFree:", &m->swap_free },
	};
	uint64_t kb;
	if (!next_u64(&line, &kb) || kb > UINT64_MAX / 1024)
		return;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (word_is(key, fields[i].name))
			*fields[i].out = kb * 1024;
	if (word_is(key, "MemAvailable:"))
		m->has_available = true;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void set_memory(const struct memory *m, struct vitals *v)
{
	uint64_t available = m->has_available ? m->available : m->free + m->buffers + m->cached;
	v->mem_total = m->total;
	v->mem_used = minus(m->total, available);
	v->swap_total = m->swap_total;
	v->swap_used = minus(m->swap_total, m->swap_free);
}

static void keep_history(struct vitals *v)
{
	v->cpu_history[v->next_history] = (float)v->cpu;
	v->next_history = (v->next_history + 1) % VITALS_HISTORY;
	if (v->n_history < VITALS_HISTORY)
		v->n_history++;
}

bool sample_parse(const char *bytes, size_t len, struct cpu_times *before, struct vitals *v)
{
	struct text in = { bytes, bytes + len }, line, key;
	struct memory memory = { 0 };
	bool any = false;
	v->cpu = v->load1 = v->load5 = v->load15 = v->temperature = -1;
	v->uptime_s = -1;
	v->uptime_ms = 0;
	while (next_line(&in, &line)) {
		if (!next_word(&line, &key))
			continue;
		any = true;
		if (word_is(key, "cpu"))
			take_cpu(line, before, v);
		else if (word_is(key, "load"))
			take_load(line, v);
		else if (word_is(key, "uptime"))
			take_uptime(line, v);
		else if (word_is(key, "temp"))
			take_temperature(line, v);
		else
			take_memory(key, line, &memory);
	}
	set_memory(&memory, v);
	if (any)
		keep_history(v);
	return any;
}

/* --- disks -------------------------------------------------------------------------------------------- */

struct df_row {
	struct text source, mount;
	uint64_t total, used, available;
};

/* "Filesystem 1024-blocks Used Available Capacity Mounted-on"; the source may hold spaces as well as the mount, so
 * the numbers in the middle are looked for. */
static bool df_row(struct text line, struct df_row *row)
{
	struct text word, rest = line;
	row->source.p = line.p;
	for (int skipped = 0; next_word(&rest, &word); skipped++) {
		struct text tail = rest, percent;
		if (!skipped || !read_u64(word, &row->total))
			continue;
		row->source.end = word.p;
		if (!next_u64(&tail, &row->used) || !next_u64(&tail, &row->available) || !next_word(&tail, &percent))
			continue;
		while (tail.p < tail.end && *tail.p == ' ')
			tail.p++;
		row->mount = tail;
		while (row->source.end > row->source.p && row->source.end[-1] == ' ')
			row->source.end--;
		return tail.p < tail.end && *tail.p == '/';
	}
	return false;
}

/* File systems that say nothing about how full the server is: in memory, read-only images, layers of containers. The
 * root counts whatever it is made of. */
static bool df_counts(const struct df_row *row)
{
	static const char *const not_disks[] = { "tmpfs", "devtmpfs", "udev", "overlay", "shm", "none", "squashfs",
		"efivarfs", "rootfs", "fuse-overlayfs" };
	enum { SMALLEST_KB = 1024 };
	if (!row->total || row->total > UINT64_MAX / 1024)
		return false;
	if (word_is(row->mount, "/"))
		return true;
	if (row->total < SMALLEST_KB || starts_with(row->source, "/dev/loop") || starts_with(row->source, "/dev/sr"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(not_disks); i++)
		if (word_is(row->source, not_disks[i]))
			return false;
	return true;
}

struct seen {
	struct text source[VITALS_DISKS];
	size_t n;
};

/* The same device mounted again elsewhere is the same disk; the shortest path is the one people call it by. */
static struct vitals_disk *disk_slot(struct vitals *v, struct seen *seen, const struct df_row *row, bool *again)
{
	size_t n = (size_t)(row->source.end - row->source.p);
	for (size_t i = 0; i < seen->n; i++) {
		*again = (size_t)(seen->source[i].end - seen->source[i].p) == n &&
			memcmp(seen->source[i].p, row->source.p, n) == 0 && row->source.p[0] == '/';
		if (*again)
			return &v->disks[i];
	}
	if (seen->n == VITALS_DISKS)
		return NULL;
	seen->source[seen->n++] = row->source;
	v->n_disks = seen->n;
	return &v->disks[seen->n - 1];
}

/* As df rounds: of what a user may use, upwards. */
static int percent_used(const struct df_row *row)
{
	double all = (double)row->used + (double)row->available;
	double p = all > 0 ? 100.0 * (double)row->used / all : 100;
	int whole = (int)p;
	return whole < p ? whole + 1 : whole;
}

static void take_disk(struct vitals *v, struct seen *seen, const struct df_row *row)
{
	bool again = false;
	struct vitals_disk *disk = disk_slot(v, seen, row, &again);
	if (!disk || (again && strlen(disk->mount) <= (size_t)(row->mount.end - row->mount.p)))
		return;
	wash(disk->mount, sizeof disk->mount, row->mount.p, (size_t)(row->mount.end - row->mount.p));
	disk->total = row->total * 1024;
	disk->used = row->used * 1024;
	disk->percent = percent_used(row);
}

/* Time and uptime, read one after the other; a date without %N (busybox) gives whole seconds, which is not worth having. */
static void take_clock(struct text line, struct vitals *v)
{
	struct text time, up;
	double wall, uptime;
	if (next_word(&line, &time) && next_word(&line, &up) && memchr(time.p, '.', (size_t)(time.end - time.p)) &&
	    read_decimal(time, &wall) && read_decimal(up, &uptime) && fabs(wall) < SECONDS_MAX && fabs(uptime) < SECONDS_MAX)
		v->boot_wall_ms = (int64_t)((wall - uptime) * 1000);
}

static void take_reboot(struct text line, struct vitals *v)
{
	struct text word;
	v->reboot_pending = next_word(&line, &word) && word_is(word, "yes");
	v->reboot_why[0] = '\0';
	if (v->reboot_pending)
		copy_rest(v->reboot_why, sizeof v->reboot_why, line);
}

bool disks_parse(const char *bytes, size_t len, struct vitals *v)
{
	struct text in = { bytes, bytes + len }, line;
	struct seen seen = { .n = 0 };
	struct df_row row;
	bool any = false;
	v->n_disks = 0;
	v->worst_disk = -1;
	while (next_line(&in, &line)) {
		struct text rest = line, key;
		any = true;
		if (next_word(&rest, &key) && word_is(key, "reboot"))
			take_reboot(rest, v);
		else if (key.p < key.end && word_is(key, "clock"))
			take_clock(rest, v);
		else if (df_row(line, &row) && df_counts(&row))
			take_disk(v, &seen, &row);
	}
	for (size_t i = 0; i < v->n_disks; i++)
		if (v->worst_disk < 0 || v->disks[i].percent > v->disks[v->worst_disk].percent)
			v->worst_disk = (int)i;
	return any;
}
