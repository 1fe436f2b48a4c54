/* sshconf.c: parses the output of `ssh -G` (ssh_config(5)). Each line is one setting with its name
 * in lower case. A table maps the names to fields. */
#include "backends/link/sshconf.h"

#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"

#define PATH_BYTES_MAX 4096

/* --- destinations -------------------------------------------------------- */

void ssh_dest_finish(struct ssh_dest *d)
{
	free(d->user);
	free(d->host);
	*d = (struct ssh_dest){ 0 };
}

static bool sshconf_bad_dest(struct ssh_dest *d, struct err *err, const char *text, const char *why)
{
	ssh_dest_finish(d);
	return err_set(err, ERR_USAGE,
	               "`%s` is not an ssh destination: %s (expected name, user@host:port or "
	               "ssh://...)",
	               text, why);
}

bool ssh_dest_parse(struct ssh_dest *d, const char *text, struct err *err)
{
	*d = (struct ssh_dest){ 0 };
	const char *rest = text;
	if (strncasecmp(rest, "ssh://", 6) == 0)
		rest += 6;
	const char *at = strrchr(rest, '@');
	if (at) {
		d->user = xstrndup(rest, (size_t)(at - rest));
		rest = at + 1;
	}
	const char *colon = strrchr(rest, ':'), *close = strchr(rest, ']');
	bool many = colon && strchr(rest, ':') != colon;
	if (*rest == '[') {
		if (!close)
			return sshconf_bad_dest(d, err, text, "a ] is missing");
		d->host = xstrndup(rest + 1, (size_t)(close - rest - 1));
		colon = close[1] == ':' ? close + 1 : NULL;
		if (close[1] && !colon && strcmp(close + 1, "/") != 0)
			return sshconf_bad_dest(d, err, text, "what follows ] is not :port");
	} else if (colon && !many) {
		d->host = xstrndup(rest, (size_t)(colon - rest));
	} else {
		colon = NULL; /* several colons: a bare IPv6 address */
		d->host = xstrdup(rest);
	}
	char *slash = strchr(d->host, '/');
	if (slash)
		*slash = '\0';
	char port[16] = "", *end;
	if (colon)
		snprintf(port, sizeof(port), "%.*s", (int)strcspn(colon + 1, "/"), colon + 1);
	long number = strtol(port, &end, 10);
	if (colon && (*end || number < 1 || number > 65535))
		return sshconf_bad_dest(d, err, text, "the port is not a number from 1 to 65535");
	if (colon)
		d->port = (int)number;
	if (!*d->host || *d->host == '-')
		return sshconf_bad_dest(d, err, text,
		                        *d->host ? "a host cannot start with -"
		                                 : "the host is missing");
	if (d->user && (!*d->user || *d->user == '-'))
		return sshconf_bad_dest(d, err, text, "the user cannot be empty or start with -");
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (iscntrl(*c) || *c == ' ')
			return sshconf_bad_dest(d, err, text,
			                        "it has a space or a control character in it");
	return true;
}

/* --- words --------------------------------------------------------------- */

void ssh_words_add(struct ssh_words *w, char *word)
{
	if (w->n == SSH_WORDS_MAX) {
		free(word);
		return;
	}
	w->word = xrealloc(w->word, (w->n + 1) * sizeof(*w->word));
	w->word[w->n++] = word;
}

void ssh_words_finish(struct ssh_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->word[i]);
	free(w->word);
	*w = (struct ssh_words){ 0 };
}

/* --- expansion ----------------------------------------------------------- */

/* Adds the home directory, or with name the login name. */
static void sshconf_add_own(struct buf *out, bool name)
{
	struct passwd pw;
	char buf[2048];
	const char *home = getenv("HOME");
	if (!name && home && *home) {
		buf_puts(out, home);
		return;
	}
	/* The user's passwd entry, by the thread-safe call. */
	struct passwd *found = NULL;
	const struct passwd *own = getpwuid_r(getuid(), &pw, buf, sizeof(buf), &found) == 0 ? found
	                                                                                    : NULL;
	const char *part;
	if (!own)
		part = "";
	else if (name)
		part = own->pw_name;
	else
		part = own->pw_dir;
	buf_puts(out, part);
}

static void sshconf_add_token(const struct sshconf *c, char token, struct buf *out)
{
	char host[256] = "";
	switch (token) {
	case '%': buf_puts(out, "%"); return;
	case 'h': buf_puts(out, c->hostname ? c->hostname : c->host); return;
	case 'n': buf_puts(out, c->host); return;
	case 'p': buf_addf(out, "%d", c->port); return;
	case 'r': buf_puts(out, c->user ? c->user : ""); return;
	case 'k': buf_puts(out, c->host_key_alias ? c->host_key_alias : c->host); return;
	case 'j': buf_puts(out, c->proxy_jump ? c->proxy_jump : ""); return;
	case 'd': sshconf_add_own(out, false); return;
	case 'i': buf_addf(out, "%u", (unsigned)getuid()); return;
	case 'u': sshconf_add_own(out, true); return;
	case 'l':
	case 'L':
		gethostname(host, sizeof(host) - 1);
		if (token == 'L')
			host[strcspn(host, ".")] = '\0';
		buf_puts(out, host);
		return;
	default: buf_addf(out, "%%%c", token); return;
	}
}

char *sshconf_expand(const struct sshconf *c, const char *text)
{
	struct buf out = { .max = PATH_BYTES_MAX };
	for (const char *p = text; *p; p++) {
		if (*p == '%' && p[1])
			sshconf_add_token(c, *++p, &out);
		else
			buf_add(&out, p, 1);
	}
	return buf_take(&out);
}

/* Expands one token in a word of a command. False: an unknown token. */
static bool sshconf_add_word_token(const struct sshconf *c, const struct ssh_token *more,
                                   char token, struct buf *out)
{
	for (; more && more->token; more++)
		if (more->token == token) {
			buf_puts(out, more->value);
			return true;
		}
	if (!token || !strchr("%Ldhiklnpru", token))
		return false;
	sshconf_add_token(c, token, out);
	return true;
}

static char *sshconf_unknown_in(struct buf *out, const char *at, size_t len, char *unknown,
                                size_t size)
{
	snprintf(unknown, size, "%.*s", (int)len, at);
	buf_finish(out);
	return NULL;
}

char *sshconf_command_word(const struct sshconf *c, const struct ssh_token *more, const char *text,
                           char *unknown, size_t size)
{
	struct buf out = { .max = PATH_BYTES_MAX };
	char name[64];
	for (const char *p = text; *p; p++) {
		if (*p == '%') {
			if (!sshconf_add_word_token(c, more, p[1], &out))
				return sshconf_unknown_in(&out, p, p[1] ? 2 : 1, unknown, size);
			p++;
			continue;
		}
		const char *end = p[0] == '$' && p[1] == '{' ? strchr(p + 2, '}') : NULL;
		if (!end) {
			buf_add(&out, p, 1);
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(end - p - 2), p + 2);
		const char *value = getenv(name);
		if (!value)
			return sshconf_unknown_in(&out, p, (size_t)(end - p + 1), unknown, size);
		buf_puts(&out, value);
		p = end;
	}
	return buf_take(&out);
}

/* Copies one word from *at without quotes and escapes. False: an unclosed quote. */
static bool sshconf_split_word(const char **at, struct buf *word)
{
	char quote = 0;
	const char *p = *at;
	for (; *p && (quote || (*p != ' ' && *p != '\t')); p++) {
		bool escape = *p == '\\' && p[1] &&
		              (strchr("'\"\\", p[1]) || (!quote && p[1] == ' '));
		if (escape)
			buf_add(word, ++p, 1);
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else if (quote && *p == quote)
			quote = 0;
		else
			buf_add(word, p, 1);
	}
	*at = p;
	return !quote;
}

bool sshconf_split(const char *text, struct ssh_words *words)
{
	for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
		struct buf word = { .max = PATH_BYTES_MAX };
		bool closed = sshconf_split_word(&text, &word);
		ssh_words_add(words, buf_take(&word));
		if (!closed)
			return false;
	}
	return true;
}

char *sshconf_path(const struct sshconf *c, const char *path)
{
	struct buf out = { .max = PATH_BYTES_MAX };
	if (path[0] == '~' && (path[1] == '/' || !path[1])) {
		sshconf_add_own(&out, false);
		path++;
	}
	for (const char *p = path; *p; p++) {
		const char *end = p[0] == '$' && p[1] == '{' ? strchr(p + 2, '}') : NULL;
		size_t len = end ? (size_t)(end - p - 2) : 0;
		char name[64] = "";
		if (end && len < sizeof(name)) {
			memcpy(name, p + 2, len);
			const char *value = getenv(name);
			buf_puts(&out, value ? value : "");
			p = end;
		} else if (*p == '%' && p[1]) {
			sshconf_add_token(c, *++p, &out);
		} else {
			buf_add(&out, p, 1);
		}
	}
	return buf_take(&out);
}

char *sshconf_known_name(const struct sshconf *c, bool with_port)
{
	if (c->host_key_alias)
		return xstrdup(c->host_key_alias);
	char *name = !with_port || c->port == SSH_PORT ? xstrdup(c->hostname)
	                                               : xasprintf("[%s]:%d", c->hostname, c->port);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return name;
}

/* --- settings ------------------------------------------------------------ */

struct setting {
	const char *name;
	void (*take)(struct sshconf *, size_t offset, const char *value);
	size_t offset;
};

#define AT(type, c, offset) ((type *)((char *)(c) + (offset)))

static void sshconf_take_word(struct sshconf *c, size_t offset, const char *value)
{
	xreplace(AT(char *, c, offset), value);
}

/* A word; OpenSSH prints "none" for an empty one. */
static void sshconf_take_optional(struct sshconf *c, size_t offset, const char *value)
{
	if (strcasecmp(value, "none") != 0)
		xreplace(AT(char *, c, offset), value);
}

static void sshconf_take_number(struct sshconf *c, size_t offset, const char *value)
{
	*AT(int, c, offset) = number_int(value);
}

static void sshconf_take_flag(struct sshconf *c, size_t offset, const char *value)
{
	*AT(bool, c, offset) = strcmp(value, "yes") == 0 || strcmp(value, "true") == 0;
}

/* PubkeyAuthentication has several values for yes: "unbound", "host-bound". */
static void sshconf_take_unless_no(struct sshconf *c, size_t offset, const char *value)
{
	*AT(bool, c, offset) = strcmp(value, "no") != 0 && strcmp(value, "false") != 0;
}

static void sshconf_take_path(struct sshconf *c, size_t offset, const char *value)
{
	if (strcmp(value, "none") != 0)
		ssh_words_add(AT(struct ssh_words, c, offset), xstrdup(value));
}

static void sshconf_take_paths(struct sshconf *c, size_t offset, const char *value)
{
	while (*value) {
		value += strspn(value, " ");
		bool quoted = *value == '"';
		value += quoted;
		size_t len = strcspn(value, quoted ? "\"" : " ");
		if (len && !(len == 4 && strncmp(value, "none", 4) == 0))
			ssh_words_add(AT(struct ssh_words, c, offset), xstrndup(value, len));
		value += len;
		value += quoted && *value == '"';
	}
}

static void sshconf_take_strict(struct sshconf *c, size_t offset, const char *value)
{
	static const struct {
		const char *word;
		enum ssh_strict strict;
	} words[] = {
		{ "yes", SSH_STRICT_YES },
		{ "true", SSH_STRICT_YES },
		{ "accept-new", SSH_STRICT_ACCEPT_NEW },
		{ "no", SSH_STRICT_NO },
		{ "off", SSH_STRICT_NO },
		{ "false", SSH_STRICT_NO },
	};
	c->strict = SSH_STRICT_ASK;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(value, words[i].word) == 0)
			c->strict = words[i].strict;
}

static void sshconf_take_family(struct sshconf *c, size_t offset, const char *value)
{
	if (strcmp(value, "inet") == 0)
		c->address_family = AF_INET;
	else if (strcmp(value, "inet6") == 0)
		c->address_family = AF_INET6;
	else
		c->address_family = AF_UNSPEC;
}

#define SETTING(name, take, field)                          \
	{                                                   \
		name, take, offsetof(struct sshconf, field) \
	}
static const struct setting settings[] = {
	SETTING("hostname", sshconf_take_word, hostname),
	SETTING("user", sshconf_take_word, user),
	SETTING("port", sshconf_take_number, port),
	SETTING("hostkeyalias", sshconf_take_optional, host_key_alias),
	SETTING("proxyjump", sshconf_take_optional, proxy_jump),
	SETTING("proxycommand", sshconf_take_optional, proxy_command),
	SETTING("bindaddress", sshconf_take_optional, bind_address),
	SETTING("identityagent", sshconf_take_word, identity_agent),
	SETTING("identityfile", sshconf_take_path, identities),
	SETTING("certificatefile", sshconf_take_path, certificates),
	SETTING("userknownhostsfile", sshconf_take_paths, known_hosts),
	SETTING("globalknownhostsfile", sshconf_take_paths, global_known_hosts),
	SETTING("knownhostscommand", sshconf_take_optional, known_hosts_command),
	SETTING("revokedhostkeys", sshconf_take_optional, revoked_host_keys),
	SETTING("nohostauthenticationforlocalhost", sshconf_take_flag, localhost_needs_none),
	SETTING("gssapiauthentication", sshconf_take_flag, may.gssapi),
	SETTING("gssapidelegatecredentials", sshconf_take_flag, may.gssapi_delegate),
	SETTING("gssapiserveridentity", sshconf_take_optional, gssapi_server),
	SETTING("gssapiclientidentity", sshconf_take_optional, gssapi_client),
	SETTING("identitiesonly", sshconf_take_flag, identities_only),
	SETTING("pubkeyauthentication", sshconf_take_unless_no, may.pubkey),
	SETTING("passwordauthentication", sshconf_take_flag, may.password),
	SETTING("kbdinteractiveauthentication", sshconf_take_flag, may.kbdint),
	SETTING("challengeresponseauthentication", sshconf_take_flag, may.kbdint),
	SETTING("batchmode", sshconf_take_flag, batch),
	SETTING("hashknownhosts", sshconf_take_flag, hash_known_hosts),
	SETTING("stricthostkeychecking", sshconf_take_strict, strict),
	SETTING("connecttimeout", sshconf_take_number, connect_timeout_s),
	SETTING("addressfamily", sshconf_take_family, address_family),
	SETTING("numberofpasswordprompts", sshconf_take_number, prompts),
	SETTING("requiredrsasize", sshconf_take_number, rsa_min_bits),
	SETTING("ciphers", sshconf_take_word, ciphers),
	SETTING("macs", sshconf_take_word, macs),
	SETTING("kexalgorithms", sshconf_take_word, kex),
	SETTING("hostkeyalgorithms", sshconf_take_word, host_key_algorithms),
	SETTING("pubkeyacceptedalgorithms", sshconf_take_word, pubkey_algorithms),
	SETTING("pubkeyacceptedkeytypes", sshconf_take_word, pubkey_algorithms),
	SETTING("preferredauthentications", sshconf_take_word, preferred_auth),
};

static void sshconf_expand_path(struct sshconf *c, char **slot)
{
	char *path = sshconf_path(c, *slot);
	free(*slot);
	*slot = path;
}

static void sshconf_expand_words(struct sshconf *c, struct ssh_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		sshconf_expand_path(c, &w->word[i]);
}

void sshconf_parse(struct sshconf *c, const char *host, const char *text)
{
	*c = (struct sshconf){ .port = SSH_PORT,
		               .may = { .pubkey = true, .password = true, .kbdint = true },
		               .prompts = 3 };
	c->host = xstrdup(host);
	char *copy = xstrdup(text), *save = NULL;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, "\r")] = '\0';
		char *value = strchr(line, ' ');
		if (!value)
			continue;
		*value++ = '\0';
		size_t i = 0;
		while (i < ARRAY_LEN(settings) && strcasecmp(settings[i].name, line) != 0)
			i++;
		if (i < ARRAY_LEN(settings))
			settings[i].take(c, settings[i].offset, value);
	}
	free(copy);
	if (!c->hostname)
		c->hostname = xstrdup(host);
	if (c->port < 1 || c->port > 65535)
		c->port = SSH_PORT;
	if (c->prompts < 1)
		c->prompts = 1;
	/* "none" leaves the list empty on purpose: no key is known, and no new key is accepted. */
	if (!c->known_hosts.n && !strcasestr(text, "userknownhostsfile "))
		ssh_words_add(&c->known_hosts, xstrdup("~/.ssh/known_hosts"));
	sshconf_expand_words(c, &c->identities);
	sshconf_expand_words(c, &c->certificates);
	sshconf_expand_words(c, &c->known_hosts);
	sshconf_expand_words(c, &c->global_known_hosts);
	if (c->revoked_host_keys)
		sshconf_expand_path(c, &c->revoked_host_keys);
	/* "SSH_AUTH_SOCK" and "$NAME" name environment variables; any other value is a path. */
	char *agent = c->identity_agent, *path;
	if (!agent || strcmp(agent, "none") == 0)
		return;
	if (strcmp(agent, "SSH_AUTH_SOCK") == 0)
		path = NULL;
	else if (agent[0] == '$' && agent[1] != '{')
		path = xstrdup(getenv(agent + 1) ?: "none");
	else
		path = sshconf_path(c, agent);
	free(agent);
	c->identity_agent = path;
}

void sshconf_finish(struct sshconf *c)
{
	char **words[] = { &c->host,
		           &c->hostname,
		           &c->user,
		           &c->host_key_alias,
		           &c->proxy_jump,
		           &c->proxy_command,
		           &c->bind_address,
		           &c->identity_agent,
		           &c->ciphers,
		           &c->macs,
		           &c->kex,
		           &c->host_key_algorithms,
		           &c->pubkey_algorithms,
		           &c->preferred_auth,
		           &c->known_hosts_command,
		           &c->revoked_host_keys,
		           &c->gssapi_server,
		           &c->gssapi_client };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		free(*words[i]);
	ssh_words_finish(&c->identities);
	ssh_words_finish(&c->certificates);
	ssh_words_finish(&c->known_hosts);
	ssh_words_finish(&c->global_known_hosts);
	*c = (struct sshconf){ 0 };
}
