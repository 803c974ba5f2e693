"""``codose trials``: the dosage of published trials, run in the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import drawing, planner, shell
from sim.cli.ask import RESULTS

if TYPE_CHECKING:
    from sim.study.trials import TrialComparison


def trials(
    study: Annotated[
        str,
        typer.Argument(metavar="STUDY", help="Path of a study file, or name of a shipped one."),
    ] = "trials",
    out: Annotated[
        Path | None,
        typer.Option(show_default="results/STUDY", help="Folder for results and figures."),
    ] = None,
    force: planner.Force = False,
    as_json: planner.AsJson = False,
    figures: drawing.Figures = "png",
    no_figures: drawing.NoFigures = False,
    quiet: planner.Quiet = False,
) -> None:
    """Compare dose-response with published trials.

    Runs each trial's meetings, hours, months and sites, and compares ratios of effects with what
    was observed, beside two simpler rivals. Compared, not validated.

    \b
    Examples:
      codose trials trials
      codose trials my_trials.yaml --out results/my_trials
    """
    from sim.runs.execute import Execution
    from sim.study import trials as work
    from sim.study.study_file import find_study

    draw = drawing.of("trial_plots", figures, no_figures)
    path = find_study(study)
    asked = work.read_trials_study(path)
    folder = out if out is not None else RESULTS / path.stem
    shell.check_result_folder(folder, force=force)
    line = f"{path.stem}: {asked.header.sets} sets, {asked.header.replicates} runs of each"
    with shell.progress_bar(line, quiet=quiet) as progress:
        found = work.compare_trials(asked, execution=Execution(progress=progress))
    command = planner.command_line(["codose", "trials", study], {})
    work.save(found, folder, force=force, command=command, draw=draw)
    if as_json:
        shell.write_json(
            {
                "answer": work.words(found),
                "trials": found.table.to_dict("records"),
                "scores": found.scores.to_dict("records"),
                "folder": str(folder),
            }
        )
    else:
        _print(found)
        for paragraph in work.words(found).split("\n\n"):
            typer.echo("\n" + shell.paragraph(paragraph))
    planner.closing_remark(folder, figures=draw is not None, quiet=quiet)


def _print(found: TrialComparison) -> None:
    table = shell.new_table(
        [("trial", "left"), ("sites", "right"), ("months", "right"), ("h/month", "right"),
         ("observed", "right"), ("model", "right"), ("90 %", "left"), ("regression", "right")]
    )  # fmt: skip
    for _, row in found.table.iterrows():
        table.add_row(
            row["trial"], f"{row['sites']}{'' if row['sites_known'] else '?'}",
            f"{row['months']:g}", f"{row['hours_a_month']:.2g}",
            f"{row['observed']:.2f} ({row['se']:.2f})", f"{row['model']:.2f}",
            f"{row['low']:.2f} .. {row['high']:.2f}", f"{row['regression']:.2f}",
        )  # fmt: skip
    shell.write_table(table)
