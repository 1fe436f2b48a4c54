/* bus_guard.c: follows the D-Bus specification, "Authentication Protocol" and "Message Format". */
#include "backends/link/bus_guard.h"

#include <string.h>

static uint32_t bus_guard_number(const unsigned char *at, bool big)
{
	uint32_t n = 0;
	for (int i = 0; i < 4; i++)
		n = n << 8 | at[big ? i : 3 - i];
	return n;
}

/* Computes the length of the whole message from its first 16 bytes. The parts are those 16 bytes,
 * the header fields padded to 8, and the body. 0: not a header. */
static uint64_t bus_guard_length(const unsigned char *head)
{
	bool big = head[0] == 'B';
	if (!big && head[0] != 'l')
		return 0;
	uint64_t body = bus_guard_number(head + 4, big), fields = bus_guard_number(head + 12, big);
	return 16 + (fields + 7) / 8 * 8 + body;
}

/* The login consists of lines: "OK", "REJECTED", "DATA", "ERROR", "AGREE_UNIX_FD". A message starts
 * with 'l' or 'B', and no line does. */
static size_t bus_guard_line(struct bus_guard *g, const char *bytes, size_t len)
{
	if (!g->have && (*bytes == 'l' || *bytes == 'B')) {
		g->binary = true;
		return 0;
	}
	const char *end = memchr(bytes, '\n', len);
	g->have = end ? 0 : 1; /* 1: in the middle of a line */
	return end ? (size_t)(end - bytes) + 1 : len;
}

uint64_t bus_guard_feed(struct bus_guard *g, const char *bytes, size_t len)
{
	while (len) {
		size_t n;
		if (!g->binary) {
			n = bus_guard_line(g, bytes, len);
		} else if (g->left) {
			n = g->left < len ? (size_t)g->left : len;
			g->left -= n;
		} else {
			n = sizeof g->head - g->have < len ? sizeof g->head - g->have : len;
			memcpy(g->head + g->have, bytes, n);
			g->have += n;
		}
		if (g->binary && g->have == sizeof g->head) {
			uint64_t whole = bus_guard_length(g->head);
			if (!whole)
				return SIZE_MAX;
			if (whole > BUS_MESSAGE_MAX)
				return whole;
			g->left = whole - sizeof g->head;
			g->have = 0;
		}
		bytes += n;
		len -= n;
	}
	return 0;
}
