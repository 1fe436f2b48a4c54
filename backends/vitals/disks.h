/* disks.h: decide which file systems of a server count as disks, and how full each is. */
#ifndef VITALS_DISKS_H
#define VITALS_DISKS_H

#include <stddef.h>

#include "backends/vitals/vitals.h"

/* Sets disks, worst_disk, more_disks and hung of v from the lines of a block "disks" (script.c):
 *   mount LINE                      a line of /proc/self/mountinfo (proc_pid_mountinfo(5)),
 *                                   without memory and kernel file systems
 *   SOURCE TOTAL USED AVAIL N% DIR  a line of `df -P -k`
 *   stat BSIZE BLOCKS FREE AVAIL DIR  the same by `stat -f`, used if df hung
 *   hung DIR                        this mount did not answer; DIR as in mountinfo
 *
 * Data sets of one ZFS pool count as one disk. So do subvolumes and bind mounts of one file
 * system. Images that nobody can write to do not count. */
void disks_take(const char *bytes, size_t len, struct vitals *v);

#endif
