""":func:`import_network` reads a team network from a common file format and gives it as GraphML."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from xml.sax.saxutils import quoteattr

from sim.core.errors import InputError
from sim.core.units import count
from sim.scenario.checking import Strict, Words, checked
from sim.scenario.loading import document_from, document_of
from sim.scenario.team_file import Team, load_team, parse_team
from sim.tables_in.questions import OPEN, OpenQuestions, put


class NetworkMap(Strict):
    """What the file of a network does not say by itself."""

    sheet: Annotated[str, Words(1000)] | None = None
    """Name of the sheet of a workbook."""
    encoding: Annotated[str, Words(1000)] | None = None
    """Encoding of a text file; default: detected."""
    first_row: Literal["head", "people"] | None = None
    """Whether the first row of an edge list names its columns, or two people."""


@dataclass(frozen=True)
class NetworkImport:
    """A team network that was read.

    Attributes:
        team: people and ties, with weights if there are any, and sentences on what was changed.
        text: the network as GraphML, which ``network: {kind: file, file: ...}`` of a scenario
            reads.
        map: the answers to questions about the file.

    >>> NetworkImport(Team(("ann", "bob", "cem"), (("ann", "bob"),)), "", {}).notes()
    ['3 people, 1 tie.', 'Without any tie: cem.']
    """

    team: Team
    text: str
    map: Mapping[str, Any]

    def notes(self) -> list[str]:
        """Sentences on what was read, merged and left out."""
        team = self.team
        tied = {name for edge in team.edges for name in edge}
        alone = [name for name in team.names if name not in tied]
        people = count(len(team.names), "person", "people")
        notes = [f"{people}, {count(len(team.edges), 'tie')}."]
        if alone:
            notes.append(f"Without any tie: {', '.join(alone)}.")
        return notes + [f"{one[0].upper()}{one[1:]}." for one in team.said]


def import_network(
    path: str | os.PathLike[str],
    map: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
) -> NetworkImport:
    """Read a team network: edge list, matrix, GraphML, GEXF, GML or Pajek.

    Args:
        path: the file; edge lists and matrices may be sheets of Excel.
        map: answers to questions, or their file; None: there are none yet.
        sheet, encoding: as in the map, over which they take precedence.

    Raises:
        OpenQuestions: something is not clear.
        InputError: the file or the map cannot be used; all mistakes are listed.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "team.csv"
    ...     _ = path.write_text("Source,Target,Weight\\nann,bob,2\\nbob,ann,1\\nbob,cem,1\\n")
    ...     network = import_network(path)
    >>> network.team.edges, network.notes()[0]
    ((('ann', 'bob'), ('bob', 'cem')), '3 people, 2 ties.')
    """
    document = document_from(map or {}, "map")
    known = {name: one for name, one in document.data.items() if one != OPEN}
    if known != document.data:
        document = document_of(known, document.file)
    checked(NetworkMap, document, what="a map")
    given = {"sheet": sheet, "encoding": encoding}
    answers = {**known, **{name: one for name, one in given.items() if one}}
    sheet, encoding = answers.get("sheet"), answers.get("encoding")
    team = load_team(path, answers=answers, sheet=sheet, encoding=encoding, guess=True)
    open_ = [one for one in team.questions if one.where[0] not in answers]
    if open_:
        for one in open_:
            put(answers, one.where, OPEN)
        raise OpenQuestions(os.fspath(path), open_, answers)
    text = graphml(team)
    if parse_team(text) != team:
        raise InputError(f"{os.fspath(path)}: some name has no form that GraphML keeps")
    return NetworkImport(team, text, answers)


def graphml(team: Team) -> str:
    """A team as GraphML: names as ids, weights of ties."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        '<key id="weight" for="edge" attr.name="weight" attr.type="double"/>',
        '<graph edgedefault="undirected">',
        *(f"<node id={quoteattr(name)}/>" for name in team.names),
    ]
    weights = team.weights or (None,) * len(team.edges)
    for (one, other), weight in zip(team.edges, weights, strict=True):
        inside = "" if weight is None else f'<data key="weight">{weight!r}</data>'
        lines.append(f"<edge source={quoteattr(one)} target={quoteattr(other)}>{inside}</edge>")
    return "\n".join([*lines, "</graph>", "</graphml>", ""])
