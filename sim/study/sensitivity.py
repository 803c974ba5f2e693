"""A sensitivity study from end to end: file -> sample -> runs -> indices -> verdicts -> words.

:func:`run_sensitivity` is the whole path; the command line and the tests take no other. Runs and
analysis are pure functions of the file, so the same study gives the same tables, interrupted or not.
"""  # noqa: E501

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from sim.core.units import Z95
from sim.runs.execute import Execution, Unfinished
from sim.study import settled
from sim.study.factors import Space
from sim.study.methods import RESAMPLES, Estimates, Method, estimate
from sim.study.noise import NoiseShare, noise_share
from sim.study.samplers import OAT_LEVELS, Sampler
from sim.study.sensitivity_file import Sensitivity
from sim.study.study_file import StudyError
from sim.study.subjects import Failure, Label, Runs, Subject, subject_of

SLOW = ("delta", "hdmr")
"""Methods whose every estimate takes seconds: looked at again at the half only."""
BINS = 10
"""Parts of a factor's range in a response curve from a random sample; of a factor with few values,
each value is a part."""
PARTS_OF_TIME: tuple[str, ...] = ("sample", "runs", "store", "analysis")
PROBE_POINTS = 24
PROBE_SAMPLES = 64
FLAT = 1e-12
"""An outcome that varies by less than this share of its size does not vary."""


@dataclass(frozen=True, eq=False)
class Design:
    """One sample with its outcomes.

    Attributes:
        sampler, methods: how it was drawn, and who reads it.
        unit: (points, factors).
        y: (points, replicates, labels), NaN where a run has no value.
        failures: runs that failed.
        samples: base samples.
    """

    sampler: Sampler
    methods: tuple[Method, ...]
    unit: np.ndarray
    y: np.ndarray
    failures: tuple[Failure, ...]
    samples: int


@dataclass(eq=False)
class SensitivityResult:
    """What a sensitivity study found.

    Attributes:
        asked: the study.
        designs: samples and their outcomes.
        labels: outcomes and weeks, in the order of the last axis of the designs' ``y``.
        indices: a row an index: method, outcome, week, index, factor, other, naive, value, low,
            high, half_sample, half_luck, settled, verdict, more_runs, unit.
        convergence: the same indices at growing sample sizes: samples, value, half.
        noise: a row a design, outcome and week: shares of variance that are luck.
        responses: mean outcome along each factor, with its 95 % interval.
        rankings: a row a method, outcome and week: whether the order of the factors, as far as
            their intervals are apart, is that of half of the samples (settled), and which factors
            changed places (swapped).
        dropped: base samples left out, by (sampler, outcome, week).
        undefined: why an outcome has no indices, by (outcome, week).
        seconds: wall time by part: sample (drawn by SALib), runs, store (keeping finished parts
            and reading them back; the threads of the engine go on meanwhile), analysis.

    >>> from sim.study import sensitivity_file
    >>> asked = sensitivity_file.from_dict({
    ...     "kind": "sensitivity", "name": "tiny", "scenario": "classroom", "outcomes": ["trust"],
    ...     "weeks": ["end_of_ta"], "factors": ["trust_step", "hour_scale"], "method": ["morris"],
    ...     "samples": 4, "replicates": 2,
    ... })
    >>> found = run_sensitivity(asked)
    >>> found.designs[0].y.shape == (found.points, 2, 1)  # points, replicates, outcomes
    True
    """

    asked: Sensitivity
    designs: list[Design]
    labels: tuple[Label, ...]
    indices: pd.DataFrame = field(default_factory=pd.DataFrame)
    convergence: pd.DataFrame = field(default_factory=pd.DataFrame)
    noise: pd.DataFrame = field(default_factory=pd.DataFrame)
    responses: pd.DataFrame = field(default_factory=pd.DataFrame)
    rankings: pd.DataFrame = field(default_factory=pd.DataFrame)
    dropped: dict[tuple[str, str, str], int] = field(default_factory=dict)
    undefined: dict[tuple[str, str], str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        """Runs made."""
        return sum(d.y.shape[0] * d.y.shape[1] for d in self.designs) * self.asked.arms

    @property
    def points(self) -> int:
        """Points of all designs."""
        return sum(len(d.unit) for d in self.designs)

    def of(
        self, outcome: str, *, method: str, index: str, week: str | None = None
    ) -> pd.DataFrame:  # fmt: skip
        """The rows of one index, by factor, largest first."""
        rows = self.indices
        rows = rows[(rows.method == method) & (rows["index"] == index) & (rows.outcome == outcome)]
        if week is not None:
            rows = rows[rows.week == week]
        return rows.sort_values("value", ascending=False, kind="stable")


def estimate_seconds(asked: Sensitivity, execution: Execution | None = None) -> float:
    """Wall time of the runs, from a probe of real points of the study on this machine.

    The first runs of a machine compile the engine; they are made before the clock starts. The probe
    is run twice: what is made once and kept (networks of teams) counts once.
    """
    subject = subject_of(asked)
    here = Execution(threads=None if execution is None else execution.threads)
    sampler, _ = asked.designs[0]
    count = min(PROBE_POINTS, sampler.points(asked.header.samples))
    unit = sampler.draw(_probe_samples(sampler, asked.header.samples), asked.header.seed)[:count]
    subject.run(unit[:1], 0, "probe", here)
    spent = []
    for _ in range(2):
        begun = time.perf_counter()
        subject.run(unit, 0, "probe", here)
        spent.append(time.perf_counter() - begun)
    return max(0.0, spent[0] - spent[1]) + spent[1] * asked.points / len(unit)


def estimate_analysis(asked: Sensitivity) -> float:
    """Wall time of the analysis, from two small parts of each design with made-up outcomes."""
    labels = len(subject_of(asked).labels)
    samples = asked.header.samples
    seconds = 0.0
    for sampler, methods in asked.designs:
        for method in methods:
            small = min(samples, max(method.least, PROBE_SAMPLES))
            large = min(samples, 4 * small)
            _analysis_seconds(asked, sampler, method, small, 2)  # imports the analyser
            one = _analysis_seconds(asked, sampler, method, small, RESAMPLES)
            if large > small:
                more = _analysis_seconds(asked, sampler, method, large, RESAMPLES) - one
                one += max(0.0, more) * (samples - small) / (large - small)
            # Parts of the design are looked at too: together about half as much again.
            seconds += 1.5 * one * labels
    return seconds


def _analysis_seconds(
    asked: Sensitivity, sampler: Sampler, method: Method, samples: int, resamples: int
) -> float:
    unit = sampler.draw(samples, asked.header.seed)
    replicates = asked.header.replicates if asked.stochastic else 1
    luck = np.random.default_rng(1).normal(size=(len(unit), replicates))
    begun = time.perf_counter()
    estimate(
        method, sampler, unit, unit.sum(axis=1, keepdims=True) + luck,
        stochastic=asked.stochastic, common=asked.header.random_numbers == "common", seed=1,
        resamples=resamples,
    )  # fmt: skip
    return time.perf_counter() - begun


def _probe_samples(sampler: Sampler, samples: int) -> int:
    if not sampler.extendable:
        return samples
    needed = max(1, -(-PROBE_POINTS // sampler.rows_per_base))
    return min(samples, 1 << (needed - 1).bit_length())


def check_time(asked: Sensitivity, seconds: float, minutes: float | None) -> None:
    """Refuse a study that would take longer than the time given.

    Raises:
        StudyError: with the estimate and what would fit.
    """
    if minutes is None or seconds <= 60.0 * minutes:
        return
    header = asked.header
    share = 60.0 * minutes / seconds
    fits = []
    samples = 1 << max(0, int(header.samples * share).bit_length() - 1)
    least = max(method.least for _, methods in asked.designs for method in methods)
    if header.samples * share >= max(1, least):
        fits.append(f"samples: {samples}")
    if asked.stochastic and int(header.replicates * share) >= 2:
        fits.append(f"replicates: {int(header.replicates * share)}")
    fits.append(f"a limit of {words_of_time(seconds * 1.2)}")
    raise StudyError(
        asked.study.document.problem(
            ("time_limit_minutes",),
            f"the study is too large for the time given: {asked.runs:,} runs take about "
            f"{words_of_time(seconds)} here, the limit is {words_of_time(60 * minutes)}",
            allowed="what would fit: " + ", or ".join(fits),
        )
    )


def words_of_time(seconds: float) -> str:
    """A duration for people.

    >>> words_of_time(40), words_of_time(400), words_of_time(9000)
    ('40 seconds', '7 minutes', '2.5 hours')
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    if seconds < 5400:
        return f"{max(2, round(seconds / 60))} minutes"
    return f"{seconds / 3600:.1f} hours"


# --- running --------------------------------------------------------------------------------------


def run_sensitivity(
    asked: Sensitivity, execution: Execution | None = None, *, subject: Subject | None = None
) -> SensitivityResult:
    """Run a study and analyse it.

    Args:
        asked: from :func:`sim.study.sensitivity_file.load`.
        execution: how runs are made; left out: by the threads of this machine.
        subject: a model behind the same interface, in place of the study's own.

    Raises:
        StudyError: runs failed and the study refuses that, or too few are left.
        InterruptedRun: Ctrl-C.

    >>> from sim.study import sensitivity_file
    >>> asked = sensitivity_file.from_dict({
    ...     "kind": "sensitivity", "name": "tiny", "scenario": "classroom", "outcomes": ["trust"],
    ...     "weeks": ["end_of_ta"], "factors": ["trust_step", "hour_scale"], "method": ["morris"],
    ...     "samples": 4, "replicates": 2,
    ... })
    >>> found = run_sensitivity(asked)
    >>> sorted(found.of("trust", method="morris", index="mu_star")["factor"])
    ['dummy', 'hour_scale', 'trust_step']
    """
    execution = execution or Execution()
    subject = subject or subject_of(asked)
    spent = dict.fromkeys(PARTS_OF_TIME, 0.0)
    designs = [
        _first(asked, subject, number, execution, spent) for number in range(len(asked.designs))
    ]
    result = SensitivityResult(asked, designs, subject.labels, seconds=spent)
    _analyse(result)
    step = 0
    while asked.header.stop is not None and _go_on(result):
        step += 1
        result.designs = [
            _extended(asked, subject, number, design, step, execution, spent)
            for number, design in enumerate(result.designs)
        ]
        _analyse(result)
    return result


def run_shard(asked: Sensitivity, execution: Execution) -> None:
    """Make one shard of the runs of every design, for others to join; nothing is analysed.

    Raises:
        InputError: the study cannot be cut into shards.
        InterruptedRun: Ctrl-C.
    """
    subject = subject_of(asked)
    for number in range(len(asked.designs)):
        with contextlib.suppress(Unfinished):
            _first(asked, subject, number, execution, dict.fromkeys(PARTS_OF_TIME, 0.0))


def _first(
    asked: Sensitivity, subject: Subject, number: int, execution: Execution, spent: dict[str, float]
) -> Design:
    sampler, methods = asked.designs[number]
    with _timed(spent, "sample"):
        unit = sampler.draw(asked.header.samples, asked.header.seed)
    found = _run(subject, unit, 0, f"{number}-{sampler.kind}", execution, spent)
    return Design(sampler, methods, unit, found.values, found.failures, asked.header.samples)


def _run(
    subject: Subject,
    unit: np.ndarray,
    first: int,
    tag: str,
    execution: Execution,
    spent: dict[str, float],
) -> Runs:
    with _timed(spent, "runs"):
        found = subject.run(unit, first, tag, execution)
    spent["runs"] -= found.store_seconds
    spent["store"] += found.store_seconds
    return found


@contextlib.contextmanager
def _timed(spent: dict[str, float], part: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    spent[part] += time.perf_counter() - begun


def _extended(
    asked: Sensitivity, subject: Subject, number: int, design: Design, step: int,
    execution: Execution, spent: dict[str, float],
) -> Design:  # fmt: skip
    """The design with twice the base samples."""
    with _timed(spent, "sample"):
        more = design.sampler.extend(design.samples, design.samples, asked.header.seed, step)
    count = len(design.unit)
    tag = f"{number}-{design.sampler.kind}-{step}"
    found = _run(subject, more, count, tag, execution, spent)
    later = tuple(Failure(count + f.point, f.replicate, f.reason) for f in found.failures)
    return replace(
        design,
        unit=np.concatenate([design.unit, more]),
        y=np.concatenate([design.y, found.values]),
        failures=design.failures + later,
        samples=2 * design.samples,
    )


def _go_on(result: SensitivityResult) -> bool:
    """Whether a main index or an order is not settled and the budget holds twice the runs."""
    stop = result.asked.header.stop
    assert stop is not None
    if 2 * result.runs > stop.budget_runs:
        return False
    main = {method.name: method.main for d in result.designs for method in d.methods}
    rows = result.indices
    mine = rows[rows["index"] == rows["method"].map(main)]
    return not bool(mine["settled"].all() and result.rankings["settled"].all())


# --- analysis -------------------------------------------------------------------------------------


def _analyse(result: SensitivityResult) -> None:
    with _timed(result.seconds, "analysis"):
        _fill(result)


def _fill(result: SensitivityResult) -> None:
    tables: dict[str, list[Any]] = {
        "indices": [], "convergence": [], "noise": [], "responses": [], "rankings": []
    }  # fmt: skip
    for design in result.designs:
        for place, label in enumerate(result.labels):
            _analyse_label(result, design, place, label, tables)
    result.indices = pd.DataFrame(tables["indices"], columns=list(INDEX_COLUMNS))
    result.indices["more_runs"] = result.indices["more_runs"].astype(float)  # nan: none needed
    result.convergence = pd.DataFrame(tables["convergence"], columns=list(CONVERGENCE_COLUMNS))
    result.noise = pd.DataFrame(tables["noise"])
    result.responses = pd.DataFrame(tables["responses"])
    result.rankings = pd.DataFrame(tables["rankings"], columns=list(RANKING_COLUMNS))


INDEX_COLUMNS = (
    "method", "outcome", "week", "index", "factor", "other", "naive", "value", "low", "high",
    "half_sample", "half_luck", "settled", "verdict", "more_runs", "unit",
)  # fmt: skip
CONVERGENCE_COLUMNS = (
    "method", "outcome", "week", "index", "factor", "other", "samples", "points", "value", "half",
)  # fmt: skip
RANKING_COLUMNS = ("method", "outcome", "week", "index", "settled", "swapped")


def _analyse_label(
    result: SensitivityResult,
    design: Design,
    place: int,
    label: Label,
    tables: dict[str, list[Any]],
) -> None:
    unit, y, samples = _sound(result, design, place, label)
    common = result.asked.header.random_numbers == "common"
    means = y.mean(axis=1)
    flat = np.ptp(means) <= FLAT * max(1.0, float(np.abs(means).max()))
    key = {"outcome": label.outcome, "week": label.week}
    spread = _spread_rows(design.sampler, y)
    tables["noise"].append(
        {"sample": design.sampler.kind, **key, **_noise_row(noise_share(spread, common=common))}
    )
    if flat:
        result.undefined[(label.outcome, label.week)] = (
            f"{label.outcome} never varies (it is {means.mean():.6g} at every point): its indices "
            "are undefined"
        )
        return
    tables["responses"] += _responses(design.sampler, unit, y, key)
    for method in design.methods:
        rows, growth = _method_rows(result, design, method, unit, y, samples)
        tables["rankings"] += [
            {"method": method.name, **key, **row} for row in _ranking(method, rows, growth, samples)
        ]
        tables["indices"] += [{"method": method.name, **key, **row} for row in rows]
        tables["convergence"] += [{"method": method.name, **key, **row} for row in growth]


def _noise_row(found: NoiseShare) -> dict[str, float]:
    return {
        "signal_variance": found.signal,
        "luck": found.luck,
        "luck_moving_all": found.luck_moving_all,
        "luck_left": found.luck_left,
        "replicates": found.replicates,
    }


def _spread_rows(sampler: Sampler, y: np.ndarray) -> np.ndarray:
    """Rows that stand for the whole space: of a Saltelli design A and B, else all."""
    if sampler.kind != "saltelli":
        return y
    blocks = y.reshape(-1, sampler.rows_per_base, y.shape[1])
    return np.concatenate([blocks[:, 0], blocks[:, -1]])


def _sound(
    result: SensitivityResult, design: Design, place: int, label: Label
) -> tuple[np.ndarray, np.ndarray, int]:
    """Points and outcomes (points, replicates) without base samples that lack a value.

    Raises:
        StudyError: a run has no value and the study refuses that, or too little is left.
    """
    y = design.y[:, :, place]
    lost = np.isnan(y)
    if not lost.any():
        return design.unit, y, design.samples
    header = result.asked.header
    told = _told(result, design, lost, label)
    if header.failed_runs == "refuse" or not design.sampler.extendable:
        how = "failed_runs: drop leaves out their whole base samples"
        if not design.sampler.extendable:
            how = "this sample cannot lose a point; another method can, with failed_runs: drop"
        raise result.asked.study.error(("failed_runs",), told, allowed=how)
    size = design.sampler.rows_per_base
    whole = np.logical_not(lost.any(axis=1).reshape(-1, size).any(axis=1))
    left = int(whole.sum())
    least = max(method.least for method in design.methods)
    if left < least:
        raise result.asked.study.error(
            ("failed_runs",),
            f"{told}; {left} whole base samples are left",
            allowed=f"{least} or more",
        )
    result.dropped[(design.sampler.kind, label.outcome, label.week)] = len(whole) - left
    keep = np.repeat(whole, size)
    return design.unit[keep], y[keep], left


def _told(result: SensitivityResult, design: Design, lost: np.ndarray, label: Label) -> str:
    point, replicate = (int(i) for i in np.argwhere(lost)[0])
    values = result.asked.space.values(design.unit[point : point + 1])
    shown = ", ".join(
        f"{name} {_short(value[0])}" for name, value in list(values.items())[:4]
    )  # fmt: skip
    reasons = {(f.point, f.replicate): f.reason for f in design.failures}
    why = reasons.get((point, replicate), f"{label.outcome} is empty there")
    return (
        f"{int(lost.sum()):,} of {lost.size:,} runs have no value of {label.outcome}; the first is "
        f"replicate {replicate} at {shown}{' ...' if len(values) > 4 else ''}: {why}"
    )


def _short(value: Any) -> str:
    return f"{float(value):.4g}" if isinstance(value, (float, np.floating)) else str(value)


def _method_rows(
    result: SensitivityResult, design: Design, method: Method, unit: np.ndarray, y: np.ndarray,
    samples: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:  # fmt: skip
    header = result.asked.header
    stochastic, common = result.asked.stochastic, header.random_numbers == "common"

    def at(count: int, resamples: int) -> Estimates:
        size = design.sampler.rows_per_base * count if design.sampler.extendable else len(unit)
        return estimate(
            method, design.sampler, unit[:size], y[:size], stochastic=stochastic, common=common,
            seed=header.seed, resamples=resamples,
        )  # fmt: skip

    found = at(samples, RESAMPLES)
    growing = {samples: found}
    if design.sampler.extendable:
        sizes = settled.prefix_sizes(samples, method.least)
        for count in sizes[-2:-1] if method.name in SLOW else sizes[:-1]:
            if _varies(y[: count * design.sampler.rows_per_base]):
                growing[count] = at(count, RESAMPLES // 4)
    rows = _index_rows(result, design, method, found, growing.get(samples // 2), samples)
    growth = [
        {
            "index": each.index[i], "factor": each.unit[i], "other": each.other[i],
            "samples": count, "points": design.sampler.points(count),
            "value": float(each.value[i]), "half": float(each.half[i]),
        }
        for count, each in sorted(growing.items())
        for i in range(len(each.index))
    ]  # fmt: skip
    return rows, growth


def _ranking(
    method: Method, rows: list[dict[str, Any]], growth: list[dict[str, Any]], samples: int
) -> list[dict[str, Any]]:
    """Whether the order by the main index held since half of the samples, if there was a half."""
    names = [row["factor"] for row in rows if row["index"] == method.main]
    before = {
        row["factor"]: row["value"] for row in growth
        if row["index"] == method.main and row["samples"] == samples // 2
    }  # fmt: skip
    if not before:
        return []
    value = np.array([row["value"] for row in rows if row["index"] == method.main])
    half = np.array([row["high"] for row in rows if row["index"] == method.main]) - value
    earlier = np.array([before[name] for name in names])
    known = np.isfinite(value + half + earlier)
    swapped = settled.swapped(earlier[known], value[known], half[known])
    kept = [name for name, there in zip(names, known, strict=True) if there]
    pairs = "; ".join(f"{kept[one]} before {kept[other]}" for one, other in swapped)
    return [{"index": method.main, "settled": bool(known.all()) and not swapped, "swapped": pairs}]


def _varies(y: np.ndarray) -> bool:
    return float(np.ptp(y.mean(axis=1))) > FLAT


def _index_rows(
    result: SensitivityResult, design: Design, method: Method, found: Estimates,
    half_way: Estimates | None, samples: int,
) -> list[dict[str, Any]]:  # fmt: skip
    header = result.asked.header
    rows = []
    for i, name in enumerate(found.index):
        mine = [k for k, other in enumerate(found.index) if other == name]
        largest = np.nanmax(np.abs(found.value[mine]), initial=0.0)
        unit = 1.0 if method.scale != "effect" and method.name != "rsa" else float(largest)
        earlier = half_way.value[i] if half_way is not None else np.nan
        replicates = header.replicates if result.asked.stochastic else 1
        verdict = settled.judge(
            float(found.value[i]), float(found.half_sample[i]), float(found.half_luck[i]),
            float(earlier), unit=unit or 1.0, samples=samples, replicates=replicates,
            points=design.sampler.points(samples), stochastic=result.asked.stochastic,
            common=header.random_numbers == "common", base=header.tolerance,
        )  # fmt: skip
        value, half = float(found.value[i]), float(found.half[i])
        if not np.isfinite(found.half_sample[i]):
            value = half = np.nan  # a ratio to a variance that luck drowns
        rows.append(
            {
                "index": name, "factor": found.unit[i], "other": found.other[i],
                "naive": float(found.naive[i]), "value": value, "low": value - half,
                "high": value + half, "half_sample": float(found.half_sample[i]),
                "half_luck": float(found.half_luck[i]), "settled": verdict.settled,
                "verdict": verdict.text, "more_runs": verdict.more_runs, "unit": unit,
            }
        )  # fmt: skip
    return rows


# --- response curves ------------------------------------------------------------------------------


def _responses(
    sampler: Sampler, unit: np.ndarray, y: np.ndarray, key: dict[str, str]
) -> list[dict[str, Any]]:
    """Mean of the outcome along each factor; all others vary (one at a time: stay put)."""
    if sampler.kind == "one_at_a_time":
        return _oat_responses(sampler.space, unit, y, key)
    if sampler.kind == "saltelli":
        blocks = unit.reshape(-1, sampler.rows_per_base, unit.shape[1])
        unit = np.concatenate([blocks[:, 0], blocks[:, -1]])
        y = _spread_rows(sampler, y)
    elif sampler.kind != "latin":
        return []
    means = y.mean(axis=1)
    rows = []
    for place, factor in enumerate(sampler.space.factors):
        count = factor.distribution.count
        parts = BINS if count is None or count > 2 * BINS else count
        order = np.minimum((unit[:, place] * parts).astype(int), parts - 1)
        for part in range(parts):
            inside = means[order == part]
            if len(inside) < 2:
                continue
            at = (part + 0.5) / parts
            half = Z95 * inside.std(ddof=1) / np.sqrt(len(inside))
            rows.append(_response_row(sampler, key, factor.name, place, at, inside.mean(), half))
    return rows


def _oat_responses(
    space: Space, unit: np.ndarray, y: np.ndarray, key: dict[str, str]
) -> list[dict[str, Any]]:
    """The interval is that of the change from the centre: what luck moves alike, cancels."""
    rows = []
    replicates = y.shape[1]
    for place, factor in enumerate(space.factors):
        first = 1 + place * OAT_LEVELS
        for row in range(first, first + OAT_LEVELS):
            gap = y[row] - y[0]
            half = Z95 * gap.std(ddof=1) / np.sqrt(replicates) if replicates > 1 else np.nan
            rows.append(
                _response_row(
                    Sampler("one_at_a_time", space), key, factor.name, place,
                    float(unit[row, place]), y[row].mean(), half,
                )
            )  # fmt: skip
    return rows


def _response_row(
    sampler: Sampler, key: dict[str, str], factor: str, place: int, at: float, mean: float,
    half: float,
) -> dict[str, Any]:  # fmt: skip
    value = sampler.space.factors[place].distribution.values(np.array([at]))[0]
    return {
        "sample": sampler.kind, **key, "factor": factor, "coordinate": at,
        "at": _short(value), "mean": float(mean), "low": float(mean - half),
        "high": float(mean + half),
    }  # fmt: skip


def main_indices(result: SensitivityResult) -> Sequence[tuple[str, str]]:
    """The method and the index that ranks factors, for each method of the study."""
    return [(method.name, method.main) for design in result.designs for method in design.methods]
