"""Shipped results hang together, and hold what they promise; what pages print of them is run by
``tests/test_docs.py``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.core import parameters
from sim.core.parameters import TABLE
from sim.core.units import MODEL_VERSION
from sim.studies.ask import ask
from sim.studies.kind import StudyKind
from sim.studies.sensitivity.design import design_of
from tests.cases import check_called

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"


def table(name: str) -> pd.DataFrame:
    """Main indices of a shipped study, as it was run."""
    return pd.read_csv(EXPERIMENTS / "results" / f"{name}.csv", keep_default_na=False).astype(
        {"value": float, "low": float, "high": float}
    )


def test_the_factors_of_sobol_are_those_that_screening_put_first() -> None:
    found = table("screen")
    found = found[found["method"] == "morris"]
    shares = []
    for outcome in ("integration", "trust", "mutual_accountability"):
        value = found[found["outcome"] == outcome].set_index("factor")["value"]
        shares.append(value / value.max())
    mean = (sum(shares) / 3).sort_values(ascending=False)
    chosen = factors_of("sobol")
    leading = {name for name in chosen if name != "dummy"}
    assert set(mean.index[: len(leading)]) == leading
    for name in ("interactions", "over_time"):
        assert factors_of(name) == chosen


def factors_of(name: str) -> tuple[str, ...]:
    return design_of(StudyKind.of("sensitivity").read(name)).space.names


def calibration(name: str) -> pd.DataFrame:
    """A table of the shipped calibration, as it was run."""
    return pd.read_csv(EXPERIMENTS / "results" / f"calibrate_{name}.csv", keep_default_na=False)


def test_the_shipped_sets_say_what_was_narrowed() -> None:
    found = calibration("narrowed")
    free = found[found["what"] == "free"].set_index("name")
    record = json.loads((EXPERIMENTS / "plausible" / "default.json").read_text(encoding="utf-8"))
    for name, row in free.iterrows():
        share = row["narrowed"] if row["narrowed"] > row["noise"] else 0.0
        assert record["narrowed"][name] == pytest.approx(share, rel=1e-3)


def test_the_shipped_regions_hold_their_truths() -> None:
    """Of 90 %: 88-92 % on average, of parameters and of predicted targets, and none below 82 %."""
    found = calibration("coverage")
    for what in ("parameter", "target"):
        inside = found[found["what"] == what]["inside_90"]
        assert 0.88 <= inside.mean() <= 0.92, what
        assert inside.min() >= 0.82, what
    assert found["truths"].min() >= 200


@pytest.mark.parametrize("name", ["default", "without_trials/without_trials"])
def test_the_shipped_sets_vary_every_parameter_that_has_a_range(name: str) -> None:
    found = pd.read_csv(EXPERIMENTS / "plausible" / f"{name}.csv")
    ranged = [row for row in TABLE.values() if row.low is not None]
    assert sorted(found.columns) == sorted([*(row.name for row in ranged), "weight"])
    for row in ranged:
        column = found[row.name]
        assert column.between(row.low, row.high).all(), row.name
        assert column.nunique() > 100, row.name


def test_defaults_are_the_middle_of_the_shipped_sets() -> None:
    """Free parameters stand at the median, to two digits and the noise of the bank; effects of a
    run at defaults lie between the 40th and the 60th percentile."""
    found = calibration("defaults")
    assert found["agrees"].all()
    free = found[found["what"] == "parameter"].set_index("name")
    assert sorted(free.index) == sorted(row.name for row in parameters.rows(role="free"))
    sets = pd.read_csv(EXPERIMENTS / "plausible" / "default.csv")
    for name, row in free.iterrows():
        assert row["value"] == TABLE[str(name)].default
        below = float(sets["weight"][sets[name] < row["value"]].sum() / sets["weight"].sum())
        assert 0.45 <= below <= 0.55, name
    effects = found[found["what"] == "effect"]
    assert len(effects) == 5
    assert effects["percentile"].between(0.40, 0.60).all()


def test_every_shipped_result_is_of_this_model_and_of_the_shipped_sets() -> None:
    """Stale results are seen: each says with which model and which sets it was made."""
    check = check_called("results")
    made = json.loads(check.MADE.read_text(encoding="utf-8"))
    assert sorted(made) == sorted([*check.RESULTS, "bands"])
    for name, record in made.items():
        assert record["model_version"] == MODEL_VERSION, name
        sets = check.DEFAULT if name == "bands" else check.RESULTS[name].sets
        assert record.get("sets") == (check.digest(sets) if sets else None), name
    kept = {place for one in check.RESULTS.values() for place in one.keep.values()}
    kept |= {check.KEPT / f"{name}.csv" for name, one in check.RESULTS.items() if one.indices}
    kept |= {check.KEPT / "band_coverage.csv", check.MADE}
    there = {path for folder in (check.KEPT, check.SETS, check.FIGURES)
             for path in folder.rglob("*") if path.is_file()}  # fmt: skip
    assert there <= kept
    assert [path for path in kept if not path.is_file()] == []


@pytest.mark.slow
def test_the_run_gives_the_shipped_numbers_again() -> None:
    """The whole `sobol`, about a minute of one processor core."""
    rows = ask(StudyKind.of("sensitivity").read("sobol")).table("indices")
    rows = rows[rows["index"] == "ST"]
    shipped = table("sobol")
    assert rows["factor"].to_list() == shipped["factor"].to_list()
    np.testing.assert_allclose(rows["value"], shipped["value"], rtol=1e-5, atol=1e-6)


def test_bands_over_sets_hold_nine_in_ten_on_the_model() -> None:
    """What ``make bands`` found: 85 to 95 % where chance does not rule, and more where a band is
    told although it does; the error of the draws is below half a point."""
    found = pd.read_csv(EXPERIMENTS / "results" / "band_coverage.csv")
    check = check_called("bands")
    assert set(zip(found["sets"], found["replicates"], strict=True)) == set(check.DESIGNS)
    assert set(found["outcome"]) == set(check.OUTCOMES)
    rules = found["chance_share"] > 0.8
    told = found[~rules]["sets_in_band"]
    assert told.between(0.845, 0.965).all()
    assert 0.88 < told.mean() < 0.94
    often = found[rules & (found["told"] > 0.05)]
    assert (often["sets_in_band"] > 0.9).all()
    assert 0.94 < found["mean_in_95"].mean() < 0.96
    assert 0.89 < found["mean_in_90"].mean() < 0.91


def test_the_table_of_band_coverage_is_that_of_its_file() -> None:
    found = pd.read_csv(EXPERIMENTS / "results" / "band_coverage.csv")
    check = check_called("bands")
    page = (EXPERIMENTS.parent / "docs" / "explanation" / "uncertainty.md").read_text("utf-8")
    assert check.table(found) == page.split(check.START)[1].split(check.END)[0].strip("\n") + "\n"
