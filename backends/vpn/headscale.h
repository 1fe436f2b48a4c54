/* headscale.h: the inside of the Headscale source, for headscale.c and the actions on it. */
#ifndef VPN_HEADSCALE_H
#define VPN_HEADSCALE_H

#include "backends/base/buf.h"
#include "backends/base/secret.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/store/store.h"
#include "backends/vpn/peer.h"

struct doc;
struct hs_act;
struct headscale_config;
struct settings;
struct token_ask;

/* How it is spoken to: by its own program on the server, or by REST. */
struct hs {
	struct source source;
	const struct settings *settings;       /* kept, for config */
	const struct headscale_config *config; /* NULL: found by itself, by its program */
	struct run *run;                       /* the program's look */
	struct origin *origin;                 /* REST */
	struct call *call;
	struct token_ask *asking; /* token_command, on this machine */
	struct secret *token;
	struct loop_timer *timer;
	int step;        /* REST: which call of the look is on its way */
	struct buf look; /* what came of this look so far, as blocks */
	struct err look_err;
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
/* A REST call with the token; path without /api/v1. */
struct call *hs_call(struct hs *, const char *method, const char *path, const char *body,
                     void (*done)(struct call *, const struct reply *, void *), void *arg);
/* The sentence for an answer that is no success: also the odd 500 "Unauthorized" of a wrong key. */
bool hs_reply_err(const struct hs *, const struct reply *, struct err *);

#endif
