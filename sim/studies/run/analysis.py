"""answer: runs a scenario with and without TA; tables headlines, costs, summary, runs, weeks.

Where contacts are planned after a contact log, the same runs are made once more with TA that stops
now. No decision changes what the log holds, so only the effect of going on counts as a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.outcomes import BETWEEN, HEADLINES, INDEX, OUTCOMES
from sim.core.units import OVERALL, months_of
from sim.model.dosage import Resources, planned
from sim.present.format import money
from sim.present.table import Column, PlainRows, Table
from sim.runs.bands import WeekTable
from sim.runs.collect import Points, RunValues
from sim.runs.plan import RunPlan, independent, spread
from sim.runs.weekly import RunWeeks, Weekly, job_weeks, trajectory_keys
from sim.scenario.scenario import Scenario
from sim.stats import intervals
from sim.stats.components import mean, standard_error
from sim.studies.resources import ITEMS, payers, periods
from sim.studies.run import frames
from sim.studies.run.spec import Spec, parameter_sets, replicates
from sim.studies.run.team import is_drawable, team_tables
from sim.studies.spec import Study

if TYPE_CHECKING:
    from sim.studies.ask import Runner

Tables = Mapping[str, Table]

STOPPING = "stopping_now"
"""Name of the table that compares going on with stopping now; it needs a contact log."""


def answer(study: Study[Spec], run: Runner) -> Tables:
    """Make the runs, and those of stopping now where a log goes on; return every table."""
    plan = design(study)
    found = run(plan, collector(study))
    stopped = None
    if goes_on_from_a_log(study.scenario):
        kept = Points((*HEADLINES, "provider_hours", "cost"))
        stopped = run(stopping(plan), kept, label="stopping-now")
    return analyse(study, found, stopped)


def design(study: Study[Spec]) -> RunPlan:
    """The plan of independent parameter sets, with and without TA."""
    scenario = study.scenario
    weeks = job_weeks(scenario)
    job = independent(
        scenario, parameter_sets(study), replicates(study), weeks, counterfactual=True
    )
    return RunPlan((job,), study.seed, study.engine)


def collector(study: Study[Spec]) -> Weekly:
    """The collector, which says what is kept of the runs."""
    return Weekly(len(parameter_sets(study)) * replicates(study), study.header.keep_runs)


def goes_on_from_a_log(scenario: Scenario) -> bool:
    """Whether contacts are planned after those of a contact log."""
    return scenario.contact_log is not None and bool(scenario.dosage)


def stopping(plan: RunPlan) -> RunPlan:
    """The same runs with TA that ends with the contact log."""
    (job,) = plan.jobs
    weeks = (job.scenario.end_of_ta, job.scenario.horizon_weeks)
    stopped = independent(
        job.scenario.stopping_now(), job.sets, job.replicates or 1, sorted(set(weeks))
    )
    return RunPlan((stopped,), plan.seed, plan.engine)


def analyse(study: Study[Spec], found: RunWeeks, stopped: RunValues | None = None) -> Tables:
    """The tables of all runs, or of the runs that were finished before an interruption."""
    scenario, values = study.scenario, found.values
    (job,) = found.made.plan.jobs
    rows = frames.summary_rows(values, job.places)
    summary = Table("summary", rows, _SUMMARY, title="Outcomes", note=_SUMMARY_NOTE)
    at = {(row["region"], row["outcome"], row["point"]): row for row in summary.rows()}
    rests_on = int((~values.failed).sum()), len(values.failed)
    tables = [
        _headlines(study, at, rests_on),
        _costs_planned(scenario, found, rests_on),
        _costs(scenario, at, rests_on),
    ]
    if len(scenario.region_names) > 1:
        tables.append(_between(study, at, rests_on))
    if stopped is not None:
        tables.append(_stopping_now(scenario, found, stopped))
    tables += [
        summary,
        Table("runs", frames.RunRows(values, job.places), _RUNS, title="Every run"),
        Table(
            "weeks",
            frames.WeekRows(bands(found), job.places, job.own),
            _WEEKS,
            title="Week by week",
        ),
    ]
    if found.kept is not None:
        kept = frames.Trajectories(trajectory_keys(values), found.kept, job.places, job.own)
        tables.append(Table("trajectories", kept, title="Every week of every run"))
    if found.made.plan.compiled and is_drawable(scenario):
        tables += team_tables(scenario, study.seed, job.sets[0])
    return {table.name: table for table in tables}


def files(study: Study[Spec], tables: Tables) -> Mapping[str, str]:
    """The scenario as a file that users can copy and change."""
    return {"scenario.yaml": study.scenario.to_yaml()}


# --- verification of some runs ---------------------------------------------------------------


def again(study: Study[Spec], tables: Tables, sample: int, run: Runner) -> tuple[Tables, Tables]:
    """The rows of ``sample`` runs, spread evenly over all: as stored, and made again."""
    (job,) = design(study).jobs
    rows = spread(len(job), sample)
    plan = RunPlan((job.take(rows),), study.seed, study.header.engine)
    found = run(plan, Weekly(plan.runs), label="sample")
    made = Table("runs", frames.RunRows(found.values, job.places)).frame
    made["set"] = np.unique(job.which[rows])[made["set"]]
    stored = tables["runs"].frame
    part = stored[stored["replicate"].isin(job.replicate[rows])].reset_index(drop=True)
    return {"runs": Table("runs", part)}, {"runs": Table("runs", made)}


def widest(study: Study[Spec], tables: Mapping[str, Table]) -> float:
    """The widest half of the 90 % intervals of means and mean effects at the end of TA (without TA,
    at the horizon), over headline outcomes on a scale, all regions together."""
    frame = tables["summary"].frame
    scaled = [name for name in HEADLINES if OUTCOMES[name].high is not None]
    point = "end_of_ta" if study.scenario.has_ta else "horizon"
    rows = frame[
        (frame["region"] == OVERALL) & (frame["point"] == point) & frame["outcome"].isin(scaled)
    ]
    assert study.plausible is not None
    error = float(np.nanmax(rows[["se", "effect_se"]].to_numpy(dtype=float)))
    return intervals.t_value(len(study.plausible) - 1) * error


# --- outcomes ----------------------------------------------------------------------------------

_SUMMARY = (
    Column("point", heading="when"),
    Column("n", format="count", meaning="runs with a value"),
    Column("runs", format="count"),
    Column("failed", format="count", meaning="runs that failed and are left out"),
    Column("mean", meaning="of the means of the sets"),
    Column("se", heading="standard error", meaning="of the mean, over sets"),
    Column("sd", heading="SD of runs"),
    Column("p05", heading="5 %", meaning="one run in twenty is below"),
    Column("p50", heading="50 %"),
    Column("p95", heading="95 %", meaning="one run in twenty is above"),
    Column("sd_chance", heading="SD by chance"),
    Column("sd_parameters", heading="SD by parameters"),
    Column("no_ta_mean", heading="without TA"),
    Column("effect_mean", format="signed", heading="effect",
           meaning="against the same people and chance without TA"),
    Column("effect_se", heading="standard error of the effect"),
    Column("effect_p05", format="signed", heading="effect 5 %"),
    Column("effect_p95", format="signed", heading="effect 95 %"),
    Column("effect_sd_chance", heading="SD of the effect by chance"),
    Column("effect_sd_parameters", heading="SD of the effect by parameters"),
)  # fmt: skip
_SUMMARY_NOTE = (
    "Outcomes of each region and of all together (overall); of the headline outcomes also the "
    "worst region and the spread between regions, run by run. Persistence is the change in the "
    "year after TA."
)
_RUNS = (
    Column("set", format="given"),
    Column("replicate", format="given"),
    Column("no_ta", heading="without TA"),
    Column("effect", format="signed"),
    Column("stage", format="text"),
    Column("reason", format="text"),
)
_WEEKS = (Column("week", format="week"), Column("n", format="count"))


At = Mapping[tuple[str, str, str], Mapping[str, Any]]
"""Rows of the summary by region, outcome and point."""


def _headlines(study: Study[Spec], at: At, rests_on: tuple[int, int]) -> Table:
    """A row for each headline outcome and each of the engine's own: the start, the end of TA, the
    horizon, the effect, and the effect that lasts."""
    rows = PlainRows.of(_course(study, at, OVERALL))
    return Table("headlines", rows, _COURSE, title="What changes, and what lasts",
                 note="The values are of all regions together.", rests_on=rests_on)  # fmt: skip


def _between(study: Study[Spec], at: At, rests_on: tuple[int, int]) -> Table:
    """The columns of the headlines for the worst region and for the spread between regions."""
    rows = [{"regions": place, **row} for place in BETWEEN for row in _course(study, at, place)]
    note = (
        "The worst region is the one with the worst value in a run; it may differ between runs. "
        "The spread is the highest region minus the lowest."
    )
    columns = [Column("regions", format="text"), *_COURSE]
    return Table("between_regions", PlainRows.of(rows), columns, title="Between regions",
                 note=note, rests_on=rests_on)  # fmt: skip


_COURSE = (
    Column("end_of_ta", heading="end of TA"),
    Column("p05", heading="5 %", meaning="at the end of TA, one run in twenty is below"),
    Column("p95", heading="95 %", meaning="at the end of TA, one run in twenty is above"),
    Column("chance", format="percent",
           meaning="share of chance in the variance of a single run at the end of TA"),
    Column("effect_mean", format="signed", heading="effect",
           meaning="at the end of TA, against the same people and chance without TA"),
    Column("effect_p05", format="signed", heading="5 %", meaning="of the effect"),
    Column("effect_p95", format="signed", heading="95 %", meaning="of the effect"),
    Column("lasting", format="signed", meaning="change in the year after TA"),
)  # fmt: skip


def _course(study: Study[Spec], at: At, place: str) -> list[dict[str, Any]]:
    has_ta = study.scenario.has_ta

    def value(outcome: str, point: str, column: str) -> float:
        row = at.get((place, outcome, point))
        return np.nan if row is None else float(row[column])

    rows = []
    own = study.own.outcomes if study.own is not None and place == OVERALL else ()
    for name in (*HEADLINES, *own):
        chance, parameters = (
            value(name, "end_of_ta", f"sd_{part}") ** 2 for part in ("chance", "parameters")
        )
        rows.append(
            {"outcome": name, "unit": study.about(name).unit}
            | {"start": value(name, "start", "mean")}
            | {"end_of_ta": value(name, "end_of_ta", "mean")}
            | {"p05": value(name, "end_of_ta", "p05"), "p95": value(name, "end_of_ta", "p95")}
            | {"chance": chance / (chance + parameters) if chance + parameters > 0 else np.nan}
            | {"horizon": value(name, "horizon", "mean")}
            | {
                part: value(name, "end_of_ta", part) if has_ta else np.nan
                for part in ("effect_mean", "effect_p05", "effect_p95")
            }
            | {"lasting": value(name, "persistence", "mean")}
        )
    return rows


def _stopping_now(scenario: Scenario, found: RunWeeks, stopped: RunValues) -> Table:
    """Going on against stopping now, run by run: outcomes at the end of TA, all hours and spend."""
    (job,) = found.made.plan.jobs
    values = found.values
    rows = []
    for name in stopped.kept.names:
        point = "horizon" if name in ("provider_hours", "cost") else "end_of_ta"
        week = scenario.horizon_weeks if point == "horizon" else scenario.end_of_ta
        on = values.with_ta[:, values.points.index(point), -1, INDEX[name]]
        on = on.reshape(len(job.sets), -1)
        off = stopped.of(name, week)
        gain = on - off
        low, high = intervals.band(gain)
        rows.append(
            {"outcome": name, "unit": OUTCOMES[name].unit, "point": point}
            | {"going_on": mean(on), "stopping_now": mean(off), "difference": mean(gain)}
            | {"se": standard_error(gain), "p05": low, "p95": high}
        )
    columns = [
        Column("point", heading="when"),
        Column("difference", format="signed", meaning="mean of the sets"),
        Column("se", heading="standard error"),
        Column("p05", format="signed", heading="5 %", meaning="of the difference, run by run"),
        Column("p95", format="signed", heading="95 %"),
    ]
    note = (
        "Both have the same people, chance and parameters; in the second, TA ends with the contact "
        "log."
    )
    return Table(STOPPING, PlainRows.of(rows), columns, title="Going on against stopping now",
                 note=note, rests_on=stopped.count())  # fmt: skip


# --- costs ---------------------------------------------------------------------------------------

_MONEY = tuple(
    Column(f"{what}_cost{of}", format="money", heading=said or heading)
    for what, heading in (("planned", "planned cost"), ("expected", "expected spend"))
    for of, said in (("", ""), ("_centre", "centre"), ("_regions", "regions"))
)


def _costs_planned(scenario: Scenario, found: RunWeeks, rests_on: tuple[int, int]) -> Table:
    """Planned cost by payer and year of the plan, with the mean spend of the runs."""
    cost = planned(scenario)
    first = scenario.plan_start - 1 if scenario.dosage else scenario.horizon_weeks
    stop = scenario.horizon_weeks
    rows = [_period(scenario, found, *period) for period in periods(cost, first, stop)]
    if cost.spent.contacts:
        rows[-1]["period"] = "still to spend"
    note = (
        "A year is 52 weeks, counted from the first week of the plan. The planned cost is what to "
        "budget: every contact is held and everybody attends, so no run spends more on dated "
        "contacts. The expected spend is the mean of the runs."
    )
    if cost.spent.contacts:
        note += " What the contact log took is already spent and has a row of its own."
    return Table("costs_planned", PlainRows.of(rows), [Column("period", format="text"), *_MONEY],
                 title="What to budget, and who pays it", note=note, rests_on=rests_on)  # fmt: skip


def bands(found: RunWeeks) -> WeekTable:
    """The weekly bands, which :data:`COLLECT` asks for."""
    assert found.table is not None
    return found.table


def _period(
    scenario: Scenario, found: RunWeeks, period: str, start: int, stop: int, each: Resources
) -> dict[str, Any]:
    """Planned cost, and the mean spend of the runs in the weeks start + 1 .. stop."""
    flows = bands(found).mean[0, start + 1 : stop + 1, -1]
    spend = float(np.nansum(flows[:, INDEX["cost"]]))
    regions = scenario.costs.staff_hour * float(np.nansum(flows[:, INDEX["staff_hours"]]))
    if not bands(found).n.any():
        spend = regions = np.nan
    return {
        "period": period,
        **payers(each),
        "expected_cost": spend,
        "expected_cost_centre": spend - regions,
        "expected_cost_regions": regions,
    }


def _costs(scenario: Scenario, at: At, rests_on: tuple[int, int]) -> Table:
    """Contacts, hours and spend of the runs up to the horizon, over all regions."""
    months = len(scenario.region_names) * months_of(scenario.end_of_ta)
    rows = []
    for item in ITEMS:
        row = at[OVERALL, item, "horizon"]
        with np.errstate(all="ignore"):  # without TA there are no months
            monthly = np.float64(row["mean"]) / months
        rows.append(
            {"item": "expected_cost" if item == "cost" else item}
            | {name: row[name] for name in ("unit", "mean", "p05", "p95")}
            | {"per_region_month": monthly}
        )
    columns = [
        Column("p05", heading="5 %"),
        Column("p95", heading="95 %"),
        Column("per_region_month", heading="a region and month of TA"),
    ]
    prices = scenario.costs
    note = (
        "These are means of the runs up to the horizon, contacts of a log included, at "
        f"{money(prices.provider_hour)} a provider hour, {money(prices.staff_hour)} a staff hour "
        f"and {money(prices.travel_visit)} a visit."
    )
    return Table(
        "costs", PlainRows.of(rows), columns, title="What it takes", note=note, rests_on=rests_on
    )
