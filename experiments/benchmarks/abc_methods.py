"""ABC on a bank of runs against ABC-SMC by pyABC, on the default targets, for the same settings.

    python experiments/benchmarks/abc_methods.py            writes abc_methods.csv beside this file
    python experiments/benchmarks/abc_methods.py --particles 200 --replicates 8

Both start from the same waves of history matching, which are not counted. ABC-SMC goes first, and
the bank gets as many settings as it has run, with as many runs of each and the same luck. Time is
processor time of all threads, so that other work on the machine matters little.
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

from sim.study import learned
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--particles", type=int, default=400)
    parser.add_argument("--replicates", type=int, default=24)
    parser.add_argument("--out", type=Path, default=HERE / "abc_methods.csv")
    given = parser.parse_args()
    asked = read_calibration("calibrate")
    header = asked.header.model_copy(
        update={"particles": given.particles, "replicates": given.replicates, "method": "abc_smc"}
    )
    _, targets, factors = prepare(asked)
    free = free_places(factors)

    def work(**changes: object) -> Work:
        study = dataclasses.replace(asked, header=header.model_copy(update=changes))
        return Work(study, targets, factors)

    waves, _ = work().waves()
    clock = time.process_time()
    bank, weights, smc = populations(work(), waves)
    smc_seconds = time.process_time() - clock
    for one in smc.populations:
        sys.stdout.write(f"{one}\n")

    clock = time.process_time()
    other = work(samples=smc.settings, method="bank").final_sample(waves)
    other_weights = abc_weights(targets, other)
    bank_seconds = time.process_time() - clock

    rows = [
        _row("bank", smc.settings, other_weights, bank_seconds),
        _row(f"abc_smc (pyABC {smc.version})", smc.settings, weights, smc_seconds),
    ]
    ess = [effective(other_weights), effective(weights)]
    size = ess[0] * ess[1] / (ess[0] + ess[1])
    agreement = []
    for place in free:
        one, two = other.values[:, place], bank.values[:, place]
        mean, sd = learned.spread(one, other_weights)
        mean_smc, _ = learned.spread(two, weights)
        low, high = learned.quantile(one, other_weights, (0.05, 0.95))
        low_smc, high_smc = learned.quantile(two, weights, (0.05, 0.95))
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
