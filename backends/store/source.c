#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/buf.h"
#include "backends/base/mask.h"
#include "backends/link/link.h"
#include "backends/store/internal.h"
#include "backends/store/record.h"

#define KEPT_MAX (72u << 20) /* the longest answer of a backend is 64 MB */

const char *source_state_name(enum source_state state)
{
	static const char *const names[] = {
		[SOURCE_WAITING] = "waiting", [SOURCE_ABSENT] = "absent",
		[SOURCE_DENIED] = "denied",   [SOURCE_LIVE] = "live",
		[SOURCE_STALE] = "stale",     [SOURCE_FAILED] = "failed",
	};
	return names[state];
}

void source_set_state(struct source *source, enum source_state state, const struct err *err)
{
	const char *text = err ? err->text : "";
	if (source->state == state && strcmp(source->err.text, text) == 0)
		return;
	if (source->state != state)
		source->since_ms = now_wall_ms();
	source->state = state;
	const struct link *link = source_link(source);
	if (state == SOURCE_STALE && link && link->state != LINK_UP)
		source->old = true;
	else if (state != SOURCE_STALE && state != SOURCE_WAITING)
		source->old = false;
	if (err)
		source->err = *err;
	else
		err_clear(&source->err);
	struct buf b = { 0 };
	buf_addf(&b, "%s\t", source_state_name(state));
	mask_text(&b, text, strlen(text));
	record_add(source->store, source->server->name, source->backend->name, "@state", b.data,
	           b.len);
	buf_finish(&b);
	if (state == SOURCE_FAILED)
		activity_add(source->store, ACTIVITY_CHANGE, HEALTH_ATTENTION,
		             source->server->row.id, "%s: %s", source->backend->name, text);
	server_judge(source->server);
	store_needs_unclear(source->server);
	store_changed_widely(source->store);
}

bool source_settled(const struct source *s)
{
	if (s->state == SOURCE_WAITING) {
		/* Whether a backend can never start, because it needs facts about the login from
		 * the vitals shell, and that shell cannot run. */
		const struct source *vitals = server_source(s->server, "vitals");
		bool failed = vitals &&
		              (vitals->state == SOURCE_FAILED || vitals->state == SOURCE_DENIED);
		return s->backend->needs_facts && !s->server->facts_known && failed;
	}
	return s->state != SOURCE_LIVE || !s->backend->expects || !s->backend->expects(s);
}

void source_left_out(struct source *source, const struct kind *kind, size_t n)
{
	if (source->left_out == n)
		return;
	source->left_out = n;
	source->left_out_kind = n ? kind : NULL;
	store_needs_unclear(source->server);
	server_judge(source->server);
	store_changed(source->store);
}

bool source_left_out_text(const struct source *s, char *buf, size_t size)
{
	if (s->left_out)
		snprintf(buf, size,
		         "%zu more %s of %s on %s are not shown: its list is longer than mocr "
		         "reads",
		         s->left_out, s->left_out_kind->plural, s->backend->name, s->server->name);
	return s->left_out > 0;
}

size_t store_left_out(const struct store *store, const struct kind *kind, const struct server *only)
{
	size_t n = 0;
	for (const struct server *v = store->servers; v; v = v->next)
		for (const struct source *s = v->sources; s && (!only || only == v); s = s->next)
			n += s->left_out_kind == kind ? s->left_out : 0;
	return n;
}

struct link *source_link(const struct source *source)
{
	return source->server->link;
}

void source_feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	/* Records the answer. The backend's redact removes secrets first. Without redact the answer
	 * is masked. No secret may reach the recording. */
	if (source->store->record) {
		struct buf clean;
		buf_init(&clean, KEPT_MAX);
		if (source->backend->redact)
			source->backend->redact(what, bytes, len, &clean);
		else
			mask_json(&clean, bytes, len);
		record_add(source->store, source->server->name, source->backend->name, what,
		           clean.data ? clean.data : "", clean.len);
		buf_finish(&clean);
	}
	source->fresh_ms = now_wall_ms();
	source->backend->feed(source, what, bytes, len);
}
