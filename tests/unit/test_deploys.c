/* Deploys as rows: what a server's list of runs makes, and what this machine keeps of it over a
 * crash. Compose projects by the labels of their containers. How far a pull is, by the engine's
 * own words. */
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
#include "backends/containers/pull.h"
#include "backends/deploy/internal.h"
#include "backends/link/loop.h"
#include "backends/store/doc.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "panels/panels.h"

struct world {
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct source *deploys;
};

static char dir[64];

static void open_world(struct world *w)
{
	struct doc complaints;
	char file[100];
	doc_init(&complaints);
	snprintf(file, sizeof(file), "%s/config", dir);
	w->loop = loop_create();
	w->settings = settings_load(file, &complaints);
	assert_int_equal(complaints.n, 0);
	deploy_check_config(w->settings, &complaints);
	assert_int_equal(complaints.n, 0);
	w->store = store_create(w->loop, NULL, w->settings);
	w->server = server_open_replay(w->store, "sese");
	w->deploys = server_source(w->server, "deploy");
	doc_finish(&complaints);
}

static void close_world(struct world *w)
{
	store_destroy(w->store);
	settings_destroy(w->settings);
	loop_destroy(w->loop);
}

static int begin(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	snprintf(dir, sizeof(dir), "/tmp/mocr-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	char *file = xasprintf("%s/config", dir);
	FILE *f = fopen(file, "w");
	fputs("[deploy site]\nserver = sese\nrun = make {ROLE}\nask = ROLE one of caddy "
	      "n8n\nrollback = make old\ncheck = unit caddy\n",
	      f);
	fclose(f);
	setenv("XDG_STATE_HOME", dir, 1);
	open_world(w);
	free(file);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	char command[100];
	close_world(w);
	free(w);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static void feed(struct world *w, const char *lines)
{
	source_feed(w->deploys, "events", lines, strlen(lines));
}

static struct deploy *deploy(struct world *w, const char *name)
{
	char id[100];
	snprintf(id, sizeof(id), "sese/deploy/%s", name);
	return ROW_AS(deploy, store_find(w->store, id));
}

static const char *cell_text(const struct deploy *d, const char *column)
{
	static struct cell cell;
	for (const struct column *c = panel_deploys.columns; c->name; c++)
		if (!strcmp(c->name, column)) {
			cell = (struct cell){ 0 };
			column_cell(c, &d->row, &cell);
			return cell.text;
		}
	fail_msg("there is no column %s", column);
	return NULL;
}

static char *run_lines(long long id, const char *name, long long started, const char *end)
{
	return xasprintf("start\t%lld-%s\tname=%s\twhat=deploy\tby=me from "
	                 "here\tstarted=%lld\thow=user\tbefore=aaaaaaaaaaaa\targs=ROLE=caddy\n%s",
	                 id, name, name, started, end);
}

/* Whoever asked for the first had a clock that was a day ahead: ids begin with it. The server's
 * clock says which is the newest. */
static void runs_are_in_the_order_of_the_servers_clock(void **state)
{
	struct world *w = *state;
	long long now = now_wall_ms() / 1000;
	char *first = run_lines((now + 86400) * 1000, "site", now - 90, ""),
	     *second = run_lines(now * 1000, "site", now - 5, "");
	char *end = xasprintf("end\t%lld-site\tcode=0\tended=%lld\tsize=10\tafter=\tchanged="
	                      "\tcancelled=\n",
	                      (now + 86400) * 1000, now - 80);
	feed(w, first);
	feed(w, end);
	feed(w, "listed\n");
	assert_int_equal(deploy(w, "site")->run.started_s, now - 90);
	feed(w, second);
	assert_int_equal(deploy(w, "site")->state, DEPLOY_RUNNING);
	assert_int_equal(deploy(w, "site")->run.started_s, now - 5);
	free(first);
	free(second);
	free(end);
}

static void a_run_from_start_to_end(void **state)
{
	struct world *w = *state;
	long long now = now_wall_ms() / 1000;
	char *lines = run_lines(now * 1000 - 90000, "site", now - 90, "");
	feed(w, "listed\n");
	feed(w, lines);
	struct deploy *d = deploy(w, "site");
	assert_int_equal(d->state, DEPLOY_RUNNING);
	assert_string_equal(d->run.by, "me from here");
	assert_string_equal(d->run.how, "user");
	assert_int_equal(d->row.health, HEALTH_BUSY);
	/* no bar: nobody knows how long it takes */
	assert_string_equal(cell_text(d, "state"), "running 1m");
	free(lines);
	lines = xasprintf("end\t%lld-site\tcode=2\tended=%lld\tsize=10\tafter="
	                  "bbbbbbbbbbbb\tchanged=\tcancelled=\n",
	                  now * 1000 - 90000, now - 10);
	feed(w, lines);
	assert_int_equal(d->state, DEPLOY_FAILED);
	assert_string_equal(d->row.why, "deploy ended with code 2; rollback is offered");
	assert_string_equal(cell_text(d, "revision"), "aaaaaaa -> bbbbbbb");
	assert_string_equal(cell_text(d, "took"), "1m");
	free(lines);
}

static void the_usual_time_is_a_bar(void **state)
{
	struct world *w = *state;
	long long now = now_wall_ms() / 1000;
	feed(w, "listed\n");
	for (int i = 0; i < 3; i++) {
		char *end = xasprintf("end\t%lld-usual\tcode=0\tended=%lld\tsize=1\n",
		                      (now - 1000 + i) * 1000, now - 1000 + i + 20);
		char *lines = run_lines((now - 1000 + i) * 1000, "usual", now - 1000 + i, end);
		feed(w, lines);
		free(lines);
		free(end);
	}
	char *lines = run_lines((now - 10) * 1000, "usual", now - 10, "");
	feed(w, lines);
	free(lines);
	struct deploy *d = deploy(w, "usual");
	assert_int_equal(d->usual_s, 20);
	/* A busy machine may take seconds: the text must be true for a moment since then. */
	static const char marks[] = "##########..........";
	long long from = now_wall_ms() / 1000 - now + 10;
	char text[80], expected[80];
	snprintf(text, sizeof(text), "%s", cell_text(d, "state"));
	bool is_true = false;
	for (long long s = from; s <= now_wall_ms() / 1000 - now + 10 && s < 20; s++) {
		snprintf(expected, sizeof(expected), "running %llds [%.10s] of 20s", s,
		         marks + 10 - s / 2);
		is_true |= !strcmp(text, expected);
	}
	assert_true(from >= 10 && from < 20);
	assert_true(is_true);
}

/* A recording may end anywhere, and lines may be none. */
static void cut_at_every_byte(void **state)
{
	struct world *w = *state;
	char *lines = run_lines(1000, "cut", 1, "end\t1000-cut\tcode=0\tended=9\tsize=3\nlisted\n");
	size_t len = strlen(lines);
	for (size_t i = 0; i < len; i++) {
		char *part = malloc(i ? i : 1);
		memcpy(part, lines, i);
		source_feed(w->deploys, "events", part, i);
		free(part);
	}
	free(lines);
	lines = run_lines(2000, "whole", 1, "end\t2000-whole\tcode=0\tended=9\tsize=3\nlisted\n");
	feed(w, lines);
	static const char *const none[] = { "start\n",
		                            "start\t\n",
		                            "start\t../../x\tname=x\n",
		                            "start\t5\x1b[2J-x\tname=x\n",
		                            "end\t7-nobody\tcode=0\n",
		                            "\t\t\t\n",
		                            "start\t8-x\tname=\n",
		                            "start\t8-x\n" };
	size_t before = store_count(w->store, &kind_deploy, NULL);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		feed(w, none[i]);
	assert_int_equal(store_count(w->store, &kind_deploy, NULL), before);
	assert_int_equal(deploy(w, "whole")->state, DEPLOY_DONE);
	free(lines);
}

/* --- what this machine keeps --------------------------------------------- */

static void again(struct world *w)
{
	close_world(w);
	open_world(w);
	feed(w, ""); /* reads its history */
}

static void history_outlives_a_crash(void **state)
{
	struct world *w = *state;
	char file[100];
	snprintf(file, sizeof(file), "%s/mocr/deploys.jsonl", dir);
	feed(w, "listed\n");
	char *one = run_lines(1000000, "hist", 1000,
	                      "end\t1000000-hist\tcode=0\tended=1060\tsize=3\tafter=b\tchanged=web:"
	                      " x 1 -> 2\n");
	char *two = run_lines(2000000, "hist", 2000,
	                      "end\t2000000-hist\tcode=4\tended=2060\tsize=3\n");
	feed(w, one);
	assert_int_equal(access(file, F_OK), 0);
	/* It was killed in the middle of a line, and the next one wrote on. */
	FILE *f = fopen(file, "a");
	fputs("{\"server\":\"sese\",\"name\":\"hi", f);
	fclose(f);
	feed(w, two);
	again(w);
	struct deploy *d = deploy(w, "hist");
	assert_non_null(d);
	struct dep *p = d->priv;
	assert_int_equal(p->n, 2);
	assert_int_equal(p->runs[0].code, 4);
	assert_int_equal(p->runs[1].code, 0);
	assert_string_equal(p->runs[1].changed, "web: x 1 -> 2");
	assert_string_equal(p->runs[1].how, "user");
	/* What the server tells again is written once. */
	feed(w, one);
	feed(w, two);
	again(w);
	f = fopen(file, "r");
	int lines = 0;
	for (int c; (c = fgetc(f)) != EOF;)
		lines += c == '\n';
	fclose(f);
	assert_int_equal(lines, 3); /* and the half one */
	free(one);
	free(two);
}

/* Two runs ended while no console looked: both are kept. */
static void all_runs_that_ended_meanwhile_are_kept(void **state)
{
	struct world *w = *state;
	char *two = run_lines(2000000, "away", 2000, ""),
	     *one = run_lines(1000000, "away", 1000, two);
	char *all = xasprintf("%send\t1000000-away\tcode=0\tended=1060\tsize=3\nend\t2000000-"
	                      "away\tcode=1\tended=2060\tsize=3\nlisted\n",
	                      one);
	feed(w, all);
	again(w);
	assert_int_equal(((struct dep *)deploy(w, "away")->priv)->n, 2);
	free(one);
	free(two);
	free(all);
}

/* --- compose ------------------------------------------------------------- */

#define IMAGE_ID "sha256:c0de"
/* Labels that an image can carry too, and the one that it cannot: its own id. */
#define AS_COMPOSE                                                                                \
	",\"com.docker.compose.config-hash\":\"c0ffee\",\"com.docker.compose.container-number\":" \
	"\"1\""
#define BY_COMPOSE AS_COMPOSE ",\"com.docker.compose.image\":\"" IMAGE_ID "\""
#define CTR(id, name, image, project, service, dir, state) \
	LABELLED(id, name, image, project, service, dir, state, BY_COMPOSE)
#define LABELLED(id, name, image, project, service, dir, state, more)                        \
	"{\"Id\":\"" id "\",\"Names\":[\"/" name "\"],\"Image\":\"" image                    \
	"\",\"ImageID\":\"" IMAGE_ID "\",\"State\":\"" state                                 \
	"\",\"Status\":\"Up 2 hours\",\"Labels\":{\"com.docker.compose.project\":\"" project \
	"\",\"com.docker.compose.service\":\"" service                                       \
	"\",\"com.docker.compose.project.working_dir\":\"" dir                               \
	"\",\"com.docker.compose.project.config_files\":\"a.yml,b.yml\"" more "}}"

static void feed_list(struct world *w, const char *json)
{
	source_feed(server_source(w->server, "docker"), "list", json, strlen(json));
}

static void feed_image(struct world *w, const char *labels)
{
	char json[400];
	snprintf(json, sizeof(json), "{\"Id\":\"" IMAGE_ID "\",\"Config\":{\"Labels\":%s}}",
	         labels);
	source_feed(server_source(w->server, "docker"), "image:" IMAGE_ID, json, strlen(json));
}

/* Variables of --env-file are given again, or the service would be made with blank ones. */
static void a_project_with_files_of_variables(void **state)
{
	struct world *w = *state;
	const struct action *pull = action_find(&kind_deploy, "pull");
	char words[300];
	feed_list(w, "[" CTR("a6", "e_1", "b", "envy", "e",
	                     "/srv/e\",\"com.docker.compose.project.environment_file\":\"/srv/"
	                     "who.env,/srv/my own.env",
	                     "running") "]");
	struct deploy *envy = deploy(w, "compose:envy");
	assert_string_equal(envy->project->env, "/srv/who.env,/srv/my own.env");
	/* Compose sets this label only when asked to. The image may carry it. */
	assert_false(pull->applies(&envy->row));
	feed_image(w, "{\"com.docker.compose.project\":\"envy\"}");
	assert_true(pull->applies(&envy->row));
	action_command(pull, &envy->row, words, sizeof(words));
	assert_non_null(
		strstr(words,
	               " -f b.yml --env-file /srv/who.env --env-file '/srv/my own.env' up -d"));
	snprintf(words, sizeof(words), "%s/container/e_1", w->server->name);
	const struct row *box = store_find(w->store, words);
	assert_non_null(box);
	action_command(action_find(&kind_container, "compose-up"), box, words, sizeof(words));
	assert_string_equal(words, "cd /srv/e && docker compose -p envy -f a.yml -f b.yml "
	                           "--env-file /srv/who.env --env-file '/srv/my own.env' up -d e");
}

/* An image can carry every label that compose sets, and then its maker chose folder and files. */
static void labels_that_the_image_carries(void **state)
{
	struct world *w = *state;
	const struct action *pull = action_find(&kind_deploy, "pull");
	const char *forged = "[" LABELLED("a1", "f_1", "b", "mini", "f", "/evil", "running",
	                                  AS_COMPOSE
	                                  ",\"com.docker.compose.image\":\"sha256:0ther\"") "]";
	feed_list(w, forged);
	struct deploy *d = deploy(w, "compose:mini");
	assert_non_null(d);
	assert_false(pull->applies(&d->row));
	/* A container of compose gives the project its folder; the other does not move it. */
#define DOUBTFUL LABELLED("a1", "f_1", "b", "mini", "f", "/evil", "running", AS_COMPOSE)
#define PROVED CTR("a2", "mini_web_1", "b", "mini", "web", "/srv/mini", "running")
	static const char *const orders[] = { "[" DOUBTFUL "," PROVED "]",
		                              "[" PROVED "," DOUBTFUL "]" };
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		feed_list(w, orders[i]);
		d = deploy(w, "compose:mini");
		assert_string_equal(d->project->dir, "/srv/mini");
		assert_string_equal(cell_text(d, "state"), "2/2 up");
		assert_true(pull->applies(&d->row));
	}
	feed_list(w, forged);
	feed_image(w, "{\"com.docker.compose.project.working_dir\":\"/evil\"}");
	assert_null(deploy(w, "compose:mini"));
	feed_list(w, forged); /* a later list does not forget that */
	assert_null(deploy(w, "compose:mini"));
}

static void projects_by_their_labels(void **state)
{
	struct world *w = *state;
	/* clang-format off */
	feed_list(w, "["
		CTR("a1", "mini_web_1", "busybox:1", "mini", "web", "/srv/mini", "running") ","
		CTR("a2", "mini_db_1", "busybox:1", "mini", "db", "/srv/mini", "exited") ","
		CTR("a3", "x_1", "busybox:1", "../evil", "x", "/srv/x", "running") ","
		CTR("a4", "y_1", "b", "-p", "y", "/srv/x", "running") ","
		CTR("a5", "z_1", "b", "nodir", "z", "srv", "running") ","
		LABELLED("a6", "i_1", "b", "image", "i", "/srv/i", "running", "") "]");
	/* clang-format on */
	struct deploy *d = deploy(w, "compose:mini");
	assert_non_null(d);
	assert_string_equal(cell_text(d, "state"), "1/2 up");
	assert_string_equal(d->project->files, "a.yml,b.yml");
	assert_null(deploy(w, "compose:../evil"));
	assert_null(deploy(w, "compose:-p"));
	assert_null(deploy(w, "compose:image")); /* nothing but the labels of an image */
	const struct action *pull = action_find(&kind_deploy, "pull");
	char words[300];
	assert_true(pull->applies(&d->row));
	action_command(pull, &d->row, words, sizeof(words));
	assert_string_equal(words, "cd /srv/mini && docker compose -p mini -f a.yml -f b.yml pull "
	                           "&& docker compose -p mini -f a.yml -f b.yml up -d");
	assert_false(pull->applies(&deploy(w, "compose:nodir")->row));
	/* Words of a run may name no other source as its engine. */
	feed(w, "start\t4000-compose:x\tname=compose:x\twhat=up\tby=me\tstarted=4\tengine="
	        "deploy\tdir=/srv/x\tfiles=a.yml\targs=\n");
	assert_null(deploy(w, "compose:x")->project);
	/* Gone without having been deployed: gone here. */
	feed_list(w, "[" CTR("a1", "mini_web_1", "busybox:1", "mini", "web", "/srv/mini",
	                     "running") "]");
	assert_null(deploy(w, "compose:nodir"));
	assert_string_equal(cell_text(d, "state"), "1/1 up");
	/* Taken down by a run it stays, and can be brought up again, even by a console that never
	 * saw its containers. */
	feed(w, "start\t5000-compose:mini\tname=compose:mini\twhat=down\tby=me\tstarted=5\thow="
	        "user\tbefore=\tengine=docker\tdir=/srv/mini\tfiles=a.yml\targs=\n"
	        "end\t5000-compose:mini\tcode=0\tended=9\tsize=3\tafter=\tchanged=\tcancelled="
	        "\nlisted\n");
	feed_list(w, "[]");
	d = deploy(w, "compose:mini");
	assert_non_null(d);
	assert_string_equal(cell_text(d, "what"), "down; 0/0 up");
	again(w);
	d = deploy(w, "compose:mini");
	assert_non_null(d);
	assert_string_equal(d->project->dir, "/srv/mini");
	assert_true(action_find(&kind_deploy, "up")->applies(&d->row));
	assert_false(action_find(&kind_deploy, "down")->applies(&d->row));
}

static void new_images_are_told(void **state)
{
	struct world *w = *state;
	feed(w, "start\t5000-compose:mini\tname=compose:mini\twhat=pull\tby=me\tstarted=5\tengine="
	        "docker\tdir=/srv/mini\tfiles=a.yml\targs=\n"
	        "end\t5000-compose:mini\tcode=0\tended=9\tsize=3\tafter=\tchanged=web: busybox:1 "
	        "aaaaaaaaaaaa -> bbbbbbbbbbbb\tcancelled=\nlisted\n");
	struct deploy *d = deploy(w, "compose:mini");
	assert_string_equal(d->row.why, "pull: web: busybox:1 aaaaaaaaaaaa -> bbbbbbbbbbbb");
	assert_int_equal(d->row.health, HEALTH_GOOD);
}

/* --- a pull -------------------------------------------------------------- */

static size_t read_pull(char *buf, size_t size)
{
	FILE *f = fopen("tests/unit/answers/sese/docker/pull.ndjson", "r");
	assert_non_null(f);
	size_t n = fread(buf, 1, size - 1, f);
	fclose(f);
	buf[n] = '\0';
	return n;
}

/* Real words of Docker 20.10 about two layers, one of them there already. */
static void a_pull_as_the_engine_tells_it(void **state)
{
	static char text[16384];
	struct pull_progress p = { 0 };
	char words[100];
	bool half = false;
	read_pull(text, sizeof(text));
	pull_words(&p, words, sizeof(words));
	assert_string_equal(words, "asking");
	for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n")) {
		assert_true(pull_line(&p, line, strlen(line)));
		pull_words(&p, words, sizeof(words));
		half |= strcmp(words, "1/2 layers, 4.9M of 8.6M") == 0;
	}
	assert_true(half);
	assert_string_equal(words, "2/2 layers, 8.6M of 8.6M");
	assert_true(p.newer);
	assert_string_equal(p.error, "");
}

static void a_pull_that_is_cut_or_refused(void **state)
{
	static char text[16384];
	size_t len = read_pull(text, sizeof(text));
	for (size_t i = 0; i < len; i++) {
		struct pull_progress p = { 0 };
		char *part = malloc(i ? i : 1), words[100];
		memcpy(part, text, i);
		pull_line(&p, part, i);
		pull_words(&p, words, sizeof(words));
		free(part);
	}
	struct pull_progress p = { 0 };
	static const char error[] = "{\"errorDetail\":{\"message\":\"pull access "
				    "denied\\u001b[31m\"},\"error\":\"pull access denied\"}";
	assert_true(pull_line(&p, error, strlen(error)));
	assert_non_null(strstr(p.error, "pull access denied"));
	assert_null(strchr(p.error, '\x1b'));
	static const char *const odd[] = { "[]", "{}", "{\"status\":3,\"id\":{}}",
		                           ("{\"status\":\"Downloading\",\"id\":\"a\","
		                            "\"progressDetail\":{\"current\":-5,\"total\":1e300}}"),
		                           "{\"status\":\"Downloading\",\"id\":\"a\"}" };
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		pull_line(&p, odd[i], strlen(odd[i]));
	for (int i = 0; i < 2 * PULL_LAYERS; i++) {
		char line[80];
		snprintf(line, sizeof(line), "{\"status\":\"Pulling fs layer\",\"id\":\"l%d\"}", i);
		pull_line(&p, line, strlen(line));
	}
	assert_int_equal(p.n, PULL_LAYERS);
}

int main(void)
{
#define WORLD(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		WORLD(a_run_from_start_to_end),
		WORLD(runs_are_in_the_order_of_the_servers_clock),
		WORLD(the_usual_time_is_a_bar),
		WORLD(cut_at_every_byte),
		WORLD(history_outlives_a_crash),
		WORLD(all_runs_that_ended_meanwhile_are_kept),
		WORLD(projects_by_their_labels),
		WORLD(labels_that_the_image_carries),
		WORLD(a_project_with_files_of_variables),
		WORLD(new_images_are_told),
		cmocka_unit_test(a_pull_as_the_engine_tells_it),
		cmocka_unit_test(a_pull_that_is_cut_or_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
