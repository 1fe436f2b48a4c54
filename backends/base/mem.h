/* mem.h: allocation that never fails. If memory runs out, mem_on_fail's function restores the
 * terminal and the program ends. Never allocate a size that bytes from outside ask for. buf.h has
 * the bounds. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *, size_t);
char *xstrdup(const char *); /* NULL stays NULL */
char *xstrndup(const char *, size_t);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* frees the old text and stores a copy of the new one; NULL clears */
void xreplace(char **slot, const char *);
/* fn is called once before the program ends for lack of memory */
void mem_on_fail(void (*fn)(void));
/* Returns pages to the system that only the start and a login needed. These are free pages of the
 * heap, and pages of code and constants of programs and libraries. The kernel reads the latter from
 * their files again on demand. */
void mem_give_back(void);

#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
