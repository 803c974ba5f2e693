"""What the page opens with: scenarios and a contact log as one document of named plans.

:func:`opened` is what ``codose page`` is given. The document is that of ``app/src/types.ts``
(``PlansFile``).
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.core.errors import InputError, Problem
from sim.page.data import said
from sim.scenario.log_import import LogImport, import_log
from sim.scenario.plans_file import PlansFile, holds_plans, load_plans, parts_of
from sim.scenario.scenario import Scenario, find
from sim.tables_in.questions import OpenQuestions, map_beside

OPENS_WITH = "planning"
"""The shipped scenario that a log is put into when no plan is named."""


def opened(
    names: Sequence[str], log: str | os.PathLike[str] | None = None
) -> dict[str, Any] | None:
    """The document that the page begins with; None: what it begins with by itself.

    A plans file by itself is that document, with its budget and targets; beside other files it
    stands for its plans.

    Args:
        names: scenario files, plans files or names of shipped scenarios.
        log: a tracker of contacts, the history of all of them.

    Raises:
        InputError: every mistake in the files.

    >>> found = opened(["source", "light_touch"])
    >>> [plan["name"] for plan in found["plans"]][1], found["open"] == found["plans"][0]["name"]
    ('Light touch: a visit a year, a call every two months', True)
    """
    if not names and log is None:
        return None
    scenarios: dict[str, Scenario] = {}
    files: list[PlansFile] = []
    problems: list[Problem] = []
    for name in names or (OPENS_WITH,):
        try:
            scenarios |= {one: Scenario.load(find(one)) for one in _plans_in(name, files)}
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    if log is not None:
        history = read_log(log)
        scenarios = {name: with_history(one, history, str(log)) for name, one in scenarios.items()}
    told = [{**said(one), "name": parts_of(name)[1] or one.name} for name, one in scenarios.items()]
    return _as_file(files[0], told) if files and len(names) == 1 else document(told)


def _plans_in(name: str, files: list[PlansFile]) -> list[str]:
    """In place of a plans file, which goes to ``files``, its plans in their order."""
    path, plan = parts_of(name)
    if plan is not None or not holds_plans(path):
        return [name]
    files.append(load_plans(path))
    return [f"{path}#{one}" for one in files[-1].documents]


def _as_file(file: PlansFile, plans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document of a plans file, with what else it says."""
    more = file.fields.model_dump(mode="json", exclude={"plans"})
    made = {**document(plans), **more}
    return {**made, "open": made["open"] or made["plans"][0]["name"]}


def document(plans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Scenarios as one document of plans; two of one name are told apart by a number."""
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


def plans_of_text(text: str, name: str) -> dict[str, Any]:
    """The document that a file holds: plans, or a scenario as one plan.

    Raises:
        InputError: every mistake in it.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        path = Path(Path(name).name)
        path.write_text(text, encoding="utf-8")
        if holds_plans(path):
            found = opened([str(path)])
            assert found is not None
            return found
    return document([said(Scenario.from_text(text, name))])


def read_log(path: str | os.PathLike[str]) -> LogImport:
    """A tracker of contacts, by the map that is kept beside it, where one is.

    Raises:
        InputError: something is wrong, or not clear; then ``codose import log`` asks.
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

    The plan goes on where the log ends: contacts that it had before are history now, and its series
    begin, in their rhythm, in the first week after it.

    Raises:
        InputError: the log does not fit the scenario, such as a region that it does not have.
    """
    last = max((row.week for row in log.rows), default=0)
    start = scenario.start_date or log.first_day
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(name).name
        file.write_text(log.text, encoding="utf-8")
        data = {
            **scenario.to_dict(),
            **({"start_date": start.isoformat()} if start is not None else {}),
            "dosage": [one for one in map(_after(last), scenario.to_dict()["dosage"]) if one],
            "contact_log": {"file": file.name},
        }
        try:
            return Scenario.from_dict(data, folder)
        except InputError as error:
            shown = [replace(one, file=name if one.file else "") for one in error.problems]
            raise InputError(shown) from None


def _after(week: int) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """What is left of a series after a week; None: nothing."""

    def left(series: dict[str, Any]) -> dict[str, Any] | None:
        behind = week + 1 - series["first_week"]
        if behind <= 0:
            return series
        times = math.ceil(behind / series["every_weeks"])
        first = series["first_week"] + math.ceil(times * series["every_weeks"])
        ends = series["last_week"]
        return None if ends is not None and first > ends else {**series, "first_week": first}

    return left
