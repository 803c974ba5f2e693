"""design and analyse: dose-response of the model, compared with published trials, not validated.

Each trial's dosage (meetings, hours, months, sites per facilitator) is a scenario with one provider
for ``sites`` regions of the template's staff and contacts at equal intervals. Its effect is that on
capacity at the end of support, against the same people and chance without support. The unit of the
model is not that of the trials, and the model need not explain what trials have in common. A
meta-regression therefore puts each set's effects x on the scale of the trials,

    SMD_i = a + b x_i + u_i + e_i

where u is a spread between trials (:mod:`sim.stats.meta_regression`). The variance of a forecast of
a trial adds its sampling error, u, the uncertainty of a and b, the chance in x (from its
replicates) and the spread of the sets. Each trial is forecast from the others, and the log scores
of these forecasts are compared with those of one constant (the pooled effect of random effects) and
of a regression on log hours per month. The forecasts with a = 0, the method up to 0.2.0, are shown
for comparison only and enter no verdict.
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
from sim.stats.intervals import band, t_value
from sim.stats.meta_regression import Fit, fit, left_out, log_score, mixed
from sim.studies.spec import Study
from sim.studies.trials.spec import (
    CONSTANT,
    HOURS,
    MODEL,
    THROUGH_0,
    Spec,
    Trial,
    trials_of,
)

SMALL = 4.0
"""A difference of summed log scores below this value counts as small, whatever its standard error.
Few trials or similar forecasts make the standard error too small (Sivula, Magnusson, Matamoros &
Vehtari 2020, arXiv:2008.10296)."""
MOST_ERRORS = 2.0
"""Number of standard errors above which a difference counts."""

COLLECT = Points(("capacity",))


def design(study: Study[Spec]) -> RunPlan:
    """The plan with a job for each trial; sets share replicates, so that trials are paired."""
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
            # Several meetings in a week are one contact with the hours of all.
            "hours": min(MAX_HOURS, trial.hours * max(1.0, trial.meetings / weeks)),
            "regions.candidates": trial.sites,
            "regions": trial.sites,
            "selection": "all",
            "weekly_hours": template.providers.hours_each[0],
            "providers": 1,
        },
    )


def analyse(study: Study[Spec], values: RunValues) -> dict[str, Table]:
    """The tables "trials", "scores", "mapping" and "doses".

    Raises:
        StudyError: no set has an effect in every trial.
    """
    jobs = range(len(values.plan.jobs))
    found = np.stack([_effects(values, job) for job in jobs], axis=-1)
    known = np.isfinite(found).any(axis=1).all(axis=-1)
    if not known.any():
        raise study.error(("replicates",), "no set has a run without a failure in every trial")
    return judge(trials_of(study), found[known], values.made.counts)


def _effects(values: RunValues, job: int) -> np.ndarray:
    """Effect on capacity in each run, (sets, replicates); NaN where the run failed."""
    return values.of("capacity", job=job) - values.of("capacity", job=job, without_ta=True)


# --- statistics ----------------------------------------------------------------------------------


def means_and_noise(effects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean effects, and their variance from the choice of replicates.

    The variance of a run is pooled over all sets, because a few replicates say little about one
    set. All trials share their replicates, and the constant absorbs chance that moves all trials
    alike, so the variance is an upper limit.

    Args:
        effects: (sets, replicates, trials), NaN where a run failed. Each set and trial has a value,
            and each trial has two values in at least one set.

    Returns:
        (sets, trials) each.
    """
    count = np.isfinite(effects).sum(axis=1)
    mean = np.nanmean(effects, axis=1)
    squares = np.nansum((effects - mean[:, None]) ** 2, axis=(0, 1))
    return mean, squares / np.maximum(1, (count - 1).sum(axis=0)) / count


def judge(
    trials: Sequence[Trial], effects: np.ndarray, rests_on: tuple[int, int] | None = None
) -> dict[str, Table]:
    """Compare effects on capacity with the observed effects.

    Args:
        trials: the trials, with their observed effects.
        effects: (sets, replicates, trials), effects of the model; NaN where a run failed.
        rests_on: (runs counted, runs made).
    """
    smd, s2 = np.array([t.smd for t in trials]), np.array([t.se for t in trials]) ** 2
    x, noise = means_and_noise(effects)
    ones = np.ones(len(trials))
    hours = np.log([t.hours_a_month for t in trials])
    with_a = np.stack([np.broadcast_to(ones, x.shape), x], axis=-1)
    designs: dict[str, tuple[np.ndarray, np.ndarray | None]] = {
        CONSTANT: (ones[None, :, None], None),
        HOURS: (np.stack([ones, hours], axis=1)[None], None),
        MODEL: (with_a, noise),
        THROUGH_0: (x[:, :, None], noise),
    }
    forecasts = {
        name: mixed(*left_out(columns, smd, s2, doubt))
        for name, (columns, doubt) in designs.items()
    }
    return {
        "trials": _trials_table(trials, x, noise, forecasts, rests_on),
        "scores": _scores_table(smd, forecasts),
        "mapping": _mapping_table(smd, s2, x, noise, fit(with_a, smd, s2, noise)),
        "doses": _doses_table(trials, smd, s2, x),
    }


def verdict_of(difference: float, se: float) -> str:
    """The verdict on a summed log score against that of the constant: better, worse or a draw.

    >>> verdict_of(1.0, 0.1), verdict_of(6.0, 2.0), verdict_of(-6.0, 2.0), verdict_of(6.0, 4.0)
    ('a draw', 'better', 'worse', 'a draw')
    """
    if not (abs(difference) >= SMALL and abs(difference) > MOST_ERRORS * se):
        return "a draw"  # also where the difference is not known
    return "better" if difference > 0 else "worse"


# --- tables --------------------------------------------------------------------------------------

Forecasts = dict[str, tuple[np.ndarray, np.ndarray]]
"""Mean and variance of the forecast of each trial, by forecasting method."""


def _trials_table(
    trials: Sequence[Trial], x: np.ndarray, noise: np.ndarray, forecasts: Forecasts,
    rests_on: tuple[int, int] | None,
) -> Table:  # fmt: skip
    smd = np.array([t.smd for t in trials])
    mean, variance = forecasts[MODEL]
    wide = z_value() * np.sqrt(variance)
    frame = pd.DataFrame(
        {
            "trial": [t.name for t in trials],
            "sites": [t.sites for t in trials],
            "sites_known": [t.sites_known for t in trials],
            "months": [t.months for t in trials],
            "hours_a_month": [t.hours_a_month for t in trials],
            "capacity": x.mean(axis=0),
            "between_sets": x.std(axis=0),
            "chance": np.sqrt(noise.mean(axis=0)),
            "observed": smd,
            "se": [t.se for t in trials],
            "model": mean,
            "low": mean - wide,
            "high": mean + wide,
            "constant": forecasts[CONSTANT][0],
            "by_hours": forecasts[HOURS][0],
            "gain": log_score(smd, mean, variance) - log_score(smd, *forecasts[CONSTANT]),
        }
    )
    columns = [
        Column("trial", format="text"),
        Column("sites", "", "count", "of a facilitator"),
        Column("sites_known", meaning="whether the trial says so, else the median of the others"),
        Column("months", "", "given"),
        Column("hours_a_month", "", "number", "of facilitation, a site"),
        Column("capacity", "0-1", "number", "effect in the model, mean of the sets"),
        Column("between_sets", "0-1", "number", "SD of this effect between sets"),
        Column("chance", "0-1", "number", "standard error of a set's effect from its replicates"),
        Column("observed", "SMD", "number"),
        Column("se", "SMD", "number", "standard error of what was observed"),
        Column("model", "SMD", "number", "a + b effect, from the other trials"),
        Column("low", "SMD", "number", "5 % of such trials would see less"),
        Column("high", "SMD", "number", "5 % of such trials would see more"),
        Column("constant", "SMD", "number", "pooled effect of the other trials"),
        Column("by_hours", "SMD", "number", "regression on log hours a month of the other trials"),
        Column("gain", "", "signed", "log score of the model minus that of the constant"),
    ]
    return Table(
        "trials", frame, columns, title="Trials and simulated trials",
        note="Each trial is forecast from the others.", rests_on=rests_on,
    )  # fmt: skip


def _scores_table(smd: np.ndarray, forecasts: Forecasts) -> Table:
    constant = log_score(smd, *forecasts[CONSTANT])
    rows: list[dict[str, Any]] = []
    for name, (mean, variance) in forecasts.items():
        score = log_score(smd, mean, variance)
        gain = score - constant
        total, se = float(gain.sum()), math.sqrt(len(smd)) * float(gain.std(ddof=1))
        z = np.abs(smd - mean) / np.sqrt(variance)
        first = name == CONSTANT
        rows.append(
            {
                "what": name,
                "log_score": float(score.sum()),
                "difference": math.nan if first else total,
                "difference_se": math.nan if first else se,
                "against_constant": "" if first else verdict_of(total, se),
                "rmse": float(np.sqrt(((smd - mean) ** 2).mean())),
                "inside_50": float((z <= z_value(0.50)).mean()),
                "inside_90": float((z <= z_value(0.90)).mean()),
            }
        )
    columns = [
        Column("what", format="text", heading="forecast by"),
        Column("log_score", "", "number", "sum over trials, each forecast from the others"),
        Column("difference", "", "signed", "of log scores, from that of the constant"),
        Column("difference_se", "", "number", "standard error of the difference", "SE"),
        Column("against_constant", "", "text", f"a draw unless the difference is {SMALL:g} or more "
               f"and above {MOST_ERRORS:g} standard errors"),
        Column("rmse", "SMD", "number", "root mean square error", "error"),
        Column("inside_50", "", "percent", "trials inside the 50 % interval"),
        Column("inside_90", "", "percent", "trials inside the 90 % interval"),
    ]  # fmt: skip
    return Table("scores", pd.DataFrame(rows), columns, title="How good each forecast is")


def _mapping_table(
    smd: np.ndarray, s2: np.ndarray, x: np.ndarray, noise: np.ndarray, found: Fit
) -> Table:
    """The fit to all trials, summarised over the sets."""
    a, b = found.beta.mean(axis=0)
    spread = math.sqrt(found.covariance[:, 1, 1].mean() + found.beta[:, 1].var())
    half = t_value(len(smd) - 2) * spread
    ones = np.ones((len(smd), 1))
    pooled = fit(ones, smd, s2)
    small = fit(np.column_stack([ones, np.sqrt(s2)]), smd, s2)
    variance = x.var(axis=1, ddof=1)
    row = {
        "a": float(a), "b": float(b), "b_low": float(b - half), "b_high": float(b + half),
        "between": float(np.sqrt(found.tau2).mean()),
        "between_pooled": math.sqrt(float(pooled.tau2)),
        "chance": float((noise.mean(axis=1) / np.where(variance > 0, variance, np.nan)).mean()),
        "small_studies": float(small.beta[1]),
    }  # fmt: skip
    columns = [
        Column("a", "SMD", "signed", "what all trials have in common"),
        Column("b", "", "signed", "SMD a unit of capacity in the model, whose range is 0-1"),
        Column("b_low", "", "signed", "lower end of the 90 % interval of b"),
        Column("b_high", "", "signed", "upper end"),
        Column("between", "SMD", "number", "SD between trials beyond sampling and a + b effect"),
        Column("between_pooled", "SMD", "number", "SD between trials beyond sampling"),
        Column("chance", "", "percent", "share of the variance of the model's effects between "
               "trials that is chance, at most"),
        Column("small_studies", "", "signed", "rise of effects with their standard error: well "
               "above 0, small trials report larger effects"),
    ]  # fmt: skip
    return Table("mapping", pd.DataFrame([row]), columns, title="SMD = a + b x effect")


def _doses_table(trials: Sequence[Trial], smd: np.ndarray, s2: np.ndarray, x: np.ndarray) -> Table:
    """Changes of effect with twice a dose, in percent of the mean effect and so without a unit."""
    doses = {name: [getattr(t, name) for t in trials] for name in ("hours_a_month", "months")}
    logs = np.stack([np.log2(column) for column in doses.values()], axis=1)
    first = fit(np.column_stack([np.ones(len(trials)), logs]), smd, s2)
    w = 1.0 / (s2 + first.tau2)
    middle = (w[:, None] * logs).sum(axis=0) / w.sum()
    # Doses are centred by their weights, so that the mean and the slopes have independent errors.
    design = np.column_stack([np.ones(len(trials)), logs - middle])
    root = np.sqrt(w)[:, None]
    model = np.linalg.lstsq(design * root, x.T * root, rcond=None)[0]
    trial = fit(design, smd, s2)
    rows = []
    for place, name in enumerate(doses, 1):
        share = float(trial.beta[place] / trial.beta[0])
        parts = trial.covariance[place, place] + share**2 * trial.covariance[0, 0]
        half = t_value(len(trials) - 3) * math.sqrt(parts) / abs(float(trial.beta[0]))
        mine = model[place] / model[0]
        low, high = band(mine)
        rows.append(
            {
                "dose": name, "trials": share, "trials_low": share - half,
                "trials_high": share + half, "model": float(mine.mean()), "model_low": low,
                "model_high": high,
            }
        )  # fmt: skip
    columns = [
        Column("dose", format="text", heading="twice the"),
        Column("trials", "", "percent", "change of the effect, in parts of the mean effect"),
        Column("trials_low", "", "percent", "lower end of its 90 % interval"),
        Column("trials_high", "", "percent", "upper end"),
        Column("model", "", "percent", "the same of the model's effects, mean of the sets"),
        Column("model_low", "", "percent", "90 % band over the sets"),
        Column("model_high", "", "percent"),
    ]
    return Table(
        "doses", pd.DataFrame(rows), columns, title="What twice the dose goes with",
        note="By a regression on the logarithms of both doses, weighted as the trials are.",
    )  # fmt: skip
