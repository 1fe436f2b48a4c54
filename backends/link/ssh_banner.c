/* ssh_banner.c: libssh before 0.11 cannot read the version in "OpenSSH_10.0" and later.
 *
 * It takes the minor number from a fixed place, which is right for one-digit versions only, and
 * then believes the server is no OpenSSH. For such a server ssh_channel_open_forward_unix refuses
 * to send anything, so on Debian 12 and Ubuntu 24.04 no socket of a Debian 13 server could be
 * reached. There is no function to tell it better, so the number is put where libssh keeps it:
 * right behind its two banners, which are found by their addresses. The public getter then has to
 * answer with our number, or all is put back as it was. Nothing is read beyond the session's end,
 * and 0.11 is left alone: with the last system that has an older libssh (Ubuntu 24.04) this file
 * goes. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "backends/link/ssh_internal.h"

#define SEARCH_BYTES 1536 /* the banners are within this in every 0.9 and 0.10 */
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
	/* what ssh_new allocated: nothing behind it is looked at */
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
