#include "backends/base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/base/wash.h"

#define YEAR_2001_MS 978307200000

const cJSON *vj_get(const cJSON *o, const char *name, const char *other)
{
	const cJSON *v = cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, name) : NULL;
	return v || !other || !cJSON_IsObject(o) ? v : cJSON_GetObjectItemCaseSensitive(o, other);
}

bool vj_text(const cJSON *o, const char *name, const char *other, char *buf, size_t size)
{
	const cJSON *v = vj_get(o, name, other);
	buf[0] = '\0';
	if (cJSON_IsString(v))
		wash(buf, size, v->valuestring, strlen(v->valuestring));
	else if (cJSON_IsNumber(v) && fabs(v->valuedouble) < 9e15)
		snprintf(buf, size, "%.0f", v->valuedouble);
	return buf[0] != '\0';
}

bool vj_true(const cJSON *o, const char *name, const char *other)
{
	return cJSON_IsTrue(vj_get(o, name, other));
}

static int64_t whole(const cJSON *v, int64_t otherwise)
{
	double d = cJSON_IsNumber(v) ? v->valuedouble : cJSON_IsString(v) ? strtod(v->valuestring, NULL) : NAN;
	return isfinite(d) && fabs(d) < 9e15 ? (int64_t)d : otherwise;
}

int64_t vj_int(const cJSON *o, const char *name, const char *other, int64_t otherwise)
{
	const cJSON *v = vj_get(o, name, other);
	return v ? whole(v, otherwise) : otherwise;
}

int64_t vj_time(const cJSON *o, const char *name, const char *other)
{
	const cJSON *v = vj_get(o, name, other);
	int64_t ms = 0;
	if (cJSON_IsString(v))
		ms = parse_rfc3339_ms(v->valuestring);
	else if (cJSON_IsObject(v))
		ms = vj_int(v, "seconds", "Seconds", 0) * 1000 + vj_int(v, "nanos", "Nanos", 0) / 1000000;
	else if (cJSON_IsNumber(v))
		ms = whole(v, 0) * 1000;
	/* A key that was made to expire is told as of 1970, an unknown time as of year 1. */
	return ms > YEAR_2001_MS && ms < 253402300800000 ? ms : 0;
}

int64_t vj_http_date_ms(const char *date)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };
	char month[4] = "";
	if (sscanf(date, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	const char *at = strlen(month) == 3 ? strstr(months, month) : NULL;
	if (!at || (at - months) % 3 || tm.tm_year < 2001)
		return 0;
	tm.tm_mon = (int)(at - months) / 3;
	tm.tm_year -= 1900;
	return (int64_t)timegm(&tm) * 1000;
}

void vj_words(const cJSON *array, char *buf, size_t size)
{
	const cJSON *v;
	size_t used = 0;
	buf[0] = '\0';
	if (!cJSON_IsArray(array))
		return;
	cJSON_ArrayForEach(v, array) {
		char word[160];
		if (!cJSON_IsString(v))
			continue;
		wash(word, sizeof(word), v->valuestring, strlen(v->valuestring));
		if (!*word || used + strlen(word) + 3 > size)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", word);
	}
}

cJSON *vj_read(const char *json, size_t len, const char *who, struct err *err)
{
	char said[100];
	cJSON *o = cJSON_ParseWithLength(json, len);
	if (o)
		return o;
	size_t skip = 0;
	while (skip < len && strchr(" \t\r\n", json[skip]))
		skip++;
	wash(said, sizeof(said), json + skip, len - skip);
	if (skip < len && json[skip] == '<')
		err_set(err, ERR_GARBLED, "%s answered a web page and no JSON; a proxy or another program stands in its place: %s", who, said);
	else if (skip == len)
		err_set(err, ERR_GARBLED, "%s answered nothing", who);
	else if (json[skip] == '{' || json[skip] == '[')
		err_set(err, ERR_GARBLED, "%s's answer was cut off or is no JSON: %s", who, said);
	else
		err_set(err, ERR_GARBLED, "%s said: %s", who, said);
	return NULL;
}
