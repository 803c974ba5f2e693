"""Shards: part i of n of the chunks of a plan, for machines that share no disk."""

from __future__ import annotations

from sim.core.errors import InputError, Problem
from sim.core.whole import check_whole

Shard = tuple[int, int]
"""``(i, n)``: part i, from 1, of n parts of the work."""


def check_shard(shard: Shard) -> Shard:
    """The shard, after a check.

    Raises:
        InputError: the shard is not two whole numbers with 1 <= i <= n.
    """
    try:
        part, parts = shard
    except (TypeError, ValueError):
        raise InputError(_no_shard(shard)) from None
    parts = check_whole("shard", parts, 1, 2**20, "i/n with n from 1 to 1048576")
    part = check_whole("shard", part, 1, parts, f"i/n with i from 1 to n (here {parts})")
    return part, parts


def parse_shard(text: str) -> Shard:
    """The shard that a text on the command line means.

    >>> parse_shard("2/8")
    (2, 8)
    """
    first, slash, second = text.partition("/")
    if not (slash and first.strip().isdecimal() and second.strip().isdecimal()):
        raise InputError(_no_shard(text))
    return check_shard((int(first), int(second)))


def _no_shard(value: object) -> Problem:
    return Problem(
        f"{value!r} is not a shard", field="shard", value=value, allowed="i/n, such as 1/8 to 8/8"
    )


def of_shard(chunk: int, shard: Shard | None) -> bool:
    """Whether a chunk belongs to a shard: shard i of n has every n-th chunk, from the i-th on."""
    return shard is None or chunk % shard[1] == shard[0] - 1
