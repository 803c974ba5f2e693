"""Everything that reads a file gives an answer or an InputError, and at once, whatever it holds.

The ten thousand of experiments/checks/fuzz.py, in small; and every fault that was seen, by name.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.core.errors import MISTAKES_SHOWN, InputError
from sim.runs.plan import RunPlan
from sim.scenario.consistency import issues
from sim.scenario.fields import Regions, ScenarioFields
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.studies.kind import StudyKind
from tests.cases import TINY, codose
from tests.mutations import NASTY, Loader, fault, loaders
from tests.strategies import examples

NASTY_AT_FIRST = repr(NASTY)
LOADERS = {one.name: one for one in loaders()}


@pytest.mark.parametrize("name", LOADERS)
def test_what_is_spoilt_was_sound_before(name: str, tmp_path: Path) -> None:
    """Else the cases would try nothing but the first check."""
    loader = LOADERS[name]
    for number, given in enumerate(loader.folders):
        folder = tmp_path / str(number)
        folder.mkdir()
        for file, raw in given.items():
            (folder / file).write_bytes(raw)
        loader.load(folder / next(iter(given)))


@pytest.mark.parametrize("name", LOADERS)
def test_a_spoilt_file_is_read_or_refused(name: str) -> None:
    loader = LOADERS[name]
    for number in range(examples(80)):
        error = fault(loader, loader.case(number))
        assert error is None, f"case {number}: {error!r}"


def test_a_case_is_its_number() -> None:
    """What is spoilt once must not spoil what later cases are made of."""
    first = LOADERS["study: plan"]
    again = {one.name: one for one in loaders()}["study: plan"]
    for number in range(200):
        first.case(number)
    assert repr(NASTY) == NASTY_AT_FIRST
    assert [first.case(number) for number in range(20)] == [again.case(n) for n in range(20)]


def test_a_loader_that_raises_another_error_is_found() -> None:
    """What the test above rests on."""

    def careless(path: Path) -> None:
        _ = yaml.safe_load(path.read_bytes())["name"]

    loader = Loader("careless", lambda: [{"a.yaml": b"name: x\n"}], careless)
    assert any(fault(loader, loader.case(number)) for number in range(20))


# --- faults that were seen -----------------------------------------------------------------------


def refused_study(kind: str, **changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        StudyKind.of(kind).make(**{**TINY[kind], **changes})
    return str(caught.value)


@pytest.mark.parametrize(
    ("weeks", "said"),
    [
        (["start", "end_of_tta"], "did you mean 'end_of_ta'?"),
        (["start", 0.5], "0.5 is not a whole number"),
        (["start", {"a": 1}], "weeks[1]: a mapping is not a number"),
        (["start", ["a"]], "weeks[1]: a list is not a number"),
    ],
)
def test_weeks_of_an_audit(weeks: list[Any], said: str) -> None:
    assert said in refused_study("audit", weeks=weeks)


NAN = float("nan")
HUGE = 1e308


@pytest.mark.parametrize(
    ("lever", "values", "said"),
    [
        ("sites_per_provider", [0, 1], "cannot be 0"),
        ("sites_per_provider", {"choices": ["two", 3]}, "'two' is not a number"),
        ("sites_per_provider", {"choices": [NAN, 3]}, "nan is not a finite number"),
        ("months", {"choices": ["12 months", 6]}, "'12 months' is not a number"),
        ("months", {"choices": [NAN, 6]}, "nan is not a finite number"),
        ("months", {"choices": [6, HUGE]}, "is out of range"),
        ("first_week", {"choices": ["soon", 2]}, "'soon' is not a number"),
        ("horizon_weeks", {"choices": ["long", 90]}, "'long' is not a number"),
        ("regions", {"choices": [1, 10**9]}, "is out of range"),
        ("hours", [0, HUGE], "more than 1,000 values are too many"),
        ("hours", [-HUGE, HUGE], "more than 1,000 values are too many"),
        ("months", {"from": 0, "to": HUGE, "step": 5e-324}, "more than 1,000 values"),
    ],
)
def test_values_of_levers_of_a_plan(lever: str, values: Any, said: str) -> None:
    assert said in refused_study("plan", levers={lever: values})


@pytest.mark.parametrize("name", ["months", "sites_per_provider", "first_week", "regions"])
@pytest.mark.parametrize("value", ["a word", NAN, 0, -1, HUGE, [1], {"a": 1}])
def test_a_lever_that_others_are_reckoned_from(name: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        with_levers(Scenario.shipped("source"), {name: value})
    assert caught.value.problem.field == name
    assert caught.value.problem.allowed


LONG = "x" * 300


@pytest.mark.parametrize("name", [LONG, "é" * 200, LONG + ".yaml", f"a/{LONG}", "a\0b"])
def test_names_of_files_that_no_disk_can_hold(name: str, tmp_path: Path) -> None:
    for kind in ("run", "audit"):
        refused_study(kind, scenario=name)
    refused_study("run", sets=name)
    refused_study("calibrate", observed=[name])
    refused_study("plan", sets=name)
    if "\0" in name:  # which no command line can hold
        return
    for words in (["run", name], ["audit", name], ["validate", name], ["verify", name]):
        assert codose(*words).exit_code == 2, words


def test_no_command_fails_at_a_name_that_no_disk_can_hold(tmp_path: Path) -> None:
    table, place = tmp_path / "a.csv", tmp_path / LONG
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    tables = ("log", "network", "survey")
    for words in (
        ["run", "classroom", "--fixed", "-n", "1", "--no-figures", "--out", place],
        ["report", place], ["merge", place, "--out", "x"], ["merge", "x", "--out", place],
        ["calendar", "classroom", "--out", place], ["examples", place],
        ["calibrate", "calibrate", "--observed", place], ["run", "classroom", "--sets", place],
        ["run", "classroom", "--engine", f"{LONG}:M"],
        *(["import", what, place] for what in tables),
        *(["import", what, table, "--map", place] for what in tables),
        ["import", "network", table, "--out", place], ["observed", "import", place],
        ["observed", "list", place], ["new", place, "--yes"], ["odd", "--write", place],
    ):  # fmt: skip
        ran = codose(*words)
        assert ran.exit_code == 2, (words, ran.stderr)
        assert "should not have" not in ran.stderr


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("audit", "sets", f"{LONG}.csv"),
        ("audit", "scenario", f"a/{LONG}.yaml"),
        ("calibrate", "observed", [f"{LONG}.csv"]),
        ("plan", "sets", f"{LONG}/sets"),
        ("sensitivity", "engine", f"{LONG}.py:Model"),
        ("trials", "trials", f"{LONG}.csv"),
    ],
)
def test_names_in_a_study_file_that_no_disk_can_hold(
    kind: str, field: str, value: Any, tmp_path: Path
) -> None:
    """They are looked for beside the file first."""
    place = tmp_path / f"{kind}.yaml"
    place.write_text(yaml.safe_dump({"kind": kind, **TINY[kind], field: value}), encoding="utf-8")
    ran = codose(kind, place)
    assert ran.exit_code == 2, ran.stderr
    assert "x" * 50 in ran.stderr
    assert "should not have" not in ran.stderr


@pytest.mark.parametrize("kind", sorted(set(TINY) - {"run", "compare", "surface", "tally"}))
def test_a_test_function_is_for_sensitivity_studies_only(kind: str) -> None:
    function = {"function": "linear"}
    fields = {**TINY[kind], "scenarios": ["classroom", function]}
    fields.pop("scenario", None)
    assert "takes the place of the scenario of a sens" in refused_study(kind, **fields)
    if kind != "sensitivity":
        said = refused_study(kind, scenario=function)
        assert "takes the place of the scenario of a sensitivity study only" in said


def cuts(*factors: float, weeks: int = 40) -> str:
    shocks = [{"kind": "dosage_cut", "week": 1, "factor": factor} for factor in factors]
    dosage = [{"mode": "video", "every_weeks": 4, "hours": 1}]
    fields = {"name": "cut", "horizon_weeks": weeks, "dosage": dosage, "shocks": shocks}
    return yaml.safe_dump(fields)


def test_stacked_cuts_of_a_week_stay_a_number_of_hours() -> None:
    with pytest.raises(InputError, match=r"shocks\[3\].factor: multiplies the hours of week 1 by"):
        Scenario.from_text(cuts(*[10.0] * 320))
    assert Scenario.from_text(cuts(10, 10, 10)).shocks
    assert Scenario.from_text(cuts(10, 10, 10, 0.1, 0.0)).shocks


def test_cuts_of_other_weeks_do_not_stack() -> None:
    shocks = [
        {"kind": "dosage_cut", "week": week, "until_week": week, "factor": 10.0}
        for week in range(1, 40)
    ]
    assert Scenario(name="cut", horizon_weeks=40, shocks=shocks).shocks


def test_a_plan_of_runs_that_was_changed() -> None:
    from sim.runs.plan import independent

    scenario = Scenario.shipped("classroom")
    plan = RunPlan((independent(scenario, [scenario.parameter_set()], 2, [0]),), seed=1)
    plain = json.loads(json.dumps(plan.to_dict()))
    for way in (["names"], ["jobs"], ["seed"], ["jobs", 0, "sets"], ["jobs", 0, "which"]):
        for value in (None, "x", {}, [["x"]], HUGE, [10**30]):
            changed = json.loads(json.dumps(plain))
            owner = changed
            for step in way[:-1]:
                owner = owner[step]
            owner[way[-1]] = value
            with pytest.raises(InputError):
                RunPlan.from_dict(changed)


# --- at once -------------------------------------------------------------------------------------


@pytest.fixture
def suggested(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many names each look for a suggestion has gone through."""
    looks: list[int] = []
    real = difflib.get_close_matches

    def counted(word: str, options: list[str], **more: Any) -> list[str]:
        looks.append(len(options))
        return real(word, options, **more)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    return looks


MANY = 3000


@pytest.mark.parametrize(
    "text",
    [
        "parameters: {" + ", ".join(f"p{i}: 1" for i in range(MANY)) + "}",
        "\n".join(f"fiel{i}: 1" for i in range(MANY)),
        "dosage: [" + ", ".join(["{mode: vdeo, every_weeks: 4, hours: 1}"] * MANY) + "]",
        "regions: {candidates: 4095, count: 4095, overrides: {"
        + ", ".join(f"regio_{i}: {{staff: 3}}" for i in range(MANY)) + "}}",
        "providers: {assignment: {"
        + ", ".join(f"regio_{i}: provide_{i}" for i in range(MANY)) + "}}",
    ],
    ids=["parameters", "fields", "modes", "overrides", "assignment"],
)  # fmt: skip
def test_suggestions_for_the_first_few_mistakes_only(text: str, suggested: list[int]) -> None:
    with pytest.raises(InputError) as caught:
        Scenario.from_text(f"name: many\n{text}\n")
    assert len(caught.value.problems) == MISTAKES_SHOWN + 1
    assert "more mistakes" in str(caught.value.problems[-1])
    assert 1 <= len(suggested) <= MISTAKES_SHOWN
    assert sum(suggested) <= 30_000


class Counted(str):
    """A name that counts how often it was compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)


def test_names_of_regions_are_compared_once_each() -> None:
    names = tuple(Counted(f"region {i % 1500}") for i in range(MANY))
    regions = Regions.model_construct(names=names, candidates=MANY, count=MANY)
    fields = ScenarioFields.model_construct(name="many", regions=regions)
    Counted.compared = 0
    found = [issue for issue in issues(fields) if "twice" in issue.message]
    assert len(found) == 1500
    assert Counted.compared < 10 * MANY


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("sensitivity", {"factors": [f"f{i}" for i in range(MANY)]}, "names 3,000 factors"),
        ("sensitivity", {"outcomes": ["trus"] * MANY}, "outcomes: has 3,000 entries"),
        ("sensitivity", {"weeks": ["hrizon"] * MANY}, "weeks: has 3,000 entries"),
        ("plan", {"levers": {f"l{i}": [0, 1] for i in range(MANY)}}, "names 3,000 levers"),
        ("plan", {"levers": {"hours": {"choices": list(range(MANY))}}}, "3,000 choices"),
    ],
)  # fmt: skip
def test_lists_of_a_study_file_have_an_end(
    kind: str, changes: dict[str, Any], said: str, suggested: list[int]
) -> None:
    assert said in refused_study(kind, **changes)
    assert not suggested
