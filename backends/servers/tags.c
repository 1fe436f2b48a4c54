/* tags.c: see tags.h. */
#include "backends/servers/tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/servers/server.h"
#include "backends/store/internal.h"
#include "backends/store/settings.h"

#define TAG_BLANKS " \t,"
#define TAG_MAX 64 /* bytes of one tag with its @ and NUL */

bool tag_is(const char *word)
{
	return word[0] == '@' && word[1];
}

/* The next tag of a list, with its @; the list may have them with or without. False: the end. */
static bool tag_next(const char **list, char tag[TAG_MAX])
{
	if (!*list)
		return false;
	*list += strspn(*list, TAG_BLANKS "@");
	size_t n = strcspn(*list, TAG_BLANKS);
	if (!n)
		return false;
	snprintf(tag, TAG_MAX, "@%.*s", (int)n, *list);
	*list += n;
	return true;
}

static bool tag_is_of(const struct server_config *c, const char *tag)
{
	char one[TAG_MAX];
	for (const char *list = c->tags; tag_next(&list, one);)
		if (strcmp(one, tag) == 0)
			return true;
	return false;
}

void tags_each(const struct settings *settings, void (*each)(const char *tag, void *arg), void *arg)
{
	char tag[TAG_MAX];
	for (const struct server_config *c = settings->servers; c; c = c->next)
		for (const char *list = c->tags; tag_next(&list, tag);) {
			/* each tag once: where the first section has it */
			const struct server_config *first = settings->servers;
			while (first != c && !tag_is_of(first, tag))
				first = first->next;
			if (first == c)
				each(tag, arg);
		}
}

static void tag_list(const char *tag, void *arg)
{
	struct buf *b = arg;
	buf_addf(b, "%s%s", b->len ? " " : "", tag);
}

bool servers_open_tagged(struct store *s, const char *tag, struct err *err)
{
	bool any = false;
	for (const struct server_config *c = s->settings->servers; c; c = c->next) {
		if (!tag_is_of(c, tag))
			continue;
		any = true;
		if (!server_open(s, c->name, err))
			return false;
	}
	if (any)
		return true;
	struct buf known;
	buf_init(&known, 512);
	tags_each(s->settings, tag_list, &known);
	const char *there = known.len ? "there are " : "there is no tag yet";
	err_set(err, ERR_USAGE,
	        "no [server NAME] section has the tag %.60s; %s%.300s (tags = prod home in such a "
	        "section)",
	        tag, there, known.data ? known.data : "");
	buf_finish(&known);
	return false;
}

size_t server_tags(const struct server *v, char *buf, size_t size)
{
	char tag[TAG_MAX];
	size_t len = 0;
	buf[0] = '\0';
	for (const char *list = v->config ? v->config->tags : NULL; tag_next(&list, tag);) {
		size_t room = size - len;
		int n = snprintf(buf + len, room, "%s%s", len ? " " : "", tag);
		if ((size_t)n >= room) {
			buf[len] = '\0';
			break;
		}
		len += (size_t)n;
	}
	return len;
}

const char *server_tint(const struct server *v)
{
	const struct server_config *c = v->config;
	const char *tint = c ? c->tint : NULL;
	char tag[TAG_MAX];
	const struct tag_config *tags = store_settings(v->store)->tags;
	for (const char *list = c ? c->tags : NULL; !tint && tag_next(&list, tag);)
		for (const struct tag_config *t = tags; t && !tint; t = t->next)
			if (!strcmp(t->name, tag + 1))
				tint = t->tint;
	return tint && strcmp(tint, "none") != 0 ? tint : NULL;
}
