/* ci_log.h: follows the logs of the jobs of a run of Gitea or GitHub Actions, each job a source of
 * the log view.
 *
 * Sources: Gitea's swagger and GitHub's REST API version 2022-11-28, actions/runs/{run}/jobs and
 * actions/jobs/{job_id}/logs (Gitea from 1.24 on). A log is a text whose lines begin with their
 * times. GitHub names another host for it (302), whose address has a signature: the token is not
 * sent there. GitHub has the log of a job when the job has ended; Gitea has what was written so
 * far. */
#ifndef SYSTEMS_CI_LOG_H
#define SYSTEMS_CI_LOG_H

#include "backends/systems/system.h"

struct ci_log;
/* actions: the path of the repository, "/repos/ops/site/actions". run: the id of the run. home: the
 * list of the logs of the site, which the log leaves when it is closed. */
struct follow *ci_log_follow(struct system *, const char *actions, const char *run,
                             struct ci_log **home, struct log *);
/* The link is up or down, the site is gone. */
void ci_logs_open(struct ci_log *first);
void ci_logs_close(struct ci_log *first, const struct err *why);
void ci_logs_forget(struct ci_log **home);

#endif
