#include "backends/base/number.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

int64_t number_whole(double d, int64_t otherwise)
{
	return isfinite(d) && fabs(d) <= (double)NUMBER_EXACT ? (int64_t)d : otherwise;
}

int number_small(double d, int otherwise)
{
	return isfinite(d) && d > (double)INT_MIN - 1 && d < (double)INT_MAX + 1 ? (int)d
	                                                                         : otherwise;
}

int64_t number_read(const char *text, int64_t min, int64_t max, int64_t otherwise)
{
	char *end = NULL;
	if (!text)
		return otherwise;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	return end == text || errno || n < min || n > max ? otherwise : n;
}

int number_int(const char *text)
{
	return (int)number_read(text, INT_MIN, INT_MAX, 0);
}

int64_t number_long(const char *text)
{
	return number_read(text, -NUMBER_EXACT, NUMBER_EXACT, 0);
}
