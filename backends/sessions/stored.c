/* stored.c: sessions in the login's OpenCode database. It lists sessions that no server serves. It
 * also supplies costs and tokens that older servers do not state.
 *
 * Source: no document; the schema of opencode.db as seen on OpenCode 1.2.6, 1.2.11, 1.18.33 and the
 * preview of 2.0. The tables session and message are in it from 1.2 on; earlier versions kept JSON
 * files. 2.0 keeps its messages in session_message, and message is empty for them. "opencode db"
 * and "opencode export" are in "opencode --help" of 1.x. sqlite3(1) for -readonly and -json.
 *
 * The database is only read: by sqlite3, else by Python's sqlite3 module. Both are cheap. As a last
 * resort "opencode db" reads it, which costs a second or two of processor time. That runs only if
 * no OpenCode server was found, once per connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/sessions/oc_v2_parse.h"
#include "backends/sessions/sessions.h"
#include "backends/store/record.h"

#define STORED_MS 20000
#define EXPORT_MS 30000
#define STORED_MAX (4u << 20)
#define EXPORT_MAX (12u << 20)
#define STORED_ID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* OpenCode never ends, and takes gigabytes of memory, once nobody reads its output (seen on 1.18.33
 * after a lost link). So a shell on the server reads its output to the end, and a timeout limits
 * its run. */
#define READ_TO_THE_END(command)                                                      \
	"t=; if command -v timeout >/dev/null 2>&1; then t=\"timeout -k 1 25\"; fi; " \
	"o=$($t " command ") || exit; printf \"%s\\n\" \"$o\""

/* Tokens of an assistant message. 1.2.x counts reasoning inside output. */
#define TOKENS                                                                                     \
	"coalesce(json_extract(m.data,'$.tokens.input'),0)+coalesce(json_extract(m.data,'$."       \
	"tokens.output'),0)"                                                                       \
	"+coalesce(json_extract(m.data,'$.tokens.cache.read'),0)+coalesce(json_extract(m.data,'$." \
	"tokens.cache.write'),0)"                                                                  \
	"+case when s.version like '1.2.%' then 0 else "                                           \
	"coalesce(json_extract(m.data,'$.tokens.reasoning'),0) end"
#define SUM_OF(what) "(select sum(" what ") from "
#define COST "json_extract(m.data,'$.cost')"
#define OF_1 "message m where m.session_id=s.id and json_extract(m.data,'$.role')='assistant')"
#define OF_2 "session_message m where m.session_id=s.id and m.type='assistant')"
/* A session that 2.0 took over may be in both tables. */
#define OF_BOTH(what)                                                                  \
	"coalesce(max(" SUM_OF(what) OF_1 "," SUM_OF(what) OF_2 ")," SUM_OF(what) OF_1 \
		"," SUM_OF(what) OF_2 ")"
#define QUERY(cost, tokens)                                                                 \
	"select s.id, s.title, s.directory, s.parent_id parent, s.time_created "            \
	"created, s.time_updated updated, s.time_archived archived, " cost " cost, " tokens \
	" tokens, (select count(*) from session) of_all "                                   \
	"from session s order by s.time_updated desc limit 500;\n"

/* A line for databases with both tables of messages, and one for those that 2.0 never opened. */
static const char queries[] = QUERY(OF_BOTH(COST), OF_BOTH(TOKENS))
	QUERY(SUM_OF(COST) OF_1, SUM_OF(TOKENS) OF_1);

/* "sql QUERY" prints the rows of the database $d as JSON. Without a program for that, $sql is
 * empty. */
#define SQL                                                                                 \
	"PATH=$PATH:$HOME/.opencode/bin:$HOME/.local/bin:/usr/local/bin; "                  \
	"d=${OPENCODE_DB:-${XDG_DATA_HOME:-$HOME/.local/share}/opencode/opencode.db}; "     \
	"sql=; if command -v sqlite3 >/dev/null 2>&1; then sql=yes; "                       \
	"sql() { sqlite3 -readonly -json \"$d\" \"$1\"; }; "                                \
	"elif command -v python3 >/dev/null 2>&1; then sql=yes; "                           \
	"sql() { python3 -c \"import sys,json,sqlite3,urllib.parse as u;"                   \
	"c=sqlite3.connect(\\\"file:\\\"+u.quote(sys.argv[1])+\\\"?mode=ro\\\",uri=True);"  \
	"c.row_factory=sqlite3.Row;"                                                        \
	"print(json.dumps([dict(r) for r in c.execute(sys.argv[2])]))\" \"$d\" \"$1\"; }; " \
	"fi; "

/* $1: "yes" allows starting OpenCode itself. The queries arrive on standard input. */
static const char script[] = SQL
	"[ -r \"$d\" ] || exit 0; "
	"IFS= read -r both; IFS= read -r one; "
	"if [ -n \"$sql\" ]; then sql \"$both\" 2>/dev/null || sql \"$one\"; exit; fi; "
	"[ \"$1\" = yes ] && command -v opencode >/dev/null 2>&1 || exit 0; "
	"p=opencode; " OC_ONLY_1("exit 0")
		READ_TO_THE_END("opencode db --format json \"$one\" </dev/null");

/* The newest messages of the session $i, newest first, as the API of 2.0 lists them; "[]" where the
 * session has none in that table. */
#define MESSAGES_OF_2                                                                           \
	"if [ -n \"$sql\" ] && [ -r \"$d\" ]; then o=$(sql \"select json_group_array(json(x)) " \
	"messages from (select json_patch(data,json_object('id',id,'type',type)) x from "       \
	"session_message where session_id='$i' order by seq desc limit 200)\" 2>/dev/null); "   \
	"case $o in ''|*'\"[]\"'*) ;; *) printf \"%s\\n\" \"$o\"; exit 0;; esac; fi; "

/* --- into rows ----------------------------------------------------------- */

/* Only after every server has listed its sessions is it known which sessions no server serves. */
static bool stored_all_heard(const struct sessions *ss)
{
	for (const struct oc *oc = ss->ocs; oc; oc = oc->next)
		if (oc->state != OC_LIVE && oc->state != OC_STRANGE)
			return replay_is_on(ss->source.store);
	return true;
}

static void stored_take(struct sessions *ss, const struct oc_session *o)
{
	struct ses *s = ses_find(ss, o->id);
	if (!s)
		s = ses_make(ss, NULL, o);
	s->stored_round = ss->stored_round;
	if (!s->home) {
		ses_listed(s, o);
		ses_describe(s, o);
	}
	if (s->tells_cost)
		return;
	if (o->cost >= 0)
		s->row->cost = o->cost;
	else if (!s->home)
		s->row->cost = -1;
	s->row->tokens = o->tokens >= 0 ? o->tokens : s->row->tokens;
}

void stored_apply(struct sessions *ss)
{
	struct oc_sessions list;
	struct ses *s, *next;
	if (!ss->stored || !stored_all_heard(ss) ||
	    !oc_parse_stored(ss->stored, strlen(ss->stored), &list, NULL))
		return;
	size_t of_all = list.n + list.left_out;
	ss->stored_round++;
	for (size_t i = 0; i < list.n; i++)
		stored_take(ss, &list.v[i]);
	oc_sessions_free(&list);
	HASH_ITER (hh, ss->table, s, next)
		if (!s->home && s->stored_round != ss->stored_round)
			ses_free(s);
	/* a server may list some of those that the database's answer has no room for */
	size_t known = HASH_COUNT(ss->table);
	ss->stored_left_out = of_all > known ? of_all - known : 0;
	sessions_sum_left_out(ss);
	free(ss->stored);
	ss->stored = NULL;
	sessions_judge(ss);
}

void stored_feed(struct sessions *ss, const char *bytes, size_t len)
{
	free(ss->stored);
	ss->stored = xstrndup(bytes, len);
	stored_apply(ss);
}

/* --- fetch ---------------------------------------------------------------- */

static void stored_done(const struct run_result *r, void *arg)
{
	struct sessions *ss = arg;
	ss->stored_run = NULL;
	/* otherwise the database is locked or has another schema: keep the rows */
	bool good = !r->end.err.code && r->end.exit_code == 0;
	if (good && r->out_len)
		source_feed(&ss->source, "stored", r->out, r->out_len);
	else if (good)
		source_feed(&ss->source, "stored", "[]", 2);
	sessions_judge_source(ss);
}

void stored_look(struct sessions *ss)
{
	bool may_start = !ss->ocs && !ss->stored_started;
	const char *argv[] = { "sh", "-c", script, "sh", may_start ? "yes" : "no", NULL };
	if (ss->stored_run || source_link(&ss->source)->state != LINK_UP)
		return;
	ss->stored_started |= may_start;
	char *command = quote_command(argv);
	ss->stored_run = link_run(source_link(&ss->source), command, queries, sizeof(queries) - 1,
	                          STORED_MAX, STORED_MS, stored_done, ss);
	run_name(ss->stored_run, "the list of stored sessions");
	free(command);
}

/* --- the conversation of a session that no server serves ------------------ */

/* The messages as 1.x lists them: of its export, or of the row of MESSAGES_OF_2. NULL: neither. The
 * caller frees. */
static char *stored_messages(const char *json, size_t len)
{
	cJSON *root = json_parse(json, len);
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "messages");
	const cJSON *row = cJSON_GetArrayItem(root, 0);
	const cJSON *of_2 = cJSON_GetObjectItemCaseSensitive(row, "messages");
	char *text = NULL;
	if (cJSON_IsArray(list)) {
		text = cJSON_PrintUnformatted(list);
	} else if (cJSON_IsString(of_2)) {
		char *answer = xasprintf("{\"data\":%s}", of_2->valuestring);
		struct buf out = { 0 };
		if (oc_v2_conversation(answer, strlen(answer), &out))
			text = buf_take(&out);
		buf_finish(&out);
		free(answer);
	}
	cJSON_Delete(root);
	return text;
}

static void stored_export_done(const struct run_result *r, void *arg)
{
	struct ses *s = arg;
	struct err err = r->end.err;
	s->export_run = NULL;
	char *text = err.code ? NULL : stored_messages(r->out, r->out_len);
	char *what = xasprintf("stored-messages %s", s->id);
	if (!text && !err.code)
		err_set(&err, ERR_REFUSED, "its program did not export it: %.200s",
		        r->err_len ? r->err_out : "no word");
	fetch_forget(&s->messages_fetch);
	fetch_given(&s->messages_fetch, sync_at(loop_now(store_loop(s->row->row.source->store))));
	xreplace(&s->messages_err, text ? NULL : err.text);
	if (text)
		source_feed(s->row->row.source, what, text, strlen(text));
	else
		store_touch(&s->row->row);
	free(text);
	free(what);
}

void stored_want_messages(struct ses *s)
{
	struct link *link = source_link(s->row->row.source);
	bool fresh = (s->messages || s->messages_err) && s->messages_fetch.state == FETCH_FRESH;
	if (fresh || s->export_run || link->state != LINK_UP)
		return;
	struct buf b;
	buf_init(&b, 8192);
	buf_puts(&b, SQL "cd ");
	quote_word(&b, s->directory ? s->directory : "/");
	buf_puts(&b, " 2>/dev/null; i=");
	quote_word(&b, s->id);
	buf_puts(&b, "; ");
	/* the id becomes a part of the query */
	if (strspn(s->id, STORED_ID_CHARACTERS) == strlen(s->id))
		buf_puts(&b, MESSAGES_OF_2);
	buf_puts(&b, "p=opencode; " OC_ONLY_1(
			     "echo \"the program opencode there is of version "
			     "${v:-unknown}, which reads it only while it serves\" "
			     ">&2; exit 1") READ_TO_THE_END("opencode export \"$i\" </dev/null"));
	s->export_run = link_run(link, b.data, NULL, 0, EXPORT_MAX, EXPORT_MS, stored_export_done,
	                         s);
	run_name(s->export_run, "`opencode export`");
	buf_finish(&b);
}
