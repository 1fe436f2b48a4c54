/* secret.h: a password or passphrase: locked in memory, kept out of core dumps, wiped when freed.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

struct secret {
	char *text; /* NUL-ended; locked memory of one page or more */
	size_t len, cap;
};

/* copies; the caller wipes its own copy */
struct secret *secret_create(const char *text, size_t len);
void secret_destroy(struct secret *); /* wipes; NULL is fine */
/* Values that must not leave this process by a recording: the tokens that commands of the
 * configuration printed. A copy is kept, of the last SECRETS_KNOWN; one of fewer than
 * SECRET_SHORTEST bytes would hide letters everywhere, and is not. */
#define SECRETS_KNOWN 64
#define SECRET_SHORTEST 4
void secret_know(const char *text, size_t len);
/* Puts stars over each place in bytes that has such a value, byte for byte; the length stays. */
void secret_hide(char *bytes, size_t len);

/* explicit_bzero under a name people look for */
void wipe(void *, size_t);

#endif
