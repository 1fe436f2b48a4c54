/* Secrets leave no trace: a value that stands where one would be is not in what is kept. */
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/sessions/sessions.h"
#include "tests/fuzz/fuzz.h"

static bool holds(const struct buf *b, const char *word)
{
	return b->len && memmem(b->data, b->len, word, strlen(word));
}

/* Put into the fuzzer's text as a line of its own. */
static void hidden_among(const char *text, size_t len)
{
	struct buf in = { 0 }, out = { 0 };
	buf_add(&in, text, len);
	buf_puts(&in, "\nDB_PASSWORD=Zq7-hidden-Zq7\n");
	mask_text(&out, in.data, in.len);
	MUST(!holds(&out, "Zq7-hidden-Zq7"));
	buf_finish(&in);
	buf_finish(&out);
}

/* A document among lines that are none; and words of a session, which no pattern knows. */
static void hidden_in_json(const char *text, size_t len)
{
	struct buf in = { 0 }, out = { 0 };
	buf_add(&in, text, len);
	buf_puts(&in, "\n{\"password\":\"Zq7-hidden-Zq7\"}\n");
	mask_json(&out, in.data, in.len);
	MUST(!holds(&out, "Zq7-hidden-Zq7"));
	buf_finish(&in);
	buf_clear(&out);
	static const char *const whats[] = { "4096 event", "scan", "claude",
		                             "4096 messages ses_a" };
	for (size_t i = 0; i < ARRAY_LEN(whats); i++) {
		buf_addf(&in, "{\"type\":\"text\",\"text\":\"Zq7-hidden-Zq7 ");
		buf_add(&in, text, len);
		sessions_redact(whats[i], in.data, in.len, &out);
		MUST(!holds(&out, "Zq7-hidden-Zq7"));
		buf_finish(&in);
	}
	buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *s = as_text(data, len);
	struct buf out = { 0 };
	mask_json(&out, s, len);
	buf_clear(&out);
	mask_text(&out, s, len);
	(void)mask_is_secret(s, len);
	/* an open quote makes the rest one value */
	bool quoted = memchr(s, '"', len) || memchr(s, '\'', len);
	if (!quoted && !holds(&(struct buf){ .data = s, .len = len }, "Zq7"))
		hidden_among(s, len);
	if (!quoted && !memchr(s, '\n', len) &&
	    !holds(&(struct buf){ .data = s, .len = len }, "Zq7"))
		hidden_in_json(s, len);
	buf_finish(&out);
	free(s);
	return 0;
}
