/* panels.h: the panels there are. One file each; panels.c is the list. */
#ifndef PANELS_PANELS_H
#define PANELS_PANELS_H

#include "tui/panel.h"

extern const struct panel panel_fleet, panel_containers, panel_services, panel_needs,
	panel_activity, panel_sessions, panel_vpn, panel_deploys, panel_apps;

#endif
