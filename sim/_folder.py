"""A result folder: written whole or not at all, and checked when it is read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Problem, ResultsError
from sim.outcomes import NAMES

if TYPE_CHECKING:
    import pandas as pd  # imported, as pyarrow is, where it is used: no run need wait for it

FORMAT = "codose results"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
CSV_ROWS = 100_000

Writer = Callable[[Path], None]
"""Fills a new, empty folder."""


def refusal(path: Path, message: str, allowed: str = "") -> ResultsError:
    """The error to raise about a file or folder."""
    return ResultsError(Problem(message, file=str(path), allowed=allowed))


# --- writing -----------------------------------------------------------------------------------


def write_folder(target: Path, write: Writer, *, force: bool) -> Path:
    """Make the folder with what ``write`` puts into it; returns where it is.

    It is filled under a hidden name beside the target and then renamed, so that nobody ever sees
    half of it, and what was there before is there until the new one is complete.

    Args:
        target: the folder; a link to a folder is followed.
        write: fills a folder.
        force: replace a folder that holds results of codose. Nothing else is ever replaced.

    Raises:
        ResultsError: the target may not or cannot be written. Nothing is left behind.
    """
    from pyarrow import ArrowException

    try:
        place = Path(os.path.realpath(target))
        _check_target(target, place, force)
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = _new_sibling(place, "partial")
        try:
            write(partial)
            _put(partial, place)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except (OSError, ArrowException) as error:
        raise _cannot_write(target, error) from error
    return target


def _check_target(target: Path, place: Path, force: bool) -> None:
    if not os.path.lexists(place):
        return
    if not place.is_dir():
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
    """A new folder beside the place, hidden; names of other processes are passed over."""
    for number in itertools.count():
        path = place.with_name(f".{place.name}.{word}-{os.getpid()}-{number}")
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path
    raise AssertionError("unreachable")


def _put(partial: Path, place: Path) -> None:
    """Rename the finished folder into its place; the one it replaces goes last."""
    if not place.exists():
        partial.rename(place)
        return
    former = _new_sibling(place, "former")
    former.rmdir()
    place.rename(former)
    try:
        partial.rename(place)
    except BaseException:
        former.rename(place)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _cannot_write(target: Path, error: Exception) -> ResultsError:
    code = getattr(error, "errno", None)
    text = getattr(error, "strerror", None) or str(error)
    if code == errno.ENOSPC or "No space left" in text:
        return refusal(
            target, "there is no space left on this disk; nothing was written", "another disk"
        )
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return refusal(target, f"cannot be written ({text})", "a folder that you may write to")
    if code == errno.EBUSY:
        return refusal(target, f"cannot be replaced ({text})", "a new folder inside it")
    return refusal(target, f"cannot be written ({text})")


def write_table(folder: Path, name: str, frame: pd.DataFrame, *, csv: bool = True) -> None:
    """Write ``name.parquet`` and ``name.csv``; the same frame gives the same bytes."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pyarrow.parquet.write_table(table, folder / f"{name}.parquet", compression="zstd")
    if not csv:
        return
    plain = pa.schema(
        [
            field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
            for field in table.schema
        ]
    )
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    with pyarrow.csv.CSVWriter(folder / f"{name}.csv", plain, write_options=options) as writer:
        for start in range(0, len(table), CSV_ROWS):  # as plain text it is many times as large
            writer.write_table(table.slice(start, CSV_ROWS).cast(plain))


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write readable JSON; refuses what JSON does not know (NaN)."""
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def fingerprints(folder: Path) -> dict[str, dict[str, Any]]:
    """SHA-256 and size of every file in the folder, by name."""
    return {
        path.name: {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
    }


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- reading -----------------------------------------------------------------------------------


def read_manifest(
    folder: Path, *, any_version: bool = False, kind: str | None = "run"
) -> dict[str, Any]:
    """The manifest of a result folder.

    Args:
        folder: of results.
        any_version: ask no more than that it is one, of whatever kind and version.
        kind: the command that has to have made it ("run", "compare", "surface" ...); None: any.

    Raises:
        ResultsError: there is no such folder, it holds no results, those of a newer codose, or of
            another command.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        raise refusal(folder, "is a file, not a folder" if folder.exists() else "no such folder")
    if not path.is_file():
        raise refusal(
            folder,
            f"is not a result folder (it holds no {MANIFEST})",
            allowed="a folder written by 'codose run SCENARIO --out DIR'",
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
    if version > FORMAT_VERSION and not any_version:
        raise refusal(
            path,
            f"was written by a newer codose ({manifest.get('codose')}, format {version}); update "
            "codose to read it",
            allowed=f"format {FORMAT_VERSION} or older",
        )
    if not any_version:
        made_by = kind_of(manifest)
        if kind is not None and made_by != kind:
            raise refusal(
                folder,
                f"holds results of 'codose {made_by}'",
                allowed=f"a folder written by 'codose {kind}'",
            )
        if made_by == "run":
            _check_manifest(path, manifest)
    return manifest


def kind_of(manifest: Mapping[str, Any]) -> str:
    """The command that made a result folder; that of runs is not written down."""
    return str(manifest.get("kind", "run"))


_KEYS = {
    "codose": str,
    "python": str,
    "dependencies": dict,
    "seed": int,
    "replicates": int,
    "runs": int,
    "engine": str,
    "parameter_sets": list,
    "outcomes": list,
    "keep_runs": bool,
    "scenario_digest": str,
    "scenario": dict,
    "files": dict,
}


def _check_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a manifest that lacks something, or of a codose with other outcomes."""
    for key, kind in _KEYS.items():
        if not isinstance(manifest.get(key), kind):
            raise refusal(path, f"is damaged (no usable {key!r}); make the results again")
    if not {"runs.parquet", "weeks.parquet"} <= manifest["files"].keys():
        raise refusal(path, "is damaged (it lists no data); make the results again")
    if tuple(manifest["outcomes"]) != NAMES:
        raise refusal(
            path,
            f"was written by codose {manifest['codose']}, whose outcomes are not those of this "
            "version; make the results again",
        )


def read_timing(folder: Path) -> dict[str, Any]:
    """When and how long; empty if unknown. Nothing depends on it."""
    try:
        timing = json.loads((folder / "timing.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return timing if isinstance(timing, dict) else {}


def damages(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Every data file that is missing or not as it was written."""
    command = manifest.get("command")
    again = f"make the results again with: {command}" if command else "make the results again"
    for name, stored in manifest["files"].items():
        path = folder / name
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


def read_table(path: Path) -> pd.DataFrame:
    """A Parquet file.

    Raises:
        ResultsError: it is missing or cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_table(path).to_pandas()
    except (OSError, pa.ArrowException) as error:
        text = " ".join(str(error).split())
        raise refusal(path, f"cannot be read ({text}); make the results again") from None
