/* packages.c: asks apt on a server, rarely, which packages have an update.
 *
 * Source: apt(8), "list --upgradable": "NAME/SUITES VERSION ARCH [upgradable from: VERSION]". apt
 * calls these lines unstable, so they are held by answers of Debian 12 and 13 and Ubuntu 24.04. */
#include "backends/vitals/packages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"
#include "backends/vitals/text.h"

#define PACKAGES_FIRST_MS (90 * 1000) /* after the link came up */
#define PACKAGES_RUN_MS (60 * 1000)
#define PACKAGES_OUTPUT_MAX (1u << 20)

/* Prints "packages apt", when its lists were fetched, and the list. */
const char packages_command[] =
	"command -v apt >/dev/null 2>&1 || { echo packages none; exit 0; }; echo packages apt; "
	"echo lists $(stat -c %Y /var/lib/apt/lists 2>/dev/null); "
	"LC_ALL=C exec nice apt list --upgradable";

/* --- parsing -------------------------------------------------------------- */

/* Lines are like "openssl/stable-security 3.0.15 amd64 [upgradable from: 3.0.14]". Names of
 * security updates come first. */
static void packages_list(struct vitals *v, struct text in, bool secure)
{
	static const char sign[] = "[upgradable from: ", archive[] = "-security";
	struct text line, word;
	while (text_line(&in, &line)) {
		if (!memmem(line.p, text_len(line), sign, strlen(sign)) || !text_word(&line, &word))
			continue;
		const char *slash = memchr(word.p, '/', text_len(word));
		size_t left = slash ? (size_t)(word.end - slash) : 0;
		bool security = slash && memmem(slash, left, archive, strlen(archive));
		if (!slash || security != secure)
			continue;
		v->packages++;
		v->packages_security += security;
		size_t used = strlen(v->packages_names), n = (size_t)(slash - word.p);
		if (used + n + 3 >= sizeof(v->packages_names))
			continue;
		if (used)
			used += (size_t)snprintf(v->packages_names + used,
			                         sizeof(v->packages_names) - used, ", ");
		wash(v->packages_names + used, sizeof(v->packages_names) - used, word.p, n);
	}
}

bool packages_parse(struct vitals *v, const char *text, size_t len, struct err *err)
{
	struct text in = { text, text + len }, line, word;
	if (!text_line(&in, &line) || !text_word(&line, &word) || !text_is(word, "packages"))
		return err_set(err, ERR_GARBLED, "what it answered is not a list of packages");
	if (!text_word(&line, &word) || !text_is(word, "apt"))
		return err_set(err, ERR_ABSENT,
		               "it has no apt, and no other package manager is asked");
	v->packages = v->packages_security = 0;
	v->packages_ms = now_wall_ms();
	v->packages_lists_ms = 0;
	v->packages_names[0] = '\0';
	if (text_line(&in, &line) && text_word(&line, &word) && text_is(word, "lists"))
		v->packages_lists_ms = number_read(line.p, 1, NUMBER_SECONDS, 0) * 1000;
	packages_list(v, in, true);
	packages_list(v, in, false);
	return true;
}

bool packages_read(struct vitals *v, const struct run_result *r, struct err *err)
{
	char said[200];
	*err = r->end.err;
	if (err->code)
		return false;
	if (r->end.exit_code == 0)
		return packages_parse(v, r->out, r->out_len, err);
	struct text in = { r->err_out, r->err_out + r->err_len }, line, last = { in.p, in.p };
	while (text_line(&in, &line))
		if (line.end > line.p)
			last = line;
	wash(said, sizeof(said), last.p, (size_t)(last.end - last.p));
	if (*r->end.signal)
		return err_set(err, ERR_REFUSED, "apt list --upgradable was ended by SIG%s",
		               r->end.signal);
	return err_set(err, ERR_REFUSED, "apt list --upgradable ended with code %d%s%s",
	               r->end.exit_code, *said ? ": " : "", said);
}

const char *packages_words(const struct vitals *v, char *buf, size_t size)
{
	*buf = '\0';
	if (v && v->packages > 0)
		snprintf(buf, size, "%d update%s", v->packages, v->packages > 1 ? "s" : "");
	size_t n = strlen(buf);
	if (n && v->packages_security > 0)
		snprintf(buf + n, size - n, ", %d for security", v->packages_security);
	return buf;
}

/* --- asking --------------------------------------------------------------- */

struct packages {
	struct source *source;
	struct loop_timer *timer;
	struct run *run;     /* NULL: none */
	struct order *order; /* that waits for it; NULL: none */
};

static int64_t packages_every_ms(const struct packages *p)
{
	const struct settings *s = store_settings(p->source->store);
	bool stays = s && !s->started.once && !s->started.batch;
	return stays ? s->package_updates * (int64_t)3600 * 1000 : 0;
}

static void packages_end_order(struct packages *p, const struct err *err, const char *said)
{
	struct order *order = p->order;
	p->order = NULL;
	if (order)
		order_end(order, err, said);
}

static void packages_done(const struct run_result *r, void *arg)
{
	struct packages *p = arg;
	struct server *v = p->source->server;
	struct err err;
	struct vitals scratch;
	char said[80] = "";
	p->run = NULL;
	loop_timer_set(p->timer, packages_every_ms(p) ? packages_every_ms(p) : -1);
	vitals_init(&scratch);
	if (packages_read(&scratch, r, &err)) {
		source_feed(p->source, "packages", r->out, r->out_len);
		packages_words(v->vitals, said, sizeof(said));
	}
	if (!*said)
		snprintf(said, sizeof(said), "no updates");
	packages_end_order(p, err.code ? &err : NULL, said);
}

static void packages_ask(void *arg)
{
	struct packages *p = arg;
	struct link *link = source_link(p->source);
	if (p->run || !link || link->state != LINK_UP)
		return;
	p->run = link_run(link, packages_command, NULL, 0, PACKAGES_OUTPUT_MAX, PACKAGES_RUN_MS,
	                  packages_done, p);
	if (p->run)
		run_name(p->run, "apt list --upgradable");
}

struct packages *packages_create(struct source *source)
{
	struct packages *p = xcalloc(1, sizeof(*p));
	p->source = source;
	p->timer = loop_timer_call(store_loop(source->store), -1, packages_ask, p);
	return p;
}

void packages_up(struct packages *p)
{
	loop_timer_set(p->timer, packages_every_ms(p) ? PACKAGES_FIRST_MS : -1);
}

void packages_down(struct packages *p)
{
	struct err err;
	if (!p)
		return;
	run_cancel(p->run);
	p->run = NULL;
	loop_timer_set(p->timer, -1);
	err_set(&err, ERR_LOST, "%s: the link was lost while apt listed its packages",
	        p->source->server->name);
	packages_end_order(p, &err, NULL);
}

void packages_destroy(struct packages *p)
{
	if (!p)
		return;
	packages_down(p);
	loop_timer_remove(p->timer);
	free(p);
}

void packages_say(const struct row *row, char *buf, size_t size)
{
	snprintf(buf, size, "apt list --upgradable");
}

void packages_run(struct order *order)
{
	struct row *row = order_row(order);
	struct packages *p = row ? vitals_packages(row->server) : NULL;
	struct err err;
	if (!p || p->order || source_link(p->source)->state != LINK_UP) {
		err_set(&err, ERR_LOST, "%s cannot be asked now", order->id);
		order_end(order, &err, NULL);
		return;
	}
	p->order = order;
	packages_ask(p);
}
