"""ask: makes the runs of a study; Runner: makes them plan by plan."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from sim.core.errors import InputError, ResultsError, read_back, shown
from sim.core.units import count as counted
from sim.present.progress import late_bar
from sim.present.table import Column, Table
from sim.runs import price, safe
from sim.runs.collect import Collector, FailedRun, Points
from sim.runs.engines import Engine
from sim.runs.execute import Execution, execute
from sim.runs.folder import provenance
from sim.runs.safe import refusal
from sim.studies.dates import dated
from sim.studies.kind import StudyKind, Tables
from sim.studies.result import FAILURES, Result
from sim.studies.spec import Study

if TYPE_CHECKING:
    from sim.runs.plan import RunPlan

Found = TypeVar("Found")
OVERALL: Any = Points()
"""All outcomes, over all regions together."""


@dataclass(eq=False)
class Runner:
    """Makes the runs of a study, plan by plan, under one :class:`~sim.runs.execute.Execution`.

    Each plan of a study keeps its parts in a folder of its own inside the store, named by number
    and label. A study with several plans is therefore resumed, sharded and merged like a study
    with one.

    Attributes:
        execution: how runs are made.
        engine: an engine that makes the runs in place of the engine of the plans.
        made_by: the name of the engine; empty before the first run.
        runs: the number of runs that were made or taken from the store, failed runs included.
        failures: the failed runs.
        seconds: wall time of making the runs.
    """

    execution: Execution
    engine: str | Engine | None = None
    made_by: str = ""
    runs: int = 0
    failures: list[FailedRun] = field(default_factory=list)
    seconds: float = 0.0
    _plans: int = 0

    def agree(self, example: RunPlan, collect: Collector[Any], runs: int) -> None:
        """Agree at once, before the first run, on the time of a study in many plans.

        A shard makes a part of the plans only and a resumed study the rest of them, so there every
        plan is agreed on by itself.

        Args:
            example: runs like those of the plans.
            collect: what is kept of the runs.
            runs: the number of runs of all plans.

        Raises:
            InputError: see :func:`sim.runs.price.agree`.
        """
        how = self.execution
        if how.shard is None and not how.resume:
            here = Execution(threads=how.threads)
            price.agree(example, collect, how, lambda p: execute(p, here, collect), runs=runs)
            self.execution = dataclasses.replace(how, agree=None)

    def __call__(
        self, plan: RunPlan, collect: Collector[Found] = OVERALL, *, label: str = "runs"
    ) -> Found:
        """Make the runs of a plan with :func:`sim.runs.execute.execute`, and return their values.

        Args:
            collect: what is kept of the runs; default: all outcomes, over all regions together.
            label: the name of this part of the study in the store.

        Raises:
            Unfinished: this was a shard of the plan; its runs are in the store.
        """
        self._plans += 1
        if self.engine is not None:
            plan = dataclasses.replace(plan, engine=self.engine)
        self.made_by = plan.engine_name
        started = time.perf_counter()
        found = execute(plan, self.execution.within(f"{self._plans:02d}-{label}"), collect)
        self.seconds += time.perf_counter() - started
        self.runs += plan.runs
        self.failures += found.made.failures  # type: ignore[attr-defined]
        return found


def ask(
    study: Study[Any],
    execution: Execution | None = None,
    *,
    command: str = "",
    engine: Engine | None = None,
) -> Result:
    """Make the runs of a study and return its result.

    Args:
        study: a study that :meth:`StudyKind.read` or :meth:`StudyKind.make` returned.
        execution: how runs are made; default: on the threads of this machine, and nothing is
            kept. Without a ``progress`` of its own, long work shows a bar on a terminal and in a
            notebook (not with ``CODOSE_PROGRESS=off``).
        command: the command that makes the same result again, for the manifest.
        engine: a function that makes every run in place of the engines of codose
            (:mod:`sim.runs.engines`).

    Raises:
        InputError: the runs show that the study cannot be answered, or every run failed in what the
            user brought.
        RuntimeError: every run failed.
        Unfinished: this was a shard of the runs; they are in the store.
        InterruptedRun: the user pressed Ctrl-C; finished runs are in the store, if there is one.

    >>> study = StudyKind.of("sensitivity").make(
    ...     scenario={"function": "linear"}, outcomes=["y"], method="morris", samples=4
    ... )
    >>> ask(study).answer.verdict
    'A drives y the most (Morris screening).'
    """
    for name, given, form, allowed in (
        ("study", study, Study, "what StudyKind.of(KIND) reads from a file or makes from fields"),
        ("execution", execution, Execution | None, "a sim.runs.execute.Execution"),
    ):
        if not isinstance(given, form):
            raise InputError(f"{shown(given)} cannot be used", name, given, allowed)
    kind = StudyKind.of(study.header.kind)
    kind.check_packages(study)
    for scenario in study.scenarios.values():
        price.check_scenario(scenario)
    how = Execution() if execution is None else execution
    limit = getattr(study.header, "time_limit_minutes", None)
    if how.time_limit is None and limit is not None:
        how = dataclasses.replace(how, time_limit=limit)
    _write_asked(how, study, command)
    started, clock = datetime.now(UTC), time.perf_counter()
    with late_bar(kind.line(study)) if how.progress is None else nullcontext(how.progress) as move:
        run = runner_of(study, dataclasses.replace(how, progress=move), engine)
        tables = kind.answer(study, run)
        while more := kind.more_sets(study, tables):
            study, run.runs, run.failures = kind.with_sets(study, more), 0, []
            tables = kind.answer(study, run)
    timing = {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - clock, 3),
        "seconds_of_runs": round(run.seconds, 3),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
    }
    _refuse_failed(study, run)
    return result_of(study, tables, run, timing, command)


def _refuse_failed(study: Study[Any], run: Runner) -> None:
    """Refuse an answer of which every run failed."""
    if run.runs and len(run.failures) == run.runs:
        first = run.failures[0]
        said = f"every run failed, the first {first.stage}: {first.reason}"
        if study.own is not None:
            raise InputError(said, "engine", run.made_by)
        raise RuntimeError(said)


def runner_of(study: Study[Any], execution: Execution | None, engine: Engine | None) -> Runner:
    """The runner of a study, with the engine of the caller or else of the study."""
    own = None if study.header.engine == "auto" else study.engine
    return Runner(Execution() if execution is None else execution, engine or own)


def result_of(
    study: Study[Any],
    tables: Tables,
    run: Runner,
    timing: Mapping[str, Any],
    command: str = "",
) -> Result:
    """The result of a study from its tables and its runner; failed runs become a table."""
    found = dict(dated(study, tables))
    if run.failures:
        found[FAILURES] = failures_table(run)
    return Result(
        study, MappingProxyType(found), run.runs, provenance(), timing, command, run.made_by
    )


def failures_table(run: Runner) -> Table:
    """One row for each failed run: its numbers, the stage at which it failed, and the reason."""
    import pandas as pd

    frame = pd.DataFrame([dataclasses.asdict(one) for one in run.failures])
    return Table(
        FAILURES,
        frame,
        [
            Column("job", format="given", meaning="scenario or design point, from 0"),
            Column("set_index", format="given", meaning="parameter set, from 0"),
            Column("replicate", format="given", meaning="number of the replicate"),
            Column("stage", format="text", meaning="in which of its two parts it failed"),
            Column("reason", format="text", meaning="type and text of the error"),
        ],
        title="Runs that failed",
        note=f"{len(frame):,} of {counted(run.runs, 'run')} failed and are left out.",
    )


ASKED = "asked.json"
"""The file in a store of runs that names their kind, study and command."""


def _write_asked(execution: Execution, study: Study[Any], command: str) -> None:
    """Write the study and command beside the runs, so that anybody can join the shards."""
    store = execution.store
    if store is None:
        return
    place = store / ASKED
    plain = {"kind": study.header.kind, "study": study.to_dict(), "command": command}
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n"
    if os.path.exists(place) and not execution.force:  # the store refuses runs of another study
        return
    with safe.clear_errors(store):
        store.mkdir(parents=True, exist_ok=True)
        safe.write_bytes(place, text.encode())


def read_asked(store: Path) -> tuple[Study[Any], str]:
    """The study that a store of runs belongs to, and the command that started it.

    Raises:
        ResultsError: the store does not name its study.
    """
    place = store / ASKED
    said = "does not say which study its runs are for"
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise refusal(store, f"{said} ({error})") from None
    with read_back(said, file=str(store), error=ResultsError):
        plain = json.loads(text)
        return StudyKind.of(plain["kind"]).study_of(plain["study"]), str(plain["command"])
