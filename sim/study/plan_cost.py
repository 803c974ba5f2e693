"""What a plan costs if everything goes as planned: the sum that has to be set aside.

Planned cost is worked out from the calendar, without luck: every contact is held, everybody who is
invited comes, no diary is full. A run can only cost less (contacts fail, people stay away, a full
diary shortens contacts), so a plan whose planned cost is within the budget never exceeds it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim import rules
from sim.core.units import months_of
from sim.dosage import ONSITE, planned_contacts
from sim.population import share_of
from sim.scenario import Scenario
from sim.study.plan_levers import plan_start


@dataclass(frozen=True, slots=True)
class Planned:
    """Planned resources from the first week of the plan on.

    Attributes:
        contacts, visits: numbers.
        contact_hours, preparation_hours, travel_hours, provider_hours: of the providers, h.
        staff_hours: of all who are invited, h.
        money: at the scenario's prices.
        weeks: from the first week of the plan to the end of TA.
    """

    contacts: int
    visits: int
    contact_hours: float
    preparation_hours: float
    travel_hours: float
    staff_hours: float
    money: float
    weeks: int

    @property
    def provider_hours(self) -> float:
        """Contact, preparation and travel."""
        return self.contact_hours + self.preparation_hours + self.travel_hours

    def spend(self, measure: str) -> float:
        """As a budget counts: money or provider_hours, in all or ``_a_week``."""
        total = self.money if measure.startswith("money") else self.provider_hours
        return total / max(1, self.weeks) if measure.endswith("_a_week") else total

    @property
    def months(self) -> float:
        """Length of the plan."""
        return months_of(self.weeks)


def planned(scenario: Scenario) -> Planned:
    """The planned cost of a scenario whose contacts are all scheduled."""
    p = scenario.parameter_set()
    first = plan_start(scenario)
    core = [share_of(scenario.regions.core_team, staff) for staff in scenario.staff_counts]
    contacts = visits = 0
    hours = preparation = travel = staff = 0.0
    for c in planned_contacts(scenario, p):
        if c.week < first:
            continue
        onsite = c.mode == ONSITE
        contacts += 1
        visits += onsite
        hours += c.hours
        preparation += p.preparation_per_contact + p.preparation_per_hour * c.hours
        travel += rules.provider_hours(0.0, 0.0, 0.0, p.travel_hours if onsite else 0.0)
        staff += c.hours * share_of(c.invited, core[c.region])
    prices = scenario.costs
    money = (
        prices.provider_hour * (hours + preparation + travel)
        + prices.staff_hour * staff
        + prices.travel_visit * visits
    )
    weeks = max(1, scenario.end_of_ta - first + 1)
    return Planned(contacts, visits, hours, preparation, travel, staff, money, weeks)
