/* quote_argv(): a reader that knows nothing but the shell's rule of single quotes gets back the very words. */
#include "backends/base/quote.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 16

/* Reads one word as sh does: '...' as it is, \' as a quote, bare characters that mean nothing to a shell. */
static const char *read_word(const char *s, struct buf *out)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=";
	while (*s && *s != ' ') {
		if (*s == '\'') {
			const char *end = strchr(s + 1, '\'');
			MUST(end);
			buf_add(out, s + 1, (size_t)(end - s - 1));
			s = end + 1;
		} else if (*s == '\\') {
			MUST(s[1] == '\'');
			buf_puts(out, "'");
			s += 2;
		} else {
			MUST(strchr(bare, *s));
			buf_add(out, s++, 1);
		}
	}
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *argv[WORDS_MAX + 1] = { NULL };
	char *text = as_text(data, len);
	size_t n = 0;
	for (char *s = text; s <= text + len && n < WORDS_MAX; s += strlen(s) + 1)
		argv[n++] = s;
	char *line = quote_command(argv);
	const char *at = line;
	for (size_t i = 0; i < n; i++) {
		struct buf word = { 0 };
		MUST(i == 0 || *at++ == ' ');
		at = read_word(at, &word);
		MUST(strcmp(word.data ? word.data : "", argv[i]) == 0);
		buf_finish(&word);
	}
	MUST(*at == '\0');
	free(line);
	free(text);
	return 0;
}
