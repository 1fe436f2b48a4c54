/* ports_parse.c: parses the listening addresses that the script reports (sample.h). Pure.
 *
 * Source: proc(5), /proc/net/tcp and tcp6: address and port in hexadecimal digits. An address is
 * written in the byte order of the machine, word by word. */
#include <stdlib.h>
#include <string.h>

#include "backends/vitals/sample.h"
#include "backends/vitals/text.h"

/* "1F90": exactly four digits. 0: not such a port. */
static unsigned ports_number(struct text digits)
{
	unsigned n = 0;
	if (text_len(digits) != 4)
		return 0;
	for (const char *p = digits.p; p < digits.end; p++) {
		const char *signs = "0123456789ABCDEF", *sign = *p ? strchr(signs, *p) : NULL;
		if (!sign)
			return 0;
		n = n * 16 + (unsigned)(sign - signs);
	}
	return n;
}

static void ports_add(uint16_t *ports, size_t *n, unsigned port)
{
	size_t at = 0;
	while (at < *n && ports[at] < port)
		at++;
	if (at == VITALS_PORTS || (at < *n && ports[at] == port))
		return;
	size_t kept = *n < VITALS_PORTS ? *n : VITALS_PORTS - 1;
	for (size_t i = kept; i > at; i--)
		ports[i] = ports[i - 1];
	ports[at] = (uint16_t)port;
	*n = kept + 1;
}

bool ports_parse(const char *bytes, size_t len, struct vitals *v)
{
	/* The addresses that a connection to 127.0.0.1 reaches. A listener at all IPv6 addresses
	 * takes IPv4 too, unless its program asked for IPv6 only; those are few. */
	static const char *const here[] = { "00000000", "0100007F", "7F000001",
		                            "00000000000000000000000000000000",
		                            "0000000000000000FFFF00000100007F" };
	struct text in = { bytes, bytes + len }, line;
	uint16_t ports[VITALS_PORTS] = { 0 };
	size_t n = 0;
	while (text_line(&in, &line)) {
		const char *colon = memchr(line.p, ':', text_len(line));
		bool is_here = false;
		for (size_t i = 0; colon && i < sizeof(here) / sizeof(here[0]); i++)
			is_here = is_here || text_is((struct text){ line.p, colon }, here[i]);
		if (!is_here)
			continue;
		unsigned port = ports_number((struct text){ colon + 1, line.end });
		if (port)
			ports_add(ports, &n, port);
	}
	if (v->ports_known && n == v->n_ports && !memcmp(ports, v->ports, n * sizeof(*ports)))
		return false;
	memcpy(v->ports, ports, n * sizeof(*ports));
	v->n_ports = n;
	v->ports_known = true;
	return true;
}
