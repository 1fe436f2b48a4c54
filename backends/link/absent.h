/* absent.h: how a script of ours reports that a program is not installed.
 *
 * The exit code 127 alone is no proof. A login that runs no commands can end with it, and so can
 * another command of the script. */
#ifndef LINK_ABSENT_H
#define LINK_ABSENT_H

/* The script prints this word when the program is missing. */
#define ABSENT_WORD "=mocr-absent"
/* The start of a script for sh. When the program is missing, the script prints ABSENT_WORD and ends
 * with code 127. */
#define OR_ABSENT(program) \
	"command -v " program " >/dev/null 2>&1 || { echo " ABSENT_WORD "; exit 127; }; "

#endif
