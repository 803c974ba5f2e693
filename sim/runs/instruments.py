"""Instruments of a study: :func:`survey`, :func:`knowledge_test`, :func:`observation`,
:func:`listening_session` and :func:`dosage_log` read the runs that :func:`observe` makes.

An instrument shows no latent state. It turns people and records of runs into what a paper would
print: mean, SD, n. Measurement noise comes from random streams of its own
(:mod:`sim.core.streams`), so observing changes nothing in a run, and a person's answer does not
depend on the other questions.

An answer in a survey is latent state + leniency + noise, cut into 1..5. With the default leniency,
a latent trust near .55 reads about 4.7 of 5: such a mean informs the leniency, not the trust.

>>> from sim.scenario.scenario import Scenario
>>> scenario = Scenario.shipped("classroom")
>>> seen = observe(scenario, scenario.parameter_set(), seed=1, replicates=2, weeks=[0, 20])
>>> found = survey(seen, scenario.parameter_set(), "trust", wave=1, items=4)
>>> found.answers.shape, bool(found.described().mean[0] > 3)
((2, 8, 4), True)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.core import streams
from sim.core.errors import InputError, check_known
from sim.core.parameters import Parameters
from sim.core.states import CONSTRUCTS
from sim.core.streams import MASK, SERIES_STEP, irwin_hall4, philox, uniform
from sim.core.units import months_of
from sim.runs.people import PLANNED, People, Seen
from sim.runs.plan import RunPlan, common
from sim.scenario.functions import FUNCTIONS
from sim.scenario.scenario import Scenario

RATED: tuple[str, ...] = ("co_creation", "tailoring")
"""What an observer rates: realised co-creation, and how well the provider knows the region."""
POINTS = 5
MAX_ITEMS = 100


def observe(
    scenario: Scenario,
    parameters: Parameters,
    *,
    seed: int,
    replicates: int,
    weeks: Sequence[int],
    first_replicate: int = 0,
) -> Seen:
    """Run a scenario and keep every person's states in some weeks; failed runs are left out.

    Studies of many sets do the same with the collector :class:`sim.runs.people.People`.

    Args:
        scenario, parameters: the scenario, and a full parameter set.
        seed, replicates: the seed, and the number of runs, 1 or more.
        weeks: the weeks of the waves, 0..horizon.
        first_replicate: number of the first replicate; another range gives other people and other
            random draws.

    Returns:
        What instruments can read; its attributes say their shapes.

    Raises:
        InputError: a week is outside 0..horizon, or another number cannot be used.

    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> parameters = scenario.parameter_set()
    >>> seen = observe(scenario, parameters, seed=1, replicates=3, weeks=[0, 52])
    >>> seen.people["trust"].shape
    (3, 2, 8)
    """
    from sim.runs.execute import execute  # loads the engine, which a report does not need

    job = common(scenario, [parameters], replicates, weeks, first=first_replicate)
    return execute(RunPlan((job,), seed, "compiled"), None, People()).of(0)


def _words(
    seen: Seen, purpose: int, entity: np.ndarray, week: int, series: int | np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Blocks of random words for (replicates, entities), with a last axis for several series."""
    several = np.ndim(series) > 0
    c0 = entity[..., None] if several else entity
    c2 = purpose + SERIES_STEP * np.asarray(series, dtype=np.int64)
    rest = (1,) * (c0.ndim - 1)
    c3 = seen.replicates.reshape(-1, *rest)
    shape = np.broadcast_shapes(c0.shape, c2.shape)
    return philox(
        np.broadcast_to(c0, shape),
        np.full(shape, week, dtype=np.int64),
        np.broadcast_to(c2, shape),
        np.broadcast_to(c3, shape),
        seen.seed & MASK,
        seen.seed >> 32,
    )


# --- what a paper prints -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Mean, sample SD (n - 1; NaN below two) and n of each replicate, (replicates,)."""

    mean: np.ndarray
    sd: np.ndarray
    n: np.ndarray


def describe(values: np.ndarray) -> Described:
    """Mean, SD and n over the last axis of (replicates, values); NaN does not count.

    >>> found = describe(np.array([[1.0, 3.0, np.nan]]))
    >>> found.mean.tolist(), round(float(found.sd[0]), 4), found.n.tolist()
    ([2.0], 1.4142, [2])
    """
    known = ~np.isnan(values)
    n = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    mean = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
    squares = np.where(known, (values - mean[..., None]) ** 2, 0.0).sum(axis=-1)
    variance = np.divide(squares, n - 1, out=np.full(n.shape, np.nan), where=n > 1)
    return Described(mean, np.sqrt(variance), n)


# --- the participant survey ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """One wave of a survey on one construct.

    Attributes:
        answers: float64 (replicates, people, items), 1..5; NaN: not asked, or did not answer.
        asked: bool (replicates, people): the people who were invited to answer.
        region: int64 (people,), position of each person's region.
    """

    answers: np.ndarray
    asked: np.ndarray
    region: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        """Each respondent's mean over the items, (replicates, people)."""
        return self.answers.mean(axis=-1)

    def described(self, region: int | None = None) -> Described:
        """Mean, SD and n of the respondents' scores, for all regions or for one."""
        scores = self.scores if region is None else self.scores[:, self.region == region]
        return describe(scores)

    def response(self) -> np.ndarray:
        """Response rate: the share of invited people who answered, (replicates,)."""
        answered = (~np.isnan(self.answers[..., 0])).sum(axis=-1)
        return answered / np.maximum(self.asked.sum(axis=-1), 1)

    def distribution(self) -> np.ndarray:
        """Share of respondents who gave each answer to each item, (replicates, items, 5)."""
        counts = np.stack(
            [(self.answers == point).sum(axis=1) for point in range(1, POINTS + 1)], axis=-1
        )
        return counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)


def survey(
    seen: Seen,
    p: Parameters,
    construct: str,
    *,
    wave: int,
    items: int = 4,
    asked: int | None = None,
    attitude: str = "trust",
) -> Answers:
    """Survey people on one construct: 1 (strongly disagree) .. 5 (strongly agree).

    item = latent + leniency + z x item SD, cut at the four cut points; a person answers with
    probability sigma(response_base + response_slope (motivation + trust - response_pivot)).

    Args:
        seen: the runs, from :func:`observe`.
        p: the parameters of the instrument; usually those of the runs.
        construct: one of :data:`CONSTRUCTS`.
        wave: position in ``seen.weeks``.
        items: number of items of the scale; each has independent noise.
        asked: number of people invited at random in each region; None: everybody.
        attitude: the state that, with motivation, determines who responds.

    Returns:
        The answers, (replicates, people, items) of 1..5, NaN where a person did not answer.

    Raises:
        InputError: there is no such construct, or a number cannot be used.

    Source: Hunter et al. 2009, doi 10.1177/1090198108329999, find that people who trust answer
    near the top of a five-point scale; form and leniency are assumptions.

    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> parameters = scenario.parameter_set()
    >>> seen = observe(scenario, parameters, seed=1, replicates=3, weeks=[0, 52])
    >>> answers = survey(seen, parameters, "trust", wave=1)
    >>> latent = seen.people["trust"][:, 1].mean(axis=1)  # 0-1: no survey sees it
    >>> bool(((answers.described().mean - 1) / 4 > latent).all())  # people answer kindly
    True
    """
    _check(construct, CONSTRUCTS, "construct")
    if not 1 <= items <= MAX_ITEMS:
        raise InputError(
            f"{items} is not a possible number of items", field="items", allowed=f"1..{MAX_ITEMS}"
        )
    if asked is not None and asked < 1:
        raise InputError(
            f"{asked} is not a possible number of people", field="asked", allowed="1 or more"
        )
    if not -len(seen.weeks) <= wave < len(seen.weeks):
        raise InputError(f"{wave} is not a position in the weeks {list(seen.weeks)}", "wave", wave,
                         f"0..{len(seen.weeks) - 1}")  # fmt: skip
    week = seen.weeks[wave]
    latent = seen.people[construct][:, wave]
    words = _words(seen, streams.SURVEY_RESPONSE, seen.entities, week, 0)
    readiness = seen.people["motivation"][:, wave] + seen.people[attitude][:, wave]
    odds = p.response_base + p.response_slope * (readiness - p.response_pivot)
    answers = uniform(words[0]) < 1.0 / (1.0 + np.exp(-np.clip(odds, -40.0, 40.0)))
    is_asked = _first_of(words[1], seen.region, asked)
    cuts = (p.survey_cut_1, p.survey_cut_2, p.survey_cut_3, p.survey_cut_4)
    first = CONSTRUCTS.index(construct) * MAX_ITEMS
    series = first + np.arange(items)
    noise = irwin_hall4(_words(seen, streams.SURVEY_ITEM, seen.entities, week, series)[0])
    felt = latent[..., None] + p.survey_leniency + p.survey_item_sd * noise
    table = np.ones(felt.shape)
    for cut in cuts:
        table += felt >= cut
    table[~(answers & is_asked)] = np.nan
    return Answers(table, is_asked, seen.region)


def expected_answer(latent: np.ndarray, p: Parameters) -> np.ndarray:
    """Mean answer (1..5) of people with these latent states if all of them respond.

    The noise of an item (Irwin-Hall, within +-3.46 SD) is approximated as normal.
    """
    from scipy.special import ndtr

    felt = np.asarray(latent, dtype=float) + p.survey_leniency
    total = np.ones(felt.shape)
    for cut in (p.survey_cut_1, p.survey_cut_2, p.survey_cut_3, p.survey_cut_4):
        if p.survey_item_sd > 0:
            total = total + ndtr((felt - cut) / p.survey_item_sd)
        else:
            total = total + (felt >= cut)
    return total


def _first_of(keys: np.ndarray, region: np.ndarray, count: int | None) -> np.ndarray:
    """Whether a person is among the ``count`` lowest keys of their region."""
    if count is None:
        return np.ones(keys.shape, dtype=bool)
    chosen = np.zeros(keys.shape, dtype=bool)
    for r in np.unique(region):
        columns = np.flatnonzero(region == r)
        ranks = keys[:, columns].argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
        chosen[:, columns] = ranks < count
    return chosen


# --- the knowledge test --------------------------------------------------------------------------


def knowledge_test(seen: Seen, p: Parameters, *, wave: int) -> np.ndarray:
    """Share of the questions of a test that each person answers correctly, 0-1.

    A person's score is their knowledge. This is an assumption: nobody guesses, and the stochastic
    variation of single questions, which averages out over people, is left out. No leniency enters.
    The people who answer a survey in the same week take the test.

    Args:
        seen, p: as for :func:`survey`.
        wave: position in ``seen.weeks``.

    Returns:
        Scores (replicates, people); NaN for people who did not take the test.

    Raises:
        InputError: as :func:`survey`.

    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> parameters = scenario.parameter_set()
    >>> seen = observe(scenario, parameters, seed=1, replicates=3, weeks=[0, 52])
    >>> scores = knowledge_test(seen, parameters, wave=1)
    >>> scores.shape, bool((describe(scores).mean > 0).all())
    ((3, 8), True)
    """
    took = ~np.isnan(survey(seen, p, "knowledge", wave=wave, items=1).answers[..., 0])
    return np.where(took, seen.people["knowledge"][:, wave], np.nan)


# --- the observer --------------------------------------------------------------------------------


def observation(
    seen: Seen, p: Parameters, what: str, *, until_week: int, since_week: int = 0, raters: int = 1
) -> np.ndarray:
    """Ratings of contacts on 1..5: 1 + 4 clip(what happened + the rater's severity).

    Args:
        seen, p: as for :func:`survey`.
        what: co_creation (realised, mean of the contacts attended in the weeks) or tailoring (how
            well the provider knows the region, at the last wave up to ``until_week``).
        since_week, until_week: contacts of weeks since_week + 1 .. until_week are observed; each
            is the week of a wave, or 0.
        raters: number of observers; rater r mod raters rates region r, so with one rater all
            regions share one severity.

    Returns:
        Ratings (replicates, regions); NaN where no contact was attended.

    Raises:
        InputError: nothing of that name is rated, these are not weeks of waves, or there is no
            wave at which tailoring could be rated.

    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> parameters = scenario.parameter_set()
    >>> seen = observe(scenario, parameters, seed=1, replicates=3, weeks=[0, 52])
    >>> ratings = observation(seen, parameters, "co_creation", until_week=52, raters=2)
    >>> ratings.shape, bool(((ratings >= 1) & (ratings <= 5)).all())
    ((3, 1), True)
    """
    _check(what, RATED, "what")
    if what == "co_creation":
        attended, total = (
            between(seen, name, since_week, until_week) for name in ("attended", "co_creation_sum")
        )
        level = np.divide(total, attended, out=np.full(total.shape, np.nan), where=attended > 0)
    else:
        waves = [i for i, week in enumerate(seen.weeks) if week <= until_week]
        level = seen.context[:, max(waves, key=lambda i: seen.weeks[i])] if waves else None
        if level is None:
            raise InputError(f"there is no wave up to week {until_week}", field="until_week")
    regions = level.shape[1]
    rater = np.broadcast_to(np.arange(regions) % max(1, raters), (len(seen.replicates), regions))
    words = _words(seen, streams.RATER, rater.astype(np.int64), 0, RATED.index(what))
    severity = p.rater_sd * irwin_hall4(words[0])
    return 1.0 + (POINTS - 1) * np.clip(level + severity, 0.0, 1.0)


# --- the listening session -----------------------------------------------------------------------


def listening_session(seen: Seen, construct: str, *, wave: int, people: int = 6) -> np.ndarray:
    """How many people in a session voice a theme, (replicates, regions).

    ``people`` of each region are invited at random; each voices the theme with a probability equal
    to the latent state (trust .6: six of ten do).

    Raises:
        InputError: there is no such construct.

    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> parameters = scenario.parameter_set()
    >>> seen = observe(scenario, parameters, seed=1, replicates=3, weeks=[0, 52])
    >>> voiced = listening_session(seen, "trust", wave=1, people=6)
    >>> voiced.shape, bool((voiced <= 6).all())
    ((3, 1), True)
    """
    _check(construct, CONSTRUCTS, "construct")
    series = CONSTRUCTS.index(construct)
    words = _words(seen, streams.LISTENING, seen.entities, seen.weeks[wave], series)
    # The same people attend whatever the theme, so their order is that of theme 0.
    order = _words(seen, streams.LISTENING, seen.entities, seen.weeks[wave], 0)[0]
    there = _first_of(order, seen.region, people)
    voiced = there & (uniform(words[1]) < seen.people[construct][:, wave])
    regions = int(seen.region.max()) + 1
    return np.stack([voiced[:, seen.region == r].sum(axis=1) for r in range(regions)], axis=-1)


# --- the dosage log ------------------------------------------------------------------------------


def dosage_log(seen: Seen, *, since_week: int, until_week: int) -> dict[str, Described]:
    """What a centre's log shows for weeks since_week + 1 .. until_week, described over regions.

    Args:
        seen: the runs, from :func:`observe`.
        since_week, until_week: weeks of waves, or 0.

    Returns:
        For each region contacts_a_month (held), hours_a_month (provider hours in contact),
        hours_a_contact, and the shares of planned time: relationship_share, learning_share,
        planning_share, review_share, logistics_share (NaN where no contact is planned). Each entry
        has mean, SD and n over regions, (replicates,).

    Raises:
        InputError: these are not weeks of waves.

    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> parameters = scenario.parameter_set()
    >>> seen = observe(scenario, parameters, seed=1, replicates=3, weeks=[0, 52])
    >>> log = dosage_log(seen, since_week=0, until_week=52)
    >>> sorted(log)[:3], log["hours_a_month"].n.tolist()
    (['contacts_a_month', 'hours_a_contact', 'hours_a_month'], [1, 1, 1])
    >>> log["learning_share"].mean.round(4).tolist()
    [0.25, 0.25, 0.25]
    """
    held = between(seen, "held", since_week, until_week)
    hours = between(seen, "contact_hours", since_week, until_week)
    months = months_of(until_week - since_week)
    each = np.divide(hours, held, out=np.full(hours.shape, np.nan), where=held > 0)
    planned = np.array([between(seen, name, since_week, until_week) for name in PLANNED])
    total = planned.sum(axis=0)
    shares = np.divide(planned, total, out=np.full(planned.shape, np.nan), where=total > 0)
    return {
        "contacts_a_month": describe(held / months),
        "hours_a_month": describe(hours / months),
        "hours_a_contact": describe(each),
        **{f"{name}_share": describe(share) for name, share in zip(FUNCTIONS, shares, strict=True)},
    }


def between(seen: Seen, flow: str, since_week: int, until_week: int) -> np.ndarray:
    """The total of a flow over weeks since_week + 1 .. until_week, (replicates, regions).

    Raises:
        InputError: these are not weeks of waves (or 0) in ascending order.
    """
    found = seen.flows[flow]
    totals = {0: np.zeros_like(found[:, 0])}
    totals |= {week: found[:, i] for i, week in enumerate(seen.weeks)}
    if not since_week < until_week or not {since_week, until_week} <= set(totals):
        waves = ", ".join(map(str, sorted(totals)))
        raise InputError(
            f"there are no weeks after {since_week} up to {until_week}",
            field="until_week",
            allowed=f"since_week < until_week, both among {waves}",
        )
    return totals[until_week] - totals[since_week]


def _check(name: str, options: Sequence[str], field: str) -> None:
    check_known(name, options, "cannot be seen by this instrument", field=field)
