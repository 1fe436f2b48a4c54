/* wash.h: the one place where bytes from outside become text that may reach a screen, a file, a
 * notification or the clipboard. */
#ifndef BASE_WASH_H
#define BASE_WASH_H

#include <stddef.h>

/* Washes len bytes of src into dst (size bytes, always ended by NUL; size 0 writes nothing) and
 * returns the length written. What remains: valid UTF-8 without C0/C1 controls, DEL, escape
 * sequences (CSI, OSC, DCS and their kin vanish whole), bidi controls (U+202A-202E, U+2066-2069,
 * U+200E, U+200F, U+061C), zero width characters that hide text (U+200B, U+2060, U+FEFF), tag
 * characters and other unassigned or private ones that terminals disagree about. A tab becomes one
 * space, a newline or CR one space, an invalid byte U+FFFD. A cut never leaves half a character.
 * src may be NULL when len is 0. */
size_t wash(char *dst, size_t size, const char *src, size_t len);

/* The same into new memory, which the caller frees; at most max bytes long (0: WASH_MAX). A string
 * that had to be cut ends in U+2026. src NULL gives NULL. */
char *wash_dup(const char *src, size_t max);
char *wash_ndup(const char *src, size_t len, size_t max);
#define WASH_MAX 4096

/* Cells that a washed string takes on a terminal (utf8proc's widths; combining characters take
 * none). */
size_t cells(const char *);

/* The number of bytes of the longest prefix of s that fits in width cells; *used gets its cells. */
size_t cells_fit(const char *s, size_t width, size_t *used);

/* Copies s into dst, shortened to at most width cells with an ellipsis (ascii: "...") in the middle
 * (names) or at the end (text). */
enum cut { CUT_END, CUT_MIDDLE };
size_t cells_cut(char *dst, size_t size, const char *s, size_t width, enum cut,
                 const char *ellipsis);

#endif
