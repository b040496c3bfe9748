#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""symbolize against llvm-symbolizer and addr2line: every instruction of every recorded firmware."""
import bisect
import collections
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

os.environ["XDG_CACHE_HOME"] = "/dev/null/none"  # not the user's own
program, corpus = sys.argv[1], Path(sys.argv[2])
verbose = "--verbose" in sys.argv
LLVM = next(filter(None, map(shutil.which, ("llvm-symbolizer-14", "llvm-symbolizer"))), None)
GNU = next(filter(None, map(shutil.which, ("arm-none-eabi-addr2line", "addr2line"))), None)


def symbols(elf):
    """(address, size, type, section, name) of the symbol table."""
    table, = struct.unpack_from("<I", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 46)
    sections = [struct.unpack_from("<10I", elf, table + i * size) for i in range(count)]
    for section in sections:
        if section[1] != 2:
            continue
        strings = sections[section[6]][4]
        for at in range(section[4], section[4] + section[5], 16):
            name, value, length, info, _, index = struct.unpack_from("<IIIBBH", elf, at)
            text = elf[strings + name:elf.index(b"\0", strings + name)].decode()
            yield value, length, info & 15, index, text


def instructions(elf):
    """Every second byte of functions with a size, but for what mapping symbols call data."""
    marks, functions = [], set()
    for value, size, kind, section, name in symbols(elf):
        if name.split(".")[0] in ("$t", "$a", "$d"):
            marks.append((value, name[1]))
        elif kind == 2 and size and section:
            functions.add((value & ~1, size))
    marks = sorted(set(marks))
    starts = [m[0] for m in marks]
    found = set()
    for addr, size in functions:
        for at in range(addr, addr + size, 2):
            i = bisect.bisect_right(starts, at) - 1
            if i >= 0 and marks[i][1] != "d":
                found.add(at)
    return sorted(found)


def run(command, addresses):
    text = "".join(f"0x{a:x}\n" for a in addresses)
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=300).stdout


def tail(path):
    """Tools disagree about '..' and what a relative path is relative to."""
    return path.rsplit("/", 1)[-1]


def ours(elf, addresses):
    answers = []
    for line in run([program, "symbolize", "--elf", elf, "--format", "json"], addresses).splitlines():
        frames = json.loads(line)["frames"]
        answers.append([(f.get("linkage_name") or f.get("function", "??"), tail(f.get("file", "??")),
                         f.get("line", 0)) for f in frames])
    return answers


def llvm(elf, addresses):
    answers = []
    out = run([LLVM, "--obj", elf, "--inlines", "--no-demangle", "--output-style=JSON"], addresses)
    for line in out.splitlines():
        answers.append([(s["FunctionName"] or "??", tail(s["FileName"] or "??"), s["Line"])
                        for s in json.loads(line).get("Symbol", [])])
    return answers


def addr2line_lines(command, addresses):
    """The blocks of addr2line -a: what stands between one address and the next."""
    blocks = []
    for line in run(command, addresses).splitlines():
        if re.fullmatch(r"0x[0-9a-f]{8}", line):
            blocks.append([])
        else:
            blocks[-1].append(re.sub(r" \(discriminator \d+\)$", "", line))
    return blocks


def same_scope(a, b, starts):
    """Equal, but that several names may stand for one function."""
    return a[1:] == b[1:] and (a[0] == b[0] or starts.get(a[0], a[0]) == starts.get(b[0], b[0]))


def same(a, b, starts):
    if a and isinstance(a[0], str):  # addr2line's lines: names and places in turn
        a, b = [list(zip(x[::2], x[1::2])) for x in (a, b)]
    return len(a) == len(b) and all(same_scope(x, y, starts) for x, y in zip(a, b))


def compare(name, addresses, mine, theirs, starts, counts):
    if len(mine) != len(addresses) or len(theirs) != len(addresses):
        sys.exit(f"{name}: {len(addresses)} addresses, {len(mine)} and {len(theirs)} answers")
    for address, a, b in zip(addresses, mine, theirs):
        equal = same(a, b, starts)
        counts["all"] += 1
        counts["equal"] += equal
        if not equal and verbose:
            print(f"{name} {address:#x}\n  ours   {a}\n  theirs {b}")


# The linker dropped functions of this build and left their debug information at address 0: the peers take it for
# that of the code which is there.
DROPPED = "m4f-gc"
# binutils 2.40 does not see that clang's functions are inlined into others.
NO_INLINES = "m4f-clang"
# What is left: binutils say the function before at the first address behind assembly code and sometimes lose its file;
# DWARF 2 does not say where inlined functions were called, and llvm makes up a file.
LEAST = {"llvm-symbolizer": 0.9999, "addr2line -fiae": 0.999, "addr2line -fiCae": 0.999}


def compare_build(elf, totals):
    data = elf.read_bytes()
    name, addresses = elf.parent.name, instructions(data)
    starts = {row[4]: row[0] & ~1 for row in symbols(data) if row[2] == 2}
    if LLVM:
        compare(f"llvm {name}", addresses, ours(elf, addresses), llvm(elf, addresses), starts, totals["llvm-symbolizer"])
    for flags in ("-fiae", "-fiCae") if GNU and name != NO_INLINES else ():
        compare(f"addr2line {flags} {name}", addresses, addr2line_lines([program, "symbolize", flags, elf], addresses),
                addr2line_lines([GNU, flags, elf], addresses), starts, totals[f"addr2line {flags}"])


def main():
    if not LLVM and not GNU:
        print("skipped: neither llvm-symbolizer nor addr2line")
        return 77
    totals = collections.defaultdict(collections.Counter)
    builds = [elf for elf in sorted(corpus.glob("*/fw.elf")) if elf.parent.name != DROPPED]
    for elf in builds:
        compare_build(elf, totals)
    failed = len(builds) < 20
    for tool, count in totals.items():
        print(f"{tool}: {count['equal']} of {count['all']} equal")
        failed |= count["all"] < 30_000 or count["equal"] < LEAST[tool] * count["all"]
    return int(failed)


sys.exit(main())
