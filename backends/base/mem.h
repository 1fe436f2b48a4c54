/* mem.h: memory of our own making. Out of memory ends the program (after mem_on_fail put the
 * terminal right); bytes from outside are never allocated by their own word, see buf.h for bounds.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *, size_t);
char *xstrdup(const char *); /* NULL stays NULL */
char *xstrndup(const char *, size_t);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* frees what was there, keeps a copy of the new; NULL clears */
void xreplace(char **slot, const char *);
/* called once before the program ends for want of memory */
void mem_on_fail(void (*fn)(void));
/* Lets go of pages that only the start and a log-in needed: free ones of the heap, and those of
 * programs' and libraries' code and constants, which come back from their files when they are used
 * again. */
void mem_give_back(void);

#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
