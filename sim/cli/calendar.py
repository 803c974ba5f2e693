"""``codose calendar``: writes the contacts of a scenario as calendars, also for each provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import completion, shell
from sim.core.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.present.table import Table
    from sim.scenario.scenario import Scenario

RESULTS = Path("results")


def calendar(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO",
            help="Path of a scenario file, or name of a shipped one.",
            autocompletion=completion.scenarios,
        ),
    ],
    start_date: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="YYYY-MM-DD",
            show_default="the scenario's",
            help="First day of week 1, where the scenario does not give it.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(show_default="results/calendar-NAME", help="Folder for the files."),
    ] = None,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="Workbooks for Excel too (calendar.xlsx ...).")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace these files.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No remarks on stderr.")] = False,
) -> None:
    """Write what a scenario plans as calendars.

    Its contacts are those that the model plays: with `skip` in the scenario, months,
    weeks and days (holidays) are left free. The folder holds calendar.csv and, where
    week 1 has a date, calendar.ics (iCalendar), and both again for each provider when
    there are several. The CSV file has an empty column `status`: filled in (held,
    provider_cancelled, region_cancelled) it is a contact log that a scenario reads.
    Contacts without a fixed date (irregular, on demand) are in no calendar.

    \b
    Examples:
      codose calendar source --start 2027-01-04
      codose calendar results/plan/plan.yaml --start 2027-01-04 --out calendars --xlsx
    """  # fmt: skip
    from sim.core.extras import needs
    from sim.scenario.scenario import Scenario, find
    from sim.studies.calendar import of_providers, to_fill_in

    if xlsx:
        needs("openpyxl", work="an Excel file", instead="CSV", field="--xlsx")
    path = find(scenario)
    known = _with_start(Scenario.load(path), start_date)
    if known.start_date is not None:
        needs("icalendar", work="a calendar")
    whole = to_fill_in(known)
    if not len(whole):
        raise InputError(
            f"{known.name!r} plans no contact with a date", file=str(path),
            allowed="a scenario with a contact series whose timing is scheduled",
        )  # fmt: skip
    parts = of_providers(whole)
    folder = RESULTS / f"calendar-{path.stem}" if out is None else out
    tables = {"calendar": whole, **(_stems(parts) if len(parts) > 1 else {})}
    texts = _texts(known, tables)
    books = {f"{stem}.xlsx": table for stem, table in tables.items()} if xlsx else {}
    names = [*texts, *books]
    there = [name for name in names if (folder / name).exists()]
    if there and not force:
        problems = [Problem("the file exists", file=str(folder / name)) for name in there]
        problems[-1] = replace(problems[-1], allowed="--out with another folder, --force")
        raise InputError(problems)
    for name, text in texts.items():
        shell.write_file(folder / name, text, force=force)
    for name, table in books.items():
        shell.write_book(folder / name, {"Calendar": table})
    _say(known, parts)
    if not quiet:
        shell.remark(f"Calendars: {folder} ({', '.join(names)})")


def _with_start(scenario: Scenario, text: str | None) -> Scenario:
    """The scenario with the start date of the option ``--start``.

    Raises:
        InputError: the text is no date, or differs from the scenario's own date.
    """
    from sim.scenario.checking import ISO_DATE, iso_date

    if text is None:
        return scenario
    day: date | None = iso_date(text)
    if day is None:
        raise InputError(f"{text!r} is not a date", "--start", text, ISO_DATE)
    if scenario.start_date not in (None, day):
        raise InputError(
            f"is not the start_date of {scenario.name!r}, {scenario.start_date}",
            "--start", text, "the same day, or leave it out",
        )  # fmt: skip
    return scenario.replace(start_date=day)


def _texts(scenario: Scenario, tables: Mapping[str, Table]) -> dict[str, str]:
    """The text of every file by its name: the whole calendar, and those of providers."""
    from sim.core.cells import for_excel
    from sim.studies.calendar import icalendar_text

    found: dict[str, str] = {}
    for stem, table in tables.items():
        whose = None if stem == "calendar" else str(table.frame["provider"].iloc[0])
        found[f"{stem}.csv"] = for_excel(table.csv())
        if scenario.start_date is not None:
            found[f"{stem}.ics"] = icalendar_text(scenario, provider=whose)
    return found


def _stems(parts: Mapping[str, Table]) -> dict[str, Table]:
    """The calendars of providers by file names, in letters that every system allows."""
    found: dict[str, Table] = {}
    for provider, table in parts.items():
        plain = re.sub(r"[^\w-]+", "_", provider)[:60].strip("_") or "provider"
        made, number = f"calendar-{plain}", 1
        while made.lower() in {stem.lower() for stem in found}:
            number += 1
            made = f"calendar-{plain}-{number}"
        found[made] = table
    return found


def _say(scenario: Scenario, parts: Mapping[str, Table]) -> None:
    """Print how much each provider does, and from when to when."""
    from sim.present import format as formats

    table = shell.new_table(
        [("provider", "left"), ("regions", "right"), ("contacts", "right"),
         ("provider hours", "right"), ("first", "left"), ("last", "left")]
    )  # fmt: skip
    for provider, part in parts.items():
        frame = part.frame
        when = frame["date"] if "date" in frame else frame["week"].map(formats.week)
        table.add_row(
            provider,
            formats.count(frame["region"].nunique()),
            formats.count(len(frame)),
            formats.hours(float(frame["provider_hours"].sum())),
            *(formats.text(one) for one in (when.iloc[0], when.iloc[-1])),
        )
    typer.echo(f"Calendar of {scenario.name}")
    shell.write_table(table)
