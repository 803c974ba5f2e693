"""What experiments/README.md says of the shipped studies is what their runs gave."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.studies.kind import StudyKind, ask
from sim.studies.plausible import TENTH
from sim.studies.sensitivity.design import design_of

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
README = (EXPERIMENTS / "README.md").read_text(encoding="utf-8")
NAMES = {
    "weeks between video calls": "dosage[1].every_weeks",
    "weeks between visits": "dosage[0].every_weeks",
    "hours of a call": "dosage[1].hours",
    "hours of a visit": "dosage[0].hours",
    "co-creation": "co_creation",
}
ITEM = re.compile(r"([a-z][a-z -]*?) (\.\d+) \((\.\d+)\)")


def table(name: str) -> pd.DataFrame:
    """Main indices of a shipped study, as it was run."""
    return pd.read_csv(EXPERIMENTS / "results" / f"{name}.csv", keep_default_na=False).astype(
        {"value": float, "low": float, "high": float}
    )


def section(name: str) -> str:
    return README.split(f"### `{name}`")[1].split("\n### ")[0]


def told(text: str) -> list[tuple[str, str, str]]:
    """(factor, index, half-width) as they are written, in order."""
    found = ITEM.findall(text)
    return [(NAMES.get(name, name.replace(" ", "_")), value, half) for name, value, half in found]


def written(number: float) -> str:
    return f"{number:.2f}".removeprefix("0")


@pytest.mark.parametrize(
    ("name", "row", "outcome"),
    [
        ("sobol", "| integration, end of TA |", "integration"),
        ("sobol", "| trust, end of TA |", "trust"),
        ("sobol", "| mutual accountability, end of TA |", "mutual_accountability"),
        ("dosage_levers", "| integration |", "integration"),
        ("dosage_levers", "| trust |", "trust"),
    ],
)
def test_the_leading_factors_are_those_of_the_run(name: str, row: str, outcome: str) -> None:
    line = next(line for line in section(name).splitlines() if line.startswith(row))
    found = table(name)
    found = found[found["outcome"] == outcome].sort_values("value", ascending=False)
    leading = found[found["low"] > 0.05]
    half = (leading["high"] - leading["low"]) / 2
    expected = [
        (factor, written(value), written(width))
        for factor, value, width in zip(leading["factor"], leading["value"], half, strict=True)
    ]
    mine = told(line)
    assert sorted(mine) == sorted(expected)
    # In order, but for those that are equal as they are written.
    assert [value for _, value, _ in mine] == [value for _, value, _ in expected]


@pytest.mark.parametrize("outcome", ["integration", "trust"])
def test_pawn_and_rbd_fast_are_told_as_they_were_run(outcome: str) -> None:
    line = next(row for row in section("pawn").splitlines() if row.startswith(f"| {outcome} |"))
    found = table("pawn")
    found = found[found["outcome"] == outcome]
    for method, cell in (("pawn", 2), ("rbd_fast", 3)):
        rows = found[found["method"] == method].sort_values("value", ascending=False)
        dummy = float(rows[rows["factor"] == "dummy"]["high"].iloc[0])
        leading = rows[rows["low"] > (dummy if method == "pawn" else 0.05)]
        half = (leading["high"] - leading["low"]) / 2
        expected = [
            (factor, written(value), written(width))
            for factor, value, width in zip(leading["factor"], leading["value"], half, strict=True)
        ]
        assert told(line.split("|")[cell]) == expected


def test_what_calibration_leaves_is_told_as_it_was_run() -> None:
    text = section("sobol").split("*Over what calibration leaves.*")[1].split("\n\n")[0]
    found = table("sobol_plausible")
    written_rows = {
        (row.factor, written(row.value), written((row.high - row.low) / 2))
        for row in found.itertuples()
    }
    words = "|".join(sorted({name.replace("_", " ") for name in found["factor"]}, key=len)[::-1])
    items = re.findall(
        rf"({words}) (?:falls to )?(\.\d+) \((\.\d+)\)", " ".join(text.split())
    )  # fmt: skip
    assert len(items) >= 8
    for name, value, half in items:
        assert (name.replace(" ", "_"), value, half) in written_rows


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


def test_what_was_narrowed_is_told_as_it_was_run() -> None:
    text = (EXPERIMENTS / "CALIBRATION.md").read_text(encoding="utf-8")
    found = calibration("narrowed")
    free = found[found["what"] == "free"].set_index("name")
    told = dict(re.findall(r"^\| (\w+) \| \S+ \| .*? \| (\d+) % \|", text, re.MULTILINE))
    much = free[(free["narrowed"] >= TENTH) & (free["narrowed"] > free["noise"])]
    assert told == {name: f"{100 * share:.0f}" for name, share in much["narrowed"].items()}
    back = text.split("our reading of a word |")[1].split("**returned their range**")[0]
    assert all(name in back for name in free.index.difference(much.index))
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
