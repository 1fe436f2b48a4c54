# What can be done to units: the login's own by D-Bus, the system's by sudo with a password, or as root.

_user() { fleet 120 40 pi && wait_for '2 failed' && at "pi/unit/user:$1" && alone "$1" && keys g && wait_for "$1"; }

# What may be done is known again half a second after a change of the unit files: _soon COMMAND PATTERN
_told() { command_line "$1" && wait_for "$2" 2 >/dev/null; }
_soon() { wait_until 10 _told "$1" "$2"; }

own_unit_stop_start_restart() {
	local before
	_user notes.service && command_line stop && asks_then y 'Stop notes.service.* on pi\?' && wait_for '○ notes.service' &&
		user_unit_is notes.service ActiveState inactive && command_line start && wait_for '● notes.service.*running' &&
		before=$(user_unit show -P MainPID notes.service) && keys r && asks_then y 'Restart notes.service.* on pi\?' && wait_for 'restart notes.service.*: ' &&
		[ "$(user_unit show -P MainPID notes.service)" != "$before" ]
	local code=$?
	user_unit start notes.service
	return $code
}
own_unit_disable_enable() {
	_user notes.service && command_line disable && asks_then y 'Disable notes.service.* on pi\?' && wait_for 'disable notes.service.*: ' &&
		user_unit_is notes.service UnitFileState disabled && _soon enable '^ enable notes.service: done' &&
		user_unit_is notes.service UnitFileState enabled
	local code=$?
	user_unit enable notes.service >/dev/null
	return $code
}
own_unit_reset_failed() {
	_user flaky-user.service && command_line reset-failed && wait_for '○ flaky-user.s' && user_unit_is flaky-user.service ActiveState inactive
	local code=$?
	user_unit start flaky-user.service >/dev/null
	return $code
}
own_unit_daemon_reload() { _user notes.service && command_line daemon-reload && wait_for 'daemon-reload .*: '; }

sudo_asks_for_the_password() {
	local before
	before=$(main_pid pi caddy-workstation.service)
	fleet 120 40 pi && wait_for '2 failed' && at pi/unit/caddy-workstation.service && alone caddy-work && keys g r && asks_then y 'Restart caddy-workstation.service on pi\?' &&
		wait_for 'Password of pi on pi' 10 && see 'keep it for 5 minutes' && type_text wrong && keys Enter && wait_for 'That was not the password' 15 &&
		see 'Password of pi on pi' && see_not wrong && type_text raspberry && keys Enter && wait_for 'restart caddy-workstation.service: ' 15 && see_not raspberry &&
		[ "$(main_pid pi caddy-workstation.service)" != "$before" ] && keys r && asks_then y 'Restart caddy-workstation.service on pi\?' &&
		wait_for 'Password of pi on pi' 10 && keys C-x && wait_gone 'Password of pi' && wait_for 'restart caddy-workstation.service: ' && ! grep -rq raspberry "$XDG_STATE_HOME"
}
sudo_password_is_kept_when_told() {
	fleet 120 40 pi && wait_for '2 failed' && at pi/unit/reloadable.service && alone reloadable && keys g && command_line unit-reload &&
		wait_for 'Password of pi on pi' 10 && type_text raspberry && keys C-o && wait_for '\[x\] keep it' && keys Enter && wait_for 'reload reloadable.service: ' 15 &&
		sleep 0.2 && command_line stop && asks_then y 'Stop reloadable.service on pi\?' && wait_for '○ reloadable.service' 10 && see_not 'Password of' &&
		unit_is pi reloadable.service inactive && at_server pi && command_line 'forget password' && at pi/unit/reloadable.service && command_line start && wait_for 'Password of pi on pi' 10
	local code=$?
	on pi systemctl start reloadable
	return $code
}
sudo_later_and_back() {
	fleet 120 40 pi && wait_for '2 failed' && at pi/unit/reloadable.service && alone reloadable && keys g && command_line unit-reload &&
		wait_for 'Password of pi on pi' 10 && esc && wait_gone 'Password of pi on' && see '\? pi .*asks you' && keys a && wait_for 'Password of pi on pi' &&
		type_text raspberry && keys Enter && wait_for 'reload reloadable.service: ' 15
}
root_masks_and_unmasks() {
	fleet 120 40 relay && wait_for '3/3' && at relay/unit/fstrim.timer && alone fstrim.timer && keys g && command_line mask && asks_then y 'Mask fstrim.timer on relay\?' && wait_for 'mask fstrim.timer: ' &&
		is 'state' "$(on relay systemctl is-enabled fstrim.timer)" masked && _soon unmask '^ unmask fstrim.timer: done' &&
		[ "$(on relay systemctl is-enabled fstrim.timer)" != masked ]
	local code=$?
	on relay systemctl unmask fstrim.timer >/dev/null
	return $code
}
slow_stop_shows_its_clock() {
	fleet 120 40 pi && wait_for '2 failed' && at pi/unit/slow-stop.service && alone slow-stop && keys g && command_line stop && asks_then y 'Stop slow-stop.service on pi\?' &&
		wait_for 'Password of pi on pi' 10 && type_text raspberry && keys Enter && wait_for 'slow-stop.service +stopping [3-9]s' && wait_for 'stop slow-stop.service: ' 20 &&
		unit_is pi slow-stop.service inactive
	local code=$?
	on pi systemctl start slow-stop
	return $code
}
read_only_has_no_actions() {
	fleet 120 40 --read-only pi && wait_for '2 failed' && at pi/unit/caddy-workstation.service && keys x && wait_for 'caddy-workstation.service on pi' && see_not 'restart' && esc &&
		keys r && wait_for 'read-only' && see_not 'Restart caddy'
}
# Units of other types are rows while they are failed, and the manager says by itself that it is degraded.
_no_mount() { on pi sh -c 'rm -f /run/systemd/system/srv-nothere.mount; systemctl reset-failed srv-nothere.mount; systemctl daemon-reload' >/dev/null; }
a_failed_mount_needs_you() {
	local code=1
	fleet 120 40 pi && wait_for '2 failed' && see_not 'srv-nothere' &&
		on pi sh -c 'printf "[Mount]\nWhat=/dev/nothere\nWhere=/srv/nothere\n" >/run/systemd/system/srv-nothere.mount && systemctl daemon-reload; systemctl start srv-nothere.mount' >/dev/null
	wait_for 'unit +srv-nothere.mount +failed: its command failed' && wait_for '3 failed' &&
		ends 1 "$MOCR" -F "$config" status --json pi && jq -e '.servers[0].units[] | select(.name == "srv-nothere.mount" and .health == "bad")' "$work/out" >/dev/null &&
		jq -e '.servers[0].sources.systemd.detail | test("degraded, 2 failed")' "$work/out" >/dev/null &&
		on pi systemctl reset-failed srv-nothere.mount >/dev/null && wait_gone 'srv-nothere' && wait_for '2 failed' && code=0
	_no_mount
	return $code
}
