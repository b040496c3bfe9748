# SPDX-License-Identifier: Apache-2.0
"""Recordings of what devices send, the program that ingests them, and a decoder that is not the program's."""

import base64
import json
import os
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True
PROGRAM, ROOT = sys.argv[1], Path(sys.argv[2]).resolve()
sys.path[:0] = [str(ROOT / "tools" / "record"), str(ROOT / "tests" / "gdb")]

import wire

FIXTURES = ROOT / "fixtures" / "wire"
KINDS = ("coredump", "reboot", "trace", "heartbeat", "log", "recording", "unknown")
DROPS = ("restarted", "orphan", "repeated", "conflict", "gap", "short", "crc", "too_long", "malformed")
failures, count = [], 0


def check(what, got, wanted):
    global count
    count += 1
    if got != wanted:
        failures.append(what)
        print(f"FAILED {what}: {got}, expected {wanted}")


def finish():
    print(f"{count} checks, {len(failures)} failed")
    sys.exit(1 if failures else 0)


class Recording:
    def __init__(self, build, name):
        self.build, self.name = build, name
        self.folder = FIXTURES / build / name
        self.expected = json.loads((self.folder / "expected.json").read_text())
        self.items = self.expected["items"]

    def paths(self):
        """Per carrier and size: the files of one delivery."""
        whole = sorted(self.folder.glob("message-*.chunk"))
        others = sorted(p for p in self.folder.iterdir() if p.suffix in (".log", ".spool"))
        return [[path] for path in others] + ([whole] if whole else [])

    def chunks(self, file):
        return wire.read_chunks(self.folder / file)

    def counts(self):
        return Counter(item["kind"] for item in self.items)


def recordings():
    return [Recording(path.parent.parent.name, path.parent.name)
            for path in sorted(FIXTURES.glob("*/*/expected.json"))]


def spool(chunks):
    return b"".join(b"CHNK" + struct.pack(">I", len(chunk)) + chunk for chunk in chunks)


def export_line(device, chunk, at):
    """One event of a webhook's export."""
    return json.dumps({"event": "memfault-chunks", "data": base64.b64encode(chunk).decode(),
                       "coreid": device, "published_at": f"2026-02-01T12:{at // 60 % 60:02}:{at % 60:02}Z"})


class Database:
    """A database in a folder of its own; the verbs that tests need."""

    def __init__(self, symbols=()):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        for elf in symbols:
            self.run("symbols", "add", elf)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def run(self, *words, json_out=False):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FAULTLINE")}
        command = [PROGRAM, *map(str, words), "--db", str(self.path / "t.db")]
        done = subprocess.run(command + (["--format", "json"] if json_out else []), timeout=300,
                              capture_output=True, env=environment)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, words))}: exit code {done.returncode}: "
                             f"{done.stderr.decode(errors='replace')}")
        return json.loads(done.stdout) if json_out else done.stdout

    def ingest(self, *words):
        return self.run("ingest", *words, json_out=True)

    def ingest_chunks(self, device, chunks, *words):
        """As a spool, in a process of its own; nothing is analysed."""
        file = self.path / "chunks.spool"
        file.write_bytes(spool(chunks))
        return self.ingest(file, "--device", device, "--queue-only", *words)

    def device(self, serial):
        return self.run("devices", "show", serial, json_out=True)


class Decoded:
    """What an independent decoder makes of a sequence of chunks."""

    def __init__(self, chunks):
        self.device = wire.Device()
        for chunk in chunks:
            self.device.push(chunk)
        self.kinds = Counter()
        self.distinct = set()
        for message in self.device.messages:
            name, _, value = wire.items(message)
            found = ["coredump"] if name == "coredump" else [wire.kind_of(name, e) for e in value]
            self.kinds.update(found)
            self.distinct.add(message)
        self.messages = len(self.device.messages)
        self.drops = {name: self.device.dropped.get(name, 0) for name in DROPS}
        self.pending = len(self.device.data)
        self.incomplete = int(self.device.pending())


def check_counts(what, told, decoded):
    """What ingest told of one delivery against the decoder."""
    check(f"{what}: messages", told["messages"]["complete"], decoded.messages)
    check(f"{what}: items", {k: told["items"][k] for k in KINDS}, {k: decoded.kinds.get(k, 0) for k in KINDS})
    check(f"{what}: drops", {k: told["drops"][k]["events"] for k in DROPS}, decoded.drops)
    check(f"{what}: incomplete", told["messages"]["incomplete"], decoded.incomplete)


def check_transport(what, shown, chunks, decoded):
    """The sums of a device after all its deliveries."""
    transport = shown["transport"]
    check(f"{what}: chunks", (transport["chunks"], transport["bytes"]), (len(chunks), sum(map(len, chunks))))
    check(f"{what}: messages", (transport["messages"], transport["message_bytes"]),
          (decoded.messages, sum(map(len, decoded.device.messages))))
    check(f"{what}: drops", {k: transport["drops"][k]["events"] for k in DROPS}, decoded.drops)
    check(f"{what}: pending", shown["pending_bytes"], decoded.pending)
    balance = transport["overhead"] + transport["message_bytes"] + shown["pending_bytes"] + \
        sum(drop["bytes"] for drop in transport["drops"].values())
    check(f"{what}: every byte is accounted for", balance, transport["bytes"])
