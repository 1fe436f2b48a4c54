/* settings.h: the configuration file $XDG_CONFIG_HOME/mocr/config, read by inih. Every key is a row
 * of a table, from which mocr-config(5) is also made. */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct doc;
struct err;

struct server_config {
	char *name;     /* from [server NAME] */
	char *host;     /* ssh destination; NULL: same as name */
	char *identity; /* key file; NULL: none */
	char *units;    /* units that must exist, separated by blanks; NULL: none */
	char *sudo;     /* "auto" (default), "never" */
	/* socket of its tailscaled; NULL: the usual path, or the path its program reports */
	char *tailscale_socket;
	/* the server that it cannot be reached without; NULL: none but those of ProxyJump */
	char *parent;
	char *tags; /* separated by blanks; NULL: none (servers/tags.h) */
	char *tint; /* colour of its name: "red"; "none"; NULL: that of its tags */
	bool protect;
	int connect_timeout; /* s; 0: the global setting */
	/* %, s; 0: the global setting */
	int disk_warn, memory_warn, cpu_warn, warn_for;
	int line;            /* line of its heading in the file */
	struct server_config *next;
};
struct headscale_config {
	char *name;          /* from [headscale NAME] */
	char *url;           /* of its REST API; NULL: use its program on the server */
	char *server;        /* the server to connect through; NULL: from this machine */
	char *token_command; /* run on this machine, prints an API key; NULL: none */
	char *command;       /* name of its program on the server; NULL: headscale */
	int line;            /* line of its heading in the file */
	struct headscale_config *next;
};
struct opencode_config {
	char *name; /* from [opencode NAME] */
	/* as seen from the server; NULL: this section only completes what is found on the server */
	char *url;
	char *server;           /* the server to connect through; NULL: this machine */
	char *user;             /* user name, "opencode" by default */
	char *password_command; /* run on this machine, prints the password; NULL: none */
	char *directory;        /* NULL: none */
	int line;               /* line of its heading in the file */
	struct opencode_config *next;
};
struct dokploy_config {
	char *name;          /* from [dokploy NAME] */
	char *url;           /* NULL: missing, which is a complaint */
	char *server;        /* the server to connect through; NULL: from this machine */
	char *token_command; /* run on this machine, prints an API key; NULL: none */
	/* for a new stack; NULL: not set */
	char *stack_prefix, *stack_image, *stack_domain, *stack_certificate;
	int stack_port;
	int line; /* line of its heading in the file */
	struct dokploy_config *next;
};
/* [deploy NAME]: a command that deploys something on a server. backends/deploy interprets the
 * values. */
struct deploy_config {
	char *name;                                /* from [deploy NAME]: letters, digits, . _ - */
	char *server, *directory, *run, *rollback; /* NULL: not set */
	char *ask, *check; /* one line for each time the key is set; NULL: none */
	int within;        /* s, time limit of the checks */
	bool confirm, lock;
	int line; /* line of its heading in the file */
	struct deploy_config *next;
};
/* [coolify NAME], [portal NAME]: a web platform that deploys apps. The same for the systems:
 * [prometheus NAME], [alertmanager NAME]. */
struct platform_config {
	char *name;
	char *url;           /* as seen from the server; NULL: not set */
	char *server;        /* the server to connect through; NULL: this machine */
	char *token_command; /* run on this machine, prints the token; NULL: none */
	int line;            /* line of its heading in the file */
	struct platform_config *next;
};
/* [check NAME]: probe_spec.h interprets the values. */
struct check_config {
	char *name;                   /* from [check NAME] */
	char *url, *tcp, *dns, *ping; /* what is checked: one of them; NULL: not set */
	char *from;                   /* the server to check from; NULL: this machine */
	char *status, *text, *json;   /* what is expected of an HTTP answer; NULL: not set */
	char *type, *address;         /* of a DNS check; NULL: any */
	int every, within;            /* s */
	int fails;                    /* bad runs in a row until the check counts as bad */
	int slow;                     /* ms; 0: no limit */
	int redirects;                /* the most that are followed */
	int certificate_warn, certificate_bad; /* days before its end */
	bool insecure;
	int line; /* line of its heading in the file */
	struct check_config *next;
};
/* [notify NAME]: a way to tell the user. backends/notify interprets the values. */
struct notify_config {
	char *name;
	char *type;                       /* "terminal", "ntfy", ... */
	char *url;                        /* NULL: not set */
	char *token_command, *token_file; /* NULL: no token */
	char *command, *body;             /* NULL: not set */
	char *to, *from;                  /* of a mail; to: the chat of Telegram; NULL: not set */
	char *click; /* of ntfy: what a tap on the message opens; NULL: the app */
	char *kinds, *servers;            /* words separated by blanks; NULL: all */
	char *quiet;                      /* quiet hours; NULL: none */
	char *how;                        /* of a terminal: "auto", "bell", ... */
	int hold, timeout;                /* s */
	int repeat;                       /* minutes; 0: never */
	bool resolved;
	int line; /* line of its heading in the file */
	struct notify_config *next;
};
struct litellm_config {
	char *name, *url, *server, *token_command; /* as in platform_config */
	int budget; /* what may be spent in a day, in hundredths of a dollar; 0: not set */
	int line;
	struct litellm_config *next;
};
struct logs_config {
	char *name, *url, *server, *token_command; /* as in platform_config */
	char *user;   /* the token is the password of this user; NULL: it is a bearer token */
	char *tenant; /* whose logs, where several share one system; NULL: no header for it */
	char *query;  /* what its own row shows; NULL: everything */
	int line;
	struct logs_config *next;
};
struct look_config { /* [panel NAME]; the name is checked by the console */
	char *name;
	char *columns; /* separated by blanks; NULL: the panel's own */
	int line;      /* line of its heading in the file */
	struct look_config *next;
};
struct tag_config { /* [tag NAME]: what all servers with a tag have */
	char *name; /* without the @ */
	char *tint; /* as in server_config */
	int line;   /* line of its heading in the file */
	struct tag_config *next;
};
/* [metric NAME]: systems/metric.c interprets the numbers. */
struct metric_config {
	/* as in platform_config; those of [prometheus NAME] where "prometheus" names one */
	char *name, *url, *server, *token_command;
	char *prometheus, *query;
	char *of;         /* id of the row whose details show it: pi, pi/container/web; NULL none */
	char *unit;       /* after the number; "bytes", "seconds" and "percent" are known */
	char *warn, *bad; /* limits; NULL none. A bad limit under that of warn: from below */
	int over;         /* minutes that the line shows */
	int line;
	struct metric_config *next;
};
struct ci_config { /* [ci NAME]: Gitea Actions, GitHub Actions */
	char *name, *url, *server, *token_command; /* as in platform_config */
	char *kind;         /* "gitea" (default), "github" */
	char *repositories; /* "OWNER/NAME", separated by blanks; NULL: none */
	int line;
	struct ci_config *next;
};
struct zlh_config { /* [zlh NAME]: JSON pointers into the status of a zlh-agent; "": not told */
	char *name, *url, *server, *token_command; /* as in platform_config */
	char *state, *provisioned, *code_server, *version, *backoff;
	char *crash_time, *crash_class, *crash_exit, *crash_signal, *crash_uptime, *crash_log;
	int line;
	struct zlh_config *next;
};
struct key_config { /* of [keys]: KEY = action-name, or CONTEXT:KEY = action-name */
	char *key, *action;
	int line;
	struct key_config *next;
};
struct screen_settings {
	bool hints; /* the line of keys at the bottom, default yes */
	bool mouse; /* the mouse is used, default no */
	bool ascii; /* no UTF-8 on the screen, default by locale */
};
/* What became of the file. Only a file that was read can say what the user allows. */
enum settings_file {
	SETTINGS_READ,   /* the file was read, or no file exists */
	SETTINGS_REFUSED /* the file was not read, because others can write it */
};
struct settings {
	char *file;          /* the file that was read; NULL: none */
	char *path;          /* the same, or where it would be; NULL: made by a test */
	char *theme;         /* "default" */
	char *panels;        /* names of the panels that come first; NULL: the program's order */
	char *layout;        /* "panes" (tui/layout.h); NULL: the one used last */
	char *ssh_config;    /* passed to ssh as -F; NULL: none */
	char *state_dir;     /* $XDG_STATE_HOME/mocr */
	int vitals_interval; /* s, default 3 */
	int connect_timeout; /* s, default 5 */
	int disk_warn;       /* %, default 80 */
	int memory_warn, cpu_warn; /* %, default 90; over 100: none */
	int warn_for;        /* s, default 300: how long memory and CPU must be over these */
	int need_for;        /* s, default 3; 0: at once, and what flaps is not counted */
	int opencode_memory; /* MB, default 4096 */
	int budget;          /* cents that all sessions may cost in a day; 0: not set */
	int log_memory;      /* MB, default 64 */
	/* hours between two questions for newer images and packages; 0, the default: none */
	int image_updates, package_updates;
	bool local;          /* this machine is watched too, default yes */
	struct { /* what else counts as a need */
		bool finished;   /* a session that ended its turn, default yes */
		char *vpn_peers; /* names of VPN peers that must be online; NULL: none */
	} wants;
	bool remember;       /* the next start begins where the last one ended, default yes */
	struct screen_settings screen;
	bool read_only;
	/* How the program was started. No file says that. */
	struct {
		bool batch; /* headless: nobody is there to answer */
		bool once;  /* a command that looks and ends: no condition is waited for */
	} started;
	struct server_config *servers;
	struct headscale_config *headscales;
	struct opencode_config *opencodes;
	struct deploy_config *deploys;
	struct dokploy_config *dokploys;
	struct platform_config *coolifys, *portals;
	struct check_config *checks;
	struct notify_config *notifys;
	struct platform_config *prometheuses, *alertmanagers, *grafanas, *ollamas;
	struct platform_config *postgreses, *redises;
	struct platform_config *ntfys, *n8ns, *qdrants, *caddies, *cadvisors, *openclaws;
	struct litellm_config *litellms;
	struct logs_config *lokis, *victorialogses;
	struct look_config *looks;
	struct tag_config *tags;
	struct metric_config *metrics;
	struct ci_config *cis;
	struct platform_config *dnses, *missions, *relays;
	struct zlh_config *zlhs;
	struct key_config *keys;
	enum settings_file file_state;
	/* owned: the first thing that was wrong, "FILE:LINE: ..."; NULL: the file is well */
	char *wrong;
	/* references; 0: made by a test, and never freed */
	unsigned refs;
};

/* Settings never change after they were read. :reload makes new settings beside them. Code that
 * stores a pointer to settings or to a section beyond the current turn must call settings_keep. It
 * releases the settings with settings_destroy. */
const struct settings *settings_keep(const struct settings *);

/* Reads file (NULL: the default path, which may be missing). Adds complaints of the form
 * "FILE:LINE: what was expected, nearest name". Valid lines take effect even if others are wrong.
 * Never returns NULL. The caller calls settings_destroy. */
struct settings *settings_load(const char *file, struct doc *complaints);
/* Reads the file of these settings again. A file that cannot be read, or has a mistake, is as good
 * as none: half of it would undo the other half. Then NULL and a sentence in err, and the caller
 * keeps what it has. complaints gets all that is wrong. */
struct settings *settings_reload(const struct settings *, struct doc *complaints, struct err *err);
/* drops one reference; the last one frees the settings; NULL is fine */
void settings_destroy(const struct settings *);

/* One row per key, for the man page and --check-config. SETTING_FILE is a path that must be
 * readable. SETTING_COMMAND is text that a shell runs. */
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
	/* of the member in struct settings, or in the struct of the section (server_config,
	 * headscale_config, ...) */
	size_t offset;
	int min, max;         /* limits of a number */
	const char *fallback; /* default as written in the file; NULL: none */
	const char *choices;  /* allowed words of a text, separated by blanks; NULL: any text */
	const char *help;
};
const char *setting_type_name(enum setting_type);
extern const struct setting_row setting_rows[]; /* ends at .key == NULL */

/* Expands "~/x" to a path below HOME. Any other path is copied unchanged. The caller frees. */
char *path_expand(const char *path);

/* Returns the name most similar to word among n names, or NULL if none is similar. Also used for
 * units that do not exist. */
const char *nearest(const char *word, const char *const *names, size_t n);

#endif
