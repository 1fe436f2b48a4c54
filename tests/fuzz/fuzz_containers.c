/* The engine's answers: each parser gets the same bytes. What it makes of them is washed. */
#include "backends/containers/parse.h"
#include "tests/fuzz/fuzz.h"

static void list(const char *json, size_t len)
{
	struct ctr_list l = { 0 };
	struct err err = { 0 };
	if (!ctr_list_parse(&l, json, len, &err))
		MUST(err.code != ERR_NONE && *err.text);
	for (size_t i = 0; i < l.n; i++) {
		const struct ctr_item *c = &l.items[i];
		const char *texts[] = { c->id,      c->name,        c->image,        c->image_id,
			                c->command, c->ports,       c->networks,     c->project,
			                c->service, c->project_dir, c->project_files };
		for (size_t k = 0; k < ARRAY_LEN(texts); k++)
			MUST_BE_WASHED(texts[k]);
		MUST(c->status_age_ms >= -1);
		MUST(container_state_name(c->state) && container_health_name(c->health));
	}
	ctr_list_finish(&l);
}

static void inspect(const char *json, size_t len)
{
	struct ctr_inspect c = { 0 };
	struct err err = { 0 };
	if (!ctr_inspect_parse(&c, json, len, &err))
		return;
	MUST_BE_WASHED(c.name);
	MUST_BE_WASHED(c.policy);
	MUST_BE_WASHED(c.error);
	MUST_BE_WASHED(c.health_output);
	MUST(container_state_name(c.state) && container_health_name(c.health));
}

static void event(const char *json, size_t len)
{
	struct ctr_event e = { 0 };
	if (!ctr_event_parse(&e, json, len))
		return;
	const char *texts[] = { e.id,    e.name,   e.old_name, e.action,  e.detail,
		                e.image, e.signal, e.project,  e.service, e.time };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		MUST_BE_WASHED(texts[i]);
}

static void stats(const char *json, size_t len)
{
	struct ctr_sample s = { 0 };
	if (ctr_sample_parse(&s, json, len)) {
		double cpu = ctr_sample_cpu(&s, NULL);
		MUST(cpu >= -1);
		(void)ctr_sample_cpu(&s, &s);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *json = as_text(data, len), said[200], value[64];
	list(json, len);
	inspect(json, len);
	event(json, len);
	stats(json, len);
	MUST_BE_WASHED(ctr_message(said, sizeof(said), json, len));
	if (ctr_head_value(json, len, "Api-Version", value, sizeof(value)))
		MUST_BE_WASHED(value);
	MUST(ctr_version(json) >= -1);
	free(json);
	return 0;
}
