/* expect.h: does an answer fulfil what its section expects? Pure: no loop, no clock. */
#ifndef CHECKS_EXPECT_H
#define CHECKS_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

struct probe_spec;

#define EXPECT_WHY_SIZE 320

/* Judges an HTTP answer. len bytes of body, NUL-terminated; not washed. False: why is a phrase
 * ("answered 502, expected 200-299: Bad Gateway"). */
bool expect_answer(const struct probe_spec *, int status, const char *body, size_t len, char *why,
                   size_t size);

/* Judges the n addresses of a name. */
bool expect_addresses(const struct probe_spec *, const char *const *addresses, size_t n, char *why,
                      size_t size);

#endif
