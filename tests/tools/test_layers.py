#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layer check must find what it is there to find."""
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = [
    # file, text, expected complaint (None: allowed)
    ("engine/unwind/a.c", '#include "inspect/elf_match.h"\n', "unwind may not include inspect"),
    ("engine/dump/a.c", '#include "image/elf.h"\n', "dump may not include image"),
    ("engine/model/a.h", '#include "dump/dump.h"\n', "model may not include dump"),
    ("src/cli/a.c", '#include "base/str.h"\n', "cli may not include base"),
    ("engine/dump/a.c", "#include <sqlite3.h>\n", "<sqlite3.h> belongs behind"),
    ("engine/dump/a.c", '#include "dump.h"\n', "is not written"),
    ("engine/dump/a.c", 'int x(void)\n{\n\treturn getenv("X") != 0;\n}\n', "engine/ is pure"),
    ("include/faultline/a.h", "#include <sys/types.h>\n", "include/ may not include"),
    ("engine/symbols/a.c", '#include "image/elf.h"\n', None),
    ("engine/analyze/a.c", '#include "unwind/unwind.h"\n', None),
    ("src/worker/a.c", '#include "store/store.h"\n', None),
]

for path, text, expected in CASES:
    with tempfile.TemporaryDirectory() as root:
        for folder in ("engine/base", "src/cli", "include/faultline"):
            (Path(root) / folder).mkdir(parents=True)
        (Path(root) / "engine/base/ok.c").write_text("int ok;\n")
        target = Path(root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        run = subprocess.run([sys.executable, sys.argv[1], root], capture_output=True, text=True)
        found = expected is not None
        if (run.returncode != 0) != found or (found and expected not in run.stdout):
            sys.exit(f"{path}: {text!r}: expected {expected!r}, got {run.stdout!r}")
print(f"{len(CASES)} cases")
