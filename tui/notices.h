/* notices.h: the terminal's part of [notify NAME] (backends/notify): bell, message, title. */
#ifndef TUI_NOTICES_H
#define TUI_NOTICES_H

struct console;
struct settings;

void notices_start(struct console *);
void notices_store_changed(struct console *);
void notices_reload(struct console *, const struct settings *);
void notices_stop(struct console *); /* before the terminal is given back */

#endif
