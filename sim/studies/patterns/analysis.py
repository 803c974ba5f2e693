"""answer: runs every case over the sets and at the defaults, and counts patterns over the sets.

Each set has chance of its own, the same in all cases, so that comparisons are paired. The *margin*
of a comparison is the amount by which it holds in a set. A margin is a mean over replicates, so
margins spread wider over the sets than their true values. Before sets are counted,
:func:`~sim.stats.components.shrunk` shrinks margins by the chance that replicates show. Where
chance makes more than 80 % of the variance of a single run's margin, sets cannot be separated
(:mod:`sim.stats.expected`). The interval of a share is that of a count of independent sets; it
leaves out the error of the correction for chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.present.format import percent
from sim.present.table import Column, Table
from sim.runs.collect import Points, RunValues
from sim.runs.plan import Job, RunPlan, independent
from sim.runs.readings import Readings
from sim.scenario.scenario import Scenario
from sim.stats.components import Components, shrunk
from sim.stats.expected import CHANCE_RULES
from sim.stats.intervals import band, half_width, jackknifed, spread_of, t_value, wilson
from sim.studies import measures as measuring
from sim.studies.measures import (
    SEEN,
    Measure,
    outcomes_needed,
    readings_needed,
    variants,
    waves_of,
)
from sim.studies.patterns.spec import ENOUGH, Pattern, Spec, cases_of, comparisons
from sim.studies.patterns.statements import Comparison, Quantity
from sim.studies.spec import Study

if TYPE_CHECKING:
    from sim.studies.ask import Runner

HOLDS, UNCLEAR, FAILS = "holds", "too few sets", "does not hold"
"""Verdicts: the 90 % interval of the share lies above ENOUGH, contains it, or lies below."""
NOT_KNOWN = "not known"
"""Verdict where chance dominates, by the rule of :mod:`sim.stats.expected`."""


def answer(study: Study[Spec], run: Runner) -> Mapping[str, Table]:
    """The tables "patterns" (a row for each) and "comparisons" (a row for each comparison)."""
    everything = [one for measures in _asked(study).values() for one in measures]
    values = run(design(study), Points(outcomes_needed(everything)))
    names = readings_needed(everything)
    seen = run(design_of_surveys(study), Readings(names), label="surveys") if names else None
    return analyse(study, values, seen)


def design(study: Study[Spec]) -> RunPlan:
    """The plan with two jobs for each scenario: over the sets, and at the defaults."""
    return _plan(study, _needed(study))


def design_of_surveys(study: Study[Spec]) -> RunPlan:
    """The same runs of cases with surveys, for a collector that has access to people."""
    return _plan(study, _asked_people(study))


def _plan(study: Study[Spec], asked: Mapping[str, tuple[Scenario, tuple[int, ...]]]) -> RunPlan:
    header, jobs = study.header, list[Job]()
    for scenario, weeks in asked.values():
        jobs.append(independent(scenario, study.sets(scenario), header.replicates, weeks))
        usual = [scenario.parameter_set()]
        jobs.append(independent(scenario, usual, header.default_replicates, weeks))
    return RunPlan(tuple(jobs), study.seed)


def _asked_people(study: Study[Spec]) -> Mapping[str, tuple[Scenario, tuple[int, ...]]]:
    """Scenarios and weeks of the cases that an instrument reads."""
    cases = cases_of(study)
    found = {case: waves_of(cases[case], measures) for case, measures in _asked(study).items()}
    return {case: (cases[case], weeks) for case, weeks in found.items() if weeks}


def _asked(study: Study[Spec]) -> Mapping[str, list[Measure]]:
    """The measures of each case that a statement names."""
    found: dict[str, dict[Measure, None]] = {}
    for pattern in study.header.patterns:
        for one in comparisons(study, pattern):
            for quantity in one.quantities:
                found.setdefault(quantity.case, {})[quantity.measure] = None
    return {case: list(measures) for case, measures in found.items()}


def _needed(study: Study[Spec]) -> Mapping[str, tuple[Scenario, tuple[int, ...]]]:
    """Scenarios to run and their weeks, by digest; cases that differ in dosage alone share their
    counterfactual."""
    cases, found = cases_of(study), dict[str, tuple[Scenario, set[int]]]()
    for case, measures in _asked(study).items():
        for arm in variants(cases[case], measures).values():
            _, weeks = found.setdefault(arm.scenario.digest(), (arm.scenario, set()))
            weeks |= set(arm.points)
    return {key: (one, tuple(sorted(weeks))) for key, (one, weeks) in found.items()}


# --- values of measures --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Measured:
    """Measures of runs, over the sets or at the defaults.

    Attributes:
        values: (1 + replicates, sets) for each quantity, over all replicates and then without each
            of them in turn.
        made: bool (replicates, sets), the replicates with values.
    """

    values: Mapping[Quantity, np.ndarray]
    made: np.ndarray

    @property
    def counted(self) -> np.ndarray:
        """Numbers of replicates with values, (sets,)."""
        return self.made.sum(axis=0)

    def margin(self, one: Comparison) -> tuple[np.ndarray, np.ndarray]:
        """Margin of a comparison in each set, and its standard error (jackknife), both (sets,)."""
        each = one.margin(self.values.__getitem__)
        return each[0], jackknifed(each[1:], self.made)


def measured(
    study: Study[Spec], runs: RunValues, seen: RunValues | None, *, defaults: bool
) -> Measured:
    """Every quantity that statements name, from the runs of the plans of :func:`answer`.

    A replicate of a set that failed in one scenario is left out in all, which keeps runs paired.
    """
    cases, places = cases_of(study), {key: 2 * i + defaults for i, key in enumerate(_needed(study))}
    lost = np.any([runs.failed(job) for job in places.values()], axis=0)
    names, found = runs.kept.names, dict[Quantity, np.ndarray]()
    means = {
        key: (runs.plan.jobs[job].weeks, _left_out(runs.grid(job)[:, :, :, 0], lost))
        for key, job in places.items()
    }
    shape = (1 + lost.shape[1], lost.shape[0])
    read = {
        case: (weeks, _left_out(seen.grid(2 * place + defaults)[:, :, :, 0], lost))
        for place, (case, (_, weeks)) in enumerate(_asked_people(study).items())
        if seen is not None
    }
    readings = () if seen is None else seen.kept.names
    for case, measures in _asked(study).items():
        scenario = cases[case]
        arms = variants(scenario, measures)
        of_arm = {name: means[arm.scenario.digest()] for name, arm in arms.items()}
        if case in read:
            of_arm[SEEN] = read[case]
        for measure in measures:
            values = measuring.answer(measure, scenario, of_arm, names, readings)
            found[Quantity(measure, case)] = values.reshape(shape)
    return Measured(found, ~lost.T)


def _left_out(values: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Means over all replicates, and without each in turn.

    Args:
        values: (sets, replicates, weeks, outcomes); NaN where an outcome is empty.
        lost: bool (sets, replicates), runs that failed.

    Returns:
        ((1 + replicates) * sets, weeks, outcomes), with sets varying fastest. Leaving out a failed
        replicate changes nothing.
    """
    known = ~np.isnan(values) & ~lost[:, :, None, None]
    kept = np.where(known, values, 0.0)
    total, count = kept.sum(axis=1), known.sum(axis=1)
    totals = np.concatenate([total[None], total[None] - kept.transpose(1, 0, 2, 3)])
    counts = np.concatenate([count[None], count[None] - known.transpose(1, 0, 2, 3)])
    means = np.divide(totals, counts, out=np.full(totals.shape, np.nan), where=counts > 0)
    return means.reshape(-1, *values.shape[2:])


# --- tables --------------------------------------------------------------------------------------


def analyse(study: Study[Spec], values: RunValues, seen: RunValues | None) -> dict[str, Table]:
    """The tables of the runs of :func:`design` and :func:`design_of_surveys`."""
    over, usual = (measured(study, values, seen, defaults=one) for one in (False, True))
    patterns, parts = [], []
    for pattern in study.header.patterns:
        judged = [Judged.of(one, over, usual) for one in comparisons(study, pattern)]
        patterns.append(_pattern(pattern, judged))
        parts += [_part(pattern, one) for one in judged]
    return {
        "patterns": Table(
            "patterns", pd.DataFrame(patterns), _PATTERNS, title="Patterns",
            rests_on=values.made.counts,
            note="Shares are of plausible sets, without what chance adds; intervals are 90 %. "
            "Where chance dominates (over 80 % of a run's variance), a share is a bound, or not "
            "known.",
        ),
        "comparisons": Table(
            "comparisons", pd.DataFrame(parts), _COMPARISONS, title="What the patterns compare",
            note="The margin is by how much a comparison holds; below 0 it does not.",
        ),
    }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Judged:
    """A comparison over the sets and at the defaults.

    Attributes:
        margins: (sets,), the margin in each set, from the runs.
        errors: (sets,), standard errors of the margins.
        runs: (sets,), numbers of runs.
        sides: left and right side, each at the defaults and as the mean over the sets.
        usual: the margin at the defaults, and the ends of its 90 % interval.
    """

    one: Comparison
    margins: np.ndarray
    errors: np.ndarray
    runs: np.ndarray
    sides: tuple[float, float, float, float] = (math.nan, math.nan, math.nan, math.nan)
    usual: tuple[float, float, float] = (math.nan, math.nan, math.nan)

    @classmethod
    def of(cls, one: Comparison, over: Measured, usual: Measured) -> Judged:
        """Judge a comparison by its runs."""
        sides = [
            _mean(np.asarray(side.value(runs.values.__getitem__)))
            for side in (one.left, one.right)
            for runs in (usual, over)
        ]
        (margin,), (error,) = usual.margin(one)
        half = math.inf if math.isnan(error) else t_value(int(usual.counted[0]) - 1) * error
        return cls(
            one, *over.margin(one), over.counted, (sides[0], sides[1], sides[2], sides[3]),
            (float(margin), float(margin - half), float(margin + half)),
        )  # fmt: skip

    @cached_property
    def components(self) -> Components:
        """The variance components of the margins; the jackknife gives the part of chance."""
        known = np.isfinite(self.margins) & np.isfinite(self.errors)
        if known.sum() < 2:
            return Components(math.nan, math.nan, math.nan)
        of_means = float((self.errors[known] ** 2).mean())
        chance = float((self.errors[known] ** 2 * self.runs[known]).mean())
        between = max(0.0, float(self.margins[known].var(ddof=1)) - of_means)
        return Components(between, chance, chance / of_means if of_means > 0 else math.nan)

    @property
    def ruled(self) -> bool:
        """Whether chance dominates, so that the sets cannot be separated."""
        return self.components.chance_share > CHANCE_RULES

    @cached_property
    def calm(self) -> np.ndarray:
        """Margins (sets,) after shrinkage for chance; unchanged where chance dominates."""
        found = self.components
        if self.ruled or not found.chance > 0:
            return self.margins
        return shrunk(self.margins, found.chance / found.replicates)

    @property
    def holds(self) -> np.ndarray:
        """Whether the comparison holds in each set, bool (sets,)."""
        return self.one.holds(self.calm)


def _mean(values: np.ndarray) -> float:
    """Mean over the sets with values, from all replicates; a number stays as it is."""
    first = values[0] if values.ndim else values.reshape(1)
    known = first[np.isfinite(first)]
    return float(known.mean()) if len(known) else math.nan


@dataclass(frozen=True, slots=True)
class Counted:
    """The share of the sets in which a pattern holds, its 90 % interval, and the verdict."""

    share: float
    low: float
    high: float
    verdict: str

    @classmethod
    def of(cls, judged: Sequence[Judged]) -> Counted:
        """The share of sets in which all comparisons hold, if it is known.

        Chance draws a share nearer to half. Where chance dominates in one comparison, the pattern
        therefore still holds if it holds with chance included. It does not hold if the known
        comparisons do not hold, or if an unknown one holds, with chance included, in fewer than
        1 - ENOUGH of the sets.
        """
        alike = [one for one in judged if one.ruled]
        found = cls._among(judged, ENOUGH)
        if not alike or found.verdict == HOLDS:
            return found
        known = [one for one in judged if not one.ruled]
        bounds = [cls._among(known, ENOUGH)] if known else []
        bounds += [cls._among([one], 1.0 - ENOUGH) for one in alike]
        for bound in bounds:
            if bound.verdict == FAILS:
                return bound
        return cls(math.nan, math.nan, math.nan, NOT_KNOWN)

    @classmethod
    def _among(cls, judged: Sequence[Judged], line: float) -> Counted:
        """The verdict by whether the interval of the share lies above or below a line."""
        held = np.all([one.holds for one in judged], axis=0)
        share = float(held.mean())
        low, high = wilson(share, len(held))
        return cls(share, low, high, HOLDS if low >= line else FAILS if high < line else UNCLEAR)

    @classmethod
    def of_mean(cls, judged: Sequence[Judged]) -> Counted:
        """The verdict by whether all comparisons hold in the mean over the sets, without share."""
        ends = [_interval(one) for one in judged]
        verdict = _by_ends([(one.one, *end) for one, end in zip(judged, ends, strict=True)])
        return cls(math.nan, math.nan, math.nan, UNCLEAR if verdict == "not clear" else verdict)


def _by_ends(found: Sequence[tuple[Comparison, float, float]]) -> str:
    """The verdict by whether comparisons hold over the whole interval of their margin."""
    if all(bool(one.holds(np.asarray(low))) for one, low, _ in found):
        return HOLDS
    if any(not bool(one.holds(np.asarray(high))) for one, _, high in found):
        return FAILS
    return "not clear"


def _pattern(pattern: Pattern, judged: list[Judged]) -> dict[str, Any]:
    seen = np.all([one.one.holds(one.margins) for one in judged], axis=0)
    found = Counted.of(judged) if pattern.across == "sets" else Counted.of_mean(judged)
    return {
        "id": pattern.id,
        "text": pattern.text,
        "group": pattern.group,
        "source": pattern.source,
        "earned": "earned" if pattern.earned else "built in",
        "why": pattern.why,
        "statement": "; ".join(pattern.statement),
        "across": pattern.across,
        "share": found.share,
        "low": found.low,
        "high": found.high,
        "seen": int(seen.sum()),
        "sets": len(seen),
        "at_defaults": _by_ends([(one.one, *one.usual[1:]) for one in judged]),
        "verdict": found.verdict,
    }


def _interval(one: Judged) -> tuple[float, float]:
    """90 % interval of the mean margin, with sets as units; infinite where its width is not known,
    and NaN where the margin is."""
    known = one.margins[np.isfinite(one.margins)]
    if not len(known):
        return math.nan, math.nan
    half = math.inf
    if len(known) > 1:
        spread = spread_of(known, int(one.runs[np.isfinite(one.margins)].sum()))
        half = half if math.isnan(spread) else half_width(spread, len(known))
    return float(known.mean()) - half, float(known.mean()) + half


def _part(pattern: Pattern, one: Judged) -> dict[str, Any]:
    left_usual, left, right_usual, right = one.sides
    low, high = (math.nan, math.nan) if one.ruled else band(one.calm)
    return {
        "id": pattern.id,
        "left": one.one.left.text,
        "relation": one.one.relation,
        "right": one.one.right.text,
        "left_at_defaults": left_usual,
        "right_at_defaults": right_usual,
        "left_mean": left,
        "right_mean": right,
        "margin": _mean(one.margins[None]),
        "low": low,
        "high": high,
        "share": math.nan if one.ruled else float(one.holds.mean()),
        "error": math.sqrt(_mean(one.errors[None] ** 2)),
        "chance_share": one.components.chance_share,
        "margin_at_defaults": one.usual[0],
    }


_PATTERNS = (
    Column("id", format="text", heading="pattern"),
    Column("text", format="text", heading="what is known"),
    Column("source", format="text"),
    Column("earned", format="text", meaning="by the mechanisms, or built in by equation or input"),
    Column("why", format="text", meaning="why it counts as earned or built in"),
    Column("across", format="text", meaning="looked for in each set, or in the mean over the sets"),
    Column("share", format="percent", meaning="of the sets in which it holds, without chance",
           heading="share of sets"),
    Column("low", format="percent", meaning="lower end of the 90 % interval of the share"),
    Column("high", format="percent", meaning="upper end of it"),
    Column("seen", format="count", meaning="sets in which the means of the replicates show it"),
    Column("sets", format="count"),
    Column("at_defaults", format="text", meaning="at the defaults, beyond its 90 % error"),
    Column("verdict", format="text", meaning=f"of {percent(ENOUGH)} of the sets, or of the mean"),
)  # fmt: skip
_COMPARISONS = (
    Column("id", format="text", heading="pattern"),
    Column("left", format="text"),
    Column("relation", format="text", heading="is"),
    Column("right", format="text"),
    Column("left_at_defaults", format="signed"),
    Column("right_at_defaults", format="signed"),
    Column("left_mean", format="signed", meaning="mean over the sets"),
    Column("right_mean", format="signed", meaning="mean over the sets"),
    Column("margin", format="signed", meaning="by how much it holds, mean over the sets"),
    Column("low", format="signed", meaning="5 % of the sets have a smaller margin, without chance"),
    Column("high", format="signed", meaning="5 % of the sets have a larger one"),
    Column("share", format="percent", meaning="of the sets in which it holds, without chance"),
    Column("error", format="number", meaning="standard error of the margin of a set, by chance"),
    Column("chance_share", format="percent", meaning="of chance in the variance of a run's margin"),
    Column("margin_at_defaults", format="signed"),
)
