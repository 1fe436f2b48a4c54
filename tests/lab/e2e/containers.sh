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
# A second engine at the place of a rootless one, on a network of its own, for --bridge=none would take the first one's docker0: Docker's, in the login's runtime folder, with a container whose name the first has.
_second() { on sese docker -H unix:///run/user/1000/docker.sock "$@"; }
_second_up() {
	on sese sh -c 'loginctl enable-linger ops; for i in $(seq 100); do [ -d /run/user/1000/systemd ] && break; sleep 0.1; done; mkdir -p /var/lib/docker/second
		systemd-run -q --unit=docker-second -p PrivateNetwork=yes dockerd -H unix:///run/user/1000/docker.sock -G ops --data-root /var/lib/docker/second/data --exec-root /run/docker-second \
			--pidfile /run/docker-second.pid --bridge=none --iptables=false --containerd /run/containerd/containerd.sock
		for i in $(seq 100); do docker -H unix:///run/user/1000/docker.sock ps >/dev/null 2>&1 && break; sleep 0.1; done
		docker save busybox:lab | docker -H unix:///run/user/1000/docker.sock load' >/dev/null
	_second run -d --name second_one --network none busybox:lab sleep 1000 >/dev/null && _second run -d --name mini_web_1 --network none busybox:lab sleep 1000 >/dev/null
}
_second_down() {
	_second rm -f second_one mini_web_1 >/dev/null
	on sese sh -c 'systemctl stop docker-second; umount /var/lib/docker/second/data/* 2>/dev/null; rm -rf /var/lib/docker/second /run/user/1000/docker.sock; loginctl disable-linger ops' >/dev/null
}
_second_started() { _second inspect -f '{{.State.StartedAt}}' "$1"; }
docker_of_the_user_beside_the_systems() {
	local before code
	_second_up && before=$(_second_started mini_web_1) && ends 1 "$MOCR" -F "$config" status --json sese &&
		is engines "$(jq -r '.servers[0].sources|"\(.docker.state) \(.["docker-user"].state)"' "$work/out")" 'live live' &&
		is ids "$(jq -r '[.servers[0].containers[].id|select(test("second_one|mini_web_1"))]|sort|join(" ")' "$work/out")" \
			'sese/container/docker-user:mini_web_1 sese/container/docker-user:second_one sese/container/mini_web_1' &&
		ends 0 "$MOCR" -F "$config" do restart sese/container/docker-user:mini_web_1 --yes && says 'DOCKER_HOST=unix:///run/user/1000/docker.sock docker restart' &&
		[ "$(_second_started mini_web_1)" != "$before" ] && on sese docker inspect mini_web_1 >/dev/null
	code=$?
	_second_down
	return $code
}
# The login's context leads to another machine: its own engine is asked all the same, by the program, and what is elsewhere is named.
docker_that_leads_elsewhere() {
	local code
	on strict runuser -u ops -- sh -c 'docker context create other --docker host=tcp://10.77.0.99:2375 && docker context use other' >/dev/null
	ends 0 "$MOCR" -F "$config" status --json strict && is containers "$(jq -r '[.servers[0].containers[].name]|sort|join(" ")' "$work/out")" 'proxy vault' &&
		is elsewhere "$(jq -r '.servers[0].sources["docker-user"].why' "$work/out")" \
			"docker of ops leads to tcp://10.77.0.99:2375 by DOCKER_HOST or its context; what is there is not shown as strict's"
	code=$?
	on strict runuser -u ops -- rm -rf /home/ops/.docker
	return $code
}
# One that should run and does not is a row, with what was known before; seko has Docker's package, disabled, and no row.
an_engine_that_is_stopped_at_the_start() {
	local code
	printf '%s\n' '[settings]' 'local = no' "ssh_config = $config" '[server pi]' '[server pod]' '[server seko]' | conf
	mocr 120 40 && wait_for '3 servers: 3 up' 20 && wait_for 'pod +gateway' 10 && keys q && wait_until 5 test -s "$XDG_STATE_HOME/mocr/last" && term_stop &&
		on pi systemctl stop docker.socket docker.service && on pod systemctl stop podman.socket podman.service && on pi rm -f /run/docker.sock &&
		REMEMBERS=1 mocr 120 40 && wait_for 'pi +source +docker +Docker on pi is stopped' 20 && wait_for 'pod +source +podman +Podman on pod is stopped' 10 && wait_for 'gateway .*old' 5 &&
		! screen | grep -q 'on seko is stopped' && on pi systemctl start docker && wait_gone 'Docker on pi is stopped' 20 &&
		on pod systemctl start podman.socket && wait_gone 'Podman on pod is stopped' 40 && wait_for 'pod +gateway +(up|exited)' 10
	code=$?
	on pi systemctl start docker
	on pod systemctl start podman.socket
	return $code
}
