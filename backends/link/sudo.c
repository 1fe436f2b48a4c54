/* sudo.c: doing as root what the login may not.
 *
 * First `sudo -n`: with NOPASSWD, or a ticket that is still good, nobody is asked. Else the password goes to `sudo -S` on
 * standard input of that one channel, never in argv. sudo speaks English here (LC_ALL=C), so its refusals can be told
 * apart; its own words are shown all the same. A login that is root runs straight. */
#include "backends/link/sudo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"
#include "backends/link/ask.h"
#include "backends/link/loop.h"
#include "backends/store/store.h"

#define SUDO_KEEP_MS (5 * 60 * 1000)
#define SUDO_TRIES 3                 /* one password, and two more when it was wrong */
#define SUDO_NAMED 80                /* bytes of the command that the question shows */

struct sudo {
	struct server *server;           /* borrowed */
	struct secret *kept;             /* owned; NULL: none */
	struct loop_timer *forget;       /* owned; wipes it */
	struct sudo_run *runs;
};

enum sudo_step { SUDO_PLAIN, SUDO_NO_PASSWORD, SUDO_ASKING, SUDO_WITH_PASSWORD };

struct sudo_run {
	struct sudo *sudo;
	struct sudo_run *next;
	enum sudo_step step;
	char *command;                   /* owned; the quoted words of argv */
	char *input;                     /* owned; for the command, behind the password */
	size_t input_len;
	size_t max;
	int64_t timeout_ms;
	run_fn *done;
	void *arg;
	struct run *run;                 /* owned while it runs */
	struct ask *ask;                 /* while it is asked; owned by whoever answers */
	struct secret *tried;            /* the password of this try; owned */
	bool keep, from_kept;
	int tries;
};

static void start(struct sudo_run *);

static void drop_secret(struct secret **s)
{
	secret_destroy(*s);
	*s = NULL;
}

/* --- what is kept ----------------------------------------------------------------------------------------- */

void sudo_forget(struct sudo *s)
{
	drop_secret(&s->kept);
	if (s->forget)
		loop_timer_set(s->forget, -1);
}

static void on_forget(struct loop_timer *t, void *arg)
{
	sudo_forget(arg);
}

static void keep(struct sudo *s, const struct secret *secret)
{
	drop_secret(&s->kept);
	s->kept = secret_create(secret->text, secret->len);
	if (!s->forget)
		s->forget = loop_timer_add(store_loop(s->server->store), SUDO_KEEP_MS, on_forget, s);
	loop_timer_set(s->forget, SUDO_KEEP_MS);
}

struct sudo *sudo_create(struct server *server)
{
	struct sudo *s = xcalloc(1, sizeof(*s));
	s->server = server;
	return s;
}

void sudo_destroy(struct sudo *s)
{
	if (!s)
		return;
	while (s->runs)
		sudo_run_cancel(s->runs);
	drop_secret(&s->kept);
	loop_timer_remove(s->forget);
	free(s);
}

/* --- ends --------------------------------------------------------------------------------------------------- */

static void run_free(struct sudo_run *r)
{
	for (struct sudo_run **slot = &r->sudo->runs; *slot; slot = &(*slot)->next)
		if (*slot == r) {
			*slot = r->next;
			break;
		}
	run_cancel(r->run);
	drop_secret(&r->tried);
	if (r->input)
		wipe(r->input, r->input_len);
	free(r->input);
	free(r->command);
	free(r);
}

static void finish(struct sudo_run *r, const struct run_result *result)
{
	run_fn *done = r->done;
	void *arg = r->arg;
	run_free(r);
	done(result, arg);
}

static void fail(struct sudo_run *r, const struct run_result *result, enum err_code code, const char *fmt,
                 const char *words)
{
	struct run_result failed = *result;
	char line[200];
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(words, "\r\n"), words);
	failed.end.exit_code = -1;
	err_set(&failed.end.err, code, fmt, r->sudo->server->name, line);
	finish(r, &failed);
}

void sudo_run_cancel(struct sudo_run *r)
{
	if (!r)
		return;
	if (r->ask)
		server_ask_drop(r->sudo->server, r->ask);
	run_free(r);
}

/* --- asking ---------------------------------------------------------------------------------------------------- */

static void on_answer(struct ask *ask, struct secret *answer, bool keep_it, void *arg)
{
	struct sudo_run *r = arg;
	static const struct run_result nothing = {.out = "", .err_out = "", .end = {.exit_code = -1}};
	r->ask = NULL;
	if (!answer) {
		fail(r, &nothing, ERR_CANCELLED, "%s: the password for sudo was not given%s", "");
		return;
	}
	drop_secret(&r->tried);
	r->tried = answer;
	r->keep = keep_it;
	r->from_kept = false;
	r->step = SUDO_WITH_PASSWORD;
	r->tries++;
	start(r);
}

static void ask_user(struct sudo_run *r)
{
	struct server *v = r->sudo->server;
	const char *user = *v->user ? v->user : "the login";
	struct ask *a = xcalloc(1, sizeof(*a));
	a->kind = ASK_SUDO;
	a->can_keep = true;
	snprintf(a->title, sizeof(a->title), "%.60s: sudo password", v->name);
	char named[SUDO_NAMED + 1];
	wash(named, sizeof(named), r->command, strlen(r->command));
	snprintf(a->text, sizeof(a->text), "%s%.60s may not do this as %.60s without a password:\n%s%s",
	         r->tries ? "That was not the password.\n" : "", v->name, user, named, strlen(r->command) > SUDO_NAMED ? "..." : "");
	snprintf(a->prompt, sizeof(a->prompt), "Password of %.30s on %.40s", user, v->name);
	a->answered = on_answer;
	a->arg = r;
	r->step = SUDO_ASKING;
	r->ask = a;
	server_ask(v, a);
}

/* --- running ----------------------------------------------------------------------------------------------------- */

static bool says(const struct run_result *result, const char *const *phrases)
{
	for (; *phrases; phrases++)
		if (strstr(result->err_out, *phrases))
			return true;
	return false;
}

static void use_password(struct sudo_run *r)
{
	struct sudo *s = r->sudo;
	if (!s->kept || r->tries) {
		ask_user(r);
		return;
	}
	r->tried = secret_create(s->kept->text, s->kept->len);
	r->from_kept = true;
	r->step = SUDO_WITH_PASSWORD;
	start(r);
}

static void on_result(const struct run_result *result, void *arg)
{
	static const char *const wants[] = {"a password is required", "a terminal is required", "no password was provided",
	                                    NULL};
	static const char *const wrong[] = {"Sorry, try again", "incorrect password", NULL};
	static const char *const forbids[] = {"is not in the sudoers file", "is not allowed to", "may not run sudo", NULL};
	struct sudo_run *r = arg;
	r->run = NULL;
	bool refused = !result->end.err.code && result->end.exit_code == 1;
	if (r->step == SUDO_PLAIN || result->end.err.code) {
		finish(r, result);
	} else if (result->end.exit_code == 127 && strstr(result->err_out, "sudo")) {
		fail(r, result, ERR_ABSENT, "%s has no sudo, and the login is not root (%s)", result->err_out);
	} else if (refused && says(result, forbids)) {
		fail(r, result, ERR_DENIED, "%s: sudo refused: %s", result->err_out);
	} else if (refused && r->step == SUDO_NO_PASSWORD && says(result, wants)) {
		use_password(r);
	} else if (refused && r->step == SUDO_WITH_PASSWORD && says(result, wrong)) {
		if (r->from_kept)
			sudo_forget(r->sudo);
		if (r->tries < SUDO_TRIES)
			ask_user(r);
		else
			fail(r, result, ERR_DENIED, "%s: sudo took none of the passwords (%s)", result->err_out);
	} else {
		if (r->step == SUDO_WITH_PASSWORD && r->keep)
			keep(r->sudo, r->tried);
		finish(r, result);
	}
}

static void start(struct sudo_run *r)
{
	static const char *const prefix[] = {
		[SUDO_PLAIN] = "", [SUDO_NO_PASSWORD] = "LC_ALL=C sudo -n -- ", [SUDO_WITH_PASSWORD] = "LC_ALL=C sudo -k -S -p '' -- ",
	};
	struct link *link = r->sudo->server->link;
	char *command = xasprintf("%s%s", prefix[r->step], r->command), *input = NULL;
	size_t len = r->step == SUDO_WITH_PASSWORD ? r->tried->len + 1 : 0;
	input = xcalloc(1, len + r->input_len + 1);
	if (len) {
		memcpy(input, r->tried->text, r->tried->len);
		input[len - 1] = '\n';
	}
	if (r->input_len)
		memcpy(input + len, r->input, r->input_len);
	len += r->input_len;
	r->run = link_run(link, command, input, len, r->max, r->timeout_ms, on_result, r);
	wipe(input, len);
	free(input);
	free(command);
}

static bool is_root(const struct server *v)
{
	return link_is_local(v->link) ? geteuid() == 0 : v->uid == 0;
}

struct sudo_run *sudo_run(struct sudo *s, const char *const *argv, size_t max, int64_t timeout_ms, run_fn *done,
                          void *arg)
{
	return sudo_run_input(s, argv, NULL, 0, max, timeout_ms, done, arg);
}

struct sudo_run *sudo_run_input(struct sudo *s, const char *const *argv, const void *input, size_t len, size_t max,
                                int64_t timeout_ms, run_fn *done, void *arg)
{
	struct sudo_run *r = xcalloc(1, sizeof(*r));
	*r = (struct sudo_run){.sudo = s, .max = max, .timeout_ms = timeout_ms, .done = done, .arg = arg, .next = s->runs};
	if (len) {
		r->input = xcalloc(1, len);
		memcpy(r->input, input, len);
		r->input_len = len;
	}
	r->command = quote_command(argv);
	r->step = is_root(s->server) ? SUDO_PLAIN : SUDO_NO_PASSWORD;
	s->runs = r;
	start(r);
	return r;
}
