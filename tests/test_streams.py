"""The random numbers: known answers, uniformity, independence, and that no two uses share a draw.

Seeds are fixed, so each statistical check holds for good or never; thresholds lie where a sound
generator fails about one check in 10,000 (z of 4, or the chi-square equivalent).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core import streams
from sim.core.streams import Streams

pytestmark = pytest.mark.smoke

# --- known answers --------------------------------------------------------------------------------

# Random123's kat_vectors for philox4x32 with 10 rounds: counter, key, result.
KNOWN = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter: Any, key: Any, answer: Any) -> None:
    assert streams.philox(*counter, *key) == answer


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers_in_arrays(counter: Any, key: Any, answer: Any) -> None:
    found = streams.philox(*(np.full(3, word, dtype=np.int64) for word in counter), *key)
    assert [word.tolist() for word in found] == [[word] * 3 for word in answer]


def test_known_answers_when_compiled() -> None:
    numba = pytest.importorskip("numba")
    compiled = numba.njit(streams.philox)
    for counter, key, answer in KNOWN:
        assert compiled(*(np.int64(word) for word in (*counter, *key))) == answer


WORD = st.integers(0, 2**32 - 1)


@given(st.lists(st.tuples(WORD, WORD, WORD, WORD), min_size=1, max_size=20), WORD, WORD)
def test_arrays_equal_scalars(counters: list[Any], k0: int, k1: int) -> None:
    arrays = np.array(counters, dtype=np.int64).T
    found = np.stack(streams.philox(*arrays, k0, k1), axis=-1)
    assert found.tolist() == [list(streams.philox(*counter, k0, k1)) for counter in counters]


@given(
    st.integers(0, 2**64 - 1),
    WORD,
    st.lists(WORD, min_size=1, max_size=9),
    st.sampled_from(sorted(streams.LAYOUT)),
    st.integers(0, 1040),
    st.integers(0, 500),
)
def test_blocks_equal_words(
    seed: int, replicate: int, entities: list[int], purpose: int, week: int, series: int
) -> None:
    stream = Streams(seed, replicate)
    block = np.stack(stream.block(purpose, np.array(entities), week, series), axis=-1)
    for entity, row in zip(entities, block.tolist(), strict=True):
        words = stream.words(purpose, entity, week, series)
        assert list(words) == row
        for draw in range(4):
            chance = stream.uniform(purpose, entity, draw, week, series)
            assert chance == (words[draw] + 0.5) / 2.0**32
            assert stream.irwin_hall4(purpose, entity, draw, week, series) == streams.irwin_hall4(
                words[draw]
            )


@given(WORD)
def test_uniforms_lie_inside(word: int) -> None:
    assert 0.0 < streams.uniform(word) < 1.0


def test_ends_of_uniforms_and_bells() -> None:
    assert streams.uniform(0) == 2.0**-33
    assert streams.uniform(2**32 - 1) == 1.0 - 2.0**-33
    assert streams.irwin_hall4(0) == pytest.approx(-510 / 147.8005)
    assert streams.irwin_hall4(2**32 - 1) == pytest.approx(510 / 147.8005)


# --- distribution ---------------------------------------------------------------------------------

MANY = 1 << 16


def drawn(purpose: int = streams.STAFF_WEEK, **where: int) -> np.ndarray:
    """Words (entity, 4) of many entities."""
    stream = Streams(where.pop("seed", 7), where.pop("replicate", 0))
    return np.stack(stream.block(purpose, np.arange(MANY), **where), axis=-1)


@pytest.mark.parametrize("draw", range(4))
@pytest.mark.parametrize("shift", [0, 8, 16, 24])
def test_bytes_are_uniform(draw: int, shift: int) -> None:
    counts = np.bincount((drawn()[:, draw] >> shift) & 255, minlength=256)
    expected = MANY / 256
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    # 255 degrees of freedom: mean 255, SD sqrt(510); both tails, the lower one against counters
    # that are spread too evenly.
    assert abs(chi2 - 255) < 4 * math.sqrt(2 * 255)


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Correlation of the uniforms of two arrays of words, in standard errors."""
    a, b = streams.uniform(x) - 0.5, streams.uniform(y) - 0.5
    return float((a * b).mean() * 12 * math.sqrt(len(a)))


NEIGHBOURS: list[tuple[str, dict[str, int], dict[str, int]]] = [
    ("week", {"week": 5}, {"week": 6}),
    ("start and week 1", {"week": 0}, {"week": 1}),
    ("replicate", {"replicate": 0}, {"replicate": 1}),
    ("series", {"series": 0}, {"series": 1}),
    ("purpose", {"purpose": streams.STAFF_WEEK}, {"purpose": streams.STAFF_CONTACT}),
    ("seed", {"seed": 0}, {"seed": 1}),
    ("seed, high word", {"seed": 0}, {"seed": 2**32}),
    ("week and replicate swapped", {"week": 1}, {"replicate": 1}),
]


@pytest.mark.parametrize(("what", "one", "other"), NEIGHBOURS, ids=[n[0] for n in NEIGHBOURS])
def test_neighbouring_counters_are_uncorrelated(
    what: str, one: dict[str, int], other: dict[str, int]
) -> None:
    a, b = drawn(**one), drawn(**other)
    for i in range(4):
        for j in range(4):
            assert abs(correlation(a[:, i], b[:, j])) < 4.5, (what, i, j)  # 128 tests in all
    assert not (a == b).all(axis=1).any()


@pytest.mark.parametrize("lag", [1, 2, 3, 12, 1000])
def test_neighbouring_entities_are_uncorrelated(lag: int) -> None:
    words = drawn()
    for i in range(4):
        for j in range(4):
            assert abs(correlation(words[:-lag, i], words[lag:, j])) < 4.5, (i, j)


def test_same_post_of_neighbouring_regions_is_uncorrelated() -> None:
    stream = Streams(3)
    posts = np.arange(MANY)
    a = stream.block(streams.PERSON_TRAITS, posts)
    b = stream.block(streams.PERSON_TRAITS, posts + streams.POSTS)
    for i in range(4):
        assert abs(correlation(a[i], b[i])) < 4.5


def test_words_of_a_block_are_uncorrelated() -> None:
    words = drawn()
    for i in range(4):
        for j in range(i):
            assert abs(correlation(words[:, i], words[:, j])) < 4.5


def test_one_post_over_weeks_is_uncorrelated() -> None:
    stream = Streams(11)
    words = np.array([stream.words(streams.STAFF_WEEK, 5, week) for week in range(4000)])
    for i in range(4):
        assert abs(correlation(words[:-1, i], words[1:, i])) < 4.5


def test_bells_are_standardised() -> None:
    """The sum of four bytes: variance (256^2 - 1)/3, excess kurtosis -1.2/4 (256^2+1)/(256^2-1).

    SEs over n draws: mean 1/sqrt(n), variance sqrt((kurtosis - 1)/n), fourth moment from the eighth
    moment, below 100, so at most sqrt(100/n).
    """
    z = streams.irwin_hall4(drawn()).ravel()
    n = len(z)
    variance = (256**2 - 1) / 12 * 4 / 147.8005**2
    assert variance == pytest.approx(1.0, abs=1e-6)
    kurtosis = 3.0 - 1.2 / 4 * (256**2 + 1) / (256**2 - 1)
    assert abs(z.mean()) < 4 / math.sqrt(n)
    assert abs(z.var() - 1.0) < 4 * math.sqrt((kurtosis - 1) / n)
    assert abs((z**3).mean()) < 4 * math.sqrt(15 / n)  # the sixth moment of a normal is 15
    assert abs((z**4).mean() - kurtosis) < 4 * math.sqrt(100 / n)
    assert np.abs(z).max() <= 510 / 147.8005


# --- the layout -----------------------------------------------------------------------------------

# What the model asks for: purpose, entity, week, series (or graph).
ASKED = st.tuples(
    st.sampled_from(sorted(streams.LAYOUT)),
    st.integers(0, 4095 * streams.POSTS + streams.POSTS - 1),
    st.integers(0, 1040),
    st.integers(0, 10_000),
    WORD,
)


def counter(asked: Any) -> tuple[int, int, int, int]:
    """The four counter words of a request, seen through a key that leaves them readable."""
    purpose, entity, week, series, replicate = asked
    return entity, week, purpose + streams.SERIES_STEP * series, replicate


@given(ASKED, ASKED)
def test_no_two_uses_share_a_counter(one: Any, other: Any) -> None:
    assert (counter(one) == counter(other)) is (one == other)
    assert all(0 <= word < 2**32 for word in counter(one))
    # The model's own function uses exactly this counter.
    purpose, entity, week, series, replicate = one
    assert Streams(9, replicate).words(purpose, entity, week, series) == streams.philox(
        *counter(one), 9, 0
    )


@given(
    st.integers(0, 4094),
    st.integers(0, streams.POSTS - 1),
    st.integers(0, 4094),
    st.integers(0, streams.POSTS - 1),
)
def test_posts_have_their_own_numbers(c1: int, p1: int, c2: int, p2: int) -> None:
    one, other = streams.staff_entity(c1, p1), streams.staff_entity(c2, p2)
    assert (one == other) is ((c1, p1) == (c2, p2))
    assert 0 <= one < 2**32


def test_layout_tells_of_every_purpose() -> None:
    no_purpose = {"MASK", "POST_BITS", "POSTS", "SERIES_STEP", "LAYOUT"}
    purposes = {
        name: value
        for name, value in vars(streams).items()
        if name.isupper() and name[0] != "_" and name not in no_purpose
    }
    assert len(set(purposes.values())) == len(purposes), "two purposes have one number"
    assert set(purposes.values()) == set(streams.LAYOUT)
    assert all(0 < number < streams.SERIES_STEP for number in streams.LAYOUT)
    for what, words in streams.LAYOUT.values():
        assert what
        assert len(words) == 4
        assert words[0] != "-"


def test_layout_numbers_are_a_contract() -> None:
    """Changing one changes every result ever made."""
    assert {name: getattr(streams, name) for name in CONTRACT} == CONTRACT


CONTRACT = {
    "PERSON_TRAITS": 1,
    "PERSON_STARTS": 2,
    "REGION_START": 3,
    "PROVIDER_START": 4,
    "STAFF_WEEK": 5,
    "STAFF_CONTACT": 6,
    "REGION_CONTACT": 7,
    "COMMITMENT": 8,
    "PROVIDER_WEEK": 9,
    "POST_SEAT": 10,
    "SHOCK_LEAVE": 11,
    "CALENDAR": 12,
    "REWIRING": 13,
    "SELECTION": 14,
    "SURVEY_RESPONSE": 15,
    "SURVEY_ITEM": 16,
    "RATER": 17,
    "LISTENING": 18,
    "RANDOM_TIE": 19,
    "SERIES_STEP": 64,
    "POST_BITS": 20,
}


# --- seeds ----------------------------------------------------------------------------------------


def test_seeds_differ() -> None:
    first = {seed: Streams(seed).words(1, 0) for seed in (0, 1, 2**32, 2**63 - 1, 2**64 - 1)}
    assert len(set(first.values())) == len(first)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_impossible_seeds(seed: int) -> None:
    with pytest.raises(ValueError, match=r"seed must be in 0\.\."):
        Streams(seed)


@pytest.mark.parametrize("replicate", [-1, 2**32])
def test_impossible_replicates(replicate: int) -> None:
    with pytest.raises(ValueError, match=r"replicate must be in 0\.\."):
        Streams(0, replicate)
