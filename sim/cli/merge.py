"""``codose merge``: shards of a study become one; and ``codose run`` in parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import drawing, shell

if TYPE_CHECKING:
    from sim.study.merging import Stores


def merge(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="The folders of all shards.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for what they are together.")],
    force: Annotated[bool, typer.Option("--force", help="Replace results in that folder.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")
    ] = False,
    figures: drawing.Figures = "png",
    no_figures: drawing.NoFigures = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no remarks on stderr.")
    ] = False,
) -> None:
    """Join shards of a study into one.

    The shards of a run become its result folder, the same as of a run that was not sharded, byte
    for byte. The shards of another study become the folder that its command goes on from.

    \b
    Examples:
      codose run source -n 20000 --shard 1/2 --out shard-1
      codose run source -n 20000 --shard 2/2 --out shard-2
      codose merge shard-1 shard-2 --out results/source
    """
    from sim.study import merging

    draw = drawing.of("plots", figures, no_figures)
    trees = merging.open_trees(folders, notice=shell.remark)
    for name, stores in trees.items():
        merging.check_complete(stores, name)
    kinds = {stores[0].key.get("kind") for stores in trees.values()}
    if kinds == {"run"} and set(trees) == {"."}:
        _merge_run(trees["."], out, force, as_json, draw, quiet)
        return
    for name, stores in trees.items():
        merging.merge_stores(stores, out / name, force=force)
    command = next(iter(trees.values()))[0].record.get("command") or "the command of the study"
    if as_json:
        shell.write_json({"folder": str(out), "studies": sorted(trees)})
    if not quiet:
        shell.remark(f"Joined in {out}; go on with: {command} --resume --out {out}")


def _merge_run(
    stores: Stores, out: Path, force: bool, as_json: bool, draw: drawing.Draw, quiet: bool
) -> None:
    from sim.cli import run
    from sim.study import merging, run_parts

    shell.check_result_folder(out, force=force)
    runs = run_parts.joined(merging.together(stores))
    command = str(stores[0].record.get("command") or "")
    run.finish(
        runs, out, force=force, command=command, draw=draw, as_json=as_json,
        quiet=quiet,
    )  # fmt: skip
