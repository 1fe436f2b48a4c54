/* settings.h: $XDG_CONFIG_HOME/mocr/config, read by inih. Every key is a row of a table that also
 * makes mocr-config(5). */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct doc;

struct server_config {
	char *name;     /* of [server NAME] */
	char *host;     /* ssh destination; NULL: name */
	char *identity; /* key file; NULL */
	char *units;    /* words: units that must exist; NULL */
	char *sudo;     /* "auto" (default), "never" */
	/* where its tailscaled listens; NULL: the usual place, or as its program says */
	char *tailscale_socket;
	bool protect;
	int connect_timeout; /* s; 0: the general one */
	int line;            /* of the file, where it begins */
	struct server_config *next;
};
struct headscale_config {
	char *name;          /* of [headscale NAME] */
	char *url;           /* of its REST API; NULL: its program on the server */
	char *server;        /* the server to go through; NULL: from this machine */
	char *token_command; /* run on this machine, prints an API key; NULL */
	char *command;       /* how its program is called on the server; NULL: headscale */
	int line;            /* of the file, where it begins */
	struct headscale_config *next;
};
struct opencode_config {
	char *name; /* of [opencode NAME] */
	/* as seen from the server; NULL: only adds to what is found there */
	char *url;
	char *server;           /* the server to go through; NULL: this machine */
	char *user;             /* "opencode" */
	char *password_command; /* run on this machine, prints the password; NULL */
	char *directory;        /* NULL */
	int line;               /* of the file, where it begins */
	struct opencode_config *next;
};
struct dokploy_config {
	char *name;          /* of [dokploy NAME] */
	char *url;           /* NULL: not given, a complaint */
	char *server;        /* the server to go through; NULL: from this machine */
	char *token_command; /* run on this machine, prints an API key; NULL */
	/* of a new stack; NULL: not given */
	char *stack_prefix, *stack_image, *stack_domain, *stack_certificate;
	int stack_port;
	int line; /* of the file, where it begins */
	struct dokploy_config *next;
};
/* [deploy NAME]: a command on a server that brings something out there; backends/deploy understands
 * the words. */
struct deploy_config {
	char *name;                                /* of [deploy NAME]: letters, digits, . _ - */
	char *server, *directory, *run, *rollback; /* NULL: not given */
	char *ask, *check; /* a line for each time the key was given; NULL */
	int within;        /* s, that the checks have */
	bool confirm, lock;
	int line; /* of the file, where it begins */
	struct deploy_config *next;
};
/* [coolify NAME], [portal NAME]: a web platform that deploys. */
struct platform_config {
	char *name;
	char *url;           /* as seen from the server; NULL: not given */
	char *server;        /* the server to go through; NULL: this machine */
	char *token_command; /* prints the token; NULL */
	int line;            /* of the file, where it begins */
	struct platform_config *next;
};
struct key_config { /* of [keys]: KEY = action-name */
	char *key, *action;
	int line;
	struct key_config *next;
};
struct settings {
	char *file;          /* that was read; NULL: none */
	char *theme;         /* "default" */
	char *ssh_config;    /* -F; NULL */
	char *state_dir;     /* $XDG_STATE_HOME/mocr */
	int vitals_interval; /* s, default 3 */
	int connect_timeout; /* s, default 5 */
	int disk_warn;       /* %, default 80 */
	int opencode_memory; /* MB, default 4096 */
	int log_memory;      /* MB, default 64 */
	bool local;          /* this machine is watched too, default yes */
	bool hints;          /* the line of keys at the bottom, default yes */
	bool ascii;          /* no UTF-8 on the screen, default by locale */
	bool read_only;
	bool batch; /* headless: nobody answers */
	struct server_config *servers;
	struct headscale_config *headscales;
	struct opencode_config *opencodes;
	struct deploy_config *deploys;
	struct dokploy_config *dokploys;
	struct platform_config *coolifys, *portals;
	struct key_config *keys;
	bool refused; /* the file was not read, because others can write it */
	/* who keeps it; 0: one that a test made by hand, which nobody frees */
	unsigned refs;
};

/* Settings never change once they are read: :reload reads new ones beside them. Whoever remembers a
 * pointer to settings or to a section past the turn of the loop keeps them with settings_keep and
 * lets go with settings_destroy. */
const struct settings *settings_keep(const struct settings *);

/* Reads file (NULL: the default place; a missing default is fine) and adds complaints, each
 * "FILE:LINE: what was expected, nearest name", to complaints. What was understood counts. Never
 * NULL; the caller lets go with settings_destroy. */
struct settings *settings_load(const char *file, struct doc *complaints);
/* lets go; who lets go last frees them; NULL is fine */
void settings_destroy(const struct settings *);

/* One row per key, for the man page and --check-config. A file is a path that must be readable, a
 * command is text that a shell runs. */
enum setting_type {
	SETTING_TEXT,
	SETTING_PATH,
	SETTING_NUMBER,
	SETTING_YES_NO,
	SETTING_LINES,
	SETTING_FILE,
	SETTING_COMMAND
};
struct setting_row {
	const char *section, *key;
	enum setting_type type;
	/* in struct settings, or in struct server_config or headscale_config, ... for their
	 * sections */
	size_t offset;
	int min, max;         /* of a number */
	const char *fallback; /* as it would be written; NULL: none */
	const char *choices;  /* words a text may be, parted by blanks; NULL: any */
	const char *help;
};
const char *setting_type_name(enum setting_type);
extern const struct setting_row setting_rows[]; /* ends at .key == NULL */

/* "~/x" is below HOME; everything else is as it stands. The caller frees. */
char *path_expand(const char *path);

/* The name nearest to word among n names, or NULL when none is near. (Also: units that do not
 * exist.) */
const char *nearest(const char *word, const char *const *names, size_t n);

#endif
