""":func:`remarks`: sentences on what is odd in a contact log, each with its number; none is an
error.

>>> row = {"week": 1, "region": "north", "mode": "video"}
>>> remarks([LogRow(**row, hours=hours) for hours in (45, 50)])
['The median contact takes 47.5 h: are these minutes?']
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sim.core.errors import shown
from sim.core.units import count
from sim.scenario import contact_log
from sim.scenario.contact_log import LogRow
from sim.tables_in.mistakes import places

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

LONG = 12.0
"""Hours; a median above it suggests that the log gives minutes."""
SHORT = 0.1
"""Hours; a median below it suggests that the log gives days or wrong units."""
FULL_WEEK = 40.0
"""Hours a week of a provider, where they are not known."""


@dataclass(frozen=True)
class Contact:
    """One contact of one region, with its line in the file and its day."""

    line: int
    day: date | None
    row: LogRow


def remarks(
    rows: Sequence[LogRow],
    contacts: Sequence[Contact] = (),
    word: str = "line",
    *,
    weekly_hours: Mapping[str, float] | None = None,
    own: Mapping[str, str] | None = None,
) -> list[str]:
    """Sentences on what is odd in a log.

    Args:
        rows: the rows of the log.
        contacts: the same contacts with days and lines, if the log was just imported.
        word: the word for a position: line or row.
        weekly_hours: hours a week of each provider; 40 where they are not known.
        own: the provider of each region, for rows that name none.
    """
    held = [row for row in rows if row.status == "held"]
    said: list[str] = []
    middle = statistics.median(row.hours for row in held) if held else 1.0
    if middle > LONG:
        said.append(f"The median contact takes {middle:g} h: are these minutes?")
    elif 0 < middle < SHORT:
        said.append(f"The median contact takes {middle:.2g} h: is the unit right?")
    said += _repeats(rows, contacts, word)
    said += _overload(held, weekly_hours or {}, own or {})
    said += _twice(contacts, word)
    said += alike("regions", [row.region for row in rows])
    said += alike("providers", [row.provider for row in rows if row.provider])
    said += _gap([one.day for one in contacts if one.day])
    return said


def of_scenario(scenario: Scenario) -> list[str]:
    """Sentences on the contact log of a scenario and on what is odd in it; empty without a log.

    >>> from sim.scenario.scenario import Scenario
    >>> of_scenario(Scenario.shipped("source"))
    []
    """
    rows = scenario.contact_log.rows if scenario.contact_log else ()
    names, regions = scenario.provider_names, scenario.region_names
    own = {region: names[p] for region, p in zip(regions, scenario.assignment, strict=True)}
    each = dict(zip(names, scenario.providers.hours_each, strict=True))
    if not rows:
        return []
    return contact_log.remarks(rows, own) + remarks(rows, weekly_hours=each, own=own)


def _repeats(rows: Sequence[LogRow], contacts: Sequence[Contact], word: str) -> list[str]:
    """Identical rows, compared by day where days are known, and else by week."""
    seen: dict[Any, list[int]] = defaultdict(list)
    for one in contacts:
        seen[(one.day, one.row)].append(one.line)
    groups = [lines for lines in seen.values() if len(lines) > 1]
    if not contacts:
        for row in rows:
            seen[row].append(row.week)
        groups = [weeks for weeks in seen.values() if len(weeks) > 2]
        again = sum(len(weeks) - 1 for weeks in groups)
        return (
            [f"{again} rows repeat another of the same week in everything, first in week "
             f"{groups[0][0]}: copies?"] if groups else []
        )  # fmt: skip
    if not groups:
        return []
    again = sorted(line for lines in groups for line in lines[1:])
    if len(again) == 1:
        return [f"{word} {again[0]} repeats {word} {groups[0][0]} in everything."]
    return [f"{len(again)} {word}s repeat another in everything ({places(again, word)})."]


def _overload(
    held: Sequence[LogRow], weekly_hours: Mapping[str, float], own: Mapping[str, str]
) -> list[str]:
    """Weeks with more contact hours than the provider works, without preparation and travel."""
    spent: dict[tuple[str, int], float] = defaultdict(float)
    counted = set()
    for row in held:
        name = row.provider or own.get(row.region)
        if name is None or (row.contact, row.week) in counted:
            continue
        if row.contact is not None:
            counted.add((row.contact, row.week))
        spent[(name, row.week)] += row.hours
    over = {
        key: hours for key, hours in spent.items() if hours > weekly_hours.get(key[0], FULL_WEEK)
    }
    if not over:
        return []
    (name, week), hours = max(over.items(), key=lambda one: one[1])
    others = count(len(over) - 1, "other week")
    more = "" if len(over) == 1 else f", and more than there are in {others}"
    has = weekly_hours.get(name, FULL_WEEK)
    return [f"{name} has {hours:g} h of contacts in week {week}, of {has:g} h a week{more}."]


def _twice(contacts: Sequence[Contact], word: str) -> list[str]:
    """Contacts of one provider with several regions on one day, equal in mode and hours."""
    alike: dict[Any, list[Contact]] = defaultdict(list)
    for one in contacts:
        row = one.row
        if one.day and row.provider and not row.contact:
            alike[(one.day, row.provider, row.mode, row.hours)].append(one)
    groups = [same for same in alike.values() if len({one.row.region for one in same}) > 1]
    if not groups:
        return []
    where = places([one.line for same in groups for one in same], word)
    often = "once" if len(groups) == 1 else f"{len(groups)} times"
    return [
        f"{often} one provider had a contact of the same mode and length with several regions on "
        f"one day ({where}): one call, counted twice? Rows of one contact have the same text in a "
        "column 'contact'."
    ]


def alike(what: str, names: Sequence[str]) -> list[str]:
    """A remark on names that differ only in capitals, punctuation and spaces.

    >>> alike("people", ["A. Lee", "a lee", "Bo", "1-2", "12"])
    ["'A. Lee' and 'a lee' are people of their own: one, written in two ways?"]
    """
    forms: dict[str, dict[str, None]] = defaultdict(dict)
    for name in names:
        form = re.sub(r"(?<![0-9])[\W_]+|[\W_]+(?![0-9])", "", name.casefold())  # not those of 1-2
        forms[form or name][name] = None
    same = [" and ".join(map(shown, one)) for one in forms.values() if len(one) > 1]
    return [f"{'; '.join(same)} are {what} of their own: one, written in two ways?"] if same else []


def _gap(days: Sequence[date]) -> list[str]:
    """A remark on more than a year without a contact, which a mistyped year would cause."""
    ordered = sorted(set(days))
    for one, after in itertools.pairwise(ordered):
        if (after - one).days > 366:
            return [f"There is no contact from {one} to {after}: is a year mistyped?"]
    return []
