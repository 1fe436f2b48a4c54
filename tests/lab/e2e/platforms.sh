# A platform beyond a server: reached through its SSH connection, which is cut while it deploys. The platform is a fake on this machine, at
# the address by which the servers see it.

. "$top/tests/fakes/lib.sh"
_gateway=10.77.0.1

_dokploy() {
	fake dokploy "$1" $_gateway && printf '%s\n' '[settings]' 'local = no' '[dokploy home]' 'server = sese' "url = http://$_gateway:$port" \
		'token_command = echo key-of-the-fake' 'stack_image = ghcr.example/ai-stack:1' 'stack_domain = ai.example' | conf
}
_state_of_web() { "$MOCR" -F "$config" --wait 40 status --json sese 2>/dev/null | jq -r '.servers[0].apps[] | select(.id == "sese/app/home/shop/web") | .state'; }

platform_through_a_server() {
	_dokploy 0.29.5 && ends 0 "$MOCR" -F "$config" --yes do deploy sese/app/home/shop/web && says 'deployed within' &&
		is 'where they come from' "$(curl -s "http://$_gateway:$port/_clients")" '["10.77.0.11"]' &&
		ends 0 "$MOCR" -F "$config" --yes do 'new stack' sese/app/home blue-2 && says 'answers at https://blue-2.ai.example' &&
		fleet 120 40 sese && wait_for "$sese" && command_line apps && keys z && wait_for 'ai-stack-blue-2 .*done' && see 'shop +web .*done'
	local code=$?
	stop_fakes
	return $code
}
platform_and_the_link_is_cut() {
	_dokploy 0.29.5 && tell _set '{"slow":8}' && fleet 120 40 sese && wait_for "$sese" && command_line apps && keys z && wait_for 'shop +web .*done' &&
		keys G D && wait_for 'application.deploy of web' && keys y && wait_for 'deploy: running' && kill_our_session sese 804 &&
		wait_for 'deploy failed: Dokploy home: the link was lost; what was started continues there' && wait_for 'web .*running' 30 &&
		wait_for 'web .* done +[0-9]+s' 40 && is 'deploys' "$(called 'POST /api/application.deploy')" 1 && is 'state' "$(_state_of_web)" 'done'
	local code=$?
	stop_fakes
	return $code
}
