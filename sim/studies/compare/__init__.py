"""Comparisons: :func:`compare` runs scenarios on the same people, chance and plausible sets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.core.outcomes import HEADLINES

if TYPE_CHECKING:
    from sim.runs.execute import Execution
    from sim.scenario.scenario import Scenario
    from sim.studies.plausible import SetChoice
    from sim.studies.result import Result

MARGIN = 0.01
"""A difference up to this share of an outcome's range does not matter (without a range: of the
outcome's mean in the first scenario)."""


def compare(
    *scenarios: Scenario | str | os.PathLike[str] | Sequence[Scenario | str],
    sets: SetChoice = 50,
    replicates: int = 4,
    seed: int | None = None,
    outcomes: Sequence[str] | Mapping[str, Any] = HEADLINES,
    engine: str | type = "auto",
    gains: bool = False,
    margin: float = MARGIN,
    stopping_now: bool = False,
    hold: Mapping[str, float] | None = None,
    labels: Sequence[str] = (),
    until: float | None = None,
    most_sets: int | None = None,
    information: bool = False,
    measures: Sequence[str] = (),
    know: Sequence[str] = (),
    worth: float | None = None,
    execution: Execution | None = None,
) -> Result:
    """Compare scenarios with the first of them, run by run.

    Scenarios may differ in anything but the people. With other regions (number, choice, staff, own
    starts) levels are refused, but ``gains`` can still be compared, which are the differences of
    each scenario from its own run without TA. With other horizons, the comparison ends at the
    shortest.

    Args:
        scenarios: two or more scenarios, paths or shipped names, or one sequence of them.
        sets: plausible sets, their number, the folder of a calibration, or parameter sets of your
            own. Values under ``parameters`` in a scenario's file hold in every set.
        replicates: runs of each set, 1 or more; a single run does not separate chance from
            parameters.
        seed: seed of every random number; default: the first scenario's.
        outcomes: names to compare; or outcomes of your own, functions of the model by name
            (:mod:`sim.model.own`), which are compared beside the usual ones.
        engine: "auto", "mesa", "compiled", or a model of your own: "module:Model" or the subclass
            of CoCreationModel.
        gains: compare gains over each scenario's own run without TA, in place of levels.
        margin: share of an outcome's range that would not matter, above 0.
        stopping_now: compare with TA that ends with the contact log of the first scenario.
        hold: parameters held at a value in every set, by name.
        labels: labels of the scenarios; default: their names, or those of their files.
        until: go on with more sets until the 90 % intervals of mean differences at the end of TA,
            of outcomes on a scale, are no wider than +- this value, with ``most_sets`` (2000) at
            most. The result says how many sets were needed.
        information: add the value of information of each parameter for the choice by the first
            outcome. Each of the next three arguments adds this table, too.
        measures: measurements whose worth is computed: "survey of trust at start with 20 people",
            "log of 6 months", or several joined by "and".
        know: groups of parameters that would be known together, such as "first_trust+trust_step".
        worth: money that a whole unit of the first outcome is worth; planned cost then counts, too.
        execution: how runs are made; default: on all threads of this machine.

    Returns:
        The result. Its tables are ``verdicts`` (a row for each scenario and outcome),
        ``differences`` and ``regions`` (the same by region), ``levels``, ``costs`` and
        ``costs_planned``, ``efficiency``, ``drivers``, ``information``, ``weeks`` and ``differs``;
        a table without rows is left out.

    Raises:
        InputError: an argument cannot be used.
        UnlikePeople: levels are compared of scenarios with other people.
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.

    Source: common random numbers and plausible sets, Searle, Casella & McCulloch 1992; O'Hagan,
    Stevenson & Madan 2007.

    >>> from sim.scenario.scenario import Scenario
    >>> classroom = Scenario.shipped("classroom")
    >>> rarely = {"mode": "video", "every_weeks": 13, "hours": 1.5, "last_week": 52}
    >>> found = compare(classroom, classroom.replace(name="rarely", dosage=[rarely]), sets=5)
    >>> table = found.table("differences").set_index(["outcome", "point"])
    >>> bool(table.loc[("trust", "end_of_ta"), "mean"] < 0)  # b minus a
    True
    """
    from sim.runs.own import chosen
    from sim.studies.ask import ask
    from sim.studies.kind import StudyKind
    from sim.studies.spec import until_fields

    given = scenarios
    if len(given) == 1 and isinstance(given[0], list | tuple):
        given = given[0]
    own = outcomes if isinstance(outcomes, Mapping) else {}
    names = [*HEADLINES, *own] if own else outcomes
    study = StudyKind.of("compare").make(
        scenarios=list(given), sets=50 if sets is None else sets, replicates=replicates, seed=seed,
        outcomes=names, gains=gains, margin=margin, stopping_now=stopping_now,
        hold={} if hold is None else hold, labels=labels, engine=chosen(engine, own),
        information=information, measures=measures, know=know, worth=worth,
        **until_fields(until, most_sets),
    )  # fmt: skip
    return ask(study, execution)
