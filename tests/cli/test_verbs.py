#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The verbs on real dumps, the way a user strings them together."""
import json
import shutil
import tempfile
from pathlib import Path

from support import Program

p = Program()
dump, elf = p.case("m4f-og", "null-write")
other_dump, other_elf = p.case("m33-os", "stack-overflow-psplim")

with tempfile.TemporaryDirectory() as name:
    tmp = Path(name)
    db = tmp / "crashes.db"

    # analyze: text, JSON, from a pipe, ELF chosen from a folder and a database
    p.expect("text", 0, "analyze", dump, "--elf", elf, out="Null Pointer.*store_value|Null Pointer")
    document = json.loads(p.expect("json", 0, "analyze", dump, "--elf", elf, "--format", "json"))
    for key in ("schema", "dump", "device", "software", "reason", "fault", "cause", "threads", "memory",
                "signature", "findings"):
        if key not in document:
            p.failures.append(f"no key {key}")
    p.expect("stdin", 0, "analyze", "-", "--elf", elf, stdin=Path(dump).read_bytes(), out="Null Pointer")
    first = p.run("analyze", dump, "--elf", elf, "--format", "json").stdout
    for mode in ("off", "auto"):
        again = p.run("analyze", dump, "--elf", elf, "--format", "json", "--sandbox", mode).stdout
        same = json.loads(first)
        other = json.loads(again)
        same.pop("sandbox"), other.pop("sandbox")
        if same != other:
            p.failures.append(f"sandbox {mode} changes the report")
    if p.run("analyze", dump, "--elf", elf, "--format", "json").stdout != first:
        p.failures.append("two runs differ")
    p.expect("no colour in a pipe", 0, "analyze", dump, "--elf", elf, out="^[^\x1b]*$")
    p.expect("colour on demand", 0, "analyze", dump, "--elf", elf, "--color", "always", out="\x1b\\[")
    symbols = tmp / "elfs"
    symbols.mkdir()
    shutil.copy(elf, symbols / "right.elf")
    shutil.copy(other_elf, symbols / "a-wrong.elf")
    (symbols / "notes.txt").write_text("not an ELF")
    p.expect("folder of ELFs", 0, "analyze", dump, "--symbols", symbols, out="right.elf|store_value",
             not_err="without an ELF")
    p.expect("database from the environment", 0, "analyze", dump, env={"FAULTLINE_DB": str(tmp / "none.db")},
             err="without an ELF")
    p.expect("no fitting ELF", 4, "analyze", p.case("m0-os", "undefined-instruction")[0], "--symbols", symbols,
             err="no ELF in it")

    # a dump that waits for its ELF
    p.expect("ingest without ELF", 0, "ingest", dump, "--db", db, "--device", "unit-1", out="1 waits for its ELF")
    p.expect("it waits visibly", 0, "traces", "list", "--waiting", "--db", db, out="1 trace from 1 device waits for .*waiting")
    p.expect("no issue yet", 0, "issues", "list", "--db", db, out="no issues yet")
    p.expect("symbols add", 0, "symbols", "add", elf, "--db", db, out="1 that waited can be processed")
    p.expect("worker --once", 0, "worker", "--once", "--db", db, out="1 analysed \\(1 new issue\\)")
    p.expect("analyze with the environment's database", 0, "analyze", dump, env={"FAULTLINE_DB": str(db)},
             out="Null Pointer at store_value", not_err=".")
    p.expect("nothing waits", 0, "traces", "list", "--waiting", "--db", db, out="no traces")
    p.expect("an issue", 0, "issues", "list", "--db", db, out="Null Pointer at ")
    p.expect("symbols list", 0, "symbols", "list", "--db", db, out="fw.elf")

    # duplicates: same device and bytes are counted, another device is another trace
    p.expect("duplicate", 0, "ingest", dump, "--db", db, "--device", "unit-1", out="0 taken in, 1 duplicates")
    p.expect("other device", 0, "ingest", dump, "--db", db, "--device", "unit-2", "--received",
             "2026-01-02T03:04:05Z", out="1 taken in, 0 duplicates.*1 analysed \\(0 new issues\\)")
    rows = json.loads(p.expect("issues as JSON", 0, "issues", "list", "--format", "json", "--db", db))
    if len(rows) != 1 or rows[0]["traces"] != 2 or rows[0]["devices"] != 2:
        p.failures.append(f"issue counts: {rows}")
    p.expect("issues show", 0, "issues", "show", 1, "--db", db, out="issue 1: Null Pointer at .*traces +2 from 2")
    p.expect("traces show", 0, "traces", "show", 1, "--db", db, out="^trace 1 of .*, received 20.* UTC\n\nNull Pointer")
    p.expect("traces explain", 0, "traces", "explain", 1, "--db", db, out="(?i)fingerprint|stack")
    p.expect("traces export", 0, "traces", "export", 1, "-o", tmp / "out.core", "--db", db)
    if (tmp / "out.core").read_bytes() != Path(dump).read_bytes():
        p.failures.append("the exported dump is not the one that came")
    p.expect("reanalyze, dry", 0, "traces", "reanalyze", "--all", "--dry-run", "--db", db,
             out="2 traces: 2 unchanged")
    p.expect("reanalyze", 0, "traces", "reanalyze", "--issue", 1, "--db", db, out="2 unchanged.*0 failed")

    # rubbish is set aside with its reason, and the next dump goes on
    rubbish = tmp / "rubbish.core"
    rubbish.write_bytes(b"CORE" + b"\xff" * 3)
    p.expect("rubbish", 3, "ingest", rubbish, "--db", db, out="1 quarantined", err="--quarantined")
    p.expect("rubbish is listed", 0, "traces", "list", "--quarantined", "--db", db, out="quarantined.*rubbish.core")

    number = json.loads(p.expect("its number", 0, "traces", "list", "--quarantined", "--format", "json", "--db", db))
    p.expect("rubbish can be had back", 0, "traces", "export", number[0]["dump"], "--dump", "-o", tmp / "back", "--db", db)
    if (tmp / "back").read_bytes() != rubbish.read_bytes():
        p.failures.append("the quarantined dump is not the one that came")

    p.expect("rubbish once more", 0, "traces", "retry", number[0]["dump"], "--db", db, out="1 queued again")
    p.expect("it is still rubbish", 0, "worker", "--once", "--db", db, out="1 quarantined")

    # a lost ELF file holds up its own dumps only, and adding it again brings them back
    lost = tmp / "lost.db"
    p.expect("two ELFs", 0, "symbols", "add", elf, other_elf, "--db", lost)
    for file in Path(f"{lost}.symbols").iterdir():
        if file.read_bytes() == Path(elf).read_bytes():
            file.unlink()
    for device in range(5):
        p.expect("queued", 0, "ingest", dump, other_dump, "--queue-only", "--device", device, "--db", lost)
    for _ in range(4):
        p.expect("the others go on", 0, "worker", "--once", "--db", lost, out="0 quarantined")
    p.expect("they wait", 0, "traces", "list", "--waiting", "--db", lost, out="5 traces from 5.*symbols add' brings it back")
    p.expect("the ELF again", 0, "symbols", "add", elf, "--db", lost, out="already there.*5 that waited")
    p.expect("all there", 0, "worker", "--once", "--db", lost, out="5 analysed")

    # the spool contract
    spool = tmp / "spool"
    spool.mkdir()
    shutil.copy(p.case("m4f-og", "divide-by-zero")[0], spool / "a.core")
    (spool / "a.core.json").write_text(json.dumps({"device": "unit-3", "received_at": 1767225600,
                                                   "software_version": "9.9"}))
    shutil.copy(p.case("m4f-og", "assert")[0], spool / "b.core")
    (spool / ".half.tmp").write_bytes(b"still being written")
    p.expect("spool", 0, "worker", "--spool", spool, "--once", "--db", db, out="2 taken from the spool")
    left = sorted(f.name for f in spool.iterdir() if f.is_file())
    if left != [".half.tmp"]:
        p.failures.append(f"left in the spool: {left}")
    p.expect("companion file", 0, "traces", "list", "--db", db, out="2026-01-01 00:00:00 +unit-3")
    p.expect("three issues", 0, "issues", "list", "--db", db, out="Divide by Zero at .*Null Pointer at |"
             "Null Pointer at .*Divide by Zero at ")
    p.expect("database from the environment", 0, "issues", "list", env={"FAULTLINE_DB": str(db)}, out="Assert at ")

p.finish()
