"""The reduced model as a Mesa user writes it: agents with methods, one DataCollector."""

from __future__ import annotations

import math

import mesa
import numpy as np

from rivals.case import MEANS, Case


def clip(value: float) -> float:
    """Into 0..1."""
    return min(1.0, max(0.0, value))


class Person(mesa.Agent):
    """One of the staff."""

    def __init__(self, model: Assistance, region: Region) -> None:
        super().__init__(model)
        self.region = region
        self.colleagues: list[Person] = []
        self.enter()

    def enter(self) -> None:
        """Somebody new comes to the post."""
        c, gauss = self.model.case, self.random.gauss
        self.motivation = clip(gauss(c.motivation, c.drive_spread))
        self.group = clip(gauss(c.group, c.drive_spread))
        self.offset = gauss(0, c.offset_spread)
        self.knowledge = self.first_knowledge = clip(gauss(c.knowledge, c.person_spread))
        self.first_accountability = clip(gauss(c.accountability, c.person_spread))
        self.accountability = clip(self.first_accountability + c.promised)
        self.trust = self.first_trust = clip(gauss(c.trust, c.person_spread))
        self.integrated = c.integrated

    def load(self) -> None:
        """How busy the week is."""
        self.workload = clip(
            self.region.demand + self.offset + self.model.case.use_load * self.integrated
        )

    def meet(self, richness: float, dose: float) -> bool:
        """A contact; whether this person came."""
        c, region = self.model.case, self.region
        pull = self.motivation + self.trust + region.lead - self.workload - c.attend_pivot
        chance = 1 / (1 + math.exp(-(c.attend_base + c.attend_slope * pull)))
        if self.random.random() >= chance:
            return False
        quality = clip(c.promise(region.understanding) + self.random.gauss(0, c.quality_spread))
        pace = c.trust_step * richness * dose * (c.distrust if quality < self.trust else 1)
        self.trust += min(1, pace) * (quality - self.trust)
        learned = c.learning * richness * dose * (0.5 + 0.5 * self.trust)
        self.knowledge += learned * (1 - self.knowledge)
        return True

    def ask(self) -> None:
        """Look at a colleague."""
        c = self.model.case
        self.heard = 0.0
        if self.random.random() < c.asking:
            other = self.random.choice(self.colleagues)
            ahead = other.gained - self.gained
            if ahead > 0:
                self.heard = c.transfer * ahead * (1 - self.knowledge)

    @property
    def gained(self) -> float:
        """Knowledge beyond what the person came with."""
        return self.knowledge - self.first_knowledge

    def change(self) -> None:
        """What the week does to this person."""
        c, region = self.model.case, self.region
        ready = (self.motivation + self.trust + self.accountability) / 3
        room = (1 - self.workload) * (region.lead + region.routines) / 2
        growth = c.uptake * self.knowledge * ready * room * (1 - self.integrated)
        loss = c.losing * (1 - region.routines) * (1 - self.accountability) * self.integrated
        forgotten = c.forgetting * (1 - c.protection * self.integrated) * max(0.0, self.gained)
        self.knowledge += self.heard - forgotten
        self.integrated += growth - loss
        self.trust += c.trust_fade * (self.first_trust - self.trust)
        faded = c.accountability_fade * (self.first_accountability - self.accountability)
        self.accountability += faded
        if self.random.random() < c.turnover:
            self.enter()


class Region(mesa.Agent):
    """A region with its staff."""

    def __init__(self, model: Assistance) -> None:
        super().__init__(model)
        c = model.case
        self.lead = clip(self.random.gauss(c.lead, c.region_spread))
        self.demand = clip(self.random.gauss(c.demand, c.region_spread))
        self.routines = c.routines
        self.understanding = c.understanding
        self.staff = [Person(model, self) for _ in range(c.staff)]
        for i, person in enumerate(self.staff):
            for step in range(1, c.colleagues // 2 + 1):
                for side in (-step, step):
                    place = (i + side) % c.staff
                    if self.random.random() < c.rewired:
                        place = (i + 1 + self.random.randrange(c.staff - 1)) % c.staff
                    person.colleagues.append(self.staff[place])

    def meet(self) -> None:
        """The contacts of the week."""
        c = self.model.case
        self.attending = 0
        for richness, dose in c.contacts(self.model.week):
            self.attending += sum(person.meet(richness, dose) for person in self.staff)
            self.understanding += c.understanding_step * dose * (1 - self.understanding)

    def sum_up(self) -> None:
        """Means, and the routines that follow them."""
        staff, size = self.staff, len(self.staff)
        self.trust = sum(p.trust for p in staff) / size
        self.knowledge = sum(p.knowledge for p in staff) / size
        self.integration = sum(p.integrated for p in staff) / size
        self.accountability = sum(p.accountability for p in staff) / size
        self.readiness = (
            sum((p.motivation * p.group * p.knowledge) ** (1 / 3) for p in staff) / size
        )
        self.routines += self.model.case.routine_pace * (self.integration - self.routines)


class Assistance(mesa.Model):
    """The reduced model."""

    def __init__(self, case: Case, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.case, self.week = case, 0
        self.regions = [Region(self) for _ in range(case.regions)]
        self.datacollector = mesa.DataCollector(
            agenttype_reporters={Region: {name: name for name in MEANS}}
        )

    def step(self) -> None:
        """One week."""
        self.week += 1
        people = self.agents_by_type[Person]
        people.do("load")
        for region in self.regions:
            region.meet()
        people.do("ask")
        people.do("change")
        for region in self.regions:
            region.sum_up()
        self.datacollector.collect(self)


def run(case: Case, runs: int, seed: int) -> np.ndarray:
    """Float64 (runs, weeks, regions, means)."""
    made = np.empty((runs, case.weeks, case.regions, len(MEANS)))
    for i in range(runs):
        model = Assistance(case, seed + i)
        for _ in range(case.weeks):
            model.step()
        table = model.datacollector.get_agenttype_vars_dataframe(Region)
        made[i] = table[list(MEANS)].to_numpy().reshape(made.shape[1:])
    return made
