/* script.c: the vitals script. Its rules:
 *   - POSIX sh as in dash, bash and busybox, with printf, read and [ built in;
 *   - a sample is collected in a variable and written at once, so it is one packet;
 *   - hostname and kernel come from uname: dash reads byte by byte, and a file in /proc/sys then
 *     returns only its first byte. */
#include "backends/base/mem.h"
#include "backends/vitals/sample.h"

#define SETUP                                                                 \
	"LC_ALL=C; export LC_ALL; PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin; " \
	"n=$(printf \"\\nx\"); n=${n%x}; T=; Z=; L=; H=; "                    \
	"if timeout 5 true 2>/dev/null; then T=\"timeout 5\"; Z=\"timeout 2\"; fi; "

/* D: the engine that the login's docker program would use. docker decides by DOCKER_HOST or its
 * context. Start-up files may set DOCKER_HOST only for interactive shells, so these files are
 * searched too.
 *
 * "same": the system's socket, so that nothing is found twice. "none": no engine. A try of a
 * missing socket would add a line to a journal. */
#define DOCKER                                                                                     \
	"engine() { "                                                                              \
	"r=${XDG_RUNTIME_DIR:-/run/user/$u}; D=$DOCKER_HOST; "                                     \
	"if [ -z \"$D\" ]; then "                                                                  \
	"D=$(sed -n -E \"s/^[[:blank:]]*(export |set -[a-zA-Z]+ |setenv "                          \
	")?[[:blank:]]*DOCKER_HOST[= ]+//p\" "                                                     \
	"\"$HOME\"/.bashrc \"$HOME\"/.bash_profile \"$HOME\"/.profile \"$HOME\"/.zshrc "           \
	"\"$HOME\"/.zshenv \"$HOME\"/.zprofile "                                                   \
	"\"$HOME\"/.config/fish/config.fish \"$HOME\"/.config/environment.d/*.conf 2>/dev/null | " \
	"tr -d \"\\042\\047;\" | "                                                                 \
	"sed -E -e \"s|[$][{]?XDG_RUNTIME_DIR[}]?|$r|\" -e \"s|[$]?[(]id -u[)]|$u|\" -e "          \
	"\"s|[$][{]?UID[}]?|$u|\" "                                                                \
	"-e \"s|[$][{]?HOME[}]?|$HOME|\" -e \"s|[[:blank:]].*||\" | tail -n 1); "                  \
	"fi; "                                                                                     \
	"c=$DOCKER_CONTEXT; q=[[:blank:]]*:[[:blank:]]*; "                                         \
	"if [ -z \"$D$c\" ] && [ -r \"$HOME/.docker/config.json\" ]; then "                        \
	"c=$(sed -n -E \"s/.*\\\"currentContext\\\"$q\\\"([^\\\"]*)\\\".*/\\1/p\" "                \
	"\"$HOME/.docker/config.json\"); "                                                         \
	"fi; "                                                                                     \
	"case $c in \"\"|default|*/*) ;; *) if [ -z \"$D\" ]; then "                               \
	"D=$(sed -n -E "                                                                           \
	"\"s/.*\\\"Name\\\"$q\\\"$c\\\".*\\\"docker\\\"$q[{]\\\"Host\\\"$q\\\"([^\\\"]*)\\\".*/"   \
	"\\1/p\" "                                                                                 \
	"\"$HOME\"/.docker/contexts/meta/*/meta.json 2>/dev/null); "                               \
	"fi;; esac; "                                                                              \
	"s=/var/run/docker.sock; "                                                                 \
	"if [ \"${D#unix://}\" -ef $s ] || [ \"${D#unix://}\" = $s ] || [ \"$D\" = "               \
	"unix:///run/docker.sock ]; then D=; fi; "                                                 \
	"case $D in \"\"|unix://*) ;; *) "                                                         \
	"if [ \"$r/docker.sock\" -ef $s ]; then :; elif [ -S \"$r/docker.sock\" ]; then "          \
	"D=unix://$r/docker.sock; fi;; "                                                           \
	"esac; "                                                                                   \
	"if [ -z \"$D\" ]; then "                                                                  \
	"if [ \"$r/docker.sock\" -ef $s ]; then D=same; elif [ -S \"$r/docker.sock\" ]; then :; "  \
	"else D=none; fi; "                                                                        \
	"fi; "                                                                                     \
	"}; "

/* Whether systemd starts the unit of an engine at boot. Builtins only, because each sample checks
 * this for an engine without a socket. A dangling link is left by a package that was removed, and
 * a masked unit leads to /dev/null. If the login may not look into Podman's folder, the socket in
 * the folder may listen. */
#define SET_UP                                                                             \
	"set_up() { E=/etc/systemd; F=$HOME/.config/systemd/user; "                        \
	"[ -d /run/systemd/system ] && case $1 in "                                        \
	"docker) [ ! -c $E/system/docker.service ] && "                                    \
	"{ [ -e $E/system/multi-user.target.wants/docker.service ] || "                    \
	"[ -e $E/system/sockets.target.wants/docker.socket ]; };; "                        \
	"podman) [ ! -c $E/system/podman.socket ] && "                                     \
	"{ [ ! -e /run/podman ] || [ -x /run/podman ]; } && "                              \
	"[ -e $E/system/sockets.target.wants/podman.socket ];; "                           \
	"docker-user) [ -d \"$R\" ] && [ -e \"$F/default.target.wants/docker.service\" ];; " \
	"podman-user) [ -d \"$R\" ] && [ ! -c \"$F/podman.socket\" ] && "                  \
	"{ [ -e \"$F/sockets.target.wants/podman.socket\" ] || "                           \
	"[ -e $E/user/sockets.target.wants/podman.socket ]; };; "                          \
	"*) false;; esac; }; "

/* Reports which sockets exist, and whether the login may connect. Builtins alone cannot show
 * whether anybody listens. The kernel's list (/proc/net/unix) shows that. It is read when the
 * console asks, which happens after a failed try. It is also read for a socket that the login may
 * not use, because a socket without a listener is no engine. Such a socket is checked again with
 * the disks. Each end of a connection has the name in the list, too, also while its program ends.
 * Only a listening socket has the flags 00010000. The list may name /run/x if the path is
 * /var/run/x. An unreadable list shows nothing. */
#define SOCKETS                                                                        \
	"R=$XDG_RUNTIME_DIR; "                                                         \
	"if [ -z \"$R\" ]; then "                                                      \
	"while read -r k l v; do case $k in Uid:) R=/run/user/$l; break;; esac; done " \
	"</proc/self/status; "                                                         \
	"fi; S=; "                                                                     \
	"look() { "                                                                    \
	"s=; q=$1; "                                                                   \
	"for f in docker=/var/run/docker.sock \"docker-user=$R/docker.sock\" "         \
	"podman=/run/podman/podman.sock \"podman-user=$R/podman/podman.sock\" "        \
	"bus=/run/dbus/system_bus_socket \"bus-user=$R/bus\" "                         \
	"tailscale=/var/run/tailscale/tailscaled.sock; do "                            \
	"p=${f#*=}; w=absent; "                                                        \
	"if [ -S \"$p\" ]; then w=shut; if [ -w \"$p\" ]; then w=ready; fi; fi; "      \
	"case $w$q in ready??*|shut??*) case $q in "                                   \
	"*\" $p$n\"*|*\" ${p#/var}$n\"*) case $w in ready) w=listens;; esac;; "        \
	"*) case $w in shut) w=absent;; esac;; "                                       \
	"esac;; esac; "                                                                \
	"case $w in absent) if set_up \"${f%%=*}\"; then w=stopped; fi;; esac; "       \
	"s=\"$s${f%%=*} $w$n\"; "                                                      \
	"done; "                                                                       \
	"}; "                                                                          \
	"listed() { look; S=$s; look \"$(grep -e \" 00010000 .*[.]sock\" "              \
	"-e \" 00010000 .*bus\" /proc/net/unix 2>/dev/null)$n\"; }; "                   \
	"sockets() { "                                                                 \
	"look; S=$s; case $S in *shut*) listed;; esac; "                               \
	"printf \"=sockets\\n%s=end\\n\" \"$s\"; "                                     \
	"}; "                                                                          \
	"changed() { look; case $s in \"$S\") ;; *) sockets;; esac; }; "               \
	"shut() { case $S in *shut*) sockets;; esac; }; "

#define FACTS                                                                             \
	"facts() { "                                                                      \
	"u=$(id -u 2>/dev/null); U=$u; o=; C=0; "                                         \
	"for f in /etc/os-release /usr/lib/os-release; do "                               \
	"if [ -z \"$o\" ] && [ -r $f ]; then "                                            \
	"while read -r l; do case $l in PRETTY_NAME=*) o=${l#*=};; esac; done <$f; "      \
	"fi; "                                                                            \
	"done; "                                                                          \
	"while read -r k l; do "                                                          \
	"case $k in cpu) ;; cpu*) C=$((C+1));; *) break;; esac; "                         \
	"done </proc/stat; "                                                              \
	"engine; "                                                                        \
	"printf \"=facts\\nuid %s\\nuser %s\\nhostname %s\\nkernel %s\\nos %s\\nruntime " \
	"%s\\ndocker %s\\ncpus %s\\n=end\\n\" "                                           \
	"\"$u\" \"$(id -un 2>/dev/null)\" \"$(uname -n)\" \"$(uname -sr)\" \"$o\" "       \
	"\"$r\" \"$D\" \"$C\"; "                                                          \
	"}; "

/* The bytes of the first network interfaces. Bridges, containers and tunnels are left out, because
 * their bytes pass an interface of the machine again. Only every fifth sample has them: dash reads
 * the file byte by byte, which would double the cost of a sample. */
#define NET                                                                      \
	"N=0; net() { "                                                          \
	"c=0; while read -r k v a b d e f g h l w; do "                          \
	"c=$((c+1)); if [ $c -gt 12 ]; then break; fi; "                         \
	"case $k in lo:|br-*|docker*|veth*|virbr*|cni*|cali*|flannel*) ;; "      \
	"tailscale*|wg*|tun*|tap*) ;; "                                          \
	"*:) o=\"${o}net $k $v $l$n\";; esac; "                                  \
	"done </proc/net/dev; "                                                  \
	"}; "

#define SAMPLE                                                                                    \
	"sample() { "                                                                             \
	"o==sample$n; "                                                                           \
	"if read -r l </proc/stat; then o=$o$l$n; fi; "                                           \
	"if read -r l </proc/loadavg; then o=${o}load\" $l\"$n; fi; "                             \
	"if read -r l </proc/uptime; then o=${o}uptime\" $l\"$n; fi; "                            \
	"while read -r k v l; do "                                                                \
	"case $k in "                                                                             \
	"MemTotal:|MemFree:|MemAvailable:|Buffers:|Cached:|SwapTotal:) o=\"$o$k $v$n\";; "        \
	"SwapFree:) o=\"$o$k $v$n\"; break;; "                                                    \
	"esac; "                                                                                  \
	"done </proc/meminfo; "                                                                   \
	"for f in /sys/class/thermal/thermal_zone*/temp /sys/class/hwmon/hwmon*/temp*_input; do " \
	"if [ -r \"$f\" ] && read -r l <\"$f\"; then o=\"${o}temp $l$n\"; fi; "                   \
	"done; "                                                                                  \
	"case $N in 0) net;; esac; N=$(((N+1)%5)); "                                              \
	"printf \"%s=end\\n\" \"$o\"; "                                                           \
	"}; "

/* The mount table without memory and kernel file systems. The root is always included. sed reads
 * the file in large pieces, while read of dash would read each byte. */
#define MOUNTS                                                                                \
	"mounts() { "                                                                         \
	"sed -n -E -e \"s/^([^ ]+ ){4}[/] /mount &/p\" -e t -e \"/ - "                        \
	"(proc|sysfs|cgroup2?|devpts|mqueue|tmpfs|devtmpfs|"                                  \
	"ramfs|nsfs|bpf|tracefs|debugfs|securityfs|pstore|configfs|fusectl|hugetlbfs|autofs|" \
	"binfmt_misc|rpc_pipefs|"                                                             \
	"nfsd|selinuxfs|efivarfs|overlay) /d\" -e \"s/^/mount /p\" /proc/self/mountinfo "     \
	"2>/dev/null; "                                                                       \
	"}; "

/* If one mount hangs, df prints nothing about the others. Then each mount that may hang is checked
 * in its own process, all at the same time. The rest are checked together by stat -f, which touches
 * only the given mounts. read -r keeps backslashes, so that printf turns \040 into blanks. A name
 * with a percent sign is left unchanged. */
#define EACH                                                                                      \
	"stats() { t=$1; shift; $t stat -f -c \"stat %S %b %f %a %n\" -- \"$@\" 2>/dev/null; }; " \
	"late() { case $1 in 124|137|143) true;; *) false;; esac; }; "                            \
	"each() { printf \"%s$n\" \"$m\" | { "                                                    \
	"set --; "                                                                                \
	"while read -r w a b c d q e; do "                                                        \
	"case $q in *%*) p=$q;; *) p=$(printf \"$q\");; esac; "                                   \
	"case $p in /*) ;; *) continue;; esac; "                                                  \
	"case $p in *\"$n\"*) continue;; esac; "                                                  \
	"case $e in "                                                                             \
	"*\" - fuse\"*|*\" - nfs\"*|*\" - cifs \"*|*\" - smb\"*|*\" - 9p \"*|*\" - ceph \"*|*\" " \
	"- afs \"*|*\" - virtiofs \"*) "                                                          \
	"{ stats \"$Z\" \"$p\"; if late $?; then printf \"hung %s\\n\" \"$q\"; fi; } & ;; "       \
	"*) set -- \"$@\" \"$p\";; "                                                              \
	"esac; "                                                                                  \
	"done; "                                                                                  \
	"if [ $# -gt 0 ]; then stats \"$T\" \"$@\"; fi; "                                         \
	"wait; "                                                                                  \
	"}; }; "

/* The certificates by which sshd shows who it is. libssh does not support them, so their files are
 * the only source. One that the readable configuration does not name is not in use. Without such a
 * file, no process starts. */
#define CERTS                                                                                 \
	"certs() { u=; "                                                                      \
	"for f in /etc/ssh/*-cert.pub; do "                                                   \
	"if [ -r \"$f\" ] && read -r k l v <\"$f\"; then "                                    \
	"if [ -z \"$u\" ]; then u=$f; if [ -r /etc/ssh/sshd_config ]; then "                  \
	"u=\"@ $(grep -i -h \"^[[:blank:]]*HostCertificate[[:blank:]=]\" /etc/ssh/sshd_config " \
	"/etc/ssh/sshd_config.d/*.conf 2>/dev/null)\"; fi; fi; "                              \
	"case $u in @*\"$f\"*|/*) printf \"hostcert %s %s\\n\" \"$l\" \"$f\";; esac; "        \
	"fi; done; }; "

/* L: options of df; busybox df does not know -l, so -l is tested first. H: a mount hung last time,
 * so df is skipped. Debian and Ubuntu create /run/reboot-required. */
#define DISKS                                                                                      \
	"disks() { "                                                                               \
	"if [ -z \"$L\" ]; then L=-P; if $T df -P -k -l / >/dev/null 2>&1; then L=\"-P -l\"; fi; " \
	"fi; "                                                                                     \
	"o=no; "                                                                                   \
	"if [ -e /run/reboot-required ]; then o=yes; "                                             \
	"if [ -r /run/reboot-required.pkgs ]; then "                                               \
	"while read -r l; do case \" $o \" in *\" $l \"*) ;; *) o=\"$o $l\";; esac; done "         \
	"</run/reboot-required.pkgs; "                                                             \
	"fi; "                                                                                     \
	"fi; "                                                                                     \
	"t=$(date +%s.%N 2>/dev/null); u=; if read -r u l </proc/uptime; then :; fi; "             \
	"printf \"=disks\\nclock %s %s\\nreboot %s\\n\" \"$t\" \"$u\" \"$o\"; "                    \
	"certs; m=$(mounts); d=; "                                                               \
	"if [ -z \"$H\" ]; then d=$($T df -k $L 2>/dev/null </dev/null); if late $?; then H=1; "   \
	"fi; fi; "                                                                                 \
	"if [ -n \"$H\" ]; then d=$(each); case \"$n$d\" in *\"${n}hung \"*) ;; *) H=;; esac; "    \
	"fi; "                                                                                     \
	"printf \"%s\\n%s\\n=end\\n\" \"$m\" \"$d\"; "                                             \
	"}; "

/* What a program that the sessions room knows leaves behind when it starts: the file of a Claude
 * Code process, the socket of a herdr server, a TCP port where the login listens (OpenCode). Only
 * builtins. The kernel lists the listening sockets first, so the others are never read.
 * Source: proc(5), /proc/net/tcp: 0A is LISTEN, the 8th field is the user; net/ipv4/tcp_ipv4.c,
 * tcp_get_idx. */
#define PROGRAMS                                                                         \
	"programs() { "                                                                  \
	"o=; c=0; x=${XDG_CONFIG_HOME:-$HOME/.config}/herdr; "                           \
	"for f in \"${CLAUDE_CONFIG_DIR:-$HOME/.claude}\"/sessions/*.json "              \
	"\"$x\"/herdr.sock \"$x\"/sessions/*/herdr.sock; do "                            \
	"if [ -e \"$f\" ] && [ $c -lt 100 ]; then c=$((c+1)); o=\"${o}file $f$n\"; fi; " \
	"done; "                                                                         \
	"for f in /proc/net/tcp /proc/net/tcp6; do "                                     \
	"if [ -r $f ]; then c=0; while read -r k l v s a b d e g; do "                   \
	"c=$((c+1)); if [ $c -gt 200 ]; then break; fi; "                                \
	"case $s in st|0A) ;; *) break;; esac; "                                         \
	"case $e in \"$U\") o=\"${o}port $l$n\";; esac; "                                \
	"done <$f; fi; "                                                                 \
	"done; "                                                                         \
	"printf \"=programs\n%s=end\n\" \"$o\"; "                                      \
	"}; "

/* Who listens. The kernel lists the listeners (state 0A) before all connections, so few lines are
 * read, and by builtins only. Source: proc(5), /proc/net/tcp. */
#define PORTS                                                                     \
	"ports() { o==ports$n; "                                                  \
	"for f in /proc/net/tcp /proc/net/tcp6; do "                              \
	"if [ -r $f ]; then c=0; while read -r k v a b d; do c=$((c+1)); "        \
	"case $k in sl) continue;; esac; "                                        \
	"case $b in 0A) ;; *) break;; esac; if [ $c -gt 600 ]; then break; fi; " \
	"o=$o$v$n; done <$f; fi; done; "                                          \
	"printf \"%s=end\\n\" \"$o\"; }; "

#define MAIN                                                   \
	"sockets; facts; sample; "                             \
	"while read -r a; do case $a in "                      \
	"s) changed; sample;; d) disks; shut; programs;; "     \
	"p) ports;; "                                          \
	"k) listed; printf \"=sockets\\n%s=end\\n\" \"$s\";; " \
	"esac; done"

char *sample_command(void)
{
	return xstrdup(SETUP SET_UP SOCKETS DOCKER FACTS NET SAMPLE MOUNTS EACH CERTS DISKS
	                       PROGRAMS PORTS MAIN);
}
