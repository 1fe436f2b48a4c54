/* socket_probe.h: finds out, from inside the server, why sshd did not open a Unix socket.
 *
 * sshd gives no reason. A socket counts as absent only on evidence. Either the kernel's list of
 * sockets (/proc/net/unix, see proc(5)) has no listener of that name, or a searchable folder lacks
 * the file. */
#ifndef LINK_SOCKET_PROBE_H
#define LINK_SOCKET_PROBE_H

#include <stdbool.h>
#include <stddef.h>

enum socket_seen {
	SEEN_UNSEEN,   /* no result: the login runs no commands, or the output was cut short */
	SEEN_ABSENT,   /* no such file */
	SEEN_SILENT,   /* the file exists, but no process listens */
	SEEN_NO_RIGHT, /* a process listens or may listen, but we may not open the file */
	SEEN_LISTENS,  /* a process listens, and we may open the file */
	SEEN_THERE     /* we may open the file; whether a process listens is unknown */
};

/* Builds the command, for any login shell. The caller frees the result. */
char *socket_probe_command(const char *path);
/* Parses the output of the command. owner: "root:docker", or "" when unknown. */
enum socket_seen socket_probe_read(const char *out, char *owner, size_t size);

/* For this machine: whether a process listens at path. Also true when the kernel's list is
 * unreadable. */
bool socket_is_listed(const char *path);
/* The same for a socket whose path ends with tail, however its owner spelt the folder. */
bool socket_is_listed_as(const char *tail);

#endif
