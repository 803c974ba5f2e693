"""ABC on a bank of runs against ABC-SMC by pyABC, on the default targets, for the same settings.

    codose calibrate experiments/calibrate.yaml --out results/calibrate
    python experiments/benchmarks/abc_methods.py results/calibrate --particles 200

The second command writes abc_methods.csv beside this file. ABC-SMC runs first; the bank is as many
settings as that has run, from the front of the stored one (its settings are in no order), with as
many runs of each and the same luck. What the bank's settings take is measured on 150 of them. Waves
of history matching are not counted. Time is processor time of all threads, so that other work on
the machine matters little.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from sim.stats.intervals import weighted_quantiles
from sim.study import learned
from sim.study.bank import Bank, run_sets, sets_of
from sim.study.calibration import (
    Work,
    abc_weights,
    effective,
    free_places,
    populations,
    prepare,
    read_calibration,
)

HERE = Path(__file__).parent
SOME = 150


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="of codose calibrate calibrate")
    parser.add_argument("--particles", type=int, default=200)
    parser.add_argument("--wave-samples", type=int, default=600)
    parser.add_argument("--out", type=Path, default=HERE / "abc_methods.csv")
    given = parser.parse_args()
    asked = read_calibration("calibrate")
    header = asked.header.model_copy(
        update={
            "particles": given.particles, "wave_samples": given.wave_samples, "method": "abc_smc",
        }
    )  # fmt: skip
    _, targets, factors = prepare(asked)
    free = free_places(factors)

    work = Work(dataclasses.replace(asked, header=header), targets, factors)
    waves, _ = work.waves()
    clock = time.process_time()
    bank, weights, smc = populations(work, waves)
    smc_seconds = time.process_time() - clock
    for one in smc.populations:
        sys.stdout.write(f"{one}\n")
    sys.stdout.flush()

    stored = pd.read_parquet(given.folder / "bank.parquet").head(smc.settings)
    values = stored[[factor.name for factor in factors]].to_numpy()
    outputs = stored[[f"target {target.id}" for target in targets]].to_numpy()
    other = Bank(np.empty((len(stored), 0)), values, outputs, outputs)
    other_weights = abc_weights(targets, other)
    clock = time.process_time()
    some = sets_of(asked.scenario, [factor.name for factor in factors], values[:SOME])
    again, _ = run_sets(
        asked.scenario, targets, some,
        replicates=header.replicates, seed=header.seed, first_replicate=work.first_replicate,
    )  # fmt: skip
    bank_seconds = (time.process_time() - clock) / SOME * len(stored)
    assert (again == outputs[:SOME]).all(), "the folder is of another calibration"

    rows = [
        _row("bank", len(stored), other_weights, bank_seconds),
        _row(f"abc_smc (pyABC {smc.version})", smc.settings, weights, smc_seconds),
    ]
    ess = [effective(other_weights), effective(weights)]
    size = ess[0] * ess[1] / (ess[0] + ess[1])
    agreement = []
    for place in free:
        one, two = other.values[:, place], bank.values[:, place]
        mean, sd = learned.spread(one, other_weights)
        mean_smc, _ = learned.spread(two, weights)
        low, high = weighted_quantiles(one, other_weights)
        low_smc, high_smc = weighted_quantiles(two, weights)
        drawn = one[np.random.default_rng(1).choice(len(one), 50_000, p=other_weights)]
        far = learned.distance(two, weights, drawn)
        agreement.append(
            {
                "parameter": factors[place].name,
                "bank_mean": mean, "bank_low": low, "bank_high": high,
                "smc_mean": mean_smc, "smc_low": low_smc, "smc_high": high_smc,
                "difference_in_se": (mean_smc - mean) / (sd * math.sqrt(1 / ess[0] + 1 / ess[1])),
                "kolmogorov": far, "p": float(stats.kstwobign.sf(far * math.sqrt(size))),
            }
        )  # fmt: skip
    frame = pd.concat([pd.DataFrame(rows), pd.DataFrame(agreement)])
    frame.to_csv(given.out, index=False, float_format="%.4g", lineterminator="\n")
    sys.stdout.write(frame.to_string() + "\n")


def _row(method: str, settings: int, weights: np.ndarray, seconds: float) -> dict[str, object]:
    ess = effective(weights)
    return {
        "method": method,
        "settings": settings,
        "draws": int((weights > 0).sum()),
        "effective_sample": ess,
        "processor_seconds": seconds,
        "effective_per_second": ess / seconds,
        "effective_per_1000_settings": 1000 * ess / settings,
    }


if __name__ == "__main__":
    main()
