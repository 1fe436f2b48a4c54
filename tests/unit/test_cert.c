/* The certificate of a log-in: its times, from ssh-keygen's own bytes, and when it ends soon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/ssh_blob.h"
#include "backends/servers/cert.h"

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
		cmocka_unit_test(a_certificate_that_is_cut),
		cmocka_unit_test(when_it_ends_soon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
