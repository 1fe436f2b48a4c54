/* bus_guard.h: checks the length of incoming D-Bus messages before sd-bus allocates memory for
 * them.
 *
 * sd-bus accepts messages of up to 128 MB. The guard parses only enough to find the start of each
 * message: lines until the login ends, then message headers. Source: D-Bus specification, "Message
 * Format" and "Authentication Protocol". */
#ifndef LINK_BUS_GUARD_H
#define LINK_BUS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUS_MESSAGE_MAX (8u << 20) /* a list of 10 000 units is 4 MB */

struct bus_guard {
	bool binary; /* the login has ended; binary messages follow */
	/* header of the message that begins, or the start of a login line */
	unsigned char head[16];
	size_t have;   /* bytes of head */
	uint64_t left; /* bytes of the current message that are still to come */
};

/* Checks the next bytes from the peer. The guard starts zeroed. Returns 0 when all is well, or the
 * length in bytes of a message over BUS_MESSAGE_MAX. SIZE_MAX: the bytes are not D-Bus. */
uint64_t bus_guard_feed(struct bus_guard *, const char *bytes, size_t len);

#endif
