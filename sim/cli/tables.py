"""The answer of a run as people read it, and as programs do."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sim.cli import shell
from sim.core.units import months_of
from sim.present.format import hours, interval, money, number, signed

if TYPE_CHECKING:
    from sim.results import Runs

BAND = (
    "5-95 %: nine in ten runs lie there. That is luck alone (other people, other dice), not what "
    "we do not know about the parameters. What if, not forecast."
)
SETS_BAND = (
    "5-95 %: nine in ten runs lie there, luck and what plausible parameters leave open together; "
    "luck: its share in the variance of a single run at the end of TA. "
    "It rests on {count} {source}. What if, not forecast."
)
ONE_SET = "Run with fixed values; without --fixed it runs over {source}."
EMPTY = "-"

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
    of = f" of {len(runs):,}" if runs.failures else ""
    end = f"TA ends in week {scenario.end_of_ta}" if scenario.has_ta else "no TA"
    made = f"{counted:,}{of} run{'' if len(runs) == 1 else 's'}"
    typer.echo(f"{made}, {end}, horizon week {scenario.horizon_weeks}\n")
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
            *([("\nluck", "right")] if runs.plausible else []),
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
            *([_luck(name, look)] if runs.plausible else []),
            number(look(name, "horizon", "mean")),
            signed(effect[0]),
            interval(effect[1], effect[2], signed, narrow=True),
            signed(look(name, "persistence", "mean")),
        )
    shell.write_table(table)


def _luck(name: str, look: Look) -> str:
    """Share of luck in the variance of a single run, at the end of TA."""
    luck, sets = (look(name, "end_of_ta", f"sd_{part}") ** 2 for part in ("chance", "parameters"))
    if not luck + sets > 0:
        return EMPTY
    return f"{100 * luck / (luck + sets):.0f} %"


def _print_delivered(runs: Runs, look: Look) -> None:
    """Contacts, hours and cost up to the horizon, over all regions."""
    from sim.dosage import planned

    scenario = runs.scenario

    def total(name: str) -> float:
        return look(name, "horizon", "mean")

    region_months = len(scenario.region_names) * months_of(scenario.end_of_ta)
    due, held = total("contacts_planned"), total("contacts_held")
    rate = f"{number(due / region_months)} and {number(held / region_months)} a region and month"
    rates = scenario.costs
    prices = (
        f"at {money(rates.provider_hour)} a provider hour, {money(rates.staff_hour)} a staff hour, "
        f"{money(rates.travel_visit)} a visit"
    )
    table = shell.new_table([("delivered", "left"), ("mean of the runs", "text")])
    table.add_row("contacts", f"{number(due)} planned, {number(held)} held ({rate} of TA)")
    table.add_row(
        "provider hours",
        f"{hours(total('provider_hours'))}: contact {number(total('contact_hours'))}, preparation "
        f"{number(total('preparation_hours'))}, travel {number(total('travel_hours'))}",
    )
    table.add_row("staff hours", f"{hours(total('staff_hours'))} in contacts")
    table.add_row("expected spend", f"{money(total('cost'))} ({prices})")
    cost = planned(scenario)
    ahead = f"{money(cost.total.money)}: centre {money(cost.total.centre)}, regions "
    ahead += money(cost.total.regions)
    if cost.spent.contacts:
        ahead += f"; the contact log took {money(cost.spent.money)} before"
    table.add_row("planned cost", ahead)
    shell.write_table(table)


def _reading(runs: Runs) -> str:
    """What the columns mean."""
    from sim.outcomes import PERSISTENCE_WEEKS

    text = "effect: against the same people and luck without TA, at the end of TA."
    if runs.scenario.horizon_weeks >= runs.scenario.end_of_ta + PERSISTENCE_WEEKS:
        text += " lasting: change in the year after it."
    if runs.scenario.contact_log is not None and runs.scenario.dosage:
        text += (
            " The effect counts what the contact log holds too; what going on adds to stopping "
            "now, 'codose compare FILE --stopping-now' tells."
        )
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
