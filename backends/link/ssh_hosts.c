/* ssh_hosts.c: decides whether to trust a server's key, like OpenSSH's sshconnect.c: known, new,
 * changed, revoked.
 *
 * libssh cannot check certificates of host authorities (@cert-authority). A server with a host
 * certificate is therefore asked for its plain key, and that key is unknown. The question and the
 * refusal say so.
 *
 * One rule is stricter than in OpenSSH. A changed or revoked key is refused even with
 * StrictHostKeyChecking no. ssh would then connect without passwords and forwarded sockets, but
 * mocr needs both. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/ssh_internal.h"

/* --- which algorithm to ask for ------------------------------------------ */

/* Whether a known key signs for the algorithm. */
static bool ssh_hosts_is_known(const struct known_key *known, const char *algorithm)
{
	bool by_rsa = strcmp(algorithm, "ssh-rsa") == 0 || strncmp(algorithm, "rsa-sha2-", 9) == 0;
	for (; known; known = known->next) {
		enum ssh_keytypes_e type = ssh_key_type(known->key);
		bool signs = by_rsa;
		if (type != SSH_KEYTYPE_RSA)
			signs = strcmp(algorithm, ssh_key_type_to_char(type)) == 0;
		if (known->mark == KNOWN_KEY && signs)
			return true;
	}
	return false;
}

/* Used when no ssh program supplies the list. */
static const char usual[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-"
			    "nistp521,rsa-sha2-512,rsa-sha2-256";

/* Like OpenSSH's order_hostkeyalgs. When a key of the preferred type is known, the order stays.
 * Otherwise types with a known key come first. */
char *ssh_hosts_prefer(const struct known_key *known, const char *algorithms)
{
	struct buf out = { 0 };
	char *copy = xstrdup(algorithms ? algorithms : usual), *save = NULL;
	/* libssh cannot use the algorithms of certificates */
	for (char *a = strtok_r(copy, ",", &save); a; a = strtok_r(NULL, ",", &save))
		if (!strstr(a, "-cert-v01@"))
			buf_addf(&out, "%s%s", out.len ? "," : "", a);
	free(copy);
	char *plain = buf_take(&out);
	char *first = xstrndup(plain, strcspn(plain, ","));
	bool as_is = ssh_hosts_is_known(known, first);
	free(first);
	if (as_is)
		return plain;
	for (int pass = 0; pass < 2; pass++) {
		copy = xstrdup(plain);
		for (char *a = strtok_r(copy, ",", &save); a; a = strtok_r(NULL, ",", &save))
			if (ssh_hosts_is_known(known, a) == (pass == 0))
				buf_addf(&out, "%s%s", out.len ? "," : "", a);
		free(copy);
	}
	free(plain);
	return buf_take(&out);
}

/* --- writing ------------------------------------------------------------- */

/* Hashes the name in the line with ssh-keygen. The caller frees the result. NULL on failure: with
 * HashKnownHosts the plain name must never be in the file. */
static char *ssh_hosts_hashed(struct login *in, const char *line)
{
	char path[] = "/tmp/mocr-known-XXXXXX", old[sizeof(path) + 4], text[8192], said[80];
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct buf out = { .max = 4096 };
	bool ok = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
	close(fd);
	ok = ok && login_run(in, (const char *const[]){ "ssh-keygen", "-H", "-f", path, NULL },
	                     &out, said, sizeof(said)) == 0;
	buf_finish(&out);
	fd = ok ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
	if (fd >= 0)
		close(fd);
	unlink(path);
	snprintf(old, sizeof(old), "%s.old", path);
	unlink(old);
	return n > 0 && text[0] == '|' ? xstrndup(text, (size_t)n) : NULL;
}

static bool ssh_hosts_append_line(const char *path, const char *line)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');
	if (slash && slash != dir) {
		*slash = '\0';
		mkdir(dir, 0700);
	}
	free(dir);
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	/* A last line without a newline would merge with ours. */
	char last = '\n';
	off_t size = lseek(fd, 0, SEEK_END);
	if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
		last = '\n';
	char *text = xasprintf("%s%s", last == '\n' ? "" : "\n", line);
	bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	free(text);
	close(fd);
	return ok;
}

/* --- checking ------------------------------------------------------------ */

void ssh_hosts_fingerprint(ssh_key key, char *buf, size_t size)
{
	unsigned char *hash = NULL;
	size_t len = 0;
	snprintf(buf, size, "?");
	if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) != SSH_OK)
		return;
	char *text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
	snprintf(buf, size, "%s", text ? text : "?");
	ssh_string_free_char(text);
	ssh_clean_pubkey_hash(&hash);
}

static bool ssh_hosts_refuse_changed(struct login *in, const struct known_key *old,
                                     const char *print)
{
	char *name = sshconf_known_name(&in->conf, true);
	char advice[300];
	if (strcmp(old->file, "KnownHostsCommand") == 0)
		snprintf(advice, sizeof(advice), "tell whoever keeps its keys");
	else
		snprintf(advice, sizeof(advice), "ssh-keygen -R '%s' -f %s", name, old->file);
	err_set(&in->err, ERR_DENIED,
	        "%s: THE HOST KEY HAS CHANGED: %s shows %s, but %s:%u has another. Somebody may be "
	        "listening in; if the "
	        "server was set up again: %s",
	        in->name, in->address, print, old->file, old->line, advice);
	free(name);
	return false;
}

static bool ssh_hosts_refuse_revoked(struct login *in, const struct known_key *revoked,
                                     const char *print)
{
	return err_set(&in->err, ERR_DENIED,
	               "%s: %s shows the key %s, which %s:%u marks as revoked", in->name,
	               in->address, print, revoked->file, revoked->line);
}

static bool ssh_hosts_accept_new(struct login *in, ssh_key key)
{
	/* Like OpenSSH: connects even when the file cannot be written. The next connection asks
	 * again. */
	const struct sshconf *c = &in->conf;
	char *base64 = NULL, *name = sshconf_known_name(c, true);
	if (c->known_hosts.n && ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK) {
		const char *type = ssh_key_type_to_char(ssh_key_type(key));
		char *line = xasprintf("%s %s %s\n", name, type, base64);
		char *written = c->hash_known_hosts ? ssh_hosts_hashed(in, line) : xstrdup(line);
		if (written)
			ssh_hosts_append_line(c->known_hosts.word[0], written);
		ssh_string_free_char(base64);
		free(written);
		free(line);
	}
	free(name);
	return true;
}

static bool ssh_hosts_decide_new(struct login *in, ssh_key key, const char *print,
                                 const struct known_hosts *known)
{
	char more[300];
	/* Describes related known lines, for a server with an unknown key. */
	char *buf = more;
	size_t size = sizeof(more);
	*buf = '\0';
	for (const struct known_key *k = known->keys; k && !*buf; k = k->next)
		if (k->mark == KNOWN_AUTHORITY)
			snprintf(buf, size,
			         "%s:%u names a certificate authority for it, but mocr cannot "
			         "check "
			         "host certificates.",
			         k->file, k->line);
	for (const struct known_key *k = known->alone; k && !*buf; k = k->next)
		if (k->mark == KNOWN_KEY)
			snprintf(buf, size, "%s:%u has another key for this name at another port.",
			         k->file, k->line);
	if (!in->conf.known_hosts.n)
		return err_set(&in->err, ERR_DENIED,
		               "%s: the server's key %s is not known, and "
		               "UserKnownHostsFile is none, so it cannot be accepted: name a file "
		               "there",
		               in->name, print);
	switch (in->conf.strict) {
	case SSH_STRICT_YES:
		return err_set(&in->err, ERR_DENIED,
		               "%s: the server is not in known_hosts (%s), and "
		               "StrictHostKeyChecking is yes: "
		               "add its key by hand%s%s",
		               in->name, print, *more ? ". " : "", more);
	case SSH_STRICT_ACCEPT_NEW:
	case SSH_STRICT_NO: return ssh_hosts_accept_new(in, key);
	case SSH_STRICT_ASK: break;
	}
	const char *type = ssh_key_type_to_char(ssh_key_type(key));
	struct secret *answer =
		login_ask(in, ASK_HOST_KEY, true, false, NULL, "Is this the right server? (yes/no)",
	                  "The server %s (%s) is not known yet.\nIts %s key has the "
	                  "fingerprint\n%s\n%s",
	                  in->conf.hostname, in->address, type, print, more);
	if (!answer) {
		if (in->err.code == ERR_ASKS)
			err_set(&in->err, ERR_ASKS,
			        "%s: the server is not in known_hosts (%s key %s), and nobody is "
			        "there to confirm it: "
			        "connect once with `ssh %s`",
			        in->name, type, print, in->dest);
		return false;
	}
	bool yes = strcasecmp(answer->text, "yes") == 0 || strcasecmp(answer->text, "y") == 0 ||
	           strcmp(answer->text, print) == 0;
	secret_destroy(answer);
	if (!yes)
		return err_set(&in->err, ERR_CANCELLED,
		               "%s: its key was not confirmed, so nothing was sent to it",
		               in->name);
	return ssh_hosts_accept_new(in, key);
}

enum status { HOST_NEW, HOST_OK, HOST_CHANGED, HOST_REVOKED };

/* Compares the key with the known lines. A matching line outranks a different key, and a revoked
 * mark outranks everything. found is the deciding line. */
static enum status ssh_hosts_status_of(const struct known_key *list, ssh_key key,
                                       const struct known_key **found)
{
	enum status status = HOST_NEW;
	*found = NULL;
	for (const struct known_key *k = list; k; k = k->next) {
		bool equal = k->mark != KNOWN_AUTHORITY &&
		             ssh_key_cmp(k->key, key, SSH_KEY_CMP_PUBLIC) == 0;
		if (equal && k->mark == KNOWN_REVOKED) {
			*found = k;
			return HOST_REVOKED;
		}
		if (k->mark != KNOWN_KEY || status == HOST_OK)
			continue;
		status = equal ? HOST_OK : HOST_CHANGED;
		*found = k;
	}
	return status;
}

static bool ssh_hosts_is_loopback(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	if (getpeername(fd, (struct sockaddr *)&a, &len) < 0)
		return false;
	if (a.ss_family == AF_INET)
		return ntohl(((struct sockaddr_in *)&a)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return a.ss_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&a)->sin6_addr);
}

static bool ssh_hosts_decide(struct login *in, ssh_key key, const char *print,
                             const struct known_hosts *known)
{
	const struct known_key *found, *alone;
	switch (ssh_hosts_status_of(known->keys, key, &found)) {
	case HOST_OK: return true;
	case HOST_REVOKED: return ssh_hosts_refuse_revoked(in, found, print);
	case HOST_CHANGED: return ssh_hosts_refuse_changed(in, found, print);
	case HOST_NEW: break;
	}
	/* A server at another port may be known by its name alone. A different key there belongs to
	 * another sshd, so it gives no warning. */
	switch (ssh_hosts_status_of(known->alone, key, &alone)) {
	case HOST_OK: return true;
	case HOST_REVOKED: return ssh_hosts_refuse_revoked(in, alone, print);
	case HOST_CHANGED:
	case HOST_NEW: break;
	}
	return ssh_hosts_decide_new(in, key, print, known);
}

/* --- the check, in order ------------------------------------------------- */

void ssh_hosts_read(struct known_hosts *known, const struct sshconf *c)
{
	known->keys = known_read(c, true);
	known->alone = c->port != SSH_PORT && !c->host_key_alias ? known_read(c, false) : NULL;
}

void ssh_hosts_free(struct known_hosts *known)
{
	known_free(known->keys);
	known_free(known->alone);
	*known = (struct known_hosts){ 0 };
}

char *ssh_hosts_algorithms(struct login *in, const struct known_hosts *known)
{
	/* KnownHostsCommand runs before the key exchange (ORDER), and again once the key is known
	 * (HOSTNAME). */
	struct known_key *command = NULL, **last = &command;
	char *name = sshconf_known_name(&in->conf, true);
	bool ok = known_by_command(in, &command, "ORDER", name, NULL);
	free(name);
	if (!ok) {
		known_free(command);
		return NULL;
	}
	while (*last)
		last = &(*last)->next;
	*last = known->keys;
	char *list = ssh_hosts_prefer(command, in->conf.host_key_algorithms);
	*last = NULL;
	known_free(command);
	return list;
}

bool ssh_hosts_check(struct login *in, struct known_hosts *known)
{
	ssh_key key = NULL;
	char print[100], *name = sshconf_known_name(&in->conf, true);
	bool ok;
	if (ssh_get_server_publickey(in->session, &key) != SSH_OK) {
		free(name);
		return err_set(&in->err, ERR_GARBLED, "%s: %s showed no host key", in->name,
		               in->address);
	}
	ssh_hosts_fingerprint(key, print, sizeof(print));
	if (!ssh_revoked_check(in, key, print))
		ok = false;
	else if (in->conf.localhost_needs_none && ssh_hosts_is_loopback(in->fd))
		ok = true;
	else
		ok = known_by_command(in, &known->keys, "HOSTNAME", name, key) &&
		     ssh_hosts_decide(in, key, print, known);
	ssh_key_free(key);
	free(name);
	return ok;
}
