/* config_add.c: see config_add.h. */
#include "backends/store/config_add.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/private.h"
#include "backends/base/state_file.h"

#define CONFIG_MAX (1u << 20) /* bytes; a longer file is the user's to edit */
#define NAME_MAX_BYTES 200

bool config_takes_name(const char *name)
{
	size_t len = strlen(name);
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (iscntrl(*p) || isspace(*p) || strchr("[];#=", *p))
			return false;
	return len > 0 && len <= NAME_MAX_BYTES;
}

/* Is the line the heading "[SECTION NAME]"? */
static bool config_line_is(const char *line, size_t len, const char *word, const char *name)
{
	const char *end = line + len;
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	if (line == end || *line++ != '[')
		return false;
	if ((size_t)(end - line) < strlen(word) || strncmp(line, word, strlen(word)) != 0)
		return false;
	line += strlen(word);
	size_t blanks = strspn(line, " \t"), n = strlen(name);
	line += blanks;
	if (!blanks || (size_t)(end - line) <= n || strncmp(line, name, n) != 0)
		return false;
	line += n;
	return line[strspn(line, " \t")] == ']';
}

static bool config_has(const char *text, size_t len, const char *section, const char *name)
{
	const char *end = len ? text + len : text;
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = nl ? (size_t)(nl - text) : (size_t)(end - text);
		if (config_line_is(text, n, section, name))
			return true;
		text += n + 1;
	}
	return false;
}

/* What is added: the same section with each of the names. */
struct config_part {
	const char *section, *keys;
	const char *const *names;
	size_t n, added;
};

static bool config_append(const char *old, size_t len, struct buf *out, void *arg)
{
	struct config_part *add = arg;
	buf_add(out, old, len);
	if (len && old[len - 1] != '\n')
		buf_puts(out, "\n");
	for (size_t i = 0; i < add->n; i++) {
		const char *name = add->names[i];
		if (!config_takes_name(name) || config_has(out->data, out->len, add->section, name))
			continue;
		buf_addf(out, "%s[%s %s]\n%s", out->len ? "\n" : "", add->section, name, add->keys);
		add->added++;
	}
	return add->added > 0;
}

static bool config_write(const char *path, struct config_part *add, struct err *err)
{
	struct stat st;
	/* the file behind a link; a missing file keeps its own path */
	char *real = realpath(path, NULL);
	if (!real)
		real = xstrdup(path);
	char why[160], *folder = xstrdup(real), *slash = strrchr(folder, '/');
	bool good = true;
	if (slash && slash != folder) {
		*slash = '\0';
		/* the modes of a folder that is there are the user's own choice */
		good = access(folder, F_OK) == 0 || private_folder(folder, why, sizeof(why));
		if (!good)
			err_set(err, ERR_DENIED, "%s is not used: %s", folder, why);
	}
	free(folder);
	/* state_update reads no more than its bound, and would lose the beginning */
	if (good && stat(real, &st) == 0 && st.st_size > (off_t)(CONFIG_MAX / 2))
		good = err_set(err, ERR_TOO_BIG, "%s is longer than %u KB; add [%s %s] by hand",
		               real, CONFIG_MAX / 2048, add->section,
		               add->n ? add->names[0] : "NAME");
	if (good)
		good = state_update(real, CONFIG_MAX, config_append, add, err);
	free(real);
	return good;
}

bool config_add_servers(const char *path, const char *const *names, size_t n, size_t *added,
                        struct err *err)
{
	struct config_part add = { "server", "", names, n, 0 };
	bool good = config_write(path, &add, err);
	*added = good ? add.added : 0;
	return good;
}

bool config_add_section(const char *path, const char *section, const char *name, const char *keys,
                        struct err *err)
{
	struct config_part add = { section, keys, &name, 1, 0 };
	if (!config_takes_name(name))
		return err_set(err, ERR_USAGE, "\"%s\" cannot be the name of a section", name);
	if (!config_write(path, &add, err))
		return false;
	return add.added ||
	       err_set(err, ERR_USAGE, "%s has a section [%s %s] already; :reload reads it", path,
	               section, name);
}
