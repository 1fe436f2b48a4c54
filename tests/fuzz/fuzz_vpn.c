/* What tailscaled, wg and Headscale answer: every reader gets the same bytes. What they make of
 * them is washed. */
#include <stdlib.h>
#include <string.h>

#include "backends/vpn/parse.h"
#include "tests/fuzz/fuzz.h"

static void peers(struct vpn_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct vpn_peer *p = &l->peers[i];
		const char *texts[] = { p->key,     p->id,     p->name, p->host, p->endpoint,
			                p->relay,   p->os,     p->user, p->tags, p->routes,
			                p->offered, p->health, p->iface };
		for (size_t k = 0; k < ARRAY_LEN(texts); k++)
			MUST_BE_WASHED(texts[k]);
		MUST(p->n_addrs <= VPN_ADDRS && p->rx >= -1 && p->online >= -1 && p->online <= 1);
	}
	vpn_list_finish(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	char word[300];
	struct ts_status s;
	struct ts_pong pong;
	struct ts_prefs prefs;
	struct vpn_list l;
	struct hs_users u;
	struct hs_keys k;
	struct hs_routes r;
	struct dns_records d;
	struct err err = { 0 };
	struct buf out = { 0 };
	if (ts_status_parse(&s, text, len, &err))
		peers(&s.list);
	ts_pong_parse(&pong, text, len);
	char *ended = strndup(text, len);
	if (ts_pong_words(&pong, ended))
		MUST_BE_WASHED(pong.path);
	free(ended);
	ts_prefs_parse(&prefs, text, len);
	ts_auth_url(word, sizeof(word), text, len);
	MUST_BE_WASHED(word);
	if (wg_dump_parse(&l, text, len, 1700000000000, &err))
		peers(&l);
	if (hs_nodes_parse(&l, text, len, &err))
		peers(&l);
	if (hs_users_parse(&u, text, len, &err))
		free(u.at);
	if (hs_keys_parse(&k, text, len, &err))
		free(k.at);
	if (hs_routes_parse(&r, text, len, &err))
		free(r.at);
	if (dns_records_parse(&d, text, len, &err)) {
		free(dns_records_write(&d));
		free(d.at);
	}
	hs_nodes_release(text, len);
	hs_version(text, len, word, sizeof(word));
	MUST_BE_WASHED(hs_message(word, sizeof(word), text, len));
	hs_mask_keys(&out, text, len);
	buf_finish(&out);
	return 0;
}
