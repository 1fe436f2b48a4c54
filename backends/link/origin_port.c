/* origin_port.c: an origin as a port on this machine's loopback, for a program that accepts only
 * host and port.
 *
 * Every user of this machine can reach a loopback port. So each connection is checked, and only our
 * own user is accepted. The kernel names the owner of the other end by its two addresses
 * (sock_diag(7)). That look-up costs the same for any number of sockets. Without tcp_diag in the
 * kernel, its table /proc/net/tcp (proc_net_tcp(5)) is read instead, up to TABLE_MAX lines.
 *
 * The program sends its password to the port as long as it runs. So no other process may get the
 * port number before the program has ended. When the origin is gone, and for KEPT_MS after a close,
 * the port stays open and rejects every connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/link/origin.h"

#define BACKLOG 16
#define TABLE_MAX 2000 /* lines of /proc/net/tcp; a socket beyond them is refused */
#define KEPT_MS 10000  /* ms; by then a program that was asked to end has been killed */
#define ESTABLISHED \
	1 /* TCP state; a closed socket has lost its owner, and the table says 0, which is root */

struct origin_port {
	struct http *http; /* owns the port */
	struct origin_port *next;
	struct origin *origin; /* NULL: destroyed, or the port is closed */
	int fd, number;
	struct loop_io *io;
	struct loop_timer *kept;
	origin_port_gone *gone;
	void *arg;
};

/* Finds the owner of the socket at from with peer to. False: the kernel does not answer. */
static bool origin_port_owner_by_diag(const struct sockaddr_in *from, const struct sockaddr_in *to,
                                      bool *found, unsigned *uid)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 req;
	} ask = { .head = { .nlmsg_len = sizeof(ask),
		            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		            .nlmsg_flags = NLM_F_REQUEST },
		  .req = { .sdiag_family = AF_INET,
		           .sdiag_protocol = IPPROTO_TCP,
		           .idiag_states = 1u << ESTABLISHED,
		           .id = { .idiag_sport = from->sin_port,
		                   .idiag_dport = to->sin_port,
		                   .idiag_src = { from->sin_addr.s_addr },
		                   .idiag_dst = { to->sin_addr.s_addr },
		                   .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } } };
	union {
		struct nlmsghdr head;
		char room[1024];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	ssize_t n = fd >= 0 && send(fd, &ask, sizeof(ask), 0) == sizeof(ask)
	                    ? recv(fd, &answer, sizeof(answer), 0)
	                    : -1;
	if (fd >= 0)
		close(fd);
	*found = false;
	if (n < (ssize_t)sizeof(answer.head) || !NLMSG_OK(&answer.head, (size_t)n))
		return false;
	if (answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    n < (ssize_t)NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
		return false;
	const struct inet_diag_msg *m = NLMSG_DATA(&answer.head);
	*found = m->idiag_state == ESTABLISHED && m->id.idiag_sport == from->sin_port &&
	         m->id.idiag_dport == to->sin_port;
	*uid = m->idiag_uid;
	return true;
}

static bool origin_port_owner_by_table(const struct sockaddr_in *from, in_port_t to, unsigned *uid)
{
	char line[256];
	bool found = false;
	FILE *table = fopen("/proc/net/tcp", "re");
	for (int i = 0; table && !found && i < TABLE_MAX && fgets(line, sizeof(line), table); i++) {
		/* "0: 0100007F:9C40 0100007F:1000 01 00000000:00000000 00:00000000 00000000  1000
		 * ..." */
		unsigned address, port, there, there_port, state;
		found = sscanf(line, " %*u: %8X:%4X %8X:%4X %2X %*X:%*X %*X:%*X %*X %u", &address,
		               &port, &there, &there_port, &state, uid) == 6 &&
		        address == from->sin_addr.s_addr && port == ntohs(from->sin_port) &&
		        there_port == ntohs(to) && state == ESTABLISHED;
	}
	if (table)
		fclose(table);
	return found;
}

static bool origin_port_is_ours(int fd)
{
	struct sockaddr_in from, to;
	socklen_t len = sizeof(from), to_len = sizeof(to);
	unsigned uid = 0;
	bool found = false;
	if (getpeername(fd, (struct sockaddr *)&from, &len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&to, &to_len) != 0)
		return false;
	if (!origin_port_owner_by_diag(&from, &to, &found, &uid))
		found = origin_port_owner_by_table(&from, to.sin_port, &uid);
	return found && uid == geteuid();
}

static bool origin_port_nobody(int fd)
{
	return false;
}

static void origin_port_on_port(struct loop_io *io, int listener, unsigned revents, void *arg)
{
	struct origin_port *p = arg;
	origin_accept(p->origin, listener, p->origin ? origin_port_is_ours : origin_port_nobody);
}

static void origin_port_free(void *arg)
{
	struct origin_port *p = arg;
	LIST_DROP(*http_ports(p->http), p);
	loop_io_remove(p->io);
	loop_timer_remove(p->kept);
	close(p->fd);
	free(p);
}

static int origin_port_listener_on(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || (bind(fd, (struct sockaddr *)at, len) == 0 && listen(fd, BACKLOG) == 0 &&
	               getsockname(fd, (struct sockaddr *)at, &len) == 0))
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

struct origin_port *origin_port_open(struct origin *d, origin_port_gone *gone, void *arg,
                                     struct err *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = origin_port_listener_on(&at);
	if (fd < 0) {
		err_set(err, ERR_SYSTEM, "no port can be opened on this machine's loopback: %s",
		        strerror(errno));
		return NULL;
	}
	struct origin_port *p = xcalloc(1, sizeof(*p));
	*p = (struct origin_port){ .http = d->http,
		                   .next = *http_ports(d->http),
		                   .origin = d,
		                   .fd = fd,
		                   .number = ntohs(at.sin_port),
		                   .gone = gone,
		                   .arg = arg };
	*http_ports(d->http) = p;
	p->io = loop_io_add(d->loop, fd, POLLIN, origin_port_on_port, p);
	return p;
}

int origin_port_number(const struct origin_port *p)
{
	return p->number;
}

void origin_port_close(struct origin_port *p)
{
	if (!p)
		return;
	p->origin = NULL;
	p->gone = NULL;
	p->kept = loop_timer_call(http_loop(p->http), KEPT_MS, origin_port_free, p);
}

void origin_ports_gone(struct origin *d)
{
	for (struct origin_port *p = *http_ports(d->http), *next; p; p = next) {
		next = p->next;
		if (p->origin != d)
			continue;
		p->origin = NULL;
		if (p->gone)
			p->gone(p->arg);
	}
}

void http_ports_end(struct http *http)
{
	while (*http_ports(http))
		origin_port_free(*http_ports(http));
}
