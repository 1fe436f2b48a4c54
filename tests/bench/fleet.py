"""Many servers at rest, played from a recording of one: the share of a core that each of them costs.

Each server is the lab's sese as it was recorded: its containers, units, figures. Every three seconds each tells a sample,
as vitals_interval has it. Every seven seconds a container of it in a restart loop dies and starts. What the connections
cost (libssh, sd-bus) is not in it; the part rest has that, for four servers of the lab."""
import os
import threading
import time

TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../screens/recording/answers")
MOVING = ("event", "stats:", "signal:", "changed:", "tail:", "sample")
SERVER = b"sese"
LOOP = b"1af644b0484f13d9bbe3c8ef00bf53944bfccc3869997c79adc87b882d568990"
SAMPLE = (b"cpu  %d 0 75600 %d 2322 0 1696 99 0 0\nload %d.26 2.95 2.39 16/798 25223\nuptime %d.78 5968.32\n"
          b"MemTotal: 24684084\nMemFree: 22172452\nMemAvailable: %d\nBuffers: 6720\nCached: 1537884\nSwapTotal: 0\nSwapFree: 0\n")
EVENT = (b'{"status":"%s","id":"%s","from":"javisi/jobs:latest","Type":"container","Action":"%s","Actor":{"ID":"%s","Attributes":'
         b'{"exitCode":"3","image":"javisi/jobs:latest","name":"javisi_loop"}},"scope":"local","time":%d,"timeNano":%d}')
FIRST_MS = 1500             # the servers are there; then they move
FEW, MANY = 10, 100
TIMES_FEW = 3               # so often the few are measured: their spread is the noise
MOST = 4                    # a server among MANY costs at most so many times one among FEW: a cost that grows with the square
                            # of the servers would be ten times as high, what else the machine does is seldom half as much


def records(path):
    """(server, source, what, bytes) of each record."""
    with open(path, "rb") as f:
        data = f.read()
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        _, server, source, length, what = data[at:end].split(b"\t")
        yield server, source, what, data[end + 1:end + 1 + int(length)]
        at = end + 1 + int(length) + 1


def still(path):
    """What was told of the server once and for all: the last word on each thing that does not move."""
    kept = {}
    for server, source, what, data in records(path):
        if server == SERVER and source != b"link" and not what.decode().startswith(MOVING):
            kept[source, what] = data
    states = [(key, data.replace(b"stale", b"live")) for key, data in kept.items() if key[1] == b"@state"]
    return [(key, data) for key, data in kept.items() if key[1] != b"@state"] + states


def sample(second, server):
    return SAMPLE % (95315 + 61 * second + server * second % 40, 596832 + 130 * second, server % 9, 3906 + second,
                     23638500 - 1000 * (second % 50))


def moves(servers, seconds):
    """(milliseconds, server, source, what, bytes) of all that goes on at rest, in the order of time."""
    out = []
    for i in range(servers):
        for second in range(0, seconds, 3):
            out.append((FIRST_MS + second * 1000 + 3 * i, i, b"vitals", b"sample", sample(second, i)))
        for second in range(i % 7, seconds, 7):
            for after, action in ((0, b"die"), (120, b"start")):
                ms = FIRST_MS + second * 1000 + 131 * i % 1000 + after
                out.append((ms, i, b"docker", b"event", EVENT % (action, LOOP, action, LOOP, ms // 1000, ms * 1000000)))
    return sorted(out, key=lambda move: move[0])


def record(folder, servers, seconds):
    """Writes the recording of so many servers."""
    os.makedirs(folder)
    begin = int(time.time() * 1000)
    template = still(TEMPLATE)
    with open(folder + "/answers", "wb") as f:
        def add(ms, i, source, what, data):
            f.write(b"%d\ts%03d\t%s\t%d\t%s\n%s\n" % (begin + ms, i, source, len(data), what, data))
        for i in range(servers):
            add(0, i, b"link", b"@state", b"up\t2\t0\ta recording\t")
            for (source, what), data in template:
                add(0, i, source, what, data)
        for ms, i, source, what, data in moves(servers, seconds):
            add(ms, i, source, what, data)
        add(FIRST_MS + seconds * 1000, servers, b"link", b"@state", b"up\t2\t0\ta recording\t")


def share(console, folder, servers, seconds):
    """The share of a core, in percent, that a server costs while what goes on in so many seconds is played. None: no end."""
    record(folder, servers, seconds)
    p = console("--replay", folder)
    used = None
    if p.wait(lambda s: f"{servers} servers: {servers} up" in s.text(), 60):
        p.drain(FIRST_MS / 2000)
        before = p.cpu_ns()
        if p.wait(lambda s: f"{servers + 1} servers: {servers + 1} up" in s.text(), 20 + 2 * seconds):
            used = p.cpu_ns() - before
    p.stop()
    return None if used is None else used / 1e7 / seconds / servers


def bench(b, console, must, median, missing):
    """All fleets play at the same time, so that the machine is the same for all."""
    seconds = b.times(20, 6)
    sizes = [FEW] * TIMES_FEW + [50, MANY]
    shares = [None] * len(sizes)

    def play(i):
        shares[i] = share(console, f"{b.home}/fleet-{i}", sizes[i], seconds)
    threads = [threading.Thread(target=play, args=(i,)) for i in range(len(sizes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    few = [must(one, f"{FEW} servers never played to their end") for one in shares[:TIMES_FEW]]
    base = median(few)
    b.add(f"{FEW} servers at rest: share of a core, each", f"{base:.4f} %", f"{min(few):.4f} to {max(few):.4f} %", 1)
    for servers, each in zip(sizes[TIMES_FEW:], shares[TIMES_FEW:]):
        must(each, f"{servers} servers cost so much that their recording never came to its end")
        b.add(f"{servers} servers at rest: share of a core, each", f"{each:.4f} %",
              f"all together {each * servers:.2f} %", each / base)
    if shares[-1] > max(few) * MOST:
        raise missing(f"a server costs {shares[-1]:.4f} % of a core among {MANY}, {base:.4f} % among {FEW}")
