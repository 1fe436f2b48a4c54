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

uint64_t bus_guard_feed(struct bus_guard *g, const char *bytes, size_t len)
{
	while (len) {
		size_t n;
		/* The login consists of lines: "OK", "REJECTED", "DATA", "ERROR", "AGREE_UNIX_FD".
		 * A message starts with 'l' or 'B', and no line does. */
		if (!g->binary && !g->have && (*bytes == 'l' || *bytes == 'B'))
			g->binary = true;
		if (!g->binary) {
			const char *end = memchr(bytes, '\n', len);
			g->have = end ? 0 : 1; /* 1: in the middle of a line */
			n = end ? (size_t)(end - bytes) + 1 : len;
		} else if (g->left) {
			n = g->left < len ? (size_t)g->left : len;
			g->left -= n;
		} else {
			n = sizeof g->head - g->have < len ? sizeof g->head - g->have : len;
			memcpy(g->head + g->have, bytes, n);
			g->have += n;
		}
		if (g->binary && g->have == sizeof g->head) {
			bool big = g->head[0] == 'B';
			if (!big && g->head[0] != 'l')
				return SIZE_MAX;
			/* those 16 bytes, the header fields padded to 8, and the body */
			uint64_t body = bus_guard_number(g->head + 4, big);
			uint64_t fields = bus_guard_number(g->head + 12, big);
			uint64_t whole = sizeof g->head + (fields + 7) / 8 * 8 + body;
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
