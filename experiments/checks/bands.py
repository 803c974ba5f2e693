"""Do "90 % of sets" and intervals of means hold what they say, on the model itself?

    make bands

Runs light_touch and irregular against source over very many plausible sets and replicates (a
few minutes), takes the expected difference in each set from two thirds of the replicates as the
truth, and draws small studies from the last third: sets with replacement, replicates of each
without. Of each outcome and design it counts, over all draws, how many bands are shown, how many
sets lie in a band that is shown, and how many intervals hold the mean.

Writes ``experiments/results/band_coverage.csv`` and the table in
``docs/explanation/uncertainty.md``. The truth's own chance is taken out by drawing it to its mean
until it varies as the sets do.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.core.outcomes import HEADLINES
from sim.runs.execute import Execution
from sim.stats.components import all_means, components, set_means, shrunk
from sim.stats.expected import CHANCE_RULES, expected_in_sets
from sim.stats.intervals import band, half_width
from sim.studies.ask import Runner
from sim.studies.compare.analysis import runs_of
from sim.studies.compare.spec import POINTS
from sim.studies.kind import StudyKind

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "experiments" / "results" / "band_coverage.csv"
PAGE = ROOT / "docs" / "explanation" / "uncertainty.md"
START, END = "<!-- made by make bands -->\n", "<!-- until here -->\n"

SCENARIOS = ("source", "light_touch", "irregular")
OUTCOMES = (*HEADLINES, "staff_accountability", "provider_accountability")
DESIGNS = ((8, 4), (20, 2), (50, 2), (50, 4), (50, 8))
"""Sets, and replicates of each."""
SEED = 5


def differences(sets: int, replicates: int) -> dict[tuple[str, str, str], np.ndarray]:
    """(sets, replicates) of each scenario, point and outcome, against the first scenario."""
    study = StudyKind.of("compare").make(
        scenarios=list(SCENARIOS), sets=sets, replicates=replicates, seed=SEED,
        outcomes=list(OUTCOMES),
    )  # fmt: skip
    first, *others = runs_of(study, Runner(Execution()))
    return {
        (one.arm.label, point, name): one.at(name, one.arm.week(point))
        - first.at(name, first.arm.week(point))
        for one in others
        for point in POINTS
        for name in OUTCOMES
    }


def truth_of(values: np.ndarray) -> np.ndarray:
    """(sets,): expected values, as widely spread as the variance between sets says."""
    found = components(values)
    return shrunk(set_means(values), found.chance / found.replicates)


def share_within(ordered: np.ndarray, low: float, high: float) -> float:
    """Share of ordered values in low..high."""
    inside = np.searchsorted(ordered, high, "right") - np.searchsorted(ordered, low, "left")
    return inside / len(ordered)


def coverage(
    values: np.ndarray, sets: int, replicates: int, draws: int, generator: np.random.Generator
) -> dict[str, float]:
    """What draws of one design hold of one difference (sets, replicates)."""
    known, fresh = np.split(values, [2 * values.shape[1] // 3], axis=1)
    truth, runs, mean = np.sort(truth_of(known)), np.sort(known.ravel()), fresh.mean()
    places = np.argsort(generator.random((draws, sets, fresh.shape[1])), axis=2)[..., :replicates]
    drawn = fresh[generator.integers(len(fresh), size=(draws, sets))[..., None], places]
    bands = [expected_in_sets(one) for one in drawn]
    told = [share_within(truth, one.low, one.high) for one in bands if not np.isnan(one.low)]
    spread, off = drawn.mean(axis=2).std(axis=1, ddof=1), np.abs(all_means(drawn) - mean)
    return {
        "draws": draws,
        "told": len(told) / draws,
        "sets_in_band": float(np.mean(told)) if told else np.nan,
        "mean_in_90": float((off <= half_width(1.0, sets) * spread).mean()),
        "mean_in_95": float((off <= half_width(1.0, sets, 0.95) * spread).mean()),
        "runs_in_5_to_95": float(np.mean([share_within(runs, *band(one)) for one in drawn])),
    }


def measured(sets: int, replicates: int, draws: int) -> pd.DataFrame:
    """A row a scenario, point, outcome and design."""
    generator, rows = np.random.default_rng(SEED), []
    for (label, point, name), values in differences(sets, replicates).items():
        share = components(values).chance_share
        for design in DESIGNS:
            row: dict[str, Any] = {"scenario": label, "point": point, "outcome": name}
            row |= {"chance_share": share, "sets": design[0], "replicates": design[1]}
            rows.append(row | coverage(values, *design, draws, generator))
        sys.stderr.write(f"{label}, {point}: {name}\n")
    return pd.DataFrame(rows)


def table(found: pd.DataFrame) -> str:
    """The result in a table of Markdown: a row a design, lowest and highest of the outcomes."""
    lines = [
        "| sets x runs of each | band shown | sets in the band | shown where chance dominates "
        "| 95 % intervals that hold the mean |",
        "|---|---|---|---|---|",
    ]
    for (sets, replicates), rows in found.groupby(["sets", "replicates"], sort=True):
        rules = rows["chance_share"] > CHANCE_RULES
        cells = [
            _span(rows["told"][~rules]), _span(rows["sets_in_band"][~rules]),
            _span(rows["told"][rules]), _span(rows["mean_in_95"]),
        ]  # fmt: skip
        lines.append(f"| {sets} x {replicates} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _span(values: pd.Series) -> str:
    """``95 % (90-97)``: mean, lowest and highest."""
    if not len(values):
        return "-"
    mean, low, high = (round(100 * one) for one in (values.mean(), values.min(), values.max()))
    return f"{mean} % ({low}-{high})"


def main() -> None:
    """Measure, write, say."""
    options = argparse.ArgumentParser(description="Do bands hold what they say?")
    options.add_argument("--sets", type=int, default=600)
    options.add_argument("--replicates", type=int, default=48)
    options.add_argument("--draws", type=int, default=2000)
    options.add_argument("--dry", action="store_true", help="write nothing")
    given = options.parse_args()
    found = measured(given.sets, given.replicates, given.draws).round(4)
    made = table(found)
    sys.stdout.write(made)
    if given.dry:
        return
    found.to_csv(RESULT, index=False, lineterminator="\n")
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(START)
    PAGE.write_text(
        before + START + "\n" + made + "\n" + END + rest.split(END)[1], encoding="utf-8"
    )


if __name__ == "__main__":
    main()
