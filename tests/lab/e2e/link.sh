# One connection, lost and found.


one_connection_per_server() {
	fleet 120 40 sese && wait_for "$sese" && wait_for 'ssh.service|dbus.service' && keys 2 && sleep 1 &&
		is 'connections' "$(ss -Htnp state established "( dport = :804 )" | grep -c "pid=$(pane_pid),")" 1 && keys q && wait_dead
}
killed_session_comes_back() {
	fleet 120 40 sese && wait_for "$sese" && kill_our_session sese 804 && wait_for 'sese .*(connecting|to come|lost|old)|1 lost' 10 &&
		wait_for "$sese" 20 && keys 5 && wait_for 'sese' && ! dead
}
cut_packets_then_healed() {
	fleet 120 40 sese pi && wait_for "$sese" && wait_for '● pi .*2 failed' && "$lab" cut sese && wait_for '✗ sese +lost' 30 && see 'javisi_litellm' &&
		wait_for '[0-9]+s old|old' 10 && see '● pi' && wait_for 'sese.*(no answer|silent|lost|answer)' && "$lab" heal sese && keys g C-r &&
		wait_for "$sese" 40 && wait_gone ' old' 10
	local code=$?
	"$lab" heal sese
	return $code
}
events_missed_while_cut_are_seen() {
	fleet 120 40 sese && wait_for "$sese" && "$lab" cut sese && wait_for '✗ sese +lost' 30 && on sese docker stop -t 0 mini_web_1 >/dev/null && "$lab" heal sese &&
		keys g C-r && wait_for "$sese" 40 && keys 2 && alone mini_web && wait_for 'mini_web_1 +exited'
	local code=$?
	"$lab" heal sese
	mini_up
	return $code
}
two_hang_and_keys_stay_quick() {
	fleet 120 40 dead relay pi && wait_for '● pi .*2 failed' && wait_for '● relay' && "$lab" cut relay || return 1
	local i began worst=0 took code=0
	for i in $(seq 12); do
		began=${EPOCHREALTIME/./}
		keys '?' && wait_for 'Help:' 5 && keys q && wait_gone 'Help:' 5 || code=1
		took=$(((${EPOCHREALTIME/./} - began) / 1000))
		[ $took -gt $worst ] && worst=$took
	done
	wait_for '✗ relay +lost' 25 || code=1
	"$lab" heal relay
	[ $worst -lt 1500 ] || { note "help and back took $worst ms"; code=1; }
	return $code
}
# Counted where little else runs: strict has no health checks, and only processes of its own namespace count.
_last_pid() { on strict cat /proc/sys/kernel/ns_last_pid; }
# Looking costs two, and each of the two containers starts one in that time.
_few_processes() {
	local before
	before=$(_last_pid)
	sleep 10
	[ $(($(_last_pid) - before)) -le 10 ]
}
no_process_per_sample() {
	fleet 120 40 strict && wait_for '● strict .*2/2' && wait_for 'docker.service +running' && sleep 3 && wait_until 30 _few_processes
}
logs_of_the_link_hold_no_secret() { ! grep -rqE 'not-a-secret|raspberry|lab passphrase' "$XDG_STATE_HOME" 2>/dev/null; }
# sshd notes every socket that is not there: the shell looks before any is opened (guest.sh does it a hundred times).
login_asks_nothing_of_sockets_that_are_not_there() {
	local since n
	since=$(on pi date +'%F %T')
	"$MOCR" -F "$config" status pi >/dev/null
	[ $? -le 1 ] || return 1
	n=$(on pi journalctl -q --since "$since" -t sshd -t sshd-session | grep -c 'connect to .*sock.* failed')
	[ "$n" -eq 0 ] || { note "$n lines in the journal"; return 1; }
}
