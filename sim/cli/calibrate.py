"""``codose calibrate``: fit the free parameters to what was observed; say what was not learned."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import drawing, planner, shell
from sim.cli.ask import RESULTS
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.study.calibration import CalibrateFile
    from sim.study.calibration_report import CalibrationReport
    from sim.study.study_file import Study

PARTS = ".parts"
"""Ends the name of the folder that keeps finished runs until the results are written."""


def calibrate(
    study: Annotated[
        str,
        typer.Argument(metavar="STUDY", help="Path of a study file, or name of a shipped one."),
    ],
    samples: Annotated[
        int | None,
        typer.Option(min=50, show_default="the study's", help="Settings of the final sample."),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(
            "--replicates", "-n", min=2, show_default="the study's", help="Runs of each of them."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, show_default="the study's", help="Seed of the sample and all luck."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what an interrupted run has kept.")
    ] = False,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, tcp://host:port.")
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Make only the I-th of N parts of the next step's runs."),
    ] = None,
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
    """Fit parameters to what was observed.

    History matching, then ABC on a bank of runs. Says target by target what is met and missed,
    which parameters were learned and which were not, and which targets fight. The
    folder holds the plausible sets (plausible.csv, plausible.json).

    \b
    Examples:
      codose calibrate calibrate
      codose calibrate my_calibration.yaml --samples 2000 --out results/rough
      codose calibrate calibrate --resume
      codose calibrate calibrate --shard 1/8 --out shard-1
    """
    from sim.runs.execute import Execution
    from sim.runs.shard import parse_shard
    from sim.study.calibration import StepUnfinished, read_calibration
    from sim.study.calibration import calibrate as run
    from sim.study.calibration_report import CalibrationReport
    from sim.study.study_file import find_study

    draw = drawing.of("calibration_plots", figures, no_figures)
    path = find_study(study)
    asked = read_calibration(path)
    changes = {"samples": samples, "replicates": replicates, "seed": seed}
    asked = _with_fields(asked, {k: v for k, v in changes.items() if v is not None})
    folder = out if out is not None else RESULTS / path.stem
    command = planner.command_line(
        ["codose", "calibrate", study],
        {"--samples": samples, "--replicates": replicates, "--seed": seed},
    )
    part = None if shard is None else parse_shard(shard)
    if part is None:
        if resume:
            _adopt_joined_shards(folder)
        shell.check_result_folder(folder, force=force)
    parts = folder if part else _parts(folder, resume=resume)
    try:
        with shell.progress_bar(_line(path, asked), quiet=quiet) as move:
            found = run(
                asked,
                Execution(
                    store=parts, resume=resume or part is not None, cluster=cluster, shard=part,
                    command=command, warn=shell.remark, progress=move,
                ),
            )  # fmt: skip
            report = CalibrationReport(found) if part is None else None
    except StepUnfinished as stopped:
        shell.remark(
            f"Part {shard} of {stopped.step} is done; it is in {folder}. When all are: "
            f"codose merge DIR... --out DIR, then the next step with --shard {shard} and that DIR"
        )
        return
    if report is None:
        shell.remark(f"Every run is there. Now: {command} --resume --out {folder}")
        return
    report.save(folder, force=force, command=command, draw=draw)
    shutil.rmtree(parts, ignore_errors=True)
    if as_json:
        shell.write_json(
            {
                "answer": report.words(),
                "predictive_check": report.predictive.to_dict("records"),
                "contraction": report.contraction.to_dict("records"),
                "fights": report.fights.head(10).to_dict("records"),
                "plausible": report.plausible_record(command),
                "folder": str(folder),
            }
        )
    else:
        print_calibration(report)
    planner.closing_remark(folder, figures=draw is not None, quiet=quiet)


def _line(path: Path, asked: Study[CalibrateFile]) -> str:
    """What is run, in a line."""
    header = asked.header
    return f"{path.stem}: {header.waves * header.wave_samples + header.samples:,} settings"


def _with_fields(asked: Study[CalibrateFile], changes: dict[str, int]) -> Study[CalibrateFile]:
    import dataclasses

    return dataclasses.replace(asked, header=asked.header.model_copy(update=changes))


def _adopt_joined_shards(folder: Path) -> None:
    """What ``codose merge`` or shards put into the folder is where finished runs are looked for."""
    store = folder.with_name(folder.name + PARTS)
    if folder.is_dir() and any(folder.glob("*/study.json")) and not store.exists():
        folder.rename(store)


def _parts(folder: Path, *, resume: bool) -> Path:
    store = folder.with_name(folder.name + PARTS)
    if not resume and store.exists() and any(store.iterdir()):
        raise InputError(
            Problem(
                "holds the runs of an interrupted calibration; nothing was run",
                file=str(store),
                allowed="--resume, which goes on with them, or remove the folder",
            )
        )
    return store


def print_calibration(report: CalibrationReport) -> None:
    """The predictive check as a table, then the answer in words."""
    from sim.study.calibration_report import bounds

    table = shell.new_table(
        [("target", "left"), ("use", "left"), ("grade", "left"), ("wanted", "left"),
         ("sets", "right"), ("5-95 %", "left"), ("", "left"), ("as it stands", "right"),
         ("", "left"), ("what", "text")]
    )  # fmt: skip
    for _, row in report.predictive.iterrows():
        table.add_row(
            row["target"], row["use"], row["grade"], bounds(row["low"], row["high"]),
            f"{row['mean']:.3g}", f"{row['p05']:.3g} .. {row['p95']:.3g}", row["verdict"],
            f"{row['default']:.3g}", row["default_verdict"], row["what"],
        )  # fmt: skip
    shell.write_table(table)
    typer.echo("")
    for paragraph in report.words().split("\n\n"):
        typer.echo(shell.paragraph(paragraph) + "\n")
