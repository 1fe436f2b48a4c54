#include "backends/containers/parse.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"

#define TEXT_MAX 512   /* bytes kept of an image, a command or a list of ports */
#define LIST_MAX 10000 /* containers accepted from one list */
#define SHORT_ID 12    /* digits of an id that stand in for a missing name */

/* --- small readers ------------------------------------------------------- */

static const cJSON *ctr_parse_member(const cJSON *o, const char *name)
{
	return cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, name) : NULL;
}

static const char *ctr_parse_text(const cJSON *o, const char *name)
{
	const cJSON *v = ctr_parse_member(o, name);
	return cJSON_IsString(v) ? v->valuestring : NULL;
}

static double ctr_parse_number(const cJSON *o, const char *name, double otherwise)
{
	const cJSON *v = ctr_parse_member(o, name);
	return cJSON_IsNumber(v) && isfinite(v->valuedouble) ? v->valuedouble : otherwise;
}

static int ctr_parse_whole(const cJSON *o, const char *name, int otherwise)
{
	double d = ctr_parse_number(o, name, otherwise);
	return d >= -2147483647.0 && d <= 2147483647.0 ? (int)d : otherwise;
}

static int64_t ctr_parse_whole64(const cJSON *o, const char *name)
{
	double d = ctr_parse_number(o, name, 0);
	return d > 0 && d < 9e15 ? (int64_t)d : 0;
}

static int64_t ctr_parse_rfc_time(const cJSON *o, const char *name)
{
	const char *s = ctr_parse_text(o, name);
	int64_t ms = s ? parse_rfc3339_ms(s) : -1;
	return ms > 0 ? ms : 0;
}

static void ctr_parse_copy(char *dst, size_t size, const char *src)
{
	wash(dst, size, src, src ? strlen(src) : 0);
}

static char *ctr_parse_keep(const char *src)
{
	return src && *src ? wash_dup(src, TEXT_MAX) : NULL;
}

static cJSON *ctr_parse_read_json(const char *json, size_t len)
{
	return json_parse(json, len);
}

/* --- words of the engines ------------------------------------------------ */

static enum container_state ctr_parse_state_of(const char *s)
{
	static const struct {
		const char *word;
		enum container_state state;
	} words[] = {
		{ "created", CONTAINER_CREATED },
		{ "running", CONTAINER_RUNNING },
		{ "paused", CONTAINER_PAUSED },
		{ "restarting", CONTAINER_RESTARTING },
		{ "exited", CONTAINER_EXITED },
		{ "removing", CONTAINER_REMOVING },
		{ "dead", CONTAINER_DEAD },
		/* Podman's */
		{ "configured", CONTAINER_CREATED },
		{ "initialized", CONTAINER_CREATED },
		{ "stopped", CONTAINER_EXITED },
		{ "stopping", CONTAINER_RUNNING },
	};
	for (size_t i = 0; s && i < ARRAY_LEN(words); i++)
		if (strcasecmp(s, words[i].word) == 0)
			return words[i].state;
	return CONTAINER_UNKNOWN;
}

static enum container_health ctr_parse_health_of(const char *s)
{
	if (!s)
		return CTR_HEALTH_NONE;
	if (strcasecmp(s, "healthy") == 0)
		return CTR_HEALTH_HEALTHY;
	if (strcasecmp(s, "unhealthy") == 0)
		return CTR_HEALTH_UNHEALTHY;
	if (strcasecmp(s, "starting") == 0)
		return CTR_HEALTH_STARTING;
	return CTR_HEALTH_NONE;
}

/* Reads "(healthy)", "(unhealthy)" or "(health: starting)" at the end of a list's Status. Before
 * API 1.52 a list has the health nowhere else. */
static enum container_health ctr_parse_health_in_status(const char *s)
{
	if (!s)
		return CTR_HEALTH_NONE;
	if (strstr(s, "(unhealthy)"))
		return CTR_HEALTH_UNHEALTHY;
	if (strstr(s, "(healthy)"))
		return CTR_HEALTH_HEALTHY;
	if (strstr(s, "(health: starting)") || strstr(s, "(starting)"))
		return CTR_HEALTH_STARTING;
	return CTR_HEALTH_NONE;
}

static int64_t ctr_parse_unit_ms(const char *word)
{
	static const struct {
		const char *word;
		int64_t ms;
	} units[] = {
		{ "second", 1000 },      { "minute", 60000 },   { "hour", 3600000 },
		{ "day", 86400000 },     { "week", 604800000 }, { "month", 2592000000 },
		{ "year", 31536000000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strncmp(word, units[i].word, strlen(units[i].word)) == 0)
			return units[i].ms;
	return -1;
}

/* Reads the age in ms from "Up 3 hours", "Exited (0) About a minute ago", "Up Less than a second",
 * "Up About an hour (Paused)". -1 unknown. */
static int64_t ctr_parse_age_in_status(const char *s)
{
	if (!s)
		return -1;
	if (strstr(s, "Less than a second"))
		return 0;
	const char *about = strstr(s, "About a");
	if (about) {
		about += strlen("About a");
		about += *about == 'n';
		return *about == ' ' ? ctr_parse_unit_ms(about + 1) : -1;
	}
	const char *p = strchr(s, ')');
	p = p && (strncmp(s, "Exited", 6) == 0 || strncmp(s, "Restarting", 10) == 0) ? p : s;
	p += strcspn(p, "0123456789");
	char *end;
	long n = strtol(p, &end, 10);
	int64_t unit = end != p && *end == ' ' ? ctr_parse_unit_ms(end + 1) : -1;
	return unit > 0 && n >= 0 && n < 100000 ? n * unit : -1;
}

/* --- the list ------------------------------------------------------------ */

static void ctr_parse_add_word(struct buf *b, const char *word)
{
	if (b->len)
		buf_puts(b, ", ");
	buf_puts(b, word);
}

/* Writes ports like "8080->80/tcp". The address appears only when it is not a wildcard. A port
 * bound for both IPv4 and IPv6 appears once. */
static char *ctr_parse_read_ports(const cJSON *ports)
{
	const cJSON *p;
	struct buf b;
	buf_init(&b, TEXT_MAX);
	cJSON_ArrayForEach (p, ports) {
		char word[128], ip[64] = "", padded[132];
		int inside = ctr_parse_whole(p, "PrivatePort", 0),
		    outside = ctr_parse_whole(p, "PublicPort", 0);
		const char *type = ctr_parse_text(p, "Type"), *addr = ctr_parse_text(p, "IP");
		if (addr && *addr && strcmp(addr, "0.0.0.0") != 0 && strcmp(addr, "::") != 0)
			snprintf(ip, sizeof(ip), "%.50s:", addr);
		if (outside)
			snprintf(word, sizeof(word), "%s%d->%d/%.8s", ip, outside, inside,
			         type ? type : "tcp");
		else
			snprintf(word, sizeof(word), "%d/%.8s", inside, type ? type : "tcp");
		snprintf(padded, sizeof(padded), ", %s", word);
		const char *again = b.data ? strstr(b.data, word) : NULL;
		if (!again || (again != b.data && !strstr(b.data, padded)))
			ctr_parse_add_word(&b, word);
	}
	char *out = b.len ? wash_ndup(b.data, b.len, TEXT_MAX) : NULL;
	buf_finish(&b);
	return out;
}

static const char *ctr_parse_label(const cJSON *labels, const char *name)
{
	char full[96];
	snprintf(full, sizeof(full), "com.docker.compose.%s", name);
	const char *s = ctr_parse_text(labels, full);
	snprintf(full, sizeof(full), "io.podman.compose.%s", name);
	return s ? s : ctr_parse_text(labels, full);
}

/* Labels that decide what a compose command does. Compose sets them on each container. Its own
 * build gives an image only the labels project, service and version. */
static const char *const compose_labels[] = { "config-hash", "container-number",
	                                      "project.working_dir", "project.config_files",
	                                      "project.environment_file" };

/* Compose 2 sets the label "image" to the id of the image that it made the container from. An
 * image's id is a hash over its own labels, so no image can carry its own id. Compose sets
 * environment_file only when asked to, so the image may carry that one nevertheless. */
static enum compose_origin ctr_parse_origin(const cJSON *labels, const char *image_id)
{
	const char *made_from = ctr_parse_label(labels, "image");
	if (!ctr_parse_label(labels, "config-hash") || !ctr_parse_label(labels, "container-number"))
		return COMPOSE_NOT;
	bool proved = made_from && image_id && strncmp(image_id, "sha256:", 7) == 0 &&
	              strcmp(made_from, image_id) == 0;
	return proved && !ctr_parse_label(labels, "project.environment_file") ? COMPOSE_MADE
	                                                                      : COMPOSE_CLAIMED;
}

static void ctr_parse_read_command(struct ctr_item *item, const cJSON *o)
{
	const cJSON *cmd = ctr_parse_member(o, "Command"), *word;
	if (!cJSON_IsArray(cmd)) {
		item->command = ctr_parse_keep(ctr_parse_text(o, "Command"));
		return;
	}
	struct buf b;
	buf_init(&b, TEXT_MAX);
	cJSON_ArrayForEach (word, cmd)
		if (cJSON_IsString(word))
			buf_addf(&b, "%s%s", b.len ? " " : "", word->valuestring);
	item->command = b.len ? wash_ndup(b.data, b.len, TEXT_MAX) : NULL;
	buf_finish(&b);
}

static void ctr_parse_read_item(struct ctr_item *item, const cJSON *o)
{
	const char *status = ctr_parse_text(o, "Status"),
		   *health = ctr_parse_text(ctr_parse_member(o, "Health"), "Status");
	ctr_parse_copy(item->id, sizeof(item->id), ctr_parse_text(o, "Id"));
	/* Docker gives a linked container several names. Its own name has no second slash. */
	const cJSON *name;
	const char *best = NULL;
	cJSON_ArrayForEach (name, ctr_parse_member(o, "Names"))
		if (cJSON_IsString(name) && (!best || strchr(best + 1, '/')))
			best = name->valuestring;
	if (best && *best == '/')
		best++;
	ctr_parse_copy(item->name, sizeof(item->name), best);
	if (!*item->name)
		ctr_parse_copy(item->name, SHORT_ID + 1, item->id);
	item->image = ctr_parse_keep(ctr_parse_text(o, "Image"));
	item->image_id = ctr_parse_keep(ctr_parse_text(o, "ImageID"));
	item->ports = ctr_parse_read_ports(ctr_parse_member(o, "Ports"));
	const cJSON *n;
	struct buf b;
	buf_init(&b, TEXT_MAX);
	cJSON_ArrayForEach (n, ctr_parse_member(ctr_parse_member(o, "NetworkSettings"), "Networks"))
		if (n->string)
			ctr_parse_add_word(&b, n->string);
	char *out = b.len ? wash_ndup(b.data, b.len, TEXT_MAX) : NULL;
	buf_finish(&b);
	item->networks = out;
	ctr_parse_read_command(item, o);
	const cJSON *labels = ctr_parse_member(o, "Labels");
	item->project = ctr_parse_keep(ctr_parse_label(labels, "project"));
	item->service = ctr_parse_keep(ctr_parse_label(labels, "service"));
	item->project_dir = ctr_parse_keep(ctr_parse_label(labels, "project.working_dir"));
	item->by_compose = ctr_parse_origin(labels, item->image_id);
	const char *files = ctr_parse_label(labels, "project.config_files");
	item->project_files = files && *files ? wash_dup(files, 4096) : NULL;
	const char *env = ctr_parse_label(labels, "project.environment_file");
	item->project_env = env && *env ? wash_dup(env, 4096) : NULL;
	item->state = ctr_parse_state_of(ctr_parse_text(o, "State"));
	item->health = health ? ctr_parse_health_of(health) : ctr_parse_health_in_status(status);
	item->created_ms = ctr_parse_whole64(o, "Created") * 1000;
	item->status_age_ms = ctr_parse_age_in_status(status);
	/* Reads the code from "Exited (3) ..." or "Restarting (3) ...". -1 unknown. */
	if (!status ||
	    (strncmp(status, "Exited (", 8) != 0 && strncmp(status, "Restarting (", 12) != 0))
		item->exit_code = -1;
	else
		item->exit_code = number_int(strchr(status, '(') + 1);
}

bool ctr_list_parse(struct ctr_list *list, const char *json, size_t len, struct err *err)
{
	*list = (struct ctr_list){ 0 };
	cJSON *root = ctr_parse_read_json(json, len);
	if (!cJSON_IsArray(root)) {
		cJSON_Delete(root);
		char said[80];
		wash(said, sizeof(said), json, len);
		return err_set(err, ERR_GARBLED,
		               "its list of containers cannot be understood; it begins with: %s",
		               said);
	}
	size_t n = (size_t)cJSON_GetArraySize(root);
	n = n < LIST_MAX ? n : LIST_MAX;
	list->items = xcalloc(n ? n : 1, sizeof(*list->items));
	const cJSON *o;
	cJSON_ArrayForEach (o, root) {
		bool full = list->n == LIST_MAX;
		list->left_out += full;
		if (full || !ctr_parse_text(o, "Id"))
			continue;
		ctr_parse_read_item(&list->items[list->n++], o);
	}
	cJSON_Delete(root);
	return true;
}

void ctr_list_finish(struct ctr_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct ctr_item *it = &list->items[i];
		char *owned[] = { it->image,         it->image_id,   it->command, it->ports,
			          it->networks,      it->project,    it->service, it->project_dir,
			          it->project_files, it->project_env };
		for (size_t k = 0; k < ARRAY_LEN(owned); k++)
			free(owned[k]);
	}
	free(list->items);
	*list = (struct ctr_list){ 0 };
}

/* --- an image ------------------------------------------------------------ */

bool ctr_image_parse(enum compose_origin *origin, const char *json, size_t len, struct err *err)
{
	cJSON *root = ctr_parse_read_json(json, len);
	const cJSON *config = ctr_parse_member(root, "Config");
	*origin = COMPOSE_CLAIMED;
	if (!ctr_parse_text(root, "Id") || !cJSON_IsObject(config)) {
		cJSON_Delete(root);
		return err_set(err, ERR_GARBLED, "its answer about an image cannot be understood");
	}
	*origin = COMPOSE_MADE;
	for (size_t i = 0; i < ARRAY_LEN(compose_labels); i++)
		if (ctr_parse_label(ctr_parse_member(config, "Labels"), compose_labels[i]))
			*origin = COMPOSE_NOT;
	cJSON_Delete(root);
	return true;
}

/* --- inspect ------------------------------------------------------------- */

bool ctr_inspect_parse(struct ctr_inspect *in, const char *json, size_t len, struct err *err)
{
	*in = (struct ctr_inspect){ .restarts = -1, .exit_code = -1 };
	cJSON *root = ctr_parse_read_json(json, len);
	const cJSON *state = ctr_parse_member(root, "State"),
		    *host = ctr_parse_member(root, "HostConfig");
	const char *name = ctr_parse_text(root, "Name");
	if (!ctr_parse_text(root, "Id") || !state) {
		cJSON_Delete(root);
		return err_set(err, ERR_GARBLED,
		               "its answer about a container cannot be understood");
	}
	ctr_parse_copy(in->id, sizeof(in->id), ctr_parse_text(root, "Id"));
	ctr_parse_copy(in->name, sizeof(in->name), name && *name == '/' ? name + 1 : name);
	in->state = ctr_parse_state_of(ctr_parse_text(state, "Status"));
	in->exit_code = ctr_parse_whole(state, "ExitCode", -1);
	in->oom = cJSON_IsTrue(ctr_parse_member(state, "OOMKilled"));
	in->tty = cJSON_IsTrue(ctr_parse_member(ctr_parse_member(root, "Config"), "Tty"));
	in->restarts = ctr_parse_whole(root, "RestartCount", -1);
	in->created_ms = ctr_parse_rfc_time(root, "Created");
	in->started_ms = ctr_parse_rfc_time(state, "StartedAt");
	in->finished_ms = ctr_parse_rfc_time(state, "FinishedAt");
	in->mem_limit = ctr_parse_whole64(host, "Memory");
	ctr_parse_copy(in->policy, sizeof(in->policy),
	               ctr_parse_text(ctr_parse_member(host, "RestartPolicy"), "Name"));
	ctr_parse_copy(in->error, sizeof(in->error), ctr_parse_text(state, "Error"));
	const cJSON *health = ctr_parse_member(state, "Health")
	                              ? ctr_parse_member(state, "Health")
	                              : ctr_parse_member(state, "Healthcheck");
	in->health = ctr_parse_health_of(ctr_parse_text(health, "Status"));
	in->failing_streak = ctr_parse_whole(health, "FailingStreak", 0);
	const cJSON *log = ctr_parse_member(health, "Log");
	int n = cJSON_IsArray(log) ? cJSON_GetArraySize(log) : 0;
	if (n)
		ctr_parse_copy(in->health_output, sizeof(in->health_output),
		               ctr_parse_text(cJSON_GetArrayItem(log, n - 1), "Output"));
	cJSON_Delete(root);
	return true;
}

/* --- events -------------------------------------------------------------- */

static void ctr_parse_read_event_time(struct ctr_event *e, const cJSON *root)
{
	/* timeNano is above 2^53, so a double is off by some hundred ns. since= and the dropping of
	 * duplicates tolerate that. */
	double ns = ctr_parse_number(root, "timeNano", 0), s = ctr_parse_number(root, "time", 0);
	if (!(ns > 0 && ns < 9e18) && s > 0 && s < 9e9)
		ns = s * 1e9;
	if (!(ns > 0 && ns < 9e18))
		return;
	int64_t all = (int64_t)ns;
	e->time_ms = all / 1000000;
	snprintf(e->time, sizeof(e->time), "%lld.%09lld", (long long)(all / 1000000000),
	         (long long)(all % 1000000000));
}

bool ctr_event_parse(struct ctr_event *e, const char *json, size_t len)
{
	*e = (struct ctr_event){ .exit_code = -1 };
	cJSON *root = ctr_parse_read_json(json, len);
	const cJSON *actor = ctr_parse_member(root, "Actor"),
		    *attrs = ctr_parse_member(actor, "Attributes");
	const char *id = ctr_parse_text(actor, "ID"), *action = ctr_parse_text(root, "Action"),
		   *type = ctr_parse_text(root, "Type"), *old = ctr_parse_text(attrs, "oldName");
	if (!id)
		id = ctr_parse_text(root, "id");
	if (!action)
		action = ctr_parse_text(root, "status");
	bool ok = id && action && (!type || strcmp(type, "container") == 0);
	if (ok) {
		ctr_parse_copy(e->id, sizeof(e->id), id);
		char all[128];
		ctr_parse_copy(all, sizeof(all), action);
		char *colon = strchr(all, ':');
		if (colon) {
			*colon++ = '\0';
			ctr_parse_copy(e->detail, sizeof(e->detail), colon + strspn(colon, " "));
		}
		ctr_parse_copy(e->action, sizeof(e->action), all);
		ctr_parse_copy(e->name, sizeof(e->name), ctr_parse_text(attrs, "name"));
		ctr_parse_copy(e->old_name, sizeof(e->old_name),
		               old && *old == '/' ? old + 1 : old);
		ctr_parse_copy(e->image, sizeof(e->image), ctr_parse_text(attrs, "image"));
		ctr_parse_copy(e->signal, sizeof(e->signal), ctr_parse_text(attrs, "signal"));
		ctr_parse_copy(e->project, sizeof(e->project), ctr_parse_label(attrs, "project"));
		ctr_parse_copy(e->service, sizeof(e->service), ctr_parse_label(attrs, "service"));
		static const char *const names[] = { "exitCode", "containerExitCode" };
		e->exit_code = -1;
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			const char *s = ctr_parse_text(attrs, names[i]);
			if (s && (isdigit((unsigned char)*s) || *s == '-')) {
				e->exit_code = number_int(s);
				break;
			}
		}
		ctr_parse_read_event_time(e, root);
		if (strcmp(e->action, "health_status") == 0 && !*e->detail) /* Podman's */
			ctr_parse_copy(e->detail, sizeof(e->detail),
			               ctr_parse_text(attrs, "health_status"));
	}
	cJSON_Delete(root);
	return ok;
}

/* --- stats --------------------------------------------------------------- */

bool ctr_sample_parse(struct ctr_sample *s, const char *json, size_t len)
{
	*s = (struct ctr_sample){ .cpu_ns = -1,
		                  .system_ns = -1,
		                  .before_cpu_ns = -1,
		                  .before_system_ns = -1,
		                  .mem = -1,
		                  .mem_limit = -1,
		                  .rx = -1,
		                  .tx = -1 };
	cJSON *root = ctr_parse_read_json(json, len);
	if (!cJSON_IsObject(root)) {
		cJSON_Delete(root);
		return false;
	}
	const cJSON *cpu = ctr_parse_member(root, "cpu_stats"),
		    *pre = ctr_parse_member(root, "precpu_stats");
	s->read_ms = ctr_parse_rfc_time(root, "read");
	s->cpu_ns = ctr_parse_number(ctr_parse_member(cpu, "cpu_usage"), "total_usage", -1);
	s->system_ns = ctr_parse_number(cpu, "system_cpu_usage", -1);
	s->before_cpu_ns = ctr_parse_number(ctr_parse_member(pre, "cpu_usage"), "total_usage", -1);
	s->before_system_ns = ctr_parse_number(pre, "system_cpu_usage", -1);
	s->cpus = ctr_parse_whole(cpu, "online_cpus", 0);
	if (s->cpus <= 0)
		s->cpus = cJSON_GetArraySize(
			ctr_parse_member(ctr_parse_member(cpu, "cpu_usage"), "percpu_usage"));
	/* Subtracts the page cache from the usage. The cache is inactive_file on cgroup v2,
	 * total_inactive_file or cache on v1. */
	const cJSON *mem = ctr_parse_member(root, "memory_stats");
	const cJSON *detail = ctr_parse_member(mem, "stats");
	double usage = ctr_parse_number(mem, "usage", -1),
	       limit = ctr_parse_number(mem, "limit", -1);
	static const char *const caches[] = { "total_inactive_file", "inactive_file", "cache" };
	double cache = 0;
	for (size_t i = 0; i < ARRAY_LEN(caches); i++)
		if (ctr_parse_member(detail, caches[i])) {
			cache = ctr_parse_number(detail, caches[i], 0);
			break;
		}
	if (usage > 0)
		s->mem = cache < usage ? usage - cache : usage;
	else
		s->mem = -1;
	s->mem_limit = limit > 0 ? limit : -1;
	const cJSON *n;
	cJSON_ArrayForEach (n, ctr_parse_member(root, "networks")) {
		s->rx = (s->rx < 0 ? 0 : s->rx) + ctr_parse_number(n, "rx_bytes", 0);
		s->tx = (s->tx < 0 ? 0 : s->tx) + ctr_parse_number(n, "tx_bytes", 0);
	}
	cJSON_Delete(root);
	s->valid = s->read_ms > 0 && (s->cpu_ns > 0 || s->mem > 0);
	if (!(s->cpu_ns > 0))
		s->cpu_ns = -1;
	return true;
}

double ctr_sample_cpu(const struct ctr_sample *now, const struct ctr_sample *before)
{
	if (!now->valid || now->cpu_ns < 0)
		return -1;
	double used = -1, over = -1;
	if (before && before->valid && before->cpu_ns >= 0 && now->read_ms > before->read_ms) {
		used = now->cpu_ns - before->cpu_ns;
		over = (double)(now->read_ms - before->read_ms) * 1e6;
	} else if (now->before_cpu_ns > 0 && now->before_system_ns > 0 &&
	           now->system_ns > now->before_system_ns) {
		used = now->cpu_ns - now->before_cpu_ns;
		over = (now->system_ns - now->before_system_ns) / (now->cpus > 0 ? now->cpus : 1);
	}
	return used >= 0 && over > 0 ? used / over * 100 : -1;
}

/* --- messages, headers and versions -------------------------------------- */

const char *ctr_message(char *buf, size_t size, const char *body, size_t len)
{
	static const char *const names[] = { "message", "error", "cause" };
	cJSON *root = ctr_parse_read_json(body, len);
	const char *said = NULL;
	for (size_t i = 0; !said && i < ARRAY_LEN(names); i++)
		said = ctr_parse_text(root, names[i]);
	if (said)
		ctr_parse_copy(buf, size, said);
	else
		wash(buf, size, body, len < size ? len : size);
	cJSON_Delete(root);
	return buf;
}

bool ctr_head_value(const char *head, size_t len, const char *name, char *buf, size_t size)
{
	size_t n = strlen(name);
	for (const char *p = head, *end = head + len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl ? nl : end;
		if ((size_t)(stop - p) > n && strncasecmp(p, name, n) == 0 && p[n] == ':') {
			for (p += n + 1; p < stop && *p == ' '; p++)
				;
			return wash(buf, size, p, (size_t)(stop - p)) > 0;
		}
		p = nl ? nl + 1 : end;
	}
	return false;
}

int ctr_version(const char *s)
{
	char *end;
	long major = strtol(s, &end, 10);
	if (end == s || *end != '.' || major < 0 || major > 99)
		return -1;
	long minor = strtol(end + 1, &end, 10);
	return minor >= 0 && minor < 1000 ? (int)(major * 1000 + minor) : -1;
}
