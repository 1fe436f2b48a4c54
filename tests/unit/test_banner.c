/* test_banner.c: libssh before 0.11 is taught the version of OpenSSH 10 (ssh_banner.c). The search
 * for the place stays within the session's memory; under AddressSanitizer a read beyond it fails.
 *
 * The session here is a block of our own, and libssh's getters are ours: only so do the block's
 * size and the place of the banners vary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/link/ssh_internal.h"

#define BLOCK 264 /* bytes; far less than the search would read of a real session */

static const char *server_banner;
static const char client_banner[] = "SSH-2.0-libssh_0.10.6";
static size_t reads_at; /* where the getter finds the version; 0: it knows none */
static char *block;

const char *ssh_get_serverbanner(ssh_session session)
{
	return server_banner;
}

const char *ssh_get_clientbanner(ssh_session session)
{
	return client_banner;
}

int ssh_get_openssh_version(ssh_session session)
{
	int version = 0;
	if (reads_at)
		memcpy(&version, block + reads_at, sizeof(version));
	return version;
}

/* Both pointers at that place of a block of zeros; 0: nowhere. */
static void teach(size_t at)
{
	const char *pair[] = { server_banner, client_banner };
	block = calloc(1, BLOCK);
	assert_non_null(block);
	if (at)
		memcpy(block + at, pair, sizeof(pair));
	ssh_banner_teach((ssh_session)block);
}

static int written_at(size_t at)
{
	int version;
	memcpy(&version, block + at, sizeof(version));
	return version;
}

static int as_openssh_10(void **state)
{
	server_banner = "SSH-2.0-OpenSSH_10.2p1 Debian-1";
	reads_at = 0;
	return 0;
}

/* 0.11 and newer read the version themselves. */
#define ONLY_OLD()                                          \
	do {                                                \
		if (ssh_version(SSH_VERSION_INT(0, 11, 0))) \
			skip();                             \
	} while (0)

static void test_the_search_stays_within_the_session(void **state)
{
	ONLY_OLD();
	teach(0);
	for (size_t at = 0; at < BLOCK; at += sizeof(int))
		assert_int_equal(written_at(at), 0);
	free(block);
}

static void test_the_version_is_written(void **state)
{
	ONLY_OLD();
	/* behind both banners: protocol version, server, client */
	reads_at = 64 + 2 * sizeof(char *) + 3 * sizeof(int);
	teach(64);
	assert_int_equal(written_at(reads_at), SSH_VERSION_INT(10, 2, 0));
	free(block);
}

/* The getter reads another place: what was there comes back. */
static void test_a_wrong_place_is_restored(void **state)
{
	ONLY_OLD();
	size_t slot = 64 + 2 * sizeof(char *) + 3 * sizeof(int);
	reads_at = 8;
	teach(64);
	assert_int_equal(written_at(slot), 0);
	assert_int_equal(written_at(8), 0);
	free(block);
}

static void test_other_servers_are_left_alone(void **state)
{
	static const char *const others[] = { "SSH-2.0-OpenSSH_9.9", "SSH-2.0-dropbear_2024.86",
		                              "SSH-2.0-OpenSSH_100.1", NULL };
	ONLY_OLD();
	reads_at = 64 + 2 * sizeof(char *) + 3 * sizeof(int);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		server_banner = others[i];
		teach(64);
		assert_int_equal(written_at(reads_at), 0);
		free(block);
	}
}

int main(void)
{
#define OLD(fn) cmocka_unit_test_setup(fn, as_openssh_10)
	const struct CMUnitTest tests[] = {
		OLD(test_the_search_stays_within_the_session),
		OLD(test_the_version_is_written),
		OLD(test_a_wrong_place_is_restored),
		OLD(test_other_servers_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
