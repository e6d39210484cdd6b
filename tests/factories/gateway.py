"""A gateway for SMS that takes JSON over HTTP, and behaves as a test asks."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Gateway:
    """Keeps what it is sent, also what it refuses; ``status`` is its answer, 0 is none at all."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.sent: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.url = ""
        self.over = threading.Event()


@contextmanager
def sms_gateway(status: int = 200):
    """Run a gateway for as long as the block lasts; ``url`` is for LONGWAVE_SMS_URL."""
    gateway = Gateway(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            gateway.sent.append(json.loads(body))
            gateway.paths.append(self.path)
            if gateway.status == 0:
                gateway.over.wait()
                return
            self.send_response(gateway.status)
            self.end_headers()

        def log_message(self, *_): ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    # It waits no longer than this for an answer.
    gateway.url = f"json://127.0.0.1:{server.server_port}/{{to}}?:to={{to}}&rto=0.3"
    try:
        yield gateway
    finally:
        gateway.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
