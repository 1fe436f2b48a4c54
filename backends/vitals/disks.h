/* disks.h: which file systems of a server are disks, and how full each is. */
#ifndef VITALS_DISKS_H
#define VITALS_DISKS_H

#include <stddef.h>

#include "backends/vitals/vitals.h"

/* Takes disks, worst_disk, more_disks and hung of v from the lines of a block "disks" (script.c):
 *   mount LINE                 a line of /proc/self/mountinfo (proc_pid_mountinfo(5)); memory and
 * kernel file systems are left out SOURCE TOTAL USED AVAIL N% DIR    a line of `df -P -k` stat
 * BSIZE BLOCKS FREE AVAIL DIR  the same by `stat -f`, where df hung hung DIR                   this
 * one did not answer; DIR as in mountinfo What it makes of them: data sets of one ZFS pool,
 * subvolumes and bind mounts are one disk; images that nobody can write to are none. */
void disks_take(const char *bytes, size_t len, struct vitals *v);

#endif
