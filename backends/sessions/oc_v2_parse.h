/* oc_v2_parse.h: parses the answers and events of OpenCode 2.x. Pure: bytes in, structs out.
 *
 * Source: the schema and protocol packages of anomalyco/opencode, the types of @opencode/client
 * 2.0.21; seen on the preview of 2.0 (1.18.18). Unknown members, types and events are skipped. */
#ifndef SESSIONS_OC_V2_PARSE_H
#define SESSIONS_OC_V2_PARSE_H

#include "backends/sessions/oc_parse.h"

bool oc_v2_sessions(const char *json, size_t len, struct oc_sessions *, struct err *);
/* The preview states cost 0 on each session, whatever it cost. So it is taken for unknown. */
bool oc_preview_sessions(const char *json, size_t len, struct oc_sessions *, struct err *);
bool oc_v2_statuses(const char *json, size_t len, oc_status_fn *, void *arg, struct err *);
bool oc_v2_requests(const char *json, size_t len, bool questions, struct request **, struct err *);
bool oc_v2_event(const char *json, size_t len, struct oc_event *);
/* The preview does not announce the end of a turn: its last step does. */
bool oc_preview_event(const char *json, size_t len, struct oc_event *);
/* Appends a page of messages, newest first, as 1.x tells them: oldest first, "info" and "parts". */
bool oc_v2_conversation(const char *json, size_t len, struct buf *out);
bool oc_v2_models(const char *json, size_t len, struct buf *out);
bool oc_v2_names(const char *json, size_t len, struct buf *out);
/* The cursor of the next page; false and "": the list is complete. */
bool oc_v2_cursor(const char *json, size_t len, char *buf, size_t size);

#endif
