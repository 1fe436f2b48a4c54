/* scan.c: one look at a server: listening OpenCode servers, tmux sessions, Claude Code sessions.
 *
 * Source: proc(5) for /proc; tmux(1), FORMATS; Claude Code's files as seen on 2.1.197 and 2.1.332.
 *
 * The script is POSIX sh. It needs no ss: /proc holds all it needs, and the server's own user may
 * read it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/link/api.h"
#include "backends/sessions/program.h"

/* Prints the listening ports of the process with socket inodes $i: state 0A of /proc/net/tcp in
 * proc(5). Without inodes its descriptors cannot be read: it is another user's, $y, and the usual
 * port counts if that user listens there. */
#define PORTS                                                                                      \
	"ports() { "                                                                               \
	"for f in /proc/net/tcp /proc/net/tcp6; do "                                               \
	"[ -r $f ] && while read -r n l r s q t m v o e z; do "                                    \
	"if [ \"$s\" = 0A ]; then case \"$i\" in "                                                 \
	"*\" $e \"*) u=1; printf \"oc\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n\" "               \
	"$((0x${l##*:})) $p \"${l%:*}\" \"$k\" \"$b\" \"$g\" \"$x\" \"$w\";; "                     \
	"*) if [ -z \"$i\" ] && [ \"$v:${l##*:}\" = \"$y:1000\" ]; then u=1; "                     \
	"printf \"oc\\t4096\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n\" $p \"${l%:*}\" \"$k\" \"$b\" " \
	"\"$g\" \"$x\" \"$w\"; fi;; "                                                              \
	"esac; fi; "                                                                               \
	"done <$f; "                                                                               \
	"done; }; "

/* "agent NAME" prints one line for the process $d, if it has a terminal: its session (the first
 * process of its pane) and when it began. An agent that starts itself again is one of its session.
 * Field 6 of stat in proc(5) is the session, 7 the terminal, 22 the start. */
#define AGENT                                                                               \
	"agent() { { read -r s <$d/stat; } 2>/dev/null || return; n=$1; set -- ${s##*) }; " \
	"[ \"${5:-0}\" != 0 ] || return; case $agents in *\" $n-$4 \"*) return;; esac; "    \
	"agents=\"$agents $n-$4 \"; "                                                       \
	"printf \"agent\\t%s\\t%s\\t%s\\t%s\\t%s\\n\" $n $4 ${d#/proc/} "                   \
	"$((boot+${20}/100)) \"$(readlink $d/cwd)\"; }; agents=; boot=0; "                  \
	"while read -r n v; do [ \"$n\" = btime ] && boot=$v; done 2>/dev/null </proc/stat; "

#define OPENCODE                                                                                   \
	"for d in /proc/[0-9]*; do "                                                               \
	"c=; { read -r c <$d/comm; } 2>/dev/null; "                                                \
	"case $c in *opencode*|lildax) ;; "                                                        \
	"codex|gemini|aider|goose|amp|crush|cursor-agent|copilot|droid|qwen) "                     \
	"[ -O $d ] && agent $c; continue;; "                                                       \
	"node|MainThread|python*|aider*) [ -O $d ] || continue; a=; "                              \
	"{ read -r a <$d/cmdline; } 2>/dev/null; case $a in "                                      \
	"*/gemini|*/gemini-*|*/gemini.*|*/gemini[!a-zA-Z]*) agent gemini;; "                       \
	"*/aider|*/aider-*) agent aider;; "                                                        \
	"*/qwen|*/qwen-*) agent qwen;; esac; continue;; *) continue;; esac; "                      \
	"p=${d#/proc/}; k=0; b=0; g=; y=; w=$(readlink $d/cwd); x=$(readlink $d/exe); "            \
	"while read -r n v r; do case $n in Uid:) y=$v;; VmRSS:) k=$v; break;; esac; done "        \
	"<$d/status; "                                                                             \
	"{ read -r s <$d/stat; } 2>/dev/null; set -- ${s##*) }; b=${20}; "                         \
	"t=$((${12:-0}+${13:-0})); "                                                               \
	"while read -r s; do case $s in */user@*.service/*.service) g=user/${s##*/};; *.service) " \
	"g=${s##*/};; esac; done <$d/cgroup; "                                                     \
	"i=\" $(ls -l $d/fd 2>/dev/null | sed -n \"s/.*socket:.\\([0-9]*\\).*/\\1/p\" | tr "       \
	"\"\\n\" \" \") \"; "                                                                      \
	"[ \"$i\" = \"  \" ] && i=; "                                                              \
	"u=; ports; printf \"cpu\\t%s\\t%s\\n\" $p \"$t\"; "                                       \
	"[ -z \"$u$g\" ] || [ -n \"$u\" ] || printf \"starting\\t%s\\t%s\\n\" \"$b\" \"$g\"; "     \
	"done 2>/dev/null; "

/* How much of the plan is used, where a Codex runs. It writes that into the file of its session
 * after each turn. A resumed session writes into the folder of the day when it began, so the
 * time of the last change decides. */
#define CODEX_PLAN                                                                               \
	"case $agents in *\" codex-\"*) "                                                        \
	"find \"${CODEX_HOME:-$HOME/.codex}/sessions\" -maxdepth 4 -type f "                     \
	"-name \"rollout-*.jsonl\" -exec stat -c \"%Y %n\" \\{\\} + 2>/dev/null | "              \
	"sort -rn | head -n 3 | "                                                                \
	"while read -r t f; do l=$(tail -c 131072 \"$f\" | "                                     \
	"grep -a \"^[{].*\\\"rate_limits\\\":[{]\" | tail -n 1 | head -c 8000); "                \
	"[ -z \"$l\" ] || { printf \"plan\\tcodex\\t%s\\n\" \"$l\"; break; }; done;; esac; "

/* The background service of OpenCode 2 registers itself in a file. A process that is gone may leave
 * one behind, and its port may have gone to somebody else: the process must own it. Only the
 * address and the process are printed: the file holds the password too. */
#define SERVICE                                                                                  \
	"for j in \"${XDG_STATE_HOME:-$HOME/.local/state}\"/opencode/serv*.json; do "            \
	"[ -f \"$j\" ] && [ -r \"$j\" ] && [ -O \"$j\" ] || continue; "                          \
	"k=$(sed -n \"s/.*\\\"pid\\\"[^0-9]*\\([0-9][0-9]*\\).*/\\1/p\" \"$j\"); "               \
	"u=$(sed -n \"s/.*\\\"url\\\"[^\\\"]*\\\"\\([^\\\"]*\\)\\\".*/\\1/p\" \"$j\"); "         \
	"w=${u##*:}; listeners \"${w%%[!0-9]*}\"; [ -n \"$k\" ] && listens \"$k\" || continue; " \
	"printf \"svc\\t%s\\t%s\\n\" \"$k\" \"$u\"; "                                            \
	"done 2>/dev/null; "

/* Finds the sockets of all tmux servers of the login. Each is in a folder tmux-UID. The folder is
 * in /tmp, in TMUX_TMPDIR or in the login's runtime folder. A shell without a terminal may not know
 * TMUX_TMPDIR. /proc/net/unix lists sockets in other places. */
#define TMUX                                                                                       \
	"if command -v tmux >/dev/null 2>&1; then "                                                \
	"U=$(id -u); d=${TMUX_TMPDIR:-/tmp}/tmux-$U; a=; t=; if timeout 3 true 2>/dev/null; then " \
	"t=\"timeout 3\"; fi; "                                                                    \
	"for s in \"$d\"/* /tmp/tmux-$U/* \"${XDG_RUNTIME_DIR:-/run/user/$U}/tmux-$U\"/* "         \
	"$(sed -n -E \"s,.* (/[^ ]*/tmux-$U/[^ ]+)$,\\1,p\" /proc/net/unix 2>/dev/null); do "      \
	"[ -S \"$s\" ] && [ -w \"$s\" ] || continue; "                                             \
	"case \"$a\" in *\"|$s|\"*) continue;; esac; a=\"$a|$s|\"; "                               \
	"printf \"socket\\t%s\\t%s\\n\" \"$s\" \"$d\"; "                                           \
	"$t tmux -S \"$s\" list-sessions -F "                                                      \
	"\"session\t#{session_id}\t#{session_created}\t#{session_activity}\t"                      \
	"#{session_attached}\t#{session_windows}\t#{session_path}\t#{session_name}\" \\; "         \
	"list-panes -a -F "                                                                        \
	"\"pane\t#{session_id}\t#{pane_id}\t#{pane_pid}\t#{pane_current_command}\t#{pane_active}"  \
	"\t"                                                                                       \
	"#{pane_current_path}\t#{pane_title}\" 2>/dev/null; "                                      \
	"done; "                                                                                   \
	"fi; "

/* A file of a live session counts only if the running process wrote it: field 22 of stat in proc(5)
 * is its start time.
 *
 * Transcripts are PROJECT/UUID.jsonl. Those of sub-agents are
 * PROJECT/UUID/subagents/agent-HASH.jsonl. Before 2.1.2 the latter were beside the session's own
 * file, without a link to their session. There may be thousands, so find passes them to stat in
 * batches. The lines with usage, prompt, summary and cost are among the last: others may be large.
 */
#define CLAUDE                                                                                     \
	CLAUDE_HOMES                                                                               \
	"homes | while read -r h; do "                                                             \
	"case $h in \"$HOME/.claude\") ;; *) printf \"home\\t%s\\n\" \"$h\";; esac; "              \
	"for f in \"$h\"/sessions/*.json; do "                                                     \
	"[ -r \"$f\" ] || continue; p=${f##*/}; p=${p%.json}; b=0; q=0; "                          \
	"if { read -r s </proc/$p/stat; } 2>/dev/null; then set -- ${s##*) }; b=${20}; q=$2; fi; " \
	"printf \"live\\t%s\\t%s\\t\" $b $q; tr -d \"\\n\" <\"$f\" | head -c 8000; echo; "         \
	"done; "                                                                                   \
	"ls -t \"$h\"/jobs/*/state.json 2>/dev/null | head -n 20 | while read -r f; do "           \
	"p=${f%/state.json}; printf \"job\\t%s\\t\" \"${p##*/}\"; "                                \
	"head -c 16000 \"$f\" | tr -d \"\\n\"; echo; done; "                                       \
	"e=[0-9a-f][0-9a-f][0-9a-f][0-9a-f]; u=$e$e-$e-$e-$e-$e$e$e; "                             \
	"find \"$h/projects\" -maxdepth 4 -type f \\( -name \"$u.jsonl\" -o -path "                \
	"\"*/$u/subagents/agent-*.jsonl\" \\) "                                                    \
	"-exec stat -c \"%Y %n\" \\{\\} + 2>/dev/null | sort -rn | { k=0; a=; "                    \
	"while [ $k -lt 20 ] && read -r t f; do "                                                  \
	"case $f in */subagents/*) f=${f%/subagents/*}; g=$f.jsonl;; *) g=$f; f=${f%.jsonl};; "    \
	"esac; "                                                                                   \
	"u=${f##*/}; case $a in *\" $u\"*) continue;; esac; a=\"$a $u\"; k=$((k+1)); "             \
	"if [ -r \"$g\" ]; then :; else for g in \"$f\"/subagents/agent-*.jsonl; do :; done; fi; " \
	"printf \"file\\t%s\\t%s\\n\" \"$t\" \"$u.jsonl\"; "                                       \
	"head -c 65536 \"$g\" | grep -m1 -o \"\\\"cwd\\\":\\\"[^\\\"]*\\\"\"; "                    \
	"tail -c 65536 \"$g\" | grep -aE "                                                         \
	"\"^[{].*\\\"(usage|lastPrompt|summary|totalCostUSD)\\\":\" | tail -n 6; echo; "           \
	"done; }; "                                                                                \
	"done; "

/* A herdr server listens on a socket; a named one in a folder of its own. It is asked only where
 * its socket exists. */
#define HERDR                                                                                 \
	"C=${XDG_CONFIG_HOME:-$HOME/.config}/herdr; t=; "                                     \
	"for s in \"$C\"/herdr.sock \"$C\"/sessions/*/herdr.sock; do [ -S \"$s\" ] || "       \
	"continue; " HERDR_PATH "n=; case $s in */sessions/*) n=${s%/*}; n=${n##*/};; esac; " \
	"[ -n \"$t\" ] || { t=env; timeout 3 true 2>/dev/null && t=\"timeout 3\"; }; "        \
	"printf \"herdr\\t%s\\t\" \"$n\"; $t herdr ${n:+--session \"$n\"} api snapshot "      \
	"2>/dev/null "                                                                        \
	"</dev/null | head -c 400000 | tr -d \"\\n\"; echo; done; "

const char scan_script[] = "LC_ALL=C.UTF-8; "
			   "PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/opt/homebrew/"
			   "bin; export PATH LC_ALL; " PORTS
			   "printf \"=oc\\n\"; { read -r s r </proc/uptime; } 2>/dev/null && "
			   "printf \"now\\t%s\\n\" \"$s\"; " AGENT OPENCODE OC_LISTENERS SERVICE
			   CODEX_PLAN
			   "printf \"=tmux\\n\"; " TMUX "printf \"=claude\\n\"; " CLAUDE
			   "printf \"=herdr\\n\"; " HERDR "printf \"=end\\n\"";

#define YOUNG_S 15      /* OpenCode listens within a few seconds after its start */
#define CLOCK_TICKS 100 /* ticks per second in /proc/PID/stat, on every Linux */

/* --- parse the output ----------------------------------------------------- */

/* Another process than before, perhaps at another address: its state is dropped. */
static void scan_take_process(struct oc *oc, int pid, int64_t ticks, const char *host)
{
	bool moved = strcmp(oc->host, host) != 0 && !(oc->config && oc->config->url);
	if (oc->pid == pid && oc->started_ticks == ticks && !moved)
		return;
	if (oc->pid || moved) {
		oc_stop(oc);
		oc_forget_file(oc);
	}
	if (moved)
		oc_readdress(oc, host);
	oc->cpu = -1;
	oc->cpu_at = 0;
}

/* Seconds; 0: unknown. */
static double scan_uptime_of(const char *text)
{
	double seconds = strtod(text, NULL);
	return isfinite(seconds) && seconds > 0 ? seconds : 0;
}

static void scan_server_line(struct sessions *ss, char *line)
{
	char *f[9] = { 0 }, name[16], host[48];
	if (program_fields(line, f, 9) < 9)
		return;
	int port = number_int(f[1]);
	if (port <= 0 || port > 65535)
		return;
	snprintf(name, sizeof(name), "%d", port);
	/* f[3] is an address of /proc/net/tcp, such as "0100007F". Loopback and wildcard addresses
	 * become a loopback address. */
	unsigned ip;
	size_t digits = strlen(f[3]);
	bool six = digits == 32, four = digits == 8 && sscanf(f[3], "%8x", &ip) == 1;
	if (six && strspn(f[3], "0") == 31)
		snprintf(host, sizeof(host), "::1");
	else if (four && ip != 0 && (ip & 0xff) != 127)
		snprintf(host, sizeof(host), "%u.%u.%u.%u", ip & 0xff, ip >> 8 & 0xff,
		         ip >> 16 & 0xff, ip >> 24 & 0xff);
	else
		snprintf(host, sizeof(host), "127.0.0.1");
	struct oc *oc = oc_find(ss, name);
	/* the same port at another address: the first one keeps the name */
	if (oc && oc->seen == OC_SEEN_PROCESS)
		return;
	if (!oc)
		oc = oc_add(ss, name, host, port);
	if (!oc)
		return;
	int pid = number_int(f[2]);
	int64_t ticks = number_long(f[5]);
	scan_take_process(oc, pid, ticks, host);
	oc->seen = OC_SEEN_PROCESS;
	ss->missing = false;
	oc->pid = pid;
	oc->started_ticks = ticks;
	oc->rss_kb = number_long(f[4]);
	if (!strncmp(f[6], "user/", 5))
		oc->manager = OC_USER_UNIT;
	else
		oc->manager = *f[6] ? OC_SYSTEM_UNIT : OC_NO_UNIT;
	f[6] += oc->manager == OC_USER_UNIT ? strlen("user/") : 0;
	xreplace(&oc->unit, *f[6] ? f[6] : NULL);
	xreplace(&oc->program, *f[7] == '/' ? f[7] : NULL);
	xreplace(&oc->cwd, *f[8] ? f[8] : NULL);
}

/* A service that the processes did not show: it belongs to another user, or has another name. */
static void scan_service_line(struct sessions *ss, char *line)
{
	char *f[3] = { 0 }, name[16], host[128];
	struct endpoint endpoint;
	const char *behind;
	size_t behind_len;
	if (program_fields(line, f, 3) < 3 ||
	    !api_url_endpoint(f[2], &endpoint, host, sizeof(host), &behind, &behind_len) ||
	    endpoint.tls)
		return;
	bool here = !strncmp(host, "127.", 4) || !strcmp(host, "localhost") || !strcmp(host, "::1");
	snprintf(name, sizeof(name), "%d", endpoint.port);
	struct oc *oc = oc_find(ss, name);
	if (!here || (oc && oc->seen))
		return;
	if (!oc)
		oc = oc_add(ss, name, strcmp(host, "localhost") ? host : "127.0.0.1",
		            endpoint.port);
	if (!oc)
		return;
	oc->seen = OC_SEEN_SERVICE;
	ss->missing = false;
	oc->pid = number_int(f[1]);
}

/* CPU use of the process since the previous look. */
static void scan_cpu_line(struct sessions *ss, char *line)
{
	char *f[3] = { 0 };
	if (program_fields(line, f, 3) < 3)
		return;
	int pid = number_int(f[1]);
	int64_t ticks = number_long(f[2]);
	for (struct oc *oc = ss->ocs; oc; oc = oc->next) {
		if (!oc->seen || oc->pid != pid || ss->uptime <= 0)
			continue;
		double passed = ss->uptime - oc->cpu_at;
		if (oc->cpu_at > 0 && passed < 0.5)
			continue;
		oc->cpu = oc->cpu_at > 0 && ticks >= oc->cpu_ticks
		                  ? 100.0 * (double)(ticks - oc->cpu_ticks) / CLOCK_TICKS / passed
		                  : -1;
		oc->cpu_ticks = ticks;
		oc->cpu_at = ss->uptime;
	}
}

/* Is this a starting OpenCode service? Only a young process counts. Old processes of that name
 * never listen, such as helpers of a server that listens. Or their ports cannot be seen, such as
 * those of another user. */
static bool scan_starts(const struct sessions *ss, char *line)
{
	char *f[3] = { 0 };
	if (program_fields(line, f, 3) < 3 || ss->uptime <= 0 ||
	    ss->uptime - (double)number_long(f[1]) / CLOCK_TICKS > YOUNG_S)
		return false;
	bool user = !strncmp(f[2], "user/", 5);
	enum oc_manager manager = user ? OC_USER_UNIT : OC_SYSTEM_UNIT;
	const char *unit = f[2] + (user ? 5 : 0);
	for (const struct oc *oc = ss->ocs; oc; oc = oc->next)
		if (oc->seen && oc->unit && oc->manager == manager && !strcmp(oc->unit, unit))
			return false;
	return true;
}

/* Servers of one login share one database. Another server may now serve the sessions of the one
 * that ended, so ask it. */
static void scan_take_ended(struct sessions *ss)
{
	bool any = false;
	for (struct oc *oc = ss->ocs, *next; oc; oc = next) {
		next = oc->next;
		if (oc->seen) {
			oc_judge(oc);
			continue;
		}
		oc_remove(oc);
		any = true;
	}
	if (!any)
		return;
	sessions_hurry(ss);
	for (struct oc *oc = ss->ocs; oc; oc = oc->next)
		oc_snapshot(oc);
}

void scan_apply(struct sessions *ss, const char *text, size_t len)
{
	char *copy = xstrndup(text, len), *at = copy;
	char *tmux = strstr(copy, "=tmux\n"), *claude = tmux ? strstr(tmux, "=claude\n") : NULL;
	char *end = claude ? strstr(claude, "=end") : NULL, *starting[8];
	char *herdr = claude ? strstr(claude, "\n=herdr\n") : NULL;
	struct buf agents = { 0 };
	size_t n_starting = 0;
	/* an incomplete answer cannot show that something is missing */
	if (!end) {
		free(copy);
		return;
	}
	ss->herdr = herdr && strncmp(herdr + strlen("\n=herdr\n"), "herdr\t", 6) == 0;
	ss->watch.wanted = claude[strlen("=claude\n")] != '=';
	*tmux = *claude = *end = '\0';
	if (herdr)
		herdr[1] = '\0';
	ss->codex_plan = (struct plan){ 0 };
	for (struct oc *oc = ss->ocs; oc; oc = oc->next)
		oc->seen = oc->config && oc->config->url ? OC_SEEN_SERVICE : OC_UNSEEN;
	for (char *line = at; line && *line;) {
		char *nl = strchr(line, '\n');
		if (nl)
			*nl = '\0';
		if (!strncmp(line, "oc\t", 3))
			scan_server_line(ss, line);
		else if (!strncmp(line, "svc\t", 4))
			scan_service_line(ss, line);
		else if (!strncmp(line, "cpu\t", 4))
			scan_cpu_line(ss, line);
		else if (!strncmp(line, "now\t", 4))
			ss->uptime = scan_uptime_of(line + 4);
		else if (!strncmp(line, "starting\t", 9) && n_starting < ARRAY_LEN(starting))
			starting[n_starting++] = line;
		else if (!strncmp(line, "plan\tcodex\t", 11))
			plan_parse(&ss->codex_plan, line + 11, strlen(line + 11));
		else if (!strncmp(line, "agent\t", 6))
			buf_addf(&agents, "%s\n", line);
		line = nl ? nl + 1 : NULL;
	}
	scan_take_ended(ss);
	for (size_t i = 0; i < n_starting; i++)
		if (scan_starts(ss, starting[i]))
			sessions_look_soon(ss);
	struct program_lines lines = { .tmux = tmux + strlen("=tmux\n"),
		                       .claude = claude + strlen("=claude\n"),
		                       .herdr = herdr ? herdr + strlen("\n=herdr\n") : "" };
	programs_apply(ss, agents.data ? agents.data : "", &lines);
	buf_finish(&agents);
	watch_again(ss);
	free(copy);
}
