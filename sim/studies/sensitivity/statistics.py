"""The statistics behind indices, for replicates: of Sobol, Morris, and given data.

The naive numbers are those of SALib. The corrected ones apply :mod:`sim.studies.sensitivity.noise`
to the same numerators and variances. The statistics of given data serve many outcome columns at
once: SALib's analysers take one column and also compute p-values and intervals, but intervals and
the correction for chance need the bare statistic hundreds of times (tests compare the numbers).
"""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from scipy.stats import rankdata

from sim.stats.intervals import half_width
from sim.studies.sensitivity.methods import LEVELS
from sim.studies.sensitivity.noise import over_pairs

# --- Sobol ---------------------------------------------------------------------------------------


def sobol(
    blocks: np.ndarray, weights: np.ndarray, units: int, *, second_order: bool, corrected: bool
) -> np.ndarray:
    """Sobol indices from a Saltelli design: ST, S1 and S2, (..., 2 * units + pairs).

    First order: Saltelli et al. 2010; total order: Jansen 1999 as in Saltelli et al. 2010; second
    order: Saltelli 2002. Each term is one number for each base sample, so that a bootstrap is a
    matrix product.

    Args:
        blocks: (base, rows of a base sample, replicates), outcomes in SALib's order of rows: A, AB
            (A with a unit's columns from B), with second order BA, then B.
        weights: (..., base) of the base samples, adding up to 1.
        units: number of factors (or groups).
        second_order: whether the design has BA.
        corrected: whether squared chance is left out; this needs two replicates or more.
    """
    replicates = blocks.shape[-1]
    corrected = corrected and replicates > 1
    a, b, ab = blocks[:, 0], blocks[:, -1], blocks[:, 1 : units + 1]
    ba = blocks[:, units + 1 : 2 * units + 1 if second_order else units + 1]
    # Without the mean of the design in each replicate, expected indices are the same, but their
    # errors are smaller, as chance that all points share is gone.
    centre = np.concatenate([a[:, None], b[:, None], ab, ba], axis=1).mean(axis=(0, 1))
    if not corrected:
        centre = np.full(replicates, centre.mean())
    a, b, ab, ba = (part - centre for part in (a, b, ab, ba))

    def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Mean product over pairs of different replicates (or of all, uncorrected)."""
        found = left.mean(axis=-1) * right.mean(axis=-1)
        if not corrected:
            return found
        from_left = left - left.mean(axis=-1, keepdims=True)
        from_right = right - right.mean(axis=-1, keepdims=True)
        return found - (from_left * from_right).sum(axis=-1) / (replicates * (replicates - 1))

    pairs = list(combinations(range(units), 2)) if second_order else []
    gap = ab - a[:, None]
    parts = [0.5 * product(gap, gap), product(np.broadcast_to(b[:, None], gap.shape), gap)]
    if pairs:
        both = product(a, b)
        parts.append(np.stack([product(ba[:, j], ab[:, k]) - both for j, k in pairs], axis=1))
    level = weights @ (0.5 * (a + b))
    mean_square = level.mean(axis=-1) ** 2
    if corrected:
        mean_square = mean_square - level.var(axis=-1, ddof=1) / replicates
    variance = weights @ (0.5 * (product(a, a) + product(b, b))) - mean_square
    variance = np.where(variance > 0.0, variance, np.nan)
    found = weights @ np.concatenate(parts, axis=1) / variance[..., None]
    for place, (j, k) in enumerate(pairs, 2 * units):
        found[..., place] -= found[..., units + j] + found[..., units + k]
    return found


# --- Morris and one at a time --------------------------------------------------------------------
#
# mu* is a mean of absolute values, and chance makes absolute values larger. The corrected mu* gives
# each replicate's effect the sign on which the *other* replicates agree. Its expectation is 0 for a
# factor without effect, and never above the true value. mu needs no correction; sigma is corrected
# like any variance.

STEP = LEVELS / (2.0 * (LEVELS - 1))
"""Step of a trajectory in the unit cube."""


def effects(unit: np.ndarray, y: np.ndarray, units: int, group_of: np.ndarray) -> np.ndarray:
    """Elementary effects (trajectories, units, replicates), per full range of a factor.

    Args:
        unit: (points, factors).
        y: (points, replicates).
        units: number of factors or groups.
        group_of: (factors,), the index of each factor's unit.
    """
    size = units + 1
    x = unit.reshape(-1, size, unit.shape[1])
    outcome = y.reshape(-1, size, y.shape[1])
    step = np.diff(x, axis=1)
    # The factor that moved most shows which unit made the step, and the direction.
    mover = np.abs(step).argmax(axis=2)
    sign = np.sign(np.take_along_axis(step, mover[..., None], axis=2))
    slope = np.diff(outcome, axis=1) * sign / STEP
    found = np.empty((len(x), units, y.shape[1]))
    np.put_along_axis(found, group_of[mover][..., None], slope, axis=1)
    return found


def agreed_size(effect: np.ndarray) -> np.ndarray:
    """|effect| corrected for chance, (...,) from (..., replicates); two replicates or more."""
    others = effect.sum(axis=-1, keepdims=True) - effect
    scale = np.abs(effect).sum(axis=-1, keepdims=True)
    others = np.where(np.abs(others) > 1e-12 * scale, others, 0.0)
    return (effect * np.sign(others)).mean(axis=-1)


def morris(effect: np.ndarray, weights: np.ndarray, *, corrected: bool) -> np.ndarray:
    """mu*, mu and sigma (Morris 1991; mu*: Campolongo et al. 2007), (..., 3, units).

    Args:
        effect: (trajectories, units, replicates).
        weights: (..., trajectories), adding up to 1.
        corrected: whether they are of the expected outcome (two replicates or more), or of
            replicate means, as in SALib.
    """
    count, _, replicates = effect.shape
    mean = effect.mean(axis=-1)
    mu = weights @ mean
    size, spread = np.abs(mean), weights @ mean**2 - mu**2
    if corrected:
        each = weights @ (effect**2).mean(axis=-1)
        for r in range(replicates):
            each = each - (weights @ effect[:, :, r]) ** 2 / replicates
        size, spread = agreed_size(effect), over_pairs(spread, each, replicates)
    sigma = np.sqrt(np.maximum(spread * count / (count - 1), 0.0))
    return np.stack([weights @ size, mu, sigma], axis=-2)


def ranges(y: np.ndarray, factors: int, levels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The range of the outcome along each factor, one at a time.

    Args:
        y: (1 + factors * levels, replicates); the first row is the centre.

    Returns:
        The naive range of the means, the range corrected for chance (the other replicates choose
        the ends; NaN with one replicate), and the half-width of its 95 % interval, each (factors,).
    """
    along = y[1:].reshape(factors, levels, -1)
    mean = along.mean(axis=2)
    plain = mean.max(axis=1) - mean.min(axis=1)
    replicates = y.shape[1]
    if replicates < 2:
        return plain, np.full(factors, np.nan), np.full(factors, np.nan)
    found = np.empty((factors, replicates))
    for r in range(replicates):
        rest = np.delete(along, r, axis=2).mean(axis=2)
        high, low = rest.argmax(axis=1), rest.argmin(axis=1)
        rows = np.arange(factors)
        found[:, r] = along[rows, high, r] - along[rows, low, r]
    half = half_width(1.0, replicates, 0.95) * found.std(axis=1, ddof=1)
    return plain, found.mean(axis=1), half


# --- given data ----------------------------------------------------------------------------------
#
# All take x (points, factors) and y (points, columns), and return (columns, factors): the numbers
# of SALib's pawn, rsa, delta.calc_delta and rbd_fast for every column.

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
