"""Team networks: who talks to whom in a region, as compressed rows of neighbours.

networkx makes the graphs and reads files; nothing here is used inside a run. Because people are
drawn independently of their place, a few graphs a region are enough: replicate r takes graph
r mod :func:`bank_size`. The complete network is not stored: everybody is everybody's neighbour.
"""

from __future__ import annotations

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


@lru_cache(maxsize=4096)
def _neighbours(network: Any, staff: int, seed: int) -> Neighbours:
    none = np.zeros(0, dtype=np.int64)
    if network.kind == "complete":
        return Neighbours(staff, True, none, none)
    graph = team_graph(network, staff, seed)
    rows = [sorted(graph.neighbors(post)) for post in range(staff)]
    starts = np.zeros(staff + 1, dtype=np.int64)
    starts[1:] = np.cumsum([len(row) for row in rows])
    others = np.array([other for row in rows for other in row], dtype=np.int64)
    return Neighbours(staff, False, starts, others)


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
