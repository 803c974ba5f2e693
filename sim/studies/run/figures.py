"""figures: every figure that the tables of runs allow, the most telling first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from sim.core.outcomes import HEADLINES
from sim.present import style
from sim.present.figures import Figure
from sim.present.format import count, number, words
from sim.present.table import Table
from sim.runs.weekly import OVERALL
from sim.studies.run.spec import Spec
from sim.studies.run.team import TEAM
from sim.studies.spec import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """Figures of runs; drawing one loads Matplotlib."""
    scenario = study.scenario
    regions = count(len(scenario.region_names), "region")

    @cache
    def courses() -> Any:
        from sim.studies.run.courses import Courses

        return Courses.of(study, tables)

    def drawn(name: str) -> Callable[[], Drawn]:
        def draw() -> Drawn:
            from sim.studies.run import courses as module

            return getattr(module, name)(courses())

        return draw

    found = [
        Figure("trajectories", "With TA and without", "", _in_words(tables), drawn("trajectories")),
        Figure(
            "regions", "Region by region", "",
            f"Trust, knowledge and integration by week, a line for each of {regions}.",
            drawn("regions"),
        ),
    ]  # fmt: skip
    if scenario.has_ta:
        found.append(
            Figure(
                "effects", "What TA adds, region by region", "",
                f"The effect on capacity at the end of TA in each of {regions}, with the interval "
                "of nine in ten runs.",
                drawn("effects"),
            )
        )  # fmt: skip
    if study.plausible is not None:
        found.append(
            Figure(
                "spread", "Chance alone, and with what we do not know", "",
                "Two intervals of a single run for each headline outcome and point in time: by "
                "chance alone, and with what we do not know about the parameters.",
                drawn("spread"),
            )
        )  # fmt: skip
    found += [
        Figure(
            "dosage", "The planned calendar", "",
            f"Planned contacts of {regions} by week and mode.", _calendar(study),
        ),
        Figure(
            "commitments", "Commitments", "",
            "Commitments made, kept, broken and lapsed up to each week, and the share kept.",
            drawn("commitments"),
        ),
    ]  # fmt: skip
    if TEAM in tables:
        found.append(
            Figure(
                "team", "One team", "",
                f"The staff of {words(scenario.region_names[0])} as a network, coloured by "
                "integration, at the start, at the end of TA and at the horizon.",
                _team(study, tables),
            )
        )  # fmt: skip
    return found


def _in_words(tables: Mapping[str, Table]) -> str:
    """The means at the horizon in words, for readers who cannot see the lines."""
    summary = tables["summary"].frame
    rows = summary[(summary["region"] == OVERALL) & (summary["point"] == "horizon")]
    look: Any = rows.set_index("outcome")
    parts = [
        f"{words(name)} {number(look.at[name, 'mean'])} (without TA "
        f"{number(look.at[name, 'no_ta_mean'])})"
        for name in HEADLINES
    ]
    return f"Means by week; at the horizon: {', '.join(parts)}."


def _calendar(study: Study[Spec]) -> Callable[[], Drawn]:
    def draw() -> Drawn:
        from sim.present.calendar_plots import dosage_timeline

        return dosage_timeline(study.scenario)

    return draw


def _team(study: Study[Spec], tables: Mapping[str, Table]) -> Callable[[], Drawn]:
    def draw() -> Drawn:
        from sim.studies.run.team import snapshots_of
        from sim.studies.run.team_plot import team_network

        name = style.shorten(study.scenario.name, 70)
        footer = f"One run, seed {study.seed}, scenario: {name}"
        return team_network(snapshots_of(tables), footer, study.start_date)

    return draw
