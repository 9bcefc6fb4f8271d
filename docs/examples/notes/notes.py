#!/usr/bin/env python3
"""A service to put behind the gate: each user has a list of notes. Python's standard library alone.

It never sees a password or a token that it would have to check. Who is calling stands in X-User-Id, which the gateway
sets after it has verified the token, and which it removes from what clients send. So the service must be reachable by
the gateway only: it listens on loopback.

    python3 notes.py PORT
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

notes = {}
lock = threading.Lock()


class Notes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep connections open: the gateway uses them again

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, {"status": "up"})
        with lock:
            mine = list(notes.get(self.headers["X-User-Id"], []))
        self.answer(200, {"notes": mine})

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
        with lock:
            notes.setdefault(self.headers["X-User-Id"], []).append(text)
        self.answer(201, {"message": "Noted"})

    def answer(self, status, body):
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
