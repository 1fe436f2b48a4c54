/* secret.h: a password or passphrase, locked in memory, not in core dumps, wiped when freed. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

struct secret {
	char *text; /* NUL-ended; locked memory of whole pages */
	size_t len, cap;
};

/* copies text; the caller wipes the original */
struct secret *secret_create(const char *text, size_t len);
void secret_destroy(struct secret *); /* wipes; NULL is fine */
/* Registers a value that must never appear in a recording: a token that a command of the
 * configuration printed. Keeps copies of the last SECRETS_KNOWN values. Ignores values under
 * SECRET_SHORTEST bytes, because hiding them would hide letters everywhere. */
#define SECRETS_KNOWN 64
#define SECRET_SHORTEST 4
void secret_know(const char *text, size_t len);
/* Overwrites each known value in bytes with stars. The length does not change. */
void secret_hide(char *bytes, size_t len);

/* explicit_bzero under a more familiar name */
void wipe(void *, size_t);

#endif
