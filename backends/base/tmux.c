#include "backends/base/tmux.h"

#include <stdbool.h>
#include <string.h>

#include "backends/base/buf.h"

static char *tmux_escaped(const char *word, bool is_format)
{
	struct buf b = { 0 };
	for (; *word; word++) {
		/* Whether the "#" at word must be doubled. tmux formats turn "##" into "#". Before
		 * "[" they do not:
		 * "#[" begins a style, which a format keeps unchanged. */
		if (is_format && (*word == '#' && word[strspn(word, "#")] != '['))
			buf_puts(&b, "#");
		if (*word == ';' && !word[1])
			buf_puts(&b, "\\");
		buf_add(&b, word, 1);
	}
	return buf_take(&b);
}

char *tmux_word(const char *word)
{
	return tmux_escaped(word, false);
}

char *tmux_name(const char *word)
{
	return tmux_escaped(word, true);
}
