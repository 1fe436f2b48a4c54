# What is there, and what changes.

start_shows_all() {
	fleet 120 40 sese pi relay pod && wait_for "$sese" && wait_for '● pi .*2 failed' && wait_for '● relay .*3/3' &&
		wait_for '● pod .*2/4' && wait_for 'javisi_diun .*oom' && wait_for 'javisi_qdrant +unhealthy' &&
		see 'broken.service +failed' && see 'flaky-user.service' && see '4 servers: 4 up' &&
		at sese/container/javisi_openclaw && keys z && wait_for 'javisi_openclaw +healthy .*openclaw:2026.2.15' &&
		wait_for 'javisi_n8n .* [0-9]+K'
}
this_machine() {
	mocr 120 40 local && wait_for "● $(hostname) +local +[0-9.]+" && wait_for 'mocrlab-sese +up'
}
start_is_quick() {
	local began=${EPOCHREALTIME/./} shown
	fleet 120 40 sese && wait_for "$sese" && wait_for 'ssh.service|containerd.service' && shown=$(((${EPOCHREALTIME/./} - began) / 1000)) &&
		{ [ $shown -lt 5000 ] || { note "shown after $shown ms"; return 1; }; }
}
container_killed_outside() {
	fleet 120 40 sese && wait_for "$sese" && at sese/container/javisi_redis && alone javisi_redis && wait_for 'javisi_redis +healthy' &&
		on sese docker kill javisi_redis >/dev/null && wait_for '○ javisi_redis +exited 137 KILL' 3 &&
		on sese docker start javisi_redis >/dev/null && wait_for '[●◐] javisi_redis' 5 &&
		wait_for "$sese" 5
}
container_made_and_removed_outside() {
	fleet 120 40 sese && wait_for "$sese" && keys 2 && alone zguest7 && see '0 of' && on sese docker run -d --name zguest7 busybox:lab tick zguest7 5 >/dev/null &&
		wait_for '● zguest7 +up' 5 && on sese docker rm -f zguest7 >/dev/null && wait_for '0 of' 5
	local code=$?
	on sese docker rm -f zguest7 >/dev/null
	return $code
}
container_renamed_and_paused_outside() {
	fleet 120 40 sese && wait_for "$sese" && keys 2 && alone mini_ && wait_for 'mini_web_1' && on sese docker pause mini_web_1 &&
		wait_for 'mini_web_1 +paused' 5 && on sese docker unpause mini_web_1 && wait_for 'mini_web_1 +up' 5 &&
		on sese docker rename mini_web_1 mini_other && wait_for 'mini_other' 5 && see_not 'mini_web_1'
	local code=$?
	on sese docker rename mini_other mini_web_1 >/dev/null
	return $code
}
unit_stopped_outside() {
	fleet 120 40 pi && wait_for '2 failed' && keys 3 && alone caddy-work && wait_for 'caddy-work.*service +running' && on pi systemctl stop caddy-workstation &&
		wait_for '○ caddy-work.*service' 5 && on pi systemctl start caddy-workstation && wait_for 'caddy-work.*service +running' 5
}
unit_failing_outside() {
	fleet 120 40 relay && wait_for '3/3' && on relay systemd-run -q --unit=e2e-fails sh -c 'echo "no such luck"; exit 7' &&
		wait_for '✗ .*e2e-fails.service' 10 && wait_for 'exit code 7' 5 && wait_for '1 failed' && on relay systemctl reset-failed e2e-fails &&
		wait_gone 'e2e-fails.service' 10
	local code=$?
	[ $code = 0 ] || on relay systemctl reset-failed e2e-fails
	return $code
}
# Each tells that it failed while the questions about it are on their way, some between the answers.
units_failing_in_a_swarm() {
	fleet 120 60 relay && wait_for '3/3' && keys 3 && alone e2e-swarm && wait_for '0 of' && on relay sh -c 'for i in $(seq 40); do
		systemd-run -q --no-block --unit=e2e-swarm-$i sh -c "sleep 0.0$i; exit 7"; done' && wait_for '40 failed' 15 && see_not 'e2e-swarm.* (running|exited)'
	local code=$?
	on relay systemctl reset-failed 'e2e-swarm-*'
	[ $code = 0 ] && wait_for '0 of' 10
}
wrong_unit_name_in_configuration() {
	printf '[server pi]\nunits = caddy mission-control.service\n' | conf
	fleet 120 40 pi && wait_for 'caddy.service.*not found' && wait_for 'caddy-workstation'
}
podman_root_and_rootless() {
	fleet 120 40 pod && wait_for '2/4' && keys 2 && wait_for 'gateway +up' && see 'feeds +up' && see '✗ importer +exited 4' &&
		keys Enter && wait_for 'mocr › pod/container' && esc && at_server pod && keys d && wait_for 'podman +live' && wait_for 'podman-user +live'
}
jump_server() {
	fleet 120 40 seko && wait_for '● seko' && keys 3 && alone headscale && wait_for 'headscale.service +running' && see_not 'denied'
}
vitals_are_true() {
	fleet 120 40 sese && wait_for "$sese" && wait_for '[●?] sese .* [0-9]+ +[0-9]+ +[0-9]+ +[0-9]+/' || return 1
	local mem there
	mem=$(screen | sed -nE 's/.* sese .* ([0-9]+) +[0-9]+ +[0-9]+\/.*/\1/p')
	there=$(on sese awk '/^MemTotal/ { t = $2 } /^MemAvailable/ { a = $2 } END { print int(100 * (t - a) / t) }' /proc/meminfo)
	[ -n "$mem" ] && [ $((mem - there)) -le 4 ] && [ $((there - mem)) -le 4 ] || { note "memory: $mem % here, $there % there"; return 1; }
}
details_mask_secrets() {
	fleet 120 50 sese && wait_for "$sese" && at sese/container/javisi_litellm && keys d && wait_for 'LITELLM_MASTER_KEY +\*{4}' && see_not 'not-a-secret' &&
		see 'MAX_BUDGET +5' && keys e && wait_for 'sk-lab-not-a-secret' && keys e && wait_gone 'not-a-secret' &&
		esc && at sese/container/javisi_caddy && keys d && wait_for '8080' && wait_for 'Mounts|Networks|mounts|networks'
}
details_of_a_unit() {
	fleet 120 50 pi && wait_for '2 failed' && at pi/unit/reloadable.service && keys d && wait_for 'Can be reloaded' && wait_for '10-limits.conf' &&
		type_text '/ExecReload' && keys Enter && wait_for '^ ?ExecReload=/bin/kill -HUP' && keys G && wait_for 'MemoryMax=64M'
}
# Each looking asks again, and a file that was changed is the new one after the reload.
details_are_of_now() {
	on pi sh -c 'printf "[Service]\nExecStart=/usr/bin/tail -n +1 -f /run/e2e-now.log\n" >/run/systemd/system/e2e-now.service; echo one word >/run/e2e-now.log; systemctl daemon-reload; systemctl start e2e-now' &&
		fleet 120 50 pi && wait_for '2 failed' && at pi/unit/e2e-now.service && keys d && wait_for 'tail\[[0-9]+\]: one word' 8 && esc && on pi sh -c 'echo another one >>/run/e2e-now.log; sleep 1' &&
		keys d && wait_for 'tail\[[0-9]+\]: another one' 8 && on pi sh -c 'echo "# a new word" >>/run/systemd/system/e2e-now.service; systemctl daemon-reload' && wait_for '# a new word' 8 && see_not 'changed on disk'
	local code=$?
	on pi sh -c 'systemctl stop e2e-now; rm -f /run/systemd/system/e2e-now.service /run/e2e-now.log; systemctl daemon-reload'
	return $code
}
# What needs you says what Enter does: the log of what failed, the details of what has none.
enter_opens_what_the_row_says() {
	fleet 120 40 pod && wait_for '✗ container +importer .* log +[0-9]+' && keys 4 Enter && wait_for 'log pod/importer' && wait_for 'bad OPML' && esc && at_server pod
}
filter_on_servers() {
	fleet 120 40 sese pi relay && wait_for "$sese" && wait_for '3 servers: 3 up' && keys 2 && alone redis && wait_for 'javisi_redis' && wait_for 'coolify-redis' &&
		see_not 'javisi_alloy' && esc && wait_for 'javisi_alloy'
}
sizes_live() {
	fleet 40 12 sese pi && wait_for '[●?] sese' && wait_for '● pi .*2 failed' && resize 80 24 && wait_for '─ 2 Containers' && resize 200 60 &&
		wait_for '─ 5 Activity' && resize 20 5 && wait_gone 'Activity' && resize 120 40 && wait_for '─ 4 Needs you' && see "$sese"
}
# Asking about a unit that has just gone makes systemd load it and tell so: who then asks again never ends.
_manager_turns() { on pi sh -c 'awk "/^voluntary/ { print \$2 }" /proc/$(pgrep -u pi -f "systemd --user" | head -n 1)/status'; }
_manager_rests() { local before; before=$(_manager_turns) && sleep 2 && is 'turns of the manager in 2 s' "$(($(_manager_turns) - before > 60))" 0; }
units_that_come_and_go_leave_the_manager_at_rest() {
	local run='runuser -u pi -- env XDG_RUNTIME_DIR=/run/user/1000 systemd-run -q --user --collect'
	fleet 120 40 pi && wait_for '2 failed' && wait_for '● pi' && keys 3 && alone e2e-brief && on pi $run --unit='e2e-brief\x2done' sleep 4 && wait_for '● e2e-brief.*running' 4 &&
		wait_gone '● e2e-brief' 10 && on pi $run --unit=e2e-gone true && wait_until 20 _manager_rests
}
