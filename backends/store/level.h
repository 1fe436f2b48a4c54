/* level.h: guess the level of a log line from its text. */
#ifndef STORE_LEVEL_H
#define STORE_LEVEL_H

#include <stddef.h>

#include "backends/store/log.h"

/* Finds a level in the first LEVEL_SPAN bytes of a line. Recognized forms are "level":"warn" of
 * JSON, level=warn of logfmt, [WARN], WARN:, <3> of sd-daemon(3), and klog's E0102. So are
 * "level":50 of pino, level=3 of syslog, "TypeError: " and "Traceback (most recent call last)".
 * Words inside running text ("no error found") do not count. */
enum log_level level_guess(const char *text, size_t len);
#define LEVEL_SPAN 256

/* Returns the level with this name, in any case ("warning", "ERR", "I"). LOG_LEVEL_UNKNOWN if no
 * level has it. */
enum log_level level_of_word(const char *word, size_t len);
enum log_level level_of_priority(int syslog_priority);
const char *level_name(enum log_level);

#endif
