"""A team's network as a team keeps it: GraphML, or a text file with one pair of names a line.

>>> parse_team("ann,bob\\nbob,cem\\n")
Team(names=('ann', 'bob', 'cem'), edges=(('ann', 'bob'), ('bob', 'cem')))
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.parsers import expat

from pydantic_core import PydanticCustomError

from sim.core.errors import Problem, ScenarioError, did_you_mean
from sim.scenario.checking import Words
from sim.scenario.loading import MISTAKES_SHOWN, raise_problems, shown

HEADERS = (("source", "target"), ("from", "to"))
"""First lines of an edge list that name its columns rather than two people."""

Edge = tuple[str, str]

PERSON = Words(80)
"""What a person's name may be."""


@dataclass(frozen=True)
class Team:
    """The people of a team and who works with whom (no direction)."""

    names: tuple[str, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Fault:
    """A mistake in a list of people and ties: entry ``index`` of ``names`` or of ``edges``."""

    part: Literal["names", "edges"]
    index: int
    message: str
    value: object = None
    suggestion: str = ""


def parse_team(text: str, file: str = "<team>", *, names: Sequence[str] = ()) -> Team:
    """Read a team network: GraphML when the text begins with ``<``, else an edge list.

    Args:
        text: what the file holds.
        file: its name, for messages.
        names: the people of the team, in order, if they are known; then nobody else may occur.

    Raises:
        ScenarioError: it is empty, or has mistakes: all of them at once.
    """
    if not text.strip():
        raise ScenarioError(Problem("the team file is empty", file=file))
    lines = _Lines(file)
    if text.lstrip().startswith("<"):
        _GraphML(lines).read(text)
    else:
        _edge_list(text, lines)
    lines.judge(names)
    raise_problems(lines.problems)
    return Team(tuple(names) or tuple(lines.people), tuple(lines.edges))


def faults(names: Sequence[str], edges: Sequence[Edge]) -> Iterator[Fault]:
    """Every mistake in a list of people and the ties between them."""
    yield from _name_faults(names)
    known = set(names)
    seen: set[frozenset[str]] = set()
    strangers = 0
    for index, edge in enumerate(edges):
        for name in dict.fromkeys(edge):
            if name not in known:
                strangers += 1  # looking for a suggestion takes time
                near = did_you_mean(name, names) if strangers <= MISTAKES_SHOWN else ""
                yield Fault("edges", index, f"{shown(name)} is not in the team", name, near)
        pair = frozenset(edge)
        if len(pair) == 1:
            yield Fault("edges", index, f"{shown(edge[0])} is tied to itself", edge)
        elif pair in seen:
            yield Fault("edges", index, f"the tie {' - '.join(edge)} is given twice", edge)
        seen.add(pair)


def _name_faults(names: Sequence[str]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    seen: set[str] = set()
    for index, name in enumerate(names):
        other = first.setdefault(loose(name), name)
        if name in seen:
            yield Fault("names", index, f"{shown(name)} is given twice", name)
        elif other != name:
            message = f"{shown(name)} is probably the same person as {shown(other)}"
            yield Fault("names", index, message, name, other)
        seen.add(name)


def loose(name: str) -> str:
    """A name without case, spaces, dashes and underscores, to find probable duplicates.

    >>> loose("Ann  Lee") == loose("ann-lee")
    True
    """
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", name)).casefold()


@dataclass
class _Lines:
    """People and ties as they are read, with the lines they stand on."""

    file: str
    people: dict[str, int] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    edge_lines: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def fault(
        self,
        line: int,
        message: str,
        value: object = None,
        suggestion: str = "",
        allowed: str = "",
    ) -> None:
        self.problems.append(Problem(message, "", value, allowed, suggestion, self.file, line))

    def is_name(self, name: str, line: int) -> bool:
        """Whether this can be a person's name; if not, why is noted."""
        try:
            PERSON.check(name)
        except PydanticCustomError as error:
            allowed = (error.context or {}).get("allowed", "")
            self.fault(line, error.message(), name, allowed=allowed)
            return False
        return True

    def add(self, first: str, second: str, line: int) -> None:
        self.edges.append((first, second))
        self.edge_lines.append(line)

    def judge(self, names: Sequence[str]) -> None:
        """Add the mistakes that :func:`faults` finds, at their lines."""
        people = list(names) or list(self.people)
        for fault in faults(people, self.edges):
            if fault.part == "edges":
                line = self.edge_lines[fault.index]
            else:
                line = 0 if names else self.people[people[fault.index]]
            self.fault(line, fault.message, fault.value, fault.suggestion)
        if names:
            known = set(names)
            tied = {name for edge in self.edges for name in edge}
            for name, line in self.people.items():
                if name not in known and name not in tied:
                    self.fault(
                        line, f"{shown(name)} is not in the team", name, did_you_mean(name, names)
                    )


def _edge_list(text: str, lines: _Lines) -> None:
    header_possible = True
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        try:
            cells = _cells(line)
        except csv.Error as error:
            lines.fault(number, f"is not a valid line ({error})", line)
            continue
        if header_possible and tuple(cell.lower() for cell in cells) in HEADERS:
            header_possible = False
            continue
        header_possible = False
        if len(cells) != 2 or not all(cells):
            lines.fault(number, f"{shown(line)} is not a pair of names, such as: ann,bob", line)
            continue
        sound = [lines.is_name(name, number) for name in cells]  # both, to report both
        if not all(sound):
            continue
        for name in cells:
            lines.people.setdefault(name, number)
        lines.add(cells[0], cells[1], number)


def _cells(line: str) -> list[str]:
    """Names between commas (quotes allowed), else between tabs, else between spaces."""
    if "," in line:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    return [cell.strip() for cell in line.split("\t" if "\t" in line else None)]


class _GraphML:
    """Nodes and edges of a GraphML text.

    Read with expat itself: it knows the line of each element, and a document type declaration (the
    door to entity attacks) is refused before anything in it is expanded.
    """

    def __init__(self, lines: _Lines) -> None:
        self.lines = lines
        self.directed = False
        self.both_ways: set[Edge] = set()
        self.graphs = 0
        self.prefix: str | None = None
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.StartDoctypeDeclHandler = self.doctype

    def read(self, text: str) -> None:
        try:
            # Of a text (not bytes) expat does not heed what the XML declaration says of encoding.
            self.parser.Parse(text, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code) if error.code else str(error)
            self.stop(error.lineno, f"is not valid XML ({reason})", error.offset + 1)
        if not self.graphs:
            self.stop(1, "is not GraphML: it holds no <graph>")

    def stop(self, line: int, message: str, column: int = 0) -> None:
        raise ScenarioError(
            Problem(message, file=self.lines.file, line=line, column=column)
        ) from None

    def doctype(self, *_: object) -> None:
        self.stop(self.line, "a document type declaration (<!DOCTYPE ...>) is not allowed")

    @property
    def line(self) -> int:
        return self.parser.CurrentLineNumber

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        prefix, _, tag = tag.rpartition(":")
        if self.prefix is None:
            self.prefix = prefix
            if tag != "graphml":
                self.stop(self.line, f"is not GraphML: it begins with {shown(tag)}")
        if prefix != self.prefix:  # an extension of some drawing program
            return
        if tag == "graph":
            self.graphs += 1
            if self.graphs > 1:
                self.stop(self.line, "only one <graph> a file is read")
            self.directed = attributes.get("edgedefault") == "directed"
        elif tag == "hyperedge":
            self.lines.fault(self.line, "a <hyperedge> is not a tie between two people")
        elif tag == "node":
            self.node(attributes.get("id", "").strip())
        elif tag == "edge":
            self.edge(attributes.get("source", "").strip(), attributes.get("target", "").strip())

    def node(self, name: str) -> None:
        if not name:
            self.lines.fault(self.line, "a <node> has no id")
        elif name in self.lines.people:
            first = self.lines.people[name]
            message = f"{shown(name)} is given twice; the first is on line {first}"
            self.lines.fault(self.line, message, name)
        elif self.lines.is_name(name, self.line):
            self.lines.people[name] = self.line

    def edge(self, source: str, target: str) -> None:
        if not source or not target:
            self.lines.fault(self.line, "an <edge> needs a source and a target")
            return
        if self.directed and source != target:
            # In a directed graph a tie in both directions is one tie here, not a repetition.
            if (target, source) in self.both_ways and (source, target) not in self.both_ways:
                self.both_ways.add((source, target))
                return
            self.both_ways.add((source, target))
        self.lines.add(source, target, self.line)
