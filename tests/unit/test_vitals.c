/* The vitals: the parser on answers as servers gave them, whole and cut, and the script itself in
 * three shells. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "backends/base/base64.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/vitals/limits.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/server.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "backends/vitals/packages.h"
#include "backends/vitals/sample.h"
#include "tests/login_shells.h"

static const char sample_one[] = "cpu  1000 0 500 8000 100 0 20 5 7 0\nload 0.42 1.50 12.07 2/736 "
				 "23850\nuptime 1372.61 2368.75\n"
				 "MemTotal: 1000\nMemFree: 100\nMemAvailable: 600\nBuffers: "
				 "10\nCached: 300\nSwapTotal: 200\nSwapFree: 50\n"
				 "temp 41250\ntemp 0\ntemp 56500\ntemp 99999999\n";
static const char sample_two[] =
	"cpu  1030 0 520 8040 110 0 20 5 7 0\nload 0.50 1.50 12.07 2/736 23850\nuptime 1375.61 "
	"2368.75\n"
	"MemTotal: 1000\nMemFree: 100\nBuffers: 10\nCached: 300\nSwapTotal: 0\nSwapFree: 0\n";
static const char disks[] =
	"reboot yes linux-image-6.1.0-30-amd64 libc6\n"
	"Filesystem              1024-blocks     Used Available Capacity Mounted on\n"
	"devtmpfs                   12334460        0  12334460       0% /dev\n"
	"/dev/vda                  264212084 15497704  80003560      17% /\n"
	"/dev/vda                  264212084 15497704  80003560      17% /var/lib/docker\n"
	"/dev/loop3                   100000   100000         0     100% /snap/core/1\n"
	"store name with 7 words     1000000   880000    120000      88% /srv/big data\n"
	"efi                               4        0         4       0% /boot/efi\n"
	"overlay                   264212084 15497712  80003552      17% "
	"/var/lib/docker/overlay2/0272/merged\n";
static const char facts[] = "uid 1000\nuser ops\nhostname sese\nkernel Linux 6.1.0-30-amd64\nos "
			    "\"Debian GNU/Linux 12 (bookworm)\"\n"
			    "runtime /run/user/1000\ncpus 4\n";

static void near(double got, double want)
{
	assert_true(got > want - 0.001 && got < want + 0.001);
}

static void a_sample_is_understood(void **state)
{
	struct vitals v;
	struct cpu_times before = { 0 };
	vitals_init(&v);
	assert_true(sample_parse(sample_one, sizeof sample_one - 1, &before, &v));
	near(v.cpu, -1);
	near(v.load1, 0.42);
	near(v.load15, 12.07);
	near(v.temperature, 56.5);
	assert_int_equal(v.uptime_s, 1372);
	assert_int_equal(v.mem_total, 1000 * 1024);
	assert_int_equal(v.mem_used, 400 * 1024);
	assert_int_equal(v.swap_used, 150 * 1024);

	assert_true(sample_parse(sample_two, sizeof sample_two - 1, &before, &v));
	/* 50 busy of 100 ticks; guests are not counted twice */
	near(v.cpu, 50);
	near(v.temperature, -1);
	assert_int_equal(v.mem_used, (1000 - 410) * 1024);
	assert_int_equal(v.swap_total, 0);
	assert_int_equal(v.n_history, 2);
	near(v.cpu_history[0], -1);
	near(v.cpu_history[1], 50);
}

/* Bytes per second of all interfaces, over the time since a sample had them. */
static void network_rates_are_over_their_own_interval(void **state)
{
	static const char *const samples[] = {
		"uptime 100.00 1\nnet eth0: 1000 500\nnet eth1: 0 0\n",
		"uptime 103.00 1\n",
		"uptime 110.00 1\nnet eth0: 2000 700\nnet eth1: 1000 0\n",
		"uptime 120.00 1\nnet eth0: 5 900\n",
		"uptime 130.00 1\nnet eth0: x 900\nnet eth1:\nnet\n",
		"uptime 140.00 1\nnet eth0: 99999999999999999999999 1\n",
	};
	static const double in[] = { -1, -1, 200, -1, -1, -1 }, out[] = { -1, -1, 20, 20, -1, -1 };
	struct cpu_times before = { 0 };
	struct vitals v;
	vitals_init(&v);
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		assert_true(sample_parse(samples[i], strlen(samples[i]), &before, &v));
		near(v.net_in_rate, in[i]);
		near(v.net_out_rate, out[i]);
	}
}

static void counters_that_run_backwards_do_no_harm(void **state)
{
	struct vitals v;
	struct cpu_times before = { 0 };
	const char later[] = "cpu  900 0 400 9000 50 0 20 5\n";
	vitals_init(&v);
	sample_parse(sample_one, sizeof sample_one - 1, &before, &v);
	sample_parse(later, sizeof later - 1, &before, &v);
	near(v.cpu, 0);
	sample_parse(sample_one, sizeof sample_one - 1, &before, &v);
	near(v.cpu, -1);
}

static void what_cannot_be_is_unknown(void **state)
{
	static const char odd[] =
		"load -3.5 1e5 0.1 1/2 3\nuptime -6.1 2\ncpu -1\nMemTotal: 10\nMemAvailable: 20\n";
	struct cpu_times before = { 0 };
	struct vitals v;
	vitals_init(&v);
	assert_true(sample_parse(sample_one, strlen(sample_one), &before, &v));
	assert_true(sample_parse(odd, strlen(odd), &before, &v));
	near(v.load1, -1);
	near(v.load5, -1);
	near(v.load15, 0.1);
	assert_int_equal(v.uptime_s, -1);
	assert_int_equal(v.uptime_ms, 0);
	assert_int_equal(v.mem_used, 0);
	static const char clocks[] =
		"clock 99999999999999999999999999.5 1.5\nclock 5.5 -99999999999999999999999999\n";
	disks_parse(clocks, strlen(clocks), &v);
	assert_int_equal(v.boot_wall_ms, 0);
}

static void the_ring_goes_round(void **state)
{
	struct vitals v;
	struct cpu_times before = { 0 };
	vitals_init(&v);
	for (int i = 0; i < VITALS_HISTORY + 5; i++)
		sample_parse(sample_one, sizeof sample_one - 1, &before, &v);
	assert_int_equal(v.n_history, VITALS_HISTORY);
	assert_int_equal(v.next_history, 5);
}

static void disks_are_counted_once_and_only_real_ones(void **state)
{
	struct vitals v;
	vitals_init(&v);
	assert_true(disks_parse(disks, sizeof disks - 1, &v));
	assert_int_equal(v.n_disks, 2);
	assert_string_equal(v.disks[0].mount, "/");
	assert_int_equal(v.disks[0].percent, 17);
	assert_string_equal(v.disks[1].mount, "/srv/big data");
	assert_int_equal(v.worst_disk, 1);
	assert_true(v.reboot_pending);
	assert_string_equal(v.reboot_why, "linux-image-6.1.0-30-amd64 libc6");

	char why[64];
	assert_true(vitals_attention(&v, 80, why, sizeof why));
	assert_string_equal(why, "disk /srv/big data 88% full");
	assert_true(vitals_attention(&v, 10, why, sizeof why));
	assert_string_equal(why, "disk /srv/big data 88% full, and 1 more");
	assert_false(vitals_attention(&v, 90, why, sizeof why));
	assert_false(vitals_attention(NULL, 1, why, sizeof why));
}

static void a_root_of_layers_still_counts(void **state)
{
	const char text[] = "reboot no\noverlay 1000000 950000 50000 95% /\n";
	struct vitals v;
	vitals_init(&v);
	disks_parse(text, sizeof text - 1, &v);
	assert_int_equal(v.n_disks, 1);
	assert_int_equal(v.disks[0].percent, 95);
	assert_false(v.reboot_pending);
}

static void more_disks_than_room(void **state)
{
	struct buf b = { 0 };
	struct vitals v;
	char why[64];
	for (int i = 0; i < 500; i++)
		buf_addf(&b, "/dev/sd%d 1000000 500000 500000 50%% /m%d\n", i, i);
	buf_addf(&b, "/dev/sdx 1000000 990000 10000 99%% /srv/backup\n/dev/sdy 1000000 10000 "
	             "990000 1%% /empty\n");
	vitals_init(&v);
	assert_true(disks_parse(b.data, b.len, &v));
	assert_int_equal(v.n_disks, VITALS_DISKS);
	assert_int_equal(v.more_disks, 502 - VITALS_DISKS);
	assert_string_equal(v.disks[0].mount, "/m0");
	assert_true(vitals_attention(&v, 80, why, sizeof why));
	assert_string_equal(why, "disk /srv/backup 99% full");
	buf_finish(&b);
}

/* Answers of real kinds of systems (tests/unit/answers/disks), as "DIR PERCENT" of each disk, and
 * what is to be told. */
static void each_kind_of_system_has_its_disks(void **state)
{
	static const struct {
		const char *file, *disks, *why;
	} all[] = {
		/* data sets of Proxmox (netdata#14937): one pool; a set that filled its quota is
		   full by itself */
		{ "zfs-proxmox.txt",
		  "/ 96, /rpool/data/subvol-106-disk-0 6, /rpool/data/subvol-107-disk-0 99, "
		  "/etc/pve 1, ",
		  "disk /rpool/data/subvol-107-disk-0 99% full, and 1 more" },
		/* subvolumes of openSUSE (qdirstat#39) */
		{ "btrfs.txt", "/ 91, /home 1, ", "disk / 91% full" },
		/* LVM, snaps, an image of a CD (duf#9, nux#25), a bind mount; and a disk that the
		   kernel stopped writing to */
		{ "lvm-snap.txt", "/ 10, /boot 16, /srv/big data 95, /srv/failed 100, ",
		  "disk /srv/failed 100% full, and 1 more" },
		/* ostree (syswatch#9, composefs#420): the root is an image, the disk is /sysroot,
		   mounted so that nobody errs */
		{ "coreos-composefs.txt", "/sysroot 96, /boot 27, ", "disk /sysroot 96% full" },
		/* Home Assistant (operating-system#755) */
		{ "haos-squashfs.txt", "/mnt/overlay 3, /mnt/boot 10, /mnt/data 95, ",
		  "disk /mnt/data 95% full" },
		/* a container of Proxmox: its root is a data set, a loop device is a disk, a snap
		   is none */
		{ "lxc.txt", "/ 40, /srv/files 100, ", "disk /srv/files 100% full" },
		{ "container.txt", "/ 90, ", "disk / 90% full" },
		{ "flatcar-verity.txt", "/ 11, /oem 51, ", NULL },
		{ "nfs-hung.txt", "/ 19, /srv/data 97, ",
		  "disk /srv/data 97% full; /mnt/nas one does not answer" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char path[128], text[8192], why[128];
		struct buf got = { 0 };
		struct vitals v;
		snprintf(path, sizeof path, "tests/unit/answers/disks/%s", all[i].file);
		FILE *f = fopen(path, "r");
		assert_non_null(f);
		size_t n = fread(text, 1, sizeof text, f);
		fclose(f);
		assert_true(n < sizeof text);
		vitals_init(&v);
		assert_true(disks_parse(text, n, &v));
		for (size_t d = 0; d < v.n_disks; d++)
			buf_addf(&got, "%s %d, ", v.disks[d].mount, v.disks[d].percent);
		assert_string_equal(got.data, all[i].disks);
		assert_int_equal(vitals_attention(&v, 80, why, sizeof why), all[i].why != NULL);
		assert_string_equal(why, all[i].why ? all[i].why : "");
		buf_finish(&got);
	}
}

static void many_data_sets_are_one_pool(void **state)
{
	struct buf b = { 0 };
	struct vitals v;
	char why[64];
	for (int i = 0; i < 31; i++) {
		buf_addf(&b, "mount %d 1 0:%d / /tank/set%d rw - zfs tank/set%d rw,xattr\n", 50 + i,
		         50 + i, i, i);
		buf_addf(&b, "tank/set%d 120000000 20000000 100000000 17%% /tank/set%d\n", i, i);
	}
	buf_addf(&b, "mount 90 1 8:17 / /srv/backup rw - ext4 /dev/sdb1 rw\n/dev/sdb1 1000000 "
	             "990000 10000 99%% /srv/backup\n");
	vitals_init(&v);
	assert_true(disks_parse(b.data, b.len, &v));
	assert_int_equal(v.n_disks, 2);
	assert_int_equal(v.disks[0].percent, 87); /* 620 of 720 GB */
	assert_true(vitals_attention(&v, 90, why, sizeof why));
	assert_string_equal(why, "disk /srv/backup 99% full");
	buf_finish(&b);
}

static void hung_mounts_are_named_and_counted(void **state)
{
	struct vitals v;
	char why[128];
	const char text[] =
		"hung /a\nhung /b\134c\nhung /d\nhung /e\nhung /f\nhung 10000 2000 8000 20% /g\n";
	vitals_init(&v);
	disks_parse(text, sizeof text - 1, &v);
	assert_int_equal(v.n_hung, 5);
	assert_string_equal(v.hung[1], "/b\\c");
	assert_int_equal(v.n_disks, 1);
	assert_string_equal(v.disks[0].mount, "/g");
	assert_true(vitals_attention(&v, 90, why, sizeof why));
	assert_string_equal(why, "/a and 4 more do not answer");
}

/* A sample every 3 s with this much of both. Returns whether something is said at the end. */
static bool busy(struct vitals *v, const struct limits *limits, int64_t *now_ms, int percent,
                 int64_t for_ms, char *why, size_t size)
{
	for (int64_t end = *now_ms + for_ms; *now_ms < end; *now_ms += 3000) {
		v->mem_total = 100;
		v->mem_used = (uint64_t)percent;
		v->cpu_history[v->next_history] = (float)percent;
		v->next_history = (v->next_history + 1) % VITALS_HISTORY;
		v->n_history += v->n_history < VITALS_HISTORY;
		limits_see(v, limits, *now_ms);
	}
	return limits_say(v, limits, *now_ms, 1700000000000 + *now_ms, why, size);
}

static void memory_and_cpu_count_after_a_time(void **state)
{
	const struct limits limits = {
		.memory = 90, .cpu = 80, .hold_ms = 300000, .gap_ms = 60000
	};
	const struct limits none = { .memory = 101, .cpu = 101, .gap_ms = 60000 };
	struct vitals v;
	char why[LIMITS_WORDS];
	int64_t now = 1000;
	vitals_init(&v);
	setenv("TZ", "UTC", 1);
	assert_false(busy(&v, &limits, &now, 95, 290000, why, sizeof why));
	assert_string_equal(why, "");
	assert_true(busy(&v, &limits, &now, 95, 12000, why, sizeof why));
	assert_string_equal(why, "memory over 90% since 22:13");
	assert_true(busy(&v, &limits, &now, 88, 60000, why, sizeof why));
	assert_string_equal(why, "memory over 90% since 22:13; CPU over 80% since 22:13");
	/* a step below the limit it is over */
	assert_true(busy(&v, &limits, &now, 80, 60000, why, sizeof why));
	assert_string_equal(why, "CPU over 80% since 22:13");
	assert_false(busy(&v, &limits, &now, 50, 60000, why, sizeof why));
	/* nobody looked for a while: the time begins again */
	assert_true(busy(&v, &limits, &now, 99, 400000, why, sizeof why));
	now += 70000;
	assert_false(busy(&v, &limits, &now, 99, 60000, why, sizeof why));
	assert_false(busy(&v, &none, &now, 100, 60000, why, sizeof why));
}

/* What was full at the first look counts at once, what fills up later after a time. */
static void a_disk_counts_after_a_time(void **state)
{
	const struct limits limits = { .disk = 80, .hold_ms = 300000 };
	struct vitals v;
	vitals_init(&v);
	limits_see_disks(&v, &limits, true, 1000);
	assert_false(limits_disk_counts(&v, &limits, 400000)); /* none is known */
	v.worst_disk = 0;
	v.n_disks = 1;
	v.disks[0].percent = 80;
	limits_see_disks(&v, &limits, true, 1000);
	assert_true(limits_disk_counts(&v, &limits, 1000));
	limits_see_disks(&v, &limits, false, 61000); /* still */
	assert_true(limits_disk_counts(&v, &limits, 61000));
	v.disks[0].percent = 79;
	limits_see_disks(&v, &limits, false, 121000);
	assert_false(limits_disk_counts(&v, &limits, 921000));
	v.disks[0].percent = 99;
	limits_see_disks(&v, &limits, false, 1000000);
	limits_see_disks(&v, &limits, false, 1060000);
	assert_false(limits_disk_counts(&v, &limits, 1299999));
	assert_true(limits_disk_counts(&v, &limits, 1300000));
}

static void on_link(struct link *link, void *arg)
{
	(void)link;
	(void)arg;
}

/* Each is a condition of the server's own row, and goes with its cause. */
static void vitals_make_a_server_need_you(void **state)
{
	static const struct link_events events = { on_link };
	static const struct {
		const char *what, *bad, *why, *well;
	} all[] = {
		{ "disks", "reboot yes linux-image libc6\n",
		  "reboot pending: linux-image", "reboot no\n" },
		{ "disks", "/dev/vda 100 91 9 91% /\n", "disk / 91% full",
		  "/dev/vda 100 9 91 9% /\n" },
		{ "sample", "MemTotal: 100\nMemAvailable: 5\n", "memory over 90% since ",
		  "MemTotal: 100\nMemAvailable: 50\n" },
		{ "sample", NULL, "CPU over 90% since ", "cpu 0 0 0 0\n" },
	};
	struct doc complaints;
	doc_init(&complaints);
	struct loop *loop = loop_create();
	struct settings *settings = settings_load("/dev/null", &complaints);
	doc_finish(&complaints);
	free(settings->state_dir);
	settings->state_dir = NULL;
	settings->started.once = true; /* no time has to pass */
	settings->need_for = 0;
	struct store *store = store_create(loop, NULL, settings);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		char name[8];
		snprintf(name, sizeof name, "pi%zu", i);
		struct server *server = server_add(store, name);
		server->link = link_create_local(loop, name, &events, NULL);
		server->link->state = LINK_UP;
		struct source *source = server_source(server, "vitals");
		source_feed(source, "disks", "reboot no\n", 10);
		for (int n = 1; !all[i].bad && n < 13; n++) {
			char text[64];
			int len = snprintf(text, sizeof text, "cpu %d 0 0 0\n", n * 100);
			source_feed(source, "sample", text, (size_t)len);
		}
		if (all[i].bad)
			source_feed(source, all[i].what, all[i].bad, strlen(all[i].bad));
		assert_int_equal(server->row.health, HEALTH_ATTENTION);
		assert_int_equal(server->row.need, NEED_STANDS);
		assert_non_null(server->row.why);
		assert_non_null(strstr(server->row.why, all[i].why));
		if (!all[i].bad)
			for (int n = 0; n < 12; n++)
				source_feed(source, "sample", all[i].well, strlen(all[i].well));
		else
			source_feed(source, all[i].what, all[i].well, strlen(all[i].well));
		assert_int_equal(server->row.health, HEALTH_GOOD);
		assert_int_equal(server->row.need, NEED_NONE);
		server->link->state = LINK_DOWN;
	}
	store_destroy(store);
	loop_destroy(loop);
	settings_destroy(settings);
}

static void facts_are_understood_and_washed(void **state)
{
	struct facts f;
	assert_true(facts_parse(facts, sizeof facts - 1, &f));
	assert_int_equal(f.uid, 1000);
	assert_int_equal(f.cpus, 4);
	assert_string_equal(f.user, "ops");
	assert_string_equal(f.os, "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(f.runtime_dir, "/run/user/1000");
	const char hostile[] = "hostname a\x1b]0;evil\x07"
			       "b\xff\nuid 99999999999999999999999\n";
	facts_parse(hostile, sizeof hostile - 1, &f);
	assert_null(strchr(f.hostname, '\x1b'));
	assert_int_equal(f.uid, -1);
}

static void nothing_breaks_at_any_cut(void **state)
{
	const struct {
		const char *text;
		size_t len;
	} all[] = {
		{ sample_one, sizeof sample_one - 1 },
		{ disks, sizeof disks - 1 },
		{ facts, sizeof facts - 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		for (size_t n = 0; n <= all[i].len; n++) {
			/* In memory of exactly that size, so that a sanitizer sees a read beyond
			 * it. */
			char *cut = malloc(n ? n : 1);
			struct cpu_times before = { 0 };
			struct vitals v;
			struct facts f;
			memcpy(cut, all[i].text, n);
			vitals_init(&v);
			sample_parse(cut, n, &before, &v);
			disks_parse(cut, n, &v);
			facts_parse(cut, n, &f);
			free(cut);
		}
	}
}

static void blocks_come_whole_or_not_at_all(void **state)
{
	const char text[] = "Welcome to sese\n=end\n=sample\nload 1 2 3\n=end\n";
	struct buf in = { 0 };
	struct block block;
	for (size_t i = 0; i + 1 < sizeof text - 1; i++) {
		buf_add(&in, text + i, 1);
		assert_int_equal(block_next(&in, &block), 0);
	}
	buf_add(&in, "\n", 1);
	assert_int_equal(block_next(&in, &block), sizeof text - 1);
	assert_string_equal(block.name, "sample");
	assert_int_equal(block.len, strlen("load 1 2 3\n"));
	buf_finish(&in);
}

/* Runs the script in shell with input on its standard input and gathers what it says. */
static void run_script(const char *shell, const char *input, struct buf *out)
{
	char *script = sample_command(),
	     *words = quote_command((const char *const[]){ "-c", script, NULL }), command[24576],
	     chunk[4096];
	snprintf(command, sizeof command, "printf '%s' | exec %s %s", input, shell, words);
	free(words);
	free(script);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, p)) > 0;)
		buf_add(out, chunk, n);
	assert_int_equal(pclose(p), 0);
}

static int listener;
/* A port of 127.0.0.1 where listener listens. */
static int listen_here(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(listener >= 0 && bind(listener, (struct sockaddr *)&a, len) == 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

static bool has_port(const struct vitals *v, int port)
{
	for (size_t i = 0; i < v->n_ports; i++)
		if (v->ports[i] == port)
			return true;
	return false;
}

static void expect_ports(const char *lines, size_t n, uint16_t first, uint16_t last)
{
	struct vitals v;
	vitals_init(&v);
	assert_true(ports_parse(lines, strlen(lines), &v));
	assert_true(v.ports_known);
	assert_int_equal(v.n_ports, n);
	if (n) {
		assert_int_equal(v.ports[0], first);
		assert_int_equal(v.ports[n - 1], last);
	}
	assert_false(ports_parse(lines, strlen(lines), &v)); /* the same as before */
}

static void only_ports_of_loopback_count(void **state)
{
	expect_ports("", 0, 0, 0);
	expect_ports("0100007F:1F90\n00000000:0016\n0100007F:1F90\n", 2, 22, 8080);
	expect_ports("00000000000000000000000000000000:0BB8\n", 1, 3000, 3000);
	expect_ports("0000000000000000FFFF00000100007F:FFFF\n", 1, 65535, 65535);
	/* another address, ::1, no port, and what is none of these */
	expect_ports("0A00000A:1F90\n00000000000000000000000001000000:1F90\n00000000:0000\n"
	             "0100007F:1F9\n0100007F:1f90\n0100007F:01F90\n0100007F1F90\n:0016\n",
	             0, 0, 0);
	expect_ports("0100007F:0001\n0100007F:0002", 1, 1, 1); /* cut off */
	char many[16 * 400] = "";
	for (int i = 0; i < 399; i++)
		snprintf(many + strlen(many), 16, "00000000:%04X\n", 500 - i);
	expect_ports(many, VITALS_PORTS, 102, 102 + VITALS_PORTS - 1);
	struct vitals v;
	vitals_init(&v);
	assert_true(ports_parse("0100007F:0050\n", 14, &v));
	assert_true(ports_parse("0100007F:0051\n", 14, &v)); /* as many, but others */
	assert_true(ports_parse("", 0, &v));
}

static void script_in(const char *shell)
{
	struct buf out = { 0 };
	struct block block;
	struct facts f = { .uid = -1 };
	struct vitals v;
	struct cpu_times before = { 0 };
	int samples = 0, seen_disks = 0, seen_ports = 0;
	int port = listen_here();
	vitals_init(&v);
	run_script(shell, "s\\nnonsense\\nd\\np\\ns\\n", &out);
	for (size_t used; (used = block_next(&out, &block)); buf_consume(&out, used)) {
		if (strcmp(block.name, "facts") == 0)
			assert_true(facts_parse(block.lines, block.len, &f));
		if (strcmp(block.name, "sample") == 0)
			samples += sample_parse(block.lines, block.len, &before, &v);
		if (strcmp(block.name, "disks") == 0)
			seen_disks += disks_parse(block.lines, block.len, &v);
		if (strcmp(block.name, "ports") == 0)
			seen_ports += ports_parse(block.lines, block.len, &v);
	}
	close(listener);
	assert_int_equal(seen_ports, 1);
	assert_true(has_port(&v, port));
	assert_int_equal(out.len, 0);
	assert_int_equal(f.uid, getuid());
	assert_int_not_equal(*f.kernel, 0);
	assert_true(f.cpus > 0);
	assert_int_equal(samples, 3);
	assert_int_equal(seen_disks, 1);
	assert_true(v.load1 >= 0 && v.mem_total > 0 && v.mem_used > 0 && v.uptime_s > 0);
	assert_true(v.n_disks > 0);
	assert_true(before.total > before.busy);
	buf_finish(&out);
}

/* A file system in user space whose program never says a word: statfs of it waits for ever. In a
 * namespace of our own, which ends with this process. False: that needs root and /dev/fuse. */
static bool hang_a_mount(const char *dir, int *fd)
{
	char options[96];
	*fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (*fd < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
	         *fd);
	return mount("silent", dir, "fuse.silent", MS_NOSUID | MS_NODEV, options) == 0;
}

static void hung_in(const char *shell, const char *dir)
{
	struct buf out = { 0 };
	struct block block;
	struct vitals v;
	int blocks = 0;
	run_script(shell, "d\\nd\\n", &out);
	for (size_t used; (used = block_next(&out, &block)); buf_consume(&out, used)) {
		if (strcmp(block.name, "disks") != 0)
			continue;
		vitals_init(&v);
		assert_true(disks_parse(block.lines, block.len, &v));
		assert_int_equal(v.n_hung, 1);
		assert_string_equal(v.hung[0], dir);
		assert_true(v.n_disks > 0);
		blocks++;
	}
	assert_int_equal(blocks, 2);
	buf_finish(&out);
}

static void a_mount_that_hangs_hides_no_other(void **state)
{
	char dir[] = "/tmp/mocr hung-XXXXXX";
	static const char *const shells[] = { "dash", "busybox sh" };
	pid_t pids[ARRAY_LEN(shells)];
	int fd, status, codes[ARRAY_LEN(shells)];
	assert_non_null(mkdtemp(dir));
	fflush(NULL);
	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		if (!hang_a_mount(dir, &fd))
			_exit(77);
		hung_in(shells[i], dir);
		_exit(0);
	}
	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		codes[i] = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	assert_int_equal(rmdir(dir), 0);
	if (codes[0] == 77)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		assert_int_equal(codes[i], 0);
}

static bool have(const char *command)
{
	char line[128];
	snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", command);
	return system(line) == 0;
}

static void the_script_in_dash(void **state)
{
	if (!have("dash"))
		skip();
	script_in("dash");
}

static void the_script_in_bash(void **state)
{
	if (!have("bash"))
		skip();
	script_in("bash --posix");
	script_in("bash");
}

static void the_script_in_busybox(void **state)
{
	if (!have("busybox"))
		skip();
	script_in("busybox sh");
}

/* Made by ssh-keygen -s ca -h -V 20260101:20270101 host.pub; the other is of a user. */
static const char host_cert[] =
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIIZSmj+m3SsW+KpZdELLQ4Xm"
	"qTRSE46K2vI+WeWXOTx5AAAAINERdoJbemTP/GaUUACuFO1Jw/kv7+/oKPK9L8IhuMR0AAAAAAAA"
	"AAAAAAACAAAAAWgAAAAHAAAAA3dlYgAAAABpVbkAAAAAAGs27IAAAAAAAAAAAAAAAAAAAAAzAAAA"
	"C3NzaC1lZDI1NTE5AAAAIHph6y5WnNEBwx3Kuhm8MepPadNWkK5SUdUgENfbgaP6AAAAUwAAAAtz"
	"c2gtZWQyNTUxOQAAAEBKjCroHlcyA9IvhaMqy3rMfsDBR910o7PJ7P+GZJajfDwIPpx2MC/vQIAr"
	"2qtp3ZEmY1lkaCOft14gUtRFdFsN";
static const char user_cert[] =
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIB3TK2y+idTZku6wx3uox25r"
	"aoXxDs2w4i0eUXpRRKouAAAAIAD3q33aUAhOrpX8AKtyiLbaXU8OUtNL0F7EOxnb5CAJAAAAAAAA"
	"AAAAAAABAAAAAm1lAAAADwAAAANvcHMAAAAEcm9vdAAAAABpVbkAAAAAAGs27IAAAAAAAAAAggAA"
	"ABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAA"
	"AAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJt"
	"aXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACCi9T+kgGshTaUAPJY4j5RJ"
	"FJkCGa/3LGyn1c2PmYXn2QAAAFMAAAALc3NoLWVkMjU1MTkAAABA2LJFOcQXE1Pw6JRxrh2n4SJF"
	"SgwReoV9uEip7vAGUtr3gB8CxJGfgilMjPuzZADcM21O6L3YMVeRQIkf/efbBw==";

/* A line for host_cert with another end. Behind its end are three empty fields, the authority's key
 * and the signature. */
static void host_cert_line(struct buf *out, uint64_t until, const char *path)
{
	struct buf cert = { 0 };
	assert_true(base64_decode(host_cert, &cert));
	for (size_t i = 0; i < 8; i++)
		cert.data[cert.len - 154 - 1 - i] = (char)(until >> (8 * i));
	char *text = base64_encode(cert.data, cert.len);
	buf_addf(out, "hostcert %s %s\n", text, path);
	free(text);
	buf_finish(&cert);
}

/* The certificate that ends first is kept, and none of a user. */
static void certificates_of_the_host(void **state)
{
	struct vitals v;
	struct buf in = { 0 };
	(void)state;
	vitals_init(&v);
	buf_addf(&in, "hostcert %s /etc/ssh/user-cert.pub\n", user_cert);
	assert_true(disks_parse(in.data, in.len, &v));
	assert_string_equal(v.host_cert.path, "");
	buf_addf(&in, "hostcert %s /etc/ssh/a b\033[31m-cert.pub\nhostcert\nhostcert x\n",
	         host_cert);
	assert_true(disks_parse(in.data, in.len, &v));
	assert_string_equal(v.host_cert.path, "/etc/ssh/a b-cert.pub");
	assert_true(v.host_cert.from_ms == INT64_C(1767225600000));
	assert_true(v.host_cert.until_ms == INT64_C(1798761600000));
	assert_int_equal(v.n_disks, 0);
	static const struct {
		const char *path;
		uint64_t until;
	} more[] = { { "/later", 1798761601 }, { "/ever", UINT64_MAX }, { "/same", 1798761600 },
		     { "/sooner", 1798761599 } };
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		host_cert_line(&in, more[i].until, more[i].path);
		assert_true(disks_parse(in.data, in.len, &v));
		assert_string_equal(v.host_cert.path,
		                    i < 3 ? "/etc/ssh/a b-cert.pub" : "/sooner");
	}
	/* one that ends comes after one for ever */
	buf_clear(&in);
	host_cert_line(&in, UINT64_MAX, "/ever");
	assert_true(disks_parse(in.data, in.len, &v));
	assert_string_equal(v.host_cert.path, "/ever");
	host_cert_line(&in, 1798761600, "/ends");
	assert_true(disks_parse(in.data, in.len, &v));
	assert_string_equal(v.host_cert.path, "/ends");
	/* it was taken away */
	assert_true(disks_parse("reboot no\n", 10, &v));
	assert_string_equal(v.host_cert.path, "");
	buf_finish(&in);
}

/* Where the docker program of a login goes; HOME is made by setup. */
static void docker_of(const char *setup, const char *want)
{
	char home[] = "/tmp/mocr_docker-XXXXXX", command[32768], chunk[4096];
	struct buf out = { 0 };
	struct block block;
	struct facts f = { .uid = -1 };
	assert_non_null(mkdtemp(home));
	char *script = sample_command(),
	     *line = quote_command((const char *const[]){ "sh", "-c", script, NULL });
	snprintf(command, sizeof command,
	         "export HOME=%s XDG_RUNTIME_DIR=%s/run; cd; unset DOCKER_HOST DOCKER_CONTEXT; %s; "
	         "%s </dev/null; rm -rf %s",
	         home, home, setup, line, home);
	free(line);
	free(script);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, p)) > 0;)
		buf_add(&out, chunk, n);
	pclose(p);
	size_t used;
	while ((used = block_next(&out, &block)) && strcmp(block.name, "facts") != 0)
		buf_consume(&out, used);
	assert_true(used > 0);
	assert_true(facts_parse(block.lines, block.len, &f));
	char *expected = strstr(want, "HOME")
	                         ? xasprintf("unix://%s%s", home, strstr(want, "HOME") + 4)
	                         : xstrdup(want);
	assert_string_equal(f.docker, expected);
	free(expected);
	buf_finish(&out);
	char *away = xasprintf("rm -rf %s", home);
	assert_int_equal(system(away), 0);
	free(away);
}

static void the_script_knows_where_docker_leads(void **state)
{
	char unix_of_uid[64];
	snprintf(unix_of_uid, sizeof unix_of_uid, "unix:///run/user/%d/docker.sock", (int)getuid());
	docker_of("true", "none");
	docker_of("mkdir run; python3 -c \"import socket; "
	          "socket.socket(1).bind(\\\"run/docker.sock\\\")\"",
	          "");
	docker_of("export DOCKER_HOST=ssh://ops@elsewhere", "ssh://ops@elsewhere");
	/* what the tool that sets a rootless engine up tells to write, behind the guard of .bashrc
	 */
	docker_of("echo \"case \\$- in *i*) ;; *) return;; esac\" >.bashrc; echo \"export "
	          "DOCKER_HOST=unix:///run/user/1000/docker.sock\" >>.bashrc",
	          "unix:///run/user/1000/docker.sock");
	docker_of("echo \"  export DOCKER_HOST=\\\"unix://\\$XDG_RUNTIME_DIR/docker.sock\\\" # "
	          "rootless\" >.zshrc",
	          "HOME/run/docker.sock");
	docker_of("echo \"export DOCKER_HOST=unix:///run/user/\\$(id -u)/docker.sock\" >.profile",
	          unix_of_uid);
	docker_of("mkdir -p .config/fish; echo \"set -gx DOCKER_HOST tcp://10.0.0.1:2375\" "
	          ">.config/fish/config.fish",
	          "tcp://10.0.0.1:2375");
	docker_of("mkdir run; python3 -c \"import socket; "
	          "socket.socket(1).bind(\\\"run/docker.sock\\\")\"; export "
	          "DOCKER_HOST=ssh://ops@elsewhere",
	          "HOME/run/docker.sock");
	docker_of("echo \"#export DOCKER_HOST=tcp://10.0.0.1:2375\" >.bashrc", "none");
	/* as docker 26 leaves a context */
	docker_of("mkdir -p .docker/contexts/meta/aa .docker/contexts/meta/bb; "
	          "printf \"{\\n\\t\\\"auths\\\": {},\\n\\t\\\"currentContext\\\": "
	          "\\\"rootless\\\"\\n}\" >.docker/config.json; "
	          "printf \"%s\" "
	          "\"{\\\"Name\\\":\\\"other\\\",\\\"Metadata\\\":{},\\\"Endpoints\\\":{"
	          "\\\"docker\\\":{\\\"Host\\\":\\\"tcp://10.0.0.9:1\\\"}}}\" "
	          ">.docker/contexts/meta/aa/meta.json; "
	          "printf \"%s\" "
	          "\"{\\\"Name\\\":\\\"rootless\\\",\\\"Metadata\\\":{},\\\"Endpoints\\\":{"
	          "\\\"docker\\\":{\\\"Host\\\":\\\"unix:///srv/d.sock\\\","
	          "\\\"SkipTLSVerify\\\":false}}}\" >.docker/contexts/meta/bb/meta.json",
	          "unix:///srv/d.sock");
	docker_of("export DOCKER_HOST=unix:///var/run/docker.sock", "none");
	docker_of("export DOCKER_HOST=unix:///run/docker.sock", "none");
}

/* What the script reports of the engines, with the folders of the system moved below a folder that
 * setup fills. want: a line of the report, or with "!" one that is not there. */
static void engines_of(const char *shell, const char *setup, const char *want)
{
	char home[] = "/tmp/mocr_engines-XXXXXX", chunk[4096];
	struct buf out = { 0 };
	assert_non_null(mkdtemp(home));
	char *path = xasprintf("%s/script", home), *script = sample_command();
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(script, f);
	fclose(f);
	free(path);
	free(script);
	char *command = xasprintf(
		"cd %s && export HOME=$PWD XDG_RUNTIME_DIR=$PWD/run && mkdir -p live etc/system "
		"etc/user .config/systemd/user && listen() { mkdir -p $(dirname $1); python3 -c "
		"'import socket, sys; socket.socket(1).bind(sys.argv[1])' $1; }; "
		"hold() { python3 -c 'import socket, sys, time; s = socket.socket(1); "
		"s.bind(sys.argv[1]); s.listen(); c = socket.socket(1); c.connect(sys.argv[1]); "
		"a = s.accept(); s = s if sys.argv[2] == \"on\" else s.close(); "
		"print(1, flush=True); time.sleep(20)' $PWD/$1 $2 >held & echo $! >pid; "
		"until [ -s held ]; do :; done; echo k >ask; }; : >ask; "
		"on() { mkdir -p $(dirname $1); ln -s ${2:-$HOME/script} $1; }; %s; "
		"sed -i -e \"s|/etc/systemd|$PWD/etc|g; s|/run/systemd/system|$PWD/live|g; "
		"s|/var/run/docker.sock|$PWD/docker.sock|g; s|/run/podman|$PWD/podman|g\" script; "
		"%s ./script <ask; if [ -e pid ]; then kill $(cat pid); fi; cd /; rm -rf %s",
		home, setup, shell, home);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	free(command);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, p)) > 0;)
		buf_add(&out, chunk, n);
	pclose(p);
	buf_add(&out, "", 1);
	char *line = xasprintf("\n%s\n", want + (*want == '!'));
	if (!strstr(out.data, line) != (*want == '!'))
		print_error("%s, %s: %s is wrong: %s\n", shell, setup, want, out.data);
	assert_int_equal(!strstr(out.data, line), *want == '!');
	free(line);
	buf_finish(&out);
}

/* An engine that systemd starts at boot, and that does not listen, is stopped. One that is not
 * installed, disabled or masked is absent. */
static void the_script_knows_which_engines_are_set_up(void **state)
{
	static const char *const cases[][2] = {
		{ "true", "docker absent" },
		{ "true", "podman absent" },
		{ "on etc/system/multi-user.target.wants/docker.service", "docker stopped" },
		{ "on etc/system/sockets.target.wants/docker.socket", "docker stopped" },
		{ "on etc/system/docker.service", "docker absent" }, /* disabled */
		/* the package is gone, the link is left */
		{ "on etc/system/multi-user.target.wants/docker.service /nowhere",
		  "docker absent" },
		{ "on etc/system/multi-user.target.wants/docker.service; "
		  "on etc/system/docker.service /dev/null",
		  "docker absent" }, /* masked */
		{ "rmdir live; on etc/system/multi-user.target.wants/docker.service",
		  "docker absent" }, /* no systemd runs */
		{ "on etc/system/multi-user.target.wants/docker.service; listen docker.sock",
		  "docker ready" },
		{ "on etc/system/sockets.target.wants/podman.socket", "podman stopped" },
		{ "on etc/system/sockets.target.wants/podman.socket; mkdir podman",
		  "podman stopped" },
		{ "on etc/user/sockets.target.wants/podman.socket", "podman-user absent" },
		{ "on etc/user/sockets.target.wants/podman.socket; mkdir run",
		  "podman-user stopped" },
		{ "on .config/systemd/user/sockets.target.wants/podman.socket; mkdir run",
		  "podman-user stopped" },
		{ "on etc/user/sockets.target.wants/podman.socket; mkdir run; "
		  "on .config/systemd/user/podman.socket /dev/null",
		  "podman-user absent" },
		{ "on .config/systemd/user/default.target.wants/docker.service; mkdir run",
		  "docker-user stopped" },
		{ "on .config/systemd/user/default.target.wants/docker.service",
		  "docker-user absent" }, /* nothing of the user runs */
		{ "on etc/system/sockets.target.wants/docker.socket", "bus-user absent" },
		{ "hold docker.sock on", "docker listens" },
		/* the listener has gone, and one of its connections is left */
		{ "hold docker.sock off", "!docker listens" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		engines_of("sh", cases[i][0], cases[i][1]);
	engines_of("bash", cases[2][0], cases[2][1]);
	engines_of("bash", cases[0][0], cases[0][1]);
	if (have("busybox"))
		engines_of("busybox sh", cases[2][0], cases[2][1]);
}

/* The answer =programs after setup, in a home of its own, by that shell. Owned. */
static char *programs_after(const char *shell, const char *home, const char *setup)
{
	char *script = sample_command(),
	     *line = quote_command((const char *const[]){ "-c", script, NULL });
	char *command = xasprintf("export HOME=%s; unset XDG_CONFIG_HOME CLAUDE_CONFIG_DIR; cd; "
	                          "%s; echo d | %s %s; kill $pid 2>/dev/null",
	                          home, setup, shell, line);
	char chunk[4096];
	struct buf out = { 0 };
	struct block block;
	size_t used;
	FILE *p = popen(command, "r");
	assert_non_null(p);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, p)) > 0;)
		buf_add(&out, chunk, n);
	pclose(p);
	while ((used = block_next(&out, &block)) && strcmp(block.name, "programs") != 0)
		buf_consume(&out, used);
	assert_true(used > 0);
	char *lines = xstrndup(block.lines, block.len);
	buf_finish(&out);
	free(command);
	free(line);
	free(script);
	return lines;
}

/* A Claude Code, a herdr server and a port of the login's own each change the answer. */
static void programs_with_sessions_are_noticed(void **state)
{
	static const char *const shells[] = { "dash", "bash", "busybox sh" };
	static const char listens[] =
		"rm -f at; python3 -c \"import socket, time; s = socket.socket(); "
		"s.bind((\\\"127.0.0.1\\\", 0)); s.listen(); "
		"open(\\\"at\\\", \\\"w\\\").write(\\\"%04X\\n\\\" % s.getsockname()[1]); "
		"time.sleep(60)\" >/dev/null 2>&1 & pid=$!; "
		"until [ -s at ]; do sleep 0.05; done";
	for (size_t i = 0; i < 3; i++) {
		char home[] = "/tmp/mocr_programs-XXXXXX", port[32] = "";
		assert_non_null(mkdtemp(home));
		char *none = programs_after(shells[i], home, "true");
		char *claude = programs_after(shells[i], home,
		                              "mkdir -p .claude/sessions; "
		                              "echo >.claude/sessions/7.json");
		char *herdr = programs_after(shells[i], home,
		                             "mkdir -p .config/herdr/sessions/work; "
		                             "echo >.config/herdr/sessions/work/herdr.sock");
		char *by_port = programs_after(shells[i], home, listens);
		assert_null(strstr(none, home));
		assert_non_null(strstr(claude, "/.claude/sessions/7.json\n"));
		assert_null(strstr(claude, "herdr.sock"));
		assert_non_null(strstr(herdr, "/.config/herdr/sessions/work/herdr.sock\n"));
		char *at = xasprintf("%s/at", home);
		FILE *f = fopen(at, "r");
		assert_non_null(f);
		assert_int_equal(fscanf(f, "%31s", port), 1);
		fclose(f);
		char *line = xasprintf("port 0100007F:%s\n", port);
		assert_non_null(strstr(by_port, line));
		char *away = xasprintf("rm -rf %s", home);
		assert_int_equal(system(away), 0);
		free(away);
		free(line);
		free(at);
		free(by_port);
		free(herdr);
		free(claude);
		free(none);
	}
}

/* Through every login shell, as the link starts it there. */
static void the_script_passes_any_login_shell(void **state)
{
	char *script = sample_command(), *line = quote_login(script, false);
	for (size_t i = 0; i < LOGIN_SHELLS; i++) {
		struct buf out = { 0 };
		struct shell_run r;
		if (!shell_there(&login_shells[i])) {
			print_error("there is no %s; make check installs it\n",
			            login_shells[i].path);
			fail();
		}
		shell_start(&r, &login_shells[i], "/dev/null", line, &out, NULL);
		assert_int_equal(shell_end(&r), 0);
		assert_int_equal(strncmp(out.data, "=sockets\ndocker ", 16), 0);
		assert_non_null(strstr(out.data, "\n=facts\nuid "));
		assert_non_null(strstr(out.data, "\n=sample\ncpu "));
		assert_string_equal(out.data + out.len - 5, "=end\n");
		buf_finish(&out);
	}
	free(line);
	free(script);
}

/* As apt of Debian 12 and Ubuntu 24.04 print it. */
static void test_packages(void **state)
{
	static const char text[] =
		"packages apt\nlists 1795000000\nListing...\n"
		"libc6/noble-updates 2.39-0ubuntu8.4 amd64 [upgradable from: 2.39-0ubuntu8.3]\n"
		"openssl/noble-updates,noble-security 3.0.13 amd64 [upgradable from: 3]\n"
		"x\033[31m/stable-security 1 all [upgradable from: 0]\n"
		"N: There is 1 additional version.\n";
	struct vitals v;
	struct err err;
	char words[80];
	vitals_init(&v);
	assert_int_equal(v.packages, -1);
	assert_string_equal(packages_words(&v, words, sizeof(words)), "");
	assert_true(packages_parse(&v, text, strlen(text), &err));
	assert_int_equal(v.packages, 3);
	assert_int_equal(v.packages_security, 2);
	assert_string_equal(v.packages_names, "openssl, x, libc6");
	assert_true(v.packages_lists_ms == INT64_C(1795000000000));
	assert_string_equal(packages_words(&v, words, sizeof(words)), "3 updates, 2 for security");
	assert_false(packages_parse(&v, "packages none\n", 14, &err));
	assert_int_equal(err.code, ERR_ABSENT);
	assert_false(packages_parse(&v, "Welcome!\n", 9, &err));
	assert_int_equal(v.packages, 3);
	assert_true(packages_parse(&v, "packages apt\nlists\n", 19, &err));
	assert_int_equal(v.packages, 0);
}

/* apt that fails prints its head and no list: that is not "no updates". */
static void a_failed_apt_is_no_empty_list(void **state)
{
	static const char out[] = "packages apt\nlists 1795000000\nListing...\n";
	static const char complaint[] =
		"\nWARNING: apt does not have a stable CLI interface.\n\n"
		"E: The package lists or status file could not be parsed\033[31m or opened.\n\n";
	struct run_result r = { .out = out,
		                .out_len = sizeof(out) - 1,
		                .err_out = complaint,
		                .err_len = sizeof(complaint) - 1,
		                .end = { .began = true, .exit_code = 100 } };
	struct vitals v;
	struct err err;
	vitals_init(&v);
	assert_false(packages_read(&v, &r, &err));
	assert_int_equal(v.packages, -1);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_string_equal(err.text,
	                    "apt list --upgradable ended with code 100: E: The package lists or "
	                    "status file could not be parsed or opened.");
	r.err_len = 0;
	assert_false(packages_read(&v, &r, &err));
	assert_string_equal(err.text, "apt list --upgradable ended with code 100");
	r.end.exit_code = 0;
	r.err_len = sizeof(complaint) - 1;
	assert_true(packages_read(&v, &r, &err));
	assert_int_equal(v.packages, 0);
	err_set(&r.end.err, ERR_TIMEOUT, "here: no end");
	assert_false(packages_read(&v, &r, &err));
	assert_string_equal(err.text, "here: no end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_is_understood),
		cmocka_unit_test(network_rates_are_over_their_own_interval),
		cmocka_unit_test(counters_that_run_backwards_do_no_harm),
		cmocka_unit_test(what_cannot_be_is_unknown),
		cmocka_unit_test(the_ring_goes_round),
		cmocka_unit_test(disks_are_counted_once_and_only_real_ones),
		cmocka_unit_test(a_root_of_layers_still_counts),
		cmocka_unit_test(more_disks_than_room),
		cmocka_unit_test(each_kind_of_system_has_its_disks),
		cmocka_unit_test(many_data_sets_are_one_pool),
		cmocka_unit_test(hung_mounts_are_named_and_counted),
		cmocka_unit_test(a_mount_that_hangs_hides_no_other),
		cmocka_unit_test(memory_and_cpu_count_after_a_time),
		cmocka_unit_test(a_disk_counts_after_a_time),
		cmocka_unit_test(vitals_make_a_server_need_you),
		cmocka_unit_test(facts_are_understood_and_washed),
		cmocka_unit_test(nothing_breaks_at_any_cut),
		cmocka_unit_test(blocks_come_whole_or_not_at_all),
		cmocka_unit_test(certificates_of_the_host),
		cmocka_unit_test(the_script_knows_where_docker_leads),
		cmocka_unit_test(the_script_knows_which_engines_are_set_up),
		cmocka_unit_test(programs_with_sessions_are_noticed),
		cmocka_unit_test(the_script_passes_any_login_shell),
		cmocka_unit_test(only_ports_of_loopback_count),
		cmocka_unit_test(the_script_in_dash),
		cmocka_unit_test(the_script_in_bash),
		cmocka_unit_test(the_script_in_busybox),
		cmocka_unit_test(test_packages),
		cmocka_unit_test(a_failed_apt_is_no_empty_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
