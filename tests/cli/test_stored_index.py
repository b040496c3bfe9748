#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Indexes beside the symbol files of a database: reports do not depend on them.

What a report has to be comes from a database whose index never existed when it was made.
"""
import os
import pathlib
import shutil
import sys
import tempfile

from support import Program, debug_file, stripped

program = Program()
check = program.check
work = pathlib.Path(tempfile.mkdtemp(prefix="faultline-test-"))
AT_ENGINE = 48  # docs/index-format.md
dump, elf = program.case("m4f-cpp", "cpp-anonymous")
other_elf = program.case("m4f-aux", "x")[1]


def database(name):
    db = work / f"{name}.db"
    run = program.run("symbols", "add", elf, "--db", db)
    check(f"{name}: symbols add", run.returncode == 0 and not run.stderr, run.stderr)
    return db


def files(db, suffix):
    return sorted(pathlib.Path(f"{db}.symbols").glob(f"*{suffix}"))


def report(what, db, says=None):
    """Take the dump in and analyse it; its report."""
    run = program.run("ingest", dump, "--db", db, "--received", "1767225600")
    check(f"{what}: ingest", run.returncode == 0, run.stderr)
    err = run.stderr.decode()
    run = program.run("worker", "--db", db, "--once")
    check(f"{what}: worker", run.returncode == 0, run.stderr)
    err += run.stderr.decode()
    check(f"{what}: says {says}", ("index beside the database" in err) == bool(says)
          and (says or "") in err, err)
    run = program.run("traces", "show", "1", "--db", db, "--format", "json")
    check(f"{what}: a report", run.returncode == 0 and b"cpp" in run.stdout, run.stderr)
    return run.stdout


def test_built_when_added():
    db = database("added")
    check("added: both are there", [p.stem for p in files(db, ".elf")]
          == [p.stem for p in files(db, ".index")], files(db, ""))
    check("added: nothing else", len(files(db, "")) == 2, files(db, ""))
    check("added: same report", report("added", db) == wanted)


def test_built_on_first_use():
    db = database("first")
    good = files(db, ".index")[0].read_bytes()
    files(db, ".index")[0].unlink()
    check("first use: same report", report("first use", db) == wanted)
    check("first use: written", [p.read_bytes() for p in files(db, ".index")] == [good])


def test_elf_is_not_read():
    db = database("hollow")
    stored, = files(db, ".elf")
    stored.write_bytes(bytes(stored.stat().st_size))
    check("hollow ELF: same report", report("hollow", db) == wanted)


def test_damaged():
    db = database("damaged")
    index, = files(db, ".index")
    good = index.read_bytes()
    data = bytearray(good)
    data[len(data) // 3] ^= 4
    index.write_bytes(data)
    check("damaged: same report", report("damaged", db, says="damaged") == wanted)
    check("damaged: mended", index.read_bytes() == good)


def test_not_its_own():
    others = work / "others.db"
    program.run("symbols", "add", other_elf, "--db", others)
    for what, data, why in (("another's", files(others, ".index")[0].read_bytes(), "it is of another ELF"),
                            ("empty", b"", "not a symbol index"), ("cut off", None, "its size is not what it says"),
                            ("no index", b"x" * 4096, "not a symbol index")):
        db = database(what.replace("'", ""))
        index, = files(db, ".index")
        good = index.read_bytes()
        index.write_bytes(good[:-8] if data is None else data)
        check(f"{what}: same report", report(what, db, says=f"is not used and made again: {why}") == wanted)
        check(f"{what}: mended", index.read_bytes() == good)


def test_of_an_older_engine():
    """After an update all are: nothing to speak of."""
    db = database("older")
    index, = files(db, ".index")
    good = index.read_bytes()
    index.write_bytes(good[:AT_ENGINE] + bytes([good[AT_ENGINE] ^ 1]) + good[AT_ENGINE + 1:])
    check("older: same report", report("older", db) == wanted)
    check("older: mended", index.read_bytes() == good)


def test_cannot_be_kept():
    db = database("blocked")
    index, = files(db, ".index")
    index.unlink()
    (index / "in its place").mkdir(parents=True)
    check("blocked: same report", report("blocked", db, says="is not kept: ") == wanted)
    run = program.run("analyze", dump, "--db", db)
    check("blocked: analyze says so", run.returncode == 0 and b"is not used: " in run.stderr, run.stderr)


def test_goes_with_its_elf():
    db = database("gone")
    program.run("symbols", "remove", "1", "--db", db)
    check("removed: both went", not files(db, ""), files(db, ""))
    db = database("lost")
    files(db, ".elf")[0].unlink()
    program.run("symbols", "list", "--db", db)
    check("an index alone goes", not files(db, ""), files(db, ""))
    program.run("symbols", "add", elf, "--db", db)
    check("added again", len(files(db, ".elf")) == 1, files(db, ""))
    check("added again: same report", report("added again", db) == wanted)
    check("added again: both are there", len(files(db, "")) == 2, files(db, ""))


def test_damaged_elf():
    """Without its index it would be read: its dumps wait for it, and come back with it."""
    data = pathlib.Path(elf).read_bytes()
    at = data.index(b".debug_info")  # the name of a section: such an ELF can still be read
    for what, bad in (("flipped", data[:at] + b"_" + data[at + 1:]), ("cut off", data[:-1000]), ("hollow", b"")):
        db = database(f"elf {what}")
        stored, = files(db, ".elf")
        stored.write_bytes(bad)
        files(db, ".index")[0].unlink()
        program.expect(f"ELF {what}: waits", 0, "ingest", dump, "--db", db, out="1 waits for its ELF, 0 quarantined", not_err=".")
        program.expect(f"ELF {what}: why", 0, "traces", "list", "--waiting", "--db", db,
                       out=rf"{stored}: damaged: 'faultline symbols add' brings it back")
        run = program.run("analyze", dump, "--db", db)
        check(f"ELF {what}: analyze --db", run.returncode == 1 and f"{stored}: damaged".encode() in run.stderr, run.stderr)
        program.expect(f"ELF {what}: check", 3, "check", "--db", db, out="symbol file 1: its ELF ")
        program.expect(f"ELF {what}: added again", 0, "symbols", "add", elf, "--db", db, out="1 that waited can be processed now")
        program.expect(f"ELF {what}: worker", 0, "worker", "--once", "--db", db, out="1 analysed", not_err=".")


def test_damaged_companion():
    """Of a debug file's stripped ELF: poorer without, but not wrong."""
    data = pathlib.Path(elf).read_bytes()
    db = work / "companion.db"
    for name, content in (("fw.debug", debug_file(data)), ("fw.stripped", stripped(data))):
        (work / name).write_bytes(content)
        program.expect(f"companion: {name}", 0, "symbols", "add", work / name, "--db", db)
    for path in files(db, ".elf"):
        if path.read_bytes() == stripped(data):
            path.write_bytes(path.read_bytes()[:-1] + b"?")
            path.with_suffix(".index").unlink()
    program.expect("companion: worker", 0, "ingest", dump, "--db", db, out="1 analysed", not_err=".")
    program.expect("companion: is not used", 0, "traces", "show", 1, "--db", db, out="fw.debug matches the dump\n")


def test_analyze_from_database():
    db = database("analyze")
    plain = program.run("analyze", dump, "--elf", elf, "--no-cache", "--format", "json").stdout
    stored, = files(db, ".elf")
    stored.write_bytes(bytes(stored.stat().st_size))
    run = program.run("analyze", dump, "--db", db, "--format", "json")
    check("analyze --db", run.stdout == plain and not run.stderr, run.stderr)


def test_check_and_backup_do_not_mind():
    db = database("kept")
    run = program.run("check", "--db", db)
    check("check", run.returncode == 0, run.stdout)
    run = program.run("gc", "--db", db, "--dump-age", "1d")
    check("gc", run.returncode == 0 and len(files(db, ".index")) == 1, run.stdout + run.stderr)
    copy = work / "copy.db"
    run = program.run("backup", copy, "--db", db)
    check("backup", run.returncode == 0, run.stderr)
    check("backup: same report", report("backup", copy) == wanted)


def main():
    global wanted
    try:
        db = database("wanted")
        files(db, ".index")[0].unlink()
        pathlib.Path(f"{db}.symbols").chmod(0o500)
        wanted = report("wanted", db, says="is not kept: " if os.geteuid() else None)
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                test()
    finally:
        pathlib.Path(f"{db}.symbols").chmod(0o700)
        shutil.rmtree(work)
    program.finish()


if __name__ == "__main__":
    sys.exit(main())
