"""What work takes is known before anything is made: said, asked, refused with what would fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sim import run
from sim.cli import shell
from sim.core.errors import InputError
from sim.engine import compiled
from sim.engine.tables import CONTACT_TYPE
from sim.model.dosage import planned_contacts as readable_contacts
from sim.runs import execute as executing
from sim.runs import price, probe
from sim.runs.collect import Points
from sim.runs.execute import Execution, Unfinished, execute
from sim.runs.plan import RunPlan, common, independent
from sim.scenario.scenario import Scenario
from sim.studies.ask import ask
from sim.studies.kind import StudyKind
from tests.cases import TINY, codose, tiny

DAILY = {"mode": "video", "every_weeks": 1, "hours": 0.5}


def scenario(**fields: Any) -> Scenario:
    return Scenario(name="priced", **{"horizon_weeks": 52, "dosage": [DAILY], **fields})


def plan(one: Scenario, sets: int = 3, replicates: int = 2) -> RunPlan:
    return RunPlan((independent(one, [one.parameter_set()] * sets, replicates, [0]),), seed=1)


HUGE = {"candidates": 4095, "count": 4095, "staff": 1048575}
"""4,293,914,625 people."""


@pytest.fixture
def nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that begins is a failure of the test."""

    def begun(*_: Any, **__: Any) -> Any:
        raise AssertionError("work was begun")

    monkeypatch.setattr(executing, "_Assembly", begun)
    monkeypatch.setattr(compiled, "prepare", begun)


# --- counted -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["source", "classroom", "phone_only", "no_ta"])
def test_contacts_are_those_of_the_readable_engine(name: str) -> None:
    """At most one more or less of a series and region: where the calendar is shifted."""
    one = Scenario.shipped(name)
    found = len(list(readable_contacts(one, one.parameter_set())))
    most = len(one.dosage) * len(one.region_names)
    assert abs(price.planned_contacts(one) - found) <= most


@pytest.mark.parametrize(
    "one",
    [
        Scenario.shipped("source"),
        scenario(regions={"candidates": 9, "count": 9, "staff": 300, "network": "random"}),
        scenario(regions={"candidates": 1, "count": 1, "staff": 2000}, dosage=[DAILY] * 30),
        scenario(
            horizon_weeks=300, regions={"candidates": 300, "count": 300, "staff": 1},
            shocks=[{"kind": "staff_leave", "week": 3, "share": 0.1}] * 9,
        ),
    ],
    ids=["source", "teams", "contacts", "regions"],
)  # fmt: skip
def test_memory_is_what_the_arrays_of_the_engine_take(one: Scenario) -> None:
    prepared = compiled.prepare(one, 1, one.parameter_set().calendar_stagger)
    tables = prepared.tables
    record = (one.horizon_weeks + 1) * len(tables.regions) * 8
    taken = compiled.Workspace(prepared).bytes + len(tables.contacts) * CONTACT_TYPE.itemsize
    found = price.price_of_run(one).bytes
    assert taken + record < found < 3 * taken + 2 * record * 60


def test_a_price_grows_with_everything_that_work_grows_with() -> None:
    few = price.price_of(plan(scenario()), Points(), Execution(threads=1))
    for more in (
        scenario(horizon_weeks=520),
        scenario(regions={"staff": 120}),
        scenario(dosage=[DAILY] * 20),
    ):
        other = price.price_of(plan(more), Points(), Execution(threads=1))
        assert other.seconds > few.seconds
        assert other.bytes > few.bytes
    twice = price.price_of(plan(scenario(), sets=6), Points(), Execution(threads=1))
    assert twice.staff_weeks == 2 * few.staff_weeks
    assert twice.seconds == pytest.approx(2 * few.seconds)
    assert twice.bytes - twice.shared == 2 * (few.bytes - few.shared)
    assert twice.shared == few.shared


def test_partners_threads_and_shards_count() -> None:
    one = scenario()
    sets = [one.parameter_set()] * 8
    alone = RunPlan((common(one, sets, 2, [0]),), seed=1)
    pairs = RunPlan((common(one, sets, 2, [0], counterfactual=True),), seed=1)
    how = Execution(threads=1)
    whole = price.price_of(alone, Points(), how).seconds
    assert price.price_of(pairs, Points(), how).seconds == pytest.approx(2 * whole)
    assert price.price_of(alone, Points(), Execution(threads=4)).seconds == pytest.approx(whole / 4)
    shard = Execution(threads=1, store=Path("x"), shard=(1, 4))
    assert price.price_of(alone, Points(), shard).seconds == pytest.approx(whole / 4)


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("nothing_is_made")
def test_what_cannot_fit_into_memory_is_refused_with_what_would() -> None:
    with pytest.raises(InputError) as caught:
        run(scenario(regions=HUGE), fixed=True, replicates=1)
    problem = caught.value.problem
    assert "4,293,914,625 staff members" in problem.message
    assert "this machine has" in problem.message
    assert problem.allowed.startswith("what would fit: about ")
    assert "staff in place of 4,293,914,625, or fewer weeks" in problem.allowed


@pytest.mark.usefixtures("nothing_is_made")
def test_contacts_without_end_are_refused() -> None:
    """2 * 10**10 of them, of few people and weeks."""
    many = scenario(
        horizon_weeks=1040, regions={"candidates": 1000, "count": 1000, "staff": 1},
        dosage=[DAILY] * 20_000,
    )  # fmt: skip
    with pytest.raises(InputError, match="20,800,000,000 planned contacts"):
        run(many, fixed=True, replicates=1)


@pytest.mark.usefixtures("nothing_is_made")
@pytest.mark.parametrize("replicates", [2**32, 2**27])
def test_more_runs_than_can_be_numbered_are_refused(replicates: int) -> None:
    with pytest.raises(InputError) as caught:
        run("classroom", sets=3, replicates=replicates)
    assert "89,478,485 of each set" in caught.value.problem.allowed


@pytest.mark.usefixtures("nothing_is_made")
def test_a_memory_limit() -> None:
    one = scenario()
    needed = price.price_of(plan(one, 400, 50), Points(), Execution(threads=1))
    limit = (needed.shared + (needed.bytes - needed.shared) / 2.0) / 2**30
    with pytest.raises(InputError) as caught:
        execute(plan(one, 400, 50), Execution(threads=1, memory_limit=limit))
    assert caught.value.problem.field == "memory_limit"
    assert "200 parameter sets in place of 400, or 25 replicates in place of 50" in str(
        caught.value
    )


def test_a_limit_is_held_to_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what fits by the measure is run, whatever was reckoned."""
    monkeypatch.setattr(price, "LONG", 0.0)
    monkeypatch.setattr(probe, "seconds", lambda *_, **__: 240.0)
    with pytest.raises(InputError) as caught:
        execute(plan(scenario(), 40, 6), Execution(threads=1, time_limit=1.0))
    said = str(caught.value)
    assert "240 runs of 'priced' take about 4 min here, and the limit is 1 min" in said
    fits = "9 parameter sets in place of 40, or 1 replicate in place of 6, or a limit of 4 min 48 s"
    assert f"what would fit: {fits}" in said  # 9: some of the minute is gone
    monkeypatch.setattr(probe, "seconds", lambda *_, **__: 1.0)
    assert execute(plan(scenario()), Execution(threads=1, time_limit=1.0)).made


def test_a_limit_that_is_partly_used_says_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price, "LONG", 0.0)
    monkeypatch.setattr(probe, "seconds", lambda *_, **__: 50.0)
    monkeypatch.setattr(Execution, "spent", 20.0)
    with pytest.raises(InputError) as caught:
        execute(plan(scenario()), Execution(threads=1, time_limit=1.0))
    said = str(caught.value)
    assert "take about 50 s here, and the limit is 1 min, of which 40 s is left" in said
    assert "a limit of 1 min 20 s" in said  # what is used, and a fifth more than the runs take


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["time_limit", "memory_limit"])
def test_limits_that_are_none(name: str, limit: float) -> None:
    with pytest.raises(InputError, match=f"{name}: .* is not a limit"):
        Execution(**{name: limit})


def test_the_limit_of_a_file_holds_in_python_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "seconds", lambda *_, **__: 240.0)
    study = StudyKind.of("sensitivity").make(**{**TINY["sensitivity"], "time_limit_minutes": 1e-6})
    with pytest.raises(InputError, match="time_limit"):
        ask(study)


# --- said ----------------------------------------------------------------------------------------


def long_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price, "LONG", 0.0)
    monkeypatch.setattr(probe, "seconds", lambda *_, **__: 2400.0)


def words(tmp_path: Path, *more: str) -> list[str]:
    return ["run", "classroom", "--sets", "3", "-n", "2", "--no-figures", "--out",
            str(tmp_path / "out"), *more]  # fmt: skip


def test_a_script_is_told_and_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    long_work(monkeypatch)
    done = codose(*words(tmp_path))
    assert done.exit_code == 0
    assert "6 runs take about 40 min here." in done.stderr
    done = codose(*words(tmp_path, "--quiet", "--force"))
    assert done.exit_code == 0
    assert "40 min" not in done.stderr


def test_somebody_at_a_terminal_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(shell.typer, "confirm", lambda text, **_: asked.append(text) or False)
    agree = shell.asking(yes=False, quiet=False)
    assert [agree("it takes 2 h"), agree("it takes 3 h")] == [False, False]
    assert asked == ["it takes 2 h. Go on? (--yes: not asked)"]
    assert shell.asking(yes=True, quiet=True)("it takes 2 h")
    assert len(asked) == 1


@pytest.mark.usefixtures("nothing_is_made")
def test_who_does_not_want_it_has_lost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    long_work(monkeypatch)
    told: list[str] = []
    how = Execution(agree=lambda text: bool(told.append(text)))
    with pytest.raises(InputError, match="nothing was run"):
        execute(plan(scenario()), how)
    assert told == ["6 runs take about 40 min here"]


@pytest.mark.usefixtures("nothing_is_made")
def test_a_study_of_many_plans_is_agreed_on_before_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long_work(monkeypatch)
    told: list[str] = []
    with pytest.raises(InputError, match=r"you declined .* runs; nothing was run"):
        ask(tiny("plan"), Execution(agree=lambda text: bool(told.append(text))))
    assert len(told) == 1
    with pytest.raises(InputError, match=r"time_limit: .* runs of .* here, and the limit is 1 min"):
        ask(tiny("plan"), Execution(time_limit=1.0))


def test_it_is_agreed_on_once_and_for_all_its_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its plans is short, and all of them together are not."""
    monkeypatch.setattr(price, "LONG", 0.5)
    monkeypatch.setattr(probe, "seconds", lambda plan, *_, **__: 0.01 * plan.runs)
    monkeypatch.setattr(price, "SPEED", {"compiled": 1e5})  # none is so slow: all are timed
    told: list[str] = []
    found = ask(tiny("plan"), Execution(agree=lambda text: not told.append(text)))
    (said,) = told
    most = int(said.split(" runs ")[0].replace(",", ""))
    assert found.runs <= most <= 2 * found.runs


def test_runs_that_are_stored_cost_nothing_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = plan(scenario(), sets=64)  # of two runs each, in chunks
    whole = price.price_of(runs, Points(), Execution()).seconds
    half = Execution(store=tmp_path / "runs", shard=(1, 2))
    with pytest.raises(Unfinished):
        execute(runs, half)
    again = Execution(store=tmp_path / "runs", resume=True)
    left = price.price_of(runs, Points(), again).seconds
    assert left == pytest.approx(whole / 2)
    other = Execution(store=tmp_path / "runs", resume=True, shard=(2, 2))
    assert price.price_of(runs, Points(), other).seconds == pytest.approx(whole / 2)
    mine = Execution(store=tmp_path / "runs", resume=True, shard=(1, 2))
    assert price.price_of(runs, Points(), mine).seconds == 0.0
    long_work(monkeypatch)
    told: list[str] = []
    execute(runs, replace(again, agree=lambda text: not told.append(text)))
    assert told == ["what is left of 128 runs takes about 20 min here"]
    execute(runs, replace(again, agree=lambda text: not told.append(text)))
    assert len(told) == 1, "nothing is left"


def test_work_that_is_refused_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = codose("run", "classroom", "--time-limit", "1e-9")
    assert ran.exit_code == 2
    assert "nothing was run" in ran.stderr
    assert not list(tmp_path.iterdir())


def test_short_work_is_neither_timed_nor_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("short work was timed")

    monkeypatch.setattr(probe, "seconds", never)
    execute(plan(scenario()), Execution(agree=never))


@pytest.mark.parametrize("kind", sorted({*TINY} - {"tally", "sensitivity"}))
def test_every_command_has_the_limits(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, what would fit, and nothing is left behind."""
    from tests.cases import command_line

    monkeypatch.setattr(probe, "seconds", lambda *_, **__: 240.0)
    out = tmp_path / "out"
    asked = [*command_line(tiny(kind), tmp_path), "--out", str(out), "--no-figures"]
    for limit in (["--time-limit", "1e-6"], ["--memory-limit", "1e-6"]):
        done = codose(*asked, *limit)
        assert done.exit_code == 2, done.stderr
        assert "what would fit" in done.stderr
        assert not out.exists()
        assert not out.with_name("out.parts").exists()


def test_validate_says_what_four_thousand_million_people_take(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    file.write_text(f"name: huge\nregions: {json.dumps(HUGE)}\n", encoding="utf-8")
    done = codose("validate", str(file))
    assert done.exit_code == 0
    assert "fine" not in done.stdout
    assert "well-formed, but too large for this machine" in done.stdout
    assert "what would fit" in done.stdout
    assert codose("validate", "source").stdout.startswith("source: fine (3 regions, 36 staff")
