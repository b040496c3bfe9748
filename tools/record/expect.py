# SPDX-License-Identifier: Apache-2.0
"""From what the author wrote (scenarios.json, marker comments) to expected.json."""

import json
import re

from firmware import SOURCE

MARKER = re.compile(r"@frame:([a-z0-9-]+)")
SOURCES = ("*.c", "*.cpp", "*.h", "*.S")


def load_markers():
    """Marker name to (file name, line). A marker stands in one place only."""
    found = {}
    for pattern in SOURCES:
        for path in sorted(SOURCE.rglob(pattern)):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for name in MARKER.findall(line):
                    if name in found:
                        raise SystemExit(f"marker {name} twice: {found[name]}, {path.name}")
                    found[name] = (path.name, number)
    return found


def load_author():
    return json.loads((SOURCE / "scenarios.json").read_text())


def frame_of(text, markers):
    """'[inlined ]function@marker', the marker empty where no line is promised."""
    inlined = text.startswith("inlined ")
    function, _, marker = text.removeprefix("inlined ").rpartition("@")
    file, line = markers[marker] if marker else (None, None)
    return {"function": function, "file": file, "line": line, "inlined": inlined}


def expand(frames, chains, markers):
    result = []
    for frame in frames:
        if not isinstance(frame, str):
            result.append(frame)
        elif frame == "exception":
            result.append({"kind": "exception"})
        elif frame.startswith("$"):
            result += expand(chains[frame], chains, markers)
        else:
            count = re.match(r"(\d+)\*", frame)
            text = frame[count.end():] if count else frame
            result += [frame_of(text, markers) for _ in range(int(count[1]) if count else 1)]
    return result


def expectation(name, build_name, core, author, markers):
    """The content of one expected.json."""
    said = author["scenarios"][name]
    effective = dict(said)
    notes = [said["notes"]] if "notes" in said else []
    for kind, key in (("cores", core), ("builds", build_name)):
        override = said.get(kind, {}).get(key)
        if override:
            effective.update({k: v for k, v in override.items() if k != "why"})
            notes.append(f"{key}: {override['why']}.")
    frames = effective["frames"]
    result = {
        "build": build_name, "scenario": name, "core": core,
        "reason": effective["reason"], "category": effective["category"],
        "frames": None if frames is None else expand(frames, author["chains"], markers),
        "complete": effective.get("complete", frames is not None),
    }
    if "stop" in effective:
        result["stop"] = effective["stop"]
    if notes:
        result["notes"] = " ".join(notes)
    return result


def write_json(path, value):
    """One frame on a line, so that differences read well."""
    lines = []
    for key, item in value.items():
        if key == "frames" and item is not None:
            rows = ",\n".join("    " + json.dumps(f) for f in item)
            lines.append(f'  "frames": [\n{rows}\n  ]')
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(item)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
