/* found_parse.h: how a system that mocr could watch is known: by the image of its container, or by
 * the port where it usually listens. Pure. */
#ifndef SYSTEMS_FOUND_PARSE_H
#define SYSTEMS_FOUND_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"

/* Does the section need a command that prints a key? */
enum found_key {
	FOUND_NO_KEY,
	FOUND_MAY_KEY, /* without one it shows less */
	FOUND_MUST_KEY /* without one it shows nothing */
};

/* One kind of system. */
struct found_kind {
	const char *section, *product;
	/* how its images are called, behind the last slash, with blanks between */
	const char *images;
	int inside; /* port where it listens in its container */
	/* port where it listens on a server; 0: too common to be a sign */
	int outside;
	/* Asked once of what listens there, without a key; the answer has these words. path NULL:
	 * the port is sign enough. */
	const char *path, *says;
	enum found_key key;
	const char *key_word; /* "an API key of it"; NULL: FOUND_NO_KEY */
	/* around 127.0.0.1:PORT in its url; NULL: "http://" and "" */
	const char *before, *behind;
	const char *more;        /* further lines of the section; NULL none */
	size_t list_at, next_at; /* of its sections, as in struct platform */
};
extern const struct found_kind found_kinds[]; /* ends at .section == NULL */

/* The kind of an image: "docker.io/grafana/grafana:11.2@sha256:...". Registry, tag and digest do
 * not count. NULL: no kind that mocr knows. */
const struct found_kind *found_by_image(const char *image);

/* Where a published port is reached from the server itself. */
struct found_place {
	char host[48];
	int port;
};
/* ports: as of struct container, "8080->80/tcp, 9090/tcp". Finds where the server publishes the
 * port inside; if that one is not published, the only port that is. False: nowhere. */
bool found_published(const char *ports, int inside, struct found_place *);

/* "http://127.0.0.1:3000" */
void found_url(const struct found_kind *, const struct found_place *, char *buf, size_t size);

/* Does an address of the configuration lead there? host and port: of the address; loopback: to the
 * server itself. An address without loopback leads to its own proxy or name: it counts as the same
 * system. */
struct found_address {
	bool here;      /* its section goes through this server */
	bool anywhere;  /* its section goes through no server but this machine */
	char host[256]; /* "" a socket, or not to be read */
	int port;       /* 0: the same */
};
/* place NULL: the system is reached nowhere. names: what the server is called, ends at NULL; each
 * may be "". */
bool found_covers(const struct found_address *, const struct found_place *,
                  const char *const *names);

/* May this be the command that prints a key? It becomes a line of the configuration. False and err:
 * no, as for a key itself. */
bool found_key_fits(const struct found_kind *, const char *command, struct err *);

/* The name of a new section, of the letters that a heading and the ids of rows can hold. */
void found_name(const char *from, char *buf, size_t size);

#endif
