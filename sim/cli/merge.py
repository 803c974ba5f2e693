"""``codose merge``: joins the shards of a study into its result folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import ask, completion, options, shell


def merge(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...",
            help="The folders of all shards.",
            autocompletion=completion.folders,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for what they are together.")],
    force: options.Force = False,
    figures: options.Figures = "png",
    no_figures: options.NoFigures = False,
    csv: options.Csv = False,
    xlsx: options.Xlsx = False,
    as_json: options.AsJson = False,
    time_limit: options.TimeLimit = None,
    memory_limit: options.MemoryLimit = None,
    yes: options.Yes = False,
    quiet: options.Quiet = False,
) -> None:
    """Join the shards of a study.

    The result folder is the same as that of a study that was not sharded, byte for byte. Where a
    study goes on after the runs that were shared out (another wave, a search), the rest is run
    here.

    \b
    Examples:
      codose run source -n 200 --shard 1/2 --out shard-1
      codose run source -n 200 --shard 2/2 --out shard-2
      codose merge shard-1 shard-2 --out results/source
    """
    from sim.runs import merging
    from sim.runs.execute import Execution
    from sim.studies import ask as asking
    from sim.studies.kind import StudyKind

    output = {
        "force": force, "figures": figures, "no_figures": no_figures, "csv": csv, "xlsx": xlsx,
        "as_json": as_json, "quiet": quiet,
    }  # fmt: skip
    ask.check_output(output)
    trees = merging.open_trees(folders, notice=shell.remark)
    for step, (name, stores) in enumerate(trees.items()):
        merging.check_complete(stores, name, later=step > 0)
    shell.check_result_folder(out, force=force)
    study, command = asking.read_asked(folders[0])
    store = out.with_name(out.name + ask.PARTS)
    for name, stores in trees.items():
        merging.merge_stores(stores, store / name, resume=True, force=force)
    line = StudyKind.of(study.header.kind).line(study)
    with shell.progress_bar(line, quiet=quiet) as progress:
        execution = Execution(
            store=store, resume=True, progress=progress, warn=shell.remark,
            time_limit=time_limit, memory_limit=memory_limit,
            agree=shell.asking(yes=yes, quiet=quiet),
        )  # fmt: skip
        result = asking.ask(study, execution, command=command)
    ask.finish(result, out, output, store)
