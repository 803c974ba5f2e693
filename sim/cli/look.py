"""Commands that check and show: ``validate``, ``scenarios``, ``parameters``, ``outcomes``,
``schema``, ``verify`` and ``odd``."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import completion, options, shell
from sim.core.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

SCHEMAS: Mapping[str, str] = {
    "map": "sim.scenario.log_map",
    "survey-map": "sim.studies.survey_map",
}
"""Modules that give the schema of maps, by the word for their kind."""


def validate(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Scenario files, plans files, or names of shipped scenarios.",
            autocompletion=completion.scenarios,
        ),
    ],
) -> None:
    """Check scenario files, and files of plans; list every mistake.

    A mistake is a line: file, line, column, field, what is wrong, what is allowed. What is odd in a
    contact log or was merged in a team's network, and is no mistake, is a remark. What a run takes
    is said where it is much.

    \b
    Examples:
      codose validate my.yaml
      codose validate scenarios/*.yaml
      codose validate my.plans.yaml
    """
    from sim.scenario.plans_file import plans_in

    problems: list[Problem] = []
    for given in paths:
        try:
            plans = plans_in(given)
        except InputError as error:
            problems += error.problems
            continue
        for path in plans:
            try:
                _validate(path)
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)


def _validate(path: str) -> None:
    """Say that a scenario is valid, with remarks.

    Raises:
        InputError: it is not; lists every mistake.
    """
    from sim.scenario.log_remarks import of_scenario
    from sim.scenario.scenario import Scenario, files_said, find

    scenario = Scenario.load(find(path))
    typer.echo(f"{path}: {_verdict(scenario)}")
    for said in (*files_said(find(path)), *of_scenario(scenario)):
        shell.remark(f"{path}: remark: {said}")


def _verdict(scenario: Scenario) -> str:
    """A line that says that a scenario is valid, or how much a run takes where that is much."""
    from sim.runs import price

    try:
        price.check_scenario(scenario)
    except InputError as error:
        found = error.problem
        return f"well-formed, but too large for this machine: {found.message}; {found.allowed}"
    one = price.price_of_run(scenario)
    much = f"; a single run takes {one.text} here" if one.is_long else ""
    return f"fine ({_sketch(scenario)}{much})"


def _sketch(scenario: Scenario) -> str:
    """A scenario in half a line."""
    from sim.core.units import count
    from sim.scenario.phases import functions_words

    regions, staff = len(scenario.region_names), sum(scenario.staff_counts)
    providers = scenario.providers.count
    parts = [
        count(regions, "region"),
        f"{staff:,} staff",
        count(providers, "provider"),
        f"TA to {_when(scenario, scenario.end_of_ta)}" if scenario.has_ta else "no TA",
        f"{scenario.horizon_weeks} weeks",
    ]
    if skipped := sum((one.until_week or 0) - one.week + 1 for one in scenario.pauses):
        parts.append(f"{skipped} of them skipped")
    return ", ".join(filter(None, [*parts, functions_words(scenario.dosage)]))


def _when(scenario: Scenario, week: int) -> str:
    """A week, with its month where that is known."""
    from sim.core.units import first_day
    from sim.present.format import month

    start = scenario.start_date
    return f"week {week}" + (f" ({month(first_day(week, start))})" if start else "")


def scenarios() -> None:
    """List the shipped scenarios.

    \b
    Example:
      codose scenarios
    """
    from sim.scenario.scenario import Scenario, shipped_names

    table = shell.new_table(
        [("name", "left"), ("regions", "right"), ("staff", "right"), ("weeks", "right"),
         ("question", "text")]
    )  # fmt: skip
    for name in shipped_names():
        scenario = Scenario.shipped(name)
        table.add_row(
            name,
            f"{len(scenario.region_names)}",
            f"{sum(scenario.staff_counts):,}",
            f"{scenario.horizon_weeks}",
            scenario.question or scenario.name,
        )
    shell.write_table(table)


def parameters(
    role: Annotated[
        str | None, typer.Option(help="Only these: free, uncertain, fixed or lever.")
    ] = None,
    grade: Annotated[
        str | None, typer.Option(help="Only these: A, B, C, assumption or definition.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with sources.")] = False,
) -> None:
    """Show the table of parameters.

    Each has a default, a plausible range, a unit, a role, the grade of its evidence and a meaning.
    Free parameters also have their calibrated number, and the grades of the targets that narrowed
    it. Sources are in the JSON, and in the description of the model ('codose odd'); 'codose
    glossary' explains the words.

    \b
    Examples:
      codose parameters --role free
      codose parameters --grade assumption --json
    """
    from sim.core.parameters import rows
    from sim.studies.calibrated import calibrated

    chosen = rows(role=role, grade=grade)
    fitted = calibrated()
    numbers = {} if fitted is None else fitted.numbers
    if as_json:
        shell.write_json(
            [
                row.as_dict()
                | {"calibrated": numbers[row.name].as_dict() if row.name in numbers else None}
                for row in chosen
            ]
        )
        return
    table = shell.new_table(
        [("name", "left"), ("default", "right"), ("range", "left"), ("calibrated", "left"),
         ("from", "left"), ("unit", "left"), ("role", "left"), ("grade", "left"),
         ("meaning", "text")]
    )  # fmt: skip
    for row in chosen:
        plausible = row.range_text if row.low is not None else "-"
        one = numbers.get(row.name)
        table.add_row(
            row.name, f"{row.default:.4g}", plausible, "-" if one is None else one.text,
            "-" if one is None else one.grades or "range", row.unit, row.role, row.grade,
            row.meaning,
        )  # fmt: skip
    shell.write_table(table)
    if fitted is not None and any(row.name in numbers for row in chosen):
        shell.remark(
            f"Calibrated: mean (5-95 %) of the plausible sets, {fitted.constrained_by}. From: "
            "grades of the targets that narrowed it (A same setting, B and C borrowed), or the "
            "range where nothing did. The numbers are fitted, not validated."
        )


def outcomes(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a run reports, with units.

    'codose glossary' explains the words.

    \b
    Examples:
      codose outcomes
      codose outcomes --json
    """
    from sim.core.outcomes import OUTCOMES

    if as_json:
        keys = ("name", "unit", "meaning", "kind", "overall", "low", "high", "better")
        shell.write_json([{key: getattr(one, key) for key in keys} for one in OUTCOMES.values()])
        return
    table = shell.new_table(
        [*((name, "left") for name in ("name", "unit", "kind", "better")), ("meaning", "text")]
    )
    for one in OUTCOMES.values():
        table.add_row(one.name, one.unit, one.kind, one.better, one.meaning)
    shell.write_table(table)


def schema(
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default="scenario files",
            help="Of study files of this kind; plans: of plans files; map, survey-map: of maps of "
            "'codose import'.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace that file.")] = False,
) -> None:
    """Print the JSON schema of scenario files, or of study files.

    Editors that know YAML complete and check with it while you type.

    \b
    Examples:
      codose schema
      codose schema --out scenario.schema.json
      codose schema --kind sensitivity --out sensitivity.schema.json
    """
    import json

    where = "sim.scenario.scenario" if kind is None else SCHEMAS.get(kind)
    if where is not None:
        made = importlib.import_module(where).json_schema()
    elif kind == "plans":
        from sim.scenario import plans_file, scenario

        made = plans_file.json_schema(scenario.json_schema())
    else:
        from sim.studies.kind import StudyKind

        made = StudyKind.of(str(kind)).schema
    if out is None:
        shell.write_json(made)
        return
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    shell.write_file(out, text, force=force)
    shell.remark(f"written: {out}")


def verify(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A result folder.", autocompletion=completion.folders),
    ],
    sample: Annotated[
        int | None,
        typer.Option(min=1, show_default="all of them", help="Make only so many runs again."),
    ] = None,
    second_seed: Annotated[
        int | None,
        typer.Option(
            "--second-seed",
            min=0,
            metavar="SEED",
            show_default="none",
            help="Ask the study with this seed instead; has what converged held?",
        ),
    ] = None,
    threads: options.Threads = None,
    time_limit: options.TimeLimit = None,
    memory_limit: options.MemoryLimit = None,
    yes: options.Yes = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no progress on stderr.")
    ] = False,
) -> None:
    """Make results again: are they the same?

    Every table is made again and compared, every figure drawn again; the answer lists them. With
    --sample, where a kind offers it, only so many runs (of a calibration: settings). With
    --second-seed a sensitivity study is asked with another seed: which converged indices moved
    beyond their tolerance? With --sample, of so many base samples.

    \b
    Examples:
      codose verify results/source
      codose verify results/source --sample 10
      codose verify results/calibrate --sample 200
      codose verify results/sobol --second-seed 2
    """
    from sim.runs.execute import Execution
    from sim.studies import verify as verifying

    with shell.progress_bar(f"verifying {folder}", quiet=quiet) as progress:
        execution = Execution(
            threads=threads, progress=progress, time_limit=time_limit, memory_limit=memory_limit,
            agree=shell.asking(yes=yes, quiet=quiet),
        )  # fmt: skip
        report: verifying.Verification | verifying.SecondSeed
        if second_seed is None:
            report = verifying.verify(folder, execution, sample=sample)
        else:
            report = verifying.second_seed(folder, second_seed, execution, sample=sample)
    typer.echo(str(report))
    if not report.ok:
        raise typer.Exit(shell.FAILED)


def odd(
    write: Annotated[
        Path | None, typer.Option(help="Write it to this file, replacing what is there.")
    ] = None,
) -> None:
    """Print the description of the model (ODD).

    Its tables are made from the code. Equations are plain text here, and TeX in a file.

    \b
    Examples:
      codose odd | less
      codose odd --write docs/ODD.md
    """
    from sim.studies import odd as description

    if write is None:
        typer.echo(description.odd_text(), nl=False)
        return
    shell.write_file(write, description.odd_text(typeset=True), force=True)
    shell.remark(f"written: {write}")
