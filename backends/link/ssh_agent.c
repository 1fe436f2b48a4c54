/* ssh_agent.c: a proxy in front of the user's agent that offers keys in OpenSSH's order. Source:
 * PROTOCOL.agent of OpenSSH.
 *
 * libssh offers the keys of an agent in the agent's order. A server hangs up after a few refusals
 * (MaxAuthTries), so with six keys the right one may never be tried. libssh therefore talks to a
 * proxy thread. The thread forwards all messages but sorts the list of keys. Keys named in the
 * configuration come first, then the others (none with IdentitiesOnly). Keys that were refused
 * already and key types that libssh cannot read are left out.
 *
 * The proxy adds the user's certificates, each with its key in the agent. When libssh wants a
 * signature for a certificate, the proxy asks the agent for the key's signature. The server checks
 * only that signature. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ssh_blob.h"
#include "backends/link/ssh_internal.h"

#define MESSAGE_MAX (256u << 10)
#define ANSWER_MS 120000 /* ms; a key may need a touch, or a click in a window */
#define KEYS_MAX 200
#define LIST_KEYS 11    /* SSH_AGENTC_REQUEST_IDENTITIES */
#define SIGN_REQUEST 13 /* SSH_AGENTC_SIGN_REQUEST */
#define KEYS_LISTED 12  /* SSH_AGENT_IDENTITIES_ANSWER */

struct agent_filter {
	struct login *in;      /* borrowed; its worker waits for the proxy */
	int socket_end, agent; /* the proxy's end of the pair; the agent; both owned */
	pthread_t thread;
	struct agent_wishes wishes;
	struct ssh_words offered; /* belongs to the thread until it ends */
	/* certificates that the agent itself lacks; belongs to the thread */
	struct ssh_words added;
	char *signed_with; /* in base64, owned; belongs to the thread */
};

/* --- bytes --------------------------------------------------------------- */

static bool ssh_agent_read_all(struct agent_filter *a, int fd, char *data, size_t len,
                               int64_t until)
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

/* Reads one message into b, without its length prefix. */
static bool ssh_agent_read_message(struct agent_filter *a, int fd, struct buf *b, int64_t until)
{
	char head[4], chunk[4096];
	buf_clear(b);
	if (!ssh_agent_read_all(a, fd, head, sizeof(head), until))
		return false;
	for (uint32_t left = blob_get32(head); left;) {
		uint32_t n = left < sizeof(chunk) ? left : sizeof(chunk);
		if (!ssh_agent_read_all(a, fd, chunk, n, until) || !buf_add(b, chunk, n))
			return false;
		left -= n;
	}
	return b->len > 0;
}

static bool ssh_agent_write_message(int fd, const struct buf *b)
{
	struct buf out = { 0 };
	blob_put(&out, b->data, b->len);
	bool ok = send(fd, out.data, out.len, MSG_NOSIGNAL) == (ssize_t)out.len;
	buf_finish(&out);
	return ok;
}

/* --- sorting ------------------------------------------------------------- */

struct entry {
	struct blob key, comment;
	char *text; /* the key in base64; owned */
	int rank;   /* 0 first, 1 after those; -1 left out */
};

static bool ssh_agent_has_word(const struct ssh_words *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->word[i], word) == 0)
			return true;
	return false;
}

static bool ssh_agent_readable(const struct blob *key, const char *text)
{
	char type[80];
	struct blob name;
	size_t at = 0;
	ssh_key read = NULL;
	if (!blob_get(key->data, key->len, &at, &name) || !name.len || name.len >= sizeof(type))
		return false;
	memcpy(type, name.data, name.len);
	type[name.len] = '\0';
	bool ok = ssh_pki_import_pubkey_base64(text, ssh_key_type_from_name(type), &read) == SSH_OK;
	ssh_key_free(read);
	return ok;
}

/* Parses a list of keys and returns the number of entries; 0: malformed. The caller frees the
 * texts. */
static uint32_t ssh_agent_take_entries(const struct agent_filter *a, const struct buf *b,
                                       struct entry *keys)
{
	uint32_t n = 0, count = b->len >= 5 ? blob_get32(b->data + 1) : 0;
	size_t at = 5;
	for (; n < count && n < KEYS_MAX; n++) {
		struct entry *e = &keys[n];
		if (!blob_get(b->data, b->len, &at, &e->key) ||
		    !blob_get(b->data, b->len, &at, &e->comment))
			break;
		e->text = base64_encode(e->key.data, e->key.len);
		if (ssh_agent_has_word(a->wishes.skip, e->text) ||
		    !ssh_agent_readable(&e->key, e->text))
			e->rank = -1;
		else if (ssh_agent_has_word(a->wishes.first, e->text))
			e->rank = 0;
		else
			e->rank = a->in->conf.identities_only ? -1 : 1;
	}
	return n == count || n == KEYS_MAX ? n : 0;
}

static bool ssh_agent_listed(const struct entry *keys, uint32_t n, const char *text)
{
	for (uint32_t i = 0; i < n; i++)
		if (keys[i].rank >= 0 && strcmp(keys[i].text, text) == 0)
			return true;
	return false;
}

static void ssh_agent_offer(struct agent_filter *a, struct buf *out, const char *text,
                            const char *comment, size_t comment_len)
{
	struct buf bytes = { .max = MESSAGE_MAX };
	if (base64_decode(text, &bytes)) {
		blob_put(out, bytes.data, bytes.len);
		blob_put(out, comment, comment_len);
		ssh_words_add(&a->offered, xstrdup(text));
	}
	buf_finish(&bytes);
}

/* Sorts the list of keys in b in place. A malformed list stays unchanged. */
static void ssh_agent_sort_keys(struct agent_filter *a, struct buf *b)
{
	struct entry keys[KEYS_MAX] = { 0 };
	uint32_t n = ssh_agent_take_entries(a, b, keys);
	struct buf list = { .max = MESSAGE_MAX }, out = { .max = MESSAGE_MAX };
	/* Puts certificates before all keys. Only those that the agent lacks, and only with a key
	 * that the agent has. */
	uint32_t offered = 0;
	for (size_t i = 0; i < a->wishes.n_certs; i++) {
		const struct user_cert *c = &a->wishes.certs[i];
		if (!ssh_agent_listed(keys, n, c->key_text) || ssh_agent_listed(keys, n, c->text) ||
		    ssh_agent_has_word(a->wishes.skip, c->text))
			continue;
		ssh_agent_offer(a, &list, c->text, c->path, strlen(c->path));
		ssh_words_add(&a->added, xstrdup(c->text));
		offered++;
	}
	uint32_t kept = offered;
	for (int rank = 0; rank < 2; rank++)
		for (uint32_t i = 0; i < n; i++)
			if (keys[i].rank == rank) {
				ssh_agent_offer(a, &list, keys[i].text, keys[i].comment.data,
				                keys[i].comment.len);
				kept++;
			}
	if (n > 0) {
		buf_add(&out, b->data, 1);
		blob_put32(&out, kept);
		buf_add(&out, list.data, list.len);
		buf_finish(b);
		*b = out;
	}
	buf_finish(&list);
	for (size_t i = 0; i < KEYS_MAX; i++)
		free(keys[i].text);
}

/* Replaces a certificate in a sign request by its plain key, because the agent has only the key. */
static void ssh_agent_name_the_key(struct agent_filter *a, struct buf *b)
{
	struct blob key;
	struct buf bytes = { .max = MESSAGE_MAX }, out = { .max = MESSAGE_MAX };
	size_t at = 1;
	if (!blob_get(b->data, b->len, &at, &key))
		return;
	char *text = base64_encode(key.data, key.len), *plain = blob_key_of_cert(text);
	xreplace(&a->signed_with, text);
	if (ssh_agent_has_word(&a->added, text) && plain && base64_decode(plain, &bytes)) {
		buf_add(&out, b->data, 1);
		blob_put(&out, bytes.data, bytes.len);
		buf_add(&out, b->data + at, b->len - at);
		buf_finish(b);
		*b = out;
	}
	buf_finish(&bytes);
	free(plain);
	free(text);
}

static void *ssh_agent_pass(void *arg)
{
	struct agent_filter *a = arg;
	struct buf b = { .max = MESSAGE_MAX };
	while (ssh_agent_read_message(a, a->socket_end, &b, INT64_MAX / 2)) {
		bool lists = b.data[0] == LIST_KEYS;
		if (b.data[0] == SIGN_REQUEST)
			ssh_agent_name_the_key(a, &b);
		if (!ssh_agent_write_message(a->agent, &b) ||
		    !ssh_agent_read_message(a, a->agent, &b, now_mono_ms() + ANSWER_MS))
			break;
		if (lists && b.data[0] == KEYS_LISTED)
			ssh_agent_sort_keys(a, &b);
		if (!ssh_agent_write_message(a->socket_end, &b))
			break;
	}
	shutdown(a->socket_end, SHUT_RDWR); /* for libssh the agent is gone */
	buf_finish(&b);
	return NULL;
}

/* --- opening and closing the proxy --------------------------------------- */

static int ssh_agent_connect_agent(const struct sshconf *c)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
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

struct agent_filter *agent_filter_open(struct login *in, const struct agent_wishes *wishes)
{
	int pair[2], agent = ssh_agent_connect_agent(&in->conf);
	if (agent < 0)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		close(agent);
		return NULL;
	}
	struct agent_filter *a = xcalloc(1, sizeof(*a));
	*a = (struct agent_filter){
		.in = in, .socket_end = pair[0], .agent = agent, .wishes = *wishes
	};
	if (pthread_create(&a->thread, NULL, ssh_agent_pass, a) != 0) {
		close(pair[0]);
		close(pair[1]);
		close(agent);
		free(a);
		return NULL;
	}
	ssh_set_agent_socket(in->session, pair[1]); /* libssh owns this end from here on */
	return a;
}

char *agent_filter_close(struct agent_filter *a, struct ssh_words *offered)
{
	if (!a)
		return NULL;
	shutdown(a->socket_end, SHUT_RDWR);
	shutdown(a->agent, SHUT_RDWR);
	pthread_join(a->thread, NULL);
	close(a->socket_end);
	close(a->agent);
	for (size_t i = 0; i < a->offered.n; i++)
		ssh_words_add(offered, xstrdup(a->offered.word[i]));
	ssh_words_finish(&a->offered);
	ssh_words_finish(&a->added);
	char *signed_with = a->signed_with;
	free(a);
	return signed_with;
}
