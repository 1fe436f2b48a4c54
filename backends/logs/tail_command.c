#include "backends/logs/tail_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/quote.h"

#define FIELDS                                                                                   \
	"--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,UNIT,USER_UNIT,OBJECT_SYSTEMD_UNIT," \
	"COREDUMP_UNIT,"                                                                         \
	"_SYSTEMD_UNIT,_SYSTEMD_USER_UNIT,_PID"

static void tail_command_add_words(struct buf *b, const char *const *words)
{
	buf_puts(b, b->len ? " " : "");
	quote_argv(b, words);
}

static void tail_command_add_option(struct buf *b, const char *name, const char *value)
{
	char *word = NULL;
	struct buf text = { 0 };
	buf_addf(&text, "%s%s", name, value);
	word = buf_take(&text);
	tail_command_add_words(b, (const char *const[]){ word, NULL });
	free(word);
}

static void tail_command_add_time(struct buf *b, const char *name, int64_t us)
{
	char value[48];
	snprintf(value, sizeof(value), "@%lld.%06lld", (long long)(us / 1000000),
	         (long long)(us % 1000000));
	tail_command_add_option(b, name, value);
}

static void tail_command_add_number(struct buf *b, unsigned long n)
{
	char value[24];
	snprintf(value, sizeof(value), "%lu", n);
	tail_command_add_words(b, (const char *const[]){ "-n", value, NULL });
}

static void tail_command_journal(struct buf *b, const struct tail_query *q)
{
	/* without -a a message over 4096 bytes is null, and one with an escape becomes "[N blob
	 * data]" */
	tail_command_add_words(b, (const char *const[]){ "journalctl", "--no-pager", "-a", "-o",
	                                                 "json", FIELDS, NULL });
	if (q->user)
		tail_command_add_option(b, "--user", "");
	if (q->what == TAIL_KERNEL)
		/* -k would mean only this boot */
		tail_command_add_words(b, (const char *const[]){ "_TRANSPORT=kernel", NULL });
	for (size_t i = 0; q->what == TAIL_UNIT && i < q->n_names; i++)
		tail_command_add_words(b, (const char *const[]){ "-u", q->names[i], NULL });
}

/* BSD's stat has other options than all others. */
#define STAT_OF                                                                                \
	"if stat -L -c %i / >/dev/null 2>&1; then b=; else b=1; fi; "                          \
	"t() { if [ \"$b\" ]; then stat -L -f \"%i %z\" \"$f\"; else stat -L -c \"%i %s\" -- " \
	"\"$f\"; fi; }; "                                                                      \
	"m() { if [ \"$b\" ]; then stat -L -f %m \"$f\"; else stat -L -c %Y -- \"$f\"; fi; }; "

/* Arguments: $1 file, $2 inode and $3 offset to continue at, $4 lines at first, $5 the mark.
 * Measures the offset of the last lines until the file does not change meanwhile. Two reads of a
 * file's end are cheap, but a doubled line is a fault. */
static const char file_script[] =
	"f=$1; " STAT_OF "h=$(t) || exit 1; [ -r \"$f\" ] || exec cat -- \"$f\"; "
	"i=${h% *}; s=${h#* }; "
	"if [ \"$2\" = 0 ]; then k=0; while :; do n=$(tail -n \"$4\" -- \"$f\" | wc -c); g=$(t); "
	"k=$((k+1)); "
	"if [ \"$g\" = \"$h\" ] || [ $k -gt 5 ]; then break; fi; h=$g; i=${h% *}; s=${h#* }; done; "
	"o=$((s-n)); w=begin; "
	"elif [ \"$2\" = \"$i\" ] && [ \"$3\" -le \"$s\" ]; then o=$3; w=again; "
	"else o=0; w=rotated; fi; "
	"case $b$(tail --help 2>&1 </dev/null) in 1*|*BusyBox*) q=silent;; *) q=speaks;; esac; "
	"printf \"" TAIL_HEAD "%s %s %s %s %s %s %s\\n\" \"$i\" \"$o\" \"$w\" \"$(date +%z)\" "
	"\"$s\" \"$(m)\" $q; LC_ALL=C; export LC_ALL; "
	"exec tail -c +$((o+1)) -F -- \"$5$f\" 2>&1";

char *tail_inode_command(const char *path)
{
	return quote_command((const char *const[]){ "exec", "sh", "-c", "f=$1; " STAT_OF "t", "sh",
	                                            path, NULL });
}

void tail_mark(char *mark, uint64_t random)
{
	size_t n = 0;
	mark[n++] = '/';
	for (int bit = 0; bit < 64; bit++) {
		if (random >> bit & 1)
			mark[n++] = '.';
		mark[n++] = '/';
	}
	mark[n] = '\0';
}

enum tail_word tail_word(const char *line, size_t len, const char *mark, size_t *before)
{
	static const struct {
		const char *said;
		enum tail_word word;
	} words[] = {
		/* GNU, uutils and BusyBox put the words after the path, toybox before it */
		{ "has been replaced", TAIL_REPLACED }, { "has appeared", TAIL_REPLACED },
		{ "file truncated", TAIL_EMPTIED },     { "has become inaccessible", TAIL_GONE },
		{ "No such file", TAIL_GONE },          { "following new file: ", TAIL_REPLACED },
		{ "file inaccessible: ", TAIL_GONE },
	};
	const char *at = *mark ? memmem(line, len, mark, strlen(mark)) : NULL, *from = line;
	*before = len;
	if (!at)
		return TAIL_LINE;
	for (const char *s = line; s && s < at;
	     s = memmem(s + 1, (size_t)(at - s) - 1, "tail: ", 6))
		from = s;
	if (memcmp(from, "tail: ", (size_t)(at - from) < 6 ? (size_t)(at - from) : 6) != 0)
		return TAIL_LINE;
	*before = (size_t)(from - line);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (memmem(from, len - (size_t)(from - line), words[i].said, strlen(words[i].said)))
			return words[i].word;
	return TAIL_OTHER;
}

char *tail_follow_command(const struct tail_query *q)
{
	struct buf b = { 0 };
	if (q->what == TAIL_FILE) {
		char inode[24], offset[24], lines[24];
		snprintf(inode, sizeof(inode), "%llu", (unsigned long long)q->inode);
		snprintf(offset, sizeof(offset), "%llu", (unsigned long long)q->offset);
		snprintf(lines, sizeof(lines), "%u", q->lines);
		return quote_command((const char *const[]){ "exec", "sh", "-c", file_script, "sh",
		                                            q->names[0], inode, offset, lines,
		                                            q->mark ? q->mark : "", NULL });
	}
	tail_command_journal(&b, q);
	tail_command_add_words(&b, (const char *const[]){ "-f", NULL });
	if (*q->cursor) {
		tail_command_add_words(&b, (const char *const[]){ "-n", "all", NULL });
		tail_command_add_option(&b, "--after-cursor=", q->cursor);
	} else if (q->since_us) {
		tail_command_add_words(&b, (const char *const[]){ "-n", "all", NULL });
		tail_command_add_time(&b, "--since=", q->since_us);
	} else {
		tail_command_add_number(&b,
		                        q->lines * (q->n_names && q->what == TAIL_UNIT ? q->n_names
		                                                                       : 1));
	}
	return buf_take(&b);
}

/* Arguments: $1 file, $2 its inode, $3 the offset of the oldest delivered line, $4 lines. Only the
 * end of the part before is read, however big the file is. The first line read there may be cut, so
 * sed drops it. */
static const char file_older_script[] =
	"f=$1; " STAT_OF "h=$(t); if [ \"${h% *}\" != \"$2\" ]; then echo \"the file was replaced "
	"meanwhile; [p] loads its .1\" >&2; exit 1; fi; "
	"s=$(($3-4194304)); if [ $s -le 0 ]; then head -c \"$3\" -- \"$f\"; "
	"else tail -c +$((s+1)) -- \"$f\" | head -c 4194304 | sed 1d; fi | tail -n \"$4\"";

char *tail_older_command(const struct tail_query *q)
{
	char inode[24], offset[24], lines[24];
	struct buf b = { 0 };
	snprintf(inode, sizeof(inode), "%llu", (unsigned long long)q->inode);
	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)q->offset);
	snprintf(lines, sizeof(lines), "%u", q->lines);
	if (q->what == TAIL_FILE)
		return q->offset ? quote_command((const char *const[]){
					   "exec", "sh", "-c", file_older_script, "sh", q->names[0],
					   inode, offset, lines, NULL })
		                 : NULL;
	tail_command_journal(&b, q);
	/* Many lines may have the same time. Only the cursor tells which were delivered. */
	tail_command_add_words(&b, (const char *const[]){ "-r", NULL });
	tail_command_add_number(&b, q->lines);
	if (q->reach_us)
		tail_command_add_time(&b, "--since=", q->reach_us);
	if (q->reach_us && q->before_us)
		tail_command_add_time(&b, "--until=", q->before_us);
	if (!q->reach_us && q->first && *q->first)
		tail_command_add_option(&b, "--after-cursor=", q->first);
	return buf_take(&b);
}

#define SHORT_UNIX "-q --no-pager -o short-unix"
#define FIRST_TIME "2>/dev/null | sed -n \"s/^\\([0-9][0-9.]*\\) .*/\\1/p;q\""

/* Arguments: $1 lines, $2 --user or nothing, then units. A unit's present run has an invocation id.
 * Lines before its first line belong to earlier runs. If the unit does not run, the last lines are
 * those of the last run. */
static const char unit_script[] =
	"n=$1; s=$2; shift 2; for u; do "
	"i=$(systemctl $s show -p InvocationID --value -- \"$u\"); t=; "
	"if [ -n \"$i\" ]; then t=$(journalctl $s " SHORT_UNIX
	" _SYSTEMD_INVOCATION_ID=\"$i\" + INVOCATION_ID=\"$i\" " FIRST_TIME "); fi; "
	"printf \"" TAIL_HEAD "%s %s\\n\" \"${t:-0}\" \"$u\"; "
	"journalctl --no-pager -a $s -u \"$u\" -o json " FIELDS
	" -n \"$n\" ${t:+--until=@$t}; done";

/* Arguments: $1 lines, $2 --user or nothing, then filters for the journal. */
static const char boot_script[] = "n=$1; s=$2; shift 2; t=$(journalctl $s " SHORT_UNIX
				  " -b \"$@\" " FIRST_TIME "); "
				  "printf \"" TAIL_HEAD "%s boot\\n\" \"${t:-0}\"; "
				  "exec journalctl --no-pager -a $s -b -1 -o json " FIELDS
				  " -n \"$n\" \"$@\"";

/* Arguments: $1 lines, $2 file. The name PATH.1 is logrotate's. */
static const char file_script_before[] =
	"tail -n 1 -- \"$2.1\" >/dev/null || exit; printf \"" TAIL_HEAD
	"0 file\\n\"; exec tail -n \"$1\" -- \"$2.1\"";

char *tail_previous_command(const struct tail_query *q)
{
	const char *words[8 + TAIL_NAMES_MAX] = { "exec", "sh", "-c" };
	const char *const scripts[] = { [TAIL_UNIT] = unit_script,
		                        [TAIL_JOURNAL] = boot_script,
		                        [TAIL_KERNEL] = boot_script,
		                        [TAIL_FILE] = file_script_before };
	char lines[24];
	size_t n = 3;
	snprintf(lines, sizeof(lines), "%u", q->lines);
	words[n++] = scripts[q->what];
	words[n++] = "sh";
	words[n++] = lines;
	if (q->what != TAIL_FILE)
		words[n++] = q->user ? "--user" : "";
	if (q->what == TAIL_KERNEL)
		words[n++] = "_TRANSPORT=kernel";
	for (size_t i = 0;
	     (q->what == TAIL_UNIT || q->what == TAIL_FILE) && i < q->n_names && i < TAIL_NAMES_MAX;
	     i++)
		words[n++] = q->names[i];
	return quote_command(words);
}
