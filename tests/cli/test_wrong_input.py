#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong input gets one clear line, the right exit code, and whatever can still be shown."""
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from support import Program, debug_file

p = Program()
dump, elf = p.case("m4f-og", "null-write")
bytes_ = Path(dump).read_bytes()
VERDICT = "Null Pointer"

with tempfile.TemporaryDirectory() as name:
    tmp = Path(name)

    def write(file, content):
        (tmp / file).write_bytes(content)
        return tmp / file

    # --- the dump ---
    chunk = Path(sys.argv[2]).parent / "wire/m4f-wire/crash/message-0.chunk"
    p.expect("a chunk", 3, "analyze", chunk, err="'faultline ingest' takes what", one_line=True)
    p.expect("no such file", 1, "analyze", tmp / "none", err="No such file", one_line=True)
    p.expect("folder as dump", 1, "analyze", tmp, err="is a folder", one_line=True)
    p.expect("empty dump", 3, "analyze", write("empty", b""), err="empty", one_line=True)
    p.expect("text as dump", 3, "analyze", write("text", b"hello world, this is no dump\n"),
             err="not a coredump", one_line=True)
    p.expect("ELF as dump", 3, "analyze", elf, err="ELF", one_line=True)
    p.expect("header only", 0, "analyze", write("head", bytes_[:12]), err=None)
    p.expect("cut in the middle", 0, "analyze", write("cut", bytes_[:len(bytes_) // 2]), "--elf", elf,
             out="(?i)truncated|cut")
    huge = struct.pack("<III", 0x45524F43, 2, 0xFFFFFFFF) + struct.pack("<BxxxII", 1, 0x20000000, 0xFFFFFFFF)
    p.expect("4 GB length", 0, "analyze", write("huge", huge + b"abcd"), out="(?i)no registers")
    xtensa = struct.pack("<III", 0x45524F43, 2, 28) + struct.pack("<BxxxII", 7, 0, 4) + struct.pack("<I", 94)
    p.expect("another machine", 3, "analyze", write("xtensa", xtensa), err="(?i)xtensa", one_line=True)
    if os.getuid() != 0:
        secret = write("secret", bytes_)
        secret.chmod(0)
        p.expect("no permission", 1, "analyze", secret, err="Permission denied", one_line=True)

    # --- the ELF: said in one line, and the dump is still shown ---
    p.expect("no ELF", 0, "analyze", dump, out="CFSR", err="without an ELF", one_line=True)
    p.expect("ELF is missing", 1, "analyze", dump, "--elf", tmp / "none", out="CFSR",
             err="none: No such file", one_line=True)
    p.expect("folder as ELF", 1, "analyze", dump, "--elf", tmp, out="CFSR", err="is a folder", one_line=True)
    p.expect("text as ELF", 3, "analyze", dump, "--elf", tmp / "text", out="CFSR",
             err="not an ELF", one_line=True)
    p.expect("empty ELF", 3, "analyze", dump, "--elf", tmp / "empty", out="CFSR", err="empty|not an ELF",
             one_line=True)
    p.expect("host ELF", 3, "analyze", dump, "--elf", p.path, out="CFSR", err="64-bit|x86", one_line=True)
    p.expect("cut ELF", 3, "analyze", dump, "--elf", write("cut.elf", Path(elf).read_bytes()[:5000]),
             out="CFSR", err="cut.elf: .*offset", one_line=True)
    header = bytearray(Path(elf).read_bytes()[:4096])
    struct.pack_into("<H", header, 18, 8)  # EM_MIPS
    p.expect("ELF of another machine", 3, "analyze", dump, "--elf", write("mips.elf", bytes(header)),
             out="CFSR", err="mips.elf: .*(?i:mips|machine)", one_line=True)
    stripped = bytearray(Path(elf).read_bytes())
    table, = struct.unpack_from("<I", stripped, 32)
    size, count = struct.unpack_from("<HH", stripped, 46)
    for at in range(table, table + size * count, size):
        kind, flags = struct.unpack_from("<4xII", stripped, at)
        if not flags & 2 and kind != 3:  # not SHF_ALLOC, not the section names: .symtab, .debug_*
            struct.pack_into("<I", stripped, at + 4, 0)
    p.expect("stripped ELF", 0, "analyze", dump, "--elf", write("stripped.elf", bytes(stripped)),
             out="Null Pointer.*CFSR", err="stripped.elf: has no debug information.*symbol table, and it has none"
             "; a separate debug file takes a second --elf", one_line=True)
    debug = write("fw.debug", debug_file(Path(elf).read_bytes()))
    p.expect("its debug file", 0, "analyze", dump, "--elf", tmp / "stripped.elf", "--elf", debug, out="Null Pointer at store_value",
             err="has none$", one_line=True)
    other = p.case("m4f-o2", "null-write")[1]
    p.expect("ELF of another build", 0, "analyze", dump, "--elf", other, out="another build id|other build",
             err="not the one this dump comes from")
    p.expect("the same, --strict", 5, "analyze", dump, "--elf", other, "--strict", out="^$")

    # --- the command line ---
    p.expect("no verb", 2, err="usage")
    p.expect("unknown verb", 2, "analyse", dump, err="no such verb: analyse")
    p.expect("group without action", 2, "issues", err="issues list")
    p.expect("unknown option", 2, "analyze", dump, "--elv", elf, err="unknown option --elv.*--help")
    p.expect("option without value", 2, "analyze", dump, "--elf", err="--elf needs a value")
    p.expect("bad choice", 2, "analyze", dump, "--format", "xml", err="one of: text json")
    p.expect("no dump", 2, "analyze", err="takes one dump")
    p.expect("no database", 2, "issues", "list", err="FAULTLINE_DB", one_line=True)
    p.expect("a mistyped database", 1, "issues", "list", "--db", tmp / "typo.db", err="typo.db: No such file.*makes a database",
             one_line=True)
    if (tmp / "typo.db").exists():
        p.failures.append("a question made a database")
    p.expect("a database", 0, "symbols", "add", elf, "--db", tmp / "a.db")
    p.expect("bad id", 2, "issues", "show", "x", "--db", tmp / "a.db", err="not an id", one_line=True)
    p.expect("too many operands", 2, "issues", "list", "x", "--db", tmp / "a.db", err="takes no operands",
             one_line=True)
    p.expect("no such issue", 4, "issues", "show", 7, "--db", tmp / "a.db", err="7", one_line=True)
    p.expect("no such trace", 4, "traces", "show", 7, "--db", tmp / "a.db", err="7", one_line=True)
    p.expect("a database that is none", 1, "issues", "list", "--db", tmp / "text", err="text: .*database",
             one_line=True)
    p.expect("a database in no folder", 1, "issues", "list", "--db", tmp / "no" / "a.db", err="a.db", one_line=True)
    p.expect("bad time", 2, "ingest", dump, "--db", tmp / "a.db", "--received", "soon", err="not a time", one_line=True)
    p.expect("a time without its zone", 2, "ingest", dump, "--db", tmp / "a.db", "--received", "2026-02-01T12:00:00",
             err="zone", one_line=True)
    p.expect("the 31st of February", 2, "ingest", dump, "--db", tmp / "a.db", "--received", "2026-02-31T12:00:00Z",
             err="not a time", one_line=True)
    p.expect("bad number", 2, "worker", "--db", tmp / "a.db", "--jobs", "many", err="takes a number", one_line=True)
    p.expect("path map without =", 2, "analyze", dump, "--path-map", "foo", err="OLD=NEW", one_line=True)
    for root in (tmp / "nowhere", dump):
        p.expect("source root that is none", 2, "analyze", dump, "--source-root", root, err=f"--source-root {root}: is no folder", one_line=True)
    p.expect("waiting and quarantined", 2, "traces", "list", "--waiting", "--quarantined", "--db", tmp / "a.db",
             err="not both", one_line=True)
    p.expect("type without version", 2, "symbols", "add", elf, "--software-type", "x", "--db", tmp / "a.db",
             err="go together", one_line=True)
    p.expect("traces of no such issue", 4, "traces", "list", "--issue", 99, "--db", tmp / "a.db", err="99", one_line=True)
    p.expect("reanalyze no such issue", 4, "traces", "reanalyze", "--issue", 99, "--db", tmp / "a.db", err="99",
             one_line=True)
    p.expect("reanalyze no such version", 4, "traces", "reanalyze", "--version", "9.9", "--db", tmp / "a.db",
             err="9.9", one_line=True)
    p.expect("nothing to retry", 4, "traces", "retry", 1, "--db", tmp / "a.db", err="no dump 1", one_line=True)
    (tmp / "empty-folder").mkdir()
    p.expect("a folder without dumps", 4, "ingest", tmp / "empty-folder", "--db", tmp / "a.db", err="nothing to take in")
    p.expect("help of a group", 0, "issues", "--help", out="issues list.*issues show")

    # an output never replaces an input or the database, and a failed one leaves what was there
    mine = write("mine.core", bytes_)
    p.expect("output over the dump", 2, "analyze", mine, "-o", mine, err="is an input", one_line=False)
    p.expect("output over the ELF", 2, "analyze", dump, "--elf", elf, "-o", elf, err="is an input")
    p.expect("output over the database", 2, "analyze", dump, "--db", tmp / "a.db", "-o", tmp / "a.db", err="the database")
    if mine.read_bytes() != bytes_:
        p.failures.append("the dump was overwritten")
    p.expect("report to a file", 0, "analyze", dump, "--elf", elf, "-o", tmp / "report.txt")
    p.expect("and over it", 0, "analyze", dump, "--elf", elf, "-f", "json", "-o", tmp / "report.txt")
    if not (tmp / "report.txt").read_text().startswith("{") or len(list(tmp.glob("report.txt*"))) != 1:
        p.failures.append("the report was not replaced whole")
    for verb in (["--help"], ["issues", "list", "--db", tmp / "a.db"], ["analyze", dump, "--elf", elf]):
        with open("/dev/full", "wb") as full:
            run = subprocess.run([p.path, *map(str, verb)], stdout=full, stderr=subprocess.PIPE)
        if run.returncode != 1 or b"cannot be written" not in run.stderr:
            p.failures.append(f"full disk: {verb}")
            print("FAILED full disk:", verb, run.returncode, run.stderr)
    closed = subprocess.run(["sh", "-c", f"exec {p.path} analyze {dump} --elf {elf} >&-"], stderr=subprocess.PIPE)
    if closed.returncode != 1:
        p.failures.append("closed standard output")
    p.expect("output that cannot be written", 1, "analyze", dump, "-o", tmp / "no" / "x", err="No such file")
    p.expect("nothing to reanalyze", 2, "traces", "reanalyze", "--db", tmp / "a.db", err="give one of", one_line=True)
    (tmp / "empty-rules").mkdir()
    p.expect("rules folder without rules", 4, "analyze", dump, "--rules", tmp / "empty-rules", err="no \\*.list",
             one_line=True)

    for verb in ("analyze", "symbols add", "symbols list", "ingest", "worker", "issues list", "issues show",
                 "traces list", "traces show", "traces explain", "traces export", "traces reanalyze"):
        p.expect(f"help of {verb}", 0, *verb.split(), "--help", out="usage: faultline " + verb + ".*example: ")

    # A closed pipe is an error, not a death.
    run = subprocess.run(f"{p.path} analyze {dump} --elf {elf} | head -c 1", shell=True, capture_output=True)
    if run.returncode != 0 or b"signal" in run.stderr:
        p.failures.append("closed pipe")
        print("FAILED closed pipe:", run.stderr)

    # Control bytes in file names do not reach the terminal.
    p.expect("escape in a name", 1, "analyze", tmp / "\x1b[31mred", not_err="\x1b")

p.finish()
