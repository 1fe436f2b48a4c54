/* git.c: the git state of the directories of sessions: branch, worktree, changes, ahead and behind.
 *
 * Asked when the cursor comes to a row or its details open, at most once in GIT_GAP_MS. One command
 * asks for all directories on the screen. At rest nothing runs.
 *
 * Source: git-status(1), porcelain format version 2. The command writes nothing (no optional locks)
 * and starts no monitor that a repository names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/sessions/program.h"

#define GIT_GAP_MS 180000
#define GIT_MS 30000
#define GIT_MAX (256u << 10)
#define GIT_PLACES_MAX 24
#define GIT_LINES "2000" /* changes counted in one directory */

/* Prints "at DIRECTORY", then "work" in a linked worktree, then the lines of git status. Before
 * it, prints "is DIRECTORY", or "gone DIRECTORY" for one that is missing. A file system that hangs
 * holds up only its own directories. */
static const char script[] =
	"LC_ALL=C; export LC_ALL; t=; "
	"timeout 5 true 2>/dev/null && t=\"timeout 5\"; for d; do "
	"$t test -d \"$d\" 2>/dev/null; case $? in 0) printf \"is\\t%s\\n\" \"$d\";; "
	"1) printf \"gone\\t%s\\n\" \"$d\"; continue;; *) continue;; esac; "
	"command -v git >/dev/null 2>&1 || continue; "
	"g=$($t git -C \"$d\" rev-parse --git-dir 2>/dev/null </dev/null) || continue; "
	"printf \"at\\t%s\\n\" \"$d\"; case $g in */worktrees/*) echo work;; esac; "
	"$t git --no-optional-locks -C \"$d\" -c core.fsmonitor=false status --porcelain=v2 "
	"--branch 2>/dev/null </dev/null | head -n " GIT_LINES " | cut -c1-200; done; echo over";

static void git_line(struct session *s, const char *line)
{
	static const char head[] = "# branch.head ", ahead[] = "# branch.ab ";
	if (!strcmp(line, "work")) {
		s->git.worktree = true;
	} else if (!strncmp(line, head, strlen(head))) {
		program_set_washed(&s->git.branch, line + strlen(head));
	} else if (!strncmp(line, ahead, strlen(ahead))) {
		s->git.tracks = true;
		/* "branch.ab +1 -2" */
		const char *words = line + strlen(ahead);
		const char *minus = strchr(words, '-');
		s->git.ahead = *words == '+' ? number_int(words + 1) : 0;
		s->git.behind = minus ? number_int(minus + 1) : 0;
	} else if (strchr("12u?", *line) && line[0] && line[1] == ' ') {
		s->git.changes++;
	}
}

/* What was read is true for every session of that directory. */
static void git_apply(struct sessions *ss, const char *directory, const struct session_git *git)
{
	struct row *row = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; row; row = store_next(row, &kind_session, ss->source.server)) {
		struct session *s = ROW_AS(session, row);
		if (!s->directory || strcmp(s->directory, directory) != 0)
			continue;
		free(s->git.branch);
		s->git = *git;
		s->git.branch = git->branch ? xstrdup(git->branch) : NULL;
		store_touch(row);
	}
}

static void git_is_there(struct sessions *ss, const char *directory)
{
	struct row *row = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; row; row = store_next(row, &kind_session, ss->source.server)) {
		struct session *s = ROW_AS(session, row);
		if (!s->git.gone || !s->directory || strcmp(s->directory, directory) != 0)
			continue;
		s->git.gone = false;
		store_touch(row);
	}
}

void git_feed(struct sessions *ss, const char *text, int64_t now_ms)
{
	struct session read = { .git.at_ms = now_ms };
	char *copy = xstrdup(text), *save = NULL, *directory = NULL;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool at = !strncmp(line, "at\t", 3), over = !strcmp(line, "over");
		bool gone = !strncmp(line, "gone\t", 5), is = !strncmp(line, "is\t", 3);
		if ((at || over || gone || is) && directory && read.git.branch)
			git_apply(ss, directory, &read.git);
		if (at || over || gone || is) {
			free(read.git.branch);
			read.git = (struct session_git){ .at_ms = read.git.at_ms };
		}
		if (gone) {
			struct session_git none = { .at_ms = now_ms, .gone = true };
			git_apply(ss, line + 5, &none);
			directory = NULL;
		} else if (is) {
			git_is_there(ss, line + 3);
			directory = NULL;
		} else if (at)
			directory = line + 3;
		else if (!over)
			git_line(&read, line);
	}
	free(read.git.branch);
	free(copy);
}

static void git_done(const struct run_result *r, void *arg)
{
	struct sessions *ss = arg;
	ss->git_run = NULL;
	if (!r->end.err.code)
		source_feed(&ss->source, "git", r->out, r->out_len);
}

void git_end(struct sessions *ss)
{
	run_cancel(ss->git_run);
	ss->git_run = NULL;
}

/* Is it to be asked about: on the screen, or the wanted row, and not asked lately? */
static bool git_is_wanted(const struct row *row, const struct row *wanted, int64_t now)
{
	const struct session *s = ROW_AS(session, row);
	bool lately = s->git.at_ms && now - s->git.at_ms < GIT_GAP_MS;
	return (row == wanted || row->shown) && !s->hidden && !lately && s->directory &&
	       *s->directory == '/';
}

/* Adds a directory that is not there yet. */
static void git_add(const char **argv, size_t *n, size_t first, const char *directory)
{
	for (size_t i = first; i < *n; i++)
		if (!strcmp(argv[i], directory))
			return;
	if (*n < first + GIT_PLACES_MAX)
		argv[(*n)++] = directory;
}

void session_git_want(struct row *wanted)
{
	struct sessions *ss = sessions_of(wanted->source);
	const char *argv[4 + GIT_PLACES_MAX + 1] = { "sh", "-c", script, "sh" };
	size_t n = 4;
	int64_t now = now_wall_ms();
	if (ss->git_run || wanted->server->link->state != LINK_UP ||
	    !git_is_wanted(wanted, wanted, now))
		return;
	git_add(argv, &n, 4, ROW_AS(session, wanted)->directory);
	struct row *row = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; row; row = store_next(row, &kind_session, ss->source.server))
		if (git_is_wanted(row, wanted, now))
			git_add(argv, &n, 4, ROW_AS(session, row)->directory);
	argv[n] = NULL;
	char *command = quote_command(argv);
	ss->git_run = link_run(wanted->server->link, command, NULL, 0, GIT_MAX, GIT_MS, git_done,
	                       ss);
	run_name(ss->git_run, "the git state of its sessions");
	free(command);
	for (row = store_first(ss->source.store, &kind_session, ss->source.server); row;
	     row = store_next(row, &kind_session, ss->source.server)) {
		struct session *s = ROW_AS(session, row);
		for (size_t i = 4; i < n && s->directory; i++)
			if (!strcmp(argv[i], s->directory))
				s->git.at_ms = now;
	}
}

void session_git_say(const struct session *s, char *buf, size_t size)
{
	const char *branch = s->git.branch ? s->git.branch : "";
	size_t n = (size_t)snprintf(buf, size, "%.60s%s", branch, s->git.changes ? "*" : "");
	if (s->git.ahead && n < size)
		n += (size_t)snprintf(buf + n, size - n, " +%d", s->git.ahead);
	if (s->git.behind && n < size)
		snprintf(buf + n, size - n, " -%d", s->git.behind);
}

void git_detail(const struct session *s, struct doc *doc)
{
	const struct session_git *git = &s->git;
	if (git->gone)
		doc_pair(doc, DOC_WARN, "directory",
		         "this login finds no %s here: it is gone, or only another user or a "
		         "container has it",
		         s->directory);
	if (!git->branch)
		return;
	const char *worktree = git->worktree ? " (a worktree)" : "";
	const char *plural = git->changes == 1 ? "" : "s";
	doc_pair(doc, DOC_PLAIN, "git", "%s%s, %d change%s not committed%s", git->branch, worktree,
	         git->changes, plural, git->tracks ? "" : ", follows no other branch");
	if (git->tracks)
		doc_pair(doc, DOC_PLAIN, "", "%d ahead of the branch it follows, %d behind",
		         git->ahead, git->behind);
}
