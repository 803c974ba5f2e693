"""What the time of a contact goes to is understood, kept and told alike in every door."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.cli import new
from sim.core.errors import ScenarioError
from sim.core.parameters import TABLE
from sim.model import dosage
from sim.runs.instruments import dosage_log, observe
from sim.runs.people import hours_by_function
from sim.scenario.contact_log import LogRow, parse_log
from sim.scenario.functions import (
    FUNCTIONS,
    PRESETS,
    REFERENCE,
    Functions,
    preset_of,
    preset_text,
)
from sim.scenario.levers import SHARES, changed, value_of, with_levers
from sim.scenario.phases import functions_words
from sim.scenario.scenario import Scenario, json_schema
from sim.studies.ask import ask
from sim.studies.calendar import calendar_table, described
from sim.studies.compare.differing import differing, series_words
from sim.studies.sensitivity.design import design_of
from sim.studies.spec import StudyError
from sim.studies.surface import surface
from sim.studies.surface.grid import Cell, scenario_of
from sim.studies.surface.words import place_words
from tests.cases import written

SOURCE = Scenario.shipped("source")
CLASSROOM = Scenario.shipped("classroom")
SHARES_OF = f"shares of {', '.join(FUNCTIONS)} that add up to 1"
MIXES = f"{', '.join(PRESETS)}, or {SHARES_OF}"


def mixes(scenario: Scenario) -> list[str]:
    """What the series of a scenario go to, in words."""
    return [preset_text(one.functions) for one in scenario.dosage]


def with_mix(text: str) -> Scenario:
    """A scenario whose only series has these functions, on line 6 from column 16 on."""
    series = f"  - mode: video\n    every_weeks: 4\n    hours: 1\n    functions: {text}\n"
    return Scenario.from_text(f"name: x\ndosage:\n{series}", "f.yaml")


# --- what a file says -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("{learning: 0.5}", "6:16", f": the shares add up to 0.5; allowed: {SHARES_OF}"),
        ("{learning: 0.5, review: 0.52}", "6:16",
         f": the shares add up to 1.02; allowed: {SHARES_OF}"),
        ("{learning: 75, review: 25}", "6:16",
         f": the shares add up to 100; they look like percent; allowed: {SHARES_OF}; "
         "did you mean '{learning: 0.75, review: 0.25}'?"),
        ("{learning: 60, review: 50}", "6:16",
         f": the shares add up to 110; they look like percent; allowed: {SHARES_OF}"),
        ("{learning: 2, review: 1}", "6:16", f": the shares add up to 3; allowed: {SHARES_OF}"),
        ("{learning: -0.1, review: 0.5}", "6:27",
         ".learning: -0.1 is out of range; allowed: 0..1"),
        ("{lerning: 1}", "6:17",
         f".lerning: is not a field; allowed: {', '.join(FUNCTIONS)}; did you mean 'learning'?"),
        ("{coffee: 1}", "6:17", f".coffee: is not a field; allowed: {', '.join(FUNCTIONS)}"),
        ("{learning: 67, review: 34}", "6:16",
         f": the shares add up to 101; they look like percent; allowed: {SHARES_OF}; "
         "did you mean '{learning: 0.66, review: 0.34}'?"),
        ("{learning: 12.5, review: 87.5}", "6:16",
         f": the shares add up to 100; they look like percent; allowed: {SHARES_OF}; "
         "did you mean '{learning: 0.125, review: 0.875}'?"),
        ("{learning: 33.3, review: 33.3, planning: 33.3}", "6:16",
         f": the shares add up to 99.9; they look like percent; allowed: {SHARES_OF}; "
         "did you mean '{learning: 0.34, review: 0.33, planning: 0.33}'?"),
        ("{learning: 0, review: 0}", "6:16",
         ": all shares are 0; leave `functions` out for the reference mix; "
         f"allowed: {SHARES_OF}"),
        ("{}", "6:16", f": names no function; allowed: {SHARES_OF}"),
        ("trainig", "6:16",
         f": 'trainig' is not a mix of functions; allowed: {MIXES}; did you mean 'training'?"),
        ("5", "6:16",
         ": must be a mapping (function: share) or the name of a mix, not 5; "
         f"allowed: {MIXES}"),
        ("[0.5, 0.5]", "6:16",
         ": must be a mapping (function: share) or the name of a mix, not a list; "
         f"allowed: {MIXES}"),
        ("true", "6:16",
         ": must be a mapping (function: share) or the name of a mix, not true; "
         f"allowed: {MIXES}"),
        ("{learning: '0.5', review: 0.5}", "6:27",
         ".learning: '0.5' is text, not a number; remove the quotes; allowed: 0..1"),
        ("{learning: half, review: 0.5}", "6:27",
         ".learning: 'half' is not a number; allowed: 0..1"),
        ("{learning: [1]}", "6:27", ".learning: a list is not a number; allowed: 0..1"),
        ("{learning: .inf}", "6:27", ".learning: inf is not a finite number; allowed: 0..1"),
    ],
    ids=lambda value: value[:30],
)  # fmt: skip
def test_functions_that_cannot_be_used(text: str, place: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        with_mix(text)
    assert str(caught.value) == f"f.yaml:{place}: dosage[0].functions{message}"


def test_rounded_shares_are_taken_as_the_whole() -> None:
    functions = with_mix("{learning: 0.33, planning: 0.33, review: 0.33}").dosage[0].functions
    assert functions is not None
    assert functions.shares == pytest.approx((0, 1 / 3, 1 / 3, 1 / 3, 0))
    assert math.fsum(functions.shares) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_name_for_its_shares(name: str) -> None:
    short = with_mix(name)
    assert mixes(short) == [name]
    shares = ", ".join(f"{one}: {getattr(PRESETS[name].functions, one)}" for one in FUNCTIONS)
    if name != REFERENCE:
        assert with_mix(f"{{{shares}}}") == short
    assert PRESETS[name].meaning.endswith(".")
    assert math.fsum(PRESETS[name].functions.shares) == pytest.approx(1.0, abs=1e-12)


def test_the_reference_mix_is_that_of_functions_that_are_left_out() -> None:
    left_out = Scenario.from_text(
        "name: x\ndosage: [{mode: video, every_weeks: 4, hours: 1}]", "f.yaml"
    )
    assert with_mix("reference") == left_out
    assert with_mix("reference").digest() == left_out.digest()


@given(st.lists(st.integers(0, 20), min_size=5, max_size=5).filter(any))
def test_what_is_written_is_read(parts: list[int]) -> None:
    shares = {name: part / sum(parts) for name, part in zip(FUNCTIONS, parts, strict=True)}
    made = CLASSROOM.replace(
        dosage=[{"mode": "video", "every_weeks": 4, "hours": 1, "functions": shares}]
    )
    assert Scenario.from_text(made.to_yaml()) == made
    assert Scenario.from_dict(made.to_dict()) == made


def test_the_schema_knows_names_and_shares() -> None:
    names, shares = json_schema()["$defs"]["Functions"]["anyOf"]
    assert names == {"type": "string", "enum": list(PRESETS)}
    assert tuple(shares["properties"]) == FUNCTIONS
    assert shares["additionalProperties"] is False
    for place in ("ContactSeries", "LogRow"):
        field = json_schema()["$defs"][place]["properties"]["functions"]
        assert {"$ref": "#/$defs/Functions"} in field["anyOf"]


# --- levers ---------------------------------------------------------------------------------------


def test_a_share_is_set_and_the_others_keep_their_proportions() -> None:
    made = with_levers(SOURCE, {"functions.learning": 0.5})
    for one in made.dosage:
        assert one.functions is not None
        # of the reference mix .25, .15, .15, .20 are left, and have .5 / .75 of it now
        assert one.functions.shares == pytest.approx((1 / 6, 0.5, 0.1, 0.1, 0.8 / 6))


def test_where_nothing_is_left_to_scale_the_reference_mix_is() -> None:
    made = with_levers(SOURCE, {"functions": "training", "functions.learning": 0.5})
    assert made.dosage == with_levers(SOURCE, {"functions.learning": 0.5}).dosage


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([*PRESETS]),
    st.lists(st.sampled_from(SHARES), min_size=1, max_size=4, unique=True),
    st.data(),
)
def test_several_shares_hold_together_in_any_order(
    preset: str, names: list[str], data: st.DataObject
) -> None:
    base = with_levers(SOURCE, {"functions": preset})
    parts = [data.draw(st.integers(0, 10)) for _ in names]
    wanted = {name: part / (sum(parts) + 3) for name, part in zip(names, parts, strict=True)}
    made = with_levers(base, wanted)
    assert with_levers(base, dict(reversed(wanted.items()))) == made
    for name, share in wanted.items():
        assert value_of(made, name) == pytest.approx(share, abs=1e-12)
    assert math.fsum(value_of(made, name) for name in SHARES) == pytest.approx(1.0, abs=1e-12)


def test_a_share_that_stays_is_held_while_another_moves() -> None:
    made = with_levers(SOURCE, {"functions.learning": 0.25, "functions.review": 0.30})
    assert value_of(made, "functions.learning") == 0.25
    assert value_of(made, "functions.review") == 0.30
    same = changed(SOURCE, {"functions.learning": 0.25, "functions.review": 0.15}).scenario
    assert same == SOURCE  # without functions, not with shares that are nearly the reference


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"functions.learning": 0.8, "functions.review": 0.5},
         "functions.review: the shares that are set (learning, review) add up to 1.3; "
         "allowed: 1 or less together"),
        ({"functions.learning": 1.5},
         "functions.learning: 1.5 is not a share of the time; allowed: 0..1"),
        ({"functions.learning": "much"},
         "functions.learning: much is not a share of the time; allowed: 0..1"),
        ({"dosage[0].functions": "trainig"},
         f"dosage[0].functions: 'trainig' is not a mix of functions; allowed: {MIXES}; "
         "did you mean 'training'?"),
    ],
)  # fmt: skip
def test_what_a_lever_cannot_be(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        with_levers(SOURCE, settings)
    assert str(caught.value) == said


PHASES = CLASSROOM.replace(
    dosage=[
        {"mode": "video", "every_weeks": 2, "hours": 2, "last_week": 26,
         "functions": "relationship_first"},
        {"mode": "video", "every_weeks": 4, "hours": 2, "first_week": 27, "last_week": 52,
         "functions": {"planning": 0.5, "review": 0.5}},
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    "settings", [{"hours": 1}, {"co_creation": 0.9}, {"months": 9}, {"first_week": 3}]
)
def test_a_plan_in_phases_is_changed_without_losing_its_functions(
    settings: dict[str, Any],
) -> None:
    made = with_levers(PHASES, settings)
    assert made != PHASES
    assert [one.functions for one in made.dosage] == [one.functions for one in PHASES.dosage]


@pytest.mark.parametrize("lever", ["functions", "video.functions", "functions.learning"])
def test_phases_are_not_given_one_mix(lever: str) -> None:
    value = 0.2 if lever in SHARES else "training"
    with pytest.raises(ScenarioError, match="would undo the phases") as caught:
        with_levers(PHASES, {lever: value})
    if lever not in SHARES:
        assert "relationship_first to week 26, then 0.5 planning and 0.5 review" in str(
            caught.value
        )
    one_phase = with_levers(PHASES, {"dosage[1].functions": "training"})
    assert mixes(one_phase) == ["relationship_first", "training"]


def test_a_mode_that_is_added_has_the_mix_of_the_others() -> None:
    base = with_levers(SOURCE, {"functions": "working_session"})
    made = with_levers(base, {"phone.every_weeks": 2, "phone.hours": 1})
    assert mixes(made) == ["working_session"] * 3


# --- studies --------------------------------------------------------------------------------------


def test_factors_of_a_sensitivity_study() -> None:
    text = (
        "kind: sensitivity\nscenario: source\nsamples: 64\nfactors:\n"
        "  functions.learning: {uniform: [0.1, 0.6]}\n  functions.review: {uniform: [0, 0.4]}\n"
        "  onsite.hours: {uniform: [1, 4]}\n"
    )
    factors = {one.name: one for one in design_of(written(text)).space.factors}
    assert factors["functions.learning"].default == 0.25
    with pytest.raises(StudyError, match="at their highest, the shares that are set"):
        design_of(written(text.replace("0.4", "0.5")))
    words = text.replace("functions.learning: {uniform: [0.1, 0.6]}",
                         "functions: {choices: [training, reference]}")  # fmt: skip
    words = words.replace("  functions.review: {uniform: [0, 0.4]}\n", "")
    assert design_of(written(words)).space.factors[0].default == "reference"


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        (
            "  functions: {choices: [training, reference]}\n"
            "  functions.learning: {uniform: [0.1, 0.6]}\n",
            r"functions.learning sets dosage\[0\].functions.learning as functions does",
        ),
        (
            "  functions.review: {uniform: [0.1, 0.6]}\n"
            "  onsite.functions: {choices: [training, reference]}\n",
            r"onsite.functions sets dosage\[0\].functions.review as functions.review does",
        ),
        (
            "  hours: {uniform: [1, 2]}\n  onsite.hours: {uniform: [1, 4]}\n",
            r"onsite.hours sets dosage\[0\].hours as hours does",
        ),
    ],
)
def test_factors_in_each_others_way_are_refused_as_a_plan_does(factors: str, said: str) -> None:
    """One of the two would have no effect whatever its range."""
    with pytest.raises(StudyError, match=said):
        design_of(written(f"kind: sensitivity\nscenario: source\nsamples: 64\nfactors:\n{factors}"))


def test_a_map_for_each_named_mix() -> None:
    """The cells of a mix are the scenario with that mix: nothing else tells two maps apart."""
    cells = {name: Cell(4.0, 1.0, functions=name) for name in PRESETS}
    made = {name: scenario_of(SOURCE, cell) for name, cell in cells.items()}
    assert [mixes(one) for one in made.values()] == [[name] for name in PRESETS]
    assert made[REFERENCE] == scenario_of(SOURCE, Cell(4.0, 1.0))
    assert place_words(cells["relationship_first"]) == "1 h every 4 weeks, relationship first"
    found = surface(
        CLASSROOM, every_weeks=[4], hours=[1], functions=["training", "reference"],
        outcomes=["mutual_accountability"], sets=4, replicates=4,
    )  # fmt: skip
    means = found.table("surface").set_index("functions")["mean"]
    assert list(means.index) == ["training", "reference"]
    assert means["training"] < means["reference"]  # nothing is agreed on in a course


PLAN = """
kind: plan
scenario: classroom
outcomes: [mutual_accountability]
weeks: [end_of_ta]
levers:
  functions: {choices: [training, reference, working_session]}
  video.functions.logistics: [0.1, 0.3]
budget: {money: 60000}
search: {plans: 9, population: 9, sets: 4, replicates: 2}
confirm: {plans: 2, sets: 10, replicates: 2, failure_sets: 50}
"""


def test_a_plan_chooses_among_mixes() -> None:
    pytest.importorskip("optuna")
    with pytest.raises(StudyError, match="keep one of them"):
        written(PLAN)  # a mix says all of its shares
    text = PLAN.replace("  video.functions.logistics: [0.1, 0.3]\n", "")
    found = ask(written(text))
    searched = found.table("searched")
    assert set(searched["functions"]) == {"training", "reference", "working_session"}
    least = searched.set_index("functions")["mutual_accountability_end_of_ta"].idxmin()
    assert least == "training"
    shares = written(
        PLAN.replace("  functions: {choices: [training, reference, working_session]}\n", "")
    )
    (lever,) = shares.header.levers
    assert lever.values == (0.1, 0.2, 0.3)


def test_a_ladder_contrasts_two_mixes() -> None:
    text = (
        "kind: ladder\nscenario: classroom\noutcomes: [knowledge]\nreplicates: 4\n"
        "contrast: {lever: functions, low: training, high: relationship_first}\n"
        "steps: [{name: as it is}, {name: no learning, parameters: {learning_rate: 0}}]\n"
    )
    found = ask(written(text))
    assert "functions relationship first instead of training" in found.answer.text
    effect = found.table("ladder")["effect"]
    assert effect.iloc[0] < 0  # a tenth of the time for learning in place of all of it
    with pytest.raises(StudyError, match="did you mean 'training'"):
        written(text.replace("low: training", "low: trainig"))


def test_compare_says_in_which_functions_scenarios_differ() -> None:
    other = with_levers(SOURCE, {"onsite.functions": "training", "video.functions.review": 0.65})
    (found,) = differing([SOURCE, other])
    assert found.field == "dosage"
    assert "functions" not in found.values[0]
    assert "functions training" in found.values[1]
    assert series_words(with_mix("{learning: 0.7, review: 0.3}").dosage[0]).endswith(
        "functions 0.7 learning and 0.3 review"
    )


def test_long_plans_in_phases_differ_in_few_words() -> None:
    """Phases are counted, mixes without a name told by their largest share; dates stay."""
    first = Scenario.shipped("relationship_first")
    (found,) = differing([SOURCE, first])
    assert "tapering to 0.5 of the hours + video" in found.values[0]  # short enough to be whole
    short = found.values[1]
    assert len(short) < 300 < len(" + ".join(series_words(one) for one in first.dosage))
    assert short.startswith("on site every 13 weeks for 4 then 3.5 h, weeks 1-26 then 27-104")
    assert "+ video every 4 weeks for 1.5 then 1.32 h, weeks 3-26 then 27-104" in short
    assert short.endswith(
        "all: co-creation 0.6, in 2 phases, functions relationship_first then 0.3 learning and "
        "4 others"
    )


def test_what_differs_only_in_small_shares_is_told_whole() -> None:
    """In short both would read '0.3 learning and 4 others'."""
    first = Scenario.shipped("relationship_first")
    mix = {"relationship": 0.2, "learning": 0.3, "planning": 0.2, "review": 0.2, "logistics": 0.1}
    other = with_levers(first, {f"dosage[{place}].functions": mix for place in (2, 3)})
    (found,) = differing([first, other])
    assert found.values[0] != found.values[1]
    assert "0.1 logistics" in found.values[1]


def test_validate_says_which_mixes_are_phases() -> None:
    assert functions_words(SOURCE.dosage) == ""
    assert functions_words(Scenario.shipped("relationship_first").dosage) == (
        "functions in phases: relationship_first, then 0.3 learning, 0.2 planning, 0.2 review, "
        "0.2 logistics and 0.1 relationship"
    )
    at_once = with_levers(SOURCE, {"onsite.functions": "training"})
    assert functions_words(at_once.dosage) == "functions: on site training; video reference"


def test_a_calendar_and_a_plan_in_words_name_functions() -> None:
    made = with_levers(SOURCE, {"onsite.functions": "relationship_first"})
    table = calendar_table(made, date(2027, 1, 4))
    named = table.groupby("mode")["functions"].unique().map(list).to_dict()
    assert named == {"onsite": ["relationship_first"], "video": ["reference"]}
    assert "a visit of 4 h every 13 weeks (relationship first) and a video call" in described(made)


def test_new_understands_a_mix_and_shows_the_key() -> None:
    answers = {name: one.parse(one.usual) for name, one in new.QUESTIONS.items()}
    usual = new.scenario_text(answers, Path("a.yaml"))
    assert all(name in usual for name in (*PRESETS, *FUNCTIONS))
    assert max(map(len, usual.splitlines())) <= 100
    assert mixes(Scenario.from_text(usual)) == ["reference", "reference"]
    meet = new.QUESTIONS["meet"].check("onsite 13 4 relationship_first, video 4 1.5")
    made = Scenario.from_text(new.scenario_text({**answers, "meet": meet}, Path("a.yaml")))
    assert mixes(made) == ["relationship_first", "reference"]
    with pytest.raises(new.NotUnderstood, match="did you mean 'training'"):
        new.parse_meetings("video 4 1.5 trainig")
    with pytest.raises(new.NotUnderstood, match="two mixes"):
        new.parse_meetings("video 4 1.5 training reference")


# --- logs -----------------------------------------------------------------------------------------

COLUMNS = "week,region,mode,hours,relationship,learning,planning,review,logistics\n"


def logged(rows: str, columns: str = COLUMNS) -> tuple[LogRow, ...]:
    return parse_log(columns + rows, "log.csv", horizon_weeks=156)


def test_a_log_says_what_the_time_of_each_contact_went_to() -> None:
    given, some, none = logged("1,a,video,1,.2,.2,.2,.2,.2\n2,a,video,1,,1,,,\n3,a,video,1,,,,,\n")
    assert given.functions == Functions(**dict.fromkeys(FUNCTIONS, 0.2))
    assert some.functions == Functions(learning=1)
    assert none.functions is None
    (row,) = logged("3,a,video,1\n", "week,region,mode,hours\n")
    assert row.functions is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2,a,video,1,,.5,,.2,", f"functions: the shares add up to 0.7; allowed: {SHARES_OF}"),
        ("2,a,video,1,,50,,50,",
         f"functions: the shares add up to 100; they look like percent; allowed: {SHARES_OF}; "
         "did you mean '{learning: 0.5, review: 0.5}'?"),
        ("2,a,video,1,,0,0,0,",
         "functions: all shares are 0; leave `functions` out for the reference mix; "
         f"allowed: {SHARES_OF}"),
        ("2,a,video,1,,-.5,,1,", "learning: -.5 is out of range; allowed: 0..1"),
        ("2,a,video,1,,most,,1,", "learning: 'most' is not a number; allowed: 0..1"),
    ],
)  # fmt: skip
def test_a_logged_mix_that_cannot_be_is_told_with_its_line(row: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        logged(f"1,a,video,1,,1,,,\n{row}\n")
    assert str(caught.value) == f"log.csv:3: {message}"


def test_a_misspelt_function_is_a_column_that_is_not_there() -> None:
    with pytest.raises(ScenarioError, match=r"lerning: is not a column.*did you mean 'learning'"):
        logged("1,a,video,1,1\n", "week,region,mode,hours,lerning\n")


def test_a_log_that_is_written_with_its_scenario_reads_back() -> None:
    rows = [row.model_dump() for row in logged("1,region_1,video,1,,.7,,.3,\n")]
    made = CLASSROOM.replace(contact_log={"rows": rows}, dosage=[])
    assert Scenario.from_text(made.to_yaml()) == made
    log = Scenario.from_text(made.to_yaml()).contact_log
    assert log is not None
    assert log.rows[0].functions == Functions(learning=0.7, review=0.3)


def test_an_instrument_reads_the_planned_shares_of_the_hours() -> None:
    """Two hours of training and one hour of planning and review in each four weeks."""
    made = CLASSROOM.replace(
        dosage=[
            {"mode": "video", "every_weeks": 4, "hours": 2, "last_week": 48,
             "functions": "training"},
            {"mode": "phone", "every_weeks": 4, "hours": 1, "last_week": 48,
             "functions": {"planning": 0.75, "review": 0.25}},
        ]
    )  # fmt: skip
    seen = observe(made, made.parameter_set(), seed=1, replicates=3, weeks=[0, 48, 50, 52])
    log = dosage_log(seen, since_week=0, until_week=48)
    shares = {name: log[f"{name}_share"].mean for name in FUNCTIONS}
    np.testing.assert_allclose(shares["learning"], [2 / 3] * 3)
    np.testing.assert_allclose(shares["planning"], [0.25] * 3)
    np.testing.assert_allclose(shares["review"], [1 / 12] * 3)
    assert shares["relationship"].tolist() == shares["logistics"].tolist() == [0, 0, 0]
    after = dosage_log(seen, since_week=50, until_week=52)
    assert np.isnan(after["learning_share"].mean).all()


def test_texts_of_mixes() -> None:
    assert Functions(learning=0.5, planning=0.3, review=0.2).text == (
        "0.5 learning, 0.3 planning and 0.2 review"
    )
    assert Functions(learning=1).text == "1 learning"
    assert preset_of(Functions(learning=0.5, review=0.5)) == ""


# --- shipped scenarios ----------------------------------------------------------------------------


def test_relationship_first_is_the_source_case_in_another_order() -> None:
    first = Scenario.shipped("relationship_first")
    parameters = SOURCE.parameter_set()
    one, other = (dosage.planned_contacts(each, parameters) for each in (SOURCE, first))
    dates = [[(c.week, c.region, c.mode, c.co_creation) for c in each] for each in (one, other)]
    assert dates[0] == dates[1]
    assert [c.hours for c in one] == pytest.approx([c.hours for c in other], rel=0.01)
    assert {found.field for found in differing([SOURCE, first])} == {"dosage"}
    hours = hours_by_function(first, parameters, [26, 104]).sum(axis=1)
    reference = PRESETS[REFERENCE].functions.shares
    assert hours[0, 0] / hours[0].sum() == pytest.approx(0.6)
    np.testing.assert_allclose(hours[1] / hours[1].sum(), reference, atol=0.025)


@pytest.mark.parametrize(
    ("name", "like", "mix"),
    [("training_only", "source", "training"), ("assigned_tasks", "directive", "working_session")],
)
def test_scenarios_that_differ_in_their_mix_alone(name: str, like: str, mix: str) -> None:
    assert with_levers(Scenario.shipped(like), {"functions": mix}).dosage == (
        Scenario.shipped(name).dosage
    )
    assert {one.field for one in differing([Scenario.shipped(like), Scenario.shipped(name)])} == {
        "dosage"
    }


def test_the_overloaded_provider_has_the_work_of_the_planning_case() -> None:
    found = differing([Scenario.shipped("planning"), Scenario.shipped("provider_overload")])
    assert {one.field for one in found} == {"providers.count", "providers.weekly_hours"}


# --- the model's reference ------------------------------------------------------------------------


def test_the_reference_mix_is_that_of_the_parameter_table() -> None:
    shares = {name: TABLE[f"{name}_reference"].default for name in FUNCTIONS}
    assert PRESETS[REFERENCE].functions == Functions(**shares)
