# make chaos: what the whole check does with a few (screens/engine), done with many on a real server.
# shellcheck disable=SC2154

# Containers that die together are one message, and their recovery is another. STORM: how many.
_told() { cat "$work/said" 2>/dev/null | grep -c "^MOCR_WHAT=$1"; }
_told_is() { [ "$(_told "$1")" = "$2" ]; }
_storm_over() {
	[ -z "${storm_watch:-}" ] || { kill "$storm_watch" && wait "$storm_watch"; } 2>/dev/null
	on sese sh -c 'docker ps -aq --filter label=storm | xargs -r docker rm -f' >/dev/null
}
a_storm_is_one_message() {
	local many=${STORM:-200} code storm_watch=
	on sese sh -c "for i in \$(seq $many); do docker run -d --label storm --name storm-\$i --network none --log-driver none busybox:lab sleep 98765; done" >/dev/null
	rm -f "$work/said"
	printf '%s\n' '[settings]' 'local = no' '[notify run]' 'type = command' 'kinds = container' 'for = 2' "command = env | grep ^MOCR_ >>$work/said" | conf
	"$MOCR" -F "$config" watch sese >"$work/storm.out" 2>"$work/storm.err" </dev/null &
	storm_watch=$!
	wait_until 30 _told_is need 1 && sleep 3 && : >"$work/said" && is 'containers that die' "$(on sese sh -c 'pkill -c -KILL -f "^sleep 98765"')" "$many" &&
		wait_until 60 _told_is need 1 && sleep $((5 + many / 10)) && is 'messages' "$(_told need)" 1 && grep -E "^MOCR_(TITLE|COUNT)" "$work/said" && grep -q "$many" "$work/said" &&
		on sese sh -c 'docker ps -aq --filter label=storm | xargs -r docker start' >/dev/null && wait_until 90 _told_is resolved 1 && sleep $((3 + many / 10)) && is 'messages of the end' "$(_told resolved)" 1
	code=$?
	[ $code = 0 ] || sed 's/^/    said: /' "$work/said"
	_storm_over
	return $code
}
