"""The report of ``codose plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sim.view import hover
from sim.view._report_parts import Content, Group, Hover, Table, words
from sim.view._report_studies import carriers, read

HEADS = {
    "plan": "plan",
    "roles": "chosen as",
    "worst_region": "worst region",
    "p05": "5 %",
    "p95": "95 %",
    "region_spread": "best minus worst region",
    "low": "from",
    "high": "to",
}

SHOWN = 10
"""About so many plans of the front are shown."""


def fill(content: Content, folder: Path, manifest: dict[str, Any]) -> None:
    """The front, the chosen plans and their confirmation, the calendar, when it fails."""
    plans, searched = read(folder, "plans"), read(folder, "searched")
    calendar = read(folder, "calendar")
    levers = list(manifest.get("levers", {}))
    budget = manifest.get("budget", {})
    keys = list(manifest.get("outcomes", ()))
    if plans is not None and searched is not None:
        for key in keys:
            content.figures.append(
                _front(
                    plans,
                    searched,
                    key,
                    str(manifest.get("labels", {}).get(key, words(key))),
                    budget,
                )
            )
        content.tables += _plan_tables(plans, levers, keys, budget)
    if calendar is not None:
        content.figures.append(
            Group(
                "The calendar of the recommended plan",
                "The area of a mark is its hours. calendar.csv and calendar.ics have the dates.",
                [Hover(hover.contacts(calendar), "", f"Calendar of {len(calendar)} contacts")],
            )
        )
    content.tables += _confirmations(folder)
    if plans is not None:
        columns = [
            "plan",
            "roles",
            "planned_cost",
            "planned_cost_centre",
            "planned_cost_regions",
            "provider_hours",
            "staff_hours",
            "contacts",
            "visits",
            "expected_cost",
        ]
        rows = telling(plans)
        content.costs.append(
            Table(
                "plans",
                rows[columns],
                "What each plan takes",
                "",
                {
                    **HEADS,
                    "expected_cost": "expected spend",
                    "planned_cost": "planned cost",
                    "planned_cost_centre": "of the centre",
                    "planned_cost_regions": "of the regions",
                    "provider_hours": "planned provider hours",
                    "staff_hours": "planned staff hours",
                },
                more=len(plans) - len(rows),
            )
        )
        content.cost_note = (
            "Planned cost is what to budget: every contact held, everybody there; no run takes "
            "more. The centre pays provider hours and travel, the regions pay the hours of their "
            "staff. Expected spend is the mean of the runs, and includes what a contact log "
            "already took. Budget: "
            f"{budget.get('text')}."
        )
    content.assumptions = carriers(read(folder, "drivers"), manifest)


def telling(plans: pd.DataFrame) -> pd.DataFrame:
    """Some plans along the front, and every chosen one."""
    front = plans[plans["on_front"]]
    step = max(1, -(-len(front) // SHOWN))
    kept = set(front.index[::step]) | set(plans.index[plans["roles"] != ""])
    return plans[plans.index.isin(kept)]


def _front(
    plans: pd.DataFrame, searched: pd.DataFrame, key: str, label: str, budget: dict[str, Any]
) -> Group:
    limit = next(
        (
            budget[name]
            for name in ("money", "provider_hours", "money_a_week", "provider_hours_a_week")
            if budget.get(name)
        ),
        None,
    )
    best = plans[plans["on_front"]]
    alt = (
        f"{label} against what is spent: the front goes from {best[key].min():.2f} for "
        f"{best['spend'].min():,.0f} to {best[key].max():.2f} for {best['spend'].max():,.0f}"
    )
    rings = "; ".join(
        f"{words(row['plan'])} ({row['roles']})"
        for row in plans[plans["roles"] != ""].to_dict("records")
    )
    figure = hover.front(searched, plans, key, f"planned {budget.get('unit', '')}", label, limit)
    return Group(
        f"What the budget buys: {label}",
        "Grey: every plan that the search ran, on its few parameter sets. Blue: plans that no "
        "other beats, run again on fresh parameters and luck, with 90 % intervals of their mean. "
        f"Rings, from the left: {rings}.",
        [Hover(figure, "", alt)],
    )


def _plan_tables(
    plans: pd.DataFrame, levers: list[str], keys: list[str], budget: dict[str, Any]
) -> list[Table]:
    targets = [c for c in map(str, plans.columns) if c.startswith("target_") and c.count("_") == 1]
    rows = telling(plans)
    heads = {
        **HEADS,
        "spend": f"planned {budget.get('unit', 'spending')}",
        **{name: f"probability of target {name.partition('_')[2]}" for name in targets},
    }
    front = Table(
        "plans",
        rows[
            [
                "plan",
                "roles",
                "spend",
                *keys,
                *targets,
                "worst_region",
                "region_spread",
                "regret",
                *levers,
            ]
        ],
        "Plans that no other beats",
        "On fresh parameters and luck. Regret: what a plan stays behind the best of these for a "
        "set, in nine of ten plausible sets.",
        heads,
        len(plans) - len(rows),
    )
    return [front]


def _confirmations(folder: Path) -> list[Table]:
    found = []
    titles = {
        "targets": (
            "Targets",
            "The recommended plan, as confirmed. Reached: the level that is reached "
            "with the asked probability.",
        ),
        "chosen": (
            "What the search promised, and what held",
            "Search: on the runs that chose the plans. Fresh: on other parameters and luck. "
            "Confirmed: once more on others; from, to: its 90 % interval.",
        ),
        "regions": ("Between regions", "The first outcome, as confirmed; 5 % and 95 % of runs."),
        "failures": (
            "When the recommended plan fails",
            "Boxes in the parameters. Coverage: share of the failures in the box; density: "
            "share of the runs there that fail; mass: share of all runs; rate: failures "
            "among all runs. Scored on runs that did not find the box.",
        ),
    }
    for name, (title, caption) in titles.items():
        frame = read(folder, name)
        if frame is not None and len(frame):
            found.append(Table(name, frame, title, caption, HEADS))
    return found
