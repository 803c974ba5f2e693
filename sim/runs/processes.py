"""Processes: an executor for engines in Python, which cannot run in parallel within one process.

Each process is a separate Python that gets the import path and nothing else: it never runs the
caller's script again, so a script needs no ``if __name__ == "__main__"``. Such a process runs
:func:`serve`: pickled pairs of function and argument come in, and answers go out.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sim.core.errors import CodoseError


class Processes:
    """Some processes that share out the submitted calls.

    >>> with Processes(1) as executor:
    ...     executor.submit(abs, -3).result()
    3
    """

    def __init__(self, count: int) -> None:
        self._own = threading.local()
        self._all: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(count)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._all:
            one.kill()  # its unfinished work is not needed
        self._threads.shutdown(wait=True, cancel_futures=True)
        for one in self._all:
            one.communicate()

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        """Submit a call as :class:`concurrent.futures.Executor` does, with one argument."""
        return self._threads.submit(self._ask, function, argument)

    def _ask(self, function: Callable[[Any], Any], argument: Any) -> Any:
        """Send a call to the process of this thread, and wait for the answer; runs in a thread."""
        process = getattr(self._own, "process", None) or self._start()
        try:
            pickle.dump((function, argument), process.stdin)
            process.stdin.flush()
            good, answer = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise CodoseError("a process that made runs is gone: it was killed, or ran out of "
                              "memory") from None  # fmt: skip
        if not good:
            raise answer
        return answer

    def _start(self) -> Any:
        process = subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; "
             "from sim.runs.processes import serve; serve()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._own.process = process
        self._all.append(process)
        return process


def serve() -> None:
    """Answer calls until the input ends; what a model prints goes to the error stream."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the caller decides
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            function, argument = pickle.load(sys.stdin.buffer)
            try:
                found: tuple[bool, Any] = (True, function(argument))
            except Exception as error:
                found = (False, error)
            pickle.dump(found, answers)
            answers.flush()
