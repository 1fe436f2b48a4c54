/* The protocols of Redis and PostgreSQL, byte by byte and against what is neither; SCRAM's vector
 * of RFC 7677. The real servers are in tests/screens/stores. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/scram.h"
#include "backends/link/api.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/wire.h"
#include "backends/systems/postgres_parse.h"
#include "backends/systems/redis_parse.h"

#define BYTES(s) s, sizeof(s) - 1

static const struct wire_login nobody = { .user = "", .database = "" };
static const struct wire_login known = { .user = "", .database = "", .password = "hush" };

static struct {
	void *state;
	const struct wire_talk *talk;
	struct buf out, report;
	struct err err;
} x;

/* Gives the bytes in pieces of that size, as a stream would. */
static enum wire_next hear(const struct wire_talk *talk, const struct wire_login *login,
                           const char *bytes, size_t len, size_t piece)
{
	struct buf heard = { 0 };
	enum wire_next next = WIRE_MORE;
	x.talk = talk;
	x.state = xcalloc(1, talk->size);
	talk->begin(x.state, login, &x.out);
	for (size_t at = 0; at < len && next == WIRE_MORE; at += piece) {
		size_t used = 0;
		buf_add(&heard, bytes + at, piece < len - at ? piece : len - at);
		/* exactly as big as it is: a read behind the end is seen */
		char *copy = malloc(heard.len);
		memcpy(copy, heard.data, heard.len);
		next = talk->heard(x.state, login, copy, heard.len, &used, &x.out, &x.err);
		free(copy);
		assert_true(used <= heard.len);
		buf_consume(&heard, used);
	}
	if (next == WIRE_DONE)
		talk->report(x.state, 1.5, &x.report);
	buf_finish(&heard);
	return next;
}

static int drop(void **unused)
{
	if (x.state && x.talk->finish)
		x.talk->finish(x.state);
	free(x.state);
	buf_finish(&x.out);
	buf_finish(&x.report);
	memset(&x, 0, sizeof(x));
	return 0;
}

static bool has(const struct buf *b, const char *bytes, size_t len)
{
	return b->len >= len && memmem(b->data, b->len, bytes, len);
}

/* --- Redis ------------------------------------------------------------------- */

#define INFO                                                                                   \
	"# Server\r\nredis_version:7.0.15\r\nexecutable:/usr/bin/secret-path\r\n"              \
	"connected_clients:9\r\nmaxclients:10\r\nused_memory:950\r\nmaxmemory:1000\r\n"        \
	"role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n" \
	"db0:keys=5,expires=0\r\ndb12:keys=7,expires=1\r\n"

static void redis_in_any_pieces(void **unused)
{
	char answer[1000];
	struct redis_facts f;
	struct err err;
	snprintf(answer, sizeof(answer), "+OK\r\n$%zu\r\n%s\r\n", strlen(INFO), INFO);
	for (size_t piece = 1; piece < 400; piece = piece * 2 + 1) {
		assert_int_equal(hear(&redis_talk, &known, answer, strlen(answer), piece),
		                 WIRE_DONE);
		assert_true(has(&x.out, BYTES("*2\r\n$4\r\nAUTH\r\n$4\r\nhush\r\n*1\r\n"
		                              "$4\r\nINFO\r\n")));
		assert_false(has(&x.report, "secret-path", 11));
		assert_true(redis_parse(x.report.data, x.report.len, &f, &err));
		assert_string_equal(f.version, "7.0.15");
		assert_int_equal(f.keys, 12);
		assert_int_equal(f.memory, 950);
		assert_string_equal(f.primary, "10.0.0.1:6379");
		assert_true(f.primary_down && !f.loading && !f.save_failed);
		drop(NULL);
	}
}

static void redis_without_a_password(void **unused)
{
	static const char no[] = "-NOAUTH Authentication required.\r\n";
	struct redis_facts f;
	struct err err;
	assert_int_equal(hear(&redis_talk, &nobody, no, sizeof(no) - 1, 5), WIRE_DONE);
	assert_true(redis_parse(x.report.data, x.report.len, &f, &err));
	assert_string_equal(f.refused, "NOAUTH Authentication required.");
	assert_int_equal(f.memory, -1);
}

static void redis_refuses(void **unused)
{
	static const struct {
		const char *said, *words;
		enum err_code code;
		bool wrong; /* the password, and nothing else */
	} all[] = {
		{ "-WRONGPASS invalid username-password pair\r\n", "refuses the password",
		  ERR_DENIED, true },
		{ "HTTP/1.1 400 Bad Request\r\n", "not Redis", ERR_GARBLED, false },
		{ "+OK\r\n-DENIED Redis is running in protected mode\r\n", "protected mode",
		  ERR_DENIED, false },
		{ "SSH-2.0-OpenSSH", "not Redis: SSH", ERR_GARBLED, false },
		{ "+OK\r\n$99999999999\r\n", "not Redis", ERR_GARBLED, false },
		{ "+OK\r\n:1\r\n", "not Redis", ERR_GARBLED, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		assert_int_equal(
			hear(&redis_talk, &known, all[i].said, strlen(all[i].said), 7),
			all[i].wrong ? WIRE_REFUSED : WIRE_FAILED);
		assert_int_equal(x.err.code, all[i].code);
		assert_non_null(strstr(x.err.text, all[i].words));
		drop(NULL);
	}
}

/* --- PostgreSQL ---------------------------------------------------------------- */

#define AUTH_IS_OK "R\0\0\0\x08\0\0\0\0"
#define VERSION "S\0\0\0\x1dserver_version\0" "15.20 (D)\0"
#define READY "Z\0\0\0\x05I"
#define ROW "D\0\0\0\x25\0\x06\0\0\0\x03" "100\0\0\0\x01" "7\0\0\0\x01" "0"       \
	"\0\0\0\x01" "f\xff\xff\xff\xff\0\0\0\x01" "f"

static void postgres_tells(void **unused)
{
	static const char answer[] = AUTH_IS_OK VERSION READY ROW READY;
	struct postgres_facts f;
	struct err err;
	for (size_t piece = 1; piece < 120; piece = piece * 2 + 1) {
		assert_int_equal(hear(&postgres_talk, &nobody, BYTES(answer), piece), WIRE_DONE);
		assert_true(has(&x.out, BYTES("\0\x03\0\0user\0mocr\0")));
		assert_true(postgres_parse(x.report.data, x.report.len, &f, &err));
		assert_string_equal(f.version, "15.20");
		assert_int_equal(f.connections, 7);
		assert_int_equal(f.connections_max, 100);
		assert_int_equal(f.behind, -1);
		assert_true(!f.standby && !f.cut_off && !*f.code);
		drop(NULL);
	}
	/* what a column had before is gone where it is NULL now */
	static const char nulls[] = AUTH_IS_OK VERSION READY ROW
		"D\0\0\0\x23\0\x06\0\0\0\x03" "100\xff\xff\xff\xff\0\0\0\x01" "0\xff\xff\xff\xff"
		"\xff\xff\xff\xff\0\0\0\x01" "f" READY;
	assert_int_equal(hear(&postgres_talk, &nobody, BYTES(nulls), 999), WIRE_DONE);
	assert_true(postgres_parse(x.report.data, x.report.len, &f, &err));
	assert_int_equal(f.connections, -1);
	assert_int_equal(f.connections_max, 100);
}

static void postgres_without_a_login(void **unused)
{
	struct postgres_facts f;
	struct err err;
	assert_int_equal(hear(&postgres_talk, &nobody,
	                      BYTES("R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"), 3),
	                 WIRE_DONE);
	assert_true(postgres_parse(x.report.data, x.report.len, &f, &err));
	assert_true(f.asks);
	drop(NULL);
	assert_int_equal(hear(&postgres_talk, &nobody,
	                      BYTES("E\0\0\0\x19SFATAL\0C57P03\0Mstop\0\0"), 3),
	                 WIRE_DONE);
	assert_true(postgres_parse(x.report.data, x.report.len, &f, &err));
	assert_string_equal(f.code, "57P03");
	assert_string_equal(f.refused, "stop");
}

static void postgres_refuses(void **unused)
{
	static const struct {
		const char *said;
		size_t len;
		const char *words;
		enum err_code code;
		bool wrong; /* the password, and nothing else */
	} all[] = {
		{ BYTES("HTTP/1.1 400 Bad Request\r\n"), "not PostgreSQL", ERR_GARBLED, false },
		{ BYTES("R\x7f\xff\xff\xff\0\0\0\0"), "not PostgreSQL", ERR_GARBLED, false },
		{ BYTES("R\0\0\0\x08\0\0\0\x03"), "plain text", ERR_DENIED, false },
		{ BYTES("R\0\0\0\x08\0\0\0\x09"), "does not know", ERR_DENIED, false },
		{ BYTES("R\0\0\0\x04"), "does not know", ERR_DENIED, false },
		{ BYTES("R\0\0\0\x0b\0\0\0\x0bv=x"), "answers another one", ERR_GARBLED, false },
		{ BYTES("R\0\0\0\x0b\0\0\0\x0cv=x"), "does not know the password",
		  ERR_REFUSED, false },
		{ BYTES("E\0\0\0\x18SFATAL\0C28P01\0Mbad\0\0"), "refuses the login: bad",
		  ERR_DENIED, true },
		{ BYTES("E\0\0\0\x18SFATAL\0C28000\0Mhba\0\0"), "refuses the login: hba",
		  ERR_DENIED, false },
		{ BYTES("E\0\0\0\x05\0"), "not PostgreSQL", ERR_GARBLED, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		assert_int_equal(hear(&postgres_talk, &known, all[i].said, all[i].len, 4),
		                 all[i].wrong ? WIRE_REFUSED : WIRE_FAILED);
		assert_int_equal(x.err.code, all[i].code);
		if (!strstr(x.err.text, all[i].words))
			fail_msg("case %zu said: %s", i, x.err.text);
		drop(NULL);
	}
}

/* --- SCRAM ------------------------------------------------------------------------ */

#define SERVER_FIRST                                                  \
	"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"       \
	"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

static void scram_of_the_rfc(void **unused)
{
	struct scram s = { 0 };
	struct buf out = { 0 };
	struct err err = { 0 };
	scram_first(&s, "user", "rOprNGfwEbeRWgbNEkqO", &out);
	assert_true(out.len == 32 && !memcmp(out.data, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", 32));
	buf_clear(&out);
	assert_true(scram_second(&s, "user", "pencil", BYTES(SERVER_FIRST), &out, &err));
	assert_true(has(&out, BYTES("p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")));
	assert_true(scram_is_proven(&s, "user",
	                            BYTES("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")));
	assert_false(scram_is_proven(&s, "user",
	                             BYTES("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=")));
	assert_false(scram_is_proven(&s, "user", BYTES("v=6rri")));
	buf_finish(&out);
	scram_finish(&s);
}

/* A salt has its place, and none beyond. */
static void scram_salts_have_a_length(void **unused)
{
	for (size_t len = 196; len <= 204; len += 4) {
		char first[300] = "r=rOprNGfwEbeRWgbNEkqOx,s=";
		struct scram s = { 0 };
		struct buf out = { 0 };
		struct err err = { 0 };
		size_t at = strlen(first);
		memset(first + at, 'A', len);
		snprintf(first + at + len, sizeof(first) - at - len, ",i=1");
		scram_first(&s, "user", "rOprNGfwEbeRWgbNEkqO", &out);
		assert_int_equal(scram_second(&s, "user", "pencil", first, strlen(first), &out,
		                              &err),
		                 len < 200);
		if (len >= 200)
			assert_string_equal(err.text, "its request for a password is not SCRAM");
		buf_finish(&out);
		scram_finish(&s);
	}
}

/* A server may ask neither for hours of hashing nor with a nonce of its own. */
static void scram_has_bounds(void **unused)
{
	static const char *const bad[] = {
		"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2000000000",
		"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
		"r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
		"r=rOprNGfwEbeRWgbNEkqOx,i=4096",
		"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct scram s = { 0 };
		struct buf out = { 0 };
		struct err err = { 0 };
		scram_first(&s, "user", "rOprNGfwEbeRWgbNEkqO", &out);
		assert_false(
			scram_second(&s, "user", "pencil", bad[i], strlen(bad[i]), &out, &err));
		assert_true(err.code != ERR_NONE);
		buf_finish(&out);
		scram_finish(&s);
	}
}

/* --- addresses ---------------------------------------------------------------------- */

static void addresses(void **unused)
{
	static const struct {
		const char *url, *scheme, *host, *path, *user, *database;
		int port;
	} good[] = {
		{ "redis://cache", "redis", "cache", "", "", "", 6379 },
		{ "redis://app@10.0.0.1:7000", "redis", "10.0.0.1", "", "app", "", 7000 },
		{ "redis://[::1]:7000", "redis", "::1", "", "", "", 7000 },
		{ "redis:///run/redis.sock", "redis", "", "/run/redis.sock", "", "", 6379 },
		{ "postgres://me@h/db", "postgres", "h", "", "me", "db", 5432 },
		{ "postgres://me@/run/.s.PGSQL.5432", "postgres", "", "/run/.s.PGSQL.5432", "me",
		  "", 5432 },
	};
	static const char *const bad[] = { "",
		                           "redis://",
		                           "redis:///",
		                           "redis://h:0",
		                           "redis://h:99999",
		                           "redis://h:6x",
		                           "redis://[::1",
		                           "redis://me:hush@h",
		                           "redis://me:hush@h:x",
		                           "redis://h h",
		                           "http://h",
		                           "rediss://h",
		                           "redis://h/a/b" };
	struct wire_url u;
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(wire_url_read(good[i].url, good[i].scheme, &u, &err));
		assert_string_equal(u.host, good[i].host);
		assert_string_equal(u.path, good[i].path);
		assert_string_equal(u.user, good[i].user);
		assert_string_equal(u.database, good[i].database);
		assert_int_equal(u.port, good[i].port);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (wire_url_read(bad[i], "redis", &u, &err))
			fail_msg("taken: %s", bad[i]);
		assert_true(err.code == ERR_USAGE);
		assert_null(strstr(err.text, "hush"));
	}
}

/* --- password_command ------------------------------------------------------------------ */

#define RIGHT "+OK\r\n$25\r\n# Server\r\nredis_version:7\r\n"
#define WRONG "-WRONGPASS invalid username-password pair\r\n"
#define PROTECTED "+OK\r\n-DENIED Redis is running in protected mode\r\n"

static char dir[] = "/tmp/mocr-wire-XXXXXX", file[64];
static const char *says; /* to whoever connects */

static void *serve(void *arg)
{
	int listens = *(int *)arg, fd;
	char bytes[400];
	while ((fd = accept(listens, NULL, NULL)) >= 0) {
		const char *answer = __atomic_load_n(&says, __ATOMIC_SEQ_CST);
		size_t n = strlen(answer);
		/* the close of a socket with unread bytes would drop the answer */
		bool heard = read(fd, bytes, sizeof(bytes)) > 0;
		if (heard && write(fd, answer, n) == (ssize_t)n)
			while (read(fd, bytes, sizeof(bytes)) > 0)
				;
		close(fd);
	}
	return NULL;
}

static void on_link(struct link *link, void *arg) {}

static struct {
	struct loop *loop;
	struct link *link;
	struct wire *wire;
	enum err_code code;
	int done, listens;
	pthread_t thread;
} w;

static void on_answer(const struct api_answer *r, void *arg)
{
	w.code = r->err.code;
	w.done++;
}

/* One exchange. Returns how often password_command ran so far. */
static int runs_after(const char *answer, enum err_code code)
{
	char path[80], bytes[40];
	int done = w.done;
	__atomic_store_n(&says, answer, __ATOMIC_SEQ_CST);
	wire_ask(w.wire, 5000, on_answer, NULL);
	for (int i = 0; i < 1000 && w.done == done; i++)
		loop_turn(w.loop, 10);
	assert_int_equal(w.done, done + 1);
	assert_int_equal(w.code, code);
	snprintf(path, sizeof(path), "%s/runs", dir);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(bytes, 1, sizeof(bytes), f) : 0;
	if (f)
		fclose(f);
	return (int)n;
}

static int open_wire(const char *command)
{
	static const struct link_events events = { .changed = on_link };
	char url[100], line[200];
	struct err err;
	snprintf(url, sizeof(url), "redis://%s", file);
	snprintf(line, sizeof(line), "printf x >>%s/runs; %s", dir, command);
	w.loop = loop_create();
	w.link = link_create_local(w.loop, "here", &events, NULL);
	link_connect(w.link);
	for (int i = 0; i < 50 && w.link->state != LINK_UP; i++)
		loop_turn(w.loop, 10);
	w.wire = wire_create(w.link,
	                     &(struct wire_config){ .section = "redis",
	                                            .name = "cache",
	                                            .product = "Redis",
	                                            .url = url,
	                                            .password_command = line,
	                                            .talk = &redis_talk },
	                     &err);
	return w.wire ? 0 : -1;
}

static int start_server(void **unused)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/redis", dir);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", file);
	w.listens = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return bind(w.listens, (struct sockaddr *)&to, sizeof(to)) || listen(w.listens, 5) ||
	       pthread_create(&w.thread, NULL, serve, &w.listens);
}

static int end_server(void **unused)
{
	char command[100];
	wire_destroy(w.wire);
	link_destroy(w.link);
	loop_destroy(w.loop);
	shutdown(w.listens, SHUT_RDWR);
	pthread_join(w.thread, NULL);
	close(w.listens);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	memset(&w, 0, sizeof(w));
	int failed = system(command);
	strcpy(dir, "/tmp/mocr-wire-XXXXXX");
	return failed;
}

/* The command may want a touch of a key: it does not run with each exchange that fails. */
static void a_refused_password_waits(void **unused)
{
	assert_int_equal(open_wire("echo hush"), 0);
	assert_int_equal(runs_after(PROTECTED, ERR_DENIED), 1);
	assert_int_equal(runs_after(PROTECTED, ERR_DENIED), 1); /* not the password's fault */
	assert_int_equal(runs_after(RIGHT, ERR_NONE), 1);
	assert_int_equal(runs_after(WRONG, ERR_DENIED), 1); /* it was changed there */
	assert_int_equal(runs_after(WRONG, ERR_DENIED), 2);
	assert_int_equal(runs_after(WRONG, ERR_DENIED), 2); /* now it waits */
	assert_int_equal(runs_after(WRONG, ERR_DENIED), 2);
	assert_int_equal(runs_after(RIGHT, ERR_NONE), 2);
}

static void a_password_that_never_worked_waits(void **unused)
{
	assert_int_equal(open_wire("echo hush"), 0);
	assert_int_equal(runs_after(WRONG, ERR_DENIED), 1);
	assert_int_equal(runs_after(WRONG, ERR_DENIED), 1);
}

static void a_command_that_fails_waits(void **unused)
{
	assert_int_equal(open_wire("exit 3"), 0);
	assert_int_equal(runs_after(RIGHT, ERR_DENIED), 1);
	assert_int_equal(runs_after(RIGHT, ERR_DENIED), 1);
}

int main(void)
{
#define SERVED(fn) cmocka_unit_test_setup_teardown(fn, start_server, end_server)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(redis_in_any_pieces, drop),
		cmocka_unit_test_teardown(redis_without_a_password, drop),
		cmocka_unit_test_teardown(redis_refuses, drop),
		cmocka_unit_test_teardown(postgres_tells, drop),
		cmocka_unit_test_teardown(postgres_without_a_login, drop),
		cmocka_unit_test_teardown(postgres_refuses, drop),
		cmocka_unit_test(scram_of_the_rfc),
		cmocka_unit_test(scram_has_bounds),
		cmocka_unit_test(scram_salts_have_a_length),
		cmocka_unit_test(addresses),
		SERVED(a_refused_password_waits),
		SERVED(a_password_that_never_worked_waits),
		SERVED(a_command_that_fails_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
