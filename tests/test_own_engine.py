"""A model of one's own as an engine: the same numbers, everywhere, and what it promises is held."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from checks import make_scenario
from own_model import Counting, let_down, trust_again
from study_case import digest

import sim
from sim import compare, load, run, simulator, surface, verify
from sim.core.errors import CodoseError, InputError
from sim.model.week import CoCreationModel
from sim.runs import execute as executing
from sim.runs import own, price
from sim.runs.bands import EXACT_RUNS
from sim.runs.collect import Points
from sim.runs.execute import Execution, execute
from sim.runs.plan import RunPlan, independent
from sim.runs.processes import Processes
from sim.runs.weekly import Weekly, job_weeks
from sim.scenario.scenario import Scenario
from sim.studies.ask import ask
from sim.studies.kind import StudyKind

VIDEO = {"mode": "video", "every_weeks": 2, "hours": 2.0}
CASE = make_scenario(weeks=30, regions=2, staff=5, dosage=[{**VIDEO, "last_week": 16}])
LESS = CASE.replace(name="less", dosage=[{**VIDEO, "every_weeks": 8, "last_week": 16}])


@pytest.fixture(scope="module")
def counting() -> Any:
    """Runs by a model that only counts."""
    return run(CASE, sets=3, replicates=2, seed=1, engine=Counting)


# --- the same numbers ----------------------------------------------------------------------------


def test_a_model_that_only_counts_gives_the_numbers_of_codose(counting: Any) -> None:
    """Every table, but for the rows of its own outcomes; the compiled engine is the oracle."""
    codose = run(CASE, sets=3, replicates=2, seed=1)
    for name in ("summary", "runs", "weeks"):
        found = counting.table(name)
        found = found[~found["outcome"].isin([*Counting.outcomes])].reset_index(drop=True)
        kept = codose.table(name)
        for frame in (found, kept):
            frame["outcome"] = frame["outcome"].astype(str)
        pd.testing.assert_frame_equal(found, kept)


def test_they_are_among_the_headlines(counting: Any) -> None:
    headlines = counting.table("headlines").set_index("outcome")
    assert list(headlines.index)[-3:] == list(Counting.outcomes)
    one, other = (headlines.loc[name].drop("unit") for name in ("trust_again", "trust"))
    np.testing.assert_allclose(one.astype(float), other.astype(float), rtol=1e-6)


@pytest.mark.parametrize(
    ("own", "same"), [("trust_again", "trust"), ("held_again", "contacts_held")]
)
def test_an_own_outcome_that_repeats_one_of_codose_has_its_summaries_and_bands(
    counting: Any, own: str, same: str
) -> None:
    """A level of each region, and a total of all together (of regions there is none)."""
    for name in ("summary", "weeks"):
        table = counting.table(name)
        table = table[table["region"] == "overall"] if own == "held_again" else table
        table = table[~table["region"].isin(["worst", "spread"])]
        one, other = (
            table[table["outcome"] == each].drop(columns=["outcome"]).reset_index(drop=True)
            for each in (own, same)
        )
        assert len(one) >= 3
        pd.testing.assert_frame_equal(one, other, rtol=1e-9)


def test_bands_of_many_runs_are_counted() -> None:
    """Above the limit of exact quantiles, also for what has no bounds and may be negative."""
    engine = own.own_engine(CoCreationModel, {"debt": lambda model: -3.0 * model.replicate})
    assert engine.outcomes["debt"].low == -np.inf
    scenario = Scenario.shipped("classroom").replace(horizon_weeks=2, dosage=[])
    job = independent(scenario, [scenario.parameter_set()], 5, job_weeks(scenario),
                      counterfactual=True)  # fmt: skip
    found = execute(RunPlan((job,), 1, engine), Execution(threads=1), Weekly(EXACT_RUNS + 1))
    assert found.table.mean[0, 1, -1, -1] == -6.0
    assert found.table.quantiles[2, 0, 1, -1, -1] == pytest.approx(-6.0, rel=1e-2)


def test_compare_and_surface_ask_own_outcomes() -> None:
    outcomes = {"let_down": let_down}
    found = compare(
        CASE, LESS, sets=2, replicates=2, engine=Counting, outcomes=["trust_again", "trust"]
    )
    table = found.table("differences").set_index(["outcome", "point"])
    for column in ("mean_a", "mean_b", "mean", "margin"):
        assert table.loc["trust_again"][column].to_list() == pytest.approx(
            table.loc["trust"][column].to_list(), rel=1e-9
        )
    assert {*found.table("regions")["outcome"]} == {"trust", "trust_again"}
    staff = Counting.staff_class
    model = type("Named", (CoCreationModel,), {"staff_class": staff})
    both = compare(CASE, LESS, sets=2, replicates=1, engine=model, outcomes=outcomes)
    assert "let_down" in set(both.table("differences")["outcome"])
    mapped = surface(CASE, every_weeks=(4,), hours=(1,), sets=2, replicates=1, engine=Counting,
                     outcomes=["trust", "trust_again"])  # fmt: skip
    trust = mapped.table("surface").set_index("outcome")["mean"]
    assert trust["trust"] == pytest.approx(trust["trust_again"], rel=1e-9)


def test_a_sensitivity_study_asks_own_outcomes_by_the_name_of_the_model() -> None:
    study = StudyKind.of("sensitivity").make(
        scenario=CASE, engine="own_model:Counting", outcomes=["trust", "trust_again"],
        method="morris", samples=4, replicates=1, factors=["trust_step", "power_sharing"],
    )  # fmt: skip
    table = ask(study).table("indices")
    one, other = (table[table["outcome"] == name] for name in ("trust", "trust_again"))
    numbers = [each.select_dtypes("number").to_numpy() for each in (one, other)]
    assert len(numbers[0]) > 1
    np.testing.assert_allclose(*numbers, rtol=1e-6)


# --- processes, stores, manifests ----------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes also for few runs."""
    monkeypatch.setattr(price, "PROCESS_WORK", 2**10)


def plan(engine: Any = Counting) -> RunPlan:
    sets = [CASE.parameter_set(), CASE.parameter_set().replace(trust_step=0.2)]
    return RunPlan((independent(CASE, sets, 3, [10, 30]),), 1, engine)


def test_processes_give_the_same_bytes(small: None) -> None:
    here = execute(plan(), Execution(threads=1))
    assert digest(execute(plan(), Execution(threads=2))) == digest(here)
    assert executing._Assembly(plan(), Execution(threads=2), here.kept, {}).processes == 2


def test_a_slow_model_is_priced_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The speeds of the model as it is say nothing of what a subclass does."""
    clock = iter([0.0, 100.0])
    monkeypatch.setattr(price, "_slowness", {})
    monkeypatch.setattr(price.time, "perf_counter", lambda: next(clock))
    sets = [CASE.parameter_set()] * 20
    slow = RunPlan((independent(CASE, sets, 3, [10, 30]),), 1, Counting)
    with pytest.raises(InputError, match=r"60 runs .* take about 50 min .* nothing was run"):
        execute(slow, Execution(threads=2, time_limit=10))
    assert price.process_count(slow, Points(), Execution(threads=2)) == 2
    few = RunPlan((independent(CASE, sets[:1], 3, [10, 30]),), 1, Counting)
    assert price.slowness(few) == 1.0


def test_so_does_any_executor_and_a_store_that_goes_on(tmp_path: Path) -> None:
    here = execute(plan(), Execution(threads=1))
    with ThreadPoolExecutor(1) as executor:
        found = execute(plan(), Execution(executor=executor, store=tmp_path / "store"))
    assert digest(found) == digest(here)
    parts = sorted((tmp_path / "store").rglob("*.parquet"))
    parts[-1].unlink()
    again = execute(plan(), Execution(store=tmp_path / "store", resume=True))
    assert digest(again) == digest(here)


MINE = """
from sim import CoCreationModel

class Mine(CoCreationModel):
    pass
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's module."""
    path = tmp_path / "mine_of_a_user.py"
    path.write_text(MINE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield path
    sys.modules.pop("mine_of_a_user", None)


def test_the_manifest_names_the_engine_and_verify_says_when_its_source_differs(
    module: Path, tmp_path: Path
) -> None:
    name = "mine_of_a_user:Mine"
    runs = run("classroom", fixed=True, replicates=1, seed=1, engine=name)
    folder = runs.save(tmp_path / "results", figures=())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["engine"] == name
    assert manifest["engine_source"] == own.own_engine(name).source != ""
    seen = verify(folder)
    assert seen.ok
    assert seen.notes == ()
    module.write_text(MINE + "# another\n", encoding="utf-8")
    seen = verify(folder)
    assert seen.ok
    assert seen.notes == (f"the source of {name} is not that of the results",)


def test_a_store_of_another_source_is_of_another_plan(module: Path, tmp_path: Path) -> None:
    def made() -> Any:
        return execute(plan("mine_of_a_user:Mine"), Execution(store=tmp_path / "s", resume=True))

    made()
    module.write_text(MINE + "# another\n", encoding="utf-8")
    with pytest.raises(InputError, match="source of the engine"):
        made()


def test_results_are_read_without_the_model_and_made_again_only_with_it(
    module: Path, tmp_path: Path
) -> None:
    folder = run(
        "classroom", fixed=True, replicates=1, seed=1, engine="mine_of_a_user:Mine",
        outcomes={"crowd": lambda model: len(model.staff)},
    ).save(tmp_path / "results", figures=())  # fmt: skip
    module.unlink()
    sys.modules.pop("mine_of_a_user")
    result = load(folder)
    assert result.study.about("crowd").meaning == "crowd"
    assert "capacity" in result.answer.text
    with pytest.raises(InputError, match="were made by an engine of its own"):
        verify(folder)


def test_a_model_of_a_notebook_runs_here_and_nowhere_else(small: None) -> None:
    class Local(CoCreationModel):
        pass

    assert execute(plan(Local), Execution(threads=2)).complete
    with ThreadPoolExecutor(1) as executor, pytest.raises(InputError) as caught:
        execute(plan(Local), Execution(executor=executor))
    assert "Local cannot be pickled for other processes" in str(caught.value)


def test_a_process_that_dies_is_one_sentence() -> None:
    with Processes(1) as executor, pytest.raises(CodoseError, match="a process that made runs is"):
        executor.submit(exec, "import os; os._exit(9)").result()


def test_what_a_model_prints_in_a_process_is_no_answer() -> None:
    with Processes(1) as executor:
        assert executor.submit(print, "nothing").result() is None


# --- promises ------------------------------------------------------------------------------------

FORM = "module:Model, a class of your own that derives from CoCreationModel"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("own_model:TooTrusting",
         "engine: own_model:TooTrusting breaks a promise of engines: the trust of post 2 in "
         "region_1 is 1.5 in week 1; allowed: 0..1"),
        ("own_model:NoNumber",
         "engine: own_model:NoNumber breaks a promise of engines: the knowledge of post 0 in "
         "region_1 is nan in week 1; allowed: 0..1"),
        ("own_model:MesaDice",
         "engine: own_model:MesaDice breaks a promise of engines: it draws from model.random, so "
         "that its runs with and without TA do not share their chance; allowed: "
         "self.model.stream.uniform(purpose, entity, draw, week)"),
        ("own_model:NumpyDice",
         "engine: own_model:NumpyDice breaks a promise of engines: it draws from numpy.random, so "
         "that its runs with and without TA do not share their chance; allowed: "
         "self.model.stream.uniform(purpose, entity, draw, week)"),
        ("own_model:OwnDice",
         "engine: own_model:OwnDice breaks a promise of engines: the same seed gives another trust "
         "in week 2 when it is asked again; allowed: draws of self.model.stream, and no state "
         "outside the model"),
        ("own_model:NoModel",
         f"engine: 'own_model:NoModel' is not a subclass of CoCreationModel; allowed: {FORM}"),
        ("own_model:Gone",
         "engine: 'own_model:Gone' cannot be imported (AttributeError: module 'own_model' has no "
         f"attribute 'Gone'); allowed: {FORM}"),
        ("nowhere:Model",
         "engine: 'nowhere:Model' cannot be imported (ModuleNotFoundError: No module named "
         f"'nowhere'); allowed: {FORM}"),
        (dict, f"engine: 'dict' is not a subclass of CoCreationModel; allowed: {FORM}"),
        ("compiled", "engine: cannot compute outcomes of your own; allowed: mesa, or "
                     f"{FORM}"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_one_sentence(model: Any, said: str) -> None:
    outcomes = {"crowd": len} if model == "compiled" else None
    with pytest.raises(InputError) as caught:
        run("classroom", fixed=True, replicates=1, engine=model, outcomes=outcomes)
    assert str(caught.value) == said


def test_a_model_that_raises_in_every_run_gives_no_answer() -> None:
    with pytest.raises(InputError, match=r"every run failed.*ZeroDivisionError: nobody is there"):
        run("classroom", fixed=True, replicates=2, engine="own_model:Fails")


def test_people_are_looked_at_in_the_compiled_engine_alone() -> None:
    from sim.runs.people import People

    with pytest.raises(InputError, match="people can be looked at in the compiled engine only"):
        execute(plan(), None, People())


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("own_model:Counting", 0, ""),
        ("own_model:TooTrusting", 2, "breaks a promise"),
        ("own_model:NoModel", 2, "--engine: 'own_model:NoModel' is not a subclass"),
        ("own_model:Fails", 2, "every run failed, the first with TA: ZeroDivisionError"),
        ("mesaa", 2, "did you mean 'mesa'?"),
    ],
)
def test_the_command_exits_with_2(
    model: str, code: int, said: str, tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sim.cli import main

    words = ["codose", "run", "classroom", "--fixed", "-n", "1", "--no-figures", "-q"]
    monkeypatch.setattr(sys, "argv", [*words, "--engine", model, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capfd.readouterr()
    assert (stopped.value.code or 0) == code
    assert said in printed.err
    assert "Traceback" not in printed.err
    assert (tmp_path / "out").exists() == (code == 0)


def test_every_kind_has_the_option() -> None:
    for name in sim.studies.names():
        assert "engine" in StudyKind.of(name).Spec.model_fields


# --- as one function of numbers -------------------------------------------------------------------


def test_the_simulator_asks_a_model_of_ones_own() -> None:
    """Oracle: the engine's own mean trust, which the outcomes of the model repeat."""
    names = ["trust", "trust_again", "effect on trust", "effect on trust_again"]
    f = simulator("classroom", ["trust_step"], names, 30, replicates=2, engine=Counting)
    found = f([[0.2], [0.4]])
    assert found[:, 1::2] == pytest.approx(found[:, ::2], rel=1e-12)
    assert found[0, 0] != found[1, 0]
    g = simulator("classroom", ["trust_step"], {"again": trust_again, "trust": None}, 30,
                  replicates=2)  # fmt: skip
    assert g.outcomes == ("again", "trust")
    assert pickle.loads(pickle.dumps(g))([[0.2], [0.4]]) == pytest.approx(found[:, [1, 0]])


def test_the_simulator_refuses_as_run_does() -> None:
    for asked, message in {
        ("compiled", "cannot compute outcomes of your own"),
        ("nowhere:Model", "cannot be imported"),
    }:
        with pytest.raises(InputError, match=message):
            simulator("classroom", ["trust_step"], {"again": trust_again}, engine=asked)


@pytest.mark.parametrize(("kind", "name"), [("audit", "audit_source"), ("patterns", "patterns"),
                                            ("calibrate", "calibrate")])  # fmt: skip
def test_what_looks_at_people_refuses_every_engine_but_the_compiled_one(
    kind: str, name: str
) -> None:
    with pytest.raises(InputError, match="engine: this kind of study looks at people"):
        StudyKind.of(kind).read(name, engine="mesa")
    assert StudyKind.of(kind).read(name, engine="compiled").header.engine == "compiled"
