/* graphs.h: graphs of the last hour of servers. */
#ifndef PANELS_GRAPHS_H
#define PANELS_GRAPHS_H

#include "tui/panel.h"

/* Adds the graphs of a server to its details. width: of the screen, in cells. */
void graphs_of_server(const struct row *, int width, struct doc *);
extern const struct action graphs_actions[];

#endif
