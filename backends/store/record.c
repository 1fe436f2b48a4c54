#include "backends/store/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/loop.h"
#include "backends/store/internal.h"

#define FLUSH_MS 1000

struct record {
	struct store *store;
	FILE *f;
	struct loop_timer *flush;
	bool warned; /* the user was warned that the recording is incomplete */
};

/* After a write error nothing more is recorded. Records after half a record could not be parsed. */
static void record_flush(struct loop_timer *timer, void *arg)
{
	struct record *r = arg;
	(void)timer;
	if ((fflush(r->f) == 0 && !ferror(r->f)) || r->warned)
		return;
	r->warned = true;
	activity_add(r->store, ACTIVITY_NOTE, HEALTH_BAD, NULL,
	             "the recording ends here, it cannot be written: %s", strerror(errno));
}

bool record_start(struct store *s, const char *dir, struct err *err)
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_set(err, ERR_SYSTEM, "cannot make the folder %s for the recording: %s",
		               dir, strerror(errno));
	char *path = xasprintf("%s/answers", dir);
	/* 0600 protects the file even in a folder that others may read */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	int why = errno;
	free(path);
	if (!f && why == EEXIST)
		return err_set(err, ERR_USAGE,
		               "%s holds a recording already; it is not overwritten", dir);
	if (!f)
		return err_set(err, ERR_SYSTEM, "cannot write the recording into %s: %s", dir,
		               strerror(why));
	s->record = xcalloc(1, sizeof(*s->record));
	s->record->store = s;
	s->record->f = f;
	s->record->flush = loop_timer_add(s->loop, -1, record_flush, s->record);
	return true;
}

void record_destroy(struct record *r)
{
	if (!r)
		return;
	loop_timer_remove(r->flush);
	fclose(r->f);
	free(r);
}

void record_stop(struct store *s)
{
	record_destroy(s->record);
	s->record = NULL;
}

void record_add(struct store *s, const char *server, const char *source, const char *what,
                const char *bytes, size_t len)
{
	struct record *r = s->record;
	if (!r || r->warned)
		return;
	/* Names are washed, so they have no newline. They may have blanks, so tabs separate the
	 * fields. */
	fprintf(r->f, "%" PRId64 "\t%s\t%s\t%zu\t%s\n", now_wall_ms(), server, source, len, what);
	/* A log line or a program's answer may hold a known secret where no mask applies. */
	char *clean = xcalloc(1, len + 1);
	if (len)
		memcpy(clean, bytes, len);
	secret_hide(clean, len);
	fwrite(clean, 1, len, r->f);
	free(clean);
	fputc('\n', r->f);
	loop_timer_set(r->flush, FLUSH_MS);
}

bool replay_is_on(const struct store *s)
{
	return s->replay != NULL;
}
