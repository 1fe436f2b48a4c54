/* dismissed.c: see dismissed.h. */
#include "backends/store/dismissed.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"

#define DISMISSED_MAX (256u << 10) /* bytes of the file */

static char *dismissed_path(const struct store *store)
{
	const struct settings *s = store_settings(store);
	return s->state_dir ? xasprintf("%s/dismissed", s->state_dir) : NULL;
}

char *dismissed_read(const struct store *store)
{
	char *path = dismissed_path(store);
	size_t len;
	char *text = path ? state_read(path, DISMISSED_MAX, &len, NULL) : NULL;
	char *lines = xasprintf("\n%s", text ? text : "");
	free(text);
	free(path);
	return lines;
}

bool dismissed_has(const char *lines, const char *server, const char *section, const char *name)
{
	char *line = xasprintf("\n%s\t%s\t%s\n", server, section, name);
	bool has = strstr(lines, line) != NULL;
	free(line);
	return has;
}

static bool dismissed_append(const char *old, size_t len, struct buf *out, void *arg)
{
	buf_add(out, old, len);
	buf_puts(out, arg);
	return true;
}

bool dismissed_add(const struct store *store, const char *server, const char *section,
                   const char *name, struct err *err)
{
	char *path = dismissed_path(store);
	char *line = xasprintf("%s\t%s\t%s\n", server, section, name);
	bool good = path ? state_update(path, DISMISSED_MAX, dismissed_append, line, err)
	                 : err_set(err, ERR_USAGE, "this mocr keeps no state");
	free(line);
	free(path);
	return good;
}
