"""A mean-field twin of the model: one mean person a region, and expectations in place of luck.

It calls the same rules as the agents, on means: a contact that is held with probability q moves the
means by q times what it would move them; a core team is a share of the mean person; nobody differs
from anybody, so nobody has gained more than a colleague and there is nothing to pass on; a newcomer
is a small pull of the means towards those of an unselected candidate. What is left of the agents is
their starting means: the twin of a replicate starts from the people of that replicate, so that the
difference between the two is what individuals, chance and networks do, and not who was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim import dosage, population, rules
from sim.parameters import Parameters
from sim.population import RegionStart
from sim.scenario import Scenario
from sim.streams import Streams

OUTCOMES = ("knowledge", "trust", "mutual_accountability", "integration", "integrated_share")


@dataclass
class _Provider:
    skill: float
    hours: float
    dilution: float
    load: float = 0.0


@dataclass
class _Region:
    """The mean person of a region, and its provider's side."""

    index: int
    leadership: float
    demand: float
    staff: int
    core: float
    provider: _Provider
    newcomer: dict[str, float]
    motivation: float
    offset: float
    first_trust: float
    first_accountability: float
    first_knowledge: float
    trust: float
    accountability: float
    knowledge: float
    integration: float
    routines: float
    record: float
    usual_record: float
    context: float
    own_open: float = 0.0
    provider_open: float = 0.0
    workload: float = 0.0
    counted: float = 0.0


def twin(scenario: Scenario, p: Parameters, seed: int, replicate: int, week: int) -> np.ndarray:
    """Outcomes of the mean-field twin of one replicate at a week, means over regions.

    Args:
        scenario: with scheduled contacts only, and no shocks.
        week: 0..horizon.

    Returns:
        (5,) float64 in the order of :data:`OUTCOMES`. ``integrated_share`` of a mean person is 0 or
        1 a region.

    Raises:
        ValueError: the scenario has luck or shocks that the twin does not know.
    """
    if scenario.shocks or any(one.timing != "scheduled" for one in scenario.dosage):
        raise ValueError("the twin knows scheduled contacts and no shocks")
    regions = _start(scenario, p, seed, replicate)
    planned = dosage.by_week_and_region(dosage.planned_contacts(scenario, p))
    for t in range(1, week + 1):
        due = {r.index: planned.get((t, r.index), ()) for r in regions}
        _diaries(regions, due, p)
        for region in regions:
            _week(region, due[region.index], p)
    found = [
        (
            r.knowledge, r.trust, float(np.sqrt(max(0.0, r.accountability * r.record))),
            r.integration, float(r.integration >= p.integration_threshold),
        )
        for r in regions
    ]  # fmt: skip
    return np.mean(found, axis=0)


def _start(scenario: Scenario, p: Parameters, seed: int, replicate: int) -> list[_Region]:
    starts, skills = population.draw_population(scenario, p, Streams(seed, replicate))
    sites = [0] * len(skills)
    for start in starts:
        sites[start.provider] += 1
    providers = [
        _Provider(skill, hours, rules.dilution(p.site_dilution, max(1, count)))
        for skill, hours, count in zip(skills, scenario.providers.hours_each, sites, strict=True)
    ]
    return [_mean_person(start, providers[start.provider], p) for start in starts]


def _mean_person(start: RegionStart, provider: _Provider, p: Parameters) -> _Region:
    people = start.people

    def mean(name: str) -> float:
        return float(np.mean([getattr(person, name) for person in people]))

    trust, accountability, knowledge = mean("trust"), mean("accountability"), mean("knowledge")
    return _Region(
        index=start.index,
        leadership=start.leadership,
        demand=start.demand,
        staff=len(people),
        core=start.core / len(people),
        provider=provider,
        newcomer=_newcomer(start, p),
        motivation=mean("motivation"),
        offset=mean("offset"),
        first_trust=trust,
        first_accountability=accountability,
        first_knowledge=knowledge,
        trust=trust,
        accountability=accountability,
        knowledge=knowledge,
        integration=float(np.mean(start.integration)),
        routines=start.routines,
        record=start.provider_accountability,
        usual_record=start.provider_accountability,
        context=p.context_start,
    )


def _newcomer(start: RegionStart, p: Parameters) -> dict[str, float]:
    """The mean candidate for a post of the region: everybody's own noise at 0."""
    means, effect = start.means, start.means.region_effect
    motivation = rules.start_level(p.motivation_mean, effect, 0.0, 0.0)
    capacity = rules.start_level(p.capacity_mean, effect, 0.0, 0.0)
    knowledge = rules.start_level(means.knowledge, means.knowledge_effect, 0.0, 0.0)
    ready = rules.readiness(motivation, capacity, knowledge)
    return {
        "motivation": motivation,
        "offset": 0.0,
        "first_knowledge": knowledge,
        "first_accountability": means.accountability,
        "first_trust": rules.start_trust(
            means.trust, p.trust_readiness_link, ready, p.readiness_pivot, 0.0, 0.0
        ),
    }


def _diaries(regions: list[_Region], due: Mapping[int, object], p: Parameters) -> None:
    """Each provider's running load."""
    for provider in {id(r.provider): r.provider for r in regions}.values():
        hours = 0.0
        for region in regions:
            if region.provider is provider:
                for c in due[region.index]:  # type: ignore[attr-defined]
                    travel = p.travel_hours if c.mode == dosage.ONSITE else 0.0
                    hours += rules.provider_hours(
                        c.hours, p.preparation_per_hour, p.preparation_per_contact, travel
                    )
        provider.load = rules.running_load(provider.load, hours, provider.hours, p.load_memory)


def _week(region: _Region, contacts: object, p: Parameters) -> None:
    over = rules.overload(region.provider.load)
    region.counted = 0.0
    hours = [rules.shortened_hours(c.hours, over) for c in contacts]  # type: ignore[attr-defined]
    asked = sum(
        region.core * c.invited * rules.contact_workload(h, c.co_creation, p.working_week)
        for h, c in zip(hours, contacts, strict=True)  # type: ignore[call-overload]
    )
    # The rule rounds nothing; the mean person's commitments are a mean, not a whole number.
    region.workload = rules.clip01(
        region.demand + region.offset + asked
        + p.commitment_workload * region.own_open / region.staff
    )  # fmt: skip
    for h, contact in zip(hours, contacts, strict=True):  # type: ignore[call-overload]
        _contact(region, h, contact, over, p)
    _everybody(region, p)
    _turnover(region, p)


def _contact(r: _Region, hours: float, contact: object, over: float, p: Parameters) -> None:
    """Steps 2 to 6, each change times the chance that it happens."""
    c = contact
    provider = r.provider
    fails = rules.provider_fails_probability(p.provider_cancels, p.provider_cancels_slope, over)
    cancels = rules.region_fails_probability(
        p.region_cancels, p.region_cancels_slope, r.workload, p.workload_pivot
    )
    held = (1.0 - fails) * (1.0 - cancels)
    counted = rules.counted_hours(hours, p.setup_hours)
    effect = rules.contact_effect(r.counted, counted, p.hour_scale)
    kept = rules.record_after_kept_promise(r.record, p.accountability_step, p.reciprocity, effect)
    broken = rules.record_after_broken_promise(r.record, p.accountability_step)
    r.record += held * (kept - r.record) + fails * (broken - r.record)
    come = rules.attendance_probability(
        p.attendance_base, p.attendance_slope, r.motivation, r.trust, r.leadership, r.workload,
        p.attendance_pivot,
    )  # fmt: skip
    planned: float = c.co_creation  # type: ignore[attr-defined]
    shared = rules.realised_co_creation(planned, provider.skill, r.trust)
    learning = rules.counted_hours(
        rules.learning_hours(hours, p.negotiating_share, shared), p.setup_hours
    )
    learned = rules.contact_effect(r.counted, learning, p.hour_scale)
    r.counted += held * counted
    present = held * come * r.core * c.invited  # type: ignore[attr-defined]
    _commitments(r, held, come, present, effect, shared, over, p)
    mode: int = c.mode  # type: ignore[attr-defined]
    richness = p[f"richness_{dosage.MODES[mode]}"]
    quality = rules.experienced_quality(
        provider.dilution, p.ability_weight, p.skill_share, provider.skill, r.context,
        p.power_sharing, planned, r.record, 0.0,
    )  # fmt: skip
    trust = rules.trust_after_contact(
        r.trust, quality, p.trust_step, richness, effect, p.trust_asymmetry
    )
    r.trust += present * (trust - r.trust)
    knowledge = rules.knowledge_after_contact(
        r.knowledge, p.learning_rate, richness, learned, provider.dilution, provider.skill,
        p.learning_skill_floor, shared * r.context, p.learning_tailoring_floor, r.trust,
        p.learning_trust_floor,
    )  # fmt: skip
    r.knowledge += present * (knowledge - r.knowledge)
    context = rules.context_after_contact(r.context, p.context_step, effect, shared)
    r.context += held * (context - r.context)


def _commitments(
    r: _Region, held: float, come: float, present: float, effect: float, shared: float,
    over: float, p: Parameters,
) -> None:  # fmt: skip
    """Step 4 with real numbers of commitments."""
    own, other = p.accountability_step, p.reciprocity * p.accountability_step
    by_staff = rules.staff_keeping_probability(
        p.keeping, p.keeping_slope, r.accountability, r.workload
    )
    by_provider = rules.provider_keeping_probability(
        p.keeping, p.keeping_slope, r.record, p.record_pivot, over
    )
    each = r.own_open / max(1.0, r.staff * r.core)
    reviewed = come * r.own_open
    record, accountability = r.record, r.accountability
    accountability += (1.0 - (1.0 - own) ** each) * (by_staff - accountability)
    accountability += (1.0 - (1.0 - other) ** r.provider_open) * (by_provider - accountability)
    record += (1.0 - (1.0 - own) ** r.provider_open) * (by_provider - record)
    record += (1.0 - (1.0 - other) ** reviewed) * (by_staff - record)
    kept = by_staff * reviewed + by_provider * r.provider_open
    routines = 1.0 - (1.0 - r.routines) * (1.0 - p.routine_step) ** kept
    made = rules.expected_commitments(p.commitment_rate, shared, effect)
    r.accountability += present * (accountability - r.accountability)
    r.record += held * (record - r.record)
    r.routines += held * (routines - r.routines)
    r.own_open += held * ((1.0 - p.provider_commitment_share) * made - reviewed)
    r.provider_open += held * (p.provider_commitment_share * made - r.provider_open)


def _everybody(r: _Region, p: Parameters) -> None:
    """Step 7; no peers, for the mean person has gained what everybody has."""
    growth = rules.integration_growth(
        p.uptake_ratio * p.integration_loss, r.knowledge, r.motivation, r.trust, r.accountability,
        r.workload, r.leadership, r.routines,
    )  # fmt: skip
    decline = rules.integration_decline(p.integration_loss, r.routines, r.accountability)
    forgotten = rules.forgotten_knowledge(
        r.knowledge, r.first_knowledge, r.integration, p.forgetting, p.use_protection
    )
    before = r.integration
    r.knowledge -= forgotten
    r.integration = rules.integration_after_week(r.integration, growth, decline)
    r.trust = rules.faded(r.trust, r.first_trust, p.trust_fade)
    r.accountability = rules.faded(r.accountability, r.first_accountability, p.accountability_fade)
    r.record = rules.faded(r.record, r.usual_record, p.accountability_fade)
    r.context = rules.decayed(r.context, p.context_fade)
    r.routines = rules.routines_after_week(r.routines, before, p.routine_pace)


def _turnover(r: _Region, p: Parameters) -> None:
    """Step 8: a share of the mean person is replaced; a provider leaves with some probability."""
    h, new = p.staff_turnover, r.newcomer
    joined = rules.newcomer_trust(new["first_trust"], r.trust, p.newcomer_trust_share)
    applied = rules.newcomer_integration(r.routines, new["first_knowledge"])
    r.trust += h * (joined - r.trust)
    r.integration += h * (applied - r.integration)
    r.knowledge += h * (new["first_knowledge"] - r.knowledge)
    r.accountability += h * (new["first_accountability"] - r.accountability)
    r.own_open -= h * r.own_open
    for name, value in new.items():
        setattr(r, name, getattr(r, name) + h * (value - getattr(r, name)))
    gone = p.provider_turnover
    r.context -= gone * (1.0 - p.handover_share) * r.context
    for name, start in (("record", r.usual_record), ("trust", r.first_trust)):
        value = getattr(r, name)
        setattr(r, name, value - gone * (1.0 - p.handover_share) * (value - start))
    r.provider_open -= gone * r.provider_open
    provider = r.provider
    provider.skill += gone * (p.provider_skill_mean - provider.skill)
