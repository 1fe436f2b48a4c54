/* parse_wg.c: parses `wg show all dump`: lines of 5 columns are interfaces, lines of 9 are peers.
 *
 * Source: wg(8), "show ... dump".
 *
 * The script of wireguard.c removed the secrets on the server. The parser ignores the columns for
 * secrets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/vpn/parse.h"

#define COLUMNS 9

static void wg_parse_column(char *buf, size_t size, const char *from, const char *to)
{
	wash(buf, size, from, (size_t)(to - from));
	if (!strcmp(buf, "(none)") || !strcmp(buf, "off"))
		buf[0] = '\0';
}

static int64_t wg_parse_count(const char *s)
{
	char *end;
	errno = 0;
	long long n = strtoll(s, &end, 10);
	return end == s || errno || n < 0 || n > 9000000000000000LL ? -1 : n;
}

/* "10.8.0.2/32,fd00::2/128,10.9.0.0/24": single addresses are the peer's own, the rest are
 * routes. */
static void wg_parse_allowed_ips(struct vpn_peer *p, const char *words)
{
	size_t used = 0;
	while (*words) {
		char one[64];
		size_t n = strcspn(words, ",");
		wash(one, sizeof(one), words, n);
		words += n + (words[n] == ',');
		const char *slash = strchr(one, '/');
		bool whole = slash && (!strcmp(slash, "/32") || !strcmp(slash, "/128"));
		if (whole && p->n_addrs < VPN_ADDRS)
			vpn_plain_address(p->addrs[p->n_addrs++], sizeof(p->addrs[0]), one);
		else if (!whole && *one && used + strlen(one) + 3 < sizeof(p->routes))
			used += (size_t)snprintf(p->routes + used, sizeof(p->routes) - used, "%s%s",
			                         used ? ", " : "", one);
		p->exit_option = p->exit_option || !strcmp(one, "0.0.0.0/0") ||
		                 !strcmp(one, "::/0");
	}
}

static void wg_parse_split(struct vpn_list *list, const char *line, const char *end,
                           int64_t skew_ms)
{
	const char *at[COLUMNS + 1] = { line };
	int n = 1;
	for (const char *s = line; s < end; s++) {
		if (*s != '\t')
			continue;
		if (n == COLUMNS)
			return;
		at[n++] = s + 1;
	}
	at[n] = end + 1;
	/* Column i runs from at[i] to at[i + 1] - 1. */
	char text[512];
	if (n != 5 && n != COLUMNS)
		return;
	struct vpn_peer *p = &list->peers[list->n++];
	*p = (struct vpn_peer){ .online = -1, .rx = -1, .tx = -1, .self = n == 5 };
	wg_parse_column(p->iface, sizeof(p->iface), at[0], at[1] - 1);
	if (n == 5) {
		wg_parse_column(p->key, sizeof(p->key), at[2], at[3] - 1);
		wg_parse_column(text, sizeof(text), at[3], at[4] - 1);
		if (wg_parse_count(text) > 0)
			snprintf(p->endpoint, sizeof(p->endpoint), "port %lld",
			         (long long)wg_parse_count(text));
		return;
	}
	wg_parse_column(p->key, sizeof(p->key), at[1], at[2] - 1);
	wg_parse_column(p->endpoint, sizeof(p->endpoint), at[3], at[4] - 1);
	wg_parse_column(text, sizeof(text), at[4], at[5] - 1);
	wg_parse_allowed_ips(p, text);
	wg_parse_column(text, sizeof(text), at[5], at[6] - 1);
	int64_t shake = wg_parse_count(text);
	p->handshake_ms = shake > 0 ? shake * 1000 + skew_ms : 0;
	wg_parse_column(text, sizeof(text), at[6], at[7] - 1);
	p->rx = wg_parse_count(text);
	wg_parse_column(text, sizeof(text), at[7], at[8] - 1);
	p->tx = wg_parse_count(text);
	wg_parse_column(text, sizeof(text), at[8], at[9] - 1);
	p->keepalive = *text && wg_parse_count(text) > 0 ? (int)(wg_parse_count(text) & 0xffff) : 0;
}

static size_t wg_parse_lines_in(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

bool wg_dump_parse(struct vpn_list *list, const char *text, size_t len, int64_t wall_ms,
                   struct err *err)
{
	static const char clock_word[] = "clock ";
	size_t n = wg_parse_lines_in(text, len) + 1;
	size_t most = n < VPN_PEERS_MAX ? n : VPN_PEERS_MAX;
	const char *end = text + len;
	int64_t skew_ms = 0;
	bool head = false;
	*list = (struct vpn_list){ .peers = xcalloc(most, sizeof(*list->peers)), .cap = most };
	for (const char *line = text; line < end && list->n < most;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *next = stop ? stop + 1 : end;
		if (!stop)
			stop = end;
		if ((size_t)(stop - line) >= sizeof(clock_word) &&
		    !strncmp(line, clock_word, sizeof(clock_word) - 1)) {
			char digits[24];
			snprintf(digits, sizeof(digits), "%.*s", (int)(stop - line - 6), line + 6);
			int64_t theirs = wg_parse_count(digits);
			skew_ms = theirs > 0 ? wall_ms - theirs * 1000 : 0;
			head = true;
		} else {
			wg_parse_split(list, line, stop, skew_ms);
		}
		line = next;
		if (list->n == VPN_PEERS_MAX)
			list->left_out = wg_parse_lines_in(line, (size_t)(end - line));
	}
	if (head || list->n)
		return true;
	vpn_list_finish(list);
	return err_set(err, ERR_GARBLED, "what came back is not what wg prints");
}
