/* All panels. The position in this list is the panel's key, 1 to 9, then 0. */
#include "panels/panels.h"

const struct panel *const panels[] = {
	&panel_fleet,    &panel_containers, &panel_services, &panel_needs, &panel_activity,
	&panel_sessions, &panel_vpn,        &panel_deploys,  &panel_apps,
	&panel_systems,  NULL,
};
