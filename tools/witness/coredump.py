# SPDX-License-Identifier: Apache-2.0
"""Reader of the device coredump format, for the witnesses only.

Written from the format description alone and sharing nothing with the engine,
so that the two can disagree.
"""

import struct

REGISTER_NAMES = [f"r{n}" for n in range(13)] + ["sp", "lr", "pc", "xpsr", "msp", "psp"]

BLOCK_REGISTERS = 0
BLOCK_MEMORY = 1


class CoredumpError(Exception):
    """The file is not a dump a witness can work with."""


class Coredump:
    """Registers by name, and memory regions in the order of the file."""

    def __init__(self, data):
        if len(data) < 12 or data[:4] != b"CORE":
            raise CoredumpError("not a coredump")
        self.version, total = struct.unpack_from("<II", data, 4)
        if 12 <= total < len(data):
            data = data[:total]
        self.registers = {}
        self.regions = []
        for kind, address, payload in blocks(data):
            if kind == BLOCK_REGISTERS and not self.registers:
                self._take_registers(payload)
            elif kind == BLOCK_MEMORY and payload:
                self.regions.append((address, payload[: 2**32 - address]))
        if not self.registers:
            raise CoredumpError("no Cortex-M registers in the dump")

    def _take_registers(self, payload):
        if len(payload) < 68 or len(payload) % 4:
            return
        words = struct.unpack_from(f"<{len(payload) // 4}I", payload)
        self.registers = dict(zip(REGISTER_NAMES, words))


def blocks(data):
    """(type, address, payload) of every block; the last may be cut short."""
    position = 12
    while len(data) - position >= 12:
        if len(data) - position == 16 and data[position : position + 4] == b"DUMP":
            return
        kind, address, length = struct.unpack_from("<B3xII", data, position)
        position += 12
        yield kind, address, data[position : position + length]
        position += length


def load(path):
    with open(path, "rb") as file:
        return Coredump(file.read())


class Memory:
    """Layered (address, bytes) regions as disjoint spans; the first layer wins."""

    def __init__(self, regions):
        self.spans = []
        for address, data in regions:
            self._add(address, data)

    def _add(self, address, data):
        end = address + len(data)
        at = address
        for start, held in list(self.spans):
            if start + len(held) <= at or start >= end:
                continue
            if start > at:
                self.spans.append((at, data[at - address : start - address]))
            at = start + len(held)
        if at < end:
            self.spans.append((at, data[at - address :]))
        self.spans.sort(key=lambda span: span[0])

    def read(self, address, size):
        """As many captured bytes as there are from address on."""
        result = b""
        for start, data in self.spans:
            at = address + len(result)
            if start <= at < start + len(data):
                result += data[at - start : at - start + size - len(result)]
        return result
