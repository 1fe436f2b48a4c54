/* The output of `ssh -G`, and destinations as a user writes them. */
#include "backends/link/sshconf.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *s = as_text(data, len);
	struct sshconf c = { 0 };
	struct ssh_dest d = { 0 };
	struct err err = { 0 };
	sshconf_parse(&c, "pi", s);
	MUST(c.port >= 0 && c.port <= 65535 && c.hostname);
	MUST(c.identities.n <= SSH_WORDS_MAX && c.known_hosts.n <= SSH_WORDS_MAX);
	for (int with_port = 0; with_port < 2; with_port++)
		free(sshconf_known_name(&c, with_port));
	free(sshconf_expand(&c, s));
	sshconf_finish(&c);
	if (ssh_dest_parse(&d, s, &err)) {
		MUST(d.host && *d.host && *d.host != '-' && d.port >= 0 && d.port <= 65535);
		ssh_dest_finish(&d);
	} else {
		MUST_BE_WASHED(err.text);
	}
	free(s);
	return 0;
}
