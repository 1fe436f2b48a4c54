/* url.c: the parts of an address. The address may come from a redirect, so every byte is checked.
 */
#include "backends/link/url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/link/link.h"

/* Length of the host name, with the brackets of an IPv6 address. 0: no host. */
static size_t url_host_length(const char *at)
{
	size_t n = 0;
	if (*at == '[') {
		n = strspn(at + 1, "0123456789abcdefABCDEF:.") + 1;
		return at[n] == ']' && n > 2 ? n + 1 : 0;
	}
	while (isalnum((unsigned char)at[n]) || (at[n] && strchr("-._", at[n])))
		n++;
	return n;
}

bool url_read(const char *url, struct endpoint *endpoint, char *host, size_t size, char **path)
{
	bool tls = strncasecmp(url, "https://", 8) == 0;
	*path = NULL;
	if (!tls && strncasecmp(url, "http://", 7) != 0)
		return false;
	const char *at = url + (tls ? 8 : 7);
	size_t n = url_host_length(at);
	if (!n || n >= size)
		return false;
	memcpy(host, at, n);
	host[n] = '\0';
	at += n;
	int64_t port = tls ? 443 : 80;
	if (*at == ':') {
		size_t digits = strspn(at + 1, "0123456789");
		port = digits && digits < 6 ? number_read(at + 1, 1, 65535, 0) : 0;
		at += 1 + digits;
	}
	bool is_printable = true;
	for (const char *c = at; *c; c++)
		is_printable = is_printable && *c > ' ' && *c < 0x7f;
	if (port < 1 || (*at && !strchr("/?#", *at)) || !is_printable)
		return false;
	*endpoint = (struct endpoint){
		.kind = ENDPOINT_TCP, .host = host, .port = (int)port, .tls = tls
	};
	*path = xasprintf("%s%.*s", *at == '/' ? "" : "/", (int)strcspn(at, "#"), at);
	return true;
}
