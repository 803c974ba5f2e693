"""The runs of a study are the same bytes whichever way they are made."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import study_case
from study_case import OUTCOMES, POINTS, REPLICATES, SCENARIO, SEED, digest, sets, study
from typer.testing import CliRunner

from sim import run
from sim.cli import app
from sim.cli import ask as ask_command
from sim.core import outcomes
from sim.core.errors import InputError, InterruptedRun, ResultsError
from sim.engine import batch
from sim.runs import bands, making, merging
from sim.runs.collect import Points, RunValues
from sim.runs.execute import Execution, Unfinished, execute
from sim.runs.plan import WORK, WORK_IN_PYTHON, RunPlan, common, independent, staff_weeks
from sim.runs.shard import parse_shard
from sim.runs.store import Store
from sim.runs.weekly import RunWeeks, Weekly, job_weeks
from sim.scenario.scenario import Scenario


@pytest.fixture(scope="module")
def plain() -> RunValues:
    return study(threads=1)


# --- values --------------------------------------------------------------------------------------


def test_values_are_those_of_all_outcomes_and_regions(plain: RunValues) -> None:
    whole = execute(study_case.plan(), None, Points(regions=None))
    for region in ("region_1", "overall"):
        for week in POINTS:
            for name in OUTCOMES:
                found = plain.of(name, week, region)
                np.testing.assert_array_equal(found, whole.of(name, week, region))
    assert plain.complete
    assert plain.count() == (210, 210)
    assert not plain.failures


def test_another_range_of_replicates_is_other_chance(plain: RunValues) -> None:
    later = study(replicates=3, first=4)
    np.testing.assert_array_equal(later.grid(), plain.grid()[:, 4:7])


def test_all_outcomes_when_none_are_named() -> None:
    found = execute(RunPlan((common(SCENARIO, sets(1), 1, [3]),), 1))
    assert found.kept.names == outcomes.NAMES
    assert found.grid().shape == (1, 1, 1, 1, len(outcomes.NAMES))


def test_moments_are_mean_and_variance_of_the_runs() -> None:
    # 3 sets of 50: chunks of 3 runs begin and end inside of sets
    runs = study(3, 50).grid()
    (found,) = study_case.moments(3, 50).jobs
    for cell in np.ndindex(found.mean.shape):
        values = [x for x in runs[cell[0], :, *cell[2:]].tolist() if x == x]
        assert found.count[cell] == len(values)
        if len(values) < 2:
            assert np.isnan(found.variance[cell])
            continue
        assert found.mean[cell] == pytest.approx(statistics.fmean(values), rel=1e-13)
        expected = statistics.variance(values)
        assert found.variance[cell] == pytest.approx(expected, rel=1e-9, abs=1e-25)
    assert (found.count == 50).any()
    cost = study_case.moments(3, 50).of("cost", POINTS[1])
    np.testing.assert_array_equal(cost, found.mean[:, 0, 1, 1, 3])


# --- ways ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_byte(
    plain: RunValues, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.runs.execute.LEAST_WORK", 1)  # or so small a study is one task
    assert digest(study(threads=threads)) == digest(plain)


def test_runs_of_one_call_change_no_byte(plain: RunValues, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 3, 100):
        monkeypatch.setattr(batch, "_MOST_RUNS", size)
        assert digest(study()) == digest(plain)


def test_the_order_of_chunks_changes_no_byte(plain: RunValues, tmp_path: Path) -> None:
    class Backwards:
        """An executor that answers the last task first."""

        def map(self, function: Any, tasks: Any) -> Iterator[Any]:
            yield from reversed([function(task) for task in tasks])

    expected = digest(study_case.moments(3, 50))
    monkey = pytest.MonkeyPatch()
    monkey.setattr("sim.runs.execute.WORK", 1)  # a task a chunk
    try:
        assert digest(study(executor=Backwards())) == digest(plain)
        assert digest(study_case.moments(3, 50, executor=Backwards())) == expected
    finally:
        monkey.undo()


def test_any_executor_gives_the_same_bytes(plain: RunValues) -> None:
    class Mapping:
        def map(self, function: Any, tasks: Any) -> Iterator[Any]:
            yield from map(function, tasks)

    with ThreadPoolExecutor(2) as pool:
        assert digest(study(executor=pool)) == digest(plain)
    assert digest(study(executor=Mapping())) == digest(plain)
    with pytest.raises(InputError, match="cluster"):
        study(executor=Mapping(), cluster="tcp://127.0.0.1:1")


def test_jobs_of_a_plan_are_the_same_as_alone(tmp_path: Path) -> None:
    other = SCENARIO.replace(name="other", horizon_weeks=60)
    jobs = (
        common(SCENARIO, sets(5), 3, [20, 52]),
        independent(other, sets(3), 2, [60], counterfactual=True),
        common(SCENARIO.without_ta(), sets(1), 1, [10, 30, 78]),
    )
    plan = RunPlan(jobs, 3)
    kept = Points(("trust", "cost"), None)
    together = execute(plan, None, kept)
    stored = execute(plan, Execution(store=tmp_path / "s"), kept)
    assert digest(stored) == digest(together)
    for place, job in enumerate(jobs):
        alone = execute(RunPlan((job,), 3), None, kept)
        np.testing.assert_array_equal(together.values[place], alone.values[0])
        if job.counterfactual:
            without, bare = (
                together.without_ta[place],
                independent(other.without_ta(), sets(3), 2, [60]),
            )
            found = execute(RunPlan((bare,), 3), None, kept)
            np.testing.assert_array_equal(without, found.values[0])


def test_a_plan_as_json_is_the_same_plan() -> None:
    plan = RunPlan(
        (
            independent(SCENARIO, sets(4), 2, [20], counterfactual=True),
            common(Scenario.shipped("source"), sets(2), 3, [10, 20], first=7),
        ),
        5,
    )
    again = RunPlan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert again.key(3) == plan.key(3)
    assert [job.replicate.tolist() for job in again.jobs] == [
        job.replicate.tolist() for job in plan.jobs
    ]


def test_digest_sees_a_bit(plain: RunValues) -> None:
    values = plain.values[0].copy()
    values[3, 1, 0, 0] = np.nextafter(values[3, 1, 0, 0], 1)
    other = RunValues(plain.made, plain.kept, (values,), plain.without_ta)
    assert digest(other) != digest(plain)


def test_a_stored_study_is_the_same_and_so_are_its_moments(
    tmp_path: Path, plain: RunValues
) -> None:
    assert digest(study(store=tmp_path / "s")) == digest(plain)
    fresh = study_case.moments()
    for path in sorted((tmp_path / "s").glob("part-*"))[5:30:3]:
        path.unlink()
    stored = study_case.moments(store=tmp_path / "s", resume=True)
    assert digest(stored) == digest(fresh)


def test_chunks_are_those_of_the_plan_alone() -> None:
    def chunk(scenario: Scenario, runs: int, run_bytes: int) -> int:
        return RunPlan((common(scenario, sets(1), runs, [0]),), 1).chunk(run_bytes)

    assert chunk(SCENARIO, 1, 8) == 1
    assert chunk(SCENARIO, 640, 8) == 10
    national = Scenario.shipped("national")
    work = chunk(national, 10**5, 8) * staff_weeks(national)
    assert WORK / 2 < work <= WORK
    assert chunk(SCENARIO, 10**6, 2**22) == 4  # 16 MiB


def test_chunks_of_an_engine_in_python_keep_many_processes_busy() -> None:
    def chunk(scenario: Scenario, runs: int, engine: str) -> int:
        job = independent(scenario, sets(1), runs, job_weeks(scenario), counterfactual=True)
        return RunPlan((job,), 1, engine).chunk(8, Weekly(runs).parts)

    assert chunk(SCENARIO, 1280, "compiled") == 1280 // 8
    assert chunk(SCENARIO, 1280, "mesa") == 1280 // 64
    national = Scenario.shipped("national")
    assert chunk(national, 6400, "mesa") == max(1, WORK_IN_PYTHON // (2 * staff_weeks(national)))


# --- a chunk that several threads make -----------------------------------------------------------


@pytest.fixture
def weekly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[RunWeeks, list[str]]]:
    """Makes 40 sets x 30 with bands, of which three fail, in 8 chunks; gives the result and the
    names of the stored parts, which hold a hash of their bytes."""
    real = batch.run_here

    def run_here(scenario: Any, matrix: Any, which: Any, replicates: Any, *words: Any, **more: Any):
        if set(replicates.tolist()) & {92, 117, 1199}:
            raise MemoryError("planted")
        return real(scenario, matrix, which, replicates, *words, **more)

    monkeypatch.setattr(batch, "run_here", run_here)
    monkeypatch.setattr("sim.runs.execute.LEAST_WORK", 1)
    plan = RunPlan(
        (independent(SCENARIO, sets(40), 30, job_weeks(SCENARIO), counterfactual=True),), SEED
    )

    def make(name: str, **how: Any) -> tuple[RunWeeks, list[str]]:
        store = tmp_path / name
        found = execute(plan, Execution(store=store, **how), Weekly(plan.runs))
        return found, sorted(path.name for path in store.glob("part-*"))

    return make


def test_threads_that_make_a_chunk_together_write_the_same_bytes(
    weekly: Callable[..., tuple[RunWeeks, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, parts = weekly("alone", threads=1)
    assert len(parts) == 8
    assert [one.replicate for one in alone.made.failures] == [92, 117, 1199]
    shares: list[list[int]] = []
    real = making.make

    def make(plan: RunPlan, collect: Any, chunks: Any, rooms: Any = None) -> Any:
        shares.append([len(runs) for runs in chunks])
        return real(plan, collect, chunks, rooms)

    monkeypatch.setattr(making, "make", make)
    for threads in (3, 64):
        shares.clear()
        together, same = weekly(f"{threads}", threads=threads)
        assert same == parts
        assert together.made.failures == alone.made.failures
        for name in ("n", "mean", "quantiles"):
            np.testing.assert_array_equal(getattr(together.table, name), getattr(alone.table, name))
        assert sum(map(sum, shares)) == 1200
        assert max(map(sum, shares)) <= 1200 / min(threads, 60)


def test_a_chunk_that_was_being_made_is_made_again(
    weekly: Callable[..., tuple[RunWeeks, list[str]]], tmp_path: Path
) -> None:
    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    _, parts = weekly("whole", threads=1)
    with pytest.raises(InterruptedRun):
        weekly("s", threads=16, progress=stop)
    kept = len(list((tmp_path / "s").glob("part-*")))
    assert 0 < kept < 8
    assert weekly("s", threads=5, resume=True)[1] == parts


# --- shards --------------------------------------------------------------------------------------


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, nothing may be run."""
    return lambda: monkeypatch.setattr(making, "make", None)


def shard(folder: Path, part: int, parts: int, **more: Any) -> None:
    """One shard of the study, in a folder of its own."""
    if parts == 1:
        assert study(store=folder, shard=(part, parts), **more).complete
        return
    with pytest.raises(Unfinished, match=f"part {part} of {parts} is done"):
        study(store=folder, shard=(part, parts), **more)


@pytest.mark.parametrize("parts", [1, 3, 50])
def test_merged_shards_are_the_same_bytes(
    tmp_path: Path, plain: RunValues, parts: int, idle: Callable[[], None]
) -> None:
    folders = [tmp_path / str(part) for part in range(parts)]
    chunks: list[int] = []
    for part, folder in enumerate(folders):
        shard(folder, part + 1, parts)
        chunks += Store.load(folder).present
    assert sorted(chunks) == list(range(53))
    (stores,) = merging.open_trees(folders).values()
    merging.check_complete(stores)
    merging.merge_stores(stores, tmp_path / "all")
    idle()
    whole = study(store=tmp_path / "all", resume=True)
    assert digest(whole) == digest(plain)


def test_shards_may_share_a_folder_and_the_last_has_everything(
    tmp_path: Path, plain: RunValues
) -> None:
    shard(tmp_path / "s", 1, 2)
    last = study(store=tmp_path / "s", shard=(2, 2), resume=True)
    assert digest(last) == digest(plain)


def test_a_study_of_several_stores_is_merged_as_a_whole(
    tmp_path: Path, plain: RunValues, idle: Callable[[], None]
) -> None:
    for part in (1, 2):
        for name, replicates in (("first", REPLICATES), ("second", 5)):
            shard(tmp_path / f"{part}" / name, part, 2, replicates=replicates)
    shards = [tmp_path / "1", tmp_path / "2"]
    trees = merging.open_trees(shards)
    assert set(trees) == {"first", "second"}
    for name, stores in trees.items():
        merging.check_complete(stores, name)
        merging.merge_stores(stores, tmp_path / "all" / name)
    idle()
    assert digest(study(store=tmp_path / "all" / "first", resume=True)) == digest(plain)
    assert study(replicates=5, store=tmp_path / "all" / "second", resume=True).complete
    next((tmp_path / "2" / "second").glob("part-*")).unlink()
    with pytest.raises(ResultsError, match="second"):
        merging.check_complete(merging.open_trees(shards)["second"], "second")


def test_merging_says_what_is_missing_and_how_to_make_it(tmp_path: Path) -> None:
    for part in (1, 3):
        shard(tmp_path / str(part), part, 3, command="codose sensitivity x.yaml")
    lost = sorted((tmp_path / "3").glob("part-*"))[0]
    lost.unlink()
    (stores,) = merging.open_trees([tmp_path / "1", tmp_path / "3"]).values()
    with pytest.raises(ResultsError) as caught:
        merging.check_complete(stores)
    text = str(caught.value)
    assert "of 210 runs" in text
    assert "codose sensitivity x.yaml --shard 2/3 --out shard-2" in text
    assert f"codose sensitivity x.yaml --shard 3/3 --out {tmp_path / '3'} --resume" in text
    assert "--shard 1/3" not in text
    with pytest.raises(ResultsError) as caught:  # a store of several, inside its shard's folder
        merging.check_complete(stores, "3")
    assert f"--shard 3/3 --out {tmp_path} --resume" in str(caught.value)
    with pytest.raises(ResultsError) as caught:  # a later step: its shards share the folder
        merging.check_complete(stores, "3", later=True)
    assert f"--shard 2/3 --out {tmp_path} --resume" in str(caught.value)
    assert "shard-2" not in str(caught.value)


def test_merging_refuses_other_studies_other_values_and_its_own_folder(tmp_path: Path) -> None:
    shard(tmp_path / "a", 1, 2)
    shard(tmp_path / "b", 2, 2, replicates=8)
    said = re.escape(f"replicates is 7 in {tmp_path / 'a'} and 8 here")
    with pytest.raises(ResultsError, match=said):
        merging.open_trees([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(ResultsError, match="no such folder"):
        merging.open_trees([tmp_path / "a", tmp_path / "c"])
    shard(tmp_path / "c", 1, 1)
    (stores,) = merging.open_trees([tmp_path / "a", tmp_path / "c"]).values()
    assert len(merging.together(stores).present) == 53  # what both have is the same
    with pytest.raises(ResultsError, match="is one of the shards"):
        merging.merge_stores(stores, tmp_path / "c")
    other = Store.load(tmp_path / "c")
    table = other.read(1)
    other.path(0).unlink()
    other.write(0, table)
    (stores,) = merging.open_trees([tmp_path / "a", tmp_path / "c"]).values()
    with pytest.raises(ResultsError, match="other values"):
        merging.together(stores)


@pytest.mark.parametrize("shard", [(0, 3), (4, 3), (1, 0), (1.5, 2), 3, (1, 2, 3)])
def test_what_is_no_shard(tmp_path: Path, shard: Any) -> None:
    with pytest.raises(InputError, match="shard"):
        study(store=tmp_path / "s", shard=shard)
    assert not (tmp_path / "s").exists()


def test_a_shard_needs_a_folder() -> None:
    with pytest.raises(InputError, match="--out DIR"):
        study(shard=(1, 2))


@pytest.mark.parametrize("text", ["", "1", "1/", "/2", "a/b", "0/2", "3/2", "-1/2", "1/2/3"])
def test_what_is_no_shard_on_the_command_line(text: str) -> None:
    with pytest.raises(InputError, match="shard"):
        parse_shard(text)


# --- bad input, failures, Ctrl-C -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"names": ["trusd"]}, "did you mean 'trust'"),
        ({"names": []}, "outcomes"),
        ({"regions": ["region_7"]}, "region_1, overall"),
        ({"regions": ["overall", "overall"]}, "twice"),
        ({"replicates": 0}, "replicates"),
        ({"count": 0}, "no set"),
        ({"first": 2**32}, "first_replicate"),
        ({"weeks": [-1]}, "weeks"),
        ({"weeks": [SCENARIO.horizon_weeks + 1]}, "weeks"),
        ({"weeks": []}, "weeks"),
        ({"weeks": [3, 3]}, "twice"),
        ({"seed": -1}, "seed"),
        ({"engine": "mesaa"}, "did you mean 'mesa'"),
    ],
)
def test_bad_arguments(change: dict[str, Any], field: str) -> None:
    given: dict[str, Any] = {
        "names": OUTCOMES, "regions": ["overall"], "replicates": 2, "count": 3, "first": 0,
        "weeks": POINTS, "seed": SEED, "engine": "auto", **change,
    }  # fmt: skip

    def made() -> None:
        job = common(
            SCENARIO, sets(given["count"]), given["replicates"], given["weeks"],
            first=given["first"],
        )  # fmt: skip
        plan = RunPlan((job,), given["seed"], given["engine"])
        execute(plan, None, Points(given["names"], given["regions"]))

    with pytest.raises(InputError, match=field):
        made()


def test_a_plan_without_jobs() -> None:
    with pytest.raises(InputError, match="there is no job to run"):
        RunPlan((), 1)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> set[tuple[int, int]]:
    """An engine that raises for set 4, replicate 2, and gives a NaN for set 20, replicate 0."""
    real = batch.run_here
    bad = sets()[4].trust_step, 2
    empty = sets()[20].trust_step, 0

    def run_here(scenario: Any, matrix: Any, which: Any, replicates: Any, *words: Any, **more: Any):
        records = real(scenario, matrix, which, replicates, *words, **more)
        for row, (index, replicate) in enumerate(zip(which, replicates, strict=True)):
            run = float(matrix["trust_step"][index]), int(replicate)
            if run == bad:
                raise ZeroDivisionError("planted\nhere")
            if run == empty:
                records[row, 1, 0, 0] = np.nan
        return records

    monkeypatch.setattr(batch, "run_here", run_here)
    return {(4, 2), (20, 0)}


@pytest.mark.parametrize("stored", [False, True])
def test_a_failed_run_is_a_row_and_the_others_go_on(
    tmp_path: Path, plain: RunValues, faulty: set[tuple[int, int]], stored: bool
) -> None:
    options = {"store": tmp_path / "s"} if stored else {}
    found = study(**options)
    if stored:
        found = study(**options, resume=True)
    assert [(f.job, f.set_index, f.replicate, f.stage) for f in found.failures] == [
        (0, 4, 2, "with TA"),
        (0, 20, 0, "with TA"),
    ]
    assert found.failures[0].reason == "ZeroDivisionError: planted here"
    assert found.failures[1].reason == ("ValueError: the level trust of region_1 is nan in week 20")
    assert found.complete
    assert found.count() == (208, 210)
    failed = found.failed()
    assert {tuple(pair) for pair in np.argwhere(failed).tolist()} == faulty
    assert np.isnan(found.grid()[failed]).all()
    np.testing.assert_array_equal(found.grid()[~failed], plain.grid()[~failed])
    (moments,) = study_case.moments().jobs
    assert moments.count[:, 0, 0, 0, 0].tolist() == [6 if i in (4, 20) else 7 for i in range(30)]


def test_ctrl_c_keeps_what_is_done(tmp_path: Path, plain: RunValues) -> None:
    def stop(done: int, total: int) -> None:
        if done > total / 3:
            raise KeyboardInterrupt

    with pytest.raises(InterruptedRun, match=r"after \d+ of 210 runs; .*--resume") as caught:
        study(store=tmp_path / "s", progress=stop)
    assert caught.value.partial == tmp_path / "s"
    assert 15 < len(Store.load(tmp_path / "s").present) < 25
    assert digest(study(store=tmp_path / "s", resume=True)) == digest(plain)
    with pytest.raises(InterruptedRun, match="none were kept"):
        study(progress=stop)


def test_progress_starts_at_nothing_and_ends_at_the_number_of_runs() -> None:
    seen: list[tuple[int, int]] = []
    study(progress=lambda done, total: seen.append((done, total)))
    assert (seen[0], seen[-1]) == ((0, 210), (210, 210))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


# --- memory --------------------------------------------------------------------------------------


MEMORY = """
import resource
from study_case import POINTS, SCENARIO, sets
from sim.runs.collect import Moments
from sim.runs.execute import Execution, execute
from sim.runs.plan import RunPlan, common
plan = RunPlan((common(SCENARIO, sets(4), {replicates}, POINTS),), 1)
found = execute(plan, Execution(threads=2), Moments(("trust",)))
assert found.jobs[0].count.min() == {replicates}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_runs() -> None:
    here = Path(study_case.__file__).parent
    env = {**os.environ, "PYTHONPATH": f"{here.parent}{os.pathsep}{here}"}

    def peak(replicates: int) -> int:
        code = MEMORY.format(replicates=replicates)
        ran = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=600
        )
        assert ran.returncode == 0, ran.stderr
        return int(ran.stdout)

    few, many = peak(20_000), peak(200_000)
    assert many < 1.1 * few


# --- codose run in parts -------------------------------------------------------------------------


def codose(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words], prog_name="codose")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stderr


RUN = ("run", "classroom", "--seed", 3, "--sets", 2, "--no-figures", "--quiet")


def files(folder: Path) -> dict[str, bytes]:
    """All but the time it took."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "timing.json"}


# Histograms; and exact quantiles, which test_kept_runs_survive_sharding_too joins too.
@pytest.mark.parametrize("exact", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_run_in_shards_or_parts_gives_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: int
) -> None:
    monkeypatch.setattr(bands, "EXACT_RUNS", exact)
    words = (*RUN, "--replicates", 20)
    assert codose(*words, "--out", tmp_path / "plain")[0] == 0
    for part in (1, 2, 3):
        assert codose(*words, "--shard", f"{part}/3", "--out", tmp_path / f"{part}")[0] == 0
    shards = [tmp_path / str(part) for part in (2, 3, 1)]
    assert codose("merge", *shards, "--out", tmp_path / "all", "--no-figures", "-q")[0] == 0
    assert files(tmp_path / "all") == files(tmp_path / "plain")
    assert codose(*words, "--resume", "--threads", 2, "--out", tmp_path / "again")[0] == 0
    assert files(tmp_path / "again") == files(tmp_path / "plain")
    assert not (tmp_path / "again.parts").exists()


def test_kept_runs_survive_sharding_too(tmp_path: Path) -> None:
    words = (*RUN, "--replicates", 2, "--keep-runs")
    codose(*words, "--out", tmp_path / "plain")
    for part in (1, 2):
        codose(*words, "--shard", f"{part}/2", "--out", tmp_path / f"{part}")
    codose("merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "all", "--no-figures")
    assert "trajectories.parquet" in files(tmp_path / "plain")
    assert files(tmp_path / "all") == files(tmp_path / "plain")


def test_an_interrupted_run_in_parts_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*RUN, "--replicates", 10)
    codose(*words, "--out", tmp_path / "plain")
    real, calls = Store.write, iter(range(100))

    def write(store: Store, chunk: int, table: Any) -> Path:
        if next(calls) == 7:
            raise KeyboardInterrupt
        return real(store, chunk, table)

    monkeypatch.setattr(Store, "write", write)
    monkeypatch.setattr(ask_command, "FIRST_WRITE", 0.0)
    code, said = codose(*words, "--resume", "--out", tmp_path / "s")
    assert code == 130
    assert "--resume goes on" in said
    assert not (tmp_path / "s").exists()
    kept = Store.load(tmp_path / "s.parts" / "01-runs").present
    assert len(kept) == 8  # with the part whose writing was interrupted
    assert codose(*words, "--resume", "--out", tmp_path / "s")[0] == 0
    assert files(tmp_path / "s") == files(tmp_path / "plain")


def test_short_work_writes_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*given: object) -> Path:
        raise AssertionError("a part was written")

    monkeypatch.setattr(ask_command, "FIRST_WRITE", float("inf"))
    monkeypatch.setattr(Store, "write", write)
    assert codose(*RUN, "--replicates", 10, "--out", tmp_path / "s")[0] == 0
    monkeypatch.undo()
    codose(*RUN, "--replicates", 10, "--out", tmp_path / "plain")
    assert files(tmp_path / "s") == files(tmp_path / "plain")


@pytest.mark.parametrize("fault", [KeyboardInterrupt, MemoryError])
def test_chunks_that_wait_are_written_when_the_work_ends_early(
    tmp_path: Path, plain: RunValues, fault: type[BaseException]
) -> None:
    def stop(done: int, total: int) -> None:
        if done:
            assert Store.load(tmp_path).present == ()
        if done > total // 2:
            raise fault

    with pytest.raises((InterruptedRun, MemoryError)):
        study(store=tmp_path, first_write=float("inf"), progress=stop)
    kept = Store.load(tmp_path)
    assert len(kept.present) > len(kept.missing) > 0
    again: list[int] = []
    found = study(store=tmp_path, resume=True, progress=lambda done, total: again.append(done))
    assert digest(found) == digest(plain)
    assert again[len(kept.present)] == sum(len(kept.range(chunk)) for chunk in kept.present)


def test_chunks_that_wait_take_no_more_than_some_memory(
    tmp_path: Path, plain: RunValues, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = next(iter(plain.values)).nbytes // plain.made.plan.runs
    monkeypatch.setattr("sim.runs.execute.MOST_WAITING", 10 * one)
    assert digest(study(store=tmp_path, first_write=float("inf"))) == digest(plain)
    assert 0 < len(Store.load(tmp_path).missing) <= 10


def test_merge_names_what_is_missing(tmp_path: Path) -> None:
    codose(*RUN, "--replicates", 3, "--shard", "1/2", "--out", tmp_path / "1")
    code, said = codose("merge", tmp_path / "1", "--out", tmp_path / "all")
    assert code == 2
    assert "3 of 6 runs" in said
    assert "codose run classroom --replicates 3 --seed 3 --sets 2 --shard 2/2 --out shard-2" in said
    assert not (tmp_path / "all").exists()
    code, said = codose("merge", tmp_path / "none", "--out", tmp_path / "all")
    assert (code, "no such folder" in said) == (2, True)


def test_failed_runs_survive_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = batch.run_here

    def run_here(scenario: Any, matrix: Any, which: Any, replicates: Any, *words: Any, **more: Any):
        if 3 in replicates:
            raise MemoryError("planted")
        return real(scenario, matrix, which, replicates, *words, **more)

    monkeypatch.setattr(batch, "run_here", run_here)
    options: dict[str, Any] = {
        "parameters": SCENARIO.parameter_set(), "replicates": 6, "seed": 1, "engine": "compiled"
    }  # fmt: skip
    plain = run(SCENARIO, **options)
    parts = run(SCENARIO, **options, execution=Execution(store=tmp_path / "s"))
    assert [f.replicate for f in parts.failures] == [3]
    assert parts.failures == plain.failures
    assert parts.runs().equals(plain.runs())
    assert parts.weeks().equals(plain.weeks())
