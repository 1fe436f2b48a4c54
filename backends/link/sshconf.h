/* sshconf.h: what the user's OpenSSH would do for a destination: the output of `ssh -G`,
 * understood. */
#ifndef LINK_SSHCONF_H
#define LINK_SSHCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"

#define SSH_PORT 22

/* Where to go, in the words of the user: "name", "user@host", "user@host:port",
 * "ssh://user@host:port", "[v6]:port". */
struct ssh_dest {
	char *user, *host; /* owned; user NULL when none was given */
	int port;          /* 0 when none was given */
};
bool ssh_dest_parse(struct ssh_dest *, const char *text, struct err *);
void ssh_dest_finish(struct ssh_dest *);

/* A few words in a row, owned. */
struct ssh_words {
	char **word;
	size_t n;
};
/* takes word; at most SSH_WORDS_MAX are kept */
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
	char *known_hosts_command; /* as written, with its quotes and tokens; NULL: none */
	char *revoked_host_keys;   /* path; NULL: none */
	/* names to use with Kerberos; NULL: the usual ones */
	char *gssapi_server, *gssapi_client;
	struct ssh_words identities, certificates, known_hosts, global_known_hosts;
	bool identities_only, pubkey, password, kbdint, batch, hash_known_hosts;
	bool gssapi, gssapi_delegate;
	/* NoHostAuthenticationForLocalhost: any key does at a loopback address */
	bool localhost_needs_none;
	enum ssh_strict strict;
	int connect_timeout_s; /* 0: not set */
	int address_family;    /* AF_UNSPEC, AF_INET, AF_INET6 */
	int prompts;           /* NumberOfPasswordPrompts */
	int rsa_min_bits;      /* RequiredRSASize; 0 not set */
	/* NULL: the library's own */
	char *ciphers, *macs, *kex, *host_key_algorithms, *pubkey_algorithms, *preferred_auth;
};

/* Understands the lines of `ssh -G`; unknown ones are left alone. host is what was asked for. Paths
 * are expanded
 * (~, %d, %h, ...). A pure function but for the environment that paths speak of. */
void sshconf_parse(struct sshconf *, const char *host, const char *text);
void sshconf_finish(struct sshconf *);

/* Replaces %h, %p, %r, %n, %% and their kin as OpenSSH does; unknown ones stay. The caller frees.
 */
char *sshconf_expand(const struct sshconf *, const char *text);
/* The same for a path, with ~ and ${NAME}. */
char *sshconf_path(const struct sshconf *, const char *path);

/* A command as OpenSSH cuts it into words: quotes of both kinds, backslashes. false: a quote is
 * never closed. */
bool sshconf_split(const char *command, struct ssh_words *);
struct ssh_token {
	char token; /* 0 ends the list */
	const char *value;
};
/* One word of such a command with its %tokens (those of more first) and ${NAMES}; the caller
 * frees. NULL: one of them nobody knows, and unknown says which. */
char *sshconf_command_word(const struct sshconf *, const struct ssh_token *more, const char *text,
                           char *unknown, size_t size);

/* The name under which known_hosts has the server: the alias, "host", or "[host]:port". The caller
 * frees. */
char *sshconf_known_name(const struct sshconf *, bool with_port);

#endif
