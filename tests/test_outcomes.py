"""Each outcome from hand-made records, against numbers worked out by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core import outcomes
from sim.core.errors import InputError
from sim.core.outcomes import COLUMN, FIRST_FLOW, INDEX, NAMES, OUTCOMES, RECORD
from sim.core.parameters import Parameters

pytestmark = pytest.mark.smoke


@dataclass
class Costs:
    provider_hour: float = 100.0
    staff_hour: float = 50.0
    travel_visit: float = 600.0


COSTS = Costs()
NOTHING = dict.fromkeys(RECORD, 0.0)

# A week of one region, and what each outcome of it is.
WEEK = {
    "trust": 0.5,
    "staff_accountability": 0.36,
    "provider_accountability": 0.64,
    "knowledge": 0.6,
    "knowledge_sd": 0.2,
    "integration": 0.3,
    "integrated_share": 0.25,
    "routines": 0.15,
    "readiness": 0.55,
    "context": 0.2,
    "load": 1.4,
    "workload": 0.65,
    "open": 3.0,
    "open_staff": 2.0,
    "planned": 4.0,
    "held": 2.0,
    "failed_provider": 1.0,
    "failed_region": 1.0,
    "attended": 2.0,
    "invited": 20.0,
    "present": 10.0,
    "made_staff": 5.0,
    "made_provider": 3.0,
    "kept_staff": 4.0,
    "kept_provider": 1.0,
    "broken_staff": 1.0,
    "broken_provider": 2.0,
    "lapsed": 2.0,
    "leavers": 1.0,
    "provider_left": 1.0,
    "contact_hours": 3.0,
    "preparation_hours": 5.5,
    "travel_hours": 6.0,
    "staff_hours": 15.0,
    "visits": 1.0,
    "co_creation_sum": 0.9,
}
EXPECTED = {
    "trust": 0.5,
    "staff_accountability": 0.36,
    "provider_accountability": 0.64,
    "mutual_accountability": 0.6 * 0.8,
    "knowledge": 0.6,
    "knowledge_sd": 0.2,
    "integration": 0.3,
    "integrated_share": 0.25,
    "fully_integrated": 0.0,
    "routines": 0.15,
    "readiness": 0.55,
    "capacity": 0.35,
    "workload": 0.65,
    "provider_load": 1.4,
    "provider_context": 0.2,
    "contacts_planned": 4.0,
    "contacts_held": 2.0,
    "contacts_failed_by_provider": 1.0,
    "contacts_failed_by_region": 1.0,
    "contact_hours": 3.0,
    "preparation_hours": 5.5,
    "travel_hours": 6.0,
    "provider_hours": 14.5,
    "staff_hours": 15.0,
    "attendance": 0.5,
    "co_creation": 0.45,
    "commitments_made": 8.0,
    "commitments_kept": 5.0,
    "commitments_broken": 3.0,
    "commitments_lapsed": 2.0,
    "commitments_open": 3.0,
    "commitment_hours": 2.0 * 0.02 * 40.0,
    "commitments_kept_share": 0.625,
    "staff_leavers": 1.0,
    # attendance 1/2, staff kept 4/5, not failed by the region 3/4: (.3)^(1/3)
    "collaboration": 0.3 ** (1.0 / 3.0),
    "cost": 1450.0 + 750.0 + 600.0,
}


def record_of(*weeks: list[dict[str, float]]) -> np.ndarray:
    """(week, region, column) from dictionaries of what is not 0; week 0 is put in front, empty."""
    start = [{} for _ in weeks[0]]
    return np.array(
        [
            [[{**NOTHING, **region}[name] for name in RECORD] for region in w]
            for w in (start, *weeks)
        ]
    )


def value(values: np.ndarray, name: str, region: int = -1) -> float:
    return float(values[region, INDEX[name]])


def test_the_expectations_cover_everything() -> None:
    assert list(EXPECTED) == list(NAMES)
    assert list(WEEK) == list(RECORD)


@pytest.mark.parametrize("name", NAMES)
def test_outcome_of_a_week(name: str) -> None:
    values = outcomes.weekly(record_of([WEEK]), COSTS)
    assert values.shape == (2, 2, len(NAMES))
    for region in (0, -1):  # of one region, overall is the region
        assert value(values[1], name, region) == pytest.approx(EXPECTED[name], rel=1e-14)


def test_a_week_with_nothing() -> None:
    values = outcomes.weekly(record_of([{}]), COSTS)[1]
    empty = {"attendance", "co_creation", "commitments_kept_share", "collaboration"}
    assert {name for name in NAMES if math.isnan(value(values, name))} == empty
    assert all(value(values, name) == 0.0 for name in NAMES if name not in empty)


def test_overall_is_the_mean_of_regions_or_their_sum() -> None:
    other = {**WEEK, "trust": 0.9, "open": 4.0, "planned": 8.0, "present": 20.0, "leavers": 0.0}
    values = outcomes.weekly(record_of([WEEK, other]), COSTS)[1]
    assert value(values, "trust") == pytest.approx(0.7)
    assert value(values, "commitments_open") == 7.0
    assert value(values, "contacts_planned") == 12.0
    assert value(values, "attendance") == pytest.approx(0.75)  # of shares, not of people
    assert value(values, "staff_leavers") == 1.0
    assert value(values, "cost") == 2 * EXPECTED["cost"]
    assert value(values, "fully_integrated") == 0.0


def test_overall_leaves_out_regions_without_a_value() -> None:
    values = outcomes.weekly(record_of([WEEK, {}]), COSTS)[1]
    assert value(values, "attendance", 0) == 0.5
    assert math.isnan(value(values, "attendance", 1))
    assert value(values, "attendance") == 0.5
    assert value(values, "trust") == 0.25  # a level is always there


def test_full_integration_is_of_regions() -> None:
    records = [{"integration": level} for level in (0.5, 0.4999, 0.8, 0.1)]
    values = outcomes.weekly(record_of(records), COSTS)[1]
    assert [value(values, "fully_integrated", r) for r in range(4)] == [1.0, 0.0, 1.0, 0.0]
    assert value(values, "fully_integrated") == 0.5
    stricter = outcomes.weekly(record_of(records), COSTS, threshold=0.6)[1]
    assert value(stricter, "fully_integrated") == 0.25


def test_costs_are_those_given() -> None:
    values = outcomes.weekly(record_of([WEEK]), Costs(1.0, 10.0, 100.0))[1]
    assert value(values, "cost") == pytest.approx(14.5 + 150.0 + 100.0)


def test_hours_on_commitments_follow_their_workload_and_the_week() -> None:
    """The staff's open ones x workload of one x hours of a full week: summed, and never priced."""
    own = Parameters({"commitment_workload": 0.05, "working_week": 30.0}, beyond_range=True)
    record = record_of([{"open": 5.0, "open_staff": 3.0}, {"open": 1.0, "open_staff": 1.0}])
    found = outcomes.weekly(record, COSTS, hours=outcomes.commitment_hours(own))[1]
    assert [value(found, "commitment_hours", r) for r in (0, 1)] == [4.5, 1.5]
    assert value(found, "commitment_hours") == 6.0
    assert value(found, "cost") == 0.0
    usual = outcomes.weekly(record, COSTS)[1]
    assert value(usual, "commitment_hours") == pytest.approx(4 * 0.02 * 40)
    assert value(usual, "commitment_hours") == value(
        outcomes.weekly(record, COSTS, hours=outcomes.commitment_hours(Parameters()))[1],
        "commitment_hours",
    )


regions_of_a_run = st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=13)


@given(regions_of_a_run, st.sampled_from([1.0, -1.0]))
def test_the_worst_region_is_one_of_them_and_no_other_is_worse(
    regions: list[float], sign: float
) -> None:
    found = outcomes.worst(np.array(regions), sign).item()
    known = [one for one in regions if not math.isnan(one)]
    if not known:
        assert math.isnan(found)
        return
    assert found in known
    assert all(sign * one >= sign * found for one in known)


@given(regions_of_a_run, st.floats(-1e3, 1e3))
def test_the_spread_is_from_the_worst_to_the_best(regions: list[float], moved: float) -> None:
    array = np.array(regions)
    found = outcomes.spread(array).item()
    known = [one for one in regions if not math.isnan(one)]
    if not known:
        assert math.isnan(found)
        return
    assert found == max(known) - min(known) >= 0.0
    assert outcomes.spread(np.full(len(regions), moved)).item() == 0.0  # equal regions
    assert outcomes.spread(array[::-1]).item() == found  # whatever their order
    assert outcomes.spread(-array).item() == found  # whichever way is better


def test_worst_and_spread_of_many_runs_are_those_of_each() -> None:
    values = np.random.default_rng(2).random((4, 3, 5))
    values[1, :, 2] = values[2, 0, 0] = np.nan
    for run in range(4):
        for outcome, sign in enumerate((1.0, -1.0, 1.0, -1.0, 1.0)):
            alone = values[run, :, outcome]
            signs = np.array([1.0, -1.0, 1.0, -1.0, 1.0])
            np.testing.assert_equal(
                outcomes.worst(values, signs, axis=1)[run, outcome], outcomes.worst(alone, sign)
            )
            np.testing.assert_equal(
                outcomes.spread(values, axis=1)[run, outcome], outcomes.spread(alone)
            )


def test_collaboration_looks_back_17_weeks() -> None:
    good = {"invited": 10.0, "present": 10.0, "kept_staff": 2.0, "planned": 1.0}
    bad = {"invited": 10.0, "broken_staff": 2.0, "planned": 1.0, "failed_region": 1.0}
    record = record_of([good], *[[bad]] * 16, [{}], *[[{}]] * 20)
    collaboration = outcomes.weekly(record, COSTS)[:, -1, INDEX["collaboration"]]
    assert math.isnan(collaboration[0])
    assert collaboration[1] == 1.0
    for week in range(2, 18):  # the good week and week - 1 bad ones
        assert collaboration[week] == pytest.approx(1.0 / week, rel=1e-13)  # three shares of 1/week
    assert collaboration[18] == 0.0  # weeks 2..18: bad ones only
    assert collaboration[33] == 0.0  # weeks 17..33: the last bad one
    assert math.isnan(collaboration[34])  # weeks 18..34: nothing in them


def test_collaboration_needs_each_of_its_factors() -> None:
    factors = {"invited": 4.0, "present": 4.0, "kept_staff": 1.0, "planned": 1.0}
    for missing in ("invited", "kept_staff", "planned"):
        week = {name: v for name, v in factors.items() if name != missing}
        found = outcomes.weekly(record_of([week]), COSTS)[1]
        assert math.isnan(value(found, "collaboration")), missing
    assert value(outcomes.weekly(record_of([factors]), COSTS)[1], "collaboration") == 1.0


@pytest.fixture(scope="module")
def many_weeks() -> np.ndarray:
    """A random but consistent record: (2 runs, 41 weeks, 3 regions, column)."""
    r = np.random.default_rng(5)
    record = r.random((2, 41, 3, len(RECORD)))
    record[..., FIRST_FLOW:] = r.integers(0, 4, record[..., FIRST_FLOW:].shape)
    invited, present = COLUMN["invited"], COLUMN["present"]
    record[..., present] = np.minimum(record[..., invited], record[..., present])
    record[..., COLUMN["failed_region"]] = np.minimum(
        record[..., COLUMN["planned"]], record[..., COLUMN["failed_region"]]
    )
    record[:, 0, :, FIRST_FLOW:] = 0.0
    return record


@pytest.mark.parametrize("week", [0, 8, 16, 17, 40])
def test_summary_at_a_week(many_weeks: np.ndarray, week: int) -> None:
    """Levels as in that week; totals the sum up to it; rates pooled over all weeks up to it."""
    weekly = np.stack([outcomes.weekly(run, COSTS) for run in many_weeks])
    at_week = np.stack([outcomes.at_week(run, week, COSTS) for run in many_weeks])
    assert at_week.shape == (2, 4, len(NAMES))
    sums = many_weeks[:, : week + 1].sum(axis=1)
    for name in NAMES:
        found = at_week[..., INDEX[name]]
        kind = OUTCOMES[name].kind
        if kind == "level":
            expected = weekly[:, week, :, INDEX[name]]
        elif kind == "total":
            expected = weekly[:, : week + 1, :, INDEX[name]].sum(axis=1)
        else:
            with np.errstate(invalid="ignore"):
                regions = POOLED[name](sums)
            if week == 0:
                assert np.isnan(found).all()
                continue
            expected = np.concatenate([regions, regions.mean(axis=-1, keepdims=True)], axis=-1)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0.0, err_msg=name)


def _ratio_of(above: list[str], below: list[str]):
    def ratio(sums: np.ndarray) -> np.ndarray:
        return sum(sums[..., COLUMN[n]] for n in above) / sum(sums[..., COLUMN[n]] for n in below)

    return ratio


KEPT = ["kept_staff", "kept_provider"]
POOLED = {
    "attendance": _ratio_of(["present"], ["invited"]),
    "co_creation": _ratio_of(["co_creation_sum"], ["attended"]),
    "commitments_kept_share": _ratio_of(KEPT, [*KEPT, "broken_staff", "broken_provider"]),
}


def test_every_rate_is_pooled() -> None:
    assert {name for name in NAMES if OUTCOMES[name].kind == "rate"} == set(POOLED)


def test_summaries_leave_the_record_alone(many_weeks: np.ndarray) -> None:
    before = many_weeks.copy()
    outcomes.weekly(many_weeks[0], COSTS)
    outcomes.at_week(many_weeks[0], 20, COSTS)
    assert (many_weeks == before).all()


@pytest.mark.parametrize("week", [-1, 41])
def test_a_week_outside_the_record(many_weeks: np.ndarray, week: int) -> None:
    with pytest.raises(ValueError, match=rf"week {week} is outside 0\.\.40"):
        outcomes.at_week(many_weeks[0], week, COSTS)


def test_unknown_outcome() -> None:
    with pytest.raises(InputError) as caught:
        outcomes.check_outcome("knowlege")
    assert str(caught.value) == (
        "outcome: 'knowlege' is not an outcome; allowed: the names printed by 'codose outcomes'; "
        "did you mean 'knowledge'?"
    )


def test_known_outcomes() -> None:
    for name in NAMES:
        assert outcomes.check_outcome(name).name == name
    assert set(outcomes.HEADLINES) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_outcomes_are_described(name: str) -> None:
    spec = OUTCOMES[name]
    assert spec.unit
    assert spec.meaning
    assert (spec.kind == "total") <= (spec.overall == "sum")
    assert spec.high is None or spec.high > spec.low


@dataclass
class Run:
    end_of_ta: int
    horizon_weeks: int


@pytest.mark.parametrize(
    ("end", "horizon", "expected"),
    [
        (104, 156, {"start": 0, "end_of_ta": 104, "year_after": 156, "horizon": 156}),
        (104, 155, {"start": 0, "end_of_ta": 104, "horizon": 155}),
        (52, 156, {"start": 0, "end_of_ta": 52, "year_after": 104, "horizon": 156}),
    ],
)
def test_points(end: int, horizon: int, expected: dict[str, int]) -> None:
    assert outcomes.points(Run(end, horizon)) == expected


def test_every_outcome_says_which_way_is_better() -> None:
    signs = {name: one.sign for name, one in OUTCOMES.items()}
    assert {signs[name] for name in ("trust", "integration", "commitments_kept")} == {1.0}
    assert {signs[name] for name in ("workload", "cost", "provider_hours", "staff_leavers")} == {-1}
    assert {name for name, sign in signs.items() if sign == 0} == {
        "contacts_planned", "contacts_held", "commitments_made", "commitments_open",
    }  # fmt: skip
