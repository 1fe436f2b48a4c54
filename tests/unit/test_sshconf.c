/* test_sshconf.c: destinations and the output of `ssh -G`, also cut short at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/link/sshconf.h"

static void test_destinations(void **state)
{
	static const struct {
		const char *text, *user, *host;
		int port;
	} good[] = {
		{ "pi", NULL, "pi", 0 },
		{ "root@192.0.2.7:2222", "root", "192.0.2.7", 2222 },
		{ "a@b@host", "a@b", "host", 0 },
		{ "ssh://ops@host:804", "ops", "host", 804 },
		{ "ssh://host/", NULL, "host", 0 },
		{ "ssh://host:22/", NULL, "host", 22 },
		{ "[2001:db8::1]:2222", NULL, "2001:db8::1", 2222 },
		{ "root@[::1]", "root", "::1", 0 },
		{ "2001:db8::1", NULL, "2001:db8::1", 0 },
		{ "host:65535", NULL, "host", 65535 },
	};
	static const char *const bad[] = { "",           "host:",  "host:0",
		                           "host:65536", "host:x", "-oProxyCommand=x",
		                           "a@-x",       "@host",  "[::1",
		                           "[::1]x",     "a b",    "a\nb",
		                           "-l@host",    "user@",  "ssh://" };
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct ssh_dest d;
		assert_true(ssh_dest_parse(&d, good[i].text, &err));
		assert_string_equal(d.host, good[i].host);
		assert_int_equal(d.port, good[i].port);
		if (good[i].user)
			assert_string_equal(d.user, good[i].user);
		else
			assert_null(d.user);
		ssh_dest_finish(&d);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct ssh_dest d;
		if (ssh_dest_parse(&d, bad[i], &err))
			fail_msg("`%s` was taken as %s", bad[i], d.host);
		assert_int_equal(err.code, ERR_USAGE);
		assert_null(d.host);
	}
}

static const char sample[] =
	"host sese\n"
	"user ops\n"
	"hostname Sese.Example.ORG\n"
	"port 804\n"
	"addressfamily inet\n"
	"batchmode no\n"
	"hashknownhosts yes\n"
	"identitiesonly yes\n"
	"kbdinteractiveauthentication yes\n"
	"passwordauthentication no\n"
	"pubkeyauthentication true\n"
	"stricthostkeychecking accept-new\n"
	"numberofpasswordprompts 2\n"
	"requiredrsasize 2048\n"
	"ciphers aes128-ctr,aes128-gcm@openssh.com\n"
	"hostkeyalgorithms ssh-ed25519,rsa-sha2-512\n"
	"identityagent ~/agent.sock\n"
	"identityfile ~/.ssh/id with space\n"
	"identityfile %d/.ssh/id_%n_%r\n"
	"identityfile none\n"
	"certificatefile ${MOCR_TEST_DIR}/cert.pub\n"
	"globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2\n"
	"userknownhostsfile \"/a b/known\" ~/.ssh/known_hosts2\n"
	"connecttimeout 7\n"
	"proxyjump none\n"
	"proxycommand nc -X %h:%p %% %r %n %z\n"
	"madeupsetting of the future\n";

static void test_settings(void **state)
{
	struct sshconf c;
	setenv("HOME", "/home/me", 1);
	setenv("MOCR_TEST_DIR", "/certs", 1);
	sshconf_parse(&c, "sese", sample);
	assert_string_equal(c.hostname, "Sese.Example.ORG");
	assert_string_equal(c.user, "ops");
	assert_int_equal(c.port, 804);
	assert_int_equal(c.address_family, AF_INET);
	assert_true(c.hash_known_hosts && c.identities_only && c.may.kbdint && !c.may.password &&
	            c.may.pubkey && !c.batch);
	assert_int_equal(c.strict, SSH_STRICT_ACCEPT_NEW);
	assert_int_equal(c.prompts, 2);
	assert_int_equal(c.rsa_min_bits, 2048);
	assert_int_equal(c.connect_timeout_s, 7);
	assert_string_equal(c.identity_agent, "/home/me/agent.sock");
	assert_int_equal(c.identities.n, 2);
	assert_string_equal(c.identities.word[0], "/home/me/.ssh/id with space");
	assert_string_equal(c.identities.word[1], "/home/me/.ssh/id_sese_ops");
	assert_string_equal(c.certificates.word[0], "/certs/cert.pub");
	assert_int_equal(c.known_hosts.n, 2);
	assert_string_equal(c.known_hosts.word[0], "/a b/known");
	assert_string_equal(c.known_hosts.word[1], "/home/me/.ssh/known_hosts2");
	assert_int_equal(c.global_known_hosts.n, 2);
	assert_null(c.proxy_jump);
	char *command = sshconf_expand(&c, c.proxy_command);
	assert_string_equal(command, "nc -X Sese.Example.ORG:804 % ops sese %z");
	free(command);
	char *name = sshconf_known_name(&c, true);
	assert_string_equal(name, "[sese.example.org]:804");
	free(name);
	name = sshconf_known_name(&c, false);
	assert_string_equal(name, "sese.example.org");
	free(name);
	xreplace(&c.host_key_alias, "Alias");
	name = sshconf_known_name(&c, true);
	assert_string_equal(name, "Alias");
	free(name);
	sshconf_finish(&c);
}

static void test_more_settings(void **state)
{
	struct sshconf c;
	setenv("HOME", "/home/me", 1);
	sshconf_parse(&c, "h",
	              "knownhostscommand /bin/k '%H' %t\nrevokedhostkeys ~/revoked "
	              "%h\ngssapiauthentication yes\n"
	              "gssapidelegatecredentials no\nnohostauthenticationforlocalhost yes\n"
	              "userknownhostsfile none\npubkeyauthentication host-bound\n");
	assert_string_equal(c.known_hosts_command, "/bin/k '%H' %t");
	assert_string_equal(c.revoked_host_keys, "/home/me/revoked h");
	assert_true(c.may.gssapi && !c.may.gssapi_delegate && c.localhost_needs_none &&
	            c.may.pubkey);
	assert_int_equal(c.known_hosts.n, 0);
	sshconf_finish(&c);
	sshconf_parse(&c, "h",
	              "knownhostscommand none\nrevokedhostkeys none\npubkeyauthentication no\n");
	assert_null(c.known_hosts_command);
	assert_null(c.revoked_host_keys);
	assert_false(c.may.pubkey || c.may.gssapi);
	assert_int_equal(c.known_hosts.n, 1);
	sshconf_finish(&c);
}

/* As OpenSSH's argv_split and percent_dollar_expand. */
static void test_commands(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "/a b  c\t", "/a|b|c|" },
		{ "/a 'b c' \"d 'e\"", "/a|b c|d 'e|" },
		{ "/a b\\ c \\x \\\\", "/a|b c|\\x|\\|" },
		{ "/a ''", "/a||" },
		{ "/a 'b\\'c'", "/a|b'c|" },
		{ "/a 'b", NULL },
		{ "", "" },
		{ "/a x'y'z", "/a|xyz|" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ssh_words words = { 0 };
		char joined[80] = "";
		bool ok = sshconf_split(cases[i].text, &words);
		for (size_t k = 0; k < words.n; k++)
			snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s|",
			         words.word[k]);
		assert_int_equal(ok, cases[i].words != NULL);
		if (ok)
			assert_string_equal(joined, cases[i].words);
		ssh_words_finish(&words);
	}
	struct sshconf c;
	const struct ssh_token more[] = { { 'H', "[h]:22" }, { 0, NULL } };
	char unknown[16] = "";
	setenv("MOCR_TEST_DIR", "/certs", 1);
	unsetenv("MOCR_TEST_NONE");
	sshconf_parse(&c, "h", "user me\nport 23\n");
	char *word = sshconf_command_word(&c, more, "%H-%r:%p%%${MOCR_TEST_DIR}$X", unknown,
	                                  sizeof(unknown));
	assert_string_equal(word, "[h]:22-me:23%/certs$X");
	free(word);
	assert_null(sshconf_command_word(&c, more, "a%zb", unknown, sizeof(unknown)));
	assert_string_equal(unknown, "%z");
	assert_null(sshconf_command_word(&c, more, "a%", unknown, sizeof(unknown)));
	assert_null(sshconf_command_word(&c, more, "${MOCR_TEST_NONE}", unknown, sizeof(unknown)));
	sshconf_finish(&c);
}

static void test_defaults(void **state)
{
	struct sshconf c;
	setenv("HOME", "/home/me", 1);
	sshconf_parse(&c, "h",
	              "port 99999\nnumberofpasswordprompts 0\nidentityagent SSH_AUTH_SOCK\n");
	assert_string_equal(c.hostname, "h");
	assert_int_equal(c.port, 22);
	assert_int_equal(c.prompts, 1);
	assert_null(c.identity_agent);
	assert_string_equal(c.known_hosts.word[0], "/home/me/.ssh/known_hosts");
	assert_int_equal(c.strict, SSH_STRICT_ASK);
	sshconf_finish(&c);
	sshconf_parse(&c, "h", "identityagent none\n");
	assert_string_equal(c.identity_agent, "none");
	sshconf_finish(&c);
}

static void test_cut_anywhere(void **state)
{
	for (size_t len = 0; len < sizeof(sample); len++) {
		struct sshconf c;
		char *part = xstrndup(sample, len);
		sshconf_parse(&c, "sese", part);
		assert_non_null(c.hostname);
		sshconf_finish(&c);
		free(part);
	}
	/* Nothing in it can make it hold more than its bounds. */
	static const char line[] = "identityfile /a/b/c\n";
	char *many = xcalloc(2000, sizeof(line));
	for (size_t i = 0; i < 2000; i++)
		memcpy(many + i * (sizeof(line) - 1), line, sizeof(line) - 1);
	struct sshconf c;
	sshconf_parse(&c, "h", many);
	assert_in_range(c.identities.n, 1, 64);
	sshconf_finish(&c);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_destinations),  cmocka_unit_test(test_settings),
		cmocka_unit_test(test_more_settings), cmocka_unit_test(test_commands),
		cmocka_unit_test(test_defaults),      cmocka_unit_test(test_cut_anywhere),
	};
	return cmocka_run_group_tests_name("sshconf", tests, NULL, NULL);
}
