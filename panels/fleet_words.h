/* fleet_words.h: what a server waits for or suffers from, in one sentence. */
#ifndef PANELS_FLEET_WORDS_H
#define PANELS_FLEET_WORDS_H

#include "backends/link/link.h"
#include "tui/panel.h"

/* LINK_DOWN for a server without a link. */
enum link_state fleet_link_state(const struct server *);
/* Writes the sentence of a server's row; blank when all is well. beside: without what the column of
 * the link says. */
void fleet_words(const struct row *, struct cell *, bool beside);

#endif
