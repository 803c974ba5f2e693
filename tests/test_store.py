"""A store of a study is usable whenever and however the work stopped."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import study_case
from study_case import digest, study

from sim.core.errors import ResultsError
from sim.engine.reduction import Reduction
from sim.runs import making, parts, safe
from sim.runs.collect import RunValues
from sim.runs.store import MANIFEST, DamagedPart, Store, same_tables
from tests.cases import codose

KEY = {"runs": 10, "chunk": 4, "seed": 1}
COLUMNS = ("a", "b")


def table(first: float) -> pa.Table:
    numbers = first + np.arange(4.0)
    return pa.table([pa.array(numbers), pa.array(np.where(numbers > 2, np.nan, -0.0))], names="ab")


def opened(folder: Path, **options: Any) -> Store:
    return Store.open(folder, KEY, COLUMNS, **options)


@pytest.fixture(scope="module")
def plain() -> RunValues:
    """The study without any store."""
    return study()


# --- parts -------------------------------------------------------------------------------------


def test_a_part_comes_back_as_it_was(tmp_path: Path) -> None:
    store = opened(tmp_path / "new" / "s")
    store.write(1, table(5))
    again = opened(tmp_path / "new" / "s", resume=True)
    assert (again.present, again.missing, again.chunks) == ((1,), (0, 2), 3)
    assert same_tables(again.read(1), table(5))
    assert not same_tables(again.read(1), table(6))
    assert again.range(2) == range(8, 10)


def test_a_part_of_other_columns_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="columns"):
        opened(tmp_path / "s").write(0, table(0).rename_columns(["a", "c"]))


def test_the_same_part_twice_is_one_file(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path, resume=True)  # two processes, one folder
    assert one.write(0, table(0)) == two.write(0, table(0))
    assert len(list(tmp_path.glob("*.parquet"))) == 1


@pytest.mark.parametrize("how", ["flip", "truncate", "empty", "gone"])
def test_a_damaged_part_is_named(tmp_path: Path, how: str) -> None:
    path = opened(tmp_path).write(0, table(0))
    damage(path, how if how != "gone" else "empty")
    store = Store.load(tmp_path)
    if how == "gone":
        path.unlink()
    with pytest.raises(DamagedPart) as caught:
        store.read(0)
    assert caught.value.problem.file == str(path)
    with pytest.warns(UserWarning, match=path.name):
        assert store.read_or_discard(0) is None
    assert not path.exists()
    assert 0 not in store


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "flip":
        content[len(content) // 2] ^= 1
    path.write_bytes({"flip": content, "truncate": content[:-1], "empty": b""}[how])


# --- opening -----------------------------------------------------------------------------------


def test_an_old_study_is_only_touched_when_asked(tmp_path: Path) -> None:
    path = opened(tmp_path).write(0, table(0))
    with pytest.raises(ResultsError, match=r"--resume.*--force"):
        opened(tmp_path)
    assert opened(tmp_path, resume=True).present == (0,)
    assert opened(tmp_path, resume=True, force=True).present == (0,)
    assert opened(tmp_path, force=True).present == ()
    assert not path.exists()


def test_another_study_is_refused_and_the_difference_is_said(tmp_path: Path) -> None:
    opened(tmp_path).write(0, table(0))
    for options in ({}, {"resume": True}):
        with pytest.raises(ResultsError, match="another study: seed is 1 there and 2 here;"):
            Store.open(tmp_path, {**KEY, "seed": 2}, COLUMNS, **options)
    with pytest.raises(ResultsError, match="columns is not the same"):
        Store.open(tmp_path, KEY, ("a",), resume=True)
    assert len(list(tmp_path.glob("*.parquet"))) == 1
    assert Store.open(tmp_path, {**KEY, "seed": 2}, COLUMNS, force=True).present == ()


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"force": True}])
def test_what_is_no_study_is_never_touched(tmp_path: Path, options: dict[str, bool]) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ResultsError, match=r"something else than a study \(thesis.tex\)"):
        opened(tmp_path, **options)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    opened(tmp_path / "s")
    (tmp_path / "s" / "notes.txt").write_text("mine")
    with pytest.raises(ResultsError, match=r"notes\.txt"):
        opened(tmp_path / "s", **options)


def test_a_file_a_missing_folder_and_a_broken_manifest(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResultsError, match="is a file, not a folder"):
        opened(tmp_path / "file")
    with pytest.raises(ResultsError, match="is a file, not a folder"):
        Store.load(tmp_path / "file")
    with pytest.raises(ResultsError, match="no such folder"):
        Store.load(tmp_path / "nothing")
    opened(tmp_path / "s")
    for text in ("{", "[]", '{"format": "codose study"}', "\N{SNOWMAN}"):
        (tmp_path / "s" / MANIFEST).write_text(text, encoding="utf-16")
        with pytest.raises(ResultsError, match=MANIFEST):
            opened(tmp_path / "s", resume=True)
        (tmp_path / "s" / MANIFEST).write_text(text, encoding="utf-8")
        with pytest.raises(ResultsError, match=MANIFEST):
            opened(tmp_path / "s", resume=True)


def test_a_part_of_another_study_is_noticed(tmp_path: Path) -> None:
    other = Store.open(tmp_path / "other", {**KEY, "seed": 2}, COLUMNS).write(0, table(0))
    opened(tmp_path / "s")
    shutil.copy(other, tmp_path / "s")
    with pytest.raises(ResultsError, match="a part of another study"):
        opened(tmp_path / "s", resume=True)


def test_unfinished_files_of_the_dead_are_deleted_those_of_the_living_stay(tmp_path: Path) -> None:
    opened(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host = safe.host()
    dead = tmp_path / f".{host}.{gone.pid}.0.tmp"
    living = tmp_path / f".{host}.{os.getppid()}.0.tmp"
    elsewhere = tmp_path / ".other-machine.1.0.tmp"
    forgotten = tmp_path / ".other-machine.1.1.tmp"
    for path in (dead, living, elsewhere, forgotten):
        path.write_bytes(b"half")
    os.utime(forgotten, (0, 0))
    opened(tmp_path, resume=True)
    assert [p.exists() for p in (dead, living, elsewhere, forgotten)] == [False, True, True, False]


# --- a full or read-only disk --------------------------------------------------------------------


def test_a_full_disk_is_said_and_finished_parts_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: RunValues
) -> None:
    real, calls = Path.replace, itertools.count()

    def full(path: Path, target: Path) -> Path:
        if next(calls) > 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ResultsError, match=r"no space left.*finished parts are kept.*--resume"):
        study(store=tmp_path / "s")
    monkeypatch.undo()
    kept = Store.load(tmp_path / "s").present
    assert 5 < len(kept) < 15
    assert not list((tmp_path / "s").glob(".*")), "half a file is left"
    assert digest(study(store=tmp_path / "s", resume=True)) == digest(plain)


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ResultsError, match=r"cannot be written \(Permission denied\)"):
        opened(tmp_path / "s")


@pytest.mark.slow
def test_a_disk_that_is_really_full(tmp_path: Path, plain: RunValues) -> None:
    """A file system of 256 KiB, in a namespace of its own."""
    script = (
        f"mount -t tmpfs -o size=256k tmpfs {tmp_path} && "
        f"{sys.executable} {study_case.__file__} {tmp_path}/s 30 200; code=$?; "
        f"ls -A {tmp_path}/s | grep -c '^part-'; ls -A {tmp_path}/s | grep -c '^[.]'; exit $code"
    )
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script]
    if not shutil.which("unshare") or subprocess.run([*command[:3], "true"]).returncode:
        pytest.skip("no name spaces for users here")
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600, env=surroundings())
    assert ran.returncode != 0
    assert "ResultsError" in ran.stderr
    assert "no space left on this disk" in ran.stderr
    parts, unfinished = ran.stdout.split()[-2:]
    assert int(parts) > 0
    assert int(unfinished) == 0


# --- crashes -------------------------------------------------------------------------------------


class Crash(BaseException):
    """The machine stops here."""


def surroundings() -> dict[str, str]:
    here = Path(__file__).parent
    return {**os.environ, "PYTHONPATH": f"{here.parent}{os.pathsep}{here}"}


def stop_at(patch: pytest.MonkeyPatch, owner: Any, name: str, after: int, before: bool) -> None:
    """Crash at a call, before or after it is done; from then on nothing is tidied up."""
    real: Callable[..., Any] = getattr(owner, name)
    calls = itertools.count()

    def stopping(*words: Any, **more: Any) -> Any:
        crash = next(calls) == after
        if crash:
            patch.setattr(Path, "unlink", lambda *_, **__: None)
        if crash and before:
            raise Crash
        result = real(*words, **more)
        if crash:
            raise Crash
        return result

    patch.setattr(owner, name, stopping)


FEW_CALLS = {"make": 0, "fsync": 1, "flush_folder": 0}
"""The last call of what is called a few times: one task is made, and only study.json is flushed."""


@pytest.mark.parametrize("after", [0, 1, 2, 9])
@pytest.mark.parametrize(
    ("owner", "name", "before"),
    [
        (safe, "write_bytes", True),
        (os, "fsync", True),
        (os, "fsync", False),
        (Path, "replace", True),
        (Path, "replace", False),
        (safe, "flush_folder", True),
        (Store, "write", True),
        (Store, "write", False),
        (making, "make", True),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_crash_at_any_step_loses_nothing(
    tmp_path: Path, plain: RunValues, owner: Any, name: str, before: bool, after: int
) -> None:
    after = min(after, FEW_CALLS.get(name, after))
    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, owner, name, after, before)
        with pytest.raises(Crash):
            study(store=tmp_path / "s", threads=1)
    parts = sorted((tmp_path / "s").glob("part-*"))
    stamps = [path.stat().st_mtime_ns for path in parts]
    again = study(store=tmp_path / "s", resume=True)
    assert digest(again) == digest(plain)
    assert stamps == [path.stat().st_mtime_ns for path in parts], "what was done is done again"


SETS, RUNS = 40, 100


@pytest.fixture(scope="module")
def long_study() -> RunValues:
    return study(SETS, RUNS)


def kill_at(folder: Path, luck: random.Random) -> bool:
    """Run the study in another process and kill it somewhere; whether it was still at work."""
    process = subprocess.Popen(
        [sys.executable, study_case.__file__, str(folder), str(SETS), str(RUNS)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=surroundings(), text=True,
    )  # fmt: skip
    assert process.stdout is not None
    stop = luck.randrange(1, 60)
    with process.stdout as lines:
        for number, _ in enumerate(lines):
            if number == stop:
                break
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(luck.uniform(0, 0.03))
        process.kill()
    return process.wait() == -9


def check_kills(folder: Path, expected: RunValues, seeds: range) -> int:
    killed = 0
    for seed in seeds:
        luck = random.Random(seed)
        place = folder / str(seed)
        killed += kill_at(place, luck)
        if luck.random() < 0.3:
            kill_at(place, luck)
        before = set(place.glob("part-*"))
        assert digest(study(SETS, RUNS, store=place, resume=True)) == digest(expected)
        assert before <= set(place.glob("part-*"))
        shutil.rmtree(place)
    return killed


@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL")
def test_kill_9_then_resume_gives_the_same_bytes(tmp_path: Path, long_study: RunValues) -> None:
    assert check_kills(tmp_path, long_study, range(2)) >= 1


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL")
def test_kill_9_at_many_points(tmp_path: Path, long_study: RunValues) -> None:
    assert check_kills(tmp_path, long_study, range(100, 130)) >= 20


def test_a_damaged_part_is_named_and_made_again(tmp_path: Path, plain: RunValues) -> None:
    study(store=tmp_path / "s")
    files = sorted((tmp_path / "s").glob("part-*"))
    for path, how in zip(files[3:6], ("flip", "truncate", "empty"), strict=True):
        damage(path, how)
    told: list[str] = []
    again = study(store=tmp_path / "s", resume=True, warn=told.append)
    assert digest(again) == digest(plain)
    assert [path.name in text for path, text in zip(files[3:6], told, strict=True)] == [True] * 3
    assert sorted((tmp_path / "s").glob("part-*")) == files
    silent = study(store=tmp_path / "s", resume=True, warn=told.append)
    assert digest(silent) == digest(plain)
    assert len(told) == 3


# --- another version of the model ----------------------------------------------------------------


def test_another_version_with_the_same_numbers_goes_on(
    tmp_path: Path, plain: RunValues, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(store=tmp_path / "s")
    next((tmp_path / "s").glob("part-000007*")).unlink()
    monkeypatch.setattr(parts, "source_hash", lambda: "another")
    assert digest(study(store=tmp_path / "s", resume=True)) == digest(plain)
    assert Store.load(tmp_path / "s").record["engine"] == "another"


def test_another_version_with_other_numbers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(store=tmp_path / "s")
    monkeypatch.setattr(parts, "source_hash", lambda: "another")
    real = Reduction.at_points
    monkeypatch.setattr(Reduction, "at_points", lambda *words: real(*words) + 1e-16)
    with pytest.raises(ResultsError, match="another version of the model"):
        study(store=tmp_path / "s", resume=True)


def test_a_merge_of_two_studies_says_which_folder_has_what(tmp_path: Path) -> None:
    for seed in (1, 2):
        words = ("run", "classroom", "-n", "2", "--fixed", "-q", "--seed", str(seed))
        codose(*words, "--shard", f"{seed}/2", "--out", str(tmp_path / f"s{seed}"))
    ran = codose("merge", str(tmp_path / "s1"), str(tmp_path / "s2"), "--out", str(tmp_path / "m"))
    assert ran.exit_code == 2
    first, second = (tmp_path / name / "01-runs" for name in ("s1", "s2"))
    said = f"{second}: holds another study than {first}: seed is 1 in {first} and 2 here"
    assert said.replace(" ", "") in "".join(ran.stderr.split())
