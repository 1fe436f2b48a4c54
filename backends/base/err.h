/* err.h: an error as one sentence, for an operator at 3 in the morning. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* The kind of failure. Code decides by the kind; the user reads err.text. */
enum err_code {
	ERR_NONE = 0,
	ERR_ABSENT,    /* the socket, program, unit, ... does not exist: not a fault */
	ERR_DENIED,    /* exists, but we lack permission; the sentence says what would grant it */
	ERR_REFUSED,   /* the far side refused for a reason of its own */
	ERR_TIMEOUT,   /* no answer within the limit, which the sentence names */
	ERR_LOST,      /* the link was lost meanwhile */
	ERR_GARBLED,   /* an answer that cannot be parsed (HTML, truncated JSON) */
	ERR_TOO_BIG,   /* an answer over its size limit */
	ERR_USAGE,     /* the user's input was not understood */
	ERR_ASKS,      /* the user must answer a question first */
	ERR_CANCELLED, /* the user cancelled */
	ERR_SYSTEM     /* the machine we run on failed (memory, files) */
};

struct err {
	enum err_code code;
	char text[320]; /* washed, one line, no newline at the end */
};

/* Fills err. err may be NULL if nobody needs the error. The text is washed (wash.h), so raw text
 * from the far side may be passed. Always returns false, so that callers can write `return
 * err_set(...)`. */
bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void err_clear(struct err *err);

#endif
