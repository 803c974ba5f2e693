"""The commands of all kinds of study: :func:`command` makes each of them.

The argument and the options of a kind come from its ``Spec`` (fields marked by
:class:`~sim.studies.spec.Option`, see :mod:`sim.cli.declared`), and those of running from
:class:`~sim.runs.execute.Execution`. All commands have the same options of output.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from sim.cli import completion, shell
from sim.cli import options as shared
from sim.cli.declared import TYPES, Found, Taken, declared, flag, options_of
from sim.core import signals
from sim.core.errors import InputError, InterruptedRun, Problem, ResultsError
from sim.core.extras import needs
from sim.core.units import count

if TYPE_CHECKING:
    from sim.runs.execute import Execution
    from sim.studies.kind import StudyKind
    from sim.studies.result import Result
    from sim.studies.spec import Study

RESULTS = Path("results")
"""The default folder of results."""
PARTS = ".parts"
"""End of the name of the folder that keeps finished runs until the results are written."""
FIRST_WRITE = 5.0
"""Seconds of a command before it keeps finished runs, which it can make again as fast."""

ARGUMENTS: Mapping[str, tuple[Any, str, str]] = {
    "study": (str, "STUDY", "Path of a study file, or name of a shipped one."),
    "scenario": (str, "SCENARIO", "Path of a scenario file, or name of a shipped one."),
    "scenarios": (list[str], "SCENARIO", "Paths of scenario files, or names of shipped ones."),
}
"""Type, name and help of each possible argument of a kind."""


def made(name: str) -> Any:
    """The command of a kind of study, in the form that the command line needs."""
    return shell.made(name, command(name), shared.EXITS)


def command(name: str) -> Callable[..., None]:
    """The command of a kind of study, for typer; not even its Spec is loaded before it runs."""
    told = declared(name)

    def run(**given: Any) -> None:
        from sim.studies.kind import StudyKind

        kind = StudyKind.of(name)
        asked = given.pop(told.argument)
        running = {word: given.pop(word) for word in shared.RUNNING}
        output = {word: given.pop(word) for word in shared.OUTPUT}
        _Asking(kind, asked, _changes(options_of(kind.Spec), given), running, output).run()

    typ, metavar, text = ARGUMENTS[told.argument]
    words: dict[str, Any] = {
        told.argument: Annotated[
            typ,
            typer.Argument(
                metavar=metavar,
                help=text,
                autocompletion=completion.studies if metavar == "STUDY" else completion.scenarios,
            ),
        ]
    }
    for option in told.options:
        words[option.field] = _typer_option(option)
    words |= {**shared.RUNNING, **shared.OUTPUT}
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [_parameter(word, annotation, told.argument) for word, annotation in words.items()]
    )
    run.__annotations__ = words
    run.__name__ = name
    run.__doc__ = told.help
    return run


def _typer_option(option: Taken) -> Any:
    """The declaration of an option for typer."""
    base = TYPES[option.type]
    return Annotated[
        list[str] | None if option.many else bool if base is bool else base | None,
        typer.Option(
            *option.names,
            metavar=option.metavar or None,
            show_default=option.default,
            help=option.help,
        ),
    ]


def _parameter(word: str, annotation: Any, argument: str) -> inspect.Parameter:
    default: Any = inspect.Parameter.empty
    if word != argument:
        flag = get_args(annotation)[0] is bool
        default = shared.DEFAULTS.get(word, False if flag else None)
    return inspect.Parameter(
        word, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


# --- options of a Spec ---------------------------------------------------------------------------


def option_words(kind: StudyKind, fields: Mapping[str, Any]) -> list[str]:
    """The options that set these fields, as a user would type them; the inverse of reading."""
    words: list[str] = []
    for field, (option, _) in options_of(kind.Spec).items():
        if field not in fields:
            continue
        value = fields[field]
        given = option.write(value) if option.write is not None else value
        for each in given if isinstance(given, list | tuple) else [given]:
            words += [flag(field, option)] if each is True else [flag(field, option), str(each)]
    return words


def _changes(options: Mapping[str, Found], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields given on the command line, read from their texts.

    Raises:
        InputError: some texts cannot be read, all of which are listed.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for field, (option, _) in options.items():
        value = given[field]
        if value is None or value is False or value == []:  # but keep 0, which was given
            continue
        try:
            found[field] = value if option.read is None else option.read(value)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


def _path_from(home: Path, text: Any) -> Any:
    """A path relative to a folder; a number stays a number."""
    return text if str(text).strip().isdigit() else os.path.relpath(text, home)


# --- one call ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Asking:
    """One call of a command."""

    kind: StudyKind
    asked: Any
    changes: Mapping[str, Any]
    running: Mapping[str, Any]
    output: Mapping[str, Any]

    def run(self) -> None:
        check_output(self.output)
        study = self._study()
        self.kind.check_packages(study)
        if self.running["cluster"] is not None:
            needs("distributed", work="--cluster")
        folder = self.output["out"] or RESULTS / self.kind.folder(self.asked, study)
        shard = self._shard()
        if shard is not None and self.output["out"] is None:
            folder = folder.with_name(f"{folder.name}-shard-{shard[0]}-of-{shard[1]}")
        store = folder if shard is not None else folder.with_name(folder.name + PARTS)
        with signals.work():
            if shard is not None:
                self._make(study, folder, store, shard)
            elif not self._is_done(study, folder, store):
                shell.check_result_folder(folder, force=self.output["force"])
                try:
                    self._make(study, folder, store, shard)
                except ResultsError:
                    with contextlib.suppress(ResultsError):  # another process may be first
                        if self._is_done(study, folder, store):
                            return
                    raise
                except KeyboardInterrupt:  # after the runs, during analysis or writing
                    if not any(store.rglob("*.parquet")):
                        raise
                    text = f"interrupted; the runs are kept in {store}, and the same command with"
                    raise InterruptedRun(f"{text} --resume goes on", partial=store) from None

    def _is_done(self, study: Study[Any], folder: Path, store: Path) -> bool:
        """Whether, with --resume, the folder already holds the complete result, which is shown."""
        from sim.runs.folder import mend, version_notes
        from sim.studies.result import finished

        if not self.running["resume"]:
            return False
        if said := mend(folder):
            shell.remark(said)
        try:
            result = finished(folder, study)
        except ResultsError:
            if self.output["force"]:
                return False
            raise
        if result is None:
            return False
        if not self.output["quiet"]:
            shell.remark(f"Nothing to do: {folder} holds the results of this study.")
            for note in version_notes(result.provenance):
                shell.remark(f"note: {note}")
        shutil.rmtree(store, ignore_errors=True)
        tell(result, folder, as_json=self.output["as_json"])
        return True

    def _make(self, study: Study[Any], folder: Path, store: Path, shard: Any) -> None:
        """Make the runs, and write their results."""
        made = self._command(study)
        new = [folder for folder in (store, *store.parents) if not os.path.exists(folder)]
        with shell.progress_bar(self.kind.line(study), quiet=self.output["quiet"]) as progress:
            execution = self._execution(store, shard, made, progress)
            from sim.runs.execute import Unfinished
            from sim.studies.ask import ask

            try:
                self._estimate(study, execution)
                result = ask(study, execution, command=made)
            except Unfinished as error:
                self._tell_shard(folder, shard, error.store.name)
                return
            finally:
                _remove_if_empty(new)
        if shard is not None:
            self._tell_complete(folder)
            return
        finish(result, folder, self.output, store)

    def _study(self) -> Study[Any]:
        """The study with its options; messages on a mistake in an option name the option."""
        from sim.studies.spec import StudyError

        try:
            if self.kind.argument == "study":
                return self.kind.read(self.asked, **self._from_study())
            return self.kind.make(**{self.kind.argument: self.asked}, **self.changes)
        except StudyError as error:
            raise InputError([self._of_option(problem) for problem in error.problems]) from None

    def _from_study(self) -> dict[str, Any]:
        """The given options, with paths relative to the study's file, as in the file itself."""
        from sim.studies.spec import find_study

        changes, options = dict(self.changes), options_of(self.kind.Spec)
        for field, value in self.changes.items():
            if options[field][0].path:
                home = find_study(self.asked).parent
                many = isinstance(value, list)
                found = [_path_from(home, one) for one in (value if many else [value])]
                changes[field] = found if many else found[0]
        return changes

    def _of_option(self, problem: Problem) -> Problem:
        field, _, rest = problem.field.partition("[")[0].partition(".")
        options = options_of(self.kind.Spec)
        if field not in self.changes or field not in options:
            return problem
        named = f"{flag(field, options[field][0])} {rest}".strip()
        message = problem.message.replace("set beyond_range: true", "add --beyond-range")
        return dataclasses.replace(problem, field=named, message=message, file="", line=0, column=0)

    def _shard(self) -> tuple[int, int] | None:
        from sim.runs.shard import parse_shard

        text = self.running["shard"]
        return None if text is None else parse_shard(text)

    def _execution(self, store: Path, shard: Any, made: str, progress: Any) -> Execution:
        from sim.runs.execute import Execution

        if not (self.running["resume"] or shard or self.output["force"]) and os.path.exists(store):
            raise InputError(
                "holds the runs of an interrupted study; nothing was run",
                file=str(store),
                allowed="--resume, which goes on with them, or --force, which begins anew",
            )
        return Execution(
            store=store,
            resume=self.running["resume"],
            force=self.output["force"],
            shard=shard,
            cluster=self.running["cluster"],
            threads=self.running["threads"],
            progress=progress,
            warn=shell.remark,
            command=made,
            first_write=0.0 if shard else FIRST_WRITE,
            time_limit=self.running["time_limit"],
            memory_limit=self.running["memory_limit"],
            agree=shell.asking(yes=self.running["yes"], quiet=self.output["quiet"]),
        )

    def _estimate(self, study: Study[Any], execution: Execution) -> None:
        """Report the expected time, where the kind knows it; refuse work above the time limit."""
        quiet = self.output["quiet"]
        file_limit = getattr(study.header, "time_limit_minutes", None)
        if quiet and execution.time_limit is None and file_limit is None:
            return
        said = self.kind.estimate(study, execution)
        if said and not quiet:
            shell.remark(said)

    def _command(self, study: Study[Any]) -> str:
        """The command that makes the same results again, for the manifest."""
        asked = [self.asked] if isinstance(self.asked, str) else list(self.asked)
        return shlex.join(
            ["codose", self.kind.name, *asked, *option_words(self.kind, self.changes)]
        )

    def _tell_complete(self, folder: Path) -> None:
        """Report that the folder of a shard holds the parts of all other shards too."""
        if self.output["as_json"]:
            shell.write_json({"folder": str(folder)})
        if not self.output["quiet"]:
            shell.remark(f"Every run is there; now: codose merge {folder} --out DIR")

    def _tell_shard(self, folder: Path, shard: Any, step: str) -> None:
        """Report that a shard has done its part of a step, and what comes next."""
        text = f"{shard[0]}/{shard[1]}"
        if self.output["as_json"]:
            shell.write_json({"shard": text, "folder": str(folder), "step": step})
        if self.output["quiet"]:
            return
        shell.remark(f"Shard {text}: {folder}; when all are there: codose merge DIR... --out DIR")
        if steps := self.kind.steps:
            shell.remark(
                f"This was the step {step}; the steps are {steps}. 'codose merge' makes those that "
                "follow on one machine. Shards that work in one folder share them out too: repeat "
                "the commands with --resume. --cluster shares them out by itself."
            )


def check_output(output: Mapping[str, Any]) -> None:
    """Check, before any run is made, that results can be written in the forms asked for.

    Raises:
        InputError: a form is unknown, or its package is not installed.
    """
    from sim.present.figures import formats_of

    formats_of(output["figures"])
    if output["xlsx"]:
        needs("openpyxl", work="an Excel file", instead="CSV", field="--xlsx")


def finish(result: Result, folder: Path, output: Mapping[str, Any], store: Path) -> None:
    """Save and show a result; failed runs are reported even when quiet: see :func:`tell`.

    Args:
        result: the result.
        folder: its folder.
        output: values of the options :data:`sim.cli.options.OUTPUT`.
        store: the folder that kept the runs. The result folder holds all of it once it is written,
            even if the output is cut off.
    """
    from sim.present.figures import formats_of

    figures = formats_of("none" if output["no_figures"] else output["figures"])
    with signals.work():
        result.save(
            folder, force=output["force"], figures=figures, csv=True if output["csv"] else None
        )
        if output["xlsx"]:
            from sim.studies.report import WORKBOOK, workbook_of

            shell.write_book(folder / WORKBOOK, workbook_of(result))
        shutil.rmtree(store, ignore_errors=True)
    said = "" if output["quiet"] else f"Results{' and figures' if figures else ''}: {folder}"
    tell(result, folder, as_json=output["as_json"], said=said)


def tell(result: Result, folder: Path, *, as_json: bool, said: str = "") -> None:
    """Print a result; failed runs are reported on stderr and give exit code 1."""
    if as_json:
        shell.write_json(record(result, folder))
    else:
        show(result)
    if said:
        shell.remark(said)
    if result.failed:
        first = result.table("failures").iloc[0]
        shell.remark(
            f"{result.failed:,} of {count(result.runs, 'run')} failed and are left out; the first "
            "was set "
            f"{first['set_index']}, replicate {first['replicate']}, {first['stage']}: "
            f"{first['reason']}"
        )
        raise typer.Exit(shell.FAILED)


def show(result: Result) -> None:
    """Print the question, the answer in words, and the tables meant for reading.

    The number of runs is printed once, and again for a table that uses other runs.
    """
    from sim.present.answer import CAVEAT

    answer, kind = result.answer, result.kind
    if kind.argument == "scenario":  # readers know a scenario by its name and question
        typer.echo(kind.title(result.study))
        typer.echo(f"{shell.paragraph(kind.question(result.study))}\n".lstrip())
    for text in (answer.verdict, *answer.rows.values(), *answer.lines):
        typer.echo(shell.paragraph(text))
    said = answer.text
    for table in kind.shown(result.study, result.tables):
        note = table.plain_note if table.ground in said else table.note
        said += note
        typer.echo(f"\n{table.title}")
        shell.write_table(table.terminal())
        if note:
            typer.echo(shell.paragraph(note))
    typer.echo("")
    typer.echo(shell.paragraph(" ".join([*answer.notes, CAVEAT])))


def record(result: Result, folder: Path) -> dict[str, Any]:
    """The output of ``--json``: the answer and every table meant for programs."""
    recorded = result.kind.recorded(result.study, result.tables)
    return {
        "kind": result.kind.name,
        "study": result.kind.title(result.study),
        "answer": result.answer.text,
        **result.answer.record(),
        **({} if (start := result.study.start_date) is None else {"start_date": str(start)}),
        "seed": result.study.seed,
        "runs": result.runs,
        "failed": result.failed,
        "tables": {table.name: table.records() for table in recorded},
        "folder": str(folder),
    }


def _remove_if_empty(new: list[Path]) -> None:
    """Delete a new store without finished parts, and the folders that were made for it."""
    if not new or any(new[0].rglob("*.parquet")):
        return
    shutil.rmtree(new[0], ignore_errors=True)
    with contextlib.suppress(OSError):  # a folder that holds something else stays
        for folder in new[1:]:
            folder.rmdir()
