"""Findings: indices, their growth with the sample, orders, noise and responses, row by row;
tables_of makes tables of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sim.core.units import Z95
from sim.present.table import Column, Table
from sim.stats.intervals import half_width
from sim.studies.sensitivity import convergence
from sim.studies.sensitivity.design import Design, Label, is_stochastic, labels_of
from sim.studies.sensitivity.indices import RESAMPLES, Estimates, estimate
from sim.studies.sensitivity.methods import METHODS, OAT_LEVELS, Method, Sampler
from sim.studies.sensitivity.noise import noise_share, signal_cv
from sim.studies.sensitivity.samples import Sample

SLOW = ("delta", "hdmr")
"""Methods whose every estimate takes seconds; only the half sample is estimated again."""
FLAT = 1e-12
"""An outcome that varies by less than this share of its size counts as constant."""
Row = dict[str, Any]


@dataclass(eq=False)
class Findings:
    """The results from the samples of a study.

    Attributes:
        design: the design of the study.
        runs: the number of runs that were made.
        counted: the smallest number of runs behind the indices of an outcome.
        indices: a row for each index.
        convergence: the same indices at growing sizes of the sample.
        rankings: a row for each method, outcome and week, with whether the order held.
        noise: a row for each sample, outcome and week, with the shares of chance in the variance.
        responses: mean outcome along each factor.
    """

    design: Design
    runs: int
    counted: int = 0
    indices: list[Row] = field(default_factory=list)
    convergence: list[Row] = field(default_factory=list)
    rankings: list[Row] = field(default_factory=list)
    noise: list[Row] = field(default_factory=list)
    responses: list[Row] = field(default_factory=list)

    @classmethod
    def of(cls, design: Design, samples: Sequence[Sample]) -> Findings:
        """Analyse every outcome of every sample.

        Raises:
            StudyError: runs have no value, and too few are left without them.
        """
        found = cls(design, sum(one.y.shape[0] * one.y.shape[1] for one in samples))
        labels = labels_of(design.study)
        counted = np.zeros(len(labels), dtype=int)
        for sample in samples:
            for place, label in enumerate(labels):
                counted[place] += found._add(sample, place, label)
        found.counted = int(counted.min())
        return found

    @property
    def converged(self) -> bool:
        """Whether every main index has converged, and every order held."""
        main = [row for row in self.indices if row["index"] == METHODS[row["method"]].main]
        return all(row["converged"] for row in [*main, *self.rankings])

    def _add(self, sample: Sample, place: int, label: Label) -> int:
        """Analyse one outcome of a sample and return the number of runs that count."""
        unit, y, left = _sound(self.design, sample, place, label)
        key = {"outcome": label.outcome, "week": label.week}
        means = y.mean(axis=1)
        flat = np.ptp(means) <= FLAT * max(1.0, float(np.abs(means).max()))
        noise = self._noise(sample, y)
        self.noise.append(
            {
                "sample": sample.sampler.kind,
                **key,
                **noise,
                "base_samples": left,
                "left_out": sample.samples - left if sample.sampler.extendable else 0,
                "replicates_left_out": sample.y.shape[1] - y.shape[1],
                "undefined": f"it is {means.mean():.6g} at every point" if flat else "",
            }
        )
        if flat:
            return y.size
        self.responses += [{**key, **row} for row in responses(sample.sampler, unit, y)]
        for method in sample.methods:
            refused = None
            if method.scale != "effect":
                refused = convergence.variance_refuses(
                    noise["signal_cv"], noise["chance_left"], y.size
                )
            rows, growth = _method_rows(self.design, sample, method, unit, y, left, refused)
            name = {"method": method.name, **key}
            self.indices += [{**name, **row} for row in rows]
            self.convergence += [{**name, **row} for row in growth]
            self.rankings += [{**name, **row} for row in _ranking(method, rows, growth, left)]
        return y.size

    def _noise(self, sample: Sample, y: np.ndarray) -> Row:
        study, sampler = self.design.study, sample.sampler
        common = study.header.random_numbers == "common"
        found = noise_share(representative(sampler, y), common=common)
        known = y.shape[1] > 1 or not is_stochastic(study)
        blocks = base_blocks(sampler, y)
        return {
            "signal_variance": found.signal,
            "signal_cv": signal_cv(blocks, common=common, seed=study.seed) if known else np.nan,
            "chance": found.chance,
            "chance_moving_all": found.chance_moving_all,
            "chance_left": found.chance_left,
            "replicates": found.replicates,
        }


# --- runs without a value ------------------------------------------------------------------------


def _sound(
    design: Design, sample: Sample, place: int, label: Label
) -> tuple[np.ndarray, np.ndarray, int]:
    """Points and outcomes (points, replicates) without the runs that lack a value, and the number
    of base samples that are left.

    An index needs whole base samples (blocks of a Saltelli design, trajectories), each with the
    same replicates. A run without a value therefore removes either its whole base sample or its
    replicate at every point, whichever loses fewer runs. A search curve and one at a time have no
    base samples that could be removed, so they lose the replicate.

    Raises:
        StudyError: too few runs are left.
    """
    y = sample.y[:, :, place]
    lost = np.isnan(y)
    if not lost.any():
        return sample.unit, y, sample.samples
    ways = []
    replicates = np.logical_not(lost.any(axis=0))
    needed = min(2, y.shape[1])
    if int(replicates.sum()) >= needed:
        ways.append((sample.unit, y[:, replicates], sample.samples))
    least = max(method.least for method in sample.methods)
    left = 0
    if sample.sampler.extendable:
        size = sample.sampler.rows_per_base
        whole = np.logical_not(lost.any(axis=1).reshape(-1, size).any(axis=1))
        left, keep = int(whole.sum()), np.repeat(whole, size)
        if left >= least:
            ways.append((sample.unit[keep], y[keep], left))
    if not ways:
        raise design.study.error(
            ("samples",),
            f"{_said(design, sample, lost, label)}; without them {left} whole base samples and "
            f"{int(replicates.sum())} whole replicates are left",
            allowed=f"{least} or more whole base samples" if sample.sampler.extendable else
            f"{needed} or more whole replicates, as this sample cannot lose a point",
        )  # fmt: skip
    return max(ways, key=lambda way: way[1].size)


def _said(design: Design, sample: Sample, lost: np.ndarray, label: Label) -> str:
    point, replicate = (int(i) for i in np.argwhere(lost)[0])
    values = design.space.values(sample.unit[point : point + 1])
    shown = ", ".join(f"{name} {short(value[0])}" for name, value in list(values.items())[:4])
    why = sample.reasons.get((point, replicate)) or sample.refused.get(point)
    why = why or f"{label.outcome} is empty there"
    return (
        f"{int(lost.sum()):,} of {lost.size:,} runs have no value of {label.outcome}; the first is "
        f"replicate {replicate} at {shown}{' ...' if len(values) > 4 else ''}: {why}"
    )


# --- indices of one method -----------------------------------------------------------------------


def _method_rows(
    design: Design, sample: Sample, method: Method, unit: np.ndarray, y: np.ndarray, samples: int,
    refused: convergence.Verdict | None,
) -> tuple[list[Row], list[Row]]:  # fmt: skip
    """Rows of the indices, and of the same indices at growing sizes of the sample. The verdict
    ``refused`` replaces that of indices that would have converged."""
    study, sampler = design.study, sample.sampler

    def at(count: int, resamples: int) -> Estimates:
        size = sampler.rows_per_base * count if sampler.extendable else len(unit)
        return estimate(
            method, sampler, unit[:size], y[:size], stochastic=is_stochastic(study),
            common=study.header.random_numbers == "common", seed=study.seed, resamples=resamples,
        )  # fmt: skip

    found = at(samples, RESAMPLES)
    growing = {samples: found}
    if sampler.extendable:
        sizes = convergence.prefix_sizes(samples, method.least)
        for count in sizes[-2:-1] if method.name in SLOW else sizes[:-1]:
            if np.ptp(y[: count * sampler.rows_per_base].mean(axis=1)) > FLAT:
                growing[count] = at(count, RESAMPLES // 4)
    rows = _index_rows(
        design, sampler.points(samples), y.shape[1], method, found, growing, samples, refused
    )
    growth = [
        {
            "index": each.index[i], "factor": each.unit[i], "other": each.other[i],
            "samples": count, "points": sampler.points(count),
            "value": float(each.value[i]), "half": float(each.half[i]),
        }
        for count, each in sorted(growing.items())
        for i in range(len(each.index))
    ]  # fmt: skip
    return rows, growth


def _index_rows(
    design: Design, points: int, replicates: int, method: Method, found: Estimates,
    growing: dict[int, Estimates], samples: int, refused: convergence.Verdict | None,
) -> list[Row]:  # fmt: skip
    study, half_way = design.study, growing.get(samples // 2)
    rows = []
    for i, name in enumerate(found.index):
        mine = [k for k, other in enumerate(found.index) if other == name]
        largest = np.nanmax(np.abs(found.value[mine]), initial=0.0)
        unit = 1.0 if method.scale != "effect" and method.name != "rsa" else float(largest)
        earlier = half_way.value[i] if half_way is not None else np.nan
        verdict = convergence.judge(
            float(found.value[i]), float(found.half_sample[i]), float(found.half_chance[i]),
            float(earlier), unit=unit or 1.0, samples=samples, replicates=replicates,
            points=points, stochastic=is_stochastic(study),
            common=study.header.random_numbers == "common", base=study.header.tolerance,
        )  # fmt: skip
        if verdict.converged and refused is not None:
            verdict = refused
        value, half = float(found.value[i]), float(found.half[i])
        if not np.isfinite(found.half_sample[i]):
            value = half = np.nan  # a ratio to a variance in which chance dominates
        more = np.nan if verdict.more_runs is None else float(verdict.more_runs)
        rows.append(
            {
                "index": name, "factor": found.unit[i], "other": found.other[i],
                "naive": float(found.naive[i]), "value": value, "low": value - half,
                "high": value + half, "half_sample": float(found.half_sample[i]),
                "half_chance": float(found.half_chance[i]), "converged": verdict.converged,
                "verdict": verdict.text, "more_runs": more, "unit": unit,
            }
        )  # fmt: skip
    return rows


def _ranking(method: Method, rows: list[Row], growth: list[Row], samples: int) -> list[Row]:
    """Whether the order by the main index has held since half of the samples, if known."""
    main = [row for row in rows if row["index"] == method.main]
    before = {
        row["factor"]: row["value"] for row in growth
        if row["index"] == method.main and row["samples"] == samples // 2
    }  # fmt: skip
    if not before:
        return []
    names = [row["factor"] for row in main]
    value = np.array([row["value"] for row in main])
    half = np.array([row["high"] for row in main]) - value
    earlier = np.array([before[name] for name in names])
    known = np.isfinite(value + half + earlier)
    swapped = convergence.swapped(earlier[known], value[known], half[known])
    kept = [name for name, there in zip(names, known, strict=True) if there]
    pairs = "; ".join(f"{kept[one]} before {kept[other]}" for one, other in swapped)
    return [
        {"index": method.main, "converged": bool(known.all()) and not swapped, "swapped": pairs}
    ]


BINS = 10
"""Number of parts of a factor's range in a response curve from a random sample; a factor with few
values has a part for each value."""


def representative(sampler: Sampler, rows: np.ndarray) -> np.ndarray:
    """Rows (points, ...) that represent the whole space: A and B of a Saltelli design, else all."""
    if sampler.kind != "saltelli":
        return rows
    blocks = rows.reshape(-1, sampler.rows_per_base, rows.shape[1])
    return np.concatenate([blocks[:, 0], blocks[:, -1]])


def base_blocks(sampler: Sampler, y: np.ndarray) -> np.ndarray:
    """Representative outcomes in independent blocks, (base samples, points of each, replicates),
    from outcomes (points, replicates). Without base samples, every point is a block."""
    if not sampler.extendable:
        return y[:, None]
    blocks = y.reshape(-1, sampler.rows_per_base, y.shape[1])
    return blocks[:, [0, -1]] if sampler.kind == "saltelli" else blocks


def responses(sampler: Sampler, unit: np.ndarray, y: np.ndarray) -> Iterator[dict[str, Any]]:
    """Mean of the outcome along each factor while all others vary (one at a time: while all others
    stay at their defaults).

    Args:
        unit: (points, factors).
        y: (points, replicates).
    """
    if sampler.kind == "one_at_a_time":
        yield from _from_the_centre(sampler, unit, y)
    elif sampler.kind in ("saltelli", "latin"):
        yield from _in_parts(sampler, representative(sampler, unit), representative(sampler, y))


def _in_parts(sampler: Sampler, unit: np.ndarray, y: np.ndarray) -> Iterator[dict[str, Any]]:
    means = y.mean(axis=1)
    for place, factor in enumerate(sampler.space.factors):
        count = factor.distribution.count
        parts = BINS if count is None or count > 2 * BINS else count
        order = np.minimum((unit[:, place] * parts).astype(int), parts - 1)
        for part in range(parts):
            inside = means[order == part]
            if len(inside) >= 2:
                half = Z95 * inside.std(ddof=1) / np.sqrt(len(inside))
                yield _row(sampler, place, (part + 0.5) / parts, inside.mean(), half)


def _from_the_centre(sampler: Sampler, unit: np.ndarray, y: np.ndarray) -> Iterator[dict[str, Any]]:
    """Rows for one at a time. The interval is that of the change from the centre, in which shared
    chance cancels."""
    replicates = y.shape[1]
    for place in range(len(sampler.space.factors)):
        first = 1 + place * OAT_LEVELS
        for row in range(first, first + OAT_LEVELS):
            gap = y[row] - y[0]
            half = half_width(gap.std(ddof=1), replicates, 0.95) if replicates > 1 else np.nan
            yield _row(sampler, place, float(unit[row, place]), y[row].mean(), half)


def _row(sampler: Sampler, place: int, at: float, mean: float, half: float) -> dict[str, Any]:
    factor = sampler.space.factors[place]
    return {
        "sample": sampler.kind, "factor": factor.name, "coordinate": at,
        "at": short(factor.distribution.values(np.array([at]))[0]), "mean": float(mean),
        "low": float(mean - half), "high": float(mean + half),
    }  # fmt: skip


def short(value: Any) -> str:
    """A value of a factor in four digits; words stay as they are."""
    return f"{float(value):.4g}" if isinstance(value, float | np.floating) else str(value)


METHOD = Column("method", format="text", meaning="method of the study file")
OUTCOME = Column("outcome", format="text")
FACTOR = Column("factor", format="text", meaning="factor, or group of factors")
OTHER = Column("other", format="text", meaning="the second factor of a pair")
SAMPLE = Column("sample", format="text", meaning="how design points were drawn")
LOW = Column("low", meaning="lower end of the 95 % interval", format="number")
HIGH = Column("high", meaning="upper end of the 95 % interval", format="number")

INDICES = (
    METHOD, OUTCOME, FACTOR, OTHER, LOW, HIGH, Column("index", format="text"),
    Column("naive", format="number", meaning="as SALib gives it, on the means over replicates"),
    Column("value", format="number", heading="corrected",
           meaning="index of the expected outcome: chance is taken out"),
    Column("half_sample", format="number", meaning="half-width from the choice of design points"),
    Column("half_chance", format="number", meaning="half-width from the choice of replicates"),
    Column("converged", meaning="whether the interval is within the tolerance and the index held "
           "since half of the samples"),
    Column("verdict", format="text", meaning="converged, or about how many more runs it takes"),
    Column("more_runs", format="count", meaning="about how many more runs would make it converge"),
    Column("unit", format="number", meaning="what the tolerance is a share of"),
)  # fmt: skip
CONVERGENCE = (
    METHOD, OUTCOME, FACTOR, OTHER, Column("index", format="text"),
    Column("samples", format="count", meaning="base samples"), Column("points", format="count"),
    Column("value", format="number"),
    Column("half", format="number", meaning="half-width of the 95 % interval"),
)  # fmt: skip
RANKINGS = (
    METHOD, OUTCOME, Column("index", format="text"),
    Column("converged", meaning="whether factors whose intervals are apart kept their order since "
           "half of the samples"),
    Column("swapped", format="text", meaning="those that did not"),
)  # fmt: skip
NOISE = (
    SAMPLE, OUTCOME,
    Column("signal_variance", format="number", meaning="variance of the expected outcome"),
    Column("signal_cv", format="percent", heading="± of it",
           meaning="its standard error as a share of it: above 15 % no share of it has converged"),
    Column("chance", format="percent", meaning="share of the variance of one run"),
    Column("chance_moving_all", format="percent",
           meaning="the part of it that moves all design points alike, and cancels"),
    Column("chance_left", format="percent",
           meaning="share of the variance of the means that naive indices see"),
    Column("base_samples", format="count", meaning="counted"),
    Column("left_out", format="count", meaning="base samples with a run without a value"),
    Column("replicates_left_out", format="count",
           meaning="replicates left out at every point for the same reason"),
    Column("undefined", format="text", meaning="why there are no indices"),
)  # fmt: skip
RESPONSES = (
    SAMPLE, OUTCOME, FACTOR, LOW, HIGH,
    Column("coordinate", format="number", meaning="place in the range, 0..1"),
    Column("at", format="text", meaning="value of the factor"),
    Column("mean", format="number", meaning="of the outcome"),
)  # fmt: skip
FACTORS = (
    Column("name", format="text"), Column("kind", meaning="parameter, lever, input or dummy"),
    Column("distribution", format="text"), Column("grade", meaning="of the evidence for its range"),
    Column("meaning", format="text"),
)  # fmt: skip


def tables_of(design: Design, samples: Sequence[Sample], found: Findings) -> dict[str, Table]:
    """Every table that has rows, in the order in which the tables are shown."""
    counted = found.counted, found.runs
    made = [
        _table("indices", found.indices, INDICES, "Indices", counted, "Chance is taken out of the "
               "corrected ones; intervals are 95 %."),
        _table("convergence", found.convergence, CONVERGENCE, "Indices as the sample grows",
               counted),
        _table("rankings", found.rankings, RANKINGS, "Order of the factors", counted),
        _table("noise", found.noise, NOISE, "Chance in the outcomes", counted),
        _table("responses", found.responses, RESPONSES, "Response to each factor", counted),
        Table("factors", _factors(design), FACTORS, title="What was varied, and how",
              note=design.ranges),
        Table("points", _points(design, samples), (SAMPLE, Column("base", format="given", meaning=
              "base sample, from 0"))),
        Table("runs", _runs(design, samples), (SAMPLE, Column("point", format="given"),
              Column("replicate", format="given")), rests_on=counted),
    ]  # fmt: skip
    return {table.name: table for table in made if len(table)}


def _table(
    name: str, rows: Sequence[dict[str, Any]], columns: Sequence[Column], title: str,
    counted: tuple[int, int], note: str = "",
) -> Table:  # fmt: skip
    known = columns if rows else ()
    return Table(name, pd.DataFrame(rows), known, title=title, note=note, rests_on=counted)


def _factors(design: Design) -> pd.DataFrame:
    """A row for each factor, the dummy included."""
    return pd.DataFrame(
        [
            {
                "name": one.name, "kind": one.kind, "distribution": one.distribution.text,
                "grade": one.grade, "meaning": one.meaning,
            }
            for one in design.space.factors
        ]
    )  # fmt: skip


def _points(design: Design, samples: Sequence[Sample]) -> pd.DataFrame:
    """A row for each point with sample, base sample, values of factors and reasons of refusals."""
    frames = []
    for one in samples:
        count, size = len(one.unit), one.sampler.rows_per_base
        base = np.arange(count) // size if one.sampler.extendable else np.zeros(count, np.int64)
        columns: dict[str, Any] = {"sample": [one.sampler.kind] * count, "base": base}
        for name, column in design.space.values(one.unit).items():
            numbers = isinstance(column, np.ndarray)
            columns[name] = column if numbers else [str(value) for value in column]
        if any(other.refused for other in samples):
            columns["refused"] = [one.refused.get(point, "") for point in range(count)]
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def _runs(design: Design, samples: Sequence[Sample]) -> pd.DataFrame:
    """A row for each run with sample, point, replicate and a column for each outcome and week."""
    frames = []
    for one in samples:
        points, replicates, _ = one.y.shape
        frame = pd.DataFrame(
            {
                "sample": [one.sampler.kind] * (points * replicates),
                "point": np.repeat(np.arange(points), replicates),
                "replicate": np.tile(np.arange(replicates), points),
            }
        )
        for place, label in enumerate(labels_of(design.study)):
            frame[label.column] = one.y[:, :, place].ravel()
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
