/* need_step.h: the best next step for what needs the user. Enter in "Needs you" does it. */
#ifndef TUI_NEED_STEP_H
#define TUI_NEED_STEP_H

#include "tui/console_internal.h"

/* One word for the step: "answer", "retry", "log" or "details". Static. */
const char *need_step_word(const struct row *);
/* Puts the cursor on the row in its own panel, then does the step. */
void need_step_do(struct console *, struct row *);

#endif
