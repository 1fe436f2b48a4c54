/* oc_file.c: the password of a server of OpenCode 2, from its service file, read over the link.
 *
 * The background service of each user registers itself in STATE/opencode/service.json, with its
 * address, its process and its password, readable for this user only. The file counts only if its
 * process is the one that listens, is the login's own, and shares the port with no other user. So a
 * password goes to nobody else. It is read again after each lost connection, because whoever took
 * the port meanwhile must not get it. The file is only read: the service ends if another process
 * replaces it.
 *
 * Source: the cli package of anomalyco/opencode (service registration). The preview keeps the
 * password in a file of its own (seen on 1.18.18). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/sessions/sessions.h"

#define FILE_MS 8000
#define FILE_READS 3 /* since the server was last live: then the user is asked */
#define FILES_MAX (64u << 10)
#define PASSWORD_MAX 512

/* $1: the port. Finds the process that listens there now, which a look of a minute ago may not
 * know. It may have another home than the login. A process of another user could name any folder:
 * root would read files for it that it may not read itself. So only a process and files of the
 * login's own user count. A line "=file" or "=password" goes before each file; the line after a
 * service file says what its process does. "=foreign": another user listens on the port. */
static const char script[] = OC_LISTENERS
	"listeners \"$1\"; [ -z \"$f\" ] || printf \"=foreign\\n\"; "
	"p=; for d in /proc/[0-9]*; do [ -O $d ] || continue; "
	"c=; { read -r c <$d/comm; } 2>/dev/null; "
	"case $c in *opencode*|lildax) listens ${d#/proc/} && p=${d#/proc/} && break;; esac; done; "
	"of() { tr \"\\000\" \"\\n\" <\"/proc/$p/environ\" | sed -n \"s/^$1=//p\" | head -n 1; }; "
	"w=$XDG_STATE_HOME; h=$HOME; x=; "
	"if [ -n \"$p\" ] && [ -r \"/proc/$p/environ\" ]; then "
	"w=$(of XDG_STATE_HOME); h=$(of HOME); x=$(readlink \"/proc/$p/exe\"); fi; "
	"d=${w:-${h:-$HOME}/.local/state}/opencode; "
	"for j in \"$d\"/service.json \"$d\"/service-*.json; do "
	"[ -f \"$j\" ] && [ -r \"$j\" ] && [ -O \"$j\" ] || continue; "
	"printf \"=file\\n\"; head -c 4096 \"$j\" | tr -d \"\\n\"; printf \"\\n\"; "
	"k=$(sed -n \"s/.*\\\"pid\\\"[^0-9]*\\([0-9][0-9]*\\).*/\\1/p\" \"$j\" | head -n 1); "
	"if [ -n \"$k\" ] && listens \"$k\"; then printf \"=listens\\n\"; "
	"elif [ -n \"$k\" ] && [ -d \"/proc/$k\" ]; then printf \"=alive\\n\"; fi; "
	"done; "
	"case ${x##*/} in lildax*) [ -O \"$d/password\" ] && printf \"=password\\n\" && "
	"head -c 400 \"$d/password\" && printf \"\\n\";; esac; printf \"=end\\n\"";

/* The port of an address such as http://127.0.0.1:49374; 0: none. */
static int oc_file_port_of(const char *url)
{
	const char *host = url ? strstr(url, "://") : NULL;
	const char *colon = host ? strrchr(host + 3, ':') : NULL;
	return colon ? number_int(colon + 1) : 0;
}

static struct secret *oc_file_password(const char *text, size_t len)
{
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (!len || len > PASSWORD_MAX)
		return NULL;
	secret_know(text, len);
	return secret_create(text, len);
}

/* One service file. NULL: it is not for this server; file_said tells why, if it names its port. */
static struct secret *oc_file_of(struct oc *oc, const char *json, size_t len, const char *state)
{
	cJSON *root = json_parse(json, len);
	const cJSON *url = cJSON_GetObjectItemCaseSensitive(root, "url"),
		    *pid = cJSON_GetObjectItemCaseSensitive(root, "pid");
	cJSON *word = cJSON_GetObjectItemCaseSensitive(root, "password");
	struct secret *password = NULL;
	int process = cJSON_IsNumber(pid) ? number_small(pid->valuedouble, 0) : 0;
	bool ours = process > 0 && !strncmp(state, "=listens", 8);
	bool named = cJSON_IsString(url) && oc_file_port_of(url->valuestring) == oc->port;
	if (named && !ours)
		snprintf(oc->file_said, sizeof(oc->file_said),
		         "The service file there names process %d, which %s. "
		         "So its password is not used.\n",
		         process,
		         !strncmp(state, "=alive", 6) ? "is not the one that listens"
		                                      : "is no longer running");
	else if (named && cJSON_IsString(word))
		password = oc_file_password(word->valuestring, strlen(word->valuestring));
	if (cJSON_IsString(word))
		wipe(word->valuestring, strlen(word->valuestring));
	cJSON_Delete(root);
	return password;
}

/* No file counts while another user listens on the port: mocr cannot tell who would answer. */
static struct secret *oc_file_find(struct oc *oc, const char *text)
{
	struct secret *found = NULL;
	if (!strncmp(text, "=foreign", 8)) {
		snprintf(oc->file_said, sizeof(oc->file_said),
		         "Another user of that machine listens on port %d. mocr uses the service "
		         "file of its own login only.\n",
		         oc->port);
		return NULL;
	}
	for (const char *at = text; *at && !found;) {
		size_t n = strcspn(at, "\n");
		const char *next = at + n + (at[n] == '\n');
		size_t len = strcspn(next, "\n");
		const char *after = next + len + (next[len] == '\n');
		if (n == 5 && !strncmp(at, "=file", 5))
			found = oc_file_of(oc, next, len, after);
		else if (n == 9 && !strncmp(at, "=password", 9))
			found = oc_file_password(next, len);
		at = next;
	}
	return found;
}

static void oc_file_done(const struct run_result *r, void *arg)
{
	struct oc *oc = arg;
	oc->file_run = NULL;
	oc->file_said[0] = '\0';
	struct secret *found = r->end.err.code ? NULL : oc_file_find(oc, r->out);
	oc_file_came(oc, found);
}

bool oc_file_ask(struct oc *oc)
{
	struct link *link = source_link(&oc->owner->source);
	char port[24];
	const char *argv[] = { "sh", "-c", script, "sh", port, NULL };
	bool here = !strncmp(oc->host, "127.", 4) || !strcmp(oc->host, "::1");
	if (oc->file_run)
		return true;
	if (!here || oc->tls || oc->file_reads >= FILE_READS || link->state != LINK_UP)
		return false;
	oc->file_reads++;
	snprintf(port, sizeof(port), "%d", oc->port);
	char *command = quote_command(argv);
	oc->file_run = link_run(link, command, NULL, 0, FILES_MAX, FILE_MS, oc_file_done, oc);
	free(command);
	return oc->file_run != NULL;
}
