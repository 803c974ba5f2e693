"""``codose run``: many runs of a scenario, a table, a result folder with figures."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import shell, tables
from sim.errors import InputError, InterruptedRun, ParameterError, Problem

if TYPE_CHECKING:
    from sim.parameters import Parameters
    from sim.results import Runs
    from sim.scenario import Scenario

REPLICATES = {"compiled": 200, "mesa": 30}
"""Runs when none are asked for: what an engine does in moments."""
SET_REPLICATES = 4
"""Runs of each plausible set, when none are asked for: as in the planner's commands."""
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
            show_default="200, or 30 without the compiled engine; 4 with --sets",
            help="Number of runs, of each set.",
        ),
    ] = None,
    sets: Annotated[
        int | None,
        typer.Option(
            min=2,
            show_default="one: the scenario's values",
            help="Plausible parameter sets to run over.",
        ),
    ] = None,
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
    csv: Annotated[
        bool | None,
        typer.Option(
            "--csv/--no-csv",
            show_default="below 1,000 runs",
            help="Write the tables as CSV beside Parquet.",
        ),
    ] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")] = False,
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
    says what came of it, the folder holds every number and the figures.

    \b
    Examples:
      codose run source
      codose run my.yaml --replicates 1000 --out results/first
      codose run source --set trust_step=0.2 --set power_sharing=0.8 --out results/slow
      codose run source --sets 50 --out results/plausible
      codose run classroom --json --quiet > classroom.json
      codose run national -n 2000 --resume --out results/national
      codose run national -n 2000 --shard 1/8 --out shard-1
    """
    from sim.scenario import Scenario, find

    path = find(scenario)
    plan = Scenario.load(path)
    parameters = changed_parameters(plan, changes or [], beyond_range=beyond_range)
    way = Way(resume, shard, cluster, threads)
    if sets is not None:
        way.refuse_sets()
    folder = out if out is not None else RESULTS / f"{path.stem}{way.suffix}"
    command = _command(
        scenario, replicates, sets, seed, engine, changes or [], beyond_range, keep_runs
    )
    if shard is None:
        shell.check_result_folder(folder, force=force)
    asked = _asked(plan, parameters, replicates, seed, engine, keep_runs)
    source = ""
    if sets is not None:
        own = _held(plan, parameters, changes or [])
        asked["parameters"], source = _plausible(plan, own, sets)
        asked["replicates"] = replicates or SET_REPLICATES
    line = _line(path.stem, asked, default=replicates is None)
    try:
        with shell.progress_bar(line, quiet=quiet) as progress:
            runs = way.run(asked, folder, force=force, command=command, progress=progress)
    except InterruptedRun as stopped:
        _keep_what_is_there(stopped, folder if out is not None else None, force, command)
        raise typer.Exit(shell.INTERRUPTED) from None
    if runs is None:
        _tell_shard(way, folder, as_json=as_json, quiet=quiet)
        return
    runs.plausible = source
    finish(
        runs, folder, force=force, command=command, csv=csv, figures=not no_figures,
        as_json=as_json, quiet=quiet,
    )  # fmt: skip
    way.forget(folder)


def finish(
    runs: Runs,
    folder: Path,
    *,
    force: bool,
    command: str,
    csv: bool | None = None,
    figures: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Save and show results."""
    if len(runs) == len(runs.failures):
        raise RuntimeError(f"every run failed, the first {runs.failures[0].reason}")
    runs.save(folder, force=force, csv=csv, command=command)
    if figures:
        _draw(runs, folder)
    if as_json:
        shell.write_json(tables.run_record(runs, folder))
    else:
        tables.print_run(runs)
    _closing_remarks(runs, folder, figures=figures, quiet=quiet)


@dataclasses.dataclass(frozen=True)
class Way:
    """How runs are made: at once, in parts that are kept, a shard of them, on a cluster."""

    resume: bool
    shard: str | None
    cluster: str | None
    threads: int | None

    def refuse_sets(self) -> None:
        """Runs in parts are of one parameter set."""
        for option, value in (
            ("--resume", self.resume), ("--shard", self.shard), ("--cluster", self.cluster)
        ):  # fmt: skip
            if value:
                raise InputError(
                    Problem(f"does not go with {option}", "--sets", allowed="one of the two")
                )

    @property
    def suffix(self) -> str:
        """What a shard adds to the name of the usual folder."""
        return "" if self.shard is None else f"-shard-{self.shard.replace('/', '-of-')}"

    def run(
        self,
        asked: dict[str, Any],
        folder: Path,
        *,
        force: bool,
        command: str,
        progress: Callable[[int, int], object] | None,
    ) -> Runs | None:
        """The runs; None for a shard, which is then in the folder."""
        if not (self.resume or self.shard or self.cluster):
            from sim import results

            return results.run(**asked, weekly=True, threads=self.threads, progress=progress)
        from sim.study import chunks, run_parts

        shard = None if self.shard is None else chunks.parse_shard(self.shard)
        store = run_parts.parts_beside(folder) if self.resume else None
        return run_parts.run_in_parts(
            **asked,
            store=folder if shard else store,
            resume=self.resume,
            force=force,
            cluster=self.cluster,
            shard=shard,
            threads=self.threads,
            command=command,
            progress=progress,
            notice=shell.remark,
        )

    def forget(self, folder: Path) -> None:
        """Delete the parts beside results that are complete."""
        if self.resume:
            from sim.study import run_parts

            run_parts.forget_parts(folder)


def _asked(
    scenario: Scenario,
    parameters: Parameters,
    replicates: int | None,
    seed: int | None,
    engine: str,
    keep_runs: bool,
) -> dict[str, Any]:
    """What is to be run."""
    from sim.ensemble import choose_engine

    name, _ = choose_engine(engine)
    return {
        "scenario": scenario,
        "parameters": parameters,
        "replicates": replicates or REPLICATES[name],
        "seed": scenario.seed if seed is None else seed,
        "engine": name,
        "keep_runs": keep_runs,
    }


def _held(plan: Scenario, parameters: Parameters, changes: Sequence[str]) -> dict[str, float]:
    """What holds in every plausible set: the scenario's own values, and those of ``--set``."""
    named = [change.partition("=")[0].strip() for change in changes]
    return dict(plan.parameters) | {name: parameters[name] for name in named}


def _plausible(
    plan: Scenario, held: dict[str, float], count: int
) -> tuple[tuple[Parameters, ...], str]:
    """Plausible sets for a scenario, and the sentence on what stands behind them."""
    from sim.study.plausible import plausible_sets

    found = plausible_sets(count)
    return tuple(one.replace(beyond_range=True, **held) for one in found.sets), found.source


def _line(label: str, asked: dict[str, Any], *, default: bool) -> str:
    """What is run, in a line."""
    count = asked["replicates"]
    if isinstance(asked["parameters"], tuple):
        return (
            f"{label}: {len(asked['parameters'])} plausible sets x {count} "
            f"(engine {asked['engine']}, seed {asked['seed']})"
        )
    noun = "run" if count == 1 else "runs"
    why = ", the default of this engine" if default else ""
    return f"{label}: {count:,} {noun}{why} (engine {asked['engine']}, seed {asked['seed']})"


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


def _draw(runs: Runs, folder: Path) -> None:
    from sim.view import plots

    plots.save_figures(runs, runs.scenario, folder / "figures")


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
    sets: int | None,
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
