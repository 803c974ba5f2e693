"""Team networks: who talks to whom in a region, as compressed rows of neighbours.

networkx makes the graphs and reads files; nothing here is used inside a run. Because people are
drawn independently of their place, a few graphs a region are enough: replicate r takes graph
r mod :func:`bank_size`. The complete network is not stored: everybody is everybody's neighbour.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import streams

if TYPE_CHECKING:
    import networkx as nx

    from sim.scenario import Network

_RANDOM_KINDS = ("small_world", "random")


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """A team network over posts 0..staff-1.

    ``starts`` (staff + 1) and ``others`` hold the neighbours of post i, ascending, in
    ``others[starts[i]:starts[i + 1]]`` (int64). With ``complete`` both are empty.
    """

    staff: int
    complete: bool
    starts: np.ndarray
    others: np.ndarray

    def of(self, post: int) -> list[int]:
        """The neighbours of a post, ascending."""
        if self.complete:
            return [j for j in range(self.staff) if j != post]
        return self.others[self.starts[post] : self.starts[post + 1]].tolist()

    def pick(self, post: int, u: float) -> int:
        """One neighbour by a uniform number, or -1 for somebody without neighbours."""
        if self.complete:
            if self.staff < 2:
                return -1
            place = int(u * (self.staff - 1))
            return place + 1 if place >= post else place
        first = int(self.starts[post])
        degree = int(self.starts[post + 1]) - first
        return int(self.others[first + int(u * degree)]) if degree else -1


def bank_size(network: Network, staff: int) -> int:
    """How many graphs a region has: 64 for small teams, fewer for large ones, 1 if not random."""
    if network.kind not in _RANDOM_KINDS:
        return 1
    if staff <= 200:
        return 64
    return 16 if staff <= 1000 else (4 if staff <= 5000 else 1)


def team_graph(network: Network, staff: int, seed: int) -> nx.Graph:
    """The networkx graph of a team, nodes 0..staff-1.

    ``neighbours`` above what a small team allows is cut to staff - 1; a small world takes the even
    number at or below it, as networkx does.
    """
    import networkx as nx

    graph: Any
    near = min(network.neighbours, staff - 1)
    if network.kind == "complete":
        graph = nx.complete_graph(staff)
    elif network.kind == "none" or staff == 1:
        graph = nx.empty_graph(staff)
    elif network.kind == "ring":
        graph = nx.cycle_graph(staff) if staff > 2 else nx.path_graph(staff)
    elif network.kind == "hub":
        graph = nx.star_graph(staff - 1)
    elif network.kind == "small_world":
        graph = nx.watts_strogatz_graph(staff, near, network.rewiring, seed=seed)
    elif network.kind == "random":
        links = min(int(staff * near / 2 + 0.5), staff * (staff - 1) // 2)
        graph = nx.gnm_random_graph(staff, links, seed=seed)
    else:
        place = {name: i for i, name in enumerate(network.names)}
        graph = nx.empty_graph(staff)
        graph.add_edges_from((place[a], place[b]) for a, b in network.edges)
    return graph


def _rows(graph: nx.Graph, staff: int) -> tuple[np.ndarray, np.ndarray]:
    """A graph over posts as compressed rows: where each begins, and the neighbours, ascending."""
    rows = [sorted(near) for near in map(graph.adj.__getitem__, range(staff))]
    starts = np.zeros(staff + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=starts[1:])
    return starts, np.array([other for row in rows for other in row], dtype=np.int64)


@lru_cache(maxsize=256)
def _neighbours(network: Any, staff: int, seed: int) -> Neighbours:
    none = np.zeros(0, dtype=np.int64)
    if network.kind == "complete":
        return Neighbours(staff, True, none, none)
    return Neighbours(staff, False, *_rows(team_graph(network, staff, seed), staff))


def _graph_seed(network: Network, staff: int, seed: int, candidate: int, replicate: int) -> int:
    if network.kind not in _RANDOM_KINDS:
        return 0
    return streams.graph_seed(seed, candidate, replicate % bank_size(network, staff))


def neighbours(network: Any, staff: int, seed: int, candidate: int, replicate: int) -> Neighbours:
    """The network of a candidate region in a replicate, as compressed rows."""
    return _neighbours(network, staff, _graph_seed(network, staff, seed, candidate, replicate))


def replicate_graph(
    network: Network, staff: int, seed: int, candidate: int, replicate: int
) -> nx.Graph:
    """The same network as a networkx graph, for measures and drawing."""
    return team_graph(network, staff, _graph_seed(network, staff, seed, candidate, replicate))


# --- all graphs of some candidates, for the compiled engine ---------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """Some graphs, one after another, as compressed rows (int64 all).

    Graph g has its ``staff + 1`` row starts in ``starts`` from ``graph_rows[g]`` on, and the ties
    that they count in ``others`` from ``graph_others[g]`` on.
    """

    graph_rows: np.ndarray
    graph_others: np.ndarray
    starts: np.ndarray
    others: np.ndarray

    @property
    def bytes(self) -> int:
        """Memory of its arrays."""
        arrays = (self.graph_rows, self.graph_others, self.starts, self.others)
        return sum(array.nbytes for array in arrays)


def bank(network: Network, staff: int, seed: int, candidates: Sequence[int]) -> Bank:
    """The graphs of some candidate regions: :func:`bank_size` of each, candidate after candidate.

    Graph r of a candidate is the one of :func:`neighbours` in replicate r; a network without luck
    is the same for all, and stored once. Graphs depend neither on dosage nor on parameters, and
    making them takes most of the time of preparing a scenario: so those of each candidate are kept
    for the next scenario with such teams.
    """
    if network.kind in _RANDOM_KINDS:
        return joined([_kept.get(network, staff, seed, one) for one in candidates])
    one = _kept.get(network, staff, 0, 0)
    rows = np.zeros(len(candidates), dtype=np.int64)
    return Bank(rows, rows, one.starts, one.others)


def joined(parts: list[Bank]) -> Bank:
    """Several banks as one."""
    if len(parts) == 1:
        return parts[0]
    rows = np.cumsum([0, *(len(part.starts) for part in parts)])
    ties = np.cumsum([0, *(len(part.others) for part in parts)])
    return Bank(
        np.concatenate([p.graph_rows + row for p, row in zip(parts, rows, strict=False)]),
        np.concatenate([p.graph_others + tie for p, tie in zip(parts, ties, strict=False)]),
        np.concatenate([part.starts for part in parts]),
        np.concatenate([part.others for part in parts]),
    )


def _made_bank(network: Network, staff: int, seed: int, candidate: int) -> Bank:
    size = bank_size(network, staff)
    seeds = [0]
    if network.kind in _RANDOM_KINDS:
        seeds = streams.graph_seeds(seed, candidate, size)
    graphs = [_rows(team_graph(network, staff, one), staff) for one in seeds]
    ties = [len(others) for _, others in graphs]
    return Bank(
        np.arange(size, dtype=np.int64) * (staff + 1),
        np.cumsum([0, *ties[:-1]], dtype=np.int64),
        np.concatenate([starts for starts, _ in graphs]),
        # Somebody without ties reads the place after their row, to no effect: it must be there.
        np.concatenate([*(others for _, others in graphs), np.zeros(1, dtype=np.int64)]),
    )


class _Kept:
    """The banks that were asked for last, up to so many bytes; for threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held: OrderedDict[tuple[Network, int, int, int], Bank] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, network: Network, staff: int, seed: int, candidate: int) -> Bank:
        key = (network, staff, seed, candidate)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = _made_bank(network, staff, seed, candidate)
        with self._lock:
            if key not in self._held:
                self._held[key] = made
                self._bytes += made.bytes
            while self._bytes > self._most and len(self._held) > 1:
                self._bytes -= self._held.popitem(last=False)[1].bytes
        return made


_kept = _Kept(64 << 20)
