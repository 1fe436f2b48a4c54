/* expected.h: a long text against what it was before, kept in a file of tests/unit/answers.
 *
 * With MOCR_WRITE=1 in the environment the file is written instead: read the difference before it
 * is committed. */
#ifndef TESTS_EXPECTED_H
#define TESTS_EXPECTED_H

#include "backends/base/buf.h"

/* The first line that differs fails the test, with its number and both texts. */
void expected_check(const struct buf *text, const char *path);

#endif
