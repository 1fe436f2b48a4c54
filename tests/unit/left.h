/* left.h: whether a secret is still in memory after its owner freed it. */
#ifndef TESTS_LEFT_H
#define TESTS_LEFT_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LEFT_WORD "zq7word"
#define LEFT_MAX 64
#define LEFT_MAPPING_MAX (64u << 20) /* a sanitizer's own mappings are larger */

/* Is a word of it still at that address, which was freed? Read by the kernel, for neither the
 * compiler nor a checker may mind. */
static inline bool is_left_at(uintptr_t address, size_t len)
{
	char now[4096] = "";
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	ssize_t n = pread(fd, now, len < sizeof(now) ? len : sizeof(now), (off_t)address);
	close(fd);
	return n > 0 && memmem(now, (size_t)n, LEFT_WORD, sizeof(LEFT_WORD) - 1);
}

/* Where the word is in the memory that malloc gives out. Returns how many places, LEFT_MAX at
 * most. */
static inline size_t left_find(uintptr_t places[LEFT_MAX])
{
	static char chunk[4096 + sizeof(LEFT_WORD)];
	uintptr_t own = (uintptr_t)chunk, from, to;
	char line[512], way[5], name[256];
	size_t found = 0;
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "re");
	while (fd >= 0 && maps && fgets(line, sizeof(line), maps)) {
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &from, &to, way, name) < 3 ||
		    strcmp(way, "rw-p") != 0 || to - from > LEFT_MAPPING_MAX ||
		    (name[0] && strcmp(name, "[heap]") != 0))
			continue;
		for (uintptr_t at = from; at < to; at += 4096) {
			ssize_t n = pread(fd, chunk, sizeof(chunk), (off_t)at);
			const char *end = chunk + (n > 0 ? n : 0), *word = chunk;
			while (found < LEFT_MAX &&
			       (word = memmem(word, (size_t)(end - word), LEFT_WORD,
			                      sizeof(LEFT_WORD) - 1))) {
				uintptr_t place = at + (uintptr_t)(word++ - chunk);
				if (place - own >= sizeof(chunk))
					places[found++] = place;
			}
		}
	}
	if (maps)
		fclose(maps);
	if (fd >= 0)
		close(fd);
	return found;
}

#endif
