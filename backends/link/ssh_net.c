/* ssh_net.c: from a name to a connected descriptor: `ssh -G`, name look-up, connect, or a proxy's
 * pipe.
 *
 * All of this runs in the login's worker thread. A proxy starts as in OpenSSH but cannot ask the
 * user. A jump's ssh gets BatchMode, and the proxy's stderr is kept for the error sentence. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/spawn.h"
#include "backends/link/ssh_internal.h"

#define SETTINGS_MAX (256u << 10)
#define CONNECT_TIMEOUT_MS 5000
#define KEEPALIVE_IDLE_S 5
#define KEEPALIVE_EVERY_S 2
#define KEEPALIVE_TRIES 2
#define UNANSWERED_MS 10000
#define ARGV_MAX 24

/* --- helper programs ----------------------------------------------------- */

static void ssh_net_set_helper(struct login *in, pid_t pid)
{
	pthread_mutex_lock(&in->lock);
	in->helper = pid;
	if (pid > 0 && in->cancelled)
		kill(-pid, SIGTERM);
	pthread_mutex_unlock(&in->lock);
}

/* Makes a file in memory for a program's stderr. A file needs no reader, unlike a pipe. */
static int ssh_net_words_file(void)
{
	int fd = memfd_create("mocr-words", MFD_CLOEXEC), high = fd;
	if (fd >= 0 && fd < 3) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		close(fd);
	}
	return high;
}

/* Copies the end of the file's text, washed, as one line. */
static void ssh_net_words_of(int fd, char *buf, size_t size)
{
	char raw[600];
	*buf = '\0';
	off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	off_t start = end > (off_t)sizeof(raw) ? end - (off_t)sizeof(raw) : 0;
	ssize_t n = fd >= 0 ? pread(fd, raw, sizeof(raw), start) : 0;
	while (n > 0 && (raw[n - 1] == '\n' || raw[n - 1] == '\r'))
		n--;
	if (n > 0)
		wash(buf, size, raw, (size_t)n);
}

static void ssh_net_stop_program(pid_t pid)
{
	kill(-pid, SIGTERM);
	for (int i = 0; i < 20; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		usleep(10 * 1000);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int login_run(struct login *in, const char *const *argv, struct buf *out, char *said,
              size_t said_size)
{
	int p[2], words = ssh_net_words_file();
	if (words < 0 || pipe2(p, O_CLOEXEC) < 0) {
		close(words);
		return -1;
	}
	pid_t pid = spawn_argv(argv, -1, p[1], words), before = in->helper;
	close(p[1]);
	ssh_net_set_helper(in, pid);
	int64_t until = now_mono_ms() + LOGIN_RUN_MS;
	bool ended = false;
	while (pid > 0 && !ended && login_wait(in, p[0], POLLIN, until)) {
		char chunk[8192];
		ssize_t n = read(p[0], chunk, sizeof(chunk));
		ended = n <= 0 || !buf_add(out, chunk, (size_t)n);
	}
	close(p[0]);
	/* back to the proxy: login_abandon must be able to stop it */
	ssh_net_set_helper(in, before);
	int status = 0, code = -1;
	if (pid > 0 && !ended)
		ssh_net_stop_program(pid);
	else if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		code = WEXITSTATUS(status);
	ssh_net_words_of(words, said, said_size);
	close(words);
	return code;
}

/* --- settings ------------------------------------------------------------ */

/* Without an ssh program: reads ssh_config with libssh, and prints the settings in the format of
 * `ssh -G`. */
static char *ssh_net_settings_by_libssh(struct login *in)
{
	static const struct {
		enum ssh_options_e option;
		const char *name;
	} wanted[] = {
		{ SSH_OPTIONS_HOST, "hostname" },
		{ SSH_OPTIONS_USER, "user" },
		{ SSH_OPTIONS_IDENTITY, "identityfile" },
		{ SSH_OPTIONS_PROXYCOMMAND, "proxycommand" },
		{ SSH_OPTIONS_KNOWNHOSTS, "userknownhostsfile" },
		{ SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "globalknownhostsfile" },
	};
	struct buf out = { 0 };
	unsigned port = 22;
	ssh_session s = ssh_new();
	ssh_options_set(s, SSH_OPTIONS_HOST, in->where.host);
	ssh_options_parse_config(s, in->ssh_config);
	if (in->identity)
		buf_addf(&out, "identityfile %s\n", in->identity);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		char *value = NULL;
		if (ssh_options_get(s, wanted[i].option, &value) == SSH_OK && value)
			buf_addf(&out, "%s %s\n", wanted[i].name, value);
		ssh_string_free_char(value);
	}
	if (ssh_options_get_port(s, &port) == SSH_OK)
		buf_addf(&out, "port %u\n", port);
	ssh_free(s);
	if (!strstr(out.data, "\nuser ")) {
		char *user = sshconf_expand(&(struct sshconf){ .host = in->where.host }, "%u");
		buf_addf(&out, "user %s\n", user);
		free(user);
	}
	for (const char *const *id =
	             (const char *const[]){ "id_ed25519", "id_ecdsa", "id_rsa", NULL };
	     *id; id++)
		buf_addf(&out, "identityfile ~/.ssh/%s\n", *id);
	return buf_take(&out);
}

static char *ssh_net_settings_by_ssh(struct login *in)
{
	const char *argv[ARGV_MAX];
	char port[16], said[240];
	size_t n = 0;
	argv[n++] = "ssh";
	argv[n++] = "-G";
	if (in->ssh_config) {
		argv[n++] = "-F";
		argv[n++] = in->ssh_config;
	}
	if (in->identity) {
		argv[n++] = "-i";
		argv[n++] = in->identity;
	}
	if (in->where.user) {
		argv[n++] = "-l";
		argv[n++] = in->where.user;
	}
	if (in->where.port) {
		snprintf(port, sizeof(port), "%d", in->where.port);
		argv[n++] = "-p";
		argv[n++] = port;
	}
	argv[n++] = "--";
	argv[n++] = in->where.host;
	argv[n] = NULL;
	struct buf out = { .max = SETTINGS_MAX };
	int code = login_run(in, argv, &out, said, sizeof(said));
	if (code == 0)
		return buf_take(&out);
	buf_finish(&out);
	if (code == 127)
		return ssh_net_settings_by_libssh(in);
	err_set(&in->err, ERR_USAGE, "%s: ssh -G %s could not say how to connect: %s", in->name,
	        in->where.host, *said ? said : "it did not end in time");
	return NULL;
}

bool ssh_net_settings(struct login *in)
{
	if (!ssh_dest_parse(&in->where, in->dest, &in->err))
		return false;
	char *text = ssh_net_settings_by_ssh(in);
	if (!text)
		return false;
	sshconf_parse(&in->conf, in->where.host, text);
	free(text);
	struct sshconf *c = &in->conf;
	/* The user and port of the destination override ssh_config. libssh's reader does not know
	 * them. */
	if (in->where.user)
		xreplace(&c->user, in->where.user);
	if (in->where.port)
		c->port = in->where.port;
	in->batch |= c->batch;
	if (!in->connect_timeout_ms)
		in->connect_timeout_ms = c->connect_timeout_s > 0 ? c->connect_timeout_s * 1000
		                                                  : CONNECT_TIMEOUT_MS;
	return true;
}

/* --- through a proxy ----------------------------------------------------- */

void ssh_net_proxy_said(struct login *in, char *buf, size_t size)
{
	*buf = '\0';
	if (in->proxy > 0) {
		usleep(20 * 1000); /* a proxy may close the pipe before it prints the reason */
		ssh_net_words_of(in->proxy_words, buf, size);
	}
}

void ssh_net_settled(struct login *in)
{
	ssh_net_set_helper(in, 0);
}

void ssh_net_close(struct login *in)
{
	ssh_net_set_helper(in, 0);
	if (in->proxy > 0)
		ssh_net_stop_program(in->proxy);
	in->proxy = 0;
	if (in->proxy_words >= 0)
		close(in->proxy_words);
	in->proxy_words = -1;
}

static bool ssh_net_start_proxy(struct login *in, const char *const *argv)
{
	int pair[2], big = 1 << 20;
	in->proxy_words = ssh_net_words_file();
	if (in->proxy_words < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(&in->err, ERR_SYSTEM, "%s: no pipe for the proxy: %s", in->name,
		               strerror(errno));
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	in->proxy = spawn_argv(argv, pair[1], pair[1], in->proxy_words);
	close(pair[1]);
	in->fd = pair[0];
	fcntl(in->fd, F_SETFL, O_NONBLOCK);
	if (in->proxy > 0) {
		/* login_abandon must be able to stop a hanging proxy */
		ssh_net_set_helper(in, in->proxy);
		return true;
	}
	in->proxy = 0;
	return err_set(&in->err, ERR_SYSTEM, "%s: the proxy could not be started: %s", in->name,
	               strerror(errno));
}

/* ProxyJump a,b: ssh to b through a; b forwards the connection. */
static bool ssh_net_proxy_by_jump(struct login *in)
{
	const char *argv[ARGV_MAX];
	size_t n = 0;
	char port[16], *before = xstrdup(in->conf.proxy_jump), *last = strrchr(before, ',');
	struct ssh_dest hop;
	if (last)
		*last++ = '\0';
	if (!ssh_dest_parse(&hop, last ? last : before, &in->err)) {
		free(before);
		return false;
	}
	snprintf(in->address, sizeof(in->address), "%.40s port %d through %.20s", in->conf.hostname,
	         in->conf.port, hop.host);
	char *target = xasprintf("[%s]:%d", in->conf.hostname, in->conf.port);
	argv[n++] = "ssh";
	if (in->ssh_config) {
		argv[n++] = "-F";
		argv[n++] = in->ssh_config;
	}
	argv[n++] = "-oBatchMode=yes";
	if (last) {
		argv[n++] = "-J";
		argv[n++] = before;
	}
	if (hop.user) {
		argv[n++] = "-l";
		argv[n++] = hop.user;
	}
	if (hop.port) {
		snprintf(port, sizeof(port), "%d", hop.port);
		argv[n++] = "-p";
		argv[n++] = port;
	}
	argv[n++] = "-W";
	argv[n++] = target;
	argv[n++] = "--";
	argv[n++] = hop.host;
	argv[n] = NULL;
	bool ok = ssh_net_start_proxy(in, argv);
	free(target);
	free(before);
	ssh_dest_finish(&hop);
	return ok;
}

/* --- by our own socket --------------------------------------------------- */

/* Connects to one address. -1 and errno on failure. */
static int ssh_net_connect_one(struct login *in, const struct addrinfo *a, int64_t until)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
	socklen_t len = sizeof(error);
	if (fd < 0)
		return -1;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			error = errno;
		else if (!login_wait(in, fd, POLLOUT, until))
			error = errno;
		else
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
	if (!error)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

static bool ssh_net_connect_err(struct login *in, int error)
{
	if (error == ETIMEDOUT)
		return err_set(&in->err, ERR_TIMEOUT,
		               "%s: no answer from %s within %d s: the machine is off, or a "
		               "firewall drops what we send",
		               in->name, in->address, (in->connect_timeout_ms + 999) / 1000);
	if (error == ECONNREFUSED)
		return err_set(&in->err, ERR_REFUSED,
		               "%s: %s refused the connection: the machine is up, but no sshd "
		               "listens there",
		               in->name, in->address);
	if (error == ECANCELED)
		return err_set(&in->err, ERR_CANCELLED, "%s: given up", in->name);
	return err_set(&in->err, ERR_REFUSED, "%s: %s cannot be reached: %s", in->name, in->address,
	               strerror(error));
}

static bool ssh_net_connect_direct(struct login *in)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		                  .ai_family = in->conf.address_family },
			*list = NULL;
	char port[16];
	snprintf(port, sizeof(port), "%d", in->conf.port);
	snprintf(in->address, sizeof(in->address), "%.50s port %d", in->conf.hostname,
	         in->conf.port);
	int r = getaddrinfo(in->conf.hostname, port, &hints, &list);
	const char *why = r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r);
	if (r)
		return err_set(&in->err, r == EAI_AGAIN ? ERR_TIMEOUT : ERR_ABSENT,
		               "%s: no address for `%s`: %s", in->name, in->conf.hostname, why);
	int error = 0;
	int64_t until = now_mono_ms() + in->connect_timeout_ms;
	for (const struct addrinfo *a = list; a && in->fd < 0; a = a->ai_next) {
		/* Each address gets half of the remaining time, the last one all of it. So a dead
		 * first address leaves time for the second. */
		int64_t now = now_mono_ms(), left = until > now ? until - now : 0;
		int64_t share = a->ai_next ? left / 2 : left;
		char host[64] = "";
		getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
		snprintf(in->address, sizeof(in->address), "%s port %d", host, in->conf.port);
		in->fd = ssh_net_connect_one(in, a, now + share);
		error = errno;
		if (in->fd < 0 && error == ECANCELED)
			break;
	}
	freeaddrinfo(list);
	if (in->fd < 0)
		return ssh_net_connect_err(in, error);
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_TRIES },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, UNANSWERED_MS },
	};
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		setsockopt(in->fd, options[i].level, options[i].name, &options[i].value,
		           sizeof(options[i].value));
	return true;
}

bool ssh_net_connect(struct login *in)
{
	if (in->conf.proxy_command) {
		/* Runs ProxyCommand like OpenSSH: by `exec` in the user's shell. */
		const char *shell = getenv("SHELL");
		char *expanded = sshconf_expand(&in->conf, in->conf.proxy_command);
		char *command = xasprintf("exec %s", expanded);
		snprintf(in->address, sizeof(in->address), "%.40s port %d by ProxyCommand",
		         in->conf.hostname, in->conf.port);
		bool ok = ssh_net_start_proxy(in, (const char *const[]){
							  shell && *shell ? shell : "/bin/sh", "-c",
							  command, NULL });
		free(command);
		free(expanded);
		return ok;
	}
	if (in->conf.proxy_jump)
		return ssh_net_proxy_by_jump(in);
	return ssh_net_connect_direct(in);
}
