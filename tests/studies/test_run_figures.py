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
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy.stats import norm

from sim.core.errors import InputError
from sim.core.outcomes import HEADLINES, INDEX, NAMES, OUTCOMES
from sim.present import calendar_plots, figures, style
from sim.present.canvas import Canvas
from sim.present.table import Table
from sim.scenario.scenario import Scenario, shipped_names
from sim.studies.run import courses, team
from sim.studies.run.courses import Courses
from sim.studies.run.runs import Runs, run
from sim.studies.run.team_plot import team_network
from tests.strategies import in_turn, one_in_three

FLOWS = ("commitments_made", "commitments_kept", "commitments_broken", "commitments_lapsed")


class MadeUp:
    """Runs whose numbers are made up by a formula; ``courses`` is what the figures read of them."""

    def __init__(self, regions: int = 3, horizon: int = 60, **changes: Any) -> None:
        dosage = [{"mode": "video", "every_weeks": 4, "hours": 1.5, "last_week": horizon - 10}]
        self.scenario = Scenario(
            name="A made-up scenario whose name goes on and on, longer than any line can hold it",
            horizon_weeks=horizon,
            regions={"candidates": regions, "count": regions},
            **{"dosage": dosage, **changes},
        )
        self.frame = self._frame(horizon)
        self.summary = self._summary()

    @property
    def courses(self) -> Courses:
        return Courses(
            self.scenario,
            Table("weeks", self.frame),
            Table("summary", self.summary),
            runs=9,
            seed=1,
        )

    def _summary(self) -> pd.DataFrame:
        rows = []
        for r, region in enumerate([*self.scenario.region_names, "overall"]):
            for (o, outcome), (p, point) in itertools.product(
                enumerate(NAMES), enumerate(("start", "end_of_ta", "horizon"))
            ):
                mean = 0.4 + 0.02 * r + 0.05 * np.sin(o + p)
                rows.append(
                    {"region": region, "outcome": outcome, "point": point, "mean": mean}
                    | {"p05": mean - 0.2, "p95": mean + 0.2, "sd_chance": 0.05}
                    | {"effect_mean": 0.1, "effect_p05": -0.05, "effect_p95": 0.3}
                )
        return pd.DataFrame(rows)

    def _frame(self, horizon: int) -> pd.DataFrame:
        arms, places = ("with_ta", "without_ta", "effect"), [*self.scenario.region_names, "overall"]
        shape = (len(arms), len(places), len(NAMES), horizon + 1)
        a, r, o, week = (axis.reshape(-1) for axis in np.indices(shape))
        mean = 0.3 + 0.02 * r - 0.1 * (a == 1) + 0.2 * np.sin(week / 30 + o)
        for flow, name in enumerate(FLOWS):
            mean = np.where(o == INDEX[name], np.where(week % 4 == 1, 4.0 - flow, 0.0), mean)
        shifts = {"p05": -0.2, "p25": -0.1, "p50": 0.0, "p75": 0.1, "p95": 0.2}
        return pd.DataFrame(
            {"arm": np.array(arms)[a], "region": np.array(places)[r], "week": week}
            | {"outcome": np.array(NAMES)[o], "n": 9, "mean": mean}
            | {name: mean + shift for name, shift in shifts.items()}
        )

    def rows(self, arm: str, region: str, outcome: str) -> pd.DataFrame:
        """One line of the frame."""
        f = self.frame
        return f[(f["arm"] == arm) & (f["region"] == region) & (f["outcome"] == outcome)]


RUN_FIGURES = (courses.trajectories, courses.regions, courses.commitments)
POINT_FIGURES = (courses.spread, courses.effects)


@pytest.fixture(scope="module")
def real() -> Runs:
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
    canvas = Canvas(figure)
    figure.draw_without_rendering()  # every text is placed, no dot is painted
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
    figure = courses.trajectories(runs.courses)
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


@pytest.fixture(scope="module")
def made_up() -> MadeUp:
    """For tests that change nothing of it."""
    return MadeUp()


@pytest.mark.parametrize("name", one_in_three(NAMES))
def test_labels_carry_the_unit_of_the_outcome(name: str, made_up: MadeUp) -> None:
    figure = courses.trajectories(made_up.courses, [name])
    week = " a week" if OUTCOMES[name].kind == "total" else ""
    label = f"{name.replace('_', ' ')}{week} ({OUTCOMES[name].unit})"
    assert figure.axes[0].get_ylabel() == label
    assert figure.axes[0].get_xlabel() == "week"
    assert_inside(figure)


def test_regions_draw_each_region() -> None:
    runs = MadeUp(regions=3)
    figure = courses.regions(runs.courses, ["trust", "cost"])
    for axes, name in zip(figure.axes, ("trust", "cost"), strict=True):
        for line, region in zip(axes.lines, runs.scenario.region_names, strict=False):
            rows = runs.rows("with_ta", region, name)
            assert np.array_equal(line.get_ydata(), rows["mean"])
        assert axes.get_ylabel() == style.axis_label(name)
    colours = {line.get_color() for line in figure.axes[0].lines[:3]}
    assert len(colours) == 3
    assert "region 2" in all_text(figure)


def test_commitments_add_up(real: Runs) -> None:
    figure = courses.commitments(real.courses)
    weeks = real.weeks()
    overall = weeks[(weeks["arm"] == "with_ta") & (weeks["region"] == "overall")]
    for line, name in zip(figure.axes[0].lines, FLOWS, strict=False):
        total = overall.loc[overall["outcome"] == name, "mean"].sum()
        assert line.get_ydata()[-1] == pytest.approx(total)
    assert figure.axes[0].get_ylabel().endswith("(commitments)")
    assert figure.axes[1].get_ylabel().endswith("(share)")
    kept, broken = (overall.loc[overall["outcome"] == name, "mean"].sum() for name in FLOWS[1:3])
    assert f"all weeks {kept / (kept + broken):.2f}" in all_text(figure)


def test_footers_say_where_the_numbers_come_from_and_what_a_band_is(real: Runs) -> None:
    said = {draw: all_text(draw(real.courses)) for draw in RUN_FIGURES}
    for text in said.values():
        assert "2 runs, seed 1, scenario: Classroom" in text
        assert "What if, not forecast." in text
    assert "chance only, not what" in said[courses.trajectories]
    assert "chance only, not what" in said[courses.regions]


def test_rates_of_single_weeks_can_be_seen(real: Runs) -> None:
    figure = courses.trajectories(real.courses, ["attendance"])
    line = figure.axes[0].lines[0]
    assert line.get_marker() == "."
    assert len(line.get_ydata()) > 5
    assert np.isfinite(line.get_ydata()).all()
    assert_inside(figure)


def test_unknown_outcomes_are_refused(real: Runs) -> None:
    with pytest.raises(InputError, match="did you mean 'trust'"):
        courses.trajectories(real.courses, ["trsut"])
    with pytest.raises(InputError, match="no outcome"):
        courses.regions(real.courses, [])


# --- odd data ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("draw", "regions"), in_turn(RUN_FIGURES, [13, 1, 7]))
def test_any_number_of_regions_fits(draw: Any, regions: int) -> None:
    assert_inside(draw(MadeUp(regions=regions).courses))


@pytest.mark.parametrize(("draw", "horizon"), in_turn(RUN_FIGURES, [600, 11]))
def test_any_horizon_fits(draw: Any, horizon: int) -> None:
    assert_inside(draw(MadeUp(regions=2, horizon=horizon).courses))


@pytest.mark.parametrize(
    ("draw", "damage"), in_turn(RUN_FIGURES, ["nan", "zero", "some nan", "no rows"])
)
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
    assert_inside(draw(runs.courses))


@pytest.mark.parametrize("draw", RUN_FIGURES)
def test_a_scenario_without_ta_is_not_called_ta(draw: Any) -> None:
    figure = draw(MadeUp(dosage=[]).courses)
    assert_inside(figure)
    said = all_text(figure)
    assert "with TA" not in said
    assert "end of TA" not in said


# --- at the points of the summary ----------------------------------------------------------------


@pytest.mark.parametrize(("draw", "regions"), in_turn(POINT_FIGURES, [1, 13, 3]))
def test_intervals_at_points_fit(draw: Any, regions: int) -> None:
    assert_inside(draw(MadeUp(regions=regions).courses))


def test_spread_draws_chance_alone_within_all_that_is_not_known() -> None:
    sets = run("classroom", sets=6, replicates=4, seed=1)
    frame = sets.summary().set_index(["outcome", "point"])
    figure = courses.spread(sets.courses, ["trust"])
    light, bold = figure.axes[0].collections[:2]
    row: Any = frame.loc[("trust", "end_of_ta")]
    assert light.get_segments()[1][:, 1] == pytest.approx([row["p05"], row["p95"]])
    half = norm.ppf(0.95) * row["sd_chance"]
    assert bold.get_segments()[1][:, 1] == pytest.approx([row["mean"] - half, row["mean"] + half])
    assert "chance and parameters together" in all_text(figure)
    assert "6 plausible sets, " in all_text(figure)
    assert "spread" in [figure.name for figure in sets.figures]


def test_effects_draw_each_region(real: Runs) -> None:
    figure = courses.effects(real.courses, "trust")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["region 1", "overall"]
    (segment, _) = figure.axes[0].collections[0].get_segments()
    row: Any = real.summary("region_1").set_index(["outcome", "point"]).loc[("trust", "end_of_ta")]
    assert segment[:, 0] == pytest.approx([row["effect_p05"], row["effect_p95"]])


# --- the calendar --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", one_in_three(shipped_names()))
def test_every_shipped_calendar_can_be_drawn(name: str) -> None:
    scenario = Scenario.shipped(name)
    figure = calendar_plots.dosage_timeline(scenario)
    assert_inside(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [one.replace("_", " ") for one in scenario.region_names]


def test_the_calendar_draws_the_contacts_that_are_planned() -> None:
    from sim.model.dosage import calendar

    scenario = Scenario.shipped("source")
    figure = calendar_plots.dosage_timeline(scenario)
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
    figure = calendar_plots.dosage_timeline(Scenario.shipped("source").replace(shocks=shocks))
    assert_inside(figure)
    said = all_text(figure)
    for text in ("demand +0.2", "provider 1 leaves", "50 % of staff leave (region 3)", "x 0.5"):
        assert text in said


# --- the team ------------------------------------------------------------------------------------


def test_team_network_shows_the_people_of_the_model() -> None:
    scenario = Scenario.shipped("classroom")
    posts, ties = team.take_snapshots(scenario, seed=1)
    snapshots = [rows for _, rows in posts.groupby("week")]
    assert [(rows["week"].iloc[0], rows["moment"].iloc[0]) for rows in snapshots] == [
        (0, "start"), (52, "end of TA"), (78, "horizon"),
    ]  # fmt: skip
    figure = team_network(posts, ties)
    assert_inside(figure)
    *panels, bar = figure.axes
    for axes, snapshot in zip(panels, snapshots, strict=True):
        circles = axes.collections[1]
        week, mean = snapshot["week"].iloc[0], snapshot["integration"].mean()
        assert np.array_equal(circles.get_array(), snapshot["integration"])
        assert f"week {week}\nmean {mean:.2f}" in axes.get_title()
    places = [np.asarray(axes.collections[1].get_offsets()) for axes in panels]
    assert np.array_equal(places[0], places[1])
    assert np.array_equal(places[0], places[2])
    assert bar.get_ylabel() == "integration (0-1)"
    rims = panels[0].collections[1].get_linewidths()
    assert sum(rim > 1 for rim in rims) == snapshots[0]["in_core_team"].sum() == 4


@pytest.mark.parametrize(("size", "moments"), in_turn([1, 2, 3, 60], [1, 3]))
def test_team_network_of_any_size(size: int, moments: int) -> None:
    ties = pd.DataFrame({"post": range(size - 1), "other": range(1, size)}, dtype=int)
    posts = pd.DataFrame(
        {"moment": f"moment {week}", "week": week, "region": "r", "post": post}
        | {"integration": 0.5, "in_core_team": True}
        for week in range(moments)
        for post in range(size)
    )
    assert_inside(team_network(posts, ties))


def test_the_team_is_that_of_the_model() -> None:
    """The picture is of the compiled states: the same people, ties and levels as of Mesa's."""
    from sim.model.week import CoCreationModel

    scenario = Scenario.shipped("graphml_team")
    model = CoCreationModel(scenario, seed=3, replicate=1)
    group = model.regions[0]
    posts, ties = team.take_snapshots(scenario, seed=3, replicate=1)
    at_start = posts[posts["week"] == 0]
    assert set(at_start["region"]) == {group.name}
    assert at_start["integration"].tolist() == [person.integration for person in group.staff]
    assert at_start["in_core_team"].tolist() == [bool(one.in_core_team) for one in group.staff]
    assert set(map(tuple, ties.to_numpy())) == {tuple(sorted(tie)) for tie in group.graph().edges}


def test_team_network_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="no snapshot"):
        team_network(pd.DataFrame(), pd.DataFrame())


# --- files -------------------------------------------------------------------------------------


def test_the_same_results_give_the_same_files_and_leave_matplotlib_alone(
    real: Runs, tmp_path: Path
) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    first, second = (
        figures.save(real.figures[:1], tmp_path / name, figures.FORMATS) for name in ("a", "b")
    )
    assert dict(matplotlib.rcParams) == before
    assert [path.name for path in first] == [path.name for path in second]
    assert [path.suffix for path in first] == [".png", ".svg"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    svg = (tmp_path / "a" / "trajectories.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in svg


def test_large_teams_are_not_drawn() -> None:
    assert team.is_drawable(Scenario.shipped("source"))
    assert not team.is_drawable(Scenario.shipped("national"))


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
    assert calendar_plots._shock_text(shock) == "dosage x 0"
