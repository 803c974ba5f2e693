"""Reports: :class:`Report` holds the content, and :func:`render` makes one HTML file of it.

The file needs no network, no script and no other file: styles, figures (SVG) and tables are inside,
and its content security policy forbids every address. Question, answer, first figure and key
numbers come first and print on one sheet. Every number in a table has its exact value
(``data-value``) beside the rounded one, and the file, row and column that it comes from. The same
report gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.present.answer import CAVEAT, Answer
from sim.present.figures import Figure
from sim.present.html import environment
from sim.present.table import Table


@dataclass(eq=False)
class Report:
    """The content of a report.

    Attributes:
        kind: the kind of report, in a few words.
        title, question: title and question of the scenario or study.
        answer: the answer of the study.
        figures: figures to draw as SVG, the most important first.
        tables: tables, the most important first.
        costs, cost_note: the table of costs, and a note on it.
        assumptions, assumption_note: the assumptions that the result depends on, and a note.
        parameters: the table of all parameters.
        words: term -> its meaning.
        inputs: title -> text of the files that were read, to copy.
        provenance: name -> value: versions, seed, numbers of runs.
        command: the command that makes the results again.
        check: the command, typed in their folder, that makes the results again and compares them.
    """

    kind: str
    title: str
    question: str
    answer: Answer
    figures: list[Figure] = field(default_factory=list)
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
