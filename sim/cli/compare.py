"""``codose compare``: two or more scenarios on the same people, luck and plausible sets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import drawing, planner, shell
from sim.cli.run import RESULTS
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.study.comparison import Comparison

READING = (
    "difference: of the means, run by run on the same people and luck; 90 % of sets: what "
    "plausible parameters leave open, luck averaged out; higher in: share of sets; mean +-: 90 % "
    "confidence interval of the difference, because only so many sets were run; unpaired +-: the "
    "same, had each scenario been run on sets and luck of its own; worth: how many times as many "
    "runs that would have taken; luck: its share in the spread of a single run's difference; "
    "settled: the mean is known not to be 0, or to within the margin."
)


def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C ...]",
            help="Scenario files, or names of shipped ones; A is compared to.",
        ),
    ],
    sets: planner.Sets = 50,
    replicates: planner.Replicates = 4,
    seed: planner.Seed = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome", show_default="six headlines", help="What to compare; repeatable."
        ),
    ] = None,
    gains: Annotated[
        bool,
        typer.Option(
            "--gains", help="Compare gains against no TA: for scenarios of other regions."
        ),
    ] = False,
    margin: Annotated[
        float,
        typer.Option(help="A difference that would not matter, as a share of an outcome's range."),
    ] = 0.01,
    stopping_now: Annotated[
        bool,
        typer.Option(
            "--stopping-now",
            help="Compare with TA that ends with the contact log of the first scenario.",
        ),
    ] = False,
    changes: planner.Changes = None,
    out: Annotated[
        Path | None,
        typer.Option(show_default="results/compare-A-B", help="Folder for results and figures."),
    ] = None,
    force: planner.Force = False,
    as_json: planner.AsJson = False,
    figures: drawing.Figures = "png",
    no_figures: drawing.NoFigures = False,
    quiet: planner.Quiet = False,
) -> None:
    """Compare scenarios: what differs, how surely, at what cost.

    All scenarios run on the same people, the same luck and the same plausible parameter sets; the
    answer says which sets those are. The rest of the table is in the folder.

    \b
    Examples:
      codose compare light_touch source
      codose compare source my.yaml --sets 200 --out results/mine
      codose compare source planning --gains
      codose compare centre_log --stopping-now
    """
    draw = drawing.of("compare_plots", figures, no_figures)
    if len(scenarios) < 2 and not stopping_now:
        raise InputError(Problem("nothing to compare with", "scenarios", allowed="2 or more"))
    loaded = [planner.load(name, changes or []) for name in scenarios]
    if stopping_now:
        loaded.insert(0, (_stopped(loaded[0][0]), "stopping_now"))
    names = [name for _, name in loaded]
    folder = out if out is not None else RESULTS / f"compare-{'-'.join(names)}"
    shell.check_result_folder(folder, force=force)
    from sim.outcomes import HEADLINES
    from sim.runs.execute import Execution
    from sim.study.comparison import compare as run

    label = f"{' against '.join(reversed(names))}: {sets} sets x {replicates} replicates"
    with shell.progress_bar(label, quiet=quiet) as progress:
        found = run(
            [scenario for scenario, _ in loaded],
            sets=sets,
            replicates=replicates,
            seed=seed,
            outcomes=outcome or HEADLINES,
            gains=gains,
            margin=margin,
            labels=names,
            execution=Execution(progress=progress),
        )
    found.save(folder, force=force, command=planner.command_line(
        ["codose", "compare", *scenarios],
        {
            "--sets": sets, "--replicates": replicates, "--seed": seed, "--outcome": outcome,
            "--gains": gains, "--stopping-now": stopping_now,
            "--margin": None if margin == 0.01 else margin, "--set": changes,
        },
    ))  # fmt: skip
    if draw is not None:
        draw(found, folder / "figures")
    if as_json:
        shell.write_json(record(found, folder))
    else:
        print_comparison(found)
    planner.closing_remark(folder, figures=draw is not None, quiet=quiet)


def _stopped(scenario: Scenario) -> Scenario:
    """The scenario without what goes on after its log."""
    if scenario.contact_log is None or not scenario.dosage:
        raise InputError(
            Problem(
                f"{scenario.name!r} has no dosage that goes on after a contact log",
                "--stopping-now",
                allowed="a scenario with contact_log and dosage; without a log compare with no_ta",
            )
        )
    return scenario.stopping_now()


# --- as people read it -------------------------------------------------------------------------


def print_comparison(found: Comparison) -> None:
    """The answer in words, then the tables."""
    typer.echo(shell.paragraph(found.answer()))
    typer.echo("")
    for one in found.differs:
        typer.echo(shell.paragraph(f"differs: {one.field}"))
        for label, value in zip(found.labels, one.values, strict=True):
            lines = shell.paragraph(f"{label}: {value}").splitlines()
            typer.echo("\n".join(f"  {'  ' if i else ''}{line}" for i, line in enumerate(lines)))
    if not found.differs:
        typer.echo("The scenarios differ in nothing.")
    typer.echo("")
    _print_verdicts(found)
    table = found.differences()
    for other in found.labels[1:]:
        for point in found.points:
            rows = table[(table["b"] == other) & (table["point"] == point)]
            typer.echo("")
            typer.echo(_heading(found, other, point, rows.iloc[0]))
            _print_differences(found, rows.to_dict("records"))
    typer.echo("")
    _print_efforts(found)
    typer.echo("")
    typer.echo(shell.paragraph(READING))


def _print_verdicts(found: Comparison) -> None:
    """One row a scenario, the first included."""
    table = shell.new_table(
        [
            ("end of TA", "left"),
            *((name.replace("_", " "), "left") for name in found.outcomes),
            ("planned cost", "right"),
            ("of the centre", "right"),
            ("of the regions", "right"),
            ("runs", "right"),
        ]
    )
    for row in found.verdicts().to_dict("records"):
        table.add_row(
            row["scenario"],
            *(row[f"{name}_verdict"] for name in found.outcomes),
            *(f"{row[f'planned_cost{part}']:,.0f}" for part in ("", "_centre", "_regions")),
            f"{row['runs']:,} of {row['of_runs']:,}",
        )
    shell.write_table(table)


def _heading(found: Comparison, other: str, point: str, row: Any) -> str:
    what = "gains against no TA, " if found.gains else ""
    weeks = sorted({int(row["week_a"]), int(row["week_b"])})
    when = "end of TA" if point == "end_of_ta" else "common horizon"
    joined = " and ".join(map(str, weeks))
    return f"{other} against {found.labels[0]}: {what}{when} (week {joined})"


def _print_differences(found: Comparison, rows: list[dict[Any, Any]]) -> None:
    from sim.present.format import interval, number, percent, signed
    from sim.study._compare_words import needed

    table = shell.new_table(
        [
            ("\noutcome", "left"),
            (f"\n{found.labels[0]}", "right"),
            (f"\n{rows[0]['b']}", "right"),
            ("\ndifference", "right"),
            ("90 % of\nsets", "left"),
            ("higher\nin", "right"),
            ("mean\n+-", "right"),
            ("unpaired\n+-", "right"),
            ("pairing\nworth", "right"),
            ("\nluck", "right"),
            ("\nsettled", "left"),
        ]
    )
    for row in rows:
        settled = "yes" if row["settled"] else f"no: {needed(row['sets_needed'])} sets"
        table.add_row(
            row["outcome"].replace("_", " "),
            number(row["mean_a"]),
            number(row["mean_b"]),
            signed(row["mean"]),
            interval(row["low"], row["high"], signed, narrow=True),
            percent(row["p_beats"]) if row["mean"] or row["low"] or row["high"] else "equal",
            number(row["mean_high"] - row["mean"]),
            number(row["unpaired_high"] - row["mean"]),
            _times(row["pairing"]),
            percent(row["luck_share"]),
            settled if not math.isnan(row["mean"]) else "-",
        )
    shell.write_table(table)


def _times(value: float) -> str:
    from sim.present.format import EMPTY, number

    if math.isnan(value):
        return EMPTY
    return "all" if math.isinf(value) else f"{number(value)} x"


def _print_efforts(found: Comparison) -> None:
    """What each takes, and what it brings."""
    from sim.present.format import interval, money, number, signed

    costs: Any = found.costs().set_index(["scenario", "item"])
    gains: Any = found.efficiency().set_index(["scenario", "outcome"])
    table = shell.new_table(
        [(f"up to week {found.horizon}, mean", "left"), *((name, "right") for name in found.labels)]
    )
    for item, words in (
        ("contacts_held", "contacts held"),
        ("provider_hours", "provider hours"),
        ("contact_hours", "  in contact"),
        ("preparation_hours", "  preparing"),
        ("travel_hours", "  travelling"),
        ("staff_hours", "staff hours"),
        ("cost", "expected spend (own prices)"),
    ):
        values = [float(costs.at[(name, item), "mean"]) for name in found.labels]
        table.add_row(
            words, *(money(value) if item == "cost" else number(value) for value in values)
        )
    weekly = [float(costs.at[(name, "provider_hours"), "per_region_week"]) for name in found.labels]
    table.add_row("provider hours a region and week of TA", *map(number, weekly))
    for outcome in dict.fromkeys(key[1] for key in gains.index):
        shown = []
        for name in found.labels:
            row: Any = gains.loc[(name, outcome)]
            middle = float(row["per_100_hours"])
            ends = interval(float(row["low"]), float(row["high"]), signed, narrow=True)
            shown.append("-" if math.isnan(middle) else f"{signed(middle)} ({ends})")
        words = outcome.replace("_", " ")
        table.add_row(f"{words} gained for 100 provider hours", *shown)
    shell.write_table(table)


def record(found: Comparison, folder: Path) -> dict[str, Any]:
    """The answer of ``codose compare --json``."""
    return {
        "answer": found.answer(),
        "scenarios": [
            {"label": arm.label, "name": arm.scenario.name, "digest": arm.scenario.digest()}
            for arm in found.arms
        ],
        "differs": [{"field": one.field, "values": list(one.values)} for one in found.differs],
        "notes": list(found.notes),
        "plausible": found.plausible.source,
        "sets": len(found.plausible),
        "replicates": found.replicates,
        "seed": found.seed,
        "gains": found.gains,
        "results": str(folder),
        "verdicts": found.verdicts().to_dict("records"),
        "differences": found.differences().to_dict("records"),
        "levels": found.levels().to_dict("records"),
        "costs": found.costs().to_dict("records"),
        "efficiency": found.efficiency().to_dict("records"),
        "drivers": found.drivers().to_dict("records"),
    }
