# lib.sh: strict fakes of what cannot be installed, for tests that have sourced tests/screens/lib.sh.
fakes=()

stop_fakes() { [ ${#fakes[@]} -eq 0 ] || kill "${fakes[@]}" 2>/dev/null; fakes=(); }
trap 'stop_fakes; cleanup' EXIT

# fake NAME VERSION [HOST]: starts tests/fakes/NAME on an address of this machine (loopback); its port is in $port.
fake() {
	fake_host=${3:-127.0.0.1}
	stop_fakes; rm -f "$work/port"
	"$top/tests/fakes/$1" "$2" 0 ${3:+"$3"} >"$work/port" 2>"$work/fake.err" &
	fakes+=($!)
	wait_until 20 test -s "$work/port" && port=$(<"$work/port")
}
tell() { curl -sf "http://$fake_host:$port/$1" -d "$2" >/dev/null; }      # to the fake: _order, _set, _project
calls() { curl -sf "http://$fake_host:$port/_calls" -d '' | jq -r '.[]'; }
called() { calls | grep -cE -- "$1"; }
