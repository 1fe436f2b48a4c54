# Many logs in one stream: their order, what holds it up, and what may be in it. Numbers are counted, not looked at.

_logs() { timeout "${SECONDS_MAX:-60}" "$MOCR" -F "$config" logs "$@" 2>"$work/logs.err"; }
# _follow TARGET...: in the background, into $work/followed
_follow() { : >"$work/followed"; : >"$work/logs.err"; "$MOCR" -F "$config" logs -f "$@" >>"$work/followed" 2>>"$work/logs.err" & follower=$!; }
# _cut SERVER: its packets are dropped until the follower knows that it hears nothing any more, and not for what it said before.
_cut() { : >"$work/logs.err"; "$lab" cut "$1" >/dev/null && wait_until 60 _lost && "$lab" heal "$1" >/dev/null; }
_unfollow() { kill "$follower" 2>/dev/null; wait "$follower" 2>/dev/null; }
_run() { local server=$1 name=$2; shift 2; on "$server" docker rm -f "$name" >/dev/null; on "$server" docker run -d --name "$name" "$@" >/dev/null; }
_says() { on "$1" docker logs "$2" 2>&1 | grep -qx "$3"; }
_says_twice() { [ "$(on "$1" docker logs "$2" 2>&1 | grep -cx "$3")" = 2 ]; }
_journal_has() { on "$1" journalctl -q -o cat -u "$2" | grep -qx "$3"; }
_gone() { local server=$1; shift; on "$server" docker rm -f "$@" >/dev/null; return 0; }
_image() { on "$1" docker images --format '{{.Repository}}:{{.Tag}}' | grep -E 'busybox' | head -n 1; }
_followed() { grep -q -- "$1" "$work/followed"; }
# _counted WORD: the numbers behind WORD, in the order in which they came
_counted() { grep -oE "$1 [0-9]+" "$2" | awk '{ print $2 }'; }
_ascending() { awk 'NR > 1 && $1 < before { bad++ } { before = $1 } END { exit bad > 0 }'; }
# _lost: the follower knows that it hears nothing any more. A cut that was healed before is none: TCP sends again what was lost.
_lost() { grep -q 'follows again when it is\|connection to .* is lost' "$work/logs.err"; }
# A writer that numbers its lines and goes on counting after a restart.
_counter='n=$(cat /n 2>/dev/null || echo 0); trap exit TERM; while :; do n=$((n+1)); echo $n >/n; echo count $n; usleep 20000; done'
# _same WORD COMMAND...: what was followed is what the command tells, number for number
_same() {
	on "${@:2}" 2>&1 | grep -oE "$1 [0-9]+" | awk '{ print $2 }' >"$work/truth"
	[ -s "$work/truth" ] || { note "nothing was told by: ${*:2}"; return 1; }
	_counted "$1" "$work/followed" >"$work/got"
	cmp -s "$work/truth" "$work/got" && return 0
	note "$(wc -l <"$work/got") numbers of $(wc -l <"$work/truth"); doubled: $(sort "$work/got" | uniq -d | wc -l); the first that differ:"
	diff "$work/truth" "$work/got" | head -n 5
	return 1
}

logs_are_counted_through_a_restart_and_a_cut_link() {
	local last code
	_run sese lt_count "$(_image sese)" sh -c "$_counter"
	_follow sese/container/lt_count
	wait_until 45 _followed 'count 50' && on sese docker restart -t 5 lt_count >/dev/null && wait_until 45 _followed 'started again\|ended and started' &&
		_cut sese && wait_until 60 _followed 'nothing was heard for' &&
		on sese docker stop -t 5 lt_count >/dev/null && last=$(on sese docker logs --tail 1 lt_count | grep -oE '[0-9]+') &&
		wait_until 45 _followed "count $last\$" && sleep 1 && _same count sese docker logs lt_count
	code=$?
	"$lab" heal sese >/dev/null 2>&1
	_unfollow
	_gone sese lt_count
	return $code
}
logs_are_counted_through_a_killed_session() {
	local last code
	_run sese lt_count "$(_image sese)" sh -c "$_counter"
	_follow sese/container/lt_count
	wait_until 45 _followed 'count 50' && kill_our_session sese 804 "$follower" && wait_until 30 _lost && sleep 2 &&
		on sese docker stop -t 5 lt_count >/dev/null && last=$(on sese docker logs --tail 1 lt_count | grep -oE '[0-9]+') &&
		wait_until 60 _followed "count $last\$" && sleep 1 && _same count sese docker logs lt_count
	code=$?
	_unfollow
	_gone sese lt_count
	return $code
}
logs_go_on_after_the_engine_was_restarted() {
	local code last before
	before=$(on relay docker ps --format '{{.Names}}')
	_run relay lt_count --restart always "$(_image relay)" sh -c "$_counter"
	_follow relay/container/lt_count
	wait_until 45 _followed 'count 50' && on relay systemctl restart docker >/dev/null && wait_until 40 container_is relay lt_count running && sleep 3 &&
		on relay docker stop -t 5 lt_count >/dev/null && last=$(on relay docker logs --tail 1 lt_count | grep -oE '[0-9]+') &&
		wait_until 60 _followed "count $last\$" && sleep 1 && _same count relay docker logs lt_count
	code=$?
	_unfollow
	_gone relay lt_count
	for c in $before; do on relay docker start "$c" >/dev/null; done
	return $code
}
# A unit, of a name that no journal knows yet, that counts into the journal and into a file until it is told to stop.
_start_counting() {
	on "$1" sh -c "rm -f /var/log/lt.log /run/lt-stop; systemd-run -q --unit $2 sh -c 'n=0; while [ ! -e /run/lt-stop ]; do n=\$((n+1)); echo unit \$n; echo file \$n >>/var/log/lt.log; sleep 0.02; done; sleep 600'"
}
_stop_counting() {
	on "$1" touch /run/lt-stop
	wait_until 20 on "$1" sh -c 'n=$(wc -l </var/log/lt.log); sleep 0.5; [ "$n" = "$(wc -l </var/log/lt.log)" ]'
	last=$(on "$1" tail -n 1 /var/log/lt.log | grep -oE '[0-9]+')
}
_no_counting() { on "$1" sh -c "systemctl stop $2; systemctl reset-failed $2; rm -f /var/log/lt.log /run/lt-stop" >/dev/null 2>&1; }
journal_and_file_are_counted_through_a_cut_link() {
	local code last unit=lt-count-$RANDOM
	_start_counting pi $unit
	_follow pi/services/$unit pi/file:/var/log/lt.log
	wait_until 45 _followed 'file 100$' && wait_until 45 _followed 'unit 100$' && _cut pi &&
		wait_until 60 _followed 'the connection was lost' && _stop_counting pi && wait_until 60 _followed "unit $last\$" && wait_until 60 _followed "file $last\$" && sleep 1 &&
		_same unit pi journalctl -q -o cat -u $unit && _same file pi cat /var/log/lt.log
	code=$?
	"$lab" heal pi >/dev/null 2>&1
	_unfollow
	_no_counting pi $unit
	return $code
}
# Sessions live on while sshd starts again; ended, they are opened again.
journal_and_file_are_counted_through_a_restart_of_sshd() {
	local code last unit=lt-count-$RANDOM
	_start_counting pi $unit
	_follow pi/services/$unit pi/file:/var/log/lt.log
	wait_until 45 _followed 'file 50$' && wait_until 45 _followed 'unit 50$' && on pi systemctl restart ssh && sleep 2 && ! _lost && kill_our_session pi 22 "$follower" &&
		wait_until 60 _followed 'the connection was lost' && _stop_counting pi && wait_until 60 _followed "unit $last\$" && wait_until 60 _followed "file $last\$" && sleep 1 &&
		_same unit pi journalctl -q -o cat -u $unit && _same file pi cat /var/log/lt.log
	code=$?
	_unfollow
	_no_counting pi $unit
	return $code
}
logs_of_podman_are_counted_through_a_restart() {
	local last code
	on pod podman rm -f lt_count >/dev/null
	on pod podman run -d --name lt_count localhost/lab-busybox:1 sh -c "$_counter" >/dev/null
	_follow pod/container/lt_count
	wait_until 45 _followed 'count 50' && on pod podman restart -t 5 lt_count >/dev/null && wait_until 45 _followed 'started again\|ended and started' && kill_our_session pod 22 "$follower" &&
		wait_until 60 _followed 'nothing was heard for' && on pod podman stop -t 5 lt_count >/dev/null && last=$(on pod podman logs --tail 1 lt_count | grep -oE '[0-9]+') &&
		wait_until 60 _followed "count $last\$" && sleep 1 && _same count pod podman logs lt_count
	code=$?
	_unfollow
	on pod podman rm -f lt_count >/dev/null
	return $code
}
# The whole server goes and comes back: what its container, its unit and its file wrote is there, each line once.
logs_go_on_after_the_server_was_restarted() {
	local last code
	on relay sh -c 'rm -f /var/log/lt.log /var/lib/lt-stop /var/lib/lt-n; printf "%s\n" "[Service]" "ExecStart=/lt-writer" "[Install]" "WantedBy=multi-user.target" >/etc/systemd/system/lt-boot.service
		cat >/lt-writer; chmod +x /lt-writer; systemctl daemon-reload; systemctl enable -q --now lt-boot' <<-'END'
		#!/bin/sh
		n=$(cat /var/lib/lt-n 2>/dev/null || echo 0)
		while [ ! -e /var/lib/lt-stop ]; do n=$((n+1)); echo $n >/var/lib/lt-n; echo unit $n; echo file $n >>/var/log/lt.log; sleep 0.05; done
		sleep 600
	END
	_run relay lt_count --restart always "$(_image relay)" sh -c "$_counter"
	_follow relay/container/lt_count relay/services/lt-boot relay/file:/var/log/lt.log
	wait_until 45 _followed 'count 50$' && wait_until 45 _followed 'unit 50$' && wait_until 45 _followed 'file 50$' && docker restart -t 30 mocrlab-relay >/dev/null && "$lab" up relay >/dev/null &&
		wait_until 60 _followed 'relay/unit/lt-boot.service -- the connection was lost' && wait_until 60 _followed 'relay/file:/var/log/lt.log -- the connection was lost' && wait_until 60 container_is relay lt_count running &&
		on relay touch /var/lib/lt-stop && sleep 1 && last=$(on relay tail -n 1 /var/log/lt.log | grep -oE '[0-9]+') && wait_until 60 _followed "unit $last\$" && wait_until 60 _followed "file $last\$" &&
		on relay docker stop -t 5 lt_count >/dev/null && last=$(on relay docker logs --tail 1 lt_count | grep -oE '[0-9]+') && wait_until 60 _followed "count $last\$" && sleep 1 &&
		_same unit relay journalctl -q -o cat -u lt-boot && _same file relay cat /var/log/lt.log && _same count relay docker logs lt_count
	code=$?
	_unfollow
	on relay sh -c 'systemctl disable -q --now lt-boot; systemctl reset-failed lt-boot; rm -f /etc/systemd/system/lt-boot.service /lt-writer /var/log/lt.log /var/lib/lt-*; systemctl daemon-reload' >/dev/null 2>&1
	_gone relay lt_count
	return $code
}
# Replaced at once, gone for a while, emptied; then the link goes while the newest is followed: every line once, with what happened
# between them.
a_file_that_is_rotated() {
	local code
	on sese sh -c 'rm -f /var/log/lt.log*; seq -f "line first %g" 1 20 >/var/log/lt.log'
	_follow sese/file:/var/log/lt.log
	wait_until 45 _followed 'first 20$' && on sese sh -c 'printf "line first 21" >>/var/log/lt.log; sleep 0.3; mv /var/log/lt.log /var/log/lt.log.1; seq -f "line second %g" 1 20 >/var/log/lt.log' &&
		wait_until 45 _followed 'second 20$' && on sese rm /var/log/lt.log && wait_until 20 grep -q 'the file is not there' "$work/logs.err" && on sese sh -c 'seq -f "line third %g" 1 20 >/var/log/lt.log' &&
		wait_until 45 _followed 'third 20$' && on sese sh -c ': >/var/log/lt.log; sleep 1.5; seq -f "line fourth %g" 1 10 >>/var/log/lt.log' && wait_until 45 _followed 'fourth 10$' && sleep 1 && kill_our_session sese 804 "$follower" && wait_until 30 _lost &&
		on sese sh -c 'seq -f "line fourth %g" 11 20 >>/var/log/lt.log' && wait_until 60 _followed 'fourth 20$' && sleep 0.5 &&
		is 'lines' "$(grep -oE 'line [a-z]+ [0-9]+$' "$work/followed" | md5sum)" "$( (for w in first second third fourth; do seq -f "line $w %g" 1 20; [ $w = first ] && echo line first 21; done; true) | md5sum)" &&
		is 'gaps' "$(grep -oE -- '-- the (file was [a-z]+|connection was lost)' "$work/followed" | tr '\n' ',')" '-- the file was replaced,-- the file was replaced,-- the file was emptied,-- the connection was lost,'
	code=$?
	_unfollow
	on sese sh -c 'rm -f /var/log/lt.log*'
	return $code
}
a_file_that_is_not_there_yet() {
	local code
	on pi rm -f /tmp/lt.log
	_follow pi/file:/tmp/lt.log
	wait_until 45 grep -q 'No such file or directory; it is tried again' "$work/logs.err" && on pi sh -c 'echo at last >/tmp/lt.log; chmod 600 /tmp/lt.log; chown pi /tmp/lt.log' && wait_until 20 _followed 'at last$' && ! grep -q -- ' -- ' "$work/followed"
	code=$?
	_unfollow
	on pi rm -f /tmp/lt.log
	return $code
}
logs_of_many_servers_are_in_order() {
	local code s
	for s in sese relay; do _run "$s" lt_order "$(_image "$s")" sh -c 'while :; do echo order; usleep 10000; done'; done
	sleep 3
	_logs --json 'sese/container/lt_order' 'relay/container/lt_order' pi/journal relay/kernel >"$work/out"
	grep -q '"source":"sese/container/lt_order"' "$work/out" && grep -q '"source":"relay/container/lt_order"' "$work/out" && grep -q '"source":"pi/journal"' "$work/out" &&
		jq -r .time <"$work/out" | awk 'NR > 1 && $0 < before { bad++ } { before = $0 } END { exit bad > 0 }'
	code=$?
	for s in sese relay; do _gone "$s" lt_order; done
	return $code
}
# Two files whose lines take turns every 200 ms, the clock of one server three seconds ahead: its lines stand where its clock has them,
# and the title says what is between the clocks.
logs_of_known_clocks_are_in_order() {
	local code begin
	begin=$(($(date +%s) - 100))
	awk -v t="$begin" 'BEGIN { for (i = 0; i < 100; i++) printf "%s.%d00Z turn %d of sese\n", strftime("%Y-%m-%dT%H:%M:%S", t + int(i * 4 / 10), 1), (i * 4) % 10, 2 * i }' | on sese sh -c 'cat >/var/log/lt.log'
	awk -v t="$begin" 'BEGIN { for (i = 0; i < 100; i++) printf "%s.%d00Z turn %d of strict\n", strftime("%Y-%m-%dT%H:%M:%S", t + int((i * 4 + 2) / 10), 1), (i * 4 + 2) % 10, 2 * i + 1 }' | on strict sh -c 'cat >/var/log/lt.log
		printf "%s\n" "#!/bin/sh" "t=\$(/usr/bin/date \"\$@\")" "case \$1 in +%s.%N) echo \$((\${t%.*}+3)).\${t#*.};; *) echo \"\$t\";; esac" >/usr/local/bin/date; chmod +x /usr/local/bin/date'
	_logs sese/file:/var/log/lt.log strict/file:/var/log/lt.log >"$work/out"
	is 'turns' "$(grep -oE 'turn [0-9]+' "$work/out" | awk '{ print $2 }' | md5sum)" "$(seq 0 199 | md5sum)" &&
		fleet 120 30 sese strict && wait_for "$sese" && wait_for 'strict .*ms' && command_line 'logs sese/file:/var/log/lt.log strict/file:/var/log/lt.log' && wait_for 'turn 199 of strict' && wait_for '200 lines, clock of strict \+3\.[0-9] s' 40 &&
		see 'turn 198 of sese'
	code=$?
	on sese rm -f /var/log/lt.log
	on strict rm -f /var/log/lt.log /usr/local/bin/date
	return $code
}
# The rubbish has a dozen lines, now and then two dozen: the screen must hold them all.
logs_hostile_bytes() {
	local code
	_run sese lt_hostile "$(_image sese)" sh -c 'printf "\033]0;evil\007\033[2J\033[31mred text\033[0m\n"; printf "bar 10%%\rbar 50%%\rbar 100%%\n"; printf "bad \377\376 bytes\n";
		printf "wide 漢字 and e\314\201 end\n"; head -c 1000000 /dev/zero | tr "\0" x; echo; head -c 3000 /dev/urandom; echo; printf "no newline at the end"; sleep 300'
	sleep 4
	fleet 120 60 sese && wait_for 'sese .*ms' && command_line 'logs sese/container/lt_hostile' && wait_for 'following' && wait_for 'red text' 10 && wait_for 'bar 10% bar 50% bar 100%' &&
		wait_for 'bad .+ bytes' && wait_for 'wide 漢字 and .{1,3} end' && wait_for 'x{60}' 20 && type_text '/cut: the line' && keys Enter && wait_for '/cut: the line  paused' && grep -q 'cut: the line is longer than 64 KB' <(_logs sese/container/lt_hostile) &&
		_logs sese/container/lt_hostile >"$work/out" && is 'control characters' "$(tr -d '\n' <"$work/out" | LC_ALL=C tr -dc '\000-\037\177' | wc -c)" 0 &&
		is 'lines' "$(grep -c 'red text\|bar 100\|bad .* bytes\|wide' "$work/out")" 4 && [ "$(wc -L <"$work/out")" -lt 66000 ] && on sese docker stop -t 0 lt_hostile >/dev/null &&
		_logs sese/container/lt_hostile >"$work/out" && grep -q 'no newline at the end' "$work/out"
	code=$?
	_gone sese lt_hostile
	return $code
}
logs_of_a_flood() {
	local code pid
	_run sese lt_flood "$(_image sese)" sh -c 'sleep 5; yes "a line that comes a hundred thousand times a second, or as fast as the engine takes it" | head -n 1500000 | cat -n; echo flood over; sleep 300'
	fleet 120 30 sese pi && wait_for 'sese .*ms' && wait_for 'pi .*ms' && command_line 'logs sese/container/lt_flood pi/services/tick sese/container/mini_worker_1' && wait_for 'a line that comes' 20 &&
		wait_for '[0-9]+ (oldest )?dropped' 60 && keys k && wait_for 'paused' 3 && wait_for 'new below' 5 && keys G && wait_for 'following' 3 && wait_for 'flood over' 90 &&
		pid=$(pane_pid) && { [ "$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")" -lt 110000 ] || { note "resident: $(grep VmRSS "/proc/$pid/status")"; false; }; }
	code=$?
	_gone sese lt_flood
	return $code
}
# What nobody looks at is not read: it waits on the server, and comes whole when it is looked at again.
_received() { ss -Htinp state established '( dport = :804 )' | grep -A 1 "pid=$(pane_pid)," | grep -oE 'bytes_received:[0-9]+' | cut -d: -f2; }
a_covered_log_waits_on_the_server() {
	rm -f "$work/saved"
	local code before after
	_run sese lt_wait "$(_image sese)" sh -c 'n=1; while :; do seq $n $((n+1999)); n=$((n+2000)); usleep 50000; done'
	fleet 120 30 sese && wait_for "$sese" && command_line 'logs sese/container/lt_wait' && wait_for 'following' && wait_for '[0-9]{5,} lines' 20 && command_line 'logs sese/container/mini_web_1' && wait_for 'web: line' && sleep 4 &&
		before=$(_received) && sleep 4 && after=$(_received) && [ -n "$before" ] && { [ $((after - before)) -lt 200000 ] || { note "$((after - before)) bytes came for a log that is covered"; false; }; } &&
		keys q && wait_for 'lt_wait ─ [0-9]+' && on sese docker stop -t 1 lt_wait >/dev/null && wait_for 'the container ended' 60 && command_line "save-all $work/saved" && wait_for 'lines saved in' &&
		is 'holes' "$(grep -E ' [0-9]+$' "$work/saved" | head -n -1 | awk '{ if (n && $4 != n + 1) bad++; n = $4 } END { print bad + 0, (n > 20000) }')" '0 1'   # the last was cut by the end of its writer
	code=$?
	_gone sese lt_wait
	return $code
}
# _buffer_is LINE...: what was copied, as tmux has it from the program
_buffer_is() { [ "$(tmux -S "$sock" show-buffer 2>/dev/null)" = "$(printf '%s\n' "$@")" ]; }
log_is_filtered_searched_and_saved() {
	rm -f "$work/saved"
	local code
	_run sese lt_ui "$(_image sese)" sh -c 'for i in $(seq 1 200); do echo "{\"level\":\"info\",\"msg\":\"request $i\",\"path\":\"/a/$((i % 7))\",\"ms\":$i}"; done; echo "{\"level\":\"error\",\"msg\":\"it broke\",\"code\":500}"; for i in $(seq 1 60); do sleep 1; echo "[WARN] later $i"; done'
	sleep 2
	fleet 120 30 sese && wait_for 'sese .*ms' && command_line 'logs sese/container/lt_ui' && wait_for 'following' && wait_for 'info request 200 path=/a/4 ms=200' &&
		type_text '&path":"/a/3' && keys Enter && wait_for 'of 2[0-9]+ lines, 1 filter' && see_not 'request 200' && see 'request 199 path=/a/3' &&
		type_text '&!request 1[0-9]+' && keys Enter && wait_for '2 filters' && see_not 'request 199' && see 'request 94 path=/a/3' &&
		type_text 'F' && wait_for 'not request' && type_text '2' && wait_for 'off not' && keys Escape && wait_gone 'take all away' && see 'request 199' &&
		type_text '&' && keys Enter && wait_for 'request 200' && type_text L && wait_for 'info and worse' && type_text LL && wait_for 'warn and worse' && wait_for 'it broke' &&
		see_not 'request 200' && type_text LL && wait_gone 'and worse' && type_text '/it b.oke' && keys Enter && wait_for '/it b.oke  paused' && keys Enter && wait_for 'code: 500' && keys Enter && wait_gone 'code: 500' &&
		type_text J && wait_for '"code":500' && type_text J && type_text m && keys g && wait_for 'request 1 path' && type_text "'" && wait_for 'it broke' && keys Space Space && type_text y && wait_for 'copied: 2 lines' &&
		wait_until 5 _buffer_is '{"level":"error","msg":"it broke","code":500}' '[WARN] later 1' &&
		type_text H && wait_for 'most [0-9]+' && command_line "save $work/saved" && wait_for 'lines saved in' && grep -q 'request 200' "$work/saved" && command_line 'goto -1s' && wait_for 'paused' && keys G && wait_for 'following'
	code=$?
	_gone sese lt_ui
	return $code
}
logs_older_and_previous() {
	local code
	_run sese lt_old "$(_image sese)" sh -c 'for i in $(seq 1 1500); do echo "old $i"; done; sleep 600'
	wait_until 30 _says sese lt_old 'old 1500'
	on sese docker restart -t 0 lt_old >/dev/null
	wait_until 30 _says_twice sese lt_old 'old 1500'
	fleet 120 30 sese && wait_for 'sese .*ms' && command_line 'logs sese/container/lt_old' && wait_for 'old 1500' && wait_for ' 500 lines' && type_text p && wait_for ' 1501 lines' && see_not 'new below' &&
		wait_for 'the run before ended here; what the present one wrote before [0-9:]+ is not loaded' && wait_for 'old 1500$' && type_text b && wait_for ' 2001 lines' && keys g && wait_for 'old 1$' && type_text b && wait_for 'there are no older lines of sese/container/lt_old' && keys q && wait_gone ' lines ─' &&
		command_line 'logs sese/container/lt_old' && wait_for ' 500 lines' && type_text b && wait_for ' 1500 lines' && type_text p && wait_for ' 250[01] lines' && keys g && wait_for 'old 50[01]$'
	code=$?
	_gone sese lt_old
	return $code
}
journals_older_and_previous() {
	local unit=lt-old-$RANDOM code
	on pi sh -c "printf '[Service]\nExecStart=/bin/sh -c \"seq -f \\\"\$RUN %%%%g\\\" 1 700; sleep 600\"\nEnvironmentFile=/run/$unit.env\n' >/run/systemd/system/$unit.service; echo RUN=first >/run/$unit.env
		systemctl daemon-reload; systemctl start $unit; sleep 1; systemctl stop $unit; echo RUN=second >/run/$unit.env; systemctl start $unit"
	wait_until 20 _journal_has pi $unit 'second 700'
	fleet 120 30 pi && wait_for 'pi .*ms' && command_line "logs pi/services/$unit" && wait_for 'second 700$' && wait_for ' 500 lines' && see_not 'first' && type_text p && wait_for ' 12[0-9][0-9] lines' &&
		wait_for 'the run before ended here; what the present one wrote before [0-9:]+ is not loaded' && wait_for 'first 700$' && keys q &&
		command_line "logs pi/services/$unit" && wait_for ' 500 lines' && type_text b && wait_for ' 14[0-9][0-9] lines' && keys g && wait_for 'first 1$' && keys q && wait_gone 'lines ─' &&
		command_line "logs pi/services/$unit" && wait_for ' 500 lines' && command_line 'goto -1h' && wait_for ' 14[0-9][0-9] lines' && wait_for 'first 1$' && keys q && wait_gone 'lines ─' &&
		command_line 'logs pi/journal' && wait_for ' 5[0-9]{2} lines' && type_text b && wait_for ' 1[0-9]{3} lines'
	code=$?
	on pi sh -c "systemctl stop $unit; systemctl reset-failed $unit; rm -f /run/systemd/system/$unit.service /run/$unit.env; systemctl daemon-reload" >/dev/null 2>&1
	return $code
}
# Containers share the kernel's boot; a journald that is told another one begins a new boot in its journal.
journal_of_the_boot_before() {
	rm -f "$work/saved"
	local code
	on relay sh -c 'logger -t lt-boot the last words of the old boot; sleep 0.5; cat /proc/sys/kernel/random/uuid >/run/lt-boot; mount --bind /run/lt-boot /proc/sys/kernel/random/boot_id; systemctl restart systemd-journald
		sleep 1; logger -t lt-boot the first words of the new boot'
	wait_until 10 on relay sh -c 'journalctl -q -b -t lt-boot -o cat | grep "new boot"' >/dev/null
	fleet 120 30 relay && wait_for 'relay .*ms' && command_line 'logs relay/journal' && wait_for 'lt-boot.*: the first words of the new boot' && wait_for ' [0-9]+ lines' && type_text p &&
		wait_for 'the boot before ended here' && command_line 'save-all '"$work/saved" && wait_for 'lines saved in' && is 'last words' "$(grep -c 'the last words of the old boot' "$work/saved")" 1 &&
		[ "$(grep -n 'last words of the old boot' "$work/saved" | cut -d: -f1)" -lt "$(grep -n 'boot before ended here' "$work/saved" | cut -d: -f1)" ] &&
		[ "$(grep -n 'boot before ended here' "$work/saved" | cut -d: -f1)" -lt "$(grep -n 'first words of the new boot' "$work/saved" | cut -d: -f1)" ]
	code=$?
	on relay sh -c 'umount /proc/sys/kernel/random/boot_id; rm -f /run/lt-boot; systemctl restart systemd-journald'
	return $code
}
files_older_and_goto() {
	local code
	# every line is of a minute of its own, but for those of a trace, which have no time; the clock on the wall there is 3 hours ahead
	TZ=XXX-3 awk 'BEGIN { now = systime(); for (i = 1; i <= 2400; i++) print i % 10 == 7 ? "  at trace " i : strftime("%Y-%m-%d %H:%M:%S", now - (2400 - i) * 60) " line " i }' >"$work/lines"
	on pi sh -c 'rm -f /var/log/lt.log*; cat >/var/log/lt.log; echo "the old file" >/var/log/lt.log.1; cp -a /etc/localtime /run/localtime; ln -sfn /usr/share/zoneinfo/Etc/GMT-3 /etc/localtime' <"$work/lines"
	is 'lines since' "$(_logs --since 1000m pi/file:/var/log/lt.log | sed 's/.*lt.log//' | awk 'NR == 1 { first = $NF } END { print (first >= 1399 && first <= 1403), NR + first }')" '1 2401' &&
		fleet 120 30 pi && wait_for 'pi .*ms' && command_line 'logs pi/file:/var/log/lt.log' && wait_for ' 500 lines' && wait_for "^($(date -u +%H)|$(date -u -d '2 minutes ago' +%H)):[0-9]+:[0-9]+ .* line 2400\$" &&
		see 'at trace 2397$' && see 'line 2396$' && type_text b && wait_for ' 1500 lines' && keys g && wait_for 'line 901$' && see 'at trace 907$' &&
		command_line 'goto -1800m' && wait_for ' 2400 lines' && wait_for 'line (599|600|601)$' && type_text b && wait_for 'all of the file is here' && type_text p && wait_for 'the file before ended here' && see 'the old file'
	code=$?
	on pi sh -c 'rm -f /var/log/lt.log*; mv -f /run/localtime /etc/localtime'
	return $code
}
goto_loads_what_is_older() {
	local code
	_run sese lt_goto "$(_image sese)" sh -c 'for i in $(seq 1 600); do echo "early $i"; done; sleep 3; for i in $(seq 1 600); do echo "late $i"; done; sleep 600'
	wait_until 60 _says sese lt_goto 'late 600'
	fleet 80 24 sese && wait_for 'sese .*ms' && command_line 'logs sese/container/lt_goto' && wait_for ' 500 lines' && wait_for 'late 600$' && command_line 'goto -10m' && wait_for 'early 1$' && wait_for ' 1200 lines' && see_not 'new below'
	code=$?
	_gone sese lt_goto
	return $code
}
# What a pattern takes later is followed from then on; nothing that was told before is told again.
logs_of_a_pattern_take_what_appears() {
	local code
	_gone sese lt_new1 lt_new2
	fleet 120 30 sese && wait_for "$sese" && command_line 'logs sese/containers/lt_new*' && wait_for 'nothing is called sese/containers/lt_new\* now' && _run sese lt_new1 "$(_image sese)" sh -c 'echo one here; sleep 600' &&
		wait_for 'one here' && _run sese lt_new2 "$(_image sese)" sh -c 'echo two here; sleep 600' && wait_for 'sese.*lt_new2 +two here|lt_new2 +two here' && see 'lt_new1 +one here' && wait_for ' 2 lines' && see_not 'nothing is called'
	code=$?
	_gone sese lt_new1 lt_new2
	return $code
}
# Where every stream is a command sshd lets only a few through: the others say that they wait, and come when there is room.
logs_wait_for_their_turn_on_a_strict_server() {
	local code i
	for i in 1 2 3 4 5; do _run strict lt_s$i "$(_image strict)" sh -c "echo here is $i; sleep 600"; done
	fleet 120 30 strict && wait_for 'strict .*ms' && command_line 'logs strict/containers/lt_s*' && wait_for 'here is [1-5]' 20 && wait_for 'waits for its turn' 20 && see 'strict/lt_s|/lt_s[1-5]:' &&
		for i in $(screen | grep -oE 'here is [1-5]' | cut -d' ' -f3); do on strict docker rm -f lt_s$i >/dev/null; done && wait_for 'here is [1-5].*' && wait_until 40 _all_five && code=0 || code=1
	for i in 1 2 3 4 5; do _gone strict lt_s$i; done
	return $code
}
_all_five() { is 'seen' "$(screen | grep -oE 'here is [1-5]' | sort -u | wc -l)" 5 >/dev/null; }
# Rows marked in three panels make one stream, and what is wrong with one of them is said beside its name.
marked_rows_of_three_panels() {
	local code
	fleet 120 40 sese pi && wait_for "$sese" && wait_for 'pi .*ms' && at sese/container/mini_web_1 && keys Space && wait_for '1 marked' && at pi/unit/caddy-workstation.service && keys Space && wait_for '1 marked' &&
		at pi/server/pi && keys Space && keys l && wait_for 'log of 1 server, 1 container, 1 unit' && wait_for 'sese/mini_web_1 .*web: line' 15 && wait_for 'pi/caddy-w.*caddy: line' 15 && wait_for 'pi/journal' 15 &&
		wait_for 'following' && on sese docker stop -t 1 mini_web_1 >/dev/null && wait_for 'sese/mini_web_1 .*the container ended with code'
	code=$?
	mini_up
	return $code
}
logs_without_a_screen_say_what_is_wrong() {
	ends 64 "$MOCR" -F "$config" logs && ends 64 "$MOCR" -F "$config" logs sese/jornal && says 'did you mean journal' && ends 64 "$MOCR" -F "$config" logs --since yesterday sese && says 'not a time' &&
		ends 1 "$MOCR" -F "$config" logs sese/containers/nixda && says 'nothing is called sese/containers/nixda' && ends 0 "$MOCR" -F "$config" logs --since 5m sese/container/mini_web_1 && says 'web: line'
}
# More files than sshd lets in at once, and none of them with times: the last ones wait for a place, and what else is done there goes on.
more_files_than_sessions_are_let_in() {
	local i code files=
	for i in $(seq 12); do files="$files pi/file:/var/log/lt$i.log"; done
	on pi sh -c 'for i in $(seq 12); do echo "here is $i" >/var/log/lt$i.log; done'
	fleet 120 30 pi && wait_for 'pi .*ms' && command_line "logs$files" && wait_for 'here is 7' && see 'here is 1$' && see_not 'here is 8' && wait_for 'waits for its turn: 7 are followed on pi already' && keys q && wait_for 'mocr › [a-z]+ ' && at_server pi && keys s && wait_for 'pi@pi' && keys C-] && wait_for 'close it' && keys c &&
		wait_for 'mocr › ' && _logs pi/file:/var/log/lt1.log >"$work/out" && is 'line' "$(cut -d' ' -f4- "$work/out")" 'here is 1' && _logs $files >"$work/all" && is 'all twelve, one after the other' "$(grep -c 'here is' "$work/all")" 12 && is 'time' "$(date -u -d "$(cut -d' ' -f1,2 "$work/out")" +%s)" "$(on pi stat -c %Y /var/log/lt1.log)"
	code=$?
	on pi sh -c 'rm -f /var/log/lt*.log'
	return $code
}
# Files that are not there take no place from those that are; one that is written all the time, by a clock that is ahead, is told; what
# comes into a file after it was replaced is of now.
files_that_are_missing_busy_or_replaced() {
	local i code=0 files=
	for i in $(seq 8); do files="$files pi/file:/var/log/lt-none$i.log"; done
	on pi sh -c 'rm -f /var/log/lt*; echo "it is here" >/var/log/lt.log; for i in $(seq 300); do echo "busy $i"; done >/var/log/lt-busy.log; touch -d "1 hour" /var/log/lt-busy.log'
	_logs $files pi/file:/var/log/lt.log >"$work/out"; grep -q 'it is here$' "$work/out" || { note 'the one that is there was not read'; code=1; }
	_logs pi/file:/var/log/lt-busy.log >"$work/out"; is 'busy lines' "$(grep -c 'busy [0-9]*$' "$work/out")" 300 || code=1
	on pi touch -d '1 day ago' /var/log/lt-busy.log
	_follow pi/file:/var/log/lt-busy.log
	wait_until 20 _followed 'busy 300$' && on pi sh -c ': >/var/log/lt-busy.log; sleep 1.5; echo "after it" >>/var/log/lt-busy.log' && wait_until 20 _followed 'after it$' &&
		is 'day of what was there' "$(grep 'busy 300$' "$work/followed" | cut -d' ' -f1)" "$(date -u -d '1 day ago' +%F)" && is 'day of what came' "$(grep 'after it$' "$work/followed" | cut -d' ' -f1)" "$(date -u +%F)" || code=1
	_unfollow
	on pi sh -c 'rm -f /var/log/lt*'
	return $code
}
# Over 4 KB, over the bound of a line, bytes that are no text, two lines in one message: whole in the stream and in the details.
# The details grow while their answers come: the end is where they end now.
_ends_with() { keys G && sleep 0.3 && screen | grep -qE -- "$1"; }
journal_messages_are_whole() {
	local code id=$RANDOM
	on pi sh -c "cat >/run/lt-long; systemd-run -q --unit lt-long-$id sh /run/lt-long $id" <<-'END'
		#!/bin/sh
		head -c 6000 /dev/zero | tr "\\0" x | sed 's/^/long /; s/$/ end/'
		printf 'MESSAGE=first of two\nMESSAGE=second of two\nSYSLOG_IDENTIFIER=lt-twice-%s\nPRIORITY=3\n' "$1" | logger --journald
		head -c 70000 /dev/zero | tr "\\0" y | { printf 'MESSAGE=huge '; cat; echo; echo "SYSLOG_IDENTIFIER=lt-huge-$1"; } | logger --journald
		sleep 1 # the last words are the last of the journal, too
		printf '\033[31mred\033[0m words\n'
		exec sleep 600
	END
	wait_until 20 _journal_has pi lt-long-$id '.*red.*words.*'
	_logs --since 2m pi/services/lt-long-$id >"$work/out"
	_logs --since 2m pi/journal | grep "lt-twice-$id\|lt-huge-$id" >"$work/all"
	is 'long' "$(grep -cE 'long x{6000} end$' "$work/out")" 1 && is 'red' "$(grep -c 'red words$' "$work/out")" 1 && is 'left out' "$(grep -c 'left out' "$work/out")" 0 &&
		is 'two' "$(grep -cE 'lt-twice.*: (first|second) of two$' "$work/all")" 2 && is 'huge' "$(grep -cE 'huge y{30000}y{30000}y* … cut: the line is longer than 64 KB$' "$work/all")" 1 &&
		fleet 120 40 pi && wait_for 'pi .*ms' && at pi/unit/lt-long-$id.service && keys d && wait_for 'Last log lines' && wait_until 15 _ends_with 'red words' && see_not 'blob data'
	code=$?
	on pi sh -c "systemctl stop lt-long-$id; systemctl reset-failed lt-long-$id; rm -f /run/lt-long" >/dev/null 2>&1
	return $code
}
# The engine's time stands behind each 16 KB of a terminal's line; it is not the container's.
a_terminals_long_line_is_whole() {
	local code
	_run sese lt_tty --network none -t "$(_image sese)" sh -c 'head -c 40000 /dev/zero | tr "\0" A; echo " end"; sleep 600'
	wait_until 20 _says sese lt_tty '.*A end.*'
	_logs sese/container/lt_tty >"$work/out"
	is 'what is beside the letters' "$(sed 's/^.*lt_tty //' "$work/out" | tr -d 'A')" ' end' && is 'letters' "$(sed 's/^.*lt_tty //' "$work/out" | tr -dc 'A' | wc -c)" 40000
	code=$?
	_gone sese lt_tty
	return $code
}
