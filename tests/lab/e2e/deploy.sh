# Deploys by commands: to the end, beyond the link, from two consoles, with what goes wrong. Runs are on sese, seko and pi.

_runs() { on "$1" sh -c "rm -rf /home/*/.local/state/mocr/runs /root/.local/state/mocr/runs /tmp/deploy-*"; }
_conf() { conf; _runs sese; _runs pi; }
# _add SERVER PACKAGE...: what a test needs beside what all servers have; where it cannot be had the test says so and is over
_add() { "$here/add" "$@" || { skipped_why="apt-get on $1 gives no ${*:2}"; return 1; }; }
_mocr_do() { "$MOCR" -F "$config" do "$@"; }
# The output as the server has it.
_log_there() { on "$1" sh -c "cat /home/*/.local/state/mocr/runs/*-$2/log"; }
_ended_there() { on "$1" sh -c "ls /home/*/.local/state/mocr/runs/*-$2/end" | grep -q '/end$'; }
_deploy_field() { "$MOCR" -F "$config" deploys --json "$1" 2>/dev/null | jq -r ".[] | select(.name == \"$2\") | .$3"; }
# _at SERVER NAME STATE: the cursor on that deploy, once it is so
_at() { command_line deploys && wait_for "$2 +$3" && command_line "goto $1/deploy/$2" && wait_for 'mocr › deploys' && sleep 0.3; }
_sshd_cut() { on "$1" sh -c 'for p in $(pgrep -f "^sshd: (ops|pi)(@|$| )"); do kill -9 $p; done'; }

deploy_ends_with_its_code_and_text() {
	printf '%s\n' '[deploy greet]' 'server = sese' 'run = printf "%s|" {WORDS} "$WORDS"; echo err >&2; exit $CODE' 'ask = WORDS' 'ask = CODE like [0-9]{1,3}' 'confirm = no' | _conf
	ends 7 "$MOCR" -F "$config" do deploy greet 'WORDS=a "b" $(touch /tmp/deploy-pwned) `id`; x'"'"'y
second' CODE=7 && says 'failed after .*code 7' &&
		is text "$(head -n 2 "$work/out")" 'a "b" $(touch /tmp/deploy-pwned) `id`; x'"'"'y
second|a "b" $(touch /tmp/deploy-pwned) `id`; x'"'"'y' && says 'err$' && ! on sese test -e /tmp/deploy-pwned &&
		ends 64 "$MOCR" -F "$config" do deploy greet WORDS=x CODE=7x && says 'does not match' && ends 64 "$MOCR" -F "$config" do deploy greet CODE=7 && says 'WORDS was not given' &&
		is by "$(_deploy_field sese greet by)" "$(id -un) from $(uname -n)" && is code "$(_deploy_field sese greet exit_code)" 7
}
# A secret variable reaches the run and its rollback, whatever carries them, and is in no file of either machine.
_kept_on() { on "$1" sh -c 'grep -rlF zq7 /home /root /tmp /run/user 2>/dev/null'; }
deploy_with_a_secret() {
	local server sum
	sum=$(printf %s "zq7 it's" | sha256sum)
	for server in sese pi; do
		printf '%s\n' '[deploy locked]' "server = $server" 'run = printf %s "$KEY" | sha256sum; exit 3' 'ask = WHO' 'ask = KEY secret' 'confirm = no' \
			'rollback = echo back $WHO; printf %s "$KEY" | sha256sum' | _conf
		KEY="zq7 it's" ends 3 "$MOCR" -F "$config" --record "$work/rec-$server" do deploy locked WHO=me && says "^$sum" && ends 1 "$MOCR" -F "$config" --batch do rollback locked --yes &&
			says 'KEY is secret and was not given' && KEY="zq7 it's" ends 0 "$MOCR" -F "$config" do rollback locked --yes && says '^back me' && says "^$sum" &&
			is "files of $server" "$(_kept_on "$server")" '' && is 'files here' "$(grep -rlaF zq7 "$HOME" "$work/rec-$server")" '' || return 1
	done
}
deploy_by_make_in_a_repository() {
	printf '%s\n' '[deploy site]' 'server = sese' 'directory = /tmp/deploy-site' 'run = make -s deploy-role ROLE={role}' 'ask = role one of caddy n8n' | _conf
	_add sese make git || return 1
	on sese runuser -u ops -- sh -ec 'mkdir /tmp/deploy-site; cd /tmp/deploy-site; git init -q .; git config user.email a@b; git config user.name a
		printf "deploy-role:\n\t@echo role \$(ROLE)\n\t@git commit -q --allow-empty -m next\n" >Makefile; git add .; git commit -qm one' >/dev/null
	ends 64 "$MOCR" -F "$config" do deploy site role=caddy && says 'say --yes' && ends 64 "$MOCR" -F "$config" do deploy site role=cady --yes && says 'not one of: caddy n8n' &&
		ends 0 "$MOCR" -F "$config" do deploy site role=caddy --yes && says '^role caddy' &&
		[ -n "$(_deploy_field sese site revision_before)" ] && [ "$(_deploy_field sese site revision_before)" != "$(_deploy_field sese site revision_after)" ]
}
# By a real playbook, from one server to another: what it did is there, and one that fails half-way ends as such.
deploy_by_ansible_to_another_server() {
	_add sese ansible-core openssh-client || return 1
	printf '%s\n' '[deploy play]' 'server = sese' 'directory = /tmp/deploy-play' 'run = ansible-playbook -i hosts site.yml --tags {ROLE} -e text={TEXT}' \
		'ask = ROLE one of caddy broken' 'ask = TEXT' 'confirm = no' | _conf
	local key
	key=$(on sese runuser -u ops -- sh -ec 'rm -rf /tmp/deploy-play; mkdir /tmp/deploy-play; cd /tmp/deploy-play; ssh-keygen -q -t ed25519 -N "" -f key
		echo "seko ansible_host=10.77.0.14 ansible_user=ops ansible_ssh_private_key_file=/tmp/deploy-play/key ansible_python_interpreter=/usr/bin/python3 ansible_ssh_common_args=\"-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null\"" >hosts
		cat >site.yml <<-Y
			- hosts: seko
			  gather_facts: no
			  tasks:
			    - {name: put the file there, tags: [caddy, broken], copy: {content: "{{ text }}", dest: /tmp/deploy-played}}
			    - {name: break, tags: [broken], command: "false"}
			    - {name: never, tags: [broken], file: {path: /tmp/deploy-never, state: touch}}
		Y
		cat key.pub')
	on seko sh -c "rm -f /tmp/deploy-*; cp -p /home/ops/.ssh/authorized_keys /home/ops/.ssh/kept; echo '$key' >>/home/ops/.ssh/authorized_keys"
	ends 0 "$MOCR" -F "$config" do deploy play ROLE=caddy "TEXT=hello" && says 'TASK .put the file there' && says 'seko.*changed=1' &&
		is there "$(on seko cat /tmp/deploy-played)" hello && ends 2 "$MOCR" -F "$config" do deploy play ROLE=broken TEXT=again && says 'failed=1' &&
		says 'failed after .*code 2' && is there "$(on seko cat /tmp/deploy-played)" again && ! on seko test -e /tmp/deploy-never
	local code=$?
	on seko sh -c "mv /home/ops/.ssh/kept /home/ops/.ssh/authorized_keys; rm -f /tmp/deploy-*"
	return $code
}
# Its past runs are known before its containers are: that is no reason to refuse.
_restarted_though_the_engine_is_slow() {
	on sese pkill -STOP -x dockerd
	(sleep 2; on sese pkill -CONT -x dockerd) &
	ends 0 "$MOCR" -F "$config" --yes do restart sese/deploy/compose:roll && says 'Restarting roll_web_1' && says 'compose:roll: done after'
	local code=$?
	wait $!
	return $code
}
# A registry that is slow: how far the pull is, what was and what is, then the rest of what a project can be told.
deploy_compose_project() {
	_add sese docker-registry || return 1
	printf '' | _conf
	on sese mkdir -p /tmp/lab-registry
	docker exec -i mocrlab-sese sh -c 'cat >/tmp/lab-registry/slow.py' <"$here/deploy/slow.py"
	docker exec -i mocrlab-sese /lab/in sh -s <"$here/deploy/registry" >"$work/registry.out" 2>&1 ||
		{ sed 's/^/    registry: /' "$work/registry.out"; return 1; }
	local old new
	old=$(on sese docker inspect -f '{{.Image}}' roll_web_1)
	fleet 140 40 sese && _at sese compose:roll '2/2 up' && keys z && sleep 0.3 && keys P && wait_for 'Pull compose:roll on sese' && keys y &&
		wait_for 'pulling web:1 1/2 layers, [0-9.]+[KM] of 8.6M [0-9]+s' 15 && wait_for 'compose:roll +done' 40 && wait_for 'web: 127.0.0.1:5000/web:1 [0-9a-f]{12} ->' &&
		new=$(on sese docker inspect -f '{{.Image}}' roll_web_1) && [ "$old" != "$new" ] &&
		keys Enter && wait_for "web: 127.0.0.1:5000/web:1 $(printf %.12s "${old#*:}") -> $(printf %.12s "${new#*:}")" && keys q &&
		keys r && wait_for 'Restart compose:roll' && keys y && wait_for 'compose:roll +done .*restart; 2/2 up' 40 &&
		command_line down && wait_for 'Down compose:roll on' && keys y && wait_for 'compose:roll +done .*down; 0/0 up' 40 && no_container sese roll_web_1 &&
		keys U && wait_for 'Up compose:roll' && keys y && wait_for 'compose:roll +done .* 2/2 up|compose:roll +done .*up: .*none -> ' 40 && wait_until 10 container_is sese roll_web_1 running &&
		_restarted_though_the_engine_is_slow
	local code=$?
	on sese sh -c 'cd /srv/roll && docker-compose -p roll down -t 0; systemctl stop lab-slow lab-registry; docker images -q "127.0.0.1:5000/*" | sort -u | xargs -r docker rmi -f
		rm -rf /srv/roll /tmp/lab-registry' >/dev/null
	return $code
}
# What carries a run: the system's systemd for root or by sudo, the user's where it lingers, else a session of its own.
deploy_is_carried_by_what_is_there() {
	local s
	for s in pi relay seko; do printf '%s\n' "[deploy on-$s]" "server = $s" 'run = cat /proc/self/cgroup; ps -o sid= -p $$' 'confirm = no'; done | _conf
	_runs relay; _runs seko
	ends 0 "$MOCR" -F "$config" do deploy on-relay && says 'mocr-[0-9]+-on-relay.service' && is how "$(_deploy_field relay on-relay carried_by)" system &&
		ends 0 "$MOCR" -F "$config" do deploy on-pi && says 'user@1000.service.*/mocr-[0-9]+-on-pi.service' && is how "$(_deploy_field pi on-pi carried_by)" user &&
		ends 0 "$MOCR" -F "$config" do deploy on-seko && says_not 'mocr-[0-9]+-on-seko.service' && is how "$(_deploy_field seko on-seko carried_by)" session || return 1
	on seko sh -c 'echo "ops ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/deploy-test'
	ends 0 "$MOCR" -F "$config" do deploy on-seko && says 'mocr-[0-9]+-on-seko.service' && is how "$(_deploy_field seko on-seko carried_by)" sudo
	local code=$?
	on seko rm /etc/sudoers.d/deploy-test
	return $code
}
deploy_on_a_full_disk() {
	printf '%s\n' '[deploy fill]' 'server = sese' 'run = dd if=/dev/zero of=$HOME/.local/state/mocr/big bs=64k; echo after; exit 9' 'confirm = no' \
		'[deploy none]' 'server = sese' 'run = touch /tmp/deploy-ran' 'confirm = no' | _conf
	on sese sh -c 'mkdir -p /home/ops/.local/state/mocr; chown -R ops:ops /home/ops/.local; mount -t tmpfs -o size=400k,uid=ops,mode=700 none /home/ops/.local/state/mocr'
	ends 9 "$MOCR" -F "$config" do deploy fill && says 'no space was left on this server' && says 'failed after .*code 9' &&
		ends 1 "$MOCR" -F "$config" do deploy none && says 'nothing was changed.*No space left' && ! on sese test -e /tmp/deploy-ran
	local code=$?
	on sese umount -l /home/ops/.local/state/mocr
	return $code
}
deploy_asks_for_its_variables() {
	printf '%s\n' '[deploy ask]' 'server = sese' 'run = echo {ROLE} of {ENV}; sleep 1' 'ask = ROLE one of caddy n8n' 'ask = ENV like [a-z]+' | _conf
	fleet 100 30 sese && _at sese ask never && keys D && wait_for 'ROLE one of caddy n8n' && see 'ENV like' && see '> ROLE=caddy ENV=' && type_text 'Prod' && keys Enter &&
		wait_for '"Prod" does not match' && keys BSpace BSpace BSpace BSpace && type_text prod && keys Enter && wait_for 'Deploy ask on sese' && see 'with ROLE=caddy ENV=prod' &&
		keys y && wait_for 'ask +done' 15 && keys Enter && wait_for 'caddy of prod'
}
deploy_that_cannot_start() {
	printf '%s\n' '[deploy nodir]' 'server = sese' 'directory = /nix/da' 'run = touch /tmp/deploy-ran' '[deploy noserver]' 'server = refused' 'run = true' \
		'[deploy nokey]' 'server = sese' 'ask = A like [' | _conf
	ends 1 "$MOCR" -F "$config" do deploy nodir --yes && says 'nothing was changed.*directory.*/nix/da' && ends 2 "$MOCR" -F "$config" do deploy noserver --yes && says 'nothing was started.*refused' &&
		ends 64 "$MOCR" -F "$config" do deploy nodri --yes && says 'did you mean nodir' && ends 64 "$MOCR" -F "$config" do deploy nokey --yes && says 'no key run' &&
		ends 1 "$MOCR" --check-config && says 'deploy nokey.: it has no key run' && ! on sese test -e /tmp/deploy-ran
}
deploy_checks_and_rolls_back() {
	printf '%s\n' '[deploy half]' 'server = sese' 'run = echo new >/tmp/deploy-state; exit 3' 'rollback = echo old >/tmp/deploy-state' \
		'[deploy sick]' 'server = sese' 'run = true' 'check = url http://127.0.0.1:9/x' 'within = 2' '[deploy well]' 'server = sese' 'run = true' \
		'check = container javisi_litellm' 'check = unit ssh' | _conf
	ends 3 "$MOCR" -F "$config" do deploy half --yes && says 'rollback is offered' && ends 0 "$MOCR" -F "$config" do rollback half --yes && says 'rolled back' &&
		is state "$(on sese cat /tmp/deploy-state)" old && ends 3 "$MOCR" -F "$config" do deploy half --yes && on sese sh -c 'rm -f /home/ops/.local/state/mocr/runs/*-half/exports' && ends 1 "$MOCR" -F "$config" do rollback half --yes && says 'values of the run .* are not kept' &&
		ends 1 "$MOCR" -F "$config" do deploy sick --yes && says 'after 2 s http://127.0.0.1:9/x' && ends 0 "$MOCR" -F "$config" do deploy well --yes &&
		is checks "$(_deploy_field sese well checks)" true
}
deploy_is_locked() {
	printf '%s\n' '[deploy slow]' 'server = sese' 'run = sleep 4' 'confirm = no' | _conf
	_mocr_do deploy slow >/dev/null 2>&1 &
	local first=$!
	sleep 2
	ends 1 "$MOCR" -F "$config" do deploy slow && says 'runs already|not possible for|not now' && wait $first
}
# Ten cuts, byte for byte.
deploy_loses_no_byte_over_cut_links() {
	printf '%s\n' '[deploy long]' 'server = sese' 'run = i=0; while [ $i -lt 90 ]; do i=$((i+1)); seq $((i*1000)) $((i*1000+999)); sleep 0.2; done; echo last' 'confirm = no' | _conf
	_mocr_do deploy long >"$work/out" 2>"$work/err" </dev/null &
	local first=$! cuts=0
	sleep 2
	while [ $cuts -lt 10 ] && kill -0 $first 2>/dev/null; do _sshd_cut sese >/dev/null; cuts=$((cuts + 1)); sleep 1.6; done
	wait $first
	is code $? 0 && is cuts "$cuts" 10 && _log_there sese long >"$work/there" && cmp "$work/out" "$work/there" && tail -n 1 "$work/out" | grep -qx last
}
deploy_outlives_console_and_sshd() {
	printf '%s\n' '[deploy long]' 'server = pi' 'run = echo first; sleep 20; echo second; exit 4' 'confirm = no' | _conf
	fleet 140 40 pi && _at pi long never && keys D && wait_for 'long +running' 10 && kill -9 "$(pane_pid)" && term_stop
	on pi systemctl restart ssh >/dev/null
	fleet 140 40 pi && _at pi long 'running [0-9]+s' && keys Enter && wait_for 'first' && wait_for 'second' 30 && wait_for 'exit code 4' &&
		keys q && wait_for 'long +failed code 4' && _ended_there pi long
}
deploy_seen_by_two_and_cancelled() {
	printf '%s\n' '[deploy long]' 'server = sese' "run = trap '' TERM; sh -c 'sleep 87 & wait' & echo go; while :; do sleep 1; done" 'confirm = no' | _conf
	_mocr_do deploy long >"$work/first" 2>&1 </dev/null &
	local first=$!
	fleet 140 40 sese && _at sese long running && keys l && wait_for '^.*go' && keys q &&
		keys C-k && wait_for 'Cancel long' 5 && keys y && wait_for 'long +cancelled' 30 && wait $first
	is code $? 137 && ! on sese pgrep -f 'sleep 87' >/dev/null
}
deploy_output_is_fast() {
	printf '%s\n' '[deploy tick]' 'server = sese' 'run = sleep 1; for i in 1 2 3 4 5 6 7 8; do date +%s%3N; sleep 0.3; done' 'confirm = no' | _conf
	_mocr_do deploy tick 2>/dev/null | while read -r t; do echo $(($(date +%s%3N) - t)); done | sort -n >"$work/ms"
	[ "$(tail -n 1 "$work/ms")" -le 80 ] || { note "ms: $(tr '\n' ' ' <"$work/ms")"; return 1; }
}
# A project that was started with --env-file and --profile: both are given again, and a file that is gone is no reason for blank values.
_envp() { on relay docker inspect -f '{{index .Config.Cmd 2}}' envp-a-1 envp-dbg-1 | tr '\n' '|'; }
_envp_edit() { on relay sed -i "s/echo [0-9]*/echo $1/" /srv/envp/compose.yml; }
compose_with_env_file_and_profile() {
	local code
	on relay sh -c 'mkdir -p /srv/envp && cd /srv/envp && echo WHO=someone >"who is.env" && cat >compose.yml <<-"END"
		x-base: &base { image: "lab-busybox:1", network_mode: none, stop_grace_period: 0s, command: ["sh", "-c", "echo 1 ${WHO}; sleep 1000"] }
		services:
		  a: *base
		  dbg: { <<: *base, profiles: [debug] }
	END
		docker compose --env-file "who is.env" --profile debug up -d' >/dev/null
	_envp_edit 2 && ends 0 "$MOCR" -F "$config" do up relay/deploy/compose:envp --yes && says 'with --profile debug' &&
		is both "$(_envp)" 'echo 2 someone; sleep 1000|echo 2 someone; sleep 1000|' && _envp_edit 3 &&
		ends 0 "$MOCR" -F "$config" do up relay/container/envp-a-1 --yes && says "env-file '/srv/envp/who is.env' up -d a" &&
		is one "$(_envp)" 'echo 3 someone; sleep 1000|echo 2 someone; sleep 1000|' && on relay mv '/srv/envp/who is.env' /srv/envp/gone && _envp_edit 4 &&
		ends 1 "$MOCR" -F "$config" do up relay/container/envp-a-1 --yes && says 'who is.env cannot be read' && ends 1 "$MOCR" -F "$config" do up relay/deploy/compose:envp --yes &&
		says 'who is.env cannot be read' && is untouched "$(_envp)" 'echo 3 someone; sleep 1000|echo 2 someone; sleep 1000|' && on relay mv /srv/envp/gone '/srv/envp/who is.env' &&
		ends 0 "$MOCR" -F "$config" do down relay/container/envp-a-1 --yes && is left "$(on relay docker ps -aq --filter label=com.docker.compose.project=envp)" ''
	code=$?
	on relay sh -c 'docker rm -f $(docker ps -aq --filter label=com.docker.compose.project=envp) 2>/dev/null; rm -rf /srv/envp' >/dev/null
	return $code
}
# Read after its end: a line with a time has that, one without is as old as the line before it, and the end is of the end.
deploy_output_that_is_read_later_has_its_times() {
	local host
	host=$(hostname)
	printf '%s\n' '[deploy old]' "server = $host" 'run = echo plain; date -u "+%Y-%m-%dT%H:%M:%S.000Z dated"; sleep 3; date -u "+{\"time\":\"%Y-%m-%dT%H:%M:%SZ\",\"msg\":\"json\"}"; sleep 2; date -u +%H:%M:%S >'"$work/ended" 'confirm = no' | conf
	mocr 120 30 local && wait_for "● $host" && command_line deploys && wait_for 'old +never' && command_line "goto $host/deploy/old" && wait_for 'mocr › deploys' && sleep 0.3 && keys D && wait_until 15 [ -s "$work/ended" ] && wait_for 'old +done' 10 && sleep 4 &&
		keys Enter && wait_for '^[0-9:]+ json' && wait_for "^($(cat "$work/ended")|$(date -u -d "$(cat "$work/ended") 1 second" +%T)) .*after [0-9]+s" &&
		is 'seconds between' "$(screen | awk '/dated|json/ { split($1, t, ":"); print t[1] * 3600 + t[2] * 60 + t[3] }' | awk '{ print $1 - before; before = $1 }' | tail -n 1)" 3
}

# Another console's deploy fails, and its next one is good: mocr watch tells each once.
_deploy_bad() { ! _mocr_do deploy told CODE=7; }
_deploy_good() { _mocr_do deploy told CODE=0; }
deploy_that_fails_is_told_once_and_its_end_once() {
	local code=1
	printf '%s\n' '[settings]' 'local = no' '[deploy told]' 'server = sese' 'run = exit $CODE' 'ask = CODE' 'confirm = no' | conf_telling
	_runs sese
	watching sese && told_once sese/deploy/told _deploy_bad _deploy_good && sleep 4 && told_in_all 1 && code=0
	[ $code = 0 ] || watch_said
	unwatched 2>/dev/null
	return $code
}
