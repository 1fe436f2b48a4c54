#include "backends/base/quote.h"

#include <stdbool.h>
#include <string.h>

static bool plain(const char *word)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=";
	/* A leading '=' is an expansion in zsh, '~' in all; an assignment-like word is only safe as an argument, which
	 * every word but the first is, and no program is called "A=b". */
	return *word && *word != '=' && word[strspn(word, safe)] == '\0';
}

void quote_word(struct buf *b, const char *word)
{
	if (plain(word)) {
		buf_puts(b, word);
		return;
	}
	buf_puts(b, "'");
	for (; *word; word++)
		if (*word == '\'')
			buf_puts(b, "'\\''");
		else
			buf_add(b, word, 1);
	buf_puts(b, "'");
}

void quote_argv(struct buf *b, const char *const *argv)
{
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buf_puts(b, " ");
		quote_word(b, argv[i]);
	}
}

char *quote_command(const char *const *argv)
{
	struct buf b = { 0 };
	quote_argv(&b, argv);
	return buf_take(&b);
}
