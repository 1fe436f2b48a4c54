#include "backends/containers/frames.h"

#include <ctype.h>
#include <string.h>

#define TIME_MAX 40
#define PIECE (16u << 10) /* Docker splits only lines longer than this */

void frames_init(struct frames *f, bool raw, frames_line *fn, void *arg)
{
	*f = (struct frames){ .raw = raw, .stream = 1, .fn = fn, .arg = arg };
	buf_init(&f->line[0], FRAMES_LINE_MAX);
	buf_init(&f->line[1], FRAMES_LINE_MAX);
}

void frames_finish(struct frames *f)
{
	buf_finish(&f->line[0]);
	buf_finish(&f->line[1]);
}

/* Length of a timestamp like "2026-11-21T06:40:08.123456789Z" with a blank behind it. 0: none. */
static size_t frames_time_len(const char *s, size_t len)
{
	size_t n = 0;
	while (n < len && n < TIME_MAX &&
	       (isdigit((unsigned char)s[n]) || strchr("-+:.TZ", s[n] ? s[n] : '!')))
		n++;
	return n >= 20 && n < len && s[n] == ' ' && s[4] == '-' && s[10] == 'T' ? n : 0;
}

/* Removes timestamps from the middle of a terminal's line. Its log has no frames, and the engine
 * puts its time after each whole piece. n is the length of the line's first timestamp. A log driver
 * may use another piece size. Its pieces are found by the same timestamp again. */
static size_t frames_drop_times(char *s, size_t len, size_t n)
{
	char *p = s + n + 1;
	while (n && len - (size_t)(p - s) > PIECE) {
		size_t left = len - (size_t)(p - s) - PIECE, m = frames_time_len(p + PIECE, left);
		char *time = m ? p + PIECE : memmem(p + PIECE, left, s, n + 1);
		m = m ? m : n;
		if (!time)
			break;
		len -= m + 1;
		memmove(time, time + m + 1, len - (size_t)(time - s));
		p = time;
	}
	return len;
}

static void frames_tell(struct frames *f, int which)
{
	struct buf *b = &f->line[which];
	char time[TIME_MAX + 1];
	const char *s = b->data ? b->data : "";
	size_t len = b->len;
	if (len && s[len - 1] == '\r')
		len--;
	size_t n = frames_time_len(s, len);
	if (f->raw && b->data)
		len = frames_drop_times(b->data, len, n);
	memcpy(time, s, n);
	time[n] = '\0';
	size_t text = n ? n + 1 : 0; /* after the blank */
	f->fn(time, s + text, len - text, which == 1, f->arg);
	buf_clear(b);
	f->cut[which] = false;
}

static void frames_text(struct frames *f, const char *bytes, size_t len)
{
	int which = f->stream == 2;
	struct buf *b = &f->line[which];
	while (len) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl ? (size_t)(nl - bytes) : len;
		size_t room = FRAMES_LINE_MAX - b->len, take = n < room ? n : room;
		if (!f->cut[which])
			buf_add(b, bytes, take);
		f->cut[which] |= take < n;
		if (nl)
			frames_tell(f, which);
		bytes += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
}

/* Takes the next byte of a frame header. */
static void frames_head(struct frames *f, unsigned char byte)
{
	f->head[f->head_len++] = byte;
	if (f->head_len < sizeof(f->head))
		return;
	const unsigned char *h = f->head;
	f->head_len = 0;
	if (h[0] > 3 || h[1] || h[2] || h[3]) { /* not a frame: a terminal's log after all */
		f->bad = true;
		f->raw = true;
		frames_text(f, (const char *)h, sizeof(f->head));
		return;
	}
	f->stream = h[0];
	f->fresh = true;
	f->left = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
}

/* A line over 16 KB comes in several frames, and the engine puts a timestamp before each. The start
 * of a frame is held until its timestamp is complete, wherever the network split it. */
static void frames_drop_time(struct frames *f)
{
	size_t n = frames_time_len(f->hold, f->hold_len), skip = n ? n + 1 : 0;
	f->fresh = false;
	/* Does the held frame start a line of the container's next run? Then the unfinished line is
	 * the last line of the previous run, written without a line end. n is the length of the
	 * held timestamp. Pieces of one line have the same time. On an older Docker, a new piece at
	 * least always follows a whole piece. */
	const struct buf *begun = &f->line[f->stream == 2];
	size_t m = frames_time_len(begun->data, begun->len);
	if (f->apart && n && m && begun->len - m - 1 < PIECE &&
	    (m != n || memcmp(begun->data, f->hold, n) != 0)) {
		frames_tell(f, f->stream == 2);
		skip = 0;
	}
	frames_text(f, f->hold + skip, f->hold_len - skip);
	f->hold_len = 0;
}

void frames_feed(struct frames *f, const char *bytes, size_t len)
{
	while (len && !f->raw) {
		if (!f->left) {
			frames_head(f, (unsigned char)*bytes++);
			len--;
			continue;
		}
		size_t n = f->left < len ? f->left : len;
		bool inside = f->fresh && f->line[f->stream == 2].len;
		if (inside) {
			size_t room = sizeof(f->hold) - f->hold_len;
			n = n < room ? n : room;
			memcpy(f->hold + f->hold_len, bytes, n);
			f->hold_len += n;
		} else {
			frames_text(f, bytes, n);
		}
		f->left -= (uint32_t)n;
		f->fresh = f->fresh && inside;
		if (inside && (f->hold_len == sizeof(f->hold) || !f->left))
			frames_drop_time(f);
		bytes += n;
		len -= n;
	}
	if (len)
		frames_text(f, bytes, len);
}

void frames_end(struct frames *f, bool whole)
{
	whole = whole && !f->left && (f->raw || !f->head_len);
	if (whole && f->hold_len)
		frames_drop_time(f);
	for (int i = 0; i < 2; i++)
		if (whole && f->line[i].len)
			frames_tell(f, i);
		else
			buf_clear(&f->line[i]);
	f->head_len = f->hold_len = f->left = 0;
}
