/* What the parsers of OpenCode's three dialects make of events and answers in which one value was
 * replaced, and of every name of an event. Files of tests/unit/answers keep what came out. The
 * meaning is tested in test_sessions, test_opencode and test_opencode2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/sessions/oc_parse.h"
#include "backends/sessions/oc_read.h"
#include "backends/sessions/oc_v2_parse.h"
#include "tests/unit/expected.h"
#include "tests/unit/variants.h"

#define ANSWERS "tests/unit/answers/"

static void check_written(struct buf *out, const char *path)
{
	expected_check(out, path);
	buf_finish(out);
}

/* --- dumps ---------------------------------------------------------------- */

static void say(struct buf *out, const char *name, const char *text)
{
	if (text && *text)
		buf_addf(out, "%s %s\n", name, text);
}

static void say_number(struct buf *out, const char *name, double n)
{
	if (n != 0)
		buf_addf(out, "%s %.3f\n", name, n);
}

static void dump_session(struct buf *out, const struct oc_session *s)
{
	say(out, "session", s->id);
	say(out, "parent", s->parent);
	say(out, "directory", s->directory);
	say(out, "title", s->title);
	say(out, "agent", s->agent);
	say(out, "model", s->model);
	say(out, "provider", s->provider);
	say(out, "share", s->share);
	say_number(out, "created", (double)s->created_ms);
	say_number(out, "updated", (double)s->updated_ms);
	say_number(out, "archived", (double)s->archived_ms);
	say_number(out, "cost", s->cost);
	say_number(out, "tokens", (double)s->tokens);
	say_number(out, "reverted", s->reverted);
	say_number(out, "outcome", s->outcome);
}

static void dump_message(struct buf *out, const struct oc_message *m)
{
	say(out, "message", m->id);
	say(out, "of session", m->session);
	say(out, "error", m->error);
	say(out, "words", m->words);
	say(out, "by agent", m->agent);
	say(out, "by model", m->model);
	say(out, "by provider", m->provider);
	say_number(out, "role", m->role);
	say_number(out, "completed", m->completed);
	say_number(out, "began", (double)m->created_ms);
	say_number(out, "ended", (double)m->completed_ms);
	say_number(out, "costs", m->cost);
	say_number(out, "context", (double)m->context);
	say_number(out, "uses", (double)m->tokens);
	say_number(out, "reasoning", (double)m->reasoning);
}

static void dump_request(struct buf *out, const struct request *r)
{
	buf_addf(out, "request %s of %s call %s form %d lasting %d patterns %d cannot %d\n", r->id,
	         r->session, r->call, r->is_form, r->is_lasting, r->by_patterns, r->cannot_fill);
	say(out, "tool", r->tool);
	say(out, "what", r->what);
	say(out, "diff", r->diff);
	say(out, "always", r->always);
	say(out, "note", r->note);
	for (size_t i = 0; i < r->n_questions; i++) {
		const struct question *q = &r->questions[i];
		buf_addf(out, "question %s type %d multiple %d custom %d optional %d\n",
		         q->key ? q->key : "-", (int)q->type, q->multiple, q->custom, q->optional);
		say(out, "asks", q->text);
		say(out, "head", q->header);
		for (size_t k = 0; k < q->n_options; k++)
			buf_addf(out, "option %s = %s (%s)\n", q->options[k].label,
			         q->options[k].value ? q->options[k].value : "-",
			         q->options[k].description ? q->options[k].description : "-");
	}
}

typedef bool event_fn(const char *json, size_t len, struct oc_event *);

static void dump_event(struct buf *out, event_fn *parse, const char *text, size_t len)
{
	struct oc_event e;
	if (!parse(text, len, &e)) {
		buf_puts(out, "no event\n");
		return;
	}
	buf_addf(out, "type %d run %d told %d user %d new %d\n", (int)e.type, (int)e.status.run,
	         e.tells_run, e.of_user, e.is_new);
	say(out, "event", e.id);
	say(out, "in", e.session);
	say(out, "answers", e.request);
	say(out, "at", e.directory);
	say(out, "message is", e.message_id);
	say(out, "part", e.part_id);
	say(out, "part type", e.part_type);
	say(out, "text", e.text);
	say(out, "tool", e.tool);
	say(out, "tool state", e.tool_state);
	say(out, "status says", e.status.message);
	say_number(out, "attempt", e.status.attempt);
	say_number(out, "next", (double)e.status.next_ms);
	say_number(out, "turn", e.outcome);
	say_number(out, "happened", (double)e.at_ms);
	dump_session(out, &e.info);
	dump_message(out, &e.message);
	if (e.asked)
		dump_request(out, e.asked);
	oc_event_free(&e);
}

static void dump_v1(struct buf *out, const char *text, size_t len)
{
	dump_event(out, oc_parse_event, text, len);
}
static void dump_v2(struct buf *out, const char *text, size_t len)
{
	dump_event(out, oc_v2_event, text, len);
}
static void dump_preview(struct buf *out, const char *text, size_t len)
{
	dump_event(out, oc_preview_event, text, len);
}

static void say_err(struct buf *out, struct err *err)
{
	buf_addf(out, "refused %d %s\n", (int)err->code, err->text);
	err_clear(err);
}

static void on_status(const char *id, const struct oc_status *s, void *arg)
{
	buf_addf(arg, "%s runs %d attempt %d next %lld %s\n", id, (int)s->run, s->attempt,
	         (long long)s->next_ms, s->message);
}

static void dump_requests(struct buf *out, bool v2, const char *text, size_t len)
{
	struct err err = { 0 };
	for (int questions = 0; questions < 2; questions++) {
		struct request *list = NULL;
		bool good = v2 ? oc_v2_requests(text, len, questions, &list, &err)
		               : oc_parse_requests(text, len, questions, &list, &err);
		if (!good)
			say_err(out, &err);
		while (list) {
			struct request *next = list->next;
			dump_request(out, list);
			request_free(list);
			list = next;
		}
	}
}

static void dump_v2_lists(struct buf *out, const char *text, size_t len)
{
	struct oc_sessions l;
	struct err err = { 0 };
	char cursor[12];
	for (int preview = 0; preview < 2; preview++) {
		bool good = preview ? oc_preview_sessions(text, len, &l, &err)
		                    : oc_v2_sessions(text, len, &l, &err);
		if (!good)
			say_err(out, &err);
		buf_addf(out, "sessions %zu left out %zu\n", l.n, l.left_out);
		for (size_t i = 0; i < l.n; i++)
			dump_session(out, &l.v[i]);
		oc_sessions_free(&l);
	}
	bool more = oc_v2_cursor(text, len, cursor, sizeof(cursor));
	buf_addf(out, "cursor %d %s\n", more, cursor);
	if (!oc_v2_statuses(text, len, on_status, out, &err))
		say_err(out, &err);
	dump_requests(out, true, text, len);
	buf_addf(out, "models %d\n", oc_v2_models(text, len, out));
	buf_addf(out, "names %d\n", oc_v2_names(text, len, out));
}

static void dump_v2_talk(struct buf *out, const char *text, size_t len)
{
	struct buf whole = { 0 };
	bool good = oc_v2_conversation(text, len, &whole);
	buf_addf(out, "conversation %d\n", good);
	/* an object a line, so that the difference is short */
	for (size_t i = 0; i < whole.len; i++)
		buf_addf(out, whole.data[i] == '{' ? "\n{" : "%c", whole.data[i]);
	buf_puts(out, "\n");
	buf_finish(&whole);
}

static void dump_v1_lists(struct buf *out, const char *text, size_t len)
{
	struct oc_sessions l;
	struct oc_message m;
	struct err err = { 0 };
	char version[20];
	if (oc_parse_sessions(text, len, &l, &err)) {
		buf_addf(out, "sessions %zu left out %zu\n", l.n, l.left_out);
		for (size_t i = 0; i < l.n; i++)
			dump_session(out, &l.v[i]);
	} else {
		say_err(out, &err);
	}
	oc_sessions_free(&l);
	if (!oc_parse_statuses(text, len, on_status, out, &err))
		say_err(out, &err);
	dump_requests(out, false, text, len);
	if (oc_parse_last(text, len, &m, &err))
		dump_message(out, &m);
	struct oc_sums sums = oc_parse_sums(text, len);
	char *command = oc_parse_command(text, len, "call_1");
	buf_addf(out, "sums %zu cost %.3f tokens %lld %lld last %s\ncommand %s\n", sums.messages,
	         sums.cost, (long long)sums.tokens, (long long)sums.reasoning, sums.last,
	         command ? command : "-");
	free(command);
	bool good = oc_parse_health(text, len, version, sizeof(version));
	buf_addf(out, "health %d %s\n", good, version);
	buf_addf(out, "models %d\n", oc_reduce_models(text, len, out));
	buf_addf(out, "names %d\n", oc_reduce_names(text, len, out));
	buf_addf(out, "projects %d\n", oc_parse_projects(text, len, out));
}

/* --- 1.x ------------------------------------------------------------------ */

#define V1(type, more)                                                         \
	"{\"directory\":\"/d\",\"payload\":{\"id\":\"evt_1\",\"type\":\"" type \
	"\",\"properties\":{" more "}}}"
#define INFO                                                                                       \
	"\"info\":{\"id\":\"ses_1\",\"parentID\":\"ses_0\",\"directory\":\"/a\",\"title\":\"t\","  \
	"\"agent\":\"build\",\"model\":{\"id\":\"m\",\"providerID\":\"p\"},\"cost\":0.5,"          \
	"\"tokens\":{\"input\":1,\"output\":2,\"reasoning\":4,\"cache\":{\"read\":8,\"write\":16}" \
	"},"                                                                                       \
	"\"share\":{\"url\":\"https://"                                                            \
	"s\"},\"revert\":{\"messageID\":\"m\"},\"time\":{\"created\":5,"                           \
	"\"updated\":6,\"archived\":7}}"
#define MESSAGE                                                                                    \
	"\"info\":{\"id\":\"msg_1\",\"sessionID\":\"ses_1\",\"role\":\"assistant\",\"agent\":"     \
	"\"a\","                                                                                   \
	"\"modelID\":\"m\",\"providerID\":\"p\",\"cost\":0.5,\"error\":{\"name\":\"E\",\"data\":{" \
	"\"message\":\"w\"}},\"tokens\":{\"input\":1,\"output\":2,\"reasoning\":4,\"cache\":{"     \
	"\"read\":8,\"write\":16}},\"time\":{\"created\":5,\"completed\":6}}"
#define PERMISSION                                                                                 \
	"\"id\":\"per_1\",\"sessionID\":\"ses_1\",\"permission\":\"bash\",\"patterns\":[\"a\","    \
	"\"b\"],"                                                                                  \
	"\"metadata\":{\"command\":\"make\",\"path\":\"/p\",\"diff\":\"d\"},\"always\":[\"x *\"]," \
	"\"tool\":{\"messageID\":\"m\",\"callID\":\"call_1\"}"
#define QUESTION                                                                                  \
	"\"id\":\"que_1\",\"sessionID\":\"ses_1\",\"questions\":[{\"question\":\"Which?\","       \
	"\"header\":"                                                                             \
	"\"H\",\"multiple\":true,\"custom\":false,\"options\":[{\"label\":\"A\",\"description\":" \
	"\"one\"},{\"label\":\"B\"}]}],\"tool\":{\"callID\":\"call_1\"}"

static void test_events_of_1(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(&out, "created", dump_v1,
	                 V1("session.created", "\"sessionID\":\"ses_1\"," INFO));
	variants_of_json(&out, "updated", dump_v1, V1("session.updated", INFO));
	variants_of_json(&out, "message", dump_v1, V1("message.updated", MESSAGE));
	variants_of_json(&out, "status", dump_v1,
	                 V1("session.status",
	                    "\"sessionID\":\"ses_1\",\"status\":{\"type\":\"retry\","
	                    "\"attempt\":2,\"message\":\"busy\",\"next\":9}"));
	variants_of_json(
		&out, "part", dump_v1,
		V1("message.part.updated",
	           "\"part\":{\"id\":\"prt_1\",\"messageID\":\"msg_1\",\"sessionID\":\"ses_1\","
	           "\"type\":\"tool\",\"text\":\"x\",\"tool\":\"bash\",\"state\":{\"status\":"
	           "\"running\",\"title\":\"t\",\"input\":{\"command\":\"c\"}}}"));
	variants_of_json(&out, "part without text", dump_v1,
	                 V1("message.part.updated",
	                    "\"sessionID\":\"ses_2\",\"part\":{\"id\":\"prt_1\",\"sessionID\":"
	                    "\"ses_1\","
	                    "\"type\":\"tool\",\"state\":{\"input\":{\"command\":\"c\"}}}"));
	variants_of_json(&out, "delta", dump_v1,
	                 V1("message.part.delta", "\"sessionID\":\"ses_1\",\"messageID\":\"msg_1\","
	                                          "\"partID\":\"prt_1\",\"delta\":\"w\""));
	check_written(&out, ANSWERS "oc_events_1.txt");
}

static void test_more_events_of_1(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(&out, "error", dump_v1,
	                 V1("session.error",
	                    "\"sessionID\":\"ses_1\",\"error\":{\"name\":\"E\",\"data\":"
	                    "{\"message\":\"w\"}}"));
	variants_of_json(&out, "permission", dump_v1, V1("permission.asked", PERMISSION));
	variants_of_json(&out, "question", dump_v1, V1("question.asked", QUESTION));
	variants_of_json(&out, "replied", dump_v1,
	                 V1("permission.replied", "\"sessionID\":\"ses_1\",\"requestID\":\"per_1\","
	                                          "\"permissionID\":\"per_2\""));
	variants_of_json(&out, "disposed", dump_v1,
	                 V1("server.instance.disposed", "\"directory\":\"/b\""));
	check_written(&out, ANSWERS "oc_events_1_more.txt");
}

static void test_answers_of_1(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(&out, "sessions", dump_v1_lists,
	                 "[{\"id\":\"ses_1\",\"title\":\"t\",\"time\":{\"created\":1,\"updated\":2}"
	                 "},{"
	                 "\"id\":\"ses_2\"}]");
	variants_of_json(&out, "statuses", dump_v1_lists,
	                 "{\"ses_1\":{\"type\":\"retry\",\"attempt\":2,\"next\":9,\"message\":"
	                 "\"w\"},"
	                 "\"ses_2\":{\"type\":\"idle\"},\"ses_3\":{\"type\":\"busy\"}}");
	variants_of_json(&out, "requests", dump_v1_lists, "[{" PERMISSION "},{" QUESTION "}]");
	variants_of_json(
		&out, "messages", dump_v1_lists,
		"[{\"info\":{\"id\":\"msg_1\",\"role\":\"user\"}},{" MESSAGE
		",\"parts\":[{\"callID\":\"call_1\",\"state\":{\"input\":{\"command\":\"ls\"}}}]"
		"},{\"info\":{\"id\":\"msg_3\",\"role\":\"assistant\",\"cost\":1,\"tokens\":{"
		"\"input\":7}}}]");
	variants_of_json(&out, "models", dump_v1_lists,
	                 "{\"version\":\"1.2\",\"providers\":[{\"id\":\"p\",\"models\":{\"m\":{"
	                 "\"limit\":{"
	                 "\"context\":100}}}}]}");
	variants_of_json(&out, "names", dump_v1_lists,
	                 "[{\"name\":\"build\",\"mode\":\"primary\",\"hidden\":false,\"id\":"
	                 "\"global\","
	                 "\"worktree\":\"/w\"},{\"name\":\"x\",\"mode\":\"subagent\",\"worktree\":"
	                 "\"/v\"}]");
	check_written(&out, ANSWERS "oc_answers_1.txt");
}

/* --- 2.x ------------------------------------------------------------------ */

#define V2(type, more)                                          \
	"{\"id\":\"evt_1\",\"type\":\"" type                    \
	"\",\"created\":7,\"location\":{\"directory\":\"/d\"}," \
	"\"data\":{\"sessionID\":\"ses_1\"" more "}}"
#define FORM                                                                                       \
	"\"id\":\"frm_1\",\"sessionID\":\"ses_1\",\"title\":\"T\",\"fields\":[{\"key\":\"q\","     \
	"\"title\":"                                                                               \
	"\"Db\",\"description\":\"Which?\",\"type\":\"multiselect\",\"required\":false,"           \
	"\"custom\":true,"                                                                         \
	"\"options\":[{\"label\":\"A\",\"value\":\"a\",\"description\":\"one\"},{\"value\":\"b\"}" \
	"]},{"                                                                                     \
	"\"key\":\"s\",\"title\":\"Sure\",\"type\":\"boolean\",\"hidden\":false}]"
#define PERMISSION_2                                                                          \
	"\"id\":\"per_1\",\"sessionID\":\"ses_1\",\"action\":\"shell\",\"resources\":[\"a\"," \
	"\"b\"],"                                                                             \
	"\"save\":[\"x "                                                                      \
	"*\"],\"message\":\"m\",\"metadata\":{\"url\":\"u\",\"diff\":\"d\"},\"source\":{"     \
	"\"callID\":\"call_1\",\"id\":\"call_2\"}"

static void test_events_of_2(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(&out, "created", dump_v2, V2("session.created", "," INFO));
	variants_of_json(
		&out, "created flat", dump_v2,
		V2("session.created",
	           ",\"parentID\":\"ses_0\",\"title\":\"t\",\"agent\":\"a\",\"model\":{\"id\":"
	           "\"m\",\"providerID\":\"p\"},\"location\":{\"directory\":\"/x\"},\"cost\":1,"
	           "\"tokens\":{\"input\":3}"));
	variants_of_json(&out, "words of the user", dump_v2,
	                 V2("session.inbox.enqueued", ",\"inboxID\":\"msg_1\",\"item\":{\"type\":"
	                                              "\"user\",\"payload\":{\"text\":"
	                                              "\"hi\"}}"));
	variants_of_json(&out, "words, preview", dump_preview,
	                 V2("session.next.prompt.admitted",
	                    ",\"messageID\":\"msg_1\",\"prompt\":{\"text\":\"hi\"}"));
	variants_of_json(
		&out, "step", dump_v2,
		V2("session.step.ended",
	           ",\"assistantMessageID\":\"msg_1\",\"messageID\":\"msg_2\",\"agent\":\"a\","
	           "\"model\":{\"id\":\"m\",\"providerID\":\"p\"},\"cost\":0.5,\"tokens\":{"
	           "\"input\":9,\"output\":2,\"reasoning\":4},\"error\":{\"type\":\"E\","
	           "\"message\":\"w\"}"));
	variants_of_json(&out, "step, preview", dump_preview,
	                 V2("session.next.step.ended", ",\"assistantMessageID\":\"msg_1\","
	                                               "\"finish\":\"stop\",\"error\":{\"message\":"
	                                               "\"Provider turn interrupted\"}"));
	variants_of_json(&out, "tool calls, preview", dump_preview,
	                 V2("session.next.step.ended",
	                    ",\"assistantMessageID\":\"msg_1\",\"finish\":\"tool-calls\""));
	variants_of_json(&out, "interrupted", dump_v2,
	                 V2("session.execution.interrupted", ",\"reason\":\"user\""));
	variants_of_json(&out, "failed", dump_v2,
	                 V2("session.execution.failed",
	                    ",\"error\":{\"type\":\"aborted\",\"message\":"
	                    "\"w\"}"));
	variants_of_json(&out, "retry", dump_v2,
	                 V2("session.retry.scheduled", ",\"attempt\":1000002,\"at\":9,\"error\":{"
	                                               "\"message\":\"w\"}"));
	check_written(&out, ANSWERS "oc_events_2.txt");
}

static void test_more_events_of_2(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(&out, "text", dump_v2,
	                 V2("session.text.ended",
	                    ",\"assistantMessageID\":\"msg_1\",\"ordinal\":1000003,"
	                    "\"text\":\"x\",\"delta\":\"y\""));
	variants_of_json(&out, "delta", dump_preview,
	                 V2("session.next.reasoning.delta",
	                    ",\"assistantMessageID\":\"msg_1\",\"reasoningID\":\"r\",\"delta\":"
	                    "\"y\""));
	variants_of_json(
		&out, "tool", dump_v2,
		V2("session.tool.failed",
	           ",\"assistantMessageID\":\"msg_1\",\"id\":\"call_1\",\"callID\":\"call_2\","
	           "\"tool\":\"sh\",\"name\":\"other\",\"error\":{\"message\":\"w\"},\"input\":{"
	           "\"command\":\"c\"}"));
	variants_of_json(&out, "permission", dump_v2,
	                 "{\"type\":\"permission.asked\",\"data\":{" PERMISSION_2 "}}");
	variants_of_json(&out, "form", dump_v2,
	                 "{\"type\":\"form.created\",\"data\":{\"form\":{" FORM "}}}");
	variants_of_json(&out, "question, preview", dump_preview,
	                 "{\"type\":\"question.v2.asked\",\"data\":{" QUESTION "}}");
	variants_of_json(&out, "replied", dump_v2,
	                 V2("form.replied", ",\"id\":\"frm_1\",\"requestID\":\"frm_2\""));
	variants_of_json(&out, "time, preview", dump_preview,
	                 "{\"type\":\"session.next.prompted\",\"data\":{\"timestamp\":8,"
	                 "\"messageID\":"
	                 "\"msg_1\"}}");
	check_written(&out, ANSWERS "oc_events_2_more.txt");
}

static void test_answers_of_2(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(&out, "sessions", dump_v2_lists,
	                 "{\"data\":[{\"id\":\"ses_1\",\"title\":\"t\",\"location\":{\"directory\":"
	                 "\"/a\"},"
	                 "\"outcome\":\"failed\",\"cost\":1,\"tokens\":{\"input\":1},\"time\":{"
	                 "\"created\":1}},{\"id\":\"ses_2\"}],\"cursor\":{\"next\":\"aZ09-_=\"}}");
	variants_of_json(&out, "one session", dump_v2_lists, "{\"data\":{\"id\":\"ses_1\"}}");
	variants_of_json(&out, "statuses", dump_v2_lists,
	                 "{\"data\":{\"ses_1\":{\"type\":\"running\"},\"ses_2\":{}}}");
	variants_of_json(&out, "requests", dump_v2_lists,
	                 "{\"data\":[{" PERMISSION_2 "},{" FORM "}]}");
	variants_of_json(
		&out, "models", dump_v2_lists,
		"{\"data\":[{\"id\":\"m\",\"providerID\":\"p\",\"enabled\":true,\"limit\":{"
		"\"context\":100},\"variants\":[{\"id\":\"v\"}],\"mode\":\"primary\",\"hidden\":"
		"false,\"name\":\"n\"}]}");
	check_written(&out, ANSWERS "oc_answers_2.txt");
}

/* What costs nothing costs 0; what is not said is not known. */
static void test_sums_of_nothing(void **state)
{
	static const struct {
		const char *costs, *tokens;
		double cost;
		int64_t sum;
	} all[] = {
		{ "", "", -1, -1 },
		{ ",\"cost\":0", ",\"tokens\":{\"input\":0,\"output\":0}", 0, 0 },
		{ ",\"cost\":0.5", ",\"tokens\":{\"input\":1,\"output\":1}", 1, 4 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char *one = xasprintf("{\"info\":{\"id\":\"msg_1\",\"sessionID\":\"ses_1\","
		                      "\"role\":\"assistant\"%s%s}}",
		                      all[i].costs, all[i].tokens);
		char *text = xasprintf("[%s,%s]", one, one);
		struct oc_sums sums = oc_parse_sums(text, strlen(text));
		assert_true(sums.cost == all[i].cost);
		assert_int_equal(sums.tokens, all[i].sum);
		assert_int_equal(sums.messages, 2);
		free(text);
		free(one);
	}
}

static void test_talk_of_2(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(&out, "talk", dump_v2_talk,
	                 "{\"data\":[{\"id\":\"msg_2\",\"type\":\"assistant\",\"time\":{"
	                 "\"created\":5,\"completed\":6},"
	                 "\"agent\":\"a\",\"model\":{\"id\":\"m\",\"providerID\":\"p\"},\"cost\":1,"
	                 "\"tokens\":{"
	                 "\"input\":1},\"finish\":\"stop\",\"retry\":1,\"error\":{\"type\":"
	                 "\"aborted\",\"message\":"
	                 "\"w\"},\"content\":[{\"type\":\"text\",\"text\":\"x\"},{\"type\":"
	                 "\"reasoning\",\"id\":\"r\","
	                 "\"text\":\"y\"},{\"type\":\"tool\",\"id\":\"call_1\",\"name\":\"sh\","
	                 "\"state\":{\"status\":"
	                 "\"streaming\",\"input\":{\"command\":\"c\"},\"error\":{\"message\":\"e\"}"
	                 "}},{\"type\":\"text\","
	                 "\"text\":\"z\"}]},{\"id\":\"msg_1\",\"type\":\"user\",\"text\":\"hi\","
	                 "\"files\":[{\"name\":"
	                 "\"f\"}]}]}");
	variants_of_json(&out, "other messages", dump_v2_talk,
	                 "{\"data\":[{\"id\":\"msg_4\",\"type\":\"shell\",\"command\":\"ls\","
	                 "\"output\":{\"output\":"
	                 "\"o\"}},{\"id\":\"msg_3\",\"type\":\"synthetic\",\"text\":\"s\"},{\"id\":"
	                 "\"msg_2\",\"type\":"
	                 "\"compaction\",\"summary\":\"u\"},{\"id\":\"msg_1\",\"type\":\"strange\"}"
	                 "]}");
	static const char *const cursors[] = {
		"", "a", "1234567890", "12345678901", "123456789012", "a b", "a/b"
	};
	for (size_t i = 0; i < ARRAY_LEN(cursors); i++) {
		char *json = xasprintf("{\"data\":[1],\"cursor\":{\"next\":\"%s\"}}", cursors[i]),
		     text[12];
		bool more = oc_v2_cursor(json, strlen(json), text, sizeof(text));
		buf_addf(&out, "%s: %d %s\n", cursors[i], more, text);
		free(json);
	}
	check_written(&out, ANSWERS "oc_talk_2.txt");
}

static void test_every_name_of_an_event(void **state)
{
	static const char *const names[] = {
		"server.connected",
		"server.heartbeat",
		"session.created",
		"session.updated",
		"session.deleted",
		"session.status",
		"session.idle",
		"session.error",
		"session.compacted",
		"message.updated",
		"message.removed",
		"message.part.updated",
		"message.part.delta",
		"permission.asked",
		"permission.updated",
		"question.asked",
		"permission.replied",
		"question.replied",
		"question.rejected",
		"server.instance.disposed",
		"todo.updated",
		"session.diff",
		"session.renamed",
		"session.moved",
		"session.agent.selected",
		"session.model.selected",
		"session.usage.updated",
		"session.inbox.enqueued",
		"session.inbox.delivered",
		"session.execution.started",
		"session.execution.succeeded",
		"session.execution.failed",
		"session.execution.interrupted",
		"session.step.started",
		"session.step.ended",
		"session.step.failed",
		"session.text.started",
		"session.text.delta",
		"session.text.ended",
		"session.reasoning.started",
		"session.reasoning.delta",
		"session.reasoning.ended",
		"session.tool.called",
		"session.tool.success",
		"session.tool.failed",
		"session.retry.scheduled",
		"session.compaction.ended",
		"form.created",
		"form.replied",
		"form.cancelled",
		"location.shutdown",
		"session.next.agent.switched",
		"session.next.model.switched",
		"session.next.prompt.admitted",
		"session.next.prompted",
		"session.next.step.started",
		"session.next.step.ended",
		"session.next.step.failed",
		"session.next.text.started",
		"session.next.text.delta",
		"session.next.text.ended",
		"session.next.reasoning.started",
		"session.next.reasoning.delta",
		"session.next.reasoning.ended",
		"session.next.tool.called",
		"session.next.tool.success",
		"session.next.tool.failed",
		"permission.v2.asked",
		"permission.v2.replied",
		"question.v2.asked",
		"question.v2.replied",
		"question.v2.rejected",
		"unheard.of",
		"",
	};
	static event_fn *const parsers[] = { oc_parse_event, oc_v2_event, oc_preview_event };
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (size_t p = 0; p < ARRAY_LEN(parsers); p++) {
			char *json = xasprintf("{\"id\":\"evt_1\",\"type\":\"%s\",\"%s\":{\"id\":"
			                       "\"per_1\",\"sessionID\":"
			                       "\"ses_1\",\"messageID\":\"msg_1\",\"text\":\"x\","
			                       "\"delta\":\"y\",\"title\":"
			                       "\"t\",\"prompt\":{\"text\":\"hi\"},\"info\":{"
			                       "\"id\":\"ses_1\"},\"status\":{"
			                       "\"type\":\"busy\"}}}",
			                       names[i], p ? "data" : "properties");
			buf_addf(&out, "== %s %zu\n", names[i], p);
			dump_event(&out, parsers[p], json, strlen(json));
			free(json);
		}
	check_written(&out, ANSWERS "oc_event_names.txt");
}

/* Lists around their limits: options of a question, questions of a request, requests. */
static void test_lists_at_their_limits(void **state)
{
	static const size_t most[] = { OPTIONS_MAX, QUESTIONS_MAX, OC_REQUESTS_MAX };
	(void)state;
	for (size_t kind = 0; kind < ARRAY_LEN(most); kind++)
		for (size_t n = most[kind] - 1; n <= most[kind] + 1; n++)
			for (int v2 = 0; v2 < 2; v2++) {
				size_t options = kind == 0 ? n : 1, questions = kind == 1 ? n : 1,
				       requests = kind == 2 ? n : 1, seen = 0;
				struct buf text;
				struct request *list = NULL;
				struct err err = { 0 };
				buf_init(&text, 4 << 20);
				buf_puts(&text, v2 ? "{\"data\":[" : "[");
				for (size_t r = 0; r < requests; r++) {
					buf_addf(&text,
					         "%s{\"id\":\"per_%zu\",\"sessionID\":\"ses_1\",\"%"
					         "s\":[",
					         r ? "," : "", r, v2 ? "fields" : "questions");
					for (size_t q = 0; q < questions; q++) {
						buf_addf(&text,
						         "%s{\"key\":\"k\",\"type\":\"string\","
						         "\"options\":[",
						         q ? "," : "");
						for (size_t o = 0; o < options; o++)
							buf_addf(&text,
							         "%s{\"label\":\"%zu\",\"value\":"
							         "\"v\"}",
							         o ? "," : "", o);
						buf_puts(&text, "]}");
					}
					buf_puts(&text, "]}");
				}
				buf_puts(&text, v2 ? "]}" : "]");
				assert_true(
					v2 ? oc_v2_requests(text.data, text.len, true, &list, &err)
					   : oc_parse_requests(text.data, text.len, true, &list,
				                               &err));
				assert_int_equal(list->n_questions, questions < QUESTIONS_MAX
				                                            ? questions
				                                            : QUESTIONS_MAX);
				assert_int_equal(list->questions[0].n_options,
				                 options < OPTIONS_MAX ? options : OPTIONS_MAX);
				assert_int_equal(list->cannot_fill,
				                 v2 && questions > QUESTIONS_MAX);
				for (struct request *next; list; list = next, seen++) {
					next = list->next;
					request_free(list);
				}
				assert_int_equal(seen, requests < OC_REQUESTS_MAX
				                               ? requests
				                               : OC_REQUESTS_MAX);
				buf_finish(&text);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_of_1),
		cmocka_unit_test(test_more_events_of_1),
		cmocka_unit_test(test_answers_of_1),
		cmocka_unit_test(test_events_of_2),
		cmocka_unit_test(test_more_events_of_2),
		cmocka_unit_test(test_answers_of_2),
		cmocka_unit_test(test_talk_of_2),
		cmocka_unit_test(test_sums_of_nothing),
		cmocka_unit_test(test_every_name_of_an_event),
		cmocka_unit_test(test_lists_at_their_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
