"""What experiments/README.md says of the shipped studies is what their runs gave."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.core import parameters
from sim.core.parameters import TABLE
from sim.core.units import MODEL_VERSION
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
    assert there == kept


@pytest.mark.slow
def test_the_run_gives_the_shipped_numbers_again() -> None:
    """The whole `sobol`, about a minute of one processor core."""
    rows = ask(StudyKind.of("sensitivity").read("sobol")).table("indices")
    rows = rows[rows["index"] == "ST"]
    shipped = table("sobol")
    assert rows["factor"].to_list() == shipped["factor"].to_list()
    np.testing.assert_allclose(rows["value"], shipped["value"], rtol=1e-5, atol=1e-6)


def check_called(name: str) -> Any:
    """``experiments/checks/NAME.py`` as a module."""
    file = EXPERIMENTS / "checks" / f"{name}.py"
    found = importlib.util.spec_from_file_location(name, file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module


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
