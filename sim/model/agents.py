"""The two kinds of agents, :class:`TAProvider` and :class:`RegionalStaff`. Their methods are the
steps of a week; every formula is in :mod:`sim.core.rules`.

A :class:`TAProvider` serves one or more regions and keeps a :class:`Site` for each: how well it
knows the region, how accountable it has been there, and its open commitments. A
:class:`RegionalStaff` member holds a post in a region. All people first observe and then change, so
that the order in which they act does not matter.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core import rules, streams
from sim.core.parameters import Parameters
from sim.core.units import WEEKS_A_YEAR
from sim.model.dosage import NOT_KNOWN
from sim.model.mesa_door import Agent
from sim.model.population import Person, RegionMeans, draw_person, draw_skill
from sim.scenario.functions import FUNCTIONS

if TYPE_CHECKING:
    from sim.model.week import CoCreationModel, Region


@dataclass(frozen=True, slots=True)
class Weights:
    """The uses of a contact's time relative to the reference mix; all are 1 for a contact without
    ``functions``. ``together`` is the factor of co-creation."""

    trust: float = 1.0
    relationship: float = 1.0
    learning: float = 1.0
    planning: float = 1.0
    review: float = 1.0
    logistics: float = 1.0
    together: float = 1.0

    @classmethod
    def of(cls, functions: tuple[float, ...] | None, p: Parameters) -> Weights:
        """Weights from shares of :data:`~sim.scenario.functions.FUNCTIONS`; None is the reference
        mix."""
        if functions is None:
            return cls()
        time = {
            name: rules.function_weight(share, p[f"{name}_reference"])
            for name, share in zip(FUNCTIONS, functions, strict=True)
        }
        relationship = time["relationship"]
        return cls(
            **time,
            trust=rules.trust_weight(
                functions[FUNCTIONS.index("logistics")],
                p.logistics_reference,
                relationship,
                p.relationship_weight,
            ),
            together=rules.time_together(relationship, p.relationship_weight),
        )


@dataclass(slots=True)
class Contact:
    """One contact of a region in a week, which the steps of the week fill in.

    Hours are those left after a full diary has shortened the contact. ``effect`` is F of the hours
    that count for trust; ``relationship_effect``, ``learning_effect`` and ``planning_effect`` are
    the same for the other uses; ``tailoring`` is realised co-creation x how well the provider knows
    the region. :class:`sim.model.dosage.PlannedContact` explains ``known_present``, ``others`` and
    ``share``.
    """

    week: int
    region: Region
    series: int
    mode: int
    hours: float
    planned_co_creation: float
    on_date: bool
    status: int
    provider: TAProvider
    invited: list[RegionalStaff]
    weights: Weights
    known_present: int = NOT_KNOWN
    others: int = 0
    share: float = 1.0
    richness: float = 1.0
    effect: float = 0.0
    relationship_effect: float = 0.0
    learning_effect: float = 0.0
    planning_effect: float = 0.0
    co_creation: float = 0.0
    tailoring: float = 0.0
    present: list[RegionalStaff] = field(default_factory=list)
    draws: tuple[list[float], list[float], list[float]] = ((), (), ())  # type: ignore[assignment]
    """For each post of the region: uniforms of attending and of keeping, and ``irwin_hall4`` of the
    impression that the contact makes."""


@dataclass(slots=True, repr=False)
class Site:
    """A provider's states in one region: ``context`` (how well it knows the region), ``record``
    (its accountability) and open commitments. The record returns to ``usual_record``."""

    region: Region
    context: float
    record: float
    usual_record: float
    open_commitments: int = 0

    def __repr__(self) -> str:
        return f"<Site {self.region.name!r}: context {self.context:.3f}, record {self.record:.3f}>"


class Holder(Agent):
    """The holder of a post in a region or of a provider's job, whom a successor will replace.

    When the person changes, the model replaces the states that it knows. Attributes that a subclass
    adds begin anew: those set by ``__init__`` or the class have that value again, and all others
    are removed. A subclass sets in :meth:`arrive` what else a person starts with.

    >>> from sim import CoCreationModel, RegionalStaff
    >>> class Counts(RegionalStaff):
    ...     def arrive(self) -> None:
    ...         self.weeks_here = 0
    ...     def apply(self) -> None:
    ...         super().apply()
    ...         self.weeks_here += 1
    >>> model = CoCreationModel("classroom", seed=1, staff_class=Counts)
    >>> record = model.run()
    >>> sorted({person.weeks_here for person in model.staff})[-1] <= model.week
    True
    """

    model: CoCreationModel
    _ours: frozenset[str] = frozenset()
    _first: dict[str, Any]

    def arrive(self) -> None:
        """Set what a subclass gives each new person. The model calls this for all people of week 0,
        once all exist, and for each newcomer, whose states are already in place."""

    def settle(self) -> None:
        """Remember what a subclass has added to the complete model, then let the person arrive."""
        added = vars(self).keys() - self._ours - _OF_MESA
        self._first = {name: _copied(vars(self)[name]) for name in added}
        self.arrive()

    def _succeed(self) -> None:
        """Reset everything that a subclass has added, because the person has changed."""
        for name in vars(self).keys() - self._ours - _OF_MESA:
            delattr(self, name)
        self.__dict__.update({name: _copied(one) for name, one in self._first.items()})
        self.arrive()


_OF_MESA = {"_first", "_ours", "pos", "cell"}
"""An agent's position in a space of Mesa belongs to the post, not to the person."""


def _copied(value: Any) -> Any:
    """A copy of a container with the same items; any other value itself."""
    return copy.copy(value) if isinstance(value, list | dict | set | np.ndarray) else value


class TAProvider(Holder):
    """A provider of technical assistance from the national centre.

    >>> from sim import CoCreationModel, Scenario
    >>> model = CoCreationModel(Scenario.shipped("source"), seed=1)
    >>> [[site.region.name for site in provider.sites] for provider in model.providers]
    [['region_1', 'region_3'], ['region_2']]
    """

    def __init__(
        self, model: CoCreationModel, number: int, skill: float, weekly_hours: float
    ) -> None:
        super().__init__(model)
        self.number = number
        self.name = model.scenario.provider_names[number]
        self.skill = skill
        self.weekly_hours = weekly_hours
        self.load = 0.0
        self.overload = 0.0
        self.sites: list[Site] = []
        self.dilution = 1.0
        self._ours = frozenset(vars(self))

    def __repr__(self) -> str:
        regions = ", ".join(site.region.name for site in self.sites)
        return f"<{type(self).__name__} {self.name!r} of {regions}: load {self.load:.2f}>"

    def take_on(self, site: Site) -> None:
        """Become the provider of one more region."""
        self.sites.append(site)
        self.dilution = rules.dilution(self.model.p.site_dilution, len(self.sites))

    def dilution_at(self, site: Site) -> float:
        """Factor of contact quality at a site; a provider who stands in serves one region more."""
        if site.region.provider is self:
            return self.dilution
        return rules.dilution(self.model.p.site_dilution, len(self.sites) + 1)

    def prepare(self, due: list[Contact]) -> None:
        """Step 1: check the diary, and shorten every contact of the week when it is over-full."""
        p = self.model.p
        hours = 0.0
        for contact in due:
            travel = p.travel_hours if contact.mode == self.model.onsite else 0.0
            hours = hours + contact.share * rules.provider_hours(
                contact.hours, p.preparation_per_hour, p.preparation_per_contact, travel
            )
        self.load = rules.running_load(self.load, hours, self.weekly_hours, p.load_memory)
        self.overload = rules.overload(self.load)
        for contact in due:
            contact.hours = rules.shortened_hours(contact.hours, self.overload)

    def fails(self, u: float) -> bool:
        """Step 2: whether this provider fails a due contact."""
        p = self.model.p
        return u < rules.provider_fails_probability(
            p.provider_cancels, p.provider_cancels_slope, self.overload
        )

    def break_promise(self, site: Site, effect: float) -> None:
        """Step 2: lower the provider's standing after a contact that it failed to hold."""
        site.record = rules.record_after_broken_promise(
            site.record, self.model.p.accountability_step, effect
        )

    def keep_promise(self, site: Site, effect: float) -> None:
        """Step 2: raise the provider's standing after a contact held on its date."""
        p = self.model.p
        site.record = rules.record_after_kept_promise(
            site.record, p.accountability_step, p.kept_date_weight, effect
        )

    def keeping_probability(self, site: Site) -> float:
        """Step 4: the probability that one of the provider's commitments has been kept."""
        p = self.model.p
        return rules.provider_keeping_probability(
            p.keeping,
            p.keeping_slope,
            site.record,
            p.record_pivot,
            p.overload_keeping,
            self.overload,
        )

    def learn_region(self, site: Site, contact: Contact) -> None:
        """Step 6: the provider learns from the contact how the region works."""
        site.context = rules.context_after_contact(
            site.context,
            self.model.p.context_step,
            contact.relationship_effect,
            contact.co_creation,
        )

    def live_week(self) -> None:
        """Step 7: knowledge of each region ages, and accountability returns to its usual level."""
        p = self.model.p
        for site in self.sites:
            site.context = rules.decayed(site.context, p.context_fade)
            site.record = rules.faded(site.record, site.usual_record, p.accountability_fade)

    def leave(self, successor_word: int) -> None:
        """Step 8: leave to a successor, who inherits the diary and some of the standing."""
        p = self.model.p
        self.skill = draw_skill(successor_word, p)
        for site in self.sites:
            site.context = p.handover_share * site.context
            site.record = rules.after_handover(site.record, site.usual_record, p.handover_share)
            site.region.ledger.lapsed += site.open_commitments
            site.region.ledger.provider_left += 1
            site.open_commitments = 0
            for person in site.region.staff:
                person.trust = rules.after_handover(
                    person.trust, person.first_trust, p.handover_share
                )
        self._succeed()


class RegionalStaff(Holder):
    """A staff member of a region, holding a post.

    When the person changes, the post keeps its position in the team network, its seat in the core
    team and its identity in the random draws. To try another rule, override a method and give the
    subclass to the model as ``staff_class``:

    >>> from sim import CoCreationModel, Scenario
    >>> class Loyal(RegionalStaff):
    ...     def attends(self, u: float) -> bool:
    ...         return True
    >>> model = CoCreationModel(Scenario.shipped("classroom"), seed=1, staff_class=Loyal)
    >>> record = model.run()
    >>> from sim.core.outcomes import COLUMN
    >>> bool((record[..., COLUMN["present"]] == record[..., COLUMN["invited"]])[1:].all())
    True
    """

    def __init__(
        self,
        model: CoCreationModel,
        region: Region,
        post: int,
        person: Person,
        integration: float,
        seat: int,
    ) -> None:
        super().__init__(model)
        self.region = region
        self.post = post
        self.seat = seat
        self.in_core_team = seat < region.core
        self.entity = streams.staff_entity(region.candidate, post)
        self.open_commitments = 0
        self.workload = 0.0
        self.become(person)
        self.trust = person.trust
        self.integration = integration
        self.workload = self.feel_workload(0.0, 0.0)
        self._heard = 0.0
        self._ours = frozenset(vars(self))

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.post} of {self.region.name!r}: trust {self.trust:.3f}, "
            f"knowledge {self.knowledge:.3f}, integration {self.integration:.3f}>"
        )

    def become(self, person: Person) -> None:
        """Take over the traits and starting points of a person."""
        self.motivation = person.motivation
        self.capacity = person.capacity
        self.offset = person.offset
        self.first_trust = person.trust
        self.first_accountability = person.accountability
        self.first_knowledge = person.knowledge
        self.accountability = person.accountability
        self.knowledge = person.knowledge

    @property
    def readiness(self) -> float:
        """Readiness, 0-1: (motivation x general capacity x knowledge)^(1/3)."""
        return rules.readiness(self.motivation, self.capacity, self.knowledge)

    def feel_workload(self, contacts: float, delivery: float) -> float:
        """Step 1: how full the week is, including the contacts to which the person is invited."""
        self.workload = rules.workload(
            self.region.demand,
            self.offset,
            contacts,
            self.open_commitments,
            self.model.p.commitment_workload,
            delivery,
            self.integration,
        )
        return self.workload

    def attendance_log_odds(self) -> float:
        """Step 3: log-odds that this person comes to a contact."""
        p = self.model.p
        return rules.attendance_log_odds(
            p.attendance_base,
            p.attendance_slope,
            self.motivation,
            self.trust,
            self.region.leadership,
            self.workload,
            p.attendance_pivot,
        )

    def attends(self, u: float) -> bool:
        """Step 3: whether this person comes; not called where a log gives how many came."""
        return u < rules.sigmoid(self.attendance_log_odds())

    def keeping_probability(self) -> float:
        """Step 4: the probability that one of the person's commitments has been kept."""
        p = self.model.p
        return rules.staff_keeping_probability(
            p.keeping, p.keeping_slope, self.accountability, self.workload
        )

    def take_account(self, kept: int, reviewed: int, step: float) -> None:
        """Step 4: move accountability towards the share of reviewed commitments that were kept."""
        self.accountability = rules.accountability_after_review(
            self.accountability, kept, reviewed, step
        )

    def judge(self, contact: Contact, provider: TAProvider, site: Site) -> None:
        """Step 5: move trust towards the quality that the person experienced."""
        p = self.model.p
        quality = rules.experienced_quality(
            provider.dilution_at(site),
            p.ability_weight,
            p.skill_share,
            provider.skill,
            site.context,
            p.power_sharing,
            contact.planned_co_creation,
            site.record,
            p.evidence_noise * contact.draws[2][self.post],
        )
        self.trust = rules.trust_after_contact(
            self.trust, quality, p.trust_step, contact.richness, contact.effect, p.trust_asymmetry
        )

    def learn(self, contact: Contact, provider: TAProvider) -> None:
        """Step 6: gain knowledge of implementation science in a contact."""
        p = self.model.p
        self.knowledge = rules.knowledge_after_contact(
            self.knowledge,
            p.learning_rate,
            contact.richness,
            contact.learning_effect,
            provider.dilution_at(self.region.site),
            provider.skill,
            p.learning_skill_floor,
            contact.tailoring,
            p.learning_tailoring_floor,
            self.trust,
            p.learning_trust_floor,
        )

    def meet_peer(self, meets: float, which: float) -> None:
        """Step 7, observing: by chance, hear from one colleague what they have gained."""
        p = self.model.p
        self._heard = 0.0
        if meets >= p.peer_meeting:
            return
        post = self.region.neighbours.pick(self.post, which)
        if post >= 0:
            peer = self.region.by_post[post]
            self._heard = rules.knowledge_from_peer(
                self.knowledge,
                self.first_knowledge,
                peer.knowledge,
                peer.first_knowledge,
                p.peer_transfer,
            )

    def apply(self) -> None:
        """Step 7, changing: apply knowledge, let states decay, and learn from a colleague."""
        p = self.model.p
        region = self.region
        growth = rules.integration_growth(
            self.model.uptake,
            self.knowledge,
            self.motivation,
            self.trust,
            self.accountability,
            self.workload,
            region.leadership,
            region.routines,
        )
        decline = rules.integration_decline(
            p.integration_loss, region.routines, self.accountability
        )
        forgotten = rules.forgotten_knowledge(
            self.knowledge,
            self.first_knowledge,
            self.integration,
            p.forgetting,
            p.use_protection,
        )
        self.knowledge = self.knowledge - forgotten + self._heard
        self.integration = rules.integration_after_week(self.integration, growth, decline)
        self.trust = rules.faded(self.trust, self.first_trust, p.trust_fade)
        self.accountability = rules.faded(
            self.accountability, self.first_accountability, p.accountability_fade
        )
        if self.model.trend != 0.0:
            self.knowledge = rules.drifted(self.knowledge, self.model.trend)
            self.first_knowledge = rules.drifted(self.first_knowledge, self.model.trend)

    def leave(self, team_trust: float, means: RegionMeans) -> None:
        """Step 8: leave the post to a newcomer; open commitments lapse."""
        model = self.model
        week = model.week
        newcomer = draw_person(
            model.stream.words(streams.PERSON_TRAITS, self.entity, week),
            model.stream.words(streams.PERSON_STARTS, self.entity, week),
            means,
            model.p,
            model.trend * week / WEEKS_A_YEAR,
        )
        self.region.ledger.lapsed += self.open_commitments
        self.region.ledger.leavers += 1
        self.open_commitments = 0
        self.become(newcomer)
        self.trust = rules.newcomer_trust(newcomer.trust, team_trust, model.p.newcomer_trust_share)
        self.integration = rules.newcomer_integration(self.region.routines, newcomer.knowledge)
        self._succeed()
