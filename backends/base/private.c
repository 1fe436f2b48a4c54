#include "backends/base/private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/mem.h"

bool private_is_open_to_others(uid_t uid, gid_t gid, mode_t mode)
{
	if ((uid != geteuid() && uid != 0) || (mode & S_IWOTH))
		return true;
	if (!(mode & S_IWGRP))
		return false;
	/* Whether the group is this user's own group, with no other member. */
	const struct passwd *pw = getpwuid(geteuid());
	if (!pw || pw->pw_gid != gid)
		return true;
	char *name = xstrdup(pw->pw_name);
	const struct group *gr = getgrgid(gid);
	bool own = gr && strcmp(gr->gr_name, name) == 0;
	for (char **member = own ? gr->gr_mem : NULL; member && *member; member++)
		own = own && strcmp(*member, name) == 0;
	free(name);
	return !own;
}

int private_open(const char *path, int flags)
{
	struct stat st;
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return -1;
	bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid();
	if (good && (st.st_mode & 077))
		(void)fchmod(fd, 0600);
	if (good)
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

FILE *private_read(const char *path)
{
	int fd = private_open(path, O_RDONLY);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (fd >= 0 && !f)
		close(fd);
	return f;
}

/* The user may link the folder to another disk. The folder at the end must then be the user's. The
 * link must be the user's or root's. */
bool private_folder(const char *path, char *why, size_t size)
{
	struct stat st, end;
	char *copy = xstrdup(path);
	for (char *s = copy + 1; *s; s++)
		if (*s == '/') {
			*s = '\0';
			mkdir(copy, 0700);
			*s = '/';
		}
	mkdir(copy, 0700);
	free(copy);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool there = fd >= 0 && lstat(path, &st) == 0 && fstat(fd, &end) == 0;
	bool ours = there && end.st_uid == geteuid() && (st.st_uid == geteuid() || st.st_uid == 0);
	*why = '\0';
	if (there && !ours)
		snprintf(why, size, "it belongs to another user");
	else if (there && (end.st_mode & 077) && fchmod(fd, 0700) != 0)
		snprintf(why, size, "others may use it: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return !*why;
}
