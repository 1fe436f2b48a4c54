/* ssh_hosts.c: known_hosts as OpenSSH keeps it: several files, hashed names, aliases, [host]:port, revoked keys.
 *
 * libssh matches and reads a line; which name to look for, and what a match means, is decided here, because libssh knows
 * neither HostKeyAlias nor several files. Certificates of host authorities (@cert-authority) libssh cannot check: such a
 * server is treated as one that is not known yet. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/spawn.h"
#include "backends/link/ssh_internal.h"

#define LINE_BYTES_MAX (64u << 10)

/* --- reading --------------------------------------------------------------------------------------------- */

static void take_known(struct known_key **list, const char *name, char *line, const char *file, unsigned number)
{
	bool revoked = false;
	struct ssh_knownhosts_entry *e = NULL;
	line += strspn(line, " ");
	if (strncmp(line, "@revoked ", 9) == 0) {
		revoked = true;
		line += 9 + strspn(line + 9, " ");
	}
	if (*line == '#' || *line == '@' || !*line)
		return;
	if (ssh_known_hosts_parse_line(name, line, &e) != SSH_OK)
		return;
	struct known_key *k = xcalloc(1, sizeof(*k)), **slot = list;
	*k = (struct known_key){.file = xstrdup(file), .line = number, .revoked = revoked, .key = e->publickey};
	e->publickey = NULL;
	ssh_knownhosts_entry_free(e);
	while (*slot)
		slot = &(*slot)->next;
	*slot = k;
}

static void read_file(struct known_key **list, const char *name, const char *path)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	for (unsigned number = 1; (len = getline(&line, &size, f)) >= 0; number++) {
		if ((size_t)len > LINE_BYTES_MAX)
			continue;
		line[strcspn(line, "\r\n")] = '\0';
		for (char *p = line; *p; p++)
			if (*p == '\t')
				*p = ' ';
		take_known(list, name, line, path, number);
	}
	free(line);
	fclose(f);
}

static struct known_key *read_as(const struct sshconf *c, bool with_port)
{
	struct known_key *list = NULL;
	char *name = sshconf_known_name(c, with_port);
	const struct ssh_words *files[] = {&c->known_hosts, &c->global_known_hosts};
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		for (size_t k = 0; k < files[i]->n; k++)
			read_file(&list, name, files[i]->word[k]);
	free(name);
	return list;
}

struct known_key *ssh_hosts_read(const struct sshconf *c)
{
	struct known_key *list = read_as(c, true);
	if (list)
		return list;
	/* As OpenSSH does: a server at another port may be known by its name alone. But a key that does not fit there is of
	 * another sshd of that machine: no reason to cry wolf. */
	list = read_as(c, false);
	for (struct known_key *k = list; k; k = k->next)
		k->other_port = c->port != SSH_PORT && !c->host_key_alias;
	return list;
}

void ssh_hosts_free(struct known_key *k)
{
	while (k) {
		struct known_key *next = k->next;
		ssh_key_free(k->key);
		free(k->file);
		free(k);
		k = next;
	}
}

/* --- which algorithm to ask for ------------------------------------------------------------------------------ */

/* Whether a key of this type is what signs for the algorithm. */
static bool signs(enum ssh_keytypes_e type, const char *algorithm)
{
	if (type == SSH_KEYTYPE_RSA)
		return strcmp(algorithm, "ssh-rsa") == 0 || strncmp(algorithm, "rsa-sha2-", 9) == 0;
	return strcmp(algorithm, ssh_key_type_to_char(type)) == 0;
}

static bool is_known(const struct known_key *known, const char *algorithm)
{
	for (; known; known = known->next)
		if (!known->revoked && signs(ssh_key_type(known->key), algorithm))
			return true;
	return false;
}

char *ssh_hosts_prefer(const struct known_key *known, const char *algorithms)
{
	static const char usual[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,"
	                            "rsa-sha2-256";
	struct buf out = {0};
	algorithms = algorithms ? algorithms : usual;
	for (int pass = 0; pass < 2; pass++) {
		char *copy = xstrdup(algorithms), *save = NULL;
		for (char *a = strtok_r(copy, ",", &save); a; a = strtok_r(NULL, ",", &save))
			if (is_known(known, a) == (pass == 0))
				buf_addf(&out, "%s%s", out.len ? "," : "", a);
		free(copy);
	}
	return buf_take(&out);
}

/* --- writing ------------------------------------------------------------------------------------------------ */

/* The line with its name hashed as OpenSSH hashes it, by its own tool; or as it was when there is none. */
static char *hashed(char *line)
{
	char path[] = "/tmp/mocr-known-XXXXXX", old[sizeof(path) + 4];
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return line;
	bool ok = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
	pid_t pid = ok ? spawn_argv((const char *const[]){"ssh-keygen", "-H", "-f", path, NULL}, -1, -1, -1) : -1;
	int status = 1;
	close(fd);
	if (pid > 0)
		waitpid(pid, &status, 0);
	char text[8192];
	ssize_t n = -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && status == 0)
		n = read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	unlink(path);
	snprintf(old, sizeof(old), "%s.old", path);
	unlink(old);
	if (n <= 0 || text[0] != '|')
		return line;
	free(line);
	return xstrndup(text, (size_t)n);
}

static void make_folder(const char *path)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');
	if (slash && slash != dir) {
		*slash = '\0';
		mkdir(dir, 0700);
	}
	free(dir);
}

static bool append_line(const char *path, const char *line)
{
	make_folder(path);
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	/* A last line without its end would swallow ours. */
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

static bool remember(struct login *in, ssh_key key)
{
	const struct sshconf *c = &in->conf;
	char *base64 = NULL, *name = sshconf_known_name(c, true);
	if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK) {
		free(name);
		return false;
	}
	char *line = xasprintf("%s %s %s\n", name, ssh_key_type_to_char(ssh_key_type(key)), base64);
	ssh_string_free_char(base64);
	free(name);
	if (c->hash_known_hosts)
		line = hashed(line);
	bool ok = c->known_hosts.n && append_line(c->known_hosts.word[0], line);
	free(line);
	return ok;
}

/* --- checking ------------------------------------------------------------------------------------------------ */

static void fingerprint(ssh_key key, char *buf, size_t size)
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

static bool refuse_changed(struct login *in, const struct known_key *old, const char *print)
{
	char *name = sshconf_known_name(&in->conf, true);
	err_set(&in->err, ERR_DENIED,
	        "%s: THE HOST KEY HAS CHANGED: %s shows %s, but %s:%u has another. Somebody may be listening in; if the "
	        "server was set up anew: ssh-keygen -R '%s' -f %s",
	        in->name, in->address, print, old->file, old->line, name, old->file);
	free(name);
	return false;
}

static bool accept_new(struct login *in, ssh_key key)
{
	/* As OpenSSH: a file that cannot be written is no reason not to connect; it will ask again. */
	remember(in, key);
	return true;
}

static bool ask_user(struct login *in, ssh_key key, const char *print, const struct known_key *other)
{
	char more[300] = "";
	const char *type = ssh_key_type_to_char(ssh_key_type(key));
	if (other)
		snprintf(more, sizeof(more), "\nBeware: %s:%u has a key of another type for it.", other->file, other->line);
	struct secret *answer = login_ask(in, ASK_HOST_KEY, true, false, NULL, "Is this the right server? (yes/no)",
	                                  "The server %s (%s) is not known yet.\nIts %s key has the fingerprint\n%s%s",
	                                  in->conf.hostname, in->address, type, print, more);
	if (!answer) {
		if (in->err.code == ERR_ASKS)
			err_set(&in->err, ERR_ASKS, "%s: the server is not in known_hosts (%s key %s), and nobody is there to confirm it: "
			        "connect once with `ssh %s`", in->name, type, print, in->dest);
		return false;
	}
	bool yes = strcasecmp(answer->text, "yes") == 0 || strcasecmp(answer->text, "y") == 0 ||
	           strcmp(answer->text, print) == 0;
	secret_destroy(answer);
	if (!yes)
		return err_set(&in->err, ERR_CANCELLED, "%s: its key was not confirmed, so nothing was sent to it", in->name);
	return accept_new(in, key);
}

static bool decide_new(struct login *in, ssh_key key, const char *print, const struct known_key *other)
{
	switch (in->conf.strict) {
	case SSH_STRICT_YES:
		return err_set(&in->err, ERR_DENIED, "%s: the server is not in known_hosts (%s), and StrictHostKeyChecking is yes: "
		               "add its key by hand", in->name, print);
	case SSH_STRICT_ACCEPT_NEW:
	case SSH_STRICT_NO:
		return accept_new(in, key);
	case SSH_STRICT_ASK:
		break;
	}
	return ask_user(in, key, print, other);
}

bool ssh_hosts_check(struct login *in, const struct known_key *known)
{
	ssh_key key = NULL;
	char print[100];
	if (ssh_get_server_publickey(in->session, &key) != SSH_OK)
		return err_set(&in->err, ERR_GARBLED, "%s: %s showed no host key", in->name, in->address);
	fingerprint(key, print, sizeof(print));
	const struct known_key *same_type = NULL, *match = NULL, *revoked = NULL;
	for (const struct known_key *k = known; k; k = k->next) {
		bool equal = ssh_key_cmp(k->key, key, SSH_KEY_CMP_PUBLIC) == 0;
		if (equal && k->revoked)
			revoked = k;
		else if (equal)
			match = k;
		else if (!k->revoked && !k->other_port && ssh_key_type(k->key) == ssh_key_type(key))
			same_type = k;
	}
	bool ok;
	if (revoked)
		ok = err_set(&in->err, ERR_DENIED, "%s: %s shows the key %s, which %s:%u marks as revoked", in->name, in->address,
		             print, revoked->file, revoked->line);
	else if (match)
		ok = true;
	else if (same_type)
		ok = refuse_changed(in, same_type, print);
	else
		ok = decide_new(in, key, print, known && !known->revoked && !known->other_port ? known : NULL);
	ssh_key_free(key);
	return ok;
}
