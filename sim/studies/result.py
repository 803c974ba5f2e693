"""Result and load: the tables of a study, and all that they come from.

A result reads, shows, draws and writes; nothing here makes runs, so a report loads no engine.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sim import studies
from sim.core.errors import InputError, ResultsError, check_known, read_back
from sim.core.files import path_of
from sim.core.units import count as counted
from sim.present.answer import Answer
from sim.runs.folder import MANIFEST, PROVENANCE, ResultFolder
from sim.runs.safe import refusal
from sim.runs.store import differences
from sim.studies.kind import StudyKind, Tables
from sim.studies.spec import Study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawn

    from sim.present.figures import Figure, Format

FAILURES = "failures"
"""The name of the table of failed runs, which exists only where a run failed."""


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

    >>> from sim.studies.ask import ask
    >>> study = StudyKind.of("ladder").make(
    ...     scenario="classroom", outcomes=["trust"], replicates=2,
    ...     contrast={"lever": "hours", "low": 1, "high": 2}, steps=[{"name": "as it is"}],
    ... )
    >>> result = ask(study)
    >>> result
    <ladder of 'Classroom: one region, small enough to watch': 4 runs, 0 failed; tables ladder>
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

    @cached_property
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
            The first columns of words and whole numbers that identify a row are the dimensions
            (without such columns, the number of the row is the only one); the other columns are
            variables with unit and meaning.

        Raises:
            InputError: no table has that name, or xarray is not installed.
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
            f"<{self.study.header.kind} of {self.kind.title(self.study)!r}: "
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
            path_of(directory, "directory", ResultsError),
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
    found = result_in(ResultFolder.read(path_of(directory, "directory", ResultsError)))
    return dataclasses.replace(found, tables=MappingProxyType(dict(found.tables)))


def result_in(folder: ResultFolder) -> Result:
    """The result that a folder holds; each table is read at its first use."""
    facts = folder.manifest
    return Result(
        study_in(folder),
        folder.tables(),
        int(facts["runs"]),
        {name: facts[name] for name in PROVENANCE if name in facts},
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
    folder = ResultFolder.read(path_of(directory, "directory", ResultsError))
    if found := tuple(folder.damages()):
        raise ResultsError(found)


def study_in(folder: ResultFolder) -> Study[Any]:
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
