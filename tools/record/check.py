# SPDX-License-Identifier: Apache-2.0
"""Does a dump bear out what the author expects? Only ever a check.

Frame 0 is the PC of the register block. Every further physical frame must have
a word on the stack, each above the one before, whose source position (binutils'
addr2line, one byte before a return address) is the expected one. This is weaker
than unwinding, and needs none.
"""

import struct
from pathlib import Path

from dump_lister import Dump
from firmware import PREFIX, run


RAM_AND_UP = 0x20000000  # no code from here on
PENDSV = 14
TO_PSP = (0xFFFFFFFD, 0xFFFFFFED)
EXC_RETURNS = (*TO_PSP, 0xFFFFFFF1, 0xFFFFFFE1, 0xFFFFFFF9, 0xFFFFFFE9)


def physical(frames):
    """Group inlined frames with the frame they were inlined into."""
    group, groups = [], []
    for frame in frames:
        group.append(frame)
        if not frame.get("inlined"):
            groups.append(group)
            group = []
    return groups


class Lines:
    """Positions of addresses, remembered."""

    def __init__(self, elves):
        self.elves = elves
        self.known = {}

    def learn(self, addrs):
        addrs = sorted({a for a in addrs if 0 <= a < RAM_AND_UP} - set(self.known))
        for addr in addrs:
            self.known[addr] = []
        for elf in self.elves:
            if not addrs:
                return
            out = run([PREFIX + "addr2line", "-a", "-i", "-f", "-C", "-e", elf,
                       *[hex(a) for a in addrs]])
            self.read(out.splitlines())
            addrs = [a for a in addrs if not self.known[a]]

    def read(self, rows):
        at = None
        rows = iter(rows)
        for row in rows:
            if row.startswith("0x") and ":" not in row:
                at = int(row, 16)
                continue
            place = next(rows)
            file, _, line = place.partition(" ")[0].rpartition(":")
            if row != "??":
                self.known[at].append((row, Path(file).name, line))

    def matches(self, addr, group):
        have = self.known.get(addr, [])
        if len(have) != len(group):
            return False
        return all(same_name(f["function"], h[0]) and
                   (f["line"] is None or (f["file"], str(f["line"])) == h[1:])
                   for f, h in zip(group, have))


def same_name(expected, shown):
    """C++ names are spelled differently by DWARF and by the demangler: the line decides."""
    return "::" in expected or shown == expected


def stack_words(dump, start):
    words = []
    while (raw := dump.memory(start, 4)) is not None:
        words.append((start, struct.unpack("<I", raw)[0]))
        start += 4
    return words


def check(path, expected, elves):
    """A list of complaints, empty when all is well."""
    dump = Dump(path.read_bytes())
    bad = []
    if dump.reason() != int(expected["reason"], 16):
        bad.append(f"reason {dump.reason():#x}, expected {expected['reason']}")
    if expected["frames"] is None:
        return bad
    regs = dump.registers()
    groups = physical(expected["frames"])
    first = groups.pop(0)[-1]
    lines = Lines(elves)
    if first["function"] is None:
        if regs["pc"] != int(first["pc"], 16):
            bad.append(f"pc {regs['pc']:#x}, expected {first['pc']}")
    else:
        lines.learn([regs["pc"]])
        if not lines.matches(regs["pc"], physical(expected["frames"])[0]):
            bad.append(f"pc {regs['pc']:#x} is {lines.known[regs['pc']]}, expected {first}")
    words = [(0, regs["lr"])] + stack_words(dump, regs["sp"])
    on_psp = stack_words(dump, regs["psp"]) if regs["psp"] != regs["sp"] else []
    lines.learn([w & ~1 for _, w in words + on_psp])
    lines.learn([(w & ~1) - 1 for _, w in words + on_psp if w & 1])
    exact = False
    for group in groups:
        if "kind" in group[0]:
            exact = True
            left_by = next((w for _, w in words[:40] if w in EXC_RETURNS), None)
            # Of PendSV a kernel may keep it with what it saved of the task.
            if (left_by in TO_PSP or regs["psr"] & 0x1FF == PENDSV) and on_psp:
                words, on_psp = on_psp, []
            continue
        for index, (_, word) in enumerate(words):
            # After an exception the stacked PC is exact; after an svc it is one past.
            at = [word, word - 1] if exact else [(word & ~1) - 1]
            if exact:
                lines.learn(at)
            if any(lines.matches(a, group) for a in at):
                # Of an interrupted leaf, the caller is in the stacked LR, one word below.
                words = words[index - 1:index] + words[index + 1:] if exact else words[index + 1:]
                break
        else:
            bad.append(f"nothing on the stack for {group}")
        exact = False
    return bad
