/* ssh.c: a server over SSH: one connection, in the loop's thread after its login (ssh_login.c).
 *
 * ssh_relay. libssh reads packets of all channels whenever one of its functions looks at the
 * socket. Packets already read never make the descriptor readable again. So after any event
 * ssh_relay takes packets and steps every stream, in rounds, until nothing moves. Session and
 * socket are non-blocking. An owner's event may close any stream or the link itself, so nothing is
 * freed inside ssh_relay.
 *
 * A dead peer. The counters below libssh count the bytes received. After 5 s of silence one
 * keepalive goes out, and after 10 s without a byte the link is lost. During traffic nothing extra
 * is sent, except a latency measurement twice a minute.
 *
 * A server that does not read. libssh keeps in memory what the socket does not take. So streams
 * hand over nothing while something is kept, and then at most SSH_WRITE_ONCE each. The rest is
 * answers to the server's own questions. A server that asks and never reads is cut off at
 * UNREAD_MAX, or when the socket takes nothing for a minute. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libssh/server.h> /* declares ssh_send_keepalive */

#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/link/ssh_internal.h"

#define QUIET_MS 5000
#define DEAD_MS 10000
#define POLLS_A_ROUND 64  /* libssh reads 4 KB per poll; then streams are stepped */
#define ROUNDS_A_RELAY 24 /* then the rest of the program gets a turn */
#define MEASURE_EVERY_MS 30000
#define UNREAD_MAX (1u << 20) /* bytes beside those of streams that may wait for the server */
/* A slow line empties the kernel's own buffer of some MB before it takes more. */
#define UNREAD_MS 60000
#define CALM_MS 700 /* ms of silence: no answer is in transit */

/* --- going down ---------------------------------------------------------- */

static void ssh_free_link(struct link_ssh *l)
{
	kept_free(l->kept);
	ssh_probed_forget(l);
	free(l->dest);
	free(l->ssh_config);
	free(l->identity);
	free(l->link.name);
	free(l);
}

static void ssh_on_kick(void *arg);

/* Drops the connection, after its streams have ended. */
static void ssh_drop_session(struct link_ssh *l)
{
	loop_defer_cancel(l->link.loop, ssh_on_kick, l);
	l->kicked = false;
	loop_io_remove(l->io);
	loop_timer_remove(l->timer);
	l->io = NULL;
	l->timer = NULL;
	if (l->event) {
		ssh_event_remove_session(l->event, l->session);
		ssh_event_free(l->event);
	}
	l->event = NULL;
	if (l->session) {
		/* Sends a disconnect message only if the non-blocking socket takes it. */
		ssh_disconnect(l->session);
		ssh_free(l->session);
	}
	l->session = NULL;
	if (l->proxy > 0)
		kill(-l->proxy, SIGTERM);
	l->proxy = 0;
	loop_child_remove(l->proxy_child);
	l->proxy_child = NULL;
}

/* Ends the login and all streams. The caller reports the new state last. */
static void ssh_go_down(struct link_ssh *l, enum link_state state, const struct err *why)
{
	l->link.state = state; /* no event may open a new stream */
	if (l->login)
		login_abandon(l->login);
	l->login = NULL;
	bool relaying = l->relaying;
	l->relaying = true; /* ssh_streams_sweep below frees the streams, not their own events */
	ssh_streams_end(l, why);
	l->relaying = relaying;
	if (!relaying)
		ssh_streams_sweep(l);
	if (!relaying)
		ssh_drop_session(l);
}

static void ssh_lost(struct link_ssh *l, const struct err *why)
{
	struct err err = *why;
	enum link_state before = l->link.state;
	ssh_go_down(l, LINK_LOST, &err);
	ssh_drop_session(l);
	if (l->dying) { /* destroyed by the owner of a stream */
		ssh_free_link(l);
		return;
	}
	l->link.state = before;
	link_set_state(&l->link, LINK_LOST, &err);
}

static void ssh_op_disconnect(struct link *link)
{
	struct link_ssh *l = (struct link_ssh *)link;
	struct err err;
	err_set(&err, ERR_LOST, "%s: disconnected", link->name);
	ssh_go_down(l, LINK_DOWN, &err);
	if (l->dying) {
		if (!l->relaying)
			ssh_free_link(l);
		return;
	}
	kept_free(l->kept);
	l->kept = NULL;
	link_set_state(link, LINK_DOWN, NULL);
}

static void ssh_op_destroy(struct link *link)
{
	struct link_ssh *l = (struct link_ssh *)link;
	struct err err;
	err_set(&err, ERR_LOST, "%s: disconnected", link->name);
	ssh_go_down(l, LINK_DOWN, &err);
	if (l->relaying)
		l->dying = true;
	else
		ssh_free_link(l);
}

/* --- the relay ----------------------------------------------------------- */

static bool ssh_connection_ended(struct link_ssh *l)
{
	return (ssh_get_status(l->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) ||
	       !ssh_is_connected(l->session);
}

/* Reads arrived packets and sends waiting ones. False: nothing to do. */
static bool ssh_take_packets(struct link_ssh *l)
{
	bool any = false;
	for (int i = 0; i < POLLS_A_ROUND; i++) {
		int r = ssh_event_dopoll(l->event, 0);
		if (r == SSH_AGAIN || r == SSH_ERROR)
			break;
		any = true;
	}
	return any;
}

static void ssh_note_heard(struct link_ssh *l)
{
	if (l->wire.in_bytes == l->heard_bytes)
		return;
	l->heard_bytes = l->wire.in_bytes;
	l->link.heard_ms = loop_now(l->link.loop);
	if (l->ping_ms)
		ssh_measured(l, l->link.heard_ms - l->ping_ms);
	l->ping_ms = 0;
}

void ssh_note_output(struct link_ssh *l)
{
	if (l->output != OUTPUT_QUEUED || l->packets.out_packets != l->queued_at) {
		bool pending = ssh_get_poll_flags(l->session) & SSH_WRITE_PENDING;
		l->output = pending ? OUTPUT_WAITS : OUTPUT_FREE;
	}
	if (l->output == OUTPUT_FREE) {
		l->unread_from = l->packets.out_bytes;
		l->unread_ms = 0;
	} else if (!l->unread_ms || l->wire.out_bytes != l->written_bytes) {
		l->unread_ms = loop_now(l->link.loop);
	}
	l->written_bytes = l->wire.out_bytes;
}

/* The bytes since nothing was kept may have left in part. So this counts never too few. */
static bool ssh_is_unread(struct link_ssh *l, struct err *err)
{
	uint64_t most = UNREAD_MAX, kept = l->packets.out_bytes - l->unread_from;
	ssh_note_output(l);
	if (l->output == OUTPUT_FREE)
		return false;
	most += ssh_streams_count(l) * SSH_WRITE_ONCE;
	if (kept > most)
		return !err_set(err, ERR_LOST,
		                "%s: the server asks and does not read the answers: more than %u "
		                "KB wait for it",
		                l->link.name, (unsigned)(UNREAD_MAX >> 10));
	if (loop_now(l->link.loop) - l->unread_ms >= l->unread_timeout_ms)
		return !err_set(err, ERR_LOST,
		                "%s: the server has read nothing of what it was sent for %d s",
		                l->link.name, l->unread_timeout_ms / 1000);
	return false;
}

static void ssh_relay(struct link_ssh *l)
{
	if (l->relaying || !l->session) {
		l->again = true;
		return;
	}
	l->relaying = true;
	bool moved = true;
	for (int i = 0; moved && i < ROUNDS_A_RELAY && l->link.state == LINK_UP; i++) {
		l->again = false;
		moved = ssh_take_packets(l);
		ssh_note_heard(l);
		moved |= ssh_streams_step(l);
		moved |= l->again;
	}
	l->relaying = false;
	ssh_streams_sweep(l);
	if (l->dying) {
		ssh_drop_session(l);
		ssh_free_link(l);
		return;
	}
	if (l->link.state != LINK_UP) { /* disconnected inside an event */
		ssh_drop_session(l);
		return;
	}
	if (ssh_connection_ended(l)) {
		struct err err;
		char words[160] = "";
		/* Before ssh_get_disconnect_message, which overwrites the error. Only a fatal error
		 * is recent. */
		if (ssh_get_error_code(l->session) == SSH_FATAL)
			snprintf(words, sizeof(words), ": %s", ssh_get_error(l->session));
		const char *said = ssh_get_disconnect_message(l->session);
		if (said && *said)
			err_set(&err, ERR_LOST, "%s: the server ended the connection: %s",
			        l->link.name, said);
		else
			err_set(&err, ERR_LOST, "%s: the connection was cut%s", l->link.name,
			        words);
		ssh_lost(l, &err);
		return;
	}
	struct err unread;
	if (ssh_is_unread(l, &unread)) {
		ssh_lost(l, &unread);
		return;
	}
	if (moved)
		ssh_kick(l);
	loop_io_set(l->io, POLLIN | (l->output != OUTPUT_FREE ? POLLOUT : 0));
}

static void ssh_on_io(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	ssh_relay(arg);
}

static void ssh_on_kick(void *arg)
{
	struct link_ssh *l = arg;
	l->kicked = false;
	ssh_relay(l);
}

void ssh_kick(struct link_ssh *l)
{
	if (l->relaying) {
		l->again = true;
	} else if (!l->kicked) {
		l->kicked = true;
		loop_defer(l->link.loop, ssh_on_kick, l);
	}
}

/* --- keepalive and latency ----------------------------------------------- */

void ssh_measured(struct link_ssh *l, int64_t ms)
{
	int64_t now = loop_now(l->link.loop);
	bool old = !l->measured_ms || now - l->measured_ms > MEASURE_EVERY_MS;
	if (!old && ms >= l->link.latency_ms && !l->ping_ms)
		return;
	l->measured_ms = now;
	if (l->link.latency_ms == (int)ms)
		return;
	l->link.latency_ms = (int)ms;
	link_changed(&l->link);
}

static void ssh_do_send_keepalive(struct link_ssh *l)
{
	/* ssh_send_keepalive sends nothing when it only takes in the previous answer. */
	uint64_t before = l->packets.out_packets;
	ssh_send_keepalive(l->session);
	if (l->packets.out_packets == before)
		ssh_send_keepalive(l->session);
	l->ping_ms = loop_now(l->link.loop);
}

static void ssh_on_timer(struct loop_timer *t, void *arg)
{
	struct link_ssh *l = arg;
	int64_t quiet = loop_now(l->link.loop) - l->link.heard_ms;
	if (quiet >= DEAD_MS && l->ping_ms) {
		/* Perhaps this process slept (C-z, a question on the terminal). Bytes waiting in
		 * the socket prove that the peer lives. They do not measure the latency. */
		ssh_take_packets(l);
		if (l->wire.in_bytes != l->heard_bytes)
			l->ping_ms = 0;
		ssh_note_heard(l);
		quiet = loop_now(l->link.loop) - l->link.heard_ms;
	}
	if (quiet >= DEAD_MS && l->ping_ms) {
		struct err err;
		err_set(&err, ERR_LOST,
		        "%s: no answer for %d s: the network or the machine is away", l->link.name,
		        DEAD_MS / 1000);
		ssh_lost(l, &err);
		return;
	}
	/* Re-measures an old latency in a pause of the traffic, so that the next byte is the
	 * answer. */
	bool old = loop_now(l->link.loop) - l->measured_ms > MEASURE_EVERY_MS;
	int64_t calm = old ? CALM_MS : QUIET_MS;
	if (quiet >= calm && !l->ping_ms) {
		ssh_do_send_keepalive(l);
		loop_timer_set(t, DEAD_MS - QUIET_MS);
	} else {
		int64_t due = l->ping_ms ? DEAD_MS : calm;
		loop_timer_set(t, due > quiet ? due - quiet : 1);
	}
	ssh_relay(l);
}

/* --- coming up ----------------------------------------------------------- */

static void ssh_on_proxy_end(struct loop_child *c, pid_t pid, int status, void *arg)
{
	struct link_ssh *l = arg;
	l->proxy = 0; /* the closed pipe ends the link */
}

/* Refuses the server's own requests (a channel, a forwarded port) by returning 1. Otherwise libssh
 * queues them without limit. */
static int ssh_refuse_request(ssh_session session, ssh_message message, void *arg)
{
	return 1;
}

static void ssh_take_session(struct link_ssh *l, struct login *in)
{
	l->session = in->session;
	in->session = NULL;
	in->fd = -1;
	l->proxy = in->proxy;
	in->proxy = 0;
	if (l->proxy > 0)
		l->proxy_child = loop_child_add(l->link.loop, l->proxy, ssh_on_proxy_end, l);
	kept_free(l->kept);
	l->kept = kept_copy(in->kept);
	memcpy(l->link.detail, in->detail, sizeof(l->link.detail));

	l->wire = l->packets = (struct ssh_counter_struct){ 0 };
	l->heard_bytes = 0;
	l->ping_ms = l->measured_ms = 0;
	l->unread_from = l->written_bytes = 0;
	l->unread_ms = 0;
	l->output = OUTPUT_FREE;
	l->channels = 0;
	l->sockets = SOCKETS_UNTRIED;
	l->again = l->kicked = false;
	ssh_probed_forget(l);
	l->link.heard_ms = loop_now(l->link.loop);
	ssh_set_blocking(l->session, 0);
	ssh_set_message_callback(l->session, ssh_refuse_request, NULL);
	ssh_set_counters(l->session, &l->wire, &l->packets);
	l->event = ssh_event_new();
	ssh_event_add_session(l->event, l->session);
	l->io = loop_io_add(l->link.loop, ssh_get_fd(l->session), POLLIN, ssh_on_io, l);
	l->timer = loop_timer_add(l->link.loop, QUIET_MS, ssh_on_timer, l);
	/* measures the latency; the login does not wait for the answer */
	ssh_do_send_keepalive(l);
	ssh_kick(l);
}

static void ssh_on_login_done(void *arg)
{
	struct login *in = arg;
	struct link_ssh *l = in->link;
	if (!l) { /* abandoned */
		login_unref(in);
		return;
	}
	in->link = NULL;
	l->login = NULL;
	struct err err = in->err;
	bool ok = in->session != NULL;
	if (*in->address)
		memcpy(l->link.address, in->address, sizeof(in->address));
	const char *jumps = in->conf.proxy_command ? NULL : in->conf.proxy_jump;
	snprintf(l->link.hostname, sizeof(l->link.hostname), "%s",
	         in->conf.hostname ? in->conf.hostname : "");
	snprintf(l->link.jumps, sizeof(l->link.jumps), "%s", jumps ? jumps : "");
	if (ok)
		l->link.cert = in->cert;
	if (ok)
		ssh_take_session(l, in);
	login_unref(in); /* the worker's */
	login_unref(in); /* the link's */
	link_set_state(&l->link, ok ? LINK_UP : LINK_LOST, ok ? NULL : &err);
}

static void ssh_op_connect(struct link *link)
{
	struct link_ssh *l = (struct link_ssh *)link;
	l->login = login_create(l);
	loop_work(link->loop, login_worker, ssh_on_login_done, l->login);
	link_set_state(link, LINK_CONNECTING, NULL);
}

static struct stream *ssh_op_open(struct link *link, const struct endpoint *endpoint,
                                  const struct stream_events *events, void *arg, struct err *err)
{
	return ssh_stream_open((struct link_ssh *)link, endpoint, events, arg, err);
}

static const struct link_ops ssh_ops = {
	.name = "ssh",
	.connect = ssh_op_connect,
	.disconnect = ssh_op_disconnect,
	.open = ssh_op_open,
	.destroy = ssh_op_destroy,
};

struct link *link_create_ssh(struct loop *loop, const struct link_config *config,
                             const struct link_events *events, void *arg)
{
	struct link_ssh *l = xcalloc(1, sizeof(*l));
	link_init(&l->link, &ssh_ops, loop, config->name, events, arg);
	l->dest = xstrdup(config->dest ? config->dest : config->name);
	l->ssh_config = xstrdup(config->ssh_config);
	l->identity = xstrdup(config->identity);
	l->connect_timeout_ms = config->connect_timeout_ms;
	l->unread_timeout_ms = config->unread_timeout_ms ? config->unread_timeout_ms : UNREAD_MS;
	l->batch = config->batch;
	return &l->link;
}
