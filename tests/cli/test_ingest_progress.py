#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How far 'faultline ingest' is: on a terminal, while it lasts; and where it ends early."""
import json
import os
import pty
import resource
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from support import Program, read_terminal

p = Program()
check = p.check
dump, _ = p.case("m4f-og", "null-write")
content = Path(dump).read_bytes()


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


def full_disk():
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


# A database that takes nothing more: said once, not for each of ten thousand files.
with tempfile.TemporaryDirectory() as name:
    folder = Path(name) / "dumps"
    folder.mkdir()
    for number in range(100):
        (folder / f"{number:03}.core").write_bytes(content + os.urandom(4000))
    at = ("--db", str(Path(name) / "a.db"))
    run = subprocess.run([p.path, "ingest", "--queue-only", folder, folder / "000.core", *at], capture_output=True,
                         text=True, preexec_fn=full_disk)
    check("a full disk", run.returncode == 1 and "1 could not be taken in" in run.stdout and run.stderr.count("\n") == 2
          and f"\nfaultline: {100 - int(run.stdout.split()[0])} more files were not looked at" in run.stderr, run)
    taken = int(run.stdout.split()[0])
    check("some were taken in", 0 < taken < 100, run.stdout)
    p.expect("they are there", 0, "check", *at, out="no problems")
    stats = json.loads(p.expect("that many", 0, "stats", "--format", "json", *at))
    check("that many", stats["dumps"]["queued"] == taken, stats)
    p.expect("a file that cannot be read is another matter", 1, "ingest", "--queue-only", "/proc/self/mem", dump,
             "--db", Path(name) / "b.db", out="1 taken in, 0 duplicates, 1 could not be taken in", one_line=True)

p.finish()
