/* message.h: what a channel tells the user, as words: titles, texts and facts.
 *
 * One table of words serves the state file, the environment of a command and the templates of a
 * webhook. All words are washed, and values that look secret are masked. */
#ifndef NOTIFY_MESSAGE_H
#define NOTIFY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/store.h"

/* One thing that needs the user, as the store has it. Strings are borrowed. */
struct notify_need {
	const char *id, *server, *kind, *name;
	const char *why; /* NULL: not known */
	enum health health;
	int64_t since_ms; /* wall clock; 0 not known */
	unsigned count;   /* how often it came within the last minutes; 1: once */
};

enum message_what {
	MESSAGE_NEED,     /* it needs the user */
	MESSAGE_STILL,    /* it was announced before and is still so (repeat) */
	MESSAGE_RESOLVED, /* what was announced is over */
	MESSAGE_TEST      /* mocr notify --test */
};

enum message_word {
	WORD_WHAT,   /* "need", "still", "resolved", "test" */
	WORD_TITLE,  /* "sese: container n8n failed" */
	WORD_TEXT,   /* why and since when; the lines of a summary */
	WORD_ID,     /* of the row; "" in a summary, like the next four */
	WORD_SERVER, /* "sese" */
	WORD_KIND,   /* "container" */
	WORD_NAME,   /* "n8n" */
	WORD_WHY,    /* one phrase */
	WORD_HEALTH, /* the worst of it: "attention", "bad", "asks" */
	WORD_SINCE,  /* RFC 3339 in UTC; "" unknown */
	WORD_COUNT,  /* how many things the message is about */
	WORDS
};
extern const char *const message_words[WORDS]; /* "what", "title", ... */

struct message {
	char *word[WORDS]; /* owned, never NULL */
	int64_t made_ms;   /* wall clock */
	int64_t queued_ms; /* loop clock: how long it waits, whatever happens to the wall clock */
	/* It left, and whether it arrived is not known. So it may arrive twice. */
	bool unsure;
	bool late;         /* it waited long: it says from when it is */
	uint64_t number;   /* of the teller; grows from message to message; 0: none */
	bool refused;      /* the other side refused this message; others may leave before it */
	bool leaving;      /* the state file says that it may have left */
	uint64_t saved_at; /* number of that state; it leaves when that is saved */
	struct message *next;
};

/* The n needs of one message, worst first. A summary has lines for the first SUMMARY_LINES of them.
 * n is 0 for a test only. */
#define SUMMARY_LINES 12
struct message *message_create(enum message_what, const struct notify_need *needs, size_t n,
                               int64_t wall_ms);
void message_free(struct message *); /* NULL is fine */
/* The text for the user; says when the message is old, or may be there twice. The caller frees. */
char *message_text(const struct message *);
/* Writes "&", "<" and ">" as entities, for what reads them as markup. The caller frees. */
char *message_escape(const char *text);
enum health message_health(const struct message *);
bool message_is(const struct message *, enum message_what);

/* As JSON, for the state file: message_write returns a cJSON object, message_read reads one. NULL:
 * it is not a message. */
void *message_write(const struct message *);
struct message *message_read(const void *cjson);

#endif
