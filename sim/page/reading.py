r"""Reads a file that was dropped on the page: :func:`answer`, with the limits of :class:`Reader`.

The readers and their messages are those of the commands. Files are read one at a time, each in a
separate process (``python -m sim.page.reading``) with limits of time and memory, so that a hostile
file causes an error message and nothing else.

A request is a length (uint32, little-endian), so many bytes of JSON, and the file::

    {"name": "tracker.xlsx", "as": "plan" | "log" | "survey", "map": {...} or left out}

The answer is JSON with one of these under ``kind``::

    plans      file: the document of plans (PlansFile of app/src/types.ts)
    log        rows, first_day, last_day, counts, notes, map, text (CSV)
    survey     findings, notes, map, text (YAML, for 'codose calibrate')
    questions  questions: [{where, text, options, proposed}], map: with a ? for each open answer
    problems   problems: sentences

>>> found = answer(packed({"name": "a.yaml", "as": "plan"}, b"name: A\nhorizon_weeks: 9\n"))
>>> found["kind"], found["file"]["plans"][0]["name"]
('plans', 'A')
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from sim.core.errors import InputError
from sim.scenario.log_import import LogImport, import_log
from sim.tables_in.questions import OPEN, OpenQuestions
from sim.tables_in.reader import Sheets

MOST_BYTES = 10 * 2**20
"""Most bytes of a file."""
MOST_HEAD = 2**20
"""Most bytes of the JSON before the file, because maps can be long."""
SECONDS = 60.0
MEMORY = 4 * 2**30
"""Most bytes of address space of a reader, where the system can limit it."""
MOST_WAITING = 8
LONGEST_NAME = 80
KINDS = ("plan", "log", "survey")
NOT_READ = "{name}: reading took more than {seconds:.0f} seconds and was stopped; nothing was read"
BROKEN = "{name}: cannot be read here; try 'codose {command} {name}', which says more"
WHICH_SHEET = "Which sheet of {name} shall be read?"
BUSY = "Several files are being read: wait a moment and drop the file again"
COMMANDS: Mapping[str, str] = {
    "plan": "validate", "log": "import log", "survey": "import survey",
}  # fmt: skip


def packed(head: Mapping[str, Any], body: bytes) -> bytes:
    """A request as bytes."""
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + body


def unpacked(request: bytes) -> tuple[dict[str, Any], bytes]:
    """The head of a request, checked, and the file.

    Raises:
        ValueError: the bytes are no request.
    """
    if len(request) < 4:
        raise ValueError("no request")
    length = struct.unpack("<I", request[:4])[0]
    if length > MOST_HEAD or length > len(request) - 4:
        raise ValueError("no request")
    head = json.loads(request[4 : 4 + length])
    if not isinstance(head, dict) or head.get("as") not in KINDS:
        raise ValueError("no request")
    if not isinstance(head.get("map"), dict | None):
        raise ValueError("no map")
    return {**head, "name": clean_name(head.get("name"))}, request[4 + length :]


def clean_name(name: Any) -> str:
    """The name of a file without folders and control characters.

    >>> clean_name("../../etc/pass\\x00wd.csv"), clean_name("C:\\\\data\\\\log.xlsx"), clean_name(3)
    ('passwd.csv', 'log.xlsx', 'file')
    """
    text = PureWindowsPath(PurePosixPath(name).name).name if isinstance(name, str) else ""
    text = "".join(letter for letter in text if letter.isprintable()).strip(". ")
    suffix = PurePosixPath(text).suffix[:10]
    stem = text[: len(text) - len(suffix)] if suffix else text
    return stem[: LONGEST_NAME - len(suffix)] + suffix or "file"


# --- in the process of its own -------------------------------------------------------------------


def answer(request: bytes) -> dict[str, Any]:
    """The answer to a request; see the head of this module."""
    head, body = unpacked(request)
    try:
        return {"plan": _plan, "log": _log, "survey": _survey}[head["as"]](head, body)
    except OpenQuestions as open_:
        return {
            "kind": "questions", "map": open_.data,
            "questions": [
                {"where": list(one.where), "text": one.text, "options": list(one.options),
                 "proposed": one.proposed}
                for one in open_.questions
            ],
        }  # fmt: skip
    except InputError as error:
        if isinstance(sheets := error.problem.value, Sheets):
            return {
                "kind": "questions", "map": {**(head.get("map") or {}), "sheet": OPEN},
                "questions": [
                    {"where": ["sheet"], "text": WHICH_SHEET.format(name=head["name"]),
                     "options": list(sheets), "proposed": ""}
                ],
            }  # fmt: skip
        return {"kind": "problems", "problems": [str(one) for one in error.problems]}


def _plan(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    from sim.page.opened import plans_in_file

    with _beside(head["name"], body) as path:
        return {"kind": "plans", "file": plans_in_file(path)}


def _log(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    with _beside(head["name"], body) as path:
        found = _log_of(path, head.get("map"))
    return {
        "kind": "log",
        "rows": [one.model_dump(mode="json", exclude_defaults=True) for one in found.rows],
        "first_day": None if found.first_day is None else found.first_day.isoformat(),
        "last_day": None if found.last_day is None else found.last_day.isoformat(),
        "counts": found.counts(),
        "notes": found.notes(),
        "map": dict(found.map),
        "text": found.text,
    }


def _log_of(path: Path, map: dict[str, Any] | None) -> LogImport:
    """By a map; one that says nothing but the sheet leaves the rest to a proposal."""
    if map is not None and set(map) == {"sheet"}:
        return import_log(path, sheet=map["sheet"])
    return import_log(path, map)


def _survey(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    from sim.studies.survey_import import import_survey, to_yaml

    with _beside(head["name"], body) as path:
        found = import_survey(path, head.get("map"))
    return {
        "kind": "survey",
        "findings": found.findings,
        "notes": [*found.said, *found.remarks],
        "map": found.fields,
        "text": to_yaml(found.content),
    }


@contextlib.contextmanager
def _beside(name: str, body: bytes) -> Iterator[Path]:
    """The file in a temporary current folder, so that messages name it as the user does."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        path = Path(name)
        path.write_bytes(body)
        yield path


def main() -> None:
    """Read a request from stdin, write the answer to stdout."""
    _hold_memory()
    found = answer(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(found, default=str, allow_nan=False).encode())


def _hold_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


# --- in the server -------------------------------------------------------------------------------


class Reader:
    """Reads one file at a time, each in a separate process.

    Args:
        seconds: the time after which a reader is stopped, s.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    def read(self, request: bytes) -> dict[str, Any]:
        """The answer to a request, even if the reader fails.

        Raises:
            ValueError: the bytes are no request.
        """
        head, _ = unpacked(request)
        if not self._places.acquire(blocking=False):
            return problem(BUSY)
        try:
            with self._turn:
                return self._read(head, request)
        finally:
            self._places.release()

    def _read(self, head: dict[str, Any], request: bytes) -> dict[str, Any]:
        name = head["name"]
        command = [sys.executable, "-m", "sim.page.reading"]
        try:
            ended = subprocess.run(
                command, input=request, capture_output=True, timeout=self._seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return problem(NOT_READ.format(name=name, seconds=self._seconds))
        try:
            return json.loads(ended.stdout)
        except ValueError:
            return problem(BROKEN.format(name=name, command=COMMANDS[head["as"]]))


def problem(text: str) -> dict[str, Any]:
    """The answer that says one thing."""
    return {"kind": "problems", "problems": [text]}


if __name__ == "__main__":
    main()
