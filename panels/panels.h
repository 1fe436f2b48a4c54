/* panels.h: all panels. Each has its own file; panels.c lists them. */
#ifndef PANELS_PANELS_H
#define PANELS_PANELS_H

#include "tui/panel.h"

extern const struct panel panel_fleet, panel_containers, panel_services, panel_needs,
	panel_activity, panel_sessions, panel_vpn, panel_deploys, panel_apps, panel_checks,
	panel_systems;

#endif
