/* config.c: finds the [deploy] section of a row, and checks sections before anything is sent to a
 * server. */
#include <string.h>

#include "backends/deploy/internal.h"
#include "backends/store/doc.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

const struct deploy_config *deploy_config_find(const struct store *store, const char *name)
{
	const struct deploy_config *c = store_settings(store)->deploys;
	while (c && strcmp(c->name, name) != 0)
		c = c->next;
	return c;
}

const struct deploy_config *deploy_config_of(const struct deploy *d)
{
	const struct deploy_config *c = deploy_config_find(d->row.server->store, d->row.name);
	return c && c->server && server_is_called(d->row.server, c->server) ? c : NULL;
}

bool deploy_config_sound(const struct deploy_config *c, struct err *err)
{
	struct buf b = { 0 };
	struct check_word checks[CHECKS_MAX];
	bool ok = c->server && c->run;
	if (!ok)
		err_set(err, ERR_USAGE, "it has no key %s", c->server ? "run" : "server");
	ok = ok && command_build(c->run, c->ask, &b, err) &&
	     (!c->rollback || command_build(c->rollback, c->ask, &b, err));
	buf_finish(&b);
	return ok && (checks_read(c->check, checks, CHECKS_MAX, err), !err->code);
}

void deploy_check_config(const struct settings *s, struct doc *complaints)
{
	for (const struct deploy_config *c = s->deploys; c; c = c->next) {
		struct err err = { 0 };
		if (!deploy_config_sound(c, &err))
			doc_add(complaints, DOC_WARN, "%s:%d: [deploy %s]: %s",
			        s->file ? s->file : "config", c->line, c->name, err.text);
	}
}
