"""``codose serve``: :class:`PageServer` serves the page on this machine and reads files for it.

The server answers two requests: ``GET /`` returns the page, and ``POST /read`` reads a file
(:mod:`sim.page.reading`). It listens on the loopback address only, and refuses requests that
another site in the same browser could send: those with a foreign ``Host`` (DNS rebinding) or a
foreign ``Origin``.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sim.core.errors import InputError
from sim.page.reading import MOST_BYTES, MOST_HEAD, Reader, problem

ADDRESS = "127.0.0.1"
FIRST_PORT = 8600
TRIES = 20
"""Number of ports that are tried when none is given."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
TOO_LARGE = f"The file is larger than {MOST_BYTES // 2**20} MiB and was not read"


class PageServer(ThreadingHTTPServer):
    """Serves one page on the loopback address.

    Args:
        html: the page.
        port: the port; None: the first free one from 8600 on; 0: any.
        reader: the reader of dropped files.

    Raises:
        InputError: the port cannot be used.

    >>> with PageServer("<!doctype html>", port=0) as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, html: str, *, port: int | None = None, reader: Reader | None = None) -> None:
        self.page = html.encode()
        self.reader = Reader() if reader is None else reader
        ports = range(FIRST_PORT, FIRST_PORT + TRIES) if port is None else (port,)
        for one in ports:
            try:
                super().__init__((ADDRESS, one), Handler)
            except (OSError, OverflowError) as fault:
                last = fault
            else:
                return
        what = f"port {ports[0]}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"
        reason = getattr(last, "strerror", None) or str(last)
        allowed = "another --port, or 0 for any that is free"
        raise InputError(f"{what} cannot be used ({reason})", "--port", allowed=allowed)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The ``Host`` names by which a browser on this machine may call the server."""
        return tuple(f"{name}:{self.server_port}" for name in (ADDRESS, "localhost"))

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{self.hosts[0]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect."""


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: PageServer  # type: ignore[assignment]
    timeout = 30
    server_version = "codose"
    sys_version = ""

    def do_GET(self) -> None:
        """Send the page; any other address is an error."""
        self._page(with_body=True)

    def do_HEAD(self) -> None:
        """Send the headers of GET without the page."""
        self._page(with_body=False)

    def do_POST(self) -> None:
        """Read the file in the body, and send the answer."""
        if not self._allowed():
            return
        if self.path != "/read":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        length = self._length()
        if length is None:
            return
        try:
            found = self.server.reader.read(self.rfile.read(length))
        except ValueError:
            self._answer(HTTPStatus.BAD_REQUEST, problem("This request is not one of the page"))
            return
        self._answer(HTTPStatus.OK, found)

    def _not_allowed(self) -> None:
        self.send_response(HTTPStatus.METHOD_NOT_ALLOWED)
        self.send_header("Allow", "GET, HEAD, POST")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = _not_allowed

    def _page(self, *, with_body: bool) -> None:
        if not self._allowed():
            return
        if self.path.split("?")[0] != "/":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page, with_body)

    def _allowed(self) -> bool:
        """Whether the request comes from the page itself, on this machine."""
        hosts = self.server.hosts
        if self.headers.get("Host") not in hosts:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "Not the name of this server")
            return False
        origin = self.headers.get("Origin")
        if origin is not None and origin not in [f"http://{host}" for host in hosts]:
            self.send_error(HTTPStatus.FORBIDDEN, "Not from this page")
            return False
        if self.command == "POST" and self.headers.get("Sec-Fetch-Site", "same-origin") != (
            "same-origin"
        ):
            self.send_error(HTTPStatus.FORBIDDEN, "Not from this page")
            return False
        return True

    def _length(self) -> int | None:
        """Length of the body, bytes; None when the request was refused."""
        text = self.headers.get("Content-Length", "")
        if not text.isascii() or not text.isdigit():
            self._answer(HTTPStatus.LENGTH_REQUIRED, problem("The request does not say its length"))
            return None
        if len(text) > 12 or int(text) > MOST_BYTES + MOST_HEAD:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, problem(TOO_LARGE))
            return None
        return int(text)

    def _answer(self, status: HTTPStatus, found: dict[str, Any]) -> None:
        body = json.dumps(found).encode()
        self._send(status, "application/json; charset=utf-8", body, with_body=True)

    def _send(self, status: HTTPStatus, kind: str, body: bytes, with_body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def end_headers(self) -> None:
        """Add the headers that keep other sites out to every answer, errors included."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing about requests."""
