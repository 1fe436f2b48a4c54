"""Ten OpenCode servers with 500 sessions each, as one small program on the loopback that says what 1.18 says, or what 2.0.22 says."""
import json
import os
import re
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERVERS, SESSIONS = 10, 500


class Fake(ThreadingHTTPServer):
    """One server: its list, and a stream of events into which a permission can be pushed."""
    daemon_threads = True

    def __init__(self, number, sessions=SESSIONS):
        super().__init__(("127.0.0.1", 0), self.answers())
        now = int(time.time() * 1000)
        self.number, self.asked, self.streams, self.pending, self.lock = number, 0, [], [], threading.Lock()
        self.sessions = [{"id": f"ses_{number:02d}{i:05d}", "title": f"work {number}-{i}", "directory": f"/srv/app{i % 5}", "projectID": "p",
                          "agent": "build", "model": {"id": "m1", "providerID": "fake"}, "cost": i / 100, "tokens": {"input": i, "output": 7},
                          "time": {"created": now - i * 60000, "updated": now - i * 1000}} for i in range(sessions)]
        self.list = json.dumps(self.sessions).encode()
        threading.Thread(target=self.serve_forever, daemon=True).start()
        threading.Thread(target=self.beat, daemon=True).start()

    def answers(self):
        return Answers

    def handle_error(self, request, client_address):      # a console that ended
        pass

    def beat(self):
        while True:
            time.sleep(10)
            self.push({"payload": {"type": "server.heartbeat", "properties": {}}})

    def push(self, event):
        data = f"data: {json.dumps(event)}\n\n".encode()
        with self.lock:
            for out in list(self.streams):
                try:
                    out.write(data)
                    out.flush()
                except OSError:
                    self.streams.remove(out)

    def event(self, kind, **properties):
        self.push({"directory": "/srv/app0", "payload": {"type": kind, "properties": properties}})

    def ask(self, number, words):
        """A session wants to run words: the time at which the event left."""
        session = self.sessions[number]["id"]
        self.event("session.status", sessionID=session, status={"type": "busy"})
        time.sleep(0.2)                  # as a model thinks
        at = time.time()
        self.event("permission.asked", id=f"per_{number}", sessionID=session, permission="bash", patterns=[words],
                   metadata={"command": words}, always=[])
        return at

    def settle(self, number):
        session = self.sessions[number]["id"]
        self.event("permission.replied", sessionID=session, requestID=f"per_{number}", reply="once")
        self.event("session.status", sessionID=session, status={"type": "idle"})


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *a):
        pass

    def say(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        self.server.asked += 1
        if path == "/global/health":
            return self.say(b'{"healthy":true,"version":"1.18.33"}')
        if path == "/experimental/session":
            return self.say(self.server.list)
        if path == "/global/event":
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b'data: {"payload":{"type":"server.connected","properties":{}}}\n\n')
            self.server.streams.append(self.wfile)
            while self.wfile in self.server.streams:
                time.sleep(0.5)
            return None
        if path == "/config/providers":
            return self.say(b'{"providers":[{"id":"fake","models":{"m1":{"limit":{"context":100000}}}}]}')
        if path == "/session/status":
            return self.say(b"{}")
        return self.say(b"[]")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked += 1
        self.server.pending.append(time.time())
        self.say(b"true")


class Fake2(Fake):
    """The same of generation 2: the lists are in envelopes, and the events carry data."""

    def __init__(self, number, sessions=SESSIONS):
        super().__init__(number, sessions)
        for one in self.sessions:
            one["location"] = {"directory": one.pop("directory")}
        self.list = json.dumps({"data": self.sessions, "cursor": {"previous": None, "next": None}}).encode()

    def answers(self):
        return Answers2

    def beat(self):
        while True:
            time.sleep(10)
            with self.lock:
                for out in list(self.streams):
                    try:
                        out.write(b": heartbeat\n\n")
                        out.flush()
                    except OSError:
                        self.streams.remove(out)

    def event(self, kind, **properties):
        self.push({"id": f"evt_{time.time_ns()}", "created": int(time.time() * 1000), "type": kind, "data": properties})

    def ask(self, number, words):
        session = self.sessions[number]["id"]
        self.event("session.execution.started", sessionID=session)
        time.sleep(0.2)
        at = time.time()
        self.event("permission.asked", id=f"per_{number}", sessionID=session, action="shell", resources=[words], save=[],
                   metadata={"command": words})
        return at

    def settle(self, number):
        session = self.sessions[number]["id"]
        self.event("permission.replied", sessionID=session, requestID=f"per_{number}", reply="once")
        self.event("session.execution.succeeded", sessionID=session)


class Answers2(Answers):
    def do_GET(self):
        path = self.path.split("?")[0]
        self.server.asked += 1
        if path == "/api/info":
            return self.say(b'{"version":"2.0.22","pid":1,"urls":[],"paths":{}}')
        if path == "/api/session":
            return self.say(self.server.list)
        if path == "/api/session/active":
            return self.say(b'{"data":{}}')
        if path == "/api/event":
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b'data: {"id":"evt_0","type":"server.connected","data":{}}\n\n')
            self.server.streams.append(self.wfile)
            while self.wfile in self.server.streams:
                time.sleep(0.5)
            return None
        if path.startswith("/api/"):
            return self.say(b'{"location":{},"data":[]}')
        return self.say(b"<!doctype html><title>OpenCode</title>", "text/html")


def config_of(servers):
    return "".join(f"[opencode s{s.number}]\nurl = http://127.0.0.1:{s.server_port}\n" for s in servers)


def bench(b, must, median, drawn):
    """Both generations: the first whole list, a key, memory, rest; a permission asked to the screen, and an answer to the server."""
    for generation, fake in ((1, Fake), (2, Fake2)):
        of_generation(b, must, median, drawn, generation, [fake(n) for n in range(SERVERS)])


def rows_of(text):
    """How many sessions the pane says there are; the tmux sessions of this machine count with the others."""
    at = re.search(r"6 Sessions ─.* [0-9]+/([0-9]+) ─", text)
    return int(at.group(1)) if at else 0


def of_generation(b, must, median, drawn, generation, servers):
    config = b.config("sessions", config_of(servers))
    whole, first = [], None
    for _ in range(b.times(5, 2)):
        p = b.console(config=config, cols=170, rows=50)
        up = must(p.wait(lambda s: " local " in s.text()), "this machine never was there")
        for key in ":sessions\r":
            p.send(key)
        at = must(p.wait(lambda s: rows_of(s.text()) >= SERVERS * (SESSIONS + 1) and f"work {SERVERS - 1}-0 " in s.text(), 30),
                  "the sessions never were there:\n" + p.screen.text())
        whole.append((at - up) * 1000)
        first = first or p
        if p is not first:
            p.stop()
    p = first
    p.quiet(1.5, 20)
    b.add(f"{SERVERS} servers of OpenCode {generation} with {SESSIONS} sessions: this machine up to the newest of each in the list", f"{median(whole):.0f} ms",
          "to be under 300 ms", median(whole) / 300)
    p.send("z")
    p.quiet(0.5, 5)
    keys = drawn(p, ["j", "j", "k", "\x1b[6~", "\x1b[5~"] * b.times(40, 10))
    b.add("  a key", f"{median(keys):.2f} ms", f"worst {max(keys):.1f} ms; to be under 10 ms", median(keys) / 10)
    b.add("  resident memory", f"{p.memory():.1f} MB", f"25 MB; own {p.memory('RssAnon'):.1f}", p.memory() / 25)
    before, seconds = sum(x.asked for x in servers), b.times(30, 8)
    p.drain(seconds)
    b.add("  at rest: requests to the ten", f"{sum(x.asked for x in servers) - before}", f"in {seconds} s, besides the heartbeats that come")
    late, back = [], []
    p.send("g")
    p.quiet(0.3, 3)
    for i in range(b.times(20, 6)):
        s = servers[i % SERVERS]
        words = f"make it-{i}"
        asked = s.ask(0, words)
        seen = must(p.wait(lambda screen, w=words: w in screen.text(), 5), f"{words} never was on the screen:\n" + p.screen.text())
        late.append((seen - asked) * 1000)
        p.send("g")
        p.quiet(0.1, 2)
        p.send("\r")
        must(p.wait(lambda screen: "[o] once" in screen.text(), 5), "the box never came:\n" + p.screen.text())
        n, sent = len(s.pending), p.send("o")
        while len(s.pending) == n and time.time() < sent + 3:
            p.read(0.005)
        back.append((must(s.pending[n:] or None, "the answer never came")[0] - sent) * 1000)
        s.settle(0)
        must(p.wait(lambda screen, w=words: w not in screen.text(), 10), f"{words} stays on the screen")
    p.stop()
    b.add(f"a permission asked to the screen, OpenCode {generation}", f"{median(late):.1f} ms", f"worst {max(late):.1f} ms; to be under 50 ms and a round trip", median(late) / 50)
    b.add(f"an answer pressed to the server having it, OpenCode {generation}", f"{median(back):.1f} ms", f"worst {max(back):.1f} ms")


def attach(b, must, median, timed, Program, Missing):
    """The TUI of a real OpenCode inside the console, beside `ssh -t SERVER opencode attach` without its login."""
    cfg = b.ssh_config()
    config = b.config("ssh-only", "[settings]\nlocal = no\n")
    url = "http://127.0.0.1:4096"
    curl = ["exec", "pi", "curl", "-fsS", "-m", "10", "-H", "content-type: application/json", "-d", '{"title":"attached"}', url + "/session?directory=/srv/alpha"]
    try:
        session = json.loads(b.lab(*curl))["id"]
    except Missing:
        up = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab/opencode/up")
        subprocess.run([up], stdout=subprocess.DEVNULL, check=False)
        session = json.loads(b.lab(*curl))["id"]
    mine, theirs = [], []
    for _ in range(b.times(5, 2)):
        login = timed(["ssh", "-F", cfg, "-o", "BatchMode=yes", "pi", "true"])
        p = Program(["ssh", "-F", cfg, "-t", "pi", f"opencode attach {url} --dir /srv/alpha --session {session}"], 120, 40)
        at = must(p.wait(lambda s: s.text().strip() != "", 30), "ssh -t opencode attach showed nothing")
        theirs.append((at - p.started) * 1000 - login)
        p.stop()
        p = b.console("-F", cfg, "pi", config=config, cols=120, rows=40)
        must(p.wait(lambda s: "attached" in s.text() or "● pi" in s.text()), "pi never was live")
        for key in ":sessions\r":
            p.send(key)
        must(p.wait(lambda s: "attached" in s.text()), "the session never was listed:\n" + p.screen.text())
        for key in f":goto pi/session/{session}\r":
            p.send(key)
        p.quiet(0.5, 5)
        sent = p.send("a")
        must(p.wait(lambda s: "[Ctrl-]] leaves it" in s.text(), 10), "it was not attached:\n" + p.screen.text())
        at = must(p.wait(lambda s: any(line.strip() and "[Ctrl-]] leaves" not in line for line in s.lines()), 30), "the TUI showed nothing")
        mine.append((at - sent) * 1000)
        p.stop()
    b.lab("exec", "pi", "curl", "-fsS", "-m", "10", "-X", "DELETE", f"{url}/session/{session}?directory=/srv/alpha")
    b.add("attach: first of the TUI on the screen", f"{median(mine):.0f} ms", f"ssh -t ... opencode attach less its login: {median(theirs):.0f} ms; to be under 1.1",
          median(mine) / median(theirs))
