# lib.sh: sshds of our own on the loopback, keys of every kind, and one case run by ssh and by mocr side by side.
#
# Every case has a folder of its own. ssh and mocr read the same lines of ssh_config; each has its own copy of known_hosts,
# because both write to it. The verdict is one word: in, asks, refused.
set -u

work=$(mktemp -d /tmp/mocr-ssh-XXXXXX)
mocr=${MOCR:-$PWD/build/mocr}
me=$(id -un)
started=()
cleanup() {
	[ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
unset SSH_AUTH_SOCK KRB5CCNAME

# key NAME [ssh-keygen's words]: a key pair without a passphrase, unless the words say otherwise
key() {
	local name=$1
	shift
	[ $# -gt 0 ] || set -- -t ed25519 -N ''
	ssh-keygen -q -C "$name" -f "$work/$name" "$@" </dev/null
}
pub() { cut -d' ' -f1,2 "$work/$1.pub"; }

# sshd_on NAME LINES: starts one and sets port[NAME]. The first free port is taken; sshd says by its log whether it has it.
# What is run there takes a moment: of a command that is over at once, sshd 9.2 may miss the end on a busy machine, and ssh
# and mocr both wait for it then. It was seen less with this, and with few cases at a time, but still; run_case tries again.
declare -A port
sshd=(/usr/sbin/sshd)
# From 9.8 on sshd shuts out who fails often, and the cases here do.
penalties=
! grep -qia persourcepenalties /usr/sbin/sshd || penalties='PerSourcePenalties no'
next_port=$((21000 + $$ % 9000))
sshd_on() {
	local name=$1 pid i
	shift
	mkdir -p /run/sshd 2>/dev/null
	while :; do
		next_port=$((next_port + 1))
		# sshd takes the first of two values.
		printf '%s\n' "$@" "Port $next_port" 'ListenAddress 127.0.0.1' 'UsePAM no' 'PermitRootLogin yes' 'StrictModes no' \
			"PidFile none" "AuthorizedKeysFile $work/authorized" "TrustedUserCAKeys $work/userca.pub" \
			'MaxStartups 200' "$penalties" 'ForceCommand sleep 0.2' >"$work/sshd_$name"
		"${sshd[@]}" -D -e -f "$work/sshd_$name" 2>"$work/sshd_$name.log" </dev/null &
		pid=$!
		for i in $(seq 50); do
			grep -q 'Server listening' "$work/sshd_$name.log" && break
			kill -0 $pid 2>/dev/null || break
			sleep 0.05
		done
		if grep -q 'Server listening' "$work/sshd_$name.log"; then
			started+=($pid)
			port[$name]=$next_port
			return
		fi
		kill $pid 2>/dev/null
		grep -q 'in use' "$work/sshd_$name.log" || { cat "$work/sshd_$name.log"; echo "not ok sshd $name does not start"; exit 1; }
	done
}

# agent NAME KEY...: an agent with these keys; its socket is $work/NAME.sock
agent() {
	local name=$1 k
	shift
	eval "$(ssh-agent -a "$work/$name.sock")" >/dev/null
	started+=("$SSH_AGENT_PID")
	for k; do ssh-add -q "$work/$k" 2>/dev/null; done
	unset SSH_AUTH_SOCK SSH_AGENT_PID
}

cat >"$work/askpass" <<'X'
#!/bin/sh
printf '%s\n' "$1" >>"$DIR/asked"
cat "$DIR/answer" 2>/dev/null
X
chmod 700 "$work/askpass"

verdict_of_ssh() {   # DIR
	DIR=$1 SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force \
		timeout -k 1 20 setsid -w ssh -v -F "$1/config.ssh" "$target" true </dev/null >"$1/ssh.out" 2>&1
	local code=$?
	case $code,$(head -c 1 "$1/asked" 2>/dev/null) in
	0,) echo in ;;
	0,?) echo answered ;;
	255,) echo refused ;;
	255,?) echo asks ;;
	*) echo "code $code" ;;
	esac
}

question='yes/no|Passphrase of|Password of'
# Types the answer, or the end of the input, whenever a new question is on the terminal.
type_answers() {     # DIR
	local seen=0 now
	while [ ! -e "$1/over" ]; do
		sleep 0.2
		now=$(grep -caE "$question" "$1/mocr.tty" 2>/dev/null)
		if [ "${now:-0}" -gt $seen ]; then
			seen=$now
			sleep 0.3                # mocr throws away what was typed before it asked
			cat "$1/answer" 2>/dev/null || printf '\004'
		fi
	done
}

# mocr reads its answers from its terminal, so it gets one.
verdict_of_mocr() {  # DIR
	local code typist
	mkfifo "$1/typed"
	type_answers "$1" >"$1/typed" &
	typist=$!
	timeout -k 1 20 setsid -w script -qefc "$mocr -F $1/config.mocr --config /dev/null shell $target" "$1/mocr.tty" \
		<"$1/typed" >/dev/null 2>&1
	code=$?
	: >"$1/over"
	wait $typist
	tr -d '\r\0' <"$1/mocr.tty" | grep -avE '^(Script (started|done)|$)' >"$1/mocr.out"
	case $code in
	0) if grep -qaE "$question" "$1/mocr.out"; then echo answered; else echo in; fi ;;
	2) if grep -qa 'was not answered' "$1/mocr.out"; then echo asks; else echo refused; fi ;;
	*) echo "code $code" ;;
	esac
}

# Sets ssh and mocr_says of run_case; the two run at the same time.
verdicts() {         # DIR
	verdict_of_ssh "$1" >"$1/verdict.ssh" &
	mocr_says=$(verdict_of_mocr "$1")
	wait $!
	ssh=$(cat "$1/verdict.ssh")
}

run_case() {         # DIR NAME EXPECTED
	local dir=$1 name=$2 want=$3 ssh mocr_says bad=
	# shellcheck disable=SC1091  # what the case set for itself
	[ ! -e "$dir/env" ] || . "$dir/env"
	verdicts "$dir"
	# On a machine with too much to do a login was seen to hang, in ssh as well: once more, and it is said.
	case $ssh$mocr_says in
	*code*)
		echo "again: $name: ssh: $ssh, mocr: $mocr_says" >"$dir/again"
		rm -f "$dir"/{asked,over,typed,mocr.tty,log}
		for who in ssh mocr; do cp "$dir/known" "$dir/known.$who"; done
		# shellcheck disable=SC1091
		[ ! -e "$dir/env" ] || . "$dir/env"
		verdicts "$dir"
		;;
	esac
	[ "$ssh" = "${want%%/*}" ] || bad="ssh: $ssh, ${want%%/*} expected"
	[ "$mocr_says" = "${want##*/}" ] || bad="$bad mocr: ${mocr_says:-nothing}, ${want##*/} expected"
	if [ -s "$dir/says" ]; then
		grep -qE -f "$dir/says" "$dir/mocr.out" || bad="$bad; the sentence lacks: $(cat "$dir/says")"
	fi
	if [ -s "$dir/then" ]; then
		bash -c ". '$dir/then'" >"$dir/then.out" 2>&1 || bad="$bad; $(cat "$dir/then") does not hold: $(cat "$dir/then.out")"
	fi
	{
		cat "$dir/again" 2>/dev/null
		[ -z "$bad" ] || { tail -n 8 "$dir/ssh.out" | tr -d '\r' | sed 's/^/  ssh: /'; sed 's/^/  mocr: /' "$dir/mocr.out"; }
		if [ -z "$bad" ]; then echo "ok $name ($want)"; else echo "not ok $name: $bad"; fi
		[ -z "${SAY:-}" ] || sed 's/^/  mocr: /' "$dir/mocr.out"
	} >"$dir/result"
}

# check NAME VERDICT SSHD LINES...: a case, run beside others. VERDICT is ssh's and mocr's, or SSH/MOCR where they differ: then
# the case says why. Lines of ssh_config; those that begin with "known: " are lines of known_hosts, with "says: " what mocr's
# words must match, with "answer: " what is answered to a question (the verdict is then "answered"), with "env: " shell for its surroundings, with "then: " shell that must hold afterwards (DIR is its folder).
# HOST stands for the name in known_hosts.
cases=0
target=127.0.0.1
check() {
	local name=$1 want=$2 at=$3 line dir
	shift 3
	case $name in *"${ONLY:-}"*) ;; *) return ;; esac
	cases=$((cases + 1))
	dir=$work/case$cases
	mkdir "$dir"
	: >"$dir/known"
	for line; do
		line=${line//HOST/[$target]:${port[$at]}}
		line=${line//DIR/$dir}
		case $line in
		"known: "*) printf '%s\n' "${line#known: }" >>"$dir/known" ;;
		"says: "*) printf '%s\n' "${line#says: }" >>"$dir/says" ;;
		"env: "*) printf '%s\n' "${line#env: }" >>"$dir/env" ;;
		"then: "*) printf '%s\n' "${line#then: }" >>"$dir/then" ;;
		"answer: "*) printf '%s\n' "${line#answer: }" >>"$dir/answer" ;;
		*) printf '%s\n' "$line" >>"$dir/lines" ;;
		esac
	done
	for who in ssh mocr; do
		cp "$dir/known" "$dir/known.$who"
		{
			echo "Port ${port[$at]}"
			sed "s#KNOWN#$dir/known.$who#g" "$dir/lines" 2>/dev/null
			printf '%s\n' "UserKnownHostsFile $dir/known.$who" 'GlobalKnownHostsFile /dev/null' "IdentityFile ${KEY:-$work/k}" \
				'IdentitiesOnly yes' 'IdentityAgent none' 'ConnectTimeout 10' 'HashKnownHosts no' 'GSSAPIAuthentication no'
		} >"$dir/config.$who"
	done
	while [ "$(jobs -rp | wc -l)" -ge $((${#port[@]} + ${LANES:-4})) ]; do wait -n; done
	run_case "$dir" "$name" "$want" &
}

results() {
	local i jobs_left
	jobs_left=$(jobs -rp)
	for i in "${started[@]}"; do jobs_left=${jobs_left//$i/}; done
	# shellcheck disable=SC2086  # a list of pids
	[ -z "${jobs_left// /}" ] || wait $jobs_left
	for i in $(seq $cases); do cat "$work/case$i/result" 2>/dev/null || echo "not ok case $i has no result"; done
	[ -z "${KEEP:-}" ] || { cp -r "$work" "$KEEP"; }
}
