"""Two or more scenarios on the same people, the same luck and the same plausible sets.

>>> from sim.scenario import Scenario
>>> compared = compare(Scenario.shipped("classroom"), Scenario.shipped("classroom"), sets=3)
>>> bool((compared.differences()["mean"] == 0).all())
True

Each plausible set is run in ``replicates`` replicates of its own (set s takes the replicates
s * R .. s * R + R - 1), in every scenario the same: so scenarios are paired run by run, and no luck
is shared between sets, which lets luck and parameters be told apart (:mod:`sim.study.paired`).

Scenarios may differ in anything but the people. With other regions (number, choice, staff, own
starts) levels are refused and ``gains`` can still be compared: what each gained against its own
people without TA. With other horizons the comparison ends at the shortest.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim import batch, outcomes
from sim.ensemble import check_replicates, check_seed
from sim.errors import InputError, Problem
from sim.outcomes import HEADLINES, INDEX, OUTCOMES, check_outcome
from sim.scenario import Scenario, find
from sim.study.differing import Differing, check_same_people, differing
from sim.study.evaluate import Progress
from sim.study.plausible import DEFAULT_SETS, PlausibleSets, given_sets, plausible_sets

if TYPE_CHECKING:
    import pandas as pd

    from sim.engine.reduction import Summaries
    from sim.parameters import Parameters

Choice = PlausibleSets | int | Sequence["Parameters"] | None
"""Plausible sets, how many of them to draw, one's own sets; None: 50 of them."""

DEFAULT_REPLICATES = 4
POINTS: tuple[str, ...] = ("end_of_ta", "horizon")
MARGIN = 0.01
"""A difference that does not matter: this share of an outcome's range (of its mean in the first
scenario, where it has no range)."""
WEEKLY_RUNS = 4_000
"""About so many runs are kept week by week, for the bands over time."""


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """The runs of one scenario.

    Attributes:
        scenario, label: what was run, and what tables and figures call it.
        end: its week of the end of TA; of a scenario without TA that of the first that has any.
        values: (sets, replicates, points, outcomes of :data:`sim.outcomes.NAMES`), overall: at its
            own end of TA and at the common horizon.
        no_ta: the same runs without TA.
        weekly: (sets, some replicates, week 0..common horizon, outcomes asked for): levels and
            rates of the week, totals up to it.
    """

    scenario: Scenario
    label: str
    end: int
    values: np.ndarray
    no_ta: np.ndarray
    weekly: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What :func:`compare` found. Tables are made when asked for.

    Attributes:
        arms: one a scenario; every other is compared with the first.
        plausible: the sets.
        replicates: of each set.
        seed: of luck.
        outcomes: names asked for.
        horizon: the common horizon, a week.
        differs: in what the scenarios differ.
        gains: whether levels or gains against no TA are compared.
        margin: share of an outcome's range that would not matter.
        notes: what limits the comparison, in sentences.

    >>> from sim.scenario import Scenario
    >>> classroom = Scenario.shipped("classroom")
    >>> found = compare(classroom, classroom.replace(name="longer", horizon_weeks=90), sets=2)
    >>> found.runs, found.horizon, found.labels[1]
    (8, 78, 'longer')
    >>> table = found.differences()
    >>> list(table.columns[:4])
    ['a', 'b', 'point', 'week_a']
    """

    arms: tuple[Arm, ...]
    plausible: PlausibleSets
    replicates: int
    seed: int
    outcomes: tuple[str, ...]
    horizon: int
    differs: tuple[Differing, ...]
    gains: bool = False
    margin: float = MARGIN
    notes: tuple[str, ...] = field(default=())

    @property
    def labels(self) -> tuple[str, ...]:
        """What the scenarios are called."""
        return tuple(arm.label for arm in self.arms)

    @property
    def runs(self) -> int:
        """Runs of each scenario."""
        return len(self.plausible) * self.replicates

    @property
    def points(self) -> tuple[str, ...]:
        """The points that say something: both, or one when TA goes on to the horizon."""
        return POINTS[:1] if all(arm.end == self.horizon for arm in self.arms) else POINTS

    def week(self, arm: Arm, point: str) -> int:
        """The week of a point for a scenario."""
        return arm.end if point == "end_of_ta" else self.horizon

    def of(self, arm: Arm, outcome: str, point: str) -> np.ndarray:
        """What is compared, (sets, replicates): values, or gains against no TA."""
        at = (..., POINTS.index(point), INDEX[check_outcome(outcome).name])
        return arm.values[at] - arm.no_ta[at] if self.gains else arm.values[at]

    def margin_of(self, outcome: str, point: str) -> float:
        """The difference that would not matter, in the outcome's unit."""
        high = OUTCOMES[outcome].high
        if high is not None:
            return self.margin * (high - OUTCOMES[outcome].low)
        size = float(np.nanmean(np.abs(self.of(self.arms[0], outcome, point))))
        return self.margin * size if size > 0 else self.margin

    # Frames live in a module of their own; these names are for whoever holds a Comparison.

    def differences(self) -> pd.DataFrame:
        """See :func:`sim.study._compared.differences`."""
        from sim.study import _compared

        return _compared.differences(self)

    def levels(self) -> pd.DataFrame:
        """See :func:`sim.study._compared.levels`."""
        from sim.study import _compared

        return _compared.levels(self)

    def costs(self) -> pd.DataFrame:
        """See :func:`sim.study._compared.costs`."""
        from sim.study import _compared

        return _compared.costs(self)

    def efficiency(self) -> pd.DataFrame:
        """See :func:`sim.study._compared.efficiency`."""
        from sim.study import _compared

        return _compared.efficiency(self)

    def drivers(self) -> pd.DataFrame:
        """See :func:`sim.study._compared.drivers`."""
        from sim.study import _compared

        return _compared.drivers(self)

    def weeks(self) -> pd.DataFrame:
        """See :func:`sim.study._compared.weeks`."""
        from sim.study import _compared

        return _compared.weeks(self)

    def answer(self) -> str:
        """The answer in a paragraph."""
        from sim.study import _compare_words

        return _compare_words.answer(self)

    def save(
        self, directory: str | os.PathLike[str], *, force: bool = False, command: str = ""
    ) -> Path:
        """Write a result folder (manifest kind "compare"): complete, or not at all.

        Raises:
            ResultsError: the folder may not or cannot be written.
        """
        from sim.study import _compared

        return _compared.save(self, Path(directory), force=force, command=command)


def compare(
    *scenarios: Scenario | str | os.PathLike[str] | Sequence[Scenario],
    sets: Choice = None,
    replicates: int = DEFAULT_REPLICATES,
    seed: int | None = None,
    outcomes: Sequence[str] = HEADLINES,
    gains: bool = False,
    margin: float = MARGIN,
    labels: Sequence[str] | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Comparison:
    """Compare scenarios with the first of them.

    Args:
        scenarios: two or more (or one sequence of them): scenarios, paths or shipped names.
        sets: plausible sets, or their number (50), or parameter sets of your own. What a scenario's
            file says under ``parameters`` holds in every set.
        replicates: runs of each set, 1 or more; with 1 luck cannot be told from parameters.
        seed: of luck; left out: the first scenario's.
        outcomes: names to compare.
        gains: compare gains against each scenario's own run without TA, in place of levels.
        margin: share of an outcome's range that would not matter, above 0.
        labels: what to call the scenarios; left out: their names, or those of their files.
        progress: ``progress(done, total)`` runs.
        threads: of this machine; left out: as many as there are processors.

    Returns:
        What was found; its tables are made when asked for.

    Raises:
        InputError: an argument that cannot be used.
        UnlikePeople: levels of scenarios with other people.

    Source: common random numbers and plausible sets, Searle, Casella & McCulloch 1992; O'Hagan,
    Stevenson & Madan 2007.

    >>> from sim.scenario import Scenario
    >>> classroom = Scenario.shipped("classroom")
    >>> rarely = {"mode": "video", "every_weeks": 13, "hours": 1.5, "last_week": 52}
    >>> found = compare(classroom, classroom.replace(name="rarely", dosage=[rarely]), sets=5)
    >>> trust = found.differences().set_index(["outcome", "point"]).loc[("trust", "end_of_ta")]
    >>> bool(trust["mean"] < 0)  # b minus a
    True
    """
    plans, stems = _plans(scenarios)
    names = _labels(stems, labels)
    found = differing(plans)
    if not gains:
        check_same_people(plans, names, found)
    chosen = tuple(check_outcome(name).name for name in outcomes)
    if not chosen:
        raise InputError(Problem("no outcome is given", field="outcomes"))
    if isinstance(margin, bool) or not 0 < margin <= 1:
        raise InputError(Problem(f"{margin!r} is out of range", "margin", margin, "above 0, to 1"))
    count = check_replicates(replicates)
    luck = check_seed(plans[0].seed if seed is None else seed)
    plausible = chosen_sets(sets)
    horizon = min(plan.horizon_weeks for plan in plans)
    ends = _ends(plans, horizon)
    simulate = _Simulator(plausible, count, luck, chosen, horizon, progress, threads)
    arms = simulate.arms(plans, names, ends)
    return Comparison(
        arms, plausible, count, luck, chosen, horizon, found, gains, margin,
        _notes(plans, names, horizon, gains, found),
    )  # fmt: skip


def chosen_sets(sets: Choice) -> PlausibleSets:
    """The sets that a planner's command means by its argument of that name."""
    if isinstance(sets, PlausibleSets):
        return sets
    if sets is None:
        return plausible_sets(DEFAULT_SETS)
    if isinstance(sets, int):
        return plausible_sets(sets)
    return given_sets(sets)


def _plans(scenarios: Sequence[object]) -> tuple[list[Scenario], list[str]]:
    """The scenarios, and what to call them: their names, or the file's where one was given."""
    given = scenarios
    if len(given) == 1 and isinstance(given[0], list | tuple):
        given = given[0]
    if len(given) < 2:
        raise InputError(Problem("nothing to compare with", "scenarios", allowed="2 or more"))
    plans, names = [], []
    for one in given:
        path = None if isinstance(one, Scenario) else find(one)  # type: ignore[arg-type]
        plans.append(one if path is None else Scenario.load(path))
        names.append(plans[-1].name if path is None else path.stem)
    return plans, names


def _labels(names: Sequence[str], labels: Sequence[str] | None) -> list[str]:
    wanted = list(names) if labels is None else list(labels)
    if len(wanted) != len(names):
        message = f"{len(wanted)} labels for {len(names)} scenarios"
        raise InputError(Problem(message, "labels", allowed="one a scenario"))
    found: list[str] = []
    for label in wanted:
        name, number = label, 2
        while name in found:
            name, number = f"{label} ({number})", number + 1
        found.append(name)
    return found


def _ends(plans: Sequence[Scenario], horizon: int) -> list[int]:
    """A scenario without TA is looked at when the first that has TA ends it."""
    partner = next((plan.end_of_ta for plan in plans if plan.has_ta), horizon)
    return [plan.end_of_ta if plan.has_ta else min(partner, plan.horizon_weeks) for plan in plans]


def _notes(
    plans: Sequence[Scenario],
    names: Sequence[str],
    horizon: int,
    gains: bool,
    found: Sequence[Differing],
) -> tuple[str, ...]:
    notes = []
    if any(plan.horizon_weeks != horizon for plan in plans):
        weeks = ", ".join(
            f"{name} {plan.horizon_weeks}" for name, plan in zip(names, plans, strict=True)
        )
        notes.append(
            f"The horizons differ ({weeks} weeks): the common horizon is the shortest, "
            f"week {horizon}."
        )
    if gains:
        notes.append("Compared are gains: each scenario against its own people without TA.")
    if any(one.field.startswith("costs.") for one in found):
        notes.append("Costs are at each scenario's own prices.")
    world = [one for one in found if one.field.split(".")[0] in _WORLD]
    if world:
        notes.append(f"Not only the plans differ but the world too: {', '.join(map(str, world))}.")
    return tuple(notes)


_WORLD = ("parameters", "shocks", "background_trend")


class _Simulator:
    """Runs scenarios under the settings of one comparison; a world without TA only once."""

    def __init__(
        self,
        plausible: PlausibleSets,
        replicates: int,
        seed: int,
        chosen: tuple[str, ...],
        horizon: int,
        progress: Progress | None,
        threads: int | None,
    ) -> None:
        self.plausible, self.replicates, self.seed = plausible, replicates, seed
        self.chosen, self.horizon = chosen, horizon
        self.progress, self.threads = progress, threads
        self.done = self.total = 0

    def arms(
        self, plans: Sequence[Scenario], names: Sequence[str], ends: Sequence[int]
    ) -> tuple[Arm, ...]:
        """Run every scenario, and every world without TA that is not one already run."""
        worlds: dict[str, Scenario] = {}
        for plan in plans:
            worlds.setdefault(_world(plan), plan.without_ta())
        active = sum(plan.has_ta for plan in plans)
        self.total = (active + len(worlds)) * len(self.plausible) * self.replicates
        weeks = sorted({*ends, self.horizon})
        bare = {
            key: self.run(world, [week for week in weeks if week <= world.horizon_weeks])
            for key, world in worlds.items()
        }
        arms = []
        for plan, name, end in zip(plans, names, ends, strict=True):
            points = [end, self.horizon]
            summary, weekly = bare[_world(plan)]
            at = [week for week in weeks if week <= plan.horizon_weeks]
            no_ta = summary[:, :, [at.index(week) for week in points]]
            values = no_ta
            if plan.has_ta:
                values, weekly = self.run(plan, points)
            arms.append(Arm(plan, name, end, values, no_ta, weekly))
        return tuple(arms)

    def run(self, scenario: Scenario, points: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """(sets, replicates, points, all outcomes), (sets, some replicates, weeks, chosen)."""
        sets = self.plausible.within(scenario)
        shape = (len(sets), self.replicates)
        runs = shape[0] * shape[1]
        which = np.repeat(np.arange(shape[0], dtype=np.int64), shape[1])
        kept = min(self.replicates, max(1, WEEKLY_RUNS // shape[0]))
        columns = [INDEX[name] for name in self.chosen]
        summary = np.empty((runs, len(points), len(outcomes.NAMES)))
        weekly = np.empty((runs, self.horizon + 1, len(columns)))
        for part, found in batch.summarised(
            scenario, sets, which, np.arange(runs, dtype=np.int64), self.seed, points,
            weekly=True, threads=self.threads,
        ):  # fmt: skip
            _check_finite(found, which[part], part.start)
            summary[part] = found.values[:, :, -1]
            weekly[part] = self._weekly(found, columns)
            self.done += part.stop - part.start
            if self.progress is not None:
                self.progress(self.done, self.total)
        series = weekly.reshape(*shape, *weekly.shape[1:])[:, :kept]
        return summary.reshape(*shape, *summary.shape[1:]), np.ascontiguousarray(series)

    def _weekly(self, found: Summaries, columns: list[int]) -> np.ndarray:
        assert found.weekly is not None
        values = found.weekly[:, : self.horizon + 1, -1, columns]
        for place, name in enumerate(self.chosen):
            if OUTCOMES[name].kind == "total":
                values[:, :, place] = np.cumsum(values[:, :, place], axis=1)
        return values


def _world(plan: Scenario) -> str:
    """A name of the world of a scenario without TA: equal worlds have equal names."""
    return plan.without_ta().replace(name="world", question="", description="", seed=1).digest()


def _check_finite(found: Summaries, which: np.ndarray, first: int) -> None:
    """No NaN reaches an answer."""
    for row, _ in found.failures:
        raise RuntimeError(
            f"the run of set {int(which[row])}, replicate {first + row}, has a value that is not "
            "finite"
        )
