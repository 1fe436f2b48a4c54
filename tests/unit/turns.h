/* turns.h: lets a loop run for a time that a busy machine makes longer.
 *
 * A test that lets something happen within 300 ms means 300 ms in which the program and its fake
 * server could run. When the machine is busy, both wait for a processor, and the clock goes on.
 */
#ifndef TESTS_TURNS_H
#define TESTS_TURNS_H

#include <stdint.h>

struct loop;

/* Turns loop for ms of its own time: a turn of 10 ms that took longer counts as 10 ms. */
void turns_for(struct loop *loop, int64_t ms);

#endif
