/* sse.c: parse server-sent events by the WHATWG HTML standard. A line ends at LF, CR or CRLF. An
 * empty line ends an event. Several data lines form one text. */
#include "backends/base/sse.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The value of "name: value", "name:value" or "name". NULL: the line is another field. */
static const char *sse_value_of(const struct buf *line, const char *name)
{
	size_t n = strlen(name);
	const char *text = line->data;
	if (strncmp(text, name, n) != 0 || (text[n] != ':' && text[n]))
		return NULL;
	text += n + (text[n] == ':');
	return text + (*text == ' ');
}

static void sse_end_line(struct sse *s, sse_fn *fn, void *arg)
{
	static const char bom[] = "\xef\xbb\xbf";
	if (!s->begun && s->line.len >= 3 && !memcmp(s->line.data, bom, 3))
		buf_consume(&s->line, 3);
	s->begun = true;
	if (!s->skip) {
		const char *value;
		if (!s->line.len) {
			size_t len = s->data.len;
			if (len) { /* without the last newline */
				s->data.data[len - 1] = '\0';
				fn(*s->event ? s->event : "message", s->data.data, len - 1, arg);
			}
			assert(s->data.len == len); /* the callback did not call sse_finish */
			buf_clear(&s->data);
			s->event[0] = '\0';
		} else if ((value = sse_value_of(&s->line, "event"))) {
			snprintf(s->event, sizeof(s->event), "%s", value);
		} else if ((value = sse_value_of(&s->line, "data"))) {
			buf_add(&s->data, value, s->line.len - (size_t)(value - s->line.data));
			buf_puts(&s->data, "\n");
		}
	}
	s->skip = false;
	buf_clear(&s->line);
}

void sse_feed(struct sse *s, const char *bytes, size_t len, sse_fn *fn, void *arg)
{
	s->line.max = s->data.max = SSE_LINE_MAX;
	for (size_t at = 0; at < len;) {
		if (s->after_cr && bytes[at] == '\n') {
			s->after_cr = false;
			at++;
			continue;
		}
		s->after_cr = false;
		size_t n = 0;
		while (at + n < len && bytes[at + n] != '\n' && bytes[at + n] != '\r')
			n++;
		if (n && !s->skip && !buf_add(&s->line, bytes + at, n))
			s->skip = true;
		at += n;
		if (at == len)
			return;
		s->after_cr = bytes[at++] == '\r';
		sse_end_line(s, fn, arg);
	}
}

void sse_finish(struct sse *s)
{
	buf_finish(&s->line);
	buf_finish(&s->data);
	*s = (struct sse){ .event = "" };
}
