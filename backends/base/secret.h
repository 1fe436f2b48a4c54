/* secret.h: a password or passphrase: locked in memory, kept out of core dumps, wiped when freed. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

struct secret {
	char *text;      /* NUL-ended; locked memory of one page or more */
	size_t len, cap;
};

struct secret *secret_create(const char *text, size_t len);  /* copies; the caller wipes its own copy */
void secret_destroy(struct secret *);                        /* wipes; NULL is fine */
void wipe(void *, size_t);                                   /* explicit_bzero under a name people look for */

#endif
