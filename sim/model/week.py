"""The readable model: :class:`CoCreationModel`, with regions, agents and eight steps in a week.

This code defines the model; the compiled engine must give the same numbers, bit for bit.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core import outcomes, rules, streams
from sim.core.errors import InputError, Problem, did_you_mean
from sim.core.outcomes import FIRST_FLOW, RECORD
from sim.core.parameters import NAMES, Parameters
from sim.core.streams import Streams
from sim.core.whole import MAX_REPLICATES, check_whole
from sim.model import dosage, network, population
from sim.model.agents import Contact, RegionalStaff, Site, TAProvider, Weights
from sim.model.mesa_door import DataCollector, Model, iteration, own_seed, seed_of
from sim.model.own import declared, measured
from sim.scenario.scenario import Scenario, find

if TYPE_CHECKING:
    import networkx as nx


@dataclass(slots=True)
class Ledger:
    """The flows of a region in this week, named as the columns of a record."""

    planned: int = 0
    held: int = 0
    failed_provider: int = 0
    failed_region: int = 0
    attended: int = 0
    invited: int = 0
    present: int = 0
    made_staff: int = 0
    made_provider: int = 0
    kept_staff: int = 0
    kept_provider: int = 0
    broken_staff: int = 0
    broken_provider: int = 0
    lapsed: int = 0
    leavers: int = 0
    provider_left: int = 0
    contact_hours: float = 0.0
    preparation_hours: float = 0.0
    travel_hours: float = 0.0
    staff_hours: float = 0.0
    visits: float = 0.0
    co_creation_sum: float = 0.0


LEVELS: tuple[str, ...] = RECORD[:FIRST_FLOW]
FLOWS: tuple[str, ...] = RECORD[FIRST_FLOW:]
_flows = attrgetter(*FLOWS)
USES: tuple[str, ...] = ("trust", "relationship", "learning", "planning")
"""Uses of a contact's time that saturate separately."""


def mean_of(values: Iterable[float]) -> float:
    """The mean of some states by an exact sum of integers; the mean of no values is 0."""
    fixed = [int(v * rules.FIXED_POINT) for v in values]  # rules.to_fixed inlined
    return rules.mean_from_fixed(sum(fixed), len(fixed))


@dataclass(slots=True, eq=False, repr=False)
class Region:
    """A region: its leadership, demand and routines, its team, its provider."""

    index: int
    candidate: int
    name: str
    leadership: float
    usual_demand: float
    routines: float
    means: population.RegionMeans
    core: int
    neighbours: network.Neighbours
    entities: np.ndarray
    provider: TAProvider
    site: Site
    staff: list[RegionalStaff] = field(default_factory=list)
    by_post: dict[int, RegionalStaff] = field(default_factory=dict)
    demand: float = 0.0
    counted: dict[str, float] = field(default_factory=dict)
    """Hours of this week's earlier contacts that count for each of :data:`USES`; they saturate."""
    mean_integration: float = 0.0
    ledger: Ledger = field(default_factory=Ledger)
    week_draws: list[list[float]] = field(default_factory=list)
    """This week's uniforms of each post: meets a peer, which peer, leaves."""
    _asked: dict[int, list[RegionalStaff]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Region {self.name!r}: {len(self.staff)} staff, provider {self.provider.name!r}>"

    def asked(self, seats: int) -> list[RegionalStaff]:
        """The first ``seats`` people of the core team (then of the others), in order of posts.

        Seats do not change over a run, so each list is made once.
        """
        if seats not in self._asked:
            asked = [person for person in self.staff if person.seat < seats]
            self._asked[seats] = sorted(asked, key=lambda person: person.post)
        return self._asked[seats]

    def graph(self) -> nx.Graph:
        """The team network as a networkx graph over posts."""
        return self.neighbours.graph()

    def levels(self, threshold: float) -> dict[str, float]:
        """The current levels, named as the columns of a record."""
        staff = self.staff
        knowledge = [x.knowledge for x in staff]
        mean = mean_of(knowledge)
        spread = mean_of(k * k for k in knowledge) - mean * mean
        there = sum(1 for x in staff if x.integration >= threshold)
        own = sum(x.open_commitments for x in staff)
        return {
            "trust": mean_of(x.trust for x in staff),
            "staff_accountability": mean_of(x.accountability for x in staff),
            "provider_accountability": self.site.record,
            "knowledge": mean,
            "knowledge_sd": float(np.sqrt(spread)) if spread > 0.0 else 0.0,
            "integration": mean_of(x.integration for x in staff),
            "integrated_share": there / len(staff),
            "routines": self.routines,
            "readiness": mean_of(x.readiness for x in staff),
            "context": self.site.context,
            "load": self.provider.load,
            "workload": mean_of(x.workload for x in staff),
            "open": self.site.open_commitments + own,
            "open_staff": own,
        }


class CoCreationModel(Model):
    """Co-creative technical assistance to regions, one week a step.

    A week has eight steps; steps 2 to 6 are run in full for one contact after another:

    1. *calendar and load*: contacts fall due; a full diary shortens them; workloads follow
    2. *holding*: the provider or the region may fail a contact; a promise is kept or broken
    3. *attendance*: invited people come or do not; realised co-creation follows
    4. *review and new commitments*: open commitments are reviewed; new ones are made
    5. *trust*: those present judge what they experienced
    6. *learning*: they learn, and the provider gets to know the region
    7. *every week, everybody*: people forget, talk to a colleague and apply what they know; trust
       and accountability fade; routines form
    8. *turnover*: staff and providers leave and are replaced

    Args:
        scenario: a scenario, the path of its file, or the name of a shipped one.
        parameters: values that replace the scenario's (a full :class:`Parameters`, or a mapping of
            some); default: the scenario's own.
        seed, rng: at most one of the two, as in Mesa and NumPy: a whole number, or a generator that
            gives one; default: the scenario's seed.
        replicate: the number of the run under this seed; default: 0, and in Mesa's ``batch_run``
            the number of the iteration.
        collect: keep weekly outcomes in ``datacollector`` (a Mesa DataCollector).
        collect_people: also keep every person's states in every week.
        outcomes: the user's own outcomes (:mod:`sim.model.own`), besides those of the class.
        staff_class, provider_class: subclasses with other behaviour; default: the classes that the
            model names as attributes.

    Attributes:
        week, horizon: the current week, from 0, and the last week. ``running`` is false at the
            horizon.
        record: float64 (week 0..T, region, column of :data:`sim.core.outcomes.RECORD`), filled up
            to ``week``; ``own_record`` holds own outcomes likewise, all regions together last.
        staff, providers, regions: lists of all people, providers and regions.

    Raises:
        InputError: an argument cannot be used.

    Example:
        >>> from sim.scenario.scenario import Scenario
        >>> model = CoCreationModel("classroom", seed=1)
        >>> model.step()
        >>> model  # doctest: +ELLIPSIS
        <CoCreationModel of 'Classroom: one region, small enough to watch': week 1 of 78, ...>
    """

    outcomes: Mapping[str, Any] = MappingProxyType({})
    """The user's own outcomes by name; a subclass may declare some."""
    staff_class: type[RegionalStaff] = RegionalStaff
    provider_class: type[TAProvider] = TAProvider

    onsite = dosage.ONSITE
    # Mesa 3.5 has a property of this name that writes into the scenario; ours is read-only.
    scenario: Scenario = None  # type: ignore[assignment]

    def __init__(
        self,
        scenario: Scenario | str | os.PathLike[str] | None = None,
        *,
        parameters: Parameters | Mapping[str, float] | None = None,
        seed: Any = None,
        rng: Any = None,
        replicate: int | None = None,
        collect: bool = True,
        collect_people: bool = False,
        outcomes: Mapping[str, Any] | None = None,
        staff_class: type[RegionalStaff] | None = None,
        provider_class: type[TAProvider] | None = None,
        **unknown: Any,
    ) -> None:
        _refuse(unknown)
        own = {**declared(type(self).outcomes), **declared(outcomes or {})}
        scenario = _scenario(scenario)
        staff = _subclass("staff_class", staff_class or self.staff_class, RegionalStaff)
        providers = _subclass("provider_class", provider_class or self.provider_class, TAProvider)
        number = seed_of(seed, rng, scenario.seed)
        if replicate is None:
            replicate = iteration(seed is not None or rng is not None)
        replicate = _replicate(replicate)
        super().__init__(rng=own_seed(number, replicate))
        self.scenario = scenario
        self.outcomes = own
        self.p = resolve_parameters(scenario, parameters)
        self.stream = Streams(number, replicate)
        self.replicate = replicate
        self.week = 0
        self.horizon = scenario.horizon_weeks
        self.trend = scenario.background_trend
        self.uptake = self.p.uptake_ratio * self.p.integration_loss
        self.richness = [self.p[f"richness_{mode}"] for mode in dosage.MODES]
        self._planned = dosage.by_week_and_region(dosage.planned_contacts(scenario, self.p))
        self.providers: list[TAProvider] = []
        self.regions: list[Region] = []
        self.staff: list[RegionalStaff] = []
        self._populate(number, staff, providers)
        self.record = np.full((self.horizon + 1, len(self.regions), len(RECORD)), np.nan)
        self._write_record()
        self._weekly: tuple[int, np.ndarray] | None = None
        self.own_record = np.full((self.horizon + 1, len(self.regions) + 1, len(own)), np.nan)
        self._write_own()
        self.datacollector = self._make_collector(collect, collect_people)
        self.running = self.week < self.horizon
        if self.datacollector is not None:
            self.datacollector.collect(self)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {self.scenario.name!r}: week {self.week} of "
            f"{self.horizon}, seed {self.stream.seed}, replicate {self.replicate}>"
        )

    # ------------------------------------------------------------------ making regions and people

    def _populate(
        self,
        seed: int,
        staff_class: type[RegionalStaff],
        provider_class: type[TAProvider],
    ) -> None:
        starts, skills = population.draw_population(self.scenario, self.p, self.stream)
        hours = self.scenario.providers.hours_each
        self.providers = [
            provider_class(self, number, skill, hours[number])
            for number, skill in enumerate(skills)
        ]
        for start in starts:
            region = self._make_region(start, seed)
            self.regions.append(region)
            for post, person in enumerate(start.people):
                member = staff_class(
                    self,
                    region,
                    post,
                    person,
                    float(start.integration[post]),
                    int(start.seat[post]),
                )
                region.staff.append(member)
                region.by_post[post] = member
                self.staff.append(member)
        for one in (*self.providers, *self.staff):
            one.settle()

    def _make_region(self, start: population.RegionStart, seed: int) -> Region:
        provider = self.providers[start.provider]
        region = Region(
            index=start.index,
            candidate=start.candidate,
            name=start.name,
            leadership=start.leadership,
            usual_demand=start.demand,
            demand=start.demand,
            routines=start.routines,
            means=start.means,
            core=start.core,
            neighbours=network.neighbours(
                self.scenario.networks[start.index],
                len(start.people),
                seed,
                start.candidate,
                self.replicate,
            ),
            entities=start.entities,
            provider=provider,
            site=None,  # type: ignore[arg-type]
        )
        region.site = Site(
            region=region,
            context=self.p.context_start,
            record=start.provider_accountability,
            usual_record=start.provider_accountability,
        )
        provider.take_on(region.site)
        return region

    # ------------------------------------------------------------------ a week

    def step(self) -> None:
        """Simulate one week: the eight steps of the class docstring.

        Raises:
            InputError: the horizon has been reached.
        """
        if self.week >= self.horizon:
            raise InputError(f"the run is over: its horizon is week {self.horizon}", field="step")
        self.week += 1
        for region in self.regions:
            region.ledger = Ledger()
            region.counted = dict.fromkeys(USES, 0.0)
        contacts = self._calendar_and_load()
        for contact in contacts:
            if self._hold(contact) and self._attend(contact):
                self._review_and_commit(contact)
                self._trust_and_learning(contact)
        self._everybody()
        self._turnover()
        self._write_record()
        self._write_own()
        self.running = self.week < self.horizon
        if self.datacollector is not None:
            self.datacollector.collect(self)

    def run(self) -> np.ndarray:
        """Simulate all weeks up to the horizon.

        Returns:
            ``record``, (horizon + 1, regions, columns of :data:`sim.core.outcomes.RECORD`).
        """
        while self.week < self.horizon:
            self.step()
        return self.record

    def _calendar_and_load(self) -> list[Contact]:
        """Step 1: this week's contacts, region after region; then the diaries and the workload."""
        due: list[Contact] = []
        for region in self.regions:
            region.demand = region.usual_demand + dosage.demand_rise(
                self.scenario, self.week, region.name
            )
            due.extend(self._due_in(region))
        for provider in self.providers:
            provider.prepare([c for c in due if c.provider is provider])
        delivery = dosage.delivery_share(self.scenario, self.week)
        for region in self.regions:
            asked = [c for c in due if c.region is region]
            region.ledger.planned = len(asked)
            loads = [
                (
                    len(c.invited),
                    rules.contact_workload(c.hours, c.planned_co_creation, self.p.working_week),
                )
                for c in asked
            ]
            for person in region.staff:
                contacts = 0.0
                for seats, load in loads:
                    if person.seat < seats:
                        contacts = contacts + load
                person.feel_workload(contacts, delivery)
        return due

    def _due_in(self, region: Region) -> list[Contact]:
        """This week's contacts of a region, in file order; chance decides those without a date."""
        due = []
        for planned in self._planned.get((self.week, region.index), ()):
            if planned.timing != dosage.SCHEDULED:
                u = self.stream.uniform(
                    streams.CALENDAR, region.candidate, 0, self.week, planned.series
                )
                if u >= self._chance(planned, region):
                    continue
            due.append(
                Contact(
                    week=self.week,
                    region=region,
                    series=planned.series,
                    mode=planned.mode,
                    hours=planned.hours,
                    planned_co_creation=planned.co_creation,
                    on_date=planned.timing == dosage.SCHEDULED,
                    status=planned.status,
                    provider=self.providers[planned.provider],
                    invited=region.asked(planned.seats),
                    weights=Weights.of(planned.functions, self.p),
                    known_present=planned.present,
                    others=planned.others,
                    share=planned.share,
                    richness=self.richness[planned.mode],
                )
            )
        return due

    def _chance(self, planned: dosage.PlannedContact, region: Region) -> float:
        if planned.timing == dosage.IRREGULAR:
            return rules.irregular_probability(planned.every_weeks)
        return rules.on_demand_probability(
            planned.every_weeks,
            mean_of(x.readiness for x in region.staff),
            mean_of(x.trust for x in region.staff),
            region.leadership,
            self.p.on_demand_slope,
            self.p.on_demand_pivot,
        )

    def _hold(self, contact: Contact) -> bool:
        """Step 2: whether the contact is held; the provider keeps or breaks a promise by it."""
        region, p = contact.region, self.p
        ledger, provider, site = region.ledger, contact.provider, region.site
        ledger.preparation_hours += contact.share * (
            p.preparation_per_contact + p.preparation_per_hour * contact.hours
        )
        counted = rules.counted_hours(contact.hours, p.setup_hours)
        contact.effect = self._effect(contact, "trust", counted)
        words = self._words(contact)
        if contact.status == dosage.DRAWN:
            by_provider = provider.fails(streams.uniform(words[0]))
            by_region = not by_provider and streams.uniform(words[1]) < (
                rules.region_fails_probability(
                    p.region_cancels,
                    p.region_cancels_slope,
                    mean_of(x.workload for x in region.staff),
                    p.workload_pivot,
                    p.logistics_slope,
                    contact.weights.logistics,
                )
            )
        else:
            by_provider = contact.status == dosage.PROVIDER_CANCELLED
            by_region = contact.status in (dosage.REGION_CANCELLED, dosage.CANCELLED)
        if by_provider:
            ledger.failed_provider += 1
            provider.break_promise(site, contact.effect)
            return False
        if by_region:
            ledger.failed_region += 1
            return False
        ledger.held += 1
        ledger.contact_hours += contact.share * contact.hours
        if contact.mode == dosage.ONSITE:
            ledger.visits += contact.share
            ledger.travel_hours += contact.share * p.travel_hours
        if contact.on_date:
            provider.keep_promise(site, contact.effect)
        return True

    def _words(self, contact: Contact) -> tuple[int, int, int, int]:
        return self.stream.words(
            streams.REGION_CONTACT, contact.region.candidate, self.week, contact.series
        )

    def _effect(self, contact: Contact, use: str, counted: float) -> float:
        """F of a contact for one use of its time: its effect beyond this week's earlier hours."""
        before = contact.region.counted[use]
        return rules.contact_effect(
            before, counted * getattr(contact.weights, use), self.p.hour_scale
        )

    def _count_hours(self, contact: Contact, counted: float) -> None:
        """Add a held contact's hours to the hours of this week's earlier contacts."""
        hours = contact.region.counted
        for use in USES:
            hours[use] = hours[use] + counted * getattr(contact.weights, use)

    def _attend(self, contact: Contact) -> bool:
        """Step 3: who comes, and what is really co-created; False when nobody comes."""
        region, p = contact.region, self.p
        ledger = region.ledger
        words = self.stream.block(streams.STAFF_CONTACT, region.entities, self.week, contact.series)
        contact.draws = (
            streams.uniform(words[0]).tolist(),
            streams.uniform(words[1]).tolist(),
            streams.irwin_hall4(words[2]).tolist(),
        )
        come = contact.draws[0]
        if contact.known_present == dosage.NOT_KNOWN:
            contact.present = [x for x in contact.invited if x.attends(come[x.post])]
        else:
            contact.present = self._known_to_come(contact)
        ledger.invited += len(contact.invited)
        ledger.present += len(contact.present)
        ledger.staff_hours += contact.hours * len(contact.present)
        counted = rules.counted_hours(contact.hours, p.setup_hours)
        if not contact.present:
            self._count_hours(contact, counted)
            return False
        contact.co_creation = rules.realised_co_creation(
            contact.planned_co_creation,
            contact.provider.skill,
            mean_of(x.trust for x in contact.present),
            contact.weights.together,
        )
        learning = rules.learning_hours(contact.hours, p.negotiating_share, contact.co_creation)
        contact.relationship_effect = self._effect(contact, "relationship", counted)
        contact.learning_effect = self._effect(
            contact, "learning", rules.counted_hours(learning, p.setup_hours)
        )
        contact.planning_effect = self._effect(contact, "planning", counted)
        self._count_hours(contact, counted)
        contact.richness = contact.richness * rules.group_attention(
            p.group_dilution, len(contact.present) + contact.others, p.reference_team
        )
        ledger.attended += 1
        ledger.co_creation_sum += contact.co_creation
        return True

    @staticmethod
    def _known_to_come(contact: Contact) -> list[RegionalStaff]:
        """The people who come where a log gives only their number."""
        uniforms = contact.draws[0]
        order = {
            x: rules.attendance_order(uniforms[x.post], x.attendance_log_odds())
            for x in contact.invited
        }
        first = sorted(contact.invited, key=order.__getitem__)[: contact.known_present]
        return sorted(first, key=lambda x: x.post)

    def _review_and_commit(self, contact: Contact) -> None:
        """Step 4: review open commitments, where there is time for it; then make new ones."""
        if contact.weights.review >= 1.0 or self.stream.uniform(
            streams.CALENDAR, contact.region.candidate, 1, self.week, contact.series
        ) < rules.review_probability(contact.weights.review):
            self._review(contact)
        self._new_commitments(contact, streams.uniform(self._words(contact)[2]))

    def _review(self, contact: Contact) -> None:
        """Review all open commitments of those present and of the provider."""
        region, p = contact.region, self.p
        provider, site, ledger = contact.provider, region.site, region.ledger
        words = self._words(contact)
        owned = [(x, x.open_commitments, x.keeping_probability()) for x in contact.present]
        owed = site.open_commitments
        provider_kept = rules.binomial_from_uniform(
            streams.uniform(words[3]), owed, provider.keeping_probability(site)
        )
        keep = contact.draws[1]
        staff_kept = staff_reviewed = 0
        for person, count, chance in owned:
            kept = rules.binomial_from_uniform(keep[person.post], count, chance)
            person.take_account(kept, count, p.accountability_step)
            person.open_commitments = 0
            staff_kept += kept
            staff_reviewed += count
        site.record = rules.accountability_after_review(
            site.record, provider_kept, owed, p.accountability_step
        )
        site.open_commitments = 0
        counterpart = p.reciprocity * p.accountability_step
        for person in contact.present:
            person.take_account(provider_kept, owed, counterpart)
        site.record = rules.accountability_after_review(
            site.record, staff_kept, staff_reviewed, counterpart
        )
        region.routines = rules.routines_after_kept(
            region.routines,
            rules.routine_step_in_team(p.routine_step, p.reference_team, len(region.staff)),
            staff_kept + provider_kept,
        )
        ledger.kept_staff += staff_kept
        ledger.broken_staff += staff_reviewed - staff_kept
        ledger.kept_provider += provider_kept
        ledger.broken_provider += owed - provider_kept

    def _new_commitments(self, contact: Contact, u: float) -> None:
        region, p = contact.region, self.p
        agreed = rules.agreeing(contact.co_creation, p.assigned_share)
        number = rules.poisson_from_uniform(
            u, rules.expected_commitments(p.commitment_rate, agreed, contact.planning_effect)
        )
        owns = rules.provider_owns_probability(
            p.provider_commitment_share, contact.co_creation, agreed
        )
        first = streams.staff_entity(region.candidate, 0)
        for i in range(number):
            words = self.stream.words(streams.COMMITMENT, first + i, self.week, contact.series)
            if streams.uniform(words[0]) < owns:
                region.site.open_commitments += 1
                region.ledger.made_provider += 1
            else:
                place = int(streams.uniform(words[1]) * len(contact.present))
                contact.present[place].open_commitments += 1
                region.ledger.made_staff += 1

    def _trust_and_learning(self, contact: Contact) -> None:
        """Steps 5 and 6: those present judge and learn; the provider gets to know the region."""
        region = contact.region
        provider, site = contact.provider, region.site
        contact.tailoring = contact.co_creation * site.context
        for person in contact.present:
            person.judge(contact, provider, site)
            person.learn(contact, provider)
        provider.learn_region(site, contact)

    def _everybody(self) -> None:
        """Step 7: everybody first observes (a talk with a colleague); then everybody changes."""
        entities = np.concatenate([region.entities for region in self.regions])
        words = self.stream.block(streams.STAFF_WEEK, entities, self.week)
        draws = streams.uniform(np.stack(words[:3], axis=-1)).tolist()
        first = 0
        for region in self.regions:
            region.week_draws = draws[first : first + len(region.staff)]
            first += len(region.staff)
            for person in region.staff:
                meets, which, _ = region.week_draws[person.post]
                person.meet_peer(meets, which)
            region.mean_integration = mean_of(x.integration for x in region.staff)
        for region in self.regions:
            for person in region.staff:
                person.apply()
            region.routines = rules.routines_after_week(
                region.routines, region.mean_integration, self.p.routine_pace
            )
        for provider in self.providers:
            provider.live_week()

    def _turnover(self) -> None:
        """Step 8: staff leave, then providers; newcomers take over trust of the old team."""
        for region in self.regions:
            team_trust = mean_of(x.trust for x in region.staff)
            for person in self._leavers(region):
                person.leave(team_trust, region.means)
        for provider in self.providers:
            words = self.stream.words(streams.PROVIDER_WEEK, provider.number, self.week)
            told = any(
                s.kind == "provider_leaves" and s.week == self.week and s.provider == provider.name
                for s in self.scenario.shocks
            )
            if told or streams.uniform(words[0]) < self.p.provider_turnover:
                provider.leave(words[1])

    def _leavers(self, region: Region) -> list[RegionalStaff]:
        goes = [draws[2] < self.p.staff_turnover for draws in region.week_draws]
        for number, shock in enumerate(self.scenario.shocks):
            if (
                shock.kind == "staff_leave"
                and shock.week == self.week
                and shock.region in (None, region.name)
            ):
                keys = self.stream.block(streams.SHOCK_LEAVE, region.entities, self.week, number)[0]
                count = dosage.round_half_up(shock.share * len(region.staff))
                for post in np.argsort(keys, kind="stable")[:count].tolist():
                    goes[post] = True
        return [person for person in region.staff if goes[person.post]]

    # ------------------------------------------------------------------ what is reported

    def _write_record(self) -> None:
        row = self.record[self.week]
        for region in self.regions:
            levels = region.levels(self.p.integration_threshold)
            row[region.index] = [*(levels[name] for name in LEVELS), *_flows(region.ledger)]

    def _write_own(self) -> None:
        if self.outcomes:
            self.own_record[self.week] = measured(self, tuple(self.outcomes.values()))

    def outcome(self, name: str, region: str = "overall") -> float:
        """An outcome in the current week, of a region or "overall"; a flow is that of this week.

        Raises:
            InputError: there is no such outcome or region.
        """
        if name in self.outcomes:
            values = self.own_record[self.week, :, list(self.outcomes).index(name)]
            return float(values[self._place(region)])
        spec = outcomes.check_outcome(name)
        if self._weekly is None or self._weekly[0] != self.week:
            values = outcomes.in_week(
                self.record,
                self.week,
                self.scenario.costs,
                self.p.integration_threshold,
                outcomes.commitment_hours(self.p),
            )
            self._weekly = (self.week, values)
        return float(self._weekly[1][self._place(region), outcomes.INDEX[spec.name]])

    def _place(self, region: str) -> int:
        names = [*self.scenario.region_names, "overall"]
        if region not in names:
            raise InputError(
                "there is no such region", field="region", value=region,
                allowed=", ".join(names), suggestion=did_you_mean(region, names),
            )  # fmt: skip
        return names.index(region)

    def _make_collector(self, collect: bool, people: bool) -> Any:
        if not collect:
            return None

        states = ("trust", "accountability", "knowledge", "integration", "workload")
        return DataCollector(
            model_reporters={
                name: partial(_reported, name) for name in (*outcomes.NAMES, *self.outcomes)
            },
            agenttype_reporters={RegionalStaff: {name: attrgetter(name) for name in states}}
            if people
            else {},
        )


def resolve_parameters(
    scenario: Scenario, parameters: Parameters | Mapping[str, float] | None
) -> Parameters:
    """The full parameter set of a run.

    A full :class:`Parameters` replaces the scenario's; a mapping changes some of its values.

    Raises:
        InputError: an argument is neither, or a name or value cannot be used.
    """
    if parameters is None:
        return scenario.parameter_set()
    if isinstance(parameters, Parameters):
        return parameters
    if not isinstance(parameters, Mapping):
        raise InputError(
            f"{parameters!r} is not a parameter set", "parameters", parameters,
            "Parameters, or a mapping from names to values",
        )  # fmt: skip
    return scenario.parameter_set().replace(beyond_range=scenario.beyond_range, **parameters)


def _reported(name: str, model: CoCreationModel) -> float:
    """A model reporter that can be pickled."""
    return model.outcome(name)


# --- arguments -----------------------------------------------------------------------------------

_ARGUMENTS = (
    "scenario", "parameters", "seed", "rng", "replicate", "collect", "collect_people", "outcomes",
    "staff_class", "provider_class",
)  # fmt: skip


def _refuse(unknown: Mapping[str, Any]) -> None:
    """Refuse unknown arguments, with a suggestion for each.

    Raises:
        InputError: there are unknown arguments.
    """
    if unknown:
        raise InputError(
            Problem(
                "is not an argument of the model", name, value,
                f"parameters={{{name!r}: {value!r}}}" if name in NAMES else ", ".join(_ARGUMENTS),
                "" if name in NAMES else did_you_mean(name, _ARGUMENTS),
            )
            for name, value in unknown.items()
        )  # fmt: skip


def _scenario(given: Any) -> Scenario:
    if isinstance(given, Scenario):
        return given
    if isinstance(given, str | os.PathLike):
        return Scenario.load(find(given))
    said = "is required" if given is None else f"{given!r} is not a scenario"
    known = "a Scenario, the path of its file, or the name of a shipped one"
    raise InputError(said, "scenario", given, known)


def _subclass(field: str, given: Any, of: type) -> Any:
    if not (isinstance(given, type) and issubclass(given, of)):
        raise InputError(
            f"{given!r} is not a subclass of {of.__name__}", field, given,
            f"a class that derives from {of.__name__}",
        )  # fmt: skip
    return given


def _replicate(given: Any) -> int:
    last = MAX_REPLICATES - 1
    return check_whole("replicate", given, 0, last, f"0..{last}")


def simulate(scenario: Scenario, parameters: Parameters, seed: int, replicate: int) -> np.ndarray:
    """One run on the readable engine.

    Returns:
        The record, float64 (horizon + 1, regions, len(RECORD)).
    """
    return CoCreationModel(
        scenario, parameters=parameters, seed=seed, replicate=replicate, collect=False
    ).run()
