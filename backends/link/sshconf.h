/* sshconf.h: the settings of the user's OpenSSH for a destination, parsed from the output of `ssh
 * -G`. Source: ssh_config(5). */
#ifndef LINK_SSHCONF_H
#define LINK_SSHCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"

#define SSH_PORT 22

/* A destination as the user writes it: "name", "user@host", "user@host:port",
 * "ssh://user@host:port", "[v6]:port". */
struct ssh_dest {
	char *user, *host; /* owned; user NULL when not given */
	int port;          /* 0 when not given */
};
bool ssh_dest_parse(struct ssh_dest *, const char *text, struct err *);
void ssh_dest_finish(struct ssh_dest *);

/* A short list of words, owned. */
struct ssh_words {
	char **word;
	size_t n;
};
/* takes ownership of word; keeps at most SSH_WORDS_MAX */
void ssh_words_add(struct ssh_words *, char *word);
void ssh_words_finish(struct ssh_words *);
#define SSH_WORDS_MAX 64

enum ssh_strict { SSH_STRICT_ASK, SSH_STRICT_YES, SSH_STRICT_ACCEPT_NEW, SSH_STRICT_NO };

struct sshconf {
	char *host; /* as given, for %n */
	char *hostname, *user;
	int port;
	char *host_key_alias, *proxy_jump, *proxy_command, *bind_address; /* NULL: none */
	char *identity_agent;      /* path; NULL: $SSH_AUTH_SOCK; "none": no agent */
	char *known_hosts_command; /* as written, with quotes and tokens; NULL: none */
	char *revoked_host_keys;   /* path; NULL: none */
	/* names for Kerberos; NULL: the defaults */
	char *gssapi_server, *gssapi_client;
	struct ssh_words identities, certificates, known_hosts, global_known_hosts;
	struct ssh_methods { /* which may be used */
		bool pubkey, password, kbdint, gssapi, gssapi_delegate;
	} may;
	bool identities_only, batch, hash_known_hosts;
	/* NoHostAuthenticationForLocalhost: accept any key at a loopback address */
	bool localhost_needs_none;
	enum ssh_strict strict;
	int connect_timeout_s; /* 0: not set */
	int address_family;    /* AF_UNSPEC, AF_INET, AF_INET6 */
	int prompts;           /* NumberOfPasswordPrompts */
	int rsa_min_bits;      /* RequiredRSASize; 0 not set */
	/* NULL: the library's own */
	char *ciphers, *macs, *kex, *host_key_algorithms, *pubkey_algorithms, *preferred_auth;
};

/* Parses the lines of `ssh -G` and ignores unknown ones. host is the name as given. Expands paths
 * (~, %d, %h, ...). Pure, except for environment variables in paths. */
void sshconf_parse(struct sshconf *, const char *host, const char *text);
void sshconf_finish(struct sshconf *);

/* Replaces %h, %p, %r, %n, %% and the other tokens like OpenSSH (ssh_config(5) TOKENS). Unknown
 * tokens stay. The caller frees the result. */
char *sshconf_expand(const struct sshconf *, const char *text);
/* The same for a path, with ~ and ${NAME}. */
char *sshconf_path(const struct sshconf *, const char *path);

/* Splits a command into words like OpenSSH: both kinds of quotes, backslashes. False: an unclosed
 * quote. */
bool sshconf_split(const char *command, struct ssh_words *);
struct ssh_token {
	char token; /* 0 ends the list */
	const char *value;
};
/* Expands one word of such a command: %tokens (those of more first) and ${NAME}. The caller frees
 * the result. NULL: an unknown token or variable, which unknown then names. */
char *sshconf_command_word(const struct sshconf *, const struct ssh_token *more, const char *text,
                           char *unknown, size_t size);

/* Returns the server's name in known_hosts: the alias, "host", or "[host]:port". The caller frees
 * the result. */
char *sshconf_known_name(const struct sshconf *, bool with_port);

#endif
