/* Containers: every parser on what real engines answered, cut short at every byte, and on what no
 * engine should answer; judgements; rows made by feed alone, as a recording does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/containers/containers.h"
#include "backends/containers/engine.h"
#include "backends/containers/frames.h"
#include "backends/containers/seen_lines.h"
#include "backends/containers/judge.h"
#include "backends/base/mask.h"
#include "backends/containers/parse.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"
#include "backends/store/record.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

static const char *const engines[] = { "sese/docker",   "pi/docker",       "relay/docker",
	                               "strict/docker", "pod/podman-root", "pod/podman-user" };

static char *read_answer(const char *engine, const char *file, size_t *len)
{
	char path[256];
	snprintf(path, sizeof(path), "tests/unit/answers/%s/%s", engine, file);
	FILE *f = fopen(path, "r");
	if (!f)
		return NULL;
	char *bytes = xcalloc(1, 4u << 20);
	*len = fread(bytes, 1, (4u << 20) - 1, f);
	fclose(f);
	return bytes;
}

/* A copy of exactly len bytes, so that a sanitizer sees a read beyond it. */
static char *exact(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	memcpy(copy, bytes, len);
	return copy;
}

/* --- lists --------------------------------------------------------------- */

static const struct ctr_item *item(const struct ctr_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	fail_msg("no container %s", name);
	return NULL;
}

static void test_list_of_docker(void **state)
{
	size_t len;
	char *json = read_answer("sese/docker", "containers.json", &len);
	struct ctr_list list;
	assert_true(ctr_list_parse(&list, json, len, NULL));
	assert_int_equal(list.n, 19);
	const struct ctr_item *it = item(&list, "javisi_cadvisor");
	assert_string_equal(it->image, "gcr.io/cadvisor/cadvisor:v0.55.1");
	assert_string_equal(it->project, "javisi");
	assert_string_equal(it->service, "cadvisor");
	assert_string_equal(it->project_dir, "/srv/javisi");
	assert_string_equal(it->project_files, "docker-compose.yml");
	assert_null(it->project_env);
	assert_string_equal(it->networks, "javisi_default");
	assert_int_equal(it->state, CONTAINER_RUNNING);
	assert_int_equal(it->health, CTR_HEALTH_HEALTHY);
	assert_int_equal(it->status_age_ms, 4 * 60000);
	assert_int_equal(it->created_ms, 1795243806000);
	assert_int_equal(item(&list, "javisi_qdrant")->health, CTR_HEALTH_UNHEALTHY);
	it = item(&list, "javisi_loop");
	assert_int_equal(it->state, CONTAINER_RESTARTING);
	assert_int_equal(it->exit_code, 3);
	assert_int_equal(it->status_age_ms, 1000);
	assert_int_equal(item(&list, "javisi_diun")->exit_code, 137);
	ctr_list_finish(&list);
	free(json);
}

static void test_list_of_podman(void **state)
{
	size_t len;
	char *json = read_answer("pod/podman-user", "containers.json", &len);
	struct ctr_list list;
	assert_true(ctr_list_parse(&list, json, len, NULL));
	assert_int_equal(list.n, 2);
	assert_int_equal(item(&list, "importer")->exit_code, 4);
	assert_null(item(&list, "feeds")->networks);
	assert_string_equal(item(&list, "feeds")->command, "tick feeds 5");
	ctr_list_finish(&list);
	free(json);
}

static void test_cut_short_everywhere(void **state)
{
	for (size_t e = 0; e < ARRAY_LEN(engines); e++) {
		size_t len;
		char *json = read_answer(engines[e], "containers.json", &len);
		struct ctr_list list;
		while (len && json[len - 1] == '\n')
			len--;
		/* the whole of small ones, a sample of long ones: each parse is the length of the
		 * cut */
		for (size_t n = 0; n<len; n += len> 6000 ? 97 : 1) {
			char *cut = exact(json, n);
			assert_false(ctr_list_parse(&list, cut, n, NULL));
			ctr_list_finish(&list);
			free(cut);
		}
		free(json);
	}
}

static void check_cuts(const char *engine, const char *file)
{
	size_t len;
	struct ctr_inspect in;
	struct ctr_event ev;
	struct ctr_sample s;
	char *json = read_answer(engine, file, &len), said[100];
	assert_non_null(json);
	for (size_t n = 0; n < len; n++) {
		char *cut = exact(json, n);
		ctr_inspect_parse(&in, cut, n, NULL);
		ctr_event_parse(&ev, cut, n);
		ctr_sample_parse(&s, cut, n);
		ctr_message(said, sizeof(said), cut, n);
		free(cut);
	}
	free(json);
}

static void test_other_answers_cut_short(void **state)
{
	check_cuts("sese/docker", "inspect-javisi_qdrant.json");
	check_cuts("pod/podman-root", "inspect-gateway.json");
	check_cuts("sese/docker", "stats-javisi_postgresql.json");
	check_cuts("sese/docker", "no-such-container.http");
}

static void test_ports(void **state)
{
	static const char json[] =
		"[{\"Id\":\"a\",\"Names\":[\"/other/alias\",\"/web\"],\"Ports\":["
		"{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"},"
		"{\"IP\":\"::\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"},"
		"{\"IP\":\"127.0.0.1\",\"PrivatePort\":53,\"PublicPort\":5353,\"Type\":\"udp\"},"
		"{\"PrivatePort\":443,\"Type\":\"tcp\"}],\"State\":\"paused\",\"Status\":\"Up "
		"About an hour (Paused)\","
		"\"Health\":{\"Status\":\"starting\"},\"Command\":[\"sh\",\"-c\",\"true\"]}]";
	struct ctr_list list;
	assert_true(ctr_list_parse(&list, json, strlen(json), NULL));
	assert_string_equal(list.items[0].name, "web");
	assert_string_equal(list.items[0].ports, "8080->80/tcp, 127.0.0.1:5353->53/udp, 443/tcp");
	assert_int_equal(list.items[0].status_age_ms, 3600000);
	assert_int_equal(list.items[0].health, CTR_HEALTH_STARTING);
	assert_string_equal(list.items[0].command, "sh -c true");
	ctr_list_finish(&list);
}

static void test_what_is_no_list(void **state)
{
	static const char *const answers[] = { "",
		                               "[",
		                               "null",
		                               "{}",
		                               "{\"message\":\"no\"}",
		                               "<html><body>Login</body></html>",
		                               "[1,2",
		                               "\xff\xfe",
		                               "[{\"Id\":\"a\"" };
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct ctr_list list;
		struct err err;
		assert_false(ctr_list_parse(&list, answers[i], strlen(answers[i]), &err));
		assert_int_equal(err.code, ERR_GARBLED);
		ctr_list_finish(&list);
	}
	/* members of the wrong kind are as if they were not there */
	static const char odd[] = "[1,null,{\"Id\":7},{\"Id\":\"x\",\"Names\":7,\"Ports\":{},"
				  "\"Labels\":[],\"State\":{},\"Created\":\"z\","
				  "\"Status\":\"Exited (\",\"NetworkSettings\":\"\"}]";
	struct ctr_list list;
	assert_true(ctr_list_parse(&list, odd, strlen(odd), NULL));
	assert_int_equal(list.n, 1);
	assert_string_equal(list.items[0].name, "x");
	assert_int_equal(list.items[0].state, CONTAINER_UNKNOWN);
	ctr_list_finish(&list);
}

static void assert_washed(const char *s)
{
	for (; s && *s; s++)
		assert_true((unsigned char)*s >= 0x20 && *s != 0x7f);
}

static void test_hostile_text(void **state)
{
	static const char bad[] = "\\u001b[31mred\\u001b]0;title\\u0007\\u202edrow\\r\\n\\u0000x";
	struct buf b = { 0 };
	buf_addf(&b,
	         "[{\"Id\":\"%s\",\"Names\":[\"/"
	         "%s\"],\"Image\":\"%s\",\"Command\":\"%s\",\"State\":\"running\",\"Status\":\"%"
	         "s\",",
	         bad, bad, bad, bad, bad);
	buf_addf(&b,
	         "\"Labels\":{\"com.docker.compose.project\":\"%s\",\"com.docker.compose.service\":"
	         "\"%s\"},",
	         bad, bad);
	buf_addf(&b,
	         "\"Ports\":[{\"IP\":\"%s\",\"PrivatePort\":1,\"PublicPort\":2,\"Type\":\"%s\"}],",
	         bad, bad);
	buf_addf(&b, "\"NetworkSettings\":{\"Networks\":{\"%s\":{}}}}]", bad);
	struct ctr_list list;
	assert_true(ctr_list_parse(&list, b.data, b.len, NULL));
	const struct ctr_item *it = &list.items[0];
	const char *all[] = { it->id,      it->name,    it->image, it->command,
		              it->project, it->service, it->ports, it->networks };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_washed(all[i]);
	ctr_list_finish(&list);
	buf_finish(&b);
	/* its short id would end inside a character */
	static const char nameless[] = "[{\"Id\":\"0123456789\u00fc\u00fc\"}]";
	assert_true(ctr_list_parse(&list, nameless, strlen(nameless), NULL));
	assert_washed(list.items[0].name);
	ctr_list_finish(&list);
}

static void test_a_label_of_10_mb(void **state)
{
	struct buf b;
	buf_init(&b, 16u << 20);
	buf_puts(&b, "[{\"Id\":\"a\",\"Names\":[\"/"
	             "x\"],\"State\":\"running\",\"Labels\":{\"com.docker.compose.project\":\"");
	char *fill = xcalloc(1, 1u << 20);
	memset(fill, 'l', 1u << 20);
	for (int i = 0; i < 10; i++)
		buf_add(&b, fill, 1u << 20);
	buf_puts(&b, "\"}}]");
	struct ctr_list list;
	assert_true(ctr_list_parse(&list, b.data, b.len, NULL));
	assert_true(strlen(list.items[0].project) < 1000);
	ctr_list_finish(&list);
	buf_finish(&b);
	free(fill);
}

/* --- inspect, events, stats ---------------------------------------------- */

static void inspect(struct ctr_inspect *in, const char *engine, const char *file)
{
	size_t len;
	char *json = read_answer(engine, file, &len);
	assert_true(ctr_inspect_parse(in, json, len, NULL));
	free(json);
}

static void test_inspect(void **state)
{
	struct ctr_inspect in;
	inspect(&in, "sese/docker", "inspect-javisi_diun.json");
	assert_int_equal(in.state, CONTAINER_EXITED);
	assert_int_equal(in.exit_code, 137);
	assert_true(in.oom);
	assert_true(in.started_ms > 0 && in.finished_ms > in.started_ms);
	inspect(&in, "sese/docker", "inspect-javisi_loop.json");
	assert_int_equal(in.restarts, 16);
	assert_string_equal(in.policy, "always");
	inspect(&in, "sese/docker", "inspect-javisi_console.json");
	assert_true(in.tty);
	assert_int_equal(in.finished_ms, 0); /* year 1 is never */
	inspect(&in, "sese/docker", "inspect-javisi_qdrant.json");
	assert_int_equal(in.health, CTR_HEALTH_UNHEALTHY);
	assert_true(in.failing_streak > 0);
	assert_true(*in.health_output);
	inspect(&in, "pod/podman-user", "inspect-importer.json");
	assert_int_equal(in.exit_code, 4);
	assert_int_equal(in.health, CTR_HEALTH_NONE);
}

/* Who chose the labels: an image's id is a hash over its own labels, so it cannot carry that id. */
static void test_compose_origins(void **state)
{
#define HASHED \
	"\"com.docker.compose.config-hash\":\"a\",\"com.docker.compose.container-number\":\"1\""
#define MADE_FROM(id) HASHED ",\"com.docker.compose.image\":\"" id "\""
#define ENV ",\"com.docker.compose.project.environment_file\":\"/x\""
	static const struct {
		const char *image_id, *labels;
		enum compose_origin origin;
	} cases[] = {
		{ "sha256:12", "\"com.docker.compose.project\":\"p\"", COMPOSE_NOT },
		{ "sha256:12", "\"com.docker.compose.config-hash\":\"a\"", COMPOSE_NOT },
		{ "sha256:12", HASHED, COMPOSE_CLAIMED },
		{ "sha256:12", MADE_FROM("sha256:12"), COMPOSE_MADE },
		{ "sha256:12", MADE_FROM("sha256:13"), COMPOSE_CLAIMED },
		{ "sha256:12", MADE_FROM("sha256:12") ENV, COMPOSE_CLAIMED },
		{ "", MADE_FROM(""), COMPOSE_CLAIMED },
		/* a name instead of an id is no hash */
		{ "nginx", MADE_FROM("nginx"), COMPOSE_CLAIMED },
	};
	static const struct {
		const char *json;
		bool ok;
		enum compose_origin origin;
	} images[] = {
		{ "{\"Id\":\"x\",\"Config\":{\"Labels\":null}}", true, COMPOSE_MADE },
		/* what compose's own build gives an image */
		{ "{\"Id\":\"x\",\"Config\":{\"Labels\":{\"com.docker.compose.project\":\"p\"}}}",
		  true, COMPOSE_MADE },
		{ "{\"Id\":\"x\",\"Config\":{\"Labels\":{" HASHED "}}}", true, COMPOSE_NOT },
		{ "{\"Id\":\"x\",\"Config\":{\"Labels\":{\"a\":\"b\"" ENV "}}}", true,
		  COMPOSE_NOT },
		{ "{\"Id\":\"x\",\"Config\":{\"Labels\":{\"io.podman.compose.project.working_dir\":"
		  "\"/x\"}}}",
		  true, COMPOSE_NOT },
		{ "{\"Id\":\"x\"}", false, COMPOSE_CLAIMED },
		{ "{\"message\":\"no such image\"}", false, COMPOSE_CLAIMED },
		{ "<html>", false, COMPOSE_CLAIMED },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char json[600];
		struct ctr_list list;
		snprintf(json, sizeof(json),
		         "[{\"Id\":\"a\",\"Names\":[\"/a\"],\"ImageID\":\"%s\",\"Labels\":{%s}}]",
		         cases[i].image_id, cases[i].labels);
		assert_true(ctr_list_parse(&list, json, strlen(json), NULL));
		assert_int_equal(list.items[0].by_compose, cases[i].origin);
		ctr_list_finish(&list);
	}
	for (size_t i = 0; i < ARRAY_LEN(images); i++) {
		enum compose_origin origin;
		assert_int_equal(ctr_image_parse(&origin, images[i].json, strlen(images[i].json),
		                                 NULL),
		                 images[i].ok);
		assert_int_equal(origin, images[i].origin);
	}
}

static void test_events(void **state)
{
	unsigned starts = 0, deaths = 0;
	for (size_t e = 0; e < ARRAY_LEN(engines); e++) {
		size_t len;
		char *lines = read_answer(engines[e], "events.jsonl", &len);
		for (char *p = strtok(lines, "\n"); p; p = strtok(NULL, "\n")) {
			struct ctr_event ev;
			if (!ctr_event_parse(&ev, p, strlen(p)))
				continue;
			assert_true(ev.time_ms > 1795000000000);
			starts += strcmp(ev.action, "start") == 0;
			if (strcmp(ev.action, "die") == 0 || strcmp(ev.action, "died") == 0) {
				assert_true(ev.exit_code == 7 || ev.exit_code == 137);
				deaths++;
			}
		}
		free(lines);
	}
	assert_true(starts >= ARRAY_LEN(engines));
	assert_true(deaths >= ARRAY_LEN(engines));
}

static void test_event_forms(void **state)
{
	struct ctr_event ev;
	/* API 1.52: no status, no id */
	static const char health[] = "{\"Type\":\"container\",\"Action\":\"health_status: "
				     "unhealthy\",\"Actor\":{\"ID\":\"ab\",\"Attributes\":"
				     "{\"name\":\"n\"}},\"timeNano\":1795237077250357783}";
	assert_true(ctr_event_parse(&ev, health, strlen(health)));
	assert_string_equal(ev.action, "health_status");
	assert_string_equal(ev.detail, "unhealthy");
	assert_int_equal(ev.time_ms, 1795237077250);
	static const char network[] =
		"{\"Type\":\"network\",\"Action\":\"connect\",\"Actor\":{\"ID\":\"ab\"}}";
	assert_false(ctr_event_parse(&ev, network, strlen(network)));
	/* without nanoseconds, or with such that cannot be, the seconds count */
	static const struct {
		const char *times;
		int64_t ms;
	} times[] = {
		{ "\"timeNano\":1500000000,\"time\":7", 1500 },
		{ "\"time\":7", 7000 },
		{ "\"timeNano\":0,\"time\":7", 7000 },
		{ "\"timeNano\":-1,\"time\":7", 7000 },
		{ "\"timeNano\":9e18,\"time\":7", 7000 },
		{ "\"timeNano\":8e18", 8000000000000 },
		{ "\"timeNano\":9e18", 0 },
		{ "\"time\":8e9", 8000000000000 },
		{ "\"time\":9e9", 0 },
		{ "\"time\":0", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		char *text = xasprintf("{\"Type\":\"container\",\"Action\":\"die\","
		                       "\"Actor\":{\"ID\":\"ab\"},%s}",
		                       times[i].times);
		assert_true(ctr_event_parse(&ev, text, strlen(text)));
		assert_int_equal(ev.time_ms, times[i].ms);
		free(text);
	}
	static const char lying[] = "{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":"
				    "\"ab\",\"Attributes\":{\"exitCode\":\"x\"}},"
				    "\"timeNano\":1e300,\"time\":-5}";
	assert_true(ctr_event_parse(&ev, lying, strlen(lying)));
	assert_int_equal(ev.exit_code, -1);
	assert_int_equal(ev.time_ms, 0);
}

static void test_stats(void **state)
{
	size_t len;
	struct ctr_sample s, next;
	char *json = read_answer("sese/docker", "stats-javisi_postgresql.json", &len);
	assert_true(ctr_sample_parse(&s, json, len));
	assert_true(s.valid);
	assert_int_equal(s.mem, 528384);
	assert_int_equal(s.rx, 42);
	assert_true(ctr_sample_cpu(&s, NULL) < 0); /* nothing to compare with */
	next = s;
	next.read_ms += 2000;
	next.cpu_ns += 1e9;
	assert_int_equal((int)ctr_sample_cpu(&next, &s), 50);
	free(json);
	/* an engine that cannot see its containers' groups: not 0 %, not 0 bytes, but unknown */
	json = read_answer("pi/docker", "stats-ntfy.json", &len);
	assert_true(ctr_sample_parse(&s, json, len));
	assert_true(s.mem < 0 && ctr_sample_cpu(&s, &next) < 0);
	free(json);
}

static void test_small_readers(void **state)
{
	size_t len;
	char said[200];
	char *head = read_answer("pod/podman-root", "ping.headers", &len);
	assert_true(ctr_head_value(head, len, "libpod-api-version", said, sizeof(said)));
	assert_memory_equal(said, "4.3.1", 5);
	free(head);
	assert_false(ctr_head_value("a: b", 4, "c", said, sizeof(said)));
	assert_int_equal(ctr_version("1.41"), 1041);
	assert_int_equal(ctr_version("1.9"), 1009);
	assert_int_equal(ctr_version("x"), -1);
	assert_int_equal(ctr_version(""), -1);
	static const char podman[] = "{\"cause\":\"no such container\",\"message\":\"no container "
				     "with name\",\"response\":404}";
	assert_string_equal(ctr_message(said, sizeof(said), podman, strlen(podman)),
	                    "no container with name");
	assert_string_equal(ctr_message(said, sizeof(said), "page not found\n", 15),
	                    "page not found ");
}

/* --- frames -------------------------------------------------------------- */

static void gather(const char *time, const char *line, size_t len, bool error, void *arg)
{
	struct buf *b = arg;
	buf_addf(b, "%s|%d|", time, error);
	buf_add(b, line, len);
	buf_add(b, "\n", 1);
}

static char *through_engine(bool docker, const char *bytes, size_t len, bool raw, size_t step)
{
	struct frames f;
	struct buf b = { 0 };
	frames_init(&f, raw, gather, &b);
	f.apart = docker;
	for (size_t i = 0; i < len; i += step) {
		size_t n = len - i < step ? len - i : step;
		char *piece = exact(bytes + i, n);
		frames_feed(&f, piece, n);
		free(piece);
	}
	frames_end(&f, true);
	frames_finish(&f);
	return buf_take(&b);
}

static char *through(const char *bytes, size_t len, bool raw, size_t step)
{
	return through_engine(false, bytes, len, raw, step);
}

/* --- told ---------------------------------------------------------------- */

static void tell(struct seen_lines *t, int64_t ns, const char *text, uint64_t number)
{
	seen_lines_add(t,
	               &(struct seen_line){ .ns = ns,
	                                    .hash = seen_line_hash(text, strlen(text), false),
	                                    .number = number },
	               0);
}

static bool comes_again(struct seen_lines *t, int64_t ns, const char *text, uint64_t *before)
{
	return seen_lines_take(t, ns, seen_line_hash(text, strlen(text), false), before);
}

/* Of one moment 1, 2, 4, 4 were told, because the stream lost 3. Asked again the engine tells all:
 * 3 belongs before the first 4, and a third 4 behind all. */
static void test_seen_lines(void **state)
{
	struct seen_lines recent = { 0 }, again = { 0 };
	uint64_t before;
	char text[16];
	assert_int_equal(seen_lines_since(&recent, 10), 0);
	tell(&recent, 7, "1", 10);
	tell(&recent, 7, "2", 20);
	tell(&recent, 7, "4", 30);
	tell(&recent, 7, "4", 40);
	assert_int_equal(seen_lines_since(&recent, 10), 7);
	for (int round = 0; round < 2; round++) {
		seen_lines_copy(&again, &recent);
		assert_true(comes_again(&again, 7, "1", &before));
		assert_false(comes_again(&again, 7, "1", &before));
		assert_int_equal(before, 20);
		assert_true(comes_again(&again, 7, "2", &before));
		assert_false(comes_again(&again, 7, "3", &before));
		assert_int_equal(before, 30);
		assert_false(comes_again(&again, 6, "4", &before));
		assert_int_equal(before, 0);
		assert_true(comes_again(&again, 7, "4", &before));
		assert_true(comes_again(&again, 7, "4", &before));
		assert_false(comes_again(&again, 7, "4", &before));
		assert_int_equal(before, 0);
	}
	/* beyond the bound they are counted */
	for (unsigned i = 0; i < SEEN_LINES_MAX + 3; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		tell(&recent, 8 + i / 3000, text, 100 + i);
	}
	assert_true(recent.n <= SEEN_LINES_MAX);
	assert_int_equal(seen_lines_since(&recent, 10), 8);
	assert_int_equal(seen_lines_since(&recent, 0), 9);
	seen_lines_copy(&again, &recent);
	assert_true(comes_again(&again, 7, "never told, but older", &before));
	for (unsigned i = 0; i < SEEN_LINES_MAX + 3; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		assert_true(comes_again(&again, 8 + i / 3000, text, &before));
	}
	assert_false(comes_again(&again, 9, "new", &before));
	seen_lines_finish(&again);
	seen_lines_finish(&recent);
	seen_lines_copy(&again, &recent);
	assert_false(comes_again(&again, 7, "1", &before));
	seen_lines_finish(&again);
}

/* Wherever a stream is cut, what was told is a beginning of all lines, each whole; an answer that
 * came whole may end without a line end. */
static void test_frames_cut_anywhere(void **state)
{
	static const char bytes[] = "\1\0\0\0\0\0\0\x28"
				    "2026-11-21T06:40:08.123456789Z count 12\n"
				    "\2\0\0\0\0\0\0\x25"
				    "2026-11-21T06:40:08.123456790Z no end";
	static const char first[] = "2026-11-21T06:40:08.123456789Z|0|count 12\n",
			  last[] = "2026-11-21T06:40:08.123456790Z|1|no end\n";
	for (size_t n = 0; n < sizeof(bytes); n++)
		for (int whole = 0; whole < 2; whole++) {
			struct frames f;
			struct buf b = { 0 };
			char want[200];
			frames_init(&f, false, gather, &b);
			frames_feed(&f, bytes, n);
			frames_end(&f, whole);
			snprintf(want, sizeof(want), "%s%s", n >= 48 ? first : "",
			         whole && n == sizeof(bytes) - 1 ? last : "");
			assert_string_equal(b.data ? b.data : "", want);
			frames_finish(&f);
			buf_finish(&b);
		}
}

static void add_frame(struct buf *b, int stream, const char *time, const char *text)
{
	size_t n = strlen(time) + strlen(text);
	const char head[] = { (char)stream, 0, 0, 0, 0, (char)(n >> 16), (char)(n >> 8), (char)n };
	buf_add(b, head, sizeof(head));
	buf_puts(b, time);
	buf_puts(b, text);
}

/* A long line of a terminal: 16 KB, a time, 16 KB, a time, the rest; in what the container wrote a
 * time stays where it is. */
static void test_a_terminals_long_line(void **state)
{
	static const char stamp[] = "2026-11-21T06:40:08.123456789Z ",
			  other[] = "2026-11-21T06:40:08.5Z ";
	static const size_t pieces[] = { 16384, 20000 };
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct frames f;
		struct buf in = { 0 }, out = { 0 }, want = { 0 };
		frames_init(&f, true, gather, &out);
		for (int k = 0; k < 3; k++) {
			char *piece = xcalloc(1, pieces[i] + 1);
			memset(piece, 'A' + k, pieces[i]);
			memcpy(piece + 100, other, sizeof(other) - 1);
			buf_addf(&in, "%s%s", k == 1 && i == 0 ? other : stamp, piece);
			buf_addf(&want, "%s%s", k ? "" : "2026-11-21T06:40:08.123456789Z|0|",
			         piece);
			free(piece);
		}
		buf_puts(&in, "\r\n");
		buf_addf(&in, "%sshort\r\n", stamp);
		for (size_t at = 0; at < in.len; at += 1000)
			frames_feed(&f, in.data + at, in.len - at < 1000 ? in.len - at : 1000);
		frames_end(&f, true);
		assert_non_null(strstr(out.data, want.data));
		assert_non_null(strstr(out.data, "short"));
		buf_finish(&in);
		buf_finish(&out);
		buf_finish(&want);
		frames_finish(&f);
	}
}

/* Docker: a run whose last line had no end, and the next run. A line that was cut because it is
 * long is one, whatever times its pieces have; Podman's pieces may be short. */
static void test_frames_of_two_runs(void **state)
{
#define T1 "2026-11-21T06:40:08.1Z"
#define T2 "2026-11-21T07:00:00.123456789Z"
	struct buf b;
	char *piece = xcalloc(1, (16u << 10) + 1), *s;
	buf_init(&b, 1u << 20);
	memset(piece, 'x', 16u << 10);
	add_frame(&b, 1, T1 " ", "last words");
	add_frame(&b, 2, T2 " ", "warn");
	add_frame(&b, 1, T2 " ", "first line\n");
	add_frame(&b, 2, T2 " ", "ing\n");
	for (size_t step = 1; step <= b.len; step++) {
		s = through_engine(true, b.data, b.len, false, step);
		assert_string_equal(s, T1 "|0|last words\n" T2 "|0|first line\n" T2 "|1|warning\n");
		free(s);
	}
	s = through_engine(false, b.data, b.len, false, 7);
	assert_string_equal(s, T1 "|0|last wordsfirst line\n" T2 "|1|warning\n");
	free(s);
	buf_clear(&b);
	add_frame(&b, 1, T1 " ", piece);
	add_frame(&b, 1, T2 " ", "end\n");
	s = through_engine(true, b.data, b.len, false, 4096);
	assert_int_equal(strlen(s), strlen(T1 "|0|") + (16u << 10) + strlen("end\n"));
	free(s);
	free(piece);
	buf_finish(&b);
}

static void test_frames_byte_by_byte(void **state)
{
	static const struct {
		const char *engine, *file;
		bool raw;
	} logs[] = {
		{ "sese/docker", "logs-javisi_diun.raw", false },
		{ "sese/docker", "logs-javisi_migrate.raw", false },
		{ "sese/docker", "logs-javisi_console.raw", true },
		{ "pod/podman-root", "logs-gateway.raw", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
		size_t len;
		char *bytes = read_answer(logs[i].engine, logs[i].file, &len);
		char *whole = through(bytes, len, logs[i].raw, len);
		for (size_t step = 1; step < 12; step++) {
			char *pieces = through(bytes, len, logs[i].raw, step);
			assert_string_equal(pieces, whole);
			free(pieces);
		}
		assert_memory_equal(whole, "2026-11-21T", 11);
		free(whole);
		free(bytes);
	}
}

static void test_frames_that_lie(void **state)
{
	static const char huge[] = "\1\0\0\0\xff\xff\xff\xff"
				   "abc\ndef";
	char *s = through(huge, sizeof(huge) - 1, false, 3);
	assert_string_equal(s, "|0|abc\n"); /* def may go on */
	free(s);
	/* no frames where frames were said: shown as it is */
	s = through("hello there\nyou\n", 16, false, 5);
	assert_string_equal(s, "|0|hello there\n|0|you\n");
	free(s);
	/* stdout and stderr interleaved in the middle of lines */
	static const char mixed[] = "\1\0\0\0\0\0\0\2ab\2\0\0\0\0\0\0\3xy\n\1\0\0\0\0\0\0\2c\n";
	s = through(mixed, sizeof(mixed) - 1, false, 1);
	assert_string_equal(s, "|1|xy\n|0|abc\n");
	free(s);
	s = through("\1\0\0", 3, false, 1);
	assert_string_equal(s, "");
	free(s);
}

static void test_a_line_without_end(void **state)
{
	size_t len = 3 * FRAMES_LINE_MAX;
	char *bytes = xcalloc(1, len);
	memset(bytes, 'x', len - 2);
	memcpy(bytes + len - 2, "\nz", 2);
	char *s = through(bytes, len, true, 4096);
	assert_int_equal(strlen(s), 3 + FRAMES_LINE_MAX + 1 + 3 + 1 + 1);
	free(s);
	free(bytes);
}

/* --- masks --------------------------------------------------------------- */

static void check_mask(const char *text, const char *expect)
{
	struct buf b = { 0 };
	size_t len = strlen(text);
	char *exact = xcalloc(1, len); /* no NUL behind it */
	memcpy(exact, text, len);
	mask_text(&b, exact, len);
	assert_string_equal(b.data, expect);
	buf_finish(&b);
	free(exact);
}

static void test_masks(void **state)
{
	check_mask("--password=hunter2 --name=x", "--password=" MASK " --name=x");
	check_mask("postgres://me:geheim@db:5432/x", "postgres://me:" MASK "@db:5432/x");
	check_mask("http://host:80/path?token=abc&x=1", "http://host:80/path?token=" MASK "&x=1");
	check_mask("Authorization: Bearer abcdefghijk", "Authorization: Bearer " MASK);
	check_mask("api_key: 'two words' rest", "api_key: " MASK " rest");
	check_mask("{\"password\": \"ge\\\"heim\", \"a\": 1", "{\"password\": " MASK ", \"a\": 1");
	check_mask("{'token' : 'abc'}", "{'token' : " MASK "}");
	/* cut off within a value */
	check_mask("api_key: 'two wor", "api_key: " MASK);
	check_mask("api_key: 'two wor\\", "api_key: " MASK);
	check_mask("api_key: 'two wor\\'", "api_key: " MASK);
	check_mask("api_key: 'two wor\\'ds' x", "api_key: " MASK " x");
	check_mask("{\\\"secret\\\":\\\"abc\\", "{\\\"secret\\\":\\" MASK);
	check_mask("\"{\\\"secret\\\":\\\"abc\\\",\\\"b\\\":2}\"",
	           "\"{\\\"secret\\\":\\" MASK ",\\\"b\\\":2}\"");
	check_mask("PATH=/usr/bin KEYMAP=de", "PATH=/usr/bin KEYMAP=de");
	/* the end of a value or of a URL names nothing: what follows is no secret */
	check_mask("Get \"https://h/x?token=my-token\": dial tcp: no",
	           "Get \"https://h/x?token=" MASK "\": dial tcp: no");
	check_mask("Get \"https://h/api/token\": dial tcp: no",
	           "Get \"https://h/api/token\": dial tcp: no");
	check_mask("Get 'https://h/api/token': EOF", "Get 'https://h/api/token': EOF");
	check_mask("\"my password\": \"a b\" rest", "\"my password\": " MASK " rest");
	check_mask("\"app/password\": \"a b\" rest", "\"app/password\": " MASK " rest");
	assert_true(mask_is_secret("N8N_ENCRYPTION_KEY", 18));
	assert_false(mask_is_secret("POSTGRES_PASSWORD_FILE", 22));
	assert_false(mask_is_secret("PWD", 3));
}

static void test_masked_json(void **state)
{
	static const char json[] =
		"{\"Env\":[\"DB_PASSWORD=a b "
		"c\",\"HOME=/root\"],\"Cmd\":[\"run\",\"--token\",\"abc\",\"-v\"],"
		"\"Labels\":{\"my.secret\":\"x\",\"url\":\"http://u:p@h/\"}}";
	struct buf b = { 0 };
	mask_json(&b, json, strlen(json));
	assert_string_equal(b.data,
	                    "{\"Env\":[\"DB_PASSWORD=" MASK
	                    "\",\"HOME=/root\"],\"Cmd\":[\"run\",\"--token\",\"" MASK "\",\"-v\"],"
	                    "\"Labels\":{\"my.secret\":\"" MASK "\",\"url\":\"http://u:" MASK
	                    "@h/\"}}");
	buf_clear(&b);
	mask_json(&b, "{\"TOKEN=abc", 11); /* half of one hides it too */
	assert_null(strstr(b.data, "abc"));
	static const char dirty[] = "2026-01-02 WRN old\n{\"Env\":[\"A_TOKEN=a "
				    "b\"],\"n\":1}\n{\"m\":2}\nX_KEY=abc rest\n{\"password\":\"abc";
	buf_clear(&b);
	mask_json(&b, dirty, strlen(dirty));
	assert_string_equal(b.data,
	                    "2026-01-02 WRN old\n{\"Env\":[\"A_TOKEN=" MASK
	                    "\"],\"n\":1}\n{\"m\":2}\nX_KEY=" MASK " rest\n{\"password\":" MASK);
	buf_clear(&b);
	mask_words(&b, "K\xc3\xa4se: 12\n", 10);
	assert_string_equal(b.data, "xxxx: xx\n");
	buf_clear(&b);
	mask_long_words(&b, "no 0123456789abcdef01234567, key", 32);
	assert_string_equal(b.data, "no " MASK ", key");
	buf_finish(&b);
}

/* --- judgements ---------------------------------------------------------- */

struct verdict_row {
	const char *what;
	enum container_state state;
	enum container_health check;
	int exit_code, restarts;
	bool oom, stopped, witnessed;
	unsigned deaths;
	const char *policy, *lines;
	enum health health;
	enum death_class death;
	const char *why; /* that it begins with; NULL none */
};

static const struct verdict_row verdicts[] = {
	{ "well", CONTAINER_RUNNING, CTR_HEALTH_HEALTHY, -1, 0, .policy = "always",
	  .health = HEALTH_GOOD },
	{ "starting", CONTAINER_RUNNING, CTR_HEALTH_STARTING, -1, 0, .policy = "",
	  .health = HEALTH_BUSY, .why = "starting" },
	{ "unhealthy", CONTAINER_RUNNING, CTR_HEALTH_UNHEALTHY, -1, 0, .policy = "",
	  .health = HEALTH_ATTENTION, .why = "unhealthy, failed 5 checks: no answer" },
	{ "loop, just running", CONTAINER_RUNNING, CTR_HEALTH_NONE, 3, 9, .deaths = 3,
	  .policy = "always", .health = HEALTH_BAD, .why = "restart loop" },
	{ "loop, waiting", CONTAINER_RESTARTING, CTR_HEALTH_NONE, 3, 9, .policy = "always",
	  .health = HEALTH_BAD, .death = DEATH_NONZERO_EXIT,
	  .why = "restart loop: exit code 3, ran 9s, restarts 9" },
	{ "once", CONTAINER_RESTARTING, CTR_HEALTH_NONE, 3, 1, .policy = "always",
	  .health = HEALTH_BUSY, .death = DEATH_NONZERO_EXIT, .why = "exit code 3" },
	{ "oom", CONTAINER_EXITED, CTR_HEALTH_NONE, 137, 4, .oom = true, .policy = "no",
	  .health = HEALTH_BAD, .death = DEATH_OOM,
	  .why = "oom-killed (limit 64M), ran 9s, restarts 4" },
	{ "finished", CONTAINER_EXITED, CTR_HEALTH_NONE, 0, 0, .policy = "no",
	  .health = HEALTH_IDLE },
	{ "stopped", CONTAINER_EXITED, CTR_HEALTH_NONE, 143, 0, .policy = "no",
	  .health = HEALTH_IDLE, .why = "stopped (143)" },
	{ "stopped hard, by its policy", CONTAINER_EXITED, CTR_HEALTH_NONE, 137, 0,
	  .policy = "always", .health = HEALTH_IDLE, .why = "stopped (137)" },
	{ "killed by somebody else", CONTAINER_EXITED, CTR_HEALTH_NONE, 137, 0, .policy = "no",
	  .health = HEALTH_BAD, .death = DEATH_SIGNAL, .why = "ended by SIGKILL (137)" },
	{ "TERM that nobody sent through the engine", CONTAINER_EXITED, CTR_HEALTH_NONE, 143, 0,
	  .witnessed = true, .policy = "no", .health = HEALTH_BAD, .death = DEATH_SIGNAL },
	{ "crashed", CONTAINER_EXITED, CTR_HEALTH_NONE, 139, 0, .policy = "no",
	  .health = HEALTH_BAD, .death = DEATH_SIGNAL, .why = "ended by SIGSEGV" },
	{ "failed", CONTAINER_EXITED, CTR_HEALTH_NONE, 1, 0, .policy = "no", .health = HEALTH_BAD,
	  .death = DEATH_NONZERO_EXIT },
	{ "no command", CONTAINER_EXITED, CTR_HEALTH_NONE, 127, 0, .policy = "no",
	  .health = HEALTH_BAD, .death = DEATH_MISSING_DEPENDENCY },
	{ "no database", CONTAINER_EXITED, CTR_HEALTH_NONE, 1, 0, .policy = "no",
	  .lines = "start\ndial tcp: connection refused\nbye", .health = HEALTH_BAD,
	  .death = DEATH_MISSING_DEPENDENCY,
	  .why = "exit code 1, something is missing: dial tcp: connection refused, ran" },
	{ "ended well though it should not", CONTAINER_EXITED, CTR_HEALTH_NONE, 0, 0,
	  .witnessed = true, .policy = "always", .health = HEALTH_BAD,
	  .death = DEATH_UNEXPECTED_EXIT },
	{ "failed when it was stopped", CONTAINER_EXITED, CTR_HEALTH_NONE, 1, 0, .stopped = true,
	  .policy = "no", .health = HEALTH_BAD, .death = DEATH_NONZERO_EXIT },
	{ "stopped and ended well", CONTAINER_EXITED, CTR_HEALTH_NONE, 0, 0, .stopped = true,
	  .policy = "always", .health = HEALTH_IDLE },
	{ "frozen", CONTAINER_PAUSED, CTR_HEALTH_NONE, -1, 0, .policy = "",
	  .health = HEALTH_ATTENTION, .why = "paused" },
	{ "new", CONTAINER_CREATED, CTR_HEALTH_NONE, -1, 0, .policy = "", .health = HEALTH_IDLE,
	  .why = "never started" },
	{ "dead", CONTAINER_DEAD, CTR_HEALTH_NONE, 0, 0, .policy = "no", .health = HEALTH_BAD,
	  .why = "dead" },
	{ "what is that?", CONTAINER_UNKNOWN, CTR_HEALTH_NONE, -1, 0, .policy = "",
	  .health = HEALTH_UNKNOWN },
};

static void test_verdicts(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		const struct verdict_row *r = &verdicts[i];
		struct container c = { .state = r->state,
			               .health = r->check,
			               .exit_code = r->exit_code,
			               .restarts = r->restarts,
			               .oom = r->oom,
			               .last_lines = (char *)r->lines,
			               .started_ms = 1000,
			               .finished_ms = 10000,
			               .created_ms = 500 };
		struct ctr_facts f = { .policy = r->policy,
			               .error = "",
			               .health_output = "no answer",
			               .failing_streak = 5,
			               .stopped = r->stopped,
			               .witnessed = r->witnessed,
			               .inspected = true,
			               .deaths = r->deaths,
			               .mem_limit = 64 << 20,
			               .now_ms = 11000 };
		struct ctr_verdict v;
		ctr_classify(&c, &f);
		ctr_judge(&c, &f, &v);
		if (v.health != r->health || c.death != r->death ||
		    (r->why && strncmp(v.why, r->why, strlen(r->why)) != 0) ||
		    (!r->why && r->health <= HEALTH_IDLE && *v.why))
			fail_msg("%s: health %d, death %s, why \"%s\"", r->what, v.health,
			         death_class_name(c.death), v.why);
	}
}

/* --- rows by feed alone -------------------------------------------------- */

struct world {
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct source *docker;
};

static int make_world(void **state)
{
	static char state_dir[] = "/tmp/mocr-test-XXXXXX";
	struct world *w = xcalloc(1, sizeof(*w));
	struct doc complaints;
	doc_init(&complaints);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	strcpy(state_dir + strlen(state_dir) - 6, "XXXXXX");
	setenv("XDG_STATE_HOME", mkdtemp(state_dir) ? state_dir : "/tmp", 1);
	w->loop = loop_create();
	w->settings = settings_load(NULL, &complaints);
	w->store = store_create(w->loop, NULL, w->settings);
	w->server = server_open_replay(w->store, "sese");
	w->docker = server_source(w->server, "docker");
	doc_finish(&complaints);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;
	char command[256];
	snprintf(command, sizeof(command), "rm -rf '%s'", getenv("XDG_STATE_HOME"));
	store_destroy(w->store);
	settings_destroy(w->settings);
	loop_destroy(w->loop);
	free(w);
	return system(command);
}

static void feed_file(struct world *w, const char *what, const char *file)
{
	size_t len;
	char *bytes = read_answer("sese/docker", file, &len);
	source_feed(w->docker, what, bytes, len);
	free(bytes);
}

static struct container *container(struct world *w, const char *name)
{
	char id[300];
	snprintf(id, sizeof(id), "sese/container/%s", name);
	return ROW_AS(container, store_find(w->store, id));
}

static void feed_inspect(struct world *w, const char *name)
{
	char what[100], file[100];
	snprintf(what, sizeof(what), "inspect:%s", container(w, name)->engine_id);
	snprintf(file, sizeof(file), "inspect-%s.json", name);
	feed_file(w, what, file);
}

static void feed_event(struct world *w, const struct container *c, const char *action,
                       const char *more)
{
	char json[700];
	snprintf(json, sizeof(json),
	         "{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\","
	         "\"Attributes\":{\"name\":\"%s\"%s}},"
	         "\"timeNano\":1795250000000000000}",
	         action, c->engine_id, c->row.name, more);
	source_feed(w->docker, "event", json, strlen(json));
}

static void test_rows(void **state)
{
	struct world *w = *state;
	feed_file(w, "ping", "ping.headers");
	feed_file(w, "list", "containers.json");
	assert_int_equal(store_count(w->store, &kind_container, NULL), 19);
	assert_int_equal(w->docker->state, SOURCE_LIVE);
	feed_inspect(w, "javisi_diun");
	feed_inspect(w, "javisi_qdrant");
	assert_int_equal(container(w, "javisi_diun")->death, DEATH_OOM);
	assert_int_equal(container(w, "javisi_diun")->row.health, HEALTH_BAD);
	assert_int_equal(container(w, "javisi_qdrant")->row.health, HEALTH_ATTENTION);
	assert_int_equal(container(w, "javisi_n8n")->row.health, HEALTH_GOOD);
	assert_true(container(w, "javisi_n8n")->cpu < 0);
}

static void test_rows_by_events(void **state)
{
	struct world *w = *state;
	feed_file(w, "list", "containers.json");
	struct container *c = container(w, "javisi_n8n");
	feed_event(w, c, "kill", ",\"signal\":\"15\"");
	feed_event(w, c, "die", ",\"exitCode\":\"143\"");
	assert_int_equal(c->state, CONTAINER_EXITED);
	assert_int_equal(c->row.health, HEALTH_IDLE);
	feed_event(w, c, "start", "");
	assert_int_equal(c->state, CONTAINER_RUNNING);
	assert_int_equal(c->health, CTR_HEALTH_STARTING);
	feed_event(w, c, "health_status: unhealthy", "");
	assert_int_equal(c->row.health, HEALTH_ATTENTION);
	feed_event(w, c, "oom", "");
	feed_event(w, c, "die", ",\"exitCode\":\"137\"");
	assert_int_equal(c->death, DEATH_OOM);
	assert_int_equal(c->row.health, HEALTH_BAD);
	feed_event(w, c, "pause", "");
	assert_int_equal(c->state, CONTAINER_PAUSED);
	feed_event(w, c, "destroy", "");
	assert_null(container(w, "javisi_n8n"));
}

static void feed_list_of(struct world *w, const char *state, const char *status)
{
	char json[300];
	snprintf(json, sizeof(json),
	         "[{\"Id\":\"ab\",\"Names\":[\"/x\"],\"State\":\"%s\",\"Status\":\"%s\"}]", state,
	         status);
	source_feed(w->docker, "list", json, strlen(json));
}

static void feed_end(struct world *w, const char *started, const char *finished)
{
	char json[300];
	snprintf(json, sizeof(json),
	         "{\"Id\":\"ab\",\"State\":{\"Status\":\"exited\",\"ExitCode\":1,\"StartedAt\":\"%"
	         "s\","
	         "\"FinishedAt\":\"%s\"}}",
	         started, finished);
	source_feed(w->docker, "inspect:ab", json, strlen(json));
}

/* Lives that no event told of: a start and an end seen only by the list, and a whole one between
 * two inspects. */
static void test_lives_unheard_of(void **state)
{
	struct world *w = *state;
	int64_t now = now_wall_ms();
	feed_list_of(w, "running", "Up 12 days");
	struct container *c = container(w, "x");
	struct ctr *k = c->priv;
	feed_event(w, c, "kill", ",\"signal\":\"15\"");
	feed_event(w, c, "oom", "");
	feed_event(w, c, "die", ",\"exitCode\":\"137\"");
	assert_true(k->stopped);
	feed_list_of(w, "running", "Up 3 minutes");
	assert_true(llabs(now - c->started_ms - 3 * 60000) < 5000);
	feed_event(w, c, "die", ",\"exitCode\":\"137\""); /* this one nobody asked for */
	assert_int_equal(c->death, DEATH_SIGNAL);
	feed_list_of(w, "running", "Up 2 minutes");
	feed_list_of(w, "exited", "Exited (1) 1 minute ago");
	assert_true(llabs(now - c->finished_ms - 60000) < 5000);

	feed_end(w, "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z");
	source_feed(w->docker, "tail:ab", "old words", 9);
	feed_end(w, "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z");
	assert_string_equal(c->last_lines, "old words");
	assert_false(fetch_is_wanted(&k->tail));
	feed_end(w, "2026-01-02T00:00:00Z", "2026-01-02T00:01:00Z");
	assert_null(c->last_lines);
	assert_true(fetch_is_wanted(&k->tail));
}

/* An event's words are cut to their room by whole characters. */
static void test_a_long_action(void **state)
{
	struct ctr_event e;
	char json[300];
	snprintf(json, sizeof(json),
	         "{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"ab\"}}",
	         "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
	         "\u00fc\u00fc\u00fc\u00fc\u00fc");
	assert_true(ctr_event_parse(&e, json, strlen(json)));
	assert_int_equal(strlen(e.action), 30);
}

/* A NUL behind the JSON: what is kept for the details ends there, and nothing behind it is read. */
static void test_an_answer_with_nul(void **state)
{
	struct world *w = *state;
	size_t len;
	feed_file(w, "list", "containers.json");
	struct container *c = container(w, "javisi_diun");
	char *json = read_answer("sese/docker", "inspect-javisi_diun.json", &len), what[100];
	char *more = xcalloc(1, len + 1000);
	memcpy(more, json, len);
	snprintf(what, sizeof(what), "inspect:%s", c->engine_id);
	source_feed(w->docker, what, more, len + 1000);
	assert_int_equal(((struct ctr *)c->priv)->answer_len, len);
	free(more);
	free(json);
}

static void test_rename_and_new(void **state)
{
	struct world *w = *state;
	feed_file(w, "list", "containers.json");
	struct container *c = container(w, "javisi_n8n");
	char *id = xstrdup(c->engine_id), json[600];
	snprintf(json, sizeof(json),
	         "{\"Type\":\"container\",\"Action\":\"rename\",\"Actor\":{\"ID\":\"%s\","
	         "\"Attributes\":{\"name\":\"new\","
	         "\"oldName\":\"/javisi_n8n\"}},\"time\":1795250000}",
	         id);
	source_feed(w->docker, "event", json, strlen(json));
	assert_null(container(w, "javisi_n8n"));
	assert_non_null(container(w, "new"));
	assert_string_equal(container(w, "new")->engine_id, id);
	assert_string_equal(container(w, "new")->project, "javisi");
	/* onto a name that is there: the row is taken over, nothing is lost twice */
	snprintf(json, sizeof(json),
	         "{\"Type\":\"container\",\"Action\":\"rename\",\"Actor\":{\"ID\":\"%s\","
	         "\"Attributes\":{\"name\":"
	         "\"javisi_loki\"}},\"time\":1795250000}",
	         id);
	source_feed(w->docker, "event", json, strlen(json));
	assert_string_equal(container(w, "javisi_loki")->engine_id, id);
	static const char born[] = "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":"
				   "\"feedbeef\",\"Attributes\":{\"name\":"
				   "\"born\",\"image\":\"i\"}},\"time\":1795250000}";
	source_feed(w->docker, "event", born, strlen(born));
	assert_int_equal(container(w, "born")->state, CONTAINER_RUNNING);
	feed_file(w, "list", "containers.json"); /* the list wins */
	assert_null(container(w, "born"));
	assert_non_null(container(w, "javisi_n8n"));
	free(id);
}

static void test_a_bad_list_keeps_rows(void **state)
{
	struct world *w = *state;
	feed_file(w, "list", "containers.json");
	source_feed(w->docker, "list", "<html>", 6);
	assert_int_equal(store_count(w->store, &kind_container, NULL), 19);
	assert_int_equal(w->docker->state, SOURCE_FAILED);
	assert_non_null(strstr(w->docker->err.text, "<html>"));
}

static void test_podman_behind_dockers_socket(void **state)
{
	struct world *w = *state;
	size_t len;
	char *head = read_answer("pod/podman-root", "ping.headers", &len);
	source_feed(w->docker, "ping", head, len);
	assert_int_equal(w->docker->state, SOURCE_ABSENT);
	free(head);
}

static bool doc_has(const struct doc *d, const char *text)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->lines[i].text && strstr(d->lines[i].text, text))
			return true;
	return false;
}

static void test_detail(void **state)
{
	struct world *w = *state;
	struct doc d;
	feed_file(w, "list", "containers.json");
	struct container *c = container(w, "javisi_n8n");
	char what[100], json[900];
	snprintf(what, sizeof(what), "inspect:%s", c->engine_id);
	snprintf(json, sizeof(json),
	         "{\"Id\":\"%s\",\"Name\":\"/"
	         "javisi_n8n\",\"State\":{\"Status\":\"running\"},\"Config\":{\"Env\":"
	         "[\"API_KEY=topsecret\",\"LANG=C\"]},\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/"
	         "srv\",\"Destination\":\"/data\",\"RW\":false}]}",
	         c->engine_id);
	source_feed(w->docker, what, json, strlen(json));
	doc_init(&d);
	kind_container.detail(&c->row, &d, false);
	assert_false(doc_has(&d, "topsecret"));
	assert_true(doc_has(&d, "bind /srv, read only"));
	doc_finish(&d);
	doc_init(&d);
	kind_container.detail(&c->row, &d, true);
	assert_true(doc_has(&d, "topsecret"));
	doc_finish(&d);
	struct buf out = { 0 };
	backend_docker.redact(what, json, strlen(json), &out);
	assert_null(strstr(out.data, "topsecret"));
	buf_finish(&out);
}

static void test_actions(void **state)
{
	struct world *w = *state;
	char words[300];
	feed_file(w, "list", "containers.json");
	struct row *up = &container(w, "javisi_n8n")->row,
		   *down = &container(w, "javisi_migrate")->row;
	assert_true(action_applies_to(action_find(&kind_container, "stop"), up));
	assert_false(action_applies_to(action_find(&kind_container, "stop"), down));
	assert_true(action_applies_to(action_find(&kind_container, "start"), down));
	assert_true(action_applies_to(action_find(&kind_container, "container-remove"), down));
	assert_false(action_applies_to(action_find(&kind_container, "remove"), up));
	action_command(action_find(&kind_container, "restart"), up, words, sizeof(words));
	assert_string_equal(words, "docker restart javisi_n8n");
	/* Compose 1 proves nothing by its labels, until the image shows its own. */
	action_command(action_find(&kind_container, "compose-up"), up, words, sizeof(words));
	assert_non_null(strstr(words, "up -d n8n   # whether compose made this container is not "
	                              "known: its image may"));
	static const char image[] = "{\"Id\":\"x\",\"Config\":{\"Labels\":null}}";
	char what[200];
	snprintf(what, sizeof(what), "image:%s", ROW_AS(container, up)->image_id);
	source_feed(w->docker, what, image, sizeof(image) - 1);
	action_command(action_find(&kind_container, "compose-up"), up, words, sizeof(words));
	assert_string_equal(words, "cd /srv/javisi && docker compose -p javisi -f "
	                           "docker-compose.yml up -d n8n");
	/* as with an image whose labels name a project */
	ROW_AS(container, up)->by_compose = COMPOSE_NOT;
	action_command(action_find(&kind_container, "compose-up"), up, words, sizeof(words));
	assert_non_null(
		strstr(words, "up -d n8n   # compose did not make this container: its image"));
	xreplace(&ROW_AS(container, up)->project_dir,
	         "/a long one with its /end/ cut off so that the mark is there "
	         "still..................................");
	action_command(action_find(&kind_container, "compose-up"), up, words, 160);
	assert_non_null(strstr(words, "   # compose did not make this container: its image may "
	                              "have chosen folder and files"));
	for (const struct action *a = kind_container.actions; a->name; a++)
		assert_false((a->flags & ACTION_DANGER) && a->key);
}

int main(void)
{
#define WORLD(fn) cmocka_unit_test_setup_teardown(fn, make_world, end_world)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_of_docker),
		cmocka_unit_test(test_list_of_podman),
		cmocka_unit_test(test_cut_short_everywhere),
		cmocka_unit_test(test_other_answers_cut_short),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_what_is_no_list),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_a_label_of_10_mb),
		cmocka_unit_test(test_inspect),
		cmocka_unit_test(test_compose_origins),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_event_forms),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_small_readers),
		cmocka_unit_test(test_seen_lines),
		cmocka_unit_test(test_frames_cut_anywhere),
		cmocka_unit_test(test_frames_byte_by_byte),
		cmocka_unit_test(test_frames_of_two_runs),
		cmocka_unit_test(test_frames_that_lie),
		cmocka_unit_test(test_a_terminals_long_line),
		cmocka_unit_test(test_a_line_without_end),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_masked_json),
		cmocka_unit_test(test_verdicts),
		WORLD(test_rows),
		WORLD(test_rows_by_events),
		WORLD(test_lives_unheard_of),
		cmocka_unit_test(test_a_long_action),
		WORLD(test_an_answer_with_nul),
		WORLD(test_rename_and_new),
		WORLD(test_a_bad_list_keeps_rows),
		WORLD(test_podman_behind_dockers_socket),
		WORLD(test_detail),
		WORLD(test_actions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
