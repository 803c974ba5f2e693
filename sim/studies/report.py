"""report_of: the report of a result, in the same form for every kind of study; workbook_of: the
same content as the sheets of a workbook.

Words, tables and figures are those of the kind, made from the tables of the result folder; nothing
is run. Tables whose name begins with ``costs`` are the resources, a table ``drivers`` holds the
parameters that drive the result, a table ``factors`` names what was varied, and all other tables
that the kind shows are its findings.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.core.glossary import terms_in
from sim.core.parameters import TABLE, Parameter
from sim.present import format as formats
from sim.present.answer import CAVEAT
from sim.present.report import Report, render
from sim.present.table import Column, PlainRows, Table
from sim.runs.folder import MANIFEST, ResultFolder
from sim.studies.result import FAILURES, Result, result_in, sound
from sim.studies.spec import Study

ROWS = 30
"""Most rows of a table that a report shows."""
CARRIERS = 8
"""Most parameters that are shown as drivers of a result."""


def report_html(directory: str | os.PathLike[str]) -> str:
    """The report of a result folder as one HTML file.

    Raises:
        ResultsError: the folder holds no results, results of another version, or damaged ones.
    """
    sound(directory)
    report = report_of(result_in(ResultFolder.read(Path(directory))))
    manifest = (Path(directory) / MANIFEST).read_bytes()
    report.check = "codose verify ."
    report.provenance = {**report.provenance, "manifest": hashlib.sha256(manifest).hexdigest()}
    return render(report)


def report_of(result: Result) -> Report:
    """The content of the report of a result."""
    study, kind = result.study, result.kind
    found, costs = [], []
    for table in kind.shown(study, result.tables):
        if table.name != "drivers" and len(table):
            (costs if table.name.startswith("costs") else found).append(shortened(table))
    if FAILURES in result.tables:
        found.append(shortened(result.tables[FAILURES]))
    carriers = result.tables.get("drivers")
    return Report(
        kind.help.splitlines()[0],
        kind.title(study),
        kind.question(study),
        result.answer,
        figures=list(result.figures),
        tables=found,
        costs=costs,
        assumptions=[shortened(carriers, CARRIERS)] if carriers else [_not_known_well()],
        assumption_note=_rests_on(result),
        parameters=_parameters(result),
        words={term.planners: term.meaning for term in terms_in(result.answer.text)},
        inputs=_inputs(result),
        provenance=_provenance(result),
        command=result.command,
    )


WORKBOOK = "report.xlsx"
"""The name of the workbook of a result folder."""
SHEET_ROWS = 10_000
"""Most rows of a table in a workbook."""
_SHEETS = {
    "regions": "Regions", "calendar": "Calendar", "plans": "Plans", "parameters": "Parameters"
}  # fmt: skip


def workbook_of(result: Result) -> dict[str, Table]:
    """The sheets of the workbook of a result, for :func:`sim.present.table.write_workbook`.

    The answer comes first. Every complete table that is not too long follows, then the calendar of
    the scenarios, the parameters, and notes on the meaning of columns and the provenance.
    """
    tables = {name: one for name, one in result.tables.items() if len(one) <= SHEET_ROWS}
    if "calendar" not in tables and (calendar := _calendar(result.study)):
        tables["calendar"] = calendar
    tables["parameters"] = _parameters(result)
    sheets: dict[str, Table] = {}
    for table in tables.values():
        name = _sheet_of(table)
        sheets[name if name not in sheets else formats.sentence(formats.words(table.name))] = table
    left_out = [one for name, one in result.tables.items() if name not in tables]
    return {"Answer": _answer(result), **sheets, "Notes": _notes(result, sheets, left_out)}


def _sheet_of(table: Table) -> str:
    """The name of a sheet: the title of its table or, where that is too long, the table's name."""
    names = {column.name for column in table.columns}
    if table.name.startswith("costs") and {"year", "period"} & names:
        return "Cost by year and payer"
    title = _SHEETS.get(table.name, table.title)
    return title if len(title) <= 31 else formats.sentence(formats.words(table.name))


def _calendar(study: Study[Any]) -> Table | None:
    """The calendars of the scenarios of a study, to fill in; None where there are no contacts."""
    import pandas as pd

    from sim.studies.calendar import to_fill_in

    pairs = zip(study.labels, study.scenarios.values(), strict=True)
    found = {label: to_fill_in(one, study.start_date) for label, one in pairs}
    found = {label: one for label, one in found.items() if len(one)}
    if len(found) < 2:
        return next(iter(found.values()), None)
    frames = [one.frame.assign(scenario=label) for label, one in found.items()]
    frame = pd.concat(frames, ignore_index=True)
    columns = {column.name: column for one in found.values() for column in one.columns}
    return Table("calendar", frame, list(columns.values()), title="Calendar")


def _answer(result: Result) -> Table:
    """The first sheet of a workbook, with the answer."""
    import pandas as pd

    answer, kind, study = result.answer, result.kind, result.study
    rows = [
        ("", kind.title(study)),
        ("question", kind.question(study)),
        ("answer", answer.verdict),
        *answer.rows.items(),
        *(("", line) for line in answer.lines),
        *(("note", note) for note in answer.notes),
        ("", CAVEAT),
    ]
    frame = pd.DataFrame([row for row in rows if row[1]], columns=["about", "text"])
    return Table("answer", frame, [Column(str(name), format="text") for name in frame])


def _notes(result: Result, sheets: dict[str, Table], left_out: list[Table]) -> Table:
    """The sheet with the meaning of tables and columns, omissions, and the provenance."""
    import pandas as pd

    rows = [("", "command", result.command), *(("", *fact) for fact in _provenance(result).items())]
    for one in left_out:
        rows.append(("", one.name, f"{len(one):,} rows, too long for a sheet: {one.name}.parquet"))
    for name, table in sheets.items():
        rows.append((name, "", table.note))
        rows += [(name, column.head, column.meaning) for column in table.columns]
    frame = pd.DataFrame([row for row in rows if row[2]], columns=["sheet", "column", "meaning"])
    return Table("notes", frame, [Column(str(name), format="text") for name in frame])


def shortened(table: Table, rows: int = ROWS) -> Table:
    """A table with its first rows and without empty columns; its note says what is left out."""
    note = table.plain_note
    if more := max(0, len(table) - rows):
        note = f"{note} {formats.count(more, 'more row')} in {table.name}.parquet.".strip()
    return table.pick(_told(table), note=note).first(rows)


def _told(table: Table) -> list[str]:
    """The columns that hold something."""
    names = (column.name for column in table.columns)
    return [name for name in names if not all(map(_is_missing, table.values(name)))]


def _is_missing(value: Any) -> bool:
    return value is None or value == "" or value != value  # the last is NaN


def _rests_on(result: Result) -> str:
    plausible = result.study.plausible
    if plausible is None:
        return "These results rest on the values of the parameters below."
    return f"These results rest on {formats.count(len(plausible))} {plausible.source}."


def _inputs(result: Result) -> dict[str, str]:
    """The scenarios and the study as texts to copy into files."""
    import yaml

    study = result.study
    found = {f"Scenario: {name}": one.to_yaml() for name, one in study.scenarios.items()}
    fields = yaml.safe_dump(study.document.data, sort_keys=False, allow_unicode=True, width=100)
    return {**found, "Study file": fields}


def _provenance(result: Result) -> dict[str, str]:
    """Versions, seed, numbers of runs."""
    facts = result.provenance
    versions = ", ".join(f"{name} {version}" for name, version in facts["dependencies"].items())
    rows = {
        "codose": str(facts["codose"]),
        "seed": formats.count(result.study.seed),
        "runs": formats.count(result.runs),
        "failed": formats.count(result.failed),
        "engine": str(facts.get("engine_digest", "")),
        "made with": f"Python {facts['python']}, {versions}",
    }
    if result.study.plausible is not None:
        rows["parameters"] = result.study.plausible.source
    return rows


# --- parameters ----------------------------------------------------------------------------------


def _parameters(result: Result) -> Table:
    """The table of every parameter, with its value or the range from which it was drawn."""
    from sim.studies.calibrated import calibrated

    study = result.study
    own: dict[str, Any] = dict(study.scenario.parameters) if study.scenarios else {}
    varied = set(study.plausible.varied) if study.plausible is not None else set()
    if "factors" in result.tables:
        varied |= set(result.tables["factors"].values("name"))
    known = calibrated()
    fitted = known.numbers if known else {}
    rows = []
    for row in TABLE.values():
        drawn = row.name in varied and row.name not in own
        rows.append(
            {
                "parameter": row.name,
                "used": float("nan") if drawn else own.get(row.name, row.default),
                "low": row.low if drawn else float("nan"),
                "high": row.high if drawn else float("nan"),
                "calibrated": fitted[row.name].text if row.name in fitted else "",
                "narrowed": fitted[row.name].verdict if row.name in fitted else "",
                "unit": row.unit,
                "role": row.role,
                "grade": row.grade,
                "meaning": row.meaning,
                "source": row.source,
            }
        )
    note = (
        "A value that is not there differs from set to set, between low and high. Each calibrated "
        "set keeps the values of one setting together; what the calibration did not vary is drawn "
        "from its range."
    )
    if known:
        note += (
            f" The calibrated sets are {known.constrained_by}; grade A is the same setting, B "
            "and C are borrowed. Fitted, not validated."
        )
    return _ranges(rows, "All parameters", note)


def _ranges(rows: Sequence[Mapping[str, Any]], title: str, note: str = "") -> Table:
    """A complete table of parameters, with the numbers as they were written."""
    columns = (
        Column("used", heading="value", format="given"),
        Column("default", format="given"),
        Column("low", format="given"),
        Column("high", format="given"),
        Column("calibrated", format="text", heading="calibrated (90 % interval)"),
        Column("narrowed", format="text", heading="what calibration did"),
        Column("grade", heading="grade of the range"),
        Column("meaning", format="text"),
        Column("source", format="text"),
    )
    known = [column for column in columns if column.name in rows[0]]
    table = Table("parameters", PlainRows.of(rows), known, title=title, note=note)
    return table.pick(_told(table))


_WEAKEST = ("assumption", "C", "B", "A", "definition")
"""Grades of evidence, the weakest first."""


def _unsure() -> list[Parameter]:
    """The free and uncertain parameters, the weakest evidence first."""
    rows = [row for row in TABLE.values() if row.role in ("free", "uncertain")]
    return sorted(rows, key=lambda row: _WEAKEST.index(row.grade))


def _not_known_well() -> Table:
    columns = ("name", "meaning", "default", "low", "high", "grade")
    names = {"name": "parameter"}
    rows = [{names.get(name, name): getattr(row, name) for name in columns} for row in _unsure()]
    return _ranges(rows, "Parameters that are not known well")
