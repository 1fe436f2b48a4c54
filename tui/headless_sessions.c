/* headless_sessions.c: `mocr sessions`: the sessions of all servers as a list. */
#include <stdio.h>
#include <stdlib.h>

#include "backends/base/human.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/server.h"
#include "backends/sessions/session.h"
#include "backends/store/record.h"
#include "backends/store/report.h"
#include "tui/headless.h"

/* Only what is printed is waited for. */
static bool headless_sessions_settled(const struct store *s)
{
	if (replay_is_on(s))
		return true;
	for (struct server *v = store_servers(s); v; v = v->next) {
		const struct source *sessions = server_source(v, "sessions");
		bool gone = v->link->state == LINK_DOWN || v->link->state == LINK_LOST;
		if (!gone &&
		    (v->link->state != LINK_UP || (sessions && sessions->state == SOURCE_WAITING)))
			return false;
	}
	return true;
}

int headless_sessions(struct store *s, bool json, int wait_ms)
{
	int code = EXIT_WELL;
	headless_wait_for(s, headless_sessions_settled, wait_ms);
	loop_turn(store_loop(s), 0);
	if (!json && store_first(s, &kind_session, NULL))
		printf("%-40s %-12s %4s  %s\n", "SESSION", "STATE", "AGE", "TITLE");
	for (struct row *row = store_first(s, &kind_session, NULL); row;
	     row = store_next(row, &kind_session, NULL)) {
		if (row->health == HEALTH_ASKS)
			code = EXIT_ATTENTION;
		if (json)
			continue;
		const struct session *one = ROW_AS(session, row);
		char age[HUMAN_SIZE] = "";
		if (one->updated_ms)
			human_age(age, now_wall_ms() - one->updated_ms);
		const char *status = session_status_name(one->shown);
		if (one->type == SESSION_SERVICE || one->type == SESSION_SPEND)
			status = one->words ? one->words : "asked";
		printf("%-40s %-12s %4s  %s", row->id, status, age, row->name);
		if (row->why)
			printf("  | %s", row->why);
		putchar('\n');
	}
	if (!json && !store_first(s, &kind_session, NULL))
		fprintf(stderr, "mocr: no session of OpenCode, another agent or tmux was found\n");
	char *text = json ? report_rows_json(s, &kind_session) : NULL;
	if (text)
		puts(text);
	free(text);
	for (struct server *v = store_servers(s); v; v = v->next)
		if (v->link->state != LINK_UP && code != EXIT_UNREACHABLE) {
			fprintf(stderr, "mocr: %s: %s\n", v->name,
			        v->row.why ? v->row.why : link_state_name(v->link->state));
			code = EXIT_UNREACHABLE;
		}
	return code;
}
