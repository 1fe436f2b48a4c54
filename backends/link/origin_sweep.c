/* origin_sweep.c: removes the private folders of consoles that were killed.
 *
 * origin.c makes a folder mocr-XXXXXX with a socket s in it and removes both at the end. A console
 * that was killed (kill -9, a crash) leaves them. A folder goes only when all of this holds. It is
 * ours, and it is a real folder and not a link. It is older than AGE_S, because a console that just
 * starts has a socket that does not listen yet. No process listens at the socket, and a connection
 * to it is refused. The kernel's list is read first: a connection to a live console would make it
 * open a stream on its server. The folder is on this machine's own disk: on a disk that machines
 * share, the console of another machine looks the same from here. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "backends/link/origin.h"
#include "backends/link/socket_probe.h"

#define ENTRIES_MAX 10000 /* entries of one base folder that are read */
#define REMOVED_MAX 100   /* folders removed from one base folder; the next start continues */
#define AGE_S 60

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Is the disk one that no other machine writes to? The numbers: statfs(2), and OpenZFS. */
static bool origin_sweep_is_local(int fd)
{
	static const unsigned long local[] = {
		0x01021994, /* tmpfs */
		0xef53,     /* ext2, ext3, ext4 */
		0x58465342, /* xfs */
		0x9123683e, /* btrfs */
		0xf2f52010, /* f2fs */
		0x2fc12fc1, /* zfs */
		0x794c7630, /* overlay: the root of a container */
	};
	struct statfs fs;
	if (fstatfs(fd, &fs) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) == local[i])
			return true;
	return false;
}

static bool origin_sweep_is_refused(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int n = snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	/* The list has the path as its console spelt it: the folder's random name is enough. */
	const char *tail = strstr(path, "/mocr-");
	for (const char *next = tail; next; next = strstr(next + 1, "/mocr-"))
		tail = next;
	if (n < 0 || (size_t)n >= sizeof(sun.sun_path) || !tail || socket_is_listed_as(tail))
		return false;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	bool refused = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 &&
	               errno == ECONNREFUSED;
	close(fd);
	return refused;
}

/* True: the folder was left over, and is gone. */
static bool origin_sweep_one(int base, const char *base_path, const char *name)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s/s", base_path, name);
	int dir = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return false;
	bool ours = n > 0 && (size_t)n < sizeof(path) && fstat(dir, &st) == 0 &&
	            st.st_uid == geteuid() && (st.st_mode & 07777) == 0700 &&
	            time(NULL) - st.st_mtime >= AGE_S;
	bool gone = ours && fstatat(dir, "s", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	            S_ISSOCK(st.st_mode) && origin_sweep_is_refused(path) &&
	            unlinkat(dir, "s", 0) == 0 && unlinkat(base, name, AT_REMOVEDIR) == 0;
	close(dir);
	return gone;
}

void origin_sweep(const char *base)
{
	DIR *d = base ? opendir(base) : NULL;
	struct dirent *e;
	int removed = 0;
	if (!d)
		return;
	bool local = origin_sweep_is_local(dirfd(d));
	for (int i = 0; local && i < ENTRIES_MAX && removed < REMOVED_MAX && (e = readdir(d)); i++)
		if (strncmp(e->d_name, "mocr-", 5) == 0 && strlen(e->d_name) == 11 &&
		    strspn(e->d_name + 5, letters) == 6)
			removed += origin_sweep_one(dirfd(d), base, e->d_name);
	closedir(d);
}
