"""StudyKind, Result, ask and load: what every kind of study has in common.

A kind is a folder of :mod:`sim.studies` with four modules, whose functions are found by name:

* ``spec`` has ``Spec``, the checked fields of a study (a :class:`~sim.studies.spec.Header`). It may
  have ``issues(spec)``, which yields mistakes between fields; ``check(study)``, which raises errors
  that only the scenarios can show; ``needs(study) -> (module, ...)``, which names packages of
  extras; and ``LOOKS_AT_PEOPLE``, true where only the compiled engine can make the runs.
* ``analysis`` has ``answer(study, run) -> {name: Table}``. The function may call ``run(plan)``,
  which makes the runs of a :class:`~sim.runs.plan.RunPlan`, any number of times. Where one plan is
  enough, the pair ``design(study) -> RunPlan`` and ``analyse(study, values) -> {name: Table}``
  replaces ``answer``; ``COLLECT`` is then the collector, if runs keep more than outcomes over all
  regions together. The module may have ``files(study, tables) -> {name: text}``, which gives
  further files of the result folder; ``estimate(study, execution) -> sentence``, which says how
  long the study takes here and raises an error above its time limit; ``widest(study, tables)``,
  which gives the widest half of a 90 % interval of a mean (needed where the Spec is a
  :class:`~sim.studies.spec.UntilClear`); and ``moved(study, tables, again) -> Moved``, which lists
  the numbers that change with another seed although the study calls them known.
* ``words`` has ``words(study, tables) -> Answer``. It may have ``shown(study, tables)``, the tables
  for people, and ``recorded(study, tables)``, the tables for programs, where these are more.
* ``figures`` has ``figures(study, tables) -> [Figure]``.

Analysis imports neither words nor figures. Words and figures see only the study and its tables, so
the sentences and figures of a folder can be made again without running anything.
"""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import json
import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from sim import studies
from sim.core.errors import InputError, Problem, ResultsError, check_known, read_back
from sim.core.extras import needs
from sim.core.units import count as counted
from sim.present import format as formats
from sim.present.answer import Answer
from sim.present.progress import late_bar
from sim.present.table import Column, Table
from sim.runs import price, safe
from sim.runs.collect import Collector, FailedRun, Points
from sim.runs.engines import ENGINES, Engine
from sim.runs.execute import Execution, execute
from sim.runs.folder import FIGURES, MANIFEST, ResultFolder, provenance, version_notes
from sim.runs.own import OwnEngine, chosen
from sim.runs.safe import refusal
from sim.runs.store import differences
from sim.studies.dates import dated, said
from sim.studies.plausible import plausible_sets
from sim.studies.spec import (
    Header,
    MoreIssues,
    Study,
    StudyError,
    find_study,
    json_schema,
    kind_of,
    read_study,
    study_of,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawn

    from sim.present.figures import Figure, Format
    from sim.runs.plan import RunPlan

Found = TypeVar("Found")
Tables = Mapping[str, Table]
OVERALL: Any = Points()
"""All outcomes, over all regions together."""
SHOWN_ROWS = 60
"""Rows up to which a table is printed when its kind does not choose."""


@dataclass(frozen=True)
class StudyKind:
    """One kind of study, by the name of its folder.

    >>> kind = StudyKind.of("audit")
    >>> kind.Spec.model_fields["replicates"].default
    20
    """

    name: str

    @classmethod
    def of(cls, name: str) -> StudyKind:
        """The kind of that name.

        Raises:
            InputError: no kind has that name.
        """
        known = studies.names()
        check_known(name, known, "is not a kind of study", field="kind")
        return cls(name)

    def _module(self, part: str) -> ModuleType:
        return importlib.import_module(f"sim.studies.{self.name}.{part}")

    def _given(self, part: str, name: str, otherwise: Any = None) -> Any:
        """What a module of the kind has under a name; ``otherwise`` where it has nothing."""
        return getattr(self._module(part), name, otherwise)

    @property
    def help(self) -> str:
        """The help text of the command of this kind."""
        return self._module("spec").HELP

    @property
    def argument(self) -> str:
        """The argument of the command: "study" (a file), "scenario" or "scenarios"."""
        return self._given("spec", "ARGUMENT", "study")

    def folder(self, asked: Any, study: Study[Any]) -> str:
        """The name of the result folder when the user gives none."""
        stems = [Path(one).stem for one in ([asked] if isinstance(asked, str) else asked)]
        if self.argument == "study" or self.name == "run":
            return stems[0]
        return "-".join([self.name, *stems])[:100]

    def shown(self, study: Study[Any], tables: Tables) -> Sequence[Table]:
        """The tables to print: those that ``words`` chooses, or else all short ones."""
        if (choose := self._given("words", "shown")) is not None:
            return choose(study, tables)
        return [table for table in tables.values() if len(table) <= SHOWN_ROWS]

    def recorded(self, study: Study[Any], tables: Tables) -> Sequence[Table]:
        """The tables for programs: those that ``words`` chooses, or else those that are printed."""
        return self._given("words", "recorded", self.shown)(study, tables)

    @property
    def Spec(self) -> type[Header]:
        """The fields of a study of this kind."""
        return self._module("spec").Spec

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of study files of this kind, for editors."""
        return json_schema(self.Spec)

    def read(self, path_or_name: str | os.PathLike[str], **changes: Any) -> Study[Any]:
        """Read a study file of this kind, given as a path or the name of a shipped one.

        Args:
            changes: fields that replace those of the file, as command options do.

        Raises:
            StudyError: the file has mistakes (each is named with file, line and column), or is of
                another kind.
        """
        path = find_study(path_or_name)
        if (other := kind_of(path)) != self.name:
            raise StudyError(
                f"is a study of kind {other!r}, not {self.name!r}", field="kind",
                file=str(path), allowed=f"codose {other} {os.fspath(path_or_name)}",
            )  # fmt: skip
        return self._checked(read_study(path, self.Spec, issues=self._issues, changes=changes))

    @property
    def _issues(self) -> MoreIssues | None:
        """The mistakes between the fields of this kind."""
        return self._given("spec", "issues")

    def make(self, *, folder: Path | None = None, **fields: Any) -> Study[Any]:
        """Make a study of this kind from its fields.

        Args:
            folder: the folder that relative paths of scenarios count from; default: the current
                one.
            fields: fields of the Spec; ``scenario`` and ``scenarios`` may be Scenario objects too.

        Raises:
            StudyError: fields have mistakes; each is named with its field.
        """
        data = {"kind": self.name, **fields}
        return self._checked(study_of(data, self.Spec, folder=folder, issues=self._issues))

    def study_of(self, plain: Mapping[str, Any], file: str = "") -> Study[Any]:
        """The study from the plain values of :meth:`Study.to_dict`, which a manifest holds."""
        return self._checked(Study.from_dict(plain, self.Spec, issues=self._issues, file=file))

    def _checked(self, study: Study[Any]) -> Study[Any]:
        other = study.own.name if study.own is not None else study.header.engine
        if self._given("spec", "LOOKS_AT_PEOPLE") and other not in ("auto", "compiled"):
            raise study.error(
                ("engine",), "this kind of study looks at people, which only the compiled engine "
                             "shows",
                value=other, allowed="auto, compiled",
            )  # fmt: skip
        if (check := self._given("spec", "check")) is not None:
            check(study)
        return study

    def check_packages(self, study: Study[Any]) -> None:
        """Check that every package that a study needs is installed.

        Raises:
            InputError: packages are missing; the message names them.
        """
        if (wanted := self._given("spec", "needs")) is not None:
            needs(*wanted(study), work=f"codose {self.name}")

    def answer(self, study: Study[Any], run: Runner) -> Tables:
        """Make the runs and return every table of the answer."""
        analysis = self._module("analysis")
        if hasattr(analysis, "answer"):
            return analysis.answer(study, run)
        kept = getattr(analysis, "COLLECT", OVERALL)
        return analysis.analyse(study, run(analysis.design(study), kept))

    def more_sets(self, study: Study[Any], tables: Tables) -> int | None:
        """The number of parameter sets with which a study with ``until`` continues; None: enough.

        The width of an interval shrinks with the square root of the number of sets. The width is
        itself an estimate, so the number grows by a quarter at least and fourfold at most.
        """
        header = study.header
        if (until := getattr(header, "until", None)) is None or study.plausible is None:
            return None
        count, width = len(study.plausible), self._module("analysis").widest(study, tables)
        if not width > until or count >= header.most_sets:
            return None
        wanted = math.ceil(1.1 * count * (width / until) ** 2)
        return min(header.most_sets, max(math.ceil(1.25 * count), min(4 * count, wanted)))

    def with_sets(self, study: Study[Any], count: int) -> Study[Any]:
        """The same study over another number of plausible sets."""
        plain = study.to_dict()
        sets = plausible_sets(count).record()
        return self.study_of({**plain, "fields": {**plain["fields"], "sets": count}, "sets": sets})

    def words(self, study: Study[Any], tables: Tables) -> Answer:
        """The answer in sentences; the last one gives calendar dates where they are known."""
        answer = self._module("words").words(study, tables)
        lines = (*answer.lines, self._precision(study, tables), said(study))
        return dataclasses.replace(answer, lines=lines)

    def _precision(self, study: Study[Any], tables: Tables) -> str:
        """A sentence on the precision of the means, for a study with ``until``; else empty."""
        if (until := getattr(study.header, "until", None)) is None or study.plausible is None:
            return ""
        width = self._module("analysis").widest(study, tables)
        sets = formats.count(len(study.plausible))
        most = ", the most that were allowed" if width > until else ""
        return (
            f"The means were to be known to within {formats.number(until)}: the widest 90 % "
            f"interval is {formats.number(width)} to each side, with {sets} sets{most}."
        )

    def figures(self, study: Study[Any], tables: Tables) -> Sequence[Figure]:
        """The figures, not yet drawn."""
        return self._module("figures").figures(study, tables)

    def files(self, study: Study[Any], tables: Tables) -> Mapping[str, str]:
        """Further text files of the result folder, by name."""
        make = self._given("analysis", "files")
        return {} if make is None else make(study, tables)

    def estimate(self, study: Study[Any], execution: Execution) -> str:
        """How long a study takes on this machine, in a sentence; empty where the kind cannot say.

        Raises:
            StudyError: the estimate is above the time limit of the study.
        """
        tell = self._given("analysis", "estimate")
        return "" if tell is None else tell(study, execution)

    def title(self, study: Study[Any]) -> str:
        """The heading of the report."""
        if study.header.name != "unnamed study":
            return study.header.name
        if (make := self._given("spec", "title")) is not None:
            return make(study)
        return study.scenario.name if study.scenarios else formats.words(study.header.kind)

    def question(self, study: Study[Any]) -> str:
        """The question of the study or of its scenario; empty where neither has one."""
        return study.header.question or (study.scenario.question if study.scenarios else "")

    def line(self, study: Study[Any]) -> str:
        """One line that says which runs are about to be made."""
        make = self._given("spec", "line")
        return study.header.name if make is None else make(study)


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


@dataclass(frozen=True, eq=False)
class Result:
    """The result of a study: its tables, and everything that they come from.

    Attributes:
        study: the study that the tables answer.
        tables: the tables by name, in the order in which they are shown.
        runs: the number of runs behind the tables, failed runs included.
        provenance: versions; see :func:`sim.runs.folder.provenance`.
        timing: when the result was made and how long that took; the only part that differs when
            the result is made again.
        command: the command that makes the result again, if a command made it.
        engine: the name of the engine that made the runs; empty where there are none.

    >>> study = StudyKind.of("ladder").make(
    ...     scenario="classroom", outcomes=["trust"], replicates=2,
    ...     contrast={"lever": "hours", "low": 1, "high": 2}, steps=[{"name": "as it is"}],
    ... )
    >>> result = ask(study)
    >>> result
    <ladder of 'unnamed study': 4 runs, 0 failed; tables ladder>
    >>> result.table("ladder")["runs"].tolist()
    [2]
    """

    study: Study[Any]
    tables: Tables
    runs: int
    provenance: Mapping[str, Any]
    timing: Mapping[str, Any]
    command: str = ""
    engine: str = ""

    @property
    def kind(self) -> StudyKind:
        """The kind of study."""
        return StudyKind.of(self.study.header.kind)

    @property
    def failed(self) -> int:
        """The number of runs that failed and were left out."""
        return len(self.tables[FAILURES]) if FAILURES in self.tables else 0

    @property
    def answer(self) -> Answer:
        """The answer in sentences."""
        return self.kind.words(self.study, self.tables)

    @property
    def figures(self) -> Sequence[Figure]:
        """The figures; each is drawn by its ``draw()``."""
        return self.kind.figures(self.study, self.tables)

    def table(self, name: str) -> pd.DataFrame:
        """A copy of a table as a pandas frame, with its rows and columns.

        Raises:
            InputError: no table has that name.
        """
        check_known(name, self.tables, "is not a table of this result", field="table")
        return self.tables[name].frame

    def figure(self, name: str) -> Figure:
        """A figure by its name; the method ``draw()`` of the figure draws it.

        Raises:
            InputError: no figure has that name.
        """
        known = {figure.name: figure for figure in self.figures}
        check_known(name, known, "is not a figure of this result", field="figure")
        return known[name]

    def plot(self, name: str | None = None) -> Drawn:
        """Draw a figure; a notebook shows it where the call is the last line of a cell.

        Args:
            name: the name of the figure; default: the first figure, which is the most telling.
                ``[f.name for f in result.figures]`` lists the names.

        Returns:
            The Matplotlib figure, whose ``axes`` can be changed further.

        Raises:
            InputError: no figure has that name, or the result has no figures.
        """
        if name is None and not self.figures:
            raise InputError("has no figure to draw", self.kind.name)
        return (self.figures[0] if name is None else self.figure(name)).draw()

    def to_xarray(self, table: str) -> Any:
        """A table as an ``xarray.Dataset``, for labelled arrays and NetCDF.

        Args:
            table: the name of the table.

        Returns:
            The first columns of words and whole numbers that identify a row are the dimensions;
            the other columns are variables with unit and meaning.

        Raises:
            InputError: no table has that name, only measured numbers identify its rows, or xarray
                is not installed.
        """
        from sim.present.labelled import table_dataset

        check_known(table, self.tables, "is not a table of this result", field="table")
        return table_dataset(self.tables[table])

    def _repr_html_(self) -> str:
        title, said = (escape(text) for text in (self.kind.title(self.study), self.answer.text))
        tables = [table.html(5) for table in self.kind.shown(self.study, self.tables)[:2]]
        return f"<h4>{title}</h4><p>{said}</p>{''.join(tables)}"

    def __repr__(self) -> str:
        return (
            f"<{self.study.header.kind} of {self.study.header.name!r}: "
            f"{counted(self.runs, 'run')}, "
            f"{self.failed:,} failed; tables {', '.join(self.tables)}>"
        )

    def save(
        self,
        directory: str | os.PathLike[str],
        *,
        force: bool = False,
        figures: Sequence[Format] = ("png",),
        csv: bool | None = None,
    ) -> Path:
        """Write a result folder: complete, or not at all.

        Args:
            directory: a new or empty folder.
            force: replace a folder that holds results of codose.
            figures: formats to draw ("png", "svg"); empty: no figures.
            csv: whether tables are written as CSV too; default: tables that are not too long.

        Raises:
            ResultsError: the folder holds something else, or cannot be written.
        """
        return ResultFolder.write(
            Path(directory),
            kind=self.study.header.kind,
            study=self.study.to_dict(),
            tables=self.tables,
            answer=self.answer,
            figures=self.figures if figures else (),
            formats=figures,
            files=self.kind.files(self.study, self.tables),
            facts={
                "seed": self.study.seed,
                "runs": self.runs,
                "failed": self.failed,
                "engine": self.engine,
                **({} if self.study.own is None else {"engine_source": self.study.own.source}),
                **self.provenance,
                "command": self.command,
            },
            timing=self.timing,
            force=force,
            csv=csv,
        )


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
        InputError: the runs show that the study cannot be answered.
        Unfinished: this was a shard of the runs; they are in the store.
        InterruptedRun: the user pressed Ctrl-C; finished runs are in the store, if there is one.

    >>> study = StudyKind.of("sensitivity").make(
    ...     scenario={"function": "linear"}, outcomes=["y"], method="morris", samples=4
    ... )
    >>> ask(study).answer.verdict
    'A drives y the most (Morris screening).'
    """
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
        run = _runner(study, dataclasses.replace(how, progress=move), engine)
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
    return result_of(study, tables, run, timing, command)


def _runner(study: Study[Any], execution: Execution | None, engine: Engine | None) -> Runner:
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


FAILURES = "failures"
"""The name of the table of failed runs, which exists only where a run failed."""


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
    text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
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


def load(directory: str | os.PathLike[str]) -> Result:
    """Read a result folder back.

    Args:
        directory: the folder.

    Raises:
        ResultsError: the folder is no result folder, is of another version, or is damaged.

    >>> load("no_such_folder")
    Traceback (most recent call last):
    sim.core.errors.ResultsError: no_such_folder: no such folder
    """
    folder = ResultFolder.read(Path(directory))
    facts = folder.manifest
    return Result(
        _study_in(folder),
        MappingProxyType(dict(folder.tables())),
        int(facts["runs"]),
        {name: facts[name] for name in provenance() if name in facts},
        folder.timing,
        str(facts.get("command", "")),
        str(facts.get("engine", "")),
    )


def finished(directory: str | os.PathLike[str], study: Study[Any]) -> Result | None:
    """The results of exactly this study, if a folder holds them; None where it holds no result.

    Args:
        directory: a folder, which need not exist.
        study: the study whose results are wanted.

    Raises:
        ResultsError: the results are of another study (the message says what differs), or damaged.

    >>> study = StudyKind.of("sensitivity").make(
    ...     scenario={"function": "linear"}, outcomes=["y"], method="morris", samples=4
    ... )
    >>> finished("no_such_folder", study) is None
    True
    """
    if not os.path.isfile(Path(directory) / MANIFEST):
        return None
    sound(directory)
    found = load(directory)
    stored, asked = (_facts(one) for one in (found.study, study))
    if stored == asked:
        return found
    raise refusal(
        Path(directory),
        f"holds results of another study: {differences(stored, asked)}; nothing was run",
        "--out with another folder, or --force, which replaces them",
    )


def _facts(study: Study[Any]) -> dict[str, Any]:
    """Every field of a study, given or not, and its inputs, as plain values."""
    plain = json.loads(json.dumps(study.to_dict()))
    facts = {**plain, **study.header.model_dump(mode="json", warnings=False), "fields": None}
    if facts.get("until") is not None:  # as many sets as it takes
        facts["sets"] = None
    return facts


def sound(directory: str | os.PathLike[str]) -> None:
    """Check that every file of a result folder is as it was written.

    Raises:
        ResultsError: files are missing or changed; the message names them.
    """
    folder = ResultFolder.read(Path(directory))
    if found := tuple(folder.damages()):
        raise ResultsError(found)


def _study_in(folder: ResultFolder) -> Study[Any]:
    """The study that a result folder answers, from its manifest alone."""
    if folder.kind not in studies.names():
        raise refusal(
            folder.path,
            f"holds results of a kind that this version does not know ({folder.kind!r})",
            ", ".join(studies.names()),
        )
    path = folder.path / MANIFEST
    with read_back("cannot be used; make the results again", file=str(path), error=ResultsError):
        return StudyKind(folder.kind).study_of(folder.manifest["study"])


# --- verification ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verification:
    """The outcome of verifying a result folder.

    Attributes:
        directory: the folder.
        compared: name and number of rows of every table that was made again and compared.
        figures: names of the figures that were drawn again and compared, byte by byte.
        left_out: tables and figures that were not compared, with the reason.
        damages: files that are missing or not as they were written.
        difference: the first difference; empty where there is none.
        notes: further remarks, such as another version of codose.
    """

    directory: str
    compared: tuple[tuple[str, int], ...] = ()
    figures: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    damages: tuple[Problem, ...] = ()
    difference: str = ""
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every file is as it was written and every value the same."""
        return not self.damages and not self.difference

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.damages]
        if self.damages:
            lines.append(f"{self.directory}: nothing was made again")
        else:
            listed = ", ".join(f"{name} ({rows:,} rows)" for name, rows in self.compared)
            verdict = (
                f"not the same: {self.difference}" if self.difference else "every value is the same"
            )
            if self.figures:
                listed += f"; figures {', '.join(self.figures)}"
            lines.append(f"{self.directory}: made again and compared: {listed}; {verdict}")
        for why in dict.fromkeys(why for _, why in self.left_out):
            names = ", ".join(name for name, reason in self.left_out if reason == why)
            lines.append(f"not compared: {names} ({why})")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def verify(
    directory: str | os.PathLike[str],
    execution: Execution | None = None,
    *,
    sample: int | None = None,
    engine: type | Engine | None = None,
) -> Verification:
    """Check the files of a result folder, run its study again, compare every table and figure.

    Args:
        directory: a result folder of any kind.
        execution: how runs are made.
        sample: the number of runs (of a calibration: settings) to make again, where the kind
            offers this; default: all of them.
        engine: a function or class that makes the runs; needed for results of such an engine where
            the engine cannot be imported.

    Raises:
        ResultsError: the folder holds nothing of codose, cannot be read, or holds something that
            this version cannot use.
        InputError: a result of this kind cannot be sampled.

    >>> from tempfile import TemporaryDirectory
    >>> study = StudyKind.of("sensitivity").make(
    ...     scenario={"function": "linear"}, outcomes=["y"], method="morris", samples=4
    ... )
    >>> with TemporaryDirectory() as home:
    ...     seen = verify(ask(study).save(Path(home, "results"), figures=()))
    >>> seen.ok, seen.compared[0]
    (True, ('indices', 12))
    """
    folder = ResultFolder.read(Path(directory))
    study = _study_in(folder)
    kind = StudyKind(folder.kind)
    damages = tuple(folder.damages())
    if damages:
        return Verification(str(directory), damages=damages)
    made_by = folder.manifest.get("engine", "")
    there = study.own is not None and study.own.model is not None
    if engine is None and made_by not in ("", *ENGINES) and not there:
        raise ResultsError(
            f"the results were made by an engine of its own, {made_by!r}", field="engine",
            allowed="verify(directory, engine=that function or class)",
        )  # fmt: skip
    notes = list(version_notes(folder.manifest))
    if isinstance(engine, type):
        engine = chosen(engine)
    own = engine if isinstance(engine, OwnEngine) else study.own
    if own is not None and own.source != folder.manifest.get("engine_source", own.source):
        notes.append(f"the source of {own.name} is not that of the results")
    stored = whole = folder.tables()
    left_out: dict[str, str] = {}
    if sample is None:
        again = ask(study, execution, engine=engine).tables
    else:
        run = _runner(study, execution, engine)
        stored, again, left_out = _sampled(kind, study, stored, sample, run)
    difference = first_difference(stored, again) or _unlike_file(folder, kind.files(study, whole))
    drawn = _figures_in(folder)
    if drawn and (why := _not_drawn(folder, sample)):
        left_out |= dict.fromkeys(drawn, why)
        drawn = []
    if drawn and not difference:
        difference = _unlike_figure(folder, kind.figures(study, whole), drawn)
    return Verification(
        str(directory),
        tuple((name, len(stored[name].frame)) for name in stored if name not in left_out),
        tuple(drawn),
        tuple(left_out.items()),
        difference=difference,
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class Moved:
    """How the numbers that a study calls known change with another seed.

    Attributes:
        compared: how many such numbers there are.
        moved: a sentence for each number that changes.
        notes: further remarks.
    """

    compared: int
    moved: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecondSeed:
    """The outcome of repeating a study with another seed.

    Attributes:
        directory: the result folder of the first seed.
        seed: the other seed.
        found: the numbers that changed.
    """

    directory: str
    seed: int
    found: Moved

    @property
    def ok(self) -> bool:
        """Whether no number that the study calls known has changed."""
        return not self.found.moved

    def __str__(self) -> str:
        moved, compared = len(self.found.moved), formats.count(self.found.compared)
        verdict = f"{moved} moved beyond what their tolerance allows" if moved else "none moved"
        return "\n".join(
            [
                f"{self.directory}: asked again with seed {self.seed}: of {compared} converged "
                f"indices {verdict}",
                *self.found.moved,
                *(f"note: {note}" for note in self.found.notes),
            ]
        )


def second_seed(
    directory: str | os.PathLike[str],
    seed: int,
    execution: Execution | None = None,
    *,
    sample: int | None = None,
    engine: Engine | None = None,
) -> SecondSeed:
    """Repeat the study of a result folder with another seed and compare the numbers it calls known.

    Args:
        directory: a result folder of a kind that says how well its numbers are known.
        seed: a seed other than the study's.
        execution: how runs are made.
        sample: base samples of the repetition, where fewer than the first time are enough.
        engine: a function that makes the runs.

    Raises:
        ResultsError: the folder cannot be read, or is damaged.
        InputError: the kind has no such check, the seed is that of the study, or the sample is
            larger than the first.

    >>> from tempfile import TemporaryDirectory
    >>> study = StudyKind.of("sensitivity").make(
    ...     scenario={"function": "linear"}, outcomes=["y"], samples=1024
    ... )
    >>> with TemporaryDirectory() as home:
    ...     seen = second_seed(ask(study).save(Path(home, "results"), figures=()), 2)
    >>> seen.ok, seen.found.compared
    (True, 8)
    """
    folder = ResultFolder.read(Path(directory))
    study, kind = _study_in(folder), StudyKind(folder.kind)
    if (compare := kind._given("analysis", "moved")) is None:
        raise InputError(
            f"results of {kind.name} do not say which of their numbers have converged",
            "--second-seed", seed, "a folder of codose sensitivity",
        )  # fmt: skip
    if seed == study.seed:
        raise InputError("is the seed of the study itself", "--second-seed", seed, "any other seed")
    if damages := tuple(folder.damages()):
        raise ResultsError(damages)
    plain = study.to_dict()
    fields = {**plain["fields"], "seed": seed}
    if sample is not None:
        if sample > study.header.samples:
            raise InputError(
                "is more than the study's own", "--sample", sample,
                f"up to {study.header.samples}",
            )  # fmt: skip
        fields["samples"] = sample
    other = kind.study_of({**plain, "fields": fields}, str(folder.path / MANIFEST))
    again = ask(other, execution, engine=engine).tables
    return SecondSeed(str(directory), seed, compare(study, folder.tables(), again))


def _sampled(
    kind: StudyKind, study: Study[Any], stored: Tables, sample: int, run: Runner
) -> tuple[Tables, Tables, dict[str, str]]:
    """Stored and new tables of the ``sample`` runs that were made again, and the other tables."""
    if (again := kind._given("analysis", "again")) is None:
        raise InputError(f"results of {kind.name} are always made again whole", "--sample", sample)
    part, made = again(study, stored, sample, run)
    return (
        part,
        dated(study, made),
        {name: "only a sample was made again" for name in stored if name not in part},
    )


def _unlike_file(folder: ResultFolder, files: Mapping[str, str]) -> str:
    """The first of the kind's own files that differs from what its tables give; else empty."""
    for name, text in files.items():
        if (folder.path / name).read_bytes() != text.encode():
            return f"{name} is not what the tables say"
    return ""


def _figures_in(folder: ResultFolder) -> list[str]:
    """The names of the figure files of a result folder."""
    return sorted(path.name for path in (folder.path / FIGURES).glob("*.*"))


def _not_drawn(folder: ResultFolder, sample: int | None) -> str:
    """Why figures are not drawn again; empty when they are."""
    if sample is not None:
        return "drawn again only when all is made again"
    made_by = folder.manifest.get("dependencies", {}).get("matplotlib")
    here = provenance()["dependencies"].get("matplotlib")
    return "" if made_by == here else f"drawn by matplotlib {made_by}, this is {here}"


def _unlike_figure(folder: ResultFolder, figures: Sequence[Figure], names: Sequence[str]) -> str:
    """The first figure that differs from what the tables give; empty where none does."""
    from tempfile import TemporaryDirectory

    from sim.present.figures import save

    known = {figure.name: figure for figure in figures}
    for name in names:
        stem, _, form = name.rpartition(".")
        if stem not in known:
            return f"{name} is not a figure of these results"
        with TemporaryDirectory() as home:
            (path,) = save([known[stem]], Path(home), [form])  # type: ignore[list-item]
            if path.read_bytes() != (folder.path / FIGURES / name).read_bytes():
                return f"the figure {name} is not what the tables say"
    return ""


def first_difference(stored: Tables, again: Tables) -> str:
    """The first value of the tables that differs from the stored one; empty where none does.

    Two values are the same when they are equal to the last bit, or both missing.
    """
    import numpy as np

    if sorted(stored) != sorted(again):
        return f"the tables are {', '.join(again)}, stored are {', '.join(stored)}"
    for name, table in again.items():
        before, now = stored[name].frame, table.frame
        if list(before.columns) != list(now.columns) or len(before) != len(now):
            return (
                f"{name}: stored are {len(before)} rows of {', '.join(before.columns)}; made again "
                f"{len(now)} of {', '.join(now.columns)}"
            )
        for column in now.columns:
            one, other = before[column].to_numpy(), now[column].to_numpy()
            same = (
                np.asarray(one == other) | (before[column].isna() & now[column].isna()).to_numpy()
            )
            if not same.all():
                row = int(np.flatnonzero(~same)[0])
                stored_value, value = (each[row : row + 1].tolist()[0] for each in (one, other))
                return (
                    f"{name}, row {row + 1}{_keys(now, row)}, {column}: stored {stored_value!r}, "
                    f"now {value!r}"
                )
    return ""


def _keys(frame: pd.DataFrame, row: int) -> str:
    """The key of a row in words: its values before the first column of measured numbers."""
    keys = itertools.takewhile(lambda name: frame[name].dtype.kind != "f", frame.columns)
    said = [f"{name} {frame[name].iloc[row]}" for name in keys]
    return f" ({', '.join(said)})" if said else ""
