"""The tables of a plan study, and its result folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim import _folder
from sim.outcomes import OUTCOMES
from sim.parameters import TABLE
from sim.runs.folder import provenance
from sim.stats.intervals import band, mean_interval, share
from sim.study.calendar_file import calendar_table, icalendar_text, start_of
from sim.study.plan_file import OutcomeSpec, objective_label, specs_of
from sim.study.plan_value import mean_of, met, sure_margin
from sim.study.study_file import week_label

if TYPE_CHECKING:
    from sim.study.planning import Plan, Planning


def key_of(spec: OutcomeSpec, week: int | str) -> str:
    """An objective as a name of columns: ``integration_end_of_ta``."""
    return f"{spec.label.replace(' ', '_')}_{week_label(week)}"


def _levers(frame: pd.DataFrame, found: Planning) -> pd.DataFrame:
    """Columns of levers that hold words are text throughout: a Parquet column has one type."""
    for lever in found.header.levers:
        if any(isinstance(value, str) for value in lever.values):
            frame[lever.name] = [
                f"{v:g}" if isinstance(v, float) else str(v) for v in frame[lever.name]
            ]
    return frame


def plans(found: Planning) -> pd.DataFrame:
    """The shortlist, by what is spent; every number but ``*_search`` is of the fresh sample.

    Returns:
        A row a plan. Columns: plan, roles, on_front, a column a lever, spend (what the budget
        counts), planned_cost (of which planned_cost_centre and planned_cost_regions),
        provider_hours, staff_hours, contacts, visits, months (planned), expected_cost (mean of the
        runs); for each objective its name with _search, none (mean),
        _low, _high (90 % interval of the mean), _p05, _p95 (runs); for target k its probability:
        target_k_search, target_k, _low, _high; worst_region, region_spread, regret.
    """
    rows = []
    for plan in found.plans:
        row: dict[str, Any] = {
            "plan": plan.name,
            "roles": ", ".join(role for role, one in found.roles.items() if one is plan),
            "on_front": plan.on_front,
            **plan.candidate.settings,
            "spend": found.spend(plan),
            "planned_cost": plan.planned.total.money,
            "planned_cost_centre": plan.planned.total.centre,
            "planned_cost_regions": plan.planned.total.regions,
            "provider_hours": plan.planned.total.provider_hours,
            "staff_hours": plan.planned.total.staff_hours,
            "contacts": plan.planned.total.contacts,
            "visits": plan.planned.total.visits,
            "months": plan.planned.months,
            "expected_cost": mean_of(plan.value.cost),
        }
        for place, (spec, week) in enumerate(specs_of(found.header)):
            values, key = plan.value.objectives[place], key_of(spec, week)
            row[f"{key}_search"] = abs_sign(found, place) * plan.scores[place]
            row[key], row[f"{key}_low"], row[f"{key}_high"] = mean_interval(values)
            row[f"{key}_p05"], row[f"{key}_p95"] = band(values)
        for place, one in enumerate(plan.chances, 1):
            name = f"target_{place}"
            row[f"{name}_search"] = _searched_chance(found, plan, place - 1)
            row[name], row[f"{name}_low"], row[f"{name}_high"] = one.p, one.low, one.high
        row["worst_region"] = plan.value.worst_region
        row["region_spread"] = plan.value.spread
        row["regret"] = plan.regret
        rows.append(row)
    frame = pd.DataFrame(rows)
    if "months" in {lever.name for lever in found.header.levers}:
        frame["months"] = [plan.candidate.settings["months"] for plan in found.plans]
    return _levers(frame, found)


def abs_sign(found: Planning, place: int) -> float:
    """1 or -1: turns a score of the search back into the outcome."""
    return OUTCOMES[specs_of(found.header)[place][0].outcome].sign


def _searched_chance(found: Planning, plan: Plan, place: int) -> float:
    """The probability of a target that the search saw."""
    return plan.scores[len(specs_of(found.header)) + 1 + place]


def chosen(found: Planning) -> pd.DataFrame:
    """The winner's curse: what search, fresh sample and confirmation say of each chosen plan.

    Returns:
        A row a plan and quantity. Columns: roles, plan, quantity, search, fresh, confirmed, low,
        high (90 % interval of the confirmed value).
    """
    rows = []
    for plan in {one.name: one for one in found.roles.values()}.values():
        roles = ", ".join(role for role, one in found.roles.items() if one is plan)
        third = found.confirmed[plan.name]
        for place, (spec, week) in enumerate(specs_of(found.header)):
            rows.append(
                (
                    roles,
                    plan.name,
                    key_of(spec, week),
                    abs_sign(found, place) * plan.scores[place],
                    plan.value.mean(place),
                    *mean_interval(third.objectives[place]),
                )
            )
        for place, target in enumerate(found.header.targets):
            sure = share(met(third.targets[place], target), third.failed)
            rows.append(
                (
                    roles,
                    plan.name,
                    f"probability of target {place + 1}",
                    _searched_chance(found, plan, place),
                    plan.chances[place].p,
                    sure.p,
                    sure.low,
                    sure.high,
                )
            )
    columns = ["roles", "plan", "quantity", "search", "fresh", "confirmed", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def targets(found: Planning) -> pd.DataFrame:
    """Whether the recommended plan meets each target, as confirmed.

    Returns:
        A row a target. Columns: target, level, asked, probability, low, high, hits, n, runs (hits
        of the n of so many runs that did not fail), reached (the level that is reached with the
        asked probability), met (by the estimate), surely (by the lower end of its interval).
    """
    third = found.confirmed[found.best.name]
    rows = []
    for place, target in enumerate(found.header.targets):
        sure = share(met(third.targets[place], target), third.failed)
        margin = sure_margin(third.targets[place], target, third.failed)
        rows.append(
            (
                target.label,
                target.level,
                target.probability,
                sure.p,
                sure.low,
                sure.high,
                sure.hits,
                sure.runs,
                third.failed.size,
                target.level + target.sign * margin,
                sure.p >= target.probability,
                sure.low >= target.probability,
            )
        )
    columns = [
        "target", "level", "asked", "probability", "low", "high", "hits", "n", "runs",
        "reached", "met", "surely",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def gains(found: Planning) -> pd.DataFrame:
    """What the money buys: the recommended plan against no assistance, and against stopping now.

    Returns:
        A row a world and objective. Columns: against, quantity, gain (mean), low, high (90 %
        interval of this mean), p05, p95 (runs), better (runs in which the plan is better), runs.
    """
    rows = []
    for against, gained in found.gains.items():
        for (spec, week), values in zip(specs_of(found.header), gained, strict=True):
            known = values[~np.isnan(values)]
            sign = OUTCOMES[spec.outcome].sign
            rows.append(
                (
                    against,
                    key_of(spec, week),
                    *mean_interval(values),
                    *band(values),
                    int((sign * known > 0).sum()),
                    len(known),
                )
            )
    columns = ["against", "quantity", "gain", "low", "high", "p05", "p95", "better", "runs"]
    return pd.DataFrame(rows, columns=columns)


def years(found: Planning) -> pd.DataFrame:
    """What each chosen plan needs year by year (52 weeks, from the first of the plan), by payer.

    Returns:
        A row a plan and year. Columns: plan, year (from 1), contacts, visits, provider_hours,
        staff_hours, planned_cost, planned_cost_centre, planned_cost_regions.
    """
    rows = [
        (
            plan.name,
            number,
            year.contacts,
            year.visits,
            year.provider_hours,
            year.staff_hours,
            year.money,
            year.centre,
            year.regions,
        )
        for plan in {one.name: one for one in found.roles.values()}.values()
        for number, year in enumerate(plan.planned.years, 1)
    ]
    columns = [
        "plan", "year", "contacts", "visits", "provider_hours", "staff_hours", "planned_cost",
        "planned_cost_centre", "planned_cost_regions",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def searched(found: Planning) -> pd.DataFrame:
    """Every plan that the search ran: a column a lever, spend, each objective, margin."""
    rows = []
    for choice, scores in found.scored.items():
        row = {**found.space.settings(choice), "spend": found.space.spend(choice)}
        for place, (spec, week) in enumerate(specs_of(found.header)):
            row[key_of(spec, week)] = abs_sign(found, place) * scores[place]
        if found.header.targets:
            row["margin"] = scores[len(specs_of(found.header))]
        rows.append(row)
    return _levers(pd.DataFrame(rows), found)


def regions(found: Planning) -> pd.DataFrame:
    """The first objective region by region under each chosen plan, as confirmed.

    Returns:
        A row a plan and region (then "worst of a run" and "best minus worst of a run"). Columns:
        plan, region, mean, p05, p95.
    """
    rows = []
    for plan in {one.name: one for one in found.roles.values()}.values():
        third = found.confirmed[plan.name]
        names = plan.candidate.scenario.region_names
        for name, values in zip(names, third.regions, strict=True):
            rows.append((plan.name, name, mean_of(values), *band(values)))
        worst, best = third.regions.min(axis=0), third.regions.max(axis=0)
        rows.append((plan.name, "worst of a run", mean_of(worst), *band(worst)))
        gap = best - worst
        rows.append((plan.name, "best minus worst of a run", mean_of(gap), *band(gap)))
    return pd.DataFrame(rows, columns=["plan", "region", "mean", "p05", "p95"])


def failures(found: Planning) -> pd.DataFrame:
    """When the recommended plan fails; see :class:`sim.study.failures.Box`.

    Returns:
        A row a box and parameter. Columns: box, parameter, low, high (empty: no limit), coverage,
        density, mass, rate.
    """
    rows = [
        (
            number,
            name,
            low if np.isfinite(low) else np.nan,
            high if np.isfinite(high) else np.nan,
            box.coverage,
            box.density,
            box.mass,
            found.failures.rate,
        )
        for number, box in enumerate(found.failures.boxes, 1)
        for name, low, high in box.limits
    ]
    columns = ["box", "parameter", "low", "high", "coverage", "density", "mass", "rate"]
    return pd.DataFrame(rows, columns=columns)


def drivers(found: Planning) -> pd.DataFrame:
    """What the first objective of the recommended plan rests on, strongest first.

    Returns:
        A row a parameter. Columns: parameter, meaning, grade, rho, clear.
    """
    rows = [
        (one.name, TABLE[one.name].meaning, TABLE[one.name].grade, one.rho, one.clear)
        for one in found.drivers
    ]
    return pd.DataFrame(rows, columns=["parameter", "meaning", "grade", "rho", "clear"])


def calendar(found: Planning) -> pd.DataFrame:
    """The recommended plan as a calendar; see :func:`sim.study.calendar_file.calendar_table`."""
    return calendar_table(found.scenario(), found.header.start_date)


TABLES: Mapping[str, Callable[[Planning], pd.DataFrame]] = {
    "plans": plans,
    "chosen": chosen,
    "targets": targets,
    "gains": gains,
    "years": years,
    "regions": regions,
    "failures": failures,
    "drivers": drivers,
    "searched": searched,
    "calendar": calendar,
}
"""Tables of the result folder, as Parquet and CSV; those without rows are left out."""


def save(
    found: Planning,
    directory: Path,
    *,
    force: bool,
    command: str,
    draw: Callable[[Planning, Path], object] | None,
) -> Path:
    """Write the result folder of a plan study; the same study gives the same bytes."""

    def write(folder: Path) -> None:
        for name, make in TABLES.items():
            frame = make(found)
            if len(frame):
                _folder.write_table(folder, name, frame)
        _text(folder / "answer.txt", found.answer() + "\n")
        for role in found.roles:
            _text(folder / f"plan_{role.replace(' ', '_')}.yaml", found.scenario(role).to_yaml())
        _text(folder / "plan.yaml", found.scenario().to_yaml())
        begins = start_of(found.study.scenario, found.header.start_date)
        if begins is not None:
            (folder / "calendar.ics").write_bytes(icalendar_text(found.scenario(), begins))
        prints = _folder.fingerprints(folder)
        if draw is not None:
            draw(found, folder / "figures")
        _folder.write_json(folder / _folder.MANIFEST, _manifest(found, command) | {"files": prints})

    return _folder.write_folder(directory, write, force=force)


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _manifest(found: Planning, command: str) -> dict[str, Any]:
    from sim.study import _plan_words

    header = found.header
    return {
        "format": _folder.FORMAT,
        "format_version": _folder.FORMAT_VERSION,
        "kind": "plan",
        **provenance(),
        "command": command,
        "name": header.name,
        "question": header.question,
        "answer": found.answer(),
        "details": _plan_words.details(found),
        "notes": _plan_words.notes(found),
        "seed": found.seed,
        "plausible": {"source": found.source},
        "labels": {key_of(*one): objective_label(*one) for one in specs_of(header)},
        "outcomes": [key_of(*one) for one in specs_of(header)],
        "budget": {
            "text": header.budget.text,
            "unit": header.budget.unit,
            **header.budget.model_dump(),
        },
        "targets": [target.text for target in header.targets],
        "levers": {one.name: list(one.values) for one in header.levers},
        "recommended": found.recommended,
        "roles": {role: plan.name for role, plan in found.roles.items()},
        "scored": len(found.scored),
        "study": study_record(found),
        "scenario_digest": found.study.scenario.digest(),
        "scenario": found.study.scenario.to_dict(),
    }


def study_record(found: Planning) -> dict[str, Any]:
    """The study file as plain values."""
    record = found.header.model_dump(mode="json", exclude={"levers"}, exclude_defaults=True)
    record.pop("factors", None)
    return record
