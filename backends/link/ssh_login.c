/* ssh_login.c: one login, from the name to an authenticated session, in a worker thread.
 *
 * The worker may block in a name look-up, in libssh or in a security key. It may wait hours for the
 * user. It shares only struct login with the loop, under the lock. login_abandon sets cancelled,
 * wakes the worker and forgets the login. The worker then cleans up and drops the last reference.
 * Questions go to the loop by loop_call, and answers come back through the condition variable. */
#include "backends/link/ssh_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"

/* for each step of banner and key exchange, which take a few round trips */
#define KEX_TIMEOUT_S 10
#define AUTH_TIMEOUT_S 90 /* a second factor may wait for a telephone */
#define CONNECT_TIMEOUT_MS 5000
#define LOGINS_MAX 3 /* connections for one login, when the server closes while the user types */

/* --- kept secrets -------------------------------------------------------- */

struct secret *kept_find(const struct kept *k, const char *key)
{
	for (; k; k = k->next)
		if (strcmp(k->key, key) == 0)
			return k->secret;
	return NULL;
}

void kept_drop(struct kept **list, const char *key)
{
	struct kept *k = *list;
	while (k && strcmp(k->key, key) != 0)
		k = k->next;
	if (!k)
		return;
	LIST_DROP(*list, k);
	k->next = NULL;
	kept_free(k);
}

void kept_add(struct kept **list, const char *key, const struct secret *secret, bool lasting)
{
	kept_drop(list, key);
	struct kept *k = xcalloc(1, sizeof(*k));
	*k = (struct kept){ .key = xstrdup(key),
		            .secret = secret_create(secret->text, secret->len),
		            .lasting = lasting,
		            .next = *list };
	*list = k;
}

void kept_free(struct kept *k)
{
	struct kept *one, *next;
	LL_FOREACH_SAFE (k, one, next) {
		free(one->key);
		secret_destroy(one->secret);
		free(one);
	}
}

struct kept *kept_copy(const struct kept *k)
{
	struct kept *copy = NULL;
	for (; k; k = k->next)
		if (k->lasting)
			kept_add(&copy, k->key, k->secret, true);
	return copy;
}

/* --- create and destroy -------------------------------------------------- */

struct login *login_create(struct link_ssh *l)
{
	struct login *in = xcalloc(1, sizeof(*in));
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->changed, NULL);
	in->refs = 2; /* the link's and the worker's */
	in->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	in->socket = in->fd = in->proxy_words = -1;
	in->loop = l->link.loop;
	in->link = l;
	in->name = xstrdup(l->link.name);
	in->dest = xstrdup(l->dest);
	in->ssh_config = xstrdup(l->ssh_config);
	in->identity = xstrdup(l->identity);
	in->connect_timeout_ms = l->connect_timeout_ms;
	in->batch = l->batch;
	in->kept = kept_copy(l->kept);
	return in;
}

void login_unref(struct login *in)
{
	pthread_mutex_lock(&in->lock);
	assert(in->refs > 0);
	bool last = --in->refs == 0;
	pthread_mutex_unlock(&in->lock);
	if (!last)
		return;
	if (in->session)
		ssh_free(in->session);
	else if (in->fd >= 0)
		close(in->fd);
	ssh_net_close(in);
	if (in->socket >= 0)
		close(in->socket);
	if (in->cancel_fd >= 0)
		close(in->cancel_fd);
	secret_destroy(in->question.answer);
	kept_free(in->kept);
	sshconf_finish(&in->conf);
	ssh_dest_finish(&in->where);
	free(in->name);
	free(in->dest);
	free(in->ssh_config);
	free(in->identity);
	pthread_cond_destroy(&in->changed);
	pthread_mutex_destroy(&in->lock);
	free(in);
}

void login_abandon(struct login *in)
{
	uint64_t one = 1;
	in->link = NULL;
	pthread_mutex_lock(&in->lock);
	in->cancelled = true;
	if (in->socket >= 0)
		shutdown(in->socket, SHUT_RDWR);
	if (in->helper > 0)
		kill(-in->helper, SIGTERM);
	if (write(in->cancel_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
	pthread_cond_broadcast(&in->changed);
	pthread_mutex_unlock(&in->lock);
	login_unref(in);
}

bool login_cancelled(struct login *in)
{
	pthread_mutex_lock(&in->lock);
	bool cancelled = in->cancelled;
	pthread_mutex_unlock(&in->lock);
	return cancelled;
}

void login_set_socket(struct login *in, int fd)
{
	int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	pthread_mutex_lock(&in->lock);
	int old = in->socket;
	in->socket = copy;
	if (in->cancelled && copy >= 0)
		shutdown(copy, SHUT_RDWR);
	pthread_mutex_unlock(&in->lock);
	if (old >= 0)
		close(old);
}

bool login_wait(struct login *in, int fd, short events, int64_t until_ms)
{
	for (;;) {
		struct pollfd p[2] = { { .fd = fd, .events = events },
			               { .fd = in->cancel_fd, .events = POLLIN } };
		int64_t left = until_ms - now_mono_ms();
		int r = poll(p, 2, left > 0 ? (int)left : 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (p[0].revents && !p[1].revents)
			return true;
		if (p[1].revents || left <= 0) {
			errno = p[1].revents ? ECANCELED : ETIMEDOUT;
			return false;
		}
	}
}

/* --- questions ----------------------------------------------------------- */

/* Takes the answer, in the loop's thread. */
static void ssh_login_on_answered(struct ask *ask, struct secret *answer, bool keep, void *arg)
{
	struct login *in = arg;
	struct link_ssh *l = in->link;
	pthread_mutex_lock(&in->lock);
	in->question.answer = answer;
	in->question.keep = keep;
	in->question.answered = true;
	pthread_cond_broadcast(&in->changed);
	pthread_mutex_unlock(&in->lock);
	login_unref(in);
	if (l && l->link.ask == ask) {
		l->link.ask = NULL; /* ask is freed when this returns */
		link_set_state(&l->link, LINK_CONNECTING, NULL);
	}
}

/* Shows the question, in the loop's thread. The answer releases the reference of this call. */
static void ssh_login_put_question(void *arg)
{
	struct login *in = arg;
	if (!in->link) {
		login_unref(in);
		return;
	}
	struct ask *ask = xcalloc(1, sizeof(*ask));
	/* the worker waits and does not touch the question */
	const struct question *q = &in->question;
	ask->kind = q->kind;
	ask->echo = q->echo;
	ask->can_keep = q->can_keep;
	memcpy(ask->title, q->title, sizeof(ask->title));
	memcpy(ask->text, q->text, sizeof(ask->text));
	memcpy(ask->prompt, q->prompt, sizeof(ask->prompt));
	ask->answered = ssh_login_on_answered;
	ask->arg = in;
	link_set_ask(&in->link->link, ask);
}

static const char *const ask_titles[] = {
	[ASK_HOST_KEY] = "first contact",
	[ASK_PASSPHRASE] = "passphrase",
	[ASK_PASSWORD] = "password",
	[ASK_CODE] = "code",
	[ASK_SUDO] = "sudo",
};

/* Takes the answer under the lock, because an answer may still arrive after the login was
 * cancelled. */
static struct secret *ssh_login_wait_for_answer(struct login *in, bool *keep)
{
	struct question *q = &in->question;
	pthread_mutex_lock(&in->lock);
	if (!in->cancelled) {
		in->refs++;
		/* login_abandon needs this lock too, so here the loop still exists. */
		loop_call(in->loop, ssh_login_put_question, in);
		while (!q->answered && !in->cancelled)
			pthread_cond_wait(&in->changed, &in->lock);
	}
	struct secret *answer = q->answer;
	q->answer = NULL;
	if (keep)
		*keep = q->keep;
	pthread_mutex_unlock(&in->lock);
	return answer;
}

struct secret *login_ask(struct login *in, enum ask_kind kind, bool echo, bool can_keep, bool *keep,
                         const char *prompt, const char *fmt, ...)
{
	struct question *q = &in->question;
	char text[sizeof(q->text)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (in->batch) {
		err_set(&in->asks, ERR_ASKS, "%s asks (%s), and nobody is there to answer: %s",
		        in->name, ask_titles[kind], prompt);
		in->err = in->asks;
		return NULL;
	}
	*q = (struct question){ .kind = kind, .echo = echo, .can_keep = can_keep };
	snprintf(q->title, sizeof(q->title), "%s: %s", in->name, ask_titles[kind]);
	wash(q->prompt, sizeof(q->prompt), prompt, strlen(prompt));
	/* Keeps the line breaks: each line is washed separately. */
	size_t at = 0;
	char *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (at && at + 1 < sizeof(q->text))
			q->text[at++] = '\n';
		at += wash(q->text + at, sizeof(q->text) - at, line, strlen(line));
	}
	in->asked = true;
	struct secret *answer = ssh_login_wait_for_answer(in, keep);
	if (!answer)
		err_set(&in->err, ERR_CANCELLED, "%s: %s was not answered", in->name,
		        ask_titles[kind]);
	return answer;
}

/* --- the session --------------------------------------------------------- */

/* Moves the ciphers that are fast with AES instructions to the front of the user's list. Adds no
 * cipher. */
static char *ssh_login_fast_first(const char *ciphers)
{
	static const char *const fast[] = { "aes128-gcm@openssh.com", "aes256-gcm@openssh.com" };
	struct buf out = { 0 };
	char *copy = xstrdup(ciphers), *save = NULL;
	for (size_t i = 0; i < ARRAY_LEN(fast); i++)
		if (strstr(ciphers, fast[i]))
			buf_addf(&out, "%s%s", out.len ? "," : "", fast[i]);
	for (char *c = strtok_r(copy, ",", &save); c; c = strtok_r(NULL, ",", &save))
		if (strcmp(c, fast[0]) != 0 && strcmp(c, fast[1]) != 0)
			buf_addf(&out, "%s%s", out.len ? "," : "", c);
	free(copy);
	return buf_take(&out);
}

/* Keeps only the ciphers with a built-in integrity check (RFC 5647, OpenSSH's
 * PROTOCOL.chacha20poly1305). */
static char *ssh_login_need_no_mac(const char *ciphers)
{
	static const char *const aead[] = { "chacha20-poly1305@openssh.com",
		                            "aes128-gcm@openssh.com", "aes256-gcm@openssh.com" };
	struct buf out = { 0 };
	char *copy = xstrdup(ciphers), *save = NULL;
	for (char *c = strtok_r(copy, ",", &save); c; c = strtok_r(NULL, ",", &save))
		for (size_t i = 0; i < ARRAY_LEN(aead); i++)
			if (strcmp(c, aead[i]) == 0)
				buf_addf(&out, "%s%s", out.len ? "," : "", c);
	free(copy);
	return buf_take(&out);
}

/* libssh keeps the known names of a list, in order. False: libssh knows no name and would use its
 * own list. */
static bool ssh_login_set_list(ssh_session s, enum ssh_options_e option, const char *list)
{
	return !list || (*list && ssh_options_set(s, option, list) == SSH_OK);
}

/* The user's configuration forbids every other algorithm, so the connection fails. */
static bool ssh_login_no_common(struct login *in, const char *setting, const char *list,
                                const char *example)
{
	return err_set(&in->err, ERR_DENIED,
	               "%s: libssh %s, which mocr uses, knows none of the %s "
	               "that ssh_config allows (%.80s%s): add another for this host, such as %s",
	               in->name, ssh_version(0), setting, list, strlen(list) > 80 ? "..." : "",
	               example);
}

/* Sets the host key algorithms. With certificates only, libssh cannot check a server. */
static bool ssh_login_set_host_keys(struct login *in, ssh_session s,
                                    const struct known_hosts *known)
{
	char *list = ssh_hosts_algorithms(in, known);
	bool ok = list && ssh_login_set_list(s, SSH_OPTIONS_HOSTKEYS, list);
	if (list && !*list)
		err_set(&in->err, ERR_DENIED,
		        "%s: HostKeyAlgorithms of ssh_config allow only host "
		        "certificates, which mocr cannot check: add ssh-ed25519 for this host, and "
		        "its key "
		        "to known_hosts",
		        in->name);
	else if (list && !ok)
		ssh_login_no_common(in, "HostKeyAlgorithms", list, "ssh-ed25519");
	free(list);
	return ok;
}

/* When libssh knows none of the MACs, ciphers that need no MAC still work. */
static bool ssh_login_set_ciphers(struct login *in, ssh_session s)
{
	const struct sshconf *c = &in->conf;
	bool mac_known = ssh_login_set_list(s, SSH_OPTIONS_HMAC_C_S, c->macs) &&
	                 ssh_login_set_list(s, SSH_OPTIONS_HMAC_S_C, c->macs);
	char *allowed;
	if (mac_known)
		allowed = xstrdup(c->ciphers);
	else
		allowed = ssh_login_need_no_mac(c->ciphers ? c->ciphers : "");
	char *ciphers = allowed ? ssh_login_fast_first(allowed) : NULL;
	bool ok = ssh_login_set_list(s, SSH_OPTIONS_CIPHERS_C_S, ciphers) &&
	          ssh_login_set_list(s, SSH_OPTIONS_CIPHERS_S_C, ciphers);
	if (!ok && !mac_known && !*ciphers)
		ssh_login_no_common(in, "MACs", c->macs, "hmac-sha2-256-etm@openssh.com");
	else if (!ok)
		ssh_login_no_common(in, "Ciphers", c->ciphers, "aes128-gcm@openssh.com");
	free(ciphers);
	free(allowed);
	return ok;
}

static bool ssh_login_set_algorithms(struct login *in, ssh_session s,
                                     const struct known_hosts *known)
{
	struct sshconf *c = &in->conf;
	if (!ssh_login_set_list(s, SSH_OPTIONS_KEY_EXCHANGE, c->kex))
		return ssh_login_no_common(in, "KexAlgorithms", c->kex, "curve25519-sha256");
	/* As in ssh, a password may still work. */
	in->no_key_fits = !ssh_login_set_list(s, SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES,
	                                      c->pubkey_algorithms);
	c->may.pubkey &= !in->no_key_fits;
	return ssh_login_set_ciphers(in, s) && ssh_login_set_host_keys(in, s, known);
}

static void ssh_login_set_options(struct login *in, ssh_session s)
{
	const struct sshconf *c = &in->conf;
	long timeout = KEX_TIMEOUT_S;
	int verbosity = SSH_LOG_NOLOG;
	unsigned port = (unsigned)c->port;
	bool process = false;
	ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &process);
	ssh_options_set(s, SSH_OPTIONS_HOST, c->hostname);
	ssh_options_set(s, SSH_OPTIONS_PORT, &port);
	ssh_options_set(s, SSH_OPTIONS_USER, c->user);
	ssh_options_set(s, SSH_OPTIONS_FD, &in->fd);
	ssh_options_set(s, SSH_OPTIONS_TIMEOUT, &timeout);
	ssh_options_set(s, SSH_OPTIONS_LOG_VERBOSITY, &verbosity);
	ssh_options_set(s, SSH_OPTIONS_COMPRESSION, "no");
	/* libssh would read these files itself. It would prefer other host key types than the
	 * user's files do. */
	ssh_options_set(s, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
	ssh_options_set(s, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
	int automatic = 0, delegate = c->may.gssapi_delegate;
	ssh_options_set(s, SSH_OPTIONS_GSSAPI_AUTH, &automatic);
	ssh_options_set(s, SSH_OPTIONS_GSSAPI_DELEGATE_CREDENTIALS, &delegate);
	if (c->gssapi_server)
		ssh_options_set(s, SSH_OPTIONS_GSSAPI_SERVER_IDENTITY, c->gssapi_server);
	if (c->gssapi_client)
		ssh_options_set(s, SSH_OPTIONS_GSSAPI_CLIENT_IDENTITY, c->gssapi_client);
	if (c->identity_agent && strcmp(c->identity_agent, "none") != 0)
		ssh_options_set(s, SSH_OPTIONS_IDENTITY_AGENT, c->identity_agent);
	if (c->rsa_min_bits > 0)
		ssh_options_set(s, SSH_OPTIONS_RSA_MIN_SIZE, &c->rsa_min_bits);
}

/* A proxy cannot ask the user. Errors that only the user can fix are not retried, and the sentence
 * names the fix. */
static bool ssh_login_fail_proxy(struct login *in, const char *said)
{
	bool key = strcasestr(said, "host key verification failed"),
	     denied = strcasestr(said, "permission denied");
	if (key)
		return err_set(&in->err, ERR_DENIED,
		               "%s: %s failed: %s The host in between is not known yet, or shows "
		               "another key: `ssh %s` "
		               "in a terminal says which and asks, then [Ctrl-R]",
		               in->name, in->address, said, in->dest);
	if (denied)
		return err_set(&in->err, ERR_DENIED,
		               "%s: %s failed: %s; the host in between cannot ask for a password "
		               "here, a key in the "
		               "agent lets us through",
		               in->name, in->address, said);
	return err_set(&in->err, ERR_REFUSED, "%s: %s failed: %s", in->name, in->address, said);
}

/* Whether the server offered only host certificates, according to libssh's error text: "... host
 * key algo: server [LIST], ...". */
static bool ssh_login_offers_only_certificates(const char *words)
{
	const char *list = strstr(words, "server host key algo: server [");
	if (!list)
		return false;
	list = strchr(list, '[') + 1;
	size_t len = strcspn(list, "]");
	char *copy = xstrndup(list, len), *save = NULL;
	bool only = len > 0;
	for (char *a = strtok_r(copy, ",", &save); a; a = strtok_r(NULL, ",", &save))
		only &= strstr(a, "-cert-v01@") != NULL;
	free(copy);
	return only;
}

/* Uses libssh's error text, or the proxy's stderr when present: the proxy knows why the pipe
 * closed. */
static bool ssh_login_fail_session(struct login *in, const char *step)
{
	char said[200] = "";
	const char *words = in->session ? ssh_get_error(in->session) : "";
	enum err_code code = strcasestr(words, "timeout") || strcasestr(words, "timed out")
	                             ? ERR_TIMEOUT
	                             : ERR_REFUSED;
	ssh_net_proxy_said(in, said, sizeof(said));
	if (*said)
		return ssh_login_fail_proxy(in, said);
	if (code == ERR_TIMEOUT)
		return err_set(&in->err, code,
		               "%s: %s accepted the connection but said nothing more within %d s "
		               "(%s)",
		               in->name, in->address, KEX_TIMEOUT_S, step);
	if (ssh_login_offers_only_certificates(words))
		return err_set(&in->err, ERR_DENIED,
		               "%s: %s offers only host certificates, which mocr "
		               "cannot check: let its sshd offer the plain key, too "
		               "(HostKeyAlgorithms "
		               "there), and add that to known_hosts",
		               in->name, in->address);
	if (strcasestr(words, "kex error"))
		return err_set(&in->err, ERR_REFUSED, "%s: no common algorithm with %s: %s",
		               in->name, in->address, words);
	return err_set(&in->err, code, "%s: %s: %s failed: %s", in->name, in->address, step,
	               *words ? words : "the server closed the connection");
}

static void ssh_login_put_away(struct login *in)
{
	login_set_socket(in, -1);
	if (in->session)
		ssh_free(in->session); /* closes the socket too */
	else if (in->fd >= 0)
		close(in->fd);
	in->session = NULL;
	in->fd = -1;
	ssh_net_close(in);
}

static bool ssh_login_log_in_once(struct login *in)
{
	in->asked = false;
	if (!ssh_net_connect(in))
		return false;
	login_set_socket(in, in->fd);
	struct known_hosts known;
	ssh_hosts_read(&known, &in->conf);
	in->session = ssh_new();
	ssh_login_set_options(in, in->session);
	bool ok = ssh_login_set_algorithms(in, in->session, &known);
	if (ok)
		ok = ssh_connect(in->session) == SSH_OK ||
		     ssh_login_fail_session(in, "the greeting");
	if (ok) {
		ssh_banner_teach(in->session);
		ok = ssh_hosts_check(in, &known);
	}
	ssh_hosts_free(&known);
	if (!ok)
		return false;
	long timeout = AUTH_TIMEOUT_S;
	ssh_options_set(in->session, SSH_OPTIONS_TIMEOUT, &timeout);
	return ssh_auth(in);
}

void login_worker(void *arg)
{
	struct login *in = arg;
	bool ok =
		in->cancel_fd >= 0
			? ssh_net_settings(in)
			: err_set(&in->err, ERR_SYSTEM,
	                          "%s: this machine has no file descriptor left for it (ulimit -n)",
	                          in->name);
	for (int i = 0; ok && i < LOGINS_MAX; i++) {
		ok = ssh_login_log_in_once(in);
		/* Whether the server closed the connection while it waited for the user. The answer
		 * is then used on a new connection. */
		bool closed = in->asked && in->session && !ssh_is_connected(in->session);
		if (ok || !closed || in->err.code == ERR_CANCELLED || in->err.code == ERR_DENIED ||
		    login_cancelled(in))
			break;
		ssh_login_put_away(in);
		ok = in->hung_up = true;
	}
	if (ok && !in->session)
		ok = false;
	if (ok) {
		ssh_key key = NULL;
		const char *type = "";
		if (ssh_get_server_publickey(in->session, &key) == SSH_OK)
			type = ssh_key_type_to_char(ssh_key_type(key));
		const char *cipher = ssh_get_cipher_in(in->session) ?: "";
		const char *kex = ssh_get_kex_algo(in->session) ?: "";
		snprintf(in->detail, sizeof(in->detail), "ssh %s as %s, host key %s, %s, %s",
		         in->address, in->conf.user, type, cipher, kex);
		ssh_key_free(key);
	}
	ssh_net_settled(in);
	if (!ok || login_cancelled(in))
		ssh_login_put_away(in);
	login_set_socket(in, -1);
}
