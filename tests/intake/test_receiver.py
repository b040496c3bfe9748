# SPDX-License-Identifier: Apache-2.0
"""The CGI hook behind a web server: what is answered, and what is durable then."""
import base64
import concurrent.futures
import http.client
import http.server
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

PROGRAM, SCRIPT = sys.argv[1:3]
CHUNK = bytes.fromhex("0802a702cbca")
failures = []


def check(what, good, detail=""):
    if not good:
        failures.append(what)
        print(f"FAILED {what}: {detail}")


class Handler(http.server.BaseHTTPRequestHandler):
    """What RFC 3875 asks of a server, and no more: the input does not end behind the body."""
    protocol_version = "HTTP/1.1"
    settings = {}

    def do_POST(self):
        prefix = "/api/v0/chunks"
        if not self.path.startswith(prefix):
            self.send_error(404)
            return
        environment = {"PATH": os.environ["PATH"], "REQUEST_METHOD": self.command,
                       "PATH_INFO": self.path[len(prefix):], **self.settings}
        for field, name in (("Content-Length", "CONTENT_LENGTH"), ("Content-Type", "CONTENT_TYPE"),
                            ("Content-Encoding", "HTTP_CONTENT_ENCODING")):
            if field in self.headers:
                environment[name] = self.headers[field]
        script = subprocess.Popen(["sh", SCRIPT], env=environment, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        length = int(self.headers.get("Content-Length") or 0)
        try:
            script.stdin.write(self.rfile.read(length))
            script.stdin.flush()
        except BrokenPipeError:
            pass
        output = script.stdout.read()
        script.wait()
        head, _, body = output.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines() if line)
        status, words = fields.pop("Status").split(" ", 1)
        self.send_response(int(status), words)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64  # more than the devices that send at once: those that do not fit may be reset


def post(port, path, body=CHUNK, method="POST", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=body, headers=fields)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text, response.headers


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xffff if crc & 0x8000 else crc << 1
    return crc


def split(message, size):
    """A message in chunks of about @size bytes."""
    def varint(value):
        out = b""
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])
    parts = [message[i:i + size] for i in range(0, len(message), size)]
    out = []
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        header = (0x48 if i == 0 else 0x80 | (0 if last else 0x40))
        number = len(message) if i == 0 else i * size
        out.append(bytes([header]) + varint(number) + part
                   + (crc16(message).to_bytes(2, "little") if last else b""))
    return out


with tempfile.TemporaryDirectory() as name:
    database = Path(name) / "crashes.db"
    Handler.settings = {"FAULTLINE": PROGRAM, "FAULTLINE_DB": str(database), "FAULTLINE_MAX_BODY": "100000"}
    server = Server(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = "/api/v0/chunks"
    octets = {"Content_Type": "application/octet-stream"}

    multipart = (b"--B\r\nContent-Type: application/octet-stream\r\nContent-Length: 6\r\n\r\n" + CHUNK
                 + b"\r\n--B--\r\n")
    for what, status, words, arguments, headers in (
            ("a chunk", 202, "taken in", (f"{base}/SN-1",), octets),
            ("base64", 202, "taken in", (f"{base}/SN-1", base64.b64encode(CHUNK)),
             {**octets, "Content_Encoding": "base64"}),
            ("multipart", 202, "taken in", (f"{base}/SN-1", multipart),
             {"Content_Type": "multipart/mixed; boundary=B"}),
            ("multipart without its end", 400, "multipart body is cut", (f"{base}/SN-1", multipart[:-9]),
             {"Content_Type": "multipart/mixed; boundary=B"}),
            ("another device in the body", 400, "names device 'SN-2'", (f"{base}/SN-1", b'{"coreid":"SN-2","data":"CAKnAsvK"}'),
             {"Content_Type": "application/json"}),
            ("all that a serial may have", 202, "", (f"{base}/a.B_c:1-2",), octets),
            ("no serial", 400, "no device serial", (f"{base}/",), octets),
            ("nothing behind the script", 400, "no device serial", (base,), octets),
            ("an option as a serial", 400, "no device serial", (f"{base}/--db",), octets),
            ("a path as a serial", 400, "no device serial", (f"{base}/../x",), octets),
            ("a folder in a serial", 400, "no device serial", (f"{base}/a/b",), octets),
            ("a command in a serial", 400, "no device serial", (f"{base}/a$(id)",), octets),
            ("an encoded serial", 400, "no device serial", (f"{base}/a%20b",), octets),
            ("a long serial", 400, "too long", (f"{base}/{'x' * 129}",), octets),
            ("no chunk", 400, "no chunk", (f"{base}/SN-1", b"9hello"), octets),
            ("an empty body", 400, "empty", (f"{base}/SN-1", b""), {**octets, "Content_Length": "0"}),
            ("gzip", 400, "gzip", (f"{base}/SN-1",), {**octets, "Content_Encoding": "gzip"}),
            ("another type", 400, "image/png", (f"{base}/SN-1",), {"Content_Type": "image/png"}),
            ("an option as a type", 400, "--db", (f"{base}/SN-1",), {"Content_Type": "--db=x"}),
            ("too large", 413, "100000", (f"{base}/SN-1", b"x" * 100001), octets),
            ("not posted", 405, "POST", (f"{base}/SN-1", None, "GET"), {})):
        got, text, fields = post(port, *arguments, **headers)
        check(what, got == status and words in text, f"{got} {text}")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", f"{base}/SN-1")
    connection.endheaders()
    check("no length", connection.getresponse().status == 411)
    connection.close()
    for length in ("x", "-1", "1e3", "9" * 30):
        run = subprocess.run(["sh", SCRIPT], input=CHUNK, capture_output=True,
                             env={**Handler.settings, "PATH": os.environ["PATH"], "REQUEST_METHOD": "POST",
                                  "PATH_INFO": "/SN-1", "CONTENT_LENGTH": length})
        check(f"length {length}", run.stdout.startswith((b"Status: 400", b"Status: 413")), run.stdout)
    run = subprocess.run(["sh", SCRIPT], input=CHUNK[:3], capture_output=True,
                         env={**Handler.settings, "PATH": os.environ["PATH"], "REQUEST_METHOD": "POST",
                              "PATH_INFO": "/SN-1", "CONTENT_LENGTH": "6"})
    check("a body that was cut", b"400" in run.stdout and b"3 of 6" in run.stdout, run.stdout)

    # chunk by chunk, 16 devices at once: 202 means that it is there
    def device(number):
        # a heartbeat: {2: 1, 3: 1, 4: {1: [number, null]}}
        message = bytes.fromhex("02a30201030104a10182") + bytes([0x18, number, 0xf6])
        return [post(port, f"{base}/unit-{number}", chunk, **octets)[0] for chunk in split(message, 3)]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(device, range(24, 40)))
    check("every chunk was taken", {code for row in answers for code in row} == {202}, answers)
    out = subprocess.run([PROGRAM, "stats", "--db", str(database), "--format", "json"], capture_output=True)
    check("every message is there", b'"heartbeat": 16' in out.stdout, out.stdout.decode()[:2000])

    # our fault: the client shall come again
    Handler.settings = {**Handler.settings, "FAULTLINE_DB": f"{name}/no/such/folder.db"}
    got, text, fields = post(port, f"{base}/SN-1", **octets)
    check("no database", got == 503 and fields["Retry-After"] == "60", f"{got} {text}")
    check("nothing of ours is told", "folder" not in text, text)
    Handler.settings = {**Handler.settings, "FAULTLINE": f"{name}/none"}
    check("no program", post(port, f"{base}/SN-1", **octets)[0] == 503)
    server.shutdown()

print(f"{len(failures)} failed")
sys.exit(1 if failures else 0)
