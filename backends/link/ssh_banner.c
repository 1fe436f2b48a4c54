/* ssh_banner.c: works around libssh before 0.11, which cannot parse the version in "OpenSSH_10.0"
 * and later.
 *
 * libssh expects the minor number at a fixed position. That is wrong for versions of two digits,
 * and libssh then assumes a server other than OpenSSH. For such a server
 * ssh_channel_open_forward_unix refuses to send anything. So Debian 12 and Ubuntu 24.04 could reach
 * no socket of a Debian 13 server.
 *
 * libssh has no function to set the version. So this file writes the number where libssh stores it:
 * behind its two banner pointers, which are found by their values. If the public getter does not
 * return our number afterwards, the old value is restored. Nothing beyond the end of the session is
 * read, and 0.11 is left alone. Remove this file together with support for Ubuntu 24.04, the last
 * system with an older libssh. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "backends/link/ssh_internal.h"

#define SEARCH_BYTES 1536 /* the banner pointers lie within this in every 0.9 and 0.10 */
#define INTS_BETWEEN 3    /* protocol version, server, client; then the number */

void ssh_banner_teach(ssh_session session)
{
	const char *server = ssh_get_serverbanner(session), *client = ssh_get_clientbanner(session);
	const char *words = server ? strstr(server, "OpenSSH_") : NULL;
	unsigned major, minor;
	if (!words || !client || ssh_get_openssh_version(session) != 0 ||
	    ssh_version(SSH_VERSION_INT(0, 11, 0)) != NULL)
		return;
	if (sscanf(words, "OpenSSH_%u.%u", &major, &minor) != 2 || major < 10 || major > 99 ||
	    minor > 99)
		return;
	int version = SSH_VERSION_INT((int)major, (int)minor, 0);
	const char *bytes = (const char *)session;
	/* the size that ssh_new allocated, an upper bound for the search */
	size_t size = malloc_usable_size(session);
	if (size > SEARCH_BYTES)
		size = SEARCH_BYTES;
	for (size_t at = 0; at + 4 * sizeof(void *) < size; at += sizeof(void *)) {
		const char *pair[2];
		memcpy(pair, bytes + at, sizeof(pair));
		if (pair[0] != server || pair[1] != client)
			continue;
		char *slot = (char *)session + at + sizeof(pair) + INTS_BETWEEN * sizeof(int);
		int before;
		memcpy(&before, slot, sizeof(before));
		memcpy(slot, &version, sizeof(version));
		if (ssh_get_openssh_version(session) != version)
			memcpy(slot, &before, sizeof(before));
		return;
	}
}
