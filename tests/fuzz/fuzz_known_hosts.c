/* known_hosts: hashed names, marks, negated patterns and broken lines. The first byte's bit
 * chooses: a file, or a list of names whose rules must hold. */
#include "backends/link/ssh_known.c"
#include "tests/fuzz/fuzz.h"

#define NAME "[10.77.0.11]:804"

/* The rules of a list, said another way: taken apart at its commas, each part by itself. */
static void check_list(const char *list)
{
	bool meant = known_in_list(NAME, list), positive = false, negative = false,
	     too_long = false;
	char *copy = xstrdup(list), *part = copy;
	while (part) {
		char *comma = strchr(part, ',');
		if (comma)
			*comma = '\0';
		const char *pattern = part + (*part == '!');
		too_long |= strlen(pattern) >= PATTERN_MAX;
		bool matches = known_matches(NAME, pattern, strlen(pattern));
		if (*part == '!')
			negative |= matches;
		else
			positive |= matches;
		part = comma ? comma + 1 : NULL;
	}
	MUST(too_long || meant == (positive && !negative));
	MUST(!too_long || !meant);
	/* Whoever is excluded at the end of a list is excluded. */
	char *excluded = xasprintf("%s,!" NAME, list);
	MUST(!known_in_list(NAME, excluded));
	free(excluded);
	free(copy);
}

static void check_file(const uint8_t *data, size_t len)
{
	char path[64];
	int fd = as_file(data, len, path, sizeof(path));
	struct known_key *list = NULL;
	known_read_file(&list, NAME, path);
	for (const struct known_key *k = list; k; k = k->next)
		MUST(k->key && k->line);
	free(ssh_hosts_prefer(list, NULL));
	known_free(list);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = as_text(data, len);
	if (!strpbrk(text, " \n"))
		check_list(text);
	free(text);
	check_file(data, len);
	return 0;
}
