#include "backends/systems/redis_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"

#define REDIS_LINE_MAX 1024 /* bytes of a line that is no bulk of data */

/* --- the exchange ---------------------------------------------------------- */

struct redis_state {
	bool logs_in, logged_in;
	struct buf info;
	char refused[160]; /* the error to INFO, washed */
};

static void redis_word(struct buf *out, const char *word)
{
	buf_addf(out, "$%zu\r\n%s\r\n", strlen(word), word);
}

static void redis_begin(void *state, const struct wire_login *login, struct buf *out)
{
	struct redis_state *r = state;
	r->logs_in = login->password != NULL;
	if (r->logs_in) {
		buf_puts(out, *login->user ? "*3\r\n" : "*2\r\n");
		redis_word(out, "AUTH");
		if (*login->user)
			redis_word(out, login->user);
		redis_word(out, login->password);
	}
	buf_puts(out, "*1\r\n");
	redis_word(out, "INFO");
}

static bool redis_begins(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);
	return len >= n && !memcmp(line, word, n);
}

/* The answer to AUTH. A Redis without a password refuses one, and that is fine. */
static enum wire_next redis_take_auth(struct redis_state *r, const char *line, size_t len,
                                      struct err *err)
{
	r->logged_in = true;
	if (redis_begins(line, len, "+OK"))
		return WIRE_MORE;
	if (redis_begins(line, len, "-ERR") && memmem(line, len, "without any password", 20))
		return WIRE_MORE;
	if (redis_begins(line, len, "-WRONGPASS") || redis_begins(line, len, "-ERR")) {
		err_set(err, ERR_DENIED, "it refuses the password of password_command: %.*s",
		        (int)(len < 120 ? len - 1 : 120), line + 1);
		return WIRE_REFUSED;
	}
	err_set(err, ERR_GARBLED, "what answers is not Redis: %.*s", (int)(len < 80 ? len : 80),
	        line);
	return WIRE_FAILED;
}

/* The head of the answer to INFO: $LENGTH, or an error. */
static enum wire_next redis_take_info(struct redis_state *r, const char *bytes, size_t len,
                                      size_t line, struct err *err)
{
	if (redis_begins(bytes, line, "-DENIED")) {
		err_set(err, ERR_DENIED, "it is in protected mode and refuses this address");
		return WIRE_FAILED;
	}
	if (*bytes == '-') {
		wash(r->refused, sizeof(r->refused), bytes + 1, line - 1);
		return WIRE_DONE;
	}
	char digits[12]; /* the bytes have no end of their own */
	snprintf(digits, sizeof(digits), "%.*s", (int)(line < 11 ? line - 1 : 11), bytes + 1);
	int64_t size = *bytes == '$' ? number_read(digits, 0, 1 << 20, -1) : -1;
	if (size < 0) {
		err_set(err, ERR_GARBLED, "what answers is not Redis: %.*s",
		        (int)(line < 80 ? line : 80), bytes);
		return WIRE_FAILED;
	}
	if (len - line - 2 < (size_t)size)
		return WIRE_MORE;
	buf_add(&r->info, bytes + line + 2, (size_t)size);
	return WIRE_DONE;
}

/* Finds the end of the first line. WIRE_DONE: *line is its length. */
static enum wire_next redis_find_line(const char *bytes, size_t len, size_t *line, struct err *err)
{
	const char *end = memmem(bytes, len, "\r\n", 2);
	*line = end ? (size_t)(end - bytes) : len;
	if (!len)
		return WIRE_MORE;
	if (memchr("+-$:*", *bytes, 5) && *line <= REDIS_LINE_MAX)
		return end ? WIRE_DONE : WIRE_MORE;
	err_set(err, ERR_GARBLED, "what answers is not Redis: %.*s",
	        (int)(*line < 80 ? *line : 80), bytes);
	return WIRE_FAILED;
}

static enum wire_next redis_heard(void *state, const struct wire_login *login, const char *bytes,
                                  size_t len, size_t *used, struct buf *out, struct err *err)
{
	struct redis_state *r = state;
	size_t line;
	enum wire_next next = redis_find_line(bytes, len, &line, err);
	if (next == WIRE_DONE && r->logs_in && !r->logged_in) {
		next = redis_take_auth(r, bytes, line, err);
		if (next != WIRE_MORE)
			return next;
		*used = line + 2;
		bytes += *used;
		len -= *used;
		next = redis_find_line(bytes, len, &line, err);
	}
	return next == WIRE_DONE ? redis_take_info(r, bytes, len, line, err) : next;
}

/* INFO also names files and the host. Only these go on. */
static const char *const redis_kept[] = { "redis_version",
	                                  "valkey_version",
	                                  "connected_clients",
	                                  "blocked_clients",
	                                  "maxclients",
	                                  "used_memory",
	                                  "maxmemory",
	                                  "loading",
	                                  "rdb_last_bgsave_status",
	                                  "aof_last_write_status",
	                                  "rejected_connections",
	                                  "evicted_keys",
	                                  "role",
	                                  "master_host",
	                                  "master_port",
	                                  "master_link_status",
	                                  "connected_slaves",
	                                  NULL };

static bool redis_keeps(const char *line, size_t name)
{
	size_t db = name > 2 && !memcmp(line, "db", 2) ? strspn(line + 2, "0123456789") : 0;
	if (db && db + 2 == name)
		return true;
	for (const char *const *k = redis_kept; *k; k++)
		if (strlen(*k) == name && !memcmp(line, *k, name))
			return true;
	return false;
}

static void redis_report(const void *state, double ms, struct buf *out)
{
	const struct redis_state *r = state;
	buf_addf(out, "mocr_ms:%.3f\n", ms);
	if (*r->refused)
		buf_addf(out, "mocr_refused:%s\n", r->refused);
	const char *at = r->info.data, *end = at ? at + r->info.len : NULL;
	while (at && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);
		const char *colon = memchr(at, ':', n);
		size_t value = n - (n && at[n - 1] == '\r');
		if (colon && redis_keeps(at, (size_t)(colon - at)))
			buf_addf(out, "%.*s\n", (int)value, at);
		at += n + (stop != NULL);
	}
}

static void redis_finish(void *state)
{
	buf_finish(&((struct redis_state *)state)->info);
}

const struct wire_talk redis_talk = {
	.scheme = "redis",
	.size = sizeof(struct redis_state),
	.begin = redis_begin,
	.heard = redis_heard,
	.report = redis_report,
	.finish = redis_finish,
};

/* --- what it learned -------------------------------------------------------- */

/* The value of a line, washed; "" none. */
static char *redis_value(const char *text, const char *name, char *buf, size_t size)
{
	size_t n = strlen(name);
	*buf = '\0';
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		if (len > n && !memcmp(line, name, n) && line[n] == ':') {
			wash(buf, size, line + n + 1, len - n - 1);
			return buf;
		}
		line += len + (line[len] == '\n');
	}
	return buf;
}

static int64_t redis_number(const char *text, const char *name)
{
	char value[40];
	redis_value(text, name, value, sizeof(value));
	return *value ? number_read(value, 0, NUMBER_EXACT, -1) : -1;
}

static bool redis_is(const char *text, const char *name, const char *word)
{
	char value[40];
	return !strcmp(redis_value(text, name, value, sizeof(value)), word);
}

bool redis_parse(const char *bytes, size_t len, struct redis_facts *f, struct err *err)
{
	char *text = xstrndup(bytes, len), ms[24];
	*f = (struct redis_facts){ .ms = -1 };
	char version[32];
	if (*redis_value(text, "valkey_version", version, sizeof(version)))
		snprintf(f->version, sizeof(f->version), "valkey %s", version);
	else
		redis_value(text, "redis_version", f->version, sizeof(f->version));
	char host[80], port[8];
	redis_value(text, "role", f->role, sizeof(f->role));
	f->replicas = redis_number(text, "connected_slaves");
	redis_value(text, "master_host", host, sizeof(host));
	redis_value(text, "master_port", port, sizeof(port));
	if (*host)
		snprintf(f->primary, sizeof(f->primary), "%s:%s", host, port);
	f->primary_down = redis_is(text, "master_link_status", "down");
	redis_value(text, "mocr_refused", f->refused, sizeof(f->refused));
	if (*redis_value(text, "mocr_ms", ms, sizeof(ms)))
		f->ms = strtod(ms, NULL);
	f->memory = redis_number(text, "used_memory");
	f->memory_max = redis_number(text, "maxmemory");
	f->clients = redis_number(text, "connected_clients");
	f->clients_max = redis_number(text, "maxclients");
	f->blocked = redis_number(text, "blocked_clients");
	f->evicted = redis_number(text, "evicted_keys");
	f->rejected = redis_number(text, "rejected_connections");
	f->loading = redis_is(text, "loading", "1");
	f->save_failed = redis_is(text, "rdb_last_bgsave_status", "err");
	f->append_failed = redis_is(text, "aof_last_write_status", "err");
	/* db0:keys=12,expires=0,avg_ttl=0 */
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		const char *keys = memmem(line, n, ":keys=", 6);
		if (keys && !memcmp(line, "db", 2))
			f->keys += number_read(keys + 6, 0, INT32_MAX, 0);
		line += n + (line[n] == '\n');
	}
	free(text);
	if (*f->version || *f->refused)
		return true;
	return err_set(err, ERR_GARBLED, "what answers gives no version, so it is not Redis");
}
