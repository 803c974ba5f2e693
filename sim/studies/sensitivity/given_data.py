"""Statistics of given-data methods for many outcome columns at once.

SALib's analysers take one column and also compute p-values and intervals, but intervals and the
correction for chance need the bare statistic hundreds of times. The functions :func:`pawn`,
:func:`regional`, :func:`rbd` and :func:`delta` give the numbers of SALib's ``pawn``, ``rsa``,
``rbd_fast`` and ``delta.calc_delta`` (tests compare them) for every column of a table of outcomes
over the same points.

All take ``x`` (points, factors) and ``y`` (points, columns), and return (columns, factors).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.stats import rankdata

SLIDES = 10
"""Conditioning intervals of PAWN (Pianosi and Wagener 2018)."""
BINS = 10
"""Number of parts of the outcome in regional analysis."""
RBD_HARMONICS = 10
"""M of RBD-FAST, with SALib's default."""
_GRID = 100
"""Number of grid points at which Delta compares densities."""


def pawn(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """PAWN: median over slides of the Kolmogorov-Smirnov distance to the whole, without NaN."""
    slide = _slides(x)
    member = slide[:, :, None] == np.arange(SLIDES)  # (points, factors, slides)
    size = member.sum(axis=0)
    found = np.empty((y.shape[1], x.shape[1]))
    for column in range(y.shape[1]):
        order = np.argsort(y[:, column], kind="stable")
        last = _last_of_ties(y[order, column])
        below = np.cumsum(member[order], axis=0, dtype=np.int32)[last]
        whole = (last + 1) / len(y)
        with np.errstate(invalid="ignore"):
            gap = np.abs(below / size - whole[:, None, None]).max(axis=0)
        found[column] = np.nanmedian(np.where(size > 0, gap, np.nan), axis=1)
    return found


def _slides(x: np.ndarray) -> np.ndarray:
    """Slide of each point along each factor, (points, factors); SLIDES: no slide (the largest)."""
    step = 1.0 / SLIDES
    edges = np.quantile(x, np.arange(0.0, 1.0 + step, step)[: SLIDES + 1], axis=0)
    found = np.empty(x.shape, dtype=np.int64)
    for place in range(x.shape[1]):
        found[:, place] = np.searchsorted(edges[:, place], x[:, place], side="right") - 1
    return np.minimum(found, SLIDES)


def _last_of_ties(ordered: np.ndarray) -> np.ndarray:
    """Indices in an ordered column at which a run of equal values ends."""
    return np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))


def regional(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Regional analysis: the mean over parts of the outcome of the Cramer-von Mises statistic for
    inside against outside, divided by the size with which it grows, so that samples of different
    sizes are comparable."""
    count = len(x)
    order = np.argsort(x, axis=0, kind="stable")
    rank = np.take_along_axis(rankdata(x, axis=0), order, axis=0)
    place = np.arange(1, count + 1)[:, None]
    later = np.cumsum(rank[::-1], axis=0)[::-1]  # sum of this rank and all above it
    squares, products = (rank**2).sum(axis=0), (rank * place).sum(axis=0)
    found = np.empty((y.shape[1], x.shape[1]))
    for column in range(y.shape[1]):
        part, known = _parts(y[:, column])
        size = np.bincount(part, minlength=BINS)
        there = np.flatnonzero(size)
        starts = np.cumsum(size)[there] - size[there]
        inner = (np.arange(count) - np.repeat(starts, size[there]) + 1)[:, None]
        grouped = np.argsort(part.astype(np.int8)[order], axis=0, kind="stable")

        def sums(values: np.ndarray, starts: np.ndarray = starts) -> np.ndarray:
            return np.add.reduceat(values, starts, axis=0)  # (parts, factors)

        mine = np.take_along_axis(rank, grouped, axis=0)
        own = sums((mine - inner) ** 2)
        # Points outside with rank r and position j among them contribute (r - j)^2, summed over all
        # points minus those inside. The position j is that among all points, minus the number of
        # points inside below it.
        n = size[there].astype(float)[:, None]
        m = count - n
        crossed = products - sums(mine * (grouped + 1))
        crossed -= sums(np.take_along_axis(later, grouped, axis=0)) - sums(mine * inner)
        others = squares - sums(mine**2) - 2.0 * crossed + m * (m + 1) * (2 * m + 1) / 6.0
        with np.errstate(invalid="ignore", divide="ignore"):
            u = (n * own + m * others) / (n * m * count)
            statistic = u - (4.0 * n * m - 1.0) / (6.0 * count)
        found[column] = np.nanmean(np.where(known[there][:, None], statistic, np.nan), axis=0)
    return found / regional_scale(count)


def regional_scale(points: int) -> float:
    """The size with which the statistic of :func:`regional` grows."""
    inside = points / BINS
    return inside * (points - inside) / points


def _parts(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of each outcome by its quantiles, and whether each part can be compared, (BINS,)."""
    edges = np.quantile(y, np.append(np.arange(0.0, 1.0, 1.0 / BINS), 1.0))
    part = np.maximum(np.searchsorted(edges[:-1], y, side="left") - 1, 0)
    known = np.array([len(np.unique(y[part == one])) > 1 for one in range(BINS)])
    return part, known


def delta(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Delta without bias reduction (Plischke et al. 2013, equation 26): half the mean distance
    between the density of the outcome in a class of a factor and over all."""
    count, factors = x.shape
    shape = 2.0 / (7.0 + np.tanh((1500.0 - count) / 500.0))
    classes = int(np.round(min(int(np.ceil(count**shape)), 48)))
    edges = np.linspace(0, count, classes + 1)
    rank = np.argsort(np.argsort(x, axis=0, kind="stable"), axis=0, kind="stable") + 1
    found = np.zeros((y.shape[1], factors))
    for column in range(y.shape[1]):
        values = y[:, column]
        grid = np.linspace(values.min(), values.max(), _GRID)
        whole = _density(values, grid)
        for factor in range(factors):
            for low, high in pairwise(edges):
                mine = values[(rank[:, factor] > low) & (rank[:, factor] <= high)]
                if len(mine) and np.ptp(mine) != 0.0:
                    gap = np.abs(whole - _density(mine, grid))
                    found[column, factor] += len(mine) / (2 * count) * np.trapezoid(gap, grid)
    return found


def _density(values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Density by Gaussian kernels with Silverman's bandwidth, as ``scipy.stats.gaussian_kde``."""
    count = len(values)
    width = values.std(ddof=1) * (count * 3.0 / 4.0) ** -0.2 if count > 1 else 0.0
    if width == 0.0:
        return np.zeros(len(grid))
    z = (grid[:, None] - values) / width
    return np.exp(-0.5 * z * z).sum(axis=1) / (count * width * np.sqrt(2.0 * np.pi))


def rbd(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """RBD-FAST's index as a ratio of quadratic forms of the outcome: numerators and denominators,
    each (columns, factors). The numerators hold the bias reduction of Tissot and Prieur (2012)."""
    count, factors = x.shape
    extra = 2.0 * RBD_HARMONICS / count
    extra = extra / (1.0 - extra)
    variance = y.var(axis=0)
    centred = y - y.mean(axis=0)
    tops = np.empty((y.shape[1], factors))
    for factor in range(factors):
        order = np.argsort(x[:, factor])
        order = np.concatenate([order[::2], order[1::2][::-1]])
        low = np.fft.rfft(centred[order], axis=0)[1 : RBD_HARMONICS + 1]
        first = 2.0 * (np.abs(low) ** 2).sum(axis=0) / count**2  # Parseval: a share of variance
        tops[:, factor] = (1.0 + extra) * first - extra * variance
    return tops, np.repeat(variance[:, None], factors, axis=1)
