/* Checks: what is reached, how fast, how it went lately, and why not. */
#include <string.h>

#include "backends/base/human.h"
#include "backends/checks/checks.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "panels/panels.h"
#include "tui/keymap.h"

#define LINE_CELLS 20 /* runs in the column */
#define NEVER_RUN -2  /* the share of an offer */

/* Offers are dimmed, behind all others; the count of those that are not shown is the last. */
static int checks_place(const struct row *r)
{
	const struct offer *o = ROW_AS(check, r)->offer;
	return o ? 1 + !o->port : 0;
}

static int checks_order(const struct row *a, const struct row *b)
{
	int places = checks_place(a) - checks_place(b);
	return places ? places : order_by_need(a, b);
}

static void checks_name_cell(const struct row *r, struct cell *c)
{
	cell_name(r, c);
	if (ROW_AS(check, r)->offer)
		c->tone = TONE_DIM;
}

static void checks_state_cell(const struct row *r, struct cell *c)
{
	const struct check *k = ROW_AS(check, r);
	enum tone tone = tone_health(r->health);
	/* the result of "check now" is the row itself */
	if (r->order && (k->offer || r->order->state == ORDER_RUNNING) && cell_order(r, c))
		return;
	if (k->paused || !k->ran)
		tone = TONE_DIM;
	else if (k->fails && r->health < HEALTH_ATTENTION)
		tone = TONE_WARN;
	if (k->insecure) /* nobody may forget it */
		tone = TONE_BAD;
	cell_set(c, tone, "%s%s", check_state(k), k->insecure ? ", insecure" : "");
}

static void checks_what_cell(const struct row *r, struct cell *c)
{
	const struct check *k = ROW_AS(check, r);
	bool rest = k->offer && !k->offer->port;
	cell_set(c, TONE_DIM, "%s", rest ? "" : probe_what_name(k->what));
}

static void checks_latency_cell(const struct row *r, struct cell *c)
{
	const struct check *k = ROW_AS(check, r);
	if (k->offer)
		cell_set(c, TONE_DIM, "%s", "");
	else if (!k->ran || k->latency_ms < 0)
		cell_unknown(c);
	else if (k->latency_ms >= 10000)
		cell_set(c, TONE_PLAIN, "%.0fs", k->latency_ms / 1000);
	else if (k->latency_ms >= 10)
		cell_set(c, TONE_PLAIN, "%.0fms", k->latency_ms);
	else
		cell_set(c, TONE_PLAIN, "%.1fms", k->latency_ms);
}

/* The last runs, oldest first, as bars relative to the slowest. A bad run has its own sign. */
static void checks_line_cell(const struct row *r, struct cell *c)
{
	float line[LINE_CELLS], most = 0;
	char bar[8];
	size_t n = lately_line(&ROW_AS(check, r)->lately, line, LINE_CELLS);
	for (size_t i = 0; i < n; i++)
		most = line[i] > most ? line[i] : most;
	cell_set(c, TONE_DIM, "%s", "");
	for (size_t i = 0; i < n; i++) {
		glyph_spark(bar, sizeof(bar), &line[i], 1, most);
		cell_add(c, "%s", line[i] < 0 ? glyph_health(HEALTH_BAD) : bar);
	}
}

static double checks_share(const struct row *r)
{
	if (ROW_AS(check, r)->offer)
		return NEVER_RUN;
	unsigned good;
	unsigned all = lately_count(&ROW_AS(check, r)->lately,
	                            loop_now(store_loop(r->server->store)), &good);
	return all ? 100.0 * good / all : -1;
}

/* Rounded down: 100 means that every run was good. */
static void checks_share_format(struct cell *c, double share)
{
	if (share == NEVER_RUN)
		cell_set(c, TONE_DIM, "%s", "");
	else if (share < 0)
		cell_unknown(c);
	else if (share >= 100)
		cell_set(c, TONE_DIM, "100%%");
	else
		cell_set(c, TONE_WARN, "%.1f%%", (double)(int)(share * 10) / 10);
}

static void checks_certificate_cell(const struct row *r, struct cell *c)
{
	const struct check *k = ROW_AS(check, r);
	int days;
	enum tone tone = TONE_DIM;
	if (!check_certificate_days(k, now_wall_ms(), &days)) {
		cell_set(c, TONE_DIM, "%s", "");
		return;
	}
	if (days < k->certificate_bad)
		tone = TONE_BAD;
	else if (days < k->certificate_warn)
		tone = TONE_WARN;
	if (days < 0)
		cell_set(c, tone, "ended");
	else
		cell_set(c, tone, "%dd", days);
}

/* Why it is not well; else what it found; else how it failed last. */
static void checks_why_cell(const struct row *r, struct cell *c)
{
	const struct check *k = ROW_AS(check, r);
	const struct offer *o = k->offer;
	char key[KEY_NAME_SIZE];
	if (o && o->port)
		cell_set(c, TONE_DIM, "%s, by %s; %s writes its section", k->target, o->by,
		         keymap_key(kind_check.actions, "check-write", key));
	else if (o)
		cell_set(c, TONE_DIM, "offers; at most %d are shown per server", OFFERS_MOST);
	else if (r->why)
		cell_set(c, r->health >= HEALTH_ATTENTION ? tone_health(r->health) : TONE_WARN,
		         "%s", r->why);
	else if (k->failed_ms)
		cell_set(c, TONE_DIM, "%s; failed before: %s", k->said, k->failure);
	else
		cell_set(c, TONE_DIM, "%s", k->said);
}

static const struct column columns[] = { { COLUMN_OF_HEALTH },
	                                 { COLUMN_OF_SERVER, .min = 4, .importance = 5 },
	                                 { .name = "name",
	                                   .title = "CHECK",
	                                   .min = 8,
	                                   .max = 28,
	                                   .cut = CUT_MIDDLE,
	                                   .cell = checks_name_cell },
	                                 { .name = "what",
	                                   .title = "WHAT",
	                                   .min = 4,
	                                   .max = 4,
	                                   .importance = 6,
	                                   .cell = checks_what_cell },
	                                 { .name = "state",
	                                   .title = "STATE",
	                                   .min = 7,
	                                   .max = 40,
	                                   .importance = 1,
	                                   .cell = checks_state_cell },
	                                 { .name = "latency",
	                                   .title = "TOOK",
	                                   .min = 6,
	                                   .max = 6,
	                                   .importance = 2,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = checks_latency_cell,
	                                   .field = FIELD_OF(check, latency_ms),
	                                   .descending = true },
	                                 { .name = "line",
	                                   .title = "LATELY",
	                                   .min = LINE_CELLS,
	                                   .max = LINE_CELLS,
	                                   .importance = 4,
	                                   .cell = checks_line_cell,
	                                   .field = FIELD_OF(check, latency_ms),
	                                   .descending = true },
	                                 { .name = "good",
	                                   .title = "GOOD",
	                                   .min = 5,
	                                   .max = 5,
	                                   .importance = 3,
	                                   .align = ALIGN_RIGHT,
	                                   .number = checks_share,
	                                   .format = checks_share_format },
	                                 { .name = "failed",
	                                   .title = "FAIL",
	                                   .min = 4,
	                                   .max = 4,
	                                   .importance = 5,
	                                   .align = ALIGN_RIGHT,
	                                   .field = FIELD_OF(check, failed_ms),
	                                   .format = cell_past,
	                                   .descending = true },
	                                 { .name = "certificate",
	                                   .title = "CERT",
	                                   .min = 5,
	                                   .max = 5,
	                                   .importance = 5,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = checks_certificate_cell,
	                                   .field = FIELD_OF(check, certificate_end_ms) },
	                                 { .name = "why",
	                                   .title = "WHY",
	                                   .min = 30,
	                                   .max = -1,
	                                   .importance = 3,
	                                   .cell = checks_why_cell },
	                                 { .name = "target",
	                                   .title = "TARGET",
	                                   .min = 12,
	                                   .max = 40,
	                                   .importance = 7,
	                                   .cut = CUT_MIDDLE,
	                                   .field = FIELD_OF(check, target) },
	                                 { COLUMN_OF_AGE },
	                                 { .name = NULL } };

const struct panel panel_checks = {
	.name = "checks",
	.title = "Checks",
	.tab = "chk",
	.kind = &kind_check,
	.columns = columns,
	.order = checks_order,
	.brief_columns = { "state" },
	.brief_why = true,
	.sources = { "checks" },
	.calm = { "Nothing is checked",
	          ": [check NAME] in the configuration names an address to be "
	          "asked again and again, such as url = https://example.net/." },
};
