"""Errors: :class:`CodoseError` and its family; :class:`Problem`, a mistake of the user as data.

Every error that a user can cause derives from :class:`InputError` and carries one or more
:class:`Problem` records, so that all mistakes of a file are reported at once. The command line
prints them and exits with 2; a caller in Python can read their fields.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MISTAKES_SHOWN = 50
NAME_SHOWN = 60


def did_you_mean(word: object, options: Iterable[object]) -> str:
    """The option most like ``word``, or an empty string when none is close.

    >>> did_you_mean("vidio", ["onsite", "video", "phone"])
    'video'
    >>> did_you_mean("xyz", ["onsite", "video"])
    ''
    """
    by_lower = {str(option).lower(): str(option) for option in options}
    close = difflib.get_close_matches(str(word).lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is, what is wrong and what is allowed. Empty fields are not printed.

    ``line`` and ``column`` count from 1; 0 means unknown.

    >>> print(Problem("is out of range", field="hours", allowed="0 or more", file="a.yaml", line=3))
    a.yaml:3: hours: is out of range; allowed: 0 or more
    """

    message: str
    field: str = ""
    value: Any = None
    allowed: str = ""
    suggestion: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f":{self.line}" + (f":{self.column}" if self.column else "")
        head = ": ".join(part for part in (place, self.field) if part)
        text = f"{head}: {self.message}" if head else self.message
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.suggestion:
            text += f"; did you mean '{self.suggestion}'?"
        return text


def check_known(
    value: Any,
    known: Collection[Any],
    message: str,
    *,
    field: str,
    allowed: str = "",
    error: type[InputError] | None = None,
) -> None:
    """Refuse a name that is not among the known ones.

    Args:
        value: the name given.
        known: the known names.
        message: what is wrong, after the name, such as "is not a table of this result".
        field: the field or argument that holds the name.
        allowed: what the message lists as allowed; default: all known names.
        error: the class of error to raise; default: InputError.

    Raises:
        InputError: the name is unknown; the message suggests the nearest.

    >>> check_known("onsite", ["onsite", "video"], "is not a mode", field="mode")
    >>> try:
    ...     check_known("onsit", ["onsite", "video"], "is not a mode", field="mode")
    ... except InputError as error:
    ...     print(error)
    mode: 'onsit' is not a mode; allowed: onsite, video; did you mean 'onsite'?
    """
    if not isinstance(value, Hashable) or value not in known:
        raise (error or InputError)(
            f"{shown(value)} {message}",
            field=field,
            value=value,
            allowed=allowed or ", ".join(map(str, known)),
            suggestion=did_you_mean(value, known),
        )


class CodoseError(Exception):
    """The root of every error this package raises on purpose.

    >>> from sim.scenario.scenario import Scenario
    >>> try:
    ...     Scenario.load("no_such_file.yaml")
    ... except CodoseError as error:
    ...     print(error)
    no_such_file.yaml: there is no such file
    """

    exit_code = 1


class InputError(CodoseError):
    """The user's input cannot be used. ``problems`` lists every mistake found.

    Args:
        problems: the mistakes, or the message of a single one.
        field, value, allowed, suggestion, file, line, column: see :class:`Problem`; used where
            ``problems`` is a message.

    >>> from sim.scenario.scenario import Scenario
    >>> try:
    ...     Scenario.shipped("sauce")
    ... except InputError as error:
    ...     error.problem.suggestion, error.exit_code
    ('source', 2)
    """

    exit_code = 2

    def __init__(
        self,
        problems: Problem | str | Iterable[Problem],
        field: str = "",
        value: Any = None,
        allowed: str = "",
        suggestion: str = "",
        file: str = "",
        line: int = 0,
        column: int = 0,
    ) -> None:
        if isinstance(problems, str):
            problems = Problem(problems, field, value, allowed, suggestion, file, line, column)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @property
    def problem(self) -> Problem:
        """The first (often the only) mistake."""
        return self.problems[0]


@contextlib.contextmanager
def read_back(
    message: str, *, file: str = "", allowed: str = "", error: type[InputError] | None = None
) -> Iterator[None]:
    """Turn any failure to read values that codose wrote into an error of the input.

    >>> try:
    ...     with read_back("is damaged", file="plan.json"):
    ...         {}["jobs"]
    ... except InputError as error:
    ...     print(error)
    plan.json: is damaged (KeyError: 'jobs')

    Raises:
        InputError: the values cannot be read; the message ends with the reason.
    """
    try:
        yield
    except (
        InputError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
    ) as fault:
        kind = "" if isinstance(fault, InputError) else f"{type(fault).__name__}: "
        said = " ".join(f"{kind}{fault}".split())[:500]
        problem = Problem(f"{message} ({said})", file=file, allowed=allowed)
        raise (error or InputError)(problem) from None


class ParameterError(InputError):
    """A parameter name that does not exist, or a value outside what is allowed."""


class ScenarioError(InputError):
    """A scenario (or a file that it names) that cannot be used."""


class ResultsError(InputError):
    """A result folder that cannot be written, read or trusted."""


class EngineError(CodoseError):
    """The compiled engine cannot be used here; the message says why and what helps."""


class InterruptedRun(CodoseError):
    """Work was stopped by the user (Ctrl-C). What was finished is in ``partial``."""

    exit_code = 130

    def __init__(self, message: str, partial: Any = None) -> None:
        self.partial = partial
        super().__init__(message)


# --- messages -----------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """A value as messages write it, on one line and cut to 60 characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return "a number of thousands of digits"
    if "\n" in text:  # a table or an array of several lines
        text = " ".join(text.split())
    return text if len(text) <= NAME_SHOWN else text[: NAME_SHOWN - 3] + "..."


def raise_problems(
    problems: Iterable[Problem], *, file: str = "", error: type[InputError] | None = None
) -> None:
    """Raise all problems as one error, those of ``file`` first, by line; do nothing without any.

    At most 50 are listed, and a last line says how many more there are.
    """
    found = list(problems)
    if not found:
        return
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys(p.file for p in found))}
    found.sort(key=lambda p: (p.file != file, ranks[p.file], p.line, p.column))
    more = len(found) - MISTAKES_SHOWN
    if more > 0:
        word = "mistake" if more == 1 else "mistakes"
        found = [*found[:MISTAKES_SHOWN], Problem(f"and {more:,} more {word}")]
    raise (error or ScenarioError)(found)
