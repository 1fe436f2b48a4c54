/* ssh_agent.c: the user's agent, its keys in the order OpenSSH would offer them.
 *
 * libssh offers all keys of an agent as they come, and a server hangs up after a handful of refusals (MaxAuthTries): with
 * six keys in the agent the right one may never have its turn. So libssh is given a door in front of the agent: a thread
 * that passes everything through, but sorts the list of keys: those the configuration names come first, the rest follow
 * (none with IdentitiesOnly), keys that were refused already and kinds that libssh cannot read are left out. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ssh_internal.h"

#define MESSAGE_MAX (256u << 10)
#define ANSWER_MS 120000             /* a key may want a touch, or a click in a window */
#define KEYS_MAX 200
#define LIST_KEYS 11                 /* SSH_AGENTC_REQUEST_IDENTITIES */
#define KEYS_LISTED 12               /* SSH_AGENT_IDENTITIES_ANSWER */

struct agent_door {
	struct login *in;                /* borrowed; its worker waits for us */
	int door, agent;                 /* our end of the pair, the agent; owned */
	pthread_t thread;
	const struct ssh_words *first, *skip;   /* public keys in base64; borrowed */
};

/* --- bytes ------------------------------------------------------------------------------------------------- */

static uint32_t get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static void put32(struct buf *b, uint32_t n)
{
	char bytes[4] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
	buf_add(b, bytes, sizeof(bytes));
}

static char *base64(const char *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)data;
	char *out = xcalloc(1, (len + 2) / 3 * 4 + 1), *o = out;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t n = (uint32_t)p[i] << 16 | (i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < len ? p[i + 2] : 0);
		*o++ = digits[n >> 18];
		*o++ = digits[n >> 12 & 63];
		*o++ = i + 1 < len ? digits[n >> 6 & 63] : '=';
		*o++ = i + 2 < len ? digits[n & 63] : '=';
	}
	return out;
}

static bool read_all(struct agent_door *a, int fd, char *data, size_t len, int64_t until)
{
	for (size_t at = 0; at < len;) {
		if (!login_wait(a->in, fd, POLLIN, until))
			return false;
		ssize_t n = recv(fd, data + at, len - at, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Reads one message without its length into b. */
static bool read_message(struct agent_door *a, int fd, struct buf *b, int64_t until)
{
	char head[4], chunk[4096];
	buf_clear(b);
	if (!read_all(a, fd, head, sizeof(head), until))
		return false;
	for (uint32_t left = get32(head); left;) {
		uint32_t n = left < sizeof(chunk) ? left : sizeof(chunk);
		if (!read_all(a, fd, chunk, n, until) || !buf_add(b, chunk, n))
			return false;
		left -= n;
	}
	return b->len > 0;
}

static bool write_message(int fd, const struct buf *b)
{
	struct buf out = {0};
	put32(&out, (uint32_t)b->len);
	buf_add(&out, b->data, b->len);
	bool ok = send(fd, out.data, out.len, MSG_NOSIGNAL) == (ssize_t)out.len;
	buf_finish(&out);
	return ok;
}

/* --- sorting ------------------------------------------------------------------------------------------------- */

struct entry {
	const char *at;
	size_t len;                      /* of blob and comment, with their lengths */
	int rank;                        /* 0 first, 1 then; -1 not at all */
};

static bool has_word(const struct ssh_words *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->word[i], word) == 0)
			return true;
	return false;
}

static bool readable(const char *blob, size_t len, const char *text)
{
	char type[80];
	uint32_t n = len >= 4 ? get32(blob) : 0;
	ssh_key key = NULL;
	if (!n || n >= sizeof(type) || n > len - 4)
		return false;
	memcpy(type, blob + 4, n);
	type[n] = '\0';
	bool ok = ssh_pki_import_pubkey_base64(text, ssh_key_type_from_name(type), &key) == SSH_OK;
	ssh_key_free(key);
	return ok;
}

static int rank_of(const struct agent_door *a, const char *blob, size_t len)
{
	char *text = base64(blob, len);
	int rank = a->in->conf.identities_only ? -1 : 1;
	if (has_word(a->first, text))
		rank = 0;
	if (has_word(a->skip, text) || !readable(blob, len, text))
		rank = -1;
	free(text);
	return rank;
}

/* The list of keys in b, sorted in place; one that is not well formed stays as it is. */
static void sort_keys(struct agent_door *a, struct buf *b)
{
	struct entry keys[KEYS_MAX];
	uint32_t n = 0, kept = 0;
	size_t at = 5;
	uint32_t count = b->len >= 5 ? get32(b->data + 1) : 0;
	for (; n < count && n < KEYS_MAX; n++) {
		size_t start = at;
		for (int part = 0; part < 2; part++) {
			if (b->len - at < 4 || get32(b->data + at) > b->len - at - 4)
				return;
			if (part == 0)
				keys[n].rank = rank_of(a, b->data + at + 4, get32(b->data + at));
			at += 4 + get32(b->data + at);
		}
		keys[n].at = b->data + start;
		keys[n].len = at - start;
		kept += keys[n].rank >= 0;
	}
	struct buf out = {.max = MESSAGE_MAX};
	buf_add(&out, b->data, 1);
	put32(&out, kept);
	for (int rank = 0; rank < 2; rank++)
		for (uint32_t i = 0; i < n; i++)
			if (keys[i].rank == rank)
				buf_add(&out, keys[i].at, keys[i].len);
	buf_finish(b);
	*b = out;
}

static void *pass(void *arg)
{
	struct agent_door *a = arg;
	struct buf b = {.max = MESSAGE_MAX};
	while (read_message(a, a->door, &b, INT64_MAX / 2)) {
		bool lists = b.data[0] == LIST_KEYS;
		if (!write_message(a->agent, &b) || !read_message(a, a->agent, &b, now_mono_ms() + ANSWER_MS))
			break;
		if (lists && b.data[0] == KEYS_LISTED)
			sort_keys(a, &b);
		if (!write_message(a->door, &b))
			break;
	}
	shutdown(a->door, SHUT_RDWR);    /* libssh sees an agent that has gone */
	buf_finish(&b);
	return NULL;
}

/* --- the door ----------------------------------------------------------------------------------------------- */

static int connect_agent(const struct sshconf *c)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *path = c->identity_agent ? c->identity_agent : getenv("SSH_AUTH_SOCK");
	if (!path || !*path || strcmp(path, "none") == 0 || strlen(path) >= sizeof(addr.sun_path))
		return -1;
	strcpy(addr.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct agent_door *ssh_door_open(struct login *in, const struct ssh_words *first, const struct ssh_words *skip)
{
	int pair[2], agent = connect_agent(&in->conf);
	if (agent < 0)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		close(agent);
		return NULL;
	}
	struct agent_door *a = xcalloc(1, sizeof(*a));
	*a = (struct agent_door){.in = in, .door = pair[0], .agent = agent, .first = first, .skip = skip};
	if (pthread_create(&a->thread, NULL, pass, a) != 0) {
		close(pair[0]);
		close(pair[1]);
		close(agent);
		free(a);
		return NULL;
	}
	ssh_set_agent_socket(in->session, pair[1]);   /* libssh's from now on */
	return a;
}

void ssh_door_close(struct agent_door *a)
{
	if (!a)
		return;
	shutdown(a->door, SHUT_RDWR);
	shutdown(a->agent, SHUT_RDWR);
	pthread_join(a->thread, NULL);
	close(a->door);
	close(a->agent);
	free(a);
}
