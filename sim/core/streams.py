"""Every random number of the model, as a pure function of what it is for.

The generator is Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3",
doi 10.1145/2063384.2063405): a keyed mixing of a counter. It has no state, so no draw depends on
how many draws others made: two scenarios with one seed share people, networks and chance, and the
number of staff, the order of work and the engine do not matter.

The layout of the counter is a public contract (changing it changes every result):

======  ==============================================================================
word    meaning
======  ==============================================================================
0       entity: staff = candidate * 2**20 + post; region = candidate; provider = number
1       week (0 for the start; for team networks: which tie)
2       purpose + 64 * series (the contact series, or graph number; else 0)
3       replicate (for team networks, which know no replicate: number of the trial)
key     seed, low and high 32 bits
======  ==============================================================================

Each block gives four 32-bit words; :data:`LAYOUT` says what each is used for. The parameter set
never enters the counter: common random numbers hold over parameter sets too.

Written with Python-style integers below 2**63 and masks, the same lines run on plain integers, on
NumPy int64 arrays and in compiled code.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MASK = 0xFFFFFFFF
_M0 = 0xD2511F53
_M1 = 0xCD9E8D57
_W0 = 0x9E3779B9
_W1 = 0xBB67AE85

POST_BITS = 20
POSTS = 1 << POST_BITS
"""Largest number of posts in a region."""
SERIES_STEP = 64
"""The second word of the purpose: a series is ``SERIES_STEP`` apart from the next one."""

# Purposes (word 2). Numbers are part of the contract.
PERSON_TRAITS = 1
PERSON_STARTS = 2
REGION_START = 3
PROVIDER_START = 4
STAFF_WEEK = 5
STAFF_CONTACT = 6
REGION_CONTACT = 7
COMMITMENT = 8
PROVIDER_WEEK = 9
POST_SEAT = 10
SHOCK_LEAVE = 11
CALENDAR = 12
REWIRING = 13
SELECTION = 14
# Instruments: what a study sees. They never touch the draws of the model.
SURVEY_RESPONSE = 15
SURVEY_ITEM = 16
RATER = 17
LISTENING = 18
# Team networks, with REWIRING.
RANDOM_TIE = 19

LAYOUT: dict[int, tuple[str, tuple[str, str, str, str]]] = {
    PERSON_TRAITS: ("person", ("motivation", "general capacity", "knowledge", "workload offset")),
    PERSON_STARTS: ("person", ("accountability", "trust", "-", "-")),
    REGION_START: ("region", ("region effect", "leadership", "demand", "selection error")),
    PROVIDER_START: ("provider", ("skill", "-", "-", "-")),
    STAFF_WEEK: ("staff, every week", ("meets a peer", "which peer", "leaves", "-")),
    STAFF_CONTACT: ("staff, a contact", ("attends", "commitments kept", "impression", "-")),
    REGION_CONTACT: (
        "region, a contact",
        ("provider fails", "region cancels", "number of new commitments", "provider keeps"),
    ),
    COMMITMENT: (
        "a new commitment (entity: region * 2**20 + number)",
        ("owner is the provider", "which person", "-", "-"),
    ),
    PROVIDER_WEEK: ("provider, every week", ("leaves", "successor's skill", "-", "-")),
    POST_SEAT: ("post", ("order of the core team", "-", "-", "-")),
    SHOCK_LEAVE: ("post, a shock (series: its number)", ("order of leaving", "-", "-", "-")),
    CALENDAR: (
        "region, a contact series",
        ("contact falls in this week", "gets round to review", "-", "-"),
    ),
    REWIRING: (
        "post (week: 0 for its tie to the next person on the ring, 1 to the one after ...; series: "
        "number of the graph; replicate: number of the trial)",
        ("is rewired", "to whom", "-", "-"),
    ),
    SELECTION: ("candidate region", ("order of random selection", "-", "-", "-")),
    SURVEY_RESPONSE: (
        "person, a wave",
        ("answers", "order of being asked", "-", "-"),
    ),
    SURVEY_ITEM: ("person, a wave (series: number of the item)", ("answer", "-", "-", "-")),
    RATER: ("rater (series: what is rated)", ("severity", "-", "-", "-")),
    LISTENING: (
        "person, a session (series: number of the theme)",
        ("order of being invited", "voices the theme", "-", "-"),
    ),
    RANDOM_TIE: (
        "region (week: number of the tie; series: number of the graph; replicate: number of the "
        "trial)",
        ("one person", "the other", "-", "-"),
    ),
}
"""What each purpose's entity is, and what its four words are for."""


def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, Any, Any, Any]:
    """One block of Philox4x32-10, the keyed mixing of a counter.

    Args:
        c0, c1, c2, c3: the words of the counter, each a whole number in [0, 2**32), or int64 arrays
            of one shape.
        k0, k1: the key: the low and the high 32 bits of the seed.

    Returns:
        Four words in [0, 2**32), of the type and shape of the counter.

    The source is Salmon et al. 2011; the example is the first of the known answers that its authors
    publish.

    >>> [f"{word:08x}" for word in philox(0, 0, 0, 0, 0, 0)]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        n0 = ((p1 >> 32) & MASK) ^ c1 ^ k0
        n2 = ((p0 >> 32) & MASK) ^ c3 ^ k1
        c1 = p1 & MASK
        c3 = p0 & MASK
        c0 = n0
        c2 = n2
        k0 = (k0 + _W0) & MASK
        k1 = (k1 + _W1) & MASK
    return c0, c1, c2, c3


def uniform(word: Any) -> Any:
    """A word as a uniform number in (0, 1): (word + 1/2) / 2**32, never 0 and never 1.

    >>> uniform(0) > 0.0, uniform(2**31 - 1) < 0.5 < uniform(2**31), uniform(2**32 - 1) < 1.0
    (True, True, True)
    """
    return (word + 0.5) * (1.0 / 4294967296.0)


def irwin_hall4(word: Any) -> Any:
    """A word as a number of mean 0 and SD 1, within +-3.46: the standardised sum of its bytes.

    The distribution is that of Irwin and Hall for four terms, which is close to the normal one and
    has no tails: no person of the model starts further from the mean than 3.46 SD.

    >>> irwin_hall4(0) == -irwin_hall4(2**32 - 1), round(irwin_hall4(0), 2)
    (True, -3.45)
    """
    total = (word & 255) + ((word >> 8) & 255) + ((word >> 16) & 255) + ((word >> 24) & 255)
    return (total - 510) / 147.8005


def draws(counters: Any, k0: int, k1: int, words: Any, uniforms: Any, irwin_halls: Any) -> None:
    """Write down some blocks for readers of single draws: the words, and each word as a number.

    Args:
        counters: (blocks, 4) int64: the counter of each.
        k0, k1: the seed, low and high 32 bits.
        words: (blocks, 4) float64 out: the four words of each block.
        uniforms, irwin_halls: (blocks, 4) float64 out: :func:`uniform` and :func:`irwin_hall4` of
            each word.
    """
    for i in range(counters.shape[0]):
        block = philox(counters[i, 0], counters[i, 1], counters[i, 2], counters[i, 3], k0, k1)
        for j in range(4):
            words[i, j] = block[j]
            uniforms[i, j] = uniform(block[j])
            irwin_halls[i, j] = irwin_hall4(block[j])


def staff_entity(candidate: int, post: int) -> int:
    """The counter's entity number of a post of a candidate region.

    >>> staff_entity(1, 3) == 2**20 + 3
    True
    """
    return (candidate << POST_BITS) + post


class Streams:
    """The random numbers of one replicate under one seed.

    Args:
        seed: 0 <= seed < 2**64.
        replicate: 0 <= replicate < 2**32.

    Raises:
        ValueError: the seed or the replicate is outside its range.

    >>> one, again = Streams(seed=1, replicate=5), Streams(seed=1, replicate=5)
    >>> one.uniform(STAFF_WEEK, entity=7, week=3) == again.uniform(STAFF_WEEK, entity=7, week=3)
    True
    """

    __slots__ = ("_k0", "_k1", "replicate", "seed")

    def __init__(self, seed: int, replicate: int = 0) -> None:
        if not 0 <= seed < 1 << 64:
            raise ValueError(f"seed must be in 0..2**64-1, not {seed}")
        if not 0 <= replicate < 1 << 32:
            raise ValueError(f"replicate must be in 0..2**32-1, not {replicate}")
        self.seed = seed
        self.replicate = replicate
        self._k0 = seed & MASK
        self._k1 = seed >> 32

    def words(
        self, purpose: int, entity: int, week: int = 0, series: int = 0
    ) -> tuple[int, int, int, int]:
        """The four words of one entity.

        Args:
            purpose: one of the purposes above, such as :data:`STAFF_WEEK`.
            entity: number of the person, region or provider; see :data:`LAYOUT`.
            week: 0 for the start.
            series: number of the contact series, graph, shock, item or theme; else 0.
        """
        return philox(
            entity, week, purpose + SERIES_STEP * series, self.replicate, self._k0, self._k1
        )

    def block(
        self, purpose: int, entities: np.ndarray, week: int = 0, series: int = 0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """:meth:`words` of many entities: four int64 arrays of the shape of ``entities``."""
        c0 = np.asarray(entities, dtype=np.int64)
        c1 = np.full_like(c0, week)
        c2 = np.full_like(c0, purpose + SERIES_STEP * series)
        c3 = np.full_like(c0, self.replicate)
        return philox(c0, c1, c2, c3, self._k0, self._k1)

    def uniform(
        self, purpose: int, entity: int, draw: int = 0, week: int = 0, series: int = 0
    ) -> float:
        """The uniform number in (0, 1) of one word; ``draw`` is the place of the word, 0..3."""
        return uniform(self.words(purpose, entity, week, series)[draw])

    def irwin_hall4(
        self, purpose: int, entity: int, draw: int = 0, week: int = 0, series: int = 0
    ) -> float:
        """:func:`irwin_hall4` of one word; ``draw`` is the place of the word, 0..3."""
        return irwin_hall4(self.words(purpose, entity, week, series)[draw])
