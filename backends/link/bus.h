/* bus.h: D-Bus through a link with sd-bus, with every message as JSON text.
 *
 * Answers and signals arrive as JSON in the format of `busctl --json=short`. Basic types stay as
 * they are, but 64-bit numbers above 2^53 become strings. Arrays and structs become arrays, a{..}
 * becomes an object, a variant becomes {"type":"s","data":...}. So a parser is a pure function of
 * text, and a recording is readable. */
#ifndef LINK_BUS_H
#define LINK_BUS_H

#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/link/link.h"

struct bus;
struct bus_call;

struct bus_events {
	/* The bus accepted the login and answered Hello. */
	void (*opened)(struct bus *, void *arg);
	/* A signal that a match of bus_match let through. json is the body as an array. */
	void (*signal)(struct bus *, const char *path, const char *interface, const char *member,
	               const char *json, size_t len, void *arg);
	/* Called once; the bus is then freed, and its waiting calls are dropped without a callback.
	 * bus_close must not follow. */
	void (*closed)(struct bus *, const struct err *, void *arg);
};

/* Opens the first of n endpoints on link that leads to a working bus. Over SSH a socketpair
 * connects sd-bus to the stream; a local Unix socket is opened directly. Returns NULL and err when
 * the link is not up or n is 0. */
struct bus *bus_open(struct link *, const struct endpoint *endpoints, size_t n,
                     const struct bus_events *, void *arg, struct err *);
/* NULL is fine; closed is not called */
void bus_close(struct bus *);
const struct endpoint *bus_endpoint(const struct bus *);

/* Subscribes to signals. rule is a D-Bus match rule such as
 * "type='signal',sender='org.freedesktop.systemd1'". */
void bus_match(struct bus *, const char *rule);

/* Calls a method. sig lists the types of args (basic types and 'as' only):
 *   s, o, g   const char *
 *   b, i      int
 *   u         uint32_t
 *   t, x      uint64_t
 *   as        const char *const *
 *
 * json is the body as an array, NULL on an error. name is the D-Bus error name or "". The error
 * text has the server's own words. Its code is ERR_DENIED for AccessDenied,
 * InteractiveAuthorizationRequired, AuthFailed and PolicyKit's NotAuthorized. done is called
 * exactly once unless the call is cancelled or the bus is closed. */
typedef void bus_done(const char *json, size_t len, const struct err *, const char *name,
                      void *arg);
struct bus_call *bus_call(struct bus *, const char *dest, const char *path, const char *interface,
                          const char *member, int64_t timeout_ms, bus_done *, void *arg,
                          const char *sig, ...);
void bus_call_cancel(struct bus_call *); /* NULL is fine */

#endif
