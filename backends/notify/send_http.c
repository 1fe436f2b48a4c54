/* send_http.c: ntfy and webhooks, by HTTP from this machine.
 *
 * A url may be a secret: whoever knows that of a Discord or Slack webhook can write there. So no
 * sentence here has more of it than the name of the host. The other side may quote the path, so
 * http_hide_path hides the path in what the other side said.
 *
 * Sources:
 *   ntfy      docs.ntfy.sh/publish, "Publish as JSON".
 *   Discord   discord.com/developers/docs/resources/webhook, "Execute Webhook"; limits and
 *             retry_after: /docs/topics/rate-limits.
 *   Slack     api.slack.com/messaging/webhooks.
 *   Telegram  core.telegram.org/bots/api, sendMessage and ResponseParameters.
 *   waits     Retry-After: RFC 9110 section 10.2.3. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"
#include "backends/link/api.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/token.h"
#include "backends/notify/senders.h"

#define ANSWER_MAX (64u << 10)
#define SAID_SHOWN 120
#define HOST_MAX 256
#define TOKEN_MAX 4096
#define WAIT_MOST_MS (24 * INT64_C(3600000))

/* What differs between the services. */
struct http_format {
	const char *product; /* in sentences */
	const char *url;     /* when the section has none; NULL: it must have one */
	bool topic;          /* the last part of the path is not asked for, but put into the body */
	bool token_in_url;   /* the token is a part of the url and never a header */
	bool gone_is_final;  /* 404 and 410: it was deleted for good */
	/* The body, JSON; topic: see above. The caller frees. */
	char *(*body)(const struct notify_config *, const struct message *, const char *topic);
};

struct http_job {
	struct channel *channel;
	const struct message *message;
	struct token_ask *asking;
	struct origin *origin;
	struct call *call;
	struct secret *path; /* as sent, with the token; NULL: nothing was sent */
	char host[HOST_MAX];
	struct sent sent;
};

/* --- bodies -------------------------------------------------------------- */

static char *http_print(cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o), *copy = xstrdup(text);
	cJSON_free(text);
	cJSON_Delete(o);
	return copy;
}

static bool http_is_over(const struct message *m)
{
	return message_is(m, MESSAGE_RESOLVED);
}

/* docs.ntfy.sh/publish, "Publish as JSON": priority 1 to 5, 3 is the usual one. */
static char *ntfy_body(const struct notify_config *c, const struct message *m, const char *topic)
{
	static const int priorities[HEALTHS] = {
		[HEALTH_UNKNOWN] = 3, [HEALTH_GOOD] = 3,      [HEALTH_IDLE] = 3,
		[HEALTH_BUSY] = 3,    [HEALTH_ATTENTION] = 3, [HEALTH_BAD] = 4,
		[HEALTH_ASKS] = 4,
	};
	static const char *const tags[HEALTHS] = {
		[HEALTH_ATTENTION] = "warning",
		[HEALTH_BAD] = "rotating_light",
		[HEALTH_ASKS] = "question",
	};
	enum health health = message_health(m);
	const char *tag = http_is_over(m) ? "white_check_mark" : tags[health];
	cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "tags");
	char *text = message_text(m);
	cJSON_AddStringToObject(o, "topic", topic);
	if (c->click)
		cJSON_AddStringToObject(o, "click", c->click);
	cJSON_AddStringToObject(o, "title", m->word[WORD_TITLE]);
	cJSON_AddStringToObject(o, "message", text);
	cJSON_AddNumberToObject(o, "priority", http_is_over(m) ? 2 : priorities[health]);
	if (tag)
		cJSON_AddItemToArray(list, cJSON_CreateString(tag));
	free(text);
	return http_print(o);
}

/* Execute Webhook of Discord's developer documentation. allowed_mentions without a word in parse: a
 * text with @everyone calls nobody. */
static char *discord_body(const struct notify_config *c, const struct message *m, const char *topic)
{
	static const int colours[HEALTHS] = {
		[HEALTH_ATTENTION] = 0xf1c40f,
		[HEALTH_BAD] = 0xe74c3c,
		[HEALTH_ASKS] = 0x3498db,
	};
	cJSON *o = cJSON_CreateObject();
	cJSON *embed = cJSON_CreateObject();
	cJSON *mentions = cJSON_AddObjectToObject(o, "allowed_mentions");
	char *text = message_text(m), stamp[32];
	time_t at = (time_t)(m->made_ms / 1000);
	struct tm tm;
	(void)c;
	(void)topic;
	gmtime_r(&at, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	cJSON_AddItemToObject(mentions, "parse", cJSON_CreateArray());
	cJSON_AddItemToArray(cJSON_AddArrayToObject(o, "embeds"), embed);
	cJSON_AddStringToObject(embed, "title", m->word[WORD_TITLE]);
	cJSON_AddStringToObject(embed, "description", text);
	cJSON_AddNumberToObject(embed, "color",
	                        http_is_over(m) ? 0x2ecc71 : colours[message_health(m)]);
	cJSON_AddStringToObject(embed, "timestamp", stamp);
	free(text);
	return http_print(o);
}

/* Slack reads <!channel> as a call to all: "&", "<" and ">" must be entities ("Formatting
 * text for app surfaces" of its documentation). */
static char *slack_body(const struct notify_config *c, const struct message *m, const char *topic)
{
	cJSON *o = cJSON_CreateObject();
	char *text = message_text(m), *all = xasprintf("%s\n%s", m->word[WORD_TITLE], text);
	char *clean = message_escape(all);
	(void)c;
	(void)topic;
	cJSON_AddStringToObject(o, "text", clean);
	cJSON_AddBoolToObject(o, "mrkdwn", false);
	free(clean);
	free(all);
	free(text);
	return http_print(o);
}

/* core.telegram.org/bots/api#sendmessage, without parse_mode: plain text. */
static char *telegram_body(const struct notify_config *c, const struct message *m,
                           const char *topic)
{
	cJSON *o = cJSON_CreateObject();
	char *text = message_text(m), *all = xasprintf("%s\n%s", m->word[WORD_TITLE], text);
	(void)topic;
	cJSON_AddStringToObject(o, "chat_id", c->to ? c->to : "");
	cJSON_AddStringToObject(o, "text", all);
	cJSON_AddBoolToObject(o, "disable_web_page_preview", true);
	free(all);
	free(text);
	return http_print(o);
}

/* Appends text as the inside of a JSON string. */
static void http_add_escaped(struct buf *out, const char *text)
{
	char *quoted = http_print(cJSON_CreateString(text));
	size_t n = strlen(quoted);
	if (n >= 2)
		buf_add(out, quoted + 1, n - 2);
	free(quoted);
}

/* Returns the word that "{title}" at this place means, and its length with the brackets. -1: no
 * word. */
static int http_word_at(const char *at, size_t *len)
{
	for (int i = 0; i < WORDS; i++) {
		size_t n = strlen(message_words[i]);
		if (strncmp(at + 1, message_words[i], n) == 0 && at[n + 1] == '}') {
			*len = n + 2;
			return i;
		}
	}
	return -1;
}

static char *template_fill(const char *template, const struct message *m)
{
	struct buf out = { 0 };
	char *text = message_text(m);
	while (*template) {
		size_t n = 1;
		int word = *template == '{' ? http_word_at(template, &n) : -1;
		if (word == WORD_TEXT)
			http_add_escaped(&out, text);
		else if (word >= 0)
			http_add_escaped(&out, m->word[word]);
		else
			buf_add(&out, template, 1);
		template += n;
	}
	free(text);
	return buf_take(&out);
}

static char *webhook_body(const struct notify_config *c, const struct message *m, const char *topic)
{
	(void)topic;
	if (c->body)
		return template_fill(c->body, m);
	cJSON *o = cJSON_CreateObject();
	char *text = message_text(m);
	for (size_t i = 0; i < WORDS; i++)
		cJSON_AddStringToObject(o, message_words[i], i == WORD_TEXT ? text : m->word[i]);
	free(text);
	return http_print(o);
}

/* --- the url ------------------------------------------------------------- */

/* Splits http[s]://HOST[:PORT]/PATH into where to connect to and the path with its query. False: it
 * is not such a url. */
static bool http_split(const char *url, struct endpoint *endpoint, char *host, size_t size,
                       const char **path)
{
	const char *from = strstr(url, "://"), *prefix;
	size_t len;
	if (!from)
		return false;
	*path = from + 3 + strcspn(from + 3, "/?#");
	char *base = xstrndup(url, (size_t)(*path - url));
	bool good = api_url_endpoint(base, endpoint, host, size, &prefix, &len);
	free(base);
	for (const char *s = *path; *s; s++)
		good &= isgraph((unsigned char)*s) && *s != '#';
	return good && (!**path || **path == '/');
}

static const char *http_url(const struct notify_config *c, const struct http_format *f)
{
	return c->url ? c->url : f->url;
}

static bool http_has_token(const struct notify_config *c)
{
	return c->token_command || c->token_file;
}

/* Removes the topic from the end of the path. NULL: no topic. The caller frees; *path_len gets
 * shorter. */
static char *http_topic(const char *path, size_t *path_len)
{
	const char *slash = strrchr(path, '/');
	if (!slash || !slash[1] || strpbrk(slash, "?&"))
		return NULL;
	*path_len = (size_t)(slash + 1 - path);
	return xstrdup(slash + 1);
}

char *http_config_complaint(const struct notify_config *c, const struct http_format *f)
{
	struct endpoint endpoint;
	char host[HOST_MAX], *topic;
	const char *url = http_url(c, f), *path;
	size_t len;
	if (!url)
		return xstrdup("url is missing");
	if (!http_split(url, &endpoint, host, sizeof(host), &path))
		return xasprintf("url: expected http://HOST:PORT/PATH or https://HOST/PATH");
	if (f->topic) {
		topic = http_topic(path, &len);
		bool good = topic && strlen(topic) <= 64;
		free(topic);
		if (!good)
			return xstrdup("url: expected the topic at its end: https://ntfy.sh/TOPIC");
	}
	if (strstr(path, "{token}") && !http_has_token(c))
		return xstrdup("url has {token}, and there is no token_command or token_file");
	if (f->token_in_url && http_has_token(c) && !strstr(path, "{token}"))
		return xstrdup("there is a token, and url has no {token} for it");
	if (!c->body)
		return NULL;
	struct notify_need need = { .id = "", .server = "", .kind = "", .name = "" };
	struct message *test = message_create(MESSAGE_TEST, &need, 1, 0);
	char *filled = template_fill(c->body, test);
	cJSON *json = json_whole(filled, strlen(filled));
	bool good = json != NULL;
	cJSON_Delete(json);
	free(filled);
	message_free(test);
	return good ? NULL : xstrdup("body is not JSON; {title} and the others stand inside \"\"");
}

/* --- what was answered --------------------------------------------------- */

/* The wait that the other side asks for, in a header or in the body. */
static int64_t http_asked_wait(struct http_job *j, const struct reply *r)
{
	/* Seconds with a fraction, in the JSON of Discord (retry_after) and Telegram
	 * (parameters.retry_after). */
	cJSON *o = json_parse(r->body, r->len);
	const cJSON *s = cJSON_GetObjectItem(o, "retry_after");
	if (!s)
		s = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "parameters"), "retry_after");
	double seconds = cJSON_IsNumber(s) ? s->valuedouble : 0;
	cJSON_Delete(o);
	int64_t ms = api_retry_after(call_header(j->call, "Retry-After"), now_wall_ms());
	int64_t body_ms = seconds > 0 && seconds < 1e6 ? (int64_t)ceil(seconds * 1000) : 0;
	if (body_ms > ms)
		ms = body_ms;
	return ms < WAIT_MOST_MS ? ms : WAIT_MOST_MS;
}

/* Discord: no message is left in this window, and when the next one begins. */
static int64_t http_window_wait(struct http_job *j)
{
	const char *left = call_header(j->call, "X-RateLimit-Remaining");
	const char *after = call_header(j->call, "X-RateLimit-Reset-After");
	if (!left || !after || strcmp(left, "0") != 0)
		return 0;
	int64_t ms = api_retry_after(after, now_wall_ms());
	return ms > 0 && ms < WAIT_MOST_MS ? ms : 0;
}

static void http_hide_path(const struct http_job *j, char *text)
{
	if (j->path)
		mask_url_path(text, strlen(text), j->path->text);
}

/* The words of http.c may have the path, and so the token. */
static void http_say_no_answer(struct http_job *j, const struct reply *r)
{
	static const struct {
		enum err_code code;
		const char *words;
	} table[] = {
		{ ERR_GARBLED, "does not answer in HTTP" },
		{ ERR_TOO_BIG, "answered with more than 64 KB" },
	};
	struct sent *s = &j->sent;
	if (r->err.code == ERR_TIMEOUT) {
		err_set(&s->err, ERR_TIMEOUT, "%s did not answer within %d s", j->host,
		        j->channel->config->timeout);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].code == r->err.code) {
			err_set(&s->err, r->err.code, "%s %s", j->host, table[i].words);
			return;
		}
	if (strstr(r->err.text, "POST "))
		err_set(&s->err, r->err.code, "the connection to %s was cut off", j->host);
	else
		s->err = r->err;
	http_hide_path(j, s->err.text);
	mask_sentence(s->err.text, sizeof(s->err.text));
}

/* Most refusals end when somebody mends the other side: a proxy that starts says 404, a token that
 * is changed 401. For a webhook that was deleted Discord asks not to try again: many such calls
 * lock the address out. */
static enum sent_how http_refused(const struct http_format *f, int status)
{
	bool gone = status == 404 || status == 410;
	/* about the body: too long, a sign that the other side does not take */
	if (status == 400 || status == 413 || status == 422)
		return SENT_NEVER;
	if (gone && f->gone_is_final)
		return SENT_STOP;
	if (status / 100 == 3 || (status / 100 == 4 && status != 408 && status != 429))
		return SENT_SELDOM;
	return SENT_AGAIN;
}

static void http_say_refusal(struct http_job *j, const struct reply *r)
{
	struct sent *s = &j->sent;
	char words[SAID_SHOWN], wait[HUMAN_SIZE] = "";
	if (s->wait_ms)
		human_span(wait, s->wait_ms);
	/* The words of a refusal, without the path and without what looks secret. The path is
	 * hidden before the words are cut to their size: half of it could be left otherwise. It is
	 * hidden again after the escapes of JSON are gone. */
	size_t size = sizeof(words);
	char *body = xstrndup(r->body, r->len);
	http_hide_path(j, body);
	secret_hide(body, strlen(body));
	api_words(words, size, body, strlen(body));
	http_hide_path(j, words);
	mask_sentence(words, size);
	free(body);
	const char *product = j->channel->sender->format->product;
	if (r->status == 401 || r->status == 403)
		err_set(&s->err, ERR_DENIED, "%s at %s refuses the token (%d: %s)", product,
		        j->host, r->status, words);
	else if (r->status == 404 || r->status == 410)
		err_set(&s->err, ERR_ABSENT,
		        "%s at %s does not know this address (%d: %s): url is wrong, or what it "
		        "names was deleted",
		        product, j->host, r->status, words);
	else if (r->status == 429)
		err_set(&s->err, ERR_REFUSED, "%s at %s accepts no more messages for now (429)%s%s",
		        product, j->host, s->wait_ms ? "; it asks to wait " : "", wait);
	else if (r->status / 100 == 3)
		err_set(&s->err, ERR_GARBLED,
		        "%s sends elsewhere (%d); url must name where it really is", j->host,
		        r->status);
	else
		err_set(&s->err, ERR_REFUSED, "%s at %s refuses the message (%d: %s)", product,
		        j->host, r->status, words);
}

static void http_judge(struct http_job *j, const struct reply *r)
{
	struct sent *s = &j->sent;
	s->how = SENT_AGAIN;
	/* it may have arrived all the same */
	if (r->status)
		s->unsure = r->status == 502 || r->status == 504;
	else
		s->unsure = r->err.code == ERR_TIMEOUT || r->err.code == ERR_TOO_BIG ||
		            r->err.code == ERR_GARBLED || strstr(r->err.text, "POST ");
	if (!r->status || r->err.code) {
		http_say_no_answer(j, r);
	} else if (r->status / 100 == 2 &&
	           !(r->body[strspn(r->body, " \t\r\n\xef\xbb\xbf")] == '<')) {
		s->how = SENT_WELL;
		s->unsure = false;
		s->wait_ms = http_window_wait(j);
	} else if (r->status / 100 == 2) {
		err_set(&s->err, ERR_GARBLED,
		        "%s answers with a web page: a login page or a proxy is in front of it, or "
		        "url "
		        "leads elsewhere",
		        j->host);
	} else {
		s->how = http_refused(j->channel->sender->format, r->status);
		s->wait_ms = http_asked_wait(j, r);
		s->wait_ms = s->wait_ms > 0 ? s->wait_ms : 0;
		http_say_refusal(j, r);
	}
}

/* --- sending ------------------------------------------------------------- */

static void http_job_end(void *arg)
{
	struct http_job *j = arg;
	struct channel *c = j->channel;
	struct sent sent = j->sent;
	origin_destroy(j->origin);
	secret_destroy(j->path);
	c->job = NULL;
	free(j);
	channel_sent(c, &sent);
}

static void http_end_later(struct http_job *j)
{
	loop_defer(j->channel->notify->loop, http_job_end, j);
}

static void http_fail(struct http_job *j, enum sent_how how, const struct err *err)
{
	j->sent.how = how;
	j->sent.err = *err;
	http_end_later(j);
}

/* The next message asks for it again: it may have changed. */
static void http_forget_token(struct channel *c)
{
	secret_destroy(c->token);
	c->token = NULL;
}

static void http_on_done(struct call *call, const struct reply *r, void *arg)
{
	struct http_job *j = arg;
	(void)call;
	http_judge(j, r);
	/* with a token in its address, a wrong one may be an address that is not there */
	if (r->status == 401 || r->status == 403 || r->status == 404)
		http_forget_token(j->channel);
	j->call = NULL;
	http_end_later(j); /* inside its own callback the origin must stay */
}

static void http_start(struct http_job *j)
{
	struct channel *c = j->channel;
	const struct http_format *f = c->sender->format;
	struct endpoint endpoint;
	struct err err;
	const char *url = http_url(c->config, f), *path, *token = c->token ? c->token->text : NULL;
	char *complaint = http_config_complaint(c->config, f);
	if (complaint) {
		err_set(&err, ERR_USAGE, "%s", complaint);
		free(complaint);
		http_fail(j, SENT_STOP, &err);
		return;
	}
	http_split(url, &endpoint, j->host, sizeof(j->host), &path);
	static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				  ":_/.~=-";
	bool in_url = strstr(path, "{token}") != NULL;
	if (in_url && token && token[strspn(token, fit)]) {
		err_set(&err, ERR_USAGE, "the token has signs that cannot stand in url");
		http_forget_token(c);
		http_fail(j, SENT_SELDOM, &err);
		return;
	}
	size_t len = strlen(path);
	char *topic = f->topic ? http_topic(path, &len) : NULL;
	char *plain = xasprintf("%.*s", (int)len, *path ? path : "/");
	if (!*plain)
		xreplace(&plain, "/");
	const char *place = token ? strstr(plain, "{token}") : NULL;
	char *full = place ? xasprintf("%.*s%s%s", (int)(place - plain), plain, token,
	                               place + strlen("{token}"))
	                   : xstrdup(plain);
	char *body = f->body(c->config, j->message, topic);
	char *auth = token && !in_url ? xasprintf("Authorization: Bearer %s", token) : NULL;
	const char *headers[] = { "Accept: application/json", auth, NULL };
	j->path = secret_create(full, strlen(full));
	j->origin = origin_create(store_http(c->notify->store), c->notify->link, &endpoint, 1);
	struct call_spec spec = { .method = "POST",
		                  .path = full,
		                  .headers = headers,
		                  .body = body,
		                  .body_len = strlen(body),
		                  .once = true,
		                  .alone = true, /* no connection stays open between messages */
		                  .max = ANSWER_MAX,
		                  .timeout_ms = 1000 * (int64_t)c->config->timeout,
		                  .done = http_on_done,
		                  .arg = j };
	j->call = call_start(j->origin, &spec);
	if (auth)
		wipe(auth, strlen(auth));
	wipe(full, strlen(full));
	free(auth);
	free(full);
	free(plain);
	free(topic);
	free(body);
}

static void http_on_token(struct secret *token, const struct err *err, void *arg)
{
	struct http_job *j = arg;
	j->asking = NULL;
	j->channel->token = token;
	if (token)
		http_start(j);
	else
		http_fail(j, SENT_AGAIN, err);
}

/* A file that others can read is no place for a token. */
static bool http_read_token(struct channel *c, struct err *err)
{
	const char *path = c->config->token_file;
	char line[TOKEN_MAX] = "";
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, "token_file %s cannot be read: %s", path,
		               strerror(errno));
	bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	bool open_to_others = regular && (st.st_mode & 077);
	ssize_t n = regular && !open_to_others ? read(fd, line, sizeof(line) - 1) : 0;
	close(fd);
	if (open_to_others)
		return err_set(err, ERR_DENIED,
		               "token_file %s can be read by other users; `chmod 600 %s`, and make "
		               "a new token",
		               path, path);
	size_t len = n > 0 ? strcspn(line, "\r\n") : 0;
	if (len) {
		c->token = secret_create(line, len);
		secret_know(line, len);
	}
	wipe(line, sizeof(line));
	return len || err_set(err, ERR_ABSENT, "token_file %s has nothing in its first line", path);
}

static void http_send(struct channel *c, const struct message *m)
{
	struct http_job *j = xcalloc(1, sizeof(*j));
	struct err err;
	*j = (struct http_job){ .channel = c, .message = m };
	c->job = j;
	if (c->config->token_command && !c->token)
		j->asking = token_ask(c->notify->loop, "token_command", c->config->token_command,
		                      http_on_token, j);
	else if (c->config->token_file && !c->token && !http_read_token(c, &err))
		http_fail(j, SENT_AGAIN, &err);
	else
		http_start(j);
}

static void http_cancel(struct channel *c)
{
	struct http_job *j = c->job;
	c->job = NULL;
	if (!j)
		return;
	loop_defer_cancel(c->notify->loop, http_job_end, j);
	token_cancel(j->asking);
	call_cancel(j->call);
	origin_destroy(j->origin);
	secret_destroy(j->path);
	free(j);
}

/* --- the services -------------------------------------------------------- */

#define SENDER(word, needs, ...)                                          \
	static const struct http_format word##_format = { __VA_ARGS__,    \
		                                          .body = word##_body }; \
	const struct sender sender_##word = {                             \
		.type = #word,                                            \
		.key = needs,                                            \
		.send = http_send,                                        \
		.cancel = http_cancel,                                    \
		.format = &word##_format,                                 \
	}

SENDER(ntfy, "url", .product = "ntfy", .topic = true);
SENDER(discord, "url", .product = "Discord", .token_in_url = true, .gone_is_final = true);
SENDER(slack, "url", .product = "Slack", .token_in_url = true);
SENDER(telegram, "to", .product = "Telegram", .token_in_url = true,
       .url = "https://api.telegram.org/bot{token}/sendMessage");
SENDER(webhook, "url", .product = "the webhook");
