"""Reports: :class:`Report` is what one says, :func:`render` makes one HTML file of it.

The file needs no network, no script and no other file: styles, figures (SVG) and tables are inside,
and a content security policy forbids every address. What matters most (question, answer, first
figure, key numbers) stands first and prints on one sheet. Every number of a table carries its exact
value (``data-value``) beside the rounded one, with the file, row and column that it comes from. The
same report gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.present.answer import CAVEAT, Answer
from sim.present.figures import Figure
from sim.present.html import environment
from sim.present.table import Table


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure that is there as a file and not drawn anew."""

    title: str
    alt: str
    source: str
    """A ``data:`` address."""


@dataclass(eq=False)
class Report:
    """Everything that a report shows.

    Attributes:
        kind: what it is a report of, in a few words.
        title, question: of the scenario or study.
        answer: what the study says.
        figures: drawn as SVG, the most telling first.
        pictures: figures that are shown as they are.
        tables: the most telling first.
        costs, cost_note: what it takes.
        assumptions, assumption_note: what carries the result.
        parameters: all of them.
        words: term -> what it means.
        inputs: title -> text of the files that were read, to copy.
        provenance: name -> value: versions, seed, numbers of runs.
        command: that makes the results again.
        check: the command that makes them again and compares, given in their folder.
    """

    kind: str
    title: str
    question: str
    answer: Answer
    figures: list[Figure] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    costs: list[Table] = field(default_factory=list)
    cost_note: str = ""
    assumptions: list[Table] = field(default_factory=list)
    assumption_note: str = ""
    parameters: Table | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    check: str = ""


def render(report: Report) -> str:
    """A report as one HTML file."""
    page = environment().get_template("report.html.j2")
    return page.render(report=report, caveat=CAVEAT)
