# SPDX-License-Identifier: Apache-2.0
"""The tools that do a part of the same work, and what they answer."""

import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import struct
import sys
from pathlib import Path

import measure

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/differential"), str(ROOT / "tools/witness")]

import coredump  # noqa: E402
import elf32  # noqa: E402
import judge  # noqa: E402
import sources  # noqa: E402

CORE_ORDER = [f"r{n}" for n in range(13)] + ["sp", "lr", "pc", "xpsr"]
PRSTATUS_SIZE, PRSTATUS_REGISTERS = 148, 72
SETTINGS = ["set pagination off", "set confirm off", "set width 0", "set auto-load off", "set debuginfod enabled off",
            "set print entry-values no", "set backtrace past-main on", "set backtrace past-entry on"]


def load_script(path):
    """A module of a script without a suffix."""
    loader = importlib.machinery.SourceFileLoader(path.name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.name, loader))
    loader.exec_module(module)
    return module


def need(name):
    path = shutil.which(name)
    if not path:
        raise measure.Skipped(f"no {name}")
    return path


def gdb():
    return need("gdb-multiarch")


class Threads:
    """A dump's threads as GDB finds them: it walks the kernel's lists itself, and unwinds from the saved registers."""

    def __init__(self, elf, dump_path):
        threads = load_script(ROOT / "tests/differential/threads")
        witness = threads.load_witness()
        dump = coredump.load(dump_path)
        self.memory = coredump.Memory(dump.regions)
        walked = witness.witness(gdb(), [str(elf)], [dump], 0, 300, "gdb_freertos.py")[0]
        if "error" in walked:
            raise measure.Void(f"GDB could not walk the lists: {walked['error']}")
        self.names, self.contexts = [], []
        for task in walked["tasks"]:
            running = task["block"] == walked["current"]
            registers = dump.registers if running else threads.saved_registers(self.memory, task["top"], "cortex-m4")
            self.names.append(task["name"])
            self.contexts.append(threads.Context(registers, dump.regions))
        self.crashed = next(n for n, t in zip(self.names, walked["tasks"]) if t["block"] == walked["current"])
        self.elf, self.witness = elf, witness

    def stacks(self):
        """name -> frames"""
        symbols = sources.function_symbols(str(self.elf))
        answers = self.witness.witness(gdb(), [str(self.elf)], self.contexts, 256, 600)
        return {name: sources.up_to_exit_hook([judge.frame_of(f) for f in answer["frames"]], symbols)
                for name, answer in zip(self.names, answers)}

    def write_core(self, path):
        """An ELF core as GDB reads them of bare-metal Arm programs: a note per thread, the crashed one first."""
        rows = sorted(zip(self.names, self.contexts), key=lambda row: row[0] != self.crashed)
        notes = b"".join(prstatus(number + 1, context.registers) for number, (_, context) in enumerate(rows))
        Path(path).write_bytes(core_file(notes, sorted(self.memory.spans)))


def prstatus(number, registers):
    body = bytearray(PRSTATUS_SIZE)
    struct.pack_into("<I", body, 24, number)
    struct.pack_into(f"<{len(CORE_ORDER)}I", body, PRSTATUS_REGISTERS, *(registers[name] for name in CORE_ORDER))
    return struct.pack("<III", 5, len(body), 1) + b"CORE\0\0\0\0" + bytes(body)


def core_file(notes, spans):
    count = 1 + len(spans)
    at = 52 + 32 * count
    header = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 4, 40, 1, 0, 52, 0, 0x5000000, 52, 32, count,
                                                              0, 0, 0)
    table = struct.pack("<8I", 4, at, 0, 0, len(notes), 0, 0, 4)
    at += len(notes)
    for address, data in spans:
        table += struct.pack("<8I", 1, at, address, address, len(data), len(data), 6, 4)
        at += len(data)
    return header + table + notes + b"".join(bytes(data) for _, data in spans)


def gdb_command(elf, core, *commands):
    words = [gdb(), "-nx", "-nh", "-batch"]
    for text in SETTINGS:
        words += ["-iex", text]
    words.append(str(elf))
    if core:
        words += ["-c", str(core)]
    for text in commands:
        words += ["-ex", text]
    return words


WARM = """python
import gdb, itertools, json, time
def one(core):
    gdb.execute("core-file " + core, to_string=True)
    return gdb.execute("thread apply all bt full", to_string=True)
cores = {cores}
for core in cores: one(core)
wall, cpu = time.perf_counter(), time.process_time()
for core in itertools.islice(itertools.cycle(cores), {count}): one(core)
print(json.dumps([(time.perf_counter() - wall) / {count}, (time.process_time() - cpu) / {count}]))
"""


def warm_gdb(elf, cores, count, scratch):
    """Seconds for one more dump in a session that has seen each already."""
    script = Path(scratch) / "warm.gdb"
    script.write_text(WARM.format(cores=[str(core) for core in cores], count=count))
    _, out = measure.run(gdb_command(elf, None, f"source {script}"))
    return measure.Cost(*json.loads(out.strip().splitlines()[-1]))


def line_settled(elf, frames, number):
    """GDB passes over rows of the line table that begin no statement; addr2line has the last word about them."""
    frame = frames[number]
    address = frame["pc"] - (0 if frame["pc"] == frames[0]["pc"] else 1)
    out = measure.run([need("arm-none-eabi-addr2line"), "-a", "-f", "-i", "-e", elf, hex(address)])[1]
    wanted = frame["function"], frame["file"], str(frame["line"])
    return any(wanted in answers for answers in pairs_of_lines(out).values())


def compare_stack(ours, wanted, elf, name):
    for number, (a, b) in enumerate(zip(ours, wanted)):
        if a["line"] != b["line"] and line_settled(elf, ours, number):
            b["line"] = a["line"]
    verdict = judge.compare(ours, wanted, ("pc", "function", "file", "line", "inlined"))
    if verdict.kind != judge.SAME:
        raise measure.Void(f"thread {name}: {verdict}: {verdict.text}")


def compare_stacks(report, threads):
    """Every thread of a JSON report against GDB's. Returns (threads, frames) compared; Void where they differ."""
    wanted, frames = threads.stacks(), 0
    if len(report["threads"]) != len(wanted):
        raise measure.Void(f"{len(report['threads'])} threads, GDB finds {len(wanted)}")
    for thread in report["threads"]:
        ours = [judge.frame_of(f) for f in thread["frames"]]
        if thread["name"] not in wanted:
            raise measure.Void(f"GDB finds no thread {thread['name']}")
        compare_stack(ours, wanted[thread["name"]], threads.elf, thread["name"])
        frames += len(ours)
    return len(wanted), frames


def count_frames(text):
    """Of `thread apply all bt`."""
    return len(re.findall(r"^#\d+ ", text, re.M))


def address_list(elf, count, numbers):
    """Even addresses in functions, spread over all of them."""
    out = measure.run([need("arm-none-eabi-readelf"), "-sW", elf])[1]
    rows = [line.split() for line in out.splitlines() if " FUNC " in line]
    ranges = [(int(r[1], 16) & ~1, int(r[2], 0)) for r in rows if r[6] != "UND" and int(r[2], 0) > 2]
    chosen = []
    for _ in range(count):
        start, size = numbers.pick(ranges)
        chosen.append(start + 2 * numbers.below(size // 2))
    return chosen


def pairs_of_lines(text):
    """addr2line -a -f -i: address -> [(function, file base name, line)], innermost first."""
    answer, key, lines = {}, None, iter(text.splitlines())
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]+", line):
            key = int(line, 16)
            answer[key] = []
        elif line and key is not None:
            place = re.sub(r" \(discriminator \d+\)", "", next(lines))
            file, _, number = place.rpartition(":")
            answer[key].append((line, os.path.basename(file), number))
    return answer


def agreed(answers):
    """What all tools say of an address; where they differ, none of them is a witness."""
    first, *others = answers
    return {key: said for key, said in first.items() if all(other.get(key) == said for other in others)}
