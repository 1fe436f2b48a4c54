# What a terminal channel writes comes through the tmux of every release that the servers run.
# shellcheck disable=SC2154

# _tmux_of SERVER: the tmux of that server with its loader and libraries, to run here: $work/tmux-SERVER/bin/tmux.
_tmux_of() {
	local dir=$work/tmux-$1
	mkdir -p "$dir/bin"
	docker exec "mocrlab-$1" sh -c 'p=$(command -v tmux); tar -chPf - "$p" $(ldd "$p" | grep -oE "/[^ )]+")' | tar -xPf - -C "$dir" --transform 's,.*/,,' || return 1
	printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$(echo "$dir"/ld-linux*)" "$dir" "$dir/tmux" >"$dir/bin/tmux"
	chmod +x "$dir/bin/tmux"
}
_raw_has() { grep -aqF -- "$1" "$work/raw"; }
_through_tmux_of() {
	local tmux=$work/tmux-$1/bin/tmux inner=$work/inner-$1 code
	_tmux_of "$1" || return 1
	"$tmux" -V | sed 's/^/    /'
	rm -rf "$XDG_STATE_HOME/mocr"
	printf 'set -g %s\n' "allow-passthrough $2" 'status off' >"$work/inner.conf"
	raw 100 24 env -u TMUX TERM=xterm-256color PATH="$work/tmux-$1/bin:$PATH" sh -c "$tmux -S $inner -f $work/inner.conf new 'exec $MOCR --config $work/notify.conf'; sleep 9"
	if [ "$2" = on ]; then
		wait_until 20 _raw_has $'\e]9;mocr: gone: the server cannot be reached' && ! _raw_has Ptmux
	else
		wait_until 20 _raw_has $'\a' && sleep 0.5 && ! _raw_has ']9;' && is 'the title of the pane' "$("$tmux" -S "$inner" display -p '#{pane_title}')" '(1) mocr'
	fi
	code=$?
	"$tmux" -S "$inner" kill-server
	term_stop
	return $code
}
# bookworm's 3.3a, trixie's 3.5a and sid's, which may each let messages through or not.
messages_come_through_the_tmux_of_each_release() {
	local server
	printf '%s\n' '[settings]' 'local = no' '[server gone]' 'host = root@127.0.0.1:1' '[notify screen]' 'type = terminal' 'for = 0' >"$work/notify.conf"
	for server in sese pi relay; do
		_through_tmux_of $server on && _through_tmux_of $server off || return 1
	done
	is 'versions of tmux' "$(for server in sese pi relay; do "$work/tmux-$server/bin/tmux" -V; done | sort -u | wc -l)" 3
}

# --- each condition once, and its end once -------------------------------------------------------------------------------------------------

_ward_begins() { on sese docker run -d --name zward --network none --health-cmd 'test ! -e /sick' --health-interval 1s --health-retries 1 busybox:lab sleep 98765; }
_guard_begins() { on sese docker run -d --name zguard --network none busybox:lab sleep 87654; }
_guard_dies() { on sese pkill -KILL -f '^sleep 87654'; }
_guard_lives() { on sese docker start zguard; }
_ward_sick() { on sese docker exec zward touch /sick; }
_ward_well() { on sese docker exec zward rm /sick; }
_ward_gone() { on sese docker rm -f zward zguard; }
_unit_fails() { ! on relay systemd-run -q --wait --unit=e2e-told sh -c 'exit 7'; }
_unit_reset() { on relay systemctl reset-failed e2e-told; }
_user_unit_fails() { ! on pi runuser -u pi -- env XDG_RUNTIME_DIR=/run/user/1000 systemd-run -q --user --wait --unit=e2e-told sh -c 'exit 7'; }
_user_unit_reset() { user_unit reset-failed e2e-told; }
_mount_fails() { ! on pi sh -c 'printf "[Mount]\nWhat=/dev/nothere\nWhere=/srv/nothere\n" >/run/systemd/system/srv-nothere.mount && systemctl daemon-reload; systemctl start srv-nothere.mount'; }
_mount_over() { on pi systemctl reset-failed srv-nothere.mount; }
_door_opens() { on relay systemd-run -q --unit=e2e-door busybox httpd -f -p 127.0.0.1:7077 -h /srv; }
_door_shuts() { on relay systemctl stop e2e-door; }
_cut() { "$lab" cut pod; }
_heal() { "$lab" heal pod; }
# A disk of 16 MB that is full. Its image is on this machine: the servers may not make a loop device.
_disk_on() { nsenter -t "$(docker inspect -f '{{.State.Pid}}' "mocrlab-$1")" -m "${@:2}"; }
_disk_fills() {
	local loop
	truncate -s 16M "$work/disk" && mkfs.ext4 -q "$work/disk" && loop=$(losetup -f --show "$work/disk") || return 1
	on sese sh -c "mknod /dev/zdisk b $(stat -c '0x%t 0x%T' "$loop") && mkdir -p /mnt/zdisk" && _disk_on sese mount /dev/zdisk /mnt/zdisk &&
		on sese sh -c '! dd if=/dev/zero of=/mnt/zdisk/full bs=1M'
}
_disk_empties() { on sese rm /mnt/zdisk/full; }
_disk_gone() {
	_disk_on sese umount /mnt/zdisk
	on sese sh -c 'rm -f /dev/zdisk; rmdir /mnt/zdisk'
	losetup -j "$work/disk" | cut -d: -f1 | xargs -r -n1 losetup -d
}
# An HTTPS server on relay, whose certificate is good for so many days.
_serves_for() {
	on relay sh -ec "cd /root; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $1 -subj /CN=zcert -keyout zkey.pem -out zcert.pem 2>/dev/null
		systemctl stop e2e-cert 2>/dev/null || true; systemd-run -q --unit=e2e-cert -p WorkingDirectory=/root openssl s_server -accept 127.0.0.1:7443 -cert zcert.pem -key zkey.pem -www"
}
_certificate_ends() { _serves_for 2; }
_certificate_new() { _serves_for 90; }
_certificate_gone() { on relay sh -c 'systemctl stop e2e-cert; rm -f /root/zkey.pem /root/zcert.pem'; }

_told_over() {
	{ unwatched; _heal; _ward_gone; _door_shuts; _unit_reset; _user_unit_reset; _certificate_gone; _disk_gone; } >/dev/null 2>&1
	on pi sh -c 'rm -f /run/systemd/system/srv-nothere.mount; systemctl daemon-reload' >/dev/null
}
# The things on pod are hidden by the loss of pod: no message of them. Disks are listed once a minute: the disk fills first, and its
# message is waited for at the end.
each_condition_is_told_once_and_its_end_once() {
	local code=1
	printf '%s\n' '[settings]' 'local = no' 'warn_for = 1' '[server relay]' '[check door]' 'tcp = 127.0.0.1:7077' 'from = relay' 'every = 5' 'fails = 1' \
		'[check cert]' 'url = https://127.0.0.1:7443/' 'from = relay' 'insecure = yes' 'every = 5' 'fails = 1' | conf_telling
	_ward_begins >/dev/null && _guard_begins >/dev/null && _door_opens >/dev/null && _certificate_new >/dev/null && watching sese pi relay pod && _disk_fills >/dev/null &&
		_cut && told_once sese/container/zward _ward_sick _ward_well && told_once sese/container/zguard _guard_dies _guard_lives && told_once relay/unit/e2e-told.service _unit_fails _unit_reset &&
		told_once pi/unit/user:e2e-told.service _user_unit_fails _user_unit_reset && told_once pi/unit/srv-nothere.mount _mount_fails _mount_over &&
		told_once relay/check/door _door_shuts _door_opens && told_once pod/server/pod true _heal 60 && told_once relay/check/cert _certificate_ends _certificate_new &&
		told_once sese/server/sese true _disk_empties 90 && sleep 4 && told_in_all 9 && code=0
	[ $code = 0 ] || watch_said
	_told_over
	return $code
}
