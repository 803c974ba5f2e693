"""Ladders: paired differences, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.runs.collect import Points
from sim.runs.execute import execute
from sim.runs.plan import RunPlan, independent
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.studies.ask import ask
from sim.studies.plausible import plausible_sets
from sim.studies.spec import StudyError
from tests.cases import codose, written
from tests.study_case import summaries

LADDER = """
kind: ladder
scenario: source
outcomes: [trust, knowledge]
contrast: {lever: co_creation, low: 0.0, high: 1.0}
steps:
  - {name: as it is}
  - {name: no power, parameters: {power_sharing: 0}}
  - {name: no learning either, parameters: {learning_rate: 0}}
replicates: 6
"""


def test_a_ladder_is_the_paired_difference_of_two_scenarios() -> None:
    frame = ask(written(LADDER)).table("ladder")
    source = Scenario.shipped("source")
    base = source.parameter_set()

    def at(value: float, **changes: float) -> np.ndarray:
        dosage = [{**s.model_dump(mode="json"), "co_creation": value} for s in source.dosage]
        arm = source.replace(dosage=dosage)
        chosen = base.replace(beyond_range=True, **changes)
        return summaries(arm, [chosen], 6, 1, [104]).of("trust")[0]

    first = at(1.0) - at(0.0)
    rows = frame[frame.outcome == "trust"]
    assert rows["effect"].iloc[0] == pytest.approx(first.mean(), abs=1e-12)
    half = stats.t.ppf(0.95, 5) * first.std(ddof=1) / np.sqrt(6)
    assert rows["high"].iloc[0] - rows["effect"].iloc[0] == pytest.approx(half, rel=1e-6)
    # Steps keep what those before them changed.
    third = at(1.0, power_sharing=0.0, learning_rate=0.0) - at(
        0.0, power_sharing=0.0, learning_rate=0.0
    )
    assert rows["effect"].iloc[2] == pytest.approx(third.mean(), abs=1e-12)


def test_over_plausible_sets_the_sets_are_the_units() -> None:
    result = ask(written(LADDER.replace("replicates: 6", "replicates: 2\nsets: 4")))
    source = Scenario.shipped("source")
    sides = []
    for value in (0.0, 1.0):
        arm = with_levers(source, {"co_creation": value})
        sets = [
            one.replace(beyond_range=True, power_sharing=0.0)
            for one in plausible_sets(4).within(arm)
        ]
        plan = RunPlan((independent(arm, sets, 2, [104]),), 1)
        sides.append(execute(plan, collect=Points(("trust",))).of("trust", 104))
    means = (sides[1] - sides[0]).mean(axis=1)  # of each set
    rows = result.table("ladder").query("outcome == 'trust'").set_index("step")
    found = rows.loc["no power"]
    assert found["effect"] == pytest.approx(means.mean(), abs=1e-12)
    half = stats.t.ppf(0.95, 3) * means.std(ddof=1) / 2
    assert found["high"] - found["effect"] == pytest.approx(half, rel=1e-6)
    assert (found["n"], found["runs"]) == (8, 8)
    assert "Each step is taken in every set" in result.answer.text
    assert "90 % intervals over 4 plausible sets." in result.figures[0].caption


def test_without_learning_co_creation_teaches_less() -> None:
    result = ask(written(LADDER))
    frame = result.table("ladder")
    knowledge = frame[frame.outcome == "knowledge"]["effect"].to_list()
    assert knowledge[0] > knowledge[1] > knowledge[2]
    text = result.answer.text
    assert "the effect of co-creation 1 instead of 0 changes from +" in text
    assert "What if, not forecast." in text


def test_the_words_are_about_the_lever_that_was_asked_for() -> None:
    asked = LADDER.replace("co_creation, low: 0.0, high: 1.0", "hours, low: 1, high: 4")
    result = ask(written(asked.replace("replicates: 6", "replicates: 2")))
    assert "hours 4 instead of 1" in result.answer.text
    assert "co-creat" not in result.answer.text
    assert "hours 4 instead of 1" in result.figures[0].title


def test_another_command_says_which_one_asks_a_ladder() -> None:
    done = codose("sensitivity", "cocreation_ladder")
    assert done.exit_code == 2
    assert "is a study of kind 'ladder', not 'sensitivity'" in done.stderr
    assert "allowed: codose ladder cocreation_ladder" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("power_sharing", "power_sharin", "did you mean 'power_sharing'?"),
        ("low: 0.0", "low: 1.0", "both sides are the same"),
        ("high: 1.0", "high: 1.5", "1.5 is out of range"),
        ("lever: co_creation", "lever: co_creatoin", "is not a lever"),
        ("replicates: 6", "replicates: 1", "an interval needs two replicates"),
        ("replicates: 6", "sets: 1", "2 or more; none for the values of the scenario"),
        ("[trust, knowledge]", "[trust, knowlege]", "did you mean 'knowledge'?"),
    ],
)
def test_mistakes_of_a_ladder(old: str, new: str, words: str) -> None:
    with pytest.raises(StudyError) as caught:
        written(LADDER.replace(old, new))
    assert words in str(caught.value)
