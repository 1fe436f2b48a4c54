/* For cppcheck, which does not read the headers of uthash and cJSON: their loops. */
#define HASH_ITER(hh, head, el, tmp) for ((el) = (head), (tmp) = 0; (el); (el) = (tmp))
#define LL_FOREACH(head, el) for ((el) = (head); (el); (el) = (el)->next)
#define LL_FOREACH_SAFE(head, el, tmp) \
	for ((el) = (head); (el) && ((tmp) = (el)->next, 1); (el) = (tmp))
#define DL_FOREACH(head, el) for ((el) = (head); (el); (el) = (el)->next)
#define DL_FOREACH_SAFE(head, el, tmp) \
	for ((el) = (head); (el) && ((tmp) = (el)->next, 1); (el) = (tmp))
#define cJSON_ArrayForEach(el, array) for ((el) = (array)->child; (el); (el) = (el)->next)
