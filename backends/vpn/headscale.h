/* headscale.h: the inside of the Headscale source, for headscale.c and the actions on it. */
#ifndef VPN_HEADSCALE_H
#define VPN_HEADSCALE_H

#include "backends/apps/platform.h"
#include "backends/base/buf.h"
#include "backends/link/link.h"
#include "backends/store/store.h"
#include "backends/vpn/peer.h"

struct doc;
struct hs_act;
struct headscale_config;
struct settings;

/* How it is spoken to: by its own program on the server, or by REST. */
struct hs {
	struct source source;
	const struct settings *settings;       /* kept, for config */
	const struct headscale_config *config; /* NULL: found by itself, by its program */
	struct run *run;                       /* the program's look */
	struct loop_timer *timer;              /* of the program's next look */
	struct site site;                      /* REST; platform NULL: never used */
	struct buf look;                       /* what came of this round so far, as blocks */
	int64_t asked_ms;
	uint32_t round;
	bool up, by_sudo, absent, shown, again;
	unsigned fails, tries;
	/* what is known */
	int release; /* 26 of 0.26.1; 0 unknown */
	char version[24];
	int64_t skew_ms; /* our clock minus its own; 0 when they are near */
	struct hs_users users;
	struct hs_keys keys;
	struct hs_routes routes;
	struct dns_records records;
	bool has_records;
	char records_path[200]; /* of the file; "" none */
	struct hs_act *acts;
};

bool hs_by_rest(const struct hs *);
void hs_detail(struct source *, struct doc *);
/* The command line of its program with these words behind it, with sudo -n where that is needed;
 * the caller frees it. */
char *hs_command(const struct hs *, const char *const *words);
/* Up to 0.26.1 a wrong key is answered with 500 "Unauthorized"; it means 401. */
bool hs_denies(int status, const char *body);

#endif
