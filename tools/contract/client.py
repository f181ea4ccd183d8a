"""A small HTTP client, pictures and a shop's web server for the contract run. Standard library only."""

import http.client
import http.server
import json
import random
import struct
import threading
import urllib.parse
import zlib


class Answer:
    """Status, headers (lower case) and body of one response."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Client:
    """Sends requests with one key; try-on bodies may be spelled in an older dialect."""

    def __init__(self, base, key, old_share=0.0, seed=1):
        self.base, self.key, self.old_share = base, key, old_share
        self.random = random.Random(seed)

    def send(self, method, path, body=None, headers=None, key="own"):
        url = urllib.parse.urlsplit(path if path.startswith("http") else self.base + path)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=120)
        sent = dict(headers or {})
        if key == "own":
            key = self.key
        if key:
            sent["x-api-key"] = key
        if isinstance(body, (dict, list)):
            sent.setdefault("content-type", "application/json")
            body = json.dumps(body).encode()
        target = url.path + (f"?{url.query}" if url.query else "")
        try:
            connection.request(method, target, body, sent)
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, data)

    def get(self, path, **more):
        return self.send("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.send("POST", path, body, **more)

    def delete(self, path, **more):
        return self.send("DELETE", path, **more)

    def form(self, path, fields=None, files=None, headers=None, key="own"):
        """Posts a form; `files` are (part name, file name, bytes)."""
        boundary = f"----b{self.random.getrandbits(64):x}"
        parts = []
        for name, value in (fields or {}).items():
            parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
        for name, file_name, data in files or []:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
            parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n")
        parts.append(f"--{boundary}--\r\n".encode())
        sent = {**(headers or {}), "content-type": f"multipart/form-data; boundary={boundary}"}
        return self.send("POST", path, b"".join(parts), sent, key)

    def try_on(self, body, files=None, sync=False, headers=None, key="own"):
        """Asks for a try-on; the canonical body is respelled in an older dialect now and then."""
        path = "/tryon/v1/try-on" + ("/sync" if sync else "")
        if self.random.random() < self.old_share:
            body = respell(body, self.random)
        if files:
            return self.form(path, {"data": json.dumps(body)}, files, headers, key)
        return self.post(path, body, headers=headers, key=key)


def respell(body, rng):
    """The same request in one of the shapes of 1.0 to 1.3."""
    old = dict(body)
    if isinstance(old.get("products"), list) and len(old["products"]) == 1:
        product = dict(old.pop("products")[0])
        images = product.get("images")
        if isinstance(images, list):
            if all(set(i) == {"source"} and set(i["source"]) == {"url"} for i in images if isinstance(i, dict)) and rng.random() < 0.4:
                product["imageUrls"] = [i["source"]["url"] for i in product.pop("images")]
            else:
                product["images"] = [
                    {**i["source"], **{k: v for k, v in i.items() if k != "source"}} if isinstance(i, dict) and isinstance(i.get("source"), dict) else i
                    for i in images
                ]
        old["product"] = product
    person = old.get("person")
    if isinstance(person, dict) and isinstance(person.get("image"), dict) and isinstance(person["image"].get("source"), dict):
        source = old.pop("person")["image"]["source"]
        old["customer"] = source if rng.random() < 0.5 else {"source": source}
    if "externalUserId" in old:
        old["customerId"] = old.pop("externalUserId")
    output = old.get("output")
    if isinstance(output, dict):
        output = dict(output)
        if "watermark" in output:
            old["useWatermark"] = output.pop("watermark")
        if "keepForDays" in output:
            old["retentionDays"] = output.pop("keepForDays")
        if output:
            old["output"] = output
        else:
            del old["output"]
    old["somethingOfAnOldClient"] = {"version": 1}
    return old


def png(width, height, seed=0):
    """A PNG with a gradient that depends on the seed."""
    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in ((x * 255 // width) ^ (seed & 63), y * 255 // height, (seed * 37) % 256))
        for y in range(height)
    )
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg_segments(data):
    """Yields (marker, payload) of a JPEG up to its scan."""
    assert data[:2] == b"\xff\xd8", "no JPEG"
    at = 2
    while at < len(data):
        assert data[at] == 0xFF, "broken JPEG"
        marker = data[at + 1]
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        yield marker, data[at + 4 : at + 2 + length]
        if marker == 0xDA:
            return
        at += 2 + length


def jpeg_size(data):
    """(width, height) of a JPEG."""
    for marker, payload in jpeg_segments(data):
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack(">HH", payload[1:5])
            return width, height
    raise AssertionError("a JPEG without a frame")


class Web:
    """A shop's web server on the loopback interface; keeps what is posted to it."""

    def __init__(self):
        self.files, self.hits, self.posts, self.answers = {}, {}, [], []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                web.hits[self.path] = web.hits.get(self.path, 0) + 1
                data = web.files.get(self.path)
                self.send_response(200 if data is not None else 404)
                self.send_header("content-length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                web.posts.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(web.answers.pop(0) if web.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path, data):
        self.files[path] = data
        return self.base + path
