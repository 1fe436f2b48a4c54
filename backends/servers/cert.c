/* cert.c: see cert.h. */
#include "backends/servers/cert.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/vitals/vitals.h"

#define SOON_MS (7 * INT64_C(86400000))
#define SOON_PART 4 /* the last quarter of its time */

bool cert_ends_soon(const struct link_cert *cert, int64_t now_ms)
{
	int64_t soon_ms = (cert->until_ms - cert->from_ms) / SOON_PART;
	if (soon_ms > SOON_MS || !cert->from_ms)
		soon_ms = SOON_MS;
	return *cert->path && cert->until_ms && cert->until_ms - now_ms < soon_ms;
}

/* Appends a sentence if the certificate ends soon. of: "of ops". late: what its end means. */
static void cert_add(const struct link_cert *cert, const char *of, const char *late, char *why,
                     size_t size)
{
	int64_t now_ms = now_wall_ms(), left_ms = cert->until_ms - now_ms;
	char age[HUMAN_SIZE];
	size_t n = strlen(why);
	const char *sep = n ? "; " : "";
	if (!cert_ends_soon(cert, now_ms) || n >= size)
		return;
	if (left_ms > 0)
		snprintf(why + n, size - n, "%sthe certificate %s ends in %s (%.160s)", sep, of,
		         human_age(age, left_ms), cert->path);
	else
		snprintf(why + n, size - n, "%sthe certificate %s ended %s ago, %s (%.120s)", sep,
		         of, human_age(age, -left_ms), late, cert->path);
}

bool cert_opinion(const struct server *v, char *why, size_t size)
{
	char of[80];
	*why = '\0';
	snprintf(of, sizeof(of), "of %.32s", *v->user ? v->user : "the log-in");
	cert_add(&v->link->cert, of, "and the next log-in needs another one", why, size);
	snprintf(of, sizeof(of), "of host %.32s", *v->hostname ? v->hostname : v->name);
	if (v->vitals)
		cert_add(&v->vitals->host_cert, of,
		         "and ssh does not trust that host by @cert-authority any more", why,
		         size);
	return *why;
}

bool cert_says(const struct link_cert *cert, char *buf, size_t size)
{
	char until[40] = "for ever";
	time_t at = (time_t)(cert->until_ms / 1000);
	struct tm tm;
	if (!*cert->path)
		return false;
	if (cert->until_ms && localtime_r(&at, &tm))
		strftime(until, sizeof(until), "until %Y-%m-%d %H:%M %Z", &tm);
	snprintf(buf, size, "%s, %s", until, cert->path);
	return true;
}
