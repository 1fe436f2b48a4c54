/* absent.h: how a script of ours says that a program is not installed.
 *
 * A code 127 alone may come from a login that runs no commands, or from something else in the
 * script. */
#ifndef LINK_ABSENT_H
#define LINK_ABSENT_H

/* What such a script prints. */
#define ABSENT_WORD "=mocr-absent"
/* The start of a script for sh: it prints ABSENT_WORD and ends with code 127 where there is no such
 * program. */
#define OR_ABSENT(program) \
	"command -v " program " >/dev/null 2>&1 || { echo " ABSENT_WORD "; exit 127; }; "

#endif
