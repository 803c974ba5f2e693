"""``codose run``: many runs of a scenario, a table, a result folder with figures."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import drawing, shell, tables
from sim.errors import InputError, InterruptedRun, ParameterError, Problem

if TYPE_CHECKING:
    from sim.parameters import Parameters
    from sim.results import Runs
    from sim.runs.execute import Execution, Progress
    from sim.runs.plan import RunPlan
    from sim.scenario import Scenario

RESULTS = Path("results")
"""Where results go when no folder is given."""


def run(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO", help="Path of a scenario file, or name of a shipped one."
        ),
    ],
    replicates: Annotated[
        int | None,
        typer.Option(
            "--replicates",
            "-n",
            min=1,
            show_default="4; with --fixed 200, or 30 by the readable engine",
            help="Number of runs, of each set.",
        ),
    ] = None,
    sets: Annotated[
        str | None,
        typer.Option(
            metavar="N|DIR",
            show_default="50",
            help="Plausible parameter sets to run over: how many, or a folder of 'codose "
            "calibrate'.",
        ),
    ] = None,
    fixed: Annotated[
        bool, typer.Option("--fixed", help="The scenario's own values: chance alone.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(min=0, show_default="the scenario's", help="Seed of every random number."),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="auto, mesa (readable) or compiled (fast): the same numbers.")
    ] = "auto",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change a parameter; may be repeated."),
    ] = None,
    beyond_range: Annotated[
        bool, typer.Option("--beyond-range", help="Let --set leave a plausible range.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(show_default="results/SCENARIO", help="Folder for results and figures."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace results in that folder.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")
    ] = False,
    keep_runs: Annotated[
        bool, typer.Option("--keep-runs", help="Keep every week of every run (large).")
    ] = False,
    figures: drawing.Figures = "png",
    no_figures: drawing.NoFigures = False,
    threads: Annotated[
        int | None,
        typer.Option(min=1, show_default="all processors", help="Threads; changes no number."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep finished runs on disk, and go on from them.")
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Only part I of N; 'codose merge' joins them."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Run on a Dask cluster, such as tcp://host:8786."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no remarks on stderr.")
    ] = False,
) -> None:
    """Run a scenario: with TA, and without.

    Every run is made twice with the same people and the same luck, with TA and without; the table
    says what came of it, the folder holds every number and the figures. It runs over plausible
    parameter sets, each with luck of its own, as every other command does.

    \b
    Examples:
      codose run source
      codose run my.yaml --sets 200 --out results/first
      codose run source --set trust_step=0.2 --set power_sharing=0.8 --out results/slow
      codose run source --fixed -n 1000 --out results/fixed
      codose run classroom --json --quiet > classroom.json
      codose run national --sets 500 --resume --out results/national
      codose run national --sets 500 --shard 1/8 --out shard-1
    """
    from sim.scenario import Scenario, find
    from sim.study.run import design

    draw = drawing.of("plots", figures, no_figures)
    path = find(scenario)
    plan = Scenario.load(path)
    parameters = changed_parameters(plan, changes or [], beyond_range=beyond_range)
    named = [change.partition("=")[0].strip() for change in changes or []]
    way = Way(resume, shard, cluster, threads)
    folder = out if out is not None else RESULTS / f"{path.stem}{way.suffix}"
    command = _command(
        scenario, replicates, sets, fixed, seed, engine, changes or [], beyond_range, keep_runs
    )
    if shard is None:
        shell.check_result_folder(folder, force=force)
    asked, source = design(
        plan, sets=_sets(sets), fixed=fixed, parameters=parameters if fixed else None,
        changes={name: parameters[name] for name in named}, replicates=replicates, seed=seed,
        engine=engine,
    )  # fmt: skip
    try:
        with shell.progress_bar(_line(path.stem, asked, source), quiet=quiet) as progress:
            execution = way.execution(folder, force=force, command=command, progress=progress)
            runs = way.run(asked, execution, keep_runs=keep_runs, plausible=source)
    except InterruptedRun as stopped:
        _keep_what_is_there(stopped, folder if out is not None else None, force, command)
        raise typer.Exit(shell.INTERRUPTED) from None
    if runs is None:
        _tell_shard(way, folder, as_json=as_json, quiet=quiet)
        return
    finish(
        runs, folder, force=force, command=command, draw=draw, as_json=as_json,
        quiet=quiet,
    )  # fmt: skip
    way.forget(folder)


def finish(
    runs: Runs,
    folder: Path,
    *,
    force: bool,
    command: str,
    draw: drawing.Draw,
    as_json: bool,
    quiet: bool,
) -> None:
    """Save and show results."""
    if len(runs) == len(runs.failures):
        raise RuntimeError(f"every run failed, the first {runs.failures[0].reason}")
    runs.save(folder, force=force, command=command)
    if draw is not None:
        draw(runs, folder / "figures")
    if as_json:
        shell.write_json(tables.run_record(runs, folder))
    else:
        tables.print_run(runs)
    _closing_remarks(runs, folder, figures=draw is not None, quiet=quiet)


@dataclasses.dataclass(frozen=True)
class Way:
    """How runs are made: at once, in parts that are kept, a shard of them, on a cluster."""

    resume: bool
    shard: str | None
    cluster: str | None
    threads: int | None

    @property
    def suffix(self) -> str:
        """What a shard adds to the name of the usual folder."""
        return "" if self.shard is None else f"-shard-{self.shard.replace('/', '-of-')}"

    def execution(
        self, folder: Path, *, force: bool, command: str, progress: Progress | None
    ) -> Execution:
        """How the runs of a folder are made."""
        from sim.runs.execute import Execution
        from sim.runs.shard import parse_shard

        shard = None if self.shard is None else parse_shard(self.shard)
        return Execution(
            store=folder if shard else parts_beside(folder) if self.resume else None,
            resume=self.resume, force=force, shard=shard, cluster=self.cluster,
            threads=self.threads, progress=progress, warn=shell.remark, command=command,
        )  # fmt: skip

    def run(
        self, asked: RunPlan, execution: Execution, *, keep_runs: bool, plausible: str
    ) -> Runs | None:
        """The runs; None for a shard, which is then in the folder."""
        from sim import results
        from sim.runs.execute import Unfinished

        try:
            found = results.run_plan(
                asked, keep_runs=keep_runs, plausible=plausible, execution=execution
            )
        except Unfinished:
            return None
        return None if self.shard else found

    def forget(self, folder: Path) -> None:
        """Delete the parts beside results that are complete."""
        if self.resume:
            forget_parts(folder)


def parts_beside(folder: Path) -> Path:
    """Where ``--resume --out FOLDER`` keeps runs until the results are there."""
    return folder.with_name(f"{folder.name}.parts")


def forget_parts(folder: Path) -> None:
    """Delete the runs kept beside a result folder that is complete."""
    from sim.runs.store import MANIFEST

    parts = parts_beside(folder)
    if (parts / MANIFEST).is_file():
        shutil.rmtree(parts, ignore_errors=True)


def _sets(text: str | None) -> int | str | None:
    """A number of sets, or a folder of them."""
    if text is None or not text.lstrip("+-").isdecimal():
        return text
    count = int(text)
    if count < 2:
        raise InputError(Problem(f"{count} is out of range", "--sets", count, "2 or more; --fixed"))
    return count


def _line(label: str, asked: RunPlan, source: str) -> str:
    """What is run, in a line."""
    (job,) = asked.jobs
    count = job.replicates
    why = f"(engine {asked.engine_name}, seed {asked.seed})"
    if source:
        return f"{label}: {len(job.sets)} plausible sets x {count} {why}"
    return f"{label}: {count:,} {'run' if count == 1 else 'runs'} of fixed values {why}"


def _tell_shard(way: Way, folder: Path, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        shell.write_json({"shard": way.shard, "folder": str(folder)})
    if not quiet:
        shell.remark(
            f"Shard {way.shard}: {folder}; when all are there: codose merge DIR... --out DIR"
        )


def _keep_what_is_there(
    stopped: InterruptedRun, folder: Path | None, force: bool, command: str
) -> None:
    """Save what was finished before Ctrl-C, if the user named a folder, and say so."""
    if isinstance(stopped.partial, Path):  # in parts, and kept
        shell.remark(str(stopped))
        return
    runs: Runs | None = stopped.partial
    if folder is None or runs is None or not len(runs):
        shell.remark(f"{stopped}; nothing was saved (with --out, finished runs are)")
        return
    runs.save(folder, force=force, command=command)
    shell.remark(f"{stopped}; the finished runs are saved in {folder}")


def _closing_remarks(runs: Runs, folder: Path, *, figures: bool, quiet: bool) -> None:
    """Where the results are; failed runs are said even when quiet, and end in exit code 1."""
    if not quiet:
        shell.remark(f"Results{' and figures' if figures else ''}: {folder}")
    if runs.failures:
        first = runs.failures[0]
        shell.remark(
            f"{len(runs.failures)} of {len(runs)} runs failed and are left out; the first was "
            f"replicate {first.replicate}, {first.stage}: {first.reason}"
        )
        raise typer.Exit(shell.FAILED)


def _command(
    scenario: str,
    replicates: int | None,
    sets: str | None,
    fixed: bool,
    seed: int | None,
    engine: str,
    changes: Sequence[str],
    beyond_range: bool,
    keep_runs: bool,
) -> str:
    """The command that makes the same results again, for the manifest."""
    words = ["codose", "run", scenario]
    for option, value in (("--replicates", replicates), ("--sets", sets), ("--seed", seed)):
        if value is not None:
            words += [option, str(value)]
    if fixed:
        words.append("--fixed")
    if engine != "auto":
        words += ["--engine", engine]
    for change in changes:
        words += ["--set", change]
    if beyond_range:
        words.append("--beyond-range")
    if keep_runs:
        words.append("--keep-runs")
    return shlex.join(words)


# --- --set ------------------------------------------------------------------------------------


def changed_parameters(
    scenario: Scenario, changes: Sequence[str], *, beyond_range: bool
) -> Parameters:
    """The scenario's parameters with the values of ``--set NAME=VALUE``.

    Raises:
        ParameterError: every mistake in the changes.
    """
    from sim.parameters import check_name, check_value

    allowed = beyond_range or scenario.beyond_range
    values: dict[str, float] = {}
    problems: list[Problem] = []
    for change in changes:
        name, value, problem = _split(change)
        if problem is None and name in values:
            problem = Problem("is set twice", field=_field(name))
        if problem is None and (unknown := check_name(name)):
            problem = dataclasses.replace(unknown, field="--set")
        if problem is None and (wrong := check_value(name, value, beyond_range=allowed)):
            message = wrong.message.replace("set beyond_range: true", "add --beyond-range")
            problem = dataclasses.replace(wrong, field=_field(name), message=message)
        if problem is None:
            values[name] = float(value)
        else:
            problems.append(problem)
    if problems:
        raise ParameterError(problems)
    return scenario.parameter_set().replace(beyond_range=allowed, **values)


def _field(name: str) -> str:
    return f"--set {name}"


def _split(change: str) -> tuple[str, float | str, Problem | None]:
    """Name and number (or the text that is none) of NAME=VALUE, and what is wrong with its form."""
    name, equals, text = (part.strip() for part in change.partition("="))
    if not (name and equals and text):
        what = f"{change!r} has no {'value' if name else 'name'}"
        example = "NAME=VALUE, such as trust_step=0.3"
        return name, text, Problem(what, field="--set", value=change, allowed=example)
    try:
        # Python reads 1_0 as 10; nobody who types it here means that.
        return name, text if "_" in text else float(text), None
    except ValueError:
        return name, text, None
