"""Dose-response against published trials: compared, not validated.

Each trial's dosage (meetings, hours, months, sites a facilitator) is a scenario: one provider for
``sites`` regions of the template's staff, contacts at equal intervals, and the effect on
capacity at the end of support, against the same people and chance without it. The unit of the model
is not that of the trials, so one factor (standardised mean difference a unit of capacity) is fitted
to all trials together; only the *ratios* between trials are compared. Rivals are fitted on the same
rows: one pooled effect for all, and a meta-regression on log hours a month and sites.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.core.units import weeks_of, z_value
from sim.present.table import Column, Table
from sim.runs.collect import Points, RunValues
from sim.runs.plan import RunPlan, common
from sim.scenario.contact_log import MAX_HOURS
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.studies.spec import Study
from sim.studies.trials.spec import Spec, Trial, trials_of

COLLECT = Points(("capacity",))


def design(study: Study[Spec]) -> RunPlan:
    """A job a trial; sets share their replicates, so that trials are paired."""
    sets, header = study.sets(study.scenario), study.header
    scenarios = [scenario_of(trial, study.scenario) for trial in trials_of(study)]
    jobs = [
        common(one, sets, header.replicates, [one.horizon_weeks], counterfactual=True)
        for one in scenarios
    ]
    return RunPlan(tuple(jobs), study.seed)


def scenario_of(trial: Trial, template: Scenario) -> Scenario:
    """The trial's dosage as a scenario: one provider, ``sites`` regions, TA until the horizon."""
    weeks = max(2, weeks_of(trial.months))
    quiet = template.replace(
        name=f"Trial: {trial.name}", dosage=[{"mode": "onsite", "every_weeks": 1, "hours": 1}],
        contact_log=None, shocks=[], delivery_work=[],
    )  # fmt: skip
    return with_levers(
        quiet,
        {
            "horizon_weeks": weeks,
            "last_week": weeks,
            "every_weeks": max(1.0, weeks / trial.meetings),
            # More than one meeting a week is one contact with the hours of both.
            "hours": min(MAX_HOURS, trial.hours * max(1.0, trial.meetings / weeks)),
            "regions.candidates": trial.sites,
            "regions": trial.sites,
            "selection": "all",
            "weekly_hours": template.providers.hours_each[0],
            "providers": 1,
        },
    )


def analyse(study: Study[Spec], values: RunValues) -> dict[str, Table]:
    """Tables "trials", "scores" and "between"."""
    jobs = range(len(values.plan.jobs))
    effects = np.stack([_effects(values, job) for job in jobs], axis=1)
    counts = [values.count(job) for job in jobs]
    rests_on = sum(counted for counted, _ in counts), sum(made for _, made in counts)
    return judge(trials_of(study), effects[np.isfinite(effects).all(axis=1)], rests_on)


def _effects(values: RunValues, job: int) -> np.ndarray:
    """Effect on capacity in each set, (sets,); NaN where every run failed."""
    difference = values.of("capacity", job=job) - values.of("capacity", job=job, without_ta=True)
    known = np.isfinite(difference)
    count = known.sum(axis=1)
    total = np.where(known, difference, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


# --- statistics ----------------------------------------------------------------------------------


def between_trials(smd: np.ndarray, se: np.ndarray) -> float:
    """SD of true effects between trials, by the method of moments (DerSimonian & Laird 1986).

    >>> between_trials(np.array([0.5, 0.5, 0.5]), np.array([0.1, 0.2, 0.3]))
    0.0
    """
    w = 1.0 / se**2
    mean = (w * smd).sum() / w.sum()
    q = (w * (smd - mean) ** 2).sum()
    spread = (q - (len(smd) - 1)) / (w.sum() - (w**2).sum() / w.sum())
    return math.sqrt(max(0.0, float(spread)))


def fit_weighted(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Weighted least squares: coefficients of the columns of x, (columns,)."""
    root = np.sqrt(w)
    return np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]


def left_out(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Prediction of each row by a fit to all others, (rows,)."""
    found = np.empty(len(y))
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        found[i] = x[i] @ fit_weighted(x[rest], y[rest], w[rest])
    return found


def _correlation(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    a, b = x - (w * x).sum() / w.sum(), y - (w * y).sum() / w.sum()
    size = math.sqrt(float((w * a**2).sum() * (w * b**2).sum()))
    return float((w * a * b).sum()) / size if size > 0 else math.nan


def judge(
    trials: Sequence[Trial], effects: np.ndarray, rests_on: tuple[int, int] | None = None
) -> dict[str, Table]:
    """Compare effects on capacity (sets, trials) with what was observed."""
    smd, se = np.array([t.smd for t in trials]), np.array([t.se for t in trials])
    between = between_trials(smd, se)
    w = 1.0 / (se**2 + between**2)
    model = np.stack([left_out(row[:, None], smd, w) for row in effects])
    ones = np.ones(len(trials))
    dose = np.log([t.hours_a_month for t in trials])
    regression = np.stack([ones, dose, np.array([float(t.sites) for t in trials])], axis=1)
    guesses = {
        "model": model.mean(axis=0),
        "pooled effect": left_out(ones[:, None], smd, w),
        "meta-regression": left_out(regression, smd, w),
    }
    noise = np.sqrt(se**2 + between**2)
    doubt = {name: np.zeros(len(trials)) for name in guesses} | {"model": model.std(axis=0)}
    whole = effects.mean(axis=0)
    rows = []
    for name, guess in guesses.items():
        z = np.abs(smd - guess) / np.hypot(noise, doubt[name])
        in_sample = _correlation(whole, smd, w) if name == "model" else math.nan
        rows.append(
            {
                "what": name,
                "rmse": float(np.sqrt((w * (smd - guess) ** 2).sum() / w.sum())),
                "correlation": _correlation(guess, smd, w),
                "inside_50": float((z <= z_value(0.50)).mean()),
                "inside_90": float((z <= z_value(0.90)).mean()),
                "correlation_in_sample": in_sample,
            }
        )
    wide = z_value(0.90) * np.hypot(noise, doubt["model"])
    slope = float(fit_weighted(np.stack([ones, se], axis=1), smd, w)[1])
    return {
        "trials": _trials_table(trials, whole, guesses, wide, rests_on),
        "scores": _scores_table(rows),
        "between": _between_table(between, slope),
    }


# --- tables --------------------------------------------------------------------------------------


def _trials_table(
    trials: Sequence[Trial],
    effects: np.ndarray,
    guesses: dict[str, np.ndarray],
    wide: np.ndarray,
    rests_on: tuple[int, int] | None,
) -> Table:
    frame = pd.DataFrame(
        {
            "trial": [t.name for t in trials],
            "sites": [t.sites for t in trials],
            "sites_known": [t.sites_known for t in trials],
            "months": [t.months for t in trials],
            "hours_a_month": [t.hours_a_month for t in trials],
            "capacity": effects,
            "observed": [t.smd for t in trials],
            "se": [t.se for t in trials],
            "model": guesses["model"],
            "low": guesses["model"] - wide,
            "high": guesses["model"] + wide,
            "pooled": guesses["pooled effect"],
            "regression": guesses["meta-regression"],
        }
    )
    columns = [
        Column("trial", format="text"),
        Column("sites", "", "count", "of a facilitator"),
        Column("sites_known", meaning="whether the trial says so, else the median of the others"),
        Column("months", "", "given"),
        Column("hours_a_month", "", "number", "of facilitation, a site"),
        Column("capacity", "0-1", "number", "effect in the model"),
        Column("observed", "SMD", "number"),
        Column("se", "SMD", "number", "standard error of what was observed"),
        Column("model", "SMD", "number", "effect in the model, by a factor of the other trials"),
        Column("low", "SMD", "number", "5 % of such trials would see less"),
        Column("high", "SMD", "number", "5 % of such trials would see more"),
        Column("pooled", "SMD", "number", "one effect for all, of the other trials"),
        Column("regression", "SMD", "number", "meta-regression on the other trials"),
    ]
    return Table(
        "trials", frame, columns, title="Trials and simulated trials",
        note="Each trial is predicted from the others.", rests_on=rests_on,
    )  # fmt: skip


def _scores_table(rows: list[dict[str, Any]]) -> Table:
    columns = [
        Column("what", format="text", heading="prediction by"),
        Column("rmse", "SMD", "number", "root mean square error, weighted by precision", "error"),
        Column("correlation", "", "number", "with what was observed"),
        Column("inside_50", "", "percent", "trials inside the 50 % interval"),
        Column("inside_90", "", "percent", "trials inside the 90 % interval"),
        Column("correlation_in_sample", "", "number", "with one factor for all trials"),
    ]
    return Table("scores", pd.DataFrame(rows), columns, title="How near each prediction comes")


def _between_table(between: float, slope: float) -> Table:
    columns = [
        Column("between", "SMD", "number", "SD of effects between trials beyond sampling"),
        Column("slope", "", "signed", "rise of effects with their standard error: well above 0, "
               "small trials report larger effects"),
    ]  # fmt: skip
    frame = pd.DataFrame([{"between": between, "slope": slope}])
    return Table("between", frame, columns, title="How the trials differ")
