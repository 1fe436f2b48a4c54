/* sessions_box.h: what the sessions panel adds to the console: input boxes for answers, prompts,
 * titles, and its actions. */
#ifndef PANELS_SESSIONS_BOX_H
#define PANELS_SESSIONS_BOX_H

#include "tui/panel.h"

extern const struct panel_extra sessions_extra;

#endif
