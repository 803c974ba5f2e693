"""Dose-response against published trials: compared, not validated.

Each trial's dosage (meetings, hours, months, sites a facilitator) is a scenario: one provider for
``sites`` regions of the template's staff, contacts at equal intervals, and the effect on
capacity at the end of support, against the same people and luck without it. The unit of the model
is not that of the trials, so one factor (standardised mean difference a unit of capacity) is fitted
to all trials together; only the *ratios* between trials are compared. Rivals are fitted on the same
rows: one pooled effect for all, and a meta-regression on log hours a month and sites.

The sets must not have seen these trials: they come from a calibration without T12-T14.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd

from sim.checking import Number, Words
from sim.core.units import weeks_of
from sim.errors import Problem, did_you_mean
from sim.loading import read_text
from sim.runs.collect import Points
from sim.runs.execute import Execution, execute
from sim.runs.plan import RunPlan, common
from sim.scenario import Scenario
from sim.study.plausible import PlausibleSets, plausible_sets
from sim.study.study_file import Study, StudyError, StudyHeader, find_study, read_study

NEEDED = ("practices_per_facilitator", "months", "meetings", "hours_per_meeting", "smd", "se")
MOST_SITES = 100


class TrialsFile(StudyHeader):
    """A study of kind ``trials``."""

    kind: Literal["trials"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """trials"""
    trials: Annotated[str, Words(1000)]
    """CSV of trials, from this file's folder."""
    plausible: Annotated[str, Words(1000, optional=True)] = ""
    """Folder of plausible sets that have not seen the trials, from this file's folder."""
    sets: Annotated[int, Number(2, 10_000, whole=True)] = 50
    """Plausible parameter sets."""
    replicates: Annotated[int, Number(1, 2**16, whole=True)] = 8
    """Runs of each set and trial."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its dosage, effect (standardised mean difference) and standard error."""

    name: str
    sites: int
    sites_known: bool
    months: float
    meetings: float
    hours: float
    smd: float
    se: float

    @property
    def hours_a_month(self) -> float:
        """Hours of facilitation a month and site."""
        return self.meetings * self.hours / self.months


def read_trials(path: Path) -> list[Trial]:
    """The trials of a CSV file. Unknown sites (NA) are set to the median of the others.

    Raises:
        StudyError: a column is missing, or a number cannot be; with the line.
    """
    rows = list(csv.DictReader(io.StringIO(read_text(path, error=StudyError))))
    if not rows:
        raise StudyError(Problem("holds no trials", file=str(path)))
    names = list(rows[0])
    problems = [
        Problem(
            f"lacks the column {name!r}", file=str(path), allowed=", ".join(NEEDED),
            suggestion=did_you_mean(name, names),
        )
        for name in NEEDED
        if name not in names
    ]  # fmt: skip
    if problems:
        raise StudyError(problems)
    table = [
        [_number(path, line, row, name) for name in NEEDED] for line, row in enumerate(rows, 2)
    ]
    known = [row[0] for row in table if not math.isnan(row[0])]
    if not known:
        raise StudyError(Problem("no trial says its sites a facilitator", file=str(path)))
    middle = float(np.median(known))
    if len(rows) < 5:
        raise StudyError(Problem(f"holds {len(rows)} trials", file=str(path), allowed="5 or more"))
    return [
        Trial(
            " ".join(str(row.get(part) or "") for part in ("author", "year")).strip() or f"row {i}",
            max(1, math.floor((middle if math.isnan(x[0]) else x[0]) + 0.5)),
            not math.isnan(x[0]), *x[1:],
        )
        for i, (row, x) in enumerate(zip(rows, table, strict=True), 2)
    ]  # fmt: skip


def _number(path: Path, line: int, row: dict[str, str], name: str) -> float:
    text = (row.get(name) or "").strip()
    if text == "NA" and name == "practices_per_facilitator":
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    low = -math.inf if name == "smd" else 0.0
    high = {"practices_per_facilitator": MOST_SITES, "hours_per_meeting": 60.0}.get(name, math.inf)
    if not (math.isfinite(value) and value > low and value <= high):
        bound = (
            "any number" if name == "smd" else f"above 0{f', up to {high:g}' if high < 1e9 else ''}"
        )
        raise StudyError(
            Problem(
                f"{text!r} cannot be used", field=name, value=text, file=str(path), line=line,
                allowed=bound,
            )
        )  # fmt: skip
    return value


def scenario_of(trial: Trial, template: Scenario) -> Scenario:
    """The trial's dosage as a scenario: one provider, ``sites`` regions, TA until the horizon."""
    weeks = max(2, weeks_of(trial.months))
    series = {
        "mode": "onsite",
        "every_weeks": max(1.0, weeks / trial.meetings),
        # More than one meeting a week is one contact with the hours of both.
        "hours": min(60.0, trial.hours * max(1.0, trial.meetings / weeks)),
        "last_week": weeks,
    }
    regions = {
        "candidates": trial.sites,
        "count": trial.sites,
        "selection": "all",
        "staff": template.regions.staff,
        "network": template.to_dict()["regions"]["network"],
    }
    return template.replace(
        name=f"Trial: {trial.name}", horizon_weeks=weeks, regions=regions, dosage=[series],
        providers={"count": 1, "weekly_hours": template.providers.hours_each[0]},
        contact_log=None, shocks=[], delivery_work=[],
    )  # fmt: skip


# --- comparison ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class TrialComparison:
    """What came of it.

    Attributes:
        table: a row a trial: dosage, observed (smd, se), model (mean over sets, low, high: 90 % of
            what a trial of this size could see), pooled and regression (the rivals), each fitted
            without the trial itself.
        scores: a row a rival and the model: weighted RMSE and correlation, share of trials inside
            50 % and 90 % intervals.
        effects: (sets, trials), effect on capacity.
        between: SD of effects between trials beyond sampling (DerSimonian & Laird 1986).
    """

    study: Study[TrialsFile]
    trials: tuple[Trial, ...]
    plausible: PlausibleSets
    effects: np.ndarray
    between: float
    table: pd.DataFrame
    scores: pd.DataFrame


def read_trials_study(path_or_name: str | Path) -> Study[TrialsFile]:
    """A study of kind ``trials``.

    Raises:
        StudyError: every mistake with file, line and column.
    """
    return read_study(find_study(path_or_name), TrialsFile)


def compare_trials(
    study: Study[TrialsFile],
    *,
    trials: Sequence[Trial] | None = None,
    plausible: PlausibleSets | None = None,
    execution: Execution | None = None,
) -> TrialComparison:
    """Run every trial's dosage over the plausible sets and compare.

    Args:
        trials: left out: those of the study's file.
        plausible: sets to run over; left out: those of the folder that the study names.
        execution: how runs are made.

    Raises:
        StudyError: a file that the study names cannot be used.
    """
    header, folder = study.header, Path(study.file).parent
    trials = read_trials(folder / header.trials) if trials is None else list(trials)
    if plausible is None:
        place = folder / header.plausible if header.plausible else None
        if place is not None and not place.is_dir():
            raise study.error(("plausible",), f"there is no folder {header.plausible!r}")
        plausible = plausible_sets(header.sets, folder=place)
    jobs = [
        common(
            scenario, plausible.within(study.scenario), header.replicates,
            [scenario.horizon_weeks], counterfactual=True,
        )
        for scenario in (scenario_of(trial, study.scenario) for trial in trials)
    ]  # fmt: skip
    found = execute(RunPlan(tuple(jobs), header.seed), execution, Points(("capacity",)))
    columns = [
        np.nanmean(found.of("capacity", job=i), axis=1)
        - np.nanmean(found.of("capacity", job=i, without_ta=True), axis=1)
        for i in range(len(jobs))
    ]
    effects = np.stack(columns, axis=1)
    return judge(study, trials, plausible, effects)


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


def judge(
    study: Study[TrialsFile], trials: Sequence[Trial], plausible: PlausibleSets, effects: np.ndarray
) -> TrialComparison:
    """Compare effects (sets, trials) with what was observed."""
    smd, se = np.array([t.smd for t in trials]), np.array([t.se for t in trials])
    between = between_trials(smd, se)
    w = 1.0 / (se**2 + between**2)
    model = np.stack([left_out(row[:, None], smd, w) for row in effects])
    dose = np.log([t.hours_a_month for t in trials])
    ones = np.ones(len(trials))
    regression = np.stack([ones, dose, np.array([float(t.sites) for t in trials])], axis=1)
    rivals = {
        "model": model.mean(axis=0),
        "pooled effect": left_out(ones[:, None], smd, w),
        "meta-regression": left_out(regression, smd, w),
    }
    noise = np.sqrt(se**2 + between**2)
    doubt = {name: np.zeros(len(trials)) for name in rivals} | {"model": model.std(axis=0)}
    rows = []
    for name, guess in rivals.items():
        z = np.abs(smd - guess) / np.hypot(noise, doubt[name])
        rows.append(
            {
                "what": name,
                "rmse": float(np.sqrt((w * (smd - guess) ** 2).sum() / w.sum())),
                "correlation": _correlation(guess, smd, w),
                "inside_50": float((z <= 0.6745).mean()),
                "inside_90": float((z <= 1.6449).mean()),
            }
        )
    whole = effects.mean(axis=0)
    rows[0]["correlation_in_sample"] = _correlation(whole, smd, w)
    wide = 1.6449 * np.hypot(noise, doubt["model"])
    table = pd.DataFrame(
        {
            "trial": [t.name for t in trials],
            "sites": [t.sites for t in trials],
            "sites_known": [t.sites_known for t in trials],
            "months": [t.months for t in trials],
            "hours_a_month": [t.hours_a_month for t in trials],
            "capacity": whole,
            "observed": smd,
            "se": se,
            "model": rivals["model"],
            "low": rivals["model"] - wide,
            "high": rivals["model"] + wide,
            "pooled": rivals["pooled effect"],
            "regression": rivals["meta-regression"],
        }
    )
    return TrialComparison(
        study, tuple(trials), plausible, effects, between, table, pd.DataFrame(rows)
    )


def _correlation(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    a, b = x - (w * x).sum() / w.sum(), y - (w * y).sum() / w.sum()
    size = math.sqrt(float((w * a**2).sum() * (w * b**2).sum()))
    return float((w * a * b).sum()) / size if size > 0 else math.nan


def words(found: TrialComparison) -> str:
    """The answer in sentences."""
    score = found.scores.set_index("what").to_dict("index")
    model, pooled, rival = (score[n] for n in ("model", "pooled effect", "meta-regression"))
    order = "smaller" if float(model["rmse"]) < float(pooled["rmse"]) else "no smaller"
    se, smd = found.table["se"].to_numpy(), found.table["observed"].to_numpy()
    w = 1.0 / (se**2 + found.between**2)
    slope = float(fit_weighted(np.stack([np.ones(len(se)), se], axis=1), smd, w)[1])
    return "\n\n".join(
        [
            f"{len(found.trials)} trials, compared and not validated. One factor was fitted, so "
            "only ratios between trials are compared; each trial is predicted from the others. "
            f"Error (precision-weighted, in SMD): model {model['rmse']:.3f}, one pooled effect "
            f"{pooled['rmse']:.3f}, meta-regression {rival['rmse']:.3f}: the model's is {order} "
            "than that of saying the same of every trial. Correlation with what was observed, one "
            f"factor for all: {model['correlation_in_sample']:.2f}.",
            f"Intervals: {model['inside_50']:.0%} of the trials lie inside the 50 % interval and "
            f"{model['inside_90']:.0%} inside the 90 % one (SD between trials beyond sampling "
            f"{found.between:.2f}). Effects rise by {slope:+.2f} a unit of their standard error: "
            "where that is well above 0, small trials report larger effects, which no dosage "
            "explains.",
            f"{found.plausible.source[:1].upper()}{found.plausible.source[1:]}. What if, not "
            "forecast.",
        ]
    )


def save(
    found: TrialComparison,
    directory: Path,
    *,
    force: bool = False,
    command: str = "",
    draw: Callable[[TrialComparison, Path], object] | None = None,
) -> Path:
    """Write a result folder (manifest kind "trials"): complete, or not at all.

    Raises:
        ResultsError: it may not or cannot be written.
    """
    from sim import _folder
    from sim.runs.folder import provenance

    def write(folder: Path) -> None:
        _folder.write_table(folder, "trials", found.table)
        _folder.write_table(folder, "scores", found.scores)
        text = words(found) + "\n"
        (folder / "answer.txt").write_text(text, encoding="utf-8", newline="\n")
        _folder.write_json(
            folder / _folder.MANIFEST,
            {
                "format": _folder.FORMAT,
                "format_version": _folder.FORMAT_VERSION,
                "kind": "trials",
                **provenance(),
                "command": command,
                "answer": words(found),
                "plausible": found.plausible.record(),
                "trials": [asdict(trial) for trial in found.trials],
                "study": found.study.header.model_dump(mode="json"),
                "scenario": found.study.scenario.to_dict(),
                "files": _folder.fingerprints(folder),
            },
        )
        if draw is not None:
            draw(found, folder / "figures")

    return _folder.write_folder(directory, write, force=force)
