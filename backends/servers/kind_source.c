/* kind_source.c: a row of "Needs you" for a backend that fails on a connected server.
 *
 * The rows of such a backend are missing, old or incomplete. So its error must be listed with
 * everything else that needs the user. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/store/cause.h"
#include "backends/store/doc.h"
#include "backends/store/internal.h"
#include "backends/servers/server.h"

/* A container engine that denies access is no problem if another engine works for this login. The
 * socket of root's Podman is open on many servers that never use it. A login with a rootless Docker
 * often has no access to the system's Docker. Such a denial appears only in the server's
 * details. */
static bool source_is_mere_denial(const struct source *s)
{
	static const struct {
		const char *denied, *serves;
	} pairs[] = {
		{ "podman", "docker" },
		{ "podman", "docker-user" },
		{ "podman", "podman-user" },
		{ "docker", "docker-user" },
	};
	for (size_t i = 0; s->state == SOURCE_DENIED && i < ARRAY_LEN(pairs); i++) {
		if (strcmp(s->backend->name, pairs[i].denied) != 0)
			continue;
		/* the other one works for this login, or has not answered yet */
		const struct source *other = server_source(s->server, pairs[i].serves);
		if (other && (other->state == SOURCE_LIVE ||
		              (other->state == SOURCE_WAITING && !source_settled(other))))
			return true;
	}
	return false;
}

bool source_needs(const struct source *s)
{
	const struct link *l = s->server->link;
	if (!l || l->state != LINK_UP)
		return false;
	bool silent = s->state == SOURCE_STALE && *s->err.text;
	bool cut = s->state == SOURCE_LIVE && s->left_out;
	return s->state == SOURCE_FAILED || silent || cut ||
	       (s->state == SOURCE_DENIED && !source_is_mere_denial(s));
}

/* Whether another row of the source, such as a platform or a program, already shows the error. A
 * row's why is masked. */
static bool source_is_said(const struct source *s)
{
	char said[sizeof(s->err.text)];
	snprintf(said, sizeof(said), "%s", s->err.text);
	mask_sentence(said, sizeof(said));
	for (struct row *r = store_need_first(s->store, s->server); r;
	     r = store_need_next(r, s->server))
		if (r->source == s && r->why && strstr(said, r->why))
			return true;
	return false;
}

static void source_tell_need(struct source *s)
{
	bool needs = source_needs(s) && !source_is_said(s);
	if (!needs && !s->need_told)
		return;
	char *id = xasprintf("%s/%s/%s", s->server->name, kind_source.name, s->backend->name);
	struct row *row = store_find(s->store, id);
	free(id);
	if (s->need_told != needs) /* what folds under this row is judged again */
		s->store->wide_generation++;
	s->need_told = needs;
	if (!needs && row)
		store_row_remove(row);
	if (!needs)
		return;
	if (!row)
		row = store_row_alone(s->server, &kind_source, s->backend->name,
		                      s->backend->name);
	char why[600], hides[160] = "";
	const char *text = *s->err.text ? s->err.text : source_state_name(s->state);
	bool hiding = cause_source_says(s, hides, sizeof(hides));
	if (hiding)
		snprintf(why, sizeof(why), "%s: %s", hides, text);
	else
		snprintf(why, sizeof(why), "%s", text);
	if (s->state == SOURCE_LIVE)
		source_left_out_text(s, why, sizeof(why));
	/* it stands for all that folds under it */
	store_row_health(row, hiding ? HEALTH_BAD : HEALTH_ATTENTION, s->since_ms, why);
}

void sources_tell_needs(struct store *store)
{
	if (!store->needs_unclear)
		return;
	for (struct server *v = store->servers; v; v = v->next) {
		for (struct source *s = v->needs_unclear ? v->sources : NULL; s; s = s->next)
			source_tell_need(s);
		v->needs_unclear = false;
	}
	store->needs_unclear = false;
}

static void source_detail(struct row *row, struct doc *doc, bool reveal)
{
	const struct source *s = server_source(row->server, row->name);
	char age[HUMAN_SIZE];
	(void)reveal;
	doc_head(doc, "Cannot be asked");
	doc_pair(doc, DOC_PLAIN, "what", "%s on %s", row->name, row->server->name);
	if (!s)
		return;
	doc_pair(doc, DOC_WARN, "state", "%s for %s", source_state_name(s->state),
	         human_span(age, now_wall_ms() - s->since_ms));
	char more[400] = "no reason was given";
	source_left_out_text(s, more, sizeof(more));
	doc_pair(doc, DOC_WARN, "why", "%s", *s->err.text ? s->err.text : more);
	if (s->fresh_ms)
		doc_pair(doc, DOC_PLAIN, "last heard", "%s ago; the rows from then stay, dimmed",
		         human_span(age, now_wall_ms() - s->fresh_ms));
	else
		doc_pair(doc, DOC_PLAIN, "last heard",
		         "never: what there is on this server is not known");
	doc_pair(doc, DOC_PLAIN, "then", "[Ctrl-R] asks again");
}

const struct kind kind_source = {
	.name = "source",
	.plural = "failed_sources",
	.row_size = sizeof(struct row),
	.detail = source_detail,
};
