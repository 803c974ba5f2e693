"""People, a collector of what instruments can read of every person; Seen, the runs of one set.

The record of a run holds means of regions, but a survey needs the people themselves, so
:class:`People` keeps their states at the weeks of its job. It keeps nothing of the weeks between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core import streams
from sim.core.errors import InputError
from sim.core.outcomes import COLUMN
from sim.core.parameters import Parameters
from sim.core.states import CONSTRUCTS
from sim.model.dosage import planned_contacts
from sim.runs.collect import Arrays, FailedRun, Gathering, Made, RowArrays, RowCollector
from sim.runs.engines import checked_record
from sim.runs.plan import Job, RunPlan
from sim.scenario.functions import FUNCTIONS, PRESETS, REFERENCE
from sim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from sim.engine import compiled

STATES: tuple[str, ...] = ("motivation", *CONSTRUCTS)
"""The states that are kept of every person."""
FLOWS: tuple[str, ...] = ("held", "contact_hours", "attended", "co_creation_sum")
"""The flows that are kept of each region's contacts."""
PLANNED: tuple[str, ...] = tuple(f"planned_{name}_hours" for name in FUNCTIONS)
"""Planned contact hours that go to each function; they are the same in every run."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What instruments can read of the runs of one parameter set.

    Attributes:
        seed: the seed of the runs.
        replicates: int64 (replicates,), numbers of the replicates; failed runs are left out.
        weeks: the weeks of the waves.
        region: int64 (people,), position of each person's region.
        entities: int64 (replicates, people), numbers of the posts in the random streams.
        people: name -> (replicates, waves, people): the constructs and ``motivation``, 0-1.
        context: (replicates, waves, regions), how well the provider knows the region, 0-1.
        flows: name -> (replicates, waves, regions), for :data:`FLOWS` and :data:`PLANNED`: the
            total from week 1 up to each wave.
    """

    seed: int
    replicates: np.ndarray
    weeks: tuple[int, ...]
    region: np.ndarray
    entities: np.ndarray
    people: dict[str, np.ndarray]
    context: np.ndarray
    flows: dict[str, np.ndarray]


@dataclass(frozen=True)
class People(RowCollector["SeenRuns"]):
    """Keeps what instruments can read of every run at the weeks of its job.

    >>> from sim.runs.execute import execute
    >>> from sim.runs.plan import independent
    >>> scenario = Scenario.shipped("classroom")
    >>> job = independent(scenario, [scenario.parameter_set()] * 3, 2, weeks=[0, 52])
    >>> found = execute(RunPlan((job,), seed=1), None, People())
    >>> found.of(2).people["trust"].shape, found.of(2).replicates.tolist()
    ((2, 2, 8), [4, 5])
    """

    def key(self) -> dict[str, Any]:
        return {"kept": "people", "states": list(STATES), "flows": list(FLOWS)}

    def check(self, job: Job) -> None:
        if job.counterfactual:
            raise ValueError("people are kept of one arm: give the partner a job of its own")

    def weeks(self, job: Job) -> Sequence[int]:
        return job.weeks

    def look(self, job: Job, scenario: Scenario, runs: slice, seed: int) -> np.ndarray:
        """See :class:`~sim.runs.collect.Looks`."""
        layout, look = _Layout(job), _Looking(scenario, seed)
        which, replicates = job.which[runs], job.replicate[runs]
        found = np.empty((len(which), layout.size))
        for row, into in enumerate(found):
            look(job, which[row], replicates[row : row + 1], layout.views(into))
        return found

    def measure(self, job: Job, which: np.ndarray, records: Sequence[np.ndarray]) -> Arrays:
        """ "values" (runs, numbers)."""
        return {"values": records[0]}

    def shape(self, job: Job) -> tuple[int]:
        """The shape of one run: all its numbers in one row."""
        return (_Layout(job).size,)

    def empty(self, plan: RunPlan) -> Gathering[SeenRuns]:
        """See :class:`~sim.runs.collect.Collector`.

        Raises:
            InputError: the plan is for another engine, which does not report single people.
        """
        if not plan.compiled:
            raise InputError(
                "does not show single people", "engine", plan.engine_name, allowed="compiled"
            )
        return _SeenArrays(self, plan)


@dataclass(frozen=True, slots=True, eq=False)
class SeenRuns:
    """What :class:`People` has kept of a plan.

    Attributes:
        made: which runs were made, and which failed.
        rows: for each job, float64 (runs, numbers), which :meth:`of` reads; NaN in failed runs.
    """

    made: Made
    rows: tuple[np.ndarray, ...]

    @property
    def failures(self) -> tuple[FailedRun, ...]:
        """The failed runs."""
        return self.made.failures

    def usable(self, jobs: Sequence[int], set_index: int) -> np.ndarray:
        """bool (replicates,): which runs of a set have values in all the given jobs.

        The jobs must have equally many runs of the set, which are paired in their order.
        """
        found = []
        for job in jobs:
            runs = np.flatnonzero(self.made.plan.jobs[job].which == set_index)
            part = self.made.of(job)
            found.append((self.made.done & ~self.made.failed)[part][runs])
        return np.all(found, axis=0)

    def of(self, set_index: int, job: int = 0, kept: np.ndarray | None = None) -> Seen:
        """The runs of one set of a job.

        Args:
            set_index: the position of the set.
            job: the position of the job.
            kept: bool (replicates,), the runs to take; default: all that have values.
        """
        about = self.made.plan.jobs[job]
        runs = np.flatnonzero(about.which == set_index)
        runs = runs[self.usable([job], set_index) if kept is None else kept]
        found = seen_of(about, self.rows[job][runs], about.replicate[runs], self.made.plan.seed)
        planned = hours_by_function(about.scenario, about.sets[set_index], about.weeks)
        for name, hours in zip(PLANNED, np.moveaxis(planned, 2, 0), strict=True):
            found.flows[name] = np.broadcast_to(hours, (len(runs), *hours.shape))
        return found


def seen_of(job: Job, rows: np.ndarray, replicates: np.ndarray, seed: int) -> Seen:
    """The runs of one set from rows that :meth:`People.look` gives, without the planned hours.

    Args:
        job: the job of the runs.
        rows: float64 (runs, numbers).
        replicates: int64 (runs,), numbers of the replicates.
        seed: the seed of the runs.
    """
    layout = _Layout(job)
    candidate, people, context, flows = layout.views(rows)
    numbers: Any = candidate.astype(np.int64)
    base = streams.staff_entity(numbers, 0)
    post = np.concatenate([np.arange(staff) for staff in job.scenario.staff_counts])
    return Seen(
        seed,
        replicates,
        job.weeks,
        layout.region,
        np.asarray(base)[:, layout.region] + post,
        dict(zip(STATES, np.moveaxis(people, 1, 0), strict=True)),
        context,
        dict(zip(FLOWS, np.moveaxis(flows, 1, 0), strict=True)),
    )


def hours_by_function(
    scenario: Scenario, parameters: Parameters, weeks: Sequence[int]
) -> np.ndarray:
    """Planned contact hours that go to each function, from week 1 up to each of some weeks.

    A contact without a date counts with the probability that it takes place; a contact without
    ``functions`` has the reference mix.

    Returns:
        Hours (weeks, regions, functions).
    """
    reference = PRESETS[REFERENCE].functions.shares
    hours = np.zeros((scenario.horizon_weeks + 1, len(scenario.region_names), len(FUNCTIONS)))
    for contact in planned_contacts(scenario, parameters):
        shares = np.array(reference if contact.functions is None else contact.functions)
        hours[contact.week, contact.region] += contact.hours * contact.chance * shares
    return np.cumsum(hours, axis=0)[np.array(weeks, dtype=np.int64)]


class _SeenArrays(RowArrays[SeenRuns]):
    """The gathering of :class:`People`."""

    def result(self, made: Made) -> SeenRuns:
        return SeenRuns(made, tuple(self.array(job) for job in range(len(self.plan.jobs))))


class _Layout:
    """The positions of all states and flows in the row of a run."""

    def __init__(self, job: Job) -> None:
        staff = job.scenario.staff_counts
        waves, regions, people = len(job.weeks), len(staff), sum(staff)
        self.region = np.repeat(np.arange(regions), staff)
        self.shapes = (
            (regions,),
            (len(STATES), waves, people),
            (waves, regions),
            (len(FLOWS), waves, regions),
        )
        self.edges = np.cumsum([0, *(int(np.prod(shape)) for shape in self.shapes)])
        self.size = int(self.edges[-1])

    def views(self, rows: np.ndarray) -> list[np.ndarray]:
        """Views of (..., numbers): candidates of the regions, states, context and flows."""
        return [
            rows[..., first:last].reshape(*rows.shape[:-1], *shape)
            for first, last, shape in zip(self.edges[:-1], self.edges[1:], self.shapes, strict=True)
        ]


class _Looking:
    """Makes runs of a scenario one by one in this thread, and reads everybody's states."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario, self.seed = scenario, seed
        self.prepared: compiled.Prepared | None = None

    def _prepare(self, stagger: float) -> compiled.Prepared:
        from sim.engine import compiled, kernel

        found = compiled.prepare(self.scenario, self.seed, stagger)
        if found is not self.prepared:
            t = found.tables
            self.prepared, self.work = found, compiled.Workspace(found)
            size = kernel.STATES * t.people + len(t.regions) * kernel.SITES
            self.shots = np.zeros((t.horizon + 1, size))
        return found

    def __call__(
        self, job: Job, which: np.int64, replicate: np.ndarray, into: Sequence[np.ndarray]
    ) -> None:
        from sim.engine import compiled, kernel

        candidate, people, context, flows = into
        prepared = self._prepare(float(job.matrix["calendar_stagger"][which]))
        record = compiled.run_chunk(
            prepared, job.matrix, np.array([which]), replicate,
            workspace=self.work, snapshots=self.shots,
        )[0]  # fmt: skip
        checked_record(record, self.scenario)
        t, at = prepared.tables, np.array(job.weeks)
        sites = self.shots[:, kernel.STATES * t.people :]
        sites = sites.reshape(t.horizon + 1, len(t.regions), kernel.SITES)
        candidate[:] = sites[0, :, kernel.CANDIDATE]
        context[:] = sites[at, :, kernel.CONTEXT]
        fields = [kernel.FIELDS.index(name) for name in STATES]
        for first, staff in zip(t.regions["first"], t.regions["staff"], strict=True):
            block = self.shots[at, kernel.STATES * first : kernel.STATES * (first + staff)]
            block = block.reshape(len(at), kernel.STATES, staff)[:, fields]
            people[:, :, first : first + staff] = np.moveaxis(block, 1, 0)
        totals = np.cumsum(record[:, :, [COLUMN[name] for name in FLOWS]], axis=0)[at]
        flows[:] = np.moveaxis(totals, 2, 0)
