"""Findings: the results of a plan study; :func:`made` makes tables of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.core.outcomes import OUTCOMES
from sim.core.parameters import TABLE
from sim.model.dosage import Planned, Resources
from sim.present.table import Column, Table
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.stats.discovery import Discovery
from sim.stats.drivers import Driver
from sim.stats.intervals import Share, band, mean_interval
from sim.stats.verdicts import verdict
from sim.studies.calendar import CALENDAR_COLUMNS, calendar_table, described
from sim.studies.plan.search import Candidate, Choice, Scores, Space
from sim.studies.plan.spec import (
    AS_IT_STANDS,
    MARGIN,
    Objective,
    Spec,
    key_of,
    label_of,
    objectives_of,
    setting_of,
    shown_setting,
)
from sim.studies.plan.values import Value, chances, mean_of, sure_margin
from sim.studies.resources import payers
from sim.studies.spec import Study


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan of the shortlist.

    Attributes:
        name: ``plan_1`` ..., ordered by spend.
        candidate: lever settings, scenario, planned cost.
        scores: values in the search: objectives (signed: high is good), the least margin of the
            targets, their probabilities.
        value: the value on the fresh sample.
        chances: the probability of each target on the fresh sample.
        regrets: for each objective, the limit that the regret does not exceed in nine of ten sets.
        on_front: whether no plan of the shortlist is better in one criterion and nowhere worse.
    """

    name: str
    candidate: Candidate
    scores: Scores
    value: Value
    chances: tuple[Share, ...]
    regrets: tuple[float, ...]
    on_front: bool

    @property
    def planned(self) -> Planned:
        """The planned cost."""
        return self.candidate.planned


@dataclass(frozen=True, eq=False)
class Findings:
    """The results of a plan study.

    Attributes:
        study: the study.
        space: the plans that the levers allow.
        scored: scores of every plan in the search, by choice.
        plans: the shortlist, ordered by spend; all plans are within the budget.
        roles: role -> plan that was chosen for it, the recommended one first: "cheapest" (meets the
            targets), "closest" (to the targets), "least regret", "most ..." of each outcome,
            "fairest" (best for the worst region).
        confirmed: plan name -> value on the third sample, for the chosen and the tried plans.
        tried: names of the plans that met the targets on the fresh sample and were checked on the
            third, in order.
        reference: planned cost of the scenario as it stands, and its values on the fresh and the
            third sample; None without TA.
        gains: counterfactual -> plan name -> gains over it on the third sample, (objectives, sets,
            replicates).
        pattern: the conditions under which the recommended plan fails.
        drivers: the parameters that its first outcome depends on.
    """

    study: Study[Spec]
    space: Space
    scored: Mapping[Choice, Scores]
    plans: tuple[Plan, ...]
    roles: Mapping[str, Plan]
    confirmed: Mapping[str, Value]
    tried: tuple[str, ...]
    reference: tuple[Planned, Value, Value] | None
    gains: Mapping[str, Mapping[str, np.ndarray]]
    pattern: Discovery
    drivers: tuple[Driver, ...]

    @property
    def best(self) -> Plan:
        """The recommended plan."""
        return next(iter(self.roles.values()))

    @property
    def chosen(self) -> list[Plan]:
        """Every plan that was chosen for a role, each once, the recommended one first."""
        return list({one.name: one for one in self.roles.values()}.values())

    def roles_of(self, plan: Plan) -> str:
        """The roles for which a plan was chosen, separated by commas."""
        return ", ".join(role for role, one in self.roles.items() if one is plan)


def scenario_of(study: Study[Spec], row: Mapping[Any, Any]) -> Scenario:
    """The scenario of a row of the table of plans, named after study and plan."""
    levers = study.header.levers
    made = with_levers(
        study.scenario, {lever.name: setting_of(lever, row[lever.name]) for lever in levers}
    )
    said = f"Found by a search of plans; chosen as: {row['roles']}." if row["roles"] else ""
    return made.replace(
        name=f"{study.scenario.name} ({row['plan']})"[:200],
        question=study.header.question or made.question,
        description=f"{said} What if, not forecast.".strip(),
    )


PLANNED: tuple[Column, ...] = (
    Column("planned_cost", "money", "money", "to set aside: every contact held, everybody there"),
    Column("planned_cost_centre", "money", "money", "provider hours and travel",
           heading="of the centre"),
    Column("planned_cost_regions", "money", "money", "hours of their staff",
           heading="of the regions"),
    Column("provider_hours", "h", "hours", "contact, preparation and travel, planned"),
    Column("staff_hours", "h", "hours", "of all who are invited, planned"),
    Column("contacts", "", "count", "planned"),
    Column("visits", "", "count", "planned"),
)  # fmt: skip
N = (
    Column("n", format="count", meaning="runs that count"),
    Column("runs", format="count", meaning="runs that were made"),
)


def made(found: Findings) -> dict[str, Table]:
    """Every table of the study that has rows."""
    makers: tuple[Callable[[Findings], Table], ...] = (
        plans, targets, gains, chosen, costs, regions, when_it_fails, drivers, calendar, searched,
    )  # fmt: skip
    tables = [make(found) for make in makers]
    return {table.name: table for table in tables if len(table)}


def _objectives(found: Findings) -> list[Objective]:
    return objectives_of(found.study.header)


def _sign(one: Objective) -> float:
    return OUTCOMES[one[0].outcome].sign


def _settings(found: Findings, choice: Choice) -> dict[str, Any]:
    """The settings of a plan, with a column for each lever."""
    settings = found.space.settings(choice)
    return {one.name: shown_setting(one, settings[one.name]) for one in found.space.levers}


def _lever_columns(found: Findings) -> list[Column]:
    columns = []
    for lever in found.space.levers:
        form = "given" if all(isinstance(one, float) for one in lever.values) else "text"
        columns.append(Column(lever.name, lever.unit, form, heading=lever.name))
    return columns


def _resources(one: Resources) -> dict[str, Any]:
    """Planned resources of the whole plan, or of a year."""
    return {
        **payers(one),
        "provider_hours": one.provider_hours,
        "staff_hours": one.staff_hours,
        "contacts": float(one.contacts),
        "visits": float(one.visits),
    }


def _margin(one: Objective, values: np.ndarray) -> float:
    """The largest difference that does not matter: a share of the range or, without one, of the
    size."""
    outcome = OUTCOMES[one[0].outcome]
    if outcome.high is not None:
        return MARGIN * (outcome.high - outcome.low)
    size = abs(mean_of(values))
    return MARGIN * size if size > 0 else MARGIN


# --- the shortlist -------------------------------------------------------------------------------


def plans(found: Findings) -> Table:
    """A row for each plan; all numbers except ``*_search`` and planned ones are of the fresh
    sample."""
    rows = [
        _row(found, plan.name, plan.candidate.scenario, plan.planned, plan.value, plan)
        for plan in found.plans
    ]
    if found.reference is not None:
        planned, value, _ = found.reference
        rows.append(_row(found, AS_IT_STANDS, found.study.scenario, planned, value))
    frame = pd.DataFrame(rows)
    header = found.study.header
    columns = [
        Column("dosage", format="text", meaning="what is done, how long, by whom"),
        Column("roles", format="text", heading="chosen as"),
        Column("recommended", meaning="the plan to begin with"),
        Column("on_front", meaning="no plan is better in one thing and nowhere worse"),
        *_lever_columns(found),
        Column("spend", "", "money", f"what the budget counts: {header.budget.unit}"),
        *PLANNED,
        Column("spent", "money", "money", "what the contact log took"),
        Column("length", "months", "given", "from the first week of the plan to the end of TA"),
        Column("expected_spend", "money", "money", "mean of the runs, contact log included"),
        *N,
        Column("worst_region", meaning="mean of the region that comes out worst in a run"),
        Column("region_spread", meaning="highest minus lowest region of a run",
               heading="between regions"),
        Column("leaves_out", format="text", meaning="what the plan could not keep"),
    ]  # fmt: skip
    for one in _objectives(found):
        columns += _objective_columns(*one)
    for place, target in enumerate(header.targets, 1):
        columns += _target_columns(place, target.label)
    title = "Plans that no other beats, and plans near the targets"
    note = "Values are from parameters and chance that the search did not use."
    first = found.plans[0].value.count if found.plans else (0, 0)
    return Table("plans", frame, columns, title=title, note=note, rests_on=first)


def _row(
    found: Findings, name: str, scenario: Scenario, planned: Planned, value: Value,
    plan: Plan | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The row of a plan or, without a plan, of the scenario as it stands, in the columns that it
    has."""
    header = found.study.header
    counted, runs = value.count
    row: dict[str, Any] = {
        "plan": name,
        "dosage": described(scenario),
        "roles": found.roles_of(plan) if plan else "",
        "recommended": plan is found.best,
        "on_front": bool(plan and plan.on_front),
        **(_settings(found, plan.candidate.choice) if plan else {}),
        "spend": header.budget.spend(planned),
        **_resources(planned.total),
        "spent": planned.spent.money,
        "length": planned.months,
        "expected_spend": mean_of(value.cost),
        "n": counted,
        "runs": runs,
    }
    for place, one in enumerate(_objectives(found)):
        key, values = key_of(*one), value.objectives[place]
        if plan:
            row[f"{key}_search"] = _sign(one) * plan.scores[place]
        row |= _value(key, values)
        if plan:
            row[f"{key}_regret"] = plan.regrets[place]
            if found.reference is not None:
                row |= _difference(f"{key}_", one, values, found.reference[1].objectives[place])
    for place, chance in enumerate(chances(value, header.targets)):
        target = f"target_{place + 1}"
        if plan:
            row[f"{target}_search"] = _searched_chance(found, plan, place)
        row[target], row[f"{target}_low"], row[f"{target}_high"] = chance.p, chance.low, chance.high
    row["worst_region"] = value.worst_region(0, _sign(_objectives(found)[0]))
    row["region_spread"] = value.spread(0)
    row["leaves_out"] = " ".join(plan.candidate.discarded) if plan else ""
    return row


def _value(key: str, values: np.ndarray) -> dict[str, Any]:
    middle, low, high = mean_interval(values)
    p05, p95 = band(values)
    return {
        key: middle, f"{key}_low": low, f"{key}_high": high, f"{key}_p05": p05, f"{key}_p95": p95,
    }  # fmt: skip


def _difference(
    prefix: str, one: Objective, values: np.ndarray, others: np.ndarray
) -> dict[str, Any]:
    """The difference of a plan from the scenario as it stands, run by run, with a verdict."""
    middle, low, high = mean_interval(values - others)
    word = verdict(middle, low, high, _margin(one, others), OUTCOMES[one[0].outcome].better)
    return {
        f"{prefix}difference": middle, f"{prefix}difference_low": low,
        f"{prefix}difference_high": high, f"{prefix}verdict": word,
    }  # fmt: skip


def _objective_columns(spec: Any, week: Any) -> list[Column]:
    key, label, unit = key_of(spec, week), label_of(spec, week), OUTCOMES[spec.outcome].unit
    found = [
        Column(f"{key}_search", unit, meaning=f"{label}: mean on the runs that chose the plans"),
        Column(key, unit, meaning=f"{label}: mean"),
        Column(f"{key}_low", unit, meaning="90 % interval of the mean, from"),
        Column(f"{key}_high", unit, meaning="to"),
        Column(f"{key}_p05", unit, meaning="one run in twenty lies below"),
        Column(f"{key}_p95", unit, meaning="one run in twenty lies above"),
        Column(f"{key}_regret", unit, heading=f"regret in {label}",
               meaning="in nine of ten sets, it is worse than the best plan by at most this"),
    ]  # fmt: skip
    return found


def _target_columns(place: int, label: str) -> list[Column]:
    return [
        Column(f"target_{place}", format="percent", meaning=label, heading=f"target {place}"),
        Column(f"target_{place}_search", format="percent", meaning="on the runs of the search"),
        Column(f"target_{place}_low", format="percent", meaning="90 % interval, from"),
        Column(f"target_{place}_high", format="percent", meaning="to"),
    ]


def _searched_chance(found: Findings, plan: Plan, place: int) -> float:
    """The probability of a target in the search."""
    return plan.scores[len(_objectives(found)) + 1 + place]


# --- the third sample ----------------------------------------------------------------------------


def targets(found: Findings) -> Table:
    """Whether the recommended plan and the tried plans meet the targets on the third sample."""
    names = list(dict.fromkeys([found.best.name, *found.tried, *(p.name for p in found.chosen)]))
    rows = []
    for name in names:
        third, asked = found.confirmed[name], found.study.header.targets
        for values, target, sure in zip(third.targets, asked, chances(third, asked), strict=True):
            margin = sure_margin(values, target, third.failed)
            rows.append(
                {
                    "plan": name,
                    "recommended": name == found.best.name,
                    "tried": name in found.tried,
                    "target": target.label,
                    "level": target.level,
                    "asked": target.probability,
                    "probability": sure.p,
                    "low": sure.low,
                    "high": sure.high,
                    "hits": sure.hits,
                    "n": sure.runs,
                    "runs": third.failed.size,
                    "reached": target.level + target.sign * margin,
                    "met": sure.p >= target.probability,
                    "surely": sure.low >= target.probability,
                }
            )
    columns = [
        Column("recommended", meaning="the plan to begin with"),
        Column("tried", meaning="met the targets on the fresh sample"),
        Column("target", format="text"),
        Column("level", format="given"),
        Column("asked", format="percent", meaning="probability that is wanted"),
        Column("probability", format="percent", meaning="share of the runs that reach it"),
        Column("low", format="percent", meaning="90 % interval, from"),
        Column("high", format="percent", meaning="to"),
        Column("hits", format="count", meaning="runs that reach it"),
        *N,
        Column("reached", meaning="level that is reached with the wanted probability"),
        Column("met", meaning="whether the estimate reaches the wanted probability"),
        Column("surely", meaning="whether the lower end of the interval reaches it too"),
    ]
    note = "Values are from the third sample, which did not choose the plans."
    return _of_third(found, "targets", rows, columns, "Targets", note)


def _of_third(
    found: Findings, name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column],
    title: str, note: str,
) -> Table:  # fmt: skip
    """A table of the third sample."""
    known, count = columns if rows else (), found.confirmed[found.best.name].count
    return Table(name, pd.DataFrame(rows), known, title=title, note=note, rests_on=count)


def gains(found: Findings) -> Table:
    """Gains of each chosen plan over no assistance, stopping now, and the scenario as it stands."""
    rows = []
    for plan in found.chosen:
        value = found.confirmed[plan.name]
        for place, one in enumerate(_objectives(found)):
            for against, gained in found.gains.items():
                rows.append(_gain(plan, against, one, gained[plan.name][place], value, 0.0))
            if found.reference is not None:
                other = found.reference[2].objectives[place]
                gap = value.objectives[place] - other
                rows.append(_gain(plan, AS_IT_STANDS, one, gap, value, mean_of(other)))
    columns = [
        Column("against", format="text"),
        Column("quantity", format="text", meaning="outcome and week"),
        Column("gain", "", "signed", "mean of the differences of runs"),
        Column("low", "", "signed", "90 % interval of this mean, from"),
        Column("high", "", "signed", "to"),
        Column("p05", "", "signed", "one run in twenty lies below"),
        Column("p95", "", "signed", "one run in twenty lies above"),
        Column("better", format="count", meaning="runs in which the plan is better"),
        *N,
        Column("verdict", format="text"),
    ]
    note = "The same people and chance with the plan and without, on the third sample."
    return _of_third(found, "gains", rows, columns, "What the money buys", note)


def _gain(
    plan: Plan, against: str, one: Objective, gap: np.ndarray, value: Value, size: float
) -> dict[str, Any]:
    known = gap[~np.isnan(gap)]
    middle, low, high = mean_interval(gap)
    outcome = OUTCOMES[one[0].outcome]
    word = verdict(middle, low, high, _margin(one, np.array([size])), outcome.better)
    p05, p95 = band(gap)
    return {
        "plan": plan.name, "against": against, "quantity": key_of(*one), "gain": middle,
        "low": low, "high": high, "p05": p05, "p95": p95,
        "better": int((outcome.sign * known > 0).sum()), "n": len(known),
        "runs": value.failed.size, "verdict": word,
    }  # fmt: skip


def chosen(found: Findings) -> Table:
    """The winner's curse: values of each chosen plan in search, fresh sample and confirmation."""
    rows = []
    for plan in found.chosen:
        third = found.confirmed[plan.name]
        for place, one in enumerate(_objectives(found)):
            said = (_sign(one) * plan.scores[place], plan.value.mean(place))
            rows.append(
                _promise(found, plan, key_of(*one), said, mean_interval(third.objectives[place]))
            )
        for place, sure in enumerate(chances(third, found.study.header.targets)):
            said = (_searched_chance(found, plan, place), plan.chances[place].p)
            quantity = f"probability of target {place + 1}"
            rows.append(_promise(found, plan, quantity, said, (sure.p, sure.low, sure.high)))
    columns = [
        Column("roles", format="text", heading="chosen as"),
        Column("quantity", format="text"),
        Column("search", heading="in the search", meaning="on the runs that chose the plans"),
        Column("fresh", heading="fresh runs", meaning="on other parameters and chance"),
        Column("confirmed", meaning="once more on others"),
        Column("low", meaning="90 % interval of the confirmed value, from"),
        Column("high", meaning="to"),
        *N,
    ]
    note = "Chance helps the winners of a search: compare the columns."
    return _of_third(
        found, "chosen", rows, columns, "What the search promised, and what held", note
    )


def _promise(
    found: Findings,
    plan: Plan,
    quantity: str,
    said: tuple[float, float],
    confirmed: tuple[float, float, float],
) -> dict[str, Any]:
    counted, runs = found.confirmed[plan.name].count
    return {
        "plan": plan.name, "roles": found.roles_of(plan), "quantity": quantity, "search": said[0],
        "fresh": said[1], "confirmed": confirmed[0], "low": confirmed[1], "high": confirmed[2],
        "n": counted, "runs": runs,
    }  # fmt: skip


def costs(found: Findings) -> Table:
    """Resources of each chosen plan by year and payer."""
    every: list[tuple[str, Planned]] = [(plan.name, plan.planned) for plan in found.chosen]
    if found.reference is not None:
        every.append((AS_IT_STANDS, found.reference[0]))
    rows = [
        {"plan": name, "year": number, **_resources(year)}
        for name, planned in every
        for number, year in enumerate(planned.years, 1)
    ]
    columns = [Column("year", format="given", meaning="of 52 weeks, from the first of the plan")]
    return Table(
        "costs",
        pd.DataFrame(rows),
        [*columns, *PLANNED],
        title="Planned cost by year and payer",
        note="Every contact is held and everybody attends; no run spends more.",
    )


def regions(found: Findings) -> Table:
    """Every objective region by region under each chosen plan, on the third sample."""
    rows = []
    for plan in found.chosen:
        third, names = found.confirmed[plan.name], plan.candidate.scenario.region_names
        for place, one in enumerate(_objectives(found)):
            for name, values in zip(names, third.regions[place], strict=True):
                p05, p95 = band(values)
                rows.append(
                    {
                        "plan": plan.name, "quantity": key_of(*one), "region": name,
                        "mean": mean_of(values), "p05": p05, "p95": p95,
                    }
                )  # fmt: skip
    columns = [
        Column("quantity", format="text"),
        Column("region", format="text"),
        Column("p05", meaning="one run in twenty lies below"),
        Column("p95", meaning="one run in twenty lies above"),
    ]
    note = "Values are from the third sample."
    return _of_third(found, "regions", rows, columns, "Region by region", note)


# --- failures, drivers, calendar -----------------------------------------------------------------


def when_it_fails(found: Findings) -> Table:
    """When the recommended plan fails: a row for all runs, then one for each box and parameter."""
    pattern = found.pattern
    whole = {"box": 0, "parameter": "", "meaning": "all runs", "low": np.nan, "high": np.nan,
             "coverage": 1.0, "density": pattern.rate, "mass": 1.0, "runs": pattern.runs,
             "few": pattern.few}  # fmt: skip
    rows = [
        whole
        | {
            "box": number,
            "parameter": name,
            "meaning": TABLE[name].meaning,
            "low": low if np.isfinite(low) else np.nan,
            "high": high if np.isfinite(high) else np.nan,
            "coverage": box.coverage,
            "density": box.density,
            "mass": box.mass,
        }
        for number, box in enumerate(pattern.boxes, 1)
        for name, low, high in box.limits
    ]
    columns = [
        Column("box", format="given", meaning="0: all runs"),
        Column("meaning", format="text"),
        Column("low", format="number", meaning="the parameter is above; empty: no limit"),
        Column("high", format="number", meaning="the parameter is below; empty: no limit"),
        Column("coverage", format="percent", meaning="share of the failures that is in the box"),
        Column("density", format="percent", meaning="share of the runs in the box that fail"),
        Column("mass", format="percent", meaning="share of all runs that is in the box"),
        Column("runs", format="count"),
        Column("few", meaning="failures, or successes, are too few to look for a pattern"),
    ]
    return Table(
        "when_it_fails",
        pd.DataFrame([whole, *rows]),
        columns,
        title="When the recommended plan fails",
        note="Ranges in which the plan fails: found on half of the sets, scored on the other.",
    )


def drivers(found: Findings) -> Table:
    """Correlations of parameters with the first objective of the recommended plan, strongest
    first."""
    rows = [
        (one.name, TABLE[one.name].meaning, TABLE[one.name].grade, one.rho, one.clear)
        for one in found.drivers
    ]
    frame = pd.DataFrame(rows, columns=["parameter", "meaning", "grade", "rho", "clear"])
    columns = [
        Column("meaning", format="text"),
        Column("grade", heading="grade of the range"),
        Column("rho", "", "signed", "Spearman's, over the sets", heading="rank correlation"),
        Column("clear", meaning="chance would hardly ever give as much"),
    ]
    head = label_of(*_objectives(found)[0])
    return Table("drivers", frame, columns, title=f"What {head} goes with, under this plan")


def calendar(found: Findings) -> Table:
    """The recommended plan as a calendar."""
    row = {"plan": found.best.name, "roles": "", **_settings(found, found.best.candidate.choice)}
    frame = calendar_table(scenario_of(found.study, row), found.study.start_date)
    return Table("calendar", frame, CALENDAR_COLUMNS, title="Calendar of the recommended plan")


def searched(found: Findings) -> Table:
    """Every plan that the search ran."""
    rows = []
    for choice, scores in found.scored.items():
        row = {**_settings(found, choice), "spend": found.space.spend(choice)}
        for place, one in enumerate(_objectives(found)):
            row[key_of(*one)] = _sign(one) * scores[place]
        if found.study.header.targets:
            row["margin"] = scores[len(_objectives(found))]
        rows.append(row)
    columns = [
        *_lever_columns(found),
        Column("spend", "", "money", f"what the budget counts: {found.study.header.budget.unit}"),
    ]
    title = "Every plan that the search ran"
    return Table("searched", pd.DataFrame(rows), columns, title=title)
