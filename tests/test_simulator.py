"""The model as one function of numbers: the same answers as other doors, paired, checked."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sim import Scenario, run, simulator
from sim.core import outcomes
from sim.core.errors import InputError
from sim.core.parameters import TABLE, rows
from sim.model.week import simulate
from sim.scenario.levers import with_levers
from sim.studies.distributions import Distribution

TRUST = ["trust_step", "hour_scale"]
MIXED = {"trust_step": None, "hours": (0.5, 2), "staff": (4, 8),
         "network": {"choices": ["ring", "hub", "none"]}}  # fmt: skip


def fragile(scenario: Any, parameters: Any, seed: int, replicate: int) -> np.ndarray:
    """An engine of one's own: the readable one, which fails in odd replicates above a value."""
    if replicate % 2 and parameters.trust_step > 0.3:
        raise ValueError("nobody is there")
    return simulate(scenario, parameters, seed, replicate)


# --- the right numbers ----------------------------------------------------------------------------


def test_it_is_the_mean_of_readable_runs() -> None:
    """Oracle: the readable engine, run by run, at parameters and levers set by hand."""
    f = simulator("classroom", {"trust_step": None, "hours": (0.5, 2)}, ["trust", "cost"], 30,
                  replicates=2, seed=5)  # fmt: skip
    found = f([[0.2, 1.0], [0.4, 1.75]])
    for row, (step, hours) in enumerate([(0.2, 1.0), (0.4, 1.75)]):
        scenario = with_levers(Scenario.shipped("classroom"), {"hours": hours})
        values = scenario.parameter_set().replace(trust_step=step)
        records = [simulate(scenario, values, 5, replicate) for replicate in range(2)]
        seen = [outcomes.at_week(record, 30, scenario.costs)[-1] for record in records]
        expected = np.mean(seen, axis=0)[[outcomes.INDEX["trust"], outcomes.INDEX["cost"]]]
        assert found[row] == pytest.approx(expected, rel=1e-12)


def test_run_has_the_same_answer() -> None:
    f = simulator("source", TRUST, ["integration", "effect on integration"], replicates=3)
    point = {"trust_step": 0.2, "hour_scale": 1.5}
    table = run("source", parameters=point, replicates=3).summary()
    row = table[(table["outcome"] == "integration") & (table["point"] == "end_of_ta")].iloc[0]
    found = f(point)
    assert found["integration"] == pytest.approx(row["mean"], rel=1e-12)
    assert found["effect on integration"] == pytest.approx(row["effect_mean"], rel=1e-12)


def test_several_weeks_and_persistence() -> None:
    f = simulator("source", TRUST, ["trust", "persistence of trust"], ["end_of_ta", "year_after"],
                  replicates=2)  # fmt: skip
    assert f.outcomes == (
        "trust @ end_of_ta", "trust @ year_after", "persistence of trust @ year_after",
    )  # fmt: skip
    end, later, change = f([0.2, 1.0])
    assert change == pytest.approx(later - end, abs=1e-12)
    one = simulator("source", TRUST, "trust", ["end_of_ta", "year_after"], replicates=2)
    assert one([0.2, 1.0]).tolist() == [end, later]


def test_every_form_of_a_point_is_the_same_point() -> None:
    f = simulator("classroom", MIXED, ["trust", "knowledge"], replicates=2)
    point = {"trust_step": 0.2, "hours": 1.5, "staff": 6, "network": "hub"}
    by_place = [0.2, 1.5, 6, 1]
    expected = f(by_place)
    assert expected.shape == (2,)
    assert np.array_equal(f([by_place, by_place]), [expected, expected])
    assert list(f(point).values()) == list(f(**point).values()) == expected.tolist()
    frame = f(
        pd.DataFrame([point, point], index=["a", "b"])[["network", "staff", "hours", *TRUST[:1]]]
    )
    assert list(frame.index) == ["a", "b"]
    assert list(frame.columns) == ["trust", "knowledge"]
    assert np.array_equal(frame.to_numpy(), [expected, expected])
    alone = simulator("classroom", MIXED, "trust", replicates=2)
    assert alone([by_place]).shape == (1,)
    assert alone(by_place) == alone(point) == expected[0]
    assert f(np.empty((0, 4))).shape == (0, 2)
    assert f.runs([by_place]).mean(axis=1)[0] == pytest.approx(expected)


# --- chance ---------------------------------------------------------------------------------------


def test_paired_rows_differ_by_their_values_alone() -> None:
    """A change of a value too small to matter moves nothing where chance is the same."""
    names = {"trust_step": None, "provider_cancels": (-5, -4)}
    free = {"beyond_range": True, "replicates": 2}
    rows_ = np.array([[0.2, -5], [0.2, -5 + 1e-9], [0.3, -5]])
    paired, fresh = (simulator("classroom", names, "trust", paired=p, **free)(rows_)
                     for p in (True, False))  # fmt: skip
    assert paired[0] == paired[1] != paired[2]
    assert fresh[0] != fresh[1]


@pytest.mark.parametrize("paired", [True, False])
def test_a_row_has_one_answer_whoever_asks(paired: bool) -> None:
    f = simulator("classroom", MIXED, ["trust"], replicates=2, paired=paired)
    x = np.array([[0.2, 1, 5, 0], [0.3, 1, 5, 0], [0.2, 2, 7, 2], [0.2, 1, 5, 1]])
    whole = f(x)
    order = [2, 0, 3, 1]
    assert np.array_equal(f(x[order]), whole[order])
    assert np.array_equal(np.concatenate([f(x[:1]), f(x[1:])]), whole)
    assert np.array_equal(pickle.loads(pickle.dumps(f))(x), whole)
    assert f(x[0]) == whole[0]


def test_unpaired_replicates_are_apart_and_fair() -> None:
    """Of the same expectation as paired ones: the mean over many points lies within the error."""
    x = np.column_stack([np.linspace(0.2, 0.2 + 1e-6, 60), np.full(60, 1.0)])
    one = simulator("classroom", TRUST, "trust", replicates=1, paired=False)(x)
    many = simulator("classroom", TRUST, "trust", replicates=60)(x[0])
    assert len(set(one)) == 60
    assert abs(one.mean() - many) < 4 * one.std(ddof=1) * np.sqrt(2 / 60)


def test_runs_that_fail_are_left_out_and_a_point_without_any_is_nan() -> None:
    f = simulator("classroom", TRUST, "trust", replicates=2, engine=fragile)
    told = "1 of 2 runs failed and are left out; row 0, replicate 1: .*nobody is there"
    with pytest.warns(RuntimeWarning, match=told):
        single = f.runs([0.4, 1.0])[0, :, 0]
    assert np.isnan(single).tolist() == [False, True]
    with pytest.warns(RuntimeWarning, match=told):
        assert f([0.4, 1.0]) == single[0]
    other = simulator("classroom", TRUST, "trust", replicates=2)
    assert f([0.2, 1.0]) == other([0.2, 1.0])
    kept = simulator("classroom", TRUST, "commitments_kept_share", 0, replicates=2)
    assert np.isnan(kept([0.2, 1.0]))


# --- what varies ----------------------------------------------------------------------------------


def test_bounds_and_priors_are_those_of_the_table() -> None:
    f = simulator("classroom", "free")
    assert list(f.names) == [row.name for row in rows(role="free")]
    for name, bounds in zip(f.names, f.bounds, strict=True):
        assert bounds == (TABLE[name].low, TABLE[name].high)
        low, high = f.prior[name].support()
        assert (low, high) == pytest.approx(bounds)
        assert f.prior[name].ppf(0.25) == pytest.approx(low + 0.25 * (high - low))
    assert f.problem == {
        "num_vars": len(f.names), "names": list(f.names),
        "bounds": [list(pair) for pair in f.bounds], "outputs": ["integration"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "how",
    [
        Distribution("uniform", (1.0, 3.0)), Distribution("log_uniform", (1.0, 9.0)),
        Distribution("truncated", (2.0, 1.0, 1.0, 4.0)), Distribution("integer", (2.0, 5.0)),
        Distribution("normal", (2.0, 0.5)),
    ],
    ids=lambda how: how.kind,
)  # fmt: skip
def test_frozen_distributions_have_the_same_quantiles(how: Distribution) -> None:
    u = np.array([0.06, 0.3, 0.55, 0.9])
    near = 0.02 if how.kind == "normal" else 1e-9  # whose tails are left out, not piled up
    assert how.frozen().ppf(u) == pytest.approx(how.values(u), abs=near)


def test_even_draws_between_the_bounds_give_each_value_the_same_share() -> None:
    f = simulator("classroom", MIXED)
    assert f.bounds[2:] == [(3.5, 8.5), (-0.5, 2.5)]
    (low, high), (first, last) = f.bounds[2:]
    points = np.full((15, 4), [0.2, 1.0, 0, 0])
    points[:, 2] = low + (high - low) * (np.arange(15) + 0.5) / 15
    points[:, 3] = first + (last - first) * (np.arange(15) + 0.5) / 15
    values, _ = f._values(points)
    assert np.unique(values["staff"], return_counts=True)[1].tolist() == [3] * 5
    assert [len(list(g)) for _, g in itertools.groupby(values["network"])] == [5] * 3
    assert f.prior["network"].support() == (0, 2)
    ends, _ = f._values([[0.2, 1, 3.5, -0.5], [0.2, 1, 8.5, 2.5]])
    assert ends["staff"].tolist() == [4, 8]
    assert ends["network"] == ["ring", "none"]


def test_salib_draws_what_the_problem_says() -> None:
    from SALib import ProblemSpec

    names = {"hour_scale": {"log_uniform": [0.3, 2.1]}, "hours": {"truncated": [1, 0.5, 0.5, 2]},
             "trust_step": None}  # fmt: skip
    f = simulator("classroom", names, "trust", replicates=1)
    assert f.problem["dists"] == ["logunif", "truncnorm", "unif"]
    drawn = ProblemSpec(f.problem).sample_latin(400, seed=1).samples
    for place, name in enumerate(f.names):
        expected = f.prior[name].ppf([0.1, 0.5, 0.9])
        assert np.quantile(drawn[:, place], [0.1, 0.5, 0.9]) == pytest.approx(expected, rel=0.02)


def test_values_beyond_an_end_by_rounding_or_by_leave() -> None:
    f = simulator("classroom", TRUST, "trust", replicates=1)
    end = f([0.45, 1.0])
    assert f(np.array([0.45 + 1e-8, 1.0])) == end
    with pytest.raises(InputError):
        f([0.4501, 1.0])
    assert simulator("classroom", TRUST, "trust", replicates=1, clip=True)([9, 1.0]) == end


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        ([0.2, 1, 5], ["X: has the shape (3,); allowed: (n, 4) or (4,): trust_step, hours"]),
        ([[[0.2, 1, 5, 0]]], ["X: has the shape (1, 1, 4)"]),
        (0.2, ["X: has the shape (); allowed"]),
        ("source", ["X: is not an array of numbers"]),
        ([["a", 1, 5, 0]], ["X: is not an array of numbers"]),
        (
            [[0.2, 9, 5, 0], [0.9, 8, 5, 0], [0.2, 1, 5, np.nan], [0.2, 1, 9, 7]],
            [
                "row 1: trust_step: 0.9 is outside its range; allowed: 0.1..0.45",
                "row 0: hours: 9 is outside its range (in 2 rows); allowed: 0.5..2",
                "row 3: staff: 9 is outside its range; allowed: 4..8",
                "row 2: network: nan is not a number; allowed: 0..2, the places of ring, hub, none",
                "row 3: network: 7 is outside its range",
            ],
        ),
        (
            {"trust_step": 0.2, "hour": 1, "staff": 5},
            [
                "X: 'hour' does not vary here; allowed: trust_step, hours, staff, network; did you "
                "mean 'hours'?",
                "hours: is missing", "network: is missing",
            ],
        ),
        (
            {"trust_step": "x", "hours": None, "staff": True, "network": "hob"},
            [
                "row 0: trust_step: 'x' is not a number", "row 0: hours: None is not a number",
                "row 0: staff: True is not a number",
                "row 0: network: 'hob' is not a choice; allowed: ring, hub, none; did you mean "
                "'hub'?",
            ],
        ),
        (pd.DataFrame([[0.2, 1]], columns=["trust_step", "trust_step"]), ["has a column twice"]),
        (None, ["trust_step: is missing"]),
    ],
)  # fmt: skip
def test_points_that_cannot_be_asked(given: Any, messages: list[str]) -> None:
    f = simulator("classroom", MIXED, replicates=1)
    with pytest.raises(InputError) as caught:
        f(given)
    for message in messages:
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": None, "outcomes": 3}, "outcomes: 3 cannot be used; allowed: a name, a list"),
        ({"scenario": None}, "scenario: null cannot be used"),
        ({"names": []}, "names: is empty"),
        ({"names": ["trust_stp"]}, "names: 'trust_stp' is neither a parameter nor a lever"),
        ({"names": ["trust_stp"]}, "did you mean 'trust_step'?"),
        ({"names": ["hours"]}, "names: hours is a lever and has no range of its own"),
        ({"names": {"trust_step": (0, 1)}}, "names.trust_step: trust_step would go from 0 to 1"),
        ({"names": {"hours": (4, 1)}}, "names: hours: the bounds are reversed"),
        ({"names": {"hours": 3}}, "names: hours: 3 is not a distribution"),
        ({"names": {"staff": (0, 9)}}, "names.staff: staff cannot be 0"),
        ({"names": {"hours": (1, 4), "video.hours": (1, 3)}}, "keep one of them"),
        ({"outcomes": []}, "outcomes: is empty"),
        ({"outcomes": "trst"}, "outcomes[0]: 'trst' is not an outcome"),
        ({"week": 999}, "week[0]: week_999 is past the horizon"),
        ({"week": "end"}, "week[0]: 'end' is not a week"),
        ({"replicates": 0}, "replicates: 0 is out of range"),
        ({"seed": -1}, "seed: -1 is out of range"),
        ({"engine": "fast"}, "engine: 'fast' is not an engine"),
        ({"scenario": "sauce"}, "did you mean 'source'?"),
    ],
)
def test_arguments_that_cannot_be_used(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        simulator(**{"scenario": "classroom", "names": TRUST, **changes})
    assert message in str(caught.value)
    assert "factors" not in str(caught.value)


def test_levers_that_make_no_scenario_together() -> None:
    f = simulator("source", {"first_week": (1, 40), "months": (12, 30)}, replicates=1)
    with pytest.raises(InputError, match=r"row 1: cannot be run: .* \(in 2 rows\)"):
        f([[1, 30], [40, 30], [39, 29.5]])


def test_names_count_and_not_places() -> None:
    """A labelled table or row is read by its names, in whatever order and library it comes."""
    f = simulator("classroom", {"trust_step": (0.1, 0.45), "learning_rate": (0.18, 0.5)},
                  ["trust", "cost"], replicates=2)  # fmt: skip
    expected = f([[0.2, 0.4], [0.3, 0.25]])
    frame = pd.DataFrame({"learning_rate": [0.4, 0.25], "trust_step": [0.2, 0.3]}, index=["a", "b"])
    assert (f(frame).to_numpy() == expected).all()
    assert (f(pa.Table.from_pandas(frame, preserve_index=False)).to_numpy() == expected).all()
    row = f(frame.loc["b"])
    assert row.name == "b"
    assert row.to_dict() == dict(zip(f.outcomes, expected[1], strict=True))
    rows = frame.apply(f, axis=1)
    assert (rows.to_numpy() == expected).all()
    assert list(rows.index) == ["a", "b"]
    assert (f(pd.Series([0.2, 0.4])) == expected[0]).all(), "labels that are no names say nothing"
    single = simulator("classroom", ["trust_step"], "trust", replicates=2)
    assert isinstance(single(pd.Series({"trust_step": 0.2})), float)
    with pytest.raises(InputError, match="'learn' does not vary here"):
        f(pd.Series({"learn": 0.4, "trust_step": 0.2}))


def test_bounds_as_an_array_and_values_that_are_complex() -> None:
    f = simulator("classroom", {"hours": np.array([0.5, 2.0])}, "trust", replicates=1)
    assert f.bounds == [(0.5, 2.0)]
    with pytest.raises(InputError, match="X: is not an array of numbers"):
        f(np.array([[1 + 1j]]))
