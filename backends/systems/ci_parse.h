/* ci_parse.h: reads runs of Gitea Actions, Forgejo Actions and GitHub Actions. Pure.
 *
 * Source: Gitea's swagger (actions/runs from 1.25 on, actions/tasks before), GitHub's REST API
 * version 2022-11-28. Older Gitea and Forgejo put the result into status and send no conclusion. */
#ifndef SYSTEMS_CI_PARSE_H
#define SYSTEMS_CI_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct buf;

#define CI_RUNS_MAX 30

enum ci_state { CI_QUEUED, CI_RUNNING, CI_WAITS, CI_GOOD, CI_BAD, CI_NEITHER, CI_UNKNOWN };

/* All texts are washed; "" unknown. */
struct ci_run {
	int64_t id, number;
	char title[120], workflow[80], branch[80], commit[12], by[60], event[40];
	char word[24]; /* "failure", "in_progress": as the far side says it */
	enum ci_state state;
	int64_t began_ms, ended_ms; /* wall clock there; 0 unknown */
	/* a newer run of the same workflow and branch has ended: this one says nothing now */
	bool superseded;
};
struct ci_runs {
	struct ci_run at[CI_RUNS_MAX]; /* the newest first, as sent */
	size_t n;
};
bool ci_runs_parse(const char *json, size_t len, struct ci_runs *, struct err *);

#define CI_JOBS_MAX 50
struct ci_job {
	int64_t id;
	char name[80]; /* washed; never empty */
	char word[24]; /* as in struct ci_run */
	enum ci_state state;
};
struct ci_jobs {
	struct ci_job at[CI_JOBS_MAX]; /* as sent */
	size_t n, left_out;
};
/* The jobs of a run. False and err: no such answer. */
bool ci_jobs_parse(const char *json, size_t len, struct ci_jobs *, struct err *);

/* Splits an absolute URL before its path: "https://host:1" and "/a?b". *base is owned; *path is in
 * url, and may be empty or begin with "?". False: not http or https. */
bool ci_url_split(const char *url, char **base, const char **path);

/* "owner/name": letters, digits, ".", "_" and "-" on both sides of one slash. */
bool ci_is_repository(const char *text, size_t len);
/* Can this branch or file be sent as it is? */
bool ci_is_branch(const char *text);

/* Keeps what the rows need: no addresses of people, no texts of commits. */
void ci_reduce(const char *json, size_t len, struct buf *out);

#endif
