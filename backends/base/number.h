/* number.h: numbers that came from outside. atoi and casts of a double have no meaning for what
 * does not fit; these have. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

#define NUMBER_EXACT                                                                           \
	INT64_C(9007199254740992) /* 2^53: up to here a double holds every whole number, and a \
	                             thousand of it fits */
#define NUMBER_SECONDS \
	INT64_C(253402300799) /* the last second of year 9999: a million of it fits */

/* The whole part of d within -NUMBER_EXACT and NUMBER_EXACT; else, and for what is no number:
 * otherwise. */
int64_t number_whole(double d, int64_t otherwise);
/* The same for an int. */
int number_small(double d, int otherwise);
/* The decimal number that text begins with, after blanks; what follows is not looked at. Without
 * one, or outside of min and max: otherwise. text may be NULL. */
int64_t number_read(const char *text, int64_t min, int64_t max, int64_t otherwise);
/* The same for an int; 0 where the text has no such number. */
int number_int(const char *text);
/* The same within NUMBER_EXACT; 0 where the text has no such number. */
int64_t number_long(const char *text);

#endif
