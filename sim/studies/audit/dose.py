"""When regions choose their dose: does the slope of the outcome on hours received say anything?

Readier, more trusting and better-led regions ask for more; they would also do better without TA.
The audit regresses the last wave's mean answer of each region on the contact hours it received, as
a report on dosage would, and compares the slope with what an hour more does when every region gets
it by decision (the same people and luck, all hours a quarter up).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.instruments import Seen, expected_answer, observe_plan, survey
from sim.parameters import Parameters
from sim.runs.execute import Execution
from sim.runs.plan import RunPlan, fresh
from sim.study.study_file import Study, week_number

if TYPE_CHECKING:
    from sim.study.design_audit import AuditFile

RAISE = 1.25
"""How much longer every contact is in the experiment that gives the true effect of an hour."""
DESIGNS = ("slope on hours", "slope on hours, change since the start")


def run(study: Study[AuditFile], sets: Sequence[Parameters], execution: Execution) -> pd.DataFrame:
    """The table of the audit: a row a world, construct and design, in points per ten hours."""
    from sim.study.design_audit import WORLDS, asked_in, set_execution, summary_row

    header, scenario = study.header, study.scenario
    first, last = (week_number(week, scenario) for week in header.weeks)
    raised = scenario.replace(
        dosage=[
            {**series, "hours": min(60.0, RAISE * series["hours"])}
            for series in scenario.to_dict()["dosage"]
        ]
    )
    found: dict[tuple[str, float, str, str], list[tuple[np.ndarray, ...]]] = {}
    total = len(sets) * len(header.background_trends)
    done = 0
    for turn, trend in enumerate(header.background_trends):
        arms = [
            one.replace(background_trend=trend) for one in (scenario, scenario.without_ta(), raised)
        ]
        for number, p in enumerate(sets):
            execution.report_progress(done, total)
            jobs = [fresh(one, [p], header.replicates, [first, last], [number]) for one in arms]
            ta, none, more = observe_plan(
                RunPlan(tuple(jobs), header.seed), set_execution(execution, turn, number)
            )
            hours = _hours(ta, first, last)
            gained = _hours(more, first, last).mean(axis=1) - hours.mean(axis=1)
            for construct in header.asks_about:
                truth = 10.0 * (_expected(more, p, construct) - _expected(ta, p, construct))
                truth = np.divide(truth, gained, out=np.zeros_like(truth), where=gained > 0)
                for world, seen in zip(WORLDS, (ta, none), strict=True):
                    true = truth if world == "works" else np.zeros_like(truth)
                    before, after = (
                        _regions(
                            seen,
                            survey(
                                seen, p, construct, wave=wave, items=header.items,
                                asked=asked_in(study),
                            ).scores,
                        )
                        for wave in (0, 1)
                    )  # fmt: skip
                    for design, y in zip(DESIGNS, (after, after - before), strict=True):
                        slope, error = slopes(hours, y)
                        found.setdefault((world, trend, construct, design), []).append(
                            (10.0 * slope, 10.0 * error, true)
                        )
            done += 1
    execution.report_progress(total, total)
    rows = []
    for (world, trend, construct, design), parts in found.items():
        joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
        rows.append(
            {"world": world, "trend": trend, "construct": construct, "design": design}
            | summary_row(*joined)
        )
    return pd.DataFrame(rows)


def _hours(seen: Seen, first: int, last: int) -> np.ndarray:
    """Contact hours of each region between the waves, (replicates, regions)."""
    return seen.flows["contact_hours"][:, first + 1 : last + 1].sum(axis=1)


def _regions(seen: Seen, values: np.ndarray) -> np.ndarray:
    """Means of each region over those who answered, (replicates, regions)."""
    from sim.instruments import describe

    count = int(seen.region.max()) + 1
    return np.stack([describe(values[:, seen.region == r]).mean for r in range(count)], axis=1)


def _expected(seen: Seen, p: Parameters, construct: str) -> np.ndarray:
    return expected_answer(seen.people[construct][:, 1], p).mean(axis=1)


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
