# SPDX-License-Identifier: Apache-2.0
"""A GDB remote stub over a dump: one halted Cortex-M, read-only.

GDB cannot be given MSP and PSP through an ELF core, but it asks a remote
target for them; with both it unwinds exception frames on either stack.
"""

import os
import socket
import struct
import threading

FPCCR_ADDRESS = 0xE000EF34
FPCCR_RESET = 0xC0000000  # ASPEN | LSPEN: what GDB must read to pop an FP frame

CORE_REGISTERS = [f"r{n}" for n in range(13)] + ["sp", "lr", "pc", "xpsr"]
SYSTEM_REGISTERS = ["msp", "psp"]


def _reg(name, kind):
    return f'<reg name="{name}" bitsize="32" type="{kind}"/>'


def target_xml(with_system):
    kinds = {"sp": "data_ptr", "pc": "code_ptr"}
    core = "".join(_reg(name, kinds.get(name, "uint32")) for name in CORE_REGISTERS)
    system = "".join(_reg(name, "data_ptr") for name in SYSTEM_REGISTERS)
    xml = '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">'
    xml += "<architecture>arm</architecture>"
    xml += f'<feature name="org.gnu.gdb.arm.m-profile">{core}</feature>'
    if with_system:
        xml += f'<feature name="org.gnu.gdb.arm.m-system">{system}</feature>'
    return xml + "</target>"


class Stub:
    """Answers packets about one dump."""

    def __init__(self, registers, memory):
        self.names = CORE_REGISTERS + [n for n in SYSTEM_REGISTERS if n in registers]
        self.registers = registers
        self.memory = memory
        self.xml = target_xml(len(self.names) > len(CORE_REGISTERS))

    def _register(self, name):
        return struct.pack("<I", self.registers[name]).hex()

    def _read(self, text):
        address, size = (int(part, 16) for part in text.split(","))
        data = self.memory.read(address, size)
        if not data and address == FPCCR_ADDRESS and size == 4:
            data = struct.pack("<I", FPCCR_RESET)
        return data.hex() if data else "E01"

    def _features(self, text):
        offset, size = (int(part, 16) for part in text.split(","))
        piece = self.xml[offset : offset + size]
        return ("m" if offset + size < len(self.xml) else "l") + piece

    def answer(self, packet):
        features = "qXfer:features:read:target.xml:"
        if packet.startswith("qSupported"):
            return "PacketSize=4000;qXfer:features:read+"
        if packet.startswith(features):
            return self._features(packet[len(features) :])
        if packet == "?":
            return "S05"
        if packet == "g":
            return "".join(self._register(name) for name in self.names)
        if packet.startswith("p"):
            number = int(packet[1:], 16)
            return self._register(self.names[number]) if number < len(self.names) else "E02"
        if packet.startswith("m"):
            return self._read(packet[1:])
        if packet[:1] in ("H", "T", "D"):
            return "OK"
        if packet == "qAttached":
            return "1"
        return ""


def _packets(stream):
    """Packet bodies; acknowledgements and interrupts are dropped."""
    while True:
        byte = stream.read(1)
        if not byte:
            return
        if byte != b"$":
            continue
        body = b""
        while (byte := stream.read(1)) not in (b"#", b""):
            body += byte
        stream.read(2)
        yield body.decode("latin-1")


def serve(stub, connection):
    """Talk to one GDB until it goes away."""
    stream = connection.makefile("rb")
    try:
        for packet in _packets(stream):
            text = stub.answer(packet)
            check = sum(text.encode("latin-1")) & 0xFF
            if packet == "k":
                return
            connection.sendall(f"+${text}#{check:02x}".encode("latin-1"))
            if packet.startswith("D"):
                return
    except OSError:
        return
    finally:
        stream.close()
        connection.close()


class Server:
    """Listens on a unix socket, for one connection, in a thread of its own."""

    def __init__(self, stub, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(path)
        self.socket.listen(1)
        self.path = path
        self.stub = stub
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            connection, _ = self.socket.accept()
        except OSError:
            return
        serve(self.stub, connection)

    def close(self):
        self.socket.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
