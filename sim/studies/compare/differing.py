"""Differing: a field in which scenarios differ, in words; :func:`check_same_people` refuses others.

Scenarios can be compared in levels only if their people are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.core.units import count
from sim.present.format import joined
from sim.scenario.functions import Functions, preset_of, preset_text
from sim.scenario.phases import MODE_WORDS, phases_of, then

if TYPE_CHECKING:
    from sim.scenario.fields import ContactSeries
    from sim.scenario.scenario import Scenario

_TEXT = ("name", "question", "description", "seed", "beyond_range")
"""Fields that describe neither the world nor the plan; all scenarios run with one seed."""
PEOPLE = ("candidates", "count", "selection", "staff", "overrides")
"""Fields of ``regions`` that decide who the people are."""
LONGEST = 250
"""Most characters for which the contact series of a scenario are written out in full."""


class UnlikePeople(InputError):
    """Scenarios have different people, so a difference would not come from dosage alone."""


@dataclass(frozen=True, slots=True)
class Differing:
    """A field that is not the same in all scenarios, with its value in each in words."""

    field: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.field} ({'; '.join(self.values)})"


def differing(scenarios: Sequence[Scenario]) -> tuple[Differing, ...]:
    """Every field in which the scenarios differ; parts of regions, providers, costs and parameters
    count as fields of their own."""
    flat = [_flat(one) for one in scenarios]
    fields = list(dict.fromkeys(field for one in flat for field in one))
    found = []
    for field in fields:
        values = [one.get(field) for one in flat]
        if any(value != values[0] for value in values):
            if field == "dosage":
                short = [_shortened(one.dosage) for one in scenarios]
                values = short if len(set(short)) == len(set(values)) else values
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
    if field == "skip":
        parts = (f"{name} {', '.join(map(str, each))}" for name, each in value.items() if each)
        return "; ".join(parts) or "none"
    if isinstance(value, Mapping):
        if "rows" in value:
            return f"{count(len(value['rows']), 'contact')}"
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


def _shortened(series: Sequence[ContactSeries]) -> str:
    """The contact series in words as in :func:`dosage_words`, shortened where that text is long.

    The phases of a mode stand together, values that all contacts share stand once, and a mix of
    functions without a name is described by its largest share.
    """
    whole = dosage_words(series)
    if len(whole) <= LONGEST:
        return whole
    filled = [_parts(phases, _mix) for phases in phases_of(series)]
    common = [part for part in filled[0][1:] if all(part in parts for parts in filled)]
    if len(filled) == 1 or not common:
        return " + ".join(", ".join(parts) for parts in filled)
    own = (", ".join(part for part in parts if part not in common) for parts in filled)
    return f"{' + '.join(own)}; all: {', '.join(common)}"


def _mix(functions: Functions | None) -> str:
    """A mix of functions by its name, or by its largest share."""
    return preset_of(functions) or (functions.short_text if functions else "")


def series_words(series: ContactSeries) -> str:
    """One contact series in words."""
    return ", ".join(_parts([series], preset_text))


def _parts(phases: Sequence[ContactSeries], mix: Callable[[Functions | None], str]) -> list[str]:
    """The parts of a text on the phases of a mode; values that change are listed in order."""

    def filled(text: str, value: Callable[[ContactSeries], str]) -> str:
        return text.replace("#", then(value(one) for one in phases))

    mode = phases[0].mode
    parts = [
        f"{MODE_WORDS.get(mode, mode)} {filled('# for ', _weeks)}"
        f"{filled('# h', lambda one: f'{one.hours:g}')}",
        filled("weeks #", _span),
        filled("co-creation #", _co_creation),
    ]
    if len(phases) > 1:
        parts.append(f"in {len(phases)} phases")
    if any(one.taper != 1 for one in phases):
        text = "tapering to # of the hours" if len(phases) == 1 else "taper #"
        parts.append(filled(text, lambda one: f"{one.taper:g}"))
    if any(one.timing != "scheduled" for one in phases):
        parts.append(filled("#", lambda one: one.timing.replace("_", " ")))
    if any(one.invited != 1 for one in phases):
        parts.append(filled("# of the core team invited", lambda one: f"{one.invited:g}"))
    if any(one.functions for one in phases):
        parts.append(filled("functions #", lambda one: mix(one.functions)))
    return parts


def _weeks(series: ContactSeries) -> str:
    return "every week" if series.every_weeks == 1 else f"every {series.every_weeks:g} weeks"


def _span(series: ContactSeries) -> str:
    last = series.last_week
    return f"{series.first_week} to the horizon" if last is None else f"{series.first_week}-{last}"


def _co_creation(series: ContactSeries) -> str:
    start, end = series.co_creation_start, series.co_creation_end
    return f"{start:g}" if start == end else f"{start:g} to {end:g}"


def check_same_people(
    scenarios: Sequence[Scenario], labels: Sequence[str], found: Sequence[Differing]
) -> None:
    """Refuse scenarios whose people differ.

    Raises:
        UnlikePeople: people differ; the message says in what, and what can still be compared.
    """
    unlike = [one for one in found if one.field in {f"regions.{name}" for name in PEOPLE}]
    if not unlike:
        return
    names = joined([f"'{label}'" for label in labels])
    raise UnlikePeople(
        f"{names} are not about the same people: {', '.join(map(str, unlike))}; levels would "
        "differ because of the people, whatever the dosage",
        field="scenarios",
        allowed="scenarios with the same regions; or gains (--gains), which compares what each "
        "gained against its own people without TA",
    )
