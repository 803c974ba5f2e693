"""ResultFolder: the results of a study, written whole or not at all, and checked when read.

The folder of any kind of study holds ``manifest.json`` (format, kind, the whole study, versions,
the meaning of every column, SHA-256 of every file), ``timing.json`` (the only file that differs
when the study is made again), a Parquet file for each table and a CSV file for each that is not too
long, ``answer.txt``, further files of some kinds, and ``figures/``.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.metadata
import itertools
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core import signals
from sim.core.cells import BOM, FORMULA
from sim.core.errors import Problem, ResultsError, read_back
from sim.present.figures import save as save_figures
from sim.present.table import Column, Rows, Table, WholeRows
from sim.runs import safe
from sim.runs.safe import refusal

if TYPE_CHECKING:
    import pyarrow as pa  # imported where it is used, because runs do not need it

    from sim.present.answer import Answer
    from sim.present.figures import Figure, Format

FORMAT = "codose results"
FORMAT_VERSION = 2
MANIFEST = "manifest.json"
TIMING = "timing.json"
ANSWER = "answer.txt"
FIGURES = "figures"
CSV_ROWS = 500_000
"""Most rows of a table that is written as CSV by default."""
_CSV_BLOCK = 100_000
_EXTRAS = ("calibrate", "plan", "cluster")
"""Extras whose versions may change numbers."""

Writer = Callable[[Path], None]
"""A function that fills a new, empty folder."""


# --- writing -----------------------------------------------------------------------------------


def write_folder(target: Path, write: Writer, *, force: bool) -> Path:
    """Make a folder, let ``write`` fill it, and return its path.

    The folder is filled under a hidden name beside the target and then renamed, so that a folder is
    never seen half written, and the old folder stays until the new one is complete.

    Args:
        target: the folder; a link to a folder is followed.
        write: the function that fills a folder.
        force: replace a folder that holds results of codose. Nothing else is ever replaced.

    Raises:
        ResultsError: the target may not or cannot be written. Nothing is left behind.
    """
    from pyarrow import ArrowException

    try:
        place = Path(os.path.realpath(target))
        mend(target)
        check_target(target, force=force)
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = _new_sibling(place, "partial")
        try:
            write(partial)
            files = [path for path in partial.rglob("*") if path.is_file()]
            with ThreadPoolExecutor(8) as pool:  # a disk flushes several files as fast as one
                for _ in pool.map(safe.flush_file, files):
                    pass
            if not _renamed(partial, place):
                check_target(target, force=force)  # another process may have been faster
                _replace(place, partial)
            safe.flush_folder(place.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except (OSError, ArrowException) as error:
        raise _cannot_write(target, error) from error
    return target


def check_target(target: Path, *, force: bool) -> None:
    """Check that results may be written to a folder; see :func:`write_folder`.

    Raises:
        ResultsError: they may not.
    """
    place = Path(os.path.realpath(target))
    if not os.path.lexists(place):
        return
    if not os.path.isdir(place):
        raise refusal(target, "is a file, not a folder")
    if not any(place.iterdir()):
        return
    if not force:
        raise refusal(
            target,
            "the folder is not empty",
            allowed="another folder; or force (--force), which replaces a result folder",
        )
    try:
        read_manifest(place, any_version=True)
    except ResultsError:
        raise refusal(
            target,
            f"the folder holds something else than results of codose (no usable {MANIFEST}): "
            "it is not replaced, not even by force",
            allowed="another folder",
        ) from None
    home, here = Path(os.path.expanduser("~")), Path.cwd()
    if place in (home, here, *here.parents):
        raise refusal(
            target,
            "is the home folder, or the folder you are in: it is not replaced",
            allowed="another folder",
        )


def _new_sibling(place: Path, word: str) -> Path:
    """A new hidden folder beside the target, under a name that no other process uses."""
    for number in itertools.count():
        name = f".{place.name}.{word}-{safe.host()}-{os.getpid()}-{number}"
        path = place.with_name(name)
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path
    raise AssertionError("unreachable")


def _renamed(partial: Path, place: Path) -> bool:
    """Rename the finished folder to a path where there is nothing, or an empty folder."""
    try:
        partial.rename(place)
    except OSError as error:
        if not place.is_dir() or error.errno == errno.EBUSY:
            raise
        return False
    return True


def _replace(place: Path, partial: Path) -> None:
    """Rename the finished folder to its path, and then delete the folder that it replaces."""
    former = _new_sibling(place, "former")
    former.rmdir()
    place.rename(former)
    try:
        partial.rename(place)
    except BaseException:
        former.rename(place)
        raise
    shutil.rmtree(former, ignore_errors=True)


def mend(target: Path) -> str:
    """Clean up after a process that was killed while it wrote a folder.

    An unfinished new folder is deleted. An old folder that was moved away is moved back if the new
    one is missing, and deleted otherwise.

    Args:
        target: the folder that the process was writing.

    Returns:
        A sentence on the folder that was moved back; empty when there was none.

    Raises:
        ResultsError: the old folder cannot be moved back; the message says where it is.
    """
    place, said = Path(os.path.realpath(target)), ""
    sibling = re.compile(
        rf"\.{re.escape(place.name)}\.(partial|former)-(?:([A-Za-z0-9-]+)-)?(\d+)-\d+"
    )
    try:
        beside = sorted(place.parent.iterdir())
    except OSError:
        return ""
    for path in beside:
        match = sibling.fullmatch(path.name)
        if not match or not safe.is_stale(path, match[2] or "", int(match[3])):
            continue
        if match[1] == "former" and not place.exists():
            try:
                path.rename(place)
            except OSError as error:
                raise refusal(
                    target,
                    f"was being replaced when codose was stopped; what it held is in {path}, and "
                    f"cannot be moved back ({error.strerror})",
                ) from None
            said = f"{target}: replacing it was interrupted; what it held before is back"
        else:
            shutil.rmtree(path, ignore_errors=True)
    return said


def _cannot_write(target: Path, error: Exception) -> ResultsError:
    code = getattr(error, "errno", None)
    text = getattr(error, "strerror", None) or str(error)
    if inside := re.search(r"\[errno (\d+)\]", text, re.I):  # the form of an error of pyarrow
        code = int(inside[1])
        text = os.strerror(code)
    if code in (errno.ENOSPC, errno.EDQUOT):
        return refusal(
            target, "there is no space left on this disk; nothing was written", "another disk"
        )
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return refusal(target, f"cannot be written ({text})", "a folder that you may write to")
    if code == errno.EBUSY:
        return refusal(target, f"cannot be replaced ({text})", "a new folder inside it")
    return refusal(target, f"cannot be written ({text})")


def write_table(folder: Path, name: str, rows: Table, *, csv: bool = True) -> None:
    """Write ``name.parquet`` and ``name.csv``; the same rows give the same bytes.

    The CSV begins with a byte order mark, by which Excel recognises UTF-8, only if some text holds
    a letter beyond ASCII. An apostrophe marks text that a spreadsheet would read as a formula.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    parts = rows.parts()
    first = next(parts)
    # Floats hardly repeat: a dictionary of them takes time, and more room than they do.
    few: Any = [field.name for field in first.schema if not pa.types.is_floating(field.type)]
    whole: Any = [field.name for field in first.schema if pa.types.is_integer(field.type)]
    with pyarrow.parquet.ParquetWriter(
        folder / f"{name}.parquet", first.schema, compression="zstd", use_dictionary=few,
        write_statistics=whole,
    ) as file:  # fmt: skip
        kept = []
        for part in itertools.chain((first,), parts):
            signals.check()  # in a second thread, which no signal reaches
            file.write_table(part)
            if csv:
                kept.append(part)
    if not csv:
        return
    table = pa.concat_tables(kept)
    plain = pa.schema(
        [
            field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
            for field in table.schema
        ]
    )
    table = _harmless(table)
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    with (folder / f"{name}.csv").open("wb") as file:
        if not all(_is_ascii(column) for column in table.columns):
            file.write(BOM.encode())
        with pyarrow.csv.CSVWriter(file, plain, write_options=options) as writer:
            for start in range(0, len(table), _CSV_BLOCK):  # a table is many times larger as text
                signals.check()
                writer.write_table(table.slice(start, _CSV_BLOCK).cast(plain))


def _is_ascii(column: pa.ChunkedArray) -> bool:
    """Whether a column of text holds ASCII only; true for any other column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = pc.unique(column).dictionary_decode()  # type: ignore[attr-defined]
    texts = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return not texts or pc.all(pc.string_is_ascii(column)).as_py() is not False  # type: ignore[attr-defined]


def _harmless(table: pa.Table) -> pa.Table:
    """The table with :func:`sim.core.cells.harmless` texts, each of them looked at once: columns of
    text become dictionaries."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field_ in enumerate(table.schema):
        column = table.column(place)
        if pa.types.is_string(field_.type) or pa.types.is_large_string(field_.type):
            column = column.dictionary_encode()
        if pa.types.is_dictionary(column.type):
            chunks = [
                pa.DictionaryArray.from_arrays(
                    chunk.indices,
                    pc.replace_substring_regex(  # type: ignore[attr-defined]
                        chunk.dictionary, pattern=f"({FORMULA})", replacement=r"'\1"
                    ),
                )
                for chunk in column.chunks
            ]
            column = pa.chunked_array(chunks, column.type)
            table = table.set_column(place, field_.name, column)
    return table


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write readable JSON; NaN and infinity, which JSON lacks, are refused."""
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def fingerprints(folder: Path) -> dict[str, dict[str, Any]]:
    """SHA-256 and size of every file in the folder, by name."""
    return {
        path.name: {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- reading -----------------------------------------------------------------------------------


def read_manifest(folder: Path, *, any_version: bool = False) -> dict[str, Any]:
    """The manifest of a result folder.

    Args:
        folder: a result folder.
        any_version: accept every version of the format.

    Raises:
        ResultsError: there is no such folder, it holds no results, or its format has another
            version.
    """
    path = folder / MANIFEST
    if not os.path.exists(folder):
        mend(folder)
    if not os.path.isdir(folder):
        raise refusal(
            folder, "is a file, not a folder" if os.path.exists(folder) else "no such folder"
        )
    if not os.path.isfile(path):
        raise refusal(
            folder,
            f"is not a result folder (it holds no {MANIFEST})",
            allowed="a folder that a codose command wrote with --out DIR",
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise refusal(path, f"cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise refusal(path, f"is damaged ({error}); make the results again") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise refusal(path, "is not a manifest of results of codose")
    version = manifest.get("format_version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise refusal(path, f"is damaged (format_version is {version!r}); make the results again")
    if any_version:
        return manifest
    if version != FORMAT_VERSION:
        _refuse_version(path, manifest, version)
    for key, kind in _KEYS.items():
        if not isinstance(manifest.get(key), kind):
            raise refusal(path, f"is damaged (no usable {key!r}); make the results again")
    if not manifest["files"]:
        raise refusal(path, "is damaged (it lists no data); make the results again")
    return manifest


def _again(manifest: Mapping[str, Any]) -> str:
    command = manifest.get("command")
    return f"make the results again with: {command}" if command else "make the results again"


def _refuse_version(path: Path, manifest: Mapping[str, Any], version: int) -> None:
    made_by = f"codose {manifest.get('codose')}, format {version}"
    if version > FORMAT_VERSION:
        raise refusal(
            path, f"was written by a newer version ({made_by}); update codose to read it",
            allowed=f"format {FORMAT_VERSION}",
        )  # fmt: skip
    raise refusal(
        path, f"was written by an earlier version ({made_by}), whose folders this one does not "
        f"read; {_again(manifest)}", allowed=f"format {FORMAT_VERSION}",
    )  # fmt: skip


_KEYS = {
    "kind": str,
    "codose": str,
    "python": str,
    "dependencies": dict,
    "seed": int,
    "runs": int,
    "failed": int,
    "study": dict,
    "tables": dict,
    "answer": dict,
    "files": dict,
}


def read_table(path: Path) -> WholeRows:
    """The rows of a Parquet file.

    Raises:
        ResultsError: the file is missing or cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet

    from sim.present import arrow

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            return WholeRows(arrow.written(file.read()))
    except (OSError, pa.ArrowException) as error:
        text = " ".join(str(error).split())
        raise refusal(path, f"cannot be read ({text}); make the results again") from None


# --- where results come from -------------------------------------------------------------------


PROVENANCE = ("codose", "python", "engine_digest", "dependencies")
"""The names of the versions that results come from."""


def provenance() -> dict[str, Any]:
    """The versions that results come from: codose, its engine, Python and dependencies. The machine
    and the time are in timing.json.

    Returns:
        {"codose": version, "python": version, "engine_digest": hash of the source files that
        numbers come from, "dependencies": {name: version}}
    """
    from sim.engine import layout  # loads the engine, which reading a folder does not need

    # The installed distribution may be older than this checkout, or missing.
    codose, python = sys.modules["sim"].__version__, platform.python_version()
    dependencies = {name: _version(name) for name in _dependencies()}
    facts = codose, python, layout.source_hash(), dependencies
    return dict(zip(PROVENANCE, facts, strict=True))


@cache  # what is installed stays as it is while a process runs
def _dependencies() -> list[str]:
    """The packages that codose and the extras that may change a number require, sorted by name."""
    try:
        required = importlib.metadata.requires("codose") or []
    except importlib.metadata.PackageNotFoundError:
        return ["numpy"]
    names = set()
    for line in required:
        extra = re.search(r"extra == [\"']([\w-]+)", line)
        if extra is None or extra[1] in _EXTRAS:
            names.add(re.match(r"[\w.-]+", line)[0])  # type: ignore[index]
    return sorted(names, key=str.lower)


@cache
def _version(distribution: str) -> str:
    try:
        found = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
    # found.version reads the whole file as an e-mail, with the package's description in it
    line = re.search(r"^Version: (\S+)$", found.read_text("METADATA") or "", re.MULTILINE)
    return line[1] if line else found.version


def version_notes(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Sentences on each version that differs between the results and this installation."""
    here = provenance()
    if manifest["codose"] != here["codose"]:
        yield (
            f"the results were made by codose {manifest['codose']}, this is {here['codose']}: "
            "values may differ on purpose (see the change log)"
        )
    if manifest.get("engine_digest", here["engine_digest"]) != here["engine_digest"]:
        yield "the results were made by a compiled engine of other sources than those here"
    made = {"Python": manifest["python"], **manifest["dependencies"]}
    present = {"Python": here["python"], **here["dependencies"]}
    others = [
        f"{name} {made.get(name, '?')} (here {version})"
        for name, version in present.items()
        if made.get(name) != version
    ]
    if others:
        yield f"made with other versions: {', '.join(others)}"


# --- a folder as a whole -----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ResultFolder:
    """A result folder on disk.

    Attributes:
        path: the path of the folder.
        manifest: the contents of its ``manifest.json``.
    """

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def write(
        cls,
        target: Path,
        *,
        kind: str,
        study: Mapping[str, Any],
        tables: Mapping[str, Table],
        answer: Answer,
        figures: Sequence[Figure] = (),
        formats: Sequence[Format] = ("png",),
        files: Mapping[str, str] | None = None,
        facts: Mapping[str, Any],
        timing: Mapping[str, Any],
        force: bool = False,
        csv: bool | None = None,
    ) -> Path:
        """Write a result folder, complete or not at all.

        Args:
            target: the folder.
            kind: the kind of study.
            study: the whole study, as plain values.
            tables: the tables of results by name.
            answer: the answer in sentences.
            figures, formats: the figures, and the formats of their files.
            files: further text files by name.
            facts: seed, runs, failed runs, versions and command.
            timing: when the results were made, and how long that took.
            force: replace a folder that holds results of codose.
            csv: write tables as CSV too; None: only those of at most :data:`CSV_ROWS` rows.

        Raises:
            ResultsError: the target may not or cannot be written. Nothing is left behind.
        """

        def write(folder: Path) -> None:
            if not figures:
                write_data(folder)
                return
            # Compressing, hashing and writing release Python's lock, which drawing holds.
            with ThreadPoolExecutor(1) as thread:
                data = thread.submit(write_data, folder)
                save_figures(figures, folder / FIGURES, formats)
            data.result()

        def write_data(folder: Path) -> None:
            def one(name: str) -> None:
                short = len(tables[name]) <= CSV_ROWS
                write_table(folder, name, tables[name], csv=short if csv is None else csv)

            with ThreadPoolExecutor(2) as pool:  # a long table takes as long as all the others
                for _ in pool.map(one, tables):
                    pass
            texts = {ANSWER: answer.text + "\n", **(files or {})}
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8", newline="\n")
            manifest = {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "kind": kind,
                **facts,
                "answer": answer.record(),
                "tables": {name: _description(table) for name, table in tables.items()},
                "study": study,
                "files": fingerprints(folder),
            }
            write_json(folder / MANIFEST, manifest)
            write_json(folder / TIMING, timing)

        return write_folder(target, write, force=force)

    @classmethod
    def read(cls, path: Path) -> ResultFolder:
        """Open a result folder; tables are read only when they are used.

        Raises:
            ResultsError: it is no result folder, or its format has another version.
        """
        return cls(path, read_manifest(path))

    @property
    def kind(self) -> str:
        """The kind of study."""
        return str(self.manifest["kind"])

    @property
    def timing(self) -> Mapping[str, Any]:
        """When it was made, and how long that took; empty if unknown. No result uses it."""
        try:
            timing = json.loads((self.path / TIMING).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return timing if isinstance(timing, dict) else {}

    def tables(self) -> Mapping[str, Table]:
        """Every table, with the meaning of its columns; each is read at its first use.

        Using a table raises a ResultsError where it is missing or damaged.
        """
        return _Tables(self.path, self.manifest["tables"])

    def damages(self) -> Iterator[Problem]:
        """A problem for every data file that is missing or differs from what was written."""
        again = _again(self.manifest)
        for name, stored in self.manifest["files"].items():
            path = self.path / name
            try:
                found = sha256(path)
            except FileNotFoundError:
                yield Problem(f"is missing; {again}", file=str(path))
                continue
            except OSError as error:
                yield Problem(f"cannot be read ({error.strerror})", file=str(path))
                continue
            if not isinstance(stored, dict) or found != stored.get("sha256"):
                yield Problem(
                    f"is not as it was written (its checksum is not the one in {MANIFEST}): it was "
                    f"changed or damaged; {again}",
                    file=str(path),
                )


class _Tables(Mapping[str, Table]):
    """The tables of a folder by name, read at their first use."""

    def __init__(self, folder: Path, described: Mapping[str, Any]) -> None:
        self._folder, self._described = folder, described
        self._read: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        if name not in self._read:
            described, path = self._described[name], self._folder / f"{name}.parquet"
            rows = read_table(path)
            with read_back("does not fit its manifest", file=str(path), error=ResultsError):
                self._read[name] = _table(name, rows, described)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._described

    def __iter__(self) -> Iterator[str]:
        return iter(self._described)

    def __len__(self) -> int:
        return len(self._described)


def _description(table: Table) -> dict[str, Any]:
    """Title, note and columns of a table, as plain values for the manifest."""
    return {
        "title": table.title,
        "note": table.plain_note,
        "rests_on": table.rests_on,
        "rows": len(table),
        "columns": [asdict(column) for column in table.columns],
    }


def _table(name: str, rows: Rows, description: Mapping[str, Any]) -> Table:
    """The table from its :func:`_description` and the numbers of its file."""
    rests_on, title, note = (description[key] for key in ("rests_on", "title", "note"))
    columns = [Column(**column) for column in description["columns"]]
    texts = [title, note, *(text for column in columns for text in asdict(column).values())]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("the description of a title, a note or a column is not text")
    return Table(
        name,
        rows,
        columns,
        title=title,
        note=note,
        rests_on=None if rests_on is None else (int(rests_on[0]), int(rests_on[1])),
    )
