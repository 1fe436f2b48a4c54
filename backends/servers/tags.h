/* tags.h: groups of servers, as `tags = prod home` in a [server NAME] section names them.
 *
 * The user writes a tag as "@prod": on the command line in place of a server's name, and in a
 * filter. */
#ifndef SERVERS_TAGS_H
#define SERVERS_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"
#include "backends/store/store.h"

/* "@prod" is one; a plain "@" and "root@host" are not. */
bool tag_is(const char *word);

/* Opens every configured server that has the tag, written "@prod". False and err (ERR_USAGE): no
 * section has it; the sentence lists the tags that exist. */
bool servers_open_tagged(struct store *, const char *tag, struct err *);

/* Writes the tags of a server as "@prod @home" into buf and returns the length. 0: none. What does
 * not fit is left out. */
size_t server_tags(const struct server *, char *buf, size_t size);

/* The tint of a server, by its section or the first of its tags that has one: "red". NULL: none. */
const char *server_tint(const struct server *);

/* Calls each with every tag of the configuration once, written "@prod". */
void tags_each(const struct settings *, void (*each)(const char *tag, void *arg), void *arg);

#endif
