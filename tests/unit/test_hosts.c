/* test_hosts.c: which lines of known_hosts speak of a server, and how much they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/link/ssh_internal.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKstoMRdIy7pCLmvzAEGilxgbTwu5B9mHbLQzWmgTbWx"

/* The keys known for host at port, when known_hosts holds text. The caller frees them. */
static struct known_key *known(const char *text, const char *host, int port, const char *alias)
{
	char path[] = "/tmp/mocr-test-XXXXXX", *words[] = { path };
	int fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	struct sshconf c = { .host = (char *)host, .hostname = (char *)host, .port = port, .host_key_alias = (char *)alias,
	                     .known_hosts = { words, 1 } };
	struct known_key *list = ssh_hosts_read(&c);
	unlink(path);
	return list;
}

/* Another sshd on a port of its own is not the one that is known by the machine's name: its key may fit, but one that does
 * not fit is no changed key. */
static void name_alone_says_little_of_another_port(void **state)
{
	struct known_key *k = known("host.example " KEY "\n", "host.example", 2222, NULL);
	assert_non_null(k);
	assert_true(k->other_port);
	ssh_hosts_free(k);
}

static void its_own_line_counts(void **state)
{
	static const struct { const char *text, *host; int port; const char *alias; } cases[] = {
		{ "host.example " KEY "\n", "host.example", 22, NULL },
		{ "host.example " KEY "\n[host.example]:2222 " KEY "\n", "host.example", 2222, NULL },
		{ "behind " KEY "\n", "host.example", 2222, "behind" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct known_key *k = known(cases[i].text, cases[i].host, cases[i].port, cases[i].alias);
		assert_non_null(k);
		assert_null(k->next);
		assert_false(k->other_port);
		assert_false(k->revoked);
		ssh_hosts_free(k);
	}
}

static void revoked_counts_at_every_port(void **state)
{
	struct known_key *k = known("@revoked host.example " KEY "\n", "host.example", 2222, NULL);
	assert_non_null(k);
	assert_true(k->revoked);
	ssh_hosts_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_alone_says_little_of_another_port),
		cmocka_unit_test(its_own_line_counts),
		cmocka_unit_test(revoked_counts_at_every_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
