"""The server: pages, files, errors without tracebacks, and what browsers may load from where."""

from __future__ import annotations

import contextlib
import logging
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from html import escape
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from nicegui import app as pages
from nicegui import ui

from sim.errors import InputError
from sim.loading import SIZE_LIMIT
from sim.web.desk import Desk
from sim.web.parts import STATIC
from sim.web.plan_page import PlanPage
from sim.web.rests_page import RestsPage
from sim.web.see_page import SeePage
from sim.web.session import OURS, Session
from sim.web.sheets import sheet

LOG = logging.getLogger("codose.web")

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""The page asks nothing of any other host, and a browser holds it to that."""
RECONNECT = 20.0
"""Seconds that a page may be out of reach, on a train or a busy machine, before it is given up. A
browser that does not answer for 0.4 of it counts as out of reach. Its long work ends sooner: see
:data:`sim.web.session.AWAY`."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create(threads: int = 2) -> FastAPI:
    """The application, to be served by uvicorn. One a process: the page library is global."""
    desk = Desk(threads)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.close()

    server = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_pages(desk)
    _add_files(server)
    _add_errors()
    server.middleware("http")(_with_headers)
    ui.run_with(
        server,
        title="codose",
        favicon=_ICON,
        language="en-US",
        tailwind=False,
        dark=False,
        storage_secret=None,
        message_history_length=20,
        reconnect_timeout=RECONNECT,
        show_welcome_message=False,
    )
    return server


def _add_pages(desk: Desk) -> None:
    pages.add_static_files("/codose", str(STATIC))
    ui.add_head_html(
        '<meta name="description" content="Plan and teach co-creative technical assistance">'
        '<script src="/codose/codose.js"></script>'
        '<link rel="stylesheet" href="/codose/codose.css">',
        shared=True,
    )

    @ui.page("/")
    def plan(request: Request) -> None:
        PlanPage(desk, request.url.query)

    @ui.page("/see")
    def see(request: Request) -> None:
        SeePage(desk, request.url.query)

    @ui.page("/rests")
    def rests(request: Request) -> None:
        RestsPage(desk, request.url.query)


def _add_files(server: FastAPI) -> None:
    @server.post("/drop/{token}")
    async def drop(token: str, request: Request) -> Response:
        """A scenario file for an open page. It stays in memory; its name is only shown."""
        session = Session.open.get(token)
        if session is None or session.take_file is None:
            return _refusal("this page is no longer open; please reload it", 404)
        raw = bytearray()
        async for piece in request.stream():
            raw += piece
            if len(raw) > SIZE_LIMIT:
                return _refusal("the file is too large; allowed: at most 1 MiB", 413)
        name = unquote(request.headers.get("X-Name", "file"))[:120]
        try:
            words = bytes(raw).decode("utf-8-sig")
            with session.client:
                await session.guard(session.take_file)(words, name)
        except UnicodeDecodeError:
            return _refusal(f"{name}: is not text in UTF-8", 422)
        return JSONResponse({"message": ""})

    @server.get("/take/{token}/{key}")
    async def take(token: str, key: str) -> Response:
        """A file that was made for an open page; it is handed out once."""
        session = Session.open.get(token)
        found = session.offered.pop(key, None) if session is not None else None
        if found is None:
            return HTMLResponse(_error("This file is no longer here. Please make it again."), 404)
        name, content = found
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(
            content, media_type=f"{kind}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )  # fmt: skip

    @server.get("/sheet/{story}")
    async def class_sheet(story: str) -> Response:
        """The class sheet of a guided story: one printed page."""
        page = sheet(story)
        return HTMLResponse(page or _error("There is no such sheet."), 200 if page else 404)


def _refusal(message: str, status: int) -> Response:
    return JSONResponse({"message": message}, status)


def _add_errors() -> None:
    async def missing(_: Request, __: Exception) -> Response:
        return HTMLResponse(_error("There is no such page."), 404)

    async def failed(request: Request, error: Exception) -> Response:
        if isinstance(error, InputError):
            return HTMLResponse(_error(str(error)), 422)
        LOG.error("%s failed", request.url.path, exc_info=error)
        return HTMLResponse(_error(OURS), 500)

    pages.add_exception_handler(404, missing)
    pages.add_exception_handler(Exception, failed)


async def _with_headers(
    request: Request, call: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call(request)
    response.headers.update(HEADERS)
    return response


def _error(words: str) -> str:
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>codose</title>"
        "<link rel='stylesheet' href='/codose/codose.css'></head><body><main class='wrap'>"
        f"<h1>codose</h1><p>{escape(words)}</p><p><a href='/'>Back to the "
        f"plan</a></p></main></body>"
        "</html>"
    )


_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" '
    'rx="7" '
    'fill="#006aa6"/><path d="M6 22c5 0 6-11 10-11s5 6 10 6" fill="none" stroke="#fff" '
    'stroke-width="3" stroke-linecap="round"/></svg>'
)
