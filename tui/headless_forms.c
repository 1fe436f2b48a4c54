/* headless_forms.c: `mocr status` for other programs: the status line of tmux, and Prometheus. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/checks/checks.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/need.h"
#include "backends/store/report.h"
#include "tui/headless.h"

/* --- tmux ----------------------------------------------------------------- */

/* Counts only: a name from a server could hold a format of tmux. */
void headless_print_tmux(const struct store *s, int code)
{
	static const struct {
		enum health health;
		const char *style, *sign;
	} shown[] = {
		{ HEALTH_ASKS, "fg=magenta", "?" },
		{ HEALTH_BAD, "fg=red", "✗" },
		{ HEALTH_ATTENTION, "fg=yellow", "!" },
	};
	size_t by_health[HEALTHS] = { 0 }, any = 0;
	for (struct row *r = store_need_first(s, NULL); r; r = store_need_next(r, NULL))
		if (r->need == NEED_STANDS)
			by_health[need_health(r)]++;
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		if (by_health[shown[i].health])
			printf("%s#[%s]%s%zu#[default]", any++ ? " " : "", shown[i].style,
			       shown[i].sign, by_health[shown[i].health]);
	if (code == EXIT_LATE)
		printf("#[dim]~#[default]");
	else if (!any)
		printf(code == EXIT_WELL ? "#[fg=green]●#[default]" : "#[fg=red]✗#[default]");
	putchar('\n');
}

/* --- Prometheus ------------------------------------------------------------ */

/* One metric in the text format 0.0.4: a help line, a type line, then its samples. */
static void form_metric(const char *name, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void form_label(const char *before, const char *name, const char *value)
{
	printf("%s%s=\"", before, name);
	for (; *value; value++)
		if (*value == '\\' || *value == '"')
			printf("\\%c", *value);
		else if (*value != '\n')
			putchar(*value);
	putchar('"');
}

/* --- checks --- */

static bool form_check_up(const struct check *c, double *value)
{
	*value = c->decided && c->fails < c->fails_most;
	return c->decided && !c->paused;
}

static bool form_check_latency(const struct check *c, double *value)
{
	*value = c->latency_ms / 1000;
	return c->ran && c->latency_ms >= 0;
}

static bool form_check_certificate(const struct check *c, double *value)
{
	*value = (double)c->certificate_end_ms / 1000;
	return c->certificate_end_ms > 0;
}

void headless_print_prometheus(const struct store *s, int code)
{
	form_metric("mocr_status", "The exit code of mocr status: 0 well, 1 attention, 2 "
	                           "unreachable, 3 not all answered.");
	printf("mocr_status %d\n", code);
	form_metric("mocr_server_up", "Whether the server is connected.");
	for (const struct server *v = store_servers(s); v; v = v->next) {
		form_label("mocr_server_up{", "server", v->name);
		printf("} %d\n", v->link->state == LINK_UP);
	}
	form_metric("mocr_rows", "Rows of a kind on a server, by their health.");
	for (const struct server *v = store_servers(s); v; v = v->next)
		for (const struct kind *const *k = kinds; *k; k++)
			for (int h = 0; h < HEALTHS; h++) {
				int n = server_count(v, *k, (enum health)h, (enum health)h);
				if (!n)
					continue;
				form_label("mocr_rows{", "server", v->name);
				form_label(",", "kind", (*k)->name);
				form_label(",", "health", health_name((enum health)h));
				printf("} %d\n", n);
			}
	form_metric("mocr_need_since_seconds",
	            "Since when a row needs the user, in seconds since 1970; 0 unknown.");
	for (struct row *r = store_need_first(s, NULL); r; r = store_need_next(r, NULL)) {
		if (r->need != NEED_STANDS)
			continue;
		form_label("mocr_need_since_seconds{", "server", r->server->name);
		form_label(",", "kind", r->kind->name);
		form_label(",", "id", r->id);
		form_label(",", "health", health_name(need_health(r)));
		printf("} %.3f\n", r->health_ms > 0 ? (double)r->health_ms / 1000 : 0);
	}
	static const struct {
		const char *name, *help;
		bool (*value)(const struct check *, double *);
	} metrics[] = {
		{ "mocr_check_up", "Whether the check is not down.", form_check_up },
		{ "mocr_check_latency_seconds", "How long the last run took, where it was good.",
		  form_check_latency },
		{ "mocr_check_certificate_end_seconds",
		  "When the certificate ends, in seconds since 1970.", form_check_certificate },
	};
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		form_metric(metrics[i].name, metrics[i].help);
		for (struct row *r = store_first(s, &kind_check, NULL); r;
		     r = store_next(r, &kind_check, NULL)) {
			double value;
			if (!metrics[i].value((const struct check *)r, &value))
				continue;
			printf("%s", metrics[i].name);
			form_label("{", "server", r->server->name);
			form_label(",", "check", r->name);
			printf("} %.6f\n", value);
		}
	}
}
