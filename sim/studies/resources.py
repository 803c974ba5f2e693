"""What tables of several kinds say alike about resources: items, columns, payers and periods."""

from __future__ import annotations

from sim.core.units import WEEKS_A_YEAR
from sim.model.dosage import Planned, Resources
from sim.present.table import Column

ITEMS = (
    "contacts_planned", "contacts_held", "contact_hours", "preparation_hours", "travel_hours",
    "provider_hours", "staff_hours", "cost",
)  # fmt: skip
"""Outcomes that measure the resources of a scenario."""
PLANNED = (
    Column("planned_cost", "money", "money", "what to budget: every contact held, everybody there"),
    Column("planned_cost_centre", "money", "money", "provider hours and travel", "of the centre"),
    Column("planned_cost_regions", "money", "money", "hours of staff", "of the regions"),
)
COUNTED = (
    Column("n", format="count", meaning="runs counted", heading="runs"),
    Column("runs", format="count", meaning="runs made", heading="of"),
)


def payers(each: Resources) -> dict[str, float]:
    """Planned cost by payer."""
    return {
        "planned_cost": each.money,
        "planned_cost_centre": each.centre,
        "planned_cost_regions": each.regions,
    }


def periods(cost: Planned, first: int, stop: int) -> list[tuple[str, int, int, Resources]]:
    """Name, weeks start + 1 .. stop, and planned resources of the contact log (where it holds
    contacts), of each year of the plan (the last goes on to the end), and of the whole plan.

    Args:
        cost: the planned cost of a scenario.
        first: the last week before the plan.
        stop: the last week of the whole plan.
    """
    found = [("contact log", 0, first, cost.spent)] if cost.spent.contacts else []
    ends = [*(first + WEEKS_A_YEAR * number for number in range(len(cost.years))), stop]
    for number, each in enumerate(cost.years):
        found.append((f"year {number + 1}", ends[number], ends[number + 1], each))
    return [*found, ("whole plan", first, stop, cost.total)]
