"""Ctrl-C and SIGTERM: listen, work, held, check. A stopped command says so, and ends at once.

SLURM, Docker and systemd send SIGTERM: it is Ctrl-C by another name, and ends in 143 where Ctrl-C
ends in 130. :func:`listen` is called before anything is loaded. Until work begins, and after it,
nothing has to be saved, so a signal ends the process on the spot: an exception would be lost, or
printed as a traceback, wherever it falls into an import or into compiled code that cannot raise.
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
"""What stops a command."""
_heard: list[int] = []


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM.

    A class of its own: where KeyboardInterrupt itself passes through an ``exec`` of text (as in
    dataclasses), Python 3.11 ends by SIGINT, though it was caught and another exit code given.
    """


def listen() -> None:
    """Let Ctrl-C and SIGTERM end this process in a sentence; a signal that is ignored stays so."""
    for number in NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    sys.unraisablehook = _tell_unraisable


def _leave(number: int, frame: FrameType | None) -> None:
    """Nothing has to be saved: say it and go."""
    with contextlib.suppress(OSError):
        start = "\n" if os.isatty(2) else ""  # the terminal has put ^C into the line
        os.write(2, f"{start}{sentence(number)}\n".encode())
    os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    _heard.append(number)
    raise Stopped


def _tell_unraisable(unraisable: Any) -> None:
    """As Python tells of an exception that cannot be raised, but of ours, which is not lost."""
    if not (_heard and unraisable.exc_type is Stopped):
        sys.__unraisablehook__(unraisable)


@contextlib.contextmanager
def work() -> Iterator[None]:
    """While something has to be kept or tidied up: a signal raises an exception.

    Without :func:`listen` (in a program that is not ours) nothing is changed.

    Raises:
        Stopped: at a signal; at the end too, if one was swallowed.
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
    """Raise what was heard and swallowed; does nothing without any.

    Raises:
        Stopped: a signal was heard.
    """
    if _heard:
        raise Stopped


def heard() -> int:
    """The number of the signal that stops the work; 0 for none."""
    return _heard[-1] if _heard else 0


def sentence(number: int) -> str:
    """What to say of a signal that came when nothing had to be kept.

    >>> sentence(signal.SIGINT), sentence(signal.SIGTERM)
    ('interrupted', 'interrupted (SIGTERM)')
    """
    name = signal.Signals(number).name
    return "interrupted" if number == signal.SIGINT else f"interrupted ({name})"


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Keep signals waiting, so that what is done here is done as a whole or not at all."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals only reach the main thread
        return
    waiting: list[tuple[int, FrameType | None]] = []
    before: dict[int, Any] = {number: signal.getsignal(number) for number in NUMBERS}
    # One that is ignored, or the system's own, would raise nothing.
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
