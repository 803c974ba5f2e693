"""The benchmarks: the C twin gives the same bits, and the files of `make bench` are in order.

Nothing here measures time: `make bench` does.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sim.scenario import Scenario

REPO = Path(__file__).resolve().parents[1]
FOLDER = REPO / "experiments" / "benchmarks"


def load(name: str) -> ModuleType:
    """A script of the folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(FOLDER)  # as for a script
    yield load("bench")
    del sys.modules["bench"]


@pytest.mark.smoke
def test_the_table_stands_between_its_markers(bench: ModuleType) -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert page.count(bench.BEGIN) == page.count(bench.END) == 1
    table = page.partition(bench.BEGIN)[2].partition(bench.END)[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert len(rows) > 20, "make bench writes it"
    assert all(line.count("|") == 5 for line in rows), "a line of the table is broken"


@pytest.mark.smoke
def test_a_new_table_replaces_the_old_one_alone(bench: ModuleType, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{bench.BEGIN}\nold\n{bench.END}\nbelow\n", encoding="utf-8")
    bench.between.put(readme, bench.BEGIN, bench.END, "new\n")
    text = readme.read_text(encoding="utf-8")
    assert text == f"above\n{bench.BEGIN}\nnew\n{bench.END}\nbelow\n"


RECORDS = json.loads((FOLDER / "recorded.json").read_text(encoding="utf-8"))


@pytest.mark.smoke
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["processor"])
def test_the_record_of_the_ratios_can_be_compared(
    bench: ModuleType, record: dict[str, Any]
) -> None:
    ratios = record["engine_over_c"]
    assert len(ratios) >= 5
    assert all(0.2 < ratio < 2.0 for ratio in ratios.values())
    assert bench.lost(ratios, ratios) == []
    name = next(iter(ratios))
    assert bench.lost({name: ratios[name] / 0.61}, ratios) == []
    assert len(bench.lost({name: ratios[name] / 0.59}, ratios)) == 1
    assert bench.record_for(record["processor"], RECORDS) == (ratios, "")


@pytest.mark.smoke
def test_a_processor_without_record_is_compared_with_the_largest_ratios(bench: ModuleType) -> None:
    ratios, remark = bench.record_for("an abacus", RECORDS)
    assert "no record of this processor (an abacus)" in remark
    for name, ratio in ratios.items():
        assert ratio == max(one["engine_over_c"][name] for one in RECORDS)


@pytest.mark.smoke
@pytest.mark.parametrize(("speed", "code"), [(0.61, 0), (0.59, 1)])
def test_a_loop_that_lost_its_speed_ends_in_1(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speed: float, code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The whole command, with the measuring replaced and a record of this processor beside it."""
    measured = ModuleType("measures")
    measured.processor = lambda: "this one"  # type: ignore[attr-defined]
    measured.machine = lambda: "this one, 2 cores"  # type: ignore[attr-defined]
    others = ["against_mesa", "batches", "common_numbers", "sizes", "memory", "cold_start"]
    for name in others:
        setattr(measured, name, list)

    def against_c(ratios: dict[str, float]) -> list[Any]:
        ratios["200 a region"] = 0.8 / speed
        return []

    measured.against_c = against_c  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "measures", measured)
    record = tmp_path / "recorded.json"
    record.write_text(json.dumps(bench.with_record([], "this one", "", {"200 a region": 0.8})))
    monkeypatch.setattr(bench, "RECORDED", record)
    monkeypatch.setattr(sys, "argv", ["bench.py", "--only", "plain C loop"])
    assert bench.main() == code
    assert ("slower than 60% of the recorded speed: 200 a region" in capsys.readouterr().err) == (
        code == 1
    )
    monkeypatch.setattr(sys, "argv", ["bench.py", "--only", "plain C loop", "--record"])
    assert bench.main() == 0
    (again,) = json.loads(record.read_text())
    assert again["engine_over_c"] == {"200 a region": 0.8 / speed}


@pytest.mark.smoke
def test_make_has_the_target() -> None:
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^bench: .*## ", makefile, re.MULTILINE)
    assert re.search(r"^\.PHONY:.* bench\b", makefile, re.MULTILINE)


def shocked() -> dict[str, Any]:
    """Everything at once: both kinds of leaving, a cut, a rise, work to deliver, a trend."""
    return {
        "shocks": [
            {"kind": "staff_leave", "week": 20, "share": 0.4},
            {"kind": "provider_leaves", "week": 30, "provider": "provider 1"},
            {"kind": "demand_rise", "week": 10, "until_week": 40, "by": 0.2},
            {"kind": "dosage_cut", "week": 50, "factor": 0.5},
        ],
        "background_trend": 0.02,
        "delivery_work": [{"week": 60, "until_week": 90, "share": 0.2}],
    }


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcc") is None, reason="the C twin needs gcc")
@pytest.mark.parametrize(
    ("name", "network", "changes"),
    [
        ("source", None, {}),
        ("irregular", None, {}),
        ("turnover_wave", None, {}),
        ("core_team", None, {}),
        ("delivery_phase", None, {}),
        ("provider_overload", None, {}),
        ("centre_log", None, {}),
        ("graphml_team", None, {}),
        ("source", {"kind": "complete"}, {}),
        ("source", {"kind": "none"}, {}),
        ("source", {"kind": "random", "neighbours": 2}, {}),
        ("source", None, shocked()),
    ],
)
def test_the_c_twin_gives_the_same_bits(
    name: str, network: dict[str, Any] | None, changes: dict[str, Any]
) -> None:
    twin = sys.modules.get("twin") or load("twin")
    scenario = Scenario.shipped(name)
    if network or changes:
        data = {**scenario.to_dict(), **changes}
        if changes:
            providers = scenario.provider_names
            for shock in data["shocks"]:
                if "provider" in shock:
                    shock["provider"] = providers[0]
        if network:
            data["regions"] = {**data["regions"], "network": network}
        scenario = Scenario.from_dict(data)
    assert twin.same_bits(twin.Work(scenario, 5, seed=3))


@pytest.mark.slow
def test_the_c_twin_refuses_what_it_leaves_out() -> None:
    twin = sys.modules.get("twin") or load("twin")
    with pytest.raises(ValueError, match="on-demand"):
        twin.Work(Scenario.shipped("on_demand"), 1)
