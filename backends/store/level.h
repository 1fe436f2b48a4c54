/* level.h: how bad a log line is, read from the line itself. */
#ifndef STORE_LEVEL_H
#define STORE_LEVEL_H

#include <stddef.h>

#include "backends/store/log.h"

/* Finds a level in the first LEVEL_SPAN bytes of a line: "level":"warn" of JSON, level=warn of
 * logfmt, [WARN], WARN:, <3>, klog's E0102; "level":50 of pino, level=3 of syslog; "TypeError: ",
 * "Traceback (most recent call last)". Words inside running text ("no error found") are not taken.
 */
enum log_level level_guess(const char *text, size_t len);
#define LEVEL_SPAN 256

/* A level by its name, any case ("warning", "ERR", "I"), or LOG_LEVEL_UNKNOWN. */
enum log_level level_of_word(const char *word, size_t len);
enum log_level level_of_priority(int syslog_priority);
const char *level_name(enum log_level);

#endif
