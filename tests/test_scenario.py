"""A scenario is checked, immutable, complete in itself, and the same after any way in and out."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import examples

from sim.core import files
from sim.core.errors import ScenarioError
from sim.core.parameters import NAMES, TABLE
from sim.scenario.fields import DeliveryWork, Network, Providers
from sim.scenario.scenario import Scenario, find, json_schema, shipped_names

FULL = """\
name: Everything
question: Is every field kept?
description: |
  First line.
  Second line.
horizon_weeks: 120
seed: 9223372036854775807
regions:
  candidates: 5
  count: 2
  selection: random
  staff: 4
  network: {kind: small_world, neighbours: 2, rewiring: 0.25}
  core_team: 0.5
  names: [Lakes, "no"]
  overrides:
    Lakes: {staff: 3, leadership: 0.7, start: {trust: 0.4, knowledge: 0.5},
            network: {kind: file, names: [ann, bob, cem], edges: [[ann, bob]]}}
providers:
  count: 3
  weekly_hours: [10, 20, 30.5]
  assignment: {Lakes: provider_3, "no": provider_1}
contact_log:
  first_date: 2016-11-01
  rows:
    - {week: 4, region: Lakes, mode: phone, hours: 1, status: region_cancelled}
    - {week: 2, region: "no", mode: onsite, hours: 6, co_creation: 0.8}
dosage:
  - {mode: onsite, every_weeks: 6.5, hours: 4, first_week: 5, last_week: 100, taper: 0.5,
     co_creation: [0.3, 0.8], timing: irregular, invited: 0.5}
  - {mode: email, every_weeks: 1, hours: 0.25, first_week: 10, last_week: 90}
shocks:
  - {kind: provider_leaves, week: 50, provider: provider_3}
  - {kind: staff_leave, week: 30, share: 0.5, region: Lakes}
  - {kind: demand_rise, week: 60, until_week: 70, by: -0.2}
  - {kind: dosage_cut, week: 40, factor: 0}
delivery_work: {week: 80, until_week: 120, share: 0.1}
background_trend: 0.01
costs: {provider_hour: 90, staff_hour: 0, travel_visit: 1e3}
parameters: {trust_step: 0.05, learning_rate: 3e-1}
beyond_range: true
"""


@pytest.fixture(scope="module")
def full() -> Scenario:
    return Scenario.from_text(FULL)


def made(**fields: Any) -> Scenario:
    return Scenario.from_dict({"name": "x", **fields})


# --- values ---------------------------------------------------------------------------------------


def test_defaults_are_those_of_the_documentation() -> None:
    scenario = Scenario.from_text("name: x")
    regions, providers, costs = scenario.regions, scenario.providers, scenario.costs
    assert (scenario.horizon_weeks, scenario.seed) == (156, 1)
    assert (regions.candidates, regions.count, regions.staff) == (12, 3, 12)
    assert (regions.selection, regions.core_team) == ("readiest", 1.0)
    assert regions.network == Network(kind="small_world", neighbours=4, rewiring=0.1)
    assert (providers.count, providers.weekly_hours) == (2, 20.0)
    assert (costs.provider_hour, costs.staff_hour, costs.travel_visit) == (100, 50, 600)
    assert (scenario.dosage, scenario.shocks, scenario.delivery_work) == ((), (), ())
    assert scenario.contact_log is None
    assert not scenario.parameters
    assert not scenario.beyond_range


def test_every_field_is_read(full: Scenario) -> None:
    assert full.description == "First line.\nSecond line.\n"
    assert full.region_names == ("Lakes", "no")
    assert full.provider_names == ("provider_1", "provider_2", "provider_3")
    assert full.assignment == (2, 0)
    assert full.providers.hours_each == (10.0, 20.0, 30.5)
    assert full.staff_counts == (3, 4)
    assert [network.kind for network in full.networks] == ["file", "small_world"]
    assert full.networks[0].edges == (("ann", "bob"),)
    lakes = full.regions.overrides["Lakes"]
    assert (lakes.start.trust, lakes.start.knowledge, lakes.start.demand) == (0.4, 0.5, None)
    assert lakes.leadership == 0.7
    log = full.contact_log
    assert log is not None
    assert full.start_date == date(2016, 11, 1)  # by the older name of it
    assert [row.week for row in log.rows] == [2, 4]  # sorted
    assert log.rows[1].status == "region_cancelled"
    series = full.dosage[0]
    assert (series.every_weeks, series.timing, series.invited) == (6.5, "irregular", 0.5)
    assert (series.co_creation_start, series.co_creation_end) == (0.3, 0.8)
    assert (full.dosage[1].co_creation_start, full.dosage[1].co_creation_end) == (0.6, 0.6)
    kinds = ["provider_leaves", "staff_leave", "demand_rise", "dosage_cut"]
    assert [shock.kind for shock in full.shocks] == kinds
    assert full.delivery_work == (DeliveryWork(week=80, until_week=120, share=0.1),)
    assert full.costs.travel_visit == 1000.0
    assert dict(full.parameters) == {"trust_step": 0.05, "learning_rate": 0.3}
    assert full.parameter_set().changed() == {"trust_step": 0.05, "learning_rate": 0.3}


@pytest.mark.parametrize(
    ("regions", "count"),
    [
        ({}, 3),
        ({"candidates": 2}, 2),
        ({"candidates": 2, "count": None}, 2),
        ({"candidates": 13, "selection": "all"}, 13),
        ({"candidates": 13, "selection": "random"}, 3),
        ({"count": 1}, 1),
    ],
)
def test_number_of_regions(regions: dict[str, Any], count: int) -> None:
    scenario = made(regions=regions)
    assert scenario.regions.count == count
    assert scenario.region_names == tuple(f"region_{i + 1}" for i in range(count))


def test_regions_take_providers_in_turn() -> None:
    assert Providers(count=2).assigned("abcde") == (0, 1, 0, 1, 0)
    assert made(providers={"count": 5}).assignment == (0, 1, 2)
    assert made(providers={"count": 2, "weekly_hours": 8}).providers.hours_each == (8.0, 8.0)


def test_end_of_ta() -> None:
    video = {"mode": "video", "every_weeks": 4, "hours": 1}
    row = {"week": 7, "region": "region_1", "mode": "phone", "hours": 1}
    assert made(horizon_weeks=80).end_of_ta == 80
    assert made(dosage=[{**video, "last_week": 30}, {**video, "last_week": 20}]).end_of_ta == 30
    assert made(dosage=[{**video, "last_week": 30}, video]).end_of_ta == 156
    assert made(contact_log={"rows": [row]}).end_of_ta == 7
    later = {**video, "first_week": 8, "last_week": 9}
    assert made(contact_log={"rows": [row]}, dosage=[later]).end_of_ta == 9


def test_without_ta_keeps_all_else(full: Scenario) -> None:
    bare = full.without_ta()
    assert full.has_ta
    assert not bare.has_ta
    changed = {"dosage", "contact_log"}
    assert {k for k, v in full.to_dict().items() if bare.to_dict()[k] != v} == changed
    assert bare == Scenario.from_dict(bare.to_dict())
    assert bare.without_ta() == bare


def test_shorthands() -> None:
    assert made(regions={"network": "ring"}).networks[0] == Network(kind="ring")
    assert Scenario.from_text("name: x\nregions: {network: none}").networks[0].kind == "none"
    work = {"week": 3, "until_week": 4, "share": 0.5}
    assert made(delivery_work=work) == made(delivery_work=[work])
    video = {"mode": "video", "every_weeks": 4, "hours": 1}
    same = made(dosage=[{**video, "co_creation": [0.5, 0.5]}])
    assert same == made(dosage=[{**video, "co_creation": 0.5}])


# --- in and out -----------------------------------------------------------------------------------


def test_round_trips(full: Scenario) -> None:
    plain = json.loads(json.dumps(full.to_dict()))
    for again in (
        Scenario.from_dict(plain),
        Scenario.from_text(full.to_yaml()),
        Scenario(**plain),
        pickle.loads(pickle.dumps(full)),
        copy.deepcopy(full),
        full.replace(),
    ):
        assert again == full
        assert hash(again) == hash(full)
        assert again.digest() == full.digest()


words = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and text != "overall"
)
fractions = st.floats(0, 1)
series = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["onsite", "video", "phone", "email"]),
        "every_weeks": st.floats(1, 520),
        "hours": st.floats(0, 60),
    },
    optional={
        "first_week": st.integers(1, 20),
        "last_week": st.integers(20, 52),
        "co_creation": fractions | st.lists(fractions, min_size=2, max_size=2),
        "taper": st.floats(0, 10),
        "invited": st.floats(0, 1, exclude_min=True),
        "timing": st.sampled_from(["scheduled", "irregular", "on_demand"]),
    },
)
scenarios = st.fixed_dictionaries(
    {"name": words, "horizon_weeks": st.integers(52, 1040)},
    optional={
        "question": words,
        "description": st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n")),
        "seed": st.integers(0, 2**63 - 1),
        "regions": st.fixed_dictionaries(
            {"names": st.lists(words, min_size=3, max_size=3, unique=True)},
            optional={"core_team": st.floats(0.01, 1), "staff": st.integers(1, 2**20 - 1)},
        ),
        "dosage": st.lists(series, max_size=3),
        "background_trend": st.floats(-0.5, 0.5),
        "costs": st.fixed_dictionaries({}, optional={"staff_hour": st.floats(0, 1e300)}),
        "parameters": st.fixed_dictionaries({}, optional={"trust_step": st.floats(0.1, 0.45)}),
    },
)


@settings(max_examples=examples(200))
@given(scenarios)
def test_any_scenario_survives_yaml_and_json(data: dict[str, Any]) -> None:
    scenario = Scenario.from_dict(data)
    assert Scenario.from_text(scenario.to_yaml()) == scenario
    again = Scenario.from_dict(json.loads(json.dumps(scenario.to_dict())))
    assert again == scenario
    assert again.digest() == scenario.digest()
    # Any other reader of YAML sees the same text and numbers.
    assert yaml.safe_load(scenario.to_yaml())["name"] == scenario.name


def result(make: Callable[[], Scenario]) -> Scenario | ScenarioError:
    """A scenario or what is wrong; any other exception fails the test."""
    try:
        return make()
    except ScenarioError as error:
        return error


@settings(max_examples=examples(300))
@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"#%@`,? \n\t0159.eE+~<=")))
def test_any_text_is_a_scenario_or_a_scenario_error(text: str) -> None:
    found = result(lambda: Scenario.from_text(text))
    assert isinstance(found, Scenario) or found.problems


def ways(data: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within plain data."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, item in items:
        yield (*way, key)
        if isinstance(item, (dict, list)):
            yield from ways(item, (*way, key))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=examples(400))
@given(st.data())
def test_any_damage_is_a_scenario_or_a_scenario_error(full: Scenario, data: st.DataObject) -> None:
    damaged = full.to_dict()
    for way in data.draw(st.lists(st.sampled_from(list(ways(damaged))), min_size=1, max_size=3)):
        place: Any = damaged
        try:
            for key in way[:-1]:
                place = place[key]
            if data.draw(st.booleans()):
                del place[way[-1]]
            else:
                place[way[-1]] = data.draw(JUNK)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier damage took it away
    found = result(lambda: Scenario.from_dict(damaged))
    if isinstance(found, Scenario):
        assert Scenario.from_text(found.to_yaml()) == found
    else:
        # Every message names the field, and the same mistake is told once.
        lines = str(found).splitlines()
        assert all(problem.field for problem in found.problems)
        assert len(set(lines)) == len(lines)


def test_yaml_is_for_reading() -> None:
    text = """\
name: A plan
regions:
  network:
    kind: ring
  names: [north, south, coast]
dosage:
- mode: video
  every_weeks: 4
  hours: 1.5
  co_creation: [0.3, 0.8]
shocks:
- kind: staff_leave
  week: 3
  share: 0.5
"""
    assert Scenario.from_text(text).to_yaml() == text


@pytest.mark.parametrize("word", ["no", "on", "1e3", "0x10", "1:30", "2016-11-01", "~", "null"])
def test_words_that_look_like_something_else_stay_words(word: str) -> None:
    scenario = made(regions={"names": [word, "b", "c"]})
    assert Scenario.from_text(scenario.to_yaml()).region_names == (word, "b", "c")


def test_numpy_numbers_are_numbers() -> None:
    scenario = made(horizon_weeks=np.int64(60), background_trend=np.float64(0.25))
    assert scenario == made(horizon_weeks=60, background_trend=0.25)
    assert json.loads(json.dumps(scenario.to_dict()))["horizon_weeks"] == 60


def test_digest_is_that_of_the_content() -> None:
    one = made(parameters={"trust_step": 0.2, "learning_rate": 0.3})
    other = made(parameters={"learning_rate": 0.3, "trust_step": 0.2})
    assert one == other
    assert one.digest() == other.digest()
    assert hash(one) == hash(other)
    assert made(background_trend=-0.0).digest() == made(background_trend=0).digest()
    assert made(seed=2).digest() != made(seed=3).digest()
    assert len(one.digest()) == 64


def test_digest_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from sim.scenario.scenario import Scenario\n"
        "print(Scenario.from_dict({'name': 'x', 'parameters': {'trust_step': .2, 'keeping': .5},"
        "'providers': {'assignment': {f'region_{i}': 'provider_1' for i in (3, 1, 2)}}}).digest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(files.PACKAGE.parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(digests) == 1


# --- what cannot happen ---------------------------------------------------------------------------


def test_nothing_can_be_changed(full: Scenario) -> None:
    with pytest.raises(ValueError, match="frozen"):
        full.seed = 3  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValueError, match="frozen"):
        full.regions.staff = 3  # pyright: ignore[reportAttributeAccessIssue]
    for mapping in (full.parameters, full.regions.overrides, full.providers.assignment):
        assert mapping is not None
        with pytest.raises(TypeError, match="read-only"):
            mapping["x"] = 1  # pyright: ignore[reportArgumentType]
        with pytest.raises(TypeError, match="read-only"):
            mapping.pop("x")
        with pytest.raises(TypeError, match="read-only"):
            mapping.update({})


def test_replace_checks_like_a_new_scenario(full: Scenario) -> None:
    assert full.replace(seed=5).seed == 5
    assert full.replace(seed=5).replace(seed=full.seed) == full
    assert full.replace(dosage=()).dosage == ()
    assert full.replace(dosage=full.dosage[:1]).dosage == full.dosage[:1]
    assert (
        full.replace(costs=full.costs.model_copy(update={"staff_hour": 1.0})).costs.staff_hour == 1
    )
    with pytest.raises(ScenarioError, match=r"seed: -1 is out of range"):
        full.replace(seed=-1)
    with pytest.raises(ScenarioError, match=r"dosage\[0\].last_week: week 100 is beyond"):
        full.replace(horizon_weeks=99, shocks=[], delivery_work=[])
    with pytest.raises(ScenarioError, match=r"sead: is not a field.*did you mean 'seed'"):
        full.replace(sead=3)


def test_every_way_in_raises_the_same_error() -> None:
    for make in (
        lambda: Scenario(name="x", seed=-1),
        lambda: Scenario.from_dict({"name": "x", "seed": -1}),
        lambda: Scenario.from_text("{name: x, seed: -1}", file=""),
        lambda: Scenario.model_validate({"name": "x", "seed": -1}),
    ):
        with pytest.raises(ScenarioError, match=r"seed: -1 is out of range; allowed: whole"):
            make()
    with pytest.raises(ScenarioError, match=r"^a scenario must be a mapping.*not 5$"):
        Scenario.from_dict(5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ScenarioError, match=r"^name: is required$"):
        Scenario()
    nest: list[Any] = []
    nest.append(nest)
    with pytest.raises(ScenarioError, match="nested too deeply"):
        Scenario.from_dict({"name": nest})


def test_numbers_too_large_for_a_float() -> None:
    for field in ({"seed": 10**5000}, {"costs": {"staff_hour": 10**400}}):
        with pytest.raises(ScenarioError, match="is not a finite number"):
            made(**field)
    with pytest.raises(ScenarioError, match="inf is not a finite number"):
        made(parameters={"trust_step": 10**400})


# --- other files ----------------------------------------------------------------------------------


def test_files_become_part_of_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "log.csv").write_text(
        "date,region,mode,hours\n2016-11-14,region_2,video,1.5\n2016-11-01,region_1,onsite,4\n"
    )
    (tmp_path / "team.csv").write_text("ann,bob\nbob,cem\n")
    path = tmp_path / "a.yaml"
    path.write_text(
        "name: x\n"
        "regions: {staff: 3, count: 2, network: {file: team.csv, names: [cem, bob, ann]}}\n"
        "contact_log: {file: data/log.csv, first_date: 2016-11-01}\n"
    )
    scenario = Scenario.load(path)
    assert scenario.contact_log is not None
    assert [(row.week, row.region) for row in scenario.contact_log.rows] == [
        (1, "region_1"),
        (2, "region_2"),
    ]
    assert scenario.networks[1].names == ("cem", "bob", "ann")
    assert scenario.networks[1].edges == (("ann", "bob"), ("bob", "cem"))
    assert Scenario.from_text(path.read_text(), folder=tmp_path) == scenario
    # Without the files, and without a folder, it is still the same.
    assert "csv" not in scenario.to_yaml()
    assert Scenario.from_text(scenario.to_yaml()) == scenario
    assert Scenario.from_dict(scenario.to_dict()) == scenario


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_scenario_loads(name: str) -> None:
    scenario = Scenario.shipped(name)
    assert scenario == Scenario.load(find(name))
    assert Scenario.from_text(scenario.to_yaml()) == scenario


def test_data_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "sim"
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "b.yaml").write_text("name: b")
    monkeypatch.setattr(files, "PACKAGE", package)
    assert files.folder("scenarios") == tmp_path / "scenarios"  # a checkout
    assert files.names("experiments") == ()
    installed = package / "_files" / "scenarios"
    installed.mkdir(parents=True)
    for name in ("z.yaml", "a.yaml", "notes.txt"):
        (installed / name).write_text("name: x")
    assert files.folder("scenarios") == installed  # a wheel, whatever lies beside it
    assert shipped_names() == ("a", "z")


# --- schema ---------------------------------------------------------------------------------------


def test_schema_describes_every_field() -> None:
    schema = json_schema()
    json.dumps(schema)
    definitions = schema["$defs"]
    found = 0
    for definition in (schema, *(d.get("anyOf", [d])[-1] for d in definitions.values())):
        assert definition["additionalProperties"] is False
        for name, field in definition["properties"].items():
            found += 1
            assert field.get("description"), name
    assert found > 60


def test_schema_says_what_the_checks_say() -> None:
    schema = json_schema()
    definitions = schema["$defs"]
    series = definitions["ContactSeries"]["properties"]
    assert series["mode"]["enum"] == ["onsite", "video", "phone", "email"]
    assert (series["hours"]["minimum"], series["hours"]["maximum"]) == (0, 60)
    assert series["invited"]["exclusiveMinimum"] == 0
    assert definitions["ContactSeries"]["required"] == ["mode", "every_weeks", "hours"]
    assert definitions["StaffLeave"]["required"] == ["kind", "week", "share"]
    assert schema["required"] == ["name"]
    assert schema["properties"]["beyond_range"]["type"] == "boolean"
    assert definitions["Network"]["anyOf"][0]["enum"][0] == "complete"


def test_schema_lists_every_parameter_with_its_range() -> None:
    rows = json_schema()["properties"]["parameters"]["properties"]
    assert list(rows) == list(NAMES)
    row = TABLE["trust_step"]
    assert (rows["trust_step"]["minimum"], rows["trust_step"]["maximum"]) == (0.0, 1.0)
    assert rows["trust_step"]["description"] == (
        f"{row.meaning} ({row.unit}); plausible: 0.1..0.45"
    )


def test_the_module_is_light() -> None:
    code = (
        "import sys, sim.scenario.scenario\n"
        "heavy = ('mesa', 'pandas', 'networkx', 'numba', 'matplotlib', 'SALib', 'scipy')\n"
        "print(*(name for name in heavy if name in sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=files.PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == ""
