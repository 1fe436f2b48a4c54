/* services.h: the two backends of this room. */
#ifndef SERVICES_SERVICES_H
#define SERVICES_SERVICES_H

#include "backends/store/store.h"

extern const struct backend backend_systemd;      /* "systemd": the system's manager */
extern const struct backend backend_systemd_user; /* "systemd-user": the login user's manager */

#endif
