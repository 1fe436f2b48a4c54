/* Foreign words in real shells: each shell that a login may have reads what quote.c made, as sshd
 * would have it read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/tmux.h"
#include "backends/link/preamble.h"
#include "tests/login_shells.h"

static const char *const nasty[] = {
	"",
	"plain",
	"two words",
	" ",
	"it's",
	"''",
	"'",
	"\"",
	"\\",
	"\\\\",
	"a\\",
	"\\'",
	"\\'\\",
	"/a\\' ; touch /tmp/PWNED #",
	"/a\\\\' ; touch /tmp/PWNED #",
	"'; touch /tmp/PWNED #",
	"'\\''; touch /tmp/PWNED; '",
	"!",
	"!!",
	"!x",
	"a!",
	"\\!",
	"'!'",
	"!\n",
	"\n",
	"a\nb",
	"a\\\nb",
	"\n\n",
	"tail\n",
	"\r\n",
	"\t",
	"$HOME",
	"${HOME}",
	"$(id)",
	"`id`",
	"(id)",
	"$status",
	"$argv",
	"~",
	"~root",
	"=",
	"=ls",
	"a=b",
	"A=b",
	"%self",
	"%1",
	"%s",
	"%%",
	"-",
	"-n",
	"--",
	"-e x",
	"*",
	"?",
	"[a-z]*",
	"{a,b}",
	"a{b",
	"<(id)",
	"a;b",
	";",
	"a&b|c>d<e",
	"#x",
	"^a^b",
	"@x",
	"\\n",
	"\\0101",
	"\\c",
	"\\x41",
	"\\u0041",
	"\033[31m",
	"\001\002\037\177",
	"\xff\xfe\x80",
	"\xc3\xa4",
	"\xe2\x80\xa8",
	"\xf0\x9f\x92\xa9",
	"sh -c 'echo \"$1\" \\'\\''x\\'\\'''",
	"eval \"`printf '\\''`\"",
	"exec",
	"end",
	"if",
	"\036mocr\n",
};

static char home[] = "/tmp/mocr-shells-XXXXXX";

/* The standard output of SHELL -c COMMAND, and its exit code. */
static int run(const struct login_shell *s, const char *command, struct buf *out, struct buf *err)
{
	struct shell_run r;
	shell_start(&r, s, home, command, out, err);
	return shell_end(&r);
}

static void must_be(const struct login_shell *s, const char *what, const struct buf *out,
                    const struct buf *want)
{
	if (out->len != want->len || (want->len && memcmp(out->data, want->data, want->len) != 0)) {
		size_t at = 0;
		while (at < out->len && at < want->len && out->data[at] == want->data[at])
			at++;
		print_error("%s: %s: from byte %zu of %zu on it says \"%.40s\", not \"%.40s\"\n",
		            s->name, what, at, want->len, out->data ? out->data + at : "",
		            want->data ? want->data + at : "");
		fail();
	}
}

/* "printf '%s\0' WORDS": wanted is what it has to print. */
static char *script_of(const char *const *words, size_t n, struct buf *want)
{
	struct buf b = { 0 };
	buf_puts(&b, "printf '%s\\0'");
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, " ");
		quote_word(&b, words[i]);
		buf_add(want, words[i], strlen(words[i]) + 1);
	}
	return buf_take(&b);
}

static void each_is_there(void **state)
{
	for (size_t i = 0; i < LOGIN_SHELLS; i++)
		if (!shell_there(&login_shells[i])) {
			print_error("there is no %s; make check installs it\n",
			            login_shells[i].path);
			fail();
		}
}

/* Script, words and exit code come through every login shell. */
static void a_script_passes_every_shell(void **state)
{
	struct buf want = { 0 };
	char *words = script_of(nasty, ARRAY_LEN(nasty), &want),
	     *script = xasprintf("%s; printf '%%s %%s' \"$0\" \"$#\"; exit 7", words);
	char *line = quote_login(script, false);
	buf_puts(&want, "sh 0");
	for (size_t i = 0; i < LOGIN_SHELLS; i++) {
		struct buf out = { 0 }, err = { 0 };
		assert_int_equal(run(&login_shells[i], line, &out, &err), 7);
		must_be(&login_shells[i], "the script", &out, &want);
		must_be(&login_shells[i], "its errors", &err, &(struct buf){ 0 });
		buf_finish(&out);
		buf_finish(&err);
	}
	assert_int_equal(access("/tmp/PWNED", F_OK), -1);
	free(line);
	free(script);
	free(words);
	buf_finish(&want);
}

/* A word that is handed on is read right also where no sh is in between: csh has no way to write a
 * newline. */
static void a_word_passes_every_shell(void **state)
{
	for (size_t i = 0; i < LOGIN_SHELLS; i++) {
		const struct login_shell *s = &login_shells[i];
		const char *words[ARRAY_LEN(nasty)];
		size_t n = 0;
		struct buf want = { 0 }, out = { 0 }, direct = { 0 };
		for (size_t k = 0; k < ARRAY_LEN(nasty); k++)
			if (s->posix_words || !strchr(nasty[k], '\n'))
				words[n++] = nasty[k];
		char *script = script_of(words, n, &want);
		buf_addf(&direct, "/usr/bin/%s", script);
		assert_int_equal(run(s, direct.data, &out, NULL), 0);
		must_be(s, "a word", &out, &want);
		free(script);
		buf_finish(&direct);
		buf_finish(&want);
		buf_finish(&out);
	}
	assert_int_equal(access("/tmp/PWNED", F_OK), -1);
}

/* Scripts within scripts: each level is quoted by the same function. */
static void nested_levels(void **state)
{
	struct buf want = { 0 };
	char *script = script_of(nasty, ARRAY_LEN(nasty), &want);
	for (int level = 0; level < 3; level++) {
		char *outer = quote_command((const char *const[]){ "sh", "-c", script, NULL });
		free(script);
		script = outer;
	}
	char *line = quote_login(script, false);
	for (size_t i = 0; i < LOGIN_SHELLS; i++) {
		struct buf out = { 0 };
		assert_int_equal(run(&login_shells[i], line, &out, NULL), 0);
		must_be(&login_shells[i], "levels of scripts", &out, &want);
		buf_finish(&out);
	}
	free(line);
	free(script);
	buf_finish(&want);
}

static void exit_codes_are_the_scripts(void **state)
{
	static const struct {
		const char *script;
		int code;
	} cases[] = {
		{ "cd /dev/null 2>/dev/null || exit 1; echo done", 1 },
		{ "exit 0", 0 },
		{ "exit 255", 255 },
		{ "no-such-program 2>/dev/null", 127 },
		{ "exec false", 1 },
		{ "", 0 },
		{ "true\n\n# the end\n", 0 },
	};
	for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
		char *line = quote_login(cases[k].script, true);
		for (size_t i = 0; i < LOGIN_SHELLS; i++) {
			struct buf out = { 0 }, err = { 0 };
			assert_int_equal(run(&login_shells[i], line, &out, &err), cases[k].code);
			assert_string_equal(out.data, QUOTE_BEGIN);
			buf_finish(&out);
			buf_finish(&err);
		}
		free(line);
	}
}

/* As long as a word of the kernel may be, and words longer than BSD's csh holds in one. */
static void long_scripts(void **state)
{
	struct buf script = { 0 }, want = { 0 };
	buf_puts(&script, "printf %s ");
	for (size_t i = 0; i < 60000; i++)
		buf_puts(&want, i % 61 ? "x" : " ");
	quote_word(&script, want.data);
	char *line = quote_login(script.data, false);
	for (size_t i = 0; i < LOGIN_SHELLS; i++) {
		struct buf out = { 0 };
		assert_int_equal(run(&login_shells[i], line, &out, NULL), 0);
		must_be(&login_shells[i], "a long word", &out, &want);
		buf_finish(&out);
	}
	free(line);
	buf_finish(&script);
	buf_finish(&want);
}

/* --- start-up files ------------------------------------------------------ */

static void put(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", home, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

#define SH_START                                                                            \
	"echo \"welcome, it's me\"; echo warning >&2; alias printf='echo no' sh='echo no' " \
	"cd='echo no'; cd /; umask 0377; IFS=x; export IFS; set -f\n"

static void start_up_files_break_nothing(void **state)
{
	struct buf want = { 0 };
	char *words = script_of(nasty, ARRAY_LEN(nasty), &want),
	     *script = xasprintf("%s; set -- axb c; [ $# = 2 ] && echo error >&2; exit 7", words);
	char *line = quote_login(script, true);
	put(".zshenv", SH_START "setopt rc_quotes hist_subst_pattern extended_glob ksh_arrays "
	                        "sh_word_split magic_equal_subst\n");
	put(".bashrc", SH_START);
	mkdir(strcat(strcpy((char[64]){ 0 }, home), "/.config"), 0755);
	mkdir(strcat(strcpy((char[64]){ 0 }, home), "/.config/fish"), 0755);
	put(".config/fish/config.fish",
	    "echo \"welcome, it's me\"; echo warning >&2; alias printf='echo no'; alias sh='echo "
	    "no'; cd /; umask 0377; set -gx IFS x\n");
	put(".cshrc", "echo \"welcome, it's me\"; alias printf 'echo no'; alias sh 'echo no'; "
	              "alias cd 'echo no'; umask 0377; setenv IFS x; "
	              "set backslash_quote; set noglob; set prompt='x '; chdir /\n");
	for (size_t i = 0; i < LOGIN_SHELLS; i++) {
		struct buf out = { 0 }, err = { 0 };
		struct preamble before[2] = { 0 };
		assert_int_equal(run(&login_shells[i], line, &out, &err), 7);
		bool reads = strcmp(login_shells[i].name, "dash") != 0 &&
		             strcmp(login_shells[i].name, "ash") != 0;
		/* else the files say nothing, and nothing is tested */
		if ((out.len && out.data[0] == 'w') != reads) {
			print_error("%s: of its start-up files it says \"%.*s\"\n",
			            login_shells[i].name, (int)out.len, out.data ? out.data : "");
			fail();
		}
		buf_consume(&out, preamble_take(&before[0], out.data, out.len));
		buf_consume(&err, preamble_take(&before[1], err.data, err.len));
		must_be(&login_shells[i], "after a start-up file", &out, &want);
		assert_string_equal(err.data, "error\n");
		buf_finish(&out);
		buf_finish(&err);
	}
	free(line);
	free(script);
	free(words);
	buf_finish(&want);
}

/* Whatever pieces it comes in. */
static void what_comes_before_is_taken_away(void **state)
{
	static const char all[] = "\036mo\036\036mocr hello\n" QUOTE_BEGIN "its own " QUOTE_BEGIN
				  "words";
	for (size_t piece = 1; piece < sizeof(all); piece++) {
		struct preamble p = { 0 };
		struct buf out = { 0 };
		for (size_t at = 0; at < sizeof(all) - 1; at += piece) {
			size_t n = sizeof(all) - 1 - at < piece ? sizeof(all) - 1 - at : piece,
			       skip = preamble_take(&p, all + at, n);
			buf_add(&out, all + at + skip, n - skip);
		}
		assert_string_equal(out.data, "its own " QUOTE_BEGIN "words");
		assert_null(p.kept.data);
		buf_finish(&out);
		preamble_finish(&p);
	}
	struct preamble p = { 0 };
	for (int i = 0; i < 10000; i++)
		assert_int_equal(preamble_take(&p, "This account is not available.\n", 31), 31);
	assert_false(p.over);
	assert_memory_equal(p.kept.data, "This account is not available.\n", 31);
	assert_true(p.kept.len <= 8192);
	preamble_finish(&p);
}

/* --- tmux ---------------------------------------------------------------- */

static int in_tmux(const char *words, struct buf *out)
{
	char *command = xasprintf("tmux -S %s/tmux -f /dev/null %s", home, words);
	int code = run(&login_shells[0], command, out, NULL);
	free(command);
	return code;
}

static void tmux_reads_words_as_they_are(void **state)
{
	static const char *const words[] = {
		"fix the bug;",
		";",
		";;",
		"a;b",
		"a\\;",
		"a\\\\;",
		"#",
		"#{session_id};",
		"#(touch /tmp/PWNED)",
		"##x",
		"a#",
		"#[fg=red]",
		"$(id)",
		"-n",
	};
	struct buf out = { 0 };
	assert_int_equal(in_tmux("new-session -d -x 80 -y 24 -s t cat", NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct buf line = { 0 };
		char *name = tmux_name(words[i]), *word = tmux_word(words[i]);
		buf_puts(&line, "new-window -d -t t:9 -n ");
		quote_word(&line, name);
		buf_puts(&line, " -- printf '%s' ");
		quote_word(&line, word);
		buf_puts(&line, " \\; set-option -w -t t:9 @mocr_row ");
		quote_word(&line, word);
		buf_puts(&line, " \\; set-option -w -t t:9 remain-on-exit on");
		assert_int_equal(in_tmux(line.data, NULL), 0);
		buf_clear(&out);
		assert_int_equal(in_tmux("display-message -p -t t:9 '#{window_name}' \\; "
		                         "display-message -p -t t:9 '#{@mocr_row}'",
		                         &out),
		                 0);
		char *want = xasprintf("%s\n%s\n", words[i], words[i]);
		assert_string_equal(out.data, want);
		assert_int_equal(in_tmux("kill-window -t t:9", NULL), 0);
		free(want);
		free(name);
		free(word);
		buf_finish(&line);
	}
	assert_int_equal(access("/tmp/PWNED", F_OK), -1);
	buf_finish(&out);
}

static int make_home(void **state)
{
	return mkdtemp(home) ? 0 : -1;
}

static int drop_home(void **state)
{
	char *command = xasprintf("tmux -S %s/tmux kill-server 2>/dev/null; rm -rf %s", home, home);
	int code = system(command);
	free(command);
	return code;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_there),
		cmocka_unit_test(a_script_passes_every_shell),
		cmocka_unit_test(a_word_passes_every_shell),
		cmocka_unit_test(nested_levels),
		cmocka_unit_test(exit_codes_are_the_scripts),
		cmocka_unit_test(long_scripts),
		cmocka_unit_test(start_up_files_break_nothing),
		cmocka_unit_test(what_comes_before_is_taken_away),
		cmocka_unit_test(tmux_reads_words_as_they_are),
	};
	return cmocka_run_group_tests(tests, make_home, drop_home);
}
