"""``codose audit``: a study's own design, run in the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import planner, shell
from sim.cli.run import RESULTS

if TYPE_CHECKING:
    from sim.study.design_audit import Audit


def audit(
    study: Annotated[
        str,
        typer.Argument(metavar="STUDY", help="Path of a study file, or name of a shipped one."),
    ],
    sets: Annotated[
        int | None,
        typer.Option(min=2, show_default="the study's", help="Plausible parameter sets."),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(
            "--replicates", "-n", min=1, show_default="the study's", help="Replications of each."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, show_default="the study's", help="Seed of all luck.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(show_default="results/STUDY", help="Folder for results and figures."),
    ] = None,
    force: planner.Force = False,
    as_json: planner.AsJson = False,
    no_figures: planner.NoFigures = False,
    quiet: planner.Quiet = False,
) -> None:
    """Run a study's design: what would it have seen?

    Selection, survey, sample size and all, many times: what would it report when TA works as
    calibrated, and when it does nothing? Which cheap addition to the design mends most?

    \b
    Examples:
      codose audit audit_source
      codose audit audit_on_demand --sets 20 --out results/rough
    """
    import dataclasses

    from sim.runs.execute import Execution
    from sim.study import audit_report
    from sim.study.design_audit import audit as run
    from sim.study.design_audit import read_audit
    from sim.study.study_file import find_study

    path = find_study(study)
    asked = read_audit(path)
    changes = {"sets": sets, "replicates": replicates, "seed": seed}
    update = {name: value for name, value in changes.items() if value is not None}
    asked = dataclasses.replace(asked, header=asked.header.model_copy(update=update))
    folder = out if out is not None else RESULTS / path.stem
    shell.check_result_folder(folder, force=force)
    header = asked.header
    line = f"{path.stem}: {header.sets} sets, {header.replicates} replications of each"
    with shell.progress_bar(line, quiet=quiet) as progress:
        found = run(asked, execution=Execution(progress=progress))
    command = planner.command_line(
        ["codose", "audit", study],
        {"--sets": sets, "--replicates": replicates, "--seed": seed},
    )
    audit_report.save(
        found, folder, force=force, command=command, draw=None if no_figures else _draw
    )
    if as_json:
        shell.write_json(
            {
                "answer": audit_report.words(found),
                "audit": found.table.to_dict("records"),
                "leniency": found.leniency.to_dict("records"),
                "folder": str(folder),
            }
        )
    else:
        for paragraph in audit_report.words(found).split("\n\n"):
            for line in paragraph.split("\n"):
                typer.echo(shell.paragraph(line))
            typer.echo("")
    planner.closing_remark(folder, figures=not no_figures, quiet=quiet)


def _draw(found: Audit, folder: Path) -> None:
    from sim.view import audit_plots

    audit_plots.save_figures(found, folder)
