/* bus.h: D-Bus by sd-bus through a link, with every message as JSON text.
 *
 * Answers and signals are handed on as JSON in the manner of `busctl --json=short`: basic types as
 * themselves (64-bit numbers above 2^53 as strings), arrays as arrays, a{..} as objects, structs as
 * arrays, variants as
 * {"type":"s","data":...}. So a parser is a pure function of text, and a recording is readable. */
#ifndef LINK_BUS_H
#define LINK_BUS_H

#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/link/link.h"

struct bus;
struct bus_call;

struct bus_events {
	/* authenticated and greeted */
	void (*opened)(struct bus *, void *arg);
	/* A signal of a match that was added: path, interface, member, and the body as a JSON
	 * array. */
	void (*signal)(struct bus *, const char *path, const char *interface, const char *member,
	               const char *json, size_t len, void *arg);
	/* Once; then it is gone, and with it the calls that still wait, without a word. It needs no
	 * bus_close. */
	void (*closed)(struct bus *, const struct err *, void *arg);
};

/* Opens the bus behind the first of endpoints (n) that works, on link. Over SSH the stream is glued
 * to a socketpair; a local Unix socket is opened directly. NULL and err when it is impossible at
 * once. */
struct bus *bus_open(struct link *, const struct endpoint *endpoints, size_t n,
                     const struct bus_events *, void *arg, struct err *);
/* NULL is fine; tells nothing */
void bus_close(struct bus *);
const struct endpoint *bus_endpoint(const struct bus *);

/* Subscribes to signals: a D-Bus match rule such as
 * "type='signal',sender='org.freedesktop.systemd1'". */
void bus_match(struct bus *, const char *rule);

/* Calls a method. args are given by sig (basic types and 'as' only): s, o: const char *; b: int; u:
 * uint32_t; t: uint64_t; as: const char *const *. json is the body as an array, NULL on an error,
 * whose text has the far side's own words and whose code is ERR_DENIED for AccessDenied /
 * InteractiveAuthorizationRequired / AuthFailed. name is the D-Bus error name or "". done is called
 * exactly once unless cancelled or the bus is closed. */
typedef void bus_done(const char *json, size_t len, const struct err *, const char *name,
                      void *arg);
struct bus_call *bus_call(struct bus *, const char *dest, const char *path, const char *interface,
                          const char *member, int64_t timeout_ms, bus_done *, void *arg,
                          const char *sig, ...);
void bus_call_cancel(struct bus_call *); /* NULL is fine */

#endif
