/* script.c: scripts in POSIX sh, with tools that Debian always has. Every value goes into a script
 * through quote.h. */
#include "backends/deploy/script.h"

#include "backends/base/quote.h"
#include "backends/servers/sudo.h"

static void script_assign(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "%s=", name);
	if (value && *value)
		quote_word(b, value);
	buf_puts(b, "\n");
}

/* Finds $b, the folder of runs. A folder in /tmp must be ours and not a link. */
static const char base_script[] =
	"umask_was=$(umask); umask 077; tab=$(printf '\\t'); export LC_ALL=C.UTF-8\n"
	"b=\"${XDG_STATE_HOME:-$HOME/.local/state}/mocr/runs\"\n"
	"if ! { [ -d \"$b\" ] || mkdir -p \"$b\" 2>/dev/null; } || ! [ -w \"$b\" ]; then\n"
	"  b=/tmp/mocr-$(id -u); mkdir \"$b\" 2>/dev/null\n"
	"  if [ -L \"$b\" ] || ! [ -O \"$b\" ] || ! chmod 700 \"$b\"; then echo \"=place neither "
	"~/.local/state/mocr/runs nor $b can be made\" >&2; exit 73; fi\n"
	"fi\n"
	"die() { echo \"=$1 $2\" >&2; exit 73; }\n"
	/* Is the run in folder $1 alive? After a reboot, its pid may belong to another process. */
	"alive() { [ -s \"$1/pid\" ] || { [ -n \"$(find \"$1/meta\" -mmin -1 2>/dev/null)\" ]; "
	"return; }\n"
	"  read -r p boot <\"$1/pid\"; [ \"$boot\" = \"$(cat /proc/sys/kernel/random/boot_id "
	"2>/dev/null)\" ] && [ -d \"/proc/$p\" ]; }\n";

/* The program of a run; it runs the command. $d, $b and $id are set before it. */
static const char runner_script[] =
	"umask $umask_was\n"
	"trap : TERM HUP INT\n"
	"rev() { git rev-parse --short=12 HEAD 2>/dev/null; }\n"
	"echo \"$$ $(cat /proc/sys/kernel/random/boot_id 2>/dev/null)\" >\"$d/pid\"\n"
	"set -a; . \"$d/exports\"; set +a\n"
	/* Secrets come through a named pipe, so that no file holds them. */
	"code=; if [ -e \"$d/wants\" ]; then s=$(timeout 30 cat \"$d/secrets\" 2>/dev/null); [ -n "
	"\"$s\" ] || code=78; eval \"$s\"; unset s; fi\n"
	"if [ -z \"$code\" ]; then sh \"$d/command\" >>\"$d/log\" 2>&1 </dev/null; code=$?\n"
	"else echo 'mocr: not run, the values of its secret variables did not come' >>\"$d/log\"; "
	"fi\n"
	"full=; { echo . >\"$d/probe\"; } 2>/dev/null || full=1\n"
	"rm -f \"$d/reserve\" \"$d/probe\"\n"
	"[ -z \"$full\" ] || echo \"mocr: no space was left on this server for $d: what it printed "
	"is not all here\" >>\"$d/log\"\n"
	"size=$(wc -c <\"$d/log\")\n"
	"printf "
	"'end\\t%s\\tcode=%s\\tended=%s\\tsize=%s\\tafter=%s\\tchanged=%s\\thow=%s\\tcancelled=%"
	"s\\n' \"$id\" $code \"$(date +%s)\" $((size)) \"$(rev)\" \"$(head -c 190 \"$d/changed\" "
	"2>/dev/null | tr '\\n\\t' '; ' | sed 's/;$//; s/;/; /g')\" \"$(cat \"$d/how\" "
	"2>/dev/null)\" \"$(cat \"$d/cancel\" 2>/dev/null)\" >\"$d/end.new\"\n"
	"mv \"$d/end.new\" \"$d/end\" && { cat \"$d/end\" >>\"$b/events\"; rm -rf \"$lock\"; }\n";

/* Finds every possible error before anything is changed. */
static const char start_script[] =
	"d=$b/$id unit=mocr-$id; lock=$b/lock.$name; export HOME\n"
	"cd \"${directory:-$HOME}\" 2>/dev/null || die directory \"$(cd \"${directory:-$HOME}\" "
	"2>&1 | sed 's/^[^:]*: [0-9]*: //')\"\n"
	"[ -z \"$of\" ] || [ -r \"$b/$of/exports\" ] || die place \"the values of the run $of are "
	"not kept any more\"\n"
	"before=$(git rev-parse --short=12 HEAD 2>/dev/null)\n"
	"said=$(mkdir \"$d\" 2>&1) || die place \"$said\"\n"
	"undo() { rm -rf \"$d\"; }\n"
	"if [ \"$want_lock\" = 1 ]; then\n"
	"  if ! mkdir \"$lock\" 2>/dev/null; then\n"
	"    other=$(cat \"$lock/id\" 2>/dev/null)\n"
	"    if [ -n \"$other\" ] && [ -d \"$b/$other\" ] && ! [ -e \"$b/$other/end\" ] && alive "
	"\"$b/$other\"; then\n"
	"      undo; echo \"=locked it runs already: $(tr '\\t' ' ' <\"$b/$other/meta\" | sed "
	"'s/.* by=\\(.*\\) started=.*/started by \\1/')\" >&2; exit 75\n"
	"    fi\n"
	"    if [ -z \"$other\" ] && [ -z \"$(find \"$lock\" -maxdepth 0 -mmin +1)\" ]; then undo; "
	"echo '=locked it is being started by somebody else' >&2; exit 75; fi\n"
	"    mv \"$lock\" \"$d/old-lock\" && mkdir \"$lock\" || { undo; echo '=locked it is being "
	"started by somebody else' >&2; exit 75; }\n"
	"  fi\n"
	"  said=$(echo \"$id\" 2>&1 >\"$lock/id\") || { undo; rm -rf \"$lock\"; die place "
	"\"$said\"; }\n"
	"else lock=; fi\n"
	"undo() { rm -rf \"$d\" ${lock:+\"$lock\"}; }\n"
	"q() { printf \"%s='\" \"$1\"; printf %s \"$2\" | sed \"s/'/'\\\\\\\\''/g\"; echo \"'\"; "
	"}\n"
	"started=$(date +%s)\n"
	"carry=session\n"
	"uid=$(id -u); run=${XDG_RUNTIME_DIR:-/run/user/$uid}\n"
	"if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then\n"
	"  if [ \"$uid\" = 0 ]; then carry=system\n"
	"  elif [ -e \"/var/lib/systemd/linger/$(id -un)\" ] && [ -S \"$run/bus\" ]; then "
	"carry=user; export XDG_RUNTIME_DIR=\"$run\"\n"
	"  else " SUDO_MAY "may systemd-run && sudo -n true 2>/dev/null && carry=sudo; fi\n"
	"fi\n"
	/* cat reports why a file cannot be written; dash's printf only says "I/O error". */
	"said=$( { export -p; for v in d b id lock umask_was; do eval \"q $v \\\"\\$$v\\\"\"; "
	"done; echo \"cd '.' 2>/dev/null\"; q where \"$PWD\"; echo 'cd \"$where\"'; printf %s "
	"\"$runner\"; } | cat 2>&1 >\"$d/run\" &&\n"
	"  { if [ -n \"$of\" ]; then cat \"$b/$of/exports\"; else printf %s \"$exports\"; fi; } | "
	"cat 2>&1 >\"$d/exports\" &&\n"
	/* Reserves 64 KB, so that a run that fills the disk can still write its end. */
	"  printf %s \"$command\" | cat 2>&1 >\"$d/command\" && : >\"$d/log\" && printf %65536s . "
	"| cat 2>&1 >\"$d/reserve\" &&\n"
	"  printf "
	"'start\\t%s\\tname=%s\\twhat=%s\\tby=%s\\tstarted=%s\\thow=%s\\tbefore=%s%s\\targs=%s\\n' "
	"\"$id\" \"$name\" \"$what\" \"$by\" \"$started\" \"$carry\" \"$before\" \"$more\" "
	"\"$args\" | cat 2>&1 >\"$d/meta\" && cat \"$d/meta\" 2>&1 >>\"$b/events\") ||\n"
	"  { undo; die place \"the files of the run cannot be written in $b: ${said:-no space "
	"left?}\"; }\n"
	"[ -z \"$secrets\" ] || { : >\"$d/wants\" && mkfifo \"$d/secrets\"; } || { undo; die place "
	"\"no pipe can be made in $d\"; }\n"
	"o=\"--quiet --collect -p KillMode=process -p SendSIGHUP=no --unit=$unit\"\n"
	"case $carry in\n"
	"system) systemd-run $o sh \"$d/run\" >/dev/null 2>\"$d/said\" </dev/null ;;\n"
	"user) systemd-run --user $o sh \"$d/run\" >/dev/null 2>\"$d/said\" </dev/null ;;\n"
	"sudo) sudo -n systemd-run $o --uid=\"$uid\" --gid=\"$(id -g)\" sh \"$d/run\" >/dev/null "
	"2>\"$d/said\" </dev/null ;;\n"
	"*) false ;;\n"
	"esac || { setsid sh \"$d/run\" >/dev/null 2>&1 </dev/null & echo session >\"$d/how\"; "
	"carry=session; }\n"
	"[ -e \"$d/how\" ] || echo $carry >\"$d/how\"\n"
	"if [ -n \"$secrets\" ]; then printf %s \"$secrets\" >\"$d/secrets\" & w=$!; i=0\n"
	"  while kill -0 $w 2>/dev/null && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done\n"
	"  kill $w 2>/dev/null; rm -f \"$d/secrets\"; secrets=; fi\n"
	"printf 'started\\t%s\\n' \"$carry\"\n"
	"ls -1d \"$b\"/[0-9]*-*/end 2>/dev/null | head -n -50 | while read -r old; do rm -rf "
	"\"${old%/end}\"; done\n";

void script_start(struct buf *s, const struct start_words *w)
{
	struct buf command = { 0 };
	buf_puts(&command, w->command);
	buf_puts(&command, "\n");
	buf_puts(s, base_script);
	script_assign(s, "id", w->id);
	script_assign(s, "name", w->name);
	script_assign(s, "what", w->what);
	script_assign(s, "by", w->by);
	script_assign(s, "args", w->args);
	script_assign(s, "directory", w->directory);
	script_assign(s, "want_lock", w->lock ? "1" : "0");
	script_assign(s, "of", w->of);
	script_assign(s, "exports", w->exports);
	script_assign(s, "secrets", w->secrets);
	script_assign(s, "command", command.data);
	script_assign(s, "more", w->more);
	script_assign(s, "runner", runner_script);
	buf_puts(s, start_script);
	buf_finish(&command);
}

void script_watch(struct buf *s)
{
	buf_puts(s, base_script);
	buf_puts(s, "e=$b/events; : >>\"$e\"; n=$(wc -c <\"$e\")\n"
	            "cat \"$b\"/[0-9]*/meta 2>/dev/null\n"
	            "cat \"$b\"/[0-9]*/end 2>/dev/null\n"
	            "for m in \"$b\"/[0-9]*/meta; do d=${m%/meta}\n"
	            "  if [ -e \"$m\" ] && ! [ -e \"$d/end\" ] && ! alive \"$d\"; then printf "
	            "'gone\\t%s\\tended=%s\\tsize=%s\\n' \"${d##*/}\" \"$(stat -c %Y \"$d/log\" "
	            "2>/dev/null)\" \"$(stat -c %s \"$d/log\" 2>/dev/null)\"; fi\n"
	            "done\n"
	            "echo listed\n"
	            "tail -c +$((n + 1)) -F \"$e\" 2>/dev/null & t=$!\n"
	            "trap 'kill $t 2>/dev/null' EXIT HUP TERM\n"
	            "cat >/dev/null\n");
}

void script_follow(struct buf *s, const char *id, int64_t offset)
{
	buf_puts(s, base_script);
	script_assign(s, "id", id);
	buf_addf(s, "d=$b/$id from=%lld\n", (long long)offset + 1);
	buf_puts(s, "[ -e \"$d/log\" ] || { echo '=gone its output is not kept any more' >&2; exit "
	            "73; }\n"
	            /* The pid file appears a moment after the start. */
	            "i=0; while ! [ -s \"$d/pid\" ] && ! [ -e \"$d/end\" ] && [ $i -lt 50 ]; do "
	            "sleep 0.02; i=$((i + 1)); done\n"
	            "p=; [ -s \"$d/pid\" ] && read -r p boot <\"$d/pid\"\n"
	            "if [ -e \"$d/end\" ] || [ -z \"$p\" ] || ! alive \"$d\"; then exec tail -c "
	            "+$from \"$d/log\"; fi\n"
	            "tail -c +$from -s 0.03 --pid=\"$p\" -f \"$d/log\" & t=$!\n"
	            "trap 'kill $t 2>/dev/null' HUP TERM\n"
	            /* A shell gives background jobs no standard input of their own. So descriptor 3
	             * passes it. */
	            "exec 3<&0\n"
	            "{ cat; kill $t; } <&3 >/dev/null 2>&1 & c=$!\n"
	            "exec 3<&-\n"
	            "wait $t\n"
	            "kill $c 2>/dev/null\n"
	            /* sh -s would wait for more commands */
	            "exit 0\n");
}

void script_cancel(struct buf *s, const char *id, const char *by, int wait_s)
{
	buf_puts(s, base_script);
	script_assign(s, "id", id);
	script_assign(s, "by", by);
	buf_addf(s, "d=$b/$id wait=%d\n", wait_s * 5);
	buf_puts(s, "[ -e \"$d/end\" ] && exit 0\n"
	            "[ -s \"$d/pid\" ] || die cancel 'it is not known which process runs it'\n"
	            "echo \"$by\" >\"$d/cancel\"\n"
	            "read -r p boot <\"$d/pid\"; how=$(cat \"$d/how\" 2>/dev/null)\n"
	            "export XDG_RUNTIME_DIR=\"${XDG_RUNTIME_DIR:-/run/user/$(id -u)}\"\n"
	            /* All processes of the run's session. The runner survives TERM, waits for
	             * its command and writes the end. */
	            "ours() { for f in /proc/[0-9]*/stat; do { read -r line <\"$f\"; } 2>/dev/null "
	            "|| continue; pid=${line%% *}; set -- ${line##*) }; [ \"$4\" = \"$p\" ] && "
	            "echo \"$pid\"; done; }\n"
	            "signal() { case $how in\n"
	            "  system) systemctl kill -s $1 \"mocr-$id.service\" ;;\n"
	            "  user) systemctl --user kill -s $1 \"mocr-$id.service\" ;;\n"
	            "  sudo) sudo -n systemctl kill -s $1 \"mocr-$id.service\" ;;\n"
	            "  *) kill -s $1 $(ours) ;; esac; }\n"
	            "signal TERM 2>/dev/null || kill -s TERM $(ours) 2>/dev/null\n"
	            "i=0; while ! [ -e \"$d/end\" ] && [ $i -lt $wait ]; do sleep 0.2; i=$((i + "
	            "1)); done\n"
	            "[ -e \"$d/end\" ] && exit 0\n"
	            "signal KILL 2>/dev/null || kill -s KILL $(ours) 2>/dev/null\n"
	            "sleep 0.2; [ -e \"$d/end\" ] && exit 0\n"
	            "rm -f \"$d/reserve\"; printf "
	            "'end\\t%s\\tcode=137\\tended=%s\\tsize=%s\\tafter=\\tcancelled=%s\\n' \"$id\" "
	            "\"$(date +%s)\" \"$(stat -c %s \"$d/log\")\" \"$by\" >\"$d/end\"\n"
	            "cat \"$d/end\" >>\"$b/events\"; for l in \"$b\"/lock.*; do [ \"$(cat "
	            "\"$l/id\" 2>/dev/null)\" = \"$id\" ] && rm -rf \"$l\"; done\n"
	            "exit 0\n");
}
