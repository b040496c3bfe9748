# SPDX-License-Identifier: Apache-2.0
"""Runs the program and compares what a user sees."""
import os
import re
import struct
import subprocess
import sys


class Program:
    def __init__(self):
        self.path = sys.argv[1]
        self.corpus = sys.argv[2]
        self.count = 0
        self.failures = []

    def case(self, build, scenario):
        folder = f"{self.corpus}/{build}"
        return f"{folder}/{scenario}/dump.core", f"{folder}/fw.elf"

    def run(self, *args, stdin=None, env=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FAULTLINE") and k != "COLUMNS"}
        environment["XDG_CACHE_HOME"] = "/dev/null/none"  # not the user's own
        environment.update(env or {})
        return subprocess.run([self.path, *map(str, args)], capture_output=True, input=stdin,
                              env=environment, timeout=120)

    def expect(self, what, code, *args, out=None, err=None, not_err=None, one_line=False, **kwargs):
        """Run; complain when exit code, stdout or stderr are not as said (regular expressions)."""
        self.count += 1
        run = self.run(*args, **kwargs)
        stdout = run.stdout.decode(errors="replace")
        stderr = run.stderr.decode(errors="replace")
        problems = []
        if run.returncode != code:
            problems.append(f"exit code {run.returncode}, expected {code}")
        if out is not None and not re.search(out, stdout, re.S):
            problems.append(f"stdout does not match {out!r}")
        if err is not None and not re.search(err, stderr, re.S):
            problems.append(f"stderr does not match {err!r}")
        if not_err is not None and re.search(not_err, stderr, re.S):
            problems.append(f"stderr matches {not_err!r}")
        if one_line and len(stderr.strip().splitlines()) != 1:
            problems.append("stderr is not one line")
        if problems:
            self.failures.append(what)
            print(f"FAILED {what}: {'; '.join(problems)}\n  {' '.join(map(str, args))}\n"
                  f"  stdout: {stdout[:1500]}\n  stderr: {stderr[:1500]}")
        return stdout

    def check(self, what, condition, detail=""):
        """What no expect() can say."""
        self.count += 1
        if not condition:
            self.failures.append(what)
            print(f"FAILED {what}: {detail}")

    def finish(self):
        print(f"{self.count} runs, {len(self.failures)} failed")
        sys.exit(1 if self.failures else 0)


def read_terminal(master):
    """All that was written to the other end of a pseudo-terminal which only the program holds; closes ours."""
    text = b""
    try:
        while part := os.read(master, 65536):  # what was written last may arrive last
            text += part
    except OSError:  # EIO: nobody holds the other end any more
        pass
    os.close(master)
    return text


def _edit_sections(elf, edit):
    """The ELF with the type of its sections changed: edit(index, type, flags) says to what."""
    elf = bytearray(elf)
    table, = struct.unpack_from("<I", elf, 32)
    size, count, _ = struct.unpack_from("<HHH", elf, 46)
    for index in range(1, count):
        at = table + index * size
        kind, flags = struct.unpack_from("<4xII", elf, at)
        struct.pack_into("<I", elf, at + 4, edit(index, kind, flags))
    return bytes(elf)


def stripped(elf):
    """What strip leaves: nothing but what is loaded, and the names of the sections."""
    names, = struct.unpack_from("<H", elf, 50)
    return _edit_sections(elf, lambda index, kind, flags: kind if flags & 2 or index == names else 0)


def without_debug_information(elf):
    """What strip -g leaves: what is loaded, and tables of symbols and strings."""
    return _edit_sections(elf, lambda index, kind, flags: kind if flags & 2 or kind in (2, 3) else 0)


def debug_file(elf):
    """What objcopy --only-keep-debug leaves: what is loaded has no contents, but for notes."""
    return _edit_sections(elf, lambda index, kind, flags: 8 if flags & 2 and kind != 7 else kind)
