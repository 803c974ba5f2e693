"""The compiled summary against the plain formulas, and compiled counting against NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import examples

from sim.core import outcomes
from sim.core.outcomes import COLUMN, FIRST_FLOW, GIVEN, INDEX, NAMES, OUTCOMES, RECORD
from sim.core.threads import by_threads
from sim.engine import batch, counting, native, summary
from sim.engine.reduction import Reduction, not_finite
from sim.engine.rooms import Rooms
from sim.engine.tables import parameter_rows
from sim.runs import bands
from sim.runs.bands import Bands
from sim.scenario.scenario import Scenario

HOURS = ("contact_hours", "preparation_hours", "travel_hours", "staff_hours", "co_creation_sum")


@dataclass
class Costs:
    provider_hour: float = 97.3
    staff_hour: float = 41.7
    travel_visit: float = 610.9


COSTS = Costs()
THRESHOLDS = (0.5, 0.2, 0.8)
HOURS_EACH = (0.8, 1.1, 0.0)
OF_SETS = np.array(
    [outcomes.given(COSTS, *one) for one in zip(THRESHOLDS, HOURS_EACH, strict=True)]
)


def records_of(runs: int, weeks: int, regions: int, quiet: float, seed: int) -> np.ndarray:
    """Random records; a share ``quiet`` of all flows is 0, so that all kinds of gaps are there."""
    draw = np.random.default_rng(seed)
    records = draw.random((runs, weeks, regions, len(RECORD)))
    flows = records[..., FIRST_FLOW:]
    hours = [COLUMN[name] - FIRST_FLOW for name in HOURS]
    counts = draw.integers(0, 4, flows.shape).astype(float)
    counts[..., hours] = 3.0 * flows[..., hours]
    counts[draw.random(flows.shape) < quiet] = 0.0
    records[..., FIRST_FLOW:] = counts
    records[:, 0, :, FIRST_FLOW:] = 0.0
    records[draw.random((runs, weeks, regions)) < 0.2, COLUMN["integration"]] = 0.5
    return records


def reduction(
    weeks: int, points: tuple[int, ...], reported: tuple[int, ...] | None = None
) -> Reduction:
    """Of records with three parameter sets, which differ in what counts as fully integrated, and in
    the hours that a commitment takes."""
    return Reduction(
        weeks=tuple(range(weeks)) if reported is None else reported,
        points=points,
        given=OF_SETS,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Records, the set of each run, and weeks in any order, some of them twice."""
    weeks = draw(st.sampled_from([1, 2, 17, 18, 19, 40]))
    runs = draw(st.integers(1, 4))
    quiet = draw(st.sampled_from([0.0, 0.6, 0.95, 1.0]))
    regions = draw(st.sampled_from([1, 2, 13]))
    records = records_of(runs, weeks, regions, quiet, draw(st.integers(0, 2**32)))
    which = draw(st.lists(st.integers(0, 2), min_size=runs, max_size=runs))
    points = draw(st.lists(st.integers(0, weeks - 1), min_size=1, max_size=5))
    return records, np.array(which, dtype=np.int64), tuple(points)


@settings(deadline=None)
@given(cases())
def test_compiled_summaries_have_the_bits_of_the_formulas(
    case: tuple[np.ndarray, np.ndarray, tuple[int, ...]],
) -> None:
    records, which, points = case
    weeks = records.shape[1]
    before = records.copy()
    reduced = reduction(weeks, points)
    by_week, values = reduced.weekly(records, which), reduced.at_points(records, which)
    for run, record in enumerate(records):
        own = THRESHOLDS[which[run]], HOURS_EACH[which[run]]
        weekly = outcomes.weekly(record, COSTS, *own)
        np.testing.assert_array_equal(by_week[run], weekly)
        for place, week in enumerate(points):
            expected = outcomes.at_week(record, week, COSTS, *own)
            np.testing.assert_array_equal(values[run, place], expected)
    np.testing.assert_array_equal(records, before)


@settings(deadline=None, max_examples=examples(30))
@given(cases())
def test_records_of_a_few_weeks_are_enough(
    case: tuple[np.ndarray, np.ndarray, tuple[int, ...]],
) -> None:
    """The weeks that points need hold what all weeks hold, to the last bit."""
    records, which, points = case
    weeks = records.shape[1]
    reported = outcomes.needed_weeks(points, weeks - 1)
    some = records
    if len(reported) < weeks:
        some = records[:, reported].copy()
        totals = np.cumsum(records[..., FIRST_FLOW:], axis=1)
        some[..., FIRST_FLOW:] = totals[:, reported]
    few = reduction(weeks, points, tuple(reported)).at_points(some, which)
    np.testing.assert_array_equal(few, reduction(weeks, points).at_points(records, which))


def test_work_space_and_what_is_filled_may_hold_anything() -> None:
    records = records_of(3, 30, 2, 0.5, seed=1)
    which = np.array([0, 1, 2], dtype=np.int64)
    seen = []
    for rubbish in (0.0, np.nan, 1e300):
        work = np.full_like(summary.work_space(2), rubbish)
        each = np.full((3, *work.shape), rubbish)
        found = np.full((3, 30, 3, len(NAMES)), rubbish)
        native.call("weekly", records, which, OF_SETS, 0, each, found)
        points = np.full((3, 2, 3, len(NAMES)), rubbish)
        now, before = np.array([29, 4]), np.array([12, 0])
        native.call("at_points", records, which, OF_SETS, now, before, 0, work, points)
        seen.append((found, points))
    for one in seen[1:]:
        np.testing.assert_array_equal(one[0], seen[0][0])
        np.testing.assert_array_equal(one[1], seen[0][1])


def test_an_outcome_is_a_row_and_a_formula() -> None:
    """Every formula gives a number, whatever row it is given; a name stands for a column."""
    row = [0.5] * len(RECORD)
    for one in OUTCOMES.values():
        if isinstance(one.formula, str):
            assert one.formula in COLUMN, one.name
        else:
            assert isinstance(one.formula(row, row, [0.5] * len(GIVEN)), float), one.name


# --- runs that are not finite --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("trust", np.nan, "the level trust of region_1 is nan in week 7"),
        ("visits", np.inf, "the flow visits of region_1 is inf in week 7"),
        ("load", -np.inf, "the level load of region_1 is -inf in week 7"),
    ],
)
def test_a_run_that_is_not_finite_is_named(column: str, value: float, text: str) -> None:
    records = records_of(3, 4, 2, 0.0, seed=2)
    records[1, 2, 1, COLUMN[column]] = value
    records[1, 3, 0, 0] = np.nan  # a later one is not spoken of
    regions = ("region_0", "region_1")
    assert not_finite(records, regions, (0, 5, 7, 9)) == {1: text}
    assert not_finite(records, regions)[1].endswith("in week 2")
    assert not_finite(records[[0, 2]], regions) == {}


def test_the_largest_numbers_are_finite() -> None:
    records = np.zeros((1, 1, 1, len(RECORD)))
    records[0, 0, 0, :2] = np.finfo(float).max, -np.finfo(float).max
    status = np.ones(1, dtype=np.int64)
    native.call("first_wrong", records.reshape(1, -1), status)
    assert status.tolist() == [0]


# --- in the threads ------------------------------------------------------------------------------


def test_runs_of_the_engine_are_summarised_as_their_records_are() -> None:
    scenario = Scenario.shipped("classroom")
    own = scenario.parameter_set()
    sets = [
        own.replace(integration_threshold=level, commitment_workload=load, beyond_range=True)
        for level, load in ((0.3, 0.02), (0.7, 0.05))
    ]
    which, replicates = np.repeat([0, 1], 5), np.tile(np.arange(5), 2)

    def records(weeks: tuple[int, ...] | None) -> np.ndarray:
        return batch.run_here(scenario, parameter_rows(sets), which, replicates, 3, weeks=weeks)

    few, whole = (
        Reduction.of(scenario, sets, (0, 52), every_week=every) for every in (False, True)
    )
    every = records(None)
    values, by_week = whole.at_points(every, which), whole.weekly(every, which)
    for run, record in enumerate(every):
        one = sets[which[run]]
        given = scenario.costs, one.integration_threshold, outcomes.commitment_hours(one)
        np.testing.assert_array_equal(by_week[run], outcomes.weekly(record, *given))
        np.testing.assert_array_equal(values[run, 1], outcomes.at_week(record, 52, *given))
    assert few.reported == (0, 35, 52, 78)
    np.testing.assert_array_equal(few.at_points(records(few.reported), which), values)


def test_a_point_outside_is_refused() -> None:
    scenario = Scenario.shipped("classroom")
    late = scenario.horizon_weeks + 1
    with pytest.raises(ValueError, match=f"week {late} is outside"):
        Reduction.of(scenario, [scenario.parameter_set()], (late,))


# --- quantiles -----------------------------------------------------------------------------------


def columns(runs: int) -> np.ndarray:
    """(run, cell): a smooth one, whole numbers, ties, one value, gaps, one value alone, nothing."""
    draw = np.random.default_rng(runs)
    values = np.empty((runs, 9))
    values[:, 0] = draw.normal(size=runs)
    values[:, 1] = draw.integers(0, 5, runs)
    values[:, 2] = np.where(draw.random(runs) < 0.9, 0.25, draw.random(runs))
    values[:, 3] = -0.7
    values[:, 4] = np.where(draw.random(runs) < 0.5, np.nan, draw.random(runs) - 0.5)
    values[:, 5] = np.nan
    values[-1, 5] = 3.5
    values[:, 6] = np.nan
    values[:, 7] = np.arange(runs)
    values[:, 8] = -np.arange(runs) * 1e6
    return values


@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")
@pytest.mark.parametrize("runs", [1, 2, 3, 4, 5, 20, 21, 999, 1000, 1001])
def test_exact_quantiles_are_numpys(runs: int) -> None:
    values = columns(runs)
    n, whole, fraction, found = bands.exact(values)
    np.testing.assert_array_equal(
        found, np.nanquantile(values, bands.QUANTILES, axis=0, method="weibull")
    )
    np.testing.assert_array_equal(n, (~np.isnan(values)).sum(axis=0))
    for cell in range(values.shape[1]):
        known = values[~np.isnan(values[:, cell]), cell]
        assert whole[cell] == math.fsum(np.floor(known))
        assert fraction[cell] == math.fsum(np.rint((known - np.floor(known)) * 2.0**40))


@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")
@settings(deadline=None)
@given(
    st.lists(
        st.one_of(st.floats(-4, 4), st.integers(-2, 2), st.sampled_from([math.nan, 1e300])),
        min_size=1,
    ),
    st.lists(st.floats(0, 1), min_size=1, max_size=7),
)
def test_any_quantiles_in_any_order(values: list[float], shares: list[float]) -> None:
    known = np.array([value for value in values if not math.isnan(value)], dtype=float)
    found = np.empty((1, len(shares)))
    sums = np.empty((3, 1), dtype=np.int64)
    column = np.array(values, dtype=float).reshape(-1, 1)
    native.call("exact", column, np.array(shares), *counting.work_space(len(values)), *sums, found)
    expected = (
        np.quantile(known, shares, method="weibull") if len(known) else np.full(len(shares), np.nan)
    )
    np.testing.assert_array_equal(found[0], expected)


@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")
@pytest.mark.parametrize(("runs", "limit"), [(1000, 1000), (1001, 1000)])
def test_the_limit_between_exact_and_counted(runs: int, limit: int) -> None:
    """Up to 1,000 runs exact; beyond them whole numbers stay exact, whatever is met in between."""
    assert limit == bands.EXACT_RUNS
    values = np.zeros((runs, 2, 2, len(NAMES)))
    draw = np.random.default_rng(1)
    values[..., INDEX["trust"]] = draw.random((runs, 2, 2))
    values[..., INDEX["contacts_held"]] = draw.integers(0, 9, (runs, 2, 2))
    values[draw.random(values.shape) < 0.1] = np.nan
    collected = Bands(2, 2, runs, arms=1)
    assert collected.exact == (runs <= limit)
    for part in np.array_split(values, 7):
        collected.add(part)
    table = collected.table()
    expected = np.nanquantile(values, bands.QUANTILES, axis=0, method="weibull")
    gap = np.abs(table.quantiles[:, 0] - expected)
    assert gap[..., INDEX["contacts_held"]].max() == 0.0
    assert gap[..., INDEX["trust"]].max() <= (0.0 if collected.exact else 1 / 1024)
    np.testing.assert_array_equal(table.n[0], (~np.isnan(values)).sum(axis=0))
    np.testing.assert_allclose(table.mean[0], np.nanmean(values, axis=0), atol=1e-11)
    assert np.isnan(table.quantiles[:, 1:]).all()


def test_threads_that_count_at_once_lose_nothing() -> None:
    """Histograms that widen while others count: the same as one batch after the other."""
    draw = np.random.default_rng(4)
    batches = [draw.random((20, 11, 2, len(NAMES))) * 4.0 ** draw.integers(0, 9) for _ in range(24)]
    together, after = (Bands(11, 2, 2000, arms=1) for _ in range(2))
    for one in batches:
        after.add(one)
    list(by_threads(together.add, batches, 6))
    first, second = after.table(), together.table()
    np.testing.assert_array_equal(first.n, second.n)
    np.testing.assert_array_equal(first.mean, second.mean)
    np.testing.assert_array_equal(first.quantiles, second.quantiles)


@pytest.mark.parametrize("runs", [2000, 70_000])  # counts of 16 and of 32 bits
def test_states_that_are_joined_are_what_is_counted_together(runs: int) -> None:
    """Also where bins differ in width, and both ways round; effects have both signs."""
    draw = np.random.default_rng(5)
    parts = [draw.normal(0, 3.0**scale, (2, 15, 5, 2, len(NAMES))) for scale in (0, 9, 4)]
    for part in parts:
        part[draw.random(part.shape) < 0.1] = np.nan
    states, together = [], Bands(5, 2, runs)
    for part in parts:
        alone = Bands(5, 2, runs)
        for bands_of in (alone, together):
            bands_of.add(*part)
        states.append(alone.state())
    expected = together.table()
    for order in (states, states[::-1]):
        joined = Bands(5, 2, runs)
        for state in order:
            joined.add_state(state)
        for name, array in joined.state().items():
            np.testing.assert_array_equal(array, together.state()[name], err_msg=name)
        for name in ("n", "mean", "quantiles"):
            np.testing.assert_array_equal(getattr(joined.table(), name), getattr(expected, name))


@pytest.mark.parametrize(("regions", "weeks"), [(1, 3), (2, 40)])
@pytest.mark.parametrize("runs", [2000, 70_000])  # counts of 16 and of 32 bits
def test_counted_records_are_their_counted_values(runs: int, regions: int, weeks: int) -> None:
    """Whatever the batches, and also where one has wider bins or values that are missing."""
    reduced = reduction(weeks, (weeks - 1,))
    batches = [
        [records_of(size, weeks, regions, quiet, seed=3 * size + arm) * scale for arm in range(2)]
        for size, quiet, scale in ((1, 0.5, 1.0), (16, 0.9, 30.0), (21, 0.0, 1e-3), (40, 0.5, 1e6))
    ]
    batches[1][0][3:] = batches[1][0][3]  # the same value in most runs
    records, values = (Bands(weeks, regions + 1, runs) for _ in range(2))
    for batch_of in batches:
        which = np.arange(len(batch_of[0])) % 3
        records.add_records(reduced, which, *batch_of)
        values.add(*(reduced.weekly(one, which) for one in batch_of))
    expected = values.state()
    for name, array in records.state().items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)
        assert array.dtype == expected[name].dtype
    for name in ("n", "mean", "quantiles"):
        np.testing.assert_array_equal(
            getattr(records.table(), name), getattr(values.table(), name), err_msg=name
        )


@pytest.mark.parametrize("weeks", [None, (0, 20, 52), (20,)])
def test_what_memory_held_before_does_not_reach_a_run(weeks: tuple[int, ...] | None) -> None:
    rooms, scenario = Rooms(), Scenario.shipped("classroom")
    matrix, seed = parameter_rows([scenario.parameter_set()]), 3
    which = np.zeros(2, dtype=np.int64)

    def room(shape: tuple[int, ...]) -> np.ndarray:
        found = rooms.empty("records", shape)
        found[...] = np.nan
        return found

    for replicates in ([0, 1], [2, 3]):
        given = scenario, matrix, which, np.array(replicates), seed
        found = batch.run_here(*given, weeks=weeks, room=room)
        zeros = batch.run_here(*given, weeks=weeks, room=np.zeros)
        np.testing.assert_array_equal(found, zeros)
        assert np.isfinite(found).all()


@pytest.mark.parametrize("counter", [np.uint16, np.uint32])
def test_compiled_counting_is_what_numpy_counts(counter: type) -> None:
    """Against NumPy's own floor, rint, clip and histogram; whole numbers, bounds and gaps too."""
    luck = np.random.default_rng(7)
    runs, weeks, cells, bins = 50, 3, 8, 64
    values = luck.normal(0.4, 0.4, (runs, weeks, cells))
    values *= np.tile([1.0, 300.0, 1e6, 1e-6, 1e12, 1.0, 1.0, 1.0], 1)
    values[luck.random(values.shape) < 0.2] = np.nan
    values[0] = [0.0, 7.0, -3.0, 1.0, 2.0**50, 0.5, 0.5, 0.5]
    values[:, 1, 2] = np.nan
    values[1:, 1, 3] = np.nan
    values[:, :, 5] = -2.25  # the same in all runs
    shape = 1, weeks, cells
    origin = luck.random((1, cells)) - 0.5
    step = luck.random((1, cells)) * [0.02, 9.0, 2e4, 1e-7, 1e10, 1.0, 1.0, 1.0]
    shift = luck.choice([0.0, 0.5, 32.0], (1, cells))
    limit = np.full((1, cells), np.inf)
    n, whole, fraction = (np.full(shape, 5, dtype=np.int64) for _ in range(3))
    counts = np.zeros((*shape, bins + 2), dtype=counter)
    bits = 8 * counts.itemsize
    for first, last in ((0, 1), (1, 3)):
        native.call(
            f"count_{bits}", values, 0, first, last, np.full((cells, runs), np.nan), n, whole,
            fraction, counts, origin, step, shift, limit, bins, np.full(runs, np.nan),
            np.full((cells, runs), 9, dtype=np.int32), np.full((2, cells), 9),
        )  # fmt: skip
    known = ~np.isnan(values)
    floors = np.floor(np.where(known, values, 0.0))
    rests = np.rint((np.where(known, values, 0.0) - floors) * 2.0**40)
    np.testing.assert_array_equal(n[0] - 5, known.sum(axis=0))
    np.testing.assert_array_equal(whole[0] - 5, floors.sum(axis=0))
    np.testing.assert_array_equal(fraction[0] - 5, rests.astype(np.int64).sum(axis=0))
    places = np.clip(np.floor((values - origin) / step + shift), 0, bins)
    for week, cell in np.ndindex(weeks, cells):
        column = places[:, week, cell]
        expected = np.bincount(column[~np.isnan(column)].astype(int), minlength=bins + 2)
        np.testing.assert_array_equal(counts[0, week, cell], expected)
    ranks = luck.integers(0, 60, (weeks * cells, 5))  # in any order
    bin_of = np.empty_like(ranks)
    native.call(f"bins_at_{bits}", counts.reshape(-1, bins + 2), ranks, bins, bin_of)
    running = np.cumsum(counts.reshape(-1, bins + 2)[:, : bins + 1], axis=-1, dtype=np.int64)
    for rank in range(5):
        below = running <= ranks[:, rank, None]
        np.testing.assert_array_equal(bin_of[:, rank], below.sum(axis=-1))
