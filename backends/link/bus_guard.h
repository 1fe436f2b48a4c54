/* bus_guard.h: how long the messages are that a D-Bus peer sends, seen before sd-bus makes room for
 * them.
 *
 * sd-bus takes messages of up to 128 MB. The guard follows the bytes only as far as it must to see
 * where each message begins: lines until the login is over, then headers (D-Bus specification,
 * "Message Format"). */
#ifndef LINK_BUS_GUARD_H
#define LINK_BUS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUS_MESSAGE_MAX (8u << 20) /* a list of 10 000 units is 4 MB */

struct bus_guard {
	bool binary;            /* the login is over */
	unsigned char head[16]; /* of the message that begins; or what is known of a line */
	size_t have;            /* bytes of head */
	uint64_t left;          /* bytes of a message that are still to come */
};

/* Looks at the next bytes from the peer. 0: all is well; otherwise what the header said a message
 * is long, in bytes, or SIZE_MAX when it is no D-Bus message. Starts zeroed. */
uint64_t bus_guard_feed(struct bus_guard *, const char *bytes, size_t len);

#endif
