"""Published trials: mapping, judging, bad files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sim.core import files
from sim.core.errors import InputError
from sim.core.parameters import Parameters
from sim.model.dosage import planned_contacts
from sim.studies.ask import ask
from sim.studies.kind import StudyKind
from sim.studies.plausible import plausible_sets
from sim.studies.result import load
from sim.studies.spec import Study
from sim.studies.trials.analysis import judge, means_and_noise, scenario_of, verdict_of
from sim.studies.trials.spec import (
    CONSTANT,
    FROM_TRIALS,
    HOURS,
    MODEL,
    THROUGH_0,
    Spec,
    Trial,
    read_trials,
    trials_of,
)
from sim.studies.trials.words import words
from sim.studies.verify import verify

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


def test_a_number_of_sets_is_drawn_from_sets_that_have_not_seen_the_trials() -> None:
    path = files.folder("experiments") / "plausible" / "without_trials"
    seen = json.loads((path / "without_trials.json").read_text(encoding="utf-8"))["target_ids"]
    assert not {"T12", "T13", "T14"} & set(seen)
    few, folder = shipped(sets=7).plausible, shipped(sets=str(path)).plausible
    assert few is not None
    assert folder is not None
    assert len(few) == 7
    assert few.source == folder.source
    assert "constrained by 12 targets" in ask(shipped(sets=2, replicates=2)).answer.text


def test_targets_from_the_trials_are_those_of_their_file() -> None:
    read = yaml.safe_load(
        (files.folder("experiments") / "observed" / "baskerville2012.yaml").read_text("utf-8")
    )
    assert tuple(one["id"] for one in read["findings"]) == FROM_TRIALS


def test_sets_that_have_seen_the_trials_are_named_as_such(tmp_path: Path) -> None:
    """The sets of a folder, however it is given, and of a result that is read again."""
    folder = files.folder("experiments") / "plausible"
    seen = tmp_path / "seen"
    seen.mkdir()
    for name in ("default.csv", "default.json"):
        shutil.copy(folder / name, seen)
    told = "calibrated to T12, T13 and T14, which were computed from the trials"
    table = files.folder("experiments") / "observed" / "facilitation_trials.csv"
    fields = {"scenario": "source", "trials": str(table), "replicates": 2}
    for sets in (plausible_sets(2), seen):
        found = ask(StudyKind.of("trials").make(**fields, sets=sets))
        assert told in found.answer.text
    assert told in words(load(found.save(tmp_path / "t", figures=())).study, found.tables).text
    about = json.loads((seen / "default.json").read_text(encoding="utf-8"))
    about["target_ids"] = ["T13", "T4"]
    (seen / "default.json").write_text(json.dumps(about), encoding="utf-8")
    text = words(shipped(sets=str(seen)), found.tables).text
    assert "calibrated to T13, which was computed" in text
    assert "leave_out: [T12, T13, T14]" in text
    for sets in (2, str(folder / "without_trials"), [Parameters()]):
        unseen = StudyKind.of("trials").make(**fields, sets=sets)
        assert "have seen" not in words(unseen, found.tables).text


def test_a_difference_that_is_not_known_is_a_draw() -> None:
    assert verdict_of(float("nan"), 1.0) == verdict_of(6.0, float("nan")) == "a draw"


def test_a_folder_stands_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "few.csv"
    file.write_text(HEAD + ROW * 2 + ROW.replace(",5,", ",3,") * 3, encoding="utf-8")
    fields = {"scenario": "source", "trials": str(file), "sets": 2, "replicates": 2}
    found = ask(StudyKind.of("trials").make(**fields))
    folder = found.save(tmp_path / "t", figures=())
    file.unlink()
    assert verify(folder).ok
    assert trials_of(load(folder).study) == trials_of(found.study)
    assert found.tables["trials"].rests_on == (20, 20)


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


def made(smd: np.ndarray, se: float = 0.1, months: np.ndarray | None = None) -> list[Trial]:
    times = np.full(len(smd), 12.0) if months is None else months
    return [
        Trial(f"t{i}", 5, True, float(m), 10.0 + i, 1.0, float(y), se)
        for i, (y, m) in enumerate(zip(smd, times, strict=True))
    ]


def simulated(effects: np.ndarray, chance: float = 0.002, seed: int = 0) -> np.ndarray:
    """Two sets of eight replicates about effects (trials,)."""
    rng = np.random.default_rng(seed)
    return effects + rng.normal(0, chance, (2, 8, len(effects)))


def judged(smd: np.ndarray, effects: np.ndarray, **fields: Any) -> tuple[Any, Any, str]:
    """Scores by name, the row of the mapping, and the verdict."""
    found = judge(made(smd, **fields), effects)
    scores = found["scores"].frame.set_index("what")
    return scores, found["mapping"].frame.iloc[0], words(shipped(), found).verdict


def test_a_model_in_proportion_is_better_whatever_its_unit_and_its_zero() -> None:
    """SMD = .3 + 4 effect, with errors of the size that is said: b is 4 within its interval, the
    verdict is that the model is better, and the unit of the effect does not matter."""
    rng = np.random.default_rng(1)
    effects = np.linspace(0.02, 0.3, 15)
    smd = 0.3 + 4.0 * effects + rng.normal(0, 0.1, 15)
    runs = simulated(effects)
    scores, mapping, verdict = judged(smd, runs)
    assert mapping["b_low"] < 4.0 < mapping["b_high"]
    assert mapping["b_low"] > 0
    assert scores.loc[MODEL, "against_constant"] == "better"
    assert "better than one constant" in verdict
    assert "a comparison, not a validation" in verdict
    scaled, other, _ = judged(smd, runs * 10 + 7.0)
    assert scaled.loc[MODEL, "log_score"] == pytest.approx(scores.loc[MODEL, "log_score"], abs=1e-6)
    assert other["b"] == pytest.approx(mapping["b"] / 10)
    # What the trials have in common is no longer asked of the model.
    assert scores.loc[MODEL, "log_score"] > scores.loc[THROUGH_0, "log_score"]


@pytest.mark.parametrize("times", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_where_a_constant_is_right_the_verdict_is_a_draw(times: int) -> None:
    """Trials that differ by chance only: by chance a slope that is not there may look like one, at
    most in one of twenty; and a slope that is not there costs too little to be called worse."""
    effects = np.linspace(0.02, 0.3, 15)
    verdicts = []
    for seed in range(times):
        smd = 0.6 + np.random.default_rng(seed).normal(0, 0.3, 15)
        scores, _, verdict = judged(smd, simulated(effects, seed=seed), se=0.3)
        verdicts.append(scores.loc[MODEL, "against_constant"])
        if verdicts[-1] == "a draw":
            assert "as well as one constant does, and no better" in verdict
    assert verdicts.count("a draw") >= (95 if times == 100 else times - 1)
    assert "worse" not in verdicts


def test_a_model_that_has_it_the_wrong_way_round_is_said_to() -> None:
    effects = np.linspace(0.02, 0.3, 15)
    smd = 1.5 - 4.0 * effects + np.random.default_rng(2).normal(0, 0.1, 15)
    found = judge(made(smd), simulated(effects))
    mapping: Any = found["mapping"].frame.iloc[0]
    assert mapping["b_high"] < 0
    text = words(shipped(), found).text
    assert "larger effects in the model go with smaller ones in the trials" in text


def test_differences_and_their_errors_are_those_of_the_trials() -> None:
    found = judge(made(np.linspace(0, 1, 8)), simulated(np.linspace(0, 0.1, 8) ** 2))
    gain = found["trials"].frame["gain"]
    row: Any = found["scores"].frame.set_index("what").loc[MODEL]
    assert row["difference"] == pytest.approx(gain.sum())
    assert row["difference_se"] == pytest.approx(np.sqrt(8 * gain.var(ddof=1)))
    assert found["scores"].frame["what"].tolist() == [CONSTANT, HOURS, MODEL, THROUGH_0]


def test_sets_that_differ_and_chance_both_widen_the_forecasts() -> None:
    smd, effects = 0.3 + 4 * np.linspace(0.02, 0.3, 15), np.linspace(0.02, 0.3, 15)

    def width(runs: np.ndarray) -> float:
        frame = judge(made(smd), runs)["trials"].frame
        return float((frame["high"] - frame["low"]).mean())

    base = np.broadcast_to(effects, (2, 8, 15))
    wave = 0.05 * np.where(np.arange(15) % 2, 1.0, -1.0)
    differing = np.stack([np.tile(effects + wave, (8, 1)), np.tile(effects - wave, (8, 1))])
    chancy = effects + np.tile([0.1, -0.1], 4)[None, :, None] * np.ones((2, 1, 15))
    assert width(differing) > 1.2 * width(base)
    assert width(chancy) > 1.1 * width(base)


def test_chance_is_the_variance_of_a_mean_of_the_runs_there_are() -> None:
    """Two sets of two runs: 1, 3 and 5 (one failed): squares 2 of one degree of freedom."""
    runs = np.array([[[1.0], [3.0]], [[5.0], [np.nan]]])
    mean, noise = means_and_noise(runs)
    assert mean.ravel().tolist() == [2.0, 5.0]
    assert noise.ravel().tolist() == pytest.approx([1.0, 2.0])


def test_doses_that_pay_more_in_the_model_are_named() -> None:
    """The model's effect grows with the months, that of the trials does not."""
    months = np.array([6.0, 24, 6, 24, 12, 12, 6, 24, 12, 6, 24, 12])
    rng = np.random.default_rng(3)
    smd = 0.6 + rng.normal(0, 0.05, 12)
    found = judge(made(smd, 0.05, months), simulated(0.1 * np.log2(months)))
    row: Any = found["doses"].frame.set_index("dose").loc["months"]
    assert row["trials_low"] < 0 < row["trials_high"]
    assert row["model"] > row["trials_high"]
    text = words(shipped(), found).text
    assert "Months pay more in the model than in the trials" in text
    # A model of 0.1 log2(months) gains 0.1 of its mean, which the weights (here equal) make.
    assert row["model"] == pytest.approx(0.1 / (0.1 * np.log2(months)).mean(), rel=0.05)


def test_one_replicate_cannot_show_chance() -> None:
    with pytest.raises(InputError, match="replicates: 1 is out of range"):
        shipped(replicates=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD.replace("smd", "sdm") + ROW, "lacks the column 'smd'.*did you mean 'sdm'"),
        (HEAD + ROW * 4 + ROW.replace("0.2\n", "0\n"), r"t.csv:6: se: '0' cannot be used"),
        (HEAD + ROW * 4 + ROW.replace(",12,", ",NA,"), r"t.csv:6: months: 'NA'"),
        (HEAD + ROW * 4 + ROW.replace("0.2\n", "\n"), r"t.csv:6: se: is missing; allowed: above"),
        (HEAD + ROW * 4 + ROW.replace(",5,", ",nan,"), "allowed: above 0, up to 100, or NA where"),
        (HEAD + ROW * 3, "holds 3 trials"),
        (HEAD, "holds no trials"),
        (HEAD + ROW.replace(",5,", ",NA,") * 6, "no trial says how many sites"),
        (HEAD + ROW * 5 + ROW.replace(",5,", ",500,"), "up to 100"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_trials(path)
