/* ssh_auth.c: proving who the user is, in the order OpenSSH would.
 *
 * Where a key file can be used without asking, it is offered at once and signed: no `none` request first to learn the
 * methods, no probe of the key, which saves two round trips of the log-in. The refusal, if it comes, names the methods. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/ssh_internal.h"

#define PASSPHRASE_TRIES 3
#define KBDINT_ROUNDS_MAX 20         /* of a server that never ends its questions */
#define TRIED_MAX 400

enum verdict { AUTH_NO, AUTH_YES, AUTH_MORE, AUTH_FAILED };   /* MORE: right, but another method is wanted, too */

struct auth {
	struct login *in;
	ssh_session s;
	struct buf tried;              /* for the sentence: "agent, ~/.ssh/id_ed25519 (refused)" */
	struct ssh_words refused;      /* keys the server would not have, in base64 */
	bool service;                  /* something was sent already, so the server's methods are known */
};

struct method {
	const char *name;
	int bit;
	enum verdict (*try)(struct auth *);
	bool (*allowed)(const struct sshconf *);
};

static enum verdict verdict_of(struct auth *a, int rc)
{
	a->service = true;
	switch (rc) {
	case SSH_AUTH_SUCCESS: return AUTH_YES;
	case SSH_AUTH_PARTIAL: return AUTH_MORE;
	case SSH_AUTH_DENIED: return AUTH_NO;
	default: return AUTH_FAILED;
	}
}

static void tried(struct auth *a, const char *what)
{
	buf_addf(&a->tried, "%s%s", a->tried.len ? ", " : "", what);
}

/* --- keys -------------------------------------------------------------------------------------------------- */

/* The public half of a key file, from its .pub or from itself. */
static ssh_key load_public(const char *path)
{
	char *pub = xasprintf("%s.pub", path);
	ssh_key key = NULL;
	if (ssh_pki_import_pubkey_file(pub, &key) != SSH_OK && ssh_pki_import_pubkey_file(path, &key) != SSH_OK)
		key = NULL;
	free(pub);
	return key;
}

static void note_key(struct ssh_words *words, ssh_key key)
{
	char *text = NULL;
	if (key && ssh_pki_export_pubkey_base64(key, &text) == SSH_OK)
		ssh_words_add(words, xstrdup(text));
	ssh_string_free_char(text);
}

/* The keys that the configuration names: the agent offers them first, or (IdentitiesOnly) alone. A file may be there as
 * its public half only. */
static void named_keys(const struct sshconf *c, struct ssh_words *words)
{
	for (size_t i = 0; i < c->identities.n; i++) {
		ssh_key key = load_public(c->identities.word[i]);
		note_key(words, key);
		ssh_key_free(key);
	}
}

static enum verdict try_agent(struct auth *a)
{
	struct ssh_words named = {0};
	named_keys(&a->in->conf, &named);
	struct agent_door *door = ssh_door_open(a->in, &named, &a->refused);
	enum verdict v = AUTH_NO;
	if (door) {
		int rc = ssh_userauth_agent(a->s, NULL);
		tried(a, "the keys of the agent");
		/* With an empty agent nothing was sent, and the code may be that of an error. */
		v = rc == SSH_AUTH_ERROR && ssh_is_connected(a->s) ? AUTH_NO : verdict_of(a, rc);
	}
	ssh_door_close(door);
	ssh_words_finish(&named);
	return v;
}

static int note_encrypted(const char *prompt, char *buf, size_t len, int echo, int verify, void *arg)
{
	*(bool *)arg = true;
	return -1;
}

/* Loads a key that needs no passphrase; NULL otherwise, and says whether it would need one. */
static ssh_key load_open(const char *path, bool *encrypted)
{
	ssh_key key = NULL;
	*encrypted = false;
	if (ssh_pki_import_privkey_file(path, NULL, note_encrypted, encrypted, &key) != SSH_OK)
		return NULL;
	return key;
}

static enum verdict sign_with(struct auth *a, ssh_key key, const char *path)
{
	char *cert_path = xasprintf("%s-cert.pub", path);
	ssh_key cert = NULL;
	enum verdict v = AUTH_NO;
	if (access(cert_path, R_OK) == 0 && ssh_pki_import_cert_file(cert_path, &cert) == SSH_OK &&
	    ssh_pki_copy_cert_to_privkey(cert, key) == SSH_OK) {
		tried(a, cert_path);
		v = verdict_of(a, ssh_userauth_publickey(a->s, NULL, key));
	}
	ssh_key_free(cert);
	free(cert_path);
	if (v == AUTH_NO)
		v = verdict_of(a, ssh_userauth_publickey(a->s, NULL, key));
	if (v == AUTH_NO)
		note_key(&a->refused, key);
	return v;
}

/* The passphrase of path: kept before, or asked for. */
static ssh_key unlock(struct auth *a, const char *path, bool *gave_up)
{
	struct login *in = a->in;
	ssh_key key = NULL;
	char prompt[96];
	const char *again = "";
	struct secret *kept = kept_find(in->kept, path);
	if (kept && ssh_pki_import_privkey_file(path, kept->text, NULL, NULL, &key) == SSH_OK)
		return key;
	snprintf(prompt, sizeof(prompt), "Passphrase of %.70s", path);
	for (int i = 0; i < PASSPHRASE_TRIES; i++) {
		bool keep = false;
		struct secret *answer = login_ask(in, ASK_PASSPHRASE, false, true, &keep, prompt,
		                                  "%sThe server %s accepts the key %s,\nwhich is locked with a passphrase.", again,
		                                  in->conf.hostname, path);
		if (!answer) {
			*gave_up = true;
			return NULL;
		}
		int rc = ssh_pki_import_privkey_file(path, answer->text, NULL, NULL, &key);
		/* Also without keep, for this log-in: should the server have hung up meanwhile, it is not asked for twice. */
		if (rc == SSH_OK)
			kept_add(&in->kept, path, answer, keep);
		secret_destroy(answer);
		if (rc == SSH_OK)
			return key;
		again = "That was not the passphrase.\n";
	}
	return NULL;
}

/* A locked key is asked for only when the server says that it would do. */
static enum verdict try_locked(struct auth *a, const char *path)
{
	ssh_key public = load_public(path), key = NULL;
	bool gave_up = false;
	enum verdict v = AUTH_NO;
	if (public)
		v = verdict_of(a, ssh_userauth_try_publickey(a->s, NULL, public));
	if (!public || v == AUTH_YES) {
		key = unlock(a, path, &gave_up);
		v = key ? sign_with(a, key, path) : gave_up && !a->in->batch ? AUTH_FAILED : AUTH_NO;
	}
	ssh_key_free(public);
	ssh_key_free(key);
	return v;
}

static enum verdict try_files(struct auth *a, bool locked)
{
	const struct ssh_words *files = &a->in->conf.identities;
	for (size_t i = 0; i < files->n; i++) {
		const char *path = files->word[i];
		bool encrypted;
		if (access(path, R_OK) != 0)
			continue;
		ssh_key key = load_open(path, &encrypted);
		if ((key && locked) || (!key && !(encrypted && locked))) {
			ssh_key_free(key);
			continue;
		}
		tried(a, path);
		enum verdict v = key ? sign_with(a, key, path) : try_locked(a, path);
		ssh_key_free(key);
		if (v != AUTH_NO)
			return v;
	}
	return AUTH_NO;
}

static enum verdict try_pubkey(struct auth *a)
{
	enum verdict v = try_files(a, false);
	if (v == AUTH_NO)
		v = try_agent(a);
	if (v == AUTH_NO)
		v = try_files(a, true);
	return v;
}

/* --- words ------------------------------------------------------------------------------------------------- */

static enum verdict try_password(struct auth *a)
{
	struct login *in = a->in;
	const char *again = "";
	char prompt[96];
	snprintf(prompt, sizeof(prompt), "Password of %.30s on %.40s", in->conf.user, in->conf.hostname);
	tried(a, "password");
	struct secret *kept = kept_find(in->kept, "password");
	enum verdict v = kept ? verdict_of(a, ssh_userauth_password(a->s, NULL, kept->text)) : AUTH_NO;
	if (kept && v == AUTH_NO)
		kept_drop(&in->kept, "password");
	for (int i = 0; i < in->conf.prompts && v == AUTH_NO; i++) {
		bool keep = false;
		struct secret *answer = login_ask(in, ASK_PASSWORD, false, true, &keep, prompt, "%s%s wants a password for %s.",
		                                  again, in->address, in->conf.user);
		if (!answer)
			return in->batch ? AUTH_NO : AUTH_FAILED;
		kept_add(&in->kept, "password", answer, keep);
		v = verdict_of(a, ssh_userauth_password(a->s, NULL, answer->text));
		if (v == AUTH_NO)
			kept_drop(&in->kept, "password");
		secret_destroy(answer);
		again = "That was not the password.\n";
	}
	return v;
}

/* Answers the prompts of one round; false when the user gave up. */
static bool answer_prompts(struct auth *a, const char *again)
{
	struct login *in = a->in;
	const char *name = ssh_userauth_kbdint_getname(a->s), *text = ssh_userauth_kbdint_getinstruction(a->s);
	int n = ssh_userauth_kbdint_getnprompts(a->s);
	for (int i = 0; i < n; i++) {
		char echo = 0;
		const char *words = ssh_userauth_kbdint_getprompt(a->s, (unsigned)i, &echo);
		struct secret *answer = login_ask(in, ASK_CODE, echo != 0, false, NULL, words ?: "?", "%s%s asks %s:\n%s\n%s", again,
		                                  in->address, in->conf.user, name ?: "", text ?: "");
		if (!answer)
			return false;
		ssh_userauth_kbdint_setanswer(a->s, (unsigned)i, answer->text);
		secret_destroy(answer);
	}
	return true;
}

static enum verdict try_kbdint(struct auth *a)
{
	const char *again = a->in->hung_up ? "The server hung up while it waited, so the last answer went nowhere. It asks anew.\n" : "";
	int rounds = 0;
	tried(a, "keyboard-interactive");
	for (int i = 0; i < a->in->conf.prompts; i++) {
		int rc = ssh_userauth_kbdint(a->s, NULL, NULL), prompts = 0;
		while (rc == SSH_AUTH_INFO && rounds++ < KBDINT_ROUNDS_MAX) {
			prompts += ssh_userauth_kbdint_getnprompts(a->s);
			if (!answer_prompts(a, again))
				return a->in->batch ? AUTH_NO : AUTH_FAILED;
			rc = ssh_userauth_kbdint(a->s, NULL, NULL);
		}
		if (rc != SSH_AUTH_DENIED || !prompts)
			return verdict_of(a, rc);
		a->service = true;
		again = "That was not right.\n";
	}
	return AUTH_NO;
}

/* --- which, and in what order -------------------------------------------------------------------------------- */

static bool pubkey_allowed(const struct sshconf *c) { return c->pubkey; }
static bool kbdint_allowed(const struct sshconf *c) { return c->kbdint; }
static bool password_allowed(const struct sshconf *c) { return c->password; }

/* In OpenSSH's order; PreferredAuthentications may choose and turn it around. */
static const struct method methods[] = {
	{"publickey", SSH_AUTH_METHOD_PUBLICKEY, try_pubkey, pubkey_allowed},
	{"keyboard-interactive", SSH_AUTH_METHOD_INTERACTIVE, try_kbdint, kbdint_allowed},
	{"password", SSH_AUTH_METHOD_PASSWORD, try_password, password_allowed},
};

/* The methods to try, in their order; returns how many. */
static size_t choose(const struct sshconf *c, const struct method **out)
{
	size_t n = 0;
	char *list = xstrdup(c->preferred_auth ? c->preferred_auth : "publickey,keyboard-interactive,password"), *save = NULL;
	for (char *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save))
		for (size_t i = 0; i < ARRAY_LEN(methods); i++)
			if (strcmp(methods[i].name, word) == 0 && methods[i].allowed(c) && n < ARRAY_LEN(methods))
				out[n++] = &methods[i];
	free(list);
	return n;
}

static bool has_open_key(const struct sshconf *c)
{
	for (size_t i = 0; i < c->identities.n; i++)
		if (access(c->identities.word[i], R_OK) == 0)
			return true;
	return false;
}

static void server_allows(struct auth *a, char *buf, size_t size)
{
	int bits = ssh_userauth_list(a->s, NULL);
	size_t at = 0;
	*buf = '\0';
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (bits & methods[i].bit && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? ", " : "", methods[i].name);
	if (!*buf)
		snprintf(buf, size, "nothing that is known here");
}

static bool denied(struct auth *a)
{
	struct login *in = a->in;
	char allows[100];
	if (in->asks.code) {
		in->err = in->asks;
		return false;
	}
	server_allows(a, allows, sizeof(allows));
	return err_set(&in->err, ERR_DENIED, "%s: %s let %s not in: tried %s; the server allows %s", in->name, in->address,
	               in->conf.user, a->tried.len ? a->tried.data : "nothing, for want of a key", allows);
}

static bool broke(struct auth *a)
{
	struct login *in = a->in;
	if (in->err.code == ERR_CANCELLED)
		return false;
	const char *words = ssh_get_error(a->s);
	return err_set(&in->err, ERR_REFUSED, "%s: %s ended the log-in of %s after %s: %s", in->name, in->address, in->conf.user,
	               a->tried.len ? a->tried.data : "its first question", *words ? words : "no reason given");
}

/* One pass over the methods; a partial success starts another. */
static enum verdict try_methods(struct auth *a, const struct method **order, size_t n, bool *done)
{
	for (size_t i = 0; i < n; i++) {
		if (done[i] || (a->service && !(ssh_userauth_list(a->s, NULL) & order[i]->bit)))
			continue;
		done[i] = true;
		enum verdict v = order[i]->try(a);
		if (v != AUTH_NO)
			return v;
	}
	return AUTH_NO;
}

bool ssh_auth(struct login *in)
{
	struct auth a = {.in = in, .s = in->session, .tried = {.max = TRIED_MAX}};
	const struct method *order[ARRAY_LEN(methods)];
	bool done[ARRAY_LEN(methods)] = {false};
	size_t n = choose(&in->conf, order);
	enum verdict v = AUTH_NO;
	if (!n || order[0]->try != try_pubkey || !has_open_key(&in->conf))
		v = verdict_of(&a, ssh_userauth_none(a.s, NULL));
	do {
		if (v == AUTH_NO || v == AUTH_MORE)
			v = try_methods(&a, order, n, done);
	} while (v == AUTH_MORE);
	/* Servers that ask for nothing, and were offered something first. */
	if (v == AUTH_NO && !ssh_userauth_list(a.s, NULL))
		v = verdict_of(&a, ssh_userauth_none(a.s, NULL));
	bool ok = v == AUTH_YES || (v == AUTH_NO ? denied(&a) : broke(&a));
	buf_finish(&a.tried);
	ssh_words_finish(&a.refused);
	return ok;
}
