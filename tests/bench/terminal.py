"""A program on a terminal of its own, its bytes with their times, and what they draw."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

TOKEN = re.compile(
    r"\x1b\[([?>=!]?)([0-9;:]*)[ -/]*([@-~])|\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]+[0-~]|\x1b([0-~])"
    r"|([\x00-\x1a\x1c-\x1f\x7f])|([^\x00-\x1f\x7f\x1b]+)|\x1b", re.S)


class Screen:
    """As much of a terminal as ncurses asks of xterm."""

    def __init__(self, cols, rows):
        self.cols, self.rows = cols, rows
        self.cells = [[" "] * cols for _ in range(rows)]
        self.x = self.y = 0
        self.saved = (0, 0)
        self.top, self.bottom = 0, rows
        self.last = " "
        self.rest = b""

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.cells)

    def lines(self):
        return ["".join(line).rstrip() for line in self.cells]

    def feed(self, data):
        data = self.rest + data
        cut = data.rfind(b"\x1b")
        whole = len(data)
        if cut >= 0 and not TOKEN.fullmatch(data[cut:cut + 40].decode("latin-1").split("\x1b", 2)[0] or "\0"):
            if not re.match(rb"\x1b(\[[?>=!]?[0-9;:]*[ -/]*[@-~]|[ -/]+[0-~]|[0-OQ-WYZ\\`-~]|[\]P_^X].*(\x07|\x1b\\))",
                            data[cut:], re.S):
                whole = cut
        while whole and whole == len(data) and whole > 3 and data[whole - 1] >= 0x80:   # half a character
            try:
                data[max(0, whole - 4):whole].decode()
                break
            except UnicodeDecodeError as e:
                if e.reason != "unexpected end of data":
                    break
                whole = max(0, whole - 4) + e.start
        self.rest = data[whole:]
        for m in TOKEN.finditer(data[:whole].decode("utf-8", "replace")):
            mark, params, final, esc, control, text = m.groups()
            if text:
                self.put(text)
            elif final and not mark:
                self.csi(final, [int(p) if p.isdigit() else 0 for p in re.split("[;:]", params)])
            elif esc:
                self.escape(esc)
            elif control:
                self.control(control)

    def put(self, text):
        for c in text:
            if self.x >= self.cols:
                self.x = 0
                self.line_feed()
            self.cells[self.y][self.x] = c
            self.x += 1
        self.last = text[-1]

    def line_feed(self):
        if self.y == self.bottom - 1:
            self.scroll(self.top, 1)
        elif self.y < self.rows - 1:
            self.y += 1

    def scroll(self, at, n):
        for _ in range(abs(n)):
            if n > 0:
                del self.cells[at]
                self.cells.insert(self.bottom - 1, [" "] * self.cols)
            else:
                del self.cells[self.bottom - 1]
                self.cells.insert(at, [" "] * self.cols)

    def control(self, c):
        if c == "\r":
            self.x = 0
        elif c in "\n\v\f":
            self.line_feed()
        elif c == "\b":
            self.x = max(0, self.x - 1)
        elif c == "\t":
            self.x = min(self.cols - 1, (self.x // 8 + 1) * 8)

    def escape(self, c):
        if c == "7":
            self.saved = (self.y, self.x)
        elif c == "8":
            self.y, self.x = self.saved
        elif c == "M":
            if self.y == self.top:
                self.scroll(self.top, -1)
            else:
                self.y = max(0, self.y - 1)

    def blank(self, y, start, end):
        for x in range(max(0, start), min(end, self.cols)):
            self.cells[y][x] = " "

    def csi(self, final, p):
        n = p[0] or 1
        if final in "Hf":
            self.y, self.x = n - 1, (p[1] or 1) - 1 if len(p) > 1 else 0
        elif final == "A":
            self.y -= n
        elif final in "Be":
            self.y += n
        elif final in "Ca":
            self.x += n
        elif final == "D":
            self.x -= n
        elif final in "G`":
            self.x = n - 1
        elif final == "d":
            self.y = n - 1
        elif final == "K":
            self.blank(self.y, 0 if p[0] else self.x, self.x + 1 if p[0] == 1 else self.cols)
        elif final == "J":
            for y in range(self.rows):
                if p[0] >= 2 or (p[0] == 0 and y > self.y) or (p[0] == 1 and y < self.y):
                    self.blank(y, 0, self.cols)
            if p[0] < 2:
                self.blank(self.y, 0 if p[0] else self.x, self.x + 1 if p[0] else self.cols)
        elif final == "X":
            self.blank(self.y, self.x, self.x + n)
        elif final == "P":
            line = self.cells[self.y]
            self.cells[self.y] = line[:self.x] + line[self.x + n:] + [" "] * min(n, self.cols - self.x)
        elif final == "@":
            line = self.cells[self.y]
            self.cells[self.y] = (line[:self.x] + [" "] * n + line[self.x:])[:self.cols]
        elif final == "L":
            self.scroll(self.y, -n)
        elif final == "M":
            self.scroll(self.y, n)
        elif final == "S":
            self.scroll(self.top, n)
        elif final == "T":
            self.scroll(self.top, -n)
        elif final == "b":
            self.put(self.last * n)
        elif final == "r":
            self.top, self.bottom = n - 1, (p[1] or self.rows) if len(p) > 1 else self.rows
            self.x = self.y = 0
        self.y = min(max(self.y, 0), self.rows - 1)
        self.x = min(max(self.x, 0), self.cols)


class Program:
    """Runs argv on a terminal. Times are of CLOCK_REALTIME, in seconds, taken when the bytes were read."""

    def __init__(self, argv, cols=200, rows=60, env=None):
        self.screen = Screen(cols, rows)
        self.bytes = self.reads = 0
        self.first = None
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        self.started = time.time()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            os.closerange(3, 64)
            os.execvpe(argv[0], argv, dict(os.environ, TERM="xterm-256color", **(env or {})))
        os.close(slave)
        self.fd = master

    def resize(self, cols, rows):
        """Another size of the terminal; the time when the program was told."""
        self.screen = Screen(cols, rows)
        now = time.time()
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        return now

    def read(self, timeout):
        """One read: the time of its bytes, or None when none came."""
        if not select.select([self.fd], [], [], max(0, timeout))[0]:
            return None
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return None
        now = time.time()
        self.first = self.first or now
        self.bytes += len(data)
        self.reads += 1
        self.screen.feed(data)
        return now

    def wait(self, predicate, timeout=20):
        """The time of the bytes with which the screen came to be so, or None."""
        end = time.time() + timeout
        now = time.time()
        while not predicate(self.screen):
            got = self.read(end - time.time())
            if got is None and time.time() >= end:
                return None
            now = got or now
        return now

    def drain(self, seconds):
        end = time.time() + seconds
        while time.time() < end:
            self.read(end - time.time())

    def quiet(self, seconds, timeout=20):
        """Until nothing came for so long."""
        end = time.time() + timeout
        while self.read(seconds) is not None and time.time() < end:
            pass

    def send(self, keys):
        now = time.time()
        os.write(self.fd, keys.encode())
        return now

    def cpu_ns(self):
        total = 0
        for tid in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{tid}/schedstat") as f:
                total += int(f.read().split()[0])
        return total

    def memory(self, what="VmRSS"):
        with open(f"/proc/{self.pid}/status") as f:
            return next((int(line.split()[1]) / 1024 for line in f if line.startswith(what + ":")), None)

    def stop(self):
        try:
            os.kill(self.pid, signal.SIGHUP)
        except ProcessLookupError:
            pass
        end = time.time() + 3
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            self.read(0.02)
            if time.time() > end:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
