/* cert.c: see cert.h. */
#include "backends/servers/cert.h"

#include <stdio.h>
#include <time.h>

#include "backends/base/human.h"

#define SOON_MS (7 * INT64_C(86400000))
#define SOON_PART 4 /* the last quarter of its time */

bool cert_ends_soon(const struct link_cert *cert, int64_t now_ms)
{
	int64_t soon_ms = (cert->until_ms - cert->from_ms) / SOON_PART;
	if (soon_ms > SOON_MS || !cert->from_ms)
		soon_ms = SOON_MS;
	return *cert->path && cert->until_ms && cert->until_ms - now_ms < soon_ms;
}

bool cert_opinion(const struct server *v, char *why, size_t size)
{
	const struct link_cert *cert = &v->link->cert;
	int64_t now_ms = now_wall_ms(), left_ms = cert->until_ms - now_ms;
	const char *login = *v->user ? v->user : "the log-in";
	char age[HUMAN_SIZE];
	if (!cert_ends_soon(cert, now_ms))
		return false;
	if (left_ms > 0)
		snprintf(why, size, "the certificate of %.32s ends in %s (%.160s)", login,
		         human_age(age, left_ms), cert->path);
	else
		snprintf(why, size,
		         "the certificate of %.32s ended %s ago, and the next log-in needs another "
		         "one (%.120s)",
		         login, human_age(age, -left_ms), cert->path);
	return true;
}

bool cert_says(const struct server *v, char *buf, size_t size)
{
	const struct link_cert *cert = &v->link->cert;
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
