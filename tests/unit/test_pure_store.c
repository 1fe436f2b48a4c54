/* The store without a server: which rows come in which order, how many there are, which one has
 * waited longest, which server is a hub. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/cause.h"
#include "backends/store/internal.h"
#include "backends/store/need.h"
#include "backends/store/quiet.h"

/* --- rows of servers ------------------------------------------------------ */

static struct settings settings = { .state_dir = NULL, .log_memory = 1 };
static struct loop *loop;
static struct store *store;
static struct server *servers[3];
static struct source *sources[3][2];

static int set_up(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	(void)state;
	loop = loop_create();
	store = store_create(loop, NULL, &settings);
	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		servers[i] = server_open_replay(store, names[i]);
		sources[i][0] = server_source(servers[i], "docker");
		sources[i][1] = server_source(servers[i], "systemd");
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_destroy(store);
	loop_destroy(loop);
	return 0;
}

/* The ids of the rows that store_next walks, in their order. */
static const char *walked(const struct kind *kind, const struct server *server)
{
	static char ids[400];
	size_t n = 0;
	*ids = '\0';
	for (struct row *r = store_first(store, kind, server); r; r = store_next(r, kind, server))
		n += (size_t)snprintf(ids + n, sizeof(ids) - n, "%s%s", n ? " " : "", r->id);
	return ids;
}

static void test_rows_are_walked(void **state)
{
	static const struct {
		size_t server, source;
		const struct kind *kind;
		const char *name;
	} rows[] = { { 0, 0, &kind_container, "x" },
		     { 2, 0, &kind_container, "y" },
		     { 2, 1, &kind_unit, "u" },
		     { 0, 0, &kind_container, "w" } };
	assert_string_equal(walked(&kind_container, NULL), "");
	assert_int_equal(store_count(store, &kind_container, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		store_row(sources[rows[i].server][rows[i].source], rows[i].kind, rows[i].name,
		          rows[i].name);
	assert_string_equal(walked(&kind_container, NULL),
	                    "a/container/x a/container/w c/container/y");
	assert_string_equal(walked(&kind_container, servers[0]), "a/container/x a/container/w");
	assert_string_equal(walked(&kind_container, servers[1]), "");
	assert_string_equal(walked(&kind_unit, NULL), "c/unit/u");
	assert_string_equal(walked(&kind_unit, servers[0]), "");
	static const struct {
		const struct kind *kind;
		int server;
		size_t n;
	} counts[] = { { &kind_container, -1, 3 }, { &kind_container, 0, 2 },
		       { &kind_container, 1, 0 },  { &kind_container, 2, 1 },
		       { &kind_unit, -1, 1 },      { &kind_unit, 2, 1 },
		       { &kind_unit, 0, 0 },       { &kind_server, -1, 3 } };
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		const struct server *v = counts[i].server < 0 ? NULL : servers[counts[i].server];
		assert_int_equal(store_count(store, counts[i].kind, v), counts[i].n);
	}
	size_t all = 0;
	for (struct row *r = store_first(store, NULL, servers[2]); r;
	     r = store_next(r, NULL, servers[2]))
		all++;
	assert_int_equal(all, store_count(store, NULL, servers[2]));
	assert_true(store_counts_right(store, NULL));
	struct row *gone = store_find(store, "a/container/x");
	assert_non_null(gone);
	store_row_remove(gone);
	assert_string_equal(walked(&kind_container, NULL), "a/container/w c/container/y");
	assert_int_equal(store_count(store, &kind_container, NULL), 2);
	assert_true(store_counts_right(store, NULL));
}

/* What depends on servers alone is asked again when a row of a server came or changed, and not for
 * every container. */
static void test_news_of_servers(void **state)
{
	uint64_t before = store->servers_news, all = store->news;
	store_row(sources[0][0], &kind_container, "x", "x");
	assert_int_equal(store->servers_news, before);
	assert_int_equal(store->news, all + 1);
	server_open_replay(store, "d");
	assert_true(store->servers_news > before);
}

static void expect_wrong(const char *words)
{
	struct err err = { 0 };
	assert_false(store_counts_right(store, &err));
	if (!strstr(err.text, words))
		fail_msg("expected \"%s\", got \"%s\"", words, err.text);
	assert_int_equal(err.code, ERR_GARBLED);
}

/* The check of what is kept says what is wrong, and how many there are. */
static void test_wrong_counts_are_said(void **state)
{
	struct row *r = store_row(sources[0][0], &kind_container, "x", "x");
	struct server *a = servers[0];
	assert_true(store_counts_right(store, NULL));
	r->need = NEED_STANDS;
	expect_wrong("a/container/x: health 0, but its need is 1");
	r->need = NEED_FOLDED;
	expect_wrong("but it is not folded");
	r->need = NEED_NONE;
	enum health health = r->health;
	r->health = HEALTH_BAD;
	expect_wrong("a/container/x: health 5, but its need is 0");
	r->health = HEALTH_GOOD;
	expect_wrong("a: 1 containers of health 0 are kept, 0 are there");
	r->health = health;
	r->need_worst = HEALTH_BAD;
	expect_wrong("but its need is 0");
	r->need_worst = 0;
	a->problems++;
	expect_wrong("a: 1 problems, 0 needs are kept; 0, 0 are there");
	a->problems--;
	a->facts++;
	expect_wrong("a: 2 facts are kept, 1 are there");
	a->facts--;
	store->n_needs++;
	expect_wrong("all servers: 4 rows, 1 needs, 0 asks are kept; 4, 0, 0 are there");
	store->n_needs--;
	store->n_asks++;
	expect_wrong("all servers: 4 rows, 0 needs, 1 asks are kept; 4, 0, 0 are there");
	store->n_asks--;
	assert_true(store_counts_right(store, NULL));
}

/* --- what is on the screen ------------------------------------------------ */

static void show(struct row *const *rows, size_t n)
{
	store_shown_begin(store);
	for (size_t i = 0; i < n; i++)
		store_shown(rows[i]);
	store_shown_end(store);
}

static void test_rows_on_the_screen(void **state)
{
	struct row *rows[200];
	char name[16];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof(name), "r%zu", i);
		rows[i] = store_row(sources[0][0], &kind_container, name, name);
	}
	/* from none to all, back to few, and the same rows twice in a round */
	static const struct {
		size_t from, n;
	} rounds[] = { { 0, 1 },   { 0, 64 }, { 1, 65 }, { 10, 190 },
		       { 0, 200 }, { 5, 2 },  { 5, 2 },  { 100, 0 } };
	for (size_t i = 0; i < ARRAY_LEN(rounds); i++) {
		store_shown_begin(store);
		for (size_t k = 0; k < 2 * rounds[i].n; k++)
			store_shown(rows[rounds[i].from + k % rounds[i].n]);
		store_shown_end(store);
		assert_int_equal(store->n_shown, rounds[i].n);
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			assert_int_equal(rows[k]->shown,
			                 k >= rounds[i].from && k < rounds[i].from + rounds[i].n);
	}
	show(rows, 3);
	assert_true(rows[2]->shown && !rows[3]->shown);
	show(rows + 3, 1);
	assert_true(!rows[2]->shown && rows[3]->shown);
}

/* --- words ---------------------------------------------------------------- */

static void test_the_nearest_word(void **state)
{
	static const struct {
		const char *word, *name;
		bool near;
	} all[] = {
		{ "abcd", "abcd", true },
		{ "abcd", "abxd", true },
		{ "abcd", "abd", true },
		{ "abcd", "abccd", true },
		{ "abcd", "abdc", true },
		{ "abcd", "bacd", true },
		{ "abcd", "abxy", false },
		{ "abcd", "badc", false },
		{ "ABCD", "abcd", true },
		{ "abcde", "abxye", true },
		{ "abcde", "axyze", false },
		{ "abcde", "badce", true },
		{ "abcdefgh", "abcdefxy", true },
		{ "abcdefgh", "abcdexyz", false },
		{ "abcdefghi", "abcdefxyz", true },
		{ "abcdefghi", "abcdwxyz!", false },
		{ "abcde", "xabcdefghx", true },
		{ "abcdefghix", "cdefg", true },
		{ "ab", "abcdefgh", false },
		{ "abcdefgh", "ab", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const char *found = nearest(all[i].word, &all[i].name, 1);
		if ((found != NULL) != all[i].near)
			fail_msg("%s and %s", all[i].word, all[i].name);
	}
	/* of long words the first 64 letters count */
	for (size_t len = 62; len < 70; len++) {
		char word[80] = "", name[80] = "", other[80] = "";
		memset(word, 'a', len);
		memset(name, 'a', len);
		memset(other, 'a', len);
		memset(other, 'b', len / 3 + 1);
		name[len - 1] = 'b';
		const char *name_of = name, *other_of = other;
		assert_ptr_equal(nearest(word, &name_of, 1), name);
		assert_null(nearest(word, &other_of, 1));
	}
	static const char *const names[] = { "caddx", "caddy", "cady" };
	assert_string_equal(nearest("caddy", names, 3), "caddy");
	assert_string_equal(nearest("caddz", names, 3), "caddx");
}

static void test_until_when_it_is_quiet(void **state)
{
	/* Wed 2026-06-10 12:00, UTC */
	static const int64_t now = INT64_C(1781092800000), day = 86400000;
	static const struct {
		int64_t until;
		const char *words;
	} all[] = {
		{ 3600000, "snoozed until 13:00" },
		{ 12 * 3600000 - 1000, "snoozed until 23:59" },
		{ 12 * 3600000, "snoozed until Thu 00:00" },
		{ 365 * 86400000LL, "snoozed until Thu 12:00" },
	};
	char buf[64];
	setenv("TZ", "UTC0", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct quiet one = { .how = QUIET_MORNING, .until_ms = now + all[i].until };
		quiet_say(&one, now, buf, sizeof(buf));
		assert_string_equal(buf, all[i].words);
	}
	quiet_say(&(struct quiet){ .how = QUIET_ACKNOWLEDGED }, now, buf, sizeof(buf));
	assert_string_equal(buf, "acknowledged until it changes");
	quiet_say(&(struct quiet){ .how = QUIET_CLEARED }, now + day, buf, sizeof(buf));
	assert_string_equal(buf, "snoozed until it clears");
}

static void test_a_buffer_is_good_again_when_it_is_empty(void **state)
{
	struct buf b;
	buf_init(&b, 8);
	for (int i = 0; i < 2; i++) {
		assert_false(b.overflowed);
		buf_puts(&b, "12345678901234567890");
		assert_true(b.overflowed);
		buf_clear(&b);
		assert_int_equal(b.len, 0);
	}
	assert_false(b.overflowed);
	buf_puts(&b, "1234");
	buf_consume(&b, 3);
	assert_string_equal(b.data, "4");
	buf_consume(&b, 1);
	assert_int_equal(b.len, 0);
	buf_finish(&b);
}

/* --- the one that waited longest ------------------------------------------ */

static void test_who_waited_longest(void **state)
{
	static const struct {
		const char *id;
		enum health health;
		int64_t since_ms;
		enum need_state need;
	} in_order[] = {
		{ "b/session/x", HEALTH_ASKS, 500, NEED_STANDS },
		{ "a/session/x", HEALTH_ASKS, 600, NEED_STANDS },
		{ "a/session/y", HEALTH_ASKS, 0, NEED_STANDS },
		{ "z/unit/x", HEALTH_BAD, 1, NEED_STANDS },
		{ "a/unit/a", HEALTH_ATTENTION, 100, NEED_STANDS },
		{ "a/unit/b", HEALTH_BAD, 100, NEED_STANDS },
		{ "a/unit/c", HEALTH_BAD, 0, NEED_STANDS },
		{ "a/unit/d", HEALTH_BAD, 0, NEED_STANDS },
		{ "a/unit/q", HEALTH_BAD, 1, NEED_QUIET },
		{ "a/unit/f", HEALTH_ASKS, 1, NEED_FOLDED },
		{ "a/unit/h", HEALTH_ASKS, 1, NEED_HELD },
	};
	enum { N = ARRAY_LEN(in_order), STANDING = 8 };
	struct row rows[N] = { 0 };
	struct store s = { 0 };
	struct server v = { .store = &s };
	assert_null(need_longest(&s));
	/* each of two, in both orders of the list */
	for (size_t i = 0; i < N; i++)
		rows[i] = (struct row){ .id = (char *)in_order[i].id,
			                .server = &v,
			                .health = in_order[i].health,
			                .health_ms = in_order[i].since_ms,
			                .need = in_order[i].need };
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < N; k++) {
			if (i == k)
				continue;
			s.needs = &rows[i];
			rows[i].need_next = &rows[k];
			rows[k].need_next = NULL;
			size_t first = i < k ? i : k;
			assert_ptr_equal(need_longest(&s), first < STANDING ? &rows[first] : NULL);
		}
	/* set aside are those that the user or a cause took away */
	s.needs = &rows[0];
	for (size_t i = 0; i < N; i++)
		rows[i].need_next = i + 1 < N ? &rows[i + 1] : NULL;
	assert_int_equal(needs_aside(&s, NULL), 2);
}

/* --- hubs ----------------------------------------------------------------- */

static void test_which_server_is_behind_a_hub(void **state)
{
	struct server_config config = { 0 };
	struct link link = { 0 };
	struct server hub = { .name = (char *)"hub" }, v = { .config = &config, .link = &link };
	for (unsigned has = 0; has < 16; has++) {
		v.cause_next = has & 1 ? &hub : NULL;
		snprintf(v.hub, sizeof(v.hub), "%s", has & 2 ? "hub" : "");
		config.parent = has & 4 ? (char *)"hub" : NULL;
		snprintf(link.jumps, sizeof(link.jumps), "%s", has & 8 ? "bastion" : "");
		assert_int_equal(cause_is_hub(&v), has == 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows_are_walked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_news_of_servers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_counts_are_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rows_on_the_screen, set_up, tear_down),
		cmocka_unit_test(test_the_nearest_word),
		cmocka_unit_test(test_until_when_it_is_quiet),
		cmocka_unit_test(test_a_buffer_is_good_again_when_it_is_empty),
		cmocka_unit_test(test_who_waited_longest),
		cmocka_unit_test(test_which_server_is_behind_a_hub),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
