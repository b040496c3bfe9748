#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A backup that is stopped leaves nothing behind."""
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from support import Program

p = Program()
check = p.check
dump, elf = p.case("m4f-og", "null-write")


def stop(db, copy, number, delay):
    """Its end, and what is there then."""
    with subprocess.Popen([p.path, "backup", copy, "--db", db], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        time.sleep(delay)
        run.send_signal(number)
        run.communicate(timeout=60)
    return run.returncode, sorted(path.name for path in copy.parent.iterdir())


def stop_often(tmp, number):
    ends = []
    for delay in range(2, 100, 7):
        folder = tmp / f"{number}-{delay}"
        folder.mkdir()
        code, left = stop(tmp / "a.db", folder / "copy.db", number, delay / 1000)
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        ends.append((code, left))
    whole = (0, ["copy.db", "copy.db.symbols"])
    stopped = (-number, [])
    check(f"signal {number}: whole or nothing", all(end in (whole, stopped) for end in ends), ends)
    check(f"signal {number}: stopped", stopped in ends, ends)


with tempfile.TemporaryDirectory() as name:
    tmp = Path(name)
    p.expect("symbols", 0, "symbols", "add", elf, "--db", tmp / "a.db")
    stored, = (tmp / "a.db.symbols").glob("*.elf")
    os.truncate(stored, 64 << 20)  # takes a while
    stop_often(tmp, signal.SIGINT)
    stop_often(tmp, signal.SIGTERM)
    p.expect("a damaged ELF", 3, "check", "--db", tmp / "a.db", err="^faultline: 1 problem: see ", one_line=True)

p.finish()
