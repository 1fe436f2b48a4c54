/* headless_deploys.c: deploys without a screen. Runs a deploy and watches it to its end, or lists
 * all deploys. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/deploy/deploy.h"
#include "backends/deploy/template.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/report.h"
#include "backends/store/settings.h"
#include "tui/headless.h"
#include "tui/near.h"

#define TURN_MS 50
#define HEARD_MS \
	20000 /* ms to wait for the start event of a finished order, even if the link broke */
#define PIECE \
	(WASH_MAX / 4) /* bytes washed at once: washing makes at most three bytes of each one */

struct watching {
	struct store *store;
	char *id;
	bool over, is_tty;
	char half[4]; /* start of a UTF-8 character that the next bytes complete */
	size_t n_half;
};

/* Number of bytes at the end that start an incomplete UTF-8 character. */
static size_t headless_half_at_end(const char *bytes, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		unsigned char c = (unsigned char)bytes[len - n];
		size_t whole;
		if (c >= 0xf0)
			whole = 4;
		else if (c >= 0xe0)
			whole = 3;
		else if (c >= 0xc0)
			whole = 2;
		else
			whole = 1;
		if ((c & 0xc0) != 0x80)
			return whole > n ? n : 0;
	}
	return 0;
}

static void headless_print_washed(const char *bytes, size_t len)
{
	char line[WASH_MAX];
	while (len) {
		size_t most = len < PIECE ? len : PIECE;
		const char *nl = memchr(bytes, '\n', most);
		size_t n;
		if (nl)
			n = (size_t)(nl - bytes);
		else if (most < len)
			n = most - headless_half_at_end(bytes, most);
		else
			n = most;
		wash(line, sizeof(line), bytes, n);
		printf("%s%s", line, nl ? "\n" : "");
		bytes += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
}

/* Prints output. A file or pipe gets the bytes unchanged, a terminal gets them washed. The bytes
 * arrive in chunks that may end anywhere. */
static void headless_print_bytes(struct deploy_watch *w, const char *bytes, size_t len, void *arg)
{
	struct watching *k = arg;
	struct buf whole = { 0 };
	if (!k->is_tty) {
		fwrite(bytes, 1, len, stdout);
	} else if (len) {
		buf_add(&whole, k->half, k->n_half);
		buf_add(&whole, bytes, len);
		k->n_half = headless_half_at_end(whole.data, whole.len);
		memcpy(k->half, whole.data + whole.len - k->n_half, k->n_half);
		headless_print_washed(whole.data, whole.len - k->n_half);
		buf_finish(&whole);
	}
	fflush(stdout);
}

static void headless_print_note(struct deploy_watch *w, const char *text, void *arg)
{
	fprintf(stderr, "mocr: %s\n", text);
}

static void headless_watch_done(struct deploy_watch *w, void *arg)
{
	((struct watching *)arg)->over = true;
	deploy_watch_close(w);
}

static struct deploy *headless_row_of(const struct watching *k)
{
	struct row *r = store_find(k->store, k->id);
	return r && r->kind == &kind_deploy ? ROW_AS(deploy, r) : NULL;
}

static void headless_turn(struct store *s)
{
	loop_turn(store_loop(s), TURN_MS);
	headless_answer(s);
}

/* Waits until the run is over and assessed. The link may break and return meanwhile. */
static int headless_watch_to_end(struct watching *k)
{
	static const struct deploy_watch_events events = { .bytes = headless_print_bytes,
		                                           .note = headless_print_note,
		                                           .done = headless_watch_done };
	struct deploy *d = headless_row_of(k);
	char span[HUMAN_SIZE];
	if (!d) {
		fprintf(stderr, "mocr: %s is gone\n", k->id);
		return EXIT_ATTENTION;
	}
	deploy_watch(d, &events, k);
	while (!k->over || ((d = headless_row_of(k)) &&
	                    (d->state == DEPLOY_CHECKING || d->state == DEPLOY_RUNNING)))
		headless_turn(k->store);
	if (!(d = headless_row_of(k))) {
		fprintf(stderr, "mocr: %s is gone\n", k->id);
		return EXIT_ATTENTION;
	}
	fprintf(stderr, "mocr: %s: %s after %s", d->row.name, deploy_state_name(d->state),
	        human_span(span, deploy_span_ms(d)));
	if (d->row.why)
		fprintf(stderr, ": %s", d->row.why);
	fputc('\n', stderr);
	if (d->run.code > 0)
		return d->run.code;
	return d->state == DEPLOY_DONE ? EXIT_WELL : EXIT_ATTENTION;
}

static bool headless_deploys_confirmed(const struct server *v, const struct deploy_config *c,
                                       bool back, const char *argument, bool yes)
{
	char line[256];
	if (!v->protect && (yes || !c->confirm))
		return true;
	if (!isatty(STDIN_FILENO)) {
		if (v->protect)
			fprintf(stderr,
			        "mocr: %s is protected: its name must be typed at a terminal\n",
			        v->name);
		else
			fprintf(stderr,
			        "mocr: deploy %s asks first; without a terminal say --yes\n",
			        c->name);
		return false;
	}
	const char *asks = v->protect ? "It is protected. Type the server's name:" : "[y/N]";
	if (back)
		fprintf(stderr, "roll back %s on %s?\n  %s\n", c->name, v->name, c->rollback);
	else
		fprintf(stderr, "deploy %s on %s?\n  %s\n", c->name, v->name, c->run);
	fprintf(stderr, "  %s\n%s ", argument, asks);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return v->protect ? strcmp(line, v->name) == 0 : line[0] == 'y' || line[0] == 'Y';
}

/* Checks everything that needs no answer of the server. */
static bool headless_sound(const struct deploy_config *c, const char *argument, bool back)
{
	struct buf b = { 0 };
	struct err err = { 0 };
	if (back && !c->rollback)
		err_set(&err, ERR_USAGE, "it has no key rollback");
	else if (deploy_config_sound(c, &err) && !back)
		values_read(c->ask, argument, &b, &err);
	buf_finish(&b);
	if (err.code)
		fprintf(stderr, "mocr: deploy %s: %s\n", c->name, err.text);
	return !err.code;
}

static const struct deploy_config *headless_deploys_find(const struct store *s, const char *name)
{
	const struct deploy_config *c = deploy_config_find(s, name);
	const char *names[256];
	size_t n = 0;
	if (c)
		return c;
	for (const struct deploy_config *d = store_settings(s)->deploys; d && n < ARRAY_LEN(names);
	     d = d->next)
		names[n++] = d->name;
	char near[NEAR_SIZE];
	fprintf(stderr, "mocr: there is no [deploy %s] in the configuration%s\n", name,
	        near_name(name, names, n, "", "", near));
	return NULL;
}

/* Waits for the server's runs, then returns the row. NULL after printing why. */
static struct row *headless_deploys_wait_row(struct store *s, const struct deploy_config *c,
                                             const char *id, int wait_ms)
{
	struct server *v = store_servers(s);
	int64_t end = now_mono_ms() + wait_ms;
	const struct source *src = server_source(v, "deploy");
	while (!(v->link->state == LINK_UP && src->state != SOURCE_WAITING &&
	         src->state != SOURCE_STALE) &&
	       now_mono_ms() < end && v->link->state != LINK_LOST)
		headless_turn(s);
	if (v->link->state != LINK_UP)
		fprintf(stderr, "mocr: deploy %s: %s cannot be reached; nothing was started: %s\n",
		        c->name, v->name,
		        v->row.why ? v->row.why : link_state_name(v->link->state));
	else if (src->state != SOURCE_LIVE)
		fprintf(stderr,
		        "mocr: deploy %s: not started: its runs on %s cannot be read: %s; `mocr "
		        "status %s` says how it is\n",
		        c->name, v->name,
		        src->err.text[0] ? src->err.text : source_state_name(src->state), v->name);
	else
		return store_find(s, id);
	return NULL;
}

/* Prints the progress of the order, once a second at most. */
static void headless_tell_progress(struct order *order, void *arg)
{
	int64_t *printed_ms = arg;
	if (now_mono_ms() - *printed_ms < 1000)
		return;
	*printed_ms = now_mono_ms();
	fprintf(stderr, "mocr: %s\n", order->progress);
}

/* Was the run started now? Its id begins with this machine's time of the start. The list of runs
 * may have just been read for the first time, with older runs in it. */
static bool headless_is_since(const struct deploy *d, int64_t begun_ms)
{
	return strtoll(d->run.id, NULL, 10) >= begun_ms;
}

static int headless_run(struct store *s, const char *word, const struct row *row,
                        const char *argument, struct watching *k)
{
	const struct action *offered[16], *a = NULL;
	struct err err = { 0 };
	size_t n = actions_of(row, offered, ARRAY_LEN(offered));
	for (size_t i = 0; i < n; i++)
		if (!strncmp(offered[i]->name, word, strlen(word)) && !a)
			a = offered[i];
	int64_t begun = now_wall_ms();
	struct order *order = a ? order_start((struct row *)row, a, argument, &err) : NULL;
	int64_t told = 0;
	if (order && order->state == ORDER_RUNNING) {
		order->at = headless_tell_progress;
		order->done_arg = &told;
	}
	while (order && order->state == ORDER_RUNNING)
		headless_turn(s);
	if (!order || order->state != ORDER_DONE) {
		if (!order && !err.code)
			err_set(&err, ERR_REFUSED,
			        store_settings(s)->read_only
			                ? "not done, mocr was started read-only"
			                : "not now: it runs already, or there is nothing to do");
		fprintf(stderr, "mocr: %s: %s\n", k->id, order ? order->err.text : err.text);
		return EXIT_ATTENTION;
	}
	const struct deploy *d = headless_row_of(k);
	for (int64_t end = now_mono_ms() + HEARD_MS;
	     d && !headless_is_since(d, begun) && now_mono_ms() < end; d = headless_row_of(k))
		headless_turn(s); /* the event of its start is on its way */
	if (!d || headless_is_since(d, begun))
		return headless_watch_to_end(k);
	fprintf(stderr,
	        "mocr: %s: it was started, but nothing was heard of it for %d s; mocr deploys "
	        "tells how it went\n",
	        k->id, HEARD_MS / 1000);
	return EXIT_UNREACHABLE;
}

int headless_deploy_row(struct store *s, const struct action *a, struct row *row,
                        const char *argument)
{
	struct watching k = { .store = s, .is_tty = isatty(STDOUT_FILENO), .id = xstrdup(row->id) };
	int code = headless_run(s, a->name, row, argument, &k);
	free(k.id);
	return code;
}

int headless_deploy(struct store *s, const char *word, const char *name, char **words, int n,
                    bool yes, int wait_ms)
{
	const struct deploy_config *c = headless_deploys_find(s, name);
	/* Joins "A=1" "B=x y" into one line that words_split can split again. */
	struct buf b = { 0 };
	for (int i = 0; i < n; i++) {
		if (i)
			buf_puts(&b, " ");
		quote_word(&b, words[i]);
	}
	char *argument = buf_take(&b);
	int code = EXIT_WRONG_USAGE;
	bool back = !strcmp(word, "deploy-rollback");
	if (c && headless_sound(c, argument, back) && headless_open(s, c->server) &&
	    headless_deploys_confirmed(store_servers(s), c, back, argument, yes)) {
		struct watching k = { .store = s,
			              .is_tty = isatty(STDOUT_FILENO),
			              .id = xasprintf("%s/deploy/%s", store_servers(s)->name,
			                              c->name) };
		struct row *row = headless_deploys_wait_row(s, c, k.id, wait_ms);
		code = row ? headless_run(s, word, row, argument, &k) : EXIT_UNREACHABLE;
		free(k.id);
	}
	free(argument);
	return code;
}

/* --- the list ------------------------------------------------------------ */

static bool headless_told(const struct store *s)
{
	for (struct server *v = store_servers(s); v; v = v->next) {
		const struct source *src = server_source(v, "deploy");
		if (v->link->state == LINK_CONNECTING || v->link->state == LINK_ASKING ||
		    (v->link->state == LINK_UP && src->state == SOURCE_WAITING))
			return false;
	}
	return true;
}

/* Prints why the list is empty, and what would fill it. */
static void headless_say_none(const struct store *s)
{
	const struct deploy_config *c = store_settings(s)->deploys;
	if (!c)
		fprintf(stderr, "mocr: there is nothing to deploy: no [deploy NAME] section in the "
		                "configuration, and no compose project was found; "
		                "mocr-config(5) shows a section\n");
	for (; c; c = c->next)
		if (!c->server)
			fprintf(stderr,
			        "mocr: [deploy %s] has no key server; `server = local` is this "
			        "machine\n",
			        c->name);
		else if (!store_server_find(s, c->server))
			fprintf(stderr,
			        "mocr: [deploy %s] is for %s, which is not looked at; `mocr "
			        "deploys %s` does\n",
			        c->name, c->server, c->server);
}

int headless_deploys(struct store *s, bool json, int wait_ms)
{
	int64_t end = now_mono_ms() + wait_ms;
	int code = EXIT_WELL;
	while (!headless_told(s) && now_mono_ms() < end)
		headless_turn(s);
	if (json) {
		char *text = report_rows_json(s, &kind_deploy);
		puts(text);
		free(text);
	}
	for (struct server *v = store_servers(s); v; v = v->next)
		if (v->link->state != LINK_UP) {
			fprintf(stderr, "mocr: %s: %s\n", v->name,
			        v->row.why ? v->row.why : link_state_name(v->link->state));
			code = EXIT_UNREACHABLE;
		}
	if (!json && !store_first(s, &kind_deploy, NULL))
		headless_say_none(s);
	else if (!json)
		printf("%-12s %-24s %-10s %9s %5s  %-24s %s\n", "SERVER", "DEPLOY", "STATE",
		       "WHEN", "TOOK", "BY", "WHY");
	for (struct row *r = store_first(s, &kind_deploy, NULL); r;
	     r = store_next(r, &kind_deploy, NULL)) {
		if (!json) {
			const struct deploy *d = ROW_AS(deploy, r);
			char age[HUMAN_SIZE] = "", span[HUMAN_SIZE] = "";
			if (d->run.id[0]) {
				human_age(age, now_wall_ms() - d->run.started_s * 1000);
				human_age(span, deploy_span_ms(d));
			}
			const char *why = d->row.why ? d->row.why : "";
			printf("%-12s %-24s %-10s %5s%s %5s  %-24s %s\n", d->row.server->name,
			       d->row.name, deploy_state_name(d->state), age,
			       *age ? " ago" : "    ", span, d->run.by, why);
		}
		if (r->health >= HEALTH_ATTENTION && code == EXIT_WELL)
			code = EXIT_ATTENTION;
	}
	return code;
}
