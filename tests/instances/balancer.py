"""What stands before several bot processes: hands each delivery to the next one that answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from threading import Lock, Thread

from yabot.bot.webhook import SECRET_HEADER

# Seconds. A process that stands still takes connections all the same. Who is only slow may get the
# same update a second time from the next one, as from Telegram.
PATIENCE = 1.0


@contextmanager
def balancing(port: int, ports: list[int]) -> Iterator[None]:
    """On ``port``, for those on ``ports``; in threads, so that tests may wait as they like."""
    turns, lock = cycle(ports), Lock()

    def next_port() -> int:
        with lock:
            return next(turns)

    class Delivery(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            secret = self.headers.get(SECRET_HEADER, "")
            statuses = (_status(next_port(), self.path, body, secret) for _ in ports)
            self.send_response(next(filter(None, statuses), 502))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", port), Delivery) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def _status(port: int, path: str, body: bytes, secret: str) -> int | None:
    """None when nobody answers there."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("POST", path, body, {SECRET_HEADER: secret})
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
