/* journal.c: the log of a unit, as a tail (logs/tail.h) of its part of the journal. Lines that
 * systemd itself writes about the unit are included. */
#include "backends/logs/tail.h"
#include "backends/services/systemd.h"

size_t journal_words(const struct source *source, const char *unit, const char **words)
{
	size_t n = 0;
	words[n++] = "journalctl";
	if (manager_of(source)->user)
		words[n++] = "--user";
	words[n++] = "--no-pager";
	words[n++] = "-u";
	words[n++] = unit;
	return n;
}

struct follow *unit_follow(struct row *row, struct log *log, struct err *err)
{
	struct tail_spec spec = { .what = TAIL_UNIT,
		                  .name = unit_name(unit_of(row)),
		                  .user = manager_of(row->source)->user };
	return tail_follow(row->server, &spec, row->id, log, err);
}
