/* fleet_words.c: see fleet_words.h. The first that applies is said: an order, a question, the link,
 * the server's own reason, a source that fails, good to know. */
#include "panels/fleet_words.h"

#include "backends/base/human.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/vitals/packages.h"
#include "backends/vitals/vitals.h"
#include "tui/keymap.h"

enum link_state fleet_link_state(const struct server *s)
{
	return s->link ? s->link->state : LINK_DOWN;
}

/* "lost 3h: connect timed out ...; next try in 4 s, [Ctrl-R] now"; without the first word where the
 * link's column has it. */
static void fleet_lost_note(const struct server *s, struct cell *c, const char *lost)
{
	const struct link *link = s->link;
	int64_t heard = server_heard_ms(s);
	char buf[KEY_NAME_SIZE];
	const char *key = keymap_key(console_actions, "server-refresh", buf);
	cell_set(c, TONE_BAD, "%s", lost);
	/* The link's own state begins again with each try. */
	int64_t since;
	if (heard)
		since = heard;
	else if (s->row.health == HEALTH_BAD && s->row.health_ms)
		since = s->row.health_ms;
	else
		since = link->since_ms;
	cell_add_age(c, since);
	/* the row's own sentence is the same without the server's name before it */
	if (link->err.text[0])
		cell_add(c, ": %s", s->row.why ? s->row.why : link->err.text);
	if (link->retry_at_ms) {
		cell_add(c, "; next try in ");
		cell_add_wait(c,
		              now_wall_ms() + link->retry_at_ms - loop_now(store_loop(s->store)));
		cell_add(c, ", %s now", key);
	} else {
		cell_add(c, "; %s tries again", key);
	}
}

/* The first backend that needs the user though the link is up: the same that stand in "Needs you".
 */
static bool fleet_source_note(const struct server *s, struct cell *c)
{
	char sentence[400];
	for (const struct source *src = s->sources; src; src = src->next) {
		if (!source_needs(src))
			continue;
		if (src->state == SOURCE_LIVE &&
		    source_left_out_text(src, sentence, sizeof(sentence)))
			cell_set(c, TONE_WARN, "%s", sentence);
		else if (src->state == SOURCE_STALE)
			cell_set(c, TONE_WARN, "%s", src->err.text);
		else if (source_sentence(src, sentence, sizeof(sentence)))
			cell_set(c, TONE_WARN, "%s", sentence);
		else
			continue;
		return true;
	}
	return false;
}

void fleet_words(const struct row *r, struct cell *c, bool beside)
{
	const struct server *s = r->server;
	enum link_state state = fleet_link_state(s);
	const struct ask *ask;
	char key[KEY_NAME_SIZE], words[80];
	if (s->asks)
		ask = s->asks;
	else if (state == LINK_ASKING)
		ask = s->link->ask;
	else
		ask = NULL;
	if (cell_order(r, c))
		return;
	if (ask || state == LINK_ASKING) {
		bool said = beside && state == LINK_ASKING;
		cell_set(c, TONE_ASKS, "%s", said ? "" : "asks you: ");
		cell_add(c, "%s", ask ? ask_words(s, ask) : "something");
		if (beside)
			cell_add(c, "; %s answers", keymap_key(console_actions, "row-answer", key));
	} else if (state == LINK_LOST) {
		fleet_lost_note(s, c, beside ? "" : "lost ");
	} else if (state == LINK_DOWN) {
		cell_set(c, TONE_DIM, "%snot connected, %s connects", beside ? "" : "down: ",
		         keymap_key(console_actions, "server-refresh", key));
	} else if (r->why && r->health >= HEALTH_ATTENTION) {
		cell_set(c, r->health >= HEALTH_BAD ? TONE_BAD : TONE_WARN, "%s", r->why);
	} else if (!fleet_source_note(s, c)) {
		/* what is no need, but good to know */
		bool reboots = s->vitals && s->vitals->reboot_pending;
		cell_set(c, TONE_DIM, "%s",
		         reboots ? "reboot pending"
		                 : packages_words(s->vitals, words, sizeof(words)));
	}
}
