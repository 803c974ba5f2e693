"""StudyKind: what every kind of study has in common.

A kind is a folder of :mod:`sim.studies` with four modules, whose functions are found by name:

* ``spec`` has ``Spec``, the checked fields of a study (a :class:`~sim.studies.spec.Header`). It may
  have ``issues(spec)``, which yields mistakes between fields; ``check(study)``, which raises errors
  that only the scenarios can show; ``needs(study) -> (module, ...)``, which names packages of
  extras; ``LOOKS_AT_PEOPLE``, true where only the compiled engine can make the runs; and
  ``STEPS``, the steps of a study in words, where each step needs all runs of those before it.
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
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sim import studies
from sim.core.errors import check_known
from sim.core.extras import needs
from sim.present import format as formats
from sim.studies.dates import said
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
    from sim.present.answer import Answer
    from sim.present.figures import Figure
    from sim.present.table import Table
    from sim.runs.execute import Execution
    from sim.studies.ask import Runner

Tables = Mapping[str, "Table"]
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

    @property
    def steps(self) -> str:
        """The steps in which the runs of a study are made, in words; empty where there is one."""
        return self._given("spec", "STEPS", "")

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
        kept = (analysis.COLLECT,) if hasattr(analysis, "COLLECT") else ()
        return analysis.analyse(study, run(analysis.design(study), *kept))

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
