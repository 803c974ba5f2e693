"""``codose sensitivity``: which assumptions carry the result."""

from __future__ import annotations

import shlex
import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import shell
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.study.sensitivity import SensitivityResult
    from sim.study.sensitivity_file import Sensitivity
    from sim.study.subjects import Means

RESULTS = Path("results")
PARTS = ".parts"
"""Ends the name of the folder that keeps finished runs until the results are written."""


class Ranges(StrEnum):
    """What free parameters vary over."""

    table = "table"
    plausible = "plausible"


def sensitivity(
    study: Annotated[
        str,
        typer.Argument(metavar="STUDY", help="Path of a study file, or name of a shipped one."),
    ],
    samples: Annotated[
        int | None,
        typer.Option(min=1, show_default="the study's", help="Base samples of the design."),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option("--replicates", "-n", min=1, show_default="the study's", help="Runs a point."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, show_default="the study's", help="Seed of the sample and all luck."),
    ] = None,
    ranges: Annotated[
        Ranges | None,
        typer.Option(
            show_default="the study's",
            help="Of free parameters: the table's, or what calibration leaves of each.",
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", metavar="MINUTES", help="Refuse what takes longer."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what an interrupted run has kept.")
    ] = False,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, tcp://host:port.")
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Make only the I-th of N parts of the runs."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(show_default="results/STUDY", help="Folder for results and figures."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace results in that folder.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")
    ] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no remarks on stderr.")
    ] = False,
) -> None:
    """Find which assumptions carry the result.

    Indices by SALib, corrected for the luck that is left in the means; each with an interval and
    a verdict: settled, or about how many more runs it would take.

    \b
    Examples:
      codose sensitivity screen
      codose sensitivity sobol --samples 1024 --out results/sobol-1024
      codose sensitivity sobol --ranges plausible --out results/sobol-plausible
      codose sensitivity experiments/pawn.yaml --time-limit 10
      codose sensitivity sobol --resume
    """
    from sim.study.study_file import find_study, kind_of

    path = find_study(study)
    folder = out if out is not None else RESULTS / path.stem
    if resume:
        _adopt_joined_shards(folder)
    if shard is None:
        shell.check_result_folder(folder, force=force)
    changes: dict[str, Any] = {"samples": samples, "replicates": replicates, "seed": seed}
    changes = {name: value for name, value in changes.items() if value is not None}
    if kind_of(path) == "ladder":
        _refuse_with(resume=resume, cluster=cluster, shard=shard, samples=samples, ranges=ranges)
        command = _command(study, changes)
        _ladder(path, folder, changes, command, force, no_figures, as_json, quiet)
        return
    from sim.study import sensitivity_file

    if ranges is not None:
        changes["ranges"] = ranges.value
    command = _command(study, changes)
    asked = sensitivity_file.load(path).with_fields(**changes)
    means = _means(folder, resume, cluster, _shard(shard), command)
    _estimate(asked, means, time_limit, cluster, quiet)
    if shard is not None:
        _run_shard(asked, means, quiet)
        shell.remark(
            f"part {shard} is done; it is in {means.store}. When all are: codose merge DIR... "
            f"--out {RESULTS / path.stem}"
        )
        return
    result = _run(asked, means, quiet)
    _write(result, folder, force, command, not no_figures)
    if means.store is not None and means.store.exists():
        shutil.rmtree(means.store)
    _print(result, folder, as_json)
    if not quiet:
        _remark_time(result, folder)


def _means(
    folder: Path, resume: bool, cluster: str | None, shard: tuple[int, int] | None, command: str
) -> Means:
    from sim.study.subjects import Means

    store = folder if shard is not None else folder.with_name(folder.name + PARTS)
    if not resume and shard is None and store.exists() and any(store.iterdir()):
        raise InputError(
            Problem(
                "holds the runs of an interrupted study; nothing was run",
                file=str(store),
                allowed="--resume, which goes on with them, or remove the folder",
            )
        )
    return Means(
        store=store, resume=resume or shard is not None, cluster=cluster, shard=shard,
        command=command, notice=shell.remark,
    )  # fmt: skip


def _adopt_joined_shards(folder: Path) -> None:
    """What ``codose merge`` put into the folder is where finished runs are looked for."""
    store = folder.with_name(folder.name + PARTS)
    if folder.is_dir() and any(folder.glob("*/study.json")) and not store.exists():
        folder.rename(store)


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    from sim.study.chunks import parse_shard

    return parse_shard(text)


def _estimate(
    asked: Sensitivity, means: Means, limit: float | None, cluster: str | None, quiet: bool
) -> None:
    """Say how long the runs take on this machine; refuse what is above the limit."""
    from sim.study.sensitivity import (
        check_time,
        estimate_analysis,
        estimate_seconds,
        words_of_time,
    )

    minutes = limit if limit is not None else asked.header.time_limit_minutes
    seconds = estimate_seconds(asked, means)
    analysis = 0.0 if means.shard is not None else estimate_analysis(asked)
    if cluster is None:
        check_time(asked, seconds + analysis, minutes)
    if not quiet:
        where = "on this machine alone" if cluster else "here"
        most = ""
        if asked.header.stop is not None:
            most = f"; the stop rule may go on to {asked.header.stop.budget_runs:,} runs"
        shell.remark(
            f"{asked.header.name}: {asked.points:,} points, {asked.runs:,} runs, about "
            f"{words_of_time(seconds)} {where}"
            + (f", then the analysis, about {words_of_time(analysis)}" if analysis else "")
            + most
        )


def _run_shard(asked: Sensitivity, means: Means, quiet: bool) -> None:
    from dataclasses import replace

    from sim.study.sensitivity import run_shard

    with shell.progress_bar("running", quiet=quiet) as progress:
        run_shard(asked, replace(means, progress=progress))


def _run(asked: Sensitivity, means: Means, quiet: bool) -> SensitivityResult:
    from dataclasses import replace

    from sim.study.sensitivity import run_sensitivity

    with shell.progress_bar("running", quiet=quiet) as progress:
        return run_sensitivity(asked, replace(means, progress=progress))


def _write(
    result: SensitivityResult, folder: Path, force: bool, command: str, figures: bool
) -> None:
    from sim.study.sensitivity_folder import save

    drawing = None
    if figures:
        from sim.view.sensitivity_plots import save_figures

        drawing = save_figures
    save(result, folder, force=force, command=command, draw=drawing)


def _print(result: SensitivityResult, folder: Path, as_json: bool) -> None:
    from sim.study.sensitivity_words import words

    if as_json:
        keep = ["method", "outcome", "week", "index", "factor", "other", "naive", "value", "low",
                "high", "settled", "verdict", "more_runs"]  # fmt: skip
        shell.write_json(
            {
                "study": result.asked.header.name,
                "points": result.points,
                "runs": result.runs,
                "seed": result.asked.header.seed,
                "indices": result.indices[keep].to_dict("records"),
                "noise": result.noise.to_dict("records"),
                "undefined": {" ".join(k).strip(): v for k, v in result.undefined.items()},
                "words": words(result),
                "folder": str(folder),
            }
        )
        return
    _table(result)
    typer.echo("")
    for paragraph in words(result).split("\n\n"):
        typer.echo(shell.paragraph(paragraph) + "\n")


def _table(result: SensitivityResult) -> None:
    """Main index of every factor: a row a factor, outcome and week."""
    from sim.study.sensitivity import main_indices

    table = shell.new_table(
        [("outcome", "left"), ("week", "left"), ("method", "left"), ("factor", "left"),
         ("index", "left"), ("corrected", "right"), ("95 % interval", "left"), ("naive", "right"),
         ("verdict", "left")]
    )  # fmt: skip
    for method, index in main_indices(result):
        for label in result.labels:
            rows = result.of(label.outcome, method=method, index=index, week=label.week)
            for _, row in rows.iterrows():
                known = row["value"] == row["value"]
                table.add_row(
                    row["outcome"], row["week"], method, row["factor"], index,
                    f"{row['value']:.3f}" if known else "-",
                    f"{row['low']:.3f} .. {row['high']:.3f}" if row["low"] == row["low"] else "-",
                    f"{row['naive']:.3f}", row["verdict"],
                )  # fmt: skip
    shell.write_table(table)


def _remark_time(result: SensitivityResult, folder: Path) -> None:
    parts = ", ".join(f"{name} {spent:.1f}" for name, spent in result.seconds.items())
    shell.remark(
        f"Time in seconds: {parts} (store: keeping what is done, while the threads of the runs go "
        f"on). Results: {folder}"
    )


# --- ladders --------------------------------------------------------------------------------------


def _refuse_with(**given: Any) -> None:
    for name, value in given.items():
        if value:
            raise InputError(
                Problem(f"--{name} does nothing for a study of kind ladder", field=f"--{name}")
            )


def _ladder(
    path: Path, folder: Path, changes: dict[str, int], command: str, force: bool,
    no_figures: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """What remains of a contrast as assumptions go."""
    from sim.study import small_studies

    study = small_studies.load(path, changes)
    with shell.progress_bar(study.line, quiet=quiet) as progress:
        result = study.run(progress=progress)
    drawing = None
    if not no_figures:
        from sim.view import small_study_plots

        drawing = small_study_plots.save_figures
    small_studies.save(result, folder, force=force, command=command, draw=drawing)
    if as_json:
        shell.write_json(result.record() | {"folder": str(folder)})
        return
    table = shell.new_table([(name, kind) for name, kind in result.columns])
    for row in result.rows():
        table.add_row(*row)
    shell.write_table(table)
    typer.echo("")
    for paragraph in result.words().split("\n\n"):
        typer.echo(shell.paragraph(paragraph) + "\n")
    if not quiet:
        shell.remark(f"Results: {folder}")


def _command(study: str, changes: dict[str, Any]) -> str:
    """The command that makes the same results again, for the manifest."""
    words = ["codose", "sensitivity", study]
    for name, value in changes.items():
        words += [f"--{name}", str(value)]
    return shlex.join(words)
