"""In what scenarios differ, in words, and whether they can be run on the same people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError, Problem
from sim.scenario.functions import preset_text

if TYPE_CHECKING:
    from sim.scenario.scenario import ContactSeries, Scenario

_TEXT = ("name", "question", "description", "seed", "beyond_range")
"""Fields that say nothing about the world or the plan; one seed serves all scenarios."""
PEOPLE = ("candidates", "count", "selection", "staff", "overrides")
"""Fields of ``regions`` that decide who the people are, and so what is compared with what."""
_MODE_WORDS = {"onsite": "on site", "email": "e-mail"}


class UnlikePeople(InputError):
    """Scenarios whose people are not the same, so that a difference is not one of dosage."""


@dataclass(frozen=True, slots=True)
class Differing:
    """A field that is not the same in all scenarios, with its value in each, in words."""

    field: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.field} ({'; '.join(self.values)})"


def differing(scenarios: Sequence[Scenario]) -> tuple[Differing, ...]:
    """Every field in which the scenarios differ; parts of regions, providers, costs and parameters
    one by one."""
    flat = [_flat(one) for one in scenarios]
    fields = list(dict.fromkeys(field for one in flat for field in one))
    found = []
    for field in fields:
        values = [one.get(field) for one in flat]
        if any(value != values[0] for value in values):
            found.append(Differing(field, tuple(_words(field, value) for value in values)))
    return tuple(found)


def _flat(scenario: Scenario) -> dict[str, Any]:
    data = scenario.to_dict()
    flat: dict[str, Any] = {}
    for field, value in data.items():
        if field in _TEXT:
            continue
        if field in ("regions", "providers", "costs", "parameters"):
            flat |= {f"{field}.{part}": item for part, item in value.items()}
        elif field == "dosage":
            flat[field] = dosage_words(scenario.dosage)
        else:
            flat[field] = value
    return flat


def _words(field: str, value: Any) -> str:
    if value is None:
        return "default" if field.startswith("parameters.") else "none"
    if field == "shocks" and value:
        return ", ".join(f"{one['kind'].replace('_', ' ')} in week {one['week']}" for one in value)
    if isinstance(value, Mapping):
        if "rows" in value:
            return f"{len(value['rows'])} contacts"
        if "kind" in value:
            return str(value["kind"])
        return f"given for {', '.join(map(str, value))}" if value else "none"
    if isinstance(value, list | tuple):
        return f"{len(value)} of them" if value else "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def dosage_words(series: Sequence[ContactSeries]) -> str:
    """The contact series of a scenario in words.

    >>> from sim.scenario.scenario import ContactSeries
    >>> dosage_words([ContactSeries(mode="video", every_weeks=4, hours=1.5, last_week=104)])
    'video every 4 weeks for 1.5 h, weeks 1-104, co-creation 0.6'
    """
    return " + ".join(series_words(one) for one in series) or "no contacts"


def series_words(series: ContactSeries) -> str:
    """One contact series in words."""
    weeks = "every week" if series.every_weeks == 1 else f"every {series.every_weeks:g} weeks"
    start, end = series.co_creation_start, series.co_creation_end
    shared = f"{start:g}" if start == end else f"{start:g} to {end:g}"
    last = "the horizon" if series.last_week is None else str(series.last_week)
    dash = " to " if series.last_week is None else "-"
    parts = [
        f"{_MODE_WORDS.get(series.mode, series.mode)} {weeks} for {series.hours:g} h",
        f"weeks {series.first_week}{dash}{last}",
        f"co-creation {shared}",
    ]
    if series.taper != 1:
        parts.append(f"tapering to {series.taper:g} of the hours")
    if series.timing != "scheduled":
        parts.append(series.timing.replace("_", " "))
    if series.invited != 1:
        parts.append(f"{series.invited:g} of the core team invited")
    if series.functions is not None:
        parts.append(f"functions {preset_text(series.functions)}")
    return ", ".join(parts)


def check_same_people(
    scenarios: Sequence[Scenario], labels: Sequence[str], found: Sequence[Differing]
) -> None:
    """Refuse scenarios whose people differ.

    Raises:
        UnlikePeople: says what differs and what can still be compared.
    """
    unlike = [one for one in found if one.field in {f"regions.{name}" for name in PEOPLE}]
    if not unlike:
        return
    names = " and ".join(f"'{label}'" for label in labels)
    raise UnlikePeople(
        Problem(
            f"{names} are not about the same people: {', '.join(map(str, unlike))}; levels would "
            "differ because of the people, whatever the dosage",
            field="scenarios",
            allowed="scenarios with the same regions; or gains (--gains), which compares what each "
            "gained against its own people without TA",
        )
    )
