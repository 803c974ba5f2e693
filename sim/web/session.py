"""One open page: its visitor at the desk, its token, and its errors turned into sentences."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from nicegui import ui

from sim.errors import InputError
from sim.web.desk import Desk, Visitor
from sim.web.parts import Problems

LOG = logging.getLogger("codose.web")
AWAY = 4.0
"""Seconds after which a page out of reach, most likely a closed tab, gives up its long work."""
MOST_OFFERED = 3
"""Files made for one visitor that wait to be taken."""
OURS = "Something went wrong on our side. The server's log has the details; please try again."


class Session:
    """What every view has: who is looking, and where to say what is wrong."""

    open: dict[str, Session] = {}  # noqa: RUF012  (token -> session, of this process)

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.visitor: Visitor = desk.arrive()
        self.token = uuid4().hex
        self.client = ui.context.client
        self.problems: Problems | None = None
        self.take_file: Callable[[str, str], Awaitable[None]] | None = None
        self.offered: OrderedDict[str, tuple[str, str]] = OrderedDict()
        Session.open[self.token] = self
        self.client.on_disconnect(self._away)
        self.client.on_delete(self._left)
        self.client.on_exception(self.failed)

    async def _away(self) -> None:
        """Out of reach: the page may come back and go on, but nobody waits for its long work."""
        await asyncio.sleep(AWAY)
        if not self.client.has_socket_connection:
            self.desk.drop(self.visitor)

    def _left(self) -> None:
        Session.open.pop(self.token, None)
        self.take_file = None
        self.offered.clear()
        self.desk.leave(self.visitor)

    @property
    def gone(self) -> bool:
        """Whether the page was closed."""
        return self.visitor.gone

    def offer(self, name: str, content: str) -> None:
        """Let the browser take a file home. It is kept here until taken, but the last few only."""
        key = uuid4().hex
        self.offered[key] = name, content
        while len(self.offered) > MOST_OFFERED:
            self.offered.popitem(last=False)
        self.client.run_javascript(f"codoseTake('take/{self.token}/{key}')")

    def failed(self, error: Exception) -> None:
        """A sentence on the page; details of what is no mistake of the visitor go to the log."""
        if not isinstance(error, InputError):
            LOG.error("a page failed", exc_info=error)
        if self.problems is not None and not self.gone:
            self.problems.show(error if isinstance(error, InputError) else OURS)

    def guard(self, work: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[None]]:
        """The same handler, with whatever it raises said on the page."""

        async def guarded(*arguments: Any) -> None:
            try:
                await work(*arguments)
            except Exception as error:
                self.failed(error)

        return guarded
