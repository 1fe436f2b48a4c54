#include "backends/base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "backends/base/wash.h"

bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	if (!err)
		return false;
	char raw[2 * sizeof(err->text)];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	size_t len;
	if (n < 0)
		len = 0;
	else if ((size_t)n < sizeof(raw))
		len = (size_t)n;
	else
		len = sizeof(raw) - 1;
	err->code = code;
	len = wash(err->text, sizeof(err->text), raw, len);
	/* washing turned a newline at the end into a space */
	while (len && err->text[len - 1] == ' ')
		err->text[--len] = '\0';
	return false;
}

void err_clear(struct err *err)
{
	err->code = ERR_NONE;
	err->text[0] = '\0';
}
