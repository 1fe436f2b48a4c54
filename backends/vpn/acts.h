/* acts.h: functions behind the action table in acts.c, by the file that defines them.
 *
 * - can_: does the action apply to the row?
 * - run_: carries out the order
 * - say_, _command: the command as shown before confirming; _command reads the action's data
 * - suggest_: prefills the argument */
#ifndef VPN_ACTS_H
#define VPN_ACTS_H

#include "backends/store/action.h"
#include "backends/vpn/peer.h"

struct call;
struct origin;
struct reply;

#define ID_KEEP 640

/* act_ts.c */
/* action->data of the actions of a machine's own tailscaled */
struct ts_request {
	enum { TS_UP, TS_DOWN, TS_LOGOUT, TS_SET } what;
	const char *verb; /* of the program tailscale */
};
bool can_ping(const struct row *), can_up(const struct row *), can_down(const struct row *),
	can_logout(const struct row *), can_exit(const struct row *),
	can_exit_off(const struct row *);
void run_ping(struct order *), run_tailscale(struct order *), run_exit(struct order *),
	run_exit_off(struct order *);
void say_ping(const struct row *, char *buf, size_t size);
void say_exit(const struct row *, char *buf, size_t size);
void say_exit_off(const struct row *, char *buf, size_t size);
void tailscale_command(const struct action *, const struct row *, char *buf, size_t size);
void suggest_up(const struct row *, char *buf, size_t size);
void suggest_exit(const struct row *, char *buf, size_t size);
/* Sends one disco ping through tailscaled's LocalAPI behind origin. Parse the answer with
 * ts_pong_parse. */
struct call *ts_ping(struct origin *origin, const char *peer, int64_t timeout_ms,
                     void (*done)(struct call *, const struct reply *, void *), void *arg);
void ts_acts_auth_url(struct source *, const char *url);
/* ts_distance.c */
/* Call when a peer's details open: pings the peer from every place that sees it. False: no place
 * can be asked yet. */
bool peer_look(const struct peer *);
void peer_pinged(struct row *, double ms, const char *path);
/* act_hs.c */
/* action->data of the actions of Headscale */
struct hs_request {
	const char *words; /* of the command that is shown: "expire", "headscale users list" */
	/* for run_node: by REST method, path after the node's and body; an option of the program */
	const char *method, *tail, *body, *option;
};
bool can_node(const struct row *), can_routes(const struct row *), can_control(const struct row *);
void run_node(struct order *), run_rename(struct order *), run_tags(struct order *),
	run_routes(struct order *), run_key(struct order *), run_key_expire(struct order *),
	run_keys(struct order *), run_users(struct order *), run_dns_list(struct order *),
	run_dns(struct order *);
void node_command(const struct action *, const struct row *, char *buf, size_t size);
void control_command(const struct action *, const struct row *, char *buf, size_t size);
void say_dns(const struct row *, char *buf, size_t size);
void suggest_name(const struct row *, char *buf, size_t size);
void suggest_tags(const struct row *, char *buf, size_t size);
void suggest_routes(const struct row *, char *buf, size_t size);
void suggest_key(const struct row *, char *buf, size_t size);
void suggest_dns(const struct row *, char *buf, size_t size);

#endif
