"""words: the answer of runs in sentences; shown: tables for people; recorded: for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.core.outcomes import BETWEEN, PERSISTENCE_WEEKS
from sim.core.units import OVERALL, months_of
from sim.present.answer import Answer
from sim.present.format import count, hours, interval, money, number, percent, signed, week
from sim.present.table import Table
from sim.scenario.log_remarks import of_scenario
from sim.studies.directive import directive_note
from sim.studies.plausible import DEFAULT_SETS, plausible_sets
from sim.studies.run.spec import Spec
from sim.studies.spec import Study

Tables = Mapping[str, Table]
Look = Mapping[tuple[str, str], Mapping[str, Any]]
"""Rows of the summary over all regions together, by outcome and point."""


def words(study: Study[Spec], tables: Tables) -> Answer:
    """The answer: capacity with and without TA, the effect that lasts, resources, and the basis."""
    rows = [row for row in tables["summary"].rows() if row["region"] == OVERALL]
    look = {(row["outcome"], row["point"]): row for row in rows}
    return Answer(
        _verdict(study, look),
        (
            _lasts(study, look),
            _stopping_now(tables),
            _delivered(study, look),
            _costs(tables),
            _rests_on(study, tables),
            directive_note([study.scenario]),
        ),
        notes=tuple(_notes(study)),
    )


def shown(study: Study[Spec], tables: Tables) -> Sequence[Table]:
    """The tables for people; the folder holds the rest."""
    headlines = tables["headlines"]
    rows = headlines.rows()
    names = [column.name for column in headlines.columns if column.name != "unit"]
    kept = [name for name in names if any(row[name] == row[name] for row in rows)]  # not all NaN
    found = [headlines.pick(kept)]
    found += [tables[name] for name in ("stopping_now",) if name in tables]
    found += [tables["costs_planned"], tables["costs"]]
    if "between_regions" in tables:
        columns = ["regions", *(name for name in kept if name not in ("chance", "lasting"))]
        found.append(tables["between_regions"].pick(columns))
    return found


def recorded(study: Study[Spec], tables: Tables) -> Sequence[Table]:
    """The tables for programs: the same, and every outcome over all regions together."""
    summary = tables["summary"]
    together = summary.frame["region"].isin([OVERALL, *BETWEEN])
    return [*shown(study, tables), summary.pick(rows=together)]


def _verdict(study: Study[Spec], look: Look) -> str:
    scenario = study.scenario
    end = look["capacity", "end_of_ta"]
    if not scenario.has_ta:
        return (
            f"Without TA, capacity is {number(end['mean'])} at the horizon (90 % of runs: "
            f"{interval(end['p05'], end['p95'])}); at the start it was "
            f"{number(look['capacity', 'start']['mean'])}."
        )
    return (
        f"At the end of TA ({week(scenario.end_of_ta, scenario.start_date)}), capacity is "
        f"{number(end['mean'])}. Without TA, the same people with the same chance reach "
        f"{number(end['no_ta_mean'])}, so the effect of TA is {signed(end['effect_mean'])} (90 % "
        f"of runs: {interval(end['effect_p05'], end['effect_p95'], signed)})."
    )


def _lasts(study: Study[Spec], look: Look) -> str:
    """How much of the effect remains a year after the end of TA."""
    if not study.scenario.has_ta or ("capacity", "year_after") not in look:
        return ""
    effect = look["capacity", "end_of_ta"]["effect_mean"]
    later = look["capacity", "year_after"]["effect_mean"]
    if not effect > 0:
        return ""
    return f"A year later, {percent(max(0.0, later) / effect)} of this effect is left."


def _stopping_now(tables: Tables) -> str:
    """The effect and the cost of going on, against stopping with the contact log."""
    if "stopping_now" not in tables:
        return ""
    rows = {row["outcome"]: row for row in tables["stopping_now"].rows()}
    capacity, cost = rows["capacity"], rows["cost"]
    return (
        "The effect includes what the contact log holds. Compared with stopping now, going on adds "
        f"{signed(capacity['difference'])} of capacity (90 % of runs: "
        f"{interval(capacity['p05'], capacity['p95'], signed)}) for an expected spend of "
        f"{money(cost['difference'])} more."
    )


def _delivered(study: Study[Spec], look: Look) -> str:
    """Contacts and hours up to the horizon over all regions, and weekly hours on commitments."""
    scenario = study.scenario
    if not scenario.has_ta:
        return ""

    def total(name: str) -> float:
        return float(look[name, "horizon"]["mean"])

    months = len(scenario.region_names) * months_of(scenario.end_of_ta)
    due, held = total("contacts_planned"), total("contacts_held")
    on_commitments = float(look["commitment_hours", "end_of_ta"]["mean"])
    return (
        f"Of {number(due)} planned contacts, {number(held)} are held ({number(due / months)} "
        f"planned and {number(held / months)} held for each region and month of TA). They take "
        f"{hours(total('provider_hours'))} of the providers' time (contact "
        f"{number(total('contact_hours'))}, preparation {number(total('preparation_hours'))}, "
        f"travel {number(total('travel_hours'))}) and {hours(total('staff_hours'))} of the "
        f"staff's. At the end of TA, open commitments take staff {hours(on_commitments)} a week; "
        "these hours are not priced."
    )


def _costs(tables: Tables) -> str:
    """Planned cost by payer, and expected spend."""
    rows = tables["costs_planned"].rows()
    periods = {row["period"]: row for row in rows}
    whole, log = rows[-1], "contact log" in periods
    planned, expected = (
        f"{money(whole[f'{what}_cost'])} (centre {money(whole[f'{what}_cost_centre'])}, regions "
        f"{money(whole[f'{what}_cost_regions'])})"
        for what in ("planned", "expected")
    )
    after = ""
    if log:
        spent = periods["contact log"]
        after = (
            f" The contacts of the log have already cost {money(spent['planned_cost'])} as "
            f"logged, and {money(spent['expected_cost'])} in the runs."
        )
    begin = "The planned cost of what is still to come" if log else "The planned cost"
    return f"{begin} is {planned}; the expected spend is {expected}.{after}"


def _rests_on(study: Study[Spec], tables: Tables) -> str:
    """The number of runs that count, and the parameter sets behind them."""
    scenario = study.scenario
    counted, made = tables["headlines"].rests_on or (0, 0)
    end = f"TA ends in week {scenario.end_of_ta}" if scenario.has_ta else "There is no TA"
    text = (
        f"These results rest on {counted:,} of {count(made, 'run')}, each made with TA and "
        f"without, of {count(len(scenario.region_names), 'region')} with "
        f"{sum(scenario.staff_counts):,} staff and {count(scenario.providers.count, 'provider')}. "
        f"{end}; the horizon is week {scenario.horizon_weeks}."
    )
    if study.plausible is not None:
        text += f" The parameters come from {len(study.plausible)} {study.plausible.source}."
    return text


def _notes(study: Study[Spec]) -> list[str]:
    """Sentences that explain the columns and their intervals."""
    scenario = study.scenario
    notes = [
        "The effect is the difference from the same people with the same chance but without TA, at "
        "the end of TA."
        if scenario.has_ta
        else "",
        "Lasting is the change in the year after TA."
        if scenario.horizon_weeks >= scenario.end_of_ta + PERSISTENCE_WEEKS
        else "",
        *of_scenario(scenario),
    ]
    if study.plausible is not None:
        return [
            *notes,
            "Nine in ten runs lie between 5 % and 95 %: this range shows chance together with what "
            "we do not know about the parameters. Chance is its share in the variance of a single "
            "run at the end of TA.",
        ]
    source = plausible_sets(DEFAULT_SETS).source
    return [
        *notes,
        "Nine in ten runs lie between 5 % and 95 %: this range shows chance only (who happens to "
        "work there, and what happens to them), not what we do not know about the parameters. "
        f"These runs use fixed values of the parameters. Without --fixed, they use {source}.",
    ]
