"""The people, providers and regions of week 0, and later newcomers: :func:`draw_population`,
:func:`draw_person`.

The random streams of a person depend on the post, so that a scenario with other dosage, other
providers or more regions has the same people. :func:`starting_balance` solves for the balance of
integration and routines at which an unselected sample without TA does not move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core import rules, streams
from sim.core.parameters import Parameters
from sim.core.streams import Streams, irwin_hall4
from sim.model.dosage import share_of

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

BALANCE_TOLERANCE = 1e-9
BALANCE_ROUNDS = 500


@dataclass(slots=True)
class Person:
    """Traits and starting points of one person (all 0-1; ``offset`` is added to workload)."""

    motivation: float
    capacity: float
    knowledge: float
    offset: float
    accountability: float
    trust: float


@dataclass(frozen=True, slots=True)
class RegionMeans:
    """The means around which people of a region are drawn, overrides included.

    A mean that a scenario gives for a region is final: no random deviation between regions is added
    to it.
    """

    knowledge: float
    knowledge_effect: float
    accountability: float
    trust: float
    region_effect: float


@dataclass(slots=True)
class RegionStart:
    """One chosen region in week 0. Arrays are float64 (posts,)."""

    index: int
    candidate: int
    name: str
    provider: int
    leadership: float
    demand: float
    provider_accountability: float
    means: RegionMeans
    people: list[Person]
    seat: np.ndarray
    """Rank of each post in the order of the core team, int64."""
    core: int
    """Posts with a rank below this are the core team."""
    integration: np.ndarray
    routines: float

    @property
    def entities(self) -> np.ndarray:
        """Numbers of the posts in the random streams, int64 (posts,)."""
        first = streams.staff_entity(self.candidate, 0)
        return np.arange(first, first + len(self.people), dtype=np.int64)


def draw_person(
    traits: tuple[int, int, int, int],
    starts: tuple[int, int, int, int],
    means: RegionMeans,
    p: Parameters,
    moved: float = 0.0,
) -> Person:
    """Draw one person from two blocks of random words (PERSON_TRAITS, PERSON_STARTS).

    ``moved`` is what a background trend has added to the mean of knowledge by that week.
    """
    effect = means.region_effect
    motivation = rules.start_level(
        p.motivation_mean, effect, p.motivation_sd, irwin_hall4(traits[0])
    )
    capacity = rules.start_level(p.capacity_mean, effect, p.capacity_sd, irwin_hall4(traits[1]))
    knowledge = rules.start_knowledge(
        means.knowledge + moved,
        means.knowledge_effect,
        p.knowledge_sd,
        irwin_hall4(traits[2]),
        p.knowledge_floor,
        p.knowledge_ceiling,
    )
    return Person(
        motivation=motivation,
        capacity=capacity,
        knowledge=knowledge,
        offset=p.workload_offset_sd * irwin_hall4(traits[3]),
        accountability=rules.start_level(
            means.accountability, 0.0, p.staff_accountability_sd, irwin_hall4(starts[0])
        ),
        trust=rules.start_trust(
            means.trust,
            p.trust_readiness_link,
            rules.readiness(motivation, capacity, knowledge),
            p.readiness_pivot,
            p.trust_sd,
            irwin_hall4(starts[1]),
        ),
    )


def _draw_people(
    stream: Streams, candidate: int, staff: int, means: RegionMeans, p: Parameters
) -> list[Person]:
    first = streams.staff_entity(candidate, 0)
    entities = np.arange(first, first + staff, dtype=np.int64)
    traits = np.stack(stream.block(streams.PERSON_TRAITS, entities), axis=-1).tolist()
    starts = np.stack(stream.block(streams.PERSON_STARTS, entities), axis=-1).tolist()
    return [draw_person(t, s, means, p) for t, s in zip(traits, starts, strict=True)]


def default_means(p: Parameters, region_effect: float) -> RegionMeans:
    """The means of a candidate region without overrides."""
    return RegionMeans(
        knowledge=p.knowledge_mean,
        knowledge_effect=region_effect,
        accountability=p.staff_accountability_mean,
        trust=p.first_trust,
        region_effect=region_effect,
    )


def mean_readiness(people: list[Person]) -> float:
    """Mean readiness of some people, from an exact sum of integers."""
    total = sum(
        rules.to_fixed(rules.readiness(x.motivation, x.capacity, x.knowledge)) for x in people
    )
    return rules.mean_from_fixed(total, len(people))


def choose_candidates(scenario: Scenario, p: Parameters, stream: Streams) -> list[int]:
    """The candidates that become regions, in candidate order.

    ``readiest`` takes the highest scores, computed from the scenario's default staff and means;
    ``random`` takes the lowest draws. Of equal candidates the lower number comes first.
    """
    plan = scenario.regions
    candidates = range(plan.candidates)
    if plan.selection == "all" or plan.count == plan.candidates:
        return list(candidates)
    if plan.selection == "random":
        keys = [stream.words(streams.SELECTION, c)[0] for c in candidates]
        chosen = sorted(candidates, key=lambda c: (keys[c], c))[: plan.count]
        return sorted(chosen)
    scores = []
    for c in candidates:
        words = stream.words(streams.REGION_START, c)
        means = default_means(p, p.region_effect_sd * irwin_hall4(words[0]))
        people = _draw_people(stream, c, plan.staff, means, p)
        scores.append(
            rules.selection_score(
                mean_readiness(people), p.selection_noise_sd, irwin_hall4(words[3])
            )
        )
    return sorted(sorted(candidates, key=lambda c: (-scores[c], c))[: plan.count])


def _region_means(scenario: Scenario, name: str, p: Parameters, effect: float) -> RegionMeans:
    start = override.start if (override := scenario.regions.overrides.get(name)) else None
    default = default_means(p, effect)
    if start is None:
        return default
    own = start.knowledge is not None
    return RegionMeans(
        knowledge=start.knowledge if start.knowledge is not None else default.knowledge,
        knowledge_effect=0.0 if own else effect,
        accountability=(
            default.accountability
            if start.staff_accountability is None
            else start.staff_accountability
        ),
        trust=default.trust if start.trust is None else start.trust,
        region_effect=effect,
    )


def starting_balance(
    people: list[Person], leadership: float, demand: float, p: Parameters
) -> tuple[np.ndarray, float]:
    """Integration of each person and routines of the region at which there is no mean change.

    This is the smallest solution of u_i = balanced_integration(..., R) with R = mean u, reached by
    iteration from R = 0.

    Returns:
        Integration, float64 (people,), and routines, both 0-1.
    """
    uptake = p.uptake_ratio * p.integration_loss
    loads = [rules.workload(demand, x.offset, 0.0, 0, 0.0, 0.0, 0.0) for x in people]
    routines = 0.0
    levels: list[float] = []
    for _ in range(BALANCE_ROUNDS):
        levels = [
            rules.balanced_integration(
                rules.integration_growth(
                    uptake,
                    x.knowledge,
                    x.motivation,
                    x.trust,
                    x.accountability,
                    w,
                    leadership,
                    routines,
                ),
                rules.integration_decline(p.integration_loss, routines, x.accountability),
                p.staff_turnover,
                routines,
                x.knowledge,
            )
            for x, w in zip(people, loads, strict=True)
        ]
        mean = rules.mean_from_fixed(sum(rules.to_fixed(u) for u in levels), len(levels))
        change = mean - routines
        routines = mean
        if abs(change) < BALANCE_TOLERANCE:
            break
    return np.array([rules.clip01(u) for u in levels]), rules.clip01(routines)


def seat_order(stream: Streams, entities: np.ndarray) -> np.ndarray:
    """Rank of each post in the core team's order, int64 (posts,); ties: lower post first."""
    keys = stream.block(streams.POST_SEAT, entities)[0]
    order = np.argsort(keys, kind="stable")
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[order] = np.arange(len(keys))
    return ranks


def _start_region(
    scenario: Scenario, p: Parameters, stream: Streams, index: int, candidate: int, provider: int
) -> RegionStart:
    name = scenario.region_names[index]
    override = scenario.regions.overrides.get(name)
    start = override.start if override else None
    words = stream.words(streams.REGION_START, candidate)
    effect = p.region_effect_sd * irwin_hall4(words[0])
    means = _region_means(scenario, name, p, effect)
    staff = scenario.staff_counts[index]
    people = _draw_people(stream, candidate, staff, means, p)
    if override and override.leadership is not None:
        leadership = override.leadership
    else:
        leadership = rules.start_level(
            p.leadership_mean, effect, p.leadership_sd, irwin_hall4(words[1])
        )
    if start and start.demand is not None:
        demand = start.demand
    else:
        demand = rules.start_level(p.demand_mean, 0.0, p.demand_sd, irwin_hall4(words[2]))
    record = (
        start.provider_accountability
        if start and start.provider_accountability is not None
        else p.provider_accountability_mean
    )
    integration, routines = starting_balance(people, leadership, demand, p)
    region = RegionStart(
        index=index,
        candidate=candidate,
        name=name,
        provider=provider,
        leadership=leadership,
        demand=demand,
        provider_accountability=record,
        means=means,
        people=people,
        seat=np.zeros(0, dtype=np.int64),
        core=share_of(scenario.regions.core_team, staff),
        integration=integration,
        routines=routines,
    )
    region.seat = seat_order(stream, region.entities)
    return region


def draw_skill(word: int, p: Parameters) -> float:
    """A provider's skill from one random word."""
    return rules.start_level(p.provider_skill_mean, 0.0, p.provider_skill_sd, irwin_hall4(word))


def draw_population(
    scenario: Scenario, p: Parameters, stream: Streams
) -> tuple[list[RegionStart], list[float]]:
    """The chosen regions in candidate order, and each provider's skill."""
    assigned = scenario.providers.assigned(scenario.region_names)
    regions = [
        _start_region(scenario, p, stream, index, candidate, assigned[index])
        for index, candidate in enumerate(choose_candidates(scenario, p, stream))
    ]
    skills = [
        draw_skill(stream.words(streams.PROVIDER_START, number)[0], p)
        for number in range(scenario.providers.count)
    ]
    return regions, skills
