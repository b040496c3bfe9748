# SPDX-License-Identifier: Apache-2.0
"""faultline ingest as users see it: files, folders, pipes, summaries, mistakes."""
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from support import Program  # noqa: E402


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xffff if crc & 0x8000 else crc << 1
    return crc


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def chunks_of(message, size=500):
    parts = [message[i:i + size] for i in range(0, len(message), size)]
    crc = crc16(message).to_bytes(2, "little")
    if len(parts) == 1:
        return [b"\x08" + message + crc]
    out = [b"\x48" + varint(len(message)) + parts[0]]
    for i, part in enumerate(parts[1:], 1):
        last = i == len(parts) - 1
        out.append((b"\x80" if last else b"\xc0") + varint(i * size) + part + (crc if last else b""))
    return out


def text_of(chunk):
    return base64.b64encode(chunk).decode()


def log_of(chunks):
    return "".join(f"[{i}] I mflt: MC:{text_of(c)}:\n" for i, c in enumerate(chunks))


p = Program()
dump, elf = p.case("m4f-og", "null-write")
message = b"\x01" + Path(dump).read_bytes()
heartbeat = bytes.fromhex("02a30201030104a101821840f6")
pieces = chunks_of(message)

with tempfile.TemporaryDirectory() as name:
    tmp = Path(name)
    db = tmp / "crashes.db"

    def ingest(what, *args, code=0, **kwargs):
        out = p.expect(what, code, "ingest", *args, "--db", db, "--format", "json", **kwargs)
        return json.loads(out) if out else None

    def same(what, got, **wanted):
        for key, value in wanted.items():
            if got is None or got[key] != value:
                p.failures.append(what)
                print(f"FAILED {what}: {key} is {got and got[key]}, not {value}")

    def write(file, content):
        path = tmp / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    # a dump in two log files of one device, the process ended in between; then through the queue
    p.expect("symbols", 0, "symbols", "add", elf, "--db", db)
    half = len(pieces) // 2
    first = write("first.log", log_of(pieces[:half]))
    second = write("second.log", log_of(pieces[half:]) + log_of(chunks_of(heartbeat)))
    got = ingest("first half", first, "--device", "SN-1")
    same("first half", got, queued=0, chunks=half, work=None)
    same("first half", got["messages"], complete=0, incomplete=1, incomplete_bytes=half * 500,
         incomplete_expected=len(message))
    p.expect("it is said", 0, "ingest", first, "--device", "SN-2", "--db", db,
             out=f"1 incomplete.*{half * 500} of {len(message)} bytes of incomplete messages are kept")
    got = ingest("second half", second, "--device", "SN-1")
    same("second half", got, queued=1, kept=1, taken_in=2)
    same("second half", got["messages"], complete=2, incomplete=0)
    same("second half", got["items"], coredump=1, heartbeat=1)
    same("analysed", got["work"], analysed=1, new_issues=1)
    p.expect("the trace", 0, "traces", "list", "--db", db, out="SN-1.*Null Pointer")
    got = ingest("again", first, second, "--device", "SN-1")
    same("again", got, queued=0, duplicates=2, files=2)
    same("again", got["messages"], duplicate=2)
    whole = p.expect("the same dump in one piece", 0, "ingest", dump, "--device", "SN-1", "--db", db,
                     out="0 taken in, 1 duplicates")

    # nobody says whose it is
    p.expect("unknown device", 0, "ingest", first, "--db", db, err="unknown devices were dropped: with --device")
    p.expect("continuations only", 0, "ingest", second, "--db", db, out="orphan.*dropped: .* without a beginning")

    # the device in the name of the file
    folder = tmp / "logs"
    write("logs/SN-7_1.log", log_of(pieces[:half]))
    write("logs/SN-7_2.log", log_of(pieces[half:]))
    write("logs/notes.txt", "Dear all, nothing.\n")
    write("logs/app.elf", Path(elf).read_bytes())
    write("logs/empty.log", "")
    write("logs/deep/SN-8_1.bin", chunks_of(heartbeat)[0])
    write("logs/deep/zephyr.bin", b"ZE\x02\x00" + bytes(20))
    write("logs/.hidden", log_of(pieces))
    (folder / "loop").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe")
    got = ingest("a folder", folder, "--device-from-name", r"(SN-[0-9]+)_.*")
    same("a folder", got, files=3, queued=1, kept=1, failed=0)
    same("skipped by name", got["skipped"], name=4, not_recognised=0)
    got = ingest("a folder, no names", folder, "--device", "SN-9", "--queue-only")
    same("a folder, no names", got, files=3, queued=1, kept=1, work=None)
    same("skipped", got["skipped"], not_recognised=1, elf=1, empty=1, other_dumps=1)
    p.expect("skips are said", 0, "ingest", folder, "--db", db, "--device", "SN-9",
             out="skipped: 1 not recognised.*skipped: 1 ELF files: 'faultline symbols add'")
    p.expect("a name without a device", 2, "ingest", folder / "notes.txt", "--db", db, "--device-from-name",
             "(SN-[0-9]+)_.*", err="does not match", one_line=True)
    p.expect("a pattern without a group", 2, "ingest", folder, "--db", db, "--device-from-name", "SN.*",
             err="one group", one_line=True)
    p.expect("a bad pattern", 2, "ingest", folder, "--db", db, "--device-from-name", "(", err="--device-from-name",
             one_line=True)
    p.expect("twice", 2, "ingest", folder, "--db", db, "--device-from-name", "(x)", "--device", "y", err="not both",
             one_line=True)

    # what is no input says what it is
    p.expect("an ELF", 3, "ingest", folder / "app.elf", "--db", db, err="ELF file: 'faultline symbols add'", one_line=True)
    p.expect("a letter", 3, "ingest", folder / "notes.txt", "--db", db, err="nothing in it is recognised", one_line=True)
    p.expect("nothing", 3, "ingest", folder / "empty.log", "--db", db, err="is empty", one_line=True)
    p.expect("not there", 1, "ingest", tmp / "none", "--db", db, err="No such file", one_line=True)
    p.expect("one bad file does not keep out the others", 3, "ingest", folder / "notes.txt", dump, "--db", db,
             "--device", "SN-10", out="1 taken in, 0 duplicates, 1 could not", err="notes.txt")

    # a webhook's export, several devices interleaved, other events in between, a cut line
    def event(device, chunk, **more):
        return json.dumps({"event": "memfault-chunks", "data": text_of(chunk), "coreid": device,
                           "published_at": "2026-02-01T12:00:00.5Z", **more})
    lines = []
    for piece in pieces:
        lines += [event("e-1", piece), event("e-2", piece), json.dumps({"event": "temperature", "data": "21"})]
    export = write("export.jsonl", "\n".join(lines) + "\n" + event("e-3", pieces[0])[:50])
    got = ingest("export", export)
    same("export", got, queued=2, devices=2, other_events=len(pieces), damaged=1)
    p.expect("with the event's time", 0, "traces", "list", "--db", db, out="2026-02-01 12:00:00 +e-1")
    array = write("export.json", "[" + ",\n".join(
        json.dumps({"d": {"id": "f-1"}, "b": text_of(piece), "n": "x"}) for piece in pieces) + "]")
    got = ingest("other fields", array, "--event-field", "n", "--event-name", "x", "--data-field", "b", "--device-field",
                 "d.id")
    same("other fields", got, queued=1, devices=1)
    # as clouds list them: newest first, several chunks within a second, devices interleaved
    def timed(device, second, chunk):
        return {"event": "memfault-chunks", "data": text_of(chunk), "coreid": device,
                "published_at": f"2026-02-01T12:00:{second:02d}.{second:03d}Z"}
    sent = [timed(device, i // 3, piece) for i, piece in enumerate(pieces) for device in ("g-1", "g-2")]
    newest = write("newest.json", json.dumps(sent[::-1]))
    got = ingest("newest first", newest)
    same("newest first", got, queued=2, devices=2, newest_first=1, backwards=0)
    same("newest first", got["messages"], complete=2, orphan=0)
    p.expect("with the time of its last chunk", 0, "traces", "list", "--db", db,
             out=f"2026-02-01 12:00:{(len(pieces) - 1) // 3:02d} +g-1")
    same("sorted", ingest("sorted", write("sorted.json", json.dumps(sent).replace('"g-', '"h-'))), queued=2, newest_first=0)
    p.expect("it is said", 0, "ingest", newest, "--db", db, out="newest first: taken in from the end")
    mixed = [timed("i-1", i + 1 if i % 2 else 40 - i, piece) for i, piece in enumerate(pieces)][::-1]
    p.expect("back and forth", 0, "ingest", write("mixed.json", json.dumps(mixed)), "--db", db,
             err="sort the export by its time, oldest first")
    untimed = [dict(event, published_at=None) for event in sent[::-1]]
    same("without times", ingest("without times", write("untimed.json", json.dumps(untimed))), newest_first=0, queued=0)
    if len(pieces) < 8:
        p.failures.append("the dump is too small for these")
    large = [timed("j-1", 59 - i // 200, c) for i, c in enumerate(
        [c for k in range(700) for c in chunks_of(message + bytes([k % 256, k // 256]))][::-1])]
    got = ingest("more than a batch", write("large.json", json.dumps(large)), "--queue-only")
    same("more than a batch", got, newest_first=1, queued=700)

    p.expect("the data in another member", 3, "ingest", array, "--db", db, "--event-name", "",
             err=f"{len(pieces)} events are without data; see --data-field", one_line=True)
    p.expect("no base64 in it", 3, "ingest", write("x.json", '[{"data": "21.5 C"}, {"data": "-2"}]'), "--db", db,
             err="the data of 2 events is no base64.*--data-field", one_line=True)
    p.expect("no data at all", 3, "ingest", array, "--db", db, err="events are without data; see --data-field, --event-name")
    p.expect("no such events", 0, "ingest", write("y.json", '{"event": "temperature", "data": "21"}'), "--db", db,
             err="no dump or chunk in it.*--event-name")
    p.expect("the time that is said", 0, "ingest", export, "--db", tmp / "b.db", "--received", "2026-03-04T05:06:07Z",
             "--queue-only")
    p.expect("goes before the event's", 0, "traces", "list", "--db", tmp / "b.db", out="2026-03-04 05:06:07 +e-1")

    # stdin, forced carriers, damage
    got = ingest("stdin", "-", "--device", "SN-20", stdin=log_of(pieces).encode())
    same("stdin", got, queued=1)
    bent = chunks_of(message)
    bent[1] = bent[1][:100] + bytes([bent[1][100] ^ 1]) + bent[1][101:]
    bent = write("bent.log", log_of(bent))
    p.expect("a damaged dump", 0, "ingest", bent, "--device", "SN-21", "--db", db, out="1 corrupt")
    got = ingest("accepted all the same", bent, "--device", "SN-21", "--accept-damaged")
    same("accepted all the same", got, queued=1)
    p.expect("carrier", 2, "ingest", bent, "--carrier", "pigeon", "--db", db, err="one of: dump chunk log", one_line=True)
    p.expect("an ELF by force", 2, "ingest", bent, "--carrier", "elf", "--db", db, err="one of:", one_line=True)
    p.expect("by force", 3, "ingest", bent, "--carrier", "chunk", "--device", "SN-22", "--db", db, err="it is no chunk",
             one_line=True)
    junk = write("junk", bytes(range(255, 0, -1)) * 40)
    for carrier, words in (("dump", "does not begin with CORE"), ("json", "nothing in it"), ("sse", "nothing in it"),
                           ("log", "nothing in it"), ("base64", "nothing in it"), ("spool", "nothing in it"),
                           ("multipart", "nothing in it"), ("chunk", "it is no chunk")):
        p.expect(f"junk as {carrier}", 3, "ingest", junk, "--carrier", carrier, "--db", db, err=words, one_line=True)

    # every byte that was lost is counted with its reason
    loss = write("loss.log", log_of(chunks_of(heartbeat)) + "MC:CAKnAs\nMC:CAKnA:\n")
    got = ingest("damage", loss, "--device", "SN-24")
    same("damage", got, damaged=2, damaged_bytes=17)
    same("damage", got["drops"]["undecodable"], events=2, bytes=17)
    p.expect("is shown", 0, "devices", "show", "SN-24", "--db", db, out="undecodable +2 times, 17 bytes")
    ingest("only damage", write("lost.log", "MC:CAKnA:\n"), "--device", "SN-25", "--carrier", "log", code=3)
    p.expect("is shown, too", 0, "devices", "show", "SN-25", "--db", db, out="undecodable +1 times, 8 bytes")

    # an event from the database is no chunk, and JSON need not be an export
    bare = write("event.cbor", heartbeat[1:])
    p.expect("a bare event", 3, "ingest", bare, "--db", db, err="is an event", one_line=True)
    for name in ("package.json", "list.json", "cut.json", "data.json"):
        write(f"others/{name}", {"package.json": '{"name": "x", "version": "1"}', "list.json": "[1, 2]",
                                 "cut.json": '{"a": "', "data.json": '{"data": {"x": 1}}'}[name])
    write("others/a.bin", chunks_of(heartbeat)[0])
    got = ingest("a folder with JSON", tmp / "others", "--device", "SN-26")
    same("a folder with JSON", got, files=1, kept=1, failed=0, other_events=0, damaged=0)
    same("a folder with JSON", got["skipped"], not_recognised=4)
    p.expect("a storm", 0, "ingest", write("many.log", log_of(
        [c for i in range(5) for c in chunks_of(message + bytes([i]))])), "--device", "SN-23", "--device-rate", "2",
        "--db", db, "--queue-only", out="2 taken in.*3 were dropped by --device-rate")

    p.expect("kept", 0, "symbols", "add", elf, "--db", tmp / "k.db")
    p.expect("a storm of one bug", 0, "ingest", tmp / "many.log", "--device", "SN-23", "--keep-per-issue", 2,
             "--db", tmp / "k.db", out="5 taken in.*5 analysed")
    pruned = json.loads(p.expect("its dumps", 0, "traces", "list", "--db", tmp / "k.db", "--format", "json"))
    if [row.get("pruned") for row in pruned].count(True) != 3:
        p.failures.append("keep per issue")
        print("FAILED keep per issue:", pruned)
    p.expect("a number", 2, "ingest", dump, "--keep-per-issue", 1 << 32, "--db", db, err="takes 0 to", one_line=True)

    # request bodies
    body = ("ingest", "--http-body", "--db", db, "--device", "SN-30")
    p.expect("a body", 0, *body, stdin=pieces[0], out="1 incomplete")
    p.expect("the client's fault", 3, *body, stdin=b"9hello", err="no chunk", one_line=True)
    p.expect("too large", 3, *body, "--max-body", 10, stdin=pieces[0], err="more than the 10 bytes", one_line=True)
    p.expect("announced too large", 3, *body, "--max-body", 10, "--content-length", 11, stdin=pieces[0], err="more than")
    p.expect("cut", 3, *body, "--content-length", 6, stdin=b"\x08\x02", err="2 of 6 bytes", one_line=True)
    p.expect("more than was announced", 0, *body, "--content-length", 6, stdin=bytes.fromhex("0802a702cbca") + b"GET /")
    p.expect("ours", 1, "ingest", "--http-body", "--db", tmp / "no" / "x.db", stdin=pieces[0])
    p.expect("with files", 2, *body, dump, err="no files", one_line=True)
    p.expect("with a carrier", 2, *body, "--carrier", "log", err="neither", one_line=True)
    p.expect("a length that is none", 2, *body, "--content-length", "-5", err="takes a number", one_line=True)

    # a live stream: what came is durable while it goes on
    live = subprocess.Popen([p.path, "ingest", "-", "--device", "SN-40", "--db", db, "--queue-only", "--carrier", "log"],
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    live.stdin.write(log_of(chunks_of(message + b"live")).encode())
    live.stdin.flush()
    for _ in range(100):
        if b"SN-40" in p.run("traces", "list", "--db", db).stdout:
            break
        time.sleep(0.1)
    else:
        p.failures.append("live stream")
        print("FAILED live stream: nothing came")
    p.expect("and others may have the device", 0, "ingest", second, "--device", "SN-40", "--db", db)
    live.kill()
    live.wait()
    live.stdin.close()

    # two processes, one device: nothing is mixed up
    logs = [write(f"both{i}.log", log_of([c for k in range(40) for c in chunks_of(message + bytes([i, k]))]))
            for i in range(2)]
    both = [subprocess.Popen([p.path, "ingest", str(log), "--device", "SN-50", "--db", str(db), "--queue-only",
                              "--format", "json"], stdout=subprocess.PIPE) for log in logs]
    for run in both:
        got = json.loads(run.communicate(timeout=120)[0])
        same("two processes", got, queued=40)
        same("two processes", got["drops"]["restarted"], events=0)

    # the spool folder
    spool = tmp / "spool"
    spool.mkdir()
    write("spool/a.log", log_of(pieces[:half]))
    write("spool/a.log.json", json.dumps({"device": "SN-60", "received_at": 1767225600}))
    write("spool/b.log", log_of(pieces[half:]))
    write("spool/b.log.json", json.dumps({"device": "SN-60", "received_at": 1767225601}))
    write("spool/c.log", log_of([b"\x39no", b"\x39chunk"]))
    p.expect("spool", 0, "worker", "--spool", spool, "--once", "--db", db, out="2 taken from the spool", err="c.log.*no chunk")
    p.expect("its trace", 0, "traces", "list", "--db", db, out="2026-01-01 00:00:01 +SN-60")
    left = sorted(f.name for f in spool.rglob("*") if f.is_file())
    if left != ["c.log", "c.log.reason"]:
        p.failures.append(f"left in the spool: {left}")
        print("FAILED left in the spool:", left)

p.finish()
