"""Which runs: Job (runs of one scenario) and RunPlan (jobs that are made together).

Designs make jobs from parameter sets and a number of replicates:

* :func:`independent` gives every set replicates of its own. This is the default: sets are then
  independent units, and stochastic variation can be separated from parameter uncertainty.
* :func:`common` lets all sets share their replicates (common random numbers), which makes
  differences between sets precise: for sensitivity indices, ladders, targets of a calibration.
* :func:`fresh` is like independent, for points that are numbered throughout a larger study.

A plan is pure data and knows its chunks, its key and its parts. The machine and the time of a run
change nothing, since a run is a pure function of (scenario, parameters, seed, replicate).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from sim.core.errors import InputError, read_back, shown
from sim.core.outcomes import Outcome
from sim.core.parameters import NAMES, Parameters
from sim.core.whole import MAX_REPLICATES, check_replicates, check_seed, check_whole
from sim.engine import tables
from sim.engine.reduction import Reduction
from sim.runs.engines import Engine, choose_engine
from sim.runs.own import OwnEngine, OwnReduction, names
from sim.scenario.scenario import Scenario

WORK = 2**24
"""Most staff-weeks of a chunk: about half a second of one thread."""
WORK_IN_PYTHON = 2**18
"""The same for engines in Python: some seconds of one process."""
PARTS = 64
"""Least number of chunks of a plan, if it has as many runs."""
MOST_RUNS = 2**28
"""Most runs of a job, whose numbers alone take gigabytes."""
_BYTES = 2**24
_RUNS = 2**14


def staff_weeks(scenario: Scenario) -> int:
    """The work of one run, in staff-weeks."""
    return max(1, sum(scenario.staff_counts) * scenario.horizon_weeks)


@dataclass(frozen=True, eq=False)
class Job:
    """Runs of one scenario: run i has parameter set ``which[i]`` and replicate ``replicate[i]``.

    Attributes:
        scenario: the scenario of all runs.
        sets: parameter sets, which are only indexed, so a lazy sequence will do.
        which: int64 (runs,), the position of each run's set.
        replicate: int64 (runs,), the number of each run's replicate in the random streams.
        weeks: the weeks, 0..horizon, at which outcomes are summarised.
        counterfactual: whether each run has its counterfactual, the run without TA of the same
            set, people and random streams.
        own: the engine's own outcomes, which a :class:`RunPlan` takes from its engine.

    >>> scenario = Scenario.shipped("classroom")
    >>> job = common(scenario, [scenario.parameter_set()] * 3, 2, weeks=[0, 52])
    >>> len(job), job.replicates, job.places
    (6, 2, ('region_1', 'overall'))
    """

    scenario: Scenario
    sets: Sequence[Parameters]
    which: np.ndarray
    replicate: np.ndarray
    weeks: tuple[int, ...]
    counterfactual: bool = False
    own: tuple[Outcome, ...] = ()

    def __len__(self) -> int:
        return len(self.which)

    @property
    def arms(self) -> int:
        """2 with counterfactuals, else 1."""
        return 2 if self.counterfactual else 1

    @property
    def work(self) -> int:
        """Staff-weeks of a run, its counterfactual included."""
        separate = self.counterfactual and self.scenario.has_ta
        return staff_weeks(self.scenario) * (2 if separate else 1)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes that its runs have, in the order of their columns."""
        return names(self.own)

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the regions, and "overall"."""
        return (*self.scenario.region_names, "overall")

    @property
    def replicates(self) -> int | None:
        """Runs of each set where all sets have equally many and are in order; else None."""
        count, rest = divmod(len(self), len(self.sets))
        if rest or not np.array_equal(self.which, np.repeat(np.arange(len(self.sets)), count)):
            return None
        return count

    @cached_property
    def partner(self) -> Scenario:
        """The scenario without TA; always one object, because its arrays are kept with it."""
        return self.scenario.without_ta() if self.scenario.has_ta else self.scenario

    @cached_property
    def matrix(self) -> np.ndarray:
        """The sets for the compiled engine, see :func:`sim.engine.tables.parameter_rows`."""
        return tables.parameter_rows(self.sets)

    @cached_property
    def reduction(self) -> Reduction | OwnReduction:
        """The reduction to outcomes at ``weeks``, from records of only the weeks needed."""
        base = Reduction.of(self.scenario, self.sets, self.weeks)
        return OwnReduction(base, self.own) if self.own else base

    @cached_property
    def reduction_of_all(self) -> Reduction | OwnReduction:
        """The reduction to outcomes at ``weeks`` and in every week, from records of every week;
        the values at ``weeks`` have the same bits as those of :attr:`reduction`."""
        weeks, found = tuple(range(self.scenario.horizon_weeks + 1)), self.reduction
        if isinstance(found, OwnReduction):
            return found.with_weeks(weeks)
        return replace(found, weeks=weeks)

    def take(self, rows: np.ndarray) -> Job:
        """A job of some of the runs, with only the sets that these need."""
        used, which = np.unique(self.which[rows], return_inverse=True)
        sets = [self.sets[int(place)] for place in used]
        return replace(
            self, sets=sets, which=which.astype(np.int64), replicate=self.replicate[rows]
        )

    def facts(self) -> list[Any]:
        """Everything that identifies the job, except its sets, as plain values."""
        facts = [self.scenario.digest(), list(self.weeks), self.counterfactual]
        return [*facts, [one.name for one in self.own]] if self.own else facts

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the inverse is :meth:`from_dict`."""
        return {
            "scenario": self.scenario.to_dict(),
            "sets": [one.vector().tolist() for one in self.sets],
            "which": self.which.tolist(),
            "replicate": self.replicate.tolist(),
            "weeks": list(self.weeks),
            "counterfactual": self.counterfactual,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Job:
        """The inverse of :meth:`to_dict`.

        Raises:
            InputError: a set or a replicate cannot be used.
        """
        scenario = _scenario(json.dumps(plain["scenario"]))
        sets = [Parameters.from_vector(row) for row in plain["sets"]]
        which = np.array(
            [check_whole("which", one, 0, len(sets) - 1, "a set") for one in plain["which"]],
            dtype=np.int64,
        )
        replicate = np.array(
            [
                check_whole("replicate", one, 0, MAX_REPLICATES - 1, "0..4294967295")
                for one in plain["replicate"]
            ],
            dtype=np.int64,
        )
        if len(which) != len(replicate):
            raise ValueError("which and replicate differ in length")
        weeks = checked_weeks(plain["weeks"], scenario)
        return cls(scenario, sets, which, replicate, weeks, bool(plain["counterfactual"]))


@lru_cache(maxsize=32)
def _scenario(text: str) -> Scenario:
    """A scenario from JSON, cached because its arrays are (:mod:`sim.engine.compiled`)."""
    return Scenario.from_dict(json.loads(text))


# --- designs -------------------------------------------------------------------------------------


def independent(
    scenario: Scenario,
    sets: Sequence[Parameters],
    replicates: int,
    weeks: Sequence[int],
    *,
    counterfactual: bool = False,
) -> Job:
    """Every set has replicates of its own: set s takes s * R .. s * R + R - 1.

    Args:
        scenario: the scenario of all runs.
        sets: parameter sets.
        replicates: R, the number of runs of each set, 1 or more.
        weeks: the weeks at which outcomes are summarised.
        counterfactual: give each run its counterfactual without TA.

    Raises:
        InputError: an argument cannot be used.

    >>> scenario = Scenario.shipped("classroom")
    >>> job = independent(scenario, [scenario.parameter_set()] * 3, 2, weeks=[52])
    >>> job.which.tolist(), job.replicate.tolist()
    ([0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5])
    """
    numbers = np.arange(len(sets) if hasattr(sets, "__len__") else 0)
    return fresh(scenario, sets, replicates, weeks, numbers, counterfactual=counterfactual)


def common(
    scenario: Scenario,
    sets: Sequence[Parameters],
    replicates: int,
    weeks: Sequence[int],
    *,
    first: int = 0,
    counterfactual: bool = False,
) -> Job:
    """All sets share their replicates: each takes first .. first + R - 1.

    Args:
        scenario, sets, replicates, weeks, counterfactual: as of :func:`independent`.
        first: number of the first replicate; another range gives other random draws.

    Raises:
        InputError: an argument cannot be used.

    >>> scenario = Scenario.shipped("classroom")
    >>> job = common(scenario, [scenario.parameter_set()] * 3, 2, weeks=[52])
    >>> job.which.tolist(), job.replicate.tolist()
    ([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1])
    """
    count = _check_runs(replicates, len(sets))
    last = 2**32 - count
    start = check_whole("first_replicate", first, 0, last, f"0..{last}")
    numbers = np.tile(np.arange(start, start + count, dtype=np.int64), len(sets))
    return _job(scenario, sets, count, numbers, weeks, counterfactual)


def fresh(
    scenario: Scenario,
    sets: Sequence[Parameters],
    replicates: int,
    weeks: Sequence[int],
    points: Sequence[int] | np.ndarray,
    *,
    counterfactual: bool = False,
) -> Job:
    """Every set is a point of a larger study: point p takes replicates p * R .. p * R + R - 1.

    Args:
        scenario, sets, replicates, weeks, counterfactual: as of :func:`independent`.
        points: the number of each set's point.

    Raises:
        InputError: an argument cannot be used.

    >>> scenario = Scenario.shipped("classroom")
    >>> job = fresh(scenario, [scenario.parameter_set()] * 2, 2, weeks=[52], points=[7, 40])
    >>> job.replicate.tolist()
    [14, 15, 80, 81]
    """
    count = _check_runs(replicates, len(points))
    start = np.repeat(np.asarray(points, dtype=np.int64) * count, count)
    numbers = start + np.tile(np.arange(count, dtype=np.int64), len(points))
    return _job(scenario, sets, count, numbers, weeks, counterfactual)


def _check_runs(replicates: int, sets: int) -> int:
    """The number of replicates, after a check that all replicates can be numbered.

    Raises:
        InputError: there are too many; the message says how many replicates would fit.
    """
    count = check_replicates(replicates)
    if count * sets > MOST_RUNS:
        raise InputError(
            f"{count:,} runs of each of {sets:,} sets are too many; nothing was run",
            field="replicates", value=count,
            allowed=f"{MOST_RUNS:,} runs: {MOST_RUNS // sets:,} of each set"
            if sets <= MOST_RUNS else f"{MOST_RUNS:,} runs in all",
        )  # fmt: skip
    return count


def _job(
    scenario: Scenario,
    sets: Sequence[Parameters],
    count: int,
    numbers: np.ndarray,
    weeks: Sequence[int],
    counterfactual: bool,
) -> Job:
    if not isinstance(scenario, Scenario):
        raise InputError(f"{shown(scenario)} is not a scenario", "scenario", scenario, "a Scenario")
    if not len(sets):
        raise InputError("no set is given", field="sets", allowed="1 or more sets")
    if not isinstance(sets[0], Parameters):
        raise InputError(f"{shown(sets[0])} is not a parameter set", "sets", sets[0], "Parameters")
    which = np.repeat(np.arange(len(sets), dtype=np.int64), count)
    return Job(scenario, sets, which, numbers, checked_weeks(weeks, scenario), counterfactual)


def checked_weeks(weeks: Sequence[int], scenario: Scenario) -> tuple[int, ...]:
    """The weeks, after a check that each is a week of the scenario and given once.

    Raises:
        InputError: there is no week, a week is given twice, or one is outside 0..horizon.
    """
    last = scenario.horizon_weeks
    if not isinstance(weeks, Iterable):
        raise InputError(f"{shown(weeks)} is not a list", "weeks", weeks, f"a list of 0..{last}")
    found = tuple(check_whole("weeks", week, 0, last, f"0..{last}") for week in weeks)
    if not found or len(set(found)) < len(found):
        raise InputError("is empty, or holds a week twice", field="weeks", value=found)
    return found


def spread(count: int, sample: int) -> np.ndarray:
    """Positions of ``sample`` runs, spread evenly from the first of them to the last.

    Raises:
        InputError: ``sample`` is less than 1.

    >>> spread(10, 4).tolist()
    [0, 3, 6, 9]
    """
    check_whole("sample", sample, 1, MAX_REPLICATES, "1 or more runs")
    if sample >= count:
        return np.arange(count)
    return np.arange(sample) * (count - 1) // max(1, sample - 1)


# --- the plan ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """Runs first..last - 1 of a job, which is given by its position in the plan."""

    job: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


@dataclass(frozen=True, eq=False)
class RunPlan:
    """Jobs that are made together; their runs are numbered from 0 throughout.

    Attributes:
        jobs: the jobs, at least one.
        seed: the seed of all random numbers, 0..2**63 - 1.
        engine: "compiled", "mesa" or "auto" (the compiled engine where it is available), which give
            the same numbers; or the user's own engine: "module:Model", a subclass of
            CoCreationModel, an :class:`~sim.runs.own.OwnEngine` or a function as described in
            :mod:`sim.runs.engines`.

    Raises:
        InputError: there is no job, or the seed or the engine cannot be used.

    >>> scenario = Scenario.shipped("classroom")
    >>> job = independent(scenario, [scenario.parameter_set()] * 3, 2, weeks=[52])
    >>> plan = RunPlan((job,), seed=1)
    >>> plan.runs, RunPlan.from_dict(plan.to_dict()).key(1) == plan.key(1)
    (6, True)
    """

    jobs: tuple[Job, ...]
    seed: int
    engine: str | type | Engine = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", tuple(self.jobs))
        object.__setattr__(self, "seed", check_seed(self.seed))
        if not self.jobs:
            raise InputError("there is no job to run", field="jobs")
        _, engine = choose_engine(self.engine)
        if isinstance(engine, OwnEngine):
            object.__setattr__(self, "engine", engine)
            own = tuple(engine.outcomes.values())
            jobs = [replace(job, own=own) for job in self.jobs]
            object.__setattr__(self, "jobs", tuple(jobs))

    @cached_property
    def chosen(self) -> tuple[str, Engine]:
        """Name and function of the engine that makes the runs.

        Raises:
            EngineError: the compiled engine cannot be used, and the plan is too much for the
                readable one.
        """
        return choose_engine(self.engine, self.work)

    @property
    def compiled(self) -> bool:
        """Whether the compiled engine makes the runs."""
        return not callable(self.engine) and self.engine_name == "compiled"

    @property
    def own(self) -> OwnEngine | None:
        """The engine where it is the user's own model, else None."""
        return self.engine if isinstance(self.engine, OwnEngine) else None

    @property
    def engine_name(self) -> str:
        """The name of the engine."""
        return self.chosen[0]

    @cached_property
    def edges(self) -> np.ndarray:
        """int64 (jobs + 1,): number of the first run of each job, and the number of all runs."""
        return np.cumsum([0, *(len(job) for job in self.jobs)])

    @property
    def runs(self) -> int:
        """The number of all runs; a run and its counterfactual count as one."""
        return int(self.edges[-1])

    @property
    def work(self) -> int:
        """Staff-weeks of all runs."""
        return sum(job.work * len(job) for job in self.jobs)

    def pieces(self, runs: range) -> Iterator[Piece]:
        """Consecutive runs, job by job."""
        place = int(np.searchsorted(self.edges, runs.start, side="right")) - 1
        first = runs.start
        while first < runs.stop:
            start, stop = int(self.edges[place]), int(self.edges[place + 1])
            last = min(stop, runs.stop)
            if first < last:
                yield Piece(place, first - start, last - start)
            first, place = last, place + 1

    def part(self, chunks: Sequence[range]) -> RunPlan:
        """The plan of some runs alone, given as ranges in order; a worker gets such a plan."""
        rows: dict[int, list[np.ndarray]] = {}
        for runs in chunks:
            for piece in self.pieces(runs):
                rows.setdefault(piece.job, []).append(np.arange(piece.first, piece.last))
        jobs = [self.jobs[place].take(np.concatenate(some)) for place, some in rows.items()]
        return replace(self, jobs=tuple(jobs))

    # --- chunks ------------------------------------------------------------------------------

    def chunk(self, run_bytes: int, parts: int = PARTS) -> int:
        """The number of runs in a chunk.

        A chunk takes half a second and leaves 16 MiB at most; a plan has 64 chunks or more (if it
        has as many runs), so that it can be shared out. The number depends on the plan alone, never
        on the machine.

        Args:
            run_bytes: bytes that are kept of a run.
            parts: the least number of chunks that the compiled engine makes; with fewer, chunks may
                be larger in proportion. An engine in Python takes so long for a chunk that it
                always makes 64 or more, each of some seconds at most.
        """
        parts, most = (parts, WORK * PARTS // parts) if self.compiled else (PARTS, WORK_IN_PYTHON)
        by_work = most * self.runs // max(1, self.work)
        by_memory = _BYTES // max(1, run_bytes)
        by_share = -(-self.runs // parts)
        return max(1, min(by_work, by_memory, by_share, _RUNS))

    def key(self, chunk: int) -> dict[str, Any]:
        """Everything that identifies the plan and its chunks of so many runs, as plain values; see
        :class:`sim.runs.store.Store`."""
        digest = hashlib.sha256("\n".join(NAMES).encode())
        for job in self.jobs:
            digest.update(json.dumps(job.facts()).encode())
            digest.update(job.matrix.tobytes())
            digest.update(job.which.astype("<i8").tobytes())
            digest.update(job.replicate.astype("<i8").tobytes())
        return {
            "kind": "runs",
            "runs": self.runs,
            "chunk": chunk,
            "seed": self.seed,
            "engine": self.engine_name,
            **({} if self.own is None else {"source of the engine": self.own.source}),
            "scenarios": _few([job.scenario.name for job in self.jobs]),
            "sets": _few([len(job.sets) for job in self.jobs]),
            "replicates": _few([job.replicates for job in self.jobs]),
            "weeks": _few([list(job.weeks) for job in self.jobs]),
            "plan": digest.hexdigest(),
        }

    # --- JSON --------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the inverse is :meth:`from_dict`.

        Raises:
            InputError: the engine is a function, which is no data, or a model that no other process
                can import.
        """
        if self.own is not None:
            self.own.check_elsewhere()
        elif not isinstance(self.engine, str):
            raise InputError(
                "a function cannot be sent to other processes or machines",
                field="engine",
                allowed="mesa, compiled",
            )
        return {
            "names": list(NAMES),
            "jobs": [job.to_dict() for job in self.jobs],
            "seed": self.seed,
            "engine": self.engine_name,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], engine: OwnEngine | None = None) -> RunPlan:
        """The inverse of :meth:`to_dict`.

        Args:
            plain: the plain values of the plan.
            engine: the user's own model that the plan was made with.

        Raises:
            InputError: the plan has parameters of another version, or is damaged.
        """
        with read_back("a plan of runs cannot be used"):
            if plain["names"] != list(NAMES):
                raise InputError("it has the parameters of another version of codose")
            jobs = tuple(Job.from_dict(job) for job in plain["jobs"])
            return cls(jobs, plain["seed"], plain["engine"] if engine is None else engine)


def _few(values: list[Any]) -> Any:
    """The value that all jobs share, or else the list of different values."""
    unlike: list[Any] = []
    for value in values:
        if value not in unlike:
            unlike.append(value)
    return unlike[0] if len(unlike) == 1 else unlike
