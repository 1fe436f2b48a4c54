# systems_lib.sh: real daemons of this distribution on loopback, and how the tests read rows of systems. Sourced after lib.sh.
# The packages of the daemons are unpacked, not installed: an installed one would start by itself.

again() { term_stop; stop_daemons; rm -rf "$XDG_STATE_HOME/mocr"; }
daemons=()
stop_daemons() { [ ${#daemons[@]} -eq 0 ] || { kill "${daemons[@]}"; wait "${daemons[@]}"; } 2>/dev/null; daemons=(); }
trap 'stop_daemons; cleanup' EXIT

packages=$top/build/packages
bin=$packages/root/usr/bin
# unpacked PROGRAM PACKAGE: fetches and unpacks it once
unpacked() {
	[ -x "$bin/$1" ] && return 0
	mkdir -p "$packages" && (cd "$packages" && apt-get download "$2" >/dev/null 2>&1 && dpkg -x "$2"_*.deb root) && [ -x "$bin/$1" ]
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { curl -sf -o /dev/null "http://127.0.0.1:$1"; }

# config SECTION NAME PORT...
config() {
	printf '%s\n' '[settings]' 'local = no' '[server here]' 'host = local' >"$work/conf"
	while [ $# -gt 0 ]; do
		printf '%s\n' "[$1 $2]" 'server = here' "url = http://127.0.0.1:$3" >>"$work/conf"
		shift 3
	done
	rm -rf "$XDG_STATE_HOME"
}
systems_panel() { type_text ':systems'; keys Enter; }
open() { mocr "$1" "$2" --config "$work/conf" here && wait_for here && systems_panel && wait_for 'Systems|sy' && keys z; }
run() { "$MOCR" --config "$work/conf" --wait 40 "$@"; }
# system ID CONDITION
system() { run status --json >"$work/json" 2>/dev/null; knows "$@"; }
knows() { jq -e --arg id "here/system/$1" ".servers[0].systems[] | select(.id == \$id) | $2" "$work/json" >/dev/null || { note "system $1: not $2"; jq -c '.servers[0].systems[]?' "$work/json" | head -n 12; return 1; }; }
# unpacked_library PACKAGE: fetches and unpacks it once, beside the programs
unpacked_library() {
	[ -e "$packages/$1.unpacked" ] && return 0
	mkdir -p "$packages" && (cd "$packages" && apt-get download "$1" >/dev/null 2>&1 && dpkg -x "$1"_*.deb root && : >"$1.unpacked")
}
# The newest PostgreSQL of this distribution, its client and its library; sets $pgbin.
unpacked_postgres() {
	local major
	major=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
	pgbin=$packages/root/usr/lib/postgresql/$major/bin
	[ -n "$major" ] && unpacked_library "postgresql-$major" && unpacked_library "postgresql-client-$major" && unpacked_library libpq5 && [ -x "$pgbin/postgres" ] && [ -x "$pgbin/psql" ]
}
