/* number.h: safe conversion of numbers from outside. atoi, and casts of a double, are undefined for
 * values that do not fit. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

#define NUMBER_EXACT \
	INT64_C(9007199254740992) /* 2^53: doubles hold all integers to here; times 1000 fits */
#define NUMBER_SECONDS \
	INT64_C(253402300799) /* the last second of year 9999; times a million still fits */

/* The whole part of d. Returns otherwise if d is not a number or outside
 * -NUMBER_EXACT..NUMBER_EXACT. */
int64_t number_whole(double d, int64_t otherwise);
/* Same for an int. */
int number_small(double d, int otherwise);
/* Reads the decimal number at the beginning of text, after blanks. Text after the number is
 * ignored. Returns otherwise if there is no number, or if it is outside min..max. text may be
 * NULL. */
int64_t number_read(const char *text, int64_t min, int64_t max, int64_t otherwise);
/* Same for an int; 0 if there is no such number. */
int number_int(const char *text);
/* Same within NUMBER_EXACT; 0 if there is no such number. */
int64_t number_long(const char *text);

#endif
