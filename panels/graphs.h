/* graphs.h: graphs of the last hour of servers. */
#ifndef PANELS_GRAPHS_H
#define PANELS_GRAPHS_H

#include "backends/vitals/vitals.h"
#include "tui/graph.h"
#include "tui/panel.h"

#define GRAPHS_SMALL_CELLS 15

/* Adds the graphs of a server to its details. width: of the screen, in cells. */
void graphs_of_server(const struct row *, int width, struct doc *);
/* The graph of the last hour in one row of GRAPHS_SMALL_CELLS. "": nothing is known. */
void graphs_small(const struct server *, enum vitals_trend, char buf[GRAPH_TEXT]);
/* The newest point; below 0: nothing was heard in the last minute. */
double graphs_now(const struct server *, enum vitals_trend);
extern const struct action graphs_actions[];

#endif
