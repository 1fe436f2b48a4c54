/* The list of keys of an agent, sorted as OpenSSH would: nothing grows, and a broken one stays as
 * it is. */
#include "backends/link/ssh_agent.c"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct login in = { .conf.identities_only = len && *data & 1 };
	struct ssh_words none = { 0 };
	struct agent_filter a = { .in = &in, .wishes = { .first = &none, .skip = &none } };
	struct buf b = { .max = MESSAGE_MAX };
	if (!len || !buf_add(&b, data, len))
		return 0;
	ssh_agent_sort_keys(&a, &b);
	MUST(b.len <= len || len < 5);
	ssh_agent_name_the_key(&a, &b);
	buf_finish(&b);
	ssh_words_finish(&a.offered);
	free(a.signed_with);
	return 0;
}
