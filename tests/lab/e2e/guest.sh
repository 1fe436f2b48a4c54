# A guest that leaves no mess: what a server's own journal says after many log-ins of ours.

# A login of its own on SERVER, so that its lines can be told from everybody's: in no group but those GROUPS (comma-separated).
_guest_arrives() {
	on "$1" sh -c "useradd -m -s /bin/bash ${2:+-G $2} guest && mkdir -m 700 /home/guest/.ssh && cat >/home/guest/.ssh/authorized_keys && chown -R guest: /home/guest/.ssh" <"$state/ssh/id_ops.pub" || return 1
	own_ssh
	{ echo "Host guest"; echo "    HostName $3"; echo "    User guest"; echo "    IdentityFile $state/ssh/id_ops"; } >>"$work/ssh_config"
	wait_until 10 timeout 10 ssh -F "$work/ssh_config" -o BatchMode=yes -o UserKnownHostsFile="$work/known_hosts" guest true
}
_guest_leaves() {
	term_stop
	# Its manager ends by itself, or it would be a failed unit that other tests count.
	on "$1" sh -c 'u=$(id -u guest); loginctl terminate-user guest 2>/dev/null
		for i in $(seq 20); do pgrep -u guest >/dev/null || break; sleep 0.25; done
		for i in 1 2 3 4 5 6 7 8; do pkill -KILL -u guest; userdel -r guest 2>/dev/null && break; sleep 0.5; done
		rm -f /etc/sudoers.d/guest; systemctl reset-failed "user@$u.service"; ! id guest' >/dev/null 2>&1
}
_journal_now() { on "$1" journalctl -q -n 0 --show-cursor | sed -n 's/^-- cursor: //p'; }
# _complaints SERVER CURSOR: what the journal says since then above "info" of the guest: its own processes' words, and those of others about
# it. What PAM finds missing at every login, whoever comes, is not ours.
_complaints() {
	local uid
	uid=$(on "$1" id -u guest)
	on "$1" journalctl -q --after-cursor="$2" -o json | jq -r --arg uid "$uid" 'select((.PRIORITY // "6" | tonumber) < 6) |
		select(._UID == $uid or (.MESSAGE | tostring | test("guest|connect to |connect_to ")) or .SYSLOG_IDENTIFIER == "sudo") |
		[.PRIORITY, .SYSLOG_IDENTIFIER, (.MESSAGE | tostring)] | @tsv' | grep -vE 'pam_env|Could not set limit|set fd limit|PAM \(systemd-user\)'
}
_no_complaint() {
	local said
	said=$(_complaints "$1" "$2")
	[ -z "$said" ] || { note "$(sort <<<"$said" | cut -c1-140 | uniq -c | sort -rn | head -n 6)"; return 1; }
}
# Log-ins one after the other, four at a time; every second batch as a console that has never been there.
_many_logins() {
	local i
	for i in $(seq "$1"); do
		[ $((i % 8)) -lt 4 ] && rm -rf "$XDG_STATE_HOME/mocr"
		"$MOCR" -F "$work/ssh_config" status --json guest >"$work/status.$((i % 4))" 2>&1 &
		[ $((i % 4)) -ne 3 ] || wait
	done
	wait
	jq -e '.servers[0].sources | .vitals.state == "live" and .systemd.state == "live"' "$work/status.1" >/dev/null || { note "$(head -c 300 "$work/status.1")"; return 1; }
}
# A console whose connection is cut again and again.
_many_cuts() {
	local i
	_guest_console || return 1
	for i in $(seq "$1"); do
		kill_our_session "$2" 22
		keys C-r
		wait_until 20 eval '[ -n "$(our_session '"$2"' 22)" ]' && sleep 0.3 || return 1
	done
}
_guest_console() { mocr 120 40 -F "$work/ssh_config" guest && wait_for '● guest .*ms'; }

# pi has an engine that the guest may not use, and neither Podman nor Tailscale.
a_day_of_logins_leaves_no_line_in_the_journal() {
	local since code=1
	_guest_arrives pi '' 10.77.0.12 && since=$(_journal_now pi) && _many_logins 100 && _many_cuts 5 pi && sleep 1 && _no_complaint pi "$since"
	code=$?
	_guest_leaves pi
	return $code
}
# The shell that is open anyway sees what comes later; no second login, no line.
a_socket_that_comes_later_is_found() {
	local since code=1
	on pod sh -c 'systemctl stop podman.socket podman.service; rm -f /run/podman/podman.sock'
	_guest_arrives pod podman 10.77.0.15 && since=$(_journal_now pod) && _guest_console && keys g d && wait_for 'podman +failed' && sleep 4 &&
		on pod systemctl start podman.socket && wait_for 'podman +live' 10 &&
		on pod systemctl stop podman.socket podman.service && wait_for 'podman +(stale|failed)' 10 && sleep 5 &&
		on pod systemctl start podman.socket && wait_for 'podman +live' 40 && sleep 1 && _no_complaint pod "$since"
	code=$?
	on pod systemctl start podman.socket
	_guest_leaves pod
	return $code
}
# A refused sudo is an alert in the log and a mail to root. Neither a look for an engine nor an order that needs the password makes one.
a_login_whose_sudo_wants_a_password_alerts_nobody() {
	local since code=1
	on pi sh -c 'printf "#!/bin/sh\ncat >>/run/guest-mail\n" >/usr/sbin/sendmail; chmod 755 /usr/sbin/sendmail; : >/run/guest-mail; chmod 666 /run/guest-mail'
	_guest_arrives pi sudo 10.77.0.12 && since=$(_journal_now pi) && _many_logins 8 &&
		ends 1 "$MOCR" -F "$work/ssh_config" --batch do restart guest/unit/caddy-workstation.service --yes && says 'password|sudo' && sleep 2 &&
		_no_complaint pi "$since" && is 'mails to root' "$(on pi grep -c '^Subject' /run/guest-mail)" 0
	code=$?
	on pi rm -f /usr/sbin/sendmail /run/guest-mail
	_guest_leaves pi
	return $code
}
