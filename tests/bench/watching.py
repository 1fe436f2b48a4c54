"""mocr watch: how long from what happens to its message, what ten servers cost at rest, what 500 checks cost.

The servers are log-ins to one real sshd of this machine."""
import http.server
import json
import os
import shutil
import subprocess
import threading
import time


class Missing(Exception):
    """Something could not be measured; the words say why."""


def wait(what, found, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise Missing(f"{what}: not within {seconds} s")


def cpu_ns(pid):
    """Of all threads of the process, also of ended ones: clock_getcpuclockid(3)."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def memory_mb(pid, line="VmRSS"):
    with open(f"/proc/{pid}/status") as f:
        return next(int(text.split()[1]) / 1024 for text in f if text.startswith(line + ":"))


def descendants(pid):
    found, rest = set(), [pid]
    while rest:
        one = rest.pop()
        try:
            with open(f"/proc/{one}/task/{one}/children") as f:
                below = [int(word) for word in f.read().split()]
        except OSError:
            continue
        found.update(below)
        rest += below
    return found


class Web:
    """What is asked by checks, and what hears the messages of a channel of type ntfy."""

    def __init__(self):
        self.told = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def do_GET(self):
                self.answer()

            def do_POST(self):
                at = time.time()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.told.append((at, json.loads(body)["title"]))
                self.answer()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Sshd:
    """A real sshd on a port of its own."""

    def __init__(self, home, hosts):
        program = shutil.which("sshd") or "/usr/sbin/sshd"
        if not os.path.exists(program):
            raise Missing("there is no sshd (apt-get install openssh-server)")
        self.dir = home + "/sshd"
        os.makedirs(self.dir, exist_ok=True)
        os.makedirs("/run/sshd", exist_ok=True)
        for name in ("key", "host"):
            if not os.path.exists(f"{self.dir}/{name}"):
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{self.dir}/{name}"], check=True)
        self.port = 21000 + os.getpid() % 9000
        # a bash that is started by sshd reads ~/.bashrc, which may do a lot (pyenv): not what is measured
        with open(self.dir + "/sshd", "w") as f:
            f.write(f"Port {self.port}\nListenAddress 127.0.0.1\nUsePAM no\nStrictModes no\nPidFile none\nMaxStartups 100\n"
                    f"HostKey {self.dir}/host\nAuthorizedKeysFile {self.dir}/key.pub\nSetEnv HOME={self.dir}\n")
        with open(self.dir + "/config", "w") as f:
            for host in hosts:
                f.write(f"Host {host}\n\tHostName 127.0.0.1\n\tPort {self.port}\n")
            f.write(f"Host *\n\tIdentityFile {self.dir}/key\n\tIdentitiesOnly yes\n\tUserKnownHostsFile /dev/null\n"
                    "\tStrictHostKeyChecking no\n")
        self.start(program)

    def start(self, program=shutil.which("sshd") or "/usr/sbin/sshd"):
        self.log = open(self.dir + "/log", "w")
        self.process = subprocess.Popen([program, "-D", "-e", "-f", self.dir + "/sshd"], stderr=self.log, stdin=subprocess.DEVNULL)
        wait("sshd listens", lambda: "Server listening" in open(self.dir + "/log").read())

    def stop(self):
        """Kills the listener and its connections: for a client the machine is gone. Returns when."""
        pids = [self.process.pid] + list(descendants(self.process.pid))
        at = time.time()
        for pid in pids:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.log.close()
        return at


class Watch:
    def __init__(self, b, name, config):
        self.said = f"{b.home}/{name}.err"
        self.out = open(self.said, "w")
        self.process = subprocess.Popen([b.mocr, "--config", b.config(name, config), "watch"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.out)
        self.pid = self.process.pid

    def words(self):
        with open(self.said) as f:
            return f.read()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.out.close()


def channel(web):
    return f"[notify phone]\ntype = ntfy\nurl = http://127.0.0.1:{web.port}/alerts\nfor = 0\n"


def tell(b):
    """A server dies with its sshd: how long until its message is at the receiver."""
    web, sshd, late = Web(), Sshd(b.home, ["box"]), []
    config = f"[settings]\nlocal = no\nfor = 0\ndisk_warn = 100\ncpu_warn = 101\nssh_config = {sshd.dir}/config\n[server box]\n" + channel(web)
    watch = Watch(b, "tell", config)
    try:
        for i in range(b.times(7, 3)):
            wait("the server is up", lambda n=i: watch.words().count("box: connected") > n, 60)
            time.sleep(1)
            before = len(web.told)
            died = sshd.stop()
            at = wait("the message", lambda n=before: [t for t, title in web.told[n:] if "cannot be reached" in title or "down" in title])[0]
            late.append((at - died) * 1000)
            sshd.start()
            os.kill(watch.pid, 0)
    finally:
        watch.stop()
        sshd.stop()
        web.stop()
    late.sort()
    middle = late[len(late) // 2]
    b.add("a server dies, to its message at the receiver", f"{middle:.0f} ms", f"200 ms; worst {late[-1]:.0f} ms", middle / 200)


def watch(b):
    """mocr watch on ten servers, where nothing happens."""
    hosts = [f"s{i}" for i in range(1, 11)]
    web, sshd = Web(), Sshd(b.home, hosts)
    config = f"[settings]\nlocal = no\nssh_config = {sshd.dir}/config\n" + "".join(f"[server {h}]\n" for h in hosts) + channel(web)
    one = Watch(b, "watch", config)
    try:
        wait("all servers are up", lambda: all(f"{h}: connected" in one.words() for h in hosts), 60)
        time.sleep(b.times(20, 10))
        seconds = b.times(60, 20)
        began, cpu, there, started = time.time(), cpu_ns(one.pid), descendants(sshd.process.pid), set()
        while time.time() < began + seconds:
            started |= descendants(sshd.process.pid) - there
            time.sleep(0.05)
        share = (cpu_ns(one.pid) - cpu) / 1e9 / (time.time() - began) * 100
        memory = memory_mb(one.pid)
        b.add("mocr watch, 10 servers, at rest: resident memory", f"{memory:.1f} MB",
              f"10 MB; own {memory_mb(one.pid, 'RssAnon'):.1f}, files {memory_mb(one.pid, 'RssFile'):.1f}", memory / 10)
        b.add("  share of one core", f"{share:.3f} %", "0.2 %", share / 0.2)
        b.add("  processes started on the servers", f"{len(started)}", f"0, in {seconds} s")
    finally:
        one.stop()
        sshd.stop()
        web.stop()


def checks(b):
    """500 checks, each every 30 seconds: half of them HTTP, half of them TCP."""
    web = Web()
    config = "[settings]\n" + channel(web)
    for i in range(250):
        config += f"[check h{i}]\nurl = http://127.0.0.1:{web.port}/{i}\nevery = 30\n[check t{i}]\ntcp = 127.0.0.1:{web.port}\nevery = 30\n"
    one = Watch(b, "checks", config)
    try:
        time.sleep(b.times(35, 32))     # each has run once
        seconds = b.times(60, 30)
        began, cpu = time.time(), cpu_ns(one.pid)
        time.sleep(seconds)
        share = (cpu_ns(one.pid) - cpu) / 1e9 / (time.time() - began) * 100
        b.add("500 checks, each every 30 s: share of one core", f"{share:.3f} %", "3 %", share / 3)
        b.add("  resident memory", f"{memory_mb(one.pid):.1f} MB")
    finally:
        one.stop()
        web.stop()
