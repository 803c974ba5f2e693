"""The benchmarks: rivals are one model, a slow line is named, the page shows the record.

Nothing here asserts a time: ``make bench`` measures.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

REPO = Path(__file__).resolve().parents[1]
FOLDER = REPO / "experiments" / "benchmarks"
OURS = {path.stem for path in FOLDER.glob("*.py")} | {"parts", "rivals"}


@pytest.fixture(scope="module", autouse=True)
def scripts() -> Iterator[None]:
    """The folder is no package: its files are found as those of a script are."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The command, with a record and a page of its own."""
    made = importlib.import_module("bench")
    (tmp_path / "README.md").write_text(f"above\n{_record().BEGIN}\n{_record().END}\nbelow\n")
    monkeypatch.setattr(made, "README", tmp_path / "README.md")
    monkeypatch.setattr(made, "RECORDED", tmp_path / "recorded.json")
    return made


def _record() -> ModuleType:
    return importlib.import_module("record")


def plant(bench: ModuleType, monkeypatch: pytest.MonkeyPatch, *lines: Any) -> None:
    """One part, which has measured these."""
    monkeypatch.setattr(bench, "PARTS", {"Planted": lambda tiny: list(lines)})


# --- the command ---------------------------------------------------------------------------------


@pytest.mark.smoke
def test_a_slow_line_is_named_and_ends_the_command_with_1(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line, quick = (
        _record().Line("`codose run`", "1 s", cost=4.0),
        _record().Line("other", "2", cost=1.0),
    )
    plant(bench, monkeypatch, line, quick)
    assert bench.main([]) == 0
    plant(bench, monkeypatch, replace(line, cost=5.9), quick)
    assert bench.main([]) == 0, "within half as much again"
    plant(bench, monkeypatch, replace(line, cost=6.1), quick)
    assert bench.main([]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "The gate is shut: `codose run`: 6.1 where 4 is recorded, more than 1.5 times as much."
    )
    assert bench.main([]) == 1, "measuring again is no way round"
    assert bench.main(["--accept"]) == 0
    assert bench.main([]) == 0


@pytest.mark.smoke
def test_a_command_that_fails_and_a_part_that_breaks_shut_the_gate(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = _record().Line("`codose run`", "1 s", cost=4.0)
    plant(bench, monkeypatch, line)
    assert bench.main([]) == 0
    plant(bench, monkeypatch, replace(line, value="failed: no", cost=None, failed=True))
    assert bench.main([]) == 1
    assert "`codose run`: failed: no." in capsys.readouterr().err
    plant(bench, monkeypatch, replace(line, cost=6.1))
    assert bench.main([]) == 1, "what it is held to is not forgotten"

    def broken(tiny: bool) -> list[Any]:
        raise ValueError("this part is broken")

    monkeypatch.setattr(bench, "PARTS", {"First": broken, "Planted": lambda tiny: [line]})
    assert bench.main([]) == 1
    shown = capsys.readouterr()
    assert "this part is broken" in shown.err
    assert "Not measured, see the error above: First." in shown.err
    assert "| `codose run` | 1 s |" in shown.out


@pytest.mark.smoke
def test_parts_are_chosen_and_slow_ones_only_by_name(
    bench: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(bench.PARTS) - set(bench.wanted(None)) == set(bench.SLOW) == {"Studies"}
    assert bench.wanted("stud") == ["Studies"]
    assert bench.main(["--only", "nothing"]) == 2
    assert "No part has 'nothing' in its title: Rivals, Sizes" in capsys.readouterr().err


@pytest.mark.smoke
def test_a_part_alone_leaves_the_others_and_a_trial_leaves_all(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = _record().Line
    parts = {"One": lambda tiny: [line("one", "1")], "Two": lambda tiny: [line("two", "2")]}
    monkeypatch.setattr(bench, "PARTS", parts)
    assert bench.main([]) == 0
    parts["Two"] = lambda tiny: [line("two", "2 again")]
    before = bench.README.read_bytes(), bench.RECORDED.read_bytes()
    assert bench.main(["--only", "two", "--tiny"]) == 0
    assert (bench.README.read_bytes(), bench.RECORDED.read_bytes()) == before
    assert bench.main(["--only", "two"]) == 0
    page = bench.README.read_text(encoding="utf-8")
    assert page.index("| one | 1 |") < page.index("| two | 2 again |")
    assert page.startswith("above\n")
    assert page.endswith("\nbelow\n")


@pytest.mark.smoke
def test_the_page_shows_the_last_record() -> None:
    record = _record()
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert page.count(record.BEGIN) == page.count(record.END) == 1
    shown = page.partition(record.BEGIN)[2].partition(record.END)[0].strip()
    kept = record.read(FOLDER / "recorded.json")
    assert shown == record.tables(kept).strip(), "make bench writes both"
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert all(line.count("|") == 5 for line in rows), "a line of a table is broken"
    for part in kept.values():
        named = [line.what for line in part.lines]
        assert len(set(named)) == len(named), "lines are told apart by what they measure"


@pytest.mark.smoke
def test_make_has_the_target() -> None:
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^bench: .*## ", makefile, re.MULTILINE)
    assert re.search(r"^\.PHONY:.* bench\b", makefile, re.MULTILINE)


# --- measuring -----------------------------------------------------------------------------------


@pytest.mark.smoke
def test_ratios_are_of_pairs_in_the_same_round() -> None:
    """The machine becomes slower half way; the ratio does not."""
    clock = importlib.import_module("clock")
    order = []

    def call(name: str, seconds: float) -> Callable[[], Any]:
        def spent() -> Any:
            order.append(name)
            slow = 2 if len(order) > 6 else 1
            return clock.Spent(seconds * slow, seconds * slow)

        return spent

    turns = clock.in_turn({"a": call("a", 3.0), "b": call("b", 1.0)}, 5)
    assert order == ["a", "b"] * 6, "one round warms up"
    assert turns.ratio("a", "b") == 3
    assert turns.median("a") == 6


@pytest.mark.smoke
def test_a_process_is_measured_and_its_failure_told() -> None:
    clock = importlib.import_module("clock")
    words = [sys.executable, "-I", "-S", "-c", "held = bytearray(64 << 20)"]
    spent = clock.process(words)()
    assert 64 < spent.peak < 128, "memory of the command, not of what measures it"
    assert spent.wall > 0
    assert spent.cpu > 0
    with pytest.raises(clock.CommandFailed, match="it ended with 3: not today"):
        clock.process(
            [sys.executable, "-c", "import sys; print('not today', file=sys.stderr); sys.exit(3)"]
        )()


@pytest.mark.smoke
def test_commands_and_studies_that_are_measured_are_those_there_are() -> None:
    commands = importlib.import_module("parts.commands")
    studies = importlib.import_module("parts.studies").studies()
    known = set(commands.names())
    measured = {one.words.split()[0] for one in commands.COMMANDS} - {"--help"}
    assert measured <= known
    assert set(studies.values()) - {"ladder"} <= known
    assert set(studies) == {path.stem for path in (REPO / "experiments").glob("*.yaml")}
    assert commands.shown("report {run} --out {out}.html") == "`codose report DIR`"


# --- the rivals are one model --------------------------------------------------------------------


def means(runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each seven weeks and all regions, and their standard errors; a run is one observation."""
    each = runs.reshape(len(runs), -1, 7, *runs.shape[2:]).mean(axis=(2, 3))
    return each.mean(axis=0), each.std(axis=0, ddof=1) / len(each) ** 0.5


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference of two ways of making runs, in standard errors."""
    (a, error), (b, another) = means(one), means(other)
    gap, spread = np.abs(a - b), np.hypot(error, another)
    sure = spread == 0  # nobody attends where there is no contact
    assert not gap[sure].any()
    return float(np.max(gap[~sure] / spread[~sure]))


@pytest.fixture(scope="module")
def case() -> Any:
    """Small, with many moves and arrivals, so that every rule shows."""
    numbers = importlib.import_module("rivals.case").Case
    return numbers(
        regions=2, staff=6, weeks=28, last_contact=20, turnover=0.02, transfer=0.4, integrated=0.4,
        losing=0.1, routine_pace=0.1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def by_numpy(case: Any) -> np.ndarray:
    return importlib.import_module("rivals.numpy_replicates").run(case, 2_000, 1)


LIMIT = 4.5  # of 24 means, all within sampling error: the chance of more is below 0.0002


def test_mesa_and_numpy_are_the_same_model(case: Any, by_numpy: np.ndarray) -> None:
    made = importlib.import_module("rivals.natural_mesa").run(case, 150, 1)
    assert made.shape[1:] == by_numpy.shape[1:] == (28, 2, 6)
    assert distance(made, by_numpy) < LIMIT


@pytest.mark.parametrize("family", ["gcc", "clang"])
def test_c_and_numpy_are_the_same_model(case: Any, by_numpy: np.ndarray, family: str) -> None:
    compiled_c = importlib.import_module("rivals.compiled_c")
    if family not in compiled_c.compilers():
        pytest.skip(f"no {family} here")
    run = compiled_c.build(compiled_c.compilers()[family], case)
    made = run(2_000, 1)
    assert distance(made, by_numpy) < LIMIT
    assert np.array_equal(made, run(2_000, 1)), "the same seed, the same runs"


@pytest.mark.parametrize(
    ("name", "factor"),
    [("trust_step", 0.5), ("learning", 1.3), ("transfer", 0.5), ("uptake", 1.5), ("turnover", 2),
     ("accountability_fade", 1.5), ("attend_pivot", 1.1), ("routine_pace", 0.2), ("group", 0.95)],
)  # fmt: skip
def test_another_model_would_be_seen(
    case: Any, by_numpy: np.ndarray, name: str, factor: float
) -> None:
    other = replace(case, **{name: getattr(case, name) * factor})
    made = importlib.import_module("rivals.numpy_replicates").run(other, 2_000, 2)
    assert distance(made, by_numpy) > LIMIT


# --- parts, at tiny sizes ------------------------------------------------------------------------


@pytest.mark.slow
def test_the_black_box_is_measured_beside_the_engine() -> None:
    lines = importlib.import_module("parts.blackbox").against_engine(tiny=True)
    assert [line.what.split(" x ")[0] for line in lines] == ["f(X) of 4 rows", "f(X) of 1 row"]
    assert all(line.cost and line.cost > 0 for line in lines)


@pytest.mark.slow
def test_the_engine_is_measured_beside_its_rivals() -> None:
    lines = importlib.import_module("parts.engine").rivals(tiny=True)
    told = {line.what.partition(":")[0]: line for line in lines}
    assert {"the engine", "the readable engine", "Mesa, written naturally"} <= set(told)
    assert all(line.value for line in lines)
