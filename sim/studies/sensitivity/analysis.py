"""answer: draws a sample, runs and analyses it, and doubles it until the indices have converged.

Runs and analysis are pure functions of the study, so the same study gives the same tables even
after an interruption. :func:`moved` compares the converged indices with those of another seed, and
:func:`estimate` says how long a study takes here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from math import hypot, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.present.format import count, duration, number, words
from sim.present.table import Table
from sim.runs import probe
from sim.runs.execute import Execution, execute
from sim.runs.probe import Clock
from sim.studies.sensitivity.convergence import tolerance
from sim.studies.sensitivity.design import (
    Design,
    design_of,
    is_stochastic,
    labels_of,
    replicates_of,
)
from sim.studies.sensitivity.findings import Findings, tables_of
from sim.studies.sensitivity.indices import RESAMPLES
from sim.studies.sensitivity.indices import estimate as indices_of
from sim.studies.sensitivity.methods import Method, Sampler
from sim.studies.sensitivity.samples import DesignRuns, doubled, first_samples
from sim.studies.sensitivity.spec import Spec
from sim.studies.spec import Study, when
from sim.studies.verify import Moved

if TYPE_CHECKING:
    from sim.studies.ask import Runner


def answer(study: Study[Spec], run: Runner) -> Mapping[str, Table]:
    """Make the runs and return every table of a sensitivity study.

    Raises:
        StudyError: runs have no value, and too few are left without them.
    """
    design = design_of(study)
    samples = first_samples(design, run)
    found = Findings.of(design, samples)
    step = 0
    while _goes_on(study, found):
        step += 1
        samples = doubled(design, samples, run, step)
        found = Findings.of(design, samples)
    return tables_of(design, samples, found)


def _goes_on(study: Study[Spec], found: Findings) -> bool:
    """Whether a main index or an order has not converged and the budget allows twice the runs."""
    stop = study.header.stop
    return stop is not None and 2 * found.runs <= stop.budget_runs and not found.converged


# --- another seed --------------------------------------------------------------------------------

KEYS = ("method", "outcome", "week", "index", "factor", "other")


def moved(study: Study[Spec], stored: Mapping[str, Table], again: Mapping[str, Table]) -> Moved:
    """Compare the converged indices of a study with those of another seed.

    An index that has converged is known to its tolerance, so the same study with another seed
    (other points, other chance) must reproduce it. An index has *moved* when its two values differ
    by more than the root of the summed squares of the tolerance of the first and the 95 %
    half-width of the second. If its half-width is as large as its tolerance, an index moves by
    chance in one case of twenty; other indices move far less often.

    Args:
        study: the first study, whose tolerance counts.
        stored: the tables of the first study.
        again: the tables of the same study with another seed and at most as many base samples.
    """
    first, second = (_rows(tables) for tables in (stored, again))
    converged = {key: row for key, row in first.items() if row["converged"]}
    said, known, open_now = [], 0, []
    for key, row in converged.items():
        other = second.get(key)
        if other is None or not isfinite(other["value"]):
            open_now.append(key)
            continue
        known += 1
        if not other["converged"]:
            open_now.append(key)
        wanted = tolerance(row["value"], row["unit"], study.header.tolerance)
        allowed = hypot(wanted, (other["high"] - other["low"]) / 2.0)
        if abs(other["value"] - row["value"]) > allowed:
            said.append(
                f"{_named(row)} was {number(row['value'])} and is {number(other['value'])}: "
                f"apart by more than {number(allowed)}, the tolerance ({number(wanted)}) and the "
                "half-width of the second together"
            )
    notes = []
    if open_now:
        notes.append(
            f"{count(len(open_now), 'index', 'indices')} of {count(len(converged))} that had "
            "converged have not with the other seed"
        )
    if not converged:
        notes.append("no index of the study had converged: there is nothing to check")
    return Moved(known, tuple(said), tuple(notes))


def _rows(tables: Mapping[str, Table]) -> dict[tuple[Any, ...], dict[Any, Any]]:
    if "indices" not in tables:
        return {}
    records = tables["indices"].frame.to_dict("records")
    return {tuple(row[key] for key in KEYS): row for row in records}


def _named(row: Mapping[Any, Any]) -> str:
    pair = f" with {row['other']}" if row["other"] else ""
    return (
        f"{words(when(row['outcome'], row['week']))}: {row['method']} {row['index']} of "
        f"{row['factor']}{pair}"
    )


# --- time ----------------------------------------------------------------------------------------

SAMPLES = 64
"""Base samples from which the analysis is estimated."""
PREFIXES = 1.5
"""Time of the analysis of all sizes of a sample, as a multiple of that of the whole sample."""


def estimate(study: Study[Spec], execution: Execution, *, clock: Clock = time.perf_counter) -> str:
    """How long a study takes on this machine, in a sentence.

    Both parts of the estimate come from measured work: the time of runs from small parts of the
    plan (:mod:`sim.runs.probe`), and that of the analysis from small samples with made-up outcomes.
    For a shard, only its part of the runs counts. On a cluster, the time is that on this machine.

    Raises:
        StudyError: the estimate is above the time limit of the study (not on a cluster).
    """
    design = design_of(study)
    runs = runs_seconds(design, execution, clock=clock)
    analysis = 0.0
    if execution.shard is not None:
        runs /= execution.shard[1]
    else:
        analysis = analysis_seconds(design, clock=clock)
    if execution.cluster is None:
        check_limit(design, runs + analysis, execution.time_limit)
    where = "on this machine alone" if execution.cluster else "here"
    then = f", then the analysis, about {duration(analysis)}" if analysis else ""
    return f"The runs take about {duration(runs)} {where}{then}."


def runs_seconds(
    design: Design, execution: Execution | None = None, *, clock: Clock = time.perf_counter
) -> float:
    """Wall time of the runs in seconds; almost 0 for a test function."""
    if design.function is not None:
        return 0.0
    header = design.study.header
    units = [sampler.draw(header.samples, header.seed) for sampler, _ in design.samplers]
    work = DesignRuns.of(design, [(unit, 0) for unit in units])
    if work.plan is None:
        return 0.0
    here = Execution(threads=None if execution is None else execution.threads)
    return probe.seconds(work.plan, lambda part: execute(part, here, work.collect), clock=clock)


def analysis_seconds(design: Design, *, clock: Clock = time.perf_counter) -> float:
    """Wall time of the analysis in seconds, which is linear in the size of the sample."""
    samples = design.study.header.samples
    seconds = 0.0
    for sampler, methods in design.samplers:
        for method in methods:
            small = min(samples, max(method.least, SAMPLES))
            large = min(samples, 4 * small)
            _analyse(design, sampler, method, small, 2)  # loads the analyser
            one = _timed(design, sampler, method, small, clock)
            if large > small:
                more = _timed(design, sampler, method, large, clock) - one
                one += max(0.0, more) * (samples - small) / (large - small)
            seconds += PREFIXES * one * len(labels_of(design.study))
    return seconds


def _timed(design: Design, sampler: Sampler, method: Method, samples: int, clock: Clock) -> float:
    begun = clock()
    _analyse(design, sampler, method, samples, RESAMPLES)
    return clock() - begun


def _analyse(
    design: Design, sampler: Sampler, method: Method, samples: int, resamples: int
) -> None:
    """Analyse made-up outcomes, which are a sum of the factors and chance."""
    study = design.study
    unit = sampler.draw(samples, study.seed)
    chance = np.random.default_rng(1).normal(size=(len(unit), replicates_of(study)))
    indices_of(
        method, sampler, unit, unit.sum(axis=1, keepdims=True) + chance,
        stochastic=is_stochastic(study), common=study.header.random_numbers == "common", seed=1,
        resamples=resamples,
    )  # fmt: skip


def check_limit(design: Design, seconds: float, minutes: float | None = None) -> None:
    """Refuse a study that would take longer than ``minutes`` or, without them, its file's limit.

    Raises:
        StudyError: the estimate is above the limit; the message names what would fit.
    """
    header = design.study.header
    minutes = header.time_limit_minutes if minutes is None else minutes
    if minutes is None or seconds <= 60.0 * minutes:
        return
    share = 60.0 * minutes / seconds
    fits = []
    least = max(method.least for _, methods in design.samplers for method in methods)
    if header.samples * share >= max(1, least):
        fits.append(f"samples: {1 << (int(header.samples * share).bit_length() - 1)}")
    if is_stochastic(design.study) and int(header.replicates * share) >= 2:
        fits.append(f"replicates: {int(header.replicates * share)}")
    fits.append(f"a limit of {duration(1.2 * seconds)}")
    raise design.study.error(
        ("time_limit_minutes",),
        f"the study is too large for the time given: {count(design.runs, 'run')} take about "
        f"{duration(seconds)} here, the limit is {duration(60.0 * minutes)}",
        allowed="what would fit: " + ", or ".join(fits),
    )
