"""Plausible sets: a Latin hypercube until there is a posterior, and what a posterior must be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.core.errors import InputError
from sim.core.parameters import TABLE, Parameters, rows
from sim.core.units import MODEL_VERSION
from sim.scenario.scenario import Scenario
from sim.studies.plausible import given_sets, plausible_sets

VARIED = {row.name for row in rows() if row.role in ("free", "uncertain")}
FREE = [row.name for row in rows(role="free")]
MANIFEST = {
    "format": "codose plausible sets",
    "format_version": 2,
    "model_version": MODEL_VERSION,
    "targets": 14,
    "borrowed": 9,
    "narrowed": {"learning_rate": 0.23, "keeping": 0.11},
}


def posterior(folder: Path, frame: pd.DataFrame, **changes: object) -> Path:
    """A folder with a posterior."""
    folder.mkdir(exist_ok=True)
    frame.to_csv(folder / "posterior.csv", index=False)
    (folder / "posterior.json").write_text(json.dumps({**MANIFEST, **changes}))
    return folder


def test_without_a_posterior_each_range_is_covered_evenly(tmp_path: Path) -> None:
    found = plausible_sets(40, 3, folder=tmp_path / "nothing")
    assert not found.calibrated
    assert set(found.varied) == VARIED
    for name in VARIED:
        row = TABLE[name]
        assert row.low is not None
        assert row.high is not None
        column = np.array([one[name] for one in found.sets])
        # what makes it a Latin hypercube: one value in each of 40 equal slices
        slices = np.floor((column - row.low) / (row.high - row.low) * 40).astype(int)
        assert sorted(slices) == list(range(40))
    for name in set(TABLE) - VARIED:
        assert {one[name] for one in found.sets} == {TABLE[name].default}


def test_what_is_said_of_them(tmp_path: Path) -> None:
    found = plausible_sets(5, folder=tmp_path)
    assert found.source == (
        f"plausible sets, a Latin hypercube over the ranges of {len(VARIED)} assumptions; "
        "not calibrated"
    )


def test_the_seed_is_all_that_decides(tmp_path: Path) -> None:
    def table(seed: int) -> np.ndarray:
        return np.array([one.vector() for one in plausible_sets(6, seed, folder=tmp_path).sets])

    np.testing.assert_array_equal(table(1), table(1))
    assert not np.array_equal(table(1), table(2))


def test_a_posterior_is_drawn_by_its_weights_and_the_rest_from_ranges(tmp_path: Path) -> None:
    frame = pd.DataFrame({"learning_rate": [0.2, 0.3, 0.4], "weight": [1.0, 0.0, 3.0]})
    found = plausible_sets(40, 2, folder=posterior(tmp_path / "p", frame))
    column = [one["learning_rate"] for one in found.sets]
    # systematic resampling: exactly n x weight of each
    assert (column.count(0.2), column.count(0.3), column.count(0.4)) == (10, 0, 30)
    assert found.calibrated
    assert (
        "constrained by 14 targets, 9 of them borrowed from other sectors; of 1 calibrated "
        "parameter, 1 was narrowed by a fifth or more, none by about a tenth, and none kept "
        f"their ranges; {len(VARIED) - 1} other parameters vary with them" in found.source
    )
    assert len({one["power_sharing"] for one in found.sets}) == 40


def test_settings_are_kept_row_by_row_as_they_were_run(tmp_path: Path) -> None:
    """What met the targets was a free parameter beside its uncertain ones: they stay together."""
    rng = np.random.default_rng(4)
    table = [row for row in rows() if row.name in VARIED]
    frame = pd.DataFrame(
        {row.name: rng.uniform(row.low or 0.0, row.high or 1.0, 30) for row in table}
    )
    folder = posterior(tmp_path / "p", frame.assign(weight=rng.random(30)))
    settings = set(frame.itertuples(index=False, name=None))
    found = plausible_sets(20, 2, folder=folder)
    assert {tuple(one[row.name] for row in table) for one in found.sets} <= settings
    assert set(found.varied) == VARIED


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame({"keeping": [0.3, 0.5], "weight": [1.0, 1.0]})
    folder = posterior(tmp_path / "p", frame)
    by_csv = [one["keeping"] for one in plausible_sets(8, folder=folder).sets]
    (folder / "posterior.csv").unlink()
    frame.to_parquet(folder / "posterior.parquet")
    assert [one["keeping"] for one in plausible_sets(8, folder=folder).sets] == by_csv


GOOD = pd.DataFrame({"keeping": [0.3, 0.5], "weight": [1.0, 1.0]})


@pytest.mark.parametrize(
    ("frame", "changes", "said"),
    [
        (GOOD.rename(columns={"keeping": "keepin"}), {}, "did you mean 'keeping'"),
        (GOOD.rename(columns={"keeping": "knowledge_sd"}), {}, "is not a parameter that varies"),
        (GOOD.assign(keeping=[0.3, 90.0]), {}, "row 2, keeping: 90.0 is out of range"),
        (GOOD.assign(keeping=["a", "b"]), {}, "not made of numbers"),
        (GOOD.assign(weight=[-1.0, 1.0]), {}, "row 1, weight: -1.0 is out of range"),
        (GOOD.assign(weight=0.0), {}, "every weight is 0"),
        (GOOD.drop(columns="weight"), {}, "does not hold a set"),
        (GOOD.iloc[:0], {}, "does not hold a set"),
        (GOOD, {"targets": 0}, "targets: 0 is not a number"),
        (GOOD, {"format": "x"}, "does not describe plausible sets"),
        (GOOD, {"format_version": 1}, "has another format version"),
        (GOOD, {"narrowed": {"nothing": 0.1}}, "not a mapping from parameters to shares"),
        (GOOD, {"narrowed": {"keeping": 23}}, "narrowed.keeping: 23 is not a share; allowed: 0..1"),
        (GOOD, {"model_version": 2}, r"another version of the model \(2; this is 3\)"),
    ],
)
def test_a_posterior_that_cannot_be_used(
    tmp_path: Path, frame: pd.DataFrame, changes: dict[str, object], said: str
) -> None:
    folder = posterior(tmp_path / "p", frame, **changes)
    with pytest.raises(InputError, match=said) as caught:
        plausible_sets(4, folder=folder)
    assert str(folder) in caught.value.problem.file


def test_sets_of_an_earlier_model_are_refused_with_the_way_to_make_them_anew(
    tmp_path: Path,
) -> None:
    """Files of 0.1.0 and 0.2.0 do not say which model they are of."""
    folder = posterior(tmp_path / "p", GOOD)
    path = folder / "posterior.json"
    old = {k: v for k, v in MANIFEST.items() if k not in ("model_version", "narrowed")}
    path.write_text(json.dumps({**old, "format_version": 1, "learned": ["keeping"]}))
    with pytest.raises(InputError) as caught:
        plausible_sets(4, folder=folder)
    said = caught.value.problem.message
    assert "another version of the model (before 3; this is 3)" in said
    assert f"'codose calibrate STUDY --out {folder} --force'" in said


def test_two_posteriors_are_one_too_many(tmp_path: Path) -> None:
    folder = posterior(tmp_path / "p", GOOD)
    GOOD.to_csv(folder / "other.csv")
    with pytest.raises(InputError, match=r"several posteriors \(other, posterior\)"):
        plausible_sets(4, folder=folder)


def test_what_a_scenario_says_holds_in_every_set(tmp_path: Path) -> None:
    scenario = Scenario(name="x", parameters={"trust_step": 0.2, "travel_hours": 3.0})
    sets = plausible_sets(6, folder=tmp_path).within(scenario)
    assert {(one["trust_step"], one["travel_hours"]) for one in sets} == {(0.2, 3.0)}
    assert len({one["keeping"] for one in sets}) == 6


@pytest.mark.parametrize("n", [0, 2.5, True, 10**6])
def test_a_number_of_sets_that_cannot_be(n: object) -> None:
    with pytest.raises(InputError, match="sets"):
        plausible_sets(n)  # type: ignore[arg-type]


def test_sets_of_ones_own() -> None:
    found = given_sets([Parameters(trust_step=0.2), Parameters(trust_step=0.3)])
    assert found.varied == ("trust_step",)
    with pytest.raises(InputError, match="not parameter sets"):
        given_sets([])
