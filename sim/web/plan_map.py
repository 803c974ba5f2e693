"""The dosage map: how far an outcome gets over how often x how long, and the cheapest that meets a
target. Worked out in the background, with progress; sliders go on answering."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from nicegui import ui

from sim.errors import InputError
from sim.outcomes import INDEX
from sim.scenario import Scenario
from sim.study.surface import SURE, Cell, Surface, surface
from sim.view import hover_plan
from sim.view.style import words
from sim.web.answer import EFFECTS, person_weeks
from sim.web.desk import LARGEST_LONG, Job, check_size
from sim.web.levers import Changes, a_month, rhythm
from sim.web.parts import Choice, Lever, Tag, button, island, text
from sim.web.plan_words import share, whole
from sim.web.session import Session

EVERY: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 13, 26)
HOURS: tuple[float, ...] = (0.5, 1, 1.5, 2, 3, 4, 6, 8)
MODES = ("onsite", "video", "phone")
MODE_WORDS = {"onsite": "Visits on site", "video": "Video", "phone": "Phone"}
RUNS = ((15, 2), (10, 1), (5, 1))
"""(sets, replicates) of a cell: the first that the cap allows."""


@dataclass(frozen=True, slots=True, eq=False)
class DosageMap:
    """A worked-out map, for every mode.

    Attributes:
        found: the surface.
        outcome, target: what was asked.
        contacts_a_month: (columns,) ascending.
        level, chance, cost: mode -> (hours, columns).
        here: contacts a month and hours of the plan's main series.
    """

    found: Surface
    outcome: str
    target: float
    contacts_a_month: tuple[float, ...]
    level: dict[str, np.ndarray]
    chance: dict[str, np.ndarray]
    cost: dict[str, np.ndarray]
    here: tuple[float, float]


def work_out(scenario: Scenario, outcome: str, target: float, job: Job) -> DosageMap:
    """Run the map.

    Raises:
        InputError: no contact series to vary, or too large a plan.
        Stopped: the visitor cancelled it.
    """
    cells = len(EVERY) * len(HOURS) * len(MODES)
    size = person_weeks(scenario) * cells
    runs = next((r for r in RUNS if size * r[0] * r[1] <= LARGEST_LONG), RUNS[-1])
    check_size(size * runs[0] * runs[1], LARGEST_LONG)
    found = surface(
        scenario, every_weeks=EVERY, hours=HOURS, mode=MODES, targets={outcome: target},
        outcomes=(outcome,), sets=runs[0], replicates=runs[1], threads=1, progress=job.progress,
    )  # fmt: skip
    chance = found.target_met(outcome)
    assert chance is not None
    columns = sorted(EVERY, reverse=True)
    grids: tuple[dict[str, np.ndarray], ...] = ({}, {}, {})
    for mode in MODES:
        for grid in grids:
            grid[mode] = np.full((len(HOURS), len(columns)), np.nan)
    for place, cell in enumerate(found.cells):
        at = HOURS.index(cell.hours), columns.index(int(cell.every_weeks))
        mode = str(cell.mode)
        grids[0][mode][at] = float(np.nanmean(found.values[place][..., INDEX[outcome]]))
        grids[1][mode][at] = chance[place]
        grids[2][mode][at] = float(np.nanmean(found.values[place][..., INDEX["cost"]]))
    return DosageMap(
        found, outcome, target, tuple(a_month(weeks) for weeks in columns), *grids,
        (a_month(found.series.every_weeks), found.series.hours),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cheapest:
    """The cheapest plan of a mode that meets the target in at least 8 of 10 runs."""

    cell: Cell
    cost: float
    chance: float


def cheapest(found: DosageMap) -> dict[str, Cheapest]:
    """By mode, the cheapest dosage of the grid that is sure enough; a mode may have none."""
    best: dict[str, Cheapest] = {}
    columns = sorted(EVERY, reverse=True)
    for cell in found.found.cells:
        mode = str(cell.mode)
        at = HOURS.index(cell.hours), columns.index(int(cell.every_weeks))
        chance, cost = float(found.chance[mode][at]), float(found.cost[mode][at])
        if chance >= SURE and (mode not in best or cost < best[mode].cost):
            best[mode] = Cheapest(cell, cost, chance)
    return best


def as_changes(found: DosageMap, cell: Cell) -> Changes:
    """The levers that make the plan of a cell."""
    series = found.found.series
    manner = (series.co_creation_start + series.co_creation_end) / 2
    common: Changes = {"co_creation": round(manner, 3), "taper": series.taper}
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


class MapSection:
    """The section of the plan view."""

    def __init__(
        self,
        session: Session,
        scenario: Callable[[], Scenario],
        adopt: Callable[[Changes], Awaitable[None]],
    ) -> None:
        self.session, self.scenario, self.adopt = session, scenario, adopt
        self.outcome, self.target, self.mode = "capacity", 0.5, "video"
        self.job: Job | None = None
        self.made: DosageMap | None = None
        self._build()

    def _build(self) -> None:
        Tag("h2", "Dosage map and the cheapest plan for a target")
        Tag("p", "What would each rhythm and length of contact come to, and what is the least that "
            "surely reaches a target? Worked out in the background; the sliders stay free.",
            class_="lead")  # fmt: skip
        with Tag("div", class_="target no-print"):
            Choice("map-outcome", "Target for", [(n, words(n).capitalize()) for n in EFFECTS],
                   self.outcome, self._set_outcome)  # fmt: skip
            self.level = Lever("target", "Level to reach when assistance ends", "of 1",
                               (0.05, 0.95, 0.01), self.target, self._set_target)  # fmt: skip
            self.go = button("Work out the map", self.session.guard(self._begin), "main")
        with Tag("div", class_="row-of", role="status") as self.progress:
            self.bar = Tag("progress", max=1, value=0, aria_label="Progress of the map")
            self.said = Tag("span", class_="note")
            self.cancel = button("Cancel", self._cancel)
        self.progress.set_visibility(False)
        with Tag("div") as self.result:
            self.shown_mode = Choice("map-mode", "Contacts by", list(MODE_WORDS.items()),
                                     self.mode, self._set_mode)  # fmt: skip
            with Tag("figure", role="group") as self.figure:
                self.caption = island("", tag="figcaption")
                self.chart = ui.plotly({}).classes("map")
            self.note = island("", tag="p", class_="note")
            self.best = Tag("div")
        self.result.set_visibility(False)
        self.timer = ui.timer(0.25, self._look, active=False)

    async def _set_outcome(self, name: str) -> None:
        if name in EFFECTS:
            self.outcome = name

    async def _set_target(self, _: str, value: float) -> None:
        self.target = min(0.99, max(0.01, float(value)))

    async def _set_mode(self, mode: str) -> None:
        if mode in MODES and self.made is not None:
            self.mode = mode
            self._draw(self.made)

    async def _begin(self) -> None:
        scenario, outcome, target = self.scenario(), self.outcome, self.target
        if not scenario.dosage:
            raise InputError(
                "plan a contact first: the map varies how often it comes, and how long"
            )
        cells = len(EVERY) * len(HOURS) * len(MODES)
        self.session.visitor.spend(min(LARGEST_LONG, person_weeks(scenario) * cells * 30))
        self.job = self.session.desk.begin(
            self.session.visitor, lambda job: work_out(scenario, outcome, target, job)
        )
        self.progress.set_visibility(True)
        self.cancel.set_visibility(True)
        self.said.say("Waiting …")
        self.timer.activate()

    def _cancel(self) -> None:
        if self.job is not None:
            self.session.desk.cancel(self.job)

    def _look(self) -> None:
        """Follow the work, a few times a second, while there is any."""
        job = self.job
        if job is None or self.session.gone:
            self.timer.deactivate()
            return
        if job.state == "waiting":
            place = self.session.desk.position(job)
            self.said.say(f"In the queue: number {place}")
        elif job.state == "running":
            self.bar.put(value=job.done / job.total if job.total else 0)
            self.said.say(f"{job.done:,} of {job.total:,} runs" if job.total else "Beginning …")
        else:
            self.timer.deactivate()
            self._finish(job)

    def _finish(self, job: Job) -> None:
        self.cancel.set_visibility(False)
        self.bar.put(value=0)
        self.job = None
        if job.state == "done":
            self.progress.set_visibility(False)
            self.made = job.result
            self._draw(job.result)
        elif job.state == "cancelled":
            self.said.say("Cancelled; nothing was kept.")
        else:
            self.progress.set_visibility(False)
            self.session.failed(InputError(job.problem))

    def _draw(self, made: DosageMap) -> None:
        self.result.set_visibility(True)
        mode = self.mode
        self.shown_mode.put(mode)
        self.caption.set_content(
            f"{words(made.outcome).capitalize()} when assistance ends <small>(0-1); the line is "
            f"{made.target:.2f}, the ring the plan's most frequent contact</small>"
        )
        self.chart.update_figure(
            hover_plan.dosage_map(
                made.outcome, made.contacts_a_month, HOURS, made.level[mode], made.chance[mode],
                made.cost[mode], made.target, made.here,
            )
        )  # fmt: skip
        top = float(np.nanmax(made.level[mode]))
        self.figure.put(
            aria_label=f"Map of {words(made.outcome)} by {MODE_WORDS[mode].lower()}: from "
            f"{float(np.nanmin(made.level[mode])):.2f} to {top:.2f}, target {made.target:.2f}"
        )
        runs = len(made.found.plausible) * made.found.replicates
        self.note.set_content(
            text(
                f"{made.found.varied()} {runs} runs a cell over {len(made.found.plausible)} "
                f"{made.found.plausible.source}. The best rhythm at a given cost rests on "
                "assumed hours of preparation and travel."
            )
        )
        self._draw_best(made)

    def _draw_best(self, made: DosageMap) -> None:
        best = cheapest(made)
        self.best.clear()
        with self.best:
            Tag("h3", f"Cheapest that reach {made.target:.2f} in at least 8 of 10 runs")
            if not best:
                Tag("p", "None on this map is sure enough: choose a lower target, more months or "
                    "more co-creation.", class_="empty")  # fmt: skip
            for mode, one in sorted(best.items(), key=lambda item: item[1].cost):
                with Tag("div", class_="row-of"):
                    Tag("span", f"{MODE_WORDS[mode]}: {one.cell.hours:g} h "
                        f"{rhythm(a_month(one.cell.every_weeks))}, cost {whole(one.cost)}, reached "
                        f"in {share(one.chance)} of runs")  # fmt: skip
                    changes = as_changes(made, one.cell)
                    button("Use this plan", self.session.guard(_adopting(self.adopt, changes)),
                           aria_label=f"Use the cheapest plan by "
                                      f"{MODE_WORDS[mode].lower()}")  # fmt: skip


def _adopting(
    adopt: Callable[[Changes], Awaitable[None]], changes: Changes
) -> Callable[[], Awaitable[None]]:
    return lambda: adopt(changes)
