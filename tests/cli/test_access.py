#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Folders and files that may be read but not written: said with the reason, exit code 1."""
import os
import shutil
import sys
import tempfile
from pathlib import Path

from support import Program

NOBODY = 65534

p = Program()
dump, elf = p.case("m4f-og", "null-write")


def become_nobody(folder):
    """Who may write everywhere sees none of this."""
    global dump, elf
    for file in (p.path, dump, elf):
        shutil.copy(file, folder)
    folder.chmod(0o777)
    p.path, dump, elf = (str(folder / Path(file).name) for file in (p.path, dump, elf))
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def test(tmp):
    db, spool, closed = tmp / "crashes.db", tmp / "spool", tmp / "closed"
    spool.mkdir()
    closed.mkdir()
    worker = ("worker", "--once", "--db", db, "--spool", spool)
    p.expect("a spool folder", 0, *worker, out="^0 analysed", not_err=".")
    spool.chmod(0o555)
    p.expect("an empty one that cannot be written", 1, *worker, err="spool: Permission denied: .*allowed to write",
             one_line=True)
    p.expect("by several processes", 1, *worker, "--jobs", 2, err="spool: Permission denied: .*allowed to write")
    spool.chmod(0o755)
    shutil.copy(dump, spool / "a.core")
    spool.chmod(0o555)
    p.expect("one with a file", 1, *worker, err="spool: Permission denied: .*allowed to write", one_line=True)
    spool.chmod(0o755)
    p.expect("repaired", 0, *worker, out="1 taken from the spool", not_err=".")
    db.chmod(0o444)
    p.expect("a database that cannot be written", 1, *worker, err="crashes.db: Permission denied: .*allowed to write",
             one_line=True)
    closed.chmod(0o555)
    p.expect("no new file in a folder", 1, "symbols", "add", elf, "--db", closed / "x.db",
             err="x.db: Permission denied", one_line=True)
    p.expect("no folder", 1, "symbols", "add", elf, "--db", tmp / "none/x.db", err="x.db: No such file", one_line=True)
    spool.chmod(0o755)
    closed.chmod(0o755)
    db.chmod(0o644)
    p.finish()


with tempfile.TemporaryDirectory() as name:
    child = os.fork()
    if not child:
        if os.geteuid() == 0:
            become_nobody(Path(name))
        (Path(name) / "work").mkdir()
        try:
            test(Path(name) / "work")
        except SystemExit as end:
            sys.stdout.flush()
            os._exit(end.code)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.exit(code)
