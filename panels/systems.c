/* Services with an API of their own: state, version, figures, and what they list, as alerts. */
#include <string.h>

#include "backends/base/human.h"
#include "backends/store/action.h"
#include "backends/systems/system.h"
#include "panels/panels.h"
#include "tui/console_internal.h"
#include "tui/keymap.h"

static void systems_product_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%s", system_product(system_const(r)));
}

/* Is it an offer? These are dimmed, behind all others. */
static bool systems_is_offer(const struct row *r)
{
	return system_const(r)->product != NULL;
}

static int systems_order(const struct row *a, const struct row *b)
{
	int offers = systems_is_offer(a) - systems_is_offer(b);
	return offers ? offers : order_by_place(a, b);
}

/* A row of a list begins with its type: "alert TargetDown". */
static void systems_name_cell(const struct row *r, struct cell *c)
{
	const struct system *y = system_const(r);
	if (systems_is_offer(r))
		cell_set(c, TONE_DIM, "%s", r->name);
	else if (y->is_site)
		cell_set(c, TONE_PLAIN, "%s", r->name);
	else
		cell_set(c, TONE_PLAIN, "%s %s", y->type, r->name);
}

static void systems_state_cell(const struct row *r, struct cell *c)
{
	enum tone tone = r->health == HEALTH_IDLE ? TONE_DIM : tone_health(r->health);
	if (cell_order(r, c))
		return;
	if (system_const(r)->is_site && r->health >= HEALTH_ATTENTION && source_fails(r, c))
		return;
	cell_set(c, tone, "%s", system_const(r)->state);
}

static void systems_version_cell(const struct row *r, struct cell *c)
{
	const struct system *y = system_const(r);
	cell_set(c, TONE_DIM, "%s", y->is_site ? y->site->version : "");
}

#define LINE_CELLS 16
/* The line of a metric: each cell is the highest of its points. */
static void systems_add_line(const struct system *y, struct cell *c)
{
	float cells[LINE_CELLS];
	char bars[LINE_CELLS * 4 + 1];
	for (size_t i = 0; i < LINE_CELLS; i++) {
		size_t from = i * y->n_line / LINE_CELLS, to = (i + 1) * y->n_line / LINE_CELLS;
		cells[i] = -1;
		for (size_t k = from; k < to; k++)
			cells[i] = y->line[k] > cells[i] ? y->line[k] : cells[i];
	}
	glyph_spark(bars, sizeof(bars), cells, LINE_CELLS, 1);
	if (y->n_line)
		cell_add(c, "  %s", bars);
}

/* Why it is not well, else its figures side by side. The worst tone of these wins, because a cell
 * has one. */
static void systems_what_cell(const struct row *r, struct cell *c)
{
	static const enum tone tones[] = {
		[DOC_PLAIN] = TONE_PLAIN, [DOC_HEAD] = TONE_PLAIN, [DOC_LABEL] = TONE_DIM,
		[DOC_DIM] = TONE_DIM,     [DOC_GOOD] = TONE_GOOD,  [DOC_WARN] = TONE_WARN,
		[DOC_BAD] = TONE_BAD,     [DOC_CODE] = TONE_PLAIN
	};
	const struct system *y = system_const(r);
	enum doc_tone worst = DOC_PLAIN;
	if (r->why) {
		cell_set(c, tone_health(r->health), "%s", r->why);
		systems_add_line(y, c);
		return;
	}
	if (systems_is_offer(r)) {
		char key[KEY_NAME_SIZE];
		cell_set(c, TONE_DIM, "at %s", system_figure_text(y, "at"));
		if (*y->ref)
			cell_add(c, "; %s writes its section",
			         keymap_key(kind_system.actions, "system-write", key));
		return;
	}
	cell_set(c, TONE_PLAIN, "%s", "");
	for (size_t i = 0; i < y->n_figures; i++) {
		const struct system_figure *f = &y->figures[i];
		cell_add(c, "%s%s %s", i ? "  " : "", f->name, f->text);
		if (f->tone == DOC_BAD || (f->tone == DOC_WARN && worst != DOC_BAD))
			worst = f->tone;
		if (!i)
			systems_add_line(y, c);
	}
	c->tone = tones[worst];
}

static const struct column columns[] = { { COLUMN_OF_HEALTH },
	                                 { COLUMN_OF_SERVER, .min = 4, .importance = 6 },
	                                 { .name = "system",
	                                   .title = "SYSTEM",
	                                   .min = 8,
	                                   .max = 12,
	                                   .importance = 4,
	                                   .cell = systems_product_cell },
	                                 { .name = "name",
	                                   .title = "NAME",
	                                   .min = 8,
	                                   .max = 36,
	                                   .cut = CUT_MIDDLE,
	                                   .cell = systems_name_cell },
	                                 { .name = "state",
	                                   .title = "STATE",
	                                   .min = 6,
	                                   .max = 20,
	                                   .importance = 1,
	                                   .cell = systems_state_cell },
	                                 { .name = "version",
	                                   .title = "VERSION",
	                                   .min = 5,
	                                   .max = 16,
	                                   .importance = 7,
	                                   .cell = systems_version_cell },
	                                 { .name = "what",
	                                   .title = "WHAT",
	                                   .min = 8,
	                                   .max = -1,
	                                   .importance = 2,
	                                   .cell = systems_what_cell },
	                                 { COLUMN_OF_AGE },
	                                 { .name = NULL } };

/* The product before the name of a system; what it lists begins with its type. */
static void systems_brief_name(const struct row *r, struct cell *c)
{
	struct cell name = { 0 };
	systems_name_cell(r, &name);
	if (system_const(r)->is_site || systems_is_offer(r))
		cell_set(c, TONE_PLAIN, "%s ", system_product(system_const(r)));
	cell_add(c, "%s", name.text);
}

/* Enter on what asks: the answer. */
static bool systems_open(struct console *c, struct row *r)
{
	const struct action *answer = action_find(&kind_system, "system-answer");
	if (r->kind != &kind_system || r->health != HEALTH_ASKS || !action_applies_to(answer, r))
		return false;
	order_begin_rows(c, answer, &r, 1, NULL);
	return true;
}

static const struct panel_extra systems_extra = { .open = systems_open };

const struct panel panel_systems = {
	.name = "systems",
	.title = "Systems",
	.tab = "sys",
	.kind = &kind_system,
	.columns = columns,
	.order = systems_order,
	.brief_name = systems_brief_name,
	.brief_columns = { "state", "what" },
	.strip = cell_order_strip,
	.extra = &systems_extra,
	.sources = { "alertmanager", "grafana", "prometheus", "metric", "postgres", "redis",
	             "litellm", "ollama", "ntfy", "n8n", "qdrant", "caddy", "cadvisor", "openclaw",
	             "ci", "dns", "mission", "zlh", "relay", "loki", "victorialogs" },
	.calm = { "No system",
	          ": a section such as [prometheus NAME] in the configuration names one; "
	          "mocr-config(5) lists all. It is reached through its server, or from this "
	          "machine. What runs in a container of a known image, or listens at its usual "
	          "port, is offered here." },
};
