#include "backends/systems/postgres_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/scram.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"

#define POSTGRES_MESSAGE_MAX (64u << 10) /* bytes of one message */
#define POSTGRES_PROTOCOL 196608         /* 3.0 */
#define POSTGRES_USER "mocr"             /* when the address names none; it need not exist */

/* What is asked after a login: one row of words. */
static const char postgres_query[] =
	"SELECT current_setting('max_connections'),"
	" (SELECT sum(numbackends) FROM pg_stat_database),"
	" (SELECT count(*) FROM pg_stat_replication),"
	" pg_is_in_recovery(),"
	" CASE WHEN NOT pg_is_in_recovery() THEN NULL"
	" WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
	" ELSE floor(extract(epoch FROM now() - pg_last_xact_replay_timestamp())) END,"
	" pg_is_in_recovery() AND pg_last_wal_receive_lsn() IS NOT NULL"
	" AND NOT EXISTS (SELECT 1 FROM pg_stat_wal_receiver)";
#define POSTGRES_COLUMNS 6

enum postgres_auth {
	AUTH_OK = 0,
	AUTH_CLEARTEXT = 3,
	AUTH_MD5 = 5,
	AUTH_SASL = 10,
	AUTH_SASL_CONTINUE = 11,
	AUTH_SASL_FINAL = 12
};

struct postgres_state {
	struct scram scram;
	bool asks, ready;
	char version[40], code[6], refused[200];
	char column[POSTGRES_COLUMNS][24]; /* "" NULL */
};

/* --- bytes ------------------------------------------------------------------- */

static uint32_t postgres_number(const char *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void postgres_add_number(struct buf *out, size_t n)
{
	char bytes[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };
	buf_add(out, bytes, sizeof(bytes));
}

/* A message: its type (0: the first one has none), its length with these four bytes, its body. */
static void postgres_send(struct buf *out, char type, const void *body, size_t len)
{
	if (type)
		buf_add(out, &type, 1);
	postgres_add_number(out, len + 4);
	buf_add(out, body, len);
}

static const char *postgres_user(const struct wire_login *login)
{
	return *login->user ? login->user : POSTGRES_USER;
}

static void postgres_add_pair(struct buf *b, const char *name, const char *value)
{
	buf_add(b, name, strlen(name) + 1);
	buf_add(b, value, strlen(value) + 1);
}

static void postgres_begin(void *state, const struct wire_login *login, struct buf *out)
{
	struct buf b = { 0 };
	(void)state;
	postgres_add_number(&b, POSTGRES_PROTOCOL);
	postgres_add_pair(&b, "user", postgres_user(login));
	if (*login->database)
		postgres_add_pair(&b, "database", login->database);
	postgres_add_pair(&b, "application_name", "mocr");
	buf_add(&b, "", 1);
	postgres_send(out, 0, b.data, b.len);
	buf_finish(&b);
}

/* --- the login ---------------------------------------------------------------- */

/* The user of SCRAM's own message is empty: PostgreSQL takes that of the first message. */
static void postgres_answer_sasl(struct postgres_state *p, struct buf *out)
{
	static const char mechanism[] = "SCRAM-SHA-256";
	struct buf first = { 0 }, b = { 0 };
	scram_first(&p->scram, "", NULL, &first);
	buf_add(&b, mechanism, sizeof(mechanism));
	postgres_add_number(&b, first.len);
	buf_add(&b, first.data, first.len);
	postgres_send(out, 'p', b.data, b.len);
	buf_finish(&first);
	buf_finish(&b);
}

static enum wire_next postgres_take_auth(struct postgres_state *p, const struct wire_login *login,
                                         const char *body, size_t len, struct buf *out,
                                         struct err *err)
{
	uint32_t what = len >= 4 ? postgres_number(body) : UINT32_MAX;
	if (what == AUTH_OK)
		return WIRE_MORE;
	if (!login->password) {
		p->asks = true;
		return WIRE_DONE;
	}
	if (what == AUTH_MD5 && len >= 8) {
		char word[36];
		unsigned char bytes[4];
		memcpy(bytes, body + 4, sizeof(bytes));
		scram_md5(word, postgres_user(login), login->password, bytes);
		postgres_send(out, 'p', word, strlen(word) + 1);
		wipe(word, sizeof(word));
		return WIRE_MORE;
	}
	if (what == AUTH_SASL && memmem(body, len, "SCRAM-SHA-256", 14)) {
		postgres_answer_sasl(p, out);
		return WIRE_MORE;
	}
	if (what == AUTH_SASL_CONTINUE) {
		struct buf last = { .secret = true };
		bool good = !p->scram.first.len && scram_second(&p->scram, "", login->password,
		                                                body + 4, len - 4, &last, err);
		if (good)
			postgres_send(out, 'p', last.data, last.len);
		buf_finish(&last);
		if (good)
			return WIRE_MORE;
		if (!err->code)
			err_set(err, ERR_GARBLED, "it asks for the password twice");
		return WIRE_FAILED;
	}
	if (what == AUTH_SASL_FINAL && scram_is_proven(&p->scram, "", body + 4, len - 4))
		return WIRE_MORE;
	if (what == AUTH_SASL_FINAL)
		err_set(err, ERR_REFUSED, "it does not know the password that it asked for");
	else if (what == AUTH_CLEARTEXT)
		err_set(err, ERR_DENIED,
		        "it wants the password in plain text, which mocr does not send; "
		        "scram-sha-256 in its pg_hba.conf ends that");
	else
		err_set(err, ERR_DENIED,
		        "it asks for a login that mocr does not know (%u of its protocol)", what);
	return WIRE_FAILED;
}

/* --- other messages ------------------------------------------------------------- */

/* A field of an error: a letter, then text. */
static void postgres_field(const char *body, size_t len, char letter, char *buf, size_t size)
{
	*buf = '\0';
	for (size_t at = 0; at < len && body[at];) {
		size_t n = strnlen(body + at + 1, len - at - 1);
		if (body[at] == letter)
			wash(buf, size, body + at + 1, n);
		at += n + 2;
	}
}

/* Class 28 is any refused login, as by pg_hba.conf; only this one means the password. */
#define INVALID_PASSWORD "28P01"

static void postgres_take_status(struct postgres_state *p, const char *body, size_t len)
{
	size_t name = strnlen(body, len);
	const char *value = body + name + 1;
	if (name >= len || strcmp(body, "server_version") != 0)
		return;
	wash(p->version, sizeof(p->version), value, strnlen(value, len - name - 1));
	p->version[strcspn(p->version, " ")] = '\0'; /* "15.20 (Debian 15.20-0+deb12u1)" */
}

/* A row: how many columns, then the length (-1: NULL) and the text of each. */
static void postgres_take_row(struct postgres_state *p, const char *body, size_t len)
{
	size_t at = 2;
	for (size_t i = 0; i < POSTGRES_COLUMNS && at + 4 <= len; i++) {
		uint32_t n = postgres_number(body + at);
		at += 4;
		p->column[i][0] = '\0';
		if (n == UINT32_MAX)
			continue;
		if (n > len - at)
			return;
		wash(p->column[i], sizeof(p->column[i]), body + at, n);
		at += n;
	}
}

static enum wire_next postgres_take(struct postgres_state *p, const struct wire_login *login,
                                    char type, const char *body, size_t len, struct buf *out,
                                    struct err *err)
{
	switch (type) {
	case 'R':
		return postgres_take_auth(p, login, body, len, out, err);
	case 'E':
		postgres_field(body, len, 'C', p->code, sizeof(p->code));
		postgres_field(body, len, 'M', p->refused, sizeof(p->refused));
		if (!*p->code) {
			err_set(err, ERR_GARBLED, "what answers is not PostgreSQL");
			return WIRE_FAILED;
		}
		if (login->password && !strncmp(p->code, "28", 2)) {
			err_set(err, ERR_DENIED, "it refuses the login: %s", p->refused);
			return strcmp(p->code, INVALID_PASSWORD) != 0 ? WIRE_FAILED : WIRE_REFUSED;
		}
		return WIRE_DONE;
	case 'S':
		postgres_take_status(p, body, len);
		return WIRE_MORE;
	case 'D':
		postgres_take_row(p, body, len);
		return WIRE_MORE;
	case 'Z': /* ready: after the login, then after the query */
		if (p->ready)
			return WIRE_DONE;
		p->ready = true;
		postgres_send(out, 'Q', postgres_query, sizeof(postgres_query));
		return WIRE_MORE;
	default:
		return WIRE_MORE;
	}
}

static enum wire_next postgres_heard(void *state, const struct wire_login *login,
                                     const char *bytes, size_t len, size_t *used, struct buf *out,
                                     struct err *err)
{
	enum wire_next next = WIRE_MORE;
	while (next == WIRE_MORE && len - *used >= 5) {
		const char *at = bytes + *used;
		uint32_t size = postgres_number(at + 1);
		if (!strchr("REKNSvTDCZ", *at) || !*at || size < 4 || size > POSTGRES_MESSAGE_MAX) {
			err_set(err, ERR_GARBLED, "what answers is not PostgreSQL");
			return WIRE_FAILED;
		}
		if (len - *used < 1 + (size_t)size)
			break;
		next = postgres_take(state, login, *at, at + 5, size - 4, out, err);
		*used += 1 + (size_t)size;
	}
	return next;
}

/* --- what it learned --------------------------------------------------------------- */

static void postgres_report(const void *state, double ms, struct buf *out)
{
	static const char *const names[POSTGRES_COLUMNS] = { "max_connections", "connections",
		                                             "standbys",        "standby",
		                                             "behind",          "cut_off" };
	const struct postgres_state *p = state;
	cJSON *o = cJSON_CreateObject();
	cJSON_AddNumberToObject(o, "ms", ms);
	cJSON_AddBoolToObject(o, "asks", p->asks);
	cJSON_AddStringToObject(o, "version", p->version);
	cJSON_AddStringToObject(o, "code", p->code);
	cJSON_AddStringToObject(o, "refused", p->refused);
	for (size_t i = 0; i < POSTGRES_COLUMNS; i++)
		if (*p->column[i])
			cJSON_AddStringToObject(o, names[i], p->column[i]);
	char *text = cJSON_PrintUnformatted(o);
	buf_puts(out, text ? text : "");
	cJSON_free(text);
	cJSON_Delete(o);
}

static void postgres_finish(void *state)
{
	scram_finish(&((struct postgres_state *)state)->scram);
}

const struct wire_talk postgres_talk = {
	.scheme = "postgres",
	.size = sizeof(struct postgres_state),
	.begin = postgres_begin,
	.heard = postgres_heard,
	.report = postgres_report,
	.finish = postgres_finish,
};

static int64_t postgres_count(const cJSON *o, const char *name)
{
	char text[24];
	if (!vj_text(o, name, NULL, text, sizeof(text)))
		return -1;
	return number_read(text, 0, NUMBER_EXACT, -1);
}

static bool postgres_is(const cJSON *o, const char *name)
{
	char text[8];
	return vj_text(o, name, NULL, text, sizeof(text)) && !strcmp(text, "t");
}

bool postgres_parse(const char *json, size_t len, struct postgres_facts *f, struct err *err)
{
	cJSON *o = vj_read(json, len, "PostgreSQL", err);
	const cJSON *ms = vj_get(o, "ms", NULL);
	*f = (struct postgres_facts){ .ms = cJSON_IsNumber(ms) ? ms->valuedouble : -1 };
	f->asks = vj_true(o, "asks", NULL);
	vj_text(o, "version", NULL, f->version, sizeof(f->version));
	vj_text(o, "code", NULL, f->code, sizeof(f->code));
	vj_text(o, "refused", NULL, f->refused, sizeof(f->refused));
	f->connections = postgres_count(o, "connections");
	f->connections_max = postgres_count(o, "max_connections");
	f->standbys = postgres_count(o, "standbys");
	f->behind = postgres_count(o, "behind");
	f->standby = postgres_is(o, "standby");
	f->cut_off = postgres_is(o, "cut_off");
	cJSON_Delete(o);
	return o != NULL;
}
