"""A centre's own numbers constrain the model: through instruments, alone or beside the shipped."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sim
from sim.core.errors import InputError
from sim.core.states import READINGS
from sim.runs.execute import Execution
from sim.runs.instruments import POINTS, observe, survey
from sim.runs.readings import reading
from sim.scenario.scenario import Scenario
from sim.studies.ask import Runner
from sim.studies.calibrate.calibration import LENIENCY, calibration_of
from sim.studies.calibrate.posterior import Making
from sim.studies.calibrate.predictive import row_of
from sim.studies.kind import StudyKind
from sim.studies.measures import SEEN, answer, parse_measure, waves_of
from sim.studies.result import Result
from sim.studies.targets import Target
from sim.studies.verify import verify
from tests.cases import codose

SCENARIO = Scenario.shipped("classroom")
FEW: dict[str, Any] = {"samples": 200, "replicates": 3, "kept": 50}


def frame(*rows: tuple[Any, ...], names: str = "item wave mean sd n") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=names.split())


def asked(data: pd.DataFrame, scenario: Any = SCENARIO, **fields: Any) -> Any:
    """What a calibration would be held to; nothing is run."""
    from sim.studies.survey_import import import_survey

    content = import_survey(data).content
    made = {"own_only": True, "factors": ["learning_rate"], **fields, "data": content}
    return calibration_of(StudyKind.of("calibrate").make(scenario=scenario, **made))


# --- instruments ---------------------------------------------------------------------------------


def test_measures_of_instruments_are_differences_of_readings() -> None:
    """By hand, from made-up readings of two sets at the start, in week 20 and in week 52."""
    readings = ("knowledge", "response", "test")
    values = np.arange(18.0).reshape(2, 3, 3)
    means = {
        SEEN: ((0, 20, 52), values),
        "base": ((0, 52), np.array([[[0.0, 0.0], [3.0, 12.0]], [[0.0, 0.0], [0.0, 0.0]]])),
    }
    names = ("contacts_failed_by_region", "contacts_planned")

    def found(text: str) -> list[float]:
        return answer(parse_measure(text), SCENARIO, means, names, readings).tolist()

    assert found("survey of knowledge at 20") == values[:, 1, 0].tolist()
    assert found("change of survey of knowledge from start to 52") == [6.0, 6.0]
    assert found("change of survey of knowledge from 52 to 20") == [-3.0, -3.0]
    assert found("survey response at end_of_ta") == values[:, 2, 1].tolist()
    assert found("change of test of knowledge from start to 20") == [3.0, 3.0]
    per = found("contacts_failed_by_region per contacts_planned at 52")
    assert per[0] == 0.25
    assert math.isnan(per[1]), "where nothing was planned there is no share"


def test_the_scale_of_the_survey_is_that_of_its_instrument() -> None:
    assert parse_measure("survey of trust at 52").scale == (1.0, POINTS)
    assert parse_measure("change of test of knowledge from start to 52").scale == (-1.0, 1.0)
    assert parse_measure("trust at 52").scale is None


def test_the_bank_reads_what_the_instruments_read() -> None:
    """The same runs, looked at one set after the other."""
    sets = [SCENARIO.parameter_set().replace(learning_rate=x) for x in (0.2, 0.45)]
    texts = ("survey of trust at 20", "test of knowledge at 52", "survey response at 20")
    targets = [dataclasses.replace(TARGET, measure=parse_measure(text)) for text in texts]
    making = Making(SCENARIO, targets, 5, Runner(Execution()))
    outputs, _ = making.sets(sets, 4, "test", 0)
    assert waves_of(SCENARIO, [t.measure for t in targets]) == (20, 52)
    for number, one in enumerate(sets):
        seen = observe(
            SCENARIO, one, seed=5, replicates=4, weeks=[20, 52], first_replicate=4 * number
        )
        by_hand = [
            np.nanmean(survey(seen, one, "trust", wave=0, items=4).described().mean),
            np.nanmean(reading(seen, one, "test", 1)),
            np.nanmean(survey(seen, one, "trust", wave=0, items=4).response()),
        ]
        assert outputs[number] == pytest.approx(by_hand)


TARGET = Target("A", "", parse_measure("trust at 52"), 0.5, 0.4, 0.6, "scored", "A", "", (0.1, 0.1))


def test_a_test_knows_no_leniency() -> None:
    p = SCENARIO.parameter_set()
    kind = p.replace(beyond_range=True, survey_leniency=0.9)
    seen = observe(SCENARIO, p, seed=2, replicates=5, weeks=[52])
    assert reading(seen, p, "test", 0).tolist() == reading(seen, kind, "test", 0).tolist()
    assert reading(seen, kind, "knowledge", 0).mean() > reading(seen, p, "knowledge", 0).mean()
    assert set(READINGS) >= {"trust", "knowledge", "response", "test"}


def test_one_centre_is_one_run() -> None:
    """A number of the centre itself scatters as single runs do: the SD between R runs, and that of
    their mean besides."""
    own = dataclasses.replace(TARGET, own=True, one_run=True)
    making = Making(SCENARIO, [TARGET, own], 1, Runner(Execution()))
    _, errors = making.sets([SCENARIO.parameter_set()], 9, "test", 0)
    assert errors[0, 1] == pytest.approx(errors[0, 0] * math.sqrt(10))
    # |x - value| within 1.96 of both errors together
    reach = 1.959964 * math.hypot(0.1 / 1.959964, 0.2)
    x = 0.5 + np.array([0.99, 1.01]) * reach
    assert own.hit(x, 0.2).tolist() == [True, False]
    assert TARGET.hit(np.array([0.59, 0.61]), 0.2).tolist() == [True, False]


def test_a_true_model_misses_few_of_its_own_targets() -> None:
    """Of numbers that the model itself makes (one run, with the error of a survey of it), 95 of
    100 agree with the mean of the model: the verdict counts the scatter of runs and the error."""
    rng = np.random.default_rng(4)
    mean, scatter, error, replicates = 0.6, 0.15, 0.1 / 1.959964, 20
    verdicts, shares, defaults = [], [], []
    for value in mean + scatter * rng.normal(size=1000) + error * rng.normal(size=1000):
        target = dataclasses.replace(
            TARGET, own=True, one_run=True, value=value, low=value - 0.1, high=value + 0.1
        )
        seen = scatter * math.sqrt(1 + 1 / replicates)
        x = mean + scatter / math.sqrt(replicates) * rng.normal(size=30)
        row = row_of(target, x, mean, 0.0, (np.full(30, seen), scatter))
        assert (row["verdict"] == "hit") == (row["missed_by"] == 0)
        assert (row["low"] <= row["mean"] <= row["high"]) == (row["verdict"] == "hit")
        verdicts.append(row["verdict"] == "hit")
        shares.append(row["hit_share"])
        defaults.append(row["default_verdict"] == "hit")
    assert np.mean(defaults) == pytest.approx(0.95, abs=0.021)  # three standard errors
    assert np.mean(verdicts) == pytest.approx(0.955, abs=0.021)
    assert np.mean(shares) == pytest.approx(0.95, abs=0.021)
    plain = row_of(TARGET, np.array([0.65]), 0.65, 0.0, (0.2, 0.2))
    assert (plain["verdict"], plain["low"], plain["high"]) == ("miss", 0.4, 0.6), "a borrowed one"


# --- what a calibration is held to ---------------------------------------------------------------


def test_a_change_takes_the_place_of_the_later_level() -> None:
    data = frame(("trust", "start", 3.5, 0.6, 20), ("trust", 52, 4.0, 0.6, 20))
    found = asked(data)
    assert [t.id for t in found.targets] == ["own_trust_start", "own_trust_start_to_52"]
    assert found.aside == (
        ("own_trust_52", "own_trust_start and own_trust_start_to_52 give the same information"),
    )
    levels = asked(data, targets=["own_trust_start", "own_trust_52"])
    assert [t.id for t in levels.targets] == ["own_trust_start", "own_trust_52"]
    assert not levels.aside


def test_a_survey_makes_leniency_and_the_start_vary() -> None:
    found = asked(frame(("trust", 52, 4.0, 0.6, 20)))
    assert found.names == ["learning_rate", LENIENCY, "first_trust"]
    assert [found.names[i] for i in found.free] == ["learning_rate", "first_trust"]
    test = asked(frame(("knowledge test", 52, 0.5, 0.2, 20)))
    assert test.names == ["learning_rate", "knowledge_mean"], "a test knows no leniency"
    known = SCENARIO.replace(parameters={LENIENCY: 0.3})
    assert asked(frame(("trust", 52, 4.0, 0.6, 20)), known).names == [
        "learning_rate",
        "first_trust",
    ]
    given = asked(frame(("trust", 52, 4.0, 0.6, 20)), factors={LENIENCY: {"uniform": [0.3, 0.5]}})
    assert given.factors[0].distribution.limits == (0.3, 0.5)


def test_a_region_by_itself_sets_aside_what_it_cannot_answer() -> None:
    """Findings that come with codose and need two regions stop nobody; one's own do."""
    found = asked(frame(("trust", 52, 4.0, 0.6, 20)), own_only=False)
    assert "T13" in dict(found.aside)
    assert "needs two regions" in dict(found.aside)["T13"]
    assert {"T9", "own_trust_52"} <= {t.id for t in found.targets} | set(dict(found.aside))
    with pytest.raises(InputError, match=r"own_trust_700: .* past the horizon"):
        asked(frame(("trust", 700, 4.0, 0.6, 20)))
    late = pd.DataFrame({"item": ["trust"], "since": ["end_of_ta"], "wave": ["52"], "change": [0.2],
                         "sd": [0.5], "n": [20]})  # fmt: skip
    assert SCENARIO.end_of_ta == 52
    with pytest.raises(InputError, match=r"own_trust_end_of_ta_to_52: .* begins in week 52 of .*"):
        asked(late)
    with pytest.raises(InputError, match="'one more site' needs two regions"):
        asked(frame(("trust", 52, 4.0, 0.6, 20)), own_only=False, targets=["T13"])


def test_an_item_that_the_model_does_not_know_is_set_aside_and_said() -> None:
    data = frame(("knowledge", "start", 3, 0.5, 20), ("knowldge", 52, 4, 0.5, 20))
    found = asked(data)
    assert [target.id for target in found.targets] == ["own_knowledge_start"]
    assert found.aside == (("own_knowldge_52", "the model knows no quantity of this name"),)


def test_what_was_left_out_of_a_survey_is_in_the_answer(tmp_path: Path) -> None:
    """From a frame, and from a table that a study names: a row without a mean, and an item of
    another name."""
    data = frame(
        ("knowledge test", "start", 0.4, 0.2, 40), ("knowledge test", 52, math.nan, 0.2, 40),
        ("knowledge test", 30, 0.5, 0.2, 40),
    )  # fmt: skip
    few = {"parameters": ["learning_rate"], "samples": 60, "replicates": 2, "kept": 50}
    said = "it was noted: rows without a mean are left out ({} {})."
    found = sim.calibrate("classroom", data=data, **few)
    assert f"Of own data: data {said.format('row', 2)}" in " ".join(found.answer.text.split())
    table = tmp_path / "survey.csv"
    data.to_csv(table, index=False)
    fields = {"observed": [str(table)], "own_only": True, "factors": ["learning_rate"]}
    study = StudyKind.of("calibrate").make(scenario=SCENARIO, **fields)
    notes = {one["source"]["note"] for one in study.inputs["observations"]}
    assert notes == {"rows without a mean are left out (line 3)"}
    again = sim.calibrate("classroom", data=frame(("knowledge test", "start", 0.4, 0.2, 40)), **few)
    assert "it was noted" not in again.answer.text


def test_findings_in_a_study_file_are_checked() -> None:
    bad = {
        "source": {"cite": "Ours", "setting": "us", "grade": "A"},
        "findings": [{"id": "x", "what": "x", "value": 3, "unit": "1-5", "where": "x",
                      "measures": "survey of trust at 52"}],
    }  # fmt: skip
    with pytest.raises(InputError, match=r"data.findings\[0\].sd: no tolerance"):
        StudyKind.of("calibrate").make(scenario="classroom", data=bad)


# --- end to end ----------------------------------------------------------------------------------

TEAM = SCENARIO.replace(regions={"count": 1, "names": ["region_1"], "staff": 20})
MANY = SCENARIO.replace(regions={"count": 1, "names": ["region_1"], "staff": 60})


@pytest.fixture(scope="module")
def level() -> Result:
    """A level of a survey alone, of so many people that it is sure."""
    data = frame(("knowledge", "end_of_ta", 4.0, 0.5, 400))
    return sim.calibrate(TEAM, data=data, parameters=["learning_rate"], **FEW)


@pytest.fixture(scope="module")
def change() -> Result:
    """The same level at the start, and a change from there."""
    data = frame(
        ("knowledge", "start", 3.6, 0.5, 400, None, None),
        ("knowledge", "end_of_ta", None, 0.3, 400, 0.25, "start"),
        names="item wave mean sd n change since",
    )
    return sim.calibrate(MANY, data=data, parameters=["learning_rate"], **FEW)


def narrowed(found: Result, name: str) -> bool:
    row = found.table("narrowed").set_index("name").loc[name]
    return bool(row["narrowed"] > row["noise"])


def test_targets_of_one_wave_are_named(level: Result, change: Result) -> None:
    text = " ".join(change.answer.text.split())
    both = "own_knowledge_start and own_knowledge_start_to_end_of_ta"
    assert f"{both}: these read the same people in one wave, but their errors count" in text
    assert "in one wave" not in level.answer.text


def test_a_level_pins_leniency_and_a_change_the_state(level: Result, change: Result) -> None:
    assert narrowed(level, LENIENCY)
    assert not narrowed(level, "learning_rate")
    assert narrowed(change, "learning_rate")
    assert "no parameter of the state owes this target its narrowing" in level.answer.text
    assert "learning_rate owes this target narrowing" in change.answer.text
    left = change.table("left_out").set_index(["left_out", "name"])["narrowed"]
    moved = "own_knowledge_start_to_end_of_ta"
    assert left[moved, "learning_rate"] < left["nothing", "learning_rate"] - 0.1
    assert left["own_knowledge_start", LENIENCY] < left["nothing", LENIENCY] - 0.1


def test_it_says_whose_findings_it_is_held_to(level: Result, tmp_path: Path) -> None:
    assert (
        "The calibration targets are 1 finding of your own (own_knowledge_end_of_ta) and none of "
        "those that come with codose." in level.answer.text
    )
    assert level.table("targets")["whose"].tolist() == ["own"]
    folder = level.save(tmp_path / "sets", figures=())
    runs = sim.run(TEAM, sets=str(folder), replicates=1)
    assert "constrained by 1 target, of your own alone" in runs.answer.text
    plan = StudyKind.of("plan").make(
        scenario=TEAM, sets=str(folder), levers={"video.every_weeks": [2, 8]},
        confirm={"sets": 10},
    )  # fmt: skip
    assert plan.plausible is not None
    assert "of your own alone" in plan.plausible.source
    assert StudyKind.of("plan").study_of(plan.to_dict()).inputs == plan.inputs
    assert verify(folder, sample=10).ok


def test_the_check_counts_the_scatter_of_one_run(level: Result) -> None:
    """The scenario as it stands is judged by the bounds of the finding and the scatter of its
    runs together; its error is that of a mean over 400 runs."""
    (row,) = level.table("predictive").query("use == 'scored'").to_dict("records")
    (target,) = level.table("targets").to_dict("records")
    seen = observe(TEAM, TEAM.parameter_set(), seed=3, replicates=200, weeks=[TEAM.end_of_ta])
    scatter = reading(seen, TEAM.parameter_set(), "knowledge", 0).std(ddof=1)
    half = math.hypot((target["high"] - target["low"]) / 2, 1.959964 * scatter)
    assert (row["default_high"] - row["default_low"]) / 2 == pytest.approx(half, rel=0.2)
    assert row["default_se"] == pytest.approx(scatter / 20, rel=0.25)
    assert row["high"] - row["low"] > target["high"] - target["low"]
    assert f"wanted {row['default_low']:.3g} to {row['default_high']:.3g}" in level.answer.text


def test_own_findings_beside_one_that_comes_with_codose() -> None:
    data = frame(("knowledge test", "start", 0.44, 0.2, 60), ("attendance", 52, 0.8, None, 150))
    found = sim.calibrate(
        "classroom", data=data, parameters=["learning_rate", "forgetting"],
        own_only=False, targets=["own_knowledge_test_start", "own_attendance_52", "T10"], **FEW,
    )  # fmt: skip
    assert "and 1 finding that come" in found.answer.text
    assert found.table("targets")["whose"].tolist().count("shipped") == 1
    free = found.table("narrowed").query("what == 'free'")["name"].tolist()
    assert free[:2] == ["learning_rate", "forgetting"], "what is named is calibrated"


def test_a_frame_with_mistakes_says_its_rows() -> None:
    data = frame(("trust", 52, 7.0, 0.6, 20), ("trust", "strt", 4.0, 0.6, 20))
    with pytest.raises(InputError) as caught:
        sim.calibrate("classroom", data=data, parameters=["learning_rate"])
    text = str(caught.value)
    assert "data:1: mean: '7' is outside the scale" in text
    assert "data:2: wave: 'strt' is not a week" in text


def test_a_missing_file_names_the_line_of_the_study(tmp_path: Path) -> None:
    study = tmp_path / "mine.yaml"
    study.write_text("kind: calibrate\nscenario: classroom\nobserved: [nowhere.csv]\n")
    with pytest.raises(InputError, match=r"mine.yaml:3:12: observed\[0\]: there is no file .*nowh"):
        StudyKind.of("calibrate").read(study)
    text = "kind: trials\nscenario: source\ntrials: nowhere.csv\n"
    study.write_text(text)
    with pytest.raises(InputError, match=r"mine.yaml:3:9: trials: there is no file .*nowhere"):
        StudyKind.of("trials").read(study)


def test_a_file_of_observations_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("source: {}\n")
    ran = codose("import", "survey", str(tmp_path / "mine.yaml"))
    assert ran.exit_code == 2
    assert "mine.yaml: is not a table; allowed: CSV or Excel" in " ".join(ran.stderr.split())


def test_paths_that_are_typed_count_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study elsewhere, a table of one's own here: it is found, and its mistake told."""
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "mine.yaml").write_text("kind: calibrate\nscenario: classroom\n")
    (tmp_path / "survey.csv").write_text("item,wave,mean,sd,n\ntrust,52,9,1,20\n")
    monkeypatch.chdir(tmp_path)
    ran = codose("calibrate", "studies/mine.yaml", "--observed", "survey.csv", "--own-only")
    assert ran.exit_code == 2
    text = " ".join(ran.stderr.split())
    assert "survey.csv:2: mean: '9' is outside the scale" in text
