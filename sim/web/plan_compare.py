"""Plans kept for comparison (up to five), and the table of paired differences."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from sim.errors import InputError
from sim.runs.execute import Execution
from sim.scenario import Scenario
from sim.study.comparison import Comparison, compare
from sim.study.differing import UnlikePeople
from sim.web.address import MOST_KEPT, Plan
from sim.web.answer import EFFECTS, Answer, Kept, answer, person_weeks, price
from sim.web.desk import LARGEST_QUICK, check_size
from sim.web.parts import Tag, button, island, text
from sim.web.plan_words import comparison_table
from sim.web.session import Session

SETS, REPLICATES = 25, 3
NOW = "Now on the sliders"

_TABLES: Kept[Comparison] = Kept(24)


def compared(scenarios: Sequence[Scenario], labels: Sequence[str]) -> Comparison:
    """Paired differences against the first; gains where the people differ.

    Raises:
        InputError: too large, or not comparable.
    """
    check_size(_size(scenarios), LARGEST_QUICK)
    key = (tuple(one.digest() for one in scenarios), tuple(labels))

    def make() -> Comparison:
        def run(gains: bool) -> Comparison:
            return compare(
                scenarios, sets=SETS, replicates=REPLICATES, outcomes=EFFECTS, gains=gains,
                labels=labels, execution=Execution(threads=1),
            )  # fmt: skip

        try:
            return run(gains=False)
        except UnlikePeople:
            return run(gains=True)

    return _TABLES.get(key, make)


def _size(scenarios: Sequence[Scenario]) -> int:
    return sum(2 * person_weeks(one) * SETS * REPLICATES for one in scenarios)


class KeptPlans:
    """The section of kept plans on the plan view."""

    def __init__(
        self, session: Session, plans: Sequence[Plan], changed: Callable[[], Awaitable[None]]
    ) -> None:
        self.session, self.changed = session, changed
        self.plans: list[Plan] = []
        self._answers: list[Answer | None] = []
        for plan in plans[:MOST_KEPT]:
            self._add(plan, None)
        Tag("h2", "Compare plans")
        self.list = Tag("div", class_="row-of no-print")
        self.table = island("")
        self.shown = ""
        """The table as it stands on the page."""
        self._draw()

    @property
    def labels(self) -> list[str]:
        """What the kept plans are called."""
        return [plan.label for plan in self.plans]

    def curves(self, outcome: str) -> list[tuple[str, list[int], np.ndarray]]:
        """The middle lines of kept plans, for the charts."""
        return [
            (plan.label, found.weeks.tolist(), found.with_ta[outcome].middle)
            for plan, found in zip(self.plans, self._answers, strict=True)
            if found is not None
        ]

    def _add(self, plan: Plan, found: Answer | None) -> None:
        label = plan.label or _free_letter(self.labels)
        number = 2
        while label in self.labels:
            label, number = f"{plan.label} ({number})", number + 1
        self.plans.append(dataclasses.replace(plan, label=label))
        self._answers.append(found)

    def keep(self, plan: Plan, found: Answer | None) -> None:
        """Keep a plan.

        Raises:
            InputError: five are kept, or this very one is.
        """
        if len(self.plans) >= MOST_KEPT:
            raise InputError(f"{MOST_KEPT} plans are kept already; drop one to keep another")
        mine = plan.scenario().digest()
        for other in self.plans:
            if other.scenario().digest() == mine:
                raise InputError(f"this plan is kept already, as {other.label}")
        self._add(dataclasses.replace(plan, label=""), found)
        self._draw()

    async def drop(self, plan: Plan) -> None:
        """Let go of a kept plan."""
        place = next((i for i, other in enumerate(self.plans) if other is plan), None)
        if place is None:
            return
        del self.plans[place], self._answers[place]
        self._draw()
        await self.changed()

    def _draw(self) -> None:
        self.list.clear()
        with self.list:
            for plan in self.plans:
                button(
                    f"{plan.label} ✕", self.session.guard(_dropping(self, plan)),
                    aria_label=f"Drop {plan.label}",
                )  # fmt: skip
        if not self.plans:
            self.shown = ""
            self.table.set_content(
                "<p class='empty'>Keep a plan, move the sliders, and read here what difference it "
                "makes, with the same people and the same luck.</p>"
            )

    async def refresh(self, now: Plan) -> None:
        """Work the table out again, with the plan on the sliders as its last row."""
        if not self.plans:
            return
        scenarios = [plan.scenario() for plan in self.plans]
        labels = self.labels
        current = now.scenario()
        if current.digest() not in {one.digest() for one in scenarios}:
            scenarios.append(current)
            labels = [*labels, NOW]
        kept = [one.digest() for one in scenarios[: len(self.plans)]]
        missing = [i for i, found in enumerate(self._answers) if found is None]
        visitor = self.session.visitor
        size = _size(scenarios) + sum(price(scenarios[i]) for i in missing)
        visitor.spend(size)

        def work() -> tuple[dict[int, Answer], Comparison | None]:
            found = {i: answer(scenarios[i]) for i in missing}
            return found, compared(scenarios, labels) if len(scenarios) > 1 else None

        done = await self.session.desk.quick(visitor, work, "comparison", size)
        if done is None or self.session.gone:
            return
        if [plan.scenario().digest() for plan in self.plans] != kept:
            return  # one was dropped meanwhile, and its own comparison is on the way
        for place, found in done[0].items():
            self._answers[place] = found
        self._show(done[1])
        if done[0]:
            await self.changed()

    def _show(self, found: Comparison | None) -> None:
        if found is None:
            words = f"{self.labels[0]} is kept. Move a slider to see the difference."
            self.shown = ""
            self.table.set_content(f"<p class='empty'>{text(words)}</p>")
            return
        costs = found.costs()
        paid = costs[costs["item"] == "cost"]
        money = {str(k): float(v) for k, v in zip(paid["scenario"], paid["mean"], strict=True)}
        notes = "".join(f"<p class='note'>{text(note)}</p>" for note in found.notes)
        rest = (
            f"<p class='note'>{found.runs} runs of each plan over {len(found.plausible)} "
            f"{text(found.plausible.source)}. “Not settled”: so many sets do not tell the plans "
            "apart.</p>"
        )
        table = comparison_table(found.differences(), money, list(found.labels), found.gains)
        self.shown = table + notes + rest
        self.table.set_content(self.shown)


def _dropping(kept: KeptPlans, plan: Plan) -> Callable[[], Awaitable[None]]:
    return lambda: kept.drop(plan)


def _free_letter(taken: Sequence[str]) -> str:
    """Plan A, Plan B ... the first that is free."""
    return next(f"Plan {letter}" for letter in "ABCDEFGHIJ" if f"Plan {letter}" not in taken)
