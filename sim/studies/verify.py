"""verify: makes the results of a folder again and compares them; second_seed: asks its study with
another seed.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError, Problem, ResultsError
from sim.core.files import path_of
from sim.present import format as formats
from sim.runs.engines import ENGINES, Engine
from sim.runs.execute import Execution
from sim.runs.folder import FIGURES, MANIFEST, ResultFolder, provenance, version_notes
from sim.runs.own import OwnEngine, chosen
from sim.studies.ask import Runner, ask, runner_of
from sim.studies.dates import dated
from sim.studies.kind import StudyKind, Tables
from sim.studies.result import study_in
from sim.studies.spec import Study

if TYPE_CHECKING:
    import pandas as pd

    from sim.present.figures import Figure


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
    folder = ResultFolder.read(path_of(directory, "directory", ResultsError))
    study = study_in(folder)
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
        run = runner_of(study, execution, engine)
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
    folder = ResultFolder.read(path_of(directory, "directory", ResultsError))
    study, kind = study_in(folder), StudyKind(folder.kind)
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
