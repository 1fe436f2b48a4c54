/* packages.h: pending updates of a server's packages, as its package manager lists them.
 *
 * apt reads its own lists and asks nobody, but takes a second of a processor. So it runs by the
 * key, and by itself only with package_updates in the settings. Nothing is installed from here.
 *
 * Source: apt(8), "list --upgradable"; seen on Debian 12 and 13, Ubuntu 24.04. */
#ifndef VITALS_PACKAGES_H
#define VITALS_PACKAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"
#include "backends/store/action.h"
#include "backends/vitals/vitals.h"

/* Reads what packages_command printed. False and err: the server has no apt, or the text is not of
 * it; then nothing changes. Pure, but for the clock. */
bool packages_parse(struct vitals *, const char *text, size_t len, struct err *);
extern const char packages_command[];
/* The same of a whole run of packages_command. A failed apt prints an empty list too, so its exit
 * code counts: then false, and err has the last line of what apt complained about. */
struct run_result;
bool packages_read(struct vitals *, const struct run_result *, struct err *);

/* "12 updates, 3 for security"; "" none or unknown. Returns buf. */
const char *packages_words(const struct vitals *, char *buf, size_t size);

/* One per server, owned by its vitals source. */
struct packages;
struct source;
struct packages *packages_create(struct source *);
void packages_up(struct packages *);
void packages_down(struct packages *); /* ends the running order */
void packages_destroy(struct packages *);

/* The action "check" of a server. */
void packages_say(const struct row *, char *buf, size_t size);
void packages_run(struct order *);

#endif
