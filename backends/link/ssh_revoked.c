/* ssh_revoked.c: RevokedHostKeys of ssh_config(5). The setting is a prohibition, so like OpenSSH a
 * key that cannot be checked is refused.
 *
 * The file is a list of public keys, or a key revocation list in OpenSSH's binary format
 * (PROTOCOL.krl). The list is parsed here. `ssh-keygen -Q` checks the binary format, because it
 * knows all section types. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/ssh_blob.h"
#include "backends/link/ssh_internal.h"

#define KRL_MAGIC "SSHKRL\n" /* and a NUL */
#define FILE_MAX (16u << 20)

enum revoked { REVOKED_NO, REVOKED_YES, REVOKED_UNKNOWN };

/* --- a list of keys ------------------------------------------------------ */

/* Returns the public key on a line in base64, for a certificate its plain key. NULL: no key. The
 * caller frees the result. */
static char *ssh_revoked_key_of(char *line)
{
	char *type = line + strspn(line, " \t"), *save = NULL;
	type = strtok_r(type, " \t\r", &save);
	char *base64 = type ? strtok_r(NULL, " \t\r", &save) : NULL;
	struct buf bytes = { 0 };
	struct blob name;
	size_t at = 0;
	bool ok = base64 && base64_decode(base64, &bytes) &&
	          blob_get(bytes.data, bytes.len, &at, &name) && blob_is(&name, type);
	enum ssh_keytypes_e number = ok ? ssh_key_type_from_name(type) : SSH_KEYTYPE_UNKNOWN;
	ssh_key key = NULL;
	/* Newer versions of libssh no longer read DSA, but OpenSSH does. */
	if (ok && strcmp(type, "ssh-dss") != 0)
		ok = number != SSH_KEYTYPE_UNKNOWN &&
		     ssh_pki_import_pubkey_base64(base64, number, &key) == SSH_OK;
	ssh_key_free(key);
	char *text = ok ? base64_encode(bytes.data, bytes.len) : NULL;
	char *inner = text ? blob_key_of_cert(text) : NULL;
	buf_finish(&bytes);
	if (!inner)
		return text;
	free(text);
	return inner;
}

static enum revoked ssh_revoked_by_list(struct buf *file, const char *key, char *why, size_t size)
{
	unsigned number = 0;
	for (char *line = file->data, *end; line && *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		number++;
		const char *first = line + strspn(line, " \t");
		if (!*first || *first == '#')
			continue;
		char *text = ssh_revoked_key_of(line);
		if (!text) {
			snprintf(why, size, "line %u has no public key", number);
			return REVOKED_UNKNOWN;
		}
		bool same = strcmp(text, key) == 0;
		free(text);
		if (same)
			return REVOKED_YES;
	}
	return REVOKED_NO;
}

/* --- a binary list ------------------------------------------------------- */

/* ssh-keygen exits with 0 for a good key and 1 for a revoked key. Any other code is a failure. */
static enum revoked ssh_revoked_by_krl(struct login *in, ssh_key key, const char *base64, char *why,
                                       size_t size)
{
	char path[] = "/tmp/mocr-key-XXXXXX", said[120];
	struct buf out = { .max = 4096 };
	const char *const argv[] = { "ssh-keygen", "-Q", "-f", in->conf.revoked_host_keys,
		                     path,         NULL };
	const char *type = ssh_key_type_to_char(ssh_key_type(key));
	int fd = mkostemp(path, O_CLOEXEC);
	bool written = fd >= 0 && dprintf(fd, "%s %s\n", type, base64) > 0;
	if (fd >= 0)
		close(fd);
	if (!written) {
		snprintf(why, size, "no temporary file could be made for the key (%s)",
		         strerror(errno));
		return REVOKED_UNKNOWN;
	}
	int code = login_run(in, argv, &out, said, sizeof(said));
	unlink(path);
	buf_finish(&out);
	if (code == 0)
		return REVOKED_NO;
	if (code == 1)
		return REVOKED_YES;
	const char *problem;
	if (code == 127)
		problem = "ssh-keygen is missing";
	else if (*said)
		problem = said;
	else
		problem = "ssh-keygen could not read it";
	snprintf(why, size, "%s", problem);
	return REVOKED_UNKNOWN;
}

/* --- both formats -------------------------------------------------------- */

static enum revoked ssh_revoked_ask(struct login *in, ssh_key key, const char *base64, char *why,
                                    size_t size)
{
	struct buf file = { .max = FILE_MAX };
	enum revoked answer = REVOKED_UNKNOWN;
	char chunk[8192];
	ssize_t n = 0;
	int fd = open(in->conf.revoked_host_keys, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0)
		if (!buf_add(&file, chunk, (size_t)n))
			break;
	bool ok = fd >= 0 && n == 0;
	const char *problem;
	if (file.overflowed)
		problem = "it is too big";
	else if (ok)
		problem = "";
	else
		problem = strerror(errno);
	snprintf(why, size, "%s", problem);
	if (fd >= 0)
		close(fd);
	if (!ok)
		answer = REVOKED_UNKNOWN;
	else if (file.len >= sizeof(KRL_MAGIC) &&
	         memcmp(file.data, KRL_MAGIC, sizeof(KRL_MAGIC)) == 0)
		answer = ssh_revoked_by_krl(in, key, base64, why, size);
	else
		answer = ssh_revoked_by_list(&file, base64, why, size);
	buf_finish(&file);
	return answer;
}

bool ssh_revoked_check(struct login *in, ssh_key key, const char *print)
{
	char *base64 = NULL, why[160] = "the key cannot be written down";
	enum revoked answer = REVOKED_UNKNOWN;
	if (!in->conf.revoked_host_keys)
		return true;
	if (ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK)
		answer = ssh_revoked_ask(in, key, base64, why, sizeof(why));
	ssh_string_free_char(base64);
	if (answer == REVOKED_NO)
		return true;
	if (answer == REVOKED_YES)
		return err_set(&in->err, ERR_DENIED,
		               "%s: %s shows the key %s, which is revoked by "
		               "RevokedHostKeys %s",
		               in->name, in->address, print, in->conf.revoked_host_keys);
	return err_set(&in->err, ERR_DENIED,
	               "%s: RevokedHostKeys %.120s cannot be checked (%s), so no "
	               "host key is accepted: mend the file, or take the setting out of ssh_config",
	               in->name, in->conf.revoked_host_keys, why);
}
