#include "backends/base/quote.h"

#include <string.h>

#define OCTAL_LEN 5   /* length of "\0123" */
#define PIECE_MAX 800 /* bytes; a word in BSD's csh holds at most 1024 */

/* Inside single quotes, fish interprets a backslash and csh a "!". So both characters are written
 * outside of the quotes. */
void quote_word(struct buf *b, const char *word)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=";
	/* A leading '=' is an expansion in zsh, "%self" is one in fish, and '~' in all shells.
	 * "A=b" is safe only as an argument. Every word but the first is an argument, and no
	 * program is called "A=b". */
	if (*word && *word != '=' && strcmp(word, "%self") != 0 &&
	    word[strspn(word, safe)] == '\0') {
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

/* The outer sh decodes the script from its arguments and then executes it by exec. So the script
 * runs as if it had been started directly. */
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
		/* An octal escape for printf %b has no quote, "!", newline or byte beyond ASCII.
		 * All shells leave it unchanged between single quotes. fish and csh also keep a
		 * backslash before a digit there. */
		unsigned char byte = (unsigned char)*script;
		bool octal = byte < ' ' || byte > '~' || strchr("'\\!", byte);
		if (octal)
			buf_addf(&b, "\\0%03o", byte);
		else
			buf_add(&b, script, 1);
		left -= octal ? OCTAL_LEN : 1;
	}
	buf_puts(&b, "'");
	return buf_take(&b);
}
