/* test_fold.c: rows under heads by tag: which rows, in which order, what a head says, what an
 * action on it takes, and what a restart finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <locale.h>
#include <pty.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/containers/container.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/sessions/session.h"
#include "backends/store/need.h"
#include "backends/store/settings.h"
#include "tests/unit/expected.h"
#include "tui/console_internal.h"
#include "tui/fold.h"
#include "tui/look.h"

static char dir[] = "/tmp/mocr-fold-XXXXXX";
static struct settings *settings;
static struct console c;

static void configure(const char *text)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/conf", dir);
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	settings = settings_load(path, NULL);
}

/* Folded or not, a console begins as the last one ended, unless its test forgets that. */
static void forget(void)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/mocr/look", dir);
	unlink(path);
}

static void begin(const char *text)
{
	static const char *const names[] = { "web", "old", "pi", "db" };
	memset(&c, 0, sizeof(c));
	configure(text);
	c.loop = loop_create();
	c.store = store_create(c.loop, NULL, settings);
	c.settings = settings;
	panes_init(&c);
	look_load(&c);
	store_set_hooks(c.store, &(struct store_hooks){ .gone = panes_row_gone, .arg = &c });
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		server_open_replay(c.store, names[i]);
}

static void end(void)
{
	store_set_hooks(c.store, &(struct store_hooks){ 0 });
	dialog_cancel(c.dialog);
	intent_free(&c.intent);
	free(c.orders);
	panes_finish(&c);
	look_finish(&c);
	store_destroy(c.store);
	loop_destroy(c.loop);
	settings_destroy(settings);
}

#define GROUPS                                                                     \
	"[server web]\ntags = prod eu\n[server db]\ntags = prod\n[server pi]\ntags = " \
	"home\n"

static struct row *add(const char *server, const char *name, enum health health)
{
	struct source *s = server_source(store_server_find(c.store, server), "docker");
	struct err none = { 0 };
	source_set_state(s, SOURCE_LIVE, &none);
	struct row *r = store_row(s, &kind_container, name, name);
	store_row_health(r, health, now_wall_ms(), NULL);
	ROW_AS(container, r)->state = CONTAINER_RUNNING;
	r->server->link->state = LINK_UP;
	return r;
}

/* The names of the lines of a pane, a blank between. */
static const char *lines_of(size_t pane)
{
	static char text[512];
	size_t len = 0;
	panes_refresh(&c);
	pane_refresh(&c, &c.panes[pane]);
	text[0] = '\0';
	for (size_t i = 0; i < c.panes[pane].n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
		                        c.panes[pane].rows[i]->name);
	return text;
}

static const char *says(size_t pane, size_t line)
{
	static struct cell cell;
	lines_of(pane);
	assert_true(row_is_head(c.panes[pane].rows[line]));
	fold_cell(c.panes[pane].rows[line], &cell);
	return cell.text;
}

static void press(const char *name)
{
	const struct action *a = console_action_find(name);
	assert_non_null(a);
	action_begin(&c, a);
}

static void rows_stand_under_the_first_tag(void **state)
{
	forget();
	begin(GROUPS);
	pane_focus(&c, PANE_FLEET);
	assert_string_equal(lines_of(PANE_FLEET), "db old pi web");
	assert_true(table_seek(c.panes[PANE_FLEET].table, "pi/server/pi"));
	press("pane-fold");
	/* closed where the cursor was; the head has the cursor now */
	assert_string_equal(lines_of(PANE_FLEET), "@prod db web @home @ old");
	assert_string_equal(table_cursor_id(c.panes[PANE_FLEET].table), "@home");
	assert_null(console_row(&c));
	press("row-open");
	assert_string_equal(lines_of(PANE_FLEET), "@prod db web @home pi @ old");
	press("pane-fold-all"); /* all are open: without heads again */
	assert_string_equal(lines_of(PANE_FLEET), "db old pi web");
	assert_null(c.panes[PANE_FLEET].fold);
	press("pane-fold-all");
	assert_string_equal(lines_of(PANE_FLEET), "@prod @home @");
	/* each pane by itself */
	add("web", "nginx", HEALTH_GOOD);
	assert_string_equal(lines_of(PANE_CONTAINERS), "nginx");
	press("pane-fold-all");
	assert_string_equal(lines_of(PANE_FLEET), "@prod db web @home pi @ old");
	end();
}

/* Draws the table of a pane on a terminal that nobody sees; the text of the screen. */
static char *drawn(size_t pane, int height, int width)
{
	struct winsize ws = { .ws_row = (unsigned short)height, .ws_col = (unsigned short)width };
	int master, slave, real_in = dup(0), real_out = dup(1);
	char why[256] = "", bytes[4096];
	setlocale(LC_ALL, "C.UTF-8");
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TERM", "xterm-256color", 1);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, &ws), 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	fflush(stdout);
	dup2(slave, 0);
	dup2(slave, 1);
	bool good = canvas_start("default", false, why, sizeof(why));
	char *text = NULL;
	if (good) {
		struct canvas screen = canvas_screen();
		canvas_clear(&screen);
		lines_of(pane);
		table_draw(c.panes[pane].table, &screen, true);
		canvas_flush();
		text = canvas_screen_text();
		canvas_stop();
	}
	while (read(master, bytes, sizeof(bytes)) > 0)
		;
	dup2(real_in, 0);
	dup2(real_out, 1);
	close(real_in);
	close(real_out);
	close(master);
	close(slave);
	if (!good)
		fail_msg("%s", why);
	return text;
}

static void heads_are_drawn(void **state)
{
	static const int heights[] = { 2, 4, 8 }, widths[] = { 2, 3, 4, 5, 18, 44, 100, 160 };
	struct buf out = { .max = 1 << 20 };
	forget();
	begin(GROUPS);
	pane_focus(&c, PANE_FLEET);
	press("pane-fold-all");
	press("row-open");
	for (size_t h = 0; h < ARRAY_LEN(heights); h++)
		for (size_t x = 0; x < ARRAY_LEN(widths); x++) {
			char *text = drawn(PANE_FLEET, heights[h], widths[x]);
			buf_addf(&out, "== %dx%d\n%s", heights[h], widths[x], text);
			free(text);
		}
	end();
	expected_check(&out, "tests/unit/answers/fold.txt");
	buf_finish(&out);
}

static void a_head_counts(void **state)
{
	forget();
	begin(GROUPS);
	add("web", "nginx", HEALTH_GOOD);
	struct row *broken = add("db", "postgres", HEALTH_BAD);
	add("db", "cron", HEALTH_IDLE);
	add("old", "redis", HEALTH_GOOD);
	pane_focus(&c, PANE_FLEET);
	press("pane-fold-all");
	store_server_find(c.store, "db")->link->state = LINK_LOST;
	assert_string_equal(says(PANE_FLEET, 0), "+ @prod  1 up, 1 down, 1 needs you");
	assert_string_equal(says(PANE_FLEET, 1), "+ @home  1 down");
	assert_string_equal(says(PANE_FLEET, 2), "+ without a tag  1 up");
	pane_focus(&c, PANE_CONTAINERS);
	press("pane-fold-all");
	assert_string_equal(lines_of(PANE_CONTAINERS), "@prod @");
	assert_string_equal(says(PANE_CONTAINERS, 0), "+ @prod  1 up, 1 stopped, 1 needs you");
	assert_int_equal(c.panes[PANE_CONTAINERS].rows[0]->health, HEALTH_BAD);
	assert_int_equal(fold_count(&c.panes[PANE_CONTAINERS]), 4);
	/* one that gets well, and one that goes */
	store_row_health(broken, HEALTH_GOOD, now_wall_ms(), NULL);
	store_touch(broken);
	assert_string_equal(says(PANE_CONTAINERS, 0), "+ @prod  2 up, 1 stopped");
	store_row_remove(broken);
	assert_string_equal(says(PANE_CONTAINERS, 0), "+ @prod  1 up, 1 stopped");
	/* a filter leaves out rows, and heads without rows */
	pane_set_filter(&c, pane_focused(&c), "redis");
	assert_string_equal(lines_of(PANE_CONTAINERS), "@");
	assert_string_equal(says(PANE_CONTAINERS, 0), "+ without a tag  1 up");
	end();
}

static void an_action_takes_all_and_asks(void **state)
{
	struct row *rows[8];
	forget();
	begin(GROUPS);
	add("web", "nginx", HEALTH_GOOD);
	add("db", "postgres", HEALTH_GOOD);
	add("pi", "ntfy", HEALTH_GOOD);
	pane_focus(&c, PANE_CONTAINERS);
	press("pane-fold-all");
	lines_of(PANE_CONTAINERS);
	table_move(pane_focused(&c)->table, TABLE_FIRST);
	assert_int_equal(console_rows(&c, rows, 8), 2);
	assert_int_equal(console_rows(&c, rows, 1), 1);
	/* what is for one row does nothing */
	press("row-copy");
	assert_non_null(strstr(c.flash, "for one row; [Enter] opens @prod"));
	/* the keys of the kind are found, and the question names both */
	const struct key r = { .code = 'r' };
	const struct action *a = binding_find(&c, &r, NULL);
	assert_non_null(a);
	assert_string_equal(a->verb, "restart");
	action_begin(&c, a);
	assert_non_null(c.dialog);
	assert_int_equal(c.intent.n, 2);
	assert_string_equal(c.intent.ids[1], "db/container/postgres");
	assert_string_equal(c.intent.ids[0], "web/container/nginx");
	dialog_cancel(c.dialog);
	c.dialog = NULL;
	intent_free(&c.intent);
	/* a group of one asks as well */
	table_move(pane_focused(&c)->table, TABLE_LAST);
	assert_string_equal(table_cursor_id(pane_focused(&c)->table), "@home");
	action_begin(&c, a);
	assert_non_null(c.dialog);
	assert_int_equal(c.intent.n, 1);
	end();
}

/* An action that asks nothing on one row asks on a head, whether it changes something or not. */
static void an_action_without_a_question_asks_on_a_head(void **state)
{
	forget();
	begin(GROUPS);
	add("web", "nginx", HEALTH_GOOD);
	pane_focus(&c, PANE_FLEET);
	press("pane-fold-all");
	lines_of(PANE_FLEET);
	table_move(pane_focused(&c)->table, TABLE_FIRST);
	const struct action *a = action_find(&kind_server, "server-check");
	assert_non_null(a);
	assert_int_equal(a->flags & (ACTION_CONFIRM | ACTION_CHANGES), 0);
	action_begin(&c, a);
	assert_non_null(c.dialog);
	assert_true(c.intent.of_head);
	dialog_cancel(c.dialog);
	c.dialog = NULL;
	intent_free(&c.intent);
	end();
}

static void answer_yes(void)
{
	static const struct key yes = { .code = 'y' };
	struct dialog *d = c.dialog;
	assert_non_null(d);
	assert_true(dialog_key(d, &yes));
	c.dialog = NULL;
	dialog_finish(d);
}

/* What was asked about is acknowledged, whatever became of the head and the marks meanwhile. */
static void acknowledging_a_head_takes_what_was_asked(void **state)
{
	struct err err = { 0 };
	forget();
	begin(GROUPS);
	struct row *web = add("web", "nginx", HEALTH_BAD);
	struct row *db = add("db", "postgres", HEALTH_BAD);
	struct row *pi = add("pi", "ntfy", HEALTH_BAD);
	pane_focus(&c, PANE_CONTAINERS);
	press("pane-fold-all");
	lines_of(PANE_CONTAINERS);
	struct table *t = pane_focused(&c)->table;
	table_move(t, TABLE_FIRST);
	/* one is set aside already: the others follow, and nothing comes back */
	assert_true(need_quiet(db, QUIET_ACKNOWLEDGED, 0, &err));
	press("row-acknowledge");
	assert_string_equal(dialog_title(c.dialog), "Acknowledge what needs you under @prod?");
	table_mark(t, pi->id, true);
	answer_yes();
	assert_int_equal(web->need, NEED_QUIET);
	assert_int_equal(db->need, NEED_QUIET);
	assert_int_equal(pi->need, NEED_STANDS);
	table_marks_clear(t);
	press("row-acknowledge");
	assert_null(c.dialog);
	assert_non_null(strstr(c.flash, "nothing needs you among @prod"));
	/* the head empties while the box is open: the next one is not taken */
	assert_true(need_wake(web, &err));
	lines_of(PANE_CONTAINERS);
	table_move(t, TABLE_FIRST);
	press("row-acknowledge");
	store_row_remove(web);
	store_row_remove(db);
	assert_string_equal(lines_of(PANE_CONTAINERS), "@home");
	answer_yes();
	assert_int_equal(pi->need, NEED_STANDS);
	/* with marks the question names them */
	table_mark(t, pi->id, true);
	press("row-acknowledge");
	assert_string_equal(dialog_title(c.dialog),
	                    "Acknowledge the marked row?");
	answer_yes();
	assert_int_equal(pi->need, NEED_QUIET);
	/* the state folder is also that of the other tests */
	assert_true(need_wake(pi, &err));
	assert_true(need_keep(c.store, &err));
	end();
}

static void marks_go_through_a_head(void **state)
{
	forget();
	begin(GROUPS);
	add("web", "nginx", HEALTH_GOOD);
	add("db", "postgres", HEALTH_GOOD);
	add("pi", "ntfy", HEALTH_GOOD);
	pane_focus(&c, PANE_CONTAINERS);
	press("pane-fold-all");
	lines_of(PANE_CONTAINERS);
	struct table *t = pane_focused(&c)->table;
	table_move(t, TABLE_FIRST);
	press("row-mark");
	assert_int_equal(table_marks(t, NULL, 0), 2);
	assert_true(table_marked(t, "web/container/nginx"));
	assert_true(table_row_marked(t, c.panes[PANE_CONTAINERS].rows[0]));
	assert_false(table_row_marked(t, c.panes[PANE_CONTAINERS].rows[1]));
	press("row-mark-all");
	assert_int_equal(table_marks(t, NULL, 0), 3);
	press("row-mark-all");
	assert_int_equal(table_marks(t, NULL, 0), 0);
	end();
}

static void a_jump_opens_the_head(void **state)
{
	forget();
	begin(GROUPS);
	add("web", "nginx", HEALTH_BAD);
	add("pi", "ntfy", HEALTH_BAD);
	pane_focus(&c, PANE_CONTAINERS);
	press("pane-fold-all");
	pane_focus(&c, PANE_NEEDS);
	press("pane-fold-all");
	assert_string_equal(lines_of(PANE_NEEDS), "@prod @home");
	assert_string_equal(says(PANE_NEEDS, 0), "+ @prod  1 needs you");
	assert_true(console_goto(&c, "web/container/nginx"));
	assert_string_equal(lines_of(PANE_CONTAINERS), "@prod nginx @home");
	/* the next need steps over heads, and opens what hides it */
	press("needs-next");
	assert_string_equal(c.needs_at, "web/container/nginx");
	press("needs-next");
	assert_string_equal(c.needs_at, "pi/container/ntfy");
	press("needs-next");
	assert_string_equal(c.needs_at, "web/container/nginx");
	end();
}

static void a_restart_finds_it_folded(void **state)
{
	forget();
	begin(GROUPS);
	pane_focus(&c, PANE_FLEET);
	press("pane-fold-all");
	lines_of(PANE_FLEET);
	table_move(pane_focused(&c)->table, TABLE_FIRST);
	press("row-open");
	end();
	begin(GROUPS);
	assert_string_equal(lines_of(PANE_FLEET), "@prod db web @home @");
	/* tags of another configuration: what is closed and known stays closed */
	end();
	begin("[server pi]\ntags = home\n[server old]\ntags = new\n");
	assert_string_equal(lines_of(PANE_FLEET), "@home @new old @");
	pane_focus(&c, PANE_FLEET);
	press("pane-fold-all");
	press("pane-fold-all");
	assert_null(c.panes[PANE_FLEET].fold);
	end();
	begin(GROUPS);
	assert_string_equal(lines_of(PANE_FLEET), "db old pi web");
	end();
}

static void without_tags_it_says_how(void **state)
{
	forget();
	begin("");
	pane_focus(&c, PANE_FLEET);
	press("pane-fold");
	assert_non_null(strstr(c.flash, "No server has a tag"));
	assert_null(c.panes[PANE_FLEET].fold);
	end();
	begin(GROUPS);
	pane_focus(&c, (size_t)(pane_of_kind(&c, &kind_session) - c.panes));
	press("pane-fold-all");
	assert_non_null(strstr(c.flash, "cannot be grouped by tag"));
	assert_null(pane_focused(&c)->fold);
	end();
}

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	setenv("XDG_STATE_HOME", dir, 1);
	return 0;
}

static int remove_dir(void **state)
{
	char *command = xasprintf("rm -rf %s", dir);
	int r = system(command);
	free(command);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_stand_under_the_first_tag),
		cmocka_unit_test(heads_are_drawn),
		cmocka_unit_test(a_head_counts),
		cmocka_unit_test(an_action_takes_all_and_asks),
		cmocka_unit_test(an_action_without_a_question_asks_on_a_head),
		cmocka_unit_test(acknowledging_a_head_takes_what_was_asked),
		cmocka_unit_test(marks_go_through_a_head),
		cmocka_unit_test(a_jump_opens_the_head),
		cmocka_unit_test(a_restart_finds_it_folded),
		cmocka_unit_test(without_tags_it_says_how),
	};
	return cmocka_run_group_tests_name("fold", tests, make_dir, remove_dir);
}
