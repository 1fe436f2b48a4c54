#include "backends/apps/portal_parse.h"

#include <stdio.h>
#include <string.h>

#include "backends/base/json.h"

#define BAR_CELLS 10

static bool portal_is_object(const cJSON *o, const char *what, struct err *err)
{
	if (o && !cJSON_IsObject(o))
		err_set(err, ERR_GARBLED, "the portal's %s is not an object", what);
	return cJSON_IsObject(o);
}

bool portal_health_parse(const char *json, size_t len, struct portal_health *h, struct err *err)
{
	cJSON *o = vj_read(json, len, "the portal", err);
	bool good = portal_is_object(o, "health", err);
	*h = (struct portal_health){ .deploying = -1 };
	if (good && !vj_text(o, "status", NULL, h->status, sizeof(h->status)))
		good = err_set(err, ERR_GARBLED,
		               "what answers /health gives no status, so it is not a portal");
	vj_text(o, "version", NULL, h->version, sizeof(h->version));
	int64_t n = vj_int(o, "activeDeployments", NULL, -1);
	h->deploying = n >= 0 && n < 10000 ? (int)n : -1;
	cJSON_Delete(o);
	return good;
}

bool portal_check_parse(const char *json, size_t len, struct portal_check *c, struct err *err)
{
	cJSON *o = vj_read(json, len, "the portal", err);
	bool good = portal_is_object(o, "answer about the name", err);
	*c = (struct portal_check){ .available = vj_true(o, "available", NULL),
		                    .valid = vj_true(o, "valid", NULL) };
	vj_text(o, "error", NULL, c->error, sizeof(c->error));
	cJSON_Delete(o);
	return good;
}

bool portal_made_parse(const char *json, size_t len, struct portal_made *m, struct err *err)
{
	cJSON *o = vj_read(json, len, "the portal", err);
	bool good = portal_is_object(o, "answer to the deploy", err);
	vj_text(o, "url", NULL, m->url, sizeof(m->url));
	enum app_id read = app_id_read(o, "deploymentId", NULL, m->id);
	if (good && read == APP_ID_UNFIT)
		good = err_set(err, ERR_GARBLED,
		               "the id of the deployment is longer than %d bytes, or has signs "
		               "that "
		               "cannot be shown; it runs there, but cannot be followed",
		               APP_ID_SIZE - 1);
	else if (good && read == APP_ID_NONE)
		good = err_set(err, ERR_GARBLED,
		               "the portal's answer to the deploy names no deployment");
	cJSON_Delete(o);
	return good;
}

bool portal_state_parse(const char *json, size_t len, struct portal_state *s)
{
	struct err err;
	cJSON *o = vj_read(json, len, "the portal", &err);
	bool good = cJSON_IsObject(o);
	vj_text(o, "status", NULL, s->status, sizeof(s->status));
	vj_text(o, "currentStep", NULL, s->step, sizeof(s->step));
	vj_text(o, "url", NULL, s->url, sizeof(s->url));
	if (!vj_text(o, "error", NULL, s->error, sizeof(s->error)))
		vj_text(o, "message", NULL, s->error, sizeof(s->error));
	int64_t n = vj_int(o, "progress", NULL, -1);
	if (n > 100)
		n = 100;
	s->progress = n < 0 ? -1 : (int)n;
	cJSON_Delete(o);
	return good;
}

void portal_bar(int progress, char *buf, size_t size)
{
	int part = progress * BAR_CELLS / 100;
	if (progress < 0)
		snprintf(buf, size, "%s", "");
	else
		snprintf(buf, size, "[%.*s%.*s] %d%%", part, "##########", BAR_CELLS - part,
		         "..........", progress);
}
