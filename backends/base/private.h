/* private.h: files and folders that nobody else may write: what the configuration says is run, what
 * the state holds is believed. */
#ifndef BASE_PRIVATE_H
#define BASE_PRIVATE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* May somebody else write what has this owner, group and mode? Root is nobody else, nor is a group
 * of the user alone, whose files Debian and Ubuntu make writable for it. As OpenSSH there judges
 * its own configuration. */
bool private_is_open_to_others(uid_t uid, gid_t gid, mode_t mode);

/* Opens a file of the state: no link is followed, and it must be a plain file of this user. A new
 * one has mode 0600; one that others could read or write is made so. flags as of open(2). -1 and
 * errno: EPERM when it is somebody else's. */
int private_open(const char *path, int flags);
FILE *private_read(const char *path); /* the same for reading; NULL and errno */

/* A folder of the state, made with those above it where it is missing: mode 0700, of this user and
 * no link that somebody else made. False and why, "it belongs to another user": it must not be
 * used. One that cannot be made is no danger: true. */
bool private_folder(const char *path, char *why, size_t size);

#endif
