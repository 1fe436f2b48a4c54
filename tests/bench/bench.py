#!/usr/bin/env python3
"""Figures of mocr, each beside something else of the same run. See tests/bench/run."""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
import fleet as many_servers  # noqa: E402
import sessions as ten_servers  # noqa: E402
import watching  # noqa: E402
from terminal import Program  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAB = os.path.join(TOP, "tests/lab/lab")
FLEET = ["pi", "relay", "pod", "seko"]      # four in which nothing restarts by itself


class Missing(Exception):
    """Something could not be measured; the words say why."""


class Bench:
    def __init__(self, args):
        self.args = args
        self.short = args.short
        self.mocr = os.path.abspath(args.mocr)
        self.home = tempfile.mkdtemp(prefix="mocr-bench-")
        self.rows = []
        self.lab_dir = subprocess.run([LAB, "dir"], capture_output=True, text=True).stdout.strip()
        os.environ.update(HOME=self.home, LC_ALL="C.UTF-8", TZ="UTC", XDG_CONFIG_HOME=self.home + "/.config",
                          XDG_STATE_HOME=self.home + "/.state", SSH_AUTH_SOCK=self.lab_dir + "/agent.sock")
        for name in ("TMUX", "NO_COLOR", "COLORTERM"):
            os.environ.pop(name, None)

    def times(self, many, few):
        return few if self.short else many

    def add(self, what, figure, against="", ratio=None):
        self.rows.append((what, figure, against, "" if ratio is None else f"{ratio:.2f}"))
        print(f"  {what:58} {figure:>16} {self.rows[-1][3]:>8}  {against}", flush=True)

    def config(self, name, text):
        path = f"{self.home}/{name}"
        with open(path, "w") as f:
            f.write(text)
        return path

    def lab(self, *words):
        done = subprocess.run([LAB, *words], capture_output=True, text=True)
        if done.returncode:
            raise Missing(f"the lab: {' '.join(words)}: {done.stderr.strip() or 'failed'} (make lab starts it)")
        return done.stdout

    def ssh_config(self):
        path = self.lab_dir + "/ssh/config"
        if not os.path.exists(path):
            raise Missing("the lab is not up (make lab starts it)")
        return path

    def console(self, *words, config=None, cols=200, rows=60, remembers=False):
        argv = [self.mocr]
        last = self.home + "/.state/mocr/last"
        if not remembers and os.path.exists(last):    # a console begins where the last one ended
            os.unlink(last)
        if config:
            argv += ["--config", config]
        return Program(argv + list(words), cols, rows)


def timed(argv):
    start = time.time()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if done.returncode:
        raise Missing(f"{' '.join(argv)} ended with {done.returncode}")
    return (time.time() - start) * 1000


def column(lines, server, title):
    """What the fleet's table says in a column of a server."""
    for i, line in enumerate(lines):
        at = line.find(title)
        if at < 0 or "NAME" not in line:
            continue
        for row in lines[i + 1:i + 12]:
            if re.match(rf"\s*\S? *{re.escape(server)}\s", row):
                words = re.split(r"\s{2,}", row[at:])
                return words[0].strip() if not row[at:].startswith("   ") else ""
    return ""


def live(server, units=True):
    """All panes of a server are live: vitals, containers and units, in the fleet and as rows."""
    def is_live(screen):
        lines = screen.lines()
        if not re.match(r"\d+\.\d", column(lines, server, "LOAD")) or "/" not in column(lines, server, "CONTAINERS"):
            return False
        rows = any(re.search(r"(healthy|up|exited \d+) \d+[smhdw]", line) for line in lines)
        return rows and (not units or (column(lines, server, "UNITS") not in ("", "-") and
                                       any(re.search(r"\.(service|timer|socket)\b", line) for line in lines)))
    return is_live


def median(values):
    return statistics.median(values)


def must(value, what):
    if value is None:
        raise Missing(what)
    return value


# --- parts -----------------------------------------------------------------------------------------------


def start(b):
    """From exec to the first letter, and to complete panes of this machine."""
    first, complete, shell = [], [], []
    status = json.loads(subprocess.run([b.mocr, "status", "--json", "--all"], capture_output=True, text=True).stdout)
    me = status["servers"][0]
    name = me["id"].split("/")[0]
    units = me["sources"]["systemd"]["state"] == "live"
    docker = me["sources"]["docker"]["state"] == "live"

    def done(screen):
        if docker:
            return live(name, units)(screen)
        return re.match(r"\d+\.\d", column(screen.lines(), name, "LOAD")) is not None

    for _ in range(b.times(15, 7)):
        p = b.console()
        seen = must(p.wait(lambda s: s.text().strip() != ""), "nothing is painted")
        whole = must(p.wait(done), "this machine's panes never were complete:\n" + p.screen.text())
        first.append((seen - p.started) * 1000)
        complete.append((whole - p.started) * 1000)
        p.stop()
        shell.append(timed(["bash", "-c", "true"]))
    what = "vitals" + (", containers" if docker else "") + (", units" if units else "")
    b.add("exec to first paint", f"{median(first):.1f} ms", f"bash -c true: {median(shell):.1f} ms", median(first) / median(shell))
    b.add(f"exec to complete panes of this machine ({what})", f"{median(complete):.1f} ms", "bash -c true",
          median(complete) / median(shell))


def remembered(b):
    """From exec to the rows of last time, 2,000 of a server that does not answer."""
    # Where others use the processor, the clock counts their share too. So each start has `mocr --version` beside it, which loads the
    # same libraries and ends; and the best of all starts comes nearest to a machine with nothing else to do.
    config = b.config("remembered", "[settings]\nlocal = no\n[server gone]\nhost = 127.0.0.1:9\n")
    os.makedirs(b.home + "/.state/mocr", mode=0o700, exist_ok=True)
    shown, busy, beside = [], [], []
    for _ in range(b.times(20, 5)):
        beside.append(timed([b.mocr, "--version"]))
        with open(b.home + "/.state/mocr/last", "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write("mocr-last 1\nplace\tservices\tcontainers\t\t\t\ncolumns\tservices\tname\tstate\tmem\tabout\n")
            for i in range(2000):
                name = f"thing-{i:04}.service"
                f.write(f"row\tgone\tgone/unit/{name}\t{name}\tgood\tsystemd\t1790000000000\t\t{name}  running\t"
                        f"{name}\trunning 2h\t{i}M\tA thing that runs here\n")
        p = b.console(config=config, remembers=True)
        seen = must(p.wait(lambda s: any("thing-0003.service" in line for line in s.lines())), "the rows of last time never came")
        shown.append((seen - p.started) * 1000)
        busy.append(p.cpu_ns() / 1e6)        # the same beside load, which the wall clock is not
        p.stop()
    b.add("processor time of it", f"{median(busy):.1f} ms", f"best {min(busy):.1f} ms", median(busy) / 30)
    b.add("exec to 2,000 rows of last time", f"{median(shown):.1f} ms", f"wanted: 30 ms; worst {max(shown):.1f} ms", median(shown) / 30)
    b.add("the best of these starts", f"{min(shown):.1f} ms", f"wanted: 30 ms; best mocr --version: {min(beside):.1f} ms", min(shown) / 30)
    b.add("beside mocr --version, each pair in the same moment", f"{median(shown):.1f} ms", f"mocr --version: {median(beside):.1f} ms",
          median([a / v for a, v in zip(shown, beside)]))


def ssh(b):
    """One server: all panes live, beside `ssh SERVER true`; in pairs, on a near road and on long ones."""
    cfg = b.ssh_config()
    config = b.config("ssh-only", "[settings]\nlocal = no\n")
    for delay in b.times([0, 50, 150], [0, 50]):
        name = "sese"
        if delay:
            b.lab("delay", "sese", str(delay))
            name = f"sese-{delay}"
        ratios, mine, theirs = [], [], []
        for _ in range(b.times(9, 5 if not delay else 3)):
            other = timed(["ssh", "-F", cfg, "-o", "BatchMode=yes", name, "true"])
            p = b.console("-F", cfg, name, config=config)
            at = must(p.wait(live(name)), f"{name} never was live:\n" + p.screen.text())
            ms = (at - p.started) * 1000
            p.stop()
            ratios.append(ms / other)
            mine.append(ms)
            theirs.append(other)
        b.add(f"one server by SSH, all panes live, round trip {2 * delay} ms", f"{median(mine):.0f} ms",
              f"ssh SERVER true: {median(theirs):.0f} ms", median(ratios))
        status = []
        for _ in range(b.times(5, 2)):
            begin = time.time()
            done = subprocess.run([b.mocr, "--config", config, "-F", cfg, "status", "--json", name], capture_output=True)
            if done.returncode not in (0, 1):
                raise Missing(f"mocr status {name} ended with {done.returncode}")
            status.append((time.time() - begin) * 1000)
        b.add(f"mocr status of it, round trip {2 * delay} ms", f"{median(status):.0f} ms", "ssh SERVER true",
              median(status) / median(theirs))


def event(b):
    """A container dies on the server: when the engine says so, and when the screen does."""
    cfg = b.ssh_config()
    config = b.config("ssh-only", "[settings]\nlocal = no\n")
    target = "mini_worker_1"
    for delay in [0, 50]:
        name = f"sese-{delay}" if delay else "sese"
        if delay:
            b.lab("delay", "sese", str(delay))
        b.lab("exec", "sese", "docker", "start", target)
        p = b.console("-F", cfg, name, config=config)
        must(p.wait(live(name)), f"{name} never was live")
        p.send(f":containers\r/{target}\r")    # its row is on the screen, whatever else the server has
        p.quiet(0.6, 5)
        late = []
        up = lambda s: any(target in line and re.search(r" (up|healthy) ", line) for line in s.lines())  # noqa: E731
        down = lambda s: any(target in line and "exited 137" in line for line in s.lines())              # noqa: E731
        for _ in range(b.times(10, 4)):
            must(p.wait(up), f"{target} never was up on the screen:\n" + p.screen.text())
            p.drain(0.5)
            since = time.time()
            kill = subprocess.Popen([LAB, "exec", "sese", "docker", "kill", target], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            seen = must(p.wait(down), f"the death of {target} never came to the screen:\n" + p.screen.text())
            kill.wait()
            events = b.lab("exec", "sese", "docker", "events", "--since", f"{since - 1:.3f}", "--until", f"{time.time():.3f}",
                           "--filter", "event=die", "--filter", f"container={target}", "--format", "{{.TimeNano}}").split()
            died = must(next((int(e) / 1e9 for e in events if int(e) / 1e9 > since), None), "the engine told of no death")
            late.append((seen - died) * 1000)
            start_it = subprocess.Popen([LAB, "exec", "sese", "docker", "start", target], stdout=subprocess.DEVNULL)
            must(p.wait(up), f"{target} never came back on the screen:\n" + p.screen.text())
            start_it.wait()
        p.stop()
        b.add(f"a container killed to the screen, round trip {2 * delay} ms", f"{median(late):.1f} ms",
              f"half the round trip: {delay} ms; worst {max(late):.1f} ms", median(late) / delay if delay else None)


def deploy(b):
    """A deploy by a command: from the key to its first word on the server, and from each line it prints to the screen."""
    cfg = b.ssh_config()
    stamp = re.compile(r"T=(\d{13})=")
    for delay in [0, 50]:
        name = f"sese-{delay}" if delay else "sese"
        if delay:
            b.lab("delay", "sese", str(delay))
        n = b.times(24, 10)
        config = b.config("deploy", f"[settings]\nlocal = no\n[deploy tick]\nserver = {name}\nconfirm = no\n"
                          f"run = i=0; while [ $i -lt {n} ]; do i=$((i+1)); echo T=$(date +%s%3N)=; sleep 0.3; done\n")
        begun, late = [], []
        for _ in range(b.times(5, 2)):
            p = b.console("-F", cfg, name, config=config, cols=120, rows=40)
            must(p.wait(live(name)), f"{name} never was live")
            p.send(":deploys\r")
            must(p.wait(lambda s: re.search(r"tick +(never|done)", s.text())), f"{name} never told its deploys:\n" + p.screen.text())
            p.send(f":goto {name}/deploy/tick\r")
            must(p.wait(lambda s: "deploy now" in s.text()), "the cursor never came to the deploy:\n" + p.screen.text())
            p.quiet(0.3, 3)
            key = p.send("D")
            must(p.wait(lambda s: re.search(r"tick +running", s.text()), 20), "the deploy never ran:\n" + p.screen.text())
            p.send("\r")
            seen = set()
            while len(seen) < n:
                at = must(p.wait(lambda s: set(stamp.findall(s.text())) - seen, 20), "a line never came:\n" + p.screen.text())
                fresh = set(stamp.findall(p.screen.text())) - seen
                if seen and len(fresh) == 1:       # the first look brings what was printed before it
                    late.append(at * 1000 - int(fresh.pop()))
                seen |= set(stamp.findall(p.screen.text()))
            begun.append(int(min(seen)) - key * 1000)
            p.stop()
        there = timed(["ssh", "-F", cfg, "-o", "BatchMode=yes", name, "true"]) if not delay else None
        b.add(f"a deploy, from the key to its first word, round trip {2 * delay} ms", f"{median(begun):.0f} ms",
              f"ssh SERVER true: {there:.0f} ms" if there else f"round trip {2 * delay} ms", median(begun) / (there or 2 * delay))
        b.add(f"  a line it prints to the screen, round trip {2 * delay} ms", f"{median(late):.1f} ms",
              f"half the round trip: {delay} ms; worst {max(late):.1f} ms; to be under 50 ms + {2 * delay}", max(late) / (50 + 2 * delay))


def rest(b):
    """Four servers, nobody types: bytes to the terminal, share of a core, memory."""
    cfg = b.ssh_config()
    seconds = b.times(30, 6)
    seldom, usual = "[settings]\nlocal = no\nvitals_interval = 3600\n", "[settings]\nlocal = no\n"
    forms = [("no figure on the screen (vitals_interval = 3600, 40x12)", seldom, 40, 12),
             ("figures of containers alone (vitals_interval = 3600)", seldom, 200, 60),
             ("settings as they come", usual, 200, 60)]
    for title, text, cols, lines in forms:
        p = b.console("-F", cfg, *FLEET, config=b.config("rest", text), cols=cols, rows=lines)
        for server in FLEET:
            must(p.wait(lambda s, v=server: any(re.search(rf"{v} .*\d", line) for line in s.lines())), f"{server} never was live")
        p.drain(b.times(10, 5))
        before, reads, cpu = p.bytes, p.reads, p.cpu_ns()
        screen = p.screen.lines()
        begin = time.time()
        p.drain(seconds)
        share = (p.cpu_ns() - cpu) / 1e9 / (time.time() - begin) * 100
        changed = sum(a != c for a, c in zip(screen, p.screen.lines()))
        sent = p.bytes - before
        b.add(f"at rest, 4 servers, {title}: to the terminal", f"{sent / seconds:.1f} B/s",
              f"{sent} bytes in {seconds} s, {p.reads - reads} times; {changed} lines differ at the end")
        b.add("  share of one core", f"{share:.3f} %", "0.5 %", share / 0.5)
        b.add("  resident memory", f"{p.memory():.1f} MB",
              f"15 MB; own {p.memory('RssAnon'):.1f}, files {p.memory('RssFile'):.1f}", p.memory() / 15)
        p.stop()


def make_recording(folder, n):
    os.makedirs(folder)
    now = int(time.time())
    items = [{"Id": f"{i:064x}", "Names": [f"/app-{i % 97}-worker_{i}"], "Image": f"registry.example/app-{i % 97}:1.{i % 10}",
              "ImageID": f"sha256:{i:064x}", "Command": "run --all", "Created": now - i, "Ports": [], "State": "running",
              "Status": "Up 3 hours", "Labels": {"com.docker.compose.project": f"p{i % 50}"},
              "NetworkSettings": {"Networks": {}}, "Mounts": []} for i in range(n)]
    with open(folder + "/answers", "wb") as f:
        def record(source, what, data):
            f.write(f"{now * 1000}\tbig\t{source}\t{len(data)}\t{what}\n".encode() + data + b"\n")
        record("link", "@state", b"up\t1\t0\ta recording\t")
        record("docker", "ping", b"Api-Version: 1.41\nServer: Docker/20.10.24\n")
        record("docker", "list", json.dumps(items).encode())
        record("docker", "@state", b"live\t")


def drawn(p, keys):
    """How long each key, or each size of the terminal, takes to the end of its drawing, in ms."""
    took = []
    for key in keys:
        sent = p.send(key) if isinstance(key, str) else p.resize(*key)
        at = must(p.read(5), f"{key!r} drew nothing")
        while True:
            more = p.read(0.02)
            if more is None:
                break
            at = more
        took.append((at - sent) * 1000)
    return took


def rows(b):
    """Many rows: from a key to the end of its drawing."""
    small = {}
    for n in [20, 2000, 10000]:
        folder = f"{b.home}/rows-{n}"
        make_recording(folder, n)
        p = b.console("--replay", folder, config=b.config("rows", "[settings]\nlocal = no\n"))
        must(p.wait(lambda s: f"{n}/{n}" in s.text(), 30), f"{n} rows never were there:\n" + p.screen.text())
        p.quiet(1.2, 5)
        p.send("2")
        p.quiet(0.3, 5)

        moves = drawn(p, ["j", "j", "k", "\x1b[6~", "\x1b[5~"] * b.times(60, 20))
        p.send("/")
        p.quiet(0.2, 3)
        types = drawn(p, list("worker_1" if n > 20 else "work"))
        p.send("\x1b")
        p.quiet(0.3, 3)
        sizes = drawn(p, [(120, 40), (200, 60)] * b.times(20, 8))
        memory = p.memory()
        p.stop()
        for what, took in (("a key moves the cursor", moves), ("a letter narrows the filter", types), ("another size of the terminal", sizes)):
            ordered = sorted(took)
            p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
            base = median(small[what]) if n > 20 else None
            small.setdefault(what, took)
            b.add(f"{n} rows: {what}", f"{median(took):.2f} ms",
                  f"best {ordered[0]:.2f} ms; p99 {p99:.2f} ms" + (f"; with 20 rows: {base:.2f} ms" if base else ""),
                  median(took) / base if base else None)
        b.add(f"{n} rows: resident memory", f"{memory:.1f} MB")


def peers_recording(folder, n):
    """n peers of a VPN, each seen by three servers and by Headscale."""
    os.makedirs(folder)
    now = int(time.time())
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 90))
    peer = {f"nodekey:{i:064x}": {
        "ID": str(i), "PublicKey": f"nodekey:{i:064x}", "HostName": f"node-{i}", "DNSName": f"node-{i}.lab.example.", "OS": "linux",
        "TailscaleIPs": [f"100.{65 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}"], "CurAddr": f"10.0.{i // 250}.{i % 250}:41641" if i % 3 else "",
        "Relay": "fra", "Online": i % 7 != 0, "LastSeen": at, "LastHandshake": at, "Active": True, "RxBytes": i * 1000, "TxBytes": i * 2000}
        for i in range(1, n + 1)}
    nodes = [{"id": i, "node_key": f"nodekey:{i:064x}", "ip_addresses": p["TailscaleIPs"], "given_name": p["HostName"], "online": p["Online"]}
             for i, p in enumerate(peer.values(), 1)]
    with open(folder + "/answers", "wb") as f:
        def record(server, source, what, data):
            f.write(f"{now * 1000}\t{server}\t{source}\t{len(data)}\t{what}\n".encode() + data + b"\n")
        for k, server in enumerate(("one", "two", "three")):
            record(server, "link", "@state", b"up\t1\t0\ta recording\t")
            self = {"ID": str(n + 1 + k), "PublicKey": f"nodekey:{n + 1 + k:064x}", "HostName": server, "Online": True,
                    "TailscaleIPs": [f"100.64.0.{k + 1}"]}
            record(server, "tailscale", "status", json.dumps({"BackendState": "Running", "Self": self, "Peer": peer}).encode())
        record("one", "headscale", "look", b"=version\nv0.26.1\n=nodes\n" + json.dumps(nodes).encode() + b"\n")


def peers(b):
    """The panel of peers: from a key to the end of its drawing, with few and with 500 that four places see."""
    small = []
    for n in [5, 500]:
        folder = f"{b.home}/peers-{n}"
        peers_recording(folder, n)
        p = b.console("--replay", folder, config=b.config("peers", "[settings]\nlocal = no\n"), cols=160, rows=50)
        must(p.wait(lambda s: s.text().count("a recording") or "three" in s.text(), 30), "the recording never was there")
        p.quiet(1.2, 5)
        opens = []
        for _ in range(b.times(20, 7)):
            for key in ":fleet":
                p.send(key)
            p.quiet(0.1, 3)
            p.send("\r")
            p.quiet(0.1, 3)
            for key in ":vpn":
                p.send(key)
            p.quiet(0.1, 3)
            opens += drawn(p, ["\r"])
        must(p.wait(lambda s: "node-" in s.text(), 5), "no peer is in the panel:\n" + p.screen.text())
        moves = drawn(p, ["j", "j", "k", "\x1b[6~", "\x1b[5~"] * b.times(60, 20))
        p.stop()
        for what, took, limit in (("opening the panel", opens, 30), ("a key scrolls", moves, 10)):
            ordered = sorted(took)
            p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
            base = median(small.pop(0)) if n > 5 else None
            if base is None:
                small.append(took)
            b.add(f"{n} peers: {what}", f"{median(took):.2f} ms",
                  f"p99 {p99:.2f} ms" + (f"; with 5 peers: {base:.2f} ms; to be under {limit} ms" if base else ""), median(took) / base if base else None)


def fleet(b):
    """10, 50 and 100 servers at rest, from a recording: what a server costs is no more where there are many. This part judges."""
    config = b.config("fleet", "[settings]\nlocal = no\n")
    many_servers.bench(b, lambda *words: b.console(*words, config=config), must, median, Missing)


def sessions(b):
    """Ten OpenCode servers with 500 sessions each: the list, keys, memory, rest; a permission asked, and answered."""
    ten_servers.bench(b, must, median, drawn)


def attach(b):
    """A real OpenCode's own screen inside the console, beside ssh -t."""
    ten_servers.attach(b, must, median, timed, Program, Missing)


def text(b):
    """Log lines: MB a second beside memcpy."""
    done = subprocess.run([b.args.text], capture_output=True, text=True)
    rates = dict(line.split("\t") for line in done.stdout.splitlines())
    if done.returncode or "memcpy" not in rates:
        raise Missing("the text bench ended badly")
    base = float(rates.pop("memcpy"))
    for name, rate in rates.items():
        b.add(f"log lines: {name}", f"{float(rate):.0f} MB/s", f"memcpy: {base:.0f} MB/s", float(rate) / base)


def size(b):
    """The program itself."""
    real = os.path.realpath(b.mocr)
    stripped = b.home + "/stripped"
    subprocess.run(["strip", "-o", stripped, real], check=True)
    other = shutil.which("tmux") or shutil.which("bash")
    mine, theirs = os.path.getsize(stripped), os.path.getsize(os.path.realpath(other))
    b.add("binary, stripped", f"{mine / 1024:.0f} KB", f"{os.path.basename(other)}: {theirs / 1024:.0f} KB", mine / theirs)
    p = b.console()
    p.wait(lambda s: s.text().strip() != "")
    p.drain(2)
    bash = Program(["bash", "--norc", "-i"])
    bash.drain(0.3)
    b.add("resident memory after the start, this machine only", f"{p.memory():.1f} MB", f"bash: {bash.memory():.1f} MB",
          p.memory() / bash.memory())
    p.stop()
    bash.stop()


PARTS = {f.__name__: f for f in (start, remembered, ssh, event, deploy, rest, fleet, rows, peers, sessions, attach,
                                  watching.tell, watching.watch, watching.checks, text, size)}


def table(b):
    wide = max([len(r[0]) for r in b.rows] + [20])
    out = [f"{'what':{wide}}  {'figure':>14}  {'ratio':>6}  against"]
    out += [f"{r[0]:{wide}}  {r[1]:>14}  {r[3]:>6}  {r[2]}" for r in b.rows]
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    for name in ("mocr", "text", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("parts", nargs="*")
    b = Bench(parser.parse_args())
    missing = []
    for name in b.args.parts or PARTS:
        try:
            print(f"{name}: {PARTS[name].__doc__}", flush=True)
            PARTS[name](b)
        except (Missing, watching.Missing) as e:
            missing.append(f"{name}: {e}")
            print(f"  could not be measured: {e}", flush=True)
    with open(b.args.out, "w") as f:
        f.write(table(b))
    shutil.rmtree(b.home, ignore_errors=True)
    for m in missing:
        print("not measured: " + m.splitlines()[0])
    return 1 if missing else 0


sys.exit(main())
