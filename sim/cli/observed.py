"""``codose observed``: lists observed and missing numbers, and reads a centre's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import shell
from sim.core.errors import InputError, did_you_mean
from sim.core.units import count

ACTIONS = ("list", "import")


def observed(
    action: Annotated[
        str, typer.Argument(metavar="[list | import]", help="List, or import a CSV file.")
    ] = "list",
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A file of observations; for import, the CSV."),
    ] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only empty slots.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(show_default="FILE with .yaml", help="Where to write what was imported."),
    ] = None,
    cite: Annotated[str, typer.Option(help="What to call the source of an import.")] = "",
    first_date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="First day of week 1, for a log with dates."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")
    ] = False,
) -> None:
    """List what was observed, and what is missing.

    The list has every number with its source, grade and use. 'import' sums up a contact log (week
    or date, region, mode, hours), and reads a survey as 'codose import survey' does.

    \b
    Examples:
      codose observed
      codose observed --missing
      codose observed import survey.csv --out my_survey.yaml
    """
    if action not in ACTIONS:
        near = did_you_mean(action, ACTIONS)
        if Path(action).suffix:  # a file without the action
            what = "import" if Path(action).suffix.lower() == ".csv" else "list"
            near = f"codose observed {what} {action}"
        raise InputError(f"{action!r} is not an action", "observed", action, "list, import", near)
    if action == "import":
        _import(file, out, cite, first_date, force)
        return
    from sim.studies.observed import read_all

    found = read_all(None if file is None else [file])
    found = [one for one in found if one.finding.missing] if missing else found
    if as_json:
        shell.write_json(
            [
                {"file": Path(o.file).name, "grade_used": o.grade, "source": o.source.cite}
                | o.finding.model_dump(mode="json")
                for o in found
            ]
        )
        return
    from sim.studies.calibrate.words import bounds

    table = shell.new_table(
        [("id", "left"), ("grade", "left"), ("use", "left"), ("value", "right"),
         ("tolerance", "left"), ("model", "left"), ("file", "left"), ("what", "text")]
    )  # fmt: skip
    for o in found:
        finding = o.finding
        low, high = finding.bounds()
        value = (
            "missing" if finding.missing else "-" if finding.value is None else f"{finding.value:g}"
        )
        table.add_row(
            o.id, o.grade, finding.use, value, bounds(round(low, 4), round(high, 4)),
            finding.measures, Path(o.file).stem, finding.what,
        )  # fmt: skip
    shell.write_table(table)
    empty = sum(o.finding.missing for o in found)
    typer.echo("")
    typer.echo(
        shell.paragraph(
            f"{count(len(found), 'finding')}, {empty} of them missing. Grades: A same setting, B "
            "same kind "
            "of intervention elsewhere, C distant; B and C are borrowed. A missing slot is filled "
            "in by hand, from the source named in its file, never guessed."
        )
    )


def _import(
    file: Path | None, out: Path | None, cite: str, first_date: str | None, force: bool
) -> None:
    """Sum up a contact log; read any other file as ``codose import survey`` does."""
    from sim.cli.imports import survey, target_of
    from sim.core.units import count
    from sim.scenario.contact_log import column_name
    from sim.scenario.loading import parse
    from sim.studies import observed_import as logs
    from sim.studies.observed import file_of
    from sim.studies.survey_import import source_of, to_yaml
    from sim.tables_in.reader import read_table

    if file is None:
        raise InputError(
            "import needs a CSV file", "observed import", allowed="a contact log, a survey"
        )
    columns = map(column_name, read_table(file, what="the survey").columns)
    if not set(logs.LOG) <= set(columns):
        survey(file, out=out, cite=cite, first_date=first_date, force=force)
        return
    target = target_of(file, None, out, ".yaml", force)
    findings = logs.log_findings(file, first_date=first_date)
    text = to_yaml({"source": source_of(file.name, cite), "findings": findings})
    back = file_of(parse(text, str(target)))
    shell.write_file(target, text, force=force)
    shell.remark(f"{count(len(back.findings), 'finding')}: {target}")
