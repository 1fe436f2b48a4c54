/* template.h: the words of [deploy NAME], pure: variables and their values, the command, the
 * checks.
 *
 * A value never becomes part of a shell's text: it is assigned once, quoted, and the command reads
 * it from the variable. */
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
	const char *rest; /* the words or the pattern; borrowed of the line */
	size_t len;
	enum { ASK_ANY, ASK_ONE_OF, ASK_LIKE } form;
	bool secret; /* its value is asked for by itself and stands nowhere */
};
/* The lines of the key ask. Returns how many; 0 and err when one is wrong. */
size_t asks_read(const char *lines, struct ask_word *out, size_t max, struct err *err);

/* Words as a shell would part them: 'a b' "c d" e\ f. Owned; -1 and err: a quote does not end, too
 * many. */
int template_split(const char *text, char **out, size_t max, struct err *err);
void template_free(char **, size_t n);

/* "NAME=VALUE ..." for the variables that are asked for: adds lines "NAME='value'; export NAME".
 * All that are asked must be there and fit, but for secret ones: those must not be there. */
bool values_read(const char *ask_lines, const char *argument, struct buf *exports, struct err *err);
/* One value of a variable as such a line. False and err, which does not hold the value of a secret:
 * it does not fit. */
bool value_export(const struct ask_word *, const char *value, struct buf *exports, struct err *err);
/* "ROLE= ENV=" to be filled in. */
void values_suggest(const char *ask_lines, char *buf, size_t size);

/* The command with every {NAME} of ask_lines as "${NAME}"; one inside quotes is refused, as it
 * would not be one argument. */
bool command_build(const char *run, const char *ask_lines, struct buf *out, struct err *err);

enum check_what { CHECK_UNIT, CHECK_CONTAINER, CHECK_URL };
struct check_word {
	enum check_what what;
	char name[512];
};
#define CHECKS_MAX 32
size_t checks_read(const char *lines, struct check_word *out, size_t max, struct err *err);

#endif
