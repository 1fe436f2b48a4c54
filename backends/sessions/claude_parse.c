#include "backends/sessions/claude_parse.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "backends/base/mem.h"

#define SMALL 200000
#define LARGE 1000000

/* A longer name comes before its own beginning. largest: with the tag [1m]. */
static const struct {
	const char *name;
	int64_t window, largest;
} models[] = {
	{ "opus-4-8", LARGE, LARGE },   { "opus-4-7", LARGE, LARGE },
	{ "opus-4-6", SMALL, LARGE },   { "opus-4-5", SMALL, LARGE },
	{ "opus-4-1", SMALL, LARGE },   { "opus-4", SMALL, LARGE },
	{ "opus-5-5", LARGE, LARGE },   { "opus-5", LARGE, LARGE },
	{ "sonnet-4-6", SMALL, LARGE }, { "sonnet-4-5", SMALL, LARGE },
	{ "sonnet-4", SMALL, LARGE },   { "sonnet-5-5", LARGE, LARGE },
	{ "sonnet-5", LARGE, LARGE },   { "haiku-4-5", SMALL, LARGE },
	{ "haiku-5-5", LARGE, LARGE },  { "fable-5-2", LARGE, LARGE },
	{ "fable-5-1", LARGE, LARGE },  { "fable-5", LARGE, LARGE },
	{ "mythos-5-2", LARGE, LARGE }, { "mythos-5-1", LARGE, LARGE },
	{ "mythos-5", LARGE, LARGE },   { "3-7-sonnet", SMALL, SMALL },
	{ "3-5-sonnet", SMALL, SMALL }, { "3-5-haiku", SMALL, SMALL },
	{ "3-opus", SMALL, SMALL },     { "3-haiku", SMALL, SMALL },
};

/* Behind a name may come a date of eight digits, but no further part of a version. */
static bool claude_name_ends(const char *rest)
{
	if (*rest == '-' && isdigit((unsigned char)rest[1]))
		return strspn(rest + 1, "0123456789") == 8;
	return !isalnum((unsigned char)*rest);
}

int64_t claude_window(const char *model, int64_t used)
{
	static const char maker[] = "claude-";
	const char *name = model ? strstr(model, maker) : NULL;
	if (!name)
		return -1;
	name += strlen(maker);
	for (size_t i = 0; i < ARRAY_LEN(models); i++) {
		size_t n = strlen(models[i].name);
		if (strncmp(name, models[i].name, n) != 0 || !claude_name_ends(name + n))
			continue;
		bool large = strstr(name, "[1m]") != NULL || used > models[i].window;
		return large ? models[i].largest : models[i].window;
	}
	return strstr(name, "[1m]") ? LARGE : -1;
}
