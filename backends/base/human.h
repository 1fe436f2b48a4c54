/* human.h: numbers in a form for people. Every function writes into buf (HUMAN_SIZE bytes) and
 * returns it. */
#ifndef BASE_HUMAN_H
#define BASE_HUMAN_H

#include <stddef.h>
#include <stdint.h>

#define HUMAN_SIZE 24

char *human_age(char *buf,
                int64_t ms); /* "3s" "14m" "34h" "2d" "5w"; under a second "0s"; negative "-" */
char *human_span(char *buf, int64_t ms);       /* with two units: "2h 10m", "3s" */
char *human_bytes(char *buf, uint64_t bytes);  /* "412M" "1.5G" "0" (powers of 1024) */
char *human_rate(char *buf, double per_s);     /* "1.2k/s" */
char *human_clock(char *buf, int64_t wall_ms); /* local "14:02:58" */

int64_t now_wall_ms(void); /* ms since 1970; in a replay the recorded time */
int64_t now_mono_ms(void);
/* for a replay: the clock continues from this time; 0: back to the machine's clock */
void now_wall_set(int64_t wall_ms);

/* RFC 3339 (also with nanoseconds and offsets) to ms since 1970. -1 for other text and for the year
 * 1. */
int64_t parse_rfc3339_ms(const char *);

#endif
