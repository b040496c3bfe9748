# SPDX-License-Identifier: Apache-2.0
"""Where call stacks come from: the author, the witnesses, faultline."""

import json
import os
import struct
import subprocess
import sys

from judge import ANY, frame_of

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
WITNESS = os.path.join(ROOT, "tools", "witness")
SKIP_CODE = 77
STT_FUNC = 2

sys.path.insert(0, WITNESS)
import elf32  # noqa: E402


class SourceError(Exception):
    """One source could not answer; said in one line."""


class SourceSkipped(Exception):
    """A tool is absent here."""


class Build:
    """One folder of the corpus: an image and the cases recorded with it."""

    def __init__(self, folder):
        self.folder = folder
        self.name = os.path.basename(folder)
        self.elf = os.path.join(folder, "fw.elf")
        self.cases = [
            name
            for name in sorted(os.listdir(folder))
            if os.path.exists(os.path.join(folder, name, "dump.core"))
        ]

    def dump(self, case):
        return os.path.join(self.folder, case, "dump.core")

    def settled(self):
        path = os.path.join(self.folder, "SETTLED.json")
        if not os.path.exists(path):
            return {}
        return load_json(path)


def load_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: {error}") from error


def corpus(folder, wanted):
    builds = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.exists(os.path.join(path, "fw.elf")) and (not wanted or name in wanted):
            builds.append(Build(path))
    return builds


def run(command, timeout):
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout,
            stdin=subprocess.DEVNULL, check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"{os.path.basename(command[0])}: no answer in {timeout} s") from error
    except OSError as error:
        raise SourceError(f"{command[0]}: {error.strerror}") from error
    if done.returncode == SKIP_CODE:
        raise SourceSkipped(last_line(done.stderr))
    return done


def last_line(text):
    return (text.strip().splitlines() or ["no message"])[-1]


def parse(done, name):
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise SourceError(f"{name}: {last_line(done.stderr)}") from error


def gdb_stacks(build, timeout):
    """case -> frames, from one GDB per image."""
    dumps = [build.dump(case) for case in build.cases]
    command = [os.path.join(WITNESS, "gdb_witness"), "--elf", build.elf, *dumps]
    answer = parse(run(command, timeout), "gdb_witness")
    if len(dumps) == 1:
        answer = {dumps[0]: answer}
    return {case: [frame_of(f) for f in answer[build.dump(case)]] for case in build.cases}


def build_libunwind(cache, timeout):
    done = run([os.path.join(WITNESS, "build-libunwind-arm"), cache], timeout)
    if done.returncode:
        raise SourceError(last_line(done.stderr))
    return last_line(done.stdout)


def libunwind_stack(program, build, case, timeout):
    done = run([program, "--elf", build.elf, build.dump(case)], timeout)
    return [frame_of(f) for f in parse(done, "libunwind_witness")]


def faultline_stack(program, build, case, timeout):
    command = [program, "analyze", build.dump(case), "--elf", build.elf, "--format", "json",
               "--no-cache"]
    report = parse(run(command, timeout), "faultline")
    for thread in report.get("threads", []):
        if thread.get("crashed"):
            return [frame_of(f) for f in thread.get("frames", [])]
    raise SourceError("faultline: no crashed thread in the report")


def function_symbols(elf_path):
    """(start, end, names) of the function symbols of an image and those inside it."""
    ranges = {}
    try:
        for _, image in elf32.load_all([elf_path]):
            add_functions(image, ranges)
    except (OSError, elf32.ElfError) as error:
        raise SourceError(str(error)) from error
    return [(start, end, names) for (start, end), names in ranges.items()]


def add_functions(image, ranges):
    symbols = next((s.data for s in image.sections if s.name == ".symtab"), b"")
    names = next((s.data for s in image.sections if s.name == ".strtab"), b"")
    for at in range(0, len(symbols) - 15, 16):
        name, value, length, info = struct.unpack_from("<IIIB", symbols, at)
        if info & 15 != STT_FUNC or not length:
            continue
        text = names[name : names.index(b"\0", name)].decode("utf-8", "replace")
        start = value & 0xFFFFFFFE
        ranges.setdefault((start, start + length), []).append(text)


# A kernel plants its address as what a thread's function would return to: nothing calls from there.
EXIT_HOOKS = {"prvTaskExitError"}


def up_to_exit_hook(stack, symbols):
    """The witnesses look it up before its address, as if it had called."""
    hooks = {start for start, _, names in symbols if EXIT_HOOKS & set(names)}
    for number, frame in enumerate(stack):
        if number and frame["kind"] == "code" and frame["pc"] in hooks:
            return stack[:number]
    return stack


def with_functions(stack, symbols):
    """Name the physical frames of a stack from the symbol table."""
    exact = True
    for frame in stack:
        if frame["kind"] == "exception":
            exact = True
            continue
        address = frame["pc"] if exact else frame["pc"] - 1
        frame["function"] = symbol_at(symbols, address)
        exact = False
    return stack


def symbol_at(symbols, address):
    """The C name of an address; ANY where it is mangled or one of several."""
    for start, end, names in symbols:
        if start <= address < end:
            plain = {name.split(".")[0] for name in names}
            return plain.pop() if len(plain) == 1 and not names[0].startswith("_Z") else ANY
    return None


def expected(build, case):
    """The author's {"frames": [...] or None, "complete": bool}."""
    found = load_json(os.path.join(build.folder, case, "expected.json"))
    frames = found.get("frames")
    if frames is not None and not isinstance(frames, list):
        raise SourceError(f"{build.name}/{case}/expected.json: frames is no list")
    stack = None if frames is None else [frame_of(f) for f in frames]
    return {"frames": stack, "complete": bool(found.get("complete", True))}
