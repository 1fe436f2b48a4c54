/* cadvisor.c: a cAdvisor: version and machine. Where no engine of its server may be read, the
 * containers too, with what they use; otherwise the panel of containers has these figures. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/store/settings.h"
#include "backends/systems/cadvisor_parse.h"
#include "backends/systems/system.h"

static bool cadvisor_take_machine(struct site *s, const char *ref, const char *json, size_t len,
                                  struct err *err)
{
	struct cadvisor_machine m;
	char memory[HUMAN_SIZE];
	if (!cadvisor_machine_parse(json, len, &m, err))
		return false;
	site_answered(s);
	snprintf(s->version, sizeof(s->version), "%s", m.version);
	struct system *y = system_own(s);
	if (m.cores > 0)
		system_figure(y, "cores", DOC_PLAIN, "%lld", (long long)m.cores);
	if (m.memory > 0)
		system_figure(y, "memory", DOC_PLAIN, "%s",
		              human_bytes(memory, (uint64_t)m.memory));
	system_figure(y, "system", DOC_DIM, "%s", m.system);
	return true;
}

static bool cadvisor_take_names(struct site *s, const char *ref, const char *json, size_t len,
                                struct err *err)
{
	struct cadvisor_list l;
	if (!cadvisor_list_parse(json, len, &l, err))
		return false;
	system_begin(s, "container");
	for (size_t i = 0; i < l.n; i++) {
		const struct cadvisor_container *c = &l.at[i];
		struct system *y = system_row(s, "container", *c->name ? c->name : c->cgroup,
		                              c->cgroup, true);
		/* these stand before the image, also until the usage comes */
		if (!*system_figure_text(y, "cpu")) {
			system_figure(y, "cpu", DOC_PLAIN, "-");
			system_figure(y, "memory", DOC_PLAIN, "-");
		}
		system_figure(y, "image", DOC_DIM, "%s", c->image);
		system_settle(y, "running", HEALTH_GOOD, NULL);
	}
	system_end(s, "container", l.left_out);
	system_figure(system_own(s), "containers", DOC_PLAIN, "%zu", l.n + l.left_out);
	cadvisor_list_finish(&l);
	return true;
}

static bool cadvisor_take_usage(struct site *s, const char *ref, const char *json, size_t len,
                                struct err *err)
{
	struct cadvisor_list l;
	char memory[HUMAN_SIZE];
	if (!cadvisor_list_parse(json, len, &l, err))
		return false;
	for (struct system *y = system_next(s, NULL); y; y = system_next(s, y)) {
		size_t i = 0;
		while (i < l.n && strcmp(l.at[i].cgroup, y->ref) != 0)
			i++;
		bool has_cpu = i < l.n && l.at[i].cpu >= 0;
		bool has_memory = i < l.n && l.at[i].memory >= 0;
		system_figure(y, "cpu", DOC_PLAIN, "-");
		system_figure(y, "memory", DOC_PLAIN, "-");
		if (has_cpu)
			system_figure(y, "cpu", DOC_PLAIN, "%.1f %%", l.at[i].cpu);
		if (has_memory)
			system_figure(y, "memory", DOC_PLAIN, "%s",
			              human_bytes(memory, (uint64_t)l.at[i].memory));
	}
	cadvisor_list_finish(&l);
	return true;
}

static bool cadvisor_has_engine(const struct server *v)
{
	static const char *const engines[] = { "docker", "docker-user", "podman", "podman-user" };
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		const struct source *s = server_source(v, engines[i]);
		if (s && s->state == SOURCE_LIVE)
			return true;
	}
	return false;
}

/* An engine that may be read says more. What was listed before it could be read goes. */
static bool cadvisor_wants(const struct site *s, const struct platform_step *step)
{
	return !(step->flags & STEP_SHOWN) || !cadvisor_has_engine(s->source->server);
}

static void cadvisor_over(struct site *s)
{
	if (!cadvisor_has_engine(s->source->server) || !system_next(s, NULL))
		return;
	system_begin(s, "container");
	system_end(s, "container", 0);
	system_figure(system_own(s), "containers", DOC_PLAIN, "%s", "");
}

static const struct system_ops cadvisor_ops = {
	.asks = "version and machine; on the screen, where no engine may be read, containers and "
		"what they use"
};
static const struct platform platform_cadvisor = {
	SYSTEM_PLATFORM("cAdvisor", "cadvisor", cadvisors, platform_config, &cadvisor_ops),
	.prefix = "/api/v2.1",
	.steps = (const struct platform_step[]){ { "machine", "/attributes", STEP_MUST,
	                                           cadvisor_take_machine },
	                                         { "names", "/spec?type=docker&recursive=true",
	                                           STEP_SHOWN, cadvisor_take_names },
	                                         { "usage", "/summary?type=docker&recursive=true",
	                                           STEP_SHOWN, cadvisor_take_usage },
	                                         { .what = NULL } },
	.shown_ms = 10000,
	.hidden_ms = 60000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
	.wants = cadvisor_wants,
	.over = cadvisor_over,
	.reduce = cadvisor_reduce,
};
const struct backend backend_cadvisor = PLATFORM_BACKEND("cadvisor", platform_cadvisor);
