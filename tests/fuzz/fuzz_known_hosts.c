/* known_hosts files, hashed names, marks and broken lines in them. */
#include "backends/link/ssh_hosts.c"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char path[64];
	int fd = as_file(data, len, path, sizeof(path));
	struct known_key *list = NULL;
	read_file(&list, "[10.77.0.11]:804", path);
	for (const struct known_key *k = list; k; k = k->next)
		MUST(k->key && k->line);
	free(ssh_hosts_prefer(list, NULL));
	ssh_hosts_free(list);
	close(fd);
	return 0;
}
