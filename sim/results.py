"""Results of many runs: frames, summaries, and folders that can be checked and made again.

:class:`Runs` is what runs gave (:func:`sim.study.run.run` makes them), ``verify`` makes the runs
of a folder once more and compares. A :class:`Runs` keeps, of each run, the values at the points of
:func:`sim.outcomes.points`, with TA and without, and over all runs the weekly means and quantiles
of :mod:`sim.runs.bands`; the records are not kept.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import _folder, _frames, _stored
from sim._verify import (
    Difference,
    VerifyReport,
    chosen_rows,
    run_difference,
    version_notes,
    week_difference,
)
from sim.ensemble import (
    ENGINES,
    MAX_REPLICATES,
    Engine,
    check_whole,
)
from sim.errors import InputError, InterruptedRun, Problem, ResultsError, did_you_mean
from sim.parameters import Parameters
from sim.runs.bands import WeekTable
from sim.runs.collect import FailedRun
from sim.runs.execute import Execution, Progress, execute, joined
from sim.runs.plan import Job, RunPlan
from sim.runs.weekly import (
    OVERALL,
    PointValues,
    RunWeeks,
    Weekly,
    job_weeks,
    place_names,
    summary_weeks,
    trajectory_keys,
)
from sim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from sim.runs.store import Store

__all__ = [
    "OVERALL",
    "Difference",
    "FailedRun",
    "Runs",
    "VerifyReport",
    "provenance",
    "verify",
]

DEPENDENCIES = (
    "llvmlite", "matplotlib", "mesa", "networkx", "numpy", "pandas", "pyarrow", "pydantic",
    "pyyaml", "rich", "SALib", "typer",
)  # fmt: skip


def run_plan(
    plan: RunPlan,
    *,
    keep_runs: bool = False,
    plausible: str = "",
    execution: Execution | None = None,
) -> Runs:
    """The runs of a plan of one job with counterfactuals.

    Raises:
        InputError, Unfinished, InterruptedRun: as :func:`sim.study.run.run`.
    """
    kept = Weekly(plan.runs, keep_runs)
    note: dict[str, Any] = {"keep_runs": keep_runs, "plausible": plausible}
    if not callable(plan.engine):
        note["plan"] = plan.to_dict()
    started, clock = datetime.now(UTC), time.perf_counter()

    def runs(found: RunWeeks) -> Runs:
        seconds = time.perf_counter() - clock
        return Runs.of_weeks(found, plausible=plausible, started=started, seconds=seconds)

    try:
        return runs(execute(plan, execution, kept, note=note))
    except InterruptedRun as stopped:
        if execution is not None and execution.store is not None:
            raise
        found = stopped.partial
        count = 0 if found is None else int(found.made.done.sum())
        message = f"interrupted after {count:,} of {plan.runs:,} runs"
        raise InterruptedRun(message, None if found is None else runs(found)) from None


def run_store(store: Store) -> Runs:
    """The runs of a store that :func:`sim.study.run.run` has filled.

    Raises:
        DamagedPart: a chunk is not as it was written.
    """
    plan = RunPlan.from_dict(store.record["plan"])
    started, clock = datetime.now(UTC), time.perf_counter()
    found = joined(store, plan, Weekly(plan.runs, store.record["keep_runs"]))
    return Runs.of_weeks(
        found, plausible=store.record["plausible"], started=started,
        seconds=time.perf_counter() - clock,
    )  # fmt: skip


def provenance() -> dict[str, Any]:
    """Where results come from: versions of codose, Python and dependencies; no machine, no time.

    Returns:
        {"codose": version, "python": version, "dependencies": {name: version}}
    """
    return {
        # Not of the installed distribution, which may be older than a checkout, or not there.
        "codose": sys.modules["sim"].__version__,
        "python": platform.python_version(),
        "dependencies": {name: _version(name) for name in DEPENDENCIES},
    }


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


class Runs:
    """What many runs of one scenario gave. Made by :func:`sim.study.run.run` or :meth:`load`.

    Attributes:
        scenario: what was run.
        seed: of every random number.
        replicates: runs that were asked for, of each parameter set.
        engine: name of the engine.
        parameter_sets: full parameter sets, by their number.
        values: summary values of each run, as arrays.
        failures: runs without values (set_index, replicate, stage, reason).
        provenance: see :func:`provenance`; of the time when the runs were made.
        timing: {"started": ISO 8601 in UTC, "seconds": float}; the only part that is not the same
            when the runs are made again.
        plausible: one sentence on what the parameter sets are, when they are plausible sets
            (:mod:`sim.study.plausible`); empty for sets of the caller's own.

    Example:
        >>> from sim.study.run import run
        >>> runs = run("classroom", replicates=2, seed=1)
        >>> sorted(set(runs.summary()["point"]))
        ['end_of_ta', 'horizon', 'start']
        >>> runs.places
        ('region_1', 'overall')
    """

    def __init__(
        self,
        *,
        scenario: Scenario,
        seed: int,
        replicates: int,
        engine: str,
        parameter_sets: Sequence[Parameters],
        values: PointValues,
        week_table: WeekTable,
        provenance: Mapping[str, Any],
        timing: Mapping[str, Any],
        trajectories: pd.DataFrame | None = None,
        plausible: str = "",
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.replicates = replicates
        self.engine = engine
        self.parameter_sets = tuple(parameter_sets)
        self.values = values
        self.week_table = week_table
        self.provenance = dict(provenance)
        self.timing = dict(timing)
        self.plausible = plausible
        self._trajectories = trajectories

    @classmethod
    def of_weeks(
        cls, found: RunWeeks, *, started: datetime, seconds: float, plausible: str = ""
    ) -> Runs:
        """What a plan of one job gave."""
        plan = found.made.plan
        (job,) = plan.jobs
        trajectories = None
        if found.kept is not None:
            trajectories = _frames.trajectories_frame(
                trajectory_keys(found.values), found.kept, job.places
            )
        return cls(
            scenario=job.scenario,
            seed=plan.seed,
            replicates=job.replicates or 0,
            engine=plan.engine_name,
            parameter_sets=job.sets,
            values=found.values,
            week_table=found.table,
            provenance=provenance(),
            timing={
                "started": started.isoformat(timespec="seconds"),
                "seconds": round(seconds, 3),
            },
            trajectories=trajectories,
            plausible=plausible,
        )

    # --- what is in it ---------------------------------------------------------------------------

    def __len__(self) -> int:
        """Runs there are, failed ones too."""
        return len(self.values.set_index)

    def __repr__(self) -> str:
        return (
            f"<Runs of {self.scenario.name!r}: {len(self)} runs, {len(self.failures)} failed, "
            f"seed {self.seed}, engine {self.engine}>"
        )

    @property
    def failures(self) -> tuple[FailedRun, ...]:
        """The runs without values, and why."""
        return self.values.failures

    @property
    def complete(self) -> bool:
        """Whether every run that was asked for is there (it may have failed)."""
        return len(self) == self.replicates * len(self.parameter_sets)

    @property
    def keeps_runs(self) -> bool:
        """Whether the weekly values of every run were kept."""
        return self._trajectories is not None

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the regions, and "overall"."""
        return place_names(self.scenario)

    @property
    def point_weeks(self) -> dict[str, int]:
        """The week of start, end_of_ta, year_after (if there is one) and horizon."""
        return summary_weeks(self.scenario)

    def summary(self, region: str = OVERALL) -> pd.DataFrame:
        """Outcomes at each point over all runs that have a value, of one region or overall.

        Returns:
            A row an outcome and point (start, end_of_ta, year_after, horizon, persistence =
            year_after minus end_of_ta; year_after and persistence are absent when the horizon comes
            first). Columns: outcome, unit, point, region;
            n, runs, failed: runs with a value, of all runs, of which these failed and are left out;
            mean, se: of the means of the sets, and its standard error over sets (over runs, where
            there is one set);
            sd, p05, p50, p95: of single runs, chance and parameters together;
            sd_chance, sd_parameters: roots of the variance components
            (:mod:`sim.stats.components`): what other people and other dice do, and what is not
            known about the parameters (NaN with one set);
            no_ta_mean: the same runs without TA, at the same weeks;
            effect_mean, effect_se, effect_p05, effect_p95, effect_sd_chance, effect_sd_parameters:
            the same of the difference run by run. NaN where nothing counts.

        Raises:
            InputError: no such region.
        """
        if region not in self.places:
            raise InputError(
                Problem(
                    f"{region!r} is not a region of this scenario",
                    field="region",
                    value=region,
                    allowed=", ".join(self.places),
                    suggestion=did_you_mean(region, self.places),
                )
            )
        return _frames.summary_frame(self.values, self.places, region)

    def runs(self) -> pd.DataFrame:
        """Summary values of each run.

        Returns:
            A row a run, region, outcome and point. Columns: set, replicate, region, outcome, point,
            value, no_ta (the same run without TA), effect (value - no_ta), status ("ok" or
            "failed"), stage and reason (of a failure). A failed run is one row without values.
        """
        return _frames.runs_frame(self.values, self.places)

    def weeks(self) -> pd.DataFrame:
        """Weekly values over all runs.

        Returns:
            A row an arm (with_ta, without_ta, effect), region, week and outcome. Columns: arm,
            region, week, outcome, n (runs with a value), mean, p05, p25, p50, p75, p95. Totals are
            flows of the week, not yet added up. Quantiles are exact up to 1,000 runs; above that,
            see :mod:`sim.runs.bands`.
        """
        return _frames.weeks_frame(self.week_table, self.places)

    def trajectories(self) -> pd.DataFrame:
        """Weekly values of every run (only with ``keep_runs``).

        Returns:
            A row a run, arm, region and week. Columns: set, replicate, arm, region, week, then one
            for each outcome.

        Raises:
            ResultsError: they were not kept.
        """
        if self._trajectories is None:
            raise ResultsError(
                Problem("the weekly values of single runs were not kept; run with keep_runs=True")
            )
        return self._trajectories

    # --- folders ---------------------------------------------------------------------------------

    def save(
        self,
        directory: str | os.PathLike[str],
        *,
        force: bool = False,
        command: str | None = None,
    ) -> Path:
        """Write a result folder: complete, or not at all.

        It holds manifest.json, timing.json, scenario.yaml, runs and weeks as .parquet and .csv
        and, with ``keep_runs``, trajectories.parquet. All but timing.json is the same, byte for
        byte, when the runs are made again with the same versions.

        Args:
            directory: the folder; its parents are made. It may exist if it is empty.
            force: replace a folder that holds results of codose (and nothing else, ever).
            command: what the user typed, for the manifest.

        Raises:
            ResultsError: the folder may not or cannot be written.
        """

        def write(folder: Path) -> None:
            _stored.write(self, folder, command or "")

        return _folder.write_folder(Path(directory), write, force=force)

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> Runs:
        """Read a result folder.

        Raises:
            ResultsError: it is no result folder, was written by a newer codose, or a file of it is
                missing or not as it was written; names the file and what to do.
        """
        folder = Path(directory)
        manifest = _folder.read_manifest(folder)
        if damages := tuple(_folder.damages(folder, manifest)):
            raise ResultsError(damages)
        return cls(**_stored.read(folder, manifest))


def verify(
    directory: str | os.PathLike[str],
    *,
    sample: int | None = None,
    engine: str | Engine | None = None,
    progress: Progress | None = None,
) -> VerifyReport:
    """Check the files of a result folder, make its runs again and compare every value exactly.

    Args:
        directory: the folder.
        sample: make only so many runs again, spread over all of them; left out: all, and the
            table of weeks too.
        engine: another engine than the one that made the results (the numbers are the same).
        progress: ``progress(done, total)`` is called as runs finish.

    Raises:
        ResultsError: it is no result folder, or one that this codose cannot read.
        InputError: an argument that cannot be used.

    Example:
        >>> import tempfile
        >>> from sim.study.run import run
        >>> with tempfile.TemporaryDirectory() as place:
        ...     folder = run("classroom", replicates=2, seed=1).save(f"{place}/results")
        ...     verify(folder).ok
        True
    """
    folder = Path(directory)
    if sample is not None:
        sample = check_whole("sample", sample, 1, MAX_REPLICATES, "1 or more runs")
    manifest = _folder.read_manifest(folder)
    damages = tuple(_folder.damages(folder, manifest))
    notes = tuple(version_notes(manifest, provenance()))
    try:
        stored = Runs(**_stored.read(folder, manifest))
    except ResultsError:
        if not damages:
            raise
        return VerifyReport(str(folder), manifest["runs"], 0, damages, notes=notes)
    rows = chosen_rows(len(stored), sample)
    whole = len(rows) == len(stored)
    again = _made_again(
        stored, rows, engine, keep_runs=whole and manifest["keep_runs"], progress=progress
    )
    difference = run_difference(stored.values, rows, again.values, stored.places)
    if difference is None and whole:
        difference = week_difference(stored.week_table, again.week_table, stored.places)
    return VerifyReport(str(folder), len(stored), len(rows), damages, difference, notes)


def _made_again(
    stored: Runs,
    rows: np.ndarray,
    engine: str | Engine | None,
    *,
    keep_runs: bool,
    progress: Progress | None,
) -> Runs:
    """The runs in these rows once more."""
    if engine is None and stored.engine not in ENGINES:
        raise ResultsError(
            Problem(
                f"the results were made by an engine of its own, {stored.engine!r}",
                field="engine",
                allowed="verify(directory, engine=that function)",
            )
        )
    values = stored.values
    job = Job(
        stored.scenario, stored.parameter_sets, values.set_index[rows], values.replicate[rows],
        job_weeks(stored.scenario), counterfactual=True,
    )  # fmt: skip
    plan = RunPlan((job,), stored.seed, stored.engine if engine is None else engine)
    return run_plan(plan, keep_runs=keep_runs, execution=Execution(progress=progress))
