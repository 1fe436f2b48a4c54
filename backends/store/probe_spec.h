/* probe_spec.h: what a [check NAME] section means: what is probed, and what is expected. Pure. */
#ifndef STORE_PROBE_SPEC_H
#define STORE_PROBE_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"

struct check_config;

enum probe_what { PROBE_HTTP, PROBE_TCP, PROBE_DNS, PROBE_PING };
#define PROBES (PROBE_PING + 1)
const char *probe_what_name(enum probe_what); /* "http" "tcp" "dns" "ping" */

#define PROBE_TEXT_MAX 512 /* bytes of a value, with its NUL */
#define PROBE_RANGES_MAX 16

struct probe_range {
	int first, last;
};
struct probe_spec {
	enum probe_what what;
	char url[PROBE_TEXT_MAX]; /* PROBE_HTTP */
	char host[256];           /* all others */
	int port;                 /* PROBE_TCP */
	int family;               /* PROBE_DNS: AF_INET, AF_INET6, or AF_UNSPEC for either */
	char address[64];         /* PROBE_DNS: must be among the answers; "" any */
	/* PROBE_HTTP */
	struct probe_range status[PROBE_RANGES_MAX];
	size_t n_status;
	char text[PROBE_TEXT_MAX];    /* "" nothing is expected */
	bool json;                    /* the answer must be JSON */
	char pointer[PROBE_TEXT_MAX]; /* "" the whole document */
	char value[PROBE_TEXT_MAX];
	bool has_value; /* false: the place must only exist */
	int redirects, certificate_warn, certificate_bad;
	bool insecure;
	int every_ms, within_ms, slow_ms; /* slow_ms 0: no limit */
	int fails;
};

/* False and err: the section cannot be run, for example "needs one of url, tcp, dns and ping". */
bool probe_spec_read(const struct check_config *, struct probe_spec *, struct err *);

/* For people and recordings: "https://shop.example/health", "db.example:5432". Without the query
 * of a url, which may hold a token. Washed. */
void probe_spec_target(const struct probe_spec *, char *buf, size_t size);

#endif
