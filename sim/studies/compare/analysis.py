"""answer: runs every scenario, and every counterfactual without TA once; makes all tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core.outcomes import BETWEEN, OUTCOMES, SPREAD, Better, spread, worst
from sim.core.parameters import TABLE
from sim.core.units import OVERALL, WEEKS_A_YEAR
from sim.model.dosage import planned
from sim.present.format import percent
from sim.present.table import Column, Table
from sim.runs.plan import Job, RunPlan, independent
from sim.runs.series import RunSeries, Series
from sim.scenario.scenario import Scenario
from sim.stats import intervals
from sim.stats.components import all_set_means, components, mean
from sim.stats.drivers import drivers as rank_drivers
from sim.stats.expected import CHANCE_RULES, expected_in_sets
from sim.stats.paired import Paired, paired
from sim.stats.verdicts import verdict
from sim.studies.compare.differing import differing
from sim.studies.compare.information import information
from sim.studies.compare.spec import POINTS, ComparedPlan, Spec, plans_of, points_of
from sim.studies.resources import COUNTED, ITEMS, PLANNED, payers, periods
from sim.studies.spec import Study

if TYPE_CHECKING:
    from sim.studies.ask import Runner

WEEKLY_RUNS = 4_000
"""Approximate number of runs that are kept week by week, for the bands over time."""
PER_HOURS = 100.0
"""Number of provider hours to which efficiency refers."""
_QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of one scenario of a comparison.

    Attributes:
        arm: the scenario, with its label and weeks.
        weeks: the weeks at which there are values.
        names: names of the outcomes that are kept.
        values, without_ta: (sets, replicates, weeks, regions and overall, outcomes); NaN in runs
            that failed, with TA or without.
        weekly: (sets, some replicates, weeks 0..common horizon, outcomes of the study), over all
            regions; levels and rates are those of the week, totals are added up to the week.
        signs: for each outcome, which direction is better (:attr:`sim.core.outcomes.Outcome.sign`).
    """

    plan: ComparedPlan
    weeks: tuple[int, ...]
    names: tuple[str, ...]
    values: np.ndarray
    without_ta: np.ndarray
    weekly: np.ndarray
    signs: Mapping[str, float]

    @property
    def places(self) -> tuple[str, ...]:
        """The names of the regions, and "overall"."""
        return (*self.plan.scenario.region_names, OVERALL)

    def at(self, outcome: str, week: int, region: str = OVERALL, *, ta: bool = True) -> np.ndarray:
        """Values (sets, replicates) of a region, of "overall", or of one of BETWEEN."""
        values = self.values if ta else self.without_ta
        found = values[:, :, self.weeks.index(week), :, self.names.index(outcome)]
        if region in BETWEEN:
            regions = found[..., :-1]
            return spread(regions) if region == SPREAD else worst(regions, self.signs[outcome])
        return found[..., self.places.index(region)]

    def gain(self, outcome: str, week: int, region: str = OVERALL) -> np.ndarray:
        """Differences (sets, replicates) from the same run without TA."""
        return self.at(outcome, week, region) - self.at(outcome, week, region, ta=False)


def answer(study: Study[Spec], run: Runner) -> Mapping[str, Table]:
    """Make the runs and return every table of a comparison."""
    shown = _Tables(study, runs_of(study, run))
    every = [
        shown.verdicts(), shown.differences(), shown.regions(), shown.costs(),
        shown.costs_planned(), shown.levels(), shown.efficiency(), shown.differs(),
        shown.drivers(), shown.weeks(),
    ]  # fmt: skip
    if study.header.informs:
        every.insert(3, information(study, shown.runs, shown.chosen_by(), run))
    return {table.name: table for table in every if len(table)}


def widest(study: Study[Spec], tables: Mapping[str, Table]) -> float:
    """The widest half of the 90 % intervals of mean differences at the end of TA, over outcomes on
    a scale, or over all outcomes where none is on a scale."""
    frame = tables["differences"].frame
    frame = frame[frame["point"] == POINTS[0]]
    scaled = [study.about(str(name)).high is not None for name in frame["outcome"]]
    rows = frame[scaled] if any(scaled) else frame
    return float(((rows["mean_high"] - rows["mean_low"]) / 2).max())


def runs_of(study: Study[Spec], run: Runner) -> tuple[Runs, ...]:
    """The runs of each scenario, made in one plan."""
    assert study.plausible is not None
    header, plans = study.header, plans_of(study)
    kept = Series(
        tuple(dict.fromkeys([*header.outcomes, *ITEMS])),
        None,
        weekly=header.outcomes,
        last=plans[0].horizon,
        replicates=header.replicates,
        first=min(header.replicates, max(1, WEEKLY_RUNS // len(study.plausible))),
    )
    jobs, own, bare = _jobs(study, plans)
    found = run(RunPlan(tuple(jobs), study.seed), kept)
    assert kept.outcomes is not None
    signs = {name: study.about(name).sign for name in kept.outcomes}
    return tuple(
        _runs_of(plan, found, kept, own[place], bare[place], signs)
        for place, plan in enumerate(plans)
    )


def _jobs(
    study: Study[Spec], plans: tuple[ComparedPlan, ...]
) -> tuple[list[Job], list[int], list[int]]:
    """Jobs of every scenario with TA and of every counterfactual once, and for each scenario the
    index of its job with TA and without."""
    jobs: list[Job] = []
    worlds: dict[str, int] = {}

    def add(scenario: Scenario, weeks: Iterable[int]) -> int:
        some = sorted({week for week in weeks if week <= scenario.horizon_weeks})
        sets = study.sets(scenario)
        jobs.append(independent(scenario, sets, study.header.replicates, some))
        return len(jobs) - 1

    every = {week for plan in plans for week in _weeks(plan)}
    for plan in plans:
        if (key := _world(plan.scenario)) not in worlds:
            worlds[key] = add(plan.scenario.without_ta(), every)
    bare = [worlds[_world(plan.scenario)] for plan in plans]
    own = [
        add(plan.scenario, _weeks(plan)) if plan.scenario.has_ta else world
        for plan, world in zip(plans, bare, strict=True)
    ]
    return jobs, own, bare


def _weeks(plan: ComparedPlan) -> tuple[int, ...]:
    """The weeks at which values of a scenario are kept: its points, the start, and the ends of the
    years of its plan."""
    years = range(plan.scenario.plan_start - 1, plan.horizon, WEEKS_A_YEAR)
    return tuple(sorted({0, plan.end, plan.horizon, *(week for week in years if week >= 0)}))


def _world(plan: Scenario) -> str:
    """A name of the counterfactual without TA; equal counterfactuals have equal names."""
    return plan.without_ta().replace(name="world", question="", description="", seed=1).digest()


def _runs_of(
    plan: ComparedPlan,
    found: RunSeries,
    kept: Series,
    own: int,
    bare: int,
    signs: Mapping[str, float],
) -> Runs:
    weeks = _weeks(plan)
    failed = found.values.failed(own) | found.values.failed(bare)

    def of(job: int) -> np.ndarray:
        there = found.made.plan.jobs[job].weeks
        values = found.values.grid(job)[:, :, [there.index(week) for week in weeks]]
        return np.where(failed[:, :, None, None, None], np.nan, values)

    assert kept.outcomes is not None
    return Runs(plan, weeks, kept.outcomes, of(own), of(bare), found.weekly[own], signs)


# --- tables --------------------------------------------------------------------------------------

_SCENARIO = Column("scenario", format="text")
NOT_KNOWN = "not known"
_GAP = (
    Column("point", heading="when"),
    Column("mean_a", meaning="mean of the first scenario", heading="first"),
    Column("mean_b", meaning="mean of this scenario", heading="this one"),
    Column("mean", format="signed", heading="difference"),
    Column("low", format="signed", meaning="nine in ten plausible sets have their expected "
           "difference between low and high", heading="90 % of sets from", empty=NOT_KNOWN),
    Column("high", format="signed", heading="to", empty=NOT_KNOWN),
    Column("mean_low", format="signed", meaning="90 % confidence interval of the mean",
           heading="mean from"),
    Column("mean_high", format="signed", heading="to"),
    Column("p_beats", format="percent", meaning="share of the sets in which it is expected to be "
           "higher; ties count half", heading="higher in", empty=NOT_KNOWN),
    Column("chance_share", format="percent", heading="chance",
           meaning="its share in the spread of a single run's difference"),
    Column("resolved", meaning="the mean is known not to be 0, or to within the margin"),
    Column("margin", meaning="a difference that would not matter"),
    *COUNTED,
)  # fmt: skip


class _Tables:
    """Makes the tables from the runs of all scenarios."""

    def __init__(self, study: Study[Spec], runs: tuple[Runs, ...]) -> None:
        self.study, self.runs = study, runs
        self.first, self.others = runs[0], runs[1:]
        self.outcomes, self.points = study.header.outcomes, points_of(study)

    @property
    def rests_on(self) -> tuple[int, int]:
        """Runs counted and runs made, of all scenarios together."""
        lost = [np.isnan(one.at("cost", one.plan.horizon)) for one in self.runs]
        return sum(int((~one).sum()) for one in lost), sum(one.size for one in lost)

    def _noted(self, rows: Sequence[Mapping[str, Any]], note: str) -> str:
        """The note, with the reason where the 90 % interval over sets is not known."""
        if not any(np.isnan(row["low"]) for row in rows):
            return note
        assert self.study.plausible is not None
        if min(len(self.study.plausible), self.study.header.replicates) < 2:
            return f"{note} Not known: this takes two sets of two runs each."
        return (
            f"{note} Not known: chance makes up more than {percent(CHANCE_RULES)} of the spread of "
            "a single run and hides how the sets differ."
        )

    # --- differences -------------------------------------------------------------------------

    def differences(self) -> Table:
        """Each scenario against the first: a row for each scenario, point and outcome."""
        rows = [
            self._row(other, point, outcome)
            for other in self.others
            for point in self.points
            for outcome in self.outcomes
        ]
        columns = [
            Column("a", format="text"), Column("b", format="text", heading="scenario"), *_GAP,
            Column("week_a", format="given"), Column("week_b", format="given"),
            Column("unpaired_low", format="signed", meaning="confidence interval of the mean, had "
                   "each scenario been run on sets and chance of its own", heading="unpaired from"),
            Column("unpaired_high", format="signed", heading="to"),
            Column("pairing", meaning="how many times as many unpaired runs would do as well",
                   heading="pairing worth"),
            Column("p_beats_run", format="percent", meaning="the same share of single runs"),
            Column("run_low", format="signed", meaning="90 % of single runs, chance included"),
            Column("run_high", format="signed"),
            Column("sets_needed", format="count", meaning="sets that would resolve it"),
            Column("sets", format="count"),
        ]  # fmt: skip
        note = (
            "Differences are taken run by run, on the same people, chance and parameters. The 90 % "
            "of sets show what we do not know about the parameters; chance is averaged out, and "
            "more runs do not make the range shorter. The mean has a 90 % confidence interval "
            "(mean from, to), because only so many sets were run."
        )
        frame = pd.DataFrame(rows).drop(columns="region")
        return Table("differences", frame, columns, title="Differences",
                     note=self._noted(rows, note), rests_on=self.rests_on)  # fmt: skip

    def regions(self) -> Table:
        """The differences by region, for regions of both scenarios, in the order of the first."""
        columns = [
            "a", "b", "region", "point", "outcome", "unit", "mean_a", "mean_b", "mean", "low",
            "high", "mean_low", "mean_high", "p_beats", "chance_share", "resolved", "margin",
            "verdict", "n", "runs",
        ]  # fmt: skip
        rows = [
            self._row(other, point, outcome, region)
            for other in self.others
            for point in self.points
            for outcome in self.outcomes
            for region in self._regions_of(other, outcome)
        ]
        known = [
            Column("a", format="text"), Column("b", format="text", heading="scenario"),
            Column("region", format="text"), *_GAP,
        ]  # fmt: skip
        note = (
            "Regions that both scenarios have, in the order of the first. The worst region is the "
            "one with the worst value in a run; the spread is the highest region minus the lowest."
        )
        if self.study.header.gains:
            note += " Each gain is over the region's own people without TA."
        return Table("regions", pd.DataFrame(rows, columns=columns), known,
                     title="Differences by region", note=self._noted(rows, note),
                     rests_on=self.rests_on)  # fmt: skip

    def _regions_of(self, other: Runs, outcome: str) -> list[str]:
        """Regions that both scenarios have. Where these are all regions and more than one, the
        worst region and the spread follow for outcomes that have a better direction."""
        names = self.first.plan.scenario.region_names
        both = [name for name in names if name in other.places]
        if len(names) > 1 and set(names) == set(other.plan.scenario.region_names):
            both += BETWEEN if self.first.signs[outcome] else ()
        week = other.plan.horizon
        return [one for one in both if not np.isnan(other.at(outcome, week, one)).all()]

    def _row(self, other: Runs, point: str, outcome: str, region: str = OVERALL) -> dict[str, Any]:
        a, b = (self._compared(one, outcome, point, region) for one in (self.first, other))
        about = self.study.about(outcome)
        margin = self._margin(outcome, point)
        gap = paired(a, b, margin)
        return {
            "a": self.first.plan.label,
            "b": other.plan.label,
            "region": region,
            "point": point,
            "week_a": self.first.plan.week(point),
            "week_b": other.plan.week(point),
            "outcome": outcome,
            "unit": about.unit,
            "mean_a": mean(a),
            "mean_b": mean(b),
            **asdict(gap),
            "margin": margin,
            "verdict": _verdict(gap, margin, about.better, region),
            "n": int((~np.isnan(a + b)).sum()),
            "runs": a.size,
        }

    def _compared(self, one: Runs, outcome: str, point: str, region: str) -> np.ndarray:
        """Levels, or gains over the counterfactual, (sets, replicates)."""
        value = one.gain if self.study.header.gains else one.at
        return value(outcome, one.plan.week(point), region)

    def chosen_by(self) -> list[np.ndarray]:
        """For each scenario, the first outcome at the end of TA, (sets, replicates)."""
        return [self._compared(x, self.outcomes[0], POINTS[0], OVERALL) for x in self.runs]

    def _margin(self, outcome: str, point: str) -> float:
        """The difference that would not matter, in the outcome's unit."""
        share, about = self.study.header.margin, self.study.about(outcome)
        if about.high is not None and math.isfinite(about.low):
            return share * (about.high - about.low)
        values = np.abs(self._compared(self.first, outcome, point, OVERALL))
        size = mean(values)
        return share * size if size > 0 else share

    def verdicts(self) -> Table:
        """The verdict on each scenario: a row for each scenario and outcome, at the end of TA."""
        rows = []
        for other in self.others:
            cost = payers(planned(other.plan.scenario).total)
            for outcome in self.outcomes:
                row = self._row(other, POINTS[0], outcome)
                rows.append(
                    {"scenario": other.plan.label, "compared_to": self.first.plan.label}
                    | {"outcome": outcome, "unit": row["unit"], "verdict": row["verdict"]}
                    | {"difference": row["mean"], "low": row["low"], "high": row["high"]}
                    | {"p_beats": row["p_beats"], "sets": row["sets"]}
                    | {**cost, "n": row["n"], "runs": row["runs"]}
                )
        columns = [
            _SCENARIO, Column("compared_to", format="text"), Column("difference", format="signed"),
            *(one for one in _GAP if one.name in ("low", "high", "p_beats")), *PLANNED, *COUNTED,
        ]  # fmt: skip
        note = (
            "Verdicts are about the end of TA. Where one is not clear yet, more sets would show "
            "whether there is a difference that matters. The planned cost is what to budget."
        )
        return Table("verdicts", pd.DataFrame(rows), columns, title="Verdicts",
                     note=self._noted(rows, note), rests_on=self.rests_on)  # fmt: skip

    # --- resources ---------------------------------------------------------------------------

    def costs(self) -> Table:
        """Resources of each scenario in the runs up to the common horizon, all regions together."""
        rows = []
        for one in self.runs:
            region_weeks = len(one.plan.scenario.region_names) * min(one.plan.end, one.plan.horizon)
            for item, unit, value in _spent(one):
                low, high = intervals.band(value)
                middle = mean(value)
                rows.append(
                    {"scenario": one.plan.label, "item": item, "unit": unit, "mean": middle}
                    | {"p05": low, "p95": high, "per_region_week": middle / region_weeks}
                    | {"n": int((~np.isnan(value)).sum()), "runs": value.size}
                )
        columns = [
            _SCENARIO, Column("p05", heading="5 %"), Column("p95", heading="95 %"),
            Column("per_region_week", heading="a region and week of TA"), *COUNTED,
        ]  # fmt: skip
        note = (
            f"These are means of the runs up to week {self.first.plan.horizon}, contacts of a log "
            "included, at each scenario's own prices. The centre pays for provider hours and "
            "travel, the regions for hours of staff."
        )
        return Table("costs", pd.DataFrame(rows), columns, title="What each takes", note=note,
                     rests_on=self.rests_on)  # fmt: skip

    def costs_planned(self) -> Table:
        """Planned cost of each scenario by payer and year, with the mean spend of the runs."""
        rows = []
        for one in self.runs:
            first = one.plan.scenario.plan_start - 1
            cost = planned(one.plan.scenario)
            for period, start, stop, each in periods(cost, first, one.plan.horizon):
                spend = _expected(one, start, stop)
                rows.append(
                    {"scenario": one.plan.label, "period": period, **payers(each), **spend}
                    | {"contacts": each.contacts, "visits": each.visits}
                    | {"provider_hours": each.provider_hours, "staff_hours": each.staff_hours}
                )
        columns = [
            _SCENARIO, Column("period", format="text"), *PLANNED,
            Column("expected_cost", "money", "money", "mean of the runs", "expected spend"),
            Column("expected_cost_centre", "money", "money", heading="of the centre"),
            Column("expected_cost_regions", "money", "money", heading="of the regions"),
            Column("contacts", format="count"), Column("visits", format="count"),
            Column("provider_hours", format="hours"), Column("staff_hours", format="hours"),
        ]  # fmt: skip
        note = (
            "A year is 52 weeks, counted from the first week of the plan. The planned cost is what "
            "to budget: every contact is held and everybody attends, so no run spends more on "
            "dated contacts. The expected spend is the mean of the runs, up to the common horizon."
        )
        return Table("costs_planned", pd.DataFrame(rows), columns, note=note,
                     title="What to budget, and who pays it", rests_on=self.rests_on)  # fmt: skip

    def efficiency(self) -> Table:
        """The gain of each scenario over no TA for 100 provider hours, at its own end of TA, for
        outcomes on a scale of 0-1."""
        rows = []
        for one in self.runs:
            hours = one.at("provider_hours", one.plan.end)
            for outcome in self.outcomes:
                if self.study.about(outcome).high is None:
                    continue
                gain = one.gain(outcome, one.plan.end)
                expected = expected_in_sets(
                    _ratio(gain, np.full_like(gain, all_set_means(hours)[:, None]))
                )
                middle = _ratio(np.array([mean(gain)]), np.array([mean(hours)]))
                rows.append(
                    {"scenario": one.plan.label, "outcome": outcome, "gain": mean(gain)}
                    | {"provider_hours": mean(hours), "per_100_hours": float(middle[0])}
                    | {
                        "low": expected.low,
                        "high": expected.high,
                        "chance_share": expected.chance_share,
                    }
                )
        with_hours = [row for row in rows if row["provider_hours"] > 0]
        columns = [
            _SCENARIO, Column("gain", format="signed"), Column("provider_hours", format="hours"),
            Column("per_100_hours", format="signed", heading="for 100 provider hours"),
            Column("low", format="signed", heading="90 % of sets from", empty=NOT_KNOWN),
            Column("high", format="signed", heading="to", empty=NOT_KNOWN),
            Column("chance_share", format="percent", heading="chance",
                   meaning="its share in the spread of a single run's gain"),
        ]  # fmt: skip
        note = (
            "The gain over no TA at the end of TA, divided by the provider hours up to then; in a "
            "set, by its mean hours."
        )
        names = [
            "scenario", "outcome", "gain", "provider_hours", "per_100_hours", "low", "high",
            "chance_share",
        ]  # fmt: skip
        return Table("efficiency", pd.DataFrame(rows, columns=names), columns,
                     title="What 100 provider hours bring", note=self._noted(with_hours, note),
                     rests_on=self.rests_on)  # fmt: skip

    # --- levels, drivers, fields -------------------------------------------------------------

    def levels(self) -> Table:
        """Levels of each scenario: a row for each scenario, point and outcome."""
        rows = [
            self._level(one, point, outcome)
            for one in self.runs
            for point in self.points
            for outcome in self.outcomes
        ]
        columns = [
            _SCENARIO, Column("point", heading="when"), Column("week", format="given"),
            Column("p05", meaning="one run in twenty is below", heading="5 %"),
            Column("p95", meaning="one run in twenty is above", heading="95 %"),
            Column("no_ta_mean", heading="without TA"),
            Column("gain_mean", format="signed", meaning="over no TA", heading="gain"),
            Column("gain_p05", format="signed", heading="gain 5 %"),
            Column("gain_p95", format="signed", heading="gain 95 %"),
            Column("sd_parameters", meaning="spread between plausible sets"),
            Column("sd_chance", meaning="spread between runs of a set"),
            Column("chance_share", format="percent", heading="chance",
                   meaning="its share in the variance of a single run"),
            *COUNTED,
        ]  # fmt: skip
        return Table("levels", pd.DataFrame(rows), columns, title="Each scenario by itself",
                     note="Nine in ten runs lie between 5 % and 95 %: chance and what we do not "
                     "know about the parameters together.",
                     rests_on=self.rests_on)  # fmt: skip

    def _level(self, one: Runs, point: str, outcome: str) -> dict[str, Any]:
        week = one.plan.week(point)
        value, gain = one.at(outcome, week), one.gain(outcome, week)
        parts = components(value)
        (low, high), (gain_low, gain_high) = intervals.band(value), intervals.band(gain)
        return {
            "scenario": one.plan.label,
            "point": point,
            "week": week,
            "outcome": outcome,
            "unit": self.study.about(outcome).unit,
            "mean": mean(value),
            "p05": low,
            "p95": high,
            "no_ta_mean": mean(one.at(outcome, week, ta=False)),
            "gain_mean": mean(gain),
            "gain_p05": gain_low,
            "gain_p95": gain_high,
            "sd_parameters": np.sqrt(parts.between),
            "sd_chance": np.sqrt(parts.chance),
            "chance_share": parts.chance_share,
            "n": int((~np.isnan(value)).sum()),
            "runs": value.size,
        }

    def drivers(self) -> Table:
        """Rank correlations over the sets between each difference at the end of TA and each
        parameter, strongest first."""
        plausible = self.study.plausible
        assert plausible is not None
        names = [name for name in plausible.varied if name in TABLE]
        matrix = np.array([[one[name] for name in names] for one in plausible.sets])
        rows = []
        for other in self.others:
            for outcome in self.outcomes:
                a, b = (self._compared(x, outcome, POINTS[0], OVERALL) for x in (self.first, other))
                rows += [
                    {"a": self.first.plan.label, "b": other.plan.label, "outcome": outcome}
                    | {"parameter": one.name, "meaning": TABLE[one.name].meaning}
                    | {"grade": TABLE[one.name].grade, "rho": one.rho, "clear": one.clear}
                    for one in rank_drivers(matrix, names, all_set_means(b - a))
                ]
        columns = ["a", "b", "outcome", "parameter", "meaning", "grade", "rho", "clear"]
        known = [
            Column("a", format="text"), Column("b", format="text", heading="scenario"),
            Column("meaning", format="text"), Column("grade", heading="grade of the range"),
            Column("rho", format="signed", heading="rank correlation"),
            Column("clear", meaning="chance would hardly ever give as much for any parameter"),
        ]  # fmt: skip
        return Table("drivers", pd.DataFrame(rows, columns=columns), known,
                     title="Which parameters matter most for the differences",
                     note="The number is Spearman's rank correlation of the parameter with the "
                     "difference at the end of TA, over the sets. A parameter is clear where "
                     "chance alone would give as much for any of them in under 5 % of cases "
                     "(Bonferroni).")  # fmt: skip

    def differs(self) -> Table:
        """The fields in which the scenarios differ: a row for each field and scenario."""
        rows = [
            {"field": one.field, "scenario": run.plan.label, "value": value}
            for one in differing([run.plan.scenario for run in self.runs])
            for run, value in zip(self.runs, one.values, strict=True)
        ]
        columns = [Column("field", format="text"), _SCENARIO, Column("value", format="text")]
        return Table("differs", pd.DataFrame(rows, columns=["field", "scenario", "value"]),
                     columns, title="In what the scenarios differ")  # fmt: skip

    def weeks(self) -> Table:
        """Each scenario and each difference from the first, week by week, over all kept runs.

        Totals are added up to the week. Values are levels even where gains are compared.
        """
        parts = [self._series("level", one, one.weekly) for one in self.runs]
        if not self.study.header.gains:
            parts += [
                self._series("difference", one, one.weekly - self.first.weekly)
                for one in self.others
            ]
        columns = [
            Column("kind", meaning="level of a scenario, or its difference from the first"),
            _SCENARIO, Column("week", format="given"),
            *(Column(name, heading=f"{100 * q:.0f} %") for name, q in _QUANTILES.items()),
        ]  # fmt: skip
        return Table("weeks", pd.concat(parts, ignore_index=True), columns, title="Week by week")

    def _series(self, kind: str, one: Runs, values: np.ndarray) -> pd.DataFrame:
        flat = values.reshape(-1, *values.shape[2:])  # run, week, outcome
        bands = intervals.quantiles(flat, list(_QUANTILES.values()), axis=0)
        columns = {"mean": all_set_means(flat, axis=0), **dict(zip(_QUANTILES, bands, strict=True))}
        week, outcome = (axis.reshape(-1) for axis in np.indices(flat.shape[1:]))
        return pd.DataFrame(
            {"kind": kind, "scenario": one.plan.label, "week": week.astype(np.int64)}
            | {"outcome": np.array(self.outcomes)[outcome]}
            | {name: part.reshape(-1) for name, part in columns.items()}
        )


def _verdict(gap: Paired, margin: float, better: Better, region: str = OVERALL) -> str:
    wanted = "less" if region == SPREAD else better
    return verdict(gap.mean, gap.mean_low, gap.mean_high, margin, wanted)


def _spent(one: Runs) -> list[tuple[str, str, np.ndarray]]:
    """Item, unit and amounts (sets, replicates) of resources up to the common horizon."""
    horizon = one.plan.horizon
    found = [(name, OUTCOMES[name].unit, one.at(name, horizon)) for name in ITEMS if name != "cost"]
    cost, regions = one.at("cost", horizon), _of_regions(one, horizon)
    return [
        *found,
        ("expected_cost", "money", cost),
        ("expected_cost_centre", "money", cost - regions),
        ("expected_cost_regions", "money", regions),
    ]


def _of_regions(one: Runs, week: int) -> np.ndarray:
    """The cost of staff hours that the regions bear up to a week."""
    return one.plan.scenario.costs.staff_hour * one.at("staff_hours", week)


def _expected(one: Runs, start: int, stop: int) -> dict[str, float]:
    """Mean spend of the runs in the weeks start + 1 .. stop, up to the common horizon."""
    ends = [min(week, one.plan.horizon) for week in (start, stop)]
    total = np.subtract(*(one.at("cost", week) for week in reversed(ends)))
    regions = np.subtract(*(_of_regions(one, week) for week in reversed(ends)))
    return {
        "expected_cost": mean(total),
        "expected_cost_centre": mean(total - regions),
        "expected_cost_regions": mean(regions),
    }


def _ratio(gain: np.ndarray, hours: np.ndarray) -> np.ndarray:
    return PER_HOURS * np.divide(gain, hours, out=np.full_like(gain, np.nan), where=hours > 0)
