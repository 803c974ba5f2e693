"""The page without a browser: levers, addresses, answers, the desk."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pytest

pytest.importorskip("nicegui", reason="codose[web] is not installed")

from sim import batch
from sim.dosage import planned_contacts
from sim.errors import ScenarioError
from sim.outcomes import at_week, weekly
from sim.scenario import Scenario, shipped_names
from sim.web import address, answer, desk, levers
from sim.web.address import Plan


@pytest.mark.parametrize("name", shipped_names())
def test_nothing_moved_changes_nothing(name: str) -> None:
    scenario = Scenario.shipped(name)
    assert levers.apply(scenario, {}) is scenario


@pytest.mark.parametrize("name", ["source", "planning", "centre_log", "turnover_wave"])
def test_a_moved_lever_stands_where_it_was_put(name: str) -> None:
    start = Scenario.shipped(name)
    wanted: levers.Changes = {
        "visits": 0.5, "visit_hours": 3.0, "calls": 2.0, "call_hours": 1.0, "mode": "phone",
        "months": 18.0, "co_creation": 0.35, "taper": 0.8, "core_team": 0.5, "staff": 9.0,
        "providers": 2.0, "weekly_hours": 12.0, "travel_visit": 100.0,
    }  # fmt: skip
    if start.contact_log is not None:  # its dosage begins after the log
        wanted["months"] = 30.0
    found = levers.read(levers.apply(start, wanted))
    for lever, value in wanted.items():
        assert found[lever] == value, lever


def test_what_nobody_moved_stays() -> None:
    start = Scenario.shipped("delivery_phase")
    moved = levers.apply(start, {"weekly_hours": 10.0})
    assert moved.dosage == start.dosage
    assert moved.regions == start.regions
    assert moved.delivery_work == start.delivery_work


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"visits": 99.0}, "allowed: 0..4.35"),
        ({"visit": 1.0}, "did you mean 'visits'?"),
        ({"staff": 2.5}, "not a whole number"),
        ({"months": "soon"}, "is not a number"),
        ({"months": float("nan")}, "is not a number"),
        ({"mode": "vidio"}, "did you mean 'video'?"),
        ({"p.trust_stp": 0.2}, "did you mean 'trust_step'?"),
        ({"p.trust_step": 3.0}, "limits of the equation"),
    ],
)
def test_mistakes_name_what_is_allowed(changes: levers.Changes, words: str) -> None:
    with pytest.raises(ScenarioError, match=words.replace("?", r"\?")):
        levers.apply(Scenario.shipped("source"), changes)


def test_addresses_come_back_whole() -> None:
    plan = address.shipped("planning").moved("visits", 0.123456789).moved("mode", "phone")
    plan = plan.moved("p.hour_scale", 1.7)
    kept = Plan("source", Scenario.shipped("source"), {"months": 6.0}, "A & B = ?")
    text = address.query(plan, [kept])
    assert text is not None
    back, others = address.parse(text)
    assert back == plan
    assert others == [kept]


def test_a_file_travels_in_the_address() -> None:
    scenario = Scenario.shipped("centre_log")
    plan = address.from_file(scenario.to_yaml(), "x.yaml").moved("weekly_hours", 8.0)
    text = address.query(plan)
    assert text is not None
    back, _ = address.parse(text)
    assert back.scenario() == plan.scenario()


def test_a_packed_plan_cannot_unpack_beyond_a_mebibyte() -> None:
    import base64
    import zlib

    bomb = base64.urlsafe_b64encode(zlib.compress(b"#" * (1 << 24), 9)).decode()
    with pytest.raises(ScenarioError, match="damaged"):
        address.parse(f"plan={bomb}")


def test_a_dropped_file_may_not_name_files() -> None:
    text = "name: x\ncontact_log: {file: /etc/passwd}\n"
    with pytest.raises(ScenarioError) as caught:
        address.from_file(text, "x.yaml")
    assert "root:" not in str(caught.value)


# --- answers --------------------------------------------------------------------------------------


def small() -> Scenario:
    return Scenario.shipped("classroom").replace(horizon_weeks=60)


def test_an_answer_is_the_runs_themselves() -> None:
    # An independent way: every week of every run, summarised outcome by outcome.
    scenario = small()
    found = answer.answer(scenario)
    count, each, _ = answer.plan_runs(scenario)
    sets = answer._sets(count).within(scenario)
    which = np.repeat(np.arange(count), each)

    def records(one: Scenario) -> np.ndarray:
        chunks = batch.run_all(one, sets, which, np.arange(count * each), one.seed)
        return np.concatenate([chunk.records for chunk in chunks])

    with_ta, without = records(scenario), records(scenario.without_ta())
    place = answer.outcomes.INDEX["knowledge"]
    end = scenario.end_of_ta
    difference = (
        at_week(with_ta, end, scenario.costs)[:, -1, place]
        - at_week(without, end, scenario.costs)[:, -1, place]
    )
    assert found.effects["knowledge", "end_of_ta"].mean == pytest.approx(
        difference.mean(), abs=1e-12
    )
    middle = np.median(weekly(with_ta, scenario.costs)[:, found.weeks, -1, place], axis=0)
    np.testing.assert_allclose(found.with_ta["knowledge"].middle, middle, atol=1e-12)


def test_without_a_plan_nothing_is_gained() -> None:
    found = answer.answer(small().without_ta())
    assert all(effect.mean == 0.0 for effect in found.effects.values())
    assert found.totals["cost"].mean == 0.0


def test_planned_hours_add_up_by_hand() -> None:
    # 1 region, 1 provider, 3 visits of 2 h (preparation 1 + .5 h, travel 6 h), 8 staff.
    scenario = Scenario.from_text(
        "name: x\nhorizon_weeks: 30\nregions: {candidates: 1, count: 1, staff: 8}\n"
        "providers: {count: 1, weekly_hours: 10}\n"
        "dosage: [{mode: onsite, every_weeks: 10, hours: 2, last_week: 25}]\n"
    )
    assert len(planned_contacts(scenario, scenario.parameter_set())) == 3
    found = answer.planned(scenario)
    assert found.provider_hours == pytest.approx(3 * (2 * 1.5 + 1 + 6))
    assert found.staff_hours == 3 * 2 * 8
    assert found.cost == pytest.approx(100 * 30 + 50 * 48 + 600 * 3)
    assert found.load == pytest.approx(30 / 25 / 10)


def test_a_larger_plan_gets_fewer_runs_and_a_huge_one_a_refusal() -> None:
    usual = sum(answer.plan_runs(Scenario.shipped("source")))
    assert sum(answer.plan_runs(Scenario.shipped("national"))) < usual
    huge = Scenario.shipped("national").replace(horizon_weeks=520)
    huge = huge.replace(regions={**huge.regions.model_dump(mode="json"), "staff": 100_000})
    with pytest.raises(desk.TooMuch, match="codose run"):
        answer.plan_runs(huge)


# --- the desk -------------------------------------------------------------------------------------


def test_only_the_newest_of_what_waits_is_done() -> None:
    async def scene() -> tuple[list[object], list[int]]:
        made = desk.Desk(threads=1)
        visitor = made.arrive()
        begun: list[int] = []
        gate = threading.Event()

        def work(number: int) -> int:
            begun.append(number)
            gate.wait(10)
            return number

        first = asyncio.create_task(made.quick(visitor, lambda: work(0)))
        while not begun:
            await asyncio.sleep(0.01)
        later = [asyncio.create_task(made.quick(visitor, lambda i=i: work(i))) for i in (1, 2, 3)]
        await asyncio.sleep(0.05)
        gate.set()
        results = [await task for task in (first, *later)]
        made.close()
        return results, begun

    results, begun = asyncio.run(scene())
    assert results == [None, None, None, 3]
    assert begun == [0, 3]


def test_long_work_does_not_keep_a_slider_waiting() -> None:
    async def scene() -> float:
        made = desk.Desk(threads=1)
        one, two = made.arrive(), made.arrive()
        gate = threading.Event()
        job = made.begin(one, lambda job: gate.wait(10))
        start = time.monotonic()
        assert await made.quick(two, lambda: "answer") == "answer"
        waited = time.monotonic() - start
        gate.set()
        while not job.over:
            await asyncio.sleep(0.01)
        made.close()
        return waited

    assert asyncio.run(scene()) < 5


def test_a_closed_tab_frees_its_work() -> None:
    async def scene() -> tuple[str, str, int]:
        made = desk.Desk()
        gone, waits = made.arrive(), made.arrive()
        started = threading.Event()

        def endless(job: desk.Job) -> None:
            started.set()
            while True:
                job.progress(1, 2)
                time.sleep(0.005)

        first = made.begin(gone, endless)
        second = made.begin(waits, lambda job: "done")
        await asyncio.to_thread(started.wait, 10)
        assert made.position(second) == 2
        made.leave(gone)
        while not second.over:
            await asyncio.sleep(0.01)
        state = first.state, second.state, len(made.visitors)
        made.close()
        return state

    assert asyncio.run(scene()) == ("cancelled", "done", 1)


def test_a_failure_of_ours_is_a_sentence_and_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> desk.Job:
        made = desk.Desk()
        job = made.begin(made.arrive(), lambda job: 1 / 0)
        while not job.over:
            await asyncio.sleep(0.01)
        made.close()
        return job

    job = asyncio.run(scene())
    assert job.state == "failed"
    assert "ZeroDivisionError" not in job.problem
    assert "ZeroDivisionError" in caplog.text


def test_an_allowance_is_used_up_and_says_when_to_come_back() -> None:
    visitor = desk.Visitor(1)
    visitor.spend(desk.ALLOWANCE)
    with pytest.raises(desk.TooMuch, match="try again in"):
        visitor.spend(desk.REFILL * 10)


def test_every_cell_of_the_map_can_be_put_on_the_sliders() -> None:
    from sim.web.plan_map import EVERY, HOURS

    start = Scenario.shipped("source")
    for weeks in EVERY:
        moved = levers.apply(start, {"visits": levers.a_month(weeks), "visit_hours": HOURS[-1]})
        assert moved.dosage[0].every_weeks == pytest.approx(weeks, rel=0.03)
