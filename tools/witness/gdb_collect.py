# SPDX-License-Identifier: Apache-2.0
"""Runs inside GDB: walk the stack of every stub in turn, print what it found.

The job file named by WITNESS_JOB lists the sockets, the code ranges and the
frame limit; the answer goes to the file it names, one JSON list per socket.
"""

import json
import os

import gdb
from gdb.unwinder import Unwinder

SKIPPED_TYPES = (gdb.TAILCALL_FRAME, gdb.ARCH_FRAME, gdb.SENTINEL_FRAME)


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


def in_code(ranges, address):
    return any(start <= address < end for start, end in ranges)


def is_exc_return(value):
    return value & 0xFFFFFF80 == 0xFFFFFF80 and not value & 2


class BadTarget(Unwinder):
    """Frame 0 at an address without code: the caller is in lr.

    GDB has no rule for it and would take r11 for a frame pointer.
    """

    KEPT = [f"r{n}" for n in range(4, 12)] + ["sp", "xpsr", "msp", "psp"]

    def __init__(self, ranges):
        super().__init__("bad branch target")
        self.ranges = ranges

    def _caller(self, pending):
        pc = int(pending.read_register("pc")) & 0xFFFFFFFE
        lr = int(pending.read_register("lr")) & 0xFFFFFFFF
        if pending.level() != 0 or in_code(self.ranges, pc) or is_exc_return(lr):
            return None
        return lr & 0xFFFFFFFE if in_code(self.ranges, (lr & 0xFFFFFFFE) - 1) else None

    def __call__(self, pending):
        caller = self._caller(pending)
        if caller is None:
            return None
        info = pending.create_unwind_info(
            FrameId(pending.read_register("sp"), pending.read_register("pc"))
        )
        for name in self.KEPT:
            try:
                info.add_saved_register(name, pending.read_register(name))
            except ValueError:
                continue  # a dump without msp and psp
        pc = pending.read_register("pc")
        info.add_saved_register("pc", gdb.Value(caller).cast(pc.type))
        return info


def source_line(frame):
    sal = frame.find_sal()
    if not sal.symtab or not sal.line:
        return None, None
    return os.path.basename(sal.symtab.filename), sal.line


def describe(frame):
    if frame.type() == gdb.SIGTRAMP_FRAME:
        return {"kind": "exception", "pc": f"0x{frame.pc() & 0xFFFFFFFF:08x}"}
    file, line = source_line(frame)
    return {
        "pc": f"0x{frame.pc() & 0xFFFFFFFF:08x}",
        "function": frame.name(),
        "file": file,
        "line": line,
        "inlined": frame.type() == gdb.INLINE_FRAME,
    }


def is_end(frame, after_context, ranges):
    """Whether GDB left the code: reset's lr, a stack it walked off."""
    if frame.type() == gdb.SIGTRAMP_FRAME:
        return not is_exc_return(frame.pc() | 1)
    return not after_context and not in_code(ranges, (frame.pc() & 0xFFFFFFFE) - 1)


def walk(ranges, limit, frames):
    frame = gdb.newest_frame()
    after_context = True
    while frame is not None and len(frames) < limit:
        if frame.type() not in SKIPPED_TYPES:
            if is_end(frame, after_context, ranges):
                return
            frames.append(describe(frame))
            inlined = frame.type() == gdb.INLINE_FRAME
            boundary = frame.type() == gdb.SIGTRAMP_FRAME
            after_context = boundary or (after_context and inlined)
        frame = frame.older()


def walk_safely(ranges, limit):
    """The frames found, and the error that ended the walk early, if one did."""
    frames = []
    try:
        walk(ranges, limit, frames)
    except gdb.error as error:
        return {"frames": frames, "error": str(error)}
    return {"frames": frames}


def collect(job):
    gdb.unwinder.register_unwinder(None, BadTarget(job["code"]))
    results = []
    for socket in job["sockets"]:
        gdb.execute(f"target remote {socket}", to_string=True)
        results.append(walk_safely(job["code"], job["limit"]))
        gdb.execute("disconnect", to_string=True)
    return results


def main():
    with open(os.environ["WITNESS_JOB"], encoding="utf-8") as file:
        job = json.load(file)
    results = collect(job)
    with open(job["output"], "w", encoding="utf-8") as file:
        json.dump(results, file)


main()
