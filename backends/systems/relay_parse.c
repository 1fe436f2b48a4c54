#include "backends/systems/relay_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/json_write.h"
#include "backends/base/wash.h"
#include "backends/link/api.h"
#include "backends/link/link.h"

bool relay_health_parse(const char *json, size_t len, struct relay_health *h, struct err *err)
{
	cJSON *root = vj_read(json, len, "the relay", err);
	const cJSON *legs = vj_get(root, "endpoints", NULL);
	*h = (struct relay_health){ .n = 0 };
	bool good = vj_text(root, "status", NULL, h->status, sizeof(h->status)) &&
	            cJSON_IsObject(legs);
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "what answers /health gives no status and endpoints, so it is not an AI "
		        "relay");
	vj_text(root, "version", NULL, h->version, sizeof(h->version));
	for (const cJSON *v = good ? legs->child : NULL; v; v = v->next) {
		struct relay_place *leg = &h->legs[h->n];
		struct endpoint endpoint;
		char host[256];
		const char *prefix;
		size_t n;
		if (h->n == RELAY_LEGS_MAX) {
			h->left_out++;
			continue;
		}
		wash(leg->name, sizeof(leg->name), v->string, strlen(v->string));
		bool whole = cJSON_IsString(v) && strlen(v->valuestring) < sizeof(leg->url) &&
		             api_url_endpoint(v->valuestring, &endpoint, host, sizeof(host),
		                              &prefix, &n);
		if (whole)
			wash(leg->url, sizeof(leg->url), v->valuestring, strlen(v->valuestring));
		h->n += *leg->name != '\0';
	}
	cJSON_Delete(root);
	return good;
}

bool relay_leg_parse(const char *json, size_t len, struct relay_probe *p, struct err *err)
{
	cJSON *root = vj_read(json, len, "the leg", err);
	*p = (struct relay_probe){ .ms = -1 };
	bool good = vj_text(root, "status", NULL, p->status, sizeof(p->status));
	if (root && !good)
		err_set(err, ERR_GARBLED, "what answers /health there gives no status");
	vj_text(root, "service", NULL, p->service, sizeof(p->service));
	cJSON_Delete(root);
	return good;
}

void relay_leg_write(const struct relay_probe *p, struct buf *out)
{
	cJSON *o = cJSON_CreateObject();
	json_add_filled(o, "status", p->status);
	json_add_filled(o, "service", p->service);
	json_add_number(o, "ms", (double)p->ms, p->ms >= 0);
	json_add_filled(o, "error", p->error);
	char *text = cJSON_PrintUnformatted(o);
	buf_puts(out, text);
	free(text);
	cJSON_Delete(o);
}

bool relay_leg_read(const char *json, size_t len, struct relay_probe *p, struct err *err)
{
	cJSON *root = vj_read(json, len, "the leg", err);
	bool good = cJSON_IsObject(root);
	*p = (struct relay_probe){ .ms = -1 };
	if (root && !good)
		err_set(err, ERR_GARBLED, "that is not a probe of a leg");
	vj_text(root, "status", NULL, p->status, sizeof(p->status));
	vj_text(root, "service", NULL, p->service, sizeof(p->service));
	vj_text(root, "error", NULL, p->error, sizeof(p->error));
	p->ms = vj_int(root, "ms", NULL, -1);
	cJSON_Delete(root);
	return good;
}

bool relay_webhook_parse(const char *json, size_t len, struct relay_webhook *w, struct err *err)
{
	char status[24], how[24];
	cJSON *root = vj_read(json, len, "the relay", err);
	const cJSON *told = vj_get(root, "notifications", NULL);
	struct buf failed = { 0 };
	*w = (struct relay_webhook){ .reached = 0 };
	bool good = vj_text(root, "status", NULL, status, sizeof(status)) && cJSON_IsObject(told);
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer does not say which legs were reached");
	vj_text(root, "duration", NULL, w->duration, sizeof(w->duration));
	for (const cJSON *v = good ? told->child : NULL; v; v = v->next) {
		vj_text(told, v->string, NULL, how, sizeof(how));
		if (!strcmp(how, "success"))
			w->reached++;
		else
			buf_addf(&failed, "%s%.32s", failed.len ? ", " : "", v->string);
	}
	if (failed.len)
		wash(w->failed, sizeof(w->failed), failed.data, failed.len);
	buf_finish(&failed);
	cJSON_Delete(root);
	return good;
}

bool relay_is_loopback(const char *url)
{
	const char *host = strstr(url, "://");
	host = host ? host + 3 : url;
	size_t n = strcspn(host, ":/");
	return (n == 9 && !strncasecmp(host, "localhost", n)) || !strncmp(host, "127.", 4) ||
	       !strncmp(host, "[::1]", 5);
}
