"""``launch.py NOTE WORDS...``: run a command, write what it spent as JSON, end as it ends."""

import json
import os
import sys
import time

note, *words = sys.argv[1:]
begun = time.perf_counter()
started = os.posix_spawnp(words[0], words, os.environ)
_, status, used = os.wait4(started, 0)
wall = time.perf_counter() - begun
unit = 2**20 if sys.platform == "darwin" else 2**10
spent = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / unit}
with open(note, "w", encoding="utf-8") as file:
    json.dump(spent, file)
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
