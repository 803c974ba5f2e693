"""words: the answer of a comparison in sentences; shown: the tables for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sim.core.outcomes import BETWEEN
from sim.present.answer import Answer
from sim.present.format import count, interval, joined, money, number, percent, share, signed, week
from sim.present.format import words as in_words
from sim.present.table import Table
from sim.stats.expected import why_not_known
from sim.stats.information import LEAST_SETS
from sim.stats.paired import MOST_SETS
from sim.studies.compare.spec import POINTS, Spec, notes_of, plans_of, points_of
from sim.studies.directive import directive_note
from sim.studies.spec import Study

Rows = Mapping[str, pd.DataFrame]
DRIVERS = 3
"""Number of parameters that the answer names."""
PARAMETERS = 10
"""Most parameters whose worth is printed; the table holds all."""


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer: a verdict over scenarios and outcomes, details of each scenario, the basis."""
    frames = {name: table.frame for name, table in tables.items()}
    others = [plan.label for plan in plans_of(study)[1:]]
    return Answer(
        _verdict(study, frames, others),
        (
            _cost(study, frames),
            _differs(frames),
            _rests_on(study, frames),
            *_worth_knowing(study, tables),
            *notes_of(study),
            directive_note([plan.scenario for plan in plans_of(study)]),
        ),
        rows={label: _about(study, frames, label) for label in others},
    )


def shown(study: Study[Spec], tables: Mapping[str, Table]) -> Sequence[Table]:
    """The tables for people; the folder holds the rest."""
    found = [tables["verdicts"].pick(
        ["scenario", "outcome", "verdict", "difference", "low", "high", "planned_cost",
         "planned_cost_centre", "planned_cost_regions", "n", "runs"]
    )]  # fmt: skip
    columns = [
        "b", "outcome", "mean_a", "mean_b", "mean", "low", "high", "p_beats", "sets",
        "mean_low", "mean_high", "unpaired_low", "unpaired_high", "pairing", "chance_share",
        "resolved", "sets_needed",
    ]  # fmt: skip
    differences = tables["differences"]
    points, gain = differences.frame["point"], "in gain " if study.header.gains else ""
    for point in points_of(study):
        found.append(
            differences.pick(
                columns, points == point,
                title=f"Differences {gain}{_when(study, point)}",
            )
        )  # fmt: skip
    if "regions" in tables:
        found += _by_region(study, tables["regions"])
    found += [tables[name] for name in ("costs_planned", "costs", "efficiency") if name in tables]
    if "drivers" in tables:
        found.append(_strongest(study, tables["drivers"]))
    if "information" in tables:
        found.append(_telling(tables["information"]))
    return [*found, *(tables[name] for name in ("differs",) if name in tables)]


def _strongest(study: Study[Spec], table: Table) -> Table:
    """For each scenario, the parameters that correlate most with the difference in the first
    outcome."""
    rows = table.frame[table.frame["outcome"] == study.header.outcomes[0]]
    return table.pick(None, rows.groupby("b", sort=False).head(DRIVERS).index)


def _telling(table: Table) -> Table:
    """The table with only the best parameters; all other rows stay."""
    kinds = table.frame["kind"]
    best = table.frame[kinds == "parameter"].head(PARAMETERS).index
    return table.pick(None, (kinds != "parameter") | table.frame.index.isin(best))


def _by_region(study: Study[Spec], table: Table) -> list[Table]:
    """The tables by region at the end of TA, where there is more than one region: the first outcome
    by region, then the worst region and the spread of every outcome."""
    frame, head = table.frame, study.header.outcomes[0]
    between = frame["region"].isin(BETWEEN)
    if frame.loc[~between, "region"].nunique() < 2:
        return []
    end = frame["point"] == POINTS[0]
    measures = ["mean_a", "mean_b", "mean", "low", "high", "verdict", "n", "runs"]
    said = f"{table.plain_note} The other outcomes are in {table.name}.parquet."
    title = f"{in_words(head).capitalize()} by region, {_when(study, POINTS[0])}"
    rows = ~between & (frame["outcome"] == head) & end
    found = [table.pick(["b", "region", *measures], rows, title=title, note=said)]
    if between.any():
        title = f"The worst region, and the spread between regions, {_when(study, POINTS[0])}"
        found.append(table.pick(["b", "region", "outcome", *measures], between & end, title=title))
    return found


def _when(study: Study[Spec], point: str) -> str:
    weeks = sorted({plan.week(point) for plan in plans_of(study)})
    what = "at the end of TA" if point == POINTS[0] else "at the common horizon"
    start = study.start_date
    if start is None:
        return f"{what} (week {' and '.join(map(str, weeks))})"
    return f"{what} ({' and '.join(week(one, start) for one in weeks)})"


# --- the verdict -----------------------------------------------------------------------------


def _verdict(study: Study[Spec], frames: Rows, others: Sequence[str]) -> str:
    """One sentence over all scenarios and all outcomes of the study."""
    first = plans_of(study)[0].label
    gains = ", by what each gains over no TA" if study.header.gains else ""
    parts = [_verdict_of(frames, label) for label in others]
    return (
        f"At the end of TA, compared with {first}{gains}: {'; '.join(parts)}; {first} itself has a "
        f"planned cost of {_planned(frames, first)}."
    )


def _verdict_of(frames: Rows, label: str) -> str:
    rows = frames["verdicts"]
    rows = rows[rows["scenario"] == label]
    groups: dict[str, list[str]] = {}
    for row in rows.to_dict("records"):
        text = in_words(row["outcome"])
        if row["verdict"] in ("better", "worse", "higher", "lower"):
            text += f" ({signed(row['difference'])})"
        groups.setdefault(row["verdict"], []).append(text)
    order = ("better", "worse", "higher", "lower", "about the same", "not clear yet")
    said = [f"{word} in {joined(groups[word])}" for word in order if word in groups]
    cost = _planned(frames, label)
    return f"{label} is {', '.join(said) or 'the same'}, for a planned cost of {cost}"


def _planned(frames: Rows, label: str) -> str:
    """Planned cost of a scenario, by payer."""
    costs = frames["costs_planned"]
    rows = costs[costs["scenario"] == label].set_index("period")
    whole: Any = rows.loc["whole plan"]
    text = (
        f"{money(whole['planned_cost'])} (centre {money(whole['planned_cost_centre'])}, regions "
        f"{money(whole['planned_cost_regions'])})"
    )
    if "contact log" in rows.index:
        spent: Any = rows.loc["contact log"]
        text += f" after the {money(spent['planned_cost'])} that the contact log took"
    return text


# --- a scenario ------------------------------------------------------------------------------


def _about(study: Study[Spec], frames: Rows, label: str) -> str:
    """One scenario against the first: every outcome with its interval, then the later values."""
    first = plans_of(study)[0].label
    table = frames["differences"]
    table = table[table["b"] == label]
    if (table["mean"] == 0).all() and (table["run_low"] == 0).all():
        return f"{label} and {first} do not differ in any run."
    gain = "gain in " if study.header.gains else ""
    end, *later = (table[table["point"] == point] for point in points_of(study))
    said = "; ".join(f"{gain}{_difference(row)}" for row in end.to_dict("records"))
    text = f"{label} minus {first} at the end of TA (90 % of plausible sets in brackets): {said}."
    for rows in later:
        parts = [
            f"{in_words(row['outcome'])} {signed(row['mean'])} ({sets_band(row)})"
            for row in rows.to_dict("records")
        ]
        later_week = week(rows["week_b"].iloc[0], study.start_date)
        text += f" In {later_week}: {'; '.join(parts)}."
    return text


def _difference(row: Mapping[Any, Any]) -> str:
    text = f"{in_words(row['outcome'])} {signed(row['mean'])}"
    text += f" ({sets_band(row)}"
    if not math.isnan(row["p_beats"]):
        higher = row["mean"] >= 0
        beats = row["p_beats"] if higher else 1 - row["p_beats"]
        text += f"; {'higher' if higher else 'lower'} in {share(beats, row['sets'])} sets"
    text += ")"
    if not row["resolved"]:
        text += f", not clear yet: {needed(row['sets_needed'])} sets would resolve it"
    return text


def sets_band(row: Mapping[Any, Any]) -> str:
    """The 90 % interval over sets of a row, or the reason why it is not known."""
    reason = why_not_known(row["low"], row["chance_share"])
    return reason or interval(row["low"], row["high"], signed)


def needed(value: float) -> str:
    """About how many sets, rounded up to two digits.

    >>> needed(271.0), needed(math.inf), needed(math.nan)
    ('about 280', 'more than 1,000,000', 'more')
    """
    if math.isinf(value):
        return f"more than {count(MOST_SETS)}"
    if math.isnan(value):
        return "more"
    size = 10 ** max(0, math.floor(math.log10(max(value, 1))) - 1)
    return f"about {count(math.ceil(value / size) * size)}"


# --- cost and basis ----------------------------------------------------------------------------


def _cost(study: Study[Spec], frames: Rows) -> str:
    """The sentence on hours and spend of each scenario in the runs."""
    costs: Any = frames["costs"].set_index(["scenario", "item"])["mean"]
    plans = plans_of(study)
    parts = []
    for plan in plans:
        label = plan.label
        spend, centre, regions = (
            money(costs[label, f"expected_cost{of}"]) for of in ("", "_centre", "_regions")
        )
        parts.append(
            f"{label} {count(costs[label, 'provider_hours'])} provider hours and an expected spend "
            f"of {spend} (centre {centre}, regions {regions})"
        )
    return f"Up to week {plans[0].horizon}, the runs take on average: {'; '.join(parts)}."


def _differs(frames: Rows) -> str:
    """The sentence on the fields in which the scenarios differ; the table holds their values."""
    if "differs" not in frames:
        return "The scenarios do not differ."
    return f"The scenarios differ in {joined(list(dict.fromkeys(frames['differs']['field'])))}."


def _rests_on(study: Study[Spec], frames: Rows) -> str:
    """The basis: sets, runs, the share of chance, and the most important parameters by outcome."""
    assert study.plausible is not None
    table = frames["differences"]
    rows = table[table["point"] == POINTS[0]]
    n, runs = int(frames["costs"]["n"].min()), int(frames["costs"]["runs"].max())
    text = (
        f"These results rest on {len(study.plausible)} {study.plausible.source}. Of each scenario, "
        f"{n:,} of {count(runs, 'run')} count"
    )
    known = rows["chance_share"].dropna()
    if len(known):
        low, high = percent(float(known.min())), percent(float(known.max()))
        text += (
            ". Of the spread of a single run's difference, "
            f"{low if low == high else f'{low} to {high} (by outcome)'} is chance; the rest is "
            "what we do not know about the parameters"
        )
    if "drivers" in frames:
        drivers = frames["drivers"]
        drivers = drivers[drivers["clear"] & (drivers["outcome"] == study.header.outcomes[0])]
        drivers = drivers[drivers["b"] == plans_of(study)[1].label].head(DRIVERS)
        names = [
            f"{row['parameter']} ({row['rho']:+.1f}, {_grade(row['grade'])})"
            for row in drivers.to_dict("records")
        ]
        if names:
            head = in_words(study.header.outcomes[0])
            text += (
                f". For {head}, these parameters matter most (rank correlation): {', '.join(names)}"
            )
    return f"{text}."


def _grade(grade: str) -> str:
    return grade if grade == "assumption" else f"evidence of grade {grade}"


# --- value of information ----------------------------------------------------------------------


def _worth_knowing(study: Study[Spec], tables: Mapping[str, Table]) -> list[str]:
    """The value of knowing everything, then of the best parameters and measurements."""
    if "information" not in tables:
        return []
    table = tables["information"]
    said = money if study.header.worth is not None else number
    unit = "" if study.header.worth is not None else f" of {in_words(study.header.outcomes[0])}"
    rows = table.frame.to_dict("records")
    whole = rows[0]
    if whole["value"] == 0:
        assert study.plausible is not None
        return [
            f"In none of {count(len(study.plausible), 'set')} would knowing every parameter change "
            f"the choice by {in_words(study.header.outcomes[0])}, chance averaged out: as far as "
            "these sets show, it is worth nothing."
        ]
    if math.isnan(whole["value"]) or not whole["clear"]:
        return [
            f"Knowing every parameter before choosing would be worth {said(whole['value'])}{unit} "
            f"(SE {said(whole['se'])}): it is not known whether better knowledge of the parameters "
            "would change the choice."
        ]
    text = (
        f"Knowing every parameter before choosing would be worth {said(whole['value'])}{unit} (SE "
        f"{said(whole['se'])}), on average over the sets"
    )
    single = [row for row in rows if row["kind"] == "parameter"]
    clear = [row for row in single if row["clear"]][:DRIVERS]
    if clear:
        named = joined([f"{row['what']} {said(row['value'])}" for row in clear])
        text += f"; the single parameters that are worth most are {named}"
    elif single and math.isnan(single[0]["value"]):
        text += f"; for the worth of single parameters, {LEAST_SETS} sets are needed"
    else:
        text += "; no single parameter is clearly worth knowing"
    measured = [row for row in rows if row["kind"] == "measurement"]
    return [f"{text}.", *([_measurements(measured, said, unit)] if measured else [])]


def _measurements(rows: Sequence[Mapping[Any, Any]], said: Any, unit: str) -> str:
    """The worth of each measurement, and whether the first is known to be worth more."""
    worth = "; ".join(f"{row['what']} {said(row['value'])} (SE {said(row['se'])})" for row in rows)
    text = f"Measuring would be worth{unit}: {worth}."
    best, *others = rows
    if not best["clear"]:
        return f"{text} No measurement is clearly worth its trouble."
    if others:
        apart = best["value"] - others[0]["value"]
        sure = apart > 2.0 * math.hypot(best["se"], others[0]["se"])
        text += f" The first is {'' if sure else 'not known to be '}worth more than the second."
    return text
