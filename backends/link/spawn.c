/* spawn.c: from fork to exec.
 *
 * This process has other threads. So every allocation happens before the fork, and only system
 * calls run between fork and exec. */
#include "backends/link/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backends/base/guard.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"

#define COLS_DEFAULT 80
#define ROWS_DEFAULT 24
#define FD_MOST 65536

/* Instructions for the child, prepared before the fork. */
struct plan {
	const char *file; /* searched in PATH unless it has a slash */
	char *const *argv;
	char *const *env;
	const char *dir; /* NULL: unchanged */
	int fd[3];       /* -1: this program's own */
	bool foreground; /* stays in our session and process group */
	bool terminal;   /* fd[0] becomes the controlling terminal */
	bool tied;       /* gets HUP when the thread that started it ends */
};

__attribute__((noreturn)) static void spawn_child(const struct plan *p)
{
	if (!p->foreground)
		setsid();
	if (p->tied)
		prctl(PR_SET_PDEATHSIG, SIGHUP);
	if (p->terminal)
		ioctl(p->fd[0], TIOCSCTTY, 0);
	/* dup2 must not overwrite a descriptor before its copy. The callers' descriptors are above
	 * 2 (spawn_high_fd). */
	for (int i = 0; i < 3; i++)
		if (p->fd[i] >= 0 && dup2(p->fd[i], i) < 0)
			_exit(127);
	/* Closes all descriptors but the standard streams: an open connection would give the child
	 * access to a server. close_range(2) needs Linux 5.9, and some sandboxes forbid it. */
	struct rlimit most;
	if (close_range(3, ~0u, 0) != 0) {
		int end = getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_max < FD_MOST
		                  ? (int)most.rlim_max
		                  : FD_MOST;
		for (int fd = 3; fd < end; fd++)
			close(fd);
	}
	guard_lift();
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (p->dir && chdir(p->dir) < 0 && chdir("/") < 0)
		_exit(127);
	execvpe(p->file, p->argv, p->env);
	_exit(127);
}

static pid_t spawn_start(const struct plan *p)
{
	pid_t pid = fork();
	if (pid == 0)
		spawn_child(p);
	return pid;
}

/* Copies the environment and adds extra ("NAME=value", NULL-terminated; may be NULL) and term. The
 * caller frees the array; its words are borrowed. */
static char **spawn_make_env(const char *const *extra, char *term)
{
	size_t n = 0, extras = 0;
	while (environ && environ[n])
		n++;
	while (extra && extra[extras])
		extras++;
	char **env = xcalloc(n + extras + 2, sizeof(*env));
	size_t at = 0;
	if (term)
		env[at++] = term;
	for (size_t i = 0; i < extras; i++)
		env[at++] = (char *)extra[i];
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(environ[i], "=") + 1, j = 0;
		while (j < at && strncmp(env[j], environ[i], len) != 0)
			j++;
		if (j == at || j >= extras + 1)
			env[at++] = environ[i];
	}
	return env;
}

static void spawn_close_pair(int fd[2])
{
	if (fd[0] >= 0)
		close(fd[0]);
	if (fd[1] >= 0)
		close(fd[1]);
}

/* Moves a descriptor above 2, so that dup2 in the child never meets a standard one. */
static int spawn_high_fd(int fd)
{
	if (fd < 0 || fd > 2)
		return fd;
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return high;
}

static bool spawn_make_pipe(int fd[2])
{
	if (pipe2(fd, O_CLOEXEC) < 0)
		return false;
	fd[0] = spawn_high_fd(fd[0]);
	fd[1] = spawn_high_fd(fd[1]);
	return fd[0] >= 0 && fd[1] >= 0;
}

static void spawn_set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static const char *spawn_home_dir(void)
{
	const char *home = getenv("HOME");
	return home && *home ? home : "/";
}

static bool spawn_exec(const struct endpoint *endpoint, struct spawned *out, struct err *err)
{
	int in[2] = { -1, -1 }, o[2] = { -1, -1 }, e[2] = { -1, -1 };
	char *argv[] = { "sh", "-c", (char *)endpoint->command, NULL };
	pid_t pid = -1;
	if (spawn_make_pipe(in) && spawn_make_pipe(o) && spawn_make_pipe(e)) {
		char **env = spawn_make_env(endpoint->env, NULL);
		pid = spawn_start(&(struct plan){ .file = "/bin/sh",
		                                  .argv = argv,
		                                  .env = env,
		                                  .dir = spawn_home_dir(),
		                                  .fd = { in[0], o[1], e[1] },
		                                  .tied = true });
		free(env);
	}
	int error = errno;
	if (pid < 0) {
		spawn_close_pair(in);
		spawn_close_pair(o);
		spawn_close_pair(e);
		return err_set(err, ERR_SYSTEM, "this machine could not start a command: %s",
		               strerror(error));
	}
	close(in[0]);
	close(o[1]);
	close(e[1]);
	*out = (struct spawned){ .pid = pid, .in = in[1], .out = o[0], .err = e[0] };
	spawn_set_nonblocking(out->in);
	spawn_set_nonblocking(out->out);
	spawn_set_nonblocking(out->err);
	return true;
}

static bool spawn_open_terminal(const struct endpoint *endpoint, int *master, int *slave)
{
	int cols = endpoint->cols > 0 ? endpoint->cols : COLS_DEFAULT;
	int rows = endpoint->rows > 0 ? endpoint->rows : ROWS_DEFAULT;
	struct winsize size = { .ws_col = (unsigned short)cols, .ws_row = (unsigned short)rows };
	if (openpty(master, slave, NULL, NULL, &size) < 0)
		return false;
	fcntl(*master, F_SETFD, FD_CLOEXEC);
	fcntl(*slave, F_SETFD, FD_CLOEXEC);
	*master = spawn_high_fd(*master);
	*slave = spawn_high_fd(*slave);
	return true;
}

static bool spawn_terminal(const struct endpoint *endpoint, struct spawned *out, struct err *err)
{
	int master = -1, slave = -1;
	if (!spawn_open_terminal(endpoint, &master, &slave))
		return err_set(err, ERR_SYSTEM, "this machine could not make a terminal: %s",
		               strerror(errno));
	/* The user's shell, chosen like login and sshd do. */
	struct passwd *pw = getpwuid(getuid());
	const char *own = pw && pw->pw_shell && *pw->pw_shell ? pw->pw_shell : getenv("SHELL");
	char *shell = xstrdup(own && *own ? own : "/bin/sh"), *slash = strrchr(shell, '/');
	char *login = xasprintf("-%s", slash ? slash + 1 : shell);
	char *term = xasprintf("TERM=%s", endpoint->term ?: "xterm");
	char *argv_shell[] = { login, NULL },
	     *argv_command[] = { "sh", "-c", (char *)endpoint->command, NULL };
	char **env = spawn_make_env(endpoint->env, term);
	struct plan plan = { .file = shell,
		             .argv = argv_shell,
		             .env = env,
		             .dir = spawn_home_dir(),
		             .fd = { slave, slave, slave },
		             .terminal = true };
	if (endpoint->command) {
		plan.file = "/bin/sh";
		plan.argv = argv_command;
	}
	pid_t pid = spawn_start(&plan);
	int error = errno;
	free(env);
	free(term);
	free(login);
	free(shell);
	close(slave);
	if (pid < 0) {
		close(master);
		return err_set(err, ERR_SYSTEM, "this machine could not start a shell: %s",
		               strerror(error));
	}
	spawn_set_nonblocking(master);
	*out = (struct spawned){ .pid = pid, .in = master, .out = master, .err = -1 };
	return true;
}

bool spawn_endpoint(const struct endpoint *endpoint, struct spawned *out, struct err *err)
{
	return endpoint->kind == ENDPOINT_TERMINAL ? spawn_terminal(endpoint, out, err)
	                                           : spawn_exec(endpoint, out, err);
}

pid_t spawn_argv(const char *const *argv, int in, int out, int err)
{
	int null = spawn_high_fd(open("/dev/null", O_RDWR | O_CLOEXEC));
	if (null < 0)
		return -1;
	struct plan plan = {
		.file = argv[0], .argv = (char *const *)argv, .env = environ, .fd = { in, out, err }
	};
	for (size_t i = 0; i < ARRAY_LEN(plan.fd); i++)
		if (plan.fd[i] < 0)
			plan.fd[i] = null;
	pid_t pid = spawn_start(&plan);
	int error = errno;
	close(null);
	errno = error;
	return pid;
}

pid_t spawn_foreground(const char *const *argv)
{
	return spawn_start(&(struct plan){ .file = argv[0],
	                                   .argv = (char *const *)argv,
	                                   .env = environ,
	                                   .fd = { -1, -1, -1 },
	                                   .foreground = true });
}
