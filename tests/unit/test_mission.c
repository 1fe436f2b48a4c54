/* Mission Control: its answers, and a stand-in as strict as the real one, of 1.1.0 and of 2.2.1. A
 * wrong verb, token, state, priority or title is refused; it can be cut off and started again. */
#include "tests/unit/systems_world.h"

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/store/doc.h"
#include "backends/systems/mission_parse.h"

/* --- the stand-in -------------------------------------------------------- */

struct there {
	char id[16], title[100], state[20], priority[10], agent[20], error[40];
};
static struct {
	bool old;                   /* 1.1.0: no /api/health, no status_reason */
	bool connected, tried;      /* the gateway; tried: health does not connect to it */
	const char *token, *status; /* status: "ok" */
	const char *agents;         /* by_state */
	struct there tasks[8];
	size_t n;
	unsigned event;         /* number of the newest one */
	char last[400];         /* the newest event */
	unsigned cuts, streams; /* cuts: this many streams are cut at once */
	unsigned lists, healths, gateways;
	int slow_ms; /* the next list is sent so late */
	bool open;   /* a stream is open */
} mc;

static bool mc_may(int fd, const struct httpd_request *q)
{
	char line[100];
	bool may = !mc.token;
	snprintf(line, sizeof(line), "\r\nAuthorization: Bearer %s\r\n", mc.token ? mc.token : "");
	may = may || strstr(q->head, line);
	if (!may)
		httpd_answer(fd, "401 Unauthorized", "Content-Type: application/json\r\n",
		             "{\"error\":\"Unauthorized\"}");
	return may;
}

/* One task as the list and the events tell it. Its texts are not for rows. */
static void mc_task(struct buf *b, const struct there *t)
{
	buf_addf(b,
	         "{\"id\":\"%s\",\"title\":\"%s\",\"description\":\"SECRET\",\"status\":\"%s\","
	         "\"priority\":\"%s\",\"assigned_agent_id\":%s,\"assigned_agent_name\":\"%s\","
	         "\"planning_messages\":\"SECRET\",\"planning_dispatch_error\":%s%s%s,%s"
	         "\"updated_at\":\"2026-02-20T10:00:00.000Z\"}",
	         t->id, t->title, t->state, t->priority, *t->agent ? "\"uuid-1\"" : "null",
	         t->agent, *t->error ? "\"" : "", *t->error ? t->error : "null",
	         *t->error ? "\"" : "", mc.old ? "" : "\"status_reason\":null,");
}

/* Something changed: the newest event. */
static void mc_says(const char *type, const struct there *t)
{
	struct buf b = { 0 };
	buf_addf(&b, "data: {\"type\":\"%s\",\"payload\":", type);
	if (!strcmp(type, "task_deleted"))
		buf_addf(&b, "{\"id\":\"%s\"}", t->id);
	else
		mc_task(&b, t);
	buf_puts(&b, "}\n\n");
	snprintf(mc.last, sizeof(mc.last), "%s", b.data);
	mc.event++;
	buf_finish(&b);
}

static bool mc_health(int fd, const struct httpd_request *q)
{
	char body[600];
	pthread_mutex_lock(&lock);
	mc.healths++;
	bool all = !mc.token || strstr(q->head, "\r\nAuthorization: Bearer mc-1\r\n");
	if (mc.old && !mc_may(fd, q)) {
		pthread_mutex_unlock(&lock);
		return true;
	}
	if (all)
		snprintf(body, sizeof(body),
		         "{\"status\":\"%s\",\"uptime_seconds\":5,\"version\":\"2.2.1\","
		         "\"components\":{\"db\":{\"status\":\"ok\"},\"gateway\":{\"status\":"
		         "\"error\",\"connected\":%s},\"agents\":{\"status\":\"ok\","
		         "\"active_count\":2,\"total_count\":3,\"by_state\":{%s}},\"costs\":{"
		         "\"caps\":[{\"utilization_pct\":12.5},{\"utilization_pct\":91.2}]}}}",
		         mc.status, mc.connected && mc.tried ? "true" : "false", mc.agents);
	else
		snprintf(body, sizeof(body), "{\"status\":\"%s\",\"uptime_seconds\":5}", mc.status);
	bool old = mc.old;
	pthread_mutex_unlock(&lock);
	if (old)
		return httpd_answer(fd, "404 Not Found", "Content-Type: text/html\r\n",
		                    "<html><title>404: This page could not be found.</title>");
	return httpd_answer(fd, NULL, "Content-Type: application/json\r\n", body);
}

static bool mc_status(int fd, const struct httpd_request *q)
{
	bool may;
	pthread_mutex_lock(&lock);
	may = mc_may(fd, q);
	mc.gateways++;
	mc.tried = true;
	bool connected = mc.connected;
	pthread_mutex_unlock(&lock);
	if (!may)
		return true;
	return httpd_answer(fd, NULL, NULL,
	                    connected ? "{\"connected\":true,\"sessions_count\":2,\"sessions\":[{"
	                                "\"key\":\"SECRET\"},{}],\"gateway_url\":\"ws://x\"}"
	                              : "{\"connected\":false,\"error\":\"Failed to connect to "
	                                "OpenClaw Gateway\",\"gateway_url\":\"ws://x\"}");
}

static bool mc_refuse(int fd, const char *status, const char *words)
{
	char body[200];
	snprintf(body, sizeof(body), "{\"error\":\"%s\"}", words);
	return httpd_answer(fd, status, "Content-Type: application/json\r\n", body);
}

/* With the lock, which it lets go while it sends. */
static bool mc_list(int fd, const struct httpd_request *q)
{
	struct buf b = { 0 };
	buf_puts(&b, "[");
	mc.lists++;
	for (size_t i = 0; i < mc.n; i++) {
		if (!strstr(q->query, mc.tasks[i].state))
			continue;
		buf_puts(&b, b.len > 1 ? "," : "");
		mc_task(&b, &mc.tasks[i]);
	}
	buf_puts(&b, "]");
	/* it was true when it was read */
	int slow = mc.slow_ms;
	mc.slow_ms = 0;
	pthread_mutex_unlock(&lock);
	bool sent = (!slow || httpd_pause(fd, slow)) && httpd_answer(fd, NULL, NULL, b.data);
	pthread_mutex_lock(&lock);
	buf_finish(&b);
	return sent;
}

static const char *mc_word(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsString(v) ? v->valuestring : NULL;
}

static bool mc_among(const char *word, const char *words)
{
	char sought[40];
	snprintf(sought, sizeof(sought), " %s ", word);
	return strstr(words, sought);
}
#define MC_STATES " planning inbox assigned in_progress testing review done "

static bool mc_create(int fd, const struct httpd_request *q)
{
	cJSON *o = cJSON_Parse(q->body);
	const char *title = mc_word(o, "title"), *priority = mc_word(o, "priority");
	bool good = title && *title && strlen(title) <= 500 && strstr(q->head, "application/json");
	good = good && (!priority || mc_among(priority, " low normal high urgent "));
	if (good) {
		struct there *t = &mc.tasks[mc.n++];
		snprintf(t->id, sizeof(t->id), "t%zu", mc.n);
		snprintf(t->title, sizeof(t->title), "%s", title);
		snprintf(t->state, sizeof(t->state), "inbox");
		snprintf(t->priority, sizeof(t->priority), "%s", priority ? priority : "normal");
		mc_says("task_created", t);
	}
	cJSON_Delete(o);
	return good ? httpd_answer(fd, "201 Created", NULL, "{\"id\":\"x\"}")
	            : mc_refuse(fd, "400 Bad Request", "Validation failed");
}

static bool mc_one(int fd, const struct httpd_request *q, struct there *t, bool dispatch)
{
	cJSON *o = cJSON_Parse(q->body);
	const char *to = mc_word(o, "status");
	bool good = true;
	if (dispatch && !strcmp(q->method, "POST") && *t->agent) {
		snprintf(t->state, sizeof(t->state), "in_progress");
		mc_says("task_updated", t);
	} else if (!dispatch && !strcmp(q->method, "PATCH") && to && mc_among(to, MC_STATES)) {
		snprintf(t->state, sizeof(t->state), "%s", to);
		mc_says("task_updated", t);
	} else if (!dispatch && !strcmp(q->method, "DELETE")) {
		mc_says("task_deleted", t);
		*t = mc.tasks[--mc.n];
	} else {
		good = false;
	}
	cJSON_Delete(o);
	return good ? httpd_answer(fd, NULL, NULL, "{\"success\":true}")
	            : mc_refuse(fd, "400 Bad Request", "Task has no assigned agent");
}

static bool mc_tasks(int fd, const struct httpd_request *q)
{
	const char *id = q->path + strlen("/api/tasks");
	bool dispatch = strstr(id, "/dispatch"), done = false, sent = true;
	pthread_mutex_lock(&lock);
	if (!mc_may(fd, q))
		done = true;
	else if (!*id && !strcmp(q->method, "GET"))
		done = sent = mc_list(fd, q);
	else if (!*id && !strcmp(q->method, "POST"))
		done = sent = mc_create(fd, q);
	for (size_t i = 0; *id && !done && i < mc.n; i++) {
		char path[40];
		snprintf(path, sizeof(path), "/%s%s", mc.tasks[i].id, dispatch ? "/dispatch" : "");
		if (!strcmp(path, id)) {
			sent = mc_one(fd, q, &mc.tasks[i], dispatch);
			done = true;
		}
	}
	pthread_mutex_unlock(&lock);
	return done ? sent : mc_refuse(fd, "404 Not Found", "Task not found");
}

static bool mc_stream(int fd, const struct httpd_request *q)
{
	char text[400];
	bool cut, may, more = true;
	pthread_mutex_lock(&lock);
	may = mc_may(fd, q);
	mc.streams++;
	cut = mc.cuts > 0;
	mc.cuts -= cut;
	unsigned seen = mc.event;
	pthread_mutex_unlock(&lock);
	if (!may)
		return true;
	httpd_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close"
	              "\r\n\r\n");
	if (cut)
		return false;
	httpd_say(fd, ": connected\n\n");
	while (more && httpd_pause(fd, 5)) {
		pthread_mutex_lock(&lock);
		mc.open = true;
		bool news = seen != mc.event;
		seen = mc.event;
		snprintf(text, sizeof(text), "%s", mc.last);
		more = !mc.cuts;
		mc.cuts -= mc.cuts > 0;
		pthread_mutex_unlock(&lock);
		/* cut in two, as a network does */
		if (news && httpd_send(fd, text, 20))
			more = httpd_pause(fd, 5) && httpd_say(fd, text + 20);
	}
	pthread_mutex_lock(&lock);
	mc.open = false;
	pthread_mutex_unlock(&lock);
	return false;
}

static const struct httpd_route mc_routes[] = {
	{ .path = "/",
	  .method = "GET",
	  .headers = "Content-Type: text/html\r\n",
	  .body = "<!DOCTYPE html><title>Mission Control</title>" },
	{ .path = "/api/health", .method = "GET", .answer = mc_health },
	{ .path = "/api/openclaw/status", .method = "GET", .answer = mc_status },
	{ .path = "/api/events/stream", .method = "GET", .answer = mc_stream },
	{ .path = "/api/tasks*", .answer = mc_tasks },
	{ 0 }
};

static char right[] = "echo mc-1", wrong[] = "echo mc-2";
static struct platform_config section;

static void begin(const struct httpd_route *routes, char *token)
{
	world_serve(routes);
	section = (struct platform_config){ .name = "box", .url = w.url, .token_command = token };
	w.settings.missions = &section;
	world_begin(&backend_mission);
}

static void fresh(bool old, const char *token)
{
	memset(&mc, 0, sizeof(mc));
	mc.old = old;
	mc.token = token;
	mc.connected = true;
	mc.status = "ok";
	mc.agents = "\"working\":2";
	mc.n = 3;
	mc.tasks[0] = (struct there){ "t1", "Fix \\u001b[31mit", "inbox", "high", "", "" };
	mc.tasks[1] = (struct there){ "t2", "Write", "in_progress", "normal", "Charlie", "" };
	mc.tasks[2] = (struct there){ "t3", "Ship", "review", "low", "Charlie", "" };
}

#define BOX "mission/box"
#define TASK(id) BOX "/task/" id

/* --- versions ------------------------------------------------------------ */

static void of_one(void **unused)
{
	fresh(true, NULL);
	begin(mc_routes, NULL);
	UNTIL(figure(BOX, "events", "live"));
	assert_true(health(BOX, HEALTH_GOOD) && why(BOX, NULL));
	assert_true(figure(BOX, "gateway", "2 sessions"));
	assert_true(figure(BOX, "open", "1 inbox") && figure(BOX, "at work", "1 in_progress"));
	assert_true(figure(BOX, "to review", "1 review"));
	assert_true(state(TASK("t1"), "inbox") && health(TASK("t1"), HEALTH_IDLE));
	assert_string_equal(at(TASK("t1"))->row.name, "Fix it");
	assert_true(figure(TASK("t2"), "agent", "Charlie") && health(TASK("t2"), HEALTH_BUSY));
	assert_true(figure(TASK("t1"), "priority", "high"));
	/* nobody but a person reviews there */
	assert_true(health(TASK("t3"), HEALTH_ATTENTION) && why(TASK("t3"), "your review"));
	assert_int_equal(mc.healths, 1);
	unsigned lists = mc.lists;
	site_poke(w.sites->first);
	UNTIL(mc.lists > lists && !w.sites->first->call);
	assert_int_equal(mc.healths, 1);
}

static void of_two(void **unused)
{
	fresh(false, "mc-1");
	mc.tried = true;
	begin(mc_routes, right);
	UNTIL(figure(BOX, "events", "live"));
	assert_true(health(BOX, HEALTH_GOOD) && why(BOX, NULL));
	assert_string_equal(w.sites->first->version, "2.2.1");
	assert_true(figure(BOX, "gateway", "connected") && figure(BOX, "agents", "2 of 3"));
	assert_true(figure(BOX, "cap", "91 %"));
	assert_int_equal(mc.gateways, 0);
	/* an agent reviews there */
	assert_true(health(TASK("t3"), HEALTH_BUSY) && why(TASK("t3"), NULL));
	assert_true(mc.healths > 0);
}

/* Not connected yet is no fault of the gateway: who asks for its state connects. */
static void a_gateway_that_nobody_used(void **unused)
{
	fresh(false, NULL);
	begin(mc_routes, NULL);
	UNTIL(complete());
	assert_true(health(BOX, HEALTH_GOOD) && figure(BOX, "gateway", "2 sessions"));
	pthread_mutex_lock(&lock);
	mc.connected = false;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(why(BOX, "its gateway is not connected: Failed to connect to OpenClaw Gateway"));
	assert_true(health(BOX, HEALTH_ATTENTION) && figure(BOX, "gateway", "not connected"));
	pthread_mutex_lock(&lock);
	mc.connected = true;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(health(BOX, HEALTH_GOOD));
}

static void what_is_wrong(void **unused)
{
	fresh(false, NULL);
	mc.agents = "\"stuck\":1,\"zombie\":1,\"working\":9";
	snprintf(mc.tasks[1].error, sizeof(mc.tasks[1].error), "no such agent");
	begin(mc_routes, NULL);
	UNTIL(complete());
	assert_true(health(BOX, HEALTH_ATTENTION) && why(BOX, "2 of its agents are stuck"));
	assert_true(health(TASK("t2"), HEALTH_BAD));
	assert_true(why(TASK("t2"), "it could not be dispatched: no such agent"));
	pthread_mutex_lock(&lock);
	mc.status = "error";
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(health(BOX, HEALTH_BAD));
	assert_true(why(BOX, "it reports: error"));
}

/* --- tokens -------------------------------------------------------------- */

static void without_its_token(void **unused)
{
	for (int old = 0; old < 2; old++) {
		fresh(old, "mc-1");
		begin(mc_routes, NULL);
		UNTIL(complete() && health(BOX, HEALTH_ATTENTION));
		assert_true(why(BOX, "wants a token (401: Unauthorized), and [mission box] has no "
		                     "token_command; its MC_API_TOKEN"));
		assert_true(state(BOX, "up"));
		assert_int_equal(mc.streams, 0);
		world_end(NULL);
	}
}

static void with_a_wrong_token(void **unused)
{
	fresh(true, "mc-1");
	begin(mc_routes, wrong);
	UNTIL(complete() && health(BOX, HEALTH_ATTENTION));
	assert_true(why(BOX, "rejects the token (401: Unauthorized); token_command of [mission"));
	/* the page told that it is there */
	assert_true(state(BOX, "up"));
}

static bool details_say(const char *words)
{
	struct doc doc;
	bool said = false;
	doc_init(&doc);
	kind_system.detail(&at(BOX)->row, &doc, false);
	for (size_t i = 0; i < doc.n; i++)
		said = said || strstr(doc.lines[i].text, words);
	doc_finish(&doc);
	return said;
}

/* --- live ---------------------------------------------------------------- */

/* An event changes the row before any list does. */
static void events(void **unused)
{
	fresh(true, NULL);
	begin(mc_routes, NULL);
	UNTIL(figure(BOX, "events", "live") && !w.sites->first->call);
	unsigned lists = mc.lists;
	pthread_mutex_lock(&lock);
	snprintf(mc.tasks[0].state, sizeof(mc.tasks[0].state), "testing");
	mc_says("task_updated", &mc.tasks[0]);
	pthread_mutex_unlock(&lock);
	UNTIL(state(TASK("t1"), "testing"));
	assert_true(figure(BOX, "at work", "1 in_progress, 1 testing") && figure(BOX, "open", ""));
	pthread_mutex_lock(&lock);
	mc.tasks[3] = (struct there){ "t4", "New", "inbox", "low", "", "" };
	mc.n = 4;
	mc_says("task_created", &mc.tasks[3]);
	pthread_mutex_unlock(&lock);
	UNTIL(at(TASK("t4")) && figure(BOX, "open", "1 inbox"));
	pthread_mutex_lock(&lock);
	mc_says("task_deleted", &mc.tasks[3]);
	mc.n = 3;
	pthread_mutex_unlock(&lock);
	UNTIL(!at(TASK("t4")));
	assert_int_equal(mc.lists, lists);
}

/* What happened while the stream was away is asked for when it is back. */
static void a_stream_that_is_cut(void **unused)
{
	fresh(true, NULL);
	begin(mc_routes, NULL);
	UNTIL(figure(BOX, "events", "live") && !w.sites->first->call);
	pthread_mutex_lock(&lock);
	unsigned streams = mc.streams;
	mc.cuts = 2; /* this one, and the next at once */
	snprintf(mc.tasks[0].state, sizeof(mc.tasks[0].state), "assigned");
	pthread_mutex_unlock(&lock);
	UNTIL(figure(BOX, "events", "away"));
	assert_true(details_say("ended its events"));
	assert_true(health(BOX, HEALTH_GOOD)); /* its state is known all the same */
	UNTIL(figure(BOX, "events", "live") && state(TASK("t1"), "assigned"));
	assert_int_equal(mc.streams, streams + 2);
}

/* A list that was made before an event, and came after it, is asked for again after a rest. */
static void a_list_that_an_event_overtakes(void **unused)
{
	fresh(true, NULL);
	begin(mc_routes, NULL);
	UNTIL(figure(BOX, "events", "live") && !w.sites->first->call);
	pthread_mutex_lock(&lock);
	unsigned lists = mc.lists;
	mc.slow_ms = 300;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(mc.lists == lists + 1);
	pthread_mutex_lock(&lock);
	snprintf(mc.tasks[0].state, sizeof(mc.tasks[0].state), "testing");
	mc_says("task_updated", &mc.tasks[0]);
	pthread_mutex_unlock(&lock);
	UNTIL(state(TASK("t1"), "testing"));
	assert_int_equal(mc.lists, lists + 1);
	UNTIL(!w.sites->first->call);
	int64_t over = now_mono_ms();
	UNTIL(mc.lists == lists + 2 && !w.sites->first->call);
	assert_true(now_mono_ms() - over >= 1900);
	assert_true(state(TASK("t1"), "testing"));
}

static void no_stream_there(void **unused)
{
	static const struct httpd_route none[] = {
		{ .path = "/api/events/stream",
		  .headers = "Content-Type: text/html\r\n",
		  .body = "<html><title>Sign in</title>" },
		{ .path = "/api/health", .method = "GET", .answer = mc_health },
		{ .path = "/api/openclaw/status", .method = "GET", .answer = mc_status },
		{ .path = "/api/tasks*", .answer = mc_tasks },
		{ 0 }
	};
	fresh(false, NULL);
	begin(none, NULL);
	UNTIL(figure(BOX, "events", "away"));
	assert_true(details_say("answers /api/events/stream with a web page"));
	assert_true(health(BOX, HEALTH_GOOD) && state(TASK("t1"), "inbox"));
}

/* --- orders -------------------------------------------------------------- */

static void orders(void **unused)
{
	struct err err;
	fresh(true, "mc-1");
	begin(mc_routes, right);
	UNTIL(figure(BOX, "events", "live"));
	assert_true(can(BOX, "create") && !can(BOX, "move") && !can(BOX, "delete"));
	assert_true(!can(BOX, "dispatch") && !can(TASK("t1"), "create"));
	assert_true(can(TASK("t2"), "dispatch") && !can(TASK("t1"), "dispatch"));
	assert_int_equal(ordered(BOX, "create", "Mend the roof priority=urgent", NULL), ORDER_DONE);
	UNTIL(at(TASK("t4")));
	assert_true(figure(TASK("t4"), "priority", "urgent"));
	assert_string_equal(at(TASK("t4"))->row.name, "Mend the roof");
	assert_int_equal(ordered(TASK("t1"), "move", "testing", NULL), ORDER_DONE);
	UNTIL(state(TASK("t1"), "testing"));
	assert_int_equal(ordered(TASK("t3"), "dispatch", NULL, NULL), ORDER_DONE);
	UNTIL(state(TASK("t3"), "in_progress"));
	pthread_mutex_lock(&lock);
	mc.tasks[1].agent[0] = '\0'; /* somebody took it away just now */
	pthread_mutex_unlock(&lock);
	assert_int_equal(ordered(TASK("t2"), "dispatch", NULL, &err), ORDER_FAILED);
	assert_non_null(strstr(err.text, "Task has no assigned agent"));
	assert_int_equal(ordered(TASK("t1"), "delete", NULL, NULL), ORDER_DONE);
	UNTIL(!at(TASK("t1")));
	assert_null(
		order_start(&at(TASK("t3"))->row, action_find(&kind_system, "move"), "over", &err));
	assert_non_null(strstr(err.text, "is not a state"));
	assert_null(order_start(&at(BOX)->row, action_find(&kind_system, "create"), " ", &err));
}

/* --- ill answers --------------------------------------------------------- */

static bool never(int fd, const struct httpd_request *q)
{
	return httpd_pause(fd, 60000);
}

static const struct {
	struct httpd_route route;
	const char *why;
} ills[] = {
	{ { .path = "/*", .body = "<html><title>Sign in</title>" }, "web page: Sign in" },
	{ { .path = "/*", .status = "401 Unauthorized", .body = "{\"error\":\"no\"}" },
	  "(401: no" },
	{ { .path = "/*", .status = "403 Forbidden", .body = "{\"error\":\"no\"}" }, "(403: no" },
	{ { .path = "/*", .status = "500 Internal Server Error", .body = "{\"error\":\"db\"}" },
	  "(500): db" },
	{ { .path = "/*", .status = "429 Too Many Requests", .headers = "Retry-After: 600\r\n" },
	  "(429" },
	{ { .path = "/*", .status = "404 Not Found", .body = "{}" },
	  "knows neither /api/health nor /api/tasks" },
	{ { .path = "/*", .body = "{\"database\":\"ok\"}" }, "so it is not Mission Control" },
	{ { .path = "/*", .body = "{\"a\":" }, "" },
	{ { .path = "/*", .raw = "HTTP/1.1 200 OK\r\nContent-Le", .hangs_up = true }, "" },
};

static void ill_answers(void **unused)
{
	for (size_t i = 0; i < ARRAY_LEN(ills); i++) {
		const struct httpd_route routes[] = { ills[i].route, { 0 } };
		fresh(false, NULL);
		begin(routes, right);
		UNTIL(health(BOX, HEALTH_BAD));
		if (!why(BOX, ills[i].why))
			fail_msg("%zu: %s", i, at(BOX)->row.why);
		assert_int_equal(mc.streams, 0);
		world_end(NULL);
	}
}

/* It holds up nothing: the loop turns on, and the end of the section is heeded. */
static void one_that_hangs(void **unused)
{
	static const struct httpd_route routes[] = { { .path = "/*", .answer = never }, { 0 } };
	fresh(false, NULL);
	begin(routes, NULL);
	UNTIL(httpd_requests(w.httpd) == 1);
	world_rest(200);
	assert_int_equal(httpd_requests(w.httpd), 1);
	w.settings.missions = NULL;
	sites_configured(&w.sites->source);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 0);
	assert_int_equal(w.sites->source.state, SOURCE_ABSENT);
}

static void its_section_goes(void **unused)
{
	fresh(true, NULL);
	begin(mc_routes, NULL);
	UNTIL(figure(BOX, "events", "live"));
	w.settings.missions = NULL;
	sites_configured(&w.sites->source);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 0);
	for (bool open = true; open;) {
		loop_turn(w.loop, 10);
		pthread_mutex_lock(&lock);
		open = mc.open;
		pthread_mutex_unlock(&lock);
	}
	w.settings.missions = &section;
	sites_configured(&w.sites->source);
	UNTIL(figure(BOX, "events", "live") && at(TASK("t1")));
}

/* --- readers ------------------------------------------------------------- */

#define ONE "{\"id\":\"a\",\"title\":\"T\",\"status\":\"%s\"}"
static void states(void **unused)
{
	static const struct {
		const char *word;
		enum mission_group group;
		bool to; /* a task may be moved there */
	} all[] = {
		{ "planning", MISSION_OPEN, true },
		{ "inbox", MISSION_OPEN, true },
		{ "pending_dispatch", MISSION_OPEN, false },
		{ "assigned", MISSION_WORK, true },
		{ "in_progress", MISSION_WORK, true },
		{ "convoy_active", MISSION_WORK, false },
		{ "testing", MISSION_WORK, true },
		{ "verification", MISSION_WORK, false },
		{ "review", MISSION_REVIEW, true },
		{ "done", MISSION_DONE, true },
		{ "else", MISSION_OTHER, false },
	};
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char json[200];
		struct mission_tasks l;
		snprintf(json, sizeof(json), "[" ONE "]", all[i].word);
		assert_true(mission_tasks_parse(json, strlen(json), &l, &err));
		assert_int_equal(l.n, 1);
		assert_int_equal(l.at[0].group, all[i].group);
		assert_int_equal(l.at[0].by_person, all[i].group == MISSION_REVIEW);
		assert_int_equal(mission_is_state(all[i].word), all[i].to);
		mission_tasks_finish(&l);
	}
	assert_false(mission_is_state(NULL));
}

static struct mission_task task(const char *members)
{
	struct mission_tasks l;
	struct err err;
	char json[600];
	snprintf(json, sizeof(json), "[{\"id\":\"a\",%s}]", members);
	assert_true(mission_tasks_parse(json, strlen(json), &l, &err));
	assert_int_equal(l.n, 1);
	struct mission_task t = l.at[0];
	mission_tasks_finish(&l);
	return t;
}

static void members_of_a_task(void **unused)
{
	struct mission_task t = task("\"status\":\"review\",\"status_reason\":null");
	assert_false(t.by_person);
	assert_string_equal(t.why, "");
	t = task("\"status\":\"testing\",\"status_reason\":\"Failed: no tests\"");
	assert_string_equal(t.why, "Failed: no tests");
	t = task("\"status\":\"testing\",\"status_reason\":\"moved by Ann\"");
	assert_string_equal(t.why, "");
	t = task("\"status\":\"done\",\"status_reason\":\"Failed before\"");
	assert_string_equal(t.why, "");
	t = task("\"status\":\"inbox\",\"assigned_agent\":{\"name\":\"Ann\"}");
	assert_string_equal(t.agent, "Ann");
	assert_false(t.agent_by_id);
	t = task("\"status\":\"inbox\",\"assigned_agent_id\":\"0123456789\"");
	assert_string_equal(t.agent, "01234567");
	assert_true(t.agent_by_id);
	t = task("\"status\":\"inbox\",\"assigned_agent_id\":null");
	assert_string_equal(t.agent, "");
	assert_false(t.agent_by_id);
	t = task("\"status\":\"inbox\",\"updated_at\":\"2026-02-20T10:00:00Z\"");
	assert_int_equal(t.updated_ms, 1771581600000);
	t = task("\"status\":\"inbox\",\"updated_at\":\"2026-02-20 10:00:00\"");
	assert_true(t.updated_ms == 0 || t.updated_ms == 1771581600000);
}

/* An id that is not shown whole could be that of another task. */
static void tasks_without_a_place(void **unused)
{
	struct mission_tasks l;
	struct err err;
	struct buf b = { 0 };
	char long_id[MISSION_ID_SIZE + 1];
	memset(long_id, 'x', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	buf_addf(&b,
	         "[{\"id\":\"a\\u001b[1m\",\"status\":\"inbox\"},{\"id\":7,\"status\":"
	         "\"inbox\"},{\"status\":\"inbox\"},{\"id\":\"b\"},5,null,{\"id\":\"%s\","
	         "\"status\":\"inbox\"},{\"id\":\"%s\",\"status\":\"inbox\"}]",
	         long_id, long_id + 1);
	assert_true(mission_tasks_parse(b.data, b.len, &l, &err));
	assert_int_equal(l.n, 1);
	assert_int_equal(l.left_out, 7);
	assert_string_equal(l.at[0].id, long_id + 1);
	mission_tasks_finish(&l);
	buf_clear(&b);
	buf_puts(&b, "[");
	for (int i = 0; i < MISSION_TASKS_MAX + 3; i++)
		buf_addf(&b, "%s{\"id\":\"t%d\",\"status\":\"inbox\"}", i ? "," : "", i);
	buf_puts(&b, "]");
	assert_true(mission_tasks_parse(b.data, b.len, &l, &err));
	assert_int_equal(l.n, MISSION_TASKS_MAX);
	assert_int_equal(l.left_out, 3);
	mission_tasks_finish(&l);
	buf_finish(&b);
	assert_false(mission_tasks_parse("{}", 2, &l, &err));
	assert_int_equal(err.code, ERR_GARBLED);
	assert_true(mission_tasks_parse("[]", 2, &l, &err) && !l.n);
	mission_tasks_finish(&l);
}

static void kinds_of_events(void **unused)
{
	static const struct {
		const char *json;
		enum mission_event event;
	} all[] = {
		{ "{\"type\":\"task_updated\",\"payload\":{\"id\":\"a\",\"status\":\"inbox\"}}",
		  MISSION_CHANGED },
		{ "{\"type\":\"task_created\",\"payload\":{\"id\":\"a\",\"status\":\"inbox\"}}",
		  MISSION_CHANGED },
		{ "{\"type\":\"task_updated\",\"payload\":{\"id\":\"a\"}}", MISSION_NEWS },
		{ "{\"type\":\"task_deleted\",\"payload\":{\"id\":\"a\"}}", MISSION_DELETED },
		{ "{\"type\":\"task_deleted\",\"payload\":{}}", MISSION_NEWS },
		{ "{\"type\":\"agent_spawned\",\"payload\":{\"id\":\"a\",\"status\":\"x\"}}",
		  MISSION_NEWS },
		{ "{\"type\":\"task_updated\"}", MISSION_NEWS },
		{ "[]", MISSION_NEWS },
		{ "", MISSION_NEWS },
	};
	struct mission_task t;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(mission_event_parse(all[i].json, strlen(all[i].json), &t),
		                 all[i].event);
}

static void healths(void **unused)
{
	static const char whole[] =
		"{\"status\":\"ok\",\"uptime_seconds\":0,\"components\":{\"agents\":{\"by_state\":"
		"{\"stuck\":1,\"stalled\":2,\"zombie\":-4,\"idle\":9}},\"costs\":{\"caps\":[{"
		"\"utilization_pct\":50},{\"utilization_pct\":7},{\"utilization_pct\":\"9\"}]}}}";
	struct mission_health h;
	struct err err;
	assert_true(mission_health_parse(whole, strlen(whole), &h, &err));
	assert_int_equal(h.ill, 3);
	assert_true(h.cap > 49.9 && h.cap < 50.1);
	assert_int_equal(h.active, -1);
	assert_int_equal(h.total, -1);
	assert_false(h.gateway);
	static const char *const not [] = { "{\"status\":\"ok\"}", "{\"uptime_seconds\":1}", "[]",
		                            "{\"status\":\"\",\"uptime_seconds\":1}" };
	for (size_t i = 0; i < ARRAY_LEN(not ); i++) {
		assert_false(mission_health_parse(not [i], strlen(not [i]), &h, &err));
		assert_int_equal(err.code, ERR_GARBLED);
	}
	struct mission_gateway g;
	assert_false(mission_gateway_parse("{\"connected\":1}", 15, &g, &err));
	assert_true(mission_gateway_parse("{\"connected\":true}", 18, &g, &err));
	assert_true(g.connected && g.sessions == -1 && !*g.error);
}

static void answers_of_a_dispatch(void **unused)
{
	struct err err;
	static const char no[] =
		"{\"success\":false,\"warning\":\"Other orchestrators available\"}";
	assert_true(mission_sent("{\"success\":true}", 16, &err));
	assert_false(mission_sent(no, strlen(no), &err));
	assert_non_null(strstr(err.text, "its agent: Other orchestrators available"));
	assert_false(mission_sent("{\"error\":\"down\"}", 16, &err));
	assert_non_null(strstr(err.text, "its agent: down"));
	assert_false(mission_sent("", 0, &err));
	assert_non_null(strstr(err.text, "does not say why"));
}

static void new_tasks(void **unused)
{
	static const struct {
		const char *typed, *title, *priority; /* title NULL: refused */
	} all[] = {
		{ "Fix it", "Fix it", "" },
		{ "  Fix it  ", "Fix it", "" },
		{ "Fix it priority=high", "Fix it", "high" },
		{ "Fix it  priority=low", "Fix it", "low" },
		{ "a priority=x of priority=urgent", "a priority=x of", "urgent" },
		{ "a priority=normal", "a", "normal" },
		{ "a priority=highest", NULL, NULL },
		{ "a priority=", NULL, NULL },
		{ "apriority=low", "apriority=low", "" },
		{ " priority=low", NULL, NULL },
		{ "", NULL, NULL },
		{ "   ", NULL, NULL },
		{ NULL, NULL, NULL },
	};
	char title[520], priority[16], text[520];
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		bool good = mission_new_parse(all[i].typed, title, sizeof(title), priority, &err);
		if (good != (all[i].title != NULL))
			fail_msg("%zu", i);
		if (good) {
			assert_string_equal(title, all[i].title);
			assert_string_equal(priority, all[i].priority);
		} else {
			assert_int_equal(err.code, ERR_USAGE);
		}
	}
	memset(text, 'x', sizeof(text));
	text[500] = '\0';
	assert_true(mission_new_parse(text, title, sizeof(title), priority, &err));
	assert_int_equal(strlen(title), 500);
	text[500] = 'x';
	text[501] = '\0';
	assert_false(mission_new_parse(text, title, sizeof(title), priority, &err));
	assert_false(mission_new_parse("12345", title, 5, priority, &err));
	assert_true(mission_new_parse("1234", title, 5, priority, &err));
}

static void what_may_be_kept(void **unused)
{
	static const char list[] =
		"[{\"id\":\"a\",\"status\":\"inbox\",\"description\":\"SECRET\",\"planning_spec\":"
		"\"SECRET\",\"assigned_agent\":{\"name\":\"Ann\",\"soul\":\"SECRET\"},"
		"\"status_reason\":null}]";
	struct buf once = { 0 };
	struct mission_tasks l;
	struct err err;
	mission_reduce(list, strlen(list), &once);
	assert_null(strstr(once.data, "SECRET"));
	assert_true(mission_tasks_parse(once.data, once.len, &l, &err));
	assert_string_equal(l.at[0].agent, "Ann");
	assert_non_null(strstr(once.data, "status_reason"));
	mission_tasks_finish(&l);
	buf_finish(&once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),
		cmocka_unit_test(members_of_a_task),
		cmocka_unit_test(tasks_without_a_place),
		cmocka_unit_test(kinds_of_events),
		cmocka_unit_test(healths),
		cmocka_unit_test(answers_of_a_dispatch),
		cmocka_unit_test(new_tasks),
		cmocka_unit_test(what_may_be_kept),
		cmocka_unit_test_teardown(of_one, world_end),
		cmocka_unit_test_teardown(of_two, world_end),
		cmocka_unit_test_teardown(a_gateway_that_nobody_used, world_end),
		cmocka_unit_test_teardown(what_is_wrong, world_end),
		cmocka_unit_test(without_its_token),
		cmocka_unit_test_teardown(with_a_wrong_token, world_end),
		cmocka_unit_test_teardown(events, world_end),
		cmocka_unit_test_teardown(a_stream_that_is_cut, world_end),
		cmocka_unit_test_teardown(a_list_that_an_event_overtakes, world_end),
		cmocka_unit_test_teardown(no_stream_there, world_end),
		cmocka_unit_test_teardown(orders, world_end),
		cmocka_unit_test(ill_answers),
		cmocka_unit_test_teardown(one_that_hangs, world_end),
		cmocka_unit_test_teardown(its_section_goes, world_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
