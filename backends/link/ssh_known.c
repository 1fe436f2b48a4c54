/* ssh_known.c: finds the lines for a server in known_hosts files and in the output of
 * KnownHostsCommand. Source: sshd(8) SSH_KNOWN_HOSTS FILE FORMAT.
 *
 * Names match like in OpenSSH (hostfile.c, match.c). libssh's own reader supports no negated
 * patterns, no HostKeyAlias and no second file. libssh only parses the keys and compares hashed
 * names. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/link/ssh_internal.h"

#define LINE_BYTES_MAX (64u << 10)
#define PATTERN_MAX 1023 /* OpenSSH's limit: a longer pattern invalidates its whole list */
#define COMMAND_BYTES_MAX (1u << 20)

/* --- names --------------------------------------------------------------- */

/* Whether a pattern with * and ? matches all of name. When the rest fails to match, the last *
 * takes one more character. */
static bool known_matches(const char *name, const char *pattern, size_t len)
{
	const char *end = pattern + len, *star = NULL, *from = NULL;
	while (*name) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			from = name;
		} else if (pattern < end &&
		           (*pattern == '?' || tolower((unsigned char)*pattern) == *name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++from;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

/* A list "a,*.b,!c": one positive pattern must match, and no negated one. Case is ignored here, but
 * not in a hashed name. */
static bool known_in_list(const char *given, const char *list)
{
	bool found = false;
	char name[PATTERN_MAX + 1];
	snprintf(name, sizeof(name), "%s", given);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	while (*list) {
		bool negated = *list == '!';
		list += negated;
		size_t len = strcspn(list, ",");
		if (len >= PATTERN_MAX)
			return false;
		bool matches = known_matches(name, list, len);
		if (matches && negated)
			return false;
		found |= matches;
		list += len;
		list += *list == ',';
	}
	return found;
}

/* Compares "|1|salt|hash" with libssh, which needs a whole line with a key. */
static bool known_is_hashed(const char *name, const char *names, const char *key)
{
	struct ssh_knownhosts_entry *e = NULL;
	char *line = xasprintf("%s %s", names, key);
	bool ok = ssh_known_hosts_parse_line(name, line, &e) == SSH_OK;
	ssh_knownhosts_entry_free(e);
	free(line);
	return ok;
}

/* --- lines --------------------------------------------------------------- */

#define BLANKS " \t"

/* Cuts the first word off *rest and moves *rest behind the following blanks. */
static char *known_word(char **rest)
{
	char *word = *rest;
	size_t len = strcspn(word, BLANKS);
	*rest = word + len + strspn(word + len, BLANKS);
	word[len] = '\0';
	return word;
}

/* Parses "TYPE BASE64". NULL: libssh cannot read the key. */
static ssh_key known_read_key(const char *text)
{
	char *copy = xstrdup(text), *rest = copy;
	char *type = known_word(&rest), *base64 = known_word(&rest);
	enum ssh_keytypes_e number = ssh_key_type_from_name(type);
	ssh_key key = NULL;
	if (number == SSH_KEYTYPE_UNKNOWN ||
	    ssh_pki_import_pubkey_base64(base64, number, &key) != SSH_OK)
		key = NULL;
	free(copy);
	return key;
}

void known_take_line(struct known_key **list, const char *name, char *line, const char *file,
                     unsigned number)
{
	static const struct {
		const char *word;
		enum known_mark mark;
	} marks[] = { { "@revoked", KNOWN_REVOKED }, { "@cert-authority", KNOWN_AUTHORITY } };
	enum known_mark mark = KNOWN_KEY;
	for (char *p = line; *p; p++)
		if (*p == '\t')
			*p = ' ';
	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, BLANKS);
	if (!*line || *line == '#')
		return;
	if (*line == '@') {
		const char *word = known_word(&line);
		for (size_t i = 0; i < ARRAY_LEN(marks); i++)
			if (strcmp(marks[i].word, word) == 0)
				mark = marks[i].mark;
		if (mark == KNOWN_KEY)
			return;
	}
	char *names = known_word(&line);
	bool ours = *names == '|' ? known_is_hashed(name, names, line) : known_in_list(name, names);
	ssh_key key = ours ? known_read_key(line) : NULL;
	if (!key)
		return;
	struct known_key *k = xcalloc(1, sizeof(*k));
	*k = (struct known_key){ .file = xstrdup(file), .line = number, .mark = mark, .key = key };
	LIST_APPEND(*list, k);
}

void known_free(struct known_key *k)
{
	struct known_key *one, *next;
	LL_FOREACH_SAFE (k, one, next) {
		ssh_key_free(one->key);
		free(one->file);
		free(one);
	}
}

/* --- files --------------------------------------------------------------- */

static void known_read_file(struct known_key **list, const char *name, const char *path)
{
	/* Opening a pipe must not block the login. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (!f)
		return;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	for (unsigned number = 1; (len = getline(&line, &size, f)) >= 0; number++)
		if ((size_t)len <= LINE_BYTES_MAX)
			known_take_line(list, name, line, path, number);
	free(line);
	fclose(f);
}

struct known_key *known_read(const struct sshconf *c, bool with_port)
{
	struct known_key *list = NULL;
	char *name = sshconf_known_name(c, with_port);
	const struct ssh_words *files[] = { &c->known_hosts, &c->global_known_hosts };
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		for (size_t k = 0; k < files[i]->n; k++)
			known_read_file(&list, name, files[i]->word[k]);
	free(name);
	return list;
}

/* --- KnownHostsCommand --------------------------------------------------- */

/* Expands the tokens in the command's words, for exec. NULL and err: an unknown token. */
static const char **known_argv(struct login *in, struct ssh_words *words,
                               const struct ssh_token *tokens)
{
	char unknown[80];
	const char **argv = xcalloc(words->n + 1, sizeof(*argv));
	for (size_t i = 0; i < words->n; i++) {
		char *word = i ? sshconf_command_word(&in->conf, tokens, words->word[i], unknown,
		                                      sizeof(unknown))
		               : xstrdup(words->word[0]);
		if (!word) {
			err_set(&in->err, ERR_DENIED,
			        "%s: KnownHostsCommand of ssh_config has %s in it, which mocr "
			        "cannot fill in, so no host key is accepted",
			        in->name, unknown);
			free(argv);
			return NULL;
		}
		free(words->word[i]);
		words->word[i] = word;
		argv[i] = word;
	}
	return argv;
}

static bool known_run(struct login *in, struct known_key **list, const char *name,
                      const char *const *argv)
{
	struct buf out = { .max = COMMAND_BYTES_MAX };
	char said[120], *save = NULL;
	int code = login_run(in, argv, &out, said, sizeof(said));
	unsigned number = 1;
	char *line = out.len ? strtok_r(out.data, "\n", &save) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &save))
		known_take_line(list, name, line, "KnownHostsCommand", number++);
	bool whole = !out.overflowed;
	buf_finish(&out);
	if (code == 0 && whole)
		return true;
	if (code < 0 || !whole)
		return err_set(&in->err, ERR_DENIED,
		               "%s: KnownHostsCommand %.80s did not end within %d s, "
		               "or said more than %u bytes: no host key is accepted without it",
		               in->name, argv[0], LOGIN_RUN_MS / 1000, COMMAND_BYTES_MAX);
	return err_set(&in->err, ERR_DENIED,
	               "%s: KnownHostsCommand %.80s ended with code %d: no host "
	               "key is accepted without it%s%s",
	               in->name, argv[0], code, *said ? ": " : "", said);
}

/* Like OpenSSH: a command that cannot be started counts as empty. A failing command or an unknown
 * token ends the login. */
bool known_by_command(struct login *in, struct known_key **list, const char *reason,
                      const char *name, ssh_key server)
{
	struct ssh_words words = { 0 };
	struct stat st;
	char print[100] = "NONE", *base64 = NULL;
	if (!in->conf.known_hosts_command)
		return true;
	if (!sshconf_split(in->conf.known_hosts_command, &words) || !words.n) {
		ssh_words_finish(&words);
		return true;
	}
	if (server)
		ssh_hosts_fingerprint(server, print, sizeof(print));
	if (server && ssh_pki_export_pubkey_base64(server, &base64) != SSH_OK)
		base64 = NULL;
	const struct ssh_token tokens[] = {
		{ 'H', name },
		{ 'I', reason },
		{ 'f', print },
		{ 'K', base64 ? base64 : "NONE" },
		{ 't', server ? ssh_key_type_to_char(ssh_key_type(server)) : "NONE" },
		{ 0, NULL },
	};
	const char **argv = known_argv(in, &words, tokens);
	bool ok = argv != NULL;
	if (ok && *argv[0] == '/' && stat(argv[0], &st) == 0)
		ok = known_run(in, list, name, argv);
	free(argv);
	ssh_string_free_char(base64);
	ssh_words_finish(&words);
	return ok;
}
