"""What every kind of study promises, in one place: save, load, verify, report, resume, shard, JSON.

A kind that is added to :mod:`sim.studies` is tested here without another line, as soon as it has a
tiny study in ``TINY``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import studies
from sim.cli import ask as ask_command
from sim.core.errors import InputError, ResultsError
from sim.present.table import write_workbook
from sim.runs.execute import Execution, Unfinished
from sim.runs.folder import MANIFEST, TIMING
from sim.runs.merging import merge_stores, open_trees
from sim.studies.ask import ask, read_asked
from sim.studies.kind import StudyKind
from sim.studies.report import SHEET_ROWS, workbook_of
from sim.studies.result import Result, finished, load
from sim.studies.verify import first_difference, verify
from tests import frozen
from tests.cases import codose, command_line, tiny

NEW_KIND = Path(__file__).parent / "new_kind"
"""A kind of study in one folder of four files, as anybody may add one."""


@pytest.fixture(scope="module", autouse=True)
def _with_the_new_kind() -> Any:
    studies.__path__.append(str(NEW_KIND))
    yield
    studies.__path__.remove(str(NEW_KIND))


KINDS = (*studies.names(), "tally")


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> Result:
    """The tiny study of a kind, asked once."""
    return ask(tiny(request.param), command=f"codose {request.param} tiny")


every_kind = pytest.mark.parametrize("found", KINDS, indirect=True)


def some_kinds(*quick: str) -> Any:
    """Of every kind, of which the default suite takes these."""
    marked = [
        kind if kind in quick else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS
    ]
    return pytest.mark.parametrize("found", marked, indirect=True)


two_kinds = some_kinds("run", "tally")
"""For what is done in the same lines of code for every kind."""
drawn_kinds = some_kinds("ladder", "tally")
"""For sheets and pictures, which are the same lines too; those of every kind are drawn by
tests/studies/test_reports.py."""


def bytes_of(folder: Path) -> Mapping[str, bytes]:
    """Every file but the one that tells the time."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != TIMING
    }


@drawn_kinds
def test_a_workbook_has_a_sheet_for_every_table(found: Result, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    sheets = workbook_of(found)
    write_workbook(sheets, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True)
    assert book.sheetnames == [name.replace("?", "") for name in sheets], "no ? in names of sheets"
    inside = {table.name for table in sheets.values()}
    notes = sheets["Notes"].frame
    for name, table in found.tables.items():
        assert (name in inside) is (len(table) <= SHEET_ROWS)
        assert name in inside or name in notes["column"].tolist()
    assert [sheet.max_row for sheet in book] == [len(table) + 1 for table in sheets.values()]


@every_kind
def test_a_folder_is_read_back_as_it_was_found(found: Result, tmp_path: Path) -> None:
    folder = found.save(tmp_path / "a", figures=())
    back = load(folder)
    assert first_difference(found.tables, back.tables) == ""
    assert back.answer.text == found.answer.text
    assert (back.runs, back.failed, back.command) == (found.runs, found.failed, found.command)
    assert back.study.to_dict() == found.study.to_dict()
    assert finished(folder, found.study) is not None, "finished work would be done again"
    again = back.save(tmp_path / "b", figures=())
    assert bytes_of(again) == bytes_of(folder)


@pytest.mark.parametrize("found", studies.names(), indirect=True)
def test_no_number_moves_unnoticed(found: Result) -> None:
    kept = json.loads(frozen.FILE.read_text(encoding="utf-8"))
    assert frozen.moved(kept[found.kind.name], frozen.facts(found)) == []


@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ([0.5, 0.7, np.nan], [0.5, 0.7 + 1e-6, np.nan]),
        ([0.5, 0.7, np.nan], [0.7, 0.5, np.nan]),
        ([0.5, 0.7, np.nan], [0.5, 0.7, 0.6]),
        (["worse", "better"], ["worse", "about the same"]),
    ],
)
def test_what_moved_is_named(column: list[Any], changed: list[Any]) -> None:
    kept, now = ({"levels": {"mean": frozen.fact(pd.Series(one))}} for one in (column, changed))
    assert frozen.moved(kept, kept) == []
    (said,) = frozen.moved(kept, now)
    assert said.startswith("levels.mean: ")
    assert "columns" in frozen.moved(kept, {"levels": {}})[0]
    assert "tables" in frozen.moved(kept, {})[0]


@every_kind
def test_a_study_is_the_same_from_its_own_record(found: Result) -> None:
    plain = json.loads(json.dumps(found.study.to_dict()))
    study = found.kind.study_of(plain)
    assert study.to_dict() == found.study.to_dict()
    assert study.seed == found.study.seed


@two_kinds  # test_its_command verifies folders too
def test_made_again_every_table_is_the_same(found: Result, tmp_path: Path) -> None:
    folder = found.save(tmp_path / "a", figures=())
    seen = verify(folder, Execution(threads=1))
    assert seen.ok, str(seen)
    assert [name for name, _ in seen.compared] == list(found.tables)
    assert all(name in str(seen) for name in found.tables)


@two_kinds
def test_a_changed_value_is_seen(found: Result, tmp_path: Path) -> None:
    """Of every table: whoever changes a file is told, even if the checksums are made to fit."""
    folder = found.save(tmp_path / "a", figures=())
    stored = load(folder).tables
    for name, table in stored.items():
        frame = table.frame
        numbers = [
            c for c in frame.columns if frame[c].dtype.kind == "f" and frame[c].notna().any()
        ]
        if not numbers:
            continue
        row = int(np.flatnonzero(frame[numbers[0]].notna())[0])
        frame.loc[frame.index[row], numbers[0]] = frame[numbers[0]].iloc[row] + 1e-9 + 1.0
        changed = {**stored, name: type(table)(name, frame, table.columns)}
        assert name in first_difference(changed, stored)
    victim = next(iter(stored))
    path = folder / f"{victim}.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    seen = verify(folder)
    assert not seen.ok
    assert victim in str(seen)


@every_kind
def test_what_a_caller_does_to_a_table_stays_with_the_caller(found: Result) -> None:
    for name in found.tables:
        mine = found.table(name)
        before = found.table(name)
        mine["of my own"] = 1.0
        mine.loc[:, mine.columns[0]] = mine[mine.columns[0]].iloc[0]
        assert found.table(name).equals(before)


# Plan of runs by plan of runs: both kinds that ask several are in these two.
@some_kinds("calibrate", "tally")
def test_shards_joined_and_resumed_are_the_same_bytes(found: Result, tmp_path: Path) -> None:
    whole = found.save(tmp_path / "whole", figures=())
    shards = [tmp_path / f"shard-{i}" for i in (1, 2)]
    for i, place in enumerate(shards, start=1):
        with pytest.raises(Unfinished):
            ask(found.study, Execution(store=place, shard=(i, 2)), command=found.command)
    study, command = read_asked(shards[0])
    joined = tmp_path / "joined"
    for name, stores in open_trees(shards).items():
        merge_stores(stores, joined / name)
    made: list[int] = []
    how = Execution(store=joined, resume=True, progress=lambda done, total: made.append(done))
    again = ask(study, how, command=command).save(tmp_path / "again", figures=())
    assert bytes_of(again) == bytes_of(whole)


@some_kinds("plan", "tally")
def test_an_interrupted_study_goes_on(found: Result, tmp_path: Path) -> None:
    """Killed after its first chunk; what was done is not made again, and the bytes are the same."""
    store = tmp_path / "store"

    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done:
            raise Enough

    with pytest.raises(Enough):
        ask(found.study, Execution(store=store, progress=stop))
    kept = len(list(store.rglob("*.parquet")))
    assert kept >= 1
    again = ask(found.study, Execution(store=store, resume=True), command=found.command)
    assert bytes_of(again.save(tmp_path / "again", figures=())) == bytes_of(
        found.save(tmp_path / "whole", figures=())
    )


@two_kinds
def test_its_command(found: Result, tmp_path: Path) -> None:
    """The command gives the same tables, and JSON that holds the answer and nothing else."""
    out = tmp_path / "out"
    words = command_line(found.study, tmp_path)
    done = codose(*words, "--out", str(out), "--json", "--quiet", "--no-figures")
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["kind"] == found.kind.name
    assert said["answer"] == found.answer.text
    assert first_difference(load(out).tables, found.tables) == ""
    assert not out.with_name("out.parts").exists()
    done = codose("verify", str(out), "--quiet")
    assert done.exit_code == 0, done.stdout


@two_kinds
def test_results_are_not_replaced_unless_forced(found: Result, tmp_path: Path) -> None:
    folder = found.save(tmp_path / "a", figures=())
    before = bytes_of(folder)
    words = [*command_line(found.study, tmp_path), "--out", str(folder), "--no-figures", "--quiet"]
    refused = codose(*words)
    assert refused.exit_code == 2
    assert "not empty" in refused.stderr
    assert bytes_of(folder) == before
    again = codose(*words, "--force")
    assert again.exit_code == 0
    assert load(folder).answer.text == found.answer.text
    assert again.stdout.rstrip().endswith("What if, not forecast.")


@two_kinds
def test_nothing_is_left_behind_when_nobody_reads(
    found: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader of a pipe may go away: the folder is whole by then, and no part is kept."""

    def gone(result: Result) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(ask_command, "show", gone)
    out = tmp_path / "out"
    codose(*command_line(found.study, tmp_path), "--out", str(out), "--no-figures")
    assert load(out).answer.text == found.answer.text
    assert not out.with_name("out.parts").exists()


@drawn_kinds
def test_its_report(found: Result, tmp_path: Path) -> None:
    folder = found.save(tmp_path / "a", figures=())
    done = codose("report", str(folder), "--out", str(tmp_path / "report.html"))
    assert done.exit_code == 0, done.stderr
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert found.answer.verdict.split(":")[0][:20] in text


@drawn_kinds
def test_its_figures_are_drawn(found: Result, tmp_path: Path) -> None:
    folder = found.save(tmp_path / "a", figures=("png",))
    drawn = sorted(path.stem for path in (folder / "figures").glob("*.png"))
    assert drawn == sorted(figure.name for figure in found.figures)


@every_kind
def test_its_help_names_every_shared_option(found: Result) -> None:
    done = codose(found.kind.name, "--help")
    for option in ("--resume", "--shard", "--cluster", "--threads", "--out", "--json", "--quiet",
                   "--time-limit", "--memory-limit", "--yes"):  # fmt: skip
        assert option in done.stdout
    assert f"codose {found.kind.name}" in done.stdout, "an example"


@every_kind
def test_a_figure_is_had_by_its_name(found: Result) -> None:
    first = found.figures[0].name
    assert found.figure(first).name == first
    with pytest.raises(InputError, match=f"did you mean '{first}'"):
        found.figure(first + "s")


def test_an_unknown_kind_says_what_there_is() -> None:
    with pytest.raises(InputError, match="did you mean 'audit'"):
        StudyKind.of("audti")


def test_a_folder_of_the_first_version_is_refused_in_a_sentence(tmp_path: Path) -> None:
    manifest = {"format": "codose results", "format_version": 1, "codose": "0.1.0",
                "command": "codose run source --out old"}  # fmt: skip
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ResultsError, match=r"earlier version \(codose 0\.1\.0.*codose run source"):
        load(tmp_path)
