#!/bin/bash
# Words for the setup of a server. Everything here may run twice.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# add_user NAME PASSWORD KEY GROUPS: "-" for no password or no key
add_user() {
	id "$1" >/dev/null 2>&1 || useradd -m -s /bin/bash "$1"
	[ "$2" = - ] || echo "$1:$2" | chpasswd
	[ -z "$4" ] || usermod -aG "$4" "$1"
	[ "$3" = - ] || allow_key "$1" "$3"
}

allow_key() {
	local home
	home=$(getent passwd "$1" | cut -d: -f6)
	install -d -m 700 -o "$1" -g "$1" "$home/.ssh"
	install -m 600 -o "$1" -g "$1" "/lab/keys/$2.pub" "$home/.ssh/authorized_keys"
}

# sshd_says LINE...: its settings, and a restart only where they changed
sshd_says() {
	local file=/etc/ssh/sshd_config.d/lab.conf
	chmod 600 /etc/ssh/ssh_host_*_key
	{
		printf '%s\n' 'MaxStartups 200' 'LoginGraceTime 30'
		# Tests fail to log in on purpose; OpenSSH 9.8 would lock this machine out.
		sshd -T 2>/dev/null | grep -qi persourcepenalties && echo 'PerSourcePenalties no'
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$file.new"
	cmp -s "$file.new" "$file" && return
	mv "$file.new" "$file"
	sshd -t
	systemctl restart ssh
}

on() { systemctl unmask -q "$@"; systemctl enable -q --now "$@"; }

start_docker() {
	on docker.service docker.socket
	# Compose leaves alone what a test left paused.
	docker ps -q --filter status=paused | xargs -r docker unpause >/dev/null
}

# A root folder for images: busybox, and bash where asked for.
image_root() { # DIR [bash]
	mkdir -p "$1/bin" "$1/etc" "$1/tmp" "$1/root" "$1/var/log" "$1/proc" "$1/sys" "$1/dev"
	cp /usr/bin/busybox "$1/bin/busybox" 2>/dev/null || cp /bin/busybox "$1/bin/busybox"
	"$1/bin/busybox" --install -s "$1/bin"
	# --install makes links to the path it was started by
	for link in "$1"/bin/*; do [ ! -L "$link" ] || ln -sfn busybox "$link"; done
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$1/etc/passwd"
	printf 'root:x:0:\n' >"$1/etc/group"
	install -m 755 /lab/tick "$1/bin/tick"
	[ "${2-}" != bash ] || add_bash "$1"
}

add_bash() {
	local lib
	cp /bin/bash "$1/bin/bash"
	for lib in $(ldd /bin/bash | grep -o '/[^ ]*'); do
		mkdir -p "$1$(dirname "$lib")"
		cp -L "$lib" "$1$lib"
	done
}

# make_images ENGINE NAME...: one image under many names; bash:NAME for one with bash
make_images() {
	local engine=$1 dir plain='' full=''
	shift
	dir=$(mktemp -d)
	for name in "$@"; do
		$engine image inspect "${name#bash:}" >/dev/null 2>&1 && continue
		case $name in
		bash:*)
			[ -n "$full" ] || { image_root "$dir/full" bash
				full=$(tar -C "$dir/full" -c . | $engine import -q - lab-bash:1 2>/dev/null ||
					tar -C "$dir/full" -c . | $engine import - lab-bash:1); }
			$engine tag lab-bash:1 "${name#bash:}" ;;
		*)
			[ -n "$plain" ] || { image_root "$dir/plain"
				plain=$(tar -C "$dir/plain" -c . | $engine import - lab-busybox:1); }
			$engine tag lab-busybox:1 "$name" ;;
		esac
	done
	rm -rf "$dir"
}

# run NAME OPTIONS...: a container that is made once and then only started
run() {
	local name=$1
	shift
	docker container inspect "$name" >/dev/null 2>&1 || docker create --name "$name" "$@" >/dev/null
	docker start "$name" >/dev/null
}
