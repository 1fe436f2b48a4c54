# Sessions of real OpenCode servers (tests/lab/opencode/up): every state seen on the screen, every answer checked over there.

_password='op en$code'
_oc() { # SERVER METHOD PATH [BODY]
	local body=()
	[ -z "${4:-}" ] || body=(-H content-type:application/json -d "$4")
	DOCKER_HOST=unix:///var/run/docker.sock docker exec -i "mocrlab-$1" /lab/in curl -sSg -m 20 -u "opencode:$_password" -X "$2" "${body[@]}" \
		"http://127.0.0.1:4096$3" </dev/null
}
# _session SERVER TITLE [PROMPT] [DIRECTORY]: its id
_session() {
	local id
	id=$(_oc "$1" POST "/session?directory=${4:-/srv/alpha}" "{\"title\":\"$2\"}" | jq -r .id)
	[ -z "${3:-}" ] || _say "$1" "$id" "$3"
	echo "$id"
}
_say() { _oc "$1" POST "/session/$2/prompt_async?directory=/srv/alpha" "{\"parts\":[{\"type\":\"text\",\"text\":\"$3\"}]}"; }
_last() { _oc "$1" GET "/session/$2/message?directory=/srv/alpha" | jq -r '.[-1].parts[].text // empty'; }
_serves() { _oc "$1" GET /global/health 2>/dev/null | grep -q healthy; }
_said() { _last "$1" "$2" | grep -q "$3"; }
listeners=()
# Leaves servers alone that are well. "_fresh restart" restarts them: they read their slash commands again, and give memory back.
_fresh() {
	[ ${#listeners[@]} -eq 0 ] || kill "${listeners[@]}" 2>/dev/null
	listeners=()
	"$here/opencode/up" "${1:-keep}" >"$work/up" 2>&1 || { note "$(tail -3 "$work/up")"; return 1; }
	_swept sese &
	_swept pi
	wait $!
}
# No session of an earlier test is there.
_swept() {
	local id
	for id in $(_oc "$1" GET '/session?directory=/srv/alpha&limit=1000' | jq -r '.[].id'); do
		_oc "$1" POST "/session/$id/abort?directory=/srv/alpha" '{}' >/dev/null
		_oc "$1" DELETE "/session/$id?directory=/srv/alpha" >/dev/null
	done
	on "$1" rm -f /srv/alpha/made.txt
}
# The list alone on the screen; the password given where it is asked.
_sessions() {
	local n
	for n; do wait_until 30 _serves "$n" || return 1; done     # the test before may have ended with a restart
	fleet 170 40 "$@" && wait_for ' sese .*asks you: OpenCode|● pi' 20 || return 1
	case " $* " in *' sese '*)
		wait_for 'sese .*asks you: OpenCode' && at_server sese && keys a && wait_for 'Password of opencode' && type_text "$_password" && keys Enter &&
			wait_gone 'Password of opencode' ;;
	esac && command_line sessions && keys z && wait_for '─ 6 Sessions' && wait_for 'OpenCode 1[.][0-9.]+ :4096 +serves' 20
}

sessions_password_is_asked_once_and_wrong_is_said() {
	_fresh && fleet 170 40 sese && wait_for 'sese .*asks you: OpenCode' 20 && at_server sese && keys a && wait_for 'Password of opencode' && type_text wrong && keys Enter &&
		wait_gone 'Password of opencode' && wait_for 'sese .*asks you: OpenCode' && at_server sese && keys a && wait_for 'password was not accepted' &&
		type_text "$_password" && keys Enter && wait_gone 'asks you' && command_line sessions && keys z && wait_for 'OpenCode 1.18.33 :4096 +serves'
}
# What the server itself tells to whoever listens there, each line with the time at which it came.
_listen() {
	docker exec "mocrlab-$1" /lab/in curl -sSN -u "opencode:$_password" http://127.0.0.1:4096/global/event 2>/dev/null </dev/null |
		while IFS= read -r line; do printf '%s %s\n' "${EPOCHREALTIME/./}" "$line"; done >"$work/events-$1" 2>/dev/null &
	listeners+=($!)
}
# _shown SERVER ID EVENT PATTERN [SECONDS]: the screen has the pattern, at most a second after the server told that event of that session
_shown() {
	local saw knew
	wait_for "$4" "${5:-15}" || return 1
	saw=${EPOCHREALTIME/./}
	wait_until 3 grep -qE "$2.*($3)|($3).*$2" "$work/events-$1" || return 1
	knew=$(grep -m1 -E "$2.*($3)|($3).*$2" "$work/events-$1" | cut -d' ' -f1)
	[ $((saw - knew)) -lt 1000000 ] || { note "$4: $(((saw - knew) / 1000)) ms after the server told $3"; return 1; }
}
sessions_every_state_within_a_second() {
	local n id
	export DOCKER_HOST=unix:///var/run/docker.sock
	_fresh && _sessions sese pi || return 1
	for n in sese pi; do
		_listen $n
		wait_until 10 test -s "$work/events-$n"
		id=$(_session $n "$n-perm") && wait_for "$n +$n-perm +idle" 2 && _say $n "$id" '[[bash echo hi]]' && _shown $n $id 'permission\.asked' "[?] $n +$n-perm +permission .*bash: echo hi" &&
			id=$(_session $n "$n-ques" '[[question]]') && _shown $n $id 'question\.asked' "[?] $n +$n-ques +question .*Which database" &&
			id=$(_session $n "$n-busy" '[[slow 60]]') && _shown $n $id '"busy"' "$n +$n-busy +busy" &&
			id=$(_session $n "$n-retry" "[[retry 9]] $RANDOM") && _shown $n $id '"retry"' "! $n +$n-retry +retry in [0-9]s" &&
			id=$(_session $n "$n-error" '[[error 401]]') && _shown $n $id 'session\.error' "✗ $n +$n-error +error .*scripted error 401" &&
			id=$(_session $n "$n-child" '[[task (bash echo child)]]') && wait_for "[?] $n +$n-child [(].1[)] +permission .*bash: echo child" 15 &&
			id=$(_session $n "$n-abort" '[[slow 60]]') && wait_for "$n +$n-abort +busy" 8 && _oc $n POST "/session/$id/abort?directory=/srv/alpha" '{}' >/dev/null &&
			_shown $n $id 'session\.(error|idle)' "$n +$n-abort +aborted" && id=$(_session $n "$n-idle" 'hello') && _shown $n $id 'session\.idle' "○ $n +$n-idle +idle .* 1 " || return 1
	done
	on pi systemctl kill -s KILL opencode.service && on pi systemctl restart opencode.service && wait_for ' pi-busy +interrupted' 20
}
# Peeked at: the question with its diff, below it the last words; the answer is given there, and what comes of it is read there.
sessions_are_peeked_at() {
	local n id
	_fresh && _sessions pi sese && keys v || return 1
	for n in pi sese; do
		id=$(_session $n "$n-peek" "$(printf 'line-%d#' $(seq 70) | sed 's/#/\\n/g')") && wait_until 20 _said $n "$id" 'I read: line-1' && _say $n "$id" '[[write /srv/alpha/made.txt words]]' &&
			wait_for "[?] $n +$n-peek +permission" 15 && at "$n/session/$id" && wait_for 'It wants to \(\[r\] answers\)' && wait_for '\+words' && wait_for 'I will write it' &&
			keys r && wait_for '\[o\] once' && keys o && wait_gone 'It wants to' 10 && wait_for 'The tool said: Wrote file' 10 && on $n test -e /srv/alpha/made.txt &&
			_say $n "$id" '[[question]]' && wait_for 'It asks \(\[r\] answers\)' 15 && see 'PostgreSQL' && wait_for 'The tool said: Wrote file' 10 && keys r && wait_for '1 .*PostgreSQL' && esc || return 1
		keys g
	done
}
sessions_permission_answered_from_the_list() {
	local id
	_fresh && _sessions pi sese && id=$(_session pi writer '[[write /srv/alpha/made.txt words]]') && wait_for '[?] .*writer +permission' 15 && keys g Enter &&
		wait_for 'made.txt' 2 && see '\[o\] once' && see '[+]words' && ! on pi test -e /srv/alpha/made.txt && keys o && wait_until 4 on pi test -e /srv/alpha/made.txt &&
		wait_for 'reply: answered' && wait_for ' writer +idle' 10 || return 1
	id=$(_session sese refused '[[bash touch /srv/alpha/made.txt]]') && wait_for '[?] .*refused +permission' 15 && keys g Enter && wait_for 'reject with a message' && keys m &&
		wait_for 'tell it why' && type_text 'not today' && keys Enter && wait_for ' refused +(idle|reply)' && wait_until 10 _said sese "$id" 'not today' &&
		! on sese test -e /srv/alpha/made.txt
}
# 300 ms away: the channel for the answer is opened while it is read, so the server has it 300 ms after the key and not 900.
sessions_answer_costs_one_round_trip() {
	local id pressed knew
	_fresh && "$lab" delay pi 300 >/dev/null && _listen pi && _sessions_far pi-300 && id=$(_session pi far '[[bash echo hi]]') && wait_for '[?] .*far +permission' 20 &&
		keys g Enter && wait_for '\[o\] once' && sleep 1.5 && pressed=${EPOCHREALTIME/./} && keys o && wait_until 5 grep -q "$id.*permission.replied\|permission.replied.*$id" "$work/events-pi" &&
		knew=$(grep -m1 "$id.*permission.replied\|permission.replied.*$id" "$work/events-pi" | cut -d' ' -f1)
	local code=$?
	"$lab" undelay >/dev/null
	[ $code -eq 0 ] && { [ $((knew - pressed)) -lt 750000 ] || { note "the server had it after $(((knew - pressed) / 1000)) ms"; return 1; }; }
}
_sessions_far() { fleet 170 40 "$1" && wait_for "● $1" 30 && command_line sessions && keys z && wait_for 'OpenCode 1[.][0-9.]+ :4096 +serves' 30; }
sessions_answered_elsewhere_is_said() {
	local id per
	_sessions pi && id=$(_session pi elsewhere '[[bash echo hi]]') && wait_for '[?] .*elsewhere +permission' 15 && keys g Enter && wait_for '\[o\] once' &&
		per=$(_oc pi GET '/permission?directory=/srv/alpha' | jq -r ".[]|select(.sessionID==\"$id\").id") && _oc pi POST "/permission/$per/reply?directory=/srv/alpha" '{"reply":"reject"}' >/dev/null &&
		sleep 0.5 && keys o && wait_for 'not possible for|answered elsewhere|does not ask that' 3
}
sessions_question_answered_from_the_list() {
	local id
	_sessions sese && id=$(_session sese ques '[[question]]') && wait_for '[?] .*ques +question' 15 && keys g Enter && wait_for '1 of 2' && see 'SQLite' && keys 2 &&
		wait_for '2 of 2' && type_text '1,2' && keys Enter && wait_for 'reply: answered' && wait_until 10 _said sese "$id" 'SQLite.*Auth, Audit'
}
sessions_prompt_rename_abort_fork_delete() {
	local id
	_fresh && _sessions pi && id=$(_session pi first) && wait_for ' first +idle' 8 && keys g p && wait_for '> ' && type_text 'a word from the list' && keys Enter &&
		wait_until 10 _said pi "$id" 'I read: a word from the list' && wait_for ' first +(idle|prompt)' 6 && keys R && wait_for 'title: first' && keys C-u && type_text 'second' && keys Enter &&
		wait_for ' second ' 4 && is title "$(_oc pi GET "/session/$id" | jq -r .title)" second && keys p && type_text '[[slow 60]]' && keys Enter && wait_for '◐ +second ' 8 &&
		keys b && wait_for 'Abort second' && keys y && wait_for ' second +(abort|aborted)' 4 && command_line 'delete' && wait_for 'Delete second' && keys y && wait_gone ' second ' 8 &&
		is sessions "$(_oc pi GET '/session?directory=/srv/alpha' | jq length)" 0
}
sessions_new_checks_its_directory() {
	_sessions pi && command_line 'goto pi/session/opencode-4096' && sleep 0.3 && keys N && wait_for 'New session' && keys C-u && type_text '/srv/nowhere hello' && keys Enter &&
		wait_for 'there is no directory /srv/nowhere on pi' && keys N && wait_for 'New session' && keys C-u && type_text '/srv/beta model=fake/m1 hello beta' && keys Enter &&
		wait_for '/srv/beta' 6
}
sessions_attached_and_back() {
	local id
	_fresh && _sessions sese && id=$(_session sese inside 'hello') && wait_for ' inside +idle .* 1 ' 8 && keys g a && wait_for 'OpenCode 1.18' 20 && sleep 1 &&
		! on sese sh -c 'cat /proc/[0-9]*/cmdline' | tr '\0' ' ' | grep -qF "$_password" && type_text 'typed inside' && sleep 0.5 && keys Enter && wait_until 8 _said sese "$id" 'I read: typed inside' &&
		keys C-] && wait_for '\[c\] close it' && keys c && wait_for '─ 6 Sessions' && wait_until 6 sh -c '! DOCKER_HOST=unix:///var/run/docker.sock docker exec mocrlab-sese pgrep -f "opencode attach" >/dev/null' &&
		see ' inside '
}
# The server's program is gone (as after an update of what is in a container): this machine's goes there through the link.
_no_port_here() { ! ss -Hltnp | grep -q "pid=$(pane_pid),"; }
_no_attach_here() { ! pgrep -f 'opencode attach http://127.0.0.1:' >/dev/null; }
sessions_attached_with_the_program_of_this_machine() {
	local id code cache=${MOCR_LAB_CACHE:-/var/cache/mocr-lab}/npm-opencode
	_fresh && on pi mv /usr/local/bin/opencode /root/opencode.away && PATH=$cache/1.2.11:$PATH _sessions pi && id=$(_session pi from-here 'hello') && wait_for ' from-here +idle .* 1 ' 10 && _no_port_here &&
		at "pi/session/$id" && keys a && wait_for 'I read: hello' 25 && sleep 1 && type_text 'typed from here' && sleep 0.5 && keys Enter && wait_until 10 _said pi "$id" 'I read: typed from here' &&
		! on pi pgrep -f 'opencode attach' >/dev/null && keys C-] && wait_for 'close it' && keys c && wait_for '─ 6 Sessions' && wait_until 15 _no_port_here
	code=$?
	term_stop
	# the link goes while it is open: the console is back, and the program here has ended
	[ $code = 0 ] && PATH=$cache/1.2.11:$PATH _sessions pi && at "pi/session/$id" && keys a && wait_for 'I read: hello' 25 && kill_our_session pi 22 && wait_for 'mocr › ' 10 && wait_until 10 _no_attach_here && wait_for 'OpenCode 1[.][0-9.]+ :4096 +serves' 30
	code=$?
	term_stop
	[ $code = 0 ] && _sessions pi && at "pi/session/$id" && keys a && wait_for 'there is no program opencode of version 1 on pi, and none on this machine' 15 && wait_until 15 _no_port_here
	code=$?
	on pi mv /root/opencode.away /usr/local/bin/opencode
	return $code
}
sessions_conversation_read_and_followed() {
	local id
	_sessions pi && id=$(_session pi talk 'tell me') && wait_for ' talk +idle .* 1 ' 8 && at "pi/session/$id" && keys d && wait_for 'I read: tell me' 5 && keys q && keys l && wait_for 'I read: tell me' 5 &&
		_say pi "$id" '[[slow 3]]' && wait_for 'tick 2' 5 && see_not 'tick 11' && wait_for 'tick 11' 6
}
# More messages than are asked for at first: going on at the end brings what is older, to the very first.
sessions_conversation_is_paged_back() {
	local id
	_sessions pi && id=$(_session pi paged) || return 1
	on pi sh -c "for i in \$(seq 130); do curl -sS -o /dev/null -H content-type:application/json -d \"{\\\"noReply\\\":true,\\\"parts\\\":[{\\\"type\\\":\\\"text\\\",\\\"text\\\":\\\"word \$i of many\\\"}]}\" 'http://127.0.0.1:4096/session/$id/message?directory=/srv/alpha'; done"
	is messages "$(_oc pi GET "/session/$id/message?directory=/srv/alpha" | jq length)" 130 && at "pi/session/$id" && keys d && wait_for 'word 130 of many' 8 && keys G && wait_for 'messages; going on at the end brings older ones' 5 &&
		see_not 'word 1 of many' && keys j && wait_gone 'going on at the end' && keys G && wait_for 'Here it began: 130 messages' 10 && keys G && wait_for 'word 1 of many' 5
}
sessions_tmux_listed_and_attached() {
	on pi runuser -u pi -- tmux new-session -d -s 'lab work' -c /srv/alpha && _sessions pi && wait_for 'lab work +1 window' 5 && at 'pi/session/tmux-lab work' && keys a && wait_for 'pi@pi' 5 &&
		type_text 'echo in-$((40+2))' && keys Enter && wait_for 'in-42' && keys C-] && wait_for 'close it' && keys c && wait_for 'lab work'
	local code=$?
	on pi runuser -u pi -- tmux kill-server >/dev/null
	return $code
}
_tmux() { on pi runuser -u pi -- tmux "$@"; }
_pane_says() { _tmux capture-pane -p -t "$1" | grep -qxF -- "$2"; }
sessions_tmux_made_typed_into_renamed_seen_and_ended() {
	local code
	_tmux new-session -d -s first && ends 1 "$MOCR" -F "$config" do 'new tmux' pi/session/tmux-first 'second /srv/nowhere' && says '/srv/nowhere' && ends 0 "$MOCR" -F "$config" do 'new tmux' pi/session/tmux-first 'second /var/tmp' &&
		is folder "$(_tmux display -p -t second '#{pane_current_path}')" /var/tmp &&
		ends 0 "$MOCR" -F "$config" do send pi/session/tmux-second "echo 'a  b' \$(echo c) \"; it's\"" && wait_until 8 _pane_says second "a  b c ; it's" &&
		ends 0 "$MOCR" -F "$config" do 'rename tmux' pi/session/tmux-second 'third one' && _tmux has-session -t '=third one' && ! _tmux has-session -t '=second' >/dev/null &&
		fleet 120 40 pi && command_line sessions && wait_for 'third one' 15 && at 'pi/session/tmux-third one' && keys d && wait_for "a  b c ; it's" 8 && keys q &&
		command_line kill && asks_then y 'Kill third one on pi\?' && wait_gone 'third one +1 window' 10 && ! _tmux has-session -t '=third one' >/dev/null && _tmux has-session -t '=first'
	code=$?
	_tmux kill-server >/dev/null
	return $code
}
# Servers of tmux that a shell without a terminal does not find by itself: another name, and another folder.
_tmux_l() { on pi runuser -u pi -- tmux -L agents "$@"; }
_tmux_away() { on pi runuser -u pi -- env TMUX_TMPDIR=/home/pi/away tmux "$@"; }
_agents_say() { _tmux_l capture-pane -p -t hidden | grep -qxF -- "$1"; }
_tmux_ids() { "$MOCR" -F "$config" status --json pi | jq -r '[.servers[0].sessions[]|select(.id|contains("/tmux-"))|.id]|sort|join(" ")'; }
sessions_tmux_on_other_sockets() {
	local code
	on pi runuser -u pi -- mkdir -p -m 700 /home/pi/away
	_tmux new-session -d -s hidden && _tmux_l new-session -d -s hidden && _tmux_away new-session -d -s hidden &&
		is ids "$(_tmux_ids)" 'pi/session/tmux--home-pi-away-tmux-1000-default:hidden pi/session/tmux-agents:hidden pi/session/tmux-hidden' &&
		ends 0 "$MOCR" -F "$config" do send pi/session/tmux-agents:hidden 'echo in-$((40+2))' && wait_until 8 _agents_say in-42 &&
		fleet 120 40 pi && command_line sessions && wait_for 'hidden +1 window, socket agents' 15 && at pi/session/tmux-agents:hidden && keys d && wait_for in-42 8 &&
		keys q && keys a && wait_for 'in-42' 8 && keys C-] && wait_for 'close it' && keys c &&
		ends 0 "$MOCR" -F "$config" do kill pi/session/tmux--home-pi-away-tmux-1000-default:hidden --yes && ! _tmux_away has-session -t hidden >/dev/null &&
		_tmux_l has-session -t hidden && _tmux has-session -t hidden
	code=$?
	_tmux kill-server >/dev/null
	_tmux_l kill-server >/dev/null
	_tmux_away kill-server >/dev/null
	on pi rm -rf /home/pi/away
	return $code
}
sessions_dropped_stream_comes_back() {
	local id
	_sessions pi && on pi systemctl restart opencode.service && wait_for 'OpenCode .*:4096 +no answer' 10 && wait_for 'OpenCode 1.2.11 :4096 +serves' 20 &&
		id=$(_session pi after '[[bash echo hi]]') && wait_for '[?] .*after +permission' 15
}
sessions_exported_and_imported_elsewhere() {
	local id copy
	id=$(_session pi mover 'hello one') && wait_until 15 _said pi "$id" 'I read: hello one' || return 1
	conf <<<"[opencode lab]
server = sese
password_command = printf '%s\\n' '$_password'"
	ends 0 "$MOCR" -F "$config" do export "pi/session/$id" "$work/moved.json" && says '2 messages' && ends 1 "$MOCR" -F "$config" do export "pi/session/$id" "$work/moved.json" &&
		says 'there already' && ends 0 "$MOCR" -F "$config" do import sese/session/opencode-4096 "$work/moved.json /srv/beta" && says 'with all its 2 messages' || return 1
	copy=$(grep -oE 'ses_[A-Za-z0-9]+' "$work/out" | head -1)
	[ "$copy" != "$id" ] && is directory "$(_oc sese GET "/session/$copy" | jq -r .directory)" /srv/beta && ends 1 "$MOCR" -F "$config" do import sese/session/opencode-4096 "/etc/hostname /srv/beta" &&
		says 'not an export'
}
# What its server does is asked by the row's own verb, and looked at over there; in both dialects.
sessions_renewed_and_taken_back() {
	local n id copies
	_fresh && _sessions pi sese || return 1
	for n in pi sese; do
		id=$(_session $n "$n-turns" '[[write /srv/alpha/made.txt words]]') && wait_for "[?] $n +$n-turns +permission" 15 && at "$n/session/$id" && keys r && wait_for '\[o\] once' &&
			keys o && wait_until 10 on $n test -e /srv/alpha/made.txt && wait_for " $n-turns +idle" 10 && keys d && wait_for 'made.txt  [+]1 -0' 10 && wait_for '[+]words' 5 && keys q &&
			command_line revert && wait_for "Revert $n-turns" && keys y && wait_until 10 sh -c "! DOCKER_HOST=unix:///var/run/docker.sock docker exec mocrlab-$n test -e /srv/alpha/made.txt" &&
			wait_gone 'revert(ing)? ' 10 && command_line unrevert && wait_for "Unrevert $n-turns" && keys y && wait_until 10 on $n test -e /srv/alpha/made.txt && wait_gone 'unrevert(ing)? ' 10 &&
			command_line summarize && wait_for "Summarize $n-turns" && keys y && wait_for 'summarize .*summarized' 20 &&
			is "messages on $n" "$(_oc $n GET "/session/$id/message?directory=/srv/alpha" | jq '[.[]|select(.info.summary==true)]|length')" 1 && wait_gone 'summarized' 15 || return 1
		command_line fork && wait_for 'fork .*a copy was made' 10 && wait_for "$n-turns [(]fork" 5 && command_line archive && wait_for 'archive .*archived' 10 &&
			wait_until 5 sh -c "[ \"\$('$MOCR' -F '$config' sessions pi --json | jq '[.[]|select(.archived_ms)]|length')\" -ge 0 ]" && wait_gone " $n-turns +(idle|archive)" 15 &&
			copies=$(_oc $n GET "/session/$id?directory=/srv/alpha" | jq .time.archived) && [ "$copies" -gt 0 ] || return 1
	done
}
# A command that the project has: its template is filled in over there, and a name that it does not have is said.
# The turn of the command is over: its row says idle, and no clock of a turn that runs.
_rests() { screen | grep -qE " $1 +idle"; }
sessions_slash_command() {
	local n id code=0
	for n in pi sese; do
		on $n sh -c 'mkdir -p /srv/alpha/.opencode/command; printf "say: \$ARGUMENTS please\n" >/srv/alpha/.opencode/command/greet.md; chown -R --reference=/srv/alpha /srv/alpha/.opencode'
	done
	_fresh restart && _sessions pi sese || code=1
	for n in pi sese; do
		[ $code = 0 ] || break
		id=$(_session $n "$n-slash" hello) && wait_for " $n-slash +idle .* 1 " 10 && at "$n/session/$id" && command_line command && wait_for 'Slash command' 5 && type_text gr && keys Tab && wait_for '/greet ' 3 && type_text 'the world' && keys Enter &&
			wait_until 15 _said $n "$id" 'say: the world please' && wait_for 'command .*done' 10 && wait_until 15 _rests "$n-slash" && command_line command && wait_for 'Slash command' && type_text 'nosuch thing' && keys Enter && wait_for '/nosuch is not one of the slash commands' 10 || code=1
	done
	for n in pi sese; do on $n rm -rf /srv/alpha/.opencode; done
	return $code
}
# The service of the login's own systemd, which needs no password; and a server whose user has another name.
sessions_server_of_a_user_unit_and_of_another_user() {
	local before code=0
	on pi runuser -u pi -- sh -c 'mkdir -p ~/.config/systemd/user; printf "[Service]\nWorkingDirectory=/srv/beta\nEnvironment=OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_DEFAULT_PLUGINS=1 npm_config_registry=http://127.0.0.1:9/\nExecStart=/usr/local/bin/opencode serve --port 4444 --hostname 127.0.0.1\n" >~/.config/systemd/user/lt-own.service'
	on sese sh -c 'mkdir -p /run/systemd/system/opencode.service.d; printf "[Service]\nEnvironment=OPENCODE_SERVER_USERNAME=someone\n" >/run/systemd/system/opencode.service.d/user.conf; systemctl daemon-reload; systemctl restart opencode'
	user_unit daemon-reload && user_unit start lt-own && wait_until 30 on pi curl -fs http://127.0.0.1:4444/global/health >/dev/null && before=$(user_unit show -P MainPID lt-own.service) &&
		ends 0 "$MOCR" -F "$config" do opencode-restart pi/session/opencode-4444 --yes && [ "$(user_unit show -P MainPID lt-own.service)" != "$before" ] && wait_until 30 on pi curl -fs http://127.0.0.1:4444/global/health >/dev/null || code=1
	printf '[opencode lab]\nserver = sese\nuser = someone\npassword_command = printf %%s '"'%s'"'\n' "$_password" | conf
	[ $code = 0 ] && wait_until 20 _lists_sese || code=1
	user_unit stop lt-own >/dev/null
	on pi rm -f /home/pi/.config/systemd/user/lt-own.service
	on sese sh -c 'rm -rf /run/systemd/system/opencode.service.d; systemctl daemon-reload; systemctl restart opencode'
	return $code
}
_lists_sese() { "$MOCR" -F "$config" sessions sese >"$work/out" 2>&1; says 'serves .*OpenCode 1.18.33' >/dev/null; }
# A server takes a prompt before it writes it down. When it cannot, that is said, and the text is offered again.
_database() { echo "$(docker inspect -f '{{.GraphDriver.Data.MergedDir}}' "mocrlab-$1")/home/$2/.local/share/opencode/opencode.db"; }
# A folder that nobody used for a month is not asked, unless the configuration names it.
sessions_directory_of_the_configuration() {
	local id db
	on pi sh -c 'mkdir -p /srv/forgotten && chown pi: /srv/forgotten'
	_fresh && id=$(_session pi forgotten '' /srv/forgotten) && _oc pi POST "/session/$id/prompt_async?directory=/srv/forgotten" '{"parts":[{"type":"text","text":"[[bash echo hi]]"}]}' >/dev/null &&
		wait_until 10 _asks pi "$id" /srv/forgotten && db=$(DOCKER_HOST=unix:///var/run/docker.sock _database pi pi) || return 1
	python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("update session set time_created = 1750000000000, time_updated = 1750000000000 where id = ?", (sys.argv[2],)); c.commit()' "$db" "$id" || return 1
	_sessions pi && sleep 1 && see_not 'forgotten +permission' || return 1
	term_stop
	printf '%s\n' '[opencode here]' 'server = pi' 'url = http://127.0.0.1:4096' 'directory = /srv/forgotten' | conf
	_sessions pi && wait_for '[?] .*forgotten +permission .*bash: echo hi'
	local code=$?
	_oc pi DELETE "/session/$id?directory=/srv/forgotten" >/dev/null
	on pi rm -rf /srv/forgotten
	return $code
}
_asks() { _oc "$1" GET "/permission?directory=$3" | grep -q "$2"; }
_lock_database() {
	rm -f "$work/locked"
	python3 -c 'import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute("BEGIN EXCLUSIVE"); open(sys.argv[2], "w").close(); time.sleep(300)' "$1" "$work/locked" & locker=$!
	wait_until 10 test -e "$work/locked"
}
sessions_prompt_to_a_locked_database() {
	local id code=0
	export DOCKER_HOST=unix:///var/run/docker.sock
	_fresh && _sessions pi && id=$(_session pi stuck hello) && wait_for ' stuck +idle .* 1 ' 10 && at "pi/session/$id" && _lock_database "$(_database pi pi)" && keys p && wait_for '> ' && type_text 'a word for nobody' && keys Enter &&
		wait_for 'took the prompt, but its session has no such message|took the prompt, but whether it arrived' 40 && keys p && wait_for '> a word for nobody' 5 || code=1
	kill $locker
	wait $locker 2>/dev/null
	[ $code = 0 ] && keys Enter && wait_until 20 _said pi "$id" 'I read: a word for nobody' && is sent "$(_oc pi GET "/session/$id/message?directory=/srv/alpha" | jq '[.[]|select(.info.role=="user")]|length')" 2
}
sessions_prompt_to_a_full_disk() {
	local id code=0
	on pi sh -c 'systemctl stop opencode; mount -t tmpfs -o size=40m,uid=1000,mode=755 none /home/pi/.local/share/opencode; systemctl start opencode'
	wait_until 30 _serves pi && _sessions pi && id=$(_session pi full hello) && wait_for ' full +idle .* 1 ' 15 && on pi sh -c 'dd if=/dev/zero of=/home/pi/.local/share/opencode/big bs=4k status=none; true' >/dev/null &&
		at "pi/session/$id" && keys p && wait_for '> ' && type_text 'a word for nobody' && keys Enter && wait_for 'took the prompt, but|disk' 25 && keys p && wait_for '> a word for nobody' 5 || code=1
	on pi sh -c 'systemctl stop opencode; umount -l /home/pi/.local/share/opencode; systemctl start opencode'
	return $code
}
# As an event, and when the conversation is asked for.
_huge() {
	{ printf '{"noReply":true,"parts":[{"type":"text","text":"'; yes 'x y' | head -c 100000000 | tr '\n' ' '; printf '"}]}'; } |
		DOCKER_HOST=unix:///var/run/docker.sock docker exec -i "mocrlab-$1" /lab/in curl -sS -m 60 -o /dev/null -w '%{http_code}' -u "opencode:$_password" \
			-H content-type:application/json -d @- "http://127.0.0.1:4096/session/$2/prompt_async?directory=/srv/alpha" | grep -q 204
}
_most_memory() { awk '/VmHWM/ { print $2 }' "/proc/$(pane_pid)/status"; }
sessions_message_of_100_megabytes() {
	local n id
	_fresh restart && _sessions sese pi || return 1
	for n in sese pi; do
		id=$(_session $n "$n-huge" 'hello') && wait_for "$n +$n-huge +idle" && _huge $n "$id" && wait_for "$n +$n-huge +unanswered" 20 &&
			id=$(_session $n "$n-beside" 'hello') && wait_for "$n +$n-beside +idle" || return 1
	done
	for n in sese pi; do
		id=$(_oc $n GET '/session?directory=/srv/alpha&limit=1000' | jq -r ".[] | select(.title == \"$n-huge\") | .id")
		command_line "goto $n/session/$id" && keys d && wait_for "$n: the answer to GET .* is [0-9]+M long; more than 12M is not taken" 30 && keys q && wait_for '─ 6 Sessions' || return 1
	done
	[ "$(_most_memory)" -lt 100000 ] || note "it took $(_most_memory) kB"
	[ "$(_most_memory)" -lt 100000 ]
}
sessions_share_says_where_it_goes() {
	local id
	_sessions pi && id=$(_session pi secretive hello) && wait_for ' secretive +idle .* 1 ' 10 && at "pi/session/$id" && command_line share && wait_for 'Share secretive on pi' &&
		see "uploads the whole conversation of secretive to OpenCode's" && see 'public site, where whoever has the link reads it' && keys n && wait_gone 'Share secretive' && is 'address' "$(_oc pi GET "/session/$id" | jq -r .share)" null &&
		command_line share && wait_for 'Share secretive on pi' && keys y && wait_for 'share .*(disabled|answered 500)' 10
}
# Two sessions are marked; the words come out of $EDITOR with their lines.
sessions_prompt_written_in_the_editor() {
	local one two
	printf '#!/bin/sh\nprintf "first line\\n  second line\\n\\n" >"$1"\n' >"$work/editor" && chmod +x "$work/editor"
	EDITOR=$work/editor _sessions pi && one=$(_session pi edit-one) && two=$(_session pi edit-two) && wait_for ' edit-two +idle' 8 && wait_for ' edit-one +idle' 8 &&
		at "pi/session/$one" && keys Space && at "pi/session/$two" && keys Space && keys P && wait_until 15 _said pi "$one" 'I read: first line' &&
		wait_until 15 _said pi "$two" 'second line' && wait_for ' edit-one ' && is text "$(_oc pi GET "/session/$one/message?directory=/srv/alpha" | jq -r '.[0].parts[0].text')" $'first line\n  second line'
}
sessions_editor_that_fails_sends_nothing() {
	local id
	EDITOR=false _sessions pi && id=$(_session pi edit-none) && wait_for ' edit-none +idle' 8 && at "pi/session/$id" && keys P && wait_for 'nothing was sent: the editor did not end well' &&
		is messages "$(_oc pi GET "/session/$id/message?directory=/srv/alpha" | jq length)" 0
}
# The operator's own link may break at any time: what was typed by then is found again.
_ends_with_a_hangup() { local pid; pid=$(pane_pid) && kill -HUP "$pid" && wait_dead; }
sessions_typed_text_outlives_a_hangup() {
	local id file
	printf '#!/bin/sh\ncase $0 in *bad) printf "kept words\\n" >"$1"; exit 1;; esac\nprintf "half a thought\\n" >"$1"; sleep 60\n' >"$work/editor" && chmod +x "$work/editor" && ln -sf editor "$work/bad"
	EDITOR=$work/editor _sessions pi && id=$(_session pi hung) && wait_for ' hung +idle' 8 && at "pi/session/$id" && keys p && wait_for '> ' && type_text 'to whom it may concern' &&
		_ends_with_a_hangup && activity_has 'mocr ended before this was sent (Prompt: hung on pi): to whom it may concern' || return 1
	term_stop
	EDITOR=$work/editor _sessions pi && at "pi/session/$id" && keys P && wait_until 5 _half_a_thought && _ends_with_a_hangup && activity_has 'while the editor was open; what it saved is in .*prompt-' && _half_a_thought || return 1
	term_stop
	rm -f "$XDG_STATE_HOME"/mocr/prompt-*
	EDITOR=$work/bad _sessions pi && at "pi/session/$id" && keys P && wait_for 'the editor did not end well; it is kept in ' && grep -qx 'kept words' "$XDG_STATE_HOME"/mocr/prompt-*.md &&
		is messages "$(_oc pi GET "/session/$id/message?directory=/srv/alpha" | jq length)" 0 || return 1
	term_stop
	fleet 44 24 pi && wait_for '● pi' && command_line activity && wait_for '! mocr ended before this was sent' && see '^ +may concern$' && see '! mocr ended while the editor was'
}
_half_a_thought() { grep -qx 'half a thought' "$XDG_STATE_HOME"/mocr/prompt-*.md 2>/dev/null; }
# What was written long is in a file that the activity names, whatever kept it from going.
_long_words() { local file; file=$(sed -nE 's/.*the text is in ([^"]*prompt-[^"]*\.md).*/\1/p' "$XDG_STATE_HOME/mocr/activity.jsonl" | tail -n 1) && [ "$(wc -l <"${file:-/nowhere}")" -ge 99 ] && grep -q '^line 100$' "$file"; }
_editor_waits() { [ -e "$work/edited" ]; }
sessions_long_words_that_cannot_go_are_kept() {
	local id
	printf '#!/bin/sh\n[ -s "$1" ] && { cp "$1" %s; exit 0; }\nfor i in $(seq 100); do echo line $i; done >"$1"; touch %s; while [ ! -e %s ]; do sleep 0.1; done\n' \
		"$work/offered" "$work/edited" "$work/go-on" >"$work/editor" && chmod +x "$work/editor" && rm -f "$work/edited" "$work/go-on" "$work/offered"
	EDITOR=$work/editor _sessions pi && id=$(_session pi leaves) && wait_for ' leaves +idle' 8 && at "pi/session/$id" && keys P && wait_until 5 _editor_waits &&
		_oc pi DELETE "/session/$id?directory=/srv/alpha" >/dev/null && sleep 1 && touch "$work/go-on" && wait_for 'compose: it is no longer there' &&
		activity_has 'compose: not sent, it is no longer there: the text is in' && _long_words || return 1
	term_stop
	# A box that is given up offers them again; one that the end of the console takes away has them in a file.
	rm -f "$XDG_STATE_HOME"/mocr/prompt-* && printf '[server pi]\nprotect = yes\n' | conf
	EDITOR=$work/editor _sessions pi && id=$(_session pi guarded) && wait_for ' guarded +idle' 8 && at "pi/session/$id" && keys P && wait_for 'Compose guarded on pi\?' && keys Escape &&
		wait_gone 'Compose guarded on pi' && keys P && wait_for 'Compose guarded on pi\?' && grep -q '^line 100$' "$work/offered" && _ends_with_a_hangup &&
		activity_has 'compose: not sent, mocr ended before it was confirmed: the text is in' && _long_words &&
		is messages "$(_oc pi GET "/session/$id/message?directory=/srv/alpha" | jq length)" 0 || return 1
	term_stop
	# A server that takes them and does not answer: whether they arrived nobody knows.
	rm -f "$XDG_STATE_HOME"/mocr/prompt-* && printf '[settings]\n' | conf
	EDITOR=$work/editor _sessions pi && id=$(_session pi frozen) && wait_for ' frozen +idle' 8 && at "pi/session/$id" && on pi systemctl kill -s STOP opencode.service && keys P &&
		wait_for ' frozen +sending' && _ends_with_a_hangup && activity_has 'compose: mocr ended while it was on its way, whether it arrived is not known; what was written: the text is in' && _long_words
	local code=$?
	on pi systemctl kill -s CONT opencode.service
	rm -f "$XDG_STATE_HOME"/mocr/prompt-* "$work/editor"
	return $code
}
# Folders come over the link when Tab asks for them.
sessions_new_completes_folders() {
	on pi runuser -u pi -- sh -c 'mkdir -p "/home/pi/some place/inner"' && _sessions pi && at pi/session/opencode-4096 && keys N && wait_for 'New session' && keys C-u &&
		type_text '/home/pi/so' && keys Tab && wait_for '> /home/pi/some\\ place/' 6 && keys Tab && wait_for '> /home/pi/some\\ place/inner/' 6 && type_text ' agent=pl' && keys Tab && wait_for 'agent=plan' 3 &&
		type_text ' words of a plan' && keys Enter && wait_for '/home/pi/some place/inner|some pl.*inner' 10 &&
		wait_until 10 sh -c "DOCKER_HOST=unix:///var/run/docker.sock docker exec -i mocrlab-pi /lab/in curl -sg 'http://127.0.0.1:4096/session?directory=/home/pi/some%20place/inner' | jq -e '.[0].directory==\"/home/pi/some place/inner\"'" &&
		wait_until 10 sh -c "'$MOCR' -F '$config' sessions pi --json | jq -e '.[]|select(.directory==\"/home/pi/some place/inner\" and .agent==\"plan\")' >/dev/null"
}
# In its own tmux window; a second time that window is gone to.
_windows() { tmux -S "$sock" list-windows -t t -F '#{window_active} #{window_name}'; }
_windows_are() { [ "$(_windows | tr '\n' ' ')" = "$1" ]; }
sessions_in_a_tmux_window_of_its_own() {
	local id
	_fresh && _sessions pi && id=$(_session pi windowed hello) && wait_for ' windowed +idle .* 1 ' 10 && at "pi/session/$id" && keys A && wait_until 10 _windows_are '0 mocr 1 windowed ' && wait_for 'I read: hello' 25 &&
		tmux -S "$sock" select-window -t t:0 && wait_for '─ 6 Sessions' && keys A && wait_until 5 _windows_are '0 mocr 1 windowed '
}
# Nobody serves them: from the database, dimmed, and their conversation can be read.
sessions_that_nobody_serves() {
	local id
	_fresh && id=$(_session pi lonely 'tell me') && wait_until 15 _said pi "$id" 'I read: tell me' && on pi systemctl stop opencode.service && fleet 170 40 pi && wait_for '● pi' 20 && command_line sessions && keys z &&
		wait_for '○ +lonely +not served .*/srv/alpha' 20 && at "pi/session/$id" && keys d && wait_for 'status +not served' 5 && wait_for 'I read: tell me' 20 && keys q &&
		on pi systemctl start opencode.service && wait_until 30 _serves pi && keys C-r && wait_for ' lonely +idle' 30 && on pi systemctl kill -s KILL opencode.service && wait_for 'OpenCode .*:4096 +no answer' 15 && keys C-r && wait_for ' lonely +not served' 30
	local code=$?
	on pi systemctl restart opencode.service >/dev/null
	return $code
}
sessions_cost_of_both_dialects() {
	local id
	_sessions pi sese && id=$(_session pi cost-old hello) && wait_for ' cost-old +idle .* 1[.]?2?k? .*[$]0[.]00' 15 && id=$(_session sese cost-new hello) && wait_for ' cost-new +idle .*[$]0[.]00' 15 &&
		at "pi/session/$(_oc pi GET '/session?directory=/srv/alpha' | jq -r 'first(.[]|select(.title=="cost-old")).id')" && keys d && wait_for 'cost +[$]0[.]0036' 8 && wait_for 'tokens +1234' 3 && see 'context +1[0-9]+ of 100000 [(]1%' &&
		keys q && at "sese/session/$id" && keys d && wait_for 'cost +[$]0[.]0036' 8 && wait_for 'tokens +1234' 3
}
sessions_filtered_by_server_directory_status_text() {
	_fresh && _sessions pi sese && _session pi 'here one' >/dev/null && _session pi 'there two' '' /srv/beta >/dev/null && _session sese 'here three' '[[slow 40]]' >/dev/null && wait_for 'there two' 8 &&
		wait_for 'here three +busy' 10 && alone sese && see 'here three' && see_not 'here one' && esc && alone /srv/beta && see 'there two' && see_not 'here one' && esc && alone busy && see 'here three' && see_not 'here one' &&
		esc && alone 'here one' && see 'here one' && see_not 'here three'
}
sessions_server_as_a_patient() {
	_sessions pi && at pi/session/opencode-4096 && keys d && wait_for 'version +1.2.11' && see 'unit +opencode.service' && wait_for 'up +[0-9]+[smh]' && see 'memory +[0-9]+M of 4096 MB' && wait_for 'processor +[0-9.]+% of one' 12 && see 'waiting for you 0' && keys q || return 1
	local before
	before=$(main_pid pi opencode.service) && command_line restart && wait_for 'systemctl restart opencode.service' && keys y && wait_for 'password for pi|raspberry|sudo' 10 && type_text raspberry && keys Enter &&
		wait_until 20 sh -c "[ \"\$('$lab' exec pi systemctl show -P MainPID opencode.service)\" != $before ]" && wait_for 'OpenCode 1.2.11 :4096 +serves' 30
}
sessions_moved_to_another_server_and_back() {
	local id
	id=$(_session pi wanderer 'hello one') && wait_until 15 _said pi "$id" 'I read: hello one' || return 1
	conf <<<"[opencode lab]
server = sese
password_command = printf '%s\\n' '$_password'"
	ends 0 "$MOCR" -F "$config" do move "pi/sessions/$id" 'sese /srv/beta' --yes && says 'with all its 2 messages; the one here is archived' && id=$(grep -oE 'ses_[A-Za-z0-9]+' "$work/out" | head -1) &&
		is directory "$(_oc sese GET "/session/$id" | jq -r .directory)" /srv/beta && ends 0 "$MOCR" -F "$config" do move "sese/session/$id" 'pi /srv/alpha' --yes && says 'with all its 2 messages' &&
		id=$(grep -oE 'ses_[A-Za-z0-9]+' "$work/out" | head -1) && is directory "$(_oc pi GET "/session/$id" | jq -r .directory)" /srv/alpha && is messages "$(_oc pi GET "/session/$id/message?directory=/srv/alpha" | jq length)" 2 &&
		ends 1 "$MOCR" -F "$config" do move "pi/session/$id" 'sese /srv/nowhere' --yes && says 'there is no directory /srv/nowhere on sese; nothing was done' && is archived "$(_oc pi GET "/session/$id" | jq .time.archived)" null
}
# The link goes while a prompt is on its way: its words are said, and are in the line again; nothing is sent twice.
sessions_prompt_kept_when_the_server_goes() {
	local id
	_fresh && _sessions pi && id=$(_session pi keeper) && wait_for ' keeper +idle' 8 && on pi systemctl kill -s STOP opencode.service && at "pi/session/$id" && keys p && wait_for '> ' &&
		type_text 'words that must not be lost' && keys Enter && wait_for ' keeper +(prompt|sending)' 5 && on pi systemctl kill -s KILL opencode.service && wait_for 'prompt keeper: ' 15 &&
		on pi systemctl restart opencode.service && wait_for 'OpenCode 1.2.11 :4096 +serves' 30 && at "pi/session/$id" && keys p && wait_for '> words that must not be lost' 5 && keys Enter &&
		wait_until 20 _said pi "$id" 'I read: words that must not be lost' && is 'times sent' "$(_oc pi GET "/session/$id/message?directory=/srv/alpha" | jq '[.[]|select(.info.role=="user")]|length')" 1
}
# A real server on this machine, found by its process; once it has ended its sessions are listed from the database.
sessions_on_this_machine() {
	local binary=${MOCR_LAB_CACHE:-/var/cache/mocr-lab}/npm-opencode/1.2.11/opencode pid url code
	[ -x "$binary" ] || "$here/opencode/up" >"$work/up" 2>&1 || { note "$(tail -3 "$work/up")"; return 1; }
	mkdir -p "$work/here"
	(cd "$work/here" && exec env OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_DEFAULT_PLUGINS=1 npm_config_registry=http://127.0.0.1:9/ BUN_CONFIG_REGISTRY=http://127.0.0.1:9/ \
		"$binary" serve --port 0 --hostname 127.0.0.1) >"$work/serve" 2>&1 &
	pid=$!
	wait_until 30 grep -qs listening "$work/serve" && url=$(grep -o 'http://[0-9.:]*' "$work/serve" | tail -1) &&
		curl -sf -X POST -H content-type:application/json -d '{"title":"a local one"}' "$url/session?directory=$work/here" >/dev/null && ends 0 "$MOCR" sessions local && says 'serves .*OpenCode 1.2.11' && says ' idle .*a local one'
	code=$?
	kill $pid
	wait $pid 2>/dev/null
	[ $code = 0 ] && ends 0 "$MOCR" sessions local && says ' not served .*a local one'
}
# The real Claude Code on this machine, in a tmux of its own, against the scripted model: what it does and waits for, its pane, the file
# that a kill -9 leaves behind, and its conversation gone on with.
sessions_claude_code_itself() {
	local claude model id code port=$((20000 + RANDOM % 20000))
	claude=$("$here/opencode/up" claude 2>"$work/up") || { skipped_why="Claude Code could not be fetched: $(tail -1 "$work/up")"; return 0; }
	mkdir -p "$work/tmuxdir" "$work/code" "$HOME/.claude"
	printf '{"hasCompletedOnboarding":true,"theme":"dark","customApiKeyResponses":{"approved":["abcdefghij0123456789"],"rejected":[]},"projects":{"%s":{"hasTrustDialogAccepted":true}}}' \
		"$work/code" >"$HOME/.claude.json"
	python3 "$here/opencode/model.py" 127.0.0.1 $port >/dev/null 2>"$work/model" &
	model=$!
	_claude_code
	code=$?
	kill $model
	TMUX_TMPDIR=$work/tmuxdir tmux kill-server 2>/dev/null
	return $code
}
_coder() { TMUX_TMPDIR=$work/tmuxdir tmux "$@"; }
_coder_shows() { _coder capture-pane -p -t coder | grep -qE "$1"; }
_claude_code() {
	_coder new-session -d -x 120 -y 40 -s coder "cd '$work/code' && env -i PATH='$PATH' TERM=tmux-256color LANG=C.UTF-8 HOME='$HOME' ANTHROPIC_BASE_URL=http://127.0.0.1:$port ANTHROPIC_API_KEY=sk-ant-abcdefghij0123456789 \
		CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1 '$claude' --permission-mode default; cat"
	wait_until 40 _coder_shows '^❯' && term 170 40 env -u TMUX TMUX_TMPDIR="$work/tmuxdir" PATH="${claude%/*}:$PATH" ANTHROPIC_BASE_URL=http://127.0.0.1:$port ANTHROPIC_API_KEY=sk-ant-abcdefghij0123456789 "$MOCR" -F "$config" local && wait_for '● .* local ' 20 && command_line sessions && keys z && wait_for ' idle .*/code' 20 &&
		_coder send-keys -t coder -l "[[bash touch $work/code/made]]" && sleep 0.5 && _coder send-keys -t coder Enter && wait_for '[?] .* permission .*Claude Code waits for: permission prompt' 15 && keys g a &&
		wait_for 'Do you want to proceed' 10 && keys 1 && wait_until 10 test -e "$work/code/made" && keys C-] && wait_for 'close it' && keys c && wait_for '[○!] +.*bash touch.* idle' 15 || return 1
	id=$(basename "$(ls "$HOME"/.claude/projects/*/*.jsonl)" .jsonl)
	_coder send-keys -t coder -l '[[slow 8]]' && sleep 0.5 && _coder send-keys -t coder Enter && wait_for '◐ .* busy .*/code' 6 && kill -9 "$(jq .pid "$HOME"/.claude/sessions/*.json)" && wait_for ' not served .*/code' 8 &&
		ls "$HOME"/.claude/sessions/*.json >/dev/null && at "$(hostname)/session/$id" && keys a && wait_for 'touch .*/code/made' 20 && wait_for '^❯' && type_text 'gone on with' && sleep 0.5 && keys Enter && wait_until 15 grep -q '"gone on with"' "$(echo "$HOME"/.claude/projects/*/*.jsonl)"
}
# The same on a server, all of it over the link.
_pi_tmux() { on pi runuser -u pi -- tmux "$@"; }
_pi_shows() { _pi_tmux capture-pane -p -t coder | grep -qE "$1"; }
_pi_json() { on pi sh -c "cat /home/pi/.claude/$1"; }
sessions_claude_code_on_a_server() {
	local claude code
	claude=$("$here/opencode/up" claude 2>"$work/up") || { skipped_why="Claude Code could not be fetched: $(tail -1 "$work/up")"; return 0; }
	_fresh || return 1
	DOCKER_HOST=unix:///var/run/docker.sock docker exec -i mocrlab-pi /lab/in sh -c 'cat >/usr/local/bin/claude && chmod 755 /usr/local/bin/claude' <"$claude"
	on pi runuser -u pi -- sh -c 'rm -rf ~/code ~/.claude ~/.claude.json; mkdir -p ~/code ~/.claude
		echo "{\"hasCompletedOnboarding\":true,\"theme\":\"dark\",\"customApiKeyResponses\":{\"approved\":[\"abcdefghij0123456789\"],\"rejected\":[]},\"projects\":{\"/home/pi/code\":{\"hasTrustDialogAccepted\":true}}}" >~/.claude.json
		echo "{\"env\":{\"ANTHROPIC_BASE_URL\":\"http://10.77.0.11:4199\",\"ANTHROPIC_API_KEY\":\"sk-ant-abcdefghij0123456789\",\"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC\":\"1\",\"DISABLE_AUTOUPDATER\":\"1\"}}" >~/.claude/settings.json'
	_claude_on_pi
	code=$?
	_pi_tmux kill-session -t coder >/dev/null
	on pi sh -c 'rm -rf /usr/local/bin/claude /home/pi/code /home/pi/.claude /home/pi/.claude.json'
	return $code
}
_claude_on_pi() {
	local id
	_pi_tmux new-session -d -x 120 -y 40 -s coder "cd ~/code && LANG=C.UTF-8 ANTHROPIC_API_KEY=sk-ant-abcdefghij0123456789 claude --permission-mode default; cat"
	wait_until 40 _pi_shows '^❯' && fleet 170 40 pi && wait_for '● pi' 20 && command_line sessions && keys z && wait_for 'code-[0-9a-f]+ +idle .*/code' 20 &&
		_pi_tmux send-keys -t coder -l "[[bash touch /home/pi/code/made]]" && sleep 0.5 && _pi_tmux send-keys -t coder Enter && wait_for '[?] .* permission .*Claude Code waits for: permission prompt' 15 && keys g a &&
		wait_for 'Do you want to proceed' 10 && keys 1 && wait_until 10 on pi test -e /home/pi/code/made && keys C-] && wait_for 'close it' && keys c && wait_for '[○!] +.*bash touch.* idle' 15 || return 1
	id=$(basename "$(on pi sh -c 'ls /home/pi/.claude/projects/*/*.jsonl')" .jsonl)
	_pi_tmux send-keys -t coder -l '[[slow 8]]' && sleep 0.5 && _pi_tmux send-keys -t coder Enter && wait_for '◐ .* busy .*/code' 6 && on pi kill -9 "$(_pi_json 'sessions/*.json' | jq .pid)" && wait_for ' not served .*/code' 8 &&
		at "pi/session/$id" && keys a && wait_for 'touch .*/code/made' 20 && wait_for '^❯' && type_text 'gone on with' && sleep 0.5 && keys Enter && wait_until 15 _pi_went_on
}
_pi_went_on() { _pi_json 'projects/*/*.jsonl' | grep -q '"gone on with"'; }
sessions_headless() {
	local id
	wait_until 30 _serves pi && id=$(_session pi headless '[[bash touch /srv/alpha/made.txt]]') && wait_until 8 sh -c "'$MOCR' -F '$config' status pi --json 2>/dev/null | jq -e '.servers[].sessions[]|select(.name==\"headless\" and .status==\"permission\")' >/dev/null" &&
		ends 0 "$MOCR" -F "$config" do reply "pi/session/$id" once && wait_until 5 on pi test -e /srv/alpha/made.txt
	local code=$?
	"$here/opencode/up" down >/dev/null 2>&1
	return $code
}

# What mocr watch tells of sessions: a question, and a turn that ended while nobody looked.
_answer_reject() {
	local per
	per=$(_oc pi GET '/permission?directory=/srv/alpha' | jq -r ".[]|select(.sessionID==\"$asker\").id") && [ -n "$per" ] &&
		_oc pi POST "/permission/$per/reply?directory=/srv/alpha" '{"reply":"reject"}'
}
_asker_asks() { _say pi "$asker" '[[bash echo hi]]'; }
sessions_question_is_told_once_and_its_end_once() {
	local code=1 asker
	printf '%s\n' '[settings]' 'local = no' 'finished = no' | conf_telling
	_fresh && asker=$(_session pi told) && watching pi && told_once "pi/session/$asker" _asker_asks _answer_reject && sleep 4 && told_in_all 1 && code=0
	[ $code = 0 ] || watch_said
	unwatched 2>/dev/null
	return $code
}
