"""words: the answer of a surface in sentences; shown: the tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sim.present.answer import Answer
from sim.present.format import count, given, interval, money, number, percent
from sim.present.format import words as in_words
from sim.present.table import Table
from sim.studies.compare.differing import series_words
from sim.studies.spec import Study
from sim.studies.surface.grid import (
    Cell,
    budget_words,
    cell_of,
    is_budgeted,
    is_of_money,
    main_series,
)
from sim.studies.surface.spec import AXES, SURE, Spec

FACETS = 4
"""Most maps that are printed."""


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer: for every outcome, the best dosage and the cheapest that reaches the target."""
    best: Any = tables["best"].frame.to_dict("records")
    cheapest: Any = tables["cheapest"].frame.to_dict("records")
    first = _cheapest(study, cheapest[0])
    verdict = first if study.header.targets else _highest(study, best)
    rows = {row["outcome"]: _cheapest(study, row) for row in cheapest}
    if study.header.targets:
        rows.pop(cheapest[0]["outcome"])
    return Answer(
        verdict,
        (
            _highest(study, best) if study.header.targets else "",
            _own(tables["own"].frame),
            varied(study, tables["surface"].frame),
            _rests_on(study, tables["surface"].frame),
        ),
        rows=rows,
    )


def shown(study: Study[Spec], tables: Mapping[str, Table]) -> Sequence[Table]:
    """The tables for people; only the folder has the table of all cells."""
    found = [
        _short(tables["cheapest"], [
            "outcome", "target", "surely", *AXES, "hits", "n", "runs", "p_low", "p_high",
            "planned_provider_hours", "planned_cost", "planned_cost_centre",
            "planned_cost_regions",
        ]),
        _short(tables["best"], [
            "outcome", *AXES, "mean", "p05", "p95", "gain_mean", "near", "n", "runs",
            "planned_provider_hours", "planned_cost", "planned_cost_centre",
            "planned_cost_regions",
        ]),
    ]  # fmt: skip
    if "budget_line" in tables:
        found.append(_short(tables["budget_line"], [
            *AXES, *study.header.shown, "planned_provider_hours", "planned_cost", "spend",
        ]))  # fmt: skip
    return [*found, *_maps(study, tables["maps"]), tables["own"]]


def _short(table: Table, columns: Sequence[str]) -> Table:
    """A part of a table, without axes that are not varied."""
    frame = table.frame
    return table.pick([name for name in columns if name not in AXES or frame[name].notna().any()])


def _maps(study: Study[Spec], table: Table) -> list[Table]:
    """A map for each outcome with a target (or the first outcome) and each facet, up to a limit."""
    frame, axes = table.frame, [name for name in AXES[2:] if table.frame[name].notna().any()]
    names = tuple(study.header.targets) or study.header.shown[:1]
    found = []
    for name in names:
        rows = frame[frame["outcome"] == name]
        parts = [((), rows)] if not axes else list(rows.groupby(axes, sort=False, dropna=False))
        for key, part in parts:
            at = dict(zip(axes, key, strict=True))
            where = ", ".join(f"{in_words(axis)} {_value(value)}" for axis, value in at.items())
            found.append(
                table.pick(
                    ["hours", *(c for c in map(str, frame) if c.startswith("every_"))],
                    part.index,
                    title=in_words(name).capitalize() + (f", {where}" if where else ""),
                )
            )
    return found[:FACETS]


def _value(value: Any) -> str:
    return value if isinstance(value, str) else given(value)


# --- sentences -----------------------------------------------------------------------------------


def place_words(cell: Cell) -> str:
    """A cell in words.

    >>> place_words(Cell(4.0, 1.5, co_creation=0.6))
    '1.5 h every 4 weeks, co-creation 0.6'
    """
    weeks = "every week" if cell.every_weeks == 1 else f"every {given(cell.every_weeks)} weeks"
    hours = number(cell.hours)
    hours = hours.rstrip("0").rstrip(".") if "." in hours else hours
    return ", ".join(filter(None, (f"{hours} h {weeks}", facet_words(cell))))


def facet_words(cell: Cell) -> str:
    """The values of a cell on the axes that a map does not show, in words."""
    forms = {
        "co_creation": "co-creation {}",
        "months": "{} months",
        "sites": "{} regions a provider",
    }
    parts = []
    for axis, value in zip(AXES[2:], cell.facet, strict=True):
        if value is not None:
            text = in_words(value) if isinstance(value, str) else given(value)
            parts.append(forms.get(axis, "{}").format(text))
    return ", ".join(parts)


def _takes(row: Mapping[Any, Any]) -> str:
    """The planned resources of a cell in words."""
    return (
        f"planned: {number(row['planned_provider_hours'])} provider hours a week and region, "
        f"{money(row['planned_cost'])} in all (centre {money(row['planned_cost_centre'])}, regions "
        f"{money(row['planned_cost_regions'])})"
    )


def _highest(study: Study[Spec], rows: Sequence[Mapping[Any, Any]]) -> str:
    """The best mean of each outcome, and the number of other cells that may be as good."""
    where = " within the budget" if is_budgeted(study.header) else ""
    parts = []
    for row in rows:
        which = "highest" if (study.about(row["outcome"]).sign or 1) > 0 else "lowest"
        text = (
            f"{in_words(row['outcome'])} is {which} ({number(row['mean'])}) with "
            f"{place_words(cell_of(dict(row)))} (90 % of runs: {interval(row['p05'], row['p95'])}; "
            f"{number(row['planned_provider_hours'])} provider hours a week and region, planned "
            f"cost {money(row['planned_cost'])}"
        )
        if row["near"]:
            n = row["near"]
            text += f"; {count(n, 'other cell')} {'is' if n == 1 else 'are'} as good within 1 %"
        parts.append(f"{text})")
    return f"At the end of TA{where}, {'; '.join(parts)}."


def _cheapest(study: Study[Spec], row: Mapping[Any, Any]) -> str:
    """The cheapest cell that reaches a target in enough runs, or the likeliest cell."""
    what, place = _goal(study, row), place_words(cell_of(dict(row)))
    runs = f"{row['hits']:,} of {row['n']:,} runs"
    sure = f"90 % interval {interval(row['p_low'], row['p_high'], percent)}"
    surely = f"{percent(SURE)} of the runs"
    if not row["surely"]:
        return (
            f"No cell reaches {what} in {surely}. The likeliest to reach it is {place}, in {runs} "
            f"({sure}; {_takes(row)})."
        )
    least = "least of the budget" if is_of_money(study.header) else "fewest provider hours"
    return (
        f"The cell that reaches {what} in {surely} with the {least} is {place}: it does so in "
        f"{runs} ({sure}; {_takes(row)})."
    )


def _goal(study: Study[Spec], row: Mapping[Any, Any]) -> str:
    targets = study.header.targets
    if row["outcome"] not in study.header.shown:
        return " and ".join(
            f"{in_words(name)} of {given(level)}" for name, level in targets.items()
        )
    name = in_words(row["outcome"])
    if targets:
        return f"{name} of {given(row['target'])}"
    return f"the {name} of the scenario's own dosage"


def _own(frame: pd.DataFrame) -> str:
    rows: Any = frame.to_dict("records")
    levels = ", ".join(f"{in_words(row['outcome'])} {number(row['mean'])}" for row in rows)
    return f"The scenario's own dosage gives {levels} ({_takes(rows[0])})."


def varied(study: Study[Spec], frame: pd.DataFrame) -> str:
    """A sentence or two on what was varied and what was kept."""
    scenario, header = study.scenario, study.header
    others = len(scenario.dosage) - 1
    text = (
        "In every cell, the dosage is one scheduled series like the scenario's most frequent one "
        f"({series_words(main_series(scenario))}) with other weeks between contacts and other hours"
    )
    if others:
        how_many = "" if others == 1 else f"{others} "
        one, many = ("stays", "stay") if header.keep_others else ("is left out", "are left out")
        text += f"; its other {how_many}series {one if others == 1 else many}"
    text += "."
    if is_budgeted(header):
        cells = frame.drop_duplicates("cell")
        text += (
            f" The budget is {budget_words(header)}, preparation and travel included, with every "
            f"contact held; {count(int((~cells['affordable'].astype(bool)).sum()), 'cell')} of the "
            "grid cost more and are empty."
        )
    return text


def _rests_on(study: Study[Spec], frame: pd.DataFrame) -> str:
    assert study.plausible is not None
    rows = frame[frame["runs"] > 0]
    n, runs = int(rows["n"].min()), int(rows["runs"].max())
    return (
        f"These results rest on {len(study.plausible)} {study.plausible.source}. Of each cell, "
        f"{n:,} "
        f"of {count(runs, 'run')} count, with the same people and chance in all cells."
    )
