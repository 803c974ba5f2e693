"""Several scenarios in one call: frames that hold together, figures, and what notebooks show."""

from __future__ import annotations

import pty
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim import Parameters, Scenario, compare, load, run, surface
from sim.core.errors import InputError
from sim.present import progress
from sim.runs.execute import Execution
from sim.studies.several import SeveralRuns

LITTLE: dict[str, Any] = {"sets": 2, "replicates": 2}


@pytest.fixture(scope="module")
def several() -> SeveralRuns:
    named = {"often": "classroom", "three": "source", "seldom": Scenario.shipped("light_touch")}
    return run(named, keep_runs=True, **LITTLE)


def test_each_scenario_has_the_answer_it_has_alone(several: SeveralRuns) -> None:
    assert list(several) == ["often", "three", "seldom"]
    alone = run("source", seed=Scenario.shipped("classroom").seed, keep_runs=True, **LITTLE)
    for frame in ("summary", "runs", "weeks", "trajectories"):
        found = getattr(several, frame)()
        assert found.columns[0] == "scenario"
        assert found["scenario"].unique().tolist() == list(several)
        part = found[found["scenario"] == "three"].drop(columns="scenario").reset_index(drop=True)
        assert part.equals(getattr(alone, frame)())
    assert len(several.table("headlines")) == 3 * len(alone.table("headlines"))


def test_all_have_the_seed_of_the_first_or_the_one_that_is_given() -> None:
    first = Scenario.shipped("classroom").replace(seed=9)
    assert [one.seed for one in run([first, "source"], **LITTLE).values()] == [9, 9]
    assert [one.seed for one in run(["classroom", "source"], seed=3, **LITTLE).values()] == [3, 3]


def test_words_keep_their_type_when_frames_are_joined(several: SeveralRuns) -> None:
    """Frames of scenarios with other regions, other points in time and failures."""
    for ask in ("runs", "weeks", "trajectories"):
        frames = [getattr(one, ask)() for one in several.values()]
        joined = pd.concat(frames, ignore_index=True)
        for frame in frames:
            assert joined.dtypes.to_dict() == frame.dtypes.to_dict()
    points = several.runs()["point"].cat.categories.tolist()
    assert points == ["start", "end_of_ta", "year_after", "horizon", "persistence"]


def test_surface_takes_several_too() -> None:
    found = surface(["classroom", "light_touch"], every_weeks=[8], hours=[1, 2], **LITTLE)
    frame = found.table("surface")
    assert frame.groupby("scenario")["cell"].nunique().to_dict() == {
        "classroom": 2,
        "light_touch": 2,
    }
    alone = surface("light_touch", every_weeks=[8], hours=[1, 2], **LITTLE).table("surface")
    part = frame[frame["scenario"] == "light_touch"].drop(columns="scenario")
    pd.testing.assert_frame_equal(part.reset_index(drop=True), alone)
    assert list(found.plot()) == ["classroom", "light_touch"]


def test_folders_and_stores_of_their_own(several: SeveralRuns, tmp_path: Path) -> None:
    several.save(tmp_path / "all", figures=())
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == [
        "often",
        "seldom",
        "three",
    ]
    assert load(tmp_path / "all" / "three").runs == 4
    run(["classroom", "light_touch"], execution=Execution(store=tmp_path / "kept"), **LITTLE)
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "classroom",
        "light_touch",
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "scenario: no scenario is given"),
        (["classroom", "classroom"], "scenario: two scenarios are called 'classroom'"),
        (["classroom", "sauce"], "did you mean 'source'?"),
        (7, "scenario: 7 is not a scenario"),
    ],
)
def test_scenarios_that_cannot_be_used(given: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        run(given, **LITTLE)
    assert message in str(caught.value)


def test_a_scenario_that_is_not_among_them(several: SeveralRuns) -> None:
    with pytest.raises(InputError, match="did you mean 'seldom'"):
        several["seldon"]


# --- figures --------------------------------------------------------------------------------------


def test_the_figure_draws_the_means_and_bands_of_the_table(several: SeveralRuns) -> None:
    (axes,) = several.plot("trust").axes
    weeks = several.weeks()
    rows = weeks[(weeks["outcome"] == "trust") & (weeks["region"] == "overall")]
    lines = {line.get_label(): line for line in axes.lines}
    for name in several:
        mean = rows[(rows["scenario"] == name) & (rows["arm"] == "with_ta")]["mean"]
        assert lines[name].get_ydata().tolist() == mean.tolist()
    assert len(axes.collections) >= len(several)
    with pytest.raises(InputError, match="is not an outcome"):
        several.plot("trst")


def test_every_result_draws_its_first_figure_or_one_by_name(several: SeveralRuns) -> None:
    from matplotlib.figure import Figure

    result = compare("source", "light_touch", **LITTLE)
    for one in (result, several["three"]):
        first = one.plot()
        assert isinstance(first, Figure)
        assert first.axes
        assert len(one.plot(one.figures[-1].name).axes) == len(one.figures[-1].draw().axes)
        with pytest.raises(InputError, match="is not a figure of this result"):
            one.plot("trajectory")


# --- what a notebook shows ------------------------------------------------------------------------


def test_notebooks_show_scenarios_parameters_and_results(several: SeveralRuns) -> None:
    hostile = Scenario.shipped("classroom").replace(name="<script>x</script>", question="<b>?")
    shown = [hostile, Parameters(trust_step=0.2), several, several["often"],
             compare(hostile, "classroom", **LITTLE)]  # fmt: skip
    for one in shown:
        text = one._repr_html_()
        assert "<table" in text
        assert "<script" not in text
        assert "<b>" not in text
    assert "&lt;script&gt;" in hostile._repr_html_()
    assert Parameters(trust_step=0.2)._repr_html_().index("trust_step") < 400


def test_a_scenario_says_in_a_line_what_it_is() -> None:
    text = repr(Scenario.shipped("source"))
    assert str(Scenario.shipped("source")) == text
    assert len(text) < 160
    assert "3 regions, 36 staff, 2 providers" in text


# --- progress -------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_bar_comes_when_it_takes_long_and_can_be_switched_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine, its = pty.openpty()
    with open(mine, "rb", buffering=0) as terminal, open(its, "w", encoding="utf-8") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.setenv("TERM", "xterm")
        for patience, switch in ((0, ""), (600, ""), (0, "off")):
            monkeypatch.setattr(progress, "PATIENCE", patience)
            monkeypatch.setenv("CODOSE_PROGRESS", switch)
            run("classroom", sets=20, replicates=8)
            stderr.write("|")
        stderr.flush()
        told = b""
        while told.count(b"|") < 3:  # a terminal gives what it has in pieces
            told += terminal.read(2**20)
    shown, quick, off, _ = told.decode().split("|")
    assert "20 plausible sets x 8" in shown
    assert quick == off == ""
