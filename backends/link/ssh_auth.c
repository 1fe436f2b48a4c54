/* ssh_auth.c: user authentication in OpenSSH's order (RFC 4252; keyboard-interactive: RFC 4256;
 * Kerberos: RFC 4462).
 *
 * A key file that needs no passphrase is offered and signed at once. No `none` request for the
 * methods and no probe of the key comes first. That saves two round trips of the login. A refusal
 * lists the methods anyway.
 *
 * A certificate is offered with its key. It comes from CertificateFile of ssh_config, otherwise
 * from KEY-cert.pub beside a key (OpenSSH's load_public_identity_files). */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/ssh_blob.h"
#include "backends/link/ssh_internal.h"

#define PASSPHRASE_TRIES 3
#define KBDINT_ROUNDS_MAX 10 /* for a server that never stops asking */
#define KBDINT_PROMPTS_MAX \
	4             /* in one round: a password, a code, and more prompts for a new password */
#define TRIED_MAX 160 /* fits into an error together with the rest of the sentence */
#define UNUSED_MAX 140
#define CERTS_MAX 64

/* AUTH_MORE: accepted, but the server wants another method too */
enum verdict { AUTH_NO, AUTH_YES, AUTH_MORE, AUTH_FAILED };

struct auth {
	struct login *in;
	ssh_session s;
	struct buf tried; /* for the sentence: "agent, ~/.ssh/id_ed25519 (refused)" */
	/* keys and certificates that the server refused, in base64 */
	struct ssh_words refused;
	struct user_cert certs[CERTS_MAX];
	size_t n_certs;
	bool open_tried; /* key files without a passphrase were tried */
	bool service;    /* the server's methods are known */
};

struct method {
	const char *name;
	int bit;
	enum verdict (*try)(struct auth *);
	size_t may; /* offset of the bool in struct sshconf that allows it */
};

static enum verdict ssh_auth_verdict_of(struct auth *a, int rc)
{
	/* libssh refuses some requests itself and sends nothing; the methods are then still
	 * unknown. */
	if (ssh_userauth_list(a->s, NULL))
		a->service = true;
	switch (rc) {
	case SSH_AUTH_SUCCESS: return AUTH_YES;
	case SSH_AUTH_PARTIAL: return AUTH_MORE;
	case SSH_AUTH_DENIED: return AUTH_NO;
	default: return AUTH_FAILED;
	}
}

static void ssh_auth_tried(struct auth *a, const char *what)
{
	buf_addf(&a->tried, "%s%s", a->tried.len ? ", " : "", what);
}

/* --- keys ---------------------------------------------------------------- */

/* Loads the public key of a key file, from its .pub or from the file itself. */
static ssh_key ssh_auth_load_public(const char *path)
{
	char *pub = xasprintf("%s.pub", path);
	ssh_key key = NULL;
	if (ssh_pki_import_pubkey_file(pub, &key) != SSH_OK &&
	    ssh_pki_import_pubkey_file(path, &key) != SSH_OK)
		key = NULL;
	free(pub);
	return key;
}

/* Returns the public key or the certificate in base64; the caller frees it. NULL: no key. */
static char *ssh_auth_text_of(ssh_key key)
{
	char *text = NULL;
	if (!key || ssh_pki_export_pubkey_base64(key, &text) != SSH_OK)
		return NULL;
	char *copy = xstrdup(text);
	ssh_string_free_char(text);
	return copy;
}

static bool ssh_auth_is_refused(const struct auth *a, const char *text)
{
	for (size_t i = 0; text && i < a->refused.n; i++)
		if (strcmp(a->refused.word[i], text) == 0)
			return true;
	return false;
}

static void ssh_auth_note_refused(struct auth *a, const char *text)
{
	if (text && !ssh_auth_is_refused(a, text))
		ssh_words_add(&a->refused, xstrdup(text));
}

/* Loads a certificate. Skips a missing file or a file without a certificate, as OpenSSH does. */
static void ssh_auth_load_cert(struct auth *a, const char *path)
{
	ssh_key key = NULL;
	if (a->n_certs == CERTS_MAX || access(path, R_OK) != 0 ||
	    ssh_pki_import_cert_file(path, &key) != SSH_OK)
		return;
	char *text = ssh_auth_text_of(key), *key_text = text ? blob_key_of_cert(text) : NULL;
	if (key_text) {
		a->certs[a->n_certs++] = (struct user_cert){
			.path = xstrdup(path), .key = key, .text = text, .key_text = key_text
		};
		return;
	}
	free(text);
	ssh_key_free(key);
}

/* Returns the next certificate for the key that was not refused, from *at on. NULL: no more. */
static const struct user_cert *ssh_auth_next_cert(const struct auth *a, const char *key_text,
                                                  size_t *at)
{
	while (key_text && *at < a->n_certs) {
		const struct user_cert *c = &a->certs[(*at)++];
		if (strcmp(c->key_text, key_text) == 0 && !ssh_auth_is_refused(a, c->text))
			return c;
	}
	return NULL;
}

/* Remembers a certificate that the server accepted. Any other key is skipped. */
static void ssh_auth_note_cert(struct auth *a, const char *text)
{
	struct link_cert *cert = &a->in->cert;
	int64_t from, until;
	if (!text || !blob_cert_times(text, &from, &until))
		return;
	*cert = (struct link_cert){ .from_ms = from * 1000, .until_ms = until * 1000 };
	snprintf(cert->path, sizeof(cert->path), "the agent");
	for (size_t i = 0; i < a->n_certs; i++)
		if (strcmp(a->certs[i].text, text) == 0)
			snprintf(cert->path, sizeof(cert->path), "%s", a->certs[i].path);
}

static enum verdict ssh_auth_try_agent(struct auth *a)
{
	struct ssh_words named = { 0 }, offered = { 0 };
	/* Lists the keys that the configuration names. The agent offers them first, or exclusively
	 * with IdentitiesOnly. A public key file alone is enough. Without CertificateFile, the
	 * certificates beside the keys count as named too. */
	const struct sshconf *c = &a->in->conf;
	for (size_t i = 0; i < c->identities.n; i++) {
		ssh_key key = ssh_auth_load_public(c->identities.word[i]);
		char *text = ssh_auth_text_of(key);
		if (text)
			ssh_words_add(&named, text);
		ssh_key_free(key);
	}
	for (size_t i = 0; i < a->n_certs && !c->certificates.n; i++)
		ssh_words_add(&named, xstrdup(a->certs[i].text));
	struct agent_wishes wishes = {
		.first = &named, .skip = &a->refused, .certs = a->certs, .n_certs = a->n_certs
	};
	struct agent_filter *filter = agent_filter_open(a->in, &wishes);
	enum verdict v = AUTH_NO;
	bool all = true;
	if (filter) {
		int rc = ssh_userauth_agent(a->s, NULL);
		ssh_auth_tried(a, "the keys of the agent");
		/* With an empty agent libssh sends nothing and may return SSH_AUTH_ERROR. */
		all = rc == SSH_AUTH_DENIED; /* after an error some keys were not offered */
		v = rc == SSH_AUTH_ERROR && ssh_is_connected(a->s) ? AUTH_NO
		                                                   : ssh_auth_verdict_of(a, rc);
	}
	char *signed_with = agent_filter_close(filter, &offered);
	if (v == AUTH_YES || v == AUTH_MORE)
		ssh_auth_note_cert(a, signed_with);
	free(signed_with);
	/* Do not offer the same keys again from files: a server counts the tries. */
	for (size_t i = 0; i < offered.n && v == AUTH_NO && all; i++)
		ssh_auth_note_refused(a, offered.word[i]);
	ssh_words_finish(&offered);
	ssh_words_finish(&named);
	return v;
}

static int ssh_auth_note_encrypted(const char *prompt, char *buf, size_t len, int echo, int verify,
                                   void *arg)
{
	*(bool *)arg = true;
	return -1;
}

/* Like OpenSSH: a private key of ours that others may read is not used. */
static bool ssh_auth_too_open(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && st.st_uid == getuid() && (st.st_mode & 077);
}

/* Loads a key that needs no passphrase. Otherwise returns NULL; *encrypted tells whether a
 * passphrase would help. */
static ssh_key ssh_auth_load_open(const char *path, bool *encrypted)
{
	ssh_key key = NULL;
	*encrypted = false;
	if (ssh_auth_too_open(path))
		return NULL;
	if (ssh_pki_import_privkey_file(path, NULL, ssh_auth_note_encrypted, encrypted, &key) !=
	    SSH_OK)
		return NULL;
	return key;
}

static enum verdict ssh_auth_sign_with(struct auth *a, ssh_key key, const char *path)
{
	char *text = ssh_auth_text_of(key);
	const struct user_cert *cert;
	enum verdict v = AUTH_NO;
	for (size_t at = 0; v == AUTH_NO && (cert = ssh_auth_next_cert(a, text, &at));) {
		/* a copy of the key that carries the certificate */
		ssh_key both = ssh_key_dup(key);
		ssh_auth_tried(a, cert->path);
		if (both && ssh_pki_copy_cert_to_privkey(cert->key, both) == SSH_OK)
			v = ssh_auth_verdict_of(a, ssh_userauth_publickey(a->s, NULL, both));
		ssh_key_free(both);
		if (v == AUTH_NO)
			ssh_auth_note_refused(a, cert->text);
		else if (v != AUTH_FAILED)
			ssh_auth_note_cert(a, cert->text);
	}
	if (v == AUTH_NO && !ssh_auth_is_refused(a, text)) {
		ssh_auth_tried(a, path);
		v = ssh_auth_verdict_of(a, ssh_userauth_publickey(a->s, NULL, key));
		if (v == AUTH_NO)
			ssh_auth_note_refused(a, text);
	}
	free(text);
	return v;
}

/* Loads the key at path with the kept passphrase, or asks the user. */
static ssh_key ssh_auth_unlock(struct auth *a, const char *path, bool *gave_up)
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
		                                  "%sThe server %s accepts the key %s,\nwhich is "
		                                  "locked with a passphrase.",
		                                  again, in->conf.hostname, path);
		if (!answer) {
			*gave_up = true;
			return NULL;
		}
		int rc = ssh_pki_import_privkey_file(path, answer->text, NULL, NULL, &key);
		/* Kept for this login even without keep. When the server hangs up meanwhile, the
		 * user need not type the passphrase again. */
		if (rc == SSH_OK)
			kept_add(&in->kept, path, answer, keep);
		secret_destroy(answer);
		if (rc == SSH_OK)
			return key;
		again = "That was not the passphrase.\n";
	}
	return NULL;
}

/* AUTH_YES: the server would accept the key, or a certificate for it. Records refused keys and
 * certificates. */
static enum verdict ssh_auth_probe(struct auth *a, ssh_key public, const char *path)
{
	char *text = ssh_auth_text_of(public);
	const struct user_cert *cert;
	enum verdict v = AUTH_NO;
	for (size_t at = 0; v == AUTH_NO && (cert = ssh_auth_next_cert(a, text, &at));) {
		ssh_auth_tried(a, cert->path);
		v = ssh_auth_verdict_of(a, ssh_userauth_try_publickey(a->s, NULL, cert->key));
		if (v == AUTH_NO)
			ssh_auth_note_refused(a, cert->text);
	}
	if (v == AUTH_NO && !ssh_auth_is_refused(a, text)) {
		ssh_auth_tried(a, path);
		v = ssh_auth_verdict_of(a, ssh_userauth_try_publickey(a->s, NULL, public));
		if (v == AUTH_NO)
			ssh_auth_note_refused(a, text);
	}
	free(text);
	return v;
}

/* Asks for the passphrase only when the server would accept the key. */
static enum verdict ssh_auth_try_locked(struct auth *a, const char *path)
{
	ssh_key public = ssh_auth_load_public(path), key = NULL;
	bool gave_up = false;
	enum verdict v = public ? ssh_auth_probe(a, public, path) : AUTH_YES;
	ssh_key_free(public);
	if (v != AUTH_YES)
		return v;
	key = ssh_auth_unlock(a, path, &gave_up);
	if (!key)
		return gave_up && !a->in->batch ? AUTH_FAILED : AUTH_NO;
	v = ssh_auth_sign_with(a, key, path);
	ssh_key_free(key);
	return v;
}

static enum verdict ssh_auth_try_files(struct auth *a, bool locked)
{
	const struct ssh_words *files = &a->in->conf.identities;
	enum verdict v = AUTH_NO;
	for (size_t i = 0; i < files->n && v == AUTH_NO; i++) {
		const char *path = files->word[i];
		bool encrypted;
		if (access(path, R_OK) != 0)
			continue;
		ssh_key key = ssh_auth_load_open(path, &encrypted);
		if (key && !locked)
			v = ssh_auth_sign_with(a, key, path);
		else if (!key && encrypted && locked)
			v = ssh_auth_try_locked(a, path);
		ssh_key_free(key);
	}
	return v;
}

/* --- unusable keys ------------------------------------------------------- */

/* Why a named key file is unusable. NULL: the file is fine, or missing. */
static const char *ssh_auth_why_unused(const char *path)
{
	bool encrypted;
	if (access(path, R_OK) != 0)
		return errno == EACCES ? "may not be read" : NULL;
	ssh_key public = ssh_auth_load_public(path);
	enum ssh_keytypes_e type = public ? ssh_key_type(public) : SSH_KEYTYPE_UNKNOWN;
	ssh_key_free(public);
	/* Whether the file begins like a private key. A named file may also be a .pub for the
	 * agent. */
	char head[11] = "";
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(head, 1, sizeof(head) - 1, f) : 0;
	if (f)
		fclose(f);
	if (!(n == sizeof(head) - 1 && memcmp(head, "-----BEGIN", n) == 0))
		return type != SSH_KEYTYPE_UNKNOWN ? NULL : "cannot be loaded";
	if (type == SSH_KEYTYPE_SK_ED25519 || type == SSH_KEYTYPE_SK_ECDSA)
		return "is on a security key, which mocr reaches by an agent: ssh-add it";
	if (ssh_auth_too_open(path))
		return "may be read by others: chmod 600 it";
	ssh_key key = ssh_auth_load_open(path, &encrypted);
	ssh_key_free(key);
	return key || encrypted ? NULL : "cannot be loaded";
}

/* --- public keys, in order ----------------------------------------------- */

static enum verdict ssh_auth_try_pubkey(struct auth *a)
{
	enum verdict v = a->open_tried ? AUTH_NO : ssh_auth_try_files(a, false);
	a->open_tried = true;
	if (v == AUTH_NO)
		v = ssh_auth_try_agent(a);
	if (v == AUTH_NO)
		v = ssh_auth_try_files(a, true);
	return v;
}

/* --- passwords and prompts ----------------------------------------------- */

static enum verdict ssh_auth_try_password(struct auth *a)
{
	struct login *in = a->in;
	const char *again = "";
	char prompt[96];
	snprintf(prompt, sizeof(prompt), "Password of %.30s on %.40s", in->conf.user,
	         in->conf.hostname);
	ssh_auth_tried(a, "password");
	struct secret *kept = kept_find(in->kept, "password");
	enum verdict v = kept ? ssh_auth_verdict_of(a,
	                                            ssh_userauth_password(a->s, NULL, kept->text))
	                      : AUTH_NO;
	if (kept && v == AUTH_NO)
		kept_drop(&in->kept, "password");
	for (int i = 0; i < in->conf.prompts && v == AUTH_NO; i++) {
		bool keep = false;
		struct secret *answer = login_ask(in, ASK_PASSWORD, false, true, &keep, prompt,
		                                  "%s%s wants a password for %s.", again,
		                                  in->address, in->conf.user);
		if (!answer)
			return in->batch ? AUTH_NO : AUTH_FAILED;
		kept_add(&in->kept, "password", answer, keep);
		v = ssh_auth_verdict_of(a, ssh_userauth_password(a->s, NULL, answer->text));
		if (v == AUTH_NO)
			kept_drop(&in->kept, "password");
		secret_destroy(answer);
		again = "That was not the password.\n";
	}
	return v;
}

/* Answers the prompts of one round. False: the user gave up, or the round has too many prompts. */
static bool ssh_auth_answer_prompts(struct auth *a, const char *again)
{
	struct login *in = a->in;
	const char *name = ssh_userauth_kbdint_getname(a->s) ?: "";
	const char *text = ssh_userauth_kbdint_getinstruction(a->s) ?: "";
	int n = ssh_userauth_kbdint_getnprompts(a->s);
	if (n > KBDINT_PROMPTS_MAX)
		return err_set(&in->err, ERR_TOO_BIG,
		               "%s: %s asks %d things at once to let %s in; more than %d are not "
		               "answered",
		               in->name, in->address, n, in->conf.user, KBDINT_PROMPTS_MAX);
	for (int i = 0; i < n; i++) {
		char echo = 0, prompt[96];
		const char *words = ssh_userauth_kbdint_getprompt(a->s, (unsigned)i, &echo);
		/* The same prefix as in ssh. The user sees that the server asks, and does not take
		 * the prompt for a question of mocr about a local key. */
		snprintf(prompt, sizeof(prompt), "%.20s@%.30s asks: %s", in->conf.user, in->name,
		         words ?: "?");
		struct secret *answer =
			login_ask(in, ASK_CODE, echo != 0, false, NULL, prompt,
		                  "%sThe server %s asks %s; these are its words:\n%s\n%s", again,
		                  in->address, in->conf.user, name, text);
		if (!answer)
			return false;
		ssh_userauth_kbdint_setanswer(a->s, (unsigned)i, answer->text);
		secret_destroy(answer);
	}
	return true;
}

static enum verdict ssh_auth_try_kbdint(struct auth *a)
{
	const char *again = a->in->hung_up ? "The server hung up while it waited, so the last "
	                                     "answer went nowhere. It asks again.\n"
	                                   : "";
	int rounds = 0;
	ssh_auth_tried(a, "keyboard-interactive");
	for (int i = 0; i < a->in->conf.prompts; i++) {
		int rc = ssh_userauth_kbdint(a->s, NULL, NULL), prompts = 0;
		while (rc == SSH_AUTH_INFO && rounds++ < KBDINT_ROUNDS_MAX) {
			prompts += ssh_userauth_kbdint_getnprompts(a->s);
			if (!ssh_auth_answer_prompts(a, again))
				return a->in->batch ? AUTH_NO : AUTH_FAILED;
			rc = ssh_userauth_kbdint(a->s, NULL, NULL);
		}
		if (rc == SSH_AUTH_INFO) {
			err_set(&a->in->err, ERR_TOO_BIG,
			        "%s: %s asked %d times to let %s in and asks again; that many "
			        "rounds are enough",
			        a->in->name, a->in->address, KBDINT_ROUNDS_MAX, a->in->conf.user);
			return AUTH_FAILED;
		}
		if (rc != SSH_AUTH_DENIED || !prompts)
			return ssh_auth_verdict_of(a, rc);
		a->service = true;
		again = "That was not right.\n";
	}
	return AUTH_NO;
}

/* Kerberos. Without a ticket libssh sends nothing. */
static enum verdict ssh_auth_try_gssapi(struct auth *a)
{
	ssh_auth_tried(a, "Kerberos (`klist` shows whether there is a ticket)");
	return ssh_auth_verdict_of(a, ssh_userauth_gssapi(a->s));
}

/* --- selection and order of the methods ---------------------------------- */

/* In OpenSSH's order. PreferredAuthentications may select and reorder them. */
static const struct method methods[] = {
	{ "gssapi-with-mic", SSH_AUTH_METHOD_GSSAPI_MIC, ssh_auth_try_gssapi,
	  offsetof(struct sshconf, may.gssapi) },
	{ "publickey", SSH_AUTH_METHOD_PUBLICKEY, ssh_auth_try_pubkey,
	  offsetof(struct sshconf, may.pubkey) },
	{ "keyboard-interactive", SSH_AUTH_METHOD_INTERACTIVE, ssh_auth_try_kbdint,
	  offsetof(struct sshconf, may.kbdint) },
	{ "password", SSH_AUTH_METHOD_PASSWORD, ssh_auth_try_password,
	  offsetof(struct sshconf, may.password) },
};

static const char usual_order[] = "gssapi-with-mic,publickey,keyboard-interactive,password";

/* Lists the server's methods for the error sentence. Adds the setting for a method that ssh_config
 * switches off. */
static void ssh_auth_server_allows(struct auth *a, char *buf, size_t size)
{
	static const struct {
		int bit;
		const char *name;
	} words[] = {
		{ SSH_AUTH_METHOD_PUBLICKEY, "publickey" },
		{ SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive" },
		{ SSH_AUTH_METHOD_PASSWORD, "password" },
		{ SSH_AUTH_METHOD_HOSTBASED, "hostbased (not known here)" },
		{ SSH_AUTH_METHOD_GSSAPI_MIC, "Kerberos (gssapi-with-mic)" },
	};
	int bits = ssh_userauth_list(a->s, NULL);
	size_t at = 0;
	*buf = '\0';
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (bits & words[i].bit && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? ", " : "",
			                       words[i].name);
	if (bits & SSH_AUTH_METHOD_GSSAPI_MIC && !a->in->conf.may.gssapi && at < size)
		snprintf(buf + at, size - at, ", which needs GSSAPIAuthentication yes");
	if (!*buf)
		snprintf(buf, size, "nothing that is known here");
}

static void ssh_auth_denied(struct auth *a)
{
	struct login *in = a->in;
	char allows[140];
	if (in->asks.code) {
		in->err = in->asks;
		return;
	}
	struct buf unused = { .max = UNUSED_MAX };
	const struct ssh_words *files = &a->in->conf.identities;
	for (size_t i = 0; i < files->n; i++) {
		const char *path = files->word[i], *why = ssh_auth_why_unused(path);
		ssh_key key = why ? ssh_auth_load_public(path) : NULL;
		char *text = ssh_auth_text_of(key);
		/* otherwise the agent had the key and offered it */
		if (why && !ssh_auth_is_refused(a, text))
			buf_addf(&unused, "; %s %s", path, why);
		free(text);
		ssh_key_free(key);
	}
	for (size_t i = 0; i < a->n_certs; i++) {
		char age[HUMAN_SIZE];
		int64_t from, until, now = now_wall_ms() / 1000;
		if (blob_cert_times(a->certs[i].text, &from, &until) && until && until < now)
			buf_addf(&unused, "; the certificate %s ended %s ago", a->certs[i].path,
			         human_age(age, 1000 * (now - until)));
	}
	if (a->in->no_key_fits)
		buf_addf(&unused,
		         "; libssh knows none of the PubkeyAcceptedAlgorithms of ssh_config");
	ssh_auth_server_allows(a, allows, sizeof(allows));
	const char *what = a->tried.len ? a->tried.data : "nothing, for want of a key";
	err_set(&in->err, ERR_DENIED, "%s: %s did not let %s in: tried %s%s; the server allows %s",
	        in->name, in->address, in->conf.user, what, unused.len ? unused.data : "", allows);
	buf_finish(&unused);
}

static void ssh_auth_broke(struct auth *a)
{
	struct login *in = a->in;
	if (in->err.code == ERR_CANCELLED || in->err.code == ERR_TOO_BIG)
		return;
	const char *words = ssh_get_error(a->s);
	const char *after = a->tried.len ? a->tried.data : "its first question";
	err_set(&in->err, ERR_REFUSED, "%s: %s ended the login of %s after %s: %s", in->name,
	        in->address, in->conf.user, after, *words ? words : "no reason given");
}

/* One pass over the methods. A partial success starts another pass. */
static enum verdict ssh_auth_try_methods(struct auth *a, const struct method **order, size_t n,
                                         bool *done)
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

/* Whether a key may be offered before the server's methods are known. No earlier method may ask the
 * user. */
static bool ssh_auth_begins_with_key(const struct sshconf *c, const struct method **order, size_t n)
{
	size_t first = n && order[0]->try == ssh_auth_try_gssapi ? 1 : 0;
	if (first >= n || order[first]->try != ssh_auth_try_pubkey)
		return false;
	for (size_t i = 0; i < c->identities.n; i++)
		if (access(c->identities.word[i], R_OK) == 0)
			return true;
	return false;
}

bool ssh_auth(struct login *in)
{
	struct auth a = { .in = in, .s = in->session, .tried = { .max = TRIED_MAX } };
	const struct method *order[ARRAY_LEN(methods)];
	bool done[ARRAY_LEN(methods)] = { false };
	/* the methods to try, in order */
	size_t n = 0;
	char *list = xstrdup(in->conf.preferred_auth ? in->conf.preferred_auth : usual_order),
	     *save = NULL;
	for (char *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save))
		for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
			bool may = *(const bool *)((const char *)&in->conf + methods[i].may);
			if (may && strcmp(methods[i].name, word) == 0 && n < ARRAY_LEN(methods))
				order[n++] = &methods[i];
		}
	free(list);
	enum verdict v = AUTH_NO;
	const struct sshconf *c = &a.in->conf;
	for (size_t i = 0; i < c->certificates.n; i++)
		ssh_auth_load_cert(&a, c->certificates.word[i]);
	for (size_t i = 0; i < c->identities.n && !c->certificates.n; i++) {
		char *path = xasprintf("%s-cert.pub", c->identities.word[i]);
		ssh_auth_load_cert(&a, path);
		free(path);
	}
	if (ssh_auth_begins_with_key(&in->conf, order, n)) {
		v = ssh_auth_try_files(&a, false);
		a.open_tried = true;
		/* A server that requires another method first refuses every key. Such a refusal
		 * says nothing about the key. */
		if (v == AUTH_NO && a.service &&
		    !(ssh_userauth_list(a.s, NULL) & SSH_AUTH_METHOD_PUBLICKEY)) {
			a.open_tried = false;
			ssh_words_finish(&a.refused);
		}
		for (size_t i = 0; i < n; i++)
			done[i] = v == AUTH_MORE && order[i]->try == ssh_auth_try_pubkey;
	}
	if (v == AUTH_NO && !a.service)
		v = ssh_auth_verdict_of(&a, ssh_userauth_none(a.s, NULL));
	do {
		if (v == AUTH_NO || v == AUTH_MORE)
			v = ssh_auth_try_methods(&a, order, n, done);
	} while (v == AUTH_MORE);
	bool ok = v == AUTH_YES;
	if (v == AUTH_NO)
		ssh_auth_denied(&a);
	else if (v != AUTH_YES)
		ssh_auth_broke(&a);
	buf_finish(&a.tried);
	ssh_words_finish(&a.refused);
	for (size_t i = 0; i < a.n_certs; i++) {
		free(a.certs[i].path);
		free(a.certs[i].text);
		free(a.certs[i].key_text);
		ssh_key_free(a.certs[i].key);
	}
	return ok;
}
