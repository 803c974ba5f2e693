"""People, the collector: what instruments see is what the runs were, made whichever way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.core.errors import InputError
from sim.core.outcomes import COLUMN
from sim.engine import compiled
from sim.runs.execute import Execution, Unfinished, execute
from sim.runs.instruments import observe
from sim.runs.people import People, SeenRuns
from sim.runs.plan import RunPlan, common, independent
from sim.scenario.scenario import Scenario

SOURCE = Scenario.shipped("source")
SETS = [SOURCE.parameter_set().replace(trust_step=step) for step in (0.1, 0.2, 0.3)]


def plan(engine: str = "auto") -> RunPlan:
    jobs = (
        independent(SOURCE, SETS, 4, weeks=[0, 52, 104]),
        independent(SOURCE.without_ta(), SETS, 4, weeks=[104]),
    )
    return RunPlan(jobs, 7, engine)


def same(one: SeenRuns, other: SeenRuns) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one.rows, other.rows, strict=True)) and (
        one.failures == other.failures
    )


def test_everybody_is_as_the_engine_has_them() -> None:
    seen = execute(plan(), None, People()).of(1)
    assert seen.replicates.tolist() == [4, 5, 6, 7]
    _, states, _ = compiled.simulate_states(SOURCE, SETS[1], 7, 5)
    from sim.engine import kernel

    field = kernel.FIELDS.index("knowledge")
    for wave, week in enumerate(seen.weeks):
        expected = np.concatenate([one["people"][week, field] for one in states])
        np.testing.assert_array_equal(seen.people["knowledge"][1, wave], expected)
        context = [one["site"][week, kernel.CONTEXT] for one in states]
        np.testing.assert_array_equal(seen.context[1, wave], context)


def test_it_is_the_same_whoever_makes_it_and_however_often_it_is_interrupted(
    tmp_path: Path,
) -> None:
    whole = execute(plan(), Execution(threads=1), People())
    with ThreadPoolExecutor(2) as pool:
        assert same(execute(plan(), Execution(executor=pool), People()), whole)
    first = Execution(store=tmp_path / "s", shard=(1, 2))
    with pytest.raises(Unfinished):
        execute(plan(), first, People())
    done: list[int] = []
    how = Execution(store=tmp_path / "s", resume=True, progress=lambda n, total: done.append(n))
    assert same(execute(plan(), how, People()), whole)
    assert done[1] > 0


def test_a_run_that_fails_is_left_out_of_its_set_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = compiled.run_chunk

    def broken(prepared: Any, sets: Any, which: Any, replicates: Any, **more: Any) -> Any:
        record = real(prepared, sets, which, replicates, **more)
        if replicates[0] == 6 and record[..., COLUMN["held"]].any():  # with TA
            record[0, 3, 0, 0] = np.nan
        if replicates[0] == 1:
            raise RuntimeError("out of order")
        return record

    monkeypatch.setattr(compiled, "run_chunk", broken)
    found = execute(plan(), None, People())
    assert [(f.job, f.set_index, f.replicate) for f in found.failures] == [
        (0, 0, 1), (0, 1, 6), (1, 0, 1),
    ]  # fmt: skip
    assert "week 3" in found.failures[1].reason
    assert found.failures[0].reason == "RuntimeError: out of order"
    assert found.of(1).replicates.tolist() == [4, 5, 7]
    assert np.isfinite(found.of(1).people["trust"]).all()
    both = found.usable([0, 1], 1)
    assert both.tolist() == [True, True, False, True]
    assert found.of(1, 1, both).replicates.tolist() == found.of(1, 0, both).replicates.tolist()


def test_to_observe_is_to_make_one_set() -> None:
    found = execute(RunPlan((common(SOURCE, SETS[:1], 3, [52], first=2),), 7), None, People())
    seen = observe(SOURCE, SETS[0], seed=7, replicates=3, weeks=[52], first_replicate=2)
    np.testing.assert_array_equal(seen.people["trust"], found.of(0).people["trust"])
    np.testing.assert_array_equal(seen.entities, found.of(0).entities)


def test_the_readable_engine_shows_nobody() -> None:
    with pytest.raises(
        InputError, match=r"engine: .*does not show single people.*allowed: compiled"
    ):
        execute(plan("mesa"), None, People())
