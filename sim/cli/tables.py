"""The answer of a run as people read it, and as programs do."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sim.cli import shell
from sim.present.format import count, hours, interval, money, number, signed

if TYPE_CHECKING:
    from sim.results import Runs

BAND = (
    "5-95 %: nine in ten runs lie there. That is luck alone (other people, other dice), not what "
    "we do not know about the parameters. What if, not forecast."
)
SETS_BAND = (
    "5-95 %: nine in ten runs lie there, luck and what plausible parameters leave open together. "
    "It rests on {count} {source}. What if, not forecast."
)
ONE_SET = "Run with one set of values; --sets 50 runs over {source}."
WEEKS_A_MONTH = 52 / 12

Look = Callable[[str, str, str], float]
"""``look(outcome, point, column)`` of a summary; NaN where there is none."""


def looking_up(runs: Runs) -> Look:
    """A function that finds single numbers of the overall summary."""
    frame = runs.summary().set_index(["outcome", "point"])

    def look(outcome: str, point: str, column: str) -> float:
        try:
            return float(frame.at[(outcome, point), column])  # type: ignore[arg-type]
        except KeyError:
            return math.nan

    return look


def print_run(runs: Runs) -> None:
    """The headline outcomes, what was delivered, and how to read both, on stdout."""
    scenario = runs.scenario
    typer.echo(scenario.name)
    if scenario.question:
        typer.echo(shell.paragraph(scenario.question))
    counted = len(runs) - len(runs.failures)
    end = f"TA ends in week {scenario.end_of_ta}" if scenario.has_ta else "no TA"
    typer.echo(f"{count(counted, 'run')}, {end}, horizon week {scenario.horizon_weeks}\n")
    look = looking_up(runs)
    _print_outcomes(runs, look)
    typer.echo("")
    _print_delivered(runs, look)
    typer.echo("")
    typer.echo(shell.paragraph(_reading(runs)))


def _print_outcomes(runs: Runs, look: Look) -> None:
    from sim.outcomes import HEADLINES

    table = shell.new_table(
        [
            ("\noutcome", "left"),
            ("\nstart", "right"),
            ("end\nof TA", "right"),
            ("\n5-95 %", "left"),
            ("\nhorizon", "right"),
            ("\neffect", "right"),
            ("\n5-95 %", "left"),
            ("\nlasting", "right"),
        ]
    )
    for name in HEADLINES:
        end = [look(name, "end_of_ta", column) for column in ("mean", "p05", "p95")]
        effect = [look(name, "end_of_ta", f"effect_{part}") for part in ("mean", "p05", "p95")]
        if not runs.scenario.has_ta:
            effect = [math.nan] * 3
        table.add_row(
            name.replace("_", " "),
            number(look(name, "start", "mean")),
            number(end[0]),
            interval(end[1], end[2], narrow=True),
            number(look(name, "horizon", "mean")),
            signed(effect[0]),
            interval(effect[1], effect[2], signed, narrow=True),
            signed(look(name, "persistence", "mean")),
        )
    shell.write_table(table)


def _print_delivered(runs: Runs, look: Look) -> None:
    """Contacts, hours and cost up to the horizon, over all regions."""
    scenario = runs.scenario

    def total(name: str) -> float:
        return look(name, "horizon", "mean")

    region_months = len(scenario.region_names) * scenario.end_of_ta / WEEKS_A_MONTH
    planned, held = total("contacts_planned"), total("contacts_held")
    rate = (
        f"{number(planned / region_months)} and {number(held / region_months)} a region and month"
    )
    rates = scenario.costs
    prices = (
        f"at {money(rates.provider_hour)} a provider hour, {money(rates.staff_hour)} a staff hour, "
        f"{money(rates.travel_visit)} a visit"
    )
    table = shell.new_table([("delivered", "left"), ("mean of the runs", "text")])
    table.add_row("contacts", f"{number(planned)} planned, {number(held)} held ({rate} of TA)")
    table.add_row(
        "provider hours",
        f"{hours(total('provider_hours'))}: contact {number(total('contact_hours'))}, preparation "
        f"{number(total('preparation_hours'))}, travel {number(total('travel_hours'))}",
    )
    table.add_row("staff hours", f"{hours(total('staff_hours'))} in contacts")
    table.add_row("cost", f"{money(total('cost'))} ({prices})")
    shell.write_table(table)


def _reading(runs: Runs) -> str:
    """What the columns mean."""
    text = "effect: against the same people and luck without TA, at the end of TA."
    if runs.scenario.horizon_weeks >= runs.scenario.end_of_ta + 52:
        text += " lasting: change in the year after it."
    return f"{text} {note(runs)}"


def note(runs: Runs) -> str:
    """What the intervals hold, and what stands behind the parameters."""
    if runs.plausible:
        return SETS_BAND.format(count=len(runs.parameter_sets), source=runs.plausible)
    from sim.study.plausible import plausible_sets

    return f"{BAND} {ONE_SET.format(source=plausible_sets(2).source)}"


def run_record(runs: Runs, folder: Path) -> dict[str, Any]:
    """The answer of ``codose run --json``."""
    scenario = runs.scenario
    return {
        "scenario": scenario.name,
        "digest": scenario.digest(),
        "regions": list(scenario.region_names),
        "replicates": runs.replicates,
        "runs": len(runs),
        "failed": len(runs.failures),
        "seed": runs.seed,
        "engine": runs.engine,
        "parameters": {} if runs.plausible else runs.parameter_sets[0].changed(),
        "end_of_ta": scenario.end_of_ta if scenario.has_ta else None,
        "horizon_weeks": scenario.horizon_weeks,
        "results": str(folder),
        "note": note(runs),
        **(
            {"plausible": runs.plausible, "sets": len(runs.parameter_sets)}
            if runs.plausible
            else {}
        ),
        "provenance": runs.provenance,
        "summary": runs.summary().to_dict("records"),
    }
