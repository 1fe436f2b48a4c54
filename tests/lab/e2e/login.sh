# Ways in, and ways that are refused.

first_contact() {
	own_fleet 120 40 newkey && wait_for '\? newkey .*asks you' && keys a && wait_for 'newkey: first contact' && see 'SHA256:' || return 1
	local print
	print=$(ssh-keygen -lf "$state/hostkeys/relay/ssh_host_ed25519_key.pub" | awk '{ print $2 }')
	see "${print//+/\\+}" && see 'ssh-ed25519' && ! grep -q '^newkey' "$work/known_hosts" && esc && wait_gone 'SHA256:' && see '\? newkey' &&
		keys a && wait_for 'SHA256:' && keys y && wait_for '● newkey .*3/3' && ssh-keygen -F newkey -f "$work/known_hosts" | grep -q ssh-ed25519
}
# HashKnownHosts keeps plain names out of the file, also where ssh-keygen, which hashes them, is missing.
no_plain_name_without_ssh_keygen() {
	local bin=$work/no-keygen
	mkdir -p "$bin" && ln -sf "$(command -v ssh)" "$(command -v sh)" "$bin"
	printf '%s\n' 'Host *' 'HashKnownHosts yes' 'StrictHostKeyChecking accept-new' "UserKnownHostsFile $work/hashed" "Include $config" >"$work/hash-config"
	rm -f "$work/hashed"
	PATH=$bin "$MOCR" -F "$work/hash-config" --wait 8 status seko >"$work/out" 2>&1
	says '^seko +up' && ! grep '^[^|]' "$work/hashed" 2>/dev/null
}
first_contact_refused() {
	own_fleet 120 40 newkey && wait_for '\? newkey .*asks you' && keys a && wait_for 'SHA256:' && keys n && wait_for '✗ newkey' && sleep 0.5 &&
		! ssh-keygen -F newkey -f "$work/known_hosts" >/dev/null
}
changed_host_key_is_refused() {
	own_fleet 120 40 badkey && wait_for '✗ badkey' && wait_for 'HOST KEY HAS CHANGED' && keys g && wait_for "again: ssh-keygen -R 'badkey' -f" && wait_for "$work/known_hosts .\[Ctrl-R\] tries now" && keys d && wait_for 'known_hosts' &&
		cmp -s "$work/known_hosts" "$state/ssh/known_hosts"
}
passphrase() {
	fleet 120 40 pi-noagent && wait_for '\? pi-noagent .*asks you' && keys a && wait_for 'passphrase' && type_text 'not it' && keys Enter &&
		wait_for '\? pi-noagent .*asks you' 10 && { see 'Passphrase|passphrase of|not the' >/dev/null || keys a; } && sleep 0.5 &&
		{ screen | grep -q '\[Enter\] answer' || keys a; } && wait_for '\[Enter\] answer' && type_text 'lab passphrase' && keys Enter && wait_for '● pi-noagent .*2/2'
}
password() {
	fleet 120 40 strict-pwd && wait_for '\? strict-pwd .*asks you' && keys a && wait_for '\[Enter\] answer' && type_text 'pwd pass' && see_not 'pwd pass' && keys Enter &&
		wait_for '● strict-pwd .*2/2'
}
keyboard_interactive() {
	fleet 120 40 strict-kbd && wait_for '\? strict-kbd .*asks you' && keys a && wait_for '\[Enter\] answer' && see 'kbd@strict-kbd asks: Password:' && type_text 'kbd pass' && keys Enter &&
		wait_for '● strict-kbd .*2/2'
}
# Who answers too late is told why it is asked again.
asked_again_after_the_server_hung_up() {
	fleet 120 40 strict-kbd && wait_for '\? strict-kbd .*asks you' && keys a && wait_for '\[Enter\] answer' &&
		on strict sh -c 'kill -9 $(pgrep -f "^sshd: kbd \[")' && type_text 'kbd pass' && keys Enter && wait_gone '\[Enter\] answer' &&
		wait_for '\? strict-kbd .*asks you' && keys a && wait_for 'hung up while it waited' && type_text 'kbd pass' && keys Enter &&
		wait_for '● strict-kbd .*2/2'
}
others_go_on_while_one_asks() {
	fleet 120 40 strict-pwd pi && wait_for '● pi .*2 failed' && see '\? strict-pwd .*asks you'
}
strict_server_by_fallbacks() {
	fleet 120 50 strict && wait_for '● strict .*2/2' && keys 2 && wait_for 'vault +up' && at_server strict && keys d && wait_for 'dial-stdio' && see 'systemd-stdio-bridge'
}
strict_restart_by_fallback() {
	local before
	before=$(started_at strict proxy)
	fleet 120 50 strict && wait_for '● strict .*2/2' && at strict/container/proxy && alone proxy && keys g r && asks_then y 'Restart proxy on strict\?' &&
		wait_for 'restart proxy: ' 20 && [ "$(started_at strict proxy)" != "$before" ]
}
no_right_to_the_socket_but_sudo() {
	fleet 120 50 strict-nosock && wait_for '● strict-nosock .*2/2' && keys g d && wait_for 'sudo -n docker'
}
# A login there whose shell prints a line before any command, on a server that forwards no socket. CAN: its groups.
_noisy() {
	on strict sh -c "userdel -rf noisy; useradd -m -G '$1' -s /bin/bash noisy && cp -r /home/ops/.ssh /home/noisy/ &&
		chown -R noisy: /home/noisy && passwd -d noisy && echo 'echo Welcome to strict' >/home/noisy/.bashrc" >/dev/null
	own_ssh && printf 'Host noisy\n\tHostName 10.77.0.16\n\tUser noisy\n\tIdentityFile %s\n' "$state/ssh/id_ops" |
		cat - "$work/ssh_config" >"$work/noisy" && mocr 160 50 -F "$work/noisy" noisy
}
_noisy_gone() { keys Q; wait_dead; on strict sh -c 'loginctl terminate-user noisy; sleep 0.5; userdel -rf noisy' >/dev/null; return "$1"; }
a_login_that_prints_a_line_hides_nothing() {
	local code=1
	_noisy docker && wait_for '● noisy .*2/2' && keys 2 && wait_for 'vault +up' && at_server noisy && keys d && wait_for 'dial-stdio' &&
		see 'systemd-stdio-bridge' && see_not 'docker: absent|docker +absent|not found .*docker,' && code=0
	_noisy_gone $code
}
a_login_that_prints_a_line_is_denied_aloud() {
	local code=1
	_noisy '' && wait_for 'noisy is not in group docker on noisy' && code=0
	_noisy_gone $code
}
no_right_at_all() {
	fleet 160 50 strict-plain && wait_for 'strict-plain .*denied' && wait_for 'nobody2 is not in group docker on strict-plain' && wait_for '[`]sudo usermod -aG docker'
}
refused() { fleet 120 40 refused && wait_for '✗ refused' && wait_for 'port 9 refused the connection'; }
no_route() { fleet 120 40 noroute && wait_for '✗ noroute' 20 && wait_for '10.77.0.98' && wait_for '10.77.0.98 port 22 cannot be reached: No route to host' 20; }
# A way there that is a program of the user's.
_by_proxy() {
	own_ssh && printf 'Host by-proxy\n\tHostName 10.77.0.15\n\tUser pod\n\tIdentityFile %s\n\tProxyCommand %s\n' "$state/ssh/id_ops" "$1" >"$work/proxied" &&
		cat "$work/ssh_config" >>"$work/proxied" && mocr 120 40 -F "$work/proxied" by-proxy
}
proxy_command() {
	_by_proxy 'socat - TCP:%h:%p' && wait_for '● by-proxy .* 2/4' && keys g d && wait_for 'ssh 10.77.0.15 port 22 by ProxyCommand as pod'
}
proxy_command_that_fails_is_quoted() {
	_by_proxy "echo 'cloudflared: no such tunnel' >&2; exit 1" && wait_for '✗ by-proxy .*' && wait_for 'cloudflared: no such tunnel'
}
proxy_command_that_hangs_has_an_end() {
	_by_proxy 'sleep 98.7' && wait_for '✗ by-proxy .*[0-9]+ s' 20 && keys Q && wait_dead && wait_until 5 _no_sleeper
}
_no_sleeper() { ! pgrep -fx 'sleep 98.7' >/dev/null; }
no_such_host() { fleet 120 40 nosuchhost.invalid && wait_for '✗ nosuch' 20 && wait_for 'no such host|name|address' && ! dead; }
swallowed_packets() { fleet 120 40 dead && wait_for 'no answer from 10.77.0.99 port 22 within [0-9]+ s' 15; }
connect_and_disconnect_by_command() {
	fleet 120 40 pi && wait_for '● pi .*2 failed' && command_line 'connect sese' && wait_for "$sese" && command_line 'disconnect sese' &&
		wait_gone '[●?] sese ' && see '● pi' && command_line 'connect sese' && wait_for "$sese"
}
# libssh does not look at it, so the shell of the vitals reads its file, if sshd is configured to show it.
a_host_certificate_that_ends_is_a_need() {
	local code key=/etc/ssh/ssh_host_ed25519_key
	ssh-keygen -q -t ed25519 -N '' -f "$work/hostca" && "$lab" exec pi cat $key.pub >"$work/pi.pub" && ssh-keygen -q -s "$work/hostca" -I pi -h -n pi -V -30d:+3d "$work/pi.pub" &&
		on pi sh -c "echo '$(cat "$work/pi-cert.pub")' >$key-cert.pub" && ends 1 "$MOCR" -F "$config" status pi && says_not "certificate of host" &&
		on pi sh -c "echo 'HostCertificate $key-cert.pub' >/etc/ssh/sshd_config.d/e2e.conf" &&
		fleet 120 40 pi && wait_for 'the certificate of host pi ends in 2d \(/etc/ssh' 15 && keys 1 && keys d && wait_for "certificate of host +until .*, $key-cert.pub" 5
	code=$?
	on pi rm -f $key-cert.pub /etc/ssh/sshd_config.d/e2e.conf
	rm -f "$work"/hostca* "$work"/pi*.pub
	return $code
}
