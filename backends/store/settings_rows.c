/* settings_rows.c: a row for every key of the configuration file, and the setters of values. The
 * rows also make mocr-config(5). */
#include "backends/store/settings_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backends/base/mem.h"

#define TINTS "red yellow green cyan blue magenta none"
#define S(field) offsetof(struct settings, field)
#define V(field) offsetof(struct server_config, field)
#define H(field) offsetof(struct headscale_config, field)
#define O(field) offsetof(struct opencode_config, field)
#define D(field) offsetof(struct deploy_config, field)
#define P(field) offsetof(struct dokploy_config, field)
#define W(field) offsetof(struct platform_config, field)
#define C(field) offsetof(struct check_config, field)
#define K(field) offsetof(struct look_config, field)
#define T(field) offsetof(struct tag_config, field)
#define L(field) offsetof(struct litellm_config, field)
#define A(field) offsetof(struct ci_config, field)
#define Z(field) offsetof(struct zlh_config, field)
_Static_assert(Z(url) == W(url) && Z(server) == W(server) && Z(token_command) == W(token_command),
               "the sections of all systems begin alike");
#define G(field) offsetof(struct logs_config, field)
_Static_assert(A(url) == W(url) && A(server) == W(server) && A(token_command) == W(token_command),
               "the sections of all systems begin alike");
_Static_assert(G(url) == W(url) && G(server) == W(server) && G(token_command) == W(token_command),
               "the sections of all systems begin alike");
_Static_assert(L(url) == W(url) && L(server) == W(server) && L(token_command) == W(token_command),
               "the sections of all systems begin alike");

/* The keys that every system has. where: its address; token: what token_command prints. */
#define SYSTEM_ROWS(section, where, token)                                                     \
	{ section, "url", SETTING_TEXT, W(url), 0, 0, NULL, NULL,                              \
	  "where it is, as seen from the server or this machine: " where },                    \
		{ section, "server", SETTING_TEXT, W(server), 0, 0, NULL, NULL,                \
		  "the server to go through, as a [server NAME] or argument calls it; this "   \
		  "machine when absent" },                                                     \
		{ section, "token_command", SETTING_COMMAND, W(token_command), 0, 0, NULL,     \
		  NULL, "run on this machine, prints " token }
/* The keys of a system with a protocol of its own. */
#define WIRED_ROWS(section, where, password)                                                   \
	{ section, "url", SETTING_TEXT, W(url), 0, 0, NULL, NULL,                              \
	  "where it is, as seen from the server or this machine: " where },                    \
		{ section, "server", SETTING_TEXT, W(server), 0, 0, NULL, NULL,                \
		  "the server to go through, as a [server NAME] or argument calls it; this "   \
		  "machine when absent" },                                                     \
		{ section, "password_command", SETTING_COMMAND, W(token_command), 0, 0, NULL,  \
		  NULL, "run on this machine, prints " password }
#define M(field) offsetof(struct metric_config, field)
#define N(field) offsetof(struct notify_config, field)

const struct setting_row setting_rows[] = {
	{ "settings", "theme", SETTING_TEXT, S(theme), 0, 0, "default", NULL,
	  "colours: a file of this name in the themes folders" },
	{ "settings", "panels", SETTING_TEXT, S(panels), 0, 0, NULL, NULL,
	  "the panels that come first, by name, with blanks between; keys 1 to 9 and the bar "
	  "follow this order, and the others come after them" },
	{ "settings", "layout", SETTING_TEXT, S(layout), 0, 0, NULL, "panes big columns beside",
	  "how the panes lie: panes, one big one, two columns, or a list with its details "
	  "beside it; the one used last when absent" },
	{ "settings", "local", SETTING_YES_NO, S(local), 0, 0, "yes", NULL,
	  "watch this machine too, when no server is named" },
	{ "settings", "ssh_config", SETTING_FILE, S(ssh_config), 0, 0, NULL, NULL,
	  "the ssh_config to read instead of OpenSSH's own, as with ssh -F" },
	{ "settings", "connect_timeout", SETTING_NUMBER, S(connect_timeout), 1, 120, "5", NULL,
	  "seconds until a server that does not answer counts as lost" },
	{ "settings", "vitals_interval", SETTING_NUMBER, S(vitals_interval), 1, 3600, "3", NULL,
	  "seconds between two looks at load, CPU and memory" },
	{ "settings", "opencode_memory", SETTING_NUMBER, S(opencode_memory), 64, 1 << 20, "4096",
	  NULL, "memory in MB from which an OpenCode server is marked" },
	{ "settings", "budget", SETTING_NUMBER, S(budget), 1, 100000000, NULL, NULL,
	  "cents that the sessions of all servers may cost in a day; from 80 per cent it needs "
	  "attention, over it is a problem" },
	{ "settings", "finished", SETTING_YES_NO, S(wants.finished), 0, 0, "yes", NULL,
	  "a session that ended its turn is in the queue until somebody looks at it, a day at "
	  "most; no: it is only marked as done" },
	{ "settings", "disk_warn", SETTING_NUMBER, S(disk_warn), 1, 100, "80", NULL,
	  "a disk this full, in per cent, needs attention: at once if it is found so full, "
	  "otherwise after warn_for" },
	{ "settings", "memory_warn", SETTING_NUMBER, S(memory_warn), 1, 101, "90", NULL,
	  "so much memory in use, in per cent, needs attention after warn_for; 101: never" },
	{ "settings", "cpu_warn", SETTING_NUMBER, S(cpu_warn), 1, 101, "90", NULL,
	  "so busy processors, in per cent of all, need attention after warn_for; 101: never" },
	{ "settings", "warn_for", SETTING_NUMBER, S(warn_for), 1, 86400, "300", NULL,
	  "seconds that memory, CPU or a disk must be over its limit" },
	{ "settings", "vpn_peers", SETTING_TEXT, S(wants.vpn_peers), 0, 0, NULL, NULL,
	  "peers of a VPN that must be online, by name, separated by blanks; one that is not needs "
	  "attention, and so does a name that no VPN lists while all servers are connected; a "
	  "WireGuard peer must have PersistentKeepalive for that" },
	{ "settings", "for", SETTING_NUMBER, S(need_for), 0, 3600, "3", NULL,
	  "seconds that a condition must hold until it is in the queue; questions, and what was "
	  "wrong already, are there at once; with 0 everything is, and what comes and goes is not "
	  "counted" },
	{ "settings", "log_memory", SETTING_NUMBER, S(log_memory), 1, 4096, "64", NULL,
	  "memory for the lines of followed logs, in MB; the oldest go first" },
	{ "settings", "image_updates", SETTING_NUMBER, S(image_updates), 0, 720, "0", NULL,
	  "hours between two questions to a registry, by the server's engine, whether it has a "
	  "newer image of a tag in use; 0: only V asks" },
	{ "settings", "package_updates", SETTING_NUMBER, S(package_updates), 0, 720, "0", NULL,
	  "hours between two looks at the pending packages of a server, by its apt and without "
	  "the network; 0: only V looks" },
	{ "settings", "hints", SETTING_YES_NO, S(screen.hints), 0, 0, "yes", NULL,
	  "the line of keys at the bottom" },
	{ "settings", "mouse", SETTING_YES_NO, S(screen.mouse), 0, 0, "no", NULL,
	  "use the mouse: click, wheel, drag the lines between panes; with Shift the terminal "
	  "selects text as before" },
	{ "settings", "remember", SETTING_YES_NO, S(remember), 0, 0, "yes", NULL,
	  "begin where the last console ended: pane, filters, cursors, and the last known rows, "
	  "dimmed, until the servers answer; no keeps nothing of that" },
	{ "settings", "ascii", SETTING_YES_NO, S(screen.ascii), 0, 0, "no", NULL,
	  "draw without UTF-8 even where the locale has it" },
	{ "settings", "read_only", SETTING_YES_NO, S(read_only), 0, 0, "no", NULL,
	  "refuse whatever changes a server or types into it: actions, shells, attaching" },
	{ "server", "host", SETTING_TEXT, V(host), 0, 0, NULL, NULL,
	  "where it is: a Host of ssh_config or [user@]host[:port]; the section's name when "
	  "absent" },
	{ "server", "identity", SETTING_PATH, V(identity), 0, 0, NULL, NULL,
	  "the key file to log in with" },
	{ "server", "units", SETTING_TEXT, V(units), 0, 0, NULL, NULL,
	  "units that must exist, separated by blanks; a missing one is a problem, shown with the "
	  "nearest names that exist" },
	{ "server", "sudo", SETTING_TEXT, V(sudo), 0, 0, "auto", "auto never",
	  "auto: where the login lacks a right, sudo is tried, or doas where there is no sudo; "
	  "never: neither is" },
	{ "server", "tailscale_socket", SETTING_TEXT, V(tailscale_socket), 0, 0, NULL, NULL,
	  "where its tailscaled listens, when neither in the usual place nor known to its "
	  "program" },
	{ "server", "parent", SETTING_TEXT, V(parent), 0, 0, NULL, NULL,
	  "the server that it cannot be reached without, a VPN hub or a host of virtual machines, "
	  "as a [server NAME] or argument calls it; while that is down, this one folds under it; "
	  "hosts of ProxyJump are known" },
	{ "server", "tags", SETTING_TEXT, V(tags), 0, 0, NULL, NULL,
	  "groups that it belongs to, separated by blanks: with prod here, mocr @prod opens it, "
	  "and /@prod shows its rows" },
	{ "server", "tint", SETTING_TEXT, V(tint), 0, 0, NULL, TINTS,
	  "the colour of its name, with a # before it, so that production looks different; none: "
	  "not that of its tags" },
	{ "server", "protect", SETTING_YES_NO, V(protect), 0, 0, "no", NULL,
	  "acting on it asks for its name to be typed" },
	{ "server", "connect_timeout", SETTING_NUMBER, V(connect_timeout), 1, 120, NULL, NULL,
	  "as in [settings], for this one" },
	{ "server", "disk_warn", SETTING_NUMBER, V(disk_warn), 1, 100, NULL, NULL,
	  "as in [settings], for this one" },
	{ "server", "memory_warn", SETTING_NUMBER, V(memory_warn), 1, 101, NULL, NULL,
	  "as in [settings], for this one" },
	{ "server", "cpu_warn", SETTING_NUMBER, V(cpu_warn), 1, 101, NULL, NULL,
	  "as in [settings], for this one" },
	{ "server", "warn_for", SETTING_NUMBER, V(warn_for), 1, 86400, NULL, NULL,
	  "as in [settings], for this one" },
	{ "tag", "tint", SETTING_TEXT, T(tint), 0, 0, NULL, TINTS,
	  "the colour of the names of all servers with this tag; of several tags the first in "
	  "the server's list that has one counts" },
	{ "panel", "columns", SETTING_TEXT, K(columns), 0, 0, NULL, NULL,
	  "its columns from left to right, by name, with blanks between; those that come first "
	  "stay longest on a narrow screen" },
	{ "headscale", "url", SETTING_TEXT, H(url), 0, 0, NULL, NULL,
	  "of its REST API, as in https://hs.example; without it its program on the server is "
	  "asked" },
	{ "headscale", "server", SETTING_TEXT, H(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ "headscale", "token_command", SETTING_COMMAND, H(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints the API key: pass show headscale" },
	{ "headscale", "command", SETTING_COMMAND, H(command), 0, 0, NULL, NULL,
	  "how its program is called on the server: docker exec headscale headscale" },
	{ "opencode", "url", SETTING_TEXT, O(url), 0, 0, NULL, NULL,
	  "where it listens, as seen from the server: http://127.0.0.1:4096, "
	  "https://code.example; those that run are found without it" },
	{ "opencode", "server", SETTING_TEXT, O(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ "opencode", "user", SETTING_TEXT, O(user), 0, 0, "opencode", NULL,
	  "its user, when OPENCODE_SERVER_USERNAME says another" },
	{ "opencode", "password_command", SETTING_COMMAND, O(password_command), 0, 0, NULL, NULL,
	  "run on this machine, prints the password: pass show opencode" },
	{ "opencode", "directory", SETTING_TEXT, O(directory), 0, 0, NULL, NULL,
	  "a directory on the server whose sessions are asked for even when none was used lately" },
	{ "deploy", "server", SETTING_TEXT, D(server), 0, 0, NULL, NULL,
	  "where it runs, as a [server NAME] or argument calls it; \"local\" is this machine" },
	{ "deploy", "directory", SETTING_PATH, D(directory), 0, 0, NULL, NULL,
	  "the folder there to run in; the home folder when absent" },
	{ "deploy", "run", SETTING_COMMAND, D(run), 0, 0, NULL, NULL,
	  "the command for sh; {NAME} becomes the value of an asked variable as one argument, "
	  "which $NAME holds too" },
	{ "deploy", "ask", SETTING_LINES, D(ask), 0, 0, NULL, NULL,
	  "a variable to ask for: NAME, NAME one of WORD..., or NAME like PATTERN; NAME secret is "
	  "asked for by itself; may be given many times" },
	{ "deploy", "check", SETTING_LINES, D(check), 0, 0, NULL, NULL,
	  "what must be true afterwards: unit NAME, container NAME, or url ADDRESS as seen from "
	  "the server; may be given many times" },
	{ "deploy", "within", SETTING_NUMBER, D(within), 1, 3600, "60", NULL,
	  "seconds that the checks have to become true" },
	{ "deploy", "rollback", SETTING_COMMAND, D(rollback), 0, 0, NULL, NULL,
	  "the command that is offered when it failed" },
	{ "deploy", "confirm", SETTING_YES_NO, D(confirm), 0, 0, "yes", NULL,
	  "ask before it is started" },
	{ "deploy", "lock", SETTING_YES_NO, D(lock), 0, 0, "yes", NULL,
	  "not twice at once, whoever starts it" },
	{ "check", "url", SETTING_TEXT, C(url), 0, 0, NULL, NULL,
	  "asks this address by HTTP or HTTPS: https://shop.example/health" },
	{ "check", "tcp", SETTING_TEXT, C(tcp), 0, 0, NULL, NULL,
	  "connects to HOST:PORT and sends nothing" },
	{ "check", "dns", SETTING_TEXT, C(dns), 0, 0, NULL, NULL,
	  "looks up the addresses of this name, as the programs of this machine do" },
	{ "check", "ping", SETTING_TEXT, C(ping), 0, 0, NULL, NULL,
	  "sends one ICMP echo to this host" },
	{ "check", "from", SETTING_TEXT, C(from), 0, 0, NULL, NULL,
	  "the server the check is made from, as a [server NAME] or argument calls it: url and "
	  "tcp go through its link, dns and ping run getent and ping there, one process a run; "
	  "this machine when absent" },
	{ "check", "every", SETTING_NUMBER, C(every), 5, 86400, "30", NULL,
	  "seconds between two runs, give or take a tenth" },
	{ "check", "within", SETTING_NUMBER, C(within), 1, 120, "10", NULL,
	  "seconds until a run without an answer is bad" },
	{ "check", "fails", SETTING_NUMBER, C(fails), 1, 100, "2", NULL,
	  "so many bad runs in a row until the check is bad" },
	{ "check", "slow", SETTING_NUMBER, C(slow), 1, 120000, NULL, NULL,
	  "milliseconds; a good run that took longer needs attention" },
	{ "check", "status", SETTING_TEXT, C(status), 0, 0, "200-299", NULL,
	  "the HTTP statuses that are good, separated by blanks: 200 301-308 4xx" },
	{ "check", "text", SETTING_TEXT, C(text), 0, 0, NULL, NULL,
	  "text that the answer must contain" },
	{ "check", "json", SETTING_TEXT, C(json), 0, 0, NULL, NULL,
	  "a JSON pointer (RFC 6901) into the answer, and the value that must be there: "
	  "/status = ok; without = the place must exist" },
	{ "check", "redirects", SETTING_NUMBER, C(redirects), 0, 20, "5", NULL,
	  "so many redirects are followed, and one more is bad; with 0 the redirect itself is "
	  "the answer" },
	{ "check", "insecure", SETTING_YES_NO, C(insecure), 0, 0, "no", NULL,
	  "accept any certificate; the row says so in the colour of a warning" },
	{ "check", "certificate_warn", SETTING_NUMBER, C(certificate_warn), 0, 365, "14", NULL,
	  "days before the end of the certificate from which the check needs attention" },
	{ "check", "certificate_bad", SETTING_NUMBER, C(certificate_bad), 0, 365, "3", NULL,
	  "days before the end of the certificate from which the check is bad" },
	{ "check", "type", SETTING_TEXT, C(type), 0, 0, NULL, "A AAAA",
	  "the addresses a dns check asks for; either when absent" },
	{ "check", "address", SETTING_TEXT, C(address), 0, 0, NULL, NULL,
	  "an address that must be among the answers of a dns check" },
	{ "dokploy", "url", SETTING_TEXT, P(url), 0, 0, NULL, NULL,
	  "where it is, as seen from the server or this machine: http://127.0.0.1:3000, "
	  "https://dokploy.example" },
	{ "dokploy", "server", SETTING_TEXT, P(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ "dokploy", "token_command", SETTING_COMMAND, P(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints an API key of it: pass show dokploy" },
	{ "dokploy", "stack_image", SETTING_TEXT, P(stack_image), 0, 0, NULL, NULL,
	  "the image of a new stack, unless image= is typed with its name" },
	{ "dokploy", "stack_domain", SETTING_TEXT, P(stack_domain), 0, 0, NULL, NULL,
	  "a new stack answers at NAME below it, unless host= is typed" },
	{ "dokploy", "stack_port", SETTING_NUMBER, P(stack_port), 1, 65535, "8080", NULL,
	  "where the image listens, unless port= is typed" },
	{ "dokploy", "stack_certificate", SETTING_TEXT, P(stack_certificate), 0, 0, "none",
	  "none letsencrypt custom",
	  "of a new stack's domain; none: there is one for all of them already" },
	{ "dokploy", "stack_prefix", SETTING_TEXT, P(stack_prefix), 0, 0, "ai-stack-", NULL,
	  "before the name of a new stack, as its project and application are called" },
	{ "coolify", "url", SETTING_TEXT, W(url), 0, 0, NULL, NULL,
	  "where it is, as seen from the server or this machine: http://127.0.0.1:8000, "
	  "https://coolify.example" },
	{ "coolify", "server", SETTING_TEXT, W(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	{ "coolify", "token_command", SETTING_COMMAND, W(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints an API token of it, with its number and |: pass show "
	  "coolify" },
	{ "portal", "url", SETTING_TEXT, W(url), 0, 0, NULL, NULL,
	  "where the portal of AI stacks is, as seen from the server or this machine: "
	  "http://127.0.0.1:3000" },
	{ "portal", "server", SETTING_TEXT, W(server), 0, 0, NULL, NULL,
	  "the server to go through, as a [server NAME] or argument calls it; this machine when "
	  "absent" },
	SYSTEM_ROWS("prometheus", "http://127.0.0.1:9090; a VictoriaMetrics too",
	            "a bearer token, where a proxy asks for one"),
	SYSTEM_ROWS("alertmanager", "http://127.0.0.1:9093",
	            "a bearer token, where a proxy asks for one"),
	{ "notify", "type", SETTING_TEXT, N(type), 0, 0, NULL,
	  "terminal desktop command mail ntfy discord slack telegram webhook", "how you are told" },
	{ "notify", "url", SETTING_TEXT, N(url), 0, 0, NULL, NULL,
	  "of ntfy with its topic, https://ntfy.sh/TOPIC, or of the webhook; {token} in it becomes "
	  "the token" },
	{ "notify", "token_command", SETTING_COMMAND, N(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints the token: pass show ntfy" },
	{ "notify", "token_file", SETTING_PATH, N(token_file), 0, 0, NULL, NULL,
	  "a file that only you can read, with the token in its first line" },
	{ "notify", "click", SETTING_TEXT, N(click), 0, 0, NULL, NULL,
	  "ntfy: the address that a tap on the message opens: https://grafana.example/, "
	  "ssh://box" },
	{ "notify", "body", SETTING_TEXT, N(body), 0, 0, NULL, NULL,
	  "webhook: the JSON to send; {title}, {text}, {what}, {server}, {kind}, {name}, {why}, "
	  "{health}, {since}, {count} and {id} in its strings are filled in; all of them as one "
	  "object when absent" },
	{ "notify", "to", SETTING_TEXT, N(to), 0, 0, NULL, NULL,
	  "mail: the address; telegram: the number of the chat" },
	{ "notify", "from", SETTING_TEXT, N(from), 0, 0, NULL, NULL,
	  "mail: the sender, when not the login" },
	{ "notify", "command", SETTING_COMMAND, N(command), 0, 0, NULL, NULL,
	  "command: run by sh on this machine with MOCR_TITLE, MOCR_TEXT and more in its "
	  "environment; mail: instead of sendmail -t -i" },
	{ "notify", "how", SETTING_TEXT, N(how), 0, 0, "auto", "auto bell osc9 osc777 osc99",
	  "terminal: the sequence beside the bell; auto: what this terminal knows" },
	{ "notify", "kinds", SETTING_TEXT, N(kinds), 0, 0, NULL, NULL,
	  "the kinds of rows it tells of, separated by blanks: server session container; all when "
	  "absent" },
	{ "notify", "servers", SETTING_TEXT, N(servers), 0, 0, NULL, NULL,
	  "the servers it tells of, separated by blanks; all when absent" },
	{ "notify", "for", SETTING_NUMBER, N(hold), 0, 3600, "10", NULL,
	  "seconds that something must need you before you are told" },
	{ "notify", "timeout", SETTING_NUMBER, N(timeout), 1, 300, "15", NULL,
	  "seconds that sending one message may take; a command is ended then" },
	{ "notify", "quiet", SETTING_TEXT, N(quiet), 0, 0, NULL, NULL,
	  "hours without messages, local time: 22:00-07:00; what still needs you is told at their "
	  "end" },
	{ "notify", "repeat", SETTING_NUMBER, N(repeat), 0, 10080, "0", NULL,
	  "minutes after which what still needs you is told again; 0: never" },
	{ "notify", "resolved", SETTING_YES_NO, N(resolved), 0, 0, "yes", NULL,
	  "tell too when it is over" },
	SYSTEM_ROWS("grafana", "http://127.0.0.1:3000", "a service account token, for the alerts"),
	SYSTEM_ROWS("litellm", "http://127.0.0.1:4000",
	            "a key of it; the master key sees all keys and may block them"),
	{ "litellm", "budget", SETTING_NUMBER, L(budget), 1, 100000000, NULL, NULL,
	  "what may be spent in a day, in cents, where LiteLLM itself has no budget for a day" },
	SYSTEM_ROWS("ci", "https://git.example.net, https://api.github.com",
	            "a token that may read actions, and write them to run again"),
	{ "ci", "kind", SETTING_TEXT, A(kind), 0, 0, "gitea", "gitea github",
	  "whose Actions they are; gitea is also for Forgejo" },
	{ "ci", "repositories", SETTING_TEXT, A(repositories), 0, 0, NULL, NULL,
	  "whose runs are shown, as OWNER/NAME, with blanks between; at most 16" },
	SYSTEM_ROWS("dns", "https://api.hetzner.cloud",
	            "a token of the project, which may write to change records"),
	SYSTEM_ROWS("mission", "http://127.0.0.1:4000",
	            "its MC_API_TOKEN, where it has one"),
	SYSTEM_ROWS("zlh", "http://127.0.0.1:8080", "its token, where it has one"),
	{ "zlh", "state", SETTING_TEXT, Z(state), 0, 0, "/state", NULL,
	  "the JSON pointer of the state of the server that it looks after: running, error" },
	{ "zlh", "provisioned", SETTING_TEXT, Z(provisioned), 0, 0, "/provisioningComplete", NULL,
	  "the JSON pointer of whether the server is set up: true, false" },
	{ "zlh", "code_server", SETTING_TEXT, Z(code_server), 0, 0, "/codeServer/running", NULL,
	  "the JSON pointer of whether its code-server runs: true, false, running, stopped, a "
	  "process id" },
	{ "zlh", "version", SETTING_TEXT, Z(version), 0, 0, "/version", NULL,
	  "the JSON pointer of its version" },
	{ "zlh", "backoff", SETTING_TEXT, Z(backoff), 0, 0, "/restartInSeconds", NULL,
	  "the JSON pointer of the seconds until it starts the server again" },
	{ "zlh", "crash_time", SETTING_TEXT, Z(crash_time), 0, 0, "/crash/time", NULL,
	  "the JSON pointer of when the server crashed: RFC 3339, seconds or milliseconds since "
	  "1970" },
	{ "zlh", "crash_class", SETTING_TEXT, Z(crash_class), 0, 0, "/crash/classification", NULL,
	  "the JSON pointer of the class of the crash: oom, mod_or_plugin_error, "
	  "missing_dependency, nonzero_exit, unexpected_exit" },
	{ "zlh", "crash_exit", SETTING_TEXT, Z(crash_exit), 0, 0, "/crash/exitCode", NULL,
	  "the JSON pointer of its exit code" },
	{ "zlh", "crash_signal", SETTING_TEXT, Z(crash_signal), 0, 0, "/crash/signal", NULL,
	  "the JSON pointer of the signal that ended it" },
	{ "zlh", "crash_uptime", SETTING_TEXT, Z(crash_uptime), 0, 0, "/crash/uptimeSeconds", NULL,
	  "the JSON pointer of how long it had run, in seconds or in words" },
	{ "zlh", "crash_log", SETTING_TEXT, Z(crash_log), 0, 0, "/crash/logTail", NULL,
	  "the JSON pointer of its last lines, a text or a list of texts" },
	SYSTEM_ROWS("relay", "http://127.0.0.1:4200",
	            "a token, where a proxy asks for one"),
	SYSTEM_ROWS("ollama", "http://127.0.0.1:11434",
	            "a bearer token, where a proxy asks for one"),
	{ "metric", "query", SETTING_TEXT, M(query), 0, 0, NULL, NULL,
	  "what is asked, in PromQL: sum(rate(http_requests_total[5m])); of several series the one "
	  "nearest to the limit counts" },
	{ "metric", "prometheus", SETTING_TEXT, M(prometheus), 0, 0, NULL, NULL,
	  "who is asked: the NAME of a [prometheus NAME]" },
	{ "metric", "url", SETTING_TEXT, M(url), 0, 0, NULL, NULL,
	  "who is asked, where no section stands for it: http://127.0.0.1:9090; then server and "
	  "token_command too" },
	{ "metric", "server", SETTING_TEXT, M(server), 0, 0, NULL, NULL,
	  "the server to go through to url; this machine when absent" },
	{ "metric", "token_command", SETTING_COMMAND, M(token_command), 0, 0, NULL, NULL,
	  "run on this machine, prints a bearer token for url" },
	{ "metric", "of", SETTING_TEXT, M(of), 0, 0, NULL, NULL,
	  "the id of a row whose details show it too: pi, pi/container/web" },
	{ "metric", "unit", SETTING_TEXT, M(unit), 0, 0, NULL, NULL,
	  "bytes, seconds, percent, or a word that follows the number" },
	{ "metric", "warn", SETTING_TEXT, M(warn), 0, 0, NULL, NULL,
	  "from this number on it needs attention" },
	{ "metric", "bad", SETTING_TEXT, M(bad), 0, 0, NULL, NULL,
	  "from this number on it is bad; under warn: both count downwards" },
	{ "metric", "over", SETTING_NUMBER, M(over), 5, 10080, "60", NULL,
	  "minutes that its line shows" },
	WIRED_ROWS("postgres",
	           "postgres://USER@127.0.0.1:5432/DATABASE, or "
	           "postgres://USER@/run/postgresql/.s.PGSQL.5432",
	           "the password of USER; SCRAM and MD5 are known"),
	WIRED_ROWS("redis",
	           "redis://127.0.0.1:6379, redis://USER@HOST:PORT, or "
	           "redis:///run/redis/redis.sock",
	           "its password"),
	SYSTEM_ROWS("loki",
	            "http://127.0.0.1:3100, or through a Grafana: "
	            "https://grafana.example.net/api/datasources/proxy/uid/UID",
	            "a bearer token, or the password of user"),
	{ "loki", "user", SETTING_TEXT, G(user), 0, 0, NULL, NULL,
	  "whose password token_command prints; without it that is a bearer token" },
	{ "loki", "tenant", SETTING_TEXT, G(tenant), 0, 0, NULL, NULL,
	  "sent as X-Scope-OrgID, where several share one Loki" },
	{ "loki", "query", SETTING_TEXT, G(query), 0, 0, NULL, NULL,
	  "in LogQL, the log of its own row: {job=~\".+\"}; everything with a service_name "
	  "when absent" },
	SYSTEM_ROWS("victorialogs", "http://127.0.0.1:9428",
	            "a bearer token, or the password of user"),
	{ "victorialogs", "user", SETTING_TEXT, G(user), 0, 0, NULL, NULL,
	  "whose password token_command prints; without it that is a bearer token" },
	{ "victorialogs", "tenant", SETTING_TEXT, G(tenant), 0, 0, NULL, NULL,
	  "two numbers, ACCOUNT:PROJECT, where several share one VictoriaLogs" },
	{ "victorialogs", "query", SETTING_TEXT, G(query), 0, 0, NULL, NULL,
	  "in LogsQL, the log of its own row; everything when absent" },
	SYSTEM_ROWS("ntfy", "http://127.0.0.1:2586", "a token, where a proxy asks for one"),
	SYSTEM_ROWS("n8n", "http://127.0.0.1:5678", "a token, where a proxy asks for one"),
	SYSTEM_ROWS("qdrant", "http://127.0.0.1:6333", "an API key, for the collections"),
	SYSTEM_ROWS("caddy", "http://127.0.0.1:2019, its admin API",
	            "a token, where a proxy asks for one"),
	SYSTEM_ROWS("cadvisor", "http://127.0.0.1:8080", "a token, where a proxy asks for one"),
	WIRED_ROWS("openclaw", "ws://127.0.0.1:18789", "the token of the gateway"),
	{ .key = NULL }
};

const char *setting_type_name(enum setting_type type)
{
	static const char *const names[] = {
		[SETTING_TEXT] = "text",     [SETTING_PATH] = "path",
		[SETTING_NUMBER] = "number", [SETTING_YES_NO] = "yes or no",
		[SETTING_LINES] = "lines",   [SETTING_FILE] = "path",
		[SETTING_COMMAND] = "text",
	};
	return names[type];
}

/* --- values -------------------------------------------------------------- */

char *path_expand(const char *path)
{
	const char *home = getenv("HOME");
	if (path[0] == '~' && (path[1] == '/' || !path[1]) && home)
		return xasprintf("%s%s", home, path + 1);
	return xstrdup(path);
}

bool setting_word_in(const char *word, const char *words)
{
	size_t n = strlen(word);
	for (const char *s = words; *s; s += strspn(s, " ")) {
		size_t len = strcspn(s, " ");
		if (len == n && strncmp(s, word, n) == 0)
			return true;
		s += len;
	}
	return false;
}

static bool rows_is_text(enum setting_type type)
{
	return type != SETTING_NUMBER && type != SETTING_YES_NO;
}

/* An unreadable file is stored too. --check-config complains, and so does the code that opens
 * it. */
static bool rows_set_text(const struct setting_row *row, char **text, const char *value, char *why,
                          size_t size)
{
	char *old = *text;
	if (row->choices && !setting_word_in(value, row->choices)) {
		snprintf(why, size, "%s: expected one of: %s; got \"%s\"", row->key, row->choices,
		         value);
		return false;
	}
	if (row->type == SETTING_PATH || row->type == SETTING_FILE)
		*text = path_expand(value);
	else if (row->type == SETTING_LINES && old)
		*text = xasprintf("%s\n%s", old, value);
	else
		*text = xstrdup(value);
	free(old);
	if (row->type != SETTING_FILE || access(*text, R_OK) == 0)
		return true;
	snprintf(why, size, "%s: %s cannot be read: %s", row->key, *text, strerror(errno));
	return false;
}

bool setting_set(const struct setting_row *row, void *base, const char *value, char *why,
                 size_t size)
{
	void *field = (char *)base + row->offset;
	if (row->type == SETTING_NUMBER) {
		char *end;
		errno = 0;
		long n = strtol(value, &end, 10);
		if (*end || end == value || errno || n < row->min || n > row->max) {
			snprintf(why, size, "%s: expected a number from %d to %d, got \"%s\"",
			         row->key, row->min, row->max, value);
			return false;
		}
		*(int *)field = (int)n;
	}
	if (row->type == SETTING_YES_NO) {
		static const char *const words[] = { "no",    "yes",  "off", "on",
			                             "false", "true", "0",   "1" };
		size_t i = 0;
		while (i < ARRAY_LEN(words) && strcasecmp(value, words[i]) != 0)
			i++;
		if (i == ARRAY_LEN(words)) {
			snprintf(why, size, "%s: expected yes or no, got \"%s\"", row->key, value);
			return false;
		}
		*(bool *)field = i % 2;
	}
	return !rows_is_text(row->type) || rows_set_text(row, field, value, why, size);
}

const struct setting_row *setting_find(const char *section, size_t len, const char *key)
{
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strlen(row->section) == len && strncmp(row->section, section, len) == 0 &&
		    strcmp(row->key, key) == 0)
			return row;
	return NULL;
}

void settings_set_fallbacks(const char *section, void *base)
{
	char why[256];
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strcmp(row->section, section) == 0 && row->fallback)
			setting_set(row, base, row->fallback, why, sizeof(why));
}

void settings_free_texts(const char *section, void *base)
{
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strcmp(row->section, section) == 0 && rows_is_text(row->type))
			free(*(char **)((char *)base + row->offset));
}
