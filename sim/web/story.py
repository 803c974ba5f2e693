"""A small region week by week: states, events, and why every state changed.

:func:`tell` runs the readable engine once and returns a :class:`Story`. For every person, the
provider and the region it knows the terms of each week's change: which rule, with which numbers,
moved which state by how much. The terms of a state add up to its change; a test holds them to it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sim.dosage import MODES
from sim.errors import InputError, Problem
from sim.scenario import Scenario
from sim.web.desk import check_size
from sim.web.tracing import PROVIDER, REGION, Call, TracedModel

MOST_STAFF = 16
MOST_WEEKS = 208
LONGEST = 104
"""Weeks of a plan that the see view shows."""
STAFF_STATES = ("trust", "accountability", "knowledge", "integration", "workload")
PROVIDER_STATES = ("record", "context")
CHANCES = (
    "attendance_probability", "staff_keeping_probability", "provider_keeping_probability",
    "provider_fails_probability", "region_fails_probability",
)  # fmt: skip
NAMES = (
    "Ana", "Ben", "Cam", "Dee", "Eli", "Fay", "Gus", "Hana", "Ivo", "Joy", "Kim", "Lea", "Max",
    "Nia", "Oto", "Pia", "Quin", "Ravi", "Sol", "Tess", "Uma", "Vic", "Wren", "Xan", "Yui",
    "Zoe", "Abe", "Bea", "Cleo", "Dov", "Elin", "Finn", "Gia", "Hugo", "Ines", "Jon", "Kit",
    "Lou", "Mia", "Noor", "Ola", "Pau", "Rosa", "Sam", "Tom", "Ula", "Vera", "Will", "Yan",
    "Zia",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Term:
    """One reason of a change: the state it moved, by how much, by which rule, with what numbers."""

    state: str
    change: float
    rule: str
    arguments: dict[str, float]
    quality: dict[str, float] | None = None
    """For a judgement of a contact: what the person saw (the arguments of experienced quality)."""


@dataclass(frozen=True, slots=True)
class Story:
    """One run of one region.

    Attributes:
        scenario: what was run.
        people: week -> post -> values of :data:`STAFF_STATES` and open commitments.
        provider: week -> record, context, skill, load, open commitments.
        routines: week -> routines of the region.
        events: week -> what happened, as plain dictionaries.
        terms: (week, post or PROVIDER or REGION) -> terms, in the order of the week.
        names: week -> post -> name of who holds it.
        loads: (week, post) -> what makes up the workload (arguments of the rule).
        chances: (week, post or PROVIDER) -> (rule, probability) of every draw about them.
        places: post -> (x, y) within -1..1; edges: who works with whom.
    """

    scenario: Scenario
    people: list[list[list[float]]]
    provider: list[list[float]]
    routines: list[float]
    events: list[list[dict[str, Any]]]
    terms: dict[tuple[int, int], list[Term]]
    names: list[list[str]]
    loads: dict[tuple[int, int], dict[str, float]]
    chances: dict[tuple[int, int], list[tuple[str, float]]]
    places: list[tuple[float, float]]
    edges: list[tuple[int, int]]
    core: list[bool]

    def state(self, who: int, week: int) -> dict[str, float]:
        """Named states of a person, the provider or the region at the end of a week."""
        if who == REGION:
            return {"routines": self.routines[week]}
        if who == PROVIDER:
            names = (*PROVIDER_STATES, "skill", "load", "open commitments")
            return dict(zip(names, self.provider[week], strict=True))
        names = (*STAFF_STATES, "open commitments")
        return dict(zip(names, self.people[week][who], strict=True))

    def mean(self, state: str, week: int) -> float:
        """Mean of a state over the staff."""
        place = STAFF_STATES.index(state)
        return math.fsum(person[place] for person in self.people[week]) / len(self.people[week])

    def total(self, key: str, until: int) -> int:
        """Sum of a count over the contacts up to a week."""
        return sum(int(e.get(key, 0)) for week in self.events[: until + 1] for e in week)


def tell(scenario: Scenario, replicate: int = 0) -> Story:
    """Run a scenario of one small region and keep everything.

    Raises:
        InputError: more than one region, more than 16 staff or 208 weeks.
    """
    _check(scenario)
    model = TracedModel(scenario, replicate=replicate)
    region = model.regions[0]
    teller = _Teller(model)
    while model.week < model.horizon:
        teller.week()
    graph = region.graph()
    turn = 2 * math.pi / len(region.staff)
    return Story(
        scenario, teller.people, teller.provider, teller.routines, teller.events, teller.terms,
        teller.names, teller.loads, teller.chances,
        [(math.cos(turn * i), math.sin(turn * i)) for i in sorted(graph)],
        sorted((min(e), max(e)) for e in graph.edges), [x.in_core_team for x in region.staff],
    )  # fmt: skip


def small(scenario: Scenario, co_creation: float, staff: int, seed: int) -> Scenario:
    """One small region with the dosage of a plan and another degree of co-creation."""
    horizon = min(scenario.horizon_weeks, LONGEST)
    dosage = []
    for series in scenario.dosage:
        if series.first_week <= horizon:
            last = min(series.last_week or horizon, horizon)
            dosage.append(series.model_dump() | {"co_creation": co_creation, "last_week": last})
    return scenario.replace(
        name="A small region", horizon_weeks=horizon, seed=seed, dosage=dosage, contact_log=None,
        shocks=[], delivery_work=[], providers={"count": 1, "weekly_hours": 20},
        regions={
            "candidates": 1, "count": 1, "selection": "all", "staff": staff,
            "core_team": scenario.regions.core_team,
            "network": {"kind": "small_world", "neighbours": 4, "rewiring": 0.1},
        },
    )  # fmt: skip


def _check(scenario: Scenario) -> None:
    if len(scenario.region_names) != 1:
        raise InputError(
            Problem(
                "has more than one region, and this view shows one", allowed="1", field="regions"
            )
        )
    if scenario.staff_counts[0] > MOST_STAFF:
        raise InputError(
            Problem(
                "are too many to draw", "staff", scenario.staff_counts[0], f"up to {MOST_STAFF}"
            )
        )
    check_size(scenario.horizon_weeks, MOST_WEEKS)


class _Teller:
    """Takes a model through its weeks and writes down what it sees."""

    def __init__(self, model: TracedModel) -> None:
        self.model = model
        self.region = model.regions[0]
        self.people: list[list[list[float]]] = []
        self.provider: list[list[float]] = []
        self.routines: list[float] = []
        self.events: list[list[dict[str, Any]]] = [[]]
        self.terms: dict[tuple[int, int], list[Term]] = {}
        self.loads: dict[tuple[int, int], dict[str, float]] = {}
        self.chances: dict[tuple[int, int], list[tuple[str, float]]] = {}
        self.names: list[list[str]] = [list(NAMES[: len(self.region.staff)])]
        self._next = len(self.region.staff)
        self._look()

    def _look(self) -> None:
        region = self.region
        self.people.append(
            [[*(getattr(x, s) for s in STAFF_STATES), x.open_commitments] for x in region.staff]
        )
        site, provider = region.site, region.provider
        self.provider.append(
            [site.record, site.context, provider.skill, provider.load, site.open_commitments]
        )
        self.routines.append(region.routines)

    def week(self) -> None:
        model, region = self.model, self.region
        first = len(model.tape.calls)
        before = self.people[-1]
        model.step()
        calls = model.tape.calls[first:]
        self._look()
        terms = _terms(calls)
        gone = [x.post for x in region.staff if _left(calls, x.post)]
        self._explain_leavers(terms, gone, before)
        self._explain_handover(terms, gone)
        for who, found in terms.items():
            self.terms[model.week, who] = found
        self.events.append(self._happened(gone))
        for call in calls:
            if call.rule == "workload":
                self.loads[call.week, call.who] = call.arguments
            elif call.rule in CHANCES:
                who = PROVIDER if call.rule.startswith("provider") else call.who
                self.chances.setdefault((call.week, who), []).append((call.rule, call.result))

    def _happened(self, gone: list[int]) -> list[dict[str, Any]]:
        model, region = self.model, self.region
        ledger = region.ledger
        found: list[dict[str, Any]] = []
        for place, (contact, state) in enumerate(model.contacts):
            event: dict[str, Any] = {
                "kind": "contact", "mode": MODES[contact.mode], "hours": round(contact.hours, 2),
                "state": state, "invited": [x.post for x in contact.invited],
                "present": [x.post for x in contact.present] if state == "held" else [],
                "co_creation": contact.co_creation,
            }  # fmt: skip
            if place == len(model.contacts) - 1:  # the ledger adds up all contacts of the week
                event |= {
                    name: getattr(ledger, name)
                    for name in (
                        "kept_staff", "broken_staff", "kept_provider", "broken_provider",
                        "made_staff", "made_provider",
                    )
                }  # fmt: skip
            found.append(event)
        for who, other in model.words:
            found.append({"kind": "word", "who": who, "with": other})
        names = list(self.names[-1])
        for post in gone:
            newcomer = NAMES[self._next % len(NAMES)]
            found.append({"kind": "leaves", "who": post, "name": names[post], "new": newcomer})
            names[post] = newcomer
            self._next += 1
        if ledger.provider_left:
            found.append({"kind": "provider_leaves"})
        self.names.append(names)
        return found

    def _explain_leavers(
        self, terms: dict[int, list[Term]], gone: list[int], before: list[list[float]]
    ) -> None:
        """A newcomer brings states of their own: the rest of the week's change."""
        for post in gone:
            found = terms.setdefault(post, [])
            for place, state in enumerate(STAFF_STATES[:-1]):
                told = math.fsum(term.change for term in found if term.state == state)
                change = self.people[-1][post][place] - before[post][place] - told
                found.append(Term(state, change, "newcomer", {}))

    def _explain_handover(self, terms: dict[int, list[Term]], gone: list[int]) -> None:
        """A provider who leaves: the record first, then everybody's trust, in order of posts."""
        calls = [
            call
            for call in self.model.tape.calls
            if call.week == self.model.week and call.rule == "after_handover"
        ]
        if not calls:
            return
        site = self.provider
        record = calls[0]
        own = terms.setdefault(PROVIDER, [])
        own.append(Term("record", record.result - record.arguments["value"], "after_handover",
                        record.arguments))  # fmt: skip
        told = math.fsum(term.change for term in own if term.state == "context")
        change = site[-1][1] - site[-2][1] - told
        own.append(Term("context", change, "successor", {}))
        for post, call in enumerate(calls[1:]):
            if post not in gone:
                change = call.result - call.arguments["value"]
                terms.setdefault(post, []).append(
                    Term("trust", change, "after_handover", call.arguments)
                )


def _left(calls: list[Call], post: int) -> bool:
    return any(call.who == post and call.rule == "newcomer_trust" for call in calls)


# rule -> (state of a person, of the provider, of the region; name of the argument it changes)
_MOVES: dict[str, tuple[dict[int, str], str]] = {
    "trust_after_contact": ({0: "trust"}, "trust"),
    "knowledge_after_contact": ({0: "knowledge"}, "knowledge"),
    "integration_after_week": ({0: "integration"}, "integration"),
    "accountability_after_review": ({0: "accountability", REGION: "record"}, "value"),
    "record_after_broken_promise": ({PROVIDER: "record"}, "record"),
    "record_after_kept_promise": ({PROVIDER: "record"}, "record"),
    "context_after_contact": ({PROVIDER: "context"}, "context"),
    "decayed": ({PROVIDER: "context"}, "value"),
    "routines_after_kept": ({REGION: "routines"}, "routines"),
    "routines_after_week": ({REGION: "routines"}, "routines"),
    "drifted": ({0: "knowledge"}, "value"),
}


def _terms(calls: list[Call]) -> dict[int, list[Term]]:
    """The terms of everybody's changes in a week."""
    found: defaultdict[int, list[Term]] = defaultdict(list)
    quality: dict[str, float] | None = None
    growth: dict[int, dict[str, float]] = defaultdict(dict)
    fades: defaultdict[int, int] = defaultdict(int)
    drifts: defaultdict[int, int] = defaultdict(int)
    for call in calls:
        who, rule, given = call.who, call.rule, call.arguments
        kind = 0 if who >= 0 else who
        if rule == "experienced_quality":
            quality = {**given, "quality": call.result}
        elif rule in ("integration_growth", "integration_decline"):
            growth[who] |= given | {rule: call.result}
        elif rule == "faded":
            fades[who] += 1
            state = "record" if who == PROVIDER else ("trust", "accountability")[fades[who] - 1]
            found[who].append(Term(state, call.result - given["value"], rule, given))
        elif rule == "forgotten_knowledge":
            found[who].append(Term("knowledge", -call.result, rule, given))
        elif rule == "knowledge_from_peer":
            found[who].append(Term("knowledge", call.result, rule, given))
        elif rule in _MOVES and kind in _MOVES[rule][0]:
            drifts[who] += rule == "drifted"
            if rule == "drifted" and drifts[who] > 1:
                continue  # the second is where the person started, no state
            states, argument = _MOVES[rule]
            target = PROVIDER if states[kind] == "record" else who
            term = Term(
                states[kind], call.result - given[argument], rule,
                given | (growth[who] if rule == "integration_after_week" else {}),
                quality if rule == "trust_after_contact" else None,
            )  # fmt: skip
            found[target].append(term)
    return dict(found)
