# A password for what only root may: sudo, sudo-rs (Ubuntu's since 25.10) and doas, each the real one, on relay. There is a user for these
# tests alone; sudo of relay, which nobody else uses there, makes room for the other two and comes back.

_tools_user=mocrtools
_tools_end() {
	on relay sh -c '[ ! -e /usr/bin/sudo.away ] || mv -f /usr/bin/sudo.away /usr/bin/sudo; rm -f /etc/sudoers.d/mocrtools /etc/doas.conf
		u=$(id -u mocrtools 2>/dev/null); loginctl terminate-user mocrtools 2>/dev/null
		for i in $(seq 20); do pgrep -u mocrtools >/dev/null || break; sleep 0.25; done
		systemctl reset-failed "user@$u.service" 2>/dev/null; userdel -rf mocrtools 2>/dev/null; rm -f /run/systemd/system/mocr-tools.service; systemctl daemon-reload' >/dev/null
}
# _tool NAME PACKAGE: what a login that is not root finds as sudo, or as doas where there is no sudo
_tool() {
	local add
	add=$("$here/add" relay sudo "${@:2}" 2>&1) || { skipped_why=${add:-cannot be had}; return 1; }
	_tools_end
	on relay sh -s "$1" >/dev/null <<-'END' || return 1
		useradd -m -s /bin/sh mocrtools && echo mocrtools:right | chpasswd || exit 1
		install -d -m 700 -o mocrtools /home/mocrtools/.ssh && install -m 600 -o mocrtools /root/.ssh/authorized_keys /home/mocrtools/.ssh/authorized_keys
		echo 'mocrtools ALL=(ALL:ALL) ALL' >/etc/sudoers.d/mocrtools && chmod 440 /etc/sudoers.d/mocrtools
		printf '[Service]\nExecStart=/bin/sleep infinity\n' >/run/systemd/system/mocr-tools.service
		systemctl daemon-reload && systemctl restart mocr-tools
		[ "$1" = sudo ] || mv /usr/bin/sudo /usr/bin/sudo.away
		[ "$1" != sudo-rs ] || ln -s /usr/lib/cargo/bin/sudo /usr/bin/sudo
		[ "$1" != doas ] || { echo 'permit mocrtools as root' >/etc/doas.conf && chmod 600 /etc/doas.conf; }
	END
	own_ssh
	sed -n '/^Host relay$/,/^$/p' "$work/ssh_config" | sed "s/^Host relay/Host tools/; s/User .*/User $_tools_user/" >"$work/tools"
	cat "$work/tools" >>"$work/ssh_config"
	sed "s/^relay/tools/" "$work/known_hosts" >>"$work/known_hosts"
}
# _asked NAME: a password is asked for; a wrong one is asked again and not kept; the right one restarts the unit.
_asked() {
	local before
	before=$(main_pid relay mocr-tools.service)
	mocr 120 40 -F "$work/ssh_config" tools && wait_for 'mocr-tools.service +running' 30 && at tools/unit/mocr-tools.service && alone mocr-tools && keys g r &&
		asks_then y 'Restart mocr-tools.service on tools\?' && wait_for 'Password of mocrtools on tools' 15 && see "$1 password" &&
		type_text wrong && keys C-o && wait_for '\[x\] keep it' && keys Enter && wait_for 'That was not the password' 30 && see "$1 said: " && see_not wrong &&
		is 'the unit was not touched' "$(main_pid relay mocr-tools.service)" "$before" && type_text right && keys Enter &&
		wait_for 'restart mocr-tools.service: ' 30 && [ "$(main_pid relay mocr-tools.service)" != "$before" ] &&
		keys r && asks_then y 'Restart mocr-tools.service on tools\?' && wait_for 'Password of mocrtools on tools' 15 && esc
}
password_for_sudo() { _tool sudo && _asked sudo; local code=$?; _tools_end; return $code; }
password_for_sudo_rs() { _tool sudo-rs sudo-rs && _asked sudo; local code=$?; _tools_end; return $code; }
password_for_doas() { _tool doas opendoas && _asked doas; local code=$?; _tools_end; return $code; }
