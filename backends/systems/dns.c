/* dns.c: the zones and record sets of Hetzner DNS, by the Cloud API. Orders: add a set, change its
 * values, delete it. The old values are part of the command that is confirmed and logged.
 *
 * A round asks for the zones, then, while rows are on the screen, for each page of their sets. A
 * write answers with an action, which is followed to its end.
 *
 * Source: as in dns_parse.h. The API of before, dns.hetzner.com, ended in 2026. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/systems/dns_parse.h"
#include "backends/systems/system.h"

#define ZONE_TYPE "zone"
#define SET_TYPE "record"
#define DNS_PAGES_MAX 24 /* pages of all zones together in one round */
#define DNS_LOOK_MS 1000 /* between two looks at an action */
#define DNS_WHOLE_MS 60000

struct dns_page {
	int64_t zone;
	int number;    /* from 1 */
	size_t behind; /* sets of the zone after this page that no page of a round asks for */
};
struct dns_site {
	struct system_site system;
	struct dns_page pages[DNS_PAGES_MAX]; /* of the zones as last listed */
	size_t n_pages;
	/* zones without a row, and sets of zones without a page */
	size_t left_out;
};

static struct dns_site *dns_of(struct site *s)
{
	return (struct dns_site *)s;
}

/* --- zones ---------------------------------------------------------------- */

static void dns_plan(struct dns_site *d, const struct dns_zone *z)
{
	int64_t records = z->records > 0 && z->records < DNS_TOTAL_MAX ? z->records : 0;
	int64_t pages = records ? (records + DNS_SETS_MAX - 1) / DNS_SETS_MAX : 1;
	int64_t i = 0;
	for (; i < pages && d->n_pages < DNS_PAGES_MAX; i++)
		d->pages[d->n_pages++] = (struct dns_page){ z->id, (int)i + 1, 0 };
	size_t rest = i < pages ? (size_t)(records - i * DNS_SETS_MAX) : 0;
	if (i)
		d->pages[d->n_pages - 1].behind = rest;
	else
		d->left_out += rest;
}

/* What a round does not ask for has no row. The title of the table says how many. */
static void dns_count(struct site *s)
{
	const struct dns_site *d = dns_of(s);
	size_t n = d->left_out;
	for (size_t i = 0; i < d->n_pages; i++)
		n += d->pages[i].behind;
	site_left_out(s, n);
}

static bool dns_take_zones(struct site *s, const char *ref, const char *json, size_t len,
                           struct err *err)
{
	struct dns_site *d = dns_of(s);
	struct dns_zones l;
	char id[24];
	if (!dns_zones_parse(json, len, &l, err))
		return false;
	site_answered(s);
	d->n_pages = 0;
	d->left_out = l.left_out;
	system_begin(s, ZONE_TYPE);
	for (size_t i = 0; i < l.n; i++) {
		const struct dns_zone *z = &l.at[i];
		bool well = !*z->status || !strcmp(z->status, "ok");
		snprintf(id, sizeof(id), "%lld", (long long)z->id);
		struct system *y = system_row(s, ZONE_TYPE, z->name, id, true);
		system_figure(y, "records", DOC_PLAIN, "%lld", (long long)z->records);
		system_figure(y, "ttl", DOC_DIM, "%lld", (long long)z->ttl);
		system_figure(y, "mode", DOC_DIM, "%s", z->mode);
		if (well)
			system_settle(y, *z->status ? z->status : "ok", HEALTH_GOOD, NULL);
		else
			system_settle(y, z->status, HEALTH_ATTENTION, "its status is not ok");
		dns_plan(d, z);
	}
	system_end(s, ZONE_TYPE, l.left_out);
	dns_count(s);
	system_figure(system_own(s), "zones", DOC_PLAIN, "%zu", l.n + l.left_out);
	return true;
}

/* --- record sets ---------------------------------------------------------- */

/* ref: "ZONE/PAGE/NAME/TYPE". The page tells which rows an answer speaks of. */
static void dns_set_row(struct site *s, const struct dns_page *page, const char *zone,
                        const struct dns_set *set)
{
	char name[2 * DNS_NAME_SIZE + 16], key[2 * DNS_NAME_SIZE + 48];
	char ref[DNS_NAME_SIZE + 64], ttl[24] = "";
	if (!strcmp(set->name, "@"))
		snprintf(name, sizeof(name), "%s %s", zone, set->type);
	else
		snprintf(name, sizeof(name), "%s.%s %s", set->name, zone, set->type);
	snprintf(ref, sizeof(ref), "%lld/%d/%s/%s", (long long)page->zone, page->number, set->name,
	         set->type);
	/* a zone and the one above it both hold an NS set of this name */
	snprintf(key, sizeof(key), "%s~%lld", name, (long long)page->zone);
	struct system *y = system_row_as(s, SET_TYPE, key, name, ref);
	y->inexact = !set->exact || strcmp(y->ref, ref) != 0;
	free(y->labels);
	y->labels = xasprintf("\nvalues=%s\n", set->values);
	if (set->ttl)
		snprintf(ttl, sizeof(ttl), "%lld", (long long)set->ttl);
	system_figure(y, "value", DOC_PLAIN, "%.59s", set->values);
	system_figure(y, "ttl", DOC_DIM, "%s", ttl);
	system_figure(y, "protected", DOC_DIM, "%s", set->is_protected ? "yes" : "");
	system_settle(y, "set", HEALTH_IDLE, NULL);
}

static bool dns_take_sets(struct site *s, const char *ref, const char *json, size_t len,
                          struct err *err)
{
	struct dns_sets l;
	struct dns_page page = { 0 };
	long long zone;
	if (sscanf(ref, "%19lld/%6d", &zone, &page.number) != 2 || page.number < 1)
		return true;
	page.zone = zone;
	char id[24];
	snprintf(id, sizeof(id), "%lld", (long long)page.zone);
	struct system *y = system_next(s, NULL);
	while (y && (strcmp(y->type, ZONE_TYPE) != 0 || strcmp(y->ref, id) != 0))
		y = system_next(s, y);
	if (!y)
		return true; /* the zone has gone since */
	if (!dns_sets_parse(json, len, &l, err))
		return false;
	system_begin(s, SET_TYPE);
	for (size_t i = 0; i < l.n; i++)
		dns_set_row(s, &page, y->row.name, &l.at[i]);
	/* the sets of this page that it no longer has are gone */
	char start[48];
	int n = snprintf(start, sizeof(start), "%lld/%d/", (long long)page.zone, page.number);
	for (struct system *set = system_next(s, NULL), *next; set; set = next) {
		next = system_next(s, set);
		bool mine = !strcmp(set->type, SET_TYPE) && !strncmp(set->ref, start, (size_t)n);
		if (mine && set->round != system_site(s)->lists)
			store_row_remove(&set->row);
	}
	/* The last page of a zone states how many sets there are in all. */
	struct dns_site *d = dns_of(s);
	size_t through = (size_t)page.number * DNS_SETS_MAX;
	for (size_t i = 0; l.total && i < d->n_pages; i++) {
		struct dns_page *p = &d->pages[i];
		bool last = i + 1 == d->n_pages || p[1].zone != p->zone;
		if (p->zone == page.zone && p->number == page.number && last)
			p->behind = l.total > through ? l.total - through : 0;
	}
	dns_count(s);
	return true;
}

/* Sets of zones and pages that are no longer there. */
static void dns_over(struct site *s)
{
	const struct dns_site *d = dns_of(s);
	for (struct system *y = system_next(s, NULL), *next; y; y = next) {
		long long zone;
		int number;
		bool there = strcmp(y->type, SET_TYPE) != 0;
		next = system_next(s, y);
		if (!there && sscanf(y->ref, "%19lld/%6d", &zone, &number) == 2)
			for (size_t i = 0; i < d->n_pages; i++)
				there = there || (d->pages[i].zone == zone &&
				                  d->pages[i].number == number);
		if (!there && !site_round_failed(s))
			store_row_remove(&y->row);
	}
}

/* --- a round -------------------------------------------------------------- */

/* The first step is the list of zones; the others are pages. */
static const struct dns_page *dns_page_of(const struct site *s, const struct platform_step *step)
{
	const struct dns_site *d = (const struct dns_site *)s;
	size_t place = (size_t)(step - s->platform->steps);
	return place && place <= d->n_pages ? &d->pages[place - 1] : NULL;
}

static bool dns_wants(const struct site *s, const struct platform_step *step)
{
	return step == s->platform->steps || dns_page_of(s, step);
}

static char *dns_path(const struct site *s, const struct platform_step *step)
{
	const struct dns_page *page = dns_page_of(s, step);
	return page ? xasprintf("/v1/zones/%lld/rrsets?page=%d&per_page=%d", (long long)page->zone,
	                        page->number, DNS_SETS_MAX)
	            : NULL;
}

static void dns_came(struct site *s, const struct platform_step *step, const struct api_answer *r)
{
	const struct dns_page *page = dns_page_of(s, step);
	if (r->err.code) {
		system_lacks(s, step, &r->err);
		return;
	}
	char *what = page ? xasprintf("%s\tsets\t%lld/%d", s->name, (long long)page->zone,
	                              page->number)
	                  : xasprintf("%s\tzones", s->name);
	source_feed(s->source, what, r->body, r->len);
	free(what);
}

/* --- orders --------------------------------------------------------------- */

static bool dns_is_zone(const struct system_act *act, const struct system *y)
{
	return !y->is_site && !strcmp(y->type, ZONE_TYPE);
}
static bool dns_may_change(const struct system_act *act, const struct system *y)
{
	return !y->is_site && !strcmp(y->type, SET_TYPE) && !y->inexact &&
	       !*system_figure_text(y, "protected");
}

/* "/v1/zones/343733/rrsets/x/A". The name of a record may hold "*" and "@". */
static char *dns_set_path(const struct system *y, const char *after)
{
	long long zone = 0;
	int number, at = 0;
	sscanf(y->ref, "%19lld/%6d/%n", &zone, &number, &at);
	const char *name = y->ref + at, *slash = strrchr(y->ref, '/');
	char plain[SYSTEM_REF_SIZE];
	snprintf(plain, sizeof(plain), "%.*s", (int)(slash > name ? slash - name : 0), name);
	char *word = http_encode(plain);
	char *path = xasprintf("/v1/zones/%lld/rrsets/%s%s%s", zone, word, slash, after);
	free(word);
	return path;
}

/* What the record holds now is part of the command. */
static void dns_command(const struct system_act *act, const struct system *y, char *buf,
                        size_t size)
{
	char *path = dns_set_path(y, act->path);
	const char *values = y->labels ? y->labels + strlen("\nvalues=") : "";
	const char *ttl = system_figure_text(y, "ttl");
	snprintf(buf, size, "%s %s; now: %.*s%s%s", act->method, path, (int)strcspn(values, "\n"),
	         values, *ttl ? ", ttl " : "", ttl);
	free(path);
}
static void dns_add_command(const struct system_act *act, const struct system *y, char *buf,
                            size_t size)
{
	snprintf(buf, size, "POST /v1/zones/%s/rrsets (%s)", y->ref, y->row.name);
}

/* A set that is added needs its name and type. */
static bool dns_fits(const struct system_act *act, const char *argument, struct err *err)
{
	struct dns_typed t;
	return dns_typed_read(&t, argument, act->can == dns_is_zone, err);
}

struct dns_job {
	struct job job;
	struct dns_action action;
	char *then, *then_body; /* owned: the call after this one: a ttl; NULL none */
};

static void dns_finish(struct job *j)
{
	free(((struct dns_job *)j)->then);
	free(((struct dns_job *)j)->then_body);
}

static void dns_answered(struct job *j, const struct api_answer *r);

static void dns_look(struct job *j)
{
	char *path = xasprintf("/v1/actions/%lld", (long long)((struct dns_job *)j)->action.id);
	job_call(j, "GET", path, NULL, dns_answered);
	free(path);
}

static void dns_answered(struct job *j, const struct api_answer *r)
{
	struct dns_job *d = (struct dns_job *)j;
	struct err err = r->err;
	int64_t age = loop_now(store_loop(j->site->source->store)) - j->began_ms;
	bool followed = !err.code && dns_action_parse(r->body, r->len, &d->action);
	if (followed && !strcmp(d->action.status, "error"))
		err_set(&err, ERR_REFUSED, "Hetzner DNS %s: %s", j->site->name,
		        *d->action.error ? d->action.error : "the action failed");
	else if (followed && !strcmp(d->action.status, "running") && age < DNS_WHOLE_MS) {
		order_progress(j->order, "running there");
		job_wake(j, DNS_LOOK_MS, dns_look);
		return;
	} else if (followed && !strcmp(d->action.status, "running"))
		err_set(&err, ERR_TIMEOUT,
		        "Hetzner DNS %s: action %lld still runs after a minute; the list will show "
		        "its end",
		        j->site->name, (long long)d->action.id);
	if (err.code)
		job_end(j, &err, NULL);
	else {
		char *path = d->then, *body = d->then_body;
		d->then = d->then_body = NULL;
		if (path)
			job_call(&d->job, "POST", path, body, dns_answered);
		else
			job_end(&d->job, NULL, "done there");
		free(path);
		free(body);
	}
}

static void dns_run(const struct system_act *act, struct order *order, struct system *y)
{
	struct dns_typed t = { .ttl = 0 };
	bool adds = act->can == dns_is_zone;
	struct dns_job *d = job_begin(y->site, order, sizeof(*d), act->verb);
	if (!d)
		return;
	d->job.finish = dns_finish;
	char *path = adds ? xasprintf("/v1/zones/%s/rrsets", y->ref) : dns_set_path(y, act->path);
	char *body = NULL;
	if (act->fits) {
		dns_typed_read(&t, order->argument, adds, NULL);
		body = dns_body(&t, adds);
	}
	if (!adds && t.ttl) {
		d->then = dns_set_path(y, "/actions/change_ttl");
		d->then_body = xasprintf("{\"ttl\":%lld}", (long long)t.ttl);
	}
	job_call(&d->job, act->method, path, body, dns_answered);
	free(path);
	free(body);
}

/* --- the system ----------------------------------------------------------- */

static const struct system_ops dns_ops = {
	.asks = "zones; on the screen their record sets, one question for each page of 50",
	.acts = { [SYSTEM_ADD] = { dns_is_zone, dns_add_command, dns_run, dns_fits, .verb = "add",
	                           .method = "POST" },
	          [SYSTEM_CHANGE] = { dns_may_change, dns_command, dns_run, dns_fits,
	                              .verb = "change", .method = "POST",
	                              .path = "/actions/set_records" },
	          [SYSTEM_DELETE] = { dns_may_change, dns_command, dns_run, .verb = "delete",
	                              .method = "DELETE", .path = "" } },
};

/* The place of a step is that of its page. The path comes from dns_path. */
#define DNS_PAGE(n) { "page" #n, "/", STEP_SHOWN, dns_take_sets }
static const struct platform_step dns_steps[] = {
	{ "zones", "/v1/zones?per_page=50", STEP_MUST, dns_take_zones },
	DNS_PAGE(1),  DNS_PAGE(2),  DNS_PAGE(3),  DNS_PAGE(4),  DNS_PAGE(5),  DNS_PAGE(6),
	DNS_PAGE(7),  DNS_PAGE(8),  DNS_PAGE(9),  DNS_PAGE(10), DNS_PAGE(11), DNS_PAGE(12),
	DNS_PAGE(13), DNS_PAGE(14), DNS_PAGE(15), DNS_PAGE(16), DNS_PAGE(17), DNS_PAGE(18),
	DNS_PAGE(19), DNS_PAGE(20), DNS_PAGE(21), DNS_PAGE(22), DNS_PAGE(23), DNS_PAGE(24),
	{ "sets", NULL, 0, dns_take_sets },
	{ .what = NULL }
};

static const struct platform platform_dns = {
	SYSTEM_PLATFORM_OF("Hetzner DNS", "dns", dnses, platform_config, &dns_ops, struct dns_site,
	                   system_lacks),
	.token_help = "Security, API tokens of the project makes a new one",
	.steps = dns_steps,
	.shown_ms = 30000,
	.hidden_ms = 300000,
	.retry_ms = 30000,
	.timeout_ms = 15000,
	.wants = dns_wants,
	.path = dns_path,
	.came = dns_came,
	.over = dns_over,
};
const struct backend backend_dns = PLATFORM_BACKEND("dns", platform_dns);
