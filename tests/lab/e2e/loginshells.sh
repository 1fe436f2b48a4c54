# Logins whose shell is dash, ash, bash, zsh, fish, tcsh or csh, with start-up files that print lines, alias our programs, change the
# directory, umask, IFS and CDPATH. shell-NAME: sshd forbids forwarding, so all comes by commands; open-NAME: sockets are forwarded.

_shells='dash ash bash zsh fish tcsh csh'
_by_command=$(printf 'shell-%s ' $_shells)
_by_socket=$(printf 'open-%s ' $_shells)
_ssh=$state/ssh/shells

# _labelled NAME FOLDER SERVICE: a container whose labels are its image's word
_labelled() {
	on strict docker create --name "$1" --label com.docker.compose.project=odd --label "com.docker.compose.service=$3" \
		--label "com.docker.compose.project.working_dir=$2" --label com.docker.compose.project.config_files=odd.yml \
		hashicorp/vault:1.21.2 tick odd 60 >/dev/null
}
_not_touched() { ! on strict sh -c 'ls -d /tmp/PWNED* 2>/dev/null' || { note 'a label was run as a command'; return 1; }; }
# _every FUNCTION: with each of the shells, side by side
_every() {
	local name jobs=() job code=0
	for name in $_shells; do
		"$1" "$name" >"$work/every-$name" 2>&1 &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job" || code=1; done
	[ $code = 0 ] || (cd "$work" && tail -n 4 every-*)
	rm -f "$work"/every-*
	return $code
}
_tmux_of() { on strict runuser -u "$1" -- sh -c "cd; exec tmux new-session -d -s 'of $1; it'\\''s' sleep 300"; }
# Gone when this returns: the next new-session must not meet a server that is about to end.
_no_tmux_of() {
	on strict runuser -u "$1" -- sh -c 'tmux kill-server; i=0; while tmux has-session 2>/dev/null && [ $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done; true'
}

every_panel_by_command_and_by_socket() {
	local name code
	_every _tmux_of || { note 'a tmux did not start'; _every _no_tmux_of; return 1; }
	# shellcheck disable=SC2086  # lists of names
	ends 0 "$MOCR" -F "$_ssh" --wait 40 status --json --all $_by_command $_by_socket && {
		code=0
		for name in $_by_command $_by_socket; do
			jq -e --arg n "$name" '.servers[] | select(.name == $n) | .link == "up" and .hostname == "strict" and .memory_total > 0 and (.disks | length) > 0 and
				([.containers[].name] | contains(["proxy", "vault"])) and ([.units[].name] | contains(["docker.service", "ssh.service"])) and
				([.sessions[].name] | any(test("of .*; it.s"))) and ([.sources[] | select(.state != "live" and .state != "absent")] | length) == 0' \
				"$work/out" >/dev/null || { note "$name lacks something"; jq -c --arg n "$name" '.servers[] | select(.name == $n) | [.link, .memory_total,
				[.containers[].name], (.units | length), [.sessions[].name], .sources]' "$work/out"; code=1; }
		done
	} || {
		# 1: something else on that server is not well; 3: it did not answer in time
		jq -c '.servers[] | [.name, .link, .why, [.sources[] | select(.state != "live" and .state != "absent")],
			[(.containers + .units + .sessions)[]? | select(.health | IN("attention", "bad", "asks")) | [.name, .why]]]' "$work/out"
		code=1
	}
	_every _no_tmux_of
	return $code
}
_up_fails() {
	"$MOCR" -F "$_ssh" --wait 40 do up "shell-$1/container/odd_web_0" --yes </dev/null
	[ $? = 1 ]
}
a_label_is_no_command_and_a_failed_cd_fails() {
	local code=1
	on strict sh -c 'rm -f /tmp/PWNED*'
	_labelled odd_web_0 "/a\\' ; touch /tmp/PWNED #" web
	_every _up_fails && _not_touched &&
		ends 1 "$MOCR" -F "$_ssh" --wait 40 do up shell-fish/container/odd_web_0 --yes && says "can't cd to /a" && says 'compose did not make this container' && says_not ': done' && code=0
	on strict docker rm -f odd_web_0 >/dev/null
	return $code
}
# The folder's name has everything in it, and compose does its work there.
compose_in_a_folder_of_an_odd_name() {
	local code=1 dir="/srv/it's \\ \"odd\"! \$(touch /tmp/PWNED) \`touch /tmp/PWNED\` #2"
	on strict sh -c 'rm -f /tmp/PWNED*; mkdir -p "$1" && printf "services:\n  web:\n    image: hashicorp/vault:1.21.2\n    command: tick odd 60\nversion: \"3\"\n" >"$1/odd.yml"' sh "$dir"
	_labelled odd_web_0 "$dir" web
	ends 0 "$MOCR" -F "$_ssh" --wait 40 do up open-fish/container/odd_web_0 --yes && wait_until 10 container_is strict odd_web_1 running &&
		ends 0 "$MOCR" -F "$_ssh" --wait 40 do down shell-tcsh/container/odd_web_0 --yes && no_container strict odd_web_1 && _not_touched && code=0
	on strict sh -c 'docker rm -f odd_web_0 odd_web_1; docker network rm odd_default; rm -rf /srv/it*' >/dev/null
	return $code
}
logs_of_every_kind() {
	local name targets=() code=0 file="/var/log/a\\' ; touch '/tmp/PWNED !!.log"
	on strict sh -c 'rm -f /tmp/PWNED*; mkdir -p "${1%/*}"; echo "a line of the odd file" >"$1"' sh "$file"
	for name in $_by_command; do targets+=("$name/file:$file" "$name/services/ssh.service"); done
	ends 0 "$MOCR" -F "$_ssh" --wait 40 logs "${targets[@]}" && {
		for name in $_by_command; do
			grep -q "$name/file:.*a line of the odd file" "$work/out" && grep -q "$name/.*ssh.service .*session opened" "$work/out" || { note "no logs of $name"; code=1; }
		done
	} || code=1
	on strict sh -c 'rm -rf "/var/log/a\\'\'' ; touch '\''"'
	_not_touched && return $code
}
# What is typed while a shell still reads its start-up files may be lost.
_says_who() { type_text 'id -un' && keys Enter && wait_for "^$1\$" 2 >/dev/null; }
# In one console: into the login shell of each and back, and a session of tmux attached.
shells_and_attaches_in_one_console() {
	local name code=0
	for name in $_shells; do _tmux_of "$name"; done
	# shellcheck disable=SC2086
	mocr 120 40 -F "$_ssh" $_by_command
	for name in $_shells; do wait_for "● shell-$name .*2/2" 30 || code=1; done
	for name in $_shells; do
		[ $code = 0 ] && at_server "shell-$name" && keys s && wait_for '\[Ctrl-.\] leaves it' && wait_until 10 _says_who "$name" && type_text exit && keys Enter &&
			wait_for 'mocr › ' || { note "the shell of shell-$name"; code=1; }
	done
	for name in bash fish csh; do
		[ $code = 0 ] && at "shell-$name/session/tmux-of $name; it's" && keys a && wait_for "^\[of $name" && keys C-b d && wait_for 'mocr › ' ||
			{ note "the tmux session of shell-$name"; code=1; }
	done
	for name in $_shells; do _no_tmux_of "$name"; done
	return $code
}
# Where no command can run, the reason is what the server printed instead.
a_login_without_a_shell_says_why() { ends 1 "$MOCR" -F "$_ssh" --wait 5 status shell-none && says 'This account is currently not available'; }
# tmux here and there reads a ";" at a word's end as its own, and "#(...)" as a command.
words_that_tmux_would_read() {
	local code=1 name='fix; #(touch /tmp/PWNED);' id
	on strict sh -c 'rm -rf /tmp/PWNED*'
	on strict runuser -u fish -- sh -c 'cd; exec tmux new-session -d -s first -- /bin/sh -c "exec cat >/tmp/typed-by-fish"'
	ends 0 "$MOCR" -F "$_ssh" --wait 40 do send shell-fish/session/tmux-first 'echo it;' --yes &&
		ends 0 "$MOCR" -F "$_ssh" --wait 40 do 'rename tmux' shell-fish/session/tmux-first "$name" --yes &&
		is name "$(on strict runuser -u fish -- tmux list-sessions -F '#{session_name}')" "$name" && mocr 120 40 -F "$_ssh" shell-fish &&
		wait_for '● shell-fish .*2/2' 30 && command_line sessions && wait_for 'fix; ' 30 && id="shell-fish/session/tmux-${name//\//-}" && at "$id" && keys A && wait_until 10 _two_windows && wait_for '^\[fix' 15 &&
		is window "$(tmux -S "$sock" display-message -p -t t '#{window_name}')" "${name//#/_}" && is row "$(tmux -S "$sock" display-message -p -t t '#{@mocr_row}')" "$id" && code=0
	on strict runuser -u fish -- tmux send-keys C-d
	wait_until 5 _typed || code=1
	_no_tmux_of fish >/dev/null
	on strict rm -f /tmp/typed-by-fish
	[ ! -e /tmp/PWNED ] && _not_touched && return $code
}
_two_windows() { [ "$(tmux -S "$sock" list-windows -t t | wc -l)" = 2 ]; }
_typed() { [ "$(on strict cat /tmp/typed-by-fish)" = 'echo it;' ]; }
