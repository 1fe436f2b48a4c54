#include "backends/notify/terminal.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"

#define TITLE_BYTES 120
#define TEXT_BYTES 400 /* kitty takes 2048 bytes of base64 in one piece */
#define TMUX_GUARDS_SINCE 303 /* version 3.3: allow-passthrough exists, and is off by default */

enum terminal_way terminal_way(const char *how, const struct terminal_facts *f)
{
	static const struct {
		const char *how;
		enum terminal_way way;
	} ways[] = {
		{ "bell", WAY_BELL },
		{ "osc9", WAY_OSC9 },
		{ "osc777", WAY_OSC777 },
		{ "osc99", WAY_OSC99 },
	};
	/* The console of Linux shows unknown sequences, and screen swallows them. */
	static const struct {
		const char *term;
		enum terminal_way way;
	} terms[] = {
		{ "linux", WAY_BELL },      { "screen", WAY_BELL },     { "tmux", WAY_BELL },
		{ "xterm-kitty", WAY_OSC99 }, { "foot", WAY_OSC777 }, { "rxvt", WAY_OSC777 },
	};
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (strcmp(how, ways[i].how) == 0)
			return ways[i].way;
	for (size_t i = 0; i < ARRAY_LEN(terms); i++)
		if (strncmp(f->term, terms[i].term, strlen(terms[i].term)) == 0)
			return terms[i].way;
	return strcmp(f->program, "vscode") == 0 ? WAY_BELL : WAY_OSC9;
}

/* A ";" ends a part of a sequence, so the title must not have one. */
static char *terminal_part(const char *text, size_t max, bool title)
{
	char *clean = wash_dup(text, max);
	for (char *c = clean; title && *c; c++)
		if (*c == ';')
			*c = ',';
	return clean;
}

/* The way from a pane of tmux to the terminal around it. */
static void terminal_through_tmux(const struct buf *plain, struct buf *out)
{
	buf_puts(out, "\033Ptmux;");
	for (size_t i = 0; i < plain->len; i++) {
		if (plain->data[i] == '\033')
			buf_puts(out, "\033");
		buf_add(out, &plain->data[i], 1);
	}
	buf_puts(out, "\033\\");
}

void terminal_bytes(enum terminal_way way, const struct terminal_facts *f, const char *title,
                    const char *text, struct buf *out)
{
	struct buf plain = { 0 };
	char *head = terminal_part(title, TITLE_BYTES, true);
	char *body = terminal_part(text, TEXT_BYTES, false);
	buf_puts(out, "\a");
	/* elsewhere a text that begins with "4;" is a progress bar: the prefix keeps that away */
	if (way == WAY_OSC9)
		buf_addf(&plain, "\033]9;mocr: %s: %s\033\\", head, body);
	else if (way == WAY_OSC777)
		buf_addf(&plain, "\033]777;notify;%s;%s\033\\", head, body);
	else if (way == WAY_OSC99) {
		char *title64 = base64_encode(head, strlen(head));
		char *text64 = base64_encode(body, strlen(body));
		buf_addf(&plain, "\033]99;i=mocr:d=0:e=1;%s\033\\", title64);
		buf_addf(&plain, "\033]99;i=mocr:p=body:e=1;%s\033\\", text64);
		free(title64);
		free(text64);
	}
	if (plain.len && f->tmux && f->passes)
		terminal_through_tmux(&plain, out);
	else if (plain.len && !f->tmux)
		buf_add(out, plain.data, plain.len);
	buf_finish(&plain);
	free(head);
	free(body);
}

bool terminal_tmux_passes(const char *version, const char *option)
{
	const char *digits = version + strcspn(version, "0123456789");
	const char *dot = strchr(digits, '.');
	int number = 100 * number_int(digits) + (dot ? number_int(dot + 1) : 0);
	if (number < TMUX_GUARDS_SINCE)
		return number > 0;
	return strcmp(option, "1") == 0 || strcmp(option, "on") == 0 || strcmp(option, "all") == 0;
}

void terminal_title(size_t needs, size_t asks, struct buf *out)
{
	if (asks)
		buf_addf(out, "\033]2;(%zu, %zu ask) mocr\033\\", needs, asks);
	else if (needs)
		buf_addf(out, "\033]2;(%zu) mocr\033\\", needs);
	else
		buf_puts(out, "\033]2;mocr\033\\");
}
