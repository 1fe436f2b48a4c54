# Debian's ntfy on pi, which lets nobody write without a token: what mocr sends to it, and what it says when mocr may not.

_url=http://10.77.0.12:2587
_ntfy_conf='base-url: http://10.77.0.12:2587
listen-http: ":2587"
cache-file: /var/cache/ntfy/cache.db
auth-file: /var/lib/ntfy/user.db
auth-default-access: deny-all'
_answers() { curl -sf -m 5 $_url/v1/health | grep -q '"healthy":true'; }
_ntfy_up() {
	"$here/add" pi ntfy || { skipped_why='apt-get on pi gives no ntfy'; return 1; }
	on pi sh -c "systemctl stop ntfy; rm -rf /var/cache/ntfy /var/lib/ntfy; install -d -o _ntfy /var/cache/ntfy /var/lib/ntfy; printf '%s\n' '$_ntfy_conf' >/etc/ntfy/server.yml; systemctl start ntfy" >/dev/null
	wait_until 20 _answers || { note 'ntfy does not start'; return 1; }
	on pi sh -ec 'export NTFY_PASSWORD=zq8; for u in writer stranger; do ntfy user add $u; ntfy token add $u; done; ntfy access writer alerts rw' >"$work/ntfy-users"
	grep -oE 'tk_[a-z0-9]+' "$work/ntfy-users" | sed -n 1p >"$work/token"
	grep -oE 'tk_[a-z0-9]+' "$work/ntfy-users" | sed -n 2p >"$work/token-stranger"
	[ -s "$work/token-stranger" ] || { note "no tokens: $(tail -n 1 "$work/ntfy-users")"; return 1; }
	echo tk_0123456789abcdefghijklmnopqrs >"$work/token-wrong"
	chmod 600 "$work"/token*
}
_ntfy_over() {
	unwatched 2>/dev/null
	on pi sh -c 'systemctl stop ntfy; systemctl reset-failed e2e-ntfy' >/dev/null
}
# _phone TOKEN-FILE [LINE...]: the configuration
_phone() {
	printf '%s\n' '[settings]' 'local = no' '[notify phone]' 'type = ntfy' "url = $_url/alerts" "token_file = $work/$1" 'for = 2' 'click = https://grafana.example/d/1' "${@:2}" | conf
}
# What the phone has: a JSON object per message.
_phone_has() { curl -s -m 5 -H "Authorization: Bearer $(cat "$work/token")" "$_url/alerts/json?poll=1" >"$work/phone"; jq -se "$1" "$work/phone" >/dev/null; }
_unit_fails() { ! on relay systemd-run -q --wait --unit=e2e-ntfy sh -c 'exit 7'; }
_unit_reset() { on relay systemctl reset-failed e2e-ntfy; }

ntfy_gets_a_need_and_its_end() {
	_ntfy_up || return 1
	_phone token '[ntfy alerts]' 'server = pi' "url = http://127.0.0.1:2587"
	: >"$work/said"
	ends 0 "$MOCR" -F "$config" notify --test phone && says 'phone' && _phone_has '.[0] | .title != "" and .topic == "alerts"' && watching relay pi &&
		_unit_fails >/dev/null && wait_until 30 _phone_has 'map(select(.title | test("e2e-ntfy"))) | length == 1' &&
		is 'what the phone shows' "$(jq -sr '.[-1] | "\(.priority) \(.tags) \(.click)"' "$work/phone")" '4 ["rotating_light"] https://grafana.example/d/1' &&
		jq -se '.[-1].message | test("exit code 7")' "$work/phone" >/dev/null &&
		_unit_reset && wait_until 30 _phone_has '.[-1] | .title | test("e2e-ntfy.service is well again")' &&
		is 'how loud an end is' "$(jq -sr '.[-1].priority // 3' "$work/phone")" 2 &&
		wait_until 20 _row_is good
	local code=$?
	[ $code = 0 ] || sed 's/^/    phone: /' "$work/phone"
	_ntfy_over
	return $code
}
_row_is() { "$MOCR" -F "$config" --wait 20 status --json pi 2>/dev/null | jq -e --arg h "$1" '.servers[0].systems[] | select(.id == "pi/system/ntfy/alerts") | .health == $h' >/dev/null; }
# A message made while ntfy is away waits for it.
ntfy_away_loses_no_message() {
	_ntfy_up || return 1
	_phone token
	: >"$work/said"
	watching relay && on pi systemctl stop ntfy && _unit_fails >/dev/null && sleep 6 && on pi systemctl start ntfy && wait_until 60 _phone_has 'map(select(.title | test("e2e-ntfy"))) | length == 1'
	local code=$?
	_unit_reset >/dev/null
	_ntfy_over
	return $code
}
ntfy_says_why_it_refuses() {
	_ntfy_up || return 1
	_phone token-wrong
	ends 1 "$MOCR" -F "$config" notify --test phone && says 'the token .401: unauthorized.' || { _ntfy_over; return 1; }
	_phone token-stranger
	ends 1 "$MOCR" -F "$config" notify --test phone && says '403' && fleet 120 40 relay && wait_for '● relay' 20 && _unit_fails >/dev/null &&
		wait_for 'notify phone.*403' 30 && _phone_has 'true' && is 'messages' "$(wc -l <"$work/phone")" 0
	local code=$?
	_unit_reset >/dev/null
	_ntfy_over
	return $code
}
