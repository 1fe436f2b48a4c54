# What can be done to containers, with its question, and what became of it there.

_mini() { fleet 120 40 sese && wait_for "$sese" && at sese/container/mini_web_1 && alone mini_ && wait_for 'mini_web_1 +up' && keys g && sleep 0.1; }
_done() { local code=$?; mini_up; return $code; }

restart_asks_and_default_is_no() {
	local before
	before=$(started_at sese mini_web_1)
	_mini && keys r && wait_for 'Restart mini_web_1 on sese\?' && see 'docker restart mini_web_1' && keys Enter && wait_gone 'Restart mini_web_1 on' &&
		sleep 0.5 && is 'started' "$(started_at sese mini_web_1)" "$before" && keys r && asks_then n 'Restart mini_web_1 on sese\?' &&
		keys r && asks_then Escape 'Restart mini_web_1 on sese\?' && is 'started' "$(started_at sese mini_web_1)" "$before" &&
		keys r && asks_then y 'Restart mini_web_1 on sese\?' && wait_for 'restart mini_web_1: done|restart mini_web_1: .*' 15 &&
		wait_for 'mini_web_1 +up' && [ "$(started_at sese mini_web_1)" != "$before" ]
}
stop_and_start() {
	_mini && command_line stop && asks_then y 'Stop mini_web_1 on sese\?' && wait_for 'mini_web_1 +exited' 15 && container_is sese mini_web_1 exited &&
		command_line start && wait_for 'mini_web_1 +up' && container_is sese mini_web_1 running
	_done
}
pause_and_unpause() {
	_mini && command_line pause && { wait_for 'mini_web_1 +paused|Pause mini_web_1 on sese' && keys y; wait_for 'mini_web_1 +paused'; } &&
		container_is sese mini_web_1 paused && command_line unpause && wait_for 'mini_web_1 +up' && container_is sese mini_web_1 running
	local code=$?
	on sese docker unpause mini_web_1 >/dev/null
	return $code
}
kill_asks_for_the_signal() {
	_mini && command_line kill && wait_for 'Which signal\?' && keys t && wait_for 'Kill mini_web_1 on sese\?' && see 'TERM' && keys y &&
		wait_for 'mini_web_1 +exited' && container_is sese mini_web_1 exited
	_done
}
remove() {
	_mini && command_line stop && asks_then y 'Stop mini_web_1 on sese\?' && wait_for 'mini_web_1 +exited' && command_line remove &&
		asks_then y 'Remove mini_web_1 on sese\?' && wait_gone 'mini_web_1 +(exited|removing)' && no_container sese mini_web_1
	_done
}
marked_ones_together() {
	_mini && keys Space Space && wait_for '2 marked' && keys r && wait_for 'Restart these 2 containers\?' && see 'mini_worker_1' && keys y &&
		wait_for 'restart mini_w.*: ' 20 && wait_for 'mini_web_1 +up [0-9]s' && wait_for 'mini_worker_1 +up [0-9]s'
}
compose_up_of_a_stopped_service() {
	on sese docker stop -t 0 mini_web_1 >/dev/null
	fleet 120 40 sese && wait_for "$sese" && at sese/container/mini_web_1 && alone mini_ && keys g && wait_for 'mini_web_1 +exited' && command_line up &&
		wait_for 'Up mini_web_1 on sese\?|mini_web_1 +up' && { see_not 'Up mini_web_1 on' >/dev/null || keys y; } && wait_for 'mini_web_1 +up' 30 &&
		container_is sese mini_web_1 running
	_done
}
compose_pull_that_fails_says_so() {
	_mini && command_line pull && wait_for 'Pull mini_web_1 on sese\?' && keys y && wait_for 'pull mini_web_1: ' 45 && see 'pull mini_web_1: .*(denied|pull|not|resolve|dial)' &&
		container_is sese mini_web_1 running
	_done
}
compose_down() {
	_mini && command_line down && wait_for 'Down mini_web_1 on sese\?' && see 'mini' && keys y && wait_for '0 of' 45 && no_container sese mini_web_1 &&
		no_container sese mini_worker_1
	_done
}
protected_server_wants_its_name() {
	local before
	printf '[server sese]\nprotect = yes\n' | conf
	before=$(started_at sese mini_web_1)
	_mini && keys r && wait_for 'Restart mini_web_1 on sese\?' && keys y Enter && sleep 0.5 && is 'started' "$(started_at sese mini_web_1)" "$before" || return 1
	see 'Restart mini_web_1 on' >/dev/null && esc
	keys r && wait_for 'Restart mini_web_1 on sese\?' && type_text 'sesee' && keys Enter && sleep 0.3 && is 'started' "$(started_at sese mini_web_1)" "$before" || return 1
	see 'Restart mini_web_1 on' >/dev/null && esc
	keys r && wait_for 'Restart mini_web_1 on sese\?' && type_text sese && keys Enter && wait_for 'restart mini_web_1: ' 15 &&
		[ "$(started_at sese mini_web_1)" != "$before" ]
}
the_activity_log_knows() {
	_mini && keys r && asks_then y 'Restart mini_web_1 on sese\?' && wait_for 'restart mini_web_1: ' 15 && keys 5 && wait_for 'sese/cont.*restart' &&
		activity_has '"what":"action".*sese/container/mini_web_1.*restart.*"by":"root"' &&
		jq -es 'length > 2 and all(.ms > 0)' "$XDG_STATE_HOME/mocr/activity.jsonl" >/dev/null
}
