# The VPN of tests/lab/vpn: real Headscale, real tailscaled, real WireGuard.

_vpn() { "$here/vpn" "$@" >"$work/vpn.out" 2>&1 || { note "tests/lab/vpn $*: $(tail -n 1 "$work/vpn.out")"; return 1; }; }
# Brought up by the first test that needs it; where the programs cannot be had it says so and is skipped.
_ready() {
	[ "${vpn_state:-}" != up ] || return 0
	[ "${vpn_state:-}" != no ] || return 1
	timeout 1500 "$here/vpn" up >"$work/vpn.out" 2>&1
	case $? in
	0) vpn_state=up ;;
	77) echo "skip vpn: $(tail -n 1 "$work/vpn.out")"; vpn_state=no; return 1 ;;
	*) echo "not ok vpn: it does not come up: $(tail -n 1 "$work/vpn.out")"; test_failed=1; vpn_state=no; return 1 ;;
	esac
}
_skipped() { _ready && return 1; skipped_why='no VPN in this lab'; }
_in() { [ "$(on "$1" tailscale status --json | jq -r .BackendState)" = Running ] || _vpn login "$1"; }
_all_in() { _in sese && _in relay && _in pi; }
_online() { [ "$(on "$1" tailscale status --json | jq -r ".Peer[]|select(.HostName==\"$2\")|.Online")" = "$3" ]; }
# The row may not be there yet: a goto that finds nothing leaves the pane as it is.
_goto() { command_line "goto $1" && wait_for 'mocr › vpn' 1 >/dev/null; }
_at_peer() { wait_until 40 _goto "$1" && sleep 0.3; }
_vpn_fleet() { fleet "$1" "$2" sese relay pi seko && _at_peer sese/peer/sese; }

one_row_per_peer() {
	_skipped || { _all_in && _vpn_fleet 160 50 && keys z && wait_for '● sese +sese +online +100\.64\.' 20 && wait_for '● relay +(relay +)?online' &&
		wait_for 'Headscale +seko +answers' 20 && wait_for 'sese wg0 +sese +up +10\.8\.0\.1 +direct 10\.77\.0\.11' 20 &&
		is rows "$(screen | grep -cE '^ . (sese|relay|pi) +(sese|relay|pi) ')" 3 &&
		wait_for 'sese: its own tailscaled says Running' && see 'pi sees it' && see "seko's Headscale knows it as online"; }
}
# Whoever opens the details is told how far it is from every place that sees it, without a ping being asked for.
details_measure_it() {
	_skipped || { _all_in && _vpn_fleet 160 50 && _at_peer sese/peer/sese && keys d && wait_for 'relay sees it .*, [0-9]+ ms .*ping' 15 && wait_for 'pi sees it .*, [0-9]+ ms .*ping' 15; }
}
every_size() {
	local size
	_skipped || { _all_in && for size in '40 12' '80 24' '120 40' '200 60'; do
		_vpn_fleet $size && wait_for 'sese +.*online' 20 && term_stop || { note "at $size"; return 1; }
	done; }
}
status_and_do() {
	_skipped || { _all_in && "$MOCR" -F "$config" status --json sese relay pi >"$work/out" 2>"$work/err"
		[ "$(jq -r '[.servers[].peers[]|select(.primary and .vpn=="tailscale")|.is_server]|sort|join(" ")' "$work/out")" = 'pi relay sese' ] ||
			{ note 'the peers of status --json are wrong'; return 1; }
		ends 0 "$MOCR" -F "$config" do ping sese/peer/relay && says 'sese reaches it in [0-9.]+ ms'; }
}
ping_relayed_and_direct() {
	_skipped || { _all_in && _vpn udp sese block && on sese systemctl restart tailscaled && sleep 2 && _vpn_fleet 120 40 && _at_peer sese/peer/relay &&
		wait_until 20 _ping_says relay/peer/sese 'relay lab'
		local code=$?
		_vpn udp sese allow
		[ $code = 0 ] && wait_until 40 _ping_says relay/peer/sese 'direct 10\.(77\.0\.11|8\.0\.1)'; }
}
_ping_says() { "$MOCR" -F "$config" do ping "$1" >"$work/out" 2>&1; grep -qE "$2" "$work/out"; }

# A key made on the screen logs a machine in that was logged out; neither the log nor the state keeps it.
a_key_from_the_screen_logs_in() {
	local key
	_skipped || { _all_in && on pi timeout 20 tailscale logout && _vpn_fleet 120 40 && wait_for 'Headscale +(seko +)?answers' 30 && _at_peer seko/peer/headscale && command_line 'make key' &&
		wait_for 'USER 24h' 5 && keys Enter && asks_then y 'Make key Headscale on seko' && wait_for 'it cannot be shown again' 20 &&
		key=$(screen | grep -oE '[0-9a-f]{48}') && [ -n "$key" ] && [ "$(tmux -S "$sock" show-buffer)" = "$key" ] && keys Escape && wait_gone "$key" && _at_peer pi/peer/pi &&
		wait_for 'pi +(pi +)?logged out' 15 && command_line up && wait_for 'Login server' 5 && wait_for 'http://10.77.0.14:8080' 5 && keys Enter && asks_then y 'Up pi on pi' &&
		wait_for 'Pre-auth key' 20 && type_text "$key" && see_not "$key" && keys Enter && wait_for 'Password of pi on pi' 20 &&
		type_text raspberry && keys Enter && wait_for '● pi +(pi +)?online' 40 && ! grep -rq "$key" "$XDG_STATE_HOME" && activity_has 'make key: done' &&
		wait_until 20 _online sese pi true; }
}
a_peer_going_offline_is_seen_within_a_second() {
	local knew saw
	_skipped || { _all_in && wait_until 30 _online sese pi true && fleet 120 40 sese && wait_for '● sese .*/19' 20 && _at_peer sese/peer/pi && wait_for '● pi .*online' 20 &&
		on pi systemctl stop tailscaled && { until _online sese pi false; do :; done; knew=$(date +%s%3N); } && wait_for '○ pi .*offline' 20 && saw=$(date +%s%3N) &&
		echo "    offline on the screen $((saw - knew)) ms after tailscaled said so" && [ $((saw - knew)) -lt 1000 ]
		local code=$?
		on pi systemctl start tailscaled
		return $code; }
}
expire_and_rename() {
	local code
	_skipped || { _all_in && _vpn_fleet 120 40 && wait_for 'Headscale +(seko +)?answers' 30 && _at_peer relay/peer/relay && wait_for '● relay +(relay +)?online' 20 && command_line rename && wait_for 'New name' 5 && keys C-u && type_text relay-two && keys Enter &&
		asks_then y 'Rename relay' && wait_until 15 _named relay-two
		on seko headscale nodes rename -i "$(_node_id relay)" relay >/dev/null
		_at_peer relay/peer/relay && command_line expire && asks_then y 'Expire relay' && wait_for '! relay.*(expired|logged out)' 30
		code=$?
		_vpn login relay
		return $code; }
}
_named() { on seko headscale nodes list -o json | jq -e --arg n "$1" 'any(.[]; .given_name==$n)' >/dev/null; }
_node_id() { on seko headscale nodes list -o json | jq -r --arg n "$1" '[.[]|select(.name==$n)|.id]|last'; }

_backend_is() { [ "$(on "$1" tailscale status --json | jq -r .BackendState)" = "$2" ]; }
down_up_and_logout() {
	local code
	_skipped || { _all_in && ends 64 "$MOCR" -F "$config" do down relay/peer/relay && ends 0 "$MOCR" -F "$config" do down relay/peer/relay --yes && wait_until 10 _backend_is relay Stopped &&
		_vpn_fleet 120 40 && _at_peer relay/peer/relay && wait_for 'relay +(relay +)?(down|stopped|off)' 20 && ends 0 "$MOCR" -F "$config" do up relay/peer/relay http://10.77.0.14:8080 --yes && wait_until 20 _backend_is relay Running &&
		wait_for '● relay +(relay +)?online' 20 && ends 0 "$MOCR" -F "$config" do logout relay/peer/relay --yes && wait_until 10 _backend_is relay NeedsLogin && wait_for 'relay +(relay +)?logged out' 20
		code=$?
		_vpn login relay
		return $code; }
}
headscale_that_is_down() {
	local code
	_skipped || { _all_in && on pi timeout 20 tailscale logout && _vpn_fleet 120 40 && wait_for 'pi +(pi +)?logged out' 30 && _at_peer pi/peer/pi && wait_for 'pi +(pi +)?logged out' 20 && on seko systemctl stop headscale &&
		command_line up && wait_for 'Login server' 5 && wait_for 'http://10.77.0.14:8080' 5 && keys Enter && asks_then y 'Up pi on pi' && wait_for 'not started: http' 30
		code=$?
		on seko systemctl start headscale
		[ $code = 0 ]; }
}
headscale_stops_while_up_runs() {
	local code
	_skipped || { _all_in && on pi timeout 20 tailscale logout && _vpn_fleet 120 40 && wait_for 'pi +(pi +)?logged out' 30 && _at_peer pi/peer/pi && wait_for 'pi +(pi +)?logged out' 20 && command_line up && wait_for 'Login server' 5 && wait_for 'http://10.77.0.14:8080' 5 && type_text ' interactive' && keys Enter &&
		asks_then y 'Up pi on pi' && wait_for 'Password of pi on pi' 20 && type_text raspberry && keys Enter && wait_for 'Log in at this address' 25 && see 'http://10.77.0.14:8080/register/' && [[ $(tmux -S "$sock" show-buffer) == http://10.77.0.14:8080/register/* ]] &&
		keys Escape && on seko systemctl stop headscale && wait_for 'up.*(timeout|did not)' 60
		code=$?
		on seko systemctl start headscale
		[ $code = 0 ]; }
}
dns_records_with_a_copy() {
	local file=/var/lib/headscale/extra-records.json code
	_skipped || { ends 0 "$MOCR" -F "$config" do 'change dns' seko/peer/headscale '+ mc.lab.example A 100.64.0.1' --yes && on seko grep -q mc.lab.example $file && on seko test -e $file.before &&
		! ends 0 "$MOCR" -F "$config" do 'change dns' seko/peer/headscale '+ mc.lab.example MX 1.2.3.4' --yes >/dev/null && says 'only A and AAAA' &&
		ends 0 "$MOCR" -F "$config" do 'change dns' seko/peer/headscale 'remove mc.lab.example' --yes && ! on seko grep -q mc.lab.example $file; }
}
rest_through_a_server() {
	_skipped || { on seko headscale apikeys create | tail -n 1 >"$work/apikey" && printf '[headscale home]\nurl = http://127.0.0.1:8080\nserver = seko\ntoken_command = cat %s\n' "$work/apikey" | conf &&
		ends 0 "$MOCR" -F "$config" do 'list users' seko/peer/headscale && says 'default' &&
		echo wrong >"$work/apikey" && { "$MOCR" -F "$config" status --json seko >"$work/out" 2>/dev/null; says 'rejects the API key'; }; }
}
the_reason_of_a_server_that_is_down() {
	local code
	_skipped || { _all_in && _vpn_fleet 160 50 && "$lab" cut pi && wait_for 'VPN: ' 60
		code=$?
		"$lab" heal pi
		return $code; }
}
# Both may be wrong: the way to a server that is down leads through the VPN, and this machine is logged out. Nobody watches this machine.
this_machine_is_logged_out() {
	local code
	_skipped || {
		timeout 120 "$here/vpn" here start >"$work/vpn.out" 2>&1
		code=$?
		[ $code != 77 ] || { skipped_why=$(tail -n 1 "$work/vpn.out"); return 1; }
		[ $code = 0 ] && printf 'Host away\n HostName 100.64.0.99\n ConnectTimeout 2\n' >"$work/ssh_config" && mocr 200 24 -F "$work/ssh_config" away &&
			wait_for 'VPN: tailscaled is logged out on this machine' 30 && "$here/vpn" here stop && keys C-r && wait_for 'VPN: tailscaled is not running on this machine' 30
		code=$?
		"$here/vpn" here stop
		return $code; }
}
# sshd of strict forwards no socket: its program tells, and is started only when something happened.
by_the_program_where_the_socket_is_forbidden() {
	local code
	_skipped || { _all_in && _vpn node strict && _in strict && fleet 160 50 strict && _at_peer strict/peer/pi && wait_for '● pi .*online' 20 && keys z &&
		on pi systemctl stop tailscaled && wait_until 20 _online strict pi false && wait_for '○ pi .*offline' 10 && on pi systemctl start tailscaled && wait_for '● pi .*online' 30 &&
		"$MOCR" -F "$config" status --json strict | jq -e '.servers[0].peers[]|select(.self and .vpn=="tailscale")|.online' >/dev/null &&
		ends 0 "$MOCR" -F "$config" do ping strict/peer/relay && says 'reaches it|pong from'
		code=$?
		on pi systemctl start tailscaled
		[ $code = 0 ] && ends 0 "$MOCR" -F "$config" do delete seko/peer/headscale:strict --yes && ! _named strict && on strict systemctl -q disable --now tailscaled; }
}
_exit_of() { [ "$(on "$1" tailscale status --json | jq -r '.ExitNodeStatus.TailscaleIPs[0]//""')" = "$2" ]; }
_offers() { "$MOCR" -F "$config" status --json relay 2>/dev/null | jq -e '.servers[0].peers[]|select(.id=="relay/peer/sese")|.exit_node_option' >/dev/null; }
approved_routes_make_an_exit_node() {
	local code
	_skipped || { _all_in && on sese tailscale set --advertise-exit-node --advertise-routes=192.0.2.0/24 && _vpn_fleet 160 50 && keys z && wait_until 20 _announced 192.0.2.0/24 &&
		ends 0 "$MOCR" -F "$config" do 'approve routes' seko/peer/headscale:sese '0.0.0.0/0 ::/0' --yes && _announced 192.0.2.0/24 && wait_until 20 _offers &&
		ends 0 "$MOCR" -F "$config" do 'use as exit node' relay/peer/sese relay --yes && _exit_of relay 100.64.0.1/32 &&
		ends 0 "$MOCR" -F "$config" do 'no exit node' relay/peer/sese --yes && _exit_of relay ''
		code=$?
		on sese tailscale set --advertise-exit-node=false --advertise-routes=
		return $code; }
}
_announced() { "$MOCR" -F "$config" status --json seko 2>/dev/null | jq -e --arg r "$1" '.servers[0].peers[]|select(.id=="seko/peer/headscale:sese")|.routes_offered|contains($r)' >/dev/null; }
_hs_key() { on seko headscale preauthkeys list --user 1 -o json | jq -e "last|$1" >/dev/null; }
a_key_with_everything_is_made_and_expired() {
	local id key
	_skipped || { ends 0 "$MOCR" -F "$config" do 'make key' seko/peer/headscale 'default 2h reusable ephemeral tag:ci' --yes && key=$(grep -oE '^[0-9a-f]{48}$' "$work/out") && [ -n "$key" ] &&
		! grep -q "$key" "$work/err" && ! grep -rq "$key" "$XDG_STATE_HOME" && _hs_key '.reusable and .ephemeral and (.acl_tags==["tag:ci"]) and .expiration.seconds-now>7000' &&
		id=$(on seko headscale preauthkeys list --user 1 -o json | jq -r 'last.id') && ends 0 "$MOCR" -F "$config" do 'expire key' seko/peer/headscale "$id" --yes && _hs_key '.expiration.seconds<=now' &&
		ends 0 "$MOCR" -F "$config" do tag seko/peer/headscale:pi 'tag:pi tag:lab' --yes && [ "$(on seko headscale nodes list -o json | jq -c '.[]|select(.given_name=="pi")|.forced_tags|sort')" = '["tag:lab","tag:pi"]' ] &&
		ends 0 "$MOCR" -F "$config" do tag seko/peer/headscale:pi '' --yes; }
}
_wg_peer() { "$MOCR" -F "$config" status --json "$1" 2>/dev/null | jq -r '.servers[0].peers[]|select(.vpn=="wireguard" and (.self|not))|.id'; }
# relay is asked as root; ops on sese may send no ICMP.
wireguard_is_pinged_by_icmp_and_tcp() {
	local id code
	_skipped || { on relay ln -sf "$(on relay sh -c 'command -v busybox')" /usr/bin/ping && id=$(_wg_peer relay) && [ -n "$id" ] &&
		ends 0 "$MOCR" -F "$config" do ping "$id" && says 'reaches it in [0-9.]+ ms, by ICMP' &&
		id=$(_wg_peer sese) && [ -n "$id" ] && ends 0 "$MOCR" -F "$config" do ping "$id" && says 'reaches it in [0-9.]+ ms, by TCP'
		code=$?
		on relay rm -f /usr/bin/ping
		return $code; }
}
wireguard_without_the_right() {
	local code
	_skipped || { on sese mv /etc/sudoers.d/wg /root/wg.away && { "$MOCR" -F "$config" status --json sese 2>/dev/null | jq -r '.servers[0].sources.wireguard|.state+" "+.why' >"$work/out"; says '^denied ops may not read WireGuard on sese .*sudoers' ; }
		code=$?
		on sese mv /root/wg.away /etc/sudoers.d/wg
		return $code; }
}
# It starts with the machine, and it does not run: said at once, and seen again when it runs.
tailscaled_that_was_stopped_before() {
	local code
	_skipped || { _all_in && on relay systemctl stop tailscaled && fleet 160 40 relay && wait_for 'relay .*tailscaled does not run; .systemctl start' 45 &&
		on relay systemctl start tailscaled && wait_gone 'tailscaled does not run' 45 && _at_peer relay/peer/relay && wait_for '● relay +(relay +)?online' 20 &&
		on relay systemctl stop tailscaled && wait_for 'tailscaled has stopped; .systemctl start' 20
		code=$?
		on relay systemctl start tailscaled
		return $code; }
}
# Each start is counted by a script in the program's place.
few_processes() {
	local p code
	_skipped || { _all_in && for p in wg tailscale; do on relay sh -c "mv /usr/bin/$p /usr/bin/$p.real; printf '#!/bin/sh\necho >>/tmp/$p.count\nexec /usr/bin/$p.real \"\$@\"\n' >/usr/bin/$p; chmod 755 /usr/bin/$p; : >/tmp/$p.count"; done
		fleet 80 24 relay && wait_for '● relay .* ok( |$)' 20 && wait_until 20 _counted wg 1 && sleep 12 && _counted wg 1 && _counted tailscale 0 &&
			_at_peer relay/peer/wg:wg0 && wait_for 'relay wg0' 20 && sleep 20 && _counted wg 4 && _counted tailscale 0
		code=$?
		note "wg was started $(on relay sh -c 'wc -l </tmp/wg.count') times"
		for p in wg tailscale; do on relay mv /usr/bin/$p.real /usr/bin/$p; done
		return $code; }
}
# A server that this machine reaches through a WireGuard hub is down because the hub is: the hub has a row, what is behind it has none.
# wg9 is this machine's own interface, sese the hub, "far" the server pi by an address that only sese has a route to.
_hub_up() {
	umask 077
	wg genkey >"$work/wg9.key" && wg pubkey <"$work/wg9.key" >"$work/wg9.pub" && wireguard-go wg9 >"$work/wg9.out" 2>&1 &&
		wg set wg9 private-key "$work/wg9.key" peer "$(on sese cat /etc/wireguard/pub)" endpoint 10.77.0.11:51820 allowed-ips 10.8.0.1/32,10.98.0.0/24 &&
		ip addr add 10.8.0.9/32 dev wg9 && ip link set wg9 up && ip route add 10.98.0.0/24 dev wg9 &&
		on sese sh -c "wg set wg0 peer '$(cat "$work/wg9.pub")' allowed-ips 10.8.0.9/32; ip route replace 10.8.0.9 dev wg0; ip route replace 10.98.0.2 via 10.77.0.12
			iptables -I FORWARD -i wg0 -j ACCEPT; iptables -I FORWARD -o wg0 -j ACCEPT" >/dev/null &&
		on pi sh -c 'ip addr replace 10.98.0.2/32 dev lo; ip route replace 10.8.0.9 via 10.77.0.11' >/dev/null
}
_hub_down() {
	docker unpause mocrlab-sese >/dev/null 2>&1
	ip link del wg9 2>/dev/null
	on sese sh -c "wg set wg0 peer '$(cat "$work/wg9.pub")' remove; ip route del 10.98.0.2; iptables -D FORWARD -i wg0 -j ACCEPT; iptables -D FORWARD -o wg0 -j ACCEPT" >/dev/null
	on pi sh -c 'ip addr del 10.98.0.2/32 dev lo; ip route del 10.8.0.9' >/dev/null
}
_far_ssh() {
	own_ssh
	{ printf '%s\n' 'Host far' ' HostName 10.98.0.2' ' HostKeyAlias pi' ' User pi' " IdentityFile $state/ssh/id_pi" " IdentityAgent $state/agent.sock" ' Port 22' ''; cat "$work/ssh_config"; } >"$work/ssh_far" &&
		mv "$work/ssh_far" "$work/ssh_config"
}
a_hub_takes_what_is_behind_it_along() {
	_skipped && return 1
	_hub_up && _far_ssh && wait_until 20 timeout 5 ssh -F "$work/ssh_config" -o BatchMode=yes far true &&
		mocr 140 40 -F "$work/ssh_config" local sese far && wait_for '● far ' 30 && wait_for '● sese ' 30 && command_line vpn && wait_for 'wg9' 20 && command_line needs && keys z && wait_for 'broken.service'
	local code=$?
	if [ $code = 0 ]; then
		docker pause mocrlab-sese >/dev/null
		wait_for '✗ sese +server +down since .*, 1 server behind it' 60 && see_not '[✗!] far ' && docker unpause mocrlab-sese >/dev/null && wait_for '3 servers: 3 up' 60 && see_not 'behind it'
		code=$?
	fi
	_hub_down
	return $code
}
# At least once and at most so often; tailscale never.
_counted() { local n; n=$(on relay sh -c "wc -l </tmp/$1.count"); [ "$n" -le "$2" ] && { [ "$1" = tailscale ] || [ "$n" -ge 1 ]; }; }
# The last one: the lab is as it was.
zz_vpn_goes_away() { _skipped || { _vpn down; vpn_state=; ! on sese test -e /usr/bin/tailscale; }; }

_tailscaled_stops() { on pi systemctl stop tailscaled; }
_tailscaled_starts() { on pi systemctl start tailscaled; }
a_peer_that_is_wanted_is_told_once_and_its_end_once() {
	local code=1
	_skipped || { _all_in && wait_until 30 _online sese pi true && printf '%s\n' '[settings]' 'local = no' 'vpn_peers = pi' | conf_telling && watching sese &&
		told_once sese/peer/pi _tailscaled_stops _tailscaled_starts && sleep 4 && told_in_all 1 && code=0
		[ $code = 0 ] || watch_said
		_tailscaled_starts >/dev/null
		unwatched 2>/dev/null
		return $code; }
}
