/* vitals.h: vitals of a server: load, CPU, memory, swap, disks, temperature, uptime, pending
 * reboot. */
#ifndef VITALS_VITALS_H
#define VITALS_VITALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/base/trend.h"
#include "backends/link/link.h"

#define VITALS_HISTORY 120 /* samples kept for sparklines; six minutes at the default interval */
#define VITALS_DISKS 32    /* only the fullest disks are kept */
#define VITALS_HUNG 4
#define VITALS_PORTS 256 /* lower ports are kept before higher ones */

/* Figures whose last hour is kept, for graphs. */
enum vitals_trend {
	VITALS_LOAD,
	VITALS_CPU,     /* % */
	VITALS_MEMORY,  /* % */
	VITALS_NET_IN,  /* bytes/s, all interfaces of vitals.net_* */
	VITALS_NET_OUT, /* the same */
	VITALS_LATENCY, /* ms, of the link */
	VITALS_TRENDS
};

struct vitals_disk {
	char mount[96];
	uint64_t total, used; /* bytes */
	int percent;
};
/* Unknown is -1 everywhere, never 0. */
struct vitals {
	int64_t wall_ms; /* of the last sample */
	int cpus;
	double load1, load5, load15;
	double cpu;                                          /* %, over the last interval */
	uint64_t mem_total, mem_used, swap_total, swap_used; /* bytes; total 0: unknown */
	double temperature; /* °C, the highest sensor; -1 unknown */
	/* bytes of the network interfaces since the start; bridges, containers and tunnels are left
	 * out, because their bytes pass an interface of the machine again */
	int64_t net_in, net_out, net_at_ms; /* at this uptime */
	double net_in_rate, net_out_rate;   /* bytes/s; not every sample has them */
	int64_t uptime_s;
	int64_t uptime_ms;
	int64_t boot_wall_ms; /* boot time by the server's clock, from time and uptime; 0 unknown */
	bool clock_known;
	/* ms that its clock is ahead of ours, accurate to half a round trip */
	int64_t clock_ms;
	/* the certificate of sshd that ends first (disks_parse); path is of the server, "" none */
	struct link_cert host_cert;
	bool reboot_pending;
	char reboot_why[128]; /* packages that need the reboot; "" */
	/* packages.h; -1: not asked, or no apt */
	int packages, packages_security;
	/* TCP ports that listen at its 127.0.0.1, lowest first; asked every PORTS_EVERY_MS */
	bool ports_known;
	uint16_t ports[VITALS_PORTS];
	size_t n_ports;
	/* wall clock: when it was asked, and when its lists were fetched; 0 unknown */
	int64_t packages_ms, packages_lists_ms;
	char packages_names[200]; /* those of security first, cut at a whole name; "" */
	bool disks_known;     /* the disks were reported at least once */
	struct vitals_disk disks[VITALS_DISKS];
	size_t n_disks;
	size_t more_disks; /* number of disks not kept; none is fuller than the kept ones */
	int worst_disk;    /* index, or -1 */
	/* mounts that do not answer; at most the first VITALS_HUNG */
	char hung[VITALS_HUNG][96];
	size_t n_hung;                     /* may be more than VITALS_HUNG */
	float cpu_history[VITALS_HISTORY]; /* ring buffer; -1: unknown at that time */
	size_t n_history, next_history;
	struct trend trends[VITALS_TRENDS]; /* loop clock */
	/* A digest of what programs with sessions left there (script.c), at the last answer for
	 * disks. It changes when one starts or ends. 0: unknown. */
	uint64_t programs;
	/* limits.h; loop clock */
	int64_t seen_ms;                     /* of the last sample; 0: none */
	int64_t memory_over_ms, cpu_over_ms; /* since when; 0: not over the limit */
	int64_t disk_over_ms;                /* the same; -1: since before the first look */
};

/* Sets all values to unknown. */
void vitals_init(struct vitals *);

/* Whether the vitals need the operator's attention. That is a disk at or over disk_warn %, or a
 * mount that does not answer. why gets a phrase: "disk /srv 88% full; /mnt/nas does not answer". */
bool vitals_attention(const struct vitals *, int disk_warn, char *why, size_t size);
struct server;
/* Same for a server, for server_opinions, with its limits (limits.h), and with a reboot that is
 * pending. */
bool vitals_opinion(const struct server *, char *why, size_t size);

/* Asks the open shell of a server to check its sockets now. False: no shell answers. */
bool vitals_ask_sockets(struct server *);

/* Does something listen at this port of its 127.0.0.1, as of the last look? */
bool vitals_has_port(const struct server *, int port);

/* Its pending packages (packages.h); NULL: never connected. */
struct packages *vitals_packages(const struct server *);

struct backend;
extern const struct backend backend_vitals;

#endif
