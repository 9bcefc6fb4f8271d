#!/usr/bin/env python3
"""A service to put behind the gateway: each user has a list of notes. It needs Python's standard library only.

It does not check passwords or tokens. The gateway verifies the token and then sets X-User-Id to the caller's id. It removes
an X-User-Id that a client sends. So only the gateway may reach this service: it listens on loopback.

    python3 notes.py PORT
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

notes = {}
lock = threading.Lock()


class Notes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open, so that the gateway can reuse them

    def do_GET(self):
        if self.path == "/healthz":
            return self.respond(200, {"status": "up"})
        with lock:
            mine = list(notes.get(self.headers["X-User-Id"], []))
        self.respond(200, {"notes": mine})

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
        with lock:
            notes.setdefault(self.headers["X-User-Id"], []).append(text)
        self.respond(201, {"message": "Noted"})

    def respond(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass  # the gateway writes the access log


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Notes).serve_forever()
