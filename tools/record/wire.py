# SPDX-License-Identifier: Apache-2.0
"""From the wire to messages: a small decoder, written apart from the engine and from the firmware.

List what a serial log or a spool holds:  python3 wire.py FILE...
"""

import base64
import re
import struct
import sys
from collections import Counter
from pathlib import Path

MC_ITEM = re.compile(rb"MC:([A-Za-z0-9+/]+={0,2}):")
CONTINUATION, MORE, CONFIG, CHANNEL = 0x80, 0x40, 0x38, 0x07
CRC_AT_END = 0x08
TYPES = {1: "coredump", 2: "events", 3: "logs", 4: "recording"}
HAS_KEY, IS_RLE, TYPE_MASK = 0x40, 0x80, 0x3F


def crc16(data):
    """CRC-16/XMODEM: polynomial 0x1021, nothing reflected, nothing inverted."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def log_chunks(data):
    return [base64.b64decode(item, validate=True) for item in MC_ITEM.findall(data)]


def spool_chunks(data):
    chunks, at = [], 0
    while at < len(data):
        magic, size = struct.unpack_from(">4sI", data, at)
        if magic != b"CHNK" or at + 8 + size > len(data):
            raise ValueError(f"no chunk at {at}")
        chunks.append(data[at + 8:at + 8 + size])
        at += 8 + size
    return chunks


class Device:
    """The chunks of one device in the order of their arrival.

    messages: what was complete and intact. dropped: a count per reason. A first chunk that comes
    twice in a row is a repetition, as any other chunk is.
    """

    def __init__(self):
        self.messages = []
        self.dropped = Counter()
        self.total = None
        self.data = b""

    def pending(self):
        return self.total is not None

    def give_up(self, why):
        self.dropped[why] += 1
        self.total, self.data = None, b""

    def finish(self, message, stored):
        self.total, self.data = None, b""
        if crc16(message) == struct.unpack("<H", stored)[0]:
            self.messages.append(message)
        else:
            self.dropped["crc"] += 1

    def push(self, chunk):
        head = chunk[0]
        if head & CHANNEL:
            raise ValueError("the firmware has one channel")
        if head & CONTINUATION:
            return self.go_on(head, chunk)
        if self.pending() and chunk == self.start and len(self.data) == len(self.first):
            self.dropped["repeated"] += 1
            return
        if self.pending():
            self.give_up("restarted")
        if head & CONFIG != CRC_AT_END:
            raise ValueError("the firmware puts its CRC at the end")
        if not head & MORE:
            return self.finish(chunk[1:-2], chunk[-2:])
        self.total, at = varint(chunk, 1)
        self.data = self.first = chunk[at:][:self.total]
        self.start = chunk

    def go_on(self, head, chunk):
        if not self.pending():
            self.dropped["orphan"] += 1
            return
        offset, at = varint(chunk, 1)
        body = chunk[at:][:max(self.total - offset, 0)]
        if offset > len(self.data):
            return self.give_up("gap")
        if offset < len(self.data):
            if self.data[offset:offset + len(body)] != body:
                return self.give_up("conflict")
            self.dropped["repeated"] += 1
            return
        self.data += body
        if head & MORE:
            return
        if len(self.data) < self.total:
            return self.give_up("short")
        end = at + len(body)
        self.finish(self.data, chunk[end:end + 2])


def unrle(data):
    out, at = bytearray(), 0
    while at < len(data):
        value, at = varint(data, at)
        count = (value >> 1) ^ -(value & 1)
        if count > 0:
            out += data[at:at + 1] * count
            at += 1
        else:
            out += data[at:at - count]
            at -= count
    return bytes(out)


def cbor(data, at=0):
    """One item of what the firmware writes; the value and what follows it."""
    major, short = data[at] >> 5, data[at] & 31
    at += 1
    if data[at - 1] == 0xF6:
        return None, at
    size = {24: 1, 25: 2, 26: 4}.get(short, 0)
    if short > 26:
        raise ValueError(f"head {data[at - 1]:#x} at {at - 1}")
    value = int.from_bytes(data[at:at + size], "big") if size else short
    at += size
    if major == 0:
        return value, at
    if major == 1:
        return -1 - value, at
    if major == 2:
        return data[at:at + value], at + value
    if major == 3:
        return data[at:at + value].decode(), at + value
    if major == 4:
        items = []
        for _ in range(value):
            item, at = cbor(data, at)
            items.append(item)
        return items, at
    if major == 5:
        entries = {}
        for _ in range(value):
            key, at = cbor(data, at)
            entries[key], at = cbor(data, at)
        return entries, at
    raise ValueError(f"major type {major} at {at}")


def whole_cbor(data):
    value, end = cbor(data)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes behind the item")
    return value


def items(message):
    """Type name, project key or None, and: the dump, or a list of maps."""
    kind, body, key = message[0], message[1:], None
    if kind & HAS_KEY:
        key, body = body.split(b"\0", 1)
    if kind & IS_RLE:
        body = unrle(body)
    name = TYPES[kind & TYPE_MASK]
    if name == "coredump":
        return name, key, body
    value = whole_cbor(body)
    return name, key, value if isinstance(value, list) else [value]


def kind_of(name, event):
    """What a receiver calls an event."""
    if name == "logs":
        return "log"
    if name == "recording":
        return "recording"
    if event[2] == 1:
        return "heartbeat"
    return "trace" if 6 in event[4] else "reboot"


def read_chunks(path):
    data = Path(path).read_bytes()
    return spool_chunks(data) if data.startswith(b"CHNK") else log_chunks(data)


def show(path):
    chunks = read_chunks(path)
    device = Device()
    for chunk in chunks:
        device.push(chunk)
    print(f"{path}: {len(chunks)} chunks, {len(device.messages)} messages, {dict(device.dropped)}")
    for message in device.messages:
        name, key, value = items(message)
        print(f"  {message[0]:#04x} {name} {len(message)} bytes" + (f" key {key.decode()}" if key else ""))
        if name == "coredump":
            print(f"    {len(value)} bytes")
            continue
        for event in value:
            print(f"    {kind_of(name, event)} {event}")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        show(name)
