"""Team networks drawn from the streams: ring, hub, small world and random, as compressed rows.

:func:`make_network` is the entry: from a kind of network and a few numbers it makes the neighbours
of every post. Graph ``graph`` of candidate region ``candidate`` is a pure function of (seed,
candidate, graph): it knows neither replicate nor parameters, nor who asks first.

Plain code over whole numbers and arrays that come in, like :mod:`sim.core.rules`: nothing is
allocated and nothing is raised, so that the same lines serve the Mesa agents, the compiled engine
and the browser. :func:`sim.model.network.neighbours` is the readable way in.

A network of ``ties`` ties takes 2 x ``ties`` array elements for its neighbours: each tie counts for
both of its people. All arrays are int64.
"""

from __future__ import annotations

from typing import Any

from sim.core import streams
from sim.core.streams import MASK, POST_BITS, RANDOM_TIE, REWIRING, SERIES_STEP, uniform

KINDS = ("complete", "none", "ring", "hub", "small_world", "random", "file")
COMPLETE, NONE, RING, HUB, SMALL_WORLD, RANDOM, FILE = range(len(KINDS))


# ---------------------------------------------------------------------------------------- sizes
def tie_count(kind: int, staff: int, neighbours: int) -> int:
    """How many ties a network has; 0 for ``complete`` (not stored) and ``file`` (its file says).

    ``neighbours`` above what a small team allows is cut to ``staff`` - 1; a small world takes the
    even number at or below it, so that a team of two has no ties.

    >>> tie_count(SMALL_WORLD, 12, 4), tie_count(SMALL_WORLD, 2, 4), tie_count(RANDOM, 5, 3)
    (24, 0, 8)
    """
    near = min(neighbours, staff - 1)
    if kind == RING:
        return staff if staff > 2 else staff - 1
    if kind == HUB:
        return staff - 1
    if kind == SMALL_WORLD:
        return staff * (near // 2)
    if kind == RANDOM:
        return min((staff * near + 1) // 2, staff * (staff - 1) // 2)
    return 0


def is_drawn(kind: int) -> bool:
    """Whether a kind of network depends on chance.

    >>> is_drawn(SMALL_WORLD), is_drawn(RING)
    (True, False)
    """
    return kind in (SMALL_WORLD, RANDOM)


def graph_count(kind: int, staff: int) -> int:
    """How many graphs a region has: 64 for small teams, fewer for large ones, 1 if not drawn.

    >>> graph_count(RANDOM, 12), graph_count(RANDOM, 3000), graph_count(RING, 12)
    (64, 4, 1)
    """
    if not is_drawn(kind):
        return 1
    if staff <= 200:
        return 64
    return 16 if staff <= 1000 else (4 if staff <= 5000 else 1)


def table_size(ties: int) -> int:
    """Elements of the hash table of ties: the power of 2 of which at least half stays free.

    >>> table_size(12)
    32
    """
    size = 1
    while size < 2 * ties:
        size = 2 * size
    return size


def scratch_size(staff: int, ties: int) -> int:
    """Elements of the work space of :func:`make_network`."""
    return 4 * ties + staff + 1 + table_size(ties)


# ------------------------------------------------------------------------------------- the draws
def is_new(table: Any, staff: int, one: int, other: int) -> bool:
    """Put the tie of two people into a table of ties; False where the table has it already.

    The table is a hash table with open addressing: it holds one number a tie, and -1 where it is
    free.
    """
    last = table.size - 1
    tie = min(one, other) * staff + max(one, other)
    place = (tie * 2592021 >> 10) & last
    while table[place] >= 0:
        if table[place] == tie:
            return False
        place = (place + 1) & last
    table[place] = tie
    return True


def on_ring(ends: Any, staff: int, one: int, other: int) -> bool:
    """Whether two people have a tie of the ring that a small world began with."""
    half = ends.size // (2 * staff)
    ahead = other - one
    if ahead < 0:
        ahead += staff
    if ahead <= half:
        return ends[2 * (one * half + ahead) - 1] == other
    ahead = staff - ahead
    if ahead <= half:
        return ends[2 * (other * half + ahead) - 1] == one
    return False


def fill_first_words(words: Any, first: int, far: int, purpose: int, k0: int, k1: int) -> None:
    """Fill in the first word of the blocks of consecutive entities.

    The masks change nothing; they tell a compiler that 32-bit multiplication is enough.
    """
    c1, c2, key0, key1 = far & MASK, purpose & MASK, k0 & MASK, k1 & MASK
    for i in range(words.size):
        words[i] = streams.philox((first + i) & MASK, c1, c2, 0, key0, key1)[0]


def draw_small_world(
    ends: Any,
    degrees: Any,
    words: Any,
    table: Any,
    rewiring: float,
    candidate: int,
    graph: int,
    k0: int,
    k1: int,
) -> None:
    """Draw the ties of a small world (Watts and Strogatz 1998, doi 10.1038/30918).

    Everybody stands on a ring, tied to the nearest on both sides. Then each tie, those to the next
    person first, is rewired with probability ``rewiring``: to somebody at random to whom its first
    person has no tie. A person who is tied to all others keeps their ties.
    """
    staff = degrees.size
    half = ends.size // (2 * staff)
    for post in range(staff):
        degrees[post] = 2 * half
        for far in range(half):
            other = post + far + 1
            ends[2 * (post * half + far)] = post
            ends[2 * (post * half + far) + 1] = other if other < staff else other - staff
    first = candidate << POST_BITS
    purpose = REWIRING + SERIES_STEP * graph
    for far in range(half):
        fill_first_words(words, first, far, purpose, k0, k1)
        for post in range(staff):
            if uniform(words[post]) >= rewiring or degrees[post] >= staff - 1:
                continue
            trial, other = 0, post
            while (
                other == post
                or on_ring(ends, staff, post, other)
                or not is_new(table, staff, post, other)
            ):
                word = streams.philox(first + post, far, purpose, trial, k0, k1)[1]
                other = int(uniform(word) * staff)
                trial += 1
            tie = 2 * (post * half + far)
            degrees[ends[tie + 1]] -= 1
            degrees[other] += 1
            ends[tie + 1] = other


def draw_random(
    ends: Any, table: Any, staff: int, candidate: int, graph: int, k0: int, k1: int
) -> None:
    """Draw the ties of a random team: every set of so many pairs of people is equally likely.

    The model is G(n, m) of Erdős and Rényi 1959.
    """
    purpose = RANDOM_TIE + SERIES_STEP * graph
    for tie in range(ends.size // 2):
        trial = one = other = 0
        while one == other or not is_new(table, staff, one, other):
            words = streams.philox(candidate, tie, purpose, trial, k0, k1)
            one = int(uniform(words[0]) * staff)
            other = int(uniform(words[1]) * staff)
            trial += 1
        ends[2 * tie] = one
        ends[2 * tie + 1] = other


# ---------------------------------------------------------------------------------- the network
def into_rows(ends: Any, starts: Any, others: Any, rough: Any, begins: Any) -> None:
    """Turn ties, two ends each, into compressed rows of neighbours, ascending.

    Two counting sorts do this: the first puts under each person their neighbours as they come; the
    second takes person after person, the last first, and puts each under their neighbours, so that
    every row fills in order.

    Args:
        ends: (2 ties,) the two people of each tie.
        starts: (staff + 1,) out: where each row begins; at last, where the last one ends.
        others: (2 ties,) out: the rows.
        rough, begins: (2 ties,), (staff + 1,) work space.
    """
    staff = starts.size - 1
    for post in range(staff + 1):
        starts[post] = 0
    for place in range(ends.size):
        starts[ends[place]] += 1
    total = 0
    for post in range(staff + 1):
        total += starts[post]
        starts[post] = total
        begins[post] = total
    for place in range(ends.size):
        post = ends[place]
        begins[post] -= 1
        rough[begins[post]] = ends[place ^ 1]
    for other in range(staff - 1, -1, -1):
        for place in range(begins[other], begins[other + 1]):
            post = rough[place]
            starts[post] -= 1
            others[starts[post]] = other


def make_network(
    kind: int,
    rewiring: float,
    candidate: int,
    graph: int,
    k0: int,
    k1: int,
    given: Any,
    starts: Any,
    others: Any,
    scratch: Any,
) -> None:
    """Make one network of any kind but ``complete``, which is not stored.

    Args:
        kind: index into :data:`KINDS`.
        rewiring: share of the ties of a small world that are rewired, 0..1.
        candidate, graph: the candidate region, and which of its :func:`graph_count` graphs.
        k0, k1: the seed, low and high 32 bits.
        given: (2 ties,) the two people of each tie of a network from a file; else not read.
        starts: (staff + 1,) out: the neighbours of post i stand, ascending, in
            ``others[starts[i]:starts[i + 1]]``.
        others: (2 ties,) out; its size says how many ties are wanted: see :func:`tie_count`.
        scratch: (:func:`scratch_size`,) work space.
    """
    staff = starts.size - 1
    size = others.size
    ends = scratch[:size]
    rough = scratch[size : 2 * size]
    begins = scratch[2 * size : 2 * size + staff + 1]
    table = scratch[2 * size + staff + 1 : 2 * size + staff + 1 + table_size(size // 2)]
    if is_drawn(kind):
        for place in range(table.size):
            table[place] = -1
    if kind == SMALL_WORLD:
        draw_small_world(
            ends, begins[:staff], rough[:staff], table, rewiring, candidate, graph, k0, k1
        )
    elif kind == RANDOM:
        draw_random(ends, table, staff, candidate, graph, k0, k1)
    else:
        for tie in range(size // 2):
            if kind == FILE:
                ends[2 * tie] = given[2 * tie]
                ends[2 * tie + 1] = given[2 * tie + 1]
            else:
                ends[2 * tie] = tie if kind == RING else 0
                ends[2 * tie + 1] = (tie + 1) % staff
    into_rows(ends, starts, others, rough, begins)
