"""Measure: a quantity of the model that a published number refers to, and how runs compute it.

:func:`parse_measure` reads a measure from the phrase of an observed finding::

    knowledge at end_of_ta             an outcome at a week (or start, year_after, horizon, 52)
    change of trust                    from the start to the end of TA
    effect on capacity at 52           against no TA, same people and chance
    persistence of capacity            a year after the end of TA minus at its end
    commitments_made a region-month    a total, per region and month of TA
    trust minus integrated_share at end_of_ta
    staff_leavers a person-year        a total, per person and year
    doubling of hours                  effect of doubled hours on capacity, as a share of the effect
    one more site                      the same for one more region per provider
    one more month                     the same for one more month at equal hours in all
    planned remote share               share of the planned contact hours that is not on site
    planned taper                      planned hours, last over first third of the first year of TA
    contacts_failed_by_region per contacts_planned at 52    a total as a share of another
    survey of trust at end_of_ta       what the participant survey reads, 1-5
    change of survey of trust from start to 52              of its mean, between two waves
    survey response at end_of_ta       share who answer it
    test of knowledge at end_of_ta     mean score of a knowledge test, 0-1
    change of test of knowledge from start to 52
    not modelled                       listed, never computed

>>> one = parse_measure("effect on capacity at 52")
>>> one.kind, one.outcome, one.week
('effect', 'capacity', 52)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import InputError, did_you_mean
from sim.core.outcomes import INDEX, OUTCOMES, PERSISTENCE_WEEKS
from sim.core.states import CONSTRUCTS, RESPONSE, TEST
from sim.core.units import WEEKS_A_YEAR, months_of
from sim.scenario.contact_log import MAX_HOURS
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.studies.spec import WEEK_WORDS, week_number

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

STRETCH = 1.25
"""Factor by which `one more month` stretches the duration of TA, with the same hours in all."""
EFFECT_OUTCOME = "capacity"
"""The outcome of the dose ratios, which is the index closest to the outcomes of trials."""

FIVE, ONE = (1.0, 5.0), (0.0, 1.0)
"""The scale of the participant survey, and that of tests and shares."""

_WEEK = r"(?P<week>[a-z_]+|\d+)"
_NAME = r"(?P<name>[\w ]+?)"
_SINCE = r"from (?P<since>[a-z_]+|\d+) to (?P<week>[a-z_]+|\d+)"
_FORMS: tuple[tuple[str, str], ...] = (
    ("doubling", r"doubling of hours"),
    ("site", r"one more site"),
    ("month", r"one more month"),
    ("remote", r"planned remote share"),
    ("taper", r"planned taper"),
    ("none", r"not modelled"),
    ("response", rf"survey response at {_WEEK}"),
    ("survey", rf"survey of {_NAME} at {_WEEK}"),
    ("survey_change", rf"change of survey of {_NAME} {_SINCE}"),
    ("test", rf"test of knowledge at {_WEEK}"),
    ("test_change", rf"change of test of knowledge {_SINCE}"),
    ("change", rf"change of {_NAME}"),
    ("effect", rf"effect on {_NAME} at {_WEEK}"),
    ("persistence", rf"persistence of {_NAME}"),
    ("rate", rf"{_NAME} a region-month"),
    ("person_year", rf"{_NAME} a person-year"),
    ("per", rf"{_NAME} per (?P<other>\w+) at {_WEEK}"),
    ("minus", rf"{_NAME} minus (?P<other>\w+) at {_WEEK}"),
    ("level", rf"{_NAME} at {_WEEK}"),
)
_ALLOWED = "such as 'trust at end_of_ta', 'change of trust', 'effect on capacity at 52'"
_OF_SCENARIO = ("remote", "taper", "none")
_OF_SURVEY = ("survey", "response", "survey_change")
_OF_TEST = ("test", "test_change")
CHANGES: Mapping[str, str] = {"survey_change": "survey", "test_change": "test"}
"""Kinds of measure that are the difference between two waves of another kind."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of the model, made by :func:`parse_measure`."""

    text: str
    kind: str
    outcome: str = ""
    week: int | str = "end_of_ta"
    other: str = ""
    since: int | str = "start"

    @property
    def simulated(self) -> bool:
        """Whether runs give the value (else the scenario alone gives it, or nothing does)."""
        return self.kind not in _OF_SCENARIO

    @property
    def surveyed(self) -> bool:
        """Whether the participant survey gives the value, which then depends on leniency."""
        return self.kind in _OF_SURVEY

    @property
    def read(self) -> bool:
        """Whether an instrument gives the value (else it is an outcome)."""
        return self.kind in (*_OF_SURVEY, *_OF_TEST)

    @property
    def scale(self) -> tuple[float, float] | None:
        """The lowest and the highest value that an instrument gives; None for other measures.

        >>> parse_measure("survey of trust at 52").scale
        (1.0, 5.0)
        """
        if not self.read:
            return None
        low, high = FIVE if self.kind in ("survey", "survey_change") else ONE
        return (low - high, high - low) if self.kind in CHANGES else (low, high)

    @property
    def waves(self) -> tuple[int | str, ...]:
        """The weeks that the measure compares, or its only week."""
        return (self.since, self.week) if self.kind in CHANGES else (self.week,)

    @property
    def levels(self) -> tuple[Measure, ...]:
        """For a change between two waves, the level at each."""
        if self.kind not in CHANGES:
            return ()
        what = f"survey of {self.outcome}" if self.surveyed else "test of knowledge"
        return tuple(parse_measure(f"{what} at {week}") for week in self.waves)


def parse_measure(text: str) -> Measure:
    """The measure that a phrase names.

    Raises:
        InputError: the phrase, the outcome or the week is unknown.
    """
    phrase = " ".join(text.split())
    for kind, pattern in _FORMS:
        if match := re.fullmatch(pattern, phrase):
            found = match.groupdict()
            name, other = found.get("name") or "", found.get("other") or ""
            if kind in (*_OF_SURVEY, *_OF_TEST):
                name = name or ("trust" if kind == "response" else "knowledge")
                name = _known(name, CONSTRUCTS, phrase, "can be asked in a survey")
            elif name:
                name = _known(name, tuple(OUTCOMES), phrase, "is an outcome")
            if other:
                other = _known(other, tuple(OUTCOMES), phrase, "is an outcome")
            for one in (name, other) if kind == "per" else (name,):
                if kind in ("rate", "person_year", "per") and OUTCOMES[one].kind != "total":
                    totals = [n for n, o in OUTCOMES.items() if o.kind == "total"]
                    raise _refused(phrase, f"{one!r} is not a total", ", ".join(totals))
            since = _week(found.get("since"), phrase, "start")
            return Measure(phrase, kind, name, _week(found.get("week"), phrase), other, since)
    raise _refused(phrase, f"{phrase!r} is not a measure", _ALLOWED)


def _refused(phrase: str, message: str, allowed: str, suggestion: str = "") -> InputError:
    return InputError(
        message, field="measures", value=phrase, allowed=allowed, suggestion=suggestion
    )


def _known(name: str, options: Sequence[str], phrase: str, what: str) -> str:
    name = name.strip()
    if name not in options:
        allowed = ", ".join(options) if len(options) < 8 else "the names of 'codose outcomes'"
        raise _refused(
            phrase, f"{name!r} is not known to be what {what}", allowed, did_you_mean(name, options)
        )
    return name


def _week(word: str | None, phrase: str, otherwise: str = "end_of_ta") -> int | str:
    if word is None:
        return otherwise
    if word.isdigit():
        return int(word)
    if word not in WEEK_WORDS:
        allowed = f"a whole number, {', '.join(WEEK_WORDS)}"
        raise _refused(phrase, f"{word!r} is not a week", allowed, did_you_mean(word, WEEK_WORDS))
    return word


# --- which runs are needed -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variant:
    """A scenario that a measure needs besides the base, and the weeks at which it needs values."""

    scenario: Scenario
    points: tuple[int, ...]


_ARMS: Mapping[str, tuple[str, ...]] = {
    "effect": ("no_ta",),
    "doubling": ("no_ta", "hours_x2"),
    "site": ("no_ta", "one_site", "all_sites"),
    "month": ("no_ta", "longer"),
}


def variants(scenario: Scenario, measures: Sequence[Measure]) -> dict[str, Variant]:
    """The scenarios to run for some measures, by name; "base" is always among them.

    Raises:
        InputError: this scenario cannot answer a measure.
    """
    end, long_end = scenario.end_of_ta, round(scenario.end_of_ta * STRETCH)
    weeks: dict[str, set[int]] = {"base": {0, end}}
    for one in measures:
        if not one.simulated:
            continue
        week = _number(one, scenario)
        if one.read:
            continue
        weeks["base"] |= {week, *_later(one, end)}
        for arm in _ARMS.get(one.kind, ()):
            weeks.setdefault(arm, set()).add(week)
            if one.kind == "month":
                weeks[arm].add(long_end)
    makers: dict[str, Callable[[], Scenario]] = {
        "base": lambda: scenario,
        "no_ta": lambda: _horizon(scenario.without_ta(), max(weeks["no_ta"])),
        "hours_x2": lambda: _doubled(scenario),
        "one_site": lambda: _with_providers(scenario, len(scenario.region_names)),
        "all_sites": lambda: _with_providers(scenario, 1),
        "longer": lambda: _stretched(scenario, long_end),
    }
    return {name: Variant(makers[name](), tuple(sorted(at))) for name, at in weeks.items()}


def waves_of(scenario: Scenario, measures: Sequence[Measure]) -> tuple[int, ...]:
    """The weeks at which instruments are applied to the people of a scenario, in order."""
    found = {week_number(week, scenario) for m in measures if m.read for week in m.waves}
    return tuple(sorted(found))


def _later(measure: Measure, end: int) -> set[int]:
    return {end + PERSISTENCE_WEEKS} if measure.kind == "persistence" else set()


def _number(measure: Measure, scenario: Scenario) -> int:
    week = week_number(measure.week, scenario)
    last = max(week_number(one, scenario) for one in measure.waves)
    last += PERSISTENCE_WEEKS if measure.kind == "persistence" else 0
    if last > scenario.horizon_weeks:
        raise InputError(
            f"'{measure.text}' needs week {last}, past the horizon of {scenario.name!r}",
            field="measures",
            allowed=f"0..{scenario.horizon_weeks}",
        )
    if measure.kind in CHANGES and week_number(measure.since, scenario) >= week:
        raise InputError(
            f"'{measure.text}' begins in week {week_number(measure.since, scenario)} of "
            f"{scenario.name!r} and ends in week {week}",
            field="measures",
            allowed="a change from a week to a later one",
        )
    if measure.kind in _ARMS and not scenario.has_ta:
        raise InputError(f"{scenario.name!r} has no TA to have an effect", field="measures")
    if measure.kind == "site" and len(scenario.region_names) < 2:
        raise InputError(
            "'one more site' needs two regions or more", field="measures", allowed="2.."
        )
    return week


def _horizon(scenario: Scenario, week: int) -> Scenario:
    return scenario.replace(horizon_weeks=week) if week > scenario.horizon_weeks else scenario


def _doubled(scenario: Scenario) -> Scenario:
    hours = [min(2 * series.hours, MAX_HOURS) for series in scenario.dosage]
    return with_levers(scenario, {f"dosage[{i}].hours": value for i, value in enumerate(hours)})


def _with_providers(scenario: Scenario, count: int) -> Scenario:
    hours = scenario.providers.hours_each[0]
    return with_levers(scenario, {"weekly_hours": hours, "providers": count})


def _stretched(scenario: Scenario, end: int) -> Scenario:
    settings: dict[str, float] = {"horizon_weeks": max(scenario.horizon_weeks, end)}
    for i, series in enumerate(scenario.dosage):
        last = series.last_week or scenario.horizon_weeks
        settings |= {
            f"dosage[{i}].every_weeks": series.every_weeks * STRETCH,
            f"dosage[{i}].first_week": max(1, round(series.first_week * STRETCH)),
            f"dosage[{i}].last_week": min(end, round(last * STRETCH)),
        }
    return with_levers(scenario, settings)


# --- answers -------------------------------------------------------------------------------------

Means = Mapping[str, tuple[tuple[int, ...], "np.ndarray"]]
"""For each variant, its weeks and mean outcomes (sets, weeks, outcomes of NAMES); for
:data:`SEEN`, readings in the place of outcomes."""
SEEN = "seen"
"""The key of the readings of instruments in the base, in place of a variant."""


def outcomes_needed(measures: Sequence[Measure]) -> tuple[str, ...]:
    """Names of the outcomes that some measures need, in the order of the outcome table."""
    names = {EFFECT_OUTCOME}
    for one in measures:
        names |= {name for name in (one.outcome, one.other) if name in OUTCOMES}
    return tuple(sorted(names, key=lambda name: INDEX[name]))


def readings_needed(measures: Sequence[Measure]) -> tuple[str, ...]:
    """Names of the readings of instruments that some measures need, in order."""
    return tuple(sorted({_reading(one) for one in measures if one.read}))


def _reading(measure: Measure) -> str:
    if measure.kind in _OF_TEST:
        return TEST
    return RESPONSE if measure.kind == "response" else measure.outcome


def answer(
    measure: Measure,
    scenario: Scenario,
    means: Means,
    names: Sequence[str],
    readings: Sequence[str] = (),
) -> np.ndarray:
    """The values of a simulated measure from mean outcomes, (sets,).

    Args:
        means: (weeks, (sets, weeks, outcomes)) of each variant; outcomes are in the order of
            ``names``, and readings of :data:`SEEN` in that of ``readings``.
    """

    def at(arm: str, outcome: str, week: int) -> np.ndarray:
        weeks, values = means[arm]
        return values[:, weeks.index(week), names.index(outcome)]

    def effect(arm: str, week: int) -> np.ndarray:
        return at(arm, EFFECT_OUTCOME, week) - at("no_ta", EFFECT_OUTCOME, week)

    end = scenario.end_of_ta
    week = week_number(measure.week, scenario)
    name = measure.outcome
    if measure.read:
        weeks, values = means[SEEN]
        column = values[:, :, readings.index(_reading(measure))]
        found = [column[:, weeks.index(week_number(one, scenario))] for one in measure.waves]
        return found[-1] - found[0] if measure.kind in CHANGES else found[0]
    if measure.kind == "level":
        return at("base", name, week)
    if measure.kind == "per":
        whole = at("base", measure.other, week)
        part = at("base", name, week)
        return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    if measure.kind == "change":
        return at("base", name, end) - at("base", name, 0)
    if measure.kind == "minus":
        return at("base", name, week) - at("base", measure.other, week)
    if measure.kind == "effect":
        return at("base", name, week) - at("no_ta", name, week)
    if measure.kind == "persistence":
        return at("base", name, end + PERSISTENCE_WEEKS) - at("base", name, end)
    if measure.kind == "rate":
        months = len(scenario.region_names) * months_of(end)
        return at("base", name, end) / months
    if measure.kind == "person_year":
        return at("base", name, end) / (sum(scenario.staff_counts) * end / WEEKS_A_YEAR)
    base = effect("base", end)
    if measure.kind == "doubling":
        return _over(effect("hours_x2", end) - base, base)
    if measure.kind == "site":
        # One provider for all regions, against one for each, has count - 1 more sites.
        more = len(scenario.region_names) - 1
        return _over((effect("all_sites", end) - effect("one_site", end)) / more, base)
    long_end = round(end * STRETCH)
    months = months_of(long_end - end)
    return _over((effect("longer", long_end) - base) / months, base)


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The ratio above / below; NaN where the effect of TA is too small to take a share of."""
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0.005)


def of_scenario(measure: Measure, scenario: Scenario) -> float:
    """A measure that the scenario alone sets (planned dosage); NaN for 'not modelled'."""
    if measure.kind == "none":
        return float("nan")
    from sim.model import dosage

    planned = dosage.planned_contacts(scenario, scenario.parameter_set())
    hours = np.array([c.hours for c in planned])
    if measure.kind == "remote":
        onsite = np.array([c.mode == dosage.ONSITE for c in planned])
        return float(hours[~onsite].sum() / hours.sum()) if hours.sum() else float("nan")
    week = np.array([c.week for c in planned])
    first = hours[(week >= 1) & (week <= 17)].sum()
    last = hours[(week > 35) & (week <= 52)].sum()
    return float(last / first) if first else float("nan")
