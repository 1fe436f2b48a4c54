/* Redis and PostgreSQL: whatever comes, pieces of another size end in the same way and report the
 * same; what is reported can be read. The first byte says which of them, and whether there is a
 * password. */
#include "tests/fuzz/fuzz.h"

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/systems/postgres_parse.h"
#include "backends/systems/redis_parse.h"

struct heard {
	enum wire_next next;
	struct err err;
	struct buf report;
};

static struct heard told(const struct wire_talk *talk, const struct wire_login *login,
                         const uint8_t *bytes, size_t len, size_t piece)
{
	struct heard h = { .next = WIRE_MORE };
	struct buf heard = { 0 }, out = { 0 };
	void *state = xcalloc(1, talk->size);
	talk->begin(state, login, &out);
	for (size_t at = 0; at < len && h.next == WIRE_MORE; at += piece) {
		size_t used = 0;
		buf_add(&heard, bytes + at, len - at < piece ? len - at : piece);
		char *exact = malloc(heard.len);
		memcpy(exact, heard.data, heard.len);
		h.next = talk->heard(state, login, exact, heard.len, &used, &out, &h.err);
		free(exact);
		MUST(used <= heard.len);
		MUST((h.next != WIRE_FAILED && h.next != WIRE_REFUSED) || h.err.code);
		buf_consume(&heard, used);
	}
	if (h.next == WIRE_DONE)
		talk->report(state, 1, &h.report);
	if (talk->finish)
		talk->finish(state);
	free(state);
	buf_finish(&heard);
	buf_finish(&out);
	return h;
}

static void must_be_read(const struct wire_talk *talk, const struct buf *report)
{
	struct redis_facts redis;
	struct postgres_facts postgres;
	struct err err;
	if (talk == &redis_talk)
		redis_parse(report->data, report->len, &redis, &err);
	else
		MUST(postgres_parse(report->data, report->len, &postgres, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	const struct wire_talk *talk = data[0] & 1 ? &redis_talk : &postgres_talk;
	struct wire_login login = { .user = data[0] & 4 ? "me" : "", .database = "" };
	login.password = data[0] & 2 ? "hush" : NULL;
	struct heard whole = told(talk, &login, data + 1, len - 1, len),
		     bytewise = told(talk, &login, data + 1, len - 1, 1);
	MUST(whole.next == bytewise.next && whole.err.code == bytewise.err.code);
	MUST(whole.report.len == bytewise.report.len);
	MUST(!whole.report.len ||
	     !memcmp(whole.report.data, bytewise.report.data, whole.report.len));
	if (whole.next == WIRE_DONE)
		must_be_read(talk, &whole.report);
	buf_finish(&whole.report);
	buf_finish(&bytewise.report);
	return 0;
}
