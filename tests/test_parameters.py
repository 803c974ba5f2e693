"""The parameter table against the specification, and what a parameter set lets its user do."""

from __future__ import annotations

import ast
import copy
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core import parameters
from sim.core.errors import InputError, ParameterError, ScenarioError
from sim.core.parameters import FORMER, GRADES, NAMES, ROLES, TABLE, Parameters
from sim.scenario.functions import FUNCTIONS
from sim.scenario.scenario import Scenario

pytestmark = pytest.mark.smoke

FREE, UNCERTAIN, FIXED, LEVER = "free", "uncertain", "fixed", "lever"
Range = tuple[float, float] | None

# Written down from the specification of the model, not from the code. None: no range is given.
# Defaults of free parameters are the medians of the shipped sets, to two digits
# (tests/test_shipped_results.py).
SPECIFIED: list[tuple[str, float, Range, str]] = [
    ("trust_step", 0.28, (0.10, 0.45), FREE),
    ("trust_fade", 0.013, (0.003, 0.025), FREE),
    ("first_trust", 0.38, (0.32, 0.48), FREE),
    ("accountability_step", 0.14, (0.04, 0.22), FREE),
    ("keeping", 0.76, (0.3, 1.2), FREE),
    ("commitment_rate", 6.1, (3.5, 8.5), FREE),
    ("learning_rate", 0.32, (0.18, 0.50), FREE),
    ("hour_scale", 1.2, (0.3, 2.1), FREE),
    ("uptake_ratio", 2.75, (2.3, 3.2), FREE),
    ("integration_loss", 0.036, (0.015, 0.06), FREE),
    ("routine_step", 0.0066, (0.0, 0.015), FREE),
    ("site_dilution", 0.032, (0.0, 0.06), FREE),
    ("power_sharing", 0.4, (0.0, 0.8), UNCERTAIN),
    ("negotiating_share", 0.25, (0.0, 0.5), UNCERTAIN),
    ("ability_weight", 0.5, (0.3, 0.7), UNCERTAIN),
    ("reciprocity", 0.5, (0.0, 1.0), UNCERTAIN),
    ("provider_commitment_share", 0.5, (0.3, 0.7), UNCERTAIN),
    ("forgetting", 0.018, (0.0123, 0.0245), UNCERTAIN),
    ("region_cancels", -2.2, (-3.0, -1.5), UNCERTAIN),
    ("staff_turnover", 0.2 / 52, (0.1 / 52, 0.29 / 52), UNCERTAIN),
    ("provider_skill_mean", 0.70, (0.6, 0.8), UNCERTAIN),
    ("provider_accountability_mean", 0.60, (0.5, 0.7), UNCERTAIN),
    ("staff_accountability_mean", 0.42, (0.32, 0.52), UNCERTAIN),
    ("knowledge_mean", 0.44, (0.36, 0.52), UNCERTAIN),
    ("demand_mean", 0.50, (0.4, 0.6), UNCERTAIN),
    ("leadership_mean", 0.55, (0.45, 0.65), UNCERTAIN),
    ("kept_date_weight", 0.25, (0.0, 0.5), UNCERTAIN),
    ("assigned_share", 0.4, (0.0, 0.8), UNCERTAIN),
    ("overload_keeping", 0.5, (0.0, 1.0), UNCERTAIN),
    ("relationship_weight", 0.5, (0.25, 0.75), UNCERTAIN),
    ("logistics_slope", 1.5, (0.5, 2.5), UNCERTAIN),
    ("group_dilution", 0.075, (0.0, 0.15), UNCERTAIN),
    ("reference_team", 12.0, None, FIXED),
    ("relationship_reference", 0.25, None, FIXED),
    ("learning_reference", 0.25, None, FIXED),
    ("planning_reference", 0.15, None, FIXED),
    ("review_reference", 0.15, None, FIXED),
    ("logistics_reference", 0.20, None, FIXED),
    ("trust_asymmetry", 1.75, (1.0, 2.5), UNCERTAIN),
    ("evidence_noise", 0.12, (0.05, 0.2), UNCERTAIN),
    ("richness_onsite", 1.0, None, FIXED),
    ("richness_video", 0.85, (0.7, 1.0), UNCERTAIN),
    ("richness_phone", 0.70, (0.5, 0.9), UNCERTAIN),
    ("richness_email", 0.4, (0.2, 0.6), UNCERTAIN),
    ("accountability_fade", 0.010, (0.002, 0.02), UNCERTAIN),
    ("keeping_slope", 2.0, (1.0, 3.0), UNCERTAIN),
    ("setup_hours", 0.3, (0.0, 0.6), UNCERTAIN),
    ("context_step", 0.10, None, FIXED),
    ("context_fade", 0.01, None, FIXED),
    ("context_start", 0.1, None, FIXED),
    ("peer_meeting", 0.3, None, FIXED),
    ("peer_transfer", 0.10, (0.0, 0.2), UNCERTAIN),
    ("routine_pace", 0.02, (0.005, 0.04), UNCERTAIN),
    ("attendance_base", 1.2, None, FIXED),
    ("attendance_slope", 1.5, None, FIXED),
    ("region_cancels_slope", 3.0, None, FIXED),
    ("provider_cancels", -4.0, None, FIXED),
    ("provider_cancels_slope", 2.0, (0.0, 4.0), UNCERTAIN),
    ("provider_turnover", 0.15 / 52, None, FIXED),
    ("newcomer_trust_share", 0.5, (0.0, 1.0), UNCERTAIN),
    ("handover_share", 0.5, (0.0, 1.0), UNCERTAIN),
    ("knowledge_sd", 0.26, None, FIXED),
    ("motivation_sd", 0.15, None, FIXED),
    ("motivation_mean", 0.65, None, FIXED),
    ("capacity_sd", 0.15, None, FIXED),
    ("capacity_mean", 0.55, None, FIXED),
    ("staff_accountability_sd", 0.12, None, FIXED),
    ("leadership_sd", 0.15, None, FIXED),
    ("demand_sd", 0.08, None, FIXED),
    ("workload_offset_sd", 0.10, None, FIXED),
    ("region_effect_sd", 0.08, None, FIXED),
    ("trust_sd", 0.08, None, FIXED),
    ("provider_skill_sd", 0.12, None, FIXED),
    ("trust_readiness_link", 0.4, None, FIXED),
    ("preparation_per_contact", 1.0, None, LEVER),
    ("preparation_per_hour", 0.5, None, LEVER),
    ("travel_hours", 6.0, None, LEVER),
    ("on_demand_slope", 4.0, None, FIXED),
    ("selection_noise_sd", 0.03, None, FIXED),
    # "Every literal above has a row": the numbers that stand in the equations.
    ("skill_share", 0.6, None, FIXED),
    ("record_pivot", 0.5, None, FIXED),
    ("learning_skill_floor", 0.5, None, FIXED),
    ("learning_tailoring_floor", 0.5, None, FIXED),
    ("learning_trust_floor", 0.5, None, FIXED),
    ("use_protection", 0.8, None, FIXED),
    ("integration_threshold", 0.5, None, FIXED),
    ("load_memory", 1 / 12, None, FIXED),
    ("workload_pivot", 0.5, None, FIXED),
    ("attendance_pivot", 1.0, None, FIXED),
    ("working_week", 40.0, None, FIXED),
    ("commitment_workload", 0.02, None, FIXED),
    ("on_demand_pivot", 0.52, None, FIXED),
    ("calendar_stagger", 0.6180339887, None, FIXED),
    ("knowledge_floor", 0.02, None, FIXED),
    ("knowledge_ceiling", 0.98, None, FIXED),
    ("readiness_pivot", 0.5, None, FIXED),
    # Instruments.
    ("survey_leniency", 0.4, (0.2, 0.6), UNCERTAIN),
    ("survey_item_sd", 0.2, (0.1, 0.3), UNCERTAIN),
    ("survey_cut_1", 0.2, None, FIXED),
    ("survey_cut_2", 0.4, None, FIXED),
    ("survey_cut_3", 0.6, None, FIXED),
    ("survey_cut_4", 0.8, None, FIXED),
    ("response_base", 1.66, (0.3, 2.6), UNCERTAIN),
    ("response_slope", 1.0, None, FIXED),
    ("response_pivot", 1.2, None, FIXED),
    ("rater_sd", 0.10, (0.05, 0.2), UNCERTAIN),
]


@pytest.mark.parametrize(("name", "default", "plausible", "role"), SPECIFIED)
def test_row_is_as_specified(name: str, default: float, plausible: Range, role: str) -> None:
    row = TABLE[name]
    assert row.default == pytest.approx(default, rel=1e-12, abs=1e-15)
    if plausible is None:
        assert row.low is None
        assert row.high is None
        assert row.distribution == "none"
    else:
        assert (row.low, row.high) == pytest.approx(plausible, rel=1e-12)
        assert row.distribution == "uniform"
    assert row.role == role


def test_the_table_holds_nothing_else() -> None:
    assert [name for name, *_ in SPECIFIED if name not in TABLE] == []
    assert sorted(TABLE) == sorted(name for name, *_ in SPECIFIED)


@pytest.mark.parametrize("name", NAMES)
def test_row_is_complete_and_consistent(name: str) -> None:
    row = TABLE[name]
    assert row.name == name
    assert name.isidentifier()
    assert name.islower()
    assert row.meaning
    assert row.unit
    assert row.symbol
    assert row.source
    assert row.grade in GRADES
    assert row.role in ROLES
    assert math.isfinite(row.minimum)
    assert math.isfinite(row.maximum)
    assert row.minimum <= row.default <= row.maximum
    if row.low is not None and row.high is not None:
        assert row.minimum <= row.low <= row.default <= row.high <= row.maximum
        assert row.low < row.high
    if row.grade == "assumption":
        assert "assumption" in row.source
    if row.grade in ("A", "B", "C"):
        assert any(character.isdigit() for character in row.source), "no year, no source"
    assert (row.low is not None) == (row.role in (FREE, UNCERTAIN)), "what has a range is drawn"


@pytest.mark.parametrize("row", parameters.rows(role=UNCERTAIN), ids=lambda row: row.name)
def test_what_is_not_calibrated_stands_in_the_middle_of_its_range(
    row: parameters.Parameter,
) -> None:
    # Up to the rounding of a number that is meant to be read: a sixth of the range.
    assert row.low is not None
    assert row.high is not None
    middle, width = (row.low + row.high) / 2, row.high - row.low
    assert abs(row.default - middle) < width / 6


def test_the_reference_mix_is_a_whole() -> None:
    mix = [row.default for name, row in TABLE.items() if name.endswith("_reference")]
    assert len(mix) == 5
    assert sum(mix) == pytest.approx(1.0)


def test_symbols_and_meanings_are_not_shared() -> None:
    assert len({row.symbol for row in TABLE.values()}) == len(TABLE)
    assert len({row.meaning for row in TABLE.values()}) == len(TABLE)


def test_every_parameter_is_used() -> None:
    """Model or instruments read each as an attribute of a parameter set, or by mode or function."""
    used = set()
    sim = Path(parameters.__file__).parents[1]
    for path in (*sorted((sim / "model").glob("*.py")), sim / "runs" / "instruments.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[-1] in (
                "p",
                "parameters",
            ):
                used.add(node.attr)
    used |= {f"richness_{mode}" for mode in ("onsite", "video", "phone", "email")}
    used |= {f"{name}_reference" for name in FUNCTIONS}
    assert sorted(set(NAMES) - used) == []


# --- names, values, ranges ------------------------------------------------------------------------


def test_defaults() -> None:
    p = Parameters()
    assert dict(p) == {name: row.default for name, row in TABLE.items()}
    assert len(p) == len(TABLE)
    assert p.changed() == {}


def test_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(ParameterError) as caught:
        Parameters(trust_stepp=0.2)
    problem = caught.value.problem
    assert problem.suggestion == "trust_step"
    assert "'trust_stepp' is not a parameter" in str(caught.value)
    assert "did you mean 'trust_step'?" in str(caught.value)
    assert isinstance(caught.value, InputError)
    assert caught.value.exit_code == 2


def test_reading_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(ParameterError, match="did you mean 'hour_scale'"):
        Parameters()["hours_scale"]
    with pytest.raises(AttributeError, match="did you mean 'hour_scale'"):
        _ = Parameters().hours_scale


def test_all_mistakes_at_once() -> None:
    with pytest.raises(ParameterError) as caught:
        Parameters({"trust_step": 0.9, "hour_scale": -1.0, "trust_fade": math.nan})
    assert [p.field for p in caught.value.problems] == ["trust_step", "hour_scale", "trust_fade"]
    with pytest.raises(ParameterError) as caught:
        Parameters(abc=1.0, xyz=2.0)
    assert len(caught.value.problems) == 2


def test_a_value_out_of_range_says_what_to_do() -> None:
    with pytest.raises(ParameterError) as caught:
        Parameters(trust_step=0.5)
    text = str(caught.value)
    assert "0.5 is outside the plausible range" in text
    assert TABLE["trust_step"].meaning in text
    assert "beyond_range: true" in text
    assert "allowed: 0.1..0.45" in text


OLD = """
name: A centre's own file of 2026, checked by codose 0.1.0
horizon_weeks: 52
dosage: [{mode: video, every_weeks: 4, hours: 1.5, last_week: 26}]
parameters: {PARAMETERS}
"""
"""The form of a scenario file of 0.1.0, of which only ranges have moved since."""
INSIDE_THEN = {
    "commitment_rate": (9.0, "6..13"),
    "keeping": (0.2, "0.2..0.9"),
    "first_trust": (0.5, "0.32..0.5"),
    "power_sharing": (1.0, "0..1"),
    "richness_video": (0.6, "0.4..1"),
    "richness_phone": (0.4, "0.4..1"),
    "richness_email": (0.8, "0.4..1"),
}


def of_old(values: dict[str, float]) -> Scenario:
    flow = ", ".join(f"{name}: {value}" for name, value in values.items())
    return Scenario.from_text(OLD.replace("PARAMETERS", flow), "old.yaml")


def test_a_file_of_an_earlier_model_is_told_which_ranges_moved() -> None:
    assert set(INSIDE_THEN) == set(FORMER)
    with pytest.raises(ScenarioError) as caught:
        of_old({name: value for name, (value, _) in INSIDE_THEN.items()})
    said = {one.field.rpartition(".")[2]: str(one) for one in caught.value.problems}
    assert set(said) == set(INSIDE_THEN)
    for name, (_, then) in INSIDE_THEN.items():
        assert f"(the range was {then} up to version 2 of the model); to go there" in said[name]
        assert f"allowed: {TABLE[name].range_text}" in said[name]


def test_what_was_never_in_range_or_still_is_is_told_nothing_of_the_past() -> None:
    with pytest.raises(ScenarioError) as caught:
        of_old({"commitment_rate": 20.0, "keeping": 1.5})
    assert "up to version 2" not in str(caught.value)
    still = {"provider_commitment_share": 0.3, "richness_onsite": 0.5, "keeping": 0.9}
    assert of_old(still).parameters == still


@pytest.mark.parametrize("value", [True, "0.3", None, [0.3], np.bool_(True), 1j])
def test_no_number(value: object) -> None:
    with pytest.raises(ParameterError, match="is not a number"):
        Parameters({"trust_step": value})  # type: ignore[dict-item]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_finite_number(value: float) -> None:
    for beyond in (False, True):
        with pytest.raises(ParameterError, match="is not a finite number"):
            Parameters(trust_step=value, beyond_range=beyond)


@pytest.mark.parametrize("value", [np.float64(0.2), np.float32(0.25), 0.2])
def test_numbers_of_other_types(value: float) -> None:
    assert type(Parameters(trust_step=value).trust_step) is float


def test_whole_numbers_are_numbers() -> None:
    assert Parameters(commitment_rate=7).commitment_rate == 7.0
    assert Parameters(commitment_rate=np.int64(7)).commitment_rate == 7.0  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].low is not None])
def test_range_and_beyond(name: str) -> None:
    row = TABLE[name]
    assert row.low is not None
    assert row.high is not None
    for inside in (row.low, row.high):
        assert Parameters({name: inside})[name] == inside
    for outside, limit in ((row.low, row.minimum), (row.high, row.maximum)):
        if outside == limit:
            continue
        between = outside + (limit - outside) / 2.0
        with pytest.raises(ParameterError, match="plausible range"):
            Parameters({name: between})
        assert Parameters({name: between}, beyond_range=True)[name] == between


@pytest.mark.parametrize("name", NAMES)
def test_limits_of_the_equation_hold_always(name: str) -> None:
    row = TABLE[name]
    for limit, outside in (
        (row.minimum, math.nextafter(row.minimum, -math.inf)),
        (row.maximum, math.nextafter(row.maximum, math.inf)),
    ):
        assert Parameters({name: limit}, beyond_range=True)[name] == limit
        with pytest.raises(ParameterError, match="limits of the equation"):
            Parameters({name: outside}, beyond_range=True)


# --- filters --------------------------------------------------------------------------------------


def test_filters() -> None:
    assert [row.name for row in parameters.rows()] == list(NAMES)
    assert {row.name for row in parameters.rows(role="free")} == {
        name for name, _, _, role in SPECIFIED if role == FREE
    }
    by_role = [row.name for role in ROLES for row in parameters.rows(role=role)]
    assert sorted(by_role) == sorted(NAMES)
    by_grade = [row.name for grade in GRADES for row in parameters.rows(grade=grade)]
    assert sorted(by_grade) == sorted(NAMES)
    both = parameters.rows(role="free", grade="B")
    assert both
    assert all(row.role == "free" and row.grade == "B" for row in both)


def test_unknown_filters() -> None:
    with pytest.raises(ParameterError, match=r"'fre' is not a role.*did you mean 'free'"):
        parameters.rows(role="fre")
    with pytest.raises(
        ParameterError, match=r"'asumption' is not a grade.*did you mean 'assumption'"
    ):
        parameters.rows(grade="asumption")


# --- a set ----------------------------------------------------------------------------------------

VALUES = st.fixed_dictionaries(
    {}, optional={name: st.floats(row.minimum, row.maximum) for name, row in TABLE.items()}
)


@given(VALUES)
def test_vector_round_trip(values: dict[str, float]) -> None:
    p = Parameters(values, beyond_range=True)
    vector = p.vector()
    assert vector.shape == (len(NAMES),)
    assert vector.dtype == np.float64
    assert [vector[parameters.INDEX[name]] for name in NAMES] == [p[name] for name in NAMES]
    assert dict(Parameters.from_vector(vector)) == dict(p)


@given(VALUES)
def test_pickling_and_copying(values: dict[str, float]) -> None:
    p = Parameters(values, beyond_range=True)
    for again in (pickle.loads(pickle.dumps(p)), copy.copy(p), copy.deepcopy(p)):
        assert dict(again) == dict(p)


def test_vector_of_another_length() -> None:
    with pytest.raises(ParameterError, match="3 values cannot be a parameter set"):
        Parameters.from_vector([1.0, 2.0, 3.0])


def test_vector_is_checked_against_the_limits() -> None:
    vector = Parameters().vector()
    vector[parameters.INDEX["hour_scale"]] = 0.0
    with pytest.raises(ParameterError, match="hour_scale"):
        Parameters.from_vector(vector)


def test_vector_is_a_copy() -> None:
    p = Parameters()
    p.vector()[:] = 0.0
    assert p.changed() == {}


def test_replace() -> None:
    p = Parameters(trust_step=0.2)
    q = p.replace(hour_scale=2.0)
    assert (q.trust_step, q.hour_scale) == (0.2, 2.0)
    assert (p.trust_step, p.hour_scale) == (0.2, TABLE["hour_scale"].default)
    with pytest.raises(ParameterError, match="plausible range"):
        p.replace(hour_scale=5.0)
    far = p.replace(hour_scale=5.0, beyond_range=True)
    own = TABLE["trust_step"].default
    assert far.replace(trust_step=own).hour_scale == 5.0  # kept on purpose, and not checked again
    assert far.replace(trust_step=own).changed() == {"hour_scale": 5.0}
    with pytest.raises(ParameterError, match="is not a parameter"):
        p.replace(hours=1.0)


def test_read_only() -> None:
    p = Parameters()
    with pytest.raises(AttributeError, match="read-only"):
        p.trust_step = 0.2  # type: ignore[misc]
    with pytest.raises(TypeError):
        p["trust_step"] = 0.2  # type: ignore[index]
    with pytest.raises(TypeError):
        TABLE["trust_step"] = TABLE["hour_scale"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        TABLE["trust_step"].default = 0.2  # type: ignore[misc]
    assert p.trust_step == TABLE["trust_step"].default


def test_repr_shows_what_differs() -> None:
    assert repr(Parameters()) == "Parameters()"
    assert repr(Parameters(trust_step=0.2)) == "Parameters(trust_step=0.2)"


def test_equal_sets_are_equal() -> None:
    assert Parameters(trust_step=0.2) == Parameters({"trust_step": 0.2})
    assert Parameters() != Parameters(trust_step=0.2)


def test_range_text() -> None:
    assert TABLE["trust_step"].range_text == "0.1..0.45"
    assert TABLE["context_step"].range_text == "0..1 (limits of the equation)"


def test_rows_as_plain_values() -> None:
    row = TABLE["trust_step"].as_dict()
    assert row["default"] == 0.28
    assert list(row) == list(parameters.Parameter.__slots__)


def test_a_value_cannot_be_deleted() -> None:
    p = Parameters()
    with pytest.raises(AttributeError, match=r"read-only; use .replace\(name=value\)"):
        del p.trust_step
    assert p.trust_step == TABLE["trust_step"].default
