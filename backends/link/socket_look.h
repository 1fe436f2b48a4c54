/* socket_look.h: what a look from inside says about a Unix socket that sshd would not open.
 *
 * sshd gives no reason. A socket counts as absent only when something says so: the kernel's list of
 * sockets
 * (/proc/net/unix) has no listener of that name, or a folder that may be searched has no such file.
 */
#ifndef LINK_SOCKET_LOOK_H
#define LINK_SOCKET_LOOK_H

#include <stdbool.h>
#include <stddef.h>

enum socket_seen {
	SEEN_UNSEEN,   /* the look told nothing: the login runs no commands, or cut them short */
	SEEN_ABSENT,   /* no such file */
	SEEN_SILENT,   /* the file is there, and nobody listens */
	SEEN_NO_RIGHT, /* somebody listens or may do so, and we may not open it */
	SEEN_LISTENS,  /* somebody listens, and we may open it */
	SEEN_THERE     /* we may open the file; whether anybody listens is not known */
};

/* A command for any login shell; the caller frees it. */
char *socket_look_command(const char *path);
/* What it printed. owner: "root:docker", "" where that is not known. */
enum socket_seen socket_look_read(const char *out, char *owner, size_t size);

/* On this machine: whether somebody listens at path. True also where the kernel's list cannot be
 * read. */
bool socket_is_listed(const char *path);

#endif
