"""The progress of runs on a terminal or in a notebook: :func:`progress_bar`, :func:`late_bar`."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

Move = Callable[[int, int], None]
"""``move(done, total)``."""
OFF = "CODOSE_PROGRESS"
"""Environment variable: ``off`` shows no bar in a notebook or script."""
PATIENCE = 2.0
"""Seconds after which a bar appears by itself."""


def still(done: int, total: int) -> None:
    """A progress function that shows nothing; with it, no other bar appears."""


@contextlib.contextmanager
def late_bar(label: str) -> Iterator[Move | None]:
    """A bar that appears when work takes longer than :data:`PATIENCE`; see :func:`progress_bar`.
    None where no terminal or notebook would show it, or ``CODOSE_PROGRESS=off`` is set.

    >>> with late_bar("nobody looks") as move:
    ...     move is None
    True
    """
    if os.environ.get(OFF) == "off" or not (_in_notebook() or sys.stderr.isatty()):
        yield None
        return
    started = time.perf_counter()
    with contextlib.ExitStack() as stack:
        found: list[Move] = []

        def move(done: int, total: int) -> None:
            if not found and time.perf_counter() - started > PATIENCE and done < total:
                found.append(stack.enter_context(progress_bar(label)))
            for bar in found:
                bar(done, total)

        yield move


@contextlib.contextmanager
def progress_bar(label: str) -> Iterator[Move]:
    """A bar in the cell of a notebook, else on stderr; it disappears at the end."""
    with (_in_cell if _in_notebook() else _on_terminal)(label) as move:
        yield move


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    library = sys.modules.get("IPython")
    return hasattr(library.get_ipython() if library else None, "kernel")


@contextlib.contextmanager
def _in_cell(label: str) -> Iterator[Move]:
    """A bar of plain HTML, which needs no widgets."""
    from html import escape

    from IPython.display import HTML, display  # pyright: ignore[reportMissingImports]

    shown: Any = display(HTML(""), display_id=True)

    def move(done: int, total: int) -> None:
        text = f"{escape(label)}: {done:,} of {total:,} runs"
        shown.update(HTML(f'<progress value="{done}" max="{total}"></progress> {text}'))

    try:
        yield move
    finally:
        shown.update(HTML(""))


@contextlib.contextmanager
def _on_terminal(label: str) -> Iterator[Move]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
        transient=True,
    ) as bar:
        task = bar.add_task(label, total=None)

        def move(done: int, total: int) -> None:
            bar.start()  # after a pause
            bar.update(task, completed=done, total=total)

        _drawn.append(bar)
        try:
            yield move
        finally:
            _drawn.remove(bar)


_drawn: list[Any] = []
"""Bars of terminals."""


def pause() -> None:
    """Remove bars from the terminal until they next move, so that they do not cover a question."""
    for bar in _drawn:
        bar.stop()
