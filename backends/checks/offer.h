/* offer.h: which checks are offered for a server: TCP ports that its running containers publish,
 * and known services that listen. Pure. */
#ifndef CHECKS_OFFER_H
#define CHECKS_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"

#define OFFERS_MOST 20     /* of one server; the rest is counted */
#define OFFERS_LEFT 200    /* of one server; those beyond are counted, known or not */
#define OFFER_NAME_SIZE 56 /* below CHECK_NAME_SIZE, with room for "-99" */
#define OFFER_KEY_SIZE 170

/* Zeroed before it is filled, so that memcmp tells two apart. */
struct offer {
	char name[OFFER_NAME_SIZE]; /* "web-8080": of its section, only letters that names have */
	char host[48];              /* as seen from the server: an IP address without brackets */
	int port;                   /* 0: stands for the offers that are left out */
	bool http;
	bool everywhere; /* published at every address of the server, not at host alone */
	int more;        /* it is the first of a range: so many ports follow */
	char by[96];     /* "container web", "nginx.service"; washed */
};

/* The address of a [check] that is there. */
struct offer_taken {
	bool here; /* it is made from this server */
	char host[256];
	int port;
};

struct offers {
	/* what nobody needs to be offered; all borrowed */
	const char *server;
	const char *const *names; /* what the server is called; ends at NULL, each may be "" */
	const struct offer_taken *taken;
	size_t n_taken;
	const char *dismissed; /* of dismissed_read */
	/* the offers */
	struct offer list[OFFERS_MOST];
	size_t n, left_out;
	struct offer_place {
		char host[48];
		int port;
	} left[OFFERS_LEFT]; /* of those left out: each counts once */
};

/* What is kept of one that was dismissed: "container web at 127.0.0.1:8080". Another container at
 * that place is offered again. */
void offer_key(const struct offer *, char *buf, size_t size);

/* ports: as of struct container, "8080->80/tcp, 127.0.0.1:9090->9090/tcp, 53/udp". */
void offers_add_container(struct offers *, const char *name, const char *ports);
/* Is the unit one whose port is known? It offers the first of its ports that listens. */
bool offers_knows_service(const char *unit);
void offers_add_service(struct offers *, const char *unit, const uint16_t *ports, size_t n);

/* "http://127.0.0.1:8080/", "[::1]:5432" */
void offer_target(const struct offer *, char *buf, size_t size);
/* The keys of its section, whole lines. from: the server it is made from; NULL: this machine. */
void offer_keys(const struct offer *, const char *from, struct buf *out);

#endif
