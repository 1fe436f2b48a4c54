/* claude_parse.h: what the name of one of Claude's models says. Pure: bytes in, number out. */
#ifndef SESSIONS_CLAUDE_PARSE_H
#define SESSIONS_CLAUDE_PARSE_H

#include <stdint.h>

/* Returns how many tokens a conversation with the model may hold, and -1 for a model that is not
 * known. Names are those of Anthropic, Bedrock and Vertex, with or without a date. A transcript
 * drops the tag [1m] of a model's name. So more used tokens than the small window holds mean the
 * large one, where the model has one. used below 0: unknown.
 *
 * Source: the table of models in Claude Code 2.1.332. */
int64_t claude_window(const char *model, int64_t used);

#endif
