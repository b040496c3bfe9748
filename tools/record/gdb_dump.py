# SPDX-License-Identifier: Apache-2.0
"""A dump of a halted target in the layout of the vendor's gdb script.

The target is a QEMU that waits on its gdb socket; this speaks the remote
protocol itself, so that no debugger's opinion gets into the file.
"""

import socket
import struct
import time

FAKE_CLOCK_ADDR, FAKE_CLOCK = 0xFFFFFFFC, 0x65800000  # constant: recordings repeat
DEBUGGER_HALTED = 5
MACHINE_ARM = 40
XPSR_REGISTER = 25
MPU_SIZE = 8 + 8 * 8


class Target:
    """The few packets that are needed."""

    def __init__(self, path, patience=5.0):
        self.socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + patience
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.socket.settimeout(patience)
        self.pending = b""
        # QEMU answers p packets only to those who have seen its description.
        self.ask("qXfer:features:read:target.xml:0,fff")

    def ask(self, text):
        body = text.encode()
        self.socket.sendall(b"$%s#%02x" % (body, sum(body) & 0xFF))
        while True:
            start = self.pending.find(b"$")
            end = self.pending.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self.pending) - 3:
                break
            more = self.socket.recv(4096)
            if not more:
                raise SystemExit("the target went away")
            self.pending += more
        reply = self.pending[start + 1:end].decode()
        self.pending = self.pending[end + 3:]
        self.socket.sendall(b"+")
        return reply

    def run_to(self, addr):
        assert self.ask(f"Z0,{addr:x},2") == "OK"
        assert self.ask("c").startswith(("S05", "T05"))
        assert self.ask(f"z0,{addr:x},2") == "OK"

    def register(self, number):
        return struct.unpack("<I", bytes.fromhex(self.ask(f"p{number:x}")))[0]

    def memory(self, addr, size):
        """Word by word, as device registers want it."""
        data = b""
        for at in range(addr, addr + size, 4):
            reply = self.ask(f"m{at:x},4")
            if reply.startswith("E"):
                return None
            data += bytes.fromhex(reply)
        return data[:size]

    def kill(self):
        self.socket.sendall(b"$k#6b")
        self.socket.close()


def block(kind, payload, addr=0):
    return struct.pack("<III", kind, addr, len(payload)) + payload


def registers(target):
    """Thread mode on the main stack: msp is sp; psp, primask and control could not be read."""
    core = [target.register(n) for n in range(16)]
    xpsr = target.register(XPSR_REGISTER)
    return struct.pack("<21I", *core, xpsr, core[13], 0, 0, 0)


def take(target, version, hardware, ram_start, ram_end, mpu_addr):
    """mpu_addr: where the firmware left the MPU's registers, which QEMU does not let us select."""
    body = block(0, registers(target))
    body += block(2, b"DEMOSERIAL") + block(10, version.encode())
    body += block(11, b"fixture-fw") + block(4, hardware.encode())
    body += block(7, struct.pack("<I", MACHINE_ARM))
    body += block(5, struct.pack("<I", DEBUGGER_HALTED))
    body += block(1, struct.pack("<I", FAKE_CLOCK), FAKE_CLOCK_ADDR)
    for addr, size in ((0xE000E004, 4), (0xE000E010, 16), (0xE000ED00, 143),
                       (0xE000EDFC, 4), (0xE000E100, 0x500),
                       (ram_start, ram_end - ram_start)):
        data = target.memory(addr, size)
        if data is not None:
            body += block(1, data, addr)
    if mpu_addr:
        body += block(9, target.memory(mpu_addr, MPU_SIZE))
    return struct.pack("<4sII", b"CORE", 1, 12 + len(body)) + body
