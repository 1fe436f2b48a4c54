/* headless_activity.c: `mocr activity`: the activity file as lines, without a connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/err.h"
#include "backends/store/activity.h"
#include "backends/store/report.h"
#include "backends/store/settings.h"
#include "tui/headless.h"

struct activity_wanted {
	char **servers;
	int n;
	int64_t since_ms;
	bool json;
};

/* Entries without a row (notes about the configuration) belong to no server. */
static bool activity_is_wanted(const struct activity_wanted *w, const struct activity_entry *e)
{
	size_t len = strcspn(e->id, "/");
	if (e->wall_ms < w->since_ms)
		return false;
	for (int i = 0; i < w->n; i++)
		if (strlen(w->servers[i]) == len && strncmp(w->servers[i], e->id, len) == 0)
			return true;
	return !w->n;
}

static bool activity_print(const struct activity_entry *e, void *arg)
{
	const struct activity_wanted *w = arg;
	if (!activity_is_wanted(w, e))
		return true;
	if (!w->json) {
		time_t s = (time_t)(e->wall_ms / 1000);
		char when[32];
		struct tm tm;
		strftime(when, sizeof(when), "%F %T", localtime_r(&s, &tm));
		printf("%s  %-9s  %-36s  %s", when, health_name(e->health), e->id, e->text);
		if (e->by)
			printf("  by %s", e->by);
		putchar('\n');
		return !ferror(stdout);
	}
	char *line = activity_json(e);
	puts(line);
	free(line);
	return !ferror(stdout);
}

int headless_activity(const struct store *s, char **servers, int n, bool json, int64_t since_ms)
{
	struct activity_wanted w = {
		.servers = servers, .n = n, .since_ms = since_ms, .json = json
	};
	struct err err = { 0 };
	if (activity_read(store_settings(s)->state_dir, activity_print, &w, &err))
		return EXIT_WELL;
	fprintf(stderr, "mocr: the activity cannot be read: %s\n", err.text);
	return EXIT_ATTENTION;
}
