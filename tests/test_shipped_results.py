"""Shipped results hang together, and hold what they promise; what pages print of them is run by
``tests/test_docs.py``."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.studies.kind import StudyKind, ask
from sim.studies.sensitivity.design import design_of

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


@pytest.mark.slow
def test_the_run_gives_the_shipped_numbers_again() -> None:
    """The whole `sobol`, about a minute of one processor core."""
    rows = ask(StudyKind.of("sensitivity").read("sobol")).table("indices")
    rows = rows[rows["index"] == "ST"]
    shipped = table("sobol")
    assert rows["factor"].to_list() == shipped["factor"].to_list()
    np.testing.assert_allclose(rows["value"], shipped["value"], rtol=1e-5, atol=1e-6)


def band_check() -> Any:
    """``experiments/checks/bands.py`` as a module."""
    found = importlib.util.spec_from_file_location("bands", EXPERIMENTS / "checks" / "bands.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_bands_over_sets_hold_nine_in_ten_on_the_model() -> None:
    """What ``make bands`` found: 85 to 95 % where chance does not rule, and more where a band is
    told although it does; the error of the draws is below half a point."""
    found = pd.read_csv(EXPERIMENTS / "results" / "band_coverage.csv")
    check = band_check()
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
    check = band_check()
    page = (EXPERIMENTS.parent / "docs" / "explanation" / "uncertainty.md").read_text("utf-8")
    assert check.table(found) == page.split(check.START)[1].split(check.END)[0].strip("\n") + "\n"
