/* The configuration file: what its sections become, and what is said of wrong ones. */
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

#include "backends/base/err.h"
#include "backends/base/mem.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"

static char home[] = "/tmp/mocr-settings-XXXXXX";
static char path[128];
static struct doc complaints;

static struct settings *load(const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	doc_init(&complaints);
	return settings_load(path, &complaints);
}

static void end(struct settings *s)
{
	settings_destroy(s);
	doc_finish(&complaints);
}

static void expect_complaints(const char *const *expected, size_t n)
{
	for (size_t i = 0; i < complaints.n && i < n; i++)
		if (!strstr(complaints.lines[i].text, expected[i]))
			fail_msg("expected \"%s\", got \"%s\"", expected[i],
			         complaints.lines[i].text);
	assert_int_equal(complaints.n, n);
}

/* Every section has its own defaults, keeps the line where it begins, and gives all its memory
 * back. */
static void every_section_is_read(void **state)
{
	static const char *const expected[] = {
		"config:19: [server pi] appears twice, first in line 3",
		"config:23: [keys] has R twice, first in line 22",
	};
	struct settings *s = load("[settings]\n"
	                          "theme = dark\n"
	                          "[server pi]\n"
	                          "units = a b\n"
	                          "[headscale hs]\n"
	                          "url = https://hs.example\n"
	                          "[opencode oc]\n"
	                          "directory = /srv\n"
	                          "[deploy site]\n"
	                          "run = make\n"
	                          "check = unit a\n"
	                          "check = unit b\n"
	                          "[dokploy d]\n"
	                          "url = http://127.0.0.1:3000\n"
	                          "[coolify c]\n"
	                          "url = http://127.0.0.1:8000\n"
	                          "[portal p]\n"
	                          "url = http://127.0.0.1:3001\n"
	                          "[server pi]\n"
	                          "protect = yes\n"
	                          "[keys]\n"
	                          "R = x\n"
	                          "R = y\n");
	expect_complaints(expected, ARRAY_LEN(expected));
	assert_string_equal(s->theme, "dark");
	assert_string_equal(s->servers->units, "a b");
	assert_string_equal(s->servers->sudo, "auto");
	assert_true(s->servers->protect);
	assert_int_equal(s->servers->line, 3);
	assert_null(s->servers->next);
	assert_string_equal(s->headscales->name, "hs");
	assert_int_equal(s->headscales->line, 6); /* made by its first key */
	assert_string_equal(s->opencodes->user, "opencode");
	assert_string_equal(s->deploys->check, "unit a\nunit b");
	assert_int_equal(s->deploys->within, 60);
	assert_string_equal(s->dokploys->stack_prefix, "ai-stack-");
	assert_string_equal(s->coolifys->url, "http://127.0.0.1:8000");
	assert_string_equal(s->portals->name, "p");
	assert_int_equal(s->portals->line, 17);
	assert_string_equal(s->keys->next->action, "y");
	end(s);
}

/* What is kept of a name differs from what was written; all keys belong to one section all the
 * same. */
static void a_name_that_changes_makes_one_section(void **state)
{
	static const char *const expected[] = {
		"config:3: [deploy a b]: a name has letters",
		"config:6: [server a/b] appears twice, first in line 1",
	};
	struct settings *s = load(
		"[server a/b]\n"
		"host = x\n"
		"[deploy a b]\n"
		"run = make\n"
		"server = a\n"
		"[server a/b]\n"
		"protect = yes\n"
		"[server a-name-that-is-longer-than-the-49-bytes-that-inih-keeps]\n"
		"host = y\n"
		"protect = yes\n");
	expect_complaints(expected, ARRAY_LEN(expected));
	assert_string_equal(s->servers->name, "a-b");
	assert_string_equal(s->servers->host, "x");
	assert_true(s->servers->protect);
	assert_string_equal(s->deploys->name, "a-b");
	assert_string_equal(s->deploys->server, "a");
	assert_null(s->deploys->next);
	assert_string_equal(s->servers->next->name,
	                    "a-name-that-is-longer-than-the-49-bytes-that-inih-keeps");
	assert_string_equal(s->servers->next->host, "y");
	assert_null(s->servers->next->next);
	end(s);
}

/* An editor's mark at the beginning of the file belongs to no line. Behind it, it is rubbish. */
static void a_mark_of_an_editor_is_passed_over(void **state)
{
	(void)state;
	struct settings *s = load("\xef\xbb\xbf[server a]\nhost = x\n[settings]\ntheme = dark\n");
	expect_complaints(NULL, 0);
	assert_string_equal(s->servers->name, "a");
	assert_string_equal(s->theme, "dark");
	end(s);
	s = load("[server a]\nhost = x\n\xef\xbb\xbf[settings]\ntheme = dark\n");
	assert_true(complaints.n > 0);
	end(s);
}

/* "log:f = ACTION" is a key in a context, with any blanks. The key may be ":" or "=" itself. */
static void a_key_may_name_its_context(void **state)
{
	static const struct {
		const char *line, *key, *action;
	} all[] = {
		{ "f = follow", "f", "follow" },
		{ "f: follow", "f", "follow" },
		{ "log:f = follow", "log:f", "follow" },
		{ "log:f=follow", "log:f", "follow" },
		{ "log:f  =\t follow", "log:f", "follow" },
		{ "details:Ctrl-F = none", "details:Ctrl-F", "none" },
		{ "log:= = wrap", "log:=", "wrap" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char *text = xasprintf("[keys]\n%s\nF12 = last\n", all[i].line);
		struct settings *s = load(text);
		expect_complaints(NULL, 0);
		assert_string_equal(s->keys->key, all[i].key);
		assert_string_equal(s->keys->action, all[i].action);
		assert_int_equal(s->keys->line, 2);
		assert_string_equal(s->keys->next->key, "F12");
		assert_null(s->keys->next->next);
		end(s);
		free(text);
	}
	/* one that is there twice is told with its context; another context is another key */
	static const char *const expected[] = {
		"config:4: [keys] has log:f twice, first in line 2"
	};
	struct settings *s = load("[keys]\nlog:f = a\ntext:f = b\nlog:f = c\n");
	expect_complaints(expected, 1);
	end(s);
}

static void a_heading_is_complained_of_once(void **state)
{
	static const char *const expected[] = {
		"config:1: a Coolify needs a name: [coolify NAME]",
		"config:4: a server needs a name: [server NAME]",
		"config:5: there is no section [settings pi]; did you mean [settings]?",
		"config:8: there is no section [portl x]; did you mean [portal]?",
	};
	struct settings *s = load("[coolify]\n"
	                          "url = http://127.0.0.1\n"
	                          "token_command = x\n"
	                          "[server ]\n"
	                          "[settings pi]\n"
	                          "theme = dark\n"
	                          "local = no\n"
	                          "[portl x]\n"
	                          "url = http://127.0.0.1\n"
	                          "[settings]\n"
	                          "disk_warn = 33\n");
	expect_complaints(expected, ARRAY_LEN(expected));
	assert_null(s->coolifys);
	assert_null(s->servers);
	assert_string_equal(s->theme, "default");
	assert_int_equal(s->disk_warn, 33);
	end(s);
}

static void a_platform_needs_a_url_of_the_right_form(void **state)
{
	static const char *const expected[] = {
		"config:1: [dokploy d] has no url: where it is, as seen",
		("config:2: [coolify c]: url: expected http://HOST:PORT or https://HOST, got "
		 "\"ftp://x\""),
		"config:4: [portal p] has no url: where the portal",
	};
	struct settings *s = load("[dokploy d]\n[coolify c]\nurl = ftp://x\n[portal p]\n");
	expect_complaints(expected, ARRAY_LEN(expected));
	end(s);
}

static void a_tilde_is_the_home(void **state)
{
	static const char *const all[][2] = {
		{ "~", "/h" }, { "~/", "/h/" }, { "~/x", "/h/x" }, { "~x", "~x" }, { "/~", "/~" },
		{ "", "" },    { "x", "x" },    { "//", "//" },    { "/x", "/x" }, { "~~", "~~" },
	};
	char *kept = xstrdup(getenv("HOME"));
	setenv("HOME", "/h", 1);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char *path_there = path_expand(all[i][0]);
		assert_string_equal(path_there, all[i][1]);
		free(path_there);
	}
	unsetenv("HOME");
	char *same = path_expand("~/x");
	assert_string_equal(same, "~/x");
	free(same);
	if (kept)
		setenv("HOME", kept, 1);
	free(kept);
}

/* The limits of a metric are numbers, also negative ones. */
static void limits_of_a_metric_are_numbers(void **state)
{
	static const struct {
		const char *limit;
		bool good;
	} all[] = { { "80", true },   { "0.5", true },  { "-3", true },
		    { "1e3", true },  { "x", false },   { "8x", false },
		    { "inf", false }, { "nan", false }, { "8 0", false } };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char *text = xasprintf("[metric m]\nquery = up\nurl = http://x\nwarn = %s\n",
		                       all[i].limit);
		struct settings *s = load(text);
		static const char *const wanted[] = { "warn: expected a number such as 80 or 0.5" };
		expect_complaints(wanted, !all[i].good);
		end(s);
		free(text);
	}
}

static void blanks_before_a_line_mean_nothing(void **state)
{
	struct settings *s = load("\xef\xbb\xbf[deploy d]\n"
	                          "run = make\n"
	                          "\tserver = x\n"
	                          "  [server y]\n"
	                          "  host = z\n");
	expect_complaints(NULL, 0);
	assert_string_equal(s->deploys->run, "make");
	assert_string_equal(s->deploys->server, "x");
	assert_string_equal(s->servers->name, "y");
	assert_string_equal(s->servers->host, "z");
	end(s);
}

/* Reads the file again and wants the sentence; NULL: new settings. */
static void expect_reload(const struct settings *before, const char *sentence)
{
	struct err err = { 0 };
	struct settings *fresh = settings_reload(before, NULL, &err);
	if ((fresh == NULL) != (sentence != NULL) || (sentence && !strstr(err.text, sentence)))
		fail_msg("expected \"%s\", got \"%s\"", sentence ? sentence : "settings", err.text);
	settings_destroy(fresh);
}

/* A file that is gone, unreadable or half written never becomes the defaults. */
static void bad_files_are_not_taken(void **state)
{
	(void)state;
	struct settings *s = load("[settings]\ndisk_warn = 33\n");
	expect_complaints(NULL, 0);
	expect_reload(s, NULL);
	assert_int_equal(unlink(path), 0);
	expect_reload(s, "the previous configuration stays: ");
	expect_reload(s, "config: cannot be read: No such file or directory");
	assert_int_equal(mkdir(path, 0700), 0);
	expect_reload(s, "config: cannot be read: Is a directory");
	assert_int_equal(rmdir(path), 0);
	static const char *const texts[] = { "[settings]\ndisk_w", "[settings]\ndisk_warn = much\n",
		                             "[settigns]\ndisk_warn = 33\n" };
	static const char *const words[] = { "config:2: ", "config:2: ", "config:1: " };
	for (size_t i = 0; i < 3; i++) {
		FILE *f = fopen(path, "w");
		fputs(texts[i], f);
		fclose(f);
		expect_reload(s, words[i]);
	}
	end(s);
	/* the file of --config stays the file, also when it was not there at the start */
	unlink(path);
	doc_init(&complaints);
	s = settings_load(path, &complaints);
	assert_string_equal(s->file, path);
	expect_reload(s, "cannot be read");
	end(s);
}

static int set_up(void **state)
{
	if (!mkdtemp(home))
		return 1;
	snprintf(path, sizeof(path), "%s/config", home);
	return setenv("HOME", home, 1);
}

static int tear_down(void **state)
{
	char *command = xasprintf("rm -rf '%s'", home);
	int bad = system(command);
	free(command);
	return bad;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_section_is_read),
		cmocka_unit_test(a_name_that_changes_makes_one_section),
		cmocka_unit_test(a_mark_of_an_editor_is_passed_over),
		cmocka_unit_test(a_key_may_name_its_context),
		cmocka_unit_test(a_heading_is_complained_of_once),
		cmocka_unit_test(a_platform_needs_a_url_of_the_right_form),
		cmocka_unit_test(a_tilde_is_the_home),
		cmocka_unit_test(limits_of_a_metric_are_numbers),
		cmocka_unit_test(blanks_before_a_line_mean_nothing),
		cmocka_unit_test(bad_files_are_not_taken),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
