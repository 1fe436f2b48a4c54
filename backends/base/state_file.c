/* state_file.c: see state_file.h. The lock is on the folder itself, so that no lock file is left
 * behind. */
#include "backends/base/state_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/list.h"
#include "backends/base/mem.h"

#define LOCK_TRIES 200 /* pauses of 5 ms; a lock is held only while one small file is written */
#define LOCK_PAUSE_NS 5000000
#define MODE_OF_OTHERS (S_IWGRP | S_IWOTH)

/* Lines of one file that are not written yet. */
struct state_log {
	char *path;
	struct buf waiting;
	bool told;
	struct state_log *next;
};
static struct state_log *state_logs;

/* --- the folder ---------------------------------------------------------- */

static int state_open_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	if (slash && slash != path)
		folder = xstrndup(path, (size_t)(slash - path));
	else
		folder = xstrdup(slash ? "/" : ".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	return fd;
}

/* Opens and locks the folder of path. Closing it unlocks. -1 and errno on failure. */
static int state_lock(const char *path)
{
	int fd = state_open_folder(path);
	for (int i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		bool busy = errno == EWOULDBLOCK || errno == EINTR;
		if (!busy)
			/* no locks on this file system: writing without one is better than not at
			 * all */
			break;
		if (i == LOCK_TRIES) {
			close(fd);
			errno = EBUSY;
			return -1;
		}
		nanosleep(&(struct timespec){ .tv_nsec = LOCK_PAUSE_NS }, NULL);
	}
	return fd;
}

static void state_close(int fd)
{
	int code = errno;
	if (fd >= 0)
		close(fd);
	errno = code;
}

/* --- trust --------------------------------------------------------------- */

static bool state_is_ours(int fd, const char *path, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_set(err, ERR_SYSTEM, "%s cannot be examined: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_DENIED,
		               "%s is not a plain file; move it away, and mocr makes a new one",
		               path);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_DENIED,
		               "%s belongs to user %u, not to you; move it away, and mocr makes a "
		               "new one",
		               path, (unsigned)st.st_uid);
	if (st.st_mode & MODE_OF_OTHERS)
		return err_set(err, ERR_DENIED,
		               "%s can be written by other users; `chmod 600 %s` after a look at "
		               "it makes mocr use it again",
		               path, path);
	return true;
}

/* -1 and err on failure. ERR_ABSENT: no such file. */
static int state_open(const char *path, int flags, struct err *err)
{
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ELOOP)
		err_set(err, ERR_DENIED, "%s is a link; move it away, and mocr makes a new file",
		        path);
	else if (fd < 0)
		err_set(err, errno == ENOENT ? ERR_ABSENT : ERR_SYSTEM, "%s cannot be opened: %s",
		        path, strerror(errno));
	if (fd >= 0 && !state_is_ours(fd, path, err)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* --- reading ------------------------------------------------------------- */

/* Reads at most max bytes from the end of the file, beginning with a whole line. NULL and err: not
 * all of them came. A part would be written back as the whole. */
static char *state_take(int fd, const char *path, size_t max, size_t *len, struct err *err)
{
	off_t size = lseek(fd, 0, SEEK_END), from = size > (off_t)max ? size - (off_t)max : 0;
	size_t n = 0, want = size > from ? (size_t)(size - from) : 0;
	char *text = xcalloc(1, want + 1);
	while (n < want) {
		ssize_t got = pread(fd, text + n, want - n, from + (off_t)n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			err_set(err, ERR_SYSTEM, "%s cannot be read: %s", path,
			        got < 0 ? strerror(errno) : "it became shorter meanwhile");
			free(text);
			return NULL;
		}
		n += (size_t)got;
	}
	if (from > 0) {
		char *nl = memchr(text, '\n', n);
		size_t cut = nl ? (size_t)(nl + 1 - text) : n;
		memmove(text, text + cut, n - cut);
		n -= cut;
	}
	text[n] = '\0';
	*len = n;
	return text;
}

char *state_read(const char *path, size_t max, size_t *len, struct err *err)
{
	struct err why;
	int fd = state_open(path, O_RDONLY, &why);
	size_t n = 0;
	char *text = fd >= 0 ? state_take(fd, path, max, &n, &why) : NULL;
	state_close(fd);
	if (!text && why.code == ERR_ABSENT)
		text = xstrdup("");
	if (!text && err)
		*err = why;
	if (len)
		*len = n;
	return text;
}

/* --- a whole file -------------------------------------------------------- */

static bool state_put(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static bool state_cannot(struct err *err, const char *path)
{
	return err_set(err, ERR_SYSTEM, "%s cannot be written: %s", path, strerror(errno));
}

/* Checks an existing file first. A file of another user, or a link, is not replaced silently. */
static bool state_replace(int folder, const char *path, const char *text, size_t len,
                          struct err *err)
{
	struct err why;
	int old = state_open(path, O_RDONLY, &why);
	if (old < 0 && why.code != ERR_ABSENT) {
		if (err)
			*err = why;
		return false;
	}
	state_close(old);
	/* Makes a random file name, so that nobody can have put a file there before. */
	unsigned long long word = 0;
	if (getrandom(&word, sizeof(word), 0) != sizeof(word))
		word = (unsigned long long)getpid();
	char *fresh = xasprintf("%s.%016llx", path, word);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool good = fd >= 0 && state_put(fd, text, len) && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		good = false;
	good = good && rename(fresh, path) == 0;
	if (!good) {
		state_cannot(err, path);
		if (fd >= 0)
			unlink(fresh);
	} else {
		fsync(folder);
	}
	free(fresh);
	return good;
}

bool state_write(const char *path, const char *text, size_t len, struct err *err)
{
	int folder = state_lock(path);
	bool good = folder >= 0 ? state_replace(folder, path, text, len, err)
	                        : state_cannot(err, path);
	state_close(folder);
	return good;
}

bool state_write_own(const char *path, const char *text, size_t len, struct err *err)
{
	int folder = state_open_folder(path);
	bool good = folder >= 0 ? state_replace(folder, path, text, len, err)
	                        : state_cannot(err, path);
	state_close(folder);
	return good;
}

bool state_update(const char *path, size_t max, state_change *change, void *arg, struct err *err)
{
	int folder = state_lock(path);
	struct buf out;
	size_t len;
	if (folder < 0)
		return state_cannot(err, path);
	buf_init(&out, max);
	char *old = state_read(path, max, &len, err);
	bool good = old != NULL;
	bool changed = good && change(old, len, &out, arg);
	if (changed && out.overflowed)
		good = err_set(err, ERR_TOO_BIG, "%s would grow beyond %zu KB; it stays as it was",
		               path, max >> 10);
	else if (changed)
		good = state_replace(folder, path, out.data ? out.data : "", out.len, err);
	free(old);
	buf_finish(&out);
	state_close(folder);
	return good;
}

/* --- lines --------------------------------------------------------------- */

static void state_log_free(struct state_log *l)
{
	LIST_DROP(state_logs, l);
	free(l->path);
	buf_finish(&l->waiting);
	free(l);
}

/* Appends text under the lock. If a full disk cuts the write short, truncates the file to its old
 * size. */
static bool state_add(int fd, const char *text, size_t len, bool sync)
{
	char last = '\n';
	off_t end = lseek(fd, 0, SEEK_END);
	bool torn = end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
	struct buf b = { 0 };
	if (torn)
		buf_puts(&b, "\n");
	buf_add(&b, text, len);
	bool good = end >= 0 && state_put(fd, b.data, b.len) && (!sync || fdatasync(fd) == 0);
	int code = errno;
	if (!good && end >= 0)
		(void)!ftruncate(fd, end);
	errno = code;
	buf_finish(&b);
	return good;
}

static bool state_log_write(struct state_log *l, bool sync, struct err *err)
{
	int folder = state_lock(l->path);
	if (folder < 0)
		return state_cannot(err, l->path);
	int fd = state_open(l->path, O_RDWR | O_APPEND | O_CREAT, err);
	bool good = fd >= 0 && state_add(fd, l->waiting.data, l->waiting.len, sync);
	if (fd >= 0 && !good)
		state_cannot(err, l->path);
	state_close(fd);
	state_close(folder);
	return good;
}

bool state_append(const char *path, const char *line, bool sync, struct err *err)
{
	struct state_log *l = state_logs;
	struct err why = { 0 };
	size_t len = strlen(line);
	while (l && strcmp(l->path, path) != 0)
		l = l->next;
	if (!l) {
		l = xcalloc(1, sizeof(*l));
		*l = (struct state_log){ .path = xstrdup(path), .next = state_logs };
		buf_init(&l->waiting, STATE_WAITING_MAX);
		state_logs = l;
	}
	assert(len && line[len - 1] == '\n');
	if (l->waiting.len + len <= STATE_WAITING_MAX)
		buf_add(&l->waiting, line, len);
	if (state_log_write(l, sync, &why)) {
		state_log_free(l);
		return true;
	}
	if (err && l->told)
		err_clear(err);
	else if (err)
		err_set(err, why.code,
		        "%s; its content is kept in memory and written as soon as that works",
		        why.text);
	l->told = true;
	return false;
}

bool state_waiting(void)
{
	return state_logs != NULL;
}

bool state_flush(void)
{
	for (struct state_log *l = state_logs, *next; l; l = next) {
		next = l->next;
		if (state_log_write(l, true, NULL))
			state_log_free(l);
	}
	return !state_logs;
}

void state_rotate(const char *path, size_t max)
{
	struct stat st;
	if (lstat(path, &st) != 0 || st.st_size < (off_t)max)
		return;
	int folder = state_lock(path);
	if (folder >= 0 && lstat(path, &st) == 0 && st.st_size >= (off_t)max) {
		char *old = xasprintf("%s.1", path);
		(void)!rename(path, old);
		free(old);
	}
	state_close(folder);
}
