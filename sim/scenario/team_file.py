"""Files of a team's network: edge list, matrix, GraphML, GEXF, GML or Pajek.

:func:`parse_team` reads all of them into a :class:`Team` of people and undirected ties. It reports
what it merges or leaves out. What only the owner knows (is the first line a head?) is a
:class:`Question`, which ``answers`` answers.

>>> parse_team("ann,bob\\nbob,cem\\n")
Team(names=('ann', 'bob', 'cem'), edges=(('ann', 'bob'), ('bob', 'cem')))
>>> team = parse_team("Source,Target,Weight\\nann,bob,2\\nbob,ann,1\\n")
>>> team.edges, team.weights, team.said[-1]
((('ann', 'bob'),), (2.0,), 'ties in both directions are one tie each: bob - ann (line 3)')
"""

from __future__ import annotations

import io
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from xml.parsers import expat

from pydantic_core import PydanticCustomError

from sim.core.errors import MISTAKES_SHOWN, ScenarioError, did_you_mean, shown
from sim.core.files import read_bytes
from sim.scenario.checking import Issue, Words
from sim.tables_in.mistakes import Mistakes, places
from sim.tables_in.questions import OPEN, Question
from sim.tables_in.reader import WORKBOOK, Row, Table, decode, read_table, table_of_text
from sim.tables_in.values import number_of

HEADS = (("source", "target"), ("from", "to"), ("person 1", "person 2"), ("ego", "alter"))
"""Heads of the two columns of people in an edge list."""
WEIGHTS = ("weight", "weights", "strength", "value", "frequency")
HEAD_WORDS = re.compile(
    r"\b(person|people|names?|staff|colleague|works? with|talks to|source|target|from|to"
    r"|ego|alter|node|friend|member|id|who|whom|with)\b",
    re.IGNORECASE,
)
"""Words that are common in a head and unlikely as a person's name."""

Edge = tuple[str, str]

PERSON = Words(80)
"""What a person's name may be."""


@dataclass(frozen=True)
class Team:
    """The people of a team and their undirected ties."""

    names: tuple[str, ...]
    edges: tuple[Edge, ...]
    weights: tuple[float, ...] = field(default=(), compare=False, repr=False)
    """Weight of each tie, if the file gives weights; the model does not use them."""
    said: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Sentences on what was detected, merged or left out."""
    questions: tuple[Question, ...] = field(default=(), compare=False, repr=False)
    """What only the owner of the file can know."""


def parse_team(
    text: str,
    file: str = "<team>",
    *,
    names: Sequence[str] = (),
    answers: Mapping[str, Any] | None = None,
) -> Team:
    """Read a team network; the beginning of the text decides the format.

    Args:
        text: the contents of the file.
        file: the name of the file in messages.
        names: the people of the team in order, if they are known; no other names are then allowed.
        answers: answers to questions; a question without one takes the likely answer.

    Raises:
        ScenarioError: the text is empty or has mistakes, all of which are listed.
    """
    if not text.strip():
        raise ScenarioError("the team file is empty", file=file)
    lines = _Lines(file)
    start = text.lstrip()
    if re.match(r"(<\?xml[^>]*>\s*)?<gexf\b", start):
        _by_networkx("GEXF", text, lines)
    elif start.startswith("<"):
        _GraphML(lines).read(text)
    elif re.search(r"^\s*graph\s*\[", text, re.MULTILINE):
        _by_networkx("GML", text, lines)
    elif re.match(r"\*(vertices|network)\b", start, re.IGNORECASE):
        _by_networkx("Pajek", text, lines)
    else:
        bare = re.sub(r"^[ \t]*#.*$", "", text, flags=re.MULTILINE)
        if not bare.strip():
            raise ScenarioError("the team file is empty", file=file)
        table_team(table_of_text(bare, file, head=0, error=ScenarioError), lines, answers or {})
    return lines.team(names)


def load_team(
    path: str | os.PathLike[str],
    *,
    names: Sequence[str] = (),
    answers: Mapping[str, Any] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    guess: bool = False,
) -> Team:
    """Read the file of a team network or a sheet of Excel; see :func:`parse_team`.

    Args:
        path: the file.
        names, answers: see :func:`parse_team`.
        sheet, encoding, guess: see :func:`sim.tables_in.reader.read_table`.
    """
    raw = read_bytes(path, error=ScenarioError)
    if raw.startswith(WORKBOOK):
        table = read_table(path, sheet=sheet, head=0, error=ScenarioError)
        lines = _Lines(table.file, table.word)
        lines.said += table.said
        table_team(table, lines, answers or {})
        return lines.team(names)
    text, said = decode(raw, os.fspath(path), encoding, ScenarioError, guess=guess)
    team = parse_team(text, os.fspath(path), names=names, answers=answers)
    return replace(team, said=said + team.said)


def faults(names: Sequence[str], edges: Sequence[Edge]) -> Iterator[Issue]:
    """Every mistake in a list of people and the ties between them; each is at "names" or "edges"
    and the position there."""
    yield from _name_faults(names)
    known = set(names)
    seen: set[frozenset[str]] = set()
    strangers = 0
    for index, edge in enumerate(edges):
        for name in dict.fromkeys(edge):
            if name not in known:
                strangers += 1  # the search for a suggestion is slow
                near = did_you_mean(name, names) if strangers <= MISTAKES_SHOWN else ""
                message = f"{shown(name)} is not in the team"
                yield Issue(("edges", index), message, name, suggestion=near)
        pair = frozenset(edge)
        if len(pair) == 1:
            yield Issue(("edges", index), f"{shown(edge[0])} is tied to itself", edge)
        elif pair in seen:
            yield Issue(("edges", index), f"the tie {' - '.join(edge)} is given twice", edge)
        seen.add(pair)


def _name_faults(names: Sequence[str]) -> Iterator[Issue]:
    first: dict[str, str] = {}
    seen: set[str] = set()
    for index, name in enumerate(names):
        other = first.setdefault(loose(name), name)
        if name in seen:
            yield Issue(("names", index), f"{shown(name)} is given twice", name)
        elif other != name:
            message = f"{shown(name)} is probably the same person as {shown(other)}"
            yield Issue(("names", index), message, name, suggestion=other)
        seen.add(name)


def loose(name: str) -> str:
    """A name without case, spaces, dashes and underscores, which shows probable duplicates.

    >>> loose("Ann  Lee") == loose("ann-lee")
    True
    """
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", name)).casefold()


class _Lines:
    """People and ties as they are read, with their lines."""

    def __init__(self, file: str, word: str = "line") -> None:
        self.file = file
        self.mistakes = Mistakes(file, word)
        self.people: dict[str, int] = {}
        self.ties: dict[frozenset[str], tuple[Edge, int]] = {}
        self.weights: dict[frozenset[str], float] = {}
        self.said: list[str] = []
        self.merged: dict[str, list[tuple[Edge, int]]] = defaultdict(list)
        self.questions: list[Question] = []

    def fault(self, line: int, message: str, value: object = None, **more: str) -> None:
        """Add a mistake; ``more`` is as of :meth:`sim.tables_in.mistakes.Mistakes.add`."""
        self.mistakes.add(line, "", message, value, **more)  # type: ignore[arg-type]

    def is_name(self, name: str, line: int) -> bool:
        """Whether this can be a person's name; if not, the mistake is added."""
        try:
            PERSON.check(name)
        except PydanticCustomError as error:
            allowed = (error.context or {}).get("allowed", "")
            self.fault(line, error.message(), name, allowed=allowed)
            return False
        return True

    def add(self, first: str, second: str, line: int, weight: float | None = None) -> None:
        """Add a tie; a repeated tie is merged, and a tie of a person to themselves left out."""
        pair = frozenset((first, second))
        if first == second:
            self.merged["ties of people to themselves were left out"].append(
                ((first, second), line)
            )
            return
        if pair in self.ties:
            same = self.ties[pair][0] == (first, second)
            what = "ties given twice are one tie" if same else "ties in both directions are one tie"
            self.merged[f"{what} each"].append(((first, second), line))
        else:
            self.ties[pair] = ((first, second), line)
        if weight is not None:
            self.weights[pair] = max(weight, self.weights.get(pair, weight))

    def labelled(self, ids: Mapping[Any, str], labels: Mapping[Any, str]) -> dict[Any, str]:
        """Names of nodes: their labels, if these are unique, or else their ids."""
        given = [label for label in labels.values() if label]
        if not given or labels == ids:
            return dict(ids)
        if len(set(given)) < len(ids):
            self.said.append("people are called by the ids of their nodes: labels lack or repeat")
            return dict(ids)
        self.said.append("people are called by the labels of their nodes")
        return dict(labels)

    def team(self, names: Sequence[str]) -> Team:
        """The team, if there are no mistakes."""
        edges = [edge for edge, _ in self.ties.values()]
        self.judge(names, edges, [line for _, line in self.ties.values()])
        self.mistakes.stop(ScenarioError)
        for what, ties in self.merged.items():
            (one, other), _ = ties[0]
            such = f"{one} - {other}" if one != other else one
            more = f" and {len(ties) - 1} more" if len(ties) > 1 else ""
            where = places([line for _, line in ties if line], self.mistakes.word)
            at = f" ({where})" if any(line for _, line in ties) else ""
            self.said.append(f"{what}: {such}{more}{at}")
        weights = tuple(self.weights.get(pair, 1.0) for pair in self.ties) if self.weights else ()
        if len(set(weights)) > 1:
            self.said.insert(
                0, "weights of ties are kept with the ties; the model does not use them"
            )
        people = tuple(names) or tuple(self.people)
        return Team(people, tuple(edges), weights, tuple(self.said), tuple(self.questions))

    def judge(self, names: Sequence[str], edges: Sequence[Edge], at: Sequence[int]) -> None:
        """Add the mistakes that :func:`faults` lists, at their lines."""
        people = list(names) or list(self.people)
        for fault in faults(people, edges):
            part, index = fault.where[0], int(fault.where[1])
            if part == "edges":
                line = at[index]
            else:
                line = 0 if names else self.people[people[index]]
            self.fault(line, fault.message, fault.value, suggestion=fault.suggestion)
        if names:
            known = set(names)
            tied = {name for edge in edges for name in edge}
            for name, line in self.people.items():
                if name not in known and name not in tied:
                    near = did_you_mean(name, names)
                    self.fault(line, f"{shown(name)} is not in the team", name, suggestion=near)


# --- edge lists and matrices --------------------------------------------------------------------


def table_team(table: Table, lines: _Lines, answers: Mapping[str, Any]) -> None:
    """Read an edge list or a matrix from a table without a head."""
    rows = list(table.rows)
    if len(table.columns) == 1:  # names separated by spaces
        rows = [Row(line, tuple(cells[0].split())) for line, cells in rows]
    else:
        begins = next((at for at, row in enumerate(rows) if sum(map(bool, row.cells)) > 1), 0)
        if begins:
            titles = "; ".join("".join(row.cells) for row in rows[:begins])
            where = places([row.line for row in rows[:begins]], table.word)
            lines.said.append(f"what stands above the table was left out: {titles} ({where})")
        rows = rows[begins:]
    if _is_matrix(rows):
        _matrix(rows, lines)
        return
    source, target, weight = 0, 1, None
    head, sure = _head_of(rows)
    if not sure:
        first = " and ".join(filter(None, rows[0].cells[:2]))
        text = f"Is {table.word} {rows[0].line} ({first}) a head, or are these two people?"
        lines.questions.append(
            Question(("first_row",), text, ("head", "people"), "head" if head else "people")
        )
    said = answers.get("first_row", OPEN)
    head = said == "head" if said != OPEN else head
    if head:
        columns = [" ".join(cell.lower().split()) for cell in rows[0].cells]
        known = next((pair for pair in HEADS if set(pair) <= set(columns)), None)
        source, target = (columns.index(known[0]), columns.index(known[1])) if known else (0, 1)
        weight = next((columns.index(name) for name in WEIGHTS if name in columns), None)
        people = [
            at
            for at, cell in enumerate(rows[0].cells)
            if HEAD_WORDS.search(cell) and any(number_of(row.cells[at]) is None for row in rows[1:])
        ]
        if not known and len(people) > 2:
            message = "the two columns of people cannot be told from the others"
            lines.fault(rows[0].line, message, allowed="call them source and target in the head")
            return
        if not known and len(people) == 2:
            source, target = people
        if not known:
            lines.said.append(f"the head is {', '.join(filter(None, rows[0].cells))}")
        unread = [
            cell
            for place, cell in enumerate(rows[0].cells)
            if cell and place not in (source, target, weight)
        ]
        if unread:
            lines.said.append(f"columns that were not read: {', '.join(unread)}")
        rows = rows[1:]
    elif len(table.columns) == 3 and all(number_of(row.cells[2]) is not None for row in rows):
        weight = 2
        lines.said.append("the third column is read as weights of ties")
    widest = None if head or weight is not None else 2
    for line, cells in rows:
        names = [cells[at] if at < len(cells) else "" for at in (source, target)]
        if not all(names) or any(cells[widest:] if widest else ()):
            raw = ",".join(cells).rstrip(",")
            lines.fault(
                line, f"{shown(raw)} is not a pair of names, such as: ann,bob", raw, kind="pair"
            )
            continue
        sound = [lines.is_name(name, line) for name in names]  # check both, to report both
        if not all(sound):
            continue
        strength = None
        if weight is not None and weight < len(cells) and cells[weight]:
            strength = number_of(cells[weight], "comma" if table.separator == ";" else "point")
            if strength is None:
                lines.fault(line, f"{shown(cells[weight])} is not a weight", kind="weight")
        for name in names:
            lines.people.setdefault(name, line)
        if strength == 0:
            lines.merged["ties of weight 0 were left out"].append(((names[0], names[1]), line))
            continue
        lines.add(names[0], names[1], line, strength)
    for name, line in lines.people.items():
        parts = [part.strip() for part in re.split(r"[,;/]", name)]
        if len(parts) > 1 and any(part in lines.people for part in parts):
            lines.fault(line, f"{shown(name)} are several people", name, allowed="a pair a row")


def _head_of(rows: Sequence[Row]) -> tuple[bool, bool]:
    """Whether the first row is a head, and whether that is certain."""
    cells = [cell.lower() for cell in rows[0].cells]
    if any(set(pair) <= {" ".join(cell.split()) for cell in cells} for pair in HEADS):
        return True, True
    body = {cell for row in rows[1:] for cell in row.cells if cell}
    if len(rows) < 3 or any(cell in body for cell in rows[0].cells[:2]):
        return False, True
    if any(cell in WEIGHTS for cell in cells[2:]):
        return True, True
    words = [bool(HEAD_WORDS.search(cell)) for cell in cells[:2]]
    if all(words):
        return True, True
    tied = defaultdict(int)
    for row in rows[1:]:
        for cell in row.cells[:2]:
            tied[cell] += 1
    return any(words), not any(words) and max(tied.values()) < 2


def _is_matrix(rows: Sequence[Row]) -> bool:
    """Whether the first row has the same names as the first column."""
    across = [cell for cell in rows[0].cells[1:] if cell]
    down = [row.cells[0] for row in rows[1:]]
    return (
        len(across) > 1
        and across == down
        and all(
            not cell or number_of(cell) is not None for row in rows[1:] for cell in row.cells[1:]
        )
    )


def _matrix(rows: Sequence[Row], lines: _Lines) -> None:
    names = [cell for cell in rows[0].cells[1:] if cell]
    sound = [lines.is_name(name, rows[0].line) for name in names]
    for row in rows[1:]:
        if row.cells[0] in lines.people:
            lines.fault(row.line, f"{shown(row.cells[0])} is given twice", row.cells[0])
        lines.people.setdefault(row.cells[0], row.line)
    if not all(sound):
        return
    numbers = {
        (row.cells[0], name): number_of(cell) or 0.0
        for row in rows[1:]
        for name, cell in zip(names, row.cells[1:], strict=False)
    }
    plain = set(numbers.values()) <= {0.0, 1.0}
    uneven = [(a, b) for (a, b), value in numbers.items() if value != numbers[(b, a)]]
    if uneven:
        one, other = uneven[0]
        count = "one pair," if len(uneven) == 2 else f"{len(uneven) // 2} pairs,"
        lines.said.append(
            f"the matrix differs between directions ({count} such as {one} - "
            f"{other}): a tie in one of them is a tie"
        )
    at = {row.cells[0]: row.line for row in rows[1:]}
    for (one, other), value in numbers.items():
        back = numbers[(other, one)]
        if one == other and value:
            lines.add(one, other, at[one])
        elif names.index(one) < names.index(other) and (value or back):
            lines.add(one, other, at[one], None if plain else max(value, back))


# --- formats of programs for networks -----------------------------------------------------------


def _by_networkx(form: Literal["GEXF", "GML", "Pajek"], text: str, lines: _Lines) -> None:
    """Read a format that networkx reads; labels are the names if they are unique."""
    import networkx as nx

    def refuse(reason: object) -> ScenarioError:
        told = " ".join(str(reason).split())
        return ScenarioError(f"is not valid {form} ({told})", file=lines.file)

    if "<!DOCTYPE" in text:
        raise refuse("a document type declaration is not allowed")
    try:
        if form == "GEXF":
            graph = nx.read_gexf(io.BytesIO(text.encode()))
        elif form == "GML":
            graph = nx.parse_gml(text, label="id")
        else:
            graph = nx.parse_pajek(text)
    except RecursionError:
        raise refuse("the document is nested too deeply") from None
    except Exception as fault:  # whatever networkx meets in a damaged file
        raise refuse(fault) from None
    nodes = {node: str(node).strip() for node in graph}
    labels = {node: str(data.get("label", "")).strip() for node, data in graph.nodes(data=True)}
    nodes = lines.labelled(nodes, labels)
    for name in nodes.values():
        if lines.is_name(name, 0):
            lines.people.setdefault(name, 0)
    for one, other, data in graph.edges(data=True):
        weight = data.get("weight")
        strength = float(weight) if isinstance(weight, int | float) else None
        lines.add(nodes[one], nodes[other], 0, strength)


class _GraphML:
    """Nodes and edges of a GraphML text.

    It is read with expat itself, which knows the line of each element. A document type declaration,
    which entity attacks need, is refused before anything in it is expanded.
    """

    def __init__(self, lines: _Lines) -> None:
        self.lines = lines
        self.graphs = 0
        self.keys: dict[str, tuple[str, str]] = {}
        self.labels: dict[str, str] = {}
        self.edges: list[tuple[str, str, int]] = []
        self.weights: dict[int, float] = {}
        self.inside: tuple[str, Any] | None = None
        self.key = ""
        self.text = ""
        self.prefix: str | None = None
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype

    def read(self, text: str) -> None:
        try:
            # For a text (not bytes), expat ignores the encoding in the XML declaration.
            self.parser.Parse(text, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code) if error.code else str(error)
            self.stop(error.lineno, f"is not valid XML ({reason})", error.offset + 1)
        if not self.graphs:
            self.stop(1, "is not GraphML: it holds no <graph>")
        ids = {name: name for name in self.lines.people}
        names = self.lines.labelled(ids, {name: self.labels.get(name, "") for name in ids})
        for name in names.values():
            if name not in ids:
                self.lines.is_name(name, 0)
        self.lines.people = {names[name]: line for name, line in self.lines.people.items()}
        for place, (source, target, line) in enumerate(self.edges):
            one, other = names.get(source, source), names.get(target, target)
            self.lines.add(one, other, line, self.weights.get(place))

    def stop(self, line: int, message: str, column: int = 0) -> None:
        raise ScenarioError(message, file=self.lines.file, line=line, column=column) from None

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
        if prefix != self.prefix:  # an extension by a drawing program
            return
        if tag == "graph":
            self.graphs += 1
            if self.graphs > 1:
                self.stop(self.line, "only one <graph> a file is read")
        elif tag == "hyperedge":
            self.lines.fault(self.line, "a <hyperedge> is not a tie between two people")
        elif tag == "key":
            key = (attributes.get("for", "all"), attributes.get("attr.name", "").strip().lower())
            self.keys[attributes.get("id", "")] = key
        elif tag == "data":
            self.key, self.text = attributes.get("key", ""), ""
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
        self.inside = ("node", name)

    def edge(self, source: str, target: str) -> None:
        if not source or not target:
            self.lines.fault(self.line, "an <edge> needs a source and a target")
            return
        self.edges.append((source, target, self.line))
        self.inside = ("edge", len(self.edges) - 1)

    def characters(self, text: str) -> None:
        if self.key and len(self.text) < 1000:
            self.text += text

    def end(self, tag: str) -> None:
        """Handle the end of an element; that of ``data`` may give a label or a weight."""
        prefix, _, tag = tag.rpartition(":")
        if prefix != self.prefix or tag != "data" or self.inside is None:
            return
        (_, name), (part, which) = self.keys.get(self.key, ("", "")), self.inside
        self.key, text = "", self.text.strip()
        if part == "node" and name in ("label", "name") and text:
            self.labels.setdefault(which, text)
        elif part == "edge" and name in WEIGHTS and (weight := number_of(text)) is not None:
            self.weights[which] = weight
