# SPDX-License-Identifier: Apache-2.0
"""Runs inside GDB, over the stub of one dump: the threads of Zephyr's data, by its DWARF.

The job file named by WITNESS_JOB gives the socket, what a switch frame holds,
and the file for the answer. Written from the layouts alone, apart from the engine.
"""

import json
import os
import struct

import gdb

NO_FP_FRAME = 0x10  # in EXC_RETURN
PADDING, THUMB = 0x200, 0x01000000
CURRENT = "_kernel.cpus[0].current"


def word(address):
    memory = gdb.selected_inferior().read_memory(address & 0xFFFFFFFF, 4)
    return struct.unpack("<I", memory)[0]


def names_of(value):
    return [field.name for field in value.type.strip_typedefs().fields()]


def symbol(address):
    """The object or function there, without the offset into it."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return None if text.startswith("No symbol") else text.split()[0]


def blocks():
    """The kernel's own list, or the registry of an application."""
    kernel = gdb.parse_and_eval("_kernel")
    if "threads" in names_of(kernel):
        thread = kernel["threads"]
        while int(thread):
            yield thread
            thread = thread["next_thread"]
        return
    registry = gdb.parse_and_eval("s_task_tcbs")
    low, high = registry.type.range()
    yield from (registry[i] for i in range(low, high + 1) if int(registry[i]))


def is_current(block, thread):
    try:
        return int(gdb.parse_and_eval(CURRENT)) == int(block)
    except gdb.MemoryError:  # _kernel was not captured: whose stack is it?
        start = int(thread["stack_info"]["start"])
        return 0 < int(gdb.parse_and_eval("$psp")) - start <= int(thread["stack_info"]["size"])


def switch_registers(thread, job):
    at = int(thread["switch_handle"])
    if job["fpu"]:
        at += 4 + (33 * 4 if word(at) else 0)
    if job["guard"]:
        at += 4
    registers = {f"r{n}": word(at + 4 + 4 * n) for n in range(13)}
    registers.update(xpsr=word(at) | THUMB, lr=word(at + 56), pc=word(at + 60) & ~1, sp=at + 64)
    if symbol(registers["pc"]) == "arm_m_iciit_stub":
        registers["pc"] = int(thread["arch"]["iciit_pc"])
    return registers


def pendsv_registers(thread):
    saved, frame = thread["callee_saved"], int(thread["callee_saved"]["psp"])
    arch = thread["arch"]
    extended = "preempt_float" in names_of(arch) and \
        not int(arch["mode_exc_return"]) & NO_FP_FRAME
    registers = {f"r{3 + n}": int(saved[f"v{n}"]) & 0xFFFFFFFF for n in range(1, 9)}
    order = ["r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr"]
    registers.update({name: word(frame + 4 * n) for n, name in enumerate(order)})
    registers["sp"] = frame + (0x68 if extended else 0x20) + \
        (4 if registers["xpsr"] & PADDING else 0)
    return registers


def registers_of(thread, job):
    try:
        if "switch_handle" in names_of(thread):
            registers = switch_registers(thread, job)
        else:
            registers = pendsv_registers(thread)
    except gdb.MemoryError:
        return None  # its stack was not captured
    return {**registers, "msp": 0, "psp": registers["sp"]}


def describe(block, job):
    thread = block.dereference()
    base = thread["base"]
    waits = int(base["pended_on"])
    return {
        "name": thread["name"].string(), "state": int(base["thread_state"]),
        "priority": int(base["prio"]), "stack_size": int(thread["stack_info"]["size"]),
        "timeout": int(base["timeout"]["node"]["next"]) != 0,
        "object": symbol(waits) if waits else None,
        "entry": symbol(int(thread["entry"]["pEntry"])) if "entry" in names_of(thread) else None,
        "current": is_current(block, thread), "registers": registers_of(thread, job),
    }


def main():
    with open(os.environ["WITNESS_JOB"], encoding="utf-8") as file:
        job = json.load(file)
    gdb.execute(f"target remote {job['socket']}", to_string=True)
    threads = [describe(block, job) for block in blocks()]
    with open(job["output"], "w", encoding="utf-8") as file:
        json.dump(threads, file)


main()
