"""Store: the runs of a study on disk, in parts that survive a crash.

A study is a fixed list of runs, cut into chunks whose size depends on the study alone. Each
finished chunk is one Parquet file, a part. Its name holds the number of the chunk, a content key
(of the study and the range of runs) and the SHA-256 of its bytes. A part is written under another
name and then renamed, so it has its final name only when it is complete. A folder of parts is
therefore usable however the work stopped, and damage to a part is noticed. No write of a part waits
for the disk: if the machine stops and a part is lost, its runs are made again.

``study.json`` identifies the study. Several processes may add parts to one folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.errors import ResultsError
from sim.runs import safe

if TYPE_CHECKING:
    import pyarrow as pa  # imported where it is used, because a first run can do without

FORMAT = "codose study"
FORMAT_VERSION = 2
MANIFEST = "study.json"
_PART = re.compile(r"part-(\d{6,})-([0-9a-f]{16})-([0-9a-f]{64})\.parquet")

Notice = Callable[[str], object]
"""A function called with a sentence that the user should read and that is no error."""


class DamagedPart(ResultsError):
    """A part is missing or differs from what was written."""


def digest_of(facts: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of some facts."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(eq=False)
class Store:
    """The parts of one study. Made by :meth:`open` or :meth:`load`.

    Attributes:
        folder: the folder of the parts.
        key: everything that identifies the study, as plain values for JSON; at least ``runs`` (the
            number of all runs) and ``chunk`` (runs in a chunk; the last chunk may be shorter).
        columns: names of the columns of every part, in order.
        record: further facts on its origin (versions, command, shard), not part of the key.
        notice: called with a sentence on each damaged part, which is made again; default: a Python
            warning.
    """

    folder: Path
    key: Mapping[str, Any]
    columns: tuple[str, ...]
    record: Mapping[str, Any] = field(default_factory=dict)
    notice: Notice | None = None
    _parts: dict[int, Path] = field(default_factory=dict)

    # --- opening -----------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        study_key: Mapping[str, Any],
        columns: Sequence[str],
        *,
        resume: bool = False,
        force: bool = False,
        record: Mapping[str, Any] | None = None,
        notice: Notice | None = None,
    ) -> Store:
        """The store of a study in a folder, new or (with ``resume``) as it was left.

        Args:
            folder: the folder, which must be new or empty; its parents are made.
            study_key, columns, record, notice: see the class.
            resume: keep the parts in the folder; if there are none, the store is new.
            force: delete the parts of any study in the folder (and nothing else) and begin anew;
                with ``resume``, delete only those of another study.

        Raises:
            ResultsError: the folder holds something else, or another study (the message says what
                differs), or this study and neither ``resume`` nor ``force`` is given; or the folder
                cannot be written.
        """
        key = json.loads(json.dumps(study_key, allow_nan=False))
        store = cls(Path(folder), key, tuple(columns), dict(record or {}), notice)
        with safe.clear_errors(store.folder):
            store.folder.mkdir(parents=True, exist_ok=True)
            safe.remove_stale(store.folder)
            held = [path for path in store.folder.iterdir() if not safe.is_temporary(path)]
            if force and held and not (resume and store._is_here()):
                store._check_is_study(held)
                for path in held:
                    if path.name != MANIFEST:  # the manifest goes last, so a crash leaves a study
                        path.unlink(missing_ok=True)
                store._write_manifest()
            elif held or not store._begin():
                store._continue(held or [store.folder / MANIFEST], resume)
        return store

    @classmethod
    def load(cls, folder: str | os.PathLike[str], notice: Notice | None = None) -> Store:
        """The store in a folder, of any study.

        Raises:
            ResultsError: the folder holds no study, or one of a newer codose.
        """
        manifest = _read_manifest(Path(folder))
        store = cls(
            Path(folder),
            manifest["key"],
            tuple(manifest["columns"]),
            manifest["record"],
            notice,
        )
        store.scan()
        return store

    def _check_is_study(self, held: Sequence[Path]) -> None:
        """Refuse to delete, or add to, a folder that is not a store."""
        others = [p.name for p in held if p.name != MANIFEST and not _PART.fullmatch(p.name)]
        if others or not any(path.name == MANIFEST for path in held):
            raise safe.refusal(
                self.folder,
                f"the folder holds something else than a study ({min(others or [held[0].name])})",
                "another folder",
            )

    def _is_here(self) -> bool:
        """Whether the folder holds the same study."""
        try:
            return Store.load(self.folder).study == self.study
        except ResultsError:
            return False

    def _continue(self, held: Sequence[Path], resume: bool) -> None:
        self._check_is_study(held)
        manifest = _read_manifest(self.folder)
        asked = self.facts
        stored = {**manifest["key"], "columns": manifest["columns"]}
        if asked != stored:
            raise safe.refusal(
                self.folder,
                f"the folder holds another study: {differences(stored, asked)}",
                "another folder, or --force, which deletes that study",
            )
        if not resume:
            raise safe.refusal(
                self.folder,
                "the folder holds runs of this study already",
                "--resume, which goes on from them, or --force, which deletes them",
            )
        self.record = manifest["record"]
        self.scan()

    def _begin(self) -> bool:
        """Whether this process has begun the folder; another may have done so at that moment."""
        try:
            self._write_manifest(new=True)
        except FileExistsError:
            return False
        return True

    def _write_manifest(self, *, new: bool = False) -> None:
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "key": dict(self.key),
            "columns": list(self.columns),
            "record": dict(self.record),
        }
        text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        safe.write_bytes(self.folder / MANIFEST, text.encode(), new=new)

    def note(self, **facts: Any) -> None:
        """Add facts to :attr:`record`, and write it."""
        self.record = {**self.record, **facts}
        with safe.clear_errors(self.folder):
            self._write_manifest()

    def scan(self) -> None:
        """List the parts in the folder, to which other processes may have added.

        Raises:
            ResultsError: the folder holds a part of another study.
        """
        found: dict[int, Path] = {}
        for path in sorted(self.folder.iterdir()):
            if match := _PART.fullmatch(path.name):
                chunk = int(match[1])
                if chunk >= self.chunks or match[2] != self.content_key(chunk):
                    raise safe.refusal(path, "is a part of another study", "move it away")
                found.setdefault(chunk, path)
        self._parts = found

    # --- what is in it -----------------------------------------------------------------------

    @property
    def facts(self) -> dict[str, Any]:
        """The key and the columns."""
        return {**self.key, "columns": list(self.columns)}

    @property
    def study(self) -> str:
        """The key as a SHA-256 (hex)."""
        return digest_of([self.key, self.columns])

    @property
    def chunks(self) -> int:
        """Number of chunks of the whole study."""
        return -(-self.key["runs"] // self.key["chunk"])

    def range(self, chunk: int) -> range:
        """The runs of a chunk, by their number in the study."""
        size = self.key["chunk"]
        return range(chunk * size, min((chunk + 1) * size, self.key["runs"]))

    def content_key(self, chunk: int) -> str:
        """The content key of a chunk: a hash of the study and of the chunk's range of runs."""
        runs = self.range(chunk)
        return digest_of([self.study, runs.start, runs.stop])[:16]

    @property
    def present(self) -> tuple[int, ...]:
        """The numbers of the chunks that have a part, in order."""
        return tuple(sorted(self._parts))

    @property
    def missing(self) -> tuple[int, ...]:
        """The numbers of the chunks that have none, in order."""
        return tuple(chunk for chunk in range(self.chunks) if chunk not in self._parts)

    def __contains__(self, chunk: int) -> bool:
        return chunk in self._parts

    def path(self, chunk: int) -> Path:
        """The file of a chunk that is present."""
        return self._parts[chunk]

    # --- parts -------------------------------------------------------------------------------

    def write(self, chunk: int, table: pa.Table) -> Path:
        """Add a part, complete or not at all.

        Raises:
            ResultsError: the part cannot be written, for example to a full disk; other parts are
                kept.
        """
        import pyarrow as pa
        import pyarrow.parquet

        if tuple(table.column_names) != self.columns:
            raise ValueError(f"the part has columns {table.column_names}, not {self.columns}")
        sink = pa.BufferOutputStream()
        pyarrow.parquet.write_table(
            table, sink, compression="lz4", use_dictionary=False, write_statistics=False
        )
        return self._put(chunk, memoryview(sink.getvalue()))

    def _put(self, chunk: int, content: bytes | memoryview) -> Path:
        checksum = hashlib.sha256(content).hexdigest()
        name = f"part-{chunk:06d}-{self.content_key(chunk)}-{checksum}.parquet"
        with safe.clear_errors(self.folder):
            try:
                safe.write_bytes(self.folder / name, content, flush=False)
            except FileNotFoundError:  # another process finished the study and removed the store
                self.folder.mkdir(parents=True, exist_ok=True)
                self._write_manifest()
                safe.write_bytes(self.folder / name, content, flush=False)
        self._parts[chunk] = self.folder / name
        return self.folder / name

    def read(self, chunk: int) -> pa.Table:
        """The table of a part.

        Raises:
            DamagedPart: the part is missing or differs from what was written.
        """
        import pyarrow.parquet

        return pyarrow.parquet.read_table(io.BytesIO(self._content(chunk)))

    def _content(self, chunk: int) -> bytes:
        path = self._parts[chunk]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DamagedPart(f"cannot be read ({error.strerror})", file=str(path)) from None
        if hashlib.sha256(content).hexdigest() not in path.name:
            raise DamagedPart(
                "is not as it was written (its SHA-256 is not the one in its name): it was "
                "changed or damaged",
                file=str(path),
                allowed="the same command with --resume makes it again",
            )
        return content

    def read_or_discard(self, chunk: int) -> pa.Table | None:
        """The table of a part; a damaged part is reported and deleted, and gives None."""
        try:
            return self.read(chunk)
        except DamagedPart as error:
            path = self._parts.pop(chunk)
            with safe.clear_errors(self.folder):
                path.unlink(missing_ok=True)
            runs = self.range(chunk)
            self._tell(
                f"{error.problem.file}: {error.problem.message}; its runs ({runs.start:,} to "
                f"{runs.stop - 1:,}) are made again"
            )
            return None

    def _tell(self, text: str) -> None:
        if self.notice is not None:
            self.notice(text)
        else:
            warnings.warn(text, stacklevel=3)

    def copy(self, other: Store, chunk: int) -> Path:
        """Copy a part of another store of the same study, byte for byte.

        Raises:
            DamagedPart: the part differs from what was written.
            ResultsError: the copy cannot be written.
        """
        return self._put(chunk, other._content(chunk))

    def adopt(self, other: Store) -> None:
        """Read parts from another store of the same study too. Parts of both must be equal.

        Raises:
            ResultsError: a part differs.
        """
        for chunk in other.present:
            own, path = self._parts.setdefault(chunk, other.path(chunk)), other.path(chunk)
            if own.name != path.name and not same_tables(self.read(chunk), other.read(chunk)):
                raise safe.refusal(
                    path,
                    f"holds other values than {own}, though they are the same runs: one of them "
                    "was made by another version of codose",
                    "make one of them again",
                )


def same_tables(one: pa.Table, other: pa.Table) -> bool:
    """Whether two tables hold the same bytes of values (NaN equals NaN)."""
    import pyarrow as pa

    sinks = []
    for table in (one, other):
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as stream:
            stream.write_table(table.replace_schema_metadata(None).combine_chunks())
        sinks.append(sink.getvalue())
    return sinks[0] == sinks[1]


def differences(stored: Mapping[str, Any], asked: Mapping[str, Any], where: str = "there") -> str:
    """The facts in which two studies differ, in words; ``where`` says where the first one is.

    >>> differences({"seed": 1, "runs": 10}, {"seed": 2, "runs": 10})
    'seed is 1 there and 2 here'
    """
    texts = []
    for name in {**stored, **asked}:
        there, here = stored.get(name), asked.get(name)
        if there == here:
            continue
        if any(isinstance(value, list | dict) or len(str(value)) > 40 for value in (there, here)):
            texts.append(f"{name} is not the same")
        else:
            texts.append(f"{name} is {there} {where} and {here} here")
    return "; ".join(texts)


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        there = (
            "is a file, not a folder" if os.path.isfile(folder) else f"holds no study ({MANIFEST})"
        )
        raise safe.refusal(
            folder,
            there if os.path.exists(folder) else "no such folder",
            "a folder of a study or shard",
        ) from None
    except OSError as error:
        raise safe.refusal(path, f"cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise safe.refusal(path, f"is damaged ({error})", "another folder") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise safe.refusal(path, "is not the manifest of a study", "another folder")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise safe.refusal(
            path, "was written by another version of codose", f"format {FORMAT_VERSION}"
        )
    key, columns = manifest.get("key"), manifest.get("columns")
    sizes = [key.get(name) if isinstance(key, dict) else None for name in ("runs", "chunk")]
    if not (
        all(isinstance(size, int) and size > 0 for size in sizes)
        and isinstance(columns, list)
        and isinstance(manifest.get("record"), dict)
    ):
        raise safe.refusal(path, "is damaged (it does not name the study)", "another folder")
    return manifest
