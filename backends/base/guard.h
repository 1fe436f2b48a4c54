/* guard.h: keep the secrets of this process in its memory: decrypted keys, tokens, passwords. */
#ifndef BASE_GUARD_H
#define BASE_GUARD_H

/* Disables core dumps of this process (RLIMIT_CORE 0). Other processes of the same user can no
 * longer read its memory (PR_SET_DUMPABLE 0).
 *
 * With MOCR_DUMPS=yes in the environment this does nothing. Then gdb can attach, and a crash leaves
 * a core. */
void guard_memory(void);

/* Restores the earlier core limit in a child between fork and exec. Calls only async-signal-safe
 * functions. */
void guard_lift(void);

#endif
