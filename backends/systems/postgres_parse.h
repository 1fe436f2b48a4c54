/* postgres_parse.h: how a PostgreSQL is asked, and what it says. Pure.
 *
 * Source: PostgreSQL 15, "Frontend/Backend Protocol"; pg_isready, which also takes any answer but
 * 57P03 for life. Without a password the connection ends at the request for one, which the server
 * does not log. */
#ifndef SYSTEMS_POSTGRES_PARSE_H
#define SYSTEMS_POSTGRES_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/link/wire.h"

extern const struct wire_talk postgres_talk;

struct postgres_facts {
	char version[40];  /* "" unknown */
	char code[6];      /* SQLSTATE of its refusal; "" none */
	char refused[200]; /* the words of that refusal, or of the query's; "" none */
	bool asks;         /* it asked for a password and got none: alive, and no more is known */
	/* -1 unknown */
	int64_t connections, connections_max, standbys, behind; /* behind: s */
	bool standby, cut_off; /* a standby that once received changes and has no receiver now */
	double ms;
};
bool postgres_parse(const char *json, size_t len, struct postgres_facts *, struct err *);

#endif
