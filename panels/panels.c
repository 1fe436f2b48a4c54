/* All panels, any number. The first nine have the keys 1 to 9, unless `panels` of [settings] gives
 * another order. The layout places the first five by their position here. */
#include "panels/panels.h"

const struct panel *const panels[] = {
	&panel_fleet,    &panel_containers, &panel_services, &panel_needs, &panel_activity,
	&panel_sessions, &panel_vpn,        &panel_deploys,  &panel_apps,  &panel_checks,
	&panel_systems,  NULL,
};
