"""Figures show the numbers of the results, with units, inside the canvas, the same every time."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from sim import results, run
from sim.errors import InputError
from sim.outcomes import HEADLINES, NAMES, OUTCOMES
from sim.present import figures
from sim.scenario import Scenario, shipped_names
from sim.view import plots, style

FLOWS = ("commitments_made", "commitments_kept", "commitments_broken", "commitments_lapsed")


class MadeUp:
    """What the figures read of results, with numbers made up by a formula."""

    def __init__(self, regions: int = 3, horizon: int = 60, **changes: Any) -> None:
        dosage = [{"mode": "video", "every_weeks": 4, "hours": 1.5, "last_week": horizon - 10}]
        self.scenario = Scenario(
            name="A made-up scenario whose name goes on and on, longer than any line can hold it",
            horizon_weeks=horizon,
            regions={"candidates": regions, "count": regions},
            **{"dosage": dosage, **changes},
        )
        self.seed = 1
        self.failures = ()
        self.plausible = ""  # the scenario's own parameters
        self.frame = self._frame(horizon)

    def _frame(self, horizon: int) -> pd.DataFrame:
        parts = []
        places = [*self.scenario.region_names, "overall"]
        week = np.arange(horizon + 1)
        for (a, arm), (r, region), (o, outcome) in itertools.product(
            enumerate(("with_ta", "without_ta", "effect")), enumerate(places), enumerate(NAMES)
        ):
            mean = 0.3 + 0.02 * r - 0.1 * (a == 1) + 0.2 * np.sin(week / 30 + o)
            if outcome in FLOWS:
                mean = np.where(week % 4 == 1, 4.0 - FLOWS.index(outcome), 0.0)
            bands = {
                name: mean + shift
                for name, shift in zip(
                    ("p05", "p25", "p50", "p75", "p95"), (-0.2, -0.1, 0, 0.1, 0.2), strict=True
                )
            }
            parts.append(
                pd.DataFrame(
                    {"arm": arm, "region": region, "week": week, "outcome": outcome,
                     "n": 9, "mean": mean, **bands}
                )
            )  # fmt: skip
        return pd.concat(parts, ignore_index=True)

    def __len__(self) -> int:
        return 9

    def weeks(self) -> pd.DataFrame:
        return self.frame.copy()

    def rows(self, arm: str, region: str, outcome: str) -> pd.DataFrame:
        """One line of the frame."""
        f = self.frame
        return f[(f["arm"] == arm) & (f["region"] == region) & (f["outcome"] == outcome)]


RUN_FIGURES = (plots.trajectories, plots.regions, plots.commitments)


@pytest.fixture(scope="module")
def real() -> results.Runs:
    """Two runs of the smallest shipped scenario."""
    return run("classroom", replicates=2, seed=1, engine="compiled", fixed=True)


def texts(figure: Figure) -> list[Text]:
    """Every text that is drawn: tick labels beyond the limits are not."""
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    hidden: set[Text] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high or not axes.axison:
                    hidden |= {tick.label1, tick.label2}
        if not axes.axison:
            hidden |= {axes.xaxis.label, axes.yaxis.label}
    return [text for text in found if text not in hidden]


def assert_inside(figure: Figure) -> None:
    """Every text lies on the canvas, and no axes was squeezed to nothing."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = figure.bbox.width, figure.bbox.height
    for text in texts(figure):
        box = text.get_window_extent(canvas.get_renderer())
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        assert inside, f"{text.get_text()!r} at {box.extents} leaves {width:.0f} x {height:.0f}"
    for axes in figure.axes:
        box = axes.get_window_extent()
        assert box.width > 15
        assert box.height > 60


def all_text(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


# --- what is drawn -----------------------------------------------------------------------------


def test_trajectories_draw_the_numbers_of_the_frame() -> None:
    runs = MadeUp()
    figure = plots.trajectories(runs)  # type: ignore[arg-type]
    assert isinstance(figure, Figure)
    assert len(figure.axes) == len(HEADLINES)
    for axes, name in zip(figure.axes, HEADLINES, strict=True):
        for line, arm in zip(axes.lines[:2], ("with_ta", "without_ta"), strict=True):
            rows = runs.rows(arm, "overall", name)
            assert np.array_equal(line.get_xdata(), rows["week"])
            assert np.array_equal(line.get_ydata(), rows["mean"])
        rows = runs.rows("with_ta", "overall", name)
        widest = axes.collections[0].get_paths()[0].vertices
        assert widest[:, 1].min() == pytest.approx(rows["p05"].min())
        assert widest[:, 1].max() == pytest.approx(rows["p95"].max())


@pytest.mark.parametrize("name", NAMES)
def test_labels_carry_the_unit_of_the_outcome(name: str) -> None:
    figure = plots.trajectories(MadeUp(), [name])  # type: ignore[arg-type]
    week = " a week" if OUTCOMES[name].kind == "total" else ""
    label = f"{name.replace('_', ' ')}{week} ({OUTCOMES[name].unit})"
    assert figure.axes[0].get_ylabel() == label
    assert figure.axes[0].get_xlabel() == "week"
    assert_inside(figure)


def test_regions_draw_each_region() -> None:
    runs = MadeUp(regions=3)
    figure = plots.regions(runs, ["trust", "cost"])  # type: ignore[arg-type]
    for axes, name in zip(figure.axes, ("trust", "cost"), strict=True):
        for line, region in zip(axes.lines, runs.scenario.region_names, strict=False):
            rows = runs.rows("with_ta", region, name)
            assert np.array_equal(line.get_ydata(), rows["mean"])
        assert axes.get_ylabel() == style.axis_label(name)
    colours = {line.get_color() for line in figure.axes[0].lines[:3]}
    assert len(colours) == 3
    assert "region 2" in all_text(figure)


def test_commitments_add_up(real: results.Runs) -> None:
    figure = plots.commitments(real)
    weeks = real.weeks()
    overall = weeks[(weeks["arm"] == "with_ta") & (weeks["region"] == "overall")]
    for line, name in zip(figure.axes[0].lines, FLOWS, strict=False):
        total = overall.loc[overall["outcome"] == name, "mean"].sum()
        assert line.get_ydata()[-1] == pytest.approx(total)
    assert figure.axes[0].get_ylabel().endswith("(commitments)")
    assert figure.axes[1].get_ylabel().endswith("(share)")
    kept, broken = (overall.loc[overall["outcome"] == name, "mean"].sum() for name in FLOWS[1:3])
    assert f"all weeks {kept / (kept + broken):.2f}" in all_text(figure)


def test_footers_say_where_the_numbers_come_from_and_what_a_band_is(real: results.Runs) -> None:
    for draw in RUN_FIGURES:
        said = all_text(draw(real))
        assert "2 runs, seed 1, scenario: Classroom" in said
        assert "What if, not forecast." in said
    assert "luck only" in all_text(plots.trajectories(real))
    assert "luck only" in all_text(plots.regions(real))


def test_rates_of_single_weeks_can_be_seen(real: results.Runs) -> None:
    figure = plots.trajectories(real, ["attendance"])
    line = figure.axes[0].lines[0]
    assert line.get_marker() == "."
    assert len(line.get_ydata()) > 5
    assert np.isfinite(line.get_ydata()).all()
    assert_inside(figure)


def test_unknown_outcomes_are_refused(real: results.Runs) -> None:
    with pytest.raises(InputError, match="did you mean 'trust'"):
        plots.trajectories(real, ["trsut"])
    with pytest.raises(InputError, match="no outcome"):
        plots.regions(real, [])


# --- odd data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", RUN_FIGURES)
@pytest.mark.parametrize("regions", [1, 3, 6, 7, 13])
def test_any_number_of_regions_fits(draw: Any, regions: int) -> None:
    assert_inside(draw(MadeUp(regions=regions)))


@pytest.mark.parametrize("draw", RUN_FIGURES)
@pytest.mark.parametrize("horizon", [11, 600])
def test_any_horizon_fits(draw: Any, horizon: int) -> None:
    assert_inside(draw(MadeUp(regions=2, horizon=horizon)))


@pytest.mark.parametrize("draw", RUN_FIGURES)
@pytest.mark.parametrize("damage", ["nan", "zero", "some nan", "no rows"])
def test_empty_and_missing_values_do_not_break(draw: Any, damage: str) -> None:
    runs = MadeUp(regions=2)
    numbers = ["mean", "p05", "p25", "p50", "p75", "p95"]
    if damage == "nan":
        runs.frame[numbers] = math.nan
    elif damage == "zero":
        runs.frame[numbers] = 0.0
    elif damage == "some nan":
        runs.frame.loc[runs.frame["week"] % 3 == 0, numbers] = math.nan
    else:
        runs.frame = runs.frame.iloc[:0]
    assert_inside(draw(runs))


@pytest.mark.parametrize("draw", RUN_FIGURES)
def test_a_scenario_without_ta_is_not_called_ta(draw: Any) -> None:
    figure = draw(MadeUp(dosage=[]))
    assert_inside(figure)
    said = all_text(figure)
    assert "with TA" not in said
    assert "end of TA" not in said


# --- the calendar --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_calendar_can_be_drawn(name: str) -> None:
    scenario = Scenario.shipped(name)
    figure = plots.dosage_timeline(scenario)
    assert_inside(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [one.replace("_", " ") for one in scenario.region_names]


def test_the_calendar_draws_the_contacts_that_are_planned() -> None:
    from sim.dosage import calendar

    scenario = Scenario.shipped("source")
    figure = plots.dosage_timeline(scenario)
    entries = calendar(scenario)
    for marks, mode in zip(figure.axes[0].collections, ("onsite", "video"), strict=True):
        planned = [entry for entry in entries if entry.mode == mode]
        assert sorted(np.asarray(marks.get_offsets())[:, 0]) == sorted(e.week for e in planned)
        size, hours = marks.get_sizes(), [entry.hours for entry in planned]
        assert np.corrcoef(size, hours)[0, 1] > 0.99
    assert "on site" in all_text(figure)


def test_shocks_are_named_on_the_calendar() -> None:
    shocks = [
        {"kind": "demand_rise", "week": 20, "until_week": 50, "by": 0.2},
        {"kind": "provider_leaves", "week": 30, "provider": "provider_1"},
        {"kind": "staff_leave", "week": 60, "share": 0.5, "region": "region_3"},
        {"kind": "dosage_cut", "week": 150, "factor": 0.5},
    ]
    figure = plots.dosage_timeline(Scenario.shipped("source").replace(shocks=shocks))
    assert_inside(figure)
    said = all_text(figure)
    for text in ("demand +0.2", "provider 1 leaves", "50 % of staff leave (region 3)", "x 0.5"):
        assert text in said


# --- the team ------------------------------------------------------------------------------------


def test_team_network_shows_the_people_of_the_model() -> None:
    scenario = Scenario.shipped("classroom")
    snapshots = plots.take_snapshots(scenario, seed=1)
    assert [(one.week, one.moment) for one in snapshots] == [
        (0, "start"), (52, "end of TA"), (78, "horizon"),
    ]  # fmt: skip
    figure = plots.team_network(snapshots)
    assert_inside(figure)
    *panels, bar = figure.axes
    for axes, snapshot in zip(panels, snapshots, strict=True):
        circles = axes.collections[1]
        assert np.array_equal(circles.get_array(), snapshot.integration)
        assert f"week {snapshot.week}\nmean {np.mean(snapshot.integration):.2f}" in axes.get_title()
    places = [np.asarray(axes.collections[1].get_offsets()) for axes in panels]
    assert np.array_equal(places[0], places[1])
    assert np.array_equal(places[0], places[2])
    assert bar.get_ylabel() == "integration (0-1)"
    rims = panels[0].collections[1].get_linewidths()
    assert sum(rim > 1 for rim in rims) == sum(snapshots[0].in_core_team) == 4


@pytest.mark.parametrize("size", [1, 2, 3, 60])
@pytest.mark.parametrize("moments", [1, 3])
def test_team_network_of_any_size(size: int, moments: int) -> None:
    ties = tuple((post, post + 1) for post in range(size - 1))
    snapshot = plots.TeamSnapshot(0, "start", "r", ties, (0.5,) * size, (True,) * size)
    assert_inside(plots.team_network([snapshot] * moments))


def test_the_team_is_that_of_the_model() -> None:
    """The picture is of the compiled states: the same people, ties and levels as of Mesa's."""
    from sim.model import CoCreationModel

    scenario = Scenario.shipped("graphml_team")
    model = CoCreationModel(scenario, seed=3, replicate=1)
    team = model.regions[0]
    at_start = plots.take_snapshots(scenario, seed=3, replicate=1)[0]
    assert at_start.region == team.name
    assert at_start.integration == tuple(person.integration for person in team.staff)
    assert at_start.in_core_team == tuple(bool(person.in_core_team) for person in team.staff)
    assert set(at_start.ties) == {tuple(sorted(tie)) for tie in team.graph().edges}


def test_team_network_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="no snapshot"):
        plots.team_network([])


# --- files -------------------------------------------------------------------------------------


def test_the_same_results_give_the_same_files(real: results.Runs, tmp_path: Path) -> None:
    first = figures.save(plots.figures_of(real), tmp_path / "a", figures.FORMATS)
    second = figures.save(plots.figures_of(real), tmp_path / "b", figures.FORMATS)
    assert [path.name for path in first] == [path.name for path in second]
    assert len(first) == 10
    assert {path.suffix for path in first} == {".png", ".svg"}
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    svg = (tmp_path / "a" / "trajectories.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in svg


def test_drawing_leaves_the_settings_of_matplotlib_alone(
    real: results.Runs, tmp_path: Path
) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures.save(plots.figures_of(real), tmp_path, figures.FORMATS)
    assert dict(matplotlib.rcParams) == before


def test_large_teams_are_not_drawn() -> None:
    assert plots._team_is_drawable(Scenario.shipped("source"))
    assert not plots._team_is_drawable(Scenario.shipped("national"))


# --- style -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wished", [[0.5], [0.5, 0.5, 0.5], [0.0, 1.0], [0.0, 0.01, 0.02], [0.99, 1.0], [0.3] * 20, []]
)
def test_labels_are_spread_within_the_axes_and_keep_their_order(wished: list[float]) -> None:
    placed = style.spread(wished, 0.1, 0.0, 1.0)
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in placed)
    gap = min(0.1, 1.0 / max(len(wished) - 1, 1))
    ordered = sorted(placed)
    assert all(b - a >= gap - 1e-6 for a, b in itertools.pairwise(ordered))
    ranks = sorted(range(len(wished)), key=lambda i: (wished[i], i))
    assert [placed[i] for i in ranks] == ordered


def test_spread_leaves_alone_what_has_room() -> None:
    assert style.spread([0.1, 0.9, 0.5], 0.1, 0.0, 1.0) == [0.1, 0.9, 0.5]


@pytest.mark.parametrize("last", [1, 5, 78, 156, 268, 520, 5000])
def test_week_ticks_are_few_and_begin_at_the_start(last: int) -> None:
    axes = Figure().subplots()
    assert isinstance(axes, Axes)
    style.week_ticks(axes, last, most=6)
    ticks = list(axes.xaxis.get_major_locator()())
    assert ticks[0] == 0
    assert ticks[-1] <= last
    assert 2 <= len(ticks) <= 8


def test_shocks_without_fields_of_others_have_words() -> None:
    shock = SimpleNamespace(kind="dosage_cut", factor=0.0, week=3)
    assert plots._shock_text(shock) == "dosage x 0"
