/* dns_parse.h: reads zones, record sets and actions of Hetzner's Cloud API, and what a user types
 * for a record. Pure.
 *
 * Source: Hetzner Cloud API v1, docs.hetzner.cloud/reference/cloud, "DNS" (zones, rrsets) and
 * "Actions", as of August 2026; hetznercloud/hcloud-go, Zone and ZoneRRSet. Names are relative to
 * the zone, "@" is its top, in lower case. */
#ifndef SYSTEMS_DNS_PARSE_H
#define SYSTEMS_DNS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct buf;

#define DNS_NAME_SIZE 256 /* a name has at most 253 bytes (RFC 1035 2.3.4) */
#define DNS_ZONES_MAX 50
#define DNS_SETS_MAX 50    /* of one page */
#define DNS_VALUES_MAX 360 /* bytes of all values of a set, as shown */
#define DNS_VALUES 10      /* values that may be typed for one set */
#define DNS_TOTAL_MAX 1000000

struct dns_zone {
	int64_t id;
	char name[DNS_NAME_SIZE], status[24], mode[24]; /* washed */
	int64_t ttl;                          /* s; 0 unknown */
	int64_t records;                      /* 0 unknown */
};
struct dns_zones {
	struct dns_zone at[DNS_ZONES_MAX];
	size_t n;
	size_t left_out; /* zones that are not in at, also those of further pages */
};
bool dns_zones_parse(const char *json, size_t len, struct dns_zones *, struct err *);

struct dns_set {
	char name[DNS_NAME_SIZE], type[12];
	char values[DNS_VALUES_MAX]; /* separated by " ; ", washed */
	int64_t ttl;                 /* s; 0: that of the zone */
	bool is_protected;
	/* name, type and values are here as they are there, whole */
	bool exact;
};
struct dns_sets {
	struct dns_set at[DNS_SETS_MAX];
	size_t n, left_out;
	size_t total; /* sets of all pages of the zone, as stated; 0 not stated */
};
bool dns_sets_parse(const char *json, size_t len, struct dns_sets *, struct err *);

/* Of {"action":{"id":1,"status":"running"}}, also beside other members. False: no action in it. */
struct dns_action {
	int64_t id;
	char status[16], error[200];
};
bool dns_action_parse(const char *json, size_t len, struct dns_action *);

/* What is typed: "VALUE", "VALUE ; VALUE", and before or behind that "ttl=300". For a new set
 * "NAME TYPE" comes first. */
struct dns_typed {
	char name[DNS_NAME_SIZE], type[12];
	char values[DNS_VALUES][256];
	size_t n;
	int64_t ttl; /* s; 0: not typed */
};
bool dns_typed_read(struct dns_typed *, const char *text, bool with_name, struct err *);
/* {"name":..,"type":..,"ttl":..,"records":[{"value":..}]}; without name and type for a set that
 * exists. The caller frees. */
char *dns_body(const struct dns_typed *, bool with_name);

#endif
