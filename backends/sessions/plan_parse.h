/* plan_parse.h: how much of a user's plan is used up, as a coding agent writes it into its own
 * files. Pure: bytes in, struct out.
 *
 * Source: Codex appends an event token_count to ~/.codex/sessions/Y/M/D/rollout-*.jsonl after each
 * turn; openai/codex, codex-rs/protocol/src/protocol.rs, RateLimitSnapshot. Claude Code and
 * OpenCode write no such figure into a file. */
#ifndef SESSIONS_PLAN_PARSE_H
#define SESSIONS_PLAN_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_WINDOWS 2
#define PLAN_WORDS 160

struct plan_window {
	double used_percent;
	int minutes;       /* length of the window: 300, 10080 */
	int64_t resets_ms; /* wall clock; 0 unknown */
};

struct plan {
	struct plan_window windows[PLAN_WINDOWS];
	size_t n;      /* 0: nothing is known */
	int64_t at_ms; /* wall clock, when the agent heard that; 0 unknown */
	char type[24]; /* "plus"; "" unknown */
};

/* Reads one line of a rollout. False: the line says nothing of the plan, and *plan is unchanged. */
bool plan_parse(struct plan *, const char *line, size_t len);
/* "42% of 5h, resets in 2h 10m; 77% of 7d, resets in 3d". "" if n is 0. Returns buf. */
char *plan_words(const struct plan *, int64_t now_ms, char *buf, size_t size);

#endif
