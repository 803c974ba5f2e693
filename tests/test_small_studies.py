"""Ladders, and agents against their mean-field twin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from checks import ALIKE, CERTAIN
from study_case import summaries

from sim.outcomes import INDEX
from sim.scenario import Scenario
from sim.study import mean_field, small_studies
from sim.study.study_file import StudyError


def test_the_twin_is_the_agents_when_nothing_is_left_to_chance_or_difference() -> None:
    """Alike people, no luck, no commitments: the mean person is everybody."""
    settings = {**CERTAIN, **ALIKE, "commitment_rate": 0.0}
    scenario = Scenario.shipped("source").replace(parameters=settings, beyond_range=True)
    p = scenario.parameter_set()
    for week in (0, 13, 104, 156):
        agents = summaries(scenario, [p], 1, 5, [week]).values[0, 0, 0, -1]
        twin = mean_field.twin(scenario, p, 5, 0, week)
        expected = [agents[INDEX[name]] for name in mean_field.OUTCOMES]
        np.testing.assert_allclose(twin, expected, atol=1e-9)


def test_the_twin_knows_what_it_does_not_know() -> None:
    scenario = Scenario.shipped("irregular")
    with pytest.raises(ValueError, match="scheduled contacts and no shocks"):
        mean_field.twin(scenario, scenario.parameter_set(), 1, 0, 10)


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


def ladder(tmp_path: Path, text: str = LADDER) -> small_studies.Ladder:
    path = tmp_path / "ladder.yaml"
    path.write_text(text)
    loaded = small_studies.load(path, "ladder")
    assert isinstance(loaded, small_studies.Ladder)
    return loaded


def test_a_ladder_is_the_paired_difference_of_two_scenarios(tmp_path: Path) -> None:
    frame = ladder(tmp_path).run().frame
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
    half = 1.959964 * first.std(ddof=1) / np.sqrt(6)
    assert rows["high"].iloc[0] - rows["effect"].iloc[0] == pytest.approx(half, rel=1e-6)
    # Steps keep what those before them changed.
    third = at(1.0, power_sharing=0.0, learning_rate=0.0) - at(
        0.0, power_sharing=0.0, learning_rate=0.0
    )
    assert rows["effect"].iloc[2] == pytest.approx(third.mean(), abs=1e-12)


def test_without_learning_co_creation_teaches_less(tmp_path: Path) -> None:
    result = ladder(tmp_path).run()
    knowledge = result.frame[result.frame.outcome == "knowledge"]["effect"].to_list()
    assert knowledge[0] > knowledge[1] > knowledge[2]
    assert "What if, not forecast." in result.words()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("power_sharing", "power_sharin", "did you mean 'power_sharing'?"),
        ("low: 0.0", "low: 1.0", "both sides are the same"),
        ("high: 1.0", "high: 1.5", "1.5 is out of range"),
        ("lever: co_creation", "lever: co_creatoin", "is not a lever"),
        ("replicates: 6", "replicates: 1", "an interval needs two replicates"),
        ("[trust, knowledge]", "[trust, knowlege]", "did you mean 'knowledge'?"),
    ],
)
def test_mistakes_of_a_ladder(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(StudyError) as caught:
        ladder(tmp_path, LADDER.replace(old, new))
    assert words in str(caught.value)


def test_twin_study(tmp_path: Path) -> None:
    path = tmp_path / "twin.yaml"
    path.write_text(
        "kind: twin\nscenario: source\noutcomes: [knowledge]\nnetworks: [complete, ring]\n"
        "core_teams: [1.0]\nreplicates: 4\nweeks: [26]\n"
    )
    result = small_studies.load(path, "twin").run()
    assert result.frame["network"].to_list() == ["complete", "ring"]
    # The mean field cannot tell networks apart; nobody differs much after half a year.
    assert result.frame["mean_field"].nunique() == 1
    assert result.frame["difference"].abs().max() < 0.05
    path.write_text("kind: twin\nscenario: source\noutcomes: [readiness]\n")
    with pytest.raises(StudyError, match="the twin has no readiness"):
        small_studies.load(path, "twin")
