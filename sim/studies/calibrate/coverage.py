"""Coverage: how often the credible regions of a calibration hold a known truth.

The check is simulation-based calibration (Talts et al. 2018, arXiv 1804.06788). Truths are drawn
from the prior, data are simulated from each truth with the error of every target, the reference
table is weighted by these data, and the rank of the truth in its posterior is noted. Over many
truths, a region of 90 % should hold nine in ten. Truths are run anew and share neither settings nor
chance with the reference table. If truths came from the reference table, the chance of that table
would be in their data, and the check could not detect it.

Besides parameters, each target is predicted from the other targets, and each effect from all.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.studies.calibrate.posterior import (
    Fit,
    Making,
    Reference,
    effective,
    likelihoods,
    pooled,
    weights_of,
)
from sim.studies.plausible import latin_hypercube
from sim.studies.targets import Target

if TYPE_CHECKING:
    from sim.studies.ask import Runner

FIRST, WORLD = 2**31, 3 * 2**30
"""First replicates of the truths: as settings of a reference table, and as source of the data."""
HOPE = 0.005
"""A truth that meets the patterns with a lower probability is given up."""
MORE = 4
"""Factor on the runs of the source of the data, whose own chance is then small beside the error of
the data."""


def rows(found: Fit, run: Runner) -> list[dict[str, object]]:
    """Coverage of every free parameter, target and effect, see :func:`covered`."""
    calibration, header = found.calibration, found.calibration.header
    making = Making(calibration.scenario, calibration.measured, calibration.study.seed, run)
    unit = latin_hypercube(header.truths, len(calibration.factors), calibration.study.seed + 1)
    seen = making.settings(calibration.factors, unit, header.replicates, "truths", FIRST)
    hopeful = _hopeful(calibration.targets, seen, header.replicates)
    unit, seen = unit[hopeful], seen.take(hopeful)
    world = making.settings(calibration.factors, unit, MORE * header.replicates, "world", WORLD)
    parameters = {calibration.names[place]: place for place in calibration.free}
    effects = {
        target.id: len(calibration.targets) + i for i, target in enumerate(calibration.effects)
    }
    noise = pooled(found.table.errors, header.replicates)
    return covered(
        calibration.targets,
        found.table,
        noise,
        seen,
        world,
        parameters,
        effects,
        calibration.study.seed,
    )


def _hopeful(targets: Sequence[Target], seen: Reference, replicates: int) -> np.ndarray:
    """Indices of the truths that may meet all patterns but one; only these are run further."""
    logs = np.minimum(likelihoods(targets, seen.outputs, seen.errors, replicates), 0.0)
    of_patterns = logs[:, [not target.numeric for target in targets]]
    if not of_patterns.shape[1]:
        return np.arange(len(logs))
    others = np.partition(of_patterns, 0, axis=1)[:, 1:]
    return np.flatnonzero(np.exp(others.sum(axis=1)) >= HOPE)


def covered(
    targets: Sequence[Target],
    reference: Reference,
    noise: np.ndarray,
    seen: Reference,
    world: Reference,
    parameters: Mapping[str, int],
    effects: Mapping[str, int],
    seed: int,
) -> list[dict[str, object]]:
    """How often credible regions hold the truth, with a row for each quantity.

    Args:
        targets: the targets that weight the reference table; numbers count with their errors,
            patterns with their bounds.
        reference: the reference table, whose outputs are the targets, then the effects.
        noise: (settings, outputs), standard errors of the outputs.
        seen: the truths with as many runs as settings of the reference table have.
        world: the truths with so many runs that their own chance hardly counts.
        parameters: name -> index among the values.
        effects: name -> index among the outputs.
        seed: seed of the errors of the data.
    """
    rng = np.random.default_rng([seed, 13])
    numeric = [i for i, target in enumerate(targets) if target.numeric]
    patterns = [i for i, target in enumerate(targets) if not target.numeric]
    logs = np.zeros((len(reference), len(targets)))
    for i in patterns:
        logs[:, i] = targets[i].log_kernel(reference.outputs[:, i], noise[:, i])
    met = np.ones((len(world), len(targets)), dtype=bool)
    for i in patterns:
        met[:, i] = targets[i].hit(world.outputs[:, i])
    ranks: dict[str, list[float]] = {
        name: [] for name in (*parameters, *(t.id for t in targets), *effects)
    }
    sizes: dict[str, list[float]] = {name: [] for name in ranks}

    def note(name: str, weights: np.ndarray, values: np.ndarray, truth: float) -> None:
        if weights.any():
            ranks[name].append(float(weights[values < truth].sum()))
            sizes[name].append(effective(weights))

    for truth in np.flatnonzero(~(world.broken | seen.broken)):
        for i in numeric:
            there = float(world.outputs[truth, i])
            if targets[i].one_run:  # the centre of such a target would have seen one run
                there += float(world.errors[truth, i] * rng.normal())
            made = _made_up(targets[i], there, rng)
            logs[:, i] = made.log_kernel(reference.outputs[:, i], noise[:, i])
        if met[truth].all():
            weights = weights_of(logs)
            for name, place in parameters.items():
                note(name, weights, reference.values[:, place], seen.values[truth, place])
            for name, place in effects.items():
                note(name, weights, reference.outputs[:, place], seen.outputs[truth, place])
        for i, target in enumerate(targets):
            if len(targets) > 1 and np.delete(met[truth], i).all():
                weights = weights_of(np.delete(logs, i, axis=1))
                note(target.id, weights, reference.outputs[:, i], seen.outputs[truth, i])
    return [
        {
            "name": name,
            "what": "parameter" if name in parameters else "effect" if name in effects
            else "target",
            "truths": len(found),
            "inside_50": _inside(found, 0.5),
            "inside_90": _inside(found, 0.9),
            "rank": float(np.mean(found)) if found else math.nan,
            "effective_sample": float(f"{np.median(sizes[name]):.4g}") if found else math.nan,
        }
        for name, found in ranks.items()
    ]  # fmt: skip


def _inside(ranks: Sequence[float], share: float) -> float:
    if not ranks:
        return math.nan
    return float((np.abs(np.array(ranks) - 0.5) <= share / 2).mean())


def _made_up(target: Target, truth: float, rng: np.random.Generator) -> Target:
    """The target as another study would report it: the truth plus an error of the same size. The
    error has the SD ``below`` where the number is above the truth."""
    below, above = target.sds
    size = abs(float(rng.normal()))
    over = float(rng.random()) < below / (below + above)
    value = truth + size * below if over else truth - size * above
    return dataclasses.replace(target, value=value)
