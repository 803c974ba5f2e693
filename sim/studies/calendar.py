"""calendar_table, to_fill_in and icalendar_text (RFC 5545): the contacts of a plan with dates;
described: a plan in half a sentence.

Week 1 begins on the start date. A contact is planned for a week, so its date is the first day of
that week, or the first weekday of the week that the scenario does not skip. In the iCalendar file
the contact is an event of that whole day, which the centre can move within the week. The contacts
are those that the model runs (:func:`sim.model.dosage.planned_contacts`).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from sim.core.errors import InputError
from sim.core.extras import needs
from sim.core.units import first_day
from sim.present.table import Column, Table
from sim.scenario.contact_log import STATUSES
from sim.scenario.fields import Skip
from sim.scenario.functions import FUNCTIONS, REFERENCE, Functions, preset_text

if TYPE_CHECKING:
    from sim.scenario.fields import ContactSeries
    from sim.scenario.scenario import Scenario

COLUMNS: tuple[str, ...] = (
    "week",
    "week_begins",
    "region",
    "provider",
    "mode",
    "hours",
    "co_creation",
    "functions",
    "preparation_hours",
    "travel_hours",
    "provider_hours",
    "people_invited",
)
_SPACE = uuid.UUID("0f7c1a52-6f0e-5d61-9b58-2f6a1c1f3a77")
"""Namespace of the identifiers of events. The same plan has the same events, so a second import of
a calendar updates the events of the first."""
MODE_WORDS = {"onsite": "Visit", "video": "Video call", "phone": "Phone call", "email": "E-mail"}


def calendar_table(scenario: Scenario, start_date: date | None = None) -> pd.DataFrame:
    """Every scheduled contact from the first week of the plan on.

    Returns:
        A row for each contact, by week and region. Columns are :data:`COLUMNS`: hours are as
        planned (after taper and cuts), ``week_begins`` is yyyy-mm-dd (empty without a date), and
        preparation and travel follow the scenario's own settings.
    """
    from sim.model.dosage import MODES, ONSITE, SCHEDULED, planned_contacts

    p = scenario.parameter_set()
    start_date = start_date or scenario.start_date
    rows = []
    for c in planned_contacts(scenario, p):
        if c.week < scenario.plan_start or c.timing != SCHEDULED:
            continue
        preparation = p.preparation_per_contact + p.preparation_per_hour * c.hours
        travel = p.travel_hours if c.mode == ONSITE else 0.0
        rows.append(
            (
                c.week,
                "" if start_date is None else first_day(c.week, start_date).isoformat(),
                scenario.region_names[c.region],
                scenario.provider_names[c.provider],
                MODES[c.mode],
                c.hours,
                c.co_creation,
                preset_text(_named(c.functions)),
                preparation,
                travel,
                c.hours + preparation + travel,
                c.seats,
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _named(shares: tuple[float, ...] | None) -> Functions | None:
    return None if shares is None else Functions(**dict(zip(FUNCTIONS, shares, strict=True)))


def to_fill_in(scenario: Scenario, start_date: date | None = None) -> Table:
    """A calendar for people, which becomes a contact log when its statuses are filled in.

    Args:
        scenario: the plan.
        start_date: the first day of week 1, where the scenario does not give it.

    Returns:
        A row for each contact, by day. Columns: ``date`` (the first day of the week that is not
        skipped; ``week`` where there is no start date), those of :data:`COLUMNS` from region on,
        and ``status``, which is empty; an empty status is read as held.

    >>> from sim.scenario.scenario import Scenario
    >>> made = to_fill_in(Scenario.shipped("classroom").replace(start_date="2027-01-04"))
    >>> made.records()[0]["date"], made.records()[0]["mode"]
    ('2027-01-04', 'onsite')
    """
    frame = calendar_table(scenario, start_date)
    start_date = start_date or scenario.start_date
    if start_date is not None:
        days = [_day(scenario, week, start_date) for week in frame["week"].tolist()]
        frame.insert(0, "date", pd.Series(days, frame.index, dtype=object))
        frame = frame.drop(columns="week")
    frame = frame.drop(columns="week_begins")
    frame["status"] = ""
    known = [replace(column, unit="") for column in (*CALENDAR_COLUMNS, *_MORE_COLUMNS)]
    return Table(
        "calendar", frame, [column for column in known if column.name in frame],
        title=f"Calendar of {scenario.name}",
    )  # fmt: skip


def of_providers(table: Table) -> dict[str, Table]:
    """The part of a calendar that concerns each provider, by name."""
    who = table.frame["provider"]
    return {name: table.pick(rows=who == name) for name in who.unique().tolist()}


def _day(scenario: Scenario, week: int, start_date: date) -> date:
    """The day of the contacts of a week, which is the first day that is not skipped."""
    return (scenario.skip or Skip()).day_of(week, start_date) or first_day(week, start_date)


CALENDAR_COLUMNS: tuple[Column, ...] = (
    Column("week", format="given"),
    Column("week_begins", format="text"),
    Column("region", format="text"),
    Column("provider", format="text"),
    Column("hours", "h", "hours", "planned, after taper and cuts"),
    Column("co_creation", meaning="planned", heading="co-creation"),
    Column("functions", format="text", meaning="what the time goes to"),
    Column("preparation_hours", "h", "hours"),
    Column("travel_hours", "h", "hours"),
    Column("provider_hours", "h", "hours"),
    Column("people_invited", format="count"),
)
"""The meanings of the columns of a calendar."""
_MORE_COLUMNS = (
    Column("date", format="date", meaning="any day of its week will do"),
    Column("mode", format="text"),
    Column("status", format="text", meaning=f"to fill in: {', '.join(STATUSES)}; empty: held"),
)


def icalendar_text(
    scenario: Scenario, start_date: date | None = None, provider: str | None = None
) -> str:
    """The calendar of a plan as an iCalendar file (UTF-8, CRLF, folded lines).

    The same plan and date give the same text, because the time stamp is the start date.

    Args:
        scenario: the plan.
        start_date: the first day of week 1, where the scenario does not give it.
        provider: the provider whose contacts are listed; None: all providers.

    Raises:
        InputError: week 1 has no date, or the package icalendar is not installed.
    """
    needs("icalendar", work="a calendar")
    from icalendar import Calendar, Event

    start_date = start_date or scenario.start_date
    if start_date is None:
        raise InputError(
            "is needed, because events have dates", "start_date",
            allowed="the first day of week 1, yyyy-mm-dd",
        )  # fmt: skip
    made = Calendar()
    made.add("prodid", "-//codose//technical assistance plan//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    whose = "" if provider is None else f": {_readable(provider)}"
    made.add("x-wr-calname", f"{scenario.name}{whose}")
    stamp = datetime.combine(start_date, time(), tzinfo=UTC)
    seen: dict[str, int] = {}
    for row in calendar_table(scenario, start_date).itertuples(index=False):
        key = f"{scenario.name}|{row.region}|{row.week}|{row.mode}"
        seen[key] = seen.get(key, 0) + 1
        if provider not in (None, row.provider):
            continue
        day = _day(scenario, int(row.week), start_date)  # type: ignore[arg-type]
        event = Event()
        event.add("uid", f"{uuid.uuid5(_SPACE, f'{key}|{seen[key]}')}@codose")
        event.add("dtstamp", stamp)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        words = MODE_WORDS[str(row.mode)]
        region, by = _readable(str(row.region)), _readable(str(row.provider))
        event.add("summary", f"{words}: {region}, {row.hours:.3g} h ({by})")
        event.add("description", _description(row))
        event.add("categories", [str(row.mode)])
        event.add("transp", "TRANSPARENT")
        made.add_component(event)
    return made.to_ical().decode()


def _readable(name: str) -> str:
    """A name as people read it, and as the page shows it: region_3 is Region 3."""
    return re.sub(r"^(region|provider)_([0-9]+)\Z", lambda m: f"{m[1].title()} {m[2]}", name)


def _description(row: object) -> str:
    get = lambda name: getattr(row, name)  # noqa: E731
    lines = [
        f"Week {get('week')} of the plan; any day of the week will do.",
        f"{get('hours'):.3g} h with {get('people_invited')} people; planned co-creation "
        f"{get('co_creation'):.2g}.",
        f"Provider: {get('preparation_hours'):.3g} h of preparation"
        + (f", {get('travel_hours'):.3g} h of travel." if get("travel_hours") else "."),
        "From a simulation: what if, not forecast.",
    ]
    if get("functions") != REFERENCE:
        lines.insert(2, f"What the time goes to: {get('functions').replace('_', ' ')}.")
    return "\n".join(lines)


# --- in half a sentence --------------------------------------------------------------------------


def described(scenario: Scenario) -> str:
    """A plan in half a sentence: contacts, their frequency and length, and the providers.

    A contact series that does not last for the whole plan is named with its weeks, so that readers
    do not mistake phases for parallel series. Events are named, too.

    >>> from sim.scenario.scenario import Scenario
    >>> calls = {"mode": "phone", "every_weeks": 2, "hours": 1, "last_week": 52}
    >>> described(Scenario.shipped("classroom").replace(dosage=[calls]))
    'a phone call of 1 h every 2 weeks for 12 months, planned co-creation 0.6 (1 region, 1 \
provider)'
    """
    from sim.core.units import months_of
    from sim.present.format import count, week

    if not scenario.dosage:
        return "no contacts"
    first, end = scenario.plan_start, scenario.end_of_ta
    parts = [_series(series, scenario, end) for series in scenario.dosage]
    together = " and ".join(parts) if len(parts) < 3 else ", ".join(parts)
    text = f"{together} for {months_of(end - first + 1):.0f} months"
    co = {f"{series.co_creation_start:.2g}" for series in scenario.dosage}
    if len(co) == 1:
        text += f", planned co-creation {co.pop()}"
    regions, providers = len(scenario.region_names), scenario.providers.count
    text += f" ({count(regions, 'region')}, {count(providers, 'provider')})"
    events = [
        f"{shock.kind.replace('_', ' ')} in {week(shock.week, scenario.start_date)}"
        for shock in scenario.events
    ]
    if skipped := sum((one.until_week or 0) - one.week + 1 for one in scenario.pauses):
        events.append(f"{count(skipped, 'week')} skipped")
    return f"{text}; {', '.join(events)}" if events else text


def _series(series: ContactSeries, scenario: Scenario, end: int) -> str:
    words = {"onsite": "a visit", "video": "a video call", "phone": "a phone call"}
    every = "every week" if series.every_weeks == 1 else f"every {series.every_weeks:g} weeks"
    text = f"{words.get(series.mode, 'an e-mail')} of {series.hours:g} h {every}"
    last = series.last_week or scenario.horizon_weeks
    same = [one for one in scenario.dosage if one.mode == series.mode]
    if len(same) > 1 or last < end - series.every_weeks:
        text += f" in weeks {series.first_week} to {last}"
    if series.functions is not None:
        text += f" ({preset_text(series.functions).replace('_', ' ')})"
    return text
