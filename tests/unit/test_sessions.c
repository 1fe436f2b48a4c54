/* Sessions: OpenCode's answers in both dialects, whole and cut at every byte, hostile ones; and the
 * rows they become. No network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "backends/servers/server.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/sessions/sessions.h"
#include "backends/store/activity.h"
#include "backends/store/doc.h"
#include "backends/store/record.h"
#include "backends/store/settings.h"

#define ANSWERS "tests/unit/answers/sessions/"

static const char *const versions[] = { "v1.18.33", "v1.2.6" };

static char *answer(const char *version, const char *name, size_t *len)
{
	char path[256], chunk[4096];
	struct buf b = { 0 };
	snprintf(path, sizeof path, ANSWERS "%s%s%s", version, *version ? "-" : "", name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(&b, chunk, n);
	fclose(f);
	*len = b.len;
	return buf_take(&b);
}

/* One member of the recorded answers of a moment in which everything waits. */
static char *live(const char *version, const char *call)
{
	size_t len;
	char *all = answer(version, "live.json", &len);
	cJSON *o = cJSON_ParseWithLength(all, len);
	char *part = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(o, call));
	cJSON_Delete(o);
	free(all);
	assert_non_null(part);
	return part;
}

/* --- a store with one server that is never connected --------------------- */

static struct {
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct source *source;
} w;

static void link_announced(struct link *l, void *arg) {}
static const struct link_events link_events = { link_announced };

static int make_world(void **state)
{
	struct doc complaints;
	memset(&w, 0, sizeof w);
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
	now_wall_set(1795239663000); /* when the samples were taken */
	return w.source ? 0 : -1;
}

static int end_world(void **state)
{
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

static void event(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void event(const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	feed("4096 event", text);
}

static struct session *find(const char *id)
{
	char whole[256];
	snprintf(whole, sizeof whole, "pi/session/%s", id);
	struct row *r = store_find(w.store, whole);
	return (struct session *)r;
}

static void list(const char *json)
{
	feed("4096 health", "{\"healthy\":true,\"version\":\"1.18.33\"}");
	feed("4096 sessions", json);
	feed("4096 sessions.", "");
}

/* Two roots and a child, all of today. */
#define ONE(id, more)                                                               \
	"{\"id\":\"ses_" id "\",\"title\":\"" id "\",\"directory\":\"/srv/a\"" more \
	",\"time\":{\"created\":1795239600000,\"updated\":1795239660000}}"
#define FAMILY \
	"[" ONE("root", "") "," ONE("child", ",\"parentID\":\"ses_root\"") "," ONE("other", "") "]"

static enum session_status shown(const char *id)
{
	assert_non_null(find(id));
	return find(id)->shown;
}

static void last(const char *id, const char *info)
{
	char what[128], text[1024];
	snprintf(what, sizeof what, "4096 last %s", id);
	snprintf(text, sizeof text, "[{\"info\":%s,\"parts\":[]}]", info);
	feed(what, text);
}

static void busy(const char *id)
{
	event("{\"payload\":{\"type\":\"session.status\",\"properties\":{\"sessionID\":\"%s\","
	      "\"status\":{\"type\":\"busy\"}}}}",
	      id);
}
static void idle(const char *id)
{
	event("{\"payload\":{\"type\":\"session.status\",\"properties\":{\"sessionID\":\"%s\","
	      "\"status\":{\"type\":\"idle\"}}}}",
	      id);
}
static void asks(const char *id, const char *request)
{
	event("{\"payload\":{\"type\":\"permission.asked\",\"properties\":{\"id\":\"%s\","
	      "\"sessionID\":\"%s\",\"permission\":\"bash\","
	      "\"patterns\":[\"make test\"],\"metadata\":{},\"always\":[\"make *\"]}}}",
	      request, id);
}

/* --- the table of states ------------------------------------------------- */

static void states_by_the_table(void **state)
{
	list(FAMILY);
	last("ses_root",
	     "{\"id\":\"msg_1\",\"role\":\"assistant\",\"time\":{\"created\":1,\"completed\":2}}");
	assert_int_equal(shown("ses_root"), SESSION_IDLE);
	last("ses_root", "{\"id\":\"msg_2\",\"role\":\"user\",\"time\":{\"created\":3}}");
	assert_int_equal(shown("ses_root"), SESSION_UNANSWERED);
	last("ses_root", "{\"id\":\"msg_3\",\"role\":\"assistant\",\"time\":{\"created\":3}}");
	assert_int_equal(shown("ses_root"), SESSION_INTERRUPTED);
	last("ses_root", "{\"id\":\"msg_4\",\"role\":\"assistant\",\"time\":{\"created\":4},"
	                 "\"error\":{\"name\":\"MessageAbortedError\"}}");
	assert_int_equal(shown("ses_root"), SESSION_ABORTED);
	last("ses_root", "{\"id\":\"msg_5\",\"role\":\"assistant\",\"time\":{\"created\":5},"
	                 "\"error\":{\"name\":\"APIError\",\"data\":{\"message\":\"no money\"}}}");
	assert_int_equal(shown("ses_root"), SESSION_ERROR);
	assert_string_equal(find("ses_root")->row.why, "no money");
	busy("ses_root");
	assert_int_equal(shown("ses_root"), SESSION_BUSY);
	event("{\"payload\":{\"type\":\"session.status\",\"properties\":{\"sessionID\":\"ses_"
	      "root\",\"status\":{\"type\":\"retry\",\"attempt\":3,"
	      "\"message\":\"too many\",\"next\":1795239669000}}}}");
	assert_int_equal(shown("ses_root"), SESSION_RETRY);
	assert_int_equal(find("ses_root")->next_ms, 1795239669000);
	assert_int_equal(find("ses_root")->attempt, 3);
	asks("ses_root", "per_1");
	assert_int_equal(shown("ses_root"), SESSION_PERMISSION);
	assert_int_equal(find("ses_root")->row.health, HEALTH_ASKS);
	event("{\"payload\":{\"type\":\"question.asked\",\"properties\":{\"id\":\"que_1\","
	      "\"sessionID\":\"ses_root\",\"questions\":[{\"question\":\"Which?\","
	      "\"options\":[{\"label\":\"A\"}]}]}}}");
	assert_int_equal(shown("ses_root"), SESSION_QUESTION);
}

/* After a turn: how the one before ended, until the last message was fetched again. */
static void the_last_outcome_stands_until_the_next_is_known(void **state)
{
	static const struct {
		const char *error;
		enum session_status shown;
	} all[] = { { "MessageAbortedError", SESSION_ABORTED }, { "APIError", SESSION_ERROR } };
	list(FAMILY);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char *info = xasprintf("{\"id\":\"msg_%zu\",\"role\":\"assistant\",\"time\":{"
		                       "\"created\":4},\"error\":{\"name\":\"%s\"}}",
		                       i + 1, all[i].error);
		last("ses_root", info);
		assert_int_equal(shown("ses_root"), all[i].shown);
		event("{\"payload\":{\"type\":\"message.removed\",\"properties\":{\"sessionID\":"
		      "\"ses_root\",\"messageID\":\"msg_%zu\"}}}",
		      i + 1);
		assert_int_equal(shown("ses_root"), all[i].shown);
		free(info);
	}
	busy("ses_root");
	assert_int_equal(shown("ses_root"), SESSION_BUSY);
	idle("ses_root");
	assert_int_equal(shown("ses_root"), SESSION_IDLE);
}

/* A failure needs the user for a day, and where no parent can handle it. */
static void a_failure_gets_old(void **state)
{
	static const int64_t updated_ms = 1795239660000, day_ms = 86400000;
	static const struct {
		const char *id;
		int64_t age_ms;
		enum health health;
	} all[] = {
		{ "ses_root", 0, HEALTH_BAD },
		{ "ses_root", day_ms, HEALTH_BAD },
		{ "ses_root", day_ms + 1, HEALTH_IDLE },
		{ "ses_child", 0, HEALTH_IDLE },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		now_wall_set(updated_ms + all[i].age_ms);
		list(FAMILY);
		last(all[i].id, "{\"id\":\"msg_1\",\"role\":\"assistant\",\"time\":{\"created\":4},"
		                "\"error\":{\"name\":\"APIError\"}}");
		assert_int_equal(shown(all[i].id), SESSION_ERROR);
		assert_int_equal(find(all[i].id)->row.health, all[i].health);
	}
	/* what works is never old */
	busy("ses_root");
	assert_int_equal(find("ses_root")->row.health, HEALTH_BUSY);
}

static void a_parent_shows_what_its_child_waits_for(void **state)
{
	list(FAMILY);
	busy("ses_root");
	busy("ses_child");
	asks("ses_child", "per_1");
	assert_int_equal(shown("ses_root"), SESSION_PERMISSION);
	assert_int_equal(find("ses_root")->row.health, HEALTH_ASKS);
	/* one row asks, not two */
	assert_int_equal(find("ses_child")->row.health, HEALTH_BUSY);
	assert_int_equal(find("ses_root")->children, 1);
	assert_true(find("ses_child")->hidden);
	session_fold(&find("ses_root")->row);
	assert_false(find("ses_child")->hidden);
	event("{\"payload\":{\"type\":\"session.created\",\"properties\":{\"info\":" ONE(
		"second", ",\"parentID\":\"ses_root\"") "}}}");
	assert_int_equal(find("ses_root")->children, 2);
	event("{\"payload\":{\"type\":\"permission.replied\",\"properties\":{\"sessionID\":\"ses_"
	      "child\",\"requestID\":\"per_1\",\"reply\":\"once\"}}}");
	assert_int_equal(shown("ses_root"), SESSION_BUSY);
}

/* The older dialect tells patterns only: the command as it will run is in the message that calls
 * the tool. */
static void the_command_of_the_older_dialect(void **state)
{
	list(FAMILY);
	busy("ses_root");
	event("{\"payload\":{\"type\":\"permission.asked\",\"properties\":{\"id\":\"per_1\","
	      "\"sessionID\":\"ses_root\",\"permission\":\"bash\",\"patterns\":[\"rm -rf *\"],"
	      "\"metadata\":{},\"tool\":{\"messageID\":\"msg_1\",\"callID\":\"call_7\"}}}}");
	assert_string_equal(session_request(&find("ses_root")->row)->what, "rm -rf *");
	feed("4096 last ses_root",
	     "[{\"info\":{\"id\":\"msg_1\",\"role\":\"assistant\",\"time\":{\"created\":1}},"
	     "\"parts\":[{\"type\":\"tool\",\"callID\":\"call_7\","
	     "\"state\":{\"status\":\"running\",\"input\":{\"command\":\"cd /tmp/x && rm -rf "
	     "*\"}}}]}]");
	assert_string_equal(session_request(&find("ses_root")->row)->what, "cd /tmp/x && rm -rf *");
	assert_non_null(strstr(find("ses_root")->row.why, "cd /tmp/x && rm -rf"));
	feed("4096 permissions /srv/a",
	     "[{\"id\":\"per_1\",\"sessionID\":\"ses_root\",\"permission\":\"bash\",\"patterns\":["
	     "\"rm -rf *\"],\"metadata\":{},\"tool\":{\"callID\":\"call_7\"}}]");
	assert_string_equal(session_request(&find("ses_root")->row)->what, "cd /tmp/x && rm -rf *");
}

/* An abort leaves its requests behind: they count no more once the session is idle. */
static void requests_of_idle_sessions_do_not_count(void **state)
{
	list(FAMILY);
	busy("ses_root");
	asks("ses_root", "per_1");
	idle("ses_root");
	assert_int_equal(shown("ses_root"), SESSION_IDLE);
	feed("4096 permissions /srv/a", "[{\"id\":\"per_9\",\"sessionID\":\"ses_other\","
	                                "\"permission\":\"bash\",\"patterns\":[]}]");
	assert_int_equal(shown("ses_other"), SESSION_IDLE);
}

static void requests_and_statuses_without_sessions(void **state)
{
	list(FAMILY);
	feed("4096 status /srv/a", "{\"ses_deleted\":{\"type\":\"busy\"},\"ses_root\":{\"type\":"
	                           "\"busy\"},\"../x\":{\"type\":\"busy\"}}");
	asks("ses_nobody", "per_1");
	assert_int_equal(shown("ses_root"), SESSION_BUSY);
	assert_null(find("ses_deleted"));
	feed("4096 status /srv/a", "{}");
	assert_int_equal(shown("ses_root"), SESSION_IDLE);
}

/* In the old dialect a session falls idle first, and the error comes after. */
static void idle_before_error(void **state)
{
	list(FAMILY);
	busy("ses_root");
	event("{\"payload\":{\"type\":\"message.updated\",\"properties\":{\"info\":{\"id\":\"msg_"
	      "1\",\"sessionID\":\"ses_root\",\"role\":\"assistant\",\"time\":{\"created\":1}}}}}");
	idle("ses_root");
	event("{\"payload\":{\"type\":\"session.error\",\"properties\":{\"sessionID\":\"ses_root\","
	      "\"error\":{\"name\":\"MessageAbortedError\",\"data\":{}}}}}");
	assert_int_equal(shown("ses_root"), SESSION_ABORTED);
	event("{\"payload\":{\"type\":\"session.idle\",\"properties\":{\"sessionID\":\"ses_root\"}}"
	      "}");
	assert_int_equal(shown("ses_root"), SESSION_ABORTED);
}

/* What was the last word may be taken back: then the one before it is, though its id is older. */
static void a_message_that_is_taken_back(void **state)
{
	list(FAMILY);
	last("ses_root", "{\"id\":\"msg_2\",\"role\":\"user\",\"time\":{\"created\":3}}");
	assert_int_equal(shown("ses_root"), SESSION_UNANSWERED);
	event("{\"payload\":{\"type\":\"message.removed\",\"properties\":{\"sessionID\":\"ses_"
	      "root\",\"messageID\":\"msg_2\"}}}");
	assert_int_equal(shown("ses_root"), SESSION_UNANSWERED);
	last("ses_root",
	     "{\"id\":\"msg_1\",\"role\":\"assistant\",\"time\":{\"created\":1,\"completed\":2}}");
	assert_int_equal(shown("ses_root"), SESSION_IDLE);
}

static size_t told(const char *words)
{
	size_t n = 0;
	for (size_t i = 0; i < activity_count(w.store); i++)
		n += strstr(activity_get(w.store, i)->text, words) != NULL;
	return n;
}

static void complete_is_told_once_and_of_roots_only(void **state)
{
	now_wall_set(0);
	list(FAMILY);
	static const char *const ids[] = { "ses_root", "ses_child" };
	for (size_t i = 0; i < 2; i++) {
		busy(ids[i]);
		idle(ids[i]);
		event("{\"payload\":{\"type\":\"session.idle\",\"properties\":{\"sessionID\":\"%"
		      "s\"}}}",
		      ids[i]);
	}
	assert_int_equal(told("complete"), 0);
	int64_t end = now_mono_ms() + 1500;
	while (now_mono_ms() < end && !told("complete"))
		loop_turn(w.loop, 100);
	loop_turn(w.loop, 100);
	assert_int_equal(told("complete"), 1);
	/* its row is marked until somebody looks, or works there again */
	struct session *root = find("ses_root");
	for (int i = 0; i < 2; i++) {
		if (i) {
			busy("ses_root");
			assert_int_equal(root->finished_ms, 0);
			idle("ses_root");
			for (end = now_mono_ms() + 1500; now_mono_ms() < end && !root->finished_ms;)
				loop_turn(w.loop, 100);
		}
		assert_true(root->finished_ms > 0);
		assert_int_equal(root->row.health, HEALTH_ATTENTION);
		assert_string_equal(root->row.why, UNSEEN_WHY);
		assert_int_equal(find("ses_child")->finished_ms, 0);
	}
	session_looked_at(&root->row);
	assert_int_equal(root->finished_ms, 0);
	assert_int_equal(root->row.health, HEALTH_IDLE);
}

/* The instance is gone, with what it had in memory. */
static void disposed_instances_are_forgotten(void **state)
{
	list(FAMILY);
	busy("ses_root");
	asks("ses_root", "per_1");
	event("{\"directory\":\"/srv/"
	      "a\",\"payload\":{\"type\":\"server.instance.disposed\",\"properties\":{"
	      "\"directory\":\"/srv/a\"}}}");
	assert_int_equal(shown("ses_root"), SESSION_IDLE);
}

static void a_list_takes_away_what_it_does_not_name(void **state)
{
	list(FAMILY);
	assert_non_null(find("ses_other"));
	list("[" ONE("root", "") "]");
	assert_null(find("ses_other"));
	assert_null(find("ses_child"));
	event("{\"payload\":{\"type\":\"session.deleted\",\"properties\":{\"info\":" ONE("root",
	                                                                                 "") "}}}");
	assert_null(find("ses_root"));
}

/* Deleted ones that had no row are no longer among those that are not shown. */
static void what_a_list_leaves_out_is_counted_again(void **state)
{
	struct buf b = { 0 };
	buf_init(&b, 8u << 20);
	for (int i = 0; i < 10002; i++)
		buf_addf(&b,
		         "%c{\"id\":\"ses_%d\",\"title\":\"t\",\"directory\":\"/srv/a\","
		         "\"time\":{\"created\":1795239600000,\"updated\":1795239660000}}",
		         i ? ',' : '[', i);
	buf_puts(&b, "]");
	list(b.data);
	buf_finish(&b);
	assert_int_equal(store_left_out(w.store, &kind_session, NULL), 2);
	event("{\"payload\":{\"type\":\"session.deleted\",\"properties\":{\"info\":" ONE("gone",
	                                                                                 "") "}}}");
	assert_int_equal(store_left_out(w.store, &kind_session, NULL), 1);
	event("{\"payload\":{\"type\":\"session.deleted\",\"properties\":{\"info\":" ONE("5",
	                                                                                 "") "}}}");
	assert_int_equal(store_left_out(w.store, &kind_session, NULL), 1);
	list(FAMILY);
	assert_int_equal(store_left_out(w.store, &kind_session, NULL), 0);
}

static void archived_and_old_ones_are_put_away(void **state)
{
	list("[{\"id\":\"ses_old\",\"title\":\"old\",\"directory\":\"/srv/"
	     "a\",\"time\":{\"created\":1,\"updated\":2}},"
	     "{\"id\":\"ses_arch\",\"title\":\"arch\",\"directory\":\"/srv/"
	     "a\",\"time\":{\"created\":1,\"updated\":1795239660000,\"archived\":5}}]");
	assert_true(find("ses_old")->hidden && find("ses_arch")->hidden);
	assert_true(session_show_old(w.store));
	assert_false(find("ses_old")->hidden || find("ses_arch")->hidden);
	assert_false(session_show_old(w.store));
	assert_true(find("ses_old")->hidden);
	event("{\"payload\":{\"type\":\"session.status\",\"properties\":{\"sessionID\":\"ses_old\","
	      "\"status\":{\"type\":\"busy\"}}}}");
	assert_int_equal(find("ses_old")->shown, SESSION_BUSY);
	assert_false(find("ses_old")->hidden);
}

/* --- what real servers said ---------------------------------------------- */

static void live_moments_of_both_dialects(void **state)
{
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		struct request *r;
		struct doc doc;
		char phrase[200], *status = live(versions[v], "GET /session/status"),
				  *perm = live(versions[v], "GET /permission"),
				  *ques = live(versions[v], "GET /question");
		assert_true(oc_parse_requests(perm, strlen(perm), false, &r, NULL));
		request_phrase(r, phrase, sizeof phrase);
		/* also where there is no metadata */
		assert_string_equal(phrase, "bash: make test");
		assert_string_equal(r->always, "make test *");
		request_free(r);
		assert_true(oc_parse_requests(ques, strlen(ques), true, &r, NULL));
		assert_int_equal(r->n_questions, 2);
		assert_true(r->questions[1].multiple && r->questions[1].custom);
		assert_string_equal(r->questions[0].options[1].label, "SQLite");
		doc_init(&doc);
		request_doc(r, &doc);
		assert_true(doc.n > 6);
		doc_finish(&doc);
		struct buf json = { 0 };
		struct err err = { 0 };
		assert_true(request_answers(r, "2; 1,2", &json, &err));
		assert_string_equal(json.data, "{\"answers\":[[\"SQLite\"],[\"Auth\",\"Audit\"]]}");
		buf_clear(&json);
		assert_true(request_answers(r, "sqlite; my own, words", &json, &err));
		assert_string_equal(json.data, "{\"answers\":[[\"SQLite\"],[\"my own, words\"]]}");
		buf_clear(&json);
		assert_true(request_answers(r, "this\\; or that;2", &json, &err));
		assert_string_equal(json.data, "{\"answers\":[[\"this; or that\"],[\"Audit\"]]}");
		buf_clear(&json);
		/* no option 9: words of the user's own, and option 1 is not chosen */
		assert_true(request_answers(r, "2; 1,9", &json, &err));
		assert_string_equal(json.data, "{\"answers\":[[\"SQLite\"],[\"1,9\"]]}");
		buf_clear(&json);
		assert_false(request_answers(r, "1,2; 1", &json, &err));
		assert_non_null(strstr(err.text, "only one"));
		buf_finish(&json);
		request_free(r);
		free(status);
		free(perm);
		free(ques);
	}
}

static void answers_to_permissions(void **state)
{
	struct request r = { .tool = (char *)"bash" };
	struct err err;
	struct buf b = { 0 };
	assert_true(request_answers(&r, "once", &b, &err));
	assert_string_equal(b.data, "{\"reply\":\"once\"}");
	buf_clear(&b);
	assert_true(request_answers(&r, "reject:  use \"make\" ", &b, &err));
	assert_string_equal(b.data, "{\"reply\":\"reject\",\"message\":\"use \\\"make\\\"\"}");
	buf_clear(&b);
	assert_false(request_answers(&r, "maybe", &b, &err));
	assert_int_equal(b.len, 0);
	buf_finish(&b);
}

static void answers_in_numbers(void **state)
{
	static const char *const wrong[] = { "nan", "inf", "-inf", "1e999", "1e16", "two", "2 3" };
	struct question q = { .text = (char *)"How many?",
		              .key = (char *)"n",
		              .type = QUESTION_NUMBER,
		              .custom = true };
	struct request r = {
		.is_question = true, .is_form = true, .questions = &q, .n_questions = 1
	};
	struct buf b = { 0 };
	struct err err;
	assert_true(request_answers(&r, "2.5", &b, &err));
	assert_string_equal(b.data, "{\"answer\":{\"n\":2.5}}");
	buf_clear(&b);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		err_clear(&err);
		assert_false(request_answers(&r, wrong[i], &b, &err));
		assert_non_null(strstr(err.text, "is not a number"));
	}
	buf_finish(&b);
}

static void whole_sample(const char *version, const char *file, const char *what)
{
	size_t len;
	char *text = answer(version, file, &len);
	source_feed(w.source, what, text, len);
	free(text);
}

static void lists_of_both_dialects(void **state)
{
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		whole_sample(versions[v], "session-list.json", "4096 sessions");
		feed("4096 sessions.", "");
		struct session *s = find(v ? "ses_e036b044effeNHf4qi5d7a56sQ"
		                           : "ses_e036b2537ffexM5bXTi9B6z9WM");
		assert_non_null(s);
		assert_string_equal(s->row.name, "diffs");
		assert_string_equal(s->directory, "/srv/alpha");
		assert_true(v ? s->cost < 0 : s->cost > 0.0142 && s->cost < 0.0143);
		assert_int_equal(s->tokens, v ? -1 : 4936);
	}
	whole_sample("v1.18.33", "experimental-session.json", "4096 sessions");
	feed("4096 sessions.", "");
	assert_string_equal(find("ses_e0360b997ffeSdhj3Ceuz95tqM")->model, "fake/m1");
}

/* The keys of providers must never be kept. */
static void models_are_reduced(void **state)
{
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		size_t len;
		struct buf out = { 0 };
		char *text = answer(versions[v], "config-providers.json", &len);
		assert_true(oc_reduce_models(text, len, &out));
		assert_non_null(strstr(out.data, "fake/m1\t100000\n"));
		assert_null(strstr(out.data, "k-test"));
		buf_finish(&out);
		free(text);
	}
}

static void each_line(const char *version, const char *file, const char *prefix)
{
	size_t len;
	char *text = answer(version, file, &len);
	for (char *at = text, *nl; (nl = strchr(at, '\n')); at = nl + 1) {
		*nl = '\0';
		if (!strncmp(at, prefix, strlen(prefix)))
			feed("4096 event", at + strlen(prefix));
	}
	free(text);
}

static void events_of_both_dialects(void **state)
{
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		list("[]");
		each_line(versions[v], "global-event-one-turn.sse", "data: ");
		each_line(versions[v], "event-one-turn.sse", "data: ");
		each_line(versions[v], "events.ndjson", "");
		size_t idle_ones = 0;
		for (struct row *r = store_first(w.store, &kind_session, NULL); r;
		     r = store_next(r, &kind_session, NULL))
			idle_ones += ((struct session *)r)->type == SESSION_OPENCODE &&
			             ((struct session *)r)->shown == SESSION_IDLE;
		assert_true(idle_ones > 0);
	}
}

static void messages_of_both_dialects(void **state)
{
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		struct oc_message m;
		size_t len;
		char *text = answer(versions[v], "messages.json", &len);
		cJSON *cases = cJSON_ParseWithLength(text, len), *one;
		double most = 0;
		cJSON_ArrayForEach (one, cases) {
			char *json = cJSON_PrintUnformatted(one);
			assert_true(oc_parse_last(json, strlen(json), &m, NULL));
			assert_true(m.role != OC_ROLE_NONE && m.id[0]);
			struct oc_sums sums = oc_parse_sums(json, strlen(json));
			most = sums.cost > most ? sums.cost : most;
			free(json);
		}
		assert_true(most > 0.003);
		cJSON_Delete(cases);
		free(text);
	}
}

/* --- hostile ------------------------------------------------------------- */

static const char *const whats[] = { "4096 sessions",
	                             "4096 status /srv/alpha",
	                             "4096 permissions /srv/alpha",
	                             "4096 questions /srv/alpha",
	                             "4096 last ses_root",
	                             "4096 messages ses_root",
	                             "4096 event",
	                             "4096 models",
	                             "4096 health" };

static void cut_at_every_byte(void **state)
{
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		static const char *const files[] = { "live.json", "session-list.json",
			                             "project.json", "todo.json" };
		for (size_t f = 0; f < ARRAY_LEN(files); f++) {
			size_t len;
			char *text = answer(versions[v], files[f], &len);
			for (size_t n = 0; n < len; n++) {
				char *cut = xstrndup(text, n);
				struct oc_sessions sessions;
				struct request *r;
				struct oc_event e;
				struct err err;
				if (oc_parse_sessions(cut, n, &sessions, &err))
					oc_sessions_free(&sessions);
				if (oc_parse_requests(cut, n, n & 1, &r, &err))
					while (r) {
						struct request *next = r->next;
						request_free(r);
						r = next;
					}
				if (oc_parse_event(cut, n, &e))
					oc_event_free(&e);
				free(cut);
			}
			free(text);
		}
		size_t len;
		char *text = answer(versions[v], "events.ndjson", &len);
		for (size_t n = 0; n < len; n += 7) {
			char *cut = xstrndup(text + n / 2, n - n / 2);
			cut[strcspn(cut, "\n")] = '\0';
			feed("4096 event", cut);
			free(cut);
		}
		free(text);
	}
}

static void rubbish_changes_nothing(void **state)
{
	static const char *const rubbish[] = {
		"<!doctype html><html>",
		"",
		"null",
		"42",
		"\"x\"",
		"{}",
		"[]",
		"[null]",
		"[{\"id\":5}]",
		"{\"id\":{}}",
		"[{\"id\":\"../../etc\"}]",
		"{\"payload\":{\"type\":\"session.status\"}}",
		"{\"payload\":[]}",
		"{\"type\":\"permission.asked\",\"properties\":{\"id\":\"per_1\"}}"
	};
	list(FAMILY);
	for (size_t i = 0; i < ARRAY_LEN(rubbish); i++)
		for (size_t k = 1; k < ARRAY_LEN(whats); k++)
			feed(whats[k], rubbish[i]);
	assert_non_null(find("ses_root"));
	/* three and their server */
	assert_int_equal(store_count(w.store, &kind_session, NULL), 4);
}

static void control_characters_are_washed(void **state)
{
	list("[{\"id\":\"ses_root\",\"title\":\"a\\u001b[31mred\\u0007\\n\\u202e\",\"directory\":"
	     "\"/srv/\\u001b]0;x\\u0007a\","
	     "\"time\":{\"updated\":1795239660000}}]");
	assert_null(strpbrk(find("ses_root")->row.name, "\033\007\n"));
	assert_null(strpbrk(find("ses_root")->directory, "\033\007"));
	/* byte for byte where it is sent back */
	assert_int_equal(ses_of(&find("ses_root")->row)->directory[5], 27);
}

static void parents_in_a_ring(void **state)
{
	list("[" ONE("a", ",\"parentID\":\"ses_b\"") "," ONE(
		"b", ",\"parentID\":\"ses_a\"") "," ONE("c", ",\"parentID\":\"ses_c\"") "]");
	busy("ses_a");
	asks("ses_a", "per_1");
	assert_non_null(find("ses_c"));
}

static void a_line_of_two_megabytes(void **state)
{
	size_t n = 2u << 20;
	struct buf b;
	buf_init(&b, 8u << 20);
	list(FAMILY);
	buf_puts(&b, "{\"payload\":{\"type\":\"message.part.updated\",\"properties\":{\"part\":{"
	             "\"id\":\"prt_1\",\"sessionID\":\"ses_root\","
	             "\"messageID\":\"msg_1\",\"type\":\"text\",\"text\":\"");
	char *x = malloc(n);
	memset(x, 'x', n);
	buf_add(&b, x, n);
	buf_puts(&b, "\"}}}}");
	source_feed(w.source, "4096 event", b.data, b.len);
	buf_finish(&b);
	free(x);
	assert_non_null(find("ses_root"));
}

/* --- the look: OpenCode servers, tmux, Claude Code ----------------------- */

#define CLAUDE_ID "0f8fad5b-d9cb-469f-a165-70867728950e"

static void a_look_is_understood(void **state)
{
	feed("scan", "=oc\noc\t4096\t12\t0100007F\t5000000\t777\topencode.service\t/usr/bin/"
	             "opencode\t/srv/a\n"
	             "=tmux\nsession\t$1\t1795239000\t1795239600\t1\t2\t/srv/b\twork|odd name\n"
	             "pane\t$1\t%4\t99\tvim\t1\t/srv/b\ttitle\n"
	             "=claude\nlive\t500\t99\t{\"pid\":7,\"sessionId\":\"" CLAUDE_ID
	             "\",\"cwd\":\"/srv/c\",\"procStart\":\"500\",\"status\":\"waiting\","
	             "\"waitingFor\":\"permission prompt\",\"statusUpdatedAt\":1795239650000}\n"
	             "live\t501\t1\t{\"pid\":8,\"sessionId\":\"1f8fad5b-d9cb-469f-a165-"
	             "70867728950e\",\"procStart\":\"400\",\"status\":\"busy\"}\n=end\n");
	struct session *service = find("opencode-4096"), *tmux = find("tmux-work|odd name"),
		       *claude = find(CLAUDE_ID);
	assert_non_null(tmux);
	assert_string_equal(tmux->words, "2 windows, attached");
	assert_string_equal(tmux->agent, "vim");
	assert_non_null(claude);
	assert_int_equal(claude->shown, SESSION_PERMISSION);
	assert_int_equal(claude->row.health, HEALTH_ASKS);
	assert_string_equal(claude->row.why, "Claude Code waits for: permission prompt");
	/* its parent is the pane's process */
	assert_true(program_has_pane(&claude->row));
	/* left behind by a kill -9 */
	assert_null(find("1f8fad5b-d9cb-469f-a165-70867728950e"));
	assert_non_null(service);
	assert_string_equal(service->unit, "opencode.service");
	assert_int_equal(service->memory, 5000000LL << 10);
	feed("scan", "=oc\n=tmux\n=claude\n=end\n");
	assert_null(find("tmux-work|odd name"));
	assert_null(find("opencode-4096"));
}

/* The service file of OpenCode 2 shows a server whose process did not. An address elsewhere, one by
 * TLS, and a server that a process showed already, are left out. */
static void a_service_file_shows_a_server(void **state)
{
	feed("scan", "=oc\noc\t4096\t12\t0100007F\t5000000\t777\topencode.service\t/usr/bin/"
	             "opencode\t/srv/a\n"
	             "svc\t77\thttp://localhost:49374\nsvc\t12\thttp://127.0.0.1:4096\n"
	             "svc\t78\thttp://192.0.2.1:49375\nsvc\t79\thttps://127.0.0.1:49376\n"
	             "svc\t80\nsvc\t81\tnot a url\n=tmux\n=claude\n=end\n");
	assert_non_null(find("opencode-49374"));
	assert_string_equal(find("opencode-4096")->unit, "opencode.service");
	assert_null(find("opencode-49375"));
	assert_null(find("opencode-49376"));
	struct oc *oc = find("opencode-49374")->priv;
	assert_string_equal(oc->host, "127.0.0.1");
	assert_int_equal(oc->pid, 77);
	feed("scan", "=oc\n=tmux\n=claude\n=end\n");
	assert_null(find("opencode-49374"));
}

/* Servers of tmux beside the usual one: ids stay apart, and each command goes to the server of its
 * session. */
static void tmux_has_many_sockets(void **state)
{
	struct buf b = { 0 };
	feed("scan", "=oc\n=tmux\nsocket\t/tmp/tmux-1000/default\t/tmp/tmux-1000\n"
	             "session\t$1\t1\t2\t0\t1\t/\twork\nsession\t$2\t1\t2\t0\t1\t/\ta/"
	             "b\nsession\t$3\t1\t2\t0\t1\t/\ta-b\n"
	             "pane\t$1\t%1\t5\tvim\t1\t/\tt\n"
	             "socket\t/tmp/tmux-1000/agents\t/tmp/tmux-1000\nsession\t$1\t1\t2\t0\t1\t/"
	             "\twork\npane\t$1\t%1\t99\tnode\t1\t/\tt\n"
	             "socket\t/run/user/1000/tmux-1000/default\t/tmp/"
	             "tmux-1000\nsession\t$1\t1\t2\t0\t1\t/\twork\n"
	             "=claude\nlive\t500\t99\t{\"pid\":7,\"sessionId\":\"" CLAUDE_ID
	             "\",\"procStart\":\"500\",\"status\":\"idle\"}\n=end\n");
	struct session *usual = find("tmux-work"), *agents = find("tmux-agents:work");
	struct session *other = find("tmux--run-user-1000-tmux-1000-default:work");
	assert_non_null(usual);
	assert_non_null(agents);
	assert_non_null(other);
	assert_non_null(find("tmux-a-b"));
	assert_non_null(find("tmux-a-b-3"));
	assert_string_equal(usual->words, "1 window");
	assert_string_equal(usual->agent, "vim");
	assert_string_equal(agents->agent, "node");
	assert_string_equal(agents->words, "1 window, socket agents");
	assert_string_equal(other->words, "1 window, socket /run/user/1000/tmux-1000/default");
	assert_true(tmux_act_command(&agents->row, &(enum tmux_act){ TMUX_KILL }, NULL, &b));
	assert_string_equal(b.data, "tmux -S /tmp/tmux-1000/agents kill-session -t '$1'");
	buf_clear(&b);
	program_command(&agents->row, &b);
	assert_non_null(strstr(b.data, "exec tmux -S /tmp/tmux-1000/agents attach -t "));
	buf_clear(&b);
	program_command(&find(CLAUDE_ID)->row, &b);
	assert_non_null(strstr(b.data, "tmux -S /tmp/tmux-1000/agents select-pane -t %1; unset "
	                               "TMUX; exec tmux -S /tmp/tmux-1000/agents attach"));
	buf_finish(&b);
	feed("scan", "=oc\n=tmux\n=claude\n=end\n");
}

static void claude_kept_elsewhere_is_gone_on_with_there(void **state)
{
	struct buf b = { 0 };
	feed("scan", "=oc\n=tmux\n=claude\nhome\t/srv/its own\nfile\t1795239000\t" CLAUDE_ID
	             ".jsonl\n\"cwd\":\"/srv/c\"\n=end\n");
	program_command(&find(CLAUDE_ID)->row, &b);
	assert_non_null(strstr(b.data, "export CLAUDE_CONFIG_DIR="));
	assert_non_null(strstr(b.data, "/srv/its own"));
	buf_finish(&b);
	feed("scan", "=oc\n=tmux\n=claude\n=end\n");
}

/* What the script says of a home after "=claude". */
static void scan_of(const char *setup, struct buf *out)
{
	char chunk[4096],
		*quoted = quote_command((const char *const[]){ "sh", "-c", scan_script, NULL });
	char *command = xasprintf("%s; %s | sed '1,/^=claude/d'", setup, quoted);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, p)) > 0;)
		buf_add(out, chunk, n);
	assert_int_equal(pclose(p), 0);
	free(command);
	free(quoted);
}

static size_t times(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
		n++;
	return n;
}

/* As Claude Code leaves them: sub-agents beside the sessions and below them, thousands of both; a
 * second folder, which .bashrc names behind its guard. The oldest sessions are older than all
 * sub-agents. */
static const char many_files[] =
	"unset CLAUDE_CONFIG_DIR; cd; d=.claude/projects/-srv-a; "
	"s=00000000-0000-4000-8000-0000000000; "
	"mkdir -p $d/${s}90/subagents kept/projects/-srv-b; "
	"for i in 01 02 03 04 05; do echo '{\"cwd\":\"/srv/a\",\"n\":1}' >$d/$s$i.jsonl; done; "
	"touch -d 2020-01-01 $d/*.jsonl; "
	"seq 5000 | sed \"s,.*,$d/agent-&.jsonl,\" | xargs touch; seq 5000 | sed "
	"\"s,.*,$d/${s}90/subagents/agent-&.jsonl,\" | xargs touch; "
	"echo '{\"cwd\":\"/srv/b\"}' >kept/projects/-srv-b/${s}80.jsonl; "
	"echo 'case $- in *i*) ;; *) return;; esac; ' >.bashrc; echo '  export "
	"CLAUDE_CONFIG_DIR=\"$HOME/kept\"' >>.bashrc";

static void claude_among_thousands_of_files(void **state)
{
	char home[] = "/tmp/mocr_home-XXXXXX", name[120];
	struct buf out = { 0 };
	assert_non_null(mkdtemp(home));
	char *setup = xasprintf("export HOME=%s; %s", home, many_files);
	scan_of(setup, &out);
	free(setup);
	assert_int_equal(times(out.data, "file\t"), 7);
	assert_null(strstr(out.data, "agent-"));
	for (int i = 1; i <= 5; i++) {
		snprintf(name, sizeof name,
		         "\t00000000-0000-4000-8000-00000000000%d.jsonl\n\"cwd\":\"/srv/a\"\n", i);
		assert_non_null(strstr(out.data, name));
	}
	/* its sub-agents alone are left */
	assert_non_null(strstr(out.data, "8000-000000000090.jsonl"));
	snprintf(name, sizeof name, "home\t%s/kept\nfile\t", home);
	assert_non_null(strstr(out.data, name));
	assert_non_null(strstr(out.data, "8000-000000000080.jsonl\n\"cwd\":\"/srv/b\""));
	buf_finish(&out);
	char *away = xasprintf("rm -rf %s", home);
	assert_int_equal(system(away), 0);
	free(away);
}

/* --- the watch's shell ----------------------------------------------------- */

static int watch_in, watch_out;
static pid_t watch_pid;

static void watch_start(const char *home)
{
	int in[2], out[2];
	assert_int_equal(pipe(in) | pipe(out), 0);
	watch_pid = fork();
	if (!watch_pid) {
		setenv("HOME", home, 1);
		unsetenv("CLAUDE_CONFIG_DIR");
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		close(out[0]);
		execl("/bin/sh", "sh", "-c", watch_script, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	watch_in = in[1];
	watch_out = out[0];
}

/* One round: its answer, up to and with the mark. */
static const char *watch_round(void)
{
	static char answer[65536];
	size_t n = 0;
	assert_int_equal(write(watch_in, "\n", 1), 1);
	do {
		ssize_t got = read(watch_out, answer + n, sizeof(answer) - 1 - n);
		assert_true(got > 0);
		n += (size_t)got;
		answer[n] = '\0';
	} while (!strstr(answer, "=end\n"));
	return answer;
}

/* Page faults of its children that ended, field 11 of stat in proc(5): any child has some. */
static long watch_children(void)
{
	char path[40];
	long faults = -1;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)watch_pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*d %*d %ld", &faults), 1);
	fclose(f);
	return faults;
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char *path = xasprintf("%s/.claude/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	free(path);
}

/* A small file is sent once, and again when it, the file of its job or its process changed. At rest
 * the shell sends a mark, and starts nothing. */
static void what_did_not_change_is_not_sent(void **state)
{
	static const char same[] = "=\n=end\n";
	char home[] = "/tmp/mocr_home-XXXXXX";
	assert_non_null(mkdtemp(home));
	char *made = xasprintf("mkdir -p %s/.claude/sessions %s/.claude/jobs/76ab", home, home);
	assert_int_equal(system(made), 0);
	free(made);
	write_file(home, "sessions/4194304.json", "{\"jobId\":\"76ab\",\n\"a\":\"\\u0041 %s\"}");
	write_file(home, "jobs/76ab/state.json", "{\"needs\":\"one\"}");
	watch_start(home);
	assert_string_equal(watch_round(), "live\t0\t0\t{\"jobId\":\"76ab\",\"a\":\"\\u0041 %s\"}\n"
	                                   "job\t76ab\t{\"needs\":\"one\"}\n=end\n");
	long children = watch_children();
	for (int i = 0; i < 3; i++)
		assert_string_equal(watch_round(), same);
	assert_int_equal(watch_children(), children);
	write_file(home, "jobs/76ab/state.json", "{\"needs\":\"two\"}");
	assert_non_null(strstr(watch_round(), "\njob\t76ab\t{\"needs\":\"two\"}\n=end\n"));
	assert_string_equal(watch_round(), same);
	char *long_text = xcalloc(1, 8002);
	memset(long_text, 'x', 8001);
	write_file(home, "sessions/4194304.json", long_text);
	free(long_text);
	assert_string_equal(watch_round(), "live\t0\t0\t\n=end\n");
	char *away = xasprintf("rm -rf %s", home);
	assert_int_equal(system(away), 0);
	free(away);
	assert_string_equal(watch_round(), "=end\n");
	assert_string_equal(watch_round(), same);
	close(watch_in);
	close(watch_out);
	assert_int_equal(waitpid(watch_pid, NULL, 0), watch_pid);
}

static unsigned hurry_after(const char *lines)
{
	struct sessions *ss = (struct sessions *)w.source;
	char look[600];
	ss->hurry = 0;
	ss->missing = false;
	snprintf(look, sizeof look, "=oc\nnow\t1000.00\n%s=tmux\n=claude\n=end\n", lines);
	feed("scan", look);
	assert_false(ss->missing);
	return ss->hurry;
}

/* One that does not listen yet is looked for soon; not one that is old, nor a helper of one that
 * listens. */
static void a_server_that_starts_is_waited_for(void **state)
{
	assert_int_equal(hurry_after("starting\t99500\topencode.service\n"), 1);
	assert_int_equal(hurry_after("starting\n"), 0);
	assert_int_equal(hurry_after("starting\t50000\topencode.service\n"), 0);
	assert_int_equal(hurry_after("starting\t50000\ta.service\nstarting\t60000\tb.service\n"),
	                 0);
	assert_int_equal(hurry_after("starting\t99500\topencode."
	                             "service\noc\t4096\t12\t0100007F\t3072\t40000\topencode."
	                             "service\t/usr/bin/opencode\t/srv/a\n"),
	                 0);
	assert_int_equal(hurry_after(
				 "starting\t99500\tuser/"
				 "opencode.service\noc\t4096\t12\t0100007F\t3072\t40000\topencode."
				 "service\t/usr/bin/opencode\t/srv/a\n"),
	                 1);
}

/* Its version, uptime, processor between two looks, memory over the limit, its unit of either
 * systemd. */
static void a_server_is_a_patient(void **state)
{
	char why[200];
	w.settings->opencode_memory = 300;
	feed("scan", "=oc\nnow\t1000.00\noc\t4096\t12\t0100007F\t307201\t40000\tuser/"
	             "opencode.service\t/usr/bin/opencode\t/srv/a\ncpu\t12\t5000\n"
	             "=tmux\n=claude\n=end\n");
	struct session *s = find("opencode-4096");
	assert_true(s->cpu < 0); /* unknown, not nothing */
	assert_int_equal(s->uptime_s, 600);
	assert_string_equal(s->unit, "opencode.service");
	feed("scan", "=oc\nnow\t1010.00\noc\t4096\t12\t0100007F\t307201\t40000\tuser/"
	             "opencode.service\t/usr/bin/opencode\t/srv/a\ncpu\t12\t5250\n"
	             "=tmux\n=claude\n=end\n");
	s = find("opencode-4096");
	assert_true(s->cpu > 24.9 && s->cpu < 25.1);
	oc_set_state(oc_find((struct sessions *)w.source, "4096"), OC_LIVE, NULL);
	assert_int_equal(s->row.health, HEALTH_ATTENTION);
	assert_non_null(strstr(s->row.why, "300M of memory"));
	const struct action *a = action_find(&kind_session, "opencode-restart");
	assert_true(a->applies(&s->row));
	action_command(a, &s->row, why, sizeof why);
	assert_non_null(strstr(why, "systemctl --user restart opencode.service"));
	feed("scan", "=oc\nnow\t1020.00\noc\t4096\t13\t0100007F\t300000\t99000\topencode.service\t/"
	             "usr/bin/opencode\t/srv/a\ncpu\t13\t70\n"
	             "=tmux\n=claude\n=end\n");
	s = find("opencode-4096");
	assert_true(s->cpu < 0 && s->uptime_s == 30); /* another process */
	oc_set_state(oc_find((struct sessions *)w.source, "4096"), OC_LIVE, NULL);
	assert_int_equal(s->row.health, HEALTH_GOOD);
}

#define STORED(id, more)                                                         \
	"{\"id\":\"ses_" id "\",\"title\":\"" id                                 \
	"\",\"directory\":\"/srv/a\",\"parent\":null,\"created\":1795239600000," \
	"\"updated\":1795239660000,\"archived\":null" more "}"

/* What no server serves is listed from the database, once each server has said what it serves; what
 * an older one does not tell of cost comes from there, and grows with what is said. */
static void sessions_nobody_serves(void **state)
{
	feed("4096 health", "{\"healthy\":true,\"version\":\"1.2.11\"}");
	feed("4096 sessions", FAMILY);
	feed("stored", "[" STORED("root", ",\"cost\":0.5,\"tokens\":1000") "," STORED(
			       "lone", ",\"cost\":1,\"tokens\":7") ",{\"id\":\"../x\"}]");
	/* the server has not said all yet */
	assert_null(find("ses_lone"));
	feed("4096 sessions.", "");
	oc_set_state(oc_find((struct sessions *)w.source, "4096"), OC_LIVE, NULL);
	stored_apply((struct sessions *)w.source);
	assert_int_equal(shown("ses_lone"), SESSION_NOT_SERVED);
	assert_int_equal(find("ses_lone")->row.health, HEALTH_IDLE);
	assert_int_equal(find("ses_lone")->tokens, 7);
	assert_int_equal(shown("ses_root"), SESSION_IDLE);
	assert_true(find("ses_root")->cost > 0.49 && find("ses_root")->cost < 0.51);
	/* the event comes more than once */
	for (int twice = 0; twice < 2; twice++)
		event("{\"payload\":{\"type\":\"message.updated\",\"properties\":{\"info\":{\"id\":"
		      "\"msg_1\",\"sessionID\":\"ses_root\",\"role\":\"assistant\","
		      "\"time\":{\"created\":1,\"completed\":2},\"cost\":0.25,\"tokens\":{"
		      "\"input\":10,\"output\":34,\"reasoning\":4}}}}}");
	assert_true(find("ses_root")->cost > 0.74 && find("ses_root")->cost < 0.76);
	/* 1.2 counts reasoning inside output */
	assert_int_equal(find("ses_root")->tokens, 1044);
	/* its server ended: they stay, as what they are now */
	feed("scan", "=oc\n=tmux\n=claude\n=end\n");
	assert_int_equal(shown("ses_root"), SESSION_NOT_SERVED);
	/* the answer has the newest of many: the pane says so */
	feed("stored", "[" STORED("root", ",\"of_all\":7") "," STORED("lone", ",\"of_all\":7") "]");
	size_t rows = HASH_COUNT(((struct sessions *)w.source)->table);
	assert_int_equal(store_left_out(w.store, &kind_session, NULL), 7 - rows);
	feed("stored", "[" STORED("root", "") "]");
	assert_int_equal(store_left_out(w.store, &kind_session, NULL), 0);
	assert_null(find("ses_lone"));
	assert_non_null(find("ses_root"));
	feed("stored", "Error: database is locked");
	assert_non_null(find("ses_root"));
}

static void half_a_look_takes_nothing_away(void **state)
{
	feed("scan", "=oc\n=tmux\nsession\t$1\t1\t2\t0\t1\t/\twork\n=claude\n=end\n");
	feed("scan", "=oc\n=tmux\n=cla");
	feed("scan", "");
	assert_non_null(find("tmux-work"));
}

static void names_in_the_list_are_quoted(void **state)
{
	struct buf b = { 0 };
	feed("scan", "=oc\n=tmux\nsession\t$1;rm "
	             "-rf\t1\t2\t0\t1\t/\tevil\nsession\t$2\t1\t2\t0\t1\t/"
	             "\tgood\npane\t$2\t%1\t5\tsh\t1\t/\tt\n=claude\n=end\n");
	assert_null(find("tmux-evil"));
	assert_true(tmux_act_command(&find("tmux-good")->row, &(enum tmux_act){ TMUX_SEND },
	                             "$(reboot); 'x'", &b));
	assert_string_equal(b.data, "tmux send-keys -t %1 -l -- '$(reboot); '\\''x'\\''' && tmux "
	                            "send-keys -t %1 Enter");
	buf_finish(&b);
}

/* Ids of messages began again on the 14th of August 2026: one of before is earlier than one of
 * after. */
static void ids_of_messages_are_in_order(void **state)
{
	assert_true(oc_id_order("msg_1fc75f09b001abcdefghijklmn",
	                        "msg_1fc75f478001abcdefghijklmn") < 0);
	assert_true(oc_id_order("msg_1fc75f478001abcdefghijklmn",
	                        "msg_1fc75f09b001abcdefghijklmn") > 0);
	assert_true(oc_id_order("msg_ffb000000001abcdefghijklmn",
	                        "msg_1fc75f09b001abcdefghijklmn") < 0);
	assert_true(oc_id_order("msg_1fc75f09b001abcdefghijklmn",
	                        "msg_ffb000000001abcdefghijklmn") > 0);
	assert_int_equal(oc_id_order("msg_1fc75f09b001a", "msg_1fc75f09b001a"), 0);
	assert_true(oc_id_order("msg_1fc75f09b001a", "msg_1fc75f09b001b") < 0);
	assert_true(oc_id_order("msg_2", "msg_10") > 0); /* no such id: by its letters */
	assert_true(oc_id_order("", "msg_1fc75f09b001a") < 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)
/* --- recordings ---------------------------------------------------------- */

/* Each of these stands in one place of what is fed, and must not stand in the recording. */
static const char *const planted[] = {
	"Zq7title",  "Zq7prompt",  "Zq7output", "Zq7env",   "Zq7input",   "Zq7question",
	"Zq7option", "Zq7command", "Zq7always", "Zq7diff",  "Zq7todo",    "Zq7error",
	"Zq7delta",  "Zq7pane",    "Zq7claude", "Zq7waits", "Zq7summary", "Zq7cut",
	"Zq7broken", "Zq7stored",  "Zq7key",    "Zq7dir",   "Zq7export",
};

static void feed_what_was_said(void)
{
	feed("scan",
	     "=oc\noc\t4096\t77\t0100007F\t1000\t5\topencode.service\t/usr/bin/opencode\t/srv/"
	     "alpha\n=tmux\n"
	     "session\t$1\t1795237046\t1795237046\t0\t1\t/srv/"
	     "alpha\twork\npane\t$1\t%1\t78\tbash\t1\t/srv/alpha\texport TOKEN is "
	     "Zq7pane\n=claude\n"
	     "file\t1795237046\t0b0b0b0b-1111-2222-3333-444444444444.jsonl\n\"cwd\":\"/srv/beta\"\n"
	     "=Zq7cut and the rest of a "
	     "line\",\"type\":\"text\"}\n\"cwd\":\"/srv\",\"text\":\"Zq7cut\"\n"
	     "{\"type\":\"user\",\"lastPrompt\":\"Zq7claude\",\"message\":{\"role\":\"user\","
	     "\"content\":[{\"type\":\"text\",\"id\":\"Zq7input\"}]}}\n"
	     "{\"toolUseResult\":{\"answers\":{\"Is it "
	     "Zq7key?\":\"yes\"}},\"summary\":\"Zq7summary\"}\n{\"text\":\"Zq7broken\n=end\n");
	feed("claude", "live\t1\t2\t{\"sessionId\":\"0b0b0b0b-1111-2222-3333-444444444444\","
	               "\"cwd\":\"/srv/beta\",\"status\":\"waiting\",\"procStart\":1,"
	               "\"waitingFor\":\"to run Zq7waits\",\"name\":\"Zq7title\"}\n");
	feed("4096 health", "{\"healthy\":true,\"version\":\"1.18.33\"}");
	feed("4096 sessions", "[{\"id\":\"ses_a\",\"directory\":\"/srv/"
	                      "alpha?password=Zq7dir\",\"title\":\"Zq7title\",\"version\":\"1.18."
	                      "33\",\"time\":{\"created\":1,\"updated\":2}}]");
	feed("4096 sessions.", "");
	feed("4096 status /srv/alpha", "{\"ses_a\":{\"type\":\"retry\",\"attempt\":2,\"message\":"
	                               "\"key Zq7error is not valid\",\"next\":5}}");
	feed("4096 permissions /srv/alpha",
	     "[{\"id\":\"per_a\",\"sessionID\":\"ses_a\",\"permission\":\"bash\",\"patterns\":["
	     "\"Zq7command\"],\"always\":[\"Zq7always\"],"
	     "\"metadata\":{\"command\":\"curl -u Zq7command\",\"diff\":\"+Zq7diff\"}}]");
	feed("4096 questions /srv/alpha",
	     "[{\"id\":\"que_a\",\"sessionID\":\"ses_a\",\"questions\":[{\"question\":"
	     "\"Zq7question?\",\"header\":\"Zq7question\","
	     "\"options\":[{\"label\":\"Zq7option\",\"description\":\"Zq7option\"}]}]}]");
	feed("4096 messages ses_a",
	     "[{\"info\":{\"id\":\"msg_a\",\"sessionID\":\"ses_a\",\"role\":\"user\",\"summary\":{"
	     "\"title\":\"Zq7summary\"},\"time\":{\"created\":1}},"
	     "\"parts\":[{\"id\":\"prt_a\",\"type\":\"text\",\"text\":\"Zq7prompt\"},{\"id\":\"prt_"
	     "b\",\"type\":\"tool\",\"tool\":\"bash\",\"state\":{\"status\":\"completed\","
	     "\"input\":{\"command\":\"cat "
	     ".env\",\"id\":\"Zq7input\",\"directory\":\"Zq7input\"},\"output\":\"DB_PASSWORD="
	     "Zq7env\\nall is Zq7output\",\"title\":\"Zq7title\"}}]}]");
	feed("4096 event", "{\"type\":\"message.part.delta\",\"properties\":{\"sessionID\":\"ses_"
	                   "a\",\"messageID\":\"msg_a\",\"partID\":\"prt_a\",\"field\":\"text\","
	                   "\"delta\":\"Zq7delta\"}}");
	feed("4096 event",
	     "{\"type\":\"session.error\",\"properties\":{\"sessionID\":\"ses_a\",\"error\":{"
	     "\"name\":\"MessageAbortedError\",\"data\":{\"message\":\"Zq7error\"}}}}");
	feed("4096 todo ses_a", "[{\"content\":\"Zq7todo\",\"status\":\"pending\",\"priority\":"
	                        "\"high\",\"id\":\"1\"}]");
	feed("4096 event", "half of {\"text\":\"Zq7broken\"");
	feed("stored", "[{\"id\":\"ses_b\",\"directory\":\"/srv/"
	               "beta\",\"title\":\"Zq7stored\",\"created\":1,\"updated\":2}]");
	feed("stored-messages ses_b", "[{\"info\":{\"id\":\"msg_b\",\"role\":\"user\"},\"parts\":[{"
	                              "\"type\":\"text\",\"text\":\"Zq7export\"}]}]");
}

static char *recorded(const char *dir)
{
	char path[128], chunk[4096];
	struct buf b = { 0 };
	snprintf(path, sizeof path, "%s/answers", dir);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(&b, chunk, n);
	fclose(f);
	unlink(path);
	rmdir(dir);
	return buf_take(&b);
}

static void a_recording_holds_no_word_of_a_conversation(void **state)
{
	static const char *const structure[] = { "ses_a",
		                                 "ses_b",
		                                 "/srv/alpha",
		                                 "/srv/beta",
		                                 "\"retry\"",
		                                 "\"bash\"",
		                                 "msg_a",
		                                 "prt_b",
		                                 "MessageAbortedError",
		                                 "message.part.delta",
		                                 "waiting",
		                                 "0b0b0b0b-1111-2222-3333-444444444444",
		                                 "pane\t$1\t%1\t78\tbash",
		                                 "opencode.service",
		                                 "=end",
		                                 "\"pending\"" };
	char dir[] = "/tmp/test_sessions.XXXXXX";
	struct err err;
	assert_non_null(mkdtemp(dir));
	assert_true(record_start(w.store, dir, &err));
	feed_what_was_said();
	err_set(&err, ERR_GARBLED, "the answer is not JSON: {\"password\":\"Zq7error\"}");
	source_set_state(w.source, SOURCE_FAILED, &err);
	record_stop(w.store);
	char *all = recorded(dir);
	for (size_t i = 0; i < ARRAY_LEN(planted); i++)
		if (strstr(all, planted[i]))
			fail_msg("%s is in the recording: %.300s", planted[i],
			         strstr(all, planted[i]) - 100);
	for (size_t i = 0; i < ARRAY_LEN(structure); i++)
		if (!strstr(all, structure[i]))
			fail_msg("%s is not in the recording", structure[i]);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(states_by_the_table),
		T(a_failure_gets_old),
		T(the_last_outcome_stands_until_the_next_is_known),
		T(a_parent_shows_what_its_child_waits_for),
		T(the_command_of_the_older_dialect),
		T(requests_of_idle_sessions_do_not_count),
		T(requests_and_statuses_without_sessions),
		T(idle_before_error),
		T(a_message_that_is_taken_back),
		T(complete_is_told_once_and_of_roots_only),
		T(disposed_instances_are_forgotten),
		T(a_list_takes_away_what_it_does_not_name),
		T(what_a_list_leaves_out_is_counted_again),
		T(archived_and_old_ones_are_put_away),
		T(live_moments_of_both_dialects),
		T(answers_to_permissions),
		T(answers_in_numbers),
		T(lists_of_both_dialects),
		T(models_are_reduced),
		T(events_of_both_dialects),
		T(messages_of_both_dialects),
		T(cut_at_every_byte),
		T(rubbish_changes_nothing),
		T(control_characters_are_washed),
		T(parents_in_a_ring),
		T(a_line_of_two_megabytes),
		T(a_look_is_understood),
		T(a_service_file_shows_a_server),
		T(tmux_has_many_sockets),
		T(claude_kept_elsewhere_is_gone_on_with_there),
		T(claude_among_thousands_of_files),
		T(what_did_not_change_is_not_sent),
		T(a_server_that_starts_is_waited_for),
		T(a_server_is_a_patient),
		T(sessions_nobody_serves),
		T(half_a_look_takes_nothing_away),
		T(names_in_the_list_are_quoted),
		T(ids_of_messages_are_in_order),
		T(a_recording_holds_no_word_of_a_conversation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
