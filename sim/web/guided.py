"""Six guided stories for a class: a question first, then what the model does.

Every number of a reveal is worked out when the story is opened: for the region on the screen, and
as a mean over 200 such regions, because a single region may well differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.outcomes import INDEX
from sim.runs.collect import Points
from sim.runs.execute import Execution, execute
from sim.runs.plan import RunPlan, common
from sim.scenario import Scenario
from sim.web.answer import Kept
from sim.web.plan_words import signed
from sim.web.story import PROVIDER, Story, tell

REGIONS = 200
"""Regions over which a reveal gives means."""
HORIZON = 78
YEAR = 52


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """The two arms of a story, told, with means over many such regions.

    ``means``: (arm, outcome, week) -> mean; weeks are those of the steps.
    """

    names: tuple[str, str]
    stories: tuple[Story, Story]
    means: Mapping[tuple[int, str, int], float]

    def both(self, outcome: str, week: int) -> str:
        """The means of both arms in words."""
        one, two = (self.means[arm, outcome, week] for arm in (0, 1))
        return (
            f"{self.names[0].lower()} {one:.2f}, {self.names[1].lower()} {two:.2f} "
            f"({signed(two - one)})"
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to look at, a question with answers to choose from, what then shows.

    ``week``, ``arm``, ``who`` and ``shade`` are where the screen goes on the reveal.
    """

    text: str
    question: str
    answers: tuple[str, ...]
    reveal: Callable[[Told], str]
    week: int
    arm: int = 1
    who: int = PROVIDER
    shade: str = "trust"


@dataclass(frozen=True, slots=True)
class Guided:
    """A story for a class. ``arms`` makes the names and scenarios of its two sides."""

    key: str
    title: str
    aim: str
    arms: Callable[[], tuple[tuple[str, Scenario], tuple[str, Scenario]]]
    steps: tuple[Step, ...]
    discuss: str


def base(**changes: Any) -> Scenario:
    """The region of the stories: eight people in a ring, one provider, a year of assistance."""
    manner = changes.pop("co_creation", 0.7)
    last = changes.pop("last_week", YEAR)
    fields: dict[str, Any] = {
        "name": "A region for a class",
        "horizon_weeks": HORIZON,
        "regions": {
            "candidates": 1, "count": 1, "selection": "all", "staff": 8, "network": "ring",
            "core_team": changes.pop("core_team", 1.0),
        },
        "providers": {"count": 1, "weekly_hours": 20},
        "dosage": [
            {"mode": "onsite", "every_weeks": 13, "hours": 4, "last_week": last,
             "co_creation": manner},
            {"mode": "video", "every_weeks": 4, "hours": 1.5, "first_week": 3, "last_week": last,
             "co_creation": manner},
        ],
        # In a class one event at a time: people and provider leave only where a story says so.
        "parameters": {"staff_turnover": 0, "provider_turnover": 0},
        "beyond_range": True,
    }  # fmt: skip
    return Scenario.from_dict(fields | changes)


def _log(cancelled: Sequence[int]) -> Scenario:
    """The same calendar as a log, in which the provider cancels the contacts of some weeks."""
    rows = []
    for week in range(1, YEAR + 1):
        for mode, hours, first, every in (("onsite", 4.0, 1, 13), ("video", 1.5, 3, 4)):
            if week >= first and (week - first) % every == 0:
                status = "provider_cancelled" if week in cancelled else "held"
                rows.append({"week": week, "region": "region_1", "mode": mode, "hours": hours,
                             "co_creation": 0.7, "status": status})  # fmt: skip
    return base(dosage=[], contact_log={"rows": rows})


CANCELLED = (14, 15, 27)

GUIDED: tuple[Guided, ...] = (
    Guided(
        "sharing", "Who decides?",
        "What shared decisions do to trust, when everything else is the same.",
        lambda: (("Directive", base(co_creation=0.0)), ("Co-creative", base(co_creation=0.8))),
        (
            Step("The same eight people, the same provider, the same visits. Left the provider "
                 "decides; right decisions are shared.",
                 "After the first visit: whose trust moves?",
                 ("Left", "Right", "Both alike"),
                 lambda t: "Mean trust over many such regions after the first visit: "
                 f"{t.both('trust', 1)}. Click a person: what they saw of the visit holds a "
                 f"term for "
                 "shared decisions.", 1, who=0),
            Step("Contacts go on for a year.", "And after a year?",
                 ("The gap closes", "It stays", "It widens"),
                 lambda t: f"Trust in week {YEAR}: {t.both('trust', YEAR)}.", YEAR, who=0),
            Step("Trust is not the aim. The aim is that people use what they learned.",
                 "Does the way of deciding reach everyday work?",
                 ("Not at all", "A little", "A lot"),
                 lambda t: f"Use in everyday work in week {YEAR}: {t.both('integration', YEAR)}.",
                 YEAR, shade="integration", who=0),
        ),
        "Part of this is built in: the model gives shared power a weight of one half in how people "
        "judge a contact. What would you expect with a weight of 0?",
    ),
    Guided(
        "cancelled", "Two visits are cancelled",
        "What broken promises cost, and how long it takes to make up for them.",
        lambda: (("As planned", _log(())), ("Provider cancels", _log(CANCELLED))),
        (
            Step("Until week 13 both sides are the same, week for week.",
                 "In week 14 the provider cancels the visit, in week 15 the call. What happens to "
                 "its standing?", ("Nothing", "It falls", "It falls to zero"),
                 lambda t: "The provider's accountability in week 15: "
                 f"{t.both('provider_accountability', 15)}. Read it at the provider: each failed "
                 "contact costs a share of the record.", 15),
            Step("In week 27 the visit and the call are cancelled as well.",
                 "What happens to trust if visits are cancelled?",
                 ("It falls at once", "It falls later, in the next contact", "It does not change"),
                 lambda t: f"Trust in week 27: {t.both('trust', 27)}. People judge the "
                           f"provider when "
                 "they meet: a record that fell weighs in the next contact; meanwhile trust fades.",
                 27, who=0),
            Step("From then on every contact is held.", "Is the damage repaired by week 52?",
                 ("Yes", "Half of it", "Hardly"),
                 lambda t: f"In week {YEAR} trust: {t.both('trust', YEAR)}; the provider's "
                 f"accountability: {t.both('provider_accountability', YEAR)}.", YEAR, who=0),
        ),
        "Trust broken by cancelled contacts is repaired here by keeping later ones. When would you "
        "expect a lasting scar?",
    ),
    Guided(
        "promises", "Small promises",
        "How commitments tie both sides to what was agreed.",
        lambda: (("Few commitments", base(co_creation=0.2)),
                 ("Many commitments", base(co_creation=0.9))),
        (
            Step("Commitments come out of shared work. Left there is little of it.",
                 "How many commitments more are made on the right in a year?",
                 ("About as many", "Twice as many", "Several times as many"),
                 lambda t: f"Made in {YEAR} weeks, on average: left "
                 f"{t.means[0, 'commitments_made', YEAR]:.0f}, right "
                 f"{t.means[1, 'commitments_made', YEAR]:.0f}.", YEAR),
            Step("Each one is reviewed at the next contact.", "What share is kept on the right?",
                 ("A third", "Half to two thirds", "Nearly all"),
                 lambda t: "Kept of those reviewed on the right: "
                 f"{100 * t.means[1, 'commitments_kept_share', YEAR]:.0f} % on average. Click a "
                 "person: the chance follows accountability minus workload.", YEAR, who=1,
                 shade="accountability"),
            Step("A review moves both sides towards the share that was kept.",
                 "Whose accountability gains more from many commitments?",
                 ("Staff", "The provider", "Both alike"),
                 lambda t: "Staff: "
                 f"{t.both('staff_accountability', YEAR)}. Provider: "
                 f"{t.both('provider_accountability', YEAR)}. A provider that owns more "
                 "commitments also risks its record.", YEAR, shade="accountability"),
        ),
        "Which of your own commitments are reviewed, when, and by whom?",
    ),
    Guided(
        "colleagues", "A word between colleagues",
        "How knowledge reaches those who never attend.",
        lambda: (("Nobody talks", base(core_team=0.5, regions=_regions("none"))),
                 ("Colleagues talk", base(core_team=0.5, regions=_regions("ring")))),
        (
            Step("Only half of the team attends (full outlines). Left nobody talks about it; right "
                 "everybody has two colleagues to talk with.",
                 "Who gains knowledge on the left?",
                 ("Everybody", "Those who attend", "Nobody"),
                 lambda t: f"Mean knowledge in week 26: {t.both('knowledge', 26)}. Step "
                           f"through: on "
                 "the left dashed circles keep their shade.", 26, shade="knowledge", who=0),
            Step("A word passes on a tenth of the difference in what two people gained.",
                 "How much does the team gain from talking by week 52?",
                 ("Nothing to speak of", "About a quarter more", "Twice as much"),
                 lambda t: f"Mean knowledge in week {YEAR}: {t.both('knowledge', YEAR)}.",
                 YEAR, shade="knowledge", who=0),
            Step("Assistance ends in week 52.", "Does the difference outlive it?",
                 ("Yes", "No", "It grows"),
                 lambda t: f"Mean knowledge in week {HORIZON}: {t.both('knowledge', HORIZON)}.",
                 HORIZON, shade="knowledge", who=0),
        ),
        "How often people talk, and what a word passes on, are assumptions. How would you find "
        "out?",
    ),
    Guided(
        "leaving", "Half of the team leaves",
        "What stays when people go.",
        lambda: (("Everybody stays", base()),
                 ("Half leave", base(shocks=[{"kind": "staff_leave", "week": 40, "share": 0.5}]))),
        (
            Step("For 39 weeks both sides are the same.",
                 "In week 40 half of the team leaves. What happens to mean knowledge at once?",
                 ("It falls a little", "It falls by half", "It stays"),
                 lambda t: f"Knowledge in week 40: {t.both('knowledge', 40)}. Newcomers bring what "
                 "they know, and have not learned here.", 40, shade="knowledge", who=0),
            Step("Trust is handed on in part: newcomers hear from the team what to expect.",
                 "Does trust fall more or less than knowledge?", ("More", "Less", "Alike"),
                 lambda t: f"Trust in week 40: {t.both('trust', 40)}.", 40, who=0),
            Step("Three months of contacts remain.", "Is the team back by week 52?",
                 ("Yes", "Nearly", "No"),
                 lambda t: f"Week {YEAR}: use in everyday work {t.both('integration', YEAR)}; "
                 f"knowledge {t.both('knowledge', YEAR)}. Routines belong to the region and stay: "
                 f"{t.both('routines', YEAR)}.", YEAR, shade="integration", who=0),
        ),
        "What could a provider do before people leave, so that less goes with them?",
    ),
    Guided(
        "after", "When assistance ends",
        "What fades, what stays, and why.",
        lambda: (("Half a year of assistance", base(last_week=26)),
                 ("A year of assistance", base(last_week=YEAR))),
        (
            Step("Until week 26 both sides are the same. Then assistance ends on the left.",
                 "What falls first on the left?", ("Trust", "Use in everyday work", "Knowledge"),
                 lambda t: f"Week {YEAR}: trust {t.both('trust', YEAR)}; knowledge "
                 f"{t.both('knowledge', YEAR)}; use {t.both('integration', YEAR)}.",
                 YEAR, arm=0, who=0),
            Step("Now assistance ends on the right as well.",
                 "Half a year later: how much ahead is the right side still in use?",
                 ("Nothing", "A little", "As much as before"),
                 lambda t: f"Use in everyday work in week {HORIZON}: "
                 f"{t.both('integration', HORIZON)}.", HORIZON, who=0, shade="integration"),
            Step("What is used is forgotten more slowly, and routines hold it.",
                 "Which side has more routine?", ("Left", "Right", "Alike"),
                 lambda t: f"Routines in week {HORIZON}: {t.both('routines', HORIZON)}. They grow "
                 "with kept commitments and follow what is used.", HORIZON, who=-2,
                 shade="integration"),
        ),
        "If money is short: longer and thinner, or shorter and denser? Try it in the plan view.",
    ),
)  # fmt: skip


def _regions(network: str) -> dict[str, Any]:
    return {"candidates": 1, "count": 1, "selection": "all", "staff": 8, "network": network,
            "core_team": 0.5}  # fmt: skip


BY_KEY: Mapping[str, Guided] = {one.key: one for one in GUIDED}
OUTCOMES = (
    "trust", "knowledge", "integration", "routines", "staff_accountability",
    "provider_accountability", "commitments_made", "commitments_kept_share",
)  # fmt: skip
WEEKS = (1, 15, 26, 27, 40, YEAR, HORIZON)
_TOLD: Kept[Told] = Kept(12)


def told(guided: Guided) -> Told:
    """Both arms of a story, told, with means; the same for everybody."""
    return _TOLD.get(guided.key, lambda: _told(guided))


def _told(guided: Guided) -> Told:
    arms = guided.arms()
    means: dict[tuple[int, str, int], float] = {}
    for place, (_, scenario) in enumerate(arms):
        job = common(scenario, [scenario.parameter_set()], REGIONS, WEEKS)
        kept = Points(regions=None)
        found = execute(RunPlan((job,), scenario.seed), Execution(threads=1), kept)
        for outcome in OUTCOMES:
            column = found.grid()[0, :, :, 0, INDEX[outcome]]
            for i, week in enumerate(WEEKS):
                values = column[:, i]
                known = values[~np.isnan(values)]
                means[place, outcome, week] = float(known.mean()) if len(known) else float("nan")
    stories = tell(arms[0][1]), tell(arms[1][1])
    return Told((arms[0][0], arms[1][0]), stories, means)
