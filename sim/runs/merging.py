"""Joining the shards of a study: :func:`open_trees` opens and :func:`merge_stores` copies them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sim.core.errors import ResultsError
from sim.runs import safe
from sim.runs.store import MANIFEST, Notice, Store, differences

_NAMED = 8
_DEPTHS = ("", "*/", "*/*/")


Stores = list[Store]
"""Stores of one study, each with some of its parts."""


def open_trees(
    folders: Sequence[str | os.PathLike[str]], notice: Notice | None = None
) -> dict[str, Stores]:
    """The stores in some folders and their subfolders, by their path within them.

    Raises:
        ResultsError: a folder holds no study, or another study; the message says what differs.
    """
    if not folders:
        raise ResultsError("no folder is given", allowed="the folders of all shards")
    trees: dict[str, Stores] = {}
    for folder in map(Path, folders):
        found = [path for deep in _DEPTHS for path in sorted(folder.glob(deep + MANIFEST))]
        for place in [path.parent for path in found] or [folder]:
            name = place.relative_to(folder).as_posix()
            trees.setdefault(name, []).append(Store.load(place, notice))
    for stores in trees.values():
        _check_one_study(stores)
    return trees


def _check_one_study(stores: Stores) -> None:
    first = stores[0]
    for other in stores[1:]:
        if other.study == first.study:
            continue
        what = differences(first.facts, other.facts, f"in {first.folder}")
        raise safe.refusal(
            other.folder,
            f"holds another study than {first.folder}: {what}",
            "shards of one study",
        )


def check_complete(stores: Stores, place: str = ".", *, later: bool = False) -> None:
    """Check that the stores together hold every part of their study.

    Args:
        stores: the stores of the shards.
        place: the path of each store within the folder of its shard.
        later: the stores are those of a later step of a study in steps. A shard of such a step
            needs the steps before, so all shards of the study work in one folder.

    Raises:
        ResultsError: chunks are missing; the message names them and the commands that make them.
    """
    first = stores[0]
    held = {chunk for store in stores for chunk in store.present}
    missing = [chunk for chunk in range(first.chunks) if chunk not in held]
    if not missing:
        return
    runs = sum(len(first.range(chunk)) for chunk in missing)
    shown = ", ".join(str(chunk) for chunk in missing[:_NAMED])
    more = "" if len(missing) <= _NAMED else f" and {len(missing) - _NAMED} more"
    raise ResultsError(
        f"{runs:,} of {first.key['runs']:,} runs of the study are missing (chunks {shown}"
        f"{more}, of {first.chunks})",
        file=", ".join(str(store.folder) for store in stores),
        allowed="run first: " + "; ".join(_commands(stores, missing, place, later)),
    )


def _commands(stores: Stores, missing: Sequence[int], place: str, later: bool) -> list[str]:
    """The commands that would make the missing chunks."""
    above = len(Path(place).parts)

    def shard_of(store: Store) -> Path:
        return store.folder if not above else store.folder.parents[above - 1]

    shards = {tuple(s.record["shard"]): s for s in stores if s.record.get("shard")}
    command = stores[0].record.get("command") or "the same command"
    counts = {parts for _, parts in shards}
    if len(counts) != 1:
        return [f"{command} --resume --out {shard_of(stores[0])}"]
    (parts,) = counts
    lacking = sorted({chunk % parts + 1 for chunk in missing})
    commands = []
    for part in lacking:
        known = shards.get((part, parts), stores[0] if later else None)
        where = f"--out {shard_of(known)} --resume" if known else f"--out shard-{part}"
        commands.append(f"{command} --shard {part}/{parts} {where}")
    return commands


def together(stores: Stores) -> Store:
    """One store, itself not on disk, that reads each part from the store that has it.

    Raises:
        ResultsError: a part is damaged, or two stores hold different values for the same runs.
    """
    first = stores[0]
    found = Store(first.folder, first.key, first.columns, first.record, first.notice)
    for store in stores:
        found.adopt(store)
    return found


def merge_stores(
    stores: Stores, out: str | os.PathLike[str], *, resume: bool = False, force: bool = False
) -> Store:
    """Copy the parts of all stores into one new store.

    Raises:
        ResultsError: as :meth:`Store.open`; a part is damaged; or two stores hold different values
            for the same runs.
    """
    for store in stores:
        if os.path.realpath(store.folder) == os.path.realpath(out):
            raise safe.refusal(Path(out), "is one of the shards", "a new folder")
    joined = together(stores)
    record = {name: value for name, value in joined.record.items() if name != "shard"}
    whole = Store.open(out, joined.key, joined.columns, resume=resume, force=force, record=record)
    for chunk in joined.present:
        whole.copy(joined, chunk)
    return whole
