"""People: the states of everybody in some weeks of each run, for whoever observes a study.

It needs every state of everybody, which no record holds; so its runs are made one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim import compiled, streams
from sim.errors import InputError, Problem
from sim.outcomes import COLUMN
from sim.runs.collect import Arrays, Gathering, Made, Rows, State
from sim.runs.plan import Job, RunPlan


@dataclass(frozen=True)
class People:
    """Keeps, at the weeks of a job ("waves"), states of people, and what happened week by week.

    Attributes:
        states: names of states of people (:data:`sim.kernel.FIELDS`).
        flows: names of flows (:data:`sim.outcomes.RECORD`), of each week and region.
    """

    states: tuple[str, ...]
    flows: tuple[str, ...] = ()

    parts = 64

    def key(self) -> dict[str, Any]:
        """See :class:`~sim.runs.collect.Collector`."""
        return {"kept": "people", "states": list(self.states), "flows": list(self.flows)}

    def check(self, job: Job) -> None:
        """See :class:`~sim.runs.collect.Collector`: one arm only."""
        if job.counterfactual:
            raise InputError(Problem("people are looked at with TA or without", field="jobs"))

    def run_bytes(self, job: Job) -> int:
        """See :class:`~sim.runs.collect.Collector`."""
        people, regions = sum(job.scenario.staff_counts), len(job.scenario.region_names)
        waves = len(self.states) * len(job.weeks) * people
        return 8 * (waves + people + len(self.flows) * (job.scenario.horizon_weeks + 1) * regions)

    def state_bytes(self, job: Job) -> int:
        """See :class:`~sim.runs.collect.Collector`."""
        return self.run_bytes(job)

    def weeks(self, job: Job) -> Sequence[int] | None:
        """See :class:`~sim.runs.collect.Collector`: all."""
        return None

    def measure(self, job: Job, which: np.ndarray, records: Sequence[np.ndarray]) -> Arrays:
        """What is left of runs that have failed: nothing."""
        people, regions = sum(job.scenario.staff_counts), len(job.scenario.region_names)
        shape = (len(which), len(job.weeks))
        horizon = job.scenario.horizon_weeks + 1
        return {
            **{name: np.full((*shape, people), np.nan) for name in self.states},
            "context": np.full((*shape, regions), np.nan),
            "entities": np.full((len(which), people), -1.0),
            **{f"flow {name}": np.full((len(which), horizon, regions), np.nan)
               for name in self.flows},
        }  # fmt: skip

    def look(self, job: Job, seed: int, row: int) -> Arrays:
        """Make one run of a job, and look at everybody; arrays as of :meth:`measure`."""
        from sim import kernel

        stagger = float(job.matrix["calendar_stagger"][job.which[row]])
        prepared = compiled.prepare(job.scenario, seed, stagger)
        t, at = prepared.tables, list(job.weeks)
        regions, horizon = len(t.regions), t.horizon
        size = kernel.STATES * t.people
        shots = np.zeros((horizon + 1, size + regions * kernel.SITES))
        record = compiled.run_chunk(
            prepared, job.matrix, job.which[row : row + 1], job.replicate[row : row + 1],
            snapshots=shots,
        )[0]  # fmt: skip
        found = {name: np.empty((1, len(at), t.people)) for name in self.states}
        sites = shots[:, size:].reshape(horizon + 1, regions, kernel.SITES)
        entities = np.empty((1, t.people))
        for r in range(regions):
            first, staff = int(t.regions["first"][r]), int(t.regions["staff"][r])
            block = shots[at, kernel.STATES * first : kernel.STATES * (first + staff)]
            block = block.reshape(len(at), kernel.STATES, staff)
            for name in self.states:
                found[name][0, :, first : first + staff] = block[:, kernel.FIELDS.index(name)]
            base = streams.staff_entity(int(sites[0, r, kernel.CANDIDATE]), 0)
            entities[0, first : first + staff] = np.arange(base, base + staff)
        return {
            **found,
            "context": sites[at, :, kernel.CONTEXT][None],
            "entities": entities,
            **{f"flow {name}": record[None, :, :, COLUMN[name]] for name in self.flows},
        }

    def state(self, plan: RunPlan, pieces: Iterable[Rows]) -> dict[str, np.ndarray]:
        """See :class:`~sim.runs.collect.Collector`."""
        rows = [array.ravel() for one in pieces for array in one.arrays.values()]
        return {"values": np.concatenate(rows)}

    def empty(self, plan: RunPlan) -> Gathering[RunPeople]:
        """See :class:`~sim.runs.collect.Collector`."""
        return _People(self, plan)


@dataclass(frozen=True, slots=True, eq=False)
class RunPeople:
    """What :class:`People` has kept.

    Attributes:
        made: which runs there are, and which failed.
        jobs: of each job, by name: states (runs, waves, people), "context" (runs, waves, regions),
            "entities" (runs, people), numbers of the posts in the streams, and "flow NAME" (runs,
            week 0..horizon, regions). NaN in failed runs.
    """

    made: Made
    jobs: tuple[dict[str, np.ndarray], ...]


class _People:
    """The gathering of :class:`People`."""

    def __init__(self, kept: People, plan: RunPlan) -> None:
        self.kept, self.plan = kept, plan
        none = np.zeros(0, dtype=np.int64)
        self.shapes = [
            {name: array.shape[1:] for name, array in kept.measure(job, none, ()).items()}
            for job in plan.jobs
        ]
        self.jobs = [
            {name: np.full((len(job), *shape), np.nan) for name, shape in shapes.items()}
            for job, shapes in zip(plan.jobs, self.shapes, strict=True)
        ]

    def add(self, pieces: Sequence[Rows]) -> None:
        for rows in pieces:
            piece = rows.piece
            for name, array in rows.arrays.items():
                self.jobs[piece.job][name][piece.first : piece.last] = array

    def join(self, runs: range, state: State) -> None:
        start = 0
        for piece in self.plan.pieces(runs):
            for row in range(piece.first, piece.last):  # looked at one by one, and kept so
                for name, shape in self.shapes[piece.job].items():
                    size = int(np.prod(shape))
                    values = state["values"][start : start + size]
                    self.jobs[piece.job][name][row] = values.reshape(shape)
                    start += size

    def result(self, made: Made) -> RunPeople:
        return RunPeople(made, tuple(self.jobs))
