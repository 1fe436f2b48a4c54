/* list.h: singly linked lists by their member next. utlist, which comes with uthash, does the work.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <utlist.h>

/* Takes one out of the list, and leaves its next as it is. One that is not in the list changes
 * nothing, not even in an empty list, which LL_DELETE would not survive. head and one are read many
 * times. */
#define LIST_DROP(head, one)                  \
	do {                                  \
		if (head)                     \
			LL_DELETE(head, one); \
	} while (0)

/* Puts one at the end of the list. */
#define LIST_APPEND(head, one) LL_APPEND(head, one)

#endif
