#include "tests/unit/variants.h"

#include <string.h>
#include <stdlib.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"

/* The lines of now that are not in before, and how many went. */
static void variants_difference(struct buf *out, const struct buf *before, const struct buf *now)
{
	size_t here = 0, same = 0, all = 0;
	for (const char *p = before->data; p && *p; p = strchr(p, '\n') + 1)
		all++;
	for (const char *p = now->data; p && *p;) {
		size_t n = strcspn(p, "\n");
		char *line = xasprintf("\n%.*s\n", (int)n, p);
		const char *found = before->len ? strstr(before->data, line + 1) : NULL;
		while (found && found != before->data && found[-1] != '\n')
			found = strstr(found + 1, line + 1);
		if (found)
			same++;
		else if (here++ < 12)
			buf_addf(out, " {%.*s}", (int)n, p);
		free(line);
		p += n + 1;
	}
	if (same < all)
		buf_addf(out, " -%zu", all - same);
	buf_puts(out, "\n");
}

static void variants_one(struct buf *out, dump_fn *dump, const struct buf *before, const char *text,
                         size_t from, size_t to, const char *with, const char *called)
{
	char *varied = xasprintf("%.*s%s%s", (int)from, text, with, text + to);
	size_t len = strlen(varied);
	char *exact = xcalloc(1, len ? len : 1); /* no NUL behind it */
	struct buf now;
	buf_init(&now, 1 << 20);
	memcpy(exact, varied, len);
	dump(&now, exact, len);
	size_t name = from;
	while (name && !strchr("{[,\n\t", text[name - 1]))
		name--;
	buf_addf(out, "%zu %.*s%s:", from, (int)(from - name), text + name, called);
	variants_difference(out, before, &now);
	buf_finish(&now);
	free(exact);
	free(varied);
}

/* The end of the JSON value at p, which is well-formed. */
static const char *variants_value_end(const char *p)
{
	int depth = 0;
	bool word = *p != '"' && *p != '{' && *p != '[';
	if (word)
		return p + strcspn(p, ",]}\n ");
	do {
		if (*p == '"')
			for (p++; *p != '"'; p++)
				p += *p == '\\';
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		p++;
	} while (depth > 0);
	return p;
}

void variants_of_json(struct buf *out, const char *what, dump_fn *dump, const char *text)
{
	static const char *const with[] = { "null",          "\"\"",   "\"7\"", "0",    "-1",
		                            "1e3",           "[]",     "{}",    "true", "false",
		                            "\"x\\u0007y\"", "[\"a\"]", "1" };
	char much[303];
	much[0] = much[301] = '"';
	much[302] = '\0';
	for (int i = 1; i < 301; i++)
		much[i] = (char)('a' + i % 26);
	struct buf before;
	buf_init(&before, 1 << 20);
	dump(&before, text, strlen(text));
	buf_addf(out, "=== %s\n%.*s", what, (int)before.len, before.data ? before.data : "");
	for (const char *p = text; *p; p++) {
		bool value = p == text || *p == '[' || (*p == ':' && p[-1] == '"');
		if (*p == '"') { /* not inside of a string */
			p = variants_value_end(p) - 1;
			continue;
		}
		if (!value)
			continue;
		const char *from = p == text ? p : p + 1;
		if (*from == ']')
			continue;
		size_t at = (size_t)(from - text), end = (size_t)(variants_value_end(from) - text);
		for (size_t i = 0; i < ARRAY_LEN(with); i++)
			variants_one(out, dump, &before, text, at, end, with[i], with[i]);
		variants_one(out, dump, &before, text, at, end, much, "much");
		if (*p != '[' || p[1] == ']')
			continue;
		at = (size_t)(p + 1 - text);
		int n = (int)(variants_value_end(p + 1) - p - 1);
		char *twice = xasprintf("%.*s,%.*s", n, p + 1, n, p + 1);
		variants_one(out, dump, &before, text, at, at + (size_t)n, twice, "twice");
		free(twice);
		/* what is no element does not end the list */
		char *behind = xasprintf("null,%.*s", n, p + 1);
		variants_one(out, dump, &before, text, at, at + (size_t)n, behind, "behind null");
		free(behind);
	}
	size_t half = strlen(text) / 2;
	variants_one(out, dump, &before, text, half, strlen(text), "", "cut");
	variants_one(out, dump, &before, text, 0, strlen(text), "", "nothing");
	buf_finish(&before);
}

void variants_of_words(struct buf *out, const char *what, dump_fn *dump, const char *text)
{
	static const char *const with[] = { "",       "x",   "0",
		                            "-1",     "7",   "99999999999999999999",
		                            "(none)", "off", "1.5",
		                            "1" };
	struct buf before;
	buf_init(&before, 1 << 20);
	dump(&before, text, strlen(text));
	buf_addf(out, "=== %s\n%.*s", what, (int)before.len, before.data ? before.data : "");
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\t\n:, ");
		for (size_t i = 0; n && i < ARRAY_LEN(with); i++)
			variants_one(out, dump, &before, text, (size_t)(p - text),
			             (size_t)(p - text) + n, with[i], with[i]);
		p += n + (p[n] != '\0');
	}
	buf_finish(&before);
}
