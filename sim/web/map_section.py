"""The part of the plan view with the dosage map: what is asked, how far it is, what came of it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import numpy as np
from nicegui import ui

from sim.errors import InputError
from sim.scenario import Scenario
from sim.view.style import words
from sim.web import plan_map
from sim.web.answer import EFFECTS
from sim.web.desk import Job
from sim.web.levers import Changes
from sim.web.parts import Choice, Lever, Tag, button, island, text
from sim.web.plan_map import MODE_WORDS, MODES, DosageMap
from sim.web.session import Session


class MapSection:
    """The section of the plan view."""

    def __init__(
        self,
        session: Session,
        scenario: Callable[[], Scenario],
        adopt: Callable[[Changes], Awaitable[None]],
        aimed: Callable[[], None],
        aim: str = "",
    ) -> None:
        self.session, self.scenario, self.adopt, self.aimed = session, scenario, adopt, aimed
        self.outcome, self.target, self.mode = _aim(aim)
        self.job: Job | None = None
        self.made: DosageMap | None = None
        self._build()

    @property
    def aim(self) -> str:
        """The target as an address says it; empty for the usual one."""
        aim = f"{self.outcome},{self.target:g},{self.mode}"
        return "" if _aim(aim) == _aim("") else aim

    def _build(self) -> None:
        Tag("h2", "Dosage map and the cheapest plan for a target", id_="map")
        Tag("p", "What would each rhythm and length of contact come to, and what is the least that "
            "surely reaches a target? Worked out in the background; the sliders stay free.",
            class_="lead")  # fmt: skip
        with Tag("div", class_="target no-print"):
            Choice("map-outcome", "Target for", [(n, words(n).capitalize()) for n in EFFECTS],
                   self.outcome, self._set_outcome)  # fmt: skip
            self.level = Lever("target", "Level when assistance ends", "of 1",
                               (0.05, 0.95, 0.01), self.target, self._set_target)  # fmt: skip
            self.go = button("Work out the map", self.session.guard(self._begin), "main")
        with Tag("div", class_="row-of", role="status") as self.progress:
            self.bar = Tag("progress", max=1, value=0, aria_label="Progress of the map")
            self.said = Tag("span", class_="note")
            self.cancel = button("Cancel", self._cancel)
        self.progress.set_visibility(False)
        with Tag("div") as self.result:
            self.stale = Tag("p", "Worked out for the plan as it stood then; it has changed since.",
                             class_="stale", role="status")  # fmt: skip
            with Tag("div", class_="map-head"):
                self.caption = island("")
                self.shown_mode = Choice("map-mode", "Contacts by", list(MODE_WORDS.items()),
                                         self.mode, self._set_mode)  # fmt: skip
            with Tag("figure", role="group") as self.figure:
                self.chart = ui.plotly({}).classes("map")
            self.legend = island("", tag="ul", class_="legend")
            self.best = Tag("div")
            self.note = island("", tag="p", class_="note")
        self.stale.set_visibility(False)
        self.result.set_visibility(False)
        self.timer = ui.timer(0.25, self._look, active=False)

    async def _set_outcome(self, name: str) -> None:
        if name in EFFECTS:
            self.outcome = name
            self.aimed()

    async def _set_target(self, _: str, value: float) -> None:
        self.target = min(0.99, max(0.01, float(value)))
        self.level.put(self.target, False)
        self.aimed()

    async def _set_mode(self, mode: str) -> None:
        if mode in MODES and self.made is not None:
            self.mode = mode
            self._draw(self.made)
            self.aimed()

    async def _begin(self) -> None:
        scenario, outcome, target = self.scenario(), self.outcome, self.target
        if not scenario.dosage:
            raise InputError(
                "plan a contact first: the map varies how often it comes, and how long"
            )
        self.session.visitor.spend(plan_map.price(scenario))
        self.job = self.session.desk.begin(
            self.session.visitor, lambda job: plan_map.work_out(scenario, outcome, target, job)
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
            self.planned(self.scenario())
        elif job.state == "cancelled":
            self.said.say("Cancelled; nothing was kept.")
        else:
            self.progress.set_visibility(False)
            self.session.failed(InputError(job.problem))

    def planned(self, scenario: Scenario) -> None:
        """The plan on the sliders is this one now: say when the map belongs to another."""
        if self.made is not None:
            self.stale.set_visibility(self.made.found.scenario.digest() != scenario.digest())

    def _draw(self, made: DosageMap) -> None:
        self.result.set_visibility(True)
        mode = self.mode
        self.shown_mode.put(mode)
        self.caption.set_content(f"<h3>{plan_map.caption(made)}</h3>")
        self.legend.set_content(plan_map.legend(made, mode))
        self.chart.update_figure(plan_map.figure(made, mode))
        top = float(np.nanmax(made.level[mode]))
        self.figure.put(
            aria_label=f"Map of {words(made.outcome)} by {MODE_WORDS[mode].lower()}: from "
            f"{float(np.nanmin(made.level[mode])):.2f} to {top:.2f}, target {made.target:.2f}"
        )
        self.note.set_content(text(plan_map.rests_on(made)))
        self._draw_best(made)

    def _draw_best(self, made: DosageMap) -> None:
        self.best.clear()
        with self.best:
            Tag("h3", plan_map.cheapest_title(made))
            if not made.best:
                Tag("p", "None on this map is sure enough: choose a lower target, more months or "
                    "more co-creation.", class_="empty")  # fmt: skip
            for mode, one in plan_map.by_cost(made):
                with Tag("div", class_="best"):
                    Tag("b", MODE_WORDS[mode])
                    Tag("span", plan_map.cheapest_words(one))
                    changes = plan_map.as_changes(made, one.cell)
                    button("Use this plan", self.session.guard(_adopting(self.adopt, changes)),
                           aria_label=f"Use the cheapest plan by "
                                      f"{MODE_WORDS[mode].lower()}")  # fmt: skip


def _aim(words_: str) -> tuple[str, float, str]:
    """Outcome, level and shown mode of an address; what it does not say is as usual."""
    outcome, target, mode = "capacity", 0.5, "video"
    parts = words_.split(",")
    if len(parts) == 3 and parts[0] in EFFECTS and parts[2] in MODES:
        try:
            level = float(parts[1])
        except ValueError:
            level = math.nan
        if 0.01 <= level <= 0.99:
            return parts[0], level, parts[2]
    return outcome, target, mode


def _adopting(
    adopt: Callable[[Changes], Awaitable[None]], changes: Changes
) -> Callable[[], Awaitable[None]]:
    return lambda: adopt(changes)
