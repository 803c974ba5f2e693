"""Design audit: a study's own design, run many times in the model. What would it have reported?

Each replication draws a plausible parameter set and luck, selects regions, gives TA (or TA that
does nothing), and asks people with the study's own survey. The audit compares what the study would
report with the effect in that very replication: the same people and luck with TA and without, as
the same survey would read it were everybody to answer.

Designs (each a difference of means of answers, tested as papers do, respondents taken for
independent):

* ``before_after``: last wave minus first, in the selected regions;
* ``comparison``: the same minus that of the next-readiest regions without TA;
* ``extra_wave``: the change minus what a further wave before the start makes expect (the TA starts
  ``lead_weeks`` later, so that there is something to see before);
* ``random_pick``: twice as many ready regions, half of them drawn for TA, the others compared;
* ``twice_asked``: before and after, with twice the respondents a region.

``dose_regression`` asks another question: when regions choose their dose, does the outcome's slope
on hours received say what an hour does? Everything is "what if, not forecast".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd

from sim import streams
from sim.checking import Issue, Number, Shape, refusal
from sim.core.units import Z95
from sim.instruments import CONSTRUCTS, Seen, describe, expected_answer, observe_plan, survey
from sim.levers import with_levers
from sim.loading import shown
from sim.parameters import Parameters
from sim.runs.execute import Execution
from sim.runs.plan import RunPlan, fresh
from sim.scenario import Scenario
from sim.stats.intervals import band
from sim.streams import Streams
from sim.study.plausible import PlausibleSets, plausible_sets
from sim.study.study_file import Study, StudyHeader, find_study, read_study, week_number

DESIGNS = ("before_after", "comparison", "extra_wave", "random_pick", "twice_asked")
WORLDS = ("works", "does nothing")


def _constructs(value: Any) -> tuple[str, ...]:
    from sim.errors import did_you_mean

    given = [value] if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not given:
        raise refusal(f"{shown(value)} names nothing to ask about", allowed=", ".join(CONSTRUCTS))
    for name in given:
        if name not in CONSTRUCTS:
            raise refusal(
                f"{shown(name)} cannot be asked in a survey",
                allowed=", ".join(CONSTRUCTS),
                suggestion=did_you_mean(name, CONSTRUCTS),
            )
    return tuple(given)


_CONSTRUCTS = Shape(_constructs, {"type": "array", "items": {"enum": list(CONSTRUCTS)}})
_TREND = Annotated[float, Number(-0.5, 0.5)]


class AuditFile(StudyHeader):
    """A study of kind ``audit``."""

    kind: Literal["audit"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """audit"""
    design: Literal["before_after", "dose_regression"] = "before_after"
    """What the study did."""
    asks_about: Annotated[tuple[str, ...], _CONSTRUCTS] = CONSTRUCTS
    """What its survey asks about: trust, accountability, knowledge, integration."""
    weeks: tuple[Any, ...] = ("start", "end_of_ta")
    """First and last wave."""
    items: Annotated[int, Number(1, 100, whole=True)] = 4
    """Items of each scale."""
    asked: Annotated[int, Number(1, 10**6, whole=True)] | None = None
    """People asked in each region; left out: half of the staff."""
    comparison_regions: Annotated[int, Number(1, 1000, whole=True)] = 1
    """Next-readiest regions without TA, for the design ``comparison``."""
    lead_weeks: Annotated[int, Number(4, 104, whole=True)] = 26
    """How long before the start the extra wave is."""
    background_trends: tuple[_TREND, ...] = (0.0, 0.02)
    """Yearly change of knowledge without any TA, one world each."""
    leniencies: tuple[Annotated[float, Number(0, 1)], ...] = (0.0,)
    """Leniencies of answering to compare with the parameter's own."""
    sets: Annotated[int, Number(2, 10_000, whole=True)] = 50
    """Plausible parameter sets."""
    replicates: Annotated[int, Number(1, 2**16, whole=True)] = 20
    """Replications of each set."""


def read_audit(path_or_name: str | Path) -> Study[AuditFile]:
    """A study of kind ``audit``.

    Raises:
        StudyError: every mistake with file, line and column.
    """
    study = read_study(find_study(path_or_name), AuditFile, issues=_issues)
    _check(study)
    return study


def _issues(header: AuditFile) -> list[Issue]:
    found = []
    if len(header.weeks) != 2:
        found.append(Issue(("weeks",), f"has {len(header.weeks)} waves", allowed="[first, last]"))
    if not header.background_trends:
        found.append(Issue(("background_trends",), "is empty", allowed="[0]"))
    return found


def _check(study: Study[AuditFile]) -> None:
    scenario, header = study.scenario, study.header
    first, last = (week_number(week, scenario) for week in header.weeks)
    if not first < last <= scenario.horizon_weeks:
        raise study.error(
            ("weeks",), f"week {first} to week {last} is no before and after",
            allowed=f"two weeks of 0..{scenario.horizon_weeks}, the first before the second",
        )  # fmt: skip
    if not scenario.dosage:
        raise study.error(("scenario",), f"{scenario.name!r} has no contact series to audit")
    if scenario.regions.overrides or scenario.networks[0].kind == "file":
        raise study.error(
            ("scenario",), f"{scenario.name!r} gives single regions a team of their own",
            allowed="a scenario without overrides: the audit adds regions to it",
        )  # fmt: skip
    count, candidates = len(scenario.region_names), scenario.regions.candidates
    if header.design == "dose_regression":
        if count < 4:
            raise study.error(("scenario",), f"a slope over {count} regions", allowed="4 or more")
        return
    needed = max(2 * count, count + header.comparison_regions)
    if needed > candidates:
        raise study.error(
            ("scenario",), f"designs with a comparison need {needed} candidate regions, "
            f"{scenario.name!r} has {candidates}", allowed=f"candidates: {needed} or more",
        )  # fmt: skip


# --- one wave as numbers -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Some people in one wave: mean and squared standard error of their scores, (replicates,)."""

    mean: np.ndarray
    error2: np.ndarray

    def __add__(self, other: Cell) -> Cell:
        return Cell(self.mean + other.mean, self.error2 + other.error2)

    def times(self, factor: float) -> Cell:
        """The cell times a number."""
        return Cell(self.mean * factor, self.error2 * factor**2)

    def __sub__(self, other: Cell) -> Cell:
        return self + other.times(-1.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """How the study asks. ``known`` keeps answers: several designs read the same wave."""

    construct: str
    items: int
    asked: int
    known: dict[tuple[Any, ...], np.ndarray]

    def cell(self, seen: Seen, p: Parameters, wave: int, who: np.ndarray | None = None) -> Cell:
        """The answers of a wave, of all or of ``who`` (replicates, people)."""
        key = (id(seen), self.construct, wave, self.asked, p.survey_leniency)
        if key not in self.known:
            self.known[key] = survey(
                seen, p, self.construct, wave=wave, items=self.items, asked=self.asked
            ).scores
        scores = self.known[key]
        found = describe(scores if who is None else np.where(who, scores, np.nan))
        error2 = np.divide(
            found.sd**2, found.n, out=np.full(found.n.shape, np.nan), where=found.n > 1
        )
        return Cell(found.mean, error2)

    def expected(
        self, seen: Seen, p: Parameters, wave: int, who: np.ndarray | None = None
    ) -> np.ndarray:
        """Mean answer were everybody to answer, (replicates,)."""
        answers = expected_answer(seen.people[self.construct][:, wave], p)
        return describe(answers if who is None else np.where(who, answers, np.nan)).mean


# --- the scenarios of the designs ----------------------------------------------------------------


def _with_regions(scenario: Scenario, count: int) -> Scenario:
    """The same with more of the readiest regions, and providers in proportion."""
    before = scenario.providers
    providers = {
        "count": max(1, round(before.count * count / len(scenario.region_names))),
        "weekly_hours": before.hours_each[0],
    }
    return with_levers(scenario.replace(providers=providers), {"regions": count})


def _later(scenario: Scenario, weeks: int) -> Scenario:
    """The same with TA that starts some weeks later."""
    return with_levers(
        scenario,
        {
            "horizon_weeks": scenario.horizon_weeks + weeks,
            "first_week": scenario.plan_start + weeks,
        },
    )


def _candidates(seen: Seen) -> np.ndarray:
    """Candidate of everybody, (replicates, people)."""
    return seen.entities >> streams.POST_BITS


def _not_in(seen: Seen, others: Seen) -> np.ndarray:
    """Whether a person's region is not among those of another run, (replicates, people)."""
    mine, theirs = _candidates(seen), _candidates(others)
    return ~np.stack([np.isin(a, b) for a, b in zip(mine, theirs, strict=True)])


def _drawn(seen: Seen, count: int) -> np.ndarray:
    """Whether a person's region is among ``count`` drawn at random, (replicates, people)."""
    candidates = _candidates(seen)
    chosen = np.zeros(candidates.shape, dtype=bool)
    for i, replicate in enumerate(seen.replicates.tolist()):
        stream = Streams(seen.seed, replicate)
        regions = np.unique(candidates[i])
        keys = [stream.words(streams.SELECTION, int(c), 0, 1)[0] for c in regions]
        chosen[i] = np.isin(candidates[i], regions[np.argsort(keys)[:count]])
    return chosen


# --- before and after ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found.

    Attributes:
        table: a row a world (works, does nothing), trend, construct and design; see
            :func:`summary_row` for the columns.
        leniency: a row a construct and leniency: change in points with TA, and per latent point.
        replications: of each row.
        plausible: the sets.
    """

    study: Study[AuditFile]
    table: pd.DataFrame
    leniency: pd.DataFrame
    replications: int
    plausible: PlausibleSets


def audit(
    study: Study[AuditFile],
    *,
    plausible: PlausibleSets | None = None,
    execution: Execution | None = None,
) -> Audit:
    """Run an audit.

    Args:
        plausible: sets to run over; left out: those that come with the project.
        execution: how runs are made; its progress counts parameter sets.

    Raises:
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.
    """
    how = execution or Execution()
    header = study.header
    plausible = plausible_sets(header.sets) if plausible is None else plausible
    sets = plausible.within(study.scenario)
    if header.design == "dose_regression":
        from sim.study import dose_audit

        table, leniency = dose_audit.run(study, sets, how), pd.DataFrame()
    else:
        table, leniency = _before_after(study, sets, how)
    return Audit(study, table, leniency, len(sets) * header.replicates, plausible)


def set_execution(execution: Execution, trend: int, number: int) -> Execution:
    """How the runs of one set in one world are made: kept in a folder of their own."""
    return replace(execution.within(f"trend-{trend}-set-{number}"), progress=None)


def asked_in(study: Study[AuditFile]) -> int:
    """People asked in each region."""
    staff = min(study.scenario.staff_counts)
    return study.header.asked or max(1, staff // 2)


def _before_after(
    study: Study[AuditFile], sets: Sequence[Parameters], execution: Execution
) -> tuple[pd.DataFrame, pd.DataFrame]:
    header = study.header
    found: dict[tuple[str, float, str, str], list[tuple[np.ndarray, ...]]] = {}
    lenient: dict[tuple[str, float], list[tuple[np.ndarray, np.ndarray]]] = {}
    total = len(sets) * len(header.background_trends)
    for turn, trend in enumerate(header.background_trends):
        scenario = study.scenario.replace(background_trend=trend)
        plan = _Plan(study, scenario)
        for number, p in enumerate(sets):
            execution.report_progress(turn * len(sets) + number, total)
            seen = plan.observe(p, number, set_execution(execution, turn, number))
            for construct in header.asks_about:
                for world in WORLDS:
                    for design in DESIGNS:
                        found.setdefault((world, trend, construct, design), []).append(
                            plan.estimate(seen, p, construct, world, design)
                        )
                if turn == 0:
                    for level in (p.survey_leniency, *header.leniencies):
                        q = p.replace(beyond_range=True, survey_leniency=level)
                        lenient.setdefault((construct, level), []).append(
                            plan.change(seen, q, construct)
                        )
    execution.report_progress(total, total)
    rows = []
    for (world, trend, construct, design), parts in found.items():
        joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
        rows.append(
            {"world": world, "trend": trend, "construct": construct, "design": design}
            | summary_row(*joined)
        )
    return pd.DataFrame(rows), _leniency_table(lenient)


def summary_row(estimate: np.ndarray, error: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """What many replications of one design come to; arguments (replications,).

    Columns: reported (mean estimate), low, high (5-95 % of the studies), true (mean effect in the
    same replications), bias, rmse (of the estimate about the truth), significant (share reporting
    |estimate| > 1.96 SE: power, or false alarms when the truth is 0), coverage (share of 95 %
    intervals that hold the truth), empty (share of replications without an estimate).
    """
    known = np.isfinite(estimate) & np.isfinite(error)
    e, s, t = estimate[known], error[known], truth[known]
    low, high = band(e)
    return {
        "reported": float(e.mean()),
        "low": low,
        "high": high,
        "true": float(t.mean()),
        "bias": float((e - t).mean()),
        "rmse": float(np.sqrt(((e - t) ** 2).mean())),
        "significant": float((np.abs(e) > Z95 * s).mean()),
        "coverage": float((np.abs(e - t) <= Z95 * s).mean()),
        "empty": float(1.0 - known.mean()),
    }


def _leniency_table(
    lenient: dict[tuple[str, float], list[tuple[np.ndarray, np.ndarray]]],
) -> pd.DataFrame:
    rows = []
    for (construct, level), parts in lenient.items():
        points, latent = (np.concatenate(column) for column in zip(*parts, strict=True))
        rows.append(
            {
                "construct": construct,
                "leniency": level,
                "change_points": float(np.nanmean(points)),
                "change_latent": float(latent.mean()),
                "points_per_tenth": float(np.nanmean(points) / latent.mean() / 10.0),
            }
        )
    return pd.DataFrame(rows)


class _Plan:
    """The scenarios of all designs under one background trend, and how each design estimates."""

    def __init__(self, study: Study[AuditFile], scenario: Scenario) -> None:
        header = study.header
        self.study, self.header = study, header
        self.first, self.last = (week_number(week, scenario) for week in header.weeks)
        self.count = len(scenario.region_names)
        self.lead = header.lead_weeks
        self.known: dict[tuple[Any, ...], np.ndarray] = {}
        more = _with_regions(scenario, self.count + header.comparison_regions)
        pool = _with_regions(scenario, 2 * self.count)
        waves = [self.first, self.last]
        late = [self.first, self.first + self.lead, self.last + self.lead]
        self.arms: dict[str, tuple[Scenario, list[int]]] = {
            "ta": (scenario, waves),
            "none": (scenario.without_ta(), waves),
            "more": (more.without_ta(), waves),
            "pool ta": (pool, waves),
            "pool none": (pool.without_ta(), waves),
            "late": (_later(scenario, self.lead), late),
            "late none": (_later(scenario, self.lead).without_ta(), late),
        }

    def observe(self, p: Parameters, number: int, execution: Execution) -> dict[str, Seen]:
        """All arms with the same people and luck; the set's own, by its number."""
        self.known = {}  # answers of the set before
        jobs = [
            fresh(scenario, [p], self.header.replicates, weeks, [number])
            for scenario, weeks in self.arms.values()
        ]
        seen = observe_plan(RunPlan(tuple(jobs), self.header.seed), execution)
        return dict(zip(self.arms, seen, strict=True))

    def _ask(self, construct: str, times: int = 1) -> _Asked:
        return _Asked(construct, self.header.items, times * asked_in(self.study), self.known)

    def change(
        self, seen: dict[str, Seen], p: Parameters, construct: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Change in points that the survey reads, and the latent change behind it."""
        ask = self._ask(construct)
        points = (ask.cell(seen["ta"], p, 1) - ask.cell(seen["ta"], p, 0)).mean
        latent = seen["ta"].people[construct].mean(axis=2)
        return points, latent[:, 1] - latent[:, 0]

    def estimate(
        self, seen: dict[str, Seen], p: Parameters, construct: str, world: str, design: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Estimate, its standard error and the truth, (replicates,) each."""
        ask = self._ask(construct, 2 if design == "twice_asked" else 1)
        works = world == "works"
        pool = design == "random_pick"
        with_ta = seen[
            ("pool ta" if pool else "ta") if works else ("pool none" if pool else "none")
        ]
        without = seen["pool none" if pool else "none"]
        if design == "extra_wave":
            with_ta, without = seen["late" if works else "late none"], seen["late none"]
            before, start, end = (ask.cell(with_ta, p, wave) for wave in range(3))
            slope = (self.last - self.first) / self.lead
            found = (end - start) - (start - before).times(slope)
            # `start` stands in both differences: its error is (1 + slope)^2, not 1 + slope^2.
            error2 = end.error2 + start.error2 * (1 + slope) ** 2 + before.error2 * slope**2
            truth = ask.expected(with_ta, p, 2) - ask.expected(without, p, 2)
            return found.mean, np.sqrt(error2), truth
        who = _drawn(with_ta, self.count) if pool else None
        found = ask.cell(with_ta, p, 1, who) - ask.cell(with_ta, p, 0, who)
        if pool:
            assert who is not None
            found = found - (ask.cell(without, p, 1, ~who) - ask.cell(without, p, 0, ~who))
        elif design == "comparison":
            more = seen["more"]
            rest = _not_in(more, with_ta)
            found = found - (ask.cell(more, p, 1, rest) - ask.cell(more, p, 0, rest))
        truth = ask.expected(with_ta, p, 1, who) - ask.expected(without, p, 1, who)
        return found.mean, np.sqrt(found.error2), truth
