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
