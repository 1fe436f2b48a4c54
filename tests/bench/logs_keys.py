#!/usr/bin/env python3
"""How soon a key shows while filters are laid over a full log. logs_keys.py MOCR SSH_CONFIG TARGET"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(__file__))
from terminal import Program  # noqa: E402

mocr, config, target = sys.argv[1:4]
p = Program([mocr, "-F", config, target.split("/")[0]], cols=120, rows=40)
p.wait(lambda s: " ms " in s.text(), 30)
p.send(f":logs {target}\r")
if not p.wait(lambda s: "log_memory is full" in s.text(), 120):
    sys.exit("keys: the log did not fill")
p.send("k")
p.wait(lambda s: "paused" in s.text(), 5)


def form(screen):
    """Which form of times the lines on the screen have."""
    line = screen.lines()[10]
    return 1 if re.match(r"\d\d\d\d-", line) else 0 if re.match(r"\d\d:\d\d:\d\d ", line) else 2


waits = []
for i in range(12):
    # A filter that lets all pass but the whole buffer has to be judged for it; then at once keys that change every line.
    typed = f"&!error|warn|fat{i}" if i % 2 == 0 else "&"
    p.send(typed)
    p.wait(lambda s: s.lines()[-2].startswith(typed) or s.lines()[-1].startswith(typed), 2)
    p.send("\r")
    for _ in range(9):
        wanted = (form(p.screen) + 1) % 3
        before = p.send("t")
        at = p.wait(lambda s: form(s) == wanted, 2)
        if at is not None:
            waits.append((at - before) * 1000)
p.stop()
waits.sort()
if not waits:
    sys.exit("keys: nothing was drawn")
print(f"keys while a full log is filtered: half shown within {waits[len(waits) // 2]:.1f} ms, 99 of 100 within "
      f"{waits[len(waits) * 99 // 100]:.1f} ms, worst {waits[-1]:.1f} ms ({len(waits)} keys)")
