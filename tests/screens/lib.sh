# lib.sh: the real program in a real terminal (a tmux server of its own), driven by keys, judged by its screen.
# Sourced by the tests of tests/screens and tests/lab. Nothing sleeps for a fixed time: waits end when the screen says so.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/mocr-screens.XXXXXX")
sock=$work/tmux
MOCR=${MOCR:-$top/build/mocr}
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config XDG_STATE_HOME=$work/home/.state LC_ALL=C.UTF-8 TZ=UTC
unset TMUX NO_COLOR COLORTERM MOCR_DUMPS
[ "$(id -u)" = 0 ] || export MOCR_DUMPS=yes      # tests look at its descriptors, which root alone may otherwise
mkdir -p "$HOME"
test_failed=0

cleanup() {
	term_stop
	rm -rf "$work"
}
trap cleanup EXIT

# term COLUMNS ROWS COMMAND...: starts the command in a terminal of that size.
term() {
	local cols=$1 rows=$2
	shift 2
	# a console begins where the last one ended: a test begins as the first start, unless it says otherwise
	[ -n "${REMEMBERS:-}" ] || rm -f "$XDG_STATE_HOME/mocr/last"
	printf 'set -g %s\n' 'status off' 'escape-time 0' 'remain-on-exit on' 'history-limit 0' >"$work/tmux.conf"
	tmux -S "$sock" -f "$work/tmux.conf" new-session -d -x "$cols" -y "$rows" -s t "exec $(printf '%q ' "$@") 2>$work/stderr"
	tmux -S "$sock" resize-window -t t -x "$cols" -y "$rows" 2>/dev/null
}
# A process that ended counts as gone, also before its parent takes notice.
_runs_on() {
	local stat=
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	[[ ${stat##*) } != Z* ]]
}
# What ran in it has ended when this returns: it may write what the next one reads.
term_stop() {
	local pid end=$((SECONDS + 5))
	pid=$(pane_pid 2>/dev/null)
	tmux -S "$sock" kill-server 2>/dev/null
	while [ -n "$pid" ] && _runs_on "$pid" && [ $SECONDS -lt $end ]; do sleep 0.02; done
	rm -f "$sock"
}
mocr() { local c=$1 r=$2; shift 2; term "$c" "$r" "$MOCR" "$@"; }

keys() { tmux -S "$sock" send-keys -t t "$@"; }
# A lone Esc: what follows at once would make it Alt.
esc() { keys Escape; sleep 0.15; }
# tmux takes a semicolon at the end for its own.
type_text() { tmux -S "$sock" send-keys -t t -l "${1/%;/\\;}"; }
screen() { tmux -S "$sock" capture-pane -t t -p; }
screen_colours() { tmux -S "$sock" capture-pane -t t -p -e; }
resize() { tmux -S "$sock" resize-window -t t -x "$1" -y "$2"; }
pane_pid() { tmux -S "$sock" display -t t -p '#{pane_pid}'; }
dead() { [ "$(tmux -S "$sock" display -t t -p '#{pane_dead}')" = 1 ]; }

# wait_for PATTERN [SECONDS]: until a line of the screen matches the extended expression.
wait_for() {
	local end=$((SECONDS + ${2:-15}))
	while ! screen | grep -qE -- "$1"; do
		[ $SECONDS -ge $end ] && { note "never seen: $1"; return 1; }
		sleep 0.05
	done
}
wait_gone() {
	local end=$((SECONDS + ${2:-15}))
	while screen | grep -qE -- "$1"; do
		[ $SECONDS -ge $end ] && { note "never gone: $1"; return 1; }
		sleep 0.05
	done
}
wait_dead() {
	local end=$((SECONDS + ${1:-10}))
	while ! dead; do
		[ $SECONDS -ge $end ] && { note "it does not end"; return 1; }
		sleep 0.05
	done
}
# wait_until SECONDS COMMAND...: until the command works.
wait_until() {
	local end=$((SECONDS + $1))
	shift
	while ! "$@"; do
		[ $SECONDS -ge $end ] && { note "never worked: $*"; return 1; }
		sleep 0.1
	done
}
# What went wrong, in words, beneath the test that failed.
note() { echo "    $*"; }
see() { screen | grep -qE -- "$1" || { note "not on the screen: $1"; return 1; }; }
see_not() { ! screen | grep -qE -- "$1" || { note "on the screen: $1"; return 1; }; }
# is WHAT GOT WANTED
is() { [ "$2" = "$3" ] || { note "$1: got '$2', wanted '$3'"; return 1; }; }
# ends CODE COMMAND...: the command, without a terminal, ends with that code; what it said is in $work/out and $work/err.
ends() {
	local want=$1 got
	shift
	timeout 60 "$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ $got = "$want" ] || { note "ended with $got, not $want: $*"; sed 's/^/    : /' "$work/err" | head -n 5; return 1; }
}
says() { grep -qE -- "$1" "$work/out" "$work/err" || { note "did not say: $1"; sed 's/^/    : /' "$work/out" "$work/err" | head -n 12; return 1; }; }
says_not() { ! grep -qE -- "$1" "$work/out" "$work/err" || { note "said: $1"; return 1; }; }
# tmux hears of the end of the output before it hears of the exit code; now and then it must be told to look.
exit_code() {
	local code end=$((SECONDS + 5))
	while [ -z "${code:=$(tmux -S "$sock" display -t t -p '#{pane_dead_status}')}" ] && [ $SECONDS -lt $end ]; do
		sleep 0.1
		kill -CHLD "$(tmux -S "$sock" display -p '#{pid}')"
	done
	echo "$code"
}

# raw COLUMNS ROWS COMMAND...: as term, and every byte it writes to the terminal is kept in $work/raw.
raw() {
	local cols=$1 rows=$2
	shift 2
	: >"$work/raw"
	term "$cols" "$rows" sh -c 'stty -echo; read -r go; stty echo; exec "$@"' sh "$@"
	tmux -S "$sock" pipe-pane -t t "exec cat >>$work/raw"
	sleep 0.2
	keys Enter
}
raw_bytes() { stat -c %s "$work/raw"; }
# No byte to the terminal for that many seconds; waits for such a time to begin.
silent_for() {
	local seconds=$1 end=$((SECONDS + 20)) before
	while [ $SECONDS -lt $end ]; do
		before=$(raw_bytes)
		sleep "$seconds"
		[ "$(raw_bytes)" = "$before" ] && return 0
	done
	note "never silent for $seconds s; the last bytes:"
	tail -c 200 "$work/raw" | cat -v | sed 's/^/    : /'
	return 1
}

# The screen, and the last words of what ran without one.
what_was_seen() {
	local f
	screen 2>/dev/null | grep -v '^ *$' | sed 's/^/    | /'
	for f in "$work"/stderr "$work"/*.err "$work"/followed; do
		[ ! -s "$f" ] || tail -n 12 "$f" | cut -c1-300 | sed "s|^|    ${f##*/}: |"
	done
}
# run_test FUNCTION: one "ok"/"not ok" line; the screen is shown when it failed. A test is "step && step && step".
run_test() {
	local name=$1
	if [ -n "${ONLY:-}" ] && [[ $name != *$ONLY* ]]; then return; fi
	local began=$SECONDS
	skipped_why=                      # a test that cannot run here says why in it
	"$name"
	local code=$?
	if [ $code -ne 0 ] && [ -z "$skipped_why" ] && [ "${TRIES:-1}" -gt 1 ]; then
		echo "again $name: the first try failed at this screen:"
		what_was_seen
		again
		"$name"
		code=$?
	fi
	if [ -n "$skipped_why" ]; then
		echo "skip $name: $skipped_why"
	elif [ $code -eq 0 ]; then
		echo "ok $name"
		[ -z "${TIMES:-}" ] || echo "    $((SECONDS - began)) s"
	else
		echo "not ok $name"
		test_failed=1
		what_was_seen
	fi
	term_stop
}
