#include "backends/base/match.h"

#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "backends/base/mem.h"

#define STEPS_MAX 200000u /* for one match on one line; a pathological pattern stops here */
#define NESTING_MAX 250u

struct match {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	char *pattern;
	bool jit;
};

struct match *match_create(const char *pattern, char *why, size_t size)
{
	int code;
	PCRE2_SIZE at;
	bool has_capital = false;
	for (const char *s = pattern; *s; s++) {
		if (*s == '\\' && s[1])
			s++; /* a letter after a backslash is a class (\S, \D) */
		else if (*s >= 'A' && *s <= 'Z')
			has_capital = true;
	}
	/* Lines are washed and so valid UTF-8. Invalid bytes would simply not match. */
	uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | (has_capital ? 0 : PCRE2_CASELESS);
	pcre2_compile_context *compile = pcre2_compile_context_create(NULL);
	pcre2_set_parens_nest_limit(compile, NESTING_MAX);
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, flags, &code,
	                               &at, compile);
	pcre2_compile_context_free(compile);
	if (!re) {
		PCRE2_UCHAR said[160];
		pcre2_get_error_message(code, said, sizeof(said));
		snprintf(why, size, "\"%.60s\" is not a regular expression: %s, at character %zu",
		         pattern, (char *)said, (size_t)at + 1);
		return NULL;
	}
	struct match *m = xcalloc(1, sizeof(*m));
	m->code = re;
	m->pattern = xstrdup(pattern);
	m->jit = pcre2_jit_compile(re, PCRE2_JIT_COMPLETE) == 0;
	m->data = pcre2_match_data_create(1, NULL);
	m->context = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(m->context, STEPS_MAX);
	return m;
}

void match_destroy(struct match *m)
{
	if (!m)
		return;
	pcre2_match_context_free(m->context);
	pcre2_match_data_free(m->data);
	pcre2_code_free(m->code);
	free(m->pattern);
	free(m);
}

const char *match_pattern(const struct match *m)
{
	return m->pattern;
}

bool match_find(const struct match *m, const char *text, size_t len, size_t from, size_t *start,
                size_t *end)
{
	PCRE2_SPTR s = (PCRE2_SPTR)text;
	int n = m->jit ? pcre2_jit_match(m->code, s, len, from, 0, m->data, m->context)
	               : pcre2_match(m->code, s, len, from, 0, m->data, m->context);
	if (n < 0)
		return false;
	const PCRE2_SIZE *span = pcre2_get_ovector_pointer(m->data);
	*start = span[0];
	*end = span[1];
	return span[1] > span[0];
}

bool match_in(const struct match *m, const char *text, size_t len)
{
	size_t start, end;
	return match_find(m, text, len, 0, &start, &end);
}
