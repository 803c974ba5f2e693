"""Planted faults: each breaks one thing in the model, and the check that guards it must see it.

A check that still passes under its fault guards nothing. Every check is also seen to pass on the
model as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import checks
import pytest

from sim.core import rules
from sim.core.streams import Streams
from sim.model import dosage, population
from sim.model.agents import Contact, RegionalStaff, Site, TAProvider
from sim.model.week import CoCreationModel, Region

Plant = Callable[[pytest.MonkeyPatch], None]
Check = Callable[[], None]


def rule(name: str, faulty: Callable[..., Any]) -> Plant:
    """Replace one rule."""
    assert callable(getattr(rules, name))
    return lambda patch: patch.setattr(rules, name, faulty)


def method(
    owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Plant:
    """Replace a method or function by what ``make`` makes of the right one."""
    return lambda patch: patch.setattr(owner, name, make(getattr(owner, name)))


# --- faults that take more than a line ------------------------------------------------------------


def by_own_provider(right: Callable[..., list[Contact]]) -> Callable[..., list[Contact]]:
    def due_in(self: CoCreationModel, region: Region) -> list[Contact]:
        due = right(self, region)
        for contact in due:
            contact.provider = region.provider
        return due

    return due_in


def shared_by_nobody(right: Callable[..., list[Contact]]) -> Callable[..., list[Contact]]:
    def due_in(self: CoCreationModel, region: Region) -> list[Contact]:
        due = right(self, region)
        for contact in due:
            contact.share = 1.0
        return due

    return due_in


def keeps_commitments(right: Callable[..., None]) -> Callable[..., None]:
    def leave(self: RegionalStaff, *args: Any) -> None:
        owed = self.open_commitments
        right(self, *args)
        self.open_commitments = owed

    return leave


def learns_first(_: Callable[..., None]) -> Callable[..., None]:
    def trust_and_learning(self: CoCreationModel, contact: Contact) -> None:
        provider, site = contact.region.provider, contact.region.site
        contact.tailoring = contact.co_creation * site.context
        for person in contact.present:
            person.learn(contact, provider)
            person.judge(contact, provider, site)
        provider.learn_region(site, contact)

    return trust_and_learning


def region_learnt_first(right: Callable[..., None]) -> Callable[..., None]:
    def trust_and_learning(self: CoCreationModel, contact: Contact) -> None:
        contact.region.provider.learn_region(contact.region.site, contact)
        right(self, contact)

    return trust_and_learning


def reviews_last(patch: pytest.MonkeyPatch) -> None:
    """Step 4 after steps 5 and 6."""
    review, trust = CoCreationModel._review_and_commit, CoCreationModel._trust_and_learning

    def both(self: CoCreationModel, contact: Contact) -> None:
        trust(self, contact)
        review(self, contact)

    patch.setattr(CoCreationModel, "_review_and_commit", lambda self, contact: None)
    patch.setattr(CoCreationModel, "_trust_and_learning", both)


def commits_then_reviews(right: Callable[..., None]) -> Callable[..., None]:
    """New commitments are reviewed in the contact that made them."""

    def review(self: CoCreationModel, contact: Contact) -> None:
        self._new_commitments(contact, 0.5)
        right(self, contact)

    return review


def talks_at_once(right: Callable[..., None]) -> Callable[..., None]:
    """People change while others still look."""

    def meet_peer(self: RegionalStaff, meets: float, which: float) -> None:
        right(self, meets, which)
        self.knowledge = self.knowledge + self._heard
        self._heard = 0.0

    return meet_peer


def works_before_talking(right: Callable[..., None]) -> Callable[..., None]:
    """Routines move before people use them."""

    def everybody(self: CoCreationModel) -> None:
        for region in self.regions:
            mean = sum(x.integration for x in region.staff) / len(region.staff)
            region.routines = rules.routines_after_week(region.routines, mean, self.p.routine_pace)
        pace = self.p.__dict__["routine_pace"]
        self.p.__dict__["routine_pace"] = 0.0
        right(self)
        self.p.__dict__["routine_pace"] = pace

    return everybody


def every_contact_is_dated(right: Callable[..., bool]) -> Callable[..., bool]:
    def hold(self: CoCreationModel, contact: Contact) -> bool:
        contact.on_date = True
        return right(self, contact)

    return hold


def starts_by_the_plan(right: Callable[..., Any]) -> Callable[..., Any]:
    """People who know that help is coming start more trusting."""

    def draw(scenario: Any, *args: Any) -> Any:
        regions, skills = right(scenario, *args)
        for region in regions:
            for person in region.people:
                person.trust = rules.clip01(person.trust + 0.05 * scenario.has_ta)
        return regions, skills

    return draw


def luck_in_sequence(right: Callable[..., Any]) -> Callable[..., Any]:
    """Draws depend on how many were made before, as with an ordinary generator."""
    made = [0]

    def words(self: Streams, purpose: int, entity: int, week: int = 0, series: int = 0) -> Any:
        made[0] += 1
        return right(self, purpose, entity, week, series + made[0])

    return words


def diluted_by_everybody(_: Callable[..., None]) -> Callable[..., None]:
    """Quality falls with all regions of the country, not with the provider's own."""

    def take_on(self: TAProvider, site: Site) -> None:
        self.sites.append(site)
        sites = len(self.model.scenario.region_names)
        self.dilution = rules.dilution(self.model.p.site_dilution, sites)

    return take_on


def half_a_balance(right: Callable[..., Any]) -> Callable[..., Any]:
    def balance(*args: Any) -> Any:
        levels, routines = right(*args)
        return 0.5 * levels, 0.5 * routines

    return balance


def counts_kept_twice(right: Callable[..., None]) -> Callable[..., None]:
    def review(self: CoCreationModel, contact: Contact) -> None:
        right(self, contact)
        contact.region.ledger.kept_staff *= 2

    return review


def shortened_again(right: Callable[..., None]) -> Callable[..., None]:
    def prepare(self: TAProvider, due: list[Contact]) -> None:
        right(self, due)
        for contact in due:
            contact.hours = rules.shortened_hours(contact.hours, self.overload)

    return prepare


def fails_by_load(_: Callable[..., bool]) -> Callable[..., bool]:
    """The whole load counts instead of what is above 1."""

    def fails(self: TAProvider, u: float) -> bool:
        p = self.model.p
        slope = p.provider_cancels_slope
        return u < rules.provider_fails_probability(p.provider_cancels, slope, self.load)

    return fails


def one_budget_of_hours(right: Callable[..., float]) -> Callable[..., float]:
    """All uses of the time saturate together, by the hours of trust."""

    def effect(self: CoCreationModel, contact: Contact, use: str, counted: float) -> float:
        hours = contact.region.counted
        own, hours[use] = hours[use], hours["trust"]
        found = right(self, contact, use, counted)
        hours[use] = own
        return found

    return effect


def empty_rooms_cost_nothing(right: Callable[..., None]) -> Callable[..., None]:
    """A held contact that nobody attended leaves the week's hours as they were."""

    def count(self: CoCreationModel, contact: Contact, counted: float) -> None:
        if contact.present:
            right(self, contact, counted)

    return count


def failures_cost_hours(right: Callable[..., bool]) -> Callable[..., bool]:
    """A contact that failed saturates the week as if it had been held."""

    def hold(self: CoCreationModel, contact: Contact) -> bool:
        held = right(self, contact)
        if not held:
            self._count_hours(contact, rules.counted_hours(contact.hours, self.p.setup_hours))
        return held

    return hold


def the_room_thins_promises(right: Callable[..., bool]) -> Callable[..., bool]:
    """A large group thins out what a kept date is worth, too."""

    def hold(self: CoCreationModel, contact: Contact) -> bool:
        before = contact.region.site.record
        held = right(self, contact)
        site, p = contact.region.site, self.p
        thin = rules.group_attention(p.group_dilution, len(contact.invited), p.reference_team)
        site.record = before + thin * (site.record - before)
        return held

    return hold


def loud_noise_without_clip(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "clip01", lambda x: x)


# --- the checks, besides those in checks.py -------------------------------------------------------


def busy_run_is_legal() -> None:
    checks.run_checked(checks.make_scenario(**checks.BUSY))


def noisy_run_is_legal() -> None:
    noisy = {"evidence_noise": 1.0, "trust_sd": 1.0, "staff_accountability_sd": 1.0}
    checks.run_checked(checks.make_scenario(**{**checks.BUSY, "parameters": noisy}))


def busy_run_is_as_specified() -> None:
    checks.agrees_with_oracle(checks.make_scenario(**checks.BUSY))


def empty_rooms_are_as_specified() -> None:
    """Two calls a week to one person, who comes to about half of them."""
    calls = [{"mode": "phone", "every_weeks": 1, "hours": 1.0}] * 2
    luck = {"attendance_base": 0.0, "attendance_slope": 0.0}
    checks.agrees_with_oracle(checks.make_scenario(staff=1, dosage=calls, parameters=luck))


def integration_stays_without_ta() -> None:
    checks.no_dosage_moves_nothing(14)


def effect_of_one_contact(hours_before: float, hours: float, scale: float) -> float:
    return 1.0 - math.exp(-hours / scale)


def unlimited_trust(
    trust: float, quality: float, step: float, richness: float, effect: float, asymmetry: float
) -> float:
    pace = step * richness * effect * (asymmetry if quality < trust else 1.0)
    return trust + pace * (quality - trust)


def trust_slow_to_fall(
    trust: float, quality: float, step: float, richness: float, effect: float, asymmetry: float
) -> float:
    pace = step * richness * effect * (asymmetry if quality > trust else 1.0)
    return trust + min(1.0, pace) * (quality - trust)


FAULTS: dict[str, tuple[Plant, Check]] = {
    "fade has the wrong sign": (
        rule("faded", lambda v, start, rate: v - rate * (start - v)),
        checks.fade_without_contact,
    ),
    "nothing fades": (rule("faded", lambda v, start, rate: v), checks.fade_without_contact),
    "nothing is forgotten": (
        rule("forgotten_knowledge", lambda *args: 0.0),
        checks.fade_without_contact,
    ),
    "use does not protect from forgetting": (
        rule("forgotten_knowledge", lambda k, k0, u, rate, prot: rate * max(0.0, k - k0)),
        checks.fade_without_contact,
    ),
    "starting knowledge is forgotten too": (
        rule("forgotten_knowledge", lambda k, k0, u, rate, prot: rate * (1 - prot * u) * (k - k0)),
        checks.knowledge_below_start_stays,
    ),
    "peers pull each other down": (
        rule("knowledge_from_peer", lambda k, k0, j, j0, b: b * ((j - j0) - (k - k0)) * (1 - k)),
        checks.peers_pass_on_gains,
    ),
    "peers pass on knowledge and not gains": (
        rule("knowledge_from_peer", lambda k, k0, j, j0, b: b * max(0.0, j - k) * (1 - k)),
        checks.peers_pass_on_gains,
    ),
    "people change while others look": (
        method(RegionalStaff, "meet_peer", talks_at_once),
        checks.storage_order_is_nothing,
    ),
    "a failed contact raises the record": (
        rule("record_after_broken_promise", lambda v, e, f: v + e * f * (1.0 - v)),
        checks.promises,
    ),
    "a failed contact costs nothing": (
        rule("record_after_broken_promise", lambda v, e, f: v),
        checks.promises,
    ),
    "a missed call costs as much as a missed visit": (
        rule("record_after_broken_promise", lambda v, e, f: v - e * v),
        checks.promises,
    ),
    "kept dates weigh as much as commitments": (
        rule("record_after_kept_promise", lambda v, e, share, f: v + e * f * (1.0 - v)),
        checks.promises,
    ),
    "every contact keeps a promise": (
        method(CoCreationModel, "_hold", every_contact_is_dated),
        checks.unscheduled_is_no_promise,
    ),
    "saturation of each contact by itself": (
        rule("contact_effect", effect_of_one_contact),
        checks.a_week_saturates_together,
    ),
    "splitting a visit wins": (
        rule("contact_effect", effect_of_one_contact),
        checks.splitting_gains_nothing,
    ),
    "setting up costs nothing": (
        rule("counted_hours", lambda hours, setup: hours),
        checks.a_week_saturates_together,
    ),
    "setting up is a step": (
        rule("counted_hours", lambda hours, setup: max(0.0, hours - setup)),
        checks.a_week_saturates_together,
    ),
    "all uses of the time saturate together": (
        method(CoCreationModel, "_effect", one_budget_of_hours),
        checks.functions_by_hand,
    ),
    "empty rooms cost nothing": (
        method(CoCreationModel, "_count_hours", empty_rooms_cost_nothing),
        empty_rooms_are_as_specified,
    ),
    "failed contacts saturate the week": (
        method(CoCreationModel, "_hold", failures_cost_hours),
        checks.promises,
    ),
    "a large group thins out a kept date": (
        method(CoCreationModel, "_hold", the_room_thins_promises),
        checks.large_groups_thin_out,
    ),
    "tiny calls harm": (
        rule("record_after_broken_promise", lambda v, e, f: v - e * v),
        checks.nothing_said_does_nothing,
    ),
    "all functions are alike": (
        rule("function_weight", lambda share, reference: 1.0),
        checks.functions_by_hand,
    ),
    "trust needs no time": (
        rule("trust_weight", lambda logistics, reference, phi, rw: 1.0),
        checks.functions_by_hand,
    ),
    "co-creation needs no time together": (
        rule("time_together", lambda phi, rw: 1.0),
        checks.functions_by_hand,
    ),
    "more than the usual time together makes more co-creation": (
        rule("time_together", lambda phi, rw: 1.0 - rw + rw * phi),
        checks.functions_by_hand,
    ),
    "a large group gets as much a head": (
        rule("group_attention", lambda each, present, team: 1.0),
        checks.large_groups_thin_out,
    ),
    "routines do not count heads": (
        rule("routine_step_in_team", lambda step, team, people: step),
        checks.routines_count_a_head,
    ),
    "a team of one is moved all the way": (
        rule("routine_step_in_team", lambda step, team, people: min(1.0, step * team / people)),
        checks.routines_count_a_head,
    ),
    "review needs no time": (
        rule("review_probability", lambda phi: 1.0),
        checks.nothing_is_reviewed_without_time,
    ),
    "nothing is ever assigned": (
        rule("agreeing", lambda c, share: c),
        checks.commitments_made,
    ),
    "what is assigned is shared": (
        rule("provider_owns_probability", lambda share, c, agreed: share),
        checks.commitments_made,
    ),
    "nobody cancels for want of arrangements": (
        rule("region_fails_probability", lambda base, slope, w, pivot, cl, phi: checks.sigma(
            base + slope * (w - pivot))),
        checks.cancel_rates,
    ),
    "overload is unbounded": (
        rule("overload", lambda load: max(0.0, load - 1.0)),
        checks.load_of_constant_diary,
    ),
    "dilution is ignored": (rule("dilution", lambda each, sites: 1.0), checks.quality_by_hand),
    "dilution by all regions": (
        method(TAProvider, "take_on", diluted_by_everybody),
        checks.regions_keep_apart,
    ),
    "trust falls slower than it rises": (
        rule("trust_after_contact", trust_slow_to_fall),
        checks.trust_falls_faster,
    ),
    "trust overshoots": (rule("trust_after_contact", unlimited_trust), checks.trust_falls_faster),
    "learning before trust": (
        method(CoCreationModel, "_trust_and_learning", learns_first),
        checks.learning_by_hand,
    ),
    "the region is learnt before it is used": (
        method(CoCreationModel, "_trust_and_learning", region_learnt_first),
        checks.learning_by_hand,
    ),
    "negotiating costs nothing": (
        rule("learning_hours", lambda hours, share, c: hours),
        checks.learning_by_hand,
    ),
    "the review comes after trust": (reviews_last, busy_run_is_as_specified),
    "new commitments are reviewed at once": (
        method(CoCreationModel, "_review_and_commit", commits_then_reviews),
        busy_run_is_as_specified,
    ),
    "routines move first": (
        method(CoCreationModel, "_everybody", works_before_talking),
        busy_run_is_as_specified,
    ),
    "a review of n counts once": (
        rule("accountability_after_review", lambda v, k, n, e: v + e * (k / n - v) if n else v),
        checks.review_by_hand,
    ),
    "keeping commitments leaves no routine": (
        rule("routines_after_kept", lambda r, step, kept: r),
        checks.review_by_hand,
    ),
    "the absent are asked": (
        method(Region, "asked", lambda right: lambda self, seats: self.staff),
        checks.absent_are_not_reviewed,
    ),
    "workload helps to keep": (
        rule("staff_keeping_probability", lambda q0, q1, a, w: checks.sigma(q0 + q1 * (a + w))),
        checks.commitments_kept,
    ),
    "overload does not matter for keeping": (
        rule(
            "provider_keeping_probability",
            lambda q0, q1, a, pivot, vo, o: checks.sigma(q0 + q1 * (a - pivot)),
        ),
        checks.commitments_kept,
    ),
    "co-creation makes no commitments": (
        rule("expected_commitments", lambda rate, c, f: rate * f),
        checks.commitments_made,
    ),
    "commitments that cannot vary": (
        rule("poisson_from_uniform", lambda u, mean: math.floor(mean + u)),
        checks.commitments_made,
    ),
    "kept commitments are booked twice": (
        method(CoCreationModel, "_review_and_commit", counts_kept_twice),
        busy_run_is_legal,
    ),
    "a newcomer owes what the leaver promised": (
        method(RegionalStaff, "leave", keeps_commitments),
        checks.newcomers_by_hand,
    ),
    "commitments lapse and stay open": (
        method(RegionalStaff, "leave", keeps_commitments),
        busy_run_is_legal,
    ),
    "newcomers know nobody": (
        rule("newcomer_trust", lambda own, team, share: own),
        checks.newcomers_by_hand,
    ),
    "newcomers do not take up routines": (
        rule("newcomer_integration", lambda routines, knowledge: 0.0),
        checks.newcomers_by_hand,
    ),
    "a successor keeps everything": (
        rule("after_handover", lambda v, start, share: v),
        checks.handover_by_hand,
    ),
    "the load forgets nothing": (
        rule("running_load", lambda load, due, hours, w: load + w * due / max(hours, 1e-9)),
        checks.load_of_constant_diary,
    ),
    "contacts are shortened twice": (
        method(TAProvider, "prepare", shortened_again),
        checks.load_of_constant_diary,
    ),
    "preparing takes no time": (
        rule("provider_hours", lambda hours, per_hour, each, travel: hours + travel),
        checks.load_of_constant_diary,
    ),
    "TA takes no time of staff": (
        rule("contact_workload", lambda hours, kappa, week: 0.0),
        checks.workload_by_hand,
    ),
    "providers fail by their whole load": (
        method(TAProvider, "fails", fails_by_load),
        checks.cancel_rates,
    ),
    "busy staff attend more": (
        rule("attendance_log_odds", lambda b0, b1, m, t, lead, w, pivot: (
            b0 + b1 * (m + t + lead + w - pivot))),
        checks.attendance_rate,
    ),
    "those who are known to come are the first of the list": (
        method(CoCreationModel, "_known_to_come", lambda right: staticmethod(
            lambda contact: contact.invited[: contact.known_present])),
        checks.who_came_by_hand,
    ),
    "who stands in is not there": (
        method(CoCreationModel, "_due_in", by_own_provider),
        checks.who_came_by_hand,
    ),
    "a shared contact is one for each region": (
        method(CoCreationModel, "_due_in", shared_by_nobody),
        checks.who_came_by_hand,
    ),
    "on demand is irregular": (
        rule("on_demand_probability", lambda n, *args: min(1.0, 1.0 / n)),
        checks.timing_rates,
    ),
    "half a balance at the start": (
        method(population, "starting_balance", half_a_balance),
        checks.balanced_start,
    ),
    "half a balance drifts": (
        method(population, "starting_balance", half_a_balance),
        integration_stays_without_ta,
    ),
    "shares are rounded down": (
        method(dosage, "share_of", lambda right: lambda share, n: max(1, int(share * n))),
        busy_run_is_as_specified,
    ),
    "starts know of the plan": (
        method(population, "draw_population", starts_by_the_plan),
        checks.late_plans_leave_early_weeks,
    ),
    "luck comes in sequence": (
        method(Streams, "words", luck_in_sequence),
        checks.late_plans_leave_early_weeks,
    ),
    "luck depends on other regions": (
        method(Streams, "words", luck_in_sequence),
        checks.regions_keep_apart,
    ),
    "calendars are not staggered": (
        method(rules, "calendar_shift", lambda right: lambda region, every, stagger: 0),
        busy_run_is_as_specified,
    ),
    "tapers are ignored": (
        method(rules, "planned_hours", lambda right: lambda hours, taper, q: hours),
        busy_run_is_as_specified,
    ),
    "states leave their bounds": (loud_noise_without_clip, noisy_run_is_legal),
    "demand shocks are forgotten": (
        method(dosage, "demand_rise", lambda right: lambda *args: 0.0),
        checks.workload_by_hand,
    ),
}  # fmt: skip


@cache
def passes(check: Check) -> None:
    """On the model as it is; several faults are seen by one check. Some pass in test_theory.py."""
    if check not in (*checks.EXACT_CHECKS, *checks.CHANCE_CHECKS):
        check()


# Half a balance is seen at the start too; that it drifts takes seconds.
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name == "half a balance drifts" else name
        for name in FAULTS
    ],
)
def test_the_fault_is_seen(name: str) -> None:
    plant, check = FAULTS[name]
    passes(check)
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        with pytest.raises(AssertionError):
            check()


def test_no_fault_stays_planted() -> None:
    """After all of them the model agrees with its specification, by the check that sees most."""
    busy_run_is_as_specified()
