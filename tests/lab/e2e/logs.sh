# Following, pausing, and what is followed going away and coming back.

log_of_a_container_over_a_restart() {
	fleet 120 40 sese && wait_for "$sese" && at sese/container/mini_web_1 && keys l && wait_for 'following' && wait_for 'web: line' 10 &&
		on sese docker restart -t 1 mini_web_1 >/dev/null && wait_for '(restart|start|ended|gone|stopped)' 10 && wait_for 'web: starting' 10 && wait_for 'following' &&
		wait_for 'web: line 1' 10
	local code=$?
	mini_up
	return $code
}
log_pauses_when_scrolled() {
	fleet 120 20 sese && wait_for "$sese" && at sese/container/javisi_postgresql && keys l && wait_for 'following' && wait_for 'postgresql: line' 10 && keys k k k k &&
		wait_for 'paused' && wait_for 'new below' 12 && keys G && wait_for 'following' && type_text '/warning' && keys Enter && wait_for 'warning' && keys q && wait_for 'mocr › '
}
log_of_a_unit() {
	fleet 120 30 pi && wait_for '2 failed' && at pi/unit/caddy-workstation.service && keys l && wait_for 'caddy: line' 10 && wait_for 'following' &&
		on pi systemctl restart caddy-workstation && wait_for 'caddy: starting' 10 && wait_for '(Stopped|Stopping|Started|restart)' 10
}
log_of_a_user_unit() {
	fleet 120 30 pi && wait_for '2 failed' && at pi/unit/user:flaky-user.service && keys l && wait_for 'notes.db: no such file' 10
}
log_of_marked_ones() {
	fleet 120 40 sese && wait_for "$sese" && keys 2 && alone mini_ && wait_for 'mini_web_1' && keys g Space Space && wait_for '2 marked' && keys l && wait_for 'web: line' 15 &&
		wait_for 'worker: line' 15 && see 'mini_web_1' && see 'mini_worker_1'
}
log_over_a_lost_link() {
	fleet 120 40 sese && wait_for "$sese" && at sese/container/mini_worker_1 && keys l && wait_for 'worker: line' 15 && kill_our_session sese 804 &&
		wait_for '(lost|gap|again|link)' 10 && wait_for 'following' 20 && sleep 1 && ! dead
}
log_of_a_terminal_container() {
	fleet 120 40 sese && wait_for "$sese" && at sese/container/javisi_console && keys l && wait_for 'console: line' 15 && see_not '\^M'
}
log_of_a_dead_one() {
	fleet 120 40 sese && wait_for "$sese" && at sese/container/javisi_migrate && keys l && wait_for 'relation sessions already exists' 10
}
# Times of day, whole and none; lines cut and wrapped; a match that goes on in the next row; bars.
_both_halves_are_marked() { local c; c=$(screen_colours | tr "\033" "^"); grep -qE "\^\[([0-9]+;)*4m(\^\[[0-9;]*m)*needle over" <<<"$c" && grep -qE "\^\[([0-9]+;)*4m(\^\[[0-9;]*m)*two rows" <<<"$c"; }
log_forms_of_times_wrap_and_bars() {
	local i host file=$work/forms.log
	host=$(hostname)
	for i in $(seq 30); do printf '2026-03-01T10:%02d:07.%03dZ INFO line %d of the day\n' "$i" "$i" "$i"; done >"$file"
	printf '2026-03-01T10:40:07.500Z ERROR %s needle over two rows %s the end\n' "$(printf 'x%.0s' $(seq 49))" "$(printf 'y%.0s' $(seq 60))" >>"$file"
	mocr 80 24 local && wait_for "● $host" && command_line "logs $host/file:$file" && wait_for ' 31 lines' && wait_for '^10:40:07 ✗ ERROR xxx.*›$' && see '^10:30:07 INFO line 30 of the day' && see_not 'the end$' &&
		keys t && wait_for '^2026-03-01 10:40:07.500 ✗ ERROR' && keys t && wait_for '^2026-03-01T10:30:07.030Z INFO line 30' && see_not '^10:30:07' && keys t && wait_for '^10:30:07 INFO' &&
		keys w && wait_for 'the end$' && see_not '›$' && type_text '/needle over two rows' && keys Enter && wait_for '/needle over two rows ' && wait_until 5 _both_halves_are_marked &&
		keys H && wait_for '^10:[0-9]+ .*[█▁].* 10:40  most [0-9]' && keys G && resize 40 12 && wait_for 'most' && wait_for 'the end$'
}
# A line of JSON stands where its own time puts it, and shows that; one without a time goes with the line before it.
json_lines_stand_by_their_own_time() {
	local host file=$work/json.log
	host=$(hostname)
	printf '%s\n' '2026-03-01T20:30:00Z first' '{"level":"info","time":"2026-03-01T20:40:00Z","msg":"second"}' '{"msg":"third"}' '{"ts":1772398200.5,"msg":"fourth"}' >"$file"
	mocr 80 24 local && wait_for "● $host" && command_line "logs $host/file:$file" && wait_for ' 4 lines' && wait_for '^20:40:00 info second$' && see '^20:30:00 first$' && see '^20:40:00 third$' && see '^20:50:00 fourth$'
}
# Every tail and stat that servers have: the file is replaced, gone for a while, emptied, and each line comes once. BusyBox says nothing
# of an emptied file, so it is looked at. All at the same time.
_tails_of() {
	local name dir=$work/tails-$1
	mkdir -p "$dir"
	[ "$1" != gnu ] || return 0                  # this machine's own
	for name in tail stat head wc; do printf '#!/bin/sh\nexec %s %s "$@"\n' "$1" "$name" >"$dir/$name"; done
	chmod +x "$dir"/*
}
_followed_by() {
	local f=$work/by-$1.log got=$work/by-$1 code pid
	_tails_of "$1"
	rm -f "$f"*
	seq -f 'line first %g' 1 600 >"$f"
	PATH=$work/tails-$1:$PATH "$MOCR" logs -f "*/file:$f" >"$got" 2>"$got.err" & pid=$!
	_comes() { wait_until 20 grep -q -- "$1" "$got"; }
	_comes 'first 600$' && seq -f 'line first %g' 601 620 >>"$f" && _comes 'first 620$' && mv "$f" "$f.1" && seq -f 'line second %g' 1 20 >"$f" && _comes 'second 20$' &&
		rm "$f" && sleep 2.5 && seq -f 'line third %g' 1 20 >"$f" && _comes 'third 20$' && sleep 3 && : >"$f" && sleep 1.5 && echo 'line fourth 1' >>"$f" && _comes 'fourth 1$' && sleep 2.5 && echo 'line fourth 2' >>"$f" &&
		_comes 'fourth 2$' && _comes 'the file was emptied' && is "gaps of $1" "$(grep -c -- '-- the file was replaced' "$got")" 2 &&
		is "lines of $1" "$(grep -oE 'line [a-z]+ [0-9]+$' "$got" | md5sum)" "$( (seq -f 'line first %g' 101 620; seq -f 'line second %g' 1 20; seq -f 'line third %g' 1 20; printf 'line fourth %s\n' 1 2) | md5sum)" &&
		is "all else of $1" "$(grep -vc 'line [a-z]* [0-9]*$\|-- the file was' "$got")" 0
	code=$?
	kill "$pid"
	wait "$pid" 2>/dev/null
	return $code
}
files_are_followed_with_every_tail() {
	local name pids= pid code=0
	for name in gnu busybox toybox coreutils; do _followed_by $name & pids="$pids $!"; done
	for pid in $pids; do wait "$pid" || code=1; done
	return $code
}
