/* backends.c: the list of what is looked for on every server. A new kind of thing is one file and
 * one line here. */
#include "backends/apps/app.h"
#include "backends/checks/checks.h"
#include "backends/containers/containers.h"
#include "backends/deploy/deploy.h"
#include "backends/logs/tail.h"
#include "backends/notify/notify.h"
#include "backends/services/services.h"
#include "backends/sessions/session.h"
#include "backends/servers/cert.h"
#include "backends/servers/server.h"
#include "backends/store/store.h"
#include "backends/systems/system.h"
#include "backends/vitals/vitals.h"
#include "backends/vpn/vpn.h"

const struct backend *const backends[] = {
	&backend_vitals, /* first: the others may wait for the facts it finds */
	&backend_docker,    &backend_docker_user,  &backend_podman,    &backend_podman_user,
	&backend_systemd,   &backend_systemd_user, &backend_logs,      &backend_sessions,
	&backend_tailscale, &backend_wireguard,    &backend_headscale, &backend_deploy,
	&backend_dokploy,   &backend_coolify,      &backend_portal,
	/* an Alertmanager before what sends to it */
	&backend_checks,       &backend_alertmanager, &backend_grafana,
	&backend_prometheus,
	&backend_metric,       &backend_postgres,   &backend_redis,
	&backend_ci,           &backend_dns,        &backend_loki,
	&backend_victorialogs,
	&backend_mission,      &backend_zlh,        &backend_relay,
	&backend_litellm,      &backend_ollama,     &backend_ntfy,
	&backend_n8n,          &backend_qdrant,     &backend_caddy,
	&backend_cadvisor,     &backend_openclaw,
	&backend_found,        &backend_offers, /* after all whose sections they know */
	NULL
};

const struct kind *const kinds[] = { &kind_source, &kind_container, &kind_unit,   &kind_session,
	                             &kind_peer,   &kind_deploy,    &kind_notify, &kind_app,
	                             &kind_check,  &kind_system,    NULL };

row_addition *const row_additions[] = { metric_details, NULL };

const struct server_opinion server_opinions[] = {
	{ HEALTH_BAD, vpn_reason },
	{ HEALTH_GOOD, vitals_opinion },
	{ HEALTH_GOOD, cert_opinion },
	{ HEALTH_GOOD, vpn_unlisted },
	{ HEALTH_UNKNOWN, NULL },
};
