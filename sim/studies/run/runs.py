"""run: a scenario over plausible sets or its own values, each run with and without TA.

The function returns :class:`Runs`, a :class:`~sim.studies.result.Result` with a method for each
table of runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.errors import (
    InputError,
    InterruptedRun,
    ResultsError,
    check_known,
    shown,
)
from sim.core.frames import in_pandas, is_frame, is_row
from sim.core.parameters import Parameters
from sim.core.units import OVERALL, count
from sim.runs.collect import FailedRun
from sim.runs.engines import Engine
from sim.runs.execute import Execution
from sim.runs.own import OwnEngine, chosen
from sim.runs.weekly import RunWeeks, place_names, summary_weeks
from sim.scenario.loading import plain
from sim.scenario.scenario import Scenario, find
from sim.studies.ask import Runner, ask, result_of
from sim.studies.kind import StudyKind
from sim.studies.result import FAILURES, Result, load, sound
from sim.studies.run import spec
from sim.studies.several import SeveralRuns, over_scenarios
from sim.studies.spec import Study, until_fields

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawn

    from sim.present.answer import Answer
    from sim.present.figures import Figure, Format
    from sim.studies.plausible import SetChoice
    from sim.studies.run.courses import Courses

ParameterChoice = Parameters | Mapping[str, float]
"""A full parameter set, or the values in which a set differs from the scenario's own."""


@over_scenarios(SeveralRuns)
def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    sets: SetChoice = None,
    fixed: bool = False,
    parameters: ParameterChoice | Sequence[ParameterChoice] | pd.DataFrame | None = None,
    hold: Mapping[str, float] | None = None,
    beyond_range: bool = False,
    replicates: int | None = None,
    seed: int | None = None,
    engine: str | type | Engine = "auto",
    outcomes: Mapping[str, Any] | None = None,
    keep_runs: bool = False,
    until: float | None = None,
    most_sets: int | None = None,
    execution: Execution | None = None,
) -> Runs:
    """Run a scenario many times, each run with its counterfactual without TA.

    By default, the runs are spread over 50 plausible parameter sets, 4 runs of each, every set with
    replicates of its own. This is the design of :func:`~sim.studies.compare.compare` and of every
    other command, so the same question has the same answer. With ``fixed`` or ``parameters``, runs
    differ by chance alone.


    Args:
        scenario: a scenario, the path of its file, or the name of a shipped one; or a list of
            them, or a mapping from labels to them. Several scenarios all have the seed of the
            first, and the function returns a :class:`~sim.studies.several.SeveralRuns`.
        sets: plausible sets, the number of them to draw, the folder of a calibration, or a sequence
            of parameter sets; default: 50. Values under ``parameters`` in the scenario's file hold
            in every set.
        fixed: run the scenario's own values instead of plausible sets.
        parameters: one or more full sets (:class:`Parameters`), or mappings of the values in which
            they differ from the scenario's own (such as a frame, whose rows are sets), in place of
            plausible sets.
        hold: parameters held at a value in every set; they override the scenario's file.
        beyond_range: let ``hold`` leave plausible ranges.
        replicates: runs of each set; default: 4 of plausible sets, 200 of fixed values (30 by the
            readable engine).
        seed: seed of every random number; default: the scenario's.
        engine: "auto", "mesa", "compiled"; a model of your own, "module:Model" or the subclass of
            CoCreationModel (:mod:`sim.runs.own`); or a function (:mod:`sim.runs.engines`).
        outcomes: outcomes of your own, functions of the model by name, beside those of codose in
            every table (:mod:`sim.model.own`); the readable engine calls them.
        keep_runs: keep the weekly values of every run (:meth:`Runs.trajectories`); this needs much
            memory.
        until: go on with more plausible sets until the 90 % intervals of the means and effects of
            headline outcomes at the end of TA are no wider than +- this value, with ``most_sets``
            (2000) at most. The result says how many sets were needed.
        execution: how runs are made; default: on all threads of this machine.

    Raises:
        InputError: an argument or the scenario cannot be used.
        Unfinished: a shard has done its part (:func:`sim.runs.execute.execute`).
        InterruptedRun: the user pressed Ctrl-C. ``partial`` is a :class:`Runs` of the finished runs
            (None: no run was finished) or, with a store, its folder.

    Example:
        >>> runs = run("classroom", sets=3, replicates=2, seed=1)
        >>> len(runs), runs.complete
        (6, True)
        >>> again = run("classroom", sets=3, replicates=2, seed=1)
        >>> bool((runs.runs()["value"].dropna() == again.runs()["value"].dropna()).all())
        True
    """
    made_by = chosen(engine, outcomes)
    given: dict[str, Any] = {
        "scenario": scenario if isinstance(scenario, Scenario) else os.fspath(scenario),
        "fixed": fixed,
        "hold": {} if hold is None else hold,
        "beyond_range": beyond_range,
        "replicates": replicates,
        "seed": seed,
        "engine": made_by if isinstance(made_by, str | OwnEngine) else "auto",
        "keep_runs": keep_runs,
        **until_fields(until, most_sets),
    }
    if sets is not None:
        given["sets"] = sets
    if parameters is not None:
        given["parameters"] = _own_sets(scenario, parameters)
    study = StudyKind.of("run").make(**given)
    own = None if isinstance(made_by, str | OwnEngine) else made_by
    started, clock = datetime.now(UTC), time.perf_counter()
    try:
        return Runs(ask(study, execution, engine=own))
    except InterruptedRun as stopped:
        if execution is not None and execution.store is not None:
            raise
        timing = {
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 3),
        }
        raise _interrupted(study, stopped.partial, timing) from None


def _own_sets(
    scenario: Scenario | str | os.PathLike[str],
    parameters: ParameterChoice | Sequence[ParameterChoice] | pd.DataFrame,
) -> list[dict[str, float]]:
    """The caller's own sets, each as the values in which it differs from the scenario's own.

    Raises:
        InputError: no set is given, something is no set, a name is unknown, or a value is out of
            range.
    """
    if not isinstance(scenario, Scenario):
        scenario = Scenario.load(find(scenario))
    own = scenario.parameter_set()
    parameters = in_pandas(parameters)
    if is_frame(parameters) or is_row(parameters):  # a row is a set
        parameters = plain(parameters)
    if not isinstance(parameters, Iterable) or isinstance(parameters, str):
        raise InputError(f"{shown(parameters)} holds no sets", "parameters", parameters,
                         "a mapping from names to values, a frame, or a list of sets")  # fmt: skip
    choices = [parameters] if isinstance(parameters, Mapping) else list(parameters)
    if not choices:
        raise InputError("no set is given", field="parameters", allowed="1 or more sets")
    sets = []
    for position, choice in enumerate(choices):
        if isinstance(choice, Parameters):
            sets.append(choice)
        elif isinstance(choice, Mapping):
            sets.append(own.replace(beyond_range=scenario.beyond_range, **choice))
        else:
            raise InputError(
                f"{shown(choice)} is not a parameter set",
                field=f"parameters[{position}]",
                allowed="Parameters, or a mapping from names to values",
            )
    return spec.differing(own, sets)


def _interrupted(study: Study[Any], found: Any, timing: Mapping[str, Any]) -> InterruptedRun:
    """The interruption for a caller without a store, with the runs that were finished."""
    from sim.studies.run.analysis import analyse

    total = len(spec.parameter_sets(study)) * spec.replicates(study)
    if not isinstance(found, RunWeeks):  # no run is finished, or the runs of stopping now were made
        return InterruptedRun(
            f"interrupted after {0 if found is None else total:,} of {total:,} runs"
        )
    done = int(found.made.done.sum())
    runner = Runner(Execution(), made_by=found.made.plan.engine_name, runs=done)
    runner.failures += found.made.failures
    runs = Runs(result_of(study, analyse(study, found), runner, timing))
    return InterruptedRun(f"interrupted after {done:,} of {total:,} runs", runs)


class Runs:
    """The results of many runs of one scenario, made by :func:`run` or :meth:`load`.

    Attributes:
        result: the result of the study: every table, the answer in words, the figures.

    Example:
        >>> runs = run("classroom", replicates=2, seed=1, fixed=True)
        >>> sorted(set(runs.summary()["point"]))
        ['end_of_ta', 'horizon', 'start']
        >>> runs.places
        ('region_1', 'overall')
    """

    def __init__(self, result: Result) -> None:
        self.result = result

    # --- the study -------------------------------------------------------------------------------

    @property
    def scenario(self) -> Scenario:
        """The scenario that was run."""
        return self.result.study.scenario

    @property
    def seed(self) -> int:
        """Seed of every random number."""
        return self.result.study.seed

    @property
    def replicates(self) -> int:
        """The number of runs of each parameter set."""
        return spec.replicates(self.result.study)

    @property
    def engine(self) -> str:
        """The name of the engine."""
        return self.result.engine

    @cached_property
    def parameter_sets(self) -> tuple[Parameters, ...]:
        """The full parameter sets, in the order of their numbers."""
        return spec.parameter_sets(self.result.study)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Versions of the time when the runs were made."""
        return self.result.provenance

    @property
    def timing(self) -> Mapping[str, Any]:
        """When the runs were made and how long that took; the only part that differs when the runs
        are made again."""
        return self.result.timing

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the regions, and "overall"."""
        return place_names(self.scenario)

    @property
    def point_weeks(self) -> dict[str, int]:
        """The week of start, end_of_ta, year_after (if there is one) and horizon."""
        return summary_weeks(self.scenario)

    # --- contents --------------------------------------------------------------------------------

    def __len__(self) -> int:
        """The number of runs, failed runs included; runs of stopping now are not counted."""
        summary = self.result.tables["summary"].frame
        return int(summary["runs"].iloc[0])

    def __repr__(self) -> str:
        return (
            f"<Runs of {self.scenario.name!r}: {count(len(self), 'run')}, {len(self.failures)} "
            "failed, "
            f"seed {self.seed}, engine {self.engine}>"
        )

    def _repr_html_(self) -> str:
        return self.result.tables["headlines"].html(4)

    @property
    def failures(self) -> tuple[FailedRun, ...]:
        """The runs that failed, with the reasons."""
        if FAILURES not in self.result.tables:
            return ()
        rows = self.result.table(FAILURES).to_dict("records")
        return tuple(FailedRun(**{str(key): value for key, value in row.items()}) for row in rows)

    @property
    def complete(self) -> bool:
        """Whether every planned run was made; a failed run counts as made."""
        return len(self) == self.replicates * len(self.parameter_sets)

    @property
    def answer(self) -> Answer:
        """The answer in sentences."""
        return self.result.answer

    @property
    def figures(self) -> Sequence[Figure]:
        """The figures; each is drawn by its ``draw()``."""
        return self.result.figures

    def figure(self, name: str) -> Figure:
        """A figure by its name: ``runs.figure("trajectories").draw()``.

        Raises:
            InputError: no figure has that name.
        """
        return self.result.figure(name)

    def plot(self, name: str | None = None) -> Drawn:
        """Draw a figure, see :meth:`sim.studies.result.Result.plot`.

        Raises:
            InputError: no figure has that name.
        """
        return self.result.plot(name)

    def to_xarray(self) -> Any:
        """Outcomes of single runs as an ``xarray.Dataset``, for labelled arrays and NetCDF.

        Returns:
            A variable for each outcome, with its unit and meaning. Dimensions are scenario (one),
            set, replicate (of the set, from 0), arm (with_ta, without_ta), region and week (every
            week with ``keep_runs``, else the weeks of the points of the summary). Values are NaN in
            runs that failed. Further coordinates are point (of a week), stream (the number of a
            run's replicate in the random streams), and each parameter that differs between sets.

        Raises:
            InputError: xarray is not installed.
        """
        from sim.studies.run.dataset import dataset

        return dataset(self)

    @property
    def courses(self) -> Courses:
        """The data for :mod:`sim.studies.run.courses`, to draw figures of other outcomes."""
        from sim.studies.run.courses import Courses

        return Courses.of(self.result.study, self.result.tables)

    def table(self, name: str) -> pd.DataFrame:
        """Any table by its name: headlines, costs_planned, costs, summary, runs, weeks ...

        Returns:
            The table as it is saved; the columns are those of its file.

        Raises:
            InputError: no table has that name.
        """
        return self.result.table(name)

    def summary(self, region: str = OVERALL) -> pd.DataFrame:
        """Outcomes at each point over all runs that have a value, of one region or overall.

        Args:
            region: a region's name or "overall"; of several regions also "worst" and "spread"
                (:data:`sim.core.outcomes.BETWEEN`), which have the headline outcomes.

        Returns:
            A row for each outcome and point (start, end_of_ta, year_after, horizon, persistence =
            year_after minus end_of_ta; year_after and persistence are absent when the horizon comes
            first). Columns:

            * outcome, unit, point, region;
            * n, runs, failed: runs with a value, all runs, and failed runs, which are left out;
            * mean, se: mean of the means of the sets, and its standard error over sets (over runs,
              where there is one set);
            * sd, p05, p50, p95: SD and percentiles of single runs, chance and parameters together;
            * sd_chance, sd_parameters: roots of the variance components
              (:mod:`sim.stats.components`) of chance and of parameter uncertainty (NaN with one
              set);
            * no_ta_mean: mean of the same runs without TA, at the same weeks;
            * effect_mean, effect_se, effect_p05, effect_p95, effect_sd_chance,
              effect_sd_parameters: the same statistics of the difference run by run.

            Values are NaN where no run has a value.

        Raises:
            InputError: no region has that name.
        """
        frame = self.table("summary")
        known = list(dict.fromkeys(frame["region"]))
        check_known(region, known, "is not a region of this scenario", field="region")
        return frame[frame["region"] == region].reset_index(drop=True)

    def runs(self) -> pd.DataFrame:
        """Summary values of each run.

        Returns:
            A row for each run, region, outcome and point. Columns: set, replicate, region, outcome,
            point, value, no_ta (the same run without TA), effect (value - no_ta), status ("ok" or
            "failed"), stage and reason (of a failure). A failed run is one row without values.
        """
        return self.table("runs")

    def weeks(self) -> pd.DataFrame:
        """Weekly values over all runs.

        Returns:
            A row for each arm (with_ta, without_ta, effect), region, week and outcome. Columns:
            arm, region, week (and date, where week 1 has one), outcome, n (runs with a value),
            mean, p05, p25, p50, p75, p95. Totals are flows of the week, not yet added up. Quantiles
            are exact up to 1,000 runs; for more runs, see :mod:`sim.runs.bands`.
        """
        return self.table("weeks")

    def trajectories(self) -> pd.DataFrame:
        """Weekly values of every run (only with ``keep_runs``).

        Returns:
            A row for each run, arm, region and week. Columns: set, replicate, arm, region, week,
            then one for each outcome.

        Raises:
            ResultsError: weekly values of runs were not kept.
        """
        if "trajectories" not in self.result.tables:
            raise ResultsError(
                "the weekly values of single runs were not kept; run with keep_runs=True"
            )
        return self.table("trajectories")

    # --- folders ---------------------------------------------------------------------------------

    def save(
        self,
        directory: str | os.PathLike[str],
        *,
        force: bool = False,
        figures: Sequence[Format] = ("png",),
        csv: bool | None = None,
    ) -> Path:
        """Write a result folder; see :meth:`sim.studies.result.Result.save`.

        Raises:
            ResultsError: runs are missing after an interruption, the folder holds something else,
                or it cannot be written.
        """
        if not self.complete:
            asked = self.replicates * len(self.parameter_sets)
            raise ResultsError(
                f"{len(self):,} of {asked:,} runs are not a complete result",
                file=os.fspath(directory),
                allowed="all runs: Execution(store=..., resume=True) makes the missing ones",
            )
        return self.result.save(directory, force=force, figures=figures, csv=csv)

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> Runs:
        """Read a result folder.

        Raises:
            ResultsError: the folder is no result folder of runs, is of another version, or a file
                of it is missing or not as it was written; the message names the file and the
                remedy.
        """
        sound(directory)
        result = load(directory)
        if result.kind.name != "run":
            raise ResultsError(
                f"holds results of {result.kind.name!r}, not of runs",
                file=os.fspath(directory), allowed="sim.load",
            )  # fmt: skip
        return cls(result)
