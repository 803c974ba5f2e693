"""Reads YAML into a :class:`Document`: plain data with the line and column of every value.

Scenario files and study files share this loader, which avoids the traps of YAML: a repeated key is
an error, ``no`` and ``on`` are text, ``1e-3`` is a number, ``1_0``, ``0x10``, ``010`` and ``1:30``
are text, and anchors, aliases, merge keys, tags and a second document are refused.

>>> document = parse("dosage:\\n  - {mode: video, hours: 1.5}\\n")
>>> document.data
{'dosage': [{'mode': 'video', 'hours': 1.5}]}
>>> document.place(("dosage", 0, "hours"))
(2, 26)
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import BaseModel

from sim.core.errors import NAME_SHOWN, InputError, Problem, ScenarioError
from sim.core.files import SIZE_LIMIT, read_bytes
from sim.core.frames import in_pandas, is_frame, is_row

Place = tuple[int, int]
"""Line and column, both from 1; (0, 0) is unknown."""
Where = tuple[str | int, ...]
"""The path to a value: names of fields and positions in lists (from 0)."""

DEPTH_LIMIT = 40


# --- files -------------------------------------------------------------------------------------


def read_text(
    path: str | os.PathLike[str],
    *,
    others: Iterable[str] = (),
    error: type[InputError] = ScenarioError,
    limit: int = SIZE_LIMIT,
) -> str:
    """The text of a small UTF-8 file (a byte order mark is dropped).

    Args:
        path: the file.
        others: names to suggest, besides similar file names, when there is no such file.
        error: the class of error to raise.
        limit: the largest size of the file, bytes.

    Raises:
        InputError: the file is missing, too large, a folder or not text, or cannot be read.
    """
    raw = read_bytes(path, limit=limit, others=others, error=error)
    if b"\0" in raw:
        from sim.tables_in.reader import WORKBOOK

        reads = "a text file; 'codose import log' reads the contacts of a workbook"
        raise error(
            "is not a text file (it holds binary data)", file=os.fspath(path),
            allowed=reads if raw.startswith(WORKBOOK) else "",
        )  # fmt: skip
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw[: problem.start].count(b"\n") + 1
        message = f"is not UTF-8 text (line {line})"
    raise error(message, file=os.fspath(path))


# --- YAML --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Document:
    """Plain data, and the position of each value in its file.

    Attributes:
        data: None, bool, int, float, str, list or dict with text keys.
        marks: line and column of each value.
        file: the name of the file in messages.
        text: the text itself.
        keys: line and column of each key.
        problems: mistakes that do not stop the reading (repeated keys, aliases, tags).
        broken: paths to the values that these mistakes made unusable.
    """

    data: Any
    marks: Mapping[Where, Place] = field(default_factory=dict)
    file: str = ""
    text: str = ""
    keys: Mapping[Where, Place] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    broken: frozenset[Where] = frozenset()

    def place(self, where: Where, *, key: bool = False) -> Place:
        """Line and column of a value or its key; when it is absent, of the nearest parent."""
        if not key and where in self.marks:
            return self.marks[where]
        while where:
            if where in self.keys:
                return self.keys[where]
            if where in self.marks:
                return self.marks[where]
            where = where[:-1]
        return self.marks.get((), (0, 0))

    def problem(self, where: Where, message: str, *, key: bool = False, **told: Any) -> Problem:
        """A :class:`Problem` at the line and column of ``where``; ``told`` are its value, allowed
        and suggestion."""
        line, column = self.place(where, key=key)
        return Problem(message, dotted(where), file=self.file, line=line, column=column, **told)


def dotted(where: Where) -> str:
    """The name of a field in messages; list positions count from 0.

    >>> dotted(("dosage", 1, "mode"))
    'dosage[1].mode'
    """
    text = ""
    for part in where:
        if isinstance(part, str) and len(part) > NAME_SHOWN:
            part = part[: NAME_SHOWN - 3] + "..."
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def load(
    path: str | os.PathLike[str],
    *,
    others: Iterable[str] = (),
    error: type[InputError] = ScenarioError,
) -> Document:
    """Read one YAML file; see :func:`read_text` and :func:`parse` for the errors."""
    return parse(read_text(path, others=others, error=error), os.fspath(path), error=error)


def document_from(
    source: str | os.PathLike[str] | Mapping[str, Any],
    called: str,
    *,
    error: type[InputError] = ScenarioError,
) -> Document:
    """The document of a YAML file, or of a mapping, which messages call ``called``.

    Raises:
        InputError: the file cannot be read, or does not hold a mapping.
    """
    one = document_of(source, called) if isinstance(source, Mapping) else load(source, error=error)
    if not isinstance(one.data, dict):
        message = "must be a mapping (field: value)"
        raise error([*one.problems, one.problem((), message, value=one.data)])
    return one


def parse(
    text: str,
    file: str = "<text>",
    *,
    error: type[InputError] = ScenarioError,
    limit: int = SIZE_LIMIT,
) -> Document:
    """Read YAML text of at most ``limit`` characters.

    Raises:
        InputError: the text is empty or no YAML. Mistakes that leave the rest readable go to
            ``Document.problems`` instead, to be reported with all others.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > limit:
        most = f"at most {limit // 1024**2} MiB"
        raise error("is too large", file=file, allowed=most)
    _refuse_unprintable(text, file, error)
    reader = _Reader(file)
    try:
        data = reader.read(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as fault:
        raise error(_syntax(text, file, fault)) from None
    except _TooDeep as fault:
        line, column = fault.args
        raise error(
            "is nested too deeply",
            file=file,
            line=line,
            column=column,
            allowed=f"at most {DEPTH_LIMIT} levels",
        ) from None
    if not reader.marks or (data is None and not text[reader.start :].strip()):
        raise error("the file is empty", file=file)
    return Document(
        data=data,
        marks=MappingProxyType(reader.marks),
        file=file,
        text=text,
        keys=MappingProxyType(reader.keys),
        problems=tuple(reader.problems),
        broken=frozenset(reader.broken),
    )


def document_of(data: Any, file: str = "") -> Document:
    """A document for data from Python, which has no lines.

    Tuples, ranges and arrays of NumPy become lists, numbers of NumPy and models plain values, and
    mappings dicts. Of pandas, a Series whose labels are names becomes a dict and any other a list,
    and a frame a list of dicts, one for each row; frames of polars and tables of Arrow, too.
    """
    return Document(plain(data), file=file)


_PLAIN = frozenset({str, int, float, bool, type(None)})


def plain(value: Any, depth: int = 0) -> Any:
    """``value`` as plain data; a value without a plain form stays, and the checks refuse it."""
    if depth > DEPTH_LIMIT:
        allowed = f"at most {DEPTH_LIMIT} levels"
        raise ScenarioError("is nested too deeply", allowed=allowed)
    if type(value) in _PLAIN:
        return value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [plain(item, depth + 1) for item in value]
    value = in_pandas(value)
    if is_frame(value):
        return plain(value.to_dict("records"), depth + 1)
    if hasattr(value, "tolist"):  # NumPy and pandas
        return plain(value.to_dict() if is_row(value) else value.tolist(), depth + 1)
    return value


class _TooDeep(Exception):
    """The nesting is too deep; holds the line and column."""


class _Reader:
    """Builds plain data from YAML events, and records positions and mistakes.

    It uses events rather than nodes, because only events distinguish written tags from guessed
    ones, and because the parser then needs no recursion on hostile nesting.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.marks: dict[Where, Place] = {}
        self.keys: dict[Where, Place] = {}
        self.problems: list[Problem] = []
        self.broken: set[Where] = set()
        self.start = 0
        self.events: Iterator[yaml.Event] = iter(())

    def read(self, text: str, loader: Any) -> Any:
        self.events = iter(yaml.parse(text, Loader=loader))
        data: Any = None
        documents = 0
        for event in self.events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            documents += 1
            if documents > 1:
                self.fault(
                    (), event, "a file may hold one document only; '---' begins a second one"
                )
                break
            first = next(self.events)
            mark = first.start_mark
            assert mark is not None  # events of a text always have one
            self.start = mark.index
            data = self.value(first, (), 0)
        return data

    def fault(self, where: Where, event: yaml.Event, message: str) -> None:
        line, column = _place(event)
        self.problems.append(
            Problem(message, dotted(where), file=self.file, line=line, column=column)
        )

    def refuse(self, where: Where, event: yaml.Event, message: str) -> None:
        self.fault(where, event, message)
        self.broken.add(where)

    def value(self, event: yaml.Event, where: Where, depth: int) -> Any:
        if depth > DEPTH_LIMIT:
            raise _TooDeep(*_place(event))
        self.marks[where] = _place(event)
        if isinstance(event, yaml.AliasEvent):
            self.refuse(where, event, f"aliases are not allowed (*{event.anchor}); write it out")
            return None
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            self.fault(where, event, f"anchors are not allowed (&{anchor})")
        if tag is not None:
            self.refuse(where, event, f"tags are not allowed ({_short_tag(tag)})")
        if isinstance(event, yaml.ScalarEvent):
            if event.style:
                return event.value
            if not event.value:  # there is no value, so messages point at the key
                self.marks.pop(where)
                if where not in self.keys:
                    self.marks[where] = _place(event)
            return scalar(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(where, depth)
        return self.mapping(where, depth)

    def sequence(self, where: Where, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.value(event, (*where, len(items)), depth + 1))
        return items

    def mapping(self, where: Where, depth: int) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, where)
            if key is None:
                self.skip()
                continue
            inner = (*where, key)
            if key in items:
                first = self.keys[inner][0]
                self.refuse(inner, event, f"is given twice; the first is on line {first}")
                self.skip()
                continue
            self.keys[inner] = _place(event)
            items[key] = self.value(next(self.events), inner, depth + 1)
        return items

    def key(self, event: yaml.Event, where: Where) -> str | None:
        """The text of a key; None when it cannot be a key, which is reported."""
        if not isinstance(event, yaml.ScalarEvent):
            if isinstance(event, yaml.AliasEvent):
                self.fault(where, event, f"aliases are not allowed (*{event.anchor}); write it out")
            else:
                self.fault(where, event, "a field name must be text")
                self.skip(event)
            return None
        if event.anchor is not None:
            self.fault(where, event, f"anchors are not allowed (&{event.anchor})")
        if event.tag is not None:
            self.fault(where, event, f"tags are not allowed ({_short_tag(event.tag)})")
        if event.value == "<<" and not event.style:
            self.fault(where, event, "merge keys are not allowed (<<); write the fields out")
            return None
        if not event.value:
            self.fault(where, event, "a field name is missing before ':'")
            return None
        return event.value

    def skip(self, event: yaml.Event | None = None) -> None:
        """Skip one value: the next one, or the one that ``event`` began."""
        depth = 0
        event = event or next(self.events)
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth <= 0:
                return
            event = next(self.events)


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    assert mark is not None  # events of a text always have one
    return mark.line + 1, mark.column + 1


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_REAL = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)\Z")
_WORDS: Mapping[str, Any] = MappingProxyType(
    {"": None, "~": None, "null": None, "true": True, "True": True, "false": False, "False": False}
)


def scalar(text: str) -> Any:
    """The value that an unquoted YAML word means here.

    >>> [scalar(word) for word in ("true", "no", "1e-3", "0x10", "1:30", "~")]
    [True, 'no', 0.001, '0x10', '1:30', None]
    """
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.match(text):
        return int(text) if len(text) < 100 else float(text)
    if _REAL.match(text):
        return float(text)
    if match := _INFINITE.match(text):
        return math.copysign(math.inf, -1.0 if match[1] == "-" else 1.0)
    if text in (".nan", ".NaN", ".NAN"):
        return math.nan
    return text


_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _refuse_unprintable(text: str, file: str, error: type[InputError]) -> None:
    if match := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        code = ord(match[0])
        message = f"a character that is not text (U+{code:04X})"
        raise error(message, file=file, line=line, column=column)


_BRACKETED = re.compile(r"[\w.]+(?:\[\d+\][\w.]*)+")
"""A name such as dosage[0].hours, whose brackets YAML reads as a list within braces or brackets."""


def _syntax(text: str, file: str, fault: yaml.YAMLError) -> Problem:
    """One sentence on a syntax error, the same with and without the C parser."""
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as plain_fault:
        fault = plain_fault
    mark = getattr(fault, "problem_mark", None) or getattr(fault, "context_mark", None)
    if mark is None:
        return Problem(f"is not valid YAML ({fault})", file=file)
    line, column = mark.line + 1, mark.column + 1
    lines = text.splitlines()
    around = lines[mark.line] if mark.line < len(lines) else ""
    rest, allowed = around[mark.column :], ""
    if rest.startswith("\t"):
        message = "a tab cannot be used here; indent with spaces"
    else:
        reason = getattr(fault, "problem", None) or str(fault)
        context = getattr(fault, "context", None)
        message = f"is not valid YAML: {f'{context}, ' if context else ''}{reason}"
        for name in _BRACKETED.finditer(around):
            if name.start() < mark.column < name.end():
                allowed = f"a name with brackets in quotes, as {name[0]!r}"
    return Problem(message, allowed=allowed, file=file, line=line, column=column)
