# SPDX-License-Identifier: Apache-2.0
"""Less of a recorded dump: what ports with little room capture of a kernel's memory."""

import struct

from dump_lister import Dump
from firmware import PREFIX, run

# Bytes of each control block (None: all; "name": four characters of it), of each stack from its saved stack pointer upwards, and
# whether all other data is there or only the kernel's lists.
KINDS = {
    "vendor": dict(block=100, stack=256, data=False),
    "short-stacks": dict(block=None, stack=72, data=True),
    "no-stacks": dict(block=None, stack=0, data=True),
    "short-names": dict(block="name", stack=256, data=True),
    "lists-only": dict(block=0, stack=0, data=True),
}
ACTIVE_STACK = 512
MEMORY, PADDING = 1, 6
SYSTEM = 0xE0000000
LISTS = ("pxCurrentTCB", "pxReadyTasksLists", "xDelayedTaskList1", "xDelayedTaskList2",
         "pxDelayedTaskList", "pxOverflowDelayedTaskList", "xPendingReadyList",
         "xTasksWaitingTermination", "xSuspendedTaskList", "uxCurrentNumberOfTasks", "xTickCount",
         "xSchedulerRunning", "uxTopReadyPriority", "xIdleTaskHandle", "xIdleTaskHandles")


class Image:
    """Objects of an image: name to (address, size)."""

    def __init__(self, elf):
        self.objects, self.at = {}, {}
        for row in run([PREFIX + "nm", "-S", elf]).splitlines():
            words = row.split()
            if len(words) == 4:
                self.objects[words[3]] = (int(words[0], 16), int(words[1], 16))
            self.at[words[-1]] = int(words[0], 16) if len(words) > 2 else None

    def ending(self, text):
        start, end = self.at["__ram_start"], self.at["__bss_end"]
        return [place for name, place in self.objects.items()
                if name.endswith(text) and start <= place[0] < end]


def without(ranges, holes):
    """Ranges (address, size) less the holes."""
    for hole, size in sorted(holes):
        ranges = [part for addr, length in ranges
                  for part in ((addr, min(length, max(0, hole - addr))),
                               (max(addr, hole + size), addr + length - max(addr, hole + size)))
                  if part[1] > 0]
    return ranges


def stack_part(dump, block, stacks, size):
    """From the stack pointer that a control block begins with, as far as its stack goes."""
    top = struct.unpack("<I", dump.memory(block, 4))[0]
    for start, length in stacks:
        if start <= top < start + length:
            return (top, min(size, start + length - top))
    return (0, 0)


def kept_ranges(dump, image, build, kind):
    said = KINDS[kind]
    block_size = build["name_off"] + 4 if said["block"] == "name" else said["block"]
    blocks, stacks = image.ending("_tcb"), image.ending("_stack")
    started = [b for b in blocks if dump.memory(b[0], 4) != b"\0\0\0\0"]
    data = (image.at["__locked_end"], image.at["__bss_end"] - image.at["__locked_end"])
    sp = dump.registers()["sp"]
    end = min(sp + ACTIVE_STACK, image.at["__thread_stack_top"])
    ranges = [(sp, end - sp)]
    ranges += [image.objects[n] for n in LISTS if n in image.objects] if not said["data"] \
        else without([data], blocks)
    ranges += [(addr, min(size, block_size or size)) for addr, size in started
               if block_size != 0]
    ranges += [stack_part(dump, addr, stacks, said["stack"]) for addr, _ in started]
    return [r for r in ranges if r[1]]


def block_bytes(at, kind, addr, payload):
    """A block for offset @p at; regions are aligned by padding before them."""
    data = b""
    if kind == MEMORY and at % 4:
        data = struct.pack("<III", PADDING, 0, 4 - at % 4) + bytes(4 - at % 4)
    return data + struct.pack("<III", kind, addr, len(payload)) + payload


def partial(data, elf, build, kind):
    """The dump with only a part of RAM; all else stays."""
    dump = Dump(data)
    blocks = [b for b in dump.blocks if b.type != PADDING]
    ram = Image(elf).at["__ram_start"]
    out = bytearray(data[:12])
    for b in blocks:
        if b.type != MEMORY or b.addr < ram or b.addr >= SYSTEM:
            out += block_bytes(len(out), b.type, b.addr, b.payload)
    for addr, size in kept_ranges(dump, Image(elf), build, kind):
        out += block_bytes(len(out), MEMORY, addr, dump.memory(addr, size))
    out += data[-16:]
    struct.pack_into("<I", out, 8, len(out))
    Dump(bytes(out))
    return bytes(out)
