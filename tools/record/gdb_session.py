# SPDX-License-Identifier: Apache-2.0
"""A firmware in QEMU, halted by gdb, and `faultline coredump` there."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "gdb" / "faultline.py"
GDBS = ("gdb-multiarch", "arm-none-eabi-gdb")
PATIENCE = 20
CLOCK = "1700000000"


def find_gdb():
    return next((found for found in map(shutil.which, GDBS) if found), None)


def available():
    return bool(find_gdb() and shutil.which("qemu-system-arm"))


def gdb(folder, commands, elf=None, more=None):
    """What gdb said. The commands run one after the other; an error does not end it."""
    words = [find_gdb(), "-nx", "-batch", "-ex", "set pagination off", "-ex", "set confirm off",
             "-ex", f"source {SCRIPT}"]
    for command in commands:
        words += ["-ex", command]
    done = subprocess.run(words + ([str(elf)] if elf else []), cwd=folder, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                          env={**os.environ, "SOURCE_DATE_EPOCH": CLOCK, **(more or {})})
    return done.stdout + done.stderr


class Session:
    """QEMU waiting at reset, in a folder of its own."""

    def __init__(self, machine, elf, scenario):
        self.elf = elf
        self.folder = Path(tempfile.mkdtemp(prefix="faultline-gdb-"))
        self.qemu = subprocess.Popen(
            ["qemu-system-arm", "-M", machine, "-nographic", "-monitor", "none", "-serial", "none",
             "-icount", "shift=4,sleep=off", "-kernel", str(elf), "-S",
             "-gdb", "unix:gdb.socket,server=on,wait=off", "-semihosting-config",
             f"enable=on,target=native,arg=fw,arg={scenario}"],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not (self.folder / "gdb.socket").exists():
            if self.qemu.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{machine} {scenario}: QEMU did not start")
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def halt(self, place, commands):
        """Run to the first instruction of a function, then do the commands there."""
        return gdb(self.folder, ["target remote gdb.socket", f"break *((long)&{place} & ~1)",
                                 "continue", *commands, "kill"], self.elf)


def psp_of(machine, elf, scenario):
    """What QEMU 7.2 does not show: the process stack pointer, which the fault handler notes down."""
    with Session(machine, elf, scenario) as session:
        said = session.halt("fault_handler", ["printf \"psp=%#x\\n\", g_fault_state.psp"])
    return int(said.partition("psp=")[2].split()[0], 16)


def capture(machine, elf, case):
    """The dump of one case, and what was said. case: see fixtures/gdb/cases.json."""
    more = f"--psp {psp_of(machine, elf, case['scenario']):#x}" if case.get("psp") else ""
    with Session(machine, elf, case["scenario"]) as session:
        said = session.halt(case["at"], [
            "faultline coredump -o out.core --software-type fixture-fw "
            f"--software-version 1.4.0-{case['build']} --hardware-version {machine} "
            f"{more}"])
        dump = session.folder / "out.core"
        return (dump.read_bytes() if dump.exists() else None), said
