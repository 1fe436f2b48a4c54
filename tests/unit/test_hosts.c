/* test_hosts.c: which lines of known_hosts speak of a server, and how much they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/link/ssh_internal.h"
#include "backends/servers/server.h"
#include "backends/store/config_add.h"
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

/* --- hosts to offer ------------------------------------------------------- */

static void hosts_are_offered_once_and_by_a_plain_name(void **state)
{
	char file[] = "/tmp/mocr-test-hosts-XXXXXX";
	int fd = mkstemp(file);
	dprintf(fd, "Host sese pi *.lan !not b?d\nHost sese\nHost known other\n"
	            "Host me@there there:22 a/b \"a b\" [::1] -x local\nMatch host matched\n"
	            "Host last\n");
	close(fd);
	struct server_config away = { .name = (char *)"away", .host = (char *)"other" },
			     known = { .name = (char *)"known", .next = &away };
	struct settings settings = { .ssh_config = file, .servers = &known };
	struct loop *loop = loop_create();
	struct store *store = store_create(loop, NULL, &settings);
	size_t n;
	char **names = hosts_unwatched(store, &n);
	char text[256] = "";
	for (size_t i = 0; i < n; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", names[i]);
		free(names[i]);
	}
	free(names);
	assert_string_equal(text, "sese pi last ");
	store_destroy(store);
	loop_destroy(loop);
	unlink(file);
}

/* --- the configuration ---------------------------------------------------- */

static char *text_of(const char *path)
{
	char *text = xcalloc(1, 4096);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = fread(text, 1, 4095, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void check_text(const char *path, const char *expected)
{
	char *text = text_of(path);
	assert_string_equal(text, expected);
	free(text);
}

static void servers_are_added_behind_what_the_user_wrote(void **state)
{
	static const char *const names[] = { "pi", "sese", "bad]name", "two words", "sese" };
	char dir[] = "/tmp/mocr-test-add-XXXXXX";
	assert_non_null(mkdtemp(dir));
	char *path = xasprintf("%s/new/mocr/config", dir), *behind = xasprintf("%s/link", dir),
	     *plain = xasprintf("%s/plain", dir);
	size_t added;
	struct err err = { 0 };
	/* a new file in a new folder */
	assert_true(config_add_servers(path, names, 5, &added, &err));
	assert_int_equal(added, 2);
	check_text(path, "[server pi]\n\n[server sese]\n");
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* what is there stays: a line without an end, a comment, a section with other blanks */
	FILE *f = fopen(plain, "w");
	fputs("# mine\n  [server   pi ]\nhost = x\n[settings]\nlocal = no", f);
	fclose(f);
	assert_int_equal(chmod(plain, 0640), 0);
	assert_int_equal(symlink("plain", behind), 0);
	assert_true(config_add_servers(behind, names, 2, &added, &err));
	assert_int_equal(added, 1);
	check_text(plain, "# mine\n  [server   pi ]\nhost = x\n[settings]\nlocal = no\n"
	                  "\n[server sese]\n");
	assert_int_equal(lstat(behind, &st), 0);
	assert_true(S_ISLNK(st.st_mode)); /* a link stays a link */
	/* a section with its keys, once */
	assert_true(config_add_section(path, "redis", "pi", "server = pi\n", &err));
	check_text(path, "[server pi]\n\n[server sese]\n\n[redis pi]\nserver = pi\n");
	assert_false(config_add_section(path, "redis", "pi", "server = pi\n", &err));
	assert_non_null(strstr(err.text, "has a section [redis pi] already"));
	assert_false(config_add_section(path, "redis", "a]b", "", &err));
	assert_non_null(strstr(err.text, "cannot be the name"));
	check_text(path, "[server pi]\n\n[server sese]\n\n[redis pi]\nserver = pi\n");
	/* the reader of the settings reads the same names */
	setenv("XDG_STATE_HOME", dir, 1);
	struct settings *s = settings_load(path, NULL);
	assert_string_equal(s->servers->name, "pi");
	assert_string_equal(s->servers->next->name, "sese");
	settings_destroy(s);
	/* a heading that only begins alike is another one */
	static const struct {
		const char *text;
		size_t added;
	} alike[] = {
		{ "[servex pi]\n", 1 },   { "[server pix]\n", 1 }, { "[server pi", 1 },
		{ "[serverpi]\n", 1 },    { "server pi]\n", 1 },   { "#[server pi]\n", 1 },
		{ "[server p]\n", 1 },    { "[server pi]\n", 0 },  { "[server\tpi\t]\n", 0 },
		{ "\t[server pi] # a\n", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(alike); i++) {
		f = fopen(plain, "w");
		fputs(alike[i].text, f);
		fclose(f);
		assert_true(config_add_servers(plain, names, 1, &added, &err));
		assert_int_equal(added, alike[i].added);
	}
	/* one that others can write is not touched */
	assert_int_equal(chmod(plain, 0666), 0);
	assert_false(config_add_servers(plain, (const char *const[]){ "third" }, 1, &added, &err));
	assert_non_null(strstr(err.text, "can be written by other users"));
	assert_int_equal(added, 0);
	/* a long one is not cut */
	assert_int_equal(chmod(plain, 0600), 0);
	assert_int_equal(truncate(plain, 600000), 0);
	assert_false(config_add_servers(plain, (const char *const[]){ "third" }, 1, &added, &err));
	assert_int_equal(stat(plain, &st), 0);
	assert_int_equal(st.st_size, 600000);
	char *command = xasprintf("rm -r %s", dir);
	assert_int_equal(system(command), 0);
	free(command);
	free(path);
	free(behind);
	free(plain);
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
		cmocka_unit_test(hosts_are_offered_once_and_by_a_plain_name),
		cmocka_unit_test(servers_are_added_behind_what_the_user_wrote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
