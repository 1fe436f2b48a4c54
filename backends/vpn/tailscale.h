/* tailscale.h: the inside of the tailscale source, for tailscale.c and the actions on it. */
#ifndef VPN_TAILSCALE_H
#define VPN_TAILSCALE_H

#include "backends/base/backoff.h"
#include "backends/base/sync.h"
#include "backends/store/store.h"

#define TS_SOCKET "/var/run/tailscale/tailscaled.sock"
/* Where packages put the program: Debian, snap, Synology, a Mac. */
#define TS_PROGRAM_PATH                                                                          \
	"PATH=$PATH:/usr/local/bin:/usr/sbin:/snap/bin:/var/packages/Tailscale/target/bin:/opt/" \
	"homebrew/bin; export PATH; "

/* The one that the configuration names; NULL: none. */
const char *ts_own_socket(const struct source *);

struct ts_act;
struct ts_look;
struct here;

struct ts {
	struct source source;
	struct origin *origin;             /* NULL: the link is down */
	struct call *status, *bus, *prefs; /* on their way */
	char control_url[200]; /* its log-in server, as long as it was logged in; "" unknown.
	                          Logging out forgets it there */
	struct run *run;       /* `tailscale status`, where the socket is forbidden */
	struct stream *watch;  /* `tailscale debug watch-ipn`, likewise */
	int64_t watch_ms;      /* loop clock of its beginning */
	struct loop_timer *timer, *retry;
	struct err denied;    /* why the socket may not be opened; by_program */
	struct fetch round;   /* one look at its status */
	struct backoff pause; /* between two tries */
	uint32_t lists;       /* so far */
	bool waits;           /* for what the shell says of its socket (sockets.h) */
	bool by_program, tried_program, old_bus, no_bus, shown, greeted, missing;
	char state[24]; /* "Running", "NeedsLogin", ...; "" unknown */
	char auth_url[256];
	char suffix[96];       /* of its names in DNS, as it was told last; "" unknown */
	int64_t skew_ms;       /* our clock minus its machine's; 0 when they are near */
	struct ts_act *acts;   /* that run; act_ts.c */
	struct ts_look *looks; /* pings whose answers are awaited; look.c */
	/* this machine's own tailscaled, asked on behalf of a server that is down; here.c */
	struct here *here;
};

void here_finish(struct ts *);
void ts_looks_end(struct ts *);

#endif
