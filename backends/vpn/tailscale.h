/* tailscale.h: internals of the tailscale source, for tailscale.c and its actions. */
#ifndef VPN_TAILSCALE_H
#define VPN_TAILSCALE_H

#include "backends/base/backoff.h"
#include "backends/base/sync.h"
#include "backends/store/store.h"

#define TS_SOCKET "/var/run/tailscale/tailscaled.sock"
/* Adds the folders where packages put the program: Debian, snap, Synology, macOS. */
#define TS_PROGRAM_PATH                                                                          \
	"PATH=$PATH:/usr/local/bin:/usr/sbin:/snap/bin:/var/packages/Tailscale/target/bin:/opt/" \
	"homebrew/bin; export PATH; "

/* The socket that the configuration names; NULL none. */
const char *ts_own_socket(const struct source *);

struct ts_act;
struct ts_ping;
struct ts_local;

struct ts {
	struct source source;
	struct origin *origin;             /* NULL: the link is down */
	struct call *status, *bus, *prefs; /* running calls; NULL */
	/* login server, kept because tailscaled forgets it at log-out; "" unknown */
	char control_url[200];
	struct run *run; /* running `tailscale status`, if the socket is denied; NULL */
	/* running `tailscale debug watch-ipn`, if the socket is denied; NULL */
	struct stream *watch;
	int64_t watch_ms; /* loop clock, ms: start of watch */
	struct loop_timer *timer, *retry;
	struct err denied;    /* why the socket is denied, while by_program */
	struct fetch round;   /* one poll of the status */
	struct backoff pause; /* back-off between retries */
	uint32_t lists;       /* number of lists so far */
	bool waits;           /* waits until the shell has looked at the socket */
	bool by_program, tried_program, old_bus, no_bus, shown, greeted, missing;
	char state[24]; /* "Running", "NeedsLogin", ...; "" unknown */
	char auth_url[256];
	char suffix[96];       /* DNS suffix of its names, last known; "" unknown */
	bool accepts_routes;   /* it uses subnet routes of others; false: not known either */
	int64_t skew_ms;       /* our clock minus the server's, ms; 0 if within CLOCK_NEAR_MS */
	struct ts_act *acts;   /* running orders; act_ts.c */
	struct ts_ping *pings; /* running pings of opened details; ts_distance.c */
	/* this machine's own tailscaled, asked because the server is down; ts_local.c */
	struct ts_local *local;
};

void here_finish(struct ts *);
void ts_pings_end(struct ts *);

#endif
