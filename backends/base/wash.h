/* wash.h: make bytes from outside safe for a screen, a file, a notification or the clipboard. Only
 * this file does that. */
#ifndef BASE_WASH_H
#define BASE_WASH_H

#include <stddef.h>

/* Washes len bytes of src into dst, which has size bytes. Returns the length written. dst always
 * ends with a NUL; size 0 writes nothing. src may be NULL if len is 0.
 *
 * The result is valid UTF-8. These are removed: C0/C1 controls, DEL, whole escape sequences (CSI,
 * OSC, DCS and similar), and bidi controls (U+202A-202E, U+2066-2069, U+200E, U+200F, U+061C). Also
 * removed are zero width characters that hide text (U+200B, U+2060, U+FEFF), tag characters, and
 * unassigned or private characters that terminals disagree about.
 *
 * A tab, newline or CR becomes one space. An invalid byte becomes U+FFFD. A cut never leaves half a
 * character. */
size_t wash(char *dst, size_t size, const char *src, size_t len);

/* Same into new memory, which the caller frees. The result has at most max bytes (0: WASH_MAX), and
 * ends with U+2026 if it was cut. src NULL returns NULL. */
char *wash_dup(const char *src, size_t max);
char *wash_ndup(const char *src, size_t len, size_t max);
#define WASH_MAX 4096

/* The width of a washed string on a terminal, in cells (utf8proc's widths). Combining characters
 * take none. */
size_t cells(const char *);

/* Length in bytes of the longest prefix of s that fits in width cells. *used gets its width in
 * cells. */
size_t cells_fit(const char *s, size_t width, size_t *used);

/* Copies s into dst, shortened to at most width cells. The ellipsis (ascii: "...") stands in the
 * middle (for names) or at the end (for text). Returns the width of dst in cells. A dst that is
 * too small for all of that gets whole characters of the start, without ellipsis. */
enum cut { CUT_END, CUT_MIDDLE };
size_t cells_cut(char *dst, size_t size, const char *s, size_t width, enum cut,
                 const char *ellipsis);

#endif
