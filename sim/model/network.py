"""Team networks: :class:`Neighbours` holds the ties in a team, :func:`neighbours` makes it.

:mod:`sim.core.ties` draws the ties, the same for the Mesa agents and for the compiled engine.
Because people are drawn independently of their position, a few graphs for each region are enough:
replicate r takes graph r mod :func:`sim.core.ties.graph_count`, and each graph is made at its first
use. The complete network, in which all people are neighbours, is not stored. networkx is used only
for measures and drawings (:meth:`Neighbours.graph`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core import ties
from sim.core.streams import MASK

if TYPE_CHECKING:
    import networkx as nx

    from sim.scenario.fields import Network


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
        """The neighbour that a uniform number selects, or -1 for a person without neighbours."""
        if self.complete:
            if self.staff < 2:
                return -1
            place = int(u * (self.staff - 1))
            return place + 1 if place >= post else place
        first = int(self.starts[post])
        degree = int(self.starts[post + 1]) - first
        return int(self.others[first + int(u * degree)]) if degree else -1

    def graph(self) -> nx.Graph:
        """The network as a networkx graph over posts."""
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from(range(self.staff))
        graph.add_edges_from(
            (post, other) for post in range(self.staff) for other in self.of(post) if post < other
        )
        return graph


def given_ties(network: Network) -> np.ndarray:
    """The ties of a network from a file, int64 (2 ties,): the posts of each tie's two people."""
    post = {name: i for i, name in enumerate(network.names)}
    return np.array([post[name] for tie in network.edges for name in tie], dtype=np.int64)


def tie_count(network: Network, staff: int) -> int:
    """The number of ties between ``staff`` people; 0 for ``complete``, which is not stored."""
    if network.kind == "file":
        return len(network.edges)
    return ties.tie_count(ties.KINDS.index(network.kind), staff, network.neighbours)


@lru_cache(maxsize=256)
def _neighbours(network: Any, staff: int, seed: int, candidate: int, graph: int) -> Neighbours:
    kind = ties.KINDS.index(network.kind)
    count = tie_count(network, staff)
    starts = np.zeros(staff + 1 if kind != ties.COMPLETE else 0, dtype=np.int64)
    others = np.zeros(2 * count, dtype=np.int64)
    if kind != ties.COMPLETE:
        scratch = np.zeros(ties.scratch_size(staff, count), dtype=np.int64)
        ties.make_network(
            kind, network.rewiring, candidate, graph, seed & MASK, seed >> 32,
            given_ties(network), starts, others, scratch,
        )  # fmt: skip
    return Neighbours(staff, kind == ties.COMPLETE, starts, others)


def neighbours(
    network: Network, staff: int, seed: int, candidate: int, replicate: int
) -> Neighbours:
    """The network of a candidate region in a replicate.

    Args:
        network: the kind of network, and its settings.
        staff: number of people.
        seed: the seed of all random numbers, 0..2**63 - 1.
        candidate: number of the candidate region (from 0).
        replicate: number of the replicate; it takes graph ``replicate`` mod the number of graphs.

    Returns:
        The neighbours in compressed rows; the object is shared between calls, so do not change it.
    """
    known: Any = network  # a frozen model is hashable
    kind = ties.KINDS.index(network.kind)
    if not ties.is_drawn(kind):
        return _neighbours(known, staff, 0, 0, 0)
    return _neighbours(known, staff, seed, candidate, replicate % ties.graph_count(kind, staff))
