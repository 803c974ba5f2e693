"""``codose plan``: plans under a budget, confirmed, as scenario files and calendars."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import drawing, planner, shell
from sim.cli.run import RESULTS
from sim.errors import InputError, Problem, ResultsError
from sim.present.format import given, interval, money, number, percent

if TYPE_CHECKING:
    from sim.study.plan_file import PlanFile
    from sim.study.plan_search import Journal
    from sim.study.planning import Planning
    from sim.study.study_file import Study

FRONT_SHOWN = 10
"""About so many plans of the front are printed; the folder has them all."""


def plan(
    study: Annotated[
        str,
        typer.Argument(metavar="STUDY", help="Path of a plan file, or name of a shipped study."),
    ],
    seed: Annotated[
        int | None,
        typer.Option(min=0, show_default="the study's", help="Seed of sets, luck and search."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="DATE",
            show_default="the study's start_date",
            help="First day of week 1 (yyyy-mm-dd), for the calendar.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a search that was interrupted.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(show_default="results/plan-STUDY", help="Folder for results and figures."),
    ] = None,
    force: planner.Force = False,
    as_json: planner.AsJson = False,
    figures: drawing.Figures = "png",
    no_figures: drawing.NoFigures = False,
    quiet: planner.Quiet = False,
) -> None:
    """Search plans under a budget; say what is sure.

    Searches the levers of the study file within its budget, runs the best plans again on fresh
    parameters and luck, and says which to take, how surely it reaches the targets and when it
    fails. The folder holds the plan as a scenario file and as a calendar (CSV, iCalendar).

    \b
    Examples:
      codose plan plan
      codose plan my_plan.yaml --start 2027-01-04 --out results/next_year
      codose plan my_plan.yaml --resume
    """
    from sim.runs.execute import Execution
    from sim.runs.store import digest_of
    from sim.study.plan_file import read_plan
    from sim.study.planning import plan as run
    from sim.study.planning import study_key
    from sim.study.study_file import find_study

    draw = drawing.of("plan_plots", figures, no_figures)
    path = find_study(study)
    asked = _dated(read_plan(path), start)
    folder = out if out is not None else RESULTS / f"plan-{path.stem}"
    shell.check_result_folder(folder, force=force)
    digest = digest_of(study_key(asked, seed))
    header = asked.header
    label = f"{path.stem}: up to {header.search.plans:,} plans, {header.budget.text}"
    with _journal(folder, digest, resume=resume, quiet=quiet) as journal:
        with shell.progress_bar(label, quiet=quiet) as progress:
            found = run(asked, seed=seed, journal=journal, execution=Execution(progress=progress))
        command = planner.command_line(
            ["codose", "plan", study], {"--seed": seed, "--start": start}
        )
        found.save(folder, force=force, command=command, draw=draw)
    if as_json:
        shell.write_json(record(found, folder))
    else:
        print_plan(found)
    planner.closing_remark(folder, figures=draw is not None, quiet=quiet)


def _dated(study: Study[PlanFile], start: str | None) -> Study[PlanFile]:
    """The study with the start date of the option."""
    import dataclasses

    from sim.checking import ISO_DATE, iso_date

    if start is None:
        return study
    day = iso_date(start)
    if day is None:
        raise InputError(Problem(f"{start!r} is not a date", "--start", start, ISO_DATE))
    return dataclasses.replace(study, header=study.header.model_copy(update={"start_date": day}))


@contextlib.contextmanager
def _journal(folder: Path, digest: str, *, resume: bool, quiet: bool) -> Iterator[Journal]:
    """What the search is told, written down beside the folder as it goes; gone when all is done."""
    import json

    from sim.study.plan_search import Journal

    path = folder.with_name(f"{folder.name}.search.jsonl")
    head = json.dumps({"search": digest})
    found = Journal()
    if resume and path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        if not lines or lines[0] != head:
            raise ResultsError(
                Problem(
                    "is of another search: the study, its scenario or the seed has changed",
                    file=str(path),
                    allowed="the same command without --resume begins anew",
                )
            )
        found = Journal.read(lines[1:])
    if resume and not quiet:
        shell.remark(f"{len(found.scores):,} plans are already known")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise ResultsError(
            Problem(f"cannot be written ({error.strerror})", file=str(path))
        ) from None
    with file:
        file.write(head + "\n")
        for choice, scores in found.scores.items():
            file.write(json.dumps({"plan": choice, "scores": scores}) + "\n")

        def write(line: str) -> None:
            file.write(line)
            file.flush()

        found.write = write
        try:
            yield found
        except KeyboardInterrupt:
            shell.remark(
                f"{len(found.scores):,} plans are kept: the same command with --resume goes on"
            )
            raise
        except BaseException:
            if not found.scores:
                path.unlink(missing_ok=True)
            raise
    path.unlink(missing_ok=True)


# --- as people read it -------------------------------------------------------------------------


def print_plan(found: Planning) -> None:
    """The answer in words, then the tables."""
    from sim.study import _plan_words

    typer.echo(shell.paragraph(found.answer()))
    typer.echo("")
    for text in _plan_words.details(found):
        typer.echo(shell.paragraph(text))
    typer.echo("")
    _print_front(found)
    typer.echo("")
    _print_chosen(found)
    typer.echo("")
    typer.echo(shell.paragraph(" ".join(_plan_words.notes(found))))


def _print_front(found: Planning) -> None:
    """The plans that no other beats, and the chosen ones."""
    from sim.study._planned import key_of
    from sim.study.plan_file import specs_of

    header = found.header
    keys = [key_of(*one) for one in specs_of(header)]
    table = shell.new_table(
        [
            ("plan", "left"),
            *((lever.name, "right") for lever in header.levers),
            (header.budget.unit, "right"),
            *((key.replace("_", " "), "right") for key in keys),
            *((f"target {i + 1}", "right") for i in range(len(header.targets))),
            ("worst region", "right"),
            ("regret", "right"),
            ("chosen as", "text"),
        ]
    )
    rows = [r for r in found.table("plans").to_dict("records") if r["on_front"] or r["roles"]]
    step = max(1, -(-len(rows) // FRONT_SHOWN))
    for row in [r for i, r in enumerate(rows) if i % step == 0 or r["roles"]]:
        table.add_row(
            row["plan"],
            *(_lever(row[lever.name]) for lever in header.levers),
            money(row["spend"]),
            *(number(row[key]) for key in keys),
            *(percent(row[f"target_{i + 1}"]) for i in range(len(header.targets))),
            number(row["worst_region"]),
            number(row["regret"]),
            row["roles"],
        )
    shell.write_table(table)


def _print_chosen(found: Planning) -> None:
    """The winner's curse."""
    table = shell.new_table(
        [
            ("plan", "left"),
            ("quantity", "left"),
            ("search said", "right"),
            ("fresh runs", "right"),
            ("confirmed", "right"),
            ("90 % interval", "left"),
        ]
    )
    for row in found.table("chosen").to_dict("records"):
        table.add_row(
            row["plan"],
            row["quantity"].replace("_", " "),
            number(row["search"]),
            number(row["fresh"]),
            number(row["confirmed"]),
            interval(row["low"], row["high"], narrow=True),
        )
    shell.write_table(table)


def _lever(value: Any) -> str:
    return given(value) if isinstance(value, float) else str(value)


def record(found: Planning, folder: Path) -> dict[str, Any]:
    """The answer of ``codose plan --json``."""
    from sim.study import _plan_words

    tables = ("plans", "chosen", "targets", "regions", "failures", "calendar")
    return {
        "answer": found.answer(),
        "details": _plan_words.details(found),
        "notes": _plan_words.notes(found),
        "recommended": found.best.name,
        "reachable": found.reachable,
        "seed": found.seed,
        "results": str(folder),
        **{name: found.table(name).to_dict("records") for name in tables},
    }
