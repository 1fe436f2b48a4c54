/* disks.c: find the disks of a server from its mount table (proc_pid_mountinfo(5)) and from df. */
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/vitals/disks.h"
#include "backends/vitals/text.h"

/* rows of each table; the size limit of a block keeps most servers far below */
#define TABLE_MAX 4096
#define SMALLEST_KB 1024 /* leaves out firmware variables and similar */
#define NEAR_KB \
	1024 /* figures of one disk read in succession differ by less than this, or by 1/1000 */

struct mount {
	struct text dir, type, source;
	bool fixed; /* nobody can write to it */
	bool whole; /* the root of the file system, not a directory of it as in a bind mount */
};

/* A file system that may be a disk or a part of one. Sizes in KB. */
struct disk {
	struct text source, dir;
	const struct mount *mount; /* NULL: not in the mount table */
	uint64_t total, used, available;
	bool merged; /* another entry represents this disk */
};

struct tables {
	struct mount *mounts;
	struct disk *disks;
	size_t n_mounts, n_disks;
};

/* --- mounts -------------------------------------------------------------- */

/* Whether the comma-separated options contain this name: "rw,errors=remount-ro". */
static bool disks_option(struct text options, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = options.p; p < options.end;) {
		const char *comma = memchr(p, ',', (size_t)(options.end - p));
		const char *end = comma ? comma : options.end;
		if ((size_t)(end - p) == n && memcmp(p, name, n) == 0)
			return true;
		p = end + 1;
	}
	return false;
}

/* Parses "36 35 98:0 /root /dir rw,noatime shared:1 - ext3 /dev/sda1 rw,errors=continue". The first
 * word "mount" is already removed. */
static bool disks_mount(struct text line, struct mount *m)
{
	enum { ID, PARENT, DEVICE, ROOT, DIR, FIELDS };
	struct text word, options = { 0 };
	for (int i = 0; i < FIELDS; i++) {
		if (!text_word(&line, &word) ||
		    (i == DEVICE && !memchr(word.p, ':', text_len(word))))
			return false;
		m->dir = word;
		if (i == ROOT)
			m->whole = text_is(word, "/");
	}
	do {
		if (!text_word(&line, &word))
			return false;
	} while (!text_is(word, "-"));
	if (!text_word(&line, &m->type) || !text_word(&line, &m->source))
		return false;
	if (text_word(&line, &word))
		options = word;
	/* Whether a file system is an image that never changes. Types of images are listed. The
	 * options of the file system reveal others, such as composefs and a disk under dm-verity.
	 * "ro" there holds for everybody, unlike "ro" of one mount. But ext4 also becomes "ro" when
	 * its disk fails, and that disk may be full. */
	static const char *const images[] = {
		"squashfs", "erofs",     "iso9660",         "udf",           "cramfs",
		"romfs",    "composefs", "fuse.squashfuse", "fuse.snapfuse", "fuse.fuse-overlayfs"
	};
	m->fixed = disks_option(options, "ro") && !disks_option(options, "errors=remount-ro");
	for (size_t i = 0; i < ARRAY_LEN(images); i++)
		if (text_is(m->type, images[i])) {
			m->fixed = true;
			break;
		}
	return *m->dir.p == '/';
}

/* The next character of a word of mountinfo. There, blanks, newlines and backslashes are octal:
 * "\040". */
static unsigned char disks_char(const char **at, const char *end)
{
	const char *p = *at;
	bool octal = end - p >= 4 && p[0] == '\\';
	for (int i = 1; octal && i <= 3; i++)
		octal = p[i] >= '0' && p[i] <= '7';
	*at = octal ? p + 4 : p + 1;
	if (!octal)
		return (unsigned char)*p;
	return (unsigned char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
}

/* Whether a word of mountinfo is this path. df prints control characters as "?". */
static bool disks_is_path(struct text word, struct text path)
{
	const char *p = path.p;
	while (word.p < word.end && p < path.end) {
		unsigned char c = disks_char(&word.p, word.end);
		if (c != (unsigned char)*p && !(*p == '?' && (c < ' ' || c == 0x7f)))
			return false;
		p++;
	}
	return word.p == word.end && p == path.end;
}

/* --- figures ------------------------------------------------------------- */

static void disks_rest(struct text *line)
{
	while (line->p < line->end && *line->p == ' ')
		line->p++;
}

/* Parses "Filesystem 1024-blocks Used Available Capacity Mounted-on". Source and directory may both
 * contain spaces, so the parser searches for the numbers in the middle. */
static bool disks_df(struct text line, struct disk *d)
{
	struct text word, rest = line;
	d->source.p = line.p;
	for (int skipped = 0; text_word(&rest, &word); skipped++) {
		struct text tail = rest, percent;
		if (!skipped || !text_u64(word, &d->total))
			continue;
		d->source.end = word.p;
		if (!text_next_u64(&tail, &d->used) || !text_next_u64(&tail, &d->available) ||
		    !text_word(&tail, &percent))
			continue;
		disks_rest(&tail);
		d->dir = tail;
		while (d->source.end > d->source.p && d->source.end[-1] == ' ')
			d->source.end--;
		return tail.p < tail.end && *tail.p == '/';
	}
	return false;
}

/* Parses "BSIZE BLOCKS FREE AVAILABLE DIR", the raw values of statfs(2). */
static bool disks_stat(struct text line, struct disk *d)
{
	enum { SIZE, BLOCKS, FREE, AVAILABLE, FIELDS };
	uint64_t n[FIELDS];
	for (int i = 0; i < FIELDS; i++)
		if (!text_next_u64(&line, &n[i]))
			return false;
	disks_rest(&line);
	if (line.p == line.end || *line.p != '/' || !n[SIZE] || n[BLOCKS] > UINT64_MAX / n[SIZE] ||
	    n[FREE] > n[BLOCKS])
		return false;
	d->dir = line;
	d->total = n[BLOCKS] * n[SIZE] / 1024;
	d->used = (n[BLOCKS] - n[FREE]) * n[SIZE] / 1024;
	d->available = n[AVAILABLE] <= n[BLOCKS] ? n[AVAILABLE] * n[SIZE] / 1024 : 0;
	return true;
}

/* Whether the source is on another machine, by the same rule as df -l. */
static bool disks_is_remote(struct text source)
{
	return memchr(source.p, ':', text_len(source)) || text_starts(source, "//");
}

/* --- which are disks ----------------------------------------------------- */

static bool disks_is_root(const struct disk *d)
{
	return text_is(d->dir, "/");
}

/* Whether a file system shows how full the server is. Memory, images and layers of containers do
 * not. */
static bool disks_counts(const struct tables *t, const struct disk *d)
{
	if (!d->total || d->total > UINT64_MAX / 1024 || d->used > UINT64_MAX / 1024)
		return false;
	if (!disks_is_root(d) && d->total < SMALLEST_KB)
		return false;
	if (!t->n_mounts) {
		/* Decides by the source if the mount table is missing. */
		static const char *const others[] = { "tmpfs",         "devtmpfs", "udev",
			                              "overlay",       "shm",      "none",
			                              "squashfs",      "efivarfs", "rootfs",
			                              "fuse-overlayfs" };
		if (text_starts(d->source, "composefs"))
			return false;
		if (disks_is_root(d))
			return true;
		if (text_starts(d->source, "/dev/loop") || text_starts(d->source, "/dev/sr"))
			return false;
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			if (text_is(d->source, others[i]))
				return false;
		return true;
	}
	return d->mount ? !d->mount->fixed : disks_is_root(d);
}

/* --- duplicates ---------------------------------------------------------- */

static bool disks_near(uint64_t a, uint64_t b)
{
	uint64_t more = a > b ? a : b;
	uint64_t apart = a > b ? a - b : b - a;
	return apart <= NEAR_KB || apart <= more / 1000;
}

static bool disks_has_device(const struct disk *d)
{
	return d->source.p < d->source.end && *d->source.p == '/';
}

/* ZFS names data sets POOL/SET. */
static bool disks_is_zfs(const struct disk *d)
{
	if (d->mount)
		return text_is(d->mount->type, "zfs");
	return !disks_has_device(d) && !disks_is_remote(d->source);
}

static struct text disks_pool(const struct disk *d)
{
	const char *slash = memchr(d->source.p, '/', text_len(d->source));
	return (struct text){ d->source.p, slash ? slash : d->source.end };
}

/* A data set with a quota has less free space than its pool. It may be full by itself, so it does
 * not count as the same pool. */
static bool disks_same_pool(const struct disk *a, const struct disk *b)
{
	return disks_is_zfs(a) && disks_is_zfs(b) && disks_near(a->available, b->available) &&
	       text_same(disks_pool(a), disks_pool(b));
}

/* Same device: subvolumes and bind mounts. A directory with its own quota has another size. */
static bool disks_same_device(const struct disk *a, const struct disk *b)
{
	return disks_has_device(a) && a->total == b->total && text_same(a->source, b->source);
}

/* An overlay, such as the root of a container or of a router, reports the figures of the disk
 * below. */
static bool disks_same_figures(const struct disk *a, const struct disk *b)
{
	return disks_has_device(a) != disks_has_device(b) && !disks_is_zfs(a) && !disks_is_zfs(b) &&
	       a->total == b->total && disks_near(a->available, b->available) &&
	       disks_near(a->used, b->used);
}

/* Prefers the path that people use: the root, then a mount of the whole disk, then the shortest
 * path. */
static bool disks_better_name(const struct disk *a, const struct disk *b)
{
	bool a_whole = a->mount && a->mount->whole, b_whole = b->mount && b->mount->whole;
	if (disks_is_root(a) || disks_is_root(b))
		return disks_is_root(a);
	if (a_whole != b_whole)
		return a_whole;
	return text_len(a->dir) < text_len(b->dir);
}

static void disks_merge(struct tables *t)
{
	static bool (*const same[])(const struct disk *, const struct disk *) = {
		disks_same_device,
		disks_same_pool,
		disks_same_figures,
	};
	for (size_t i = 0; i < t->n_disks; i++)
		for (size_t k = 0; k < i && !t->disks[i].merged; k++)
			for (size_t s = 0;
			     s < ARRAY_LEN(same) && !t->disks[k].merged && !t->disks[i].merged; s++)
				if (same[s](&t->disks[k], &t->disks[i])) {
					/* Data sets of a pool share the free space. Each has its
					 * own used space. */
					if (disks_better_name(&t->disks[i], &t->disks[k])) {
						t->disks[k].dir = t->disks[i].dir;
						t->disks[k].mount = t->disks[i].mount;
					}
					if (disks_same_pool(&t->disks[k], &t->disks[i]) &&
					    !text_same(t->disks[k].source, t->disks[i].source)) {
						t->disks[k].used += t->disks[i].used;
						t->disks[k].total = t->disks[k].used +
						                    t->disks[k].available;
					}
					t->disks[i].merged = true;
				}
}

/* --- the result ---------------------------------------------------------- */

/* Adds a disk to the result. If the room is used up, only the fullest stay. */
static void disks_show(struct vitals *v, const struct disk *d)
{
	/* Rounds up, like df: the used part of the space that users may use. */
	double all = (double)d->used + (double)d->available;
	double percent = all > 0 ? 100.0 * (double)d->used / all : 100;
	struct vitals_disk shown = { .total = d->total * 1024,
		                     .used = d->used * 1024,
		                     .percent = (int)percent };
	shown.percent += shown.percent < percent;
	wash(shown.mount, sizeof shown.mount, d->dir.p, text_len(d->dir));
	if (v->n_disks == VITALS_DISKS) {
		v->more_disks++;
		size_t least = 0;
		for (size_t i = 1; i < v->n_disks; i++)
			if (v->disks[i].percent <= v->disks[least].percent)
				least = i;
		if (shown.percent <= v->disks[least].percent)
			return;
		memmove(&v->disks[least], &v->disks[least + 1],
		        (v->n_disks - least - 1) * sizeof *v->disks);
		v->n_disks--;
	}
	v->disks[v->n_disks++] = shown;
}

/* --- reading ------------------------------------------------------------- */

static void disks_add(struct tables *t, struct disk *d, bool by_stat)
{
	/* The mount at dir. If several are stacked there, the top one. */
	d->mount = NULL;
	for (size_t i = t->n_mounts; i > 0; i--)
		if (disks_is_path(t->mounts[i - 1].dir, d->dir)) {
			d->mount = &t->mounts[i - 1];
			break;
		}
	if (by_stat && (!d->mount || disks_is_remote(d->mount->source)))
		return;
	if (by_stat)
		d->source = d->mount->source;
	if (t->n_disks < TABLE_MAX && disks_counts(t, d))
		t->disks[t->n_disks++] = *d;
}

static void disks_read_figures(struct tables *t, struct text in, struct vitals *v)
{
	static const char *const not_here[] = { "mount", "clock", "reboot", "hostcert" };
	struct text line, rest, key;
	while (text_line(&in, &line)) {
		struct disk d = { 0 };
		bool skip = false;
		rest = line;
		if (!text_word(&rest, &key))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(not_here); i++)
			skip |= text_is(key, not_here[i]);
		disks_rest(&rest);
		if (text_is(key, "hung") && rest.p < rest.end && *rest.p == '/') {
			char name[sizeof v->hung[0]];
			size_t n = 0;
			while (rest.p < rest.end && n < sizeof name - 1)
				name[n++] = (char)disks_char(&rest.p, rest.end);
			if (v->n_hung < VITALS_HUNG)
				wash(v->hung[v->n_hung], sizeof v->hung[0], name, n);
			v->n_hung++;
		} else if (text_is(key, "stat") && disks_stat(rest, &d))
			disks_add(t, &d, true);
		else if (!skip && disks_df(line, &d))
			disks_add(t, &d, false);
	}
}

void disks_take(const char *bytes, size_t len, struct vitals *v)
{
	struct text in = { bytes, bytes + len }, rest = in, line, key;
	struct mount m;
	struct tables t = { .mounts = xcalloc(TABLE_MAX, sizeof *t.mounts),
		            .disks = xcalloc(TABLE_MAX, sizeof *t.disks) };
	v->n_disks = v->more_disks = v->n_hung = 0;
	v->worst_disk = -1;
	v->disks_known = true;
	while (text_line(&rest, &line))
		if (text_word(&line, &key) && text_is(key, "mount") && t.n_mounts < TABLE_MAX &&
		    disks_mount(line, &m))
			t.mounts[t.n_mounts++] = m;
	disks_read_figures(&t, in, v);
	disks_merge(&t);
	for (size_t i = 0; i < t.n_disks; i++)
		if (!t.disks[i].merged)
			disks_show(v, &t.disks[i]);
	for (size_t i = 0; i < v->n_disks; i++)
		if (v->worst_disk < 0 || v->disks[i].percent > v->disks[v->worst_disk].percent)
			v->worst_disk = (int)i;
	free(t.mounts);
	free(t.disks);
}
