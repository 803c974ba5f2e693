"""The page's edits of a plan, judged by the scenario that the commands read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from page_app import ask

from sim.core.errors import ScenarioError
from sim.core.parameters import TABLE
from sim.page.data import page_data
from sim.scenario.scenario import Scenario

PAGE = Path(__file__).resolve().parents[1] / "sim" / "page"
PLANS = 50


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    data = page_data()
    asked = {"data": data, "plans": PLANS, "seed": 1_000}
    return ask("setting", asked, tmp_path_factory.mktemp("setting"))


def read(plan: dict[str, Any]) -> Scenario:
    """The scenario, with series that are left open ended at the horizon: that says the same."""
    scenario = Scenario.from_dict(_without_nan(plan))
    series = [one.model_copy(update={"last_week": one.last_week or scenario.horizon_weeks})
              for one in scenario.dosage]  # fmt: skip
    return scenario.model_copy(update={"dosage": tuple(series)})


def _without_nan(value: Any) -> Any:
    """JSON's null, which :func:`page_app.ask` reads as NaN."""
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if value != value else value


def faults_of(plan: dict[str, Any]) -> str:
    try:
        read(plan)
    except ScenarioError as error:
        return str(error)
    return ""


def test_what_an_edit_gives_is_a_scenario(answers: list[dict[str, Any]]) -> None:
    for drawn in answers:
        assert faults_of(drawn["plan"]) == ""
        for made in drawn["made"]:
            assert faults_of(made["after"]) == "", made["name"]


def test_there_and_back_is_the_same_scenario(answers: list[dict[str, Any]]) -> None:
    backs = 0
    for drawn in answers:
        before = said(read(drawn["plan"]))
        for made in drawn["made"]:
            if isinstance(made["back"], dict):
                backs += 1
                assert said(read(made["back"])) == before, made["name"]
    assert backs > 10 * PLANS


def said(scenario: Scenario) -> dict[str, Any]:
    """What it says, with names and providers written out: those left out say the same."""
    data = scenario.to_dict()
    data["regions"]["names"] = list(scenario.region_names)
    data["providers"]["names"] = list(scenario.provider_names)
    data["providers"]["assignment"] = dict(
        zip(scenario.region_names, (scenario.provider_names[i] for i in scenario.assignment),
            strict=True)
    )  # fmt: skip
    data["regions"]["overrides"] = dict(sorted(data["regions"]["overrides"].items()))
    return data


def test_situations_are_so_many_usual_spreads_from_typical() -> None:
    """The presets follow the model's numbers: who changes these is told here."""
    mean = {name: row.default for name, row in TABLE.items()}
    staff = mean["staff_accountability_mean"], mean["staff_accountability_sd"]
    typical = {
        "trust": (mean["first_trust"], mean["trust_sd"]),
        "staff_accountability": staff,
        "knowledge": (mean["knowledge_mean"], mean["knowledge_sd"]),
        "demand": (mean["demand_mean"], mean["demand_sd"]),
        "leadership": (mean["leadership_mean"], mean["leadership_sd"]),
    }
    spreads = {
        "typical": {},
        "ready": {"trust": 1, "staff_accountability": 1, "knowledge": 0.5, "demand": -1,
                  "leadership": 1},
        "short_of_staff": {"trust": -0.5, "staff_accountability": -0.5, "demand": 2,
                           "leadership": -0.5},
        "new_director": {"trust": -1, "leadership": -1},
    }  # fmt: skip
    presets = json.loads((PAGE / "situations.json").read_text(encoding="utf-8"))
    assert list(presets) == list(spreads)
    for name, preset in presets.items():
        values = {**preset.get("start", {}), **{k: preset[k] for k in preset if k == "leadership"}}
        low = values.pop("provider_accountability", None)
        assert low in (None, TABLE["provider_accountability_mean"].low)
        assert values.keys() == spreads[name].keys()
        for field, times in spreads[name].items():
            centre, spread = typical[field]
            assert values[field] == pytest.approx(centre + times * spread, abs=0.0051), field


def test_situations_are_told_in_words_that_call_them_assumptions() -> None:
    words = json.loads((PAGE / "words.json").read_text(encoding="utf-8"))["setting"]["situations"]
    presets = json.loads((PAGE / "situations.json").read_text(encoding="utf-8"))
    assert set(words) == {*presets, "own"}
    for name in presets:
        assert name == "typical" or "assumption" in words[name]["says"]


def test_each_situation_is_a_region_that_the_scenario_reads() -> None:
    presets = json.loads((PAGE / "situations.json").read_text(encoding="utf-8"))
    for preset in presets.values():
        regions = {"count": 1, "candidates": 1, "overrides": {"region_1": preset}}
        assert Scenario.from_dict({"name": "x", "regions": regions}).region_names == ("region_1",)
