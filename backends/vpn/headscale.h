/* headscale.h: internals of the Headscale source, for headscale.c and its actions. */
#ifndef VPN_HEADSCALE_H
#define VPN_HEADSCALE_H

#include "backends/apps/platform.h"
#include "backends/base/backoff.h"
#include "backends/base/buf.h"
#include "backends/base/sync.h"
#include "backends/link/link.h"
#include "backends/store/store.h"
#include "backends/vpn/peer.h"

struct doc;
struct hs_act;
struct headscale_config;
struct settings;

/* A Headscale, reached by its own program on the server or by REST. */
struct hs {
	struct source source;
	const struct settings *settings;       /* holds a reference for config */
	const struct headscale_config *config; /* its section; NULL: found by its program */
	struct run *run;                       /* the running look by program; NULL */
	struct loop_timer *timer;              /* starts the next look by program */
	struct site site;                      /* REST; platform NULL: never used */
	struct buf blocks;                     /* answers of this round so far, as blocks */
	struct fetch poll;                     /* one look by program */
	struct backoff pause;                  /* after looks by program that failed */
	uint32_t round;                        /* number of answers so far */
	/* absent: up, but not asked again before the next link */
	enum { HS_DOWN, HS_UP, HS_ABSENT } state;
	bool by_sudo, shown;
	/* known facts */
	int release; /* 26 for 0.26.1; 0 unknown */
	char version[24];
	int64_t skew_ms; /* our clock minus Headscale's, ms; 0 if within CLOCK_NEAR_MS */
	struct hs_users users;
	struct hs_keys keys;
	struct hs_routes routes;
	struct dns_records records;
	bool has_records;
	char records_path[200]; /* path of the DNS records file; "" none */
	struct hs_act *acts;
};

bool hs_by_rest(const struct hs *);
void hs_detail(struct source *, struct doc *);
/* Builds the command line of Headscale's program with these words, with sudo -n if needed. The
 * caller frees. */
char *hs_command(const struct hs *, const char *const *words);
/* True for an answer that means a wrong key: up to 0.26.1 Headscale answers 500 "Unauthorized"
 * instead of 401. */
bool hs_denies(int status, const char *body);

#endif
