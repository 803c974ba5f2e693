"""The engine in JavaScript gives the same bits: in Node, and in a real browser from file://."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from strategies import examples, scenarios

from sim.core import outcomes
from sim.core.parameters import Parameters
from sim.engine import artefact, compiled, native, summary, tables
from sim.engine.entries import FUNCTIONS, signature
from sim.engine.job import job
from sim.engine.reduction import Reduction
from sim.scenario.scenario import Scenario, shipped_names

REPO = Path(__file__).resolve().parents[1]
SCRIPT = REPO / "sim" / "engine" / "browser" / "engine.js"
HERE = REPO / "tests" / "browser"
REPLICATES = [0, 7, 2**32 - 1]
MOST_BYTES = 40_000
"""Of the module, packed: what a page takes with it."""


def drawn(count: int) -> list[Scenario]:
    """Some scenarios of the strategy that draws all there is."""
    found: list[Scenario] = []

    @settings(max_examples=count, database=None, suppress_health_check=list(HealthCheck))
    @given(scenarios())
    def collect(data: dict[str, Any]) -> None:
        found.append(Scenario.from_dict(data))

    collect()
    return found


def shipped() -> list[Scenario]:
    """Every shipped scenario; the largest is cut to two weeks."""
    found = []
    for name in shipped_names():
        scenario = Scenario.shipped(name)
        if sum(scenario.staff_counts) > 2000:
            data = {**scenario.to_dict(), "horizon_weeks": 2, "dosage": []}
            scenario = Scenario.from_dict(data)
        found.append(scenario)
    return found


def hash_of(values: np.ndarray) -> str:
    """Of the bits; every NaN is the same one."""
    values = np.where(np.isnan(values), np.nan, values)
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def array(kind: str, shape: Sequence[int]) -> dict[str, Any]:
    """An array as the wrapper takes it."""
    return {"type": kind, "shape": list(shape)}


class Case:
    """A job, what is run of it, and the records of this machine."""

    def __init__(self, scenario: Scenario, weeks: list[int] | None = None) -> None:
        own = scenario.parameter_set()
        other = own.replace(trust_step=0.2, beyond_range=True)
        self.sets: list[Parameters] = [own, other]
        self.which = [0, 0, 1]
        self.job = job(scenario, scenario.seed, weeks=weeks)
        prepared = compiled.prepare(scenario, scenario.seed, own.calendar_stagger)
        self.records = compiled.run_chunk(
            prepared, tables.parameter_rows(self.sets), np.array(self.which), np.array(REPLICATES),
            weeks=weeks,
        )  # fmt: skip

        end = scenario.horizon_weeks
        self.reduction = Reduction.of(scenario, self.sets, (0, end), every_week=True)
        self.outcomes = None
        if weeks is None:
            self.outcomes = self.reduction.at_points(self.records, np.array(self.which))

    def about(self) -> dict[str, Any]:
        sets = [float(value) for one in self.sets for value in one.vector()]
        told: dict[str, Any] = {"sets": sets, "which": self.which, "replicates": REPLICATES}
        if self.outcomes is not None:
            now = list(self.reduction.points)
            before = [max(0, week - outcomes.COLLABORATION_WINDOW) for week in now]
            given = self.reduction.given
            work = summary.work_space(self.records.shape[2])
            told["outcomes"] = {
                "given": {**array("float64", given.shape), "values": given.ravel().tolist()},
                "now": {**array("int64", [2]), "values": now},
                "before": {**array("int64", [2]), "values": before},
                "work": array("float64", work.shape),
                "result": array("float64", self.outcomes.shape),
            }
        return told

    @property
    def hash(self) -> str:
        return hash_of(self.records)


def rule_calls() -> list[tuple[str, list[float]]]:
    """Calls of every rule."""
    luck = np.random.default_rng(3)
    calls = []
    for name, function in FUNCTIONS.items():
        for _ in range(5):
            kinds = signature(function)[0].values()
            calls.append(
                (name, [float(luck.integers(1, 9)) if k is int else luck.random() for k in kinds])
            )
    return calls


def in_node(cases: list[Case], folder: Path) -> dict[str, Any]:
    """What ``check.mjs`` finds."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js here")
    runs = []
    for number, case in enumerate(cases):
        (folder / f"{number}.job").write_bytes(case.job)
        runs.append({**case.about(), "job": f"{number}.job"})
    stamp = json.loads((artefact.SHIPPED / "layout.json").read_text())["stamp"].encode()
    (folder / "old.job").write_bytes(cases[0].job.replace(stamp, b"0123456789abcdef"))
    given = {"runs": runs, "rules": rule_calls()}
    (folder / "cases.json").write_text(json.dumps(given), encoding="utf-8")
    done = subprocess.run(
        [node, HERE / "check.mjs", SCRIPT, artefact.SHIPPED, folder / "cases.json"],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    weeks = Case(Scenario.shipped("source"), weeks=[0, 40, 156])
    return [weeks, *map(Case, shipped()), *map(Case, drawn(examples(30)))]


@pytest.fixture(scope="module")
def found(cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return in_node(cases, tmp_path_factory.mktemp("node"))


def test_node_gives_the_same_bits(cases: list[Case], found: dict[str, Any]) -> None:
    assert found["records"] == [case.hash for case in cases]


@pytest.mark.slow
def test_node_gives_the_same_bits_for_many(tmp_path: Path) -> None:
    cases = [Case(scenario) for scenario in drawn(200)]
    assert in_node(cases, tmp_path)["records"] == [case.hash for case in cases]


def test_node_gives_the_same_outcomes(cases: list[Case], found: dict[str, Any]) -> None:
    expected = [None if one.outcomes is None else hash_of(one.outcomes) for one in cases]
    assert found["outcomes"] == expected


def test_rules_in_node_are_the_rules(found: dict[str, Any]) -> None:
    engine = native.engine()
    assert found["rules"] == [engine.rule(name)(*given) for name, given in rule_calls()]


def test_the_module_needs_its_memory_only_and_is_small(found: dict[str, Any]) -> None:
    assert found["imports"] == ["memory"]
    module = (artefact.SHIPPED / "engine.wasm").read_bytes()
    assert len(gzip.compress(module)) < MOST_BYTES


def test_every_fault_is_one_sentence(cases: list[Case], found: dict[str, Any]) -> None:
    says = {
        "layout": "different versions",
        "noise": "This is not a job of codose",
        "job": "another version of codose",
        "sets": "Sets come in rows of",
        "entry": "The engine has no at_noon",
        "argument": "first_wrong needs records",
        "which": "not among the 2 given",
        "damaged": "This browser cannot load the engine",
        "memory": "MB of memory, more than the browser gives",
        "none": "This browser has no WebAssembly",
    }
    for name, text in found["messages"].items():
        assert text.startswith("EngineError: "), (name, text)
        assert says[name] in text
        assert "\n" not in text
    assert set(says) == set(found["messages"])
    assert found["after"] == cases[0].hash, "the engine goes on after a fault"


def test_workers_give_the_same_bits_in_the_same_order(
    cases: list[Case], found: dict[str, Any]
) -> None:
    whole = found["pool"]["whole"]
    assert whole["hash"] == cases[0].hash
    assert whole["shape"] == list(cases[0].records.shape)
    assert whole["seen"] == [[1, 3], [2, 3], [3, 3]]
    assert whole["started"] == 2


@pytest.mark.parametrize("fault", ["one_dies", "one_sleeps"])
def test_a_worker_that_dies_is_replaced(
    fault: str, cases: list[Case], found: dict[str, Any]
) -> None:
    assert found["pool"][fault]["hash"] == cases[0].hash
    assert found["pool"][fault]["started"] == 3


def test_workers_that_all_die_are_reported(found: dict[str, Any]) -> None:
    error = found["pool"]["all_die"]["error"]
    assert error == ("A worker died twice over the same runs: it failed (out of memory).")


def test_a_stopped_run_says_so(found: dict[str, Any]) -> None:
    stopped = found["pool"]["stopped"]
    assert stopped["error"] == "Stopped."
    assert stopped["seen"] == [[1, 3]]


def test_runs_of_a_pool_that_is_closed_end_and_leave_no_clock_behind(found: dict[str, Any]) -> None:
    assert found["pool"]["closed"] == "EngineError: Stopped."
    assert found["pool"]["clocks"] == 0, "Node would wait for each of them, a minute"


# --- a real browser -------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_page_from_a_file_gives_the_same_bits(cases: list[Case], tmp_path: Path) -> None:
    """Chromium, no server, no network; alone and with two workers."""
    chromium = shutil.which(os.environ.get("CODOSE_CHROMIUM", "chromium"))
    if chromium is None:
        pytest.skip("no Chromium here")
    from playwright.sync_api import sync_playwright

    some = cases[:16]
    coded = {
        "wasm": base64.b64encode((artefact.SHIPPED / "engine.wasm").read_bytes()).decode(),
        "layout": json.loads((artefact.SHIPPED / "layout.json").read_text(encoding="utf-8")),
        "rules": rule_calls(),
        "runs": [{**one.about(), "job": base64.b64encode(one.job).decode()} for one in some],
    }
    shutil.copy(SCRIPT, tmp_path)
    shutil.copy(HERE / "page.html", tmp_path)
    (tmp_path / "given.js").write_text(f"const given = {json.dumps(coded)};", encoding="utf-8")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    quiet += ["--host-resolver-rules=MAP * ~NOTFOUND"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        page = browser.new_page()
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_function("document.title === 'done'", timeout=120_000)
        seen = page.evaluate("window.found")
        browser.close()
    assert "error" not in seen, seen["error"]
    engine = native.engine()
    assert seen["rules"] == [engine.rule(name)(*given) for name, given in rule_calls()]
    for one, records in zip(some, seen["records"], strict=True):
        for how in ("alone", "pooled"):
            bits = base64.b64decode(records[how])
            assert hashlib.sha256(bits).hexdigest() == one.hash, how
