# A terminal there, on the same connection, and the console back as it was.

_prompt='[$#] *$'

shell_on_a_server_and_back() {
	local before after
	fleet 100 30 pi && wait_for '● pi .*2 failed' && at_server pi && keys z && wait_for '● pi' && keys s && wait_for "pi@pi.*$_prompt" && type_text 'echo "$TERM $(tput cols)x$(tput lines)"' &&
		keys Enter && wait_for '^[a-z0-9-]+ 100x30' && type_text 'tty; whoami' && keys Enter && wait_for '/dev/pts' && resize 90 25 && sleep 0.5 &&
		type_text 'stty size' && keys Enter && wait_for '25 90' && resize 100 30 && sleep 0.3 && type_text exit && keys Enter && wait_for 'mocr › ' && see '● pi'
}
_windows() { [ "$(tmux -S "$sock" list-windows -t t | wc -l)" = "$1" ]; }
# The shell has a window of tmux to itself; asked for again, that window is gone to.
shell_in_a_tmux_window() {
	fleet 100 30 pi && wait_for '● pi .*2 failed' && at_server pi && keys S && wait_until 5 _windows 2 && wait_for "pi@pi.*$_prompt" && type_text 'echo in-$((40+2))' && keys Enter &&
		wait_for '^in-42' && tmux -S "$sock" select-window -t t:0 && wait_for 'mocr › ' && see 'tmux window of its own' && keys S && wait_for '^in-42' && _windows 2 &&
		type_text exit && keys Enter && wait_until 5 _ended
}
_ended() { tmux -S "$sock" list-panes -s -t t -F '#{window_index} #{pane_dead}' | grep -q '^1 1'; }
shell_in_a_container() {
	fleet 100 30 sese && wait_for "$sese" && at sese/container/javisi_n8n && keys s && wait_for "$_prompt" && type_text 'cat /etc/hostname; ls /bin/tick' && keys Enter &&
		wait_for '/bin/tick' && type_text 'exit' && keys Enter && wait_for 'mocr › ' && see 'javisi_n8n'
}
shell_in_a_podman_container() {
	fleet 100 30 pod && wait_for '2/4' && at pod/container/feeds && keys s && wait_for "$_prompt" && type_text 'ls /bin/tick' && keys Enter && wait_for '^/bin/tick' &&
		type_text exit && keys Enter && wait_for 'mocr › '
}
shell_on_a_strict_server() {
	fleet 100 30 strict && wait_for '2/2' && at_server strict && keys s && wait_for "ops@strict.*$_prompt" && type_text exit && keys Enter && wait_for 'mocr › '
}
shell_kept_and_taken_again() {
	fleet 100 30 pi && wait_for '● pi .*2 failed' && at_server pi && keys s && wait_for "pi@pi.*$_prompt" && type_text 'MARK=kept-$((40+2)); vi' && keys Enter && sleep 0.5 && keys Escape &&
		type_text ':q' && keys Enter && sleep 0.3 && type_text 'echo $MARK' && keys Enter && wait_for '^kept-42' && keys C-] && wait_for 'keep|leave|close|mocr › ' || return 1
	keys k && wait_for 'mocr › ' && wait_for '1 shell kept' && keys s && wait_for 'echo .MARK' && type_text 'echo again $MARK' && keys Enter &&
		wait_for '^again kept-42' && keys C-] && wait_for 'runs on|keep|Keep' && keys k && wait_for 'mocr › ' && keys W && wait_for 'pi: shell|pi +shell' && keys Enter &&
		wait_for '^again kept-42' && type_text exit && keys Enter && wait_for 'mocr › ' && wait_gone 'shell kept'
}
# The screen without what the clock and the machine change.
_still() { screen | sed -E 's/[0-9.]+//g; s/[▁▂▃▄▅▆▇█]//g; s/ +/ /g; s/[!] //g'; }
full_screen_program_and_exact_screen_back() {
	fleet 100 30 pi && wait_for '● pi .*2 failed' && keys 2 z && wait_for '─ 2 Containers' && wait_for 'ntfy' || return 1
	_still >"$work/before"
	keys 3 s && wait_for "pi@pi.*$_prompt" && type_text 'top' && keys Enter && wait_for 'load average' && keys q && sleep 0.3 && type_text exit && keys Enter &&
		wait_for 'mocr › ' && see_not 'load average' && wait_for 'pi: shell: ended' && keys 2 && wait_for '─ 2 Containers' && sleep 10 && _still >"$work/after" &&
		diff "$work/before" "$work/after"
}
data_kept_fresh_meanwhile() {
	fleet 100 30 sese && wait_for "$sese" && at_server sese && keys s && wait_for "ops@sese.*$_prompt" && on sese docker stop -t 0 mini_web_1 >/dev/null && sleep 1 &&
		type_text exit && keys Enter && wait_for 'mocr › ' && keys 2 && alone mini_web && wait_for 'mini_web_1 +exited' 3
	local code=$?
	mini_up
	return $code
}
lost_link_ends_the_shell() {
	fleet 100 30 sese && wait_for "$sese" && at_server sese && keys s && wait_for "ops@sese.*$_prompt" && kill_our_session sese 804 && wait_for 'mocr › ' 15 &&
		wait_for "$sese" 20
}
mocr_shell_of_the_command_line() {
	term 100 30 "$MOCR" -F "$config" shell sese/container/javisi_n8n && wait_for "$_prompt" && type_text 'ls /bin/tick; exit 3' && keys Enter && wait_dead && is 'exit code' "$(exit_code)" 3
}
# While the shell has the terminal, nobody sees figures: their streams end, and are back with the screen. What stays are the events and
# idle connections of requests.
_streams_are() { [ "$(on sese sh -c 'ss -xH state established src /run/docker.sock | wc -l')" "$@" ]; }
a_shell_lets_the_figures_rest() {
	fleet 100 40 sese && wait_for "$sese" && keys 2 z && wait_for '─ 2 Containers' && wait_until 15 _streams_are -gt 12 && at_server sese && keys s && wait_for "ops@sese.*$_prompt" &&
		wait_until 15 _streams_are -le 8 && type_text exit && keys Enter && wait_for 'mocr › ' && keys 2 && wait_until 15 _streams_are -gt 12
}
