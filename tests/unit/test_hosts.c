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
#include "backends/link/loop.h"
#include "backends/link/ssh_internal.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

#define RSA                                                                                        \
	"ssh-rsa "                                                                                 \
	"AAAAB3NzaC1yc2EAAAADAQABAAAAgQDTleFcsjae8WEqVEjHCtiPhH4zwC3Poj19pdZXt1uYi8DLVUvCwCzOzv8p" \
	"My31"                                                                                     \
	"cObBy1WUwdp7UV7XctuvG7CMtEI+UbRtuMvxmEMvu0TrLRVZ5m65umm4Fo+"                              \
	"cw9RbMIZxYarMNRaOVgLGRgDRiikKUe3JtCP+Gm8txBBE21Qdxw=="
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKstoMRdIy7pCLmvzAEGilxgbTwu5B9mHbLQzWmgTbWx"

/* What is known of host at port, when known_hosts holds text. The caller frees it. */
static struct known_hosts known(const char *text, const char *host, int port, const char *alias)
{
	char path[] = "/tmp/mocr-test-XXXXXX", *words[] = { path };
	int fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	struct sshconf c = { .host = (char *)host,
		             .hostname = (char *)host,
		             .port = port,
		             .host_key_alias = (char *)alias,
		             .known_hosts = { words, 1 } };
	struct known_hosts k = { 0 };
	ssh_hosts_read(&k, &c);
	unlink(path);
	return k;
}

/* Another sshd on a port of its own is not the one that is known by the machine's name: its key may
 * fit, but one that does not fit is no changed key. */
static void name_alone_says_little_of_another_port(void **state)
{
	struct known_hosts k = known("host.example " KEY "\n", "host.example", 2222, NULL);
	assert_null(k.keys);
	assert_non_null(k.alone);
	ssh_hosts_free(&k);
}

static void its_own_line_counts(void **state)
{
	static const struct {
		const char *text, *host;
		int port;
		const char *alias;
	} cases[] = {
		{ "host.example " KEY "\n", "host.example", 22, NULL },
		{ "host.example " KEY "\n[host.example]:2222 " KEY "\n", "host.example", 2222,
		  NULL },
		{ "behind " KEY "\n", "host.example", 2222, "behind" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct known_hosts k = known(cases[i].text, cases[i].host, cases[i].port,
		                             cases[i].alias);
		assert_non_null(k.keys);
		assert_null(k.keys->next);
		assert_int_equal(k.keys->mark, KNOWN_KEY);
		ssh_hosts_free(&k);
	}
}

static void revoked_counts_at_every_port(void **state)
{
	struct known_hosts k = known("@revoked host.example " KEY "\n", "host.example", 2222, NULL);
	assert_non_null(k.alone);
	assert_int_equal(k.alone->mark, KNOWN_REVOKED);
	ssh_hosts_free(&k);
}

/* As OpenSSH's match.c: a name that a negated pattern matches is not meant, wherever in the list
 * that pattern is. */
static void negated_patterns_exclude(void **state)
{
	static const struct {
		const char *names, *host;
		bool meant;
	} cases[] = {
		{ "*.corp,!dmz.corp", "dmz.corp", false },
		{ "!dmz.corp,*.corp", "dmz.corp", false },
		{ "*.corp,!dmz.corp", "web.corp", true },
		{ "*.corp,!DMZ.corp", "dmz.corp", false },
		{ "*,!*.corp", "a.b.corp", false },
		{ "!other", "host", false },
		{ "!other,host", "host", true },
		{ "h?st,!hos?", "host", false },
		{ "*a*b*c", "xaybzc", true },
		{ "*a*b*c", "xaybzcd", false },
		{ "", "host", false },
		{ "**", "host", true },
		{ ",,host", "host", true },
		{ "hos", "host", false },
		{ "[host]", "h", false },
		{ "host,", "host", true },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = xasprintf("%s %s\n", cases[i].names, KEY);
		struct known_hosts k = known(text, cases[i].host, 22, NULL);
		if (!k.keys == cases[i].meant)
			fail_msg("%s for %s: %s", cases[i].names, cases[i].host,
			         k.keys ? "meant" : "not meant");
		ssh_hosts_free(&k);
		free(text);
	}
}

static void algorithms_are_sorted_as_openssh_does(void **state)
{
	static const struct {
		const char *text, *list, *sorted;
	} cases[] = {
		{ "h " RSA "\n", "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512",
		  "rsa-sha2-512,ssh-ed25519,ecdsa-sha2-nistp256" },
		{ "h " KEY "\nh " RSA "\n", "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512",
		  "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512" },
		{ "@revoked h " RSA "\n", "ssh-ed25519,rsa-sha2-512", "ssh-ed25519,rsa-sha2-512" },
		{ "@cert-authority h " RSA "\n", "ssh-ed25519,rsa-sha2-512",
		  "ssh-ed25519,rsa-sha2-512" },
		{ "h " KEY "\n", "ssh-rsa-cert-v01@openssh.com,rsa-sha2-256,ssh-ed25519",
		  "ssh-ed25519,rsa-sha2-256" },
		{ "h " KEY "\n", "ssh-ed25519-cert-v01@openssh.com", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct known_hosts k = known(cases[i].text, "h", 22, NULL);
		char *sorted = ssh_hosts_prefer(k.keys, cases[i].list);
		assert_string_equal(sorted, cases[i].sorted);
		free(sorted);
		ssh_hosts_free(&k);
	}
}

/* --- mistyped names ------------------------------------------------------- */

static void a_name_that_leads_nowhere_is_like_a_known_one(void **state)
{
	char file[] = "/tmp/mocr-test-hosts-XXXXXX";
	int fd = mkstemp(file);
	dprintf(fd, "Host sese relay *.example\n  User x\n");
	close(fd);
	struct server_config section = { .name = (char *)"backup-box" };
	struct settings settings = { .ssh_config = file, .servers = &section };
	struct loop *loop = loop_create();
	struct store *store = store_create(loop, NULL, &settings);
	static const struct {
		const char *wrong, *near;
	} rows[] = {
		{ "sesse", "sese" },          { "rellay", "relay" },  { "sese", NULL },
		{ "backup-bxo", "backup-box" }, { "unlike", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *near = hosts_nearest(store, rows[i].wrong);
		if (rows[i].near)
			assert_string_equal(near, rows[i].near);
		else
			assert_null(near);
		free(near);
	}
	store_destroy(store);
	loop_destroy(loop);
	unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_alone_says_little_of_another_port),
		cmocka_unit_test(its_own_line_counts),
		cmocka_unit_test(revoked_counts_at_every_port),
		cmocka_unit_test(negated_patterns_exclude),
		cmocka_unit_test(algorithms_are_sorted_as_openssh_does),
		cmocka_unit_test(a_name_that_leads_nowhere_is_like_a_known_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
