# SPDX-License-Identifier: Apache-2.0
"""Edits of recorded dumps, for what QEMU cannot do."""

import struct

from dump_lister import Dump

FAULT_REGISTERS = 0xE000ED24
CFSR_OFFSET, BFAR_OFFSET = 4, 20
PRECISERR, IMPRECISERR, BFARVALID = 1 << 9, 1 << 10, 1 << 15
PC_WORD = 15
FRAME_SIZE, FRAME_PC = 0x20, 0x18


def thumb_size(code):
    """Bytes of the Thumb instruction whose first halfword this is."""
    return 4 if code >> 11 in (0b11101, 0b11110, 0b11111) else 2


def imprecise(data, read_code, instructions=2):
    """A precise bus fault made imprecise.

    CFSR: IMPRECISERR for PRECISERR and BFARVALID; BFAR zero; PC that many
    instructions on, in the register block and in the exception frame below sp
    wherever that was captured.
    """
    dump = Dump(data)
    out = bytearray(data)
    regs = dump.registers()
    pc = late = regs["pc"]
    for _ in range(instructions):
        late += thumb_size(read_code(late))
    faults = next(b for b in dump.blocks if b.type == 1 and b.addr == FAULT_REGISTERS)
    cfsr = struct.unpack_from("<I", out, faults.offset + CFSR_OFFSET)[0]
    assert cfsr == PRECISERR | BFARVALID
    struct.pack_into("<I", out, faults.offset + CFSR_OFFSET, IMPRECISERR)
    struct.pack_into("<I", out, faults.offset + BFAR_OFFSET, 0)
    struct.pack_into("<I", out, dump.first(0).offset + 4 * PC_WORD, late)
    stacked_pc = regs["sp"] - FRAME_SIZE + FRAME_PC
    for b in dump.blocks:
        if b.type == 1 and b.addr <= stacked_pc < b.addr + len(b.payload):
            at = b.offset + stacked_pc - b.addr
            assert struct.unpack_from("<I", out, at)[0] == pc
            struct.pack_into("<I", out, at, late)
    return bytes(out)
