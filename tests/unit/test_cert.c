/* The certificate of a log-in: its times, from ssh-keygen's own bytes, and when it ends soon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ssh_blob.h"
#include "backends/servers/cert.h"
#include "backends/vitals/vitals.h"

#define DAY_MS (24 * INT64_C(3600000))

/* TZ=UTC ssh-keygen -s ca -I me -n ops,root -V 20260101:20270101 user.pub */
static const char one_year[] =
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIB3TK2y+idTZku6wx3uox25r"
	"aoXxDs2w4i0eUXpRRKouAAAAIAD3q33aUAhOrpX8AKtyiLbaXU8OUtNL0F7EOxnb5CAJAAAAAAAA"
	"AAAAAAABAAAAAm1lAAAADwAAAANvcHMAAAAEcm9vdAAAAABpVbkAAAAAAGs27IAAAAAAAAAAggAA"
	"ABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAA"
	"AAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJt"
	"aXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACCi9T+kgGshTaUAPJY4j5RJ"
	"FJkCGa/3LGyn1c2PmYXn2QAAAFMAAAALc3NoLWVkMjU1MTkAAABA2LJFOcQXE1Pw6JRxrh2n4SJF"
	"SgwReoV9uEip7vAGUtr3gB8CxJGfgilMjPuzZADcM21O6L3YMVeRQIkf/efbBw==";
/* the same without -V: for ever */
static const char for_ever[] =
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIHoeFsyK0zFIOysy3m9El0KR"
	"y00HqiicGD0CgnB8jQ/HAAAAIAD3q33aUAhOrpX8AKtyiLbaXU8OUtNL0F7EOxnb5CAJAAAAAAAA"
	"AAAAAAABAAAAAm1lAAAACAAAAARyb290AAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBlcm1p"
	"dC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBl"
	"cm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2Vy"
	"LXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIKL1P6SAayFNpQA8ljiPlEkUmQIZr/cs"
	"bKfVzY+ZhefZAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEBW8hDcsCw3dxsD8tUxRUCjqb4DhCvVXO5J"
	"MbCaUpA7POzb4HARD8WjK+ol/8juqSYhP31dTtImt5PCD+/wTbUI";
/* TZ=UTC ssh-keygen -s ca -I h -h -n web -V 20260101:20270101 host.pub */
static const char of_host[] =
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIIZSmj+m3SsW+KpZdELLQ4Xm"
	"qTRSE46K2vI+WeWXOTx5AAAAINERdoJbemTP/GaUUACuFO1Jw/kv7+/oKPK9L8IhuMR0AAAAAAAA"
	"AAAAAAACAAAAAWgAAAAHAAAAA3dlYgAAAABpVbkAAAAAAGs27IAAAAAAAAAAAAAAAAAAAAAzAAAA"
	"C3NzaC1lZDI1NTE5AAAAIHph6y5WnNEBwx3Kuhm8MepPadNWkK5SUdUgENfbgaP6AAAAUwAAAAtz"
	"c2gtZWQyNTUxOQAAAEBKjCroHlcyA9IvhaMqy3rMfsDBR910o7PJ7P+GZJajfDwIPpx2MC/vQIAr"
	"2qtp3ZEmY1lkaCOft14gUtRFdFsN";
/* user.pub itself */
static const char plain_key[] =
	"AAAAC3NzaC1lZDI1NTE5AAAAIAD3q33aUAhOrpX8AKtyiLbaXU8OUtNL0F7EOxnb5CAJ";

static void times_of_certificates(void **state)
{
	int64_t from = -1, until = -1;
	(void)state;
	assert_true(blob_cert_times(one_year, &from, &until));
	assert_int_equal(from, 1767225600);
	assert_int_equal(until, 1798761600);
	assert_true(blob_cert_times(for_ever, &from, &until));
	assert_int_equal(from, 0);
	assert_int_equal(until, 0);
	assert_false(blob_cert_times(plain_key, &from, &until));
	assert_false(blob_cert_times("", &from, &until));
	assert_false(blob_cert_times("no base64!", &from, &until));
}

static void whose_certificate_it_is(void **state)
{
	struct buf whole = { 0 };
	size_t good = 0, last = 0;
	(void)state;
	assert_true(blob_cert_is_of_host(of_host));
	assert_false(blob_cert_is_of_host(one_year));
	assert_false(blob_cert_is_of_host(plain_key));
	assert_false(blob_cert_is_of_host(""));
	assert_false(blob_cert_is_of_host("no base64!"));
	assert_true(base64_decode(of_host, &whole));
	for (size_t len = 0; len < whole.len; len++) {
		char *part = base64_encode(whole.data, len);
		bool is = blob_cert_is_of_host(part);
		last = is ? last : len;
		good += is;
		free(part);
	}
	/* name, nonce and key, each with its length; serial and type */
	assert_int_equal(last + 1, 4 + 32 + 4 + 32 + 4 + 32 + 12);
	assert_int_equal(good, whole.len - last - 1);
	buf_finish(&whole);
}

/* The sentence of a server for both certificates. */
static void what_a_server_says(void **state)
{
	struct link link = { 0 };
	struct vitals vitals = { 0 };
	struct server v = { .name = "pi", .link = &link, .vitals = &vitals };
	int64_t now = now_wall_ms();
	char why[600];
	(void)state;
	strcpy(v.user, "ops");
	assert_false(cert_opinion(&v, why, sizeof(why)));
	vitals.host_cert = (struct link_cert){ .path = "/etc/ssh/h-cert.pub",
		                               .from_ms = now - 100 * DAY_MS,
		                               .until_ms = now + 3 * DAY_MS + 60000 };
	assert_true(cert_opinion(&v, why, sizeof(why)));
	assert_string_equal(why,
	                    "the certificate of host pi ends in 3d (/etc/ssh/h-cert.pub)");
	strcpy(v.hostname, "raspi");
	vitals.host_cert.until_ms = now - 2 * DAY_MS - 60000;
	link.cert = (struct link_cert){ .path = "/k-cert.pub",
		                        .from_ms = now - 100 * DAY_MS,
		                        .until_ms = now + 4 * DAY_MS + 60000 };
	assert_true(cert_opinion(&v, why, sizeof(why)));
	assert_string_equal(why, "the certificate of ops ends in 4d (/k-cert.pub); the certificate "
	                         "of host raspi ended 2d ago, and ssh does not trust that host by "
	                         "@cert-authority any more (/etc/ssh/h-cert.pub)");
	/* short of room, it is cut */
	assert_true(cert_opinion(&v, why, 20));
	assert_string_equal(why, "the certificate of ");
	v.vitals = NULL;
	link.cert.until_ms = now - 60000 * 5;
	assert_true(cert_opinion(&v, why, sizeof(why)));
	assert_string_equal(why, "the certificate of ops ended 5m ago, and the next log-in needs "
	                         "another one (/k-cert.pub)");
}

/* Whatever its length, nothing behind it is read (ASan sees it). */
static void a_certificate_that_is_cut(void **state)
{
	struct buf whole = { 0 };
	int64_t from, until;
	size_t good = 0;
	(void)state;
	assert_true(base64_decode(one_year, &whole));
	for (size_t len = 0; len < whole.len; len++) {
		char *part = base64_encode(whole.data, len);
		good += blob_cert_times(part, &from, &until);
		free(part);
	}
	/* what comes after the times is not looked at */
	assert_true(good > 0 && good < whole.len - 100);
	buf_finish(&whole);
}

static void when_it_ends_soon(void **state)
{
	struct link_cert cert = { .path = "/k-cert.pub",
		                  .from_ms = DAY_MS,
		                  .until_ms = 101 * DAY_MS };
	(void)state;
	assert_false(cert_ends_soon(&cert, 94 * DAY_MS - 1));
	assert_true(cert_ends_soon(&cert, 94 * DAY_MS + 1));
	assert_true(cert_ends_soon(&cert, 200 * DAY_MS));
	/* one for a day: its last quarter */
	cert.until_ms = 2 * DAY_MS;
	assert_false(cert_ends_soon(&cert, DAY_MS + DAY_MS / 2));
	assert_true(cert_ends_soon(&cert, DAY_MS + 7 * DAY_MS / 8));
	cert.until_ms = 0;
	assert_false(cert_ends_soon(&cert, 200 * DAY_MS));
	assert_false(cert_ends_soon(&(struct link_cert){ .until_ms = DAY_MS }, 2 * DAY_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_of_certificates),
		cmocka_unit_test(whose_certificate_it_is),
		cmocka_unit_test(what_a_server_says),
		cmocka_unit_test(a_certificate_that_is_cut),
		cmocka_unit_test(when_it_ends_soon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
