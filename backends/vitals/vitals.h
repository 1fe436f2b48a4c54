/* vitals.h: how a server itself is: load, CPU, memory, swap, disks, temperature, uptime, pending
 * reboot. */
#ifndef VITALS_VITALS_H
#define VITALS_VITALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

#define VITALS_HISTORY 120 /* samples kept for sparklines: six minutes of them, as they come */
#define VITALS_DISKS 32    /* the fullest of them are kept */
#define VITALS_HUNG 4

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
	double temperature; /* °C, the highest there is; -1 none */
	int64_t uptime_s;
	int64_t uptime_ms;
	int64_t boot_wall_ms; /* when it started, by its own clock: time less uptime; 0 unknown */
	bool clock_known;
	/* how far its clock is ahead of ours, give or take half a round trip */
	int64_t clock_ms;
	bool reboot_pending;
	char reboot_why[128]; /* packages that want it; "" */
	bool disks_known;     /* they were told at least once */
	struct vitals_disk disks[VITALS_DISKS];
	size_t n_disks;
	size_t more_disks; /* found and not kept: none is fuller than those */
	int worst_disk;    /* index, or -1 */
	/* mounts that do not answer, the first n_hung of them at most */
	char hung[VITALS_HUNG][96];
	size_t n_hung;                     /* may be more than VITALS_HUNG */
	float cpu_history[VITALS_HISTORY]; /* a ring; -1: unknown then */
	size_t n_history, next_history;
};

/* Fills v with unknowns. */
void vitals_init(struct vitals *);

/* True when something of it wants the operator: a disk at or over disk_warn %, or a mount that does
 * not answer, with the phrase in why ("disk /srv 88% full; /mnt/nas does not answer"). A pending
 * reboot is no such thing; it is told beside. */
bool vitals_attention(const struct vitals *, int disk_warn, char *why, size_t size);
struct server;
/* The same of a server, for server_opinions. */
bool vitals_opinion(const struct server *, char *why, size_t size);

/* Asks the open shell of a server to look at its sockets now. False: there is none that answers. */
bool vitals_ask_sockets(struct server *);

struct backend;
extern const struct backend backend_vitals;

#endif
