"""CalibrationError: a calibration has no answer; the message names the targets that are infeasible.

Settings without a value are never dropped silently. Where no setting meets the targets, the message
names the nearest setting and the targets that it misses.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.core.errors import InputError, Problem
from sim.studies.calibrate.reference import Reference
from sim.studies.targets import Target

MOST_BROKEN = 0.05
"""Share of settings without a value at which a calibration is refused."""


class CalibrationError(InputError):
    """A calibration has no answer; the message gives the reason."""


def within_tolerance(targets: Sequence[Target], table: Reference) -> np.ndarray:
    """Whether each setting meets each target, bool (settings, targets)."""
    found = [t.hit(table.outputs[:, i], table.errors[:, i]) for i, t in enumerate(targets)]
    return np.stack(found, axis=1)


def refuse_broken(targets: Sequence[Target], table: Reference) -> None:
    """Refuse a reference table in which too many settings have no value."""
    broken = table.broken
    if broken.mean() <= MOST_BROKEN:
        return
    worst = int(np.isnan(table.outputs).sum(axis=0).argmax())
    raise CalibrationError(
        Problem(
            f"{int(broken.sum())} of {len(table)} settings give no value for some target, mostly "
            f"{targets[worst].id} ('{targets[worst].measure.text}')",
            field="targets",
            allowed="leave_out that target, or ask it of a scenario that can answer it",
        )
    )


def nothing_left(targets: Sequence[Target], table: Reference) -> CalibrationError:
    """The error where no setting meets all targets, with the nearest setting and its misses."""
    met = within_tolerance(targets, table)
    missed = np.stack([t.missed_by(table.outputs[:, i]) for i, t in enumerate(targets)], axis=1)
    near = int(np.nanargmin(np.nansum(missed, axis=1) + np.isnan(missed).sum(axis=1) * 1e6))
    lacks = [
        f"{t.id} (gives {table.outputs[near, i]:.3g}, wanted {t.low:.3g}..{t.high:.3g})"
        for i, t in enumerate(targets)
        if not met[near, i]
    ]
    shares = met.mean(axis=0)
    never = [t.id for t, share in zip(targets, shares, strict=True) if share == 0.0]
    if never:
        blocks = f"no setting at all meets {', '.join(never)}"
    else:
        pairs = [
            (float((met[:, i] & met[:, j]).mean()) / (shares[i] * shares[j]), i, j)
            for i in range(len(targets))
            for j in range(i)
        ]
        lift, i, j = min(pairs, default=(1.0, 0, 0))
        word = "are never met together" if lift == 0 else "hinder each other most"
        blocks = (
            f"{targets[j].id} (met by {shares[j]:.0%} of settings) and {targets[i].id} "
            f"({shares[i]:.0%}) {word}"
        )
    return CalibrationError(
        Problem(
            f"no setting of {len(table):,} meets all {len(targets)} targets; the nearest misses "
            f"{', '.join(lacks)}; {blocks}",
            field="targets",
            allowed="leave one out (leave_out), widen a tolerance, or widen a prior",
        )
    )
