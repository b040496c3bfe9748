# SPDX-License-Identifier: Apache-2.0
"""The frames of an analysis against those its author expects."""

import json
import os
import struct
import subprocess
from pathlib import Path


def analyse(program, dump, elf):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FAULTLINE")}
    run = subprocess.run([program, "analyze", str(dump), "--elf", str(elf), "--format", "json",
                          "--no-cache"],
                         capture_output=True, timeout=120, env=environment)
    if run.returncode:
        raise SystemExit(f"analyze {dump}: exit code {run.returncode}: {run.stderr.decode()}")
    return json.loads(run.stdout)


def differences(report, expected):
    """Complaints; none when the crashed thread has the frames that were promised."""
    thread = next(t for t in report["threads"] if t.get("crashed") or t.get("current"))
    got = thread["frames"]
    wanted = expected["frames"]
    if wanted is None:
        return []
    bad = []
    if len(got) < len(wanted) or expected["complete"] and len(got) != len(wanted):
        bad.append(f"{len(got)} frames, expected {len(wanted)}")
    for number, (have, want) in enumerate(zip(got, wanted)):
        text = complaint(have, want)
        if text:
            bad.append(f"#{number}: {text}")
    return bad


def complaint(have, want):
    if want.get("kind") == "exception":
        return None if have.get("kind") == "exception" else f"{have} is no exception"
    if want["function"] is None:
        return None if have["pc"] == want["pc"] else f"pc {have['pc']}, expected {want['pc']}"
    if have.get("function") != want["function"]:
        return f"{have.get('function')}, expected {want['function']}"
    place = Path(have["file"]).name if have.get("file") else None, have.get("line")
    if want["line"] is not None and place != (want["file"], want["line"]):
        return f"{have['function']} at {place}, expected {want['file']}:{want['line']}"
    return None


NAMES = [f"r{n}" for n in range(13)] + ["sp", "lr", "pc", "xpsr"]


def register_differences(captured, recorded):
    """The register block comes first in what gdb captured and in what the firmware wrote."""
    have, want = (struct.unpack_from(f"<{len(NAMES)}I", dump, 24) for dump in (captured, recorded))
    return [f"{name} {h:#x}, the device wrote {w:#x}" for name, h, w in zip(NAMES, have, want) if h != w]
