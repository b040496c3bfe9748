# SPDX-License-Identifier: Apache-2.0
"""Every recording, in every carrier and chunk size, becomes what its author expects."""

from collections import Counter

from support import FIXTURES, KINDS, Database, check, finish, recordings

import frames  # of tests/gdb; support has set the path


def place(frame):
    return {"function": frame.get("function"), "file": (frame.get("file") or "").rpartition("/")[2] or None,
            "line": frame.get("line")}


def facts_of_event(report):
    """What the author speaks of, from the report of an event."""
    event, reason = report["event"], report.get("reason", {})
    walked = [frame for thread in report["threads"] for frame in thread["frames"] if "function" in frame]
    return {"reason": int(reason["code"], 16) if reason else None, "name": reason.get("name") or event.get("trace_reason_name"),
            "expected": reason.get("expected"), "trace_reason": event.get("trace_reason"),
            "status": event.get("status"), "log": event.get("log"), "captured_at": event.get("captured_at"),
            "reset_register": int(event["reset_register"], 16) if "reset_register" in event else None,
            "coredump_saved": event.get("coredump_saved"),
            "pc": place(walked[0]) if walked else None, "lr": place(walked[1]) if len(walked) > 1 else None}


def facts_of_item(item):
    return {"reason": int(item["reason"], 16) if "reason" in item else None, "name": item["name"],
            "expected": item.get("expected"), "trace_reason": item.get("trace_reason"),
            "status": item.get("status"), "log": item.get("log"), "captured_at": item.get("captured_at"),
            "reset_register": item.get("reset_register"), "coredump_saved": item.get("coredump_saved"),
            "pc": item.get("pc"), "lr": item.get("lr")}


def traces_of(items):
    """What has a trace of its own: not the event of a dump that is there."""
    return [item for item in items if item["kind"] in ("coredump", "reboot", "trace") and
            not item.get("coredump_saved")]


def key(facts):
    return sorted(str(f) for f in facts)


def check_traces(what, database, device, items):
    rows = database.run("traces", "list", "--device", device, "--all", json_out=True)
    reports = [database.run("traces", "show", row["id"], json_out=True) for row in rows]
    wanted = traces_of(items)
    dumps = [item for item in wanted if item["kind"] == "coredump"]
    check(f"{what}: traces", Counter(row["kind"] for row in rows),
          Counter("dump" if i["kind"] == "coredump" else i["kind"] for i in wanted))
    for row, report in zip(rows, reports):
        if row["kind"] == "dump":
            check(f"{what}: frames", frames.differences(report, dumps[0]), [])
            check(f"{what}: reason", (report["reason"]["code"], report["reason"]["name"]),
                  (f"0x{int(dumps[0]['reason'], 16):04x}", dumps[0]["name"]))
            check(f"{what}: paired with its reboot event", row["paired"], True)
    check(f"{what}: events", key(facts_of_event(r) for r in reports if "event" in r),
          key(facts_of_item(i) for i in wanted if i["kind"] != "coredump"))


def check_reboots(what, shown, items):
    wanted = [item for item in items if item["kind"] == "reboot"]
    check(f"{what}: reboots", Counter({(r["code"], r["name"], r["expected"]): r["count"] for r in shown["reboots"]}),
          Counter((int(i["reason"], 16), i["name"], i["expected"]) for i in wanted))
    check(f"{what}: unexpected", shown["unexpected_reboots"], sum(not i["expected"] for i in wanted))
    check(f"{what}: expected", shown["expected_reboots"], sum(i["expected"] for i in wanted))


def test(database, recording, paths):
    what = f"{recording.build} {recording.name} {paths[0].name}"
    told = database.ingest(*paths, "--device", what)
    check(f"{what}: messages", told["messages"]["complete"], recording.expected["messages"])
    check(f"{what}: items", {k: told["items"][k] for k in KINDS}, {k: recording.counts().get(k, 0) for k in KINDS})
    check(f"{what}: nothing lost", {k: d["events"] for k, d in told["drops"].items() if d["events"] and k != "filler"}, {})
    check(f"{what}: filler only where chunks are padded",
          told["drops"]["filler"]["events"] > 0, bool(recording.expected["options"].get("pad")))
    check(f"{what}: kept", told["kept"],
          sum(n for kind, n in recording.counts().items() if kind in ("heartbeat", "log", "recording")))
    shown = database.device(what)
    check(f"{what}: identity", [shown[k] for k in ("software_type", "software_version", "hardware_version")],
          [recording.expected[k] for k in ("software_type", "software_version", "hardware_version")])
    check_reboots(what, shown, recording.items)
    check_traces(what, database, what, recording.items)
    again = database.ingest(*paths, "--device", what)
    check(f"{what}: sent once more", (again["taken_in"], again["messages"]["duplicate"]),
          (0, recording.expected["messages"]))


def test_symbols_last(elfs):
    """Names that only an ELF knows come late, also of a reboot that its dump tells."""
    with Database() as database:
        for recording in recordings():
            database.ingest(*recording.paths()[0], "--device", f"{recording.build} {recording.name}")
        database.run("symbols", "add", *elfs)
        database.run("worker", "--once")
        for recording in recordings():
            device = f"{recording.build} {recording.name}"
            check_reboots(f"{device}, symbols last", database.device(device), recording.items)
            check_traces(f"{device}, symbols last", database, device, recording.items)


ELFS = sorted(FIXTURES.glob("*/fw.elf"))
test_symbols_last(ELFS)
with Database(ELFS) as database:
    for recording in recordings():
        for paths in recording.paths():
            test(database, recording, paths)
finish()
