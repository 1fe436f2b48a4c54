# What a terminal channel writes comes through the tmux of every release that the servers run.
# shellcheck disable=SC2154

# _tmux_of SERVER: the tmux of that server with its loader and libraries, to run here: $work/tmux-SERVER/bin/tmux.
_tmux_of() {
	local dir=$work/tmux-$1
	mkdir -p "$dir/bin"
	docker exec "mocrlab-$1" sh -c 'p=$(command -v tmux); tar -chPf - "$p" $(ldd "$p" | grep -oE "/[^ )]+")' | tar -xPf - -C "$dir" --transform 's,.*/,,' || return 1
	printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$(echo "$dir"/ld-linux*)" "$dir" "$dir/tmux" >"$dir/bin/tmux"
	chmod +x "$dir/bin/tmux"
}
_raw_has() { grep -aqF -- "$1" "$work/raw"; }
_through_tmux_of() {
	local tmux=$work/tmux-$1/bin/tmux inner=$work/inner-$1 code
	_tmux_of "$1" || return 1
	"$tmux" -V | sed 's/^/    /'
	rm -rf "$XDG_STATE_HOME/mocr"
	printf 'set -g %s\n' "allow-passthrough $2" 'status off' >"$work/inner.conf"
	raw 100 24 env -u TMUX TERM=xterm-256color PATH="$work/tmux-$1/bin:$PATH" sh -c "$tmux -S $inner -f $work/inner.conf new 'exec $MOCR --config $work/notify.conf'; sleep 9"
	if [ "$2" = on ]; then
		wait_until 20 _raw_has $'\e]9;mocr: gone: the server cannot be reached' && ! _raw_has Ptmux
	else
		wait_until 20 _raw_has $'\a' && sleep 0.5 && ! _raw_has ']9;' && is 'the title of the pane' "$("$tmux" -S "$inner" display -p '#{pane_title}')" '(1) mocr'
	fi
	code=$?
	"$tmux" -S "$inner" kill-server
	term_stop
	return $code
}
# bookworm's 3.3a, trixie's 3.5a and sid's, which may each let messages through or not.
messages_come_through_the_tmux_of_each_release() {
	local server
	printf '%s\n' '[settings]' 'local = no' '[server gone]' 'host = root@127.0.0.1:1' '[notify screen]' 'type = terminal' 'for = 0' >"$work/notify.conf"
	for server in sese pi relay; do
		_through_tmux_of $server on && _through_tmux_of $server off || return 1
	done
	is 'versions of tmux' "$(for server in sese pi relay; do "$work/tmux-$server/bin/tmux" -V; done | sort -u | wc -l)" 3
}

# --- each condition once, and its end once -------------------------------------------------------------------------------------------------

# _said WHAT ID: how many messages of that row there are.
_said() { awk -v RS= -v w="MOCR_WHAT=$1" -v i="MOCR_ID=$2" '{ what = id = 0; for (f = 1; f <= NF; f++) { what += $f == w; id += $f == i } n += what && id } END { print n + 0 }' "$work/said"; }
_said_is() { [ "$(_said "$1" "$2")" = "$3" ]; }
# _told_once ID BEGIN END: what is done on a server is one message, and what ends it is another.
_told_once() {
	$2 >/dev/null || { note "$2 failed"; return 1; }
	wait_until 30 _said_is need "$1" 1 || { note "no message of $1"; return 1; }
	$3 >/dev/null || { note "$3 failed"; return 1; }
	wait_until 30 _said_is resolved "$1" 1 || { note "no message of the end of $1"; return 1; }
}
_ward_begins() { on sese docker run -d --name zward --network none --health-cmd 'test ! -e /sick' --health-interval 1s --health-retries 1 busybox:lab sleep 98765; }
_guard_begins() { on sese docker run -d --name zguard --network none busybox:lab sleep 87654; }
_guard_dies() { on sese pkill -KILL -f '^sleep 87654'; }
_guard_lives() { on sese docker start zguard; }
_ward_sick() { on sese docker exec zward touch /sick; }
_ward_well() { on sese docker exec zward rm /sick; }
_ward_gone() { on sese docker rm -f zward zguard; }
_unit_fails() { ! on relay systemd-run -q --wait --unit=e2e-told sh -c 'exit 7'; }
_unit_reset() { on relay systemctl reset-failed e2e-told; }
_user_unit_fails() { ! on pi runuser -u pi -- env XDG_RUNTIME_DIR=/run/user/1000 systemd-run -q --user --wait --unit=e2e-told sh -c 'exit 7'; }
_user_unit_reset() { user_unit reset-failed e2e-told; }
_mount_fails() { ! on pi sh -c 'printf "[Mount]\nWhat=/dev/nothere\nWhere=/srv/nothere\n" >/run/systemd/system/srv-nothere.mount && systemctl daemon-reload; systemctl start srv-nothere.mount'; }
_mount_over() { on pi systemctl reset-failed srv-nothere.mount; }
_door_opens() { on relay systemd-run -q --unit=e2e-door busybox httpd -f -p 127.0.0.1:7077 -h /srv; }
_door_shuts() { on relay systemctl stop e2e-door; }
_cut() { "$lab" cut pod; }
_heal() { "$lab" heal pod; }
_first_is_over() { [ -s "$work/said" ] && ! find "$work/said" -newermt '-8 seconds' | grep -q .; }
_told_over() {
	{ kill "$1" && wait "$1"; _heal; _ward_gone; _door_shuts; _unit_reset; _user_unit_reset; } >/dev/null 2>&1
	on pi sh -c 'rm -f /run/systemd/system/srv-nothere.mount; systemctl daemon-reload' >/dev/null
}
# The things on pod are hidden by the loss of pod: no message of them.
each_condition_is_told_once_and_its_end_once() {
	local code=1 pid
	printf '%s\n' '[settings]' 'local = no' '[server relay]' '[check door]' 'tcp = 127.0.0.1:7077' 'from = relay' 'every = 5' 'fails = 1' \
		'[notify run]' 'type = command' 'for = 2' "command = { env | grep ^MOCR_; echo; } >>$work/said" | conf
	rm -f "$work/said"
	_ward_begins >/dev/null && _guard_begins >/dev/null && _door_opens >/dev/null || return 1
	"$MOCR" -F "$config" watch sese pi relay pod >"$work/watch.out" 2>"$work/watch.err" </dev/null &
	pid=$!
	wait_until 60 _first_is_over && : >"$work/said" &&
		_cut && _told_once sese/container/zward _ward_sick _ward_well && _told_once sese/container/zguard _guard_dies _guard_lives && _told_once relay/unit/e2e-told.service _unit_fails _unit_reset &&
		_told_once pi/unit/user:e2e-told.service _user_unit_fails _user_unit_reset &&
		_told_once pi/unit/srv-nothere.mount _mount_fails _mount_over && _told_once relay/check/door _door_shuts _door_opens &&
		_told_once pod/server/pod true _heal && sleep 4 &&
		is 'messages' "$(grep -c '^MOCR_WHAT=need' "$work/said")" 7 && is 'messages of an end' "$(grep -c '^MOCR_WHAT=resolved' "$work/said")" 7 &&
		is 'messages of other kinds' "$(grep '^MOCR_WHAT=' "$work/said" | grep -cvE 'need|resolved')" 0 && code=0
	[ $code = 0 ] || { sed 's/^/    said: /' "$work/said"; sed 's/^/    watch: /' "$work/watch.err" | tail -n 20; }
	_told_over $pid
	return $code
}
