#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Devices, counts, retention, backup, check: on a database with real dumps in it."""
import json
import shutil
import tempfile
from pathlib import Path

from support import Program

p = Program()
check = p.check
dump, elf = p.case("m4f-og", "null-write")
second, _ = p.case("m4f-og", "divide-by-zero")


with tempfile.TemporaryDirectory() as name:
    tmp = Path(name)
    db = tmp / "fleet.db"
    at = ("--db", db)
    p.expect("symbols", 0, "symbols", "add", elf, *at)
    spool = tmp / "spool"
    spool.mkdir()
    for number, (file, device, cohort, day) in enumerate([
            (dump, "unit-1", "beta", "01"), (dump, "unit-2", "beta", "02"),
            (second, "unit-2", None, "02"), (dump, "unit-3", None, "03")]):
        shutil.copy(file, spool / f"{number}.core")
        (spool / f"{number}.core.json").write_text(json.dumps({
            "device": device, "cohort": cohort, "received_at": f"2026-01-{day}T00:00:00Z"}))
    p.expect("worker", 0, "worker", "--spool", spool, "--once", *at, out="4 analysed \\(2 new issues\\)")

    # --- devices ---
    rows = json.loads(p.expect("devices", 0, "devices", "list", "--format", "json", *at))
    check("three devices", sorted(row["device"] for row in rows) == ["unit-1", "unit-2", "unit-3"])
    two = next(row for row in rows if row["device"] == "unit-2")
    check("of one, two traces of two issues", two["traces"] == 2 and two["issues"] == 2)
    check(f"of one, its last words: {two}", two["software_version"] == "1.4.0-m4f-og")
    p.expect("devices as text", 0, "devices", "list", *at, out="unit-1.*unit-2|unit-2.*unit-1")
    rows = json.loads(p.expect("a cohort", 0, "devices", "list", "--cohort", "beta", "--format", "json", *at))
    check("two of the cohort", sorted(row["device"] for row in rows) == ["unit-1", "unit-2"])
    p.expect("no such cohort", 0, "devices", "list", "--cohort", "gamma", *at, out="^no devices$")
    rows = json.loads(p.expect("bootloop", 0, "devices", "list", "--bootloop", "2/86400", "--format", "json", *at))
    check("only one crashed twice in a day", [row["device"] for row in rows] == ["unit-2"])
    p.expect("bootloop by default", 0, "devices", "list", "--bootloop", *at, out="no device restarts that often")
    for wrong in ("0", "x", "3/0", "3/", "3/1x", "5000000000", "1/99999999999"):
        p.expect(f"bootloop {wrong}", 2, "devices", "list", "--bootloop", wrong, *at,
                 err="--bootloop takes N or N/SECONDS", one_line=True)
    p.expect("one device", 0, "devices", "show", "unit-2", *at, out="device unit-2.*hardware +mps2-an386.*reboots +2 unexpected")
    shown = json.loads(p.expect("one as JSON", 0, "devices", "show", "unit-2", "--format", "json", *at))
    check("its traces", len(shown["trace_ids"]) == 2)
    check("its reboots", sum(row["count"] for row in shown["reboots"]) == 2
          and not any(row["expected"] for row in shown["reboots"]))
    check("its transport", shown["transport"]["chunks"] == 0 and "crc" in shown["transport"]["drops"])
    p.expect("whose trace it is", 0, "traces", "show", 1, *at, out="^trace 1 of device unit-1, cohort beta, received 2026-01-01")
    p.expect("no serial", 4, "devices", "show", "", *at, err="an empty text is no device", one_line=True)
    p.expect("counts by nothing", 2, "stats", "--by", "none", *at, err="one of: version hardware", one_line=True)
    p.expect("counts by an empty text", 2, "stats", "--by", "", *at, err="one of: version", one_line=True)
    p.expect("a size of nothing", 2, "gc", "--kept-size", "0", *at, err="1 lets everything go", one_line=True)
    long = ("--db", tmp / "long.db")
    p.expect("a long serial", 0, "ingest", dump, "--device", "s" * 40, *long)
    p.expect("has its own line", 0, "devices", "list", *long, out="\ns{40}\n {21}-          1.4.0-m4f-og")
    p.expect("no such device", 4, "devices", "show", "unit-9", *at, err="no device unit-9", one_line=True)
    p.expect("no device said", 2, "devices", "show", *at, err="one serial number", one_line=True)

    # --- counts ---
    for dimension, wanted in {"version": "1.4.0-m4f-og +3 +3", "hardware": "mps2-an386 +3 +3",
                              "cohort": "beta +2 +2.*not known +1 +1", "type": "fixture-fw +3 +3",
                              "device": "unit-[123] +1 +1", "day": "2026-01-01 +1 +1.*2026-01-02 +1.*2026-01-03"}.items():
        p.expect(f"by {dimension}", 0, "issues", "show", 1, "--by", dimension, *at, out=wanted)
    rows = json.loads(p.expect("all by hardware", 0, "stats", "--by", "hardware", "--format", "json", *at))
    check("all by hardware", {row["hardware"]: row["traces"] for row in rows} == {"mps2-an386": 4})
    p.expect("by nonsense", 2, "issues", "show", 1, "--by", "colour", *at, err="--by takes one of", one_line=True)
    p.expect("no such issue", 4, "issues", "show", 99, "--by", "day", *at, one_line=True)
    p.expect("a list has no --by", 2, "issues", "list", "--by", "day", *at, one_line=True)
    stats = json.loads(p.expect("stats", 0, "stats", "--format", "json", *at))
    check("stats know four traces", any(value == 4 for group in stats.values() for value in group.values()))
    p.expect("stats as text", 0, "stats", *at, out="^\\w+\n  \\w+.* [0-9]+\n")

    # --- traces list ---
    rows = json.loads(p.expect("of a device", 0, "traces", "list", "--device", "unit-2", "--format", "json", *at))
    check("two of it", len(rows) == 2 and all(row["kind"] == "dump" for row in rows))
    p.expect("no reboots", 0, "traces", "list", "--kind", "reboot", "--all", *at, out="no traces")
    p.expect("no such kind", 2, "traces", "list", "--kind", "crash", *at, err="--kind takes one of", one_line=True)

    # --- check, backup ---
    p.expect("check", 0, "check", *at, out="^no problems\n$")
    copy = tmp / "copy.db"
    p.expect("backup", 0, "backup", copy, *at, out="copy.db.symbols")
    p.expect("the copy is whole", 0, "check", "--db", copy, out="no problems")
    p.expect("the copy answers", 0, "issues", "list", "--db", copy, out="Null Pointer at")
    p.expect("the copy analyses", 0, "traces", "reanalyze", "--all", "--db", copy, out="4 unchanged")
    p.expect("never over a file", 2, "backup", copy, *at, one_line=True)
    p.expect("nor over itself", 2, "backup", db, *at, one_line=True)
    p.expect("nor nowhere", 1, "backup", tmp / "none/copy.db", *at, err="none/copy.db.symbols: No such file",
             not_err="writing", one_line=True)
    p.expect("backup to what", 2, "backup", *at, err="one file name", one_line=True)
    for file in Path(f"{copy}.symbols").iterdir():
        damaged = bytearray(file.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        file.chmod(0o600)
        file.write_bytes(damaged)
    empty = tmp / "empty.db"
    empty.touch()
    for verb in (("check",), ("stats",), ("issues", "list")):
        p.expect(f"{verb[0]} of an empty file", 1, *verb, "--db", empty, err="not a faultline database", one_line=True)
    check("it is not made one", empty.stat().st_size == 0 and not Path(f"{empty}.symbols").exists())
    p.expect("a damaged ELF is found", 3, "check", "--db", copy, out="fw.elf|symbol", err="1 problem")

    # --- gc ---
    p.expect("gc of nothing", 2, "gc", *at, err="give an age or a size", one_line=True)
    for option, wrong in (("--dump-age", "90"), ("--dump-age", "d"), ("--dump-age", "-1d"), ("--dump-age", "1000y"),
                          ("--dump-size", "0"), ("--dump-size", "10X"), ("--kept-size", "99999999999T")):
        p.expect(f"gc {option} {wrong}", 2, "gc", option, wrong, *at, err=f"{option} takes", one_line=True)
    p.expect("gc with operand", 2, "gc", "90d", *at, err="no operands", one_line=True)
    before = p.run("stats", *at).stdout
    p.expect("gc, dry", 0, "gc", "--dry-run", "--dump-size", "1", *at, out="dry run, nothing removed")
    check("a dry run changes nothing", p.run("stats", *at).stdout == before)
    removed = json.loads(p.expect("gc", 0, "gc", "--dump-size", "1", "--format", "json", *at))
    check("dumps went", sum(row["count"] for row in removed["removed"]) >= 2 and not removed["dry_run"])
    p.expect("the issue stays", 0, "issues", "show", 1, *at, out="traces +3 from 3.*store_value")
    p.expect("its dump is gone", 4, "traces", "export", 1, "-o", tmp / "x", *at, err="not kept any more", one_line=True)
    p.expect("and said so", 0, "traces", "list", *at, out="dump not kept")
    p.expect("reanalysis passes it by", 0, "traces", "reanalyze", "--all", *at, out="stay as they are")
    p.expect("still whole", 0, "check", *at, out="no problems")
    p.expect("gc by age", 0, "gc", "--dump-age", "1d", "--kept-age", "1d", "--quarantine-age", "1d", "--partial-age",
             "1d", "--reboot-age", "1d", "--event-age", "1d", *at)

    # --- devices forget ---
    p.expect("not without being asked", 2, "devices", "forget", "unit-2", *at, out="would be forgotten",
             err="cannot be undone.*--yes", stdin=b"yes\n")
    p.expect("a dry run", 0, "devices", "forget", "unit-2", "--dry-run", *at, out="2 traces.*would be forgotten; 1 issues would")
    p.expect("still there", 0, "devices", "show", "unit-2", *at)
    p.expect("forget", 0, "devices", "forget", "unit-2", "--yes", *at, out="are forgotten; 1 issues lost")
    p.expect("gone", 4, "devices", "show", "unit-2", *at)
    p.expect("the others stay", 0, "issues", "show", 1, *at, out="traces +2 from 2")
    p.expect("not in any file", 0, "check", *at, out="no problems")
    p.expect("forget whom", 4, "devices", "forget", "unit-2", "--yes", *at, one_line=True)
    left = b"".join(f.read_bytes() for f in tmp.glob("fleet.db*") if f.is_file())
    check("its serial is in no page", b"unit-2" not in left)

    # --- worker options ---
    for arguments in (["--jobs", "0"], ["--jobs", "65"], ["--deadline", "0"], ["--event-timeout", "0"],
                      ["--device-rate", "x"], ["--partial-age", "7"], ["--keep-per-issue", "-1"],
                      ["--no-events", "--on-event", "true"]):
        p.expect(f"worker {arguments}", 2, "worker", "--once", *arguments, *at, err=arguments[0], one_line=True)
    p.expect("a log that cannot be", 1, "worker", "--once", "--event-log", tmp / "none/log", *at,
             err="--event-log.*No such file", one_line=True)
    log = tmp / "events.jsonl"
    shutil.copy(p.case("m4f-og", "assert")[0], spool / "9.core")
    p.expect("told", 0, "worker", "--once", "--spool", spool, "--event-log", log, "--on-event", "cat >&2", *at,
             out="1 event told", err='"event":"new-issue"')
    event = json.loads(log.read_text())
    check("the same in the log", event["event"] == "new-issue" and event["title"].startswith("Assert at"))
    p.expect("no more", 0, "worker", "--once", "--no-events", *at)
    shutil.copy(p.case("m4f-og", "bus-precise")[0] if Path(p.case("m4f-og", "bus-precise")[0]).exists() else second,
                spool / "10.core")
    p.expect("not recorded", 0, "worker", "--once", "--spool", spool, *at)
    p.expect("nobody to tell", 0, "worker", "--once", "--event-log", log, *at, out="^(?!.*told)")
    storm = tmp / "storm.db"
    for number in range(4):
        shutil.copy(dump, spool / f"{number}.core")
        (spool / f"{number}.core.json").write_text(json.dumps({"device": "unit-1", "upload_id": str(number)}))
    p.expect("a rate", 0, "worker", "--once", "--spool", spool, "--device-rate", "2/3600", "--db", storm)
    rows = json.loads(p.expect("two were dropped", 0, "devices", "list", "--format", "json", "--db", storm))
    check("counted", rows and rows[0]["limited"] == 2)

    # --- a reboot that was expected, as a chunk (docs/formats.md) ---
    wire = ("--db", tmp / "wire.db")
    chunk = tmp / "pin.chunk"
    chunk.write_bytes(bytes.fromhex("0802a7020203010a63617070" "0965312e322e33" "06626576" "0b46a0a1a2a3a4a5"
                                    "04a3010a04040500" "39f8"))
    p.expect("a chunk", 0, "ingest", chunk, "--device", "unit-1", *wire, out="1 expected reboots|1 messages complete")
    shown = json.loads(p.expect("its device", 0, "devices", "show", "unit-1", "--format", "json", *wire))
    check("its reboot", [(row["name"], row["expected"], row["count"]) for row in shown["reboots"]] == [("PinReset", True, 1)])
    check("its bytes", shown["transport"]["chunks"] == 1 and shown["transport"]["bytes"] == 41
          and shown["transport"]["messages"] == 1)
    p.expect("as text", 0, "devices", "show", "unit-1", *wire, out="PinReset +expected +1.2.3.*1 chunk, 41 bytes")
    p.expect("not in the list", 0, "traces", "list", *wire, out="no traces")
    rows = json.loads(p.expect("but with --all", 0, "traces", "list", "--all", "--kind", "reboot", "--format", "json", *wire))
    check("one reboot", len(rows) == 1 and rows[0]["kind"] == "reboot" and rows[0]["issue"] == 0)
    p.expect("no crash loop", 0, "devices", "list", "--bootloop", "1/60", *wire, out="no device restarts")

p.finish()
