"""A webhook's other end: an HTTP server on loopback that answers as it is told and keeps what it got."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import waiting


class Receiver:
    """Answers each request with the next of `statuses`, the last of them for ever; 0 means no answer at all. Where the
    path ends in `gone` there is nothing. Bodies are also written to the file `keep`, a line each."""

    def __init__(self, *statuses: int, port: int = 0, gone: str | None = None):
        self.keep: Path | None = None
        self.statuses = list(statuses or (200,))
        self.requests = []
        self._end = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                receiver.requests.append((self.path, self.headers, json.loads(body or b"null")))
                if receiver.keep and not (gone and self.path.endswith(gone)):
                    with open(receiver.keep, "ab") as kept:
                        kept.write(body + b"\n")
                if gone and self.path.endswith(gone):
                    status = 404
                if status == 0:
                    receiver._end.wait()
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_POST
            do_GET = do_POST

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def bodies(self) -> list:
        """What the requests held."""
        return [body for _, _, body in self.requests]

    def got(self, count: int) -> list:
        """What the requests held, once there are `count` of them."""
        waiting.until(f"{count} requests at the webhook", lambda: len(self.requests) >= count)
        return self.bodies()

    def end(self):
        """Listens no more."""
        self._end.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
