"""The reduced model: :class:`Case` holds its numbers.

A region has a lead (support), a demand for work, routines and a shared understanding with its
provider; a person has motivation, a sense of the group, knowledge, accountability, trust and a
share of practice that is integrated. A week goes:

1. Workload is the demand, a personal offset, and a little for what is integrated already.
2. In weeks with a visit or a call, each person attends with a logistic chance. Who attends meets a
   quality between what the provider brings and what the understanding adds: trust moves towards it
   (faster down than up), knowledge grows with trust. Then the understanding grows.
3. Each person may ask one of four colleagues (a small world: neighbours in a ring, some replaced by
   anybody), and learns from whoever gained more. All look first, then all change.
4. Integration grows with knowledge, readiness, free time, lead and routines, and is lost where
   routines and accountability are low. Gained knowledge is forgotten, less where it is in use;
   trust and accountability fade to what they were.
5. Some posts change hands: the newcomer has the old one's colleagues, and nothing that was learned.
6. Routines follow the mean integration. Reported are six means of each region.
"""

from __future__ import annotations

from dataclasses import dataclass

MEANS = ("trust", "knowledge", "integration", "accountability", "readiness", "attending")


@dataclass(frozen=True, slots=True)
class Case:
    """Sizes and numbers; spreads are standard deviations, what is clipped is kept in 0..1."""

    regions: int = 3
    staff: int = 12
    weeks: int = 156

    last_contact: int = 104
    visit_every: int = 13
    first_call: int = 3
    call_every: int = 4
    call_richness: float = 0.75
    visit_dose: float = 0.6
    call_dose: float = 0.3

    lead: float = 0.6
    demand: float = 0.5
    region_spread: float = 0.1
    routines: float = 0.1
    understanding: float = 0.1

    motivation: float = 0.6
    group: float = 0.6
    drive_spread: float = 0.15
    offset_spread: float = 0.1
    knowledge: float = 0.3
    accountability: float = 0.5
    promised: float = 0.2
    trust: float = 0.5
    person_spread: float = 0.1
    integrated: float = 0.1

    use_load: float = 0.05
    attend_base: float = 2.0
    attend_slope: float = 2.0
    attend_pivot: float = 1.0
    balance: float = 0.5
    skill: float = 0.6
    tact: float = 0.6
    plain: float = 0.6
    quality_spread: float = 0.1
    trust_step: float = 0.3
    distrust: float = 2.0
    learning: float = 0.1
    understanding_step: float = 0.05

    colleagues: int = 4
    rewired: float = 0.1
    asking: float = 0.3
    transfer: float = 0.1

    uptake: float = 0.02
    losing: float = 0.02
    forgetting: float = 0.01
    protection: float = 0.5
    trust_fade: float = 0.02
    accountability_fade: float = 0.02
    turnover: float = 0.003
    routine_pace: float = 0.02

    def contacts(self, week: int) -> list[tuple[float, float]]:
        """(richness, dose) of each contact planned for a week (1, 2, ...)."""
        planned = []
        if week <= self.last_contact:
            if (week - 1) % self.visit_every == 0:
                planned.append((1.0, self.visit_dose))
            if week >= self.first_call and (week - self.first_call) % self.call_every == 0:
                planned.append((self.call_richness, self.call_dose))
        return planned

    def promise(self, understanding):  # type: ignore[no-untyped-def]
        """Quality of a contact before chance, for a number or an array."""
        brought = (self.skill + understanding) / 2
        shaped = ((self.skill * self.tact) ** 0.5 + self.plain) / 2
        return self.balance * brought + (1 - self.balance) * shaped
