"""Team networks: what networkx would draw, by chance; the same graph for both engines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from sim.core import streams, ties
from sim.engine import compiled, prepare, tables
from sim.model import network
from sim.scenario.scenario import Scenario

pytestmark = pytest.mark.smoke

KINDS = ("ring", "small_world", "hub", "random", "none")
TEAM = {"kind": "file", "names": list("abcd"), "edges": [["a", "b"], ["a", "d"], ["b", "d"]]}
GRAPHS = 64


def scenario(kind: Any, staff: int = 7, **regions: Any) -> Scenario:
    plan = {"candidates": 4, "count": 2, "staff": staff, "network": kind, **regions}
    return Scenario.from_dict({"name": "t", "horizon_weeks": 20, "regions": plan})


def team(kind: str, staff: int, neighbours: int = 4, rewiring: float = 0.1) -> Any:
    fields = {"kind": kind, "neighbours": neighbours, "rewiring": rewiring}
    return scenario(fields, staff).networks[0]


def drawn(asked: Any, staff: int, graph: int = 0, candidate: int = 2, seed: int = 5) -> nx.Graph:
    return network.neighbours(asked, staff, seed, candidate, graph).graph()


# --- what each kind is ----------------------------------------------------------------------------


@pytest.mark.parametrize("staff", [1, 2, 3, 4, 5, 12, 25])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("none", nx.empty_graph),
        ("ring", lambda n: nx.cycle_graph(n) if n > 2 else nx.path_graph(n)),
        ("hub", lambda n: nx.star_graph(n - 1)),
        ("complete", nx.complete_graph),
    ],
)
def test_a_network_without_chance(kind: str, expected: Callable[..., Any], staff: int) -> None:
    assert nx.utils.graphs_equal(drawn(team(kind, staff), staff), expected(staff))


@pytest.mark.parametrize("staff", [1, 2, 3, 4, 5, 6, 12, 31])
@pytest.mark.parametrize("neighbours", [1, 2, 3, 4, 7, 40])
@pytest.mark.parametrize("rewiring", [0.0, 0.1, 1.0])
def test_ties_of_a_small_world(staff: int, neighbours: int, rewiring: float) -> None:
    """The even number at or below min(neighbours, staff - 1) on average, nobody tied to themselves;
    and everybody keeps the half of the ties that are theirs to lead elsewhere."""
    near = min(neighbours, staff - 1) // 2 * 2
    asked = team("small_world", staff, neighbours, rewiring)
    for number in range(8):
        graph = drawn(asked, staff, number)
        assert graph.number_of_edges() == staff * near // 2
        assert nx.number_of_selfloops(graph) == 0
        assert min(dict(graph.degree).values()) >= near // 2
        if rewiring == 0.0:
            lattice = nx.watts_strogatz_graph(staff, near, 0.0) if near else nx.empty_graph(staff)
            assert nx.utils.graphs_equal(graph, lattice)


@pytest.mark.parametrize(("staff", "expected"), [(1, 0), (2, 0), (3, 3), (4, 4), (5, 10)])
def test_a_tiny_small_world(staff: int, expected: int) -> None:
    assert drawn(team("small_world", staff, 4), staff).number_of_edges() == expected


@pytest.mark.parametrize(
    ("staff", "neighbours", "expected"),
    [
        (1, 4, 0),
        (2, 4, 1),
        (3, 4, 3),
        (5, 3, 8),
        (7, 3, 11),
        (12, 4, 24),
        (6, 40, 15),
        (30, 28, 420),
    ],
)
def test_ties_of_a_random_team(staff: int, neighbours: int, expected: int) -> None:
    """round(staff x neighbours / 2) different pairs, at most all of them."""
    for number in range(8):
        graph = drawn(team("random", staff, neighbours), staff, number)
        assert graph.number_of_edges() == expected
        assert nx.number_of_selfloops(graph) == 0


@pytest.mark.parametrize("kind", [*KINDS, TEAM])
def test_rows_are_ascending_and_symmetric(kind: Any) -> None:
    staff = 4 if isinstance(kind, dict) else 13
    rows = network.neighbours(scenario(kind, staff).networks[0], staff, 5, 2, 70)
    found = [rows.of(post) for post in range(staff)]
    assert rows.starts[0] == 0
    assert rows.starts[-1] == len(rows.others)
    for post, others in enumerate(found):
        assert others == sorted(set(others))
        assert all(post in found[other] for other in others)


def test_a_network_from_a_file_has_its_ties() -> None:
    rows = network.neighbours(scenario(TEAM, 4).networks[0], 4, 5, 2, 0)
    assert [rows.of(post) for post in range(4)] == [[1, 3], [0, 3], [], [0, 1]]


# --- in distribution as networkx ------------------------------------------------------------------


def measures(graph: nx.Graph) -> dict[str, float]:
    """What a team's network is like."""
    largest = graph.subgraph(max(nx.connected_components(graph), key=len))
    degrees = [degree for _, degree in graph.degree]
    return {
        "clustering": nx.average_clustering(graph),
        "path length": nx.average_shortest_path_length(largest),
        "largest component": len(largest),
        "variance of degrees": float(np.var(degrees)),
        "largest degree": max(degrees),
        "assortativity": sum(graph.degree[a] * graph.degree[b] for a, b in graph.edges),
    }


def references(asked: Any, staff: int, number: int) -> nx.Graph:
    if asked.kind == "small_world":
        return nx.watts_strogatz_graph(staff, asked.neighbours, asked.rewiring, seed=number)
    return nx.gnm_random_graph(staff, staff * asked.neighbours // 2, seed=number)


@pytest.mark.parametrize(
    ("kind", "staff", "neighbours", "rewiring"),
    [
        ("small_world", 12, 4, 0.1),
        pytest.param("small_world", 24, 6, 0.5, marks=pytest.mark.slow),
        pytest.param("small_world", 9, 6, 1.0, marks=pytest.mark.slow),
        ("random", 12, 4, 0.0),
        pytest.param("random", 24, 3, 0.0, marks=pytest.mark.slow),
        pytest.param("random", 8, 6, 0.0, marks=pytest.mark.slow),
    ],
)
def test_drawn_as_networkx_draws(kind: str, staff: int, neighbours: int, rewiring: float) -> None:
    """Degrees, clustering, path length, components: the same distributions (fixed seeds)."""
    asked = team(kind, staff, neighbours, rewiring)
    ours = [
        drawn(asked, staff, number % GRAPHS, candidate=number // GRAPHS) for number in range(320)
    ]
    theirs = [references(asked, staff, number) for number in range(320)]
    found, expected = ([measures(graph) for graph in graphs] for graphs in (ours, theirs))
    for name in found[0]:
        one, other = ([m[name] for m in some] for some in (found, expected))
        assert stats.ks_2samp(one, other).pvalue > 1e-3, f"{name}: {np.mean(one)}, {np.mean(other)}"
    counts = [
        np.bincount([degree for graph in graphs for _, degree in graph.degree], minlength=staff)
        for graphs in (ours, theirs)
    ]
    # Degrees in one graph hang together: so a distance, twice the total variation, and no p-value.
    assert np.abs(counts[0] - counts[1]).sum() / counts[0].sum() < 0.08


@pytest.mark.parametrize("kind", ["small_world", "random"])
def test_a_large_network_is_what_theory_says(kind: str) -> None:
    """5,001 staff: clustering of a small world is nearly that of its ring times (1 - p)^3 (Barrat
    and Weigt 2000), degrees of a random team are nearly Poisson, and ties lead everywhere."""
    staff, near = 5001, 6
    graph = drawn(team(kind, staff, near, 0.2), staff)
    degrees = np.array([degree for _, degree in graph.degree])
    assert degrees.mean() == near
    if kind == "small_world":
        ring = 3 * (near - 2) / (4 * (near - 1))
        assert nx.transitivity(graph) == pytest.approx(ring * 0.8**3, rel=0.05)
        assert degrees.var() == pytest.approx(near * 0.2, rel=0.1)
        assert nx.is_connected(graph)
    else:
        assert nx.transitivity(graph) < 0.005
        assert degrees.var() == pytest.approx(near, rel=0.1)
    others = np.array([other for tie in graph.edges for other in tie])
    assert stats.kstest(others / staff, "uniform").pvalue > 1e-3


# --- a pure function of seed, candidate and graph -------------------------------------------------


@pytest.mark.parametrize("kind", ["small_world", "random"])
def test_every_graph_is_its_own(kind: str) -> None:
    asked = team(kind, 12, rewiring=0.5)
    seen = {
        tuple(drawn(asked, 12, graph, candidate, seed).edges)
        for seed in (1, 2, 2**40)
        for candidate in range(4)
        for graph in range(GRAPHS)
    }
    assert len(seen) > 0.95 * 3 * 4 * GRAPHS


@pytest.mark.parametrize(
    ("staff", "graphs"), [(200, 64), (201, 16), (1000, 16), (1001, 4), (5000, 4), (5001, 1)]
)
def test_replicates_take_graphs_in_turn(staff: int, graphs: int) -> None:
    for kind in range(len(ties.KINDS)):
        drawn_by_chance = kind in (ties.SMALL_WORLD, ties.RANDOM)
        assert ties.graph_count(kind, staff) == (graphs if drawn_by_chance else 1)
    if staff <= 201:
        asked = team("small_world", staff)
        first, later = (network.neighbours(asked, staff, 1, 0, r) for r in (3, 3 + graphs))
        assert first is later


def test_networks_use_no_other_draw() -> None:
    """Their purposes are their own: no draw of the model moves when a network does."""
    numbers = [streams.REWIRING, streams.RANDOM_TIE]
    others = [number for number in streams.LAYOUT if number not in numbers]
    assert len(set(numbers)) == 2
    assert not set(numbers) & set(others)
    base = scenario("ring", 12).to_dict()
    base["dosage"] = []
    base["parameters"] = {"peer_meeting": 0.0}
    records = []
    for kind in ("complete", "ring", "small_world", "random"):
        base["regions"]["network"] = kind
        asked = Scenario.from_dict(base)
        records.append(compiled.simulate(asked, asked.parameter_set(), 1, 5))
    for record in records[1:]:
        np.testing.assert_array_equal(record, records[0])


# --- both engines ---------------------------------------------------------------------------------


def row_of(work: compiled.Workspace, made: tables.Tables, region: int) -> list[list[int]]:
    """Neighbours of every post, read from the work space as the kernel reads them."""
    one = made.regions[region]
    staff = int(one["staff"])
    graphs = work.block.arrays["graphs"]
    starts = graphs[one["place"] + 1 :]
    others = graphs[one["place"] + 2 + staff :]
    return [others[starts[i] : starts[i + 1]].tolist() for i in range(staff)]


def run_weekless(asked: Scenario, seed: int, replicates: list[int], work: Any, made: Any) -> None:
    prepared = compiled.Prepared(made, seed)
    compiled.run_chunk(
        prepared,
        tables.parameter_rows([asked.parameter_set()]),
        np.zeros(len(replicates), dtype=np.int64),
        np.array(replicates, dtype=np.int64),
        workspace=work,
    )


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
    made = prepare.tabulate(asked)
    work = compiled.Workspace(compiled.Prepared(made, 3))
    for replicate in (0, 1, 63, 64, 1000):
        run_weekless(asked, 3, [replicate], work, made)
        for index, one in enumerate(asked.networks):
            candidate = int(work.block.arrays["sites"][index, -1])
            rows = network.neighbours(one, asked.staff_counts[index], 3, candidate, replicate)
            expected = [rows.of(post) for post in range(asked.staff_counts[index])]
            assert row_of(work, made, index) == expected


@pytest.mark.parametrize("kind", ["small_world", "random"])
@pytest.mark.parametrize("staff", [12, 24, 5001])
def test_a_network_is_the_same_compiled(kind: str, staff: int) -> None:
    asked = scenario({"kind": kind, "neighbours": 5, "rewiring": 0.3}, staff, count=1)
    made = prepare.tabulate(asked)
    work = compiled.Workspace(compiled.Prepared(made, 2**40 + 3))
    run_weekless(asked, 2**40 + 3, [70], work, made)
    candidate = int(work.block.arrays["sites"][0, -1])
    rows = network.neighbours(asked.networks[0], staff, 2**40 + 3, candidate, 70)
    assert row_of(work, made, 0) == [rows.of(post) for post in range(staff)]


def test_a_graph_that_is_there_is_not_made_again_and_another_is() -> None:
    """A work space remembers the graph of each region, whatever ran before."""
    asked = scenario("small_world", 9, count=3)
    made = prepare.tabulate(asked)
    used = compiled.Workspace(compiled.Prepared(made, 1))
    for replicates in ([0, 1, 0, 64], [64], [2, 66, 2]):
        run_weekless(asked, 1, replicates, used, made)
        new = compiled.Workspace(compiled.Prepared(made, 1))
        run_weekless(asked, 1, replicates[-1:], new, made)
        for region in range(3):
            assert row_of(used, made, region) == row_of(new, made, region)


def test_arrays_know_no_network_that_is_drawn() -> None:
    """Preparing does nothing for each person: networks are made when a run begins."""
    small, large = (prepare.tabulate(scenario("small_world", staff)) for staff in (12, 25_000))
    sizes = [
        sum(getattr(one, name).nbytes for name in tables.Tables.__slots__
            if isinstance(getattr(one, name), np.ndarray))
        for one in (small, large)
    ]  # fmt: skip
    assert sizes[0] == sizes[1]


# --- preparing in threads -------------------------------------------------------------------------


def test_threads_prepare_a_scenario_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, calls = scenario("ring"), []
    real, gate = prepare.tabulate, threading.Event()

    def slow(*words: Any) -> tables.Tables:
        calls.append(words)
        gate.wait(10)
        return real(*words)

    monkeypatch.setattr(prepare, "tabulate", slow)
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
    asked, real = scenario("ring"), prepare.tabulate

    def fails(*_: Any) -> tables.Tables:
        raise MemoryError("no more")

    monkeypatch.setattr(prepare, "tabulate", fails)
    with pytest.raises(MemoryError):
        compiled.prepare(asked, 1, 0.5)
    monkeypatch.setattr(prepare, "tabulate", real)
    assert compiled.prepare(asked, 1, 0.5).tables.people == 14
