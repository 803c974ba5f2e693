"""Results of many runs: frames, summaries, and folders that can be checked and made again.

``run`` makes the runs, ``Runs`` is what they gave, ``verify`` makes the runs of a folder once more
and compares. A :class:`Runs` keeps, of each run, the values at the points of
:func:`sim.outcomes.points`, with TA and without, and over all runs the weekly means and quantiles
of :mod:`sim.runs.bands`; the records are not kept.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    trajectory_difference,
    version_notes,
    week_difference,
)
from sim.ensemble import (
    ENGINES,
    MAX_REPLICATES,
    Engine,
    Progress,
    RunOutput,
    check_replicates,
    check_seed,
    check_whole,
    choose_engine,
)
from sim.errors import InputError, InterruptedRun, Problem, ResultsError, did_you_mean
from sim.parameters import Parameters
from sim.runs.bands import WeekTable
from sim.runs.gather import (
    OVERALL,
    Collector,
    FailedRun,
    RunValues,
    gather,
    place_names,
    summary_weeks,
)
from sim.scenario import Scenario, find

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DEFAULT_REPLICATES",
    "OVERALL",
    "Difference",
    "FailedRun",
    "ParameterChoice",
    "Runs",
    "VerifyReport",
    "parameter_sets",
    "provenance",
    "run",
    "verify",
]

DEFAULT_REPLICATES = 200
DEPENDENCIES = (
    "llvmlite", "matplotlib", "mesa", "networkx", "numpy", "pandas", "pyarrow", "pydantic",
    "pyyaml", "rich", "SALib", "typer",
)  # fmt: skip

ParameterChoice = Parameters | Mapping[str, float]
"""A full set, or the values in which it differs from the scenario's own."""


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    replicates: int | None = None,
    seed: int | None = None,
    parameters: ParameterChoice | Sequence[ParameterChoice] | None = None,
    engine: str | Engine = "auto",
    keep_runs: bool = False,
    weekly: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Runs:
    """Run a scenario many times, each run with its partner without TA.

    Args:
        scenario: a scenario, the path of its file, or the name of a shipped one.
        replicates: runs of each parameter set; left out: 200.
        seed: left out: the scenario's.
        parameters: one or more full sets (:class:`Parameters`), or mappings of the values in which
            they differ from the scenario's own; left out: the scenario's own.
        engine: "auto", "mesa", "compiled", or a function; see :mod:`sim.ensemble`.
        keep_runs: keep the weekly values of every run (:meth:`Runs.trajectories`); takes much
            memory.
        weekly: collect weekly means and quantiles (:meth:`Runs.weeks`) at once. Left out, the
            compiled engine makes the runs a second time for them, if anybody asks.
        threads: of the compiled engine; left out: as many as there are processors.
        progress: ``progress(done, total)`` is called as runs finish.

    Raises:
        InputError: an argument or the scenario cannot be used.
        InterruptedRun: Ctrl-C after the first run was finished; ``partial`` is a :class:`Runs`.

    Example:
        >>> runs = run("classroom", replicates=3, seed=1)
        >>> len(runs), runs.complete
        (3, True)
        >>> again = run("classroom", replicates=3, seed=1)
        >>> bool((runs.runs()["value"].dropna() == again.runs()["value"].dropna()).all())
        True
    """
    if not isinstance(scenario, Scenario):
        scenario = Scenario.load(find(scenario))
    sets = parameter_sets(scenario, parameters)
    count = check_replicates(DEFAULT_REPLICATES if replicates is None else replicates)
    luck = check_seed(scenario.seed if seed is None else seed)
    again = choose_engine(engine)[0] == "compiled" and not callable(engine)
    return Runs.make(
        scenario,
        [(index, replicate) for index in range(len(sets)) for replicate in range(count)],
        parameter_sets=sets,
        replicates=count,
        seed=luck,
        engine=engine,
        keep_runs=keep_runs,
        weekly=weekly or not again,
        threads=threads,
        progress=progress,
    )


def parameter_sets(
    scenario: Scenario, parameters: ParameterChoice | Sequence[ParameterChoice] | None
) -> tuple[Parameters, ...]:
    """The full parameter sets that ``run`` means by its argument of that name.

    Raises:
        InputError: no set, something that is no set, an unknown name or a value out of range.
    """
    own = scenario.parameter_set()
    if parameters is None:
        return (own,)
    choices = [parameters] if isinstance(parameters, Mapping) else list(parameters)
    if not choices:
        raise InputError(Problem("no set is given", field="parameters", allowed="1 or more sets"))
    sets = []
    for position, choice in enumerate(choices):
        if isinstance(choice, Parameters):
            sets.append(choice)
        elif isinstance(choice, Mapping):
            sets.append(own.replace(beyond_range=scenario.beyond_range, **choice))
        else:
            raise InputError(
                Problem(
                    f"{choice!r} is not a parameter set",
                    field=f"parameters[{position}]",
                    allowed="Parameters, or a mapping from names to values",
                )
            )
    return tuple(sets)


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
    """What many runs of one scenario gave. Made by :func:`run`, :meth:`collect` or :meth:`load`.

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
        values: RunValues,
        week_table: WeekTable | None,
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
        self._week_table = week_table
        self.provenance = dict(provenance)
        self.timing = dict(timing)
        self.plausible = plausible
        self._trajectories = trajectories

    @classmethod
    def make(
        cls,
        scenario: Scenario,
        pairs: Sequence[tuple[int, int]],
        *,
        parameter_sets: Sequence[Parameters],
        replicates: int,
        seed: int,
        engine: str | Engine,
        keep_runs: bool = False,
        weekly: bool = True,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Runs:
        """Make some (set, replicate) pairs of replicates x parameter sets; see :func:`run`.

        Raises:
            InterruptedRun: Ctrl-C after the first run; ``partial`` holds what was finished.
        """
        expected = replicates * len(parameter_sets)
        collector = Collector(scenario, parameter_sets, expected, keep_runs, weekly=weekly)
        return cls._collected(
            collector,
            lambda: gather(
                collector, pairs, seed=seed, engine=engine, threads=threads, progress=progress
            ),
            seed=seed,
            replicates=replicates,
            engine=choose_engine(engine)[0],
            threads=threads,
        )

    @classmethod
    def collect(
        cls,
        outputs: Iterable[RunOutput],
        *,
        scenario: Scenario,
        seed: int,
        replicates: int,
        engine: str,
        parameter_sets: Sequence[Parameters],
        keep_runs: bool = False,
        counterfactual: bool = True,
        runs_expected: int | None = None,
    ) -> Runs:
        """Take in runs as they finish, in any order; their records are not kept.

        Args:
            outputs: the runs, as from :func:`sim.ensemble.simulate`.
            counterfactual: whether they come with partners without TA.
            runs_expected: how many will come; left out: replicates x parameter sets. Decides
                whether weekly quantiles are exact.

        Raises:
            InterruptedRun: Ctrl-C after the first run; ``partial`` holds what was finished.
        """
        expected = runs_expected or replicates * len(parameter_sets)
        collector = Collector(scenario, parameter_sets, expected, keep_runs, counterfactual)

        def take() -> None:
            for output in outputs:
                collector.add(output)

        return cls._collected(collector, take, seed=seed, replicates=replicates, engine=engine)

    @classmethod
    def _collected(
        cls,
        collector: Collector,
        work: Callable[[], None],
        *,
        seed: int,
        replicates: int,
        engine: str,
        threads: int | None = None,
    ) -> Runs:
        """What a collector has taken in when the work is done, or interrupted."""
        started, clock = datetime.now(UTC), time.perf_counter()

        def gathered() -> Runs:
            return cls.of_collector(
                collector, seed=seed, replicates=replicates, engine=engine,
                started=started, seconds=time.perf_counter() - clock, threads=threads,
            )  # fmt: skip

        try:
            work()
        except KeyboardInterrupt:
            if not len(collector):
                raise
            message = f"interrupted after {len(collector)} of {collector.runs_expected} runs"
            raise InterruptedRun(message, partial=gathered()) from None
        return gathered()

    @classmethod
    def of_collector(
        cls,
        collector: Collector,
        *,
        seed: int,
        replicates: int,
        engine: str,
        started: datetime,
        seconds: float,
        threads: int | None = None,
    ) -> Runs:
        """What a collector has taken in so far."""
        values, table = collector.finish(threads)
        trajectories = None
        if collector.keep_runs:
            trajectories = _frames.trajectories_frame(
                *collector.trajectories(), place_names(collector.scenario)
            )
        return cls(
            scenario=collector.scenario,
            seed=seed,
            replicates=replicates,
            engine=engine,
            parameter_sets=collector.parameter_sets,
            values=values,
            week_table=table,
            provenance=provenance(),
            timing={
                "started": started.isoformat(timespec="seconds"),
                "seconds": round(seconds, 3),
            },
            trajectories=trajectories,
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
    def week_table(self) -> WeekTable:
        """Weekly means and quantiles over all runs, as arrays; see :meth:`weeks`."""
        if self._week_table is None:
            values = self.values
            keys = zip(values.set_index.tolist(), values.replicate.tolist(), strict=True)
            again = Runs.make(
                self.scenario,
                [key for key, failed in zip(keys, values.failed, strict=True) if not failed],
                parameter_sets=self.parameter_sets,
                replicates=self.replicates,
                seed=self.seed,
                engine=self.engine,
            )
            self._week_table = again.week_table
        return self._week_table

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
            first). Columns: outcome, unit, point, region, n (runs with a value), mean, sd (n - 1),
            p05, p50, p95, no_ta_mean (the same runs without TA, at the same weeks), effect_mean,
            effect_p05, effect_p95 (of the difference run by run), effect_se (standard error of
            effect_mean: of the simulation only, it says nothing about the parameters). NaN where
            nothing counts.

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

        Unless ``run`` was called with ``weekly``, the runs are made once more when this is first
        asked for.

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
        return self._trajectories.copy()

    # --- folders ---------------------------------------------------------------------------------

    def save(
        self,
        directory: str | os.PathLike[str],
        *,
        force: bool = False,
        csv: bool | None = None,
        command: str | None = None,
    ) -> Path:
        """Write a result folder: complete, or not at all.

        It holds manifest.json, timing.json, scenario.yaml, runs and weeks as .parquet (and .csv)
        and, with ``keep_runs``, trajectories.parquet. All but timing.json is the same, byte for
        byte, when the runs are made again with the same versions.

        Args:
            directory: the folder; its parents are made. It may exist if it is empty.
            force: replace a folder that holds results of codose (and nothing else, ever).
            csv: write runs and weeks as CSV too; left out: below 1,000 runs, as CSV takes ten
                times the room of Parquet.
            command: what the user typed, for the manifest.

        Raises:
            ResultsError: the folder may not or cannot be written.
        """

        def write(folder: Path) -> None:
            _stored.write(self, folder, command or "", csv=csv)

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

    Returns:
        A report, with the names of the tables that were compared: "runs"; without ``sample`` also
        "weeks" and, where they were kept, "trajectories".

    Example:
        >>> import tempfile
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
        stored,
        rows,
        engine,
        keep_runs=whole and stored.keeps_runs,
        weekly=whole,
        progress=progress,
    )
    difference = run_difference(stored.values, rows, again.values, stored.places)
    tables = ["runs"]
    if whole:
        tables.append("weeks")
        difference = difference or week_difference(
            stored.week_table, again.week_table, stored.places
        )
    if whole and stored.keeps_runs:
        tables.append("trajectories")
        difference = difference or trajectory_difference(
            stored.trajectories(), again.trajectories()
        )
    return VerifyReport(
        str(folder), len(stored), len(rows), damages, difference, notes, tuple(tables)
    )


def _made_again(
    stored: Runs,
    rows: np.ndarray,
    engine: str | Engine | None,
    *,
    keep_runs: bool,
    weekly: bool,
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
    return Runs.make(
        stored.scenario,
        [(int(values.set_index[row]), int(values.replicate[row])) for row in rows],
        parameter_sets=stored.parameter_sets,
        replicates=stored.replicates,
        seed=stored.seed,
        engine=stored.engine if engine is None else engine,
        keep_runs=keep_runs,
        weekly=weekly,
        progress=progress,
    )
