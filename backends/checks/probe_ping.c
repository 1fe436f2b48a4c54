/* probe_ping.c: one ICMP echo, by an unprivileged ICMP socket (icmp(7), "ping socket"), or by the
 * ping program where net.ipv4.ping_group_range does not allow the socket. From a server it is the
 * ping program there. */
#include <errno.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/checks/internal.h"
#include "backends/link/link.h"

#define OUTPUT_MAX (8u << 10)
#define GRACE_MS 1000
#define NO_PROGRAM 127 /* exit code of sh: command not found */

/* The head of an echo and its answer, the same for both families (RFC 792, RFC 4443 4.1). The
 * kernel sets the checksum and, as the id, the socket's port. */
struct ping_echo {
	uint8_t type, code;
	uint16_t checksum, id, sequence;
	uint64_t nonce;
};

struct probe_ping {
	struct probe probe;
	struct lookup *lookup;
	char address[256]; /* or the name, from a server */
	int fd; /* plus 1; 0: none */
	struct loop_io *io;
	uint64_t nonce;
	struct run *run;
};

static void ping_run_on_program(const struct run_result *r, void *arg)
{
	struct probe_ping *g = arg;
	const struct server *v = g->probe.source->server;
	g->run = NULL;
	if (r->end.exit_code == NO_PROGRAM && !v->is_local) {
		g->probe.result.unable = true;
		probe_end_bad(&g->probe, "there is no ping program on %s: apt-get install "
		                         "iputils-ping", v->name);
	} else if (r->end.exit_code == NO_PROGRAM) {
		g->probe.result.unable = true;
		probe_end_bad(&g->probe, "net.ipv4.ping_group_range allows this user no ICMP "
		                         "socket, and there is "
		                         "no ping program: apt-get install iputils-ping");
	} else if (r->end.exit_code == 0) {
		probe_end_good(&g->probe, "%s answers", g->address);
	} else if (r->err_len) {
		probe_end_bad(&g->probe, "%.*s", (int)strcspn(r->err_out, "\n"), r->err_out);
	} else if (r->end.err.code) {
		probe_end_err(&g->probe, &r->end.err);
	} else {
		probe_end_bad(&g->probe, "%s does not answer", g->address);
	}
}

static void ping_run_on_answer(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	struct probe_ping *g = arg;
	struct ping_echo echo;
	ssize_t n = recv(fd, &echo, sizeof(echo), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		probe_end_bad(&g->probe, "%s: %s", g->address, strerror(errno));
		loop_io_set(io, 0);
		return;
	}
	bool is_reply = echo.type == ICMP_ECHOREPLY || echo.type == ICMP6_ECHO_REPLY;
	if (n == sizeof(echo) && is_reply && echo.nonce == g->nonce)
		probe_end_good(&g->probe, "%s answers", g->address);
}

/* False: the kernel allows no such socket. */
static bool ping_run_socket(struct probe_ping *g, const struct addrinfo *to)
{
	bool six = to->ai_family == AF_INET6;
	struct ping_echo echo = { .type = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
		                  .sequence = htons(1) };
	int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	                six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (fd < 0)
		return false;
	g->fd = fd + 1;
	if (getrandom(&g->nonce, sizeof(g->nonce), 0) != sizeof(g->nonce))
		g->nonce = (uint64_t)g->probe.began_us;
	echo.nonce = g->nonce;
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0 ||
	    send(fd, &echo, sizeof(echo), MSG_NOSIGNAL) < 0) {
		probe_end_bad(&g->probe, "%s: %s", g->address, strerror(errno));
		return true;
	}
	g->io = loop_io_add(probe_loop(&g->probe), fd, POLLIN, ping_run_on_answer, g);
	return true;
}

static void ping_run_program(struct probe_ping *g, const char *to)
{
	struct buf command = { 0 };
	buf_addf(&command, "exec ping -n -c 1 -W %d ", g->probe.spec->within_ms / 1000);
	quote_word(&command, to);
	g->run = link_run(source_link(g->probe.source), command.data, NULL, 0, OUTPUT_MAX,
	                  g->probe.spec->within_ms + GRACE_MS, ping_run_on_program, g);
	buf_finish(&command);
}

static void ping_run_on_found(const struct lookup_result *r, void *arg)
{
	struct probe_ping *g = arg;
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *to = NULL;
	g->lookup = NULL;
	if (!r->n) {
		probe_end_bad(&g->probe, "%.200s: %s", g->probe.spec->host, r->error);
		return;
	}
	snprintf(g->address, sizeof(g->address), "%s", r->addresses[0]);
	g->probe.stage = "the answer";
	bool sent = getaddrinfo(g->address, NULL, &hints, &to) == 0 && ping_run_socket(g, to);
	if (to)
		freeaddrinfo(to);
	if (!sent)
		ping_run_program(g, g->address);
}

static void ping_run_begin(struct probe *p)
{
	struct probe_ping *g = (struct probe_ping *)p;
	if (!p->source->server->is_local) { /* the name is what that server knows by it */
		p->stage = "the answer";
		snprintf(g->address, sizeof(g->address), "%s", p->spec->host);
		ping_run_program(g, p->spec->host);
		return;
	}
	p->stage = "the look-up of the name";
	g->lookup = lookup_start(probe_loop(p), p->spec->host, AF_UNSPEC, ping_run_on_found, g);
}

static void ping_run_end(struct probe *p)
{
	struct probe_ping *g = (struct probe_ping *)p;
	lookup_cancel(g->lookup);
	run_cancel(g->run);
	loop_io_remove(g->io);
	if (g->fd)
		close(g->fd - 1);
}

const struct probe_ops probe_ping = {
	.size = sizeof(struct probe_ping),
	.begin = ping_run_begin,
	.end = ping_run_end,
};
