"""estimates: the slope of outcome on hours received, when regions choose their own dose.

Readier, more trusting and better-led regions request more TA, and they would also do better without
TA. The audit regresses the mean answer of each region in the last wave on the contact hours that
the region received, as a report on dosage would. It compares the slope with the effect of an
additional hour that every region gets by decision (the same people and chance, all hours a quarter
up).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from sim.core.parameters import Parameters
from sim.runs.instruments import describe, expected_answer, survey
from sim.runs.people import Seen
from sim.scenario.contact_log import MAX_HOURS
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.stats.intervals import t_values
from sim.studies.audit.spec import SLOPES, WORLDS, Spec, asked_in
from sim.studies.spec import Study

RAISE = 1.25
"""Factor on the hours of every contact in the experiment that gives the true effect of an hour."""


def arms(scenario: Scenario) -> dict[str, Scenario]:
    """The scenario as it is, without TA, and with longer contacts."""
    hours = [min(MAX_HOURS, RAISE * series.hours) for series in scenario.dosage]
    raised = with_levers(scenario, {f"dosage[{i}].hours": value for i, value in enumerate(hours)})
    return {"ta": scenario, "none": scenario.without_ta(), "more": raised}


def estimates(
    study: Study[Spec], p: Parameters, seen: Mapping[str, Seen]
) -> Iterator[tuple[str, str, str, tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """World, construct and design, then the slope per ten hours, the half-width of its 95 %
    interval (by Student's t, as regressions report it) and the true slope, (replicates,) each."""
    hours = _hours(seen["ta"])
    gained = _hours(seen["more"]).mean(axis=1) - hours.mean(axis=1)
    for construct in study.header.asks_about:
        more, usual = (_expected(seen[arm], p, construct) for arm in ("more", "ta"))
        truth = 10.0 * (more - usual)
        truth = np.divide(truth, gained, out=np.zeros_like(truth), where=gained > 0)
        for world, arm in zip(WORLDS, ("ta", "none"), strict=True):
            true = truth if world == "works" else np.zeros_like(truth)
            before, after = (_answers(study, p, seen[arm], construct, wave) for wave in (0, 1))
            for name, y in zip(SLOPES, (after, after - before), strict=True):
                slope, error = slopes(hours, y)
                half = half_widths(y, error)
                yield world, construct, name, (10.0 * slope, 10.0 * half, true)


def _hours(seen: Seen) -> np.ndarray:
    """Contact hours of each region between the waves, (replicates, regions)."""
    total = seen.flows["contact_hours"]
    return total[:, 1] - total[:, 0]


def _answers(
    study: Study[Spec], p: Parameters, seen: Seen, construct: str, wave: int
) -> np.ndarray:
    """Mean of each region over the people who answered, (replicates, regions)."""
    scores = survey(
        seen, p, construct, wave=wave, items=study.header.items, asked=asked_in(study)
    ).scores
    count = int(seen.region.max()) + 1
    return np.stack([describe(scores[:, seen.region == r]).mean for r in range(count)], axis=1)


def _expected(seen: Seen, p: Parameters, construct: str) -> np.ndarray:
    return expected_answer(seen.people[construct][:, 1], p).mean(axis=1)


def half_widths(y: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Half-widths of the 95 % intervals of :func:`slopes` by Student's t, (rows,)."""
    counts = np.isfinite(y).sum(axis=1)
    return t_values(counts - 2, 0.95) * error


def slopes(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares slope of each row and its standard error, (rows,); NaN below four points.

    >>> slope, error = slopes(np.array([[1.0, 2, 3, 4]]), np.array([[2.0, 4, 6, 8]]))
    >>> slope.tolist(), error.round(9).tolist()
    ([2.0], [0.0])
    """
    known = np.isfinite(y)
    n = known.sum(axis=1)
    a, b = np.where(known, x, 0.0), np.where(known, y, 0.0)
    mean_x, mean_y = a.sum(axis=1) / np.maximum(n, 1), b.sum(axis=1) / np.maximum(n, 1)
    dx = np.where(known, x - mean_x[:, None], 0.0)
    dy = np.where(known, y - mean_y[:, None], 0.0)
    sxx = (dx**2).sum(axis=1)
    fine = (n > 3) & (sxx > 0)
    slope = np.divide((dx * dy).sum(axis=1), sxx, out=np.full(n.shape, np.nan), where=fine)
    left = ((dy - np.where(fine, slope, 0.0)[:, None] * dx) ** 2).sum(axis=1)
    error2 = np.divide(left, (n - 2) * sxx, out=np.full(n.shape, np.nan), where=fine)
    return slope, np.sqrt(np.maximum(error2, 0.0))
