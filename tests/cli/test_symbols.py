#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ELF files come in halves, wrong, twice, late and in deep folders; a dump finds its own."""
import json
import os
import shutil
import struct
import tempfile
from pathlib import Path

from support import Program, debug_file, stripped

p = Program()
check = p.check
dump, elf = p.case("m4f-og", "null-write")
other_dump, other_elf = p.case("m33-os", "stack-overflow-psplim")
whole = Path(elf).read_bytes()

# The events of docs/formats.md: a reboot by the reset pin, and an assert at an address.
IDENTITY = "0202030 10a63617070 0965312e322e33 06626576 0b46a0a1a2a3a4a5".replace(" ", "")
PIN_RESET = bytes.fromhex("a7" + IDENTITY + "04a3010a04040500")
ASSERT = bytes.fromhex("a7" + IDENTITY + "04a401198001021a08000310031a080002010501")


with tempfile.TemporaryDirectory() as name:
    tmp = Path(name)
    db = tmp / "crashes.db"

    def write(file, content):
        (tmp / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp / file).write_bytes(content)
        return tmp / file

    # --- analyze --symbols ---
    deep = tmp / "builds/2026/02/01"
    deep.mkdir(parents=True)
    shutil.copy(other_elf, tmp / "builds/fw.elf")
    shutil.copy(elf, deep / "fw.elf")
    write("builds/notes.txt", b"\x7fELF is not all it takes")
    write("builds/cut.elf", whole[:3000])
    os.symlink(tmp / "builds", tmp / "builds/2026/loop")
    p.expect("a subfolder", 0, "analyze", dump, "--symbols", tmp / "builds", out="store_value", not_err=".")
    (tmp / "builds/.git").mkdir()
    shutil.move(deep / "fw.elf", tmp / "builds/.git/fw.elf")
    p.expect("not out of .git", 4, "analyze", dump, "--symbols", tmp / "builds",
             err="no ELF in it has the build id [0-9a-f]{40} \\(3 files, 2 ELF files\\)")
    write("halves/a.debug", debug_file(whole))
    p.expect("a debug file", 0, "analyze", dump, "--symbols", tmp / "halves", out="store_value")
    write("halves/b.elf", stripped(whole))
    text = p.expect("with its stripped ELF", 0, "analyze", dump, "--symbols", tmp / "halves", "--format", "json")
    modules = json.loads(text)["modules"]
    check("debug file first, then the code", [m["name"] for m in modules] == ["a.debug", "b.elf"])
    check("both fit", all(m["match"] == "same" for m in modules))
    write("halves/c.elf", whole)
    text = p.expect("the whole one is better", 0, "analyze", dump, "--symbols", tmp / "halves", "--format", "json")
    check("the whole one alone", [m["name"] for m in json.loads(text)["modules"]] == ["c.elf"])
    far = bytearray(whole.ljust((1 << 20) - 16 - 7, b"\0"))
    table, = struct.unpack_from("<I", far, 32)
    size, count = struct.unpack_from("<HH", far, 46)
    for at in range(table, table + size * count, size):
        kind, _, _, where, length = struct.unpack_from("<4xIIIII", far, at)
        if kind == 7 and far[where + 12:where + 16] == b"GNU\0":
            struct.pack_into("<I", far, at + 16, len(far))  # the id begins 7 bytes before the first MiB ends
            far += far[where:where + length]
            far[where:where + length] = bytes(length)
    write("far/fw.elf", bytes(far))
    p.expect("a build id on the border of two blocks", 0, "analyze", dump, "--symbols", tmp / "far", out="store_value")
    p.expect("no folder", 1, "analyze", dump, "--symbols", tmp / "none", out="CFSR", err="No such file")
    p.expect("a file as folder", 1, "analyze", dump, "--symbols", elf, out="CFSR", err="is not a folder")
    no_id = bytearray(Path(dump).read_bytes())
    at = 12
    while no_id[at] != 12:
        at += 12 + int.from_bytes(no_id[at + 8:at + 12], "little")
    no_id[at] = 6
    p.expect("a dump without build id", 4, "analyze", write("no-id.core", bytes(no_id)), "--symbols", tmp / "halves",
             out="CFSR", err="no build id to look for")

    # --- events ---
    p.expect("an event", 0, "analyze", write("pin.cbor", PIN_RESET), out="(?i)pin ?reset", not_err="without an ELF")
    p.expect("an event with an address", 0, "analyze", write("assert.cbor", ASSERT), out="0x08000310|0x0800030c",
             err="without an ELF")
    p.expect("a damaged event", 3, "analyze", write("cut.cbor", ASSERT[:20]), one_line=True)
    p.expect("an event and a folder", 4, "analyze", tmp / "assert.cbor", "--symbols", tmp / "builds",
             err="build id a0a1a2a3a4a5 ")

    # --- symbols add, list ---
    p.expect("a stripped ELF", 0, "symbols", "add", tmp / "halves/b.elf", "--db", db, out="no debug information")
    p.expect("its debug file", 0, "symbols", "add", tmp / "halves/a.debug", "--db", db,
             out="a separate debug file: add the stripped ELF")
    p.expect("used together", 0, "ingest", dump, "--device", "unit-1", "--db", db, out="1 analysed")
    p.expect("from the database, too", 0, "analyze", dump, "--db", db, out="store_value", not_err=".")
    p.expect("the whole one", 0, "symbols", "add", elf, "--db", db, out="takes the place of symbol file.*"
             "1 traces will be analysed again")
    p.expect("again", 0, "worker", "--once", "--db", db, out="1 analysed \\(0 new issues\\)")
    rows = json.loads(p.expect("symbols list", 0, "symbols", "list", "--format", "json", "--db", db))
    by_id = {row["id"]: row for row in rows}
    check("three files", len(rows) == 3)
    check("the whole one has the trace", by_id[3]["traces"] == 1 and not by_id[3]["superseded_by"])
    check("the debug file is superseded", by_id[2]["superseded_by"] == 3 and by_id[2]["traces"] == 0)
    p.expect("symbols list as text", 0, "symbols", "list", "--db", db, out="superseded by 3")
    p.expect("twice", 0, "symbols", "add", elf, "--db", db, out="already there")
    p.expect("history", 0, "traces", "show", 1, "--db", db, out="history \\(UTC\\).*filed.*symbols added")
    history = json.loads(p.expect("only the history", 0, "traces", "show", 1, "--history", "--format", "json", "--db", db))
    check("history of two lines", len(history) >= 2 and history[0]["what"] == "filed")
    second = tmp / "conflict.db"
    p.expect("a version", 0, "symbols", "add", elf, "--software-type", "main", "--software-version", "9", "--db", second)
    p.expect("claimed by another build", 0, "symbols", "add", other_elf, "--software-type", "main",
             "--software-version", "9", "--db", second, out="conflict: 1 other build")
    p.expect("a conflict is listed", 0, "symbols", "list", "--db", second, out="conflict: another build")

    # --- symbols check ---
    p.expect("check a dump", 0, "symbols", "check", dump, "--db", db,
             out="-> symbol file 3, fw.elf, build id [0-9a-f]{40}: same build id\n +same: [0-9]+ of [0-9]+ captured")
    p.expect("check a dump without its ELF", 4, "symbols", "check", other_dump, "--db", db, out="no ELF fits")
    answer = json.loads(p.expect("check as JSON", 0, "symbols", "check", dump, "--format", "json", "--db", db))
    first = answer[0]["candidates"][0]
    check("the chosen one comes first", first["id"] == 3 and first["chosen"] and first["match"] == "same")
    check("its score", first["bytes_compared"] == first["bytes_equal"] > 0)
    p.expect("by version, contradicted", 5, "symbols", "check", tmp / "no-id.core", "--db",
             (p.run("symbols", "add", p.case("m4f-o2", "null-write")[1], "--software-type", "fixture-fw",
                    "--software-version", "1.4.0-m4f-og", "--db", tmp / "wrong.db"), tmp / "wrong.db")[1],
             out="same software type and version.*(other-build|unrelated).*it would wait")
    wrong = ("--db", tmp / "wrong.db")
    p.expect("it does wait", 0, "ingest", tmp / "no-id.core", *wrong, out="1 wait")
    p.expect("and says why", 0, "traces", "list", "--waiting", *wrong, out="fw.elf has its version, but not the bytes")
    p.run("symbols", "add", elf, "--software-type", "fixture-fw", "--software-version", "1.4.0-m4f-og", *wrong)
    p.run("traces", "retry", "--all", *wrong)
    p.expect("two claim it", 4, "symbols", "check", tmp / "no-id.core", *wrong,
             out="several builds claim it: not used\n +same.*several builds claim it: not used|no ELF fits")
    p.expect("another waits", 0, "ingest", tmp / "no-id.core", "--device", "x", *wrong, out="1 wait")
    p.expect("and says that", 0, "traces", "list", "--waiting", *wrong, out="several builds claim this software version")
    p.expect("named files, no database", 0, "symbols", "check", dump, elf, other_elf, out="-> fw.elf, build id [0-9a-f]{40}: same build id\n +same")
    conflict = bytearray(whole)
    build_id = conflict.find(b"GNU\0") + 4
    conflict[build_id + 19] ^= 1
    write("conflict.elf", bytes(conflict))
    p.expect("the same code, another build id", 4, "symbols", "check", dump, tmp / "conflict.elf",
             out="   conflict.elf, build id [0-9a-f]{40}: another build: the dump has build id [0-9a-f]{40}\n"
                 " +the same code: 64 of 64 captured bytes agree.*no ELF fits")
    answer = json.loads(p.expect("as JSON", 0, "symbols", "check", dump, tmp / "conflict.elf", elf, "--format", "json"))
    check("which is taken", [(c["chosen"], c["build_id_conflict"]) for c in answer[0]["candidates"]] ==
          [(False, True), (True, False)])
    check("why", answer[0]["candidates"][1]["reason"] == "same build id")
    p.expect("and analysed with it", 0, "analyze", dump, "--elf", tmp / "conflict.elf",
             out="ALARM.*conflict.elf has ANOTHER BUILD ID than the dump, 64 of 64 captured\s+bytes agree")
    # An event of this build: the first six bytes of its id.
    begins = ASSERT.replace(bytes.fromhex("a0a1a2a3a4a5"), whole[build_id:build_id + 6])
    write("own.cbor", begins)
    p.expect("both halves fit an event", 0, "analyze", tmp / "own.cbor", "--elf", tmp / "halves/a.debug",
             "--elf", tmp / "halves/b.elf", out="a.debug matches the event\n +b.elf matches the event")
    p.expect("an ELF without the event's build id", 0, "analyze", tmp / "assert.cbor", "--elf", elf,
             out="ALARM: fw.elf has another build id.*fw.elf is UNRELATED", err="not the one this dump comes from")
    nameless = bytearray(whole)
    nameless[build_id - 4:build_id] = b"XXX\0"
    p.expect("an ELF without build id", 0, "analyze", tmp / "own.cbor", "--elf", write("nameless.elf", bytes(nameless)),
             out="nameless.elf not verified: it has no\s+build id|nameless.elf is UNRELATED")
    p.expect("an event by the first bytes", 0, "symbols", "check", tmp / "own.cbor", elf,
             out="-> fw.elf, build id [0-9a-f]{40}: its build id begins with that of the event")
    p.expect("none of the named", 4, "symbols", "check", dump, other_elf, out="unrelated|other-build")
    p.expect("an ELF", 0, "symbols", "check", elf, "--db", db, out="debug information, code.*symbol file 3")
    p.expect("queue one that waits", 0, "ingest", other_dump, "--device", "unit-2", "--db", db, out="1 wait")
    p.expect("what waits for an ELF", 0, "symbols", "check", other_elf, "--db", db,
             out="does not have this build.*1 trace from 1 device waits for it")
    p.expect("an event to check", 4, "symbols", "check", tmp / "assert.cbor", "--db", db,
             out="app 1.2.3, build id a0a1a2a3a4a5\\.\\.\\.")
    p.expect("check nothing", 2, "symbols", "check", err="no dump or ELF", one_line=True)
    p.expect("check rubbish", 3, "symbols", "check", write("rubbish", b"rubbish"), "--db", db, one_line=True)
    p.expect("check a missing file", 1, "symbols", "check", tmp / "none", "--db", db, err="No such file", one_line=True)

    parts = bytearray(Path(p.case("m4f-aux", "null-write")[1]).read_bytes())
    table, = struct.unpack_from("<I", parts, 32)
    size, count, names = struct.unpack_from("<HHH", parts, 46)
    names, = struct.unpack_from("<I", parts, table + names * size + 16)
    for at in range(table, table + size * count, size):
        title, where = struct.unpack_from("<I12xI", parts, at)
        if parts[names + title:].startswith(b".mflt_aux_symbols."):
            parts[where:where + 4] = b"XXXX"
    write("parts.elf", bytes(parts))
    for verb in ("add", "check"):
        p.expect(f"an embedded part that is no ELF: {verb}", 0, "symbols", verb, tmp / "parts.elf", "--db",
                 tmp / "parts.db", out="warning: parts.elf: embedded ELF system-part1 is ignored: not an ELF")

    # --- symbols remove ---
    p.expect("the wrong one", 0, "symbols", "remove", 3, "--db", db, out="1 traces that were analysed")
    p.expect("no issue meanwhile", 0, "issues", "list", "--db", db, out="no issues")
    p.expect("the halves again", 0, "worker", "--once", "--db", db, out="1 analysed")
    for number in (2, 1):
        p.expect("all of them", 0, "symbols", "remove", number, "--db", db)
    p.expect("nothing fits", 0, "worker", "--once", "--db", db, out="1 wait")
    p.expect("both wait", 0, "traces", "list", "--waiting", "--db", db,
             out="1 trace from 1 device waits for fixture-fw 1.4.0-m4f-og / [0-9a-f]{40}")
    missing = json.loads(p.expect("what is missing", 0, "traces", "list", "--missing", "--format", "json", "--db", db))
    check("two ELFs are missing", sorted((m["software_version"], m["traces"], m["devices"]) for m in missing) ==
          [("1.4.0-m33-os", 1, 1), ("1.4.0-m4f-og", 1, 1)])
    p.expect("back", 0, "symbols", "add", elf, "--db", db, out="1 that waited can be processed")
    p.expect("and analysed", 0, "worker", "--once", "--db", db, out="1 analysed \\(0 new issues\\)")
    p.expect("the issue has its number", 0, "issues", "show", 1, "--db", db, out="traces +1 from 1")
    p.expect("remove it twice", 4, "symbols", "remove", 3, "--db", db, one_line=True)
    p.expect("a poorer one", 0, "symbols", "add", tmp / "halves/b.elf", "--db", db, out="superseded by symbol file")
    p.expect("let the bytes go", 0, "gc", "--dump-size", "1", "--db", db)
    rows = json.loads(p.expect("its number", 0, "symbols", "list", "--format", "json", "--db", db))
    used, = [row["id"] for row in rows if row["traces"]]
    p.expect("what cannot be analysed again", 0, "symbols", "remove", used, "--db", db,
             out="1 traces that were analysed with it stay in their issues")
    p.expect("stays", 0, "issues", "show", 1, "--db", db, out="traces +1 from 1")
    p.expect("and says so", 0, "traces", "show", 1, "--history", "--db", db, out="bytes not kept")
    p.expect("remove what", 2, "symbols", "remove", "fw.elf", "--db", db, err="not an id", one_line=True)
    p.expect("remove without a number", 2, "symbols", "remove", "--db", db, err="one number", one_line=True)

p.finish()
