# lib.sh: real programs of other people on loopback, and mocr beside them. Sourced by the scripts of tests/real.
#
#   fetched NAME COMMAND...  runs the command in $kept/NAME, once: what it brings stays there. The version belongs to the name
#   started NAME COMMAND...  starts it in the background with its output in $work/NAME.log; ended with the script
#   ready SECONDS COMMAND... waits until the command succeeds; on failure the ends of all logs are shown
#   config, open, run, system, knows, to  as in tests/screens/systems_lib.sh: the sections, the screen, status --json
#   doing                    the words before an order: ends 0 "${doing[@]}" restart ID
#   run_tests TEST...        one try each
# A script that cannot have its program calls cannot WHY: that is a failure, not a skipped test.

real_home=${HOME:-/root}
. "$(dirname "${BASH_SOURCE[0]}")/../screens/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../screens/systems_lib.sh"
TRIES=1
kept=${MOCR_REAL_CACHE:-${XDG_CACHE_HOME:-$real_home/.cache}/mocr-real}

cannot() { echo "not ok $(basename "$0"): $*"; exit 1; }
# Half a download is none: the folder gets its name when the command succeeded.
fetched() {
	local dir=$kept/$1
	[ ! -e "$dir/.whole" ] || return 0
	mkdir -p "$dir" && (cd "$dir" && HOME=$real_home && "${@:2}") >"$work/fetch.log" 2>&1 && : >"$dir/.whole" ||
		{ tail -n 15 "$work/fetch.log" | sed 's/^/    /'; cannot "$1 cannot be fetched"; }
}
started() {
	"${@:2}" >"$work/$1.log" 2>&1 </dev/null &
	daemons+=($!)
}
ready() {
	wait_until "$@" && return
	for log in "$work"/*.log; do tail -n 15 "$log" | sed "s|^|    ${log##*/}: |"; done
	cannot "what should answer does not: ${*:2}"
}
to() { keys / && type_text "$1" && keys Enter; }
doing=("$MOCR" --config "$work/conf" --wait 40 --yes do)
# becomes SECONDS ID CONDITION: like system, until it is so
becomes() { wait_until "$1" _is_so "${@:2}" || system "${@:2}"; }
_is_so() { system "$@" >/dev/null; }
run_tests() {
	local t
	for t; do run_test "$t"; done
	exit $test_failed
}
