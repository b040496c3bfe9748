#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files that change while they are read, files of others in the cache, readers that leave."""
import itertools
import os
import pty
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from support import Program, read_terminal

p = Program()
check = p.check
dump, elf = p.case("m4f-o2", "null-write")
content = Path(elf).read_bytes()


def meanwhile(change, *args):
    """Run, with change(n) called again and again."""
    done = threading.Event()

    def again():
        n = 0
        while not done.is_set():
            n += 1
            change(n)

    thread = threading.Thread(target=again)
    thread.start()
    try:
        return p.run(*args)
    finally:
        done.set()
        thread.join()


def test_written_to(tmp):
    """The linker writes the ELF anew: neither a riddle nor a report that may be wrong."""
    copy = tmp / "fw.elf"
    copy.write_bytes(content)
    wanted = (1, b"faultline: fw.elf: was written to while it was read: try again\n")
    runs, said = [], set()
    while len(runs) < 20 or wanted not in said and len(runs) < 1000:  # some end before the other thread begins
        runs.append(meanwhile(lambda n: os.utime(copy, ns=(n, n)), "analyze", dump, "--elf", copy, "--no-cache"))
        said.add((runs[-1].returncode, runs[-1].stderr))
    check("written to", said - {(0, b"")} == {wanted}, said)
    check("a report all the same", all(b"Null Pointer" in run.stdout for run in runs))


def test_cut_off(tmp):
    """While it is mapped: the child dies of it, which is no bug of ours."""
    copy = tmp / "fw.elf"
    for verb in (("analyze", dump, "--elf"), ("symbolize", "0x100", "-e")):
        wanted = (1, b"faultline: fw.elf: was written to while it was read: try again\n")
        said = set()
        began = time.monotonic()
        for n in itertools.count():  # how long reading it takes depends on the machine: until it was hit
            delay = n % 40 * 5
            if n >= 40 and (wanted in said or time.monotonic() - began > 60):
                break
            copy.write_bytes(content)
            os.truncate(copy, 256 << 20)
            with subprocess.Popen([p.path, *verb, copy, "--no-cache"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
                time.sleep(delay / 1000)
                os.truncate(copy, len(content))
                err = run.stderr.read()
            said.add((run.returncode, err))
        check(f"{verb[0]}: cut off", wanted in said and said <= {wanted, (0, b"")}, said)


def test_replaced(tmp):
    """Another file of that name is nothing to speak of: the old one was read."""
    copy = tmp / "fw.elf"
    copy.write_bytes(content)

    def replace(n):
        (tmp / "new").write_bytes(content)
        os.replace(tmp / "new", copy)

    run = meanwhile(replace, "analyze", dump, "--elf", copy, "--no-cache")
    check("replaced", run.returncode == 0 and not run.stderr, run)


def test_files_of_others(tmp):
    """A cache folder may hold more than the cache: only our files are too much."""
    cache = tmp / "cache"
    cache.mkdir()
    names = ["theirs.index", "1-2.index", "1-2-3-4.index", "1-2-3.idx", "1-2-.index", "1-2-xyz.index"]
    ours = "fe00-1234-0123456789abcdef.index"
    for name in (*names, ours):
        (cache / name).touch()
        os.truncate(cache / name, 1 << 30)
        os.utime(cache / name, (1, 1))
    p.expect("a full folder", 0, "analyze", dump, "--elf", elf, "--cache", cache)
    left = sorted(path.name for path in cache.iterdir())
    check("files of others stay", set(names) <= set(left), left)
    check("ours goes", ours not in left and len(left) == len(names) + 1, left)


def test_reader_that_leaves(tmp):
    (tmp / "many").write_text("0x100\n" * 100_000)
    run = subprocess.run(["bash", "-c", f"'{p.path}' symbolize --elf '{elf}' < '{tmp}/many' | head -1"],
                         capture_output=True, timeout=60)
    check("reader that leaves", run.stdout.count(b"\n") == 1 and not run.stderr, run)
    leaving, writing = os.pipe()
    os.close(leaving)
    run = subprocess.run([p.path, "analyze", dump, "--elf", elf, "--no-cache"], stdout=writing, stderr=subprocess.PIPE, timeout=60)
    os.close(writing)
    check("reader that left", run.returncode == 1 and not run.stderr, run)
    for verb in (("analyze", dump, "--elf", elf), ("--help",)):
        with open("/dev/full", "wb") as full:
            run = subprocess.run([p.path, *verb], stdout=full, stderr=subprocess.PIPE, timeout=60,
                                 env={**os.environ, "XDG_CACHE_HOME": "/dev/null/none"})
        check(f"{verb[0]}: full disk", run.returncode == 1 and b"standard output: cannot be written: No space" in run.stderr, run)


def test_no_event(tmp):
    (tmp / "map").write_bytes(b"\xa2\x26garbage")
    p.expect("neither", 3, "analyze", tmp / "map", err="map: neither a coredump nor an event: ", one_line=True)


def test_traces(tmp):
    db = tmp / "a.db"
    p.expect("ingest", 0, "ingest", dump, "--device", "unit-1", "--db", db)
    p.expect("of a device", 0, "traces", "list", "--device", "unit-1", "--db", db, out="Null Pointer")
    for form in ("text", "json"):
        p.expect(f"of no device, {form}", 4, "traces", "list", "--device", "unit-2", "--format", form, "--db", db,
                 err="^faultline: there is no device unit-2$", one_line=True)
    for verb in ("show", "explain", "export"):
        p.expect(f"{verb} of no trace", 4, "traces", verb, 9, "--db", db, err="^faultline: there is no trace 9$", one_line=True)
    run = p.run("traces", "export", 1, "--db", db)
    check("export", run.stdout == Path(dump).read_bytes(), run.stderr)
    ours, theirs = pty.openpty()
    run = subprocess.run([p.path, "traces", "export", "1", "--db", db], stdout=theirs, stderr=subprocess.PIPE, timeout=60)
    os.close(theirs)
    check("export to a terminal", run.returncode == 2 and b"give --output" in run.stderr and not read_terminal(ours), run)


for name, test in list(globals().items()):
    if name.startswith("test_"):
        folder = Path(tempfile.mkdtemp(prefix="faultline-test-"))
        test(folder)
        shutil.rmtree(folder)
p.finish()
