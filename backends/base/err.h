/* err.h: why something did not work, as one sentence for an operator at 3 in the morning. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* What kind of failure it was. The program decides by this; people read err.text. */
enum err_code {
	ERR_NONE = 0,
	ERR_ABSENT,    /* the thing is not there (no such socket, program, unit): not a fault */
	ERR_DENIED,    /* it is there and we may not; the sentence says what would grant it */
	ERR_REFUSED,   /* the far side said no for a reason of its own */
	ERR_TIMEOUT,   /* no answer within the limit, which the sentence names */
	ERR_LOST,      /* the link went away while it ran */
	ERR_GARBLED,   /* an answer that cannot be understood (HTML, half a JSON) */
	ERR_TOO_BIG,   /* an answer over its bound */
	ERR_USAGE,     /* the user's words were not understood */
	ERR_ASKS,      /* it needs an answer from the user first */
	ERR_CANCELLED, /* the user gave up on it */
	ERR_SYSTEM     /* the machine we run on failed (memory, files) */
};

struct err {
	enum err_code code;
	char text[320]; /* washed; one line; no newline at the end */
};

/* Fills err (NULL is allowed and means nobody asks). The text is washed (wash.h), so that words of
 * a far side can be passed in as they came. Always returns false, so that `return err_set(...)`
 * reads well. */
bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void err_clear(struct err *err);

#endif
