/* quote_word() and quote_login(): every real shell gives back the very words.
 *
 * Starting seven shells takes longer than thousands of inputs: words are gathered, and one start of
 * each shell reads them all. When the words come back wrong, halves of them are tried until one is
 * left, which is named. */
#include "backends/base/quote.h"
#include "tests/fuzz/fuzz.h"
#include "tests/login_shells.h"

#define WORDS_MAX 1500
#define LINE_MAX_BYTES 90000 /* a word of the kernel holds 131072 */

static char *words[WORDS_MAX];
static size_t n_words, n_bytes;

/* What each shell makes of words[from..to]: through_login as a command of the link, else as a word
 * that it reads by itself. */
static bool shells_read(size_t from, size_t to, bool through_login)
{
	struct buf script = { 0 }, want[2] = { 0 };
	struct shell_run runs[LOGIN_SHELLS];
	struct buf out[LOGIN_SHELLS] = { 0 };
	bool good = true;
	char *lines[2] = { NULL };
	/* without words that have one, and with them */
	for (int newlines = 0; newlines < 2; newlines++) {
		buf_clear(&script);
		buf_puts(&script, through_login ? "printf '%s\\0' x" : "/usr/bin/printf '%s\\0' x");
		buf_add(&want[newlines], "x", 2);
		for (size_t i = from; i < to; i++) {
			if (!newlines && strchr(words[i], '\n'))
				continue;
			buf_puts(&script, " ");
			quote_word(&script, words[i]);
			buf_add(&want[newlines], words[i], strlen(words[i]) + 1);
		}
		lines[newlines] = through_login ? quote_login(script.data, false)
		                                : xstrdup(script.data);
	}
	for (size_t i = 0; i < LOGIN_SHELLS; i++)
		shell_start(&runs[i], &login_shells[i], "/dev/null",
		            lines[through_login || login_shells[i].posix_words], &out[i], NULL);
	for (size_t i = 0; i < LOGIN_SHELLS; i++) {
		const struct buf *w = &want[through_login || login_shells[i].posix_words];
		bool same = shell_end(&runs[i]) == 0 && out[i].len == w->len &&
		            memcmp(out[i].data, w->data, w->len) == 0;
		if (!same && to - from == 1)
			fprintf(stderr, "%s reads it otherwise: %s\n", login_shells[i].name,
			        lines[1]);
		good &= same;
		buf_finish(&out[i]);
	}
	for (int k = 0; k < 2; k++) {
		free(lines[k]);
		buf_finish(&want[k]);
	}
	buf_finish(&script);
	return good;
}

static bool right(size_t from, size_t to)
{
	return shells_read(from, to, true) && shells_read(from, to, false);
}

static void judge(void)
{
	bool all_right = !n_words || right(0, n_words);
	size_t from = 0, to = all_right ? 0 : n_words;
	while (to - from > 1) {
		size_t middle = from + (to - from) / 2;
		if (right(from, middle))
			from = middle;
		else
			to = middle;
	}
	if (!all_right)
		right(from, to); /* says which word it is */
	MUST(all_right);
	while (n_words)
		free(words[--n_words]);
	n_bytes = 0;
}

static void take(const char *word)
{
	size_t len = 5 * strlen(word) + 8; /* quoted twice, at the worst */
	if (len > LINE_MAX_BYTES)
		return;
	if (n_words == WORDS_MAX || n_bytes + len > LINE_MAX_BYTES)
		judge();
	words[n_words++] = xstrdup(word);
	n_bytes += len;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	for (size_t i = 0; i < LOGIN_SHELLS; i++)
		MUST(shell_there(&login_shells[i]));
	atexit(judge);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = as_text(data, len);
	for (char *s = text; s <= text + len; s += strlen(s) + 1)
		take(s);
	free(text);
	return 0;
}
