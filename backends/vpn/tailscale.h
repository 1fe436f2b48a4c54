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

/* How tailscaled is asked. */
enum ts_way {
	TS_BY_SOCKET,
	TS_BY_PROGRAM, /* the socket is denied */
	/* nobody listens at the socket; the program may know another one */
	TS_BY_PROGRAM_TRY,
	TS_BY_SOCKET_ONLY /* the program found none either; the socket may still appear */
};
/* Where the look for tailscaled stands. */
enum ts_look {
	TS_LOOKS,
	TS_WAITS,  /* until the shell has looked at the socket */
	TS_MISSING /* not there; looked for again later */
};
/* How changes become known. */
enum ts_changes {
	TS_BUS,     /* by the stream of changes, or by the watch of the program */
	TS_BUS_OLD, /* by the stream of a daemon that does not know every part of the mask */
	TS_NO_BUS   /* by polls alone */
};

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
	enum ts_way way;
	enum ts_look look;
	enum ts_changes changes;
	bool shown;
	bool greeted;   /* it has answered over this link */
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

void ts_local_finish(struct ts *);
void ts_pings_end(struct ts *);

#endif
