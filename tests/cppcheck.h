/* For cppcheck, which does not read the headers of uthash and cJSON: their loops. */
#define HASH_ITER(hh, head, el, tmp) for ((el) = (head), (tmp) = 0; (el); (el) = (tmp))
#define cJSON_ArrayForEach(el, array) for ((el) = (array)->child; (el); (el) = (el)->next)
