#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Symbol files that come after the dumps give the same issues as symbol files that were there first.
usage: test_waiting_order.py PROGRAM CORPUS [DUMPS]"""
import json
import sys
import tempfile
from pathlib import Path

from support import Program


def fill_spool(folder, corpus, count):
    """COUNT dumps, each from a device of its own, the recorded ones over and over."""
    folder.mkdir()
    dumps = sorted(corpus.glob("*/*/dump.core"))
    for i in range(count):
        name = f"{i:06}.core"
        (folder / f"{name}.json").write_text(json.dumps(
            {"device": f"dev-{i}", "received_at": 1_700_000_000 + i}))
        (folder / name).write_bytes(dumps[i % len(dumps)].read_bytes())


def partition(program, database):
    """The sources of each issue, and those in none (dumps that name no build id keep waiting)."""
    rows = json.loads(program.run("traces", "list", "--db", database, "--format", "json").stdout)
    issues = {}
    for row in rows:
        issues.setdefault(row.get("issue"), set()).add(row["source"])
    without = issues.pop(None, set()) | issues.pop(0, set())
    return {frozenset(sources) for sources in issues.values()}, without


def main():
    program = Program()
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    corpus = Path(program.corpus)
    elfs = sorted(corpus.glob("*/fw.elf"))
    with tempfile.TemporaryDirectory(prefix="faultline-test-") as scratch:
        scratch = Path(scratch)
        fill_spool(scratch / "spool-1", corpus, count)
        fill_spool(scratch / "spool-2", corpus, count)
        early, late = scratch / "early.db", scratch / "late.db"
        program.expect("symbols first", 0, "symbols", "add", *elfs, "--db", early)
        program.expect("then dumps", 0, "worker", "--once", "--db", early, "--spool",
                       scratch / "spool-1")
        program.expect("dumps first", 0, "worker", "--once", "--db", late, "--spool",
                       scratch / "spool-2", out=rf"{count} wait")
        issues, without = partition(program, late)
        if issues or len(without) != count:
            program.failures.append("a waiting trace is in no issue")
        program.expect("then symbols", 0, "symbols", "add", *elfs, "--db", late)
        program.expect("waiting ones", 0, "worker", "--once", "--db", late)
        wanted, unknown = partition(program, early)
        got, waiting = partition(program, late)
        print(f"{count} dumps, {len(wanted)} issues, {len(unknown)} in none")
        if not wanted or got != wanted or waiting != unknown:
            program.failures.append("other issues")
            print(f"FAILED: {len(wanted ^ got)} issues, {len(waiting ^ unknown)} others differ")
    program.finish()


main()
