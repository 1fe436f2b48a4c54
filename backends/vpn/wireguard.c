/* wireguard.c: WireGuard interfaces by `wg show all dump`, those of wireguard-go too.
 *
 * Source: wg(8), "show ... dump".
 *
 * WireGuard has no event stream, so mocr polls. It starts one wg process every 10 s while a row is
 * visible, else once a minute. The dump starts with the private key. The shell on the server
 * removes it and every preshared key with built-ins, so no secret leaves the server. It also prints
 * the server's clock, because handshake times use it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/sync.h"
#include "backends/link/absent.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/sudo.h"
#include "backends/store/settings.h"
#include "backends/vpn/peer.h"

#define SHOWN_MS 10000
#define HIDDEN_MS 60000
#define RUN_MS 15000
#define START_AGAIN_MS 3000 /* right after login all session slots of sshd may be taken */
#define START_TRIES 5
#define DUMP_MAX (8u << 20)
#define NO_RIGHT 4 /* exit codes of the script */
#define NO_PROGRAM 127

struct wg {
	struct source source;
	struct run *run;
	struct loop_timer *timer;
	struct fetch round; /* one look */
	unsigned tries;     /* failed starts in a row */
	uint32_t lists;     /* number of lists so far */
	bool up, by_sudo, shown, absent;
};

static struct wg *wg_of(struct source *source)
{
	return (struct wg *)source;
}

/* POSIX sh without single quotes, and only built-ins besides wg. btime plus uptime gives the
 * server's clock without a process. */
#define SCRIPT                                                                                    \
	"PATH=$PATH:/usr/sbin:/sbin:/usr/local/bin; " OR_ABSENT(                                  \
		"wg") "%s"                                                                        \
		      "b=0; while read -r k v l; do case $k in btime) b=$v; break;; esac; done "  \
		      "</proc/stat; "                                                             \
		      "read -r u l </proc/uptime; printf \"clock %%s\\n\" $((b+${u%%%%.*})); "    \
		      "d=$(LC_ALL=C %swg show all dump 2>&1); c=$?; "                             \
		      "case $d in *\"ermission denied\"*|*\"not permitted\"*) echo \"$d\" >&2; "  \
		      "exit 4;; esac; "                                                           \
		      "if [ $c -ne 0 ]; then echo \"$d\" >&2; exit $c; fi; "                      \
		      "t=$(printf \"\\t\"); printf \"%%s\\n\" \"$d\" | while IFS=$t read -r a e " \
		      "f g h i j k l; do "                                                        \
		      "if [ -z \"$f\" ]; then continue; fi; "                                     \
		      "if [ -z \"$i\" ]; then printf \"%%s\\t-\\t%%s\\t%%s\\t%%s\\n\" \"$a\" "    \
		      "\"$f\" \"$g\" \"$h\"; "                                                    \
		      "else printf \"%%s\\t%%s\\t-\\t%%s\\t%%s\\t%%s\\t%%s\\t%%s\\t%%s\\n\" "     \
		      "\"$a\" \"$e\" \"$g\" \"$h\" \"$i\" \"$j\" \"$k\" \"$l\"; fi; done"

static void wg_poll(void *arg);

/* --- apply an answer ------------------------------------------------------ */

static void wg_feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	struct wg *w = wg_of(source);
	struct vpn_list list;
	struct err err;
	if (strcmp(what, "dump") != 0)
		return;
	if (!wg_dump_parse(&list, bytes, len, now_wall_ms(), &err)) {
		source_set_state(&w->source, SOURCE_FAILED, &err);
		return;
	}
	size_t interfaces = 0;
	w->lists++;
	store_rows_begin(&w->source, &kind_peer);
	for (size_t i = 0; i < list.n; i++) {
		interfaces += list.peers[i].self;
		peer_set(&w->source, VPN_WIREGUARD, &list.peers[i], w->lists);
	}
	store_rows_end(&w->source, &kind_peer);
	size_t peers = list.n - interfaces;
	const char *is = interfaces == 1 ? "" : "s";
	const char *ps = peers == 1 ? "" : "s";
	snprintf(w->source.detail, sizeof(w->source.detail), "%zu interface%s, %zu peer%s%s",
	         interfaces, is, peers, ps, w->by_sudo ? ", by sudo -n" : "");
	source_set_state(&w->source, list.n ? SOURCE_LIVE : SOURCE_ABSENT, NULL);
	source_left_out(&w->source, &kind_peer, list.left_out);
	vpn_list_finish(&list);
	vpn_join(w->source.store);
}

/* --- look ----------------------------------------------------------------- */

static void wg_poll_later(struct wg *w)
{
	int64_t rest = w->shown ? SHOWN_MS : HIDDEN_MS;
	if (w->up && !w->absent)
		loop_timer_set(w->timer, fetch_is_wanted(&w->round) ? 0 : rest);
}

static void wg_denied(struct wg *w, const char *said, size_t len)
{
	struct err err;
	char words[120];
	const struct server *v = w->source.server;
	const char *user = *v->user ? v->user : "USER";
	hs_message(words, sizeof(words), said, len);
	err_set(&err, ERR_DENIED,
	        "%s may not read WireGuard on %s (%s); the line `%s ALL=(root) NOPASSWD: "
	        "/usr/bin/wg show all dump` in "
	        "sudoers there grants it",
	        user, v->name, words, user);
	/* some servers mail refused sudo calls to root: do not retry */
	w->absent = true;
	source_set_state(&w->source, SOURCE_DENIED, &err);
}

static void wg_on_dump(const struct run_result *r, void *arg)
{
	struct wg *w = arg;
	int code = r->end.err.code ? -1 : r->end.exit_code;
	const struct server_config *c = w->source.server->config;
	bool never = c && c->sudo && !strcmp(c->sudo, "never");
	bool may_sudo = w->source.server->uid != 0 && !never;
	w->run = NULL;
	fetch_answer(&w->round, NULL, SYNC_NEVER);
	if (code < 0 && r->end.err.code != ERR_TIMEOUT && r->end.err.code != ERR_TOO_BIG &&
	    w->tries++ < START_TRIES) {
		loop_timer_set(w->timer, START_AGAIN_MS);
		return;
	}
	w->tries = code < 0 ? w->tries : 0;
	if (code == NO_PROGRAM && strstr(r->out, ABSENT_WORD)) {
		w->absent = true; /* searched again with a new link */
		source_set_state(&w->source, SOURCE_ABSENT, NULL);
	} else if (code == NO_RIGHT && !w->by_sudo && may_sudo) {
		w->by_sudo = true;
		wg_poll(w);
	} else if (code == NO_RIGHT || (w->by_sudo && code == 1)) {
		wg_denied(w, r->err_out, r->err_len);
	} else if (code == 0) {
		source_feed(&w->source, "dump", r->out, r->out_len);
		wg_poll_later(w);
	} else {
		struct err err = r->end.err;
		char words[160];
		if (!err.code)
			err_set(&err, ERR_REFUSED, "%s: `wg show all dump` ended with code %d: %s",
			        w->source.server->name, r->end.exit_code,
			        hs_message(words, sizeof(words), r->err_out, r->err_len));
		source_set_state(&w->source, w->lists ? SOURCE_STALE : SOURCE_FAILED, &err);
		wg_poll_later(w);
		vpn_join(w->source.store);
	}
}

static void wg_poll(void *arg)
{
	struct wg *w = arg;
	struct link *link = source_link(&w->source);
	fetch_want(&w->round);
	if (fetch_is_asked(&w->round) || link->state != LINK_UP)
		return;
	const char *may = w->by_sudo ? SUDO_MAY_OR("wg", "1") : "";
	char *script = xasprintf(SCRIPT, may, w->by_sudo ? "sudo -n " : "");
	fetch_ask(&w->round, sync_at(loop_now(store_loop(w->source.store))));
	w->run = link_run(link, script, NULL, 0, DUMP_MAX, RUN_MS, wg_on_dump, w);
	run_name(w->run, "`wg show all dump`");
	free(script);
}

/* A row became visible: look as soon as the last look is 10 s old. */
void wg_shown(struct source *source, bool now)
{
	struct wg *w = wg_of(source);
	if (now && !w->shown && w->up && !w->absent && !fetch_is_asked(&w->round)) {
		fetch_want(&w->round);
		loop_timer_set(w->timer, fetch_wait(&w->round, SHOWN_MS,
		                                    loop_now(store_loop(source->store))));
	}
	w->shown = now;
}

/* --- the backend --------------------------------------------------------- */

static void wg_up(struct source *source)
{
	struct wg *w = wg_of(source);
	if (!w->timer)
		w->timer = loop_timer_call(store_loop(source->store), -1, wg_poll, w);
	w->up = true;
	w->by_sudo = w->absent = false;
	wg_poll(w);
}

static void wg_down(struct source *source)
{
	struct wg *w = wg_of(source);
	w->up = false;
	run_cancel(w->run);
	w->run = NULL;
	fetch_cancel(&w->round);
	if (w->timer)
		loop_timer_set(w->timer, -1);
	if (source->state == SOURCE_LIVE)
		source_set_state(source, SOURCE_STALE, NULL);
	vpn_join(source->store);
}

static void wg_finish(struct source *source)
{
	struct wg *w = wg_of(source);
	run_cancel(w->run);
	loop_timer_remove(w->timer);
	vpn_join(source->store);
}

const struct backend backend_wireguard = {
	.name = "wireguard",
	.source_size = sizeof(struct wg),
	.up = wg_up,
	.down = wg_down,
	.feed = wg_feed,
	.shown = vpn_shown,
	.finish = wg_finish,
	.needs_facts = true,
};
