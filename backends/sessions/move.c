/* move.c: exports a session to a file, imports a file, and moves a session to another server or
 * directory.
 *
 * Source: OpenCode server docs (opencode.ai/docs/server) for the export of 1.x, and the CLI's
 * "opencode import" for its import; for 2.x the protocol package of anomalyco/opencode
 * (/api/experimental/session/:id/export and /api/experimental/session/import).
 *
 * The API of 1.x has no import call, so the server's own program imports from its standard input.
 * The copy gets new ids. With the old ids 1.x would move the existing session, or silently drop its
 * messages; 2.x would refuse it. Afterwards the messages that arrived are counted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/link/http.h"
#include "backends/sessions/acts.h"
#include "backends/sessions/oc_dialect.h"

#define FILE_MAX (48u << 20) /* bytes of an exported session */
#define IMPORT_MS 60000
#define ID_TAIL 14 /* the random end of an id; the time before it stays, to keep the order */

/* --- export --------------------------------------------------------------- */

/* Writes the whole file or nothing. Never overwrites a file. */
static bool move_write_file(const char *path, const char *text, size_t len, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, "%s could not be written: %s", path,
		               errno == EEXIST ? "it is there already" : strerror(errno));
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, text + at, len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err_set(err, ERR_SYSTEM,
			        "%s could not be written: %s; it was taken away again", path,
			        strerror(errno));
			close(fd);
			unlink(path);
			return false;
		}
		at += (size_t)n;
	}
	if (close(fd) == 0)
		return true;
	unlink(path);
	return err_set(err, ERR_SYSTEM, "%s could not be written: %s", path, strerror(errno));
}

static void move_there(struct act *a);

/* a->text is the whole export, with n messages. */
static void move_exported(struct act *a, long n)
{
	char said[160];
	struct err err;
	if (a->to) {
		move_there(a);
		return;
	}
	snprintf(said, sizeof(said), "%ld messages", n);
	char *whole = xasprintf("%s\n", a->text);
	bool good = move_write_file(a->order->argument, whole, strlen(whole), &err);
	free(whole);
	oc_act_end(a, good ? NULL : &err, said);
}

static void move_messages_came(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	a->call = NULL;
	long n = !err.code ? json_count(r->body, r->len) : -1;
	if (n < 0) {
		if (!err.code)
			err_set(&err, ERR_GARBLED,
			        "its messages could not be understood; nothing was written");
		oc_act_end(a, &err, NULL);
		return;
	}
	char *both = xasprintf("{\"info\":%s,\"messages\":%s}", a->text, r->body);
	free(a->text);
	a->text = both;
	move_exported(a, n);
}

static void move_info_came(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	struct ses *s = ses_find(a->oc->owner, a->sid);
	a->call = NULL;
	if (err.code || !s) {
		if (s == NULL)
			err_set(&err, ERR_ABSENT, "it is no longer there");
		oc_act_end(a, &err, NULL);
		return;
	}
	a->text = xstrndup(r->body, r->len);
	char *path = oc_path(s, "/message");
	a->call = oc_call(a->oc, "GET", path, NULL, IMPORT_MS, FILE_MAX, move_messages_came, a);
	free(path);
}

/* Finds the export in the answer of 2.x. Returns the number of its messages, or -1 without one. */
static long move_find_export(const struct api_answer *r, const char **data, size_t *len)
{
	const char *list;
	size_t list_len;
	if (!json_member(r->body, r->len, "data", data, len) ||
	    !json_member(*data, *len, "messages", &list, &list_len))
		return -1;
	return json_count(list, list_len);
}

static void move_export_came(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	const char *data = NULL;
	size_t len = 0;
	a->call = NULL;
	long n = !err.code ? move_find_export(r, &data, &len) : -1;
	if (n < 0) {
		if (!err.code)
			err_set(&err, ERR_GARBLED,
			        "its export could not be understood; nothing was written");
		oc_act_end(a, &err, NULL);
		return;
	}
	a->text = xstrndup(data, len);
	move_exported(a, n);
}

/* Asks a server of 2.x for the export of the session a->sid. */
static void move_ask_export(struct act *a, void (*done)(const struct api_answer *, void *))
{
	const struct oc_dialect *d = a->oc->dialect;
	char *id = http_encode(a->sid);
	char *path = xasprintf("%s%s%s", d->export_before, id, d->export_after);
	a->call = oc_call(a->oc, "GET", path, NULL, IMPORT_MS, FILE_MAX, done, a);
	free(path);
	free(id);
}

static void move_fetch(struct act *a, const struct ses *s)
{
	if (a->oc->dialect->export_before) {
		move_ask_export(a, move_export_came);
		return;
	}
	char *path = oc_path(s, "");
	a->call = oc_call(a->oc, "GET", path, NULL, ACT_MS, 0, move_info_came, a);
	free(path);
}

void session_export(struct order *order)
{
	struct ses *s;
	if (!order->argument || !*order->argument) {
		oc_act_fail(order, ERR_USAGE,
		            "it needs the name of a file: `mocr do export SERVER/session/ID FILE`");
		return;
	}
	struct act *a = oc_act_begin(order, &s);
	if (a)
		move_fetch(a, s);
}

/* --- import --------------------------------------------------------------- */

static char *move_read_file(const char *path, size_t *len, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX) {
		err_set(err, ERR_SYSTEM, "%s could not be read: %s", path,
		        fd < 0 ? strerror(errno) : "it is not a file, or is over 48 MB");
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	char *text = xcalloc(1, (size_t)st.st_size + 1);
	size_t at = 0;
	for (ssize_t n;
	     at < (size_t)st.st_size && (n = read(fd, text + at, (size_t)st.st_size - at)) > 0;)
		at += (size_t)n;
	close(fd);
	*len = at;
	return text;
}

/* Replaces the end of every id. Equal ids stay equal. */
static void move_renew_ids(char *text, size_t len, uint64_t nonce)
{
	static const char abc[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	for (size_t i = 0; i + 30 <= len; i++) {
		char *id = text + i;
		if (strncmp(id, "ses_", 4) && strncmp(id, "msg_", 4) && strncmp(id, "prt_", 4))
			continue;
		if (strspn(id + 4, abc) < 26)
			continue;
		uint64_t h = nonce ^ 1469598103934665603ull;
		for (size_t k = 0; k < 30; k++)
			h = (h ^ (unsigned char)id[k]) * 1099511628211ull;
		for (size_t k = 30 - ID_TAIL; k < 30; k++) {
			h = h * 6364136223846793005ull + 1442695040888963407ull;
			id[k] = abc[(h >> 33) % 62];
		}
		i += 29;
	}
}

static void move_archives(struct act *a);

static void move_counted(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	char said[160];
	long count = 0;
	const char *data;
	size_t len;
	a->call = NULL;
	if (!err.code && a->oc->dialect->import)
		count = move_find_export(r, &data, &len);
	else if (!err.code)
		count = json_count(r->body, r->len);
	size_t n = count > 0 ? (size_t)count : 0;
	if (!err.code && n != a->messages)
		err_set(&err, ERR_GARBLED,
		        "only %zu of %zu messages arrived in %s; the file is still whole, the copy "
		        "is not",
		        n, a->messages, a->sid);
	snprintf(said, sizeof(said), "%s with all its %zu messages", a->sid, n);
	oc_snapshot(a->oc);
	if (!err.code && a->to) {
		move_archives(a);
		return;
	}
	oc_act_end(a, &err, said);
}

static void move_imported(const struct run_result *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->end.err;
	a->run = NULL;
	const char *said = strstr(r->out, "Imported session: "),
		   *id = said ? said + strlen("Imported session: ") : NULL;
	size_t n = id ? strspn(id,
	                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
	              : 0;
	if (!err.code && (!n || n >= sizeof(a->sid))) {
		const char *words;
		if (r->err_len)
			words = r->err_out;
		else if (r->out_len)
			words = r->out;
		else
			words = "no word";
		err_set(&err, ERR_REFUSED, "its program did not take it: %.200s", words);
	}
	if (err.code) {
		oc_act_end(a, &err, NULL);
		return;
	}
	memcpy(a->sid, id, n);
	a->sid[n] = '\0';
	struct ses like = { .home = a->oc, .directory = a->directory };
	memcpy(like.id, a->sid, sizeof(like.id));
	char *path = oc_path(&like, "/message");
	a->call = oc_call(a->oc, "GET", path, NULL, IMPORT_MS, FILE_MAX, move_counted, a);
	free(path);
}

/* Returns the generation of OpenCode that made an export: 2 names a location. 0: not an export. */
static int move_generation(const cJSON *info)
{
	if (!cJSON_IsObject(info))
		return 0;
	return cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(info, "location")) ? 2 : 1;
}

/* Returns the export with new ids, and with the target directory as this generation names it. NULL
 * and err: text is no export, or one of another generation. The caller frees. */
static char *move_made_new(char *text, size_t len, const struct act *a, const char *project,
                           size_t *messages, struct err *err)
{
	int wanted = a->oc->dialect->import ? 2 : 1;
	const char *directory = a->directory;
	uint64_t nonce = 0;
	if (getrandom(&nonce, sizeof(nonce), 0) != sizeof(nonce))
		nonce = (uint64_t)loop_now;
	move_renew_ids(text, len, nonce);
	const char *at = NULL, *list = NULL;
	size_t at_len = 0, list_len = 0;
	cJSON *info = json_member(text, len, "info", &at, &at_len) ? json_parse(at, at_len) : NULL;
	long n = json_member(text, len, "messages", &list, &list_len) ? json_count(list, list_len)
	                                                              : -1;
	char *out = NULL;
	int generation = n >= 0 ? move_generation(info) : 0;
	if (!generation) {
		err_set(err, ERR_GARBLED,
		        "it is not an export of an OpenCode session; nothing was done");
	} else if (generation != wanted) {
		err_set(err, ERR_USAGE,
		        "it is an export of OpenCode %d, and OpenCode on %s is of generation %d, "
		        "which cannot read it; nothing was done",
		        generation, a->oc->owner->source.server->name, wanted);
	} else if (wanted == 2) {
		*messages = (size_t)n;
		cJSON_DeleteItemFromObjectCaseSensitive(info, "parentID");
		cJSON *place = cJSON_CreateObject();
		cJSON_AddStringToObject(place, "directory", directory);
		char *words = cJSON_PrintUnformatted(info);
		char *where = cJSON_PrintUnformatted(place);
		out = xasprintf("{\"info\":%s,\"messages\":%.*s,\"location\":%s}", words,
		                (int)list_len, list, where);
		cJSON_Delete(place);
		free(words);
		free(where);
	} else {
		*messages = (size_t)n;
		cJSON_DeleteItemFromObjectCaseSensitive(info, "directory");
		/* its parent is not there */
		cJSON_DeleteItemFromObjectCaseSensitive(info, "parentID");
		cJSON_AddStringToObject(info, "directory", directory);
		if (project) { /* older programs take this id as it is */
			cJSON_DeleteItemFromObjectCaseSensitive(info, "projectID");
			cJSON_AddStringToObject(info, "projectID", project);
		}
		char *words = cJSON_PrintUnformatted(info);
		out = xasprintf("{\"info\":%s,\"messages\":%.*s}", words, (int)list_len, list);
		free(words);
	}
	cJSON_Delete(info);
	return out;
}

/* A server of 2.x made the session. Counts the messages of what it exports now. */
static void move_taken(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	a->call = NULL;
	cJSON *o = !err.code ? json_parse(r->body, r->len) : NULL;
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(o, "data");
	bool named = vj_text(data, "id", NULL, a->sid, sizeof(a->sid));
	cJSON_Delete(o);
	if (!err.code && !named)
		err_set(&err, ERR_GARBLED,
		        "its server took it, but named no session; look for the copy in the list");
	if (err.code)
		oc_act_end(a, &err, NULL);
	else
		move_ask_export(a, move_counted);
}

/* Imports a->text into a->directory, which belongs to project. */
static void move_import_text(struct act *a, const char *project)
{
	struct err err;
	char *out = move_made_new(a->text, strlen(a->text), a, project, &a->messages, &err);
	if (!out) {
		oc_act_end(a, &err, NULL);
		return;
	}
	if (a->oc->dialect->import) {
		a->call = oc_call(a->oc, "POST", a->oc->dialect->import, out, IMPORT_MS, 0,
		                  move_taken, a);
		free(out);
		return;
	}
	struct buf script;
	buf_init(&script, 16384);
	buf_puts(&script, "PATH=$PATH:$HOME/.opencode/bin:$HOME/.local/bin:/usr/local/bin; p=");
	quote_word(&script, a->oc->program ? a->oc->program : "opencode");
	buf_puts(&script, "; [ -x \"$p\" ] || p=opencode; " OC_ONLY_1(
				  "printf \"%s\\n\" \"the program opencode there is of version "
				  "${v:-unknown}, and only version 1 imports this way; nothing "
				  "was made\" >&2; exit 1") "cd ");
	quote_word(&script, a->directory);
	buf_puts(&script, " && exec \"$p\" import /dev/stdin");
	a->run = link_run(source_link(&a->oc->owner->source), script.data, out, strlen(out), 65536,
	                  IMPORT_MS, move_imported, a);
	run_name(a->run, "`opencode import`");
	buf_finish(&script);
	free(out);
}

static void move_project_came(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	a->call = NULL;
	cJSON *o = !err.code ? json_parse(r->body, r->len) : NULL;
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(o, "id");
	char *project = cJSON_IsString(id) ? xstrdup(id->valuestring) : NULL;
	cJSON_Delete(o);
	move_import_text(a, project);
	free(project);
}

/* Check the directory first: OpenCode would assign a missing directory to no project. */
static void move_folder_looked(const struct run_result *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->end.err;
	a->run = NULL;
	if (!err.code && r->end.exit_code != 0)
		err_set(&err, ERR_ABSENT, "there is no directory %.120s on %s; nothing was done",
		        a->directory, a->oc->owner->source.server->name);
	if (err.code) {
		oc_act_end(a, &err, NULL);
		return;
	}
	if (a->oc->dialect->import) {
		move_import_text(a, NULL);
		return;
	}
	char *path = oc_v1_path_in(a->directory, "/project/current");
	a->call = oc_call(a->oc, "GET", path, NULL, ACT_MS, 0, move_project_came, a);
	free(path);
}

static void move_import_begin(struct act *a)
{
	const char *argv[] = { "test", "-d", a->directory, NULL };
	char *command = quote_command(argv);
	a->run = link_run(source_link(&a->oc->owner->source), command, NULL, 0, 4096, ACT_MS,
	                  move_folder_looked, a);
	free(command);
}

void session_import(struct order *order)
{
	struct row *row = order_row(order);
	const struct session *r = ROW_AS(session, row);
	struct ses *s = row ? ses_of(row) : NULL;
	struct oc *oc;
	if (s)
		oc = s->home;
	else if (row && r->type == SESSION_SERVICE)
		oc = r->priv;
	else
		oc = NULL;
	const char *words = order->argument ? order->argument : "", *dir = strrchr(words, ' ');
	if (!dir || dir[1] != '/') {
		oc_act_fail(order, ERR_USAGE,
		            "it needs a file of this machine and a directory over there: \"FILE "
		            "/srv/app\"");
		return;
	}
	if (!oc || !oc->api || oc->state != OC_LIVE) {
		oc_act_fail(order, ERR_LOST,
		            "its OpenCode server cannot be reached now; nothing was made");
		return;
	}
	struct act *a = oc_act_add(order, oc, &oc->acts);
	char *file = xstrndup(words, (size_t)(dir - words));
	a->directory = xstrdup(dir + 1);
	struct err err;
	size_t len = 0;
	a->text = move_read_file(file, &len, &err);
	if (a->text)
		move_import_begin(a);
	else
		oc_act_end(a, &err, NULL);
	free(file);
}

/* --- move to another server ----------------------------------------------- */

#define MOVE_WAIT_MS 20000 /* longest wait until the other server is live */
#define MOVE_LOOK_MS 200

/* From here on the act ends when the link of oc is lost. */
static void move_act_rehome(struct act *a, struct oc *oc)
{
	LIST_DROP(*a->list, a);
	a->oc = oc;
	a->list = &oc->acts;
	a->next = oc->acts;
	oc->acts = a;
}

static void move_archived(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	char said[256];
	a->call = NULL;
	if (err.code) {
		struct err why = err;
		err_set(&err, why.code,
		        "it is on %s as %s, whole; but the one here could not be archived: %.160s",
		        a->to, a->text, why.text);
		oc_act_end(a, &err, NULL);
		return;
	}
	snprintf(said, sizeof(said),
	         "it is on %s as %s with all its %zu messages; the one here is archived", a->to,
	         a->text, a->messages);
	oc_act_end(a, NULL, said);
}

static void move_archives(struct act *a)
{
	struct row *row = order_row(a->order);
	struct ses *s = row ? ses_of(row) : NULL;
	xreplace(&a->text, a->sid); /* id of the copy */
	if (!s || !s->home || s->home->state != OC_LIVE) {
		struct err err;
		err_set(&err, ERR_LOST,
		        "it is on %s as %s, whole; but the one here cannot be reached now and was "
		        "not archived",
		        a->to, a->sid);
		oc_act_end(a, &err, NULL);
		return;
	}
	move_act_rehome(a, s->home);
	memcpy(a->sid, s->id, sizeof(a->sid));
	const struct oc_how *call = &a->oc->dialect->acts[OC_ARCHIVE];
	if (!call->method) {
		char said[256];
		snprintf(said, sizeof(said),
		         "it is on %s as %s with all its %zu messages; OpenCode %s has no archive, "
		         "so the one here stays",
		         a->to, a->text, a->messages, a->oc->version);
		oc_act_end(a, NULL, said);
		return;
	}
	char *path = oc_path(s, call->path), *body = call->body ? call->body(s, "") : NULL;
	a->call = oc_call(a->oc, call->method, path, body, ACT_MS, 0, move_archived, a);
	free(path);
	free(body);
}

/* Finds a live OpenCode server of the same generation on the target. NULL: none; may_come says
 * whether to wait, other is one of another generation or NULL. */
static struct oc *move_oc_of(const struct act *a, bool *may_come, const struct oc **other)
{
	struct server *v = store_server_find(a->order->store, a->to);
	struct source *src = v ? server_source(v, backend_sessions.name) : NULL;
	*may_come = v && (v->link->state == LINK_CONNECTING || v->link->state == LINK_ASKING ||
	                  (src && src->state == SOURCE_WAITING));
	for (struct oc *oc = src ? sessions_of(src)->ocs : NULL; oc; oc = oc->next) {
		const struct oc_dialect *d = oc->dialect, *ours = a->oc->dialect;
		bool alike = d->has_program == ours->has_program && !d->import == !ours->import;
		if (oc->state == OC_LIVE && alike)
			return oc;
		if (oc->state == OC_LIVE)
			*other = oc;
		*may_come |= oc->state == OC_FOUND || oc->state == OC_ASKING;
	}
	return NULL;
}

static void move_on_look(struct loop_timer *timer, void *arg)
{
	move_there(arg);
}

static void move_there(struct act *a)
{
	struct loop *loop = store_loop(a->order->store);
	bool may_come;
	struct err err;
	const struct oc *other = NULL;
	struct oc *oc = move_oc_of(a, &may_come, &other);
	if (oc) {
		move_act_rehome(a, oc);
		move_import_begin(a);
	} else if (may_come && loop_now(loop) - a->since_ms < MOVE_WAIT_MS) {
		if (!a->timer)
			a->timer = loop_timer_add(loop, MOVE_LOOK_MS, move_on_look, a);
		loop_timer_set(a->timer, MOVE_LOOK_MS);
	} else if (other) {
		err_set(&err, ERR_USAGE,
		        "OpenCode on %s is %s and this one %s: a session moves only within one "
		        "generation; nothing was moved, and its conversation can be copied from "
		        "the details",
		        a->to, other->version, a->oc->version);
		oc_act_end(a, &err, NULL);
	} else {
		err_set(&err, ERR_ABSENT,
		        "no OpenCode server on %s can be reached now; nothing was moved", a->to);
		oc_act_end(a, &err, NULL);
	}
}

/* "SERVER [DIRECTORY]". Without a directory, the target directory is that of the session. */
void session_move(struct order *order)
{
	struct ses *s;
	const char *words = order->argument ? order->argument : "";
	size_t n = strcspn(words, " ");
	char *to = xstrndup(words, n);
	words += n + strspn(words + n, " ");
	if (!n || (*words && *words != '/') || !store_server_find(order->store, to)) {
		oc_act_fail(order, ERR_USAGE,
		            n && (!*words || *words == '/') ? "there is no such server here; `mocr "
		                                              "SERVER` and :connect open one"
		                                            : "it needs a server, and may have a "
		                                              "directory there: \"sese /srv/app\"");
		free(to);
		return;
	}
	struct act *a = oc_act_begin(order, &s);
	if (!a) {
		free(to);
		return;
	}
	a->to = to;
	a->since_ms = loop_now(store_loop(order->store));
	if (*words)
		act_path(words, &a->directory);
	else
		a->directory = xstrdup(s->directory);
	move_fetch(a, s);
}
