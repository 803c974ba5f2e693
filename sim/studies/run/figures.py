"""figures: every figure that the tables of runs allow, the most telling first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

from sim.core.outcomes import HEADLINES
from sim.core.units import OVERALL
from sim.present import style
from sim.present.figures import Figure
from sim.present.format import count, number, words
from sim.present.table import Table
from sim.studies.run import courses
from sim.studies.run.spec import Spec
from sim.studies.run.team import TEAM, TIES
from sim.studies.spec import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """Figures of runs; drawing one loads Matplotlib."""
    scenario = study.scenario
    regions = count(len(scenario.region_names), "region")

    @cache
    def data() -> courses.Courses:
        return courses.Courses.of(study, tables)

    def drawn(draw: Callable[[courses.Courses], Drawn]) -> Callable[[], Drawn]:
        return lambda: draw(data())

    shown = [
        (
            "trajectories", "With TA and without", _in_words(tables), True,
            drawn(courses.trajectories),
        ),
        (
            "regions", "Region by region",
            f"Trust, knowledge and integration by week, a line for each of {regions}.", True,
            drawn(courses.regions),
        ),
        (
            "effects", "What TA adds, region by region",
            f"The effect on capacity at the end of TA in each of {regions}, with the interval of "
            "nine in ten runs.", scenario.has_ta, drawn(courses.effects),
        ),
        (
            "spread", "Chance alone, and with what we do not know",
            "Two intervals of a single run for each headline outcome and point in time: by chance "
            "alone, and with what we do not know about the parameters.",
            study.plausible is not None, drawn(courses.spread),
        ),
        (
            "dosage", "The planned calendar", f"Planned contacts of {regions} by week and mode.",
            True, partial(_calendar, study),
        ),
        (
            "commitments", "Commitments",
            "Commitments made, kept, broken and lapsed up to each week, and the share kept.", True,
            drawn(courses.commitments),
        ),
        (
            "team", "One team",
            f"The staff of {words(scenario.region_names[0])} as a network, coloured by "
            "integration, at the start, at the end of TA and at the horizon.", TEAM in tables,
            partial(_team, study, tables),
        ),
    ]  # fmt: skip
    return [Figure(name, title, "", alt, draw) for name, title, alt, there, draw in shown if there]


def _in_words(tables: Mapping[str, Table]) -> str:
    """The means at the horizon in words, for readers who cannot see the lines."""
    rows = [
        row for row in tables["summary"].rows()
        if row["region"] == OVERALL and row["point"] == "horizon"
    ]  # fmt: skip
    look = {row["outcome"]: row for row in rows}
    parts = [
        f"{words(name)} {number(look[name]['mean'])} (without TA "
        f"{number(look[name]['no_ta_mean'])})"
        for name in HEADLINES
    ]
    return f"Means by week; at the horizon: {', '.join(parts)}."


def _calendar(study: Study[Spec]) -> Drawn:
    from sim.present.calendar_plots import dosage_timeline

    return dosage_timeline(study.scenario)


def _team(study: Study[Spec], tables: Mapping[str, Table]) -> Drawn:
    from sim.studies.run.team_plot import team_network

    footer = f"One run, seed {study.seed}, scenario: {style.shorten(study.scenario.name, 70)}"
    return team_network(tables[TEAM].arrays, tables[TIES].arrays, footer, study.start_date)
