#include "backends/link/socket_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"

#define WORD "=mocr-socket "
#define LISTENING " 00010000 " /* the flags of a listening socket, __SO_ACCEPTCON */

/* $1 is the path. quote_command makes the script one word for any login shell.
 *
 * The kernel lists a name exactly as bind() got it. So the script looks for the path as given and
 * for the path without symbolic links. The list also holds each end of a connection; only a
 * listening socket has the flags 00010000.
 *
 * k: the kernel's list is readable. l: a process listens. e: the file exists. w: we may open it. d:
 * the deepest visible folder on the path. */
static const char script[] =
	"p=$1; q=$(readlink -f \"$p\" 2>/dev/null); q=${q:-$p}; k=; l=; w=; e=; d=$p; "
	"if [ -r /proc/net/unix ]; then k=1; "
	"if grep -sF -e \" $p\" -e \" $q\" /proc/net/unix | ( "
	"while read -r a b c f g h i n; do "
	"case $f:$n in 00010000:\"$p\"|00010000:\"$q\") exit 0;; esac; done; exit 1 ); then l=1; "
	"fi; fi; "
	"if [ -e \"$p\" ]; then e=1; fi; if [ -w \"$p\" ]; then w=1; fi; "
	"until [ -z \"$d\" ] || [ -d \"$d\" ]; do d=${d%/*}; done; d=${d:-/}; "
	"if [ -z \"$e\" ] && [ -x \"$d\" ]; then s=absent; "
	"elif [ \"$l$w\" = 11 ]; then s=listens; elif [ \"$l\" ]; then s=denied; "
	"elif [ \"$k$e\" = 11 ]; then s=silent; elif [ \"$k\" ]; then s=absent; "
	"elif [ \"$w\" ]; then s=there; else s=denied; fi; "
	"echo \"" WORD "$s $(stat -c %U:%G \"$p\" 2>/dev/null)\"";

char *socket_probe_command(const char *path)
{
	return quote_command((const char *const[]){ "sh", "-c", script, "sh", path, NULL });
}

enum socket_seen socket_probe_read(const char *out, char *owner, size_t size)
{
	static const struct {
		const char *word;
		enum socket_seen seen;
	} words[] = {
		{ "absent", SEEN_ABSENT },   { "silent", SEEN_SILENT }, { "denied", SEEN_NO_RIGHT },
		{ "listens", SEEN_LISTENS }, { "there", SEEN_THERE },
	};
	const char *at = strstr(out, WORD);
	snprintf(owner, size, "%s", "");
	if (!at)
		return SEEN_UNSEEN;
	at += strlen(WORD);
	size_t n = strcspn(at, " \n");
	if (at[n] == ' ')
		snprintf(owner, size, "%.*s", (int)strcspn(at + n + 1, "\n"), at + n + 1);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].word) == n && strncmp(at, words[i].word, n) == 0)
			return words[i].seen;
	return SEEN_UNSEEN;
}

/* Does a process listen at a socket whose path ends with path? whole: is path its whole path? */
static bool socket_find_listed(const char *path, bool whole)
{
	char line[512];
	bool listed = false;
	FILE *f = fopen("/proc/net/unix", "re");
	if (!f)
		return true;
	size_t len = strlen(path);
	while (!listed && fgets(line, sizeof(line), f)) {
		size_t n = strcspn(line, "\n");
		bool named = n > len && strncmp(line + n - len, path, len) == 0 &&
		             (!whole || line[n - len - 1] == ' ');
		listed = named && strstr(line, LISTENING);
	}
	fclose(f);
	return listed;
}

bool socket_is_listed(const char *path)
{
	return socket_find_listed(path, true);
}

bool socket_is_listed_as(const char *tail)
{
	return socket_find_listed(tail, false);
}
