"""What a plan would come to: trajectories with bands, effects, cost and load, for the page.

Two bands, kept apart because they mean different things. *Luck*: the scenario's own parameters,
many replicates. *All we do not know*: plausible parameter sets (:mod:`sim.study.plausible`), luck
included. Every run has a partner without TA with the same people, luck and parameters; effects are
differences within such pairs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

import numpy as np
from scipy import stats

from sim import batch, rules
from sim.dosage import ONSITE, SCHEDULED, planned_contacts
from sim.outcomes import INDEX, NAMES
from sim.scenario import Scenario
from sim.study.plausible import PlausibleSets, plausible_sets
from sim.web.desk import LARGEST_QUICK, check_size

CURVES = ("trust", "mutual_accountability", "integration", "knowledge")
EFFECTS = (*CURVES, "capacity")
TOTALS = ("cost", "provider_hours", "staff_hours", "contacts_held")
WISHED_RUNS = (40, 4, 100)
"""Plausible sets, replicates of each, replicates of the scenario's own parameters."""
BUSY_RUNS = (20, 2, 40)
"""The same while many visitors wait: a rougher band at once beats a fine one later."""
LEAST_RUNS = (6, 1, 6)
USUAL_SIZE = 1_800_000
"""Person-weeks of one arm for which an answer comes in about a tenth of a second."""
LEAST_SETS_RANKED = 20
POINTS = 52
"""Weeks drawn, about."""

T = TypeVar("T")


class Kept(Generic[T]):
    """The last few results of a pure function, shared by all threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[object, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], T]) -> T:
        """The result for ``key``, made when it is not there. Two threads may both make it."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        made = make()
        with self._lock:
            self._found[key] = made
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """One outcome of one arm over the drawn weeks: each (weeks,) float64.

    ``middle`` is the median of all runs over plausible sets; ``low`` and ``high`` hold 90 % of
    them; ``luck_low`` and ``luck_high`` 90 % of the runs with the scenario's own parameters.
    """

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    luck_low: np.ndarray
    luck_high: np.ndarray


@dataclass(frozen=True, slots=True)
class Range:
    """A mean with the middle 90 % of runs; ``better``: the share of runs above 0."""

    mean: float
    low: float
    high: float
    better: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What :func:`answer` found.

    Attributes:
        scenario: what was run.
        weeks: (weeks,) the weeks drawn.
        with_ta, without: outcome of :data:`CURVES` -> its band.
        end: the week of the end of TA.
        effects: (outcome of :data:`EFFECTS`, "end_of_ta" | "horizon") -> effect against no TA.
        levels: the same keys -> level with TA.
        totals: outcome of :data:`TOTALS` -> total up to the horizon, all regions together.
        runs: number of runs of an arm; ``sets`` of them over how many plausible sets.
        source: what the plausible sets are, in a sentence.
        drivers: outcome of :data:`CURVES` -> up to two (parameter, rank correlation with the effect
            at the end of TA) that stand out.
    """

    scenario: Scenario
    weeks: np.ndarray
    with_ta: dict[str, Band]
    without: dict[str, Band]
    end: int
    effects: dict[tuple[str, str], Range]
    levels: dict[tuple[str, str], Range]
    totals: dict[str, Range]
    runs: int
    sets: int
    source: str
    drivers: dict[str, tuple[tuple[str, float], ...]]


def person_weeks(scenario: Scenario) -> int:
    """People x weeks of one run."""
    return sum(scenario.staff_counts) * scenario.horizon_weeks


def plan_runs(scenario: Scenario, busy: bool = False) -> tuple[int, int, int]:
    """How many (sets, replicates of each, replicates of the own parameters) a page can afford.

    Args:
        busy: many visitors wait.

    Raises:
        TooMuch: not even the least.
    """
    sets, each, luck = wished = BUSY_RUNS if busy else WISHED_RUNS
    usual = USUAL_SIZE / 3 if busy else USUAL_SIZE
    share = min(1.0, usual / (person_weeks(scenario) * (sets * each + luck)))
    if share < 1.0:
        least_sets, least_each, least_luck = LEAST_RUNS
        each = max(least_each, min(each, round(each * share**0.5)))
        sets = max(least_sets, min(sets, int(wished[0] * wished[1] * share / each)))
        luck = max(least_luck, int(luck * share))
    check_size(person_weeks(scenario) * (sets * each + luck), LARGEST_QUICK)
    return sets, each, luck


def price(scenario: Scenario) -> int:
    """Person-weeks of an answer, both arms."""
    sets, each, luck = plan_runs(scenario)
    return 2 * person_weeks(scenario) * (sets * each + luck)


@lru_cache(maxsize=8)
def _sets(count: int) -> PlausibleSets:
    return plausible_sets(count)


_ANSWERS: Kept[Answer] = Kept(48)
_WORLDS: Kept[np.ndarray] = Kept(24)


def answer(scenario: Scenario, busy: bool = False) -> Answer:
    """Run a plan with and without TA; with fewer runs while many visitors wait.

    Raises:
        TooMuch: the plan is too large for a page.
    """
    return _ANSWERS.get((scenario.digest(), busy), lambda: _answer(scenario, busy))


def _answer(scenario: Scenario, busy: bool = False) -> Answer:
    count, each, luck = plan_runs(scenario, busy)
    plausible = _sets(count)
    end, horizon = scenario.end_of_ta, scenario.horizon_weeks
    step = max(1, round(horizon / POINTS))
    drawn = sorted({*range(0, horizon + 1, step), end, horizon})
    world = _bare(scenario, (count, each, luck))
    if scenario.has_ta:
        at, curves = _run(scenario, plausible, each, luck)
        curves = curves[:, drawn]
    else:
        curves = world[:, drawn]
        at = np.zeros((len(world), 2, len(NAMES)))
        for place, name in enumerate(EFFECTS):
            at[:, :, INDEX[name]] = world[:, [end, horizon], place]
    over = count * each  # runs over plausible sets come first
    effects, levels = _summaries(at[:over], world[:over], (end, horizon))
    return Answer(
        scenario=scenario,
        weeks=np.array(drawn),
        with_ta=_bands(curves, over),
        without=_bands(world[:, drawn], over),
        end=end,
        effects=effects,
        levels=levels,
        totals={name: _range(at[:over, 1, INDEX[name]]) for name in TOTALS},
        runs=len(world),
        sets=count,
        source=plausible.source,
        drivers=_drivers(plausible, each, at[:over, 0], world[:over, end]),
    )


def _run(
    scenario: Scenario, plausible: PlausibleSets, each: int, luck: int
) -> tuple[np.ndarray, np.ndarray]:
    """Runs over plausible sets, then those of the own parameters, overall: (runs, end and horizon,
    outcomes) and (runs, weeks, outcomes of EFFECTS).

    Set s takes the replicates s * each ..., so that no luck is shared between sets.
    """
    sets = [*plausible.within(scenario), scenario.parameter_set()]
    over = (len(sets) - 1) * each
    which = np.concatenate(
        [np.repeat(np.arange(len(sets) - 1, dtype=np.int64), each), np.full(luck, len(sets) - 1)]
    )
    replicates = np.concatenate([np.arange(over), np.arange(luck)]).astype(np.int64)
    columns = [INDEX[name] for name in EFFECTS]
    values, curves = [], []
    # One thread: the page's desk has its own, one for each visitor who waits.
    for _, found in batch.summarised(
        scenario, sets, which, replicates, scenario.seed,
        (scenario.end_of_ta, scenario.horizon_weeks), weekly=True, threads=1,
    ):  # fmt: skip
        assert found.weekly is not None
        values.append(found.values[:, :, -1])
        curves.append(found.weekly[:, :, -1, columns])
    return np.concatenate(values), np.concatenate(curves)


def _bare(scenario: Scenario, runs: tuple[int, int, int]) -> np.ndarray:
    """The same world without TA, every week: (runs, weeks, outcomes of EFFECTS)."""
    world = scenario.without_ta().replace(name="world", question="", description="", costs={})
    count, each, luck = runs
    return _WORLDS.get(
        (world.digest(), runs),
        lambda: _run(world, _sets(count), each, luck)[1],
    )


def _bands(curves: np.ndarray, over: int) -> dict[str, Band]:
    found = {}
    for place, name in enumerate(CURVES):
        low, middle, high = np.quantile(curves[:over, :, place], (0.05, 0.5, 0.95), axis=0)
        luck = np.quantile(curves[over:, :, place], (0.05, 0.95), axis=0)
        found[name] = Band(middle, low, high, luck[0], luck[1])
    return found


def _range(values: np.ndarray) -> Range:
    low, high = np.quantile(values, (0.05, 0.95))
    return Range(float(values.mean()), float(low), float(high), float((values > 0).mean()))


def _summaries(
    at: np.ndarray, world: np.ndarray, weeks: tuple[int, int]
) -> tuple[dict[tuple[str, str], Range], dict[tuple[str, str], Range]]:
    effects, levels = {}, {}
    for point, week in enumerate(weeks):
        word = ("end_of_ta", "horizon")[point]
        for place, name in enumerate(EFFECTS):
            with_ta = at[:, point, INDEX[name]]
            effects[name, word] = _range(with_ta - world[:, week, place])
            levels[name, word] = _range(with_ta)
    return effects, levels


def _drivers(
    plausible: PlausibleSets, each: int, at: np.ndarray, world: np.ndarray
) -> dict[str, tuple[tuple[str, float], ...]]:
    """Spearman's correlation of each parameter with the mean effect of its set.

    With few sets large correlations come by luck: below 20 sets none is given, and else only those
    above what the largest of so many would reach without any relation in 1 of 20 answers.
    """
    count, names = len(plausible), plausible.varied
    if count < LEAST_SETS_RANKED or not names:
        return {}
    values = np.array([[one[name] for name in names] for one in plausible.sets])
    found = {}
    chance = float(stats.norm.ppf(1 - 0.05 / (2 * len(names))) / (count - 1) ** 0.5)
    for place, name in enumerate(EFFECTS[: len(CURVES)]):
        effect = (at[:, INDEX[name]] - world[:, place]).reshape(count, each).mean(axis=1)
        if np.ptp(effect) == 0:
            continue
        ranks = stats.rankdata(np.column_stack([effect, values]), axis=0)
        rho = np.corrcoef(ranks, rowvar=False)[0, 1:]
        order = np.argsort(-np.abs(rho), kind="stable")[:2]
        found[name] = tuple((names[i], float(rho[i])) for i in order if abs(rho[i]) > chance)
    return found


# --- what needs no run ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planned:
    """What the calendar asks for when every contact is held and everybody invited comes.

    Hours and money are totals of all regions. ``load`` is the busiest provider's hours a week over
    the hours there are, on average over the weeks of TA; ``peak`` the highest running load.
    """

    contacts: float
    visits: float
    provider_hours: float
    staff_hours: float
    cost: float
    load: float
    peak: float


def planned(scenario: Scenario) -> Planned:
    """Contacts, hours, money and load by the calendar alone: no run, so it is there at once."""
    p = scenario.parameter_set()
    hours = np.zeros((scenario.providers.count, scenario.horizon_weeks + 1))
    contacts = visits = staff_hours = 0.0
    for contact in planned_contacts(scenario, p):
        chance = (
            1.0 if contact.timing == SCHEDULED else rules.irregular_probability(contact.every_weeks)
        )
        travel = p.travel_hours if contact.mode == ONSITE else 0.0
        provider = scenario.assignment[contact.region]
        hours[provider, contact.week] += chance * rules.provider_hours(
            contact.hours, p.preparation_per_hour, p.preparation_per_contact, travel
        )
        contacts += chance
        visits += chance * (contact.mode == ONSITE)
        team = max(1, round(scenario.regions.core_team * scenario.staff_counts[contact.region]))
        staff_hours += chance * contact.hours * contact.invited * team
    total = float(hours.sum())
    costs = scenario.costs
    available = np.maximum(np.array(scenario.providers.hours_each), 1e-9)
    weeks = max(1, scenario.end_of_ta)
    return Planned(
        contacts=contacts,
        visits=visits,
        provider_hours=total,
        staff_hours=staff_hours,
        cost=costs.provider_hour * total
        + costs.staff_hour * staff_hours
        + costs.travel_visit * visits,
        load=float((hours.sum(axis=1) / weeks / available).max()),
        peak=_peak(hours / available[:, None], p.load_memory),
    )


def _peak(ratios: np.ndarray, memory: float) -> float:
    """The highest running load of any provider, as the model keeps it."""
    load = np.zeros(len(ratios))
    peak = 0.0
    for week in range(1, ratios.shape[1]):
        load = load + memory * (ratios[:, week] - load)
        peak = max(peak, float(load.max()))
    return peak


def warm() -> None:
    """Run the usual plan once, so that the first visitor does not wait for the compiler."""
    for busy in (False, True):
        answer(Scenario.shipped("source"), busy)
