""":func:`calendar_table`, :func:`icalendar_text` (RFC 5545), :func:`described`: a plan with dates.

Week 1 begins on the start date. A contact is planned for a week, so its date is the first day of
that week; in the iCalendar file it is an event of that whole day, and the day in the week is for
the centre to move.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sim.core.errors import InputError, Problem
from sim.core.extras import needs
from sim.scenario.functions import FUNCTIONS, REFERENCE, Functions, preset_text

if TYPE_CHECKING:
    import pandas as pd

    from sim.scenario.scenario import ContactSeries, Scenario

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
"""Namespace of the events' identifiers: the same plan has the same events, so that a calendar that
is imported again is brought up to date."""
MODE_WORDS = {"onsite": "Visit", "video": "Video call", "phone": "Phone call", "email": "E-mail"}


def start_of(scenario: Scenario, start_date: date | None) -> date | None:
    """First day of week 1: as given, else that of the scenario's contact log, else None."""
    if start_date is not None:
        return start_date
    return scenario.contact_log.first_date if scenario.contact_log else None


def calendar_table(scenario: Scenario, start_date: date | None = None) -> pd.DataFrame:
    """Every scheduled contact from the first week of the plan on.

    Returns:
        A row a contact, by week and region. Columns: :data:`COLUMNS`; hours as planned (after taper
        and cuts), ``week_begins`` as yyyy-mm-dd (empty without a date), preparation and travel at
        the scenario's own settings.
    """
    import pandas as pd

    from sim.model.dosage import MODES, ONSITE, SCHEDULED, planned_contacts
    from sim.model.population import share_of

    p = scenario.parameter_set()
    begins = start_of(scenario, start_date)
    rows = []
    for c in planned_contacts(scenario, p):
        if c.week < scenario.plan_start or c.timing != SCHEDULED:
            continue
        preparation = p.preparation_per_contact + p.preparation_per_hour * c.hours
        travel = p.travel_hours if c.mode == ONSITE else 0.0
        core = share_of(scenario.regions.core_team, scenario.staff_counts[c.region])
        rows.append(
            (
                c.week,
                _day(begins, c.week),
                scenario.region_names[c.region],
                scenario.provider_names[scenario.assignment[c.region]],
                MODES[c.mode],
                c.hours,
                c.co_creation,
                preset_text(_named(c.functions)),
                preparation,
                travel,
                c.hours + preparation + travel,
                share_of(c.invited, core),
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _named(shares: tuple[float, ...] | None) -> Functions | None:
    return None if shares is None else Functions(**dict(zip(FUNCTIONS, shares, strict=True)))


def _day(begins: date | None, week: int) -> str:
    if begins is None:
        return ""
    try:
        return (begins + timedelta(weeks=week - 1)).isoformat()
    except OverflowError:
        raise InputError(
            Problem(f"week {week} is past the year 9999", field="start_date", value=begins)
        ) from None


def icalendar_text(scenario: Scenario, start_date: date) -> bytes:
    """The same as an iCalendar file (UTF-8, CRLF, folded lines).

    The same plan and date give the same bytes: the time stamp is the start date.

    Raises:
        InputError: the package icalendar is not installed.
    """
    needs("icalendar", work="a calendar")
    from icalendar import Calendar, Event

    table = calendar_table(scenario, start_date)
    made = Calendar()
    made.add("prodid", "-//codose//technical assistance plan//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", scenario.name)
    stamp = datetime.combine(start_date, time(), tzinfo=UTC)
    seen: dict[str, int] = {}
    for row in table.itertuples(index=False):
        key = f"{scenario.name}|{row.region}|{row.week}|{row.mode}"
        seen[key] = seen.get(key, 0) + 1
        day = date.fromisoformat(str(row.week_begins))
        event = Event()
        event.add("uid", f"{uuid.uuid5(_SPACE, f'{key}|{seen[key]}')}@codose")
        event.add("dtstamp", stamp)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        words = MODE_WORDS[str(row.mode)]
        event.add("summary", f"{words}: {row.region}, {row.hours:.3g} h ({row.provider})")
        event.add("description", _description(row))
        event.add("categories", [str(row.mode)])
        event.add("transp", "TRANSPARENT")
        made.add_component(event)
    return made.to_ical()


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
    """A plan in half a sentence: what is done when, how long, by whom.

    A contact series that does not last for the whole plan is told with its weeks, so that phases
    are not taken for things that go on side by side; events are told too.

    >>> from sim.scenario.scenario import Scenario
    >>> calls = {"mode": "phone", "every_weeks": 2, "hours": 1, "last_week": 52}
    >>> described(Scenario.shipped("classroom").replace(dosage=[calls]))
    'a phone call of 1 h every 2 weeks for 12 months, planned co-creation 0.6 (1 region, 1 \
provider)'
    """
    from sim.core.units import months_of
    from sim.present.format import count

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
    events = [f"{shock.kind.replace('_', ' ')} in week {shock.week}" for shock in scenario.shocks]
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
