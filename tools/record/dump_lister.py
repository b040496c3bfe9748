# SPDX-License-Identifier: Apache-2.0
"""A small reader of coredumps, written apart from the engine.

Run it on dumps to list their blocks:  python3 dump_lister.py DUMP...
"""

import struct
import sys
from collections import namedtuple

TYPES = {0: "registers", 1: "memory", 2: "serial", 4: "hardware version",
         5: "reason", 6: "padding", 7: "machine", 9: "mpu",
         10: "software version", 11: "software type", 12: "build id"}
NAMES = [f"r{n}" for n in range(13)] + ["sp", "lr", "pc", "psr", "msp", "psp",
                                        "primask", "control"]
FAULTS = ["SHCSR", "CFSR", "HFSR", "DFSR", "MMFAR", "BFAR", "AFSR"]
TEXT = (2, 4, 10, 11)

Block = namedtuple("Block", "type addr payload offset")


class Dump:
    """The blocks of one dump; raises ValueError on anything out of order."""

    def __init__(self, data):
        magic, self.version, total = struct.unpack_from("<4sII", data)
        if magic != b"CORE" or total != len(data) or self.version not in (1, 2):
            raise ValueError("bad header")
        self.flags = None
        self.blocks = []
        at, end = 12, total
        if self.version == 2:
            end -= 16
            magic, self.flags, a, b = struct.unpack_from("<4sIII", data, end)
            if magic != b"DUMP" or a or b:
                raise ValueError("bad footer")
        while at < end:
            kind, addr, size = struct.unpack_from("<III", data, at)
            at += 12
            if kind not in TYPES or at + size > end:
                raise ValueError(f"bad block at {at - 12:#x}")
            if kind == 1 and at % 4 and self.version == 2:
                raise ValueError(f"unaligned region at {at - 12:#x}")
            self.blocks.append(Block(kind, addr, data[at:at + size], at))
            at += size

    def first(self, kind):
        return next(b for b in self.blocks if b.type == kind)

    def registers(self):
        words = self.words(self.first(0).payload)
        return dict(zip(NAMES, words))

    def reason(self):
        return struct.unpack("<I", self.first(5).payload)[0]

    def memory(self, addr, size):
        for b in self.blocks:
            if b.type == 1 and b.addr <= addr and addr + size <= b.addr + len(b.payload):
                return b.payload[addr - b.addr:addr - b.addr + size]
        return None

    @staticmethod
    def words(payload):
        return struct.unpack(f"<{len(payload) // 4}I", payload[:len(payload) & ~3])


def show(path):
    with open(path, "rb") as file:
        dump = Dump(file.read())
    print(f"{path}: version {dump.version}, flags {dump.flags}")
    for b in dump.blocks:
        line = f"  {b.offset - 12:5} {TYPES[b.type]:16} {b.addr:08x} {len(b.payload):5}"
        if b.type in TEXT:
            line += " " + b.payload.decode()
        elif b.type in (5, 7):
            line += f" {dump.words(b.payload)[0]:#x}"
        elif b.type == 12:
            line += " " + b.payload.hex()
        print(line)
    regs = dump.registers()
    for row in range(0, len(regs), 4):
        print("   " + "".join(f" {k:>7}={v:08x}" for k, v in list(regs.items())[row:row + 4]))
    faults = dump.memory(0xE000ED24, 28)
    if faults:
        print("   " + " ".join(f"{n}={v:08x}" for n, v in zip(FAULTS, dump.words(faults))))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        show(name)
