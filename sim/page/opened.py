"""The document that the page opens with: :func:`opened` joins scenarios and a contact log.

The files given to ``codose page`` become one document of named plans, ``PlansFile`` of
``app/src/types.ts``.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sim.core.errors import InputError, Problem
from sim.page.data import said
from sim.scenario.loading import read_text
from sim.scenario.log_import import LogImport, import_log
from sim.scenario.plans_file import PlansFile, holds_plans, load_plans, parts_of, plans_in
from sim.scenario.scenario import Scenario, find
from sim.tables_in.questions import OpenQuestions, map_beside

OPENS_WITH = "planning"
"""The shipped scenario that receives a log when no plan is named."""


def opened(
    names: Sequence[str], log: str | os.PathLike[str] | None = None
) -> dict[str, Any] | None:
    """The document that the page opens with; None: the page has a default.

    A single plans file is itself that document, with its budget and targets; with other files, only
    its plans are used.

    Args:
        names: scenario files, plans files or names of shipped scenarios.
        log: a tracker of contacts, which becomes the history of all plans.

    Raises:
        InputError: the files have mistakes, all of which are listed.

    >>> found = opened(["source", "light_touch"])
    >>> [plan["name"] for plan in found["plans"]][1], found["open"] == found["plans"][0]["name"]
    ('Light touch: a visit a year, a call every two months', True)
    """
    if not names and log is None:
        return None
    scenarios: list[tuple[str, Scenario]] = []
    problems: list[Problem] = []
    for name in names or (OPENS_WITH,):
        try:
            scenarios += [(one, Scenario.load(find(one))) for one in plans_in(name)]
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    if log is not None:
        history = read_log(log)
        scenarios = [(name, with_history(one, history, str(log))) for name, one in scenarios]
    told = [{**said(one), "name": parts_of(name)[1] or one.name} for name, one in scenarios]
    if len(names) == 1 and plans_in(names[0]) != list(names):
        return _as_file(load_plans(names[0]), told)
    return document(told)


def _as_file(file: PlansFile, plans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document of a plans file, with its budget and targets."""
    more = file.fields.model_dump(mode="json", exclude={"plans"})
    made = {**document(plans), **more}
    return {**made, "open": made["open"] or made["plans"][0]["name"]}


def document(plans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One document of plans from scenarios; a number distinguishes plans of one name."""
    named: dict[str, dict[str, Any]] = {}
    for plan in plans:
        name, tries = plan["name"], 2
        while name in named:
            name, tries = f"{plan['name']} ({tries})", tries + 1
        named[name] = {"name": name, "scenario": {**plan, "name": name}}
    return {
        "codose": "plans", "version": 1, "open": next(iter(named)), "reference": None,
        "currency": "$", "budget": {"a_year": None, "of": "centre"}, "targets": [],
        "plans": list(named.values()),
    }  # fmt: skip


def plans_in_file(path: Path) -> dict[str, Any]:
    """The document that a file holds: plans, or a scenario, which names no other file, as one plan.

    Raises:
        InputError: the file has mistakes, all of which are listed.
    """
    if holds_plans(path) and (found := opened([str(path)])) is not None:
        return found
    return document([said(Scenario.from_text(read_text(path), str(path)))])


def read_log(path: str | os.PathLike[str]) -> LogImport:
    """Read a tracker of contacts by the map beside it, if there is one.

    Raises:
        InputError: something is wrong or unclear; ``codose import log`` asks what is unclear.
    """
    kept = map_beside(Path(path))
    try:
        return import_log(path, kept if kept.is_file() else None)
    except OpenQuestions as open_:
        first = InputError(
            [
                *(Problem(one.message, one.field, file=str(path)) for one in open_.problems),
                Problem(
                    "the log is not clear by itself", file=str(path),
                    allowed=f"codose import log {path}, which asks and keeps the answers beside it",
                ),
            ]
        )  # fmt: skip
    raise first


def with_history(scenario: Scenario, log: LogImport, name: str = "log.csv") -> Scenario:
    """The scenario with this log as its history; a start date that it lacks comes with the log.

    The plan goes on where the log ends: the log replaces contacts planned before, and contact
    series go on in their rhythm from the first week after it. A log that begins before the plan
    moves week 1 whole weeks back, and every date of the plan stays. Regions and providers keep the
    names of the plan, however the log spells them; a plan without names takes those of the log.
    ``withLog`` of ``app/src/model/log.ts`` does the same.

    Raises:
        InputError: the log does not fit the scenario, for example an unknown region.
    """
    early, start = _before(scenario, log)
    columns, *cells = csv.reader(io.StringIO(log.text))
    table = [dict(zip(columns, row, strict=True)) for row in cells]
    weeks = [_week(row, start) for row in table]
    last = max(weeks, default=0)
    told = _shifted(scenario.to_dict(), early)
    horizon = max(told["horizon_weeks"], last)
    in_turn = [row for _, row in sorted(zip(weeks, table, strict=True), key=lambda one: one[0])]
    for part, field in (("regions", "region"), ("providers", "provider")):
        has = scenario.region_names if part == "regions" else scenario.provider_names
        told[part] = _named(told[part], field, has, in_turn)
    data = {
        **told,
        "horizon_weeks": horizon,
        **({} if start is None else {"start_date": start.isoformat()}),
        "dosage": [one for one in map(_after(last, horizon), told["dosage"]) if one],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(name).name
        with file.open("w", encoding="utf-8", newline="") as open_:
            csv.writer(open_).writerows([columns, *(list(row.values()) for row in table)])
        try:
            return Scenario.from_dict({**data, "contact_log": {"file": file.name}}, folder)
        except InputError as error:
            shown = [replace(one, file=name if one.file else "") for one in error.problems]
            raise InputError(shown) from None


def _before(scenario: Scenario, log: LogImport) -> tuple[int, date | None]:
    """The number of weeks that the log begins before the plan, and the new first day of week 1."""
    own, first = scenario.start_date, log.first_day
    if own is None or first is None:
        return 0, own or first
    early = max(0, math.ceil((own - first).days / 7))
    return early, own - timedelta(weeks=early)


def _week(row: Mapping[str, str], start: date | None) -> int:
    if "date" not in row:
        return int(row["week"])
    assert start is not None
    return (date.fromisoformat(row["date"]) - start).days // 7 + 1


def _shifted(data: dict[str, Any], weeks: int) -> dict[str, Any]:
    """A scenario with every week number raised by ``weeks``; its dates stay."""
    if not weeks:
        return data

    def later(one: Mapping[str, Any]) -> dict[str, Any]:
        names = ("first_week", "last_week", "week", "until_week")
        return {**one, **{name: one[name] + weeks for name in names if one.get(name) is not None}}

    work = data["delivery_work"]
    moved = {
        **data,
        "horizon_weeks": data["horizon_weeks"] + weeks,
        "dosage": [later(one) for one in data["dosage"]],
        "shocks": [later(one) for one in data["shocks"]],
        "delivery_work": later(work) if isinstance(work, Mapping) else [later(one) for one in work],
    }
    skip = data.get("skip")
    if skip and skip.get("weeks"):
        moved["skip"] = {**skip, "weeks": [one + weeks for one in skip["weeks"]]}
    return moved


def _named(
    there: dict[str, Any], field: str, has: Sequence[str], table: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """Regions or providers of a scenario with names from a log, and the log's rows with the names
    of the scenario."""
    known = {_plain(name): name for name in has}
    for row in table:
        if row.get(field):
            row[field] = known.get(_plain(row[field]), row[field])
    found = _in_order(list(dict.fromkeys(row[field] for row in table if row.get(field))))
    own = there.get("names") or there.get("overrides") or there.get("assignment")
    if own or all(name in has for name in found):
        return there
    count = max(there["count"], len(found))
    names = [*found, *(f"{field}_{number}" for number in range(len(found) + 1, count + 1))]
    made = {**there, "names": names, "count": count}
    if field == "region":
        made["candidates"] = max(count, there["candidates"])
        if there["selection"] == "all":
            made["candidates"] = count
    hours = made.get("weekly_hours")
    if isinstance(hours, list) and len(hours) < count:
        made["weekly_hours"] = [*hours, *[hours[-1]] * (count - len(hours))]
    return made


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[_\-()%.:]", " ", text.lower()).split())


_NUMBERED = re.compile(r"(.*?)\s*([0-9]+|[IVXLC]+)")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def _in_order(names: list[str]) -> list[str]:
    """Sort names such as Region IX by number, where all are the same words and a number.

    >>> _in_order(["Region IX", "Region IV"]), _in_order(["South", "North"])
    (['Region IV', 'Region IX'], ['South', 'North'])
    """
    parts = [_NUMBERED.fullmatch(name) for name in names]
    if any(one is None for one in parts) or len({one[1] for one in parts if one}) != 1:
        return names
    numbers = {one[0]: _number(one[2]) for one in parts if one}
    return sorted(names, key=numbers.__getitem__)


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    values = [_ROMAN[letter] for letter in text]
    after = [*values[1:], 0]
    return sum(-one if one < then else one for one, then in zip(values, after, strict=True))


def _after(week: int, horizon: int) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """A function that gives the part of a series after a week; None where nothing is left."""

    def left(series: dict[str, Any]) -> dict[str, Any] | None:
        behind = week + 1 - series["first_week"]
        if behind <= 0:
            return series
        times = math.ceil(behind / series["every_weeks"])
        first = series["first_week"] + math.ceil(times * series["every_weeks"])
        ends = series["last_week"]
        return (
            None if first > (horizon if ends is None else ends) else {**series, "first_week": first}
        )

    return left
