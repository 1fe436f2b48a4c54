#include "backends/base/secret.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backends/base/mem.h"

void wipe(void *p, size_t n)
{
	if (p && n)
		explicit_bzero(p, n);
}

/* The secret has its own pages, so that locking them and leaving them out of dumps affects nothing
 * else. If the limits forbid the lock, the secret is still wiped at the end. */
struct secret *secret_create(const char *text, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), cap = (len + 1 + page - 1) / page * page;
	void *p = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	(void)mlock(p, cap);
	(void)madvise(p, cap, MADV_DONTDUMP);
	struct secret *s = xcalloc(1, sizeof(*s));
	s->text = p;
	s->len = len;
	s->cap = cap;
	memcpy(s->text, text, len);
	return s;
}

void secret_destroy(struct secret *s)
{
	if (!s)
		return;
	wipe(s->text, s->cap);
	munmap(s->text, s->cap);
	free(s);
}

static struct secret *known[SECRETS_KNOWN];
/* number of values ever kept; the next one replaces the oldest */
static size_t n_known;

void secret_know(const char *text, size_t len)
{
	if (len < SECRET_SHORTEST)
		return;
	for (size_t i = 0; i < SECRETS_KNOWN; i++)
		if (known[i] && known[i]->len == len && !memcmp(known[i]->text, text, len))
			return;
	struct secret **place = &known[n_known++ % SECRETS_KNOWN];
	secret_destroy(*place);
	*place = secret_create(text, len);
}

void secret_hide(char *bytes, size_t len)
{
	/* One secret may be part of another: all are found before any is hidden. */
	bool *hidden = NULL;
	for (size_t i = 0; i < SECRETS_KNOWN; i++) {
		const struct secret *s = known[i];
		const char *end = bytes + len, *at = bytes;
		for (; s && (at = memmem(at, (size_t)(end - at), s->text, s->len)); at++) {
			if (!hidden)
				hidden = xcalloc(len, sizeof(*hidden));
			memset(hidden + (at - bytes), true, s->len);
		}
	}
	for (size_t i = 0; hidden && i < len; i++)
		if (hidden[i])
			bytes[i] = '*';
	free(hidden);
}
