/* found_parse.c: see found_parse.h. Images and ports are those of each project's own documentation
 * for Docker; what an open path says was seen, or is what the parser of that system expects. */
#include "backends/systems/found_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/platform.h"
#include "backends/base/number.h"
#include "backends/store/settings.h"

#define LISTED(list) PLATFORM_SECTION(list, platform_config)
#define KEYED(need, word) .key = FOUND_##need##_KEY, .key_word = word

const struct found_kind found_kinds[] = {
	{ "prometheus", "Prometheus", "prometheus", 9090, 9090, "/api/v1/status/buildinfo",
	  "\"status\":\"success\"", LISTED(prometheuses) },
	{ "prometheus", "VictoriaMetrics", "victoria-metrics", 8428, 8428,
	  "/api/v1/status/buildinfo", "\"status\":\"success\"", LISTED(prometheuses) },
	{ "alertmanager", "Alertmanager", "alertmanager", 9093, 9093, "/api/v2/receivers",
	  "\"name\"", LISTED(alertmanagers) },
	{ "grafana", "Grafana", "grafana grafana-oss grafana-enterprise", 3000, 3000, "/api/health",
	  "\"database\"", KEYED(MAY, "a service account token, for the alerts"), LISTED(grafanas) },
	{ "dokploy", "Dokploy", "dokploy", 3000, 3000, "/api/settings.health", "\"status\":\"ok\"",
	  KEYED(MUST, "an API key of it"), PLATFORM_SECTION(dokploys, dokploy_config) },
	{ "portal", "Portal", "ai-stack-deployer ai-stack-portal", 3000, 3000, "/health",
	  "\"ai-stack-deployer\"", LISTED(portals) },
	{ "ci", "Gitea", "gitea forgejo", 3000, 3000, "/api/v1/version", "\"version\"",
	  KEYED(MUST, "a token that may read actions"), .more = "# repositories = OWNER/NAME\n",
	  PLATFORM_SECTION(cis, ci_config) },
	{ "litellm", "LiteLLM", "litellm litellm-database litellm-non_root", 4000, 4000,
	  "/health/liveliness", "I'm alive!", KEYED(MAY, "a key of it, for budget and keys"),
	  PLATFORM_SECTION(litellms, litellm_config) },
	{ "coolify", "Coolify", "coolify", 8080, 8000, "/api/v1/health", "OK",
	  KEYED(MUST, "an API token of it"), LISTED(coolifys) },
	{ "headscale", "Headscale", "headscale", 8080, 8080, "/health", "\"status\":\"pass\"",
	  KEYED(MUST, "an API key of it"), PLATFORM_SECTION(headscales, headscale_config) },
	{ "ollama", "Ollama", "ollama", 11434, 11434, "/api/version", "\"version\"",
	  LISTED(ollamas) },
	{ "n8n", "n8n", "n8n", 5678, 5678, "/healthz", "\"status\":\"ok\"", LISTED(n8ns) },
	{ "ntfy", "ntfy", "ntfy", 80, 2586, "/v1/health", "\"healthy\"", LISTED(ntfys) },
	{ "qdrant", "Qdrant", "qdrant", 6333, 6333, "/", "qdrant", LISTED(qdrants) },
	{ "caddy", "Caddy", "caddy", 2019, 2019, "/reverse_proxy/upstreams", "", LISTED(caddies) },
	{ "cadvisor", "cAdvisor", "cadvisor", 8080, 8080, "/api/v2.1/attributes",
	  "\"cadvisor_version\"", LISTED(cadvisors) },
	{ "postgres", "PostgreSQL", "postgres postgresql postgis pgvector timescaledb", 5432, 5432,
	  KEYED(MAY, "the password of its user postgres"), .before = "postgres://postgres@",
	  .behind = "/postgres", LISTED(postgreses) },
	{ "openclaw", "OpenClaw", "openclaw", 18789, 18789, KEYED(MAY, "the token of the gateway"),
	  .before = "ws://", LISTED(openclaws) },
	{ "redis", "Redis", "redis valkey keydb", 6379, 6379, .before = "redis://",
	  LISTED(redises) },
	{ .section = NULL },
};

/* --- images and ports ----------------------------------------------------- */

/* Is the word of len bytes one of words? */
static bool found_is_word(const char *words, const char *word, size_t len)
{
	while (*words) {
		size_t n = strcspn(words, " ");
		if (n == len && !strncmp(words, word, n))
			return true;
		words += n + strspn(words + n, " ");
	}
	return false;
}

const struct found_kind *found_by_image(const char *image)
{
	size_t len = strcspn(image, "@"), from = len;
	while (from && image[from - 1] != '/')
		from--;
	size_t n = strcspn(image + from, ":@");
	for (const struct found_kind *k = found_kinds; k->section && n; k++)
		if (found_is_word(k->images, image + from, n))
			return k;
	return NULL;
}

/* "127.0.0.1:8080->80/tcp": which port of the container, and where. False: not published, not TCP,
 * or not understood. */
static bool found_port(const char *word, size_t len, int *inside, struct found_place *at)
{
	char text[160];
	snprintf(text, sizeof(text), "%.*s", (int)len, word);
	char *arrow = strstr(text, "->"), *slash = strrchr(text, '/');
	if (!arrow || !slash || slash < arrow || strcmp(slash, "/tcp") != 0)
		return false;
	*arrow = *slash = '\0';
	char *colon = strrchr(text, ':');
	if (colon)
		*colon = '\0';
	const char *host = colon ? text : "127.0.0.1";
	/* an IPv6 address that is no wildcard would need brackets; nobody publishes at one alone */
	if (strchr(host, ':') || strlen(host) >= sizeof(at->host))
		return false;
	snprintf(at->host, sizeof(at->host), "%s", host);
	at->port = (int)number_read(colon ? colon + 1 : text, 1, 65535, 0);
	*inside = (int)number_read(arrow + 2, 1, 65535, 0);
	return at->port && *inside;
}

bool found_published(const char *ports, int inside, struct found_place *at)
{
	struct found_place one, only = { .port = 0 };
	char shut[16]; /* the image names its port, and that is not published */
	size_t n = 0, named = 0;
	at->port = 0;
	snprintf(shut, sizeof(shut), "%d/tcp", inside);
	for (const char *p = ports ? ports : ""; *p; p += strspn(p, ", ")) {
		size_t len = strcspn(p, ",");
		int port;
		if (found_port(p, len, &port, &one)) {
			n++;
			only = one;
			/* the loopback address is reached whatever the firewall says */
			if (port == inside && (!at->port || !strcmp(one.host, "127.0.0.1")))
				*at = one;
		}
		named += len == strlen(shut) && !strncmp(p, shut, len);
		p += len;
	}
	if (!at->port && n == 1 && !named)
		*at = only;
	return at->port != 0;
}

void found_url(const struct found_kind *k, const struct found_place *at, char *buf, size_t size)
{
	const char *before = k->before ? k->before : "http://";
	snprintf(buf, size, "%s%s:%d%s", before, at->host, at->port, k->behind ? k->behind : "");
}

/* --- sections that are there ---------------------------------------------- */

static bool found_is_loopback(const char *host)
{
	return !*host || !strncmp(host, "127.", 4) || !strcmp(host, "localhost") ||
	       !strcmp(host, "::1");
}

bool found_covers(const struct found_address *a, const struct found_place *at,
                  const char *const *names)
{
	if (a->here && *a->host && found_is_loopback(a->host))
		return !at || a->port == at->port;
	if (a->here)
		return true;
	if (!a->anywhere || found_is_loopback(a->host))
		return false;
	for (size_t i = 0; names[i]; i++)
		if (*names[i] && !strcmp(a->host, names[i]))
			return true;
	/* a name of the Internet may lead anywhere, to this server too; an address does not */
	return a->host[strspn(a->host, "0123456789.:abcdefABCDEF")] != '\0';
}

/* --- what is written ------------------------------------------------------ */

bool found_key_fits(const struct found_kind *k, const char *command, struct err *err)
{
	size_t n = strlen(command), blank = strcspn(command, " /$~");
	if (k->key == FOUND_MUST_KEY && !n)
		return err_set(err, ERR_USAGE,
		               "%s shows nothing without %s: type a command that prints it",
		               k->product, k->key_word);
	for (const char *p = command; *p; p++)
		if (iscntrl((unsigned char)*p) || (*p == ';' && p > command && p[-1] == ' '))
			return err_set(err, ERR_USAGE,
			               "the command must fit in one line of the configuration, "
			               "where \" ;\" begins a comment; put it into a script");
	/* "sk-..." typed in place of "pass show litellm" must not reach the file */
	if (n >= 16 && blank == n)
		return err_set(err, ERR_USAGE,
		               "that looks like the key itself. mocr keeps no key: type a command "
		               "that prints it, such as pass show %s",
		               k->section);
	return true;
}

void found_name(const char *from, char *buf, size_t size)
{
	size_t n = 0;
	for (; *from && n + 1 < size; from++)
		if (isalnum((unsigned char)*from) || strchr("._-", *from))
			buf[n++] = *from;
	if (!n && size > 3)
		n = (size_t)snprintf(buf, size, "new");
	buf[n] = '\0';
}
