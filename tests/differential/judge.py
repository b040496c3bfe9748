# SPDX-License-Identifier: Apache-2.0
"""Comparing call stacks: pure functions over lists of frames, no files.

A frame is a dict: kind ("code" or "exception"), pc (int or None), function,
file (basename), line, inlined, trust. A fact that the subject leaves out (None)
agrees with anything; one that only the witness leaves out is a disagreement, except
for pc, which an author does not know. The function "*" stands for any.
"""

import re

SAME = "same"
DIFFERS = "differs"
STOPPED = "stopped"  # the witness ended earlier than the subject
SKIPPED = "skipped"
FAILED = "failed"
OPEN = "open"  # the author promises no frames: nothing can be compared

ANY = "*"

# Found without unwind tables: a witness that has none may end before these.
HEURISTIC_TRUST = ("scan", "prologue", "lr")


class Verdict:
    def __init__(self, kind, frame=None, text=""):
        self.kind = kind
        self.frame = frame
        self.text = text

    def __str__(self):
        if self.kind == DIFFERS:
            return f"differs at {self.frame}"
        if self.kind == STOPPED:
            return f"stopped at {self.frame}"
        return self.kind


def basename(path):
    return path.replace("\\", "/").rsplit("/", 1)[-1] if path else None


def number(text):
    """Addresses are hex strings; null means unknown. Bit 0 says nothing."""
    if text is None:
        return None
    return (text if isinstance(text, int) else int(text, 16)) & 0xFFFFFFFE


def frame_of(source):
    """A frame from any of the tools' JSON."""
    kind = "exception" if source.get("kind") == "exception" else "code"
    return {
        "kind": kind,
        "pc": number(source.get("pc")) if kind == "code" else None,
        "function": source.get("function") if kind == "code" else None,
        "file": basename(source.get("file")),
        "line": source.get("line") or None,
        "inlined": bool(source.get("inlined")),
        "trust": source.get("trust"),
    }


def physical(frames):
    """(index in the full list, frame) of what is really on the stack."""
    return [(index, frame) for index, frame in enumerate(frames) if not frame["inlined"]]


# GDB rewrites C++ names into its own canonical form; DWARF has the compiler's.
SPELLINGS = [
    (r"\blong long unsigned int\b", "unsigned long long"),
    (r"\blong unsigned int\b", "unsigned long"),
    (r"\bshort unsigned int\b", "unsigned short"),
    (r"\b(long long|long|short) int\b", r"\1"),
    (r"\b(\d+)[uUlL]+\b", r"\1"),
]


def same_function(a, b):
    """Equal but for spelling; GDB drops a lambda's scope, and where a template
    argument holds parentheses it keeps the parameters."""
    if a is None or b is None:
        return a == b
    for pattern, text in SPELLINGS:
        a, b = re.sub(pattern, text, a), re.sub(pattern, text, b)
    return a == b or a.endswith("::" + b) or b.startswith(a + "(")


def disagreement(a, b, fields):
    """One line about the first field two frames disagree on, or None."""
    for field in ("kind",) + fields:
        if a[field] is None or a[field] == b[field] or b[field] == ANY:
            continue
        if field == "pc" and b[field] is None:
            continue
        if field == "function" and same_function(a[field], b[field]):
            continue
        left, right = (hex(f[field]) if field == "pc" else f[field] for f in (a, b))
        return f"{field}: {left}, witness: {right}"
    return None


def compare(subject, witness, fields, physical_only=False, open_end=False, excused=None):
    """What the witness says about the subject's frames.

    The frame number is an index into the subject's full list, inlined frames
    and exception boundaries included. With open_end only as many frames as both
    have are compared. The frame with the number excused may be anything.
    """
    mine = physical(subject) if physical_only else list(enumerate(subject))
    theirs = [frame for _, frame in physical(witness)] if physical_only else witness
    for (index, frame), other in zip(mine, theirs):
        text = disagreement(frame, other, fields)
        if text and index != excused:
            return Verdict(DIFFERS, index, text)
    if open_end:
        return Verdict(SAME)
    if len(theirs) < len(mine):
        return _witness_ended(*mine[len(theirs)])
    if len(theirs) > len(mine):
        other = theirs[len(mine)]
        name = other["function"] or (hex(other["pc"]) if other["pc"] is not None else other["kind"])
        return Verdict(DIFFERS, len(subject), f"the witness goes on with {name}")
    return Verdict(SAME)


def _witness_ended(index, frame):
    trust = frame["trust"]
    if trust is None or trust in HEURISTIC_TRUST:
        return Verdict(STOPPED, index, f"next: {frame['function']}, {trust or 'no trust given'}")
    return Verdict(DIFFERS, index, f"the witness ends, {frame['function']} follows by {trust}")


def compare_rest(subject, witness, how, entry):
    """The verdict on what a row of SETTLED.json leaves to compare.

    Where GDB knows of no inlined frames the lists do not align; then only the
    physical ones are asked about. A row with "beyond": "pc" says that no name
    and line from there on can be right: pcs remain. With "beyond": "all" the witness
    went another way there, and nothing remains.
    """
    fields, physical_only, open_end = how
    excused = entry["frame"]
    if entry.get("beyond") == "all":
        return Verdict(SAME)
    if entry.get("beyond") == "pc":
        return compare(subject, witness, ("pc",), True, open_end)
    found = compare(subject, witness, fields, physical_only, open_end, excused)
    if found.kind != DIFFERS or physical_only:
        return found
    again = compare(subject, witness, fields, True, open_end, excused)
    return again if again.kind != DIFFERS else found


def settle(verdict, entry, rest=None):
    """(problem or None, remark): what a row of SETTLED.json does to a verdict.

    Only a difference (or an early end) at exactly the recorded frame is settled,
    the frames after it still have to agree (rest), and an entry without its
    difference is a problem itself.
    """
    if entry is None:
        return (verdict.text if verdict.kind in (DIFFERS, FAILED) else None), ""
    if verdict.kind == SKIPPED:
        return None, ""
    if verdict.kind == FAILED:
        return verdict.text, ""
    if verdict.kind not in (DIFFERS, STOPPED):
        return f"stale row in SETTLED.json: the witness is now \"{verdict}\"", ""
    if verdict.frame != entry["frame"]:
        return f"SETTLED.json says frame {entry['frame']}, but it {verdict}: {verdict.text}", ""
    if rest and rest.kind == DIFFERS and rest.frame != entry["frame"]:
        return f"besides the settled frame {entry['frame']} it {rest}: {rest.text}", ""
    return None, "settled"
