#include "backends/systems/logdb_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/logs/stamp.h"
#include "backends/store/level.h"

/* --- labels --------------------------------------------------------------- */

/* What tells a stream from others, the most telling first. */
static const char *const logdb_names[] = {
	"container",
	"container_name",
	"kubernetes.container_name",
	"pod",
	"kubernetes.pod_name",
	"service",
	"service_name",
	"service.name",
	"app",
	"unit",
	"systemd_unit",
	"_SYSTEMD_UNIT",
	"identifier",
	"SYSLOG_IDENTIFIER",
	"job",
	"host",
	"hostname",
	"host.name",
	"instance",
	"filename",
};
static const char *const logdb_levels[] = { "level",     "detected_level", "severity",
	                                    "log.level", "severity_text",  "lvl" };

static const char *logdb_label(const cJSON *labels, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(labels, name);
	return cJSON_IsString(v) ? v->valuestring : "";
}

/* Does the query say that the label has this value? As in {app="x"}, app:x and app:="x". */
static bool logdb_is_asked(const char *query, const char *name, const char *value)
{
	for (const char *p = strstr(query, name); p; p = strstr(p + 1, name)) {
		const char *sign = p + strlen(name) + strspn(p + strlen(name), " ");
		size_t n = strspn(sign, "=:");
		const char *is = sign + n + strspn(sign + n, " \"`");
		if (n && !strncmp(is, value, strlen(value)))
			return true;
	}
	return false;
}

/* The name of the label that tells the stream from others. NULL: none. */
static const char *logdb_telling(const cJSON *labels, const char *query)
{
	for (size_t i = 0; i < ARRAY_LEN(logdb_names); i++) {
		const char *value = logdb_label(labels, logdb_names[i]);
		if (*value && !logdb_is_asked(query, logdb_names[i], value))
			return logdb_names[i];
	}
	return NULL;
}

static void logdb_begin_text(struct buf *text, const cJSON *labels, const char *query)
{
	const char *telling = logdb_telling(labels, query);
	char name[120];
	buf_init(text, LOGDB_TEXT_MAX);
	if (!telling)
		return;
	const char *value = logdb_label(labels, telling);
	wash(name, sizeof(name), value, strlen(value));
	buf_addf(text, "%s: ", name);
}

/* Adds what fits. */
static void logdb_add_text(struct buf *text, const char *more)
{
	size_t n = strlen(more), left = text->max - text->len;
	buf_add(text, more, n < left ? n : left);
}

static enum log_level logdb_level(const cJSON *labels)
{
	for (size_t i = 0; i < ARRAY_LEN(logdb_levels); i++) {
		const char *word = logdb_label(labels, logdb_levels[i]);
		enum log_level level = level_of_word(word, strlen(word));
		if (level != LOG_LEVEL_UNKNOWN)
			return level;
	}
	const char *priority = logdb_label(labels, "PRIORITY");
	if (priority[0] >= '0' && priority[0] <= '7' && !priority[1])
		return level_of_priority(priority[0] - '0');
	return LOG_LEVEL_UNKNOWN;
}

/* FNV-1a, 64 bits. */
static uint64_t logdb_hash(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211ull;
	return h;
}
#define HASH_BEGIN 1469598103934665603ull

/* The same for members in another order: a tail and a query may differ in that. */
static uint64_t logdb_hash_members(const cJSON *o)
{
	uint64_t all = HASH_BEGIN;
	for (const cJSON *v = o ? o->child : NULL; v; v = v->next)
		if (cJSON_IsString(v))
			all += logdb_hash(logdb_hash(logdb_hash(HASH_BEGIN, v->string), "="),
			                  v->valuestring);
	return all;
}

/* --- pages ---------------------------------------------------------------- */

/* The page takes over the text. */
static void logdb_page_add(struct logdb_page *p, int64_t ns, uint64_t hash, enum log_level level,
                           struct buf *text)
{
	if (p->n == p->room) {
		p->room = p->room ? 2 * p->room : 64;
		p->at = xrealloc(p->at, p->room * sizeof(*p->at));
	}
	size_t len = text->len;
	p->at[p->n] = (struct logdb_line){ .ns = ns,
		                           .hash = hash,
		                           .level = level,
		                           .place = p->n,
		                           .len = len,
		                           .text = buf_take(text) };
	p->n++;
}

void logdb_page_finish(struct logdb_page *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->at[i].text);
	free(p->at);
	*p = (struct logdb_page){ 0 };
}

/* By time. The answer has the newest first, so what came later at one time was written earlier. */
static int logdb_page_order(const void *va, const void *vb)
{
	const struct logdb_line *a = va, *b = vb;
	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	return a->place > b->place ? -1 : 1;
}

static void logdb_page_sort(struct logdb_page *p)
{
	if (p->n)
		qsort(p->at, p->n, sizeof(*p->at), logdb_page_order);
}

/* --- Loki ------------------------------------------------------------------ */

/* ["1588889221000000000","line"], and since 3.0 perhaps an object with more labels. */
static void loki_take_value(const cJSON *value, const cJSON *labels, uint64_t stream,
                            enum log_level level, const char *query, struct logdb_page *p)
{
	const cJSON *stamp = cJSON_GetArrayItem(value, 0), *line = cJSON_GetArrayItem(value, 1);
	const cJSON *more = cJSON_GetArrayItem(value, 2);
	if (!cJSON_IsString(stamp) || !cJSON_IsString(line))
		return;
	/* below the end, so that a later stamp can be named */
	int64_t ns = number_read(stamp->valuestring, 1, INT64_MAX - 1, 0);
	if (!ns)
		return;
	const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(more, "structuredMetadata");
	enum log_level own = logdb_level(metadata);
	struct buf text;
	logdb_begin_text(&text, labels, query);
	logdb_add_text(&text, line->valuestring);
	logdb_page_add(p, ns, logdb_hash(stream, line->valuestring), own ? own : level, &text);
}

bool loki_page_parse(const char *json, size_t len, const char *query, struct logdb_page *p,
                     struct err *err)
{
	char type[24];
	cJSON *root = vj_read(json, len, "Loki", err);
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(root, "data");
	const cJSON *result = cJSON_GetObjectItemCaseSensitive(data, "result");
	vj_text(data, "resultType", NULL, type, sizeof(type));
	bool are_lines = !strcmp(type, "streams") && cJSON_IsArray(result);
	if (root && *type && !are_lines)
		err_set(err, ERR_USAGE,
		        "the query asks for numbers (%s), and a log shows lines: leave out rate() "
		        "or count_over_time() around {...}",
		        type);
	else if (root && !are_lines)
		err_set(err, ERR_GARBLED, "the answer holds no lines, so it is not Loki's");
	for (const cJSON *s = are_lines ? result->child : NULL; s; s = s->next) {
		const cJSON *labels = cJSON_GetObjectItemCaseSensitive(s, "stream");
		const cJSON *values = cJSON_GetObjectItemCaseSensitive(s, "values");
		uint64_t hash = logdb_hash_members(labels);
		enum log_level level = logdb_level(labels);
		for (const cJSON *v = cJSON_IsArray(values) ? values->child : NULL; v; v = v->next)
			loki_take_value(v, labels, hash, level, query, p);
	}
	logdb_page_sort(p);
	cJSON_Delete(root);
	return are_lines;
}

/* --- VictoriaLogs ----------------------------------------------------------- */

/* Is the field one of {app="x",host="y"}? */
static bool vlogs_in_stream(const char *stream, const char *name)
{
	size_t n = strlen(name);
	/* an empty name is found everywhere, behind the end too */
	for (const char *p = n ? strstr(stream, name) : NULL; p; p = strstr(p + 1, name))
		if (p > stream && (p[-1] == '{' || p[-1] == ',') && p[n] == '=')
			return true;
	return false;
}

static bool vlogs_is_level(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(logdb_levels); i++)
		if (!strcmp(name, logdb_levels[i]))
			return true;
	return false;
}

bool vlogs_line_parse(const char *json, size_t len, const char *query, struct logdb_page *p)
{
	cJSON *o = json_whole(json, len);
	const char *time = logdb_label(o, "_time"), *message = logdb_label(o, "_msg");
	const char *stream = logdb_label(o, "_stream");
	int64_t ns = stamp_utc_ns(time, strlen(time));
	if (ns <= 0) {
		cJSON_Delete(o);
		return false;
	}
	struct buf text;
	const char *telling = logdb_telling(o, query);
	logdb_begin_text(&text, o, query);
	logdb_add_text(&text, message);
	bool first = !*message;
	for (const cJSON *v = o->child; v; v = v->next) {
		bool is_told = v->string[0] == '_' || (telling && !strcmp(v->string, telling)) ||
		               vlogs_is_level(v->string) || vlogs_in_stream(stream, v->string);
		if (is_told || !cJSON_IsString(v))
			continue;
		/* " ms=12", as a JSON line is shown when folded */
		const char *value = v->valuestring;
		const char *quote = !*value || strchr(value, ' ') ? "\"" : "";
		logdb_add_text(&text, first ? "" : " ");
		logdb_add_text(&text, v->string);
		logdb_add_text(&text, "=");
		logdb_add_text(&text, quote);
		logdb_add_text(&text, value);
		logdb_add_text(&text, quote);
		first = false;
	}
	logdb_page_add(p, ns, logdb_hash_members(o), logdb_level(o), &text);
	cJSON_Delete(o);
	return true;
}

bool vlogs_page_parse(const char *text, size_t len, const char *query, struct logdb_page *p,
                      size_t *ill, struct err *err)
{
	size_t before = p->n;
	*ill = 0;
	for (const char *at = text, *end = text + len; at < end;) {
		const char *nl = memchr(at, '\n', (size_t)(end - at)), *stop = nl ? nl : end;
		if (stop > at && !vlogs_line_parse(at, (size_t)(stop - at), query, p))
			++*ill;
		at = stop + 1;
	}
	logdb_page_sort(p);
	if (p->n > before || !*ill)
		return true;
	return err_set(err, ERR_GARBLED,
	               "the answer holds no lines with a _time: a query for a log keeps _time, so "
	               "it "
	               "has no | stats and no | fields without it");
}

/* The number behind the labels of a sample. */
static double vlogs_value(const char *line, size_t len)
{
	char text[40] = "";
	const char *blank = memrchr(line, ' ', len);
	if (blank)
		snprintf(text, sizeof(text), "%.*s", (int)(line + len - blank - 1), blank + 1);
	return strtod(text, NULL);
}

void vlogs_metrics_parse(const char *text, size_t len, struct vlogs_metrics *m)
{
	static const char rows[] = "vl_storage_rows{", closed[] = "vl_storage_is_read_only{";
	static const char app[] = "vm_app_version{", is[] = "short_version=\"";
	*m = (struct vlogs_metrics){ .lines = -1 };
	for (const char *at = text, *end = text + len; at < end;) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((nl ? nl : end) - at);
		if (n > strlen(rows) && !memcmp(at, rows, strlen(rows))) {
			m->lines = (m->lines < 0 ? 0 : m->lines) + vlogs_value(at, n);
		} else if (n > strlen(closed) && !memcmp(at, closed, strlen(closed))) {
			m->read_only = m->read_only || vlogs_value(at, n) > 0;
		} else if (n > strlen(app) && !memcmp(at, app, strlen(app))) {
			const char *word = memmem(at, n, is, strlen(is));
			const char *begin = word ? word + strlen(is) : at;
			const char *quote = word ? memchr(begin, '"', (size_t)(at + n - begin))
			                         : NULL;
			if (quote)
				wash(m->version, sizeof(m->version), begin,
				     (size_t)(quote - begin));
		}
		at += n + 1;
	}
}

/* --- lines that were shown ------------------------------------------------ */

struct logdb_seen_line {
	int64_t ns;
	uint64_t hash;
	uint32_t shown; /* how often it was shown */
	uint32_t came;  /* how often the answer of that round held it so far */
	uint32_t round;
};

/* The first line not before ns. */
static size_t logdb_seen_from(const struct logdb_seen *s, int64_t ns)
{
	size_t low = 0, high = s->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->at[middle].ns < ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool logdb_seen_take(struct logdb_seen *s, uint32_t round, int64_t ns, uint64_t hash)
{
	size_t at = logdb_seen_from(s, ns);
	for (; at < s->n && s->at[at].ns == ns; at++) {
		struct logdb_seen_line *line = &s->at[at];
		if (line->hash != hash)
			continue;
		if (line->round != round)
			line->came = 0;
		line->round = round;
		line->came++;
		bool is_new = line->came > line->shown;
		line->shown += is_new;
		return is_new;
	}
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->at = xrealloc(s->at, s->room * sizeof(*s->at));
	}
	memmove(s->at + at + 1, s->at + at, (s->n - at) * sizeof(*s->at));
	s->at[at] = (struct logdb_seen_line){
		.ns = ns, .hash = hash, .shown = 1, .came = 1, .round = round
	};
	s->n++;
	if (s->n <= LOGDB_SEEN_MAX)
		return true;
	/* The older half is forgotten, and no answer may begin there again. */
	int64_t half = s->at[s->n / 2].ns;
	if (half > s->forgot_ns)
		s->forgot_ns = half;
	logdb_seen_prune(s, half + 1, 0);
	return true;
}

void logdb_seen_prune(struct logdb_seen *s, int64_t before_ns, int64_t keep_ns)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].ns >= before_ns || s->at[i].ns == keep_ns)
			s->at[kept++] = s->at[i];
	s->n = kept;
}

void logdb_seen_finish(struct logdb_seen *s)
{
	free(s->at);
	*s = (struct logdb_seen){ 0 };
}
