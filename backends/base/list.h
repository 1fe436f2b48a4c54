/* list.h: singly linked lists through a member next, by utlist, which comes with uthash.
 *
 * A list that must append or remove in constant time has a member prev too and uses utlist's own
 * DL_APPEND and DL_DELETE. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <utlist.h>

/* Removes one from the list and leaves one->next unchanged. Does nothing if one is not in the list,
 * even if the list is empty. LL_DELETE alone would crash on an empty list. The macro evaluates head
 * and one many times. */
#define LIST_DROP(head, one)                  \
	do {                                  \
		if (head)                     \
			LL_DELETE(head, one); \
	} while (0)

/* Appends one at the end of the list. */
#define LIST_APPEND(head, one) LL_APPEND(head, one)

#endif
