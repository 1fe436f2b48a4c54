#include "backends/base/quote.h"

#include <string.h>

#define OCTAL_LEN 5   /* "\0123" */
#define PIECE_MAX 800 /* bytes; a word of BSD's csh holds 1024 */

static bool quote_plain(const char *word)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=";
	/* A leading '=' is an expansion in zsh, "%self" one in fish, '~' in all. An assignment-like
	 * word is only safe as an argument, which every word but the first is, and no program is
	 * called "A=b". */
	return *word && *word != '=' && strcmp(word, "%self") != 0 &&
	       word[strspn(word, safe)] == '\0';
}

/* fish takes a backslash inside single quotes for an escape, and csh looks for "!" there: both
 * stand outside of them. */
void quote_word(struct buf *b, const char *word)
{
	if (quote_plain(word)) {
		buf_puts(b, word);
		return;
	}
	buf_puts(b, "'");
	for (; *word; word++) {
		if (strchr("'\\!", *word))
			buf_addf(b, "'\\%c'", *word);
		else
			buf_add(b, word, 1);
	}
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

/* As printf %b reads it. No quote, no "!", no newline, no byte beyond ASCII is left: between single
 * quotes all shells take the rest as it is. fish and csh keep a backslash there that is followed by
 * a digit. */
static size_t quote_octal(struct buf *b, char c)
{
	unsigned char byte = (unsigned char)c;
	if (byte < ' ' || byte > '~' || strchr("'\\!", c)) {
		buf_addf(b, "\\0%03o", byte);
		return OCTAL_LEN;
	}
	buf_add(b, &c, 1);
	return 1;
}

/* The outer sh decodes the script from its arguments and becomes the sh that runs it: to the script
 * nothing shows of all this. */
char *quote_login(const char *script, bool begin)
{
	static const char mark[] = "printf \"\\036mocr\\n\"; printf \"\\036mocr\\n\" >&2; ";
	struct buf b = { 0 };
	size_t left = PIECE_MAX;
	buf_addf(&b, "exec /bin/sh -c '%sexec /bin/sh -c \"$(printf %%b \"$@\")\" sh' sh '",
	         begin ? mark : "");
	for (; *script; script++) {
		if (left < OCTAL_LEN) {
			buf_puts(&b, "' '");
			left = PIECE_MAX;
		}
		left -= quote_octal(&b, *script);
	}
	buf_puts(&b, "'");
	return buf_take(&b);
}
