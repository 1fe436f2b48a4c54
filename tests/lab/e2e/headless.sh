# Without a screen: status, do, recordings.



status_codes() {
	ends 0 "$MOCR" -F "$config" status relay && says '^relay +up' && ends 1 "$MOCR" -F "$config" status sese && says 'javisi_diun .*oom' &&
		ends 2 "$MOCR" -F "$config" status sese refused && says 'refused the connection' && ends 64 "$MOCR" -F "$config" status --nonsense
}
status_json() {
	ends 1 "$MOCR" -F "$config" status --json sese pi && jq -e '.version == 1 and ([.servers[].name] == ["sese", "pi"])' "$work/out" >/dev/null &&
		is 'services of javisi' "$(jq '[.servers[0].containers[] | select(.name | startswith("javisi_"))] | length' "$work/out")" 17 &&
		is 'health of diun' "$(jq -r '.servers[0].containers[] | select(.name == "javisi_diun") | .health' "$work/out")" bad &&
		is 'failed units' "$(jq '[.servers[1].units[] | select(.health == "bad")] | length' "$work/out")" 2 &&
		! grep -q not-a-secret "$work/out"
}
# A mount whose program is silent, on this machine: the disks are measured all the same, though it takes seconds, and it is named.
status_beside_a_mount_that_hangs() {
	cat >"$work/hang.py" <<-'END'
		import ctypes, os, subprocess, sys
		c = ctypes.CDLL(None, use_errno=True)
		NEWNS, NOSUID_NODEV, REC_PRIVATE, DETACH = 0x20000, 6, 0x44000, 2
		assert c.unshare(NEWNS) == 0 and c.mount(b"none", b"/", None, REC_PRIVATE, None) == 0
		fd = os.open("/dev/fuse", os.O_RDWR)
		options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % fd
		assert c.mount(b"silent", sys.argv[1].encode(), b"fuse.silent", NOSUID_NODEV, options) == 0
		code = subprocess.run(sys.argv[2:]).returncode
		os.close(fd)
		sys.exit(code)
	END
	mkdir "$work/nas one" &&
		ends 1 python3 "$work/hang.py" "$work/nas one" "$MOCR" status --json && rmdir "$work/nas one" || return 1
	is 'named' "$(jq -r '.servers[0].disks_hung[0]' "$work/out")" "$work/nas one" &&
		is 'why' "$(jq -r '.servers[0].why' "$work/out")" "$work/nas one does not answer" &&
		is 'disks' "$(jq '.servers[0].disks | length > 0' "$work/out")" true
}
# tailscaled listens where only its program knows, as on a Synology. It is this machine's, so no server is changed.
# 1, too: the tests beside this one have sessions on this machine that ask.
_status_of_here() { env PATH="$work/bin:$PATH" "$MOCR" status --json >"$work/out" 2>"$work/err"; [ $? -le 1 ]; }
status_by_the_program_of_tailscale() {
	[ ! -e /var/run/tailscale/tailscaled.sock ] || { skipped_why='this machine has a tailscaled'; return 0; }
	mkdir -p "$work/bin" && cat >"$work/bin/tailscale" <<-END
		#!/bin/sh
		[ "\$1" != "--socket=$work/ts one" ] || { touch "$work/asked"; shift; }
		case "\$*" in
		'status --json') cat "$top/tests/unit/answers/vpn/status-sese-1.86.json" ;;
		'debug watch-ipn '*) exec sleep 60 ;;
		*) echo "no such command here: \$*" >&2; exit 1 ;;
		esac
	END
	chmod +x "$work/bin/tailscale"
	_status_of_here && is state "$(jq -r '.servers[0].sources.tailscale.state' "$work/out")" live &&
		is peers "$(jq '[.servers[0].peers[]|select(.vpn=="tailscale")]|length' "$work/out")" 3 && [ ! -e "$work/asked" ] || return 1
	printf '[server local]\ntailscale_socket = %s\n' "$work/ts one" | conf
	_status_of_here && is state "$(jq -r '.servers[0].sources.tailscale.state' "$work/out")" live && [ -e "$work/asked" ]
	local code=$?
	rm -rf "$work/bin" "$work/asked"
	return $code
}
status_says_what_it_would_have_to_ask() { ends 2 "$MOCR" -F "$config" status strict-pwd && says 'password'; }
do_restart() {
	local before
	before=$(started_at sese mini_web_1)
	ends 64 "$MOCR" -F "$config" do restart sese/container/mini_web_1 && says 'yes' && is 'started' "$(started_at sese mini_web_1)" "$before" &&
		ends 0 "$MOCR" -F "$config" do restart sese/container/mini_web_1 --yes && says 'done' && [ "$(started_at sese mini_web_1)" != "$before" ] &&
		activity_has 'mini_web_1.*restart'
}
do_wrong_words() {
	ends 1 "$MOCR" -F "$config" do restart sese/container/mini_wev_1 --yes && says 'did you mean sese/container/mini_web_1' &&
		ends 64 "$MOCR" -F "$config" do dance sese/container/mini_web_1 --yes && says 'restart' && ends 2 "$MOCR" -F "$config" do restart refused/container/x --yes
}
do_on_a_protected_server() {
	printf '[server sese]\nprotect = yes\n' | conf
	ends 64 "$MOCR" -F "$config" do restart sese/container/mini_web_1 --yes && says 'protected'
}
do_read_only() { ends 1 "$MOCR" -F "$config" --read-only do restart sese/container/mini_web_1 --yes || ends 64 "$MOCR" -F "$config" --read-only do restart sese/container/mini_web_1 --yes; }
do_that_fails_says_why() { ends 1 "$MOCR" -F "$config" --batch do restart pi/unit/caddy-workstation.service --yes && says 'password|sudo'; }
record_then_replay() {
	fleet 120 40 --record "$work/rec" sese pi && wait_for "$sese" && wait_for 'javisi_litellm +healthy' && wait_for '● pi .*2 failed' && at sese/container/javisi_litellm &&
		keys d && wait_for 'LITELLM_MASTER_KEY' && keys e && wait_for 'sk-lab-not-a-secret' && keys q && sleep 0.5 && keys q && wait_dead || return 1
	! grep -aqE 'not-a-secret|raspberry' "$work/rec/answers" || { note 'a secret in the recording'; grep -aoE '.{60}(not-a-secret|raspberry)' "$work/rec/answers" | head -n 3; return 1; }
	term_stop
	mocr 120 40 --replay "$work/rec" && wait_for "$sese" && wait_for 'javisi_litellm +healthy' && wait_for 'javisi_diun .*oom' && wait_for '● pi .*2 failed' &&
		at sese/container/javisi_litellm && keys d && wait_for 'LITELLM_MASTER_KEY' && keys e && sleep 0.3 && see_not 'not-a-secret'
	local code=$?
	rm -rf "$work/rec"
	return $code
}
all_hosts() {
	printf 'Include %s\n' "$config" >"$work/all"
	ends 2 "$MOCR" -F "$work/all" --batch --all-hosts --wait 15 status && says '^sese +up' && says '^pi +up' && says '^dead' && says '^refused'
}
no_terminal_no_screen() { ends 64 "$MOCR" -F "$config" sese && says 'mocr status'; }

# --- doctor and completion ------------------------------------------------------------------------------------------------

doctor_on_real_servers() {
	TERM=xterm ends 0 "$MOCR" -F "$config" doctor sese pi relay strict && says '^  note root +the login is in no group' && says '^  ok +root +by sudo; mocr asks' &&
		says '^  ok +root +the login is root' && says '^  ok +docker +Docker/.*by docker system dial-stdio' && says '^  ok +systemd +systemd 257' &&
		{ ! grep -q BAD "$work/out"; }
}
completion_knows_what_is_on_a_server() {
	ends 0 "$MOCR" -F "$config" complete -- do restart pi/unit/relo && says '^pi/unit/reloadable.service' &&
		ends 0 "$MOCR" -F "$config" complete -- shell pi/container/nt && says '^pi/container/ntfy' &&
		ends 0 "$MOCR" -F "$config" complete -- do restart p && says '^pi/' && { ! grep -q container "$work/out"; }
}
