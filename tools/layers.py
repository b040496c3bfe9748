#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks who includes whom: reads every #include "directory/file.h" below engine/ and src/ and prints
each that the table does not allow (docs/architecture.md, "Who may include whom"). Also checks that
third-party headers stay behind their one door, and that include/ includes only <std*.h> and itself."""
import re
import sys
from pathlib import Path

STAGES = ["base", "target", "model", "dump", "image", "symbols", "fault", "threads", "unwind",
          "inspect", "signature", "report", "transport"]

ALLOWED = {
    "base": [],
    "target": [],
    "model": ["target"],
    "transport": [],
    "dump": ["target", "model"],
    "image": ["target", "model"],
    "symbols": ["target", "model", "image"],
    "threads": ["target", "model", "dump", "symbols"],
    "unwind": ["target", "model", "dump", "symbols"],
    "inspect": ["target", "model", "dump", "symbols"],
    "fault": ["target", "model", "dump", "symbols"],
    "signature": ["target", "model"],
    "report": ["target", "model", "signature"],
    "analyze": STAGES,
    "store": ["target", "model", "report", "signature"],
    "intake": ["store"],
    "sandbox": [],
    "worker": ["store", "intake", "sandbox"],
    "cli": ["store", "intake", "sandbox", "worker"],
}

# base may be included by every engine directory and the store; programs use the public API.
NO_BASE = {"intake", "sandbox", "worker", "cli"}

DOORS = {
    "libdwarf.h": ["tests"],
    "dwarf.h": ["tests"],
    "sqlite3.h": ["src/store"],
    "xxhash.h": ["engine/base/hash.c", "engine/base/hash_wide.c"],
    "libunwind.h": [],
    "unwind.h": ["src/sandbox"],
    "zlib.h": ["engine/image"],
    "lz4.h": ["engine/report"],
    "zstd.h": ["engine/image", "src/store"],
    "demangle.h": ["engine/image"],
    "cbor.h": ["engine/transport"],
    "seccomp.h": ["src/sandbox"],
    "jansson.h": ["src"],
}



def check_file(root, path, problems):
    where = path.relative_to(root)
    directory = where.parts[1]
    text = path.read_text()
    for number, line in enumerate(text.splitlines(), 1):
        quoted = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        angled = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        at = f"{where}:{number}"
        if quoted:
            target = quoted.group(1)
            if "/" not in target:
                problems.append(f"{at}: \"{target}\" is not written \"directory/file.h\"")
                continue
            other = target.split("/")[0]
            if other == directory:
                continue
            if other == "base" and directory not in NO_BASE:
                continue
            if other not in ALLOWED.get(directory, []):
                problems.append(f"{at}: {directory} may not include {other} (\"{target}\")")
        if angled:
            header = angled.group(1).split("/")[-1]
            doors = DOORS.get(header)
            if doors and not any(str(where).startswith(door) for door in doors):
                problems.append(f"{at}: <{header}> belongs behind {', '.join(doors)}")
    if where.parts[0] == "engine":
        for call in (r"\bgetenv\s*\(", r"\btime\s*\(\s*NULL", r"(?<![\w.])printf\s*\(",
                     r"\bfopen\s*\(", r"\bsetlocale\s*\(", r"\bpthread_\w+\s*\("):
            for number, line in enumerate(text.splitlines(), 1):
                if re.search(call, line) and not line.lstrip().startswith(("*", "/*", "//")):
                    problems.append(f"{where}:{number}: engine/ is pure: {line.strip()}")


def check_public(root, problems):
    for path in sorted((root / "include").rglob("*.h")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
            if not found:
                continue
            header = found.group(1)
            if not header.startswith("std") and not (path.parent / header).exists():
                problems.append(f"{path.relative_to(root)}:{number}: include/ may not include {header}")


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    problems = []
    files = [p for top in ("engine", "src") for p in sorted((root / top).rglob("*.[ch]"))]
    if not files:
        sys.exit(f"{root}: no sources found")
    for path in files:
        check_file(root, path, problems)
    check_public(root, problems)
    for problem in problems:
        print(problem)
    print(f"{len(files)} files, {len(problems)} forbidden includes or calls")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
