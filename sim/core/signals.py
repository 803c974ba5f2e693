"""Ctrl-C and SIGTERM: :func:`listen`, :func:`work`, :func:`check`, :func:`held`.

SIGTERM, which SLURM, Docker and systemd send, is treated as Ctrl-C; the exit code is 143 in place
of 130. :func:`listen` is called before anything is loaded. Before and after work nothing has to be
saved, so a signal ends the process at once with a sentence: an exception that came during an import
or in compiled code that cannot raise would be lost, or printed as a traceback.
Within :func:`work` a signal raises :class:`Stopped`, a KeyboardInterrupt, and is remembered: where
compiled code swallows the exception, :func:`check` raises it again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

NUMBERS = (signal.SIGINT, signal.SIGTERM)
"""The signals that stop a command."""
_heard: list[int] = []


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM.

    It is a class of its own because of Python 3.11: once KeyboardInterrupt itself has gone through
    an ``exec`` of text (as in dataclasses), the process ends by SIGINT, even if it was caught.
    """


def listen() -> None:
    """Let Ctrl-C and SIGTERM end this process with a sentence; an ignored signal stays ignored."""
    for number in NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    sys.unraisablehook = _tell_unraisable


def _leave(number: int, frame: FrameType | None) -> None:
    """End the process with a sentence, because nothing has to be saved."""
    with contextlib.suppress(OSError):
        start = "\n" if os.isatty(2) else ""  # the terminal has put ^C into the line
        os.write(2, f"{start}{sentence(number)}\n".encode())
    os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    _heard.append(number)
    raise Stopped


def _tell_unraisable(unraisable: Any) -> None:
    """Report an exception that cannot be raised as Python does; Stopped is remembered instead."""
    if not (_heard and unraisable.exc_type is Stopped):
        sys.__unraisablehook__(unraisable)


@contextlib.contextmanager
def work() -> Iterator[None]:
    """Let signals raise an exception while something has to be saved or tidied up.

    Without :func:`listen` (in a program that only imports codose) nothing changes.

    Raises:
        Stopped: a signal came; raised at the end if the exception was swallowed.
    """
    ours = [number for number in NUMBERS if signal.getsignal(number) is _leave]
    for number in ours:
        signal.signal(number, _raise)
    try:
        yield
        check()
    finally:
        for number in ours:
            signal.signal(number, _leave)


def check() -> None:
    """Raise again for a signal whose exception may have been swallowed; do nothing without one.

    Raises:
        Stopped: a signal came.
    """
    if _heard:
        raise Stopped


def heard() -> int:
    """The number of the signal that stops the work; 0 for none."""
    return _heard[-1] if _heard else 0


def sentence(number: int) -> str:
    """The sentence about a signal that came when nothing had to be saved.

    >>> sentence(signal.SIGINT), sentence(signal.SIGTERM)
    ('interrupted', 'interrupted (SIGTERM)')
    """
    name = signal.Signals(number).name
    return "interrupted" if number == signal.SIGINT else f"interrupted ({name})"


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold signals back until the end of the block, so that they do not cut it short."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals only reach the main thread
        return
    waiting: list[tuple[int, FrameType | None]] = []
    before: dict[int, Any] = {number: signal.getsignal(number) for number in NUMBERS}
    # An ignored signal, or one left to the system, has no handler to call.
    before = {number: handler for number, handler in before.items() if callable(handler)}
    for number in before:
        signal.signal(number, lambda number, frame: waiting.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if waiting:
            number, frame = waiting[-1]
            before[number](number, frame)
