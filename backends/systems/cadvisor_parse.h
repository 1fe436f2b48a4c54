/* cadvisor_parse.h: parses cAdvisor's answers. Pure.
 *
 * Source: cAdvisor's REST API 2.1 (docs/api_v2.md, info/v2: Attributes, ContainerSpec,
 * DerivedStats). Not seen running. */
#ifndef SYSTEMS_CADVISOR_PARSE_H
#define SYSTEMS_CADVISOR_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"
#include "backends/base/err.h"

#define CADVISOR_MAX 200 /* containers; the rest is counted */

struct cadvisor_machine {
	char version[60], system[80]; /* washed; "" unknown */
	int64_t cores, memory;        /* bytes; -1 unknown */
};
bool cadvisor_machine_parse(const char *json, size_t len, struct cadvisor_machine *, struct err *);

struct cadvisor_container {
	char cgroup[300];           /* its key in both maps: "/docker/0123..." */
	char name[120], image[160]; /* washed; "" unknown */
	double cpu;                 /* % of one core; -1 unknown */
	int64_t memory;             /* bytes; -1 unknown */
};
struct cadvisor_list {
	struct cadvisor_container *at; /* owned; cadvisor_list_finish */
	size_t n, left_out;
};
/* Of /spec: names and images. Of /summary: the latest figures. The other members are unknown. */
bool cadvisor_list_parse(const char *json, size_t len, struct cadvisor_list *, struct err *);
void cadvisor_list_finish(struct cadvisor_list *);

/* Keeps what the parsers above read. Labels and environments of containers may hold secrets. */
void cadvisor_reduce(const char *json, size_t len, struct buf *out);

#endif
