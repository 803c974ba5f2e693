"""The dosage map: how far an outcome gets over how often x how long, and the cheapest that meets a
target. Worked out in the background, with progress; sliders go on answering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.outcomes import INDEX
from sim.runs.execute import Execution, execute
from sim.runs.plan import RunPlan, common
from sim.scenario import Scenario
from sim.study.plausible import plausible_sets
from sim.study.surface import SURE, Cell, Surface, surface
from sim.view import hover_plan
from sim.view.style import words
from sim.web.answer import person_weeks
from sim.web.desk import LARGEST_LONG, Job, check_size
from sim.web.levers import Changes, a_month, rhythm
from sim.web.parts import text
from sim.web.plan_words import share, whole

EVERY: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 13, 26)
HOURS: tuple[float, ...] = (0.5, 1, 1.5, 2, 3, 4, 6, 8)
MODES = ("onsite", "video", "phone")
MODE_WORDS = {"onsite": "Visits on site", "video": "Video", "phone": "Phone"}
RUNS = ((15, 2), (10, 1), (5, 1))
"""(sets, replicates) of a cell: the first that the cap allows."""
CHECKS = ((40, 4), (20, 2), (10, 1))
"""The same for a cell that looks like the cheapest: on fresh luck, and more of it."""
FRESH = 100_000
"""First replicate of the checks."""
NEAR, MOST_CHECKED = 0.1, 6
"""Cells this little below sure enough are checked too; so many of a mode, from the cheapest on."""


@dataclass(frozen=True, slots=True)
class Cheapest:
    """The cheapest dosage of a mode that meets the target in at least 8 of 10 runs.

    ``cost`` and ``chance`` are means of ``runs`` runs with luck of their own: among many cells the
    best looks better than it is.
    """

    cell: Cell
    cost: float
    chance: float
    runs: int


@dataclass(frozen=True, slots=True, eq=False)
class DosageMap:
    """A worked-out map, for every mode.

    Attributes:
        found: the surface.
        outcome, target: what was asked.
        contacts_a_month: (columns,) ascending.
        level, chance, cost: mode -> (hours, columns).
        here: contacts a month and hours of the plan's main series.
        best: mode -> its cheapest; a mode may have none.
    """

    found: Surface
    outcome: str
    target: float
    contacts_a_month: tuple[float, ...]
    level: dict[str, np.ndarray]
    chance: dict[str, np.ndarray]
    cost: dict[str, np.ndarray]
    here: tuple[float, float]
    best: dict[str, Cheapest]


def _affordable(size: float, wished: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return next((r for r in wished if size * r[0] * r[1] <= LARGEST_LONG), wished[-1])


def price(scenario: Scenario) -> float:
    """Person-weeks of a map, checks included.

    Raises:
        TooMuch: the plan is too large for a page.
    """
    grid = person_weeks(scenario) * len(EVERY) * len(HOURS) * len(MODES)
    checks = person_weeks(scenario) * MOST_CHECKED * len(MODES)
    sets, each = _affordable(grid, RUNS)
    check_size(grid * sets * each, LARGEST_LONG)
    more, again = _affordable(checks, CHECKS)
    return min(LARGEST_LONG, grid * sets * each + checks * more * again)


def work_out(scenario: Scenario, outcome: str, target: float, job: Job) -> DosageMap:
    """Run the map, and check what looks cheapest on it.

    Raises:
        InputError: no contact series to vary, or too large a plan.
        Stopped: the visitor cancelled it.
    """
    price(scenario)
    size = person_weeks(scenario)
    sets, each = _affordable(size * len(EVERY) * len(HOURS) * len(MODES), RUNS)
    checks = _affordable(size * MOST_CHECKED * len(MODES), CHECKS)
    later = checks[0] * checks[1] * MOST_CHECKED * len(MODES)
    found = surface(
        scenario, every_weeks=EVERY, hours=HOURS, mode=MODES, targets={outcome: target},
        outcomes=(outcome,), sets=sets, replicates=each,
        execution=Execution(
            threads=1, progress=lambda done, total: job.progress(done, total + later)
        ),
    )  # fmt: skip
    chance = found.target_met(outcome)
    assert chance is not None
    columns = sorted(EVERY, reverse=True)
    grids: tuple[dict[str, np.ndarray], ...] = ({}, {}, {})
    for mode in MODES:
        for grid in grids:
            grid[mode] = np.full((len(HOURS), len(columns)), np.nan)
    candidates: dict[str, list[tuple[float, Cell]]] = {mode: [] for mode in MODES}
    for place, cell in enumerate(found.cells):
        at = HOURS.index(cell.hours), columns.index(int(cell.every_weeks))
        mode = str(cell.mode)
        cost = float(np.nanmean(found.values[place][..., INDEX["cost"]]))
        grids[0][mode][at] = float(np.nanmean(found.values[place][..., INDEX[outcome]]))
        grids[1][mode][at] = chance[place]
        grids[2][mode][at] = cost
        if chance[place] >= SURE - NEAR:
            candidates[mode].append((cost, cell))
    best = {}
    for number, mode in enumerate(MODES):
        job.progress(job.total - later + number * later // len(MODES), job.total)
        cheapest = _cheapest(found, sorted(candidates[mode], key=lambda one: one[0]), checks, job)
        if cheapest is not None:
            best[mode] = cheapest
    return DosageMap(
        found, outcome, target, tuple(a_month(weeks) for weeks in columns), *grids,
        (a_month(found.series.every_weeks), found.series.hours), best,
    )  # fmt: skip


def _cheapest(
    found: Surface, candidates: Sequence[tuple[float, Cell]], checks: tuple[int, int], job: Job
) -> Cheapest | None:
    """The first of the candidates, from the cheapest on, that is sure enough on fresh luck."""
    outcome, target = next(iter(found.targets.items()))
    sets, each = checks
    for _, cell in candidates[:MOST_CHECKED]:
        job.progress(job.done, job.total)  # stops here when it was cancelled
        scenario = found.scenario_of(cell)
        plausible = plausible_sets(sets).within(scenario)
        runs = common(scenario, plausible, each, [scenario.end_of_ta], first=FRESH)
        values = execute(RunPlan((runs,), found.seed), Execution(threads=1))
        chance = float((values.of(outcome) >= target).mean())
        if chance >= SURE:
            return Cheapest(cell, float(np.nanmean(values.of("cost"))), chance, sets * each)
    return None


def as_changes(found: DosageMap, cell: Cell) -> Changes:
    """The levers that make the plan of a cell."""
    series = found.found.series
    manner = (series.co_creation_start + series.co_creation_end) / 2
    common: Changes = {"co_creation": round(manner, 3), "taper": series.taper, "more": 0.0}
    if cell.mode == "onsite":
        return common | {
            "visits": a_month(cell.every_weeks),
            "visit_hours": cell.hours,
            "calls": 0.0,
        }
    return common | {
        "visits": 0.0, "calls": a_month(cell.every_weeks), "call_hours": cell.hours,
        "mode": str(cell.mode),
    }  # fmt: skip


# --- in words, for the page and the report --------------------------------------------------------


def figure(made: DosageMap, mode: str) -> hover_plan.Figure:
    """The map of one mode."""
    best = made.best.get(mode)
    return hover_plan.dosage_map(
        made.outcome, made.contacts_a_month, HOURS, made.level[mode], made.chance[mode],
        made.cost[mode], made.target, made.here, sure=SURE,
        best=None if best is None else (a_month(best.cell.every_weeks), best.cell.hours),
    )  # fmt: skip


def caption(made: DosageMap) -> str:
    """What the map shows."""
    return f"{words(made.outcome).capitalize()} when assistance ends <small>(0-1)</small>"


def legend(made: DosageMap, mode: str) -> str:
    """What the lines and marks of the map mean."""
    items = [
        ("target-line", f"reaches {made.target:.2f} on average"),
        ("sure-line", f"reaches {made.target:.2f} in about 8 of 10 runs"),
        ("ring", "main series of the plan"),
    ]
    if mode in made.best:
        items.append(("star", "cheapest that is sure enough"))
    return "".join(f"<li><i class='key {kind}'></i>{text(name)}</li>" for kind, name in items)


def cheapest_title(made: DosageMap) -> str:
    """Heading of the cheapest plans."""
    return f"Cheapest that reach {made.target:.2f} in at least 8 of 10 runs"


def by_cost(made: DosageMap) -> list[tuple[str, Cheapest]]:
    """The cheapest of every mode, the cheapest of all first."""
    return sorted(made.best.items(), key=lambda item: item[1].cost)


def cheapest_words(one: Cheapest) -> str:
    """A cheapest plan in a line."""
    return (
        f"{one.cell.hours:g} h {rhythm(a_month(one.cell.every_weeks))}, cost {whole(one.cost)}, "
        f"reached in {share(one.chance)} of {one.runs} fresh runs"
    )


def rests_on(made: DosageMap) -> str:
    """Which numbers the map rests on."""
    runs = len(made.found.plausible) * made.found.replicates
    return (
        f"{made.found.varied()} Rests on {runs} runs a cell over {len(made.found.plausible)} "
        f"{made.found.plausible.source}. What looks cheapest is run again with luck of its own "
        "before it is named. The best rhythm at a given cost rests on assumed hours of preparation "
        "and travel."
    )
