# SPDX-License-Identifier: Apache-2.0
"""Record what the fixture firmware sends: fixtures/wire/, and every chunk size for a check."""

import hashlib
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import check
import expect
import firmware
import wire
from builds import WIRE_BUILDS

PLACE = firmware.ROOT / "fixtures" / "wire"
AUTHOR = firmware.SOURCE / "wire.json"
QEMU_SECONDS = 20
SECONDS_A_BOOT = 60
RESET_BY_SOFTWARE = 0x10
NAMES = {"log": "serial-{}.log", "spool": "chunks-{}.spool", "whole": "message-{}.chunk"}


def run(build, elf, steps, options, folder):
    """Let the device do its steps; what it sent is in the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    words = ["fw", "do=" + "+".join(steps), *(f"{k}={v}" for k, v in options.items())]
    command = ["qemu-system-arm", "-M", build["machine"], "-nographic", "-monitor", "none",
               "-serial", "none", "-icount", "shift=4,sleep=off", "-kernel", str(elf),
               "-chardev", "file,id=console,path=serial.log", "-semihosting-config",
               "enable=on,target=native,chardev=console," + ",".join(f"arg={w}" for w in words)]
    done = subprocess.run(command, cwd=folder, text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=QEMU_SECONDS)
    if done.returncode:
        said = (folder / "serial.log").read_text(errors="replace")[-300:]
        raise SystemExit(f"{' '.join(words)}: exit {done.returncode}: {done.stderr}{said}")


def files(folder, form, size):
    """The carrier's files as they are committed: name and bytes."""
    if form == "whole":
        found = sorted(folder.glob("message-*.chunk"))
        return [(path.name, path.read_bytes()) for path in found]
    source = "serial.log" if form == "log" else "chunks.spool"
    return [(NAMES[form].format(size), (folder / source).read_bytes())]


def chunks_of(form, content):
    if form == "whole":
        return [data for _, data in content]
    return (wire.log_chunks if form == "log" else wire.spool_chunks)(content[0][1])


def messages_of(chunks):
    device = wire.Device()
    for chunk in chunks:
        device.push(chunk)
    if device.dropped or device.pending():
        raise SystemExit(f"a recording lost something: {dict(device.dropped)}")
    return device.messages


# --- what the author expects ---

def place_of(text, markers):
    frame = expect.frame_of(text, markers)
    return {key: frame[key] for key in ("function", "file", "line")}


def item_of(step, said, markers, captured):
    kind = said.get("kind", "reboot")
    item = {"kind": kind, "step": step}
    for key in ("reason", "trace_reason", "name", "custom", "status", "log"):
        if key in said:
            item[key] = said[key]
    if kind == "reboot":
        item["expected"] = said.get("expected", False)
        item["reset_register"] = said.get("reset_register", RESET_BY_SOFTWARE)
    for key in ("pc", "lr"):
        if key in said:
            item[key] = place_of(said[key], markers)
    if "pc" in said:
        item["pc_ahead"] = 4 if said.get("marked") else 0
    if captured:
        item["captured_at"] = captured
    return item


def dump_of(step, said, build, scenarios, author, markers):
    """What a dump of that step has to show."""
    known = scenarios["scenarios"].get(step, {})
    override = known.get("cores", {}).get(build["core"], {})
    frames = said.get("frames", override.get("frames", known.get("frames")))
    return {"kind": "coredump", "step": step, "reason": said["reason"], "name": said["name"],
            "category": said.get("category", known.get("category")),
            "frames": expect.expand(frames, scenarios["chains"] | author["chains"], markers),
            "complete": known.get("complete", True)}


def items_of(recording, build, scenarios, author, markers):
    """The dump of the first crash comes first; everything else in the order it happened."""
    said = author["recordings"][recording]
    start, boots, dump, queue = said["options"].get("time"), 0, None, []
    for step in said["do"]:
        facts = author["steps"][step]
        goes_down = facts.get("crash") or facts.get("reboot")
        boots += 1 if goes_down else 0
        item = item_of(step, facts, markers, start and start + SECONDS_A_BOOT * boots)
        if item["kind"] == "reboot":
            item["coredump_saved"] = bool(facts.get("crash")) and dump is None
        if item.get("coredump_saved"):
            dump = dump_of(step, facts, build, scenarios, author, markers)
        queue.append(item)
    if said["options"].get("batch"):
        queue.sort(key=lambda item: item["kind"] in ("log", "recording"))
    return ([dump] if dump else []) + queue


def message_count(items, batch):
    events = [i for i in items if i["kind"] not in ("coredump", "log", "recording")]
    return len(items) - (len(events) - 1 if batch and events else 0)


# --- does the recording bear it out? ---

class Positions:
    def __init__(self, elf):
        self.elf = elf

    def of(self, addr):
        out = firmware.run([firmware.PREFIX + "addr2line", "-f", "-e", self.elf, hex(addr)])
        function, place = out.splitlines()
        file, _, line = place.partition(" ")[0].rpartition(":")
        return {"function": function, "file": file.rpartition("/")[2], "line": int(line)}


def complaints_about_event(item, event, positions):
    info, bad = event[4], []
    want = {1: item.get("reason") and int(item["reason"], 16), 4: item.get("reset_register"),
            5: item.get("coredump_saved"), 6: item.get("trace_reason"), 7: item.get("status"),
            8: item.get("log") and item["log"].encode()}
    if item["kind"] in ("reboot", "trace"):
        for key, value in want.items():
            if info.get(key) != value:
                bad.append(f"{item['step']}: info {key} is {info.get(key)}, expected {value}")
    if event.get(1) != item.get("captured_at"):
        bad.append(f"{item['step']}: captured {event.get(1)}, expected {item.get('captured_at')}")
    for name, key, back in (("pc", 2, item.get("pc_ahead", 0)), ("lr", 3, 2)):
        if name in item and positions.of((info[key] & ~1) - back) != item[name]:
            bad.append(f"{item['step']}: {name} is {positions.of((info[key] & ~1) - back)}")
        if name not in item and key in info and item["kind"] in ("reboot", "trace"):
            bad.append(f"{item['step']}: has a {name}")
    return bad


def complaints(items, messages, elf, folder):
    positions, found, bad = Positions(elf), [], []
    for message in messages:
        name, _, value = wire.items(message)
        if name == "coredump":
            found.append(("coredump", value))
        else:
            found += [(wire.kind_of(name, event), event) for event in value]
    kinds, wanted = [kind for kind, _ in found], [item["kind"] for item in items]
    if kinds != wanted:
        return [f"sent {kinds}, expected {wanted}"]
    for item, (_, value) in zip(items, found):
        if item["kind"] != "coredump":
            bad += complaints_about_event(item, value, positions)
            continue
        dump = folder / "decoded.core"
        dump.write_bytes(value)
        if value != (folder / "dump.core").read_bytes():
            bad.append("the dump that arrived is not the one that was written")
        bad += check.check(dump, item, [elf])
    return bad


# --- recording ---

def write_json(path, value):
    lines = []
    for key, item in value.items():
        if key == "items":
            rows = ",\n".join("    " + json.dumps(i) for i in item)
            lines.append(f'  "items": [\n{rows}\n  ]')
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(item)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def record_one(name, elf, recording, work, known):
    build, (author, scenarios, markers) = WIRE_BUILDS[name], known
    said = author["recordings"][recording]
    items = items_of(recording, build, scenarios, author, markers)
    target = PLACE / name / recording
    target.mkdir(parents=True)
    listed, bad, first = {}, [], None
    for form, size in said["files"]:
        folder = work / "run" / recording
        run(build, elf, said["do"], dict(said["options"], form=form, chunk=size), folder)
        content = files(folder, form, size)
        for file, data in content:
            (target / file).write_bytes(data)
            listed[file] = {"carrier": "chunk" if form == "whole" else form, "chunk_size": size}
        messages = messages_of(chunks_of(form, content))
        first = first or messages
        if messages != first:
            bad.append(f"{form} {size}: other messages than in {said['files'][0]}")
        bad += complaints(items, messages, elf, folder)
    expected = {"build": name, "recording": recording, "core": build["core"],
                "software_type": "fixture-fw", "software_version": f"1.4.0-{name}",
                "hardware_version": build["machine"], "options": said["options"],
                "files": listed,
                "messages": message_count(items, said["options"].get("batch")), "items": items}
    if len(first) != expected["messages"]:
        bad.append(f"{len(first)} messages, expected {expected['messages']}")
    if "notes" in said:
        expected["notes"] = said["notes"]
    write_json(target / "expected.json", expected)
    return bad


def write_page(path, name, build, author):
    rows = []
    for recording, said in author["recordings"].items():
        if name in said["builds"]:
            steps = " ".join(f"`{step}`" for step in said["do"])
            options = " ".join(f"`{k}={v}`" for k, v in said["options"].items())
            rows.append(f"| `{recording}` | {steps} | {options} | {said.get('notes', '')} |")
    path.write_text(f"""# {name}

| | |
|---|---|
| sources | `fixtures/firmware/`: {", ".join(build["sources"])} |
| core, board | {build["core"]}, QEMU `-M {build["machine"]}` |
| compiler | {firmware.version(firmware.compiler_of(build))} |
| linker | {firmware.version(firmware.PREFIX + "ld")} |
| QEMU | {firmware.version("qemu-system-arm")}, `-icount shift=4,sleep=off`, script through semihosting |
| recorded by | `tools/record/record --wire` |

Flags: `{" ".join(firmware.compiler_flags(name, build))}`

Linked with: `{" ".join(firmware.linker_flags(build))}`

| recording | steps | options | |
|---|---|---|---|
""" + "\n".join(rows) + "\n")


def load(build):
    return json.loads(AUTHOR.read_text()), expect.load_author(build), expect.load_markers(build)


def record(work):
    """All of fixtures/wire/ anew."""
    good = True
    for name, build in WIRE_BUILDS.items():
        known = load(build)
        elf = firmware.build_image(name, build, work / name)
        shutil.rmtree(PLACE / name, ignore_errors=True)
        (PLACE / name).mkdir(parents=True)
        shutil.copyfile(elf, PLACE / name / "fw.elf")
        write_page(PLACE / name / "README.md", name, build, known[0])
        recordings = [r for r, said in known[0]["recordings"].items() if name in said["builds"]]
        for recording in recordings:
            bad = record_one(name, elf, recording, work / name, known)
            good = good and not bad
            print(f"{name} {recording}: " + ("; ".join(bad) or "as expected"), flush=True)
    return good


# --- every chunk size ---

def parse_sizes(words):
    sizes = []
    for word in words:
        first, _, last = word.partition("-")
        sizes += range(int(first), int(last or first) + 1)
    return sizes


def ingest(program, work, device, path):
    """Whether `faultline ingest` takes all of a recording.

    All sizes go into one database: from the second on, every message has to be a duplicate.
    """
    words = [program, "ingest", "--db", work / "sizes.db", "--device", device, "--queue-only",
             "--format", "json", path]
    told = json.loads(firmware.run(words))
    lost = sum(drop["events"] for kind, drop in told["drops"].items() if kind != "filler")
    return told["messages"]["complete"] == 3 and not lost and \
        (told["taken_in"], told["messages"]["duplicate"]) in ((3, 0), (0, 3)) and \
        told["items"]["coredump"] == told["items"]["reboot"] == told["items"]["trace"] == 1


def sizes(words, work, program=None):
    """Run with each of these chunk sizes; the messages must be the same bytes every time."""
    wanted, good = parse_sizes(words), True
    for name, build in WIRE_BUILDS.items():
        elf = firmware.build_image(name, build, work / name)
        for label, more in (("run lengths", {}), ("plain, padded", {"rle": 0, "pad": 1})):
            good = check_sizes(name, build, elf, wanted, label, more, work, program) and good
    return good


def check_sizes(name, build, elf, wanted, label, more, work, program):
    def one(size):
        folder = work / name / "sizes" / f"{size}-{len(more)}"
        form = "log" if size % 2 else "spool"
        run(build, elf, ["null-write", "trace-status"],
            {"time": 1700000000, "form": form, "chunk": size, **more}, folder)
        chunks = chunks_of(form, files(folder, form, size))
        messages = messages_of(chunks)
        longest = max(map(len, chunks))
        digest = hashlib.sha256(b"".join(len(m).to_bytes(4, "big") + m for m in messages)).hexdigest()
        dump = wire.items(messages[0])[2] == (folder / "dump.core").read_bytes()
        fine = longest <= size and dump
        if program:
            source = folder / ("serial.log" if form == "log" else "chunks.spool")
            fine = ingest(program, work, f"{name} {label}", source) and fine
        shutil.rmtree(folder)
        return size, digest, len(messages), len(chunks), fine

    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(one, wanted))
    digests = {row[1] for row in rows}
    good = len(digests) == 1 and all(row[4] for row in rows)
    chunks = [row[3] for row in rows]
    print(f"{name}, {label}: {len(rows)} chunk sizes {min(wanted)} to {max(wanted)}, {rows[0][2]} messages "
          f"each, {sum(chunks)} chunks ({min(chunks)} to {max(chunks)} a run), "
          f"{len(digests)} different byte sequences{', ingested' if program else ''}: {'good' if good else 'WRONG'}", flush=True)
    return good
