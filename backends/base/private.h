/* private.h: files and folders that only this user can write. Commands in the configuration are
 * executed, and files of the state folder are trusted. */
#ifndef BASE_PRIVATE_H
#define BASE_PRIVATE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Whether another user can write a file with this owner, group and mode. Root does not count as
 * another user. A group that contains only this user does not count either, because Debian and
 * Ubuntu make files writable for it. OpenSSH on Debian judges its own configuration the same
 * way. */
bool private_is_open_to_others(uid_t uid, gid_t gid, mode_t mode);

/* Opens a file of the state folder. Symbolic links are not followed. The file must be a regular
 * file of this user. A new file gets mode 0600; an existing one loses all access for others. flags
 * as in open(2). -1 and errno on failure; EPERM: the file belongs to another user. */
int private_open(const char *path, int flags);
FILE *private_read(const char *path); /* opens for reading; NULL and errno */

/* Makes a state folder and its missing parents with mode 0700. Checks that the folder belongs to
 * this user, and that no other user made a link there. False and why ("it belongs to another
 * user"): do not use the folder. True also if the folder cannot be made, which is not dangerous. */
bool private_folder(const char *path, char *why, size_t size);

#endif
