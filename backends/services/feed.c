/* feed.c: turns systemd's answers and signals into rows. Recordings use the same code, without a
 * bus for further requests.
 *
 * Source: org.freedesktop.systemd1(5). Bodies are D-Bus messages as JSON text. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"
#include "backends/services/systemd.h"
#include "backends/store/settings.h"

#define UNITS_MAX 10000 /* units accepted from one list */
#define NEAREST_MAX 3
#define NAMES_MAX 4096
#define LAST_LINE_MAX 300

/* --- rows ---------------------------------------------------------------- */

const char *unit_name(const struct unit *u)
{
	const char *slash = strrchr(u->row.id, '/');
	const char *name = slash ? slash + 1 : u->row.id;
	size_t n = strlen(manager_of(u->row.source)->prefix);
	return strncmp(name, manager_of(u->row.source)->prefix, n) == 0 ? name + n : name;
}

struct unit *unit_find(struct systemd_source *sd, const char *name)
{
	char id[UNIT_NAME_SIZE + 512], clean[UNIT_NAME_SIZE];
	wash(clean, sizeof clean, name, strlen(name));
	int n = snprintf(id, sizeof id, "%s/unit/%s%s", sd->source.server->name,
	                 manager_of(&sd->source)->prefix, clean);
	bool fits = n > 0 && (size_t)n < sizeof id;
	struct row *row = fits ? store_find(sd->source.store, id) : NULL;
	return row && row->source == &sd->source ? unit_of(row) : NULL;
}

static bool unit_is_wanted(const struct systemd_source *sd, const char *name);

struct unit *unit_row(struct systemd_source *sd, const char *name)
{
	char local[UNIT_NAME_SIZE + 8];
	snprintf(local, sizeof local, "%s%s", manager_of(&sd->source)->prefix, name);
	struct unit *u = unit_of(store_row(&sd->source, &kind_unit, local, name));
	if (u->priv)
		return u;
	u->priv = xcalloc(1, sizeof(struct unit_priv));
	u->user = manager_of(&sd->source)->user;
	u->exit_status = u->restarts = -1;
	u->memory = u->cpu_ns = -1;
	u->can_start = u->can_stop = true; /* until systemd reports otherwise */
	u->wanted = unit_is_wanted(sd, name);
	return u;
}

void unit_update(struct unit *u)
{
	char why[512];
	struct unit_priv *p = priv_of(u);
	/* The unit is watched for a while after an automatic restart (see unit_judge). */
	if (strcmp(u->sub, "auto-restart") == 0)
		p->flap_ms = now_wall_ms();
	enum health health = unit_judge(u, now_wall_ms(), why, sizeof why);
	bool died = health == HEALTH_BAD && strcmp(u->load, "not-found") != 0;
	bool fresh = died && u->row.health != HEALTH_BAD;
	bool turned = (health == HEALTH_BAD) != (u->row.health == HEALTH_BAD);
	if (!died)
		xreplace(&p->last_line, NULL);
	store_row_health(&u->row, health, unit_since_ms(u), *why ? why : NULL);
	store_touch(&u->row);
	if (turned)
		systemd_ask_state(systemd_of(u->row.source));
	if (fresh) {
		p->want_last_line = true;
		last_lines_next(systemd_of(u->row.source));
	}
}

/* --- lists --------------------------------------------------------------- */

static void unit_set_text(char *dst, size_t size, const cJSON *v)
{
	wash(dst, size, json_text(v), strlen(json_text(v)));
}

/* A not-found, inactive unit is only a name in other units' files. It gets a row only if the
 * configuration names it. */
static bool unit_is_only_a_name(const char *load, const char *active)
{
	return strcmp(load, "not-found") == 0 && strcmp(active, "inactive") == 0;
}

static bool unit_worth_a_row(const struct systemd_source *sd, const char *name, const char *load,
                             const char *active)
{
	return !unit_is_only_a_name(load, active) || unit_is_wanted(sd, name);
}

/* item is (name, description, load, active, sub, following, path, job id, job type, job path).
 * NULL: the unit gets no row. */
static struct unit *unit_take_listed(struct systemd_source *sd, const cJSON *item)
{
	enum { NAME, DESCRIPTION, LOAD, ACTIVE, SUB };
	const char *name = json_text(cJSON_GetArrayItem(item, NAME));
	const char *load = json_text(cJSON_GetArrayItem(item, LOAD));
	const char *active = json_text(cJSON_GetArrayItem(item, ACTIVE));
	bool failed_other = unit_is_other(name) && strcmp(active, "failed") == 0;
	if (!failed_other && (!unit_is_ours(name) || !unit_worth_a_row(sd, name, load, active)))
		return NULL;
	struct unit *u = unit_row(sd, name);
	struct unit_priv *p = priv_of(u);
	const char *description = json_text(cJSON_GetArrayItem(item, DESCRIPTION));
	free(u->description);
	u->description = wash_dup(description, 0);
	unit_set_text(u->load, sizeof u->load, cJSON_GetArrayItem(item, LOAD));
	unit_set_text(u->active, sizeof u->active, cJSON_GetArrayItem(item, ACTIVE));
	unit_set_text(u->sub, sizeof u->sub, cJSON_GetArrayItem(item, SUB));
	p->loaded = true;
	p->round = sd->round;
	unit_update(u);
	return u;
}

/* Sets the source live once the whole picture is there. A single look (mocr status) waits for that.
 * On the screen the rows appear earlier. */
void systemd_settle(struct systemd_source *sd)
{
	if (sd->picture != SYSTEMD_SETTLING || sd->queries || fetch_is_asked(&sd->files) ||
	    fetch_is_asked(&sd->failed))
		return;
	sd->picture = SYSTEMD_WHOLE;
	source_set_state(&sd->source, SOURCE_LIVE, NULL);
}

/* Calls remove for each row of the source, and removes the row if it returns true. */
static void unit_sweep(struct systemd_source *sd, bool (*remove)(struct unit *))
{
	struct row *row = store_first(sd->source.store, &kind_unit, sd->source.server), *next;
	for (; row; row = next) {
		next = store_next(row, &kind_unit, sd->source.server);
		if (row->source == &sd->source && remove(unit_of(row)))
			store_row_remove(row);
	}
}

/* The manager does not have it loaded any more. True: the row leaves, because the unit has no file
 * either. */
static bool unit_unload(struct unit *u)
{
	struct unit_priv *p = priv_of(u);
	p->loaded = false;
	if (!p->in_files && !u->wanted)
		return true;
	snprintf(u->active, sizeof u->active, "inactive");
	snprintf(u->sub, sizeof u->sub, "dead");
	unit_update(u);
	return false;
}

/* Handles rows that the new list does not name. */
static bool unit_drop_unlisted(struct unit *u)
{
	bool listed = priv_of(u)->round == systemd_of(u->row.source)->round;
	return !listed && !unit_is_other(unit_name(u)) && unit_unload(u);
}

static bool unit_feed_units(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	const cJSON *list = cJSON_GetArrayItem(body, 0), *item;
	if (!cJSON_IsArray(list))
		return false;
	/* The bus keeps answers and signals in order. So the list is newer than every signal
	 * received. */
	if (sync_is_asked(&sd->sync))
		sync_take(&sd->sync);
	sd->round++;
	sd->reloading = false; /* it answers, so a reload with a missed end is over */
	size_t n = 0;
	cJSON_ArrayForEach (item, list) {
		if (++n > UNITS_MAX)
			break;
		struct unit *u = unit_take_listed(sd, item);
		if (u && u->row.shown)
			ask_row(sd, u);
		else if (u)
			ask_start(sd, u);
	}
	unit_sweep(sd, unit_drop_unlisted);
	size_t all = (size_t)cJSON_GetArraySize(list);
	sd->units_left_out = all > UNITS_MAX ? all - UNITS_MAX : 0;
	source_left_out(&sd->source, &kind_unit, sd->units_left_out + sd->files_left_out);
	sd->picture = SYSTEMD_SETTLING;
	systemd_settle(sd);
	server_rows_changed(sd->source.server, &kind_unit);
	return true;
}

static bool unit_is_failed_no_more(struct unit *u)
{
	return unit_is_other(unit_name(u)) && priv_of(u)->round != systemd_of(u->row.source)->round;
}

/* Takes the failed units of types that have no rows otherwise. Other rows of these types recovered
 * or vanished. */
static bool unit_feed_failed(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	const cJSON *list = cJSON_GetArrayItem(body, 0), *item;
	if (!cJSON_IsArray(list))
		return false;
	sd->round++;
	cJSON_ArrayForEach (item, list) {
		struct unit *u = unit_is_other(json_text(cJSON_GetArrayItem(item, 0)))
		                         ? unit_take_listed(sd, item)
		                         : NULL;
		if (u)
			ask_row(sd, u);
	}
	unit_sweep(sd, unit_is_failed_no_more);
	systemd_settle(sd);
	return true;
}

/* Takes the list of new units. A unit missing in it has vanished again. */
static bool unit_feed_new_units(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	const cJSON *list = cJSON_GetArrayItem(body, 0), *item;
	if (!cJSON_IsArray(list))
		return false;
	cJSON_ArrayForEach (item, list) {
		struct unit *u = unit_take_listed(sd, item);
		if (!u)
			continue;
		priv_of(u)->asked = true;
		ask_all(sd, unit_name(u));
	}
	return true;
}

static void unit_take_file(struct systemd_source *sd, const char *path, const char *state)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (!unit_is_ours(name) || strcmp(state, "alias") == 0)
		return;
	struct unit *u = unit_row(sd, name);
	struct unit_priv *p = priv_of(u);
	wash(u->file_state, sizeof u->file_state, state, strlen(state));
	if (!u->fragment)
		u->fragment = wash_dup(path, 0);
	p->in_files = true;
	if (!p->loaded) {
		bool masked = strncmp(state, "masked", 6) == 0;
		const char *load;
		if (masked)
			load = "masked";
		else if (strcmp(state, "bad") == 0)
			load = "bad-setting";
		else
			load = "loaded";
		snprintf(u->load, sizeof u->load, "%s", load);
		snprintf(u->active, sizeof u->active, "inactive");
		snprintf(u->sub, sizeof u->sub, "dead");
	}
	unit_update(u);
}

static bool unit_forget_file(struct unit *u)
{
	priv_of(u)->in_files = false;
	*u->file_state = '\0';
	return false;
}

static bool unit_is_nowhere(struct unit *u)
{
	return !priv_of(u)->in_files && !priv_of(u)->loaded && !u->wanted;
}

static bool unit_feed_files(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	const cJSON *list = cJSON_GetArrayItem(body, 0), *item;
	if (!cJSON_IsArray(list))
		return false;
	unit_sweep(sd, unit_forget_file);
	size_t n = 0;
	cJSON_ArrayForEach (item, list)
		if (++n <= UNITS_MAX)
			unit_take_file(sd, json_text(cJSON_GetArrayItem(item, 0)),
			               json_text(cJSON_GetArrayItem(item, 1)));
	unit_sweep(sd, unit_is_nowhere);
	units_judge_wanted(sd);
	sd->files_left_out = n > UNITS_MAX ? n - UNITS_MAX : 0;
	source_left_out(&sd->source, &kind_unit, sd->units_left_out + sd->files_left_out);
	systemd_settle(sd);
	return true;
}

/* --- properties and signals ---------------------------------------------- */

static bool unit_feed_props(struct systemd_source *sd, const char *name, const cJSON *body)
{
	const cJSON *load = variant(cJSON_GetObjectItemCaseSensitive(body, "LoadState"));
	const cJSON *active = variant(cJSON_GetObjectItemCaseSensitive(body, "ActiveState"));
	struct unit *u = unit_find(sd, name);
	if (!u && (!unit_is_ours(name) || !load || !active ||
	           !unit_worth_a_row(sd, name, json_text(load), json_text(active))))
		return true;
	if (!u) {
		u = unit_row(sd, name);
		priv_of(u)->loaded = true;
		priv_of(u)->asked = true;
		priv_of(u)->round = sd->round;
	}
	unit_take_props(u, body);
	unit_update(u);
	return true;
}

/* PropertiesChanged: [interface, {name: variant}, [names without value]]. */
static bool unit_feed_changed(struct systemd_source *sd, const char *name, const cJSON *body)
{
	const cJSON *changed = cJSON_GetArrayItem(body, 1);
	struct unit *u = unit_find(sd, name);
	if (!cJSON_IsObject(changed))
		return false;
	if (!u) {
		const cJSON *active = cJSON_GetObjectItemCaseSensitive(changed, "ActiveState");
		bool failed = strcmp(json_text(variant(active)), "failed") == 0;
		if (active && (failed || !unit_is_other(name)))
			systemd_new_name(sd, name);
		return true;
	}
	priv_of(u)->loaded = true;
	char before[sizeof u->active];
	memcpy(before, u->active, sizeof before);
	unit_take_props(u, changed);
	unit_update(u);
	if (unit_is_other(name) && strcmp(u->active, "failed") != 0) {
		store_row_remove(&u->row);
		return true;
	}
	/* The signal lacks some values that a row shows. A row off screen is queried when it comes
	 * into view. */
	if (strcmp(before, u->active) == 0)
		return true;
	priv_of(u)->asked = false;
	if (u->row.shown || strcmp(u->active, "failed") == 0)
		ask_row(sd, u);
	return true;
}

static bool unit_feed_new(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	const char *name = json_text(cJSON_GetArrayItem(body, 0));
	struct unit *u = unit_is_ours(name) ? unit_find(sd, name) : NULL;
	if (u)
		priv_of(u)->loaded = true;
	else if (unit_is_ours(name) && !sd->reloading)
		systemd_new_name(sd, name);
	return true;
}

/* The manager unloaded the unit, as it does with idle units. The row stays while the unit has a
 * file. */
static bool unit_feed_removed(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	struct unit *u = unit_find(sd, json_text(cJSON_GetArrayItem(body, 0)));
	if (!u || sd->reloading)
		return true;
	u->main_pid = 0;
	u->memory = -1;
	if (unit_unload(u))
		store_row_remove(&u->row);
	return true;
}

static bool unit_feed_files_changed(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	systemd_relist(sd, false);
	return true;
}

/* Reloading is true when daemon-reload begins and false at its end. In between, the manager unloads
 * and loads every unit, with a signal for each. These signals are no changes. The list afterwards
 * shows the real changes. */
static bool unit_feed_reloading(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	sd->reloading = cJSON_IsTrue(cJSON_GetArrayItem(body, 0));
	if (sd->reloading)
		return true;
	units_forget_asked(sd);
	systemd_relist(sd, true);
	return true;
}

static void unit_tell_detail(struct systemd_source *sd)
{
	struct buf b = { 0 };
	const struct endpoint *endpoint = sd->bus ? bus_endpoint(sd->bus) : NULL;
	buf_addf(&b, "systemd %s", sd->version);
	if (*sd->state)
		buf_addf(&b, ", %s", sd->state);
	if (sd->n_failed > 0)
		buf_addf(&b, ", %d failed", sd->n_failed);
	if (endpoint && endpoint->kind == ENDPOINT_UNIX)
		buf_addf(&b, ", %s", endpoint->path);
	else if (endpoint)
		buf_addf(&b, ", by %s", endpoint->command);
	snprintf(sd->source.detail, sizeof sd->source.detail, "%s", b.data);
	buf_finish(&b);
}

static bool unit_feed_version(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	unit_set_text(sd->version, sizeof sd->version, variant(cJSON_GetArrayItem(body, 0)));
	unit_tell_detail(sd);
	return true;
}

static bool unit_feed_state(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	unit_set_text(sd->state, sizeof sd->state, variant(cJSON_GetArrayItem(body, 0)));
	unit_tell_detail(sd);
	store_touch(&sd->source.server->row);
	return true;
}

static bool unit_feed_count(struct systemd_source *sd, const char *arg, const cJSON *body)
{
	sd->n_failed = (int)json_int(variant(cJSON_GetArrayItem(body, 0)), -1);
	unit_tell_detail(sd);
	store_touch(&sd->source.server->row);
	return true;
}

/* --- names of the configuration ------------------------------------------ */

/* Copies the configuration's next unit for this manager into name, with its suffix. Returns where
 * to continue; NULL: no more. */
static const char *unit_next_wanted(const struct systemd_source *sd, const char *p, char *name,
                                    size_t size)
{
	static const char parts[] = " \t,";
	const struct manager *m = manager_of(&sd->source);
	while (p && *(p += strspn(p, parts))) {
		size_t n = strcspn(p, parts);
		bool user = strncmp(p, "user:", 5) == 0;
		const char *word = user ? p + 5 : p;
		size_t len = user ? n - 5 : n;
		p += n;
		if (user != m->user || !len || len + sizeof ".service" > size)
			continue;
		snprintf(name, size, "%.*s", (int)len, word);
		if (!*unit_suffix(name) || !unit_is_ours(name))
			snprintf(name + len, size - len, ".service");
		return p;
	}
	return NULL;
}

static const char *unit_wanted_words(const struct systemd_source *sd)
{
	const struct server_config *config = sd->source.server->config;
	return config ? config->units : NULL;
}

static bool unit_is_wanted(const struct systemd_source *sd, const char *name)
{
	char word[UNIT_NAME_SIZE];
	for (const char *p = unit_wanted_words(sd);
	     (p = unit_next_wanted(sd, p, word, sizeof word));)
		if (strcmp(word, name) == 0)
			return true;
	return false;
}

void units_mark_wanted(struct systemd_source *sd)
{
	struct row *row = store_first(sd->source.store, &kind_unit, sd->source.server), *next;
	for (; row; row = next) {
		next = store_next(row, &kind_unit, sd->source.server);
		struct unit *u = unit_of(row);
		const struct unit_priv *p = priv_of(u);
		bool wanted = row->source == &sd->source && unit_is_wanted(sd, unit_name(u));
		if (row->source != &sd->source || wanted == u->wanted)
			continue;
		u->wanted = wanted;
		bool exists = p->in_files ||
		              (p->loaded && !unit_is_only_a_name(u->load, u->active));
		if (!wanted && !exists)
			store_row_remove(row);
		else
			unit_update(u);
	}
}

static void unit_add_near(struct buf *out, const char *name, int *found)
{
	if (*found >= NEAREST_MAX || !name || (out->len && strstr(out->data, name)))
		return;
	if (out->len)
		buf_puts(out, ", ");
	buf_puts(out, name);
	++*found;
}

/* Finds the most similar name without its suffix. The suffix is common to all names of the type. */
static const char *unit_near_by_letters(const char *name, const char *stem,
                                        const char *const *names, size_t n)
{
	const char *suffix = unit_suffix(name), *best = NULL;
	char **stems = xcalloc(n + 1, sizeof *stems);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(unit_suffix(names[i]), suffix) == 0)
			stems[kept++] = xstrndup(names[i], strlen(names[i]) - strlen(suffix));
	const char *near = nearest(stem, (const char *const *)stems, kept);
	for (size_t i = 0; near && i < n && !best; i++)
		if (strncmp(names[i], near, strlen(near)) == 0 &&
		    strcmp(names[i] + strlen(near), suffix) == 0)
			best = names[i];
	for (size_t i = 0; i < kept; i++)
		free(stems[i]);
	free(stems);
	return best;
}

/* "caddy.service" is near "caddy-workstation.service", which contains it. "cady.service" is near by
 * its letters. */
static char *unit_near_names(const char *name, const char *const *names, size_t n)
{
	struct buf out;
	char stem[UNIT_NAME_SIZE];
	int found = 0;
	snprintf(stem, sizeof stem, "%.*s", (int)(strlen(name) - strlen(unit_suffix(name))), name);
	buf_init(&out, 1024);
	for (size_t i = 0; i < n && *stem; i++)
		if (strstr(names[i], stem))
			unit_add_near(&out, names[i], &found);
	if (!found)
		unit_add_near(&out, unit_near_by_letters(name, stem, names, n), &found);
	return out.len ? buf_take(&out) : NULL;
}

void units_judge_wanted(struct systemd_source *sd)
{
	char word[UNIT_NAME_SIZE];
	if (!unit_wanted_words(sd))
		return;
	const char **names = xcalloc(NAMES_MAX, sizeof *names);
	size_t n = 0;
	for (struct row *row = store_first(sd->source.store, &kind_unit, sd->source.server);
	     row && n < NAMES_MAX; row = store_next(row, &kind_unit, sd->source.server))
		if (row->source == &sd->source && strcmp(unit_of(row)->load, "not-found") != 0)
			names[n++] = row->name;
	for (const char *p = unit_wanted_words(sd);
	     (p = unit_next_wanted(sd, p, word, sizeof word));) {
		struct unit *u = unit_find(sd, word);
		if (u && (priv_of(u)->in_files ||
		          (priv_of(u)->loaded && strcmp(u->load, "not-found") != 0)))
			continue;
		u = u ? u : unit_row(sd, word);
		snprintf(u->load, sizeof u->load, "not-found");
		snprintf(u->active, sizeof u->active, "inactive");
		snprintf(u->sub, sizeof u->sub, "dead");
		free(u->nearest);
		u->nearest = unit_near_names(word, names, n);
		unit_update(u);
	}
	free(names);
}

/* --- texts --------------------------------------------------------------- */

/* slot: a field of struct unit_priv that keeps the text raw. */
static void unit_feed_text(struct systemd_source *sd, const char *name, size_t slot,
                           const char *bytes, size_t len)
{
	struct unit *u = unit_find(sd, name);
	if (!u)
		return;
	char **text = (void *)((char *)u->priv + slot);
	free(*text);
	*text = xstrndup(bytes, len);
	store_touch(&u->row);
}

/* Of the last log lines, only the last one that is not blank is kept. */
static void unit_feed_last(struct systemd_source *sd, const char *name, size_t slot,
                           const char *bytes, size_t len)
{
	struct unit *u = unit_find(sd, name);
	while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == ' '))
		len--;
	const char *last = len ? memrchr(bytes, '\n', len) : NULL;
	const char *start = last ? last + 1 : bytes;
	if (!u || u->row.health != HEALTH_BAD)
		return;
	free(priv_of(u)->last_line);
	priv_of(u)->last_line = wash_ndup(start, len - (size_t)(start - bytes), LAST_LINE_MAX);
	unit_update(u);
}

/* --- the table of feeds -------------------------------------------------- */

static const struct {
	const char *what;
	bool (*json)(struct systemd_source *, const char *arg, const cJSON *body);
	void (*text)(struct systemd_source *, const char *arg, size_t slot, const char *bytes,
	             size_t len);
	size_t slot;
} feeds[] = {
	{ "units", unit_feed_units, NULL, 0 },
	{ "new", unit_feed_new_units, NULL, 0 },
	{ "failed", unit_feed_failed, NULL, 0 },
	{ "files", unit_feed_files, NULL, 0 },
	{ "props", unit_feed_props, NULL, 0 },
	{ "changed", unit_feed_changed, NULL, 0 },
	{ "version", unit_feed_version, NULL, 0 },
	{ "state", unit_feed_state, NULL, 0 },
	{ "count", unit_feed_count, NULL, 0 },
	{ "signal:UnitNew", unit_feed_new, NULL, 0 },
	{ "signal:UnitRemoved", unit_feed_removed, NULL, 0 },
	{ "signal:UnitFilesChanged", unit_feed_files_changed, NULL, 0 },
	{ "signal:Reloading", unit_feed_reloading, NULL, 0 },
	{ "last", NULL, unit_feed_last, 0 },
	{ "cat", NULL, unit_feed_text, offsetof(struct unit_priv, cat) },
	{ "log", NULL, unit_feed_text, offsetof(struct unit_priv, log) },
};

/* what is a name in feeds, alone or followed by a colon and a unit. */
void systemd_feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	struct systemd_source *sd = systemd_of(source);
	size_t i = 0, n = 0;
	for (; i < ARRAY_LEN(feeds); i++) {
		n = strlen(feeds[i].what);
		if (strncmp(what, feeds[i].what, n) == 0 && (!what[n] || what[n] == ':'))
			break;
	}
	if (i == ARRAY_LEN(feeds))
		return;
	const char *arg = what[n] ? what + n + 1 : "";
	if (feeds[i].text) {
		feeds[i].text(sd, arg, feeds[i].slot, bytes, len);
		return;
	}
	cJSON *body = json_parse(bytes, len);
	if (!body || !feeds[i].json(sd, arg, body)) {
		struct err err;
		err_set(&err, ERR_GARBLED,
		        "%s: %s answered something that cannot be understood (%.40s, %zu bytes)",
		        sd->source.server->name, manager_of(&sd->source)->words, what, len);
		source_set_state(&sd->source, SOURCE_FAILED, &err);
	}
	cJSON_Delete(body);
}
