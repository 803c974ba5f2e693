"""The runs of a study are the same bytes whichever way they are made."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import study_case
from study_case import OUTCOMES, POINTS, REPLICATES, SCENARIO, SEED, sets, study
from typer.testing import CliRunner

from sim import batch, outcomes, results
from sim.cli import app
from sim.errors import InputError, InterruptedRun, ResultsError
from sim.runs import bands
from sim.scenario import Scenario
from sim.study import chunks, merging, run_parts, work
from sim.study.evaluate import evaluate
from sim.study.runner import StudyRuns, run_study, summarise_study
from sim.study.store import Store


@pytest.fixture(scope="module")
def plain() -> StudyRuns:
    return study(threads=1)


# --- values --------------------------------------------------------------------------------------


def test_values_are_those_of_evaluate(plain: StudyRuns) -> None:
    whole = evaluate(SCENARIO, sets(), REPLICATES, SEED, POINTS)
    for region in plain.regions:
        for point in range(len(POINTS)):
            for name in OUTCOMES:
                found = plain.of(name, point, region)
                np.testing.assert_array_equal(found, whole.of(name, point, region))
    assert plain.complete
    assert not plain.failures


def test_another_range_of_replicates_is_other_luck(plain: StudyRuns) -> None:
    later = study(replicates=3, first_replicate=4)
    np.testing.assert_array_equal(later.values, plain.values[:, 4:7])


def test_all_outcomes_when_none_are_named() -> None:
    found = run_study(SCENARIO, sets(1), 1, 1, [3])
    assert found.outcomes == outcomes.NAMES
    assert found.regions == ("overall",)


def test_moments_are_mean_and_variance_of_the_runs() -> None:
    # 3 sets of 50: chunks of 3 runs begin and end inside of sets
    runs = study(3, 50)
    found = summarise_study(
        SCENARIO, sets(3), 50, SEED, POINTS, outcomes=OUTCOMES, regions=("region_1", "overall")
    )
    for cell in np.ndindex(found.mean.shape):
        values = [x for x in runs.values[cell[0], :, *cell[1:]].tolist() if x == x]
        assert found.count[cell] == len(values)
        if len(values) < 2:
            assert np.isnan(found.variance[cell])
            continue
        assert found.mean[cell] == pytest.approx(statistics.fmean(values), rel=1e-13)
        expected = statistics.variance(values)
        assert found.variance[cell] == pytest.approx(expected, rel=1e-9, abs=1e-25)
    assert (found.count == 50).any()
    np.testing.assert_array_equal(found.of("cost", 1), found.mean[:, 1, 1, 3])


# --- ways ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_byte(
    plain: StudyRuns, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "chunk_size", lambda *_: 3)  # or so small a study is one chunk
    assert study(threads=threads).digest() == plain.digest()


def test_the_order_of_chunks_changes_no_byte(
    plain: StudyRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = work.run_chunks

    def backwards(grid: Any, wanted: Any, threads: Any) -> Iterator[Any]:
        yield from reversed(list(real(grid, wanted, threads)))

    moments = [summarise_study(SCENARIO, sets(3), 50, SEED, POINTS).digest()]
    monkeypatch.setattr(work, "run_chunks", backwards)
    assert study().digest() == plain.digest()
    moments.append(summarise_study(SCENARIO, sets(3), 50, SEED, POINTS).digest())
    assert moments[0] == moments[1]


def test_digest_sees_a_bit(plain: StudyRuns) -> None:
    values = plain.values.copy()
    values[3, 2, 1, 0, 0] = np.nextafter(values[3, 2, 1, 0, 0], 1)
    other = StudyRuns(values, *(getattr(plain, n) for n in list(plain.__slots__)[1:]))
    assert other.digest() != plain.digest()


def test_a_stored_study_is_the_same_and_so_are_its_moments(
    tmp_path: Path, plain: StudyRuns
) -> None:
    assert study(store=tmp_path / "s").digest() == plain.digest()
    options: dict[str, Any] = {"outcomes": OUTCOMES, "regions": ("region_1", "overall")}
    arguments = (SCENARIO, sets(), REPLICATES, SEED, POINTS)
    fresh = summarise_study(*arguments, **options)
    for path in sorted((tmp_path / "s").glob("part-*"))[5:30:3]:
        path.unlink()
    stored = summarise_study(*arguments, **options, store=tmp_path / "s", resume=True)
    assert stored.digest() == fresh.digest()


def test_chunks_are_those_of_the_study_alone() -> None:
    assert chunks.chunk_runs(SCENARIO, 1, 8) == 1
    assert chunks.chunk_runs(SCENARIO, 640, 8) == 10
    national = Scenario.shipped("national")
    work_of_chunk = chunks.chunk_runs(national, 10**6, 8) * chunks.staff_weeks(national)
    assert chunks.WORK / 2 < work_of_chunk <= chunks.WORK
    assert chunks.chunk_runs(SCENARIO, 10**7, 2**22) == 4  # 16 MiB


# --- shards --------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [1, 3, 50])
def test_merged_shards_are_the_same_bytes(
    tmp_path: Path, plain: StudyRuns, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / str(part) for part in range(parts)]
    done = np.zeros_like(plain.done, dtype=int)
    for part, folder in enumerate(folders):
        shard = study(store=folder, shard=(part + 1, parts))
        np.testing.assert_array_equal(shard.values[shard.done], plain.values[shard.done])
        assert np.isnan(shard.values[~shard.done]).all()
        done += shard.done
    assert (done == 1).all()
    (stores,) = merging.open_trees(folders).values()
    merging.check_complete(stores)
    merging.merge_stores(stores, tmp_path / "all")
    monkeypatch.setattr(work, "run_chunks", None)  # nothing is left to run
    whole = study(store=tmp_path / "all", resume=True)
    assert whole.digest() == plain.digest()


def test_a_study_of_several_stores_is_merged_as_a_whole(
    tmp_path: Path, plain: StudyRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in (1, 2):
        for name, replicates in (("first", REPLICATES), ("second", 5)):
            study(replicates=replicates, store=tmp_path / f"{part}" / name, shard=(part, 2))
    shards = [tmp_path / "1", tmp_path / "2"]
    code, said = codose("merge", *shards, "--out", tmp_path / "all")
    assert (code, "--resume --out" in said) == (0, True)
    monkeypatch.setattr(work, "run_chunks", None)  # nothing is left to run
    assert study(store=tmp_path / "all" / "first", resume=True).digest() == plain.digest()
    assert study(replicates=5, store=tmp_path / "all" / "second", resume=True).complete
    next((tmp_path / "2" / "second").glob("part-*")).unlink()
    code, said = codose("merge", *shards, "--out", tmp_path / "more")
    assert (code, "second" in said) == (2, True)
    assert not (tmp_path / "more").exists()


def test_merging_says_what_is_missing_and_how_to_make_it(tmp_path: Path) -> None:
    for part in (1, 3):
        study(store=tmp_path / str(part), shard=(part, 3), command="codose sensitivity x.yaml")
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


def test_merging_refuses_other_studies_other_values_and_its_own_folder(tmp_path: Path) -> None:
    study(store=tmp_path / "a", shard=(1, 2))
    study(store=tmp_path / "b", shard=(2, 2), replicates=8)
    with pytest.raises(ResultsError, match="replicates is 7 there and 8 here"):
        merging.open_trees([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(ResultsError, match="no such folder"):
        merging.open_trees([tmp_path / "a", tmp_path / "c"])
    study(store=tmp_path / "c", shard=(1, 1))
    (stores,) = merging.open_trees([tmp_path / "a", tmp_path / "c"]).values()
    assert len(merging.together(stores).present) == 53  # what both have is the same
    with pytest.raises(ResultsError, match="is one of the shards"):
        merging.merge_stores(stores, tmp_path / "c")
    other = Store.load(tmp_path / "c")
    table = other.read(0)
    other.path(0).unlink()
    other.write(0, table.set_column(4, table.column_names[4], table.column(5)))
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
        chunks.parse_shard(text)


# --- bad input, failures, Ctrl-C -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"outcomes": ["trusd"]}, "did you mean 'trust'"),
        ({"outcomes": []}, "outcomes"),
        ({"regions": ["region_7"]}, "region_1, overall"),
        ({"regions": ["overall", "overall"]}, "twice"),
        ({"replicates": 0}, "replicates"),
        ({"count": 0}, "no set"),
        ({"first_replicate": 2**32}, "first_replicate"),
    ],
)
def test_bad_arguments(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError, match=field):
        study(**change)


def test_bad_points_and_seeds() -> None:
    for points in ([-1], [SCENARIO.horizon_weeks + 1], []):
        with pytest.raises(InputError, match="points"):
            run_study(SCENARIO, sets(1), 1, 1, points)
    with pytest.raises(InputError, match="seed"):
        run_study(SCENARIO, sets(1), 1, -1, [1])


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> set[tuple[int, int]]:
    """An engine that raises for set 4, replicate 2, and gives a NaN for set 20, replicate 0."""
    real = batch.Batch.records
    bad = sets()[4].trust_step, 2
    empty = sets()[20].trust_step, 0

    def records(self: batch.Batch, part: slice) -> np.ndarray:
        found = real(self, part)
        for row, (index, replicate) in enumerate(
            zip(self.which[part], self.replicates[part], strict=True)
        ):
            run = self.sets[index].trust_step, replicate
            if run == bad:
                raise ZeroDivisionError("planted\nhere")
            if run == empty:
                found[row, 1, 0, 0] = np.nan
        return found

    monkeypatch.setattr(batch.Batch, "records", records)
    return {(4, 2), (20, 0)}


@pytest.mark.parametrize("stored", [False, True])
def test_a_failed_run_is_a_row_and_the_others_go_on(
    tmp_path: Path, plain: StudyRuns, faulty: set[tuple[int, int]], stored: bool
) -> None:
    options = {"store": tmp_path / "s"} if stored else {}
    found = study(**options)
    if stored:
        found = study(**options, resume=True)
    assert [(f.set_index, f.replicate, f.stage) for f in found.failures] == [
        (4, 2, "simulation"),
        (20, 0, "record"),
    ]
    assert found.failures[0].reason == "ZeroDivisionError: planted here"
    assert found.failures[1].reason == "the level trust of region_1 is nan in week 20"
    assert found.complete
    assert {tuple(pair) for pair in np.argwhere(found.failed).tolist()} == faulty
    assert np.isnan(found.values[found.failed]).all()
    np.testing.assert_array_equal(found.values[~found.failed], plain.values[~found.failed])
    moments = summarise_study(SCENARIO, sets(), REPLICATES, SEED, POINTS, outcomes=["trust"])
    assert moments.count[:, 0, 0, 0].tolist() == [6 if i in (4, 20) else 7 for i in range(30)]


def test_ctrl_c_keeps_what_is_done(tmp_path: Path, plain: StudyRuns) -> None:
    def stop(done: int, total: int) -> None:
        if done > total / 3:
            raise KeyboardInterrupt

    with pytest.raises(InterruptedRun, match=r"after \d+ of 210 runs; .*--resume") as caught:
        study(store=tmp_path / "s", progress=stop)
    assert caught.value.partial == tmp_path / "s"
    assert 15 < len(Store.load(tmp_path / "s").present) < 25
    assert study(store=tmp_path / "s", resume=True).digest() == plain.digest()
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
from study_case import SCENARIO, POINTS, sets
from sim.study.runner import summarise_study
found = summarise_study(SCENARIO, sets(4), {replicates}, 1, POINTS, outcomes=["trust"], threads=2)
assert found.count.min() == {replicates}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_runs() -> None:
    here = Path(study_case.__file__).parent
    env = {**os.environ, "PYTHONPATH": f"{here.parent}{os.pathsep}{here}"}

    def peak(replicates: int) -> int:
        code = MEMORY.format(replicates=replicates)
        ran = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=300
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


RUN = ("run", "classroom", "--seed", 3, "--no-figures", "--quiet")


def files(folder: Path) -> dict[str, bytes]:
    """All but the time it took."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "timing.json"}


@pytest.mark.parametrize("exact", [1000, 30])  # exact quantiles, and histograms
def test_run_in_shards_or_parts_gives_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: int
) -> None:
    for module in (bands, run_parts):
        monkeypatch.setattr(module, "EXACT_RUNS", exact)
    words = (*RUN, "--replicates", 40)
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
    words = (*RUN, "--replicates", 4, "--keep-runs")
    codose(*words, "--out", tmp_path / "plain")
    for part in (1, 2):
        codose(*words, "--shard", f"{part}/2", "--out", tmp_path / f"{part}")
    codose("merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "all", "--no-figures")
    assert "trajectories.parquet" in files(tmp_path / "plain")
    assert files(tmp_path / "all") == files(tmp_path / "plain")


def test_an_interrupted_run_in_parts_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*RUN, "--replicates", 20)
    codose(*words, "--out", tmp_path / "plain")
    real, calls = Store.write, iter(range(100))

    def write(store: Store, chunk: int, table: Any) -> Path:
        if next(calls) == 7:
            raise KeyboardInterrupt
        return real(store, chunk, table)

    monkeypatch.setattr(Store, "write", write)
    code, said = codose(*words, "--resume", "--out", tmp_path / "s")
    assert code == 130
    assert "--resume goes on" in said
    assert not (tmp_path / "s").exists()
    assert len(Store.load(tmp_path / "s.parts").present) == 7
    assert codose(*words, "--resume", "--out", tmp_path / "s")[0] == 0
    assert files(tmp_path / "s") == files(tmp_path / "plain")


def test_merge_names_what_is_missing(tmp_path: Path) -> None:
    codose(*RUN, "--replicates", 6, "--shard", "1/2", "--out", tmp_path / "1")
    code, said = codose("merge", tmp_path / "1", "--out", tmp_path / "all")
    assert code == 2
    assert "3 of 6 runs" in said
    assert "codose run classroom --replicates 6 --seed 3 --shard 2/2 --out shard-2" in said
    assert not (tmp_path / "all").exists()
    code, said = codose("merge", tmp_path / "none", "--out", tmp_path / "all")
    assert (code, "no such folder" in said) == (2, True)


def test_failed_runs_survive_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim import compiled

    real_all, real_one = batch.Batch.records, compiled.simulate

    def records(self: batch.Batch, part: slice) -> np.ndarray:
        if 3 in self.replicates[part]:
            raise MemoryError("planted")
        return real_all(self, part)

    def simulate(scenario: Any, parameters: Any, seed: int, replicate: int) -> np.ndarray:
        if replicate == 3:
            raise MemoryError("planted")
        return real_one(scenario, parameters, seed, replicate)

    monkeypatch.setattr(batch.Batch, "records", records)
    monkeypatch.setattr(compiled, "simulate", simulate)
    options: dict[str, Any] = {
        "parameters": SCENARIO.parameter_set(), "replicates": 6, "seed": 1, "engine": "compiled"
    }  # fmt: skip
    plain = results.run(SCENARIO, **options)
    parts = run_parts.run_in_parts(SCENARIO, **options)
    assert parts is not None
    assert [f.replicate for f in parts.failures] == [3]
    assert parts.failures == plain.failures
    assert parts.runs().equals(plain.runs())
    assert parts.weeks().equals(plain.weeks())
