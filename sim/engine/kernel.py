"""The week of the model over arrays, to be compiled: the fast engine. Entry: :func:`run_chunk`.

It calls the same functions of :mod:`sim.core.rules` and takes the same draws from
:mod:`sim.core.streams` as the Mesa agents, in the same order, and so gives the same numbers, bit
for bit; :mod:`sim.model.week` is the definition and the oracle. Read that first: the steps here
carry the same names.

A region is one block of float64, field after field (:data:`FIELDS` x posts). Regions act on each
other only through their provider's diary, and that only where contacts come on demand; otherwise
each region runs through all its weeks before the next begins, so that its block stays in cache.

For the loops to run several people at a time, each is free of branches; what a choice inside needs
of ``p`` is read before the loop.

Every function is plain Python that :mod:`sim.engine.build` compiles; nothing here allocates or
raises: work space comes in. A call is given up to four records: ``plan`` and ``work``
(:data:`sim.engine.entries.PLAN`, :data:`~sim.engine.entries.WORK`), ``key`` (:class:`Key`), and
``p``, a parameter set.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.core import rules, streams, ties
from sim.core.outcomes import COLUMN, FIRST_FLOW, RECORD
from sim.core.streams import irwin_hall4, uniform
from sim.core.units import WEEKS_A_YEAR
from sim.engine.marks import inlined, pasted
from sim.engine.tables import SELECTION
from sim.model.dosage import (
    CANCELLED,
    DRAWN,
    IRREGULAR,
    NOT_KNOWN,
    ONSITE,
    PROVIDER_CANCELLED,
    REGION_CANCELLED,
    SCHEDULED,
)
from sim.model.population import BALANCE_ROUNDS, BALANCE_TOLERANCE

# ---- numbers of a region ----
SITE = (
    "leadership",
    "usual_demand",
    "routines",
    "context",
    "record",
    "usual_record",
    "owed",
    "effect",
    "mean_integration",
    "candidate",
)
(
    LEADERSHIP,
    USUAL_DEMAND,
    ROUTINES,
    CONTEXT,
    ACCOUNT,
    USUAL_ACCOUNT,
    OWED,
    EFFECT,
    MEAN_INTEGRATION,
    CANDIDATE,
) = range(len(SITE))
SITES = len(SITE)

COLUMNS = len(RECORD)
C_TRUST = COLUMN["trust"]
C_STAFF = COLUMN["staff_accountability"]
C_PROVIDER = COLUMN["provider_accountability"]
C_KNOWLEDGE = COLUMN["knowledge"]
C_KNOWLEDGE_SD = COLUMN["knowledge_sd"]
C_INTEGRATION = COLUMN["integration"]
C_SHARE = COLUMN["integrated_share"]
C_ROUTINES = COLUMN["routines"]
C_READINESS = COLUMN["readiness"]
C_CONTEXT = COLUMN["context"]
C_LOAD = COLUMN["load"]
C_WORKLOAD = COLUMN["workload"]
C_OPEN = COLUMN["open"]
C_OPEN_STAFF = COLUMN["open_staff"]
C_PLANNED = COLUMN["planned"]
C_HELD = COLUMN["held"]
C_FAILED_PROVIDER = COLUMN["failed_provider"]
C_FAILED_REGION = COLUMN["failed_region"]
C_ATTENDED = COLUMN["attended"]
C_INVITED = COLUMN["invited"]
C_PRESENT = COLUMN["present"]
C_MADE_STAFF = COLUMN["made_staff"]
C_MADE_PROVIDER = COLUMN["made_provider"]
C_KEPT_STAFF = COLUMN["kept_staff"]
C_KEPT_PROVIDER = COLUMN["kept_provider"]
C_BROKEN_STAFF = COLUMN["broken_staff"]
C_BROKEN_PROVIDER = COLUMN["broken_provider"]
C_LAPSED = COLUMN["lapsed"]
C_LEAVERS = COLUMN["leavers"]
C_PROVIDER_LEFT = COLUMN["provider_left"]
C_CONTACT_HOURS = COLUMN["contact_hours"]
C_PREPARATION = COLUMN["preparation_hours"]
C_TRAVEL = COLUMN["travel_hours"]
C_STAFF_HOURS = COLUMN["staff_hours"]
C_VISITS = COLUMN["visits"]
C_CO_CREATION = COLUMN["co_creation_sum"]

READIEST = SELECTION["readiest"]
RANDOM = SELECTION["random"]

NEVER = 1e300
"""Above every :func:`sim.core.rules.attendance_order`: of those who are not asked."""

philox = inlined(streams.philox)
FIXED_POINT = rules.FIXED_POINT
MASK = streams.MASK
POST_BITS = streams.POST_BITS
POSTS = streams.POSTS
STEP = streams.SERIES_STEP
PERSON_TRAITS = streams.PERSON_TRAITS
PERSON_STARTS = streams.PERSON_STARTS
REGION_START = streams.REGION_START
PROVIDER_START = streams.PROVIDER_START
STAFF_WEEK = streams.STAFF_WEEK
STAFF_CONTACT = streams.STAFF_CONTACT
REGION_CONTACT = streams.REGION_CONTACT
COMMITMENT = streams.COMMITMENT
PROVIDER_WEEK = streams.PROVIDER_WEEK
POST_SEAT = streams.POST_SEAT
SHOCK_LEAVE = streams.SHOCK_LEAVE
CALENDAR = streams.CALENDAR
SELECTING = streams.SELECTION


class Team(NamedTuple):
    """The people of a region: the fields of its block, a number for each post."""

    motivation: np.ndarray
    capacity: np.ndarray
    offset: np.ndarray
    first_trust: np.ndarray
    first_accountability: np.ndarray
    first_knowledge: np.ndarray
    trust: np.ndarray
    accountability: np.ndarray
    knowledge: np.ndarray
    integration: np.ndarray
    workload: np.ndarray
    open: np.ndarray
    seat: np.ndarray


FIELDS = Team._fields
STATES = len(FIELDS)


class Desk(NamedTuple):
    """The part of the work space that the people of one region need."""

    words: np.ndarray
    here: np.ndarray
    scratch: np.ndarray
    who: np.ndarray
    peers: np.ndarray


class Graph(NamedTuple):
    """A team network: the neighbours of post i are ``others[starts[i]:starts[i + 1]]``."""

    starts: np.ndarray
    others: np.ndarray


class Key(NamedTuple):
    """The replicate (last word of every counter of a run) and the seed (key of every draw)."""

    replicate: int
    k0: int
    k1: int


class Weights(NamedTuple):
    """The time of a contact for each function, over that of the reference mix; ``together`` is the
    factor of co-creation."""

    trust: float
    relationship: float
    learning: float
    planning: float
    review: float
    logistics: float
    together: float


class Counted(NamedTuple):
    """Hours of a region's week that were counted for each function so far, and saturate it."""

    trust: float
    relationship: float
    learning: float
    planning: float


# ---------------------------------------------------------------------------------------- draws
def fill_words(words, first, week, purpose, key):
    """Philox blocks of consecutive entities into ``words``: the first words of all, the second ...

    The masks change nothing; they tell the compiler that 32-bit multiplication is enough.
    """
    places = words.size // 4
    c1, c2, c3 = week & MASK, purpose & MASK, key.replicate & MASK
    key0, key1 = key.k0 & MASK, key.k1 & MASK
    for i in range(places):
        w0, w1, w2, w3 = philox((first + i) & MASK, c1, c2, c3, key0, key1)
        words[i] = w0
        words[places + i] = w1
        words[2 * places + i] = w2
        words[3 * places + i] = w3


def in_eights(people):
    """The next multiple of 8: draws of people are made in whole vectors."""
    return (people + 7) // 8 * 8


def one_block(entity, week, purpose, key):
    """One Philox block."""
    return philox(entity, week, purpose, key.replicate, key.k0, key.k1)


def sift(values, root, end):
    """Let the value at ``root`` of a heap sink to its position."""
    value = values[root]
    while True:
        child = 2 * root + 1
        if child >= end:
            break
        if child + 1 < end and values[child + 1] > values[child]:
            child += 1
        if values[child] <= value:
            break
        values[root] = values[child]
        root = child
    values[root] = value


def sort(values):
    """Sort whole numbers in place (heap sort)."""
    count = values.size
    for root in range(count // 2 - 1, -1, -1):
        sift(values, root, count)
    for end in range(count - 1, 0, -1):
        largest = values[0]
        values[0] = values[end]
        values[end] = largest
        sift(values, 0, end)


def drawn_order(order, first, week, purpose, key):
    """Write down posts in the order of their draws; of equal draws the first post comes first.

    Args:
        order: (posts,) int64 out: numbers of posts.
        first: entity number of the first post.
    """
    for i in range(order.size):
        word = one_block(first + i, week, purpose, key)[0]
        order[i] = (word << POST_BITS) + i
    sort(order)
    for i in range(order.size):
        order[i] = order[i] & (POSTS - 1)


def to_fixed(x: Any) -> Any:
    """:func:`sim.core.rules.to_fixed` for 0 <= x < 4096: floor(x 2**40) + 2**52 shows it in its
    bits.

    Vector units add floats; most cannot turn them into 64-bit whole numbers.
    """
    return np.float64(np.floor(x * FIXED_POINT) + 2.0**52).view(np.int64) & (2**52 - 1)


def mean_of(values):
    """Mean of a field by fixed-point sums."""
    total = 0
    for i in range(values.size):
        total += to_fixed(values[i])
    return rules.mean_from_fixed(total, values.size)


def mean_readiness(motivation, capacity, knowledge):
    """Mean readiness of a team."""
    total = 0
    for i in range(motivation.size):
        total += to_fixed(rules.readiness(motivation[i], capacity[i], knowledge[i]))
    return rules.mean_from_fixed(total, motivation.size)


@inlined
def word_of(words, number):
    """Word ``number`` (0..3) of all people."""
    places = words.size // 4
    return words[number * places : (number + 1) * places]


@inlined
def team_of(block):
    """The fields of a region's block (inlined: code without references cannot return slices)."""
    n = block.size // STATES
    return Team(
        block[:n], block[n : 2 * n], block[2 * n : 3 * n], block[3 * n : 4 * n],
        block[4 * n : 5 * n], block[5 * n : 6 * n], block[6 * n : 7 * n], block[7 * n : 8 * n],
        block[8 * n : 9 * n], block[9 * n : 10 * n], block[10 * n : 11 * n],
        block[11 * n : 12 * n], block[12 * n :],
    )  # fmt: skip


@inlined
def block_of(people, region):
    """A region's block among all people."""
    return people[STATES * region.first : STATES * (region.first + region.staff)]


# ------------------------------------------------------------------------------------ the start
def put_person(team, i, traits, starts, means, p, moved):
    """A person drawn from two blocks of words takes post ``i``: traits and starting points.

    ``means``: knowledge, its region effect, accountability, trust, region effect.
    """
    effect = means[4]
    motivation = rules.start_level(
        p.motivation_mean, effect, p.motivation_sd, irwin_hall4(traits[0])
    )
    capacity = rules.start_level(p.capacity_mean, effect, p.capacity_sd, irwin_hall4(traits[1]))
    knowledge = rules.start_knowledge(
        means[0] + moved,
        means[1],
        p.knowledge_sd,
        irwin_hall4(traits[2]),
        p.knowledge_floor,
        p.knowledge_ceiling,
    )
    accountability = rules.start_level(
        means[2], 0.0, p.staff_accountability_sd, irwin_hall4(starts[0])
    )
    trust = rules.start_trust(
        means[3],
        p.trust_readiness_link,
        rules.readiness(motivation, capacity, knowledge),
        p.readiness_pivot,
        p.trust_sd,
        irwin_hall4(starts[1]),
    )
    team.motivation[i] = motivation
    team.capacity[i] = capacity
    team.offset[i] = p.workload_offset_sd * irwin_hall4(traits[3])
    team.first_trust[i] = trust
    team.first_accountability[i] = accountability
    team.first_knowledge[i] = knowledge
    team.accountability[i] = accountability
    team.knowledge[i] = knowledge
    return trust


def draw_people(team, candidate, means, p, key):
    """Draw the starting people of a candidate region."""
    for i in range(team.trust.size):
        entity = (candidate << POST_BITS) + i
        traits = one_block(entity, 0, PERSON_TRAITS, key)
        starts = one_block(entity, 0, PERSON_STARTS, key)
        team.trust[i] = put_person(team, i, traits, starts, means, p, 0.0)


def default_means(means, p, effect):
    """Write down the means of a candidate region of which the scenario says nothing."""
    means[0] = p.knowledge_mean
    means[1] = effect
    means[2] = p.staff_accountability_mean
    means[3] = p.first_trust
    means[4] = effect


def choose_candidates(plan, work, p, key):
    """Choose the candidates that become regions; they stay in candidate order."""
    chosen, scores = work.chosen, work.scores
    count = chosen.size
    if plan.selection != READIEST and plan.selection != RANDOM:
        for i in range(count):
            chosen[i] = i
        return
    for c in range(plan.candidates):
        if plan.selection == RANDOM:
            scores[c] = -float(one_block(c, 0, SELECTING, key)[0])
        else:
            scores[c] = seen_readiness(c, work.team, work.means[0], p, key)
    place = 0
    for c in range(plan.candidates):
        better = 0
        for other in range(plan.candidates):
            if scores[other] > scores[c] or (scores[other] == scores[c] and other < c):
                better += 1
        if better < count:
            chosen[place] = c
            place += 1


def seen_readiness(candidate, block, means, p, key):
    """The readiness of a candidate region that the selecting centre sees, with its error.

    The region's people are drawn into ``block``.
    """
    words = one_block(candidate, 0, REGION_START, key)
    default_means(means, p, p.region_effect_sd * irwin_hall4(words[0]))
    team = team_of(block)
    draw_people(team, candidate, means, p, key)
    mean = mean_readiness(team.motivation, team.capacity, team.knowledge)
    return rules.selection_score(mean, p.selection_noise_sd, irwin_hall4(words[3]))


def starting_balance(team, leadership, demand, p):
    """Integration of each person and routines of the region at their own balance."""
    people = team.motivation.size
    uptake = p.uptake_ratio * p.integration_loss
    for i in range(people):
        team.workload[i] = rules.workload(demand, team.offset[i], 0.0, 0, 0.0, 0.0, 0.0)
    routines = 0.0
    for _ in range(BALANCE_ROUNDS):
        for i in range(people):
            growth = rules.integration_growth(
                uptake,
                team.knowledge[i],
                team.motivation[i],
                team.trust[i],
                team.accountability[i],
                team.workload[i],
                leadership,
                routines,
            )
            decline = rules.integration_decline(
                p.integration_loss, routines, team.accountability[i]
            )
            team.integration[i] = rules.balanced_integration(
                growth, decline, p.staff_turnover, routines, team.knowledge[i]
            )
        mean = mean_of(team.integration)
        change = mean - routines
        routines = mean
        if abs(change) < BALANCE_TOLERANCE:
            break
    for i in range(people):
        team.integration[i] = rules.clip01(team.integration[i])
    return rules.clip01(routines)


def take_seats(team, order, candidate, key):
    """Write down the rank of each post in the order of the core team."""
    drawn_order(order, candidate << POST_BITS, 0, POST_SEAT, key)
    for rank in range(order.size):
        team.seat[order[rank]] = rank


def start_region(region, team, order, site, means, p, key):
    """Put a chosen region into its state of week 0."""
    candidate = int(site[CANDIDATE])
    words = one_block(candidate, 0, REGION_START, key)
    effect = p.region_effect_sd * irwin_hall4(words[0])
    default_means(means, p, effect)
    if not np.isnan(region.knowledge):
        means[0] = region.knowledge
        means[1] = 0.0
    if not np.isnan(region.staff_accountability):
        means[2] = region.staff_accountability
    if not np.isnan(region.trust):
        means[3] = region.trust
    draw_people(team, candidate, means, p, key)
    leadership = region.leadership
    if np.isnan(leadership):
        leadership = rules.start_level(
            p.leadership_mean, effect, p.leadership_sd, irwin_hall4(words[1])
        )
    demand = region.demand
    if np.isnan(demand):
        demand = rules.start_level(p.demand_mean, 0.0, p.demand_sd, irwin_hall4(words[2]))
    record = region.provider_accountability
    if np.isnan(record):
        record = p.provider_accountability_mean
    site[LEADERSHIP] = leadership
    site[USUAL_DEMAND] = demand
    site[ROUTINES] = starting_balance(team, leadership, demand, p)
    site[CONTEXT] = p.context_start
    site[ACCOUNT] = record
    site[USUAL_ACCOUNT] = record
    site[OWED] = 0.0
    site[EFFECT] = effect
    site[MEAN_INTEGRATION] = mean_of(team.integration)
    for i in range(team.open.size):
        team.open[i] = 0.0
    take_seats(team, order, candidate, key)


# ----------------------------------------------------------------------------- step 1: calendar
def is_on(contact, site, block, week, p, key):
    """Whether a contact without a date falls in this week."""
    u = uniform(one_block(int(site[CANDIDATE]), week, CALENDAR + STEP * contact.series, key)[0])
    if contact.timing == IRREGULAR:
        return u < rules.irregular_probability(contact.every_weeks)
    team = team_of(block)
    return u < rules.on_demand_probability(
        contact.every_weeks,
        mean_readiness(team.motivation, team.capacity, team.knowledge),
        mean_of(team.trust),
        site[LEADERSHIP],
        p.on_demand_slope,
        p.on_demand_pivot,
    )


def calendar_and_load(week, plan, work, p, key):
    """Step 1 for all regions: contacts that are due, the providers' diaries, shortened hours.

    Fills this week of ``work``: ``due`` (region, slot: row of the contacts), ``due_count``,
    ``hours`` (region, slot), and the providers' ``loads`` and ``overloads``.
    """
    regions, contacts, sites = plan.regions, plan.contacts, work.sites
    due, due_count, hours = work.due[week], work.due_count[week], work.hours[week]
    before, loads, overloads = work.loads[week - 1], work.loads[week], work.overloads[week]
    for r in range(regions.size):
        n = 0
        first = plan.contact_start[week, r]
        block = block_of(work.people, regions[r])
        for c in range(first, first + plan.contact_count[week, r]):
            contact = contacts[c]
            if contact.timing == SCHEDULED or is_on(contact, sites[r], block, week, p, key):
                due[r, n] = c
                hours[r, n] = contact.hours
                n += 1
        due_count[r] = n
    for provider in range(plan.provider_hours.size):
        loads[provider] = 0.0
    for r in range(regions.size):
        for slot in range(due_count[r]):
            contact = contacts[due[r, slot]]
            travel = p.travel_hours if contact.mode == ONSITE else 0.0
            spent = contact.share * rules.provider_hours(
                hours[r, slot], p.preparation_per_hour, p.preparation_per_contact, travel
            )
            loads[contact.provider] = loads[contact.provider] + spent
    for provider in range(plan.provider_hours.size):
        loads[provider] = rules.running_load(
            before[provider], loads[provider], plan.provider_hours[provider], p.load_memory
        )
        overloads[provider] = rules.overload(loads[provider])
    for r in range(regions.size):
        for slot in range(due_count[r]):
            o = overloads[contacts[due[r, slot]].provider]
            hours[r, slot] = rules.shortened_hours(hours[r, slot], o)


@pasted
def feel_workload(team, demand, delivery, contacts, due, count, hours, scratch, p):
    """Step 1 for a region's staff."""
    people = team.workload.size
    if count == 0:
        for i in range(people):
            team.workload[i] = rules.workload(
                demand,
                team.offset[i],
                0.0,
                team.open[i],
                p.commitment_workload,
                delivery,
                team.integration[i],
            )
        return
    for i in range(people):
        scratch[i] = 0.0
    for slot in range(count):
        contact = contacts[due[slot]]
        load = rules.contact_workload(hours[slot], contact.co_creation, p.working_week)
        seats = float(contact.seats)
        for i in range(people):
            scratch[i] = scratch[i] + (load if team.seat[i] < seats else 0.0)
    for i in range(people):
        team.workload[i] = rules.workload(
            demand,
            team.offset[i],
            scratch[i],
            team.open[i],
            p.commitment_workload,
            delivery,
            team.integration[i],
        )


# ------------------------------------------------------------------------ steps 2-6: one contact
@pasted
def review(team, site, row, who, came, keep, provider_word, o, people, p):
    """Step 4: open commitments are reviewed, owners first, then counterparts."""
    provider_owed = int(site[OWED])
    provider_kept = rules.binomial_from_uniform(
        uniform(provider_word),
        provider_owed,
        rules.provider_keeping_probability(
            p.keeping, p.keeping_slope, site[ACCOUNT], p.record_pivot, p.overload_keeping, o
        ),
    )
    staff_kept = 0
    reviewed = 0
    for place in range(came):
        i = who[place]
        count = int(team.open[i])
        if count > 0:
            chance = rules.staff_keeping_probability(
                p.keeping, p.keeping_slope, team.accountability[i], team.workload[i]
            )
            kept = rules.binomial_from_uniform(uniform(keep[i]), count, chance)
            team.accountability[i] = rules.accountability_after_review(
                team.accountability[i], kept, count, p.accountability_step
            )
            team.open[i] = 0.0
            staff_kept += kept
            reviewed += count
    site[ACCOUNT] = rules.accountability_after_review(
        site[ACCOUNT], provider_kept, provider_owed, p.accountability_step
    )
    site[OWED] = 0.0
    counterpart = p.reciprocity * p.accountability_step
    if provider_owed > 0:
        for place in range(came):
            i = who[place]
            team.accountability[i] = rules.accountability_after_review(
                team.accountability[i], provider_kept, provider_owed, counterpart
            )
    site[ACCOUNT] = rules.accountability_after_review(
        site[ACCOUNT], staff_kept, reviewed, counterpart
    )
    site[ROUTINES] = rules.routines_after_kept(
        site[ROUTINES],
        rules.routine_step_in_team(p.routine_step, p.reference_team, people),
        staff_kept + provider_kept,
    )
    row[C_KEPT_STAFF] += staff_kept
    row[C_BROKEN_STAFF] += reviewed - staff_kept
    row[C_KEPT_PROVIDER] += provider_kept
    row[C_BROKEN_PROVIDER] += provider_owed - provider_kept


def new_commitments(team, site, row, who, came, u, mean, owns, week, series, key):
    """Step 4: new commitments are agreed."""
    first = int(site[CANDIDATE]) << POST_BITS
    for number in range(rules.poisson_from_uniform(u, mean)):
        words = one_block(first + number, week, COMMITMENT + STEP * series, key)
        if uniform(words[0]) < owns:
            site[OWED] += 1.0
            row[C_MADE_PROVIDER] += 1.0
        else:
            team.open[who[int(uniform(words[1]) * came)]] += 1.0
            row[C_MADE_STAFF] += 1.0


def gets_round(candidate, week, series, review, key):
    """Whether a contact with less than the usual time for review gets round to reviewing."""
    word = one_block(candidate, week, CALENDAR + STEP * series, key)[1]
    return uniform(word) < rules.review_probability(review)


@pasted
def judge_and_learn(
    team, here, words, richness, effect, learning, tailoring, skill, d, p, kappa, site
):
    """Steps 5 and 6 for those present (``here`` is 1.0 for them)."""
    impressions = word_of(words, 2)
    context = site[CONTEXT]
    record = site[ACCOUNT]
    noise = p.evidence_noise
    ability_weight = p.ability_weight
    skill_share = p.skill_share
    power_weight = p.power_sharing
    step = p.trust_step
    asymmetry = p.trust_asymmetry
    rate = p.learning_rate
    skill_floor = p.learning_skill_floor
    tailoring_floor = p.learning_tailoring_floor
    trust_floor = p.learning_trust_floor
    for i in range(team.trust.size):
        quality = rules.experienced_quality(
            d,
            ability_weight,
            skill_share,
            skill,
            context,
            power_weight,
            kappa,
            record,
            noise * irwin_hall4(impressions[i]),
        )
        trust = rules.trust_after_contact(team.trust[i], quality, step, richness, effect, asymmetry)
        knowledge = rules.knowledge_after_contact(
            team.knowledge[i],
            rate,
            richness,
            learning,
            d,
            skill,
            skill_floor,
            tailoring,
            tailoring_floor,
            trust,
            trust_floor,
        )
        team.trust[i] = trust if here[i] > 0.0 else team.trust[i]
        team.knowledge[i] = knowledge if here[i] > 0.0 else team.knowledge[i]


def first_to_come(team, seats, present, here, order, words, leadership, p):
    """Step 3 where it is known how many come: 1.0 for those who would have come most easily."""
    for i in range(team.trust.size):
        log_odds = rules.attendance_log_odds(
            p.attendance_base, p.attendance_slope, team.motivation[i], team.trust[i], leadership,
            team.workload[i], p.attendance_pivot,
        )  # fmt: skip
        place = rules.attendance_order(uniform(words[i]), log_odds)
        here[i] = place if team.seat[i] < seats else NEVER
        order[i] = here[i]
    sort(order)
    last = order[present - 1] if present > 0 else -1.0
    equal = present
    for i in range(team.trust.size):
        equal -= 1 if here[i] < last else 0
    for i in range(team.trust.size):  # of equal draws the first come
        comes = here[i] < last
        if here[i] == last and equal > 0:
            comes = True
            equal -= 1
        here[i] = 1.0 if comes else 0.0


@pasted
def attend(team, seats, here, words, leadership, p):
    """Step 3: who comes, 1.0 or 0.0 a post; returns how many."""
    came = 0
    for i in range(team.trust.size):
        log_odds = rules.attendance_log_odds(
            p.attendance_base, p.attendance_slope, team.motivation[i], team.trust[i], leadership,
            team.workload[i], p.attendance_pivot,
        )  # fmt: skip
        # Without a branch: `and` would be one.
        comes = (uniform(words[i]) < rules.sigmoid(log_odds)) & (team.seat[i] < seats)
        here[i] = 1.0 if comes else 0.0
        came += 1 if comes else 0
    return came


@inlined
def weights_of(contact, p):
    """The time of a contact for trust, relationship, learning, planning, review and logistics,
    each over that of the reference mix, and the factor of co-creation."""
    if np.isnan(contact.relationship):
        return Weights(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    relationship = rules.function_weight(contact.relationship, p.relationship_reference)
    return Weights(
        rules.trust_weight(
            contact.logistics, p.logistics_reference, relationship, p.relationship_weight
        ),
        relationship,
        rules.function_weight(contact.learning, p.learning_reference),
        rules.function_weight(contact.planning, p.planning_reference),
        rules.function_weight(contact.review, p.review_reference),
        rules.function_weight(contact.logistics, p.logistics_reference),
        rules.time_together(relationship, p.relationship_weight),
    )


@pasted
def hold_contact(week, contact, h, counted, region, team, site, row, skill, o, desk, p, key):
    """Steps 2 to 6 of one contact; returns the hours counted this week so far, use by use."""
    words, here, who = desk.words, desk.here, desk.who
    candidate = int(site[CANDIDATE])
    draws = one_block(candidate, week, REGION_CONTACT + STEP * contact.series, key)
    weight = weights_of(contact, p)
    useful = rules.counted_hours(h, p.setup_hours)
    # Together, so that a processor can work on several exponentials at a time.
    effect = rules.contact_effect(counted.trust, useful * weight.trust, p.hour_scale)
    planning = rules.contact_effect(counted.planning, useful * weight.planning, p.hour_scale)
    relating = rules.contact_effect(
        counted.relationship, useful * weight.relationship, p.hour_scale
    )
    row[C_PREPARATION] += contact.share * (p.preparation_per_contact + p.preparation_per_hour * h)
    by_provider = contact.status == PROVIDER_CANCELLED
    by_region = contact.status == REGION_CANCELLED or contact.status == CANCELLED
    if contact.status == DRAWN:
        by_provider = uniform(draws[0]) < rules.provider_fails_probability(
            p.provider_cancels, p.provider_cancels_slope, o
        )
        by_region = (not by_provider) and uniform(draws[1]) < rules.region_fails_probability(
            p.region_cancels,
            p.region_cancels_slope,
            mean_of(team.workload),
            p.workload_pivot,
            p.logistics_slope,
            weight.logistics,
        )
    if by_provider:
        row[C_FAILED_PROVIDER] += 1.0
        site[ACCOUNT] = rules.record_after_broken_promise(
            site[ACCOUNT], p.accountability_step, effect
        )
        return counted
    if by_region:
        row[C_FAILED_REGION] += 1.0
        return counted
    row[C_HELD] += 1.0
    row[C_CONTACT_HOURS] += contact.share * h
    if contact.mode == ONSITE:
        row[C_VISITS] += contact.share
        row[C_TRAVEL] += contact.share * p.travel_hours
    if contact.timing == SCHEDULED:
        site[ACCOUNT] = rules.record_after_kept_promise(
            site[ACCOUNT], p.accountability_step, p.kept_date_weight, effect
        )
    after = Counted(
        counted.trust + useful * weight.trust,
        counted.relationship + useful * weight.relationship,
        counted.learning + useful * weight.learning,
        counted.planning + useful * weight.planning,
    )
    people = region.staff
    purpose = STAFF_CONTACT + STEP * contact.series
    fill_words(words, candidate << POST_BITS, week, purpose, key)
    came = contact.present
    if came == NOT_KNOWN:
        came = attend(team, contact.seats, here, words, site[LEADERSHIP], p)
    else:
        first_to_come(team, contact.seats, came, here, desk.scratch, words, site[LEADERSHIP], p)
    row[C_INVITED] += contact.seats
    row[C_PRESENT] += came
    row[C_STAFF_HOURS] += h * came
    if came == 0:
        return after
    total = 0
    place = 0
    for i in range(people):
        if here[i] > 0.0:
            total += to_fixed(team.trust[i])
            who[place] = i
            place += 1
    c = rules.realised_co_creation(
        contact.co_creation, skill, rules.mean_from_fixed(total, came), weight.together
    )
    learning_hours = rules.counted_hours(
        rules.learning_hours(h, p.negotiating_share, c), p.setup_hours
    )
    learning = rules.contact_effect(
        counted.learning, learning_hours * weight.learning, p.hour_scale
    )
    row[C_ATTENDED] += 1.0
    row[C_CO_CREATION] += c
    if weight.review >= 1.0 or gets_round(candidate, week, contact.series, weight.review, key):
        review(team, site, row, who, came, word_of(words, 1), draws[3], o, people, p)
    agreed = rules.agreeing(c, p.assigned_share)
    new_commitments(
        team, site, row, who, came, uniform(draws[2]),
        rules.expected_commitments(p.commitment_rate, agreed, planning),
        rules.provider_owns_probability(p.provider_commitment_share, c, agreed),
        week, contact.series, key,
    )  # fmt: skip
    richness = p.richness_onsite
    if contact.mode == 1:
        richness = p.richness_video
    elif contact.mode == 2:
        richness = p.richness_phone
    elif contact.mode == 3:
        richness = p.richness_email
    richness = richness * rules.group_attention(
        p.group_dilution, came + contact.others, p.reference_team
    )
    judge_and_learn(
        team, here, words, richness, effect, learning, c * site[CONTEXT], skill,
        rules.dilution(p.site_dilution, contact.sites), p, contact.co_creation, site,
    )  # fmt: skip
    site[CONTEXT] = rules.context_after_contact(site[CONTEXT], p.context_step, relating, c)
    return after


# ---------------------------------------------------------------------- step 7: every week, all
@pasted
def choose_peers(peers, words, complete, graph):
    """Which colleague each person would talk to: oneself, where there is nobody else."""
    people = peers.size
    which = word_of(words, 1)
    if people < 2:
        peers[0] = 0
    elif complete:
        for i in range(people):
            place = int(uniform(which[i]) * (people - 1))
            peers[i] = place + 1 if place >= i else place
    else:
        for i in range(people):
            first = graph.starts[i]
            degree = graph.starts[i + 1] - first
            j = graph.others[first + int(uniform(which[i]) * degree)]
            peers[i] = j if degree > 0 else i


@pasted
def meet_peers(team, peers, words, heard, gained, p):
    """Step 7, first half: the knowledge that each person hears from one colleague; people without
    colleagues hear nothing."""
    people = team.knowledge.size
    # Values from scattered addresses are fetched first; the arithmetic then runs straight through.
    for i in range(people):
        gained[i] = team.knowledge[peers[i]]
    for i in range(people):
        heard[i] = team.first_knowledge[peers[i]]
    for i in range(people):
        gain = rules.knowledge_from_peer(
            team.knowledge[i], team.first_knowledge[i], gained[i], heard[i], p.peer_transfer
        )
        heard[i] = gain if uniform(words[i]) < p.peer_meeting else 0.0


@pasted
def apply(team, heard, site, trend, p):
    """Step 7, second half: people use what they know, forget, fade, and take in what they heard."""
    uptake = p.uptake_ratio * p.integration_loss
    for i in range(team.trust.size):
        growth = rules.integration_growth(
            uptake,
            team.knowledge[i],
            team.motivation[i],
            team.trust[i],
            team.accountability[i],
            team.workload[i],
            site[LEADERSHIP],
            site[ROUTINES],
        )
        decline = rules.integration_decline(
            p.integration_loss, site[ROUTINES], team.accountability[i]
        )
        forgotten = rules.forgotten_knowledge(
            team.knowledge[i],
            team.first_knowledge[i],
            team.integration[i],
            p.forgetting,
            p.use_protection,
        )
        team.knowledge[i] = team.knowledge[i] - forgotten + heard[i]
        team.integration[i] = rules.integration_after_week(team.integration[i], growth, decline)
        team.trust[i] = rules.faded(team.trust[i], team.first_trust[i], p.trust_fade)
        team.accountability[i] = rules.faded(
            team.accountability[i], team.first_accountability[i], p.accountability_fade
        )
    if trend != 0.0:
        for i in range(team.trust.size):
            team.knowledge[i] = rules.drifted(team.knowledge[i], trend)
            team.first_knowledge[i] = rules.drifted(team.first_knowledge[i], trend)


# --------------------------------------------------------------------------- step 8: turnover
def leave(team, i, team_trust, site, means, row, week, trend, p, key):
    """A staff member leaves; a newcomer takes the post."""
    entity = (int(site[CANDIDATE]) << POST_BITS) + i
    traits = one_block(entity, week, PERSON_TRAITS, key)
    starts = one_block(entity, week, PERSON_STARTS, key)
    row[C_LAPSED] += team.open[i]
    row[C_LEAVERS] += 1.0
    team.open[i] = 0.0
    own = put_person(team, i, traits, starts, means, p, trend * week / WEEKS_A_YEAR)
    team.trust[i] = rules.newcomer_trust(own, team_trust, p.newcomer_trust_share)
    team.integration[i] = rules.newcomer_integration(site[ROUTINES], team.knowledge[i])


@pasted
def staff_turnover(r, team, words, here, plan, gone, site, means, row, week, p, key):
    """Step 8 for staff: by chance and by shocks; newcomers hear from the team as it was."""
    people = team.trust.size
    fates = word_of(words, 2)
    going = 0
    for i in range(people):
        goes = uniform(fates[i]) < p.staff_turnover
        here[i] = 1.0 if goes else 0.0
        going += 1 if goes else 0
    for s in range(plan.leaves.size):
        shock = plan.leaves[s]
        if shock.week == week and (shock.region == r or shock.region < 0):
            for i in range(people):
                if gone[s, i] > 0:
                    here[i] = 1.0
                    going += 1
    if going == 0:
        return
    team_trust = mean_of(team.trust)
    for i in range(people):
        if here[i] > 0.0:
            leave(team, i, team_trust, site, means, row, week, plan.trend, p, key)


def provider_leaves(team, site, row, p):
    """Step 8: the provider hands over; a successor keeps some of the standing."""
    site[CONTEXT] = p.handover_share * site[CONTEXT]
    site[ACCOUNT] = rules.after_handover(site[ACCOUNT], site[USUAL_ACCOUNT], p.handover_share)
    row[C_LAPSED] += site[OWED]
    row[C_PROVIDER_LEFT] += 1.0
    site[OWED] = 0.0
    for i in range(team.trust.size):
        team.trust[i] = rules.after_handover(team.trust[i], team.first_trust[i], p.handover_share)


# ------------------------------------------------------------------------------- the record
@pasted
def write_levels(team, site, row, load, ready, p):
    """Write the level columns of a record from the present states."""
    people = team.knowledge.size
    for i in range(people):
        ready[i] = rules.readiness(team.motivation[i], team.capacity[i], team.knowledge[i])
    # Whole numbers may be added in any order, so that one loop can keep all sums.
    trusts = accounts = levels = squares = readies = loads = there = promises = 0
    for i in range(people):
        trusts += to_fixed(team.trust[i])
        accounts += to_fixed(team.accountability[i])
        levels += to_fixed(team.knowledge[i])
        squares += to_fixed(team.knowledge[i] * team.knowledge[i])
        readies += to_fixed(ready[i])
        loads += to_fixed(team.workload[i])
        there += 1 if team.integration[i] >= p.integration_threshold else 0
        promises += int(team.open[i])
    mean = rules.mean_from_fixed(levels, people)
    spread = rules.mean_from_fixed(squares, people) - mean * mean
    row[C_TRUST] = rules.mean_from_fixed(trusts, people)
    row[C_STAFF] = rules.mean_from_fixed(accounts, people)
    row[C_PROVIDER] = site[ACCOUNT]
    row[C_KNOWLEDGE] = mean
    row[C_KNOWLEDGE_SD] = np.sqrt(spread) if spread > 0.0 else 0.0
    row[C_INTEGRATION] = site[MEAN_INTEGRATION]
    row[C_SHARE] = there / people
    row[C_ROUTINES] = site[ROUTINES]
    row[C_READINESS] = rules.mean_from_fixed(readies, people)
    row[C_CONTEXT] = site[CONTEXT]
    row[C_LOAD] = load
    row[C_WORKLOAD] = rules.mean_from_fixed(loads, people)
    row[C_OPEN] = site[OWED] + promises
    row[C_OPEN_STAFF] = promises


# --------------------------------------------------------------------------- one region's week
@pasted
def region_week(week, r, team, desk, graph, row, plan, work, p, key):
    """Steps 1 (staff) to 8 of one region in one week; flows are added to ``row``."""
    region, site = plan.regions[r], work.sites[r]
    due, count, hours = work.due[week, r], work.due_count[week, r], work.hours[week, r]
    skills, overloads = work.skills[week], work.overloads[week]
    words, here, scratch = desk.words, desk.here, desk.scratch
    row[C_PLANNED] += count
    feel_workload(
        team, site[USUAL_DEMAND] + plan.demand[week, r], plan.delivery[week], plan.contacts, due,
        count, hours, scratch, p,
    )  # fmt: skip
    counted = Counted(0.0, 0.0, 0.0, 0.0)
    for slot in range(count):
        contact = plan.contacts[due[slot]]
        counted = hold_contact(
            week, contact, hours[slot], counted, region, team, site, row,
            skills[contact.provider], overloads[contact.provider], desk, p, key,
        )  # fmt: skip
    fill_words(words, int(site[CANDIDATE]) << POST_BITS, week, STAFF_WEEK, key)
    choose_peers(desk.peers, words, region.network == ties.COMPLETE, graph)
    meet_peers(team, desk.peers, words, scratch, here, p)
    apply(team, scratch, site, plan.trend, p)
    site[ROUTINES] = rules.routines_after_week(
        site[ROUTINES], site[MEAN_INTEGRATION], p.routine_pace
    )
    site[CONTEXT] = rules.decayed(site[CONTEXT], p.context_fade)
    site[ACCOUNT] = rules.faded(site[ACCOUNT], site[USUAL_ACCOUNT], p.accountability_fade)
    gone = work.gone[:, region.first : region.first + region.staff]
    staff_turnover(r, team, words, here, plan, gone, site, work.means[r], row, week, p, key)
    # The next week's routines follow this mean: nothing before its step 7 changes integration.
    site[MEAN_INTEGRATION] = mean_of(team.integration)
    if work.leavers[week, region.provider] > 0:
        provider_leaves(team, site, row, p)


# ------------------------------------------------------------------------------------- one run
def provider_fates(skills, leavers, departs, p, key):
    """Each provider's skill in every week, and in which weeks one leaves (week, provider)."""
    weeks, providers = skills.shape
    for number in range(providers):
        word = one_block(number, 0, PROVIDER_START, key)[0]
        skill = rules.start_level(
            p.provider_skill_mean, 0.0, p.provider_skill_sd, irwin_hall4(word)
        )
        for week in range(weeks):
            skills[week, number] = skill
            leavers[week, number] = 0
            if week == 0:
                continue
            words = one_block(number, week, PROVIDER_WEEK, key)
            if departs[week, number] > 0 or uniform(words[0]) < p.provider_turnover:
                leavers[week, number] = 1
                skill = rules.start_level(
                    p.provider_skill_mean, 0.0, p.provider_skill_sd, irwin_hall4(words[1])
                )


def team_network(region, candidate, plan, work, key):
    """Make a region's network in its part of ``work.graphs``, unless an earlier run has left it.

    The part holds the number of its graph (0: none), where the rows begin, and the rows.
    """
    if region.network == ties.COMPLETE:
        return
    number = key.replicate % region.graphs
    holds = 1 + (candidate * 64 + number if ties.is_drawn(region.network) else 0)
    place = work.graphs[region.place :]
    if place[0] == holds:
        return
    place[0] = holds
    rows = 2 + region.staff
    ties.make_network(
        region.network, region.rewiring, candidate, number, key.k0, key.k1,
        plan.given_ties[region.given : region.given + 2 * region.ties],
        place[1:rows], place[rows : rows + 2 * region.ties], work.tie_scratch,
    )  # fmt: skip


def draw_shock_leavers(gone, order, leaves, r, candidate, key):
    """Choose the posts of a region that each shock empties: those with the lowest draws."""
    people = order.size
    for s in range(leaves.size):
        shock = leaves[s]
        if shock.region != r and shock.region >= 0:
            continue
        purpose = SHOCK_LEAVE + STEP * shock.number
        drawn_order(order, candidate << POST_BITS, shock.week, purpose, key)
        for rank in range(int(np.floor(shock.share * people + 0.5))):
            gone[s, order[rank]] = 1


def start_run(plan, work, p, key):
    """Week 0 of one run: people, regions, providers, and the departures that do not depend on
    states."""
    work.gone[:] = 0
    work.loads[0] = 0.0
    choose_candidates(plan, work, p, key)
    for r in range(plan.regions.size):
        region = plan.regions[r]
        candidate = work.chosen[r]
        order = work.who[: region.staff]
        work.sites[r, CANDIDATE] = candidate
        start_region(
            region, team_of(block_of(work.people, region)), order, work.sites[r], work.means[r],
            p, key,
        )  # fmt: skip
        gone = work.gone[:, region.first : region.first + region.staff]
        draw_shock_leavers(gone, order, plan.leaves, r, candidate, key)
        team_network(region, candidate, plan, work, key)
    provider_fates(work.skills, work.leavers, plan.provider_departs, p, key)


@inlined
def take_snapshot(shot, block, site, first, r, people):
    """Copy every state of a region into a snapshot."""
    for i in range(block.size):
        shot[STATES * first + i] = block[i]
    for i in range(SITES):
        shot[people + r * SITES + i] = site[i]


def run_weeks(snapshots, record, report, plan, work, p, key):
    """All weeks of one run, from where :func:`start_run` left it.

    Args:
        snapshots: (0, 0) or (weeks, STATES * posts + regions * SITES): every state in every week.
        record: (rows, regions, COLUMNS), out: one row a reported week. A record of every
            week holds the flows of each week, one of fewer weeks those of all weeks up to each.
        report: (horizon + 1,) int64, the row of the record that a week belongs to; a row's levels
            are those of its last week.
    """
    horizon = plan.horizon
    every_week = report[horizon] == horizon
    flows = work.flows
    coupled = plan.coupled > 0
    # Uncoupled: region after region, each through all its weeks. Coupled: week after week.
    for turn in range(horizon + 1 if coupled else 1):
        last = turn if coupled else horizon
        for week in range(max(turn, 1), last + 1):
            calendar_and_load(week, plan, work, p, key)
        for r in range(plan.regions.size):
            region = plan.regions[r]
            site = work.sites[r]
            block = block_of(work.people, region)
            team = team_of(block)
            n = region.staff
            desk = Desk(
                work.words[: 4 * in_eights(n)], work.here[:n], work.scratch[:n], work.who[:n],
                work.peers[:n],
            )  # fmt: skip
            place = work.graphs[region.place :]
            graph = Graph(place[1:], place[2 + n :])
            for week in range(turn, last + 1):
                row = record[report[week], r]
                into = row if every_week or week == 0 else flows
                into[FIRST_FLOW:] = 0.0
                if week > 0:
                    region_week(week, r, team, desk, graph, into, plan, work, p, key)
                    if not every_week:
                        before = record[report[week - 1], r]
                        for column in range(FIRST_FLOW, COLUMNS):  # week by week: the bits of a sum
                            row[column] = before[column] + flows[column]
                if week == horizon or report[week + 1] != report[week]:
                    load = work.loads[week, region.provider]
                    write_levels(team, site, row, load, desk.scratch, p)
                if snapshots.size > 0:
                    take_snapshot(snapshots[week], block, site, region.first, r, work.people.size)


def run_chunk(sets, which, replicates, records, snapshots, report, plan, work):
    """Some runs, one after another.

    Args:
        sets: (sets,) records of PARAMETER_TYPE.
        which, replicates: (runs,) int64: the set and the replicate of each run.
        records: (runs, rows, regions, COLUMNS), out.
        snapshots: (0, 0), or for a single run (weeks, STATES * posts + regions * SITES) out.
        report: see :func:`run_weeks`.
        plan, work: :data:`sim.engine.entries.PLAN` and :data:`~sim.engine.entries.WORK`.
    """
    for i in range(which.size):
        p = sets[which[i]]
        key = Key(replicates[i], plan.seed_low, plan.seed_high)
        start_run(plan, work, p, key)
        run_weeks(snapshots, records[i], report, plan, work, p, key)
