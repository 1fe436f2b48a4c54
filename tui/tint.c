/* tint.c: see tint.h. */
#include "tui/tint.h"

#include <stdio.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/servers/tags.h"

#define TINT_BEFORE 512

enum tone tint_of(const struct server *s)
{
	static const char *const words[] = { "red", "yellow", "green", "cyan", "blue", "magenta" };
	const char *tint = s ? server_tint(s) : NULL;
	for (size_t i = 0; tint && i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i], tint))
			return (enum tone)(TONE_TINT_RED + i);
	return TONE_PLAIN;
}

const char *tint_name(const struct server *s, char *buf)
{
	snprintf(buf, TINT_NAME, "%s%s", tint_of(s) ? "#" : "", s->name);
	return buf;
}

void tint_drawn(const struct server *s, const struct canvas *c, int y, int x, const char *text)
{
	char name[TINT_NAME], before[TINT_BEFORE];
	enum tone tone = tint_of(s);
	const char *at = tone ? strstr(text, tint_name(s, name)) : NULL;
	if (!at)
		return;
	snprintf(before, sizeof(before), "%.*s", (int)(at - text), text);
	canvas_retone(c, y, x + (int)cells(before), (int)cells(name), tone);
}
