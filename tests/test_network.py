"""Team networks: what networkx makes is what both engines use, and it is made once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
import pytest

from sim import compiled, network, streams, tables
from sim.scenario import Scenario

pytestmark = pytest.mark.smoke

KINDS = ("ring", "small_world", "hub", "random", "none")
TEAM = {"kind": "file", "names": list("abcd"), "edges": [["a", "b"], ["a", "d"], ["b", "d"]]}


def scenario(kind: Any, staff: int = 7, **regions: Any) -> Scenario:
    plan = {"candidates": 4, "count": 2, "staff": staff, "network": kind, **regions}
    return Scenario.from_dict({"name": "t", "horizon_weeks": 20, "regions": plan})


@pytest.fixture
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(network, "_kept", network._Kept(1 << 20))
    network._neighbours.cache_clear()
    yield
    network._neighbours.cache_clear()


def row_in_tables(made: tables.Tables, region: int, candidate: int, replicate: int) -> list[Any]:
    """Neighbours of every post, read from the arrays as the kernel reads them."""
    one = made.regions[region]
    offset = 0 if made.selection == tables.SELECTION["all"] else candidate * one["graphs"]
    graph = one["first_graph"] + offset + replicate % one["graphs"]
    starts = made.row_starts[made.graph_rows[graph] :]
    others = made.others[made.graph_others[graph] :]
    return [others[starts[i] : starts[i + 1]].tolist() for i in range(one["staff"])]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_those_of_the_networkx_graph(kind: str) -> None:
    one = scenario(kind, 9).networks[0]
    graph = network.replicate_graph(one, 9, 5, 2, 70)
    rows = network.neighbours(one, 9, 5, 2, 70)
    assert [rows.of(post) for post in range(9)] == [sorted(graph[post]) for post in range(9)]


def test_a_small_world_is_that_of_watts_and_strogatz() -> None:
    one = scenario({"kind": "small_world", "neighbours": 4, "rewiring": 0.3}, 12).networks[0]
    seed = streams.graph_seed(5, 2, 70 % 64)
    expected = nx.watts_strogatz_graph(12, 4, 0.3, seed=seed)
    assert nx.utils.graphs_equal(network.replicate_graph(one, 12, 5, 2, 70), expected)


def test_seeds_of_graphs_are_the_same_one_by_one() -> None:
    for seed in (0, 1, 2**63 - 1):
        assert streams.graph_seeds(seed, 3, 64) == [
            streams.graph_seed(seed, 3, g) for g in range(64)
        ]


@pytest.mark.parametrize("kind", [*KINDS, TEAM])
@pytest.mark.parametrize("selection", ["readiest", "all"])
def test_both_engines_find_the_same_graph(kind: Any, selection: str) -> None:
    given = isinstance(kind, dict)
    regions: dict[str, Any] = {"selection": selection}
    if selection == "all":
        regions["count"] = 4
    if not given:  # a region with another team, and one with another network
        regions["overrides"] = {"region_1": {"staff": 5}, "region_2": {"network": "ring"}}
    asked = scenario(kind, 4 if given else 7, **regions)
    made = tables.tabulate(asked, seed=3)
    for index, one in enumerate(asked.networks):
        staff = asked.staff_counts[index]
        for candidate in range(4) if selection == "readiest" else (index,):
            for replicate in (0, 1, 63, 64, 1000):
                rows = network.neighbours(one, staff, 3, candidate, replicate)
                expected = [rows.of(post) for post in range(staff)]
                assert row_in_tables(made, index, candidate, replicate) == expected


def test_a_large_team_has_one_graph_but_each_candidate_its_own() -> None:
    asked = scenario("random", 5001, candidates=2, count=1)
    made = tables.tabulate(asked, seed=3)
    graphs = [row_in_tables(made, 0, candidate, 0) for candidate in (0, 1)]
    assert graphs[0] != graphs[1]
    for candidate, graph in enumerate(graphs):
        rows = network.neighbours(asked.networks[0], 5001, 3, candidate, 0)
        assert graph == [rows.of(post) for post in range(5001)]


def test_regions_with_such_teams_share_their_graphs() -> None:
    made = tables.tabulate(scenario("small_world", candidates=5, count=3), seed=1)
    assert len(set(made.regions["first_graph"])) == 1
    assert len(made.graph_rows) == 5 * 64


def test_another_dosage_makes_no_graph(nothing_kept: None, monkeypatch: pytest.MonkeyPatch) -> None:
    base = scenario("small_world")
    first = tables.tabulate(base, seed=1)

    def refuse(*_: Any) -> None:
        raise AssertionError("a graph is made again")

    monkeypatch.setattr(network, "team_graph", refuse)
    dosed = base.replace(dosage=[{"mode": "phone", "every_weeks": 2, "hours": 1}])
    again = tables.tabulate(dosed, seed=1)
    for name in ("graph_rows", "graph_others", "row_starts", "others"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    with pytest.raises(AssertionError, match="made again"):
        tables.tabulate(base, seed=2)


def test_what_is_kept_is_bounded(nothing_kept: None) -> None:
    one = scenario("small_world", 200).networks[0]
    for candidate in range(12):  # 0.7 MB each
        network.bank(one, 200, 1, [candidate])
    assert 1 <= len(network._kept._held) <= 2
    assert network._kept._bytes == sum(bank.bytes for bank in network._kept._held.values())


def test_threads_prepare_a_scenario_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, calls = scenario("ring"), []
    real, gate = tables.tabulate, threading.Event()

    def slow(*words: Any) -> tables.Tables:
        calls.append(words)
        gate.wait(10)
        return real(*words)

    monkeypatch.setattr(tables, "tabulate", slow)
    found: list[compiled.Prepared] = []
    threads = [
        threading.Thread(target=lambda: found.append(compiled.prepare(asked, 1, 0.5)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(10)
    assert len(calls) == 1
    assert len(found) == 4
    assert all(one is found[0] for one in found)


def test_a_scenario_that_cannot_be_prepared_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real = scenario("ring"), tables.tabulate

    def fails(*_: Any) -> tables.Tables:
        raise MemoryError("no more")

    monkeypatch.setattr(tables, "tabulate", fails)
    with pytest.raises(MemoryError):
        compiled.prepare(asked, 1, 0.5)
    monkeypatch.setattr(tables, "tabulate", real)
    assert compiled.prepare(asked, 1, 0.5).tables.people == 14
