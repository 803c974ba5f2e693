"""design and analyse: a design audit, which runs a study's own design many times in the model.

Each replication draws a plausible parameter set and chance, selects regions, gives TA (or TA that
does nothing), and surveys people with the study's own survey. The audit compares the estimate that
the study would report with the true effect in the same replication. The true effect compares the
same people and chance with TA and without, as the same survey would read it if everybody answered.

Each design is a difference of means of answers. The test treats respondents as independent, as
papers do, and their mean as normal. The designs are:

* ``before_after``: last wave minus first wave, in the selected regions;
* ``comparison``: that change minus the change of the next-readiest regions without TA;
* ``extra_wave``: that change minus the change expected from a further wave before the start (TA
  starts ``lead_weeks`` later, so that the model has a time before it);
* ``random_pick``: twice as many ready regions, half of which are drawn for TA and compared with the
  other half;
* ``twice_asked``: before and after, with twice as many respondents in each region.

``dose_regression`` answers another question, see :mod:`sim.studies.audit.dose`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sim.core import streams
from sim.core.parameters import Parameters
from sim.core.streams import Streams
from sim.present.table import Column, Table
from sim.runs.instruments import describe, expected_answer, survey
from sim.runs.people import People, Seen, SeenRuns
from sim.runs.plan import RunPlan, independent
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.stats.intervals import band, jackknifed, t_value, t_values
from sim.studies.audit import dose
from sim.studies.audit.spec import DESIGNS, WORLDS, Spec, asked_in, replications
from sim.studies.spec import Study, week_number

COLLECT = People()
SUMMARY = (
    "reported", "low", "high", "true", "bias", "rmse", "significant", "coverage", "empty",
)  # fmt: skip
"""The columns of :func:`summary_row`."""
Arms = Mapping[str, tuple[Scenario, Sequence[int]]]
"""The scenario of each arm, and the weeks of its waves."""
Estimates = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Estimate, the half-width of its 95 % interval and the true effect, (replicates,) each."""


def design(study: Study[Spec]) -> RunPlan:
    """The plan of every arm under every background trend, with the same sets and replicates."""
    header = study.header
    jobs = [
        independent(scenario, study.sets(scenario), header.replicates, weeks)
        for trend in header.background_trends
        for scenario, weeks in _arms(study, trend).values()
    ]
    return RunPlan(tuple(jobs), study.seed)


def _arms(study: Study[Spec], trend: float) -> Arms:
    scenario = with_levers(study.scenario, {"background_trend": trend})
    first, last = waves(study)
    if study.header.design == "dose_regression":
        return {name: (one, [first, last]) for name, one in dose.arms(scenario).items()}
    count, lead = len(scenario.region_names), study.header.lead_weeks
    more = with_regions(scenario, count + study.header.comparison_regions)
    pool, late = with_regions(scenario, 2 * count), later(scenario, lead)
    twice, thrice = [first, last], [first, first + lead, last + lead]
    return {
        "ta": (scenario, twice),
        "none": (scenario.without_ta(), twice),
        "more": (more.without_ta(), twice),
        "pool ta": (pool, twice),
        "pool none": (pool.without_ta(), twice),
        "late": (late, thrice),
        "late none": (late.without_ta(), thrice),
    }


def waves(study: Study[Spec]) -> tuple[int, int]:
    """Weeks of the first and the last wave."""
    first, last = (week_number(week, study.scenario) for week in study.header.weeks)
    return first, last


def with_regions(scenario: Scenario, count: int) -> Scenario:
    """A scenario with more of the readiest regions, and with providers in proportion."""
    before = scenario.providers
    providers = max(1, round(before.count * count / len(scenario.region_names)))
    return with_levers(
        scenario,
        {"weekly_hours": before.hours_each[0], "providers": providers, "regions": count},
    )


def later(scenario: Scenario, weeks: int) -> Scenario:
    """A scenario whose TA starts some weeks later."""
    return with_levers(
        scenario,
        {
            "horizon_weeks": scenario.horizon_weeks + weeks,
            "first_week": scenario.plan_start + weeks,
        },
    )


# --- the tables ----------------------------------------------------------------------------------


def analyse(study: Study[Spec], people: SeenRuns) -> dict[str, Table]:
    """The table "audit" and, for before and after, the tables "leniency" and "remedies"."""
    slopes = study.header.design == "dose_regression"
    found: dict[tuple[str, float, str, str], list[Estimates]] = {}
    units: dict[float, list[np.ndarray]] = {}
    lenient: dict[tuple[str, int], list[tuple[float, np.ndarray, np.ndarray]]] = {}
    for trend, number, p, seen in replicated(study, people):
        units.setdefault(trend, []).append(_units(study, number, next(iter(seen.values()))))
        if slopes:
            estimates = dose.estimates(study, p, seen)
        else:
            asking = Asking(study, p, seen)
            estimates = asking.estimates()
            if trend == study.header.background_trends[0]:
                for construct, number, read in asking.leniencies():
                    lenient.setdefault((construct, number), []).append(read)
        for world, construct, name, parts in estimates:
            found.setdefault((world, trend, construct, name), []).append(parts)
    rows = [
        {"world": world, "trend": trend, "construct": construct, "design": name}
        | summary_row(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        | {"bias_se": _bias_se(parts, units[trend])}
        for (world, trend, construct, name), parts in found.items()
    ]
    rests_on = people.made.counts
    frame = pd.DataFrame(rows)
    tables = {"audit": _audit_table(study, frame, rests_on)}
    if not slopes and study.header.leniencies:
        tables["leniency"] = _leniency_table(lenient, rests_on)
    if not slopes:
        errors = {
            (*cell, unit): squares
            for cell, parts in found.items()
            for unit, squares in _squares(parts, units[cell[1]]).items()
        }
        tables["remedies"] = _remedies(study, frame, errors, rests_on)
    return tables


def _units(study: Study[Spec], number: int, seen: Seen) -> np.ndarray:
    """For each replication of a set, what is independent: the set, or the replication where there
    is a single set."""
    assert study.plausible is not None
    return np.asarray(
        seen.replicates if len(study.plausible) < 2 else [number] * len(seen.replicates)
    )


def _squares(parts: Sequence[Estimates], units: Sequence[np.ndarray]) -> dict[int, np.ndarray]:
    """For each unit, the sum of squared errors of the estimate, and the number of them."""
    return _sums(parts, units, 2)


def _sums(
    parts: Sequence[Estimates], units: Sequence[np.ndarray], power: int
) -> dict[int, np.ndarray]:
    estimate, half, truth = (np.concatenate(column) for column in zip(*parts, strict=True))
    known = np.isfinite(estimate) & np.isfinite(half)
    errors, of = np.where(known, (estimate - truth) ** power, 0.0), np.concatenate(units)
    return {
        int(unit): np.array([errors[of == unit].sum(), known[of == unit].sum()])
        for unit in np.unique(of)
    }


def _bias_se(parts: Sequence[Estimates], units: Sequence[np.ndarray]) -> float:
    """Standard error of the mean error of an estimate, in which replications of a set are not
    independent."""
    each = np.array(list(_sums(parts, units, 1).values()))
    left = each.sum(axis=0) - each
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(jackknifed(left[:, 0] / left[:, 1], each[:, 1] > 0))


def replicated(
    study: Study[Spec], people: SeenRuns
) -> Iterator[tuple[float, int, Parameters, dict[str, Seen]]]:
    """Trend, number of the parameter set, the set, and observations of every arm, for replicates
    that failed in none."""
    first = 0
    for trend in study.header.background_trends:
        names = list(_arms(study, trend))
        jobs = range(first, first + len(names))
        first += len(names)
        for number, p in enumerate(people.made.plan.jobs[jobs.start].sets):
            kept = people.usable(jobs, number)
            if kept.any():
                seen = {n: people.of(number, j, kept) for n, j in zip(names, jobs, strict=True)}
                yield trend, number, p, seen


def summary_row(estimate: np.ndarray, half: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """The summary of many replications of one design; arguments are (replications,), of which
    ``half`` is the half-width of the 95 % interval.

    Columns: reported (mean estimate), low, high (90 % interval of the studies), true (mean effect
    in the same replications), bias, rmse (of the estimate about the true effect), significant
    (share whose interval leaves out 0, which is power, or false alarms where the true effect is 0),
    coverage (share of intervals that hold the true effect), empty (share of replications without an
    estimate). Without any estimate, all but the last are NaN.
    """
    known = np.isfinite(estimate) & np.isfinite(half)
    if not known.any():
        return {**dict.fromkeys(SUMMARY, float("nan")), "empty": 1.0}
    e, h, t = estimate[known], half[known], truth[known]
    low, high = band(e)
    return {
        "reported": float(e.mean()),
        "low": low,
        "high": high,
        "true": float(t.mean()),
        "bias": float((e - t).mean()),
        "rmse": float(np.sqrt(((e - t) ** 2).mean())),
        "significant": float((np.abs(e) > h).mean()),
        "coverage": float((np.abs(e - t) <= h).mean()),
        "empty": float(1.0 - known.mean()),
    }


def _audit_table(study: Study[Spec], frame: pd.DataFrame, rests_on: tuple[int, int]) -> Table:
    slopes = study.header.design == "dose_regression"
    unit = "points of the scale per ten contact hours" if slopes else "points of 1-5"
    columns = [
        Column("world", format="text", meaning="whether TA works as calibrated or does nothing"),
        Column("trend", "a year", "given", "change of knowledge without any TA"),
        Column("design", format="text", meaning="what the study did"),
        Column("reported", unit, "signed", "mean of what studies report"),
        Column("low", unit, "signed", "5 % of studies report less"),
        Column("high", unit, "signed", "5 % of studies report more"),
        Column("true", unit, "signed", "mean effect in the same replications"),
        Column("bias", unit, "signed", "mean of what is reported minus the true effect"),
        Column("bias_se", unit, "number", "standard error of the bias (jackknife over sets, or "
               "over replications of a single set)"),
        Column("rmse", unit, "number", "root mean square error of what is reported"),
        Column("significant", "", "percent", "studies that call it significant at 5 %: power, or "
               "false alarms when TA does nothing"),
        Column("coverage", "", "percent", "95 % intervals that hold the true effect"),
        Column("empty", "", "percent", "replications without an estimate"),
    ]  # fmt: skip
    return Table(
        "audit", frame, columns, title="What the study would have reported",
        note=f"Over {replications(study):,} replications of each row.", rests_on=rests_on,
    )  # fmt: skip


def _leniency_table(
    lenient: Mapping[tuple[str, int], list[tuple[float, np.ndarray, np.ndarray]]],
    rests_on: tuple[int, int],
) -> Table:
    """A row for each construct and leniency, over all parameter sets.

    The first leniency of a construct is that of each set, and the row has the mean over sets.
    """
    rows = []
    for (construct, _), parts in lenient.items():
        levels, *columns_of = zip(*parts, strict=True)
        points, latent = (np.concatenate(column) for column in columns_of)
        rows.append(
            {
                "construct": construct,
                "leniency": float(np.mean(levels)),
                "change_points": float(np.nanmean(points)),
                "change_latent": float(latent.mean()),
                "points_per_tenth": float(np.nanmean(points) / latent.mean() / 10.0),
            }
        )
    columns = [
        Column("leniency", "", "number", "added to what people feel before they answer, 0-1"),
        Column("change_points", "points of 1-5", "signed", "change that the survey reads"),
        Column("change_latent", "0-1", "signed", "change of the state behind it"),
        Column("points_per_tenth", "points of 1-5", "number", "read for .10 of latent change"),
    ]
    return Table(
        "leniency", pd.DataFrame(rows), columns, title="How much of a change a survey reads",
        rests_on=rests_on,
    )  # fmt: skip


def ratios(errors: Mapping[tuple[Any, ...], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The error of each design as a share of that of ``before_after`` (mean over cells of the ratio
    of root mean square errors), and the same with each unit left out.

    Args:
        errors: by world, trend, construct, design and unit, the sum of squared errors and their
            number.

    Returns:
        Arrays (designs,) and (units, designs), in the order of ``DESIGNS``.
    """
    cells = list(dict.fromkeys(key[:3] for key in errors))
    units = sorted({key[4] for key in errors})
    nothing = np.zeros(2)
    each = np.array(
        [
            [[errors.get((*cell, name, unit), nothing) for name in DESIGNS] for cell in cells]
            for unit in units
        ]
    )  # (units, cells, designs, sum and number)
    whole = each.sum(axis=0)

    def of(sums: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            rmse = np.sqrt(np.where(sums[..., 1] > 0, sums[..., 0], np.nan) / sums[..., 1])
            share = rmse / rmse[..., :1]
            return np.where(np.isfinite(share), share, np.nan).mean(axis=-2)

    return of(whole), of(whole - each)


def _remedies(
    study: Study[Spec],
    frame: pd.DataFrame,
    errors: Mapping[tuple[Any, ...], np.ndarray],
    rests_on: tuple[int, int],
) -> Table:
    """Each design over all constructs, worlds and trends, with the least error first."""
    rows = []
    whole, without = ratios(errors)
    known = np.isfinite(whole)
    se, first = jackknifed(without), int(np.argmin(np.where(known, whole, np.inf)))
    reach = t_value(len(without) - 1) * jackknifed(without - without[:, [first]])
    leads = known & ~(whole - whole[first] > reach)
    for place, name in enumerate(DESIGNS):
        part = frame[frame["design"] == name]
        significant = part.groupby("world")["significant"].mean()
        rows.append(
            {
                "design": name,
                "rmse_ratio": float(whole[place]),
                "se": float(se[place]),
                "leads": bool(leads[place]),
                "bias": float(part["bias"].abs().mean()),
                "power": float(significant["works"]),
                "false_alarms": float(significant["does nothing"]),
                "coverage": float(part["coverage"].mean()),
            }
        )
    made = pd.DataFrame(rows).sort_values("rmse_ratio", kind="stable").reset_index(drop=True)
    columns = [
        Column("design", format="text", meaning="what the study would do"),
        Column("rmse_ratio", "", "number", "error of the reported effect, as a share of that of "
               "the design as it was", "error"),
        Column("se", "", "number", "standard error of that share (jackknife over sets, or over "
               "replications of a single set)"),
        Column("leads", meaning="the least error, or not known to be larger than it"),
        Column("bias", "points of 1-5", "number", "mean size of the bias"),
        Column("power", "", "percent", "studies that find the effect when TA works"),
        Column("false_alarms", "", "percent", "studies that find one when TA does nothing"),
        Column("coverage", "", "percent", "95 % intervals that hold the true effect"),
    ]  # fmt: skip
    return Table(
        "remedies", made, columns, title="Which cheap addition helps most",
        note="Over all constructs and trends, whether TA works or not. Designs that lead are not "
        "known to differ in error: the 90 % interval of the difference holds 0.", rests_on=rests_on,
    )  # fmt: skip


# --- one wave as numbers -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Some people in one wave, or a sum of independent cells.

    Attributes:
        mean: mean score, (replicates,).
        error2: its squared standard error.
        by_freedom: the square of that over its degrees of freedom, summed over cells.
    """

    mean: np.ndarray
    error2: np.ndarray
    by_freedom: np.ndarray

    def __add__(self, other: Cell) -> Cell:
        return Cell(
            self.mean + other.mean,
            self.error2 + other.error2,
            self.by_freedom + other.by_freedom,
        )

    def times(self, factor: float) -> Cell:
        """The cell times a number."""
        return Cell(self.mean * factor, self.error2 * factor**2, self.by_freedom * factor**4)

    def __sub__(self, other: Cell) -> Cell:
        return self + other.times(-1.0)

    @property
    def half(self) -> np.ndarray:
        """Half the width of the 95 % interval, by Student's t with the degrees of freedom of Welch
        (1947), because groups differ in their spread and may be small."""
        known = self.by_freedom > 0
        freedom = np.divide(
            self.error2**2, self.by_freedom, out=np.full(known.shape, np.inf), where=known
        )
        return t_values(freedom, 0.95) * np.sqrt(self.error2)


@dataclass(frozen=True, eq=False)
class Asking:
    """The survey of one parameter set's people, in every arm.

    Attributes:
        p: the parameter set.
        seen: the observations, by the name of the arm.
        known: answers by arm, construct, wave, number of respondents and leniency; they are kept
            because several designs read the same wave.
    """

    study: Study[Spec]
    p: Parameters
    seen: Mapping[str, Seen]
    known: dict[tuple[Any, ...], np.ndarray] = field(default_factory=dict)

    def estimates(self) -> Iterator[tuple[str, str, str, Estimates]]:
        """World, construct, design, and the estimates of that design there."""
        for construct in self.study.header.asks_about:
            for world in WORLDS:
                for name in DESIGNS:
                    yield world, construct, name, self.estimate(construct, world, name)

    def leniencies(self) -> Iterator[tuple[str, int, tuple[float, np.ndarray, np.ndarray]]]:
        """Construct, number of the leniency (0: that of the parameters), and its readings.

        The readings are the leniency, the change in points, and the latent change behind it.
        """
        for construct in self.study.header.asks_about:
            latent = self.seen["ta"].people[construct].mean(axis=2)
            levels = (self.p.survey_leniency, *self.study.header.leniencies)
            for number, level in enumerate(levels):
                q = self.p.replace(beyond_range=True, survey_leniency=level)
                read = self.cell("ta", construct, 1, p=q) - self.cell("ta", construct, 0, p=q)
                yield construct, number, (level, read.mean, latent[:, 1] - latent[:, 0])

    def cell(
        self,
        arm: str,
        construct: str,
        wave: int,
        who: np.ndarray | None = None,
        times: int = 1,
        p: Parameters | None = None,
    ) -> Cell:
        """The answers of a wave, of all people or of ``who``, bool (replicates, people)."""
        q = self.p if p is None else p
        asked = times * asked_in(self.study)
        key = (arm, construct, wave, asked, q.survey_leniency)
        if key not in self.known:
            items = self.study.header.items
            answers = survey(self.seen[arm], q, construct, wave=wave, items=items, asked=asked)
            self.known[key] = answers.scores
        scores = self.known[key]
        found = describe(scores if who is None else np.where(who, scores, np.nan))
        error2 = np.divide(
            found.sd**2, found.n, out=np.full(found.n.shape, np.nan), where=found.n > 1
        )
        freedom = np.maximum(found.n - 1, 1)
        return Cell(found.mean, error2, error2**2 / freedom)

    def expected(
        self, arm: str, construct: str, wave: int, who: np.ndarray | None = None
    ) -> np.ndarray:
        """The mean answer if everybody answered, (replicates,)."""
        answers = expected_answer(self.seen[arm].people[construct][:, wave], self.p)
        return describe(answers if who is None else np.where(who, answers, np.nan)).mean

    def estimate(self, construct: str, world: str, name: str) -> Estimates:
        """The estimates of a design for a construct in a world."""
        works = world == "works"
        if name == "extra_wave":
            return self._extra_wave(construct, "late" if works else "late none")
        times = 2 if name == "twice_asked" else 1
        pool = "pool " if name == "random_pick" else ""
        with_ta, without = f"{pool}{'ta' if works else 'none'}", f"{pool}none"
        who = drawn(self.seen[with_ta], len(self.study.scenario.region_names)) if pool else None

        def change(arm: str, some: np.ndarray | None) -> Cell:
            return self.cell(arm, construct, 1, some, times) - self.cell(
                arm, construct, 0, some, times
            )

        found = change(with_ta, who)
        if who is not None:
            found = found - change(without, ~who)
        elif name == "comparison":
            found = found - change("more", not_in(self.seen["more"], self.seen[with_ta]))
        truth = self.expected(with_ta, construct, 1, who) - self.expected(
            without, construct, 1, who
        )
        return found.mean, found.half, truth

    def _extra_wave(self, construct: str, arm: str) -> Estimates:
        first, last = waves(self.study)
        before, start, end = (self.cell(arm, construct, wave) for wave in range(3))
        slope = (last - first) / self.study.header.lead_weeks
        found = end - start.times(1 + slope) + before.times(slope)
        truth = self.expected(arm, construct, 2) - self.expected("late none", construct, 2)
        return found.mean, found.half, truth


# --- people who are compared ---------------------------------------------------------------------


def candidates(seen: Seen) -> np.ndarray:
    """The candidate number of each person's region, (replicates, people)."""
    return seen.entities >> streams.POST_BITS


def not_in(seen: Seen, others: Seen) -> np.ndarray:
    """Whether a person's region is not among those of another run, (replicates, people)."""
    mine, theirs = candidates(seen), candidates(others)
    return ~np.stack([np.isin(a, b) for a, b in zip(mine, theirs, strict=True)])


def drawn(seen: Seen, count: int) -> np.ndarray:
    """Whether a person's region is among ``count`` drawn at random, (replicates, people)."""
    mine = candidates(seen)
    chosen = np.zeros(mine.shape, dtype=bool)
    for i, replicate in enumerate(seen.replicates.tolist()):
        stream = Streams(seen.seed, replicate)
        regions = np.unique(mine[i])
        keys = [stream.words(streams.SELECTION, int(c), 0, 1)[0] for c in regions]
        chosen[i] = np.isin(mine[i], regions[np.argsort(keys)[:count]])
    return chosen
