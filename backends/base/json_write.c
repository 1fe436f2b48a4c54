#include "backends/base/json_write.h"

void json_add_text(cJSON *o, const char *name, const char *text)
{
	if (text)
		cJSON_AddStringToObject(o, name, text);
	else
		cJSON_AddNullToObject(o, name);
}

void json_add_filled(cJSON *o, const char *name, const char *text)
{
	json_add_text(o, name, text && *text ? text : NULL);
}

void json_add_number(cJSON *o, const char *name, double n, bool known)
{
	if (known)
		cJSON_AddNumberToObject(o, name, n);
	else
		cJSON_AddNullToObject(o, name);
}

void json_add_time(cJSON *o, const char *name, int64_t ms)
{
	json_add_number(o, name, (double)ms, ms > 0);
}
