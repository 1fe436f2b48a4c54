/* guard.h: what this process holds stays in it: decrypted keys, tokens, passwords. */
#ifndef BASE_GUARD_H
#define BASE_GUARD_H

/* No core dump of this process, and no other process of the same user may read its memory
 * (PR_SET_DUMPABLE 0, RLIMIT_CORE 0). With MOCR_DUMPS=yes in the environment nothing is done: gdb
 * can attach, and a crash leaves a core. */
void guard_memory(void);

/* For a child between fork and exec: the limit of cores that was there before. Only calls what may
 * be called there. */
void guard_lift(void);

#endif
