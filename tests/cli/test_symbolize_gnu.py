#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""symbolize as addr2line, byte by byte: what the manual page says is the same, and what is not."""
import itertools
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from support import Program, stripped, without_debug_information

p = Program()
GNU = next(filter(None, map(shutil.which, ("arm-none-eabi-addr2line", "addr2line"))), None)
if not GNU:
    print("skipped: no addr2line")
    sys.exit(77)
CODE = (0x100, 0x2000)  # about what all of them have there: functions, constants, padding
RAM = (0x20000000, 0x20000100)


def lines_of(text):
    return re.sub(r" \(discriminator \d+\)", "", text).splitlines()


def run(command, flags, elf, addresses):
    run = subprocess.run([*command, *flags, "-e", elf], input="".join(f"{a:#x}\n" for a in addresses),
                         capture_output=True, text=True, check=True, timeout=120)
    return run.stdout


def places(command, elf, addresses):
    """For each address the lines of -fi."""
    blocks = []
    for line in lines_of(run(command, ["-fia"], elf, addresses)):
        if re.fullmatch("0x[0-9a-f]{8}", line):
            blocks.append([])
        else:
            blocks[-1].append(line)
    return blocks


def functions(path):
    """(begin, end) of functions with a size, and where each function begins."""
    elf = Path(path).read_bytes()
    sized, starts = [], {}
    table, = struct.unpack_from("<I", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 46)
    sections = [struct.unpack_from("<10I", elf, table + i * size) for i in range(count)]
    for section in filter(lambda s: s[1] == 2, sections):
        strings = sections[section[6]][4]
        for at in range(section[4], section[4] + section[5], 16):
            name, value, length, info = struct.unpack_from("<IIIB", elf, at)
            if info & 15 == 2:
                starts[elf[strings + name:elf.index(b"\0", strings + name)].decode()] = value & ~1
                sized.append((value & ~1, (value & ~1) + length))
    return sized, starts


def is_excused(address, ours, theirs, sized, starts, inlines):
    """One of the differences that the manual page names."""
    if not any(begin <= address < end for begin, end in sized):  # no code, or nobody's
        return ours[0] == "??"
    if ours[1::2] == theirs[1::2]:  # several names for one function
        return all(a == b or starts.get(a) == starts.get(b) for a, b in zip(ours[::2], theirs[::2]))
    if ours[1] == "??:?":  # a file that only the symbol table tells
        return ours[0] == theirs[0] and theirs[1].endswith(":?")
    if not inlines:  # it does not see them
        return ours[1] == theirs[1] and ours[-2] == theirs[-2] and len(ours) > len(theirs)
    return False


def compare(name, elf, inlines=True):
    addresses = list(range(*CODE)) + list(range(*RAM))
    sized, starts = functions(elf)
    mine = places([p.path, "symbolize"], elf, addresses)
    theirs = places([GNU], elf, addresses)
    same = [a for a, m, t in zip(addresses, mine, theirs) if m == t]
    odd = [(hex(a), m, t) for a, m, t in zip(addresses, mine, theirs)
           if m != t and not is_excused(a, m, t, sized, starts, inlines)]
    # The first address behind code of an assembler: addr2line says the function before.
    if len(odd) > 2 or len(same) < 2000:
        p.failures.append(f"{name}: {len(same)} the same, not as the manual page says: {odd[:5]}")
    compare_options(name, elf, random.Random(1).sample(same, 300))


def compare_options(name, elf, addresses):
    """Where they agree they do so with every combination of options."""
    for count in range(7):
        for chosen in itertools.combinations("fiCaps", count):
            flags = ["-" + "".join(chosen)] if chosen else []
            p.count += 1
            if lines_of(run([p.path, "symbolize"], flags, elf, addresses)) != lines_of(run([GNU], flags, elf, addresses)):
                p.failures.append(f"{name}: {flags}")


with tempfile.TemporaryDirectory() as folder:
    for build in ("m4f-og", "m4f-cpp", "m4f-lto", "m4f-dwarf2", "m0-os"):
        compare(build, f"{p.corpus}/{build}/fw.elf")
    compare("m4f-clang", f"{p.corpus}/m4f-clang/fw.elf", inlines=False)
    for what, edit in (("stripped", stripped), ("stripped of debug information", without_debug_information)):
        elf = Path(folder) / f"{what}.elf"
        elf.write_bytes(edit(Path(f"{p.corpus}/m4f-cpp/fw.elf").read_bytes()))
        compare(what, elf)

for failure in p.failures:
    print("FAILED", failure)
p.finish()
