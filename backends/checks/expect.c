/* expect.c: compares an answer with what its section expects: status, text, a value in JSON.
 *
 * Sources: RFC 9110 section 15 (status codes) and RFC 6901 (JSON Pointer). */
#include "backends/checks/expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/wash.h"
#include "backends/link/api.h"
#include "backends/store/probe_spec.h"

#define WORDS_MAX 160 /* bytes of the other side's words in a sentence */

static bool expect_status(const struct probe_spec *p, int status, const char *body, size_t len,
                          char *why, size_t size)
{
	struct buf wanted = { 0 };
	char words[WORDS_MAX];
	for (size_t i = 0; i < p->n_status; i++) {
		const struct probe_range *r = &p->status[i];
		if (status >= r->first && status <= r->last)
			goto good;
		buf_addf(&wanted, "%s%d", i ? " " : "", r->first);
		if (r->last != r->first)
			buf_addf(&wanted, "-%d", r->last);
	}
	api_words(words, sizeof(words), body, len);
	snprintf(why, size, "answered %d, expected %s: %s", status, wanted.data ? wanted.data : "",
	         words);
	buf_finish(&wanted);
	return false;
good:
	buf_finish(&wanted);
	return true;
}

static bool expect_is_value(const cJSON *value, const char *wanted)
{
	char *end;
	if (cJSON_IsString(value))
		return strcmp(value->valuestring, wanted) == 0;
	if (cJSON_IsNumber(value)) {
		double number = strtod(wanted, &end);
		return end != wanted && !*end && number >= value->valuedouble &&
		       number <= value->valuedouble;
	}
	if (cJSON_IsBool(value))
		return strcasecmp(wanted, cJSON_IsTrue(value) ? "true" : "false") == 0;
	return cJSON_IsNull(value) && strcmp(wanted, "null") == 0;
}

static bool expect_json_value(const struct probe_spec *p, const cJSON *json, char *why, size_t size)
{
	char got[WORDS_MAX];
	const cJSON *value = json_pointer(json, p->pointer);
	if (!value) {
		snprintf(why, size, "the JSON has no %.120s", p->pointer);
		return false;
	}
	if (!p->has_value || expect_is_value(value, p->value))
		return true;
	/* Writes a value as the user would write it in the section. */
	char *printed = cJSON_IsString(value) ? NULL : cJSON_PrintUnformatted(value);
	const char *raw = printed ? printed : cJSON_GetStringValue(value);
	if (!raw || !*raw)
		raw = "empty";
	wash(got, sizeof(got), raw, strlen(raw));
	cJSON_free(printed);
	snprintf(why, size, "%.80s is %.100s, expected %.80s",
	         *p->pointer ? p->pointer : "the JSON", got, p->value);
	return false;
}

bool expect_answer(const struct probe_spec *p, int status, const char *body, size_t len, char *why,
                   size_t size)
{
	char words[WORDS_MAX];
	if (!expect_status(p, status, body, len, why, size))
		return false;
	if (*p->text && !memmem(body, len, p->text, strlen(p->text))) {
		api_words(words, sizeof(words), body, len);
		snprintf(why, size, "the answer does not contain \"%.80s\": %s", p->text, words);
		return false;
	}
	if (!p->json)
		return true;
	cJSON *json = json_whole(body, len);
	bool good = json && expect_json_value(p, json, why, size);
	if (!json) {
		api_words(words, sizeof(words), body, len);
		snprintf(why, size, "expected JSON, got %s", words);
	}
	cJSON_Delete(json);
	return good;
}

bool expect_addresses(const struct probe_spec *p, const char *const *addresses, size_t n, char *why,
                      size_t size)
{
	struct buf got = { 0 };
	bool good = !*p->address && n > 0;
	for (size_t i = 0; i < n; i++) {
		good = good || strcmp(addresses[i], p->address) == 0;
		buf_addf(&got, "%s%s", i ? ", " : "", addresses[i]);
	}
	if (!n)
		snprintf(why, size, "%s has no address", p->host);
	else if (!good)
		snprintf(why, size, "%.100s is %.120s, expected %s", p->host, got.data, p->address);
	buf_finish(&got);
	return good;
}
