/* request.c: a session's request as readable text, and the user's answer as JSON for the API.
 *
 * Source: OpenCode server docs (opencode.ai/docs/server): the replies to a permission and a
 * question. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/sessions/sessions.h"

#define CANNOT_FILL                                                                    \
	"mocr cannot fill in this form: [a] attaches to the session, where it can be " \
	"answered; it can be rejected here"

static void request_lines(struct doc *doc, enum doc_tone tone, const char *text)
{
	if (text && *text)
		doc_text(doc, tone, text, strlen(text));
}

static void request_diff_lines(struct doc *doc, const char *diff)
{
	for (const char *at = diff; at && *at;) {
		size_t n = strcspn(at, "\n");
		bool file = !strncmp(at, "+++", 3) || !strncmp(at, "---", 3) ||
		            !strncmp(at, "Index:", 6) || !strncmp(at, "===", 3);
		enum doc_tone tone;
		if (file || *at == '@')
			tone = DOC_DIM;
		else if (*at == '+')
			tone = DOC_GOOD;
		else if (*at == '-')
			tone = DOC_BAD;
		else
			tone = DOC_CODE;
		doc_text(doc, tone, at, n);
		at += n + (at[n] == '\n');
	}
}

static void request_question_doc(const struct question *q, size_t number, size_t of,
                                 struct doc *doc)
{
	char *text = wash_dup(q->text, 0);
	doc_head(doc, text);
	free(text);
	if (of > 1)
		doc_add(doc, DOC_DIM, "question %zu of %zu", number + 1, of);
	for (size_t i = 0; i < q->n_options; i++) {
		char *label = wash_dup(q->options[i].label, 0),
		     *help = wash_dup(q->options[i].description, 0), key[24];
		snprintf(key, sizeof(key), "%zu", i + 1);
		if (help && *help)
			doc_pair(doc, DOC_PLAIN, key, "%s  - %s", label, help);
		else
			doc_pair(doc, DOC_PLAIN, key, "%s", label);
		free(label);
		free(help);
	}
	const char *how = q->multiple ? "choose one or more: 1,3" : "choose one";
	doc_add(doc, DOC_DIM, "%s%s", how, q->custom ? "; or answer in your own words" : "");
}

void request_doc(const struct request *r, struct doc *doc)
{
	request_lines(doc, DOC_PLAIN, r->note);
	if (r->is_question) {
		for (size_t i = 0; i < r->n_questions; i++)
			request_question_doc(&r->questions[i], i, r->n_questions, doc);
		if (r->cannot_fill)
			doc_add(doc, DOC_WARN, "%s", CANNOT_FILL);
		return;
	}
	char *tool = wash_dup(r->tool, 0);
	doc_pair(doc, DOC_PLAIN, "tool", "%s", tool);
	free(tool);
	request_lines(doc, DOC_CODE, r->what);
	if (r->diff)
		request_diff_lines(doc, r->diff);
	if (r->always) {
		doc_add(doc, DOC_DIM, "\"always\" would allow, %s:",
		        r->is_lasting ? "in this project, also after a restart"
		                      : "until its server restarts");
		request_lines(doc, DOC_DIM, r->always);
	} else if (r->is_lasting) {
		doc_add(doc, DOC_DIM, "\"always\" would allow nothing more than \"once\"");
	}
}

void request_phrase(const struct request *r, char *buf, size_t size)
{
	struct buf b;
	buf_init(&b, 4096);
	if (r->is_question)
		buf_addf(&b, "%.500s", r->n_questions ? r->questions[0].text : "a question");
	else
		buf_addf(&b, "%.60s: %.500s", r->tool, r->what ? r->what : "");
	if (r->is_question && r->n_questions > 1)
		buf_puts(&b, " (and more)");
	wash(buf, size, b.data, b.len);
	buf_finish(&b);
}

/* --- answers ------------------------------------------------------------- */

static char *request_trimmed(const char *s, size_t n)
{
	while (n && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	return xstrndup(s, n);
}

static cJSON *request_option(const struct question_option *o)
{
	return cJSON_CreateString(o->value ? o->value : o->label);
}

/* The next number in words such as "1, 3", from *at on; 0: no more. */
static size_t request_next_number(const char **at)
{
	*at += strspn(*at, ", ");
	size_t i = strtoul(*at, NULL, 10);
	*at += strspn(*at, "0123456789");
	return i;
}

/* Are the words numbers of options, at least one, and nothing else? */
static bool request_are_numbers(const struct question *q, const char *words)
{
	size_t n = 0;
	if (words[strspn(words, "0123456789, ")])
		return false;
	for (const char *at = words; at[strspn(at, ", ")]; n++) {
		size_t i = request_next_number(&at);
		if (i < 1 || i > q->n_options)
			return false;
	}
	return n > 0;
}

/* "2" or "1,3": appends the labels of those options. False: words are not option numbers, and
 * nothing was appended. */
static bool request_by_number(const struct question *q, const char *words, cJSON *out)
{
	if (!request_are_numbers(q, words))
		return false;
	for (const char *at = words; at[strspn(at, ", ")];)
		cJSON_AddItemToArray(out,
		                     request_option(&q->options[request_next_number(&at) - 1]));
	return true;
}

static bool request_answer_one(const struct question *q, const char *words, cJSON *out,
                               struct err *err)
{
	char *w = request_trimmed(words, strlen(words));
	bool good = q->optional && !*w;
	if (!good && q->type != QUESTION_NUMBER)
		good = request_by_number(q, w, out);
	for (size_t i = 0; !good && i < q->n_options; i++)
		if (!strcasecmp(q->options[i].label, w)) {
			cJSON_AddItemToArray(out, request_option(&q->options[i]));
			good = true;
		}
	if (good && cJSON_GetArraySize(out) > 1 && !q->multiple)
		good = err_set(err, ERR_USAGE, "only one answer may be given to \"%.80s\"",
		               q->text);
	else if (!good && *w && q->custom) {
		cJSON_AddItemToArray(out, cJSON_CreateString(w));
		good = true;
	} else if (!good) {
		err_set(err, ERR_USAGE,
		        "\"%.40s\" is not an answer to \"%.80s\": expected a number from 1 to %zu",
		        w, q->text, q->n_options);
	}
	free(w);
	return good;
}

/* Length of one answer, up to the semicolon that ends it. "\;" does not end it. */
static size_t request_answer_span(const char *words)
{
	size_t n = 0;
	while (words[n] && words[n] != ';')
		n += words[n] == '\\' && words[n + 1] == ';' ? 2 : 1;
	return n;
}

/* Splits answers to several questions at semicolons. "\;" is a literal semicolon. */
static bool request_answers_of(const struct request *r, const char *words, cJSON *list,
                               struct err *err)
{
	const char *at = words;
	for (size_t i = 0; i < r->n_questions; i++) {
		cJSON *one = cJSON_CreateArray();
		size_t n = i + 1 < r->n_questions ? request_answer_span(at) : strlen(at);
		char *part = request_trimmed(at, n);
		cJSON_AddItemToArray(list, one);
		if (r->n_questions > 1) {
			/* the backslash of an escaped semicolon is no part of the answer */
			char *to = part;
			for (const char *from = part; *from; from++)
				if (*from != '\\' || from[1] != ';')
					*to++ = *from;
			*to = '\0';
		}
		bool good = request_answer_one(&r->questions[i], part, one, err);
		free(part);
		if (!good)
			return false;
		at += n + (at[n] == ';');
	}
	return true;
}

/* The answer to one field, in the type that the form wants. NULL and err: it has another type. */
static cJSON *request_field(const struct question *q, cJSON *list, struct err *err)
{
	const cJSON *first = cJSON_GetArrayItem(list, 0);
	const char *words = first ? first->valuestring : "";
	char *end;
	if (q->multiple)
		return cJSON_Duplicate(list, true);
	if (q->type == QUESTION_YES_NO)
		return cJSON_CreateBool(!strcmp(words, "yes"));
	if (q->type != QUESTION_NUMBER)
		return cJSON_CreateString(words);
	double number = strtod(words, &end);
	if (end == words || *end || !isfinite(number) || fabs(number) > 9e15) {
		err_set(err, ERR_USAGE, "\"%.40s\" is not a number, which \"%.80s\" needs", words,
		        q->text);
		return NULL;
	}
	return cJSON_CreateNumber(number);
}

/* lists: the answers by place. Fields that may stay empty and do are left out. */
static bool request_form_of(const struct request *r, const cJSON *lists, cJSON *answer,
                            struct err *err)
{
	for (size_t i = 0; i < r->n_questions; i++) {
		cJSON *list = cJSON_GetArrayItem(lists, (int)i);
		if (r->questions[i].optional && !cJSON_GetArraySize(list))
			continue;
		cJSON *value = request_field(&r->questions[i], list, err);
		if (!value)
			return false;
		cJSON_AddItemToObject(answer, r->questions[i].key, value);
	}
	return true;
}

static bool request_form_answers(const struct request *r, const char *words, cJSON *o,
                                 struct err *err)
{
	if (r->cannot_fill)
		return err_set(err, ERR_USAGE, "%s", CANNOT_FILL);
	cJSON *lists = cJSON_CreateArray();
	bool good = request_answers_of(r, words, lists, err) &&
	            request_form_of(r, lists, cJSON_AddObjectToObject(o, "answer"), err);
	cJSON_Delete(lists);
	return good;
}

static bool request_permission_reply(const char *words, cJSON *o, struct err *err)
{
	static const char *const replies[] = { "once", "always", "reject" };
	for (size_t i = 0; i < ARRAY_LEN(replies); i++)
		if (!strcmp(words, replies[i])) {
			cJSON_AddStringToObject(o, "reply", words);
			return true;
		}
	if (strncmp(words, "reject:", 7) != 0)
		return err_set(err, ERR_USAGE,
		               "\"%.40s\" is not an answer to a permission: once, always, reject, "
		               "or "
		               "reject: MESSAGE",
		               words);
	char *message = request_trimmed(words + 7, strlen(words + 7));
	cJSON_AddStringToObject(o, "reply", "reject");
	if (*message)
		cJSON_AddStringToObject(o, "message", message);
	free(message);
	return true;
}

bool request_answers(const struct request *r, const char *words, struct buf *json, struct err *err)
{
	cJSON *o = cJSON_CreateObject();
	bool good;
	if (r->is_form)
		good = request_form_answers(r, words, o, err);
	else if (r->is_question)
		good = request_answers_of(r, words, cJSON_AddArrayToObject(o, "answers"), err);
	else
		good = request_permission_reply(words, o, err);
	char *text = cJSON_PrintUnformatted(o);
	if (good && !buf_puts(json, text))
		good = err_set(err, ERR_TOO_BIG, "the answer is too long");
	free(text);
	cJSON_Delete(o);
	return good;
}
