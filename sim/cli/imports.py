"""``codose import``: reads users' tables by a map, which codose proposes, completes and keeps.

All kinds of table share :func:`answered`; each kind adds a command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from sim.cli import shell
from sim.cli.options import EXITS
from sim.core.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.tables_in.questions import OpenQuestions, Question

T = TypeVar("T")
Answer = Callable[[dict[str, Any], "Question", str], None]

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Excel.")]
Map = Annotated[
    Path | None,
    typer.Option("--map", show_default="proposed, and kept", help="What columns and words mean."),
]
Out = Annotated[Path | None, typer.Option(help="Where to write what was read.")]
Sheet = Annotated[
    str | None, typer.Option(show_default="the only one", help="Sheet of a workbook.")
]
Encoding = Annotated[
    str | None, typer.Option(show_default="detected, and printed", help="Encoding of a text file.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there, the map too.")]

group = typer.Typer(
    name="import",
    add_completion=False,
    rich_markup_mode=None,
    epilog=EXITS,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@group.callback()
def import_() -> None:
    """Read tables that you have: a log of contacts, a network, a survey.

    \b
    Examples:
      codose import log tracker.xlsx
      codose import network edges.csv --out team.graphml
      codose import survey answers.csv --out mine.yaml
    """


def answered(
    file: Path,
    map: Path | None,
    force: bool,
    read: Callable[[Any], T],
    answer: Answer,
) -> tuple[T, Path | None]:
    """Read a table; return it and the path for its map (None: the map was given).

    Without a map, questions are asked in a terminal; elsewhere they are printed, and the map is
    written with a ``?`` in place of each answer.

    Raises:
        InputError: questions remain open, or the file or the map has mistakes.
    """
    from sim.tables_in.questions import OpenQuestions, map_beside

    target = map_beside(file)
    if map is None and target.exists() and not force:
        raise InputError(
            "there is a map for this file, and none was named", "--map", file=str(target),
            allowed=f"--map {target}; or --force, which proposes it anew",
        )  # fmt: skip
    given: Any = map
    while True:
        try:
            return read(given), None if map is not None else target
        except OpenQuestions as open_:
            if map is not None or not (sys.stdin.isatty() and sys.stdout.isatty()):
                raise _unanswered(open_, map, target, force) from None
            given = open_.data
            for question in open_.questions:
                _ask(given, question, answer)


def _ask(data: dict[str, Any], question: Question, answer: Answer) -> None:
    while True:
        said = typer.prompt(str(question), default=question.proposed or None)
        try:
            answer(data, question, said)
            return
        except ValueError as error:
            typer.echo(str(error))


def _unanswered(open_: OpenQuestions, map: Path | None, target: Path, force: bool) -> InputError:
    """The error that lists the open questions and where their answers go."""
    from sim.core.units import count
    from sim.tables_in.questions import to_yaml

    many = count(len(open_.questions), "question")
    if map is None:
        shell.write_file(target, to_yaml(open_.data), force=force)
        say = f"{many} to answer at each ? of {target}, then: --map {target}"
    else:
        say = f"{many} that the map does not answer; nothing was written"
    problems = [Problem(one.message, one.field, file=str(map or target)) for one in open_.problems]
    return InputError([*problems, Problem(say)])


def _tell(notes: Sequence[str], table: Any = None) -> None:
    """Print what was read."""
    with shell.telling():
        if table is not None:
            shell.write_table(table)
        for note in notes:
            typer.echo(note)


def _write(target: Path, text: str, kept: Path | None, map: Mapping[str, Any], force: bool) -> None:
    """Write the table that was read, and its map if that is new."""
    from sim.tables_in.questions import to_yaml

    if kept is not None and map:
        shell.write_file(kept, to_yaml(map), force=True)
        shell.remark(f"map: {kept}")
    shell.write_file(target, text, force=force)


@group.command("log", epilog=EXITS)
def log(
    file: File,
    map: Map = None,
    out: Out = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    force: Force = False,
) -> None:
    """Read a tracker of contacts as a contact log.

    Without --map, codose proposes a map of columns and words, asks what it cannot know, and keeps
    the map beside the file; with the map, next quarter's tracker is one command. What was read is
    printed before anything is written.

    \b
    Examples:
      codose import log tracker.xlsx
      codose import log tracker.xlsx --map tracker.map.yaml --out log.csv --force
    """
    from sim.scenario.log_import import import_log
    from sim.scenario.log_map import answer

    target = target_of(file, map, out, ".log.csv", force)
    read = partial(import_log, file, sheet=sheet, encoding=encoding)
    found, kept = answered(file, map, force, read, answer)
    table = shell.new_table(
        [("region", "left"), ("mode", "left"), ("held", "right"), ("hours", "right"),
         ("not held", "right")]
    )  # fmt: skip
    for region, mode, held, hours, lost in found.counts():
        table.add_row(region, mode, f"{held:,}", f"{hours:,.4g}", f"{lost:,}")
    _tell(found.notes(), table)
    _write(target, found.text, kept, found.map, force)
    first = f"start_date: {found.first_day} and " if found.first_day else ""
    shell.remark(f"written: {target}; in a scenario: {first}contact_log: {{file: {target.name}}}")


@group.command("network", epilog=EXITS)
def network(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV, Excel, GraphML, GEXF, GML or Pajek."),
    ],
    map: Map = None,
    out: Out = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    force: Force = False,
) -> None:
    """Read a team's network, and write it as GraphML.

    An edge list with or without a head, a matrix with names, or a file of a program for networks.
    Ties have no direction here: what is given twice, or in both directions, is one tie, and said.

    \b
    Examples:
      codose import network edges.csv --out team.graphml
      codose import network advice.gexf
    """
    from sim.scenario.network_import import import_network
    from sim.tables_in.questions import answer

    target = target_of(file, map, out, ".team.graphml", force)
    read = partial(import_network, file, sheet=sheet, encoding=encoding)
    found, kept = answered(file, map, force, read, answer)
    _tell(found.notes())
    _write(target, found.text, kept, found.map, force)
    shell.remark(f"written: {target}; in a scenario: network: {{kind: file, file: {target.name}}}")


@group.command("survey", epilog=EXITS)
def survey(
    file: File,
    map: Map = None,
    out: Out = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    scale: Annotated[
        str | None, typer.Option(show_default="1-5", help="Lowest and highest answer: 1-7.")
    ] = None,
    first_date: Annotated[
        str | None, typer.Option(metavar="DATE", help="First day of week 1, for waves by date.")
    ] = None,
    cite: Annotated[str, typer.Option(help="What to call the source.")] = "",
    force: Force = False,
) -> None:
    """Read a survey, a test or counts as findings to calibrate to.

    Each row is a mean (item, wave, mean, sd, n), an answer (item, wave, person, answer) or a
    person, as Qualtrics and REDCap export them. Without --map, codose proposes a map, asks what it
    cannot know, and keeps the map beside the file. What was read is printed before anything is
    written.

    \b
    Examples:
      codose import survey survey.csv --out my_survey.yaml
      codose import survey qualtrics.xlsx --map qualtrics.map.yaml --cite "Our survey, 2025"
    """
    from sim.core.units import count
    from sim.scenario.loading import parse
    from sim.studies import observed
    from sim.studies.survey_import import import_survey, to_yaml
    from sim.studies.survey_map import answer

    if file.suffix.lower() in (".yaml", ".yml"):
        allowed = "CSV or Excel; a file of observations is named in a study as it is"
        raise InputError("is not a table", file=str(file), allowed=allowed)
    target = target_of(file, map, out, ".yaml", force)
    given = {"sheet": sheet, "encoding": encoding, "scale": scale, "first_date": first_date}
    declared = {name: value for name, value in given.items() if value is not None}
    read = partial(import_survey, file, cite=cite, **declared)
    found, kept = answered(file, map, force, read, answer)
    text = to_yaml(found.content)
    back = observed.file_of(parse(text, str(target)))  # a check that the file reads back the same
    table = shell.new_table(
        [("id", "left"), ("value", "right"), ("sd", "right"), ("n", "right"), ("use", "left"),
         ("model", "left")]
    )  # fmt: skip
    for one in back.findings:
        numbers = [one.value, one.sd, one.n]
        told = ["" if x is None else f"{x:.4g}" for x in numbers]
        table.add_row(one.id, *told, one.use, one.measures)
    notes = (*found.said, *(f"remark: {remark}" for remark in found.remarks))
    _tell([f"{one[:1].upper()}{one[1:]}{'' if one.endswith('?') else '.'}" for one in notes], table)
    _write(target, text, kept, {} if found.own_form else found.fields, force)
    many = count(len(back.findings), "finding")
    shell.remark(f"{many}: {target}; in a study: observed: [{target.name}]")


def target_of(file: Path, map: Path | None, out: Path | None, suffix: str, force: bool) -> Path:
    """The path for what is read: never an input file, and no existing file unless forced. A bad
    path is refused before any question is asked."""
    from sim.tables_in.questions import map_beside

    if os.path.isdir(file):  # os.path accepts a name of any length
        raise InputError("is a folder", file=str(file), allowed="a file")
    target = out if out is not None else file.with_name(f"{file.stem}{suffix}")
    for one, what in ((file, "the table"), (map or map_beside(file), "the map")):
        if os.path.realpath(target) == os.path.realpath(one):
            message = f"is {what} that is read, and not replaced"
            raise InputError(message, "--out", file=str(target), allowed="another name")
    shell.check_file(target, force=force)
    return target
