/* listens.h: wait for a daemon that a test started. */
#ifndef TEST_LISTENS_H
#define TEST_LISTENS_H

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Waits up to 5 s until the socket takes connections. Its file is there a moment earlier, between
 * bind and listen: a connection is refused then. */
static inline bool socket_listens(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	bool taken = false;
	strncpy(to.sun_path, path, sizeof(to.sun_path) - 1);
	for (int i = 0; i < 500 && !taken; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		taken = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
		if (fd >= 0)
			close(fd);
		if (!taken)
			usleep(10000);
	}
	return taken;
}

#endif
