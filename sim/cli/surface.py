"""``codose surface``: outcomes over how often x how long, freely or within a budget."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import drawing, planner, shell
from sim.cli.run import RESULTS

if TYPE_CHECKING:
    import pandas as pd

    from sim.study.surface import Surface


def surface(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO", help="Path of a scenario file, or name of a shipped one."
        ),
    ],
    provider_hours: Annotated[
        float | None,
        typer.Option(
            help="Budget: provider hours a week of TA and region, with preparation and travel."
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="OUTCOME=LEVEL",
            show_default="what the scenario's own dosage reaches",
            help="Draw where it is met; repeatable.",
        ),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(metavar="WEEKS,...", show_default="1 to 52", help="Weeks between contacts."),
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option(metavar="HOURS,...", show_default="0.5 to 10", help="Hours per contact."),
    ] = None,
    co_creation: Annotated[
        str | None, typer.Option(metavar="0..1,...", help="Planned co-creation: a map for each.")
    ] = None,
    months: Annotated[
        str | None, typer.Option(metavar="N,...", help="Months of TA: a map for each.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option(metavar="MODE,...", help="onsite, video, phone, email.")
    ] = None,
    sites: Annotated[
        str | None, typer.Option(metavar="N,...", help="Regions a provider: a map for each.")
    ] = None,
    keep_others: Annotated[
        bool, typer.Option("--keep-others", help="Keep the scenario's other contact series.")
    ] = False,
    sets: planner.Sets = 25,
    replicates: planner.Replicates = 4,
    seed: planner.Seed = None,
    changes: planner.Changes = None,
    out: Annotated[
        Path | None,
        typer.Option(
            show_default="results/surface-SCENARIO", help="Folder for results and figures."
        ),
    ] = None,
    force: planner.Force = False,
    as_json: planner.AsJson = False,
    figures: drawing.Figures = "png",
    no_figures: drawing.NoFigures = False,
    quiet: planner.Quiet = False,
) -> None:
    """Map outcomes over frequency and hours per contact.

    In every cell one scheduled series, like the scenario's most frequent one, takes the place of
    its dosage. With a budget, cells that cost more are empty, and the hours per contact that the
    budget just pays for are worked out for each frequency.

    \b
    Examples:
      codose surface source
      codose surface source --provider-hours 2
      codose surface source --target capacity=0.5 --target trust=0.55
      codose surface source --co-creation 0,0.5,1 --every 1,2,4,8,13 --hours 1,2,4
    """
    draw = drawing.of("surface_plots", figures, no_figures)
    plan, name = planner.load(scenario, changes or [])
    folder = out if out is not None else RESULTS / f"surface-{name}"
    shell.check_result_folder(folder, force=force)
    from sim.runs.execute import Execution
    from sim.study import surface as study

    site_counts = planner.numbers("sites", sites)
    settings: dict[str, Any] = {
        "every_weeks": planner.numbers("every", every) or study.EVERY_WEEKS,
        "hours": planner.numbers("hours", hours) or study.HOURS,
        "co_creation": planner.numbers("co-creation", co_creation),
        "months": planner.numbers("months", months),
        "mode": None if mode is None else [part.strip() for part in mode.split(",")],
        "sites": site_counts,
        "targets": planner.targets(target),
    }
    with shell.progress_bar(f"{name}: {sets} sets x {replicates} a cell", quiet=quiet) as progress:
        found = study.surface(
            plan,
            provider_hours=provider_hours,
            keep_others=keep_others,
            sets=sets,
            replicates=replicates,
            seed=seed,
            label=name,
            execution=Execution(progress=progress),
            **settings,
        )
    found.save(folder, force=force, command=planner.command_line(
        ["codose", "surface", scenario],
        {
            "--provider-hours": provider_hours, "--target": target, "--every": every,
            "--hours": hours, "--co-creation": co_creation, "--months": months, "--mode": mode,
            "--sites": sites, "--keep-others": keep_others, "--sets": sets,
            "--replicates": replicates, "--seed": seed, "--set": changes,
        },
    ))  # fmt: skip
    if draw is not None:
        draw(found, folder / "figures")
    if as_json:
        shell.write_json(record(found, folder))
    else:
        print_surface(found)
    planner.closing_remark(folder, figures=draw is not None, quiet=quiet)


# --- as people read it -------------------------------------------------------------------------


def print_surface(found: Surface) -> None:
    """The answer in words, then a map in figures, then the budget line."""
    from sim.study._surfaced import head_outcome

    typer.echo(shell.paragraph(found.answer()))
    head = head_outcome(found)
    frame = found.frame()
    for facet in found.facets:
        typer.echo("")
        _print_map(found, frame, facet, head)
    if any(cell.on_budget_line for cell in found.cells):
        typer.echo("")
        _print_line(found, frame)
    typer.echo("")
    typer.echo(
        shell.paragraph(
            "Means at the end of TA over all runs. * at least 80 % of the runs reach "
            f"{'the target' if found.targets else 'what the own dosage does'}; - more than the "
            "budget. All outcomes, with their bands, are in the folder "
            "(surface.csv) and in the figures."
        )
    )


def _print_map(
    found: Surface, frame: pd.DataFrame, facet: tuple[object, ...], outcome: str
) -> None:
    from sim.present.format import number
    from sim.study.surface import SURE

    frame = frame[frame["outcome"] == outcome]
    cells = {
        (cell.every_weeks, cell.hours): place
        for place, cell in enumerate(found.cells)
        if cell.facet == facet and not cell.on_budget_line
    }
    means = dict(zip(frame["cell"], frame["mean"], strict=True))
    sure = dict(zip(frame["cell"], frame["p_target"], strict=True))
    words = ", ".join(
        f"{axis.replace('_', '-')} {value}"
        for axis, value in zip(("co_creation", "months", "mode", "sites"), facet, strict=True)
        if value is not None
    )
    typer.echo(f"{outcome.replace('_', ' ')}{f', {words}' if words else ''}")
    weeks = sorted({every for every, _ in cells})
    table = shell.new_table(
        [("hours per contact", "left"), *((f"{week:g} wk", "right") for week in weeks)]
    )
    for length in sorted({length for _, length in cells}, reverse=True):
        row = []
        for week in weeks:
            place = cells[week, length]
            star = "*" if sure[place] >= SURE else " "
            shown = means[place]
            row.append("- " if math.isnan(shown) else f"{number(shown)}{star}")
        table.add_row(f"{length:g}", *row)
    shell.write_table(table)


def _print_line(found: Surface, frame: pd.DataFrame) -> None:
    from sim.present.format import number

    frame = frame[frame["on_budget_line"]]
    typer.echo(f"{found.provider_hours:g} provider hours a week and region: what they pay for")
    table = shell.new_table(
        [
            ("\nevery", "right"),
            ("hours per\ncontact", "right"),
            *((f"\n{name.replace('_', ' ')}", "right") for name in found.outcomes),
            ("hours\nspent", "right"),
            ("\n", "left"),
        ]
    )
    many = len(found.facets) > 1
    for place, rows in frame.groupby("cell", sort=True):
        cell = found.cells[int(place)]  # type: ignore[arg-type]
        by_name = rows.set_index("outcome")["mean"]
        where = ", ".join(str(value) for value in cell.facet if value is not None)
        table.add_row(
            f"{cell.every_weeks:g} wk",
            number(cell.hours),
            *(number(float(by_name[name])) for name in found.outcomes),
            number(cell.planned_hours),
            where if many else "",
        )
    shell.write_table(table)


def record(found: Surface, folder: Path) -> dict[str, Any]:
    """The answer of ``codose surface --json``."""
    frame = found.frame()
    return {
        "answer": found.answer(),
        "varied": found.varied(),
        "scenario": found.scenario.name,
        "digest": found.scenario.digest(),
        "plausible": found.plausible.source,
        "sets": len(found.plausible),
        "replicates": found.replicates,
        "seed": found.seed,
        "provider_hours": found.provider_hours,
        "targets": dict(found.targets),
        "results": str(folder),
        "cells": frame.astype(object).where(frame.notna(), None).to_dict("records"),
    }
