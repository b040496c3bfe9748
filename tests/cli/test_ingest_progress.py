#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How far 'faultline ingest' is: on a terminal, while it lasts."""
import os
import pty
import subprocess
import tempfile
import time
from pathlib import Path

from support import Program, read_terminal

p = Program()
dump, _ = p.case("m4f-og", "null-write")
content = Path(dump).read_bytes()


def check(what, condition, detail=""):
    p.count += 1
    if not condition:
        p.failures.append(what)
        print(f"FAILED {what}: {detail}")


def ingest(*files, fifo, on_terminal, late, slow=0.0):
    """Its stderr, where the last file comes through a FIFO: opened late, or written slowly."""
    ours, theirs = pty.openpty()
    command = [p.path, "ingest", "--queue-only", *map(str, files), str(fifo), "--db", str(fifo) + ".db"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs if on_terminal else subprocess.PIPE) as run:
        os.close(theirs)
        time.sleep(late)
        with open(fifo, "wb", buffering=0) as pipe:
            pipe.write(content[:4000])
            time.sleep(slow)
            pipe.write(content[4000:])
        said = b"" if on_terminal else run.stderr.read()
    text = read_terminal(ours)
    check("exit code", run.returncode == 0, run.returncode)
    return text if on_terminal else said


def expect(what, text, part):
    check(what, part in text and text.endswith(b"\r\x1b[K"), text)


with tempfile.TemporaryDirectory() as name:
    tmp = Path(name)
    fifo = tmp / "late.core"
    other = tmp / "no dump"
    other.write_bytes(b"nothing that is known\n")
    os.mkfifo(fifo)
    expect("several files", ingest(dump, dump, fifo=fifo, on_terminal=True, late=0.5), b"\r3 files, 0.0 MB \x1b[K")
    expect("one that takes long", ingest(dump, dump, fifo=fifo, on_terminal=True, late=0, slow=0.5),
           b"\r2 files, late.core: 0.0 MB, ")
    check("elsewhere nothing", ingest(dump, fifo=fifo, on_terminal=False, late=0.5) == b"")

    # A message has a line of its own.
    ours, theirs = pty.openpty()
    with subprocess.Popen([p.path, "ingest", "--queue-only", str(fifo), str(other), "--db", str(tmp / "a.db")],
                          stdout=subprocess.DEVNULL, stderr=theirs) as run:
        os.close(theirs)
        time.sleep(0.5)
        fifo.write_bytes(content)
    text = read_terminal(ours)
    check("a message", b"1 file, 0.0 MB \x1b[K\r\x1b[Kfaultline: " in text, text)

p.finish()
