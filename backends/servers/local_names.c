/* local_names.c: the names of this machine. "local" always works. Ids on the screen begin with the
 * machine's own name.
 *
 * The name of a [server] section with `host = local` comes first. The configuration or ssh_config
 * may give the host name to another server. Then this machine is only called "local". */
#include <string.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "backends/store/internal.h"
#include "backends/servers/server.h"

#define HERE "local"

static void local_names_host_name(char *name, size_t size, bool whole)
{
	*name = '\0';
	gethostname(name, size - 1);
	name[size - 1] = '\0';
	if (!whole)
		name[strcspn(name, ".")] = '\0';
}

const struct server_config *server_section(const struct settings *set, const char *name)
{
	const struct server_config *c = set->servers;
	while (c && strcmp(c->name, name) != 0)
		c = c->next;
	return c;
}

static bool local_names_is_same(const char *host, void *name)
{
	return strcmp(host, name) == 0;
}

/* Whether word is this machine's host name and no other server has that name. */
static bool local_names_is_own(const struct settings *set, const char *word)
{
	char whole[96], first[96];
	struct err err = { 0 };
	local_names_host_name(whole, sizeof(whole), true);
	local_names_host_name(first, sizeof(first), false);
	if (!*word || (strcmp(word, whole) != 0 && strcmp(word, first) != 0))
		return false;
	return !server_section(set, word) &&
	       !hosts_each(set, local_names_is_same, (void *)word, &err);
}

const struct server_config *here_section(const struct settings *set)
{
	const struct server_config *c = set->servers;
	while (c && !(c->host ? !strcmp(c->host, HERE) : !strcmp(c->name, HERE)))
		c = c->next;
	return c;
}

bool here_is(const struct settings *set, const char *word)
{
	const struct server_config *c = here_section(set);
	if (strcmp(word, HERE) == 0)
		/* a [server local] section with another host means that host */
		return c || !server_section(set, HERE);
	return (c && !strcmp(c->name, word)) || local_names_is_own(set, word);
}

char *here_name(const struct settings *set)
{
	char host[96];
	const struct server_config *c = here_section(set);
	local_names_host_name(host, sizeof(host), false);
	if (c && strcmp(c->name, HERE) != 0)
		return xstrdup(c->name);
	return xstrdup(local_names_is_own(set, host) ? host : HERE);
}

bool local_name_is_called(const struct server *v, const char *word)
{
	return strcmp(v->name, word) == 0 || (v->is_local && here_is(v->store->settings, word));
}
