#include "backends/base/mem.h"

#include <link.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void (*on_fail)(void);

void mem_on_fail(void (*fn)(void))
{
	on_fail = fn;
}

static void *mem_checked(void *p)
{
	if (p)
		return p;
	if (on_fail)
		on_fail();
	fputs("mocr: out of memory\n", stderr);
	exit(70);
}

void *xcalloc(size_t n, size_t size)
{
	if (!n)
		n = 1;
	return mem_checked(calloc(n, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return mem_checked(realloc(p, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return s ? mem_checked(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	return s ? mem_checked(strndup(s, n)) : NULL;
}

char *xasprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return mem_checked(n < 0 ? NULL : s);
}

void xreplace(char **slot, const char *s)
{
	char *copy = xstrdup(s); /* copy first: s may point into *slot */
	free(*slot);
	*slot = copy;
}

/* Drops read-only pages of a mapped file. The kernel reads the same bytes from the file again on
 * demand. */
static int mem_drop_constant(struct dl_phdr_info *info, size_t size, void *page_size)
{
	uintptr_t page = *(uintptr_t *)page_size;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t from = (info->dlpi_addr + ph->p_vaddr + page - 1) & ~(page - 1),
			  end = (info->dlpi_addr + ph->p_vaddr + ph->p_filesz) & ~(page - 1);
		if (ph->p_type == PT_LOAD && !(ph->p_flags & PF_W) && end > from)
			(void)madvise((void *)from, end - from, MADV_DONTNEED);
	}
	return 0;
}

void mem_give_back(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	malloc_trim(0);
	dl_iterate_phdr(mem_drop_constant, &page);
}
