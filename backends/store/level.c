#include "backends/store/level.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "backends/base/mem.h"

static const struct {
	const char *word;
	enum log_level level;
} words[] = {
	{ "trace", LOG_LEVEL_DEBUG },    { "debug", LOG_LEVEL_DEBUG },
	{ "dbg", LOG_LEVEL_DEBUG },      { "verbose", LOG_LEVEL_DEBUG },
	{ "info", LOG_LEVEL_INFO },      { "information", LOG_LEVEL_INFO },
	{ "inf", LOG_LEVEL_INFO },       { "log", LOG_LEVEL_INFO },
	{ "notice", LOG_LEVEL_NOTICE },  { "warn", LOG_LEVEL_WARN },
	{ "warning", LOG_LEVEL_WARN },   { "wrn", LOG_LEVEL_WARN },
	{ "err", LOG_LEVEL_ERROR },      { "error", LOG_LEVEL_ERROR },
	{ "fatal", LOG_LEVEL_ERROR },    { "crit", LOG_LEVEL_ERROR },
	{ "critical", LOG_LEVEL_ERROR }, { "panic", LOG_LEVEL_ERROR },
	{ "alert", LOG_LEVEL_ERROR },    { "emerg", LOG_LEVEL_ERROR },
	{ "severe", LOG_LEVEL_ERROR },
};

enum log_level level_of_word(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].word) == len && strncasecmp(words[i].word, word, len) == 0)
			return words[i].level;
	return LOG_LEVEL_UNKNOWN;
}

enum log_level level_of_priority(int priority)
{
	static const enum log_level levels[] = {
		LOG_LEVEL_ERROR, LOG_LEVEL_ERROR,  LOG_LEVEL_ERROR, LOG_LEVEL_ERROR,
		LOG_LEVEL_WARN,  LOG_LEVEL_NOTICE, LOG_LEVEL_INFO,  LOG_LEVEL_DEBUG,
	};
	return priority >= 0 && priority < (int)ARRAY_LEN(levels) ? levels[priority]
	                                                          : LOG_LEVEL_UNKNOWN;
}

const char *level_name(enum log_level level)
{
	static const char *const names[] = { "", "debug", "info", "notice", "warn", "error" };
	return names[level];
}

#define WORD_LEAST 3
#define WORD_MOST 11 /* length of "information" */

/* ASCII letters in any locale. first_letters: letters that begin a word of the tables. */
static const bool is_alpha[256] = { ['A' ... 'Z'] = true, ['a' ... 'z'] = true };
#define BOTH(upper, lower) [upper] = true, [lower] = true
static const bool first_letters[256] = {
	BOTH('A', 'a'), BOTH('C', 'c'), BOTH('D', 'd'), BOTH('E', 'e'), BOTH('F', 'f'),
	BOTH('I', 'i'), BOTH('L', 'l'), BOTH('N', 'n'), BOTH('P', 'p'), BOTH('S', 's'),
	BOTH('T', 't'), BOTH('V', 'v'), BOTH('W', 'w'),
};

/* syslog's levels have one digit. Those of pino and bunyan have two: 10 trace, 30 info, 40 warn, 60
 * fatal. */
static enum log_level level_of_number(const char *s, const char *end)
{
	static const enum log_level tens[] = { LOG_LEVEL_UNKNOWN, LOG_LEVEL_DEBUG, LOG_LEVEL_DEBUG,
		                               LOG_LEVEL_INFO,    LOG_LEVEL_WARN,  LOG_LEVEL_ERROR,
		                               LOG_LEVEL_ERROR };
	size_t n = 0;
	while (s + n < end && isdigit((unsigned char)s[n]))
		n++;
	if (n == 1)
		return level_of_priority(s[0] - '0');
	return n == 2 && s[1] == '0' && s[0] - '0' < (int)ARRAY_LEN(tens) ? tens[s[0] - '0']
	                                                                  : LOG_LEVEL_UNKNOWN;
}

/* Reads the level after a key such as level: a word or a number, after `":= ` and quotes. */
static enum log_level level_value(const char *s, const char *end)
{
	while (s < end && strchr("\": =", *s))
		s++;
	const char *from = s;
	if (s < end && isdigit((unsigned char)*s))
		return level_of_number(s, end);
	while (s < end && isalpha((unsigned char)*s))
		s++;
	return level_of_word(from, (size_t)(s - from));
}

/* Whether a word is a label: between brackets ([ERROR], |WARN|), before a colon (ERROR:), or in
 * capitals. */
static bool level_is_label(const char *text, const char *from, const char *to, const char *end)
{
	bool opened = from > text && strchr("[(|<", from[-1]),
	     closed = to < end && strchr("])|>:", *to);
	bool capitals = true;
	for (const char *s = from; s < to; s++)
		capitals = capitals && isupper((unsigned char)*s);
	return (opened && closed) || capitals || (closed && *to == ':');
}

static bool level_is_key(const char *from, const char *to, const char *end)
{
	static const char *const keys[] = { "level", "lvl", "severity", "levelname", "loglevel" };
	if (to >= end || (*to != '=' && *to != '"' && *to != ':'))
		return false;
	for (size_t k = 0; k < ARRAY_LEN(keys); k++)
		if (strlen(keys[k]) == (size_t)(to - from) &&
		    strncasecmp(from, keys[k], (size_t)(to - from)) == 0)
			return true;
	return false;
}

static bool level_ends_in(const char *from, const char *to, const char *tail)
{
	size_t n = strlen(tail);
	return (size_t)(to - from) >= n && memcmp(to - n, tail, n) == 0;
}

/* Whether the line reports a crash without a level: "TypeError: x is no function",
 * "java.io.IOException: ...", "Traceback (most recent call last)", "thread 'main' panicked at". */
static bool level_is_crash(const char *from, const char *to, const char *end)
{
	size_t len = (size_t)(to - from);
	if (to < end && *to == ':' && isupper((unsigned char)*from))
		return level_ends_in(from, to, "Error") || level_ends_in(from, to, "Exception");
	if (len == 9 && memcmp(from, "Traceback", 9) == 0)
		return end - to > 6 && memcmp(to, " (most", 6) == 0;
	return len == 8 && memcmp(from, "panicked", 8) == 0 && end - to > 3 &&
	       memcmp(to, " at", 3) == 0;
}

/* Looks at each word once, because every new line passes here. A key such as level has priority
 * over the first word that is a label. */
static enum log_level level_in_words(const char *text, const char *end)
{
	enum log_level label = LOG_LEVEL_UNKNOWN;
	for (const char *s = text; s < end;) {
		if (!is_alpha[(unsigned char)*s]) {
			s++;
			continue;
		}
		const char *from = s;
		while (s < end && is_alpha[(unsigned char)*s])
			s++;
		size_t len = (size_t)(s - from);
		if (!label && len > 5 && level_is_crash(from, s, end))
			label = LOG_LEVEL_ERROR;
		if (len < WORD_LEAST || len > WORD_MOST || !first_letters[(unsigned char)*from])
			continue;
		bool behind_word = from > text &&
		                   (isdigit((unsigned char)from[-1]) || from[-1] == '_');
		if (!behind_word && level_is_key(from, s, end)) {
			enum log_level level = level_value(s, end);
			if (level)
				return level;
		}
		bool apart = (from == text || !isdigit((unsigned char)from[-1])) &&
		             (s == end || !isdigit((unsigned char)*s));
		if (!label && apart && level_is_label(text, from, s, end))
			label = level_of_word(from, len);
	}
	return label;
}

enum log_level level_guess(const char *text, size_t len)
{
	const char *end = text + (len < LEVEL_SPAN ? len : LEVEL_SPAN);
	if (end - text > 2 && text[0] == '<' && isdigit((unsigned char)text[1]) && text[2] == '>')
		return level_of_priority(text[1] - '0');
	/* klog: a letter and four digits; text may lack a NUL at its end */
	int digits = 0;
	while (digits < 4 && end - text > 5 && isdigit((unsigned char)text[1 + digits]))
		digits++;
	if (digits == 4 && strchr("IWEF", text[0]) && text[5] == ' ') {
		if (text[0] == 'I')
			return LOG_LEVEL_INFO;
		if (text[0] == 'W')
			return LOG_LEVEL_WARN;
		return LOG_LEVEL_ERROR;
	}
	return level_in_words(text, end);
}
