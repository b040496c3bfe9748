# SPDX-License-Identifier: Apache-2.0
"""From what the author wrote (scenarios.json, marker comments) to expected.json."""

import json
import re

from firmware import SOURCE

MARKER = re.compile(r"@frame:([a-z0-9-]+)")


def load_markers(build):
    """Marker name to (file name, line). A marker stands in one place only of what is built."""
    found = {}
    sources = build["sources"] + build.get("part", {}).get("sources", [])
    for path in sorted([*(SOURCE / name for name in sources), *SOURCE.rglob("*.h")]):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for name in MARKER.findall(line):
                if name in found:
                    raise SystemExit(f"marker {name} twice: {found[name]}, {path.name}")
                found[name] = (path.name, number)
    return found


def load_author(build):
    """What the author of a build's scenarios wrote, as it is for this core."""
    author = json.loads((SOURCE / build.get("author", "scenarios.json")).read_text())
    for where, which in (("cores", build["core"]), ("variants", build.get("variant"))):
        for kind, changes in author.get(where, {}).get(which, {}).items():
            author[kind] = {**author[kind], **changes}
    return author


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


def threads_of(wanted, author):
    """Names of `threads`, "+name" of `crews`, threads written in place, maybe `like` one, and
    whole crews with what is different of all of them."""
    for item in wanted:
        if isinstance(item, dict) and "crew" in item:
            changes = {key: value for key, value in item.items() if key != "crew"}
            yield from (changed(t, changes) for t in threads_of(item["crew"], author))
        elif isinstance(item, dict):
            yield changed(author["threads"].get(item.get("like"), {}), item)
        elif item.startswith("+"):
            yield from threads_of(author["crews"][item[1:]], author)
        else:
            yield author["threads"][item]


def changed(said, changes):
    """With null what was said is not said any more."""
    whole = {**said, **changes}
    for key in ("waits_for", "cores"):
        if isinstance(said.get(key), dict) and isinstance(changes.get(key), dict):
            whole[key] = without_null({**said[key], **changes[key]})
    return without_null(whole)


def without_null(said):
    return {key: value for key, value in said.items()
            if value is not None or key in ("name", "frames")}


def cut_name(name, limit):
    return name[:limit] if name else name


def thread_of(said, effective, build, author, markers):
    """One thread. The crashed one has the frames of the scenario."""
    said = changed(said, said.get("cores", {}).get(build["core"], {}))
    unknown = [*build.get("unknown", []), *effective.get("unknown", [])]
    thread = {key: value for key, value in said.items()
              if key not in ("like", "frames", "cores", "first_frames", *unknown)}
    limit = effective.get("name_limit", build.get("name_limit"))
    thread["name"] = cut_name(said["name"], limit)
    if "held_by" in thread.get("waits_for", {}):
        thread["waits_for"] = {**said["waits_for"],
                               "held_by": cut_name(said["waits_for"]["held_by"], limit)}
    own = effective if said.get("crashed") else said
    frames = own["frames"]
    thread["frames"] = None if frames is None else expand(frames, author["chains"], markers)
    thread["complete"] = own.get("complete", frames is not None)
    if "first_frames" in said:
        thread["frames"] = thread["frames"][:said["first_frames"]]
        thread["complete"] = False
    return thread


def add_threads(result, effective, build, author, markers):
    result["kernel"] = author["kernel"]
    result["threads"] = [thread_of(said, effective, build, author, markers)
                         for said in threads_of(effective["threads"], author)]


def expectation(name, build_name, build, author, markers):
    """The content of one expected.json."""
    core = build["core"]
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
    if "threads" in effective:
        add_threads(result, effective, build, author, markers)
    return result


def rows_of(value, indent):
    """One frame on a line, so that differences read well."""
    lines = []
    for key, item in value.items():
        text = json.dumps(item)
        if key == "frames" and item is not None:
            rows = ",\n".join(f"{indent}  {json.dumps(frame)}" for frame in item)
            text = f"[\n{rows}\n{indent}]"
        elif key == "threads":
            rows = ",\n".join(f"{indent}  {{\n" + rows_of(thread, indent + "    ") +
                              f"\n{indent}  }}" for thread in item)
            text = f"[\n{rows}\n{indent}]"
        lines.append(f"{indent}{json.dumps(key)}: {text}")
    return ",\n".join(lines)


def write_json(path, value):
    path.write_text("{\n" + rows_of(value, "  ") + "\n}\n")
