/* template.h: parses the keys of [deploy NAME]: variables and their values, the command, the
 * checks. Pure.
 *
 * A value never becomes part of a shell's text. It is assigned once, quoted, and the command reads
 * the variable. */
#ifndef DEPLOY_TEMPLATE_H
#define DEPLOY_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"
#include "backends/base/err.h"

#define ASKS_MAX 16
#define ASK_NAME_MAX 40
#define VALUE_MAX 4096

struct ask_word {
	char name[ASK_NAME_MAX];
	const char *rest; /* the words or the pattern; borrowed from the line */
	size_t len;
	enum { ASK_ANY, ASK_ONE_OF, ASK_LIKE } form;
	bool secret; /* its value is requested separately and stored nowhere */
};
/* Parses the lines of the key ask. Returns the number of variables. 0 with err: a line is wrong. */
size_t asks_read(const char *lines, struct ask_word *out, size_t max, struct err *err);

/* Splits text into words as a shell does: 'a b' "c d" e\ f. The words are owned. Returns their
 * number. -1 and err: an open quote, or too many words. */
int template_split(const char *text, char **out, size_t max, struct err *err);
void template_free(char **, size_t n);

/* Parses "NAME=VALUE ..." and adds a line "NAME='value'; export NAME" for each variable. Every
 * variable that is not secret must be present and fit. A secret variable must be absent. */
bool values_read(const char *ask_lines, const char *argument, struct buf *exports, struct err *err);
/* Adds such a line for one variable. False and err: the value does not fit. err never contains a
 * secret value. */
bool value_export(const struct ask_word *, const char *value, struct buf *exports, struct err *err);
/* Writes a template such as "ROLE= ENV=" for the user to fill in. */
void values_suggest(const char *ask_lines, char *buf, size_t size);

/* Writes the command with each {NAME} of ask_lines as "${NAME}". A {NAME} inside quotes is refused,
 * because it would not be one argument. */
bool command_build(const char *run, const char *ask_lines, struct buf *out, struct err *err);

enum check_what { CHECK_UNIT, CHECK_CONTAINER, CHECK_URL };
struct check_word {
	enum check_what what;
	char name[512];
};
#define CHECKS_MAX 32
size_t checks_read(const char *lines, struct check_word *out, size_t max, struct err *err);

#endif
