"""information: the table of the value of information before choosing between scenarios.

:mod:`sim.stats.information` computes the values from the runs of a comparison. The instruments
simulate a measurement in the world of each set, on other people and chance than the comparison
runs. Each set is measured once, because a project measures once. The first scenario is under way
during the measurement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core.parameters import TABLE
from sim.core.units import count, weeks_of
from sim.model.dosage import planned
from sim.present.table import Column, Table
from sim.runs.instruments import between, dosage_log
from sim.runs.people import People, Seen
from sim.runs.plan import RunPlan, fresh
from sim.runs.readings import reading
from sim.stats.components import components, set_means
from sim.stats.information import LEAST_SETS, Worth, partial, perfect
from sim.studies.compare.measurements import Measurement, measurement_of
from sim.studies.spec import Study, week_number

if TYPE_CHECKING:
    from sim.core.parameters import Parameters
    from sim.studies.ask import Runner
    from sim.studies.compare.analysis import Runs
    from sim.studies.compare.spec import Spec

EVERYTHING = "every parameter"
ROLES = {"free": "all calibrated parameters", "uncertain": "all other uncertain parameters"}


def information(
    study: Study[Spec], runs: Sequence[Runs], values: Sequence[np.ndarray], run: Runner
) -> Table:
    """The table with a row for all parameters, each group, each parameter and each measurement.

    Args:
        study: the comparison.
        runs: the runs of each scenario.
        values: for each scenario, the compared first outcome, (sets, replicates).
        run: a function that makes the runs that are measured.
    """
    header = study.header
    benefit = np.stack([_benefit(study, one, y) for one, y in zip(runs, values, strict=True)])
    gaps = benefit[1:] - benefit[0]  # (others, sets, replicates)
    kept = np.isfinite(gaps).all(axis=(0, 2))
    gaps = gaps[:, kept]
    means = np.column_stack([set_means(one) for one in gaps])
    chance = np.array([_chance(one) for one in gaps])
    whole = perfect(means, chance)
    rows = [
        _row(
            "everything",
            EVERYTHING,
            whole,
            whole,
            "everything that is unknown about the parameters",
        )
    ]
    rows += _known(study, kept, means, whole)
    if header.measures:
        rows += _measured(study, runs[0], kept, means, whole, run)
    unit = "money" if header.worth is not None else study.about(header.outcomes[0]).unit
    columns = [
        Column("kind"), Column("what", format="text"),
        Column("value", unit=unit, format="money" if header.worth is not None else "auto",
               meaning="mean gain from knowing it before choosing"),
        Column("se", unit=unit, format="money" if header.worth is not None else "auto",
               meaning="standard error", heading="SE"),
        Column("share", format="percent", meaning="of the value of knowing everything"),
        Column("clear", meaning="more than twice its standard error"),
        Column("meaning", format="text"), Column("grade", heading="grade of the range"),
    ]  # fmt: skip
    return Table("information", pd.DataFrame(rows), columns, note=_note(study, int(kept.sum())),
                 title="What is worth knowing before choosing")  # fmt: skip


def _benefit(study: Study[Spec], one: Runs, values: np.ndarray) -> np.ndarray:
    header = study.header
    better = study.about(header.outcomes[0]).sign * values
    if header.worth is None:
        return better
    return header.worth * better - planned(one.plan.scenario).total.money


def _chance(gap: np.ndarray) -> float:
    """The variance of chance in the mean of a set; 0 where each set has one run only."""
    found = components(gap)
    return 0.0 if math.isnan(found.chance) else found.chance / found.replicates


def _row(
    kind: str, what: str, worth: Worth, whole: Worth, meaning: str, grade: str = ""
) -> dict[str, Any]:
    return {
        "kind": kind, "what": what, "value": worth.value, "se": worth.se,
        "share": worth.value / whole.value if whole.value > 0 else math.nan,
        "clear": bool(worth.value > 2.0 * worth.se), "meaning": meaning, "grade": grade,
    }  # fmt: skip


def _by_value(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (-np.nan_to_num(row["value"]), row["what"]))


def _known(
    study: Study[Spec], kept: np.ndarray, gaps: np.ndarray, whole: Worth
) -> list[dict[str, Any]]:
    """Rows of the groups, then of the single parameters."""
    plausible = study.plausible
    assert plausible is not None
    sets = [one for one, there in zip(plausible.sets, kept, strict=True) if there]
    names = [name for name in plausible.varied if name in TABLE and name not in study.header.hold]

    def worth(chosen: Sequence[str]) -> Worth:
        return partial(gaps, np.array([[one[name] for name in chosen] for one in sets]))

    groups = {label: [n for n in names if TABLE[n].role == role] for role, label in ROLES.items()}
    groups |= {" and ".join(one.split("+")): one.split("+") for one in study.header.know}
    found = [
        _row("group", label, worth(chosen), whole, f"{len(chosen)} parameters together")
        for label, chosen in groups.items()
        if chosen
    ]
    return _by_value(found) + _by_value(
        [
            _row("parameter", name, worth([name]), whole, TABLE[name].meaning, TABLE[name].grade)
            for name in names
        ]
    )


# --- measurements --------------------------------------------------------------------------------


def _measured(
    study: Study[Spec], first: Runs, kept: np.ndarray, gaps: np.ndarray, whole: Worth, run: Runner
) -> list[dict[str, Any]]:
    scenario = first.plan.scenario
    sets = study.sets(scenario)
    asked = [measurement_of(text) for text in study.header.measures]
    weeks = sorted({week for one in asked for week in one.weeks(scenario)})
    points = len(sets) * study.header.replicates + np.arange(len(sets))
    job = fresh(scenario, sets, 1, weeks, points)
    people = run(RunPlan((job,), study.seed), People(), label="measurements")
    found = []
    for one in asked:
        data = np.full((len(sets), one.numbers), np.nan)
        for place, p in enumerate(sets):
            seen = people.of(place)
            if len(seen.replicates):
                data[place] = _read(one, seen, p, scenario)
        there = np.isfinite(data[kept]).all(axis=1)
        worth = partial(gaps[there], data[kept][there])
        meaning = f"as in {first.plan.label}, {int(there.sum())} simulated"
        found.append(_row("measurement", one.text, worth, whole, meaning))
    return _by_value(found)


def _read(one: Measurement, seen: Seen, p: Parameters, scenario: Any) -> list[float]:
    """The numbers that a measurement of one run gives."""
    found: list[float] = []
    for part in one.parts:
        if part.construct:
            asked = part.people and math.ceil(part.people / len(seen.context[0, 0]))
            wave = seen.weeks.index(week_number(part.week, scenario))
            found.append(float(reading(seen, p, part.construct, wave, asked=asked)[0]))
        else:
            until = weeks_of(part.months)
            log: Mapping[str, Any] = dosage_log(seen, since_week=0, until_week=until)
            held = between(seen, "held", 0, until).sum()
            there = between(seen, "attended", 0, until).sum()
            found += [float(log["contacts_a_month"].mean[0]), float(there / held) if held else 0.0]
    return found


def _note(study: Study[Spec], sets: int) -> str:
    header = study.header
    benefit = f"{'gain in ' * header.gains}{header.outcomes[0]} at the end of TA"
    if header.worth is not None:
        benefit += f" at {header.worth:,.0f} a unit, less the planned cost"
    few = f"Fewer than {LEAST_SETS} sets cannot tell what parameters and measurements are worth. "
    one = "With one run of each set, knowing everything includes the chance of that run. "
    return (
        f"The benefit is {benefit}. The value is what choosing the best scenario with this "
        "knowledge "
        f"gains on average over choosing now; {count(sets, 'set')}. {few * (sets < LEAST_SETS)}"
        f"{one * (header.replicates == 1)}Values of several things do not add up. "
        "The values assume that polynomials describe what follows from the knowledge, and that the "
        "sets are what is plausible; what happens before the choice is not counted."
    )
