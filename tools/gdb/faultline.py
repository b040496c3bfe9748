# SPDX-License-Identifier: Apache-2.0
"""gdb commands of faultline: capture at the desk what a device would have captured in the field.

    (gdb) source faultline.py
    (gdb) help faultline coredump

Layout of the file: docs/formats.md. Works with any gdb for Arm that has Python (gdb-multiarch,
arm-none-eabi-gdb) and any gdb server; needs nothing besides Python itself.
"""

import os
import struct
import time

import gdb

BLOCK_REGISTERS, BLOCK_MEMORY, BLOCK_SERIAL, BLOCK_HARDWARE_VERSION, BLOCK_REASON = 0, 1, 2, 4, 5
BLOCK_MACHINE, BLOCK_MPU, BLOCK_SOFTWARE_VERSION, BLOCK_SOFTWARE_TYPE, BLOCK_BUILD_ID = 7, 9, 10, 11, 12
DUMP_VERSION, MACHINE_ARM, REASON_DEBUGGER_HALTED = 1, 40, 5
CLOCK_ADDR = 0xFFFFFFFC

REGION_MAX = 1 << 20
PIECE, PIECE_MIN, FAILURES_MAX = 1024, 32, 256
STACK_GUESS = 4096  # captured from a stack pointer that is in none of the ELF's sections

CPUID, VTOR, FPCCR = 0xE000ED00, 0xE000ED08, 0xE000EF34
MPU_TYPE, MPU_CTRL, MPU_RNR, MPU_RBAR, MPU_RASR = 0xE000ED90, 0xE000ED94, 0xE000ED98, 0xE000ED9C, 0xE000EDA0
MPU_REGIONS_MAX = 16
CORE_REGIONS = (
    ("ICTR", 0xE000E004, 4),
    ("SysTick", 0xE000E010, 16),
    ("SCB", 0xE000ED00, 0x8F),
    ("DEMCR", 0xE000EDFC, 4),
    ("NVIC", 0xE000E100, 0x500),
)
SECURE_FAULT_REGION = ("SFSR", 0xE000EDE4, 8)
PARTS_WITH_SECURE_FAULT = (0xD21, 0xD22, 0xD23, 0xD24, 0xD31)

# Armv7-M ARM (DDI 0403E) B1.5, Armv8-M ARM (DDI 0553) B3.18-B3.21.
FAULTS = {2: "NMI", 3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault", 7: "SecureFault"}
IPSR_MASK, XPSR_T, XPSR_PADDING, XPSR_RESERVED = 0x1FF, 1 << 24, 1 << 9, 3 << 22
EXC_ES, EXC_SPSEL, EXC_THREAD, EXC_BASIC, EXC_DCRS, EXC_S = 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6
BASIC_FRAME, FP_FRAME, SECURE_FP_EXTRA, FPCCR_TS = 0x20, 0x68, 0x40, 1 << 26
CONTEXT_SIZE, CONTEXT_SIGNATURE = 0x28, 0xFEFA125A
CONTROL_SPSEL = 2

CORE_NAMES = ["r%d" % n for n in range(13)] + ["sp", "lr", "pc", "xpsr"]
EXTRA_NAMES = ["msp", "psp", "primask", "control"]
FRAME_ORDER = ["r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr"]
ALIASES = {"sp": ("sp", "r13"), "lr": ("lr", "r14"), "pc": ("pc", "r15"), "xpsr": ("xpsr", "xPSR", "cpsr"),
           "msp": ("msp", "MSP"), "psp": ("psp", "PSP"), "primask": ("primask", "PRIMASK"),
           "control": ("control", "CONTROL")}


def say(text):
    gdb.write("faultline: %s\n" % text)


# --- the target ---

def read(addr, size):
    """Bytes of the target, or None."""
    try:
        return bytes(gdb.selected_inferior().read_memory(addr, size))
    except (gdb.error, OverflowError):
        return None


def read_word(addr):
    data = read(addr, 4)
    return struct.unpack("<I", data)[0] if data else None


def read_words(addr, size):
    """Device registers, which want to be read one by one."""
    words = []
    for at in range(addr, addr + size, 4):
        data = read(at, 4)
        if data is None:
            return None
        words.append(data)
    return b"".join(words)[:size]


def register(frame, name):
    """The value of a register in a frame; None when the server or gdb does not know it."""
    for alias in ALIASES.get(name, (name,)):
        try:
            return int(frame.read_register(alias)) & 0xFFFFFFFF
        except (ValueError, gdb.error):
            continue
    return None


def check_target():
    thread = gdb.selected_thread()
    if thread is None or not thread.is_valid():
        raise gdb.GdbError("no target: connect to one first, for example with: target remote :3333")
    if thread.is_running():
        raise gdb.GdbError("the target is running: stop it first, with interrupt or Ctrl-C")
    machine = gdb.selected_inferior().architecture().name() if hasattr(gdb.Inferior, "architecture") \
        else gdb.newest_frame().architecture().name()
    if "arm" not in machine:
        raise gdb.GdbError("the target is %s, not a Cortex-M" % machine)
    frame = gdb.newest_frame()
    missing = [name for name in CORE_NAMES if register(frame, name) is None]
    if missing:
        raise gdb.GdbError("the gdb server does not show %s: not a Cortex-M, or set the architecture "
                           "first with: set architecture armv7e-m" % " ".join(missing))


# --- registers ---

def read_registers(psp_given):
    """What the core holds now. Unknown ones are None."""
    frame = gdb.newest_frame()
    values = {name: register(frame, name) for name in CORE_NAMES + EXTRA_NAMES}
    if psp_given is not None:
        values["psp"] = psp_given
    on_psp = not values["xpsr"] & IPSR_MASK and (values["control"] or 0) & CONTROL_SPSEL
    active = "psp" if on_psp else "msp"
    if values[active] is None or values["control"] is not None or values["xpsr"] & IPSR_MASK:
        values[active] = values["sp"]
    return values


class CodeFromElf:
    """While frames are walked: a server that cannot read code (MPU, flash off) must not stop gdb."""

    def __enter__(self):
        self.before = gdb.parameter("trust-readonly-sections")
        self.set(True)

    def __exit__(self, *_):
        self.set(self.before)

    @staticmethod
    def set(value):
        gdb.execute("set trust-readonly-sections " + ("on" if value else "off"), to_string=True)
        gdb.invalidate_cached_frames()


def is_exc_return(value):
    return value is not None and value & 0xFFFFFF82 == 0xFFFFFF80


def outer_exception(values):
    """The innermost exception that gdb's own unwinder arrives at."""
    frame, depth = gdb.newest_frame(), 0
    while frame is not None and depth < 64:
        if frame.type() == gdb.SIGTRAMP_FRAME and is_exc_return(register(frame, "pc")):
            found = {name: register(frame, name) for name in CORE_NAMES}
            return found["pc"], dict(values, **{n: v for n, v in found.items() if v is not None})
        frame, depth = frame.older(), depth + 1
    return None


def handler_entry(values):
    """EXC_RETURN, and the registers that the handler found: sp, r4 to r11. None: not found.

    gdb knows what the handler pushed since; where it cannot tell, LR still does, up to the first
    call, and then nothing was pushed as far as anyone knows.
    """
    try:
        with CodeFromElf():
            found = outer_exception(values)
    except gdb.error:
        found = None
    if found:
        return found
    return (values["lr"], values) if is_exc_return(values["lr"]) else None


def plausible(words, exc_return):
    """Whether eight words can be an exception frame. INVSTATE: T may be clear."""
    pc, psr = words[6], words[7]
    in_thread = not psr & IPSR_MASK
    return not pc & 1 and not psr & XPSR_RESERVED and in_thread == bool(exc_return & EXC_THREAD)


def frame_candidates(exc_return, entry):
    """(name, address) of where the frame may be, the likeliest first."""
    secure_frame, secure_handler = bool(exc_return & EXC_S), bool(exc_return & EXC_ES)
    if secure_frame == secure_handler:
        name = "psp" if exc_return & EXC_SPSEL else "msp"
        return [(name, entry["psp"] if name == "psp" else entry["sp"])]
    suffix = "_s" if secure_frame else "_ns"
    names = ["psp" + suffix, "msp" + suffix] if exc_return & EXC_THREAD else ["msp" + suffix]
    return [(name, register(gdb.newest_frame(), name)) for name in names]


def skip_context(exc_return, addr, entry):
    """Armv8-M: callee-saved registers below the frame, when secure code was interrupted."""
    if not exc_return & EXC_S or exc_return & EXC_ES and exc_return & EXC_DCRS:
        return addr, entry
    data = read(addr, CONTEXT_SIZE)
    if data is None or struct.unpack_from("<I", data)[0] & ~1 != CONTEXT_SIGNATURE:
        return addr, entry
    saved = struct.unpack_from("<8I", data, 8)
    return addr + CONTEXT_SIZE, dict(entry, **{"r%d" % (4 + n): v for n, v in enumerate(saved)})


def frame_size(exc_return, psr):
    size = BASIC_FRAME if exc_return & EXC_BASIC else FP_FRAME
    if not exc_return & EXC_BASIC and exc_return & EXC_S and (read_word(FPCCR) or 0) & FPCCR_TS:
        size += SECURE_FP_EXTRA
    return size + (4 if psr & XPSR_PADDING else 0)


def before_exception(exc_return, entry):
    """The registers before the exception and whether the frame makes sense, or None and why not."""
    best = None
    for name, addr in frame_candidates(exc_return, entry):
        if addr is None:
            continue
        addr, saved = skip_context(exc_return, addr, entry)
        data = read(addr, BASIC_FRAME)
        if data is None:
            continue
        words = struct.unpack("<8I", data)
        good = plausible(words, exc_return)
        if best is None or good:
            best = (name, addr, saved, words, good)
        if good:
            break
    if best is None:
        wanted = " or ".join(name for name, _ in frame_candidates(exc_return, entry))
        return None, ("its frame is on the stack of %s, which cannot be read here; if you know "
                      "its value, give it with --psp" % wanted)
    name, addr, saved, words, good = best
    values = dict(saved, **dict(zip(FRAME_ORDER, words)))
    values["sp"] = (addr + frame_size(exc_return, words[7])) & 0xFFFFFFFF
    live = entry["sp"] if name.startswith("psp") else values["psp"]
    values["msp"], values["psp"] = (live, values["sp"]) if name.startswith("psp") else (values["sp"], live)
    return values, good


def capture_registers(psp_given):
    """The register block's values, after undoing a fault's entry; and how that went."""
    values = read_registers(psp_given)
    fault = FAULTS.get(values["xpsr"] & IPSR_MASK)
    if not fault:
        return values, "as they are"
    found = handler_entry(values)
    if found is None:
        return values, ("those inside the handler of %s: its EXC_RETURN was not found. Halt at the handler's "
                        "first instruction to get the state before the fault" % fault)
    before, good = before_exception(*found)
    if before is None:
        return values, "those inside the handler of %s: %s" % (fault, good)
    return before, "from before %s%s" % (
        fault, "" if good else ", but the exception frame does not look like one: it may never have been written")


# --- the ELF ---

class Elf:
    """Sections of a 32-bit little-endian ELF file, read without any library."""

    SHF_WRITE, SHF_ALLOC, SHT_NOTE, NT_GNU_BUILD_ID = 1, 2, 7, 3

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:6] != b"\x7fELF\x01\x01":
            raise ValueError("not a 32-bit little-endian ELF file")
        offset, size, count = (struct.unpack_from("<I", self.data, 32)[0],
                               *struct.unpack_from("<HH", self.data, 46))
        self.sections = [struct.unpack_from("<10I", self.data, offset + size * n) for n in range(count)]

    def writable(self):
        """(address, size) of what lies in RAM."""
        return [(s[3], s[5]) for s in self.sections
                if s[2] & self.SHF_ALLOC and s[2] & self.SHF_WRITE and s[5]]

    def gnu_build_id(self):
        for section in self.sections:
            at, end = section[4], section[4] + section[5]
            while section[1] == self.SHT_NOTE and at + 12 <= end:
                name, size, kind = struct.unpack_from("<III", self.data, at)
                start = at + 12 + (name + 3 & ~3)
                if kind == self.NT_GNU_BUILD_ID and self.data[at + 12:at + 16] == b"GNU\0":
                    return self.data[start:start + size]
                at = start + (size + 3 & ~3)
        return None


def load_elf():
    path = gdb.current_progspace().filename
    if not path:
        return None
    try:
        return Elf(path)
    except (OSError, ValueError, struct.error) as error:
        say("%s: %s" % (path, error))
        return None


def symbol_addr(name):
    try:
        return int(gdb.parse_and_eval("(unsigned long)&%s" % name))
    except gdb.error:
        return None


def vendor_build_id():
    """The id that a tool wrote into the image after linking: type 3 of g_memfault_build_id."""
    head, derived = symbol_addr("g_memfault_build_id"), symbol_addr("g_memfault_sdk_derived_build_id")
    if head is None or derived is None or read(head, 1) != b"\x03":
        return None
    return read(derived, 20)


def build_id(elf):
    found = vendor_build_id() or (elf and elf.gnu_build_id())
    if not found:
        say("no build id: load the firmware's ELF with `file fw.elf`, linked with -Wl,--build-id")
    elif len(found) != 20:
        say("the build id has %d bytes instead of 20: left out" % len(found))
    return found if found and len(found) == 20 else None


# --- memory ---

def merge(regions):
    """Sorted, without overlaps; what touches becomes one."""
    result = []
    for addr, size in sorted(regions):
        if result and addr <= result[-1][0] + result[-1][1]:
            start = result[-1][0]
            result[-1] = (start, max(result[-1][1], addr + size - start))
        else:
            result.append((addr, size))
    return result


def covered(regions, addr):
    return any(start <= addr < start + size for start, size in regions)


def stack_regions(regions, stacks):
    """From stack pointers that are in no section: up to the initial one, or a few KiB."""
    table = read_word(VTOR)
    top = read_word(table) if table is not None else None
    for addr in stacks:
        addr &= ~3
        if not addr or covered(regions, addr):
            continue
        size = top - addr if top and 0 < top - addr <= REGION_MAX else STACK_GUESS
        yield addr, min(size, 0x100000000 - addr)


def find_regions(elf, stacks):
    regions = merge(elf.writable()) if elf else []
    if not regions:
        say("no ELF with writable sections is loaded: only the stack is captured. "
            "Load one with `file fw.elf`, or name memory with -r ADDR SIZE")
    return merge(regions + list(stack_regions(regions, stacks)))


class Spans:
    """The readable parts of a region."""

    def __init__(self, addr, size):
        self.found, self.unreadable, self.failures = [], 0, 0
        for at in range(addr, addr + size, PIECE):
            self.take(at, min(PIECE, addr + size - at))

    def take(self, addr, size):
        data = read(addr, size) if self.failures < FAILURES_MAX else None
        if data is not None:
            self.add(addr, data)
        elif size <= PIECE_MIN or self.failures >= FAILURES_MAX:
            self.failures += 1
            self.unreadable += size
        else:
            half = (size // 2 + 3) & ~3
            self.take(addr, half)
            self.take(addr + half, size - half)

    def add(self, addr, data):
        if self.found and self.found[-1][0] + len(self.found[-1][1]) == addr:
            self.found[-1][1].extend(data)
        else:
            self.found.append((addr, bytearray(data)))


def capture_memory(regions):
    """Blocks of memory; what cannot be read is left out and said."""
    for addr, size in regions:
        if size > REGION_MAX:
            say("0x%08x: only the first MiB of 0x%x bytes is captured" % (addr, size))
            size = REGION_MAX
        spans = Spans(addr, size)
        if not spans.found:
            say("0x%08x, 0x%x bytes: cannot be read, skipped" % (addr, size))
        elif spans.unreadable:
            say("0x%08x, 0x%x bytes: 0x%x of them cannot be read, skipped" % (addr, size, spans.unreadable))
        for start, data in spans.found:
            yield start, bytes(data)


def capture_core():
    """Memory-mapped registers of the core; the ones that cannot be read are left out."""
    part = (read_word(CPUID) or 0) >> 4 & 0xFFF
    extra = [SECURE_FAULT_REGION] if part in PARTS_WITH_SECURE_FAULT else []
    for name, addr, size in list(CORE_REGIONS) + extra:
        data = read_words(addr, size)
        if data is None:
            say("%s at 0x%08x: cannot be read, skipped" % (name, addr))
        else:
            yield addr, data


def select_mpu_region(number):
    try:
        gdb.selected_inferior().write_memory(MPU_RNR, struct.pack("<I", number))
    except gdb.error:
        return False
    return read_word(MPU_RNR) == number


def capture_mpu():
    """The MPU block, or None. Regions are selected through MPU_RNR, which is put back."""
    kind, control, selected = (read_word(addr) for addr in (MPU_TYPE, MPU_CTRL, MPU_RNR))
    if not kind or control is None or selected is None:
        return None
    payload = struct.pack("<II", kind, control)
    for number in range(min(kind >> 8 & 0xFF, MPU_REGIONS_MAX)):
        pair = None
        if select_mpu_region(number):
            pair = read_words(MPU_RBAR, 4), read_words(MPU_RASR, 4)
        if not pair or None in pair:
            say("MPU: this gdb server does not let regions be selected, skipped")
            payload = None
            break
        payload += pair[0] + pair[1]
    select_mpu_region(selected)
    return payload


# --- the file ---

def block(kind, payload, addr=0):
    return struct.pack("<III", kind, addr, len(payload)) + payload


def clock():
    """Seconds since 1970: makes every capture different. SOURCE_DATE_EPOCH makes it repeatable."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or time.time()) & 0xFFFFFFFF


def register_block(values):
    words = [values[name] or 0 for name in CORE_NAMES + EXTRA_NAMES]
    return block(BLOCK_REGISTERS, struct.pack("<21I", *words))


def identity_blocks(options, elf):
    blocks = []
    found = build_id(elf)
    if found:
        blocks.append(block(BLOCK_BUILD_ID, found))
    for kind, name in ((BLOCK_SERIAL, "--serial"), (BLOCK_SOFTWARE_VERSION, "--software-version"),
                       (BLOCK_SOFTWARE_TYPE, "--software-type"),
                       (BLOCK_HARDWARE_VERSION, "--hardware-version")):
        if options.get(name):
            blocks.append(block(kind, options[name].encode()))
    blocks.append(block(BLOCK_MACHINE, struct.pack("<I", MACHINE_ARM)))
    blocks.append(block(BLOCK_REASON, struct.pack("<I", REASON_DEBUGGER_HALTED)))
    return b"".join(blocks)


def write_new(path, data):
    """All of it or nothing, and never over a file that is there."""
    try:
        with open(path, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise gdb.GdbError("%s is there already: choose another name with -o" % path)
    except OSError as error:
        if os.path.exists(path):
            os.unlink(path)
        raise gdb.GdbError("%s: %s" % (path, error.strerror))


# --- commands ---

def evaluate(text, what):
    try:
        return int(gdb.parse_and_eval(text).cast(gdb.lookup_type("unsigned long long"))) & 0xFFFFFFFFFFFFFFFF
    except gdb.error as error:
        raise gdb.GdbError("%s: %s: %s" % (what, text, error))


def parse(words):
    """(options, regions) of the command's words."""
    options, regions, words = {}, [], list(words)
    texts = ("-o", "--serial", "--software-version", "--software-type", "--hardware-version", "--psp")
    while words:
        name = words.pop(0)
        wanted = 2 if name == "-r" else 1 if name in texts else None
        if wanted is None:
            raise gdb.GdbError("%s is not understood; see: help faultline coredump" % name)
        if len(words) < wanted:
            raise gdb.GdbError("%s needs %s; see: help faultline coredump"
                               % (name, "ADDR and SIZE" if wanted == 2 else "a value"))
        if name == "-r":
            regions.append(region(words.pop(0), words.pop(0)))
        else:
            options[name] = words.pop(0)
    return options, regions


def region(addr_text, size_text):
    addr, size = evaluate(addr_text, "-r ADDR") & 0xFFFFFFFF, evaluate(size_text, "-r SIZE")
    if not size or addr + size > 0x100000000:
        raise gdb.GdbError("-r %s %s: a region has 1 byte or more and ends within 4 GiB" % (addr_text, size_text))
    return addr, size


class Faultline(gdb.Command):
    """Capture a halted Cortex-M for faultline."""

    def __init__(self):
        super().__init__("faultline", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


class Coredump(gdb.Command):
    """Write a coredump of the halted target, for `faultline analyze`.

faultline coredump [-r ADDR SIZE]... [-o FILE] [--serial TEXT]
    [--software-type TEXT] [--software-version TEXT] [--hardware-version TEXT]
    [--psp EXPRESSION]

  -r ADDR SIZE  memory to capture, as gdb expressions; may be repeated. Without it:
                the writable sections of the ELF, and the stacks in use.
  -o FILE       default: coredump-<date>-<time>.core. Nothing is overwritten.
  --psp VALUE   the process stack pointer, where the gdb server does not show it.

Halted in the handler of a fault, the registers in the file are those from before
the fault. Registers of the core, NVIC, SysTick and MPU are captured as well.
Memory that cannot be read is left out, and said. To select MPU regions MPU_RNR is
written and put back; nothing else of the target is changed.

Example:
  (gdb) target remote :3333
  (gdb) break HardFault_Handler
  (gdb) continue
  (gdb) faultline coredump -r 0x20000000 0x10000 -o crash.core
  $ faultline analyze --elf fw.elf crash.core"""

    def __init__(self):
        super().__init__("faultline coredump", gdb.COMMAND_DATA, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, from_tty):
        options, regions = parse(gdb.string_to_argv(argument))
        check_target()
        path = options.get("-o") or time.strftime("coredump-%Y%m%d-%H%M%S.core")
        if os.path.exists(path):
            raise gdb.GdbError("%s is there already: choose another name with -o" % path)
        psp = evaluate(options["--psp"], "--psp") & 0xFFFFFFFF if "--psp" in options else None
        data = self.capture(options, regions, psp)
        write_new(path, data)
        say("%s: %d bytes" % (path, len(data)))

    def capture(self, options, regions, psp):
        elf = load_elf()
        values, how = capture_registers(psp)
        say("registers: " + how)
        live = register(gdb.newest_frame(), "sp")
        stacks = [min(live, values["sp"]) if covered([(live, REGION_MAX)], values["sp"]) else live,
                  values["sp"], values["psp"] or 0]
        body = register_block(values) + identity_blocks(options, elf)
        body += block(BLOCK_MEMORY, struct.pack("<I", clock()), CLOCK_ADDR)
        for addr, data in capture_core():
            body += block(BLOCK_MEMORY, data, addr)
        for addr, data in capture_memory(merge(regions) if regions else find_regions(elf, stacks)):
            body += block(BLOCK_MEMORY, data, addr)
        mpu = capture_mpu()
        if mpu:
            body += block(BLOCK_MPU, mpu)
        return struct.pack("<4sII", b"CORE", DUMP_VERSION, 12 + len(body)) + body


Faultline()
Coredump()
