#include "backends/store/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"

void doc_init(struct doc *doc)
{
	*doc = (struct doc){ 0 };
}

void doc_finish(struct doc *doc)
{
	for (size_t i = 0; i < doc->n; i++) {
		free(doc->lines[i].label);
		free(doc->lines[i].text);
	}
	free(doc->lines);
	doc_init(doc);
}

/* Takes ownership of both strings, which must be washed. */
static void doc_do_add(struct doc *doc, enum doc_tone tone, char *label, char *text)
{
	if (doc->n > DOC_MAX_LINES) {
		free(label);
		free(text);
		return;
	}
	if (doc->n == DOC_MAX_LINES) {
		free(label);
		free(text);
		tone = DOC_DIM;
		label = NULL;
		text = xasprintf("and more: only the first %d lines are shown", DOC_MAX_LINES);
	}
	if (doc->n == doc->cap) {
		doc->cap = doc->cap ? 2 * doc->cap : 32;
		doc->lines = xrealloc(doc->lines, doc->cap * sizeof(*doc->lines));
	}
	doc->lines[doc->n++] = (struct doc_line){
		.tone = tone, .label = label, .text = text, .share = -1
	};
}

static char *doc_format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static char *doc_format(const char *fmt, va_list ap)
{
	char *raw = NULL;
	if (vasprintf(&raw, fmt, ap) < 0)
		return xstrdup("");
	char *text = wash_dup(raw, 0);
	free(raw);
	return text;
}

void doc_head(struct doc *doc, const char *text)
{
	if (doc->n)
		doc_do_add(doc, DOC_PLAIN, NULL, xstrdup(""));
	doc_do_add(doc, DOC_HEAD, NULL, wash_dup(text, 0));
}

void doc_add(struct doc *doc, enum doc_tone tone, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	doc_do_add(doc, tone, NULL, doc_format(fmt, ap));
	va_end(ap);
}

void doc_pair(struct doc *doc, enum doc_tone tone, const char *label, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	doc_do_add(doc, tone, wash_dup(label, 0), doc_format(fmt, ap));
	va_end(ap);
}

void doc_share(struct doc *doc, double share)
{
	if (doc->n)
		doc->lines[doc->n - 1].share = share;
}

void doc_text(struct doc *doc, enum doc_tone tone, const char *text, size_t len)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		size_t shown = n && text[n - 1] == '\r' ? n - 1 : n;
		doc_do_add(doc, tone, NULL, wash_ndup(text, shown, 0));
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
}
