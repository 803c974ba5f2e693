"""Tasks on a Dask cluster: :func:`run_tasks`.

Tasks and answers are plain data, so a worker needs only the same version of codose. When a worker
dies, Dask runs its tasks again on another one.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

from sim.core.errors import CodoseError, InputError
from sim.core.extras import needs
from sim.runs.making import WrongWorker
from sim.runs.store import Notice

PROBE_SECONDS = 4
CONNECT_SECONDS = 4
_ADDRESS = re.compile(
    r"(?P<kind>tcp|tls|ws|wss)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):(?P<port>\d{1,5})"
)
LOOK_SECONDS = 5
"""Seconds between two checks for workers."""
_AHEAD = 3
"""Tasks waiting for each thread of the workers: enough to keep all busy, and few in memory."""

Found = TypeVar("Found")


def run_tasks(
    function: Callable[[Any], Found],
    tasks: Iterable[Any],
    address: str,
    notice: Notice | None = None,
) -> Generator[Found, None, None]:
    """Run tasks on a cluster and yield each answer as soon as it is there.

    Raises:
        InputError: see :func:`connect`; or the workers run another version of the model.
        CodoseError: see :func:`as_they_come`.
    """
    with connect(address) as client, _quiet(), _watched(client, notice):
        yield from as_they_come(client, function, tasks)


# --- Dask ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def connect(address: str) -> Iterator[Any]:
    """A client of the scheduler at an address.

    Raises:
        InputError: the address cannot be used, no scheduler answers there within 10 s, or Dask is
            not installed.
    """
    match = _ADDRESS.fullmatch(address)
    if not match or not 0 < int(match["port"]) < 2**16:
        raise _refusal(address, "is not the address of a scheduler")
    needs("distributed", work="a Dask cluster", field=f"cluster {address}")
    import distributed

    why = _probe(match["host"].strip("[]"), int(match["port"]), greeted=match["kind"] == "tcp")
    if why:
        raise _refusal(address, why)
    try:
        with _quiet():
            client = distributed.Client(
                address, timeout=CONNECT_SECONDS, set_as_default=False, name="codose"
            )
    except Exception as error:  # whatever it answers, it is no Dask scheduler
        text = " ".join(str(error).split()) or type(error).__name__
        raise _refusal(address, f"no scheduler answers there ({text})") from None
    try:
        yield client
    finally:
        with _quiet(), contextlib.suppress(Exception):
            client.close(timeout=5)


def _probe(host: str, port: int, *, greeted: bool) -> str:
    """What is wrong with an address; "" if nothing is. Dask itself takes longer to find out.

    Args:
        greeted: wait for the scheduler's greeting, which begins with its length in 8 bytes.
    """
    found = [f"no scheduler answers there (nothing within {PROBE_SECONDS} s)"]

    def probe() -> None:
        try:
            with socket.create_connection((host, port), timeout=PROBE_SECONDS) as stream:
                start = stream.recv(8, socket.MSG_WAITALL) if greeted else b""
        except TimeoutError:
            return
        except (OSError, UnicodeError) as error:
            text = getattr(error, "strerror", None) or str(error)
            found[0] = f"no scheduler answers there ({text})"
            return
        size = int.from_bytes(start, "little")
        well = not greeted or (len(start) == 8 and size < 2**20)
        found[0] = "" if well else "the program that answers there is not a Dask scheduler"

    # The look-up of a host name has no time limit.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS + 1)
    return found[0]


def _refusal(address: str, message: str, allowed: str = "") -> InputError:
    usual = "the address that 'dask scheduler' prints, such as tcp://192.0.2.1:8786"
    return InputError(message, field=f"cluster {address}", value=address, allowed=allowed or usual)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the log of Dask, tracebacks included, while it tries to connect."""
    names = [one for one in logging.root.manager.loggerDict if one.split(".")[0] == "distributed"]
    before = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in before:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)


def as_they_come(
    client: Any, function: Callable[[Any], Found], tasks: Iterable[Any]
) -> Iterator[Found]:
    """Yield answers as they arrive; only a few more tasks than threads are submitted at once.

    Raises:
        InputError: a worker runs another version of the model.
        CodoseError: the cluster gave a task up because its workers died repeatedly, or the
            scheduler is gone.
    """
    import distributed

    waiting = iter(tasks)
    done = distributed.as_completed(loop=client.loop)
    under_way = 0

    def submit_more() -> None:
        nonlocal under_way
        while under_way < max(8, _AHEAD * _threads(client)):
            task = next(waiting, None)
            if task is None:
                return
            done.add(client.submit(function, task, pure=False, retries=0))
            under_way += 1

    try:
        submit_more()
        while under_way:
            future = next(done)
            under_way -= 1
            answer = _result(future)
            future.release()
            submit_more()
            yield answer
    finally:
        with _quiet(), contextlib.suppress(Exception):
            client.cancel(list(done.futures), force=True)


@contextlib.contextmanager
def _watched(client: Any, notice: Notice | None) -> Iterator[None]:
    """Report meanwhile that the cluster has no worker, if it has none."""
    over = threading.Event()

    def watch() -> None:
        told = False
        while notice is not None and not over.is_set():
            try:
                lonely = not _threads(client)
            except Exception:  # the caller that waits for an answer gets the error
                return
            if lonely and not told:
                notice("the cluster has no workers: waiting for one")
            told = lonely
            over.wait(LOOK_SECONDS)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _threads(client: Any) -> int:
    """The number of threads of all workers, by the scheduler's last report.

    Raises:
        CodoseError: the scheduler is gone.
    """
    try:
        return sum(client.nthreads().values())
    except OSError as error:
        raise _gone(error) from None


def _gone(error: BaseException) -> CodoseError:
    text = " ".join(str(error).split()) or type(error).__name__
    return CodoseError(
        f"the cluster is gone: {text}; the runs that are in a store are kept, and the same command "
        "with --resume goes on from them"
    )


def _result(future: Any) -> Any:
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except WrongWorker as error:
        raise InputError(
            f"the workers run another version of codose ({error})",
            field="cluster",
            allowed="the same version on every machine",
        ) from None
    except InputError:
        raise
    except KilledWorker as error:
        raise CodoseError(f"the cluster gave up: {' '.join(str(error).split())}") from None
    except (OSError, CancelledError) as error:
        raise _gone(error) from None
