"""The see view's explanations against the model's own changes; the guided stories."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("nicegui", reason="codose[web] is not installed")

from sim.errors import InputError
from sim.model import CoCreationModel
from sim.outcomes import COLUMN
from sim.scenario import Scenario
from sim.web import guided, see_words
from sim.web.sheets import sheet
from sim.web.story import PROVIDER, PROVIDER_STATES, REGION, STAFF_STATES, Story, small, tell


def eventful() -> Scenario:
    """Everything that can happen to a small region, happens."""
    return Scenario.shipped("classroom").replace(
        background_trend=0.05,
        delivery_work=[{"week": 30, "until_week": 60, "share": 0.2}],
        shocks=[
            {"kind": "provider_leaves", "week": 20, "provider": "provider_1"},
            {"kind": "staff_leave", "week": 20, "share": 0.25},
            {"kind": "staff_leave", "week": 33, "share": 0.5},
            {"kind": "demand_rise", "week": 40, "until_week": 50, "by": 0.3},
        ],
    )


@pytest.fixture(scope="module")
def story() -> Story:
    return tell(eventful())


def test_tracing_changes_nothing(story: Story) -> None:
    model = CoCreationModel(eventful(), collect=False)
    for week in range(1, model.horizon + 1):
        model.step()
        for post, person in enumerate(model.regions[0].staff):
            assert story.people[week][post][:5] == [getattr(person, s) for s in STAFF_STATES]
        assert story.provider[week][0] == model.regions[0].site.record
        assert story.routines[week] == model.regions[0].routines


def test_the_terms_add_up_to_the_change(story: Story) -> None:
    explained = {**dict.fromkeys(range(8), STAFF_STATES[:4]), PROVIDER: PROVIDER_STATES,
                 REGION: ("routines",)}  # fmt: skip
    for week in range(1, len(story.people)):
        for who, states in explained.items():
            before, now = story.state(who, week - 1), story.state(who, week)
            terms = story.terms.get((week, who), [])
            for state in states:
                told = math.fsum(term.change for term in terms if term.state == state)
                assert told == pytest.approx(now[state] - before[state], abs=1e-12), (
                    week,
                    who,
                    state,
                )


def test_every_term_has_words_with_its_numbers(story: Story) -> None:
    rules = set()
    for terms in story.terms.values():
        for term in terms:
            assert see_words.reason(term)
            rules.add(term.rule)
    assert rules >= {"trust_after_contact", "knowledge_from_peer", "after_handover", "newcomer"}


def test_a_quiet_week_changes_by_fading_alone(story: Story) -> None:
    week = next(w for w in range(55, 78) if not any(e["kind"] == "leaves" for e in story.events[w]))
    rules = {term.rule for term in story.terms[week, 0] if term.state == "trust"}
    assert rules == {"faded"}


def test_workload_is_the_sum_of_what_is_shown(story: Story) -> None:
    for (week, post), a in story.loads.items():
        total = (
            a["demand"] + a["offset"] + a["contacts"] + a["per_commitment"] * a["open_commitments"]
            + a["delivery_share"] * a["integration"]
        )  # fmt: skip
        shown = story.people[week][post][4]
        assert shown == pytest.approx(min(1.0, max(0.0, total)), abs=1e-12)


def test_commitments_add_up_to_the_model_s_own_record(story: Story) -> None:
    model = CoCreationModel(eventful(), collect=False)
    record = model.run()
    for name in ("made_staff", "made_provider", "kept_staff", "broken_staff", "kept_provider"):
        assert story.total(name, model.horizon) == record[1:, 0, COLUMN[name]].sum(), name


def test_both_sides_have_the_same_people() -> None:
    plan = Scenario.shipped("source")
    left, right = (tell(small(plan, c, 8, 3)) for c in (0.0, 0.8))
    assert left.people[0] == right.people[0]
    assert left.edges == right.edges
    # the first contact comes to the same people at the same start
    week = next(
        w for w, events in enumerate(left.events) if any(e["kind"] == "contact" for e in events)
    )
    assert left.events[week][0]["present"] == right.events[week][0]["present"]


def test_too_large_a_region_is_refused() -> None:
    with pytest.raises(InputError, match="too many to draw"):
        tell(Scenario.shipped("classroom").replace(
            regions={"candidates": 1, "count": 1, "selection": "all", "staff": 40}
        ))  # fmt: skip
    with pytest.raises(InputError, match="more than one region"):
        tell(Scenario.shipped("source"))


# --- guided stories -------------------------------------------------------------------------------


def test_six_stories_of_three_to_five_steps() -> None:
    assert len(guided.GUIDED) == 6
    assert all(3 <= len(one.steps) <= 5 for one in guided.GUIDED)
    assert all(len(step.answers) >= 2 for one in guided.GUIDED for step in one.steps)


@pytest.mark.parametrize("one", guided.GUIDED, ids=lambda one: one.key)
def test_steps_lie_within_the_story_and_have_a_sheet(one: guided.Guided) -> None:
    for _, scenario in one.arms():
        assert all(step.week <= scenario.horizon_weeks for step in one.steps)
    assert all(step.week in guided.WEEKS for step in one.steps)
    page = sheet(one.key)
    assert page is not None
    assert all(step.question in page.replace("&#x27;", "'") for step in one.steps)
    assert "http" not in page


def test_a_reveal_gives_the_means_of_many_regions() -> None:
    one = guided.BY_KEY["cancelled"]
    found = guided.told(one)
    # until the first cancelled visit both arms are the same, then the record is lower
    assert found.stories[0].people[13] == found.stories[1].people[13]
    assert (
        found.means[1, "provider_accountability", 15]
        < found.means[0, "provider_accountability", 15]
    )
    words = one.steps[0].reveal(found)
    assert f"{found.means[0, 'provider_accountability', 15]:.2f}" in words


def test_no_sheet_for_no_story() -> None:
    assert sheet("nothing") is None
