/* act_hs.c: actions on Headscale's nodes, keys and DNS records, by its program or by REST, in the
 * form that its release expects.
 *
 * Source: Headscale's REST API (/swagger up to 0.29, /api/v1/openapi.yaml from 0.30) and its CLI,
 * tags v0.23.0 to v0.29.2.
 *
 * A new key is shown to the user who asked and then wiped. It never reaches the order's output, the
 * activity log or a recording. Refusals show Headscale's own words. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/link/loop.h"
#include "backends/servers/sudo.h"
#include "backends/store/settings.h"
#include "backends/vpn/acts.h"
#include "backends/vpn/headscale.h"

#define RUN_MS 30000
#define OUTPUT_MAX (4u << 20)
#define ARGS_MAX 24
#define RELEASE_UNKNOWN 26 /* assumed for an unknown release */

struct hs_act {
	struct order *order;
	struct hs *hs;
	struct hs_act *next;
	struct api_call *call;
	struct run *run;
	struct sudo_run *sudo;
	/* handles the answer; NULL: the order is done */
	void (*then)(struct hs_act *, const char *out, size_t len);
	char node[24];
	size_t user;   /* index of the user with the keys being fetched */
	char word[64]; /* from the argument */
	size_t seen;
};

static int hs_act_release(const struct hs *h)
{
	return h->release ? h->release : RELEASE_UNKNOWN;
}

/* --- running orders ------------------------------------------------------- */

static struct hs_act *hs_act_new(struct order *order, struct hs *h)
{
	struct hs_act *a = xcalloc(1, sizeof(*a));
	*a = (struct hs_act){ .order = order, .hs = h, .next = h->acts };
	h->acts = a;
	order->run = a;
	return a;
}

static void hs_act_end(struct hs_act *a, const struct err *err, const char *output)
{
	struct order *order = a->order;
	struct hs *h = a->hs;
	for (struct hs_act **at = &h->acts; *at; at = &(*at)->next)
		if (*at == a) {
			*at = a->next;
			break;
		}
	api_cancel(a->call);
	run_cancel(a->run);
	sudo_run_cancel(a->sudo);
	free(a);
	hs_poll_now(&h->source);
	order_end(order, err, output);
}

static void hs_act_fail(struct hs_act *a, enum err_code code, const char *text)
{
	struct err err;
	err_set(&err, code, "%s", text);
	hs_act_end(a, &err, NULL);
}

void hs_acts_end(struct source *source)
{
	struct hs *h = hs_of(source);
	while (h->acts)
		hs_act_fail(h->acts, ERR_LOST,
		            "the link was lost while it ran; whether it finished is not known");
}

static void hs_act_answered(struct hs_act *a, const char *out, size_t len)
{
	if (a->then)
		a->then(a, out, len);
	else
		hs_act_end(a, NULL, "");
}

static void hs_act_on_run(const struct run_result *r, void *arg)
{
	struct hs_act *a = arg;
	struct err err = r->end.err;
	a->run = NULL;
	a->sudo = NULL;
	/* only after a failure: what an action prints may be a new key */
	if (!err.code && r->end.exit_code != 0) {
		char said[200];
		if (r->err_len)
			hs_message(said, sizeof(said), r->err_out, r->err_len);
		else
			hs_message(said, sizeof(said), r->out, r->out_len);
		err_set(&err, ERR_REFUSED, "Headscale on %s: %s", a->hs->source.server->name, said);
	}
	if (err.code)
		hs_act_end(a, &err, NULL);
	else
		hs_act_answered(a, r->out, r->out_len);
}

static void hs_act_on_call(const struct api_answer *r, void *arg)
{
	struct hs_act *a = arg;
	a->call = NULL;
	if (r->err.code)
		hs_act_end(a, &r->err, NULL);
	else
		hs_act_answered(a, r->body, r->len);
}

static void hs_act_by_program(struct hs_act *a, const char *const *words)
{
	assert(!a->run && !a->call && !a->sudo);
	char *command = hs_command(a->hs, words);
	a->run = link_run(source_link(&a->hs->source), command, NULL, 0, OUTPUT_MAX, RUN_MS,
	                  hs_act_on_run, a);
	free(command);
}

static void hs_act_by_rest(struct hs_act *a, const char *method, const char *path, const char *body)
{
	if (a->hs->site.api)
		a->call = site_call(&a->hs->site, &(struct api_request){ .method = method,
		                                                         .path = path,
		                                                         .body = body,
		                                                         .timeout_ms = RUN_MS,
		                                                         .done = hs_act_on_call,
		                                                         .arg = a });
	else
		hs_act_fail(a, ERR_LOST, "Headscale was not reached yet");
}

/* --- find Headscale and the node ------------------------------------------ */

static const struct peer *hs_act_node_of(const struct row *row)
{
	return peer_in(const_peer_of(row), VPN_HEADSCALE, false);
}

bool can_node(const struct row *row)
{
	const struct peer *p = hs_act_node_of(row);
	return p && !p->control && *p->at.id;
}

/* A stale source keeps its actions: one failed look must not remove them. If Headscale is really
 * gone, the order ends with its error. */
bool can_control(const struct row *row)
{
	enum source_state state = row->source->state;
	return const_peer_of(row)->control && (state == SOURCE_LIVE || state == SOURCE_STALE);
}

/* Makes the act for the node of an order's row. NULL: the order was ended. */
static struct hs_act *hs_act_begin_node(struct order *order)
{
	struct row *row = order_row(order);
	const struct peer *p = row ? hs_act_node_of(row) : NULL;
	struct err err;
	if (!p) {
		err_set(&err, ERR_LOST, "the Headscale that has this node is not reached now");
		order_end(order, &err, NULL);
		return NULL;
	}
	struct hs_act *a = hs_act_new(order, hs_of(p->row.source));
	snprintf(a->node, sizeof(a->node), "%s", p->at.id);
	return a;
}

void node_command(const struct action *a, const struct row *row, char *buf, size_t size)
{
	const struct hs_request *request = a->data;
	const struct peer *p = hs_act_node_of(row);
	if (p)
		snprintf(buf, size, "headscale nodes %s -i %s (%s, on %s)", request->words,
		         p->at.id, p->row.name, p->row.server->name);
	else
		snprintf(buf, size, "headscale nodes %s", request->words);
}

void control_command(const struct action *a, const struct row *row, char *buf, size_t size)
{
	const struct hs_request *request = a->data;
	snprintf(buf, size, "%s (on %s)", request->words, row->server->name);
}

/* Splits an argument at blanks and commas into at most max words, stored in copy. Returns their
 * number. */
static size_t hs_act_split(char *copy, size_t size, const char *argument, const char **words,
                           size_t max)
{
	size_t n = 0;
	snprintf(copy, size, "%s", argument ? argument : "");
	for (char *w = strtok(copy, " ,\t"); w && n < max; w = strtok(NULL, " ,\t"))
		words[n++] = w;
	return n;
}

static bool hs_act_is_plain(const char *s, const char *signs)
{
	static const char alphanumeric[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t n = strspn(s, alphanumeric);
	if (!*s || !s[n])
		return *s != '\0';
	/* the other signs that no shell and no path reads in its own way */
	for (const char *c = s; *c; c++)
		if (!strchr(alphanumeric, *c) && !strchr("-_.:/@", *c))
			return false;
	return strpbrk(s, signs) != NULL;
}

static char *hs_act_json_list(const char *name, const char *const *words, size_t n)
{
	struct buf b = { 0 };
	buf_addf(&b, "{\"%s\":[", name);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s\"%s\"", i ? "," : "", words[i]);
	buf_puts(&b, "]}");
	return buf_take(&b);
}

static char *hs_act_comma_list(const char *const *words, size_t n)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s", i ? "," : "", words[i]);
	return buf_take(&b);
}

/* --- nodes --------------------------------------------------------------- */

bool can_routes(const struct row *row)
{
	const struct peer *p = hs_act_node_of(row);
	return can_node(row) && (*p->at.offered || *p->at.routes);
}

static void hs_act_node_call(struct hs_act *a, const char *method, const char *tail,
                             const char *body, const char *const *words)
{
	char *path = xasprintf("/node/%s%s", a->node, tail);
	if (hs_by_rest(a->hs))
		hs_act_by_rest(a, method, path, body);
	else
		hs_act_by_program(a, words);
	free(path);
}

void run_node(struct order *order)
{
	struct hs_act *a = hs_act_begin_node(order);
	const struct hs_request *q = order->action->data;
	if (a)
		hs_act_node_call(a, q->method, q->tail, q->body,
		                 (const char *const[]){ "nodes", q->words, "-i", a->node, "-o",
		                                        "json", q->option, NULL });
}

void run_rename(struct order *order)
{
	struct hs_act *a = hs_act_begin_node(order);
	const char *name = order->argument ? order->argument : "";
	if (!a)
		return;
	if (!*name || strlen(name) > 63 ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")]) {
		hs_act_fail(a, ERR_USAGE,
		            "a name has a-z, 0-9 and hyphens only, 63 at most, as it becomes a "
		            "DNS name");
		return;
	}
	char *tail = xasprintf("/rename/%s", name);
	hs_act_node_call(a, "POST", tail, "{}",
	                 (const char *const[]){ "nodes", "rename", "-i", a->node, name, "-o",
	                                        "json", NULL });
	free(tail);
}

void run_tags(struct order *order)
{
	const char *words[ARGS_MAX];
	char copy[512];
	struct hs_act *a = hs_act_begin_node(order);
	size_t n = hs_act_split(copy, sizeof(copy), order->argument, words, ARGS_MAX);
	if (!a)
		return;
	for (size_t i = 0; i < n; i++)
		if (strncmp(words[i], "tag:", 4) != 0 || !hs_act_is_plain(words[i], ":")) {
			hs_act_fail(a, ERR_USAGE, "a tag reads tag:NAME");
			return;
		}
	if (!n && hs_act_release(a->hs) >= 28) {
		hs_act_fail(a, ERR_USAGE,
		            "from Headscale 0.28 on a tagged node belongs to its tags: it "
		            "cannot be left without any");
		return;
	}
	char *body = hs_act_json_list("tags", words, n), *list = hs_act_comma_list(words, n);
	hs_act_node_call(a, "POST", "/tags", body,
	                 (const char *const[]){ "nodes", "tag", "-i", a->node, "-t", list, "-o",
	                                        "json", NULL });
	free(body);
	free(list);
}

/* Up to 0.25 each route is enabled or disabled by its own id, one call after another. */
static void hs_act_next_old_route(struct hs_act *a, const char *out, size_t len)
{
	const char *words[ARGS_MAX];
	char copy[512];
	size_t n = hs_act_split(copy, sizeof(copy), a->order->argument, words, ARGS_MAX);
	a->then = hs_act_next_old_route;
	for (size_t i = a->seen; i < a->hs->routes.n; i++) {
		const struct hs_route *r = &a->hs->routes.at[i];
		bool want = false;
		for (size_t k = 0; k < n; k++)
			want = want || !strcmp(words[k], r->prefix);
		if (strcmp(r->node_id, a->node) != 0 || want == r->enabled)
			continue;
		a->seen = i + 1;
		char *path = xasprintf("/routes/%s/%s", r->id, want ? "enable" : "disable");
		if (hs_by_rest(a->hs))
			hs_act_by_rest(a, "POST", path, "{}");
		else
			hs_act_by_program(a, (const char *const[]){ "routes",
			                                            want ? "enable" : "disable",
			                                            "-r", r->id, NULL });
		free(path);
		return;
	}
	hs_act_end(a, NULL,
	           a->seen ? "" : "these routes were approved before; nothing was changed");
}

void run_routes(struct order *order)
{
	const char *words[ARGS_MAX];
	char copy[512];
	struct hs_act *a = hs_act_begin_node(order);
	size_t n = hs_act_split(copy, sizeof(copy), order->argument, words, ARGS_MAX);
	if (!a)
		return;
	for (size_t i = 0; i < n; i++)
		if (!strchr(words[i], '/') ||
		    words[i][strspn(words[i], "0123456789abcdefABCDEF.:/")]) {
			hs_act_fail(a, ERR_USAGE, "a route reads 10.0.0.0/24 or 0.0.0.0/0");
			return;
		}
	if (hs_act_release(a->hs) < 26) {
		hs_act_next_old_route(a, NULL, 0);
		return;
	}
	char *body = hs_act_json_list("routes", words, n), *list = hs_act_comma_list(words, n);
	hs_act_node_call(a, "POST", "/approve_routes", body,
	                 (const char *const[]){ "nodes", "approve-routes", "-i", a->node, "-r",
	                                        list, "-o", "json", NULL });
	free(body);
	free(list);
}

void suggest_name(const struct row *row, char *buf, size_t size)
{
	const struct peer *p = hs_act_node_of(row);
	snprintf(buf, size, "%s", p ? p->at.name : "");
}

void suggest_tags(const struct row *row, char *buf, size_t size)
{
	const struct peer *p = hs_act_node_of(row);
	snprintf(buf, size, "%s", p ? p->at.tags : "");
}

void suggest_routes(const struct row *row, char *buf, size_t size)
{
	const struct peer *p = hs_act_node_of(row);
	*buf = '\0';
	if (p)
		snprintf(buf, size, "%s%s%s", p->at.routes,
		         *p->at.routes && *p->at.offered ? ", " : "", p->at.offered);
}

/* --- users --------------------------------------------------------------- */

static void hs_act_users_came(struct hs_act *a, const char *out, size_t len)
{
	struct hs_users users;
	struct err err;
	char text[240] = "";
	if (!hs_users_parse(&users, out, len, &err)) {
		hs_act_end(a, &err, NULL);
		return;
	}
	for (size_t i = 0; i < users.n; i++) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "%s%s (%s)", used ? ", " : "",
		         users.at[i].name, users.at[i].id);
	}
	free(users.at);
	hs_act_end(a, NULL, *text ? text : "Headscale has no users");
}

void run_users(struct order *order)
{
	struct hs_act *a = hs_act_new(order, hs_of(order_row(order)->source));
	a->then = hs_act_users_came;
	if (hs_by_rest(a->hs))
		hs_act_by_rest(a, "GET", "/user", NULL);
	else
		hs_act_by_program(a, (const char *const[]){ "users", "list", "-o", "json", NULL });
}

/* Finds a user by name or id. Returns the name up to 0.25, the id from 0.26; NULL: no such user. */
static const char *hs_act_user_word(const struct hs *h, const char *given)
{
	for (size_t i = 0; i < h->users.n; i++)
		if (!strcmp(h->users.at[i].name, given) || !strcmp(h->users.at[i].id, given))
			return hs_act_release(h) < 26 ? h->users.at[i].name : h->users.at[i].id;
	return NULL;
}

/* --- pre-auth keys ------------------------------------------------------- */

struct key_wish {
	const char *user, *expiration, *tags[ARGS_MAX];
	size_t n_tags;
	bool reusable, ephemeral;
};

/* Reads "24h", "90m" or "7d" as ms; 0: not a time. Headscale's program knows no days, so it gets
 * minutes. */
static int64_t hs_act_span_ms(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);
	int64_t unit;
	if (*end == 'm')
		unit = 60000;
	else if (*end == 'h')
		unit = 3600000;
	else if (*end == 'd')
		unit = 86400000;
	else
		unit = 0;
	return n > 0 && n < 100000 && unit && !end[1] ? n * unit : 0;
}

static bool hs_act_wish_read(struct key_wish *w, const struct hs *h, const char *const *words,
                             size_t n, struct err *err)
{
	*w = (struct key_wish){ .expiration = "1h" };
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(words[i], "reusable"))
			w->reusable = true;
		else if (!strcmp(words[i], "ephemeral"))
			w->ephemeral = true;
		else if (!strncmp(words[i], "tag:", 4) && hs_act_is_plain(words[i], ":"))
			w->tags[w->n_tags++] = words[i];
		else if (hs_act_span_ms(words[i]))
			w->expiration = words[i];
		else if (!w->user && (w->user = hs_act_user_word(h, words[i])))
			;
		else
			return err_set(err, ERR_USAGE,
			               "\"%s\" is not a user of this Headscale, a time like 24h, "
			               "reusable, ephemeral or tag:NAME",
			               words[i]);
	}
	if (!w->user && (hs_act_release(h) < 28 || !w->n_tags))
		return err_set(err, ERR_USAGE,
		               hs_act_release(h) < 28 ? "a key of this release needs a user; "
		                                        "\"list users\" tells them"
		                                      : "a key needs a user or a tag");
	return true;
}

static void hs_act_key_came(struct hs_act *a, const char *out, size_t len)
{
	char key[200];
	bool there = hs_new_key(key, sizeof(key), out, len);
	bool shown = there &&
	             order_show(a->order, "The new pre-auth key; it cannot be shown again", key);
	explicit_bzero(key, sizeof(key));
	if (shown)
		hs_act_end(a, NULL, "made, and shown once");
	else
		hs_act_fail(a, ERR_GARBLED,
		            there ? "made, but nobody was there to read it"
		                  : "Headscale's answer holds no key");
}

/* Headscale's JSON writes 64-bit numbers as strings. Up to 0.29 it also accepts plain numbers; 0.30
 * does not. */
static char *hs_act_key_body(const struct hs *h, const struct key_wish *w)
{
	char until[40];
	time_t at = (time_t)((now_wall_ms() + hs_act_span_ms(w->expiration)) / 1000);
	struct tm tm;
	strftime(until, sizeof(until), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	char *tags = hs_act_json_list("aclTags", w->tags, w->n_tags);
	char *user = w->user ? xasprintf("\"user\":\"%s\",", w->user) : xstrdup("");
	static const char *const words[] = { "false", "true" };
	char *body = xasprintf("{%s\"reusable\":%s,\"ephemeral\":%s,\"expiration\":\"%s\",%s", user,
	                       words[w->reusable], words[w->ephemeral], until, tags + 1);
	free(tags);
	free(user);
	return body;
}

static void hs_act_key_by_program(struct hs_act *a, const struct key_wish *w)
{
	const char *argv[ARGS_MAX];
	char hours[24];
	size_t n = 0;
	int64_t ms = hs_act_span_ms(w->expiration);
	snprintf(hours, sizeof(hours), "%lldm", (long long)(ms / 60000));
	char *tags = hs_act_comma_list(w->tags, w->n_tags);
	argv[n++] = "preauthkeys";
	argv[n++] = "create";
	if (w->user) {
		argv[n++] = "--user";
		argv[n++] = w->user;
	}
	argv[n++] = "--expiration";
	argv[n++] = hours;
	if (w->reusable)
		argv[n++] = "--reusable";
	if (w->ephemeral)
		argv[n++] = "--ephemeral";
	if (w->n_tags) {
		argv[n++] = "--tags";
		argv[n++] = tags;
	}
	argv[n++] = "-o";
	argv[n++] = "json";
	argv[n] = NULL;
	hs_act_by_program(a, argv);
	free(tags);
}

void run_key(struct order *order)
{
	const char *words[ARGS_MAX];
	char copy[512];
	struct key_wish w;
	struct err err;
	struct hs_act *a = hs_act_new(order, hs_of(order_row(order)->source));
	size_t n = hs_act_split(copy, sizeof(copy), order->argument, words, ARGS_MAX);
	if (!hs_act_wish_read(&w, a->hs, words, n, &err)) {
		hs_act_end(a, &err, NULL);
		return;
	}
	a->then = hs_act_key_came;
	if (hs_by_rest(a->hs)) {
		char *body = hs_act_key_body(a->hs, &w);
		hs_act_by_rest(a, "POST", "/preauthkey", body);
		free(body);
	} else {
		hs_act_key_by_program(a, &w);
	}
}

void suggest_key(const struct row *row, char *buf, size_t size)
{
	const struct hs *h = hs_of(row->source);
	snprintf(buf, size, "%s 24h", h->users.n ? h->users.at[0].name : "");
}

/* Fetches the keys of user a->user. From 0.28 one list holds the keys of all users. */
static void hs_act_ask_keys(struct hs_act *a)
{
	bool all = hs_act_release(a->hs) >= 28;
	const char *user = all || a->user >= a->hs->users.n
	                           ? NULL
	                           : hs_act_user_word(a->hs, a->hs->users.at[a->user].id);
	if (hs_by_rest(a->hs)) {
		char *path = user ? xasprintf("/preauthkey?user=%s", user) : xstrdup("/preauthkey");
		hs_act_by_rest(a, "GET", path, NULL);
		free(path);
	} else if (user) {
		hs_act_by_program(a, (const char *const[]){ "preauthkeys", "list", "--user", user,
		                                            "-o", "json", NULL });
	} else {
		hs_act_by_program(a, (const char *const[]){ "preauthkeys", "list", "-o", "json",
		                                            NULL });
	}
}

static bool hs_act_more_keys(struct hs_act *a)
{
	if (hs_act_release(a->hs) >= 28 || a->user + 1 >= a->hs->users.n)
		return false;
	a->user++;
	hs_act_ask_keys(a);
	return true;
}

static void hs_act_keys_came(struct hs_act *a, const char *out, size_t len)
{
	struct buf masked = { 0 };
	char text[60];
	hs_mask_keys(&masked, out, len);
	source_feed(&a->hs->source, a->user ? "keys:more" : "keys:first", masked.data, masked.len);
	buf_finish(&masked);
	if (hs_act_more_keys(a))
		return;
	snprintf(text, sizeof(text), "%zu; [d] shows them", a->hs->keys.n);
	hs_act_end(a, NULL, text);
}

void run_keys(struct order *order)
{
	struct hs_act *a = hs_act_new(order, hs_of(order_row(order)->source));
	a->then = hs_act_keys_came;
	hs_act_ask_keys(a);
}

static void hs_act_key_found(struct hs_act *a, const char *out, size_t len)
{
	char key[200], user[64];
	if (!hs_find_key(a->word, out, len, key, sizeof(key), user, sizeof(user))) {
		if (!hs_act_more_keys(a))
			hs_act_fail(a, ERR_ABSENT,
			            "there is no such key; give its number or at least 6 of "
			            "its first characters");
		return;
	}
	a->then = NULL;
	const char *who = hs_act_user_word(a->hs, user);
	if (hs_by_rest(a->hs)) {
		char *body = xasprintf("{\"user\":\"%s\",\"key\":\"%s\"}", who ? who : user, key);
		hs_act_by_rest(a, "POST", "/preauthkey/expire", body);
		explicit_bzero(body, strlen(body));
		free(body);
	} else {
		hs_act_by_program(a, (const char *const[]){ "preauthkeys", "expire", "--user",
		                                            who ? who : user, key, "-o", "json",
		                                            NULL });
	}
	explicit_bzero(key, sizeof(key));
}

void run_key_expire(struct order *order)
{
	struct hs_act *a = hs_act_new(order, hs_of(order_row(order)->source));
	const char *word = order->argument ? order->argument : "";
	snprintf(a->word, sizeof(a->word), "%.63s", word);
	bool number = *word && !word[strspn(word, "0123456789")] && strlen(word) < 12;
	if (!hs_act_is_plain(word, "-.")) {
		hs_act_fail(a, ERR_USAGE, "expected a key's number or its first characters");
	} else if (hs_act_release(a->hs) >= 28 && !number) {
		hs_act_fail(a, ERR_USAGE,
		            "from Headscale 0.28 on a key is expired by its number, which "
		            "\"list keys\" tells");
	} else if (hs_act_release(a->hs) >= 28) {
		char *body = xasprintf("{\"id\":\"%s\"}", word);
		if (hs_by_rest(a->hs))
			hs_act_by_rest(a, "POST", "/preauthkey/expire", body);
		else
			hs_act_by_program(a, (const char *const[]){ "preauthkeys", "expire", "--id",
			                                            word, "-o", "json", NULL });
		free(body);
	} else {
		a->then = hs_act_key_found;
		hs_act_ask_keys(a);
	}
}

/* --- DNS records --------------------------------------------------------- */

#define READ_RECORDS                                                                              \
	"p=; for f in /etc/headscale/config.yaml /etc/headscale/config.yml; do [ -r \"$f\" ] || " \
	"continue; "                                                                              \
	"while read -r k v; do case $k in extra_records_path:) p=$v;; esac; done <\"$f\"; done; " \
	"p=${p#\\\"}; p=${p%\\\"}; [ -n \"$p\" ] || exit 3; echo =path; echo \"$p\"; echo "       \
	"=records; cat \"$p\""
/* Makes a backup, then writes a new file and renames it over the old. Headscale watches the file,
 * so it must never be incomplete. */
#define WRITE_RECORDS                                                                     \
	"cp -p \"$1\" \"$1.before\" && cp -p \"$1\" \"$1.new\" && cat >\"$1.new\" && mv " \
	"\"$1.new\" \"$1\""

void say_dns(const struct row *row, char *buf, size_t size)
{
	const struct hs *h = hs_of(row->source);
	snprintf(buf, size, "write %s (on %s; the old one stays as .before)",
	         *h->records_path ? h->records_path : "the file of DNS records", row->server->name);
}

static void hs_act_on_records_run(const struct run_result *r, void *arg)
{
	struct hs_act *a = arg;
	a->sudo = NULL;
	if (!r->end.err.code && r->end.exit_code == 3)
		hs_act_fail(a, ERR_ABSENT,
		            a->hs->release && a->hs->release < 24
		                    ? "Headscale 0.23 reads no file of DNS records: "
		                      "dns.extra_records of its config needs a restart; 0.24 "
		                      "has extra_records_path"
		                    : "its config names no dns.extra_records_path, so there is "
		                      "no file that could be changed without a restart");
	else
		hs_act_on_run(r, a);
}

static void hs_act_as_root(struct hs_act *a, const char *const *argv, const char *input)
{
	a->sudo = sudo_run_input(a->hs->source.server->sudo, argv, input, input ? strlen(input) : 0,
	                         OUTPUT_MAX, RUN_MS, hs_act_on_records_run, a);
}

static void hs_act_read_records(struct hs_act *a)
{
	hs_act_as_root(a, (const char *const[]){ "sh", "-c", READ_RECORDS, NULL }, NULL);
}

static void hs_act_records_came(struct hs_act *a, const char *out, size_t len)
{
	char text[60];
	source_feed(&a->hs->source, "records", out, len);
	snprintf(text, sizeof(text), "%zu; [d] shows them", a->hs->records.n);
	hs_act_end(a, NULL, a->hs->has_records ? text : "its file could not be understood");
}

static void hs_act_records_written(struct hs_act *a, const char *out, size_t len)
{
	a->then = hs_act_records_came;
	hs_act_read_records(a);
}

static void hs_act_records_edit(struct hs_act *a, const char *out, size_t len)
{
	struct err err = { 0 };
	source_feed(&a->hs->source, "records", out, len);
	if (!a->hs->has_records) {
		hs_act_fail(a, ERR_GARBLED,
		            "its file could not be understood, so it is left alone");
		return;
	}
	if (!dns_records_edit(&a->hs->records, a->order->argument ? a->order->argument : "",
	                      &err)) {
		hs_act_end(a, &err, NULL);
		return;
	}
	char *text = dns_records_write(&a->hs->records);
	a->then = hs_act_records_written;
	hs_act_as_root(a,
	               (const char *const[]){ "sh", "-c", WRITE_RECORDS, "sh", a->hs->records_path,
	                                      NULL },
	               text);
	free(text);
}

void run_dns_list(struct order *order)
{
	struct hs_act *a = hs_act_new(order, hs_of(order_row(order)->source));
	a->then = hs_act_records_came;
	hs_act_read_records(a);
}

void run_dns(struct order *order)
{
	struct hs_act *a = hs_act_new(order, hs_of(order_row(order)->source));
	a->then = hs_act_records_edit;
	hs_act_read_records(a);
}

void suggest_dns(const struct row *row, char *buf, size_t size)
{
	snprintf(buf, size, "+ ");
}
