/* bus.c: D-Bus through a link with sd-bus.
 *
 * sd-bus needs a file descriptor. On this machine that is the bus's own socket, otherwise one end
 * of a relay (relay.h) to a stream of the link. Nothing here blocks: authentication, Hello, matches
 * and calls are all asynchronous.
 *
 * Endpoints are tried in order. An endpoint counts as working once the bus has answered Hello. So a
 * socket that exists but refuses the login leads on to the next endpoint. */
#include "backends/link/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "backends/base/buf.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/base/json.h"
#include "backends/link/bus_guard.h"
#include "backends/link/loop.h"
#include "backends/link/relay.h"

#define ENDPOINTS_MAX 4
#define GREET_TIMEOUT_MS 15000 /* from opening an endpoint to the bus's greeting */
#define JSON_MAX BUS_MESSAGE_MAX
#define JSON_DEPTH 40  /* D-Bus itself allows 32 arrays in 32 structs; no real message does that */
#define CALLS_MAX 8192 /* waiting at once, sent or not */
#define PROCESS_MAX 16 /* messages of one bus before other buses get a turn */
#define SENT_MAX 100   /* sent but unanswered: dbus-daemon allows 128 per connection */

struct bus_call {
	struct bus *bus;
	sd_bus_message *message; /* until sent */
	sd_bus_slot *slot;       /* once sent */
	char member[64];
	int64_t timeout_ms;
	bus_done *done;
	void *arg;
	struct bus_call *prev, *next;
	struct err failed; /* sending failed; a deferred call reports it */
};

struct bus {
	struct link *link;
	struct loop *loop;
	const struct bus_events *events;
	void *arg;
	struct endpoint endpoints[ENDPOINTS_MAX]; /* strings are owned */
	size_t n_endpoints, at;                   /* at: the one in use */
	struct err err;                           /* why the endpoints so far failed */
	sd_bus *sd;
	struct loop_io *io; /* of watched */
	int watched;        /* our own copy of sd's socket, valid while io is set */
	/* for sd's own work: a call times out, a message waits */
	struct loop_timer *due;
	struct relay *relay;    /* NULL: sd has the socket itself */
	struct bus_guard guard; /* checks the bytes of the relay */
	struct loop_timer *timer;
	/* in order; the sent ones come first */
	struct bus_call *calls;
	struct bus_call *unsent; /* the first unsent one of calls */
	size_t n_calls, n_sent;
	int depth; /* running callbacks of sd-bus */
	bool open;
};

static const char *bus_or_empty(const char *s)
{
	return s ? s : "";
}

static void bus_try_endpoint(struct bus *);
static void bus_endpoint_failed(struct bus *, enum err_code, const char *why);

/* --- when sd-bus runs ---------------------------------------------------- */

/* sd-event would query an attached bus before every event of the loop. With a hundred servers, each
 * packet of any server queried two hundred buses. Here a bus is queried only after it was used. */
static void bus_rearm(struct bus *bus)
{
	uint64_t due_us;
	int64_t wait_ms = -1;
	if (!bus->sd || !bus->io)
		return;
	int events = sd_bus_get_events(bus->sd);
	if (sd_bus_get_timeout(bus->sd, &due_us) >= 0 && due_us != UINT64_MAX) {
		struct timespec now;
		clock_gettime(CLOCK_MONOTONIC, &now);
		uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
		wait_ms = due_us > now_us ? (int64_t)((due_us - now_us) / 1000 + 1) : 0;
	}
	loop_io_set(bus->io, events > 0 ? (unsigned)events : 0);
	loop_timer_set(bus->due, wait_ms);
}

static const char *bus_end_words(const struct bus *bus)
{
	return bus->open ? "the bus closed it"
	                 : "the bus refused the login or closed the connection";
}

/* A callback may drop sd; sd is then freed after this turn. */
static void bus_process(void *arg)
{
	struct bus *bus = arg;
	sd_bus *sd = bus->sd;
	int r = 1;
	bus->depth++;
	for (int i = 0; i < PROCESS_MAX && r > 0 && bus->sd == sd; i++)
		r = sd_bus_process(sd, NULL);
	if (r < 0 && bus->sd == sd)
		bus_endpoint_failed(bus, ERR_REFUSED, bus_end_words(bus));
	bus->depth--;
	if (bus->sd == sd)
		bus_rearm(bus);
}

static void bus_on_io(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	bus_process(arg);
}

/* --- a message as JSON --------------------------------------------------- */

static void bus_json_string(struct buf *out, const char *s)
{
	static const char hex[] = "0123456789abcdef";
	buf_puts(out, "\"");
	while (*s) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\') {
			buf_add(out, (char[]){ '\\', *s++ }, 2);
		} else if (c < 0x20 || c == 0x7f) {
			buf_add(out, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
			s++;
		} else if (c < 0x80) {
			size_t n = 1;
			while ((unsigned char)s[n] >= 0x20 && (unsigned char)s[n] < 0x7f &&
			       s[n] != '"' && s[n] != '\\')
				n++;
			buf_add(out, s, n);
			s += n;
		} else {
			/* sd-bus has validated the string already. A bad byte becomes U+FFFD all
			 * the same. */
			size_t n = 2, i = 1;
			if (c >= 0xf0)
				n = 4;
			else if (c >= 0xe0)
				n = 3;
			while (i < n && ((unsigned char)s[i] & 0xc0) == 0x80)
				i++;
			if (c < 0xc2 || c > 0xf4 || i < n)
				buf_puts(out, "\\ufffd");
			else
				buf_add(out, s, n);
			s += i;
		}
	}
	buf_puts(out, "\"");
}

static void bus_json_double(struct buf *out, double d)
{
	char text[40];
	if (!isfinite(d)) {
		buf_puts(out, "null");
		return;
	}
	snprintf(text, sizeof text, "%.17g", d);
	for (char *p = text; *p; p++)
		if (*p == ',') /* the locale's decimal point */
			*p = '.';
	buf_puts(out, text);
}

/* JSON readers use doubles, which hold no integers above 2^53 exactly. */
static void bus_json_unsigned(struct buf *out, uint64_t n)
{
	buf_addf(out, n > (UINT64_C(1) << 53) ? "\"%llu\"" : "%llu", (unsigned long long)n);
}

static void bus_json_signed(struct buf *out, int64_t n)
{
	bool far = n > (INT64_C(1) << 53) || n < -(INT64_C(1) << 53);
	buf_addf(out, far ? "\"%lld\"" : "%lld", (long long)n);
}

static int bus_json_basic(struct buf *out, sd_bus_message *m, char type)
{
	union {
		uint8_t y;
		int b;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		const char *s;
	} v = { .t = 0 };
	int r = sd_bus_message_read_basic(m, type, &v);
	if (r <= 0)
		return r;
	switch (type) {
	case 'y': bus_json_unsigned(out, v.y); break;
	case 'b': buf_puts(out, v.b ? "true" : "false"); break;
	case 'n': bus_json_signed(out, v.n); break;
	case 'q': bus_json_unsigned(out, v.q); break;
	case 'i': bus_json_signed(out, v.i); break;
	case 'u': bus_json_unsigned(out, v.u); break;
	case 'x': bus_json_signed(out, v.x); break;
	case 't': bus_json_unsigned(out, v.t); break;
	case 'd': bus_json_double(out, v.d); break;
	case 's':
	case 'o':
	case 'g': bus_json_string(out, v.s ? v.s : ""); break;
	default: buf_puts(out, "null"); /* 'h': a file descriptor has no meaning over a link */
	}
	return 1;
}

/* The key of a dictionary entry; JSON needs a string. */
static int bus_json_key(struct buf *out, sd_bus_message *m, char type)
{
	struct buf key;
	buf_init(&key, JSON_MAX);
	int r = bus_json_basic(&key, m, type);
	if (r > 0 && key.len && *key.data == '"')
		buf_add(out, key.data, key.len);
	else if (r > 0)
		buf_addf(out, "\"%s\"", key.len ? key.data : "");
	buf_finish(&key);
	return r;
}

static int bus_json_values(struct buf *, sd_bus_message *, int depth);

static int bus_json_dict(struct buf *out, sd_bus_message *m, const char *entry, int depth)
{
	char inner[256];
	int r = 1;
	size_t n = strlen(entry);
	if (n < 4 || n - 2 >= sizeof inner)
		return -EBADMSG;
	memcpy(inner, entry + 1, n - 2);
	inner[n - 2] = '\0';
	buf_puts(out, "{");
	for (bool first = true; (r = sd_bus_message_enter_container(m, 'e', inner)) > 0;
	     first = false) {
		if (!first)
			buf_puts(out, ",");
		if ((r = bus_json_key(out, m, *inner)) <= 0)
			return r ? r : -EBADMSG;
		buf_puts(out, ":");
		if ((r = bus_json_values(out, m, depth)) < 0 ||
		    (r = sd_bus_message_exit_container(m)) < 0)
			return r;
	}
	buf_puts(out, "}");
	return r;
}

static int bus_json_container(struct buf *out, sd_bus_message *m, char type, const char *contents,
                              int depth)
{
	int r = sd_bus_message_enter_container(m, type, contents);
	if (r < 0)
		return r;
	if (type == 'a' && *contents == '{') {
		r = bus_json_dict(out, m, contents, depth);
	} else if (type == 'v') {
		buf_puts(out, "{\"type\":");
		bus_json_string(out, contents);
		buf_puts(out, ",\"data\":");
		r = bus_json_values(out, m, depth);
		buf_puts(out, "}");
	} else {
		buf_puts(out, "[");
		r = bus_json_values(out, m, depth);
		buf_puts(out, "]");
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Writes the remaining values of m's current container, separated by commas. */
static int bus_json_values(struct buf *out, sd_bus_message *m, int depth)
{
	const char *contents;
	char type;
	int r;
	if (depth > JSON_DEPTH)
		return -ELOOP;
	for (bool first = true; (r = sd_bus_message_peek_type(m, &type, &contents)) > 0;
	     first = false) {
		if (!first)
			buf_puts(out, ",");
		r = strchr("avr", type) ? bus_json_container(out, m, type, contents, depth + 1)
		                        : bus_json_basic(out, m, type);
		if (r < 0)
			return r;
		if (out->overflowed)
			return -E2BIG;
	}
	return r;
}

/* Writes the body as an array. False: too big or malformed; err says which. */
static bool bus_json_body(struct buf *out, sd_bus_message *m, struct err *err)
{
	buf_init(out, JSON_MAX);
	buf_puts(out, "[");
	int r = bus_json_values(out, m, 0);
	buf_puts(out, "]");
	if (r == -E2BIG || out->overflowed)
		return err_set(err, ERR_TOO_BIG, "it is over %u MB as text", JSON_MAX >> 20);
	if (r < 0)
		return err_set(err, ERR_GARBLED, "it cannot be read: %s", strerror(-r));
	return true;
}

/* --- calls --------------------------------------------------------------- */

static void bus_call_free(struct bus_call *call)
{
	struct bus *bus = call->bus;
	if (bus->unsent == call)
		bus->unsent = call->next;
	DL_DELETE(bus->calls, call);
	bus->n_calls--;
	bus->n_sent -= call->slot != NULL;
	sd_bus_slot_unref(call->slot);
	sd_bus_message_unref(call->message);
	free(call);
}

static enum err_code bus_code_of(const char *name)
{
	static const struct {
		const char *name;
		enum err_code code;
	} known[] = {
		{ SD_BUS_ERROR_ACCESS_DENIED, ERR_DENIED },
		{ SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, ERR_DENIED },
		{ SD_BUS_ERROR_AUTH_FAILED, ERR_DENIED },
		{ "org.freedesktop.PolicyKit1.Error.NotAuthorized", ERR_DENIED },
		{ SD_BUS_ERROR_TIMEOUT, ERR_TIMEOUT },
		{ SD_BUS_ERROR_NO_REPLY, ERR_TIMEOUT },
		{ SD_BUS_ERROR_DISCONNECTED, ERR_LOST },
		{ SD_BUS_ERROR_SERVICE_UNKNOWN, ERR_ABSENT },
		{ SD_BUS_ERROR_NAME_HAS_NO_OWNER, ERR_ABSENT },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].code;
	return ERR_REFUSED;
}

/* Calls done and frees the call; done may close the bus. */
static void bus_call_end(struct bus_call *call, const char *json, size_t len, const struct err *err,
                         const char *name)
{
	bus_done *done = call->done;
	void *arg = call->arg;
	bus_call_free(call);
	done(json, len, err, name, arg);
}

static void bus_send_waiting(struct bus *);

static int bus_on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct bus_call *call = userdata;
	struct bus *bus = call->bus;
	const sd_bus_error *e = sd_bus_message_get_error(m);
	struct err err = { 0 };
	struct buf json = { 0 };
	bus->depth++;
	sd_bus_message_ref(m);
	if (e) {
		err_set(&err, bus_code_of(e->name), "%s", e->message ? e->message : e->name);
		bus_call_end(call, NULL, 0, &err, e->name);
	} else {
		/* JSON within the limits of the parsers */
		char what[200];
		snprintf(what, sizeof what, "%.60s: the answer to %.63s over D-Bus",
		         bus->link->name, call->member);
		bool good = bus_json_body(&json, m, &err);
		struct err why = err;
		if (!good)
			err_set(&err, why.code, "%s: %s", what, why.text);
		if (good && json_fits(what, json.data, json.len, &err))
			bus_call_end(call, json.data, json.len, &err, "");
		else
			bus_call_end(call, NULL, 0, &err, "");
	}
	buf_finish(&json);
	sd_bus_message_unref(m);
	bus_send_waiting(bus);
	bus->depth--;
	return 1;
}

static void bus_on_not_sent(void *arg)
{
	struct bus_call *call = arg;
	struct err err = call->failed;
	bus_call_end(call, NULL, 0, &err, "");
}

static int bus_append_args(sd_bus_message *m, const char *sig, va_list ap)
{
	int r = 0;
	for (; *sig && r >= 0; sig++) {
		switch (*sig) {
		case 's':
		case 'o':
		case 'g': r = sd_bus_message_append_basic(m, *sig, va_arg(ap, const char *)); break;
		case 'b':
		case 'i':
			r = sd_bus_message_append_basic(m, *sig, &(int){ va_arg(ap, int) });
			break;
		case 'u':
			r = sd_bus_message_append_basic(m, 'u',
			                                &(uint32_t){ va_arg(ap, uint32_t) });
			break;
		case 't':
		case 'x':
			r = sd_bus_message_append_basic(m, *sig,
			                                &(uint64_t){ va_arg(ap, uint64_t) });
			break;
		case 'a':
			if (*++sig != 's')
				return -EINVAL;
			r = sd_bus_message_append_strv(m, (char **)va_arg(ap, const char *const *));
			break;
		default: return -EINVAL;
		}
	}
	return r;
}

static void bus_not_sent(struct bus_call *call, const char *member, int r)
{
	enum err_code code = r == -ENOTCONN || r == -ECONNRESET ? ERR_LOST : ERR_SYSTEM;
	const char *why = r == -ENOBUFS ? "too many calls wait for an answer" : strerror(-r);
	err_set(&call->failed, code, "%s was not sent over D-Bus: %s", member, why);
	loop_defer(call->bus->loop, bus_on_not_sent, call);
}

/* The timeout of a call starts when it is sent, so a long queue does not use it up. */
static void bus_send_waiting(struct bus *bus)
{
	while (bus->unsent && bus->n_sent < SENT_MAX && bus->sd && bus->open) {
		struct bus_call *call = bus->unsent;
		bus->unsent = call->next;
		if (!call->message) /* sending failed; the deferred call reports it */
			continue;
		int r = sd_bus_call_async(bus->sd, &call->slot, call->message, bus_on_reply, call,
		                          (uint64_t)call->timeout_ms * 1000);
		if (r < 0)
			bus_not_sent(call, bus_or_empty(sd_bus_message_get_member(call->message)),
			             r);
		else
			bus->n_sent++;
		call->message = sd_bus_message_unref(call->message);
	}
	bus_rearm(bus);
}

struct bus_call *bus_call(struct bus *bus, const char *dest, const char *path,
                          const char *interface, const char *member, int64_t timeout_ms,
                          bus_done *done, void *arg, const char *sig, ...)
{
	struct bus_call *call = xcalloc(1, sizeof *call);
	va_list ap;
	*call = (struct bus_call){ .bus = bus, .done = done, .arg = arg, .timeout_ms = timeout_ms };
	snprintf(call->member, sizeof call->member, "%s", member);
	DL_APPEND(bus->calls, call);
	bus->n_calls++;
	int r;
	if (!bus->sd || !bus->open)
		r = -ENOTCONN;
	else if (bus->n_calls > CALLS_MAX)
		r = -ENOBUFS;
	else
		r = sd_bus_message_new_method_call(bus->sd, &call->message, dest, path, interface,
		                                   member);
	if (r >= 0) {
		va_start(ap, sig);
		r = bus_append_args(call->message, sig ? sig : "", ap);
		va_end(ap);
	}
	if (r < 0) {
		call->message = sd_bus_message_unref(call->message);
		bus_not_sent(call, member, r);
	}
	if (!bus->unsent)
		bus->unsent = call;
	bus_send_waiting(bus);
	return call;
}

void bus_call_cancel(struct bus_call *call)
{
	if (!call)
		return;
	loop_defer_cancel(call->bus->loop, bus_on_not_sent, call);
	bus_call_free(call);
}

/* --- signals ------------------------------------------------------------- */

static int bus_on_signal(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct bus *bus = userdata;
	struct buf json;
	sd_bus_message_ref(m);
	bus->depth++;
	if (bus_json_body(&json, m, NULL))
		bus->events->signal(bus, bus_or_empty(sd_bus_message_get_path(m)),
		                    bus_or_empty(sd_bus_message_get_interface(m)),
		                    bus_or_empty(sd_bus_message_get_member(m)), json.data, json.len,
		                    bus->arg);
	bus->depth--;
	buf_finish(&json);
	sd_bus_message_unref(m);
	return 0;
}

void bus_match(struct bus *bus, const char *rule)
{
	if (bus->sd)
		sd_bus_add_match_async(bus->sd, NULL, rule, bus_on_signal, NULL, bus);
	bus_rearm(bus);
}

/* --- opening ------------------------------------------------------------- */

/* Classifies the end of a bridge command. Old bridges that find no bus exit with 1 and write the
 * reason only to the log. */
static enum err_code bus_bridge_code(const struct stream_end *end, const char *complaint)
{
	if (end->err.code)
		return end->err.code;
	if (strstr(complaint, "Permission denied") || strstr(complaint, "Access denied"))
		return ERR_DENIED;
	if (strstr(complaint, "No such file") || strstr(complaint, "not found") ||
	    strstr(complaint, "Connection refused"))
		return ERR_ABSENT;
	return end->exit_code == 127 || (end->exit_code > 0 && !*complaint) ? ERR_ABSENT
	                                                                    : ERR_REFUSED;
}

static void bus_on_relay_closed(const struct stream_end *end, const char *complaint, void *arg)
{
	struct bus *bus = arg;
	char why[sizeof end->err.text];
	bus->relay = NULL;
	if (end->err.code)
		snprintf(why, sizeof why, "%s", end->err.text);
	else if (*complaint)
		snprintf(why, sizeof why, "%s", complaint);
	else if (end->exit_code > 0)
		snprintf(why, sizeof why, "it ended with code %d, so there is no bus",
		         end->exit_code);
	else
		snprintf(why, sizeof why, "it closed the connection");
	bus_endpoint_failed(bus, bus_bridge_code(end, complaint), why);
}

static bool bus_on_relay_bytes(const char *bytes, size_t len, void *arg)
{
	struct bus *bus = arg;
	char why[160];
	uint64_t whole = bus_guard_feed(&bus->guard, bytes, len);
	if (!whole)
		return true;
	if (whole == SIZE_MAX)
		snprintf(why, sizeof why, "what came is not a D-Bus message");
	else
		snprintf(why, sizeof why,
		         "it sent a message of %llu MB, and at most %u MB are taken",
		         (unsigned long long)whole >> 20, BUS_MESSAGE_MAX >> 20);
	bus_endpoint_failed(bus, whole == SIZE_MAX ? ERR_GARBLED : ERR_TOO_BIG, why);
	return false;
}

/* Drops the connection. When a callback of sd-bus is running, sd is freed after this turn. */
static void bus_unref_later(void *sd)
{
	sd_bus_close_unref(sd);
}

static void bus_disconnect(struct bus *bus)
{
	bus->open = false;
	if (bus->sd) {
		if (bus->io) {
			loop_io_remove(bus->io);
			close(bus->watched);
			loop_timer_remove(bus->due);
			bus->io = NULL;
			bus->due = NULL;
		}
		if (bus->depth)
			loop_defer(bus->loop, bus_unref_later, bus->sd);
		else
			sd_bus_close_unref(bus->sd);
		bus->sd = NULL;
	}
	relay_close(bus->relay);
	bus->relay = NULL;
}

static void bus_free(void *arg)
{
	struct bus *bus = arg;
	for (size_t i = 0; i < bus->n_endpoints; i++) {
		free((char *)bus->endpoints[i].path);
		free((char *)bus->endpoints[i].command);
	}
	free(bus);
}

static void bus_give_up(void *arg)
{
	struct bus *bus = arg;
	const struct bus_events *events = bus->events;
	void *user = bus->arg;
	struct err err = bus->err;
	events->closed(bus, &err, user);
	bus_close(bus);
}

static const char *bus_endpoint_name(const struct endpoint *endpoint)
{
	return endpoint->kind == ENDPOINT_UNIX ? endpoint->path : endpoint->command;
}

/* Appends this endpoint's failure to the sentence. A refusal outranks an absence: when any endpoint
 * found a bus that refused, the bus exists. */
static void bus_remember(struct bus *bus, enum err_code code, const char *why)
{
	char before[sizeof bus->err.text];
	memcpy(before, bus->err.text, sizeof before);
	enum err_code worst = bus->err.code == ERR_NONE || bus->err.code == ERR_ABSENT
	                              ? code
	                              : bus->err.code;
	err_set(&bus->err, worst, "%.150s%s%.80s: %.160s", before, *before ? "; " : "",
	        bus_endpoint_name(&bus->endpoints[bus->at]), why);
}

/* Tries the next endpoints until one starts. bus_try_endpoint reports when the last one fails. */
static void bus_next_endpoint(void *arg)
{
	struct bus *bus = arg;
	while (!bus->sd && bus->at + 1 < bus->n_endpoints) {
		bus->at++;
		bus_try_endpoint(bus);
	}
}

static void bus_endpoint_failed(struct bus *bus, enum err_code code, const char *why)
{
	bool was_open = bus->open;
	bus_disconnect(bus);
	if (was_open)
		err_set(&bus->err, code == ERR_LOST || code == ERR_TOO_BIG ? code : ERR_REFUSED,
		        "%s: the D-Bus connection (%.80s) ended: %.160s", bus->link->name,
		        bus_endpoint_name(&bus->endpoints[bus->at]), why);
	else
		bus_remember(bus, code, why);
	/* Waiting calls stay until closed is called: their owners may still cancel them. */
	bool more = !was_open && bus->at + 1 < bus->n_endpoints && code != ERR_LOST;
	if (!more)
		loop_timer_set(bus->timer, -1);
	loop_defer(bus->loop, more ? bus_next_endpoint : bus_give_up, bus);
}

static void bus_on_late(struct loop_timer *timer, void *arg)
{
	bus_endpoint_failed(arg, ERR_TIMEOUT, "the bus did not greet within 15 s");
}

static int bus_on_connected(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct bus *bus = userdata;
	bus->depth++;
	bus->open = true;
	err_clear(&bus->err);
	loop_timer_set(bus->timer, -1);
	bus->events->opened(bus, bus->arg);
	bus->depth--;
	return 0;
}

static int bus_on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct bus *bus = userdata;
	bus->depth++;
	bus_endpoint_failed(bus, ERR_REFUSED, bus_end_words(bus));
	bus->depth--;
	return 0;
}

static const char local_rule[] =
	"type='signal',sender='org.freedesktop.DBus.Local',"
	"path='/org/freedesktop/DBus/Local',interface='org.freedesktop.DBus.Local',member='%s'";

static int bus_add_local_match(struct bus *bus, const char *member, sd_bus_message_handler_t fn)
{
	char rule[256];
	snprintf(rule, sizeof rule, local_rule, member);
	return sd_bus_add_match(bus->sd, NULL, rule, fn, bus);
}

/* sd-bus answers calls of its peer by itself, even GetMachineId. The peer is a server and must
 * learn nothing about this machine, so every incoming call stays unanswered. Filters run before the
 * built-in objects (sd-bus(3)). */
static int bus_refuse_calls(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	uint8_t type = 0;
	return sd_bus_message_get_type(m, &type) < 0 || type == SD_BUS_MESSAGE_METHOD_CALL;
}

/* Gives fd to sd-bus, which closes it. The socketpair could carry file descriptors, but a link
 * cannot, so passing them is not negotiated. */
static int bus_start(struct bus *bus, int fd)
{
	int r = sd_bus_new(&bus->sd);
	if (r < 0) {
		close(fd);
		return r;
	}
	if ((r = sd_bus_set_fd(bus->sd, fd, fd)) < 0) {
		close(fd);
		return r;
	}
	if ((r = sd_bus_set_bus_client(bus->sd, 1)) < 0 ||
	    (r = sd_bus_negotiate_fds(bus->sd, 0)) < 0 ||
	    (r = sd_bus_set_connected_signal(bus->sd, 1)) < 0 ||
	    (r = sd_bus_add_filter(bus->sd, NULL, bus_refuse_calls, bus)) < 0 ||
	    (r = sd_bus_start(bus->sd)) < 0 ||
	    (r = bus_add_local_match(bus, "Connected", bus_on_connected)) < 0 ||
	    (r = bus_add_local_match(bus, "Disconnected", bus_on_disconnected)) < 0)
		return r;
	/* sd-bus closes fd itself, before it says that the bus went. By then the number may belong
	 * to another file. So the loop watches a copy. */
	bus->watched = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (bus->watched < 0)
		return -errno;
	bus->io = loop_io_add(bus->loop, bus->watched, POLLIN, bus_on_io, bus);
	bus->due = loop_timer_call(bus->loop, -1, bus_process, bus);
	bus_rearm(bus);
	return 0;
}

static int bus_connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		int e = errno;
		close(fd);
		return -e;
	}
	return fd;
}

static void bus_try_local(struct bus *bus, const struct endpoint *endpoint)
{
	int fd = bus_connect_unix(endpoint->path);
	int r = fd < 0 ? fd : bus_start(bus, fd);
	enum err_code code;
	if (r == -ENOENT || r == -ECONNREFUSED)
		code = ERR_ABSENT;
	else if (r == -EACCES || r == -EPERM)
		code = ERR_DENIED;
	else
		code = ERR_SYSTEM;
	if (r < 0) {
		bus_disconnect(bus);
		bus_remember(bus, code, r == -ECONNREFUSED ? "nobody listens there" : strerror(-r));
	}
}

static void bus_try_relay(struct bus *bus, const struct endpoint *endpoint)
{
	int fd;
	struct err err;
	memset(&bus->guard, 0, sizeof bus->guard);
	bus->relay = relay_open(bus->link, endpoint, &fd, bus_on_relay_bytes, bus_on_relay_closed,
	                        bus, &err);
	if (!bus->relay) {
		bus_remember(bus, err.code, err.text);
		return;
	}
	int r = bus_start(bus, fd);
	if (r < 0) {
		bus_disconnect(bus);
		bus_remember(bus, ERR_SYSTEM, strerror(-r));
	}
}

static void bus_try_endpoint(struct bus *bus)
{
	const struct endpoint *endpoint = &bus->endpoints[bus->at];
	loop_timer_set(bus->timer, GREET_TIMEOUT_MS);
	if (endpoint->kind == ENDPOINT_UNIX && link_is_local(bus->link))
		bus_try_local(bus, endpoint);
	else
		bus_try_relay(bus, endpoint);
	if (!bus->sd && bus->at + 1 >= bus->n_endpoints) {
		loop_timer_set(bus->timer, -1);
		loop_defer(bus->loop, bus_give_up, bus);
	}
}

struct bus *bus_open(struct link *link, const struct endpoint *endpoints, size_t n,
                     const struct bus_events *events, void *arg, struct err *err)
{
	if (link->state != LINK_UP || !n) {
		err_set(err, ERR_LOST, "%s: the link is not up", link->name);
		return NULL;
	}
	struct bus *bus = xcalloc(1, sizeof *bus);
	*bus = (struct bus){ .link = link,
		             .loop = link->loop,
		             .events = events,
		             .arg = arg,
		             .n_endpoints = n < ENDPOINTS_MAX ? n : ENDPOINTS_MAX };
	for (size_t i = 0; i < bus->n_endpoints; i++) {
		bus->endpoints[i] = (struct endpoint){ .kind = endpoints[i].kind,
			                               .path = xstrdup(endpoints[i].path),
			                               .command = xstrdup(endpoints[i].command),
			                               .timeout_ms = endpoints[i].timeout_ms };
	}
	bus->timer = loop_timer_add(bus->loop, -1, bus_on_late, bus);
	bus_try_endpoint(bus);
	bus_next_endpoint(bus);
	return bus;
}

void bus_close(struct bus *bus)
{
	if (!bus)
		return;
	loop_defer_cancel(bus->loop, bus_next_endpoint, bus);
	loop_defer_cancel(bus->loop, bus_give_up, bus);
	/* Drops waiting calls without calling done, as bus_close promises. Their callers get
	 * closed. */
	while (bus->calls)
		bus_call_cancel(bus->calls);
	bus_disconnect(bus);
	loop_timer_remove(bus->timer);
	bus->timer = NULL;
	/* A callback further up the stack still decrements depth. */
	if (bus->depth)
		loop_defer(bus->loop, bus_free, bus);
	else
		bus_free(bus);
}

const struct endpoint *bus_endpoint(const struct bus *bus)
{
	return bus->open ? &bus->endpoints[bus->at] : NULL;
}
