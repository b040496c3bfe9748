# SPDX-License-Identifier: Apache-2.0
"""`faultline coredump` in gdb, attached to a firmware in QEMU. Skipped (77) where either is missing."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
program, fixtures, tools = sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()
sys.path[:0] = [str(tools / "record")]

import frames
import gdb_session

if not gdb_session.available():
    print("skipped: needs gdb-multiarch (or arm-none-eabi-gdb) and qemu-system-arm")
    sys.exit(77)

MACHINES = {"m0-os": "microbit", "m3-os": "mps2-an385", "m33-os": "mps2-an505"}
CASES = [("m4f-o2", "null-write"), ("m4f-o2", "divide-by-zero"), ("m4f-o2", "forced-hard-fault"),
         ("m4f-o2", "fp-isr"), ("m4f-o2", "realigned-fault"), ("m4f-o2", "debugger-halted"),
         ("m3-os", "fault-in-svc"), ("m33-os", "fault-in-nested-isr"),
         ("m33-os", "stack-overflow-psplim"), ("m0-os", "bus-fault"), ("m0-os", "realigned-stack"),
         ("m4f-handlers", "fault-in-isr"), ("m4f-handlers", "realigned-fault")]
failures, count = [], 0


def check(what, good, why=""):
    global count
    count += 1
    if not good:
        failures.append(what)
        print(f"FAILED {what}: {why}")


def elf_of(build):
    own = fixtures / "gdb" / build / "fw.elf"
    return own if own.exists() else fixtures / "corpus" / build / "fw.elf"


def expected_of(build, scenario):
    own = fixtures / "gdb" / build / f"{scenario}.json"
    return json.loads((own if own.exists() else fixtures / "corpus" / build / scenario / "expected.json").read_text())


def test_captures(folder):
    """Halted in a fault handler or in plain code, the frames are those of the device's own dump."""
    known = json.loads((fixtures / "gdb" / "cases.json").read_text())
    for build, scenario in CASES:
        case = next(c for c in known if (c["build"], c["scenario"]) == (build, scenario))
        data, said = gdb_session.capture(MACHINES.get(build, "mps2-an386"), elf_of(build), case)
        if data is None:
            check(f"{build} {scenario}", False, said)
            continue
        dump = folder / "out.core"
        dump.write_bytes(data)
        bad = frames.differences(frames.analyse(program, dump, elf_of(build)), expected_of(build, scenario))
        check(f"{build} {scenario}", not bad, "; ".join(bad))
        recorded = fixtures / "corpus" / build / scenario / "dump.core"
        if recorded.exists():
            bad = frames.register_differences(data, recorded.read_bytes())
            check(f"{build} {scenario}: registers", not bad, "; ".join(bad))
        check(f"{build} {scenario}: says which registers",
              ("as they are" if case.get("plain") else "from before ") in said, said)


def said_at(build, scenario, place, commands):
    with gdb_session.Session(MACHINES.get(build, "mps2-an386"), elf_of(build), scenario) as session:
        said = session.halt(place, commands)
        return said, sorted(path.name for path in session.folder.glob("*.core"))


def test_words():
    """What cannot be done is said, and why; nothing is written then."""
    said, written = said_at("m4f-o2", "null-write", "HardFault_Handler", [
        "faultline coredump -x", "faultline coredump -r 0x20000000", "faultline coredump -r 0x20000000 0",
        "faultline coredump -r 0xFFFFFFF0 0x11", "faultline coredump -r no_such_thing 4",
        "faultline coredump -o missing/folder.core", "help faultline coredump"])
    check("refused: nothing written", written == [], written)
    for text in ("-x is not understood", "-r needs ADDR and SIZE", "a region has 1 byte or more",
                 "-r 0xFFFFFFF0 0x11", "No symbol \"no_such_thing\"",
                 "missing/folder.core: No such file or directory", "Example:",
                 "faultline coredump -r 0x20000000 0x10000 -o crash.core"):
        check(f"says {text}", text in said, said)


def test_memory():
    """Regions by expression; the unreadable is left out; nothing is overwritten; MPU_RNR as before."""
    said, written = said_at("m4f-o2", "null-write", "HardFault_Handler", [
        "faultline coredump -r &__locked_start 256 -r 0x20000800 0x100 -o a.core",
        "faultline coredump -o a.core", "print g_sink = 0x1234", "faultline coredump"])
    check("two files", len(written) == 2 and "a.core" in written, written)
    check("the guard is said to be skipped", "0x20000800, 0x100 bytes: cannot be read, skipped" in said, said)
    check("not overwritten", "a.core is there already" in said, said)


def test_no_state_before():
    said, written = said_at("m4f-o2", "null-write", "fault_handler", ["faultline coredump -o in.core"])
    check("EXC_RETURN is gone", "its EXC_RETURN was not found" in said and written == ["in.core"], said)
    said, written = said_at("m33-os", "stack-overflow-psplim", "HardFault_Handler",
                            ["faultline coredump -o psp.core"])
    check("psp is unknown", "give it with --psp" in said and written == ["psp.core"], said)


def test_no_target(folder):
    said = gdb_session.gdb(folder, ["faultline coredump -o none.core"], elf_of("m4f-o2"))
    check("no target", "no target: connect to one first" in said and not (folder / "none.core").exists(), said)
    if shutil.which("true"):
        said = gdb_session.gdb(folder, ["starti", "faultline coredump -o host.core"], shutil.which("true"))
        refused = "not a Cortex-M" in said or "no target" in said  # where processes may not be traced
        check("another architecture", refused and not (folder / "host.core").exists(), said)


with tempfile.TemporaryDirectory() as name:
    test_captures(Path(name))
    test_no_target(Path(name))
test_words()
test_memory()
test_no_state_before()
print(f"{count} checks, {len(failures)} failed")
sys.exit(1 if failures else 0)
