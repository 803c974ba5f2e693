"""Ladders: paired differences, step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from study_case import summaries

from sim.scenario import Scenario
from sim.study import small_studies
from sim.study.study_file import StudyError

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
    return small_studies.load(path)


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
