/* The files of the state folder: others' files are refused. Two processes at once lose nothing, nor
 * does a full disk. A process that is killed at any system call leaves the old text or the new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "tui/lineedit.h"

static char dir[] = "/tmp/mocr-state-XXXXXX";
static char path[64];

static int fresh(void **state)
{
	snprintf(path, sizeof(path), "%s/file", dir);
	unlink(path);
	return 0;
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char *command = xasprintf("rm -rf %s", dir);
	int r = system(command);
	free(command);
	return r;
}

static void put(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

static char *whole(void)
{
	char *text = state_read(path, 1u << 20, NULL, NULL);
	assert_non_null(text);
	return text;
}

static void is_whole(const char *wanted)
{
	char *text = whole();
	assert_string_equal(text, wanted);
	free(text);
}

/* --- whose it is --------------------------------------------------------- */

static void refused(const char *words)
{
	struct err err = { 0 };
	assert_null(state_read(path, 100, NULL, &err));
	assert_non_null(strstr(err.text, words));
	err_clear(&err);
	assert_false(state_write(path, "x", 1, &err));
	assert_non_null(strstr(err.text, words));
	bool first = !state_waiting();
	assert_false(state_append(path, "x\n", false, &err));
	assert_true(first ? strstr(err.text, words) != NULL : err.code == ERR_NONE);
}

static void test_files_of_others_are_refused(void **state)
{
	char other[80];
	snprintf(other, sizeof(other), "%s/target", dir);
	assert_int_equal(symlink(other, path), 0);
	refused("is a link");
	assert_int_equal(access(other, F_OK), -1);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused("not a plain file");
	unlink(path);
	put("theirs\n", 0666);
	refused("can be written by other users");
	put("ours\n", 0644);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, -1), 0);
		refused("belongs to user 12345");
		assert_int_equal(chown(path, 0, -1), 0);
	}
	unlink(path);
	assert_true(state_flush()); /* what waited goes into a file of our own */
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_only_the_end_is_read(void **state)
{
	size_t len;
	put("first\nsecond\nthird\n", 0600);
	char *text = state_read(path, 10, &len, NULL);
	assert_string_equal(text, "third\n");
	assert_int_equal(len, 6);
	free(text);
}

/* A part that was read would be written back as the whole. A file of sysfs says that it has 4096
 * bytes, and gives fewer. Where there is no sysfs, or another user runs this, nothing is tested. */
static void test_a_part_is_not_taken_for_the_whole(void **state)
{
	static const char shorter[] = "/sys/kernel/uevent_seqnum";
	struct err err = { 0 };
	if (geteuid() != 0 || access(shorter, R_OK) != 0)
		return;
	assert_null(state_read(shorter, 1u << 20, NULL, &err));
	assert_non_null(strstr(err.text, "cannot be read: it became shorter meanwhile"));
}

static void test_half_a_line_swallows_nothing(void **state)
{
	put("one\nhal", 0600);
	assert_true(state_append(path, "two\n", true, NULL));
	is_whole("one\nhal\ntwo\n");
}

/* --- several at once ----------------------------------------------------- */

#define PROCESSES 4
#define LINES 60

static bool one_more(const char *old, size_t len, struct buf *out, void *arg)
{
	buf_add(out, old, len);
	buf_puts(out, arg);
	return true;
}

static void hammer(int who, bool update)
{
	char line[80];
	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line),
		         "process %d says %d and a little more, so that it is long\n", who, i);
		/* A lock that is busy for a second is given up, which happens on a busy machine.
		 * An update is then made again. A line waits in memory and is flushed. */
		bool good = update ? state_update(path, 1u << 20, one_more, line, NULL)
		                   : state_append(path, line, false, NULL);
		for (int tries = 0; !good && tries < 30; tries++)
			good = update ? state_update(path, 1u << 20, one_more, line, NULL)
			              : state_flush();
		if (!good)
			_exit(1);
	}
	_exit(0);
}

static void all_hammer(bool some_update)
{
	int status;
	for (int who = 0; who < PROCESSES; who++)
		if (fork() == 0)
			hammer(who, some_update && who % 2);
	for (int who = 0; who < PROCESSES; who++) {
		wait(&status);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	char *text = whole(), line[80];
	size_t lines = 0;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, PROCESSES * LINES);
	for (int who = 0; who < PROCESSES; who++)
		for (int i = 0; i < LINES; i++) {
			snprintf(line, sizeof(line),
			         "process %d says %d and a little more, so that it is long\n", who,
			         i);
			assert_non_null(strstr(text, line));
		}
	free(text);
}

static void test_lines_of_many_processes(void **state)
{
	all_hammer(false);
}

static void test_lines_and_whole_files_of_many_processes(void **state)
{
	all_hammer(true);
}

static void test_histories_of_two_consoles_are_merged(void **state)
{
	struct history *a = history_create(10), *b = history_create(10), *c = history_create(10);
	put("before\n", 0600);
	assert_true(history_load(a, path));
	assert_true(history_load(b, path));
	history_add(a, "typed in a");
	history_add(b, "typed in b");
	assert_true(history_save(a, path, NULL));
	assert_true(history_save(b, path, NULL));
	assert_true(history_save(b, path, NULL)); /* nothing new: nothing twice */
	assert_true(history_load(c, path));
	assert_int_equal(history_count(c), 3);
	assert_string_equal(history_get(c, 0), "typed in b");
	assert_string_equal(history_get(c, 1), "typed in a");
	history_destroy(a);
	history_destroy(b);
	history_destroy(c);
}

/* --- a full disk --------------------------------------------------------- */

/* In a child: a small disk of its own, or a limit on the size of files where no disk can be
 * mounted. */
static void fill(char *filler, struct rlimit *limit)
{
	static char block[4096];
	snprintf(filler, 80, "%s/filler", dir);
	if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("small", dir, "tmpfs", 0, "size=32k,mode=0700") == 0) {
		assert_true(state_append(path, "before\n", true, NULL));
		int fd = open(filler, O_WRONLY | O_CREAT, 0600);
		while (write(fd, block, sizeof(block)) > 0)
			;
		close(fd);
		/* the page of the file itself has room left */
		fd = open(path, O_WRONLY | O_APPEND);
		while (write(fd, "x", 1) == 1)
			;
		close(fd);
		return;
	}
	assert_true(state_append(path, "before\n", true, NULL));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, limit);
	/* two bytes of the next line fit */
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 9, limit->rlim_max });
	*filler = '\0';
}

static void fill_and_free(void)
{
	char filler[80];
	struct rlimit limit;
	struct err err = { 0 };
	fill(filler, &limit);
	assert_false(state_append(path, "one\n", true, &err));
	assert_non_null(strstr(err.text, "cannot be written"));
	assert_non_null(strstr(err.text, "kept in memory"));
	assert_false(state_append(path, "two\n", true, &err));
	assert_int_equal(err.code, ERR_NONE); /* told once */
	char *before = whole(), *after;
	assert_null(strstr(before, "one"));
	err_clear(&err);
	assert_false(state_write(path, "a new text that is longer\n", 26, &err));
	assert_non_null(strstr(err.text, "cannot be written"));
	after = whole();
	assert_string_equal(after, before); /* the old text stays */
	assert_true(state_waiting());
	if (*filler)
		unlink(filler);
	else
		setrlimit(RLIMIT_FSIZE, &limit);
	assert_true(state_append(path, "three\n", true, NULL));
	char *at_last = whole();
	assert_non_null(strstr(at_last, "\none\ntwo\nthree\n"));
	assert_int_equal(strncmp(at_last, "before\n", 7), 0);
	assert_false(state_waiting());
	free(before);
	free(after);
	free(at_last);
}

static void test_a_full_disk_loses_nothing(void **state)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		fill_and_free();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* --- killed at every system call ----------------------------------------- */

static void write_whole(void)
{
	state_write(path, "the new text, which is longer than the old one\n", 47, NULL);
}

static void change_whole(void)
{
	state_update(path, 1u << 20, one_more, (char *)"more\n", NULL);
}

static void append_line(void)
{
	state_append(path, "a line\n", true, NULL);
}

/* Runs work and kills it when it is about to make its n-th system call. False: it made fewer. */
static bool killed_at(void (*work)(void), int n)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		work();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	for (int stops = 0; stops < n; stops++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status))
			return false;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return true;
}

static int kill_everywhere(void (*work)(void), const char *old, const char *new)
{
	int at = 1, olds = 0;
	for (bool on = true; on; at++) {
		put(old, 0600);
		on = killed_at(work, at);
		char *text = whole();
		bool is_old = strcmp(text, old) == 0;
		if (!is_old)
			assert_string_equal(text, new);
		olds += is_old;
		free(text);
		/* no lock is left behind */
		assert_true(state_append(path, "next\n", false, NULL));
	}
	assert_true(olds > 0 && olds < at - 1); /* it was seen both ways */
	return at;
}

static void test_killed_at_every_system_call(void **state)
{
	assert_true(kill_everywhere(write_whole, "the old text\n",
	                            "the new text, which is longer than the old one\n") > 10);
	assert_true(kill_everywhere(change_whole, "the old text\n", "the old text\nmore\n") > 10);
	assert_true(kill_everywhere(append_line, "the old text\n", "the old text\na line\n") > 10);
	assert_true(kill_everywhere(append_line, "the old text\nhal",
	                            "the old text\nhal\na line\n") > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_files_of_others_are_refused, fresh),
		cmocka_unit_test_setup(test_only_the_end_is_read, fresh),
		cmocka_unit_test_setup(test_a_part_is_not_taken_for_the_whole, fresh),
		cmocka_unit_test_setup(test_half_a_line_swallows_nothing, fresh),
		cmocka_unit_test_setup(test_lines_of_many_processes, fresh),
		cmocka_unit_test_setup(test_lines_and_whole_files_of_many_processes, fresh),
		cmocka_unit_test_setup(test_histories_of_two_consoles_are_merged, fresh),
		cmocka_unit_test_setup(test_a_full_disk_loses_nothing, fresh),
		cmocka_unit_test_setup(test_killed_at_every_system_call, fresh),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
