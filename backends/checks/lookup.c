/* lookup.c: name look-ups in threads. getaddrinfo blocks, and there is no way to stop the call. A
 * look-up that nobody waits for any more still counts until its thread has ended. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/checks/internal.h"

static int lookups_running;             /* threads; only the loop's thread counts */
static struct lookup *lookups_waiting; /* the first one is the next */

struct lookup {
	struct loop *loop;
	struct lookup *prev, *next; /* of those that wait */
	bool waits;                 /* false: its thread runs */
	char host[256];
	int family;
	lookup_done *done; /* NULL: cancelled */
	void *arg;
	struct lookup_result result; /* written by the thread */
};

static void lookup_in_thread(void *job)
{
	struct lookup *l = job;
	struct lookup_result *out = &l->result;
	struct addrinfo hints = { .ai_family = l->family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int r = getaddrinfo(l->host, NULL, &hints, &list);
	for (struct addrinfo *a = list; a && out->n < LOOKUP_MOST; a = a->ai_next)
		if (getnameinfo(a->ai_addr, a->ai_addrlen, out->addresses[out->n],
		                sizeof(out->addresses[0]), NULL, 0, NI_NUMERICHOST) == 0)
			out->n++;
	if (list)
		freeaddrinfo(list);
	if (!out->n)
		snprintf(out->error, sizeof(out->error), "%s",
		         r ? gai_strerror(r) : "it has no address");
}

static void lookups_start(void);

static void lookup_on_done(void *job)
{
	struct lookup *l = job;
	lookups_running--;
	lookups_start();
	if (l->done)
		l->done(&l->result, l->arg);
	free(l);
}

/* Starts what waits, as far as there are threads. */
static void lookups_start(void)
{
	while (lookups_waiting && lookups_running < LOOKUPS_MOST) {
		struct lookup *l = lookups_waiting;
		DL_DELETE(lookups_waiting, l);
		l->waits = false;
		lookups_running++;
		loop_work(l->loop, lookup_in_thread, lookup_on_done, l);
	}
}

struct lookup *lookup_start(struct loop *loop, const char *host, int family, lookup_done *done,
                            void *arg)
{
	struct lookup *l = xcalloc(1, sizeof(*l));
	*l = (struct lookup){
		.loop = loop, .waits = true, .family = family, .done = done, .arg = arg
	};
	snprintf(l->host, sizeof(l->host), "%s", host);
	DL_APPEND(lookups_waiting, l);
	lookups_start();
	return l;
}

void lookup_cancel(struct lookup *l)
{
	if (!l)
		return;
	l->done = NULL;
	if (!l->waits)
		return; /* its thread frees it */
	DL_DELETE(lookups_waiting, l);
	free(l);
}
