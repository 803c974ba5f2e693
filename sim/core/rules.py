"""The rules: one pure scalar function per equation of the model.

No state, no randomness, no import: draws and parameter values come in as arguments, so that the
same functions serve the readable Mesa agents and can be compiled unchanged for large ensembles.
To keep results identical, bit for bit, between engines and machines, only ``+ - * /``, comparisons
and the square root are used (each is exactly rounded everywhere); :func:`exponential` and
:func:`cube_root` are built from them.

All states and shares lie in [0, 1]; hours are hours, weeks are weeks; a *logit* is a log-odds.
Sources stand with each number in :mod:`sim.core.parameters`; where an equation follows a published
idea, it is named here, and otherwise its form is an assumption.
"""

from __future__ import annotations

import math

from sim.core.units import WEEKS_A_YEAR

# --------------------------------------------------------------------------------------------------
# Arithmetic shared by every engine


def exponential(x: float) -> float:
    """exp(x) with x clipped at +-40, from + and * alone.

    x is scaled to |x|/128 <= 0.3125, where the Taylor polynomial of degree 12 is exact to 5e-17,
    and squared back seven times; the relative error stays below 5e-14, the absolute error of
    :func:`sigmoid` below 1e-14.
    """
    x = -40.0 if x < -40.0 else (40.0 if x > 40.0 else x)
    y = x * 0.0078125
    e = 1.0 + y * (1.0 / 12.0)
    e = 1.0 + y * e * (1.0 / 11.0)
    e = 1.0 + y * e * (1.0 / 10.0)
    e = 1.0 + y * e * (1.0 / 9.0)
    e = 1.0 + y * e * (1.0 / 8.0)
    e = 1.0 + y * e * (1.0 / 7.0)
    e = 1.0 + y * e * (1.0 / 6.0)
    e = 1.0 + y * e * (1.0 / 5.0)
    e = 1.0 + y * e * (1.0 / 4.0)
    e = 1.0 + y * e * (1.0 / 3.0)
    e = 1.0 + y * e * 0.5
    e = 1.0 + y * e
    e = e * e
    e = e * e
    e = e * e
    e = e * e
    e = e * e
    e = e * e
    return e * e


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)): the probability with log-odds x."""
    return 1.0 / (1.0 + exponential(-x))


def clip01(x: float) -> float:
    """x limited to [0, 1]."""
    return 0.0 if x < 0.0 else (1.0 if x > 1.0 else x)


def clip_between(x: float, low: float, high: float) -> float:
    """x limited to [low, high]."""
    return low if x < low else (high if x > high else x)


def power(base: float, exponent: int) -> float:
    """base ** exponent for a whole exponent >= 0, by multiplication."""
    result = 1.0
    for _ in range(exponent):
        result = result * base
    return result


def cube_root(x: float) -> float:
    """The cube root of x in [0, 1]: scaled by powers of 8 into [1/8, 1], then Halley's iteration.

    The starting line is within 7 %; three steps (cubic convergence) reach the last bits. Below
    2**-144 the root (under 2**-48) counts as 0.
    """
    if x < 2.0**-144:
        return 0.0
    scale = 1.0
    if x < 2.0**-96:
        x = x * 2.0**96
        scale = scale * 2.0**-32
    if x < 2.0**-48:
        x = x * 2.0**48
        scale = scale * 2.0**-16
    if x < 2.0**-24:
        x = x * 2.0**24
        scale = scale * 2.0**-8
    if x < 2.0**-12:
        x = x * 2.0**12
        scale = scale * 2.0**-4
    if x < 2.0**-6:
        x = x * 2.0**6
        scale = scale * 2.0**-2
    if x < 2.0**-3:
        x = x * 2.0**3
        scale = scale * 0.5
    y = 0.46 + 0.56 * x
    cube = y * y * y
    y = y * (cube + 2.0 * x) / (2.0 * cube + x)
    cube = y * y * y
    y = y * (cube + 2.0 * x) / (2.0 * cube + x)
    cube = y * y * y
    y = y * (cube + 2.0 * x) / (2.0 * cube + x)
    return y * scale


def binomial_from_uniform(u: float, trials: int, probability: float) -> int:
    """How many of ``trials`` succeed, from one uniform, by inversion of the distribution.

    The rarer outcome is counted, so that the recurrence never divides by zero.
    """
    rare = 1.0 - probability if probability > 0.5 else probability
    odds = rare / (1.0 - rare)
    chance = power(1.0 - rare, trials)
    below = chance
    count = 0
    while u >= below and count < trials:
        chance = chance * odds * (trials - count) / (count + 1)
        below = below + chance
        count += 1
    return trials - count if probability > 0.5 else count


def poisson_from_uniform(u: float, mean: float) -> int:
    """A Poisson number with the given mean (at most 39), from one uniform, by inversion."""
    chance = exponential(-mean)
    below = chance
    count = 0
    while u >= below and count < 400:
        count += 1
        chance = chance * mean / count
        below = below + chance
    return count


# --------------------------------------------------------------------------------------------------
# Fixed-point means: sums of integers do not depend on the order of the people


FIXED_POINT = 1099511627776.0  # 2**40


def to_fixed(x: float) -> int:
    """x in units of 2**-40, cut to a whole number, so that sums are exact in any order.

    0 <= x < 4096 (compiled, it is read from the bits of a float).
    """
    return int(x * 1099511627776.0)


def mean_from_fixed(total: int, count: int) -> float:
    """The mean of ``count`` fixed-point numbers; a mean over nobody is 0."""
    if count == 0:
        return 0.0
    return total / (1099511627776.0 * count)


# --------------------------------------------------------------------------------------------------
# People at the start


def readiness(motivation: float, capacity: float, knowledge: float) -> float:
    """R = (m g k)^(1/3): motivation x general x specific capacity; near zero in one blocks all.

    Source: Scaccia et al. 2015, doi 10.1002/jcop.21698 (R = MC2); the geometric mean is an
    assumption.
    """
    return cube_root(motivation * capacity * knowledge)


def start_level(mean: float, region_effect: float, sd: float, z: float) -> float:
    """A starting level or trait: mean + what the region shares + own noise, limited to [0, 1]."""
    return clip01(mean + region_effect + sd * z)


def start_knowledge(
    mean: float, region_effect: float, sd: float, z: float, floor: float, ceiling: float
) -> float:
    """Starting knowledge: as :func:`start_level`, kept off 0 and 1."""
    return clip_between(mean + region_effect + sd * z, floor, ceiling)


def start_trust(
    mean: float, link: float, person_readiness: float, pivot: float, sd: float, z: float
) -> float:
    """tau0 = tau_mu + link (readiness - 1/2) + noise: ready people start more trusting."""
    return clip01(mean + link * (person_readiness - pivot) + sd * z)


def selection_score(mean_readiness: float, sd: float, z: float) -> float:
    """What the selecting centre sees of a candidate region: its readiness with an error."""
    return mean_readiness + sd * z


def balanced_integration(
    growth: float, loss: float, turnover: float, routines: float, knowledge: float
) -> float:
    """The integration at which a person stays on average, newcomers (R k) included.

    u = (growth + h R k) / (growth + loss + h); 0/0 counts as 0.
    """
    below = growth + loss + turnover
    if below <= 0.0:
        return 0.0
    return (growth + turnover * routines * knowledge) / below


# --------------------------------------------------------------------------------------------------
# Step 1: calendar and load


def calendar_shift(region: int, every_weeks: float, stagger: float) -> int:
    """Weeks by which region ``region`` (from 0) starts later: floor(n frac(phi r))."""
    turn = stagger * region
    return math.floor(every_weeks * (turn - math.floor(turn)))


def is_due(week: int, first_week: int, last_week: int, every_weeks: float, shift: int) -> bool:
    """Whether a scheduled contact falls in this week: every n weeks (n real) from the first.

    With z = week - first - shift: z >= 0 and floor(z/n) > floor((z-1)/n).
    """
    if week < first_week or week > last_week:
        return False
    z = week - first_week - shift
    if z < 0:
        return False
    return math.floor(z / every_weeks) > math.floor((z - 1) / every_weeks)


def irregular_probability(every_weeks: float) -> float:
    """Chance a week of an irregular contact that comes every n weeks on average."""
    return 1.0 if every_weeks <= 1.0 else 1.0 / every_weeks


def on_demand_probability(
    every_weeks: float,
    mean_readiness: float,
    mean_trust: float,
    leadership: float,
    slope: float,
    pivot: float,
) -> float:
    """Chance a week that a region asks: exp(od (mean of readiness, tau, L - .52)) / n."""
    wish = exponential(slope * ((mean_readiness + mean_trust + leadership) / 3.0 - pivot))
    chance = wish / every_weeks
    return 1.0 if chance > 1.0 else chance


def series_progress(week: int, first_week: int, last_week: int) -> float:
    """q: how far a series has run, 0 in its first week, 1 in its last."""
    span = last_week - first_week
    return (week - first_week) / (1.0 if span < 1 else float(span))


def planned_hours(hours: float, taper: float, progress: float) -> float:
    """Hours of a contact: from ``hours`` in the first week to ``hours * taper`` in the last."""
    return hours * (1.0 + (taper - 1.0) * progress)


def planned_co_creation(start: float, end: float, progress: float) -> float:
    """kappa: the planned degree of co-creation, moving evenly from start to end."""
    return start + (end - start) * progress


def provider_hours(hours: float, per_hour: float, per_contact: float, travel: float) -> float:
    """A provider's hours for a contact: contact and preparation, and travel where on site."""
    return hours * (1.0 + per_hour) + per_contact + travel


def running_load(load: float, due_hours: float, weekly_hours: float, memory: float) -> float:
    """l: exponential mean of due hours over hours available (0 counts as 1e-9)."""
    available = 1e-9 if weekly_hours < 1e-9 else weekly_hours
    return load + memory * (due_hours / available - load)


def overload(load: float) -> float:
    """o = max(0, 1 - 1/l): the share of the due work that does not fit into the diary."""
    return 1.0 - 1.0 / load if load > 1.0 else 0.0


def shortened_hours(hours: float, provider_overload: float) -> float:
    """A full diary shortens contacts: h (1 - o)."""
    return hours * (1.0 - provider_overload)


def dilution(per_site: float, sites: int) -> float:
    """D = 1 / (1 + delta (sites - 1)): quality of one contact falls with the regions served.

    Direction: re-analysis of Baskerville et al. 2012; the form is an assumption.
    """
    return 1.0 / (1.0 + per_site * (sites - 1))


def contact_workload(hours: float, co_creation: float, working_week: float) -> float:
    """Workload of a due contact for those asked to it: h (1 + kappa) / 40."""
    return hours * (1.0 + co_creation) / working_week


def workload(
    demand: float,
    offset: float,
    contacts: float,
    open_commitments: int,
    per_commitment: float,
    delivery_share: float,
    integration: float,
) -> float:
    """w = clip(demand + own offset + TA contacts + open commitments + putting it to work)."""
    return clip01(
        demand
        + offset
        + contacts
        + per_commitment * open_commitments
        + delivery_share * integration
    )


# --------------------------------------------------------------------------------------------------
# Step 2: holding a contact


def provider_fails_probability(base: float, slope: float, provider_overload: float) -> float:
    """Chance that the provider fails a due contact: sigma(cp0 + cp1 o)."""
    return sigmoid(base + slope * provider_overload)


def region_fails_probability(
    base: float,
    slope: float,
    mean_workload: float,
    pivot: float,
    logistics_slope: float,
    logistics: float,
) -> float:
    """Chance that the region cancels: sigma(cr0 + cr1 (mean w - 1/2) + cl (1 - phi_logistics))."""
    return sigmoid(base + slope * (mean_workload - pivot) + logistics_slope * (1.0 - logistics))


def record_after_broken_promise(record: float, step: float, effect: float) -> float:
    """A contact that the provider failed: aP -= eta_a F aP, with F of the hours that were due."""
    return record - step * effect * record


def record_after_kept_promise(record: float, step: float, share: float, effect: float) -> float:
    """A contact held on its date: aP += d_w eta_a F (1 - aP)."""
    return record + share * step * effect * (1.0 - record)


# --------------------------------------------------------------------------------------------------
# What the time of a contact goes to. Without `functions` every weight is 1


def function_weight(share: float, reference: float) -> float:
    """phi = share / reference: time for a function of a contact, over that of the reference mix."""
    return share / reference


def trust_weight(
    logistics: float, reference: float, relationship: float, relationship_weight: float
) -> float:
    """W = (1 - rw) (1 - logistics)/(1 - reference) + rw phi_relationship: hours that trust sees.

    Written so that it is 1, to the last bit, for the reference mix.
    """
    working = (1.0 - logistics) / (1.0 - reference)
    return working + relationship_weight * (relationship - working)


def time_together(relationship: float, relationship_weight: float) -> float:
    """1 - rw + rw min(1, phi_relationship): without time for the relationship less is shared."""
    missing = 1.0 - relationship
    return 1.0 - relationship_weight * missing if missing > 0.0 else 1.0


def review_probability(review: float) -> float:
    """min(1, phi_review): the chance that a contact gets round to looking at what was agreed."""
    return 1.0 if review > 1.0 else review


def group_attention(per_team: float, present: float, team: float) -> float:
    """1 / (1 + gd max(0, present - n0)/n0): a large group thins out what each of them gets.

    Direction: Kraft et al. 2018, doi 10.3102/0034654318759268; the form is an assumption.
    """
    above = (present - team) / team
    return 1.0 / (1.0 + per_team * above) if above > 0.0 else 1.0


# --------------------------------------------------------------------------------------------------
# Step 3: attendance and what a contact counts


def attendance_log_odds(
    base: float,
    slope: float,
    motivation: float,
    trust: float,
    leadership: float,
    own_workload: float,
    pivot: float,
) -> float:
    """Log-odds that an invited person comes, who does with probability sigma of them.

    b0 + b1 (m + tau + L - w - 1).
    """
    return base + slope * (motivation + trust + leadership - own_workload - pivot)


def attendance_order(u: float, log_odds: float) -> float:
    """u/(1 - u) exp(-log-odds): where it is known how many came, those with the lowest did.

    It is below 1 for those whose uniform lies below their chance, so that the number that chance
    would have brought is the same people. Source: order sampling with the Pareto shape, Rosén 1997,
    J Stat Plan Inference 62, 159-191; it is near to independent people coming, given their number
    (Bondesson et al. 2006, doi 10.1111/j.1467-9469.2006.00497.x).
    """
    return u / (1.0 - u) * exponential(-log_odds)


def realised_co_creation(
    planned: float, skill: float, mean_trust_present: float, together: float
) -> float:
    """c = kappa sqrt(s x mean trust of those present) x time together.

    It takes a skilled host, trust, and time for the relationship.
    """
    return planned * math.sqrt(skill * mean_trust_present) * together


def counted_hours(hours: float, setup: float) -> float:
    """Hours of a contact that count, after setting up: h h / (h + setup); half at h = setup."""
    return hours * hours / (hours + setup) if hours > 0.0 else 0.0


def saturation(hours: float, hour_scale: float) -> float:
    """f(H) = 1 - exp(-H / h0): hours of one week together have diminishing returns."""
    return 1.0 - exponential(-hours / hour_scale)


def contact_effect(hours_before: float, hours: float, hour_scale: float) -> float:
    """F = f(H + h) - f(H), never below 0: what ``hours`` add to those counted this week.

    Each use of the time (trust, relationship, learning, planning) saturates by itself.
    """
    gain = saturation(hours_before + hours, hour_scale) - saturation(hours_before, hour_scale)
    return gain if gain > 0.0 else 0.0


def learning_hours(hours: float, negotiating_share: float, co_creation: float) -> float:
    """Hours left for learning when co-creating takes its share: h (1 - theta c)."""
    return hours * (1.0 - negotiating_share * co_creation)


# --------------------------------------------------------------------------------------------------
# Step 4: review of commitments and new ones


def staff_keeping_probability(
    base: float, slope: float, accountability: float, own_workload: float
) -> float:
    """Chance that a person has kept a commitment: sigma(q0 + q1 (a - w))."""
    return sigmoid(base + slope * (accountability - own_workload))


def provider_keeping_probability(
    base: float,
    slope: float,
    record: float,
    pivot: float,
    overload_weight: float,
    provider_overload: float,
) -> float:
    """Chance that the provider has kept a commitment: sigma(q0 + q1 (aP - 1/2 - vo o))."""
    return sigmoid(base + slope * (record - pivot - overload_weight * provider_overload))


def accountability_after_review(value: float, kept: int, reviewed: int, step: float) -> float:
    """v := v + (1 - (1 - e)^n) (K/n - v): n reviews move v towards the share kept."""
    if reviewed == 0:
        return value
    return value + (1.0 - power(1.0 - step, reviewed)) * (kept / reviewed - value)


def routine_step_in_team(step: float, team: float, people: float) -> float:
    """min(1/2, gam_R n0 / n): what counts is how many commitments were kept a head."""
    own = step * team / people
    return 0.5 if own > 0.5 else own


def routines_after_kept(routines: float, step: float, kept: int) -> float:
    """R := 1 - (1 - R) (1 - step)^K: each commitment kept leaves a piece of routine."""
    return 1.0 - (1.0 - routines) * power(1.0 - step, kept)


def agreeing(co_creation: float, assigned_share: float) -> float:
    """A = b (1 - c) + c: what is assigned where little is co-created, and what is agreed."""
    return assigned_share * (1.0 - co_creation) + co_creation


def expected_commitments(rate: float, agreed: float, effect: float) -> float:
    """Mean number of new commitments of a team in one contact: c_rate A F."""
    return rate * agreed * effect


def provider_owns_probability(share: float, co_creation: float, agreed: float) -> float:
    """own_p c / A, 0 at A = 0: what is assigned is the staff's, what is agreed is shared."""
    return share * co_creation / agreed if agreed > 0.0 else 0.0


# --------------------------------------------------------------------------------------------------
# Step 5: trust


def experienced_quality(
    dilution_factor: float,
    ability_weight: float,
    skill_share: float,
    skill: float,
    context: float,
    power_weight: float,
    co_creation: float,
    record: float,
    noise: float,
) -> float:
    """y: what a person made of the contact, from evidence of ability and of integrity.

    y = clip(D omega (.6 s + .4 x) + (1 - omega) (D power sqrt(s kappa) + (1 - power) aP) + noise).
    Ability, benevolence and integrity as sources of trust: Mayer et al.; Colquitt et al. 2007,
    doi 10.1037/0021-9010.92.4.909 (structure); power sharing: Jones & Barry 2016 (direction).
    """
    ability = skill_share * skill + (1.0 - skill_share) * context
    shared_power = math.sqrt(skill * co_creation)
    integrity = dilution_factor * power_weight * shared_power + (1.0 - power_weight) * record
    return clip01(
        dilution_factor * ability_weight * ability + (1.0 - ability_weight) * integrity + noise
    )


def trust_after_contact(
    trust: float, quality: float, step: float, richness: float, effect: float, asymmetry: float
) -> float:
    """tau += min(1, eta rho F (nu if y < tau else 1)) (y - tau): trust is lost faster than won.

    ``richness`` is that of the mode times :func:`group_attention`, here and in learning.
    """
    pace = step * richness * effect
    if quality < trust:
        pace = pace * asymmetry
    if pace > 1.0:
        pace = 1.0
    return trust + pace * (quality - trust)


# --------------------------------------------------------------------------------------------------
# Step 6: learning


def knowledge_after_contact(
    knowledge: float,
    rate: float,
    richness: float,
    learning_effect: float,
    dilution_factor: float,
    skill: float,
    skill_floor: float,
    tailoring: float,
    tailoring_floor: float,
    trust: float,
    trust_floor: float,
) -> float:
    """k += alpha_k rho F D (.5+.5 s) (.5+.5 c x) (.5+.5 tau) (1 - k); ``tailoring`` is c x."""
    by_skill = skill_floor + (1.0 - skill_floor) * skill
    by_tailoring = tailoring_floor + (1.0 - tailoring_floor) * tailoring
    by_trust = trust_floor + (1.0 - trust_floor) * trust
    step = rate * richness * learning_effect * dilution_factor * by_skill * by_tailoring * by_trust
    return knowledge + step * (1.0 - knowledge)


def context_after_contact(context: float, rate: float, effect: float, co_creation: float) -> float:
    """x += alpha_x F c (1 - x): the provider learns the region by working with it.

    F is that of the time for the relationship.
    """
    return context + rate * effect * co_creation * (1.0 - context)


# --------------------------------------------------------------------------------------------------
# Step 7: every week, everybody


def faded(value: float, start: float, rate: float) -> float:
    """value + rate (start - value): back towards the own start."""
    return value + rate * (start - value)


def decayed(value: float, rate: float) -> float:
    """value - rate value."""
    return value - rate * value


def forgotten_knowledge(
    knowledge: float, start: float, integration: float, rate: float, protection: float
) -> float:
    """lam_k (1 - .8 u) max(0, k - k0): what is used is forgotten more slowly."""
    gain = knowledge - start
    if gain <= 0.0:
        return 0.0
    return rate * (1.0 - protection * integration) * gain


def knowledge_from_peer(
    knowledge: float, start: float, peer_knowledge: float, peer_start: float, transfer: float
) -> float:
    """beta_k max(0, (k_j - k0_j) - (k - k0)) (1 - k): a colleague passes on what they gained."""
    gap = (peer_knowledge - peer_start) - (knowledge - start)
    if gap <= 0.0:
        return 0.0
    return transfer * gap * (1.0 - knowledge)


def integration_growth(
    rate: float,
    knowledge: float,
    motivation: float,
    trust: float,
    accountability: float,
    own_workload: float,
    leadership: float,
    routines: float,
) -> float:
    """alpha_u k (m + tau + a)/3 (1 - w) (L + R)/2: capability x motivation x opportunity.

    Structure: COM-B, Michie et al. 2011; alpha_u = uptake ratio x loss.
    """
    drive = (motivation + trust + accountability) / 3.0
    chance = (1.0 - own_workload) * (leadership + routines) * 0.5
    return rate * knowledge * drive * chance


def integration_decline(rate: float, routines: float, accountability: float) -> float:
    """lam_u (1 - R) (1 - a): routines and accountability hold what was integrated."""
    return rate * (1.0 - routines) * (1.0 - accountability)


def integration_after_week(integration: float, growth: float, decline: float) -> float:
    """u += growth (1 - u) - decline u."""
    return integration + (growth * (1.0 - integration) - decline * integration)


def routines_after_week(routines: float, mean_integration: float, pace: float) -> float:
    """R += rho_R (mean u - R)."""
    return routines + pace * (mean_integration - routines)


def drifted(value: float, yearly_change: float) -> float:
    """A week of a background trend, limited to [0, 1]; 52 weeks a year."""
    return clip01(value + yearly_change / WEEKS_A_YEAR)


# --------------------------------------------------------------------------------------------------
# Step 8: turnover


def newcomer_trust(own_start: float, team_mean: float, share: float) -> float:
    """tau0 + rep (team mean - tau0): a newcomer hears from colleagues what to expect."""
    return own_start + share * (team_mean - own_start)


def newcomer_integration(routines: float, knowledge: float) -> float:
    """u = R k: what the region does as a routine, a newcomer who knows how does too."""
    return routines * knowledge


def after_handover(value: float, start: float, share: float) -> float:
    """A successor keeps ``share`` of the distance from the start."""
    return start + share * (value - start)
