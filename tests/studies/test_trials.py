"""Published trials: mapping, judging, bad files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.core.errors import InputError
from sim.model.dosage import planned_contacts
from sim.studies.kind import StudyKind, ask, load, verify
from sim.studies.spec import Study
from sim.studies.trials.analysis import between_trials, judge, left_out, scenario_of
from sim.studies.trials.spec import Spec, Trial, read_trials, trials_of
from sim.studies.trials.words import words

HEAD = "author,year,practices_per_facilitator,months,meetings,hours_per_meeting,smd,se\n"
ROW = "A,2000,5,12,10,1.5,0.5,0.2\n"


def shipped(**fields: Any) -> Study[Spec]:
    return StudyKind.of("trials").read("trials", **fields)


def test_the_shipped_trials() -> None:
    study = shipped()
    found = trials_of(study)
    assert len(found) == 15
    assert [t.sites for t in found if not t.sites_known] == [11, 11]  # median of the others
    kottke = found[0]
    assert (kottke.sites, kottke.hours_a_month) == (6, 30 / 18)  # 5.5 sites: 6 regions
    assert study.plausible is not None
    assert len(study.plausible) == 50
    assert "12 targets" in study.plausible.source, "sets that have not seen the trials"


def test_a_folder_stands_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "few.csv"
    file.write_text(HEAD + ROW * 2 + ROW.replace(",5,", ",3,") * 3, encoding="utf-8")
    fields = {"scenario": "source", "trials": str(file), "sets": 2, "replicates": 1}
    found = ask(StudyKind.of("trials").make(**fields))
    folder = found.save(tmp_path / "t", figures=())
    file.unlink()
    assert verify(folder).ok
    assert trials_of(load(folder).study) == trials_of(found.study)
    assert found.tables["trials"].rests_on == (10, 10)


@pytest.mark.parametrize(
    ("meetings", "hours", "months"), [(30, 1, 18), (5, 1, 5), (33, 1.75, 18), (200, 2, 12)]
)
def test_a_scenario_has_the_hours_of_its_trial(meetings: int, hours: float, months: int) -> None:
    template = shipped().scenario
    trial = Trial("x", 4, True, months, meetings, hours, 0.5, 0.2)
    scenario = scenario_of(trial, template)
    planned = planned_contacts(scenario, scenario.parameter_set())
    each = sum(c.hours for c in planned) / 4
    assert each == pytest.approx(meetings * hours, rel=0.12)  # staggered calendars drop a contact
    assert scenario.providers.count == 1
    assert scenario.staff_counts == (12,) * 4
    assert scenario.end_of_ta == scenario.horizon_weeks == round(months * 365.25 / 12 / 7)


def test_between_trials_is_the_method_of_moments() -> None:
    """Worked by hand: y = 0, 1 with SE 0.5 each: w = 4, Q = 2, (2 - 1) / (8 - 32/8) = .25."""
    found = between_trials(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    assert found == pytest.approx(np.sqrt(0.25))


def made(smd: np.ndarray) -> list[Trial]:
    return [
        Trial(f"t{i}", 5 + i, True, 12.0, 10.0 + i, 1.0, float(y), 0.1) for i, y in enumerate(smd)
    ]


def test_a_model_in_proportion_is_perfect_whatever_its_unit() -> None:
    study = shipped()
    smd = np.array([0.2, 0.4, 0.5, 0.7, 0.9, 1.1])
    effects = np.stack([smd * 0.1, smd * 0.1])
    found = judge(made(smd), effects)
    score = found["scores"].frame.set_index("what")
    assert score.loc["model", "rmse"] == pytest.approx(0.0, abs=1e-12)
    assert score.loc["model", "inside_50"] == 1.0
    assert score.loc["pooled effect", "rmse"] > 0.2
    assert "compared, not validated" in words(study, found).verdict


def test_each_trial_is_predicted_from_the_others() -> None:
    x = np.ones((4, 1))
    y = np.array([0.0, 1.0, 2.0, 3.0])
    assert left_out(x, y, np.ones(4)).tolist() == pytest.approx([2, 5 / 3, 4 / 3, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD.replace("smd", "sdm") + ROW, "lacks the column 'smd'.*did you mean 'sdm'"),
        (HEAD + ROW * 4 + ROW.replace("0.2\n", "0\n"), r"t.csv:6: se: '0' cannot be used"),
        (HEAD + ROW * 4 + ROW.replace(",12,", ",NA,"), r"t.csv:6: months: 'NA'"),
        (HEAD + ROW * 3, "holds 3 trials"),
        (HEAD, "holds no trials"),
        (HEAD + ROW.replace(",5,", ",NA,") * 6, "no trial says its sites"),
        (HEAD + ROW * 5 + ROW.replace(",5,", ",500,"), "up to 100"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_trials(path)
