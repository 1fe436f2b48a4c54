/* test_remember.c: what one console leaves to the next: places, and rows that are shown and never
 * counted, until something live replaces them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/containers/container.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/services/unit.h"
#include "backends/sessions/session.h"
#include "backends/store/settings.h"
#include "backends/vitals/vitals.h"
#include "tui/console_internal.h"
#include "tui/fold.h"
#include "tui/remember.h"

static char dir[] = "/tmp/mocr-remember-XXXXXX";
static struct settings *settings;
static struct console c;

static void begin(void)
{
	memset(&c, 0, sizeof(c));
	settings = settings_load(NULL, NULL);
	c.loop = loop_create();
	c.store = store_create(c.loop, NULL, settings);
	c.settings = settings;
	panes_init(&c);
	store_set_hooks(c.store, &(struct store_hooks){ .gone = panes_row_gone, .arg = &c });
	server_open_replay(c.store, "sese");
	server_open_replay(c.store, "pi");
}

static void end(bool save)
{
	if (save)
		remember_save(&c);
	store_set_hooks(c.store, &(struct store_hooks){ 0 });
	panes_finish(&c);
	remember_finish(&c);
	store_destroy(c.store);
	loop_destroy(c.loop);
	settings_destroy(settings);
}

static char *file_text(void)
{
	char path[96], *text = xcalloc(1, 1 << 16);
	snprintf(path, sizeof(path), "%s/mocr/last", dir);
	FILE *f = fopen(path, "r");
	if (f) {
		size_t n = fread(text, 1, (1 << 16) - 1, f);
		text[n] = '\0';
		fclose(f);
	}
	return text;
}

static struct row *add(const char *server, const char *source, const struct kind *kind,
                       const char *name)
{
	struct source *s = server_source(store_server_find(c.store, server), source);
	struct err none = { 0 };
	source_set_state(s, SOURCE_LIVE, &none);
	s->fresh_ms = now_wall_ms();
	struct row *r = store_row(s, kind, name, name);
	store_row_health(r, HEALTH_BAD, now_wall_ms(), "API_TOKEN=not-for-the-disk was refused");
	return r;
}

/* A console that knew two containers, a unit and a session, and was left in the services. */
static void leave_one(void)
{
	begin();
	remember_start(&c);
	struct row *web = add("sese", "docker", &kind_container, "web");
	((struct container *)web)->image = xstrdup("nginx:1");
	add("pi", "docker", &kind_container, "db");
	add("pi", "systemd", &kind_unit, "caddy.service");
	add("pi", "systemd", &kind_unit, "later.service");
	struct row *ses = add("pi", "sessions", &kind_session, "ses_1");
	xreplace(&ses->name, "words-of-a-person");
	store_row_health(ses, HEALTH_ASKS, now_wall_ms(), "may I run words-of-a-person?");
	ROW_AS(session, ses)->directory = xstrdup("/srv/api");
	ROW_AS(session, ses)->shown = SESSION_PERMISSION;
	struct server *up = store_server_find(c.store, "sese");
	up->link->state = LINK_UP;
	up->vitals = xcalloc(1, sizeof(*up->vitals));
	*up->vitals = (struct vitals){ .load1 = 1.25, .cpu = 40, .uptime_s = -1, .worst_disk = -1 };
	struct err none = { 0 };
	source_set_state(server_source(up, "vitals"), SOURCE_LIVE, &none);
	pane_focus(&c, PANE_SERVICES);
	pane_set_filter(&c, pane_focused(&c), "service");
	panes_refresh(&c);
	assert_true(table_seek(pane_focused(&c)->table, "pi/unit/later.service"));
	pane_focused(&c)->moved = true;
	c.hosts_later = true;
	end(true);
}

static size_t rows_of(size_t index)
{
	panes_refresh(&c);
	pane_refresh(&c, &c.panes[index]);
	return c.panes[index].n;
}

static void places_and_rows_come_back(void **state)
{
	struct cell cell = { 0 };
	size_t asks;
	int64_t at = 0;
	leave_one();
	begin();
	remember_start(&c);
	assert_int_equal(c.focus, PANE_SERVICES);
	assert_true(c.hosts_later);
	assert_string_equal(pane_focused(&c)->filter, "service");
	assert_int_equal(rows_of(PANE_SERVICES), 2);
	assert_string_equal(table_cursor_id(pane_focused(&c)->table), "pi/unit/later.service");
	assert_int_equal(rows_of(PANE_CONTAINERS), 2);
	/* shown, and nothing more */
	assert_int_equal(store_count(c.store, &kind_container, NULL), 0);
	assert_int_equal(store_needs_count(c.store, &asks), 0);
	assert_int_equal(c.panes[PANE_CONTAINERS].total, 0);
	assert_int_equal(c.panes[PANE_CONTAINERS].remembered, 2);
	assert_int_equal(rows_of(PANE_NEEDS), 5);
	assert_int_equal(c.panes[PANE_NEEDS].total, 0);
	assert_null(console_row(&c));
	const struct row *r = c.panes[PANE_CONTAINERS].rows[0];
	assert_true(row_is_remembered(r, &at));
	assert_true(at > now_wall_ms() - 60000 && at <= now_wall_ms());
	assert_true(row_stale(r, &at));
	for (size_t i = 0; panels[PANE_CONTAINERS]->columns[i].name; i++) {
		cell = (struct cell){ 0 };
		row_cell(panels[PANE_CONTAINERS], &panels[PANE_CONTAINERS]->columns[i], r, &cell);
		if (!strcmp(panels[PANE_CONTAINERS]->columns[i].name, "image"))
			break;
	}
	assert_true(!strcmp(cell.text, "nginx:1") || !strcmp(r->name, "db"));
	end(false);
}

static const char *cell_of(size_t index, const char *id, const char *column)
{
	static struct cell cell;
	const struct panel *p = c.panes[index].panel;
	rows_of(index);
	cell = (struct cell){ 0 };
	for (size_t i = 0; i < c.panes[index].n; i++)
		for (size_t k = 0; p->columns[k].name; k++)
			if (!strcmp(c.panes[index].rows[i]->id, id) &&
			    !strcmp(p->columns[k].name, column))
				row_cell(p, &p->columns[k], c.panes[index].rows[i], &cell);
	return cell.text;
}

/* A server's own row is live: its cells say what they said, until there is something else. */
static void cells_of_servers_come_back(void **state)
{
	int64_t at = 0;
	leave_one();
	begin();
	remember_start(&c);
	struct server *v = store_server_find(c.store, "sese");
	v->link->state = LINK_CONNECTING;
	assert_int_equal(rows_of(PANE_FLEET), 2);
	assert_false(row_is_remembered(&v->row, NULL));
	assert_true(remember_of_server(v, &at));
	assert_true(row_stale(&v->row, &at) && at > now_wall_ms() - 60000);
	assert_string_equal(cell_of(PANE_FLEET, "sese/server/sese", "load"), "1.25");
	assert_string_equal(cell_of(PANE_FLEET, "sese/server/sese", "cpu"), "40");
	assert_string_equal(cell_of(PANE_FLEET, "sese/server/sese", "link"), "connecting");
	/* pi was known, too, by its rows; nothing was measured there */
	assert_string_equal(cell_of(PANE_FLEET, "pi/server/pi", "load"), "-");
	/* one answer: what is still unknown stays until all have been asked */
	v->link->state = LINK_UP;
	add("sese", "docker", &kind_container, "new");
	assert_false(row_stale(&v->row, &at));
	assert_string_equal(cell_of(PANE_FLEET, "sese/server/sese", "load"), "1.25");
	struct err none = { 0 };
	for (struct source *s = v->sources; s; s = s->next)
		if (s->state == SOURCE_WAITING)
			source_set_state(s, SOURCE_ABSENT, &none);
	assert_string_equal(cell_of(PANE_FLEET, "sese/server/sese", "load"), "-");
	end(false);
}

/* Of needs and sessions: the state, and not what people and agents said. */
static void needs_and_sessions_come_back(void **state)
{
	size_t sessions;
	leave_one();
	begin();
	remember_start(&c);
	sessions = (size_t)(pane_of_kind(&c, &kind_session) - c.panes);
	assert_int_equal(rows_of(sessions), 1);
	assert_string_equal(cell_of(sessions, "pi/session/ses_1", "title"), "api");
	assert_string_equal(cell_of(sessions, "pi/session/ses_1", "status"), "permission");
	assert_string_equal(cell_of(sessions, "pi/session/ses_1", "directory"), "/srv/api");
	assert_string_equal(cell_of(sessions, "pi/session/ses_1", "asks"), "");
	assert_string_equal(cell_of(PANE_NEEDS, "pi/session/ses_1", "name"), "api");
	assert_string_equal(cell_of(PANE_NEEDS, "pi/session/ses_1", "why"), "permission");
	assert_string_equal(cell_of(PANE_NEEDS, "sese/container/web", "name"), "web");
	assert_string_equal(cell_of(PANE_NEEDS, "sese/container/web", "enter"), "");
	/* what asks comes first, as it did */
	assert_string_equal(c.panes[PANE_NEEDS].rows[0]->id, "pi/session/ses_1");
	assert_ptr_equal(c.panes[PANE_NEEDS].rows[0]->kind, &kind_session);
	/* they are of last time: no step takes them */
	const struct action *next = console_action_find("needs-next");
	c.action = next;
	next->show(&c);
	assert_string_equal(c.flash, "Nothing needs you.");
	/* a live one replaces that of its row, and all of its source */
	add("pi", "systemd", &kind_unit, "caddy.service");
	rows_of(PANE_NEEDS);
	assert_int_equal(c.panes[PANE_NEEDS].remembered, 3);
	end(true);
	begin();
	remember_start(&c);
	assert_int_equal(rows_of(sessions), 1);
	assert_string_equal(cell_of(sessions, "pi/session/ses_1", "title"), "api");
	end(false);
}

/* A row of last time carries no mark. Neither does a head over such rows. */
static void rows_of_last_time_carry_no_mark(void **state)
{
	leave_one();
	begin();
	remember_start(&c);
	struct pane *p = &c.panes[PANE_CONTAINERS];
	assert_int_equal(rows_of(PANE_CONTAINERS), 2);
	assert_false(table_row_marked(p->table, p->rows[0]));
	table_mark_shown(p->table);
	assert_int_equal(table_marks(p->table, NULL, 0), 0);
	fold_read(p, ""); /* nothing has a tag: one head over both */
	panes_dirty(&c);
	assert_int_equal(rows_of(PANE_CONTAINERS), 3);
	assert_true(row_is_head(p->rows[0]));
	assert_false(table_row_marked(p->table, p->rows[0]));
	/* beside a live row only that one counts */
	add("sese", "docker", &kind_container, "new");
	assert_int_equal(rows_of(PANE_CONTAINERS), 3);
	assert_false(table_row_marked(p->table, p->rows[0]));
	table_mark_shown(p->table);
	assert_int_equal(table_marks(p->table, NULL, 0), 1);
	assert_true(table_row_marked(p->table, p->rows[0]));
	assert_true(table_row_marked(p->table, p->rows[1]));
	assert_true(row_is_remembered(p->rows[2], NULL));
	assert_false(table_row_marked(p->table, p->rows[2]));
	table_mark_shown(p->table);
	assert_int_equal(table_marks(p->table, NULL, 0), 0);
	end(false);
}

static void something_live_replaces_them(void **state)
{
	leave_one();
	begin();
	remember_start(&c);
	assert_int_equal(rows_of(PANE_CONTAINERS), 2);
	add("sese", "docker", &kind_container, "new"); /* web is no longer there */
	assert_int_equal(rows_of(PANE_CONTAINERS), 2);
	assert_string_equal(c.panes[PANE_CONTAINERS].rows[0]->name, "new");
	assert_false(row_is_remembered(c.panes[PANE_CONTAINERS].rows[0], NULL));
	assert_string_equal(c.panes[PANE_CONTAINERS].rows[1]->name, "db");
	assert_int_equal(c.panes[PANE_CONTAINERS].remembered, 1);
	struct err none = { 0 }, stopped;
	struct source *docker = server_source(store_server_find(c.store, "pi"), "docker");
	err_set(&stopped, ERR_ABSENT, "Docker on pi is stopped");
	source_set_state(docker, SOURCE_FAILED, &stopped); /* it never answered: still the last */
	assert_int_equal(rows_of(PANE_CONTAINERS), 2);
	docker->fresh_ms = now_wall_ms(); /* it answered, without that row */
	panes_dirty(&c);
	assert_int_equal(rows_of(PANE_CONTAINERS), 1);
	source_set_state(docker, SOURCE_ABSENT, &none);
	assert_int_equal(rows_of(PANE_CONTAINERS), 1);
	end(true);
	/* the unit of pi, which did not answer this time, is still the last that is known */
	begin();
	remember_start(&c);
	assert_int_equal(rows_of(PANE_CONTAINERS), 1);
	pane_set_filter(&c, &c.panes[PANE_SERVICES], "");
	assert_int_equal(rows_of(PANE_SERVICES), 2);
	end(false);
}

static void rows_of_a_closed_server_go(void **state)
{
	leave_one();
	begin();
	remember_start(&c);
	assert_int_equal(rows_of(PANE_CONTAINERS), 2);
	server_close(store_server_find(c.store, "pi"));
	assert_int_equal(rows_of(PANE_CONTAINERS), 1);
	assert_string_equal(c.panes[PANE_CONTAINERS].rows[0]->name, "web");
	assert_int_equal(rows_of(PANE_SERVICES), 0);
	end(false);
}

static void nothing_secret_is_in_the_file(void **state)
{
	char path[96];
	struct stat st;
	leave_one();
	char *text = file_text();
	assert_non_null(strstr(text, "\tpi/unit/caddy.service\t"));
	assert_non_null(strstr(text, "API_TOKEN=******"));
	assert_null(strstr(text, "not-for-the-disk"));
	assert_null(strstr(text, "words-of-a-person"));
	assert_non_null(strstr(text, "\tpi/session/ses_1\tapi\tasks\t"));
	free(text);
	snprintf(path, sizeof(path), "%s/mocr/last", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void remember_no_keeps_nothing(void **state)
{
	char path[96];
	leave_one();
	begin();
	settings->remember = false;
	remember_start(&c);
	assert_int_equal(c.focus, 0);
	assert_int_equal(rows_of(PANE_CONTAINERS), 0);
	snprintf(path, sizeof(path), "%s/mocr/last", dir);
	unlink(path);
	end(true);
	assert_int_equal(access(path, F_OK), -1);
}

/* Whatever is in the file: no crash, no byte that moves the cursor. */
static void a_broken_file_does_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"mocr-last 2\nplace\tservices\tvpn\t\t\t\n",
		/* in brackets, so that clang sees no comma missing */
		("mocr-last 1\nplace\nplace\tnosuch\tnosuch\tnosuch\tzoom\thidden\nrow\ncolumns\n"
		"columns\tnosuch\nrow\tpi\ta\tb\tc\td\te\tf\tg\ncolumns\tcontainers\tnosuch\tname\n"
		"row\tnosuch\ta\tb\tc\td\te\tf\tg\n\t\t\t\npane\tneeds\tproblems\t\t\t\t\n"),
		("mocr-last 1\ncolumns\tcontainers\tname\tstate\n"
		"row\tpi\tpi/container/x\tx\tnosuch\tdocker\tlong ago\t\t\t\x1b[2Jx\n"),
	};
	char path[96];
	snprintf(path, sizeof(path), "%s/mocr/last", dir);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct cell cell = { 0 };
		begin();
		FILE *f = fopen(path, "w");
		fputs(texts[i], f);
		fclose(f);
		chmod(path, 0600);
		remember_start(&c);
		assert_int_equal(c.focus, 0);
		assert_int_equal(rows_of(PANE_CONTAINERS), i == 3);
		for (size_t k = 0; i == 3 && panels[PANE_CONTAINERS]->columns[k].name; k++) {
			row_cell(panels[PANE_CONTAINERS], &panels[PANE_CONTAINERS]->columns[k],
			         c.panes[PANE_CONTAINERS].rows[0],
			         &cell);
			assert_null(strchr(cell.text, 27));
		}
		if (i == 3) { /* no action takes it, so no mark holds it */
			table_mark_toggle(c.panes[PANE_CONTAINERS].table);
			table_mark_shown(c.panes[PANE_CONTAINERS].table);
			assert_int_equal(table_marks(c.panes[PANE_CONTAINERS].table, NULL, 0), 0);
		}
		end(true);
	}
}

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	setenv("XDG_STATE_HOME", dir, 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
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
		cmocka_unit_test(places_and_rows_come_back),
		cmocka_unit_test(cells_of_servers_come_back),
		cmocka_unit_test(needs_and_sessions_come_back),
		cmocka_unit_test(rows_of_last_time_carry_no_mark),
		cmocka_unit_test(something_live_replaces_them),
		cmocka_unit_test(rows_of_a_closed_server_go),
		cmocka_unit_test(nothing_secret_is_in_the_file),
		cmocka_unit_test(remember_no_keeps_nothing),
		cmocka_unit_test(a_broken_file_does_nothing),
	};
	return cmocka_run_group_tests_name("remember", tests, make_dir, remove_dir);
}
